//! Golden vectors of transactions: one case for each kind under each scheme, in `validator/vectors/transactions.json`.
//!
//! `PLASMID_WRITE_VECTORS=1` writes the file; without it the file must be what this code makes.

use std::path::Path;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::fixture::{Wallet, domain, transfer};
use super::transaction::tests::stakes;
use super::transaction::{Authentication, Body, Data, Header, StakeBody};
use super::*;

const TOKEN: [u8; 20] = [0x70; 20];

fn hex_of(bytes: &[u8]) -> Json {
    format!("0x{}", hex::encode(bytes)).into()
}

fn bodies() -> Vec<Body> {
    let data = || Data::new((0..=255).collect()).unwrap();
    vec![
        transfer(
            Account {
                kind: 1,
                id: [0x21; 20],
            },
            [0; 20],
            1,
        ),
        transfer(Account::ethereum([0x20; 20]), TOKEN, 1 << 96),
        Body::Withdraw {
            recipient: [0x22; 20],
            token: TOKEN,
            amount: 1_000_000,
        },
        Body::SetPayout { payout: [0x23; 20] },
        Body::Record {
            topic: [0x24; 32],
            data: data(),
        },
        Body::Record {
            topic: [0x25; 32],
            data: Data::default(),
        },
        Body::Message {
            target: Account::ethereum([0x26; 20]),
            token: TOKEN,
            amount: 7,
            data: data(),
        },
    ]
    .into_iter()
    .chain(stakes().into_iter().map(Body::Stake))
    .collect()
}

fn body_fields(body: &Body) -> Json {
    match body {
        Body::Transfer { to, token, amount } => {
            json!({"to": to.to_string(), "token": hex_of(token), "amount": amount.to_string()})
        }
        Body::Withdraw {
            recipient,
            token,
            amount,
        } => {
            json!({"recipient": hex_of(recipient), "token": hex_of(token), "amount": amount.to_string()})
        }
        Body::SetPayout { payout } => json!({"payout": hex_of(payout)}),
        Body::Record { topic, data } => {
            json!({"topic": hex_of(topic), "data": hex_of(data.as_slice())})
        }
        Body::Message {
            target,
            token,
            amount,
            data,
        } => json!({
            "target": target.to_string(),
            "token": hex_of(token),
            "amount": amount.to_string(),
            "data": hex_of(data.as_slice()),
        }),
        Body::Stake(body) => stake_fields(body),
    }
}

fn stake_fields(body: &StakeBody) -> Json {
    match body {
        StakeBody::Delegate {
            operator,
            amount,
            line,
            max_commission,
        } => {
            json!({"operator": hex_of(operator), "amount": amount.to_string(), "line": line.to_string(), "max_commission": max_commission})
        }
        StakeBody::Undelegate { position, amount } => {
            json!({"position": position.to_string(), "amount": amount.to_string()})
        }
        StakeBody::Redelegate {
            position,
            amount,
            to,
            line,
            max_commission,
        } => {
            json!({
                "position": position.to_string(), "amount": amount.to_string(), "to": hex_of(to), "line": line.to_string(),
                "max_commission": max_commission,
            })
        }
        StakeBody::ClaimStake { position, to } => {
            json!({"position": position.to_string(), "to": to.to_string()})
        }
        StakeBody::ClaimRewards { to, positions } => {
            let positions: Vec<String> = positions.iter().map(u64::to_string).collect();
            json!({"to": to.to_string(), "positions": positions})
        }
        StakeBody::ClaimCommission { line, to } => {
            json!({"line": line.to_string(), "to": to.to_string()})
        }
        StakeBody::CancelUnbonding { position }
        | StakeBody::Restake { position }
        | StakeBody::ApplyCut { position } => json!({"position": position.to_string()}),
        StakeBody::AllowRestake { position, allowed } => {
            json!({"position": position.to_string(), "allowed": allowed})
        }
        StakeBody::Merge { first, second } => {
            json!({"first": first.to_string(), "second": second.to_string()})
        }
        StakeBody::TakeSeat | StakeBody::Leave | StakeBody::Retire | StakeBody::Unjail => json!({}),
        StakeBody::Edit {
            commission,
            max_commission,
            commission_step,
            min_self_stake,
        } => json!({
            "commission": commission,
            "max_commission": max_commission,
            "commission_step": commission_step,
            "min_self_stake": min_self_stake.map(|amount| amount.to_string()),
        }),
        StakeBody::Describe(profile) => {
            let [name, website, contact, details] = profile.texts();
            json!({"name": name, "website": website, "contact": contact, "details": details})
        }
    }
}

fn case(transaction: &Transaction, secret: Option<[u8; 32]>) -> Json {
    let header = &transaction.header;
    let bytes = transaction.encode();
    let verdict = check(&bytes, &domain()).map_or_else(|reject| reject.code(), |_| Code::Ok);
    let mut case = json!({
        "kind": transaction.body.name(),
        "scheme": transaction.authentication.scheme().byte(),
        "sender": header.sender.to_string(),
        "lane": header.lane,
        "sequence": header.sequence,
        "fee": header.fee.to_string(),
        "valid_until": header.valid_until.to_string(),
        "memo": hex_of(&header.memo),
        "body": body_fields(&transaction.body),
        "digest": hex_of(transaction.digest(&domain()).as_slice()),
        "bytes": hex_of(&bytes),
        "sha256": hex_of(&Sha256::digest(&bytes)),
        "check": verdict.name(),
    });
    // What an application needs to make the same bytes.
    if let Some(secret) = secret {
        case["secret"] = hex_of(&secret);
    }
    case
}

fn vectors() -> Json {
    let mut cases = Vec::new();
    for (sequence, body) in (0..).zip(bodies()) {
        for number in 0..2 {
            let wallet = Wallet::new(number);
            let signed = wallet.sign(wallet.header(sequence), body.clone());
            cases.push(case(&signed, Some(Wallet::secret(number))));
        }
        let header = Header {
            sender: Account::ethereum([0x27; 20]),
            ..Wallet::new(1).forced_header(0)
        };
        let authentication = Authentication::RootSender;
        let sent = Transaction {
            header,
            body,
            authentication,
            fee_payer_authentication: None,
        };
        cases.push(case(&sent, None));
    }
    let domain = domain();
    json!({
        "about": "PROTOCOL section 4: every kind under every supported scheme; sha256 is the engine's hash, digest is EIP-712's",
        "domain": {
            "name": eip712::NAME,
            "version": eip712::VERSION,
            "root_chain_id": domain.root_chain_id,
            "root_chain": hex_of(&domain.root_chain),
            "deployment": hex_of(&domain.deployment),
            "separator": hex_of(domain.separator().as_slice()),
        },
        "codes": Code::ALL.map(|code| json!({"number": code.number(), "name": code.name()})),
        "cases": cases,
    })
}

/// Holds a file of `validator/vectors` against what this code makes, or writes it; `name` is without the file's ending.
pub(crate) fn keep(name: &str, vectors: &Json) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("vectors/{name}.json"));
    let made = format!("{vectors:#}\n");
    if std::env::var_os("PLASMID_WRITE_VECTORS").is_some() {
        let folder = path.parent().expect("a folder");
        std::fs::create_dir_all(folder).expect("the folder is made");
        std::fs::write(&path, &made).expect("the vectors are written");
    }
    let held = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        held == made,
        "{name}: write the vectors anew with PLASMID_WRITE_VECTORS=1 if the protocol was meant to change"
    );
}

#[test]
fn the_vectors_in_the_tree_are_what_this_code_makes() {
    keep("transactions", &vectors());
}

#[test]
fn every_case_of_the_vectors_decodes_to_what_it_says() {
    for case in vectors()["cases"].as_array().unwrap() {
        let bytes = hex::decode(&case["bytes"].as_str().unwrap()[2..]).unwrap();
        let transaction = Transaction::decode(&bytes).unwrap();
        assert_eq!(transaction.encode(), bytes);
        assert_eq!(case["body"], body_fields(&transaction.body));
        let expected = match (
            transaction.body.name(),
            transaction.authentication.scheme().byte(),
        ) {
            ("message", _) => "unsupported",
            (_, 3) => "not_allowed_here",
            _ if of_an_operator(&transaction) => "stake",
            _ => "ok",
        };
        assert_eq!(case["check"], expected);
    }
}

/// Whether only an operator may do it, and the sender can be none.
fn of_an_operator(transaction: &Transaction) -> bool {
    match &transaction.body {
        Body::Stake(body) => body.is_of_operator() && transaction.header.sender.kind != 0,
        _ => false,
    }
}

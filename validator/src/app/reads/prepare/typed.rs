//! A transaction of stake as the JSON of EIP-712, which wallets show and sign. Its types are those that the digest is made from.

use serde_json::{Map, Value, json};

use crate::{
    ledger::{
        Account, Domain,
        eip712::{NAME, VERSION, type_string},
        transaction::{Body, Header, Scheme, StakeBody},
    },
    wire::address_text,
};

/// Fields of the domain, with their types.
const DOMAIN: [(&str, &str); 5] = [
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
    ("salt", "bytes32"),
];

/// The typed data. Numbers are decimal strings, because JSON's are not exact everywhere.
pub(super) fn data(domain: &Domain, scheme: Scheme, header: &Header, body: &Body) -> Value {
    let fields = DOMAIN.map(|(name, of)| field(name, of));
    let mut types = Map::new();
    types.insert("EIP712Domain".into(), Value::from(fields.to_vec()));
    let all = type_string(body.kind());
    let structs = all.split(')').filter_map(|one| one.split_once('('));
    for (name, fields) in structs.clone() {
        let fields = fields.split(',').filter_map(|one| one.split_once(' '));
        let fields: Vec<Value> = fields.map(|(of, name)| field(name, of)).collect();
        types.insert(name.into(), fields.into());
    }
    let mut salt = domain.deployment.to_vec();
    salt.resize(32, 0);
    let primary = structs.map(|(name, _)| name).next();
    json!({
        "types": types,
        "primaryType": primary,
        "domain": {
            "name": NAME,
            "version": VERSION,
            "chainId": domain.root_chain_id.to_string(),
            "verifyingContract": address_text(&domain.root_chain),
            "salt": bytes(&salt),
        },
        "message": message(scheme, header, body),
    })
}

fn field(name: &str, of: &str) -> Value {
    json!({ "name": name, "type": of })
}

fn bytes(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn account(account: &Account) -> Value {
    json!({ "kind": account.kind, "id": bytes(&account.id) })
}

fn message(scheme: Scheme, header: &Header, body: &Body) -> Value {
    let mut message = json!({
        "scheme": scheme.byte(),
        "sender": account(&header.sender),
        "nonce": { "lane": header.lane, "sequence": header.sequence.to_string() },
        "fee": header.fee.to_string(),
        "feePayer": account(&header.fee_payer),
        "validUntil": header.valid_until.to_string(),
        "memo": bytes(&header.memo),
    });
    let Body::Stake(body) = body else {
        return message;
    };
    if let (Some(message), Value::Object(more)) = (message.as_object_mut(), own(body)) {
        message.extend(more);
    }
    message
}

/// The fields of a kind.
fn own(body: &StakeBody) -> Value {
    match body {
        StakeBody::Delegate {
            operator,
            amount,
            line,
            max_commission,
        } => json!({
            "operator": bytes(operator), "amount": amount.to_string(), "line": line.to_string(), "maxCommission": max_commission,
        }),
        StakeBody::Undelegate { position, amount } => {
            json!({ "position": position.to_string(), "amount": amount.to_string() })
        }
        StakeBody::Redelegate {
            position,
            amount,
            to,
            line,
            max_commission,
        } => json!({
            "position": position.to_string(), "amount": amount.to_string(), "to": bytes(to), "line": line.to_string(),
            "maxCommission": max_commission,
        }),
        StakeBody::ClaimStake { position, to } => {
            json!({ "position": position.to_string(), "to": account(to) })
        }
        StakeBody::ClaimCommission { line, to } => {
            json!({ "line": line.to_string(), "to": account(to) })
        }
        StakeBody::ClaimRewards { to, positions } => {
            let positions: Vec<String> = positions.iter().map(u64::to_string).collect();
            json!({ "to": account(to), "positions": positions })
        }
        StakeBody::CancelUnbonding { position }
        | StakeBody::Restake { position }
        | StakeBody::ApplyCut { position } => json!({ "position": position.to_string() }),
        StakeBody::AllowRestake { position, allowed } => {
            json!({ "position": position.to_string(), "allowed": allowed })
        }
        StakeBody::Merge { first, second } => {
            json!({ "first": first.to_string(), "second": second.to_string() })
        }
        StakeBody::TakeSeat | StakeBody::Leave | StakeBody::Retire | StakeBody::Unjail => json!({}),
        StakeBody::Edit { .. } => {
            let ([commission, max, step], amount) = body.edited();
            json!({
                "commission": commission, "maxCommission": max, "commissionStep": step, "minSelfStake": amount.to_string(),
            })
        }
        StakeBody::Describe(profile) => {
            let [name, website, contact, details] = profile.texts();
            json!({ "name": name, "website": website, "contact": contact, "details": details })
        }
    }
}

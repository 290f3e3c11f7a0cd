//! The committed vectors, signed again from their secrets.

use std::path::Path;

use serde_json::Value;

use super::signer::{KeyKind, Secret};
use super::*;
use crate::ledger::transaction::{Data, Profile, StakeBody, Text};

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    hex::decode(text.strip_prefix("0x").unwrap()).unwrap()
}

fn fixed<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    value.as_str().unwrap().parse().unwrap()
}

fn body(case: &Value) -> Body {
    let fields = &case["body"];
    let token = || fixed(&fields["token"]);
    let amount = || number(&fields["amount"]);
    let data = || Data::new(bytes(&fields["data"])).unwrap();
    match case["kind"].as_str().unwrap() {
        "transfer" => Body::Transfer {
            to: number(&fields["to"]),
            token: token(),
            amount: amount(),
        },
        "withdraw" => Body::Withdraw {
            recipient: fixed(&fields["recipient"]),
            token: token(),
            amount: amount(),
        },
        "set_payout" => Body::SetPayout {
            payout: fixed(&fields["payout"]),
        },
        "record" => Body::Record {
            topic: fixed(&fields["topic"]),
            data: data(),
        },
        "message" => Body::Message {
            target: number(&fields["target"]),
            token: token(),
            amount: amount(),
            data: data(),
        },
        kind => Body::Stake(stake_body(kind, fields)),
    }
}

fn stake_body(kind: &str, fields: &Value) -> StakeBody {
    let position = || number(&fields["position"]);
    let amount = || number(&fields["amount"]);
    let to = || number(&fields["to"]);
    let rate = |name: &str| fields[name].as_u64().map(|rate| rate.try_into().unwrap());
    let max_commission = || rate("max_commission").unwrap();
    let text = |name: &str| fields[name].as_str().unwrap();
    match kind {
        "delegate" => StakeBody::Delegate {
            operator: fixed(&fields["operator"]),
            amount: amount(),
            line: number(&fields["line"]),
            max_commission: max_commission(),
        },
        "undelegate" => StakeBody::Undelegate {
            position: position(),
            amount: amount(),
        },
        "cancel_unbonding" => StakeBody::CancelUnbonding {
            position: position(),
        },
        "redelegate" => StakeBody::Redelegate {
            position: position(),
            amount: amount(),
            to: fixed(&fields["to"]),
            line: number(&fields["line"]),
            max_commission: max_commission(),
        },
        "claim_stake" => StakeBody::ClaimStake {
            position: position(),
            to: to(),
        },
        "claim_rewards" => StakeBody::ClaimRewards {
            to: to(),
            positions: fields["positions"]
                .as_array()
                .unwrap()
                .iter()
                .map(number)
                .collect(),
        },
        "claim_commission" => StakeBody::ClaimCommission {
            line: number(&fields["line"]),
            to: to(),
        },
        "restake" => StakeBody::Restake {
            position: position(),
        },
        "allow_restake" => StakeBody::AllowRestake {
            position: position(),
            allowed: fields["allowed"].as_bool().unwrap(),
        },
        "apply_cut" => StakeBody::ApplyCut {
            position: position(),
        },
        "merge" => StakeBody::Merge {
            first: number(&fields["first"]),
            second: number(&fields["second"]),
        },
        "take_seat" => StakeBody::TakeSeat,
        "leave" => StakeBody::Leave,
        "retire" => StakeBody::Retire,
        "unjail" => StakeBody::Unjail,
        "edit" => StakeBody::Edit {
            commission: rate("commission"),
            max_commission: rate("max_commission"),
            commission_step: rate("commission_step"),
            min_self_stake: fields["min_self_stake"]
                .as_str()
                .map(|least| least.parse().unwrap()),
        },
        "describe" => StakeBody::Describe(Box::new(Profile {
            name: Text::new("name", text("name")).unwrap(),
            website: Text::new("website", text("website")).unwrap(),
            contact: Text::new("contact", text("contact")).unwrap(),
            details: Text::new("details", text("details")).unwrap(),
        })),
        other => panic!("no kind {other}"),
    }
}

#[test]
fn every_kind_is_signed_to_the_very_bytes_of_the_vectors() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/transactions.json");
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let domain = Domain {
        root_chain_id: vectors["domain"]["root_chain_id"].as_u64().unwrap(),
        root_chain: fixed(&vectors["domain"]["root_chain"]),
        deployment: fixed(&vectors["domain"]["deployment"]),
    };
    let mut signed = std::collections::BTreeSet::new();
    for case in vectors["cases"].as_array().unwrap() {
        let kind = match case["scheme"].as_u64().unwrap() {
            1 => KeyKind::Ed25519,
            2 => KeyKind::Secp256k1,
            _ => continue,
        };
        let secret = Secret::new(fixed(&case["secret"]));
        let signer = Signer::new(kind, &secret).unwrap();
        assert_eq!(signer.account().to_string(), case["sender"]);
        let header = Header {
            sender: signer.account(),
            lane: 0,
            sequence: case["sequence"].as_u64().unwrap(),
            fee: number(&case["fee"]),
            fee_payer: Account::NONE,
            valid_until: number(&case["valid_until"]),
            memo: fixed(&case["memo"]),
        };
        let made = signer.sign(header, body(case), &domain).encode();
        assert_eq!(hex::encode(&made), hex::encode(bytes(&case["bytes"])));
        let hash = crate::wire::engine_hash(&made);
        assert_eq!(hash.to_vec(), bytes(&case["sha256"]));
        let draft = &made[..unsigned(&signer, made.len())];
        assert!(Transaction::decode(draft).is_err());
        signed.insert((case["kind"].as_str().unwrap(), kind.name()));
    }
    assert_eq!(
        signed.len(),
        44,
        "22 kinds with two kinds of key: {signed:?}"
    );
}

//! Every kind of stake can be asked for, and what a wallet is shown has every field that is signed. That the digest follows from it is
//! tested where it is signed outside (`tests/tests/live/grpc/stake.rs`).

use std::collections::BTreeSet;

use plasmid_proto::stake::v1::{self as proto, prepare_request::Action};
use plasmid_staking::{Key, Line};
use serde_json::Value;

use super::*;
use crate::app::reads::{held::Held, stake::tests::tree_of};
use crate::chain::tree::Tree;
use crate::ledger::fixture::{Wallet, domain, parameters};
use crate::ledger::rules::stake::tests::scene::{
    COIN, FOUNDER, NEWCOMER, OWNER, Scene, line, operator,
};
use crate::ledger::transaction::Data;
use crate::wire::address_text;

const OPERATOR: &str = "0x0101010101010101010101010101010101010101";

fn actions() -> Vec<Action> {
    let operator = OPERATOR.to_owned();
    let amount = "5".to_owned();
    vec![
        Action::Delegate(proto::Delegate {
            operator: operator.clone(),
            amount: amount.clone(),
            line: Some(1),
            max_commission: Some(10_000),
        }),
        Action::Undelegate(proto::Undelegate {
            position: 1,
            amount: amount.clone(),
        }),
        Action::CancelUnbonding(proto::CancelUnbonding { position: 1 }),
        Action::Redelegate(proto::Redelegate {
            position: 1,
            amount,
            to: operator.clone(),
            line: Some(2),
            max_commission: Some(0),
        }),
        Action::ClaimStake(proto::ClaimStake {
            position: 1,
            to: operator,
        }),
        Action::ClaimRewards(proto::ClaimRewards {
            positions: vec![1, 2],
            to: String::new(),
        }),
        Action::ClaimCommission(proto::ClaimCommission {
            line: 1,
            to: String::new(),
        }),
        Action::Restake(proto::Restake { position: 1 }),
        Action::AllowRestake(proto::AllowRestake {
            position: 1,
            allowed: true,
        }),
        Action::ApplyCut(proto::ApplyCut { position: 1 }),
        Action::Merge(proto::Merge {
            first: 1,
            second: 2,
        }),
        Action::TakeSeat(proto::TakeSeat {}),
        Action::Leave(proto::Leave {}),
        Action::Retire(proto::Retire {}),
        Action::Unjail(proto::Unjail {}),
        Action::Edit(proto::Edit {
            commission: Some(3),
            ..proto::Edit::default()
        }),
        Action::Describe(proto::Description {
            name: "a name".into(),
            ..proto::Description::default()
        }),
    ]
}

fn body(action: &Action) -> Result<StakeBody, ReadError> {
    let sender = Wallet::new(1).account();
    let tree = Tree::new();
    let mut held = Held::tip(&tree);
    body::of(&mut held, (&parameters(), 3), sender, action)
}

#[test]
fn every_kind_can_be_asked_for_and_all_that_is_signed_is_shown() {
    let [first, last] = StakeBody::KINDS;
    let mut kinds = BTreeSet::new();
    for action in actions() {
        let body = Body::Stake(body(&action).expect("a body"));
        kinds.insert(body.kind());
        let header = Wallet::new(1).header(0);
        let data = typed::data(&domain(), Scheme::Secp256k1, &header, &body);
        let primary = data["primaryType"].as_str().expect("a name");
        let fields = data["types"][primary].as_array().expect("fields");
        let names = fields
            .iter()
            .map(|field| field["name"].as_str().expect("a name"));
        let message = data["message"].as_object().expect("a message");
        assert_eq!(
            names.collect::<BTreeSet<_>>(),
            message.keys().map(String::as_str).collect(),
            "{primary}"
        );
        assert!(message.values().all(|value| *value != Value::Null));
        // What stands before the signature is the transaction but for it.
        let bytes = unsigned(Scheme::Secp256k1, header, &body);
        assert!(Transaction::decode(&bytes).is_err());
        let mut signed = bytes;
        signed.extend([0; 64]);
        signed.push(27);
        let decoded = Transaction::decode(&signed).expect("a transaction");
        assert_eq!((decoded.header, decoded.body), (header, body));
    }
    assert_eq!(kinds, (first..=last).collect());
    let other = Body::Record {
        topic: [0; 32],
        data: Data::default(),
    };
    assert_eq!(
        unsigned(Scheme::Ed25519, Wallet::new(0).header(0), &other).len(),
        110 + 34
    );
}

#[test]
fn what_can_stand_in_no_transaction_is_refused_in_words() {
    let refused = |action: &Action| match body(action) {
        Err(ReadError::Invalid(why)) => why,
        other => panic!("{other:?}"),
    };
    for amount in [
        "",
        "-1",
        "+1",
        "1.5",
        " 1",
        "340282366920938463463374607431768211456",
    ] {
        let delegate = proto::Delegate {
            operator: OPERATOR.into(),
            amount: amount.into(),
            ..proto::Delegate::default()
        };
        assert!(
            refused(&Action::Delegate(delegate)).contains("the amount"),
            "{amount}"
        );
    }
    let edit = |rate| {
        Action::Edit(proto::Edit {
            commission: Some(rate),
            ..proto::Edit::default()
        })
    };
    assert!(body(&edit(10_000)).is_ok());
    for rate in [10_001, 65_535, 65_536, u32::MAX] {
        assert!(refused(&edit(rate)).contains("10,000"));
    }
    let describe = proto::Description {
        name: "a\nb".into(),
        ..proto::Description::default()
    };
    assert!(refused(&Action::Describe(describe)).contains("the name"));
    let whole = Action::Undelegate(proto::Undelegate {
        position: 7,
        amount: String::new(),
    });
    assert!(matches!(body(&whole), Err(ReadError::NotFound(_))));
}

/// The terms of a line are accepted by who has seen them: a commission that was raised a block ago is signed by nobody unseen.
#[test]
fn a_commission_is_signed_only_if_it_was_named_and_the_refusal_says_what_it_is_now() {
    let mut scene = Scene::new();
    let position = scene.delegate(0, OWNER, NEWCOMER, COIN);
    scene.change(Key::Line(line(FOUNDER)), |line: &mut Line| {
        line.commission = 777;
    });
    let tree = tree_of(&scene);
    let operator = address_text(&operator(FOUNDER));
    let delegate = |max_commission, line| {
        Action::Delegate(proto::Delegate {
            operator: operator.clone(),
            amount: "5".into(),
            line,
            max_commission,
        })
    };
    let redelegate = |max_commission, line| {
        Action::Redelegate(proto::Redelegate {
            position,
            amount: "5".into(),
            to: operator.clone(),
            line,
            max_commission,
        })
    };
    let sender = Wallet::new(OWNER).account();
    let body = |action| body::of(&mut Held::tip(&tree), (&parameters(), 3), sender, &action);
    for line in [None, Some(1), Some(9)] {
        for action in [delegate(None, line), redelegate(None, line)] {
            let Err(ReadError::Invalid(why)) = body(action) else {
                panic!("a commission was made up");
            };
            assert!(
                why.contains("max_commission") && why.contains("line 1") && why.contains("777"),
                "{why}"
            );
        }
    }
    // A line that is not named is the newest, which is signed and shown.
    for action in [delegate(Some(800), None), redelegate(Some(800), None)] {
        let (line, most) = match body(action).expect("a body") {
            StakeBody::Delegate {
                line,
                max_commission,
                ..
            }
            | StakeBody::Redelegate {
                line,
                max_commission,
                ..
            } => (line, max_commission),
            other => panic!("{other:?}"),
        };
        assert_eq!((line, most), (1, 800));
    }
}

//! What programs read of a watcher, by name.

use alloy_primitives::{Address, U256};

use super::*;

#[test]
fn programs_find_who_is_paid_what_it_costs_and_what_it_brings() {
    let offence = OffenceId {
        epoch: 7,
        operator: Address::repeat_byte(1),
    };
    let beneficiary = Address::repeat_byte(2);
    let (object, line) = shown(&WatchNotice::Collected {
        offence,
        beneficiary,
        paid: U256::from(5),
        mine: true,
    });
    assert_eq!(object["event"], "collected");
    assert_eq!(object["epoch"], 7);
    assert_eq!(object["beneficiary"], beneficiary.to_string());
    assert_eq!(
        (&object["mine"], &object["paid"]),
        (&json!(true), &json!("5"))
    );
    assert!(line.contains("epoch 7"), "{line}");
    let (object, _) = shown(&WatchNotice::Unworthy {
        offence,
        step: "collect",
        cost: U256::from(9),
        pays: U256::from(4),
    });
    assert_eq!(
        (&object["cost"], &object["pays"]),
        (&json!("9"), &json!("4"))
    );
    let place = "http://127.0.0.1:1".to_owned();
    let (object, line) = shown(&WatchNotice::Back {
        place: place.clone(),
    });
    assert_eq!(object["place"], place);
    assert!(line.contains(&place), "{line}");
    let (object, line) = shown(&WatchNotice::Contradicted { epoch: 3 });
    assert_eq!(
        (&object["event"], &object["epoch"]),
        (&json!("contradicted"), &json!(3))
    );
    assert!(line.contains("checkpoint 3"), "{line}");
}

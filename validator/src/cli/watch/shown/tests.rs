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
        subject: Subject::Offence(offence),
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

#[test]
fn programs_find_two_certificates_their_overlap_and_who_is_in_it() {
    let evidence = alloy_primitives::B256::repeat_byte(7);
    let subject = Subject::Certificates { epoch: 5, evidence };
    let (object, line) = shown(&WatchNotice::Found {
        subject,
        kind: "certificates",
        place: "a file".into(),
    });
    assert_eq!(object["event"], "found");
    assert_eq!(
        (&object["epoch"], &object["evidence"]),
        (&json!(5), &json!(evidence.to_string()))
    );
    assert!(line.contains("two certificates of epoch 5"), "{line}");
    let (object, line) = shown(&WatchNotice::OverBudget {
        subject: Subject::Overlap {
            epoch: 5,
            number: 2,
        },
        step: "freeze",
        cost: U256::from(9),
        left: U256::from(4),
        is_alone: false,
    });
    assert_eq!(object["event"], "over_budget");
    assert_eq!(
        (&object["overlap"], &object["left"], &object["step"]),
        (&json!(2), &json!("4"), &json!("freeze"))
    );
    assert_eq!(object["alone"], false);
    assert!(line.contains("--budget"), "{line}");
    let (object, line) = shown(&WatchNotice::Alone {
        place: "http://127.0.0.1:1".into(),
        blocks: 16,
        left: U256::from(7),
    });
    assert_eq!(
        (&object["event"], &object["blocks"]),
        (&json!("alone"), &json!(16))
    );
    assert_eq!(object["left"], "7");
    assert!(line.contains("for at most 7 wei"), "{line}");
    let beneficiary = Address::repeat_byte(2);
    let (object, line) = shown(&WatchNotice::Overlapped {
        epoch: 5,
        number: 2,
        members: 171,
        beneficiary,
        mine: false,
    });
    assert_eq!(object["event"], "overlapped");
    assert_eq!(
        (&object["members"], &object["mine"]),
        (&json!(171), &json!(false))
    );
    assert!(line.contains("171 members"), "{line}");
    let (object, _) = shown(&WatchNotice::OverlapOvertaken {
        epoch: 5,
        number: 2,
        beneficiary,
        mine: true,
    });
    assert_eq!(object["event"], "overlap_overtaken");
    let offence = OffenceId {
        epoch: 5,
        operator: beneficiary,
    };
    let (object, _) = shown(&WatchNotice::Convicted { offence, number: 2 });
    assert_eq!(
        (&object["event"], &object["operator"]),
        (&json!("convicted"), &json!(beneficiary.to_string()))
    );
    let place = "http://127.0.0.1:1".to_owned();
    let reason = "another block".to_owned();
    let (object, line) = shown(&WatchNotice::Disagree {
        place: place.clone(),
        reason,
    });
    assert_eq!(
        (&object["event"], &object["place"]),
        (&json!("disagree"), &json!(place))
    );
    assert!(line.contains("nothing is sent"), "{line}");
    for epochs in [1, 4] {
        let (object, line) = shown(&WatchNotice::Late {
            place: place.clone(),
            epoch: 3,
            epochs,
        });
        assert_eq!(
            (&object["event"], &object["epoch"], &object["epochs"]),
            (&json!("late"), &json!(3), &json!(epochs))
        );
        assert!(line.contains("closed"), "{line}");
    }
    for other in [None, Some("http://127.0.0.1:2".to_owned())] {
        let (object, line) = shown(&WatchNotice::Still {
            place: place.clone(),
            block: 5,
            secs: 130,
            other: other.clone(),
        });
        assert_eq!(
            (&object["event"], &object["block"], &object["other"]),
            (&json!("still"), &json!(5), &json!(other))
        );
        assert!(line.contains("130 seconds"), "{line}");
        assert_eq!(line.contains("goes on"), other.is_some());
    }
}

#[test]
fn a_checkpoint_that_is_not_done_is_told_with_what_is_left_and_how_long_is_left() {
    for (is_judged, is_executed, left) in [
        (true, false, "not executed again"),
        (false, true, "not judged whole"),
        (false, false, "neither judged whole nor executed again"),
    ] {
        let checkpoint = UnfinishedCheckpoint {
            epoch: 41,
            is_judged,
            is_executed,
        };
        let behind = shown(&WatchNotice::Behind {
            checkpoint,
            final_in: 99,
        });
        assert!(behind.1.contains("99 s"), "{}", behind.1);
        let missed = shown(&WatchNotice::Missed(checkpoint));
        for (event, (object, line)) in [("behind", behind), ("missed", missed)] {
            assert_eq!(object["event"], event);
            assert_eq!(object["checkpoint"], 41);
            assert_eq!(object["judged"], is_judged);
            assert_eq!(object["executed"], is_executed);
            assert!(
                line.contains("checkpoint 41") && line.contains(left),
                "{line}"
            );
        }
    }
}

/// Each event with exactly the fields that it has.
#[test]
fn each_event_has_these_fields() {
    let operator = Address::repeat_byte(1);
    let offence = OffenceId { epoch: 7, operator };
    let subject = Subject::Offence(offence);
    let (place, reason) = (String::from("http://127.0.0.1:1"), String::from("why"));
    let (hash, beneficiary, cost) = (alloy_primitives::B256::ZERO, operator, U256::from(1));
    let (step, mine, number, epoch) = ("commit", true, 2, 7);
    let checkpoint = UnfinishedCheckpoint {
        epoch,
        is_judged: true,
        is_executed: false,
    };
    let table: Vec<(WatchNotice, &[&str])> = vec![
        (
            WatchNotice::Found {
                subject,
                kind: "votes",
                place: place.clone(),
            },
            &["epoch", "event", "kind", "operator", "place"],
        ),
        (
            WatchNotice::Sent {
                subject,
                step,
                hash,
                nonce: 1,
            },
            &["epoch", "event", "hash", "nonce", "operator", "step"],
        ),
        (
            WatchNotice::WouldSend {
                subject,
                step,
                gas: 1,
                cost,
            },
            &["cost", "epoch", "event", "gas", "operator", "step"],
        ),
        (
            WatchNotice::Paid {
                subject,
                step: step.into(),
                hash,
                gas_used: 1,
                succeeded: true,
            },
            &[
                "epoch",
                "event",
                "gas_used",
                "hash",
                "operator",
                "step",
                "succeeded",
            ],
        ),
        (
            WatchNotice::Committed { commitment: hash },
            &["commitment", "event"],
        ),
        (
            WatchNotice::Revealed {
                offence,
                beneficiary,
                mine,
            },
            &["beneficiary", "epoch", "event", "mine", "operator"],
        ),
        (
            WatchNotice::Overtaken {
                offence,
                beneficiary,
                mine,
            },
            &["beneficiary", "epoch", "event", "mine", "operator"],
        ),
        (
            WatchNotice::Counted { offence },
            &["epoch", "event", "operator"],
        ),
        (
            WatchNotice::Collected {
                offence,
                beneficiary,
                paid: cost,
                mine,
            },
            &["beneficiary", "epoch", "event", "mine", "operator", "paid"],
        ),
        (
            WatchNotice::Settled {
                offence,
                fraction: 1,
            },
            &["epoch", "event", "fraction", "operator"],
        ),
        (
            WatchNotice::Overlapped {
                epoch,
                number,
                members: 3,
                beneficiary,
                mine,
            },
            &[
                "beneficiary",
                "epoch",
                "event",
                "members",
                "mine",
                "overlap",
            ],
        ),
        (
            WatchNotice::OverlapOvertaken {
                epoch,
                number,
                beneficiary,
                mine,
            },
            &["beneficiary", "epoch", "event", "mine", "overlap"],
        ),
        (
            WatchNotice::Convicted { offence, number },
            &["epoch", "event", "operator", "overlap"],
        ),
        (
            WatchNotice::OverBudget {
                subject,
                step,
                cost,
                left: cost,
                is_alone: true,
            },
            &[
                "alone", "cost", "epoch", "event", "left", "operator", "step",
            ],
        ),
        (
            WatchNotice::Alone {
                place: place.clone(),
                blocks: 16,
                left: cost,
            },
            &["blocks", "event", "left", "place"],
        ),
        (
            WatchNotice::Disagree {
                place: place.clone(),
                reason: reason.clone(),
            },
            &["event", "place", "reason"],
        ),
        (
            WatchNotice::Refused {
                subject,
                step,
                reason: reason.clone(),
            },
            &["epoch", "event", "operator", "reason", "step"],
        ),
        (
            WatchNotice::Unworthy {
                subject,
                step,
                cost,
                pays: cost,
            },
            &["cost", "epoch", "event", "operator", "pays", "step"],
        ),
        (
            WatchNotice::Dropped {
                subject,
                reason: reason.clone(),
            },
            &["epoch", "event", "operator", "reason"],
        ),
        (
            WatchNotice::Late {
                place: place.clone(),
                epoch,
                epochs: 2,
            },
            &["epoch", "epochs", "event", "place"],
        ),
        (
            WatchNotice::Still {
                place: place.clone(),
                block: 1,
                secs: 2,
                other: None,
            },
            &["block", "event", "other", "place", "secs"],
        ),
        (
            WatchNotice::Narrow {
                reveal_blocks: 2,
                fits: false,
            },
            &["event", "fits", "reveal_blocks"],
        ),
        (
            WatchNotice::Full {
                place: place.clone(),
                epoch,
            },
            &["epoch", "event", "place"],
        ),
        (
            WatchNotice::Ignored {
                place: place.clone(),
                epoch,
                reason: "nobody knows who may sign it",
            },
            &["epoch", "event", "place", "reason"],
        ),
        (
            WatchNotice::NoSet {
                epoch,
                reason: reason.clone(),
            },
            &["epoch", "event", "reason"],
        ),
        (
            WatchNotice::Lie {
                place: place.clone(),
                reason: reason.clone(),
            },
            &["event", "place", "reason"],
        ),
        (
            WatchNotice::Blind {
                place: place.clone(),
                from: 1,
                to: 2,
            },
            &["event", "from", "place", "to"],
        ),
        (
            WatchNotice::Silent {
                place: place.clone(),
                reason: reason.clone(),
            },
            &["event", "place", "reason"],
        ),
        (WatchNotice::Back { place }, &["event", "place"]),
        (WatchNotice::Contradicted { epoch }, &["epoch", "event"]),
        (
            WatchNotice::Ends {
                exit_at: 7,
                void_from: Some(epoch),
            },
            &["event", "exit_at", "void_from"],
        ),
        (
            WatchNotice::Broken {
                epoch,
                rule: "L4".into(),
                height: 9,
                reason: reason.clone(),
                final_in: 3,
                is_provable: true,
            },
            &[
                "checkpoint",
                "event",
                "final_in_secs",
                "height",
                "provable",
                "reason",
                "rule",
            ],
        ),
        (WatchNotice::Sound { epoch }, &["checkpoint", "event"]),
        (
            WatchNotice::Withheld {
                epoch,
                reason: reason.clone(),
                final_in: 3,
            },
            &["checkpoint", "event", "final_in_secs", "reason"],
        ),
        (
            WatchNotice::Behind {
                checkpoint,
                final_in: 3,
            },
            &["checkpoint", "event", "executed", "final_in_secs", "judged"],
        ),
        (
            WatchNotice::Missed(checkpoint),
            &["checkpoint", "event", "executed", "judged"],
        ),
        (
            WatchNotice::Reading {
                reached: 1,
                target: 2,
            },
            &["event", "reached", "target"],
        ),
        (WatchNotice::Trouble(reason), &["event", "reason"]),
    ];
    let mut events = std::collections::BTreeSet::new();
    for (notice, fields) in &table {
        let (object, line) = shown(notice);
        let object = object.as_object().expect("an object");
        let mut names: Vec<&str> = object.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(&names, fields, "{line}");
        events.insert(object["event"].as_str().expect("a name").to_owned());
    }
    assert_eq!(events.len(), table.len(), "each event has its own name");
}

//! What a watcher makes of an endpoint that leaves events out, shows others than root keeps, or does not answer in time.

use super::*;
use crate::proof::checkpoint::Checkpoint;

fn records() -> CourtRecords {
    let contracts = CourtContracts {
        deployment: [7; 20],
        court: Address::repeat_byte(1),
        data_challenges: Address::repeat_byte(0xdc),
        root_chain: Address::repeat_byte(2),
        epoch_blocks: 64,
        record_slots: 16,
    };
    CourtRecords::new(contracts, 100)
}

fn accepted(epoch: u64) -> Acceptance {
    Acceptance {
        epoch,
        digest: B256::repeat_byte(3),
        carrier: Address::ZERO,
        checkpoint: Checkpoint::decode(&[0; Checkpoint::BYTES]).expect("any bytes are one"),
        signers: [0; 64],
        time: 0,
        block: 100 + epoch,
        due_count: 0,
        tau: 0,
    }
}

#[test]
fn events_that_lack_a_checkpoint_are_read_again_and_from_the_beginning_when_that_did_not_help() {
    let mut records = records();
    for epoch in [0, 1, 3] {
        records.acceptances.insert(epoch, accepted(epoch));
    }
    records.read = 500;
    records.read_hash = Some(B256::ZERO);
    assert_eq!(records.contradiction(500, 0..4, (300, 90)), Some(2));
    assert_eq!((records.read, records.read_hash), (300, None));
    // The same endpoint tells the same: it is not asked in every block.
    records.read = 510;
    for number in 501..516 {
        assert_eq!(records.contradiction(number, 0..4, (300, 90)), None);
    }
    assert_eq!(records.read, 510);
    assert_eq!(records.contradiction(516, 0..4, (300, 90)), Some(2));
    assert_eq!(records.read, 90);
    // It tells all: nothing is in doubt, and a later gap begins anew.
    records.acceptances.insert(2, accepted(2));
    assert_eq!(records.contradiction(517, 0..4, (300, 90)), None);
    assert_eq!(records.contradiction(518, 0..5, (300, 90)), Some(4));
    assert_eq!(records.read, 300);
}

/// An endpoint showed a checkpoint before root accepted one of that epoch: what root accepts then is read as if nothing had been shown.
#[test]
fn what_root_has_not_accepted_is_not_believed_and_what_was_not_compared_is_not_used() {
    let mut records = records();
    for epoch in 0..6 {
        records.acceptances.insert(epoch, accepted(epoch));
        records.unchecked.insert(epoch);
    }
    assert!((0..6).all(|epoch| records.acceptance(epoch).is_none()));
    records.bound(1..4);
    let left: Vec<u64> = records.acceptances.keys().copied().collect();
    assert_eq!(left, [0, 1, 2, 3]);
    assert_eq!(records.unchecked, BTreeSet::from([1, 2, 3]));
    records.unchecked.remove(&2);
    assert_eq!(records.acceptance(2), Some(&accepted(2)));
    assert!(records.acceptance(3).is_none());
    assert_eq!(records.closing(3, 4), Closing::Unread);
    // What is not accepted closes with the deployment, and what is does not.
    assert_eq!(records.closing(4, 4), Closing::Open);
    records.ends(Some(77), 500);
    for (exit_at, number, closing) in [
        (Some(77), 500 + REORGANISED - 1, Closing::Open),
        (Some(77), 500 + REORGANISED, Closing::At(77)),
        (None, 600, Closing::Open),
        (Some(77), 601, Closing::Open),
        (Some(78), 900, Closing::Open),
        (Some(78), 900 + REORGANISED, Closing::At(78)),
    ] {
        records.ends(exit_at, number);
        assert_eq!(records.closing(4, 4), closing, "{number}");
    }
    assert_eq!(records.closing(2, 4), Closing::At(accepted(2).time));
    assert_eq!(records.contradiction(500, 1..5, (300, 90)), Some(4));
}

#[test]
fn a_range_that_takes_too_long_is_smaller_at_the_next_look() {
    let mut records = records();
    let limited = Failure::RateLimited { wait_ms: 1 };
    assert!(!records.failed((1, 5_000), &limited));
    assert_eq!(records.page, MAX_PAGE);
    assert!(!records.failed((1, 5_000), &Failure::Unreachable));
    assert_eq!(records.page, MAX_PAGE / 2);
    for failure in [Failure::TooLarge, Failure::Refused("too many".into())] {
        assert!(records.failed((1, 2_500), &failure));
    }
    assert_eq!(records.page, MAX_PAGE / 8);
    while records.page > 1 {
        records.failed((1, 2), &Failure::Unreachable);
    }
    assert!(!records.failed((1, 1), &Failure::TooLarge));
    assert_eq!(records.page, 1);
}

/// A provider that tells events of a few blocks at a time is heard, and goes on being heard at root's newest block.
#[test]
fn a_second_endpoint_that_tells_few_blocks_at_a_time_is_heard() {
    for limit in [5, 10, 33] {
        let mut records = records();
        let mut failed = 0;
        for latest in 101..2_000 {
            for _ in 0..4 {
                if !records.is_second_due(latest) {
                    break;
                }
                let (from, to) = records.second_page(latest).expect("it is due");
                assert!(from <= to && to <= latest);
                if to - from < limit {
                    records.hear_second(&[], (from, to)).expect("no event");
                } else {
                    records.second_failed(latest);
                    failed += 1;
                }
            }
        }
        let next = records.second_page(2_000).expect("one block more");
        let (from, to) = next;
        assert!(from > 1_960 && to > 1_996, "{limit}: {next:?}, {failed}");
    }
}

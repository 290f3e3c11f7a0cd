//! Nothing that is invented hides what is true, and nothing falls out.

use super::*;
use crate::proof::checkpoint::{Certificate, Checkpoint};
use crate::relay::watch::statement::{TwoCertificates, TwoShares};

const EPOCH: u64 = 5;

fn checkpoint(byte: u8) -> Checkpoint {
    let mut one = Checkpoint::decode(&[byte; Checkpoint::BYTES]).expect("any bytes are one");
    one.epoch = EPOCH;
    one
}

fn shares(number: u16, byte: u8) -> DoubleStatement {
    DoubleStatement::Shares(Box::new(TwoShares {
        number,
        checkpoints: [checkpoint(1), checkpoint(2)],
        shares: [[byte; 192]; 2],
    }))
}

fn certificates(signers: u8, byte: u8) -> DoubleStatement {
    let mut bitmap = [0; BITMAP_BYTES];
    bitmap[0] = signers;
    DoubleStatement::Certificates(Box::new(TwoCertificates {
        checkpoints: [checkpoint(1), checkpoint(byte)],
        first: None,
        second: Certificate {
            bitmap,
            signature: [byte; 192],
        },
    }))
}

#[test]
fn what_finds_no_room_is_not_taken_and_is_taken_when_there_is_room_again() {
    let mut docket = Docket::new(10);
    for number in 0..MAX_WAITING as u16 {
        assert_eq!(docket.take("one", shares(number, 1)), Intake::Taken);
    }
    let late = shares(MAX_WAITING as u16, 1);
    assert_eq!(docket.take("one", late.clone()), Intake::Full);
    assert!(!Intake::Full.is_over() && Intake::Known.is_over() && Intake::Taken.is_over());
    // Another place has its own room, and what waits already is not counted twice.
    assert_eq!(docket.take("two", late.clone()), Intake::Taken);
    assert_eq!(docket.take("one", late.clone()), Intake::Taken);
    assert_eq!(docket.len(), MAX_WAITING + 1);
    let next = docket.pop().expect("one waits");
    assert_eq!(next.statement, shares(0, 1));
    assert_eq!(docket.take("one", shares(0, 2)), Intake::Taken);
    assert_eq!(docket.len(), MAX_WAITING + 1);
}

#[test]
fn one_member_has_one_place_in_an_epoch_and_an_invented_statement_does_not_answer_for_a_true_one() {
    let mut docket = Docket::new(10);
    for (first, second, other) in [
        (shares(3, 1), shares(3, 2), shares(4, 2)),
        (certificates(7, 3), certificates(7, 4), certificates(5, 4)),
    ] {
        assert_eq!(docket.take("one", first.clone()), Intake::Taken);
        assert_eq!(docket.take("one", second.clone()), Intake::Full);
        assert_eq!(docket.take("one", other.clone()), Intake::Taken);
        assert_eq!(docket.take("two", second.clone()), Intake::Taken);
        // Once the first one is refused, the other one has its place.
        while let Some(gone) = docket.pop() {
            assert!([&first, &other, &second].contains(&&gone.statement));
        }
        assert_eq!(docket.take("one", second), Intake::Taken);
        // A checked one answers for all others against the same member.
        let mut checked = docket.pop().expect("one waits");
        checked.is_checked = true;
        docket.put_back(checked);
        assert_eq!(docket.take("one", first), Intake::Known);
        assert!(docket.pop().is_some() && docket.is_empty());
    }
}

//! Cuts computed by hand, and that neither order nor splitting changes one.

use rand::seq::SliceRandom;

use super::*;
use crate::proof::attack::seeded;

fn offence(operator: u8, epoch: u64, share: u32) -> Offence {
    Offence {
        operator: [operator; 20],
        epoch,
        share,
    }
}

#[test]
fn cuts_are_those_computed_by_hand() {
    // A tenth: 9 · 0.01 = 9 %.
    let tenth = offence(1, 5, 100_000_000);
    assert_eq!(cut(&[tenth], &[], 5, 1), 90_000_000);
    // Two of a tenth each: 9 · 0.04 = 36 %, also from both neighbours of the epoch between them.
    let other = offence(2, 5, 100_000_000);
    assert_eq!(cut(&[tenth, other], &[], 5, 1), 360_000_000);
    let apart = [offence(1, 4, 100_000_000), offence(2, 6, 100_000_000)];
    assert_eq!(cut(&apart, &[], 5, 1), 360_000_000);
    // Seen from either of those, the other is too far away.
    assert_eq!(cut(&apart, &[], 4, 1), 90_000_000);
    assert_eq!(cut(&apart, &[], 6, 1), 90_000_000);
    // One operator in three epochs counts once, with its largest share.
    let again = [
        offence(1, 4, 50_000_000),
        offence(1, 5, 100_000_000),
        offence(1, 6, 100_000_000),
    ];
    assert_eq!(cut(&again, &[], 5, 1), 90_000_000);
    // A third or more loses all; the least is the least; part of a part is rounded up.
    assert_eq!(cut(&[offence(1, 0, 333_333_334)], &[], 0, 1), WHOLE);
    assert_eq!(cut(&[offence(1, 0, 1_000_000_000)], &[], 1, 1), WHOLE);
    assert_eq!(cut(&[offence(1, 0, 1)], &[], 0, 7), 7);
    assert_eq!(cut(&[offence(1, 0, 1)], &[], 0, 0), 1);
    assert_eq!(cut(&[], &[], 0, 3), 3);
}

#[test]
fn two_certificates_take_all_of_their_epoch_and_its_neighbours() {
    let tenth = [offence(1, 5, 100_000_000)];
    for (convicted, expected) in [
        (2, 90_000_000),
        (3, 90_000_000),
        (4, WHOLE),
        (5, WHOLE),
        (6, WHOLE),
        (7, 90_000_000),
    ] {
        assert_eq!(cut(&tenth, &[99, convicted], 5, 1), expected);
    }
    assert_eq!(cut(&[], &[0], 0, 1), WHOLE);
}

/// By the rule itself it is the same: more than a third of the power is more than 1 of 9·s².
#[test]
fn what_two_certificates_take_is_what_the_shares_of_their_signers_would() {
    // Four of eleven.
    let shares = (0..4).map(|at| offence(at, 5, share(1, 11)));
    let shares: Vec<Offence> = shares.collect();
    assert_eq!(cut(&shares, &[], 4, 1), WHOLE);
    assert_eq!(cut(&shares, &[], 6, 1), WHOLE);
}

#[test]
fn shares_are_rounded_up() {
    assert_eq!(share(1, 3), 333_333_334);
    assert_eq!(share(3, 3), 1_000_000_000);
    assert_eq!(share(0, 3), 0);
    assert_eq!(share(1, 1 << 59), 1);
    assert_eq!(share(1, 0), 1_000_000_000);
    assert_eq!(share(4, 3), 1_000_000_000);
}

#[test]
fn the_order_of_reports_changes_no_cut() {
    let mut random = seeded(81);
    let mut offences: Vec<Offence> = (0..12)
        .map(|at| offence(at % 5, u64::from(at) / 2, 20_000_000 + u32::from(at)))
        .collect();
    let before: Vec<u64> = (0..8).map(|epoch| cut(&offences, &[], epoch, 1)).collect();
    for _ in 0..100 {
        offences.shuffle(&mut random);
        let after: Vec<u64> = (0..8).map(|epoch| cut(&offences, &[], epoch, 1)).collect();
        assert_eq!(before, after);
    }
}

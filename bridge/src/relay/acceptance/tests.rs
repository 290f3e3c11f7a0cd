//! When a checkpoint is final, as RootChain's `isFinal` says it.

use super::*;

const WINDOW: u64 = 10;

/// Four accepted checkpoints, a second apart from 100 on, of which the last two left message 7 out.
fn records() -> BTreeMap<u64, Acceptance> {
    let accepted = |epoch: u64| {
        let mut checkpoint = Checkpoint::decode(&[0; 224]).expect("any bytes are a checkpoint");
        checkpoint.epoch = epoch;
        checkpoint.inbox_cursor = 6;
        let record = Acceptance {
            epoch,
            digest: checkpoint.digest(),
            carrier: Address::ZERO,
            checkpoint,
            signers: [0; 64],
            time: 100 + epoch,
            block: epoch,
            due_count: if epoch < 2 { 6 } else { 7 },
            tau: 0,
        };
        (epoch, record)
    };
    (0..4).map(accepted).collect()
}

#[test]
fn a_void_checkpoint_and_all_behind_it_are_never_final_and_those_before_it_are() {
    let records = records();
    let void = |from| DeploymentEnd {
        finalized: 0,
        exit_at: Some(105),
        void_from: Some(from),
    };
    for from in 0..4 {
        for epoch in 0..4 {
            let verdict = is_final(&records, &void(from), epoch, u64::MAX, WINDOW);
            let expected = match epoch < from {
                true => Ok(()),
                false => Err(NotFinal::Void { from }),
            };
            assert_eq!(verdict, expected, "{epoch} of those before {from}");
        }
        let newest = newest_final(&records, &void(from), u64::MAX, WINDOW);
        assert_eq!(newest.map(|newest| newest.epoch), from.checked_sub(1));
    }
    // The window is waited for in exit mode, too.
    let early = is_final(&records, &void(2), 1, 110, WINDOW);
    assert_eq!(
        early,
        Err(NotFinal::Window {
            until: 111,
            now: 110
        })
    );
}

#[test]
fn what_was_left_out_stands_against_a_checkpoint_until_exit_mode_and_what_was_finalized_is_final() {
    let records = records();
    let skipped = Err(NotFinal::Skipped {
        due_count: 7,
        consumed: 6,
    });
    let ends_at = |exit_at| DeploymentEnd {
        exit_at,
        ..DeploymentEnd::default()
    };
    let verdict = |end: &DeploymentEnd, now| is_final(&records, end, 2, now, WINDOW);
    assert_eq!(verdict(&ends_at(None), 500), skipped);
    assert_eq!(verdict(&ends_at(Some(501)), 500), skipped, "it is closing");
    assert_eq!(verdict(&ends_at(Some(500)), 500), Ok(()));
    let finalized = DeploymentEnd {
        finalized: 3,
        ..DeploymentEnd::default()
    };
    assert_eq!(verdict(&finalized, 0), Ok(()));
    assert!(is_final(&records, &finalized, 3, 0, WINDOW).is_err());
}

//! When a state that was carried over checkpoints is of use, and when it begins anew.

use alloy_primitives::Address;
use plasmid_bridge::proof::checkpoint::Checkpoint;

use super::*;

fn accepted(epoch: u64, time: u64) -> Acceptance {
    let checkpoint = Checkpoint {
        epoch,
        ..Checkpoint::decode(&[0; 224]).expect("a checkpoint")
    };
    Acceptance {
        epoch,
        digest: checkpoint.digest(),
        carrier: Address::ZERO,
        checkpoint,
        signers: [0; 64],
        time,
        block: 1,
        due_count: 0,
        tau: 1,
    }
}

#[test]
fn a_state_is_of_use_until_root_keeps_another_word_or_is_ahead_of_it() {
    let all: Vec<Acceptance> = (4..8).map(|epoch| accepted(epoch, 1)).collect();
    let now = |acceptances: &[Acceptance], finalized| AcceptedCheckpoints {
        acceptances: acceptances.to_vec(),
        finalized,
        ..AcceptedCheckpoints::default()
    };
    // Behind the checkpoint of epoch 4, and carried over 5 and 6.
    let mut state = CarriedState::behind(&all[0], Tree::new());
    for one in &all[1..3] {
        state.words.insert(one.epoch, one.record());
    }
    state.epoch = 7;
    assert!(state.fits(&now(&all, 5)));
    assert!(state.fits(&now(&all, 7)));
    assert!(!state.fits(&now(&all, 8)), "it is behind what is final");
    assert!(state.fits(&now(&all[..1], 5)), "the others are not known");
    assert!(state.fits(&now(&[], 5)));
    for place in 0..4 {
        let mut other = all.clone();
        other[place].time = 2;
        // It was not carried over the last one.
        assert_eq!(state.fits(&now(&other, 5)), place == 3, "{place}");
    }
}

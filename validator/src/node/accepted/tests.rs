//! What several endpoints say of an acceptance.

use plasmid_bridge::proof::checkpoint::Checkpoint;

use alloy_sol_types::SolEvent;

use super::*;

fn acceptance(cursor: u64) -> Acceptance {
    acceptance_of(3, cursor)
}

fn acceptance_of(epoch: u64, cursor: u64) -> Acceptance {
    let checkpoint = Checkpoint {
        deployment: [7; 20],
        epoch,
        last_block_time: 2,
        blocks_root: B256::ZERO,
        state_root: B256::ZERO,
        inbox_cursor: cursor,
        inbox_link: B256::ZERO,
        next_set: B256::ZERO,
        relayer: [0; 20],
        previous: B256::ZERO,
    };
    Acceptance {
        epoch,
        digest: checkpoint.digest(),
        carrier: Address::ZERO,
        checkpoint,
        signers: [0; 64],
        time: 5,
        block: 6,
        due_count: 0,
        tau: 0,
    }
}

#[test]
fn an_acceptance_is_known_where_all_endpoints_say_the_same() {
    let say = |cursors: &[u64]| {
        let said = cursors
            .iter()
            .map(|one| ("place".to_owned(), acceptance(*one)));
        all_alike(said.collect())
    };
    assert_eq!(say(&[1]).unwrap(), acceptance(1));
    assert_eq!(say(&[1, 1]).unwrap(), acceptance(1));
    for differing in [&[1, 2][..], &[2, 1], &[1, 1, 2]] {
        let error = say(differing).expect_err("they differ");
        assert!(
            matches!(error, AcceptedError::Differ { epoch: 3, .. }),
            "{error}"
        );
    }
    assert!(matches!(say(&[]), Err(AcceptedError::NoEndpoint)));
}

#[test]
fn only_what_may_be_otherwise_later_is_asked_for_again() {
    let nothing = || AcceptedError::NothingFinal;
    let no = || AcceptedError::NotStanding { epoch: 1, count: 1 };
    assert!(nothing().may_pass() && !no().may_pass());
    assert!(at("place", nothing()).may_pass() && !at("place", no()).may_pass());
    assert!(!nothing().is_not_accepted() && no().is_not_accepted());
    assert!(at("place", no()).is_not_accepted() && !AcceptedError::Stopped.is_not_accepted());
}

/// The event of an acceptance, as this contract emits it.
fn log(address: Address, one: &Acceptance) -> Log {
    let event = IRootChain::CheckpointAccepted {
        epoch: one.epoch,
        digest: one.digest,
        carrier: one.carrier,
        checkpoint: (&one.checkpoint).into(),
        acceptance: one.into(),
        tau: one.tau,
    };
    let data = event.encode_log_data();
    Log {
        address,
        topics: data.topics().to_vec(),
        data: data.data,
        block: one.block,
        index: 0,
    }
}

#[test]
fn the_search_for_an_epoch_ends_with_the_first_blocks_that_have_an_earlier_one() {
    let (ours, other) = (Address::repeat_byte(1), Address::repeat_byte(2));
    let look = |address, epochs: &[u64], epoch| {
        let all = epochs.iter();
        let logs: Vec<_> = all
            .map(|epoch| log(address, &acceptance_of(*epoch, 1)))
            .collect();
        find(&logs, (ours, [7; 20]), epoch).expect("they are sound")
    };
    let it = |epoch| AcceptanceFound::It(Box::new(acceptance_of(epoch, 1)));
    assert_eq!(look(ours, &[], Some(5)), AcceptanceFound::Before);
    assert_eq!(look(ours, &[6, 7], Some(5)), AcceptanceFound::Before);
    assert_eq!(look(ours, &[3, 4], Some(5)), AcceptanceFound::Earlier);
    assert_eq!(look(ours, &[4, 5, 6], Some(5)), it(5));
    assert_eq!(look(ours, &[4, 5, 6], None), it(6));
    assert_eq!(look(ours, &[], None), AcceptanceFound::Before);
    // Another contract's events are nobody's word.
    assert_eq!(look(other, &[3, 4, 5], Some(5)), AcceptanceFound::Before);
    assert_eq!(look(other, &[3], None), AcceptanceFound::Before);
}

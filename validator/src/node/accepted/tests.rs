//! What several endpoints say of an acceptance.

use plasmid_bridge::proof::checkpoint::Checkpoint;

use super::*;

fn acceptance(cursor: u64) -> Acceptance {
    let checkpoint = Checkpoint {
        deployment: [7; 20],
        epoch: 3,
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
        epoch: 3,
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
}

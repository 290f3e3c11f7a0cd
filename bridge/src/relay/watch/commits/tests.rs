//! Commits of two nodes, true ones and invented ones.

use super::*;
use crate::proof::vote::{Ballot, VotedBlock};

const CHAIN: &str = "a chain";

fn key(number: u8) -> ed25519_zebra::SigningKey {
    ed25519_zebra::SigningKey::from([number + 1; 32])
}

fn members() -> Vec<Member> {
    let member = |number: u8| Member {
        seat: number.into(),
        operator: [number; 20],
        registration: 1,
        consensus_key: ed25519_zebra::VerificationKey::from(&key(number)).into(),
        checkpoint_key: [0; 96],
        power: 1,
        at_risk: true,
    };
    (0..4).map(member).collect()
}

fn precommit(number: u8, (height, round): (u64, u32), block: Option<u8>, secs: i64) -> NamedBallot {
    let block = block.map(|byte| VotedBlock {
        hash: [byte; 32],
        parts: 1,
        parts_hash: [byte; 32],
    });
    let step = VoteStep::Precommit;
    let ballot = Ballot {
        step,
        height,
        round,
        block,
        secs,
        nanos: 0,
    };
    let signature = key(number).sign(&ballot.sign_bytes(CHAIN)).into();
    let voter = vote::address(&members()[usize::from(number)].consensus_key);
    (voter, SignedBallot { ballot, signature })
}

#[test]
fn two_precommits_of_one_key_in_two_nodes_commits_are_an_offence_and_nothing_else_is() {
    let mut book = CommitBook::default();
    let at = (7, 0);
    book.add(
        0,
        vec![precommit(0, at, Some(1), 5), precommit(1, at, Some(1), 5)],
    );
    // A vote for this block at another time, and votes at another height and round, say nothing.
    book.add(
        1,
        vec![precommit(0, at, Some(1), 6), precommit(1, at, None, 5)],
    );
    book.add(1, vec![precommit(0, (7, 1), Some(2), 5)]);
    book.add(1, vec![precommit(0, (8, 0), Some(2), 5)]);
    assert_eq!(book.waiting(), [7, 8]);
    let ComparedCommits { found, liars, .. } = book.compare((0, 7), &members(), CHAIN);
    let votes = TwoVotes {
        voter: precommit(1, at, None, 5).0,
        first: precommit(1, at, None, 5).1,
        second: precommit(1, at, Some(1), 5).1,
    };
    let expected = DoubleStatement::Votes(Box::new(votes.ordered()));
    assert_eq!((found, liars), (vec![(1, expected)], vec![]));
    // A third node's commit comes later, and the first one's is still known.
    book.add(2, vec![precommit(0, at, None, 9)]);
    let found = book.compare((0, 7), &members(), CHAIN).found;
    assert_eq!(found.len(), 1);
    assert_eq!(book.compare((0, 8), &members(), CHAIN).found.len(), 0);
    assert!(book.waiting().is_empty());
}

#[test]
fn invented_votes_are_named_and_keep_no_true_one_out() {
    let mut book = CommitBook::default();
    let at = (7, 0);
    book.add(
        0,
        vec![precommit(0, at, Some(1), 5), precommit(1, at, Some(1), 5)],
    );
    let mut invented = precommit(0, at, Some(2), 5);
    invented.1.signature[3] ^= 1;
    let mut stranger = precommit(2, at, Some(2), 5);
    stranger.0 = [9; 20];
    // Thousands of them, of this height and of heights that never come.
    for _ in 0..3 {
        book.add(1, vec![invented; 2_000]);
    }
    book.add(1, vec![invented, stranger, precommit(0, at, Some(3), 5)]);
    let dropped =
        (100..200).filter_map(|height| book.add(2, vec![precommit(0, (height, 0), Some(2), 5)]));
    // Each that has no room any more is named.
    assert_eq!(dropped.collect::<Vec<_>>(), (100..136).collect::<Vec<_>>());
    assert_eq!(book.waiting().len(), 1 + MAX_WAITING);
    let ComparedCommits { found, liars, .. } = book.compare((0, 7), &members(), CHAIN);
    assert_eq!((found.len(), liars), (1, vec![1; 4]));
    let kept: Vec<usize> = book.sources[&1]
        .checked
        .iter()
        .map(|one| one.votes.len())
        .collect();
    assert_eq!(kept, [1], "what nobody signed takes no room");
    // Nor does it let go of anything, so that nobody is told of a commit that came too late.
    for height in 1_000..1_040 {
        let mut invented = precommit(0, (height, 0), Some(2), 5);
        invented.1.signature[3] ^= 1;
        book.add(1, vec![invented]);
        book.compare((0, height), &members(), CHAIN);
    }
    assert_eq!(
        (book.sources[&1].checked.len(), book.sources[&1].dropped),
        (1, 0)
    );
    // Heights that went by go out of the room, and this one's is another source's.
    for height in 300..340 {
        book.add(1, vec![precommit(0, (height, 0), Some(2), 5)]);
        book.compare((0, height), &members(), CHAIN);
    }
    assert_eq!(book.sources[&1].checked.len(), MAX_CHECKED);
    book.add(3, vec![precommit(1, at, None, 5)]);
    let compared = book.compare((0, 7), &members(), CHAIN);
    // What the second source showed of it is gone, and that is said.
    assert_eq!((compared.found.len(), compared.late), (1, vec![3]));
    book.forget(199);
    assert_eq!(book.waiting(), (136..199).collect::<Vec<_>>());
}

#[test]
fn a_key_that_signs_hundreds_of_things_gives_one_statement_in_an_epoch_and_takes_the_room_of_one_vote()
 {
    let mut book = CommitBook::default();
    for height in 7..10 {
        let many = (0..200).map(|byte| precommit(0, (height, 0), Some(byte), 5));
        book.add(0, many.collect());
        let other = precommit(1, (height, 0), Some(1), 5);
        book.add(1, vec![precommit(0, (height, 0), None, 5), other]);
    }
    let mut found = Vec::new();
    for height in 7..10 {
        let more = book.compare((0, height), &members(), CHAIN);
        assert!(more.liars.is_empty());
        found.extend(more.found);
    }
    assert_eq!(found.len(), 1);
    assert!(
        book.sources[&0]
            .checked
            .iter()
            .all(|one| one.votes.len() == 1)
    );
    // Another key's is another case, and so is another epoch's; what is known of epochs that are over is let go of.
    for height in [9, 10] {
        let votes = [0, 1].map(|number| precommit(number, (height, 0), Some(9), 5));
        book.add(2, votes.to_vec());
    }
    assert_eq!(book.compare((0, 9), &members(), CHAIN).found.len(), 1);
    assert_eq!(book.compare((1, 10), &members(), CHAIN).found.len(), 0);
    book.add(3, vec![precommit(0, (10, 0), None, 5)]);
    assert_eq!(book.compare((1, 10), &members(), CHAIN).found.len(), 1);
    assert_eq!(book.given.len(), 3);
    book.release(1);
    assert_eq!(book.given.len(), 1);
}

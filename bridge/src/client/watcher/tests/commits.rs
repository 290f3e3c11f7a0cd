//! Two nodes' commits of one block.

use super::*;
use crate::proof::deployment::chain_id;
use crate::proof::vote::{self, Ballot, VoteStep, VotedBlock};
use crate::relay::watch::commits::NamedBallot;
use crate::relay::watch::statement::SignedBallot;

fn consensus_key(number: u16) -> ed25519_zebra::SigningKey {
    ed25519_zebra::SigningKey::from([number as u8 + 1; 32])
}

fn precommit(number: u16, byte: u8) -> NamedBallot {
    let block = VotedBlock {
        hash: [byte; 32],
        parts: 1,
        parts_hash: [byte; 32],
    };
    let ballot = Ballot {
        step: VoteStep::Precommit,
        height: 3,
        round: 0,
        block: Some(block),
        secs: 9,
        nanos: 0,
    };
    let bytes = ballot.sign_bytes(&chain_id(&DEPLOYMENT));
    let key = consensus_key(number);
    let signature = key.sign(&bytes).into();
    let own: [u8; 32] = ed25519_zebra::VerificationKey::from(&key).into();
    (vote::address(&own), SignedBallot { ballot, signature })
}

#[tokio::test]
async fn two_precommits_that_two_nodes_commits_show_of_one_key_are_a_case() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = root(0, Vec::new());
    let mut own = members();
    for (number, member) in (0..).zip(&mut own) {
        member.consensus_key = ed25519_zebra::VerificationKey::from(&consensus_key(number)).into();
    }
    chain.lock().expect("nobody panics").set = commitment(&own);
    let node = endpoint(&chain).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    let places = vec!["a node".to_owned(), "another".to_owned()];
    watcher.child = Arc::new(OneNode(places, Some(own)));
    let mut invented = precommit(0, 2);
    invented.1.signature[0] ^= 1;
    let commits = [
        (0, vec![precommit(0, 1), precommit(1, 1)]),
        (1, vec![invented, precommit(1, 2)]),
    ];
    for (node, votes) in commits {
        watcher.hear(ChildNews::Commit { node, votes }, &mut |_: &WatchNotice| {});
    }
    let said = looks(&mut watcher, 4).await;
    let found: Vec<_> = said
        .iter()
        .filter_map(|one| match one {
            WatchNotice::Found { subject, place, .. } => Some((*subject, place.as_str())),
            _ => None,
        })
        .collect();
    let offence = OffenceId {
        epoch: 0,
        operator: Address::repeat_byte(2),
    };
    assert_eq!(found, [(Subject::Offence(offence), "another")], "{said:?}");
    let lies =
        |one: &&WatchNotice| matches!(one, WatchNotice::Lie { place, .. } if place == "another");
    assert_eq!(said.iter().filter(lies).count(), 1, "{said:?}");
}

fn share(number: u16) -> DoubleStatement {
    DoubleStatement::Shares(Box::new(TwoShares {
        number,
        checkpoints: [checkpoint(0, 1), checkpoint(0, 2)],
        shares: [[0; 192]; 2],
    }))
}

#[tokio::test]
async fn what_is_handed_over_takes_a_bounded_room_of_its_place_and_what_is_left_out_is_said_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = endpoint(&root(0, Vec::new())).await;
    let mut first = watcher(&node, None, folder.path()).await;
    for number in (0..600).chain(0..600) {
        first.hand_over("a node", share(number));
    }
    first.hand_over("a file", share(9_999));
    assert_eq!(first.handed.len(), 512 + 1);
    let mut said = Vec::new();
    for number in [600, 1_200] {
        first.take_handed(&mut |notice: &WatchNotice| said.push(notice.clone()));
        for number in number..number + 600 {
            first.hand_over("a node", share(number));
        }
    }
    let left_out = |one: &WatchNotice| matches!(one, WatchNotice::Ignored { place, epoch: 1, .. } if place == "a node");
    assert_eq!(
        (said.len(), said.iter().all(left_out)),
        (1, true),
        "{said:?}"
    );
    // A restart leaves nothing out that waited.
    assert_eq!((first.docket.len(), first.handed.len()), (513, 512));
    assert!(first.save(&mut |_: &WatchNotice| {}));
    drop(first);
    let again = watcher(&node, None, folder.path()).await;
    assert_eq!((again.docket.len(), again.handed.len()), (513, 512));
}

/// A precommit of the first block of an epoch, which nobody signed.
fn of_epoch(epoch: u64) -> NamedBallot {
    let (voter, mut one) = precommit(0, 1);
    one.ballot.height = 1 + epoch * u64::from(EPOCH_BLOCKS);
    (voter, one)
}

#[tokio::test]
async fn commits_of_many_epochs_ask_the_second_endpoint_a_bounded_number_of_times_and_all_have_their_turn()
 {
    let folder = tempfile::tempdir().expect("a folder");
    let chains = [0, 1].map(|_| root(0, Vec::new()));
    for chain in &chains {
        for epoch in 0..60 {
            accepts(chain, &checkpoint(epoch, 1), 200);
        }
        chain.lock().expect("nobody panics").time = 100_000;
    }
    let (node, other) = (endpoint(&chains[0]).await, endpoint(&chains[1]).await);
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    looks(&mut watcher, 2).await;
    // Reports of these are closed; of the last ones no set is known.
    for epoch in 0..60 {
        let votes = vec![of_epoch(epoch)];
        let node = 0;
        watcher.hear(ChildNews::Commit { node, votes }, &mut |_: &WatchNotice| {});
    }
    let mut waiting = 60;
    for newest in 311..316 {
        for chain in &chains {
            chain.lock().expect("nobody panics").newest = newest;
        }
        let before = other.asked("eth_call");
        looks(&mut watcher, 1).await;
        let asked = other.asked("eth_call") - before;
        assert!((1..160).contains(&asked), "{asked}");
        let left = watcher.commits.waiting().len();
        assert!(waiting - left <= 16, "{waiting} {left}");
        waiting = left;
    }
    assert!(waiting < 3, "{waiting}");
}

//! Cases that rest on what root does not keep, or keeps no more.

use super::*;
use crate::proof::vote::{self, Ballot, VoteStep, VotedBlock};
use crate::relay::watch::statement::{SignedBallot, TwoCertificates, TwoVotes};

fn carried(number: u64) -> Bytes {
    let one = checkpoint(0, number);
    submission(&one, &certified(&one))
}

/// The states of the checkpoints that a case of two certificates names.
fn named(watcher: &Watcher<OneNode>) -> Vec<[U256; 2]> {
    let of = |case: &Case| match &case.evidence {
        CourtEvidence::Certificates(two) => {
            [&two.first, &two.second].map(|one| one.stateRoot.into())
        }
        _ => [U256::ZERO; 2],
    };
    watcher.cases.values().map(of).collect()
}

fn found(said: &[WatchNotice]) -> usize {
    let is = |one: &&WatchNotice| matches!(one, WatchNotice::Found { .. });
    said.iter().filter(is).count()
}

#[tokio::test]
async fn one_endpoint_alone_makes_no_case_of_a_checkpoint_that_the_other_one_does_not_keep() {
    let folder = tempfile::tempdir().expect("a folder");
    let (honest, liar) = (root(0, vec![carried(2)]), root(0, vec![carried(2)]));
    accepts(&honest, &checkpoint(0, 3), 290);
    accepts(&liar, &checkpoint(0, 1), 290);
    let (other, node) = (endpoint(&honest).await, endpoint(&liar).await);
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    let said = looks(&mut watcher, 20).await;
    assert_eq!((found(&said), watcher.kept.cases.len()), (0, 0), "{said:?}");
    let contradicts = |one: &WatchNotice| matches!(one, WatchNotice::Disagree { .. });
    assert!(said.iter().any(contradicts), "{said:?}");
    // It tells the truth from now on: the offence is found, and names what root keeps.
    accepts(&liar, &checkpoint(0, 3), 290);
    liar.lock().expect("nobody panics").branch = 1;
    honest.lock().expect("nobody panics").branch = 1;
    looks(&mut watcher, 20).await;
    assert_eq!(named(&watcher), [[U256::from(3), U256::from(2)]]);
    assert_eq!(watcher.kept.cases.len(), 1);
}

/// A share of a member whom a false case names is judged on its own while that case stands no more.
#[tokio::test]
async fn a_case_that_names_what_a_reorganisation_took_away_is_let_go_of_and_judged_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = root(0, vec![carried(2)]);
    accepts(&chain, &checkpoint(0, 1), 290);
    let node = endpoint(&chain).await;
    let mut first = watcher(&node, None, folder.path()).await;
    looks(&mut first, 20).await;
    assert_eq!(named(&first), [[U256::from(1), U256::from(2)]]);
    // Nothing is accepted: the case waits, is not sent, and keeps no other one out.
    {
        let mut chain = chain.lock().expect("nobody panics");
        (chain.accepted, chain.branch) = (0, 1);
        chain.acceptances.clear();
    }
    first.hand_over("a file", two_shares(2));
    let said = looks(&mut first, 20).await;
    let sent = |one: &&WatchNotice| {
        matches!(
            one,
            WatchNotice::WouldSend {
                subject: Subject::Certificates { .. },
                ..
            }
        )
    };
    assert_eq!(
        (said.iter().filter(sent).count(), found(&said)),
        (0, 1),
        "{said:?}"
    );
    assert_eq!(first.cases.len(), 2);
    drop(first);
    // Another one is accepted, and the block of the second certificate is far behind what was read. A restart knows all the same.
    accepts(&chain, &checkpoint(0, 3), 305);
    chain.lock().expect("nobody panics").submissions.clear();
    let mut second = watcher(&node, None, folder.path()).await;
    let said = looks(&mut second, 20).await;
    let dropped = |one: &WatchNotice| matches!(one, WatchNotice::Dropped { reason, .. } if reason.contains("judged anew"));
    assert!(said.iter().any(dropped), "{said:?}");
    let certificates = named(&second)
        .into_iter()
        .filter(|one| *one != [U256::ZERO; 2]);
    assert_eq!(
        certificates.collect::<Vec<_>>(),
        [[U256::from(3), U256::from(2)]]
    );
    assert_eq!(second.kept.cases.len(), 2);
}

/// The first endpoint alone says that root committed to another set: what nodes may not serve again is kept.
#[tokio::test]
async fn a_set_is_not_let_go_of_on_one_endpoints_word() {
    let folder = tempfile::tempdir().expect("a folder");
    let (honest, liar) = (root(0, Vec::new()), root(0, Vec::new()));
    let (other, node) = (endpoint(&honest).await, endpoint(&liar).await);
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    let rpc = Arc::clone(watcher.wallet.rpc());
    let found = watcher
        .find_set(&rpc, At::Latest, 1, &mut |_: &WatchNotice| {})
        .await;
    assert!(found.expect("root answers"));
    let mut false_set = members();
    false_set[0].power = 6;
    liar.lock().expect("nobody panics").set = commitment(&false_set);
    serves(&mut watcher, Some(false_set));
    for newest in 311..314 {
        for chain in [&honest, &liar] {
            chain.lock().expect("nobody panics").newest = newest;
        }
        looks(&mut watcher, 1).await;
        assert_eq!(watcher.members_of(1), members());
    }
}

#[tokio::test]
async fn a_set_that_root_did_not_commit_to_after_all_is_asked_for_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = root(0, Vec::new());
    let mut other = members();
    other[0].power = 6;
    chain.lock().expect("nobody panics").set = commitment(&other);
    let node = endpoint(&chain).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    serves(&mut watcher, Some(other.clone()));
    let rpc = Arc::clone(watcher.wallet.rpc());
    let mut say = |_: &WatchNotice| {};
    assert!(
        watcher
            .find_set(&rpc, At::Latest, 1, &mut say)
            .await
            .expect("root answers")
    );
    assert_eq!(watcher.members_of(1), other);
    chain.lock().expect("nobody panics").set = commitment(&members());
    serves(&mut watcher, Some(members()));
    // The other one is not used any more, and the look lets go of it.
    let found = watcher.find_set(&rpc, At::Latest, 1, &mut say).await;
    assert!(!found.expect("root answers"));
    chain.lock().expect("nobody panics").newest = 311;
    looks(&mut watcher, 1).await;
    let found = watcher.find_set(&rpc, At::Latest, 1, &mut say).await;
    assert!(found.expect("root answers"));
    assert_eq!(watcher.members_of(1), members());
}

#[test]
fn evidence_gives_back_the_statements_that_it_was_made_of() {
    let key = ed25519_zebra::SigningKey::from([5; 32]);
    let mut members = members();
    members[1].consensus_key = ed25519_zebra::VerificationKey::from(&key).into();
    let ballot = |byte: Option<u8>| {
        let ballot = Ballot {
            step: VoteStep::Prevote,
            height: 12,
            round: 3,
            block: byte.map(|byte| VotedBlock {
                hash: [byte; 32],
                parts: 2,
                parts_hash: [byte + 1; 32],
            }),
            secs: -7,
            nanos: 9,
        };
        let signature = key.sign(&ballot.sign_bytes("a chain")).into();
        SignedBallot { ballot, signature }
    };
    let votes = TwoVotes {
        voter: vote::address(&members[1].consensus_key),
        first: ballot(None),
        second: ballot(Some(4)),
    };
    let certificates = |first| TwoCertificates {
        checkpoints: [checkpoint(0, 1), checkpoint(0, 2)],
        first,
        second: certified(&checkpoint(0, 2)),
    };
    let all = [
        DoubleStatement::Votes(Box::new(votes)),
        two_shares(1),
        DoubleStatement::Certificates(Box::new(certificates(None))),
        DoubleStatement::Certificates(Box::new(certificates(Some(certified(&checkpoint(0, 1)))))),
    ];
    for statement in all {
        let evidence = CourtEvidence::of(&statement, &members).expect("evidence");
        let accused = report::accused(&members, 1, None).expect("a member");
        assert_eq!(evidence.statement(&accused, &DEPLOYMENT), Some(statement));
    }
}

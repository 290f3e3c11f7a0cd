//! What questions hold, where endpoints invent that it is free.

use alloy_sol_types::SolEvent;

use super::*;
use crate::client::watcher::folder::{KeptQuestion, KeptSending};
use crate::relay::challenges::DataTarget;
use endpoint::{Root, Says};

const TARGET: DataTarget = DataTarget::Segment {
    epoch: 0,
    block: 1,
    number: 0,
};
const PRICE: u64 = 1_000;

fn set(root: &Root, change: impl FnOnce(&mut Says)) {
    change(&mut root.lock().expect("nobody panics"));
}

fn paid_back(account: Address) -> alloy_primitives::LogData {
    let event = IDataChallenges::PaidBack {
        epoch: 0,
        challenger: account,
        kind: 1,
        place: 1,
        number: 0,
        amount: U256::from(PRICE),
    };
    event.encode_log_data()
}

fn question(is_ours: bool) -> KeptQuestion {
    KeptQuestion {
        target: TARGET,
        price: U256::from(PRICE),
        nonce: 6,
        is_ours,
    }
}

fn challenge(challenger: Address) -> IDataChallenges::Challenge {
    IDataChallenges::Challenge {
        challenger,
        deadline: 9_000,
        price: PRICE.into(),
    }
}

/// How many blocks it takes until nothing is held any more, at most `most`.
async fn frees(roots: &[&Root], watcher: &mut Watcher<OneNode>, most: u64) -> Option<u64> {
    for block in 0..most {
        if watcher.kept.asked.is_empty() {
            return Some(block);
        }
        for root in roots {
            set(root, |root| root.newest += 1);
        }
        looks(watcher, 2).await;
    }
    None
}

/// What root says is nobody's is free once its nonce is used, both endpoints say so, and blocks later still: neither one wrong answer, nor a question that can still be mined, frees anything.
#[tokio::test]
async fn what_was_sent_is_free_once_both_say_that_it_is_no_question_of_ours() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (accepted(), accepted());
    let (node, other) = (endpoint(&first).await, endpoint(&second).await);
    let mut own = watcher(&node, Some(&other), folder.path()).await;
    own.options.challenge_budget = 10_000;
    let account = own.wallet.address();
    let roots = [&first, &second];
    own.kept.asked = vec![KeptQuestion {
        nonce: 7,
        ..question(false)
    }];
    assert_eq!(frees(&roots, &mut own, 40).await, None, "it can be mined");
    own.kept.asked = vec![question(false)];
    set(&second, |root| {
        root.challenged.insert(TARGET, challenge(account));
    });
    assert_eq!(
        frees(&roots, &mut own, 80).await,
        None,
        "one says it is ours"
    );
    set(&second, |root| root.challenged.clear());
    assert!(frees(&roots, &mut own, 4).await.is_some());
    // One alone says so for blocks.
    let folder = tempfile::tempdir().expect("a folder");
    let mut alone = watcher(&node, None, folder.path()).await;
    alone.kept.asked = vec![question(false)];
    let blocks = frees(&[&first], &mut alone, 80).await;
    assert!(blocks.is_some_and(|blocks| blocks >= 32), "{blocks:?}");
    // What is ours holds what was paid in.
    alone.kept.asked = vec![KeptQuestion {
        price: U256::from(2 * PRICE),
        ..question(false)
    }];
    set(&first, |root| {
        root.challenged.insert(TARGET, challenge(account));
    });
    assert_eq!(frees(&[&first], &mut alone, 40).await, None);
    assert_eq!(alone.kept.asked, [question(true)]);
}

/// An event that one endpoint invents, or that is gone some blocks later, frees nothing, though the checkpoint is over.
#[tokio::test]
async fn what_was_paid_back_is_free_once_its_event_stands_for_both() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (accepted(), accepted());
    for root in [&first, &second] {
        set(root, |root| {
            accepts_more(root);
            root.finalized = 2;
        });
    }
    let (node, other) = (endpoint(&first).await, endpoint(&second).await);
    let mut own = watcher(&node, Some(&other), folder.path()).await;
    let account = own.wallet.address();
    let roots = [&first, &second];
    own.kept.asked = vec![question(true)];
    looks(&mut own, 1).await;
    set(&first, |root| {
        root.newest += 1;
        root.data_events.push((root.newest, paid_back(account)));
    });
    set(&second, |root| root.newest += 1);
    assert_eq!(frees(&roots, &mut own, 80).await, None);
    // Both tell it, and it stands there.
    for root in roots {
        set(root, |root| {
            root.newest += 1;
            root.data_events = vec![(root.newest, paid_back(account))];
        });
    }
    let blocks = frees(&roots, &mut own, 80).await;
    assert!(blocks.is_some_and(|blocks| blocks >= 32), "{blocks:?}");
    // With one endpoint it has to stand there still when it is looked at again.
    let folder = tempfile::tempdir().expect("a folder");
    let mut alone = watcher(&node, None, folder.path()).await;
    alone.kept.asked = vec![question(true)];
    set(&first, |root| {
        root.newest += 1;
        root.data_events = vec![(root.newest, paid_back(account))];
    });
    looks(&mut alone, 2).await;
    set(&first, |root| root.data_events.clear());
    assert_eq!(frees(&[&first], &mut alone, 80).await, None);
}

/// A second checkpoint, so that the first one is over once both are final.
fn accepts_more(root: &mut Says) {
    let mut next = root.acceptances[0].clone();
    next.epoch = 1;
    next.checkpoint.epoch = 1;
    next.digest = next.checkpoint.digest();
    next.block = 291;
    root.acceptances.push(next);
    root.accepted = 2;
}

/// A question of ours of which no event was read behind a start is known again by root's state.
#[tokio::test]
async fn a_question_of_ours_without_an_event_is_known_by_root_s_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    let node = endpoint(&chain).await;
    let mut own = watcher(&node, None, folder.path()).await;
    let account = own.wallet.address();
    own.kept.asked = vec![question(true)];
    set(&chain, |root| {
        root.challenged.insert(TARGET, challenge(account));
    });
    looks(&mut own, 2).await;
    let open = own.records.challenges().of(&TARGET);
    assert_eq!(open.map(|one| one.challenger), Some(account));
}

/// A transaction of ours about data that reverted in its block rests as one that root refused.
#[tokio::test]
async fn what_reverted_in_its_block_rests() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    let node = endpoint(&chain).await;
    let mut own = watcher(&node, None, folder.path()).await;
    let subject = Subject::Data { target: TARGET };
    for step in [ReportStep::Answer, ReportStep::Ask] {
        own.take_answer(TARGET, vec![1; 9].into());
        let sending = KeptSending {
            nonce: 7,
            subject,
            step: step.name().into(),
            hashes: Vec::new(),
            earlier: Vec::new(),
            most: U256::ZERO,
            alone: None,
        };
        let mut number = 310;
        let mut rests = Vec::new();
        for _ in 0..3 {
            own.reverted(&sending, number);
            let from = number;
            while own.patience.holds(subject, step, number) {
                number += 1;
            }
            rests.push(number - from);
        }
        assert_eq!(rests, [2, 4, 8]);
        assert_eq!(own.data_calls().is_empty(), step == ReportStep::Answer);
    }
}

/// The second endpoint is asked everything that a question rests on: whether the checkpoint can be void, as it was accepted, and the deadline.
#[tokio::test]
async fn no_question_is_sent_where_the_second_endpoint_says_another_thing() {
    let lies: [fn(&mut Says); 4] = [
        |_| {},
        |root| root.next_deadline += 1,
        |root| root.voidable = Some((0, 9)),
        |root| root.acceptances[0].time += 1,
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, second) = (accepted(), accepted());
        for root in [&first, &second] {
            set(root, |root| {
                root.time = 5_200;
                root.next_deadline = 6_200;
            });
        }
        set(&second, lie);
        let (node, other) = (endpoint(&first).await, endpoint(&second).await);
        let mut own = watcher(&node, Some(&other), folder.path()).await;
        own.still.waits(Duration::from_secs(3_600), || 5_200);
        own.data_answered_within(1_000);
        own.options.challenge_budget = 1 << 60;
        own.is_missing(0);
        own.take_missing(0, vec![TARGET]);
        own.data_withheld_since(0, 0);
        let mut said = Vec::new();
        for _ in 0..4 {
            for root in [&first, &second] {
                set(root, |root| root.newest += 1);
            }
            said.extend(looks(&mut own, 2).await);
        }
        let is_asked =
            |one: &WatchNotice| matches!(one, WatchNotice::WouldSend { step: "ask", .. });
        let is_told = |one: &WatchNotice| matches!(one, WatchNotice::Disagree { .. });
        assert_eq!(said.iter().any(is_asked), number == 0, "{number}: {said:?}");
        assert_eq!(said.iter().any(is_told), number != 0, "{number}: {said:?}");
    }
}

//! Challenges of data, by a root that invents, rewinds and moves on: nothing is paid for what does not stand there.

use alloy_sol_types::SolEvent;

use super::*;
use crate::client::watcher::challenges::DataNotice;
use crate::relay::challenges::{DataEvent, DataTarget};
use endpoint::Root;

const ASKER: Address = Address::repeat_byte(0xaa);
const PRICE: u64 = 1_000;

fn segment(block: u32) -> DataTarget {
    DataTarget::Segment {
        epoch: 0,
        block,
        number: 0,
    }
}

/// An event that somebody asks, and, if it `stands`, what the contract says of it.
fn asked(root: &Root, target: DataTarget, who: Address, deadline: u64, stands: bool) {
    let mut root = root.lock().expect("nobody panics");
    let IDataChallenges::Target {
        epoch,
        kind,
        place,
        number,
    } = target.into();
    let event = IDataChallenges::Challenged {
        epoch,
        challenger: who,
        kind,
        place,
        number,
        price: U256::from(PRICE),
        deadline,
    };
    root.data_events.push((300, event.encode_log_data()));
    if stands {
        let one = IDataChallenges::Challenge {
            challenger: who,
            deadline,
            price: PRICE.into(),
        };
        root.challenged.insert(target, one);
    }
}

/// Root with an accepted checkpoint, whose time is 5,000.
fn accepted() -> Root {
    let chain = root(0, Vec::new());
    accepts(&chain, &checkpoint(0, 1), 290);
    chain
}

fn set(root: &Root, change: impl FnOnce(&mut endpoint::Says)) {
    change(&mut root.lock().expect("nobody panics"));
}

/// What would be sent, in each of the next `blocks` blocks.
async fn sends(
    root: &Root,
    watcher: &mut Watcher<OneNode>,
    blocks: u64,
) -> Vec<(DataTarget, String)> {
    let mut all = Vec::new();
    for _ in 0..blocks {
        set(root, |root| root.newest += 1);
        for notice in looks(watcher, 2).await {
            if let WatchNotice::WouldSend {
                subject: Subject::Data { target },
                step,
                ..
            } = notice
            {
                all.push((target, step.to_owned()));
            }
        }
    }
    all
}

fn call(number: u8) -> Bytes {
    vec![number; 9].into()
}

async fn opened(chain: &Root, folder: &std::path::Path) -> (Node, Watcher<OneNode>) {
    let node = endpoint(chain).await;
    let mut own = watcher(&node, None, folder).await;
    own.data_answered_within(1_000);
    looks(&mut own, 2).await;
    (node, own)
}

#[tokio::test]
async fn an_answer_is_sent_for_what_root_says_is_open_and_for_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    asked(&chain, segment(1), ASKER, 5_900, false);
    asked(&chain, segment(2), ASKER, 5_800, true);
    let (_node, mut own) = opened(&chain, folder.path()).await;
    own.take_answer(segment(1), call(1));
    assert_eq!(sends(&chain, &mut own, 5).await, []);
    own.take_answer(segment(2), call(2));
    // It costs more than it brings at a base fee of one wei, and half of A is not over.
    assert_eq!(sends(&chain, &mut own, 8).await, []);
    set(&chain, |root| root.time = 5_400);
    let sent = sends(&chain, &mut own, 1).await;
    assert_eq!(sent, [(segment(2), "answer".to_owned())]);
    // Answered on root, it is over, whoever answered.
    set(&chain, |root| {
        let one = root.challenged.get_mut(&segment(2)).expect("it stands");
        one.deadline = 0;
    });
    assert_eq!(sends(&chain, &mut own, 9).await, []);
}

#[tokio::test]
async fn the_most_urgent_answer_goes_first_and_a_void_checkpoint_is_not_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    for (block, deadline) in [(1, 5_500), (2, 5_300), (3, 5_400)] {
        asked(&chain, segment(block), ASKER, deadline, true);
    }
    let (_node, mut own) = opened(&chain, folder.path()).await;
    for block in 1..=3 {
        own.take_answer(segment(block), call(1));
    }
    let sent = sends(&chain, &mut own, 3).await;
    let order: Vec<DataTarget> = sent.iter().map(|(target, _)| *target).collect();
    assert_eq!(order, [segment(2), segment(3), segment(1)]);
    set(&chain, |root| root.finalized = 1);
    assert_eq!(sends(&chain, &mut own, 9).await, []);
}

#[tokio::test]
async fn what_a_reorganisation_takes_away_is_not_answered_any_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    asked(&chain, segment(1), ASKER, 5_300, true);
    let (_node, mut own) = opened(&chain, folder.path()).await;
    assert_eq!(own.records.challenges().open().count(), 1);
    set(&chain, |root| {
        root.branch = 1;
        root.data_events.clear();
        root.challenged.clear();
    });
    own.take_answer(segment(1), call(1));
    assert_eq!(sends(&chain, &mut own, 5).await, []);
    assert_eq!(own.records.challenges().open().count(), 0);
    assert!(own.data_calls().is_empty());
}

/// A checkpoint is made void by what nobody shows, and never while somebody has the answer, or while it was not looked for.
#[tokio::test]
async fn what_nobody_answers_expires_behind_the_deadline_and_not_for_want_of_looking() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    asked(&chain, segment(1), ASKER, 5_300, true);
    let (_node, mut own) = opened(&chain, folder.path()).await;
    let mut said = Vec::new();
    set(&chain, |root| root.time = 5_301);
    assert_eq!(sends(&chain, &mut own, 6).await, []);
    for _ in 0..4 {
        assert_eq!(sends(&chain, &mut own, 1).await, []);
        own.no_answer(
            segment(1),
            "none has it".into(),
            &mut |notice: &WatchNotice| {
                said.push(notice.clone());
            },
        );
    }
    assert_eq!(said.len(), 1, "it is said once: {said:?}");
    set(&chain, |root| root.time = 5_300);
    assert_eq!(sends(&chain, &mut own, 6).await, []);
    set(&chain, |root| root.time = 5_301);
    let sent = sends(&chain, &mut own, 6).await;
    assert_eq!(sent[0], (segment(1), "expire".to_owned()));
    own.take_answer(segment(1), call(1));
    let sent = sends(&chain, &mut own, 1).await;
    assert_eq!(sent, [(segment(1), "answer".to_owned())]);
}

#[tokio::test]
async fn its_own_money_comes_back_once_the_checkpoint_can_not_be_void_any_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    let (_node, mut own) = opened(&chain, folder.path()).await;
    let account = own.wallet.address();
    for (block, who) in [(1, account), (2, ASKER)] {
        asked(&chain, segment(block), who, 9_000, true);
    }
    set(&chain, |root| {
        for (block, _) in &mut root.data_events {
            *block = 312;
        }
    });
    assert_eq!(sends(&chain, &mut own, 6).await, []);
    set(&chain, |root| root.finalized = 1);
    let sent = sends(&chain, &mut own, 1).await;
    assert_eq!(sent, [(segment(1), "refund".to_owned())]);
}

/// What nobody shows is asked for behind the patience, in time, within the sum, the first parts of blocks first, and not on top of a long backlog.
#[tokio::test]
async fn questions_are_asked_with_patience_in_time_and_within_their_sum() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    let (_node, mut own) = opened(&chain, folder.path()).await;
    let second = DataTarget::Segment {
        epoch: 0,
        block: 1,
        number: 4,
    };
    let missing = vec![second, segment(7), segment(3)];
    own.is_missing(0);
    own.take_missing(0, missing.clone());
    // C is 6,400 seconds since 4,990: its patience is a hundred.
    set(&chain, |root| {
        root.time = 5_200;
        root.next_deadline = 6_200;
    });
    assert_eq!(sends(&chain, &mut own, 2).await, [], "no sum is named");
    own.options.challenge_budget = 1_249;
    set(&chain, |root| root.newest += 1);
    let said = looks(&mut own, 2).await;
    let over = |one: &&WatchNotice| matches!(one, WatchNotice::Data(DataNotice::OverBudget { price, left, .. }) if price.to::<u64>() == 1_250 && left.to::<u64>() == 1_249);
    assert_eq!(said.iter().filter(over).count(), 1, "{said:?}");
    own.options.challenge_budget = 1_250;
    own.data_withheld_since(0, 5_101);
    assert_eq!(sends(&chain, &mut own, 2).await, [], "it is too early");
    own.data_withheld_since(0, 5_100);
    set(&chain, |root| root.next_deadline = 6_701);
    assert_eq!(
        sends(&chain, &mut own, 2).await,
        [],
        "the backlog is half of A"
    );
    set(&chain, |root| root.next_deadline = 6_700);
    let sent = sends(&chain, &mut own, 1).await;
    assert_eq!(
        sent,
        [segment(3), segment(7)].map(|one| (one, "ask".to_owned()))
    );
    // In a dry run nothing is held. What somebody else asked for is not asked for again.
    assert!(own.kept.asked.is_empty());
    let one = IDataChallenges::Challenge {
        challenger: ASKER,
        ..Default::default()
    };
    set(&chain, |root| {
        root.challenged.insert(segment(3), one);
    });
    let sent = sends(&chain, &mut own, 4).await;
    assert_eq!(sent, [(second, "ask".to_owned())]);
    set(&chain, |root| root.time = 4_990 + 6_400 - 11);
    assert_eq!(
        sends(&chain, &mut own, 9).await,
        [],
        "C is over with the next block"
    );
    // All of it is there: nothing is asked for.
    own.take_missing(0, Vec::new());
    assert!(own.withheld_epochs().is_empty());
}

#[tokio::test]
async fn what_is_asked_for_and_answered_is_told_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    asked(&chain, segment(1), ASKER, 5_300, true);
    let node = endpoint(&chain).await;
    let mut own = watcher(&node, None, folder.path()).await;
    let mut said = looks(&mut own, 3).await;
    set(&chain, |root| {
        let event = IDataChallenges::Answered {
            epoch: 0,
            answerer: ASKER,
            kind: 1,
            place: 1,
            number: 0,
            paid: U256::from(2),
        };
        root.newest += 1;
        root.data_events
            .push((root.newest, event.encode_log_data()));
    });
    said.extend(looks(&mut own, 3).await);
    let events = said.iter().filter_map(|one| match one {
        WatchNotice::Data(DataNotice::Root(event)) => Some(event),
        _ => None,
    });
    let events: Vec<_> = events.collect();
    let target = segment(1);
    assert_eq!(
        events,
        [
            &DataEvent::Asked {
                target,
                challenger: ASKER,
                price: U256::from(PRICE),
                deadline: 5_300,
            },
            &DataEvent::Answered {
                target,
                answerer: ASKER,
                paid: U256::from(2),
            },
        ]
    );
}

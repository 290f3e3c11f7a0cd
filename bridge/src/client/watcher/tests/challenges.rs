//! Challenges of data, by a root that invents, rewinds and moves on: nothing is paid for what does not stand there.

use alloy_sol_types::SolEvent;

use super::*;
use crate::client::wallet::tests::node::Said;
use crate::client::watcher::challenges::DataNotice;
use crate::relay::challenges::{DataEvent, DataTarget, fixture};
use endpoint::{GWEI, Root};

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
    let event = fixture::challenged(target, who, U256::from(PRICE), deadline);
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
    set(&chain, |root| root.time = 5_600);
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
    // Twenty blocks of root are 240 seconds.
    set(&chain, |root| root.time = 5_280);
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
    let gwei = |number: u64| u128::from(number * GWEI);
    own.options.challenge_budget = gwei(1_249);
    set(&chain, |root| root.newest += 1);
    let said = looks(&mut own, 2).await;
    let over = |one: &&WatchNotice| matches!(one, WatchNotice::Data(DataNotice::OverBudget { price, left, .. }) if price.to::<u64>() == 1_250 * GWEI && left.to::<u64>() == 1_249 * GWEI);
    assert_eq!(said.iter().filter(over).count(), 1, "{said:?}");
    own.options.challenge_budget = gwei(1_250);
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
    let mut first = [segment(3), segment(7)];
    first.sort_by_key(|one| one.place_of(&own.options.beneficiary));
    assert_eq!(sent, first.map(|one| (one, "ask".to_owned())));
    // In a dry run nothing is held. What somebody else asked for is not asked for again.
    assert!(own.kept.asked.is_empty());
    let one = IDataChallenges::Challenge {
        challenger: ASKER,
        ..Default::default()
    };
    set(&chain, |root| {
        root.challenged.insert(first[0], one.clone());
        root.challenged.insert(first[1], one);
    });
    let sent = sends(&chain, &mut own, 40).await;
    assert_eq!(sent, [(second, "ask".to_owned())]);
    set(&chain, |root| root.time = 4_990 + 6_400 - 11);
    assert_eq!(
        sends(&chain, &mut own, 9).await,
        [],
        "C is over with the next block"
    );
    // That nothing is missing is no word that it is sound.
    own.take_missing(0, Vec::new());
    assert_eq!(own.withheld_epochs(), [0]);
    own.is_shown(0);
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
        let event = fixture::answered(segment(1), ASKER, U256::from(2));
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

fn answered(block: u32) -> alloy_primitives::LogData {
    fixture::answered(segment(block), ASKER, U256::from(2)).encode_log_data()
}

fn shown(block: u32, epoch: u64, call: Bytes) -> alloy_primitives::LogData {
    let event = IDataChallenges::Shown {
        epoch,
        kind: 1,
        place: block,
        number: 0,
        call,
    };
    event.encode_log_data()
}

/// Whatever else stands in the block of an answer, and whatever its calldata is: it is read from its own event. One that an endpoint does not give keeps no other one back, is told of once, and is read as soon as it is given.
#[tokio::test]
async fn an_answer_is_read_from_its_event_and_one_that_is_not_given_rests_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    let (_node, mut own) = opened(&chain, folder.path()).await;
    let mut dialogue = own.dialogue().expect("the first one");
    own.is_missing(0);
    set(&chain, |root| {
        root.data_events.extend([
            (311, answered(1)),
            (312, answered(2)),
            (312, shown(3, 0, call(9))),
            (312, shown(2, 7, call(8))),
            (312, shown(2, 0, call(2))),
        ]);
        root.newest = 313;
        root.untold
            .insert(311, Said::Error("more than may be asked for"));
    });
    let mut said = looks(&mut own, 2).await;
    for _ in 0..3 {
        set(&chain, |root| root.newest += 1);
        said.extend(looks(&mut own, 2).await);
    }
    let (target, block) = (segment(1), 311);
    let hidden = |one: &&WatchNotice| matches!(one, WatchNotice::Data(DataNotice::Hidden { target: told, block: at }) if (*told, *at) == (target, block));
    assert_eq!(said.iter().filter(hidden).count(), 1, "{said:?}");
    let read = dialogue.answers.try_recv().expect("it is given");
    assert_eq!((read.target, read.call), (segment(2), call(2)));
    dialogue
        .answers
        .try_recv()
        .expect_err("the other one is not");
    set(&chain, |root| {
        root.untold.clear();
        root.data_events.push((311, shown(1, 0, call(1))));
    });
    let read = loop {
        set(&chain, |root| root.newest += 1);
        looks(&mut own, 1).await;
        if let Ok(read) = dialogue.answers.try_recv() {
            break read;
        }
    };
    assert_eq!((read.target, read.call), (segment(1), call(1)));
    for _ in 0..3 {
        set(&chain, |root| root.newest += 1);
        looks(&mut own, 1).await;
    }
    dialogue.answers.try_recv().expect_err("each is told once");
}

/// Several watchers take different answers, and what somebody else has in the pool is left to it while another one is open; in the last moment nothing waits.
#[tokio::test]
async fn watchers_spread_over_answers_and_pass_over_what_the_pool_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    let all: Vec<DataTarget> = (1..=8).map(segment).collect();
    for target in &all {
        asked(&chain, *target, ASKER, 5_500, true);
    }
    let (_node, mut own) = opened(&chain, folder.path()).await;
    for target in &all {
        own.take_answer(*target, call(1));
    }
    let mut order = all.clone();
    order.sort_by_key(|one| one.place_of(&own.options.beneficiary));
    let mut other = all.clone();
    other.sort_by_key(|one| one.place_of(&Address::repeat_byte(0x77)));
    assert_ne!(order, other);
    // Behind half of A and every turn, and more than 20 blocks before the deadline.
    set(&chain, |root| {
        root.time = 5_250;
        root.pool_answers = vec![order[0]];
    });
    own.data_answered_within(4_000);
    let sent = sends(&chain, &mut own, 1).await;
    assert_eq!(sent[0], (order[1], "answer".to_owned()));
    // It is in the pool for longer than others wait.
    let sent = sends(&chain, &mut own, 5).await;
    assert!(sent.contains(&(order[0], "answer".to_owned())), "{sent:?}");
    let folder = tempfile::tempdir().expect("a folder");
    set(&chain, |root| root.pool_answers = all.clone());
    let (_node, mut own) = opened(&chain, folder.path()).await;
    for target in &all {
        own.take_answer(*target, call(1));
    }
    set(&chain, |root| root.time = 5_490);
    assert_eq!(
        sends(&chain, &mut own, 1).await[0],
        (all[0], "answer".to_owned())
    );
}

/// What an endpoint invents takes no room for long: neither the answer to it nor its place among what is asked.
#[tokio::test]
async fn what_root_does_not_bear_out_is_let_go_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    asked(&chain, segment(1), ASKER, 5_100, false);
    let (_node, mut own) = opened(&chain, folder.path()).await;
    own.take_answer(segment(1), call(1));
    let mut blocks = 0;
    while own.records.challenges().open().count() > 0 {
        assert_eq!(sends(&chain, &mut own, 1).await, []);
        blocks += 1;
        assert!(blocks < 100, "it is kept for ever");
    }
    assert!(blocks > 2, "one answer that is wrong has nothing forgotten");
    set(&chain, |root| root.newest += 1);
    looks(&mut own, 1).await;
    assert!(own.data_calls().is_empty());
    // Where calls are full, those with the latest deadlines give way.
    set(&chain, |root| root.data_events.clear());
    for block in 0..9 {
        asked(
            &chain,
            segment(block),
            ASKER,
            9_000 - u64::from(block),
            true,
        );
    }
    for number in 0..60 {
        let target = DataTarget::Leaf {
            epoch: 0,
            index: number,
        };
        asked(&chain, target, ASKER, 8_000, true);
    }
    set(&chain, |root| {
        root.newest += 1;
        for (block, _) in &mut root.data_events {
            *block = root.newest;
        }
    });
    looks(&mut own, 1).await;
    for block in 0..9 {
        own.take_answer(segment(block), call(1));
    }
    for index in 0..60 {
        own.take_answer(DataTarget::Leaf { epoch: 0, index }, call(2));
    }
    let left: Vec<DataTarget> = own.data_calls().keys().copied().collect();
    assert_eq!(left.len(), 64);
    let kept = left
        .iter()
        .filter(|one| matches!(one, DataTarget::Segment { .. }));
    assert!(kept.copied().eq((5..9).map(segment)), "{left:?}");
}

/// A number that no chain reaches costs a look no more than what is known.
#[tokio::test]
async fn an_endpoint_that_says_that_all_epochs_are_accepted_stops_no_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    let (_node, mut own) = opened(&chain, folder.path()).await;
    set(&chain, |root| {
        root.accepted = 1 << 63;
        root.newest += 1;
    });
    looks(&mut own, 2).await;
    own.accepted = 1 << 63;
    own.publish(false);
    assert_eq!(own.accepted().borrow().acceptances.len(), 1);
}

/// A quarter of a budget is left for proofs and urgent answers by all other steps about data, and half of that by urgent answers too: a flood of them leaves a proof its gas.
#[tokio::test]
async fn a_part_of_the_budget_is_kept_for_what_is_urgent() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    asked(&chain, segment(1), ASKER, 5_900, true);
    let (_node, mut own) = opened(&chain, folder.path()).await;
    own.options.budget = Some(1_000);
    let kept = |time, step| {
        let now = RootMoment { number: 311, time };
        let subject = Subject::Data { target: segment(1) };
        own.kept_back((subject, step), &now).to::<u64>()
    };
    assert_eq!(kept(5_000, ReportStep::Answer), 250);
    assert_eq!(kept(5_899, ReportStep::Answer), 125);
    assert_eq!(kept(5_000, ReportStep::Expire), 0);
    assert_eq!(kept(5_899, ReportStep::Refund), 250);
    let subject = Subject::Checkpoint { epoch: 0 };
    let now = RootMoment {
        number: 311,
        time: 5_000,
    };
    assert_eq!(
        own.kept_back((subject, ReportStep::Prove), &now),
        U256::ZERO
    );
}

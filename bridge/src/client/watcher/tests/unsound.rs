//! Findings about accepted checkpoints: none is lost, all are said, and one that root refuses gives way to the next.

use super::*;
use crate::client::watcher::unsound::{MAX_UNSOUND, UnsoundCheckpoint};

const LARGE: usize = 200 << 10;

fn found(record: B256, height: u64, bytes: usize) -> UnsoundCheckpoint {
    UnsoundCheckpoint {
        epoch: 0,
        record,
        rule: "L4".into(),
        reason: "L4: the state".into(),
        height,
        call: Some(vec![height as u8; bytes].into()),
    }
}

/// Hands it over, and gives whether it is said, and said to be provable.
fn hands_over(watcher: &mut Watcher<OneNode>, one: UnsoundCheckpoint) -> Option<bool> {
    let mut said = None;
    watcher.accuse_checkpoint(one, &mut |notice: &WatchNotice| match notice {
        WatchNotice::Broken { is_provable, .. } => said = Some(*is_provable),
        other => panic!("{other:?}"),
    });
    said
}

#[tokio::test]
async fn a_finding_stays_while_roots_word_is_not_known_and_one_of_another_word_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    let node = endpoint(&chain).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    let record = chain.lock().expect("nobody panics").acceptances[0].record();
    // Root is not read yet.
    assert_eq!(hands_over(&mut watcher, found(record, 3, 100)), Some(true));
    assert!(watcher.proof_of(0).is_none());
    looks(&mut watcher, 2).await;
    assert!(watcher.proof_of(0).is_some());
    // It is compared again: that drops nothing, neither what is kept nor what comes meanwhile.
    watcher.records.doubt(0);
    assert_eq!(hands_over(&mut watcher, found(record, 4, 100)), Some(true));
    assert_eq!(watcher.kept.unsound.len(), 2);
    looks(&mut watcher, 1).await;
    assert!(watcher.proof_of(0).is_some());
    let other = found(B256::repeat_byte(7), 5, 100);
    assert_eq!(hands_over(&mut watcher, other), None);
    // The same is said once.
    assert_eq!(hands_over(&mut watcher, found(record, 4, 100)), None);
}

#[tokio::test]
async fn what_is_found_of_a_word_that_root_leaves_is_said_when_root_goes_back_to_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    let node = endpoint(&chain).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    looks(&mut watcher, 2).await;
    let record = chain.lock().expect("nobody panics").acceptances[0].record();
    let elsewhere = B256::repeat_byte(7);
    for height in 0..2 * MAX_UNSOUND as u64 {
        let mut one = found(elsewhere, height, 9);
        // Of what is put aside too, that which can be proven goes first.
        one.call = one.call.filter(|_| height % 2 == 1);
        assert_eq!(hands_over(&mut watcher, one), None);
    }
    assert_eq!(watcher.elsewhere.len(), MAX_UNSOUND);
    assert!(watcher.elsewhere.iter().all(|one| one.call.is_some()));
    watcher.elsewhere.truncate(1);
    // As long as root keeps the other word nothing is said, and nothing let go of.
    let is_broken = |one: &WatchNotice| matches!(one, WatchNotice::Broken { .. });
    assert!(!looks(&mut watcher, 2).await.iter().any(is_broken));
    // Root goes back.
    watcher.elsewhere[0].record = record;
    let said = looks(&mut watcher, 2).await;
    assert_eq!(said.iter().filter(|one| is_broken(one)).count(), 1);
    assert!(watcher.elsewhere.is_empty() && watcher.proof_of(0).is_some());
    // What became final meanwhile is let go of.
    assert_eq!(hands_over(&mut watcher, found(elsewhere, 1, 9)), None);
    watcher.checkpoints_over.finalized = 1;
    watcher.accuse_returned(&mut |_: &WatchNotice| {});
    assert!(watcher.elsewhere.is_empty());
}

#[tokio::test]
async fn what_no_call_shows_is_said_and_proofs_follow_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    let node = endpoint(&chain).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    let record = chain.lock().expect("nobody panics").acceptances[0].record();
    looks(&mut watcher, 2).await;
    let large = found(record, 1, LARGE);
    assert_eq!(hands_over(&mut watcher, large), Some(false));
    let bare = UnsoundCheckpoint {
        call: None,
        ..found(record, 2, 0)
    };
    assert_eq!(hands_over(&mut watcher, bare), Some(false));
    assert!(watcher.proof_of(0).is_none());
    for height in 3..12 {
        assert_eq!(
            hands_over(&mut watcher, found(record, height, 9)),
            Some(true)
        );
    }
    // What is not provable took no room from what is.
    let mut sent = std::collections::BTreeSet::new();
    for _ in 0..4 {
        sent.insert(watcher.proof_of(0).expect("a proof").data);
        watcher.prove_otherwise(0);
    }
    assert_eq!(sent.len(), 4);
    assert!(sent.contains(&watcher.proof_of(0).expect("a proof").data));
}

fn proves(said: &[WatchNotice]) -> bool {
    let is = |one: &WatchNotice| matches!(one, WatchNotice::WouldSend { step: "prove", .. });
    said.iter().any(is)
}

/// Of several watchers mostly one pays: each begins in a block of its own, and none sends what is in the pool already. A pool is nobody's word, so that ends soon.
#[tokio::test]
async fn a_proof_lets_others_go_first_by_a_few_blocks_and_waits_for_none_where_time_is_short() {
    for (is_urgent, in_pool) in [(false, false), (false, true), (true, true)] {
        let folder = tempfile::tempdir().expect("a folder");
        let chain = accepted();
        if in_pool {
            chain.lock().expect("nobody panics").pool_standing = Some(0);
        }
        let node = endpoint(&chain).await;
        let mut watcher = watcher(&node, None, folder.path()).await;
        if is_urgent {
            watcher.window_secs = 500;
        }
        let record = chain.lock().expect("nobody panics").acceptances[0].record();
        looks(&mut watcher, 2).await;
        hands_over(&mut watcher, found(record, 3, 100));
        let subject = Subject::Checkpoint { epoch: 0 };
        let stagger = subject.stagger(&watcher.times, &watcher.options.beneficiary);
        assert!(
            (1..=3).contains(&stagger),
            "{stagger}: this key would not be the first one"
        );
        let waits = match (is_urgent, in_pool) {
            (true, _) => 0,
            (false, false) => stagger,
            (false, true) => stagger + 3,
        };
        for number in 310..=310 + waits {
            chain.lock().expect("nobody panics").newest = number;
            let said = looks(&mut watcher, 2).await;
            assert_eq!(proves(&said), number == 310 + waits, "{number}: {said:?}");
        }
    }
}

/// What nobody shows is said once, and again each time that half of what was left is over.
#[tokio::test]
async fn what_is_withheld_is_said_again_as_the_time_runs_out_and_not_at_each_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    let node = endpoint(&chain).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    looks(&mut watcher, 2).await;
    let mut said = Vec::new();
    for time in (5_000..105_000).step_by(1_000) {
        watcher.root_time = time;
        for reason in ["nobody answers", "nobody answers in time"] {
            let news = ChildNews::Withheld {
                epoch: 0,
                reason: reason.into(),
            };
            watcher.hear(news, &mut |notice: &WatchNotice| match notice {
                WatchNotice::Withheld { final_in, .. } => said.push(*final_in),
                other => panic!("{other:?}"),
            });
        }
    }
    assert_eq!(said, [99_990, 49_990, 24_990, 11_990, 5_990, 2_990, 990]);
    watcher.hear(ChildNews::Sound { epoch: 0 }, &mut |_: &WatchNotice| {});
    assert!(watcher.withheld.is_empty());
}

/// What is not done is said once half of the window is over, and again as the time runs out; what is said to be withheld is not said twice.
#[tokio::test]
async fn what_is_behind_is_said_from_half_of_the_window_on_and_what_is_missed_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    let node = endpoint(&chain).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    looks(&mut watcher, 2).await;
    let checkpoint = UnfinishedCheckpoint {
        epoch: 0,
        is_judged: true,
        is_executed: false,
    };
    let mut said = Vec::new();
    let mut hears = |watcher: &mut Watcher<OneNode>| {
        let news = ChildNews::Behind(checkpoint);
        watcher.hear(news, &mut |notice: &WatchNotice| match notice {
            WatchNotice::Behind { final_in, .. } => said.push(*final_in),
            other => panic!("{other:?}"),
        });
    };
    for time in (5_000..105_000).step_by(1_000) {
        watcher.root_time = time;
        hears(&mut watcher);
    }
    watcher.behind.clear();
    watcher.withheld.insert(0, 1);
    hears(&mut watcher);
    assert!(watcher.behind.is_empty());
    assert_eq!(said, [49_990, 24_990, 11_990, 5_990, 2_990, 990]);
    let mut missed = Vec::new();
    let news = ChildNews::Missed(checkpoint);
    watcher.hear(news, &mut |notice: &WatchNotice| match notice {
        WatchNotice::Missed(told) => missed.push(*told),
        other => panic!("{other:?}"),
    });
    assert_eq!(missed, [checkpoint]);
}

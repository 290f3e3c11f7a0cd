//! In which order checkpoints are judged and executed, what is said of those that are late, and that a fault of this program ends no judging.

use std::sync::atomic::{AtomicU32, Ordering};

use plasmid_bridge::client::watcher::UnfinishedCheckpoint;

use super::*;
use harness::JudgeHarness;

pub(super) mod harness;

/// What was told of which epoch, in this order.
fn named(told: &[ChildNews]) -> Vec<(&'static str, u64)> {
    let of = |one: &ChildNews| match one {
        ChildNews::Withheld { epoch, .. } => Some(("withheld", *epoch)),
        ChildNews::Unsound(found) => Some(("unsound", found.epoch)),
        ChildNews::Missed(one) => Some(("missed", one.epoch)),
        _ => None,
    };
    told.iter().filter_map(of).collect()
}

fn troubles(told: &[ChildNews]) -> Vec<&str> {
    let troubles = told.iter().filter_map(|one| match one {
        ChildNews::Trouble(text) => Some(text.as_str()),
        _ => None,
    });
    troubles.collect()
}

#[tokio::test]
async fn the_oldest_checkpoint_is_judged_and_executed_before_anything_else_is_judged() {
    // A watcher that begins where a whole window is open, in whose oldest checkpoint two thirds minted. No node shows leaves, so that each has its turn.
    let mut harness = JudgeHarness::new(36, Some(0));
    harness.forget_judged();
    assert!(!harness.judges().await);
    let told = named(&harness.told());
    assert_eq!(
        told[..3],
        [("withheld", 0), ("unsound", 0), ("withheld", 1)]
    );
    let withheld = told.iter().filter(|(what, _)| *what == "withheld");
    let order: Vec<u64> = withheld.map(|(_, epoch)| *epoch).collect();
    assert_eq!(order, (0..36).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_root_says_meanwhile_is_looked_at_before_the_next_turn() {
    let mut harness = JudgeHarness::new(3, None);
    harness.forget_judged();
    harness.says_more();
    assert!(!harness.judges().await);
    assert_eq!(named(&harness.told()), [("withheld", 0)]);
    // The others have theirs first in what follows.
    harness.judge.accepted.borrow_and_update();
    assert!(!harness.judges().await);
    assert_eq!(named(&harness.told()), [("withheld", 1), ("withheld", 2)]);
}

#[tokio::test]
async fn what_becomes_final_before_it_is_judged_and_executed_is_said() {
    let mut harness = JudgeHarness::new(5, None);
    harness.judge.rules.judge = |_, _, _| Vec::new();
    // Of one nothing is read, so that none behind it can be executed; another one is not judged.
    for (place, is_over) in [(1, true), (2, false)] {
        let own = name(&harness.now.acceptances[place]);
        let progress = harness.judge.progress.entry(own).or_default();
        progress.blocks.clear();
        progress.is_over = is_over;
    }
    let left = |epoch, is_judged| UnfinishedCheckpoint {
        epoch,
        is_judged,
        is_executed: false,
    };
    for _ in 0..2 {
        assert!(!harness.judges().await);
        let told = harness.told();
        let behind = told.iter().filter_map(|one| match one {
            ChildNews::Behind(one) => Some(*one),
            _ => None,
        });
        // The first one is done; each look says the same of the others.
        let behind: BTreeSet<(u64, bool)> = behind.map(|one| (one.epoch, one.is_judged)).collect();
        let wanted = [(1, true), (2, false), (3, true), (4, true)];
        assert_eq!(behind, BTreeSet::from(wanted));
    }
    // What one endpoint alone says is not said, and of what is final nothing is said twice.
    harness.now.finalized = 4;
    let both = [left(1, true), left(2, false), left(3, true)];
    for (finalized, wanted) in [(0, &[][..]), (4, &both[..]), (4, &[][..])] {
        harness.now.over.finalized = finalized;
        harness.judges().await;
        let told = harness.told();
        let missed = told.iter().filter_map(|one| match one {
            ChildNews::Missed(one) => Some(*one),
            _ => None,
        });
        assert_eq!(missed.collect::<Vec<_>>(), wanted);
    }
    // Of what is void nothing is said.
    harness.judge.open.note(4, Some(left(4, false)));
    harness.now.over.void_from = Some(4);
    harness.now.acceptances.truncate(4);
    harness.judges().await;
    harness.now.over.finalized = 5;
    harness.judges().await;
    assert_eq!(named(&harness.told()), []);
}

#[tokio::test]
async fn a_checkpoint_in_which_something_was_found_is_not_said_to_be_behind_or_missed() {
    let mut harness = JudgeHarness::new(1, Some(0));
    harness.judges().await;
    (harness.now.finalized, harness.now.over.finalized) = (1, 1);
    harness.judges().await;
    let told = harness.told();
    let is_late = |one: &&ChildNews| matches!(one, ChildNews::Behind(_) | ChildNews::Missed(_));
    assert_eq!(told.iter().filter(is_late).count(), 0);
    assert_eq!(named(&told), [("unsound", 0)]);
}

#[tokio::test]
async fn what_the_state_was_carried_over_is_executed_whatever_is_not_known_for_a_moment() {
    let mut harness = JudgeHarness::new(4, None);
    assert!(harness.judges().await);
    let all = harness.now.acceptances.clone();
    // Root's words are missing for a moment: nothing of what is judged is let go of.
    harness.now.acceptances.clear();
    assert!(harness.judges().await);
    harness.now.acceptances = all.clone();
    assert!(harness.judges().await);
    assert_eq!(harness.executed(), [0, 1, 2, 3]);
    // What is known of one is lost: that it was executed follows from the state.
    harness.judge.progress.clear();
    harness.judges().await;
    assert_eq!(harness.executed(), [0, 1, 2, 3]);
    // Another word of the last one is another checkpoint, and root goes back to the first.
    harness.now.acceptances[3].time = 2;
    harness.judges().await;
    assert_eq!(harness.executed(), [0, 1, 2]);
    assert!(harness.judge.aside.is_some());
    harness.now.acceptances = all;
    harness.judges().await;
    assert_eq!(harness.executed(), [0, 1, 2, 3]);
}

#[tokio::test]
async fn what_is_final_stays_in_the_folder_as_long_as_the_state_has_to_be_carried_over_it() {
    let mut harness = JudgeHarness::new(20, None);
    // It is not read, so that the state stands before it.
    let own = name(&harness.now.acceptances[3]);
    let progress = harness.judge.progress.entry(own).or_default();
    progress.blocks.clear();
    harness.judges().await;
    let folder = harness.folder.path().join("checkpoints");
    let folders = || std::fs::read_dir(&folder).expect("the folder").count();
    for (finalized, count) in [(0, 20), (5, 19), (15, 18)] {
        // What one endpoint says deletes nothing.
        harness.now.finalized = 20;
        harness.judge.progress.clear();
        harness.now.over.finalized = finalized;
        let now = harness.now.clone();
        assert!(harness.judge.retain(&now).await.is_ok());
        assert_eq!(folders(), count, "{finalized}");
    }
    // A state is not waited for without end.
    harness.now.over.finalized = 20;
    let now = harness.now.clone();
    assert!(harness.judge.retain(&now).await.is_ok());
    assert_eq!(folders(), 13);
}

#[tokio::test]
async fn a_panic_in_what_judges_is_told_once_and_the_other_blocks_are_judged() {
    let mut harness = JudgeHarness::new(3, None);
    harness.forget_judged();
    harness.judge.rules.judge = |hearing, _, _| match hearing.epoch.accepted.epoch {
        1 => panic!("a fault that is put here"),
        _ => Vec::new(),
    };
    for told_now in [1, 0] {
        assert!(!harness.judges().await);
        let told = harness.told();
        let troubles = troubles(&told);
        assert_eq!(troubles.len(), told_now, "{troubles:?}");
        assert!(
            troubles
                .iter()
                .all(|one| one.starts_with("judging checkpoint 1 ended"))
        );
    }
    let judged = |epoch: usize| {
        let progress = &harness.judge.progress[&name(&harness.now.acceptances[epoch])];
        (progress.blocks.contains(&0), progress.is_over)
    };
    assert_eq!(
        [0, 1, 2].map(judged),
        [(true, false), (false, false), (true, false)]
    );
    assert_eq!(harness.executed(), [0]);
}

#[tokio::test]
async fn a_judge_that_ends_by_a_fault_begins_anew_and_that_is_said() {
    let (sender, mut news) = tokio::sync::mpsc::channel(8);
    let starts = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&starts);
    let work = move || {
        let number = counted.fetch_add(1, Ordering::Relaxed);
        async move { assert!(number > 1, "a fault that is put here") }
    };
    go_on(work, sender, Duration::ZERO).await;
    assert_eq!(starts.load(Ordering::Relaxed), 3);
    let told: Vec<ChildNews> = std::iter::from_fn(|| news.try_recv().ok()).collect();
    assert_eq!(troubles(&told).len(), 2);
}

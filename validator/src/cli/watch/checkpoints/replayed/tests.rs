//! When a state that was carried over checkpoints is of use, when it begins anew, and what keeps it from being carried on.

use plasmid_bridge::proof::commitment::BlockCommitment;

use super::super::tests::harness::{JudgeHarness, accepted, accepted_of};
use super::*;
use crate::chain::tree::Change;

#[tokio::test]
async fn bytes_that_are_not_shown_the_second_time_are_asked_for_again_and_said() {
    let mut harness = JudgeHarness::new(3, Some(1));
    let whole = harness.segments[1].clone();
    let mut bare = whole.clone();
    bare.segments[0].bytes = None;
    // The folder has the records and not all bytes, and no node shows more.
    harness.keep(1, &bare);
    for _ in 0..3 {
        assert!(!harness.replays().await, "it is to be asked for again");
        let told = harness.told();
        let is_it = |one: &ChildNews| matches!(one, ChildNews::Withheld { epoch: 1, reason } if reason.starts_with("block 0"));
        assert!(told.len() == 1 && told.iter().all(is_it));
        assert_eq!(harness.executed(), [0]);
    }
    // It has nothing at all.
    let place = std::fs::read_dir(harness.folder.path().join("checkpoints"));
    for one in place.expect("the folder").flatten() {
        let is_second = one.file_name().to_string_lossy().starts_with("1-");
        if is_second {
            std::fs::remove_dir_all(one.path()).expect("it goes");
        }
    }
    assert!(!harness.replays().await);
    assert_eq!(harness.told().len(), 1);
    // As soon as the bytes are shown, what is false is found.
    harness.keep(1, &whole);
    assert!(harness.replays().await);
    let told = harness.told();
    let is_found = |one: &ChildNews| matches!(one, ChildNews::Unsound(found) if found.epoch == 1);
    assert!(told.len() == 1 && told.iter().all(is_found));
    assert_eq!(harness.executed(), [0]);
}

#[tokio::test]
async fn a_state_is_carried_over_all_that_is_read() {
    let mut harness = JudgeHarness::new(3, None);
    assert!(harness.replays().await);
    assert!(harness.told().is_empty());
    assert_eq!(harness.executed(), [0, 1, 2]);
    // Nothing of what changed is noted for a store.
    let carried = harness.judge.carried.as_mut().expect("a state");
    assert!(carried.tree.drain().leaves.is_empty());
}

#[tokio::test]
async fn a_state_stands_on_disk_at_any_time_though_hardly_anything_is_carried_out() {
    let mut harness = JudgeHarness::new(9, None);
    let all = harness.now.acceptances.clone();
    let mut last = None;
    for end in 1..=9 {
        harness.now.acceptances = all[..end].to_vec();
        let finalized = (end as u64).saturating_sub(3);
        (harness.now.finalized, harness.now.over.finalized) = (finalized, finalized);
        assert!(harness.judges().await);
        // What is kept is behind the last final checkpoint, or that one's.
        let kept = harness.kept();
        assert!(
            kept.is_some_and(|kept| kept + 1 >= finalized),
            "{kept:?} {end}"
        );
        // It is written only where the one before is about to be of no use.
        let was = std::mem::replace(&mut last, kept);
        assert!(was == kept || was.is_none_or(|was| was <= finalized));
    }
    // Whoever begins anew goes on from there, without any node.
    harness.judge.carried = None;
    harness.judge.progress.clear();
    assert!(!harness.replays().await);
    let kept = harness.kept().expect("a state");
    let carried = harness.judge.carried.as_ref().expect("a state");
    assert_eq!(carried.epoch, kept + 1);
}

#[tokio::test]
async fn a_state_is_carried_over_what_became_final_before_it_came_there() {
    let mut harness = JudgeHarness::new(6, None);
    harness.judge.progress.clear();
    (harness.now.finalized, harness.now.over.finalized) = (4, 4);
    let own = name(&harness.now.acceptances[4]);
    harness
        .judge
        .progress
        .entry(own)
        .or_default()
        .blocks
        .insert(0);
    // The final ones are read as they are shown, and what is not final behind them is executed where it is judged.
    assert!(!harness.replays().await);
    let carried = harness.judge.carried.as_ref().expect("a state");
    assert_eq!((carried.epoch, carried.block), (5, 0));
    assert_eq!(harness.executed(), [4]);
}

#[tokio::test]
async fn a_state_before_what_nobody_shows_stays_until_a_node_shows_a_newer_one() {
    let mut harness = JudgeHarness::new(6, None);
    let whole = harness.segments[2].clone();
    let place = |harness: &JudgeHarness| {
        let carried = harness.judge.carried.as_ref();
        carried.map(|state| (state.epoch, state.block))
    };
    // The last blocks of a final checkpoint are not shown any more, and no node shows a state.
    let hash = hex::encode(harness.now.acceptances[2].digest);
    let folder = harness.folder.path().join(format!("checkpoints/2-{hash}"));
    std::fs::remove_dir_all(&folder).expect("it goes");
    (harness.now.finalized, harness.now.over.finalized) = (4, 4);
    for _ in 0..2 {
        assert!(!harness.replays().await);
        assert_eq!(place(&harness), Some((2, 0)));
        assert!(harness.judge.part.is_none());
        let told = harness.told();
        // It is said of the oldest one that can be called void.
        assert!(
            matches!(&told[..], [ChildNews::Withheld { epoch: 4, reason }] if reason.starts_with("the state before its blocks"))
        );
    }
    // A word that is not known any more is as good as one whose blocks nobody shows.
    let third = harness.now.acceptances.remove(2);
    assert!(!harness.replays().await);
    assert_eq!(place(&harness), Some((2, 0)));
    harness.now.acceptances.insert(2, third);
    harness.keep(2, &whole);
    assert!(harness.replays().await);
    assert_eq!(place(&harness), Some((6, 0)));
}

#[tokio::test]
async fn a_panic_in_what_executes_is_told_and_the_state_begins_anew_once() {
    let mut harness = JudgeHarness::new(4, None);
    harness.judge.rules.replay = |hearing, number, segments, state| {
        assert!(
            hearing.epoch.accepted.epoch != 3,
            "a fault that is put here"
        );
        hearing.replay_block(number, segments, state)
    };
    assert!(!harness.replays().await);
    let is_trouble = |one: &ChildNews| matches!(one, ChildNews::Trouble(text) if text.starts_with("executing block 0 of checkpoint 3 again ended"));
    let told = harness.told();
    assert!(told.len() == 1 && told.iter().all(is_trouble));
    assert!(harness.judge.carried.is_none());
    // It begins with the one that stands on disk, and stands where that happens again.
    assert_eq!(harness.kept(), Some(1));
    assert!(!harness.replays().await);
    assert!(
        harness
            .judge
            .carried
            .as_ref()
            .is_some_and(|state| state.is_over && state.epoch == 3)
    );
    assert!(harness.replays().await, "nothing is left to do");
    assert!(harness.told().is_empty());
    assert_eq!(harness.executed(), [0, 1, 2]);
}

#[tokio::test]
async fn a_state_that_came_to_its_end_at_what_is_final_all_the_same_gives_way_to_none_before_it() {
    let mut harness = JudgeHarness::new(5, Some(3));
    assert!(harness.replays().await);
    assert_eq!(harness.kept(), Some(1));
    let is_found = |one: &ChildNews| matches!(one, ChildNews::Unsound(found) if found.epoch == 3);
    assert_eq!(harness.told().iter().filter(|one| is_found(one)).count(), 1);
    assert!(
        harness.replays().await,
        "as long as it can be called void, the state stands there"
    );
    (harness.now.finalized, harness.now.over.finalized) = (4, 4);
    for _ in 0..2 {
        // The one on disk would end there too. No node shows a later one, and that is said.
        assert!(!harness.replays().await);
        assert!(harness.judge.carried.is_none());
        let told = harness.told();
        assert!(matches!(&told[..], [ChildNews::Withheld { epoch: 4, .. }]));
    }
}

#[tokio::test]
async fn a_state_that_is_final_by_one_endpoints_word_alone_is_not_kept_and_makes_nothing_executed()
{
    let mut harness = JudgeHarness::new(4, None);
    let base = harness.now.acceptances[1].clone();
    harness.now.finalized = 2;
    harness.judge.carried = Some(CarriedState::shown(&base, Tree::new()));
    assert!(harness.replays().await);
    assert_eq!((harness.executed(), harness.kept()), (vec![2, 3], None));
    // It is not, and all is executed from the genesis, which is not known here.
    harness.now.finalized = 0;
    harness
        .judge
        .progress
        .values_mut()
        .for_each(|one| one.is_executed = false);
    assert!(!harness.replays().await);
    assert!(harness.executed().is_empty());
    // Both say so in the end.
    (harness.now.finalized, harness.now.over.finalized) = (2, 2);
    harness.judge.carried = Some(CarriedState::shown(&base, Tree::new()));
    assert!(harness.replays().await);
    assert_eq!((harness.executed(), harness.kept()), (vec![2, 3], Some(3)));
}

#[tokio::test]
async fn one_endpoint_that_says_for_a_moment_that_more_is_final_costs_no_state() {
    let mut harness = JudgeHarness::new(3, None);
    let own = name(&harness.now.acceptances[1]);
    let progress = harness.judge.progress.entry(own).or_default();
    progress.blocks.clear();
    assert!(!harness.replays().await);
    // No node shows a state, and none stands on disk: it could not begin anew.
    std::fs::remove_dir_all(harness.folder.path()).expect("it goes");
    for finalized in [2, 40, 0] {
        harness.now.finalized = finalized;
        harness.replays().await;
        assert!(harness.judge.carried.is_some(), "{finalized}");
    }
    for (place, segments) in harness.segments.clone().iter().enumerate() {
        harness.keep(place, segments);
    }
    let progress = harness.judge.progress.entry(own).or_default();
    progress.blocks.insert(0);
    assert!(harness.replays().await);
    assert!(
        harness
            .judge
            .carried
            .as_ref()
            .is_some_and(|state| state.epoch == 3)
    );
}

#[test]
fn a_state_is_of_use_until_root_keeps_another_word_or_is_far_ahead_of_it() {
    let all: Vec<Acceptance> = (4..8).map(|epoch| accepted(epoch, 1)).collect();
    let now = |acceptances: &[Acceptance]| AcceptedCheckpoints {
        acceptances: acceptances.to_vec(),
        finalized: 5,
        ..AcceptedCheckpoints::default()
    };
    // Behind the checkpoint of epoch 4, and carried over 5 and 6.
    let mut state = CarriedState::behind(&all[0], Tree::new());
    for one in &all[1..3] {
        state.words.insert(one.epoch, one.record());
    }
    state.epoch = 7;
    assert!(state.fits(&now(&all)));
    assert!(state.fits(&now(&all[..1])), "the others are not known");
    assert!(state.fits(&now(&[])));
    for place in 0..4 {
        let mut other = all.clone();
        other[place].time = 2;
        // It was not carried over the last one.
        assert_eq!(state.fits(&now(&other)), place == 3, "{place}");
    }
    // What nodes showed is of use while the checkpoint that leaves it is final.
    state.shown = Some(4);
    assert!(state.fits(&now(&all)));
    state.shown = Some(5);
    assert!(!state.fits(&now(&all)));
    let over = |finalized| CheckpointsOver {
        finalized,
        void_from: None,
    };
    for (is_over, last) in [(false, 19), (true, 7)] {
        state.is_over = is_over;
        assert!(state.lasts(&over(last)));
        assert!(!state.lasts(&over(last + 1)), "too much is final behind it");
    }
}

/// A checkpoint that says something false of the state's end is found by whoever has the state, though no node shows a leaf.
#[tokio::test]
async fn the_leaves_at_the_end_are_judged_from_the_state_that_was_carried_there() {
    let mut harness = JudgeHarness::new(1, None);
    let facts = harness.judge.facts.clone().expect("they are known");
    let slots = end_slots(0, facts.parameters.ring);
    let mut changes = slots.map(|slot| Change {
        key: slot.key(),
        kind: slot.kind(),
        value: vec![0xee; slot.width()],
    });
    changes.sort_by_key(|one| one.key);
    let mut tree = Tree::new();
    let root = tree.apply(&changes).expect("they fit");
    let block = BlockCommitment {
        height: 1,
        after: root,
        ..BlockCommitment::genesis(1, 0, root)
    };
    let accepted = accepted_of(0, 1, &[block], root);
    let opened = OpenedEpoch::new(accepted.clone(), vec![block], 1).expect("its block");
    let judge = &mut harness.judge;
    judge.epochs.insert(name(&accepted), Arc::new(opened));
    let mut now = AcceptedCheckpoints {
        acceptances: vec![accepted.clone()],
        ..AcceptedCheckpoints::default()
    };
    let state = CarriedState::at(tree, 0);
    let judged = judge.judge_end(&facts, (&now, &accepted), &state).await;
    assert!(judged.is_ok());
    assert_eq!(judge.progress[&name(&accepted)].leaves, slots.into());
    // What is final, or has another state, is not judged by it.
    let other = CarriedState::at(Tree::new(), 0);
    judge.progress.clear();
    let judged = judge.judge_end(&facts, (&now, &accepted), &other).await;
    assert!(judged.is_ok());
    now.finalized = 1;
    let judged = judge.judge_end(&facts, (&now, &accepted), &state).await;
    assert!(judged.is_ok() && judge.progress.is_empty());
    let rules: Vec<String> = harness
        .told()
        .into_iter()
        .filter_map(|news| match news {
            ChildNews::Unsound(found) => Some(found.rule),
            _ => None,
        })
        .collect();
    assert_eq!(rules, ["L12", "L13", "L14", "L15"]);
}

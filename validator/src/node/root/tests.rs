//! Tests of what a node makes of the follower's view.

use std::collections::BTreeMap;

use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::relay::seen::{Anchor, Entry};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::chain::fixture;

fn link(index: u64) -> B256 {
    if index == 0 {
        B256::ZERO
    } else {
        B256::left_padding_from(&index.to_be_bytes())
    }
}

fn root(first: u64, count: u64, healthy: bool) -> (RootReader, watch::Receiver<Progress>) {
    let entries = (first + 1..=count)
        .map(|index| Entry {
            index,
            link: link(index),
            message_hash: link(1_000 + index),
            due: index,
            root_height: index,
            bytes: Arc::from(index.to_be_bytes().as_slice()),
        })
        .collect();
    let view = View {
        finalized: Some(Block {
            number: 9,
            hash: link(9),
            parent: link(8),
            time: 9,
        }),
        anchor: Anchor {
            index: first,
            link: link(first),
            root_height: first,
        },
        entries,
        acceptances: BTreeMap::new(),
        accepted: 0,
        end: Default::default(),
        healthy,
        stale_at: u64::MAX,
        standings: vec![EndpointStanding::Following],
    };
    let (_, view) = watch::channel(Arc::new(view));
    let (progress, told) = watch::channel(Progress::Released(0));
    (RootReader::new(view, progress), told)
}

#[test]
fn a_report_reaches_at_most_the_limit_past_the_cursor() {
    let (root, _told) = root(0, 10, true);
    assert_eq!(root.report(0, link(0), 4), Some((4, link(4))));
    assert_eq!(root.report(8, link(8), 4), Some((10, link(10))));
    assert_eq!(root.report(10, link(10), 4), Some((10, link(10))));
    assert_eq!(root.report(u64::MAX, link(1), 4), None);
}

#[test]
fn no_report_is_made_on_doubt_or_on_another_hash_or_past_the_view() {
    let (doubtful, _told) = root(0, 10, false);
    assert_eq!(doubtful.report(0, link(0), 4), None);
    let (sound, _told) = root(3, 10, true);
    assert_eq!(sound.report(5, link(6), 4), None);
    assert_eq!(sound.report(2, link(2), 4), None, "dropped already");
    assert_eq!(sound.report(11, link(11), 4), None, "not seen yet");
}

#[test]
fn messages_come_whole_or_not_at_all() {
    let (root, _told) = root(3, 10, false);
    let known = root.messages(5, 7).unwrap();
    assert_eq!(
        known.iter().map(|known| known.index).collect::<Vec<_>>(),
        [6, 7]
    );
    assert_eq!(known[0].bytes.as_ref(), 6u64.to_be_bytes());
    assert_eq!(root.messages(5, 11), None);
    assert_eq!(root.messages(2, 5), None);
    assert_eq!(root.messages(5, 5), Some(Vec::new()));
    assert_eq!(root.messages(u64::MAX, 5), None);
}

#[test]
fn progress_reaches_the_follower_without_waiting() {
    let (root, told) = root(0, 10, true);
    root.consumed(4, link(4));
    assert_eq!(
        *told.borrow(),
        Progress::Consumed {
            cursor: 4,
            link: link(4)
        }
    );
}

#[test]
fn only_what_a_person_must_mend_refuses_a_start() {
    let refused = |standing: EndpointStanding| refusal(1, &standing);
    assert_eq!(refused(EndpointStanding::Following), None);
    assert_eq!(refused(EndpointStanding::Lying("x".into())), None);
    let shorter = refused(EndpointStanding::Shorter {
        count: 3,
        cursor: 5,
    })
    .unwrap();
    assert!(shorter.to_string().contains("begin anew"), "{shorter}");
    let afresh = refused(EndpointStanding::OtherOrigin {
        expected: link(1),
        seen: Some(link(2)),
    });
    let gone = refused(EndpointStanding::OtherOrigin {
        expected: link(1),
        seen: None,
    });
    for (error, said) in [
        (afresh, format!("is {} at endpoint 1", link(2))),
        (gone, "there is no block before".to_owned()),
    ] {
        let text = error.unwrap().to_string();
        assert!(text.contains(&said), "{text}");
        assert!(!text.contains("Some") && !text.contains("None"), "{text}");
    }
    assert!(
        refused(EndpointStanding::OtherChain {
            expected: 1,
            seen: 2
        })
        .is_some()
    );
}

/// The acceptance of an epoch's checkpoint. One is accepted every ten seconds from second 100 on; `due` messages are due at it, and `consumed` are consumed by it.
fn accepted(epoch: u64, due: u64, consumed: u64) -> (u64, Acceptance) {
    let checkpoint = Checkpoint {
        deployment: [0; 20],
        epoch,
        last_block_time: 0,
        blocks_root: B256::ZERO,
        state_root: B256::ZERO,
        inbox_cursor: consumed,
        inbox_link: B256::ZERO,
        next_set: B256::ZERO,
        relayer: [0; 20],
        previous: B256::ZERO,
    };
    let record = Acceptance {
        time: 100 + 10 * epoch,
        block: epoch,
        due_count: due,
        ..fixture::accepted(checkpoint)
    };
    (epoch, record)
}

#[test]
fn a_checkpoint_is_settled_a_window_after_it_became_final_and_never_the_newest_final_one() {
    let mut records: BTreeMap<u64, Acceptance> = (0..4).map(|e| accepted(e, 0, 0)).collect();
    // With a window of 15 seconds they are final at 115, 125, ... and settled from 130, 140, ... on.
    let cases = [
        (0, 0),
        (114, 0),
        (125, 0),
        (129, 0),
        (130, 1),
        (139, 1),
        (140, 2),
        (150, 3),
    ];
    for (now, count) in cases {
        assert_eq!(
            settled(&records, &DeploymentEnd::default(), now, 15),
            count,
            "at {now}"
        );
    }
    assert_eq!(
        settled(&records, &DeploymentEnd::default(), u64::MAX, 15),
        3,
        "claims are made under the newest"
    );
    assert_eq!(
        settled(&BTreeMap::new(), &DeploymentEnd::default(), u64::MAX, 15),
        0
    );
    // A checkpoint that left out a message that was due is final only once a later one has consumed it.
    records.extend([accepted(2, 7, 6), accepted(3, 7, 6)]);
    assert_eq!(settled(&records, &DeploymentEnd::default(), 1_000, 15), 1);
    records.extend([accepted(9, 7, 7)]);
    let late = 100 + 90 + 15;
    assert_eq!(
        settled(&records, &DeploymentEnd::default(), late - 1, 15),
        2,
        "the newest final one is 3"
    );
    assert_eq!(settled(&records, &DeploymentEnd::default(), late, 15), 4);
    // The checkpoints before the first that is kept are settled when that one is final.
    records.retain(|epoch, _| *epoch >= 3);
    assert_eq!(
        settled(&records, &DeploymentEnd::default(), 1_000, 2_000),
        0
    );
    assert_eq!(
        settled(&records, &DeploymentEnd::default(), late - 1, 15),
        3
    );
}

/// How many states a node gives up when its endpoint shows the records `shown`, and the child agreed on the records `honest`.
fn given_up(
    honest: &BTreeMap<u64, Acceptance>,
    shown: BTreeMap<u64, Acceptance>,
    healthy: bool,
    (final_time, child_time, agreed_on): (u64, u64, u64),
) -> u64 {
    let (root, _told) = root(0, 0, healthy);
    let mut view = View::clone(&root.view());
    view.accepted = shown.last_key_value().map_or(0, |(epoch, _)| epoch + 1);
    // All of them were finalized, so that time alone decides.
    view.end.finalized = view.accepted;
    view.acceptances = shown;
    view.finalized = view.finalized.map(|block| Block {
        time: final_time,
        ..block
    });
    let (_, view) = watch::channel(Arc::new(view));
    let (progress, _told) = watch::channel(Progress::Released(0));
    let is_own =
        |epoch: u64, digest: &B256| honest.get(&epoch).is_some_and(|own| own.digest == *digest);
    let agreed = Agreed {
        accepted: agreed_on,
        time: child_time,
        is_own: &is_own,
    };
    let keeping = Keeping {
        window_secs: 15,
        ring: 1 << 16,
    };
    RootReader::new(view, progress).settled(keeping, &agreed)
}

#[test]
fn no_lie_about_acceptances_has_a_node_give_up_what_the_truth_would_keep() {
    let mut random = ChaCha8Rng::seed_from_u64(0x5e771ed);
    let mut lied = 0;
    for round in 0..2_000 {
        let count = random.random_range(0..12u64);
        let mut honest: BTreeMap<u64, Acceptance> = (0..count).map(|e| accepted(e, 0, 0)).collect();
        for record in honest.values_mut() {
            // The checkpoint was brought to root as soon as its epoch was over.
            record.checkpoint.last_block_time = record.time;
            record.checkpoint.state_root = B256::repeat_byte(7);
            record.digest = record.checkpoint.digest();
        }
        let now = 100 + random.random_range(0..10 * (count + 4));
        let agreed = (now, now, count);
        let truth = given_up(&honest, honest.clone(), true, agreed);
        assert_eq!(
            truth,
            settled(&honest, &DeploymentEnd::default(), now, 15),
            "an honest view says it"
        );
        assert_eq!(given_up(&honest, honest.clone(), false, agreed), 0, "doubt");
        // Up to some epoch the endpoint shows the child's own checkpoints, whose digests follow from each other; behind it other contents, and epochs that are not
        // accepted or not over. It shows all with earlier times, and a later clock.
        let cut = random.random_range(0..=count);
        let mut shown: BTreeMap<u64, Acceptance> = (0..count + random.random_range(0..40))
            .map(|e| accepted(e, 0, 0))
            .collect();
        for (epoch, record) in &mut shown {
            if let Some(known) = honest.get(epoch).filter(|_| *epoch < cut) {
                *record = known.clone();
            }
            record.time = random.random_range(0..=record.time);
        }
        let clock = random.random_range(now..now + 10_000);
        let seen = given_up(&honest, shown.clone(), true, (clock, now, count));
        assert!(seen <= truth, "round {round}: {seen} and not {truth}");
        lied += u64::from(settled(&shown, &DeploymentEnd::default(), clock, 15) > truth);
        // Before the child has agreed on any checkpoint, nothing is given up at all.
        assert_eq!(given_up(&honest, shown, true, (clock, now, 0)), 0);
    }
    assert!(lied > 1_000, "{lied} lies would have cost states");
}

/// How many states a node gives up when root accepted twenty checkpoints long ago and the child has agreed on all.
fn given_up_at(end: DeploymentEnd, ring: u64) -> u64 {
    given_up_by(0, |_| true, end, ring)
}

/// How many states a node gives up then, when it keeps the records of root from `first` on, and its own checkpoints are those for which `is_own` is true.
fn given_up_by(first: u64, is_own: fn(u64) -> bool, end: DeploymentEnd, ring: u64) -> u64 {
    let (root, _told) = root(0, 0, true);
    let mut view = View::clone(&root.view());
    view.acceptances = (first..20).map(|epoch| accepted(epoch, 0, 0)).collect();
    view.accepted = 20;
    view.end = end;
    view.finalized = view.finalized.map(|block| Block {
        time: 100_000,
        ..block
    });
    let (_, view) = watch::channel(Arc::new(view));
    let (progress, _told) = watch::channel(Progress::Released(0));
    let agreed = Agreed {
        accepted: 20,
        time: 100_000,
        is_own: &|epoch, _| is_own(epoch),
    };
    let keeping = Keeping {
        window_secs: 15,
        ring,
    };
    RootReader::new(view, progress).settled(keeping, &agreed)
}

#[test]
fn what_is_older_than_every_record_that_a_node_keeps_is_given_up_too() {
    // Nobody finalized a checkpoint, and the ring reaches further back than the records.
    for first in 0..19 {
        let end = DeploymentEnd::default;
        assert_eq!(given_up_by(first, |_| true, end(), 10), 10);
        assert_eq!(given_up_by(first, |_| false, end(), 10), 0, "a lie");
    }
}

#[test]
fn the_state_that_people_leave_with_after_a_void_is_kept_however_long_ago_its_epoch_was() {
    let end = |finalized, void_from: Option<u64>| DeploymentEnd {
        finalized,
        exit_at: void_from.map(|_| 90_000),
        void_from,
    };
    // All twenty have been ripe for a long time; a checkpoint that nobody finalized can be voided, and then the one before it is the base.
    assert_eq!(given_up_at(end(20, None), 1_000), 19);
    for finalized in 0..20u64 {
        let kept = finalized.saturating_sub(1);
        assert_eq!(given_up_at(end(finalized, None), 1_000), kept);
        for void in finalized..20 {
            let first_kept = given_up_at(end(finalized, Some(void)), 1_000);
            let base = void.saturating_sub(1);
            assert!(first_kept <= base, "{void} is void, {base} is the base");
        }
        // However little was finalized, no more is kept than the ring holds, because nothing before the ring can be voided.
        for ring in 1..20 {
            assert_eq!(
                given_up_at(end(finalized, None), ring),
                kept.max(20 - ring).min(19)
            );
        }
    }
}

//! Witnesses against a model of what the Inbox contract checks.

use std::sync::Arc;

use super::*;
use crate::proof::inbox::{link, message_hash};

/// Messages 1 to `count`; message i is due at 10 × (i / 3) seconds, so that some share a due time.
fn entries(count: u64) -> Vec<Entry> {
    let mut previous = B256::ZERO;
    (1..=count)
        .map(|index| {
            let due = index / 3 * 10_000;
            let bytes: Arc<[u8]> = Arc::from([index.to_be_bytes(), due.to_be_bytes()].concat());
            let hash = message_hash(&bytes);
            previous = link(index, &previous, &hash);
            Entry {
                index,
                link: previous,
                message_hash: hash,
                due,
                root_height: index,
                bytes,
            }
        })
        .collect()
}

/// What the contract keeps when it has `count` messages.
fn kept(all: &[Entry], count: u64, index: u64) -> Option<B256> {
    if index > count {
        return None;
    }
    if index == 0 {
        return Some(B256::ZERO);
    }
    let is_kept = count - index < 256 || index.is_multiple_of(32);
    is_kept.then(|| all[index as usize - 1].link)
}

fn leads(all: &[Entry], count: u64, mut index: u64, mut hash: B256, hashes: &[B256]) -> bool {
    for message in hashes {
        index += 1;
        hash = link(index, &hash, message);
    }
    kept(all, count, index) == Some(hash)
}

/// `requireContent` of the contract.
pub(in crate::relay) fn accepts(
    all: &[Entry],
    count: u64,
    cursor: u64,
    hash: B256,
    tau: u64,
    witness: &InboxWitness,
) -> bool {
    if !leads(all, count, cursor, hash, &witness.after_cursor) {
        return false;
    }
    let due = |index: u64| all[index as usize - 1].due <= tau * 1_000;
    let first = witness.due_count.max(1);
    let behind = witness.due_count + 1;
    if witness.around.is_empty() {
        return witness.due_count <= count
            && (witness.due_count == count || count - first < 1024)
            && (witness.due_count == 0 || due(first))
            && (witness.due_count == count || !due(behind));
    }
    if witness.due_count == count {
        return false;
    }
    if witness.around.len() as u64 != behind - first + 1 {
        return false;
    }
    let mut link_here = witness.before_due;
    for (index, bytes) in (first..).zip(&witness.around) {
        link_here = link(index, &link_here, &message_hash(bytes));
    }
    leads(all, count, behind, link_here, &witness.after_due)
        && (witness.due_count == 0 || due(first))
        && !due(behind)
}

#[test]
fn the_contract_accepts_every_cursor_and_time_also_after_more_messages_came() {
    let all = entries(1_700);
    for count in [
        0u64, 1, 2, 31, 32, 33, 100, 256, 300, 511, 512, 513, 1_023, 1_024, 1_025, 1_500,
    ] {
        let messages = Messages {
            anchor: 0,
            anchor_link: B256::ZERO,
            entries: &all[..count as usize],
            count,
        };
        for cursor in (0..=count).step_by(37).chain([count]) {
            let hash = messages.link(cursor).unwrap();
            for tau in [0, 9, 10, 55, 500, 1_000, 2_000, 2_900, 2_980, 9_000] {
                let witness = messages.witness(cursor, hash, tau).unwrap();
                assert!(
                    accepts(&all, count, cursor, hash, tau, &witness),
                    "count {count} cursor {cursor} tau {tau}"
                );
                // What arrives later is due later than τ.
                if all[count as usize].due <= tau * 1_000 {
                    continue;
                }
                for later in [1, 100, 224] {
                    assert!(
                        accepts(&all, count + later, cursor, hash, tau, &witness),
                        "{later} later: count {count} cursor {cursor} tau {tau}"
                    );
                }
            }
        }
    }
}

/// The newest messages have no link behind them that root keeps for ever: 225 more push such a cursor out of the ring, and by then
/// there is one. Any other cursor stands whatever comes, and so does a due count of long ago.
#[test]
fn no_flood_in_front_of_a_submission_outdates_it_twice() {
    let all = entries(3_000);
    for count in [1u64, 31, 32, 40, 64, 95, 250, 287, 300, 1_500] {
        let messages = Messages {
            anchor: 0,
            anchor_link: B256::ZERO,
            entries: &all[..count as usize],
            count,
        };
        for cursor in 0..=count {
            let hash = messages.link(cursor).unwrap();
            let witness = messages.witness(cursor, hash, 5).unwrap();
            let shown = &witness.after_cursor;
            let lasts = cursor.next_multiple_of(32) <= count;
            assert!(
                leads(&all, count + 224, cursor, hash, shown),
                "{cursor}/{count}"
            );
            assert_eq!(
                leads(&all, 1 << 40, cursor, hash, shown),
                lasts,
                "{cursor}/{count}"
            );
            let flooded = Messages {
                entries: &all[..count as usize + 256],
                count: count + 256,
                ..messages
            };
            let again = flooded.witness(cursor, hash, 5).unwrap();
            assert!(leads(&all, 1 << 40, cursor, hash, &again.after_cursor));
            assert!(again.after_cursor.len() < 32);
        }
    }
    let messages = Messages {
        anchor: 0,
        anchor_link: B256::ZERO,
        entries: &all[..1_500],
        count: 1_500,
    };
    // 986 were due: 514 messages ago. 989: 511 ago, and 512 more fill no more than the ring.
    for (tau, later) in [(3_280, 1 << 40), (3_290, 512)] {
        let (hash, witness) = (all[31].link, messages.witness(32, all[31].link, tau));
        let witness = witness.unwrap();
        assert!(accepts(&all, 1_500 + later, 32, hash, tau, &witness));
        assert_eq!(witness.around.is_empty(), later == 512);
    }
}

#[test]
fn due_times_that_root_keeps_are_not_shown_and_older_ones_are() {
    let all = entries(1_600);
    let hash = all[1_599].link;
    let messages = Messages {
        anchor: 0,
        anchor_link: B256::ZERO,
        entries: &all,
        count: 1_600,
    };
    let at = |tau: u64| messages.witness(1_600, hash, tau).unwrap();
    // Message 3 × k + 2 is the last one due at 10 × k.
    let kept = at(3_630);
    assert_eq!(
        (kept.due_count, kept.around.len(), kept.before_due),
        (1_091, 0, B256::ZERO)
    );
    assert!(kept.after_due.is_empty());
    let older = at(3_620);
    assert_eq!((older.due_count, older.around.len()), (1_088, 2));
    assert_eq!(older.before_due, all[1_086].link);
    assert_eq!(older.after_due.len(), 1_120 - 1_089);
    let all_due = at(6_000);
    assert_eq!((all_due.due_count, all_due.around.len()), (1_600, 0));
    // None are due: message 1 is in the ring of a short chain only.
    let few = Messages {
        entries: &all[..512],
        count: 512,
        ..messages
    };
    let none = |messages: &Messages<'_>| {
        let mut later = all.clone();
        for entry in &mut later {
            entry.due += 1_000;
        }
        let entries = &later[..messages.entries.len()];
        let messages = Messages {
            entries,
            ..*messages
        };
        messages.witness(0, B256::ZERO, 0).unwrap()
    };
    assert_eq!((none(&few).due_count, none(&few).around.len()), (0, 0));
    assert_eq!(none(&messages).around.len(), 1);
    assert_eq!(none(&messages).after_due.len(), 31);
}

#[test]
fn a_witness_from_the_messages_since_an_anchor_is_the_same() {
    let all = entries(400);
    let whole = Messages {
        anchor: 0,
        anchor_link: B256::ZERO,
        entries: &all,
        count: 400,
    };
    for (cursor, tau) in [(390, 1_300), (350, 1_200), (399, 1_329)] {
        let hash = whole.link(cursor).unwrap();
        let expected = whole.witness(cursor, hash, tau).unwrap();
        let anchor = cursor.min(expected.due_count) - 1;
        let part = Messages {
            anchor,
            anchor_link: whole.link(anchor).unwrap(),
            entries: &all[anchor as usize..],
            count: 400,
        };
        assert_eq!(part.witness(cursor, hash, tau).unwrap(), expected);
    }
}

#[test]
fn a_wrong_hash_and_messages_that_are_not_at_hand_are_named() {
    let all = entries(50);
    let messages = Messages {
        anchor: 10,
        anchor_link: all[9].link,
        entries: &all[10..],
        count: 50,
    };
    assert!(matches!(
        messages.witness(20, B256::repeat_byte(1), 0),
        Err(InboxWitnessError::OtherLink { cursor: 20, .. })
    ));
    for cursor in [9, 51, u64::MAX] {
        assert!(matches!(
            messages.witness(cursor, B256::ZERO, 0),
            Err(InboxWitnessError::Missing { .. })
        ));
    }
    // Nothing is due at time zero but messages 1 and 2, which are gone.
    assert!(messages.witness(20, all[19].link, 0).is_err());
}

#[test]
fn messages_that_end_before_roots_newest_show_what_all_would_or_nothing() {
    let all = entries(1_500);
    let whole = Messages {
        anchor: 0,
        anchor_link: B256::ZERO,
        entries: &all,
        count: 1_500,
    };
    let (mut shown, mut refused) = (0, 0);
    for anchor in [0u64, 1, 31, 600, 1_498, 1_500] {
        for end in (anchor as usize..1_500).step_by(7).chain([1_499, 1_500]) {
            let part = Messages {
                anchor,
                anchor_link: whole.link(anchor).unwrap(),
                entries: all.get(anchor as usize..end).unwrap_or_default(),
                ..whole
            };
            for tau in [0, 9, 10, 1_990, 2_000, 3_000, 4_989, 4_990, 5_000, 9_000] {
                for cursor in [anchor, anchor + 20, 1_500] {
                    let hash = whole.link(cursor.min(1_500)).unwrap();
                    match part.witness(cursor, hash, tau) {
                        Ok(witness) => {
                            assert_eq!(Ok(witness), whole.witness(cursor, hash, tau));
                            shown += 1;
                        }
                        Err(InboxWitnessError::Missing { count: 1_500, .. }) => refused += 1,
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        }
    }
    assert!(shown > 1_000 && refused > 1_000, "{shown}, {refused}");
}

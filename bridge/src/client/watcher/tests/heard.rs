//! Questions that one endpoint leaves out, closes or denies beside another one that does not, and answers that are none.

use alloy_primitives::LogData;
use alloy_sol_types::SolEvent;

use super::*;
use crate::client::wallet::tests::node::Said;
use crate::client::watcher::challenges::{DataDialogue, DataNotice};
use crate::relay::challenges::{DataTarget, fixture};
use endpoint::{Root, Says};

const ASKER: Address = Address::repeat_byte(0xaa);
const DEADLINE: u64 = 5_900;

fn target(number: u32) -> DataTarget {
    DataTarget::Segment {
        epoch: 0,
        block: 1,
        number,
    }
}

fn asked(number: u32) -> LogData {
    fixture::challenged(target(number), ASKER, U256::from(1_000), DEADLINE).encode_log_data()
}

fn set(root: &Root, change: impl FnOnce(&mut Says)) {
    change(&mut root.lock().expect("nobody panics"));
}

/// Somebody asks, as the state of an endpoint says.
fn stands(root: &Root, number: u32) {
    let one = IDataChallenges::Challenge {
        challenger: ASKER,
        deadline: DEADLINE,
        price: 1_000,
    };
    set(root, |root| {
        root.challenged.insert(target(number), one);
    });
}

/// Looks in new blocks of both, and what is said.
async fn goes_on(
    roots: [&Root; 2],
    watcher: &mut Watcher<OneNode>,
    blocks: u64,
) -> Vec<WatchNotice> {
    let mut said = Vec::new();
    for _ in 0..blocks {
        for root in roots {
            set(root, |root| root.newest += 1);
        }
        said.extend(looks(watcher, 2).await);
    }
    said
}

fn answers(said: &[WatchNotice]) -> usize {
    let is_answer =
        |one: &&WatchNotice| matches!(one, WatchNotice::WouldSend { step: "answer", .. });
    said.iter().filter(is_answer).count()
}

fn untold(said: &[WatchNotice]) -> usize {
    let is_untold = |one: &&WatchNotice| matches!(one, WatchNotice::Data(DataNotice::Untold { target: told, .. }) if *told == target(0));
    said.iter().filter(is_untold).count()
}

struct Two {
    first: Root,
    second: Root,
    _nodes: [Node; 2],
    watcher: Watcher<OneNode>,
    _folder: tempfile::TempDir,
}

/// A watcher with two endpoints by whose state two questions are open, half of A before their deadline.
async fn two(change: impl FnOnce(&Root, &Root)) -> Two {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (accepted(), accepted());
    for root in [&first, &second] {
        for number in 0..2 {
            stands(root, number);
        }
        set(root, |root| root.time = 5_600);
    }
    change(&first, &second);
    let nodes = [endpoint(&first).await, endpoint(&second).await];
    let mut watcher = watcher(&nodes[0], Some(&nodes[1]), folder.path()).await;
    watcher.still.waits(Duration::from_secs(3_600), || 5_600);
    watcher.data_answered_within(1_000);
    Two {
        first,
        second,
        _nodes: nodes,
        watcher,
        _folder: folder,
    }
}

/// An endpoint that leaves out that somebody asks gains nothing where the other one tells it: neither one question of two, nor all of them.
#[tokio::test]
async fn a_question_that_the_first_endpoint_leaves_out_is_answered_and_told_of() {
    for told in [0, 1] {
        let mut two = two(|first, second| {
            set(first, |root| {
                root.data_events.extend((0..told).map(|_| (300, asked(1))));
            });
            set(second, |root| {
                root.data_events.extend([(300, asked(0)), (300, asked(1))]);
            });
        })
        .await;
        let roots = [&two.first, &two.second];
        let mut said = looks(&mut two.watcher, 2).await;
        two.watcher.take_answer(target(0), vec![1; 9].into());
        said.extend(goes_on(roots, &mut two.watcher, 3).await);
        assert_eq!(untold(&said), 1, "{said:?}");
        assert!(answers(&said) > 0, "{said:?}");
    }
}

/// Events of one endpoint alone close nothing that the other one tells of.
#[tokio::test]
async fn an_answer_that_one_endpoint_invents_closes_no_question() {
    let mut two = two(|first, second| {
        let answered = fixture::answered(target(0), ASKER, U256::from(2)).encode_log_data();
        for (root, events) in [
            (first, vec![(300, asked(0)), (301, answered)]),
            (second, vec![(300, asked(0))]),
        ] {
            set(root, |root| root.data_events.extend(events));
        }
    })
    .await;
    let roots = [&two.first, &two.second];
    looks(&mut two.watcher, 2).await;
    two.watcher.take_answer(target(0), vec![1; 9].into());
    let said = goes_on(roots, &mut two.watcher, 2).await;
    assert!(answers(&said) > 0, "{said:?}");
}

/// What one endpoint's state denies and the other one's does not is neither answered nor let go of; it is said.
#[tokio::test]
async fn nothing_is_let_go_of_that_one_endpoint_alone_denies() {
    let mut two = two(|first, second| {
        for root in [first, second] {
            set(root, |root| root.data_events.push((300, asked(0))));
        }
        set(first, |root| {
            root.challenged.remove(&target(0));
        });
    })
    .await;
    let roots = [&two.first, &two.second];
    looks(&mut two.watcher, 2).await;
    two.watcher.take_answer(target(0), vec![1; 9].into());
    let said = goes_on(roots, &mut two.watcher, 60).await;
    assert_eq!(answers(&said), 0);
    let is_told = |one: &WatchNotice| matches!(one, WatchNotice::Disagree { .. });
    assert!(said.iter().any(is_told), "{said:?}");
    assert!(two.watcher.records.challenges().of(&target(0)).is_some());
    // When it says the truth again, the answer goes.
    stands(&two.first, 0);
    let said = goes_on(roots, &mut two.watcher, 130).await;
    assert!(answers(&said) > 0);
}

/// Two tales of one question: root's state says which is true, and the earlier one is not missed meanwhile.
#[tokio::test]
async fn an_invented_deadline_is_corrected_by_root_s_state() {
    let invented = fixture::challenged(target(0), ASKER, U256::from(1_000), 5_601);
    let mut two = two(|first, second| {
        set(first, |root| {
            root.data_events.push((300, invented.encode_log_data()));
        });
        set(second, |root| root.data_events.push((300, asked(0))));
    })
    .await;
    let roots = [&two.first, &two.second];
    looks(&mut two.watcher, 2).await;
    two.watcher.take_answer(target(0), vec![1; 9].into());
    let said = goes_on(roots, &mut two.watcher, 4).await;
    assert!(answers(&said) > 0, "{said:?}");
    let open = two.watcher.records.challenges().of(&target(0));
    assert_eq!(open.map(|one| one.deadline), Some(DEADLINE));
}

/// What root holds up for a question that no event tells of: events are read again, from behind its acceptance, and not in each block.
#[tokio::test]
async fn what_is_held_up_for_no_known_question_has_events_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    let node = endpoint(&chain).await;
    let mut own = watcher(&node, None, folder.path()).await;
    looks(&mut own, 2).await;
    set(&chain, |root| {
        root.newest += 1;
        root.held = Some(0);
    });
    let unheard = |said: &[WatchNotice]| {
        let is_it =
            |one: &&WatchNotice| matches!(one, WatchNotice::Data(DataNotice::Unheard { epoch: 0 }));
        said.iter().filter(is_it).count()
    };
    let said = looks(&mut own, 1).await;
    assert_eq!(unheard(&said), 1, "{said:?}");
    assert_eq!(own.records.read(), 289);
    // The event was there all the time, and was not told.
    set(&chain, |root| root.data_events.push((295, asked(0))));
    let said = looks(&mut own, 3).await;
    assert_eq!(unheard(&said), 0, "{said:?}");
    assert!(own.records.challenges().of(&target(0)).is_some());
    // Of another one that nobody tells it is said again when some blocks are over.
    own.records.drop_challenge(&target(0));
    set(&chain, |root| root.data_events.clear());
    let mut said = Vec::new();
    for _ in 0..20 {
        set(&chain, |root| root.newest += 1);
        said.extend(looks(&mut own, 2).await);
    }
    assert!((1..=2).contains(&unheard(&said)), "{}", unheard(&said));
}

/// The word of which checkpoints are held up is asked of both: where they differ, that is said.
#[tokio::test]
async fn both_endpoints_are_asked_what_is_held_up() {
    let mut two = two(|_, second| set(second, |root| root.held = Some(0))).await;
    for root in [&two.first, &two.second] {
        set(root, |root| root.challenged.clear());
    }
    let said = looks(&mut two.watcher, 2).await;
    let is_told = |one: &WatchNotice| matches!(one, WatchNotice::Disagree { reason, .. } if reason.contains("held up"));
    assert!(said.iter().any(is_told), "{said:?}");
}

/// What an endpoint shows as an answer and is none is asked for again, of the other one.
#[tokio::test]
async fn a_false_answer_is_read_again_from_the_other_endpoint() {
    let shown = |byte: u8| {
        let event = IDataChallenges::Shown {
            epoch: 0,
            kind: 1,
            place: 1,
            number: 0,
            call: vec![byte; 9].into(),
        };
        event.encode_log_data()
    };
    let mut two = two(|first, second| {
        for (root, byte) in [(first, 1), (second, 2)] {
            let answered = fixture::answered(target(0), ASKER, U256::from(2));
            set(root, |root| {
                root.challenged.clear();
                root.data_events.extend([
                    (300, asked(0)),
                    (301, answered.encode_log_data()),
                    (301, shown(byte)),
                ]);
            });
        }
    })
    .await;
    let mut dialogue = two.watcher.dialogue().expect("the first one");
    two.watcher.is_missing(0);
    let roots = [&two.first, &two.second];
    goes_on(roots, &mut two.watcher, 3).await;
    let read = dialogue.answers.try_recv().expect("it is given");
    assert_eq!(read.call, vec![1; 9]);
    dialogue.answers.try_recv().expect_err("it is known");
    let mut said = Vec::new();
    for _ in 0..2 {
        let news = ChildNews::FalseAnswer { target: target(0) };
        two.watcher
            .hear(news, &mut |notice: &WatchNotice| said.push(notice.clone()));
    }
    assert_eq!(said.len(), 1, "{said:?}");
    goes_on(roots, &mut two.watcher, 3).await;
    let read = dialogue.answers.try_recv().expect("by the other one");
    assert_eq!(read.call, vec![2; 9]);
}

/// Half of what is looked for at a time is left to what is late, however many others are due before it was looked for as often as it takes.
#[tokio::test]
async fn what_is_late_is_looked_for_first_and_takes_half_of_the_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    let node = endpoint(&chain).await;
    for number in 0..20 {
        let deadline = match number {
            0..6 => 4_900 + u64::from(number),
            _ => 5_500,
        };
        let one = IDataChallenges::Challenge {
            challenger: ASKER,
            deadline,
            price: 1_000,
        };
        let event = fixture::challenged(target(number), ASKER, U256::from(1_000), deadline);
        set(&chain, |root| {
            root.data_events.push((300, event.encode_log_data()));
            root.challenged.insert(target(number), one);
        });
    }
    let mut own = watcher(&node, None, folder.path()).await;
    own.data_answered_within(1_000);
    let dialogue = own.dialogue().expect("the first one");
    looks(&mut own, 2).await;
    let open = |dialogue: &DataDialogue| dialogue.questions.borrow().open.clone();
    let first: Vec<DataTarget> = [0, 1, 2, 3, 6, 7, 8, 9].map(target).to_vec();
    assert_eq!(open(&dialogue), first);
    // What was looked for in vain a moment ago stays there as long as it is late, until it is enough.
    for number in 0..4 {
        for _ in 0..3 {
            own.no_answer(target(number), "none".into(), &mut |_: &WatchNotice| {});
        }
    }
    set(&chain, |root| root.newest += 1);
    looks(&mut own, 1).await;
    assert_eq!(open(&dialogue), first);
    for number in 0..4 {
        own.no_answer(target(number), "none".into(), &mut |_: &WatchNotice| {});
    }
    set(&chain, |root| root.newest += 1);
    looks(&mut own, 1).await;
    let next: Vec<DataTarget> = [4, 5, 6, 7, 8, 9, 10, 11].map(target).to_vec();
    assert_eq!(open(&dialogue), next);
}

/// A flood of questions that one endpoint invents leaves what the other one tells its part of what is looked for, of the room for answers, and of what root is asked of.
#[tokio::test]
async fn what_one_endpoint_invents_keeps_none_back_that_the_other_one_tells() {
    for first_lies in [true, false] {
        let mut two = two(|first, second| {
            let (liar, honest) = match first_lies {
                true => (first, second),
                false => (second, first),
            };
            set(honest, |root| root.data_events.push((300, asked(0))));
            set(liar, |root| {
                let many = (0..200).map(|index| (300, leaf_asked(0, index)));
                root.data_events.extend(many);
            });
        })
        .await;
        let dialogue = two.watcher.dialogue().expect("the first one");
        let roots = [&two.first, &two.second];
        looks(&mut two.watcher, 2).await;
        assert!(dialogue.questions.borrow().open.contains(&target(0)));
        for index in 0..100 {
            two.watcher.take_answer(leaf(index), vec![1; 9].into());
        }
        goes_on(roots, &mut two.watcher, 1).await;
        assert!(dialogue.questions.borrow().open.contains(&target(0)));
        two.watcher.take_answer(target(0), vec![1; 9].into());
        assert!(two.watcher.data_calls().contains_key(&target(0)));
        let said = goes_on(roots, &mut two.watcher, 1).await;
        assert!(answers(&said) > 0, "{first_lies}: {said:?}");
    }
}

/// What the first endpoint says is answered and a second one that says nothing does not: that takes no room for ever from what is asked for next.
#[tokio::test]
async fn what_is_answered_while_the_second_endpoint_is_silent_gives_way() {
    let mut two = two(|first, second| {
        for root in [first, second] {
            set(root, |root| {
                root.challenged.clear();
                let many = (0..64).map(|index| (300, leaf_asked(0, index)));
                root.data_events.extend(many);
            });
        }
    })
    .await;
    let dialogue = two.watcher.dialogue().expect("the first one");
    let roots = [&two.first, &two.second];
    looks(&mut two.watcher, 2).await;
    set(&two.second, |root| root.mute = Some(Said::Silence));
    two.watcher
        .silence
        .waits(Duration::from_millis(1), Duration::from_millis(1));
    set(&two.first, |root| {
        root.data_events.push((311, asked(0)));
    });
    stands(&two.first, 0);
    for index in 0..64 {
        two.watcher.take_answer(leaf(index), vec![1; 9].into());
    }
    for _ in 0..40 {
        for root in roots {
            set(root, |root| root.newest += 1);
        }
        two.watcher.records.second_failed(1 << 40);
        looks(&mut two.watcher, 2).await;
    }
    assert!(dialogue.questions.borrow().open.contains(&target(0)));
    two.watcher.take_answer(target(0), vec![1; 9].into());
    let calls = two.watcher.data_calls();
    assert!(calls.contains_key(&target(0)) && calls.len() == 64);
}

fn leaf(index: u32) -> DataTarget {
    DataTarget::Leaf { epoch: 0, index }
}

fn leaf_asked(epoch: u64, index: u32) -> LogData {
    let target = DataTarget::Leaf { epoch, index };
    fixture::challenged(target, ASKER, U256::from(1), 5_650).encode_log_data()
}

/// Thousands of questions that the second endpoint invents are one line, and no more in the looks behind that. One of a checkpoint that nobody accepted keeps no true one back.
#[tokio::test]
async fn what_the_second_endpoint_invents_fills_no_log() {
    let mut two = two(|_, second| {
        set(second, |root| {
            root.data_events.push((300, leaf_asked(1 << 40, 0)));
            root.data_events.push((300, asked(0)));
            let many = (0..3_000).map(|index| (300, leaf_asked(0, index)));
            root.data_events.extend(many);
        });
    })
    .await;
    let roots = [&two.first, &two.second];
    let mut said = looks(&mut two.watcher, 2).await;
    assert!(two.watcher.records.challenges().of(&target(0)).is_some());
    set(&two.second, |root| {
        root.data_events.remove(0);
    });
    said.extend(goes_on(roots, &mut two.watcher, 4).await);
    let is_untold = |one: &&WatchNotice| {
        matches!(
            one,
            WatchNotice::Data(DataNotice::Untold { count: 3_001, .. })
        )
    };
    assert_eq!(said.iter().filter(is_untold).count(), 1);
    assert!(said.len() < 10, "{said:?}");
}

/// A step that the other endpoint vetoes gives way to those that nobody does, whatever its deadline is and however many there are.
#[tokio::test]
async fn a_vetoed_step_keeps_no_true_answer_back() {
    let mut two = two(|first, second| {
        for root in [first, second] {
            set(root, |root| root.data_events.push((300, asked(0))));
        }
        set(first, |root| {
            for index in 0..40 {
                root.data_events.push((300, leaf_asked(0, index)));
                let one = IDataChallenges::Challenge {
                    challenger: ASKER,
                    deadline: 5_650,
                    price: 1,
                };
                root.challenged.insert(leaf(index), one);
            }
        });
    })
    .await;
    let roots = [&two.first, &two.second];
    looks(&mut two.watcher, 2).await;
    for index in 0..40 {
        two.watcher.take_answer(leaf(index), vec![1; 9].into());
    }
    two.watcher.take_answer(target(0), vec![1; 9].into());
    let said = goes_on(roots, &mut two.watcher, 2).await;
    assert!(answers(&said) > 0, "{said:?}");
}

/// By one endpoint's word an answer waits for no deadline: also where the other one told another one and says nothing any more.
#[tokio::test]
async fn a_wrong_deadline_and_then_silence_keep_no_answer_back() {
    let invented = fixture::challenged(target(0), ASKER, U256::from(1_000), 1);
    let mut two = two(|first, second| {
        set(first, |root| root.data_events.push((300, asked(0))));
        set(second, |root| {
            root.data_events.push((300, invented.encode_log_data()));
        });
    })
    .await;
    let roots = [&two.first, &two.second];
    looks(&mut two.watcher, 2).await;
    set(&two.second, |root| {
        root.mute = Some(Said::Error("not for you"))
    });
    two.watcher.take_answer(target(0), vec![1; 9].into());
    let said = goes_on(roots, &mut two.watcher, 20).await;
    assert!(answers(&said) > 0, "{said:?}");
}

/// The second endpoint repeats a wrong deadline in each block: it is corrected, and answered in the same look.
#[tokio::test]
async fn a_wrong_deadline_in_each_block_keeps_no_answer_back() {
    let mut two = two(|first, _| set(first, |root| root.data_events.push((300, asked(0))))).await;
    let roots = [&two.first, &two.second];
    looks(&mut two.watcher, 2).await;
    two.watcher.take_answer(target(0), vec![1; 9].into());
    let mut said = Vec::new();
    for price in 0..3 {
        let one = fixture::challenged(target(0), ASKER, U256::from(price), 1);
        set(&two.second, |root| {
            root.data_events
                .push((root.newest + 1, one.encode_log_data()));
        });
        for root in roots {
            set(root, |root| root.newest += 1);
        }
        // One look in a block.
        said.extend(looks(&mut two.watcher, 1).await);
    }
    assert!(answers(&said) > 0, "{said:?}");
}

/// What one endpoint alone says is asked for stops no other question, whether the other one says another thing or nothing.
#[tokio::test]
async fn questions_go_on_where_one_endpoint_is_mute_or_wrong_about_some() {
    for is_mute in [false, true] {
        let mut two = two(|first, second| {
            for root in [first, second] {
                set(root, |root| {
                    root.challenged.clear();
                    root.next_deadline = 6_200;
                });
            }
        })
        .await;
        let own = &mut two.watcher;
        own.options.challenge_budget = 1 << 100;
        looks(own, 2).await;
        let segment = |block| DataTarget::Segment {
            epoch: 0,
            block,
            number: 0,
        };
        let mut all: Vec<DataTarget> = (0..6).map(segment).collect();
        all.sort_by_key(|one| one.place_of(&own.options.beneficiary));
        own.is_missing(0);
        own.data_withheld_since(0, 5_000);
        own.take_missing(0, all.clone());
        // The first three in its order.
        for target in &all[..3] {
            let one = IDataChallenges::Challenge {
                challenger: ASKER,
                ..Default::default()
            };
            set(&two.first, |root| {
                root.challenged.insert(*target, one);
            });
        }
        if is_mute {
            set(&two.second, |root| {
                root.mute = Some(Said::Error("not for you"))
            });
        }
        let said = goes_on([&two.first, &two.second], &mut two.watcher, 30).await;
        let sent: std::collections::BTreeSet<DataTarget> = said
            .iter()
            .filter_map(|one| match one {
                WatchNotice::WouldSend {
                    subject: Subject::Data { target },
                    step: "ask",
                    ..
                } => Some(*target),
                _ => None,
            })
            .collect();
        assert!(sent.into_iter().eq({
            let mut rest = all.split_off(3);
            rest.sort();
            rest
        }));
    }
}

/// What one endpoint invents as answered, before all others in their order, keeps none back that both tell.
#[tokio::test]
async fn answers_on_root_are_read_by_turns_of_those_that_tell_them() {
    for first_lies in [true, false] {
        let answered = |block, number| {
            let target = DataTarget::Segment {
                epoch: 0,
                block,
                number,
            };
            fixture::answered(target, ASKER, U256::from(2)).encode_log_data()
        };
        let shown = IDataChallenges::Shown {
            epoch: 0,
            kind: 1,
            place: 1,
            number: 0,
            call: vec![3; 9].into(),
        };
        let mut two = two(|first, second| {
            for root in [first, second] {
                set(root, |root| {
                    root.challenged.clear();
                    root.data_events
                        .extend([(301, answered(1, 0)), (301, shown.encode_log_data())]);
                });
            }
            set([second, first][usize::from(first_lies)], |root| {
                let many = (0..100).map(|number| (301, answered(0, number)));
                root.data_events.extend(many);
            });
        })
        .await;
        let mut dialogue = two.watcher.dialogue().expect("the first one");
        two.watcher.is_missing(0);
        let roots = [&two.first, &two.second];
        let said = goes_on(roots, &mut two.watcher, 3).await;
        let read = dialogue.answers.try_recv().expect("it has its turn");
        assert_eq!(read.target, target(0), "{said:?}");
        let hidden =
            |one: &&WatchNotice| matches!(one, WatchNotice::Data(DataNotice::Hidden { .. }));
        let said = goes_on(roots, &mut two.watcher, 20).await;
        assert!(said.iter().filter(hidden).count() < 8, "{said:?}");
    }
}

/// Blocks that the second endpoint does not have yet count as read by nobody.
#[tokio::test]
async fn a_second_endpoint_that_is_far_behind_is_read_when_it_has_the_blocks() {
    let mut two = two(|first, second| {
        set(first, |root| root.newest = 900);
        set(second, |root| root.newest = 500);
    })
    .await;
    looks(&mut two.watcher, 2).await;
    set(&two.second, |root| {
        root.newest = 900;
        root.data_events.push((700, asked(0)));
    });
    set(&two.first, |root| root.newest = 901);
    looks(&mut two.watcher, 2).await;
    assert!(two.watcher.records.challenges().of(&target(0)).is_some());
}

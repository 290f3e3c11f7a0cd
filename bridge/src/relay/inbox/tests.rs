//! The inbox machine against fed answers: honest ones, late ones, and every lie that an endpoint can tell.

use alloy_primitives::B256;
use alloy_sol_types::SolEvent;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::abi::IInbox;
use crate::proof::inbox::{Message, link, message_hash};
use crate::relay::seen::{Failure, Finality, Heads, Log, Which};
use crate::relay::track::{Ask, Reply};

mod chain;
mod end;
mod slow;
mod switch;

use chain::{Chain, DEPLOYED, INBOX, ROOT_CHAIN, config};

/// A machine, a clock, and what it said.
struct Run {
    machine: Inbox,
    now: u64,
    events: Vec<Event>,
}

impl Run {
    fn new(config: Config, two: bool) -> Self {
        Self {
            machine: Inbox::new(config, Anchor::GENESIS, None, two),
            now: 0,
            events: Vec::new(),
        }
    }

    /// Lets the machine ask for `seconds`, answering by `tell`.
    fn go(
        &mut self,
        seconds: u64,
        mut tell: impl FnMut(usize, &Ask) -> Result<Reply, Failure>,
    ) -> &View {
        let end = self.now + seconds * 1_000;
        while self.now < end {
            let mut steps = 0;
            while let Some(request) = self.machine.next(self.now) {
                let answer = Answer {
                    id: request.id,
                    endpoint: request.endpoint,
                    result: tell(request.endpoint, &request.ask),
                };
                self.events.extend(self.machine.answer(self.now, answer));
                steps += 1;
                assert!(steps < 10_000, "the machine must come to rest");
            }
            self.now = self.machine.wake().max(self.now + 100).min(end);
        }
        self.machine.view()
    }

    fn honest(&mut self, root: &Chain) -> &View {
        self.go(120, |_, ask| Ok(root.answer(ask)))
    }
}

fn busy_root(seed: u64, blocks: u64) -> Chain {
    println!("seed {seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut root = Chain::new();
    for _ in 0..blocks {
        for _ in 0..rng.random_range(0..3) {
            root.send(rng.random());
        }
        if rng.random_ratio(1, 4) {
            root.accept(0);
        }
        root.mine(1);
    }
    root.mine(2);
    root
}

fn is_whole(view: &View, root: &Chain) {
    assert!(view.healthy, "{:?}", view.standings);
    assert_eq!(view.count(), root.count);
    assert_eq!(view.link(root.count), Some(root.link));
    assert_eq!(view.accepted, root.accepted);
    let mut previous = view.anchor.link;
    for entry in &view.entries {
        let message = Message::decode(&entry.bytes).unwrap();
        assert_eq!(message.index, entry.index);
        previous = link(entry.index, &previous, &message_hash(&entry.bytes));
        assert_eq!(previous, entry.link);
    }
}

#[test]
fn an_honest_endpoint_is_followed_to_its_final_block() {
    let root = busy_root(1, 30);
    let mut run = Run::new(config(), false);
    is_whole(run.honest(&root), &root);
    let view = run.machine.view();
    assert_eq!(view.finalized.unwrap().number, root.height - 3);
    assert_eq!(
        view.acceptances.len(),
        usize::try_from(root.accepted).unwrap().min(16)
    );
}

#[test]
fn the_finalized_tag_is_followed_too() {
    let root = busy_root(2, 20);
    let mut run = Run::new(
        Config {
            finality: Finality::Tag,
            ..config()
        },
        false,
    );
    is_whole(run.honest(&root), &root);
}

#[test]
fn a_node_that_starts_again_follows_a_root_that_keeps_few_of_many_records() {
    let mut root = Chain::new();
    for _ in 0..60 {
        root.accept(0);
        root.mine(1);
    }
    root.mine(2);
    let mut run = Run::new(config(), false);
    is_whole(run.honest(&root), &root);
    assert_eq!(run.machine.view().accepted, 60);
}

#[test]
fn a_final_block_that_stays_is_compared_once_in_a_while() {
    let root = busy_root(2, 20);
    let mut run = Run::new(
        Config {
            finality: Finality::Tag,
            poll_ms: 250,
            ..config()
        },
        false,
    );
    run.honest(&root);
    let mut compared = 0;
    let mut looked = 0;
    run.go(120, |_, ask| {
        compared += u32::from(matches!(ask, Ask::Heads(_)));
        looked += u32::from(matches!(ask, Ask::Block(Which::Finalized)));
        Ok(root.answer(ask))
    });
    assert_eq!(compared, 2, "of {looked} looks");
}

#[test]
fn what_is_not_final_is_not_shown() {
    let mut root = busy_root(3, 10);
    let before = root.count;
    root.send(1);
    root.mine(1);
    let mut run = Run::new(config(), false);
    assert_eq!(run.honest(&root).count(), before);
    root.mine(2);
    assert_eq!(run.honest(&root).count(), before + 1);
}

#[test]
fn a_reorganisation_above_finality_changes_nothing_that_was_shown() {
    let mut root = busy_root(4, 10);
    let mut run = Run::new(config(), false);
    let seen = run.honest(&root).clone();
    let kept = root.clone();
    root.send(5);
    root.mine(2);
    assert_eq!(run.honest(&root).count(), seen.count());
    // The two newest blocks give way to others, with another message.
    root = kept;
    root.fork_from = root.height;
    root.fork = 1;
    root.send(6);
    root.mine(5);
    is_whole(run.honest(&root), &root);
    assert!(
        !run.events
            .iter()
            .any(|event| matches!(event, Event::Disagreement { .. }))
    );
}

#[test]
fn messages_left_out_in_the_middle_or_at_the_end_are_asked_for_again() {
    let root = busy_root(5, 30);
    for left_out in 1..=root.count {
        let mut run = Run::new(config(), false);
        let place = root
            .logs
            .iter()
            .filter(|log| log.address == INBOX)
            .nth(left_out as usize - 1)
            .cloned()
            .unwrap();
        run.go(60, |_, ask| {
            Ok(match root.answer(ask) {
                Reply::Logs(logs) => {
                    Reply::Logs(logs.into_iter().filter(|log| *log != place).collect())
                }
                other => other,
            })
        });
        let view = run.machine.view();
        assert!(!view.healthy);
        assert_eq!(
            view.count(),
            0,
            "nothing is shown before it was compared with the contract"
        );
        is_whole(run.honest(&root), &root);
    }
}

#[test]
fn forged_events_are_refused_whatever_is_forged() {
    type Forge = fn(&mut Vec<Log>);
    let forges: [(&str, Forge); 9] = [
        ("bytes", |logs| {
            let mut data = logs[0].data.to_vec();
            let last = data.len() - 40;
            data[last] ^= 1;
            logs[0].data = data.into();
        }),
        ("hash", |logs| {
            let mut data = logs[0].data.to_vec();
            data[0] ^= 1;
            logs[0].data = data.into();
        }),
        ("index", |logs| logs[0].topics[1].0[31] ^= 1),
        ("address", |logs| logs[0].address = ROOT_CHAIN),
        ("block", |logs| logs[0].block += 1),
        ("repeated", |logs| logs.insert(0, logs[0].clone())),
        ("turned round", |logs| logs.reverse()),
        ("topic missing", |logs| {
            logs[0].topics.pop();
        }),
        ("cut short", |logs| {
            logs[0].data = logs[0].data.slice(..logs[0].data.len() - 1);
        }),
    ];
    let mut root = Chain::new();
    root.send(1);
    root.send(2);
    root.mine(1);
    root.send(3);
    root.mine(4);
    for (name, forge) in forges {
        let mut run = Run::new(config(), false);
        run.go(60, |_, ask| {
            Ok(match root.answer(ask) {
                Reply::Logs(mut logs) if logs.len() > 1 && logs[0].address == INBOX => {
                    forge(&mut logs);
                    Reply::Logs(logs)
                }
                other => other,
            })
        });
        assert_eq!(run.machine.view().count(), 0, "{name}");
        assert!(
            matches!(run.machine.view().standings[0], EndpointStanding::Lying(_)),
            "{name}: {:?}",
            run.machine.view().standings
        );
        is_whole(run.honest(&root), &root);
    }
}

#[test]
fn a_wrong_head_of_the_contract_stops_the_reports_until_it_is_right() {
    let root = busy_root(6, 20);
    let lies: [fn(&mut Heads); 7] = [
        |heads| heads.count += 1,
        |heads| heads.count -= 1,
        |heads| heads.link = heads.link.map(|link| !link),
        |heads| heads.link = None,
        |heads| heads.tau += 1,
        |heads| {
            heads
                .records
                .iter_mut()
                .for_each(|record| *record = !*record)
        },
        |heads| heads.accepted += 1,
    ];
    for lie in lies {
        let mut run = Run::new(config(), false);
        run.go(60, |_, ask| {
            Ok(match root.answer(ask) {
                Reply::Heads(mut heads) => {
                    lie(&mut heads);
                    Reply::Heads(heads)
                }
                other => other,
            })
        });
        assert!(!run.machine.view().healthy);
        assert_eq!(run.machine.view().count(), 0);
        is_whole(run.honest(&root), &root);
    }
}

#[test]
fn a_history_that_changes_below_finality_stops_the_reports_and_is_read_anew() {
    let mut root = busy_root(7, 20);
    let mut run = Run::new(config(), false);
    let shown = run.honest(&root).clone();
    // A fork with the same heights, other blocks and another last message.
    let kept = root.clone();
    root = Chain::new();
    root.fork_from = DEPLOYED + 3;
    root.fork = 9;
    for number in 0..shown.count() + 3 {
        root.send(u128::from(number));
        root.mine(1);
    }
    while root.height < kept.height + 5 {
        root.mine(1);
    }
    run.go(5, |_, ask| Ok(root.answer(ask)));
    assert!(
        run.events.iter().any(|event| matches!(
            event,
            Event::Stands {
                standing: EndpointStanding::Lying(_),
                ..
            }
        )),
        "{:?}",
        run.events
    );
    is_whole(run.honest(&root), &root);
}

#[test]
fn another_chain_another_origin_a_shorter_and_a_different_inbox_are_named_and_never_believed() {
    let root = busy_root(8, 20);
    let fatal = |tell: &dyn Fn(&Ask) -> Reply, consumed: Option<(u64, B256)>| {
        let mut run = Run::new(config(), false);
        if let Some((cursor, link)) = consumed {
            run.machine.consumed(0, cursor, link);
        }
        run.go(60, |_, ask| Ok(tell(ask)));
        assert!(!run.machine.view().healthy);
        run.machine.view().standings[0].clone()
    };
    let other_chain = fatal(
        &|ask| match ask {
            Ask::ChainId => Reply::ChainId(1),
            ask => root.answer(ask),
        },
        None,
    );
    assert_eq!(
        other_chain,
        EndpointStanding::OtherChain {
            expected: 31337,
            seen: 1
        }
    );
    let mut elsewhere = root.clone();
    elsewhere.fork_from = 0;
    elsewhere.fork = 3;
    assert!(matches!(
        fatal(&|ask| elsewhere.answer(ask), None),
        EndpointStanding::OtherOrigin { .. }
    ));
    let beyond = (root.count + 1, B256::repeat_byte(1));
    assert_eq!(
        fatal(&|ask| root.answer(ask), Some(beyond)),
        EndpointStanding::Shorter {
            count: root.count,
            cursor: root.count + 1
        }
    );
    for cursor in 1..=root.count {
        let standing = fatal(
            &|ask| root.answer(ask),
            Some((cursor, B256::repeat_byte(1))),
        );
        assert!(
            matches!(standing, EndpointStanding::Differs { .. }),
            "{cursor}: {standing:?}"
        );
    }
}

#[test]
fn consumed_messages_are_dropped_and_the_rest_stays() {
    let root = busy_root(9, 30);
    let mut run = Run::new(config(), false);
    let whole = run.honest(&root).clone();
    for cursor in 1..=root.count {
        run.machine
            .consumed(run.now, cursor, whole.link(cursor).unwrap());
        let view = run.machine.view();
        assert_eq!(view.anchor.index, cursor);
        assert_eq!(view.count(), root.count);
        assert_eq!(view.entries.len() as u64, root.count - cursor);
    }
    is_whole(run.honest(&root), &root);
}

#[test]
fn an_invented_message_that_the_child_passed_unseen_is_forgotten_when_the_lie_ends() {
    for passed in 1..4 {
        let mut root = busy_root(17, 20);
        let mut run = Run::new(config(), false);
        is_whole(run.honest(&root), &root);
        let known = root.count;
        run.machine.consumed(run.now, known, root.link);
        let mut lie = root.clone();
        lie.fork_from = root.height;
        lie.fork = 1;
        lie.send(1);
        lie.mine(3);
        assert_eq!(run.honest(&lie).count(), known + 1);
        // Other validators saw what root holds, and the child's cursor goes past the invented message by `passed` messages at once.
        for number in 0..passed {
            root.send(number);
        }
        root.mine(4);
        run.machine.consumed(run.now, root.count, root.link);
        run.honest(&lie);
        root.send(9);
        root.mine(3);
        is_whole(run.honest(&root), &root);
        let before = root.count - 1;
        assert_eq!(run.machine.view().link(before), Some(root.link_at(before)));
    }
}

#[test]
fn memory_is_bounded_and_the_rest_is_read_when_there_is_room() {
    let mut root = Chain::new();
    for _ in 0..50 {
        for number in 0..7 {
            root.send(number);
        }
        root.accept(0);
        root.mine(1);
    }
    root.mine(2);
    let bounded = Config {
        kept_messages: Config::MIN_KEPT_MESSAGES,
        ..config()
    };
    let mut run = Run::new(bounded, false);
    let mut cursor = 0;
    while cursor < root.count {
        let view = run.go(10, |_, ask| Ok(root.answer(ask))).clone();
        assert!(view.entries.len() <= Config::MIN_KEPT_MESSAGES);
        assert!(view.healthy, "{:?}", view.standings);
        assert_eq!(
            view.accepted, root.accepted,
            "acceptances are followed past a full inbox"
        );
        assert!(
            view.acceptances.len() <= 16,
            "records are bounded by their own number"
        );
        assert!(view.count() > cursor, "stuck at {cursor}");
        cursor = view.count();
        run.machine
            .consumed(run.now, cursor, view.link(cursor).unwrap());
    }
    is_whole(run.honest(&root), &root);
}

#[test]
fn a_start_from_a_cursor_skips_what_is_consumed() {
    let root = busy_root(10, 30);
    let mut run = Run::new(config(), false);
    let whole = run.honest(&root).clone();
    for entry in &whole.entries {
        let anchor = Anchor {
            index: entry.index,
            link: entry.link,
            root_height: entry.root_height,
        };
        let mut from = Run::new(config(), false);
        from.machine = Inbox::new(config(), anchor, None, false);
        let view = from.honest(&root);
        assert_eq!(view.anchor.index, entry.index);
        is_whole(view, &root);
    }
}

#[test]
fn two_endpoints_move_only_together() {
    let mut root = busy_root(11, 20);
    let mut run = Run::new(config(), true);
    is_whole(run.honest(&root), &root);
    let before = root.clone();
    root.send(1);
    root.mine(3);
    // The second one lags: nothing moves, nothing is wrong.
    let view = run.go(30, |endpoint, ask| {
        Ok(if endpoint == 0 { &root } else { &before }.answer(ask))
    });
    assert!(view.healthy);
    assert_eq!(view.count(), before.count);
    is_whole(run.honest(&root), &root);
}

#[test]
fn two_endpoints_that_differ_stop_the_reports_once_and_resume_when_they_agree() {
    let mut root = busy_root(12, 20);
    let mut run = Run::new(config(), true);
    is_whole(run.honest(&root), &root);
    let mut other = root.clone();
    root.send(1);
    root.mine(3);
    other.send(2);
    other.mine(3);
    let shown = run.machine.view().count();
    let view = run.go(100, |endpoint, ask| {
        Ok(if endpoint == 0 { &root } else { &other }.answer(ask))
    });
    assert!(!view.healthy);
    assert_eq!(view.count(), shown);
    let raised = |events: &[Event]| {
        events
            .iter()
            .filter(|event| matches!(event, Event::Disagreement { .. }))
            .count()
    };
    assert_eq!(raised(&run.events), 1);
    is_whole(run.honest(&root), &root);
    assert!(run.events.contains(&Event::Agreement));
}

#[test]
fn every_failure_is_survived_and_waits_grow_but_are_bounded() {
    let root = busy_root(13, 20);
    let failures = [
        Failure::Unreachable,
        Failure::RateLimited { wait_ms: 1_000 },
        Failure::TooLarge,
        Failure::Refused("limit of key 123".into()),
        Failure::Malformed("nonsense of key 123".into()),
    ];
    for failure in failures {
        let mut run = Run::new(config(), false);
        let mut asked = 0;
        run.go(600, |_, _| {
            asked += 1;
            Err(failure.clone())
        });
        assert!(
            (10..60).contains(&asked),
            "{asked} requests in ten minutes of {failure:?}"
        );
        let view = run.machine.view();
        assert!(!view.healthy);
        // A node's owner finds the endpoint's own words in the log; strangers do not get them.
        let (told, logged) = (view.trouble(), view.standings[0].to_string());
        assert!(
            told.contains("endpoint 0") && !told.contains("key 123"),
            "{told}"
        );
        assert_eq!(
            logged.contains("key 123"),
            failure.to_string().contains("key 123")
        );
        is_whole(run.honest(&root), &root);
    }
}

#[test]
fn a_final_block_whose_state_is_gone_is_left_for_the_next_one() {
    let mut root = busy_root(16, 20);
    let mut run = Run::new(config(), false);
    let gone = root.hash(root.height - 3);
    let refuse = |root: &Chain, ask: &Ask| match ask {
        Ask::Heads(sought) if sought.block == gone => {
            Err(Failure::Refused("missing trie node".into()))
        }
        ask => Ok(root.answer(ask)),
    };
    assert!(!run.go(60, |_, ask| refuse(&root, ask)).healthy);
    root.mine(1);
    run.go(60, |_, ask| refuse(&root, ask));
    is_whole(run.machine.view(), &root);
}

#[test]
fn ranges_that_are_too_large_are_halved_until_they_fit() {
    let root = busy_root(14, 40);
    let mut run = Run::new(
        Config {
            range: 1 << 20,
            ..config()
        },
        false,
    );
    run.go(600, |_, ask| match ask {
        Ask::Logs { from, to, .. } if to - from > 3 => Err(Failure::TooLarge),
        ask => Ok(root.answer(ask)),
    });
    is_whole(run.machine.view(), &root);
}

#[test]
fn answers_that_are_late_repeated_or_for_nobody_change_nothing() {
    let root = busy_root(15, 20);
    let mut run = Run::new(config(), false);
    is_whole(run.honest(&root), &root);
    let view = run.machine.view().clone();
    for id in 0..200 {
        for endpoint in 0..3 {
            let answer = Answer {
                id,
                endpoint,
                result: Ok(Reply::ChainId(1)),
            };
            assert!(run.machine.answer(run.now, answer).is_empty());
        }
    }
    // A request that is never answered is given up and asked again under another name.
    let first = loop {
        match run.machine.next(run.now) {
            Some(request) => break request,
            None => run.now += 100,
        }
    };
    assert_eq!(run.machine.next(run.now), None);
    run.now += 60_000;
    let second = loop {
        match run.machine.next(run.now) {
            Some(request) => break request,
            None => run.now += 100,
        }
    };
    assert_ne!(first.id, second.id);
    let late = Answer {
        id: first.id,
        endpoint: 0,
        result: Ok(root.answer(&first.ask)),
    };
    assert!(run.machine.answer(run.now, late).is_empty());
    assert_eq!(run.machine.view().count(), view.count());
}

#[test]
fn random_lies_never_panic_never_show_a_false_message_and_never_last() {
    for seed in 0..40 {
        let root = busy_root(100 + seed, 25);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let two = seed % 2 == 0;
        let mut run = Run::new(config(), two);
        run.go(200, |_, ask| {
            let mut reply = root.answer(ask);
            match rng.random_range(0..10) {
                0 => return Err(Failure::Unreachable),
                1 => return Err(Failure::RateLimited { wait_ms: 500 }),
                2 => reply = Reply::Block(None),
                3 => reply = Reply::ChainId(rng.random()),
                4 => {
                    if let Reply::Logs(logs) = &mut reply
                        && !logs.is_empty()
                    {
                        let place = rng.random_range(0..logs.len());
                        let mut data = logs[place].data.to_vec();
                        let byte = rng.random_range(0..data.len());
                        data[byte] ^= 1 << rng.random_range(0..8);
                        logs[place].data = data.into();
                    }
                }
                5 => {
                    if let Reply::Heads(heads) = &mut reply {
                        heads.count = rng.random();
                    }
                }
                6 => {
                    if let Reply::Block(Some(block)) = &mut reply {
                        block.number = rng.random();
                    }
                }
                _ => {}
            }
            Ok(reply)
        });
        for entry in &run.machine.view().entries {
            let honest = root
                .logs
                .iter()
                .filter(|log| log.address == INBOX)
                .nth(entry.index as usize - 1)
                .unwrap();
            let event =
                IInbox::MessageSent::decode_raw_log(honest.topics.iter().copied(), &honest.data)
                    .unwrap();
            assert_eq!(event.message.as_ref(), entry.bytes.as_ref());
        }
        is_whole(run.honest(&root), &root);
    }
}

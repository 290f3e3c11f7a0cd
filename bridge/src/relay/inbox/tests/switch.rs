//! An endpoint whose history changes between any two questions, and is the true one from some question on: the machine ends on the truth.

use rand::seq::IndexedRandom;

use super::chain::hash_of;
use super::*;
use crate::relay::outbox::tail;
use crate::relay::seen::{Block, Position};

/// Random runs; each has its own histories, switches and moment of honesty.
const SEEDS: u64 = 2_000;
/// Seconds within which an honest endpoint is believed, by the machine's own clock: an endpoint whose final block went back is given a
/// minute, each of a few contradictions costs at most half a minute, and each is found within one poll.
const BELIEVED_WITHIN: u64 = 600;

/// Who uses the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum User {
    /// A node, whose child consumes true messages.
    Node,
    /// A relayer, which lets go of what no submission needs.
    Relayer,
}

struct World {
    rng: ChaCha8Rng,
    truth: Chain,
    lies: Vec<Chain>,
    user: User,
    cursor: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut truth = Chain::new();
        let before = rng.random_range(0..8);
        grow(&mut truth, &mut rng, before);
        let mut lies = Vec::new();
        for fork in 1..=rng.random_range(1..4) {
            let mut lie = truth.clone();
            // Some lies have other blocks, and some only other events and states of the same blocks.
            if rng.random_bool(0.7) {
                lie.fork_from = lie.height;
                lie.fork = fork;
            }
            let more = rng.random_range(0..10);
            grow(&mut lie, &mut rng, more);
            lie.mine(if rng.random_bool(0.2) { 400 } else { 3 });
            lies.push(lie);
            let between = rng.random_range(0..4);
            grow(&mut truth, &mut rng, between);
        }
        truth.mine(3);
        let user = if rng.random_bool(0.5) {
            User::Node
        } else {
            User::Relayer
        };
        Self {
            rng,
            truth,
            lies,
            user,
            cursor: 0,
        }
    }

    fn config(&mut self) -> Config {
        Config {
            finality: if self.rng.random_bool(0.5) {
                Finality::Tag
            } else {
                Finality::Depth(2)
            },
            kept_checkpoints: self.rng.random_range(1..6),
            range: self.rng.random_range(1..20),
            ..config()
        }
    }

    /// Where an earlier run may have come to: by the truth, by a lie, or by a damaged disk.
    fn position(&mut self) -> Option<Position> {
        let chain = match self.rng.random_range(0..4) {
            0 => &self.truth,
            1 => self.lies.choose(&mut self.rng)?,
            2 => {
                let most = [20, u64::MAX][self.rng.random_range(0..2)];
                return Some(Position {
                    anchor: Anchor {
                        index: self.rng.random_range(0..most),
                        link: B256::repeat_byte(self.rng.random_range(0..2)),
                        root_height: self.rng.random_range(0..most),
                    },
                    epoch: self.rng.random_range(0..most),
                    epoch_height: self.rng.random_range(0..most),
                });
            }
            _ => return None,
        };
        let index = self.rng.random_range(0..=chain.count);
        let entry = chain.logs.iter().filter(|log| log.address == INBOX);
        let block = entry.map(|log| log.block).nth(index as usize);
        let epoch = self.rng.random_range(0..=chain.accepted);
        let record = chain.records().get(epoch as usize);
        Some(Position {
            anchor: Anchor {
                index,
                link: chain.link_at(index),
                root_height: block.unwrap_or(chain.height),
            },
            epoch,
            epoch_height: record.map_or(chain.height, |record| record.block),
        })
    }

    /// All histories may go on, and the user of the machine tells it what it does.
    fn live(&mut self, run: &mut Run) {
        if self.rng.random_ratio(1, 5) {
            grow(&mut self.truth, &mut self.rng, 1);
            for lie in &mut self.lies {
                grow(lie, &mut self.rng, 1);
            }
        }
        match self.user {
            User::Node if self.rng.random_ratio(1, 6) => {
                // Other nodes may have seen what this one has not.
                self.cursor = self.rng.random_range(self.cursor..=self.truth.count);
                let link = self.truth.link_at(self.cursor);
                run.machine.consumed(run.now, self.cursor, link);
            }
            User::Relayer if self.rng.random_ratio(1, 3) => {
                if let Some(needless) = tail::needless(run.machine.view()) {
                    run.machine.released(run.now, needless);
                }
            }
            _ => {}
        }
    }

    fn answer(&mut self, history: usize, ask: &Ask) -> Result<Reply, Failure> {
        if self.rng.random_ratio(1, 20) {
            return Err(Failure::Unreachable);
        }
        self.history(history).try_answer(ask)
    }

    fn history(&self, number: usize) -> &Chain {
        match number.checked_sub(1) {
            Some(lie) => &self.lies[lie],
            None => &self.truth,
        }
    }
}

fn grow(chain: &mut Chain, rng: &mut ChaCha8Rng, blocks: u64) {
    for _ in 0..blocks {
        if rng.random_ratio(1, 3) {
            chain.send(rng.random());
        }
        if rng.random_ratio(1, 4) {
            // Both histories may accept one checkpoint, at different times.
            chain.accept(rng.random_range(0..2));
        }
        chain.mine(1);
    }
}

/// Lets the machine ask one question, whenever it has one.
fn question(run: &mut Run) -> Request {
    loop {
        if let Some(request) = run.machine.next(run.now) {
            return request;
        }
        run.now = run.machine.wake().max(run.now + 1);
    }
}

fn answer(run: &mut Run, request: &Request, result: Result<Reply, Failure>) {
    let answer = Answer {
        id: request.id,
        endpoint: request.endpoint,
        result,
    };
    run.machine.answer(run.now, answer);
}

fn ends_on_the_truth(run: &mut Run, world: &World, kept_checkpoints: usize) {
    let truth = &world.truth;
    run.go(BELIEVED_WITHIN, |_, ask| truth.try_answer(ask));
    let view = run.machine.view();
    is_whole(view, truth);
    let kept = (truth.accepted as usize).min(kept_checkpoints);
    let records: Vec<_> = view.acceptances.values().cloned().collect();
    assert_eq!(records, truth.records()[truth.accepted as usize - kept..]);
    if world.user == User::Node {
        assert_eq!(view.link(world.cursor), Some(truth.link_at(world.cursor)));
    }
}

#[test]
fn whatever_an_endpoint_said_before_it_is_believed_once_it_is_honest() {
    for seed in 0..SEEDS {
        println!("seed {seed}");
        let mut world = World::new(seed);
        let config = world.config();
        let kept = config.kept_checkpoints;
        let two = world.rng.random_ratio(1, 4);
        let position = world.position();
        // A node takes no position past its own cursor, which is nothing here.
        let position =
            position.filter(|position| world.user == User::Relayer || position.anchor.index == 0);
        let mut run = Run::new(config.clone(), two);
        run.machine = Inbox::new(config, Anchor::GENESIS, position, two);
        let mut told = [0, 0];
        for _ in 0..world.rng.random_range(0..120) {
            let request = question(&mut run);
            if world.rng.random_ratio(1, 4) {
                told[request.endpoint] = world.rng.random_range(0..=world.lies.len());
            }
            let reply = world.answer(told[request.endpoint], &request.ask);
            answer(&mut run, &request, reply);
            world.live(&mut run);
        }
        world.truth.mine(3);
        ends_on_the_truth(&mut run, &world, kept);
    }
}

#[test]
fn a_single_switch_between_any_two_questions_is_survived() {
    for seed in 0..30 {
        for switch in 0..60 {
            println!("seed {seed}, switch before question {switch}");
            let mut world = World::new(seed);
            let config = world.config();
            let kept = config.kept_checkpoints;
            let mut run = Run::new(config, false);
            for _ in 0..switch {
                let request = question(&mut run);
                let reply = world.history(1).try_answer(&request.ask);
                answer(&mut run, &request, reply);
                world.live(&mut run);
            }
            world.truth.mine(3);
            ends_on_the_truth(&mut run, &world, kept);
        }
    }
}

#[test]
fn a_final_block_invented_a_long_way_off_is_given_up() {
    for height in [100, 1 << 20, u64::MAX] {
        for after in [1, 10, 100, 1_000] {
            let root = busy_root(31, 20);
            let mut run = Run::new(config(), false);
            let far = Block {
                number: height,
                hash: hash_of(height, 9),
                parent: hash_of(height - 1, 9),
                time: u64::MAX,
            };
            for _ in 0..after {
                let request = question(&mut run);
                let reply = match request.ask {
                    Ask::Block(Which::Latest) => Ok(Reply::Block(Some(far))),
                    Ask::Block(Which::Number(number)) if number + 2 == height => {
                        Ok(Reply::Block(Some(Block { number, ..far })))
                    }
                    ref ask => root.try_answer(ask),
                };
                answer(&mut run, &request, reply);
            }
            is_whole(
                run.go(BELIEVED_WITHIN, |_, ask| root.try_answer(ask)),
                &root,
            );
        }
    }
}

#[test]
fn a_true_position_is_read_on_from_and_a_false_one_is_found_out() {
    for seed in 0..200 {
        println!("seed {seed}");
        let mut root = busy_root(seed, 40);
        let mut first = Run::new(config(), false);
        first.honest(&root);
        let consumed = root.count / 2;
        let link = root.link_at(consumed);
        first.machine.consumed(first.now, consumed, link);
        root.mine(1);
        first.honest(&root);
        let position = first.machine.position().expect("all agrees");
        assert_eq!(position.anchor.index, consumed);
        let anchor = Anchor {
            index: consumed,
            link,
            root_height: 0,
        };
        let start = |position| Inbox::new(config(), anchor, Some(position), false);
        let mut again = Run::new(config(), false);
        again.machine = start(position);
        let mut lowest = u64::MAX;
        again.go(60, |_, ask| {
            if let Ask::Logs { from, .. } = ask {
                lowest = lowest.min(*from);
            }
            root.try_answer(ask)
        });
        is_whole(again.machine.view(), &root);
        let wanted = position.anchor.root_height.min(position.epoch_height);
        assert_eq!(lowest, wanted.max(DEPLOYED), "{position:?}");
        // Whatever else the file says, the truth is found.
        for late in 0..8 {
            let mut wrong = position;
            wrong.anchor.root_height += late;
            wrong.epoch_height += late * 3;
            wrong.epoch += late % 3;
            let mut other = Run::new(config(), false);
            other.machine = start(wrong);
            is_whole(
                other.go(BELIEVED_WITHIN, |_, ask| root.try_answer(ask)),
                &root,
            );
        }
    }
}

#[test]
fn another_chain_behind_the_address_for_a_while_costs_no_more_than_what_is_kept() {
    for seed in 0..50 {
        println!("seed {seed}");
        let mut root = busy_root(seed, 40);
        let mut run = Run::new(config(), false);
        run.honest(&root);
        let consumed = root.count / 2;
        run.machine
            .consumed(run.now, consumed, root.link_at(consumed));
        root.mine(1);
        run.honest(&root);
        let position = run.machine.position().expect("all agrees");
        for wrong in 0..3 {
            // An endpoint that was not reached is asked anew which chain it is.
            run.go(1, |_, _| Err(Failure::Unreachable));
            root.mine(1);
            let mut elsewhere = root.clone();
            (elsewhere.fork_from, elsewhere.fork) = (0, 3);
            run.go(60, |_, ask| match ask {
                Ask::ChainId if wrong == 0 => Ok(Reply::ChainId(1)),
                ask => elsewhere.try_answer(ask),
            });
            assert!(run.machine.view().standings[0].is_fatal());
            let mut lowest = u64::MAX;
            run.go(BELIEVED_WITHIN, |_, ask| {
                if let Ask::Logs { from, .. } = ask {
                    lowest = lowest.min(*from);
                }
                root.try_answer(ask)
            });
            is_whole(run.machine.view(), &root);
            let wanted = position.anchor.root_height.min(position.epoch_height);
            assert!(lowest >= wanted.max(DEPLOYED), "{lowest}: {position:?}");
        }
    }
}

#[test]
fn a_range_that_is_never_answered_is_not_asked_for_again() {
    let root = busy_root(33, 40);
    for silence in [Failure::Unreachable, Failure::TooLarge] {
        let mut run = Run::new(
            Config {
                range: 32,
                ..config()
            },
            false,
        );
        let mut refused = Vec::new();
        let mut sizes = Vec::new();
        run.go(600, |_, ask| match ask {
            Ask::Logs { from, to, .. } => {
                let size = to - from + 1;
                sizes.push(size);
                if size > 3 {
                    assert!(
                        !refused.ends_with(&[(*from, size)]),
                        "{size} blocks from {from} again"
                    );
                    refused.push((*from, size));
                    return Err(silence.clone());
                }
                root.try_answer(ask)
            }
            ask => root.try_answer(ask),
        });
        is_whole(run.machine.view(), &root);
        let smallest = sizes.iter().position(|size| *size <= 3).unwrap();
        assert!(
            sizes[smallest..].iter().any(|size| *size > 3),
            "it grows again: {sizes:?}"
        );
    }
}

#[test]
fn an_endpoint_without_a_final_block_and_one_that_stands_are_named() {
    let mut root = busy_root(34, 20);
    let tag = Config {
        finality: Finality::Tag,
        stall_ms: 300_000,
        ..config()
    };
    let mut run = Run::new(tag, false);
    let refuse = |ask: &Ask| match ask {
        Ask::Block(Which::Finalized) => Err(Failure::Refused("finalized block not found".into())),
        ask => root.try_answer(ask),
    };
    let said = run.go(60, |_, ask| refuse(ask)).standings[0].to_string();
    assert!(said.contains("finalized block not found"), "{said}");
    let none = |ask: &Ask| match ask {
        Ask::Block(Which::Finalized) => Ok(Reply::Block(None)),
        ask => root.try_answer(ask),
    };
    let view = run.go(60, |_, ask| none(ask));
    assert_eq!(view.standings, [EndpointStanding::NoFinalBlock(None)]);
    assert!(!view.healthy);
    is_whole(run.go(60, |_, ask| root.try_answer(ask)), &root);
    let view = run.go(400, |_, ask| root.try_answer(ask));
    assert!(
        matches!(view.standings[0], EndpointStanding::Stalled { number, .. } if number == root.height - 3),
        "{:?}",
        view.standings
    );
    assert!(view.healthy, "what is known stays true");
    root.mine(1);
    let view = run.go(60, |_, ask| root.try_answer(ask));
    assert_eq!(view.standings, [EndpointStanding::Following]);
}

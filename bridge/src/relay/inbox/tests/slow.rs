//! Honest endpoints that are slow, metered, behind or silent: what is known is kept, and all of it is known in the end.

use super::*;
use crate::relay::seen::{Block, Position};

/// A root chain with more accepted checkpoints than are compared at once.
fn long_root(seed: u64) -> Chain {
    let mut root = busy_root(seed, 10);
    for number in 0..40 {
        root.send(number);
        root.accept(0);
        root.mine(1);
    }
    root.mine(2);
    root
}

fn long_config() -> Config {
    Config {
        kept_checkpoints: 64,
        ..config()
    }
}

/// Where reading began, of all the questions for events that `run` asks while `seconds` pass.
fn lowest_read(
    run: &mut Run,
    seconds: u64,
    mut tell: impl FnMut(usize, &Ask) -> Result<Reply, Failure>,
) -> u64 {
    let mut lowest = u64::MAX;
    run.go(seconds, |endpoint, ask| {
        if let Ask::Logs { from, .. } = ask {
            lowest = lowest.min(*from);
        }
        tell(endpoint, ask)
    });
    lowest
}

#[test]
fn records_that_an_endpoint_is_too_slow_for_are_asked_for_in_smaller_numbers() {
    for limit in [1, 2, 5, 7] {
        let root = long_root(41);
        let mut run = Run::new(long_config(), false);
        let mut largest = 0;
        run.go(300, |_, ask| match ask {
            Ask::Heads(sought) if sought.end_epoch - sought.first_epoch > limit => {
                largest = largest.max(sought.end_epoch - sought.first_epoch);
                Err(Failure::Unreachable)
            }
            ask => root.try_answer(ask),
        });
        assert_eq!(largest, 8, "all of them were asked for first");
        is_whole(run.machine.view(), &root);
    }
}

#[test]
fn an_answer_of_many_calls_may_take_as_long_as_all_of_them() {
    let root = long_root(42);
    let mut run = Run::new(long_config(), false);
    // Each call takes most of what one answer may take.
    while run.machine.view().finalized.is_none() {
        let Some(request) = run.machine.next(run.now) else {
            run.now = run.machine.wake().max(run.now + 1);
            continue;
        };
        run.now += request.ask.calls() * (config().patience_ms - 1_000);
        assert!(run.now < 3_600_000, "an hour is enough");
        let given_up = run.machine.next(run.now);
        assert_eq!(given_up, None, "{:?} was given up", request.ask);
        let answer = Answer {
            id: request.id,
            endpoint: request.endpoint,
            result: root.try_answer(&request.ask),
        };
        run.machine.answer(run.now, answer);
    }
    assert_eq!(run.machine.view().accepted, root.accepted);
}

#[test]
fn an_endpoint_that_asks_for_fewer_requests_gets_fewer_and_none_that_are_smaller() {
    const WAIT: u64 = 7_000;
    let root = long_root(43);
    let mut run = Run::new(long_config(), false);
    let (mut limited_at, mut allowed) = (None, true);
    let mut refused: Option<Ask> = None;
    let mut limits = 0;
    while run.now < 3_600_000 {
        let Some(request) = run.machine.next(run.now) else {
            run.now = run.machine.wake().max(run.now + 1);
            continue;
        };
        if let Some(at) = limited_at.take() {
            assert!(
                run.now >= at + WAIT,
                "asked again after {} ms",
                run.now - at
            );
            if let Some(refused) = refused.take_if(|ask| !matches!(ask, Ask::Block(_))) {
                assert_eq!(refused, request.ask, "the same again, and no other");
            }
        }
        // Every other question is one too many.
        allowed = !allowed;
        let result = match allowed {
            true => root.try_answer(&request.ask),
            false => {
                limits += 1;
                limited_at = Some(run.now);
                refused = Some(request.ask.clone());
                Err(Failure::RateLimited { wait_ms: WAIT })
            }
        };
        let answer = Answer {
            id: request.id,
            endpoint: request.endpoint,
            result,
        };
        run.machine.answer(run.now, answer);
    }
    assert!(limits > 50, "{limits}");
    assert_eq!(run.machine.view().count(), root.count);
    assert_eq!(run.machine.view().accepted, root.accepted);
    // One that asks for a wait without end is asked again all the same.
    let mut run = Run::new(long_config(), false);
    let mut asked = 0;
    run.go(600, |_, _| {
        asked += 1;
        Err(Failure::RateLimited { wait_ms: u64::MAX })
    });
    assert!((15..60).contains(&asked), "{asked}");
    is_whole(run.honest(&root), &root);
}

#[test]
fn an_endpoint_that_is_behind_the_child_keeps_what_it_showed_and_goes_on_from_there() {
    for seed in 0..40 {
        println!("seed {seed}");
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut root = long_root(seed);
        let mut run = Run::new(long_config(), false);
        is_whole(run.honest(&root), &root);
        let behind = root.clone();
        let first = behind.height - 8;
        for number in 0..rng.random_range(1..4) {
            root.send(number);
            root.accept(0);
            root.mine(rng.random_range(1..3));
        }
        root.mine(3);
        // Two thirds saw it at once; this endpoint shows the old block for minutes, or a block in between.
        run.machine.consumed(run.now, root.count, root.link);
        let lowest = lowest_read(&mut run, rng.random_range(1..400), |_, ask| {
            behind.try_answer(ask)
        });
        assert!(lowest >= first, "block {lowest} was read again");
        let view = run.machine.view();
        assert_eq!(view.accepted, behind.accepted, "what was shown stays");
        assert_eq!(
            view.link(root.count),
            None,
            "and is no word on what was consumed"
        );
        let mut between = root.clone();
        between.height = rng.random_range(behind.height..=root.height);
        let lowest = lowest_read(&mut run, 100, |_, ask| between.try_answer(ask));
        assert!(lowest >= first, "block {lowest} was read again");
        let lowest = lowest_read(&mut run, 100, |_, ask| root.try_answer(ask));
        assert!(lowest >= first, "block {lowest} was read again");
        is_whole(run.machine.view(), &root);
    }
}

#[test]
fn a_start_at_an_endpoint_that_is_behind_waits_for_it_and_reads_acceptances_once() {
    let mut root = long_root(44);
    let behind = root.clone();
    root.send(1);
    root.mine(3);
    let anchor = Anchor {
        index: root.count,
        link: root.link,
        root_height: 0,
    };
    let mut run = Run::new(long_config(), false);
    run.machine = Inbox::new(long_config(), anchor, None::<Position>, false);
    let view = run.go(200, |_, ask| behind.try_answer(ask));
    let (count, cursor) = (behind.count, root.count);
    assert_eq!(
        view.standings,
        [EndpointStanding::Shorter { count, cursor }]
    );
    assert!(!view.healthy);
    let lowest = lowest_read(&mut run, 100, |_, ask| root.try_answer(ask));
    assert!(lowest > DEPLOYED, "all is read again");
    is_whole(run.machine.view(), &root);
}

#[test]
fn an_endpoint_whose_final_block_goes_back_and_that_has_the_later_one_is_not_read_again() {
    let mut root = long_root(45);
    let tag = Config {
        finality: Finality::Tag,
        ..long_config()
    };
    let mut run = Run::new(tag, false);
    is_whole(run.honest(&root), &root);
    let mut older = root.clone();
    older.height -= 5;
    let lowest = lowest_read(&mut run, 1_000, |_, ask| match ask {
        Ask::Block(Which::Finalized) => older.try_answer(ask),
        ask => root.try_answer(ask),
    });
    assert!(lowest > root.height - 10, "block {lowest} was read again");
    is_whole(run.machine.view(), &root);
    root.send(3);
    root.mine(3);
    is_whole(run.honest(&root), &root);
}

#[test]
fn a_view_that_one_silent_endpoint_of_two_holds_still_is_not_sound_for_long() {
    let mut root = long_root(46);
    let stall_ms = 300_000;
    let timed = Config {
        stall_ms,
        kept_messages: 512,
        ..long_config()
    };
    let mut run = Run::new(timed, true);
    is_whole(run.honest(&root), &root);
    assert!(run.machine.view().is_sound(run.now));
    let mut silent_for = 0;
    while silent_for < stall_ms + 60_000 {
        // The other one goes on, and the child lives.
        root.send(1);
        root.mine(1);
        run.go(10, |endpoint, ask| match endpoint {
            0 => root.try_answer(ask),
            _ => Err(Failure::Unreachable),
        });
        silent_for += 10_000;
        let view = run.machine.view();
        assert!(view.healthy, "what is shown stays true");
        if silent_for < stall_ms / 2 {
            assert!(view.is_sound(run.now), "a short silence is no matter");
        }
    }
    assert!(!run.machine.view().is_sound(run.now), "it stands");
    root.mine(2);
    is_whole(run.honest(&root), &root);
    assert!(run.machine.view().is_sound(run.now));
}

#[test]
fn a_scan_towards_a_block_that_was_invented_gets_back_when_what_is_behind_the_chain_is_refused() {
    for seed in 0..20 {
        let root = long_root(seed);
        let mut run = Run::new(long_config(), false);
        let last = root.height - 1;
        let invented = |number| Block {
            number,
            hash: B256::repeat_byte(9),
            ..root.block(last).expect("the newest block")
        };
        let mut has_passed = false;
        // It lies until a range beyond the end of the chain was read.
        let view = run.go(900, |_, ask| match ask {
            Ask::Block(Which::Latest) if !has_passed => {
                Ok(Reply::Block(Some(invented(last + 100_000))))
            }
            Ask::Block(Which::Number(number)) if !has_passed && *number > last => {
                Ok(Reply::Block(Some(invented(*number))))
            }
            Ask::Logs { to, .. } if *to > last && has_passed => {
                Err(Failure::Refused("a block behind the newest".into()))
            }
            Ask::Logs { to, .. } => {
                has_passed |= *to > last;
                root.try_answer(ask)
            }
            ask => root.try_answer(ask),
        });
        is_whole(view, &root);
        assert!(has_passed, "it went beyond the end of the chain");
    }
}

/// Between any question and its answer the child may consume messages, and so make room in a track that was full when it asked.
#[test]
fn what_the_child_consumes_while_a_full_track_asks_makes_no_honest_endpoint_a_liar() {
    let mut fulls = 0;
    for seed in 0..60 {
        println!("seed {seed}");
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut root = Chain::new();
        for _ in 0..120 {
            for _ in 0..rng.random_range(0..8) {
                root.send(1);
            }
            if rng.random_ratio(1, 8) {
                root.accept(0);
            }
            root.mine(1);
        }
        root.mine(3);
        let mut run = Run::new(config(), false);
        let (mut cursor, mut steps) = (0, 0);
        while cursor < root.count {
            while let Some(request) = run.machine.next(run.now) {
                let result = root.try_answer(&request.ask);
                let known = run.machine.view().count();
                fulls += usize::from(known >= cursor + 64);
                // Others may know more, and the child is where they are.
                let most = if rng.random_ratio(1, 8) {
                    root.count.min(cursor + 90)
                } else {
                    known
                };
                if rng.random_ratio(1, 12) && most > cursor {
                    cursor = rng.random_range(cursor..=most);
                    let link = root.link_at(cursor);
                    run.machine.consumed(run.now, cursor, link);
                }
                let (id, endpoint) = (request.id, request.endpoint);
                let answer = Answer {
                    id,
                    endpoint,
                    result,
                };
                run.machine.answer(run.now, answer);
                let standings = &run.machine.view().standings;
                let lies = standings
                    .iter()
                    .any(|one| matches!(one, EndpointStanding::Lying(_)));
                assert!(!lies, "{standings:?}");
            }
            run.now += 1_000;
            steps += 1;
            assert!(steps < 10_000, "the child gets all messages");
        }
        is_whole(run.honest(&root), &root);
    }
    assert!(fulls > 60, "a track was full at {fulls} questions only");
}

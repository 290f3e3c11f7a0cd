//! The decisions against a model of the Court, with runs that are killed at every moment, transactions that are lost or late, rivals, and
//! windows that close.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

const TIMES: CourtTimes = CourtTimes {
    reveal_blocks: 8,
    root_block_secs: 2,
    evidence_secs: 30,
};
const OURS: B256 = B256::repeat_byte(1);
const THEIRS: B256 = B256::repeat_byte(2);

/// A Court with one offence, and the account of one watcher.
#[derive(Debug, Default)]
struct Model {
    number: u64,
    commitments: BTreeMap<B256, (u64, bool)>,
    first: Option<(B256, u64)>,
    leader: Option<B256>,
    collected: bool,
    counted: bool,
    settled: bool,
    next_at: Option<u64>,
    after_next_at: Option<u64>,
    nonce: u64,
    /// What the account sent and is not mined, by nonce.
    pool: BTreeMap<u64, ReportStep>,
    took_effect: Vec<ReportStep>,
    failed: u32,
}

impl Model {
    fn time(&self) -> u64 {
        self.number * TIMES.root_block_secs
    }

    fn seen(&self, own: Option<B256>) -> CourtSeen {
        let committed = |commitment: &B256| {
            let (block, is_revealed) = *self.commitments.get(commitment)?;
            Some(CourtCommitment {
                block,
                time: block * TIMES.root_block_secs,
                is_revealed,
                gas_wei: 1,
            })
        };
        let closing = |at: Option<u64>| at.map_or(Closing::Open, Closing::At);
        CourtSeen {
            own: own.and_then(|own| committed(&own)),
            offence: self.first.map(|(_, block)| RevealedOffence {
                block,
                leader: Some(self.leader.unwrap_or_default()),
                leader_block: self
                    .leader
                    .and_then(|one| committed(&one))
                    .map_or(0, |one| one.block),
                is_counted: self.counted,
                is_settled: self.settled,
            }),
            next: closing(self.next_at),
            after_next: closing(self.after_next_at),
            uncounted: u64::from(self.first.is_some() && !self.counted),
        }
    }

    fn decide(&self, own: Option<B256>, commits: u32) -> Decision {
        self.decide_behind(own, commits, 0)
    }

    fn decide_behind(&self, own: Option<B256>, commits: u32, stagger: u64) -> Decision {
        let now = RootMoment {
            number: self.number,
            time: self.time(),
        };
        let matter = Matter {
            commitment: own,
            commits,
            stagger,
        };
        decide(&TIMES, &now, &matter, &self.seen(own), false)
    }

    /// One transaction, as the contract judges it. Gives whether it took effect.
    fn apply(&mut self, own: B256, step: ReportStep) -> bool {
        let open = |at: Option<u64>, more: u64, time: u64| {
            at.is_none_or(|at| time <= at + TIMES.evidence_secs + more)
        };
        let (number, time) = (self.number, self.time());
        let made = self.commitments.get(&own).copied();
        let reveal_secs = TIMES.reveal_secs();
        match step {
            ReportStep::Answer | ReportStep::Ask | ReportStep::Expire | ReportStep::Refund => {
                panic!("no offence has such a step")
            }
            ReportStep::Commit => {
                let stands = made.is_some_and(|(block, revealed)| {
                    revealed || number <= block + TIMES.reveal_blocks
                });
                if !stands {
                    self.commitments.insert(own, (number, false));
                }
                !stands
            }
            ReportStep::Reveal(leader) => {
                let Some((block, false)) = made else {
                    return false;
                };
                let aged = (block + MIN_AGE..=block + TIMES.reveal_blocks).contains(&number);
                let in_time = open(self.next_at, reveal_secs, time)
                    && open(self.next_at, 0, block * TIMES.root_block_secs);
                if !aged || !in_time {
                    return false;
                }
                match self.first {
                    None => self.first = Some((own, number)),
                    Some((_, first)) => {
                        let led = self.leader.filter(|led| *led == leader);
                        let older = led.is_some_and(|led| block < self.commitments[&led].0);
                        if !older || number > first + TIMES.reveal_blocks {
                            return false;
                        }
                    }
                }
                self.leader = Some(own);
                self.commitments.insert(own, (block, true));
                true
            }
            ReportStep::Collect => {
                let over = self
                    .first
                    .is_some_and(|(_, first)| number > first + TIMES.reveal_blocks);
                if !over || !made.is_some_and(|(_, revealed)| revealed) {
                    return false;
                }
                self.commitments.remove(&own);
                if self.leader == Some(own) {
                    self.leader = None;
                }
                self.counted = true;
                self.collected |= own == OURS;
                true
            }
            ReportStep::Show | ReportStep::Freeze => panic!("{step:?} is of two certificates"),
            ReportStep::Prove => panic!("{step:?} is of a checkpoint"),
            ReportStep::Count => {
                let may = self.first.is_some() && !self.counted;
                self.counted |= may;
                may
            }
            ReportStep::Settle => {
                let closed = self
                    .after_next_at
                    .is_some_and(|at| time > at + TIMES.evidence_secs + reveal_secs);
                let may = self.counted && !self.settled && closed;
                self.settled |= may;
                may
            }
        }
    }

    /// A block: what waits is mined, or not yet, or is lost by the node.
    fn mine(&mut self, rng: &mut ChaCha8Rng) {
        self.number += 1;
        while let Some(step) = self.pool.remove(&self.nonce) {
            if rng.random_bool(0.3) {
                self.pool.insert(self.nonce, step);
                break;
            }
            if rng.random_bool(0.1) {
                break;
            }
            self.nonce += 1;
            match self.apply(OURS, step) {
                true => self.took_effect.push(step),
                false => self.failed += 1,
            }
        }
    }
}

/// One story: a watcher that looks now and then, forgets all that it had in mind at any time, and has at most one transaction of each nonce.
fn story(seed: u64, rival: bool) -> Model {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut model = Model {
        number: 100,
        ..Model::default()
    };
    // What the folder keeps.
    let (mut commits, mut sending) = (0, None);
    let stagger = rng.random_range(0..=(TIMES.reveal_blocks - MIN_AGE) / 2);
    let found = match rival {
        true => model.number + rng.random_range(0..12),
        false => model.number,
    };
    for _ in 0..500 {
        if model.time() > 600 && model.next_at.is_none() {
            model.next_at = Some(model.time());
        }
        if model.time() > 640 && model.after_next_at.is_none() {
            model.after_next_at = Some(model.time());
        }
        // A rival does what it likes, through the same rules.
        if rival && rng.random_bool(0.3) {
            let leader = model.leader.unwrap_or_default();
            let steps = [
                ReportStep::Commit,
                ReportStep::Reveal(leader),
                ReportStep::Reveal(B256::ZERO),
                ReportStep::Collect,
                ReportStep::Count,
                ReportStep::Settle,
            ];
            model.apply(THEIRS, steps[rng.random_range(0..steps.len())]);
        }
        // A watcher that is down for a while, or was killed: nothing but its evidence and the count of commitments stays.
        if rng.random_bool(0.8)
            && model.number >= found
            && let Decision::Send(step) = model.decide_behind(Some(OURS), commits, stagger)
        {
            if step == ReportStep::Commit && sending != Some(model.nonce) {
                commits += 1;
                sending = Some(model.nonce);
            }
            model.pool.insert(model.nonce, step);
        }
        model.mine(&mut rng);
    }
    model
}

#[test]
fn alone_it_commits_reveals_collects_and_settles_once_whenever_it_is_killed() {
    let count = |model: &Model, of: fn(&ReportStep) -> bool| {
        model.took_effect.iter().filter(|step| of(step)).count()
    };
    let mut again = 0;
    for seed in 0..2_000 {
        let model = story(seed, false);
        let shown = &model.took_effect;
        assert!(model.settled && model.collected, "{seed}: {shown:?}");
        assert_eq!(
            count(&model, |step| matches!(step, ReportStep::Reveal(_))),
            1,
            "{seed}"
        );
        for step in [ReportStep::Collect, ReportStep::Settle] {
            assert_eq!(
                shown.iter().filter(|one| **one == step).count(),
                1,
                "{seed}"
            );
        }
        // A commitment that ran out, because its reveal was late, is made again, and that alone.
        let commits = count(&model, |step| *step == ReportStep::Commit);
        assert!((1..=6).contains(&commits), "{seed}: {shown:?}");
        again += commits - 1;
        // What the Court refuses costs gas too: nothing is sent that it would refuse in the next block.
        let settled_twice = shown
            .iter()
            .filter(|one| **one == ReportStep::Count)
            .count();
        assert_eq!(settled_twice, 0, "{seed}: collecting counts");
        assert!(
            matches!(model.decide(Some(OURS), 3), Decision::Done(End::Settled)),
            "{seed}"
        );
    }
    println!("{again} commitments were made again");
}

#[test]
fn beside_a_rival_each_step_takes_effect_once_and_the_cut_is_settled() {
    let (mut led, mut overtook, mut left, mut failed) = (0, 0, 0, 0);
    for seed in 0..2_000 {
        let model = story(seed, true);
        let shown = &model.took_effect;
        assert!(model.settled, "{seed}: {model:?}");
        for of in [
            (|step| matches!(step, ReportStep::Reveal(_))) as fn(&ReportStep) -> bool,
            |step| *step == ReportStep::Collect,
            |step| *step == ReportStep::Count,
            |step| *step == ReportStep::Settle,
        ] {
            let times = shown.iter().filter(|step| of(step)).count();
            assert!(times <= 1, "{seed}: {shown:?}");
        }
        let revealed = shown
            .iter()
            .find(|step| matches!(step, ReportStep::Reveal(_)));
        match revealed {
            Some(ReportStep::Reveal(leader)) if leader.is_zero() => led += 1,
            Some(_) => overtook += 1,
            None => left += 1,
        }
        failed += model.failed;
        assert_eq!(
            revealed.is_some(),
            model.collected,
            "{seed}: who reveals collects: {model:?}"
        );
    }
    assert!(
        led > 100 && overtook >= 5 && left > 100,
        "{led} {overtook} {left}"
    );
    println!(
        "led {led}, overtook {overtook}, left it {left}, {failed} came too late in their block"
    );
}

#[test]
fn what_is_closed_or_ran_out_is_let_go_of_and_what_is_not_known_is_waited_for() {
    let mut model = Model {
        number: 100,
        ..Model::default()
    };
    model.next_at = Some(model.time() - TIMES.evidence_secs - 1);
    assert_eq!(model.decide(Some(OURS), 0), Decision::Done(End::Closed));
    model.next_at = None;
    assert_eq!(
        model.decide(Some(OURS), 0),
        Decision::Send(ReportStep::Commit)
    );
    assert!(model.apply(OURS, ReportStep::Commit));
    for age in 0..2 {
        assert_eq!(model.decide(Some(OURS), 1), Decision::Wait, "{age}");
        model.number += 1;
    }
    let reveal = Decision::Send(ReportStep::Reveal(B256::ZERO));
    assert_eq!(model.decide(Some(OURS), 1), reveal);
    model.number = 100 + TIMES.reveal_blocks;
    assert_eq!(model.decide(Some(OURS), 1), Decision::Wait);
    model.number += 1;
    assert_eq!(
        model.decide(Some(OURS), 1),
        Decision::Send(ReportStep::Commit)
    );
    // Made again and again without success, it rests longer and longer, and is never given up.
    let begin = model.number;
    for (commits, pauses) in [
        (PROMPT_COMMITS, 1),
        (PROMPT_COMMITS + 1, 2),
        (u32::MAX, 1 << 10),
    ] {
        model.number = begin - 1 + TIMES.reveal_blocks * pauses;
        assert_eq!(model.decide(Some(OURS), commits), Decision::Wait);
        model.number += 1;
        assert_eq!(
            model.decide(Some(OURS), commits),
            Decision::Send(ReportStep::Commit)
        );
    }
    model.number = begin;
    let now = RootMoment {
        number: model.number,
        time: model.time(),
    };
    let matter = Matter {
        commitment: Some(OURS),
        commits: 0,
        stagger: 0,
    };
    for (next, expected) in [
        (Closing::Unread, Decision::Wait),
        (Closing::Gone, Decision::Done(End::Closed)),
    ] {
        let seen = CourtSeen {
            next,
            ..model.seen(Some(OURS))
        };
        assert_eq!(decide(&TIMES, &now, &matter, &seen, false), expected);
    }
    // What others revealed is counted and settled too; without evidence nothing else is sent.
    assert_eq!(model.decide(None, 0), Decision::Wait);
}

#[test]
fn what_root_refuses_is_tried_again_later_and_later_and_told_once() {
    let offence = OffenceId {
        epoch: 3,
        operator: Address::ZERO,
    };
    let mut patience = Patience::default();
    let subject = Subject::Offence(offence);
    let key = (subject, ReportStep::Settle);
    assert!(!patience.holds(subject, ReportStep::Settle, 10));
    assert!(patience.refused(key, 10, "early"));
    assert!(patience.holds(subject, ReportStep::Settle, 11));
    assert!(!patience.holds(subject, ReportStep::Settle, 12));
    assert!(!patience.refused(key, 12, "early"), "told already");
    assert!(patience.holds(subject, ReportStep::Settle, 15));
    assert!(patience.refused(key, 16, "other"), "another reason");
    assert!(patience.unworthy((subject, ReportStep::Collect), 20));
    assert!(!patience.unworthy((subject, ReportStep::Collect), 20));
    assert!(patience.is_unworthy(subject, 119) && !patience.is_unworthy(subject, 120));
    patience.forget(subject);
    assert!(!patience.holds(subject, ReportStep::Settle, 16));
}

#[test]
fn watchers_that_could_send_the_same_begin_in_different_blocks_and_all_in_time() {
    let subject = Subject::Offence(OffenceId {
        epoch: 3,
        operator: Address::repeat_byte(9),
    });
    for reveal_blocks in [2, 3, 8, 64, 256] {
        let times = CourtTimes {
            reveal_blocks,
            ..TIMES
        };
        let mut seen = std::collections::BTreeSet::new();
        for who in 0..=255 {
            let beneficiary = Address::repeat_byte(who);
            let stagger = subject.stagger(&times, &beneficiary);
            assert_eq!(stagger, subject.stagger(&times, &beneficiary));
            assert!(
                MIN_AGE + stagger <= reveal_blocks,
                "{stagger} of {reveal_blocks}"
            );
            seen.insert(stagger);
        }
        let room = ((reveal_blocks - MIN_AGE) / 2).min(MAX_STAGGER) + 1;
        assert_eq!(seen.len() as u64, room, "all blocks are used");
    }
    // For another offence another one is first.
    let firsts = (0..64).map(|epoch| {
        let subject = Subject::Overlap { epoch, number: 1 };
        subject.stagger(&TIMES, &Address::ZERO)
    });
    assert!(firsts.collect::<std::collections::BTreeSet<_>>().len() > 1);
}

/// R is 2 at least on root. What is sent in a block is in the next one at the earliest.
#[test]
fn a_reveal_fits_in_the_shortest_windows_that_it_can_fit_in_and_nothing_is_paid_for_in_others() {
    for reveal_blocks in [2, 3, 4] {
        let times = CourtTimes {
            reveal_blocks,
            ..TIMES
        };
        let subject = Subject::Offence(OffenceId {
            epoch: 5,
            operator: Address::repeat_byte(1),
        });
        for beneficiary in 0..50 {
            let matter = Matter {
                commitment: Some(OURS),
                commits: 0,
                stagger: subject.stagger(&times, &Address::repeat_byte(beneficiary)),
            };
            let decide = |number: u64, own: Option<u64>| {
                let now = RootMoment {
                    number,
                    time: number * times.root_block_secs,
                };
                let own = own.map(|block| CourtCommitment {
                    block,
                    time: block * times.root_block_secs,
                    is_revealed: false,
                    gas_wei: 0,
                });
                let seen = CourtSeen {
                    own,
                    offence: None,
                    next: Closing::Open,
                    after_next: Closing::Open,
                    uncounted: 0,
                };
                super::decide(&times, &now, &matter, &seen, false)
            };
            if reveal_blocks == 2 {
                assert!(!times.can_reveal());
                assert_eq!(decide(100, None), Decision::Wait);
                continue;
            }
            assert_eq!(decide(100, None), Decision::Send(ReportStep::Commit));
            // Mined in block 101: some block is looked at behind which the next one is in time.
            let sent = (101..101 + reveal_blocks).find(|number| {
                matches!(
                    decide(*number, Some(101)),
                    Decision::Send(ReportStep::Reveal(_))
                )
            });
            let mined = sent.expect("it is sent") + 1;
            assert!((101 + MIN_AGE..=101 + reveal_blocks).contains(&mined));
        }
    }
}

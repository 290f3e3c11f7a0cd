//! Two certificates against a model of the Court: a set that is shown in batches, an overlap that is frozen in batches, offences that are collected and
//! settled one by one; with runs that are killed at every moment, transactions that are lost or late, rivals, and a chain that is reorganised.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

const TIMES: CourtTimes = CourtTimes {
    reveal_blocks: 12,
    root_block_secs: 2,
    evidence_secs: 40,
};
const OURS: B256 = B256::repeat_byte(1);
const THEIRS: B256 = B256::repeat_byte(2);
const MEMBERS: usize = 3;

/// What a step of the model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Evidence,
    Overlap,
    Offence(usize),
}

type Sent = (Of, ReportStep);

/// A Court with one epoch, and the account of one watcher.
#[derive(Clone, Debug, Default)]
struct Model {
    number: u64,
    commitments: BTreeMap<B256, (u64, bool)>,
    to_show: u64,
    overlap: Option<(u64, B256)>,
    pending: u64,
    paid: [bool; MEMBERS],
    settled: [bool; MEMBERS],
    next_at: Option<u64>,
    after_next_at: Option<u64>,
    nonce: u64,
    pool: BTreeMap<u64, Sent>,
    took_effect: Vec<Sent>,
    failed: u32,
}

impl Model {
    fn new(to_show: u64) -> Self {
        Self {
            number: 100,
            to_show,
            pending: 2,
            ..Self::default()
        }
    }

    fn now(&self) -> RootMoment {
        RootMoment {
            number: self.number,
            time: self.number * TIMES.root_block_secs,
        }
    }

    fn made(&self, own: B256) -> Option<CourtCommitment> {
        let (block, is_revealed) = *self.commitments.get(&own)?;
        Some(CourtCommitment {
            block,
            time: block * TIMES.root_block_secs,
            is_revealed,
            gas_wei: 0,
        })
    }

    fn leads(&self, own: B256) -> bool {
        self.overlap.is_some_and(|(_, leader)| leader == own)
    }

    /// All that is to be done, first things first.
    fn decide(&self, own: B256, commits: u32, stagger: u64) -> Option<Sent> {
        let closing = |at: Option<u64>| at.map_or(Closing::Open, Closing::At);
        let matter = Matter {
            commitment: Some(own),
            commits,
            stagger,
        };
        let now = self.now();
        let is_over = self.overlap.is_some_and(|(block, _)| {
            self.pending == 0
                && self.settled.iter().all(|one| *one)
                && self.number > block + TIMES.reveal_blocks
        });
        let seen = CertificatesSeen {
            own: self.made(own),
            next: closing(self.next_at),
            adds: self.overlap.is_none(),
            last: self.overlap.map(|(block, leader)| ContestedOverlap {
                block,
                leader_block: self.commitments[&leader].0,
                is_named: true,
            }),
            to_show: self.to_show,
            is_open: self.overlap.is_some() && !is_over,
        };
        let mut all = vec![(
            Of::Evidence,
            decide_certificates(&TIMES, &now, &matter, &seen),
        )];
        if let Some((block, _)) = self.overlap {
            let overlap = (block, self.pending > 0, self.leads(own));
            all.push((Of::Overlap, decide_overlap(&now, stagger, overlap)));
            let frozen = MEMBERS.min((2 - self.pending as usize) * 2);
            for member in 0..frozen {
                let seen = ConvictedSeen {
                    block,
                    is_owed: self.leads(own) && !self.paid[member],
                    is_settled: self.settled[member],
                    after_next: closing(self.after_next_at),
                    uncounted: 0,
                };
                let decision = decide_convicted(&TIMES, &now, stagger, &seen, false);
                all.push((Of::Offence(member), decision));
            }
        }
        let steps = all.into_iter().filter_map(|(of, decision)| match decision {
            Decision::Send(step) => Some((of, step)),
            Decision::Wait | Decision::Done(_) => None,
        });
        steps.min_by_key(|(_, step)| *step)
    }

    /// One transaction, as the contract judges it. Gives whether it took effect.
    fn apply(&mut self, own: B256, (of, step): Sent) -> bool {
        let (number, time) = (self.number, self.now().time);
        let open = |at: Option<u64>, more: u64, time: u64| {
            at.is_none_or(|at| time <= at + TIMES.evidence_secs + more)
        };
        let made = self.commitments.get(&own).copied();
        match (of, step) {
            (Of::Evidence, ReportStep::Commit) => {
                let stands = made.is_some_and(|(block, revealed)| {
                    revealed || number <= block + TIMES.reveal_blocks
                });
                if !stands {
                    self.commitments.insert(own, (number, false));
                }
                !stands
            }
            (Of::Evidence, ReportStep::Show) => {
                let may = self.to_show > 0;
                self.to_show -= u64::from(may);
                may
            }
            (Of::Evidence, ReportStep::Reveal(_)) => {
                let Some((block, false)) = made else {
                    return false;
                };
                let aged = (block + MIN_AGE..=block + TIMES.reveal_blocks).contains(&number);
                let in_time = open(self.next_at, TIMES.reveal_secs(), time)
                    && open(self.next_at, 0, block * TIMES.root_block_secs);
                if !aged || !in_time || self.to_show > 0 {
                    return false;
                }
                match self.overlap {
                    None => self.overlap = Some((number, own)),
                    Some((first, leader)) => {
                        let older = block < self.commitments[&leader].0;
                        if !older || number > first + TIMES.reveal_blocks {
                            return false;
                        }
                        self.overlap = Some((first, own));
                    }
                }
                self.commitments.insert(own, (block, true));
                true
            }
            (Of::Overlap, ReportStep::Freeze) => {
                let may = self.overlap.is_some() && self.pending > 0;
                self.pending -= u64::from(may);
                may
            }
            (Of::Offence(member), ReportStep::Collect) => {
                let over = self
                    .overlap
                    .is_some_and(|(block, _)| number > block + TIMES.reveal_blocks);
                let may = over && self.leads(own) && !self.paid[member];
                self.paid[member] |= may;
                may
            }
            (Of::Offence(member), ReportStep::Settle) => {
                let windows = TIMES.evidence_secs + TIMES.reveal_secs();
                let closed = self.after_next_at.is_some_and(|at| time > at + windows);
                let may = closed && !self.settled[member];
                self.settled[member] |= may;
                may
            }
            other => panic!("{other:?}"),
        }
    }

    /// A block: what waits is mined, or not yet, or is lost by the node.
    fn mine(&mut self, rng: &mut ChaCha8Rng) {
        self.number += 1;
        while let Some(sent) = self.pool.remove(&self.nonce) {
            if rng.random_bool(0.2) {
                self.pool.insert(self.nonce, sent);
                break;
            }
            if rng.random_bool(0.1) {
                break;
            }
            self.nonce += 1;
            match self.apply(OURS, sent) {
                true => self.took_effect.push(sent),
                false => self.failed += 1,
            }
        }
    }

    fn count(&self, step: &str) -> usize {
        let named = self
            .took_effect
            .iter()
            .filter(|(_, one)| one.name() == step);
        named.count()
    }
}

/// One story. Nothing but the evidence and the count of commitments stays when the watcher is killed, which it is before each look.
fn story(seed: u64, rival: bool) -> Model {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut model = Model::new(rng.random_range(0..4));
    let stagger = rng.random_range(0..=5);
    let (mut commits, mut sending) = (0, None);
    for _ in 0..500 {
        if model.now().time > 600 && model.next_at.is_none() {
            model.next_at = Some(model.now().time);
        }
        if model.now().time > 640 && model.after_next_at.is_none() {
            model.after_next_at = Some(model.now().time);
        }
        if rival
            && rng.random_bool(0.2)
            && let Some(sent) = model.decide(THEIRS, 0, 5 - stagger)
        {
            model.apply(THEIRS, sent);
        }
        if rng.random_bool(0.8)
            && let Some(sent) = model.decide(OURS, commits, stagger)
        {
            if sent.1 == ReportStep::Commit && sending != Some(model.nonce) {
                commits += 1;
                sending = Some(model.nonce);
            }
            model.pool.insert(model.nonce, sent);
        }
        model.mine(&mut rng);
    }
    model
}

#[test]
fn alone_each_batch_reward_and_cut_is_paid_for_once_whenever_it_is_killed() {
    let mut again = 0;
    for seed in 0..2_000 {
        let model = story(seed, false);
        let to_show = Model::new(ChaCha8Rng::seed_from_u64(seed).random_range(0..4)).to_show;
        let shown = &model.took_effect;
        assert!(model.settled.iter().all(|one| *one), "{seed}: {shown:?}");
        assert!(model.paid.iter().all(|one| *one), "{seed}: {shown:?}");
        assert_eq!(model.count("show") as u64, to_show, "{seed}");
        assert_eq!(model.count("reveal"), 1, "{seed}");
        assert_eq!(model.count("freeze"), 2, "{seed}");
        assert_eq!(model.count("collect"), MEMBERS, "{seed}");
        assert_eq!(model.count("settle"), MEMBERS, "{seed}");
        // Root refuses a reveal alone that is mined too late, and then its commitment is made again.
        let commits = model.count("commit");
        assert!((model.failed as usize) < commits, "{seed}: {shown:?}");
        assert!((1..=5).contains(&commits), "{seed}: {shown:?}");
        again += commits - 1;
        assert_eq!(model.decide(OURS, 3, 0), None, "{seed}");
        // The commitment stands before the set is shown whole.
        let place = |name: &str| shown.iter().position(|(_, step)| step.name() == name);
        let last = shown.iter().rposition(|(_, step)| step.name() == "show");
        assert!(last.is_none_or(|last| place("commit").is_some_and(|commit| commit < last)));
    }
    println!("{again} commitments were made again");
}

#[test]
fn beside_a_rival_nothing_takes_effect_twice_and_all_is_frozen_and_settled() {
    let (mut led, mut left, mut failed) = (0, 0, 0);
    for seed in 0..2_000 {
        let model = story(seed, true);
        assert!(model.settled.iter().all(|one| *one), "{seed}: {model:?}");
        assert_eq!(model.pending, 0, "{seed}");
        assert!(model.count("reveal") <= 1 && model.count("freeze") <= 2);
        match model.leads(OURS) {
            true => {
                led += 1;
                assert_eq!(model.count("collect"), MEMBERS, "{seed}");
            }
            false => left += 1,
        }
        failed += model.failed;
    }
    assert!(led > 100 && left > 100, "{led} {left}");
    println!("led {led}, left it {left}, {failed} came too late in their block");
}

/// The block of a reveal is no more: it is made again, and what is left of it elsewhere is not paid for twice.
#[test]
fn a_reveal_that_vanishes_is_made_again() {
    let mut model = Model::new(1);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut before = None;
    let mut commits = 0;
    for _ in 0..40 {
        if let Some(sent) = model.decide(OURS, commits, 0) {
            commits += u32::from(sent.1 == ReportStep::Commit);
            if before.is_none() && matches!(sent.1, ReportStep::Reveal(_)) {
                before = Some(model.clone());
            }
            model.pool.insert(model.nonce, sent);
        }
        model.mine(&mut rng);
    }
    assert!(model.leads(OURS) && model.pending == 0);
    let mut again = before.expect("it revealed");
    // The new chain is longer, and the commitment stands there too.
    again.number += 2;
    let sent = again.decide(OURS, commits, 0).expect("it goes on");
    assert!(matches!(sent.1, ReportStep::Reveal(_)), "{sent:?}");
    // Without the commitment that is made again first.
    again.commitments.clear();
    let sent = again.decide(OURS, commits, 0);
    assert_eq!(sent, Some((Of::Evidence, ReportStep::Commit)));
}

#[test]
fn what_is_closed_is_let_go_of_and_strangers_wait_for_whoever_leads() {
    let mut model = Model::new(0);
    model.next_at = Some(model.now().time - TIMES.evidence_secs - 1);
    let matter = Matter {
        commitment: Some(OURS),
        commits: 0,
        stagger: 3,
    };
    let seen = CertificatesSeen {
        own: None,
        next: Closing::At(model.next_at.expect("it is set")),
        adds: true,
        last: None,
        to_show: 3,
        is_open: false,
    };
    let now = model.now();
    let decision = decide_certificates(&TIMES, &now, &matter, &seen);
    assert_eq!(decision, Decision::Done(End::Closed));
    // All whom the evidence names are known: nothing is left.
    let known = CertificatesSeen {
        adds: false,
        ..seen
    };
    let decision = decide_certificates(&TIMES, &now, &matter, &known);
    assert_eq!(decision, Decision::Done(End::Settled));
    let at = |number: u64| RootMoment { number, ..now };
    let freeze = Decision::Send(ReportStep::Freeze);
    assert_eq!(decide_overlap(&at(100), 3, (100, true, true)), freeze);
    assert_eq!(
        decide_overlap(&at(105), 3, (100, true, false)),
        Decision::Wait
    );
    assert_eq!(decide_overlap(&at(106), 3, (100, true, false)), freeze);
    assert_eq!(
        decide_overlap(&at(200), 3, (100, false, true)),
        Decision::Wait
    );
}

//! What came of the steps by which somebody tries to evade: each is accepted, or refused by what defends against it.

use std::ops::{Deref, DerefMut};

use super::*;

/// A world, and what somebody tries in it.
pub(super) struct Trial {
    world: World,
    pub culprit: Account,
    outcomes: Outcomes,
}

/// What was accepted and what was refused, by the kind of the step and the epoch of the trial.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcomes(BTreeMap<(String, i64), Outcome>);

#[derive(Clone, Debug, Default)]
struct Outcome {
    accepted: usize,
    refused: BTreeMap<String, usize>,
}

impl Deref for Trial {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Trial {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

impl Trial {
    pub fn new(world: World, culprit: Account) -> Self {
        let outcomes = Outcomes::default();
        Self {
            world,
            culprit,
            outcomes,
        }
    }

    pub fn end(self) -> (World, Outcomes) {
        (self.world, self.outcomes)
    }

    /// The culprit's positions that were not paid out.
    pub fn mine(&self) -> Vec<(u64, Position)> {
        let all = self.positions().into_iter();
        all.filter(|(_, position)| position.owner == self.culprit)
            .collect()
    }

    /// The culprit's positions that back a line until they are ended.
    pub fn bonded(&self) -> Vec<(u64, Position)> {
        let all = self.mine().into_iter();
        all.filter(|(_, position)| position.is_bonded()).collect()
    }

    /// Tries a step of an operator.
    pub fn operate(&mut self, input: Input) {
        let done = self.try_act(input.clone()).map(|_| ());
        self.note(&input, done.err());
    }

    /// Tries a step with a position. A cut that waits is applied first: whoever evades does that too.
    pub fn attempt(&mut self, number: u64, input: impl Fn(&Position) -> Input) {
        let before = self.position(number);
        let mut tried = input(&before);
        let mut refusal = self.try_act(tried.clone()).err();
        while let Some(Reject::CutPending { number: cut }) = refusal {
            self.act(apply_cut(cut));
            tried = input(&self.position(number));
            refusal = self.try_act(tried.clone()).err();
        }
        // A first leg that was over is folded into the base in the same step.
        if let Some(Reject::NotEnough { held, .. }) = refusal {
            let base = held;
            let position = self.position(number);
            tried = input(&Position { base, ..position });
            refusal = self.try_act(tried.clone()).err();
        }
        if before.legs().any(|leg| leg.line == line(1, 1)) {
            self.note(&tried, refusal);
        }
    }

    fn note(&mut self, input: &Input, refusal: Option<Reject>) {
        let place = (first_word(input), self.epoch as i64);
        let held: Line = self.line(line(1, 1));
        let Maturity { freezes, .. } = self.leaf(());
        let acts = held.state != LineState::Open || freezes.count > 0;
        let outcome = self.outcomes.0.entry(place).or_default();
        match refusal {
            None => outcome.accepted += 1,
            Some(why) => {
                let frozen = matches!(why, Reject::Frozen { .. } | Reject::LineClosed);
                assert!(
                    acts || !frozen,
                    "{why:?} of {input:?}, and nothing is closed"
                );
                *outcome.refused.entry(first_word(&why)).or_default() += 1;
            }
        }
    }
}

/// The name of an input or of a reject.
fn first_word(shown: &impl std::fmt::Debug) -> String {
    let shown = format!("{shown:?}");
    let end = shown.find(|letter: char| !letter.is_alphanumeric());
    shown[..end.unwrap_or(shown.len())].to_owned()
}

impl Outcomes {
    /// Adds those of another play, by epochs behind its offence.
    pub fn add(&mut self, others: Self, offence: u64) {
        for ((kind, epoch), other) in others.0 {
            let outcome = self.0.entry((kind, epoch - offence as i64)).or_default();
            outcome.accepted += other.accepted;
            for (why, count) in other.refused {
                *outcome.refused.entry(why).or_default() += count;
            }
        }
    }

    /// That the steps of a kind were accepted in each of the epochs in which they were tried, and that nothing but `defences` refused any.
    /// `none` are those of the epochs in which a defence refuses them all.
    pub fn are(&self, kind: &str, defences: &[&str], none: impl Fn(i64) -> bool) {
        let mut tried = 0;
        for ((_, at), outcome) in self.0.iter().filter(|((name, _), _)| name == kind) {
            println!("{kind}, {at}: {outcome:?}");
            tried += 1;
            assert_eq!(
                outcome.accepted == 0,
                none(*at),
                "{kind}, {at}: {outcome:?}"
            );
            for why in outcome.refused.keys() {
                assert!(
                    defences.contains(&why.as_str()),
                    "{kind}, {at}: {why} refuses it"
                );
            }
        }
        assert!(tried > 0, "{kind} was never tried");
    }

    /// How often steps of a kind were accepted, in whatever epoch.
    pub fn accepted(&self, kind: &str) -> usize {
        let of_kind = self.0.iter().filter(|((name, _), _)| name == kind);
        of_kind.map(|(_, outcome)| outcome.accepted).sum()
    }
}

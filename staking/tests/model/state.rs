//! The model's state, and what is read from it by scanning: no tree, no index, no counter that a rule keeps up to date.
//!
//! A position is an amount and the intervals in which it backs a line. What a line has is what positions give it; what a seat weighs
//! is what its line has; what a position lost is found by looking at every cut; what it earned by looking at every epoch.

use std::collections::BTreeMap;

use crate::fraction::{Fraction, share_down};

/// An operator and the number of the registration that opened the line.
pub type Id = (u32, u64);
/// The kind of a reject: the name of the engine's variant.
pub type Refused = &'static str;

pub const WHOLE: u128 = 1_000_000_000;
pub const FOREVER: u64 = u64::MAX;

#[derive(Clone, Copy, Default)]
pub struct Terms {
    pub seats: usize,
    pub unit: u128,
    pub min_seat: u128,
    pub min_redelegation: u128,
    pub drip: u32,
    pub unbonding: u64,
    pub jail_divisor: u16,
    pub jail_epochs: u32,
    pub max_commission: u16,
    pub commission_step: u16,
}

#[derive(Clone, Copy)]
pub struct Interval {
    pub line: Id,
    pub first: u64,
    pub last: u64,
    /// The first epoch whose reward was not given to the position yet.
    pub unpaid: u64,
    /// The cut that was applied, in 1/10^9.
    pub cut: u128,
}

#[derive(Clone, Default)]
pub struct Position {
    pub owner: u32,
    pub restake: bool,
    pub base: u128,
    /// Rewards that are settled and not collected: at least, and at most.
    pub pending: (u128, u128),
    pub intervals: Vec<Interval>,
    /// What it does not stand for any more: the model remembers, so that it sees what evades a cut.
    pub past: Vec<Interval>,
    pub gone: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    #[default]
    Open,
    Retired,
    Frozen,
}

#[derive(Clone, Default)]
pub struct Line {
    pub state: State,
    pub until: u64,
    pub min_self_stake: u128,
    pub commission: u16,
    pub max_commission: u16,
    pub commission_step: u16,
    pub changed: u64,
    pub owed: u128,
    pub jailed: u64,
    pub freezes: Freezes,
    /// What the court has cut: epoch and fraction.
    pub cuts: Vec<(u64, u128)>,
}

/// Frozen epochs: those that are open, and all that were since none was open.
#[derive(Clone, Default)]
pub struct Freezes {
    pub open: Vec<u64>,
    pub span: Vec<u64>,
}

#[derive(Clone)]
pub struct Holder {
    pub line: Id,
    pub registration: u64,
    pub key: u32,
    pub jailed: bool,
}

#[derive(Clone)]
pub struct Member {
    pub holder: Holder,
    pub power: u64,
    pub stake: u128,
    pub commission: u16,
    /// What positions that back this epoch lost since the set was fixed.
    pub lost: u128,
}

#[derive(Clone)]
pub struct Registration {
    pub line: u64,
    pub key: u32,
    pub tombstoned: bool,
}

/// What moves between staking and the world in one operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    pub take: u128,
    pub pay: u128,
    pub burn: u128,
}

#[derive(Default)]
pub struct Model {
    pub terms: Terms,
    pub epoch: u64,
    pub matured: u64,
    pub epoch_freezes: Freezes,
    pub pool: u128,
    pub owed: u128,
    /// The newest registration and line of an operator.
    pub operators: BTreeMap<u32, (u64, u64)>,
    pub registrations: BTreeMap<Id, Registration>,
    pub lines: BTreeMap<Id, Line>,
    pub seats: Vec<Option<Holder>>,
    pub sets: BTreeMap<u64, Vec<Option<Member>>>,
    /// Position number 1 is the first.
    pub positions: Vec<Position>,
    /// What the positions of a line shared for an epoch, and the stake that they shared it by.
    pub paid: BTreeMap<(Id, u64), (u128, u128)>,
    pub flow: Flow,
    /// How often rewards may have been rounded.
    pub settled: u128,
}

impl Freezes {
    pub fn freeze(&mut self, epoch: u64) {
        self.open.push(epoch);
        self.span.push(epoch);
    }

    pub fn thaw(&mut self, epoch: u64) {
        let place = self.open.iter().position(|open| *open == epoch);
        self.open.remove(place.expect("only what is frozen thaws"));
        if self.open.is_empty() {
            self.span.clear();
        }
    }

    /// What stands between two frozen epochs waits for both.
    fn meets(&self, first: u64, last: u64) -> bool {
        let (low, high) = (self.span.iter().min(), self.span.iter().max());
        let mut span = low.zip(high).map(|(low, high)| *low..=*high);
        span.as_mut()
            .is_some_and(|span| span.any(|epoch| (first..=last).contains(&epoch)))
    }
}

impl Position {
    pub fn new(owner: u32, base: u128, line: Id, first: u64) -> Self {
        let mut position = Self {
            owner,
            base,
            ..Self::default()
        };
        position.back(line, first);
        position
    }

    pub fn back(&mut self, line: Id, first: u64) {
        let (last, unpaid, cut) = (FOREVER, first, 0);
        self.intervals.push(Interval {
            line,
            first,
            last,
            unpaid,
            cut,
        });
    }

    pub fn newest(&self) -> &Interval {
        self.intervals.last().expect("a position has an interval")
    }

    pub fn end(&mut self, last: u64) {
        self.intervals
            .last_mut()
            .expect("a position has an interval")
            .last = last;
    }

    pub fn bonded(&self) -> bool {
        !self.gone && self.newest().last == FOREVER
    }

    /// What is left after the cuts; those of one line count by the greatest.
    pub fn held(&self) -> u128 {
        let cut = |place: usize| self.intervals.get(place).map_or(0, |one| one.cut);
        match (cut(0), cut(1)) {
            (0, 0) => self.base,
            (first, second) if self.intervals[0].line == self.newest().line => {
                share_down(self.base, WHOLE - first.max(second), WHOLE)
            }
            (first, second) => {
                let left = Fraction::new(self.base, WHOLE).times(WHOLE - first, WHOLE);
                left.times(WHOLE - second, 1).floor()
            }
        }
    }
}

impl Model {
    /// Stake of a line, and the part that is its operator's.
    pub fn stake(&self, line: Id) -> (u128, u128) {
        let bonded = self
            .positions
            .iter()
            .filter(|one| one.bonded() && one.newest().line == line);
        bonded.fold((0, 0), |(all, own), one| {
            let held = one.held();
            (all + held, own + if one.owner == line.0 { held } else { 0 })
        })
    }

    pub fn seat_of(&self, line: Id) -> Option<usize> {
        let held = |seat: &Option<Holder>| seat.as_ref().is_some_and(|seat| seat.line == line);
        self.seats.iter().position(held)
    }

    /// What a seat counts.
    pub fn weight(&self, seat: usize) -> u128 {
        let active = self.seats[seat].as_ref().filter(|holder| !holder.jailed);
        active.map_or(0, |holder| self.stake(holder.line).0)
    }

    pub fn weakest(&self) -> (u128, usize) {
        let weights = (0..self.seats.len()).map(|seat| (self.weight(seat), seat));
        weights.min().expect("there is a seat")
    }

    pub fn line(&mut self, id: Id) -> &mut Line {
        self.lines.get_mut(&id).expect("the line is there")
    }

    /// The epochs in which an interval backs its line.
    pub fn backed(&self, one: &Interval) -> std::ops::RangeInclusive<u64> {
        one.first..=one.last.min(self.lines[&one.line].until)
    }

    pub fn frozen(&self, one: &Interval) -> bool {
        let (first, last) = self.backed(one).into_inner();
        let line = &self.lines[&one.line].freezes;
        line.meets(first, last) || self.epoch_freezes.meets(first, last)
    }

    /// The cut that an interval has to bear.
    pub fn due(&self, one: &Interval) -> u128 {
        let (backed, cuts) = (self.backed(one), self.lines[&one.line].cuts.iter());
        let at_risk = cuts.filter(|(epoch, _)| backed.contains(epoch));
        at_risk.map(|(_, cut)| *cut).fold(one.cut, u128::max)
    }

    /// What an interval earned: for each epoch that it backed, its part of what the line was paid. The engine's index loses less
    /// than 2^-96 for each unit and epoch, and never gives more.
    pub fn earned(&self, held: u128, one: &Interval) -> (u128, u128) {
        let (mut earned, mut payments) = (Fraction::new(0, 1), 0);
        for epoch in (one.unpaid..self.epoch).take_while(|epoch| *epoch <= one.last) {
            if let Some((amount, stake)) = self.paid.get(&(one.line, epoch)) {
                earned = earned.plus(Fraction::new(held, *stake).times(*amount, 1));
                payments += 1;
            }
        }
        let most = earned.floor();
        let least = earned.less(Fraction::new(held, 1 << 96).times(payments, 1));
        (least.floor(), most)
    }
}

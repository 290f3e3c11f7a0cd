//! The abstract model of stake: what there is, and what is read from it by scanning. No tree, no index, no sum that a rule keeps up to
//! date. It names nothing of the engine, and it stays below 600 lines of code.
//!
//! A position is an amount and the intervals in which it backs a line. What a line has is what positions give it; what a seat weighs
//! is what its line has; what a position lost is found by looking at every cut; what it earned by looking at every epoch.

mod epochs;
mod fraction;
mod operators;
mod positions;

use std::{collections::BTreeMap, collections::BTreeSet, ops::RangeInclusive};

use fraction::{Fraction, share_down};
pub use {operators::Edit, positions::Seen};

/// An operator and the number of a registration, or of the one that opened a line.
pub type Id = (u32, u64);
/// What a rule gives: nothing when it refuses. The model says what is refused, and not why.
pub type Done = Option<()>;

pub const WHOLE: u128 = 1_000_000_000;
pub const FOREVER: u64 = u64::MAX;

#[derive(Clone, Copy, Default)]
pub struct Terms {
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

/// A line is backed from an epoch to another; `cut` is what was applied, in 1/10^9.
#[derive(Clone, Copy, Default)]
pub struct Interval {
    pub line: Id,
    pub first: u64,
    pub last: u64,
    pub cut: u128,
}

#[derive(Clone, Default)]
pub struct Position {
    pub owner: u32,
    pub restake: bool,
    pub base: u128,
    /// Rewards of the epochs before `settled`, not collected: at least, and at most.
    pub pending: (u128, u128),
    pub settled: u64,
    pub before: Option<Interval>,
    pub now: Interval,
}

#[derive(Clone, Default)]
pub struct Line {
    pub retired: bool,
    /// The last epoch that it may stand in the set of.
    pub until: u64,
    /// Whether another line took its last seat.
    pub taken: bool,
    pub min_self_stake: u128,
    pub commission: u16,
    pub max_commission: u16,
    pub commission_step: u16,
    /// When the commission was changed.
    pub changed: u64,
    pub owed: u128,
    /// Its seat counts nothing, and not before the epoch `jailed` may it return.
    pub absent: bool,
    pub jailed: u64,
    pub freezes: Freezes,
    /// What the court has cut: epoch and fraction.
    pub cuts: Vec<(u64, u128)>,
}

/// Frozen epochs: those that are open, and all that were since none was open.
#[derive(Clone, Default)]
pub struct Freezes {
    pub open: Vec<u64>,
    span: Vec<u64>,
}

#[derive(Clone)]
pub struct Registration {
    pub line: Id,
    /// The consensus key and the checkpoint key.
    pub keys: [u32; 2],
}

/// Who stands in a set, as its seat was when the set was fixed.
#[derive(Clone, Default)]
pub struct Member {
    pub line: Id,
    pub registration: u64,
    pub commission: u16,
    pub power: u64,
    pub stake: u128,
    /// What positions share for the epoch.
    pub paid: u128,
}

#[derive(Default)]
pub struct Model {
    pub terms: Terms,
    pub epoch: u64,
    /// How many epochs have matured.
    pub matured: u64,
    /// Freezes of whole epochs.
    pub freezes: Freezes,
    pub pool: u128,
    pub owed: u128,
    pub burned: u128,
    pub registrations: BTreeMap<Id, Registration>,
    /// Keys that signed two votes.
    pub tombstones: BTreeSet<u32>,
    pub lines: BTreeMap<Id, Line>,
    pub seats: Vec<Option<Id>>,
    /// The set of each epoch, by seats.
    pub sets: BTreeMap<u64, Vec<Option<Member>>>,
    /// Positions by their numbers; there is no number 0.
    pub positions: Vec<Option<Position>>,
}

fn ensure(holds: bool) -> Done {
    holds.then_some(())
}

impl Freezes {
    pub fn freeze(&mut self, epoch: u64) {
        self.open.push(epoch);
        self.span.push(epoch);
    }

    pub fn thaw(&mut self, epoch: u64) {
        let place = self.open.iter().position(|open| *open == epoch);
        self.open.remove(place.expect("only what is frozen thaws"));
        self.open.is_empty().then(|| self.span.clear());
    }

    /// What stands between two frozen epochs waits for both.
    fn meets(&self, epochs: &RangeInclusive<u64>) -> bool {
        let span = self.span.iter().min().zip(self.span.iter().max());
        span.is_some_and(|(low, high)| epochs.start().max(low) <= epochs.end().min(high))
    }
}

impl Line {
    pub fn frozen(&self) -> bool {
        !self.freezes.open.is_empty() || !self.cuts.is_empty()
    }

    pub fn open(&self) -> bool {
        !self.retired && !self.frozen()
    }
}

impl Position {
    pub fn intervals(&self) -> impl Iterator<Item = &Interval> {
        self.before.iter().chain([&self.now])
    }

    pub fn bonded(&self) -> bool {
        self.now.last == FOREVER
    }

    /// What is left after the cuts; those of one line count by the greatest.
    pub fn held(&self) -> u128 {
        let (first, second) = (self.before.map_or(0, |one| one.cut), self.now.cut);
        if self.before.is_none_or(|one| one.line == self.now.line) {
            return share_down(self.base, WHOLE - first.max(second), WHOLE);
        }
        let left = Fraction::new(self.base, 1).times(WHOLE - first, WHOLE);
        left.times(WHOLE - second, WHOLE).floor()
    }
}

impl Model {
    /// Stake of a line, and the part that is its operator's.
    pub fn stake(&self, line: Id) -> (u128, u128) {
        let of_line = |one: &&Position| one.bonded() && one.now.line == line;
        let bonded = self.positions.iter().flatten().filter(of_line);
        let own = bonded.clone().filter(|one| one.owner == line.0);
        let own = own.map(Position::held).sum();
        (bonded.map(Position::held).sum(), own)
    }

    pub fn seat_of(&self, line: Id) -> Option<usize> {
        self.seats.iter().position(|seat| *seat == Some(line))
    }

    /// What a seat counts.
    pub fn weight(&self, seat: usize) -> u128 {
        let line = self.seats[seat].filter(|line| !self.lines[line].absent);
        line.map_or(0, |line| self.stake(line).0)
    }

    pub fn weakest(&self) -> (u128, usize) {
        let weights = (0..self.seats.len()).map(|seat| (self.weight(seat), seat));
        weights.min().expect("there is a seat")
    }

    fn line(&mut self, id: Id) -> &mut Line {
        self.lines.get_mut(&id).expect("the line is there")
    }

    /// The epochs in which an interval backs its line.
    pub fn backed(&self, one: &Interval) -> RangeInclusive<u64> {
        one.first..=one.last.min(self.lines[&one.line].until)
    }

    fn waits(&self, one: &Interval) -> bool {
        let (backed, line) = (self.backed(one), &self.lines[&one.line]);
        line.freezes.meets(&backed) || self.freezes.meets(&backed)
    }

    pub fn frozen(&self, position: &Position) -> bool {
        position.intervals().any(|one| self.waits(one))
    }

    /// The cut that an interval has to bear.
    pub fn due(&self, one: &Interval) -> u128 {
        let (backed, cuts) = (self.backed(one), &self.lines[&one.line].cuts);
        let at_risk = cuts.iter().filter(|(epoch, _)| backed.contains(epoch));
        at_risk.map(|cut| cut.1).fold(one.cut, u128::max)
    }

    pub fn cut_pending(&self, position: &Position) -> bool {
        position.intervals().any(|one| self.due(one) != one.cut)
    }

    /// What a position earned since it was settled: for each epoch its part of what the line was paid. The engine's index loses less
    /// than 2^-96 for each unit and epoch, and never gives more; what two intervals earned is rounded once.
    pub fn earned(&self, position: &Position) -> (u128, u128) {
        let held = position.held();
        let (mut earned, mut lost) = (Fraction::new(0, 1), Fraction::new(0, 1));
        for one in position.intervals() {
            let epochs = one.first.max(position.settled)..self.epoch;
            for epoch in epochs.take_while(|epoch| *epoch <= one.last) {
                let members = self.sets[&epoch].iter().flatten();
                for member in members.filter(|member| member.line == one.line && member.paid > 0) {
                    earned = earned.plus(Fraction::new(held, member.stake).times(member.paid, 1));
                    lost = lost.plus(Fraction::new(held, 1 << 96));
                }
            }
        }
        let most = earned.floor();
        (earned.less(lost).floor(), most)
    }
}

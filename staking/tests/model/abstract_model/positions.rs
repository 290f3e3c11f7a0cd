//! What owners do with positions.

use std::collections::BTreeMap;

use super::{Done, FOREVER, Id, Interval, Model, Position, WHOLE, ensure, share_down};

/// What the engine was seen to collect from positions: the model says between which bounds it must lie.
pub type Seen = BTreeMap<u64, u128>;

impl Model {
    fn find(&self, number: u64) -> Option<Position> {
        self.positions.get(number as usize)?.clone()
    }

    /// A position with no cut pending, brought up to date.
    fn open(&self, number: u64) -> Option<Position> {
        let mut position = self.find(number)?;
        ensure(!self.cut_pending(&position))?;
        self.bring_up(&mut position);
        Some(position)
    }

    fn owned(&self, number: u64, owner: u32) -> Option<Position> {
        self.open(number).filter(|one| one.owner == owner)
    }

    /// Settles rewards, and drops the first of two intervals when nothing can happen to it any more.
    fn bring_up(&self, one: &mut Position) {
        let (least, most) = self.earned(one);
        one.pending = (one.pending.0 + least, one.pending.1 + most);
        one.settled = self.epoch;
        let over = |first: &Interval| first.last < self.matured && !self.waits(first);
        match one.before.take_if(|first| over(first)) {
            Some(first) if first.line == one.now.line => one.now.cut = first.cut.max(one.now.cut),
            Some(first) => one.base = share_down(one.base, WHOLE - first.cut, WHOLE),
            None => {}
        }
    }

    /// Puts a position back, in one part or two. What they do not hold any more is burned.
    fn put(&mut self, number: u64, mut parts: Vec<Position>) -> Done {
        self.keeps_new_seat(number, &parts)?;
        let held: u128 = parts.iter().map(Position::held).sum();
        self.burned += self.find(number)?.held() - held;
        self.positions.extend(parts.drain(1..).map(Some));
        self.positions[number as usize] = parts.pop();
        Some(())
    }

    fn make(&mut self, owner: u32, base: u128, line: Id, restake: bool) -> Done {
        let mut made = Position::default();
        (made.owner, made.base, made.restake) = (owner, base, restake);
        made.now = self.backing(line);
        self.positions.push(Some(made));
        Some(())
    }

    /// A line is backed from the epoch after next on.
    fn backing(&self, line: Id) -> Interval {
        let mut backing = Interval::default();
        (backing.line, backing.first, backing.last) = (line, self.epoch + 2, FOREVER);
        backing
    }

    /// The line that an owner named, with the highest commission that it accepts.
    fn accepted(&self, (line, most): (Id, u16)) -> Option<Id> {
        ensure(self.open_line(line.0)? == line && self.lines[&line].commission <= most)?;
        Some(line)
    }

    pub fn delegate(&mut self, owner: u32, to: (Id, u16), base: u128) -> Done {
        ensure(base > 0)?;
        self.make(owner, base, self.accepted(to)?, false)
    }

    /// What stays of a bonded position, where something does, and last the part with `amount` of its base, which ends.
    fn parts(&self, mut rest: Position, amount: u128) -> Option<Vec<Position>> {
        ensure(rest.bonded() && amount <= rest.base && (amount > 0 || rest.base == 0))?;
        let mut part = rest.clone();
        part.now.last = self.lines[&part.now.line].until.min(self.epoch + 1);
        if amount == rest.base {
            return Some(vec![part]);
        }
        (part.base, part.pending) = (amount, (0, 0));
        rest.base -= amount;
        ensure(rest.before.is_none() || rest.held() >= self.terms.min_redelegation)?;
        Some(vec![rest, part])
    }

    /// From a line whose seat no set has yet nobody takes anything away, and nobody empties the seat by what it burns of its position. From
    /// a line with a seat nobody takes away what no set has yet.
    fn keeps_new_seat(&self, number: u64, parts: &[Position]) -> Done {
        let before = self.find(number)?;
        let stays = |one: &&Position| one.bonded() && one.now.line == before.now.line;
        let stay: u128 = parts.iter().filter(stays).map(Position::held).sum();
        let small = self.is_too_small(before.now.line, before.held() - stay, before.owner);
        let goes = !parts.iter().all(|one| stays(&one));
        let seat = (small || goes) && self.is_seat_new(before.now.line);
        let stake = goes && self.is_stake_new(&before);
        ensure(!before.bonded() || !(seat || stake))
    }

    /// Whether a position came in this epoch behind a line whose seat counts.
    pub fn is_stake_new(&self, position: &Position) -> bool {
        self.counts(position.now.line) && position.now.first > self.epoch + 1
    }

    pub fn undelegate(&mut self, owner: u32, number: u64, amount: u128) -> Done {
        self.put(number, self.parts(self.owned(number, owner)?, amount)?)
    }

    /// The position backs a line anew.
    fn follow(&self, position: &mut Position, line: Id) -> Done {
        ensure(position.before.is_none())?;
        position.before = Some(std::mem::replace(&mut position.now, self.backing(line)));
        Some(())
    }

    pub fn redelegate(&mut self, owner: u32, number: u64, amount: u128, to: (Id, u16)) -> Done {
        let (position, line) = (self.owned(number, owner)?, self.accepted(to)?);
        ensure(!self.frozen(&position) && position.now.line != line)?;
        let mut parts = self.parts(position, amount)?;
        let part = parts.last_mut()?;
        ensure(part.held() >= self.terms.min_redelegation)?;
        self.follow(part, line)?;
        self.put(number, parts)
    }

    pub fn cancel(&mut self, owner: u32, number: u64) -> Done {
        let mut position = self.owned(number, owner)?;
        let line = position.now.line;
        ensure(!position.bonded() && !self.frozen(&position) && self.lines[&line].open())?;
        let again = position.now.last == self.epoch + 1;
        let small = position.before.is_some() && position.held() < self.terms.min_redelegation;
        ensure(!again || !small)?;
        match again {
            true => position.now.last = FOREVER,
            false => self.follow(&mut position, line)?,
        }
        self.put(number, vec![position])
    }

    /// Pays what the engine collected, as far as it lies between the bounds.
    fn collect(&mut self, number: u64, mut position: Position, seen: &Seen) -> Option<u128> {
        let (least, most) = std::mem::take(&mut position.pending);
        let seen = seen.get(&number).copied().unwrap_or(least);
        let amount = seen.clamp(least, most);
        self.owed -= amount;
        self.put(number, vec![position])?;
        Some(amount)
    }

    pub fn claim_stake(&mut self, owner: u32, number: u64, seen: &Seen) -> Done {
        let position = self.owned(number, owner)?;
        let over = position.intervals().all(|one| one.last < self.matured);
        ensure(over && !self.frozen(&position))?;
        self.collect(number, position, seen)?;
        self.positions[number as usize] = None;
        Some(())
    }

    pub fn claim_rewards(&mut self, owner: u32, numbers: &[u64], seen: &Seen) -> Done {
        let twice = (1..numbers.len()).any(|place| numbers[..place].contains(&numbers[place]));
        ensure(numbers.len() <= 7 && !twice)?;
        let mut opened = Vec::new();
        for number in numbers {
            let held = self.find(*number)?;
            let frozen = held.intervals().any(|one| self.lines[&one.line].frozen());
            ensure(numbers.len() == 1 || !frozen)?;
            opened.push((*number, self.owned(*number, owner)?));
        }
        ensure(!seen.is_empty() || opened.iter().any(|(_, one)| one.pending.0 > 0))?;
        for (number, position) in opened {
            self.collect(number, position, seen)?;
        }
        Some(())
    }

    pub fn restake(&mut self, by: u32, number: u64, seen: &Seen) -> Done {
        let position = self.open(number)?;
        let (owner, restake, now) = (position.owner, position.restake, position.now);
        ensure(position.bonded() && self.lines[&now.line].open())?;
        let amount = seen.get(&number).copied().unwrap_or(position.pending.0);
        let enough = amount >= self.terms.min_redelegation;
        ensure(amount > 0 && (by == owner || (restake && enough)))?;
        let base = self.collect(number, position, seen)?;
        self.make(owner, base, now.line, restake)
    }

    pub fn allow_restake(&mut self, owner: u32, number: u64, allowed: bool) -> Done {
        let mut position = self.owned(number, owner)?;
        position.restake = allowed;
        self.put(number, vec![position])
    }

    pub fn apply_cut(&mut self, number: u64) -> Done {
        let mut position = self.find(number)?;
        ensure(self.cut_pending(&position))?;
        let both = position.before.iter_mut().chain([&mut position.now]);
        both.for_each(|one| one.cut = self.due(one));
        self.bring_up(&mut position);
        self.put(number, vec![position])
    }

    pub fn merge(&mut self, owner: u32, first: u64, second: u64) -> Done {
        let (mut one, two) = (self.owned(first, owner)?, self.owned(second, owner)?);
        let begun = |one: &Position| one.before.is_none() && one.now.first < self.matured;
        let single = |one: &Position| begun(one) && one.bonded() && !self.frozen(one);
        ensure(first != second && single(&one) && single(&two))?;
        ensure(one.now.line == two.now.line && self.lines[&one.now.line].open())?;
        // Written as they were opened: dropping an interval may have burned a unit.
        self.put(first, vec![one.clone()])?;
        self.put(second, vec![two.clone()])?;
        one.base += two.base;
        one.pending = (one.pending.0 + two.pending.0, one.pending.1 + two.pending.1);
        one.now.first = self.matured;
        self.positions[first as usize] = Some(one);
        self.positions[second as usize] = None;
        Some(())
    }
}

//! The model's rules for what accounts ask, each in the order in which the engine refuses.

use std::collections::BTreeMap;

use crate::fraction::share_down;
use crate::state::{FOREVER, Holder, Id, Model, Position, Refused, State, WHOLE};

/// What the engine was seen to collect from positions: the model says between which bounds it must lie.
pub type Seen = BTreeMap<u64, u128>;

pub fn ensure(holds: bool, refused: Refused) -> Result<(), Refused> {
    if holds { Ok(()) } else { Err(refused) }
}

fn at(number: u64) -> usize {
    usize::try_from(number).expect("a number").wrapping_sub(1)
}

impl Model {
    pub fn newest_line(&self, operator: u32) -> Result<Id, Refused> {
        let newest = self.operators.get(&operator).ok_or("NoOperator")?;
        Ok((operator, newest.1))
    }

    pub fn open_line(&self, operator: u32) -> Result<Id, Refused> {
        let id = self.newest_line(operator)?;
        self.ensure_open(id)?;
        Ok(id)
    }

    fn ensure_open(&self, id: Id) -> Result<(), Refused> {
        ensure(self.lines[&id].state == State::Open, "LineClosed")
    }

    fn find(&self, number: u64) -> Result<Position, Refused> {
        let position = self.positions.get(at(number));
        Ok(position
            .filter(|one| !one.gone)
            .ok_or("NoPosition")?
            .clone())
    }

    /// A position with no cut pending, its rewards settled and its first interval dropped where nothing can happen to it.
    fn open(&self, number: u64) -> Result<Position, Refused> {
        let mut position = self.find(number)?;
        let pending = position
            .intervals
            .iter()
            .any(|one| self.due(one) != one.cut);
        ensure(!pending, "CutPending")?;
        self.settle(&mut position);
        Ok(position)
    }

    fn owned(&self, number: u64, owner: u32) -> Result<Position, Refused> {
        let position = self.open(number)?;
        ensure(position.owner == owner, "NotOwner")?;
        Ok(position)
    }

    fn settle(&self, position: &mut Position) {
        let held = position.held();
        for one in &mut position.intervals {
            let (least, most) = self.earned(held, one);
            position.pending = (position.pending.0 + least, position.pending.1 + most);
            one.unpaid = one.unpaid.max(self.epoch);
        }
        let first = position.intervals[0];
        let two = position.intervals.len() == 2;
        if two && first.last < self.matured && !self.frozen(&first) {
            position.past.push(position.intervals.remove(0));
            let left = &mut position.intervals[0];
            match left.line == first.line {
                true => left.cut = left.cut.max(first.cut),
                false => position.base = share_down(position.base, WHOLE - first.cut, WHOLE),
            }
        }
    }

    /// Puts a position back. What it and a part of it do not hold any more is burned, and missing in the sets that it backs.
    fn put(&mut self, number: u64, position: Position, part: Option<Position>) {
        let before = &self.positions[at(number)];
        let held = position.held() + part.as_ref().map_or(0, Position::held);
        let (lost, line) = (before.held() - held, before.newest().line);
        self.flow.burn += lost;
        self.settled += 2;
        for one in position.intervals.iter().filter(|_| lost > 0) {
            let backed = self.backed(one);
            let sets = self
                .sets
                .iter_mut()
                .filter(|(epoch, _)| backed.contains(epoch));
            let members = sets.flat_map(|(_, set)| set.iter_mut().flatten());
            let hit = members.filter(|member| member.holder.line == one.line);
            hit.for_each(|member| member.lost += lost);
        }
        let newest = position.newest().line;
        self.positions[at(number)] = position;
        self.positions.extend(part);
        self.check_seat(line);
        self.check_seat(newest);
    }

    fn add(&mut self, position: Position) {
        let line = position.newest().line;
        self.positions.push(position);
        self.check_seat(line);
    }

    /// A seat whose line is too small for it is lost.
    fn check_seat(&mut self, id: Id) {
        if self.seat_of(id).is_some() {
            let ((stake, own), least) = (self.stake(id), self.lines[&id].min_self_stake);
            if stake < self.terms.min_seat || own < least {
                self.lose_seat(id);
            }
        }
    }

    pub fn lose_seat(&mut self, id: Id) {
        if let Some(seat) = self.seat_of(id) {
            self.seats[seat] = None;
            self.line(id).until = self.epoch + 1;
        }
    }

    /// The line that somebody named, with the highest commission that it accepts.
    fn accepted_line(&self, (named, most): (Id, u16)) -> Result<Id, Refused> {
        ensure(self.newest_line(named.0)? == named, "OtherLine")?;
        self.ensure_open(named)?;
        ensure(self.lines[&named].commission <= most, "CommissionAbove")?;
        Ok(named)
    }

    pub fn delegate(
        &mut self,
        from: u32,
        accepted: (Id, u16),
        amount: u128,
    ) -> Result<(), Refused> {
        ensure(amount > 0, "ZeroAmount")?;
        let line = self.accepted_line(accepted)?;
        self.flow.take = amount;
        self.add(Position::new(from, amount, line, self.epoch + 2));
        Ok(())
    }

    /// What stays of a bonded position, where something does, and the part with `amount` of its base, whose newest interval ends.
    fn part(
        &self,
        mut rest: Position,
        amount: u128,
    ) -> Result<(Option<Position>, Position), Refused> {
        ensure(rest.bonded(), "NotBonded")?;
        ensure(amount <= rest.base, "NotEnough")?;
        ensure(amount > 0 || rest.base == 0, "ZeroAmount")?;
        let mut part = rest.clone();
        part.base = amount;
        rest.base -= amount;
        let until = self.lines[&part.newest().line].until;
        part.end(until.min(self.epoch + 1));
        if rest.base == 0 {
            return Ok((None, part));
        }
        part.pending = (0, 0);
        Ok((Some(rest), part))
    }

    fn put_part(&mut self, number: u64, rest: Option<Position>, part: Position) {
        match rest {
            Some(rest) => self.put(number, rest, Some(part)),
            None => self.put(number, part, None),
        }
    }

    pub fn undelegate(&mut self, owner: u32, number: u64, amount: u128) -> Result<(), Refused> {
        let (rest, part) = self.part(self.owned(number, owner)?, amount)?;
        self.put_part(number, rest, part);
        Ok(())
    }

    fn refuse_frozen(&self, position: &Position) -> Result<(), Refused> {
        ensure(
            !position.intervals.iter().any(|one| self.frozen(one)),
            "Frozen",
        )
    }

    pub fn redelegate(
        &mut self,
        owner: u32,
        number: u64,
        amount: u128,
        accepted: (Id, u16),
    ) -> Result<(), Refused> {
        let position = self.owned(number, owner)?;
        self.refuse_frozen(&position)?;
        let line = self.accepted_line(accepted)?;
        ensure(position.newest().line != line, "SameLine")?;
        let (rest, mut part) = self.part(position, amount)?;
        ensure(part.held() >= self.terms.min_redelegation, "TooSmall")?;
        ensure(part.intervals.len() == 1, "TwoLegs")?;
        part.back(line, self.epoch + 2);
        self.put_part(number, rest, part);
        Ok(())
    }

    pub fn cancel(&mut self, owner: u32, number: u64) -> Result<(), Refused> {
        let mut position = self.owned(number, owner)?;
        ensure(!position.bonded(), "Bonded")?;
        self.refuse_frozen(&position)?;
        let line = position.newest().line;
        self.ensure_open(line)?;
        if position.newest().last == self.epoch + 1 {
            position.end(FOREVER);
        } else {
            ensure(position.intervals.len() == 1, "TwoLegs")?;
            position.back(line, self.epoch + 2);
        }
        self.put(number, position, None);
        Ok(())
    }

    pub fn claim_stake(&mut self, owner: u32, number: u64, seen: &Seen) -> Result<(), Refused> {
        let mut position = self.owned(number, owner)?;
        ensure(!position.bonded(), "Bonded")?;
        let over = position.intervals.iter().all(|one| one.last < self.matured);
        ensure(over, "NotMatured")?;
        self.refuse_frozen(&position)?;
        let rewards = self.collect(number, &mut position, seen)?;
        self.flow.pay = position.held() + rewards;
        self.put(number, position, None);
        self.gone(number);
        Ok(())
    }

    fn gone(&mut self, number: u64) {
        let position = &mut self.positions[at(number)];
        (position.gone, position.base, position.pending) = (true, 0, (0, 0));
    }

    /// What the engine collected, where it lies between the bounds.
    fn collect(&mut self, number: u64, one: &mut Position, seen: &Seen) -> Result<u128, Refused> {
        let amount = seen.get(&number).copied().unwrap_or(0);
        let (least, most) = std::mem::take(&mut one.pending);
        ensure(least <= amount && amount <= most, "other rewards")?;
        self.owed -= amount;
        Ok(amount)
    }

    pub fn claim_rewards(
        &mut self,
        owner: u32,
        numbers: &[u64],
        seen: &Seen,
    ) -> Result<(), Refused> {
        let twice = (1..numbers.len()).any(|place| numbers[..place].contains(&numbers[place]));
        ensure((1..=7).contains(&numbers.len()) && !twice, "Positions")?;
        let (mut opened, mut least) = (Vec::new(), 0);
        for number in numbers {
            ensure(
                numbers.len() == 1 || !self.has_frozen_line(*number),
                "Alone",
            )?;
            let position = self.owned(*number, owner)?;
            least += position.pending.0;
            opened.push((*number, position));
        }
        ensure(least > 0 || !seen.is_empty(), "NothingOwed")?;
        for (number, mut position) in opened {
            self.flow.pay += self.collect(number, &mut position, seen)?;
            self.put(number, position, None);
        }
        Ok(())
    }

    /// Whether a position backs a frozen line, or did when it was last written.
    fn has_frozen_line(&self, number: u64) -> bool {
        let place = usize::try_from(number)
            .ok()
            .and_then(|one| one.checked_sub(1));
        let stored = place.and_then(|place| self.positions.get(place));
        let mut intervals = stored
            .into_iter()
            .filter(|one| !one.gone)
            .flat_map(|one| &one.intervals);
        intervals.any(|one| self.lines[&one.line].state == State::Frozen)
    }

    pub fn claim_commission(&mut self, id: Id) -> Result<(), Refused> {
        let line = self.lines.get_mut(&id).ok_or("NoOperator")?;
        ensure(line.owed > 0, "NothingOwed")?;
        self.flow.pay = std::mem::take(&mut line.owed);
        self.owed -= self.flow.pay;
        Ok(())
    }

    pub fn restake(&mut self, by: u32, number: u64, seen: &Seen) -> Result<(), Refused> {
        let mut position = self.open(number)?;
        let owner = position.owner;
        ensure(by == owner || position.restake, "RestakeNotAllowed")?;
        ensure(position.bonded(), "NotBonded")?;
        let line = position.newest().line;
        self.ensure_open(line)?;
        ensure(position.pending.0 > 0 || !seen.is_empty(), "NothingOwed")?;
        let amount = seen.get(&number).copied().unwrap_or(position.pending.0);
        ensure(
            by == owner || amount >= self.terms.min_redelegation,
            "TooSmall",
        )?;
        let amount = self.collect(number, &mut position, seen)?;
        let mut made = Position::new(owner, amount, line, self.epoch + 2);
        made.restake = position.restake;
        self.put(number, position, None);
        self.add(made);
        Ok(())
    }

    pub fn allow(&mut self, owner: u32, number: u64, allowed: bool) -> Result<(), Refused> {
        let mut position = self.owned(number, owner)?;
        position.restake = allowed;
        self.put(number, position, None);
        Ok(())
    }

    pub fn apply_cut(&mut self, number: u64) -> Result<(), Refused> {
        let mut position = self.find(number)?;
        let due: Vec<u128> = position.intervals.iter().map(|one| self.due(one)).collect();
        let cuts = position.intervals.iter().map(|one| one.cut);
        ensure(!cuts.eq(due.iter().copied()), "NothingToApply")?;
        for (one, cut) in position.intervals.iter_mut().zip(due) {
            one.cut = cut;
        }
        self.put(number, position.clone(), None);
        self.settle(&mut position);
        self.put(number, position, None);
        Ok(())
    }

    pub fn merge(&mut self, owner: u32, first: u64, second: u64) -> Result<(), Refused> {
        ensure(first != second, "NotMergeable")?;
        let (mut one, two) = (self.owned(first, owner)?, self.owned(second, owner)?);
        for position in [&one, &two] {
            self.refuse_frozen(position)?;
            let fits = position.intervals.len() == 1 && position.bonded();
            ensure(
                fits && position.newest().first < self.matured,
                "NotMergeable",
            )?;
        }
        let (line, twin) = (one.newest().line, two.newest().line);
        let open = self.lines[&line].state == State::Open;
        ensure(line == twin && open, "NotMergeable")?;
        // Written as they were opened: dropping an interval may have burned a unit.
        self.put(first, one.clone(), None);
        self.put(second, two.clone(), None);
        let mut old = *one.newest();
        old.last = self.matured - 1;
        one.past.push(old);
        one.base += two.base;
        one.pending = (one.pending.0 + two.pending.0, one.pending.1 + two.pending.1);
        one.intervals[0].first = self.matured;
        self.positions[at(first)] = one;
        self.positions[at(second)].end(self.matured - 1);
        self.gone(second);
        Ok(())
    }

    pub fn take_seat(&mut self, operator: u32) -> Result<(), Refused> {
        let id = self.open_line(operator)?;
        let registration = self.operators[&operator].0;
        let known = &self.registrations[&(operator, registration)];
        let (line, (stake, own)) = (&self.lines[&id], self.stake(id));
        let (least, seat) = self.weakest();
        ensure(self.seat_of(id).is_none(), "Seated")?;
        ensure(!known.tombstoned, "Tombstoned")?;
        ensure(line.jailed <= self.epoch, "InJail")?;
        ensure(own >= line.min_self_stake, "SelfStakeBelow")?;
        let enough = stake >= self.terms.min_seat && stake > least;
        ensure(enough, "StakeBelowSeat")?;
        let (key, jailed) = (known.key, false);
        if let Some(holder) = self.seats[seat].clone() {
            self.lose_seat(holder.line);
        }
        self.seats[seat] = Some(Holder {
            line: id,
            registration,
            key,
            jailed,
        });
        self.line(id).until = FOREVER;
        Ok(())
    }

    pub fn leave(&mut self, operator: u32) -> Result<(), Refused> {
        let id = self.newest_line(operator)?;
        ensure(self.seat_of(id).is_some(), "NotSeated")?;
        self.lose_seat(id);
        Ok(())
    }

    pub fn retire(&mut self, operator: u32) -> Result<(), Refused> {
        let id = self.open_line(operator)?;
        self.lose_seat(id);
        self.line(id).state = State::Retired;
        Ok(())
    }

    pub fn unjail(&mut self, operator: u32) -> Result<(), Refused> {
        let id = self.newest_line(operator)?;
        let (seat, time) = (self.seat_of(id).ok_or("NotSeated")?, self.lines[&id].jailed);
        let holder = self.seats[seat].as_mut().expect("it is held");
        ensure(holder.jailed, "NotJailed")?;
        ensure(time <= self.epoch, "InJail")?;
        holder.jailed = false;
        self.check_seat(id);
        Ok(())
    }
}

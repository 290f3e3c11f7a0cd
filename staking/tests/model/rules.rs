//! The model's rules for what users and the court ask, each in the order in which the engine refuses.

use std::collections::BTreeMap;

use crate::fraction::Fraction;
use crate::state::{
    FOREVER, Holder, Id, Interval, Line, Model, Position, Refused, Registration, State, WHOLE,
};

/// What the engine was seen to collect from positions: the model says between which bounds it must lie.
pub type Seen = BTreeMap<u64, u128>;

impl Model {
    fn newest_line(&self, operator: u32) -> Result<Id, Refused> {
        let newest = self.operators.get(&operator).ok_or("NoOperator")?;
        Ok((operator, newest.1))
    }

    fn open_line(&self, operator: u32) -> Result<Id, Refused> {
        let id = self.newest_line(operator)?;
        match self.lines[&id].state {
            State::Open => Ok(id),
            _ => Err("LineClosed"),
        }
    }

    /// A position of an owner, with no cut pending, its rewards settled and its first interval dropped where nothing can happen to it.
    fn open(&mut self, number: u64, owner: Option<u32>) -> Result<Position, Refused> {
        let place = usize::try_from(number).expect("a number").wrapping_sub(1);
        let position = self.positions.get(place).filter(|position| !position.gone);
        let mut position = position.ok_or("NoPosition")?.clone();
        let due = |interval: &Interval| self.due(interval) != interval.cut;
        if position.intervals.iter().any(due) {
            return Err("CutPending");
        }
        self.settle(&mut position);
        self.drop_first(&mut position);
        match owner {
            Some(owner) if owner != position.owner => Err("NotOwner"),
            _ => Ok(position),
        }
    }

    fn settle(&self, position: &mut Position) {
        let held = position.held();
        for interval in &mut position.intervals {
            let (least, most) = self.earned(held, interval);
            position.pending.0 += least;
            position.pending.1 += most;
            interval.unpaid = interval
                .unpaid
                .max(self.epoch.min(interval.last.saturating_add(1)));
        }
    }

    fn drop_first(&self, position: &mut Position) {
        let first = position.intervals[0];
        if position.intervals.len() < 2 || first.last >= self.matured || self.frozen(&first) {
            return;
        }
        position.past.push(position.intervals.remove(0));
        let left = &mut position.intervals[0];
        if left.line == first.line {
            left.cut = left.cut.max(first.cut);
        } else {
            let base = Fraction::new(position.base, 1).times(WHOLE - first.cut, WHOLE);
            position.base = base.floor();
        }
    }

    /// Puts a position back. What it lost is burned, and missing wherever it is backing a set.
    fn store(&mut self, number: u64, position: Position, lost: u128) {
        let place = usize::try_from(number).expect("a number") - 1;
        self.settled += 2;
        self.flow.burn += lost;
        for interval in position.intervals.iter().filter(|_| lost > 0) {
            let covered = self
                .sets
                .iter_mut()
                .filter(|(epoch, _)| (interval.first..=interval.last).contains(*epoch));
            for member in covered.flat_map(|(_, set)| set.iter_mut().flatten()) {
                member.lost += if member.holder.line == interval.line {
                    lost
                } else {
                    0
                };
            }
        }
        let lines = [self.positions[place].newest().line, position.newest().line];
        self.positions[place] = position;
        for line in lines {
            self.check_seat(line);
        }
    }

    fn put(&mut self, number: u64, position: Position) {
        let before = self.positions[usize::try_from(number).expect("a number") - 1].held();
        let lost = before - position.held();
        self.store(number, position, lost);
    }

    fn add(&mut self, position: Position) {
        let line = position.newest().line;
        self.positions.push(position);
        self.check_seat(line);
    }

    /// A seat whose line is too small for it is lost.
    fn check_seat(&mut self, id: Id) {
        if self.seat_of(id).is_none() {
            return;
        }
        let (stake, own) = self.stake(id);
        if stake < self.terms.min_seat || own < self.lines[&id].min_self_stake {
            self.lose_seat(id);
        }
    }

    fn lose_seat(&mut self, id: Id) {
        if let Some(seat) = self.seat_of(id) {
            self.seats[seat] = None;
            self.line(id).until = self.epoch + 1;
        }
    }

    pub fn delegate(&mut self, from: u32, operator: u32, amount: u128) -> Result<(), Refused> {
        if amount == 0 {
            return Err("ZeroAmount");
        }
        let line = self.open_line(operator)?;
        self.flow.take = amount;
        self.add(Position::new(
            from,
            amount,
            Interval::new(line, self.epoch + 2),
        ));
        Ok(())
    }

    /// The part of a bonded position with `amount` of its base, and the rest.
    fn part(&self, whole: &Position, amount: u128) -> Result<(Position, Position), Refused> {
        if !whole.bonded() {
            return Err("NotBonded");
        }
        if amount > whole.base {
            return Err("NotEnough");
        }
        if amount == 0 && whole.base > 0 {
            return Err("ZeroAmount");
        }
        let (mut part, mut rest) = (whole.clone(), whole.clone());
        part.base = amount;
        rest.base -= amount;
        if rest.base > 0 {
            part.pending = (0, 0);
        }
        Ok((part, rest))
    }

    /// Writes a part and the rest, or the whole where there is no rest.
    fn put_part(&mut self, number: u64, part: Position, rest: Position) {
        if rest.base == 0 {
            return self.put(number, part);
        }
        let before = self.positions[usize::try_from(number).expect("a number") - 1].held();
        let lost = before - part.held() - rest.held();
        self.store(number, rest, lost);
        self.add(part);
    }

    fn end(&self, position: &mut Position) {
        let until = self.lines[&position.newest().line].until;
        position.newest_mut().last = until.min(self.epoch + 1);
    }

    pub fn undelegate(&mut self, owner: u32, number: u64, amount: u128) -> Result<(), Refused> {
        let position = self.open(number, Some(owner))?;
        let (mut part, rest) = self.part(&position, amount)?;
        self.end(&mut part);
        self.put_part(number, part, rest);
        Ok(())
    }

    fn refuse_frozen(&self, position: &Position) -> Result<(), Refused> {
        match position
            .intervals
            .iter()
            .any(|interval| self.frozen(interval))
        {
            true => Err("Frozen"),
            false => Ok(()),
        }
    }

    fn back(&self, position: &mut Position, line: Id) -> Result<(), Refused> {
        if position.intervals.len() > 1 {
            return Err("TwoLegs");
        }
        position.intervals.push(Interval::new(line, self.epoch + 2));
        Ok(())
    }

    pub fn redelegate(
        &mut self,
        owner: u32,
        number: u64,
        amount: u128,
        to: u32,
    ) -> Result<(), Refused> {
        let position = self.open(number, Some(owner))?;
        self.refuse_frozen(&position)?;
        let line = self.open_line(to)?;
        if position.newest().line == line {
            return Err("SameLine");
        }
        let (mut part, rest) = self.part(&position, amount)?;
        if part.held() < self.terms.min_redelegation {
            return Err("TooSmall");
        }
        self.end(&mut part);
        self.back(&mut part, line)?;
        self.put_part(number, part, rest);
        Ok(())
    }

    pub fn cancel(&mut self, owner: u32, number: u64) -> Result<(), Refused> {
        let mut position = self.open(number, Some(owner))?;
        if position.bonded() {
            return Err("Bonded");
        }
        self.refuse_frozen(&position)?;
        let line = position.newest().line;
        if self.lines[&line].state != State::Open {
            return Err("LineClosed");
        }
        if position.newest().last == self.epoch + 1 {
            position.newest_mut().last = FOREVER;
        } else {
            self.back(&mut position, line)?;
        }
        self.put(number, position);
        Ok(())
    }

    pub fn claim_stake(&mut self, owner: u32, number: u64, seen: &Seen) -> Result<(), Refused> {
        let mut position = self.open(number, Some(owner))?;
        if position.bonded() {
            return Err("Bonded");
        }
        if position
            .intervals
            .iter()
            .any(|interval| interval.last >= self.matured)
        {
            return Err("NotMatured");
        }
        self.refuse_frozen(&position)?;
        let rewards = self.collect(number, &mut position, seen)?;
        self.put(number, position.clone());
        self.flow.pay = position.held() + rewards;
        position.gone = true;
        position.base = 0;
        self.store(number, position, 0);
        Ok(())
    }

    /// What the engine collected, where it lies between the bounds.
    fn collect(
        &mut self,
        number: u64,
        position: &mut Position,
        seen: &Seen,
    ) -> Result<u128, Refused> {
        let amount = seen.get(&number).copied().unwrap_or(0);
        let (least, most) = std::mem::take(&mut position.pending);
        if amount < least || most < amount {
            return Err("the engine collects another amount");
        }
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
        if numbers.is_empty() || numbers.len() > 8 || twice {
            return Err("Positions");
        }
        let mut opened = Vec::new();
        for number in numbers {
            let position = self.open(*number, Some(owner))?;
            let frozen = |interval: &Interval| self.lines[&interval.line].state == State::Frozen;
            if numbers.len() > 1 && position.intervals.iter().any(frozen) {
                return Err("Alone");
            }
            opened.push((*number, position));
        }
        let least: u128 = opened.iter().map(|(_, position)| position.pending.0).sum();
        if least == 0 && seen.is_empty() {
            return Err("NothingOwed");
        }
        for (number, mut position) in opened {
            self.flow.pay += self.collect(number, &mut position, seen)?;
            self.put(number, position);
        }
        Ok(())
    }

    pub fn claim_commission(&mut self, id: Id) -> Result<(), Refused> {
        let line = self.lines.get_mut(&id).ok_or("NoOperator")?;
        if line.owed == 0 {
            return Err("NothingOwed");
        }
        self.flow.pay = std::mem::take(&mut line.owed);
        self.owed -= self.flow.pay;
        Ok(())
    }

    pub fn restake(&mut self, by: u32, number: u64, seen: &Seen) -> Result<(), Refused> {
        let mut position = self.open(number, None)?;
        if by != position.owner && !position.restake {
            return Err("RestakeNotAllowed");
        }
        if !position.bonded() {
            return Err("NotBonded");
        }
        let line = position.newest().line;
        if self.lines[&line].state != State::Open {
            return Err("LineClosed");
        }
        if position.pending.0 == 0 && (position.pending.1 == 0 || seen.is_empty()) {
            return Err("NothingOwed");
        }
        let minimum = self.terms.min_redelegation;
        let collected = seen.get(&number).copied().unwrap_or(position.pending.0);
        if by != position.owner && collected < minimum {
            return Err("TooSmall");
        }
        let base = self.collect(number, &mut position, seen)?;
        let interval = Interval::new(line, self.epoch + 2);
        let mut made = Position::new(position.owner, base, interval);
        made.restake = position.restake;
        self.put(number, position);
        self.add(made);
        Ok(())
    }

    pub fn allow(&mut self, owner: u32, number: u64, allowed: bool) -> Result<(), Refused> {
        let mut position = self.open(number, Some(owner))?;
        position.restake = allowed;
        self.put(number, position);
        Ok(())
    }

    pub fn apply_cut(&mut self, number: u64) -> Result<(), Refused> {
        let place = usize::try_from(number).expect("a number").wrapping_sub(1);
        let position = self.positions.get(place).filter(|position| !position.gone);
        let mut position = position.ok_or("NoPosition")?.clone();
        let due: Vec<u128> = position.intervals.iter().map(|one| self.due(one)).collect();
        let mut changed = false;
        for (interval, cut) in position.intervals.iter_mut().zip(due) {
            changed |= interval.cut != cut;
            interval.cut = cut;
        }
        if !changed {
            return Err("NothingToApply");
        }
        self.put(number, position.clone());
        self.settle(&mut position);
        self.drop_first(&mut position);
        self.put(number, position);
        Ok(())
    }

    pub fn merge(&mut self, owner: u32, first: u64, second: u64) -> Result<(), Refused> {
        if first == second {
            return Err("NotMergeable");
        }
        let mut one = self.open(first, Some(owner))?;
        let mut two = self.open(second, Some(owner))?;
        for position in [&one, &two] {
            self.refuse_frozen(position)?;
            let fits = position.intervals.len() == 1 && position.bonded();
            if !fits || position.newest().first >= self.matured {
                return Err("NotMergeable");
            }
        }
        let line = one.newest().line;
        if line != two.newest().line || self.lines[&line].state != State::Open {
            return Err("NotMergeable");
        }
        // Written first as they were opened: dropping an interval may have burned a unit.
        self.put(first, one.clone());
        self.put(second, two.clone());
        let old = *one.newest();
        one.past.push(Interval {
            last: self.matured - 1,
            ..old
        });
        two.newest_mut().last = self.matured - 1;
        one.base += two.base;
        one.pending.0 += two.pending.0;
        one.pending.1 += two.pending.1;
        one.newest_mut().first = self.matured;
        (two.gone, two.base, two.pending) = (true, 0, (0, 0));
        let (a, b) = (usize::try_from(first), usize::try_from(second));
        self.positions[a.expect("a number") - 1] = one;
        self.positions[b.expect("a number") - 1] = two;
        Ok(())
    }

    pub fn take_seat(&mut self, operator: u32) -> Result<(), Refused> {
        let id = self.open_line(operator)?;
        let number = self.operators[&operator].0;
        let registration = self.registrations[&(operator, number)].clone();
        let line = &self.lines[&id];
        let (stake, own) = self.stake(id);
        let (least, seat) = self.weakest();
        if self.seat_of(id).is_some() {
            return Err("Seated");
        }
        if registration.tombstoned {
            return Err("Tombstoned");
        }
        if self.epoch < line.jailed {
            return Err("InJail");
        }
        if own < line.min_self_stake {
            return Err("SelfStakeBelow");
        }
        if stake < self.terms.min_seat || stake <= least {
            return Err("StakeBelowSeat");
        }
        if let Some(holder) = self.seats[seat].clone() {
            self.lose_seat(holder.line);
        }
        self.seats[seat] = Some(Holder {
            line: id,
            registration: number,
            key: registration.key,
            jailed: false,
        });
        self.line(id).until = FOREVER;
        Ok(())
    }

    pub fn leave(&mut self, operator: u32) -> Result<(), Refused> {
        let id = self.newest_line(operator)?;
        self.seat_of(id).ok_or("NotSeated")?;
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
        let seat = self.seat_of(id).ok_or("NotSeated")?;
        let holder = self.seats[seat].clone().expect("it is held");
        if !holder.jailed {
            return Err("NotJailed");
        }
        if self.epoch < self.lines[&id].jailed {
            return Err("InJail");
        }
        self.seats[seat] = Some(Holder {
            jailed: false,
            ..holder
        });
        self.check_seat(id);
        Ok(())
    }

    pub fn register(&mut self, operator: u32, number: u64, key: u32) -> Result<(), Refused> {
        let known = self.registrations.values().any(|one| one.key == key);
        let newest = self.operators.get(&operator).copied();
        if known || newest.is_some_and(|newest| newest.0 >= number) {
            return Err("NoEffect");
        }
        let line = match self.open_line(operator) {
            Ok((_, line)) => line,
            Err(_) => {
                let opened = Line::opened(&self.terms);
                self.lines.insert((operator, number), opened);
                number
            }
        };
        if let Some(seat) = self.seat_of((operator, line)) {
            let holder = self.seats[seat].as_mut().expect("it is held");
            holder.registration = number;
            holder.key = key;
        }
        self.operators.insert(operator, (number, line));
        let tombstoned = false;
        let registration = Registration {
            line,
            key,
            tombstoned,
        };
        self.registrations.insert((operator, number), registration);
        Ok(())
    }

    pub fn tombstone(&mut self, key: u32) -> Result<(), Refused> {
        let mut all = self.registrations.iter_mut();
        let found = all.find(|(_, one)| one.key == key).ok_or("NoEffect")?;
        if std::mem::replace(&mut found.1.tombstoned, true) {
            return Err("NoEffect");
        }
        let stands = |seat: &&Option<Holder>| seat.as_ref().is_some_and(|seat| seat.key == key);
        if let Some(Some(holder)) = self.seats.iter().find(stands).cloned() {
            self.lose_seat(holder.line);
        }
        Ok(())
    }
}

//! What operators do with their lines and seats, and what root says of them.

use super::{Done, FOREVER, Id, Line, Model, Registration, WHOLE, ensure};

/// What an operator wants to change.
pub struct Edit {
    pub commission: Option<u16>,
    pub max_commission: Option<u16>,
    pub commission_step: Option<u16>,
    pub min_self_stake: Option<u128>,
}

impl Model {
    /// An operator's newest registration.
    pub fn newest(&self, operator: u32) -> Option<(Id, &Registration)> {
        let ids = (operator, 0)..=(operator, u64::MAX);
        let newest = self.registrations.range(ids).next_back()?;
        Some((*newest.0, newest.1))
    }

    /// An operator's newest line, when it is open.
    pub fn open_line(&self, operator: u32) -> Option<Id> {
        let line = self.newest(operator)?.1.line;
        Some(line).filter(|line| self.lines[line].open())
    }

    /// Whether a line from which `by` takes so much has too little for a seat, or its operator too little of its own.
    pub fn is_too_small(&self, line: Id, less: u128, by: u32) -> bool {
        let ((stake, own), least) = (self.stake(line), self.lines[&line].min_self_stake);
        stake < self.terms.min_seat + less || own < least + less * u128::from(by == line.0)
    }

    /// A seat whose line is too small for it is lost.
    pub fn check_seats(&mut self) {
        for line in self.seats.clone().into_iter().flatten() {
            self.is_too_small(line, 0, 0)
                .then(|| self.lose_seat(line, false));
        }
    }

    /// Whether the line took its seat in this epoch, so that the next set has nothing of it at risk there.
    pub fn is_seat_new(&self, line: Id) -> bool {
        self.counts(line) && !self.stands(line, self.epoch + 1)
    }

    /// Whether a line has a seat that counts.
    pub fn counts(&self, line: Id) -> bool {
        self.seat_of(line).is_some() && !self.lines[&line].absent
    }

    /// Whether a set has a line, with something at risk.
    fn stands(&self, line: Id, epoch: u64) -> bool {
        let mut members = self.sets[&epoch].iter().flatten();
        members.any(|member| member.line == line && member.stake > 0)
    }

    fn lose_seat(&mut self, id: Id, taken: bool) -> Done {
        let (seat, next) = (self.seat_of(id)?, self.epoch + 1);
        (self.seats[seat], self.line(id).until, self.line(id).taken) = (None, next, taken);
        Some(())
    }

    pub fn take_seat(&mut self, operator: u32) -> Done {
        let id = self.open_line(operator)?;
        let key = self.newest(operator)?.1.keys[0];
        let (line, (least, seat)) = (&self.lines[&id], self.weakest());
        ensure(self.seat_of(id).is_none() && !self.tombstones.contains(&key))?;
        // Who was displaced may in the epoch of its last set, if that has it; everybody else when that is over.
        let waits = line.until > 0 && !(line.taken && self.stands(id, line.until));
        ensure(line.jailed.max(line.until + u64::from(waits)) <= self.epoch)?;
        ensure(self.stake(id).0 > least && !self.is_too_small(id, 0, 0))?;
        self.seats[seat].and_then(|displaced| self.lose_seat(displaced, true));
        self.seats[seat] = Some(id);
        (self.line(id).until, self.line(id).absent) = (FOREVER, false);
        Some(())
    }

    pub fn leave(&mut self, operator: u32) -> Done {
        self.lose_seat(self.free_line(operator)?, false)
    }

    pub fn retire(&mut self, operator: u32) -> Done {
        let line = self.free_line(operator)?;
        self.lose_seat(line, false);
        self.line(line).retired = true;
        Some(())
    }

    /// An operator's open line, unless its seat is new.
    fn free_line(&self, operator: u32) -> Option<Id> {
        self.open_line(operator).filter(|id| !self.is_seat_new(*id))
    }

    pub fn unjail(&mut self, operator: u32) -> Done {
        let (id, epoch) = (self.open_line(operator)?, self.epoch);
        let line = self.seat_of(id).map(|_| self.line(id))?;
        ensure(line.absent && line.jailed <= epoch)?;
        line.absent = false;
        Some(())
    }

    pub fn edit(&mut self, operator: u32, edit: &Edit) -> Done {
        let id = self.open_line(operator)?;
        let ((stake, own), old) = (self.stake(id), &self.lines[&id]);
        let mut line = old.clone();
        line.max_commission = edit.max_commission.unwrap_or(old.max_commission);
        line.commission_step = edit.commission_step.unwrap_or(old.commission_step);
        line.min_self_stake = edit.min_self_stake.unwrap_or(old.min_self_stake);
        ensure(line.max_commission <= old.max_commission)?;
        ensure(line.commission_step <= old.commission_step)?;
        ensure(line.min_self_stake >= old.min_self_stake)?;
        ensure(edit.min_self_stake.is_none_or(|least| least <= own))?;
        if let Some(commission) = edit.commission {
            let fresh = stake == 0 && old.until == 0;
            let free = fresh && (old.commission == 0 || old.changed < self.epoch);
            let near = old.commission.abs_diff(commission) <= line.commission_step;
            ensure(free || (near && old.changed < self.matured))?;
            (line.commission, line.changed) = (commission, self.epoch);
        }
        ensure(line.commission <= line.max_commission)?;
        self.lines.insert(id, line);
        Some(())
    }

    pub fn claim_commission(&mut self, line: Id) -> Done {
        let amount = std::mem::take(&mut self.lines.get_mut(&line)?.owed);
        self.owed -= amount;
        ensure(amount > 0)
    }

    /// New keys for the open line, or for a new one, which comes out of jail no sooner than the closed one before it.
    pub fn register(&mut self, operator: u32, number: u64, keys: [u32; 2]) -> Done {
        let (newest, terms) = (self.newest(operator), self.terms);
        let kept = |place: usize| newest.is_some_and(|one| one.1.keys[place] == keys[place]);
        let (open, dead) = (self.open_line(operator), self.tombstones.contains(&keys[0]));
        let known = self.registrations.values().any(|it| it.keys[0] == keys[0]);
        ensure(!known || (open.is_some() && kept(0) && !dead))?;
        ensure((open.is_some() || !kept(1)) && newest.is_none_or(|newest| newest.0.1 < number))?;
        let before = newest.map(|one| &self.lines[&one.1.line]);
        let jail = |until: u64| until.saturating_add(1 + u64::from(terms.jail_epochs));
        let latest = |line: &Line| jail(line.until) * u64::from(line.until > 0);
        let jailed = before.map_or(0, |line| line.jailed.max(latest(line)));
        let (line, mut opened) = (open.unwrap_or((operator, number)), Line::default());
        (opened.max_commission, opened.jailed) = (terms.max_commission, jailed);
        opened.commission_step = terms.commission_step;
        self.lines.entry(line).or_insert(opened);
        let registration = Registration { line, keys };
        self.registrations.insert((operator, number), registration);
        Some(())
    }

    /// A key never signs for a seat again, nor do the keys that stand in its place by now.
    pub fn tombstone(&mut self, key: u32) -> Done {
        let mut all = self.registrations.iter().rev();
        let (id, one) = all.find(|(_, one)| one.keys[0] == key)?;
        let (newest, line) = (self.newest(id.0)?.1.clone(), one.line);
        ensure(self.tombstones.insert(key))?;
        if newest.line == line {
            self.tombstones.insert(newest.keys[0]);
            self.lose_seat(line, false);
            self.line(line).taken = false;
        }
        Some(())
    }

    /// Root has opened a case about a registration.
    pub fn freeze(&mut self, registration: Id, epoch: u64) -> Done {
        let line = self.registrations.get(&registration)?.line;
        self.lose_seat(line, false);
        self.line(line).freezes.freeze(epoch);
        Some(())
    }

    /// Root has settled it.
    pub fn cut(&mut self, registration: Id, epoch: u64, fraction: u128) -> Done {
        let line = self.registrations.get(&registration)?.line;
        self.line(line).cuts.push((epoch, fraction.min(WHOLE)));
        self.line(line).freezes.thaw(epoch);
        Some(())
    }
}

//! The model's rules for genesis, the end of an epoch, operators' promises, and what root says.

use crate::fraction::share_down;
use crate::rules::ensure;
use crate::state::{
    FOREVER, Holder, Id, Line, Member, Model, Position, Refused, Registration, State, Terms, WHOLE,
};

#[derive(Default)]
pub struct Edit {
    pub commission: Option<u16>,
    pub max_commission: Option<u16>,
    pub commission_step: Option<u16>,
    pub min_self_stake: Option<u128>,
}

impl Model {
    /// Founders are the operators from 1 on, each with the registration, the seat and the key of its number.
    pub fn found(terms: Terms, stakes: &[u128]) -> Self {
        let mut model = Self {
            terms,
            ..Self::default()
        };
        for (operator, stake) in (1..).zip(stakes) {
            let id = (operator, u64::from(operator));
            model.register(operator, id.1, operator).expect("it is new");
            model.line(id).until = FOREVER;
            let (registration, key, jailed) = (id.1, operator, false);
            model.seats.push(Some(Holder {
                line: id,
                registration,
                key,
                jailed,
            }));
            model.positions.push(Position::new(operator, *stake, id, 0));
        }
        model.seats.resize(terms.seats, None);
        model
    }

    pub fn register(&mut self, operator: u32, number: u64, key: u32) -> Result<(), Refused> {
        let known = self.registrations.values().any(|one| one.key == key);
        let newest = self.operators.get(&operator).map_or(0, |newest| newest.0);
        ensure(!known && newest < number, "NoEffect")?;
        let line = self.open_line(operator).map_or(number, |id| id.1);
        let Terms {
            max_commission,
            commission_step,
            jail_epochs,
            ..
        } = self.terms;
        let behind = |id: (u64, u64)| {
            let closed = &self.lines[&(operator, id.1)];
            let stood = u64::from(closed.until > 0);
            let longest = closed.until.saturating_add(1 + u64::from(jail_epochs));
            closed.jailed.max(stood * longest)
        };
        let jailed = self.operators.get(&operator).map_or(0, |id| behind(*id));
        let opened = Line {
            jailed,
            max_commission,
            commission_step,
            ..Line::default()
        };
        self.lines.entry((operator, line)).or_insert(opened);
        if let Some(seat) = self.seat_of((operator, line)) {
            let holder = self.seats[seat].as_mut().expect("it is held");
            (holder.registration, holder.key) = (number, key);
        }
        self.operators.insert(operator, (number, line));
        let registration = Registration {
            line,
            key,
            tombstoned: false,
        };
        self.registrations.insert((operator, number), registration);
        Ok(())
    }

    pub fn edit(&mut self, operator: u32, edit: &Edit) -> Result<(), Refused> {
        let id = self.open_line(operator)?;
        let ((stake, own), mut line) = (self.stake(id), self.lines[&id].clone());
        let most = edit.max_commission.unwrap_or(line.max_commission);
        let step = edit.commission_step.unwrap_or(line.commission_step);
        let least = edit.min_self_stake.unwrap_or(line.min_self_stake);
        ensure(
            most <= line.max_commission && step <= line.commission_step,
            "OneWay",
        )?;
        ensure(least >= line.min_self_stake, "OneWay")?;
        ensure(
            least <= own || edit.min_self_stake.is_none(),
            "SelfStakeBelow",
        )?;
        if let Some(commission) = edit.commission {
            let fresh = stake == 0 && line.until == 0;
            let near = line.commission.abs_diff(commission) <= step;
            ensure(fresh || (near && line.changed < self.matured), "Commission")?;
            (line.commission, line.changed) = (commission, self.epoch);
        }
        ensure(line.commission <= most, "Commission")?;
        (
            line.max_commission,
            line.commission_step,
            line.min_self_stake,
        ) = (most, step, least);
        self.lines.insert(id, line);
        Ok(())
    }

    /// What the members of an epoch share.
    pub fn release(&mut self, fees: u128) -> u128 {
        let drip = share_down(self.pool, u128::from(self.terms.drip), WHOLE);
        self.pool += fees;
        fees + drip
    }

    /// Pays the line at a seat of the ending epoch's set for its votes.
    pub fn reward(&mut self, seat: usize, votes: u16, counted: u16, released: u128) {
        let set = &self.sets[&self.epoch];
        let total = set
            .iter()
            .flatten()
            .map(|member| u128::from(member.power))
            .sum();
        let Some(member) = set[seat].clone() else {
            return;
        };
        let id = member.holder.line;
        if self.lines[&id].state != State::Open {
            return;
        }
        if 2 * u32::from(votes) >= u32::from(counted) && member.stake > 0 {
            let reward = share_down(released, u128::from(member.power), total);
            let commission = share_down(reward, u128::from(member.commission), 10_000);
            self.pool -= reward;
            self.owed += reward;
            self.line(id).owed += commission;
            let shared = (reward - commission, member.stake);
            self.paid.insert((id, self.epoch), shared);
        }
        if u32::from(votes) * u32::from(self.terms.jail_divisor) < u32::from(counted) {
            self.line(id).jailed = self.epoch + 1 + u64::from(self.terms.jail_epochs);
            let seat = self.seats.iter_mut().flatten().find(|seat| seat.line == id);
            seat.into_iter().for_each(|seat| seat.jailed = true);
        }
    }

    /// The set of an epoch is what seats hold now; total power.
    pub fn roll(&mut self, epoch: u64) -> u64 {
        let seats = self.seats.iter().enumerate().map(|(seat, holder)| {
            let stake = self.weight(seat);
            let power = u64::try_from(stake / self.terms.unit).expect("power fits");
            let holder = holder.clone().filter(|_| power > 0)?;
            let (commission, lost) = (self.lines[&holder.line].commission, 0);
            Some(Member {
                holder,
                power,
                stake,
                commission,
                lost,
            })
        });
        let set: Vec<Option<Member>> = seats.collect();
        let total = set.iter().flatten().map(|member| member.power).sum();
        self.sets.insert(epoch, set);
        total
    }

    /// The set of an epoch is that of the epoch before, with nothing at stake.
    pub fn copy(&mut self, epoch: u64) {
        let mut set = self.sets[&(epoch - 1)].clone();
        for member in set.iter_mut().flatten() {
            (member.stake, member.lost) = (0, 0);
        }
        self.sets.insert(epoch, set);
    }

    pub fn mature(&mut self, epoch: u64, accepted: u64, arrival: u64) -> Result<(), Refused> {
        let over = accepted != 0 && accepted + self.terms.unbonding <= arrival;
        ensure(epoch > self.matured && over, "NoEffect")?;
        self.matured += 1;
        Ok(())
    }

    pub fn tombstone(&mut self, key: u32) -> Result<(), Refused> {
        let mut all = self.registrations.values_mut();
        let found = all.find(|one| one.key == key).ok_or("NoEffect")?;
        ensure(!found.tombstoned, "NoEffect")?;
        found.tombstoned = true;
        let mut seats = self.seats.iter().flatten();
        if let Some(line) = seats.find(|seat| seat.key == key).map(|seat| seat.line) {
            self.lose_seat(line);
        }
        Ok(())
    }

    fn line_of(&self, operator: u32, registration: u64) -> Result<Id, Refused> {
        let found = self.registrations.get(&(operator, registration));
        Ok((operator, found.ok_or("NoEffect")?.line))
    }

    pub fn freeze(&mut self, operator: u32, registration: u64, epoch: u64) -> Result<(), Refused> {
        let id = self.line_of(operator, registration)?;
        self.lose_seat(id);
        self.line(id).state = State::Frozen;
        self.line(id).freezes.freeze(epoch);
        Ok(())
    }

    pub fn cut(
        &mut self,
        operator: u32,
        registration: u64,
        epoch: u64,
        fraction: u64,
    ) -> Result<(), Refused> {
        let id = self.line_of(operator, registration)?;
        self.line(id).freezes.thaw(epoch);
        let cut = u128::from(fraction).min(WHOLE);
        self.line(id).cuts.push((epoch, cut));
        Ok(())
    }

    /// A position that was at risk where the court cut, and stands for it no more.
    pub fn evaded(&self, id: Id, epoch: u64) -> Option<usize> {
        self.positions.iter().position(|position| {
            let now = position.intervals.iter().filter(|_| position.gone);
            let mut all = position.past.iter().chain(now);
            all.any(|one| one.line == id && self.backed(one).contains(&epoch))
        })
    }

    pub fn fund(&mut self, amount: u128) -> Result<(), Refused> {
        self.pool += amount;
        ensure(amount > 0, "NoEffect")
    }
}

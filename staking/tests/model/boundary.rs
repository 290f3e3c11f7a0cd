//! The model's rules for genesis, the end of an epoch, and what root says.

use std::collections::BTreeMap;

use crate::fraction::Fraction;
use crate::state::{
    FOREVER, Freezes, Holder, Id, Interval, Line, Member, Model, Position, Refused, Registration,
    State, Terms, WHOLE,
};

fn share_down(amount: u128, part: u128, whole: u128) -> u128 {
    Fraction::new(amount, whole).times(part, 1).floor()
}

impl Line {
    pub fn opened(terms: &Terms) -> Self {
        Self {
            state: State::Open,
            until: 0,
            min_self_stake: 0,
            commission: 0,
            max_commission: terms.max_commission,
            commission_step: terms.commission_step,
            changed: 0,
            owed: 0,
            jailed: 0,
            freezes: Freezes::default(),
            cuts: Vec::new(),
        }
    }
}

impl Model {
    /// Founders are the operators from 1 on, each with the registration, the seat and the key of its number.
    pub fn found(terms: Terms, stakes: &[u128]) -> Self {
        let mut model = Self {
            terms,
            epoch: 0,
            matured: 0,
            epoch_freezes: Freezes::default(),
            pool: 0,
            owed: 0,
            operators: BTreeMap::new(),
            registrations: BTreeMap::new(),
            lines: BTreeMap::new(),
            seats: vec![None; terms.seats],
            sets: BTreeMap::new(),
            positions: Vec::new(),
            paid: BTreeMap::new(),
            flow: Default::default(),
            settled: 0,
        };
        for (place, stake) in stakes.iter().enumerate() {
            let operator = u32::try_from(place).expect("few founders") + 1;
            let number = u64::from(operator);
            let (id, key) = ((operator, number), operator);
            model.operators.insert(operator, (number, number));
            let registration = Registration {
                line: number,
                key,
                tombstoned: false,
            };
            model.registrations.insert(id, registration);
            let until = FOREVER;
            model.lines.insert(
                id,
                Line {
                    until,
                    ..Line::opened(&terms)
                },
            );
            let holder = Holder {
                line: id,
                registration: number,
                key,
                jailed: false,
            };
            model.seats[place] = Some(holder);
            let position = Position::new(operator, *stake, Interval::new(id, 0));
            model.positions.push(position);
        }
        model.roll(0);
        model.roll(1);
        model
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
            if let Some(seat) = self.seat_of(id) {
                self.seats[seat].as_mut().expect("it is held").jailed = true;
            }
        }
    }

    /// The set of an epoch is what seats hold now; total power.
    pub fn roll(&mut self, epoch: u64) -> u64 {
        let mut set = Vec::new();
        for (seat, holder) in self.seats.iter().enumerate() {
            let stake = self.weight(seat);
            let power = u64::try_from(stake / self.terms.unit).expect("power fits");
            set.push(holder.clone().filter(|_| power > 0).map(|holder| Member {
                power,
                stake,
                commission: self.lines[&holder.line].commission,
                holder,
                lost: 0,
            }));
        }
        let total = set.iter().flatten().map(|member| member.power).sum();
        self.sets.insert(epoch, set);
        total
    }

    /// The set of an epoch is that of the epoch before, with nothing at stake.
    pub fn copy(&mut self, epoch: u64) -> u64 {
        let mut set = self.sets[&(epoch - 1)].clone();
        for member in set.iter_mut().flatten() {
            (member.stake, member.lost) = (0, 0);
        }
        let total = set.iter().flatten().map(|member| member.power).sum();
        self.sets.insert(epoch, set);
        total
    }

    pub fn mature(&mut self, epoch: u64, accepted: u64, arrival: u64) -> Result<(), Refused> {
        let over = accepted != 0 && accepted + self.terms.unbonding <= arrival;
        if epoch <= self.matured || !over {
            return Err("NoEffect");
        }
        self.matured += 1;
        Ok(())
    }

    fn line_of(&self, operator: u32, registration: u64) -> Result<Id, Refused> {
        let found = self.registrations.get(&(operator, registration));
        Ok((operator, found.ok_or("NoEffect")?.line))
    }

    pub fn freeze(&mut self, operator: u32, registration: u64, epoch: u64) -> Result<(), Refused> {
        let id = self.line_of(operator, registration)?;
        if let Some(seat) = self.seat_of(id) {
            self.seats[seat] = None;
            self.line(id).until = self.epoch + 1;
        }
        self.line(id).state = State::Frozen;
        self.line(id).freezes.freeze(epoch);
        Ok(())
    }

    pub fn settle_offence(
        &mut self,
        operator: u32,
        registration: u64,
        epoch: u64,
        fraction: u64,
    ) -> Result<(), Refused> {
        let id = self.line_of(operator, registration)?;
        if self.lines[&id].state != State::Frozen {
            return Err("NoEffect");
        }
        self.line(id).freezes.thaw(epoch);
        let cut = u128::from(fraction).min(WHOLE);
        self.line(id).cuts.push((epoch, cut));
        Ok(())
    }

    /// A position that was at risk where the court cut, and stands for it no more.
    pub fn evaded(&self, id: Id, epoch: u64) -> Option<usize> {
        let covers = |interval: &&Interval| {
            let (first, last) = self.backed(interval);
            interval.line == id && (first..=last).contains(&epoch)
        };
        self.positions.iter().position(|position| {
            let gone = position.gone && position.intervals.iter().any(|one| covers(&one));
            gone || position.past.iter().any(|one| covers(&one))
        })
    }

    pub fn fund(&mut self, amount: u128) -> Result<(), Refused> {
        self.pool += amount;
        if amount == 0 { Err("NoEffect") } else { Ok(()) }
    }

    pub fn edit(&mut self, operator: u32, edit: &Edit) -> Result<(), Refused> {
        let newest = self.operators.get(&operator).ok_or("NoOperator")?.1;
        let id = (operator, newest);
        let (stake, own) = self.stake(id);
        let mut line = self.lines[&id].clone();
        if line.state != State::Open {
            return Err("LineClosed");
        }
        let (most, step) = (edit.max_commission, edit.commission_step);
        if most.is_some_and(|most| most > line.max_commission)
            || step.is_some_and(|step| step > line.commission_step)
        {
            return Err("OneWay");
        }
        if let Some(least) = edit.min_self_stake {
            if least < line.min_self_stake {
                return Err("OneWay");
            }
            if least > own {
                return Err("SelfStakeBelow");
            }
            line.min_self_stake = least;
        }
        line.max_commission = most.unwrap_or(line.max_commission);
        line.commission_step = step.unwrap_or(line.commission_step);
        if let Some(commission) = edit.commission {
            let fresh = stake == 0 && line.until == 0;
            let far = line.commission.abs_diff(commission) > line.commission_step;
            if !fresh && (far || line.changed >= self.matured) {
                return Err("Commission");
            }
            line.commission = commission;
            line.changed = self.epoch;
        }
        if line.commission > line.max_commission {
            return Err("Commission");
        }
        self.lines.insert(id, line);
        Ok(())
    }
}

#[derive(Clone, Debug, Default)]
pub struct Edit {
    pub commission: Option<u16>,
    pub max_commission: Option<u16>,
    pub commission_step: Option<u16>,
    pub min_self_stake: Option<u128>,
}

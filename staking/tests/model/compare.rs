//! What must hold after every operation: the engine's leaves say what the model says.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};

use plasmid_staking::{LineState, MemberLeaf, SeatState, minima::Weight};

use crate::ask::{address, id_of, key_of, number_of};
use crate::run::Run;
use crate::state::{Id, Position, State};

/// Refuses a difference, with both sides.
fn same<T: PartialEq + Debug>(what: impl Display, engine: T, model: T) -> Result<(), String> {
    match engine == model {
        true => Ok(()),
        false => Err(format!(
            "{what}: the engine has {engine:?}, the model {model:?}"
        )),
    }
}

impl Run {
    pub fn compare(&mut self) -> Result<(), String> {
        let staked = self.positions()?;
        let stakes = self.stakes();
        self.lines(&stakes)?;
        self.seats(&stakes)?;
        self.minima(&stakes)?;
        self.backed()?;
        let (rewards, model) = (self.store.rewards, &self.model);
        same("the pool", rewards.pool, model.pool)?;
        same("what is owed", rewards.owed, model.owed)?;
        same("matured epochs", self.store.maturity.matured, model.matured)?;
        let frozen = usize::from(self.store.maturity.freezes.count);
        same("frozen epochs", frozen, model.epoch_freezes.open.len())?;
        let pending: u128 = model
            .positions
            .iter()
            .map(|position| position.pending.0)
            .sum();
        let commissions: u128 = model.lines.values().map(|line| line.owed).sum();
        if pending + commissions > rewards.owed {
            return Err("more is settled than owed".into());
        }
        let all = self.outside + staked + rewards.pool + rewards.owed + self.burned;
        same("all money", all, self.credited)
    }

    /// Every position; what the engine settled is taken over where it lies between the bounds. The sum of what they hold.
    fn positions(&mut self) -> Result<u128, String> {
        let engine = &self.store.positions;
        same("positions", engine.len(), self.model.positions.len())?;
        let mut sum = 0;
        for ((number, held), model) in engine.iter().zip(&mut self.model.positions) {
            if held.is_gone() || model.gone {
                same(
                    format_args!("position {number} is gone"),
                    held.is_gone(),
                    model.gone,
                )?;
                continue;
            }
            let engine = (
                number_of(&held.owner),
                held.restake,
                held.base,
                held.held_down(),
            );
            let expected = (model.owner, model.restake, model.base, model.held());
            same(format_args!("position {number}"), engine, expected)?;
            let shown = (held.legs().count(), legs(held).eq(intervals(model)));
            same(
                format_args!("legs of {number}"),
                shown,
                (model.intervals.len(), true),
            )?;
            let (least, most) = model.pending;
            if held.pending < least || most < held.pending {
                let (found, range) = (held.pending, (least, most));
                return Err(format!(
                    "rewards of {number}: {found}, and {range:?} is right"
                ));
            }
            model.pending = (held.pending, held.pending);
            sum += engine.3;
        }
        Ok(sum)
    }

    fn stakes(&self) -> BTreeMap<Id, (u128, u128)> {
        let mut stakes: BTreeMap<Id, (u128, u128)> = BTreeMap::new();
        for position in self
            .model
            .positions
            .iter()
            .filter(|position| position.bonded())
        {
            let (line, held) = (position.newest().line, position.held());
            let stake = stakes.entry(line).or_default();
            stake.0 += held;
            stake.1 += if position.owner == line.0 { held } else { 0 };
        }
        stakes
    }

    fn lines(&self, stakes: &BTreeMap<Id, (u128, u128)>) -> Result<(), String> {
        same("lines", self.store.lines.len(), self.model.lines.len())?;
        for ((id, line), (name, model)) in self.store.lines.iter().zip(&self.model.lines) {
            let state = match line.state {
                LineState::Open => State::Open,
                LineState::Retired => State::Retired,
                LineState::Frozen => State::Frozen,
            };
            same("a line", *id, id_of(*name))?;
            let seat = line.seated().then_some(usize::from(line.seat));
            same(
                format_args!("line {name:?}"),
                (state, seat),
                (model.state, self.model.seat_of(*name)),
            )?;
            let stake = stakes.get(name).copied().unwrap_or_default();
            same(
                format_args!("line {name:?}"),
                (line.stake, line.self_stake),
                stake,
            )?;
            let engine = (line.until, line.jailed, line.owed, line.min_self_stake);
            let expected = (model.until, model.jailed, model.owed, model.min_self_stake);
            same(format_args!("line {name:?}"), engine, expected)?;
            let engine = (
                line.commission,
                line.max_commission,
                line.commission_step,
                line.changed,
            );
            let (most, step) = (model.max_commission, model.commission_step);
            same(
                format_args!("line {name:?}"),
                engine,
                (model.commission, most, step, model.changed),
            )?;
            let frozen = usize::from(line.freezes.count);
            same(
                format_args!("line {name:?}"),
                frozen,
                model.freezes.open.len(),
            )?;
        }
        Ok(())
    }

    fn seats(&self, stakes: &BTreeMap<Id, (u128, u128)>) -> Result<(), String> {
        for ((number, seat), model) in self.store.seats.iter().zip(&self.model.seats) {
            let Some(holder) = model else {
                same(format_args!("seat {number}"), seat.state, SeatState::Empty)?;
                continue;
            };
            let state = if holder.jailed {
                SeatState::Jailed
            } else {
                SeatState::Active
            };
            same(format_args!("seat {number}"), seat.state, state)?;
            let stake = stakes.get(&holder.line).map_or(0, |stake| stake.0);
            let commission = self.model.lines[&holder.line].commission;
            let engine = (seat.line, seat.registration, seat.stake, seat.commission);
            let line = id_of(holder.line);
            same(
                format_args!("seat {number}"),
                engine,
                (line, holder.registration, stake, commission),
            )?;
            same(
                format_args!("seat {number}"),
                seat.consensus_key,
                key_of(holder.key),
            )?;
        }
        Ok(())
    }

    /// Each place of the tree of minima is the least of the weights below it.
    fn minima(&self, stakes: &BTreeMap<Id, (u128, u128)>) -> Result<(), String> {
        let mut weights = Vec::new();
        for (seat, holder) in self.model.seats.iter().enumerate() {
            let active = holder.as_ref().filter(|holder| !holder.jailed);
            let stake = active.and_then(|holder| stakes.get(&holder.line));
            let seat = u16::try_from(seat).expect("few seats");
            let stake = stake.map_or(0, |stake| stake.0);
            weights.push(Weight { stake, seat });
        }
        for ((level, index), node) in &self.store.nodes {
            let width = 16usize.pow(u32::from(*level));
            let first = usize::from(*index) * 16 * width;
            for (place, found) in node.0.iter().enumerate() {
                let below = weights.iter().skip(first + place * width).take(width).min();
                let least = below.copied().unwrap_or(Weight::UNUSED);
                same("a place of the minima", *found, least)?;
            }
        }
        Ok(())
    }

    /// What positions hold that back an epoch is the member's stake less what they lost since: for the newest epochs that have not
    /// matured.
    fn backed(&self) -> Result<(), String> {
        let model = &self.model;
        let from = model.matured.max(model.epoch.saturating_sub(16));
        let epochs = usize::try_from(model.epoch + 2 - from).expect("few epochs");
        let place = |epoch: u64| usize::try_from(epoch - from).expect("few epochs");
        let mut sums: BTreeMap<Id, Vec<u128>> = BTreeMap::new();
        for position in model.positions.iter().filter(|position| !position.gone) {
            let held = position.held();
            for interval in &position.intervals {
                let (first, last) = model.backed(interval).into_inner();
                let sums = sums.entry(interval.line).or_insert_with(|| vec![0; epochs]);
                for epoch in first.max(from)..=last.min(model.epoch + 1) {
                    sums[place(epoch)] += held;
                }
            }
        }
        for (epoch, set) in model.sets.range(from..) {
            for member in set.iter().flatten().filter(|member| member.stake > 0) {
                let id = member.holder.line;
                let sum = sums.get(&id).map_or(0, |sums| sums[place(*epoch)]);
                let what = format_args!("stake behind {id:?} in epoch {epoch}");
                same(what, sum, member.stake - member.lost)?;
            }
        }
        Ok(())
    }

    /// The set of an epoch.
    pub fn set(&self, epoch: u64) -> Result<(), String> {
        let place = plasmid_staking::ring_place(epoch, self.rules.ring);
        for (seat, expected) in (0u16..).zip(&self.model.sets[&epoch]) {
            let leaf = self.store.members.get(&(place, seat));
            let Some(MemberLeaf {
                epoch: held,
                standing,
            }) = leaf
            else {
                return Err(format!("the set of {epoch} is not there"));
            };
            same(
                format_args!("seat {seat} of the set of {epoch}"),
                *held,
                epoch,
            )?;
            let engine = standing.as_ref().map(|one| {
                let who = (one.line, one.registration, one.consensus_key);
                (who, one.power, one.stake, one.commission)
            });
            let model = expected.as_ref().map(|one| {
                let holder = &one.holder;
                let who = (id_of(holder.line), holder.registration, key_of(holder.key));
                (who, one.power, one.stake, one.commission)
            });
            same(
                format_args!("seat {seat} of the set of {epoch}"),
                engine,
                model,
            )?;
        }
        Ok(())
    }
}

type Shown = (([u8; 20], u64), u64, u64, u128);

fn legs(position: &plasmid_staking::Position) -> impl Iterator<Item = Shown> {
    let cuts = position.legs().zip(position.cuts);
    cuts.map(|(leg, cut)| {
        let line = (leg.line.operator, leg.line.line);
        (line, leg.first, leg.last, u128::from(cut))
    })
}

fn intervals(position: &Position) -> impl Iterator<Item = Shown> {
    let intervals = position.intervals.iter();
    intervals.map(|one| {
        (
            (address(one.line.0), one.line.1),
            one.first,
            one.last,
            one.cut,
        )
    })
}

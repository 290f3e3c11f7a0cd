//! What must hold after every operation: the engine's leaves say what the model says.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};

use plasmid_staking::{LineState, MemberLeaf, SeatState, minima::Weight};

use crate::abstract_model::{FOREVER, Id, Line, Position};
use crate::ask::{address, checkpoint_key_of, id_of, key_of, number_of};
use crate::run::Run;

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
        self.behind()?;
        let (rewards, model) = (self.store.rewards, &self.model);
        same("the pool", rewards.pool, model.pool)?;
        same("what is owed", rewards.owed, model.owed)?;
        same("matured epochs", self.store.maturity.matured, model.matured)?;
        let frozen = usize::from(self.store.maturity.freezes.count);
        same("frozen epochs", frozen, model.freezes.open.len())?;
        let positions = model.positions.iter().flatten();
        let pending: u128 = positions.map(|position| position.pending.0).sum();
        let commissions: u128 = model.lines.values().map(|line| line.owed).sum();
        if pending + commissions > rewards.owed {
            return Err("more is settled than owed".into());
        }
        let all = self.outside + staked + rewards.pool + rewards.owed + self.burned;
        same("all money", all, self.credited)?;
        same("burned", self.burned, model.burned)
    }

    /// Every position; what the engine settled is taken over where it lies between the bounds. The sum of what they hold.
    fn positions(&mut self) -> Result<u128, String> {
        let engine = &self.store.positions;
        same("positions", engine.len() + 1, self.model.positions.len())?;
        let mut sum = 0;
        for ((number, held), model) in engine.iter().zip(&mut self.model.positions[1..]) {
            let gone = format_args!("position {number} is gone");
            same(gone, held.is_gone(), model.is_none())?;
            let Some(model) = model else { continue };
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
                (model.intervals().count(), true),
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
        let all = self.model.positions.iter().flatten();
        for position in all.filter(|position| position.bonded()) {
            let (line, held) = (position.now.line, position.held());
            let stake = stakes.entry(line).or_default();
            stake.0 += held;
            stake.1 += if position.owner == line.0 { held } else { 0 };
        }
        stakes
    }

    fn lines(&self, stakes: &BTreeMap<Id, (u128, u128)>) -> Result<(), String> {
        same("lines", self.store.lines.len(), self.model.lines.len())?;
        for ((id, line), (name, model)) in self.store.lines.iter().zip(&self.model.lines) {
            same("a line", *id, id_of(*name))?;
            let named = line.seat != plasmid_staking::Line::NO_SEAT;
            let taken = model.taken || model.until == FOREVER;
            same(format_args!("a seat named by line {name:?}"), named, taken)?;
            let seat = line.seated().then_some(usize::from(line.seat));
            same(
                format_args!("line {name:?}"),
                (line.state, seat),
                (state(model), self.model.seat_of(*name)),
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
            let what = format_args!("seat {number}");
            let Some(line) = *model else {
                same(what, seat.state, SeatState::Empty)?;
                continue;
            };
            let held = &self.model.lines[&line];
            let state = match held.absent {
                true => SeatState::Jailed,
                false => SeatState::Active,
            };
            same(what, seat.state, state)?;
            let newest = self.model.newest(line.0);
            let (number, keys) = newest.map_or((0, [0; 2]), |one| (one.0.1, one.1.keys));
            let engine = (seat.line, seat.registration, seat.consensus_key);
            same(what, engine, (id_of(line), number, key_of(keys[0])))?;
            same(what, seat.checkpoint_key, checkpoint_key_of(keys[1]))?;
            let stake = stakes.get(&line).map_or(0, |stake| stake.0);
            same(
                what,
                (seat.stake, seat.commission),
                (stake, held.commission),
            )?;
        }
        Ok(())
    }

    /// Each place of the tree of minima is the least of the weights below it.
    fn minima(&self, stakes: &BTreeMap<Id, (u128, u128)>) -> Result<(), String> {
        let mut weights = Vec::new();
        for (seat, line) in self.model.seats.iter().enumerate() {
            let counts = line.filter(|line| !self.model.lines[line].absent);
            let stake = counts.and_then(|line| stakes.get(&line));
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

    /// What positions hold that back an epoch is the member's stake less what was burned of it since. So nobody evades a cut: this is
    /// looked at in all epochs that have not matured or are frozen.
    fn behind(&mut self) -> Result<(), String> {
        let burned = self.model.burned - self.burned_before;
        let before = std::mem::take(&mut self.behind);
        let members = self.stakes_of_members();
        let from = members.iter().map(|((_, epoch), _)| *epoch).min();
        let from = from.unwrap_or(0);
        let sums = self.sums(from);
        for (place, stake) in members {
            let (line, epoch) = place;
            let offset = usize::try_from(epoch - from).expect("few epochs");
            let sum = sums.get(&line).map_or(0, |sums| sums[offset]);
            let most = before.get(&place).copied().unwrap_or(stake);
            if sum > most || sum + burned < most {
                return Err(format!(
                    "behind {line:?} stood {most} in epoch {epoch}, {burned} was burned, and {sum} stands there"
                ));
            }
            self.behind.insert(place, sum);
        }
        self.burned_before = self.model.burned;
        Ok(())
    }

    /// Members with stake, of the epochs that are looked at.
    fn stakes_of_members(&self) -> Vec<((Id, u64), u128)> {
        let model = &self.model;
        let mut found = Vec::new();
        for (epoch, set) in &model.sets {
            for member in set.iter().flatten().filter(|member| member.stake > 0) {
                let frozen = [&model.freezes, &model.lines[&member.line].freezes];
                let frozen = frozen.iter().any(|freezes| freezes.open.contains(epoch));
                if *epoch >= model.matured || frozen {
                    found.push(((member.line, *epoch), member.stake));
                }
            }
        }
        found
    }

    /// What positions hold, by the lines that they back and the epochs from `from` up to the next one.
    fn sums(&self, from: u64) -> BTreeMap<Id, Vec<u128>> {
        let model = &self.model;
        let epochs = usize::try_from(model.epoch + 2 - from).expect("few epochs");
        let mut sums = BTreeMap::new();
        for position in model.positions.iter().flatten() {
            let held = position.held();
            for one in position.intervals() {
                let (first, last) = model.backed(one).into_inner();
                let of_line = sums.entry(one.line).or_insert_with(|| vec![0; epochs]);
                for (epoch, sum) in (from..).zip(of_line) {
                    *sum += if (first..=last).contains(&epoch) {
                        held
                    } else {
                        0
                    };
                }
            }
        }
        sums
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
                let key = self.model.registrations[&(one.line.0, one.registration)].keys[0];
                let who = (id_of(one.line), one.registration, key_of(key));
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

fn state(line: &Line) -> LineState {
    match (line.frozen(), line.retired) {
        (true, _) => LineState::Frozen,
        (false, true) => LineState::Retired,
        (false, false) => LineState::Open,
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
    position.intervals().map(|one| {
        (
            (address(one.line.0), one.line.1),
            one.first,
            one.last,
            one.cut,
        )
    })
}

//! One run: each operation goes to the engine and to the model, the ledger is played for the effects, and both are compared.

use std::collections::BTreeMap;

use plasmid_staking::{
    Context, Effect, Error, Founder, Input, LineId, Reject, Rules, account_of, apply, found,
    rules::{copy::Copy, mature::Mature, reward::Reward, roll::Roll, settle::Settle},
};

use crate::boundary::Edit;
use crate::faults::Fault;
use crate::port::{Port, Store};
use crate::rules::Seen;
use crate::state::{Flow, Id, Model, Refused, Terms};

/// One operation. What depends on root's time is decided when it runs.
#[derive(Clone, Debug)]
pub enum Op {
    Input(Input),
    /// The end of an epoch: fees, votes by seat, counted blocks.
    Boundary(u128, Vec<u16>, u16),
    /// So many seconds later root accepts the next checkpoint, when its epoch has ended.
    Accept(u64),
    /// So many seconds later a message is consumed.
    Mature(u64),
    /// Everybody leaves and is paid: see [`Run::drain`].
    Drain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    Refused,
    /// The court and root would never do it now.
    Skipped,
}

/// What a run begins with.
#[derive(Clone, Debug)]
pub struct Start {
    pub rules: Rules,
    pub stakes: Vec<u128>,
}

pub struct Run {
    pub rules: Rules,
    pub model: Model,
    pub store: Store,
    pub outside: u128,
    pub burned: u128,
    pub credited: u128,
    /// When root accepted the checkpoints of epochs 0, 1, ...
    pub accepted: Vec<u64>,
    /// Offences that are not settled: operator, registration, epoch.
    pub offences: Vec<(u32, u64, u64)>,
    now: u64,
    totals: BTreeMap<u64, u64>,
    fault: Option<Fault>,
}

pub fn address(number: u32) -> [u8; 20] {
    let mut address = [0x11; 20];
    address[16..].copy_from_slice(&number.to_be_bytes());
    address
}

pub fn number_of(address: &[u8]) -> u32 {
    let last = address.last_chunk::<4>().expect("an address");
    u32::from_be_bytes(*last)
}

pub fn account(number: u32) -> [u8; 21] {
    account_of(address(number))
}

pub fn id_of((operator, line): Id) -> LineId {
    let operator = address(operator);
    LineId { operator, line }
}

pub fn key_of(key: u32) -> [u8; 32] {
    let mut bytes = [0x22; 32];
    bytes[..4].copy_from_slice(&key.to_be_bytes());
    bytes
}

/// The name of a reject's variant.
fn kind_of(reject: &Reject) -> String {
    let shown = format!("{reject:?}");
    let name = shown.split(|letter: char| !letter.is_alphanumeric());
    name.take(1).collect()
}

impl Run {
    pub fn new(start: &Start, fault: Option<Fault>) -> Result<Self, String> {
        let rules = start.rules;
        let founders: Vec<Founder> = (1u32..)
            .zip(&start.stakes)
            .map(|(number, stake)| Founder {
                operator: address(number),
                address: address(number),
                consensus_key: key_of(number),
                checkpoint_key: [0x33; 96],
                stake: *stake,
            })
            .collect();
        let mut store = Store::default();
        let mut port = Port::new(&store, fault);
        found(&mut port, &rules, &founders).map_err(|error| format!("{error:?}"))?;
        let written = port.written;
        store.commit(written).map_err(|error| error.to_string())?;
        let staked: u128 = start.stakes.iter().sum();
        let outside = 1u128 << 112;
        let mut run = Self {
            model: Model::found(terms(&rules), &start.stakes),
            rules,
            store,
            outside,
            burned: 0,
            credited: outside + staked,
            accepted: Vec::new(),
            offences: Vec::new(),
            now: 1_000,
            totals: BTreeMap::new(),
            fault,
        };
        for epoch in [0, 1] {
            let total = run.roll(epoch)?;
            run.totals.insert(epoch, total);
            run.set(epoch)?;
        }
        run.compare()?;
        Ok(run)
    }

    /// Executes one operation, and compares.
    pub fn step(&mut self, op: &Op) -> Result<Outcome, String> {
        let outcome = match op {
            Op::Input(input) if self.never(input) => return Ok(Outcome::Skipped),
            Op::Input(input) => self.input(input)?,
            Op::Boundary(fees, votes, counted) => self.boundary(*fees, votes, *counted)?,
            Op::Accept(later) => {
                self.now += later;
                if self.accepted.len() as u64 >= self.model.epoch {
                    return Ok(Outcome::Skipped);
                }
                self.accepted.push(self.now);
                return Ok(Outcome::Skipped);
            }
            Op::Mature(later) => self.mature(*later)?,
            Op::Drain => return self.drain(),
        };
        self.compare()?;
        Ok(outcome)
    }

    /// What the court never sends: a freeze of what has matured and that no freeze of the epoch keeps, the settlement of no freeze,
    /// the release of no epoch.
    fn never(&self, input: &Input) -> bool {
        let model = &self.model;
        let in_time = |epoch: u64| {
            let waits = model.matured <= epoch || model.epoch_freezes.open.contains(&epoch);
            waits && epoch <= model.epoch
        };
        match input {
            Input::Freeze(freeze) => !in_time(freeze.epoch),
            Input::FreezeEpoch(epoch) => *epoch < model.matured || *epoch > model.epoch,
            Input::ReleaseEpoch => model.epoch_freezes.open.is_empty(),
            Input::Settle(settle) => {
                let offence = (
                    number_of(&settle.operator),
                    settle.registration,
                    settle.epoch,
                );
                let known = (offence.0, offence.1);
                !self.offences.contains(&offence) && model.registrations.contains_key(&known)
            }
            _ => false,
        }
    }

    /// The engine's effects, or the kind of its reject.
    fn engine(&mut self, input: &Input) -> Result<Result<Vec<Effect>, String>, String> {
        let epoch = self.model.epoch;
        let rules = &self.rules;
        let mut port = Port::new(&self.store, self.fault);
        match apply(&mut port, &Context { rules, epoch }, input) {
            Ok(effects) => {
                let written = port.written;
                self.store
                    .commit(written)
                    .map_err(|error| error.to_string())?;
                Ok(Ok(effects))
            }
            Err(Error::Reject(reject)) => Ok(Err(kind_of(&reject))),
            Err(error) => Err(format!("{input:?}: {error:?}")),
        }
    }

    fn input(&mut self, input: &Input) -> Result<Outcome, String> {
        let mut sent = input.clone();
        if let (Input::Settle(settle), Some(Fault::SettledOneEpochLate)) = (&mut sent, self.fault) {
            settle.epoch += 1;
        }
        let engine = self.engine(&sent)?;
        let effects = engine.clone().unwrap_or_default();
        let (flow, seen) = self.play(&effects);
        self.model.flow = Flow::default();
        let model = ask(&mut self.model, input, &seen);
        let refused = engine.err();
        if refused.as_deref() != model.err() {
            return Err(format!(
                "{input:?}: the engine says {refused:?}, the model {:?}",
                model.err()
            ));
        }
        if refused.is_some() {
            return Ok(Outcome::Refused);
        }
        if flow != self.model.flow {
            let model = self.model.flow;
            return Err(format!("{input:?}: moves {flow:?}, the model {model:?}"));
        }
        self.after(input)?;
        Ok(Outcome::Accepted)
    }

    /// Moves the money that effects name, as the ledger does.
    fn play(&mut self, effects: &[Effect]) -> (Flow, Seen) {
        let (mut flow, mut seen) = (Flow::default(), Seen::new());
        for effect in effects {
            match effect {
                Effect::Take { amount, .. } => flow.take += amount,
                Effect::Pay { amount, .. } => flow.pay += amount,
                Effect::Burn { amount } => flow.burn += amount,
                Effect::Collected { position, amount } => {
                    seen.insert(*position, *amount);
                }
                _ => {}
            }
        }
        self.outside = self.outside + flow.pay - flow.take;
        match self.fault {
            Some(Fault::BurnedIsPaid) => self.outside += 2 * flow.burn,
            _ => self.burned += flow.burn,
        }
        (flow, seen)
    }

    /// What the driver keeps beside the model.
    fn after(&mut self, input: &Input) -> Result<(), String> {
        match input {
            Input::Fund(amount) => self.outside -= amount,
            Input::Freeze(one) => {
                let offence = (number_of(&one.operator), one.registration, one.epoch);
                self.offences.push(offence);
            }
            Input::Settle(settle) => self.settled(settle)?,
            _ => {}
        }
        Ok(())
    }

    /// Nobody who was at risk where the court cuts has got away.
    fn settled(&mut self, settle: &Settle) -> Result<(), String> {
        let offence = (
            number_of(&settle.operator),
            settle.registration,
            settle.epoch,
        );
        let place = self.offences.iter().position(|open| *open == offence);
        self.offences
            .remove(place.ok_or("a settlement without an offence")?);
        let line = self.model.registrations[&(offence.0, offence.1)].line;
        match self.model.evaded((offence.0, line), settle.epoch) {
            Some(place) => Err(format!("position {} evaded {settle:?}", place + 1)),
            None => Ok(()),
        }
    }

    fn mature(&mut self, later: u64) -> Result<Outcome, String> {
        self.now += later;
        let next = self.model.matured + 1;
        let ring = u64::from(self.rules.ring);
        // The newest epoch that has ended in the place of the ring where the next epoch's record stands.
        let ended = (0..self.model.epoch).rev();
        let epoch = ended.into_iter().find(|epoch| epoch % ring == next % ring);
        let epoch = epoch.unwrap_or(0);
        let accepted = usize::try_from(epoch)
            .ok()
            .and_then(|place| self.accepted.get(place));
        let (mut seen, accepted, arrival) = (epoch, accepted.copied().unwrap_or(0), self.now);
        if self.fault == Some(Fault::MaturedByOwnCheckpoint) && epoch + 1 == next {
            seen = next;
        }
        let input = Input::Mature(Mature {
            epoch: seen,
            accepted,
            arrival,
        });
        let engine = self.engine(&input)?.err();
        let model = self.model.mature(epoch, accepted, arrival).err();
        if engine.as_deref() != model {
            return Err(format!(
                "{input:?}: the engine {engine:?}, the model {model:?}"
            ));
        }
        if model.is_some() {
            return Ok(Outcome::Refused);
        }
        let own = usize::try_from(next)
            .ok()
            .and_then(|place| self.accepted.get(place));
        match own {
            Some(own) if own + self.rules.unbonding_secs <= arrival => Ok(Outcome::Accepted),
            _ => Err(format!("epoch {} has matured too early", next - 1)),
        }
    }

    fn boundary(&mut self, fees: u128, votes: &[u16], counted: u16) -> Result<Outcome, String> {
        let epoch = self.model.epoch;
        self.outside -= fees;
        let mut released = self.model.release(fees);
        if self.fault == Some(Fault::ReleaseForgotten) {
            self.outside += fees;
            released = fees;
        } else {
            let effects = self.engine(&Input::Release(fees))?;
            let expected = vec![Effect::Released { amount: released }];
            if effects != Ok(expected) {
                return Err(format!("released {effects:?}, the model {released}"));
            }
        }
        let rolled_first = self.fault == Some(Fault::RolledBeforeRewards);
        let mut total = if rolled_first {
            self.roll_engine(epoch + 2)?
        } else {
            0
        };
        for step in self.votes(votes).chunks(8) {
            let reward = Reward {
                votes: step.to_vec(),
                counted,
                released,
                total_power: self.totals[&epoch],
            };
            let done = self.engine(&Input::Reward(reward))?;
            done.map_err(|reject| format!("a reward: {reject}"))?;
        }
        for (seat, votes) in votes.iter().enumerate() {
            self.model.reward(seat, *votes, counted, released);
        }
        if !rolled_first {
            total = self.roll_engine(epoch + 2)?;
        }
        if self.model.roll(epoch + 2) == 0 {
            self.model.copy(epoch + 2);
            total = self.each(|first, count, total| {
                let epoch = epoch + 2;
                Input::Copy(Copy {
                    epoch,
                    first,
                    count,
                    total,
                })
            })?;
        }
        self.totals.insert(epoch + 2, total);
        self.model.epoch += 1;
        self.set(epoch + 2)?;
        Ok(Outcome::Accepted)
    }

    /// Votes with their seats, as the driver gives them.
    fn votes(&self, votes: &[u16]) -> Vec<(u16, u16)> {
        let mut given: Vec<(u16, u16)> = (0u16..).zip(votes.iter().copied()).collect();
        match self.fault {
            Some(Fault::VotesOfAnotherSeat) => {
                let count = given.len();
                for (place, votes) in votes.iter().enumerate() {
                    given[(place + 1) % count].1 = *votes;
                }
            }
            Some(Fault::LastRewardsForgotten) => {
                given.pop();
            }
            _ => {}
        }
        given
    }

    fn roll(&mut self, epoch: u64) -> Result<u64, String> {
        let total = self.roll_engine(epoch)?;
        self.model.roll(epoch);
        Ok(total)
    }

    fn roll_engine(&mut self, epoch: u64) -> Result<u64, String> {
        self.each(|first, count, total| {
            Input::Roll(Roll {
                epoch,
                first,
                count,
                total,
            })
        })
    }

    /// Goes through all seats in steps of 16; the total power.
    fn each(&mut self, input: impl Fn(u16, u16, u64) -> Input) -> Result<u64, String> {
        let (mut first, mut total) = (0, 0);
        while first < self.rules.seats {
            let count = (self.rules.seats - first).min(16);
            let done = self.engine(&input(first, count, total))?;
            let effects = done.map_err(|reject| format!("a step: {reject}"))?;
            match effects.last() {
                Some(Effect::Rolled { next, total: sum }) => (first, total) = (*next, *sum),
                other => return Err(format!("a step ends with {other:?}")),
            }
        }
        Ok(total)
    }
}

fn terms(rules: &Rules) -> Terms {
    Terms {
        seats: usize::from(rules.seats),
        unit: rules.unit,
        min_seat: rules.min_seat,
        min_redelegation: rules.min_redelegation,
        drip: rules.drip,
        unbonding: rules.unbonding_secs,
        jail_divisor: rules.jail_divisor,
        jail_epochs: rules.jail_epochs,
        max_commission: rules.max_commission,
        commission_step: rules.commission_step,
    }
}

/// Asks the model.
fn ask(model: &mut Model, input: &Input, seen: &Seen) -> Result<(), Refused> {
    let number = |bytes: &[u8]| number_of(bytes);
    match input {
        Input::Delegate(one) => {
            model.delegate(number(&one.from), number(&one.operator), one.amount)
        }
        Input::Undelegate(one) => model.undelegate(number(&one.owner), one.position, one.amount),
        Input::Cancel(one) => model.cancel(number(&one.owner), one.position),
        Input::Redelegate(one) => {
            let (owner, to) = (number(&one.owner), number(&one.to));
            model.redelegate(owner, one.position, one.amount, to)
        }
        Input::ClaimStake(one) => model.claim_stake(number(&one.owner), one.position, seen),
        Input::ClaimRewards(one) => model.claim_rewards(number(&one.owner), &one.positions, seen),
        Input::ClaimCommission(one) => {
            model.claim_commission((number(&one.line.operator), one.line.line))
        }
        Input::Restake(one) => model.restake(number(&one.by), one.position, seen),
        Input::AllowRestake(one) => model.allow(number(&one.owner), one.position, one.allowed),
        Input::ApplyCut(one) => model.apply_cut(one.position),
        Input::Merge(one) => model.merge(number(&one.owner), one.first, one.second),
        Input::TakeSeat(one) => model.take_seat(number(&one.operator)),
        Input::Leave(one) => model.leave(number(&one.operator)),
        Input::Retire(one) => model.retire(number(&one.operator)),
        Input::Unjail(one) => model.unjail(number(&one.operator)),
        Input::Edit(one) => {
            let edit = Edit {
                commission: one.commission,
                max_commission: one.max_commission,
                commission_step: one.commission_step,
                min_self_stake: one.min_self_stake,
            };
            model.edit(number(&one.operator), &edit)
        }
        Input::Describe(one) => match model.operators.contains_key(&number(&one.operator)) {
            true => Ok(()),
            false => Err("NoOperator"),
        },
        Input::Register(one) => model.register(
            number(&one.operator),
            one.registration,
            number(&one.address),
        ),
        Input::Freeze(one) => model.freeze(number(&one.operator), one.registration, one.epoch),
        Input::Settle(one) => {
            let operator = number(&one.operator);
            model.settle_offence(operator, one.registration, one.epoch, one.fraction)
        }
        Input::FreezeEpoch(epoch) => {
            model.epoch_freezes.freeze(*epoch);
            Ok(())
        }
        Input::ReleaseEpoch => {
            let first = model.epoch_freezes.open[0];
            model.epoch_freezes.thaw(first);
            Ok(())
        }
        Input::Fund(amount) => model.fund(*amount),
        Input::Tombstone(address) => model.tombstone(number(address)),
        Input::Mature(_)
        | Input::Release(_)
        | Input::Reward(_)
        | Input::Roll(_)
        | Input::Copy(_) => Err("this is the driver's own"),
    }
}

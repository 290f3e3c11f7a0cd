//! One run: each operation goes to the engine and to the model, the ledger is played for the effects, and both are compared.

use std::collections::{BTreeMap, BTreeSet};

use plasmid_staking::{
    Context, Effect, Error, Founder, Input, LineId, Reject, Rules, apply, found,
    rules::{freeze::Freeze, settle::Settle},
};

use crate::abstract_model::{Id, Model, Seen};
use crate::ask::{address, ask, checkpoint_key_of, id_of, key_of, number_of, terms};
use crate::faults::Fault;
use crate::port::{Port, Store};

/// One operation. What depends on root's time is decided when it runs.
#[derive(Clone, Debug)]
pub enum Op {
    Input(Input),
    /// The end of an epoch: fees, votes by seat, counted blocks.
    Boundary(u128, Vec<u16>, u16),
    /// Root accepts the next checkpoint this number of seconds later, when its epoch has ended.
    Accept(u64),
    /// A message is consumed this number of seconds later.
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

/// What the engine made of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    Effects(Vec<Effect>),
    /// It was rejected, for a reason of this kind.
    Rejected(String),
}

impl Made {
    /// Its effects, and the kind of its reject.
    pub fn parts(self) -> (Vec<Effect>, Option<String>) {
        match self {
            Self::Effects(effects) => (effects, None),
            Self::Rejected(kind) => (Vec::new(), Some(kind)),
        }
    }

    /// Its effects; the run is wrong where the engine rejects it.
    pub fn accepted(self, what: &str) -> Result<Vec<Effect>, String> {
        match self {
            Self::Effects(effects) => Ok(effects),
            Self::Rejected(kind) => Err(format!("{what}: {kind}")),
        }
    }
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
    pub now: u64,
    pub totals: BTreeMap<u64, u64>,
    pub fault: Option<Fault>,
    /// Rejects by their kind.
    pub refused: BTreeMap<String, u64>,
    /// Epochs that matured by the acceptance of a later one, which has taken the place of their own in the ring.
    pub overwritten: u64,
    /// How often rewards were rounded, at most: see [`opened`].
    pub rounded: u128,
    /// What positions held that were paid for having backed a line in an epoch.
    pub settled: BTreeMap<(Id, u64), u128>,
    /// What positions hold that stand behind a member of an epoch's set, and what was burned by then.
    pub behind: BTreeMap<(Id, u64), u128>,
    pub burned_before: u128,
}

/// The name of a reject's variant.
fn kind_of(reject: &Reject) -> String {
    let shown = format!("{reject:?}");
    let name = shown.split(|letter: char| !letter.is_alphanumeric());
    name.take(1).collect()
}

/// The positions that an operation opens. Opening one settles its rewards, which rounds once and takes less than a unit, from whoever owns
/// it: so an operation loses as many units at most, and that is
///
/// ```text
/// claim rewards                                                        one for each position that it names
/// merge                                                                two
/// undelegate, redelegate, cancel, claim stake, restake, allow restake, apply    one
/// any other                                                            none
/// ```
fn opened(input: &Input) -> Vec<u64> {
    match input {
        Input::ClaimRewards(one) => one.positions.clone(),
        Input::Merge(one) => vec![one.first, one.second],
        Input::Undelegate(one) => vec![one.position],
        Input::Redelegate(one) => vec![one.position],
        Input::Cancel(one) => vec![one.position],
        Input::ClaimStake(one) => vec![one.position],
        Input::Restake(one) => vec![one.position],
        Input::AllowRestake(one) => vec![one.position],
        Input::ApplyCut(one) => vec![one.position],
        _ => Vec::new(),
    }
}

/// What rounding burns at most of the stake of the positions that an operation opens: one unit where the first leg of a position with applied cuts is folded
/// away, and one more where it is divided. Of several positions no line was cut. What `apply` burns is its cut.
fn most_burned(input: &Input) -> u128 {
    match input {
        Input::ApplyCut(_) => u128::MAX,
        Input::Undelegate(_) | Input::Redelegate(_) => 2,
        Input::ClaimRewards(one) if one.positions.len() > 1 => 0,
        _ => opened(input).len() as u128,
    }
}

fn burned(effects: &[Effect]) -> u128 {
    let burned = effects.iter().map(|effect| match effect {
        Effect::Burn { amount } => *amount,
        _ => 0,
    });
    burned.sum()
}

/// Lines that took a seat, lines that lost one, positions that were made.
type Told = (BTreeSet<LineId>, BTreeSet<LineId>, BTreeSet<u64>);

fn told(effects: &[Effect]) -> Told {
    let mut told = Told::default();
    for effect in effects {
        match effect {
            Effect::Seated { line, .. } => told.0.insert(*line),
            Effect::Unseated { line, .. } => told.1.insert(*line),
            Effect::Opened { position, .. } => told.2.insert(*position),
            _ => false,
        };
    }
    told
}

/// Founders are the operators from 1 on, each with the registration, the seat and the key of its number, and stake from epoch 0 on.
fn founded(start: &Start) -> Model {
    let mut model = Model {
        terms: terms(&start.rules),
        seats: vec![None; usize::from(start.rules.seats)],
        positions: vec![None],
        ..Model::default()
    };
    for (number, stake) in (1u32..).zip(&start.stakes) {
        let all = [
            model.register(number, number.into(), [number; 2]),
            model.delegate(number, ((number, number.into()), 0), *stake),
            model.take_seat(number),
        ];
        assert_eq!(all, [Some(()); 3], "founder {number}");
    }
    for position in model.positions.iter_mut().flatten() {
        position.now.first = 0;
    }
    model
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
                checkpoint_key: checkpoint_key_of(number),
                stake: *stake,
                opening: plasmid_staking::Opening::default(),
                description: None,
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
            model: founded(start),
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
            refused: BTreeMap::new(),
            overwritten: 0,
            rounded: 0,
            settled: BTreeMap::new(),
            behind: BTreeMap::new(),
            burned_before: 0,
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

    /// Whether the member that the court would freeze stands in a set that was copied, where nothing was at risk.
    fn risked_nothing(&self, freeze: &Freeze) -> bool {
        let who = (number_of(&freeze.operator), freeze.registration);
        let set = self.model.sets.get(&freeze.epoch).into_iter().flatten();
        let mut members = set.flatten();
        members.any(|one| (one.line.0, one.registration) == who && one.stake == 0)
    }

    /// What the court never sends: a freeze of what has matured and that no freeze of the epoch keeps, or of a member without stake, the
    /// settlement of no freeze, the release of no epoch.
    fn never(&self, input: &Input) -> bool {
        let model = &self.model;
        let in_time = |epoch: u64| {
            let waits = model.matured <= epoch || model.freezes.open.contains(&epoch);
            waits && epoch <= model.epoch
        };
        match input {
            Input::Freeze(freeze) => !in_time(freeze.epoch) || self.risked_nothing(freeze),
            Input::FreezeEpoch(epoch) => *epoch < model.matured || *epoch > model.epoch,
            Input::ReleaseEpoch(epoch) => !model.freezes.open.contains(epoch),
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

    /// What the engine makes of an input.
    pub fn engine(&mut self, input: &Input) -> Result<Made, String> {
        let epoch = self.model.epoch;
        let rules = &self.rules;
        let mut port = Port::new(&self.store, self.fault);
        match apply(&mut port, &Context { rules, epoch }, input) {
            Ok(effects) => {
                let written = port.written;
                self.store
                    .commit(written)
                    .map_err(|error| error.to_string())?;
                Ok(Made::Effects(effects))
            }
            Err(Error::Reject(Reject::NewStake { .. }))
                if self.fault == Some(Fault::NewStakeEnded) =>
            {
                Ok(Made::Effects(Vec::new()))
            }
            Err(Error::Reject(reject)) => Ok(Made::Rejected(kind_of(&reject))),
            Err(error) => Err(format!("{input:?}: {error:?}")),
        }
    }

    fn input(&mut self, input: &Input) -> Result<Outcome, String> {
        let mut sent = input.clone();
        if let (Input::Settle(settle), Some(Fault::SettledOneEpochLate)) = (&mut sent, self.fault) {
            settle.epoch += 1;
        }
        let engine = self.engine(&sent)?;
        let (effects, refused) = engine.parts();
        let seen = self.play(&effects);
        let before = self.seated();
        let positions = self.model.positions.len();
        let opened = opened(input);
        let settling: Vec<_> = opened
            .iter()
            .flat_map(|number| self.settling(*number))
            .collect();
        let model = ask(&mut self.model, input, &seen);
        if refused.is_some() != model.is_none() {
            return Err(format!(
                "{input:?}: the engine says {refused:?}, the model {model:?}"
            ));
        }
        if let Some(kind) = refused {
            *self.refused.entry(kind).or_default() += 1;
            return Ok(Outcome::Refused);
        }
        if burned(&effects) > most_burned(input) {
            return Err(format!("{input:?} burns more than rounding: {effects:?}"));
        }
        if told(&effects) != self.events(&before, positions) {
            return Err(format!("{input:?} tells {effects:?}"));
        }
        for (backed, held) in settling {
            *self.settled.entry(backed).or_default() += held;
        }
        self.rounded += opened.len() as u128;
        self.after(input)?;
        Ok(Outcome::Accepted)
    }

    /// What is settled when a position is opened: lines and epochs, each with what the position holds then, which is after the cuts.
    fn settling(&self, number: u64) -> Vec<((Id, u64), u128)> {
        let held = usize::try_from(number).ok();
        let held = held.and_then(|place| self.model.positions.get(place));
        let Some(Some(mut position)) = held.cloned() else {
            return Vec::new();
        };
        for one in position.before.iter_mut().chain([&mut position.now]) {
            one.cut = self.model.due(one);
        }
        let mut settling = Vec::new();
        for one in position.intervals() {
            let epochs = one.first.max(position.settled)..self.model.epoch;
            let backed = epochs.take_while(|epoch| *epoch <= one.last);
            settling.extend(backed.map(|epoch| ((one.line, epoch), position.held())));
        }
        settling
    }

    /// Lines that hold a seat.
    fn seated(&self) -> BTreeSet<LineId> {
        let seats = self.model.seats.iter().flatten();
        seats.map(|line| id_of(*line)).collect()
    }

    /// Who took and who lost a seat since, and the positions that were made.
    fn events(&self, before: &BTreeSet<LineId>, positions: usize) -> Told {
        let after = self.seated();
        let made = positions as u64..self.model.positions.len() as u64;
        let took = after.difference(before).copied().collect();
        let lost = before.difference(&after).copied().collect();
        (took, lost, made.collect())
    }

    /// Moves the money that effects name, as the ledger does.
    fn play(&mut self, effects: &[Effect]) -> Seen {
        let mut seen = Seen::new();
        for effect in effects {
            match effect {
                Effect::Take { amount, .. } => self.outside -= amount,
                Effect::Pay { amount, .. } => self.outside += amount,
                Effect::Burn { amount } if self.fault == Some(Fault::BurnedIsPaid) => {
                    self.outside += amount;
                }
                Effect::Burn { amount } => self.burned += amount,
                Effect::Collected { position, amount } => {
                    seen.insert(*position, *amount);
                }
                _ => {}
            }
        }
        seen
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

    /// The offence is not open any more.
    fn settled(&mut self, settle: &Settle) -> Result<(), String> {
        let offence = (
            number_of(&settle.operator),
            settle.registration,
            settle.epoch,
        );
        let place = self.offences.iter().position(|open| *open == offence);
        self.offences
            .remove(place.ok_or("a settlement without an offence")?);
        Ok(())
    }
}

//! Random operations, most of which are accepted: each kind looks for what it could be done with.

use plasmid_staking::{
    Input, LineId, Rules,
    rules::{
        claim_commission::ClaimCommission,
        delegate::Delegate,
        edit::{Describe, Edit},
        freeze::Freeze,
        leave::{Leave, Retire},
        register::Register,
        settle::Settle,
        take_seat::TakeSeat,
        unjail::Unjail,
    },
};
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::abstract_model::{Id, Model};
use crate::ask::{account, address, checkpoint_key_of, id_of, key_of};
use crate::candidates::{fits, operators};
use crate::run::{Op, Run, Start};

/// Kinds with their weights.
pub const KINDS: [(&str, u64); 27] = [
    ("delegate", 20),
    ("undelegate", 16),
    ("cancel", 12),
    ("redelegate", 20),
    ("claim stake", 14),
    ("claim rewards", 14),
    ("claim commission", 300),
    ("restake", 16),
    ("allow restake", 3),
    ("apply", 12),
    ("merge", 200),
    ("take seat", 16),
    ("leave", 5),
    ("retire", 2),
    ("unjail", 900),
    ("edit", 11),
    ("describe", 2),
    ("register", 7),
    ("freeze", 5),
    ("settle", 20),
    ("freeze epoch", 3),
    ("release epoch", 30),
    ("fund", 3),
    ("tombstone", 2),
    ("boundary", 17),
    ("accept", 24),
    ("mature", 16),
];

pub struct Builder {
    pub random: ChaCha8Rng,
    next_key: u32,
    /// Weights of this run: some kinds are left out, some come more often, so that runs differ.
    weights: Vec<u64>,
}

/// Users have the accounts behind these, operators those from 1 on.
const USERS: u32 = 1_000;

impl Builder {
    pub fn new(seed: u64) -> Self {
        let mut builder = Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            next_key: 100,
            weights: Vec::new(),
        };
        // In some runs root is silent to the end: nothing matures, and cuts reach far back.
        let silent = builder.chance(4);
        for (kind, weight) in KINDS {
            let times = match kind {
                "accept" | "mature" if silent => 0,
                "boundary" if silent => 3,
                "delegate" | "boundary" | "accept" | "mature" => 1,
                "claim commission" | "unjail" | "merge" | "edit" => 1,
                _ => builder.one_of(&[0, 1, 1, 1, 3]).unwrap_or(1),
            };
            builder.weights.push(weight * times);
        }
        builder
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.random.random_range(0..end.max(1))
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn one_of<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        let place = self.below(all.len() as u64);
        all.get(usize::try_from(place).ok()?).cloned()
    }

    pub fn start(&mut self) -> Start {
        let seats = self.one_of(&[1u16, 2, 3, 4, 5, 7, 16, 17, 19]).unwrap_or(4);
        let unit = self
            .one_of(&[1u128, 7, 1_000, 1 << 53, 1 << 80])
            .unwrap_or(1);
        let min_seat = unit * u128::from(1 + self.below(4));
        let rules = Rules {
            seats,
            unit,
            ring: 4 + u32::try_from(self.below(6)).unwrap_or(0),
            min_seat,
            min_redelegation: unit.div_ceil(2),
            drip: self.one_of(&[0u32, 1_000_000, 100_000_000]).unwrap_or(0),
            unbonding_secs: 100,
            jail_divisor: 16,
            jail_epochs: u32::try_from(self.below(3) / 2).unwrap_or(0),
            max_commission: 5_000,
            commission_step: 500,
        };
        let count = 1 + self.below(u64::from(seats).min(16));
        let stakes = (0..count).map(|_| min_seat + unit * u128::from(self.below(20)));
        Start {
            rules,
            stakes: stakes.collect(),
        }
    }

    /// A random operation and its kind.
    pub fn next(&mut self, run: &Run) -> (&'static str, Op) {
        let all = self.weights.iter().sum();
        loop {
            let mut left = self.below(all);
            let mut place = 0;
            while left >= self.weights[place] {
                left -= self.weights[place];
                place += 1;
            }
            let kind = KINDS[place].0;
            if let Some(op) = self.op(kind, run) {
                return (kind, op);
            }
        }
    }

    fn op(&mut self, kind: &str, run: &Run) -> Option<Op> {
        let model = &run.model;
        let input = match kind {
            "boundary" => return Some(self.boundary(model)),
            "accept" => return Some(Op::Accept(self.below(40))),
            "mature" => return Some(Op::Mature(self.below(120))),
            "delegate" | "take seat" | "leave" | "retire" | "unjail" | "edit" | "describe"
            | "register" | "claim commission" => self.operator_op(kind, model)?,
            "freeze" | "settle" | "freeze epoch" | "release epoch" | "tombstone" => {
                self.court_op(kind, run)?
            }
            "fund" => Input::Fund(self.amount(model)),
            _ => self.position_op(kind, model)?,
        };
        Some(Op::Input(input))
    }

    fn boundary(&mut self, model: &Model) -> Op {
        let counted = self.one_of(&[16u16, 33, 100, 33, 100, 0]).unwrap_or(16);
        let mut votes = Vec::new();
        for _ in &model.seats {
            votes.push(match self.below(20) {
                0..4 => u16::try_from(self.below(u64::from(counted) / 16 + 1)).unwrap_or(0),
                4 => counted / 2,
                5 => counted.div_ceil(2),
                6 => counted / 16 + 1,
                _ => counted,
            });
        }
        let fees = if self.chance(20) {
            0
        } else {
            self.amount(model)
        };
        Op::Boundary(fees, votes, counted)
    }

    /// Amounts around what the rules count in. No line comes to 2^96, where an index would lose more than a unit an epoch.
    pub fn amount(&mut self, model: &Model) -> u128 {
        let unit = model.terms.unit;
        let amount = match self.below(12) {
            0 => u128::from(self.below(4)),
            1 => unit,
            2 => model.terms.min_seat,
            3 => model.weakest().0 + 1,
            4 => model.weakest().0,
            _ => unit * u128::from(self.below(30)) + u128::from(self.random.next_u64()) % unit,
        };
        amount.min(1_000 * unit)
    }

    pub fn owner(&mut self) -> u32 {
        USERS + u32::try_from(self.below(2)).unwrap_or(0)
    }

    fn operator_op(&mut self, kind: &str, model: &Model) -> Option<Input> {
        let all = operators(model);
        let near = self.chance(7);
        let fits = |operator: &u32| fits(kind, model, *operator, near);
        let fitting: Vec<u32> = all.iter().copied().filter(fits).collect();
        let fit = self.one_of(&fitting)?;
        let any = u32::try_from(self.below(all.len() as u64 + 2)).ok()?;
        let known = if self.chance(93) { fit } else { any };
        let operator = address(known);
        Some(match kind {
            "delegate" => {
                // Often more of what somebody has already.
                let all = model.positions.iter().flatten();
                let again: Vec<_> = all.filter(|one| one.bonded()).collect();
                let (owner, to) = match self.one_of(&again).filter(|_| self.chance(55)) {
                    Some(one) => (one.owner, one.now.line.0),
                    None if self.chance(50) => (known, known),
                    None => (self.owner(), known),
                };
                let (from, amount) = (account(owner), self.amount(model));
                let (to, max_commission) = self.accepted(model, to);
                Input::Delegate(Delegate {
                    from,
                    to,
                    amount,
                    max_commission,
                })
            }
            "take seat" => Input::TakeSeat(TakeSeat { operator }),
            "leave" => Input::Leave(Leave { operator }),
            "retire" => Input::Retire(Retire { operator }),
            "unjail" => Input::Unjail(Unjail { operator }),
            "edit" => Input::Edit(self.edit(model, known)),
            "describe" => {
                let description = Box::new([7; 256]);
                Input::Describe(Describe {
                    operator,
                    description,
                })
            }
            "register" => self.register(model, known),
            _ => {
                let owing = model.lines.iter().filter(|(_, line)| line.owed > 0);
                let owing: Vec<Id> = owing.map(|(id, _)| *id).collect();
                let (line, to) = (id_of(self.one_of(&owing)?), account(known));
                Input::ClaimCommission(ClaimCommission { line, to })
            }
        })
    }

    /// What somebody names who puts stake behind an operator: nearly always its newest line and its commission.
    pub fn accepted(&mut self, model: &Model, operator: u32) -> (LineId, u16) {
        let newest = model.newest(operator).map_or(0, |one| one.1.line.1);
        let older = u64::from(self.chance(2));
        let id = (operator, newest.saturating_sub(older));
        let commission = model.lines.get(&id).map_or(0, |line| line.commission);
        let less = u16::from(self.chance(2));
        (id_of(id), commission.saturating_sub(less))
    }

    fn edit(&mut self, model: &Model, operator: u32) -> Edit {
        let id = model
            .newest(operator)
            .map_or((operator, 0), |one| one.1.line);
        let line = model.lines.get(&id);
        let commission = line.map_or(0, |line| line.commission);
        let change = u16::try_from(self.below(520)).unwrap_or(0);
        let commission = match self.chance(75) {
            true => commission.saturating_add(change),
            false => commission.saturating_sub(change),
        };
        let may = line.is_some_and(|line| line.changed < model.matured) || self.chance(10);
        let own = model.stake(id).1;
        let least = line
            .map_or(0, |line| line.min_self_stake)
            .max(own / (1 + u128::from(self.below(3))));
        Edit {
            operator: address(operator),
            commission: may.then_some(commission),
            max_commission: self.one_of(&[4_950, 5_000]).filter(|_| self.chance(10)),
            commission_step: self.one_of(&[450, 500]).filter(|_| self.chance(10)),
            min_self_stake: self
                .one_of(&[least, least, own, own / 2])
                .filter(|_| self.chance(20)),
        }
    }

    fn register(&mut self, model: &Model, operator: u32) -> Input {
        // Sometimes an operator that is new, as long as they are few.
        let operators = operators(model).len();
        let fresh = operators < model.seats.len() + 3 && self.chance(60);
        let operator = match u32::try_from(operators) {
            Ok(count) if fresh => count + 1,
            _ => operator,
        };
        let held = model.newest(operator);
        let newest = held.map_or(0, |newest| newest.0.1);
        let held = held.map(|newest| newest.1.keys);
        let wrong = self.chance(5);
        let number = if wrong {
            newest
        } else {
            newest + 1 + self.below(3)
        };
        self.next_key += 1;
        let mut keys = [self.next_key; 2];
        match (held, self.below(100)) {
            (_, 0..5) => keys[0] = 1,
            (Some(held), 5..20) => keys[0] = held[0],
            (Some(held), 20..35) => keys[1] = held[1],
            _ => {}
        }
        let [key, checkpoint] = keys;
        Input::Register(Register {
            operator: address(operator),
            registration: number.max(1),
            address: address(key),
            consensus_key: key_of(key),
            checkpoint_key: Box::new(checkpoint_key_of(checkpoint)),
        })
    }

    fn court_op(&mut self, kind: &str, run: &Run) -> Option<Input> {
        let model = &run.model;
        let back = self.below(model.epoch + 1 - model.matured.min(model.epoch));
        let mut epoch = model.epoch - back;
        Some(match kind {
            "freeze" => {
                if self.chance(40) {
                    epoch = self.one_of(&model.freezes.open).unwrap_or(epoch);
                }
                let members: Vec<_> = model.sets[&epoch].iter().flatten().collect();
                let member = self.one_of(&members)?;
                let (operator, _) = member.line;
                let unknown = self.chance(5);
                let registration = if unknown { 999 } else { member.registration };
                let operator = address(operator);
                Input::Freeze(Freeze {
                    operator,
                    registration,
                    epoch,
                })
            }
            "settle" => {
                let (operator, registration, epoch) = self.one_of(&run.offences)?;
                let registration = if self.chance(3) { 999 } else { registration };
                let fractions = [
                    0,
                    1,
                    50_000_000,
                    333_333_333,
                    999_999_999,
                    1_000_000_000,
                    u64::MAX,
                ];
                let fraction = self.one_of(&fractions)?;
                let operator = address(operator);
                Input::Settle(Settle {
                    operator,
                    registration,
                    epoch,
                    fraction,
                })
            }
            "freeze epoch" => Input::FreezeEpoch(epoch),
            "release epoch" => Input::ReleaseEpoch(self.one_of(&model.freezes.open)?),
            _ => {
                let keys: Vec<u32> = model
                    .registrations
                    .values()
                    .map(|one| one.keys[0])
                    .collect();
                let dead = |key: &u32| model.tombstones.contains(key);
                let living: Vec<u32> = keys.iter().copied().filter(|key| !dead(key)).collect();
                let key = match self.chance(95) {
                    true => self.one_of(&living)?,
                    false => self.one_of(&keys)? + 50 * u32::try_from(self.below(2)).ok()?,
                };
                Input::Tombstone(address(key))
            }
        })
    }
}

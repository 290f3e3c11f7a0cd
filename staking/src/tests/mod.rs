//! Laws of stake. [`World`] is a small chain: it keeps accounts by the effects, runs boundaries, and looks at every leaf after each step.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::rules::{
    apply_cut::ApplyCut, cancel::Cancel, claim_rewards::ClaimRewards, claim_stake::ClaimStake,
    copy::Copy, delegate::Delegate, edit::Edit, freeze::Freeze, leave::Leave, leave::Retire,
    mature::Mature, merge::Merge, redelegate::Redelegate, register::Register, restake::Restake,
    reward::Reward, roll::Roll, settle::Settle, take_seat::TakeSeat, undelegate::Undelegate,
    unjail::Unjail,
};
use crate::*;
use inputs::*;

mod advisories;
mod books;
mod difference;
mod displaced;
mod evasion;
mod freezes;
mod inputs;
mod lent;

mod codecs;
mod cuts;
mod positions;
mod random;
mod rewards;
mod rules_and_amounts;
mod seats;
mod sets;
mod swaps;
mod touched;
mod weakest;
mod worst;

const UNIT: u128 = 1_000;
const COUNTED: u16 = 15;
const PERCENT: u64 = 10_000_000;

fn rng(seed: u64) -> ChaCha8Rng {
    println!("seed {seed}");
    ChaCha8Rng::seed_from_u64(seed)
}

fn rules(seats: u16) -> Rules {
    Rules {
        seats,
        unit: UNIT,
        ring: 16,
        min_seat: UNIT,
        min_redelegation: 10,
        drip: 0,
        unbonding_secs: 100,
        jail_divisor: 16,
        jail_epochs: 2,
        max_commission: 2_000,
        commission_step: 500,
    }
}

/// The operator with a number.
const fn op(number: u8) -> [u8; 20] {
    [number; 20]
}

/// A delegator with a number.
const fn who(number: u8) -> Account {
    let mut account = [number; 21];
    account[0] = 1;
    account
}

/// The line that a registration of an operator opened.
const fn line(operator: u8, line: u64) -> LineId {
    let operator = op(operator);
    LineId { operator, line }
}

fn founder(number: u8, stake: u128) -> Founder {
    Founder {
        operator: op(number),
        address: [number; 20],
        consensus_key: [number; 32],
        checkpoint_key: [number; 96],
        stake,
        opening: Opening::default(),
        description: None,
    }
}

/// A position that waits behind an operator for what its keys did in these epochs.
fn frozen(number: u64, operator: u8, epochs: [u64; 2]) -> Reject {
    waits(number, operator, FrozenKind::Line, epochs)
}

/// One that waits for the release of these epochs.
fn epochs_frozen(number: u64, operator: u8, epochs: [u64; 2]) -> Reject {
    waits(number, operator, FrozenKind::Epochs, epochs)
}

fn waits(number: u64, operator: u8, what: FrozenKind, [lowest, highest]: [u64; 2]) -> Reject {
    let operator = op(operator);
    Reject::Frozen {
        number,
        operator,
        what,
        lowest,
        highest,
    }
}

/// Leaves, accounts and the epoch.
#[derive(Clone)]
struct World {
    leaves: MemoryLeaves,
    rules: Rules,
    epoch: u64,
    /// What accounts took out of staking, less what they paid in.
    accounts: BTreeMap<Account, i128>,
    /// What of that was rewards of positions.
    earned: BTreeMap<Account, i128>,
    /// What came in from outside: founders' stake, fees, money for the pool.
    given: u128,
    burned: u128,
    /// Whether boundaries do not look at every leaf.
    quiet: bool,
    /// Effects of the last step.
    effects: Vec<Effect>,
}

impl World {
    /// Founders 1, 2, ... with these stakes.
    fn new(seats: u16, stakes: &[u128]) -> Self {
        Self::with(rules(seats), stakes)
    }

    fn with(rules: Rules, stakes: &[u128]) -> Self {
        let founders: Vec<Founder> = (1..)
            .zip(stakes)
            .map(|(number, stake)| founder(number, *stake))
            .collect();
        let mut leaves = MemoryLeaves::default();
        found(&mut leaves, &rules, &founders).unwrap();
        let mut world = Self {
            leaves,
            rules,
            epoch: 0,
            accounts: BTreeMap::new(),
            earned: BTreeMap::new(),
            given: stakes.iter().sum(),
            burned: 0,
            quiet: false,
            effects: Vec::new(),
        };
        for epoch in [0, 1] {
            world.roll(epoch);
        }
        world.check();
        world
    }

    /// Applies an input, and drops what a refused one wrote. A fault ends the test.
    fn try_act(&mut self, input: Input) -> Result<&[Effect], Reject> {
        let context = Context {
            rules: &self.rules,
            epoch: self.epoch,
        };
        let mut leaves = self.leaves.clone();
        leaves.take_touched();
        match apply(&mut leaves, &context, &input) {
            Ok(effects) => {
                self.leaves = leaves;
                self.account(&input, effects);
                Ok(&self.effects)
            }
            Err(Error::Reject(reject)) => Err(reject),
            Err(fault) => panic!("epoch {}: {input:?}: {fault:?}", self.epoch),
        }
    }

    fn act(&mut self, input: Input) -> Vec<Effect> {
        let shown = format!("{input:?}");
        let epoch = self.epoch;
        let done = self.try_act(input).map(<[Effect]>::to_vec);
        done.unwrap_or_else(|reject| panic!("epoch {epoch}: {shown}: {reject:?}"))
    }

    fn refuse(&mut self, input: Input) -> Reject {
        let before = format!("{:?}", self.leaves.iter().collect::<Vec<_>>());
        let reject = self.try_act(input).unwrap_err();
        let after = format!("{:?}", self.leaves.iter().collect::<Vec<_>>());
        assert_eq!(before, after);
        reject
    }

    fn account(&mut self, input: &Input, effects: Vec<Effect>) {
        if let Input::Fund(amount) | Input::Release(amount) = input {
            self.given += amount;
        }
        let collected = effects.iter().map(|effect| match effect {
            Effect::Collected { amount, .. } => *amount as i128,
            _ => 0,
        });
        let collected: i128 = collected.sum();
        for effect in &effects {
            match effect {
                Effect::Take { from, amount } => {
                    *self.accounts.entry(*from).or_default() -= *amount as i128;
                }
                Effect::Pay { to, amount } => {
                    *self.accounts.entry(*to).or_default() += *amount as i128;
                    *self.earned.entry(*to).or_default() += collected;
                }
                Effect::Burn { amount } => self.burned += amount,
                _ => {}
            }
        }
        self.effects = effects;
    }

    /// The end of an epoch in which everybody voted.
    fn boundary(&mut self, fees: u128) {
        self.boundary_with(fees, |_| COUNTED);
    }

    /// The end of an epoch: passes A, B, and C where nobody is left.
    fn boundary_with(&mut self, fees: u128, votes: impl Fn(u16) -> u16) {
        let effects = self.act(Input::Release(fees));
        let [Effect::Released { amount }] = effects[..] else {
            panic!("{effects:?}")
        };
        let total_power = total_power(&self.set(self.epoch)).unwrap();
        let seats: Vec<u16> = (0..self.rules.seats).collect();
        for some in seats.chunks(8) {
            self.act(Input::Reward(Reward {
                votes: some.iter().map(|seat| (*seat, votes(*seat))).collect(),
                counted: COUNTED,
                released: amount,
                total_power,
            }));
        }
        let epoch = self.epoch + 2;
        if self.roll(epoch) == 0 {
            self.act(Input::Copy(Copy {
                epoch,
                first: 0,
                count: self.rules.seats,
                total: 0,
            }));
        }
        self.epoch += 1;
        if !self.quiet {
            self.check();
        }
    }

    fn roll(&mut self, epoch: u64) -> u64 {
        let (first, count) = (0, self.rules.seats);
        let total = 0;
        let roll = Roll {
            epoch,
            first,
            count,
            total,
        };
        match self.act(Input::Roll(roll)).last() {
            Some(Effect::Rolled { total, .. }) => *total,
            other => panic!("{other:?}"),
        }
    }

    /// Boundaries up to the beginning of an epoch.
    fn to(&mut self, epoch: u64) {
        while self.epoch < epoch {
            self.boundary(0);
        }
    }

    /// Epochs mature until `matured` of them have.
    fn mature(&mut self, matured: u64) {
        while self.leaf::<Maturity>(()).matured < matured {
            let epoch = self.leaf::<Maturity>(()).matured + 1;
            self.act(Input::Mature(Mature {
                epoch,
                accepted: 1,
                arrival: 1 + self.rules.unbonding_secs,
            }));
        }
    }

    fn set(&mut self, epoch: u64) -> Vec<Member> {
        set_at(&mut self.leaves, &self.rules, epoch * 16 + 1, 16).unwrap()
    }

    /// The commissions of the members of a set, by seat.
    fn commissions(&mut self, epoch: u64) -> Vec<u16> {
        let place = ring_place(epoch, self.rules.ring);
        let seats = 0..self.rules.seats;
        let members = seats.filter_map(|seat| self.find::<MemberLeaf>((place, seat)));
        let standing = members.filter_map(|member| member.standing);
        standing.map(|standing| standing.commission).collect()
    }

    fn find<T: Leaf>(&mut self, name: T::Name) -> Option<T> {
        self.leaves.read(name).unwrap()
    }

    fn leaf<T: Leaf>(&mut self, name: T::Name) -> T {
        self.find(name).unwrap()
    }

    fn line(&mut self, id: LineId) -> Line {
        self.leaf(id)
    }

    fn position(&mut self, number: u64) -> Position {
        self.leaf(number)
    }

    fn paid(&self, account: Account) -> i128 {
        self.accounts.get(&account).copied().unwrap_or(0)
    }

    fn earned(&self, account: Account) -> i128 {
        self.earned.get(&account).copied().unwrap_or(0)
    }

    /// The number of the position that the last step made.
    fn made(&self) -> u64 {
        let made = self.effects.iter().find_map(|effect| match effect {
            Effect::Opened { position, .. } => Some(*position),
            _ => None,
        });
        made.unwrap()
    }

    fn delegate(&mut self, from: Account, operator: u8, amount: u128) -> u64 {
        let to = self.newest(operator);
        self.act(delegate(from, to, amount));
        self.made()
    }

    /// The newest line of an operator, or one that is not there where it has none.
    fn newest(&mut self, operator: u8) -> LineId {
        let newest: Option<Operator> = self.find(op(operator));
        line(operator, newest.map_or(0, |newest| newest.line))
    }

    /// An operator with a registration, its own stake, and maybe a seat.
    fn join(&mut self, operator: u8, number: u64, stake: u128, seat: bool) -> u64 {
        self.act(registration(operator, number, operator));
        let position = self.delegate(account_of(op(operator)), operator, stake);
        if seat {
            self.act(take_seat(operator));
        }
        position
    }

    fn freeze(&mut self, operator: u8, registration: u64, epoch: u64) {
        self.act(freeze(operator, registration, epoch));
    }

    fn settle(&mut self, operator: u8, registration: u64, epoch: u64, fraction: u64) {
        self.act(settle(operator, registration, epoch, fraction));
    }
}

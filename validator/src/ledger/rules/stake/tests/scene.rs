//! Where the cases of stake begin: one operator in a seat, one that has registered only, and people with money.

use std::ops::RangeInclusive;

use plasmid_staking::rules::{
    delegate::Delegate, freeze::Freeze, register::Register, reward::Reward, settle::Settle,
    take_seat::TakeSeat, undelegate::Undelegate,
};
use plasmid_staking::{
    Effect, Founder, Input, Key, Line, LineId, Maturity, MemberLeaf, Rewards, Seat, SeatState,
    Standing, found,
};

use crate::ledger::account::Account;
use crate::ledger::fixture::*;
use crate::ledger::leaf::{AssetLeaf, NATIVE, Value};
use crate::ledger::leaves::{Memory, write};
use crate::ledger::rules::credit;
use crate::ledger::slot::{Slot, ring_place};
use crate::ledger::stake::{self, Stake, staking_rules};

/// A hundred units of power, and more than the least redelegation.
pub const COIN: u128 = 1_000_000_000_000_000_000;

/// What the founder has staked.
pub const FOUNDED: u128 = 5 * COIN;

/// Wallets: the founder, the operator that has registered, and a delegator.
pub const FOUNDER: u8 = 1;
pub const NEWCOMER: u8 = 3;
pub const OWNER: u8 = 0;

/// Height at which the cases run, in epoch 3.
pub const HEIGHT: u64 = 200;

pub fn operator(number: u8) -> [u8; 20] {
    Wallet::new(number).account().id
}

/// The line of the founder or of the newcomer.
pub fn line(number: u8) -> LineId {
    LineId {
        operator: operator(number),
        line: registration(number),
    }
}

/// Number of the one registration of the founder or of the newcomer.
pub const fn registration(number: u8) -> u64 {
    if number == FOUNDER { 1 } else { 2 }
}

pub struct Scene {
    pub memory: Memory,
}

impl Scene {
    pub fn new() -> Self {
        Self::beside(1)
    }

    /// The scene in a state with this number of leaves more.
    pub fn beside(before: u32) -> Self {
        let mut memory = state(before);
        let founder = Founder {
            operator: operator(FOUNDER),
            address: [0x51; 20],
            consensus_key: [0x52; 32],
            checkpoint_key: [0x53; 96],
            stake: FOUNDED,
            opening: plasmid_staking::Opening::default(),
            description: None,
        };
        let rules = staking_rules(&parameters());
        found(&mut Stake(&mut memory), &rules, &[founder]).unwrap();
        let mut scene = Self { memory };
        scene.stand();
        scene.credit(FOUNDED);
        scene.register(NEWCOMER, 2);
        scene
    }

    /// The founder stands in the sets up to that after the cases' epoch.
    fn stand(&mut self) {
        let parameters = parameters();
        let founder = Standing {
            line: line(FOUNDER),
            registration: registration(FOUNDER),
            consensus_key: [0x52; 32],
            checkpoint_key: [0x53; 96],
            power: 1,
            stake: FOUNDED,
            commission: 0,
        };
        let last = HEIGHT / u64::from(parameters.epoch_blocks) + 1;
        for epoch in 0..=last {
            let place = ring_place(epoch, parameters.ring);
            for seat in 0..parameters.seats {
                let standing = Some(founder.clone()).filter(|_| seat == 0);
                let slot = Slot::from(Key::Member { place, seat });
                write(&mut self.memory, &slot, &MemberLeaf { epoch, standing }).unwrap();
            }
        }
    }

    /// The next registration of an operator, with keys of its own.
    pub fn register(&mut self, operator: u8, registration: u8) {
        let key = |first: u8| first + 0x10 * registration;
        self.act(
            0,
            &Input::Register(Register {
                operator: self::operator(operator),
                registration: registration.into(),
                address: [key(0x41); 20],
                consensus_key: [key(0x42); 32],
                checkpoint_key: Box::new([key(0x43); 96]),
            }),
        );
    }

    /// Other operators take all seats behind the founder's, each with its stake. The operator of the last one, and its line.
    pub fn fill(&mut self, stake: impl Fn(u8) -> u128) -> ([u8; 20], u64) {
        let mut last = ([0; 20], 0);
        for seat in 1..parameters().seats as u8 {
            let operator = [0xa0 + seat; 20];
            let number = 10 + u64::from(seat);
            let register = Register {
                operator,
                registration: number,
                address: operator,
                consensus_key: [0xa0 + seat; 32],
                checkpoint_key: Box::new([0xa0 + seat; 96]),
            };
            let from = Account::ethereum(operator);
            let amount = stake(seat);
            credit(&mut self.memory, from, NATIVE, amount).unwrap();
            self.credit(amount);
            let bond = Delegate {
                from: from.bytes(),
                to: LineId {
                    operator,
                    line: number,
                },
                amount,
                max_commission: 0,
            };
            for input in [
                Input::Register(register),
                Input::Delegate(bond),
                Input::TakeSeat(TakeSeat { operator }),
            ] {
                self.act(0, &input);
            }
            last = (operator, number);
        }
        last
    }

    /// Changes a leaf of staking.
    pub fn change<T: Value>(&mut self, key: Key, change: impl FnOnce(&mut T)) {
        let mut held: T = value(&mut self.memory, Slot::from(key));
        change(&mut held);
        write(&mut self.memory, &Slot::from(key), &held).unwrap();
    }

    /// Carries an input out, with its money.
    pub fn act(&mut self, epoch: u64, input: &Input) -> Vec<Effect> {
        let (parameters, domain) = (parameters(), domain());
        let height = epoch * u64::from(parameters.epoch_blocks) + 1;
        let context = context(height, &parameters, &domain);
        stake::apply(&mut self.memory, &context, input).unwrap()
    }

    /// Money from root.
    fn credit(&mut self, amount: u128) {
        let slot = Slot::Asset(NATIVE);
        let held: AssetLeaf = value(&mut self.memory, slot);
        let credited = held.credited + amount;
        write(&mut self.memory, &slot, &AssetLeaf { credited, ..held }).unwrap();
    }

    /// Money for a wallet that has none.
    pub fn fund(&mut self, number: u8) {
        self.give(number, COIN);
    }

    /// More money for a wallet.
    pub fn give(&mut self, number: u8, amount: u128) {
        let account = Wallet::new(number).account();
        credit(&mut self.memory, account, NATIVE, amount).unwrap();
        self.credit(amount);
    }

    /// The founder votes in no block of an epoch, and is jailed at its end.
    pub fn absent(&mut self, epoch: u64) {
        let reward = Reward {
            votes: vec![(0, 0)],
            counted: 63,
            released: 0,
            total_power: 1,
        };
        self.act(epoch, &Input::Reward(reward));
    }

    /// The set of an epoch has the founder by a copy of the set before it.
    pub fn copied(&mut self, epoch: u64) {
        let place = ring_place(epoch, parameters().ring);
        let seat = 0;
        self.change(Key::Member { place, seat }, |member: &mut MemberLeaf| {
            let standing = member.standing.as_mut();
            standing.unwrap().stake = 0;
        });
    }

    /// The sets have a line at a seat, from the one on that is fixed when it takes the seat in epoch 0.
    pub fn stands(&mut self, number: u8, seat: u16) {
        let last = HEIGHT / u64::from(parameters().epoch_blocks) + 1;
        self.stands_in(2..=last, number, seat);
    }

    /// The sets of these epochs have a line at a seat.
    pub fn stands_in(&mut self, epochs: RangeInclusive<u64>, number: u8, seat: u16) {
        for epoch in epochs {
            let place = ring_place(epoch, parameters().ring);
            let standing = Some(Standing {
                line: line(number),
                registration: registration(number),
                consensus_key: [0x54; 32],
                checkpoint_key: [0x55; 96],
                power: 1,
                stake: FOUNDED,
                commission: 0,
            });
            let slot = Slot::from(Key::Member { place, seat });
            write(&mut self.memory, &slot, &MemberLeaf { epoch, standing }).unwrap();
        }
    }

    /// A position of a wallet, made in an epoch.
    pub fn delegate(&mut self, epoch: u64, from: u8, to: u8, amount: u128) -> u64 {
        let from = Wallet::new(from).account().bytes();
        let effects = self.act(
            epoch,
            &Input::Delegate(Delegate {
                from,
                to: line(to),
                amount,
                max_commission: 10_000,
            }),
        );
        let number = effects.iter().find_map(|effect| match effect {
            Effect::Opened { position, .. } => Some(*position),
            _ => None,
        });
        number.unwrap()
    }

    /// Ends a whole position of a wallet.
    pub fn undelegate(&mut self, epoch: u64, owner: u8, position: u64, amount: u128) {
        let owner = Wallet::new(owner).account().bytes();
        self.act(
            epoch,
            &Input::Undelegate(Undelegate {
                owner,
                position,
                amount,
            }),
        );
    }

    /// A line earns: its stakers, and its operator.
    pub fn earn(&mut self, number: u8, amount: u128, commission: u128) {
        let mut paid = 0;
        self.change(Key::Line(line(number)), |line: &mut Line| {
            (line.index, paid) = line.index.paid_down(amount, line.stake).unwrap();
            line.owed += commission;
        });
        self.change(Key::Rewards, |rewards: &mut Rewards| {
            rewards.owed += paid + commission;
        });
        self.credit(paid + commission);
    }

    /// Epochs below this have matured.
    pub fn mature(&mut self, matured: u64) {
        self.change(Key::Maturity, |maturity: &mut Maturity| {
            maturity.matured = matured;
        });
    }

    /// The court is shown an offence of an operator.
    pub fn freeze(&mut self, number: u8, epoch: u64) {
        self.act(
            2,
            &Input::Freeze(Freeze {
                operator: operator(number),
                registration: registration(number),
                epoch,
            }),
        );
    }

    /// The court has settled it: a tenth is cut.
    pub fn settle(&mut self, number: u8, epoch: u64) {
        self.settle_at(number, epoch, 100_000_000);
    }

    /// The court has settled it: all is cut.
    pub fn settle_all(&mut self, number: u8, epoch: u64) {
        self.settle_at(number, epoch, 1_000_000_000);
    }

    /// The court has settled it: so much is cut, in 1/10^9.
    pub fn settle_at(&mut self, number: u8, epoch: u64, fraction: u64) {
        self.act(
            2,
            &Input::Settle(Settle {
                operator: operator(number),
                registration: registration(number),
                epoch,
                fraction,
            }),
        );
    }

    /// A line without a seat stood in sets up to this epoch.
    pub fn stood_until(&mut self, number: u8, epoch: u64) {
        self.change(Key::Line(line(number)), |line: &mut Line| {
            line.until = epoch;
        });
    }

    /// The court is shown an offence in an epoch, and settles it in another one.
    pub fn cut_in(&mut self, now: u64, number: u8, epoch: u64, fraction: u64) {
        let (operator, registration) = (operator(number), registration(number));
        let freeze = Freeze {
            operator,
            registration,
            epoch,
        };
        let settle = Settle {
            operator,
            registration,
            epoch,
            fraction,
        };
        self.act(now, &Input::Freeze(freeze));
        self.act(now, &Input::Settle(settle));
    }

    /// The founder's seat is jailed until an epoch begins.
    pub fn jail(&mut self, until: u64) {
        self.change(Key::Line(line(FOUNDER)), |line: &mut Line| {
            line.jailed = until;
        });
        self.change(Key::Seat(0), |seat: &mut Seat| {
            seat.state = SeatState::Jailed;
        });
    }

    /// An account that holds nothing yet.
    pub fn stranger() -> Account {
        Account {
            kind: 1,
            id: [0x99; 20],
        }
    }
}

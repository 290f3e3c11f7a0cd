//! What people and operators do with stake in a simulation: chosen by what the state holds, so that much of it is accepted and some is not.

use std::collections::BTreeMap;

use plasmid::app::State;
use plasmid::chain::committed::{leaf, parameters};
use plasmid::chain::record::MESSAGE;
use plasmid::ledger::transaction::{Body, Profile, StakeBody, Text};
use plasmid::ledger::{Account, Slot, Transaction, Value};
use plasmid_bridge::proof::inbox::{Body as Message, Message as Sent};
use plasmid_staking::{
    Counter, Key, Line, LineId, LineState, Maturity, MemberLeaf, Operator, Position, Seat,
    SeatState, epoch_of, ring_place,
};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::network::STAKE;

/// A seat is not left where no more than these would stay.
const MIN_COUNT: usize = 4;

/// How often each kind of stake was asked for, and how often it had its effect.
#[derive(Default)]
pub struct Tally(pub BTreeMap<&'static str, [u32; 2]>);

impl Tally {
    /// Somebody asks for what these bytes say.
    pub fn asked(&mut self, body: Option<Body>) {
        if let Some(Body::Stake(body)) = body {
            self.0.entry(body.name()).or_default()[0] += 1;
        }
    }

    /// A transaction of a block, with its code.
    pub fn done(&mut self, bytes: &[u8], code: u32) {
        if let (Some(Body::Stake(body)), 0) = (body_of(bytes), code) {
            self.0.entry(body.name()).or_default()[1] += 1;
        }
    }
}

/// The body of a transaction, or of one that a message of root carries.
pub fn body_of(bytes: &[u8]) -> Option<Body> {
    match bytes.split_first() {
        Some((&MESSAGE, message)) => forced(&Sent::decode(message).ok()?.body),
        _ => Some(Transaction::decode(bytes).ok()?.body),
    }
}

/// The body of the transaction that a message carries.
pub fn forced(message: &Message) -> Option<Body> {
    match message {
        Message::Forced { transaction, .. } => {
            Some(Transaction::decode(transaction.as_slice()).ok()?.body)
        }
        _ => None,
    }
}

/// A state, as those see it who do something with stake.
pub struct Stakers<'a> {
    state: &'a State,
    /// Operators, from the first on.
    operators: u8,
}

impl<'a> Stakers<'a> {
    /// The stakes of the first `operators` operators in this state.
    pub fn new(state: &'a State, operators: u8) -> Self {
        Self { state, operators }
    }

    fn read<T: Value>(&self, key: Key) -> Option<T> {
        leaf(&self.state.tree, &Slot::from(key)).expect("the state reads")
    }

    fn epoch(&self) -> u64 {
        let blocks = parameters(&self.state.tree)
            .expect("they stand")
            .epoch_blocks;
        epoch_of(self.state.next_height(), blocks).expect("a height has an epoch")
    }

    /// The account of an operator.
    pub fn operator(number: u8) -> [u8; 20] {
        [number + 0x10; 20]
    }

    /// The newest line of an operator that has registered.
    fn line(&self, operator: [u8; 20]) -> Option<(u64, Line)> {
        let Operator { line, .. } = self.read(Key::Operator(operator))?;
        let held = self.read(Key::Line(LineId { operator, line }))?;
        Some((line, held))
    }

    fn positions(&self) -> Vec<(u64, Position)> {
        let Counter(next) = self.read(Key::Counter).expect("genesis makes it");
        let all = (1..next).filter_map(|number| Some((number, self.read(Key::Position(number))?)));
        all.filter(|(_, held): &(u64, Position)| !held.is_gone())
            .collect()
    }

    /// Seats with power.
    pub fn active(&self) -> Vec<Seat> {
        let seats = parameters(&self.state.tree).expect("they stand").seats;
        let all = (0..seats).filter_map(|seat| self.read::<Seat>(Key::Seat(seat)));
        all.filter(|seat| seat.state == SeatState::Active).collect()
    }

    /// Whether one of them can be lost.
    pub fn spares_a_seat(&self) -> bool {
        self.active().len() > MIN_COUNT
    }

    /// Whether the newest line of an operator stands in the set of an epoch.
    pub fn stood(&self, operator: [u8; 20], epoch: u64) -> bool {
        let parameters = parameters(&self.state.tree).expect("they stand");
        let place = ring_place(epoch, parameters.ring);
        let newest = self.line(operator).map(|(line, _)| line);
        (0..parameters.seats).any(|seat| {
            let member: Option<MemberLeaf> = self.read(Key::Member { place, seat });
            let standing = member.and_then(|member| member.standing);
            standing
                .is_some_and(|one| one.line.operator == operator && Some(one.line.line) == newest)
        })
    }

    /// Something that who holds positions, or would, might ask for.
    pub fn of_owner(&self, rng: &mut ChaCha8Rng, owner: Account) -> StakeBody {
        let Maturity { matured, .. } = self.read(Key::Maturity).expect("genesis makes it");
        let all = self.positions();
        let mut mine = all.clone();
        mine.retain(|(_, held)| held.owner == owner.bytes());
        let (bonded, ended): (Vec<_>, Vec<_>) =
            mine.iter().cloned().partition(|(_, held)| held.is_bonded());
        let mut claimable = ended.clone();
        claimable.retain(|(_, held)| held.newest().last < matured);
        let mut mergeable = bonded.clone();
        mergeable.retain(|(_, held)| held.newest().first < matured);
        let frozen = all.iter().filter(|(_, held)| {
            let mut legs = held.legs();
            legs.any(|leg| {
                let line: Option<Line> = self.read(Key::Line(leg.line));
                line.is_some_and(|line| line.state == LineState::Frozen)
            })
        });
        let frozen: Vec<_> = frozen.cloned().collect();
        let (operator, line) = self.any_line(rng);
        let any = |rng: &mut ChaCha8Rng, of: &[(u64, Position)]| match of.len() {
            0 => (rng.random_range(1..40), 1 << 50),
            count => {
                let (number, held) = &of[rng.random_range(0..count)];
                (*number, held.base)
            }
        };
        match rng.random_range(0..17) {
            0..=2 => StakeBody::Delegate {
                operator,
                amount: rng.random_range(1 << 49..1 << 54),
                line,
                max_commission: if rng.random_range(0..10) == 0 {
                    0
                } else {
                    10_000
                },
            },
            3 | 4 => {
                let (position, base) = any(rng, &bonded);
                let part = rng.random_range(1..=3);
                let amount = base / part;
                StakeBody::Undelegate { position, amount }
            }
            5 | 6 => {
                let (position, _) = any(rng, &ended);
                StakeBody::CancelUnbonding { position }
            }
            7 | 8 => {
                let (position, amount) = any(rng, &bonded);
                StakeBody::Redelegate {
                    position,
                    amount,
                    to: operator,
                    line,
                    max_commission: 10_000,
                }
            }
            9 | 10 => {
                let (position, _) = any(rng, &claimable);
                let to = owner;
                StakeBody::ClaimStake { position, to }
            }
            11 => {
                let positions = (0..rng.random_range(1..4)).map(|_| any(rng, &mine).0);
                let positions = positions.collect();
                let to = owner;
                StakeBody::ClaimRewards { to, positions }
            }
            12 => {
                let (position, _) = any(rng, &bonded);
                StakeBody::Restake { position }
            }
            13 => {
                let (position, _) = any(rng, &all);
                StakeBody::Restake { position }
            }
            14 => {
                let (position, _) = any(rng, &mine);
                let allowed = rng.random_range(0..4) > 0;
                StakeBody::AllowRestake { position, allowed }
            }
            15 => {
                let (position, _) = any(rng, if frozen.is_empty() { &all } else { &frozen });
                StakeBody::ApplyCut { position }
            }
            _ => {
                let (first, _) = any(rng, &mergeable);
                let line = |number| {
                    let mut all = mergeable.iter();
                    let held = all.find(|(other, _)| *other == number);
                    held.map(|(_, held)| held.newest().line)
                };
                let mut beside = mergeable.clone();
                beside.retain(|(number, _)| *number != first && line(*number) == line(first));
                let (second, _) = any(rng, &beside);
                StakeBody::Merge { first, second }
            }
        }
    }

    fn any_line(&self, rng: &mut ChaCha8Rng) -> ([u8; 20], u64) {
        let operator = Self::operator(rng.random_range(0..self.operators));
        let line = self.line(operator).map_or(1, |(line, _)| line);
        (operator, line)
    }

    /// Something that an operator might ask for. `leaves` says whether seats may be left, `retires` whether it may close its line.
    pub fn of_operator(
        &self,
        rng: &mut ChaCha8Rng,
        number: u8,
        leaves: bool,
        retires: bool,
    ) -> StakeBody {
        let operator = Self::operator(number);
        let Some((line, held)) = self.line(operator) else {
            return StakeBody::TakeSeat;
        };
        let jailed = held.seated()
            && self
                .read(Key::Seat(held.seat))
                .is_some_and(|seat: Seat| seat.state == SeatState::Jailed);
        let spare = leaves && self.spares_a_seat();
        let to = Account::ethereum(operator);
        match rng.random_range(0..12) {
            0..=3 if jailed => StakeBody::Unjail,
            0..=1 if held.seated() && spare && !jailed => StakeBody::Leave,
            0..=4 if !held.seated() && held.self_stake > 0 => StakeBody::TakeSeat,
            2..=5 if retires && spare && self.epoch() > 6 => StakeBody::Retire,
            0..=5 => StakeBody::Delegate {
                operator,
                amount: if held.self_stake == 0 { STAKE } else { 1 << 53 },
                line,
                max_commission: 10_000,
            },
            6 => StakeBody::Unjail,
            7 => StakeBody::TakeSeat,
            8 => StakeBody::Describe(Box::new(Profile {
                name: text("the name", "Välidator"),
                website: text("the website", "https://validator.example"),
                contact: text("the contact", ""),
                details: text("the details", "of a simulation"),
            })),
            9 => StakeBody::ClaimCommission { line, to },
            _ => StakeBody::Edit {
                commission: Some(rng.random_range(0..200)),
                max_commission: None,
                commission_step: None,
                min_self_stake: None,
            },
        }
    }
}

fn text<const N: usize>(field: &'static str, words: &str) -> Text<N> {
    Text::new(field, words).expect("a short text")
}

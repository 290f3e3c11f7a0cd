//! States that are built so that an input touches as many leaves as it can.

use super::*;
use crate::legs::cut_of;

pub(super) const EPOCH: u64 = 60_000;
pub(super) const OWNER: Account = who(1);
pub(super) const SEATS: u16 = 512;
/// What the legs of positions back.
pub(super) const FIRST: u64 = 5_000;
pub(super) const LAST: u64 = 45_000;

/// Who brings an input, with what that touches besides the rule's leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The chain, whose own leaves are not counted here.
    Chain,
    /// A transaction of a user: parameters, sender, payer, a lane that is made (two), and the fee pool.
    User,
    /// A forced transaction: parameters, the inbox, maturity, two epoch records, and a sender whose account is made (two).
    Inbox,
}

/// A state of 512 seats in a late epoch, with lines whose trees of cuts have seven nodes in the way of a leg.
pub(super) struct Worst {
    pub leaves: MemoryLeaves,
    pub rules: Rules,
    next: u64,
}

impl Worst {
    /// Founders 1 to 20 in every 25th seat of 512, so that few of them share a node of the minima.
    pub fn new() -> Self {
        let rules = rules(SEATS);
        let mut leaves = MemoryLeaves::default();
        found(&mut leaves, &rules, &[]).unwrap();
        let mut worst = Self {
            leaves,
            rules,
            next: 1,
        };
        for operator in 1..=20 {
            worst.operator(operator);
        }
        let matured = EPOCH - 10;
        let freezes = Freezes::default();
        worst.write((), &Maturity { matured, freezes });
        let owed = u128::from(u64::MAX);
        let pool = owed;
        worst.write((), &Rewards { pool, owed });
        worst.write((), &Counter(1_000));
        worst
    }

    pub fn write<T: Leaf>(&mut self, name: T::Name, value: &T) {
        self.leaves.write(name, value).unwrap();
    }

    pub fn operator(&mut self, number: u8) {
        let (registration, id) = (u64::from(number), line(number, u64::from(number)));
        let founder = founder(number, 1 << 100);
        let (consensus_key, checkpoint_key) = (founder.consensus_key, founder.checkpoint_key);
        let seat = u16::from(number) * 25;
        let newest = Operator {
            registration,
            line: registration,
        };
        self.write(founder.operator, &newest);
        self.write(
            (founder.operator, registration),
            &Registration {
                line: registration,
                tombstoned: false,
                consensus_key,
                checkpoint_key,
            },
        );
        let operator = founder.operator;
        self.write(
            founder.address,
            &Signer {
                operator,
                registration,
            },
        );
        let held = Line {
            seat,
            until: Line::UNLIMITED,
            stake: founder.stake,
            self_stake: founder.stake,
            ..Line::opened(2_000, 500)
        };
        self.write(id, &held);
        let seated = Seat {
            state: SeatState::Active,
            line: id,
            registration,
            consensus_key,
            checkpoint_key,
            stake: founder.stake,
            commission: 0,
        };
        self.write(seat, &seated);
    }

    pub fn id(operator: u8) -> LineId {
        line(operator, u64::from(operator))
    }

    /// The set of an epoch has a line at its seat.
    pub fn stands(&mut self, operator: u8, epoch: u64) {
        let held: Line = self.leaves.read(Self::id(operator)).unwrap().unwrap();
        let standing = Some(Self::standing(operator));
        let place = ring_place(epoch, self.rules.ring);
        self.write((place, held.seat), &MemberLeaf { epoch, standing });
    }

    pub fn standing(operator: u8) -> Standing {
        Standing {
            line: Self::id(operator),
            registration: u64::from(operator),
            consensus_key: [operator; 32],
            checkpoint_key: [operator; 96],
            power: 1,
            stake: UNIT,
            commission: 0,
        }
    }

    /// Empties the seat of a line.
    pub fn unseat(&mut self, operator: u8) {
        let held: Line = self.leaves.read(Self::id(operator)).unwrap().unwrap();
        if held.seated() {
            self.write(held.seat, &Seat::default());
        }
        let until = EPOCH;
        self.write(Self::id(operator), &Line { until, ..held });
    }

    /// Freezes a line: in its tree, cuts stand at both ends of what a leg backs up to `last`, so that seven nodes are read.
    pub fn frozen(&mut self, operator: u8, last: u64) {
        self.unseat(operator);
        let id = Self::id(operator);
        let held: Line = self.leaves.read(id).unwrap().unwrap();
        let state = LineState::Frozen;
        self.write(id, &Line { state, ..held });
        // The greater cuts stand right outside of it, in the nodes that its ends share.
        for (offset, fraction) in [
            (FIRST - 1, 9),
            (FIRST + 1, 2),
            (last + 1, 9),
            (last - 1, 3),
            (20_000, 1),
        ] {
            crate::cuts::record(&mut self.leaves, id, offset as u16, fraction * 1_000).unwrap();
        }
    }

    pub fn mark(&mut self, operator: u8, epoch: u64) {
        self.write((Self::id(operator), epoch), &Mark(Index::default()));
    }

    /// A leg whose rewards were never settled.
    pub fn leg(&mut self, operator: u8, first: u64, last: u64) -> Leg {
        self.mark(operator, first - 1);
        if last != Leg::BONDED {
            self.mark(operator, last);
        }
        Leg {
            last,
            ..Leg::bonded(Self::id(operator), first)
        }
    }

    /// A position with two legs; the cuts of frozen lines are applied to it where `applied`.
    pub fn position(&mut self, legs: [Leg; 2], applied: bool) -> u64 {
        let cuts = legs.map(|leg| match applied && leg.line.line != 0 {
            true => cut_of(&mut self.leaves, &leg).unwrap(),
            false => 0,
        });
        self.next += 1;
        let position = Position {
            pending: UNIT,
            restake: true,
            cuts,
            legs,
            ..Position::new(OWNER, 1 << 80, legs[0])
        };
        self.write(self.next, &position);
        self.next
    }

    /// Makes `count` delegators, each with a position behind the operator's line, and gives the number of the last position.
    pub fn delegators(&mut self, operator: u8, count: u32) -> u64 {
        let leg = self.leg(operator, FIRST, Leg::BONDED);
        for number in 0..count {
            let mut owner = OWNER;
            owner[17..].copy_from_slice(&number.to_be_bytes());
            self.next += 1;
            self.write(self.next, &Position::new(owner, UNIT, leg));
        }
        self.next
    }

    /// What an input touches that is not refused.
    pub fn count_done(&mut self, input: &Input, by: By) -> usize {
        let rules = self.rules;
        let context = Context {
            rules: &rules,
            epoch: EPOCH,
        };
        apply(&mut self.leaves.clone(), &context, input).unwrap();
        self.count(EPOCH, input, by)
    }

    /// What an input touches, the leaves of the ledger for a user's transaction included.
    pub fn count(&mut self, epoch: u64, input: &Input, by: By) -> usize {
        let before = self.leaves.iter().count();
        self.leaves.take_touched();
        let rules = self.rules;
        let context = Context {
            rules: &rules,
            epoch,
        };
        // What a refused transaction has read counts as well, and its fee is paid.
        let effects = match apply(&mut self.leaves, &context, input) {
            Ok(effects) => effects,
            Err(Error::Reject(_)) => Vec::new(),
            Err(fault) => panic!("{fault:?}"),
        };
        let mut touched = self.leaves.take_touched();
        let ledger = match by {
            By::Chain => 0,
            By::User => 6,
            By::Inbox => {
                touched.insert(Key::Maturity);
                6
            }
        };
        let made = self.leaves.iter().count() - before;
        let paid = effects
            .iter()
            .any(|effect| matches!(effect, Effect::Pay { .. }));
        let burned = effects
            .iter()
            .any(|effect| matches!(effect, Effect::Burn { .. }));
        let money = 2 * usize::from(paid) + usize::from(burned);
        touched.len() + made + money + ledger
    }
}

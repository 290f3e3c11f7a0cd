//! Builds the first state: checks everything, seats the operators, and writes the leaves in the protocol's order.

use std::collections::BTreeSet;

use plasmid_bridge::proof::set::Accumulator;
use plasmid_bridge::proof::{bls, vote};
use plasmid_staking::minima;
use plasmid_staking::{self as staking, Effect, Input, Key, Member, Place, Seat};

use super::{Built, Genesis, GenesisError, MAX_BALANCES, MAX_SUM};
use crate::chain::epoch::boundary::idle_boundary;
use crate::chain::epoch::set::{set_leaf, staking_rules};
use crate::chain::error::ExecutionFault;
use crate::chain::tree::{Change, Tree};
use crate::ledger::leaf::{
    AccountLeaf, AssetLeaf, Burned, EpochRecord, FeePool, InboxLeaf, NATIVE, Participation,
    SetLeaf, ShareBits, ValidatorLeaf, WithdrawalCounter,
};
use crate::ledger::leaves::write;
use crate::ledger::{Account, Leaves, Memory, OwnContracts, Seats, Slot, ring_place};

/// Checks genesis balances, which do not need the operators' registrations, and adds them up.
///
/// # Errors
/// [`GenesisError`] names the balance that cannot be.
pub fn check_balances(
    balances: &[(Account, u128)],
    contracts: &OwnContracts,
) -> Result<u128, GenesisError> {
    if balances.len() > MAX_BALANCES {
        return Err(GenesisError::Balances(balances.len()));
    }
    let mut before = None;
    for (place, (account, amount)) in balances.iter().enumerate() {
        let (account, amount) = (*account, *amount);
        if before.is_some_and(|before| before >= account) {
            return Err(GenesisError::Order { place, account });
        }
        before = Some(account);
        if amount == 0 || !account.can_receive() {
            return Err(GenesisError::Balance {
                place,
                account,
                amount,
            });
        }
        let usable = contracts.check(account, NATIVE);
        usable.map_err(|why| GenesisError::Unusable { place, why })?;
    }
    let mut amounts = balances.iter().map(|(_, amount)| *amount);
    amounts
        .try_fold(0u128, u128::checked_add)
        .filter(|sum| *sum <= MAX_SUM)
        .ok_or(GenesisError::Sum)
}

impl Genesis {
    /// Checks everything and builds the first state.
    ///
    /// # Errors
    /// [`GenesisError`] names what cannot be.
    pub fn build(&self) -> Result<Built, GenesisError> {
        self.parameters.validate()?;
        if self.parameters.registry.is_zero() {
            return Err(GenesisError::NoRegistry);
        }
        self.check_operators()?;
        let sum = self.check_sum()?;
        let mut seated = self.seat_operators()?;
        let members = self.roll(&mut seated, 0)?;
        self.roll(&mut seated, 1)?;
        let mut accumulator = Accumulator::default();
        for member in &members {
            accumulator.push(member)?;
        }
        let sets = [set_leaf(0, &accumulator), set_leaf(1, &accumulator)];
        let mut leaves = Memory::new();
        self.write_singletons(&mut leaves, sum)?;
        self.write_stake(&mut leaves, &mut seated)?;
        for (epoch, set) in (0u64..).zip(&sets) {
            self.write_epoch(&mut leaves, &mut seated, epoch, set)?;
        }
        for (account, balance) in &self.balances {
            let leaf = AccountLeaf {
                balance: *balance,
                ..AccountLeaf::default()
            };
            write(&mut leaves, &Slot::Account(*account), &leaf)?;
        }
        Ok(Built {
            tree: tree(&mut leaves)?,
            sum,
            members,
            sets,
        })
    }

    fn check_operators(&self) -> Result<(), GenesisError> {
        let (count, seats) = (self.operators.len(), self.parameters.seats);
        if count == 0 || count > usize::from(seats) {
            return Err(GenesisError::Operators { count, seats });
        }
        let mut operators = BTreeSet::new();
        let mut consensus = BTreeSet::new();
        let mut checkpoint = BTreeSet::new();
        for (place, operator) in self.operators.iter().enumerate() {
            let repeated = |what| GenesisError::Repeated { place, what };
            if !operators.insert(operator.operator) {
                return Err(repeated("account"));
            }
            if !consensus.insert(operator.consensus_key) {
                return Err(repeated("consensus key"));
            }
            if !checkpoint.insert(operator.checkpoint_key) {
                return Err(repeated("checkpoint key"));
            }
            if !vote::registrable_key(&operator.consensus_key) {
                let what = "consensus key";
                return Err(GenesisError::Key { place, what });
            }
            if bls::check_key(&operator.checkpoint_key).is_err() {
                let what = "checkpoint key";
                return Err(GenesisError::Key { place, what });
            }
        }
        Ok(())
    }

    /// Checks the balances and adds them to the stakes.
    fn check_sum(&self) -> Result<u128, GenesisError> {
        let balances = check_balances(&self.balances, &OwnContracts::of(&self.parameters))?;
        let mut stakes = self.operators.iter().map(|operator| operator.stake);
        stakes
            .try_fold(balances, u128::checked_add)
            .filter(|sum| *sum <= MAX_SUM)
            .ok_or(GenesisError::Sum)
    }

    /// Seats and minima, in leaves of their own: empty, then operator i at seat i.
    fn seat_operators(&self) -> Result<Memory, GenesisError> {
        let mut seated = Memory::new();
        for seat in 0..self.parameters.seats {
            write(&mut seated, &Slot::from(Key::Seat(seat)), &Seat::default())?;
        }
        for (level, index, node) in minima_nodes(self.parameters.seats) {
            write(
                &mut seated,
                &Slot::from(Key::Minima { level, index }),
                &node,
            )?;
        }
        let mut total = 0u64;
        for (seat, operator) in (0u16..).zip(&self.operators) {
            let place = Place {
                seat,
                operator: operator.operator,
                registration: operator.registration,
                consensus_key: operator.consensus_key,
                checkpoint_key: operator.checkpoint_key,
                stake: operator.stake,
            };
            for effect in self.stake(&mut seated, seat, Input::Place { place, total })? {
                if let Effect::Seated { power, .. } = effect {
                    total = total.saturating_add(power);
                }
            }
        }
        Ok(seated)
    }

    /// The set of an epoch, copied from the seats.
    fn roll(&self, seated: &mut Memory, epoch: u64) -> Result<Vec<Member>, GenesisError> {
        let input = Input::Roll {
            epoch,
            first: 0,
            count: self.parameters.seats,
            total: 0,
        };
        let effects = self.stake(seated, 0, input)?;
        Ok(effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Member(member) => Some(member),
                _ => None,
            })
            .collect())
    }

    fn stake(
        &self,
        seated: &mut Memory,
        seat: u16,
        input: Input,
    ) -> Result<Vec<Effect>, GenesisError> {
        let mut port = Seats(seated);
        let rules = staking_rules(&self.parameters);
        staking::apply(&mut port, &rules, input).map_err(|error| GenesisError::Seat {
            seat,
            why: ExecutionFault::staking(error).to_string(),
        })
    }

    fn write_singletons(&self, leaves: &mut Memory, sum: u128) -> Result<(), GenesisError> {
        write(leaves, &Slot::Parameters, &self.parameters)?;
        let mut symbol = [0; 32];
        symbol
            .iter_mut()
            .zip(b"ETH")
            .for_each(|(to, from)| *to = *from);
        let native = AssetLeaf {
            credited: sum,
            ..AssetLeaf::new(NATIVE, 18, 3, &symbol)
        };
        write(leaves, &Slot::Asset(NATIVE), &native)?;
        write(leaves, &Slot::FeePool, &FeePool::default())?;
        write(
            leaves,
            &Slot::WithdrawalCounter,
            &WithdrawalCounter::default(),
        )?;
        write(leaves, &Slot::Inbox, &InboxLeaf::default())?;
        write(leaves, &Slot::ShareBits, &ShareBits::default())?;
        write(leaves, &Slot::Boundary, &idle_boundary(2))?;
        write(leaves, &Slot::Burned, &Burned::default())?;
        Ok(())
    }

    fn write_stake(&self, leaves: &mut Memory, seated: &mut Memory) -> Result<(), GenesisError> {
        for seat in 0..self.parameters.seats {
            copy(seated, leaves, &Slot::from(Key::Seat(seat)))?;
        }
        for (level, index, _) in minima_nodes(self.parameters.seats) {
            copy(seated, leaves, &Slot::from(Key::Minima { level, index }))?;
        }
        for (seat, operator) in (0u16..).zip(&self.operators) {
            let leaf = ValidatorLeaf {
                registration: operator.registration,
                seat,
                bounty_bond: operator.bond,
            };
            write(leaves, &Slot::Validator(operator.operator), &leaf)?;
        }
        Ok(())
    }

    fn write_epoch(
        &self,
        leaves: &mut Memory,
        seated: &mut Memory,
        epoch: u64,
        set: &SetLeaf,
    ) -> Result<(), GenesisError> {
        let place = ring_place(epoch, self.parameters.ring);
        let slot = Slot::Participation { place };
        write(leaves, &slot, &Participation::default())?;
        for seat in 0..self.parameters.seats {
            copy(seated, leaves, &Slot::from(Key::Member { place, seat }))?;
        }
        write(leaves, &Slot::Set { place }, set)?;
        let first = self.operators.first().map(|operator| operator.operator);
        let relayer = first.filter(|_| epoch == 0).unwrap_or_default();
        let record = EpochRecord {
            epoch,
            relayer,
            ..EpochRecord::default()
        };
        write(leaves, &Slot::EpochRecord { place }, &record)?;
        Ok(())
    }
}

/// The tree of minima over empty seats, level 0 first.
fn minima_nodes(seats: u16) -> Vec<(u8, u16, minima::Node)> {
    let levels = minima::build(&vec![0; usize::from(seats)]);
    let mut out = Vec::new();
    for (level, nodes) in (0u8..).zip(levels) {
        out.extend(
            (0u16..)
                .zip(nodes)
                .map(|(index, node)| (level, index, node)),
        );
    }
    out
}

fn copy(from: &mut Memory, to: &mut Memory, slot: &Slot) -> Result<(), GenesisError> {
    let Ok(value) = from.read(slot);
    let value = value.ok_or_else(|| GenesisError::Leaves(format!("{slot:?} is missing")))?;
    let Ok(()) = to.write(slot, value);
    Ok(())
}

/// The tree of the leaves in the order in which they were made; the tree brings the sentinel itself.
fn tree(leaves: &mut Memory) -> Result<Tree, GenesisError> {
    let order = leaves.order().to_vec();
    let mut changes = Vec::with_capacity(order.len());
    for slot in order {
        let Ok(value) = leaves.read(&slot);
        changes.push(Change {
            key: slot.key(),
            kind: slot.kind(),
            value: value.unwrap_or_default(),
        });
    }
    let mut tree = Tree::new();
    tree.apply(&changes)?;
    Ok(tree)
}

//! Builds the first state: checks everything, seats the operators, and writes the leaves in the protocol's order.

use std::collections::BTreeMap;

use std::collections::BTreeSet;

use plasmid_bridge::proof::set::Accumulator;
use plasmid_bridge::proof::{bls, vote};
use plasmid_staking::rules::delegate::Delegate;
use plasmid_staking::rules::roll::Roll;
use plasmid_staking::{self as staking, Description, Founder, Input, Key, LineId, Member, Opening};

use super::{Backing, Built, Genesis, GenesisError, MAX_AMOUNT, MAX_ENTRIES, Operator};
use crate::chain::epoch::boundary::idle_boundary;
use crate::chain::epoch::set::{members_of, set_leaf};
use crate::chain::tree::{Change, Tree};
use crate::ledger::leaf::{
    AccountLeaf, AssetLeaf, Burned, EpochRecord, FeePool, InboxLeaf, NATIVE, Participation,
    SetLeaf, ShareBits, WithdrawalCounter,
};
use crate::ledger::leaves::write;
use crate::ledger::stake::{Stake, apply_at, staking_rules};
use crate::ledger::{Account, Leaves, Memory, OwnContracts, Parameters, Slot, ring_place};

/// Checks genesis balances and delegations, which do not need the operators' registrations, and adds them up: what whoever creates the contracts
/// pays in. `is_operator` knows the operators.
///
/// # Errors
/// [`GenesisError`] names the entry that cannot be.
pub fn check_money(
    balances: &[(Account, u128)],
    delegations: &[Backing],
    contracts: &OwnContracts,
    is_operator: impl Fn(&[u8; 20]) -> bool,
) -> Result<u128, GenesisError> {
    if balances.len().saturating_add(delegations.len()) > MAX_ENTRIES {
        return Err(GenesisError::Entries {
            balances: balances.len(),
            delegations: delegations.len(),
        });
    }
    let owned = balances.iter().map(|(account, amount)| Entry {
        account: *account,
        operator: None,
        amount: *amount,
    });
    let staked = delegations.iter().map(|one| Entry {
        account: one.owner,
        operator: Some(one.operator),
        amount: one.amount,
    });
    let balances = check_entries("balance", owned, contracts)?;
    let delegated = check_entries("delegation", staked, contracts)?;
    for (place, one) in delegations.iter().enumerate() {
        if !is_operator(&one.operator) {
            let operator = one.operator.into();
            return Err(GenesisError::NoOperator { place, operator });
        }
    }
    add(balances, delegated)
}

/// Checks what the line of a genesis operator promises, which does not need its registration.
///
/// # Errors
/// [`GenesisError::Opening`].
pub fn check_opening(
    operator: [u8; 20],
    opening: &Opening,
    parameters: &Parameters,
) -> Result<(), GenesisError> {
    let line = opening.line(&staking_rules(parameters));
    let operator = operator.into();
    line.map_err(|why| GenesisError::Opening { operator, why })?;
    Ok(())
}

/// A balance, or a delegation.
struct Entry {
    account: Account,
    operator: Option<[u8; 20]>,
    amount: u128,
}

fn check_entries(
    what: &'static str,
    entries: impl Iterator<Item = Entry>,
    contracts: &OwnContracts,
) -> Result<u128, GenesisError> {
    let (mut before, mut sum) = (None, 0);
    for (place, entry) in entries.enumerate() {
        let Entry {
            account, amount, ..
        } = entry;
        let key = Some((account, entry.operator));
        if before >= key {
            return Err(GenesisError::Order {
                what,
                place,
                account,
            });
        }
        before = key;
        if amount == 0 || !account.can_receive() {
            return Err(GenesisError::Amount {
                what,
                place,
                account,
                amount,
            });
        }
        let usable = contracts.check(account, NATIVE);
        usable.map_err(|why| GenesisError::Unusable { what, place, why })?;
        sum = add(sum, amount)?;
    }
    Ok(sum)
}

/// A sum that the Vault can hold.
fn add(left: u128, right: u128) -> Result<u128, GenesisError> {
    left.checked_add(right)
        .filter(|sum| *sum <= MAX_AMOUNT)
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
        let mut staked = self.stake_operators()?;
        let founded = staked.order().to_vec();
        let members = self.roll(&mut staked, 0)?;
        self.roll(&mut staked, 1)?;
        let positions = self.delegate(&mut staked)?;
        let mut accumulator = Accumulator::default();
        for member in &members {
            accumulator.push(member)?;
        }
        let sets = [set_leaf(0, &accumulator), set_leaf(1, &accumulator)];
        let mut leaves = Memory::new();
        self.write_singletons(&mut leaves, sum)?;
        for slot in &founded {
            copy(&mut staked, &mut leaves, slot)?;
        }
        for (epoch, set) in (0u64..).zip(&sets) {
            self.write_epoch(&mut leaves, &mut staked, epoch, set)?;
        }
        for (account, balance) in &self.balances {
            let leaf = AccountLeaf {
                balance: *balance,
                ..AccountLeaf::default()
            };
            write(&mut leaves, &Slot::Account(*account), &leaf)?;
        }
        for slot in &positions {
            copy(&mut staked, &mut leaves, slot)?;
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
            let needed = self.parameters.min_seat.max(self.parameters.unit);
            if operator.stake < needed {
                return Err(GenesisError::BelowSeat {
                    operator: operator.operator.into(),
                    stake: operator.stake,
                    needed,
                });
            }
            check_opening(operator.operator, &operator.opening, &self.parameters)?;
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

    /// Checks balances and delegations and adds them to the stakes.
    fn check_sum(&self) -> Result<u128, GenesisError> {
        let contracts = OwnContracts::of(&self.parameters);
        let known: BTreeSet<_> = self.operators.iter().map(|one| one.operator).collect();
        let is_operator = |operator: &[u8; 20]| known.contains(operator);
        let paid = check_money(&self.balances, &self.delegations, &contracts, is_operator)?;
        let mut stakes = self.operators.iter().map(|operator| operator.stake);
        stakes.try_fold(paid, add)
    }

    /// The leaves of stake, in leaves of their own: operator i at seat i.
    fn stake_operators(&self) -> Result<Memory, GenesisError> {
        let mut staked = Memory::new();
        let founders: Vec<Founder> = self.operators.iter().map(founder).collect();
        let rules = staking_rules(&self.parameters);
        staking::found(&mut Stake(&mut staked), &rules, &founders)
            .map_err(|error| GenesisError::Stake(error.to_string()))?;
        Ok(staked)
    }

    /// The set of an epoch, copied from the seats.
    fn roll(&self, staked: &mut Memory, epoch: u64) -> Result<Vec<Member>, GenesisError> {
        let input = Input::Roll(Roll {
            epoch,
            first: 0,
            count: self.parameters.seats,
            total: 0,
        });
        let effects = apply_at(staked, &self.parameters, 0, &input)
            .map_err(|error| GenesisError::Stake(error.to_string()))?;
        Ok(members_of(effects))
    }

    /// The delegations, by the rule of a delegation in epoch 0; its money is in Σ and leaves no account. Gives the leaves that it made.
    fn delegate(&self, staked: &mut Memory) -> Result<Vec<Slot>, GenesisError> {
        let before = staked.order().len();
        // An operator's line has the number of its registration. All that it begins with is agreed on together with the delegations.
        let operators = self.operators.iter();
        let lines: BTreeMap<_, (u64, u16)> = operators
            .map(|one| (one.operator, (one.registration, one.opening.commission)))
            .collect();
        for one in &self.delegations {
            let operator = one.operator;
            let (line, max_commission) = lines.get(&operator).copied().unwrap_or_default();
            let input = Input::Delegate(Delegate {
                from: one.owner.bytes(),
                to: LineId { operator, line },
                amount: one.amount,
                max_commission,
            });
            apply_at(staked, &self.parameters, 0, &input)
                .map_err(|error| GenesisError::Stake(error.to_string()))?;
        }
        Ok(staked.order().get(before..).unwrap_or_default().to_vec())
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

    fn write_epoch(
        &self,
        leaves: &mut Memory,
        staked: &mut Memory,
        epoch: u64,
        set: &SetLeaf,
    ) -> Result<(), GenesisError> {
        let place = ring_place(epoch, self.parameters.ring);
        let slot = Slot::Participation { place };
        write(leaves, &slot, &Participation::default())?;
        for seat in 0..self.parameters.seats {
            copy(staked, leaves, &Slot::from(Key::Member { place, seat }))?;
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

fn founder(operator: &Operator) -> Founder {
    Founder {
        operator: operator.operator,
        address: Account::ed25519(&operator.consensus_key).id,
        consensus_key: operator.consensus_key,
        checkpoint_key: operator.checkpoint_key,
        stake: operator.stake,
        opening: operator.opening,
        description: operator.profile.map(|profile| Description(profile.bytes())),
    }
}

fn copy(from: &mut Memory, to: &mut Memory, slot: &Slot) -> Result<(), GenesisError> {
    let Ok(value) = from.read(slot);
    let value = value.ok_or_else(|| GenesisError::Leaves(format!("{slot} is missing")))?;
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

//! What the leaves of a state are paid on root when the deployment is over, and their proof (DESIGN section 10). Twin: `Exits.sol`.
//!
//! ```text
//! state ─▶ Payable: index, what, to whom ─▶ batches ─▶ Proof: the opened leaves and one multiproof under the state root
//! ```
//! The key of an account's leaf is a hash, so a state alone does not say whose the leaf is: whoever carries it has to know the account.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use plasmid_bridge::proof::Hash;
use plasmid_staking::{Key, Position, Rewards};

use super::tree::{Tree, TreeError};
use crate::ledger::leaf::{
    AccountLeaf, AssetLeaf, FeePool, LeafError, NATIVE, TokenBalance, Withdrawal, WithdrawalCounter,
};
use crate::ledger::{Account, Parameters, Slot, Value};

#[cfg(test)]
pub(crate) mod tests;

/// Why a state gives nothing, or no proof.
#[derive(Debug, thiserror::Error)]
pub enum ExitProofError {
    /// A leaf that this program did not write.
    #[error(transparent)]
    Leaf(#[from] LeafError),
    /// A leaf or proof that the tree does not have.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// More leaves than a place has bits.
    #[error("{0} leaves are too many for one proof")]
    TooMany(usize),
}

/// To whom a leaf belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// An account of the child.
    Account(Account),
    /// An address on root: the recipient of a withdrawal.
    Address([u8; 20]),
    /// Nobody: the residue address of the parameters is paid.
    Nobody,
}

/// A leaf that root pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payable {
    /// Its index, by which root knows what it has paid.
    pub index: u32,
    /// What it is.
    pub slot: Slot,
    /// The token; zero is the native coin.
    pub token: [u8; 20],
    /// How much, never 0.
    pub amount: u128,
    /// To whom it belongs.
    pub owner: Owner,
}

/// The leaves of a range of indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeafRange {
    /// The leaves that can be proven, ascending by index.
    pub payable: Vec<Payable>,
    /// Indices of leaves that hold something and whose account is not known.
    pub unknown: Vec<u32>,
}

/// A leaf, opened so far that its key and its value can be computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedLeaf {
    /// Its index.
    pub index: u32,
    /// Its kind.
    pub kind: u8,
    /// The place, from 1, of the leaf in the proof that says where this one is paid; 0 where none does.
    pub place: u16,
    /// The next larger key.
    pub next: Hash,
    /// What the key hashes behind the kind.
    pub fields: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
}

/// OpenedLeaf leaves with what proves them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Number of leaves of the state.
    pub count: u32,
    /// The leaves, ascending by index.
    pub leaves: Vec<OpenedLeaf>,
    /// One multiproof.
    pub siblings: Vec<Hash>,
}

fn value<V: Value>(tree: &Tree, slot: &Slot) -> Result<Option<(u32, V)>, ExitProofError> {
    match tree.get(&slot.key()) {
        Some((index, kind, bytes)) if kind == V::KIND => Ok(Some((index, V::decode(bytes)?))),
        _ => Ok(None),
    }
}

/// What an account is paid: its native coin, its tokens and, as an address, the withdrawals to it; ascending by index.
///
/// # Errors
/// A leaf that does not decode.
pub fn of_account(tree: &Tree, account: Account) -> Result<Vec<Payable>, ExitProofError> {
    let mut found = Vec::new();
    let whole = 0..=u32::MAX;
    own(tree, account, &tokens(tree)?, &mut found)?;
    if account.kind == Account::ETHEREUM {
        let is_own = |payable: &Payable| payable.owner == Owner::Address(account.id);
        found.extend(withdrawals(tree, &whole)?.into_iter().filter(is_own));
    }
    found.sort_unstable_by_key(|payable| payable.index);
    Ok(found)
}

/// What can be paid of the leaves in a range of indices, where these accounts are known. The owners of positions, the operators and whoever
/// is paid by a withdrawal stand in the state itself, and are known too.
///
/// # Errors
/// A leaf that does not decode.
pub fn of_range(
    tree: &Tree,
    range: &RangeInclusive<u32>,
    known: &BTreeSet<Account>,
) -> Result<LeafRange, ExitProofError> {
    let mut accounts = named_inside(tree)?;
    accounts.extend(known);
    let tokens = tokens(tree)?;
    let mut payable = withdrawals(tree, range)?;
    for account in accounts {
        own(tree, account, &tokens, &mut payable)?;
    }
    payable.extend(pools(tree)?);
    payable.retain(|payable| range.contains(&payable.index));
    payable.sort_unstable_by_key(|payable| payable.index);
    let provable: BTreeSet<u32> = payable.iter().map(|payable| payable.index).collect();
    let mut unknown = Vec::new();
    for leaf in tree.iter().filter(|leaf| range.contains(&leaf.index)) {
        let holds = match leaf.kind {
            AccountLeaf::KIND => AccountLeaf::decode(leaf.value)?.balance != 0,
            TokenBalance::KIND => TokenBalance::decode(leaf.value)?.amount != 0,
            _ => false,
        };
        if holds && !provable.contains(&leaf.index) {
            unknown.push(leaf.index);
        }
    }
    Ok(LeafRange { payable, unknown })
}

/// Where an account of kind 1 said on the child that root pays it, if it did.
///
/// # Errors
/// A leaf that does not decode.
pub fn payout(tree: &Tree, account: Account) -> Result<Option<[u8; 20]>, ExitProofError> {
    let leaf = value::<AccountLeaf>(tree, &Slot::Account(account))?;
    Ok(leaf
        .map(|(_, leaf)| leaf.payout)
        .filter(|payout| *payout != [0; 20]))
}

/// Splits what is paid into parts whose proofs have `most` leaves at most, those included that only say where others are paid. `named` are the
/// accounts of kind 1 that said it on root.
pub fn parts(
    tree: &Tree,
    payable: &[Payable],
    named: &BTreeSet<Account>,
    most: usize,
) -> Vec<Vec<Payable>> {
    let mut parts: Vec<Vec<Payable>> = Vec::new();
    let mut indices = BTreeSet::new();
    for one in payable {
        let more: Vec<u32> = [Some(one.index), beside(tree, one, named)]
            .into_iter()
            .flatten()
            .collect();
        let added = more.iter().filter(|index| !indices.contains(*index));
        if indices.len().saturating_add(added.count()) > most || parts.is_empty() {
            indices.clear();
            parts.push(Vec::new());
        }
        indices.extend(more);
        if let Some(part) = parts.last_mut() {
            part.push(*one);
        }
    }
    parts
}

/// Opens these leaves and those that say where they are paid, under the root of the state. `named` as in [`parts`].
///
/// # Errors
/// Nothing to prove, or a leaf that the state does not have.
pub fn prove(
    tree: &Tree,
    payable: &[Payable],
    named: &BTreeSet<Account>,
) -> Result<Proof, ExitProofError> {
    let mut slots = BTreeMap::new();
    for one in payable {
        slots.insert(one.index, one.slot);
        if let (Some(index), Some(slot)) = (beside(tree, one, named), told_by(one)) {
            slots.insert(index, slot);
        }
    }
    let indices: Vec<u32> = slots.keys().copied().collect();
    let wanted: BTreeMap<u32, u32> = payable
        .iter()
        .filter_map(|one| Some((one.index, beside(tree, one, named)?)))
        .collect();
    let mut leaves = Vec::with_capacity(slots.len());
    for (index, slot) in &slots {
        let count = tree.count();
        let leaf = tree.leaf(*index).ok_or(TreeError::OutOfRange {
            index: *index,
            count,
        })?;
        let place = match wanted.get(index).map(|other| indices.binary_search(other)) {
            Some(Ok(place)) => place.saturating_add(1),
            _ => 0,
        };
        leaves.push(OpenedLeaf {
            index: *index,
            kind: leaf.kind,
            place: u16::try_from(place).map_err(|_| ExitProofError::TooMany(slots.len()))?,
            next: *leaf.next,
            fields: slot.preimage().split_off(1),
            value: leaf.value.to_vec(),
        });
    }
    Ok(Proof {
        count: tree.count(),
        leaves,
        siblings: tree.multiproof(&indices)?.siblings,
    })
}

/// The leaf that says where another one is paid: the account's for tokens of kind 1, the parameters' for what belongs to nobody.
fn told_by(payable: &Payable) -> Option<Slot> {
    match (payable.owner, payable.slot) {
        (Owner::Account(account), Slot::TokenBalance(..)) if account.kind == Account::ED25519 => {
            Some(Slot::Account(account))
        }
        (Owner::Nobody, _) => Some(Slot::Parameters),
        _ => None,
    }
}

/// The index of that leaf, where it has to be shown.
fn beside(tree: &Tree, payable: &Payable, named: &BTreeSet<Account>) -> Option<u32> {
    match payable.owner {
        Owner::Account(account) if named.contains(&account) => None,
        _ => told_by(payable)
            .and_then(|slot| tree.get(&slot.key()))
            .map(|(index, _, _)| index),
    }
}

/// The balances of an account.
fn own(
    tree: &Tree,
    account: Account,
    tokens: &[[u8; 20]],
    into: &mut Vec<Payable>,
) -> Result<(), ExitProofError> {
    let owner = Owner::Account(account);
    let mut add = |index, slot, token, amount| {
        if amount != 0 {
            into.push(Payable {
                index,
                slot,
                token,
                amount,
                owner,
            });
        }
    };
    let slot = Slot::Account(account);
    if let Some((index, leaf)) = value::<AccountLeaf>(tree, &slot)? {
        add(index, slot, NATIVE, leaf.balance);
    }
    for token in tokens {
        let slot = Slot::TokenBalance(account, *token);
        if let Some((index, leaf)) = value::<TokenBalance>(tree, &slot)? {
            add(index, slot, *token, leaf.amount);
        }
    }
    Ok(())
}

/// Every token that the state knows.
fn tokens(tree: &Tree) -> Result<Vec<[u8; 20]>, ExitProofError> {
    let mut tokens = Vec::new();
    for leaf in tree.iter().filter(|leaf| leaf.kind == AssetLeaf::KIND) {
        let token = AssetLeaf::decode(leaf.value)?.token;
        if token != NATIVE {
            tokens.push(token);
        }
    }
    Ok(tokens)
}

/// The withdrawals whose leaves lie in a range. Their numbers are in no value, so each key is looked for.
fn withdrawals(tree: &Tree, range: &RangeInclusive<u32>) -> Result<Vec<Payable>, ExitProofError> {
    let counter = value::<WithdrawalCounter>(tree, &Slot::WithdrawalCounter)?;
    let next = counter.map_or(1, |(_, counter)| counter.next);
    let mut found = Vec::new();
    for number in 1..next {
        let slot = Slot::Withdrawal(number);
        let Some((index, leaf)) = value::<Withdrawal>(tree, &slot)? else {
            continue;
        };
        if range.contains(&index) {
            found.push(Payable {
                index,
                slot,
                token: leaf.token,
                amount: leaf.amount,
                owner: Owner::Address(leaf.recipient),
            });
        }
    }
    Ok(found)
}

/// What belongs to nobody, where the parameters name who gets it.
fn pools(tree: &Tree) -> Result<Vec<Payable>, ExitProofError> {
    let parameters = value::<Parameters>(tree, &Slot::Parameters)?;
    if parameters.is_none_or(|(_, parameters)| parameters.residue.is_zero()) {
        return Ok(Vec::new());
    }
    let fees = value::<FeePool>(tree, &Slot::FeePool)?.map(|(index, leaf)| (index, leaf.amount));
    let rewards = Slot::Staking(Key::Rewards);
    let pool = value::<Rewards>(tree, &rewards)?.map(|(index, leaf)| (index, leaf.pool));
    let both = [(Slot::FeePool, fees), (rewards, pool)];
    let held = both.into_iter().filter_map(|(slot, leaf)| {
        leaf.filter(|(_, amount)| *amount != 0)
            .map(|(index, amount)| Payable {
                index,
                slot,
                token: NATIVE,
                amount,
                owner: Owner::Nobody,
            })
    });
    Ok(held.collect())
}

/// Accounts that stand in values of the state: owners of positions, and those that money was withdrawn to.
fn named_inside(tree: &Tree) -> Result<BTreeSet<Account>, ExitProofError> {
    let mut accounts = BTreeSet::new();
    for leaf in tree.iter() {
        match leaf.kind {
            Position::KIND => {
                let owner = Position::decode(leaf.value)?.owner;
                accounts.insert(Account::from_bytes(&owner));
            }
            Withdrawal::KIND => {
                accounts.insert(Account::ethereum(Withdrawal::decode(leaf.value)?.recipient));
            }
            _ => {}
        }
    }
    Ok(accounts)
}

//! The difference of two committed sets, as the engine wants it: what changed, by consensus key.
//!
//! CometBFT stops on the removal of an absent key, on a key named twice and on an empty set; none of them leaves here.

use std::collections::BTreeMap;

use crate::Member;

/// One validator update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Ed25519 key that signs votes.
    pub consensus_key: [u8; 32],
    /// New power; zero removes the key.
    pub power: u64,
}

/// What the engine is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Updates ordered by seat, a removal before the arrival at the same seat; empty when nothing changed.
    Updates(Vec<Update>),
    /// The new set has no member: the engine keeps the old one, and whoever asked must report it.
    KeepOld,
}

/// A set that no engine could run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DifferenceError {
    /// Two members of one set share a key.
    #[error("seats {first} and {second} of one set hold the same consensus key")]
    DuplicateKey {
        /// The lower of the two seats with this key, from 0.
        first: u16,
        /// The higher of the two seats with this key.
        second: u16,
    },
    /// Not in seat order, or a seat twice.
    #[error("seat {second} follows seat {first}; members stand in ascending order of seats")]
    Order {
        /// The seat that stands earlier in the list.
        first: u16,
        /// The seat that follows it although its number is not higher.
        second: u16,
    },
    /// A member without power.
    #[error("the member at seat {seat} has no power")]
    NoPower {
        /// The seat whose member has power 0.
        seat: u16,
    },
}

/// What turns the engine's set `old` into `new`. Both are in seat order.
pub fn difference(old: &[Member], new: &[Member]) -> Result<Difference, DifferenceError> {
    let before = by_key(old)?;
    let after = by_key(new)?;
    if after.is_empty() {
        return Ok(Difference::KeepOld);
    }
    let gone = before.iter().filter(|(key, _)| !after.contains_key(*key));
    let changed = after
        .iter()
        .filter(|(key, member)| before.get(*key).map(|held| held.power) != Some(member.power));
    let mut updates: BTreeMap<(u16, bool), Update> = BTreeMap::new();
    for (key, member) in gone {
        updates.insert((member.seat, false), update(*key, 0));
    }
    for (key, member) in changed {
        updates.insert((member.seat, true), update(*key, member.power));
    }
    Ok(Difference::Updates(updates.into_values().collect()))
}

fn update(consensus_key: [u8; 32], power: u64) -> Update {
    Update {
        consensus_key,
        power,
    }
}

fn by_key(members: &[Member]) -> Result<BTreeMap<[u8; 32], &Member>, DifferenceError> {
    let mut map: BTreeMap<[u8; 32], &Member> = BTreeMap::new();
    for (first, second) in members.iter().zip(members.iter().skip(1)) {
        if first.seat >= second.seat {
            return Err(DifferenceError::Order {
                first: first.seat,
                second: second.seat,
            });
        }
    }
    for member in members {
        if member.power == 0 {
            return Err(DifferenceError::NoPower { seat: member.seat });
        }
        if let Some(held) = map.insert(member.consensus_key, member) {
            return Err(DifferenceError::DuplicateKey {
                first: held.seat,
                second: member.seat,
            });
        }
    }
    Ok(map)
}

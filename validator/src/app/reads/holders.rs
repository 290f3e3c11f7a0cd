//! Who owns positions and who registered: an index beside the state, in memory, made from the leaves alone.
//!
//! ```text
//! owner 21 ‖ position u64     every position that was ever made, by its owner
//! operator 20                 every operator that ever registered, in the order of the first registration
//! ```
//! Leaves never move or go, and the owner of a position never changes, so each leaf is looked at once, by whoever asks first; a start looks
//! at all of them in the background. No block does anything for it, it cannot be ahead of the state or behind it when it is asked, and it is
//! smaller than the leaves that it tells of. A position that was paid out has no owner in today's state: for who asks about the past, it is looked up in the oldest
//! state that still has it.

use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::{MutexGuard, PoisonError};

use plasmid_staking::{Account, Counter, Key, Position, Signer, Value};

use super::{
    Past, ReadError, Reader,
    accounts::{decode, value},
    on_tree,
};
use crate::{chain::tree::Tree, ledger::Slot};

/// Positions, and leaves, that are looked at while the state is held.
const POSITIONS: u64 = 1_024;
const LEAVES: u32 = 1 << 14;
/// Positions that were paid out whose owners one read looks up in past states.
const GONE: usize = 4_096;
/// How many positions, or leaves, lie between two notes in the log while a start looks at all of them.
const NOTED: u64 = 1_000_000;

/// What is known by now.
#[derive(Debug, Default)]
pub struct Holders {
    /// Positions looked at, and leaves.
    positions: u64,
    leaves: u32,
    owned: BTreeSet<(Account, u64)>,
    /// Positions that were gone when they were looked at.
    gone: VecDeque<u64>,
    operators: Vec<[u8; 20]>,
    known: BTreeSet<[u8; 20]>,
}

impl Holders {
    /// The numbers of at most `most` positions of an owner, from number `from` on. An owner may have any number of positions, and other readers wait for this index meanwhile.
    pub fn of(&self, owner: Account, from: u64, most: usize) -> Vec<u64> {
        let range = self.owned.range((owner, from)..=(owner, u64::MAX));
        range.take(most).map(|(_, number)| *number).collect()
    }

    /// The numbers of at most `most` positions of an owner, the newest one first.
    pub fn newest(&self, owner: Account, most: usize) -> Vec<u64> {
        let range = self.owned.range((owner, 0)..=(owner, u64::MAX)).rev();
        range.take(most).map(|(_, number)| *number).collect()
    }

    /// The first number of a position that was not looked at: whoever asks about a later state than this index was made from goes on there.
    pub const fn next_position(&self) -> u64 {
        self.positions.saturating_add(1)
    }

    /// How many leaves were looked at for operators.
    pub const fn leaves(&self) -> u32 {
        self.leaves
    }

    /// How many operators are known.
    pub const fn operator_count(&self) -> usize {
        self.operators.len()
    }

    /// At most `most` operators from place `from` on, in the order of their first registrations.
    pub fn operators(&self, from: usize, most: usize) -> Vec<[u8; 20]> {
        let operators = self.operators.iter().skip(from);
        operators.take(most).copied().collect()
    }

    /// Looks at the next leaves; breaks when there are no more.
    fn look(&mut self, tree: &Tree) -> Result<ControlFlow<()>, ReadError> {
        let counter: Option<Counter> = value(tree, &Slot::from(Key::Counter))?;
        let last = counter.map_or(0, |Counter(next)| next.saturating_sub(1));
        let until = self.positions.saturating_add(POSITIONS).min(last);
        for number in self.positions.saturating_add(1)..=until {
            let held: Option<Position> = value(tree, &Slot::from(Key::Position(number)))?;
            match held.filter(|held| !held.is_gone()) {
                Some(held) => {
                    self.owned.insert((held.owner, number));
                }
                None => self.gone.push_back(number),
            }
        }
        self.positions = self.positions.max(until);
        let end = self.leaves.saturating_add(LEAVES).min(tree.count());
        let leaves = (self.leaves..end).filter_map(|index| tree.leaf(index));
        for leaf in leaves.filter(|leaf| leaf.kind == Signer::KIND) {
            let Signer { operator, .. } = decode(leaf.value)?;
            if self.known.insert(operator) {
                self.operators.push(operator);
            }
        }
        self.leaves = self.leaves.max(end);
        Ok(
            match (last, tree.count()) == (self.positions, self.leaves) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            },
        )
    }
}

fn lock<'a>(source: &'a Reader<'_>) -> MutexGuard<'a, Holders> {
    let holders = &source.remembered().holders;
    holders.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The index as of the tip. `past` says that somebody asks for a past state, in which positions stand that are gone now.
///
/// # Errors
/// [`ReadError::Unavailable`] when nobody waits for this read any more, or when too many past positions have to be looked up first.
pub(super) fn holders<'a>(
    source: &'a Reader<'_>,
    past: bool,
) -> Result<MutexGuard<'a, Holders>, ReadError> {
    find(source, |_| {})?;
    if past {
        find_gone(source)?;
    }
    Ok(lock(source))
}

/// Looks at all that was not looked at yet. Several readers share the work, and none holds the index while another one's part lasts.
fn find(source: &Reader<'_>, mut told: impl FnMut(&Holders)) -> Result<(), ReadError> {
    loop {
        let mut holders = lock(source);
        let looked = on_tree(source, |tree| holders.look(tree))??;
        told(&holders);
        if looked.is_break() {
            return Ok(());
        }
    }
}

/// Makes the index of a node that has just started, and says how far it is.
///
/// # Errors
/// [`ReadError`] when the state cannot be read; whoever asks next goes on.
pub fn find_holders(source: &Reader<'_>) -> Result<(), ReadError> {
    let mut noted = 0;
    find(source, |holders| {
        let seen = holders.positions.saturating_add(holders.leaves.into());
        if seen / NOTED > noted {
            noted = seen / NOTED;
            let (positions, leaves) = (holders.positions, holders.leaves);
            tracing::info!(positions, leaves, "looking for who owns stake");
        }
    })
}

/// Looks up who owned positions that are gone. One that no kept state has is forgotten.
fn find_gone(source: &Reader<'_>) -> Result<(), ReadError> {
    for _ in 0..GONE {
        let Some(number) = lock(source).gone.front().copied() else {
            return Ok(());
        };
        let owner = owner_of_gone(source, number)?;
        let mut holders = lock(source);
        // Another reader may have looked it up meanwhile.
        if holders.gone.front() == Some(&number) {
            holders.gone.pop_front();
        }
        holders.owned.extend(owner.map(|owner| (owner, number)));
    }
    Err(ReadError::Unavailable(
        "this node is still looking up who owned positions that were paid out: ask again".into(),
    ))
}

/// Who owned a position in the oldest kept state that has its leaf. One that was gone there already stands in no kept state.
fn owner_of_gone(source: &Reader<'_>, number: u64) -> Result<Option<Account>, ReadError> {
    let key = Slot::from(Key::Position(number)).key();
    let mark = on_tree(source, |tree| {
        let (index, _, _) = tree.get(&key)?;
        tree.first_mark_with(index)
    })?;
    let Some(mark) = mark else {
        return Ok(None);
    };
    // Where it is given up just now, whoever asks again finds a later state.
    let again = |error| match error {
        ReadError::NotFound(why) => ReadError::Unavailable(format!("{why}: ask again")),
        error => error,
    };
    let past = Past::of(source, mark.epoch).map_err(again)?;
    let leaf = past.get(&key).map_err(again)?;
    let held: Option<Position> = leaf.map(|leaf| decode(&leaf.value)).transpose()?;
    Ok(held.filter(|held| !held.is_gone()).map(|held| held.owner))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An owner may have any number of positions, and whoever asks holds the index for no more of them than it reads.
    #[test]
    fn no_more_is_taken_of_the_index_than_is_asked_for() {
        let [first, second] = [[1; 21], [2; 21]];
        let mut holders = Holders {
            operators: (0..9).map(|byte| [byte; 20]).collect(),
            ..Holders::default()
        };
        for number in 0..1_000 {
            let owner = if number % 2 == 0 { first } else { second };
            holders.owned.insert((owner, number));
        }
        assert_eq!(holders.newest(first, 3), [998, 996, 994]);
        assert_eq!(holders.newest(second, 2), [999, 997]);
        assert_eq!(holders.of(first, 5, 3), [6, 8, 10]);
        assert_eq!(holders.of(second, 997, 3), [997, 999]);
        assert_eq!(holders.newest(first, usize::MAX).len(), 500);
        assert_eq!(holders.newest([3; 21], 3), [0; 0]);
        assert_eq!(holders.operators(7, 9), [[7; 20], [8; 20]]);
        assert_eq!(holders.operators(0, 1), [[0; 20]]);
        assert_eq!(holders.operators(usize::MAX, 1), [[0; 20]; 0]);
        assert_eq!(holders.operator_count(), 9);
    }
}

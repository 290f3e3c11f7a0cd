//! The set that signs the checkpoint of an epoch, for as long as root may need signatures over it.
//!
//! ```text
//! set e + 1 ──┬── the genesis's set, when it has its commitment
//!             ├── the ring of the tip, while that holds epoch e + 1
//!             └── the ring as it was at the end of epoch e: that state is kept until root has settled epoch e (reads/past.rs)
//! ```
//! Checkpoint e − 1 commits to set e + 1, so members that are read from a past state are compared with it before anyone uses them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use alloy_primitives::B256;
use plasmid_bridge::proof::set::commit;
use plasmid_staking::{self as staking, Member, first_height};

use super::reads::{DiskRead, Door, Past, ReadError, Trees};
use super::unread::Unread;
use super::{App, lock};
use crate::chain::epoch::set::set_at;
use crate::chain::tree::Tree;
use crate::engine::abci::Fault;
use crate::ledger::leaves::LeafFault;
use crate::ledger::stake::{Stake, staking_rules};
use crate::ledger::{Leaves, Slot};

/// Sets of ended epochs that are remembered. The largest has 512 members of about 170 bytes.
const MAX_REMEMBERED: usize = 16;

/// Sets that were read from the state, by commitment; the first ones go when there are too many.
#[derive(Debug, Default)]
pub(super) struct PastSets(Mutex<VecDeque<(B256, Arc<Vec<Member>>)>>);

impl PastSets {
    fn get(&self, commitment: &B256) -> Option<Arc<Vec<Member>>> {
        let sets = lock(&self.0);
        let mut sets = sets.iter();
        let found = sets.find(|(known, _)| known == commitment)?;
        Some(Arc::clone(&found.1))
    }

    fn insert(&self, commitment: B256, members: Arc<Vec<Member>>) {
        let mut sets = lock(&self.0);
        if sets.iter().all(|(known, _)| *known != commitment) {
            sets.push_back((commitment, members));
        }
        while sets.len() > MAX_REMEMBERED {
            sets.pop_front();
        }
    }
}

/// The leaves of a past state, as the rules read them.
struct PastLeaves<'a>(Past<'a>);

impl Leaves for PastLeaves<'_> {
    type Error = ReadError;

    fn read(&mut self, slot: &Slot) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.0.get(&slot.key())?.map(|leaf| leaf.value))
    }

    fn write(&mut self, _: &Slot, _: Vec<u8>) -> Result<(), ReadError> {
        Err(ReadError::Internal("a past state is not written".into()))
    }

    fn count(&self) -> u32 {
        self.0.count()
    }
}

/// The application's state for its own duty, which nobody else's reads may keep waiting.
pub(super) struct OwnTrees<'a>(pub(super) &'a App);

impl Trees for OwnTrees<'_> {
    fn look(&self, visit: &mut dyn FnMut(&Tree)) -> Result<(), ReadError> {
        visit(&self.0.state().tree);
        Ok(())
    }

    fn enter_disk(&self) -> Result<DiskRead<'_>, ReadError> {
        self.0.disk().enter(Door::Own)
    }
}

impl App {
    /// The set that signs an epoch's checkpoint. `None` when the epoch is not over, or root has settled it so long ago that this node does
    /// not keep the set any more.
    ///
    /// # Errors
    /// [`Unread`] when the state or the store cannot be read.
    pub fn signers(&self, epoch: u64) -> Result<Option<Vec<Member>>, Unread> {
        self.signers_by(&OwnTrees(self), epoch)
    }

    /// The set that signs an epoch's checkpoint, for a read that looks at past states by `trees`.
    ///
    /// # Errors
    /// As [`App::signers`]; [`Unread::Passing`] also when that read was stopped, or others read the disk.
    pub fn signers_by(&self, trees: &dyn Trees, epoch: u64) -> Result<Option<Vec<Member>>, Unread> {
        if epoch >= self.ended() {
            return Ok(None);
        }
        let (first, first_commitment) = &self.first_set;
        // Set e + 1 is stated by checkpoint e - 1, and that of epoch 1 by the genesis.
        let wanted = match epoch.checked_sub(1) {
            None => *first_commitment,
            Some(before) => match self.checkpoint(before)? {
                Some(checkpoint) => checkpoint.next_set,
                None => return Ok(None),
            },
        };
        if wanted == *first_commitment {
            return Ok(Some(first.clone()));
        }
        if let Some(known) = self.past_sets.get(&wanted) {
            return Ok(Some(known.as_ref().clone()));
        }
        let height = first_height(epoch.saturating_add(1), self.parameters.epoch_blocks);
        let height = height.ok_or_else(|| Fault::new(format!("epoch {epoch} has no height")))?;
        // The state is let go before the set is remembered.
        let at_tip = set_at(&self.state().tree, height);
        if let Ok(members) = at_tip {
            self.past_sets.insert(wanted, Arc::new(members.clone()));
            return Ok(Some(members));
        }
        let Some(members) = self.past_set(trees, epoch, height)? else {
            return Ok(None);
        };
        let found = commit(&members).map_err(Fault::new)?.commitment;
        if found != wanted {
            return Err(Unread::Fault(Fault::new(format!(
                "the set in the state at the end of epoch {epoch} has commitment {found}, and the checkpoint before states {wanted}: the store is damaged"
            ))));
        }
        self.past_sets.insert(wanted, Arc::new(members.clone()));
        Ok(Some(members))
    }

    /// The set of `height` as the state at the end of `epoch` has it; `None` when that state is not kept any more.
    fn past_set(
        &self,
        trees: &dyn Trees,
        epoch: u64,
        height: u64,
    ) -> Result<Option<Vec<Member>>, Unread> {
        let rules = staking_rules(&self.parameters);
        let read = Past::of(trees, epoch).and_then(|past| {
            let mut leaves = PastLeaves(past);
            let mut leaves = Stake(&mut leaves);
            let blocks = self.parameters.epoch_blocks;
            staking::set_at(&mut leaves, &rules, height, blocks).map_err(read_error)
        });
        match read {
            Ok(members) => Ok(Some(members)),
            Err(ReadError::NotFound(_)) => Ok(None),
            Err(ReadError::Unavailable(why)) => Err(Unread::Passing(why)),
            Err(error) => Err(Unread::Fault(Fault::new(error))),
        }
    }
}

fn read_error(error: staking::Error<LeafFault<ReadError>>) -> ReadError {
    match error {
        staking::Error::Fault(LeafFault::Leaves(error)) => error,
        staking::Error::Fault(fault) => ReadError::Internal(fault.to_string()),
        error => ReadError::Internal(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_sets_of_the_past_are_remembered_and_the_first_ones_go() {
        let sets = PastSets::default();
        let name = |number: usize| B256::with_last_byte(u8::try_from(number).expect("small"));
        for number in 0..100 {
            sets.insert(name(number), Arc::new(Vec::new()));
            sets.insert(name(number), Arc::new(Vec::new()));
        }
        let kept = (0..100).filter(|number| sets.get(&name(*number)).is_some());
        assert!(kept.eq(100 - MAX_REMEMBERED..100));
    }
}

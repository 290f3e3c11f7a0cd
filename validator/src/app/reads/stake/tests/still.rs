//! A chain that stands still: the leaves of a scene at one height, with some past states.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use alloy_primitives::B256;
use plasmid_bridge::{
    proof::{checkpoint::Checkpoint, commitment::BlockCommitment},
    relay::inbox::View,
};
use plasmid_staking::Member;

use crate::app::reads::{
    Contracts, Disk, Facts, Id, Located, Names, ReadError, Reader, Remembered, Simulated, Source,
    StakedPart, Tip, Trees, Vitals,
};
use crate::chain::tree::Tree;
use crate::ledger::Account;
use crate::ledger::fixture::{domain, parameters};
use crate::store::{Books, Identity, Memory, Pace};

pub struct Still {
    pub tree: Mutex<Tree>,
    pub height: u64,
    pub looks: Mutex<usize>,
    facts: Facts,
    remembered: Remembered,
    disk: Disk,
}

impl Still {
    pub fn new(tree: Tree, height: u64) -> Self {
        let identity = Identity {
            deployment: [1; 20],
            genesis_root: B256::ZERO,
        };
        let (books, _) = Books::open(Memory::new(), identity, Pace::Commit).expect("a store");
        let [registry, inbox, vault, root_chain] =
            [[1; 20], [2; 20], [3; 20], [4; 20]].map(Into::into);
        Self {
            tree: Mutex::new(tree),
            height,
            looks: Mutex::default(),
            facts: Facts {
                chain_id: "still".into(),
                domain: domain(),
                parameters: parameters(),
                contracts: Contracts {
                    registry,
                    inbox,
                    vault,
                    root_chain,
                },
            },
            remembered: Remembered::default(),
            disk: Disk::new(Arc::new(books)),
        }
    }

    /// Asks it.
    pub fn ask<T>(
        &self,
        read: impl FnOnce(&Reader<'_>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        read(&Reader::new(self, &AtomicBool::new(false)))
    }
}

impl Source for Still {
    fn facts(&self) -> &Facts {
        &self.facts
    }
    fn moment(&self) -> (u64, u64) {
        (self.height, 0)
    }
    fn with_tree(&self, visit: &mut dyn FnMut(&Tree, u64)) {
        *self.looks.lock().expect("a count") += 1;
        visit(&self.tree.lock().expect("a tree"), self.height);
    }
    fn disk(&self) -> &Disk {
        &self.disk
    }
    fn checkpoint(&self, _: u64) -> Result<Option<Checkpoint>, ReadError> {
        Ok(None)
    }
    fn signers(&self, _: &dyn Trees, _: u64) -> Result<Option<Vec<Member>>, ReadError> {
        Ok(None)
    }
    fn remembered(&self) -> &Remembered {
        &self.remembered
    }
    fn next_sequence(&self, _: &Account, state: u64) -> u64 {
        state
    }
    fn tip(&self) -> Tip {
        unreachable!()
    }
    fn commitment(&self, _: u64) -> Result<Option<BlockCommitment>, ReadError> {
        unreachable!()
    }
    fn shares(&self, _: u64) -> Result<Vec<(u16, [u8; 192])>, ReadError> {
        unreachable!()
    }
    fn share_verifies(&self, _: &Member, _: &Checkpoint, _: &[u8; 192]) -> bool {
        unreachable!()
    }
    fn share_verdict(&self, _: &Member, _: &Checkpoint, _: &[u8; 192]) -> Option<bool> {
        unreachable!()
    }
    fn imported(&self) -> Option<u64> {
        None
    }

    fn locate(&self, _: &Id) -> Result<Option<Located>, ReadError> {
        unreachable!()
    }
    fn staked(&self, _: (u64, u32), _: usize) -> Result<StakedPart, ReadError> {
        unreachable!()
    }
    fn waiting(&self, _: &Id) -> Option<Names> {
        unreachable!()
    }
    fn pending(&self) -> usize {
        unreachable!()
    }
    fn pool_percent(&self) -> u64 {
        unreachable!()
    }
    fn simulate(&self, _: &[u8], _: bool) -> Result<Simulated, ReadError> {
        unreachable!()
    }
    fn root(&self) -> Arc<View> {
        unreachable!()
    }
    fn vitals(&self) -> Vitals {
        unreachable!()
    }
}

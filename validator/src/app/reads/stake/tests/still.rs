//! A chain that stands still: the leaves of a scene at one height, with some past states. A test may have blocks come between two looks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use alloy_primitives::B256;
use plasmid_bridge::{
    proof::{checkpoint::Checkpoint, commitment::BlockCommitment},
    relay::{
        inbox::View,
        seen::{Anchor, Block},
    },
};
use plasmid_staking::Member;

use crate::app::pool::Departure;
use crate::app::reads::{
    Contracts, Disk, Facts, Id, Located, Names, ReadError, Reader, Remembered, Simulated, Source,
    StakedPart, Tip, Trees, Trial, Vitals,
};
use crate::chain::opened::{OpenedSegment, ShownLeaf};
use crate::chain::tree::Tree;
use crate::ledger::Account;
use crate::ledger::fixture::{domain, parameters};
use crate::store::{Books, Identity, Memory, Pace};

/// What root's clock says, in seconds.
pub const ROOT_TIME: u64 = 500;

/// What a block does to the tree, given its height; false when none comes. It is asked after each look with the number of looks by then.
pub type Comes = Box<dyn FnMut(usize, u64, &mut Tree) -> bool + Send>;

pub struct Still {
    pub tree: Mutex<Tree>,
    pub height: AtomicU64,
    pub looks: Mutex<usize>,
    pub block: Mutex<Option<Comes>>,
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
            height: height.into(),
            looks: Mutex::default(),
            block: Mutex::default(),
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

    /// Of how many epochs it remembers the sets.
    pub fn remembered_sets(&self) -> usize {
        self.remembered.sets.lock().expect("sets").len()
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
        (self.height.load(Ordering::SeqCst), 0)
    }
    fn with_tree(&self, visit: &mut dyn FnMut(&Tree, u64)) {
        let looks = {
            let mut looks = self.looks.lock().expect("a count");
            *looks += 1;
            *looks
        };
        let mut tree = self.tree.lock().expect("a tree");
        let height = self.height.load(Ordering::SeqCst);
        visit(&tree, height);
        let mut block = self.block.lock().expect("a block");
        if block
            .as_mut()
            .is_some_and(|block| block(looks, height + 1, &mut tree))
        {
            self.height.store(height + 1, Ordering::SeqCst);
        }
    }
    fn disk(&self) -> &Disk {
        &self.disk
    }
    fn segments(&self, _: u64) -> Result<Option<Vec<OpenedSegment>>, ReadError> {
        unreachable!()
    }
    fn segment_bytes(&self, _: u64, _: u32) -> Result<Option<Vec<u8>>, ReadError> {
        unreachable!()
    }
    fn genesis_parameters(&self) -> &ShownLeaf {
        unreachable!()
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
        Tip {
            height: self.height.load(Ordering::SeqCst),
            time: 0,
            app_hash: B256::ZERO,
            durable_height: 0,
            block_time: None,
            work: Default::default(),
        }
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
    fn staked(&self, next: (u64, u32), _: usize) -> Result<StakedPart, ReadError> {
        let found = Vec::new();
        Ok(StakedPart { found, next })
    }
    fn waiting(&self, _: &Id) -> Option<Names> {
        unreachable!()
    }
    fn departed(&self, _: &Id) -> Option<Departure> {
        unreachable!()
    }
    fn pending(&self) -> usize {
        unreachable!()
    }
    fn pool_percent(&self) -> u64 {
        unreachable!()
    }
    fn simulate(&self, _: &[u8], _: Trial) -> Result<Simulated, ReadError> {
        unreachable!()
    }
    fn root(&self) -> Arc<View> {
        let finalized = Block {
            number: 1,
            hash: B256::ZERO,
            parent: B256::ZERO,
            time: ROOT_TIME,
        };
        Arc::new(View {
            finalized: Some(finalized),
            anchor: Anchor::GENESIS,
            entries: Vec::new(),
            acceptances: Default::default(),
            accepted: 0,
            end: Default::default(),
            healthy: true,
            stale_at: u64::MAX,
            standings: Vec::new(),
        })
    }
    fn vitals(&self) -> Vitals {
        unreachable!()
    }
}

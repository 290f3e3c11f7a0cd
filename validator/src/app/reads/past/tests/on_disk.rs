//! Epochs whose layers only the store has: every proof is what a naive tree gives, while blocks, spills, settlements and restarts
//! come between any two looks, and the store is never searched while the state is held.

use std::collections::BTreeMap;
use std::sync::Arc;

use plasmid_bridge::proof::commitment::BlockCommitment;

use super::*;
use crate::app::reads::disk::{MAX_SEARCHES, SEARCHES};
use crate::app::reads::{Disk, Door};
use crate::chain::tree::PastLimit;
use crate::chain::tree::tests::{Naive, random_key, seeded, segment};
use crate::store::{Books, Floor, Identity, Loaded, Memory, Pace, Record, Store};

/// Closed layers in memory.
const LIMIT: PastLimit = PastLimit {
    epochs: 4,
    bytes: 1 << 20,
};
/// Epochs of a block each: layers wait in memory until the mark behind them is folded, which happens to 64 heights at once and
/// leaves 16, and are let go of at the next epoch's end.
const MAX_EPOCHS: u64 = LIMIT.epochs as u64 + 64 + 16 + 2;

/// A chain over a store, as the application drives the two.
struct Chain {
    rng: ChaCha20Rng,
    tree: Tree,
    naive: Naive,
    /// The naive trees of the epochs that are kept.
    past: BTreeMap<u64, Naive>,
    tip: Option<BlockCommitment>,
    epoch: u64,
    store: Arc<Books<Memory>>,
}

fn open(memory: &Memory) -> (Arc<Books<Memory>>, Option<Loaded>) {
    let identity = Identity {
        deployment: [3; 20],
        genesis_root: B256::ZERO,
    };
    let (books, loaded) = Books::open(memory.clone(), identity, Pace::Commit).unwrap();
    (Arc::new(books), loaded)
}

impl Chain {
    fn new(rng: ChaCha20Rng, memory: &Memory) -> Self {
        Self {
            rng,
            tree: Tree::new(),
            naive: Naive::new(),
            past: BTreeMap::new(),
            tip: None,
            epoch: 0,
            store: open(memory).0,
        }
    }

    /// A block with one segment, at times the last of its epoch.
    fn block(&mut self) {
        let before = self.tree.root();
        let changes = segment(&mut self.rng, &self.naive, 6);
        self.naive.apply(&changes);
        self.tree.apply(&changes).unwrap();
        let ends = self.tip.is_some() && self.rng.random_ratio(2, 3);
        if ends {
            self.tree.mark(self.epoch).unwrap();
            self.past.insert(self.epoch, self.naive.clone());
            self.epoch += 1;
        }
        let height = self.tip.map_or(0, |tip| tip.height + 1);
        let block = BlockCommitment {
            rules: 1,
            height,
            time: height,
            block_hash: B256::ZERO,
            witness_hash: B256::ZERO,
            before,
            after: self.tree.root(),
            segments_root: B256::ZERO,
        };
        self.tip = Some(block);
        let record = Record {
            block,
            journal: self.tree.drain(),
            response: Vec::new(),
            checkpoint: None,
            shares: Vec::new(),
            transactions: Vec::new(),
            segments: None,
        };
        self.store.commit(Arc::new(record)).unwrap();
        if ends {
            self.spill();
        }
    }

    /// What the application does at the end of an epoch, in its order.
    fn spill(&mut self) {
        if let Some(last) = self.store.last_layer() {
            self.tree.release(last);
        }
        for layer in self.tree.excess(LIMIT) {
            self.store.keep_layer(layer).unwrap();
        }
        let size = self.tree.past_size();
        assert!(size.epochs <= MAX_EPOCHS, "{size:?}");
        assert_eq!(size.epochs + size.epochs_on_disk, self.past.len() as u64);
    }

    /// Root settles some epochs: those before `first` are given up.
    fn settle(&mut self, first: u64) {
        self.tree.retain(first);
        self.past.retain(|epoch, _| *epoch >= first);
        let floor = Floor {
            epoch: first,
            block: 0,
        };
        self.store.retain(floor).unwrap();
    }
}

/// Shows the chain's tree; a block comes after every look, and the state is not held while the store is searched.
struct Live {
    chain: RefCell<Chain>,
    disk: Disk,
    held: Cell<bool>,
    goes_on: Cell<bool>,
}

impl Trees for Live {
    fn look(&self, visit: &mut dyn FnMut(&Tree)) -> Result<(), ReadError> {
        self.held.set(true);
        visit(&self.chain.borrow().tree);
        self.held.set(false);
        let goes_on = self.goes_on.get() && self.chain.borrow_mut().rng.random_ratio(1, 500);
        if goes_on {
            self.chain.borrow_mut().block();
        }
        Ok(())
    }

    fn enter_disk(&self) -> Result<DiskRead<'_>, ReadError> {
        assert!(
            !self.held.get(),
            "the state is held while the store is read"
        );
        self.disk.enter(Door::Client)
    }
}

impl Live {
    fn new(chain: Chain) -> Self {
        let store = Arc::clone(&chain.store);
        Self {
            chain: RefCell::new(chain),
            disk: Disk::new(store),
            held: Cell::new(false),
            goes_on: Cell::new(true),
        }
    }

    /// The process ends and starts again: what was on disk is not read into memory.
    fn restarted(self, memory: &Memory) -> Self {
        let mut chain = self.chain.into_inner();
        let before = chain.tree.past_size();
        drop(self.disk);
        drop(Arc::into_inner(chain.store).unwrap());
        let (store, loaded) = open(memory);
        let loaded = loaded.unwrap();
        let after = loaded.tree.past_size();
        assert_eq!(Some(loaded.block), chain.tip);
        assert!(after.epochs_on_disk >= before.epochs_on_disk);
        assert!(after.epochs <= before.epochs && after.leaves <= before.leaves);
        let leaves = |size: &crate::chain::tree::PastSize| size.leaves + size.leaves_on_disk;
        assert_eq!(leaves(&after), leaves(&before));
        assert!(loaded.tree.marks().eq(chain.tree.marks()));
        chain.tree = loaded.tree;
        chain.store = store;
        Self::new(chain)
    }

    /// Everything that may be asked about an epoch is answered as the naive tree of that time does.
    fn agrees(&self, epoch: u64, then: &Naive) {
        let rng = &mut seeded_from(epoch);
        let root = then.root();
        let past = Past::of(self, epoch).unwrap();
        assert_eq!(
            (past.root(), past.count() as usize),
            (root, then.leaves().len())
        );
        let mut several = Vec::new();
        let step = 1 + then.leaves().len() / 10;
        let leaves = then.leaves().iter().enumerate();
        let from = rng.random_range(0..step);
        for (index, (key, kind, value)) in leaves.skip(from).step_by(step) {
            let leaf = past.get(key).unwrap().unwrap();
            assert_eq!((leaf.index as usize, leaf.kind), (index, *kind));
            assert_eq!((&leaf.value, leaf.next), (value, then.next(*key)));
            SEARCHES.set(0);
            let proof = past.prove(&leaf).unwrap();
            assert!(SEARCHES.get() <= MAX_SEARCHES, "{}", SEARCHES.get());
            verify_inclusion(key, *kind, value, &proof, &root).unwrap();
            several.push(leaf.index);
        }
        let absent = random_key(rng);
        if past.get(&absent).unwrap().is_none() {
            let low = past.low(&absent).unwrap();
            assert_eq!(low.index, then.low(absent));
            verify_absence(&absent, &past.prove(&low).unwrap(), &root).unwrap();
        }
        several.push(past.count() + 2);
        let proof = past.multiproof(&several).unwrap();
        let leaves = several.iter().map(|index| (*index, then.leaf_hash(*index)));
        let computed = proof.root(&leaves.collect::<Vec<_>>()).unwrap();
        assert_eq!(state_root(&computed, past.count()), root);
    }
}

fn seeded_from(epoch: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(epoch)
}

#[test]
fn every_epoch_that_is_not_settled_proves_as_a_naive_tree_did_wherever_its_layer_is() {
    let memory = Memory::new();
    let mut live = Live::new(Chain::new(seeded("on disk"), &memory));
    let mut most_on_disk = 0;
    for round in 0..8u64 {
        for _ in 0..50 {
            live.chain.get_mut().block();
        }
        if round % 3 == 2 {
            live = live.restarted(&memory);
        }
        if round == 5 {
            let chain = live.chain.get_mut();
            chain.settle(chain.epoch / 2);
        }
        let past = live.chain.borrow().past.clone();
        let size = live.chain.borrow().tree.past_size();
        most_on_disk = most_on_disk.max(size.epochs_on_disk);
        for (epoch, then) in past.iter().step_by(1 + past.len() / 12) {
            live.agrees(*epoch, then);
        }
    }
    println!("{most_on_disk} epochs on disk");
    assert!(most_on_disk > 100);
}

#[test]
fn an_epoch_on_disk_that_is_given_up_while_it_is_read_is_not_found() {
    let memory = Memory::new();
    let mut live = Live::new(Chain::new(seeded("given up"), &memory));
    for _ in 0..300 {
        live.chain.get_mut().block();
    }
    live.goes_on.set(false);
    assert!(live.chain.borrow().tree.past_size().epochs_on_disk > 50);
    let past = Past::of(&live, 20).unwrap();
    let then = live.chain.borrow().past[&20].clone();
    let leaf = past.get(&then.leaves()[1].0).unwrap().unwrap();
    live.chain.borrow_mut().settle(40);
    assert!(matches!(past.get(&leaf.key), Err(ReadError::NotFound(_))));
    assert!(matches!(
        past.get(&B256::repeat_byte(9)),
        Err(ReadError::NotFound(_))
    ));
    assert!(matches!(past.prove(&leaf), Err(ReadError::NotFound(_))));
    assert!(matches!(
        past.multiproof(&[1, 2]),
        Err(ReadError::NotFound(_))
    ));
    assert!(matches!(Past::of(&live, 20), Err(ReadError::NotFound(_))));
    let then = live.chain.borrow().past[&40].clone();
    live.agrees(40, &then);
}

#[test]
fn a_read_that_finds_all_places_taken_is_told_to_ask_again() {
    let memory = Memory::new();
    let mut live = Live::new(Chain::new(seeded("places"), &memory));
    for _ in 0..300 {
        live.chain.get_mut().block();
    }
    let key = live.chain.borrow().past[&0].leaves()[1].0;
    let reads: Vec<Past<'_>> = (0..4).map(|_| Past::of(&live, 0).unwrap()).collect();
    for read in &reads {
        read.get(&key).unwrap().unwrap();
    }
    let late = Past::of(&live, 0).unwrap();
    assert!(matches!(late.get(&key), Err(ReadError::Unavailable(_))));
    drop(reads);
    late.get(&key).unwrap().unwrap();
}

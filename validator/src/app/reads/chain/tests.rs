//! The sums of all leaves, while blocks come.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use alloy_primitives::B256;
use plasmid_bridge::{
    proof::{checkpoint::Checkpoint, commitment::BlockCommitment},
    relay::inbox::View,
};
use plasmid_staking::Member;

use super::*;
use crate::app::reads::{Facts, Id, Located, Names, Remembered, Simulated, Source, Tip, Vitals};
use crate::chain::tree::{Change, Tree};
use crate::ledger::Account;

/// A chain on which a block comes after every look at the state: it pays one unit from an account to the next one.
struct Busy {
    tree: Mutex<Tree>,
    height: AtomicU64,
    remembered: Remembered,
}

const PEOPLE: u64 = 3 * SLICE as u64;

fn change(person: u64, balance: u128) -> Change {
    let mut id = [0; 20];
    id[12..].copy_from_slice(&person.to_be_bytes());
    let leaf = AccountLeaf {
        balance,
        ..AccountLeaf::default()
    };
    Change {
        key: Slot::Account(Account { kind: 0, id }).key(),
        kind: AccountLeaf::KIND,
        value: leaf.encode(),
    }
}

impl Busy {
    fn new() -> Self {
        let mut tree = Tree::new();
        let all: Vec<Change> = (0..PEOPLE).map(|person| change(person, 1_000)).collect();
        tree.apply(&all).unwrap();
        Self {
            tree: Mutex::new(tree),
            height: AtomicU64::new(1),
            remembered: Remembered::default(),
        }
    }
}

impl Source for Busy {
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

    fn with_tree(&self, visit: &mut dyn FnMut(&Tree, u64)) {
        let mut tree = self.tree.lock().unwrap();
        let height = self.height.fetch_add(1, Ordering::SeqCst);
        visit(&tree, height);
        let person = height % PEOPLE;
        let richer = change(PEOPLE - 1 - person, 1_000 + u128::from(height));
        tree.apply(&[change(person, 0), richer, change(PEOPLE + height, 7)])
            .unwrap();
    }

    fn remembered(&self) -> &Remembered {
        &self.remembered
    }

    fn facts(&self) -> &Facts {
        unreachable!()
    }
    fn moment(&self) -> (u64, u64) {
        unreachable!()
    }
    fn commitment(&self, _: u64) -> Result<Option<BlockCommitment>, ReadError> {
        unreachable!()
    }
    fn checkpoint(&self, _: u64) -> Result<Option<Checkpoint>, ReadError> {
        unreachable!()
    }
    fn signers(&self, _: u64) -> Result<Option<Vec<Member>>, ReadError> {
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
    fn locate(&self, _: &Id) -> Result<Option<Located>, ReadError> {
        unreachable!()
    }
    fn waiting(&self, _: &Id) -> Option<Names> {
        unreachable!()
    }
    fn pending(&self) -> usize {
        unreachable!()
    }
    fn next_sequence(&self, _: &Account, _: u64) -> u64 {
        unreachable!()
    }
    fn simulate(&self, _: &[u8], _: bool) -> Result<Simulated, ReadError> {
        unreachable!()
    }
    fn root(&self) -> std::sync::Arc<View> {
        unreachable!()
    }
    fn vitals(&self) -> Vitals {
        unreachable!()
    }
}

/// The sum of the balances in an answer.
fn balances(answer: &GetSupplyResponse) -> u128 {
    answer
        .assets
        .iter()
        .map(|asset| asset.balances.parse::<u128>().unwrap())
        .sum()
}

#[test]
fn the_sums_are_of_one_height_and_end_although_a_block_comes_after_every_look() {
    let busy = Busy::new();
    let stopped = AtomicBool::new(false);
    let reader = Reader::new(&busy, &stopped);
    let answer = get_supply(&reader, &GetSupplyRequest {}).unwrap();
    assert_eq!(answer.height, 1);
    assert_eq!(balances(&answer), 1_000 * u128::from(PEOPLE));
    let height = busy.height.load(Ordering::SeqCst);
    assert!(height > 4, "blocks came meanwhile: {height}");

    // The pin was given back: the next scan sees what the blocks did.
    let mut expected = 0;
    let tree = busy.tree.lock().unwrap();
    for leaf in tree.iter().filter(|leaf| leaf.kind == AccountLeaf::KIND) {
        expected += AccountLeaf::decode(leaf.value).unwrap().balance;
    }
    drop(tree);
    let again = get_supply(&reader, &GetSupplyRequest {}).unwrap();
    assert_eq!((again.height, balances(&again)), (height, expected));
}

#[test]
fn who_asks_while_a_scan_runs_gets_the_last_sums_and_a_stopped_scan_gives_its_pin_back() {
    let busy = Busy::new();
    let stopped = AtomicBool::new(false);
    let reader = Reader::new(&busy, &stopped);
    let other = Pinned::set(&reader).unwrap().unwrap();
    assert!(matches!(
        get_supply(&reader, &GetSupplyRequest {}),
        Err(ReadError::Unavailable(_))
    ));
    drop(other);
    let first = get_supply(&reader, &GetSupplyRequest {}).unwrap();
    let other = Pinned::set(&reader).unwrap().unwrap();
    assert_eq!(get_supply(&reader, &GetSupplyRequest {}).unwrap(), first);
    stopped.store(true, Ordering::SeqCst);
    assert!(matches!(other.scan(), Err(ReadError::Unavailable(_))));
    drop(other);
    stopped.store(false, Ordering::SeqCst);
    assert!(get_supply(&reader, &GetSupplyRequest {}).unwrap().height > first.height);
}

//! The sums of all leaves, while blocks come.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use alloy_primitives::B256;
use plasmid_bridge::{
    proof::{checkpoint::Checkpoint, commitment::BlockCommitment},
    relay::inbox::View,
};
use plasmid_staking::Member;

use plasmid_proto::ledger::v1::{GetAccountRequest, ListBalancesRequest, ListTokensRequest};

use super::*;
use crate::app::pool::Departure;
use crate::app::reads::{
    Disk, Facts, Id, Located, Names, Remembered, Simulated, Source, StakedPart, Tip, Trees, Trial,
    Vitals, accounts,
};
use crate::chain::opened::{OpenedSegment, ShownLeaf};
use crate::chain::tree::{Change, Tree};
use crate::ledger::Account;

/// A chain on which a block comes after every look at the state: it pays one unit from an account to the next one.
struct Busy {
    tree: Mutex<Tree>,
    height: AtomicU64,
    remembered: Remembered,
    /// A read that is stopped at the next look.
    gone: Mutex<Option<Arc<AtomicBool>>>,
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
            gone: Mutex::default(),
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
        if let Some(read) = self.gone.lock().unwrap().take() {
            read.store(true, Ordering::SeqCst);
        }
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
    fn disk(&self) -> &Disk {
        unreachable!()
    }
    fn commitment(&self, _: u64) -> Result<Option<BlockCommitment>, ReadError> {
        unreachable!()
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
        unreachable!()
    }
    fn signers(&self, _: &dyn Trees, _: u64) -> Result<Option<Vec<Member>>, ReadError> {
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
    fn departed(&self, _: &Id) -> Option<Departure> {
        unreachable!()
    }
    fn pending(&self) -> usize {
        unreachable!()
    }
    fn pool_percent(&self) -> u64 {
        unreachable!()
    }
    fn next_sequence(&self, _: &Account, state: u64) -> u64 {
        state
    }
    fn simulate(&self, _: &[u8], _: Trial) -> Result<Simulated, ReadError> {
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
    let answer = get_supply(&reader, &GetSupplyRequest::default()).unwrap();
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
    let again = get_supply(&reader, &GetSupplyRequest::default()).unwrap();
    assert_eq!((again.height, balances(&again)), (height, expected));
}

#[test]
fn who_asks_while_a_scan_runs_gets_the_last_sums_and_who_goes_away_leaves_a_scan_that_ends() {
    let busy = Busy::new();
    let stopped = Arc::new(AtomicBool::new(false));
    let reader = Reader::new(&busy, &stopped);
    let other = Pinned::set(&reader).unwrap().unwrap();
    assert!(matches!(
        get_supply(&reader, &GetSupplyRequest::default()),
        Err(ReadError::Unavailable(_))
    ));
    drop(other);
    let first = get_supply(&reader, &GetSupplyRequest::default()).unwrap();
    let other = Pinned::set(&reader).unwrap().unwrap();
    assert_eq!(
        get_supply(&reader, &GetSupplyRequest::default()).unwrap(),
        first
    );
    drop(other);
    // Its client goes away at the first look: the scan ends, and all who ask next have its sums.
    *busy.gone.lock().unwrap() = Some(Arc::clone(&stopped));
    let begun = get_supply(&reader, &GetSupplyRequest::default()).unwrap();
    assert!(stopped.load(Ordering::SeqCst) && begun.height > first.height);
    // Who is gone before it begins begins none.
    assert!(matches!(
        get_supply(&reader, &GetSupplyRequest::default()),
        Err(ReadError::Unavailable(_))
    ));
    let going_on = AtomicBool::new(false);
    let reader = Reader::new(&busy, &going_on);
    let other = Pinned::set(&reader).unwrap().unwrap();
    let told = get_supply(&reader, &GetSupplyRequest::default()).unwrap();
    assert_eq!(told, begun);
    drop(other);
}

fn token(number: u32) -> [u8; 20] {
    let mut token = [7; 20];
    token[..4].copy_from_slice(&number.to_be_bytes());
    token
}

#[test]
fn the_sums_of_very_many_assets_come_in_pages_of_bounded_length() {
    let count = 2 * MAX_ASSETS as u32 + 500;
    let busy = Busy::new();
    let made: Vec<Change> = (0..count)
        .map(|number| Change {
            key: Slot::Asset(token(number)).key(),
            kind: AssetLeaf::KIND,
            value: AssetLeaf {
                token: token(number),
                credited: u128::MAX,
                withdrawn: u128::from(number),
                ..AssetLeaf::default()
            }
            .encode(),
        })
        .collect();
    busy.tree.lock().unwrap().apply(&made).unwrap();
    let stopped = AtomicBool::new(false);
    let reader = Reader::new(&busy, &stopped);
    let mut request = GetSupplyRequest::default();
    let mut seen = Vec::new();
    loop {
        let page = get_supply(&reader, &request).unwrap();
        assert!(page.assets.len() <= MAX_ASSETS);
        assert!(prost::Message::encoded_len(&page) < 1 << 19);
        seen.extend(page.assets.into_iter().map(|asset| asset.token));
        if page.next_page_token.is_empty() {
            break;
        }
        request = GetSupplyRequest {
            page_size: u32::MAX,
            page_token: page.next_page_token,
        };
    }
    // The native coin first, because its token is zero.
    assert_eq!(seen.len(), count as usize + 1);
    let expected = (0..count).map(|number| address_text(&token(number)));
    assert!(seen.iter().skip(1).cloned().eq(expected));
    let small = GetSupplyRequest {
        page_size: 2,
        ..GetSupplyRequest::default()
    };
    assert_eq!(get_supply(&reader, &small).unwrap().assets.len(), 2);
    let foreign = GetSupplyRequest {
        page_token: "1".repeat(10_000),
        ..GetSupplyRequest::default()
    };
    let Err(ReadError::Invalid(why)) = get_supply(&reader, &foreign) else {
        panic!("it is no token of ours");
    };
    assert!(why.len() < 400, "{}", why.len());
}

/// A chain that makes a block after every look, read for what height an answer names.
#[test]
fn an_answer_names_the_height_that_it_was_read_at_and_a_page_the_first_one() {
    let busy = Busy::new();
    let stopped = AtomicBool::new(false);
    let reader = Reader::new(&busy, &stopped);
    let mut id = [0; 20];
    id[12..].copy_from_slice(&(PEOPLE + 1).to_be_bytes());
    // The account of this number is made by the block after the first look.
    let account = Account { kind: 0, id }.to_string();
    let request = GetAccountRequest {
        account: account.clone(),
    };
    let answer = accounts::get_account(&reader, &request).unwrap();
    assert_eq!((answer.height, answer.exists), (1, false));
    let answer = accounts::get_account(&reader, &request).unwrap();
    assert_eq!((answer.height, answer.exists), (2, true));
    let before = busy.height.load(Ordering::SeqCst);
    let request = ListBalancesRequest {
        account,
        ..ListBalancesRequest::default()
    };
    let first = accounts::list_balances(&reader, &request).unwrap().height;
    let after = busy.height.load(Ordering::SeqCst);
    assert!((before..after).contains(&first), "{first}");
    let request = ListTokensRequest::default();
    let answer = accounts::list_tokens(&reader, &request).unwrap();
    assert!(answer.height < busy.height.load(Ordering::SeqCst));
}

#[test]
fn a_path_that_nobody_knows_is_not_repeated_at_length() {
    let busy = Busy::new();
    let stopped = AtomicBool::new(false);
    let path = "/plasmid.".repeat(10_000);
    let answer = crate::app::reads::answer(&Reader::new(&busy, &stopped), &path, &[]);
    let Err(ReadError::Unsupported(why)) = answer else {
        panic!("{answer:?}");
    };
    assert!(why.len() < 400, "{} bytes", why.len());
}

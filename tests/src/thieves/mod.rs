//! Validators that cheat with more than two thirds of the power: the chains that they make up, and the nodes that show these.
//!
//! ```text
//! rob    an epoch of the real chain ──▶ forged: one segment leaves a purse with more than it may have, all behind it goes on from there
//!        ──▶ signed with the thieves' keys alone ──▶ carried to root, and shown by a node of theirs, without one segment's bytes where they withhold it
//! blind  root as it was before somebody's forced transaction came, for good: nodes that see it so never report that message
//! ```
//! The binary `plasmid-thief` does these to a local network; tests make chains of their own.

use std::sync::Arc;

use plasmid::chain::epoch::Moment;
use plasmid::chain::opened::{OpenedSegment, OpenedSegments};
use plasmid::chain::replay::{FalseSegment, Unreplayed, replay_segment};
use plasmid::chain::transitions::{JudgedSegment, SegmentFraud, UndecidedSegment};
use plasmid::chain::tree::{Change, Tree};
use plasmid::ledger::leaf::AccountLeaf;
use plasmid::ledger::{Account, Domain, Slot, Value};
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::{self, BlockCommitment, opened_segments_root};

pub mod blind;
pub mod forge;
pub mod node;
pub mod rob;

/// An epoch as it is committed to.
#[derive(Clone)]
pub struct ShownEpoch {
    /// Its blocks with their segments.
    pub blocks: Vec<(BlockCommitment, OpenedSegments)>,
    /// The state that the checkpoint commits to.
    pub state: Arc<Tree>,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
}

/// What a node of thieves shows.
#[derive(Clone)]
pub struct ShownChain {
    /// The first epoch.
    pub first: u64,
    /// Blocks of an epoch.
    pub blocks: u64,
    /// The epochs from that one on.
    pub epochs: Vec<ShownEpoch>,
    /// The state before block 1.
    pub genesis: Arc<Tree>,
}

impl ShownChain {
    /// An epoch, if it is shown.
    #[must_use]
    pub fn epoch(&self, epoch: u64) -> Option<&ShownEpoch> {
        let place = epoch.checked_sub(self.first)?;
        self.epochs.get(usize::try_from(place).ok()?)
    }

    /// The epoch of a height, if it is shown, and the place of the block in it.
    #[must_use]
    pub fn at(&self, height: u64) -> Option<(&ShownEpoch, u64)> {
        let behind = height.checked_sub(1)?;
        let epoch = self.epoch(behind / self.blocks)?;
        Some((epoch, behind % self.blocks))
    }
}

/// Writes a leaf, whatever the rules say.
///
/// # Panics
/// When the tree is full.
pub fn put(tree: &mut Tree, slot: &Slot, value: Vec<u8>) {
    let change = Change {
        key: slot.key(),
        kind: slot.kind(),
        value,
    };
    tree.apply(&[change]).expect("it fits");
}

/// Another tree of a state.
///
/// # Panics
/// Never: what stood in one tree fits into another one.
#[must_use]
pub fn copy(tree: &Tree) -> Tree {
    let mut again = Tree::new();
    let leaves = tree.iter().skip(1).map(|leaf| Change {
        key: *leaf.key,
        kind: leaf.kind,
        value: leaf.value.to_vec(),
    });
    again.apply(&leaves.collect::<Vec<_>>()).expect("it fits");
    again
}

/// Gives an account of this state more than it has.
///
/// # Panics
/// When the state has no such account.
pub fn mint(tree: &mut Tree, account: Account, amount: u128) {
    let slot = Slot::Account(account);
    let (_, _, value) = tree.get(&slot.key()).expect("it stands");
    let mut leaf = AccountLeaf::decode(value).expect("it is an account");
    leaf.balance += amount;
    put(tree, &slot, leaf.encode());
}

/// What a segment has but for the states around it.
#[derive(Clone, Copy, Debug)]
pub struct SegmentText<'a> {
    /// Its kind.
    pub kind: u8,
    /// Number of its first transaction in the block.
    pub first: u32,
    /// Number of its transactions.
    pub count: u32,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// Executes a segment as the rules want, does to the state what `then` does, and says of the segment that all this is what it leaves.
///
/// # Panics
/// When the rules refuse it.
pub fn execute(
    state: &mut Tree,
    domain: &Domain,
    moment: Moment,
    text: SegmentText<'_>,
    then: impl FnOnce(&mut Tree),
) -> OpenedSegment {
    let before = state.root();
    let judged = JudgedSegment {
        kind: text.kind,
        count: text.count,
        bytes: text.bytes,
        moment,
        before,
        after: alloy_primitives::B256::ZERO,
        domain,
    };
    // The state goes where the rules lead, which is not to the root zero.
    match replay_segment(state, &judged) {
        Err(Unreplayed::False(
            FalseSegment::Provable(SegmentFraud::After, _)
            | FalseSegment::Unprovable(UndecidedSegment::NotJudged),
        )) => {}
        other => panic!("{other:?}"),
    }
    then(state);
    OpenedSegment {
        kind: text.kind,
        first: text.first,
        count: text.count,
        length: u32::try_from(text.bytes.len()).expect("a segment's length"),
        chunks_root: commitment::chunks_root(text.bytes),
        before,
        after: state.root(),
        bytes: Some(text.bytes.to_vec()),
    }
}

/// Commits to a block's segments, or to other counts of them.
#[must_use]
pub fn seal(
    mut block: BlockCommitment,
    segments: Vec<OpenedSegment>,
    counts: Option<(u32, u32)>,
) -> (BlockCommitment, OpenedSegments) {
    let mut segments = OpenedSegments::of(segments);
    if let Some((count, transactions)) = counts {
        (segments.count, segments.transactions) = (count, transactions);
    }
    let (count, root) = (segments.count, &segments.list_root);
    block.segments_root = opened_segments_root(count, segments.transactions, root);
    (block, segments)
}

//! From what a block did to what it commits to: the tree after each segment, the block commitment, and its hash, the app hash.
//!
//! ```text
//! for each segment: state root before | its changes, in order | state root after  ──► segment record
//! segment records ──► segments root ──► block commitment ──► app hash
//! ```
//! On demand it also takes from the tree, before each segment, the witness from which that segment can be executed again.

use std::collections::BTreeSet;

use alloy_primitives::B256;
use plasmid_bridge::proof::commitment::{self, BlockCommitment, SegmentRecord};
use plasmid_bridge::proof::tree::{Content, Witness, WitnessLeaf};

use super::cores::{both, each};
use super::execute::Executed;
use super::segments::Segment;
use super::tree::{Tree, TreeError};

/// What a block committed to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Committed {
    /// One record a segment.
    pub segments: Vec<SegmentRecord>,
    /// The list root over the chunks of each one's bytes.
    pub chunks_roots: Vec<B256>,
    /// Its hash is the app hash.
    pub block: BlockCommitment,
    /// One witness a segment, when they were asked for.
    pub witnesses: Vec<Witness>,
}

/// Applies an executed block to the tree, segment by segment. `rules` is the rules version, `block_hash` the one that
/// FinalizeBlock gave.
///
/// # Errors
/// [`TreeError`] when the changes do not fit the tree they were made on: the node is broken, and the tree is of no use.
pub fn commit(
    tree: &mut Tree,
    executed: &Executed,
    rules: u32,
    block_hash: B256,
    with_witnesses: bool,
) -> Result<Committed, TreeError> {
    let before = tree.root();
    let (applied, chunks_roots) = both(
        || match with_witnesses {
            true => one_by_one(tree, &executed.segments),
            false => {
                let changes = executed.segments.iter().map(|one| one.changes.as_slice());
                let roots = tree.apply_all(&changes.collect::<Vec<_>>())?;
                Ok((roots, Vec::new()))
            }
        },
        || {
            each(&executed.segments, |segment| {
                commitment::chunks_root(&segment.bytes)
            })
        },
    );
    let (roots, witnesses) = applied?;
    let mut last = before;
    let records = executed.segments.iter().zip(&chunks_roots).zip(roots);
    let records = records.map(|((segment, chunks_root), after)| SegmentRecord {
        kind: segment.kind,
        first: segment.first,
        count: segment.count,
        bytes_hash: commitment::opened_bytes_hash(
            u32::try_from(segment.bytes.len()).unwrap_or(u32::MAX),
            chunks_root,
        ),
        before: std::mem::replace(&mut last, after),
        after,
    });
    let segments: Vec<SegmentRecord> = records.collect();
    let hashes: Vec<B256> = segments.iter().map(SegmentRecord::hash).collect();
    let block = BlockCommitment {
        rules,
        height: executed.height,
        time: executed.time,
        block_hash,
        witness_hash: commitment::witness_hash(&executed.witness),
        before,
        after: tree.root(),
        segments_root: commitment::segments_root(&hashes, executed.transactions),
    };
    Ok(Committed {
        segments,
        chunks_roots,
        block,
        witnesses,
    })
}

/// The root after each segment, and what it touches of the state before it.
fn one_by_one(
    tree: &mut Tree,
    segments: &[Segment],
) -> Result<(Vec<B256>, Vec<Witness>), TreeError> {
    let applied = segments.iter().map(|segment| {
        let witness = witness(tree, segment)?;
        Ok((tree.apply(&segment.changes)?, witness))
    });
    applied.collect()
}

/// What a segment touches of the state before it, with its proof.
///
/// # Errors
/// [`TreeError`] when the tree cannot prove its own leaves.
pub fn witness(tree: &Tree, segment: &Segment) -> Result<Witness, TreeError> {
    touched_witness(tree, &segment.touched)
}

/// The leaves that stand of those that were touched, and a place for each of the others.
pub(in crate::chain) fn touched_witness(
    tree: &Tree,
    touched: &BTreeSet<B256>,
) -> Result<Witness, TreeError> {
    let leaves = standing(tree, touched);
    let new = touched.len().saturating_sub(leaves.len());
    proven(tree, leaves, u32::try_from(new).unwrap_or(u32::MAX))
}

/// The leaves of these keys that the state has, and `appends` empty places behind the last leaf, with their proof.
pub(in crate::chain) fn witness_of(
    tree: &Tree,
    keys: &[B256],
    appends: u32,
) -> Result<Witness, TreeError> {
    proven(tree, standing(tree, keys), appends)
}

/// The leaves of these keys that stand, in the order of their indices.
fn standing<'a>(tree: &Tree, keys: impl IntoIterator<Item = &'a B256>) -> Vec<WitnessLeaf> {
    let mut leaves: Vec<WitnessLeaf> = keys
        .into_iter()
        .filter_map(|key| {
            let (index, kind, value) = tree.get(key)?;
            let next = *tree.leaf(index)?.next;
            Some(WitnessLeaf {
                index,
                key: *key,
                next,
                content: Content::Value {
                    kind,
                    value: value.to_vec(),
                },
            })
        })
        .collect();
    leaves.sort_unstable_by_key(|leaf| leaf.index);
    leaves
}

fn proven(tree: &Tree, leaves: Vec<WitnessLeaf>, appends: u32) -> Result<Witness, TreeError> {
    let count = tree.count();
    let mut indices: Vec<u32> = leaves.iter().map(|leaf| leaf.index).collect();
    indices.extend((0..appends).map(|place| count.saturating_add(place)));
    Ok(Witness {
        count,
        appends,
        leaves,
        proof: tree.multiproof(&indices)?,
    })
}

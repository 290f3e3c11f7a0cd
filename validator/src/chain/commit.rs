//! From what a block did to what it commits to: the tree after each segment, the block commitment, and its hash, the app hash.
//!
//! ```text
//! for each segment: state root before | its changes, in order | state root after  ──► segment record
//! segment records ──► segments root ──► block commitment ──► app hash
//! ```
//! On demand it also takes from the tree, before each segment, the witness from which that segment can be executed again.

use alloy_primitives::B256;
use plasmid_bridge::proof::commitment::{self, BlockCommitment, SegmentRecord};
use plasmid_bridge::proof::tree::{Content, Witness, WitnessLeaf};

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
    let mut segments = Vec::with_capacity(executed.segments.len());
    let mut chunks_roots = Vec::with_capacity(executed.segments.len());
    let mut witnesses = Vec::new();
    for segment in &executed.segments {
        if with_witnesses {
            witnesses.push(witness(tree, segment)?);
        }
        let before = tree.root();
        let length = u32::try_from(segment.bytes.len()).unwrap_or(u32::MAX);
        let chunks_root = commitment::chunks_root(&segment.bytes);
        chunks_roots.push(chunks_root);
        segments.push(SegmentRecord {
            kind: segment.kind,
            first: segment.first,
            count: segment.count,
            bytes_hash: commitment::opened_bytes_hash(length, &chunks_root),
            before,
            after: tree.apply(&segment.changes)?,
        });
    }
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

/// What a segment touches of the state before it, with its proof.
///
/// # Errors
/// [`TreeError`] when the tree cannot prove its own leaves.
pub fn witness(tree: &Tree, segment: &Segment) -> Result<Witness, TreeError> {
    let mut leaves: Vec<WitnessLeaf> = segment
        .touched
        .iter()
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
    let count = tree.count();
    let new = segment.touched.len().saturating_sub(leaves.len());
    let appends = u32::try_from(new).unwrap_or(u32::MAX);
    let mut indices: Vec<u32> = leaves.iter().map(|leaf| leaf.index).collect();
    indices.extend((0..appends).map(|place| count.saturating_add(place)));
    Ok(Witness {
        count,
        appends,
        leaves,
        proof: tree.multiproof(&indices)?,
    })
}

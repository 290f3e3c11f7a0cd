//! A chain that thieves write down: blocks, segments and a state that link up as the rules want, but for what a case breaks. Nothing of it was ever executed, which
//! no link rule and no signature sees.

use alloy_primitives::{B256, keccak256};
use ed25519_zebra::{SigningKey, VerificationKey};
use plasmid::chain::links::end_slots;
use plasmid::chain::opened::{OpenedSegment, OpenedSegments};
use plasmid::chain::tree::{Change, Tree};
use plasmid::ledger::leaf::NATIVE;
use plasmid::ledger::transaction::{Authentication, Body, Header};
use plasmid::ledger::{Account, Domain, Parameters, Slot, Transaction, Value};
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::{self, BlockCommitment, blocks_root, opened_segments_root};
use plasmid_bridge::proof::deployment;

/// K, as the stage has it.
pub const BLOCKS: u64 = 16;
/// Nanoseconds between two blocks.
const STEP: u64 = 1_000_000;

/// The parameters that the link rules read.
pub fn parameters() -> Parameters {
    Parameters {
        epoch_blocks: BLOCKS as u32,
        ring: 18,
        ..Parameters::local()
    }
}

/// The state before block 1.
pub fn genesis() -> Tree {
    let mut tree = Tree::new();
    put(&mut tree, &Slot::Parameters, parameters().encode());
    tree
}

fn put(tree: &mut Tree, slot: &Slot, value: Vec<u8>) {
    let change = Change {
        key: slot.key(),
        kind: slot.kind(),
        value,
    };
    tree.apply(&[change]).expect("it fits");
}

/// A block as it is written down, before anything above it is committed to.
#[derive(Clone)]
pub struct Draft {
    pub block: BlockCommitment,
    pub segments: Vec<OpenedSegment>,
    /// Counts that are said instead of the true ones.
    pub counts: Option<(u32, u32)>,
}

/// An epoch as it is written down.
pub struct DraftEpoch {
    pub blocks: Vec<Draft>,
    /// The time of the last block before.
    pub before: u64,
    /// Values of the leaves of L12 to L15.
    pub leaves: [Vec<u8>; 4],
    /// Seconds that the checkpoint adds to the time of its last block.
    pub later: u64,
    /// What the last block is said to leave instead of the checkpoint's state.
    pub other_end: bool,
}

/// An epoch as it is committed to.
#[derive(Clone)]
pub struct Epoch {
    pub blocks: Vec<(BlockCommitment, OpenedSegments)>,
    pub leaves: [Vec<u8>; 4],
    pub checkpoint: Checkpoint,
}

impl Epoch {
    /// The state that the checkpoint commits to.
    pub fn state(&self) -> Tree {
        state(self.checkpoint.epoch, &self.leaves)
    }
}

fn state(epoch: u64, leaves: &[Vec<u8>; 4]) -> Tree {
    let mut tree = genesis();
    for (slot, value) in end_slots(epoch, parameters().ring).iter().zip(leaves) {
        put(&mut tree, slot, value.clone());
    }
    tree
}

/// The chain.
#[derive(Clone)]
pub struct Chain {
    pub epochs: Vec<Epoch>,
    domain: Domain,
    /// Genesis time in nanoseconds.
    time: u64,
    set: B256,
}

/// A case: which rule is broken in which epoch, and how.
pub struct Break {
    pub rule: &'static str,
    pub epoch: u64,
    pub edit: fn(&mut DraftEpoch),
}

impl Chain {
    pub fn new(domain: Domain, time: u64, set: B256) -> Self {
        Self {
            epochs: Vec::new(),
            domain,
            time: time * 1_000_000_000,
            set,
        }
    }

    fn payment(&self, sequence: u64) -> Vec<u8> {
        let key = SigningKey::from([7; 32]);
        let public: [u8; 32] = VerificationKey::from(&key).into();
        let mut transaction = Transaction {
            header: Header {
                sender: Account::ed25519(&public),
                lane: 0,
                sequence,
                fee: 1,
                fee_payer: Account::NONE,
                valid_until: 1 << 40,
                memo: [0; 32],
            },
            body: Body::Transfer {
                to: Account::ed25519(&[9; 32]),
                token: NATIVE,
                amount: 1,
            },
            authentication: Authentication::Ed25519 {
                key: public,
                signature: [0; 64],
            },
            fee_payer_authentication: None,
        };
        let digest = transaction.digest(&self.domain);
        transaction.authentication = Authentication::Ed25519 {
            key: public,
            signature: key.sign(digest.as_slice()).into(),
        };
        transaction.encode()
    }

    /// Commits to the next epoch.
    pub fn add(&mut self, epoch: u64, edit: impl FnOnce(&mut DraftEpoch)) {
        let last = self.epochs.last();
        let genesis = genesis().root();
        let (before, after) = last.map_or((self.time, genesis), |last| {
            let (block, _) = last.blocks.last().expect("it has blocks");
            (block.time, last.checkpoint.state_root)
        });
        let mut draft = DraftEpoch {
            blocks: self.drafts(epoch, before, after),
            before,
            leaves: self.leaves(epoch),
            later: 0,
            other_end: false,
        };
        edit(&mut draft);
        let root = state(epoch, &draft.leaves).root();
        let end = match draft.other_end {
            true => B256::repeat_byte(0xee),
            false => root,
        };
        let blocks: Vec<_> = draft.blocks.into_iter().map(|one| seal(one, end)).collect();
        let hashes: Vec<B256> = blocks.iter().map(|(block, _)| block.hash()).collect();
        let (last_block, _) = blocks.last().expect("it has blocks");
        let previous = last.map_or(deployment::salt(&self.domain.deployment), |last| {
            last.checkpoint.digest()
        });
        let checkpoint = Checkpoint {
            deployment: self.domain.deployment,
            epoch,
            last_block_time: last_block.time / 1_000_000_000 + draft.later,
            blocks_root: blocks_root(&hashes),
            state_root: root,
            inbox_cursor: 0,
            inbox_link: B256::ZERO,
            next_set: self.set,
            relayer: [3; 20],
            previous,
        };
        self.epochs.push(Epoch {
            blocks,
            leaves: draft.leaves,
            checkpoint,
        });
    }

    /// The inbox, the set of e + 2, the record of e, and a boundary that waits for e + 3.
    fn leaves(&self, epoch: u64) -> [Vec<u8>; 4] {
        let mut set = vec![0; 178];
        set[..8].copy_from_slice(&(epoch + 2).to_be_bytes());
        set[146..].copy_from_slice(self.set.as_slice());
        let mut record = vec![0; 61];
        record[..8].copy_from_slice(&epoch.to_be_bytes());
        record[16..36].copy_from_slice(&[3; 20]);
        let mut boundary = vec![0; 453];
        boundary[..8].copy_from_slice(&(epoch + 3).to_be_bytes());
        [vec![0; 40], set, record, boundary]
    }

    fn drafts(&self, epoch: u64, before: u64, state: B256) -> Vec<Draft> {
        let mut root = state;
        let mut next = |name: &str, height: u64| {
            let from = root;
            root = keccak256(format!("{name} {height}"));
            (from, root)
        };
        let draft = |place: u64| {
            let height = epoch * BLOCKS + 1 + place;
            let payments = [0, 1].map(|one| self.payment(2 * height + one));
            let users = payments
                .iter()
                .map(|one| framed(one))
                .collect::<Vec<_>>()
                .concat();
            let record = framed(&height.to_be_bytes());
            let parts = [(1, 0, 1, record), (4, 1, 2, users), (5, 3, 0, Vec::new())];
            let segments = parts.map(|(kind, first, count, bytes)| {
                let (from, to) = next(&format!("segment {kind}"), height);
                OpenedSegment {
                    kind,
                    first,
                    count,
                    length: bytes.len() as u32,
                    chunks_root: commitment::chunks_root(&bytes),
                    before: from,
                    after: to,
                    bytes: Some(bytes),
                }
            });
            Draft {
                block: BlockCommitment {
                    rules: 1,
                    height,
                    time: before + STEP * (place + 1),
                    block_hash: keccak256(height.to_be_bytes()),
                    witness_hash: B256::ZERO,
                    before: segments[0].before,
                    after: segments[2].after,
                    segments_root: B256::ZERO,
                },
                segments: segments.to_vec(),
                counts: None,
            }
        };
        (0..BLOCKS).map(draft).collect()
    }
}

fn framed(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

/// Commits to a block; the last one of an epoch leaves `end`.
fn seal(mut draft: Draft, end: B256) -> (BlockCommitment, OpenedSegments) {
    if draft.block.height.is_multiple_of(BLOCKS) {
        let left = draft.block.after;
        draft.block.after = end;
        for one in draft.segments.iter_mut().filter(|one| one.after == left) {
            one.after = end;
        }
    }
    let mut segments = OpenedSegments::of(draft.segments);
    if let Some((count, transactions)) = draft.counts {
        (segments.count, segments.transactions) = (count, transactions);
    }
    let (count, root) = (segments.count, &segments.list_root);
    draft.block.segments_root = opened_segments_root(count, segments.transactions, root);
    (draft.block, segments)
}

/// Changes the bytes of a segment of block 3.
fn forge(epoch: &mut DraftEpoch, edit: impl FnOnce(&mut Vec<u8>)) {
    let segment = &mut epoch.blocks[3].segments[1];
    let mut bytes = segment.bytes.take().expect("it has bytes");
    edit(&mut bytes);
    segment.chunks_root = commitment::chunks_root(&bytes);
    segment.bytes = Some(bytes);
}

/// All cases.
pub fn breaks() -> [Break; 34] {
    let case = |rule, epoch, edit| Break { rule, epoch, edit };
    [
        case("L1", 0, |one| one.blocks[3].block.rules = 2),
        case("L2", 1, |one| one.blocks[3].block.height += 1),
        case("L2", 0, |one| one.blocks[0].block.height -= 1),
        case("L3", 0, |one| {
            one.blocks[3].block.time = one.blocks[2].block.time - 1
        }),
        case("L3", 0, |one| one.blocks[0].block.time = one.before - 1),
        case("L3", 1, |one| one.blocks[0].block.time = one.before - 1),
        case("L4", 0, |one| one.blocks[3].block.before[0] ^= 1),
        case("L4", 0, |one| one.blocks[0].block.before[0] ^= 1),
        case("L4", 1, |one| one.blocks[0].block.before[0] ^= 1),
        case("L4", 0, |one| one.other_end = true),
        case("L5", 0, |one| one.later = 1),
        case("L6", 0, |one| one.blocks[3].counts = Some((3, 0))),
        case("L6", 0, |one| one.blocks[3].counts = Some((1 << 30, 3))),
        case("L6", 1, |one| one.blocks[3].counts = Some((3, 4_001))),
        case("L7", 0, |one| one.blocks[3].segments[0].kind = 4),
        case("L7", 0, |one| one.blocks[3].segments[0].count = 2),
        case("L8", 0, |one| one.blocks[3].segments[1].kind = 1),
        case("L8", 0, |one| one.blocks[3].segments[1].kind = 9),
        case("L8", 1, |one| one.blocks[3].segments[2].kind = 3),
        case("L9", 0, |one| one.blocks[3].segments[1].count = 33),
        case("L9", 0, |one| one.blocks[3].segments[2].count = 1),
        case("L9", 0, |one| {
            let segment = &mut one.blocks[3].segments[1];
            (segment.length, segment.bytes) = (32_769, None);
        }),
        case("L10", 0, |one| one.blocks[3].segments[1].first = 2),
        case("L10", 1, |one| one.blocks[3].counts = Some((3, 4))),
        case("L11", 0, |one| one.blocks[3].segments[0].before[0] ^= 1),
        case("L11", 0, |one| one.blocks[3].segments[1].before[0] ^= 1),
        case("L11", 1, |one| one.blocks[3].segments[2].after[0] ^= 1),
        case("L12", 0, |one| one.leaves[0][39] ^= 1),
        case("L13", 1, |one| one.leaves[1][7] ^= 1),
        case("L14", 0, |one| one.leaves[2][16] ^= 1),
        case("L15", 1, |one| one.leaves[3][452] ^= 1),
        case("bad_signature", 0, |one| {
            forge(one, |bytes| {
                let end = bytes.len();
                bytes[end - 2] ^= 1;
            });
        }),
        // More is paid than was signed for.
        case("bad_signature", 1, |one| {
            forge(one, |bytes| bytes[4 + 110 + 21 + 20] ^= 1)
        }),
        case("wrong_sender", 0, |one| {
            forge(one, |bytes| bytes[4 + 3] ^= 1)
        }),
    ]
}

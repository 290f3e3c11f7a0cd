//! A chain that thieves make: blocks, segments and a state that were executed as the rules want, and then changed in what a case breaks.

use std::sync::Arc;

use alloy_primitives::{B256, keccak256};
use ed25519_zebra::{SigningKey, VerificationKey};
use plasmid::chain::bitmap::Bitmap;
use plasmid::chain::epoch::Moment;
use plasmid::chain::genesis::file::File;
use plasmid::chain::genesis::{Genesis, Operator, RootAnchor};
use plasmid::chain::links::end_slots;
use plasmid::chain::opened::{OpenedSegment, OpenedSegments};
use plasmid::chain::record::Executing;
use plasmid::chain::tree::Tree;
use plasmid::ledger::leaf::NATIVE;
use plasmid::ledger::transaction::{Authentication, Body, Header};
use plasmid::ledger::{Account, Domain, Parameters, Slot, Transaction};
use plasmid_bridge::client::ceremony::{Artifacts, Created};
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::{self, BlockCommitment, blocks_root};
use plasmid_bridge::proof::{deployment, vote};
use plasmid_tests::stage::{STAKE, UNIT, operator_keys, plan};
use plasmid_tests::thieves::{SegmentText, ShownChain, ShownEpoch, copy, execute, mint, put, seal};

/// K, as the stage has it.
pub const BLOCKS: u64 = 16;
/// Nanoseconds between two blocks.
const STEP: u64 = 1_000_000;
/// Operators.
const OPERATORS: u64 = 4;
/// Who pays.
const PAYER: [u8; 32] = [7; 32];

/// The genesis on which the deployment of the stage is founded.
fn founding() -> Genesis {
    let artifacts = Artifacts::embedded().expect("the contracts are embedded");
    let plan = plan(OPERATORS);
    let keys = operator_keys(OPERATORS);
    let operators = (1u64..).zip(plan.operators.iter().zip(&keys));
    let operators = operators.map(|(registration, (operator, keys))| Operator {
        operator: operator.into_array(),
        registration,
        consensus_key: keys.consensus_key(),
        checkpoint_key: keys.checkpoint_key(),
        stake: STAKE,
        opening: Default::default(),
        profile: None,
    });
    Genesis {
        parameters: Parameters {
            epoch_blocks: BLOCKS as u32,
            ring: 18,
            seats: 20,
            unit: UNIT,
            min_seat: UNIT,
            epoch_max_secs: 60,
            inbox_interval_ms: 1_000,
            registry: plan.registry(&artifacts).1,
            ..Parameters::local()
        },
        operators: operators.collect(),
        balances: vec![(payer(), 1 << 100)],
        delegations: Vec::new(),
    }
}

fn payer() -> Account {
    Account::ed25519(&VerificationKey::from(&SigningKey::from(PAYER)).into())
}

/// The state before block 1.
pub fn genesis() -> Tree {
    founding().build().expect("it is sound").tree
}

/// The file with it, for a deployment.
pub fn genesis_file(created: &Created) -> File {
    let root = RootAnchor {
        root_chain: created.root_chain.into_array(),
        parent_block_hash: created.parent_hash,
        time: created.time,
    };
    File::new(&founding(), &root).expect("it is sound")
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

/// The chain.
#[derive(Clone)]
pub struct Chain {
    pub epochs: Vec<ShownEpoch>,
    domain: Domain,
    /// Genesis time in nanoseconds.
    time: u64,
    set: B256,
}

impl From<Chain> for ShownChain {
    fn from(chain: Chain) -> Self {
        Self {
            first: 0,
            blocks: BLOCKS,
            epochs: chain.epochs,
            genesis: Arc::new(genesis()),
        }
    }
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
        let key = SigningKey::from(PAYER);
        let public: [u8; 32] = VerificationKey::from(&key).into();
        let mut transaction = Transaction {
            header: Header {
                sender: payer(),
                lane: 0,
                sequence,
                fee: 1 << 60,
                fee_payer: Account::NONE,
                valid_until: 1_000_000,
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
        self.add_minted(epoch, None, edit);
    }

    /// Commits to the next epoch, in which the segment of this number in this block leaves the payer with more than it may have, and all behind it goes on from there.
    pub fn add_minted(
        &mut self,
        epoch: u64,
        mint: Option<(u64, usize)>,
        edit: impl FnOnce(&mut DraftEpoch),
    ) {
        let last = self.epochs.last();
        let (before, state) = last.map_or((self.time, None), |last| {
            let (block, _) = last.blocks.last().expect("it has blocks");
            (block.time, Some(&last.state))
        });
        let state = state.map_or_else(genesis, |state| copy(state));
        let mut maker = BlockMaker {
            state,
            chain: self,
            mint,
        };
        let blocks =
            (0..BLOCKS).map(|place| maker.draft(epoch, place, before + STEP * (place + 1)));
        let blocks: Vec<Draft> = blocks.collect();
        let mut state = maker.state;
        let slots = end_slots(epoch, founding().parameters.ring);
        let value = |slot: &Slot| state.get(&slot.key()).expect("it stands").2.to_vec();
        let own = slots.each_ref().map(value);
        let mut draft = DraftEpoch {
            blocks,
            before,
            leaves: own.clone(),
            later: 0,
            other_end: false,
        };
        edit(&mut draft);
        for (slot, (value, own)) in slots.iter().zip(draft.leaves.into_iter().zip(&own)) {
            if value != *own {
                put(&mut state, slot, value);
            }
        }
        let [_, set, record, _] = &own;
        assert_eq!(set[146..], self.set[..], "the set stays as it is");
        let end = match draft.other_end {
            true => B256::repeat_byte(0xee),
            false => state.root(),
        };
        let blocks: Vec<_> = draft
            .blocks
            .into_iter()
            .map(|one| sealed(one, end))
            .collect();
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
            state_root: state.root(),
            inbox_cursor: 0,
            inbox_link: B256::ZERO,
            next_set: self.set,
            relayer: record[16..36].try_into().expect("an address"),
            previous,
        };
        self.epochs.push(ShownEpoch {
            blocks,
            state: Arc::new(state),
            checkpoint,
        });
    }
}

/// Executes the blocks of an epoch.
struct BlockMaker<'a> {
    state: Tree,
    chain: &'a Chain,
    mint: Option<(u64, usize)>,
}

impl BlockMaker<'_> {
    fn draft(&mut self, epoch: u64, place: u64, time: u64) -> Draft {
        let height = epoch * BLOCKS + 1 + place;
        let moment = Moment { height, time };
        let before = self.state.root();
        let mut participation = Bitmap::default();
        (0..OPERATORS).for_each(|seat| participation.set(seat as u16));
        let record = Executing {
            height,
            time,
            proposer: vote::address(&operator_keys(1)[0].consensus_key()),
            participation,
            shares: Bitmap::default(),
        };
        let [first, second, third] =
            [0, 1, 2].map(|one| self.chain.payment(3 * (height - 1) + one));
        let parts = [
            (1, vec![record.encode()]),
            (4, vec![first, second]),
            (4, vec![third]),
        ];
        let mut segments = Vec::new();
        let mut next = 0;
        for (kind, transactions) in parts {
            let count = transactions.len() as u32;
            let place = (place, segments.len());
            segments.push(self.segment(kind, (next, count), &transactions, moment, place));
            next += count;
        }
        while height.is_multiple_of(BLOCKS) {
            let left = self.state.root();
            let place = (place, segments.len());
            let step = self.segment(5, (next, 0), &[], moment, place);
            if self.state.root() == left {
                break;
            }
            segments.push(step);
        }
        Draft {
            block: BlockCommitment {
                rules: 1,
                height,
                time,
                block_hash: keccak256(height.to_be_bytes()),
                witness_hash: B256::ZERO,
                before,
                after: self.state.root(),
                segments_root: B256::ZERO,
            },
            segments,
            counts: None,
        }
    }

    /// Executes a segment, and says of it what it does, or what the thieves want.
    fn segment(
        &mut self,
        kind: u8,
        (first, count): (u32, u32),
        transactions: &[Vec<u8>],
        moment: Moment,
        place: (u64, usize),
    ) -> OpenedSegment {
        let framed: Vec<Vec<u8>> = transactions.iter().map(|one| framed(one)).collect();
        let text = SegmentText {
            kind,
            first,
            count,
            bytes: &framed.concat(),
        };
        let is_minted = self.mint == Some(place);
        execute(&mut self.state, &self.chain.domain, moment, text, |state| {
            if is_minted {
                mint(state, payer(), 1 << 90);
            }
        })
    }
}

fn framed(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

/// Commits to a block; the last one of an epoch leaves `end`.
fn sealed(mut draft: Draft, end: B256) -> (BlockCommitment, OpenedSegments) {
    if draft.block.height.is_multiple_of(BLOCKS) {
        let left = draft.block.after;
        draft.block.after = end;
        for one in draft.segments.iter_mut().filter(|one| one.after == left) {
            one.after = end;
        }
    }
    seal(draft.block, draft.segments, draft.counts)
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
        case("L9", 0, |one| {
            one.blocks[15].segments.last_mut().expect("it ends").count = 1
        }),
        case("L9", 0, |one| {
            let segment = &mut one.blocks[3].segments[1];
            (segment.length, segment.bytes) = (32_769, None);
        }),
        case("L10", 0, |one| one.blocks[3].segments[1].first = 2),
        case("L10", 1, |one| one.blocks[3].counts = Some((3, 5))),
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

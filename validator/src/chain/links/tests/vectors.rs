//! What breaks each link rule, for the court's judge: `validator/vectors/links.json`.
//!
//! `PLASMID_WRITE_VECTORS=1` writes the file; without it the file must be what this code makes. Blocks, segments and checkpoints stand in it as
//! ABI-encoded parts of a proof (`IFraudCourt`).

use alloy_sol_types::SolValue;
use plasmid_bridge::abi::{IFraudCourt, IRootChain};
use serde_json::{Value as Json, json};

use super::*;
use crate::chain::opened::OpenedSegment;
use crate::chain::tree::Change;
use crate::court::shown;
use crate::ledger::vectors::keep;

const EPOCH_BLOCKS: u32 = 16;

fn hex_of(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn block_of(number: u32, one: &BlockCommitment) -> String {
    hex_of(shown::block(number, one, Vec::new()).abi_encode())
}

fn segments_of(scene: &Scene) -> Vec<IFraudCourt::Segment> {
    let numbered = (0..).zip(&scene.segments);
    let segments = numbered.map(|(number, (record, bytes))| {
        let opened = OpenedSegment::bare(record, B256::ZERO, *bytes);
        shown::segment(number, &opened, Vec::new())
    });
    segments.collect()
}

fn checkpoint_of(one: &Checkpoint) -> String {
    hex_of(IRootChain::Checkpoint::from(one).abi_encode())
}

/// The number of the rule that is broken, or 0.
fn number(verdict: Result<(), LinkError>) -> u8 {
    verdict.map_or_else(|error| error.rule(), |()| 0)
}

fn links() -> Json {
    let honest = Scene::new();
    let sound: Break = ("", |_| {});
    let mut cases = Vec::new();
    for (_, edit) in BREAKS.into_iter().chain([sound]) {
        let mut scene = Scene {
            segments: honest.segments.clone(),
            ..honest
        };
        edit(&mut scene);
        let counts = IFraudCourt::Segments {
            count: u32::try_from(scene.segments.len()).unwrap(),
            transactions: scene.transactions,
            listRoot: B256::ZERO,
        };
        // What is said of the checkpoint is in keeping with the block: `ends` has what is not.
        let checkpoint = Checkpoint {
            epoch: 1,
            last_block_time: scene.block.time / NANOS,
            state_root: scene.block.after,
            ..Checkpoint::decode(&[0; 224]).unwrap()
        };
        cases.push(json!({
            "rule": number(scene.judge()),
            "checkpoint": checkpoint_of(&checkpoint),
            "before": block_of(EPOCH_BLOCKS - 2, &scene.before),
            "block": block_of(EPOCH_BLOCKS - 1, &scene.block),
            "counts": hex_of(counts.abi_encode()),
            "segments": hex_of(segments_of(&scene).abi_encode()),
        }));
    }
    json!({
        "epoch_blocks": EPOCH_BLOCKS,
        "seats": honest.parameters.seats,
        "max_block_transactions": honest.parameters.max_block_transactions,
        "cases": cases,
    })
}

/// The end of epoch 0: its last block, and what a sound checkpoint says of it.
struct End {
    world: World,
    last: BlockCommitment,
    checkpoint: Checkpoint,
}

type BreakEnd = fn(&mut End);

impl End {
    fn new() -> Self {
        let mut world = World::new(EPOCH_BLOCKS, 20);
        world.deposit(5);
        let mut last = world.step().1.block;
        for _ in 1..EPOCH_BLOCKS {
            last = world.step().1.block;
        }
        let mut end = Self {
            world,
            last,
            checkpoint: Checkpoint::decode(&[0; 224]).unwrap(),
        };
        let (cursor, link) = (
            end.values()[0][..8].to_vec(),
            end.values()[0][8..40].to_vec(),
        );
        end.checkpoint = Checkpoint {
            epoch: 0,
            last_block_time: last.time / NANOS,
            state_root: last.after,
            inbox_cursor: u64::from_be_bytes(cursor.try_into().unwrap()),
            inbox_link: B256::from_slice(&link),
            next_set: B256::from_slice(&end.values()[1][146..178]),
            relayer: end.values()[2][16..36].try_into().unwrap(),
            ..end.checkpoint
        };
        end
    }

    fn ring(&self) -> u32 {
        parameters(&self.world.tree).unwrap().ring
    }

    fn slots(&self) -> [Slot; 4] {
        end_slots(self.checkpoint.epoch, self.ring())
    }

    fn values(&self) -> [Vec<u8>; 4] {
        let value = |slot: Slot| self.world.tree.get(&slot.key()).unwrap().2.to_vec();
        self.slots().map(value)
    }

    /// Another byte in a leaf, with the state root that it leads to.
    fn change(&mut self, leaf: usize, byte: usize) {
        let key = self.slots()[leaf].key();
        let (_, kind, value) = self.world.tree.get(&key).unwrap();
        let mut value = value.to_vec();
        value[byte] ^= 1;
        let root = self
            .world
            .tree
            .apply(&[Change { key, kind, value }])
            .unwrap();
        (self.last.after, self.checkpoint.state_root) = (root, root);
    }

    fn judge(&self) -> Result<(), LinkError> {
        check_ends(&self.checkpoint, &self.last, &self.world.tree, self.ring())
    }
}

const BREAK_ENDS: [(u8, BreakEnd); 19] = [
    (0, |_| {}),
    (4, |end| end.checkpoint.state_root[0] ^= 1),
    (5, |end| end.checkpoint.last_block_time += 1),
    (5, |end| end.last.time += NANOS),
    (12, |end| end.checkpoint.inbox_cursor += 1),
    (12, |end| end.checkpoint.inbox_link[31] ^= 1),
    (12, |end| end.change(0, 0)),
    (12, |end| end.change(0, 39)),
    (13, |end| end.checkpoint.next_set[0] ^= 1),
    (13, |end| end.change(1, 7)),
    (13, |end| end.change(1, 177)),
    // The members' root is not the checkpoint's: the commitment over it is.
    (0, |end| end.change(1, 8)),
    (14, |end| end.checkpoint.relayer[19] ^= 1),
    (14, |end| end.change(2, 7)),
    (14, |end| end.change(2, 16)),
    (0, |end| end.change(2, 15)),
    (15, |end| end.change(3, 7)),
    (15, |end| end.change(3, 8)),
    (15, |end| end.change(3, 452)),
];

fn ends() -> Json {
    let cases = BREAK_ENDS.into_iter().map(|(rule, edit)| {
        let mut end = End::new();
        edit(&mut end);
        assert_eq!(number(end.judge()), rule);
        json!({
            "rule": rule,
            "checkpoint": checkpoint_of(&end.checkpoint),
            "block": block_of(EPOCH_BLOCKS - 1, &end.last),
            "keys": end.slots().map(|slot| hex_of(slot.key())),
            "values": end.values().map(hex_of),
        })
    });
    json!({
        "ring": End::new().ring(),
        "cases": cases.collect::<Vec<_>>(),
    })
}

#[test]
fn the_link_vectors_in_the_tree_are_what_this_code_makes() {
    let about =
        "PROTOCOL section 12: what breaks each link rule, or none (0), as parts of a proof (ABI)";
    let made = json!({"about": about, "links": links(), "ends": ends()});
    keep("links", &made);
}

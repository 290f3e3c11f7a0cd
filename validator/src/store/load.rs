//! Opens what is there: pages and the records behind them become the tree of the last durable height.
//!
//! The tree is believed only if its computed root is the one that the height's commitment names, and the state at every kept
//! mark leads to the mark's root. A damaged record ends the records before it: the store opens at an older height then, and
//! the engine replays. Damage in what is folded already is an error.

use super::archive::Archive;
use super::backend::Backend;
use super::fold::decode_page;
use super::keys::{self, PAGE_LEAVES, Table};
use super::layers::Filed;
use super::record::{self, Record};
use super::state::{self, Floor, Folded, VERSION, last_mark};
use super::{Identity, StoreError, staked};
use crate::chain::tree::{EpochMark, LeafImage, Restore, Tree, TreeError};
use plasmid_bridge::proof::bytes::Reader;
use plasmid_bridge::proof::commitment::BlockCommitment;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The chain as the store has it.
pub struct Loaded {
    /// Commitment of the durable height; its hash is the app hash.
    pub block: BlockCommitment,
    /// The state of that height, with all kept marks, and the states of those whose layers are not on disk only.
    pub tree: Tree,
    /// Commitments of the unfinished epoch: of the heights after the last mark, ascending, genesis excepted.
    pub epoch_blocks: Vec<BlockCommitment>,
    /// Why the store opened at an older height than it once had, if it did.
    pub warning: Option<String>,
}

impl Loaded {
    /// The durable height.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.block.height
    }
}

pub(super) struct Opened {
    pub loaded: Option<Loaded>,
    pub folded: Folded,
    pub floor: Floor,
    /// Height of the state that came from a file, if one did.
    pub imported: Option<u64>,
    /// Records that are not folded.
    pub recent: VecDeque<Arc<Record>>,
}

impl<S: Backend> Archive<S> {
    pub fn open(&self, identity: Identity) -> Result<Opened, StoreError> {
        let version = state::claim(&self.disk, identity)?;
        let folded = state::folded(&self.disk)?;
        if version != VERSION {
            staked::build(&self.disk, folded.height.unwrap_or_default())?;
            state::upgrade(&self.disk, identity)?;
        }
        let floor = state::floor(&self.disk)?;
        let (recent, warning) = self.records(&folded)?;
        let last = recent.back().map(|record| record.block).or(folded.block);
        let loaded = match last {
            Some(block) => {
                let tree = self.tree(&folded, floor, &recent, &block)?;
                Some(Loaded {
                    block,
                    tree,
                    epoch_blocks: self.epoch_blocks(&folded, &recent, block.height)?,
                    warning,
                })
            }
            None => None,
        };
        Ok(Opened {
            loaded,
            folded,
            floor,
            imported: state::imported(&self.disk)?,
            recent,
        })
    }

    /// The records after the folded height, up to the first that is not whole; what is behind that one is removed.
    fn records(
        &self,
        folded: &Folded,
    ) -> Result<(VecDeque<Arc<Record>>, Option<String>), StoreError> {
        let mut records = VecDeque::new();
        let mut next = folded.height.map_or(0, |height| height.saturating_add(1));
        let mut damage = None;
        loop {
            match self.read(next)? {
                Ok(Some(record)) => records.push_back(Arc::new(record)),
                Ok(None) => break,
                Err(what) => {
                    damage = Some(format!("the record of height {next}: {what}"));
                    break;
                }
            }
            next = next.saturating_add(1);
        }
        if let Some(target) = folded.target
            && next <= target
        {
            let what = damage.unwrap_or_else(|| format!("the record of height {next} is missing"));
            return Err(self.disk.damaged(what));
        }
        let (first, last) = (keys::redo(next, 0), keys::redo(u64::MAX, u32::MAX));
        let rest = self.disk.keys(Table::Redo, &first, &last)?;
        let later = rest.iter().any(|key| is_head_after(key, next));
        if later && damage.is_none() {
            damage = Some(format!("the record of height {next} is missing"));
        }
        if damage.is_some() && next == 0 {
            return Err(self.disk.damaged(damage.unwrap_or_default()));
        }
        if !rest.is_empty() {
            self.disk.remove_range(Table::Redo, &first, &last)?;
            self.disk.flush()?;
        }
        Ok((records, damage))
    }

    fn tree(
        &self,
        folded: &Folded,
        floor: Floor,
        recent: &VecDeque<Arc<Record>>,
        block: &BlockCommitment,
    ) -> Result<Tree, StoreError> {
        let count = recent
            .back()
            .map_or(folded.count, |record| record.journal.count);
        let refuse = |error: TreeError| self.disk.damaged(error.to_string());
        let mut restore = Restore::new();
        self.leaves(&mut restore, recent, count)?;
        self.history(&mut restore, folded, floor, recent)?;
        let tree = restore.finish().map_err(refuse)?;
        if tree.root() != block.after {
            return Err(self.disk.damaged(format!(
                "the leaves of height {} lead to state root {}, but the block commitment has {}",
                block.height,
                tree.root(),
                block.after
            )));
        }
        Ok(tree)
    }

    /// Leaves from pages, where no record has them newer.
    fn leaves(
        &self,
        restore: &mut Restore,
        recent: &VecDeque<Arc<Record>>,
        count: u32,
    ) -> Result<(), StoreError> {
        let newer: BTreeMap<u32, &LeafImage> = recent
            .iter()
            .flat_map(|record| &record.journal.leaves)
            .map(|leaf| (leaf.index, leaf))
            .collect();
        let mut take = |leaf: &LeafImage| {
            restore
                .leaf(leaf.key, leaf.next, leaf.kind, &leaf.value)
                .map_err(|error| self.disk.damaged(error.to_string()))
        };
        let mut next = 0u32;
        let (first, last) = (keys::page(0), keys::page(u32::MAX));
        self.disk
            .scan(Table::Page, &first, &last, &mut |key, body| {
                let number = key.try_into().map_or(u32::MAX, u32::from_be_bytes);
                let page = decode_page(body, number)
                    .map_err(|error| self.disk.damaged(format!("page {number}: {error}")))?;
                // Records may fill a page up that was not written again yet.
                let start = u64::from(number) * u64::from(PAGE_LEAVES);
                while u64::from(next) < start {
                    take(newer.get(&next).ok_or_else(|| self.missing(next))?)?;
                    next += 1;
                }
                for leaf in &page {
                    take(newer.get(&leaf.index).unwrap_or(&leaf))?;
                    next = next.saturating_add(1);
                }
                Ok(())
            })?;
        while next < count {
            take(newer.get(&next).ok_or_else(|| self.missing(next))?)?;
            next += 1;
        }
        if restore.count() != count {
            let found = restore.count();
            let what =
                format!("the store has {found} leaves, but its records say that there are {count}");
            return Err(self.disk.damaged(what));
        }
        Ok(())
    }

    fn missing(&self, index: u32) -> StoreError {
        self.disk.damaged(format!("leaf {index} is missing"))
    }

    /// Marks and their undo: of folded heights from their tables, of later ones from the records. Layers in the past table stay
    /// there.
    fn history(
        &self,
        restore: &mut Restore,
        folded: &Folded,
        floor: Floor,
        recent: &VecDeque<Arc<Record>>,
    ) -> Result<(), StoreError> {
        let mut marks = self.marks(folded, floor)?;
        let later = recent.iter().flat_map(|record| &record.journal.marks);
        marks.extend(
            later
                .filter(|mark| mark.epoch >= floor.epoch)
                .map(|mark| (mark.epoch, (*mark, Filed::Not))),
        );
        let refuse = |error: TreeError| self.disk.damaged(error.to_string());
        if let Some(gap) = (floor.epoch..).zip(marks.keys()).find(|(a, b)| a != *b) {
            return Err(self
                .disk
                .damaged(format!("the mark of epoch {} is missing", gap.0)));
        }
        for (epoch, (mark, filed)) in marks {
            if let Filed::Whole(leaves) = filed {
                restore.mark_on_disk(mark, leaves).map_err(refuse)?;
                continue;
            }
            restore.mark(mark).map_err(refuse)?;
            let first = keys::undo(epoch, 0, 0);
            let last = keys::undo(epoch, folded.height.unwrap_or_default(), u32::MAX);
            self.disk.scan(Table::Undo, &first, &last, &mut |_, body| {
                let mut reader = Reader::new(body);
                let undo = record::take_undo(&mut reader)
                    .map_err(|error| self.disk.damaged(format!("undo: {error}")))?;
                undo.into_iter()
                    .try_for_each(|undo| restore.undo(undo).map_err(refuse))
            })?;
            let later = recent.iter().flat_map(|record| &record.journal.undo);
            for undo in later.filter(|undo| undo.epoch == epoch) {
                restore.undo(undo.clone()).map_err(refuse)?;
            }
        }
        Ok(())
    }

    fn marks(
        &self,
        folded: &Folded,
        floor: Floor,
    ) -> Result<BTreeMap<u64, (EpochMark, Filed)>, StoreError> {
        let mut marks = BTreeMap::new();
        // Layers past the folded height's last mark belong to a folding that did not end: records have them.
        let Some((newest, _)) = folded.mark else {
            return Ok(marks);
        };
        let (first, last) = (keys::layer(floor.epoch), keys::layer(newest));
        if floor.epoch > newest {
            return Ok(marks);
        }
        self.disk
            .scan(Table::Layer, &first, &last, &mut |_, body| {
                let (mark, filed) = self.mark(body)?;
                marks.insert(mark.epoch, (mark, filed));
                Ok(())
            })?;
        if !marks.contains_key(&newest) {
            return Err(self
                .disk
                .damaged(format!("the mark of epoch {newest} is missing")));
        }
        Ok(marks)
    }

    fn epoch_blocks(
        &self,
        folded: &Folded,
        recent: &VecDeque<Arc<Record>>,
        height: u64,
    ) -> Result<Vec<BlockCommitment>, StoreError> {
        let mark = recent.iter().rev().find_map(|record| last_mark(record));
        let first = mark
            .or(folded.mark)
            .map_or(1, |(_, at)| at.saturating_add(1));
        if first > height {
            return Ok(Vec::new());
        }
        let blocks = self.blocks(first, height)?;
        let whole = (first..=height).eq(blocks.iter().map(|block| block.height));
        match blocks.last() {
            Some(last) if whole && recent.back().is_none_or(|r| r.block == *last) => Ok(blocks),
            _ => Err(self.disk.damaged(format!(
                "commitments of heights {first} to {height} are not all there"
            ))),
        }
    }
}

/// Whether a key of the redo table is the head of a height after `height`.
fn is_head_after(key: &[u8], height: u64) -> bool {
    match key.split_first_chunk::<8>() {
        Some((at, part)) => u64::from_be_bytes(*at) > height && part == [0; 4],
        None => false,
    }
}

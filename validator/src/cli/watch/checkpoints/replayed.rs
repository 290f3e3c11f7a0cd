//! Accepted checkpoints executed again, the oldest first, from a state that root vouches for: so the first segment that is not what its record says is found,
//! and the state before it is here, from which it is shown to root.
//!
//! ```text
//! genesis.json, or leaves of the last final state from nodes, or the folder ─▶ state whose root is root's word ─▶ block by block, as they are read
//! ```
//! No node is believed, and none is needed for what was carried once: the state of the newest checkpoint is kept each time that as many bytes were carried out
//! as it has, so that keeping it costs no more than reading. A state never goes back: where root takes another checkpoint than the one that it was carried over,
//! or calls final what it did not come to, it begins anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::B256;
use plasmid_bridge::client::watcher::ChildNews;
use plasmid_bridge::client::watcher::unsound::AcceptedCheckpoints;
use plasmid_bridge::relay::acceptance::Acceptance;
use tokio::time::Instant;

use super::{CheckpointJudge, Deaf, MAX_REASON, Unjudged, apart, hearing};
use crate::chain::tree::{Change, Tree};
use crate::cli::genesis_state;
use crate::court::{CourtFacts, OpenedEpoch, Replayed};

/// How long a state is carried on, or read, before what root accepted meanwhile is judged: less than a root block takes.
const REPLAY_TURN: Duration = Duration::from_secs(5);
/// Bytes of a leaf, about: so often a state is kept.
const LEAF_BYTES: u64 = 128;
/// What is said where no node says why.
const NOT_SHOWN: &str = "not all of its bytes are shown";

/// A state on its way over the checkpoints.
pub(super) struct CarriedState {
    tree: Tree,
    /// The epoch and the block in it that it stands before.
    epoch: u64,
    block: u32,
    /// What root keeps of the checkpoints that it was carried over, or begins behind, by epoch.
    words: BTreeMap<u64, B256>,
    /// Whether it stands before something that is not sound: it goes no further.
    is_over: bool,
    /// Bytes that were carried out since it was kept.
    since_kept: u64,
}

/// The leaves of a state as far as nodes have shown them.
pub(super) struct PartState {
    word: B256,
    tree: Tree,
}

impl CarriedState {
    fn at(tree: Tree, epoch: u64) -> Self {
        Self {
            tree,
            epoch,
            block: 0,
            words: BTreeMap::new(),
            is_over: false,
            since_kept: 0,
        }
    }

    fn behind(accepted: &Acceptance, tree: Tree) -> Self {
        let mut state = Self::at(tree, accepted.epoch.saturating_add(1));
        state.words.insert(accepted.epoch, accepted.record());
        state
    }

    /// Whether it leads to what root keeps now. Of a checkpoint that root's word is not known of at this moment nothing follows.
    fn fits(&self, now: &AcceptedCheckpoints) -> bool {
        let is_same =
            |(epoch, word): (&u64, &B256)| now.of(*epoch).is_none_or(|one| one.record() == *word);
        self.epoch >= now.finalized && self.words.iter().all(is_same)
    }
}

impl CheckpointJudge {
    /// Carries the state over what is read of the checkpoints. Gives whether nothing more can be done for now.
    pub(super) async fn replay_all(&mut self, now: &AcceptedCheckpoints) -> Result<bool, Deaf> {
        if now.open().next().is_none() {
            return Ok(true);
        }
        let reason = match self.replay(now).await {
            Ok(()) => return Ok(true),
            Err(Unjudged::Later) => return Ok(false),
            Err(Unjudged::Deaf) => return Err(Deaf),
            Err(Unjudged::Withheld(reason)) => reason,
        };
        let (epoch, reason) = match &self.carried {
            Some(state) => (state.epoch, reason),
            None => {
                let reason = format!("the state before its blocks: {reason}");
                (now.finalized, reason)
            }
        };
        let told = ChildNews::Withheld {
            epoch,
            reason: reason.chars().take(MAX_REASON).collect(),
        };
        self.tell(told).await?;
        Ok(false)
    }

    async fn replay(&mut self, now: &AcceptedCheckpoints) -> Result<(), Unjudged> {
        let until = Instant::now() + REPLAY_TURN;
        let facts = self.facts().await?;
        let mut state = match self.carried.take().filter(|state| state.fits(now)) {
            Some(state) => state,
            None => self.begin(now, until).await?,
        };
        state.words = state.words.split_off(&now.finalized.saturating_sub(1));
        let mut done = Ok(());
        while let Some(accepted) = now.of(state.epoch).filter(|_| !state.is_over) {
            done = match Instant::now() > until {
                true => Err(Unjudged::Later),
                false => self.carry(&facts, accepted, &mut state).await,
            };
            if done.is_err() {
                break;
            }
        }
        self.carried = Some(state);
        done
    }

    /// Carries the state over the next block, or to the next epoch.
    async fn carry(
        &mut self,
        facts: &Arc<CourtFacts>,
        accepted: &Acceptance,
        state: &mut CarriedState,
    ) -> Result<(), Unjudged> {
        let word = accepted.record();
        state.words.insert(accepted.epoch, word);
        if state.block == facts.parameters.epoch_blocks {
            self.progress.entry(word).or_default().is_executed = true;
            self.keep(accepted, state);
            state.epoch = state.epoch.saturating_add(1);
            state.block = 0;
            return Ok(());
        }
        let progress = self.progress.get(&word);
        if !progress.is_some_and(|progress| progress.blocks.contains(&state.block)) {
            // It is asked for where the rest of the checkpoint is judged, and told there if nobody shows it.
            return Err(Unjudged::Later);
        }
        let epoch = self.opened(accepted, facts.parameters.epoch_blocks).await?;
        let missing = |why: String| {
            let block = state.block;
            Unjudged::Withheld(format!(
                "block {block} of the epoch, which is to be executed: {why}"
            ))
        };
        // The folder may not have it any more, so that it is asked for again.
        let segments = match self.segments(facts, &epoch, state.block).await? {
            (Some(segments), None) => segments,
            (_, why) => return Err(missing(why.unwrap_or_else(|| NOT_SHOWN.to_owned()))),
        };
        let bytes = segments.segments.iter().map(|one| u64::from(one.length));
        let bytes = bytes.fold(0, u64::saturating_add);
        let (of, number) = ((Arc::clone(facts), epoch), state.block);
        let mut tree = std::mem::take(&mut state.tree);
        let replay = move || {
            let (facts, epoch): &(Arc<CourtFacts>, Arc<OpenedEpoch>) = &of;
            let replayed = hearing(facts, epoch, None).replay_block(number, &segments, &mut tree);
            (replayed, tree)
        };
        // It ends without an answer only when the program does.
        let (replayed, tree) = apart(replay).await.ok_or(Unjudged::Deaf)?;
        state.tree = tree;
        state.is_over = !matches!(replayed, Replayed::Sound | Replayed::Missing);
        match replayed {
            Replayed::Sound => {
                state.block = state.block.saturating_add(1);
                state.since_kept = state.since_kept.saturating_add(bytes);
            }
            Replayed::Missing => return Err(missing(NOT_SHOWN.to_owned())),
            // What links it is told of where links are judged.
            Replayed::Unlinked => {}
            Replayed::False(found) => {
                let mut progress = self.progress.remove(&word).unwrap_or_default();
                self.accuse(accepted, &mut progress, vec![*found]).await?;
                self.progress.insert(word, progress);
            }
            Replayed::Broken(why) => {
                let trouble = format!(
                    "checkpoint {} cannot be executed again: {why}; report this",
                    accepted.epoch
                );
                self.tell(ChildNews::Trouble(trouble)).await?;
            }
        }
        Ok(())
    }

    /// Keeps the state that a checkpoint leaves, if as many bytes were carried out since the last time as its leaves have.
    fn keep(&mut self, accepted: &Acceptance, state: &mut CarriedState) {
        let bytes = u64::from(state.tree.count()).saturating_mul(LEAF_BYTES);
        if state.since_kept >= bytes {
            state.since_kept = 0;
            self.archive.keep_state(accepted, &state.tree);
        }
    }

    /// The newest state that root vouches for, or that this watcher came to before.
    async fn begin(
        &mut self,
        now: &AcceptedCheckpoints,
        until: Instant,
    ) -> Result<CarriedState, Unjudged> {
        if let Some((accepted, tree)) = self.archive.state(now) {
            for one in now.open().filter(|one| one.epoch <= accepted.epoch) {
                self.progress.entry(one.record()).or_default().is_executed = true;
            }
            return Ok(CarriedState::behind(&accepted, tree));
        }
        let Some(base) = now.finalized.checked_sub(1) else {
            return self.genesis().await.map(|tree| CarriedState::at(tree, 0));
        };
        let why = || Unjudged::Withheld("what root made final is not read yet".to_owned());
        let base = now.of(base).ok_or_else(why)?;
        let tree = self.fetch(base, until).await?;
        self.archive.keep_state(base, &tree);
        Ok(CarriedState::behind(base, tree))
    }

    async fn genesis(&self) -> Result<Tree, Unjudged> {
        let withheld = |why: &str| {
            Unjudged::Withheld(format!(
                "{why}; name the network's genesis.json with --genesis, or wait until root has a final checkpoint"
            ))
        };
        let path = self.deployed.genesis.clone();
        let path = path.ok_or_else(|| withheld("the genesis state is not known"))?;
        let place = path.display().to_string();
        let read = apart(move || genesis_state::read(&path)).await;
        let tree = read.ok_or(Unjudged::Deaf)?;
        let tree = tree.map_err(|why| withheld(&format!("{place}: {why}")))?;
        match tree.root() == self.deployed.state_root {
            true => Ok(tree),
            false => Err(withheld(&format!("{place} is another network's"))),
        }
    }

    /// The state that a final checkpoint leaves, from nodes: what they showed of it stays when they show no more.
    async fn fetch(&mut self, base: &Acceptance, until: Instant) -> Result<Tree, Unjudged> {
        let word = base.record();
        let part = self.part.take().filter(|part| part.word == word);
        let mut tree = part.map_or_else(Tree::new, |part| part.tree);
        loop {
            // The sentinel stands in every tree, and in front of the others in the first page.
            let count = tree.count();
            let (first, known) = match count {
                1 => (0, 1),
                count => (count, 0),
            };
            let page = match Instant::now() > until {
                true => Err(Unjudged::Later),
                false => self.nodes.leaves(base, first).await,
            };
            let page = match page {
                Ok(page) => page,
                Err(why) => {
                    self.part = Some(PartState { word, tree });
                    return Err(why);
                }
            };
            let new: Vec<Change> = page.leaves.into_iter().skip(known).collect();
            let end = u32::try_from(new.len())
                .unwrap_or(u32::MAX)
                .saturating_add(count);
            let broken = |why: String| {
                Unjudged::Withheld(format!("the final state of epoch {}: {why}", base.epoch))
            };
            let root = tree
                .apply(&new)
                .map_err(|error| broken(error.to_string()))?;
            tree.forget_changes();
            let is_last = end == page.count;
            if tree.count() != end
                || end == count
                || (is_last && root != base.checkpoint.state_root)
            {
                return Err(broken("its leaves are not those of a tree".into()));
            }
            if is_last {
                return Ok(tree);
            }
        }
    }
}

#[cfg(test)]
mod tests;

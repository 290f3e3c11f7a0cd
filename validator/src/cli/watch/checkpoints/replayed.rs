//! Accepted checkpoints executed again, the oldest first, from a state that root vouches for: so the first segment that is not what its record says is found,
//! and the state before it is here, from which it is shown to root.
//!
//! ```text
//! genesis.json, or leaves of the last final state from nodes, or the folder ─▶ state whose root is root's word ─▶ block by block, as they are read
//! ```
//! No node is believed, and none is needed for what was carried once: the state of the newest checkpoint is kept each time that as many bytes were carried out
//! as it has, so that keeping it costs no more than reading, and before the one that is kept is behind what root has made final. A state never goes back: where root
//! takes another checkpoint than the one that it was carried over, it is put aside, and another one begins. What becomes final before the state comes to it is carried over
//! all the same while it is shown, because what is behind it is executed from there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::B256;
use plasmid_bridge::client::watcher::ChildNews;
use plasmid_bridge::client::watcher::unsound::{AcceptedCheckpoints, CheckpointsOver};
use plasmid_bridge::relay::acceptance::Acceptance;
use tokio::time::Instant;

use super::states::is_near;
use super::{
    CheckpointArchive, CheckpointJudge, CheckpointName, Deaf, Unjudged, apart, hearing, lock, name,
    told,
};
use crate::chain::links::end_slots;
use crate::chain::opened::ShownLeaf;
use crate::chain::tree::Tree;
use crate::court::{CourtFacts, OpenedEpoch, Replayed};

/// How long a state is carried on, or read, before more is judged.
const REPLAY_TURN: Duration = Duration::from_secs(5);
/// Bytes of a leaf, about: so often a state is kept.
const LEAF_BYTES: u64 = 128;
/// What is said where no node says why.
const NOT_SHOWN: &str = "not all of its bytes are shown";

/// How a turn of execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReplayTurn {
    /// Nothing is left to do for now.
    Done,
    /// What is next is not judged, or not shown.
    Waits,
    /// There is more to do.
    Unfinished,
}

/// A state on its way over the checkpoints.
pub(super) struct CarriedState {
    tree: Tree,
    /// The epoch and the block in it that it stands before.
    epoch: u64,
    block: u32,
    /// What root keeps of the checkpoints that it was carried over, or begins behind, by epoch.
    words: BTreeMap<u64, B256>,
    /// The epoch of the checkpoint whose state nodes showed, where it began with that.
    shown: Option<u64>,
    /// Whether it stands before something that is not sound: it goes no further.
    is_over: bool,
    /// Whether it was lost, because what was done with it ended by itself.
    is_lost: bool,
    /// Bytes that were carried out since it was kept.
    since_kept: u64,
}

impl CarriedState {
    pub(super) fn at(tree: Tree, epoch: u64) -> Self {
        Self {
            tree,
            epoch,
            block: 0,
            words: BTreeMap::new(),
            shown: None,
            is_over: false,
            is_lost: false,
            since_kept: 0,
        }
    }

    pub(super) fn behind(accepted: &Acceptance, tree: Tree) -> Self {
        let mut state = Self::at(tree, accepted.epoch.saturating_add(1));
        state.words.insert(accepted.epoch, accepted.record());
        state
    }

    /// Behind one of which nodes showed the state: that is as good as genesis while it is final.
    pub(super) fn shown(accepted: &Acceptance, tree: Tree) -> Self {
        let mut state = Self::behind(accepted, tree);
        state.shown = Some(accepted.epoch);
        state
    }

    /// Whether the checkpoint whose state nodes showed, if it began with one, is one of the first `finalized`, which are final.
    fn is_sure(&self, finalized: u64) -> bool {
        self.shown.is_none_or(|epoch| epoch < finalized)
    }

    pub(super) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether it leads to what root keeps now. Of a checkpoint that root's word is not known of at this moment nothing follows.
    fn fits(&self, now: &AcceptedCheckpoints) -> bool {
        let is_same =
            |(epoch, word): (&u64, &B256)| now.of(*epoch).is_none_or(|one| one.record() == *word);
        self.is_sure(now.finalized) && self.words.iter().all(is_same)
    }

    /// Whether it may still be carried on, as far as all endpoints of root say the same.
    const fn lasts(&self, over: &CheckpointsOver) -> bool {
        match self.is_over {
            true => self.epoch >= over.finalized,
            false => is_near(self.epoch, over),
        }
    }
}

impl CheckpointJudge {
    /// Carries the state over what is read of the checkpoints, for one turn.
    pub(super) async fn replay_all(
        &mut self,
        now: &AcceptedCheckpoints,
    ) -> Result<ReplayTurn, Deaf> {
        if now.open().next().is_none() {
            return Ok(ReplayTurn::Done);
        }
        let reason = match self.replay(now).await {
            Ok(ended) => return Ok(ended),
            Err(Unjudged::Later) => return Ok(ReplayTurn::Unfinished),
            Err(Unjudged::Deaf) => return Err(Deaf),
            Err(Unjudged::Failed) => {
                self.tell_failed("executing checkpoints again").await?;
                return Ok(ReplayTurn::Waits);
            }
            Err(Unjudged::Withheld(reason)) => reason,
        };
        let epoch = self.carried.as_ref().map(CarriedState::epoch);
        let (epoch, reason) = match epoch.filter(|epoch| *epoch >= now.finalized) {
            Some(epoch) => (epoch, reason),
            None => {
                let reason = format!("the state before its blocks: {reason}");
                (now.finalized, reason)
            }
        };
        let news = ChildNews::Withheld {
            epoch,
            reason: told(&reason),
        };
        self.tell(news).await?;
        Ok(ReplayTurn::Waits)
    }

    /// Notes what the state was carried over, whoever judged it.
    pub(super) fn note_executed(&mut self, now: &AcceptedCheckpoints) {
        let Some(state) = self.carried.as_ref().filter(|state| state.fits(now)) else {
            return;
        };
        // What stands before it follows from the word that it begins behind.
        for one in now.open().filter(|one| one.epoch < state.epoch) {
            self.progress.entry(name(one)).or_default().is_executed = true;
        }
    }

    /// The state that leads to what root keeps now. One that led there before is put aside: what one endpoint says for a moment costs no state.
    fn fitting(&mut self, now: &AcceptedCheckpoints) -> Option<CarriedState> {
        let both = [self.carried.take(), self.aside.take()];
        let both = both.into_iter().flatten();
        let (mut both, gone): (Vec<_>, Vec<_>) = both.partition(|one| one.lasts(&now.over));
        let ended = gone.iter().filter(|one| one.is_over);
        self.barred = ended.map(CarriedState::epoch).max().max(self.barred);
        let place = both.iter().position(|one| one.fits(now));
        let found = place.map(|place| both.remove(place));
        let open = both
            .into_iter()
            .filter(|one| one.epoch >= now.over.finalized);
        self.aside = open.max_by_key(CarriedState::epoch);
        found
    }

    async fn replay(&mut self, now: &AcceptedCheckpoints) -> Result<ReplayTurn, Unjudged> {
        let until = Instant::now() + REPLAY_TURN;
        let facts = self.facts().await?;
        let mut state = match self.fitting(now) {
            Some(state) => {
                self.part = None;
                state
            }
            None => self.begin(now, until).await?,
        };
        state.words = state.words.split_off(&now.over.finalized.saturating_sub(1));
        let mut done = Ok(ReplayTurn::Done);
        while let Some(accepted) = now.of(state.epoch).filter(|_| !state.is_over) {
            done = match Instant::now() > until {
                true => Err(Unjudged::Later),
                false => self.carry(&facts, (now, accepted), &mut state).await,
            };
            if !matches!(done, Ok(ReplayTurn::Done)) {
                break;
            }
        }
        let (epoch, is_behind) = (state.epoch, state.epoch < now.over.finalized);
        if is_behind && !state.is_over && now.of(epoch).is_none() {
            let why =
                format!("root's word of checkpoint {epoch}, which is final, is not known any more");
            done = Err(Unjudged::Withheld(why));
        }
        let is_stuck = is_behind && matches!(done, Err(Unjudged::Withheld(_)));
        if is_stuck && self.gives_way(now, epoch).await {
            return Err(Unjudged::Later);
        }
        self.carried = Some(state).filter(|state| !state.is_lost);
        done
    }

    /// Carries the state over the next block, or to the next epoch.
    async fn carry(
        &mut self,
        facts: &Arc<CourtFacts>,
        (now, accepted): (&AcceptedCheckpoints, &Acceptance),
        state: &mut CarriedState,
    ) -> Result<ReplayTurn, Unjudged> {
        let own = name(accepted);
        state.words.insert(accepted.epoch, accepted.record());
        if state.block == facts.parameters.epoch_blocks {
            self.judge_end(facts, (now, accepted), state).await?;
            self.keep(now, accepted, state).await?;
            state.epoch = state.epoch.saturating_add(1);
            state.block = 0;
            return Ok(ReplayTurn::Done);
        }
        let progress = self.progress.get(&own);
        let is_judged = progress.is_some_and(|progress| progress.blocks.contains(&state.block));
        if !is_judged && accepted.epoch >= now.finalized {
            // It is asked for where the rest of the checkpoint is judged, and told there if nobody shows it. What is final is not judged any more.
            return Ok(ReplayTurn::Waits);
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
        let (rule, mut tree) = (self.rules.replay, std::mem::take(&mut state.tree));
        let replay = move || {
            let (facts, epoch): &(Arc<CourtFacts>, Arc<OpenedEpoch>) = &of;
            let replayed = rule(&hearing(facts, epoch, None), number, &segments, &mut tree);
            (replayed, tree)
        };
        let Ok((replayed, tree)) = apart(replay).await else {
            return self.lose(own, state).await;
        };
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
                let mut progress = self.progress.remove(&own).unwrap_or_default();
                self.accuse(accepted, &mut progress, vec![*found]).await?;
                self.progress.insert(own, progress);
            }
            Replayed::Broken(why) => {
                let trouble = format!(
                    "checkpoint {} cannot be executed again: {why}; report this",
                    accepted.epoch
                );
                self.tell(ChildNews::Trouble(trouble)).await?;
            }
        }
        Ok(ReplayTurn::Done)
    }

    /// Judges the leaves that the checkpoint speaks of from the state that its blocks lead to: nobody needs to show them.
    async fn judge_end(
        &mut self,
        facts: &Arc<CourtFacts>,
        (now, accepted): (&AcceptedCheckpoints, &Acceptance),
        state: &CarriedState,
    ) -> Result<(), Unjudged> {
        let is_its = state.tree.root() == accepted.checkpoint.state_root;
        if accepted.epoch < now.finalized || !is_its {
            return Ok(());
        }
        let epoch = self.opened(accepted, facts.parameters.epoch_blocks).await?;
        let mut progress = self.progress.remove(&name(accepted)).unwrap_or_default();
        let mut found = Vec::new();
        for slot in end_slots(accepted.epoch, facts.parameters.ring) {
            let held = state.tree.get(&slot.key());
            if let Some(leaf) = held.and_then(|(index, ..)| ShownLeaf::of(&state.tree, index)) {
                found.extend(hearing(facts, &epoch, None).judge_leaf(&slot, &leaf));
                progress.leaves.insert(slot);
            }
        }
        let told = self.accuse(accepted, &mut progress, found).await;
        self.progress.insert(name(accepted), progress);
        Ok(told?)
    }

    /// The execution of a block ended by itself, and the state with it. That is said, and another state is carried there; where it ends so again, it stands there.
    async fn lose(
        &mut self,
        own: CheckpointName,
        state: &mut CarriedState,
    ) -> Result<ReplayTurn, Unjudged> {
        let place = (own, state.block);
        let what = format!(
            "executing block {} of checkpoint {} again",
            state.block, state.epoch
        );
        self.tell_failed(&what).await?;
        match self.failed.replace(place) == Some(place) {
            true => state.is_over = true,
            false => state.is_lost = true,
        }
        Err(Unjudged::Later)
    }

    /// Keeps the state that a checkpoint leaves, if as many bytes were carried out since the last time as its leaves have, or the one that is kept is hardly before
    /// what is not final: else none would stand on disk before the next time. What rests on one endpoint's word alone is not kept: from there nothing would tell it apart.
    pub(super) async fn keep(
        &mut self,
        now: &AcceptedCheckpoints,
        accepted: &Acceptance,
        state: &mut CarriedState,
    ) -> Result<(), Unjudged> {
        let bytes = u64::from(state.tree.count()).saturating_mul(LEAF_BYTES);
        let kept = lock(&self.archive).state_epoch();
        let is_old = kept.is_none_or(|kept| kept <= now.over.finalized);
        let is_due = state.since_kept >= bytes || is_old;
        if !is_due || !state.is_sure(now.over.finalized) {
            return Ok(());
        }
        state.since_kept = 0;
        let (own, tree) = (accepted.clone(), std::mem::take(&mut state.tree));
        let keep = move |archive: &mut CheckpointArchive| {
            archive.keep_state(&own, &tree);
            tree
        };
        let tree = self.on_disk(keep).await;
        state.is_lost = tree.is_err();
        state.tree = tree?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;

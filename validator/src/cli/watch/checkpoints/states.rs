//! The state with which the execution of checkpoints begins: the one that this watcher came to before, the genesis, or a final one that nodes show leaf by leaf.
//!
//! Reading a final state may take longer than an epoch. It is read on while nodes show it, though root makes newer ones final meanwhile, and carried over their
//! blocks then; where no node shows more of it, it gives way to the newest one as soon as one shows a page of that.

use plasmid_bridge::client::watcher::unsound::{AcceptedCheckpoints, CheckpointsOver, MAX_FINAL};
use plasmid_bridge::relay::acceptance::Acceptance;
use tokio::time::Instant;

use super::replayed::CarriedState;
use super::{CheckpointJudge, Unjudged, apart};
use crate::chain::tree::{Change, Tree};
use crate::cli::genesis_state;

/// The leaves of a state as far as nodes have shown them.
pub(super) struct PartState {
    /// The final checkpoint that leaves it.
    base: Acceptance,
    tree: Tree,
    is_whole: bool,
}

impl PartState {
    fn of(base: &Acceptance) -> Self {
        Self {
            base: base.clone(),
            tree: Tree::new(),
            is_whole: false,
        }
    }

    pub(super) const fn epoch(&self) -> u64 {
        self.base.epoch
    }

    /// Whether it may still be of use.
    fn lasts(&self, now: &AcceptedCheckpoints) -> bool {
        let word = self.base.record();
        let is_same = now.of(self.epoch()).is_none_or(|one| one.record() == word);
        is_same && is_near(self.epoch(), &now.over)
    }
}

/// Whether root still tells what a state before an epoch is carried over.
pub(super) const fn is_near(epoch: u64, over: &CheckpointsOver) -> bool {
    epoch.saturating_add(MAX_FINAL) >= over.finalized
}

/// The last final checkpoint: as all endpoints of root say, where it is told, and else as one says.
fn last_final(now: &AcceptedCheckpoints) -> Option<&Acceptance> {
    let counts = [now.over.finalized, now.finalized].into_iter();
    let mut last = counts.filter_map(|count| now.of(count.checked_sub(1)?));
    last.next()
}

impl CheckpointJudge {
    /// The newest state that root vouches for, or that this watcher came to before.
    pub(super) async fn begin(
        &mut self,
        now: &AcceptedCheckpoints,
        until: Instant,
    ) -> Result<CarriedState, Unjudged> {
        if self.part.is_none() {
            let mut own = now.clone();
            // One before a checkpoint at which a state came to its end, and which is final all the same, would come to the same end.
            let barred = self.barred.unwrap_or_default();
            own.acceptances.retain(|one| one.epoch >= barred);
            let kept = self.on_disk(move |archive| archive.state(&own)).await?;
            if let Some((accepted, tree)) = kept {
                return Ok(CarriedState::behind(&accepted, tree));
            }
        }
        if now.finalized == 0 {
            return self.genesis().await.map(|tree| CarriedState::at(tree, 0));
        }
        let (base, tree) = self.fetch(now, until).await?;
        let mut state = CarriedState::shown(&base, tree);
        self.keep(now, &base, &mut state).await?;
        Ok(state)
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
        let tree = read?.map_err(|why| withheld(&format!("{place}: {why}")))?;
        match tree.root() == self.deployed.state_root {
            true => Ok(tree),
            false => Err(withheld(&format!("{place} is another network's"))),
        }
    }

    /// The state that a final checkpoint leaves, from nodes: what they showed of it stays when they show no more.
    async fn fetch(
        &mut self,
        now: &AcceptedCheckpoints,
        until: Instant,
    ) -> Result<(Acceptance, Tree), Unjudged> {
        let part = self.part.take().filter(|part| part.lasts(now));
        let why = || Unjudged::Withheld("what root made final is not read yet".to_owned());
        let mut part = match part {
            Some(part) => part,
            None => PartState::of(last_final(now).ok_or_else(why)?),
        };
        let mut done = Ok(());
        while done.is_ok() && !part.is_whole {
            done = match Instant::now() > until {
                true => Err(Unjudged::Later),
                false => self.read_page(&mut part).await,
            };
        }
        match done {
            Ok(()) => Ok((part.base, part.tree)),
            Err(why) => {
                let is_withheld = matches!(why, Unjudged::Withheld(_));
                let epoch = part.epoch();
                self.part = Some(part);
                if is_withheld && self.gives_way(now, epoch.saturating_add(1)).await {
                    return Err(Unjudged::Later);
                }
                Err(why)
            }
        }
    }

    /// Whether a node shows leaves of a final state that does not stand before this epoch: that is read from now on.
    pub(super) async fn gives_way(&mut self, now: &AcceptedCheckpoints, epoch: u64) -> bool {
        let Some(base) = last_final(now).filter(|base| base.epoch >= epoch) else {
            return false;
        };
        let mut part = PartState::of(base);
        let is_shown = self.read_page(&mut part).await.is_ok();
        if is_shown {
            self.part = Some(part);
        }
        is_shown
    }

    /// Reads the next leaves of a state.
    async fn read_page(&mut self, part: &mut PartState) -> Result<(), Unjudged> {
        // The sentinel stands in every tree, and in front of the others in the first page.
        let count = part.tree.count();
        let (first, known) = match count {
            1 => (0, 1),
            count => (count, 0),
        };
        let page = self.nodes.leaves(&part.base, first).await?;
        let new: Vec<Change> = page.leaves.into_iter().skip(known).collect();
        let end = u32::try_from(new.len())
            .unwrap_or(u32::MAX)
            .saturating_add(count);
        // Of what is no tree nothing is of use: it is read from its beginning.
        let mut tree = std::mem::take(&mut part.tree);
        let apply = move || {
            let root = tree.apply(&new);
            tree.forget_changes();
            (tree, root)
        };
        let (tree, root) = apart(apply).await?;
        let epoch = part.epoch();
        let broken =
            |why: String| Unjudged::Withheld(format!("the final state of epoch {epoch}: {why}"));
        let root = root.map_err(|error| broken(error.to_string()))?;
        let is_last = end == page.count;
        if tree.count() != end
            || end == count
            || (is_last && root != part.base.checkpoint.state_root)
        {
            return Err(broken("its leaves are not those of a tree".into()));
        }
        part.tree = tree;
        part.is_whole = is_last;
        Ok(())
    }
}

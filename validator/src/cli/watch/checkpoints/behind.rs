//! What is said of how far checkpoints are: that they are sound, that they are behind, and that root made one final before it was judged and executed.

use std::collections::BTreeMap;

use plasmid_bridge::client::watcher::unsound::{AcceptedCheckpoints, CheckpointsOver};
use plasmid_bridge::client::watcher::{ChildNews, UnfinishedCheckpoint};

use super::{CheckpointJudge, Deaf, name};

/// Checkpoints that were seen open, and were not judged and executed when they were looked at last.
#[derive(Debug, Default)]
pub(super) struct OpenCheckpoints {
    unfinished: BTreeMap<u64, UnfinishedCheckpoint>,
}

impl OpenCheckpoints {
    pub(super) fn note(&mut self, epoch: u64, left: Option<UnfinishedCheckpoint>) {
        match left {
            Some(left) => self.unfinished.insert(epoch, left),
            None => self.unfinished.remove(&epoch),
        };
    }

    /// The unfinished ones that all endpoints of root call final by now.
    fn missed(&mut self, over: &CheckpointsOver) -> Vec<UnfinishedCheckpoint> {
        let open = self.unfinished.split_off(&over.finalized);
        let missed = std::mem::replace(&mut self.unfinished, open);
        if let Some(from) = over.void_from {
            self.unfinished.retain(|epoch, _| *epoch < from);
        }
        missed.into_values().collect()
    }
}

impl CheckpointJudge {
    /// Tells which checkpoints are sound, and notes what is left to do of the others.
    pub(super) async fn tell_standing(&mut self, now: &AcceptedCheckpoints) -> Result<(), Deaf> {
        self.note_executed(now);
        for accepted in now.open() {
            let epoch = accepted.epoch;
            let progress = self.progress.entry(name(accepted)).or_default();
            let is_newly_sound = progress.is_newly_sound();
            let left = progress.unfinished(epoch);
            self.open.note(epoch, left);
            if is_newly_sound {
                self.tell(ChildNews::Sound { epoch }).await?;
            }
        }
        let trouble = super::asked::lock(&self.archive).trouble();
        match trouble {
            Some(trouble) => self.tell_trouble(trouble).await,
            None => Ok(()),
        }
    }

    /// Tells which checkpoints are not judged and executed yet, and which never will be.
    pub(super) async fn tell_late(&mut self, over: &CheckpointsOver) -> Result<(), Deaf> {
        for missed in self.open.missed(over) {
            self.tell(ChildNews::Missed(missed)).await?;
        }
        for left in self.open.unfinished.values() {
            self.tell(ChildNews::Behind(*left)).await?;
        }
        Ok(())
    }
}

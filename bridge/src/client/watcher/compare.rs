//! Compares what was heard signed of each epoch's checkpoint with what root accepted, and with each other.

use super::{At, ChildSource, ROOT, Rpc, RpcError, WatchNotice, Watcher};

/// Epochs before the next one to be accepted whose checkpoints are listened to.
const BEFORE: u64 = 16;
/// Epochs behind it.
const BEHIND: u64 = 64;

impl<C: ChildSource> Watcher<C> {
    /// Moves the window on with root.
    pub(super) fn listen(&mut self, accepted: u64) {
        self.window = accepted.saturating_sub(BEFORE)..accepted.saturating_add(BEHIND);
        self.book.keep(&self.window);
        self.compared.retain(|epoch, _| self.window.contains(epoch));
        for epoch in self.window.start..accepted {
            let Some(found) = self.records.acceptance(epoch) else {
                continue;
            };
            if self.compared.insert(epoch, found.digest) != Some(found.digest) {
                self.book.refresh(epoch);
            }
        }
    }

    /// Takes every contradiction up as statements to be judged.
    pub(super) async fn compare(
        &mut self,
        rpc: &Rpc,
        at: At,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        let records = &self.records;
        let digest = |epoch: u64| records.acceptance(epoch).map(|accepted| accepted.digest);
        for epoch in self.book.suspects(digest) {
            let signing = epoch.saturating_add(1);
            if !self.find_set(rpc, at, signing, say).await? {
                continue;
            }
            let members = self.sets.get(&signing).cloned().unwrap_or_default();
            let accepted = self.records.acceptance(epoch);
            let (found, liars) = self.book.compare(epoch, &members, accepted);
            for liar in liars.into_iter().filter(|source| *source != ROOT) {
                let place = self.place(liar);
                let what = format!(
                    "it serves a checkpoint of epoch {epoch} with shares that no member signed"
                );
                self.lie(&place, what, say);
            }
            for one in found {
                let place = self.place(one.source);
                self.accuse(&place, one.statement);
            }
        }
        Ok(())
    }
}

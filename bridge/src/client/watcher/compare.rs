//! Compares what was heard signed of each epoch's checkpoint with what root accepted, and with each other.

use super::second::{About, MAX_CONFIRMED};
use super::{At, ChildSource, ROOT, RootMoment, Rpc, RpcError, WatchNotice, Watcher};
use crate::relay::seen::Block;
use crate::relay::watch::book::SharesIntake;

/// Epochs before the next one to be accepted whose checkpoints are listened to.
const BEFORE: u64 = 16;
/// Epochs behind it.
const BEHIND: u64 = 64;

impl<C: ChildSource> Watcher<C> {
    /// Moves the window on with root.
    pub(super) async fn listen(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        say: &mut impl FnMut(&WatchNotice),
    ) {
        let accepted = self.accepted;
        let window = accepted.saturating_sub(BEFORE)..accepted.saturating_add(BEHIND);
        // Of an empty one nothing is let go.
        if self.window.is_empty()
            || (self.window != window && self.both_say(rpc, latest, &About::Head, say).await)
        {
            self.window = window;
        }
        self.book.keep(&self.window);
        self.compared.retain(|epoch, _| self.window.contains(epoch));
        for epoch in self.window.start..accepted.min(self.window.end) {
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
        latest: &Block,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        let records = &self.records;
        let digest = |epoch: u64| records.acceptance(epoch).map(|accepted| accepted.digest);
        let suspects = in_turn(self.book.suspects(digest), self.last_compared);
        let before = self.confirmed.asked;
        for epoch in suspects {
            // The others have their turn in a later look.
            if self.confirmed.asked.saturating_sub(before) >= MAX_CONFIRMED {
                break;
            }
            self.last_compared = epoch;
            let signing = epoch.saturating_add(1);
            if !self.knows_set(rpc, latest, signing, say).await? {
                continue;
            }
            let members = self.members_of(signing).to_vec();
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
                if !self.accuse(&place, one.statement).is_over() {
                    self.book.refresh(epoch);
                }
            }
        }
        Ok(())
    }

    /// Takes up precommits that nodes' commits show of one key for two things.
    pub(super) async fn compare_commits(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        let chain = self.created.chain_id();
        let before = self.confirmed.asked;
        for height in in_turn(self.commits.waiting(), self.commits.last) {
            if self.confirmed.asked.saturating_sub(before) >= MAX_CONFIRMED {
                break;
            }
            self.commits.last = height;
            let epoch = self.epoch_of(height);
            if self.is_closed(epoch, now) {
                let about = About::Epoch(epoch);
                if self.both_say(rpc, latest, &about, say).await {
                    self.commits.forget(height);
                }
                continue;
            }
            if !self.knows_set(rpc, latest, epoch, say).await? {
                continue;
            }
            let members = self.members_of(epoch).to_vec();
            let compared = self.commits.compare((epoch, height), &members, &chain);
            for late in compared.late {
                let place = self.place(late);
                // Whoever is behind mostly stays so for long.
                if self.told.insert(format!("commits {place}")) {
                    let reason = "its commits come when those of other nodes are not kept any more, so they are not compared";
                    self.ignore(place, epoch, reason, say);
                }
            }
            for liar in compared.liars {
                let place = self.place(liar);
                let what = format!(
                    "its commit of block {height} has votes that no member of the set of epoch {epoch} signed"
                );
                self.lie(&place, what, say);
            }
            for (source, statement) in compared.found {
                // It is kept until the docket has room for it, as nobody shows it again.
                let place = self.place(source);
                self.hand_over(&place, statement);
            }
        }
        Ok(())
    }

    /// The epoch of a height.
    pub(super) fn epoch_of(&self, height: u64) -> u64 {
        let blocks = height.saturating_sub(1);
        blocks.checked_div(self.epoch_blocks).unwrap_or(0)
    }

    /// Whether the set of an epoch is known, and is what both endpoints say: what it did not sign is thrown away.
    async fn knows_set(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        epoch: u64,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<bool, RpcError> {
        let at = At::Hash(latest.hash);
        Ok(self.find_set(rpc, at, epoch, say).await?
            && self.may_act(rpc, latest, &About::Epoch(epoch), say).await)
    }

    /// Says what became of shares that a node shows, where that is not nothing.
    pub(super) fn tell_shares(
        &mut self,
        node: usize,
        epoch: u64,
        taken: SharesIntake,
        say: &mut impl FnMut(&WatchNotice),
    ) {
        let reason = match taken {
            SharesIntake::Taken => return,
            SharesIntake::Full => "it serves more checkpoints of it than are kept",
            SharesIntake::Distrusted => {
                "it has served more shares that no member signed than are checked"
            }
        };
        self.ignore(self.place(node), epoch, reason, say);
    }
}

/// These numbers, ascending, beginning behind the last one that had its turn.
fn in_turn(mut numbers: Vec<u64>, last: u64) -> Vec<u64> {
    numbers.sort_unstable_by_key(|number| (*number <= last, *number));
    numbers
}

//! Whether what root's events showed is all that root accepted, and as it keeps it.

use std::ops::Range;

use super::{At, CourtRecords, IRootChain, Rpc, RpcError, view_call};

/// Acceptances that are compared with root's word in one look, at most.
const MAX_CHECKS: usize = 64;
/// Root blocks between two times that all events are read again.
const DOUBT_BLOCKS: u64 = 16;

impl CourtRecords {
    /// Compares the acceptances that were read with the words that root keeps in a block, and with how many checkpoints it `accepted`. Where one is
    /// wrong or missing from `needed` on, events are read again from behind the first of two blocks, because an endpoint showed another history or left
    /// something out; when that did not help, from behind the second one, in which the deployment was made. Gives that epoch.
    pub async fn check(
        &mut self,
        rpc: &Rpc,
        (at, number): (At, u64),
        (needed, accepted): (u64, u64),
        (begin, made): (u64, u64),
    ) -> Result<Option<u64>, RpcError> {
        let first = needed.max(accepted.saturating_sub(self.contracts.record_slots));
        self.bound(first..accepted);
        let unchecked: Vec<u64> = self.unchecked.iter().copied().take(MAX_CHECKS).collect();
        for epoch in unchecked {
            let call = IRootChain::recordCall { epoch };
            let record = view_call(rpc, self.contracts.root_chain, call, at).await?;
            self.acceptances
                .retain(|other, read| *other != epoch || read.record() == record);
            self.unchecked.remove(&epoch);
        }
        Ok(self.contradiction(number, first..accepted, (begin, made)))
    }

    /// What was read of an epoch's acceptance is compared again with the word that root keeps.
    pub fn doubt(&mut self, epoch: u64) {
        if self.acceptances.contains_key(&epoch) {
            self.unchecked.insert(epoch);
        }
    }

    /// Only these epochs are of use: what comes behind them root has not accepted, whatever was shown of it, and what comes before them is compared
    /// with nothing.
    pub(super) fn bound(&mut self, epochs: Range<u64>) {
        self.acceptances.split_off(&epochs.end);
        self.unchecked.retain(|epoch| epochs.contains(epoch));
    }

    /// The first of these epochs whose acceptance is not known. Then all events are read again, but not in each block.
    pub(super) fn contradiction(
        &mut self,
        number: u64,
        mut epochs: Range<u64>,
        (begin, made): (u64, u64),
    ) -> Option<u64> {
        let missing = epochs.find(|epoch| !self.acceptances.contains_key(epoch));
        self.is_whole = missing.is_none();
        let Some(missing) = missing else {
            self.doubted = None;
            return None;
        };
        let rests = |before: u64| number < before.saturating_add(DOUBT_BLOCKS);
        if self.doubted.is_some_and(rests) {
            return None;
        }
        let again = self.doubted.replace(number).is_some();
        (self.read, self.read_hash) = (if again { made } else { begin }, None);
        Some(missing)
    }
}

//! Answers that stand on root: one there is one for everybody, also for whoever did not ask. They are read from the calldata of the block that the event names, and handed to whoever reads the child.

use alloy_primitives::Bytes;
use alloy_sol_types::SolInterface;

use super::super::{ChildSource, IDataChallenges, Rpc, RpcError, WatchNotice, Watcher};
use super::DataNotice;
use crate::relay::challenges::DataTarget;

/// An answer on root. Root has taken it; it is verified again all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootAnswer {
    /// What it answers.
    pub target: DataTarget,
    /// The call.
    pub call: Bytes,
}

impl<C: ChildSource> Watcher<C> {
    /// Reads the next block in which something of a withheld checkpoint was answered, if there is room for what it shows.
    pub(super) async fn read_answers(&mut self, rpc: &Rpc, say: &mut impl FnMut(&WatchNotice)) {
        let book = self.records.challenges();
        self.data.known.retain(|target| book.is_answered(target));
        let next = book.answers().find(|(target, _)| {
            let is_withheld = self.data.withheld.contains_key(&target.epoch());
            is_withheld && !self.data.known.contains(target)
        });
        let Some((target, block)) = next.map(|(target, block)| (*target, block)) else {
            return;
        };
        let Ok(room) = self.data.read.try_reserve() else {
            return;
        };
        let inputs = match rpc.calldata(block, self.contracts.data_challenges).await {
            Ok(Some((_, inputs))) => inputs,
            // What cannot be read of this block keeps nothing else back.
            Err(RpcError::TooLarge(_) | RpcError::Malformed(_)) => Vec::new(),
            Ok(None) | Err(_) => return,
        };
        match inputs
            .into_iter()
            .find(|input| answers(input) == Some(target))
        {
            Some(call) => room.send(RootAnswer { target, call }),
            None => say(&WatchNotice::Data(DataNotice::Hidden { target, block })),
        }
        self.data.known.insert(target);
    }
}

/// What a call answers, if it is one that answers with a segment, or that there is no such segment. Leaves are of use to whoever leaves and not to a judge, which has the whole state.
fn answers(input: &Bytes) -> Option<DataTarget> {
    use IDataChallenges::IDataChallengesCalls as Calls;
    match Calls::abi_decode_validate(input).ok()? {
        Calls::answerSegment(call) => Some(DataTarget::Segment {
            epoch: call.accused.checkpoint.epoch,
            block: call.shown.number,
            number: call.segment.number,
        }),
        Calls::answerNoSegment(call) => Some(DataTarget::Segment {
            epoch: call.accused.checkpoint.epoch,
            block: call.shown.number,
            number: call.number,
        }),
        _ => None,
    }
}

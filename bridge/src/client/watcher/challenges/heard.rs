//! Whether what is asked for on root is known: the second endpoint's events beside the first one's, and what root holds up against what events tell.

use tokio::time::timeout;

use super::super::second::About;
use super::super::{
    At, ChildSource, Duration, IDataChallenges, Rpc, RpcError, WatchNotice, Watcher, Which,
    view_call,
};
use super::DataNotice;
use crate::relay::challenges::ChallengeBook;
use crate::relay::seen::Block;

/// How long the second endpoint's events are waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// Questions of one look to the second endpoint for events, at most.
const MAX_PAGES: usize = 4;
/// Root blocks for which an event may be told by one endpoint alone before that is said.
const LATE_BLOCKS: u64 = 4;
/// Checkpoints that root holds up, of which events are compared in one look, at most.
const MAX_HELD: usize = 32;

impl<C: ChildSource> Watcher<C> {
    /// Reads the events of challenges at the second endpoint, up to the block that is looked at, and says what the first one leaves out.
    pub(in crate::client::watcher) async fn hear_second(
        &mut self,
        latest: &Block,
        accepted: u64,
        say: &mut impl FnMut(&WatchNotice),
    ) {
        let second = self.second.clone();
        let epochs = self.checkpoints_over.finalized..accepted;
        self.records.hears_two(second.as_ref().map(|_| epochs));
        let Some(second) = second else {
            return;
        };
        let contract = [self.contracts.data_challenges];
        let place = second.place();
        let told = format!("events {place}");
        for _ in 0..MAX_PAGES {
            if !self.records.is_second_due(latest.number) {
                break;
            }
            let page = async {
                // Of a block that it does not have it tells no events, which is no word that there are none.
                let newest = second.block(Which::Latest).await?;
                let newest = newest.map_or(0, |block| block.number.min(latest.number));
                let Some((from, to)) = self.records.second_page(newest) else {
                    return Ok(None);
                };
                let topics = ChallengeBook::topics();
                let logs = second.logs(from, to, &contract, &topics).await?;
                Ok::<_, RpcError>(Some((logs, (from, to))))
            };
            // What decides waits for it apart: an endpoint that keeps back its events says all else.
            let page = timeout(PATIENCE, page).await;
            let heard = match page {
                Ok(Ok(None)) => break,
                Ok(Ok(Some((logs, blocks)))) => self.records.hear_second(&logs, blocks),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("no answer in time".to_owned()),
            };
            if let Err(reason) = heard {
                self.records.second_failed(latest.number);
                if self.told.insert(told) {
                    let reason = format!("it does not tell who asks for data: {reason}");
                    say(&WatchNotice::Silent { place, reason });
                }
                return;
            }
        }
        if self.told.remove(&told) {
            say(&WatchNotice::Back { place });
        }
        let before = latest.number.saturating_sub(LATE_BLOCKS);
        if let Some((target, count)) = self.records.untold(before) {
            let place = self.wallet.rpc().place();
            say(&WatchNotice::Data(DataNotice::Untold {
                place,
                target,
                count,
            }));
        }
    }

    /// Compares what root holds up with what events tell. Where nothing explains it, events were left out, and are read again.
    pub(super) async fn compare_held(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        let kept = self.accepted.saturating_sub(self.contracts.record_slots);
        let from = self.end.finalized.max(kept);
        let until = self.end.void_from.unwrap_or(self.accepted);
        let Some(to) = until.checked_sub(1).filter(|to| *to >= from) else {
            return Ok(());
        };
        // Where the two say other things of it, that is said, and steps ask both anyway.
        let about = About::Held(from, to);
        self.both_say(rpc, latest, &about, say).await;
        let (contract, at) = (self.contracts.data_challenges, At::Hash(latest.hash));
        let mut from = from;
        for _ in 0..MAX_HELD {
            let call = IDataChallenges::firstHeldCall { from, to };
            let held = match view_call(rpc, contract, call, at).await {
                Ok(held) => held,
                Err(RpcError::Refused { .. }) => return Ok(()),
                Err(error) => return Err(error),
            };
            if !(from..=to).contains(&held) {
                break;
            }
            from = held.saturating_add(1);
            if self.records.challenges().explains(held) {
                continue;
            }
            let accepted = self.records.acceptance(held).map(|one| one.block);
            if let Some(block) = accepted
                && self
                    .records
                    .read_again(block.saturating_sub(1), latest.number)
            {
                say(&WatchNotice::Data(DataNotice::Unheard { epoch: held }));
            }
        }
        Ok(())
    }
}

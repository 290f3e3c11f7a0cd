//! The sets of epochs: nodes serve them, and root says which of them is true.

use alloy_primitives::B256;
use plasmid_staking::Member;

use crate::relay::seen::Block;
use tokio::sync::mpsc;
use tokio::time::timeout_at;

use super::second::About;
use super::{
    Arc, At, ChildSource, Duration, IRootChain, Instant, Rpc, RpcError, WatchNotice, Watcher, set,
    view_call,
};

/// How often nodes are asked for the set of one epoch.
const ASK_INTERVAL: Duration = Duration::from_secs(5);
/// For how long a look waits for sets, all together.
pub(super) const WAIT: Duration = Duration::from_secs(1);
/// Epochs whose sets are asked for at one time, at most.
const MAX_ASKED: usize = 16;

/// A set that root committed to.
#[derive(Clone, Debug)]
pub(super) struct KnownSet {
    commitment: B256,
    members: Vec<Member>,
}

/// A question to all nodes that is under way.
#[derive(Debug)]
pub(super) struct AskedSet {
    answers: mpsc::UnboundedReceiver<(usize, Result<Vec<Member>, String>)>,
    reasons: Vec<String>,
}

impl<C: ChildSource> Watcher<C> {
    /// The members of an epoch whose set is known; nobody of another one.
    pub(super) fn members_of(&self, epoch: u64) -> &[Member] {
        self.sets
            .get(&epoch)
            .map_or(&[][..], |known| &known.members)
    }

    /// Whether the set of an epoch is known: the one that root committed to, asked of all nodes at once. One that is slow holds
    /// a look up for a moment alone: its answer is read in a later one.
    pub(super) async fn find_set(
        &mut self,
        rpc: &Rpc,
        at: At,
        epoch: u64,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<bool, RpcError> {
        let Some(expected) = self.commitment_of(rpc, at, epoch).await? else {
            return Ok(false);
        };
        // Of another one, to which root has committed since, both endpoints have to say so first.
        if let Some(known) = self.sets.get(&epoch) {
            return Ok(known.commitment == expected);
        }
        if !self.asking.contains_key(&epoch) && !self.ask(epoch) {
            return Ok(false);
        }
        let Some(mut asking) = self.asking.remove(&epoch) else {
            return Ok(false);
        };
        loop {
            match timeout_at(self.waits_until, asking.answers.recv()).await {
                // They answer for a later look.
                Err(_) => {
                    self.asking.insert(epoch, asking);
                    return Ok(false);
                }
                Ok(None) => break,
                Ok(Some((node, Err(reason)))) => {
                    asking
                        .reasons
                        .push(format!("{}: {reason}", self.place(node)));
                }
                Ok(Some((node, Ok(members)))) => {
                    if self.is_known(epoch, expected, &members) {
                        return Ok(true);
                    }
                    let what =
                        format!("its set of epoch {epoch} is not the one that root committed to");
                    self.lie(&self.place(node), what, say);
                }
            }
        }
        if self.told.insert(format!("set {epoch}")) {
            say(&WatchNotice::NoSet {
                epoch,
                reason: match asking.reasons.is_empty() {
                    true => "every node serves another one".into(),
                    false => asking.reasons.join("; "),
                },
            });
        }
        Ok(false)
    }

    /// Lets go of sets in whose place root has committed to another one.
    pub(super) async fn clear_sets(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        let at = At::Hash(latest.hash);
        let known = self.sets.iter();
        let known: Vec<_> = known.map(|(epoch, set)| (*epoch, set.commitment)).collect();
        for (epoch, commitment) in known {
            let expected = self.commitment_of(rpc, at, epoch).await?;
            if expected.is_none_or(|expected| expected == commitment) {
                continue;
            }
            if self.both_say(rpc, latest, &About::Epoch(epoch), say).await {
                self.sets.remove(&epoch);
                self.asked.remove(&epoch);
                self.asking.remove(&epoch);
            }
        }
        Ok(())
    }

    /// Asks all nodes at once, in tasks that end when nobody listens. Gives whether they were asked.
    fn ask(&mut self, epoch: u64) -> bool {
        let asked = self.asked.get(&epoch);
        let rests = asked.is_some_and(|asked| asked.elapsed() < ASK_INTERVAL);
        if rests || self.asking.len() >= MAX_ASKED {
            return false;
        }
        self.asked.insert(epoch, Instant::now());
        let (answer, answers) = mpsc::unbounded_channel();
        for node in self.child.sources() {
            let (child, answer) = (Arc::clone(&self.child), answer.clone());
            tokio::spawn(async move {
                let told = child.members(node, epoch).await;
                // Another node may have told the set before.
                let _ = answer.send((node, told));
            });
        }
        let reasons = Vec::new();
        self.asking.insert(epoch, AskedSet { answers, reasons });
        true
    }

    /// Whether these members are the set that root committed to. A copied set is marked in all of its leaves, and nodes need not say that.
    fn is_known(&mut self, epoch: u64, expected: B256, members: &[Member]) -> bool {
        for at_risk in [true, false] {
            let marked = members.iter().map(|one| Member { at_risk, ..*one });
            let marked: Vec<Member> = marked.collect();
            if set::commit(&marked).is_ok_and(|own| own.commitment == expected) {
                self.told.remove(&format!("set {epoch}"));
                let known = KnownSet {
                    commitment: expected,
                    members: marked,
                };
                self.sets.insert(epoch, known);
                return true;
            }
        }
        false
    }

    /// What root committed to as the set of an epoch; `None` before it has done so, or before its event is read.
    async fn commitment_of(&self, rpc: &Rpc, at: At, epoch: u64) -> Result<Option<B256>, RpcError> {
        let Some(source) = epoch.checked_sub(2) else {
            let call = IRootChain::genesisSetsCall {};
            let sets = view_call(rpc, self.contracts.root_chain, call, at).await?;
            return Ok(Some(if epoch == 0 { sets.set0 } else { sets.set1 }));
        };
        let acceptance = self.records.acceptance(source);
        Ok(acceptance.map(|acceptance| acceptance.checkpoint.next_set))
    }
}

//! The sets of epochs: nodes serve them, and root says which of them is true.

use alloy_primitives::B256;
use plasmid_staking::Member;

use super::{
    ASK_INTERVAL, At, ChildSource, IRootChain, Instant, Rpc, RpcError, WatchNotice, Watcher, set,
    view_call,
};

/// A set that root committed to.
#[derive(Clone, Debug)]
pub(super) struct KnownSet {
    commitment: B256,
    members: Vec<Member>,
}

impl<C: ChildSource> Watcher<C> {
    /// The members of an epoch whose set is known; nobody of another one.
    pub(super) fn members_of(&self, epoch: u64) -> &[Member] {
        self.sets
            .get(&epoch)
            .map_or(&[][..], |known| &known.members)
    }

    /// Whether the set of an epoch is known: the one that root committed to, asked of all nodes in turn.
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
        // Root may have committed to another one since.
        if let Some(known) = self.sets.get(&epoch) {
            if known.commitment == expected {
                return Ok(true);
            }
            self.sets.remove(&epoch);
            self.asked.remove(&epoch);
        }
        let asked = self.asked.get(&epoch);
        if asked.is_some_and(|asked| asked.elapsed() < ASK_INTERVAL) {
            return Ok(false);
        }
        self.asked.insert(epoch, Instant::now());
        let mut reasons = Vec::new();
        for node in self.child.sources() {
            let members = match self.child.members(node, epoch).await {
                Ok(members) => members,
                Err(reason) => {
                    reasons.push(format!("{}: {reason}", self.place(node)));
                    continue;
                }
            };
            // A copied set is marked in all of its leaves, and nodes need not say that.
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
                    return Ok(true);
                }
            }
            let what = format!("its set of epoch {epoch} is not the one that root committed to");
            self.lie(&self.place(node), what, say);
        }
        if self.told.insert(format!("set {epoch}")) {
            say(&WatchNotice::NoSet {
                epoch,
                reason: match reasons.is_empty() {
                    true => "every node serves another one".into(),
                    false => reasons.join("; "),
                },
            });
        }
        Ok(false)
    }

    /// What root committed to as the set of an epoch; none before it has done so, or before its event is read.
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

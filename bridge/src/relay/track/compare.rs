//! What was read against what the contracts hold in the final block.

use alloy_primitives::B256;

use super::{Doubt, EndpointStanding, MAX_COMPARED_RECORDS, Next, Phase, Track, Trouble, Verified};
use crate::relay::acceptance::DeploymentEnd;
use crate::relay::seen::{Heads, Sought};

impl Track {
    pub(super) fn take_heads(
        &mut self,
        now: u64,
        sought: &Sought,
        heads: &Heads,
    ) -> Result<Next, Trouble> {
        let Some(block) = self.target.filter(|target| target.hash == sought.block) else {
            return Err(Trouble::Lie("state that was not asked for".into()));
        };
        if sought.index < self.anchor.index {
            // The child consumed it while the endpoint answered: what is left to compare is asked for anew.
            return Ok(Next::Now);
        }
        self.compare_messages(sought, heads)?;
        self.compare_checkpoints(sought, heads)?;
        let end = self.compare_end(heads)?;
        let count = sought.index;
        let link = self.link(count).unwrap_or_default();
        self.compared = self.accepted;
        self.compared_at = Some((block.hash, now));
        self.records_at_once = self
            .records_at_once
            .saturating_mul(2)
            .min(MAX_COMPARED_RECORDS);
        self.verified = Some(Verified {
            block,
            count,
            link,
            accepted: self.accepted,
            end,
        });
        self.doubt = Doubt::None;
        self.mark_position();
        self.follow(now);
        let (cursor, _) = self.consumed;
        if heads.count < cursor {
            // Validators consumed messages of a later final block than this one. What is known stays; the next final block shows whether this
            // endpoint only lagged.
            let count = heads.count;
            self.standing = EndpointStanding::Shorter { count, cursor };
        }
        Ok(Next::Poll)
    }

    /// All agrees.
    pub(super) fn follow(&mut self, now: u64) {
        self.phase = Phase::Head;
        self.lies = 0;
        self.behind_since = None;
        let since = *self.moved_at.get_or_insert(now);
        self.standing = match self.target {
            Some(block) if now.saturating_sub(since) >= self.config.stall_ms => {
                EndpointStanding::Stalled {
                    number: block.number,
                    time: block.time,
                }
            }
            _ => EndpointStanding::Following,
        };
    }

    /// What its RootChain says of the deployment's end, which takes nothing back that it said in an earlier block.
    fn compare_end(&self, heads: &Heads) -> Result<DeploymentEnd, Trouble> {
        let end = DeploymentEnd {
            finalized: heads.finalized,
            exit_at: heads.exit_at,
            void_from: heads.void_from,
        };
        let standing = end.void_from.unwrap_or(heads.accepted);
        // What is void began exit mode, and was never finalized.
        let is_whole = end.finalized <= standing
            && standing <= heads.accepted
            && (end.void_from.is_none() || end.exit_at.is_some());
        let before = self.verified.map(|verified| verified.end);
        if is_whole && before.is_none_or(|before| before.may_become(&end)) {
            return Ok(end);
        }
        let accepted = heads.accepted;
        Err(Trouble::Contradiction(format!(
            "of {accepted} accepted checkpoints its RootChain says that {} are final and {standing} stand, with exit mode from {}: that cannot be, or is not what it said before",
            end.finalized,
            end.exit_at.unwrap_or_default()
        )))
    }

    fn compare_messages(&mut self, sought: &Sought, heads: &Heads) -> Result<(), Trouble> {
        let (cursor, expected) = self.consumed;
        let (tip, _) = self.tip();
        if heads.count < tip && tip == self.confirmed.index {
            // Only the child says that there are `tip` messages. This endpoint may lag behind, and has contradicted nothing.
            return Ok(());
        }
        if heads.count < tip {
            return Err(Trouble::Contradiction(format!(
                "its events lead to message {tip}, and its inbox holds {} messages",
                heads.count
            )));
        }
        if heads.count > tip && !self.is_cut_short() {
            return Err(self.left_out(
                Phase::Messages,
                format!(
                    "its events lead to message {tip}, and its inbox holds {} messages",
                    heads.count
                ),
            ));
        }
        let (seen, own) = (heads.link, self.link(sought.index));
        if seen.is_some() && seen == own {
            return Ok(());
        }
        match seen {
            Some(seen) if sought.index == cursor && seen != expected => {
                Err(Trouble::Fatal(EndpointStanding::Differs {
                    cursor,
                    expected,
                    seen,
                }))
            }
            _ => {
                let said = |link: Option<B256>| {
                    link.map_or_else(|| "none".to_owned(), |link| link.to_string())
                };
                Err(Trouble::Contradiction(format!(
                    "at message {} its events lead to link {}, and its inbox has {}",
                    sought.index,
                    said(own),
                    said(seen)
                )))
            }
        }
    }

    fn compare_checkpoints(&mut self, sought: &Sought, heads: &Heads) -> Result<(), Trouble> {
        if heads.accepted != self.accepted {
            return Err(self.left_out(
                Phase::Acceptances,
                format!(
                    "its events show {} accepted checkpoints, and its RootChain holds {}",
                    self.accepted, heads.accepted
                ),
            ));
        }
        // A position from which reading began too late would leave fewer records.
        let wanted = u64::try_from(self.config.kept_checkpoints).unwrap_or(u64::MAX);
        if self.records.len() as u64 != wanted.min(self.accepted) {
            return Err(self.left_out(
                Phase::Acceptances,
                format!(
                    "its events show {} of the last {} accepted checkpoints",
                    self.records.len(),
                    wanted.min(self.accepted)
                ),
            ));
        }
        let newest = self.records.last_key_value().map(|(_, record)| record);
        if newest.is_some_and(|record| record.tau != heads.tau) {
            return Err(Trouble::Contradiction(format!(
                "the last accepted checkpoint has another tau in its event than in RootChain, {}",
                heads.tau
            )));
        }
        let own: Vec<_> = self
            .records
            .range(sought.first_epoch..sought.end_epoch)
            .map(|(_, record)| record.record())
            .collect();
        if own != heads.records {
            return Err(Trouble::Contradiction(format!(
                "the events of checkpoints {} to {} are not what its RootChain keeps of them",
                sought.first_epoch,
                sought.end_epoch.saturating_sub(1)
            )));
        }
        Ok(())
    }
}

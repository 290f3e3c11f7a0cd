//! What a track asks next.

use alloy_primitives::{Address, B256};

use super::{Ask, Phase, Track, Waiting};
use crate::proof::inbox::KEPT_EVERY;
use crate::relay::events;
use crate::relay::seen::{Failure, Finality, Sought, Which};

/// After this number of ranges of events the block that a scan leads to is looked at again: the endpoint may have invented a block far ahead.
pub(super) const RANGES_A_RECHECK: u32 = 16;

impl Track {
    /// What to ask now; `id` names the request if there is one.
    pub fn next(&mut self, now: u64, id: u64) -> Option<Ask> {
        if let Some(waiting) = self.waiting.take() {
            if now < waiting.deadline {
                self.waiting = Some(waiting);
                return None;
            }
            self.fail(now, &waiting.ask, Failure::Unreachable);
        }
        if now < self.ready_at {
            return None;
        }
        let ask = self.ask();
        self.waiting = Some(Waiting {
            id,
            ask: ask.clone(),
            deadline: now.saturating_add(self.config.patience_ms.saturating_mul(ask.calls())),
        });
        Some(ask)
    }

    fn ask(&mut self) -> Ask {
        let Some(target) = self.target else {
            return self.ask_for_a_target();
        };
        if self.phase == Phase::Compare && self.is_cut_short() && !self.is_full() {
            // What the child consumed has made room: there may be no message left here whose link the contract keeps.
            self.phase = Phase::Messages;
        }
        if self.phase == Phase::Messages
            && (self.next_message_block > target.number || self.is_full())
        {
            self.phase = Phase::Acceptances;
        }
        if self.phase == Phase::Acceptances && self.next_acceptance_block > target.number {
            self.phase = Phase::Compare;
        }
        match self.phase {
            Phase::Messages | Phase::Acceptances
                if self.ranges_since_recheck >= RANGES_A_RECHECK =>
            {
                self.phase = Phase::Recheck {
                    old: target,
                    new: None,
                };
                Ask::Block(Which::Number(target.number))
            }
            Phase::Messages => {
                let from = self.next_message_block;
                self.range_of(from, target.number, self.config.inbox, events::MESSAGE)
            }
            Phase::Acceptances => {
                let (from, contract) = (self.next_acceptance_block, self.config.root_chain);
                self.range_of(from, target.number, contract, events::ACCEPTANCE)
            }
            Phase::Compare => Ask::Heads(self.sought(target.hash)),
            _ => self.ask_for_a_target(),
        }
    }

    fn ask_for_a_target(&mut self) -> Ask {
        Ask::Block(match self.phase {
            Phase::Identify => return Ask::ChainId,
            Phase::Origin => Which::Number(self.config.deployed_at.saturating_sub(1)),
            Phase::Target(number) => Which::Number(number),
            Phase::Recheck { old, .. } => Which::Number(old.number),
            Phase::Head | Phase::Messages | Phase::Acceptances | Phase::Compare => {
                self.phase = Phase::Head;
                match self.config.finality {
                    Finality::Tag => Which::Finalized,
                    Finality::Depth(_) => Which::Latest,
                }
            }
        })
    }

    fn range_of(&self, from: u64, target: u64, address: Address, topic: B256) -> Ask {
        let to = from
            .saturating_add(self.range.saturating_sub(1))
            .min(target);
        Ask::Logs {
            from,
            to,
            address,
            topic,
        }
    }

    /// A track that was cut short ends before the contract's last message, so the link is compared at a message where the contract keeps it
    /// for ever.
    fn sought(&self, block: B256) -> Sought {
        let (tip, _) = self.tip();
        let index = if self.is_cut_short() {
            tip.saturating_sub(tip % KEPT_EVERY).max(self.anchor.index)
        } else {
            tip
        };
        let first_kept = self.records.keys().next().copied();
        // The newest one is compared again each time.
        let new = self.compared.min(self.accepted.saturating_sub(1));
        Sought {
            block,
            index,
            first_epoch: self
                .accepted
                .saturating_sub(self.records_at_once)
                .max(new)
                .max(first_kept.unwrap_or(self.accepted)),
            end_epoch: self.accepted,
        }
    }
}

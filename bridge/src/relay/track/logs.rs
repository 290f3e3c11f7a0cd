//! Events of a range of blocks: all of them in order, or none is taken.

use alloy_primitives::Address;

use super::{EndpointStanding, Next, Phase, Track, Trouble};
use crate::relay::acceptance::Acceptance;
use crate::relay::events::{self, Heard, Sent};
use crate::relay::seen::Log;

impl Track {
    pub(super) fn take_logs(&mut self, from: u64, to: u64, logs: &[Log]) -> Result<Next, Trouble> {
        let address = match self.phase {
            Phase::Messages => self.config.inbox,
            Phase::Acceptances => self.config.root_chain,
            _ => return Err(Trouble::Lie("events that were not asked for".into())),
        };
        check_order(logs, address, from, to)?;
        let heard = logs
            .iter()
            .map(|log| events::decode(log, &self.config.deployment))
            .collect::<Result<Vec<_>, _>>()
            .map_err(Trouble::Lie)?;
        for (log, heard) in logs.iter().zip(heard) {
            let has_room = match (self.phase, heard) {
                (Phase::Messages, Heard::Message(message)) => {
                    self.take_message(log.block, &message)?
                }
                (Phase::Acceptances, Heard::Acceptance(record)) => self.take_acceptance(*record)?,
                _ => return Err(Trouble::Lie("another event than was asked for".into())),
            };
            if !has_room {
                // The rest of this block and of the range is read again when there is room.
                self.next_message_block = log.block;
                return Ok(Next::Now);
            }
        }
        match self.phase {
            Phase::Messages => self.next_message_block = to.saturating_add(1),
            _ => self.next_acceptance_block = to.saturating_add(1),
        }
        self.ranges_since_recheck = self.ranges_since_recheck.saturating_add(1);
        self.range = self
            .range
            .saturating_add(self.range / 4)
            .saturating_add(1)
            .min(self.config.range);
        Ok(Next::Now)
    }

    /// Whether there is room for more.
    fn take_message(&mut self, block: u64, message: &Sent) -> Result<bool, Trouble> {
        let (count, link) = self.tip();
        if message.index <= count {
            self.compare_known(message)?;
            return Ok(true);
        }
        if message.index != count.saturating_add(1) {
            let what = format!("message {} follows message {count}", message.index);
            return Err(self.left_out(Phase::Messages, what));
        }
        let entry = message
            .extend(&link, block)
            .map_err(Trouble::Contradiction)?;
        self.entries.push_back(entry);
        self.trim().map_err(Trouble::Fatal)?;
        Ok(!self.is_full())
    }

    fn compare_known(&self, message: &Sent) -> Result<(), Trouble> {
        if message.index == 0 {
            return Err(Trouble::Lie("a message 0, where 1 is the first".into()));
        }
        match self.link(message.index) {
            Some(known) if known != message.link => {
                let (cursor, expected) = self.consumed;
                if message.index == cursor {
                    return Err(Trouble::Fatal(EndpointStanding::Differs {
                        cursor,
                        expected,
                        seen: message.link,
                    }));
                }
                Err(Trouble::Contradiction(format!(
                    "message {} has another link than before",
                    message.index
                )))
            }
            _ => Ok(()),
        }
    }

    fn take_acceptance(&mut self, record: Acceptance) -> Result<bool, Trouble> {
        let epoch = record.epoch;
        if epoch < self.accepted {
            return match self.records.get(&epoch) {
                Some(known) if *known != record => Err(Trouble::Contradiction(format!(
                    "the acceptance of checkpoint {epoch} is another one than before"
                ))),
                _ => Ok(true),
            };
        }
        if epoch != self.accepted {
            let what = format!(
                "checkpoint {epoch} was accepted where {} is next",
                self.accepted
            );
            return Err(self.left_out(Phase::Acceptances, what));
        }
        if let Some((_, before)) = self.records.last_key_value()
            && before.digest != record.checkpoint.previous
        {
            return Err(Trouble::Contradiction(format!(
                "checkpoint {epoch} follows digest {}, and the one before has {}",
                record.checkpoint.previous, before.digest
            )));
        }
        self.accepted = self.accepted.saturating_add(1);
        self.records.insert(epoch, record);
        if self.records.len() > self.config.kept_checkpoints {
            self.records.pop_first();
        }
        Ok(true)
    }
}

fn check_order(logs: &[Log], address: Address, from: u64, to: u64) -> Result<(), Trouble> {
    let mut last = None;
    for log in logs {
        let place = (log.block, log.index);
        if log.address != address || !(from..=to).contains(&log.block) {
            return Err(Trouble::Lie(format!(
                "an event of {} in block {}, asked were {address} in {from} to {to}",
                log.address, log.block
            )));
        }
        if last.is_some_and(|last| last >= place) {
            return Err(Trouble::Lie("events out of order".into()));
        }
        last = Some(place);
    }
    Ok(())
}

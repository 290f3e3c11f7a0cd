//! Events of a range of blocks: all of them in order, or none is taken.

use alloy_primitives::Address;

use super::{Next, Phase, Standing, Track, Trouble};
use crate::relay::events::{self, Heard};
use crate::relay::inbox::Anchor;
use crate::relay::seen::Log;

impl Track {
    pub(super) fn take_logs(&mut self, from: u64, to: u64, logs: &[Log]) -> Result<Next, Trouble> {
        let address = match self.phase {
            Phase::Messages => self.config.inbox,
            _ => self.config.root_chain,
        };
        check_order(logs, address, from, to)?;
        if self.phase == Phase::Messages {
            self.take_messages(to, logs)?;
        } else {
            self.take_acceptances(to, logs)?;
        }
        self.range = self
            .range
            .saturating_add(self.range / 4)
            .saturating_add(1)
            .min(self.config.range);
        Ok(Next::Now)
    }

    fn take_messages(&mut self, to: u64, logs: &[Log]) -> Result<(), Trouble> {
        for log in logs {
            let Heard::Message(message) = events::decode(log).map_err(Trouble::Lie)? else {
                return Err(Trouble::Lie("another event than asked for".into()));
            };
            let (count, link) = self.tip();
            if message.index <= count {
                self.compare_known(&message)?;
                continue;
            }
            if message.index != count.saturating_add(1) {
                self.rewind_messages();
                return Err(Trouble::Lie(format!(
                    "message {} follows message {count}",
                    message.index
                )));
            }
            let entry = message.extend(&link, log.block).map_err(Trouble::Lie)?;
            self.entries.push_back(entry);
            self.trim().map_err(Trouble::Fatal)?;
            if self.is_full() {
                // The rest of this block and of the range is read again when there is room.
                self.next_message_block = log.block;
                return Ok(());
            }
        }
        self.next_message_block = to.saturating_add(1);
        Ok(())
    }

    fn compare_known(&self, message: &events::Sent) -> Result<(), Trouble> {
        let Some(past) = message.index.checked_sub(self.anchor.index) else {
            return Ok(());
        };
        let Some(place) = past.checked_sub(1) else {
            return self.compare_anchor(message);
        };
        let known = usize::try_from(place)
            .ok()
            .and_then(|place| self.entries.get(place));
        match known {
            Some(entry) if entry.bytes.as_ref() != message.bytes.as_ref() => Err(Trouble::Changed(
                format!("message {} has other bytes than before", message.index),
            )),
            _ => Ok(()),
        }
    }

    fn take_acceptances(&mut self, to: u64, logs: &[Log]) -> Result<(), Trouble> {
        for log in logs {
            let Heard::Acceptance(record) = events::decode(log).map_err(Trouble::Lie)? else {
                return Err(Trouble::Lie("another event than asked for".into()));
            };
            if record.epoch < self.accepted {
                match self.records.get(&record.epoch) {
                    Some(known) if *known != *record => {
                        return Err(Trouble::Changed(format!(
                            "checkpoint {} was accepted otherwise before",
                            record.epoch
                        )));
                    }
                    _ => continue,
                }
            }
            if record.epoch != self.accepted {
                let known = self.records.last_key_value();
                self.next_acceptance_block =
                    known.map_or(self.config.deployed_at, |(_, record)| record.block);
                return Err(Trouble::Lie(format!(
                    "checkpoint {} accepted where {} is next",
                    record.epoch, self.accepted
                )));
            }
            self.accepted = self.accepted.saturating_add(1);
            self.records.insert(record.epoch, *record);
            if self.records.len() > self.config.kept_checkpoints {
                self.records.pop_first();
            }
        }
        self.next_acceptance_block = to.saturating_add(1);
        Ok(())
    }

    /// The message at the anchor stands again in the first block read.
    fn compare_anchor(&self, message: &events::Sent) -> Result<(), Trouble> {
        let Anchor { index, link, .. } = self.anchor;
        if index == 0 {
            return Err(Trouble::Lie("a message 0, where 1 is the first".into()));
        }
        if message.link != link {
            return Err(Trouble::Fatal(Standing::Differs {
                cursor: index,
                expected: link,
                seen: message.link,
            }));
        }
        Ok(())
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

//! Challenges of accepted checkpoints' data, by the events of DataChallenges (PROTOCOL section 13).
//!
//! ```text
//! Challenged ──▶ open ──(Answered | PaidBack)──▶ closed, until no reorganisation reaches it: forgotten
//!                  └─(Withheld)──▶ open still: its money waits for `refund`
//! ```
//! Where root is reorganised, what stood in the blocks that are gone is taken back, and the blocks in their place are heard again.

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolEvent, SolEventInterface};

use super::acceptance::Acceptance;
use super::seen::Log;
use crate::abi::IDataChallenges;

#[cfg(test)]
pub(crate) mod fixture;
mod shown;
mod target;
#[cfg(test)]
mod tests;

pub use shown::{shown_in, shown_topics};
pub use target::DataTarget;

/// Challenges that are kept, at most: the price of a backlog that long is above what there is. Whatever is beyond has the latest deadlines.
const MAX_KEPT: usize = 1 << 16;

/// The part of a price that is sent above it, because it may rise before the transaction is mined.
const ROOM: u64 = 4;

/// What is sent with a question whose price is this now: what is over comes back.
#[must_use]
pub fn with_room(price: U256) -> U256 {
    price.saturating_add(price.wrapping_div(U256::from(ROOM)))
}

/// The call that asks for a part of an accepted checkpoint. It is sent with its price.
#[must_use]
pub fn asking(accepted: &Acceptance, target: DataTarget) -> Vec<u8> {
    let call = IDataChallenges::challengeCall {
        accused: accepted.into(),
        target: target.into(),
    };
    call.abi_encode()
}

/// A challenge that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataChallenge {
    /// Who asked, and is paid back where nobody answers.
    pub challenger: Address,
    /// What was paid in, in wei.
    pub price: U256,
    /// Behind this time of root, in seconds, it makes the checkpoint void.
    pub deadline: u64,
    /// Whether it did: then its money waits.
    pub is_expired: bool,
}

/// What became of a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataEvent {
    /// Somebody asks.
    Asked {
        /// For what.
        target: DataTarget,
        /// Who.
        challenger: Address,
        /// What was paid in, in wei.
        price: U256,
        /// Until when it can be answered for certain, in seconds of root's clock.
        deadline: u64,
    },
    /// It is answered: what was asked for stands in an event of its own.
    Answered {
        /// What was asked for.
        target: DataTarget,
        /// Who answered.
        answerer: Address,
        /// What the answerer was paid, in wei.
        paid: U256,
    },
    /// Nobody answered: the checkpoint and all behind it are void.
    Withheld {
        /// What was asked for.
        target: DataTarget,
    },
    /// The challenger was paid back.
    PaidBack {
        /// What was asked for.
        target: DataTarget,
        /// Who.
        challenger: Address,
        /// Wei.
        amount: U256,
    },
}

impl DataEvent {
    /// What it is about.
    #[must_use]
    pub const fn target(&self) -> DataTarget {
        match self {
            Self::Asked { target, .. }
            | Self::Answered { target, .. }
            | Self::Withheld { target }
            | Self::PaidBack { target, .. } => *target,
        }
    }
}

/// A challenge with the blocks of its events.
#[derive(Clone, Debug)]
struct KeptChallenge {
    challenge: DataChallenge,
    asked: u64,
    expired: Option<u64>,
    closed: Option<u64>,
}

/// The challenges that are open, as the events say that were heard.
#[derive(Clone, Debug, Default)]
pub struct ChallengeBook {
    kept: BTreeMap<DataTarget, KeptChallenge>,
    /// The block of each answer.
    answers: BTreeMap<DataTarget, u64>,
    left_out: u64,
}

impl ChallengeBook {
    /// The challenges that are open, ascending by what they ask for.
    pub fn open(&self) -> impl Iterator<Item = (&DataTarget, &DataChallenge)> {
        let open = self.kept.iter().filter(|(_, one)| one.closed.is_none());
        open.map(|(target, one)| (target, &one.challenge))
    }

    /// The challenge of a target, if it is open.
    #[must_use]
    pub fn of(&self, target: &DataTarget) -> Option<&DataChallenge> {
        let kept = self.kept.get(target);
        let open = kept.filter(|one| one.closed.is_none());
        open.map(|one| &one.challenge)
    }

    /// Answers on root, each with its block, ascending by what they answer.
    pub fn answers(&self) -> impl Iterator<Item = (&DataTarget, u64)> {
        self.answers.iter().map(|(target, block)| (target, *block))
    }

    /// Whether it is answered on root.
    #[must_use]
    pub fn is_answered(&self, target: &DataTarget) -> bool {
        self.answers.contains_key(target)
    }

    /// How many found no room since this was asked.
    pub const fn left_out(&mut self) -> u64 {
        std::mem::replace(&mut self.left_out, 0)
    }

    /// Takes an event in, in the order of the chain. `epoch_blocks`: K.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn hear(&mut self, log: &Log, epoch_blocks: u32) -> Result<DataEvent, String> {
        let event = decode(log)?;
        if let DataTarget::Segment { block, .. } = event.target()
            && block >= epoch_blocks
        {
            return Err(format!(
                "event {} of block {} names block {block} of an epoch of {epoch_blocks}",
                log.index, log.block
            ));
        }
        match &event {
            DataEvent::Asked {
                target,
                challenger,
                price,
                deadline,
            } => {
                let challenge = DataChallenge {
                    challenger: *challenger,
                    price: *price,
                    deadline: *deadline,
                    is_expired: false,
                };
                let kept = KeptChallenge {
                    challenge,
                    asked: log.block,
                    expired: None,
                    closed: None,
                };
                self.kept.insert(*target, kept);
                self.bound();
            }
            DataEvent::Answered { target, .. } => {
                self.close(target, log.block);
                if self.answers.len() >= MAX_KEPT {
                    self.answers.pop_first();
                }
                self.answers.insert(*target, log.block);
            }
            DataEvent::PaidBack { target, .. } => self.close(target, log.block),
            DataEvent::Withheld { target } => {
                if let Some(one) = self.kept.get_mut(target) {
                    one.challenge.is_expired = true;
                    one.expired = Some(log.block);
                }
            }
        }
        Ok(event)
    }

    /// Root has other blocks behind this one than were heard: what they said is taken back.
    pub fn rewind(&mut self, block: u64) {
        self.kept.retain(|_, one| one.asked <= block);
        self.answers.retain(|_, at| *at <= block);
        for one in self.kept.values_mut() {
            one.closed = one.closed.filter(|at| *at <= block);
            one.expired = one.expired.filter(|at| *at <= block);
            one.challenge.is_expired = one.expired.is_some();
        }
    }

    /// Nothing up to this block is taken back any more, and checkpoints below this epoch are final: what is closed there is forgotten.
    pub fn forget(&mut self, block: u64, epoch: u64) {
        self.kept
            .retain(|_, one| one.closed.is_none_or(|at| at > block));
        self.answers.retain(|target, _| target.epoch() >= epoch);
    }

    /// Root's state does not bear out that it is open.
    pub fn drop_open(&mut self, target: &DataTarget) {
        self.kept.remove(target);
    }

    /// What somebody asked for of a checkpoint, and whether it is open still.
    pub fn asked_of(&self, epoch: u64) -> impl Iterator<Item = (DataTarget, bool)> {
        let kept = self.kept.iter();
        let asked = kept.map(|(target, one)| (*target, one.closed.is_none()));
        let answered = self.answers.keys().map(|target| (*target, false));
        let all = asked.chain(answered);
        all.filter(move |(target, _)| target.epoch() == epoch)
    }

    fn close(&mut self, target: &DataTarget, block: u64) {
        if let Some(one) = self.kept.get_mut(target) {
            one.closed = Some(block);
        }
    }

    /// Who has the latest deadline gives way.
    fn bound(&mut self) {
        if self.kept.len() <= MAX_KEPT {
            return;
        }
        let last = self.kept.iter();
        let last = last.max_by_key(|(_, one)| (one.closed.is_none(), one.challenge.deadline));
        if let Some(target) = last.map(|(target, _)| *target) {
            self.kept.remove(&target);
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// The topics of its events.
    #[must_use]
    pub const fn topics() -> [alloy_primitives::B256; 4] {
        [
            IDataChallenges::Challenged::SIGNATURE_HASH,
            IDataChallenges::Answered::SIGNATURE_HASH,
            IDataChallenges::PaidBack::SIGNATURE_HASH,
            IDataChallenges::Withheld::SIGNATURE_HASH,
        ]
    }
}

fn decode(log: &Log) -> Result<DataEvent, String> {
    use IDataChallenges::IDataChallengesEvents as Event;
    let event = Event::decode_raw_log(&log.topics, &log.data).map_err(|error| {
        format!(
            "event {} of block {} is none of DataChallenges: {error}",
            log.index, log.block
        )
    })?;
    Ok(match event {
        // It is asked for apart, where it is needed.
        Event::Shown(e) => {
            return Err(format!(
                "event {} of block {} is an answer of epoch {}, which nobody asked for",
                log.index, log.block, e.epoch
            ));
        }
        Event::Challenged(e) => DataEvent::Asked {
            target: told((e.epoch, e.kind, e.place, e.number), log)?,
            challenger: e.challenger,
            price: e.price,
            deadline: e.deadline,
        },
        Event::Answered(e) => DataEvent::Answered {
            target: told((e.epoch, e.kind, e.place, e.number), log)?,
            answerer: e.answerer,
            paid: e.paid,
        },
        Event::PaidBack(e) => DataEvent::PaidBack {
            target: told((e.epoch, e.kind, e.place, e.number), log)?,
            challenger: e.challenger,
            amount: e.amount,
        },
        Event::Withheld(e) => DataEvent::Withheld {
            target: told((e.epoch, e.kind, e.place, e.number), log)?,
        },
    })
}

fn told(
    (epoch, kind, place, number): (u64, u8, u32, u32),
    log: &Log,
) -> Result<DataTarget, String> {
    let told = IDataChallenges::Target {
        epoch,
        kind,
        place,
        number,
    };
    DataTarget::of(&told).ok_or_else(|| {
        format!(
            "event {} of block {} names a challenge of kind {kind} in place {place}, which the contract does not take",
            log.index, log.block
        )
    })
}

//! Challenges of accepted checkpoints' data, by the events of DataChallenges (PROTOCOL section 13).
//!
//! ```text
//! Challenged ──▶ open ──(Answered | PaidBack)──▶ closed, until no reorganisation reaches it: forgotten
//!                  └─(Withheld)──▶ open still: its money waits for `refund`
//! ```
//! Where root is reorganised, what stood in the blocks that are gone is taken back, and the blocks in their place are heard again. Where two endpoints tell events, a challenge is open as soon as
//! one tells it, and closed once both do: neither has one forgotten by what it leaves out or invents.

use std::collections::BTreeMap;
use std::ops::Range;

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolEvent};

use super::acceptance::Acceptance;
use super::seen::Log;
use crate::abi::IDataChallenges;

mod decoded;
#[cfg(test)]
pub(crate) mod fixture;
mod price;
mod room;
mod shown;
mod target;
#[cfg(test)]
mod tests;
mod told;

use decoded::decode;
pub use price::QuestionPrices;
pub use shown::{is_paid_back_in, paid_back_topics, shown_in, shown_topics};
pub use target::DataTarget;
pub use told::{DoublingCount, Tellers, ToldBlocks, ToldBy};

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

impl From<IDataChallenges::Challenge> for DataChallenge {
    fn from(told: IDataChallenges::Challenge) -> Self {
        Self {
            challenger: told.challenger,
            price: U256::from(told.price),
            deadline: told.deadline,
            is_expired: false,
        }
    }
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
    asked: ToldBlocks,
    expired: ToldBlocks,
    closed: ToldBlocks,
    /// Whether it was said that the first endpoint leaves it out.
    is_said: bool,
}

/// The challenges that are open, as the events say that were heard.
#[derive(Clone, Debug, Default)]
pub struct ChallengeBook {
    kept: BTreeMap<DataTarget, KeptChallenge>,
    /// The blocks of each answer.
    answers: BTreeMap<DataTarget, ToldBlocks>,
    /// Of which checkpoints a second endpoint's events are taken, where there is one.
    second: Option<Range<u64>>,
    left_out: DoublingCount,
    untold: DoublingCount,
}

impl ChallengeBook {
    /// Of which checkpoints a second endpoint's events are taken, where there is one: those that are accepted, and questions of those that are not final. Then what closes a challenge counts once both tell it.
    pub fn hears_two(&mut self, second: Option<Range<u64>>) {
        self.second = second;
    }

    const fn by_two(&self) -> bool {
        self.second.is_some()
    }

    fn is_open(&self, one: &KeptChallenge) -> bool {
        !one.closed.is_told(self.by_two())
    }

    /// The challenges that are open, ascending by what they ask for.
    pub fn open(&self) -> impl Iterator<Item = (&DataTarget, &DataChallenge)> {
        let open = self.kept.iter().filter(|(_, one)| self.is_open(one));
        open.map(|(target, one)| (target, &one.challenge))
    }

    /// The challenge of a target, if it is open.
    #[must_use]
    pub fn of(&self, target: &DataTarget) -> Option<&DataChallenge> {
        let kept = self.kept.get(target);
        let open = kept.filter(|one| self.is_open(one));
        open.map(|one| &one.challenge)
    }

    /// Answers on root, each with its blocks, ascending by what they answer.
    pub fn answers(&self) -> impl Iterator<Item = (&DataTarget, ToldBlocks)> {
        self.answers.iter().map(|(target, told)| (target, *told))
    }

    /// Whether somebody tells that it is answered on root.
    #[must_use]
    pub fn is_answered(&self, target: &DataTarget) -> bool {
        self.answers.contains_key(target)
    }

    /// Takes an event in, in the order of the chain. `epoch_blocks`: K.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn hear(&mut self, log: &Log, epoch_blocks: u32, by: ToldBy) -> Result<DataEvent, String> {
        let event = decode(log)?;
        if let DataTarget::Segment { block, .. } = event.target()
            && block >= epoch_blocks
        {
            return Err(format!(
                "event {} of block {} names block {block} of an epoch of {epoch_blocks}",
                log.index, log.block
            ));
        }
        if let (ToldBy::Second, Some(epochs)) = (by, &self.second) {
            let (epoch, target) = (event.target().epoch(), event.target());
            if epoch >= epochs.end {
                return Err(format!(
                    "event {} of block {} names epoch {epoch}, which is not accepted",
                    log.index, log.block
                ));
            }
            // Nobody waits for it any more, and nothing of it would ever be let go of.
            if epoch < epochs.start && !self.kept.contains_key(&target) {
                return Ok(event);
            }
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
                self.ask(*target, challenge, (log.block, by));
            }
            DataEvent::Answered { target, .. } => {
                self.close(target, (log.block, by));
                self.answers.entry(*target).or_default().note(by, log.block);
                self.bound_answers();
            }
            DataEvent::PaidBack { target, .. } => self.close(target, (log.block, by)),
            DataEvent::Withheld { target } => {
                if let Some(one) = self.kept.get_mut(target) {
                    one.expired.note(by, log.block);
                    one.challenge.is_expired = true;
                }
            }
        }
        Ok(event)
    }

    /// The contract takes each question once, so of two tales of one the earlier deadline is kept, until root's state says which.
    fn ask(&mut self, target: DataTarget, challenge: DataChallenge, (block, by): (u64, ToldBy)) {
        let deadline = challenge.deadline;
        let kept = self.kept.entry(target).or_insert_with(|| KeptChallenge {
            challenge,
            asked: ToldBlocks::default(),
            expired: ToldBlocks::default(),
            closed: ToldBlocks::default(),
            is_said: false,
        });
        kept.asked.note(by, block);
        kept.challenge.deadline = kept.challenge.deadline.min(deadline);
        self.bound();
    }

    /// What root's state says of a challenge that is open.
    pub fn correct(&mut self, target: DataTarget, challenge: DataChallenge) {
        if let Some(one) = self.kept.get_mut(&target) {
            let is_expired = one.challenge.is_expired;
            one.challenge = DataChallenge {
                is_expired,
                ..challenge
            };
        }
    }

    /// Root's state says that this one is open, which no event that was read does.
    pub fn adopt(&mut self, target: DataTarget, challenge: DataChallenge) {
        self.ask(target, challenge, (0, ToldBy::First));
    }

    /// Root has other blocks behind this one than were heard: what they said is taken back.
    pub fn rewind(&mut self, block: u64) {
        for one in self.kept.values_mut() {
            one.asked.rewind(block);
            one.closed.rewind(block);
            one.expired.rewind(block);
            one.challenge.is_expired = one.expired.is_told(false);
        }
        self.kept.retain(|_, one| one.asked.is_told(false));
        self.answers.retain(|_, told| {
            told.rewind(block);
            told.is_told(false)
        });
    }

    /// Nothing up to this block is taken back any more, and checkpoints below this epoch are final: what is closed there is forgotten.
    pub fn forget(&mut self, block: u64, epoch: u64) {
        let by_two = self.by_two();
        self.kept
            .retain(|_, one| !one.closed.is_told(by_two) || one.closed.last() > Some(block));
        self.answers.retain(|target, _| target.epoch() >= epoch);
    }

    /// Root's state does not bear out that it is open.
    pub fn drop_open(&mut self, target: &DataTarget) {
        self.kept.remove(target);
    }

    /// What somebody asked for of a checkpoint, as all endpoints tell, and whether it is open still.
    pub fn asked_of(&self, epoch: u64) -> impl Iterator<Item = (DataTarget, bool)> {
        let all = DataTarget::all_of(epoch).into_iter();
        let kept = all.clone().flat_map(|one| self.kept.range(one));
        let told = kept.filter(|(_, one)| one.asked.is_told(self.by_two()));
        let asked = told.map(|(target, one)| (*target, self.is_open(one)));
        let answered = all.flat_map(|one| self.answers.range(one));
        let answered = answered.filter(|(_, told)| told.is_told(self.by_two()));
        asked.chain(answered.map(|(target, _)| (*target, false)))
    }

    /// Whether somebody asked for it, as all endpoints tell.
    #[must_use]
    pub fn is_asked(&self, target: &DataTarget) -> bool {
        let told = |told: ToldBlocks| told.is_told(self.by_two());
        let kept = self.kept.get(target);
        kept.is_some_and(|one| told(one.asked))
            || self.answers.get(target).is_some_and(|one| told(*one))
    }

    /// Whether an event tells why root may hold up a checkpoint: a question that is open, or an answer.
    #[must_use]
    pub fn explains(&self, epoch: u64) -> bool {
        DataTarget::all_of(epoch).into_iter().any(|all| {
            let mut kept = self.kept.range(all.clone());
            let is_answered = self.answers.range(all).next().is_some();
            is_answered || kept.any(|(_, one)| self.is_open(one))
        })
    }

    fn close(&mut self, target: &DataTarget, (block, by): (u64, ToldBy)) {
        if let Some(one) = self.kept.get_mut(target) {
            one.closed.note(by, block);
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

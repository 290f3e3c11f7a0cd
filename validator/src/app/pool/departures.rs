//! Why what waited here waits no more.
//!
//! Whoever was told that a transaction was taken relies on it. So the pool gives nothing up in silence: it remembers for a while what it gave up and
//! why, and whoever asks where the transaction is, is told. What stands in a block is found there and not here. The same bytes may be handed in
//! again, and wait again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use alloy_primitives::B256;

use super::{Hash, Held, Pending, Pool};
use crate::ledger::{Account, Code};

/// Blocks and seconds for which it is remembered, whichever last longer: an engine that comes back brings many blocks at once.
pub(super) const MAX_BLOCKS: u64 = 100;
pub(super) const MAX_SECONDS: u64 = 300;
/// The most that is remembered, in some 8 MB: more than three times what waits at a time.
pub(super) const MAX_REMEMBERED: usize = 1 << 15;

/// Why a transaction waits no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum Departure {
    #[error("it waited here and expired")]
    Expired,
    #[error("it waited here until its sender had another one take its place")]
    Replaced,
    #[error(
        "it waited here and made room for others, which pay more or need not wait for a missing one; hand it in again, or sign it again with a higher fee"
    )]
    MadeRoom,
    #[error("it waited here, and its sender can no longer pay for it and all that waits before it")]
    Uncovered,
    #[error(
        "it waited here and does not apply any more (code {}); where that may pass, hand it in again",
        .0.number()
    )]
    Useless(Code),
    #[error(
        "it waited here behind another one of its sender that was missing or of stake, for too long or with too many others; hand it in again behind that one"
    )]
    Behind,
    #[error("it waited here, and another one with its sequence has been in a block since")]
    Displaced,
    #[error("it waited here when the chain ended; what it moves is paid on root")]
    Ended,
}

impl Departure {
    /// The code that tells of it.
    pub const fn code(self) -> Code {
        match self {
            Self::Expired => Code::Expired,
            Self::Replaced => Code::ReplacementUnderpriced,
            Self::MadeRoom => Code::PoolFull,
            Self::Uncovered => Code::InsufficientBalance,
            Self::Useless(code) => code,
            Self::Behind => Code::NonceAhead,
            Self::Displaced => Code::NonceUsed,
            Self::Ended => Code::NotAllowedHere,
        }
    }
}

/// What left the pool without a block.
#[derive(Debug, Default)]
pub(super) struct Departures {
    by_hash: BTreeMap<Hash, Departed>,
    by_digest: BTreeMap<B256, Hash>,
    /// The oldest first; what has come back since, or gone once more, may still be named here.
    order: VecDeque<Left>,
    next: u64,
    /// Seconds that have passed.
    seconds: u64,
}

/// When one left.
#[derive(Clone, Copy, Debug)]
struct Left {
    number: u64,
    height: u64,
    second: u64,
    hash: Hash,
}

#[derive(Clone, Copy, Debug)]
struct Departed {
    number: u64,
    digest: B256,
    why: Departure,
}

impl Departures {
    /// Seconds that have passed since the node started.
    pub(super) const fn seconds(&self) -> u64 {
        self.seconds
    }

    fn note(&mut self, height: u64, pending: &Pending, why: Departure) {
        let (hash, digest) = (pending.offer.hash, *pending.checked.digest());
        let number = self.next;
        self.next = number.wrapping_add(1);
        let departed = Departed {
            number,
            digest,
            why,
        };
        self.by_hash.insert(hash, departed);
        self.by_digest.insert(digest, hash);
        self.order.push_back(Left {
            number,
            height,
            second: self.seconds,
            hash,
        });
        if self.order.len() > MAX_REMEMBERED {
            self.forget_oldest();
        }
    }

    /// It waits again.
    pub(super) fn come_back(&mut self, hash: &Hash) {
        if let Some(departed) = self.by_hash.remove(hash) {
            self.by_digest.remove(&departed.digest);
        }
    }

    /// A block of this height came.
    pub(super) fn turn(&mut self, height: u64) {
        let seconds = self.seconds;
        let is_old = |left: &Left| {
            left.height.saturating_add(MAX_BLOCKS) < height
                && left.second.saturating_add(MAX_SECONDS) < seconds
        };
        while self.order.front().is_some_and(is_old) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(Left { number, hash, .. }) = self.order.pop_front() else {
            return;
        };
        let last = self.by_hash.get(&hash);
        if last.is_some_and(|one| one.number == number) {
            self.come_back(&hash);
        }
    }
}

impl Pool {
    /// A second has passed, or somewhat more. The pool has no clock.
    pub const fn pass_second(&mut self) {
        self.departures.seconds = self.departures.seconds.saturating_add(1);
    }

    /// Takes it out, and remembers why.
    pub(super) fn give_up(&mut self, hash: &Hash, why: Departure) -> Option<Arc<Pending>> {
        let gone = self.take(hash)?;
        self.departures.note(self.height, &gone, why);
        Some(gone)
    }

    /// A block with these came, and this is the sender's next sequence behind it: what waited below that and is none of them never applies any more.
    pub fn displace(&mut self, sender: &Account, next: u64, held: &Held) {
        let Some(queue) = self.senders.get(sender) else {
            return;
        };
        let used = queue.waiting.range(..next);
        let displaced = used.filter(|(sequence, waiting)| {
            let held = held.get(&(*sender, **sequence));
            held.is_none_or(|bytes| *bytes != waiting.pending.bytes)
        });
        let displaced: Vec<Hash> = displaced
            .map(|(_, waiting)| waiting.pending.offer.hash)
            .collect();
        for hash in &displaced {
            self.give_up(hash, Departure::Displaced);
        }
    }

    /// Why the transaction with this engine hash waits here no more; `None` for one that never waited, that waits, or that left long ago.
    pub fn why_gone(&self, hash: &Hash) -> Option<Departure> {
        self.departures.by_hash.get(hash).map(|one| one.why)
    }

    /// The engine hash of what left with this EIP-712 digest.
    pub fn gone_with_digest(&self, digest: &B256) -> Option<Hash> {
        self.departures.by_digest.get(digest).copied()
    }

    #[cfg(test)]
    pub(super) fn remembered_departures(&self) -> [usize; 3] {
        let Departures {
            by_hash,
            by_digest,
            order,
            ..
        } = &self.departures;
        [by_hash.len(), by_digest.len(), order.len()]
    }
}

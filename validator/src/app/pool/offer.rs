//! What the pool looks at when it takes a transaction: its place in its sender's queue, what it spends, and what it bids.
//!
//! ```text
//! places = length / 512 bytes, rounded up        a share of the pool and of a block: most transactions take one
//! bid    = (fee − minimum fee) / places          the minimum pays for the bytes and the leaves; the bid is for being first
//! ```
//! A fee as such is no bid: it is mostly the price of bytes and leaves, so who sorts by it prefers what is large. A bid counts
//! for each place, because a transaction of three places keeps three of others out of the pool.

use std::sync::Arc;

use super::topic::Topics;
use crate::ledger::leaf::NATIVE;
use crate::ledger::transaction::{Body, Header, StakeBody};
use crate::ledger::{CheckedTransaction, Transaction};
use crate::wire::engine_hash;

/// Bytes of one place.
pub const PLACE_BYTES: usize = 512;

/// The engine's hash of a transaction.
pub type Hash = [u8; 32];

/// What a transaction asks of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The engine's hash.
    pub hash: Hash,
    /// Sender, sequence, fee and expiry.
    pub header: Header,
    /// Native coin that it takes from its sender: fee and amount. It saturates: no sender has that much.
    pub native: u128,
    /// Token and amount that it takes from its sender.
    pub token: Option<([u8; 20], u128)>,
    /// What it pays above the minimum for each place.
    pub bid: u128,
    /// Places that it takes.
    pub places: usize,
    /// What it is about, when it is of stake.
    pub topics: Topics,
    /// The operator behind which it puts stake, and the highest commission that it accepts.
    pub backs: Option<([u8; 20], u16)>,
}

impl Offer {
    /// The offer of bytes with this hash and length, whose minimum fee is `minimum` at the tip.
    pub fn new(hash: Hash, transaction: &Transaction, length: usize, minimum: u128) -> Self {
        let header = transaction.header;
        let (native, token) = match &transaction.body {
            Body::Transfer { token, amount, .. }
            | Body::Withdraw { token, amount, .. }
            | Body::Message { token, amount, .. } => match *token == NATIVE {
                true => (*amount, None),
                false => (0, Some((*token, *amount))),
            },
            Body::Stake(StakeBody::Delegate { amount, .. }) => (*amount, None),
            Body::SetPayout { .. } | Body::Record { .. } | Body::Stake(_) => (0, None),
        };
        Self {
            hash,
            header,
            native: native.saturating_add(header.fee),
            token,
            bid: bid(header.fee, minimum, length),
            places: places(length),
            topics: Topics::of(header.sender, &transaction.body),
            backs: backs(&transaction.body),
        }
    }

    /// Whether others may make it useless, again and again and without its sender, so that it and what comes behind it never pay.
    pub(super) fn is_doubtful(&self) -> bool {
        self.backs.is_some() || self.topics.iter().next().is_some()
    }
}

/// What a transaction of this length bids for each place.
pub fn bid(fee: u128, minimum: u128, length: usize) -> u128 {
    let divisor = u128::try_from(places(length)).unwrap_or(u128::MAX);
    fee.saturating_sub(minimum)
        .checked_div(divisor)
        .unwrap_or(0)
}

fn places(length: usize) -> usize {
    length.div_ceil(PLACE_BYTES).max(1)
}

/// The operator behind which a transaction puts stake, and the highest commission that it accepts.
const fn backs(body: &Body) -> Option<([u8; 20], u16)> {
    match body {
        Body::Stake(
            StakeBody::Delegate {
                operator,
                max_commission,
                ..
            }
            | StakeBody::Redelegate {
                to: operator,
                max_commission,
                ..
            },
        ) => Some((*operator, *max_commission)),
        _ => None,
    }
}

/// A transaction in the pool.
#[derive(Debug)]
pub struct Pending {
    /// What it asks for.
    pub offer: Offer,
    /// Canonical bytes.
    pub bytes: Vec<u8>,
    /// The verdict on them.
    pub checked: CheckedTransaction,
}

impl Pending {
    /// A checked transaction with its bytes, whose minimum fee is `minimum` at the tip.
    pub fn new(bytes: Vec<u8>, checked: CheckedTransaction, minimum: u128) -> Arc<Self> {
        let hash = engine_hash(&bytes);
        Arc::new(Self {
            offer: Offer::new(hash, checked.transaction(), bytes.len(), minimum),
            bytes,
            checked,
        })
    }
}

//! What the outbox machine is told, does and says.

use std::sync::Arc;

use alloy_primitives::{Address, B256};

use crate::abi::IRootChain;
use crate::proof::checkpoint::Checkpoint;
use crate::relay::acceptance::Acceptance;
use crate::relay::seen::Entry;
use crate::relay::witness::Messages;
use plasmid_staking::Member;

/// What a relayer may choose.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Milliseconds between two looks at root.
    pub poll_ms: u64,
    /// Milliseconds to wait, from the first quorum on, for the shares still missing: each absent signer costs gas.
    pub linger_ms: u64,
    /// Seconds after an epoch's last block during which the relayer named in its checkpoint goes first. Within the chain's relay window that one
    /// is paid, whoever carries the checkpoint.
    pub patience_secs: u64,
    /// Milliseconds after which a transaction that is not mined is replaced, and another relayer's is no longer waited for.
    pub stuck_ms: u64,
}

impl Policy {
    /// What a relayer does that is this patient with the one that is named.
    #[must_use]
    pub const fn new(patience_secs: u64) -> Self {
        Self {
            poll_ms: 1_000,
            linger_ms: 2_000,
            patience_secs,
            stuck_ms: 45_000,
        }
    }
}

/// The deployment that is relayed for.
#[derive(Clone, Copy, Debug)]
pub struct Deployment {
    /// Its id.
    pub id: [u8; 20],
    /// The commitment of set 1, which signs checkpoint 0.
    pub genesis_set: B256,
    /// The relayer's account.
    pub me: Address,
    /// Seconds that an epoch may last, as root says.
    pub epoch_max_secs: u64,
}

/// Root after its newest block, final or not.
#[derive(Clone, Debug)]
pub struct RootState {
    /// The newest block's time, in seconds.
    pub time: u64,
    /// Checkpoints accepted, which is the epoch of the next.
    pub accepted: u64,
    /// How many will be accepted when the transactions that wait in the node's pool are mined.
    pub accepted_with_pool: u64,
    /// τ of the last one accepted, in seconds.
    pub tau: u64,
    /// The last one accepted, or `None` before the first.
    pub previous: Option<Acceptance>,
    /// The message before the first of `entries`.
    pub anchor: u64,
    /// The link there.
    pub anchor_link: B256,
    /// The messages known after it.
    pub entries: Vec<Entry>,
    /// Messages that the inbox has, as the contract says: more than are known when the follower keeps no more.
    pub count: u64,
    /// Transactions of the account in blocks.
    pub nonce: u64,
    /// Transactions of the account in blocks and in the node's pool.
    pub pending_nonce: u64,
    /// The newest checkpoint that may be made final, with all before it, when it is time to.
    pub ripe: Option<Arc<Acceptance>>,
}

impl RootState {
    pub(super) fn messages(&self) -> Messages<'_> {
        Messages {
            anchor: self.anchor,
            anchor_link: self.anchor_link,
            entries: &self.entries,
            count: self.count,
        }
    }
}

/// What the child says about a checkpoint.
#[derive(Clone, Debug)]
pub struct CheckpointOffer {
    /// Its content.
    pub checkpoint: Checkpoint,
    /// Set epoch + 1, which signs it, in seat order.
    pub members: Vec<Member>,
    /// Shares by member number, from blocks and brought late.
    pub shares: Vec<(u16, [u8; 192])>,
}

/// A member whose share is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its seat.
    pub seat: u16,
    /// Its operator's account on root.
    pub operator: Address,
}

/// Something to do for the driver.
#[derive(Clone, Debug)]
pub enum Task {
    /// Read root.
    Look,
    /// Read the checkpoint of this epoch from the child's nodes.
    Fetch(u64),
    /// Hand in a transaction.
    Submit(Box<Parcel>),
    /// Make this checkpoint final, with all before it, at this nonce of the account.
    Finalize(Arc<Acceptance>, u64),
}

/// A submission on its way.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The epoch.
    pub epoch: u64,
    /// The account's nonce for it.
    pub nonce: u64,
    /// Whether the node may hold another transaction with this nonce, which must be outbid.
    pub replaces: bool,
    /// The argument of RootChain's `submit`.
    pub submission: IRootChain::Submission,
}

/// What came of a [`Task`].
#[derive(Clone, Debug)]
pub enum Outcome {
    /// What a look at root showed.
    Root(Box<RootState>),
    /// What a fetch brought: one offer for each checkpoint and set that a node of the child tells of. It is empty when the epoch is not over.
    Offers(Vec<CheckpointOffer>),
    /// A transaction was handed in.
    Sent(B256),
    /// Root would refuse it, for this reason; nothing was sent.
    Refused(String),
    /// The task could not be done.
    Failed(String),
}

/// What a person may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A submission was handed in.
    Sent {
        /// The epoch.
        epoch: u64,
        /// The account's nonce.
        nonce: u64,
        /// The transaction.
        hash: B256,
        /// Members without a share in it.
        absent: usize,
    },
    /// Root accepted a checkpoint.
    Accepted {
        /// The epoch.
        epoch: u64,
        /// Who carried it.
        carrier: Address,
    },
    /// A transaction of ours stands in a block; said by the driver.
    Paid {
        /// The epoch that it was sent for.
        epoch: u64,
        /// The transaction.
        hash: B256,
        /// Gas used.
        gas_used: u64,
        /// Wei per gas, when the node says.
        gas_price: Option<u128>,
        /// Whether it took effect; false when another relayer was faster.
        succeeded: bool,
    },
    /// A transaction was handed in that makes all that is ripe final.
    Finalizing {
        /// The newest checkpoint of them.
        epoch: u64,
        /// The account's nonce.
        nonce: u64,
        /// The transaction.
        hash: B256,
    },
    /// It stands in a block; said by the driver.
    PaidFinal {
        /// The newest checkpoint of them.
        epoch: u64,
        /// The transaction.
        hash: B256,
        /// Gas used.
        gas_used: u64,
        /// Wei per gas, when the node says.
        gas_price: Option<u128>,
        /// Whether it took effect.
        succeeded: bool,
    },
    /// Another relayer goes first with this checkpoint; said once.
    NotOurTurn {
        /// The epoch.
        epoch: u64,
        /// Whom the checkpoint names.
        relayer: Address,
        /// Until when, in seconds.
        until: u64,
    },
    /// There is no quorum yet.
    Waiting {
        /// The epoch.
        epoch: u64,
        /// Why.
        reason: String,
        /// The members without a share that verifies.
        missing: Vec<Missing>,
    },
    /// The epoch that root waits for has not ended, and has lasted longer than one may; said once an epoch.
    NotOver {
        /// The epoch.
        epoch: u64,
        /// Seconds for which it has lasted, by root's time.
        secs: u64,
    },
    /// A transaction is not mined and will be replaced.
    Stuck {
        /// Its nonce.
        nonce: u64,
    },
    /// A submission needs messages that were dropped, because the endpoint showed another history before. All is read again.
    ReadsAgain {
        /// The first message that is needed.
        index: u64,
    },
    /// How the root chain's node stands, in a sentence; said by the driver when it changes.
    Root(String),
    /// How far the root chain is read; said by the driver now and then.
    Reading {
        /// The block reached.
        reached: u64,
        /// The block to reach.
        target: u64,
    },
    /// The date of this machine lies behind the time of root's newest block; said by the driver once until it no longer does.
    DateBehind {
        /// By how many seconds.
        secs: u64,
    },
    /// Something did not work; it will be tried again.
    Trouble(String),
}

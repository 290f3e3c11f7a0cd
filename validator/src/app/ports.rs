//! What the application asks of its surroundings: the root chain as this node sees it, and the checkpoint key.
//!
//! All answer at once from what they hold. No ABCI call waits for a network: a root that is silent makes this node abstain,
//! never the chain wait.

use std::sync::Arc;

use alloy_primitives::B256;
use plasmid_bridge::relay::{acceptance::DeploymentEnd, inbox::View};

use crate::chain::tally::CommitVote;
use crate::engine::abci::Fault;

/// The root chain's inbox, as far as this node has seen it finalized.
pub trait Outlook: Send + Sync {
    /// What to report in a vote extension: a cursor at most `limit` past the child's, and the link there. `None` to abstain:
    /// root is not soundly known, or differs from the child at `cursor`.
    fn report(&self, cursor: u64, link: B256, limit: u64) -> Option<(u64, B256)>;

    /// The bytes of a message past the child's cursor.
    fn message(&self, index: u64) -> Option<Vec<u8>>;

    /// How many checkpoints, from the first on, have been final on root for another challenge window, the newest final one
    /// excepted, under which claims are made: their states need no proofs from this node any more.
    ///
    /// The states of settled epochs are deleted, so the word of this node's endpoints counts only within what the child has agreed on.
    fn settled(&self, _agreed: &Agreed<'_>) -> u64 {
        0
    }

    /// How far the deployment has come to its end, and whether root takes no checkpoint any more. No block depends on it, only what this node
    /// takes into its mempool and keeps.
    fn end(&self) -> (DeploymentEnd, bool) {
        (DeploymentEnd::default(), false)
    }

    /// Tells that the child has consumed the inbox up to here.
    fn consumed(&self, cursor: u64, link: B256);
}

/// What the child itself knows of root: members with more than two thirds of its power have agreed on it.
#[derive(Clone, Copy)]
pub struct Agreed<'a> {
    /// Checkpoints whose acceptance the child has consumed as a message.
    pub accepted: u64,
    /// The time of its last block, in seconds.
    pub time: u64,
    /// Whether its checkpoint of this epoch has this digest.
    pub is_own: &'a dyn Fn(u64, &B256) -> bool,
}

/// The root chain as reads show it.
pub trait Sight: Send + Sync {
    /// What was seen last.
    fn view(&self) -> Arc<View>;

    /// Whether the endpoints agree, and what they show is recent.
    fn is_sound(&self) -> bool;
}

/// A node that sees no root chain: it abstains.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blind;

impl Outlook for Blind {
    fn report(&self, _cursor: u64, _hash: B256, _limit: u64) -> Option<(u64, B256)> {
        None
    }

    fn message(&self, _index: u64) -> Option<Vec<u8>> {
        None
    }

    fn consumed(&self, _cursor: u64, _hash: B256) {}
}

/// The checkpoint key with its sign state.
pub trait Signer: Send + Sync {
    /// The public key, by which the member is found.
    fn key(&self) -> [u8; 96];

    /// A share over the checkpoint of `epoch`. What leaves here stands in the synced sign state already. The sign state may forget what it
    /// has of the first `accepted` checkpoints, and of no other: the child has agreed that root accepted these, or it says 0.
    ///
    /// # Errors
    /// [`Unsigned`] when another digest of this epoch was signed before, or the state cannot be synced or is full.
    fn share(&self, epoch: u64, digest: &B256, accepted: u64) -> Result<[u8; 192], Unsigned>;
}

/// How far the consensus key beside this node has signed, as its own file says.
pub trait OwnVotes: Send + Sync {
    /// A block shows these precommits of `height`. It is told of every block, in order, before the engine votes behind it.
    ///
    /// # Errors
    /// When one is by the own key and the file says that it has signed less: the file is an older copy of itself, and what it lacks would be
    /// signed a second time.
    fn shown(&self, votes: &[CommitVote], height: u64) -> Result<(), Fault>;
}

/// Why a share was not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsigned {
    /// The sign state cannot be written, or is full until root has accepted more; asking again later may help.
    ForNow,
    /// The sign state refuses it for ever.
    ForEver,
}

//! What is heard of the child, and from whom.

use std::future::Future;
use std::ops::Range;

use alloy_primitives::Bytes;
use plasmid_staking::Member;
use tokio::sync::oneshot;

use super::unsound::UnsoundCheckpoint;
use crate::proof::{bls::SIGNATURE_BYTES, checkpoint::Checkpoint};
use crate::relay::challenges::DataTarget;
use crate::relay::watch::commits::NamedBallot;
use crate::relay::watch::statement::DoubleStatement;

/// An accepted checkpoint of which not all is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnfinishedCheckpoint {
    /// Its epoch.
    pub epoch: u64,
    /// Whether its links and signatures are judged.
    pub is_judged: bool,
    /// Whether its blocks are executed again.
    pub is_executed: bool,
}

/// What somebody who reads the child found.
#[derive(Debug)]
pub enum ChildNews {
    /// A node's blocks are read up to this height.
    Read {
        /// Which node.
        node: usize,
        /// The height.
        height: u64,
    },
    /// It handed over two statements.
    Accuses {
        /// Which node.
        node: usize,
        /// The statements.
        statement: DoubleStatement,
        /// Where it hears whether they are taken. If not, they are to be handed over again before anything behind them is told.
        taken: oneshot::Sender<bool>,
    },
    /// It serves shares over a checkpoint.
    Signs {
        /// Which node.
        node: usize,
        /// The checkpoint.
        checkpoint: Box<Checkpoint>,
        /// Shares, by member number.
        shares: Vec<(u16, [u8; SIGNATURE_BYTES])>,
    },
    /// Its commit of a block has these precommits of one height and round.
    Commit {
        /// Which node.
        node: usize,
        /// The votes, each with the address of its key.
        votes: Vec<NamedBallot>,
    },
    /// An accepted checkpoint breaks a rule.
    Unsound(Box<UnsoundCheckpoint>),
    /// An accepted checkpoint breaks none of those that are judged.
    Sound {
        /// Its epoch.
        epoch: u64,
    },
    /// No node shows all that an accepted checkpoint commits to.
    Withheld {
        /// Its epoch.
        epoch: u64,
        /// What each of them says.
        reason: String,
    },
    /// An accepted checkpoint is not judged and executed yet.
    Behind(UnfinishedCheckpoint),
    /// An accepted checkpoint became final, as all endpoints of root say, before it was judged and executed.
    Missed(UnfinishedCheckpoint),
    /// The call that answers a challenge.
    Answers {
        /// What was asked for.
        target: DataTarget,
        /// The call of `DataChallenges`.
        call: Bytes,
    },
    /// Nobody shows what a challenge asks for.
    Unanswered {
        /// What was asked for.
        target: DataTarget,
        /// What each of them says.
        reason: String,
    },
    /// What an endpoint of root gave as an answer is none.
    FalseAnswer {
        /// What was asked for.
        target: DataTarget,
    },
    /// What of an accepted checkpoint is nowhere: neither in the folder, nor at any node, nor in an answer on root.
    Missing {
        /// Its epoch.
        epoch: u64,
        /// The first part of each block that is missing; none where all is there by now.
        targets: Vec<DataTarget>,
    },
    /// It shows something else than what root's words commit to.
    Lies {
        /// Which node.
        node: usize,
        /// What.
        reason: String,
    },
    /// What is judged cannot be kept on disk.
    Trouble(String),
    /// It does not answer, or has no more what is asked of it.
    Silent {
        /// Which node.
        node: usize,
        /// Why.
        reason: String,
    },
    /// It answers again.
    Back {
        /// Which node.
        node: usize,
    },
    /// It has deleted blocks that were not read.
    Skipped {
        /// Which node.
        node: usize,
        /// The first of them.
        from: u64,
        /// The last of them.
        to: u64,
    },
}

/// Where the child is read from at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstRead {
    /// The next block of each place.
    pub heights: Vec<u64>,
    /// The first block whose votes can still be reported.
    pub floor: u64,
    /// The first epoch whose shares are asked of nodes.
    pub epoch: u64,
}

/// Nodes of the child, none of which is believed.
pub trait ChildSource: Send + Sync + 'static {
    /// Where each is, without what may be a key.
    fn places(&self) -> &[String];
    /// Which of them tell sets.
    fn sources(&self) -> Range<usize>;
    /// The set of an epoch, as this node says it.
    fn members(
        &self,
        node: usize,
        epoch: u64,
    ) -> impl Future<Output = Result<Vec<Member>, String>> + Send;
}

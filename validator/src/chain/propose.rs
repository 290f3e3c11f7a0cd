//! PrepareProposal: which votes, messages and transactions a block carries.
//!
//! ```text
//! votes with extensions ──► those that keep the rules, whose share verifies ──► tally over our own view of the inbox
//!        └─ the cursor moves: reports that count, and new shares         └─ it does not: new shares only
//! record │ messages │ misbehavior │ candidates, each tried on the state, until the block is full of those that applied
//! ```
//! It shares tally and run with execution, so what it gives every honest node accepts.

mod choice;

use plasmid_staking::Member;

use self::choice::Input;
use super::committed::parameters;
use super::epoch::Moment;
use super::error::{Error, ExecutionFault};
use super::evidence::{self, Misbehavior};
use super::execute::{Deployment, VoteState, context};
use super::overlay::Reads;
use super::run::{Refused, Run};
use super::tally::CommitVote;
use crate::ledger::CheckedTransaction;
use crate::ledger::transaction::MIN_TRANSACTION_BYTES;

/// One entry of the local last commit.
#[derive(Clone, Copy, Debug)]
pub struct ExtendedVote<'a> {
    /// The voter's consensus address, and what it did.
    pub vote: CommitVote,
    /// Its extension; late ones come unverified.
    pub extension: &'a [u8],
    /// The engine's signature over it.
    pub signature: &'a [u8],
}

/// What the engine asks for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The block's height.
    pub height: u64,
    /// Its time, nanoseconds.
    pub time: u64,
    /// Our consensus address.
    pub proposer: [u8; 20],
    /// The round of the last commit.
    pub round: u32,
    /// The last commit with extensions.
    pub votes: &'a [ExtendedVote<'a>],
    /// Misbehavior that the block must carry.
    pub misbehavior: &'a [Misbehavior],
    /// Bytes that all transactions may take, as the engine counts them.
    pub max_bytes: u64,
}

/// What this node knows besides its state.
pub trait NodeView {
    /// The bytes of an inbox message that root has finalized, as this node saw it.
    fn message(&self, index: u64) -> Option<Vec<u8>>;

    /// Whether a member's share over the checkpoint of `epoch` verifies.
    fn share_verifies(&self, member: &Member, epoch: u64, share: &[u8; 192]) -> bool;
}

/// A candidate: canonical bytes and their verdict.
pub type Candidate<'a> = (&'a [u8], &'a CheckedTransaction);

/// Where a proposer takes users' transactions from, one at a time.
pub trait Candidates {
    /// The next one to try, or none.
    fn next(&mut self) -> Option<Candidate<'_>>;

    /// What came of the one that was given last.
    fn tried(&mut self, outcome: Tried);
}

/// Candidates in an order that does not depend on what comes of them.
pub struct Listed<'c>(pub std::vec::IntoIter<Candidate<'c>>);

impl Candidates for Listed<'_> {
    fn next(&mut self) -> Option<Candidate<'_>> {
        self.0.next()
    }

    fn tried(&mut self, _outcome: Tried) {}
}

/// What came of a candidate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tried {
    /// It stands in the block; what follows it may be tried.
    Applied,
    /// It does not apply on this state: nothing of its sender can come after it.
    Refused,
    /// It is longer than what is left of the block.
    NoRoom,
}

/// The largest number of candidates that a proposer runs although they are refused. A pool holds no more than this, so candidates
/// with high bids that are refused cannot keep out a candidate that would apply.
pub const MAX_REFUSED: u32 = 10_000;
/// The largest number of candidates that a proposer skips because they are longer than what is left of the block; see [`MAX_REFUSED`].
pub const MAX_SKIPPED: u32 = 10_000;

/// Builds a block.
///
/// # Errors
/// [`Error::Invalid`] when the request itself cannot be the base of any valid block, [`Error::Fault`] when the node is broken.
pub fn propose<R: Reads>(
    reads: &R,
    deployment: &Deployment,
    request: &Request<'_>,
    known: &dyn NodeView,
    candidates: &mut dyn Candidates,
) -> Result<Vec<Vec<u8>>, Error<R::Error>> {
    let parameters = parameters(reads)?;
    let state = VoteState::read(reads, request.height, &parameters)?;
    let commit: Vec<CommitVote> = request.votes.iter().map(|vote| vote.vote).collect();
    let voting = state.voting(deployment, request.round, &commit, &parameters);
    let input = Input::choose(request, &voting, &parameters, known)?;
    let moment = Moment {
        height: request.height,
        time: request.time,
    };
    let context = context(deployment, request.height, &parameters);
    let mut block = Builder {
        run: Run::new(reads, moment, context),
        transactions: Vec::new(),
        left: request.max_bytes,
    };
    block.fixed(request, &input)?;
    block.users(candidates, parameters.max_block_transactions)?;
    Ok(block.transactions)
}

/// A block being filled.
struct Builder<'a, R> {
    run: Run<'a, R>,
    transactions: Vec<Vec<u8>>,
    left: u64,
}

impl<R: Reads> Builder<'_, R> {
    /// The record, messages and misbehavior: genesis makes sure that they always fit.
    fn fixed(&mut self, request: &Request<'_>, input: &Input) -> Result<(), Error<R::Error>> {
        self.run
            .record(&input.record.executing)
            .map_err(unexpected)?;
        self.push(input.record.encode());
        for (bytes, message) in &input.messages {
            self.run.message(bytes, message).map_err(unexpected)?;
            self.push(bytes.clone());
        }
        for misbehavior in evidence::distinct(request.misbehavior) {
            let bytes = misbehavior.encode(request.height);
            self.run
                .misbehavior(&bytes, &misbehavior)
                .map_err(unexpected)?;
            self.push(bytes);
        }
        Ok(())
    }

    fn users(
        &mut self,
        candidates: &mut dyn Candidates,
        limit: u32,
    ) -> Result<(), Error<R::Error>> {
        let (mut refused, mut skipped) = (0u32, 0u32);
        while self.run.transactions() < limit
            && self.left >= proto_bytes(MIN_TRANSACTION_BYTES)
            && refused < MAX_REFUSED
            && skipped < MAX_SKIPPED
        {
            let Some((bytes, transaction)) = candidates.next() else {
                break;
            };
            let outcome = self.user(bytes, transaction)?;
            match outcome {
                Tried::Applied => {}
                Tried::Refused => refused = refused.saturating_add(1),
                Tried::NoRoom => skipped = skipped.saturating_add(1),
            }
            candidates.tried(outcome);
        }
        Ok(())
    }

    fn user(
        &mut self,
        bytes: &[u8],
        transaction: &CheckedTransaction,
    ) -> Result<Tried, Error<R::Error>> {
        if proto_bytes(bytes.len()) > self.left {
            return Ok(Tried::NoRoom);
        }
        match self.run.user(bytes, transaction) {
            Ok(()) => self.push(bytes.to_vec()),
            Err(Refused::Reject(_) | Refused::TooLarge(_)) => return Ok(Tried::Refused),
            Err(Refused::Fault(fault)) => return Err(fault.into()),
        }
        Ok(Tried::Applied)
    }

    fn push(&mut self, bytes: Vec<u8>) {
        self.left = self.left.saturating_sub(proto_bytes(bytes.len()));
        self.transactions.push(bytes);
    }
}

/// Bytes of a transaction in the engine's count: a protobuf field of bytes (tag, varint length, content).
pub fn proto_bytes(length: usize) -> u64 {
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    let bits = u64::from(64u32.saturating_sub(length.leading_zeros())).max(1);
    length.saturating_add(1).saturating_add(bits.div_ceil(7))
}

/// What a proposer makes itself always applies; that it does not is the node's fault.
fn unexpected<E: std::error::Error + 'static>(refused: Refused<E>) -> Error<E> {
    match refused {
        Refused::Fault(fault) => fault.into(),
        Refused::Reject(reject) => ExecutionFault::Proposal(reject.to_string()).into(),
        Refused::TooLarge(large) => ExecutionFault::Proposal(large.to_string()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_counted_as_protobuf_fields_are() {
        for (length, expected) in [
            (0, 2),
            (1, 3),
            (127, 129),
            (128, 131),
            (16_383, 16_386),
            (16_384, 16_388),
        ] {
            assert_eq!(proto_bytes(length), expected, "{length} bytes");
        }
    }
}

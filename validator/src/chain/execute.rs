//! One block in, what it does out. PrepareProposal's own result, ProcessProposal and FinalizeBlock all pass here.
//!
//! ```text
//! transaction 0 │ messages │ misbehavior │ users' transactions
//!   decode ──► tally of carried votes ──► the record says the same? ──► signatures ──► run ──► boundary at an epoch's end
//! ```
//! Everything up to the signatures is read from the request and committed state only, so every node gives the same verdict. Signatures are
//! verified while the block runs; nothing of it leaves this file before all of them hold.
//! No tree is hashed here, so a proposal that is refused costs only its execution.

mod outcome;
mod parts;
mod votes;

use alloy_primitives::B256;
use plasmid_bridge::proof::inbox::{Body, Message};
use plasmid_staking::Update;

pub use self::outcome::{CarriedShare, Executed, UserMark};
pub(crate) use self::votes::VoteState;

use self::outcome::{carried_shares, marks};
use self::parts::{Parts, decode_messages, message_hash, number};
use super::committed::parameters;
use super::cores::both_assumed;
use super::epoch::boundary::{EpochEnd, ended};
use super::epoch::set::updates;
use super::epoch::{Moment, ends_epoch};
use super::error::{Error, ExecutionFault, Field, Invalid};
use super::evidence::Misbehavior;
use super::overlay::{Overlay, Reads};
use super::record::Record;
use super::run::{Refused, Run};
use super::segments::{Segment, TooLarge};
use super::tally::{CommitVote, Tally, tally};
use crate::ledger::leaf::InboxLeaf;
use crate::ledger::leaves::expect;
use crate::ledger::{
    CheckedTransaction, Claimed, Context, Domain, Event, OwnContracts, Parameters, Receipt, Reject,
    Slot, prove_batch, settle,
};

/// What is the same for every block of a deployment.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The chain id, which binds the engine's signatures.
    pub chain_id: String,
    /// What users' signatures bind.
    pub domain: Domain,
    /// Its contracts on root.
    pub contracts: OwnContracts,
}

/// A block, as ProcessProposal and FinalizeBlock bring it.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Its height.
    pub height: u64,
    /// Its time, nanoseconds since 1970.
    pub time: u64,
    /// The proposer's consensus address.
    pub proposer: [u8; 20],
    /// The round of the last commit.
    pub round: u32,
    /// The last commit.
    pub votes: &'a [CommitVote],
    /// Misbehavior as the request lists it.
    pub misbehavior: &'a [Misbehavior],
    /// All transactions, the record first.
    pub transactions: &'a [&'a [u8]],
}

/// Where verdicts on signatures come from: a cache, all cores, or plainly [`check_batch`](crate::ledger::check_batch). A verdict depends on the
/// bytes and the domain alone.
pub trait Checker: Sync {
    /// Decodes transactions and judges all about them but signatures, without state: one answer a transaction, in order.
    fn claim(&self, transactions: &[&[u8]], domain: &Domain) -> Vec<Result<Claimed, Reject>>;

    /// Verifies signatures: one verdict a transaction, in order.
    fn prove(&self, claims: &[&Claimed]) -> Vec<Result<(), Reject>>;

    /// Both at once.
    fn check(
        &self,
        transactions: &[&[u8]],
        domain: &Domain,
    ) -> Vec<Result<CheckedTransaction, Reject>> {
        settle(self.claim(transactions, domain), |claims| {
            self.prove(claims)
        })
    }
}

/// Checks each transaction cold, in one batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct ColdChecker;

impl Checker for ColdChecker {
    fn claim(&self, transactions: &[&[u8]], domain: &Domain) -> Vec<Result<Claimed, Reject>> {
        let separator = domain.separator();
        let transactions = transactions.iter();
        transactions
            .map(|bytes| Claimed::read(bytes, &separator))
            .collect()
    }

    fn prove(&self, claims: &[&Claimed]) -> Vec<Result<(), Reject>> {
        prove_batch(claims)
    }
}

/// Executes a block on committed state.
///
/// # Errors
/// [`Error::Invalid`] names the rule that the block breaks, [`Error::Fault`] what is wrong with this node.
pub fn execute<R: Reads + Sync>(
    reads: &R,
    deployment: &Deployment,
    block: &Block<'_>,
    checker: &dyn Checker,
) -> Result<Executed, Error<R::Error>> {
    let parameters = parameters(reads)?;
    let parts = Parts::split(block, &parameters)?;
    let state = VoteState::read(reads, block.height, &parameters)?;
    let messages = decode_messages(&parts, state.inbox.cursor)?;
    let hashes: Vec<B256> = parts
        .messages
        .iter()
        .map(|bytes| message_hash(bytes))
        .collect();
    let voting = state.voting(deployment, block.round, block.votes, &parameters);
    let tally = tally(&voting, &parts.record.witness, &hashes)?;
    compare(&parts.record, block, &tally)?;
    let claims = claim_users(&parts, deployment, checker)?;
    let users: Vec<&CheckedTransaction> = claims.iter().map(Claimed::assumed).collect();
    let input = Input {
        deployment,
        block,
        parameters: &parameters,
        parts: &parts,
        messages: &messages,
        users: &users,
        tally: &tally,
    };
    // Signatures are verified while the block is executed as if they held. A bad one is what the block is refused for, whatever came of it.
    let (verdicts, done) = both_assumed(
        || prove_users(&parts, &claims, checker),
        || input.run(reads),
    );
    verdicts?;
    let done = done.outcome()?;
    Ok(Executed {
        height: block.height,
        time: block.time,
        transactions: done.transactions,
        witness: parts.record.witness.encode(),
        segments: done.segments,
        receipts: done.receipts,
        events: done.events,
        updates: done.updates,
        ended: done.ended,
        messages: hashes,
        accepted: accepted(&messages),
        users: marks(parts.users_from(), &users),
        shares: carried_shares(&state, &tally, &parameters),
    })
}

/// What a block is executed from, once everything but users' signatures is judged.
struct Input<'a> {
    deployment: &'a Deployment,
    block: &'a Block<'a>,
    parameters: &'a Parameters,
    parts: &'a Parts<'a>,
    messages: &'a [Message],
    users: &'a [&'a CheckedTransaction],
    tally: &'a Tally,
}

/// What its execution gives.
struct Done {
    transactions: u32,
    segments: Vec<Segment>,
    receipts: Vec<Receipt>,
    events: Vec<Event>,
    updates: Vec<Update>,
    ended: Option<EpochEnd>,
}

impl Input<'_> {
    fn run<R: Reads>(&self, reads: &R) -> Result<Done, Error<R::Error>> {
        let height = self.block.height;
        let moment = Moment {
            height,
            time: self.block.time,
        };
        let context = context(self.deployment, height, self.parameters);
        let mut run = Run::new(reads, moment, context);
        run_all(&mut run, self.parts, self.messages, self.users)?;
        let events = match ends_epoch(height, self.parameters.epoch_blocks) {
            true => run.boundary()?,
            false => Vec::new(),
        };
        let transactions = run.transactions();
        let (mut overlay, segments, receipts) = run.finish();
        check_inbox(&mut overlay, self.tally)?;
        Ok(Done {
            transactions,
            segments,
            receipts,
            events,
            updates: updates(reads, height, self.parameters)?,
            ended: ended(&mut overlay, &moment, self.parameters)?,
        })
    }
}

/// The epoch after the newest one whose acceptance these messages tell.
fn accepted(messages: &[Message]) -> u64 {
    let told = messages.iter().filter_map(|message| match message.body {
        Body::Acceptance { epoch, .. } => Some(epoch.saturating_add(1)),
        _ => None,
    });
    told.max().unwrap_or(0)
}

/// What the ledger needs to know of a block.
pub fn context<'a>(
    deployment: &'a Deployment,
    height: u64,
    parameters: &'a Parameters,
) -> Context<'a> {
    Context {
        height,
        parameters,
        domain: &deployment.domain,
        contracts: deployment.contracts,
    }
}

/// The record's executing part says what the request and the witness say.
fn compare(record: &Record, block: &Block<'_>, tally: &Tally) -> Result<(), Invalid> {
    let executing = &record.executing;
    let moment = Moment {
        height: block.height,
        time: block.time,
    };
    if let Some(field) = executing.differs_from(&moment) {
        return Err(Invalid::Record(field));
    }
    let fields = [
        (Field::Proposer, executing.proposer == block.proposer),
        (
            Field::Participation,
            executing.participation == tally.participation,
        ),
        (Field::Shares, executing.shares == tally.shares),
    ];
    match fields.into_iter().find(|(_, equal)| !equal) {
        Some((field, _)) => Err(Invalid::Record(field)),
        None => Ok(()),
    }
}

/// Checks that cursor and link of the inbox leaf are those that the votes reported. The two have different sources: the leaf is written
/// from the messages alone.
fn check_inbox<R: Reads>(
    overlay: &mut Overlay<'_, R>,
    tally: &Tally,
) -> Result<(), ExecutionFault<R::Error>> {
    let found: InboxLeaf = expect(overlay, &Slot::Inbox)?;
    if (found.cursor, found.link) != (tally.cursor, tally.link.0) {
        return Err(ExecutionFault::Inbox {
            cursor: tally.cursor,
            link: tally.link,
            found_cursor: found.cursor,
            found_link: found.link.into(),
        });
    }
    Ok(())
}

/// Decodes users' transactions. Where one is refused, a bad signature before it comes first.
fn claim_users<E: std::error::Error + 'static>(
    parts: &Parts<'_>,
    deployment: &Deployment,
    checker: &dyn Checker,
) -> Result<Vec<Claimed>, Error<E>> {
    let claims = checker.claim(&parts.users, &deployment.domain);
    let (expected, found) = (parts.users.len(), claims.len());
    if expected != found {
        return Err(ExecutionFault::Verdicts { expected, found }.into());
    }
    let mut out = Vec::with_capacity(expected);
    for (place, claim) in claims.into_iter().enumerate() {
        match claim {
            Ok(claimed) => out.push(claimed),
            Err(reject) => {
                prove_users(parts, &out, checker)?;
                return Err(refused(parts.users_from().saturating_add(place), &reject).into());
            }
        }
    }
    Ok(out)
}

/// Verifies the signatures of the first users' transactions; an error names the first one that does not hold.
fn prove_users<E: std::error::Error + 'static>(
    parts: &Parts<'_>,
    claims: &[Claimed],
    checker: &dyn Checker,
) -> Result<(), Error<E>> {
    let open: Vec<&Claimed> = claims.iter().collect();
    let verdicts = checker.prove(&open);
    let (expected, found) = (open.len(), verdicts.len());
    if expected != found {
        return Err(ExecutionFault::Verdicts { expected, found }.into());
    }
    let first = parts.users_from();
    for (place, verdict) in verdicts.into_iter().enumerate() {
        verdict.map_err(|reject| refused(first.saturating_add(place), &reject))?;
    }
    Ok(())
}

fn run_all<R: Reads>(
    run: &mut Run<'_, R>,
    parts: &Parts<'_>,
    messages: &[Message],
    users: &[&CheckedTransaction],
) -> Result<(), Error<R::Error>> {
    let index = |run: &Run<'_, R>| run.transactions();
    let at = index(run);
    run.record(&parts.record.executing)
        .map_err(|why| fail(at, why))?;
    for (bytes, message) in parts.messages.iter().zip(messages) {
        let at = index(run);
        run.message(bytes, message).map_err(|why| fail(at, why))?;
    }
    for (bytes, misbehavior) in &parts.misbehavior {
        let at = index(run);
        run.misbehavior(bytes, misbehavior)
            .map_err(|why| fail(at, why))?;
    }
    for (bytes, transaction) in parts.users.iter().zip(users) {
        let at = index(run);
        run.user(bytes, transaction).map_err(|why| fail(at, why))?;
    }
    Ok(())
}

fn fail<E: std::error::Error + 'static>(index: u32, refused_for: Refused<E>) -> Error<E> {
    match refused_for {
        Refused::Reject(reject) => Invalid::Transaction {
            index,
            why: reject.to_string(),
        }
        .into(),
        Refused::TooLarge(TooLarge { bytes, leaves }) => Invalid::Segment {
            index,
            bytes,
            leaves,
        }
        .into(),
        Refused::Fault(fault) => Error::Fault(fault),
    }
}

fn refused(place: usize, reject: &Reject) -> Invalid {
    Invalid::Transaction {
        index: number(place),
        why: reject.to_string(),
    }
}

#[cfg(test)]
mod tests;

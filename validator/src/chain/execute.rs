//! One block in, what it does out. PrepareProposal's own result, ProcessProposal and FinalizeBlock all pass here.
//!
//! ```text
//! transaction 0 │ messages │ misbehavior │ users' transactions
//!   decode ──► tally of carried votes ──► the record says the same? ──► signatures ──► run ──► boundary at an epoch's end
//! ```
//! Everything up to the signatures is read from the request and committed state only, so every node gives the same verdict.
//! No tree is hashed here: a proposal that is refused costs its execution and no more.

use alloy_primitives::B256;
use plasmid_bridge::proof::inbox::{self, Message};
use plasmid_staking::{self as staking, Difference, Member, Update, epoch_of};

use super::bitmap::Bitmap;
use super::error::{Error, Fault, Field, Invalid};
use super::evidence::{self, MISBEHAVIOR, Misbehavior};
use super::overlay::{Overlay, Reads};
use super::record::{MESSAGE, Record};
use super::run::{Refused, Run};
use super::segments::{Segment, TooLarge};
use super::sets::{genesis_leaf, parameters, set_at};
use super::tally::{CommitVote, Tally, Voting, tally};
use super::transition::{self, Moment, ends_epoch};
use crate::ledger::leaf::{EpochRecord, InboxLeaf, SetLeaf};
use crate::ledger::leaves::expect;
use crate::ledger::{
    CheckedTransaction, Context, Domain, Parameters, Receipt, Reject, Slot, ring_place,
};

/// What is the same for every block of a deployment.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The chain id, which binds the engine's signatures.
    pub chain_id: String,
    /// What users' signatures bind.
    pub domain: Domain,
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

/// Where verdicts on signatures come from: a cache, all cores, or plainly [`check_batch`](crate::ledger::check_batch). One
/// verdict a transaction, in order; a verdict depends on the bytes and the domain alone.
pub trait Checker {
    /// Decodes and checks transactions, without state.
    fn check(
        &self,
        transactions: &[&[u8]],
        domain: &Domain,
    ) -> Vec<Result<CheckedTransaction, Reject>>;
}

/// Checks each transaction cold, in one batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct ColdChecker;

impl Checker for ColdChecker {
    fn check(
        &self,
        transactions: &[&[u8]],
        domain: &Domain,
    ) -> Vec<Result<CheckedTransaction, Reject>> {
        crate::ledger::check_batch(transactions, domain)
    }
}

/// What a block does.
#[derive(Clone, Debug)]
pub struct Executed {
    /// The block's height.
    pub height: u64,
    /// Its time, nanoseconds.
    pub time: u64,
    /// How many transactions it has.
    pub transactions: u32,
    /// The record's witness bytes.
    pub witness: Vec<u8>,
    /// Segments with their ordered changes.
    pub segments: Vec<Segment>,
    /// One receipt a transaction.
    pub receipts: Vec<Receipt>,
    /// What the engine is told about its validators.
    pub updates: Vec<Update>,
    /// What the checkpoint needs, when the block ends an epoch.
    pub ended: Option<EpochEnd>,
}

/// The end of an epoch, as its checkpoint tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EpochEnd {
    /// The epoch.
    pub epoch: u64,
    /// Time of its last block, seconds.
    pub last_block_time: u64,
    /// Inbox messages consumed, and their link.
    pub inbox_cursor: u64,
    /// Link at the cursor.
    pub inbox_hash: B256,
    /// Set commitment of e+2.
    pub next_set: B256,
    /// Who is paid first for carrying the checkpoint.
    pub relayer: [u8; 20],
}

/// Executes a block on committed state.
///
/// # Errors
/// [`Error::Invalid`] names the rule that the block breaks, [`Error::Fault`] what is wrong with this node.
pub fn execute<R: Reads>(
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
    let checked = check_users(&parts, deployment, checker)?;
    let moment = Moment {
        height: block.height,
        time: block.time,
    };
    let context = context(deployment, block.height, &parameters);
    let mut run = Run::new(reads, moment, context);
    run_all(&mut run, &parts, &messages, &checked)?;
    if ends_epoch(block.height, parameters.epoch_blocks) {
        run.boundary()?;
    }
    let transactions = run.transactions();
    let (mut overlay, segments, receipts) = run.finish();
    Ok(Executed {
        height: block.height,
        time: block.time,
        transactions,
        witness: parts.record.witness.encode(),
        segments,
        receipts,
        updates: updates(reads, block.height, &parameters)?,
        ended: ended(&mut overlay, &moment, &parameters)?,
    })
}

/// A block's transactions by what they are.
struct Parts<'a> {
    record: Record,
    messages: Vec<&'a [u8]>,
    misbehavior: Vec<&'a [u8]>,
    users: Vec<&'a [u8]>,
}

impl<'a> Parts<'a> {
    fn split(block: &Block<'a>, parameters: &Parameters) -> Result<Self, Invalid> {
        check_size(block, parameters)?;
        let (first, rest) = block.transactions.split_first().ok_or(Invalid::Empty)?;
        let record = Record::decode(first).map_err(|why| Invalid::Malformed { index: 0, why })?;
        let messages: Vec<&[u8]> = leading(rest, MESSAGE);
        let rest = rest.get(messages.len()..).unwrap_or_default();
        let misbehavior = leading(rest, MISBEHAVIOR);
        let users = rest.get(misbehavior.len()..).unwrap_or_default().to_vec();
        let parts = Self {
            record,
            messages,
            misbehavior,
            users,
        };
        parts.check_misbehavior(block)?;
        Ok(parts)
    }

    fn check_misbehavior(&self, block: &Block<'_>) -> Result<(), Invalid> {
        let expected = evidence::distinct(block.misbehavior);
        let first = self.messages.len().saturating_add(1);
        for place in 0..expected.len().max(self.misbehavior.len()) {
            let expected = expected.get(place).map(|one| one.encode(block.height));
            if expected.as_deref() != self.misbehavior.get(place).copied() {
                let index = number(first.saturating_add(place));
                return Err(Invalid::Misbehavior { index });
            }
        }
        Ok(())
    }

    /// Number of the first user's transaction in the block.
    fn users_from(&self) -> usize {
        self.messages
            .len()
            .saturating_add(self.misbehavior.len())
            .saturating_add(1)
    }
}

/// What committed state says about the votes that a block carries.
pub(crate) struct VoteState {
    /// The votes' height, v.
    pub(crate) height: u64,
    /// The set of epoch(v), none before block 2.
    pub(crate) members: Vec<Member>,
    /// The inbox before the block.
    pub(crate) inbox: InboxLeaf,
    /// Share bits of epoch(v).
    pub(crate) standing: Bitmap,
    /// Whether epoch(v) signs a checkpoint.
    pub(crate) signs: bool,
}

impl VoteState {
    pub(crate) fn read<R: Reads>(
        reads: &R,
        block_height: u64,
        parameters: &Parameters,
    ) -> Result<Self, Fault<R::Error>> {
        let height = block_height.saturating_sub(1);
        let members = match height {
            0 => Vec::new(),
            _ => set_at(reads, height)?,
        };
        let bits = transition::share_bits(&mut Overlay::new(reads), block_height, parameters)?;
        Ok(Self {
            height,
            members,
            inbox: genesis_leaf(reads, &Slot::Inbox)?,
            standing: Bitmap(bits.bitmap),
            signs: epoch_of(height, parameters.epoch_blocks).is_some_and(|epoch| epoch > 0),
        })
    }

    pub(crate) fn voting<'a>(
        &'a self,
        deployment: &'a Deployment,
        round: u32,
        commit: &'a [CommitVote],
        parameters: &Parameters,
    ) -> Voting<'a> {
        Voting {
            chain_id: &deployment.chain_id,
            height: self.height,
            round,
            commit,
            members: &self.members,
            cursor: self.inbox.cursor,
            hash: self.inbox.hash.into(),
            standing: self.standing,
            signs: self.signs,
            batch: parameters.inbox_batch,
        }
    }
}

/// Hash of the message in a transaction, whose first byte is its kind.
pub(crate) fn message_hash(transaction: &[u8]) -> B256 {
    inbox::message_hash(transaction.get(1..).unwrap_or_default())
}

/// What the ledger needs to know of a block.
pub(crate) fn context<'a>(
    deployment: &'a Deployment,
    height: u64,
    parameters: &'a Parameters,
) -> Context<'a> {
    Context {
        height,
        parameters,
        domain: &deployment.domain,
    }
}

fn check_size(block: &Block<'_>, parameters: &Parameters) -> Result<(), Invalid> {
    let bytes = block
        .transactions
        .iter()
        .fold(0u64, |sum, bytes| sum.saturating_add(bytes.len() as u64));
    let limit = parameters.max_block_bytes;
    if bytes > limit {
        return Err(Invalid::TooManyBytes { bytes, limit });
    }
    let (count, limit) = (block.transactions.len(), parameters.max_block_transactions);
    if count > usize::try_from(limit).unwrap_or(usize::MAX) {
        return Err(Invalid::TooManyTransactions { count, limit });
    }
    Ok(())
}

fn leading<'a>(transactions: &[&'a [u8]], kind: u8) -> Vec<&'a [u8]> {
    let of_kind = |bytes: &&&[u8]| bytes.first() == Some(&kind);
    transactions.iter().take_while(of_kind).copied().collect()
}

fn decode_messages(parts: &Parts<'_>, cursor: u64) -> Result<Vec<Message>, Invalid> {
    let mut out = Vec::with_capacity(parts.messages.len());
    for (place, bytes) in parts.messages.iter().enumerate() {
        let expected = cursor.saturating_add(place as u64).saturating_add(1);
        let refuse = |why: String| Invalid::Message {
            index: number(place.saturating_add(1)),
            expected,
            why,
        };
        let message = Message::decode(bytes.get(1..).unwrap_or_default())
            .map_err(|error| refuse(error.to_string()))?;
        if message.index != expected {
            return Err(refuse(format!("it has index {}", message.index)));
        }
        out.push(message);
    }
    Ok(out)
}

/// The record's executing part says what the request and the witness say.
fn compare(record: &Record, block: &Block<'_>, tally: &Tally) -> Result<(), Invalid> {
    let executing = &record.executing;
    let fields = [
        (Field::Height, executing.height == block.height),
        (Field::Time, executing.time == block.time),
        (Field::Proposer, executing.proposer == block.proposer),
        (
            Field::Participation,
            executing.participation == tally.participation,
        ),
        (Field::Shares, executing.shares == tally.shares),
        (Field::Cursor, executing.cursor == tally.cursor),
        (Field::Hash, executing.hash == tally.hash),
    ];
    match fields.into_iter().find(|(_, equal)| !equal) {
        Some((field, _)) => Err(Invalid::Record(field)),
        None => Ok(()),
    }
}

fn check_users<E: std::error::Error + 'static>(
    parts: &Parts<'_>,
    deployment: &Deployment,
    checker: &dyn Checker,
) -> Result<Vec<CheckedTransaction>, Error<E>> {
    let first = parts.users_from();
    let verdicts = checker.check(&parts.users, &deployment.domain);
    let (expected, found) = (parts.users.len(), verdicts.len());
    if expected != found {
        return Err(Fault::Verdicts { expected, found }.into());
    }
    let mut out = Vec::with_capacity(expected);
    for (place, verdict) in verdicts.into_iter().enumerate() {
        out.push(verdict.map_err(|reject| refused(first.saturating_add(place), &reject))?);
    }
    Ok(out)
}

fn run_all<R: Reads>(
    run: &mut Run<'_, R>,
    parts: &Parts<'_>,
    messages: &[Message],
    checked: &[CheckedTransaction],
) -> Result<(), Error<R::Error>> {
    let index = |run: &Run<'_, R>| run.transactions();
    let at = index(run);
    run.record(&parts.record.executing)
        .map_err(|why| fail(at, why))?;
    for (bytes, message) in parts.messages.iter().zip(messages) {
        let at = index(run);
        run.message(bytes, message).map_err(|why| fail(at, why))?;
    }
    for bytes in &parts.misbehavior {
        let at = index(run);
        run.misbehavior(bytes).map_err(|why| fail(at, why))?;
    }
    for (bytes, transaction) in parts.users.iter().zip(checked) {
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

/// What turns the engine's set into that of the next epoch, told by the second-last block of an epoch.
fn updates<R: Reads>(
    reads: &R,
    height: u64,
    parameters: &Parameters,
) -> Result<Vec<Update>, Fault<R::Error>> {
    let next = height.saturating_add(1);
    if !ends_epoch(next, parameters.epoch_blocks) {
        return Ok(Vec::new());
    }
    let epoch = epoch_of(height, parameters.epoch_blocks).ok_or(Fault::Height { height })?;
    let old = set_at(reads, next)?;
    let new = set_at(reads, next.saturating_add(1))?;
    match staking::difference(&old, &new).map_err(|why| Fault::Difference { epoch, why })? {
        Difference::Updates(updates) => Ok(updates),
        Difference::KeepOld => Err(Fault::EmptySet {
            epoch: epoch.saturating_add(1),
        }),
    }
}

fn ended<R: Reads>(
    overlay: &mut Overlay<'_, R>,
    moment: &Moment,
    parameters: &Parameters,
) -> Result<Option<EpochEnd>, Fault<R::Error>> {
    if !ends_epoch(moment.height, parameters.epoch_blocks) {
        return Ok(None);
    }
    let height = moment.height;
    let epoch = epoch_of(height, parameters.epoch_blocks).ok_or(Fault::Height { height })?;
    let place = |epoch| ring_place(epoch, parameters.ring);
    let record: EpochRecord = expect(
        overlay,
        &Slot::EpochRecord {
            place: place(epoch),
        },
    )?;
    let slot = Slot::Set {
        place: place(epoch.saturating_add(2)),
    };
    let set: SetLeaf = expect(overlay, &slot)?;
    let inbox: InboxLeaf = expect(overlay, &Slot::Inbox)?;
    Ok(Some(EpochEnd {
        epoch,
        last_block_time: record.last_block_time,
        inbox_cursor: inbox.cursor,
        inbox_hash: inbox.hash.into(),
        next_set: set.commitment.into(),
        relayer: record.relayer,
    }))
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;

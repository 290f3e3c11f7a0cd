//! One submission in a root block's calldata, and how far a block's submissions were read: what they ask of the second endpoint in one look is bounded, so a block may take several looks.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{B256, Bytes};
use alloy_sol_types::SolCall;

use super::second::{About, MAX_CONFIRMED};
use super::{
    At, ChildSource, DoubleStatement, IRootChain, ROOT, RootMoment, Rpc, RpcError, WatchNotice,
    Watcher,
};
use crate::abi::signer_bitmap;
use crate::proof::bls;
use crate::proof::checkpoint::certificate;
use crate::proof::checkpoint::{Certificate, Checkpoint};
use crate::relay::acceptance::Acceptance;
use crate::relay::seen::Block;
use crate::relay::watch::statement::TwoCertificates;

/// For how many epochs behind the last accepted one submissions are kept until they can be judged.
pub(super) const AHEAD: u64 = 64;
/// For how many blocks at most this process remembers how far they were read. Nothing is lost of the others, because they are read from their beginning.
const MAX_PARTS: usize = 64;

/// What became of a submission that was read.
pub(super) enum SubmissionFate {
    /// The submission need not be read again.
    Over,
    /// It cannot be checked before the set that signs the checkpoint of this epoch is known.
    Later(u64),
    /// It is a certificate of this epoch, of which root has accepted none yet.
    Booked(u64),
    /// There is no room for what it shows.
    Full,
}

/// A block of which not all submissions were read in one look.
#[derive(Debug, Default)]
struct ReadPart {
    /// For each endpoint, the hash of the block there and how many of its submissions were read.
    read: [(B256, usize); 2],
    /// Epochs of the submissions that are to be read again.
    later: BTreeSet<u64>,
}

/// How far blocks were read.
#[derive(Debug, Default)]
pub(super) struct BlockParts {
    /// Confirmations that were asked for before calldata was read in this look.
    before: usize,
    parts: BTreeMap<u64, ReadPart>,
}

impl BlockParts {
    /// Notes that a look begins to read.
    pub(super) const fn begin(&mut self, asked: usize) {
        self.before = asked;
    }

    /// Whether this look has asked for as many confirmations as it may.
    pub(super) const fn is_full(&self, asked: usize) -> bool {
        asked.saturating_sub(self.before) >= MAX_CONFIRMED
    }

    /// How many submissions of a block were read at an endpoint; zero if the endpoint has another block at this number now.
    pub(super) fn read(&self, number: u64, endpoint: usize, hash: B256) -> usize {
        let part = self.parts.get(&number);
        let read = part.and_then(|part| part.read.get(endpoint));
        read.map_or(0, |(known, read)| match *known == hash {
            true => *read,
            false => 0,
        })
    }

    /// Notes how many submissions of the block were read; the rest waits for a later look.
    pub(super) fn stop(&mut self, number: u64, read: [(B256, usize); 2], later: BTreeSet<u64>) {
        if self.parts.len() >= MAX_PARTS && !self.parts.contains_key(&number) {
            self.parts.clear();
        }
        let part = self.parts.entry(number).or_default();
        part.read = read;
        part.later.extend(later);
    }

    /// Whether only a part of the block was read.
    pub(super) fn has(&self, number: u64) -> bool {
        self.parts.contains_key(&number)
    }

    /// Notes that all of the block was read, and returns the epochs whose submissions in its earlier parts are to be read again.
    pub(super) fn end(&mut self, number: u64) -> BTreeSet<u64> {
        let part = self.parts.remove(&number);
        part.map(|part| part.later).unwrap_or_default()
    }
}

impl<C: ChildSource> Watcher<C> {
    fn submission(&self, input: &Bytes) -> Option<(Checkpoint, Certificate)> {
        let call = IRootChain::submitCall::abi_decode_validate(input).ok()?;
        let submission = call.submission;
        let signature = submission.signature.as_ref().try_into().ok()?;
        let bitmap = signer_bitmap(&submission.signers);
        let checkpoint = submission.checkpoint.content(self.created.id);
        Some((checkpoint, Certificate { bitmap, signature }))
    }

    /// What becomes of a submission.
    pub(super) async fn read_submission(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        input: &Bytes,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<SubmissionFate, RpcError> {
        let Some((checkpoint, given)) = self.submission(input) else {
            return Ok(SubmissionFate::Over);
        };
        let (epoch, digest) = (checkpoint.epoch, checkpoint.digest());
        let place = self.place(ROOT);
        if epoch >= self.accepted.saturating_add(AHEAD) {
            let reason =
                "root has not accepted the checkpoints before it, so nobody knows who may sign it";
            self.ignore(place, epoch, reason, say);
            return Ok(SubmissionFate::Over);
        }
        let accepted = self.records.acceptance(epoch).cloned();
        let signing = epoch.saturating_add(1);
        let about = About::Epoch(signing);
        let is_accepted = |accepted: &Acceptance| accepted.digest == digest;
        if accepted.as_ref().is_some_and(is_accepted) {
            return Ok(match self.both_say(rpc, latest, &about, say).await {
                true => SubmissionFate::Over,
                false => SubmissionFate::Later(epoch),
            });
        }
        if self.is_closed(signing, now) {
            // Both endpoints have already said that the reports of earlier epochs are closed.
            let is_over = signing < self.kept.first_epoch;
            if !is_over && !self.both_say(rpc, latest, &about, say).await {
                return Ok(SubmissionFate::Later(epoch));
            }
            let reason = "reports of those who signed it are closed";
            self.ignore(place, epoch, reason, say);
            return Ok(SubmissionFate::Over);
        }
        // A certificate without a signer, or with a signature that is no point of the curve, was signed by no set.
        if given.bitmap == [0; 64] || bls::aggregate_signatures(&[given.signature]).is_err() {
            return Ok(SubmissionFate::Over);
        }
        let at = At::Hash(latest.hash);
        let is_unread = epoch < self.accepted && accepted.is_none();
        if epoch > self.accepted || is_unread || !self.find_set(rpc, at, signing, say).await? {
            return Ok(SubmissionFate::Later(epoch));
        }
        let members = self.members_of(signing);
        if certificate::verify(members, &digest, &given).is_err() {
            return Ok(match self.both_say(rpc, latest, &about, say).await {
                true => SubmissionFate::Over,
                false => SubmissionFate::Later(epoch),
            });
        }
        if let Some(accepted) = accepted {
            let statement = DoubleStatement::Certificates(Box::new(TwoCertificates {
                checkpoints: [accepted.checkpoint, checkpoint],
                first: None,
                second: given,
            }));
            return Ok(match self.accuse(&place, statement).is_over() {
                true => SubmissionFate::Over,
                false => SubmissionFate::Full,
            });
        }
        if !self.book.add_certificate(ROOT, checkpoint, given) {
            let reason = "more certificates of it stand on root than are kept";
            self.ignore(place, epoch, reason, say);
            return Ok(SubmissionFate::Over);
        }
        // The book ends with this process, so the block is read again after a restart.
        Ok(SubmissionFate::Booked(epoch))
    }
}

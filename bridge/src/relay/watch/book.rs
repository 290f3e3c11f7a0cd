//! What was heard signed over the ends of epochs: shares that nodes serve, certificates from root's calldata. Two digests of one epoch are an
//! offence as soon as signatures over both verify.
//!
//! Nothing of it is checked before an epoch has two digests, which costs an honest network nothing. Each source has its own room, so one that
//! invents checkpoints keeps none out that another one has.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use alloy_primitives::{B256, keccak256};
use plasmid_staking::Member;

use super::statement::{DoubleStatement, TwoCertificates, TwoShares};
use crate::proof::bls;
use crate::proof::checkpoint::certificate::{self, Certificate};
use crate::proof::checkpoint::{Checkpoint, certificate::CertificateError};
use crate::proof::set::MAX_MEMBERS;
use crate::relay::acceptance::Acceptance;

/// Checkpoints of one epoch that are kept of a node, at most.
const MAX_OF_NODE: usize = 4;
/// Checkpoints of one epoch that are kept of root's calldata, at most, of which only certificates come here that verify; and certificates of one checkpoint.
const MAX_OF_ROOT: usize = 256;

/// Shares of one epoch that are found to be no member's, of one source, at most: then none of its shares of that epoch is looked at any more. A source that is
/// honest has checked what it serves.
const MAX_REFUSED: usize = 2_048;

/// A member's share.
type ShareBytes = [u8; bls::SIGNATURE_BYTES];

/// What a source shows of one checkpoint.
#[derive(Clone, Debug)]
struct HeardCheckpoint {
    source: usize,
    checkpoint: Checkpoint,
    digest: B256,
    shares: BTreeMap<u16, ShareBytes>,
    certificates: Vec<Certificate>,
    is_checked: bool,
}

/// What became of shares that a source shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum SharesIntake {
    /// They are in the book, or were before.
    Taken,
    /// The source shows more checkpoints of that epoch than are kept.
    Full,
    /// It has shown more shares of that epoch that no member made than are checked.
    Distrusted,
}

/// Found in the book.
#[derive(Clone, Debug)]
pub struct Contradiction {
    /// Who showed the second statement.
    pub source: usize,
    /// The two.
    pub statement: DoubleStatement,
}

/// The book.
#[derive(Debug, Default)]
pub struct CheckpointBook {
    epochs: BTreeMap<u64, Vec<HeardCheckpoint>>,
    /// By epoch and source: shares that were found to be no member's, each with the key and the digest as a hash.
    refused: BTreeMap<(u64, usize), BTreeSet<B256>>,
    /// Epochs of which something is new.
    fresh: BTreeSet<u64>,
}

impl CheckpointBook {
    /// A source shows shares over a checkpoint.
    pub fn add_shares(
        &mut self,
        source: usize,
        checkpoint: Checkpoint,
        shares: Vec<(u16, ShareBytes)>,
    ) -> SharesIntake {
        let epoch = checkpoint.epoch;
        let refused = self.refused.get(&(epoch, source));
        if refused.is_some_and(|refused| refused.len() >= MAX_REFUSED) {
            return SharesIntake::Distrusted;
        }
        let Some(page) = self.page(source, checkpoint, MAX_OF_NODE) else {
            return SharesIntake::Full;
        };
        let before = page.shares.len();
        // No set has more members, and who shows numbers beyond it would only fill the memory.
        let named = |(number, _): &(u16, ShareBytes)| *number < MAX_MEMBERS;
        for (number, share) in shares.into_iter().filter(named) {
            page.shares.entry(number).or_insert(share);
        }
        if page.shares.len() != before {
            page.is_checked = false;
            self.fresh.insert(epoch);
        }
        SharesIntake::Taken
    }

    /// A source shows a certificate of a checkpoint, which verifies. Gives whether there is room for it.
    #[must_use]
    pub fn add_certificate(
        &mut self,
        source: usize,
        checkpoint: Checkpoint,
        given: Certificate,
    ) -> bool {
        let epoch = checkpoint.epoch;
        let Some(page) = self.page(source, checkpoint, MAX_OF_ROOT) else {
            return false;
        };
        if page.certificates.contains(&given) {
            return true;
        }
        if page.certificates.len() >= MAX_OF_ROOT {
            return false;
        }
        page.certificates.push(given);
        page.is_checked = false;
        self.fresh.insert(epoch);
        true
    }

    fn page(
        &mut self,
        source: usize,
        checkpoint: Checkpoint,
        max: usize,
    ) -> Option<&mut HeardCheckpoint> {
        let pages = self.epochs.entry(checkpoint.epoch).or_default();
        let digest = checkpoint.digest();
        let same = |page: &HeardCheckpoint| page.source == source && page.digest == digest;
        if let Some(place) = pages.iter().position(same) {
            return pages.get_mut(place);
        }
        let own = pages.iter().filter(|page| page.source == source).count();
        if own >= max {
            return None;
        }
        pages.push(HeardCheckpoint {
            source,
            checkpoint,
            digest,
            shares: BTreeMap::new(),
            certificates: Vec::new(),
            is_checked: false,
        });
        pages.last_mut()
    }

    /// Keeps these epochs alone.
    pub fn keep(&mut self, epochs: &Range<u64>) {
        self.epochs.retain(|epoch, _| epochs.contains(epoch));
        self.fresh.retain(|epoch| epochs.contains(epoch));
        self.refused.retain(|(epoch, _), _| epochs.contains(epoch));
    }

    /// What was heard of an epoch is compared again: what root accepted of it is known now, or what was found had no room.
    pub fn refresh(&mut self, epoch: u64) {
        if self.epochs.contains_key(&epoch) {
            self.fresh.insert(epoch);
        }
    }

    /// The epochs that have something new, and two digests, that which root accepted among them.
    pub fn suspects(&self, accepted: impl Fn(u64) -> Option<B256>) -> Vec<u64> {
        let is_suspect = |epoch: &&u64| {
            let pages = self.epochs.get(epoch);
            let heard = pages.into_iter().flatten().map(|page| page.digest);
            let digests: BTreeSet<B256> = heard.chain(accepted(**epoch)).collect();
            digests.len() > 1
        };
        self.fresh.iter().filter(is_suspect).copied().collect()
    }

    /// Compares all that is known of an epoch, whose members sign its checkpoint. Gives contradictions, and which sources show a checkpoint that nobody
    /// of them signed.
    pub fn compare(
        &mut self,
        epoch: u64,
        members: &[Member],
        accepted: Option<&Acceptance>,
    ) -> (Vec<Contradiction>, Vec<usize>) {
        self.fresh.remove(&epoch);
        let Some(pages) = self.epochs.get_mut(&epoch) else {
            return (Vec::new(), Vec::new());
        };
        let is_empty =
            |page: &HeardCheckpoint| page.shares.is_empty() && page.certificates.is_empty();
        let mut liars = Vec::new();
        for page in pages.iter_mut().filter(|page| !page.is_checked) {
            let had = !is_empty(page);
            page.check(
                members,
                self.refused.entry((epoch, page.source)).or_default(),
            );
            if had && is_empty(page) {
                liars.push(page.source);
            }
        }
        pages.retain(|page| !is_empty(page));
        self.refused.retain(|_, refused| !refused.is_empty());
        let mut found = Vec::new();
        let certified: Vec<_> = pages
            .iter()
            .filter_map(|page| page.certified(members))
            .collect();
        for (place, (page, second)) in certified.iter().enumerate() {
            let statement = |checkpoint, first| {
                DoubleStatement::Certificates(Box::new(TwoCertificates {
                    checkpoints: [checkpoint, page.checkpoint],
                    first,
                    second: *second,
                }))
            };
            let source = page.source;
            if let Some(accepted) = accepted.filter(|accepted| accepted.digest != page.digest) {
                let statement = statement(accepted.checkpoint, None);
                found.push(Contradiction { source, statement });
                continue;
            }
            let others = certified.iter().take(place);
            for (other, first) in others.filter(|(other, _)| other.digest != page.digest) {
                let statement = statement(other.checkpoint, Some(*first)).ordered(None);
                found.push(Contradiction { source, statement });
            }
        }
        for (place, page) in pages.iter().enumerate() {
            for other in pages.iter().take(place) {
                if other.digest != page.digest {
                    found.extend(page.shared_with(other));
                }
            }
        }
        (found, liars)
    }
}

impl HeardCheckpoint {
    /// Leaves out what no member signed. What was `refused` before is not verified again.
    fn check(&mut self, members: &[Member], refused: &mut BTreeSet<B256>) {
        self.is_checked = true;
        let digest = self.digest;
        self.shares.retain(|number, share| {
            let Some(member) = members.get(usize::from(*number)) else {
                return false;
            };
            let key = &member.checkpoint_key;
            let hash = keccak256([digest.as_slice(), key, share].concat());
            if refused.len() >= MAX_REFUSED || refused.contains(&hash) {
                return false;
            }
            let holds = bls::verify_share(key, &digest, share).is_ok();
            if !holds {
                refused.insert(hash);
            }
            holds
        });
        let holds = |one: &Certificate| certificate::verify(members, &digest, one).is_ok();
        self.certificates.retain(holds);
    }

    /// With its certificate, if it has one, or shares for one.
    fn certified(&self, members: &[Member]) -> Option<(&Self, Certificate)> {
        let shares: Vec<_> = self
            .shares
            .iter()
            .map(|(at, share)| (*at, *share))
            .collect();
        let made: Result<_, CertificateError> = certificate::build(members, &self.digest, &shares);
        let best = made.ok().or_else(|| self.certificates.first().copied());
        best.map(|certificate| (self, certificate))
    }

    /// The members whose shares stand on both.
    fn shared_with(&self, other: &Self) -> Vec<Contradiction> {
        let both = self.shares.iter().filter_map(|(number, share)| {
            let first = other.shares.get(number)?;
            let shares = TwoShares {
                number: *number,
                checkpoints: [other.checkpoint, self.checkpoint],
                shares: [*first, *share],
            };
            Some(Contradiction {
                source: self.source,
                statement: DoubleStatement::Shares(Box::new(shares.ordered())),
            })
        });
        both.collect()
    }
}

#[cfg(test)]
mod tests;

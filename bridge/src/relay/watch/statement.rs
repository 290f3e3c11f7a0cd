//! Two statements of one key, as a stranger hands them over, and whether they are an offence. Nothing that a node says of them is believed: who
//! signed follows from the set that root committed to, and that it signed from the signatures.

use alloy_primitives::B256;
use plasmid_staking::Member;

use crate::proof::bls;
use crate::proof::checkpoint::certificate::{self, BITMAP_BYTES, CertificateError};
use crate::proof::checkpoint::{Certificate, Checkpoint};
use crate::proof::deployment;
use crate::proof::vote::{self, Ballot};
use crate::relay::acceptance::Acceptance;

/// The highest number of a round, as CometBFT counts them.
const MAX_ROUND: u32 = i32::MAX as u32;
/// The highest height, as CometBFT counts them.
const MAX_HEIGHT: u64 = i64::MAX as u64;
/// Nanoseconds of a second.
const NANOS: u32 = 1_000_000_000;

/// A vote and its Ed25519 signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedBallot {
    /// What it is for.
    pub ballot: Ballot,
    /// By the voter's consensus key.
    pub signature: [u8; 64],
}

/// Two votes that somebody calls an offence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoVotes {
    /// The address of the consensus key that is accused, in CometBFT.
    pub voter: [u8; 20],
    /// One of them.
    pub first: SignedBallot,
    /// The other.
    pub second: SignedBallot,
}

/// Two checkpoints with a share of one member each, which somebody calls an offence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoShares {
    /// The accused's number in the set that signs them.
    pub number: u16,
    /// Both checkpoints.
    pub checkpoints: [Checkpoint; 2],
    /// Both shares.
    pub shares: [[u8; bls::SIGNATURE_BYTES]; 2],
}

/// Two certified checkpoints of one epoch, which somebody calls an offence of all who signed both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoCertificates {
    /// Both checkpoints.
    pub checkpoints: [Checkpoint; 2],
    /// The certificate of the first; `None` where root accepted that one, and so keeps who signed it.
    pub first: Option<Certificate>,
    /// The certificate of the second.
    pub second: Certificate,
}

/// Who said two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guilty {
    /// The member of this number.
    Member(usize),
    /// All of these members, as a certificate's bitmap.
    Overlap([u8; BITMAP_BYTES]),
}

/// What one key said twice, or more than a third of the power.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DoubleStatement {
    /// In consensus.
    Votes(Box<TwoVotes>),
    /// Over the end of an epoch.
    Shares(Box<TwoShares>),
    /// Over the end of an epoch, by more than two thirds each.
    Certificates(Box<TwoCertificates>),
}

/// Why two statements are no offence of this set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// They differ in height, round or step, or are none that can be.
    #[error("the two votes are not of one height, round and step")]
    Apart,
    /// They are for one block, which was signed twice.
    #[error("both votes are for the same block")]
    SameBlock,
    /// A vote that CometBFT would not take.
    #[error("a vote's height, round, time or block id is out of range")]
    OutOfRange,
    /// They are over one checkpoint, or over checkpoints of two epochs or of another deployment.
    #[error("the two checkpoints are not two of one epoch of this deployment")]
    SameCheckpoint,
    /// The first certificate is left out, and it is none that root accepted.
    #[error("the first certificate is left out, and root accepted no such checkpoint")]
    NotAccepted,
    /// A certificate that does not verify.
    #[error("certificate {0} of the two: {1}")]
    Certificate(u8, CertificateError),
    /// Nobody in the set has that key.
    #[error("nobody in the set of epoch {0} has the accused key")]
    Stranger(u64),
    /// A signature is not the accused's.
    #[error("signature {0} of the two is not of the accused's key")]
    BadSignature(u8),
}

impl TwoVotes {
    /// These two votes in an order that does not depend on who handed them over, because a report commits to their bytes.
    #[must_use]
    pub fn ordered(self) -> Self {
        let key = |one: &SignedBallot| {
            let block = one.ballot.block;
            block.map(|block| (block.hash, block.parts, block.parts_hash))
        };
        match key(&self.first) <= key(&self.second) {
            true => self,
            false => Self {
                first: self.second,
                second: self.first,
                ..self
            },
        }
    }

    /// What the Court checks of the votes without a key.
    fn check_form(&self) -> Result<(), StatementError> {
        let (one, two) = (&self.first.ballot, &self.second.ballot);
        if (one.step, one.height, one.round) != (two.step, two.height, two.round) {
            return Err(StatementError::Apart);
        }
        if one.block == two.block {
            return Err(StatementError::SameBlock);
        }
        for ballot in [one, two] {
            let parts = ballot.block.is_none_or(|block| block.parts > 0);
            let height = (1..=MAX_HEIGHT).contains(&ballot.height);
            if !parts || !height || ballot.round > MAX_ROUND || ballot.nanos >= NANOS {
                return Err(StatementError::OutOfRange);
            }
        }
        Ok(())
    }
}

impl TwoShares {
    /// These two shares in an order that does not depend on who handed them over.
    #[must_use]
    pub fn ordered(mut self) -> Self {
        let [one, two] = &self.checkpoints;
        if one.digest() > two.digest() {
            self.checkpoints.reverse();
            self.shares.reverse();
        }
        self
    }
}

impl TwoCertificates {
    /// These two checkpoints in an order that does not depend on who handed them over: the one that root accepted comes first, without its certificate.
    #[must_use]
    pub fn ordered(self, accepted: Option<B256>) -> Self {
        let digests = self.checkpoints.map(|one| one.digest());
        let Some(first) = self.first else {
            return self;
        };
        let [one, two] = self.checkpoints;
        let swapped = Self {
            checkpoints: [two, one],
            first: Some(self.second),
            second: first,
        };
        match accepted.and_then(|accepted| digests.iter().position(|one| *one == accepted)) {
            Some(0) => Self {
                first: None,
                ..self
            },
            Some(_) => Self {
                first: None,
                ..swapped
            },
            None if digests[0] > digests[1] => swapped,
            None => self,
        }
    }
}

/// Their digests, when they are two of one epoch of this deployment.
fn digests(
    checkpoints: &[Checkpoint; 2],
    deployment: &[u8; 20],
) -> Result<[B256; 2], StatementError> {
    let [one, two] = checkpoints;
    let alike = one.epoch == two.epoch && [one, two].iter().all(|c| c.deployment == *deployment);
    let digests = [one.digest(), two.digest()];
    match alike && digests[0] != digests[1] {
        true => Ok(digests),
        false => Err(StatementError::SameCheckpoint),
    }
}

impl DoubleStatement {
    /// This statement in an order that does not depend on who handed it over, because a report commits to its bytes. `accepted` is the digest of the checkpoint that root accepted of its epoch.
    #[must_use]
    pub fn ordered(self, accepted: Option<B256>) -> Self {
        match self {
            Self::Votes(votes) => Self::Votes(Box::new(votes.ordered())),
            Self::Shares(shares) => Self::Shares(Box::new(shares.ordered())),
            Self::Certificates(two) => Self::Certificates(Box::new(two.ordered(accepted))),
        }
    }

    /// This statement, in which the checkpoint without a certificate is replaced by the one that root keeps of the epoch.
    #[must_use]
    pub fn naming(mut self, accepted: Option<&Acceptance>) -> Self {
        if let (Self::Certificates(two), Some(accepted)) = (&mut self, accepted)
            && two.first.is_none()
        {
            two.checkpoints[0] = accepted.checkpoint;
        }
        self
    }

    /// Whether it is of two certificates, of which the second one is of these members.
    #[must_use]
    pub fn has_second(&self, members: &[Member]) -> bool {
        let Self::Certificates(two) = self else {
            return false;
        };
        certificate::verify(members, &two.checkpoints[1].digest(), &two.second).is_ok()
    }

    /// The epoch of the offence, in whose set the accused stands. Heights begin at 1; a block has no height 0.
    #[must_use]
    pub fn epoch(&self, epoch_blocks: u64) -> u64 {
        match self {
            Self::Votes(votes) => {
                let blocks = votes.first.ballot.height.saturating_sub(1);
                blocks.checked_div(epoch_blocks).unwrap_or(0)
            }
            Self::Shares(shares) => shares.checkpoints[0].epoch.saturating_add(1),
            Self::Certificates(two) => two.checkpoints[0].epoch.saturating_add(1),
        }
    }

    /// Who of the set of its epoch signed both. `accepted` is what root accepted of the checkpoint's epoch.
    ///
    /// # Errors
    /// [`StatementError`] when it is no offence of a member of that set.
    pub fn check(
        &self,
        members: &[Member],
        epoch: u64,
        deployment: &[u8; 20],
        accepted: Option<&Acceptance>,
    ) -> Result<Guilty, StatementError> {
        match self {
            Self::Votes(votes) => {
                votes.check_form()?;
                let own = |member: &Member| vote::address(&member.consensus_key) == votes.voter;
                let place = members.iter().position(own);
                let found = place.and_then(|place| Some((place, members.get(place)?)));
                let (place, member) = found.ok_or(StatementError::Stranger(epoch))?;
                let chain = deployment::chain_id(deployment);
                for (which, signed) in [(1, &votes.first), (2, &votes.second)] {
                    let bytes = signed.ballot.sign_bytes(&chain);
                    if !vote::verify(&member.consensus_key, &bytes, &signed.signature) {
                        return Err(StatementError::BadSignature(which));
                    }
                }
                Ok(Guilty::Member(place))
            }
            Self::Shares(shares) => {
                let digests = digests(&shares.checkpoints, deployment)?;
                let place = usize::from(shares.number);
                let member = members.get(place).ok_or(StatementError::Stranger(epoch))?;
                for ((which, digest), share) in [1, 2].into_iter().zip(&digests).zip(&shares.shares)
                {
                    bls::verify_share(&member.checkpoint_key, digest, share)
                        .map_err(|_| StatementError::BadSignature(which))?;
                }
                Ok(Guilty::Member(place))
            }
            Self::Certificates(two) => {
                let digests = digests(&two.checkpoints, deployment)?;
                let verify = |which: u8, digest: &B256, certificate: &Certificate| {
                    let verified = certificate::verify(members, digest, certificate);
                    verified.map_err(|error| StatementError::Certificate(which, error))
                };
                let signers = match &two.first {
                    Some(first) => {
                        verify(1, &digests[0], first)?;
                        first.bitmap
                    }
                    None => {
                        let accepted = accepted.filter(|accepted| accepted.digest == digests[0]);
                        accepted.ok_or(StatementError::NotAccepted)?.signers
                    }
                };
                verify(2, &digests[1], &two.second)?;
                let both = certificate::both(&signers, &two.second.bitmap);
                Ok(Guilty::Overlap(both))
            }
        }
    }
}

#[cfg(test)]
mod tests;

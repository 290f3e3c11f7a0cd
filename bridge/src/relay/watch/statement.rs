//! Two statements of one key, as a stranger hands them over, and whether they are an offence. Nothing that a node says of them is believed: who
//! signed follows from the set that root committed to, and that it signed from the signatures.

use alloy_primitives::B256;
use plasmid_staking::Member;

use crate::proof::bls;
use crate::proof::checkpoint::Checkpoint;
use crate::proof::deployment;
use crate::proof::vote::{self, Ballot};

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

/// What one key said twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DoubleStatement {
    /// In consensus.
    Votes(Box<TwoVotes>),
    /// Over the end of an epoch.
    Shares(Box<TwoShares>),
}

/// Why two statements are no offence of this set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// They differ in height, round or step, or are none that can be.
    #[error("the two votes are not of one height, round and step")]
    Apart,
    /// The same block, signed again.
    #[error("both votes are for the same block")]
    SameBlock,
    /// A vote that CometBFT would not take.
    #[error("a vote's height, round, time or block id is out of range")]
    OutOfRange,
    /// The same checkpoint, or of two epochs, or of another deployment.
    #[error("the two checkpoints are not two of one epoch of this deployment")]
    SameCheckpoint,
    /// Nobody in the set has that key.
    #[error("nobody in the set of epoch {0} has the accused key")]
    Stranger(u64),
    /// A signature is not the accused's.
    #[error("signature {0} of the two is not of the accused's key")]
    BadSignature(u8),
}

impl TwoVotes {
    /// The same with its votes in one order, whoever handed them over: a report commits to its bytes.
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

impl DoubleStatement {
    /// The epoch of the offence, in whose set the accused stands. Heights begin at 1; a block has no height 0.
    #[must_use]
    pub fn epoch(&self, epoch_blocks: u64) -> u64 {
        match self {
            Self::Votes(votes) => {
                let blocks = votes.first.ballot.height.saturating_sub(1);
                blocks.checked_div(epoch_blocks).unwrap_or(0)
            }
            Self::Shares(shares) => shares.checkpoints[0].epoch.saturating_add(1),
        }
    }

    /// The place in the set of its epoch of whoever signed both.
    ///
    /// # Errors
    /// [`StatementError`] when it is no offence of a member of that set.
    pub fn check(
        &self,
        members: &[Member],
        epoch: u64,
        deployment: &[u8; 20],
    ) -> Result<usize, StatementError> {
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
                Ok(place)
            }
            Self::Shares(shares) => {
                let [one, two] = &shares.checkpoints;
                let alike = one.epoch == two.epoch
                    && [one, two].iter().all(|c| c.deployment == *deployment);
                let digests: [B256; 2] = [one.digest(), two.digest()];
                if !alike || digests[0] == digests[1] {
                    return Err(StatementError::SameCheckpoint);
                }
                let place = usize::from(shares.number);
                let member = members.get(place).ok_or(StatementError::Stranger(epoch))?;
                for ((which, digest), share) in [1, 2].into_iter().zip(&digests).zip(&shares.shares)
                {
                    bls::verify_share(&member.checkpoint_key, digest, share)
                        .map_err(|_| StatementError::BadSignature(which))?;
                }
                Ok(place)
            }
        }
    }
}

#[cfg(test)]
mod tests;

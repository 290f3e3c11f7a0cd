//! Two statements as people hand them over, and as a watcher keeps those that it cannot judge yet.
//!
//! ```json
//! {"statements": [
//!   {"votes": {"kind": "precommit", "height": 31, "round": 0, "voter": "0x…20", "first": {"block": {"hash": "0x…32", "parts": 1,
//!     "parts_hash": "0x…32"}, "secs": 1700000000, "nanos": 5, "signature": "0x…64"}, "second": {"block": null, …}}},
//!   {"shares": {"member": 3, "checkpoints": ["0x…224", "0x…224"], "shares": ["0x…192", "0x…192"]}},
//!   {"certificates": {"checkpoints": ["0x…224", "0x…224"], "certificates": [null, "0x…256"]}}
//! ]}
//! ```
//! A checkpoint is its encoding of PROTOCOL section 1 without the tag, a certificate is bitmap ‖ signature. The first certificate is null where
//! root accepted the first checkpoint. Nothing in it is believed.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use alloy_primitives::{B256, Bytes, FixedBytes};
use serde::{Deserialize, Serialize};

use crate::proof::checkpoint::{Certificate, Checkpoint};
use crate::proof::vote::{Ballot, VoteStep, VotedBlock};
use crate::relay::watch::statement::{
    DoubleStatement, SignedBallot, TwoCertificates, TwoShares, TwoVotes,
};

/// Bytes of a file that are read, at most.
const MAX_FILE: u64 = 1 << 20;
/// Statements of a file, at most.
pub const MAX_HANDED: usize = 64;

/// Why a file hands nothing over.
#[derive(Debug, thiserror::Error)]
pub enum HandedError {
    /// The system refused.
    #[error("the evidence in {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is too large.
    #[error("{0} has more than {MAX_FILE} bytes or {MAX_HANDED} statements: split it")]
    TooLarge(PathBuf),
    /// It does not decode.
    #[error("{path} holds no evidence that can be read: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HandedFile {
    statements: Vec<HandedStatement>,
}

/// Two statements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum HandedStatement {
    /// Two votes of one key.
    Votes(Box<HandedVotes>),
    /// Two shares of one member.
    Shares {
        /// The member's number in the set that signs.
        member: u16,
        /// Both checkpoints.
        checkpoints: [Bytes; 2],
        /// A share over each.
        shares: [Bytes; 2],
    },
    /// Two certificates.
    Certificates {
        /// Both checkpoints.
        checkpoints: [Bytes; 2],
        /// A certificate of each; the first one is `None` where root accepted its checkpoint.
        certificates: (Option<Bytes>, Bytes),
    },
}

/// Two votes of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandedVotes {
    voter: FixedBytes<20>,
    kind: HandedKind,
    height: u64,
    round: u32,
    first: HandedVote,
    second: HandedVote,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HandedKind {
    Prevote,
    Precommit,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HandedVote {
    block: Option<HandedBlock>,
    secs: i64,
    nanos: u32,
    signature: FixedBytes<64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HandedBlock {
    hash: B256,
    parts: u32,
    parts_hash: B256,
}

/// The statements of a file.
///
/// # Errors
/// [`HandedError`].
pub fn read(path: &Path) -> Result<Vec<DoubleStatement>, HandedError> {
    let failed = |source| HandedError::Io {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let limit = MAX_FILE.saturating_add(1);
    let file = File::open(path).map_err(failed)?;
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    let too_large = || HandedError::TooLarge(path.to_owned());
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE) {
        return Err(too_large());
    }
    let malformed = |reason: String| HandedError::Malformed {
        path: path.to_owned(),
        reason,
    };
    let file: HandedFile =
        serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
    if file.statements.len() > MAX_HANDED {
        return Err(too_large());
    }
    let one = |(place, handed): (usize, &HandedStatement)| {
        let statement = handed.statement();
        statement.ok_or_else(|| {
            malformed(format!(
                "statement {} has a checkpoint, share or certificate of a wrong length",
                place.saturating_add(1)
            ))
        })
    };
    file.statements.iter().enumerate().map(one).collect()
}

/// The text of a file with these statements.
///
/// # Errors
/// What the encoder says.
pub fn write(statements: &[DoubleStatement]) -> serde_json::Result<String> {
    serde_json::to_string(&HandedFile {
        statements: statements.iter().map(HandedStatement::from).collect(),
    })
}

impl HandedStatement {
    /// The statements, when all have their lengths.
    #[must_use]
    pub fn statement(&self) -> Option<DoubleStatement> {
        let checkpoints = |given: &[Bytes; 2]| {
            let [first, second] = given;
            let decode = |bytes: &Bytes| Checkpoint::decode(bytes).ok();
            Some([decode(first)?, decode(second)?])
        };
        Some(match self {
            Self::Votes(votes) => DoubleStatement::Votes(Box::new(votes.votes())),
            Self::Shares {
                member,
                checkpoints: both,
                shares: [first, second],
            } => DoubleStatement::Shares(Box::new(TwoShares {
                number: *member,
                checkpoints: checkpoints(both)?,
                shares: [
                    first.as_ref().try_into().ok()?,
                    second.as_ref().try_into().ok()?,
                ],
            })),
            Self::Certificates {
                checkpoints: both,
                certificates: (first, second),
            } => DoubleStatement::Certificates(Box::new(TwoCertificates {
                checkpoints: checkpoints(both)?,
                first: match first {
                    Some(first) => Some(Certificate::decode(first).ok()?),
                    None => None,
                },
                second: Certificate::decode(second).ok()?,
            })),
        })
    }
}

impl From<&DoubleStatement> for HandedStatement {
    fn from(statement: &DoubleStatement) -> Self {
        let checkpoints = |both: &[Checkpoint; 2]| both.map(|one| Bytes::from(one.encode()));
        match statement {
            DoubleStatement::Votes(votes) => Self::Votes(Box::new((&**votes).into())),
            DoubleStatement::Shares(shares) => Self::Shares {
                member: shares.number,
                checkpoints: checkpoints(&shares.checkpoints),
                shares: shares.shares.map(|one| Bytes::copy_from_slice(&one)),
            },
            DoubleStatement::Certificates(two) => Self::Certificates {
                checkpoints: checkpoints(&two.checkpoints),
                certificates: (
                    two.first.map(|first| first.encode().into()),
                    two.second.encode().into(),
                ),
            },
        }
    }
}

impl HandedVotes {
    fn votes(&self) -> TwoVotes {
        let signed = |vote: &HandedVote| SignedBallot {
            ballot: Ballot {
                step: match self.kind {
                    HandedKind::Prevote => VoteStep::Prevote,
                    HandedKind::Precommit => VoteStep::Precommit,
                },
                height: self.height,
                round: self.round,
                block: vote.block.map(|block| VotedBlock {
                    hash: block.hash.0,
                    parts: block.parts,
                    parts_hash: block.parts_hash.0,
                }),
                secs: vote.secs,
                nanos: vote.nanos,
            },
            signature: vote.signature.0,
        };
        TwoVotes {
            voter: self.voter.0,
            first: signed(&self.first),
            second: signed(&self.second),
        }
    }
}

impl From<&TwoVotes> for HandedVotes {
    /// Of two votes that differ in height, round or step, which no evidence does, those of the first are kept.
    fn from(votes: &TwoVotes) -> Self {
        let vote = |signed: &SignedBallot| HandedVote {
            block: signed.ballot.block.map(|block| HandedBlock {
                hash: block.hash.into(),
                parts: block.parts,
                parts_hash: block.parts_hash.into(),
            }),
            secs: signed.ballot.secs,
            nanos: signed.ballot.nanos,
            signature: signed.signature.into(),
        };
        let ballot = &votes.first.ballot;
        Self {
            voter: votes.voter.into(),
            kind: match ballot.step {
                VoteStep::Prevote => HandedKind::Prevote,
                VoteStep::Precommit => HandedKind::Precommit,
            },
            height: ballot.height,
            round: ballot.round,
            first: vote(&votes.first),
            second: vote(&votes.second),
        }
    }
}

#[cfg(test)]
mod tests;

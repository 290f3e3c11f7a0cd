//! The two votes of a piece of evidence, from the engine's own JSON.
//!
//! `tendermint` does not read a vote that has an extension, as each precommit for a block has here, nor one whose extension's signature is short or
//! whose time is 1970, which CometBFT takes. A block in which one such piece stands would hide all others. So each piece is read by itself, and only
//! what the Court reads of it.

use plasmid_bridge::{
    proof::vote::{Ballot, VoteStep, VotedBlock},
    relay::watch::statement::{SignedBallot, TwoVotes},
};
use serde::Deserialize;
use serde_json::Value;
use tendermint::Time;

/// The name of this kind of evidence in the engine's JSON.
const DUPLICATE_VOTE: &str = "tendermint/DuplicateVoteEvidence";

#[derive(Deserialize)]
struct Piece {
    #[serde(rename = "type")]
    kind: String,
    value: Accusation,
}

#[derive(Deserialize)]
struct Accusation {
    vote_a: CometVote,
    vote_b: CometVote,
}

#[derive(Deserialize)]
struct CometVote {
    #[serde(rename = "type")]
    step: u8,
    /// A decimal number.
    height: String,
    round: u32,
    block_id: CometBlock,
    /// RFC 3339.
    timestamp: String,
    /// In hexadecimal, as all hashes are.
    validator_address: String,
    #[serde(with = "tendermint_proto::serializers::bytes::base64string")]
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct CometBlock {
    hash: String,
    parts: CometParts,
}

#[derive(Deserialize)]
struct CometParts {
    total: u32,
    hash: String,
}

/// The two votes of CometBFT's evidence; none when it is of another kind, or when one of them can be no vote.
pub(super) fn two_votes(evidence: &Value) -> Option<TwoVotes> {
    let piece = Piece::deserialize(evidence).ok()?;
    let Accusation { vote_a, vote_b } = piece.value;
    if piece.kind != DUPLICATE_VOTE || vote_a.validator_address != vote_b.validator_address {
        return None;
    }
    Some(TwoVotes {
        voter: bytes(&vote_a.validator_address)?,
        first: ballot(&vote_a)?,
        second: ballot(&vote_b)?,
    })
}

fn ballot(vote: &CometVote) -> Option<SignedBallot> {
    let nanos = Time::parse_from_rfc3339(&vote.timestamp).ok()?;
    let nanos = nanos.unix_timestamp_nanos();
    let second = 1_000_000_000;
    Some(SignedBallot {
        ballot: Ballot {
            step: match vote.step {
                1 => VoteStep::Prevote,
                2 => VoteStep::Precommit,
                _ => return None,
            },
            height: vote.height.parse().ok()?,
            round: vote.round,
            block: voted(&vote.block_id)?,
            secs: i64::try_from(nanos.div_euclid(second)).ok()?,
            nanos: u32::try_from(nanos.rem_euclid(second)).ok()?,
        },
        signature: vote.signature.as_slice().try_into().ok()?,
    })
}

/// A vote for nil has no hash and no parts.
fn voted(id: &CometBlock) -> Option<Option<VotedBlock>> {
    if id.hash.is_empty() && id.parts.hash.is_empty() && id.parts.total == 0 {
        return Some(None);
    }
    Some(Some(VotedBlock {
        hash: bytes(&id.hash)?,
        parts: id.parts.total,
        parts_hash: bytes(&id.parts.hash)?,
    }))
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes = hex::decode(text).ok()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests;

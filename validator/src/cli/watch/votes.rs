//! The two votes of a piece of evidence, those of an attack on light clients, and the votes of a commit, from the engine's own JSON.
//!
//! `tendermint` does not read a vote that has an extension, as each precommit for a block has here, nor one whose extension's signature is short or
//! whose time is 1970, which CometBFT takes. A block in which one such piece stands would hide all others. So each piece is read by itself, and only
//! what the Court reads of it.

use std::collections::BTreeMap;

use plasmid_bridge::{
    proof::vote::{Ballot, VoteStep, VotedBlock},
    relay::watch::{
        commits::NamedBallot,
        statement::{SignedBallot, TwoVotes},
    },
};
use serde::Deserialize;
use serde_json::Value;
use tendermint::Time;

use crate::node::comet::votes::attacking_commit;

/// The name of this kind of evidence in the engine's JSON.
const DUPLICATE_VOTE: &str = "tendermint/DuplicateVoteEvidence";
/// In a commit: the precommit is for the block.
const FOR_BLOCK: u8 = 2;
/// In a commit: the precommit is for nil.
const FOR_NIL: u8 = 3;

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
struct CometCommit {
    /// A decimal number.
    height: String,
    round: u32,
    block_id: CometBlock,
    signatures: Vec<Value>,
}

/// A place of a commit. Whoever is absent has no signature.
#[derive(Deserialize)]
struct CometSignature {
    block_id_flag: u8,
    validator_address: String,
    timestamp: String,
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

/// The two votes of CometBFT's evidence; `None` when it is of another kind, or when one of them can be no vote.
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

/// The precommits of a commit, each with the address of its key; those that can be no votes are left out.
pub(super) fn precommits(commit: &Value) -> Vec<NamedBallot> {
    let Ok(commit) = CometCommit::deserialize(commit) else {
        return Vec::new();
    };
    let Some((height, block)) = commit.height.parse().ok().zip(voted(&commit.block_id)) else {
        return Vec::new();
    };
    let one = |signed: &Value| {
        let signed = CometSignature::deserialize(signed).ok()?;
        let (secs, nanos) = time(&signed.timestamp)?;
        let ballot = Ballot {
            step: VoteStep::Precommit,
            height,
            round: commit.round,
            block: match signed.block_id_flag {
                FOR_BLOCK => block,
                FOR_NIL => None,
                _ => return None,
            },
            secs,
            nanos,
        };
        let signature = signed.signature.as_slice().try_into().ok()?;
        Some((
            bytes(&signed.validator_address)?,
            SignedBallot { ballot, signature },
        ))
    };
    commit.signatures.iter().filter_map(one).collect()
}

/// The votes of an attack on light clients: of each key its precommit for the block that they were shown, and the one that the chain's commit of the same height
/// and round has for another block. `None` when the evidence is of another kind.
pub(super) fn attack_votes(evidence: &Value, commits: &[Value]) -> Option<Vec<TwoVotes>> {
    let shown = precommits(attacking_commit(evidence)?);
    let ours: BTreeMap<[u8; 20], SignedBallot> = commits.iter().flat_map(precommits).collect();
    let two = |(voter, second): NamedBallot| {
        let first = *ours.get(&voter)?;
        let at = |one: &SignedBallot| (one.ballot.height, one.ballot.round);
        let differs = first.ballot.block != second.ballot.block;
        (at(&first) == at(&second) && differs).then_some(TwoVotes {
            voter,
            first,
            second,
        })
    };
    Some(shown.into_iter().filter_map(two).collect())
}

fn time(text: &str) -> Option<(i64, u32)> {
    let nanos = Time::parse_from_rfc3339(text).ok()?;
    let nanos = nanos.unix_timestamp_nanos();
    let second = 1_000_000_000;
    Some((
        i64::try_from(nanos.div_euclid(second)).ok()?,
        u32::try_from(nanos.rem_euclid(second)).ok()?,
    ))
}

fn ballot(vote: &CometVote) -> Option<SignedBallot> {
    let (secs, nanos) = time(&vote.timestamp)?;
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
            secs,
            nanos,
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
pub(super) mod tests;

//! What CometBFT signs, built from fields and never parsed, and the one rule by which Ed25519 signatures are accepted.
//!
//! ```text
//! sign bytes = uvarint length ‖ protobuf; zero fields are left out, as gogoproto leaves them out
//! extension    0a bytes ‖ 11 height sfixed64 ‖ 19 round sfixed64 ‖ 22 chain id
//! vote         08 type ‖ 11 height ‖ 19 round ‖ 22 block id (left out for nil) ‖ 2a timestamp (always) ‖ 32 chain id
//! ```
//! (CometBFT 0.38 `types/vote.go`, `types/canonical.go`.) The timestamp is a field that cannot be nil there, so unix time 0 is
//! the empty message `2a 00`. Acceptance is ZIP-215 everywhere, as CometBFT's own: a verifier that is stricter than the engine
//! would let a validator equivocate unpunished. Registration is stricter about keys, see [`registrable_key`].

use ed25519_zebra::{Signature, VerificationKey};
use sha2::{Digest, Sha256};

/// A step of consensus that is voted in, by CometBFT's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum VoteStep {
    /// The first vote of a round.
    Prevote = 1,
    /// The second, which commits.
    Precommit = 2,
}

/// The block that a vote is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VotedBlock {
    /// The block's hash.
    pub hash: [u8; 32],
    /// How many parts it is sent in; at least 1.
    pub parts: u32,
    /// The hash over those parts.
    pub parts_hash: [u8; 32],
}

/// What a vote's signature binds, besides the chain. Two of one key that differ in the block alone, whatever their times, are an offence.
/// Twin: `contracts/src/court/CanonicalVote.sol`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// The step.
    pub step: VoteStep,
    /// From 1 on, below 2^63.
    pub height: u64,
    /// Below 2^31.
    pub round: u32,
    /// What it is for; nil if none.
    pub block: Option<VotedBlock>,
    /// Unix time, seconds; negative before 1970, which CometBFT accepts.
    pub secs: i64,
    /// The rest of the time, below 10^9.
    pub nanos: u32,
}

impl Ballot {
    /// CometBFT's sign bytes of this vote on a chain.
    #[must_use]
    pub fn sign_bytes(&self, chain_id: &str) -> Vec<u8> {
        let mut message = vec![0x08, self.step as u8];
        put_fixed(&mut message, 0x11, self.height);
        put_fixed(&mut message, 0x19, u64::from(self.round));
        if let Some(block) = &self.block {
            let mut parts = Vec::with_capacity(40);
            put_varint(&mut parts, 0x08, u64::from(block.parts));
            put_bytes(&mut parts, 0x12, &block.parts_hash);
            let mut id = Vec::with_capacity(76);
            put_bytes(&mut id, 0x0a, &block.hash);
            put_bytes(&mut id, 0x12, &parts);
            put_bytes(&mut message, 0x22, &id);
        }
        let mut time = Vec::with_capacity(17);
        // A negative number is the varint of its 64 bits in two's complement.
        put_varint(&mut time, 0x08, self.secs.cast_unsigned());
        put_varint(&mut time, 0x10, u64::from(self.nanos));
        message.push(0x2a);
        put_uvarint(&mut message, time.len() as u64);
        message.extend_from_slice(&time);
        put_bytes(&mut message, 0x32, chain_id.as_bytes());
        prefixed(&message)
    }
}

/// The field prime 2^255 − 19, little-endian.
const PRIME: [u8; 32] = {
    let mut prime = [0xff; 32];
    prime[0] = 0xed;
    prime[31] = 0x7f;
    prime
};

/// y of the points of order 8 with the smaller y, little-endian; the other y is its negative.
const ORDER_8: [[u8; 32]; 2] = [
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// Sign bytes of a vote extension. An empty extension and round 0 are left out.
#[must_use]
pub fn extension_sign_bytes(extension: &[u8], height: u64, round: u32, chain_id: &str) -> Vec<u8> {
    let mut message = Vec::with_capacity(extension.len().saturating_add(96));
    put_bytes(&mut message, 0x0a, extension);
    put_fixed(&mut message, 0x11, height);
    put_fixed(&mut message, 0x19, u64::from(round));
    put_bytes(&mut message, 0x22, chain_id.as_bytes());
    prefixed(&message)
}

/// Sign bytes of a prevote for nil in round 0 at unix time 0.
#[must_use]
pub fn nil_prevote_sign_bytes(height: u64, chain_id: &str) -> Vec<u8> {
    let nil = Ballot {
        step: VoteStep::Prevote,
        height,
        round: 0,
        block: None,
        secs: 0,
        nanos: 0,
    };
    nil.sign_bytes(chain_id)
}

/// Whether `signature` is one of `key` over `message` by ZIP-215.
#[must_use]
pub fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerificationKey::try_from(*key)
        .is_ok_and(|key| key.verify(&Signature::from(*signature), message).is_ok())
}

/// Address of a consensus key in CometBFT: the first 20 bytes of its SHA-256.
#[must_use]
pub fn address(consensus_key: &[u8; 32]) -> [u8; 20] {
    let digest: [u8; 32] = Sha256::digest(consensus_key).into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// Whether `key` may be registered: a point on the curve, canonically encoded, not of small order. (A key of small order
/// verifies signatures that nobody made.)
#[must_use]
pub fn registrable_key(key: &[u8; 32]) -> bool {
    let mut y = *key;
    y[31] &= 0x7f;
    let canonical = y.iter().rev().lt(PRIME.iter().rev());
    canonical && !small_order(&y) && VerificationKey::try_from(*key).is_ok()
}

/// Whether the canonical `y` is that of a point of order 1, 2, 4 or 8.
fn small_order(y: &[u8; 32]) -> bool {
    let zero = [0; 32];
    let mut one = zero;
    one[0] = 1;
    let mut minus_one = PRIME;
    minus_one[0] = 0xec;
    [zero, one, minus_one].contains(y) || ORDER_8.contains(y)
}

/// A protobuf field of fixed 64 bits; zero is left out.
fn put_fixed(message: &mut Vec<u8>, tag: u8, value: u64) {
    if value != 0 {
        message.push(tag);
        message.extend_from_slice(&value.to_le_bytes());
    }
}

/// A protobuf field of a varint; zero is left out.
fn put_varint(message: &mut Vec<u8>, tag: u8, value: u64) {
    if value != 0 {
        message.push(tag);
        put_uvarint(message, value);
    }
}

/// A protobuf field of bytes; empty ones are left out.
fn put_bytes(message: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    if !bytes.is_empty() {
        message.push(tag);
        put_uvarint(message, bytes.len() as u64);
        message.extend_from_slice(bytes);
    }
}

fn put_uvarint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(0x80 | (value & 0x7f) as u8);
        value >>= 7;
    }
    message.push((value & 0x7f) as u8);
}

fn prefixed(message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(message.len().saturating_add(5));
    put_uvarint(&mut bytes, message.len() as u64);
    bytes.extend_from_slice(message);
    bytes
}

#[cfg(test)]
mod tests;

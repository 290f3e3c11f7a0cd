//! What binds keys, signatures and states to one deployment: its id, its chain id, possession of keys, and the agreement.
//!
//! The deployment id stands in the chain id that CometBFT's votes are signed for, in the EIP-712 salt and in every checkpoint
//! digest, so nothing signed for one deployment is worth anything in another (DESIGN section 3). Possession comes before the
//! deployment exists and therefore binds the Registry instead (PROTOCOL sections 1 and 8).

use std::{array, ops::RangeInclusive};

use alloy_primitives::Address;

use super::{Hash, keccak::hash, vote};

/// What [`chain_id`] begins with.
pub const CHAIN_ID_PREFIX: &str = "plasmid-";

/// What the chain id of a possession vote begins with.
pub const POSSESSION_CHAIN_PREFIX: &str = "plasmidpop";

/// Deployment id: the first 20 bytes of H(PDEP ‖ root chain id u256 ‖ RootChain ‖ hash of the root block before its
/// deployment ‖ genesis state root).
#[must_use]
pub fn id(
    root_chain_id: u64,
    root_chain: &[u8; 20],
    parent_block_hash: &Hash,
    genesis_root: &Hash,
) -> [u8; 20] {
    first_20(&hash(&[
        b"PDEP",
        &word(u128::from(root_chain_id)),
        root_chain,
        parent_block_hash.as_slice(),
        genesis_root.as_slice(),
    ]))
}

/// Where the Ed25519 verifier of every deployment stands, by CREATE2 through the deployment proxy: its address follows from its code. It
/// takes no coin, so nobody is paid there either.
pub const VERIFIER: [u8; 20] = [
    0xdf, 0x5a, 0x64, 0xcc, 0x12, 0x3c, 0x6f, 0x76, 0x15, 0xb6, 0x30, 0x31, 0x88, 0xf1, 0xf6, 0xd2,
    0x70, 0xb5, 0x6c, 0xab,
];

/// How many contracts a Registry's manifest may list: the Inbox first, then the Vault, the Court, Exits, the FraudCourt and DataChallenges, RootChain last. Twin:
/// `Manifest.sol`.
pub const MANIFEST_LENGTHS: RangeInclusive<usize> = 7..=16;

/// How many this protocol's manifest lists. With another number RootChain stands elsewhere, and so it is another protocol.
pub const MANIFEST: usize = 7;

/// Where a Registry creates the contract at a place of its manifest: by the nonces of its creations, from 1 on.
#[must_use]
pub fn made(registry: &[u8; 20], place: usize) -> [u8; 20] {
    let nonce = (place as u64).saturating_add(1);
    Address::from(*registry).create(nonce).into_array()
}

/// The contracts of a deployment: the Registry, and behind it what it creates, in the order of the manifest.
#[must_use]
pub fn contracts(registry: &[u8; 20]) -> [[u8; 20]; 1 + MANIFEST] {
    array::from_fn(|nonce| match nonce.checked_sub(1) {
        None => *registry,
        Some(place) => made(registry, place),
    })
}

/// A deployment's Court: the third of the manifest.
#[must_use]
pub fn court(registry: &[u8; 20]) -> [u8; 20] {
    made(registry, 2)
}

/// The judge of checkpoints, which the Court creates and asks. Twin: `Vault.sol`.
#[must_use]
pub fn checkpoint_judge(registry: &[u8; 20]) -> [u8; 20] {
    Address::from(court(registry)).create(1).into_array()
}

/// A deployment's Exits: the fourth of the manifest.
#[must_use]
pub fn exits(registry: &[u8; 20]) -> [u8; 20] {
    made(registry, 3)
}

/// A deployment's FraudCourt: the fifth of the manifest.
#[must_use]
pub fn fraud_court(registry: &[u8; 20]) -> [u8; 20] {
    made(registry, 4)
}

/// The judge of segments, which the FraudCourt creates and asks. Twin: `Vault.sol`.
#[must_use]
pub fn segment_judge(registry: &[u8; 20]) -> [u8; 20] {
    Address::from(fraud_court(registry)).create(1).into_array()
}

/// A deployment's DataChallenges: the sixth of the manifest.
#[must_use]
pub fn data_challenges(registry: &[u8; 20]) -> [u8; 20] {
    made(registry, 5)
}

/// A deployment's RootChain: the last of the manifest.
#[must_use]
pub fn root_chain(registry: &[u8; 20]) -> [u8; 20] {
    made(registry, MANIFEST - 1)
}

/// Chain id of the child: 48 characters, below CometBFT's 50.
#[must_use]
pub fn chain_id(id: &[u8; 20]) -> String {
    format!("{CHAIN_ID_PREFIX}{}", hex::encode(id))
}

/// What checkpoint 0 names as its previous checkpoint: the id with 12 zero bytes behind. The EIP-712 salt is the same word.
#[must_use]
pub fn salt(id: &[u8; 20]) -> Hash {
    let mut word = Hash::ZERO;
    word[..20].copy_from_slice(id);
    word
}

/// The message that both keys of a registration sign to prove that their holder has them.
#[must_use]
pub fn possession(
    root_chain_id: u64,
    registry: &[u8; 20],
    operator: &[u8; 20],
    consensus_key: &[u8; 32],
    checkpoint_key: &[u8; 96],
) -> Hash {
    hash(&[
        b"PPOP",
        &word(u128::from(root_chain_id)),
        registry,
        operator,
        consensus_key,
        checkpoint_key,
    ])
}

/// A genesis operator's registration, as the agreement binds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The operator's account on root.
    pub operator: [u8; 20],
    /// The registration's number.
    pub registration: u64,
    /// The Ed25519 key.
    pub consensus_key: [u8; 32],
    /// The BLS key.
    pub checkpoint_key: [u8; 96],
    /// Genesis stake in wei.
    pub stake: u128,
    /// Bounty bond in wei.
    pub bond: u128,
}

/// All registrations in the Registry's order: each is hashed behind the hash of those before it, the first behind zeros.
#[must_use]
pub fn registrations(all: &[Registered]) -> Hash {
    all.iter().fold(Hash::ZERO, |before, one| {
        hash(&[
            b"PREG",
            before.as_slice(),
            &one.operator,
            &one.registration.to_be_bytes(),
            &one.consensus_key,
            &one.checkpoint_key,
            &one.stake.to_be_bytes(),
            &one.bond.to_be_bytes(),
        ])
    })
}

/// What each genesis operator agrees to: every registration, and the genesis (`IRegistry.Genesis`, ABI-encoded).
#[must_use]
pub fn agreement(registrations: &Hash, genesis: &[u8]) -> Hash {
    hash(&[
        b"PAGR",
        registrations.as_slice(),
        hash(&[genesis]).as_slice(),
    ])
}

/// Chain id of the vote that the consensus key signs to prove possession.
#[must_use]
pub fn possession_chain_id(possession: &Hash) -> String {
    format!(
        "{POSSESSION_CHAIN_PREFIX}{}",
        hex::encode(first_20(possession))
    )
}

/// Sign bytes of that vote: a nil prevote at height 1, round 0, unix time 0, as CometBFT writes it.
#[must_use]
pub fn possession_vote(possession: &Hash) -> Vec<u8> {
    vote::nil_prevote_sign_bytes(1, &possession_chain_id(possession))
}

fn first_20(hash: &Hash) -> [u8; 20] {
    hash.first_chunk().copied().unwrap_or_default()
}

/// A number as a 32-byte word.
pub(super) fn word(number: u128) -> [u8; 32] {
    let mut word = [0; 32];
    word[16..].copy_from_slice(&number.to_be_bytes());
    word
}

#[cfg(test)]
mod tests;

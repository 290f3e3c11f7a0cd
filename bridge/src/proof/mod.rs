//! What is hashed, signed and proven between the child chain and its root chain: twins of the Solidity libraries.
//!
//! | module | what |
//! |---|---|
//! | [`tree`] | the state tree: hashing, inclusion, absence, multiproofs, and re-execution from a witness |
//! | [`list`] | the tree over a list of hashes (chunks, segments, blocks, members) |
//! | [`commitment`] | segment records and block commitments (the app hash) |
//! | [`inbox`] | messages from root, and the chain of their hashes |
//! | [`set`] | member leaves and the commitment to a validator set |
//! | [`checkpoint`] | the checkpoint digest and its certificate |
//! | [`bls`], [`vote`], [`hint`] | BLS12-381 shares; Ed25519 and CometBFT's sign bytes; what shows a point, and that bytes are none |
//! | [`court`] | how much an offence cuts, and what a report of it commits to |
//! | [`deployment`] | deployment id, chain id, possession and agreement |
//!
//! Pure: no I/O, no clock, no randomness. Every byte is that of `proto/PROTOCOL.md`; integers are big-endian and fixed width.

#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod bls;
pub mod bytes;
pub mod checkpoint;
pub mod commitment;
pub mod court;
pub mod deployment;
pub mod hint;
pub mod inbox;
pub mod keccak;
pub mod list;
pub mod set;
pub mod tree;
pub mod vote;

pub use alloy_primitives::B256 as Hash;

#[cfg(test)]
mod attack;
#[cfg(test)]
mod vectors;

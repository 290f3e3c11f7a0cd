//! Between the child chain and its root chain: commitments and proofs (twins of the Solidity libraries), relaying decisions, and the root chain's client.

#![deny(missing_docs)]

pub mod abi;
pub mod proof;
pub mod relay;

#[cfg(feature = "client")]
pub mod client;

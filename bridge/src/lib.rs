//! Between the child chain and its root chain: commitments and proofs (twins of the Solidity libraries), relaying decisions, and the root chain's client.

#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod abi;
pub mod proof;
pub mod relay;

#[cfg(feature = "client")]
pub mod client;

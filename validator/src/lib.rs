//! The child chain's node: a pure ledger and chain, behind the feature `client` what a program needs that talks to a node, behind
//! the feature `node` what an operator runs, and behind `localnet` a whole network on one machine.

#![deny(missing_docs)]
// To print panics where nothing can be written to. `cli::output` and the log are where this program speaks.
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

pub mod chain;
pub mod court;
pub mod ledger;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "client")]
pub mod plain;
#[cfg(feature = "client")]
pub mod wire;

#[cfg(feature = "node")]
pub mod app;
#[cfg(feature = "node")]
pub mod cli;
#[cfg(feature = "node")]
pub mod engine;
#[cfg(feature = "localnet")]
pub mod localnet;
#[cfg(feature = "node")]
pub mod node;
#[cfg(feature = "node")]
pub mod rpc;
#[cfg(feature = "node")]
pub mod store;
#[cfg(feature = "node")]
pub mod workers;

//! The child chain's node: a pure ledger and chain, behind the feature `client` what a program needs that talks to a node, and
//! behind the feature `node` all that touches a socket, a file or a clock.

pub mod chain;
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
#[cfg(feature = "node")]
pub mod node;
#[cfg(feature = "node")]
pub mod rpc;
#[cfg(feature = "node")]
pub mod store;
#[cfg(feature = "node")]
pub mod workers;

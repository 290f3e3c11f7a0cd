//! Everything that runs on real parts: CometBFT, anvil, the built program, whole networks of processes. They are one program, so that cargo
//! links them once and the harness runs as many of them at once as there are cores: most of the time each of them waits for blocks.
//!
//! So nothing here touches what a process has once (its environment, its folder, its limits): each test works beside any other. A test that
//! needs the machine for itself stands in `tests/alone`.

mod challenges;
mod churn;
mod comet;
mod court;
mod demo;
mod engine;
mod exits;
mod finality;
mod grpc;
mod hostile_root;
mod hostile_shares;
mod init;
mod localnet;
mod remote_signer;
mod root;
mod root_chain;
mod rotation;
mod sale;
mod snapshot;
mod thieves;
mod watcher;

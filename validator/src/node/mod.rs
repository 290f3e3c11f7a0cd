//! What a node is made of besides its rules: pinned tools, the processes beside it, and the engine's files and RPC.

pub mod anvil;
pub mod comet;
pub mod port;
pub mod process;
pub mod tools;

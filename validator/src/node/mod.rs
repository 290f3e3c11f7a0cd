//! What a node is made of besides its rules: pinned tools, the processes beside it, the engine's files and RPC, its view of root and
//! what its checkpoint key has signed.

pub mod anvil;
pub mod comet;
pub mod port;
pub mod process;
pub mod root;
pub mod sign_state;
pub mod tools;

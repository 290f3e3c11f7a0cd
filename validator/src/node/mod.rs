//! What a node is made of besides its rules: configuration, keys and what they have signed, its view of root, pinned tools, the
//! processes beside it, and the engine's files and RPC.

pub mod anvil;
mod broadcast;
pub mod comet;
pub mod config;
mod descriptors;
pub mod development;
mod duty;
pub mod founding;
pub mod guard;
pub mod keystore;
pub mod local;
pub mod metrics;
pub mod options;
pub mod port;
pub mod process;
pub mod root;
pub mod served;
pub mod shutdown;
pub mod sign_state;
pub mod signer;
pub mod start;
pub mod tools;

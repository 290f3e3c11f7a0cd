//! What an operator runs: configuration, keys and what they have signed, the node's view of root, CometBFT beside it with its
//! files, its RPC and its pinned build, the founding of a network, metrics. A local network is in `localnet`.

pub mod accepted;
pub mod broadcast;
pub mod comet;
pub mod config;
mod descriptors;
pub mod development;
mod duty;
pub mod founding;
pub mod joining;
pub mod keystore;
pub mod metrics;
pub mod options;
pub mod process;
pub mod root;
pub mod shutdown;
pub mod sign_state;
pub mod signer;
pub mod start;
pub mod state_file;
mod toml_error;
pub mod tools;

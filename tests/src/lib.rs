//! What several tests of the workspace share: networks in one process, a root chain that runs on this machine, and a deployment on it.

pub mod anvil;
pub mod harness;
pub mod stage;

//! Who drives the application: the ABCI 2.0 socket server under CometBFT. (Malachite, embedded, comes beside it.)
//!
//! No rule of the chain lives here: a request comes in, one method of `abci::Handler` is called, its answer goes out.

pub mod abci;
pub mod version;

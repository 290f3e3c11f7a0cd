//! Our own ABCI 2.0 socket server, over `tendermint-proto`'s `v0_38` types: unix and TCP, hostile bytes expected.
//!
//! ```text
//! socket -> frame::Scanner (bounds, drops oversize extensions) -> prost -> Handler -> prost -> socket
//!            one task reads                                        one task calls and answers, in order
//! ```

pub mod handler;

pub use handler::{Fault, Handler};

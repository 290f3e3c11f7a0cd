//! Our own ABCI 2.0 socket server, over `tendermint-proto`'s `v0_38` types: unix and TCP, hostile bytes expected.
//!
//! ```text
//! socket -> frame::Scanner (bounds, drops oversize extensions) -> prost -> dispatch -> Handler -> prost -> socket
//!            one side of a connection reads                                 the other calls and answers, in order
//! ```
//!
//! - A frame's length is checked before anything is allocated, and memory follows the bytes that come.
//! - What a client does wrong closes its connection and nothing else.
//! - What this node does wrong (`Fault`, panic) in a consensus call stops the server with an `Alarm` and no answer.

mod address;
mod connection;
mod dispatch;
mod frame;
mod handler;
mod limits;
mod server;
#[cfg(test)]
mod tests;

pub use address::{Address, AddressError};
pub use connection::Closed;
pub use dispatch::{Alarm, INTERNAL_CODE, INTERNAL_CODESPACE};
pub use frame::Scanner;
pub use handler::{Fault, Handler, Outcome};
pub use limits::{FrameError, Limits};
pub use server::Server;

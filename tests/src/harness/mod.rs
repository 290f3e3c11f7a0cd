//! Several validators in one process: their applications are called as CometBFT would call them, without CometBFT.
//!
//! ```text
//! Network ─┬─ Node 0..n   application, disk, keys, sign state, its view of root ──► crash() at any point, restart() by replay
//!          ├─ Inbox       root's messages, seen by each node with its own delay
//!          ├─ People      accounts that pay, withdraw, record, and send nonsense
//!          └─ byzantine   proposers that break one rule each, a file each
//! ```
//! Everything follows from one seed, which every failure prints. Nothing is retried and no clock is read. After every block:
//! equal app hashes, conservation by a full scan of the leaves, every segment executed again from its witness (by the
//! applications themselves), and the engine's set equal to the set in the leaves.

pub mod byzantine;
pub mod inbox;
pub mod invariants;
pub mod network;
pub mod node;
pub mod people;
pub mod requests;

pub use inbox::Inbox;
pub use network::{Network, Plan};
pub use node::Node;

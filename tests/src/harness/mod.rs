//! Several validators in one process: their applications are called as CometBFT would call them, without CometBFT.
//!
//! ```text
//! Network ─┬─ Node 0..n   application, disk, keys, sign state, its view of root ──► crash() at any point, restart() by replay
//!          ├─ Inbox       root's messages, seen by each node with its own delay
//!          ├─ People      accounts that pay, withdraw, record, and send nonsense; with `Plan::stakers` they stake too (`crowd`)
//!          └─ byzantine   proposers that break one rule each, a file each
//! ```
//! Everything follows from one seed, which every failure prints. Nothing is retried and no clock is read. After every block:
//! equal app hashes, conservation by a full scan of the leaves, what is credited equal to what the consumed messages brought, every segment executed again from its witness (by the
//! applications themselves), the engine's set equal to the set in the leaves, every set equal to what its seats and the registry make,
//! every line's stake equal to what positions hold behind it, and behind every member of an epoch that can still be cut as much as
//! when its set was fixed, less what was burned.

pub mod byzantine;
pub mod crowd;
pub mod escrow;
pub mod inbox;
pub mod invariants;
pub mod network;
pub mod node;
pub mod people;
pub mod reads;
pub mod requests;
pub mod stakes;

pub use inbox::Inbox;
pub use network::{Network, Plan};
pub use node::Node;

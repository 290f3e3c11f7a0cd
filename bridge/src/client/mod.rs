//! I/O towards the root chain, which does what [`crate::relay`] decides, and the files that this needs.
//!
//! | module | does |
//! |---|---|
//! | `rpc` | JSON-RPC, bounded and typed |
//! | `endpoints` | one endpoint, or two that must say the same |
//! | `wallet` | signs, submits, waits, replaces by fee |
//! | `follower` | runs the inbox machine and publishes what it agrees on |
//! | `position` | keeps how far root was read |
//! | `relayer` | runs the outbox machine: `plasmid relay` |
//! | `watcher` | takes double statements to the Court: `plasmid watch` |
//! | `backwards` | reads events from the newest block backwards |
//! | `exits` | what root says about the end of a deployment: `plasmid exit` |
//! | `ceremony` | deploys Registry and its contracts |
//! | `registration` | registers an operator's keys after that, and raises bonds |
//! | `funding` | gives coin to the reward pool |
//! | `date` | compares the date of this machine with root's blocks |
//! | `whole` | writes a file whole or not at all |

pub mod backwards;
pub mod ceremony;
pub mod date;
pub mod endpoints;
pub mod exits;
pub mod follower;
pub mod funding;
pub mod position;
pub mod reason;
pub mod registration;
pub mod relayer;
pub mod rpc;
pub mod wallet;
pub mod watcher;
pub mod whole;

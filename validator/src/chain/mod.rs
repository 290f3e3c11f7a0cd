//! One block in; the next state, receipts and commitments out. Pure: no I/O, no clock, no randomness.
//!
//! ```text
//! request + committed state ──► tally ──► execute ──► segments of ordered changes, receipts ──► commit ──► app hash
//!                                 ▲          ▲                                            segment + witness ──► reexecute
//!                     PrepareProposal, ProcessProposal and FinalizeBlock pass here: one validation for all phases
//! ```
//! | module | what |
//! |---|---|
//! | [`record`], [`extension`], [`evidence`], [`bitmap`] | the bytes of PROTOCOL section 6 |
//! | [`tally`] | what carried votes must show, and what follows |
//! | [`overlay`], [`segments`] | a block's writes over the state before it, cut into pieces that a court can carry |
//! | [`epoch`] | participation, the boundary, the relayer, the set of a height |
//! | [`execute`], [`propose`] | a block judged and executed; a block built |
//! | [`commit`], [`mod@reexecute`], [`links`], [`signatures`] | the tree after each segment and the app hash; one segment from its witness; what links segments and blocks; who signed |
//! | [`transitions`], [`replay`] | a segment before a court: a verdict from its bytes and a witness; a state carried over segments that somebody shows, up to the first false one |
//! | [`opened`] | what somebody shows of a block and of a state, compared with what commits to it |
//! | [`genesis`], [`committed`] | the first state; reading a state outside of segments |
//! | [`tree`] | the state tree in memory |
//! | `cores`, `keyed` | work on all cores, with the same outcome as on one; values by key |

#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod bitmap;
pub mod commit;
pub mod committed;
mod cores;
pub mod epoch;
pub mod error;
pub mod evidence;
pub mod execute;
pub mod exits;
pub mod extension;
#[cfg(test)]
pub(crate) mod fixture;
pub mod genesis;
mod keyed;
pub mod links;
pub mod opened;
pub mod overlay;
pub mod proof;
pub mod propose;
pub mod record;
pub mod reexecute;
pub mod replay;
mod run;
pub mod segments;
pub mod signatures;
pub mod tally;
pub mod transitions;
pub mod tree;

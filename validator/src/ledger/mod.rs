//! Accounts, transactions and the rules that move money: pure, over leaves that a port provides.
//!
//! ```text
//! bytes ──decode──► Transaction ──check──► CheckedTransaction ──apply──► Receipt (and writes)
//!                        │ Reject                │ Reject, or LeafFault
//! message of the inbox ──────────────────── apply_message ──► Receipt: total, whatever a stranger put into it
//! ```
//!
//! A [`reject::Reject`] is about the transaction, a [`leaves::LeafFault`] about the node; they never share a type. A rejected
//! transaction wrote nothing. After every block Σ balances + stakes + fee pool + burned = credited − withdrawn, for each asset
//! ([`conservation`]).

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

pub mod account;
pub mod address;
pub mod apply;
pub mod check;
pub mod code;
pub mod conservation;
pub mod context;
pub mod eip712;
pub mod event;
pub mod fees;
#[cfg(test)]
pub(crate) mod fixture;
pub mod leaf;
pub mod leaves;
pub mod message;
pub mod parameters;
pub mod recipient;
pub mod reject;
pub mod rules;
pub mod slot;
pub mod stake;
#[cfg(test)]
mod tests;
pub mod transaction;
#[cfg(test)]
pub(crate) mod vectors;

pub use account::Account;
pub use apply::{Quote, Receipt, apply, quote, rehearse, simulate};
pub use check::{CheckedTransaction, Claimed, Unverified, check, check_batch};
pub(crate) use check::{prove_batch, settle};
pub use code::Code;
pub use context::{Context, Error};
pub use eip712::Domain;
pub use event::Event;
pub use leaf::Value;
pub use leaves::{HeldWrites, LeafFault, Leaves, Memory};
pub use message::{MessageError, apply_message, apply_misbehavior};
pub use parameters::Parameters;
pub use recipient::{OwnContracts, Unusable};
pub use reject::{Asset, Reject};
pub use slot::{Slot, ring_place};
pub use transaction::Transaction;

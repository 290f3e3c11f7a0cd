//! Relaying between the two chains, decided without I/O.
//!
//! Each machine here is asked `next(now)` for an [`inbox::Request`] or an [`outbox::Task`], a driver in `client` carries it out,
//! and the answer is fed back. Time is an argument (milliseconds of a clock that never steps back), nothing is awaited, and an answer that is
//! late, wrong, hostile or repeated changes nothing but the state of the endpoint that gave it.
//!
//! ```text
//!   endpoint 0 ──► track ──┐
//!                          ├─► inbox: what both agree on ──► View ──► vote extensions, claims
//!   endpoint 1 ──► track ──┘
//!   checkpoints, shares ──► outbox ──► transactions on root
//! ```
//! `seen` and `config` are the vocabulary of all others and name none of them; `events` and `acceptance` read what is said in it.

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

pub mod acceptance;
pub mod challenges;
pub mod config;
pub mod events;
pub mod inbox;
pub mod members;
pub mod outbox;
pub mod seen;
pub mod track;
pub mod watch;
pub mod witness;

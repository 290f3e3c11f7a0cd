//! Relaying between the two chains, decided without I/O.
//!
//! Each machine here is asked `next(now)` for a [`inbox::Request`] or an [`outbox::Action`], a driver in `client` carries it out,
//! and the answer is fed back. Time is an argument (milliseconds since the Unix epoch), nothing is awaited, and an answer that is late,
//! wrong, hostile or repeated changes nothing but the state of the endpoint that gave it.
//!
//! ```text
//!   endpoint 0 ──► track ──┐
//!                          ├─► inbox: what both agree on ──► View ──► vote extensions, claims
//!   endpoint 1 ──► track ──┘
//!   checkpoints, shares ──► outbox ──► transactions on root
//! ```

#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::panic,
        clippy::unwrap_used
    )
)]

pub mod acceptance;
pub mod events;
pub mod inbox;
pub mod outbox;
pub mod seen;
pub mod track;
pub mod witness;

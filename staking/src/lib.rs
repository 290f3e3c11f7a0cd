//! Who validates, who stands behind whom, and what that earns and costs: stake as pure rules over leaves that a port provides.
//!
//! ```text
//! apply(leaves, context, input) -> effects
//!
//!   operators    register, take a seat, leave, unjail, edit, retire
//!   delegators   delegate, undelegate, cancel, redelegate, merge, claim, restake; anybody: apply a cut
//!   root         registrations, freezes, settlements, money for the pool, maturity
//!   boundary     release, reward (pass A), roll (pass B), copy (pass C)
//! ```
//!
//! The values of leaves are typed, each with its bytes beside it ([`Value`], [`Leaf`]). Nothing is kept between calls: every rule reads
//! and writes a bounded number of leaves through [`TypedLeaves`], so that a contract can execute it again from a witness. What moves is
//! said as an [`Effect`]; the ledger alone moves money. Amounts are stake (u128), weights are power = stake / unit (u64).

#![doc = include_str!("touched.md")]
#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

mod apply;
pub mod bytes;
mod cuts;
mod difference;
mod effect;
mod error;
mod freezes;
mod genesis;
mod index;
mod leaf;
mod leaves;
mod legs;
mod line;
mod member;
pub mod minima;
mod operator;
mod position;
pub mod rules;
mod seat;
mod set;
mod shown;
mod stake;
#[cfg(test)]
mod tests;
mod touch;

pub use apply::{Context, Input, Rules, apply};
pub use cuts::{CutNode, SPAN, WHOLE};
pub use difference::{Difference, DifferenceError, Update, difference};
pub use effect::{Effect, Loss};
pub use error::{Error, FrozenKind, Reject};
pub use freezes::{Freezes, Maturity};
pub use genesis::{Founder, Opening, found};
pub use index::{Index, Mark};
pub use leaf::{Key, Leaf, LeafError, Value, refuse, ring_place, take_flag, width_of_kind};
pub use leaves::{MemoryLeaves, TypedLeaves};
pub use line::{Account, Line, LineId, LineState, account_of};
pub use member::{Member, MemberLeaf, Standing};
pub use operator::{Description, Operator, Registration, Rewards, Signer};
pub use position::{Counter, Leg, Position, share_down};
pub use seat::{Seat, SeatState};
pub use set::{
    MAX_AMOUNT, MAX_SEATS, MAX_TOTAL_POWER, MIN_UNIT, PowerError, epoch_of, first_height,
    power_down, set_at, total_power,
};

//! What stands in the leaves: one type a kind, each with its bytes (PROTOCOL section 3).
//!
//! [`money`]: accounts, assets, the fee pool, withdrawals, records. [`set`]: seats and sets. [`chain`]: what
//! blocks and epochs leave behind.
//! Decoding is strict: the width of the kind, every reserved byte zero, every enumeration known. What does not decode was
//! not written by this program: a fault, never a reject.

pub use plasmid_staking::minima::MinimaNode;
pub use plasmid_staking::{LeafError, MemberLeaf, Seat, Value};
use plasmid_staking::{refuse, take_flag};

mod chain;
mod money;
mod set;
#[cfg(test)]
mod tests;

pub use chain::{BoundaryLeaf, EpochRecord, InboxLeaf, Participation, Pass, ShareBits};
pub use money::{
    AccountLeaf, AssetLeaf, Burned, FeePool, NATIVE, RecordLeaf, TokenBalance, Withdrawal,
    WithdrawalCounter,
};
pub use set::SetLeaf;

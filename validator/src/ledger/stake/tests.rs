//! What tests ask of staking in the ledger.

pub(crate) mod carried;

//! What whoever runs a watcher chooses.

use alloy_primitives::Address;

/// How a watcher behaves.
#[derive(Clone, Copy, Debug)]
pub struct WatchOptions {
    /// Who is paid.
    pub beneficiary: Address,
    /// Whether nothing is sent.
    pub dry_run: bool,
    /// Wei that all reports together may cost, from the first one that this folder knows of.
    pub budget: Option<u128>,
    /// Wei that questions for data may hold and have lost together; 0: it asks for nothing.
    pub challenge_budget: u128,
}

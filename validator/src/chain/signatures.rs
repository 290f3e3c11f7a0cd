//! Signatures of users' transactions, judged as a court does: by a segment's bytes alone. Twin: `SignatureJudge.sol`.
//!
//! ```text
//! checkpoint ─ blocks root ─ block ─ segments root ─ segment record ─ bytes ─ transaction ──► EIP-712 digest, scheme, sender
//! ```
//! What cannot be decided, because the bytes split otherwise or are no transaction that users sign, is unsound for another reason, which
//! re-execution of the segment finds (`reexecute::FormError`). No static rule is asked.

use alloy_primitives::U256;
use plasmid_bridge::proof::hint;

use crate::ledger::check::judge_signature;
use crate::ledger::transaction::Authentication;
use crate::ledger::{Account, Code, Domain, Transaction};

/// A transaction that its sender did not sign, and what shows that on root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSignature {
    /// Its number in the segment, from 0.
    pub place: u32,
    /// `bad_signature`, or `wrong_sender`.
    pub code: Code,
    /// The hints of key and R, 0 where no Ed25519 signature decides it.
    pub hints: [U256; 2],
}

/// The transactions of a users' segment that their senders did not sign.
#[must_use]
pub fn bad_signatures(transactions: &[&[u8]], domain: &Domain) -> Vec<BadSignature> {
    let numbered = (0..).zip(transactions);
    let bad = numbered.filter_map(|(place, bytes)| {
        let (transaction, verdict) = judge_signature(bytes, domain)?;
        Some(BadSignature {
            place,
            code: verdict.err()?.code(),
            hints: hints(&transaction),
        })
    });
    bad.collect()
}

/// The hints with which a court decides this transaction's signature.
fn hints(transaction: &Transaction) -> [U256; 2] {
    match &transaction.authentication {
        Authentication::Ed25519 { key, signature }
            if transaction.header.sender == Account::ed25519(key) =>
        {
            hint::hints(key, signature)
        }
        _ => [U256::ZERO; 2],
    }
}

#[cfg(test)]
mod tests;

//! Signatures of users' transactions, judged as a court does: by a segment's bytes alone. Twin: `SignatureJudge.sol`.
//!
//! ```text
//! checkpoint ─ blocks root ─ block ─ segments root ─ segment record ─ bytes ─ transaction ──► EIP-712 digest, scheme, sender
//! ```
//! A court reads no further than the transaction that it is shown, and reads what nodes refuse for other reasons. What it cannot decide, because the bytes split
//! otherwise or are no transaction that users sign, is unsound for another reason, which re-execution of the segment finds (`reexecute::FormError`).

use alloy_primitives::U256;
use plasmid_bridge::proof::bytes::Reader;
use plasmid_bridge::proof::hint;

use crate::ledger::check::judge_signature;
use crate::ledger::{Code, Domain};

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
    let separator = domain.separator();
    let numbered = (0..).zip(transactions);
    let bad = numbered.filter_map(|(place, bytes)| {
        let verdict = judge_signature(bytes, &separator)?;
        Some(BadSignature {
            place,
            code: verdict.code?,
            hints: hints(verdict.ed25519),
        })
    });
    bad.collect()
}

/// The transactions of a segment, `count` at most, as far as its bytes split.
#[must_use]
pub fn split(segment: &[u8], count: u32) -> Vec<&[u8]> {
    let mut reader = Reader::new(segment);
    let next = |_| {
        let length = usize::try_from(reader.u32().ok()?).ok()?;
        reader.slice(length).ok()
    };
    (0..count).map_while(next).collect()
}

/// The hints with which a court decides a signature.
fn hints(ed25519: Option<([u8; 32], [u8; 64])>) -> [U256; 2] {
    ed25519.map_or([U256::ZERO; 2], |(key, signature)| {
        hint::hints(&key, &signature)
    })
}

#[cfg(test)]
mod tests;

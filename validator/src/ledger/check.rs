//! What can be judged from a transaction's own bytes: form, support, static rules, signature and sender.
//!
//! Only this module makes a [`CheckedTransaction`]. [`check_batch`] gives every transaction the verdict that [`check`] gives:
//! both verify Ed25519 by ZIP-215 through one library, whose batch equation holds whenever each single one does; when a batch
//! fails, each is verified alone. The batch's coefficients are hashed from the batch itself, so there is no randomness here.
//!
//! An Ed25519 key of small order is accepted, as ZIP-215 does: anybody can sign for the account of such a key, which
//! therefore belongs to nobody. Its id is the hash of a key that no wallet makes.

use alloy_primitives::B256;

use super::eip712::Domain;
use super::reject::Reject;
use super::rules;
use super::transaction::{Body, Header, Scheme, Transaction};

mod claimed;
mod forced;
mod judged;
#[cfg(test)]
mod tests;
pub(crate) mod transcript;

pub use claimed::Claimed;
pub(crate) use claimed::{prove_batch, settle};
pub(super) use forced::{Forced, check_forced};
pub use forced::{forced_ed25519, has_forced_form, has_forced_header, judge_forced};
pub use judged::{SignatureVerdict, judge_signature};

/// A transaction that says what its sender said. Whether it applies depends on the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedTransaction {
    transaction: Transaction,
    length: usize,
    digest: B256,
}

impl CheckedTransaction {
    /// The transaction.
    pub const fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// Its common fields.
    pub const fn header(&self) -> &Header {
        &self.transaction.header
    }

    /// What it does.
    pub const fn body(&self) -> &Body {
        &self.transaction.body
    }

    /// Bytes of its encoding, for which it pays.
    pub const fn length(&self) -> usize {
        self.length
    }

    /// The EIP-712 digest that was signed.
    pub const fn digest(&self) -> &B256 {
        &self.digest
    }
}

/// Judges the bytes of a user's transaction.
pub fn check(bytes: &[u8], domain: &Domain) -> Result<CheckedTransaction, Reject> {
    Unverified::read(bytes)?.verify(domain)
}

/// A transaction that is decoded, supported and keeps the static rules, and whose signature is not verified yet. Verification is costly,
/// so it comes after what the state may refuse.
#[derive(Clone, Debug)]
pub struct Unverified {
    transaction: Transaction,
    length: usize,
}

impl Unverified {
    /// Reads the bytes of a user's transaction.
    ///
    /// # Errors
    /// [`Reject`], as [`check`] gives it for the same bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, Reject> {
        let transaction = read_signed(bytes)?;
        rules::check(transaction.header.sender, &transaction.body)?;
        Ok(Self {
            transaction,
            length: bytes.len(),
        })
    }

    /// What it says.
    pub const fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// Bytes of its encoding.
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Verifies signature and sender.
    ///
    /// # Errors
    /// [`Reject`], as [`check`] gives it for the same bytes.
    pub fn verify(self, domain: &Domain) -> Result<CheckedTransaction, Reject> {
        self.claim(&domain.separator())?.proven()
    }

    /// What is left to verify, so that many are verified together. `separator` is the domain's.
    ///
    /// # Errors
    /// [`Reject`], as [`check`] gives it for the same bytes: all that it refuses but signatures.
    pub(crate) fn claim(self, separator: &B256) -> Result<Claimed, Reject> {
        Claimed::of(self.say(separator))
    }

    /// The transaction as if its sender had signed it.
    fn say(self, separator: &B256) -> CheckedTransaction {
        let digest = self.transaction.digest_under(separator);
        CheckedTransaction {
            transaction: self.transaction,
            length: self.length,
            digest,
        }
    }
}

/// Decodes what users may sign.
fn read_signed(bytes: &[u8]) -> Result<Transaction, Reject> {
    let transaction = Transaction::decode(bytes)?;
    check_support(&transaction)?;
    if transaction.authentication.scheme() == Scheme::RootSender {
        let why = "scheme root-sender has no signature; it stands only in a message that its sender sends to the inbox on root";
        return Err(Reject::NotAllowedHere { why });
    }
    Ok(transaction)
}

/// The transaction as if its sender had signed it, for a rehearsal: nothing that is written may rest on it.
pub(crate) fn assume(bytes: &[u8], domain: &Domain) -> Result<CheckedTransaction, Reject> {
    Ok(Unverified::read(bytes)?.say(&domain.separator()))
}

/// Judges many at once, each with the verdict of [`check`], in the order given.
pub fn check_batch(
    transactions: &[&[u8]],
    domain: &Domain,
) -> Vec<Result<CheckedTransaction, Reject>> {
    let separator = domain.separator();
    let claims = transactions.iter();
    let claims = claims.map(|bytes| Claimed::read(bytes, &separator));
    settle(claims.collect(), prove_batch)
}

/// Whether this version carries it out at all: kind, scheme, lane, fee payer.
fn check_support(transaction: &Transaction) -> Result<(), Reject> {
    let header = &transaction.header;
    rules::check_support(&transaction.body)?;
    if transaction.authentication.scheme() == Scheme::Multisig {
        return Err(Reject::UnsupportedScheme {
            scheme: Scheme::Multisig.byte(),
        });
    }
    if header.lane != 0 {
        return Err(Reject::UnsupportedLane { lane: header.lane });
    }
    match header.fee_payer.is_none() {
        true => Ok(()),
        false => Err(Reject::UnsupportedFeePayer {
            payer: header.fee_payer,
        }),
    }
}

//! What can be judged from a transaction's own bytes: form, support, static rules, signature and sender.
//!
//! Only this file makes a [`CheckedTransaction`]. [`check_batch`] gives every transaction the verdict that [`check`] gives:
//! both verify Ed25519 by ZIP-215 through one library, whose batch equation holds whenever each single one does; when a batch
//! fails, each is verified alone. The batch's coefficients are hashed from the batch itself, so there is no randomness here.
//!
//! An Ed25519 key of small order is accepted, as ZIP-215 does: anybody can sign for the account of such a key, which
//! therefore belongs to nobody. Its id is the hash of a key that no wallet makes.

use alloy_primitives::{B256, Signature, U256, uint};
use ed25519_zebra::batch::{Item, Verifier};
use ed25519_zebra::{Signature as EdSignature, VerificationKeyBytes};

use super::account::Account;
use super::eip712::Domain;
use super::reject::Reject;
use super::rules;
use super::transaction::{Authentication, Body, Header, Scheme, Transaction};
use transcript::Transcript;

mod forced;
#[cfg(test)]
mod tests;
pub(crate) mod transcript;

pub(super) use forced::{Forced, check_forced};
pub use forced::{has_forced_form, judge_forced};

/// Half of the order of secp256k1: a larger s is the mirror image of a valid signature (EIP-2).
const HALF_ORDER: U256 =
    uint!(0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0_U256);

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
        let candidate = Candidate::of(self.transaction, self.length, &domain.separator());
        if let Some(item) = candidate.claim()? {
            verify_one(item)?;
        }
        Ok(candidate.checked)
    }
}

/// What a court says of a user's transaction by form and signature alone: nothing of one that users cannot sign. It asks no static rule.
pub fn judge_signature(bytes: &[u8], domain: &Domain) -> Option<(Transaction, Result<(), Reject>)> {
    let transaction = read_signed(bytes).ok()?;
    let unverified = Unverified {
        transaction: transaction.clone(),
        length: bytes.len(),
    };
    Some((transaction, unverified.verify(domain).map(drop)))
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
pub(super) fn assume(bytes: &[u8], domain: &Domain) -> Result<CheckedTransaction, Reject> {
    Candidate::new(bytes, &domain.separator()).map(|candidate| candidate.checked)
}

/// Judges many at once, each with the verdict of [`check`], in the order given.
pub fn check_batch(
    transactions: &[&[u8]],
    domain: &Domain,
) -> Vec<Result<CheckedTransaction, Reject>> {
    let separator = domain.separator();
    let claims: Vec<_> = transactions
        .iter()
        .map(|bytes| claim(bytes, &separator))
        .collect();
    let batch_holds = verify_batch(&claims);
    let verdict = |claim: Result<(CheckedTransaction, Option<Item>), Reject>| {
        let (checked, item) = claim?;
        match item {
            Some(item) if !batch_holds => verify_one(item).map(|()| checked),
            Some(_) | None => Ok(checked),
        }
    };
    claims.into_iter().map(verdict).collect()
}

fn claim(bytes: &[u8], separator: &B256) -> Result<(CheckedTransaction, Option<Item>), Reject> {
    let candidate = Candidate::new(bytes, separator)?;
    let item = candidate.claim()?;
    Ok((candidate.checked, item))
}

fn verify_batch(claims: &[Result<(CheckedTransaction, Option<Item>), Reject>]) -> bool {
    let mut transcript = Transcript::new();
    let mut verifier = Verifier::new();
    for (checked, item) in claims.iter().flatten() {
        let (Some(item), Authentication::Ed25519 { key, signature }) =
            (item, &checked.transaction.authentication)
        else {
            continue;
        };
        transcript.absorb(key, signature, &checked.digest);
        verifier.queue(item.clone());
    }
    verifier.verify(transcript.coefficients()).is_ok()
}

fn verify_one(item: Item) -> Result<(), Reject> {
    item.verify_single().map_err(|_| Reject::BadSignature {
        why: "the Ed25519 signature does not verify; sign the EIP-712 digest of these very fields for this deployment",
    })
}

/// A transaction that is decoded, supported and keeps the static rules; its signature is not verified.
struct Candidate {
    checked: CheckedTransaction,
}

impl Candidate {
    fn new(bytes: &[u8], separator: &B256) -> Result<Self, Reject> {
        let Unverified {
            transaction,
            length,
        } = Unverified::read(bytes)?;
        Ok(Self::of(transaction, length, separator))
    }

    fn of(transaction: Transaction, length: usize, separator: &B256) -> Self {
        let digest = transaction.digest_under(separator);
        Self {
            checked: CheckedTransaction {
                transaction,
                length,
                digest,
            },
        }
    }

    /// Checks the sender. An ECDSA signature is verified on the way; an Ed25519 one is given back to be verified.
    fn claim(&self) -> Result<Option<Item>, Reject> {
        let CheckedTransaction {
            transaction,
            digest,
            ..
        } = &self.checked;
        let (signer, item) = match &transaction.authentication {
            Authentication::Ed25519 { key, signature } => {
                let signature = EdSignature::from_bytes(signature);
                let item = Item::from((VerificationKeyBytes::from(*key), signature, digest));
                (Account::ed25519(key), Some(item))
            }
            Authentication::Secp256k1 { r, s, v } => (recover(r, s, *v, digest)?, None),
            other @ (Authentication::RootSender | Authentication::Multisig(_)) => {
                return Err(Reject::UnsupportedScheme {
                    scheme: other.scheme().byte(),
                });
            }
        };
        let sender = transaction.header.sender;
        match signer == sender {
            true => Ok(item),
            false => Err(Reject::WrongSender { sender, signer }),
        }
    }
}

fn recover(r: &[u8; 32], s: &[u8; 32], v: u8, digest: &B256) -> Result<Account, Reject> {
    let odd = match v {
        27 => false,
        28 => true,
        _ => {
            return Err(Reject::BadSignature {
                why: "v of a secp256k1 signature is 27 or 28",
            });
        }
    };
    let (r, s) = (U256::from_be_bytes(*r), U256::from_be_bytes(*s));
    if s > HALF_ORDER {
        let why = "s of the secp256k1 signature is above half of the order; normalise it (n - s, and the other v)";
        return Err(Reject::BadSignature { why });
    }
    let address = Signature::new(r, s, odd)
        .recover_address_from_prehash(digest)
        .map_err(|_| Reject::BadSignature {
            why: "no key can have made this secp256k1 signature",
        })?;
    Ok(Account::ethereum(address.into_array()))
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

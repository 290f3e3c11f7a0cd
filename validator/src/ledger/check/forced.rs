//! Transactions that come through the inbox: judged as far as that decides whether a sequence is consumed.

use alloy_primitives::B256;
use plasmid_bridge::proof::bytes::Reader;

use super::{CheckedTransaction, Claimed, Unverified, check_support};
use crate::ledger::account::Account;
use crate::ledger::eip712::Domain;
use crate::ledger::recipient::OwnContracts;
use crate::ledger::reject::Reject;
use crate::ledger::rules;
use crate::ledger::transaction::{
    Authentication, Header, MAX_FORCED_BYTES, Scheme, Transaction, take_header,
};

/// A transaction that came through the inbox: authentic, in the form that the inbox demands, not judged further.
#[derive(Clone, Debug)]
pub(in crate::ledger) struct Forced {
    pub transaction: Transaction,
    pub digest: B256,
    /// What the static rules say: a failure that consumes the sequence, so it is kept and not returned.
    pub rules: Result<(), Reject>,
}

impl Forced {
    /// Whether it has a sequence that is checked and consumed; msg.sender needs none, its message is unique.
    pub fn is_signed(&self) -> bool {
        self.transaction.authentication.scheme() != Scheme::RootSender
    }
}

/// Judges the bytes of a message of the inbox sent by `root_sender`. An error consumes no sequence.
pub(in crate::ledger) fn check_forced(
    bytes: &[u8],
    root_sender: [u8; 20],
    domain: &Domain,
) -> Result<Forced, Reject> {
    let transaction = Transaction::decode(bytes)?;
    check_support(&transaction)?;
    check_forced_form(&transaction)?;
    let rules = rules::check(transaction.header.sender, &transaction.body);
    let length = bytes.len();
    let unverified = Unverified {
        transaction,
        length,
    };
    let mut checked = unverified.say(&domain.separator());
    if checked.transaction.authentication == Authentication::RootSender {
        let (sender, signer) = (checked.header().sender, Account::ethereum(root_sender));
        if sender != signer {
            return Err(Reject::WrongSender { sender, signer });
        }
    } else {
        checked = Claimed::of(checked)?.proven()?;
    }
    let CheckedTransaction {
        transaction,
        digest,
        ..
    } = checked;
    Ok(Forced {
        transaction,
        digest,
        rules,
    })
}

/// Judges bytes before somebody pays to send them through the inbox: an error means that they can have no effect, whatever the
/// state. A transaction of scheme root-sender is judged as if its own sender sent it.
///
/// # Errors
/// The rule that they break.
pub fn judge_forced(
    bytes: &[u8],
    domain: &Domain,
    contracts: &OwnContracts,
) -> Result<Transaction, Reject> {
    Reject::check_length("a transaction for the inbox", bytes.len(), MAX_FORCED_BYTES)?;
    let sender = Transaction::decode(bytes)?.header.sender;
    let forced = check_forced(bytes, sender.id, domain)?;
    forced.rules?;
    contracts.check_body(&forced.transaction.body)?;
    Ok(forced.transaction)
}

/// Key and signature of a forced transaction that stands or falls by an Ed25519 signature: one that is refused before its signature is
/// looked at, or whose key is another account's, has none.
#[must_use]
pub fn forced_ed25519(bytes: &[u8]) -> Option<([u8; 32], [u8; 64])> {
    let transaction = Transaction::decode(bytes).ok()?;
    check_support(&transaction).ok()?;
    check_forced_form(&transaction).ok()?;
    match transaction.authentication {
        Authentication::Ed25519 { key, signature } => {
            let is_its_own = Account::ed25519(&key) == transaction.header.sender;
            is_its_own.then_some((key, signature))
        }
        Authentication::Secp256k1 { .. }
        | Authentication::RootSender
        | Authentication::Multisig(_) => None,
    }
}

/// Whether the header of a forced transaction lets it come as far as its body and its signature. One that does not has no effect.
#[must_use]
pub fn has_forced_header(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let mut read = || {
        Some((
            reader.u8().ok()?,
            reader.u8().ok()?,
            take_header(&mut reader).ok()?,
        ))
    };
    let Some((_, scheme, header)) = read() else {
        return false;
    };
    let is_supported = header.lane == 0 && header.fee_payer.is_none();
    let is_numbered = match Scheme::from_byte(scheme) {
        Ok(Scheme::Ed25519 | Scheme::Secp256k1) => true,
        Ok(Scheme::RootSender) => header.sequence == 0,
        Ok(Scheme::Multisig) | Err(_) => false,
    };
    is_supported && is_numbered && has_forced_form(&header)
}

/// Whether a transaction with this header may come through the inbox: fee 0 and no expiry. Nothing of this form is signed for the mempool.
#[must_use]
pub const fn has_forced_form(header: &Header) -> bool {
    header.fee == 0 && header.valid_until == u64::MAX
}

/// A transaction that was signed for the mempool must never be forced, and one that was signed for the inbox must never enter the mempool.
fn check_forced_form(transaction: &Transaction) -> Result<(), Reject> {
    let header = &transaction.header;
    if !has_forced_form(header) {
        let why = "a transaction in the inbox has fee 0 and is valid until 2^64 - 1, so that none signed for the mempool can be forced";
        return Err(Reject::NotAllowedHere { why });
    }
    if transaction.authentication == Authentication::RootSender && header.sequence != 0 {
        let why = "a transaction of scheme root-sender has sequence 0; its message makes it unique";
        return Err(Reject::NotAllowedHere { why });
    }
    Ok(())
}

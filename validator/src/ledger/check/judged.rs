//! What a court says of a user's transaction by its signature alone. It reads what nodes refuse for other reasons too, and asks no rule.

use alloy_primitives::B256;
use ed25519_zebra::{Signature, VerificationKey};

use super::claimed::signer;
use crate::ledger::account::Account;
use crate::ledger::code::Code;
use crate::ledger::eip712::digest_of;
use crate::ledger::reject::Reject;
use crate::ledger::transaction::Scheme;

/// What a court says of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureVerdict {
    /// `bad_signature` or `wrong_sender`; none of a signature that holds.
    pub code: Option<Code>,
    /// Key and signature, where it is Ed25519 that decides.
    pub ed25519: Option<([u8; 32], [u8; 64])>,
}

/// What a court says of a transaction's bytes; nothing of what users cannot sign. Twin: `SignatureJudge.judge`.
#[must_use]
pub fn judge_signature(bytes: &[u8], separator: &B256) -> Option<SignatureVerdict> {
    let (digest, authentication) = digest_of(bytes, separator)?;
    let scheme = Scheme::from_byte(*bytes.get(1)?).ok()?;
    let sender = Account::from_bytes(bytes.get(2..23)?.first_chunk()?);
    let (signed, ed25519) = match (scheme, authentication.len()) {
        (Scheme::Ed25519, 96) => {
            let (key, signature) = authentication.split_first_chunk::<32>()?;
            let signature: &[u8; 64] = signature.first_chunk()?;
            match Account::ed25519(key) == sender {
                false => (Ok(false), None),
                true => {
                    let held = VerificationKey::try_from(*key)
                        .and_then(|one| one.verify(&Signature::from(*signature), &digest[..]));
                    (
                        held.map_err(|_| ()).map(|()| true),
                        Some((*key, *signature)),
                    )
                }
            }
        }
        (Scheme::Secp256k1, 65) => {
            let (r, rest) = authentication.split_first_chunk::<32>()?;
            let (s, v) = rest.split_first_chunk::<32>()?;
            let found: Result<Account, Reject> = signer(&digest, (r, s, *v.first()?));
            (found.map(|found| found == sender).map_err(drop), None)
        }
        _ => return None,
    };
    let code = match signed {
        Ok(true) => None,
        Ok(false) => Some(Code::WrongSender),
        Err(()) => Some(Code::BadSignature),
    };
    Some(SignatureVerdict { code, ed25519 })
}

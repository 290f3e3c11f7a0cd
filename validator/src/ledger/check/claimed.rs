//! A transaction whose signature is still to be verified, with what that needs: a block is executed while its signatures are verified, and
//! what comes of it is thrown away when one of them does not hold.

use alloy_primitives::{B256, Signature, U256, uint};
use ed25519_zebra::batch::{Item, Verifier};
use ed25519_zebra::{Signature as EdSignature, VerificationKeyBytes};

use super::transcript::Transcript;
use super::{CheckedTransaction, Unverified};
use crate::ledger::account::Account;
use crate::ledger::reject::Reject;
use crate::ledger::transaction::Authentication;

/// Half of the order of secp256k1: a larger s is the mirror image of a valid signature (EIP-2).
pub(super) const HALF_ORDER: U256 =
    uint!(0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0_U256);

/// A transaction that is decoded, supported and keeps the static rules. Whether its sender signed it is still to be found.
#[derive(Clone, Debug)]
pub struct Claimed {
    checked: CheckedTransaction,
    proof: Proof,
}

/// What is left to verify.
#[derive(Clone, Debug)]
enum Proof {
    /// Nothing: it was found before.
    Known,
    /// The signature. The key is the sender's.
    Ed25519(Item),
    /// The signature, whose signer must be the sender.
    Secp256k1,
}

impl Claimed {
    /// Reads the bytes of a user's transaction. `separator` is the domain's.
    ///
    /// # Errors
    /// [`Reject`], as [`check`](super::check) gives it for the same bytes: all that it refuses but signatures.
    pub fn read(bytes: &[u8], separator: &B256) -> Result<Self, Reject> {
        Unverified::read(bytes)?.claim(separator)
    }

    /// One whose signature the caller has verified before.
    pub const fn known(checked: CheckedTransaction) -> Self {
        let proof = Proof::Known;
        Self { checked, proof }
    }

    /// What is claimed of this transaction. The sender of an Ed25519 key is compared here, since that costs no more than a hash.
    pub(super) fn of(checked: CheckedTransaction) -> Result<Self, Reject> {
        let proof = match &checked.transaction.authentication {
            Authentication::Ed25519 { key, signature } => {
                check_signer(&checked, Account::ed25519(key))?;
                let signature = EdSignature::from_bytes(signature);
                let key = VerificationKeyBytes::from(*key);
                Proof::Ed25519(Item::from((key, signature, &checked.digest)))
            }
            Authentication::Secp256k1 { .. } => Proof::Secp256k1,
            other @ (Authentication::RootSender | Authentication::Multisig(_)) => {
                return Err(Reject::UnsupportedScheme {
                    scheme: other.scheme().byte(),
                });
            }
        };
        Ok(Self { checked, proof })
    }

    /// The transaction as if it were checked. Nothing that comes of it may be kept or told before its signature is found to hold.
    pub(crate) const fn assumed(&self) -> &CheckedTransaction {
        &self.checked
    }

    /// Verifies what is left to verify.
    ///
    /// # Errors
    /// [`Reject`], as [`check`](super::check) gives it.
    pub fn proven(self) -> Result<CheckedTransaction, Reject> {
        self.prove()?;
        Ok(self.checked)
    }

    fn prove(&self) -> Result<(), Reject> {
        match &self.proof {
            Proof::Known => Ok(()),
            Proof::Ed25519(item) => item.clone().verify_single().map_err(|_| {
                let why = "the Ed25519 signature does not verify; sign the EIP-712 digest of these very fields for this deployment";
                Reject::BadSignature { why }
            }),
            Proof::Secp256k1 => check_signer(&self.checked, recover(&self.checked)?),
        }
    }
}

/// Verdicts on many signatures, in order, each that of [`Claimed::proven`].
#[must_use]
pub(crate) fn prove_batch(claims: &[&Claimed]) -> Vec<Result<(), Reject>> {
    let batch_holds = verify_batch(claims);
    let verdict = |claimed: &&Claimed| match claimed.proof {
        Proof::Ed25519(_) if batch_holds => Ok(()),
        _ => claimed.prove(),
    };
    claims.iter().map(verdict).collect()
}

/// The claims, each with its verdict. Verdicts of `prove` stand in the order of the claims that are no refusals; the answer ends where there are
/// too few of them.
pub(crate) fn settle(
    claims: Vec<Result<Claimed, Reject>>,
    prove: impl FnOnce(&[&Claimed]) -> Vec<Result<(), Reject>>,
) -> Vec<Result<CheckedTransaction, Reject>> {
    let open: Vec<&Claimed> = claims.iter().flatten().collect();
    let mut verdicts = prove(&open).into_iter();
    let settled = claims.into_iter().map_while(|claim| match claim {
        Ok(claimed) => Some(verdicts.next()?.map(|()| claimed.checked)),
        Err(reject) => Some(Err(reject)),
    });
    settled.collect()
}

fn verify_batch(claims: &[&Claimed]) -> bool {
    let mut transcript = Transcript::new();
    let mut verifier = Verifier::new();
    for claimed in claims {
        let CheckedTransaction {
            transaction,
            digest,
            ..
        } = &claimed.checked;
        let (Proof::Ed25519(item), Authentication::Ed25519 { key, signature }) =
            (&claimed.proof, &transaction.authentication)
        else {
            continue;
        };
        transcript.absorb(key, signature, digest);
        verifier.queue(item.clone());
    }
    verifier.verify(transcript.coefficients()).is_ok()
}

fn check_signer(checked: &CheckedTransaction, signer: Account) -> Result<(), Reject> {
    let sender = checked.header().sender;
    match signer == sender {
        true => Ok(()),
        false => Err(Reject::WrongSender { sender, signer }),
    }
}

fn recover(checked: &CheckedTransaction) -> Result<Account, Reject> {
    match &checked.transaction.authentication {
        Authentication::Secp256k1 { r, s, v } => signer(&checked.digest, (r, s, *v)),
        _ => Err(Reject::BadSignature {
            why: "it has no secp256k1 signature",
        }),
    }
}

/// The account whose key made a secp256k1 signature over a digest.
pub(super) fn signer(
    digest: &B256,
    (r, s, v): (&[u8; 32], &[u8; 32], u8),
) -> Result<Account, Reject> {
    let refuse = |why| Reject::BadSignature { why };
    let odd = match v {
        27 => false,
        28 => true,
        _ => return Err(refuse("v of a secp256k1 signature is 27 or 28")),
    };
    let (r, s) = (U256::from_be_bytes(*r), U256::from_be_bytes(*s));
    if s > HALF_ORDER {
        let why = "s of the secp256k1 signature is above half of the order; normalise it (n - s, and the other v)";
        return Err(refuse(why));
    }
    let address = Signature::new(r, s, odd)
        .recover_address_from_prehash(digest)
        .map_err(|_| refuse("no key can have made this secp256k1 signature"))?;
    Ok(Account::ethereum(address.into_array()))
}

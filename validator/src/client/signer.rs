//! Signs every kind of transaction with either kind of account key.

use std::{fmt, ops::Deref};

use alloy_primitives::{Address, keccak256};
use ed25519_dalek::Signer as _;
use plasmid_bridge::proof::bls;
use secp256k1::{Message, PublicKey, SECP256K1, SecretKey};
use zeroize::Zeroizing;

use crate::ledger::{
    Account, Domain, Transaction,
    eip712::{digest, naming_digest},
    transaction::{Authentication, Body, Header, Scheme},
};

/// Thirty-two secret bytes, wiped when dropped and never printed.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// A secret of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl From<Zeroizing<[u8; 32]>> for Secret {
    fn from(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }
}

impl Deref for Secret {
    type Target = [u8; 32];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// An Ethereum account: users, operators, relayers.
    Secp256k1,
    /// An Ed25519 account of the child chain.
    Ed25519,
    /// A validator's checkpoint key.
    Bls12381,
}

impl KeyKind {
    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secp256k1 => "secp256k1",
            Self::Ed25519 => "ed25519",
            Self::Bls12381 => "bls12-381",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Secp256k1, Self::Ed25519, Self::Bls12381]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// Why a secret cannot sign transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// Not a scalar of the curve.
    #[error(
        "the secret does not make a {0} key: its number is zero or not below the curve's order"
    )]
    OutOfRange(&'static str),
    /// A checkpoint key signs checkpoints only.
    #[error(
        "a bls12-381 key signs checkpoints, not transactions: use a secp256k1 or an ed25519 key"
    )]
    NotAnAccount,
}

/// A key that acts for an account.
pub enum Signer {
    /// Account kind 0.
    Secp256k1(SecretKey),
    /// Account kind 1.
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl Signer {
    /// The signer of `secret`.
    ///
    /// # Errors
    /// [`SignerError`] when the secret is out of the curve's range or of a kind that signs no transactions.
    pub fn new(kind: KeyKind, secret: &Secret) -> Result<Self, SignerError> {
        match kind {
            KeyKind::Secp256k1 => SecretKey::from_byte_array(**secret)
                .map(Self::Secp256k1)
                .map_err(|_| SignerError::OutOfRange("secp256k1")),
            KeyKind::Ed25519 => Ok(Self::Ed25519(Box::new(
                ed25519_dalek::SigningKey::from_bytes(secret),
            ))),
            KeyKind::Bls12381 => Err(SignerError::NotAnAccount),
        }
    }

    /// What a key is called in public: the account of an account key, the public key of a checkpoint key, in hex.
    ///
    /// # Errors
    /// [`SignerError::OutOfRange`].
    pub fn public_name(kind: KeyKind, secret: &Secret) -> Result<String, SignerError> {
        match kind {
            KeyKind::Bls12381 => bls::SecretKey::from_bytes(secret)
                .map(|key| hex::encode(key.public_key()))
                .map_err(|_| SignerError::OutOfRange("bls12-381")),
            _ => Ok(Self::new(kind, secret)?.account().to_string()),
        }
    }

    /// The account that this key acts for.
    pub fn account(&self) -> Account {
        match self {
            Self::Secp256k1(key) => {
                let public = PublicKey::from_secret_key(SECP256K1, key).serialize_uncompressed();
                let id = Address::from_word(keccak256(&public[1..]));
                Account {
                    kind: 0,
                    id: id.into_array(),
                }
            }
            Self::Ed25519(key) => Account::ed25519(key.verifying_key().as_bytes()),
        }
    }

    /// Signs that root pays the leaves of this Ed25519 account to `payout`: its key and the signature. Nothing for another kind of key, whose
    /// account says it on root itself.
    pub fn sign_naming(
        &self,
        payout: &[u8; 20],
        nonce: u64,
        domain: &Domain,
    ) -> Option<([u8; 32], [u8; 64])> {
        match self {
            Self::Secp256k1(_) => None,
            Self::Ed25519(key) => {
                let digest = naming_digest(domain, &self.account().id, payout, nonce);
                let signature = key.sign(digest.as_slice()).to_bytes();
                Some((key.verifying_key().to_bytes(), signature))
            }
        }
    }

    /// The scheme of its signatures.
    pub const fn scheme(&self) -> Scheme {
        match self {
            Self::Secp256k1(_) => Scheme::Secp256k1,
            Self::Ed25519(_) => Scheme::Ed25519,
        }
    }

    /// Signs `body` under `header` for the deployment of `domain`. The header's sender should be [`Signer::account`]; any
    /// other is signed as given, and refused by whoever checks it.
    pub fn sign(&self, header: Header, body: Body, domain: &Domain) -> Transaction {
        let digest = digest(self.scheme(), &header, &body, domain);
        let authentication = match self {
            Self::Secp256k1(key) => {
                let signature =
                    SECP256K1.sign_ecdsa_recoverable(Message::from_digest(digest.0), key);
                let (recovery, bytes) = signature.serialize_compact();
                let (r, s) = halves(&bytes);
                Authentication::Secp256k1 {
                    r,
                    s,
                    v: 27 + u8::from(i32::from(recovery) & 1 == 1),
                }
            }
            Self::Ed25519(key) => Authentication::Ed25519 {
                key: key.verifying_key().to_bytes(),
                signature: key.sign(digest.as_slice()).to_bytes(),
            },
        };
        Transaction {
            header,
            body,
            authentication,
            fee_payer_authentication: None,
        }
    }
}

fn halves(bytes: &[u8; 64]) -> ([u8; 32], [u8; 32]) {
    let (mut r, mut s) = ([0u8; 32], [0u8; 32]);
    r.copy_from_slice(&bytes[..32]);
    s.copy_from_slice(&bytes[32..]);
    (r, s)
}

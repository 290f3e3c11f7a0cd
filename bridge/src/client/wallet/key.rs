//! The secp256k1 key of an account on the root chain.
//!
//! Its bytes are wiped when it is dropped and never printed; the library's own copy lives for one signature.

use std::fmt;

use alloy_primitives::{Address, B256, Signature, U256, keccak256};
use secp256k1::{Message, PublicKey, Secp256k1, SecretKey, SignOnly};
use zeroize::Zeroizing;

/// Why the bytes are not a valid key.
#[derive(Debug, thiserror::Error)]
#[error(
    "these 32 bytes are not a valid secp256k1 key, which is at least 1 and below the order of the curve"
)]
pub struct KeyError;

/// A secret key and its address.
pub struct Key {
    secret: Zeroizing<[u8; 32]>,
    address: Address,
    curve: Secp256k1<SignOnly>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.address)
    }
}

impl Key {
    /// A key from its 32 bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let curve = Secp256k1::signing_only();
        let mut secret = SecretKey::from_byte_array(*bytes).map_err(|_| KeyError)?;
        let public = PublicKey::from_secret_key(&curve, &secret).serialize_uncompressed();
        secret.non_secure_erase();
        let digest = keccak256(&public[1..]);
        Ok(Self {
            secret: Zeroizing::new(*bytes),
            address: Address::from_slice(&digest[12..]),
            curve,
        })
    }

    /// The address that it acts for.
    pub fn address(&self) -> Address {
        self.address
    }

    /// A hash of these bytes that nobody computes without the key, and that tells nothing of the key.
    pub fn keyed_hash(&self, bytes: &[u8]) -> B256 {
        let keyed = Zeroizing::new([b"PKEY".as_slice(), self.secret.as_slice(), bytes].concat());
        keccak256(&*keyed)
    }

    /// Signs a digest; s is at most half of the order (EIP-2), the nonce deterministic (RFC 6979).
    pub fn sign(&self, digest: &B256) -> Signature {
        // The bytes were a key when this value was made, and they have not changed.
        let Ok(mut secret) = SecretKey::from_byte_array(*self.secret) else {
            return Signature::new(U256::ZERO, U256::ZERO, false);
        };
        let message = Message::from_digest(digest.0);
        let signature = self.curve.sign_ecdsa_recoverable(message, &secret);
        secret.non_secure_erase();
        let (recovery, compact) = signature.serialize_compact();
        let (r, s) = compact.split_at(32);
        let odd = i32::from(recovery) & 1 == 1;
        Signature::new(U256::from_be_slice(r), U256::from_be_slice(s), odd)
    }
}

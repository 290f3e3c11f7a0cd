//! BLS12-381 in its min-pk form: keys in G1 (96 bytes), signatures in G2 (192 bytes), uncompressed.
//!
//! A coordinate is 48 bytes, big-endian; G1 is x ‖ y, G2 is x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0 (the order of ZCash's encoding and of
//! blst; the precompiles of EIP-2537 take c0 first). Hash to curve is RFC 9380 over SHA-256 under one of the two tags of
//! PROTOCOL section 7; a signature under one tag is worth nothing under the other.
//!
//! Every point that is taken from bytes is checked to be on the curve, in the subgroup and not the identity: the identity key
//! with the identity signature would pass any pairing. Keys are added up only for members, whose possession root has checked.

use std::fmt;

use blst::{
    BLST_ERROR,
    min_pk::{AggregatePublicKey, AggregateSignature, PublicKey, SecretKey as Scalar, Signature},
};
use zeroize::Zeroizing;

use super::Hash;

/// Tag of a share over a checkpoint digest.
pub const CHECKPOINT_TAG: &[u8] = b"PLASMID_CHECKPOINT_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_";

/// Tag of a proof of possession.
pub const POSSESSION_TAG: &[u8] = b"PLASMID_POSSESSION_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// Bytes of a public key.
pub const KEY_BYTES: usize = 96;

/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 192;

/// 96 zero bytes: how an aggregate key that is the identity is written (no point has this encoding).
pub const NO_KEY: [u8; KEY_BYTES] = [0; KEY_BYTES];

/// Why a key or signature is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlsError {
    /// No canonical encoding of a point on the curve.
    #[error("not the encoding of a point on the curve")]
    Encoding,
    /// A point outside the subgroup of prime order.
    #[error("the point is not in the subgroup")]
    Subgroup,
    /// The identity point.
    #[error("the identity point")]
    Identity,
    /// The signature is not one of this key over this message.
    #[error("the signature does not verify")]
    Signature,
    /// Nothing to add up.
    #[error("nothing to aggregate")]
    Empty,
    /// Not the bytes of a secret key.
    #[error("not a secret key: zero, or not below the group order")]
    SecretKey,
}

/// A secret checkpoint key. Its memory is cleared when it goes; it is never printed.
#[derive(Clone)]
pub struct SecretKey(Scalar);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(hidden)")
    }
}

impl SecretKey {
    /// Derives a key from 32 bytes of entropy (KeyGen of draft-irtf-cfrg-bls-signature).
    ///
    /// # Errors
    /// [`BlsError::SecretKey`], which no entropy is known to give.
    pub fn from_entropy(entropy: &[u8; 32]) -> Result<Self, BlsError> {
        Scalar::key_gen(entropy, &[])
            .map(Self)
            .map_err(|_| BlsError::SecretKey)
    }

    /// Takes a key as [`SecretKey::to_bytes`] wrote it.
    ///
    /// # Errors
    /// [`BlsError::SecretKey`] for zero and for what is not below the group order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, BlsError> {
        Scalar::deserialize(bytes)
            .map(Self)
            .map_err(|_| BlsError::SecretKey)
    }

    /// The key, big-endian, for a keystore.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.serialize())
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> [u8; KEY_BYTES] {
        self.0.sk_to_pk().serialize()
    }

    /// The public key in the compressed form that other programs' key files name.
    #[must_use]
    pub fn compressed_public_key(&self) -> [u8; 48] {
        self.0.sk_to_pk().compress()
    }

    /// A share: the signature over a checkpoint digest.
    #[must_use]
    pub fn sign_checkpoint(&self, digest: &Hash) -> [u8; SIGNATURE_BYTES] {
        self.sign(digest, CHECKPOINT_TAG)
    }

    /// The proof of possession over the hash of a possession message.
    #[must_use]
    pub fn sign_possession(&self, possession: &Hash) -> [u8; SIGNATURE_BYTES] {
        self.sign(possession, POSSESSION_TAG)
    }

    fn sign(&self, message: &Hash, tag: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(message.as_slice(), tag, &[]).serialize()
    }
}

/// Checks a share over a checkpoint digest; `key` may be an aggregate.
///
/// # Errors
/// [`BlsError`] for the key's or signature's encoding, subgroup or identity, and for a signature that does not verify.
pub fn verify_share(
    key: &[u8; KEY_BYTES],
    digest: &Hash,
    signature: &[u8; SIGNATURE_BYTES],
) -> Result<(), BlsError> {
    verify(key, digest, signature, CHECKPOINT_TAG)
}

/// Checks a proof of possession.
///
/// # Errors
/// As [`verify_share`].
pub fn verify_possession(
    key: &[u8; KEY_BYTES],
    possession: &Hash,
    signature: &[u8; SIGNATURE_BYTES],
) -> Result<(), BlsError> {
    verify(key, possession, signature, POSSESSION_TAG)
}

/// Checks that `key` is a point of the subgroup other than the identity.
///
/// # Errors
/// [`BlsError::Encoding`], [`BlsError::Subgroup`] or [`BlsError::Identity`].
pub fn check_key(key: &[u8; KEY_BYTES]) -> Result<(), BlsError> {
    public_key(key).map(|_| ())
}

/// Adds up signatures over one message.
///
/// # Errors
/// [`BlsError`] for any of them, for none, and for a sum that is the identity.
pub fn aggregate_signatures(
    signatures: &[[u8; SIGNATURE_BYTES]],
) -> Result<[u8; SIGNATURE_BYTES], BlsError> {
    let mut points = signatures.iter().map(signature);
    let mut sum = AggregateSignature::from_signature(&points.next().ok_or(BlsError::Empty)??);
    for point in points {
        sum.add_aggregate(&AggregateSignature::from_signature(&point?));
    }
    let sum = sum.to_signature();
    sum.validate(true).map_err(refusal)?;
    Ok(sum.serialize())
}

/// Adds up keys of members; the sum is [`NO_KEY`] when it is the identity.
///
/// # Errors
/// [`BlsError`] for any of them, and for none.
pub fn aggregate_keys<'a>(
    keys: impl IntoIterator<Item = &'a [u8; KEY_BYTES]>,
) -> Result<[u8; KEY_BYTES], BlsError> {
    let mut points = keys.into_iter().map(public_key);
    let mut sum = AggregatePublicKey::from_public_key(&points.next().ok_or(BlsError::Empty)??);
    for point in points {
        sum.add_aggregate(&AggregatePublicKey::from_public_key(&point?));
    }
    Ok(write_sum(&sum.to_public_key()))
}

/// Adds a member's key to an aggregate, which may be [`NO_KEY`].
///
/// # Errors
/// [`BlsError`] for either of them.
pub fn add_key(sum: &[u8; KEY_BYTES], key: &[u8; KEY_BYTES]) -> Result<[u8; KEY_BYTES], BlsError> {
    if *sum == NO_KEY {
        check_key(key)?;
        return Ok(*key);
    }
    aggregate_keys([sum, key])
}

fn verify(
    key: &[u8; KEY_BYTES],
    message: &Hash,
    bytes: &[u8; SIGNATURE_BYTES],
    tag: &[u8],
) -> Result<(), BlsError> {
    let key = public_key(key)?;
    let signature = signature(bytes)?;
    match signature.verify(false, message.as_slice(), tag, &[], &key, false) {
        BLST_ERROR::BLST_SUCCESS => Ok(()),
        _ => Err(BlsError::Signature),
    }
}

fn public_key(bytes: &[u8; KEY_BYTES]) -> Result<PublicKey, BlsError> {
    let key = PublicKey::deserialize(bytes).map_err(refusal)?;
    key.validate().map_err(refusal)?;
    Ok(key)
}

fn signature(bytes: &[u8; SIGNATURE_BYTES]) -> Result<Signature, BlsError> {
    let signature = Signature::deserialize(bytes).map_err(refusal)?;
    signature.validate(true).map_err(refusal)?;
    Ok(signature)
}

fn write_sum(sum: &PublicKey) -> [u8; KEY_BYTES] {
    match sum.validate() {
        Err(BLST_ERROR::BLST_PK_IS_INFINITY) => NO_KEY,
        _ => sum.serialize(),
    }
}

fn refusal(error: BLST_ERROR) -> BlsError {
    match error {
        BLST_ERROR::BLST_PK_IS_INFINITY => BlsError::Identity,
        BLST_ERROR::BLST_POINT_NOT_IN_GROUP => BlsError::Subgroup,
        _ => BlsError::Encoding,
    }
}

#[cfg(test)]
mod tests;

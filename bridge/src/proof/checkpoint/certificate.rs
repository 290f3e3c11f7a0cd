//! The proof that more than two thirds of a set's power signed a checkpoint: who signed, and the sum of their signatures.
//!
//! `bitmap 64 ‖ aggregate signature 192`. Bit n is bit (n mod 8) of byte n / 8 and stands for member number n, the n-th of the
//! set in seat order; bits from the member count on are zero.

use plasmid_staking::Member;

use crate::proof::{
    Hash,
    bls::{self, BlsError},
    bytes::{DecodeError, Reader},
    set::MAX_MEMBERS,
};

/// Bytes of the bitmap: one bit for each of 512 members.
pub const BITMAP_BYTES: usize = 64;

/// Why there is no valid certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// More members than a set has.
    #[error("{count} members, a set has at most {MAX_MEMBERS}")]
    TooManyMembers {
        /// Members given.
        count: usize,
    },
    /// A bit at or behind the member count.
    #[error("bit {bit} is set, the set has {count} members")]
    StrayBit {
        /// Number of the bit.
        bit: usize,
        /// Number of members.
        count: usize,
    },
    /// The signers' power is not more than two thirds.
    #[error("power {signed} of {total} signed, more than two thirds are needed")]
    Quorum {
        /// Power of the signers.
        signed: u128,
        /// Power of the set.
        total: u128,
    },
    /// The aggregate key or signature.
    #[error(transparent)]
    Bls(#[from] BlsError),
}

/// A checkpoint's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificate {
    /// Who signed, by member number.
    pub bitmap: [u8; BITMAP_BYTES],
    /// Sum of their signatures.
    pub signature: [u8; bls::SIGNATURE_BYTES],
}

impl Certificate {
    /// Bytes of the encoding.
    pub const BYTES: usize = BITMAP_BYTES + bls::SIGNATURE_BYTES;

    /// bitmap ‖ signature.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [self.bitmap.as_slice(), self.signature.as_slice()].concat()
    }

    /// The inverse of [`Certificate::encode`].
    ///
    /// # Errors
    /// [`DecodeError`] unless there are exactly [`Certificate::BYTES`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let certificate = Self {
            bitmap: reader.array()?,
            signature: reader.array()?,
        };
        reader.finish()?;
        Ok(certificate)
    }
}

/// Whether member `number` is in `bitmap`.
#[must_use]
pub fn has(bitmap: &[u8; BITMAP_BYTES], number: usize) -> bool {
    bitmap
        .get(number / 8)
        .is_some_and(|byte| byte >> (number % 8) & 1 == 1)
}

/// Puts member `number` into `bitmap`; numbers from 512 on are no members.
pub fn insert(bitmap: &mut [u8; BITMAP_BYTES], number: usize) {
    if let Some(byte) = bitmap.get_mut(number / 8) {
        *byte |= 1 << (number % 8);
    }
}

/// Whether `signed` is more than two thirds of `total`.
#[must_use]
pub fn is_quorum(signed: u128, total: u128) -> bool {
    // Sums of at most 512 powers of 64 bits: three times them is far below 2^128.
    signed.saturating_mul(3) > total.saturating_mul(2)
}

/// The shares that verify, one a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    bitmap: [u8; BITMAP_BYTES],
    signatures: Vec<[u8; bls::SIGNATURE_BYTES]>,
}

impl Gathered {
    /// Whether the share of member `number` is here.
    #[must_use]
    pub fn has(&self, number: usize) -> bool {
        has(&self.bitmap, number)
    }

    /// Makes the certificate. The arguments are those of [`gather`].
    ///
    /// # Errors
    /// [`CertificateError::Quorum`] when there is too little power, [`CertificateError::Bls`] when signatures cancel each other out.
    pub fn certify(
        &self,
        members: &[Member],
        digest: &Hash,
    ) -> Result<Certificate, CertificateError> {
        check_quorum(members, &self.bitmap)?;
        let certificate = Certificate {
            bitmap: self.bitmap,
            signature: bls::aggregate_signatures(&self.signatures)?,
        };
        verify(members, digest, &certificate)?;
        Ok(certificate)
    }
}

/// Gathers shares `(member number, signature)`. Shares that do not verify, are from nobody, or come after one that verified
/// are left out: a stranger's bytes must not keep a certificate from being made.
///
/// # Errors
/// [`CertificateError::TooManyMembers`].
pub fn gather(
    members: &[Member],
    digest: &Hash,
    shares: &[(u16, [u8; bls::SIGNATURE_BYTES])],
) -> Result<Gathered, CertificateError> {
    check_size(members)?;
    let mut bitmap = [0; BITMAP_BYTES];
    let mut signatures = Vec::with_capacity(members.len());
    for (number, share) in shares {
        let number = usize::from(*number);
        let Some(member) = members.get(number) else {
            continue;
        };
        if !has(&bitmap, number) && bls::verify_share(&member.checkpoint_key, digest, share).is_ok()
        {
            insert(&mut bitmap, number);
            signatures.push(*share);
        }
    }
    Ok(Gathered { bitmap, signatures })
}

/// Makes a certificate of shares `(member number, signature)`: [`gather`], then [`Gathered::certify`].
///
/// # Errors
/// As [`gather`] and [`Gathered::certify`].
pub fn build(
    members: &[Member],
    digest: &Hash,
    shares: &[(u16, [u8; bls::SIGNATURE_BYTES])],
) -> Result<Certificate, CertificateError> {
    gather(members, digest, shares)?.certify(members, digest)
}

/// Checks `certificate` over `digest` against a set given in seat order, and gives the power that signed. That the members
/// are the set is for the caller to know, by its [commitment](crate::proof::set::commit).
///
/// # Errors
/// [`CertificateError`].
pub fn verify(
    members: &[Member],
    digest: &Hash,
    certificate: &Certificate,
) -> Result<u128, CertificateError> {
    check_size(members)?;
    if let Some(bit) =
        (members.len()..usize::from(MAX_MEMBERS)).find(|bit| has(&certificate.bitmap, *bit))
    {
        return Err(CertificateError::StrayBit {
            bit,
            count: members.len(),
        });
    }
    let signed = check_quorum(members, &certificate.bitmap)?;
    let keys = signers(members, &certificate.bitmap).map(|member| &member.checkpoint_key);
    let aggregate = bls::aggregate_keys(keys)?;
    if aggregate == bls::NO_KEY {
        return Err(BlsError::Identity.into());
    }
    bls::verify_share(&aggregate, digest, &certificate.signature)?;
    Ok(signed)
}

/// Why two certificates prove nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverlapError {
    /// Both are of one checkpoint.
    #[error("both certificates are of checkpoint {0}")]
    Same(Hash),
    /// The first (1) or the second (2) is none.
    #[error("certificate {which}: {error}")]
    Certificate {
        /// Which of them.
        which: u8,
        /// What is wrong with it.
        error: CertificateError,
    },
}

/// Who of a set signed both of two certified checkpoints, each given by its digest, as a certificate's bitmap. That they are of one epoch, and
/// the members its set, is for the caller to know. Twin: `contracts/src/court/DoubleCertificate.sol`.
///
/// # Errors
/// [`OverlapError`].
pub fn overlap(
    members: &[Member],
    first: (&Hash, &Certificate),
    second: (&Hash, &Certificate),
) -> Result<[u8; BITMAP_BYTES], OverlapError> {
    if first.0 == second.0 {
        return Err(OverlapError::Same(*first.0));
    }
    for (which, (digest, one)) in [(1, first), (2, second)] {
        verify(members, digest, one).map_err(|error| OverlapError::Certificate { which, error })?;
    }
    Ok(both(&first.1.bitmap, &second.1.bitmap))
}

/// The bits that both have.
#[must_use]
pub fn both(first: &[u8; BITMAP_BYTES], second: &[u8; BITMAP_BYTES]) -> [u8; BITMAP_BYTES] {
    let mut both = *first;
    for (byte, other) in both.iter_mut().zip(second) {
        *byte &= other;
    }
    both
}

fn check_size(members: &[Member]) -> Result<(), CertificateError> {
    if members.len() > usize::from(MAX_MEMBERS) {
        return Err(CertificateError::TooManyMembers {
            count: members.len(),
        });
    }
    Ok(())
}

fn signers<'a>(
    members: &'a [Member],
    bitmap: &'a [u8; BITMAP_BYTES],
) -> impl Iterator<Item = &'a Member> {
    members
        .iter()
        .enumerate()
        .filter(|(number, _)| has(bitmap, *number))
        .map(|(_, member)| member)
}

fn check_quorum(members: &[Member], bitmap: &[u8; BITMAP_BYTES]) -> Result<u128, CertificateError> {
    let total = members.iter().map(|member| u128::from(member.power)).sum();
    let signed = signers(members, bitmap)
        .map(|member| u128::from(member.power))
        .sum();
    if is_quorum(signed, total) {
        Ok(signed)
    } else {
        Err(CertificateError::Quorum { signed, total })
    }
}

#[cfg(test)]
mod tests;

//! Authentication schemes: who a transaction says it is from, and the bytes that prove it.

use plasmid_bridge::proof::bytes::Reader;

use crate::ledger::reject::Reject;

/// How a transaction is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// A signature of an Ed25519 key, verified by ZIP-215.
    Ed25519,
    /// A recoverable ECDSA signature, as wallets make it.
    Secp256k1,
    /// None: msg.sender on root; only inside a message of the inbox.
    RootSender,
    /// Reserved.
    Multisig,
}

impl Scheme {
    /// The byte in headers.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Secp256k1 => 2,
            Self::RootSender => 3,
            Self::Multisig => 4,
        }
    }

    /// The scheme of a byte; any other is unsupported.
    pub const fn from_byte(scheme: u8) -> Result<Self, Reject> {
        match scheme {
            1 => Ok(Self::Ed25519),
            2 => Ok(Self::Secp256k1),
            3 => Ok(Self::RootSender),
            4 => Ok(Self::Multisig),
            scheme => Err(Reject::UnsupportedScheme { scheme }),
        }
    }
}

/// What proves the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// key 32 ‖ signature 64.
    Ed25519 {
        /// The public key, 32 bytes (RFC 8032).
        key: [u8; 32],
        /// The signature, 64 bytes (RFC 8032).
        signature: [u8; 64],
    },
    /// r 32 ‖ s 32 ‖ v u8.
    Secp256k1 {
        /// The signature's r, big-endian.
        r: [u8; 32],
        /// The signature's s, big-endian, in the lower half of the order.
        s: [u8; 32],
        /// The recovery value, 27 or 28.
        v: u8,
    },
    /// Nothing.
    RootSender,
    /// Reserved.
    Multisig(Multisig),
}

impl Authentication {
    /// Its scheme.
    pub const fn scheme(&self) -> Scheme {
        match self {
            Self::Ed25519 { .. } => Scheme::Ed25519,
            Self::Secp256k1 { .. } => Scheme::Secp256k1,
            Self::RootSender => Scheme::RootSender,
            Self::Multisig(_) => Scheme::Multisig,
        }
    }

    pub(super) fn put(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Ed25519 { key, signature } => {
                bytes.extend(key);
                bytes.extend(signature);
            }
            Self::Secp256k1 { r, s, v } => {
                bytes.extend(r);
                bytes.extend(s);
                bytes.push(*v);
            }
            Self::RootSender => {}
            Self::Multisig(multisig) => multisig.put(bytes),
        }
    }

    pub(super) fn take(scheme: Scheme, reader: &mut Reader<'_>) -> Result<Self, Reject> {
        Ok(match scheme {
            Scheme::Ed25519 => Self::Ed25519 {
                key: reader.array()?,
                signature: reader.array()?,
            },
            Scheme::Secp256k1 => Self::Secp256k1 {
                r: reader.array()?,
                s: reader.array()?,
                v: reader.u8()?,
            },
            Scheme::RootSender => Self::RootSender,
            Scheme::Multisig => Self::Multisig(Multisig::take(reader)?),
        })
    }
}

/// One key of a multisig account, and its signature if it signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MultisigMember {
    /// Scheme 1.
    Ed25519 {
        /// The public key, 32 bytes (RFC 8032).
        key: [u8; 32],
        /// The signature, 64 bytes; `None` where it is not there yet.
        signature: Option<[u8; 64]>,
    },
    /// Scheme 2; the key is the address, left-aligned.
    Secp256k1 {
        /// The signer's address, 20 bytes, followed by 12 zero bytes.
        key: [u8; 32],
        /// The signature r, s and v, 65 bytes; `None` where it is not there yet.
        signature: Option<[u8; 65]>,
    },
}

/// Reserved: threshold u8 ‖ count u8 ‖ count × (scheme u8 ‖ key 32) ‖ bitmap u16 ‖ one signature per bit set.
/// Bit b of the bitmap is of value 2^b and belongs to key b.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Multisig {
    threshold: u8,
    members: Vec<MultisigMember>,
}

impl Multisig {
    /// Keys at most.
    pub const MAX_MEMBERS: u8 = 16;

    /// A multisig of 1 to 16 members.
    pub fn new(threshold: u8, members: Vec<MultisigMember>) -> Result<Self, Reject> {
        match members.len() {
            1..=16 => Ok(Self { threshold, members }),
            found => Err(bad_count(u64::try_from(found).unwrap_or(u64::MAX))),
        }
    }

    /// Signatures that it needs.
    pub const fn threshold(&self) -> u8 {
        self.threshold
    }

    /// Its keys, in order.
    pub fn members(&self) -> &[MultisigMember] {
        &self.members
    }

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.threshold);
        bytes.push(u8::try_from(self.members.len()).unwrap_or(Self::MAX_MEMBERS));
        let mut bitmap = 0u16;
        for (bit, member) in (0u32..).zip(&self.members) {
            let (scheme, key, signed) = match member {
                MultisigMember::Ed25519 { key, signature } => {
                    (Scheme::Ed25519, key, signature.is_some())
                }
                MultisigMember::Secp256k1 { key, signature } => {
                    (Scheme::Secp256k1, key, signature.is_some())
                }
            };
            bytes.push(scheme.byte());
            bytes.extend(key);
            bitmap |= u16::from(signed).checked_shl(bit).unwrap_or(0);
        }
        bytes.extend(bitmap.to_be_bytes());
        for member in &self.members {
            match member {
                MultisigMember::Ed25519 { signature, .. } => {
                    bytes.extend(signature.iter().flatten())
                }
                MultisigMember::Secp256k1 { signature, .. } => {
                    bytes.extend(signature.iter().flatten())
                }
            }
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Reject> {
        let threshold = reader.u8()?;
        let count = reader.u8()?;
        if count == 0 || count > Self::MAX_MEMBERS {
            return Err(bad_count(u64::from(count)));
        }
        let mut members = Vec::new();
        for _ in 0..count {
            members.push(take_key(reader)?);
        }
        let bitmap = reader.u16()?;
        if u32::from(bitmap)
            .checked_shr(u32::from(count))
            .is_some_and(|above| above != 0)
        {
            let allowed = "bits from the count on are zero";
            return Err(Reject::BadField {
                field: "multisig bitmap",
                found: u64::from(bitmap),
                allowed,
            });
        }
        for (bit, member) in (0u32..).zip(&mut members) {
            if bitmap.checked_shr(bit).unwrap_or(0) & 1 == 1 {
                take_signature(member, reader)?;
            }
        }
        Ok(Self { threshold, members })
    }
}

fn bad_count(found: u64) -> Reject {
    Reject::BadField {
        field: "multisig count",
        found,
        allowed: "a multisig has 1 to 16 keys",
    }
}

fn take_key(reader: &mut Reader<'_>) -> Result<MultisigMember, Reject> {
    let scheme = Scheme::from_byte(reader.u8()?)?;
    let key = reader.array()?;
    match scheme {
        Scheme::Ed25519 => Ok(MultisigMember::Ed25519 {
            key,
            signature: None,
        }),
        Scheme::Secp256k1 => Ok(MultisigMember::Secp256k1 {
            key,
            signature: None,
        }),
        Scheme::RootSender | Scheme::Multisig => Err(Reject::BadField {
            field: "scheme of a multisig key",
            found: u64::from(scheme.byte()),
            allowed: "a key is of scheme 1 or 2",
        }),
    }
}

fn take_signature(member: &mut MultisigMember, reader: &mut Reader<'_>) -> Result<(), Reject> {
    match member {
        MultisigMember::Ed25519 { signature, .. } => *signature = Some(reader.array()?),
        MultisigMember::Secp256k1 { signature, .. } => *signature = Some(reader.array()?),
    }
    Ok(())
}

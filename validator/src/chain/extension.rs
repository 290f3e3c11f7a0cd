//! The vote extension: what a validator has seen of root's inbox, and a share over a checkpoint (PROTOCOL section 6).
//!
//! ```text
//! version u8 (1) | report cursor u64 | report link 32 | 0                                                        42 bytes
//!                                                     | 1 | share 192                                           234 bytes
//!                                                     | 2 | epoch u64 | member number u16 | share 192           244 bytes
//! ```
//! Flag 1 is the share over the checkpoint that the voter's epoch signs, which blocks count; flag 2 is one over an older checkpoint,
//! which no block counts: whoever sees the vote keeps it for relayers. Only the frame is judged here. What a report says is weighed
//! by the tally, and whether a share verifies is the relayer's and the proposer's concern, never a rule of blocks.

use alloy_primitives::B256;
use plasmid_bridge::proof::bytes::Reader;

use super::error::{Malformed, expect_kind};

/// Bytes of an extension without a share.
pub const EXTENSION_SHORT: usize = 42;
/// Bytes of an extension with the share that its epoch signs.
pub const EXTENSION_LONG: usize = 234;
/// Bytes of an extension with a late share: the longest one.
pub const EXTENSION_LATE: usize = 244;

const VERSION: u8 = 1;

/// A share over the checkpoint of an epoch that no vote of the next epoch brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateShare {
    /// The epoch whose checkpoint it signs.
    pub epoch: u64,
    /// The signer's number among the members of the set of the epoch after.
    pub member: u16,
    /// The BLS signature.
    pub signature: [u8; 192],
}

/// The share that an extension brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brought {
    /// The vote brings no share.
    Nothing,
    /// A share over the checkpoint of the epoch before the vote's.
    Due([u8; 192]),
    /// A share over an older checkpoint.
    Late(LateShare),
}

/// A decoded extension.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extension {
    /// How many messages the signer has seen finalized, at most M past the chain's cursor.
    pub cursor: u64,
    /// The inbox link h(cursor), as the signer computed it.
    pub link: B256,
    /// The share that it brings.
    pub share: Brought,
}

impl Extension {
    /// The share that blocks count.
    pub fn due(&self) -> Option<[u8; 192]> {
        match self.share {
            Brought::Due(share) => Some(share),
            Brought::Nothing | Brought::Late(_) => None,
        }
    }

    /// The canonical bytes: 42, 234 or 244 of them.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(EXTENSION_LATE);
        out.push(VERSION);
        out.extend_from_slice(&self.cursor.to_be_bytes());
        out.extend_from_slice(self.link.as_slice());
        match &self.share {
            Brought::Nothing => out.push(0),
            Brought::Due(share) => {
                out.push(1);
                out.extend_from_slice(share);
            }
            Brought::Late(late) => {
                out.push(2);
                out.extend_from_slice(&late.epoch.to_be_bytes());
                out.extend_from_slice(&late.member.to_be_bytes());
                out.extend_from_slice(&late.signature);
            }
        }
        out
    }

    /// Reads an extension that consumes every byte.
    ///
    /// # Errors
    /// [`Malformed`] when the length, the version or the flag is none of those above.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        expect_kind(&mut reader, VERSION)?;
        let cursor = reader.u64()?;
        let link = B256::from(reader.array::<32>()?);
        let share = match reader.u8()? {
            0 => Brought::Nothing,
            1 => Brought::Due(reader.array()?),
            2 => Brought::Late(LateShare {
                epoch: reader.u64()?,
                member: reader.u16()?,
                signature: reader.array()?,
            }),
            found => return Err(Malformed::Flag { found }),
        };
        reader.finish()?;
        Ok(Self {
            cursor,
            link,
            share,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(share: Brought) -> Extension {
        Extension {
            cursor: 0x0102_0304_0506_0708,
            link: B256::repeat_byte(0xaa),
            share,
        }
    }

    fn late() -> LateShare {
        LateShare {
            epoch: 0x1112_1314_1516_1718,
            member: 0x0102,
            signature: [0x5c; 192],
        }
    }

    fn all() -> [(Extension, usize); 3] {
        [
            (with(Brought::Nothing), EXTENSION_SHORT),
            (with(Brought::Due([0x5c; 192])), EXTENSION_LONG),
            (with(Brought::Late(late())), EXTENSION_LATE),
        ]
    }

    #[test]
    fn the_frames_have_the_widths_of_the_protocol_and_survive_a_round_trip() {
        for (extension, width) in all() {
            let bytes = extension.encode();
            assert_eq!(bytes.len(), width);
            assert_eq!(Extension::decode(&bytes), Ok(extension));
        }
    }

    #[test]
    fn every_truncation_and_every_extra_byte_is_refused() {
        for (extension, _) in all() {
            let bytes = extension.encode();
            for length in 0..bytes.len() {
                assert!(
                    Extension::decode(&bytes[..length]).is_err(),
                    "{length} bytes"
                );
            }
            let mut extra = bytes.clone();
            extra.push(0);
            assert!(Extension::decode(&extra).is_err());
        }
    }

    #[test]
    fn a_flag_that_is_none_of_those_and_another_version_are_refused() {
        for (extension, width) in all() {
            let mut bytes = extension.encode();
            bytes[41] = 3;
            assert_eq!(Extension::decode(&bytes), Err(Malformed::Flag { found: 3 }));
            let mut bytes = extension.encode();
            bytes[0] = 2;
            let (expected, found) = (1, 2);
            assert_eq!(
                Extension::decode(&bytes),
                Err(Malformed::Kind { expected, found }),
                "{width}"
            );
        }
    }

    #[test]
    fn only_the_share_that_is_due_is_one_for_blocks() {
        let [nothing, due, late] = all().map(|(extension, _)| extension.due());
        assert_eq!((nothing, due, late), (None, Some([0x5c; 192]), None));
    }

    #[test]
    fn no_two_byte_strings_decode_to_one_extension() {
        for (extension, _) in all() {
            let bytes = extension.encode();
            for at in 0..bytes.len() {
                let mut other = bytes.clone();
                other[at] ^= 1;
                if let Ok(decoded) = Extension::decode(&other) {
                    assert_eq!(decoded.encode(), other);
                    assert_ne!(decoded, extension);
                }
            }
        }
    }
}

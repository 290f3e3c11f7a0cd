//! The vote extension: what a validator has seen of root's inbox, and its share over the last checkpoint (PROTOCOL section 6).
//!
//! ```text
//! version u8 (1) | report cursor u64 | report link 32 | has share u8 (0 or 1) | share 192 if so      42 or 234 bytes
//! ```
//! Only the frame is judged here. What a report says is weighed by the tally, and whether a share verifies is the
//! relayer's and the proposer's concern, never a rule of blocks.

use alloy_primitives::B256;
use plasmid_bridge::proof::bytes::Reader;

use super::error::{Malformed, expect_kind};

/// Bytes of an extension without a share.
pub const EXTENSION_SHORT: usize = 42;
/// Bytes of an extension with a share.
pub const EXTENSION_LONG: usize = 234;

const VERSION: u8 = 1;

/// A decoded extension.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extension {
    /// How many messages the signer has seen finalized, at most M past the chain's cursor.
    pub cursor: u64,
    /// The inbox link h(cursor), as the signer computed it.
    pub link: B256,
    /// A BLS signature over the checkpoint of the epoch before.
    pub share: Option<[u8; 192]>,
}

impl Extension {
    /// The canonical bytes, 42 or 234 of them.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(EXTENSION_LONG);
        out.push(VERSION);
        out.extend_from_slice(&self.cursor.to_be_bytes());
        out.extend_from_slice(self.link.as_slice());
        match &self.share {
            None => out.push(0),
            Some(share) => {
                out.push(1);
                out.extend_from_slice(share);
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
            0 => None,
            1 => Some(reader.array::<192>()?),
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

    fn long() -> Extension {
        Extension {
            cursor: 0x0102_0304_0506_0708,
            link: B256::repeat_byte(0xaa),
            share: Some([0x5c; 192]),
        }
    }

    #[test]
    fn both_frames_have_the_widths_of_the_protocol_and_survive_a_round_trip() {
        let short = Extension {
            share: None,
            ..long()
        };
        assert_eq!(short.encode().len(), EXTENSION_SHORT);
        assert_eq!(long().encode().len(), EXTENSION_LONG);
        assert_eq!(Extension::decode(&short.encode()), Ok(short));
        assert_eq!(Extension::decode(&long().encode()), Ok(long()));
    }

    #[test]
    fn every_truncation_and_every_extra_byte_is_refused() {
        for extension in [
            long(),
            Extension {
                share: None,
                ..long()
            },
        ] {
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
    fn a_flag_that_is_not_zero_or_one_and_another_version_are_refused() {
        let mut bytes = long().encode();
        bytes[41] = 2;
        assert_eq!(Extension::decode(&bytes), Err(Malformed::Flag { found: 2 }));
        let mut bytes = long().encode();
        bytes[0] = 2;
        assert_eq!(
            Extension::decode(&bytes),
            Err(Malformed::Kind {
                expected: 1,
                found: 2
            })
        );
    }

    #[test]
    fn no_two_byte_strings_decode_to_one_extension() {
        let bytes = long().encode();
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            if let Ok(decoded) = Extension::decode(&other) {
                assert_eq!(decoded.encode(), other);
                assert_ne!(decoded, long());
            }
        }
    }
}

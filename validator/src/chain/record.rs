//! Transaction 0 of every block: all that execution reads from outside, so that a block's bytes determine the state.
//!
//! ```text
//! 0xf0 | executing part 164 | witness                                                     (PROTOCOL section 6)
//! executing: height u64 | time u64 | proposer 20 | participation 64 | share bits 64
//! witness:   vote count u16 | votes | hash count u16 | message hashes
//! vote:      seat u16 | extension length u16 | extension | extension signature 64         ascending by seat
//! ```
//! Only `0xf0 | executing part` stands in a segment. The witness is hashed into the block commitment: it shows why the
//! executing part says what it says, and a court need not carry it to re-execute. Nothing in the record says how far the inbox
//! is consumed: that is written from the bytes of the messages alone, so that nobody can put a link of root's inbox over
//! messages that root never sent.

use alloy_primitives::B256;
use plasmid_bridge::proof::bytes::Reader;

use super::bitmap::{Bitmap, SEATS_MAX};
use super::epoch::Moment;
use super::error::{Field, Malformed, expect_kind};
use super::extension::{EXTENSION_LATE, EXTENSION_LONG, EXTENSION_SHORT};

/// First byte of the block-input record.
pub const RECORD: u8 = 0xf0;
/// First byte of an inbox message's transaction.
pub const MESSAGE: u8 = 0xf1;
/// Bytes of `0xf0 | executing part`.
pub const EXECUTING_BYTES: usize = 165;

/// The part of the record that execution reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Executing {
    /// The block's height.
    pub height: u64,
    /// The block's time, nanoseconds since 1970.
    pub time: u64,
    /// The proposer's consensus address.
    pub proposer: [u8; 20],
    /// By seat: whose precommit stands in the last commit.
    pub participation: Bitmap,
    /// By member number: whose share this block brings for the first time.
    pub shares: Bitmap,
}

/// One vote of the height before, carried with its extension.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CarriedVote {
    /// The voter's seat in the set of that height.
    pub seat: u16,
    /// The vote extension's bytes (42, 234 or 244).
    pub extension: Vec<u8>,
    /// The engine's Ed25519 signature over the extension.
    pub signature: [u8; 64],
}

/// What shows that the executing part is right.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RecordWitness {
    /// Carried votes, ascending by seat.
    pub votes: Vec<CarriedVote>,
    /// Hashes of the messages after this block's, up to the highest report that counts.
    pub hashes: Vec<B256>,
}

/// Transaction 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// What execution reads.
    pub executing: Executing,
    /// What it was derived from.
    pub witness: RecordWitness,
}

impl Executing {
    /// The first of height and time that is not the block's.
    pub(crate) fn differs_from(&self, moment: &Moment) -> Option<Field> {
        if self.height != moment.height {
            return Some(Field::Height);
        }
        (self.time != moment.time).then_some(Field::Time)
    }

    /// `0xf0 | executing part`: what stands in the record's segment.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(EXECUTING_BYTES);
        out.push(RECORD);
        out.extend_from_slice(&self.height.to_be_bytes());
        out.extend_from_slice(&self.time.to_be_bytes());
        out.extend_from_slice(&self.proposer);
        out.extend_from_slice(&self.participation.0);
        out.extend_from_slice(&self.shares.0);
        out
    }

    /// Reads `0xf0 | executing part`, consuming every byte.
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are not exactly that.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let executing = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(executing)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        expect_kind(reader, RECORD)?;
        Ok(Self {
            height: reader.u64()?,
            time: reader.u64()?,
            proposer: reader.array()?,
            participation: Bitmap(reader.array()?),
            shares: Bitmap(reader.array()?),
        })
    }
}

impl RecordWitness {
    /// The witness bytes, whose hash stands in the block commitment.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(&count(self.votes.len()));
        for vote in &self.votes {
            out.extend_from_slice(&vote.seat.to_be_bytes());
            out.extend_from_slice(&count(vote.extension.len()));
            out.extend_from_slice(&vote.extension);
            out.extend_from_slice(&vote.signature);
        }
        out.extend_from_slice(&count(self.hashes.len()));
        for hash in &self.hashes {
            out.extend_from_slice(hash.as_slice());
        }
        out
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let votes = read_votes(reader)?;
        let count = reader.u16()?;
        let mut hashes = Vec::new();
        for _ in 0..count {
            hashes.push(B256::from(reader.array::<32>()?));
        }
        Ok(Self { votes, hashes })
    }
}

impl Record {
    /// The bytes of transaction 0.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.executing.encode();
        out.extend_from_slice(&self.witness.encode());
        out
    }

    /// Reads transaction 0, consuming every byte.
    ///
    /// # Errors
    /// [`Malformed`] when a frame is short or long, votes do not ascend by seat, a seat is past 511, or an extension has
    /// neither of its two widths.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let executing = Executing::read(&mut reader)?;
        let witness = RecordWitness::read(&mut reader)?;
        reader.finish()?;
        Ok(Self { executing, witness })
    }
}

fn read_votes(reader: &mut Reader<'_>) -> Result<Vec<CarriedVote>, Malformed> {
    let count = reader.u16()?;
    let mut votes: Vec<CarriedVote> = Vec::new();
    for _ in 0..count {
        let seat = reader.u16()?;
        let after = votes.last().map(|vote| vote.seat);
        if seat >= SEATS_MAX || after.is_some_and(|after| seat <= after) {
            return Err(Malformed::SeatOrder { seat, after });
        }
        let length = usize::from(reader.u16()?);
        if ![EXTENSION_SHORT, EXTENSION_LONG, EXTENSION_LATE].contains(&length) {
            return Err(Malformed::ExtensionLength { length });
        }
        votes.push(CarriedVote {
            seat,
            extension: reader.slice(length)?.to_vec(),
            signature: reader.array()?,
        });
    }
    Ok(votes)
}

/// A count, which the protocol writes as u16. A larger count becomes 65,535, with which no decoder accepts what follows.
fn count(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use plasmid_bridge::proof::bytes::DecodeError;

    use super::*;
    use crate::chain::extension::{Brought, Extension, LateShare};

    fn record() -> Record {
        let mut participation = Bitmap::default();
        participation.set(3);
        let extension = Extension {
            cursor: 9,
            link: B256::repeat_byte(1),
            share: Brought::Nothing,
        };
        let late = LateShare {
            epoch: 2,
            member: 1,
            signature: [8; 192],
        };
        let vote = |seat, share| CarriedVote {
            seat,
            extension: Extension {
                share,
                ..extension.clone()
            }
            .encode(),
            signature: [seat as u8; 64],
        };
        Record {
            executing: Executing {
                height: 5,
                time: 1_700_000_000_000_000_000,
                proposer: [1; 20],
                participation,
                shares: Bitmap::default(),
            },
            witness: RecordWitness {
                votes: vec![
                    vote(0, Brought::Nothing),
                    vote(3, Brought::Due([9; 192])),
                    vote(511, Brought::Late(late)),
                ],
                hashes: vec![B256::repeat_byte(3), B256::repeat_byte(4)],
            },
        }
    }

    #[test]
    fn a_record_survives_a_round_trip_and_its_executing_part_has_165_bytes() {
        let bytes = record().encode();
        assert_eq!(Record::decode(&bytes), Ok(record()));
        let executing = record().executing.encode();
        assert_eq!(executing.len(), EXECUTING_BYTES);
        assert_eq!(bytes[..EXECUTING_BYTES], executing[..]);
        assert_eq!(bytes[EXECUTING_BYTES..], record().witness.encode()[..]);
        assert_eq!(Executing::decode(&executing), Ok(record().executing));
    }

    #[test]
    fn every_truncation_and_an_extra_byte_are_refused() {
        let bytes = record().encode();
        for length in 0..bytes.len() {
            assert!(Record::decode(&bytes[..length]).is_err(), "{length} bytes");
        }
        let mut extra = bytes;
        extra.push(0);
        assert_eq!(
            Record::decode(&extra),
            Err(Malformed::Bytes(DecodeError::Trailing { extra: 1 }))
        );
    }

    #[test]
    fn a_record_that_decodes_encodes_to_the_same_bytes_whatever_bit_was_flipped() {
        let bytes = record().encode();
        for bit in 0..bytes.len() * 8 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            if let Ok(decoded) = Record::decode(&other) {
                assert_eq!(decoded.encode(), other, "bit {bit}");
            }
        }
    }

    #[test]
    fn votes_out_of_order_repeated_or_past_the_last_seat_are_refused() {
        let mut swapped = record();
        swapped.witness.votes.swap(0, 1);
        let mut repeated = record();
        repeated.witness.votes[1].seat = 0;
        let mut past = record();
        past.witness.votes[2].seat = 512;
        for bad in [swapped, repeated, past] {
            assert!(matches!(
                Record::decode(&bad.encode()),
                Err(Malformed::SeatOrder { .. })
            ));
        }
    }

    #[test]
    fn an_extension_of_another_width_and_huge_counts_are_refused() {
        let mut wide = record();
        wide.witness.votes[0].extension.push(0);
        assert_eq!(
            Record::decode(&wide.encode()),
            Err(Malformed::ExtensionLength { length: 43 })
        );
        let mut bytes = record().encode();
        bytes[EXECUTING_BYTES] = 0xff;
        assert!(Record::decode(&bytes).is_err());
        let hashes_at = bytes.len() - 66;
        let mut bytes = record().encode();
        bytes[hashes_at] = 0xff;
        assert!(Record::decode(&bytes).is_err());
    }
}

//! Misbehavior that the engine hands over, as a transaction of its own (PROTOCOL section 6).
//!
//! ```text
//! 0xf2 | block height u64 | type u8 | validator address 20 | offence height u64 | seconds i64 | nanos u32 | power i64 | total power i64
//! ```
//! The block's height stands first, so that the same offence in two blocks is two transactions with different bytes.

use plasmid_bridge::proof::bytes::Reader;

use super::error::{Malformed, expect_kind};

/// First byte of a misbehavior transaction.
pub const MISBEHAVIOR: u8 = 0xf2;
/// Bytes of a misbehavior transaction.
pub const MISBEHAVIOR_BYTES: usize = 66;

/// One misbehavior of an ABCI request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Misbehavior {
    /// 1 duplicate vote, 2 light client attack (ABCI's numbers).
    pub kind: u8,
    /// First 20 bytes of SHA-256 of the consensus key.
    pub address: [u8; 20],
    /// Height of the offence.
    pub height: u64,
    /// Block time at that height, seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds of that time within its second.
    pub nanos: u32,
    /// The validator's power at that height, as the engine says.
    pub power: i64,
    /// The set's total power at that height, as the engine says.
    pub total_power: i64,
}

impl Misbehavior {
    /// The transaction's bytes in the block of `block_height`.
    pub fn encode(&self, block_height: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(MISBEHAVIOR_BYTES);
        out.push(MISBEHAVIOR);
        out.extend_from_slice(&block_height.to_be_bytes());
        out.push(self.kind);
        out.extend_from_slice(&self.address);
        out.extend_from_slice(&self.height.to_be_bytes());
        out.extend_from_slice(&self.seconds.to_be_bytes());
        out.extend_from_slice(&self.nanos.to_be_bytes());
        out.extend_from_slice(&self.power.to_be_bytes());
        out.extend_from_slice(&self.total_power.to_be_bytes());
        out
    }

    /// Reads a misbehavior transaction: the block height that it begins with, and the misbehavior.
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are not exactly such a transaction.
    pub fn decode(bytes: &[u8]) -> Result<(u64, Self), Malformed> {
        let mut reader = Reader::new(bytes);
        expect_kind(&mut reader, MISBEHAVIOR)?;
        let block_height = reader.u64()?;
        let misbehavior = Self {
            kind: reader.u8()?,
            address: reader.array()?,
            height: reader.u64()?,
            seconds: signed(&mut reader)?,
            nanos: reader.u32()?,
            power: signed(&mut reader)?,
            total_power: signed(&mut reader)?,
        };
        reader.finish()?;
        Ok((block_height, misbehavior))
    }
}

fn signed(reader: &mut Reader<'_>) -> Result<i64, Malformed> {
    Ok(i64::from_be_bytes(reader.array()?))
}

/// The misbehavior of a request in its order, identical ones once (CometBFT can hand over one offence several times).
pub fn distinct(misbehavior: &[Misbehavior]) -> Vec<Misbehavior> {
    let mut seen = std::collections::BTreeSet::new();
    misbehavior
        .iter()
        .filter(|one| seen.insert(**one))
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offence() -> Misbehavior {
        Misbehavior {
            kind: 1,
            address: [7; 20],
            height: 41,
            seconds: -3,
            nanos: 999_999_999,
            power: 10,
            total_power: 40,
        }
    }

    #[test]
    fn a_misbehavior_survives_a_round_trip_and_a_time_before_1970() {
        let bytes = offence().encode(50);
        assert_eq!(bytes.len(), MISBEHAVIOR_BYTES);
        assert_eq!(Misbehavior::decode(&bytes), Ok((50, offence())));
    }

    #[test]
    fn every_truncation_extra_byte_and_other_first_byte_is_refused() {
        let bytes = offence().encode(50);
        for length in 0..bytes.len() {
            assert!(Misbehavior::decode(&bytes[..length]).is_err());
        }
        let mut extra = bytes.clone();
        extra.push(0);
        assert!(Misbehavior::decode(&extra).is_err());
        let mut other = bytes;
        other[0] = 0xf1;
        assert!(Misbehavior::decode(&other).is_err());
    }

    #[test]
    fn identical_ones_are_one_and_the_order_of_the_request_stays() {
        let later = Misbehavior {
            height: 42,
            ..offence()
        };
        assert_eq!(
            distinct(&[later, offence(), later, offence()]),
            vec![later, offence()]
        );
    }
}

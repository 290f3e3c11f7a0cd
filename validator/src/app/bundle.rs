//! Bundles: several transactions in one of the engine's mempool. The engine passes on one mempool transaction at a time, and that is most of what a
//! transaction costs it.
//!
//! ```text
//! bundle = 0xb0 ‖ version 1 ‖ n × (length u16 ‖ transaction)        n ≥ 1, 65,536 bytes at most
//! ```
//! - It carries transactions and never stands in a block: its first byte is one of a block's record, which no block takes from a user. So hashes,
//!   indexes and proofs are those of single transactions.
//! - Senders and sequences ascend strictly from one transaction to the next, so each place of a queue is in it once, and what follows another one stands
//!   behind it.

use prost::bytes::{Buf, Bytes};

use super::pool::Hash;
use crate::ledger::Account;
use crate::ledger::transaction::{Header, MAX_TRANSACTION_BYTES, MIN_TRANSACTION_BYTES};
use crate::wire::engine_hash;

/// The first byte of a bundle.
pub const TAG: u8 = 0xb0;
const VERSION: u8 = 1;
/// The longest bundle (`mempool.max_tx_bytes` of the engine).
pub const MAX_BUNDLE_BYTES: usize = 65_536;
/// Bytes before the first transaction, and before each one.
const HEAD_BYTES: usize = 2;
const LENGTH_BYTES: usize = 2;
/// Bytes of a bundle for its transactions, each with its length.
pub const ROOM: usize = MAX_BUNDLE_BYTES - HEAD_BYTES;

const _: () = assert!(MAX_TRANSACTION_BYTES <= u16::MAX as usize);

/// Why bytes are no bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum BundleError {
    #[error("a bundle has {found} bytes, at most {MAX_BUNDLE_BYTES} are read")]
    TooLong { found: usize },
    #[error("a bundle of version {0} is unknown, this node reads version {VERSION}")]
    Version(u8),
    #[error("a bundle ends inside a transaction")]
    Half,
    #[error("a bundle has no transaction")]
    Empty,
    #[error(
        "a bundle has a transaction of {0} bytes, and one has {MIN_TRANSACTION_BYTES} to {MAX_TRANSACTION_BYTES}"
    )]
    Transaction(usize),
}

/// Whether these bytes say that they are a bundle.
pub fn is_bundle(bytes: &[u8]) -> bool {
    bytes.first() == Some(&TAG)
}

/// The transactions of a bundle, each with the engine's hash of it. What they are is not looked at.
///
/// # Errors
/// [`BundleError`].
pub fn read(bundle: &Bytes) -> Result<Vec<(Hash, Bytes)>, BundleError> {
    if bundle.len() > MAX_BUNDLE_BYTES {
        let found = bundle.len();
        return Err(BundleError::TooLong { found });
    }
    let mut rest = bundle.clone();
    let half = |_| BundleError::Half;
    rest.try_get_u8().map_err(half)?;
    match rest.try_get_u8().map_err(half)? {
        VERSION => {}
        found => return Err(BundleError::Version(found)),
    }
    let mut members = Vec::new();
    while rest.has_remaining() {
        let length = usize::from(rest.try_get_u16().map_err(half)?);
        if !(MIN_TRANSACTION_BYTES..=MAX_TRANSACTION_BYTES).contains(&length) {
            return Err(BundleError::Transaction(length));
        }
        if length > rest.len() {
            return Err(BundleError::Half);
        }
        let bytes = rest.split_to(length);
        members.push((engine_hash(&bytes), bytes));
    }
    match members.is_empty() {
        true => Err(BundleError::Empty),
        false => Ok(members),
    }
}

/// A bundle that is being filled.
#[derive(Debug)]
pub struct Filling(Vec<u8>);

impl Default for Filling {
    fn default() -> Self {
        Self(vec![TAG, VERSION])
    }
}

impl Filling {
    /// Adds a transaction, where it still fits.
    pub fn add(&mut self, transaction: &[u8]) -> bool {
        let after = self.0.len() + LENGTH_BYTES + transaction.len();
        let Ok(length) = u16::try_from(transaction.len()) else {
            return false;
        };
        if after > MAX_BUNDLE_BYTES {
            return false;
        }
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(transaction);
        true
    }

    /// The bundle.
    pub fn finish(self) -> Bytes {
        self.0.into()
    }
}

/// Bytes that a transaction of this length takes in a bundle.
pub const fn carried_bytes(length: usize) -> usize {
    length + LENGTH_BYTES
}

/// Where a transaction stands in the order of a bundle.
pub fn place(header: &Header) -> (Account, u16, u64) {
    (header.sender, header.lane, header.sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(transactions: &[&[u8]]) -> Bytes {
        let mut filling = Filling::default();
        for one in transactions {
            assert!(filling.add(one));
        }
        filling.finish()
    }

    const SHORT: [u8; MIN_TRANSACTION_BYTES] = [5; MIN_TRANSACTION_BYTES];

    #[test]
    fn what_is_put_in_comes_out() {
        let long = [7; MAX_TRANSACTION_BYTES];
        let all: [&[u8]; 3] = [&SHORT, &[9; 200], &long];
        let read = read(&bundle(&all)).unwrap();
        let bytes: Vec<&[u8]> = read.iter().map(|(_, bytes)| bytes.as_ref()).collect();
        assert_eq!(bytes, all);
        for (hash, bytes) in &read {
            assert_eq!(*hash, engine_hash(bytes));
        }
        assert!(is_bundle(&bundle(&all)) && !is_bundle(b"") && !is_bundle(b"\x01\x01"));
    }

    #[test]
    fn what_no_longer_fits_is_left_out() {
        let long = [7; MAX_TRANSACTION_BYTES];
        let mut filling = Filling::default();
        let count = (0..).take_while(|_| filling.add(&long)).count();
        assert_eq!(count, ROOM / carried_bytes(long.len()));
        let left = ROOM - count * carried_bytes(long.len());
        assert!(!filling.add(&vec![1; left - LENGTH_BYTES + 1]));
        assert!(filling.add(&vec![1; left - LENGTH_BYTES]));
        let full = filling.finish();
        assert_eq!(full.len(), MAX_BUNDLE_BYTES);
        assert_eq!(read(&full).unwrap().len(), count + 1);
    }

    #[test]
    fn nothing_else_is_read() {
        let good = bundle(&[&SHORT, &SHORT]);
        for end in 0..good.len() {
            // A part of it is read where it ends behind a transaction.
            let error = match read(&good.slice(..end)) {
                Ok(some) => {
                    let first = HEAD_BYTES + carried_bytes(SHORT.len());
                    assert_eq!((end, some.len()), (first, 1));
                    continue;
                }
                Err(error) => error,
            };
            let expected = match end {
                HEAD_BYTES => BundleError::Empty,
                _ => BundleError::Half,
            };
            assert_eq!(error, expected, "{end}");
        }
        let with = |bytes: &[u8]| read(&Bytes::copy_from_slice(bytes)).unwrap_err();
        assert_eq!(with(&[TAG, 2, 0, 1, 9]), BundleError::Version(2));
        for length in [0, 1, MIN_TRANSACTION_BYTES - 1, MAX_TRANSACTION_BYTES + 1] {
            let counted = u16::try_from(length).unwrap().to_be_bytes();
            let one = [&[TAG, VERSION][..], &counted, &vec![1; length]].concat();
            assert_eq!(with(&one), BundleError::Transaction(length));
        }
        let found = MAX_BUNDLE_BYTES + 1;
        assert_eq!(with(&vec![TAG; found]), BundleError::TooLong { found });
    }
}

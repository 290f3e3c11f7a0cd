//! Results of messages and users' transactions, kept as long as the chain's history: cut out of the answers to FinalizeBlock.
//!
//! ```text
//! group = n u32 × (index u32 ‖ engine hash 32 ‖ EIP-712 digest 32 ‖ length u32 ‖ result)        at most 8 of a block
//! ```
//! A result is the engine's own encoding of code, data, events and gas: about 600 bytes, so that sixteen groups, a node of
//! sled, stay in its log.

use super::backend::Backend;
use super::keys::{self, GROUP, Table};
use super::record::{Record, many, put_count};
use super::sealed::Sealed;
use super::{Included, StoreError};
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::bytes::{DecodeError, Reader};
use prost::Message;
use prost::bytes::Bytes;

/// The part of an answer to FinalizeBlock that is read here: the results, each left encoded.
#[derive(Clone, PartialEq, Message)]
struct Answer {
    #[prost(bytes = "bytes", repeated, tag = "2")]
    results: Vec<Bytes>,
}

/// The encoded results of all transactions in an answer; none when it is of another form.
fn results(response: &[u8]) -> Vec<Bytes> {
    Answer::decode(Bytes::copy_from_slice(response))
        .map(|answer| answer.results)
        .unwrap_or_default()
}

fn at(results: &[Bytes], index: u32) -> Vec<u8> {
    let place = usize::try_from(index).ok();
    let found = place.and_then(|place| results.get(place));
    found.map(|bytes| bytes.to_vec()).unwrap_or_default()
}

impl Record {
    /// The transaction with this engine hash or EIP-712 digest, when the height has it.
    #[must_use]
    pub fn find(&self, key: &Hash) -> Option<Included> {
        let mut listed = self.transactions.iter();
        let place = listed.position(|listed| listed.hash == *key || listed.digest == *key)?;
        self.included(place)
    }

    /// The transaction at a place of the list.
    pub(super) fn included(&self, place: usize) -> Option<Included> {
        let found = self.transactions.get(place)?;
        Some(Included {
            height: self.height(),
            index: found.index,
            hash: found.hash,
            digest: found.digest,
            result: at(&results(&self.response), found.index),
        })
    }
}

/// Writes the results of a height.
pub(super) fn write<S: Backend>(disk: &Sealed<S>, record: &Record) -> Result<(), StoreError> {
    if record.transactions.is_empty() {
        return Ok(());
    }
    let results = results(&record.response);
    let mut chunk = disk.chunk(Table::Result);
    let groups = record
        .transactions
        .chunk_by(|a, b| a.index / GROUP == b.index / GROUP);
    for group in groups {
        let first = group.first().map_or(0, |listed| listed.index);
        let mut body = Vec::new();
        put_count(&mut body, group.len());
        for listed in group {
            let result = at(&results, listed.index);
            body.extend_from_slice(&listed.index.to_be_bytes());
            body.extend_from_slice(listed.hash.as_slice());
            body.extend_from_slice(listed.digest.as_slice());
            put_count(&mut body, result.len());
            body.extend_from_slice(&result);
        }
        chunk.put(&keys::result(record.height(), first), &body)?;
    }
    chunk.finish()
}

/// The transaction at a place that the index names.
pub(super) fn read<S: Backend>(
    disk: &Sealed<S>,
    height: u64,
    index: u32,
) -> Result<Included, StoreError> {
    let missing = || {
        disk.damaged(format!(
            "the result of transaction {index} of height {height}"
        ))
    };
    let body = disk.get(Table::Result, &keys::result(height, index))?;
    let group = decode(&body.ok_or_else(missing)?, height).map_err(|_| missing())?;
    let mut group = group.into_iter();
    group.find(|one| one.index == index).ok_or_else(missing)
}

fn decode(body: &[u8], height: u64) -> Result<Vec<Included>, DecodeError> {
    let mut reader = Reader::new(body);
    let group = many(&mut reader, |reader| {
        let index = reader.u32()?;
        let hash = reader.array()?.into();
        let digest = reader.array()?.into();
        let length = reader.u32()? as usize;
        let result = reader.slice(length)?.to_vec();
        Ok(Included {
            height,
            index,
            hash,
            digest,
            result,
        })
    })?;
    reader.finish()?;
    Ok(group)
}

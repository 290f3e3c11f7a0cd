//! Results of messages, misbehavior and users' transactions, and what the end of an epoch did, kept as long as the chain's history: cut out
//! of the answers to FinalizeBlock.
//!
//! ```text
//! group = n u32 × (index u32 ‖ engine hash 32 ‖ EIP-712 digest 32 ‖ length u32 ‖ result)        at most 8 of a block
//! ```
//! A result is the engine's own encoding of code, data, events and gas: about 600 bytes, so that sixteen groups, a node of
//! sled, stay in its log. An event of the block itself is a result of that event alone, without hash and digest: the first one has the
//! index behind the last transaction.

use super::backend::Backend;
use super::keys::{self, GROUP, Table};
use super::record::{Record, TransactionNames, many, put_count};
use super::sealed::Sealed;
use super::staked::{self, is_of_stake};
use super::{Included, StoreError};
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::bytes::{DecodeError, Reader};
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// Field 1 of an answer to FinalizeBlock: one event of the block, encoded; field 2: one result, encoded.
const BLOCK_EVENT: u32 = 1;
const RESULT: u32 = 2;

/// The encoded results of all transactions in an answer, one after the other: nothing behind the last one that is asked for is
/// read, and nothing is copied. They end where the answer is of another form.
pub(super) fn results(response: &[u8]) -> impl Iterator<Item = &[u8]> {
    let found = fields(response).filter(|(field, _)| *field == RESULT);
    found.map(|(_, result)| result)
}

/// The fields of an encoded message that have a length, with their numbers, in order. They end where it is of another form.
pub(super) fn fields(message: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = message;
    std::iter::from_fn(move || next_field(&mut rest))
}

fn next_field<'a>(rest: &mut &'a [u8]) -> Option<(u32, &'a [u8])> {
    loop {
        let (field, kind) = decode_key(rest).ok()?;
        if kind == WireType::LengthDelimited {
            let length = usize::try_from(decode_varint(rest).ok()?).ok()?;
            let (bytes, behind) = rest.split_at_checked(length)?;
            *rest = behind;
            return Some((field, bytes));
        }
        skip_field(kind, field, rest, DecodeContext::default()).ok()?;
    }
}

/// What the block itself tells, each event as a result with its index behind those of the transactions.
fn told_by_block(response: &[u8]) -> impl Iterator<Item = (u32, Vec<u8>)> {
    let first = u32::try_from(results(response).count()).unwrap_or(u32::MAX);
    let events = fields(response).filter(|(field, _)| *field == BLOCK_EVENT);
    (first..).zip(events.map(|(_, event)| staked::result_of(event)))
}

/// The result at this place; empty when there is none.
fn at(response: &[u8], index: u32) -> &[u8] {
    let place = usize::try_from(index).ok();
    let found = place.and_then(|place| results(response).nth(place));
    found.unwrap_or_default()
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
    #[must_use]
    pub fn included(&self, place: usize) -> Option<Included> {
        let found = self.transactions.get(place)?;
        Some(self.told(found, at(&self.response, found.index)))
    }

    /// The transactions at ascending places of the list, and then what the block itself tells, that have this index or a later
    /// one. The answer is walked once for all of them.
    pub fn included_from(&self, places: &[usize], from: u32) -> impl Iterator<Item = Included> {
        let mut results = (0u32..).zip(results(&self.response));
        let listed = places
            .iter()
            .filter_map(|place| self.transactions.get(*place));
        let wanted = listed.filter(move |found| found.index >= from);
        let listed = wanted.map(move |found| {
            let result = results.find(|(index, _)| *index == found.index);
            self.told(found, result.map_or(&[], |(_, result)| result))
        });
        let behind = told_by_block(&self.response).filter(move |(index, _)| *index >= from);
        listed.chain(
            behind.map(|(index, result)| self.told(&TransactionNames::of_block(index), &result)),
        )
    }

    fn told(&self, found: &TransactionNames, result: &[u8]) -> Included {
        Included {
            height: self.height(),
            index: found.index,
            hash: found.hash,
            digest: found.digest,
            result: result.to_vec(),
        }
    }
}

/// Writes the results of a height, and which of them concern stake.
pub(super) fn write<S: Backend>(disk: &Sealed<S>, record: &Record) -> Result<(), StoreError> {
    let mut results: Vec<&[u8]> = results(&record.response).collect();
    let behind: Vec<(u32, Vec<u8>)> = told_by_block(&record.response).collect();
    let mut listed = record.transactions.clone();
    listed.extend(
        behind
            .iter()
            .map(|(index, _)| TransactionNames::of_block(*index)),
    );
    results.extend(behind.iter().map(|(_, result)| result.as_slice()));
    let mut staked = Vec::new();
    let mut chunk = disk.chunk(Table::Result);
    for group in listed.chunk_by(|a, b| a.index / GROUP == b.index / GROUP) {
        let first = group.first().map_or(0, |listed| listed.index);
        let mut body = Vec::new();
        put_count(&mut body, group.len());
        for listed in group {
            let place = usize::try_from(listed.index).ok();
            let result = place.and_then(|place| results.get(place).copied());
            let result = result.unwrap_or_default();
            if is_of_stake(result) {
                staked.push(listed.index);
            }
            body.extend_from_slice(&listed.index.to_be_bytes());
            body.extend_from_slice(listed.hash.as_slice());
            body.extend_from_slice(listed.digest.as_slice());
            put_count(&mut body, result.len());
            body.extend_from_slice(result);
        }
        chunk.put(&keys::result(record.height(), first), &body)?;
    }
    chunk.finish()?;
    staked::write(disk, record.height(), &staked)
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
    let found = find(&body.ok_or_else(missing)?, height, index).map_err(|_| missing())?;
    found.ok_or_else(missing)
}

/// The one of a group at this index; of the others, nothing is copied.
fn find(body: &[u8], height: u64, index: u32) -> Result<Option<Included>, DecodeError> {
    let group = group(body)?;
    let found = group.into_iter().find(|listed| listed.index == index);
    Ok(found.map(|found| Included {
        height,
        index,
        hash: found.hash,
        digest: found.digest,
        result: found.result.to_vec(),
    }))
}

/// The indices of a group whose results concern stake.
pub(super) fn staked(body: &[u8]) -> Result<Vec<u32>, DecodeError> {
    let group = group(body)?;
    let staked = group.iter().filter(|listed| is_of_stake(listed.result));
    Ok(staked.map(|listed| listed.index).collect())
}

/// One of a group.
struct Grouped<'a> {
    index: u32,
    hash: Hash,
    digest: Hash,
    result: &'a [u8],
}

fn group(body: &[u8]) -> Result<Vec<Grouped<'_>>, DecodeError> {
    let mut reader = Reader::new(body);
    let group = many(&mut reader, |reader| {
        let index = reader.u32()?;
        let (hash, digest) = (reader.array()?.into(), reader.array()?.into());
        let length = reader.u32()? as usize;
        Ok(Grouped {
            index,
            hash,
            digest,
            result: reader.slice(length)?,
        })
    })?;
    reader.finish()?;
    Ok(group)
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use tendermint_proto::v0_38::abci::{Event, ExecTxResult, ResponseFinalizeBlock};

    use super::*;

    #[test]
    fn a_result_is_found_though_what_stands_behind_it_cannot_be_read() {
        let results: Vec<ExecTxResult> = (0..5)
            .map(|number| ExecTxResult {
                code: number,
                log: "l".repeat(200),
                ..Default::default()
            })
            .collect();
        let answer = ResponseFinalizeBlock {
            events: vec![Event::default(); 3],
            tx_results: results.clone(),
            app_hash: vec![7; 32].into(),
            ..Default::default()
        };
        let mut bytes = answer.encode_to_vec();
        for (index, result) in (0..).zip(&results) {
            assert_eq!(at(&bytes, index), result.encode_to_vec());
        }
        assert!(at(&bytes, 5).is_empty() && at(&[], 0).is_empty());
        // Whoever decodes the whole answer for one result gives none of these.
        let whole = bytes.len();
        bytes.truncate(whole - 40 - results[4].encoded_len());
        assert!(ResponseFinalizeBlock::decode(bytes.as_slice()).is_err());
        assert_eq!(at(&bytes, 2), results[2].encode_to_vec());
        assert!(at(&bytes, 4).is_empty());
    }
}

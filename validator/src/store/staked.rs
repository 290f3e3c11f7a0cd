//! Which transactions, messages and events of a block concern stake, by height: found in the results when they are written, so the table has
//! every height that has results, and no other.
//!
//! ```text
//! stake   height u64 → n u32 × index u32, ascending      a height at which nothing happened to stake has no entry
//! ```
//! A store of the version before has no such table: it is made from the results when the store is opened, before anything is read.

use super::backend::Backend;
use super::keys::{self, Table};
use super::record::{Record, many, put_count};
use super::results::{self, fields};
use super::sealed::Sealed;
use super::{Included, StoreError};
use crate::ledger::event;
use plasmid_bridge::proof::bytes::{DecodeError, Reader};
use prost::encoding::{WireType, encode_key, encode_varint};
use std::time::{Duration, Instant};

/// Fields of an encoded result, of an event and of an attribute.
const EVENT: u32 = 7;
const NAME: u32 = 1;
const ATTRIBUTE: u32 = 2;
const KEY: u32 = 1;
const VALUE: u32 = 2;

/// Heights whose entries become durable at once while the table is made for an older store.
const STEP: usize = 10_000;
/// How often it is said how far that is.
const PROGRESS: Duration = Duration::from_secs(5);

/// Whether an encoded result has an event of stake. What cannot be read has none.
pub(super) fn is_of_stake(result: &[u8]) -> bool {
    let events = fields(result).filter(|(field, _)| *field == EVENT);
    events.into_iter().any(|(_, event)| {
        let name = text(event, NAME);
        let attributes = fields(event).filter(|(field, _)| *field == ATTRIBUTE);
        let kind = attributes
            .map(|(_, attribute)| attribute)
            .find(|attribute| text(attribute, KEY) == "kind");
        event::is_of_stake(name, kind.map(|kind| text(kind, VALUE)))
    })
}

/// An encoded result that has this encoded event and nothing else.
pub(super) fn result_of(event: &[u8]) -> Vec<u8> {
    let mut result = Vec::new();
    encode_key(EVENT, WireType::LengthDelimited, &mut result);
    encode_varint(event.len() as u64, &mut result);
    result.extend_from_slice(event);
    result
}

fn text(message: &[u8], wanted: u32) -> &str {
    let mut found = fields(message).filter(|(field, _)| *field == wanted);
    let bytes = found.next().map(|(_, bytes)| bytes);
    std::str::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
}

impl Record {
    /// Where in the list of its transactions those stand that concern stake.
    #[must_use]
    pub fn staked(&self) -> Vec<usize> {
        let results: Vec<&[u8]> = results::results(&self.response).collect();
        let listed = self.transactions.iter().enumerate();
        let staked = listed.filter(|(_, listed)| {
            let place = usize::try_from(listed.index).ok();
            let result = place.and_then(|place| results.get(place));
            result.is_some_and(|result| is_of_stake(result))
        });
        staked.map(|(place, _)| place).collect()
    }
}

/// Notes which indices of a height concern stake.
pub(super) fn write<S: Backend>(
    disk: &Sealed<S>,
    height: u64,
    indices: &[u32],
) -> Result<(), StoreError> {
    match indices {
        [] => Ok(()),
        indices => disk.put(Table::Stake, &keys::block(height), &encode(indices)),
    }
}

fn encode(indices: &[u32]) -> Vec<u8> {
    let mut body = Vec::new();
    put_count(&mut body, indices.len());
    for index in indices {
        body.extend_from_slice(&index.to_be_bytes());
    }
    body
}

fn decode(body: &[u8]) -> Result<Vec<u32>, DecodeError> {
    let mut reader = Reader::new(body);
    let indices = many(&mut reader, |reader| reader.u32())?;
    reader.finish()?;
    Ok(indices)
}

/// At most `most` of what concerns stake, from a height and an index in it up to height `last`, ascending.
pub(super) fn read<S: Backend>(
    disk: &Sealed<S>,
    from: (u64, u32),
    last: u64,
    most: usize,
) -> Result<Vec<Included>, StoreError> {
    let (mut found, mut next) = (Vec::new(), from.0);
    while found.len() < most {
        let row = disk.first(Table::Stake, &keys::block(next), &keys::block(last))?;
        let Some((height, body)) = row.and_then(|(key, body)| Some((height_of(&key)?, body)))
        else {
            break;
        };
        let damaged = |_| disk.damaged(format!("what concerns stake at height {height}"));
        let indices = decode(&body).map_err(damaged)?;
        let wanted = indices.iter().filter(|index| (height, **index) >= from);
        for index in wanted.take(most.saturating_sub(found.len())) {
            found.push(results::read(disk, height, *index)?);
        }
        let Some(behind) = height.checked_add(1) else {
            break;
        };
        next = behind;
    }
    Ok(found)
}

fn height_of(key: &[u8]) -> Option<u64> {
    key.first_chunk::<8>()
        .map(|height| u64::from_be_bytes(*height))
}

/// Makes the table from the results of all heights up to `last`.
pub(super) fn build<S: Backend>(disk: &Sealed<S>, last: u64) -> Result<(), StoreError> {
    let (mut said, mut made) = (Instant::now(), 0);
    let (mut next, end) = (keys::result(0, 0), keys::result(last, u32::MAX));
    let mut indices: (u64, Vec<u32>) = (0, Vec::new());
    tracing::info!(
        last,
        "the store is of an older version: what concerns stake is looked for in all results"
    );
    while let Some((key, body)) = disk.first(Table::Result, &next, &end)? {
        let height = height_of(&key).unwrap_or(last);
        if height != indices.0 {
            write(disk, indices.0, &indices.1)?;
            indices = (height, Vec::new());
            made += 1;
            if made % STEP == 0 {
                disk.flush()?;
            }
        }
        let damaged = |_| disk.damaged(format!("the results of height {height}"));
        indices.1.extend(results::staked(&body).map_err(damaged)?);
        if said.elapsed() >= PROGRESS {
            said = Instant::now();
            tracing::info!(height, last, "looking for what concerns stake");
        }
        next = keys::behind(&key);
    }
    write(disk, indices.0, &indices.1)?;
    disk.flush()
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use tendermint_proto::v0_38::abci::{Event, EventAttribute, ExecTxResult};

    use super::*;

    fn result(events: &[(&str, &[(&str, &str)])]) -> Vec<u8> {
        let event = |(name, attributes): &(&str, &[(&str, &str)])| Event {
            r#type: (*name).to_owned(),
            attributes: attributes
                .iter()
                .map(|(key, value)| EventAttribute {
                    key: (*key).to_owned(),
                    value: (*value).to_owned(),
                    index: true,
                })
                .collect(),
        };
        let result = ExecTxResult {
            code: 7,
            log: "opened".into(),
            data: vec![1, 2].into(),
            gas_used: 9,
            events: events.iter().map(event).collect(),
            codespace: "plasmid".into(),
            ..Default::default()
        };
        result.encode_to_vec()
    }

    #[test]
    fn a_result_concerns_stake_by_its_events_alone() {
        let of = |events: &[(&str, &[(&str, &str)])]| is_of_stake(&result(events));
        assert!(of(&[("plasmid", &[]), ("opened", &[("position", "1")])]));
        assert!(of(&[("transaction", &[("sender", "x"), ("kind", "edit")])]));
        assert!(!of(&[(
            "transaction",
            &[("sender", "edit"), ("kind", "transfer")]
        )]));
        assert!(!of(&[("transfer", &[("kind", "edit")])]));
        assert!(of(&[("forced", &[("code", "0"), ("kind", "describe")])]));
        assert!(!of(&[("forced", &[("code", "0"), ("kind", "withdraw")])]));
        assert!(!of(&[("forced", &[("code", "2")])]));
        assert!(!of(&[]));
        let whole = result(&[("opened", &[])]);
        // The event comes after what is cut off last, the log does not count.
        assert!(!is_of_stake(&whole[..10]));
    }

    #[test]
    fn indices_are_read_as_they_were_written_and_nothing_else_is() {
        for indices in [vec![], vec![0], vec![3, 9, u32::MAX]] {
            assert_eq!(decode(&encode(&indices)), Ok(indices));
        }
        assert!(decode(&[]).is_err() && decode(&[0, 0, 0, 1]).is_err());
        assert!(decode(&[0, 0, 0, 0, 9]).is_err());
    }
}

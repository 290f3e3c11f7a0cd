//! The store's notes about itself: whose it is, how far it is folded, what it keeps.

use super::backend::Backend;
use super::keys::{META_CHAIN, META_FLOOR, META_FOLD, META_IMPORTED, Table};
use super::record::Record;
use super::seal;
use super::sealed::Sealed;
use super::{Identity, StoreError};
use plasmid_bridge::proof::bytes::{DecodeError, Reader};
use plasmid_bridge::proof::commitment::BlockCommitment;
use std::sync::Arc;

/// Version of everything on disk.
pub const VERSION: u32 = 4;
/// The version before, whose only difference is that it has no table of what concerns stake.
const WITHOUT_STAKE: u32 = 3;
const MAGIC: [u8; 8] = *b"PLSMSTOR";

/// First epoch whose state can be proven, and first block whose commitment is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Floor {
    /// States of epochs from this one on are kept.
    pub epoch: u64,
    /// Commitments of blocks from this height on are kept.
    pub block: u64,
}

/// How far the records are folded into pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Folded {
    /// Up to this height; `None` before the first folding.
    pub height: Option<u64>,
    /// A folding to this height has begun.
    pub target: Option<u64>,
    /// Leaf count and commitment of `height`.
    pub count: u32,
    pub block: Option<BlockCommitment>,
    /// Epoch and height of the last mark up to `height`.
    pub mark: Option<(u64, u64)>,
}

impl Folded {
    /// Notes that a folding begins; a target, once noted, never comes down.
    pub fn begin(&mut self, target: Option<u64>) {
        self.target = self.target.max(target);
    }

    /// Notes that these records are folded.
    pub fn end(&mut self, records: &[Arc<Record>]) {
        let Some(last) = records.last() else {
            return;
        };
        self.height = Some(last.height());
        self.target = self.target.max(self.height);
        self.count = last.journal.count;
        self.block = Some(last.block);
        self.mark = records
            .iter()
            .rev()
            .find_map(|record| last_mark(record))
            .or(self.mark);
    }

    fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        put_option(&mut body, self.height);
        put_option(&mut body, self.target);
        body.extend_from_slice(&self.count.to_be_bytes());
        put_option(&mut body, self.mark.map(|mark| mark.0));
        put_option(&mut body, self.mark.map(|mark| mark.1));
        if let Some(block) = &self.block {
            body.extend_from_slice(&block.encode());
        }
        body
    }

    fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let height = take_option(&mut reader)?;
        let target = take_option(&mut reader)?;
        let count = reader.u32()?;
        let mark = take_option(&mut reader)?.zip(take_option(&mut reader)?);
        let block = match reader.left() {
            0 => None,
            left => Some(BlockCommitment::decode(reader.slice(left)?)?),
        };
        Ok(Self {
            height,
            target,
            count,
            block,
            mark,
        })
    }
}

/// Epoch and height of a record's last mark.
pub(super) fn last_mark(record: &Record) -> Option<(u64, u64)> {
    let mark = record.journal.marks.last()?;
    Some((mark.epoch, record.height()))
}

/// Writes whose store this is if it is new, else refuses another chain, and a version that is neither this one nor the one before; gives
/// the version.
pub(super) fn claim<S: Backend>(disk: &Sealed<S>, given: Identity) -> Result<u32, StoreError> {
    let Some(sealed) = disk.raw(Table::Meta, &META_CHAIN)? else {
        return claim_new(disk, given).map(|()| VERSION);
    };
    // The note's own layout never changes, so that any version can tell any other.
    let body = seal::open(Table::Meta, &META_CHAIN, &sealed)
        .map_err(|error| disk.damaged(format!("the note that says which version and which chain the store is of cannot be read: {error}")))?;
    let (found, stored) = decode_chain(body)
        .map_err(|error| disk.damaged(format!("the note that says which version and which chain the store is of cannot be read: {error}")))?;
    if found != VERSION && found != WITHOUT_STAKE {
        return Err(StoreError::UnknownVersion {
            folder: disk.folder(),
            found,
            known: VERSION,
        });
    }
    if stored != given {
        return Err(StoreError::OtherChain {
            folder: disk.folder(),
            stored: Box::new(stored),
            given: Box::new(given),
        });
    }
    Ok(found)
}

/// Notes that the store is of this version now.
pub(super) fn upgrade<S: Backend>(disk: &Sealed<S>, chain: Identity) -> Result<(), StoreError> {
    disk.put(Table::Meta, &META_CHAIN, &encode_chain(VERSION, chain))?;
    disk.flush()
}

/// Writes whose store this is; refuses one that has anything.
pub(super) fn claim_new<S: Backend>(disk: &Sealed<S>, given: Identity) -> Result<(), StoreError> {
    for table in Table::ALL {
        let (first, last): (&[u8], &[u8]) = (&[], &[0xff; 33]);
        if !disk.keys(table, first, last)?.is_empty() {
            let name = table.name();
            return Err(disk.damaged(format!(
                "table {name} has entries, but the note that says which version and which chain the store is of is missing"
            )));
        }
    }
    upgrade(disk, given)
}

/// The note of version and chain; tests write other versions with it.
pub(super) fn encode_chain(version: u32, chain: Identity) -> Vec<u8> {
    let mut body = MAGIC.to_vec();
    body.extend_from_slice(&version.to_be_bytes());
    body.extend_from_slice(&chain.deployment);
    body.extend_from_slice(chain.genesis_root.as_slice());
    body
}

fn decode_chain(body: &[u8]) -> Result<(u32, Identity), DecodeError> {
    let mut reader = Reader::new(body);
    let magic: [u8; 8] = reader.array()?;
    if magic != MAGIC {
        return Err(DecodeError::UnknownKind(magic[0]));
    }
    let version = reader.u32()?;
    let chain = Identity {
        deployment: reader.array()?,
        genesis_root: reader.array()?.into(),
    };
    // A later version may say more behind.
    if version <= VERSION {
        reader.finish()?;
    }
    Ok((version, chain))
}

pub(super) fn put_folded<S: Backend>(disk: &Sealed<S>, folded: &Folded) -> Result<(), StoreError> {
    disk.put(Table::Meta, &META_FOLD, &folded.encode())
}

pub(super) fn folded<S: Backend>(disk: &Sealed<S>) -> Result<Folded, StoreError> {
    match disk.get(Table::Meta, &META_FOLD)? {
        Some(body) => Folded::decode(&body).map_err(|error| {
            disk.damaged(format!(
                "the note that says how far records are folded into pages cannot be read: {error}"
            ))
        }),
        None => Ok(Folded::default()),
    }
}

pub(super) fn put_floor<S: Backend>(disk: &Sealed<S>, floor: Floor) -> Result<(), StoreError> {
    let mut body = floor.epoch.to_be_bytes().to_vec();
    body.extend_from_slice(&floor.block.to_be_bytes());
    disk.put(Table::Meta, &META_FLOOR, &body)
}

pub(super) fn floor<S: Backend>(disk: &Sealed<S>) -> Result<Floor, StoreError> {
    let Some(body) = disk.get(Table::Meta, &META_FLOOR)? else {
        return Ok(Floor::default());
    };
    let mut reader = Reader::new(&body);
    let read = |reader: &mut Reader<'_>| reader.u64();
    match (read(&mut reader), read(&mut reader), reader.left()) {
        (Ok(epoch), Ok(block), 0) => Ok(Floor { epoch, block }),
        _ => {
            Err(disk.damaged("the note that says which epochs and blocks are kept cannot be read"))
        }
    }
}

/// Notes that the state of this height, and all checkpoints up to it, came from a file.
pub(super) fn put_imported<S: Backend>(disk: &Sealed<S>, height: u64) -> Result<(), StoreError> {
    disk.put(Table::Meta, &META_IMPORTED, &height.to_be_bytes())
}

pub(super) fn imported<S: Backend>(disk: &Sealed<S>) -> Result<Option<u64>, StoreError> {
    let Some(body) = disk.get(Table::Meta, &META_IMPORTED)? else {
        return Ok(None);
    };
    match <[u8; 8]>::try_from(&body[..]) {
        Ok(height) => Ok(Some(u64::from_be_bytes(height))),
        Err(_) => {
            Err(disk.damaged("the note that says which height came from a file cannot be read"))
        }
    }
}

fn put_option(body: &mut Vec<u8>, number: Option<u64>) {
    body.push(u8::from(number.is_some()));
    body.extend_from_slice(&number.unwrap_or_default().to_be_bytes());
}

fn take_option(reader: &mut Reader<'_>) -> Result<Option<u64>, DecodeError> {
    let kind = reader.u8()?;
    let number = reader.u64()?;
    match kind {
        0 => Ok(None),
        1 => Ok(Some(number)),
        kind => Err(DecodeError::UnknownKind(kind)),
    }
}

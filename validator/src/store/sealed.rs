//! A backend whose values are all sealed, read one by one and written in bounded chunks.

use super::StoreError;
use super::backend::{Backend, Row, Visit, Write};
use super::keys::Table;
use super::seal;
use std::sync::atomic::{AtomicU64, Ordering};

/// sled keeps whole batches in memory and rewrites what they touch: large ones cost it gigabytes.
const CHUNK_KEYS: usize = 1_000;
const CHUNK_BYTES: usize = 1 << 20;

pub(super) struct Sealed<S> {
    backend: S,
    /// Writes and flushes that were begun: while it grows, the disk answers.
    begun: AtomicU64,
}

impl<S: Backend> Sealed<S> {
    pub fn new(backend: S) -> Self {
        Self {
            backend,
            begun: AtomicU64::new(0),
        }
    }

    pub fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    fn begin(&self) -> &S {
        self.begun.fetch_add(1, Ordering::Relaxed);
        &self.backend
    }

    pub fn folder(&self) -> String {
        self.backend.folder()
    }

    pub fn flush(&self) -> Result<(), StoreError> {
        self.begin().flush()
    }

    pub fn damaged(&self, what: impl Into<String>) -> StoreError {
        StoreError::Damaged {
            folder: self.folder(),
            what: what.into(),
        }
    }

    /// The sealed value of a key, as it stands there.
    pub fn raw(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.backend.get(table, key)
    }

    /// The body of a key's value.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.raw(table, key)? {
            Some(sealed) => self
                .open(table, key, &sealed)
                .map(|body| Some(body.to_vec())),
            None => Ok(None),
        }
    }

    /// Visits the bodies from `first` to `last`, both included, ascending.
    pub fn scan(
        &self,
        table: Table,
        first: &[u8],
        last: &[u8],
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        self.backend.scan(table, first, last, &mut |key, sealed| {
            visit(key, self.open(table, key, sealed)?)
        })
    }

    /// The first key from `first` to `last`, both included, with its body; `None` where `first` is behind `last`.
    pub fn first(
        &self,
        table: Table,
        first: &[u8],
        last: &[u8],
    ) -> Result<Option<Row>, StoreError> {
        if first > last {
            return Ok(None);
        }
        let Some((key, sealed)) = self.backend.first(table, first, last)? else {
            return Ok(None);
        };
        let body = self.open(table, &key, &sealed)?.to_vec();
        Ok(Some((key, body)))
    }

    /// The keys from `first` to `last`, whatever their values are.
    pub fn keys(
        &self,
        table: Table,
        first: &[u8],
        last: &[u8],
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut keys = Vec::new();
        self.backend.scan(table, first, last, &mut |key, _| {
            keys.push(key.to_vec());
            Ok(())
        })?;
        Ok(keys)
    }

    pub fn remove_range(&self, table: Table, first: &[u8], last: &[u8]) -> Result<(), StoreError> {
        let mut chunk = self.chunk(table);
        for key in self.keys(table, first, last)? {
            chunk.remove(key)?;
        }
        chunk.finish()
    }

    pub fn chunk(&self, table: Table) -> Chunk<'_, S> {
        Chunk {
            disk: self,
            table,
            writes: Vec::new(),
            bytes: 0,
        }
    }

    /// One value alone.
    pub fn put(&self, table: Table, key: &[u8], body: &[u8]) -> Result<(), StoreError> {
        let mut chunk = self.chunk(table);
        chunk.put(key, body)?;
        chunk.finish()
    }

    fn open<'a>(&self, table: Table, key: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], StoreError> {
        seal::open(table, key, sealed).map_err(|error| {
            self.damaged(format!(
                "value {} of table {}: {error}",
                hex::encode(key),
                table.name()
            ))
        })
    }
}

/// Writes that go out a chunk at a time.
pub(super) struct Chunk<'a, S> {
    disk: &'a Sealed<S>,
    table: Table,
    writes: Vec<Write>,
    bytes: usize,
}

impl<S: Backend> Chunk<'_, S> {
    /// Seals and writes a body; gives its checksum.
    pub fn put(&mut self, key: &[u8], body: &[u8]) -> Result<[u8; seal::TAG], StoreError> {
        let sealed = seal::seal(self.table, key, body);
        let tag = seal::tag_of(&sealed);
        self.push(key.to_vec(), Some(sealed))?;
        Ok(tag)
    }

    pub fn remove(&mut self, key: Vec<u8>) -> Result<(), StoreError> {
        self.push(key, None)
    }

    pub fn finish(mut self) -> Result<(), StoreError> {
        self.send()
    }

    fn push(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<(), StoreError> {
        let bytes = key.len() + value.as_ref().map_or(0, Vec::len);
        if self.bytes + bytes > CHUNK_BYTES || self.writes.len() >= CHUNK_KEYS {
            self.send()?;
        }
        self.bytes += bytes;
        self.writes.push((key, value));
        Ok(())
    }

    fn send(&mut self) -> Result<(), StoreError> {
        self.bytes = 0;
        if self.writes.is_empty() {
            return Ok(());
        }
        self.disk
            .begin()
            .write(self.table, std::mem::take(&mut self.writes))
    }
}

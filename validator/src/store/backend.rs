//! What the store stands on: tables of bytes, written in chunks and flushed. One in memory, one in sled.

use super::StoreError;
use super::keys::Table;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One write: the new value of a key, or none to remove it.
pub type Write = (Vec<u8>, Option<Vec<u8>>);

/// A key with its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Called for every key and value of a range, ascending.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<(), StoreError>;

/// Tables of bytes. What was written is visible at once, and durable after the next flush; a crash keeps some first part of
/// the writes since.
pub trait Backend: Send + Sync + 'static {
    /// Where it is, for messages.
    fn folder(&self) -> String;
    /// The value of a key.
    ///
    /// # Errors
    /// [`StoreError::Disk`] or [`StoreError::Damaged`], here and below.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// All keys from `first` to `last`, both included.
    ///
    /// # Errors
    /// As [`Backend::get`], or what `visit` returns, which ends the scan.
    fn scan(
        &self,
        table: Table,
        first: &[u8],
        last: &[u8],
        visit: Visit<'_>,
    ) -> Result<(), StoreError>;
    /// The first key from `first` to `last`, both included, with its value.
    ///
    /// # Errors
    /// As [`Backend::get`].
    fn first(&self, table: Table, first: &[u8], last: &[u8]) -> Result<Option<Row>, StoreError>;
    /// One chunk of writes: at most 1,000 keys and about a megabyte.
    ///
    /// # Errors
    /// As [`Backend::get`].
    fn write(&self, table: Table, writes: Vec<Write>) -> Result<(), StoreError>;
    /// Makes all earlier writes durable.
    ///
    /// # Errors
    /// As [`Backend::get`].
    fn flush(&self) -> Result<(), StoreError>;
}

type Tables = BTreeMap<Table, BTreeMap<Vec<u8>, Vec<u8>>>;

/// A disk in memory: clones share its contents, so one of them can be opened again after a crash of another's store.
#[derive(Clone, Default)]
pub struct Memory {
    tables: Arc<Mutex<Tables>>,
}

impl Memory {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Memory {
    fn folder(&self) -> String {
        "memory".into()
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let tables = self.lock();
        Ok(tables
            .get(&table)
            .and_then(|entries| entries.get(key))
            .cloned())
    }

    fn scan(
        &self,
        table: Table,
        first: &[u8],
        last: &[u8],
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        // Copied, so that the visitor may read and write.
        let found: Vec<_> = self
            .lock()
            .get(&table)
            .map(|entries| {
                entries
                    .range(first.to_vec()..=last.to_vec())
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect()
            })
            .unwrap_or_default();
        found.iter().try_for_each(|(key, value)| visit(key, value))
    }

    fn first(&self, table: Table, first: &[u8], last: &[u8]) -> Result<Option<Row>, StoreError> {
        let tables = self.lock();
        let found = tables.get(&table).and_then(|entries| {
            let mut range = entries.range(first.to_vec()..=last.to_vec());
            range.next()
        });
        Ok(found.map(|(key, value)| (key.clone(), value.clone())))
    }

    fn write(&self, table: Table, writes: Vec<Write>) -> Result<(), StoreError> {
        let mut tables = self.lock();
        let entries = tables.entry(table).or_default();
        for (key, value) in writes {
            match value {
                Some(value) => entries.insert(key, value),
                None => entries.remove(&key),
            };
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

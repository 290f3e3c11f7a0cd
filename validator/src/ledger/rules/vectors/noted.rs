//! Leaves that note how each stood when it was asked for first, and the order in which leaves were written first.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::hex_of;
use crate::ledger::event::Event;
use crate::ledger::leaves::Leaves;
use crate::ledger::slot::Slot;

pub(crate) struct Noted<'a, L> {
    leaves: &'a mut L,
    count: u32,
    before: BTreeMap<Slot, Option<Vec<u8>>>,
    written: Vec<Slot>,
}

impl<'a, L: Leaves> Noted<'a, L> {
    pub(crate) fn new(leaves: &'a mut L) -> Self {
        let count = leaves.count();
        Self {
            leaves,
            count,
            before: BTreeMap::new(),
            written: Vec::new(),
        }
    }

    fn note(&mut self, slot: &Slot) -> Result<(), L::Error> {
        if !self.before.contains_key(slot) {
            let value = self.leaves.read(slot)?;
            self.before.insert(*slot, value);
        }
        Ok(())
    }

    /// Adds to a case the leaves before and those that were written, and what was told.
    pub(crate) fn tell(self, case: &mut Json, events: &[Event])
    where
        L::Error: std::fmt::Debug,
    {
        let Self {
            leaves,
            count,
            before,
            written,
        } = self;
        let leaf = |slot: &Slot, value: &[u8]| json!({"leaf": hex_of(slot.preimage()), "value": hex_of(value)});
        case["leaf_count"] = count.into();
        case["before"] = before
            .iter()
            .filter_map(|(slot, value)| Some(leaf(slot, value.as_ref()?)))
            .collect();
        case["absent"] = before
            .iter()
            .filter(|(_, value)| value.is_none())
            .map(|(slot, _)| hex_of(slot.preimage()))
            .collect();
        case["written"] = written
            .iter()
            .map(|slot| {
                let value = leaves.read(slot).expect("it is read");
                leaf(slot, &value.expect("it was written"))
            })
            .collect();
        let events = events.iter().map(|event| {
            let attributes = event.attributes().into_iter();
            let attributes: serde_json::Map<String, Json> = attributes
                .map(|one| (one.key.to_owned(), one.value.into()))
                .collect();
            json!({"name": event.name(), "attributes": attributes})
        });
        case["events"] = events.collect();
    }
}

impl<L: Leaves> Leaves for Noted<'_, L> {
    type Error = L::Error;

    fn read(&mut self, slot: &Slot) -> Result<Option<Vec<u8>>, L::Error> {
        self.note(slot)?;
        self.leaves.read(slot)
    }

    fn write(&mut self, slot: &Slot, value: Vec<u8>) -> Result<(), L::Error> {
        self.note(slot)?;
        if !self.written.contains(slot) {
            self.written.push(*slot);
        }
        self.leaves.write(slot, value)
    }

    fn count(&self) -> u32 {
        self.leaves.count()
    }
}

//! Transactions and messages that concern stake, in the order of the chain, up to the block that was finalized last.

use std::sync::{Arc, Mutex};

use super::{App, lock};
use crate::store::{Included, Record, StoreError};

/// Which transactions of the last block concern stake, found once for all who ask.
#[derive(Debug, Default)]
pub struct Newest {
    height: u64,
    places: Arc<[usize]>,
}

impl Newest {
    fn of(&mut self, record: &Record) -> Arc<[usize]> {
        if self.height != record.height() {
            *self = Self {
                height: record.height(),
                places: record.staked().into(),
            };
        }
        Arc::clone(&self.places)
    }
}

/// Some of what concerns stake, and the height and the index in it at which the next part begins.
#[derive(Debug)]
pub struct StakedPage {
    /// Results, the oldest first.
    pub found: Vec<Included>,
    /// The height and the place to go on at.
    pub next: (u64, u32),
}

impl App {
    /// At most `most` transactions and messages that concern stake, ascending from a height and an index in it on. When there are no
    /// more, the next part begins behind the tip. `newest` remembers which of the last block do.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails.
    pub fn staked(
        &self,
        from: (u64, u32),
        most: usize,
        newest: &Mutex<Newest>,
    ) -> Result<StakedPage, StoreError> {
        let (tip, latest) = {
            let state = self.state();
            (state.tip.height, state.latest())
        };
        // The store has all but the last block, which it may be taking right now.
        let latest = latest.filter(|record| record.height() == tip && from <= (tip, u32::MAX));
        let stored = match &latest {
            Some(_) => tip.saturating_sub(1),
            None => tip,
        };
        let mut found = self.store().staked(from, stored, most)?;
        if let Some(record) = latest {
            let places = lock(newest).of(&record);
            let first = if from.0 == tip { from.1 } else { 0 };
            let wanted = record.included_from(&places, first);
            found.extend(wanted.take(most.saturating_sub(found.len())));
        }
        let next = match found.last() {
            Some(last) if found.len() >= most => (last.height, last.index.saturating_add(1)),
            _ => from.max((tip.saturating_add(1), 0)),
        };
        Ok(StakedPage { found, next })
    }
}

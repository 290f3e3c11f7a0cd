//! What came together with the transaction that is judged, and before it.

use std::collections::BTreeMap;

use crate::app::pool::{Offer, Purse, check_covered};
use crate::ledger::{Account, Reject};

/// Of each sender, what would wait as if it were taken already, in order.
#[derive(Debug, Default)]
pub(super) struct Before(BTreeMap<Account, Vec<Offer>>);

impl Before {
    /// It would wait, or does.
    pub fn add(&mut self, offer: Offer) {
        let row = self.0.entry(offer.header.sender).or_default();
        // The later one of a sequence takes the other's place.
        row.retain(|other| other.header.sequence != offer.header.sequence);
        row.push(offer);
    }

    /// Whether an offer follows the last one of its sender.
    ///
    /// # Errors
    /// [`Reject`] where it does, and its sender cannot pay for it and what comes before it here: else its signature would be verified for nothing.
    pub fn precedes(&self, offer: &Offer, purse: &Purse) -> Result<bool, Reject> {
        let row = self.0.get(&offer.header.sender);
        let row = row.map(Vec::as_slice).unwrap_or_default();
        let last = row.last().map(|last| last.header.sequence);
        if last.and_then(|last| last.checked_add(1)) != Some(offer.header.sequence) {
            return Ok(false);
        }
        check_covered(row.iter(), offer, purse)?;
        Ok(true)
    }
}

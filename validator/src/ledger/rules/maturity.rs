//! Maturity: before a consumed message acts, up to two epochs mature by its time on root, by staking's rule `mature`.
//!
//! ```text
//! leaves   maturity w, for each of at most two epochs the epoch record r
//! ```

use plasmid_staking::rules::mature::Mature;
use plasmid_staking::{Input, Key, Maturity};

use super::{Tried, attempt};
use crate::ledger::context::Context;
use crate::ledger::event::{self, Event};
use crate::ledger::leaf::EpochRecord;
use crate::ledger::leaves::{LeafFault, Leaves, expect, read};
use crate::ledger::slot::{Slot, ring_place};
use crate::ledger::stake;

/// Epochs that one message can make mature.
const MATURING: usize = 2;

/// Lets epochs mature by the time at which a message came to root; says which.
pub(in crate::ledger) fn mature<L: Leaves + ?Sized>(
    leaves: &mut L,
    arrival: u64,
    context: &Context<'_>,
) -> Result<Vec<Event>, LeafFault<L::Error>> {
    let mut events = Vec::new();
    for _ in 0..MATURING {
        let maturity: Maturity = expect(leaves, &Slot::Staking(Key::Maturity))?;
        let next = maturity.matured.saturating_add(1);
        let place = ring_place(next, context.parameters.ring);
        let record: Option<EpochRecord> = read(leaves, &Slot::EpochRecord { place })?;
        let Some(record) = record else {
            break;
        };
        let input = Input::Mature(Mature {
            epoch: record.epoch,
            accepted: record.accepted,
            arrival,
        });
        match attempt(leaves, |leaves| stake::apply(leaves, context, &input))? {
            Tried::Done(effects) => events.extend(event::of_stake(&effects)),
            Tried::Refused(_) => break,
        }
    }
    Ok(events)
}

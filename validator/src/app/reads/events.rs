//! What happened to stake, from a place of the chain on.

use plasmid_proto::{ledger::v1::Event, stake::v1::FollowEventsResponse};

use super::{Located, ReadError, Reader};
use crate::{ledger::Account, wire};

/// What one part of a stream looks at.
pub const PART: usize = 64;

/// Whose events are wanted; an account in text form each.
#[derive(Clone, Debug, Default)]
pub struct Whose {
    owner: Option<String>,
    operator: Option<String>,
}

impl Whose {
    /// Those that involve an account and an operator, where they are named.
    ///
    /// # Errors
    /// [`ReadError::Invalid`] for a text that names nobody.
    pub fn of(owner: &str, operator: &str) -> Result<Self, ReadError> {
        let owner = match owner {
            "" => None,
            text => Some(wire::account(text)?.to_string()),
        };
        let operator = match operator {
            "" => None,
            text => Some(Account::ethereum(wire::address_bytes(text)?).to_string()),
        };
        Ok(Self { owner, operator })
    }

    fn meets(&self, events: &[Event]) -> bool {
        let involves = |account: &String| {
            let involved = events.iter().filter(|event| event.name == "plasmid");
            let mut attributes = involved.flat_map(|event| &event.attributes);
            attributes.any(|attribute| attribute.value == *account)
        };
        [&self.owner, &self.operator]
            .into_iter()
            .flatten()
            .all(involves)
    }
}

/// A part of the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub told: Vec<FollowEventsResponse>,
    /// Where the next part begins.
    pub next: (u64, u32),
}

/// The next part from a place on.
///
/// # Errors
/// [`ReadError::Unavailable`] for a height that is more than one above the tip, [`ReadError::NotFound`] for one whose block is not kept.
pub fn part(source: &Reader<'_>, whose: &Whose, from: (u64, u32)) -> Result<Part, ReadError> {
    let (tip, _) = source.moment();
    if from.0 > tip.saturating_add(1) {
        return Err(ReadError::Unavailable(format!(
            "height {} is far above the tip, which is at {tip}: ask again when the chain is there",
            from.0
        )));
    }
    // The block that an imported state stands at is kept, and what happened in it is not.
    let has_results = source.imported().is_none_or(|height| from.0 > height);
    if from.0 <= tip && (!has_results || source.commitment(from.0)?.is_none()) {
        return Err(ReadError::NotFound(format!(
            "this node does not keep block {} and what happened in it: ask another node, or for a later height",
            from.0
        )));
    }
    let part = source.staked(from, PART)?;
    let told = part.found.into_iter().map(told);
    Ok(Part {
        told: told.filter(|told| whose.meets(&told.events)).collect(),
        next: part.next,
    })
}

fn told(found: Located) -> FollowEventsResponse {
    FollowEventsResponse {
        height: found.height,
        index: found.index,
        hash: found.names.hash.to_vec(),
        digest: found.names.digest.to_vec(),
        code: found.result.code,
        events: found.result.events.into_iter().map(wire::event).collect(),
        next_height: found.height,
        next_index: found.index.saturating_add(1),
    }
}

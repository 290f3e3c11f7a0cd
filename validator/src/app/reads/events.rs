//! What happened to stake, from a place of the chain on.

use std::collections::BTreeSet;

use alloy_primitives::Address;
use plasmid_proto::{
    ledger::v1::{Attribute, Event},
    stake::v1::FollowEventsResponse,
};
use plasmid_staking::{Key, Position};

use super::{Located, ReadError, Reader, accounts::value, holders::holders, on_tree};
use crate::ledger::{Account, Slot, event::is_for_all};
use crate::wire;

/// What one part of a stream looks at.
pub const PART: usize = 64;

/// Positions of an owner, the newest ones, whose lines are looked for.
const POSITIONS: usize = 1_000;

/// The account and the operator whose events are wanted.
#[derive(Clone, Debug, Default)]
pub struct Whose {
    owner: Option<Account>,
    operator: Option<Account>,
}

/// A line as events name it: an operator's address as EIP-55, and a number.
type LineName = (String, String);

impl Whose {
    /// The events that involve the account and the operator, where they are named.
    ///
    /// # Errors
    /// [`ReadError::Invalid`] for a text that names nobody.
    pub fn of(owner: &str, operator: &str) -> Result<Self, ReadError> {
        let owner = match owner {
            "" => None,
            text => Some(wire::account(text)?),
        };
        let operator = match operator {
            "" => None,
            text => Some(Account::ethereum(wire::address_bytes(text)?)),
        };
        Ok(Self { owner, operator })
    }

    /// Whether events are told. `lines` are those that the owner's positions back, looked for when an event first names one.
    fn meets(
        &self,
        source: &Reader<'_>,
        events: &[Event],
        lines: &mut Option<BTreeSet<LineName>>,
    ) -> Result<bool, ReadError> {
        if events.iter().any(|event| is_for_all(&event.name)) {
            return Ok(true);
        }
        let involves = |account: &Account| involves(events, account);
        if !self.operator.as_ref().is_none_or(involves) {
            return Ok(false);
        }
        let Some(owner) = self.owner.filter(|owner| !involves(owner)) else {
            return Ok(true);
        };
        let mut named = events.iter().filter_map(line_of).peekable();
        if named.peek().is_none() {
            return Ok(false);
        }
        let lines = match lines {
            Some(lines) => lines,
            None => lines.insert(lines_of(source, &owner)?),
        };
        Ok(named.any(|line| lines.contains(&line)))
    }
}

/// Whether events involve an account, or the operator whose account it is.
fn involves(events: &[Event], account: &Account) -> bool {
    let (text, operator) = (account.to_string(), address_of(account));
    let mut attributes = events.iter().flat_map(|event| {
        let attributes = event.attributes.iter();
        attributes.map(|attribute| (event.name.as_str(), attribute))
    });
    attributes.any(|(name, Attribute { key, value })| match key.as_str() {
        "account" => name == "plasmid" && *value == text,
        "operator" => operator.as_ref() == Some(value),
        _ => false,
    })
}

/// The address on root of an account that has one, as events name it.
fn address_of(account: &Account) -> Option<String> {
    let is_address = account.kind == Account::ETHEREUM;
    is_address.then(|| Address::from(account.id).to_checksum(None))
}

/// The line that an event of the end of an epoch or of the court names. What a user does with a line concerns those whom it involves.
fn line_of(event: &Event) -> Option<LineName> {
    const OF_LINES: [&str; 8] = [
        "rewarded", "jailed", "unjailed", "seated", "unseated", "closed", "frozen", "settled",
    ];
    if !OF_LINES.contains(&event.name.as_str()) {
        return None;
    }
    let of = |key: &str| {
        let mut attributes = event.attributes.iter();
        let found = attributes.find(|attribute| attribute.key == key)?;
        Some(found.value.clone())
    };
    Some((of("operator")?, of("line")?))
}

/// The lines that an owner's positions back or backed last, by the state of the tip.
fn lines_of(source: &Reader<'_>, owner: &Account) -> Result<BTreeSet<LineName>, ReadError> {
    let newest = holders(source, false)?.newest(owner.bytes(), POSITIONS);
    let mut lines = BTreeSet::new();
    for number in newest {
        let slot = Slot::from(Key::Position(number));
        let held: Option<Position> = on_tree(source, |tree| value(tree, &slot))??;
        let legs = held.iter().flat_map(Position::legs);
        lines.extend(legs.map(|leg| {
            let operator = Address::from(leg.line.operator).to_checksum(None);
            (operator, leg.line.line.to_string())
        }));
    }
    Ok(lines)
}

/// A part of the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct EventsPage {
    /// Results with what is told of each.
    pub told: Vec<FollowEventsResponse>,
    /// Where the next part begins.
    pub next: (u64, u32),
}

/// The next part from a place on.
///
/// # Errors
/// [`ReadError::Unavailable`] for a height that is more than one above the tip, [`ReadError::NotFound`] for one whose block is not kept.
pub fn part(source: &Reader<'_>, whose: &Whose, from: (u64, u32)) -> Result<EventsPage, ReadError> {
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
    let (mut wanted, mut lines) = (Vec::new(), None);
    for one in part.found.into_iter().map(told) {
        if whose.meets(source, &one.events, &mut lines)? {
            wanted.push(one);
        }
    }
    Ok(EventsPage {
        told: wanted,
        next: part.next,
    })
}

fn told(found: Located) -> FollowEventsResponse {
    FollowEventsResponse {
        height: found.height,
        index: found.index,
        hash: name(found.names.hash),
        digest: name(found.names.digest.0),
        code: found.result.code,
        events: found.result.events.into_iter().map(wire::event).collect(),
        next_height: found.height,
        next_index: found.index.saturating_add(1),
    }
}

/// A hash; what the block itself tells has none.
fn name(hash: [u8; 32]) -> Vec<u8> {
    match hash == [0; 32] {
        true => Vec::new(),
        false => hash.to_vec(),
    }
}

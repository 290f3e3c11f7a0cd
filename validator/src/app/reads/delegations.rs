//! All about the positions of one owner, in one call.

use std::collections::BTreeSet;

use plasmid_proto::stake::v1::{ListDelegationsRequest, ListDelegationsResponse};
use plasmid_staking::Position;

use super::{
    ReadError, Reader, cursor,
    held::{At, Held, next_epoch},
    holders::holders,
    next_cursor,
    stake::positions,
    validators::{moment, page_length, told_of},
};
use crate::{ledger::Parameters, wire};

/// Positions that one page looks at, and those of them that are looked at while the state is held.
const LOOKED_AT: usize = 4_096;
const LOOK: usize = 8;
/// What a page token of this list begins with.
const CURSOR: char = 'd';

/// The positions of an owner, in the order of their numbers, and the operators that they back. A page's token is the number of the
/// position at which it begins.
pub fn list_delegations(
    source: &Reader<'_>,
    request: &ListDelegationsRequest,
) -> Result<ListDelegationsResponse, ReadError> {
    let owner = wire::account(&request.owner)?.bytes();
    let length = page_length(request.page_size);
    let start = cursor(CURSOR, &request.page_token)?;
    let at = At::of(source, request.height)?;
    let numbers: Vec<u64> = {
        let holders = holders(source, at.is_past())?;
        // One more, to know where the next page begins.
        holders
            .of(owner, start)
            .take(LOOKED_AT.saturating_add(1))
            .collect()
    };
    let parameters = &source.facts().parameters;
    let mut page = Page {
        parameters,
        length,
        answer: ListDelegationsResponse::default(),
        operators: BTreeSet::new(),
        next: numbers.get(LOOKED_AT).copied(),
    };
    let looked = numbers.get(..LOOKED_AT).unwrap_or(&numbers);
    (page.answer.height, page.answer.epoch) = moment(source, &at)?;
    for numbers in looked.chunks(LOOK) {
        if at.read(source, |held, height| page.add(held, height, numbers))? {
            break;
        }
    }
    let operators: Vec<[u8; 20]> = page.operators.into_iter().collect();
    Ok(ListDelegationsResponse {
        validators: told_of(source, &at, &operators)?,
        next_page_token: next_cursor(CURSOR, page.next),
        ..page.answer
    })
}

/// A page that is being filled.
struct Page<'a> {
    parameters: &'a Parameters,
    length: usize,
    answer: ListDelegationsResponse,
    operators: BTreeSet<[u8; 20]>,
    next: Option<u64>,
}

impl Page<'_> {
    /// Adds those of these positions that stand; true once the page is full, and then `next` says where to go on.
    fn add(
        &mut self,
        held: &mut Held<'_>,
        height: u64,
        numbers: &[u64],
    ) -> Result<bool, ReadError> {
        let epoch = next_epoch(self.parameters, height);
        for number in numbers {
            let position: Option<Position> = positions::standing(held, *number)?;
            let Some(position) = position else {
                continue;
            };
            if self.answer.positions.len() >= self.length {
                self.next = Some(*number);
                return Ok(true);
            }
            let told = positions::told(held, self.parameters, epoch, *number, &position)?;
            self.answer.positions.push(told);
            self.operators
                .extend(position.legs().map(|leg| leg.line.operator));
        }
        Ok(false)
    }
}

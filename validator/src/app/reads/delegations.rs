//! All about the positions of one owner, in one call.

use std::collections::BTreeMap;

use plasmid_proto::stake::v1::{self as proto, ListDelegationsRequest, ListDelegationsResponse};
use plasmid_staking::{Counter, Position};

use super::{
    ReadError, Reader, cursor,
    held::{At, Held, next_epoch, page},
    holders::holders,
    next_cursor,
    stake::positions::{self, MaturityOutlook},
    validators::{Records, page_length, told},
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
    let parameters = &source.facts().parameters;
    let prepare = || {
        let records = Records::of(source, request.height)?;
        let holders = holders(source, request.height != 0)?;
        // One more, to know where the next page begins.
        let numbers = holders.of(owner, start, LOOKED_AT.saturating_add(1));
        let unknown = holders.next_position();
        drop(holders);
        let outlook = MaturityOutlook::of(source, request.height);
        Ok((numbers, unknown, (records, outlook)))
    };
    page(source, request.height, prepare, |at, prepared| {
        let (numbers, unknown, (records, outlook)) = prepared;
        let page = Page {
            parameters,
            records: &records,
            outlook,
            length,
            answer: ListDelegationsResponse::default(),
            operators: BTreeMap::new(),
            next: numbers.get(LOOKED_AT).copied(),
        };
        let looked = numbers.get(..LOOKED_AT).unwrap_or(&numbers);
        page.of(at, looked, start.max(unknown))
    })
}

/// A page that is being filled.
struct Page<'a> {
    parameters: &'a Parameters,
    records: &'a Records,
    outlook: Option<MaturityOutlook>,
    length: usize,
    answer: ListDelegationsResponse,
    operators: BTreeMap<[u8; 20], Option<proto::Validator>>,
    next: Option<u64>,
}

impl Page<'_> {
    /// The page of these positions. From the number `unknown` on nobody has looked yet who owns them: where there are some, the next page
    /// begins there at the latest.
    fn of(
        mut self,
        at: &At<'_>,
        numbers: &[u64],
        unknown: u64,
    ) -> Result<ListDelegationsResponse, ReadError> {
        let (height, Counter(made)) = at.read(|held, height| {
            let made: Option<Counter> = held.leaf(())?;
            Ok((height, made.unwrap_or(Counter(0))))
        })?;
        let epoch = next_epoch(self.parameters, height);
        if epoch != self.records.epoch() {
            return Err(at.begin_anew());
        }
        if self.next.is_none() && made > unknown {
            self.next = Some(unknown);
        }
        for numbers in numbers.chunks(at.at_once(LOOK, LOOKED_AT)) {
            if at.read(|held, _| self.add(held, numbers))? {
                break;
            }
        }
        Ok(ListDelegationsResponse {
            validators: self.operators.into_values().flatten().collect(),
            next_page_token: next_cursor(CURSOR, self.next),
            height,
            epoch,
            ..self.answer
        })
    }

    /// Adds those of these positions that stand, with the operators that they back; true once the page is full or much was read, and then
    /// `next` says where to go on.
    fn add(&mut self, held: &mut Held<'_>, numbers: &[u64]) -> Result<bool, ReadError> {
        for number in numbers {
            let position: Option<Position> = positions::standing(held, *number)?;
            let Some(position) = position else {
                continue;
            };
            if self.answer.positions.len() >= self.length || held.is_spent() {
                self.next = Some(*number);
                return Ok(true);
            }
            let when = (self.records.epoch(), self.outlook);
            let one = positions::told(held, self.parameters, when, (*number, &position), 0)?;
            self.answer.positions.push(one);
            for leg in position.legs() {
                let operator = leg.line.operator;
                if !self.operators.contains_key(&operator) {
                    let one = told(held, self.parameters, self.records, operator)?;
                    self.operators.insert(operator, one);
                }
            }
        }
        Ok(false)
    }
}

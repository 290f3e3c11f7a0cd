//! Operators as a delegator looks at them: power, commission, what they did in the last epochs, why they are in jail, what they have paid.

use std::ops::Range;

use plasmid_proto::stake::v1::{self as proto, ListValidatorsRequest, ListValidatorsResponse};
use plasmid_staking::{Description, Line, LineId, Operator, Registration, Seat, SeatState};

use super::{
    ReadError, Reader, cursor,
    held::{Held, next_epoch, page},
    holders::holders,
    next_cursor,
    stake::{description, line},
};
use crate::{
    ledger::{Leaves, Parameters},
    wire::address_text,
};

mod records;

pub(super) use records::Records;
pub use records::Sets;

/// Operators of one page.
const MAX_PAGE: usize = 100;
/// Seats and operators that one page looks at, and those of them that are looked at while the state is held.
const LOOKED_AT: usize = 2_048;
const LOOK: usize = 8;
/// What a page token of this list begins with.
const CURSOR: char = 'v';

/// Every operator, those with a seat first. A page's token is a place in the list of all seats and, behind it, all operators.
pub fn list_validators(
    source: &Reader<'_>,
    request: &ListValidatorsRequest,
) -> Result<ListValidatorsResponse, ReadError> {
    let length = page_length(request.page_size);
    let start = cursor(CURSOR, &request.page_token)?;
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let parameters = &source.facts().parameters;
    let prepare = || {
        let records = Records::of(source, request.height)?;
        let holders = holders(source, false)?;
        let seats = parameters.seats.into();
        let first = start.saturating_sub(seats);
        Ok(List {
            seats,
            first,
            operators: holders.operators(first, LOOKED_AT),
            count: holders.operator_count(),
            leaves: holders.leaves(),
            records,
        })
    };
    page(source, request.height, prepare, |at, list| {
        let (height, count) = at.read(|held, height| Ok((height, held.count())))?;
        let epoch = next_epoch(parameters, height);
        if epoch != list.records.epoch() {
            return Err(at.begin_anew());
        }
        let end = start.saturating_add(LOOKED_AT).min(list.length());
        let (mut validators, mut next) = (Vec::new(), start);
        while next < end {
            let until = next.saturating_add(at.at_once(LOOK, LOOKED_AT)).min(end);
            next = at.read(|held, _| {
                list.walk(held, parameters, next..until, length, &mut validators)
            })?;
            if next < until {
                break;
            }
        }
        // In leaves at which nobody has looked yet more operators may stand.
        let is_over = next >= list.length() && count <= list.leaves;
        Ok(ListValidatorsResponse {
            validators,
            next_page_token: next_cursor(CURSOR, (!is_over).then_some(next as u64)),
            height,
            epoch,
        })
    })
}

/// How many entries a page of stake has.
pub(super) fn page_length(size: u32) -> usize {
    match size as usize {
        0 => MAX_PAGE,
        size => size.min(MAX_PAGE),
    }
}

/// All seats, and behind them all operators, of whom those are here at whom this page can look.
struct List {
    seats: usize,
    /// The place of the first of these operators among all.
    first: usize,
    operators: Vec<[u8; 20]>,
    /// How many operators there are.
    count: usize,
    /// At how many leaves was looked for them.
    leaves: u32,
    records: Records,
}

impl List {
    fn length(&self) -> usize {
        self.seats.saturating_add(self.count)
    }

    /// Adds who stands at these places until the page is full or much was read; gives the place from which to go on.
    fn walk(
        &self,
        held: &mut Held<'_>,
        parameters: &Parameters,
        places: Range<usize>,
        length: usize,
        page: &mut Vec<proto::Validator>,
    ) -> Result<usize, ReadError> {
        let end = places.end;
        for place in places {
            if page.len() >= length || held.is_spent() {
                return Ok(place);
            }
            if let Some(operator) = self.at(held, place)? {
                page.extend(told(held, parameters, &self.records, operator)?);
            }
        }
        Ok(end)
    }

    /// Who stands at a place: an operator that has a seat stands at its seat alone.
    fn at(&self, held: &mut Held<'_>, place: usize) -> Result<Option<[u8; 20]>, ReadError> {
        match place.checked_sub(self.seats) {
            None => {
                let seat: Option<Seat> = held.leaf(u16::try_from(place).unwrap_or(u16::MAX))?;
                let seat = seat.filter(|seat| seat.state != SeatState::Empty);
                Ok(seat.map(|seat| seat.line.operator))
            }
            Some(place) => {
                let place = place.checked_sub(self.first);
                let operator = place.and_then(|place| self.operators.get(place));
                let Some(operator) = operator.copied() else {
                    return Ok(None);
                };
                let newest: Option<Operator> = held.leaf(operator)?;
                let line = match newest {
                    Some(Operator { line, .. }) => held.leaf::<Line>(LineId { operator, line })?,
                    None => None,
                };
                Ok(line.filter(|line| !line.seated()).map(|_| operator))
            }
        }
    }
}

/// What is told of an operator; nothing of one that is not registered in this state.
pub(super) fn told(
    held: &mut Held<'_>,
    parameters: &Parameters,
    records: &Records,
    operator: [u8; 20],
) -> Result<Option<proto::Validator>, ReadError> {
    let newest: Option<Operator> = held.leaf(operator)?;
    let Some(newest) = newest else {
        return Ok(None);
    };
    let registration: Registration = held.stands((operator, newest.registration))?;
    let id = LineId {
        operator,
        line: newest.line,
    };
    let described: Option<Description> = held.leaf(operator)?;
    let line = line(held, id)?;
    // A line that has lost its jailed seat takes no other one before its time is over.
    let in_jail = line.jailed || line.seat.is_none() && records.epoch() < line.jailed_until;
    let jail_reason = if in_jail { "absent" } else { "" };
    let (power, commission) = records.now(&operator);
    let (next_power, next_commission) = records.next(&operator);
    Ok(Some(proto::Validator {
        operator: address_text(&operator),
        registration: newest.registration,
        tombstoned: registration.tombstoned,
        line: Some(line),
        description: described.map(description).transpose()?,
        power,
        commission,
        next_power,
        next_commission,
        jail_reason: jail_reason.to_owned(),
        attendance: records.attendance(&operator),
        apr: records::apr(held, parameters, id, records.epoch())?,
    }))
}

//! The segments of the vectors, in groups, each with the name of the answer that it is about.

mod shown;
mod whole;

use plasmid_bridge::proof::inbox::Message;

use super::*;
use crate::ledger::rules::vectors::{GivenCase, given};
use crate::ledger::{Memory, Slot};

/// Height of the blocks of the ledger's cases.
pub const HEIGHT: u64 = 200;

pub fn moment() -> Moment {
    Moment {
        height: HEIGHT,
        time: 1_800_000_000_000_000_000,
    }
}

pub type Expected = (CourtCase, &'static str);

/// A file of vectors each.
pub fn groups() -> Vec<(String, Vec<Expected>)> {
    let rules = given().into_iter().map(|(rule, cases)| {
        let cases = cases.into_iter().flat_map(of_rule).collect();
        (format!("rule_{rule}"), cases)
    });
    rules
        .chain(whole::groups())
        .chain(shown::groups())
        .collect()
}

/// A case of a rule as a segment of its own; where the rule carries it out, a second time with another root behind it.
fn of_rule(given: GivenCase) -> Vec<Expected> {
    let GivenCase {
        name,
        before,
        bytes,
        is_message,
        refused,
    } = given;
    let count = crate::ledger::Leaves::count(&before);
    let state = SparseState::of(&before, count);
    let (kind, bytes) = match is_message {
        true => (
            SegmentKind::Messages,
            [&[MESSAGE], bytes.as_slice()].concat(),
        ),
        false => (SegmentKind::Users, bytes),
    };
    let case = CourtCase::of(&name, &state, (kind, moment()), &[bytes]);
    // Of what is refused by its bytes alone a court tells no more, and some forced transactions are of stake.
    let answer = case.answer();
    let expected = match (answer, refused) {
        (Ok(Some(SegmentFraud::Form)), Some(_)) => "form",
        (Err(UndecidedSegment::NotJudged), None) => "not_judged",
        (_, Some(code)) => code.name(),
        (_, None) => "sound",
    };
    let mut all = vec![(case.clone(), expected)];
    if answer == Ok(None) {
        let other = case.with(&format!("{name}, and another state behind it"), |case| {
            case.after.0[31] ^= 1;
        });
        all.push((other, "after"));
    }
    all
}

/// The leaves with which the ledger's tests begin.
fn people() -> Memory {
    crate::ledger::fixture::state(1)
}

/// A memory without one of its leaves.
pub fn without(mut memory: Memory, slot: &Slot) -> Memory {
    let order = memory.order().to_vec();
    let mut rest = Memory::with_count(1);
    for other in order.iter().filter(|other| *other != slot) {
        let value = crate::ledger::Leaves::read(&mut memory, other).expect("it is read");
        let value = value.expect("it stands");
        crate::ledger::Leaves::write(&mut rest, other, value).expect("it is written");
    }
    rest
}

fn sparse(memory: &Memory) -> SparseState {
    SparseState::of(memory, crate::ledger::Leaves::count(memory))
}

pub fn messages(
    bodies: impl IntoIterator<Item = plasmid_bridge::proof::inbox::Body>,
) -> Vec<Vec<u8>> {
    let numbered = (1u64..).zip(bodies);
    let encoded = numbered.map(|(index, body)| {
        let message = Message {
            index,
            arrival: 1_000 + index,
            root_height: index,
            due: 0,
            body,
        };
        [&[MESSAGE], message.encode().as_slice()].concat()
    });
    encoded.collect()
}

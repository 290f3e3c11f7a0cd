//! What a court is shown of a segment: the leaves that its execution asks for, up to where it ends, and their proof.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::convert::Infallible;

use alloy_primitives::B256;
use plasmid_bridge::proof::tree::MAX_WITNESS_LEAVES;

use super::state::SparseState;
use super::*;
use crate::chain::segments::MAX_COURT_LEAVES;

/// A state that remembers which of its leaves were asked for, in order.
struct AskedState<'a> {
    state: &'a SparseState,
    asked: RefCell<(Vec<B256>, BTreeSet<B256>)>,
}

impl AskedState<'_> {
    fn note(&self, key: B256) {
        let mut asked = self.asked.borrow_mut();
        if asked.1.insert(key) {
            asked.0.push(key);
        }
    }
}

impl Reads for AskedState<'_> {
    type Error = Infallible;

    fn value(&self, key: &B256) -> Result<Option<&[u8]>, Infallible> {
        let value = self.state.value(key)?;
        if value.is_some() {
            self.note(*key);
        }
        Ok(value)
    }

    fn low(&self, key: &B256) -> Result<B256, Infallible> {
        let low = self.state.low(key)?;
        self.note(low);
        Ok(low)
    }

    fn count(&self) -> u32 {
        self.state.count()
    }
}

/// What a court is shown of a segment whatever it says then, from the state before it. Where the bytes alone tell, that is nothing.
pub fn show_segment(state: &SparseState, judged: &JudgedSegment<'_>) -> SegmentProof {
    let Ok(ReadSegment::Parts(input, parts)) = read(judged) else {
        return SegmentProof::default();
    };
    let hints = hints_of(&parts);
    let asked = AskedState {
        state,
        asked: RefCell::default(),
    };
    let made = match execute(&asked, parts, &input) {
        Ok(ran) => ran.made,
        // Nothing is decided behind this, so no places are looked at.
        Err(_) => 0,
    };
    let (mut standing, _) = asked.asked.into_inner();
    // Execution stops at the access with which too many leaves are touched: nothing behind it is asked for.
    standing.truncate(MAX_COURT_LEAVES + 1);
    let appends = made.min((MAX_WITNESS_LEAVES - standing.len()) as u32);
    let witness = match standing.is_empty() {
        true => Vec::new(),
        false => state.witness(&standing, appends).encode(),
    };
    SegmentProof { witness, hints }
}

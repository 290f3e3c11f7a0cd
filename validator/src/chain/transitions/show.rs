//! What a court is shown of a segment: the leaves that its execution asks for, up to where it ends, and their proof.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::convert::Infallible;

use alloy_primitives::B256;
use plasmid_bridge::proof::tree::{MAX_WITNESS_LEAVES, Witness};

use super::{JudgedSegment, ReadSegment, SegmentProof, execute, hints_of, read};
use crate::chain::commit;
use crate::chain::overlay::Reads;
use crate::chain::segments::MAX_COURT_LEAVES;
use crate::chain::tree::Tree;

/// A state from which witnesses are taken.
pub(in crate::chain) trait WitnessState: Reads<Error = Infallible> {
    /// The leaves of the keys `standing`, which the state has, and `appends` empty places behind the last leaf, with their proof; `None` where the state cannot prove them.
    fn witness(&self, standing: &[B256], appends: u32) -> Option<Witness>;
}

impl WitnessState for Tree {
    fn witness(&self, standing: &[B256], appends: u32) -> Option<Witness> {
        commit::witness_of(self, standing, appends).ok()
    }
}

/// A state that remembers which of its leaves were asked for, in order.
struct AskedState<'a, S> {
    state: &'a S,
    asked: RefCell<(Vec<B256>, BTreeSet<B256>)>,
}

impl<S> AskedState<'_, S> {
    fn note(&self, key: B256) {
        let mut asked = self.asked.borrow_mut();
        if asked.1.insert(key) {
            asked.0.push(key);
        }
    }
}

impl<S: WitnessState> Reads for AskedState<'_, S> {
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
pub(in crate::chain) fn show_segment<S: WitnessState>(
    state: &S,
    judged: &JudgedSegment<'_>,
) -> SegmentProof {
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
    standing.truncate(MAX_COURT_LEAVES.saturating_add(1));
    let room = MAX_WITNESS_LEAVES.saturating_sub(standing.len());
    let appends = made.min(u32::try_from(room).unwrap_or(u32::MAX));
    let witness = match standing.is_empty() {
        true => None,
        false => state.witness(&standing, appends),
    };
    SegmentProof {
        witness: witness.map_or_else(Vec::new, |witness| witness.encode()),
        hints,
    }
}

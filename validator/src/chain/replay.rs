//! A state that is carried from segment to segment by what somebody shows of blocks, and what it finds: the first segment that does not leave what its record says.
//!
//! ```text
//! state that root vouches for ──segment──► the rules of a node ──► root after = the record's? ──► next segment
//!                                                                        └ no: the leaves that it touched, and their proof, for a court
//! ```
//! Nothing is taken from the records but what is compared: a segment begins in the state that this carried there, or is not executed. Users' signatures are taken
//! to hold here, as courts take them: they are judged for themselves.

use plasmid_bridge::proof::commitment::SegmentKind;

use super::commit::touched_witness;
use super::reexecute::carry_out;
use super::transitions::{
    AsSigned, JudgedSegment, SegmentFraud, SegmentProof, UndecidedSegment, judge_segment,
    show_segment,
};
use super::tree::Tree;

/// Why a state is not carried over a segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unreplayed {
    /// It begins in another state: what is wrong stands before it, or in what links it.
    Elsewhere,
    /// It does not leave what its record says.
    False(FalseSegment),
    /// The state cannot take it, though the rules do: this program is broken.
    Broken(String),
}

/// A segment that does not leave what its record says, and whether a court can be shown that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FalseSegment {
    /// A court that is shown this calls it fraud.
    Provable(SegmentFraud, SegmentProof),
    /// A court does not come to an answer.
    Unprovable(UndecidedSegment),
}

/// Carries a state over a segment that leaves what its record says; of another one it is not used any more.
///
/// # Errors
/// [`Unreplayed`].
pub fn replay_segment(tree: &mut Tree, judged: &JudgedSegment<'_>) -> Result<(), Unreplayed> {
    let kind = SegmentKind::from_byte(judged.kind);
    let Some(kind) = kind.filter(|_| judged.before == tree.root()) else {
        return Err(Unreplayed::Elsewhere);
    };
    let Ok(layer) = carry_out(tree, &judged.input(kind), &AsSigned) else {
        return Err(decided(judged, show_segment(tree, judged)));
    };
    let broken = |error: &dyn std::fmt::Display| Unreplayed::Broken(error.to_string());
    // It is taken before the state goes on, because no state goes back.
    let witness = touched_witness(tree, &layer.touched).map_err(|error| broken(&error))?;
    let after = tree.apply(&layer.changes);
    if after.map_err(|error| broken(&error))? == judged.after {
        return Ok(());
    }
    let proof = SegmentProof {
        witness: witness.encode(),
        hints: judged.hints(),
    };
    Err(decided(judged, proof))
}

/// What a court says to a segment that is false.
fn decided(judged: &JudgedSegment<'_>, proof: SegmentProof) -> Unreplayed {
    match judge_segment(judged, &proof) {
        Ok(Some(fraud)) => Unreplayed::False(FalseSegment::Provable(fraud, proof)),
        Err(undecided) => Unreplayed::False(FalseSegment::Unprovable(undecided)),
        Ok(None) => Unreplayed::Broken("courts call a segment sound that nodes refuse".to_owned()),
    }
}

#[cfg(test)]
mod tests;

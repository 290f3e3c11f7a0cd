//! The errors of the FraudCourt.

use crate::abi::IFraudCourt::IFraudCourtErrors as E;

pub(super) fn sentence(error: E) -> String {
    match error {
        E::NotTheAccepted(e) => format!(
            "what was shown of checkpoint {} hashes to {}, and root keeps {}: its content or its acceptance is another",
            e.epoch, e.computed, e.kept
        ),
        E::NotThePrevious(e) => format!(
            "the checkpoint names {} as the one before it, and {} was shown",
            e.previous, e.given
        ),
        E::NotInEpoch(e) => format!(
            "the block that was shown does not stand at place {} of epoch {}; make the proof anew",
            e.number, e.epoch
        ),
        E::NotTheSegments(e) => format!(
            "the block commits to the segments root {}, and what was shown hashes to {}",
            e.segmentsRoot, e.given
        ),
        E::NotInBlock(e) => format!(
            "the segment that was shown does not stand at place {} of the {} of its block; make the proof anew",
            e.number, e.count
        ),
        E::NotInState(e) => format!(
            "the leaf that was shown does not stand in the state {}; make the proof anew",
            e.stateRoot
        ),
        E::WrongLeaf(e) => format!(
            "the rule is about the leaf with key {}, and the one with key {} was shown",
            e.expected, e.given
        ),
        E::WrongValue(e) => format!(
            "the value that was shown of the leaf of kind {} is another one's",
            e.kind
        ),
        E::NotNeighbours(e) => format!(
            "numbers {} and {} were shown, and they do not follow each other",
            e.earlier, e.later
        ),
        E::NotUsers(e) => format!(
            "a segment of kind {} was shown, and only users' transactions, kind 4, are signed",
            e.kind
        ),
        E::NotTheLength(e) => format!(
            "{} bytes of a segment were shown, and its record says {}; a segment has at most 32,768",
            e.given, e.length
        ),
        E::NotTheBytes(e) => format!(
            "the bytes that were shown have the root {}, and the segment commits to {}",
            e.given, e.chunksRoot
        ),
        E::SignatureHolds(e) => {
            format!(
                "transaction {} of the segment is signed by its sender",
                e.place
            )
        }
        E::SegmentHolds(_) => "the segment is what its record says".to_owned(),
        E::NotShown(e) => format!("what was shown says nothing about link rule L{}", e.rule),
        E::NoFraud(e) => format!("what was shown keeps link rule L{}", e.rule),
    }
}

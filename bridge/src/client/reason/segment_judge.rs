//! The errors of the judge of segments, by which it decides nothing.

use crate::abi::ISegmentJudge::ISegmentJudgeErrors as E;

pub(super) fn sentence(error: E) -> String {
    match error {
        E::HeightZero(_) => {
            "nothing is judged in block 0, because genesis has no segments; link rule L2 shows such a block"
                .to_owned()
        }
        E::NoSuchKind(e) => format!(
            "no segment is of kind {}, and link rule L8 shows it",
            e.kind
        ),
        E::CountZero(_) => {
            "a segment without transactions is not judged: link rule L9 shows it".to_owned()
        }
        E::NotJudged(e) => format!(
            "what is of kind {} in the segment is not judged yet, and so nothing is decided",
            e.kind
        ),
        E::BadWitness(_) => {
            "the witness does not decode, has too many leaves, or one twice; make the proof anew"
                .to_owned()
        }
        E::NotTheStateBefore(e) => format!(
            "the witness leads to the state root {}, and the segment begins with {}; make the proof anew",
            e.given, e.expected
        ),
        E::Undecided(e) => format!(
            "the witness neither has the leaf with key {} nor shows that there is none",
            e.key
        ),
        E::OnlyTheHash(e) => format!(
            "the witness has only the hash of the value of the leaf with key {}",
            e.key
        ),
        E::OtherKind(e) => format!(
            "the leaf with key {} is of kind {}, and another one is asked for",
            e.key, e.kind
        ),
        E::OtherAppends(e) => format!(
            "the witness has places for {} new leaves, and the segment makes {}",
            e.appends, e.made
        ),
        E::OtherHints(e) => format!(
            "the signatures of the segment need {} words of hints, and {} were shown",
            e.needed, e.given
        ),
        E::UnsoundState(e) => format!(
            "no sound block leaves such a leaf of kind {}: something before the segment is wrong already",
            e.kind
        ),
    }
}

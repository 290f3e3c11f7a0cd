//! What a segment's bytes are, judged beside its record and the height and time of its block, without any state.

use plasmid_bridge::proof::commitment::SegmentKind;
use plasmid_bridge::proof::inbox::Message;

use super::{FormError, SegmentInput};
use crate::chain::evidence::{MISBEHAVIOR, Misbehavior};
use crate::chain::record::{Executing, MESSAGE, RECORD};
use crate::chain::segments;

/// The transactions of a segment. What users' transactions are is left to whoever checks their signatures.
pub(in crate::chain) enum Form<'a> {
    Record(Executing),
    Messages(Vec<Message>),
    Evidence(Vec<Misbehavior>),
    Users(Vec<&'a [u8]>),
    Boundary,
}

impl<'a> Form<'a> {
    pub(super) fn read(input: &SegmentInput<'a>) -> Result<Self, FormError> {
        let transactions = segments::transactions(input.bytes)?;
        let expected = match input.kind {
            SegmentKind::Record => 1,
            SegmentKind::Boundary => 0,
            SegmentKind::Messages | SegmentKind::Evidence | SegmentKind::Users => input.count,
        };
        let found = transactions.len();
        if expected != input.count || usize::try_from(expected) != Ok(found) {
            return Err(FormError::Count {
                kind: input.kind,
                expected,
                found,
            });
        }
        check_first_bytes(input.kind, &transactions)?;
        match input.kind {
            SegmentKind::Record => record(input, &transactions),
            SegmentKind::Messages => messages(&transactions).map(Self::Messages),
            SegmentKind::Evidence => evidence(input, &transactions).map(Self::Evidence),
            SegmentKind::Users => Ok(Self::Users(transactions)),
            SegmentKind::Boundary => Ok(Self::Boundary),
        }
    }
}

fn check_first_bytes(kind: SegmentKind, transactions: &[&[u8]]) -> Result<(), FormError> {
    for (place, bytes) in transactions.iter().enumerate() {
        let found = bytes.first().copied();
        let belongs = match kind {
            SegmentKind::Record => found == Some(RECORD),
            SegmentKind::Messages => found == Some(MESSAGE),
            SegmentKind::Evidence => found == Some(MISBEHAVIOR),
            SegmentKind::Users => found.is_some_and(|first| first < 0x80),
            SegmentKind::Boundary => false,
        };
        if !belongs {
            return Err(FormError::FirstByte { kind, place, found });
        }
    }
    Ok(())
}

fn record<'a>(input: &SegmentInput<'_>, transactions: &[&[u8]]) -> Result<Form<'a>, FormError> {
    let bytes = transactions.first().copied().unwrap_or_default();
    let malformed = |why| FormError::Malformed { place: 0, why };
    let executing = Executing::decode(bytes).map_err(malformed)?;
    match executing.differs_from(&input.moment) {
        Some(field) => Err(FormError::Record(field)),
        None => Ok(Form::Record(executing)),
    }
}

fn messages(transactions: &[&[u8]]) -> Result<Vec<Message>, FormError> {
    let numbered = transactions.iter().enumerate();
    numbered
        .map(|(place, bytes)| {
            Message::decode(bytes.get(1..).unwrap_or_default())
                .map_err(|why| FormError::Message { place, why })
        })
        .collect()
}

fn evidence(
    input: &SegmentInput<'_>,
    transactions: &[&[u8]],
) -> Result<Vec<Misbehavior>, FormError> {
    let expected = input.moment.height;
    let mut all = Vec::new();
    for (place, bytes) in transactions.iter().enumerate() {
        let (found, misbehavior) =
            Misbehavior::decode(bytes).map_err(|why| FormError::Malformed { place, why })?;
        if found != expected {
            return Err(FormError::EvidenceHeight {
                place,
                expected,
                found,
            });
        }
        all.push(misbehavior);
    }
    Ok(all)
}

//! The errors of DataChallenges.

use crate::abi::IDataChallenges::IDataChallengesErrors as E;

pub(super) fn sentence(error: E) -> String {
    match error {
        E::ParameterOutOfRange(e) => super::parameter(&e.name, e.value),
        E::OtherEpoch(e) => format!(
            "checkpoint {} was shown for a challenge of epoch {}; show the checkpoint of that epoch",
            e.epoch, e.given
        ),
        E::NotVoidable(e) => match e.from < e.until {
            true => format!(
                "checkpoint {} can not be made void; of those that root accepted, only epochs from {} to below {} can",
                e.epoch, e.from, e.until
            ),
            false => format!(
                "checkpoint {} can not be made void, as none that root accepted can: all that stand are final",
                e.epoch
            ),
        },
        E::ChallengesOver(e) => format!(
            "data of this checkpoint could be asked for until root time {}, and it is {}",
            e.until, e.time
        ),
        E::NoSuchTarget(e) => format!(
            "a challenge of kind {} in place {} is neither one of a segment (kind 1, in a block of the epoch) nor one of a leaf (kind 2, place 0)",
            e.kind, e.place
        ),
        E::AlreadyChallenged(e) => format!(
            "{} asked for it already; everything is asked for once",
            e.challenger
        ),
        E::NotChallenged(_) => {
            "nobody asked for it, so there is nothing to answer, to expire or to pay back"
                .to_owned()
        }
        E::Closed(e) => format!(
            "what {} asked for is answered, or was paid back",
            e.challenger
        ),
        E::PriceNotPaid(e) => format!(
            "{} wei were sent, and the challenge costs {} now; the price may have risen, try again",
            e.value, e.price
        ),
        E::MoneyNotTaken(e) => format!("{} does not take {} wei", e.to, e.amount),
        E::Exists(e) => format!(
            "number {} is there, since {} are counted; answer with it",
            e.number, e.count
        ),
        E::DeadlineOpen(e) => format!(
            "it can be answered until root time {}, and it is {}; wait until then",
            e.deadline, e.time
        ),
        E::StillVoidable(e) => format!(
            "checkpoint {} can still be void, so nobody is paid back: the challenge is to be answered, or to expire",
            e.epoch
        ),
    }
}

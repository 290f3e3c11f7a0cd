//! The errors of Exits. Some of them have the form of the Vault's or of RootChain's, which word them then.

use crate::abi::IExits::IExitsErrors as E;

pub(super) fn sentence(error: E) -> String {
    match error {
        E::NotOpened(_) => {
            "nothing is paid before the base is fixed; `plasmid exit open` fixes it once exit mode has begun".to_owned()
        }
        E::AlreadyOpened(_) => "the base is fixed already, and stays as it is".to_owned(),
        E::NotBase(e) => format!(
            "the base is the state behind {} checkpoints, and another one was shown, of epoch {}; show the last that root accepted",
            e.base, e.given
        ),
        E::NoSuchPlace(e) => format!(
            "the proof shows {} leaves, and none at place {}; make the proof anew",
            e.leaves, e.place
        ),
        E::NothingToExit(_) => "no leaf of the state was named; name at least one".to_owned(),
        E::IndexBeyondCount(e) => super::index_beyond(e.index, e.count),
        E::NotPayable(e) => format!(
            "leaf {} is of kind {}, and leaves of this kind pay nobody; leave it out",
            e.index, e.kind
        ),
        E::LeafWidth(e) => format!(
            "leaf {} has another width than leaves of kind {}; make the proof anew",
            e.index, e.kind
        ),
        E::WrongAccount(e) => format!(
            "leaf {} names place {} of the proof, and the leaf that says where it is paid does not stand there; make the proof anew",
            e.index, e.account
        ),
        E::NoPayout(e) => format!(
            "the account of leaf {} has not said where it is paid on root; its owner says it with `plasmid exit name`",
            e.index
        ),
        E::NothingHeld(e) => format!("leaf {} holds nothing that could be paid", e.index),
        E::StateRootMismatch(e) => super::root_mismatch(e.expected, e.computed),
        E::Consumed(e) => format!(
            "message {} is credited in the base, which has consumed the messages up to {}; its money leaves with the account that got it",
            e.message, e.cursor
        ),
        E::NothingToRefund(e) => format!(
            "message {} is of kind {}, and carried no money that comes back",
            e.message, e.kind
        ),
        E::PayoutZero(_) => "the address to be paid at is zero; name an address on root".to_owned(),
        E::NotOwner(e) => format!(
            "the withdrawal is paid to {}, who alone may give it away or sell it, and {} tried to",
            e.owner, e.caller
        ),
        E::NotOffered(e) => format!(
            "withdrawal {} to {} is not for sale: its offer was taken back, or it was sold or given away meanwhile; nothing was paid",
            e.number, e.recipient
        ),
        E::OfferOver(e) => format!(
            "the offer stood until root time {}, which is over; nothing was paid; its owner can offer it again",
            e.deadline
        ),
        E::WrongPrice(e) => format!(
            "the price is {} wei, and {} were sent; nothing was paid; look at the offer again",
            e.price, e.given
        ),
        E::Void(e) => super::void(e.epoch, e.standing),
        E::AlreadyClaimed(e) => super::already_paid(e.index),
        E::PriceNotTaken(e) => format!(
            "the seller {} does not take the price of {} wei, so nothing was sold or paid",
            e.seller, e.price
        ),
        E::BadNaming(e) => format!(
            "key {} did not sign this naming with nonce {}; look at the key, the address and whether a newer naming was sent meanwhile",
            e.key, e.nonce
        ),
        E::NamingLate(e) => format!(
            "this naming could be carried until root time {}, which is over; sign it again",
            e.deadline
        ),
        E::GasTooLow(e) => super::gas_too_low(e.needed, e.left),
    }
}

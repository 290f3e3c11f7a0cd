//! The Inbox's errors.

use crate::abi::IInbox::IInboxErrors as E;

pub(super) fn sentence(error: E) -> String {
    match error {
        E::NotAllowed(e) => format!(
            "{} may not send a message of kind {}: only Registry, Vault and RootChain send, each its own kind",
            e.sender, e.kind
        ),
        E::NotOpen(_) => {
            "RootChain does not exist yet, so nothing is sent; `plasmid init create` finishes the deployment".to_owned()
        }
        E::Closed(e) => format!(
            "the deployment is closing, with exit mode from root time {} on: nothing enters it any more, because what enters might never be \
             consumed; `plasmid exit status` says how money leaves",
            e.exitAt
        ),
        E::PriceNotPaid(e) => format!(
            "the inbox asks for {} wei, and {} were sent; the price may have risen, try again",
            e.price, e.value
        ),
        E::ValueNotTaken(e) => format!("this message is free, and {} wei came with it", e.value),
        E::ExcessNotTaken(e) => super::excess(e.sender, e.excess),
        E::ForcedLength(e) => format!(
            "a forced transaction has 1 to 512 bytes, and this one has {}",
            e.length
        ),
        E::UnknownMessage(e) => format!(
            "message {} does not exist yet; the inbox has {}",
            e.index, e.count
        ),
        E::NotKept(e) => format!(
            "the inbox does not keep message {} of {} any more; make the submission anew",
            e.index, e.count
        ),
        E::LinkMismatch(e) => format!(
            "the hash at message {} is {} on root, and {} was shown: the child has consumed another history, or the submission is stale",
            e.index, e.kept, e.computed
        ),
        E::NotShown(e) => format!(
            "the submission gives link {} and {} message hashes, but not the messages between them by which the due messages are counted; make the submission anew",
            e.beforeDue, e.afterDue
        ),
        E::AroundLength(e) => format!(
            "{} messages must be shown, and {} were; make the submission anew",
            e.expected, e.given
        ),
        E::NotDue(e) => format!(
            "message {} was counted as due at {} ms, and is due at {} ms; make the submission anew",
            e.index, e.timeMs, e.dueMs
        ),
        E::Due(e) => format!(
            "message {} was due at {} ms, before {} ms, and was not counted; make the submission anew",
            e.index, e.dueMs, e.timeMs
        ),
        E::ParameterOutOfRange(e) => super::parameter(&e.name, e.value),
    }
}

//! RootChain's errors.

use crate::abi::IRootChain::IRootChainErrors as E;

pub(super) fn sentence(error: E) -> String {
    match error {
        E::NotNext(e) => format!(
            "checkpoint {} was offered and {} is next; offer that one",
            e.epoch, e.next
        ),
        E::PreviousMismatch(e) => format!(
            "checkpoint 0 must name {} as its previous, and names {}: it is another deployment's",
            e.expected, e.given
        ),
        E::SetMismatch(e) => format!(
            "the set that signs checkpoint 0 is {}, and {} was given",
            e.expected, e.given
        ),
        E::RecordMismatch(e) => format!(
            "what was told about checkpoint {} hashes to {}, and the contract keeps {}: its content, its acceptance or its set is \
             another",
            e.epoch, e.computed, e.kept
        ),
        E::RingFull(e) => format!(
            "the ring of checkpoints is full until root time {}, and it is {}; wait until then",
            e.freeAt, e.time
        ),
        E::TimeBackwards(e) => format!(
            "the checkpoint's time is {}, and the previous one's is {}: times never go back",
            e.given, e.previous
        ),
        E::TimeAhead(e) => format!(
            "the checkpoint's time is {}, more than 15 minutes ahead of root; try again from then on (root takes {} now)",
            e.given, e.latest
        ),
        E::TauOutOfRange(e) => format!(
            "tau is {}, and it must lie between {} and {}; make the submission anew",
            e.given, e.earliest, e.latest
        ),
        E::CursorBackwards(e) => format!(
            "the checkpoint has consumed {} messages, and the one before had consumed {}",
            e.given, e.previous
        ),
        E::TooLittlePower(e) => format!(
            "the certificate holds power {} of {}, and more than two thirds are needed; wait for more shares",
            e.signed, e.total
        ),
        E::BadSignature(e) => format!(
            "the aggregate signature is not the signers' over digest {}",
            e.digest
        ),
        E::NotAccepted(e) => format!(
            "checkpoint {} is not accepted yet: root has accepted {}; wait for it",
            e.epoch, e.accepted
        ),
        E::NotInRing(e) => format!(
            "checkpoint {} is no longer kept on root, the oldest that is kept is {}; prove under a newer one",
            e.epoch, e.oldest
        ),
        E::WindowOpen(e) => format!(
            "the checkpoint can be final from root time {} on, and it is {}; wait until then",
            e.finalAt, e.time
        ),
        E::MessageSkipped(e) => format!(
            "the checkpoint left out messages that were due: {} were due and {} are consumed; it is final once a later one has consumed \
             them",
            e.dueCount, e.inboxCursor
        ),
        E::ExitMode(e) => format!(
            "exit mode began at root time {}: no checkpoint is accepted any more; `plasmid exit status` says how money leaves",
            e.exitAt
        ),
        E::AlreadyClosing(e) => format!(
            "the deployment is closing already, and exit mode begins at root time {}",
            e.exitAt
        ),
        E::NotOverdue(e) => format!(
            "exit mode can begin from root time {} on, and it is {}; wait until then",
            e.from, e.time
        ),
        E::NotNextMessage(e) => format!(
            "message {} was shown, and the child has to consume message {} next; show that one",
            e.given, e.next
        ),
        E::NoExitMode(e) => match e.exitAt {
            0 => "the deployment is not closing, so there is no base to leave by; `plasmid exit begin` closes it when it may".to_owned(),
            at => format!(
                "exit mode begins at root time {at}, and it is {}; wait until then",
                e.time
            ),
        },
        E::BaseNotFinal(e) => format!(
            "{} checkpoints stand on root and {} of them are final; the base is there when all are, a window after the last was accepted",
            e.standing, e.finalized
        ),
        E::Void(e) => super::void(e.epoch, e.standing),
        E::AlreadyFinal(e) => format!(
            "checkpoint {} is final, as are all below {}, and stays so",
            e.epoch, e.finalized
        ),
        E::VoidNotAllowed(e) => format!(
            "only the FraudCourt and DataChallenges make a checkpoint void, by a proof and by what nobody shows, and {} asked for it",
            e.caller
        ),
        E::Held(e) => format!(
            "somebody asked for data of checkpoint {}, and no answer is there, or one that came so late that there must be time to look at it; \
             nothing from it on can be final until then",
            e.epoch
        ),
        E::ParameterOutOfRange(e) => super::parameter(&e.name, e.value),
        E::ZeroRoot(e) => format!("the {} is zero, which no root is", super::foreign(&e.name)),
        E::SetCommitmentMismatch(e) => format!(
            "the operators agreed on the set {}, and those that are registered make {}: every operator takes its stake back with \
             `plasmid init refund`",
            e.agreed, e.computed
        ),
        E::StakeBelowUnit(e) => format!(
            "operator {} has a stake of {} wei, less than one unit of power, {} wei; it registers again with more",
            e.operator, e.stake, e.unit
        ),
        E::PowerTooHigh(e) => format!(
            "the operators' power adds up to {}, and must stay below 2^59; choose a larger unit in the plan",
            e.total
        ),
    }
}

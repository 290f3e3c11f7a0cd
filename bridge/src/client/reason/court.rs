//! The Court's errors.

use crate::abi::ICourt::ICourtErrors as E;

pub(super) fn sentence(error: E) -> String {
    match error {
        E::ParameterOutOfRange(e) => super::parameter(&e.name, e.value),
        E::CommitmentStands(e) => format!(
            "the same commitment stands already, and can be revealed until root block {}; reveal it",
            e.until
        ),
        E::CommitmentRevealed(_) => {
            "this commitment was revealed already; collect its reward when the contest is over"
                .to_owned()
        }
        E::UnknownCommitment(e) => format!(
            "nobody made commitment {} for this report, or it was collected; a report begins with its commitment",
            e.commitment
        ),
        E::RevealOutOfTime(e) => format!(
            "the commitment can be revealed in root blocks {} to {}, and this is block {}; wait, or commit again",
            e.first, e.last, e.number
        ),
        E::BeneficiaryZero(_) => "a report needs an address that its reward is paid to".to_owned(),
        E::ReportsClosed(e) => format!(
            "reports of epoch {} closed at root time {}, and this one is of {}",
            e.epoch, e.closedAt, e.time
        ),
        E::CheckpointNotKept(e) => format!(
            "root no longer keeps checkpoint {}, so reports of the epoch before it are closed for long",
            e.epoch
        ),
        E::CheckpointNotAccepted(e) => format!(
            "root has not accepted checkpoint {} yet; wait until it has, and until reports are closed",
            e.epoch
        ),
        E::KeptMismatch(e) => format!(
            "what was shown of checkpoint {} hashes to {}, and root keeps {}; read it from root's events again",
            e.epoch, e.computed, e.kept
        ),
        E::SetMismatch(e) => format!(
            "the set that was shown for epoch {} commits to {}, and root knows {}",
            e.epoch, e.computed, e.expected
        ),
        E::MemberNotInSet(e) => format!(
            "member {} that was shown is not of that set, or its siblings are wrong",
            e.number
        ),
        E::NothingAtRisk(e) => format!(
            "the set of epoch {} is a copy, so member {} had no stake at risk in it",
            e.epoch, e.number
        ),
        E::KeysMismatch(e) => format!(
            "the Registry does not know these keys for registration {} of operator {}, so nothing is held against it",
            e.registration, e.operator
        ),
        E::KindOfVote(e) => format!(
            "a vote of kind {} is none; 1 is a prevote, 2 a precommit",
            e.kind
        ),
        E::VoteOutOfRange(e) => format!("no vote is of height {} and round {}", e.height, e.round),
        E::BlockIdIncomplete(_) => "the block id of a vote has no parts, and is not nil".to_owned(),
        E::SameBlock(_) => {
            "both votes are for the same block; a vote may be signed again at another time"
                .to_owned()
        }
        E::SameCheckpoint(e) => format!("both checkpoints are the same, {}", e.digest),
        E::DifferentEpochs(e) => format!(
            "the checkpoints are of epochs {} and {}; each of them is signed once",
            e.first, e.second
        ),
        E::BadSignature(e) => format!(
            "signature {} of the two is not of the accused's key, or its hint is wrong",
            e.which
        ),
        E::TooLittlePower(e) => format!(
            "certificate {} of the two has power {} of {}; more than two thirds are needed",
            e.which, e.power, e.total
        ),
        E::NotTheAccepted(e) => format!(
            "the first certificate was left out, and root accepted checkpoint {} of that epoch, not {}",
            e.accepted, e.given
        ),
        E::OverlapKnown(e) => format!(
            "all who signed these two checkpoints are known already for epoch {}",
            e.epoch
        ),
        E::InOverlap(e) => format!(
            "member {} is among those who signed two certificates in epoch {}, and is frozen as one of them",
            e.number, e.epoch
        ),
        E::SetNotShown(e) => format!(
            "set {} was not shown whole; show all of its members first",
            e.commitment
        ),
        E::NotNextMember(e) => format!(
            "member {} was shown, and member {} is next; show the members in order",
            e.number, e.next
        ),
        E::AggregateMismatch(_) => {
            "the set's aggregate key is not the sum of its members' keys, so its certificates prove nothing"
                .to_owned()
        }
        E::UnknownOverlap(e) => format!("there is no overlap {}", e.number),
        E::NotPending(e) => format!(
            "member {} did not sign both checkpoints, or is frozen already",
            e.number
        ),
        E::AlreadyRevealed(e) => format!(
            "the offence of operator {} in epoch {} is known already, and is taken once",
            e.operator, e.epoch
        ),
        E::NotLeader(e) => format!("commitment {} does not lead for this offence", e.leader),
        E::UnknownOffence(e) => format!(
            "no offence of operator {} in epoch {} was revealed",
            e.operator, e.epoch
        ),
        E::ContestOpen(e) => format!(
            "an older commitment can be revealed until root block {}, and this is block {}; collect after it",
            e.until, e.number
        ),
        E::AlreadyCounted(e) => format!(
            "the offence of operator {} in epoch {} is counted already",
            e.operator, e.epoch
        ),
        E::AlreadySettled(e) => format!(
            "the offence of operator {} in epoch {} is settled already",
            e.operator, e.epoch
        ),
        E::OffencesUncounted(e) => format!(
            "{} offences were revealed and are not counted; count them first, anyone may",
            e.number
        ),
        E::ReportsOpen(e) => format!(
            "reports that this cut depends on are open until root time {}, and it is {}; settle after it",
            e.closedAt, e.time
        ),
    }
}

//! Making a submission: certificate, absent members, and what shows the inbox.

use alloy_primitives::{Address, B256, Bytes};

use super::{CheckpointOffer, Deployment, Missing, RootState};
use crate::abi::{IInbox, IRootChain, signer_words};
use crate::proof::checkpoint::Checkpoint;
use crate::proof::checkpoint::certificate::{self, Certificate, CertificateError, Gathered};
use crate::proof::deployment;
use crate::proof::set::{self, SetCommitment, SetError};
use crate::proof::tree::ProofError;
use crate::relay::{members, witness::InboxWitnessError};
use plasmid_staking::Member;

/// RootChain accepts a τ that is at most 15 minutes old when the submission is mined. For an older checkpoint τ has this age, so that more
/// than half of the 15 minutes is left until the submission is mined: root's next block may come late.
pub(super) const TAU_AGE_SECS: u64 = 7 * 60;

/// Why a checkpoint cannot be submitted as it stands.
#[derive(Debug, thiserror::Error)]
pub enum ParcelError {
    /// The child gave another epoch's content.
    #[error("the child gave checkpoint {given}, and root wants checkpoint {wanted} next")]
    OtherEpoch {
        /// What root wants.
        wanted: u64,
        /// What was given.
        given: u64,
    },
    /// The content is of another deployment or history.
    #[error(
        "the checkpoint names {given} as the digest of the one before, and root accepted {wanted}"
    )]
    OtherHistory {
        /// What root accepted.
        wanted: B256,
        /// What the content names.
        given: B256,
    },
    /// The members given are not the set.
    #[error(
        "the members that the child gave have commitment {given}, and the set that signs has {wanted}"
    )]
    OtherSet {
        /// The set's commitment.
        wanted: B256,
        /// The commitment to the members that were given.
        given: B256,
    },
    /// Too few shares verify.
    #[error("{error}")]
    NoQuorum {
        /// How much power there is, and how much is needed.
        error: CertificateError,
        /// The members without a share that verifies, in seat order.
        missing: Vec<Missing>,
    },
    /// The certificate cannot be made.
    #[error("the certificate cannot be made: {0}")]
    Certificate(CertificateError),
    /// The members given cannot be a set.
    #[error("the members that the child gave cannot be a set: {0}")]
    Set(#[from] SetError),
    /// The inbox cannot be shown.
    #[error("the inbox cannot be shown: {0}")]
    Inbox(#[from] InboxWitnessError),
    /// The absent members cannot be shown.
    #[error("the absent members cannot be shown: {0}")]
    Absent(#[from] ProofError),
}

/// The argument of `submit` for `offer` on `root` as it stands.
pub fn submission(
    deployment: &Deployment,
    root: &RootState,
    offer: &CheckpointOffer,
) -> Result<IRootChain::Submission, ParcelError> {
    let checkpoint = &offer.checkpoint;
    check_history(deployment, root, checkpoint)?;
    let set = check_set(deployment, root, &offer.members)?;
    let digest = checkpoint.digest();
    let certificate = certify(offer, &digest)?;
    let tau = tau(root, checkpoint);
    let witness = root
        .messages()
        .witness(checkpoint.inbox_cursor, checkpoint.inbox_link, tau)?;
    let absent = members::absent(&offer.members, &certificate.bitmap);
    let numbers: Vec<u32> = absent.iter().map(|member| member.number.into()).collect();
    Ok(IRootChain::Submission {
        checkpoint: checkpoint.into(),
        previous: root.previous.as_ref().map(Into::into).unwrap_or_default(),
        signers: signer_words(&certificate.bitmap),
        signature: Bytes::copy_from_slice(&certificate.signature),
        set: (&set).into(),
        absent,
        absentSiblings: members::siblings(&offer.members, &numbers)?,
        tau,
        dueCount: witness.due_count,
        inbox: IInbox::Witness {
            afterCursor: witness.after_cursor,
            beforeDue: witness.before_due,
            around: witness.around,
            afterDue: witness.after_due,
        },
    })
}

fn certify(offer: &CheckpointOffer, digest: &B256) -> Result<Certificate, ParcelError> {
    let gathered = certificate::gather(&offer.members, digest, &offer.shares)
        .map_err(ParcelError::Certificate)?;
    gathered
        .certify(&offer.members, digest)
        .map_err(|error| match error {
            CertificateError::Quorum { .. } => ParcelError::NoQuorum {
                error,
                missing: missing(&offer.members, &gathered),
            },
            error => ParcelError::Certificate(error),
        })
}

fn missing(members: &[Member], gathered: &Gathered) -> Vec<Missing> {
    let members = members.iter().enumerate();
    members
        .filter(|(number, _)| !gathered.has(*number))
        .map(|(_, member)| Missing {
            seat: member.seat,
            operator: Address::from(member.operator),
        })
        .collect()
}

fn check_history(
    deployment: &Deployment,
    root: &RootState,
    checkpoint: &Checkpoint,
) -> Result<(), ParcelError> {
    if checkpoint.epoch != root.accepted {
        return Err(ParcelError::OtherEpoch {
            wanted: root.accepted,
            given: checkpoint.epoch,
        });
    }
    let first = deployment::salt(&deployment.id);
    let wanted = root.previous.as_ref().map_or(first, |last| last.digest);
    if checkpoint.previous != wanted || checkpoint.deployment != deployment.id {
        return Err(ParcelError::OtherHistory {
            wanted,
            given: checkpoint.previous,
        });
    }
    Ok(())
}

fn check_set(
    deployment: &Deployment,
    root: &RootState,
    members: &[Member],
) -> Result<SetCommitment, ParcelError> {
    let set = set::commit(members)?;
    let wanted = match &root.previous {
        Some(last) => last.checkpoint.next_set,
        None => deployment.genesis_set,
    };
    if set.commitment != wanted {
        return Err(ParcelError::OtherSet {
            wanted,
            given: set.commitment,
        });
    }
    Ok(set)
}

/// The time τ at which due messages are counted: the end of the epoch, because its blocks could consume nothing that came later. Where root
/// does not allow that time, it is the nearest that root allows.
pub(super) fn tau(root: &RootState, checkpoint: &Checkpoint) -> u64 {
    let earliest = root.tau.max(root.time.saturating_sub(TAU_AGE_SECS));
    checkpoint.last_block_time.min(root.time).max(earliest)
}

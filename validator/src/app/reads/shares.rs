//! A share that comes outside of blocks: everything that can be judged about it without a pairing, which costs a thousand times more.

use alloy_primitives::B256;
use plasmid_bridge::proof::bls;
use plasmid_proto::bridge::v1::{SubmitShareRequest, SubmitShareResponse};
use sha2::{Digest, Sha256};

use super::{ReadError, Reader, bridge, claims};
use crate::chain::extension::LateShare;

/// Where shares are kept that were found good.
pub trait Shares: Send + Sync + 'static {
    /// Keeps a share that was verified.
    ///
    /// # Errors
    /// [`ReadError::Internal`] when this node is broken.
    fn keep(&self, share: &LateShare) -> Result<(), ReadError>;
}

/// A share that a member of the right set may have made.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What was handed in.
    pub share: LateShare,
    /// Whether this very share is known already.
    pub is_known: bool,
    key: [u8; 96],
    digest: B256,
}

/// Judges a share by its epoch, its member, its length and what is known already.
///
/// # Errors
/// [`ReadError`] for one that cannot be good, or is not needed.
pub fn candidate(
    source: &Reader<'_>,
    request: &SubmitShareRequest,
) -> Result<Candidate, ReadError> {
    let epoch = request.epoch;
    let needless = match claims::standing(source, epoch) {
        claims::CheckpointStanding::Open => None,
        claims::CheckpointStanding::Void => Some("root takes no checkpoint any more"),
        _ => Some("root has accepted it"),
    };
    if let Some(why) = needless {
        return Err(ReadError::Invalid(format!(
            "checkpoint {epoch} needs no share: {why}"
        )));
    }
    let checkpoint = bridge::wanted(source, epoch)?;
    let set = epoch.saturating_add(1);
    let (members, _) = bridge::signers(source, epoch)?;
    let number = u16::try_from(request.member).unwrap_or(u16::MAX);
    let member = members.get(usize::from(number)).ok_or_else(|| {
        ReadError::Invalid(format!(
            "set {set} has {} members, and no number {}",
            members.len(),
            request.member
        ))
    })?;
    let signature: [u8; 192] = request.signature.as_slice().try_into().map_err(|_| {
        ReadError::Invalid(format!(
            "a share has 192 bytes, this one {}",
            request.signature.len()
        ))
    })?;
    let shares = source.shares(epoch)?;
    let known = shares.iter().find(|(held, _)| *held == number);
    // A key has only one valid signature over a message. A share that a block brought was not verified, so a valid one replaces it.
    let is_other = known.is_some_and(|(_, known)| {
        *known != signature && source.share_verdict(member, &checkpoint, known) == Some(true)
    });
    if is_other {
        return Err(ReadError::Invalid(format!(
            "the share of member {number} does not verify: the member's share is known, and it is another one"
        )));
    }
    Ok(Candidate {
        share: LateShare {
            epoch,
            member: number,
            signature,
        },
        is_known: known.is_some_and(|(_, known)| *known == signature),
        key: member.checkpoint_key,
        digest: checkpoint.digest(),
    })
}

impl Candidate {
    /// Names the share and what it is said to sign.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.digest);
        hash.update(self.key);
        hash.update(self.share.signature);
        hash.finalize().into()
    }

    /// Verifies the signature: two pairings.
    ///
    /// # Errors
    /// [`ReadError::Invalid`].
    pub fn verify(&self) -> Result<(), ReadError> {
        bls::verify_share(&self.key, &self.digest, &self.share.signature).map_err(|error| {
            let member = self.share.member;
            ReadError::Invalid(format!(
                "the share of member {member} does not verify: {error}"
            ))
        })
    }
}

/// How much of the power has signed a checkpoint.
///
/// # Errors
/// [`ReadError`].
pub fn progress(
    source: &Reader<'_>,
    epoch: u64,
    added: bool,
) -> Result<SubmitShareResponse, ReadError> {
    let (members, total_power) = bridge::signers(source, epoch)?;
    let shares = source.shares(epoch)?;
    let signed = shares
        .iter()
        .filter_map(|(number, _)| members.get(usize::from(*number)));
    Ok(SubmitShareResponse {
        added,
        signed_power: signed.map(|member| member.power).sum(),
        total_power,
    })
}

//! Shares over checkpoints: which of those that this node met verify, and this node's own.
//!
//! A share costs a pairing, so a verdict is remembered. One that does not verify rests its member for some heights: a proposer asks for
//! no other share of that member over that checkpoint meanwhile, so that members who send bad ones, another with each vote, cannot make
//! each proposal verify them. Only the member itself can bring that about: its vote extension is signed, and that is checked first.

use std::collections::BTreeMap;
use std::sync::Mutex;

use alloy_primitives::{B256, keccak256};
use plasmid_bridge::proof::bls;
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_staking::Member;

use super::ports::Unsigned;
use super::recent::RecentFindings;
use super::unread::Unread;
use super::{App, lock};
use crate::chain::extension::LateShare;
use crate::engine::abci::Fault;
use crate::store::Share;

/// Verdicts that are remembered: those of all members over the last few checkpoints. The first ones go, and not the lowest: those of the epoch that root
/// waits for may be the oldest, and are asked for again and again.
const MAX_VERDICTS: usize = 8_192;
/// Members that rest.
const MAX_RESTING: usize = 2_048;
/// Heights for which a member rests whose share did not verify.
const REST_HEIGHTS: u64 = 16;

/// Epoch, seat, hash of the share.
type Name = (u64, u16, B256);

/// What is remembered of shares.
#[derive(Debug, Default)]
pub(super) struct ShareVerdicts {
    of_shares: Mutex<RecentFindings<Name, bool>>,
    /// Until which height a seat's shares over an epoch's checkpoint are not asked for.
    resting: Mutex<BTreeMap<(u64, u16), u64>>,
}

impl ShareVerdicts {
    /// Whether a share of `member` over `checkpoint` verifies.
    pub(super) fn verifies(
        &self,
        member: &Member,
        checkpoint: &Checkpoint,
        share: &[u8; 192],
    ) -> bool {
        let name = (checkpoint.epoch, member.seat, keccak256(share));
        if let Some(known) = lock(&self.of_shares).get(&name) {
            return *known;
        }
        let digest = checkpoint.digest();
        let verifies = bls::verify_share(&member.checkpoint_key, &digest, share).is_ok();
        lock(&self.of_shares).insert(name, verifies, MAX_VERDICTS);
        verifies
    }

    /// Whether a share of `member` over `checkpoint` is valid for a proposer of `height`: it must verify, and the member must not rest at that height.
    pub(super) fn verifies_at(
        &self,
        height: u64,
        member: &Member,
        checkpoint: &Checkpoint,
        share: &[u8; 192],
    ) -> bool {
        let place = (checkpoint.epoch, member.seat);
        let until = lock(&self.resting).get(&place).copied();
        if until.is_some_and(|until| height < until) {
            return false;
        }
        let verifies = self.verifies(member, checkpoint, share);
        if !verifies {
            let mut resting = lock(&self.resting);
            resting.retain(|_, until| height < *until);
            if resting.len() < MAX_RESTING {
                resting.insert(place, height.saturating_add(REST_HEIGHTS));
            }
        }
        verifies
    }
}

/// This node's own share over a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// It stands in the sign state and is kept with the others.
    Share(Box<LateShare>),
    /// This node owes none: it has no checkpoint key, the set that signs has no member with it, root has settled the epoch so long ago
    /// that its set, its last block or the state behind it is not kept any more, or the checkpoint came from a file.
    None,
    /// It could not be signed.
    Unsigned(Unsigned),
}

impl App {
    /// How many epochs are over: those below it have checkpoints.
    pub fn ended(&self) -> u64 {
        self.height() / u64::from(self.parameters.epoch_blocks).max(1)
    }

    /// Whether what this node has of an epoch came from a file. It signs nothing of that: a share over a false digest would stand in the sign
    /// state for ever, and the true one would be refused.
    pub(super) fn is_from_file(&self, epoch: u64) -> bool {
        let imported = self.store().imported().unwrap_or(0);
        epoch < imported / u64::from(self.parameters.epoch_blocks).max(1)
    }

    /// This node's share over the checkpoint of an epoch that is over, whether it has a seat now or not: signed by way of the sign
    /// state, and kept with the shares of others, from where anyone takes it.
    ///
    /// # Errors
    /// [`Fault`] when the state or the store cannot be read. A failure of the store that may pass is none: the share is made later.
    pub fn own_share(&self, epoch: u64) -> Result<Own, Fault> {
        match self.make_share(epoch) {
            Err(Unread::Passing(why)) => {
                tracing::warn!(epoch, why, "no share of this checkpoint can be made yet");
                Ok(Own::Unsigned(Unsigned::ForNow))
            }
            made => Ok(made?),
        }
    }

    fn make_share(&self, epoch: u64) -> Result<Own, Unread> {
        let Some(signer) = &self.surroundings.signer else {
            return Ok(Own::None);
        };
        if self.is_from_file(epoch) {
            return Ok(Own::None);
        }
        let Some(checkpoint) = self.checkpoint(epoch)? else {
            return Ok(Own::None);
        };
        let key = signer.key();
        let is_ours = |member: &Member| member.checkpoint_key == key;
        let members = self.signers(epoch)?.unwrap_or_default();
        let place = members.iter().position(is_ours);
        let Some(member) = place.and_then(|place| u16::try_from(place).ok()) else {
            return Ok(Own::None);
        };
        match self.keeps_links(&checkpoint)? {
            Some(true) => {}
            Some(false) => return Ok(Own::Unsigned(Unsigned::ForEver)),
            None => return Ok(Own::None),
        }
        let accepted = self.state().accepted;
        let signature = match signer.share(epoch, &checkpoint.digest(), accepted) {
            Ok(signature) => signature,
            Err(why) => return Ok(Own::Unsigned(why)),
        };
        let own = LateShare {
            epoch,
            member,
            signature,
        };
        self.keep(&own)?;
        Ok(Own::Share(Box::new(own)))
    }

    /// The checkpoint of an epoch that is over.
    ///
    /// # Errors
    /// [`Unread`] when the store cannot be read.
    pub fn checkpoint(&self, epoch: u64) -> Result<Option<Checkpoint>, Unread> {
        let held = self.state().checkpoints.get(&epoch).copied();
        if held.is_some() {
            return Ok(held);
        }
        let bytes = self.store().checkpoint(epoch)?;
        let checkpoint = bytes.map(|bytes| Checkpoint::decode(&bytes).map_err(Fault::new));
        Ok(checkpoint.transpose()?)
    }

    /// Whether a share verifies; the verdict is remembered.
    pub fn share_verifies(
        &self,
        member: &Member,
        checkpoint: &Checkpoint,
        share: &[u8; 192],
    ) -> bool {
        self.shares.verifies(member, checkpoint, share)
    }

    /// The verdict on a share, if it is remembered.
    pub fn share_verdict(
        &self,
        member: &Member,
        checkpoint: &Checkpoint,
        share: &[u8; 192],
    ) -> Option<bool> {
        let name = (checkpoint.epoch, member.seat, keccak256(share));
        lock(&self.shares.of_shares).get(&name).copied()
    }

    /// Keeps a share that was checked; says whether it was new.
    ///
    /// # Errors
    /// [`Unread`] when the store fails.
    pub fn keep(&self, share: &LateShare) -> Result<bool, Unread> {
        let known = self.store().shares(share.epoch)?;
        let is_same =
            |known: &Share| known.member == share.member && known.bytes == share.signature;
        if known.iter().any(is_same) {
            return Ok(false);
        }
        let share = Share {
            epoch: share.epoch,
            member: share.member,
            bytes: share.signature.to_vec(),
        };
        self.store().keep_share(share)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plasmid_bridge::proof::bls::SecretKey;

    fn member(key: &SecretKey, seat: u16) -> Member {
        Member {
            at_risk: true,
            seat,
            operator: [1; 20],
            registration: 1,
            consensus_key: [2; 32],
            checkpoint_key: key.public_key(),
            power: 1,
        }
    }

    fn checkpoint(epoch: u64) -> Checkpoint {
        let mut checkpoint = Checkpoint::decode(&[3; 224]).expect("any bytes are a checkpoint");
        checkpoint.epoch = epoch;
        checkpoint
    }

    #[test]
    fn a_member_whose_share_failed_is_asked_for_no_other_one_for_some_heights() {
        let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
        let (bad, other) = (member(&key, 3), member(&key, 4));
        let checkpoint = checkpoint(5);
        let good = key.sign_checkpoint(&checkpoint.digest());
        let verdicts = ShareVerdicts::default();
        assert!(verdicts.verifies_at(100, &other, &checkpoint, &good));
        // Another bad one with each vote: only the first is verified.
        for height in 100..100 + REST_HEIGHTS {
            let mut share = good;
            share[0] ^= u8::try_from(height % 100).expect("small") | 0x40;
            assert!(!verdicts.verifies_at(height, &bad, &checkpoint, &share));
        }
        assert_eq!(lock(&verdicts.of_shares).lens().1, 2, "one pairing each");
        assert!(!verdicts.verifies_at(100 + REST_HEIGHTS - 1, &bad, &checkpoint, &good));
        assert!(verdicts.verifies_at(100 + REST_HEIGHTS, &bad, &checkpoint, &good));
        // Nobody else rests with it, nor does it rest elsewhere.
        assert!(verdicts.verifies_at(101, &other, &checkpoint, &good));
        let next = self::checkpoint(6);
        let share = key.sign_checkpoint(&next.digest());
        assert!(verdicts.verifies_at(101, &bad, &next, &share));
    }
}

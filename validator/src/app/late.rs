//! Shares over older checkpoints, which no block counts: this node's votes carry one at a time, and those that other members' votes carry
//! are kept for relayers.
//!
//! ```text
//! own shares ──offer──▶ one at a time ──▶ votes of this node
//! last commit of a proposer ──▶ the last one of each voter ──take, some a round──▶ verified ──▶ the store, from where relayers take them
//! ```
//! A vote waits for none of this: offering and taking are the duty's, beside consensus. They are taken from the last commit that the engine
//! gives a proposer, where it has checked that each vote is its voter's: when it asks about a single extension, the voter's address comes
//! from the peer unchecked. A voter has one place, so what a third of the members send costs a bounded number of pairings a round.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

use plasmid_bridge::proof::checkpoint::certificate::is_quorum;
use plasmid_staking::{Member, epoch_of};

use super::shares::Own;
use super::state::State;
use super::unread::Unread;
use super::{App, lock};
use crate::chain::extension::{Brought, Extension, LateShare};
use crate::chain::propose::ExtendedVote;
use crate::engine::abci::Fault;

/// Voters of whom a share is remembered: the most members that two sets in a row have.
const MAX_VOTERS: usize = 1_024;
/// Epochs that are looked at in one round for one that lacks shares.
const LOOKS: u64 = 8;
/// Shares of others that are judged in one round.
pub const MAX_JUDGED: usize = 8;

type Address = [u8; 20];

/// What votes carry, and what they carried.
#[derive(Debug, Default)]
pub(super) struct LateShares {
    own: Mutex<Offered>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Offered {
    share: Option<LateShare>,
    /// The epoch that was looked at last.
    last: u64,
}

/// The last late share of each voter, and the voter whose share was taken last.
#[derive(Debug, Default)]
struct Seen {
    shares: BTreeMap<Address, LateShare>,
    last: Address,
}

impl Seen {
    fn insert(&mut self, voter: Address, share: LateShare) {
        if self.shares.len() < MAX_VOTERS || self.shares.contains_key(&voter) {
            self.shares.insert(voter, share);
        }
    }

    /// The next ones in turn: nobody's place lets somebody else wait.
    fn take(&mut self, limit: usize) -> Vec<LateShare> {
        let after: Vec<_> = self.shares.keys().copied().collect();
        let (before, after) = after.split_at(after.partition_point(|voter| *voter <= self.last));
        let turn: Vec<_> = after.iter().chain(before).take(limit).copied().collect();
        self.last = turn.last().copied().unwrap_or(self.last);
        let taken = turn.iter();
        taken
            .filter_map(|voter| self.shares.remove(voter))
            .collect()
    }
}

impl App {
    /// The late share that a vote at `height` carries, when the share that is due stands already.
    pub(super) fn late_share(&self, state: &State, height: u64) -> Option<LateShare> {
        let voted = epoch_of(height, self.parameters.epoch_blocks)?;
        let offered = lock(&self.late.own).share;
        offered
            .filter(|share| share.epoch >= state.accepted && share.epoch.saturating_add(1) < voted)
    }

    /// Remembers what the votes of the last commit carry.
    pub(super) fn saw_late(&self, votes: &[ExtendedVote<'_>]) {
        for one in votes {
            if let Ok(Extension {
                share: Brought::Late(share),
                ..
            }) = Extension::decode(one.extension)
            {
                lock(&self.late.seen).insert(one.vote.address, share);
            }
        }
    }

    /// Chooses the share that the next votes carry: over the next one, in turn, of these epochs whose checkpoint lacks shares as far as
    /// this node knows.
    ///
    /// # Errors
    /// [`Fault`] when the state or the store cannot be read.
    pub fn offer_late(&self, epochs: Range<u64>) -> Result<(), Fault> {
        if self.surroundings.signer.is_none() {
            return Ok(());
        }
        let last = lock(&self.late.own).last;
        let first = last.saturating_add(1);
        let first = if epochs.contains(&first) {
            first
        } else {
            epochs.start
        };
        let count = epochs.end.saturating_sub(epochs.start).min(LOOKS);
        let mut looked = last;
        let mut share = None;
        for epoch in (first..epochs.end)
            .chain(epochs.start..first)
            .take(usize::try_from(count).unwrap_or(0))
        {
            looked = epoch;
            let found = match self.lacks_shares(epoch) {
                Ok(true) => self.own_share(epoch)?,
                Ok(false) | Err(Unread::Passing(_)) => continue,
                Err(Unread::Fault(fault)) => return Err(fault),
            };
            if let Own::Share(own) = found {
                share = Some(*own);
                break;
            }
        }
        *lock(&self.late.own) = Offered {
            share,
            last: looked,
        };
        Ok(())
    }

    /// Keeps what other members' votes carried and what verifies, at most [`MAX_JUDGED`] of them; says how many were new.
    ///
    /// # Errors
    /// [`Fault`] when the state or the store cannot be read.
    pub fn take_late(&self) -> Result<usize, Fault> {
        let taken = lock(&self.late.seen).take(MAX_JUDGED);
        let mut kept = 0usize;
        for share in taken {
            match self.keep_if_good(&share) {
                Ok(is_new) => kept = kept.saturating_add(usize::from(is_new)),
                // The voter sends it again.
                Err(Unread::Passing(_)) => {}
                Err(Unread::Fault(fault)) => return Err(fault),
            }
        }
        Ok(kept)
    }

    fn keep_if_good(&self, share: &LateShare) -> Result<bool, Unread> {
        if share.epoch < self.state().accepted || self.is_from_file(share.epoch) {
            return Ok(false);
        }
        let Some(checkpoint) = self.checkpoint(share.epoch)? else {
            return Ok(false);
        };
        let members = self.signers(share.epoch)?.unwrap_or_default();
        let Some(member) = members.get(usize::from(share.member)) else {
            return Ok(false);
        };
        if !self.share_verifies(member, &checkpoint, &share.signature) {
            return Ok(false);
        }
        self.keep(share)
    }

    /// Whether the shares of other members that this node knows over an epoch's checkpoint, and that verify, have at most two thirds of
    /// the power. Its own does not count: others may lack it.
    fn lacks_shares(&self, epoch: u64) -> Result<bool, Unread> {
        let Some(checkpoint) = self.checkpoint(epoch)? else {
            return Ok(false);
        };
        let own = self.surroundings.signer.as_ref().map(|signer| signer.key());
        let members = self.signers(epoch)?.unwrap_or_default();
        let total: u128 = members.iter().map(power).sum();
        let mut signed = 0u128;
        for share in self.store().shares(epoch)? {
            let member = members.get(usize::from(share.member));
            let bytes = <[u8; 192]>::try_from(share.bytes.as_slice());
            let (Some(member), Ok(bytes)) = (member, bytes) else {
                continue;
            };
            let is_own = Some(member.checkpoint_key) == own;
            if !is_own && self.share_verifies(member, &checkpoint, &bytes) {
                signed = signed.saturating_add(power(member));
            }
            if is_quorum(signed, total) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn power(member: &Member) -> u128 {
    u128::from(member.power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(epoch: u64) -> LateShare {
        LateShare {
            epoch,
            member: 0,
            signature: [1; 192],
        }
    }

    #[test]
    fn each_voter_has_one_place_and_all_have_their_turn() {
        let mut seen = Seen::default();
        for voter in 0..10u8 {
            seen.insert([voter; 20], share(1));
            seen.insert([voter; 20], share(u64::from(voter)));
        }
        let epochs =
            |taken: Vec<LateShare>| taken.iter().map(|share| share.epoch).collect::<Vec<_>>();
        // Nobody stands before the address of zeros, which comes last in the first turn.
        assert_eq!(epochs(seen.take(4)), [1, 2, 3, 4]);
        // Members whose shares were judged send more at once, and wait for the others.
        for voter in 1..5u8 {
            seen.insert([voter; 20], share(100));
        }
        assert_eq!(epochs(seen.take(4)), [5, 6, 7, 8]);
        assert_eq!(epochs(seen.take(4)), [9, 0, 100, 100]);
        assert_eq!(epochs(seen.take(4)), [100, 100]);
        assert!(seen.take(4).is_empty());
    }

    #[test]
    fn the_voters_that_are_remembered_have_a_bound() {
        let mut seen = Seen::default();
        for voter in 0..2_000u64 {
            let mut address = [0; 20];
            address[..8].copy_from_slice(&voter.to_be_bytes());
            seen.insert(address, share(voter));
        }
        assert_eq!(seen.shares.len(), MAX_VOTERS);
    }
}

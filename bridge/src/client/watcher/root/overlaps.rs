//! The Court's overlaps: who signed two certificates, read from its state by their numbers, whatever events say.

use alloy_primitives::B256;

use super::{At, CourtRecords, ICourt, OffenceId, Rpc, RpcError, view_call};
use crate::abi::signer_bitmap;
use crate::relay::watch::Closing;
use crate::relay::watch::overlap::ConvictedSeen;

/// Overlaps that are read in one look, at most: this number of the oldest ones that are open, and this number of the newest. Each costs its members their stake, so
/// there are few.
const MAX_READ: usize = 128;
/// The bit in the leader's field of an offence which says that the leader is paid.
const PAID: u128 = 1 << 103;

/// The bitmap of signers in the two words that the Court keeps.
#[must_use]
pub fn bits(words: &[alloy_primitives::U256; 2]) -> [u8; 64] {
    signer_bitmap(&words.map(B256::from))
}

impl CourtRecords {
    /// Reads from the state at this block all overlaps that are not over.
    pub async fn read_overlaps(&mut self, rpc: &Rpc, at: At) -> Result<(), RpcError> {
        let court = self.contracts.court;
        let number = view_call(rpc, court, ICourt::overlapsCall {}, at).await?;
        self.overlaps.split_off(&number.saturating_add(1));
        let over = &self.over;
        let is_open = |one: &u64| !over.contains(one);
        let oldest: Vec<u64> = (1..=number).filter(is_open).take(MAX_READ).collect();
        let behind = oldest.last().map_or(number, |last| last.saturating_add(1));
        let newest = (behind..=number).rev().filter(is_open).take(MAX_READ);
        for number in oldest.iter().copied().chain(newest) {
            let overlap = view_call(rpc, court, ICourt::overlapCall { number }, at).await?;
            self.overlaps.insert(number, overlap);
        }
        Ok(())
    }

    /// All overlaps that are known, by number.
    pub fn overlaps(&self) -> impl Iterator<Item = (u64, &ICourt::Overlap)> + '_ {
        self.overlaps.iter().map(|(number, one)| (*number, one))
    }

    /// The overlaps of one epoch.
    pub fn overlaps_of(&self, epoch: u64) -> impl Iterator<Item = (u64, &ICourt::Overlap)> + '_ {
        self.overlaps().filter(move |(_, one)| one.epoch == epoch)
    }

    /// An overlap by its number.
    #[must_use]
    pub fn overlap(&self, number: u64) -> Option<&ICourt::Overlap> {
        self.overlaps.get(&number)
    }

    /// Whether anything is known of epochs below this one that can be let go of.
    #[must_use]
    pub fn has_before(&self, epoch: u64) -> bool {
        self.first_epoch().is_some_and(|first| first < epoch)
            || self.overlaps.values().any(|one| one.epoch < epoch)
    }

    /// Lets go of overlaps of epochs below this one, which are not read again.
    pub(super) fn release_overlaps(&mut self, epoch: u64) {
        let gone = self.overlaps().filter(|(_, one)| one.epoch < epoch);
        let gone: Vec<u64> = gone.map(|(number, _)| number).collect();
        for number in gone {
            self.overlaps.remove(&number);
            self.over.insert(number);
        }
    }

    /// The overlap by which an offence was shown, if it was shown by one.
    #[must_use]
    pub fn convicted_by(&self, offence: &OffenceId) -> Option<u64> {
        self.convicted.get(offence).copied()
    }

    /// Whether two certificates showed an offence of this epoch that is not over.
    #[must_use]
    pub fn has_convicted(&self, epoch: u64) -> bool {
        self.convicted.keys().any(|offence| offence.epoch == epoch)
    }

    /// What root says of an offence that two certificates showed, and which of our own commitments (`own`) is still to be paid for it. The answer is `None`
    /// when root knows no such offence any more.
    pub async fn convicted_seen(
        &self,
        rpc: &Rpc,
        at: At,
        (offence, number): (OffenceId, u64),
        own: &[B256],
        after_next: Closing,
    ) -> Result<Option<(ConvictedSeen, Option<ConvictedDue>)>, RpcError> {
        let OffenceId { epoch, operator } = offence;
        let call = ICourt::offenceCall { operator, epoch };
        let known = view_call(rpc, self.contracts.court, call, at).await?;
        if known.registration == 0 {
            return Ok(None);
        }
        let overlap = self.overlap(number);
        let leader = overlap.map(|one| one.leader).unwrap_or_default();
        let mut word = [0; 16];
        if let Some(place) = word.get_mut(3..) {
            place.copy_from_slice(known.leader.as_slice());
        }
        let is_paid = u128::from_be_bytes(word) & PAID != 0;
        let mut due = None;
        for commitment in own {
            let Some(made) = self.committed(rpc, at, *commitment).await? else {
                continue;
            };
            let leads = leader == *commitment && !is_paid;
            if made.is_revealed && (leads || made.gas_wei > 0) {
                due = Some(ConvictedDue {
                    commitment: *commitment,
                    registration: known.registration,
                    leads,
                    gas_wei: made.gas_wei,
                });
                if leads {
                    break;
                }
            }
        }
        let seen = ConvictedSeen {
            block: overlap.map_or(0, |one| one.revealedAt.to()),
            is_owed: due.is_some(),
            is_settled: known.settled,
            after_next,
            uncounted: match known.settled {
                true => 0,
                false => self.uncounted(rpc, at, epoch, after_next).await?,
            },
        };
        Ok(Some((seen, due)))
    }
}

/// What is owed to a commitment of ours for an offence that two certificates showed.
#[derive(Clone, Copy, Debug)]
pub struct ConvictedDue {
    /// The commitment.
    pub commitment: B256,
    /// The registration whose bond pays.
    pub registration: u64,
    /// Whether this commitment leads, so that the reward belongs to it.
    pub leads: bool,
    /// What is paid back for gas, in wei.
    pub gas_wei: u128,
}

//! What operators did in the last ended epochs, what counts in this epoch and the next, and what a line has paid.

use std::collections::BTreeMap;

use plasmid_bridge::proof::checkpoint::certificate;
use plasmid_proto::stake::v1::{Apr, Attendance};
use plasmid_staking::{Index, Key, Line, LineId, Mark, MemberLeaf, Standing};

use super::moment;
use crate::{
    app::reads::{
        ReadError, Reader,
        held::{At, Held},
    },
    ledger::{
        Parameters, Slot, Value,
        leaf::{EpochRecord, Participation},
        ring_place,
    },
};

/// Ended epochs of which it is told who took part.
const EPOCHS: u64 = 8;
/// The most epochs that a yearly rate goes over.
const RATED: u64 = 64;
const SECS_PER_YEAR: u128 = 31_536_000;
/// A stake, so large that what it earns in a second is exact enough.
const UNIT: u128 = 1_000_000_000_000_000_000_000_000;
const BASIS: u128 = 10_000;

type Set = BTreeMap<[u8; 20], (u16, Standing)>;

/// What is known of all operators, read once for a page.
pub(in crate::app::reads) struct Records {
    pub height: u64,
    /// Epoch of the next block.
    pub epoch: u64,
    now: Set,
    next: Set,
    ended: Vec<Ended>,
}

/// An epoch that is over.
struct Ended {
    epoch: u64,
    set: Set,
    votes: Participation,
    counted: u32,
    /// Who was to sign its checkpoint, and whether it did.
    signers: BTreeMap<[u8; 20], bool>,
}

impl Records {
    /// Reads them from a state.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn of(source: &Reader<'_>, at: &At<'_>) -> Result<Self, ReadError> {
        let (height, epoch) = moment(source, at)?;
        let oldest = epoch.saturating_sub(EPOCHS);
        let ended = (oldest..epoch).rev().map(|epoch| ended(source, at, epoch));
        Ok(Self {
            height,
            epoch,
            now: set(source, at, epoch)?,
            next: set(source, at, epoch.saturating_add(1))?,
            ended: ended.collect::<Result<_, _>>()?,
        })
    }

    /// Power and commission in this epoch.
    pub fn now(&self, operator: &[u8; 20]) -> (u64, u32) {
        weight(&self.now, operator)
    }

    /// Power and commission in the next.
    pub fn next(&self, operator: &[u8; 20]) -> (u64, u32) {
        weight(&self.next, operator)
    }

    /// What an operator did, the newest epoch first.
    pub fn attendance(&self, operator: &[u8; 20]) -> Vec<Attendance> {
        let of = |ended: &Ended| {
            let seat = ended.set.get(operator).map(|(seat, _)| usize::from(*seat));
            let votes = seat.and_then(|seat| ended.votes.0.get(seat));
            let signer = ended.signers.get(operator);
            Attendance {
                epoch: ended.epoch,
                member: seat.is_some(),
                votes: votes.copied().unwrap_or(0).into(),
                counted: ended.counted,
                signer: signer.is_some(),
                signed: signer.copied().unwrap_or(false),
            }
        };
        self.ended.iter().map(of).collect()
    }
}

fn weight(set: &Set, operator: &[u8; 20]) -> (u64, u32) {
    let standing = set.get(operator).map(|(_, standing)| standing);
    standing.map_or((0, 0), |standing| {
        (standing.power, standing.commission.into())
    })
}

/// The set of an epoch, by operator; empty where the ring has another epoch there.
fn set(source: &Reader<'_>, at: &At<'_>, epoch: u64) -> Result<Set, ReadError> {
    let parameters = &source.facts().parameters;
    let place = ring_place(epoch, parameters.ring);
    at.read(source, |held, _| {
        let mut set = Set::new();
        for seat in 0..parameters.seats {
            let member: Option<MemberLeaf> = held.leaf((place, seat))?;
            let standing = member.filter(|member| member.epoch == epoch);
            if let Some(standing) = standing.and_then(|member| member.standing) {
                set.insert(standing.line.operator, (seat, standing));
            }
        }
        Ok(set)
    })
}

fn ended(source: &Reader<'_>, at: &At<'_>, epoch: u64) -> Result<Ended, ReadError> {
    let parameters = &source.facts().parameters;
    let place = ring_place(epoch, parameters.ring);
    let votes = at.read(source, |held, _| {
        held.value::<Participation>(&Slot::Participation { place })
    })?;
    Ok(Ended {
        epoch,
        set: set(source, at, epoch)?,
        votes: votes.unwrap_or_default(),
        // Votes for an epoch's last block stand in the first one of the next, and are not counted.
        counted: parameters.epoch_blocks.saturating_sub(1),
        signers: signers(source, epoch)?,
    })
}

/// Who signs the checkpoint of an epoch, and whose share over it this node has or root has recorded. Nobody, once the set is not kept.
fn signers(source: &Reader<'_>, epoch: u64) -> Result<BTreeMap<[u8; 20], bool>, ReadError> {
    let checkpoint = source.checkpoint(epoch)?;
    let members = source.signers(epoch)?;
    let (Some(checkpoint), Some(members)) = (checkpoint, members) else {
        return Ok(BTreeMap::new());
    };
    let root = source.root();
    let accepted = root.acceptances.get(&epoch);
    let shares = source.shares(epoch)?;
    let signed = |(number, member): (usize, &plasmid_staking::Member)| {
        let share = shares.iter().find(|(held, _)| usize::from(*held) == number);
        // A share that is known to be wrong is none; the others are as good as whoever put them into a block.
        let held = share.is_some_and(|(_, share)| {
            source.share_verdict(member, &checkpoint, share) != Some(false)
        });
        let on_root = accepted.is_some_and(|record| certificate::has(&record.signers, number));
        (member.operator, held || on_root)
    };
    Ok(members.iter().enumerate().map(signed).collect())
}

/// What the line has paid in the last ended epochs, as the protocol's comment on `Apr` defines it. `epoch` is that of the next block.
pub(super) fn apr(
    held: &mut Held<'_>,
    parameters: &Parameters,
    id: LineId,
    epoch: u64,
) -> Result<Option<Apr>, ReadError> {
    let Some(last) = epoch.checked_sub(1) else {
        return Ok(None);
    };
    let line: Line = held.stands(id)?;
    let Some((before, index)) = oldest_index(held, id, last)? else {
        return Ok(None);
    };
    let begun = ended_at(held, parameters, before)?;
    let over = ended_at(held, parameters, last)?;
    let seconds = match (begun, over) {
        (Some(begun), Some(over)) => over.saturating_sub(begun),
        _ => 0,
    };
    let Some(basis_points) = rate(index, line.index, seconds) else {
        return Ok(None);
    };
    Ok(Some(Apr {
        basis_points,
        first_epoch: before.saturating_add(1),
        last_epoch: last,
        seconds,
    }))
}

/// The yearly rate between two indices, in 1/10,000. None without time between them.
fn rate(from: Index, to: Index, seconds: u64) -> Option<u64> {
    let earned = Index::earned_down(UNIT, from, to)?;
    let yearly = plasmid_staking::share_down(earned, SECS_PER_YEAR, seconds.into())?;
    let points = plasmid_staking::share_down(yearly, BASIS, UNIT)?;
    u64::try_from(points).ok()
}

/// The oldest epoch before `last`, of those that are rated, through which the line's index is known, with the index: by a mark, which
/// stands where a position began or ended, or by a past state in memory.
fn oldest_index(
    held: &mut Held<'_>,
    id: LineId,
    last: u64,
) -> Result<Option<(u64, Index)>, ReadError> {
    let window = last.saturating_sub(RATED)..last;
    let remembered = held.tree().and_then(|tree| {
        let marks = tree.marks().map(|mark| mark.epoch);
        let mut epochs = marks.filter(|epoch| window.contains(epoch));
        let (epoch, view) = epochs.find_map(|epoch| Some((epoch, tree.at(epoch).ok()?)))?;
        let (_, _, bytes) = view.get(&Slot::from(Key::Line(id)).key())?;
        let line = Line::decode(bytes).ok()?;
        Some((epoch, line.index))
    });
    let end = remembered.map_or(window.end, |(epoch, _)| epoch);
    for epoch in window.start..end {
        if let Some(Mark(index)) = held.leaf((id, epoch))? {
            return Ok(Some((epoch, index)));
        }
    }
    Ok(remembered)
}

/// When the last block of an epoch was, in seconds.
fn ended_at(
    held: &mut Held<'_>,
    parameters: &Parameters,
    epoch: u64,
) -> Result<Option<u64>, ReadError> {
    let place = ring_place(epoch, parameters.ring);
    let record: Option<EpochRecord> = held.value(&Slot::EpochRecord { place })?;
    let record = record.filter(|record| record.epoch == epoch);
    Ok(record
        .map(|record| record.last_block_time)
        .filter(|time| *time > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yearly_rate_is_what_was_earned_by_the_time_rounded_down() {
        let zero = Index::default();
        // A stake of a thousand earns one: in a whole year that is a tenth of a percent.
        let (index, _) = zero.raised(1, 1_000).expect("an index");
        assert_eq!(rate(zero, index, 31_536_000), Some(9));
        let (index, _) = zero.raised(1_001, 1_000_000).expect("an index");
        assert_eq!(rate(zero, index, 31_536_000), Some(10));
        assert_eq!(rate(zero, index, 3_153_600), Some(100));
        assert_eq!(rate(zero, zero, 60), Some(0));
        assert_eq!(rate(zero, index, 0), None);
        assert_eq!(rate(index, zero, 60), None, "an index that fell");
    }
}

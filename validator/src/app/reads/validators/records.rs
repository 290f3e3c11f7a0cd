//! What operators did in the last ended epochs, what counts in this epoch and the next, and what a line has paid.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use plasmid_bridge::proof::checkpoint::certificate;
use plasmid_proto::stake::v1::{Apr, Attendance};
use plasmid_staking::{Index, Key, Line, LineId, Mark, MemberLeaf};

use crate::{
    app::reads::{
        ReadError, Reader,
        held::{At, Held, next_epoch, page},
    },
    ledger::{
        Parameters, Slot, Value,
        leaf::{EpochRecord, Participation},
        ring_place,
    },
};

/// Ended epochs of which it is told who took part.
const EPOCHS: u64 = 8;
/// Epochs whose sets are remembered: today's, and past ones that somebody asked for. The largest takes a few hundred kilobytes.
const REMEMBERED: usize = 16;
/// The most epochs that a yearly rate goes over.
const RATED: u64 = 64;
const SECS_PER_YEAR: u128 = 31_536_000;
/// A stake, so large that what it earns in a second is exact enough.
const UNIT: u128 = 1_000_000_000_000_000_000_000_000;
const BASIS: u128 = 10_000;

/// Seat, power and commission of the members of a set, by operator.
type Set = BTreeMap<[u8; 20], (u16, u64, u16)>;

/// What is known of all operators, for a page.
pub(in crate::app::reads) struct Records {
    sets: Arc<Sets>,
    /// Who was to sign the checkpoint of an ended epoch, and whether it did: what this node knows by now.
    signers: Vec<BTreeMap<[u8; 20], bool>>,
}

/// What the state says of them, in each state of an epoch the same: the boundary before it writes it last.
#[derive(Debug)]
pub struct Sets {
    /// Epoch of the next block.
    epoch: u64,
    now: Set,
    next: Set,
    /// The newest first.
    ended: Vec<Ended>,
}

/// An epoch that is over.
#[derive(Debug)]
struct Ended {
    epoch: u64,
    set: Set,
    votes: Participation,
    counted: u32,
}

impl Records {
    /// Reads them from the state at a height, zero for the tip; they are those of its epoch, and remembered for a while.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn of(source: &Reader<'_>, height: u64) -> Result<Self, ReadError> {
        let sets = Sets::of(source, height)?;
        let epochs = sets.ended.iter().map(|ended| ended.epoch);
        let signers = epochs.map(|epoch| signers(source, epoch));
        Ok(Self {
            signers: signers.collect::<Result<_, _>>()?,
            sets,
        })
    }

    /// Epoch of the block behind the state that they are of.
    pub fn epoch(&self) -> u64 {
        self.sets.epoch
    }

    /// Power and commission in this epoch.
    pub fn now(&self, operator: &[u8; 20]) -> (u64, u32) {
        weight(&self.sets.now, operator)
    }

    /// Power and commission in the next.
    pub fn next(&self, operator: &[u8; 20]) -> (u64, u32) {
        weight(&self.sets.next, operator)
    }

    /// What an operator did, the newest epoch first.
    pub fn attendance(&self, operator: &[u8; 20]) -> Vec<Attendance> {
        let of = |(ended, signers): (&Ended, &BTreeMap<[u8; 20], bool>)| {
            let seat = ended.set.get(operator).map(|(seat, ..)| usize::from(*seat));
            let votes = seat.and_then(|seat| ended.votes.0.get(seat));
            let signer = signers.get(operator);
            Attendance {
                epoch: ended.epoch,
                member: seat.is_some(),
                votes: votes.copied().unwrap_or(0).into(),
                counted: ended.counted,
                signer: signer.is_some(),
                signed: signer.copied().unwrap_or(false),
            }
        };
        self.sets.ended.iter().zip(&self.signers).map(of).collect()
    }
}

impl Sets {
    fn of(source: &Reader<'_>, height: u64) -> Result<Arc<Self>, ReadError> {
        let parameters = &source.facts().parameters;
        let memory = || {
            let memory = &source.remembered().sets;
            memory.lock().unwrap_or_else(PoisonError::into_inner)
        };
        let of = match height {
            0 => source.moment().0,
            height => height,
        };
        let epoch = next_epoch(parameters, of);
        let known = memory().iter().find(|sets| sets.epoch == epoch).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let sets = page(
            source,
            height,
            || Ok(()),
            |at, ()| Self::read(at, parameters),
        )?;
        let sets = Arc::new(sets);
        let mut memory = memory();
        memory.retain(|known| known.epoch != sets.epoch);
        memory.push_back(Arc::clone(&sets));
        while memory.len() > REMEMBERED {
            memory.pop_front();
        }
        Ok(sets)
    }

    fn read(at: &At<'_>, parameters: &Parameters) -> Result<Self, ReadError> {
        let epoch = at.read(|_, height| Ok(next_epoch(parameters, height)))?;
        let oldest = epoch.saturating_sub(EPOCHS);
        let ended = (oldest..epoch).rev().map(|epoch| {
            let slot = Slot::Participation {
                place: ring_place(epoch, parameters.ring),
            };
            let votes = at.read(|held, _| held.value::<Participation>(&slot))?;
            Ok(Ended {
                epoch,
                set: set(at, parameters, epoch)?,
                votes: votes.unwrap_or_default(),
                // Votes for an epoch's last block stand in the first one of the next, and are not counted.
                counted: parameters.epoch_blocks.saturating_sub(1),
            })
        });
        Ok(Self {
            epoch,
            now: set(at, parameters, epoch)?,
            next: set(at, parameters, epoch.saturating_add(1))?,
            ended: ended.collect::<Result<_, ReadError>>()?,
        })
    }
}

fn weight(set: &Set, operator: &[u8; 20]) -> (u64, u32) {
    let known = set.get(operator);
    known.map_or((0, 0), |(_, power, commission)| {
        (*power, (*commission).into())
    })
}

/// The set of an epoch, by operator; empty where the ring has another epoch there.
fn set(at: &At<'_>, parameters: &Parameters, epoch: u64) -> Result<Set, ReadError> {
    let place = ring_place(epoch, parameters.ring);
    at.read(|held, _| {
        let mut set = Set::new();
        for seat in 0..parameters.seats {
            let member: Option<MemberLeaf> = held.leaf((place, seat))?;
            let standing = member.filter(|member| member.epoch == epoch);
            if let Some(standing) = standing.and_then(|member| member.standing) {
                let told = (seat, standing.power, standing.commission);
                set.insert(standing.line.operator, told);
            }
        }
        Ok(set)
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
        let (index, _) = zero.paid_down(1, 1_000).expect("an index");
        assert_eq!(rate(zero, index, 31_536_000), Some(9));
        let (index, _) = zero.paid_down(1_001, 1_000_000).expect("an index");
        assert_eq!(rate(zero, index, 31_536_000), Some(10));
        assert_eq!(rate(zero, index, 3_153_600), Some(100));
        assert_eq!(rate(zero, zero, 60), Some(0));
        assert_eq!(rate(zero, index, 0), None);
        assert_eq!(rate(index, zero, 60), None, "an index that fell");
    }
}

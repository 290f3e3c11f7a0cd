//! What is told of a position: what it holds, what it has earned, what hit it and what it waits for, as the rules themselves say.

use plasmid_proto::stake::v1 as proto;
use plasmid_staking::{
    CutNode, Effect, Input, Leg, Line, LineId, LineState, Maturity, Position, SPAN,
    rules::{apply_cut::ApplyCut, claim_rewards::ClaimRewards, claim_stake::ClaimStake},
};

use crate::{
    app::reads::{ReadError, Reader, claims::USUAL_RELAY_SECS, held::Held},
    ledger::{Account, Parameters, Slot, leaf::EpochRecord, ring_place},
    wire::address_text,
};

/// Cuts that are told of one leg at once.
const MAX_CUTS: usize = 16;
/// Places of a node of the tree of cuts, and its highest level.
const ARITY: u64 = 16;
const TOP: u8 = 3;

/// What an estimate of the end of an unbonding begins with, at the tip.
#[derive(Clone, Copy)]
pub(in crate::app::reads) struct MaturityOutlook {
    /// Root's time in seconds, as its last final block says it.
    root_time: u64,
    height: u64,
    /// Nanoseconds that a block takes.
    block_time: u64,
}

impl MaturityOutlook {
    /// Today's; `None` before root was seen, and for a height of the past (one that is not zero).
    pub fn of(source: &Reader<'_>, height: u64) -> Option<Self> {
        let root_time = source.root().finalized.as_ref()?.time;
        if height != 0 {
            return None;
        }
        let tip = source.tip();
        let stated = u64::from(source.facts().parameters.block_time_ms).saturating_mul(1_000_000);
        Some(Self {
            root_time,
            height: tip.height,
            block_time: tip.block_time.unwrap_or(stated),
        })
    }

    /// When root's time is so far that an epoch can mature whose checkpoint the child does not know to be accepted.
    fn matures_about(&self, parameters: &Parameters, accepted: u64) -> u64 {
        let last = accepted.saturating_add(1);
        let last = last.saturating_mul(parameters.epoch_blocks.into());
        let left = last.saturating_sub(self.height);
        let seconds = left.saturating_mul(self.block_time) / 1_000_000_000;
        let waits = seconds.saturating_add(USUAL_RELAY_SECS);
        let waits = waits.saturating_add(parameters.unbonding_secs);
        self.root_time.saturating_add(waits)
    }
}

/// A position that stands, or none.
pub(in crate::app::reads) fn standing(
    held: &mut Held<'_>,
    number: u64,
) -> Result<Option<Position>, ReadError> {
    let position: Option<Position> = held.leaf(number)?;
    Ok(position.filter(|position| !position.is_gone()))
}

/// What is told of a position, in the epoch of the next block, without the cuts of epochs before `cuts_from`.
pub(in crate::app::reads) fn told(
    held: &mut Held<'_>,
    parameters: &Parameters,
    (epoch, outlook): (u64, Option<MaturityOutlook>),
    (number, position): (u64, &Position),
    cuts_from: u64,
) -> Result<proto::Position, ReadError> {
    let mut attempt = |input| held.attempt(parameters, epoch, &input);
    let (owner, to) = (position.owner, position.owner);
    let positions = vec![number];
    let rewards = attempt(Input::ClaimRewards(ClaimRewards {
        owner,
        positions,
        to,
    }))?;
    let claim = attempt(Input::ClaimStake(ClaimStake {
        owner,
        position: number,
        to,
    }))?;
    let cut = attempt(Input::ApplyCut(ApplyCut { position: number }))?;
    let rewards: u128 = rewards.effects().iter().map(collected).sum();
    let cut_waits = cut.effects().iter().find_map(cut_of);
    let found = held.found_by_rules(parameters, epoch, number, position)?;
    let legs = found.legs().zip(found.cuts).map(|(leg, cut)| proto::Leg {
        operator: address_text(&leg.line.operator),
        line: leg.line.line,
        first: leg.first,
        last: (!leg.is_bonded()).then_some(leg.last),
        cut,
    });
    // Of a leg that the next transaction folds the state still knows what it was.
    let (mut cuts, mut more_cuts_from) = (Vec::new(), None);
    for (leg, cut) in position.legs().zip(position.cuts) {
        let found = cuts_of(held, (epoch, cuts_from), leg, cut)?;
        let untold = found.get(MAX_CUTS).map(|untold| untold.epoch);
        more_cuts_from = more_cuts_from.into_iter().chain(untold).min();
        cuts.extend(found);
    }
    cuts.retain(|cut| more_cuts_from.is_none_or(|next| cut.epoch < next));
    let (matures_at, matures_about) = match matures(held, parameters, position)? {
        Some(Ends::At(time)) => (Some(time), None),
        Some(Ends::Behind(epoch)) => {
            let about = outlook.map(|outlook| outlook.matures_about(parameters, epoch));
            (None, about)
        }
        None => (None, None),
    };
    Ok(proto::Position {
        number,
        owner: Account::from_bytes(&position.owner).to_string(),
        restake: position.restake,
        base: found.base.to_string(),
        held: found.held_down().to_string(),
        settled: position.pending.to_string(),
        rewards: rewards.to_string(),
        cut_waits: cut_waits.map_or_else(String::new, |amount| amount.to_string()),
        bonded: position.is_bonded(),
        waits: claim.refusal(),
        legs: legs.collect(),
        matures_at,
        matures_about,
        cuts,
        more_cuts_from,
    })
}

fn collected(effect: &Effect) -> u128 {
    match effect {
        Effect::Collected { amount, .. } => *amount,
        _ => 0,
    }
}

fn cut_of(effect: &Effect) -> Option<u128> {
    match effect {
        Effect::Cut { amount, .. } => Some(*amount),
        _ => None,
    }
}

/// When the last epoch that an ended position backs matures.
enum Ends {
    /// At this time of root.
    At(u64),
    /// Some time after root has accepted the checkpoint of this epoch.
    Behind(u64),
}

/// When an unbonding ends that has not: what the rule `mature` goes by, which looks at the record of the epoch after the last one that is
/// backed.
fn matures(
    held: &mut Held<'_>,
    parameters: &Parameters,
    position: &Position,
) -> Result<Option<Ends>, ReadError> {
    let Maturity { matured, .. } = held.stands(())?;
    let last = position.legs().map(|leg| leg.last).max().unwrap_or(0);
    if position.is_bonded() || last < matured {
        return Ok(None);
    }
    let next = last.saturating_add(1);
    let place = ring_place(next, parameters.ring);
    let record: Option<EpochRecord> = held.value(&Slot::EpochRecord { place })?;
    let record = record.filter(|record| record.epoch >= next && record.accepted != 0);
    Ok(Some(match record {
        Some(record) => Ends::At(record.accepted.saturating_add(parameters.unbonding_secs)),
        None => Ends::Behind(next),
    }))
}

/// The cuts of a leg's line in the epochs that it backed, from `from` on, the oldest first. Where there are more than an answer holds,
/// it gives one more than that, so that the caller sees it.
fn cuts_of(
    held: &mut Held<'_>,
    (epoch, from): (u64, u64),
    leg: &Leg,
    applied: u32,
) -> Result<Vec<proto::Cut>, ReadError> {
    let line: Line = held.stands(leg.line)?;
    if line.state != LineState::Frozen {
        return Ok(Vec::new());
    }
    let base = line.cut_base;
    let last = leg.last.min(line.until).min(epoch);
    let Some(to) = last.checked_sub(base) else {
        return Ok(Vec::new());
    };
    let range = (
        leg.first.max(from).saturating_sub(base),
        to.min(SPAN.saturating_sub(1)),
    );
    let mut found = Vec::new();
    walk(held, leg.line, (TOP, 0), range, &mut found)?;
    let cut = |(offset, fraction): (u64, u32)| proto::Cut {
        operator: address_text(&leg.line.operator),
        line: leg.line.line,
        epoch: base.saturating_add(offset),
        fraction,
        applied: fraction <= applied,
    };
    Ok(found.into_iter().map(cut).collect())
}

/// Adds what was cut between two offsets below one node: no node is read below which nothing was.
fn walk(
    held: &mut Held<'_>,
    line: LineId,
    (level, index): (u8, u16),
    (first, last): (u64, u64),
    found: &mut Vec<(u64, u32)>,
) -> Result<(), ReadError> {
    let node: Option<CutNode> = held.leaf((line, level, index))?;
    let span = ARITY.saturating_pow(level.into());
    let begin = u64::from(index).saturating_mul(ARITY);
    for (place, fraction) in (begin..).zip(node.unwrap_or_default().0) {
        let from = place.saturating_mul(span);
        let to = from.saturating_add(span.saturating_sub(1));
        if fraction == 0 || to < first || from > last || found.len() > MAX_CUTS {
            continue;
        }
        match (level.checked_sub(1), u16::try_from(place)) {
            (Some(below), Ok(place)) => walk(held, line, (below, place), (first, last), found)?,
            _ => found.push((place, fraction)),
        }
    }
    Ok(())
}

//! What is next for evidence of two certificates, for those whom such evidence showed, and for each of their offences.
//!
//! ```text
//!  found ─ show the set, all but the last batch ─▶ commit ─▶ show the last batch ─ 2 blocks ─▶ reveal ─▶ freeze, batch by batch
//!                                                                                               └─ R blocks, collect for each ─▶ settle each
//! ```
//! The commitment comes before the set is shown whole: whoever waits for that is younger.

use super::{
    Closing, CourtCommitment, CourtTimes, Decision, End, MIN_AGE, Matter, ReportStep, RootMoment,
    before_reveal, closes_at, settle,
};

/// The last overlap of an epoch, as far as it can be contested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContestedOverlap {
    /// The block of its reveal.
    pub block: u64,
    /// The block of the commitment that leads.
    pub leader_block: u64,
    /// Whether our evidence names any of it.
    pub is_named: bool,
}

/// What root says of evidence of two certificates, in one block.
#[derive(Clone, Copy, Debug)]
pub struct CertificatesSeen {
    /// Our commitment; `None` when root has none.
    pub own: Option<CourtCommitment>,
    /// The checkpoint that closes reports.
    pub next: Closing,
    /// Whether the evidence names anybody who is in no overlap of the epoch.
    pub adds: bool,
    /// The last overlap of the epoch.
    pub last: Option<ContestedOverlap>,
    /// In how many batches the rest of the set is to be shown.
    pub to_show: u64,
    /// Whether an overlap or an offence of the epoch is not over.
    pub is_open: bool,
}

/// What is next for the evidence itself.
#[must_use]
pub fn decide_certificates(
    times: &CourtTimes,
    now: &RootMoment,
    matter: &Matter,
    seen: &CertificatesSeen,
) -> Decision {
    let rest = match seen.is_open {
        true => Decision::Wait,
        false => Decision::Done(End::Settled),
    };
    if seen.own.is_some_and(|own| own.is_revealed) {
        return rest;
    }
    if !seen.adds {
        return overtakes(times, now, seen).unwrap_or(rest);
    }
    let next = before_reveal(times, now, matter, (seen.own, seen.next));
    let show = Decision::Send(ReportStep::Show);
    match next {
        Decision::Send(ReportStep::Commit) if seen.to_show > 1 => show,
        Decision::Send(ReportStep::Reveal(_)) if seen.to_show > 0 => show,
        // While the commitment grows old enough.
        Decision::Wait if seen.to_show > 0 => {
            let begin = seen.own.map(|own| own.block.saturating_add(matter.stagger));
            let last = seen
                .own
                .map(|own| own.block.saturating_add(times.reveal_blocks));
            let grows = begin.is_some_and(|begin| now.number >= begin)
                && last.is_some_and(|last| now.number < last);
            match grows {
                true => show,
                false => Decision::Wait,
            }
        }
        next => next,
    }
}

/// Whether an older commitment of ours takes the lead; `None` when it cannot.
fn overtakes(times: &CourtTimes, now: &RootMoment, seen: &CertificatesSeen) -> Option<Decision> {
    let (own, last) = (seen.own?, seen.last?);
    let closes = closes_at(times, seen.next)?;
    let contest_ends = last.block.saturating_add(times.reveal_blocks);
    let until = own.block.saturating_add(times.reveal_blocks);
    let in_time = now.number < contest_ends.min(until)
        && own.time <= closes
        && now.time <= closes.saturating_add(times.reveal_secs());
    if !last.is_named || own.block >= last.leader_block || !in_time {
        return None;
    }
    Some(match now.number >= own.block.saturating_add(MIN_AGE) {
        true => Decision::Send(ReportStep::Reveal(Default::default())),
        false => Decision::Wait,
    })
}

/// What is next for an overlap: those who are not frozen are, by whoever leads at once, and by others when that one does not.
#[must_use]
pub fn decide_overlap(
    now: &RootMoment,
    stagger: u64,
    (revealed_at, is_pending, is_ours): (u64, bool, bool),
) -> Decision {
    let others = revealed_at.saturating_add(MIN_AGE).saturating_add(stagger);
    match is_pending && (is_ours || now.number > others) {
        true => Decision::Send(ReportStep::Freeze),
        false => Decision::Wait,
    }
}

/// What root says of an offence that two certificates showed.
#[derive(Clone, Copy, Debug)]
pub struct ConvictedSeen {
    /// The block of the reveal.
    pub block: u64,
    /// Whether a commitment of ours is to be paid for it.
    pub is_owed: bool,
    /// Whether it is settled.
    pub is_settled: bool,
    /// The checkpoint that closes the reports that its cut depends on.
    pub after_next: Closing,
    /// Offences of e - 1, e and e + 1 that were revealed and are not counted.
    pub uncounted: u64,
}

/// What is next for such an offence. `not_collected` when collecting is not worth its gas now.
#[must_use]
pub fn decide_convicted(
    times: &CourtTimes,
    now: &RootMoment,
    stagger: u64,
    seen: &ConvictedSeen,
    not_collected: bool,
) -> Decision {
    let contest_ends = seen.block.saturating_add(times.reveal_blocks);
    if seen.is_owed && !not_collected {
        return match now.number > contest_ends {
            true => Decision::Send(ReportStep::Collect),
            false => Decision::Wait,
        };
    }
    match seen.is_settled {
        true if now.number > contest_ends => Decision::Done(End::Settled),
        true => Decision::Wait,
        false => settle(times, now, (seen.after_next, seen.uncounted), stagger),
    }
}

#[cfg(test)]
mod tests;

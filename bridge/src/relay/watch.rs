//! What `plasmid watch` does next about one offence, decided from what root says in one block and from nothing that is remembered.
//!
//! ```text
//!  found ─ commit ─▶ committed ─ 2 blocks, reveal ─▶ revealed ─ R blocks, collect ─▶ collected ─ reports close, settle ─▶ settled
//!                       │ somebody else revealed:            │ (counts too)
//!                       │  ours is older ─ reveal, overtake ─┘
//!                       └─ ours is not ─────────────────────────────── count, settle (also what strangers revealed)
//! ```
//! A run that was killed anywhere goes on with what the next look at root shows. Every transaction has the account's next nonce **of the very block
//! that was looked at**: what was sent before and is not mined there has the same nonce, so one of the two is mined and never both.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};

pub mod statement;

/// Root blocks between a commitment and its reveal, at least.
pub const MIN_AGE: u64 = 2;
/// A commitment that was not revealed in time is made again at once; from this one on after a pause of R blocks, doubled at each further one, up to
/// 2^10 times that. Evidence is kept as long as it can be reported.
const PROMPT_COMMITS: u32 = 3;
/// After a contract's refusal, root blocks until the same is tried again; doubled at each further one, up to 64 times this.
const REFUSED_BLOCKS: u64 = 2;
/// After a step was not worth its gas, root blocks until that is looked at again.
const UNWORTHY_BLOCKS: u64 = 100;

/// Who, and in which epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OffenceId {
    /// The epoch.
    pub epoch: u64,
    /// The operator.
    pub operator: Address,
}

/// The times that the deployment gives a report.
#[derive(Clone, Copy, Debug)]
pub struct CourtTimes {
    /// R, in root blocks.
    pub reveal_blocks: u64,
    /// A root block, at the slowest rate that the deployment allows for, in seconds.
    pub root_block_secs: u64,
    /// E: how long reports stay open behind the acceptance of the next checkpoint, in seconds.
    pub evidence_secs: u64,
}

impl CourtTimes {
    /// R blocks in seconds.
    const fn reveal_secs(&self) -> u64 {
        self.reveal_blocks.saturating_mul(self.root_block_secs)
    }
}

/// Root at the block that was looked at.
#[derive(Clone, Copy, Debug)]
pub struct RootMoment {
    /// The block's number.
    pub number: u64,
    /// Its time, in seconds.
    pub time: u64,
    /// Offences revealed and not counted.
    pub uncounted: u64,
}

/// What root says of the acceptance of a checkpoint that closes reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// It is not accepted yet.
    Open,
    /// It was accepted at this time, in seconds, and is kept.
    At(u64),
    /// It is kept no more: closed for long.
    Gone,
    /// It is accepted, and its event was not read yet.
    Unread,
}

/// A commitment as root has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CourtCommitment {
    /// Its block.
    pub block: u64,
    /// Its time in seconds; of a revealed one nothing is known.
    pub time: u64,
    /// Whether it was revealed.
    pub is_revealed: bool,
    /// What its reveal cost in wei, if that was the first one of its offence.
    pub gas_wei: u128,
}

/// A revealed offence as root has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevealedOffence {
    /// The block of the first reveal.
    pub block: u64,
    /// The commitment that leads; zero when the reward was collected, none when its event was not read yet.
    pub leader: Option<B256>,
    /// The block of the leader's commitment, if it leads still.
    pub leader_block: u64,
    /// Whether its share is in the sums.
    pub is_counted: bool,
    /// Whether it is settled.
    pub is_settled: bool,
}

/// What root says of an offence, in one block.
#[derive(Clone, Copy, Debug)]
pub struct CourtSeen {
    /// Our commitment of it, if we have evidence: none when root has none.
    pub own: Option<CourtCommitment>,
    /// The offence, if it was revealed.
    pub offence: Option<RevealedOffence>,
    /// Checkpoint e + 1, which closes reports of e.
    pub next: Closing,
    /// Checkpoint e + 2, which closes those that the cut depends on.
    pub after_next: Closing,
}

/// A transaction to the Court.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportStep {
    /// Shows the evidence; the leader that is overtaken, or zero.
    Reveal(B256),
    /// Binds the evidence.
    Commit,
    /// Takes the reward.
    Collect,
    /// Adds the share to the sums.
    Count,
    /// Sends the cut.
    Settle,
}

impl ReportStep {
    /// Its name in the output and in the folder.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Reveal(_) => "reveal",
            Self::Collect => "collect",
            Self::Count => "count",
            Self::Settle => "settle",
        }
    }
}

/// What is to be done about an offence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This transaction.
    Send(ReportStep),
    /// Nothing now.
    Wait,
    /// Nothing any more.
    Done(End),
}

/// How an offence ends for a watcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The cut is on its way, and nothing is to be collected.
    Settled,
    /// Reports of its epoch closed before it was revealed.
    Closed,
}

/// What a watcher has of an offence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matter {
    /// Our commitment, when we have evidence; none for what others revealed.
    pub commitment: Option<B256>,
    /// How often it was made.
    pub commits: u32,
}

/// What is next for an offence. `not_collected` when collecting is not worth its gas now.
#[must_use]
pub fn decide(
    times: &CourtTimes,
    now: &RootMoment,
    matter: &Matter,
    seen: &CourtSeen,
    not_collected: bool,
) -> Decision {
    match (matter.commitment, &seen.offence) {
        (Some(_), None) => before_reveal(times, now, matter, seen),
        (None, None) => Decision::Wait,
        (own, Some(offence)) => after_reveal(times, now, own, seen, offence, not_collected),
    }
}

fn before_reveal(
    times: &CourtTimes,
    now: &RootMoment,
    matter: &Matter,
    seen: &CourtSeen,
) -> Decision {
    let Some(closes) = closes_at(times, seen.next) else {
        return match seen.next {
            Closing::Gone => Decision::Done(End::Closed),
            _ => Decision::Wait,
        };
    };
    let own = seen.own.filter(|own| !own.is_revealed);
    let Some(own) = own else {
        // The next block may be as late as one block's time from now.
        return match now.time.saturating_add(times.root_block_secs) <= closes {
            true => Decision::Send(ReportStep::Commit),
            false => Decision::Done(End::Closed),
        };
    };
    let last = own.block.saturating_add(times.reveal_blocks);
    let in_time = own.time <= closes && now.time <= closes.saturating_add(times.reveal_secs());
    if !in_time {
        return Decision::Done(End::Closed);
    }
    match now.number {
        number if number < own.block.saturating_add(MIN_AGE) => Decision::Wait,
        number if number < last => Decision::Send(ReportStep::Reveal(B256::ZERO)),
        number if number == last => Decision::Wait,
        _ if now.time.saturating_add(times.root_block_secs) > closes => Decision::Done(End::Closed),
        number => {
            let pauses = matter.commits.saturating_sub(PROMPT_COMMITS).min(10);
            let pause = match matter.commits < PROMPT_COMMITS {
                true => 0,
                false => times.reveal_blocks.saturating_mul(1 << pauses),
            };
            match number > last.saturating_add(pause) {
                true => Decision::Send(ReportStep::Commit),
                false => Decision::Wait,
            }
        }
    }
}

fn after_reveal(
    times: &CourtTimes,
    now: &RootMoment,
    commitment: Option<B256>,
    seen: &CourtSeen,
    offence: &RevealedOffence,
    not_collected: bool,
) -> Decision {
    let contest_ends = offence.block.saturating_add(times.reveal_blocks);
    let own = commitment.and_then(|commitment| Some((commitment, seen.own?)));
    if own.is_some_and(|(_, own)| own.is_revealed) {
        match now.number > contest_ends {
            false => return Decision::Wait,
            true if !not_collected => return Decision::Send(ReportStep::Collect),
            true => {}
        }
    } else if let Some((commitment, own)) = own
        && let Some(leader) = offence.leader.filter(|leader| !leader.is_zero())
        && leader != commitment
    {
        let is_older = own.block < offence.leader_block;
        let last = own.block.saturating_add(times.reveal_blocks);
        let closes = closes_at(times, seen.next);
        let in_time = now.number < contest_ends.min(last)
            && closes.is_some_and(|closes| {
                own.time <= closes && now.time <= closes.saturating_add(times.reveal_secs())
            });
        if is_older && in_time && !not_collected {
            return match now.number >= own.block.saturating_add(MIN_AGE) {
                true => Decision::Send(ReportStep::Reveal(leader)),
                false => Decision::Wait,
            };
        }
    }
    if offence.is_settled {
        return Decision::Done(End::Settled);
    }
    settle(times, now, seen, offence, contest_ends)
}

/// Counts and settles, whoever revealed it. Whoever collects counts too, so nobody pays for that before the contest is over.
fn settle(
    times: &CourtTimes,
    now: &RootMoment,
    seen: &CourtSeen,
    offence: &RevealedOffence,
    contest_ends: u64,
) -> Decision {
    let closed = match seen.after_next {
        Closing::Gone => true,
        Closing::At(time) => {
            let windows = times.evidence_secs.saturating_add(times.reveal_secs());
            now.time > time.saturating_add(windows)
        }
        Closing::Open | Closing::Unread => false,
    };
    let alone = now.number > contest_ends.saturating_add(times.reveal_blocks);
    match (offence.is_counted, closed) {
        // The leader has as many blocks again for collecting, which counts. Nothing settles on root before all are counted.
        (false, _) if alone => Decision::Send(ReportStep::Count),
        (true, true) if now.uncounted == 0 => Decision::Send(ReportStep::Settle),
        _ => Decision::Wait,
    }
}

/// Until when commitments are made, in seconds; none when that is not known or over for long.
fn closes_at(times: &CourtTimes, next: Closing) -> Option<u64> {
    match next {
        Closing::Open => Some(u64::MAX),
        Closing::At(time) => Some(time.saturating_add(times.evidence_secs)),
        Closing::Gone | Closing::Unread => None,
    }
}

/// What was tried in vain, so that it is not tried at every look. It may be forgotten: that costs questions to root, and no gas.
#[derive(Debug, Default)]
pub struct Patience(BTreeMap<(OffenceId, ReportStep), Tried>);

#[derive(Debug)]
struct Tried {
    reason: String,
    times: u32,
    again_at: u64,
    unworthy: bool,
}

impl Patience {
    /// Whether this step is to be left alone in this block.
    #[must_use]
    pub fn holds(&self, offence: OffenceId, step: ReportStep, number: u64) -> bool {
        let tried = self.0.get(&(offence, step));
        tried.is_some_and(|tried| number < tried.again_at)
    }

    /// Whether this step is not worth its gas in this block.
    #[must_use]
    pub fn is_unworthy(&self, offence: OffenceId, number: u64) -> bool {
        let of = |(key, tried): (&(OffenceId, ReportStep), &Tried)| {
            key.0 == offence && tried.unworthy && number < tried.again_at
        };
        self.0.iter().any(of)
    }

    /// Root would refuse it. Gives whether the reason is news.
    pub fn refused(&mut self, key: (OffenceId, ReportStep), number: u64, reason: &str) -> bool {
        let before = self.0.get(&key);
        let is_news = before.is_none_or(|before| before.reason != reason);
        let times = before.map_or(0, |before| before.times.saturating_add(1).min(6));
        let wait = REFUSED_BLOCKS.saturating_mul(1_u64.checked_shl(times).unwrap_or(1));
        let tried = Tried {
            reason: reason.to_owned(),
            times,
            again_at: number.saturating_add(wait),
            unworthy: false,
        };
        self.0.insert(key, tried);
        is_news
    }

    /// It costs more than it brings. Gives whether that is news.
    pub fn unworthy(&mut self, key: (OffenceId, ReportStep), number: u64) -> bool {
        let before = self.0.get(&key).is_some_and(|before| before.unworthy);
        let tried = Tried {
            reason: String::new(),
            times: 0,
            again_at: number.saturating_add(UNWORTHY_BLOCKS),
            unworthy: true,
        };
        self.0.insert(key, tried);
        !before
    }

    /// Forgets all about an offence.
    pub fn forget(&mut self, offence: OffenceId) {
        self.0.retain(|key, _| key.0 != offence);
    }
}

#[cfg(test)]
mod tests;

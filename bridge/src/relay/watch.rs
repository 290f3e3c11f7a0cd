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

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

pub mod book;
pub mod commits;
pub mod docket;
pub mod overlap;
mod patience;
pub mod statement;
mod subject;

pub use patience::Patience;
pub use subject::Subject;

/// Root blocks between a commitment and its reveal, at least.
pub const MIN_AGE: u64 = 2;
/// A commitment that was not revealed in time is made again at once; from this one on after a pause of R blocks, doubled at each further one, up to
/// 2^10 times that. Evidence is kept as long as it can be reported.
const PROMPT_COMMITS: u32 = 3;
/// Watchers that could send the same begin this many blocks apart, at most.
const MAX_STAGGER: u64 = 16;
/// Watchers that could send one proof that a checkpoint is broken begin this many blocks apart, at most: there is less time for it.
const MAX_PROVE_STAGGER: u64 = 3;

/// Who, and in which epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// Whether a reveal can be in time at all: a commitment has to be [`MIN_AGE`] blocks old in the block that is looked at, and the reveal is in a later one.
    #[must_use]
    pub const fn can_reveal(&self) -> bool {
        self.reveal_blocks > MIN_AGE
    }

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
}

/// What root says of the acceptance of a checkpoint that closes reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// It is not accepted yet.
    Open,
    /// It was accepted at this time, in seconds, and is kept; or it is not accepted, and after this time none is.
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
    /// The commitment that leads; zero when the reward was collected, `None` when its event was not read yet.
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
    /// Our commitment of it, if we have evidence and root has a commitment of ours.
    pub own: Option<CourtCommitment>,
    /// The offence, if it was revealed.
    pub offence: Option<RevealedOffence>,
    /// Checkpoint e + 1, which closes reports of e.
    pub next: Closing,
    /// Checkpoint e + 2, which closes those that the cut depends on.
    pub after_next: Closing,
    /// Offences of e - 1, e and e + 1 that were revealed and are not counted.
    pub uncounted: u64,
}

/// A transaction to the Court, the FraudCourt or DataChallenges; what comes first here goes first, unless a challenge is urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportStep {
    /// Shows root that a checkpoint breaks a rule, which makes it void.
    Prove,
    /// Shows the evidence; the leader that is overtaken, or zero.
    Reveal(B256),
    /// Binds the evidence.
    Commit,
    /// Shows members of the set that certificates are judged by.
    Show,
    /// Freezes those whom two certificates showed.
    Freeze,
    /// Takes the reward.
    Collect,
    /// Adds the share to the sums.
    Count,
    /// Sends the cut.
    Settle,
    /// Shows what somebody asked for.
    Answer,
    /// Asks for what no node shows.
    Ask,
    /// Makes void what nobody showed in time.
    Expire,
    /// Takes back what was paid for a question that nobody can answer any more.
    Refund,
}

impl ReportStep {
    /// Its name in the output and in the folder.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Prove => "prove",
            Self::Commit => "commit",
            Self::Reveal(_) => "reveal",
            Self::Show => "show",
            Self::Freeze => "freeze",
            Self::Collect => "collect",
            Self::Count => "count",
            Self::Settle => "settle",
            Self::Answer => "answer",
            Self::Ask => "ask",
            Self::Expire => "expire",
            Self::Refund => "refund",
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
    /// A checkpoint that breaks a rule is void.
    Void,
    /// A checkpoint that breaks a rule became final before that.
    Final,
}

/// What a watcher has of an offence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matter {
    /// Our commitment, when we have evidence; `None` for what others revealed.
    pub commitment: Option<B256>,
    /// How often it was made.
    pub commits: u32,
    /// Blocks by which this watcher lets others go first: [`Subject::stagger`].
    pub stagger: u64,
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
        (Some(_), None) => before_reveal(times, now, matter, (seen.own, seen.next)),
        (None, None) => Decision::Wait,
        (_, Some(offence)) => after_reveal(times, now, matter, seen, offence, not_collected),
    }
}

fn before_reveal(
    times: &CourtTimes,
    now: &RootMoment,
    matter: &Matter,
    (own, next): (Option<CourtCommitment>, Closing),
) -> Decision {
    let Some(closes) = closes_at(times, next) else {
        return match next {
            Closing::Gone => Decision::Done(End::Closed),
            _ => Decision::Wait,
        };
    };
    // A commitment that cannot be revealed in time would be paid for again and again.
    if !times.can_reveal() {
        return Decision::Wait;
    }
    let own = own.filter(|own| !own.is_revealed);
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
    let first = own.block.saturating_add(MIN_AGE);
    match now.number {
        number if number < first.saturating_add(matter.stagger) => Decision::Wait,
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
    &Matter {
        commitment,
        stagger,
        ..
    }: &Matter,
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
    let alone = times.reveal_blocks.saturating_add(stagger);
    match offence.is_counted {
        // The leader has as many blocks again for collecting, which counts.
        false if now.number > contest_ends.saturating_add(alone) => {
            Decision::Send(ReportStep::Count)
        }
        false => Decision::Wait,
        true => settle(times, now, (seen.after_next, seen.uncounted), stagger),
    }
}

/// Settles, whoever revealed it. Nothing settles on root before all that its cut depends on is counted.
fn settle(
    times: &CourtTimes,
    now: &RootMoment,
    (after_next, uncounted): (Closing, u64),
    stagger: u64,
) -> Decision {
    let closed = match after_next {
        Closing::Gone => true,
        Closing::At(time) => {
            let windows = times.evidence_secs.saturating_add(times.reveal_secs());
            let others = stagger.saturating_mul(times.root_block_secs);
            now.time > time.saturating_add(windows).saturating_add(others)
        }
        Closing::Open | Closing::Unread => false,
    };
    match closed && uncounted == 0 {
        true => Decision::Send(ReportStep::Settle),
        false => Decision::Wait,
    }
}

/// Until when commitments are made, in seconds; `None` when that is not known or over for long.
fn closes_at(times: &CourtTimes, next: Closing) -> Option<u64> {
    match next {
        Closing::Open => Some(u64::MAX),
        Closing::At(time) => Some(time.saturating_add(times.evidence_secs)),
        Closing::Gone | Closing::Unread => None,
    }
}

#[cfg(test)]
mod tests;

//! Carried votes: what they must show, and what follows from them (PROTOCOL section 6). One function for all phases.
//!
//! Every block may carry votes of the height before with their extensions. They bring two things: reports of root's
//! inbox, and shares over the last checkpoint. All about a vote is by its own height v = height - 1.
//!
//! ```text
//! old cursor         supported             end
//!     |--- messages ----|--- bare hashes ---|        a report (c, h) counts when old < c <= end and link(c) = h
//! ```
//! The messages go exactly as far as reports of more than two thirds of the power reach; the hashes let reports that are
//! ahead of each other meet, so that messages that keep arriving cannot stall the tally.

use alloy_primitives::B256;
use plasmid_bridge::proof::checkpoint::certificate::is_quorum;
use plasmid_bridge::proof::{inbox, vote};
use plasmid_staking::Member;

use super::bitmap::Bitmap;
use super::error::{Invalid, VoteError};
use super::extension::Extension;
use super::record::{CarriedVote, RecordWitness};

/// How the engine flags an entry of the last commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flag {
    /// No precommit was seen.
    Absent,
    /// A precommit for the block.
    Commit,
    /// A precommit for nil.
    Nil,
}

/// One entry of the proposed last commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommitVote {
    /// The voter's consensus address.
    pub address: [u8; 20],
    /// What it did.
    pub flag: Flag,
}

/// All that the verdict on carried votes depends on, besides the record and the messages.
#[derive(Clone, Copy, Debug)]
pub struct Voting<'a> {
    /// The chain id that the engine's signatures bind.
    pub chain_id: &'a str,
    /// Height v of the votes: the block's height - 1.
    pub height: u64,
    /// The round of the last commit.
    pub round: u32,
    /// The last commit, as the request has it.
    pub commit: &'a [CommitVote],
    /// The set of epoch(v), in seat order: the member number is the place in this list.
    pub members: &'a [Member],
    /// Inbox cursor before the block.
    pub cursor: u64,
    /// The inbox link before the block.
    pub link: B256,
    /// Share bits of epoch(v) that stand already, by member number.
    pub standing: Bitmap,
    /// Whether epoch(v) signs a checkpoint (epoch 0 signs none).
    pub signs: bool,
    /// Parameter M: messages and hashes together.
    pub batch: u16,
}

/// What follows from the votes: the record's executing part must say the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tally {
    /// By seat: flagged commit in the last commit.
    pub participation: Bitmap,
    /// By member number: new share bits.
    pub shares: Bitmap,
    /// The shares that set them, by member number.
    pub brought: Vec<(u16, [u8; 192])>,
    /// Inbox cursor after the messages.
    pub cursor: u64,
    /// The inbox link after the messages.
    pub link: B256,
}

/// Weighs the carried votes against the last commit, the committed state and the hashes of the block's messages.
///
/// # Errors
/// [`Invalid`] names the rule that is broken, and the seat.
pub fn tally(
    voting: &Voting<'_>,
    witness: &RecordWitness,
    messages: &[B256],
) -> Result<Tally, Invalid> {
    let participation = participation(voting)?;
    let count = messages.len().saturating_add(witness.hashes.len());
    if count > usize::from(voting.batch) {
        let limit = voting.batch;
        return Err(Invalid::Batch { count, limit });
    }
    let mut shares = Bitmap::default();
    let mut brought = Vec::new();
    let mut reports = Vec::new();
    for carried in &witness.votes {
        let vote = check_vote(voting, &participation, carried).map_err(|why| Invalid::Vote {
            seat: carried.seat,
            why,
        })?;
        if let Some(share) = vote.share {
            shares.set(vote.number);
            brought.push((vote.number, share));
        }
        reports.push(vote.report);
    }
    let links = links(voting, messages, &witness.hashes);
    check_messages(voting, &reports, &links, messages.len())?;
    if !witness.votes.is_empty() && shares.is_empty() && messages.is_empty() {
        return Err(Invalid::Idle);
    }
    let (cursor, link) = messages
        .len()
        .checked_sub(1)
        .and_then(|last| links.get(last).copied())
        .unwrap_or((voting.cursor, voting.link));
    Ok(Tally {
        participation,
        shares,
        brought,
        cursor,
        link,
    })
}

/// By seat: who is flagged commit in the last commit.
///
/// # Errors
/// An entry of no member of that set, or a second one of the same.
pub fn participation(voting: &Voting<'_>) -> Result<Bitmap, Invalid> {
    let by_address: std::collections::BTreeMap<[u8; 20], u16> = voting
        .members
        .iter()
        .map(|member| (vote::address(&member.consensus_key), member.seat))
        .collect();
    let mut seen = Bitmap::default();
    let mut present = Bitmap::default();
    for entry in voting.commit {
        let seat = by_address.get(&entry.address).copied();
        let Some(seat) = seat.filter(|seat| !seen.has(*seat)) else {
            return Err(Invalid::Voter(entry.address));
        };
        seen.set(seat);
        if entry.flag == Flag::Commit {
            present.set(seat);
        }
    }
    Ok(present)
}

/// The highest cursor that reports of more than two thirds of the set's power reach, among `reports` that count.
pub fn supported(members: &[Member], reports: &[Report]) -> Option<u64> {
    let total: u128 = members.iter().map(|member| u128::from(member.power)).sum();
    let mut sorted: Vec<&Report> = reports.iter().collect();
    sorted.sort_by_key(|report| std::cmp::Reverse(report.cursor));
    let mut reached = 0u128;
    sorted.into_iter().find_map(|report| {
        reached = reached.saturating_add(u128::from(report.power));
        is_quorum(reached, total).then_some(report.cursor)
    })
}

/// What one member says of root's inbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Report {
    /// How many messages it has seen.
    pub cursor: u64,
    /// The inbox link at that cursor.
    pub link: B256,
    /// The member's power.
    pub power: u64,
}

/// A carried vote that keeps the rules.
pub(crate) struct CheckedVote {
    /// Member number.
    pub(crate) number: u16,
    /// Its share, if it sets a bit that did not stand.
    pub(crate) share: Option<[u8; 192]>,
    /// What it reports.
    pub(crate) report: Report,
}

/// Checks one carried vote by itself.
pub(crate) fn check_vote(
    voting: &Voting<'_>,
    participation: &Bitmap,
    carried: &CarriedVote,
) -> Result<CheckedVote, VoteError> {
    if voting.height == 0 {
        return Err(VoteError::FirstBlock);
    }
    let place = voting
        .members
        .binary_search_by_key(&carried.seat, |member| member.seat)
        .map_err(|_| VoteError::NoMember)?;
    let member = voting.members.get(place).ok_or(VoteError::NoMember)?;
    let number = u16::try_from(place).map_err(|_| VoteError::NoMember)?;
    if !participation.has(carried.seat) {
        return Err(VoteError::NotCommitted);
    }
    let extension = Extension::decode(&carried.extension).map_err(VoteError::Frame)?;
    let open = voting.signs && !voting.standing.has(number);
    let share = extension.due().filter(|_| open);
    if share.is_none() && extension.cursor <= voting.cursor {
        return Err(VoteError::AddsNothing);
    }
    let signed = vote::extension_sign_bytes(
        &carried.extension,
        voting.height,
        voting.round,
        voting.chain_id,
    );
    if !vote::verify(&member.consensus_key, &signed, &carried.signature) {
        return Err(VoteError::Signature);
    }
    Ok(CheckedVote {
        number,
        share,
        report: Report {
            cursor: extension.cursor,
            link: extension.link,
            power: member.power,
        },
    })
}

/// The (cursor, link) after each message and each bare hash.
fn links(voting: &Voting<'_>, messages: &[B256], hashes: &[B256]) -> Vec<(u64, B256)> {
    let mut at = (voting.cursor, voting.link);
    let mut out = Vec::with_capacity(messages.len().saturating_add(hashes.len()));
    for hash in messages.iter().chain(hashes) {
        let index = at.0.saturating_add(1);
        at = (index, inbox::link(index, &at.1, hash));
        out.push(at);
    }
    out
}

/// The messages go exactly as far as two thirds support, the hashes exactly to the highest report that counts.
fn check_messages(
    voting: &Voting<'_>,
    reports: &[Report],
    links: &[(u64, B256)],
    carried: usize,
) -> Result<(), Invalid> {
    let counting: Vec<Report> = reports
        .iter()
        .filter(|report| links.binary_search(&(report.cursor, report.link)).is_ok())
        .copied()
        .collect();
    let supported =
        supported(voting.members, &counting).map_or(0, |to| to.saturating_sub(voting.cursor));
    let carried_count = u64::try_from(carried).unwrap_or(u64::MAX);
    if supported != carried_count {
        return Err(Invalid::MessageCount {
            carried: carried_count,
            supported,
        });
    }
    let end = links.last().map_or(voting.cursor, |link| link.0);
    let highest = counting
        .iter()
        .map(|report| report.cursor)
        .max()
        .unwrap_or(voting.cursor);
    if links.len() > carried && end != highest {
        return Err(Invalid::HashEnd { end, highest });
    }
    Ok(())
}

#[cfg(test)]
mod tests;

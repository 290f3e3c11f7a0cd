//! Precommits that nodes show in their commits. A node's commit of its newest block holds what it saw itself, and another node, or the next block, may show another precommit of the
//! same key: two for different things in one round are an offence, whether or not a block has evidence of it.
//!
//! Signatures are verified before a vote takes room that others need, and each source has its own room. One contradiction of a key in an epoch is enough: it takes part in
//! no second case of that epoch.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use plasmid_staking::Member;

use super::statement::{DoubleStatement, SignedBallot, TwoVotes};
use crate::proof::set::MAX_MEMBERS;
use crate::proof::vote::{self, VoteStep};

/// Commits of a source that wait for the set of their epoch, at most; the oldest ones go first.
const MAX_WAITING: usize = 64;
/// Commits of a source that later ones are compared with, at most.
const MAX_CHECKED: usize = 16;

/// A vote, and the address of the key that is said to have signed it.
pub type NamedBallot = ([u8; 20], SignedBallot);

/// The votes that one source shows of one height and round.
#[derive(Clone, Debug)]
struct HeardCommit {
    at: (u64, u32),
    votes: Vec<NamedBallot>,
}

/// What one source shows.
#[derive(Debug, Default)]
struct SourceCommits {
    waiting: VecDeque<HeardCommit>,
    checked: VecDeque<HeardCommit>,
    /// The highest one of the heights whose commits were checked and are not kept any more.
    dropped: u64,
}

/// What comparing gives.
#[derive(Debug, Default)]
pub struct ComparedCommits {
    /// Contradictions, one of each key in an epoch, each with who showed the second vote.
    pub found: Vec<(usize, DoubleStatement)>,
    /// Sources that show votes which no member signed.
    pub liars: Vec<usize>,
    /// Sources that show a height when others' commits of it, or of later ones, are not kept any more.
    pub late: Vec<usize>,
}

/// Commits of all sources.
#[derive(Debug, Default)]
pub struct CommitBook {
    /// The height that was compared last, for whoever compares in turn.
    pub last: u64,
    sources: BTreeMap<usize, SourceCommits>,
    /// Epochs, and the keys of which a contradiction was given. Each of them is a member's key that signed two things.
    given: BTreeSet<(u64, [u8; 20])>,
}

impl CommitBook {
    /// A source shows precommits of one height and round; those of another one are left out. Gives the height of the commit that has no room any more, if there is one.
    pub fn add(&mut self, source: usize, votes: Vec<NamedBallot>) -> Option<u64> {
        let (_, first) = votes.first()?;
        let at = (first.ballot.height, first.ballot.round);
        let is_of = |(_, one): &NamedBallot| {
            let ballot = one.ballot;
            (ballot.height, ballot.round) == at && ballot.step == VoteStep::Precommit
        };
        let most = usize::from(MAX_MEMBERS);
        let votes = votes.into_iter().filter(is_of).take(most).collect();
        let waiting = &mut self.sources.entry(source).or_default().waiting;
        let dropped = match waiting.len() >= MAX_WAITING {
            true => waiting.pop_front(),
            false => None,
        };
        waiting.push_back(HeardCommit { at, votes });
        dropped.map(|commit| commit.at.0)
    }

    /// The heights of the commits that wait.
    #[must_use]
    pub fn waiting(&self) -> Vec<u64> {
        let waiting = self.sources.values().flat_map(|one| &one.waiting);
        let mut heights: Vec<u64> = waiting.map(|commit| commit.at.0).collect();
        heights.sort_unstable();
        heights.dedup();
        heights
    }

    /// Lets go of the commits that wait of a height.
    pub fn forget(&mut self, height: u64) {
        for source in self.sources.values_mut() {
            source.waiting.retain(|commit| commit.at.0 != height);
        }
    }

    /// Lets go of what is known of epochs before this one.
    pub fn release(&mut self, first: u64) {
        self.given.retain(|(epoch, _)| *epoch >= first);
    }

    /// Compares the commits of a height that wait with all others of it.
    pub fn compare(
        &mut self,
        (epoch, height): (u64, u64),
        members: &[Member],
        chain: &str,
    ) -> ComparedCommits {
        let keys = members.iter().map(|member| {
            let key = member.consensus_key;
            (vote::address(&key), key)
        });
        let keys: BTreeMap<[u8; 20], [u8; 32]> = keys.collect();
        let mut given = ComparedCommits::default();
        let sources: Vec<usize> = self.sources.keys().copied().collect();
        for source in sources {
            for mut commit in self.take(source, height) {
                let mut others = self.sources.iter().filter(|(other, _)| **other != source);
                if others.any(|(_, other)| other.dropped >= height) {
                    given.late.push(source);
                }
                let mut known = self.votes_at(commit.at);
                let shown = commit.votes.len();
                commit.votes.retain(|(voter, one)| {
                    let holds = |key: &[u8; 32]| {
                        vote::verify(key, &one.ballot.sign_bytes(chain), &one.signature)
                    };
                    let before = known.get(voter);
                    before.is_some_and(|before| before.contains(one))
                        || keys.get(voter).is_some_and(holds)
                });
                if commit.votes.len() < shown {
                    given.liars.push(source);
                }
                for (voter, one) in &commit.votes {
                    let others = known.entry(*voter).or_default();
                    let differs = |other: &&SignedBallot| other.ballot.block != one.ballot.block;
                    if let Some(other) = others.iter().find(differs)
                        && self.given.insert((epoch, *voter))
                    {
                        let votes = TwoVotes {
                            voter: *voter,
                            first: *other,
                            second: *one,
                        };
                        let statement = DoubleStatement::Votes(Box::new(votes.ordered()));
                        given.found.push((source, statement));
                    }
                    others.push(*one);
                }
                // One vote of each key is what an engine's commit has.
                let mut voters = BTreeSet::new();
                commit.votes.retain(|(voter, _)| voters.insert(*voter));
                // What nobody signed takes no room, and lets go of nothing.
                if commit.votes.is_empty() {
                    continue;
                }
                let own = self.sources.entry(source).or_default();
                if own.checked.len() >= MAX_CHECKED
                    && let Some(dropped) = own.checked.pop_front()
                {
                    own.dropped = own.dropped.max(dropped.at.0);
                }
                own.checked.push_back(commit);
            }
        }
        given
    }

    /// Takes the commits of a height out that wait.
    fn take(&mut self, source: usize, height: u64) -> Vec<HeardCommit> {
        let Some(one) = self.sources.get_mut(&source) else {
            return Vec::new();
        };
        let waiting = std::mem::take(&mut one.waiting).into_iter();
        let (taken, rest): (Vec<_>, Vec<_>) = waiting.partition(|commit| commit.at.0 == height);
        one.waiting = rest.into();
        taken
    }

    /// The votes of a height and round that were verified, by voter.
    fn votes_at(&self, at: (u64, u32)) -> BTreeMap<[u8; 20], Vec<SignedBallot>> {
        let mut votes: BTreeMap<_, Vec<SignedBallot>> = BTreeMap::new();
        let checked = self.sources.values().flat_map(|one| &one.checked);
        for (voter, one) in checked
            .filter(|commit| commit.at == at)
            .flat_map(|commit| &commit.votes)
        {
            let others = votes.entry(*voter).or_default();
            if !others.contains(one) {
                others.push(*one);
            }
        }
        votes
    }
}

#[cfg(test)]
mod tests;

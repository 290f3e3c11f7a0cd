//! Reads the votes of one engine or node, a page after the other, and tells the watcher what is there.

use std::time::Duration;

use plasmid_bridge::{
    client::watcher::ChildNews,
    relay::watch::statement::{DoubleStatement, TwoVotes},
};
use tokio::{
    sync::{mpsc::Sender, oneshot},
    time::sleep,
};

use super::VoteSource;
use crate::{
    cli::watch::votes::{attack_votes, precommits, two_votes},
    node::comet::votes::{PAGE, VotesPage},
    plain,
};

/// How often a node is asked for its newest height.
const POLL: Duration = Duration::from_millis(500);
/// The longest wait for a node that does not answer.
const MAX_POLL: Duration = Duration::from_secs(30);
/// How often a block is asked for that a node does not give so that it can be read.
const MAX_TRIES: u32 = 5;
/// How often in a row one lacks blocks that it has shown before it is read again.
const MAX_LACKS: u32 = 20;
/// Commits of one page that are told, at most.
const MAX_COMMITS: usize = 2;
/// Attacks on light clients of which one node has it said that there is nothing to report, at most: what it invents is no flood.
const MAX_ATTACKS_TOLD: u32 = 16;

/// Reads votes, each from its height on, in tasks that end when nobody listens. Whoever takes back what it showed is read again from `floor` on.
pub fn follow(
    voters: Vec<(usize, VoteSource)>,
    starts: &[u64],
    floor: u64,
    chain: &str,
    news: &Sender<ChildNews>,
) {
    for ((node, source), start) in voters.into_iter().zip(starts) {
        let reader = VoteReader {
            source,
            node,
            chain: chain.to_owned(),
            next: *start,
            floor,
            tries: 0,
            lacks: 0,
            taken: 0,
            attacks_told: 0,
            news: news.clone(),
        };
        tokio::spawn(reader.run());
    }
}

/// Why an engine was not read on.
enum Stopped {
    /// It does not answer, or not so that it can be read.
    Silent(String),
    /// The watcher has no room for what was found.
    Full,
    /// Nobody listens any more.
    Deaf,
}

/// The reading of one.
struct VoteReader {
    source: VoteSource,
    node: usize,
    /// The chain that it must be of.
    chain: String,
    next: u64,
    /// The first block whose votes can still be reported.
    floor: u64,
    tries: u32,
    /// How often in a row it lacked blocks that it had shown.
    lacks: u32,
    /// Pieces of evidence of the next block that the watcher has taken.
    taken: usize,
    /// Attacks on light clients of which it was said that there is nothing to report.
    attacks_told: u32,
    news: Sender<ChildNews>,
}

impl VoteReader {
    async fn run(mut self) {
        let node = self.node;
        let (mut wait, mut is_silent) = (POLL, false);
        loop {
            match self.step().await {
                Ok(more) => {
                    wait = POLL;
                    if is_silent {
                        is_silent = false;
                        if self.tell(ChildNews::Back { node }).await.is_err() {
                            return;
                        }
                    }
                    if more {
                        continue;
                    }
                }
                Err(Stopped::Deaf) => return,
                Err(Stopped::Full) => wait = POLL,
                Err(Stopped::Silent(reason)) => {
                    if !is_silent {
                        is_silent = true;
                        let silent = ChildNews::Silent { node, reason };
                        if self.tell(silent).await.is_err() {
                            return;
                        }
                    }
                    wait = wait.saturating_mul(2).min(MAX_POLL);
                }
            }
            sleep(wait).await;
        }
    }

    async fn tell(&self, news: ChildNews) -> Result<(), Stopped> {
        let sent = self.news.send(news).await;
        sent.map_err(|_| Stopped::Deaf)
    }

    /// Hands statements over. What finds no room is handed over again when the block is read again.
    async fn accuse(&self, statement: DoubleStatement) -> Result<(), Stopped> {
        let (taken, answer) = oneshot::channel();
        let node = self.node;
        let news = ChildNews::Accuses {
            node,
            statement,
            taken,
        };
        self.tell(news).await?;
        match answer.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Stopped::Full),
            Err(_) => Err(Stopped::Deaf),
        }
    }

    /// Hands over the two votes of each key in an attack on light clients. Where there are none, it is said.
    async fn accuse_attackers(&mut self, height: u64, votes: Vec<TwoVotes>) -> Result<(), Stopped> {
        if votes.is_empty() && self.attacks_told < MAX_ATTACKS_TOLD {
            self.attacks_told = self.attacks_told.saturating_add(1);
            self.tell(ChildNews::Trouble(format!(
                "block {height} has evidence of an attack on light clients, and as node {} shows it nobody who signed for it has signed for the chain's block in the same round, \
                 so there is nothing to report",
                self.node
            )))
            .await?;
        }
        for votes in votes {
            let statement = DoubleStatement::Votes(Box::new(votes.ordered()));
            self.accuse(statement).await?;
        }
        Ok(())
    }

    /// Says that blocks up to this one are left out: what was counted of the next one counts for no other.
    async fn skip(&mut self, to: u64) -> Result<(), Stopped> {
        let (node, from) = (self.node, self.next);
        (self.tries, self.taken) = (0, 0);
        self.tell(ChildNews::Skipped { node, from, to }).await
    }

    /// Reads one page. Gives whether there are more blocks now.
    async fn step(&mut self) -> Result<bool, Stopped> {
        let page = self.source.page(self.next, self.taken).await;
        let page = page.map_err(|reason| Stopped::Silent(plain::words(&reason)))?;
        self.take(page).await
    }

    /// Takes what a page shows.
    async fn take(&mut self, page: VotesPage) -> Result<bool, Stopped> {
        if page.chain != self.chain {
            return Err(Stopped::Silent(plain::words(&format!(
                "it is of chain {}, and {} is watched",
                page.chain, self.chain
            ))));
        }
        if page.newest < self.next {
            return self.waits(page.newest);
        }
        self.lacks = 0;
        if self.next < page.oldest {
            self.skip(page.oldest.saturating_sub(1)).await?;
            self.next = page.oldest;
        }
        let before = (self.next, self.taken);
        let end = self.next.saturating_add(PAGE).saturating_sub(1);
        let end = end.min(page.newest);
        let mut commits = page.commits;
        for (height, piece) in page.evidence {
            if !(self.next..=end).contains(&height) {
                continue;
            }
            if height > self.next {
                (self.next, self.taken) = (height, 0);
            }
            if let Some(votes) = two_votes(&piece) {
                let statement = DoubleStatement::Votes(Box::new(votes));
                self.accuse(statement).await?;
            } else if let Some(votes) = attack_votes(&piece, &commits) {
                self.accuse_attackers(height, votes).await?;
                // It ends the page, and the commit is there for it.
                commits.clear();
            }
            self.taken = self.taken.saturating_add(1);
        }
        let last = page.last.min(end);
        if last >= self.next {
            (self.next, self.taken) = (last.saturating_add(1), 0);
        }
        if (self.next, self.taken) == before {
            return self.stays(page.newest, page.unreadable).await;
        }
        self.tries = 0;
        let height = self.next.saturating_sub(1);
        let node = self.node;
        self.tell(ChildNews::Read { node, height }).await?;
        for commit in commits.iter().take(MAX_COMMITS) {
            let votes = precommits(commit);
            self.tell(ChildNews::Commit { node, votes }).await?;
        }
        Ok(page.newest >= self.next)
    }

    /// There is no block to read. One who had claimed blocks that it has not, or has lost some, is read again: else it would say nothing for as long as
    /// the chain needs to come there. Several may answer behind one address, a page apart or more: one of them that has the blocks is enough.
    fn waits(&mut self, newest: u64) -> Result<bool, Stopped> {
        let (next, floor) = (self.next, self.floor);
        if next <= floor || newest.saturating_add(PAGE) >= next {
            self.lacks = 0;
            return Ok(false);
        }
        self.lacks = self.lacks.saturating_add(1);
        if self.lacks < MAX_LACKS {
            return Ok(false);
        }
        (self.next, self.tries, self.lacks, self.taken) = (floor, 0, 0, 0);
        Err(Stopped::Silent(format!(
            "it names block {newest} as its newest one, and it had blocks up to {}: it is read again from block {floor} on",
            next.saturating_sub(1)
        )))
    }

    /// The next block is not read. One whose evidence cannot be read is left out in the end, and said.
    async fn stays(&mut self, newest: u64, unreadable: Option<String>) -> Result<bool, Stopped> {
        let next = self.next;
        let Some(reason) = unreadable else {
            return Err(Stopped::Silent(format!(
                "it names block {newest} as its newest one, and does not give block {next}"
            )));
        };
        self.tries = self.tries.saturating_add(1);
        if self.tries < MAX_TRIES {
            return Err(Stopped::Silent(plain::words(&format!(
                "the evidence of block {next}: {reason}"
            ))));
        }
        self.skip(next).await?;
        self.next = next.saturating_add(1);
        Ok(newest >= self.next)
    }
}

#[cfg(test)]
mod tests;

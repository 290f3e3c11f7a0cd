//! Load on a chain at a rate that does not depend on its answers, and what came of each transaction.
//!
//! ```text
//! clock, a thread ── when it is due (schedule) ─▶ queue of a lane ─▶ node        one call or stream a lane at a time, so a sender's
//!   ▲    takes from a Supply (crowd: signed before)                   │          transactions stay in order
//!   └──── refused: handed in again, or its sender stops ◀── answer ───┘
//! follower ── each block of one node, by hash ─▶ book                            latency: from when it was due until the block is there
//! ```
//! What the load took for acknowledged, and no block that it saw holds, it asks the nodes about ([`word`]): it waits, it was given up and they say why,
//! or it was lost.
//!
//! A queue holds what is due in a second. What finds no room there, or no sender, is counted as a failure and is never handed in: so memory is bounded,
//! and a chain that takes less than it is given shows it. What this machine itself could not hand out in time is counted apart.
//!
//! Nothing here knows what the transactions are: [`crowd`] makes signed ones of this chain, and other programs may bring a [`Supply`], lanes
//! ([`Submitter`]) and blocks ([`FollowedBlocks`]) of their own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::ClientError;
use crate::wire::engine_hash;
use book::Book;
use clock::Clock;

pub use book::{BlocksSeen, Failures, LoadTally, Second};
pub use clock::{MAX_LATE, RateHeld};
pub use lanes::{After, LaneWay, LoadAnswer, LoadLane, Submitter, Unary, answer_of};
pub use latencies::{Latencies, LatencyRange};
pub use schedule::{Schedule, Stretch};
pub use word::{LOST, LoadFate, NodeWord, fate_of};

mod book;
mod clock;
pub mod crowd;
mod lanes;
mod latencies;
mod presigned;
mod schedule;
mod signing;
#[cfg(test)]
mod tests;
mod word;

/// How often the followed node is asked whether there is a new block: no latency is told finer.
const POLL: Duration = Duration::from_millis(20);
/// How long the followed node may fail to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there was no load.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The node.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The followed node.
    #[error(
        "the node whose blocks are followed does not answer ({0}): is it running? Name another engine with --engine"
    )]
    Blocks(String),
    /// Senders without money.
    #[error(
        "{count} of {all} senders have less than the {need} base units that each of them pays: name a funded key with --from, which funds them"
    )]
    Unfunded {
        /// How many.
        count: usize,
        /// How many senders there are.
        all: usize,
        /// What each has to own.
        need: u128,
    },
    /// A funder without enough.
    #[error(
        "{account} has {owned} base units, and funding the senders takes {need}: deposit more, or ask for less load"
    )]
    Poor {
        /// Who funds.
        account: String,
        /// What it owns.
        owned: u128,
        /// What it would pay.
        need: u128,
    },
    /// A transaction that prepares the load was not taken.
    #[error("a transaction that prepares the load was refused (code {code}): {log}")]
    Refused {
        /// The chain's code.
        code: u32,
        /// What was said.
        log: String,
    },
    /// A transaction that prepares the load came into no block.
    #[error(
        "the transactions of {account} that prepare the load are not all in a block after {secs} seconds"
    )]
    Stuck {
        /// Whose.
        account: String,
        /// After how long.
        secs: u64,
    },
    /// What is asked for cannot be signed.
    #[error("{0}")]
    Unsigned(String),
    /// The system has no threads.
    #[error("no threads: {0}")]
    Threads(#[from] std::io::Error),
}

/// One transaction of a load, as its [`Supply`] knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Whose.
    pub sender: u32,
    /// Which of that sender's.
    pub sequence: u64,
}

/// Where transactions come from.
pub trait Supply: Send + 'static {
    /// The next one that goes by this lane; `None` when nobody of the lane can send one now.
    fn next(&mut self, lane: usize) -> Option<(Ticket, Vec<u8>)>;

    /// It was not taken.
    fn back(&mut self, ticket: Ticket, bytes: Vec<u8>, after: After);

    /// One that came back by this lane, and has others of its sender behind it that did not.
    fn gap(&mut self, lane: usize) -> Option<(Ticket, Vec<u8>)>;
}

/// The blocks of one node.
#[tonic::async_trait]
pub trait FollowedBlocks: Send + Sync + 'static {
    /// The height of the last block that its application has committed.
    async fn height(&self) -> Result<u64, String>;

    /// The transactions of a block.
    async fn transactions(&self, height: u64) -> Result<Vec<Vec<u8>>, String>;
}

/// How far a load has come.
#[derive(Clone, Copy, Debug)]
pub struct Glance {
    /// Since the first one was due.
    pub elapsed: Duration,
    /// Handed to a lane.
    pub offered: u64,
    /// Found in a block.
    pub committed: u64,
    /// Failures.
    pub failed: u64,
    /// The latency that nineteen of twenty do not exceed, in milliseconds.
    pub p95_ms: Option<f64>,
}

/// What came of a load.
#[derive(Clone, Debug)]
pub struct LoadResult {
    /// What was counted.
    pub tally: LoadTally,
    /// How this machine held the rate.
    pub held: RateHeld,
    /// From when the first one was due until the last one that was seen in a block, and at least as long as the schedule.
    pub took: Duration,
}

/// Where the load comes from and where it goes.
pub struct Course {
    /// When each one is due.
    pub schedule: Schedule,
    /// Where transactions come from.
    pub supply: Box<dyn Supply>,
    /// Where they go.
    pub lanes: Vec<LoadLane>,
    /// Where they are looked for.
    pub blocks: Arc<dyn FollowedBlocks>,
    /// How long they are looked for when the last one has been due.
    pub drain: Duration,
}

/// Ends the clock when nobody waits for the load any more.
struct Ending(Arc<AtomicBool>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a load to its end; `tell` is told now and then how far it has come.
///
/// # Errors
/// [`LoadError::Blocks`] when the followed node is gone, and [`LoadError::Threads`]. That transactions are refused is no error.
pub async fn run(course: Course, tell: &mut dyn FnMut(Glance)) -> Result<LoadResult, LoadError> {
    let Course {
        schedule,
        supply,
        lanes,
        blocks,
        drain,
    } = course;
    let (book, stop) = (Arc::new(Book::new()), Arc::new(AtomicBool::new(false)));
    let _ending = Ending(Arc::clone(&stop));
    let mut next = blocks.height().await.map_err(LoadError::Blocks)? + 1;
    let (end, start) = (schedule.end(), Instant::now());
    let mut words: Vec<Arc<dyn NodeWord>> = Vec::new();
    for word in lanes.iter().filter_map(|lane| lane.word.as_ref()) {
        if !words.iter().any(|known| Arc::ptr_eq(known, word)) {
            words.push(Arc::clone(word));
        }
    }
    let underway = lanes::Underway::default();
    let (queues, returns, mut open) =
        lanes::open(lanes, schedule.peak(), &book, (start, &underway));
    let clock = Clock {
        schedule,
        supply,
        queues,
        returns,
        underway,
        book: Arc::clone(&book),
        start,
        stop: Arc::clone(&stop),
    };
    let clock = std::thread::Builder::new()
        .name("load-clock".into())
        .spawn(move || clock.run())?;
    let (mut answered, mut told) = (start, start);
    loop {
        match take(&*blocks, &mut next, &book, start).await {
            Ok(()) => answered = Instant::now(),
            Err(why) if answered.elapsed() > PATIENCE => return Err(LoadError::Blocks(why)),
            Err(_) => {}
        }
        while open.try_join_next().is_some() {}
        let all_said = clock.is_finished() && open.is_empty();
        if all_said && book.is_settled() || start.elapsed() > end + drain {
            break;
        }
        if told.elapsed() > Duration::from_secs(1) {
            told = Instant::now();
            tell(book.glance(start.elapsed()));
        }
        tokio::time::sleep(POLL).await;
    }
    stop.store(true, Ordering::Relaxed);
    open.abort_all();
    let held = clock.join().unwrap_or_default();
    let mut tally = book.counted();
    tally.fates = word::fates(&words, book.unseen()).await;
    let took = tally.last_commit.max(end);
    Ok(LoadResult { tally, held, took })
}

/// Takes the blocks that are new into the book, as of when it was known that they are there.
async fn take(
    blocks: &dyn FollowedBlocks,
    next: &mut u64,
    book: &Book,
    start: Instant,
) -> Result<(), String> {
    let height = blocks.height().await?;
    let now = start.elapsed();
    while *next <= height {
        let transactions = blocks.transactions(*next).await?;
        let hashes: Vec<_> = transactions.iter().map(|one| engine_hash(one)).collect();
        book.block(*next, &hashes, now);
        *next += 1;
    }
    Ok(())
}

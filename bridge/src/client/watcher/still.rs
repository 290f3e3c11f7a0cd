//! An endpoint of root that stands still: it has shown no new block for a long time, or does not answer at all, or its newest block is far behind this machine's date. Where the second endpoint still shows new blocks, the
//! watcher goes on with that one alone: it sends by the word of one endpoint, within the budget, and lets go of nothing before both say the same again.

use super::{
    Arc, ChildSource, CourtRecords, CourtTimes, Duration, Instant, Rpc, WatchNotice, Watcher,
};
use crate::client::date;
use crate::relay::seen::{Block, Which};

/// Root blocks, at the slowest rate that the deployment allows for, after which an endpoint without a new one stands still.
const MAX_BLOCKS: u64 = 20;
/// The least number of seconds after which an endpoint without a new block stands still.
const MIN_SECS: u64 = 120;

/// An endpoint whose newest block is older than this machine's date by this number of seconds is far behind.
const MAX_AGE: u64 = 900;

/// How long the first endpoint has shown no new block.
#[derive(Debug)]
pub(super) struct Stillness {
    /// How long it may show no new block.
    after: Duration,
    /// The newest block that it showed.
    newest: Option<Block>,
    /// When it showed that block first.
    since: Instant,
    /// The date of this machine, in seconds since 1970.
    clock: fn() -> u64,
}

impl Stillness {
    /// Begins to count now.
    pub(super) fn new(times: &CourtTimes) -> Self {
        let secs = times.root_block_secs.saturating_mul(MAX_BLOCKS);
        Self {
            after: Duration::from_secs(secs.max(MIN_SECS)),
            newest: None,
            since: Instant::now(),
            clock: date::secs,
        }
    }

    /// How long an endpoint may show no new block.
    pub(super) const fn after(&self) -> Duration {
        self.after
    }

    /// Notes that the endpoint shows this block, and returns whether the block is a new one.
    pub(super) fn shows(&mut self, latest: &Block) -> bool {
        let is_new = self.newest.as_ref().map(|newest| newest.hash) != Some(latest.hash);
        if is_new {
            (self.newest, self.since) = (Some(*latest), Instant::now());
        }
        is_new
    }

    /// For how many seconds it has stood still, or how old its newest block is, once that is long.
    fn secs(&self) -> Option<u64> {
        let elapsed = self.since.elapsed();
        let still = (elapsed >= self.after).then_some(elapsed.as_secs());
        let age = self.newest.and_then(|newest| self.age(&newest));
        still.max(age)
    }

    /// How many seconds a block is older than this machine's date, if those are many.
    fn age(&self, block: &Block) -> Option<u64> {
        let age = (self.clock)().saturating_sub(block.time);
        (age >= MAX_AGE).then_some(age)
    }

    /// Whether it is worth to go on with an endpoint whose newest block is this one.
    fn is_better(&self, other: &Block) -> bool {
        let is_still = self.since.elapsed() >= self.after;
        other.number > self.number() && (is_still || self.age(other).is_none())
    }

    fn number(&self) -> u64 {
        self.newest.map_or(0, |newest| newest.number)
    }

    /// Pretends that the endpoint has shown no new block for this long.
    #[cfg(test)]
    pub(super) fn stood(&mut self, elapsed: Duration) {
        self.since = Instant::now().checked_sub(elapsed).unwrap_or(self.since);
    }

    /// Sets the time after which the endpoint stands still, and the clock; for tests, which do not wait.
    #[cfg(test)]
    pub(super) const fn waits(&mut self, after: Duration, clock: fn() -> u64) {
        (self.after, self.clock) = (after, clock);
    }
}

impl<C: ChildSource> Watcher<C> {
    /// Says that the first endpoint stands still, and goes on with the second one where that has newer blocks.
    pub(super) async fn go_on(&mut self, rpc: &Arc<Rpc>, say: &mut impl FnMut(&WatchNotice)) {
        let place = rpc.place();
        let told = format!("still {place}");
        // The look may have waited long, even for the other endpoint, so the endpoint is asked now and not judged by what it showed when the look began.
        if self.still.secs().is_some()
            && let Ok(Some(latest)) = rpc.block(Which::Latest).await
        {
            self.still.shows(&latest);
        }
        let Some(secs) = self.still.secs() else {
            self.told.remove(&told);
            return;
        };
        let block = self.still.number();
        let other = self.better().await;
        if other.is_none() && !self.told.insert(told.clone()) {
            return;
        }
        say(&WatchNotice::Still {
            place,
            block,
            secs,
            other: other.as_ref().map(|other| other.place()),
        });
        let Some(other) = other else {
            return;
        };
        self.told.remove(&told);
        other.remember();
        self.second = Some(self.wallet.move_to(other));
        (self.still.newest, self.still.since) = (None, Instant::now());
        self.confirmed = super::Confirmed::default();
        self.silence.left_at(block);
        // What only the abandoned endpoint has shown is read again at the other one.
        let made = self.created.block.saturating_sub(1);
        self.records = CourtRecords::new(self.contracts, self.kept.root_block.max(made));
        self.sets.clear();
        self.asked.clear();
        self.asking.clear();
        self.compared.clear();
    }

    /// The second endpoint, if it still shows new blocks.
    async fn better(&self) -> Option<Arc<Rpc>> {
        let second = self.second.clone()?;
        let newest = second.block(Which::Latest).await.ok().flatten()?;
        self.still.is_better(&newest).then_some(second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A watcher's own clock is the date: blocks that are older than a quarter of an hour by it are old ones.
    #[test]
    fn the_clock_of_a_watcher_that_runs_is_the_date_of_this_machine() {
        let mut still = Stillness::new(&CourtTimes {
            reveal_blocks: 8,
            root_block_secs: 2,
            evidence_secs: 30,
        });
        let block = |time| Block {
            number: 1,
            hash: alloy_primitives::B256::repeat_byte(1),
            parent: alloy_primitives::B256::ZERO,
            time,
        };
        let now = date::secs();
        assert_eq!(still.age(&block(now)), None);
        assert!(still.age(&block(now.saturating_sub(MAX_AGE))).is_some());
        assert!(still.shows(&block(now.saturating_sub(MAX_AGE))));
        assert!(still.secs().is_some());
    }
}

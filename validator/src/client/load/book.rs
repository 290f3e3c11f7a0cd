//! What was handed in, what was said of it, and what stands in a block.
//!
//! ```text
//! begun ─▶ in flight ─▶ taken (said) ─▶ in a block: its latency counts, from when it was due
//!              │             └────────▶ at the end in no block: unseen, and its nodes are asked where it is
//!              ├─▶ refused (said): counted by kind, no more in flight
//!              └─▶ unclear (no answer): counted by kind, still in flight; it may be handed in again
//! ```
//! What a block held before anything was said of it is remembered until that is said. Else what stands in a block and is handed in again, because
//! nobody answered the first time, would be in flight once more, acknowledged, and for ever in no block that is still to come.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{Glance, latencies::Latencies};

/// Transactions in flight at most; what is due beyond them is not handed in.
pub(super) const MAX_IN_FLIGHT: usize = 1_000_000;
/// Kinds of failures that are told apart.
const MAX_KINDS: usize = 32;
/// What stands for all kinds beyond those.
const OTHER: &str = "other";
/// Bytes of the words of a failure that are kept.
const MAX_WORDS: usize = 300;

/// A kind of failures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u64,
    /// What was said of the first one.
    pub first: String,
}

/// What was due in a second, and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Second {
    /// Transactions that were due in it and handed to a lane.
    pub offered: u64,
    /// Transactions that were seen in a block in it, whenever they were due.
    pub committed: u64,
    /// Failures that were heard of in it.
    pub failed: u64,
    /// Latencies of those that were due in it.
    pub latencies: Latencies,
}

/// The book, as it stands at the end.
#[derive(Clone, Debug, Default)]
pub struct LoadTally {
    /// Handed to a lane.
    pub offered: u64,
    /// Said to be taken, each once.
    pub acknowledged: u64,
    /// Acknowledged, and handed in again because its node said later that it was missing there.
    pub mended: u64,
    /// Handed in when the schedule was over, because they were refused and others of their senders wait behind them.
    pub belated: u64,
    /// Found in a block by their hash.
    pub committed: u64,
    /// Said to be taken, and in no block that was seen.
    pub unseen: u64,
    /// Where their nodes say that these are; they sum up to them.
    pub fates: BTreeMap<String, u64>,
    /// Neither said to be taken nor refused, and in no block that was seen.
    pub unclear: u64,
    /// Failures by kind.
    pub failures: BTreeMap<String, Failures>,
    /// Latencies of all that were found in a block.
    pub latencies: Latencies,
    /// Each second since the first one was due.
    pub seconds: Vec<Second>,
    /// When the last one was seen in a block.
    pub last_commit: Duration,
    /// Blocks that were looked at, the first and the last of them, and the most transactions of one, anybody's.
    pub blocks: BlocksSeen,
}

/// Blocks that were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlocksSeen {
    /// The first one's height.
    pub first: u64,
    /// The last one's height.
    pub last: u64,
    /// Transactions of the fullest one.
    pub fullest: u64,
}

struct Flight {
    due: Duration,
    acknowledged: bool,
    /// A block held it, before anything was said of it.
    seen: bool,
}

pub(super) struct Book(Mutex<Open>);

struct Open {
    in_flight: HashMap<[u8; 32], Flight>,
    /// How many of them no block has held.
    unseen: usize,
    counted: LoadTally,
}

impl LoadTally {
    /// One was found in a block so long after it was due.
    pub fn count_latency(&mut self, latency: Duration) {
        self.committed += 1;
        self.latencies.add(latency);
    }
}

impl Book {
    pub fn new() -> Self {
        Self(Mutex::new(Open {
            in_flight: HashMap::new(),
            unseen: 0,
            counted: LoadTally::default(),
        }))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A transaction was handed to a lane. One that is in flight already is still due when it was.
    pub fn begun(&self, hash: [u8; 32], due: Duration) {
        let mut open = self.open();
        open.counted.offered += 1;
        open.second(due).offered += 1;
        open.begin(hash, due);
    }

    /// One that was refused is handed in again, though the schedule ended at `due`.
    pub fn begun_late(&self, hash: [u8; 32], due: Duration) {
        let mut open = self.open();
        open.counted.belated += 1;
        open.begin(hash, due);
    }

    /// Whether no more fit.
    pub fn is_full(&self) -> bool {
        self.open().in_flight.len() >= MAX_IN_FLIGHT
    }

    /// Whether nothing is in flight.
    pub fn is_settled(&self) -> bool {
        self.open().unseen == 0
    }

    /// It was said to be taken.
    pub fn taken(&self, hash: &[u8; 32]) {
        let mut open = self.open();
        let Some(flight) = open.in_flight.get_mut(hash) else {
            return;
        };
        let (is_seen, is_new) = (flight.seen, !flight.acknowledged);
        flight.acknowledged = true;
        if is_seen {
            open.in_flight.remove(hash);
        }
        open.counted.acknowledged += u64::from(is_new);
    }

    /// It was refused: it will stand in no block, unless it was acknowledged before.
    pub fn refused(&self, hash: &[u8; 32], now: Duration, kind: &str, words: &str) {
        let mut open = self.open();
        let flight = open.in_flight.get(hash);
        let (is_held, is_seen) =
            flight.map_or((true, true), |flight| (flight.acknowledged, flight.seen));
        if !is_held {
            open.in_flight.remove(hash);
            open.unseen -= usize::from(!is_seen);
        }
        open.fail(now, kind, words);
    }

    /// Something failed, and what was in flight still is.
    pub fn failed(&self, now: Duration, kind: &str, words: &str) {
        self.open().fail(now, kind, words);
    }

    /// A block was there at `now`, with transactions of these hashes.
    pub fn block(&self, height: u64, hashes: &[[u8; 32]], now: Duration) {
        let mut open = self.open();
        let seen = &mut open.counted.blocks;
        if seen.first == 0 {
            seen.first = height;
        }
        seen.last = height;
        seen.fullest = seen.fullest.max(hashes.len() as u64);
        for hash in hashes {
            let Some(flight) = open.in_flight.get_mut(hash).filter(|one| !one.seen) else {
                continue;
            };
            flight.seen = true;
            let (due, is_done) = (flight.due, flight.acknowledged);
            if is_done {
                open.in_flight.remove(hash);
            }
            open.unseen -= 1;
            let latency = now.saturating_sub(due);
            open.counted.count_latency(latency);
            open.counted.last_commit = now;
            open.second(due).latencies.add(latency);
            open.second(now).committed += 1;
        }
    }

    /// How it stands now.
    pub fn counted(&self) -> LoadTally {
        let open = self.open();
        let acknowledged = open.in_flight.values().filter(|one| one.acknowledged);
        let acknowledged = acknowledged.count() as u64;
        LoadTally {
            unseen: acknowledged,
            unclear: open.unseen as u64 - acknowledged,
            ..open.counted.clone()
        }
    }

    /// The transactions that were acknowledged and stand in no block that was seen.
    pub fn unseen(&self) -> Vec<[u8; 32]> {
        let open = self.open();
        let unseen = open.in_flight.iter().filter(|(_, one)| one.acknowledged);
        unseen.map(|(hash, _)| *hash).collect()
    }

    /// How far it has come.
    pub fn glance(&self, elapsed: Duration) -> Glance {
        let open = self.open();
        let counted = &open.counted;
        Glance {
            elapsed,
            offered: counted.offered,
            committed: counted.committed,
            failed: counted.failures.values().map(|one| one.count).sum(),
            p95_ms: counted.latencies.at_ms(0.95),
        }
    }
}

impl Open {
    fn begin(&mut self, hash: [u8; 32], due: Duration) {
        let Some(before) = self.in_flight.get_mut(&hash) else {
            let flight = Flight {
                due,
                acknowledged: false,
                seen: false,
            };
            self.in_flight.insert(hash, flight);
            self.unseen += 1;
            return;
        };
        if std::mem::take(&mut before.acknowledged) {
            self.counted.acknowledged -= 1;
            self.counted.mended += 1;
        }
    }

    fn second(&mut self, at: Duration) -> &mut Second {
        let place = usize::try_from(at.as_secs()).unwrap_or(usize::MAX);
        let seconds = &mut self.counted.seconds;
        while seconds.len() <= place {
            seconds.push(Second {
                latencies: Latencies::coarse(),
                ..Second::default()
            });
        }
        &mut seconds[place]
    }

    fn fail(&mut self, now: Duration, kind: &str, words: &str) {
        self.second(now).failed += 1;
        let failures = &mut self.counted.failures;
        let kind = match failures.contains_key(kind) || failures.len() < MAX_KINDS {
            true => kind,
            false => OTHER,
        };
        let held = failures.entry(kind.to_owned()).or_default();
        if held.count == 0 {
            held.first = words.chars().take(MAX_WORDS).collect();
        }
        held.count += 1;
    }
}

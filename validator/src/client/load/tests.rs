//! Laws of a load: nothing that answers changes when the next one is due, and each one is counted once.

use std::{
    collections::BTreeMap,
    sync::{Mutex, atomic::AtomicU64},
};

use super::{presigned::Presigned, *};

mod gaps;

fn stretch(per_second: u32, millis: u64) -> Stretch {
    Stretch {
        per_second,
        time: Duration::from_millis(millis),
    }
}

#[test]
fn what_is_due_follows_from_the_rates_alone() {
    let schedule = Schedule::new(&[stretch(4, 1_000), stretch(1_000, 10), stretch(3, 1_000)]);
    assert_eq!((schedule.total(), schedule.peak()), (4 + 10 + 3, 1_000));
    assert_eq!(schedule.end(), Duration::from_millis(2_010));
    let due = |number| schedule.due(number).map(|due| due.as_micros());
    let found: Vec<_> = [0, 1, 3, 4, 13, 14, 15, 16, 17].map(due).into();
    let expected = [
        Some(0),
        Some(250_000),
        Some(750_000),
        Some(1_000_000),
        Some(1_009_000),
        Some(1_010_000),
        Some(1_343_333),
        Some(1_676_666),
        None,
    ];
    assert_eq!(found, expected);
    let mut last = Duration::ZERO;
    for number in 0..schedule.total() {
        let due = schedule.due(number).expect("it is due");
        assert!(due >= last && due < schedule.end(), "{number}");
        last = due;
    }
}

#[test]
fn a_schedule_without_transactions_ends_and_the_largest_one_does_not_overflow() {
    for nothing in [stretch(0, 1_000), stretch(1, 999), stretch(5, 0)] {
        let schedule = Schedule::new(&[nothing]);
        assert_eq!((schedule.total(), schedule.due(0)), (0, None));
    }
    let largest = Stretch {
        per_second: u32::MAX,
        time: Duration::MAX,
    };
    let schedule = Schedule::new(&[largest]);
    assert_eq!(schedule.total(), u64::MAX);
    assert!(schedule.due(u64::MAX - 1).is_some());
}

#[test]
fn latencies_are_told_to_three_digits_whatever_their_number() {
    let mut held = Latencies::default();
    assert_eq!((held.at_ms(0.5), held.mean_ms()), (None, None));
    for millis in 1..=1_000 {
        held.add(Duration::from_millis(millis));
    }
    for (part, expected) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0), (1.0, 1_000.0)] {
        let found = held.at_ms(part).expect("there are some");
        assert!((found / expected - 1.0).abs() < 0.002, "{part}: {found}");
    }
    let mean = held.mean_ms().expect("there are some");
    assert!((mean / 500.5 - 1.0).abs() < 0.002, "{mean}");
    let ranges = held.ranges();
    assert_eq!(ranges.iter().map(|one| one.count).sum::<u64>(), 1_000);
    assert!(ranges.is_sorted_by(|one, next| one.to_ms < next.to_ms));
    // Longer than the longest, and no time at all.
    held.add(Duration::MAX);
    held.add(Duration::ZERO);
    assert_eq!(held.count(), 1_002);
    assert!(held.at_ms(1.0).is_some_and(|longest| longest > 500_000.0));
}

#[test]
fn each_transaction_is_counted_once_by_its_hash() {
    let book = Book::new();
    let at = Duration::from_millis;
    let hash = |byte: u8| [byte; 32];
    for byte in 1..=5 {
        book.begun(hash(byte), at(100 * u64::from(byte)));
    }
    book.taken(&hash(1));
    book.taken(&hash(2));
    book.refused(&hash(3), at(600), "pool_full", "no room");
    book.failed(at(700), "grpc_unavailable", "gone");
    // What failed is handed in again: it is still due when it was.
    book.begun(hash(4), at(1_500));
    // A block holds it twice, and others' too.
    book.block(7, &[hash(1), hash(1), hash(9)], at(1_100));
    book.block(8, &[hash(4), hash(3)], at(2_400));
    book.taken(&hash(4));
    book.taken(&hash(4));
    let counted = book.counted();
    assert_eq!(counted.offered, 6);
    assert_eq!((counted.acknowledged, counted.committed), (3, 2));
    assert_eq!((counted.unseen, counted.unclear), (1, 1));
    assert_eq!(book.unseen(), [hash(2)]);
    assert_eq!(counted.last_commit, at(2_400));
    let seen = BlocksSeen {
        first: 7,
        last: 8,
        fullest: 3,
    };
    assert_eq!(counted.blocks, seen);
    let kinds: Vec<_> = counted.failures.iter().collect();
    assert_eq!(kinds.len(), 2);
    assert_eq!(counted.failures["pool_full"].first, "no room");
    // From when each was due: one second, and two.
    let longest = counted.latencies.at_ms(1.0).expect("two");
    assert!((longest / 2_000.0 - 1.0).abs() < 0.002, "{longest}");
    let seconds: Vec<_> = counted
        .seconds
        .iter()
        .map(|one| {
            (
                one.offered,
                one.committed,
                one.failed,
                one.latencies.count(),
            )
        })
        .collect();
    assert_eq!(seconds, [(5, 0, 2, 2), (1, 1, 0, 0), (0, 1, 0, 0)]);
    assert!(!book.is_settled());
}

/// A node that answers too late has taken the transaction all the same; handed in again, it says that it is known, though its block is long past.
#[test]
fn what_a_block_held_before_its_answer_came_is_not_waited_for_again() {
    let (book, at) = (Book::new(), Duration::from_millis);
    let hash = [1; 32];
    book.begun(hash, at(0));
    book.failed(at(900), "grpc_deadline_exceeded", "late");
    book.block(7, &[hash], at(1_000));
    assert!(book.is_settled());
    book.begun(hash, at(1_100));
    assert!(book.is_settled());
    book.taken(&hash);
    let counted = book.counted();
    assert_eq!((counted.offered, counted.acknowledged), (2, 1));
    assert_eq!((counted.committed, counted.unseen), (1, 0));
    assert_eq!((counted.unclear, counted.mended), (0, 0));
}

#[test]
fn what_was_acknowledged_and_is_handed_in_again_counts_as_acknowledged_once() {
    let (book, at) = (Book::new(), Duration::from_millis);
    let hash = [1; 32];
    book.begun(hash, at(0));
    book.taken(&hash);
    // Twice, because its node missed it; the second time it waits already, or is refused.
    book.begun(hash, at(100));
    book.begun_late(hash, at(200));
    book.taken(&hash);
    book.refused(&hash, at(300), "nonce_used", "used");
    let counted = book.counted();
    assert_eq!(
        (counted.offered, counted.belated, counted.mended),
        (2, 1, 1)
    );
    assert_eq!((counted.acknowledged, counted.unseen), (1, 1));
    book.block(7, &[hash], at(1_000));
    let counted = book.counted();
    assert_eq!((counted.committed, counted.unseen), (1, 0));
    assert!(book.is_settled());
}

#[test]
fn kinds_of_failures_are_bounded() {
    let book = Book::new();
    for number in 0..100 {
        book.failed(
            Duration::ZERO,
            &format!("kind_{number}"),
            &"é".repeat(1_000),
        );
    }
    let failures = book.counted().failures;
    assert!(failures.len() <= 33, "{}", failures.len());
    assert_eq!(failures.values().map(|one| one.count).sum::<u64>(), 100);
    assert!(
        failures
            .values()
            .all(|one| one.first.chars().count() <= 300)
    );
}

async fn three_senders(lanes: usize) -> Presigned {
    let sign = |sender: u32, sequence: u64| Ok(format!("{sender}:{sequence}").into_bytes());
    Presigned::start(&[10, 20, 30], 2, 100, lanes, Arc::new(sign), &mut |_| {})
        .await
        .expect("signed")
}

fn said(next: Option<(Ticket, Vec<u8>)>) -> String {
    next.map_or_else(
        || "none".into(),
        |(_, bytes)| String::from_utf8(bytes).expect("text"),
    )
}

#[tokio::test]
async fn senders_of_a_lane_take_turns_and_each_sends_in_order() {
    let mut supply = three_senders(2).await;
    let lane: Vec<_> = (0..5).map(|_| said(supply.next(0))).collect();
    assert_eq!(lane, ["0:10", "2:30", "0:11", "2:31", "none"]);
    let lane: Vec<_> = (0..3).map(|_| said(supply.next(1))).collect();
    assert_eq!(lane, ["1:20", "1:21", "none"]);
    assert_eq!(said(supply.next(2)), "none");
}

#[tokio::test]
async fn what_was_not_taken_goes_first_again_or_its_sender_stops() {
    let mut supply = three_senders(1).await;
    let mut next = || supply.next(0).expect("one");
    let (zero, one, two) = (next(), next(), next());
    supply.back(zero.0, zero.1, After::Again);
    supply.back(one.0, one.1, After::Stop);
    supply.back(two.0, two.1, After::GoOn);
    let rest: Vec<_> = (0..4).map(|_| said(supply.next(0))).collect();
    assert_eq!(rest, ["0:10", "2:31", "0:11", "none"]);
}

#[tokio::test]
async fn what_a_node_misses_is_signed_again_and_goes_first() {
    let mut supply = three_senders(1).await;
    let mut next = || supply.next(0).expect("one");
    let taken = [next(), next(), next()].map(|(ticket, _)| ticket);
    let (ahead, bytes) = next();
    assert_eq!((ahead.sequence, taken[0].sequence), (11, 10));
    assert_eq!(said(supply.gap(0)), "none");
    supply.back(ahead, bytes, After::Ahead(Some(10)));
    let rest: Vec<_> = (0..3).map(|_| said(supply.next(0))).collect();
    assert_eq!(rest, ["1:21", "2:31", "0:10"]);
    // What was never handed out is not handed out before its turn.
    let (ahead, bytes) = supply.next(0).expect("one");
    supply.back(ahead, bytes, After::Ahead(Some(12)));
    assert_eq!(said(supply.next(0)), "0:11");
    assert_eq!(said(supply.next(0)), "none");
}

#[tokio::test]
async fn what_came_back_is_a_gap_where_something_behind_it_did_not() {
    let mut supply = three_senders(1).await;
    let mut all: Vec<_> = (0..6).map(|_| supply.next(0)).collect();
    let mut back = |supply: &mut Presigned, place: usize, after| {
        let (ticket, bytes) = std::mem::take(&mut all[place]).expect("once");
        supply.back(ticket, bytes, after);
    };
    // The last one of a sender, both of another, and the first one of the third.
    back(&mut supply, 3, After::Again);
    back(&mut supply, 1, After::Again);
    back(&mut supply, 4, After::Again);
    assert_eq!(said(supply.gap(0)), "none");
    back(&mut supply, 2, After::Again);
    assert_eq!(said(supply.gap(0)), "2:30");
    assert_eq!(said(supply.gap(0)), "none");
}

#[tokio::test]
async fn what_cannot_be_signed_is_said() {
    let sign = |_: u32, _: u64| Err(LoadError::Unsigned("no key".into()));
    let failed = Presigned::start(&[0], 1, 100, 1, Arc::new(sign), &mut |_| {}).await;
    let error = failed.err().expect("it cannot be signed").to_string();
    assert_eq!(error, "no key");
}

/// A chain in memory: what it takes stands in the next block that anybody asks for. It refuses what `refuses` says.
#[derive(Default)]
struct Chain {
    waiting: Mutex<Vec<Vec<u8>>>,
    blocks: Mutex<Vec<Vec<Vec<u8>>>>,
    calls: AtomicU64,
    refuses: Option<u32>,
    is_silent: bool,
}

#[tonic::async_trait]
impl Submitter for Arc<Chain> {
    async fn submit(&self, bytes: Vec<u8>) -> LoadAnswer {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some(code) = self.refuses.filter(|_| call.is_multiple_of(3)) {
            return answer_of(code, "refused");
        }
        self.waiting.lock().expect("no panic").push(bytes);
        LoadAnswer::Taken
    }
}

#[tonic::async_trait]
impl NodeWord for Arc<Chain> {
    async fn next_sequence(&self, _: &[u8]) -> Option<u64> {
        None
    }

    async fn fate(&self, hash: [u8; 32]) -> LoadFate {
        let waiting = self.waiting.lock().expect("no panic");
        match waiting.iter().any(|bytes| engine_hash(bytes) == hash) {
            true => LoadFate::Waits,
            false => LoadFate::Lost,
        }
    }
}

#[tonic::async_trait]
impl FollowedBlocks for Chain {
    async fn height(&self) -> Result<u64, String> {
        let mut blocks = self.blocks.lock().expect("no panic");
        let mut waiting = self.waiting.lock().expect("no panic");
        if !self.is_silent && !waiting.is_empty() {
            blocks.push(std::mem::take(&mut *waiting));
        }
        Ok(blocks.len() as u64)
    }

    async fn transactions(&self, height: u64) -> Result<Vec<Vec<u8>>, String> {
        let blocks = self.blocks.lock().expect("no panic");
        let at = usize::try_from(height - 1).expect("small");
        blocks.get(at).cloned().ok_or_else(|| "no block".into())
    }
}

async fn loaded(chain: &Arc<Chain>, drain: Duration) -> LoadResult {
    let sign = |sender: u32, sequence: u64| Ok(format!("{sender}:{sequence}").into_bytes());
    let supply = Presigned::start(&[0; 10], 40, 100, 2, Arc::new(sign), &mut |_| {}).await;
    let lanes = (0..2).map(|_| LoadLane {
        way: LaneWay::Calls(Box::new(Arc::clone(chain))),
        word: Some(Arc::new(Arc::clone(chain))),
    });
    let course = Course {
        schedule: Schedule::new(&[stretch(400, 500)]),
        supply: Box::new(supply.expect("signed")),
        lanes: lanes.collect(),
        blocks: chain.clone(),
        drain,
    };
    run(course, &mut |_| {}).await.expect("it runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_due_is_handed_in_and_found_in_a_block() {
    let chain = Arc::new(Chain::default());
    let loaded = loaded(&chain, Duration::from_secs(60)).await;
    let counted = &loaded.tally;
    assert_eq!(loaded.held.scheduled, 200);
    let lane_full = counted.failures.get("lane_full").map_or(0, |one| one.count);
    assert_eq!(counted.offered + lane_full, 200);
    assert_eq!(counted.acknowledged, counted.offered);
    assert_eq!(counted.committed, counted.offered);
    assert_eq!((counted.unseen, counted.unclear), (0, 0));
    assert_eq!(counted.latencies.count(), counted.committed);
    assert!(loaded.took >= Duration::from_millis(500));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_counted_by_kind_and_ruin_nothing() {
    for (code, kind) in [(17, "pool_full"), (18, "replacement_underpriced")] {
        let chain = Arc::new(Chain {
            refuses: Some(code),
            ..Chain::default()
        });
        let loaded = loaded(&chain, Duration::from_secs(60)).await;
        let counted = &loaded.tally;
        let refused = counted.failures[kind].count;
        assert!(refused >= 1, "{kind}");
        let handed_in = counted.offered + counted.belated;
        assert_eq!(counted.committed, handed_in - refused, "{kind}");
        assert_eq!((counted.unseen, counted.unclear), (0, 0), "{kind}");
    }
    // A refusal for good: the senders stop one after the other, and that is counted too.
    let chain = Arc::new(Chain {
        refuses: Some(9),
        ..Chain::default()
    });
    let loaded = loaded(&chain, Duration::from_secs(60)).await;
    let failures = &loaded.tally.failures;
    assert!(failures["insufficient_balance"].count >= 10);
    assert!(failures["no_sender"].count >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_and_stands_in_no_block_is_told() {
    let chain = Arc::new(Chain {
        is_silent: true,
        ..Chain::default()
    });
    let loaded = loaded(&chain, Duration::from_millis(200)).await;
    let counted = &loaded.tally;
    assert_eq!(counted.committed, 0);
    assert!(counted.unseen > 0);
    assert_eq!(counted.unseen, counted.acknowledged);
    let waits = BTreeMap::from([("waits".to_owned(), counted.unseen)]);
    assert_eq!(counted.fates, waits);
    assert_eq!(counted.latencies.at_ms(0.5), None);
}

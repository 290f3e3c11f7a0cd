//! Who is at the other end of a connection: whether it is used, and what it has not taken yet.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

/// How long a client may take until its first request.
pub(super) const FIRST_REQUEST: Duration = Duration::from_secs(20);
/// How long a connection may be without a request that runs.
pub(super) const IDLE: Duration = Duration::from_secs(300);
/// How long a part of an answer may wait after its request has lost its place.
const HURRY: Duration = Duration::from_secs(2);

/// The other end of a connection.
#[derive(Debug)]
pub(super) struct Peer {
    pub address: IpAddr,
    ends: AtomicBool,
    /// Who reads or writes the connection, to be woken when it has to end.
    waker: Mutex<Option<Waker>>,
    usage: Mutex<Usage>,
    unsent: Mutex<Unsent>,
}

#[derive(Debug)]
struct Usage {
    /// Requests that run, until their answers are taken.
    running: usize,
    has_asked: bool,
    /// When it was opened, or the last request ended.
    since: Instant,
    next: u64,
    /// Until when the client has to take a part of an answer, by the answer's number.
    due: BTreeMap<u64, Instant>,
}

/// What was handed to the connection and is not on its way yet.
#[derive(Debug, Default)]
struct Unsent {
    bytes: usize,
    waiting: Vec<Waker>,
}

/// A request that runs on a connection.
#[derive(Debug)]
pub(super) struct InUse(Arc<Peer>);

/// Bytes that are not on their way yet, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted(Arc<Peer>, usize);

impl Peer {
    pub fn new(address: IpAddr) -> Self {
        Self {
            address,
            ends: AtomicBool::new(false),
            waker: Mutex::default(),
            usage: Mutex::new(Usage {
                running: 0,
                has_asked: false,
                since: Instant::now(),
                next: 0,
                due: BTreeMap::new(),
            }),
            unsent: Mutex::default(),
        }
    }

    /// A caller inside this process.
    pub fn local() -> Arc<Self> {
        Arc::new(Self::new(Ipv4Addr::LOCALHOST.into()))
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unsent(&self) -> MutexGuard<'_, Unsent> {
        self.unsent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a request runs until the guard is dropped.
    pub fn begin(self: &Arc<Self>) -> InUse {
        let mut usage = self.usage();
        usage.running += 1;
        usage.has_asked = true;
        drop(usage);
        InUse(Arc::clone(self))
    }

    /// Whether a request runs, and since when the connection is as it is: the least is the one that makes way first.
    pub fn rank(&self) -> (bool, Instant) {
        let usage = self.usage();
        (usage.running > 0, usage.since)
    }

    pub fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connection.
    pub fn end(&self) {
        self.ends.store(true, Ordering::SeqCst);
        if let Some(waker) = self.waker().take() {
            waker.wake();
        }
    }

    /// Whether it was told to end.
    pub fn ends(&self) -> bool {
        self.ends.load(Ordering::SeqCst)
    }

    pub fn must_end(&self, now: Instant) -> bool {
        let usage = self.usage();
        let patience = if usage.has_asked { IDLE } else { FIRST_REQUEST };
        let is_idle = usage.running == 0 && now.saturating_duration_since(usage.since) >= patience;
        let is_late = usage.due.values().any(|due| *due <= now);
        is_idle || is_late || self.ends()
    }

    /// A number for an answer.
    pub fn number(&self) -> u64 {
        let mut usage = self.usage();
        usage.next += 1;
        usage.next
    }

    /// The client has to take what it was given of this answer until then, or its connection ends.
    pub fn must_take(&self, answer: u64, until: Instant) {
        self.usage().due.insert(answer, until);
    }

    /// It has taken it.
    pub fn has_taken(&self, answer: u64) {
        self.usage().due.remove(&answer);
    }

    /// Answers that wait for the client have to be taken at once: one of them has lost its place.
    pub fn hurry(&self) {
        let soon = Instant::now() + HURRY;
        for due in self.usage().due.values_mut() {
            *due = soon.min(*due);
        }
    }

    /// Ready when less than `max` bytes wait to be sent.
    pub fn poll_room(&self, max: usize, context: &mut Context<'_>) -> Poll<()> {
        let mut unsent = self.unsent();
        if unsent.bytes < max {
            return Poll::Ready(());
        }
        let waker = context.waker();
        if !unsent.waiting.iter().any(|other| other.will_wake(waker)) {
            unsent.waiting.push(waker.clone());
        }
        Poll::Pending
    }

    /// Counts bytes that wait to be sent.
    pub fn count(self: &Arc<Self>, bytes: usize) -> Counted {
        self.unsent().bytes += bytes;
        Counted(Arc::clone(self), bytes)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut unsent = self.0.unsent();
        unsent.bytes = unsent.bytes.saturating_sub(self.1);
        let waiting = std::mem::take(&mut unsent.waiting);
        drop(unsent);
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let mut usage = self.0.usage();
        usage.running = usage.running.saturating_sub(1);
        usage.since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    impl std::task::Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }

    fn address(last: u8) -> IpAddr {
        [127, 0, 0, last].into()
    }

    #[test]
    fn who_asks_nothing_at_first_ends_soon_and_who_asked_once_later() {
        let silent = Peer::new(address(1));
        let asked = Arc::new(Peer::new(address(1)));
        let request = asked.begin();
        let soon = Instant::now() + FIRST_REQUEST;
        assert!(silent.must_end(soon));
        assert!(!silent.must_end(soon - FIRST_REQUEST));
        assert!(!asked.must_end(soon + 9 * IDLE), "its request runs");
        drop(request);
        let now = Instant::now();
        assert!(!asked.must_end(now + FIRST_REQUEST));
        assert!(asked.must_end(now + IDLE));
    }

    #[test]
    fn an_answer_that_is_not_taken_in_time_ends_the_connection_and_sooner_once_its_place_is_lost() {
        let peer = Arc::new(Peer::new(address(1)));
        let _request = peer.begin();
        let (first, second) = (peer.number(), peer.number());
        let now = Instant::now();
        let until = now + Duration::from_secs(60);
        peer.must_take(first, until);
        peer.must_take(second, until);
        peer.has_taken(first);
        assert!(!peer.must_end(now + Duration::from_secs(59)));
        assert!(peer.must_end(until));
        peer.hurry();
        assert!(!peer.must_end(now));
        assert!(peer.must_end(now + Duration::from_secs(4)));
        peer.has_taken(second);
        assert!(!peer.must_end(until));
    }

    #[test]
    fn an_answer_waits_while_too_much_is_unsent_and_is_woken_when_something_is() {
        let peer = Arc::new(Peer::new(address(1)));
        let waker = Waker::from(Arc::new(Nobody));
        let mut context = Context::from_waker(&waker);
        let held = peer.count(7);
        assert!(peer.poll_room(8, &mut context).is_ready());
        let more = peer.count(1);
        assert!(peer.poll_room(8, &mut context).is_pending());
        assert!(peer.poll_room(8, &mut context).is_pending());
        assert_eq!(peer.unsent().waiting.len(), 1);
        drop(held);
        assert!(peer.unsent().waiting.is_empty());
        assert!(peer.poll_room(8, &mut context).is_ready());
        drop(more);
        assert_eq!(peer.unsent().bytes, 0);
    }
}

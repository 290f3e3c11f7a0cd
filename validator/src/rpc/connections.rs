//! Connections of clients: how many there are, in all and of one address, and how long one may be quiet.
//!
//! ```text
//! accept ─▶ no place for this address: closed at once
//!        ─▶ all places taken: the one that has been idle longest is closed, and this one comes in
//! open   ─▶ no request for FIRST_REQUEST, or none running for IDLE: closed
//! ```

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use super::quota::{Place, Quota};

/// How long a client may take until its first request.
const FIRST_REQUEST: Duration = Duration::from_secs(20);
/// How long a connection may be without a request that runs.
const IDLE: Duration = Duration::from_secs(300);
/// How often a connection that is waited on looks whether it has to end.
const LOOK: Duration = Duration::from_secs(1);
/// Largest number of connections that were told to end and have not ended yet: the limit of connections may be exceeded by this many meanwhile.
pub const MAX_ENDING: usize = 32;
/// Pause after a failed accept: it fails when file descriptors run out, and trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// In all.
    pub in_all: usize,
    /// Of one address; of one network of 64 bits with IPv6.
    pub per_address: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            in_all: 512,
            per_address: 64,
        }
    }
}

/// All connections that are open.
pub(super) struct Connections {
    limits: ConnectionLimits,
    places: Arc<Quota>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    all: BTreeMap<u64, Arc<Peer>>,
}

/// Who is at the other end of a connection, and whether it is used.
#[derive(Debug)]
pub(super) struct Peer {
    pub address: IpAddr,
    ends: AtomicBool,
    /// Who reads or writes the connection, to be woken when it has to end.
    waker: Mutex<Option<Waker>>,
    usage: Mutex<Usage>,
}

#[derive(Debug)]
struct Usage {
    /// Requests that run.
    running: usize,
    has_asked: bool,
    /// When it was opened, or the last request ended.
    since: Instant,
}

/// A request that runs on a connection.
#[derive(Debug)]
pub(super) struct InUse(Arc<Peer>);

impl Peer {
    fn new(address: IpAddr) -> Self {
        Self {
            address,
            ends: AtomicBool::new(false),
            waker: Mutex::default(),
            usage: Mutex::new(Usage {
                running: 0,
                has_asked: false,
                since: Instant::now(),
            }),
        }
    }

    /// A caller inside this process.
    pub fn local() -> Arc<Self> {
        Arc::new(Self::new(Ipv4Addr::LOCALHOST.into()))
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a request runs until the guard is dropped.
    pub fn begin(self: &Arc<Self>) -> InUse {
        let mut usage = self.usage();
        usage.running += 1;
        usage.has_asked = true;
        drop(usage);
        InUse(Arc::clone(self))
    }

    /// Since when no request has been running; `None` while one runs.
    fn idle_since(&self) -> Option<Instant> {
        let usage = self.usage();
        (usage.running == 0).then_some(usage.since)
    }

    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connection.
    fn end(&self) {
        self.ends.store(true, Ordering::SeqCst);
        if let Some(waker) = self.waker().take() {
            waker.wake();
        }
    }

    fn must_end(&self, now: Instant) -> bool {
        let usage = self.usage();
        let patience = if usage.has_asked { IDLE } else { FIRST_REQUEST };
        let is_late = usage.running == 0 && now.saturating_duration_since(usage.since) >= patience;
        is_late || self.ends.load(Ordering::SeqCst)
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let mut usage = self.0.usage();
        usage.running = usage.running.saturating_sub(1);
        usage.since = Instant::now();
    }
}

impl Connections {
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            places: Quota::new(limits.in_all.saturating_add(MAX_ENDING), limits.per_address),
            open: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection in; none when it has no place.
    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Entry> {
        let place = self.places.take(address).ok()?;
        let mut open = self.lock();
        if open.all.len() >= self.limits.in_all && !open.end_idlest() {
            return None;
        }
        let number = open.next;
        open.next += 1;
        let peer = Arc::new(Peer::new(address));
        open.all.insert(number, Arc::clone(&peer));
        Some(Entry {
            all: Arc::clone(self),
            number,
            peer,
            _place: place,
        })
    }

    /// Accepts connections until the stream is dropped.
    pub fn accept(self: Arc<Self>, listener: TcpListener) -> ReceiverStream<io::Result<Guarded>> {
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            tokio::select! {
                () = self.take_in(&listener, &sender) => {}
                () = sender.closed() => {}
            }
        });
        ReceiverStream::new(receiver)
    }

    async fn take_in(
        self: &Arc<Self>,
        listener: &TcpListener,
        sender: &mpsc::Sender<io::Result<Guarded>>,
    ) {
        loop {
            let (stream, address) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a gRPC connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Some(entry) = self.enter(address.ip()) else {
                tracing::debug!(%address, "a gRPC connection was refused: too many are open");
                continue;
            };
            let _ = stream.set_nodelay(true);
            if sender.send(Ok(Guarded::new(stream, entry))).await.is_err() {
                return;
            }
        }
    }
}

impl Open {
    /// Tells the connection that has been idle longest to end; false when too many are told so already, or none is idle.
    fn end_idlest(&mut self) -> bool {
        let is_ending = |peer: &&Arc<Peer>| peer.ends.load(Ordering::SeqCst);
        if self.all.values().filter(is_ending).count() >= MAX_ENDING {
            return false;
        }
        let others = self.all.values().filter(|peer| !is_ending(peer));
        let idle = others.filter_map(|peer| Some((peer.idle_since()?, peer)));
        let Some((_, idlest)) = idle.min_by_key(|(since, _)| *since) else {
            return false;
        };
        idlest.end();
        true
    }
}

/// A connection's entry in the list, gone when it is dropped.
struct Entry {
    all: Arc<Connections>,
    number: u64,
    peer: Arc<Peer>,
    _place: Place,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.all.lock().all.remove(&self.number);
    }
}

/// A client's stream that ends when it is quiet for too long, or has to make way.
pub(super) struct Guarded {
    stream: TcpStream,
    entry: Entry,
    look: Interval,
}

impl Guarded {
    fn new(stream: TcpStream, entry: Entry) -> Self {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            stream,
            entry,
            look,
        }
    }

    /// An error once this connection has to end; else the caller is woken at the next look.
    fn check(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        *self.entry.peer.waker() = Some(context.waker().clone());
        while self.look.poll_tick(context).is_ready() {}
        if self.entry.peer.must_end(Instant::now()) {
            let why = "the connection was idle for too long, or made way for another one";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, why)));
        }
        Poll::Pending
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => self.check(context),
            ready => ready,
        }
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Pending => self.check(context).map_ok(|()| 0),
            ready => ready,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(context, buffers) {
            Poll::Pending => self.check(context).map_ok(|()| 0),
            ready => ready,
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

impl Connected for Guarded {
    type ConnectInfo = Arc<Peer>;

    fn connect_info(&self) -> Self::ConnectInfo {
        Arc::clone(&self.entry.peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [127, 0, 0, last].into()
    }

    #[test]
    fn the_idlest_makes_way_when_all_places_are_taken_and_one_that_works_never_does() {
        let all = Connections::new(ConnectionLimits {
            in_all: 3,
            per_address: 2,
        });
        let works = all.enter(address(1)).unwrap();
        let _request = works.peer.begin();
        let old = all.enter(address(2)).unwrap();
        let young = all.enter(address(3)).unwrap();
        let new = all.enter(address(4)).unwrap();
        let ends = |entry: &Entry| entry.peer.must_end(Instant::now());
        assert!(ends(&old) && !ends(&works) && !ends(&young) && !ends(&new));
        drop(old);
        let _second = all.enter(address(4)).unwrap();
        assert!(ends(&young), "the next one makes way");
        assert!(all.enter(address(4)).is_none(), "an address has two places");
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
}

//! Connections of clients: how many there are, in all and of one address, and how long one may be quiet.
//!
//! ```text
//! accept ─▶ no place for this address: closed at once
//!        ─▶ all places taken: another one is closed, and this one comes in. It is one of those whose site holds most, if that is more
//!           than this one's will, an idle one first; else the one that has been idle longest
//! open   ─▶ no request for FIRST_REQUEST, none running for IDLE, or an answer that is not taken: closed
//! ```

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use super::peer::Peer;
use super::quota::{Quota, QuotaPlace, site};

/// How often a connection that is waited on looks whether it has to end.
const LOOK: Duration = Duration::from_secs(1);
/// Largest number of connections that were told to end and have not ended yet: the limit of connections may be exceeded by this many meanwhile.
pub const MAX_ENDING: usize = 32;
/// Pause after a failed accept: it fails when file descriptors run out, and trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections in all.
    pub in_all: usize,
    /// Connections of one address; with IPv6, of one network of 64 bits.
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
    /// Places for our proxies, each of which has the connections of many clients.
    of_proxies: Arc<Quota>,
    proxies: Vec<IpAddr>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    all: BTreeMap<u64, Arc<Peer>>,
}

impl Connections {
    pub fn new(limits: ConnectionLimits, proxies: &[IpAddr]) -> Arc<Self> {
        // Which connection makes way is decided here, so that no place is ever lost.
        let all = usize::MAX;
        Arc::new(Self {
            limits,
            places: Quota::new(all, limits.per_address),
            of_proxies: Quota::new(all, limits.in_all),
            proxies: proxies.iter().map(IpAddr::to_canonical).collect(),
            open: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection in; `None` when it has no place.
    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Entry> {
        let places = match self.proxies.contains(&address.to_canonical()) {
            true => &self.of_proxies,
            false => &self.places,
        };
        let place = places.take(address).ok()?;
        let mut open = self.lock();
        if open.all.len() >= self.limits.in_all && !open.make_way(address) {
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
    /// Tells one connection to end; false when too many are told so already, or none has to make way for `newcomer`.
    fn make_way(&mut self, newcomer: IpAddr) -> bool {
        let ending = self.all.values().filter(|peer| peer.ends()).count();
        if ending >= MAX_ENDING {
            return false;
        }
        let others = || self.all.values().filter(|peer| !peer.ends());
        let mut by_site = BTreeMap::<IpAddr, usize>::new();
        for peer in others() {
            *by_site.entry(site(peer.address)).or_default() += 1;
        }
        let own = by_site.get(&site(newcomer)).copied().unwrap_or(0);
        let heaviest = by_site.into_iter().max_by_key(|(_, held)| *held);
        let heaviest = heaviest.filter(|(_, held)| *held >= own.saturating_add(2));
        let first = match heaviest {
            Some((heaviest, _)) => others()
                .filter(|peer| site(peer.address) == heaviest)
                .min_by_key(|peer| peer.rank()),
            None => others()
                .filter(|peer| !peer.rank().0)
                .min_by_key(|peer| peer.rank()),
        };
        let Some(first) = first else {
            return false;
        };
        first.end();
        true
    }
}

/// A connection's entry in the list, gone when it is dropped.
struct Entry {
    all: Arc<Connections>,
    number: u64,
    peer: Arc<Peer>,
    _place: QuotaPlace,
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

    /// An HTTP/1 connection on which an answer is under way, and the next request has begun to come in, does nothing else but flush.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.check(context) {
            Poll::Pending => Pin::new(&mut self.stream).poll_flush(context),
            ended => ended,
        }
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
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    fn address(last: u8) -> IpAddr {
        [127, 0, 0, last].into()
    }

    fn all(in_all: usize, per_address: usize, proxies: &[IpAddr]) -> Arc<Connections> {
        let limits = ConnectionLimits {
            in_all,
            per_address,
        };
        Connections::new(limits, proxies)
    }

    fn ends(entry: &Entry) -> bool {
        entry.peer.must_end(Instant::now())
    }

    #[test]
    fn the_idlest_makes_way_when_all_places_are_taken_and_nobody_holds_more_than_another() {
        let all = all(3, 2, &[]);
        let works = all.enter(address(1)).unwrap();
        let _request = works.peer.begin();
        let old = all.enter(address(2)).unwrap();
        let young = all.enter(address(3)).unwrap();
        let new = all.enter(address(4)).unwrap();
        assert!(ends(&old) && !ends(&works) && !ends(&young) && !ends(&new));
        drop(old);
        let _second = all.enter(address(4)).unwrap();
        assert!(ends(&young), "the next one makes way");
        assert!(all.enter(address(4)).is_none(), "an address has two places");
    }

    #[tokio::test]
    async fn a_connection_that_does_nothing_but_flush_ends_as_well() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await;
        let (stream, _) = listener.accept().await.unwrap();
        let all = all(1, 1, &[]);
        let mut guarded = Guarded::new(stream, all.enter(address(1)).unwrap());
        guarded.flush().await.expect("nobody wants its place");
        let _new = all.enter(address(2)).unwrap();
        let ended = guarded.flush().await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn whose_site_holds_most_makes_way_although_all_its_requests_run() {
        let all = all(6, 2, &[]);
        let of_site = |number: u16| format!("2001:db8:1:{number:x}::1").parse().unwrap();
        let held: Vec<Entry> = (0..4)
            .map(|number| all.enter(of_site(number)).unwrap())
            .collect();
        let _requests: Vec<_> = held.iter().map(|entry| entry.peer.begin()).collect();
        let idle: Vec<Entry> = (1..3)
            .map(|last| all.enter(address(last)).unwrap())
            .collect();
        assert!(all.enter(of_site(9)).is_none(), "a site has two parts");
        let mut new = vec![all.enter(address(3)).unwrap()];
        assert_eq!(held.iter().filter(|entry| ends(entry)).count(), 1);
        new.push(all.enter(address(4)).unwrap());
        assert_eq!(held.iter().filter(|entry| ends(entry)).count(), 2);
        assert!(idle.iter().chain(&new).all(|entry| !ends(entry)));
    }

    #[test]
    fn a_proxy_may_have_all_connections() {
        let all = all(4, 1, &[address(1)]);
        let of_proxy: Vec<_> = (0..3).map(|_| all.enter(address(1))).collect();
        assert!(of_proxy.iter().all(Option::is_some));
        let _other = all.enter(address(2)).unwrap();
        assert!(all.enter(address(2)).is_none());
    }
}

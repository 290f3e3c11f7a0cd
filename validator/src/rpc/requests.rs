//! What surrounds each request: its client, a place among all requests of its lane, and the times in which it has to be done.
//!
//! ```text
//! headers ─▶ place in the lane ─▶ message in, within a time (Arriving) ─▶ answer begins, within `patience` ─▶ answer ends (Held)
//!            └─ held all the while, and given to another client when all are taken and this one's network holds most ──────────┘
//! ```
//! A request counts as use of its connection until its answer has been taken.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::{Request, Status};
use tower_layer::Layer;

use super::MAX_REQUEST_BYTES;
use super::peer::{InUse, Peer};
use super::quota::{Quota, QuotaPlace, made_way};

/// The header in which a proxy names its client, the last one that it saw last.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// How a message has to come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrival {
    /// Whole within this time.
    Within(Duration),
    /// A stream of messages: it is never silent for longer than this time, and has at most this number of bytes.
    Stream(Duration, u64),
}

/// A kind of requests, with places of its own.
#[derive(Clone, Copy, Debug)]
struct Lane {
    what: &'static str,
    paths: &'static [&'static str],
    /// Places in all, and of one address.
    places: (usize, usize),
    arrival: Arrival,
    /// How long a request may take until its answer begins, the time in which it comes in included.
    patience: Duration,
    /// How long its answer may go on from then on.
    lasts: Duration,
}

const UNARY: Arrival = Arrival::Within(Duration::from_secs(10));
const MINUTE: Duration = Duration::from_secs(60);

/// All lanes; the last one takes what the others do not name. Each place may hold one request and one answer in memory.
const LANES: [Lane; 7] = [
    Lane {
        what: "streams of transactions",
        paths: &["/plasmid.ledger.v1.TransactionService/SubmitMany"],
        places: (64, 8),
        arrival: Arrival::Stream(Duration::from_secs(30), u64::MAX),
        patience: Duration::from_secs(600),
        lasts: MINUTE,
    },
    Lane {
        what: "followers (GetTransaction can be polled instead)",
        paths: &["/plasmid.ledger.v1.TransactionService/Follow"],
        places: (1_024, 128),
        arrival: UNARY,
        patience: MINUTE,
        lasts: Duration::from_secs(2 * 3_600),
    },
    Lane {
        what: "watchers of this node's health (Check can be polled instead)",
        paths: &["/grpc.health.v1.Health/Watch"],
        places: (64, 8),
        arrival: UNARY,
        patience: MINUTE,
        lasts: Duration::from_secs(3_600),
    },
    Lane {
        what: "reflection",
        paths: &[
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        ],
        places: (16, 4),
        arrival: Arrival::Stream(Duration::from_secs(15), MAX_REQUEST_BYTES as u64),
        patience: MINUTE,
        lasts: Duration::from_secs(120),
    },
    Lane {
        what: "streams of events (they can be ended and gone on with)",
        paths: &["/plasmid.stake.v1.StakeService/FollowEvents"],
        places: (256, 32),
        arrival: UNARY,
        patience: MINUTE,
        lasts: Duration::from_secs(2 * 3_600),
    },
    Lane {
        what: "reads of the engine's votes",
        paths: &["/plasmid.chain.v1.ChainService/ListVotes"],
        places: (32, 4),
        arrival: UNARY,
        patience: MINUTE,
        lasts: MINUTE,
    },
    Lane {
        what: "requests",
        paths: &[],
        places: (1_024, 256),
        arrival: UNARY,
        patience: MINUTE,
        lasts: Duration::from_secs(300),
    },
];

/// Who asks: the address that places are counted by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client(pub IpAddr);

impl Client {
    /// Who sent a request.
    pub fn of<T>(request: &Request<T>) -> IpAddr {
        let known = request.extensions().get::<Self>();
        known.map_or_else(|| Peer::local().address, |client| client.0)
    }
}

/// Bounds the requests of all connections.
#[derive(Clone)]
pub(super) struct Bounds {
    lanes: Arc<[(Lane, Arc<Quota>)]>,
    proxies: Arc<[IpAddr]>,
}

impl Bounds {
    /// Believes these proxies who their clients are.
    pub fn new(proxies: &[IpAddr]) -> Self {
        let lane = |lane: Lane| (lane, Quota::new(lane.places.0, lane.places.1));
        Self {
            lanes: LANES.into_iter().map(lane).collect(),
            proxies: proxies.iter().map(IpAddr::to_canonical).collect(),
        }
    }

    fn lane(&self, path: &str) -> Option<&(Lane, Arc<Quota>)> {
        let named = self
            .lanes
            .iter()
            .find(|(lane, _)| lane.paths.contains(&path));
        named.or(self.lanes.last())
    }

    /// Who asks: the other end of the connection, or who it says when it is one of our proxies.
    fn client(&self, headers: &http::HeaderMap, peer: &Peer) -> IpAddr {
        if !self.proxies.contains(&peer.address.to_canonical()) {
            return peer.address;
        }
        let last = headers.get_all(FORWARDED_FOR).iter().next_back();
        let text = last.and_then(|value| value.to_str().ok());
        let hop = text.and_then(|text| text.rsplit(',').next());
        hop.and_then(|hop| hop.trim().parse().ok())
            .unwrap_or(peer.address)
    }
}

impl<S> Layer<S> for Bounds {
    type Service = Bounded<S>;

    fn layer(&self, inner: S) -> Bounded<S> {
        Bounded {
            inner,
            bounds: self.clone(),
        }
    }
}

/// A service whose requests are bounded.
#[derive(Clone)]
pub(super) struct Bounded<S> {
    inner: S,
    bounds: Bounds,
}

impl<S> Service<http::Request<Body>> for Bounded<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let peer = request.extensions().get::<Arc<Peer>>();
        let peer = peer.map_or_else(Peer::local, Arc::clone);
        let address = self.bounds.client(request.headers(), &peer);
        request.extensions_mut().insert(Client(address));
        // The one that was made ready takes the request.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let lane = self.bounds.lane(request.uri().path());
        let Some((lane, quota)) = lane.map(|(lane, quota)| (*lane, Arc::clone(quota))) else {
            return Box::pin(async { Ok(Status::internal("there are no lanes").into_http()) });
        };
        let writer = Arc::clone(&peer);
        let place = quota.take_with(address, move || writer.hurry());
        Box::pin(async move {
            let in_use = peer.begin();
            let mut place = match place {
                Ok(place) => place,
                Err(refused) => {
                    let why = format!("{}: {refused}", lane.what);
                    return Ok(Status::resource_exhausted(why).into_http());
                }
            };
            let request = request.map(|body| Body::new(Arriving::new(body, lane.arrival)));
            let answer = tokio::select! {
                answer = inner.call(request) => answer?,
                () = place.lost() => return Ok(made_way().into_http()),
                () = sleep(lane.patience) => return Ok(Status::deadline_exceeded(format!(
                    "the request took longer than {} seconds: send it faster, or ask again later",
                    lane.patience.as_secs()
                ))
                .into_http()),
            };
            Ok(answer.map(|body| Body::new(Held::new(body, lane, place, in_use))))
        })
    }
}

/// A request's body, which has to come in time.
struct Arriving {
    body: Body,
    arrival: Arrival,
    until: Pin<Box<Sleep>>,
    left: u64,
    is_over: bool,
}

impl Arriving {
    fn new(body: Body, arrival: Arrival) -> Self {
        let (patience, left) = match arrival {
            // One message has its own limit, which is told in words; this one is for what comes behind it.
            Arrival::Within(patience) => (patience, 2 * MAX_REQUEST_BYTES as u64),
            Arrival::Stream(silence, bytes) => (silence, bytes),
        };
        Self {
            body,
            arrival,
            until: Box::pin(sleep(patience)),
            left,
            is_over: false,
        }
    }

    fn fail(&mut self, status: Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.is_over = true;
        self.body = Body::empty();
        Poll::Ready(Some(Err(status)))
    }
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            ready!(self.until.as_mut().poll(context));
            let (Arrival::Within(patience) | Arrival::Stream(patience, _)) = self.arrival;
            let why = format!(
                "nothing more came in {} seconds: send the whole request, and end it",
                patience.as_secs()
            );
            return self.fail(Status::deadline_exceeded(why));
        };
        let length = match &frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len) as u64,
            _ => return Poll::Ready(frame),
        };
        let Some(left) = self.left.checked_sub(length) else {
            return self.fail(Status::out_of_range("the request is too long"));
        };
        self.left = left;
        if let Arrival::Stream(silence, _) = self.arrival
            && length > 0
        {
            self.until.as_mut().reset(Instant::now() + silence);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }
}

/// An answer's body, which holds the request's place and counts as use of its connection until it ends.
struct Held {
    body: Body,
    lane: Lane,
    until: Pin<Box<Sleep>>,
    holds: Option<(QuotaPlace, InUse)>,
}

impl Held {
    fn new(body: Body, lane: Lane, place: QuotaPlace, in_use: InUse) -> Self {
        Self {
            body,
            lane,
            until: Box::pin(sleep_until(Instant::now() + lane.lasts)),
            holds: Some((place, in_use)),
        }
    }

    /// Why the answer has to end before its end.
    fn poll_cut(&mut self, context: &mut Context<'_>) -> Poll<Status> {
        if let Some((place, _)) = &mut self.holds
            && place.poll_lost(context).is_ready()
        {
            return Poll::Ready(made_way());
        }
        ready!(self.until.as_mut().poll(context));
        Poll::Ready(Status::deadline_exceeded(format!(
            "an answer lasts {} seconds at most: ask again",
            self.lane.lasts.as_secs()
        )))
    }
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.holds.is_none() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(status) = self.poll_cut(context) {
            self.holds = None;
            self.body = Body::empty();
            let mut trailers = http::HeaderMap::new();
            status.add_header(&mut trailers)?;
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.holds.is_none() || self.body.is_end_stream()
    }
}

#[cfg(test)]
mod tests;

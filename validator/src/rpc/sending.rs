//! How answers leave: in pieces, of which a connection holds a few only, and each in time.
//!
//! ```text
//! answer ─▶ pieces of PIECE_BYTES ─▶ room for another one on this connection? ─▶ HTTP ─▶ the system ─▶ client
//!                                                                                └─ not taken in time: the connection ends
//! ```
//! HTTP takes a whole chunk of an answer as soon as the client's window has room for one byte, and keeps what does not fit. So a
//! client that reads nothing would have this node keep all that it asked for.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use tokio::time::Instant;
use tonic::codegen::{Service, http};
use tower_layer::Layer;

use super::MAX_STREAMS;
use super::peer::{Counted, Peer};

/// The largest piece, in bytes.
const PIECE_BYTES: usize = 4 << 10;
/// What a connection holds that is not on its way: two pieces of each request, so that those that stand still never stop the others.
const MAX_UNSENT_BYTES: usize = 2 * PIECE_BYTES * MAX_STREAMS as usize;
/// How long a client may take for a chunk of an answer, at least, and how many bytes a second it has to take of a long one.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
const MIN_BYTES_PER_SEC: usize = 16 << 10;

/// Bounds the answers of all connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pieces;

impl<S> Layer<S> for Pieces {
    type Service = Sender<S>;

    fn layer(&self, inner: S) -> Sender<S> {
        Sender { inner }
    }
}

/// A service whose answers are bounded.
#[derive(Clone)]
pub(super) struct Sender<S> {
    inner: S,
}

impl<S, Q, A> Service<http::Request<Q>> for Sender<S>
where
    S: Service<http::Request<Q>, Response = http::Response<A>>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Sending<A>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Q>) -> Self::Future {
        let peer = request.extensions().get::<Arc<Peer>>();
        let peer = peer.map_or_else(Peer::local, Arc::clone);
        let answer = self.inner.call(request);
        Box::pin(async move { Ok(answer.await?.map(|body| Sending::new(body, peer))) })
    }
}

/// An answer's body, in pieces.
pub(super) struct Sending<A> {
    body: A,
    peer: Arc<Peer>,
    number: u64,
    rest: Bytes,
}

/// A piece that counts until HTTP drops it.
struct Piece {
    bytes: Bytes,
    _counted: Counted,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<A> Sending<A> {
    fn new(body: A, peer: Arc<Peer>) -> Self {
        Self {
            body,
            number: peer.number(),
            peer,
            rest: Bytes::new(),
        }
    }
}

impl<A: HttpBody<Data = Bytes> + Unpin> HttpBody for Sending<A> {
    type Data = Bytes;
    type Error = A::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, A::Error>>> {
        if self.rest.is_empty() {
            self.peer.has_taken(self.number);
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => return Poll::Ready(Some(Ok(Frame::data(data)))),
                    Ok(data) => self.rest = data,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                ended => return Poll::Ready(ended),
            }
            let long = (self.rest.len() / MIN_BYTES_PER_SEC) as u64;
            let until = Instant::now() + PATIENCE + Duration::from_secs(long);
            self.peer.must_take(self.number, until);
        }
        ready!(self.peer.poll_room(MAX_UNSENT_BYTES, context));
        let length = self.rest.len().min(PIECE_BYTES);
        let piece = Piece {
            bytes: self.rest.split_to(length),
            _counted: self.peer.count(length),
        };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_owner(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }
}

impl<A> Drop for Sending<A> {
    fn drop(&mut self) {
        self.peer.has_taken(self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::task::Waker;

    use tonic::body::Body;

    use super::*;

    /// A body of one chunk.
    struct Chunk(Option<Bytes>);

    impl HttpBody for Chunk {
        type Data = Bytes;
        type Error = tonic::Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
            Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
        }
    }

    fn sending(peer: &Arc<Peer>, bytes: &Bytes) -> Sending<Body> {
        let chunk = Body::new(Chunk(Some(bytes.clone())));
        Sending::new(chunk, Arc::clone(peer))
    }

    fn poll(body: &mut Sending<Body>) -> Poll<Option<Bytes>> {
        let mut context = Context::from_waker(Waker::noop());
        let frame = Pin::new(body).poll_frame(&mut context);
        frame.map(|frame| frame.map(|frame| frame.unwrap().into_data().unwrap()))
    }

    #[test]
    fn an_answer_comes_whole_in_pieces_and_each_counts_until_it_is_dropped() {
        let peer = Arc::new(Peer::new(Ipv4Addr::LOCALHOST.into()));
        let whole: Bytes = (0..MAX_UNSENT_BYTES + 3 * PIECE_BYTES / 2)
            .map(|place| (place % 251) as u8)
            .collect();
        let mut body = sending(&peer, &whole);
        let mut held = Vec::new();
        while let Poll::Ready(Some(piece)) = poll(&mut body) {
            assert!(piece.len() <= PIECE_BYTES);
            held.push(piece);
        }
        assert_eq!(held.len(), MAX_UNSENT_BYTES / PIECE_BYTES);
        assert!(poll(&mut body).is_pending());
        // A second answer on this connection waits, too; on another connection it does not.
        assert!(poll(&mut sending(&peer, &whole)).is_pending());
        let other = Arc::new(Peer::new(Ipv4Addr::LOCALHOST.into()));
        assert!(poll(&mut sending(&other, &whole)).is_ready());

        let mut got = held.concat();
        drop(held);
        while let Poll::Ready(Some(piece)) = poll(&mut body) {
            got.extend_from_slice(&piece);
        }
        assert_eq!(got, whole);
    }

    #[test]
    fn what_is_not_taken_in_time_ends_the_connection_and_what_is_taken_does_not() {
        let peer = Arc::new(Peer::new(Ipv4Addr::LOCALHOST.into()));
        let _request = peer.begin();
        let mut body = sending(&peer, &Bytes::from_static(b"answer"));
        let piece = poll(&mut body);
        assert!(matches!(piece, Poll::Ready(Some(_))));
        let late = Instant::now() + 2 * PATIENCE;
        assert!(peer.must_end(late), "HTTP has not asked for more yet");
        assert!(matches!(poll(&mut body), Poll::Ready(None)));
        assert!(!peer.must_end(late));
        let mut reset = sending(&peer, &Bytes::from_static(b"answer"));
        assert!(poll(&mut reset).is_ready());
        drop(reset);
        assert!(!peer.must_end(late), "the client has reset the stream");
    }
}

//! What surrounds each request: it counts as use of its connection, has a place among all requests, and has to be done in time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tonic::Status;
use tonic::codegen::{Service, http};
use tower_layer::Layer;

use super::connections::Peer;
use super::quota::Quota;

/// Requests that may be under way, in all and of one address. Each may hold one message in memory.
const MAX_REQUESTS: (usize, usize) = (1_024, 256);
/// How long a request may take until its answer begins, the time in which it comes in included.
const PATIENCE: Duration = Duration::from_secs(60);
/// The one method whose request may come in for longer; it has its own bounds of silence and number.
const SUBMIT_MANY: &str = "/plasmid.ledger.v1.TransactionService/SubmitMany";

/// Bounds the requests of all connections.
#[derive(Clone)]
pub(super) struct Bounds(Arc<Quota>);

impl Bounds {
    pub fn new() -> Self {
        let (in_all, per_address) = MAX_REQUESTS;
        Self(Quota::new(in_all, per_address))
    }
}

impl<S> Layer<S> for Bounds {
    type Service = Bounded<S>;

    fn layer(&self, inner: S) -> Bounded<S> {
        Bounded {
            inner,
            requests: Arc::clone(&self.0),
        }
    }
}

/// A service whose requests are bounded.
#[derive(Clone)]
pub(super) struct Bounded<S> {
    inner: S,
    requests: Arc<Quota>,
}

impl<S, B, A> Service<http::Request<B>> for Bounded<S>
where
    S: Service<http::Request<B>, Response = http::Response<A>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    A: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let peer = request.extensions().get::<Arc<Peer>>();
        let peer = peer.map_or_else(Peer::local, Arc::clone);
        // The one that was made ready takes the request.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let place = self.requests.take(peer.address);
        Box::pin(async move {
            let _in_use = peer.begin();
            let _place = match place {
                Ok(place) => place,
                Err(refused) => {
                    return Ok(Status::resource_exhausted(refused.to_string()).into_http());
                }
            };
            if request.uri().path() == SUBMIT_MANY {
                return inner.call(request).await;
            }
            match tokio::time::timeout(PATIENCE, inner.call(request)).await {
                Ok(answer) => answer,
                Err(_) => Ok(Status::deadline_exceeded(format!(
                    "the request took longer than {} seconds: send it faster, or ask again later",
                    PATIENCE.as_secs()
                ))
                .into_http()),
            }
        })
    }
}

//! The listening side: accepts connections, bounds how many there are, and stops them all together.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::address::{Address, AddressError, Listener};
use super::connection::{Closed, ReadPool, Shared, serve};
use super::dispatch::{Alarm, Dispatch};
use super::handler::Handler;
use super::limits::Limits;

/// CometBFT opens four; the rest leaves room for its restart and for tools.
const CONNECTIONS: usize = 32;
/// Queries that run or wait, of all connections, and as many reads of snapshots.
const QUERIES: usize = 64;
const STALL: Duration = Duration::from_secs(60);
/// Pause after a failed accept: it fails when file descriptors run out, and trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// An ABCI server that is bound and does not serve yet.
pub struct Server {
    listener: Listener,
    limits: Limits,
    stall: Duration,
}

impl Server {
    /// Listens on `address`. Whoever can connect drives the node: use a unix socket, or loopback.
    pub async fn bind(address: &Address, limits: Limits) -> Result<Self, AddressError> {
        Ok(Self {
            listener: Listener::bind(address).await?,
            limits,
            stall: STALL,
        })
    }

    /// How long a client may take over one frame, and over reading its answers; a minute unless told.
    #[must_use]
    pub fn stall(mut self, stall: Duration) -> Self {
        self.stall = stall;
        self
    }

    /// The bound address, with the port that the system chose.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.listener.address
    }

    /// Serves until `stop` completes, or until a fault or panic in a call that may not fail. Stop the engine first: it ends
    /// when its connections do. When this returns, no consensus call runs.
    pub async fn run<H: Handler>(
        self,
        handler: Arc<H>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Alarm> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = cores.clamp(2, 8);
        let pool = |name, threads| {
            ReadPool::start(name, threads, QUERIES)
                .map_err(|error| Alarm::new("the start of its threads", &error))
        };
        let shared = Arc::new(Shared {
            dispatch: Dispatch::new(handler),
            limits: self.limits,
            stall: self.stall,
            queries: pool("abci-query", threads)?,
            snapshots: pool("abci-snapshot", 1)?,
        });
        let mut alarm = shared.dispatch.alarm();
        let mut connections = JoinSet::new();
        tokio::select! {
            () = stop => {}
            _ = alarm.wait_for(Option::is_some) => {}
            () = accept(&self.listener, &shared, &mut connections) => {}
        }
        connections.shutdown().await;
        // The alarm first: a settled server has raised it, if at all.
        let waiting = Arc::clone(&shared);
        let _ = tokio::task::spawn_blocking(move || waiting.dispatch.settle()).await;
        let raised = alarm.borrow().clone();
        raised.map_or(Ok(()), Err)
    }
}

async fn accept<H: Handler>(
    listener: &Listener,
    shared: &Arc<Shared<H>>,
    connections: &mut JoinSet<()>,
) {
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok(_) if connections.len() >= CONNECTIONS => {
                tracing::warn!(CONNECTIONS, "ABCI connection refused: too many are open");
            }
            Ok((reader, writer)) => {
                let shared = Arc::clone(shared);
                connections.spawn(async move {
                    match serve(reader, writer, shared).await {
                        Ok(()) | Err(Closed::Alarm(_)) => {}
                        Err(error) => tracing::warn!(%error, "ABCI connection closed"),
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "ABCI connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

//! gRPC (and grpc-web) for clients: reads come from `app::reads`, submissions go to the engine's mempool.
//!
//! ```text
//! connection (connections) ─▶ request (requests) ─▶ service ─▶ read: queue and threads of its own (crate::workers) ─▶ answer (sending)
//!    per address, in all         a lane a kind:             ├▶ read of a past epoch: another queue, and few threads    in pieces, in time
//!                                per address, in all        ├▶ list at a past height: the same once more
//!                                                           ├▶ checkpoint, shares, status: the same once more
//!                                                           ├▶ blocks in a row, segments: the same once more
//!                                                           ├▶ votes that the engine shows: places of its own
//!                                                           └▶ late share: places of its own
//! ```
//! Reflection and health are served too. Limits: requests of 64 KiB, refused by their stated length before they are read; answers of
//! 1 MiB; streams bounded in length and patience; a time-out for every read, which stops it. All places are given fairly (quota).

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use alloy_primitives::Address;
use plasmid_bridge::client::rpc::Rpc;
use plasmid_proto::{
    DESCRIPTORS,
    bridge::v1::bridge_service_server::BridgeServiceServer,
    chain::v1::chain_service_server::ChainServiceServer,
    ledger::v1::{
        account_service_server::AccountServiceServer,
        transaction_service_server::TransactionServiceServer,
    },
    stake::v1::stake_service_server::StakeServiceServer,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tonic::{Request, Response, Status, transport::Server};
use tonic_web::GrpcWebLayer;
use tower_http::cors::{Any, CorsLayer};

use crate::{
    app::Submission,
    app::reads::{
        Door, MAX_COURT_READS, MAX_DISK_READS, MAX_DISK_READS_OF_SITE, MAX_LIST_READS,
        MAX_LIST_READS_OF_SITE, MAX_SET_READS, MAX_SET_READS_OF_SITE, ReadError, Reader, Source,
        shares::Shares,
    },
    wire::Unreadable,
    workers::{Lost, Workers},
};
use connections::Connections;
use counts::Counts;
use prices::Prices;
use quota::site;
use requests::{Bounds, Client};
use sending::Pieces;
use shares::Desk;
use threads::Threads;

mod bridge;
mod connections;
pub mod counts;
mod health;
mod peer;
mod prices;
pub(crate) mod quota;
mod reads;
mod requests;
mod sending;
mod shares;
mod stake;
mod streams;
mod submit;
#[cfg(test)]
mod tests;
mod threads;
mod votes;

pub use connections::{ConnectionLimits, MAX_ENDING};
pub use health::{HEALTH, HealthName};
pub use votes::SeenVotes;

/// The largest request, in bytes.
const MAX_REQUEST_BYTES: usize = 1 << 16;
/// Requests of one connection that run at once; a client waits with more of them by itself.
const MAX_STREAMS: u32 = 64;
/// The largest headers of a request, in bytes.
const MAX_HEADER_BYTES: u32 = 1 << 14;
/// The largest question of the services that are not ours, health and reflection, in bytes.
const MAX_QUESTION_BYTES: usize = 4 << 10;
/// The largest answer, in bytes.
const MAX_ANSWER_BYTES: usize = 1 << 20;
/// What a client may send before it is read, in bytes: of one request, and of all requests of a connection.
const STREAM_WINDOW_BYTES: u32 = 2 * MAX_REQUEST_BYTES as u32;
const CONNECTION_WINDOW_BYTES: u32 = 4 * MAX_REQUEST_BYTES as u32;
/// Reads that run or wait, in all and of one site.
const MAX_READS: (usize, usize) = (512, 128);
/// Reads of past epochs that run or wait for their turn, in all and of one site; and lists at past heights once more as many.
const MAX_PAST_READS: (usize, usize) = (256, 64);
/// Calls to the engine that this node makes for its clients at once. Each may cost a file descriptor.
const MAX_ENGINE_CALLS: usize = 64;
/// How long a read may take.
const READ_PATIENCE: Duration = Duration::from_secs(30);
/// After how long a silent connection is asked whether it lives.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// What the services are made of.
pub struct Backends {
    /// What reads are answered from.
    pub source: Arc<dyn Source>,
    /// Where late shares are kept.
    pub shares: Arc<dyn Shares>,
    /// The engine, which takes transactions.
    pub engine: Arc<dyn Mempool>,
    /// The engine, which shows votes.
    pub votes: Arc<dyn SeenVotes>,
    /// The root chain, for prices; never asked by consensus.
    pub root: Arc<Rpc>,
    /// Where reads are counted.
    pub counts: Arc<Counts>,
}

/// The services: backends, and the places in front of them.
#[derive(Clone)]
struct Services {
    source: Arc<dyn Source>,
    engine: Arc<dyn Mempool>,
    votes: Arc<dyn SeenVotes>,
    counts: Arc<Counts>,
    desk: Arc<Desk>,
    workers: Arc<Workers>,
    /// For reads of past epochs, which may need the disk: as many threads as there are places for them, so that who waits for a place
    /// keeps no thread from others.
    past: Arc<Workers>,
    /// For lists at past heights, which take longest.
    lists: Arc<Workers>,
    /// For reads of the set that signs a checkpoint, which is on disk when root has stood still for long.
    sets: Arc<Workers>,
    /// For reads of what a checkpoint commits to, which whoever judges it reads whole.
    court: Arc<Workers>,
    prices: Arc<Prices>,
    engine_calls: Arc<Semaphore>,
    vote_reads: Arc<Semaphore>,
}

/// Where gRPC listens, and for whom.
#[derive(Clone, Debug)]
pub struct Listen {
    /// The address.
    pub address: SocketAddr,
    /// How many connections there may be.
    pub limits: ConnectionLimits,
    /// Proxies that are believed who their clients are.
    pub proxies: Vec<IpAddr>,
}

/// Where transactions are handed in.
#[tonic::async_trait]
pub trait Mempool: Send + Sync + 'static {
    /// Checks transactions and takes them in, in their order: of each, result code and log as CheckTx gives them. One takes another's place only where it
    /// says so.
    async fn broadcast(&self, batch: Vec<Submission>) -> Vec<Result<Taken, String>>;
}

/// What CheckTx said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Result code; 0 is accepted.
    pub code: u32,
    /// In words.
    pub log: String,
}

/// Why gRPC cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be bound.
    #[error("gRPC cannot listen on {address}: {source}; choose another address in plasmid.toml")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The server failed.
    #[error("gRPC: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The system has no threads for clients or their reads.
    #[error("gRPC has no threads: {0}")]
    Threads(io::Error),
    /// It panicked.
    #[error("gRPC ended by itself: see this node's log")]
    Ended,
    /// The descriptors are malformed: cannot be with generated ones.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Serves on threads of its own, until this is dropped.
///
/// # Errors
/// [`ServeError`] when the address is taken or the server fails.
pub async fn serve(listen: Listen, backends: Backends) -> Result<(), ServeError> {
    let threads = Threads::start().map_err(ServeError::Threads)?;
    match threads.run(answer(listen, backends)) {
        Some(serving) => serving.await.unwrap_or(Err(ServeError::Ended)),
        None => Err(ServeError::Ended),
    }
}

async fn answer(listen: Listen, backends: Backends) -> Result<(), ServeError> {
    let Listen {
        address,
        limits,
        proxies,
    } = listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Bind { address, source })?;
    let services = Services::new(backends).map_err(ServeError::Threads)?;
    tokio::spawn(services.clone().find_holders());
    let (reporter, health) = tonic_health::server::health_reporter();
    // Part of serving, not a task beside it: where it breaks, the node does not go on with what it said last.
    let health_of_node = health::report(reporter, Arc::clone(&services.source));
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let incoming = Connections::new(limits, &proxies).accept(listener);
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_headers(Any)
        .allow_methods(Any)
        .expose_headers(Any);
    let served = Server::builder()
        .accept_http1(true)
        .max_concurrent_streams(MAX_STREAMS)
        .concurrency_limit_per_connection(MAX_STREAMS as usize)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .layer(Pieces)
        .layer(cors)
        .layer(GrpcWebLayer::new())
        .layer(Bounds::new(&proxies))
        .add_service(health.max_decoding_message_size(MAX_QUESTION_BYTES))
        .add_service(
            reflection()
                .build_v1()?
                .max_decoding_message_size(MAX_QUESTION_BYTES),
        )
        // What older clients ask for.
        .add_service(
            reflection()
                .build_v1alpha()?
                .max_decoding_message_size(MAX_QUESTION_BYTES),
        )
        .add_service(
            AccountServiceServer::new(services.clone())
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
        .add_service(
            TransactionServiceServer::new(services.clone())
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
        .add_service(
            ChainServiceServer::new(services.clone())
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
        .add_service(
            BridgeServiceServer::new(services.clone())
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
        .add_service(
            StakeServiceServer::new(services)
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
        .serve_with_incoming(incoming);
    tokio::select! {
        served = served => Ok(served?),
        never = health_of_node => match never {},
    }
}

impl From<Unreadable> for Status {
    fn from(error: Unreadable) -> Self {
        ReadError::from(error).into()
    }
}

impl From<ReadError> for Status {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Invalid(why) => Self::invalid_argument(why),
            ReadError::Unsupported(why) => Self::unimplemented(why),
            ReadError::NotFound(why) => Self::not_found(why),
            ReadError::Unavailable(why) => Self::unavailable(why),
            ReadError::Internal(why) => Self::internal(why),
        }
    }
}

impl Services {
    fn new(backends: Backends) -> io::Result<Self> {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = threads.clamp(2, 8);
        let inbox = backends.source.facts().contracts.inbox;
        Ok(Self {
            source: backends.source,
            engine: backends.engine,
            votes: backends.votes,
            prices: Prices::of(backends.root, inbox),
            counts: backends.counts,
            desk: Arc::new(Desk::new(backends.shares)),
            workers: Arc::new(Workers::start("grpc-read", (threads, threads), MAX_READS)?),
            past: Arc::new(Workers::start(
                "grpc-past",
                (MAX_DISK_READS, MAX_DISK_READS_OF_SITE),
                MAX_PAST_READS,
            )?),
            lists: Arc::new(Workers::start(
                "grpc-list",
                (MAX_LIST_READS, MAX_LIST_READS_OF_SITE),
                MAX_PAST_READS,
            )?),
            sets: Arc::new(Workers::start(
                "grpc-set",
                (MAX_SET_READS, MAX_SET_READS_OF_SITE),
                MAX_PAST_READS,
            )?),
            court: Arc::new(Workers::start(
                "grpc-court",
                MAX_COURT_READS,
                MAX_PAST_READS,
            )?),
            engine_calls: Arc::new(Semaphore::new(MAX_ENGINE_CALLS)),
            vote_reads: Arc::new(Semaphore::new(votes::MAX_VOTE_READS)),
        })
    }

    /// Answers a request by a read.
    async fn answer<Q: Send + 'static, T: Send + 'static>(
        &self,
        request: Request<Q>,
        read: impl FnOnce(&Reader<'_>, &Q) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        self.answer_by(&self.workers, Door::Client, request, read)
            .await
    }

    /// Answers a request for a list of the tip, which is height zero, by a read like any other; of a past height, when its turn has come.
    async fn answer_list<Q: Send + 'static, T: Send + 'static>(
        &self,
        request: Request<Q>,
        height: impl FnOnce(&Q) -> u64,
        read: impl FnOnce(&Reader<'_>, &Q) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        let (workers, door) = match height(request.get_ref()) {
            0 => (&self.workers, Door::Client),
            _ => (&self.lists, Door::List),
        };
        self.answer_by(workers, door, request, read).await
    }

    /// Answers a request that needs the set that signs a checkpoint, when its turn has come.
    async fn answer_set<Q: Send + 'static, T: Send + 'static>(
        &self,
        request: Request<Q>,
        read: impl FnOnce(&Reader<'_>, &Q) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        self.answer_by(&self.sets, Door::Set, request, read).await
    }

    /// Answers a request of whoever judges a checkpoint, when its turn has come.
    async fn answer_court<Q: Send + 'static, T: Send + 'static>(
        &self,
        request: Request<Q>,
        read: impl FnOnce(&Reader<'_>, &Q) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        self.answer_by(&self.court, Door::Court, request, read)
            .await
    }

    /// Answers a request by a read on threads of its kind, when its turn has come.
    async fn answer_by<Q: Send + 'static, T: Send + 'static>(
        &self,
        workers: &Workers,
        door: Door,
        request: Request<Q>,
        read: impl FnOnce(&Reader<'_>, &Q) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        let client = Client::of(&request);
        let request = request.into_inner();
        let answer = self.ask((workers, door), client, move |reader| {
            read(reader, &request)
        });
        self.counts.count(answer.await).map(Response::new)
    }

    /// Runs a read for `client` on a thread of its own kind. It is stopped when it takes too long, or when nobody waits for it.
    async fn read<T: Send + 'static>(
        &self,
        client: IpAddr,
        read: impl FnOnce(&Reader<'_>) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, Status> {
        let answer = self.ask((&self.workers, Door::Client), client, read);
        self.counts.count(answer.await)
    }

    async fn ask<T: Send + 'static>(
        &self,
        (workers, door): (&Workers, Door),
        client: IpAddr,
        read: impl FnOnce(&Reader<'_>) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, Status> {
        let source = Arc::clone(&self.source);
        let running = workers.run(site(client), move |cancelled| {
            read(&Reader::new(source.as_ref(), cancelled).by(door))
        });
        let running =
            running.map_err(|full| Status::resource_exhausted(format!("reads: {full}")))?;
        let done = tokio::time::timeout(READ_PATIENCE, running).await;
        let done = done.map_err(|_| {
            Status::deadline_exceeded(format!(
                "the read took longer than {} seconds and was stopped: the node is overloaded, ask again later",
                READ_PATIENCE.as_secs()
            ))
        })?;
        done.map_err(|lost| match lost {
            Lost::MadeWay => Status::resource_exhausted(format!("reads: {lost}")),
            Lost::Broken => Status::internal(lost.to_string()),
        })?
        .map_err(Status::from)
    }

    /// A contract's address.
    fn contract(&self, which: fn(&crate::app::reads::Contracts) -> Address) -> Address {
        which(&self.source.facts().contracts)
    }
}

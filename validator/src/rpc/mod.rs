//! gRPC (and grpc-web) for clients: reads come from `app::reads`, submissions go to the engine's mempool.
//!
//! Reflection and health are served too. Limits: requests of 1 MiB, refused by their stated length before they are read;
//! streams bounded in length and patience; a time-out for every read.

use std::{net::SocketAddr, sync::Arc, time::Duration};

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
};
use tokio::net::TcpListener;
use tonic::{
    Status,
    transport::{Server, server::TcpIncoming},
};
use tonic_web::GrpcWebLayer;
use tower_http::cors::{Any, CorsLayer};

use crate::{
    app::reads::{ReadError, Source},
    wire::Unreadable,
};

mod bridge;
pub mod client;
mod reads;
pub mod signer;
mod submit;

/// The largest request, in bytes.
const LARGEST_REQUEST: usize = 1 << 20;
/// Requests of one connection that run at once.
const AT_ONCE: usize = 128;
/// How long a read may take.
const READ_PATIENCE: Duration = Duration::from_secs(30);
/// After how long a silent connection is asked whether it lives.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// What the services are made of.
#[derive(Clone)]
pub struct Services {
    /// What reads are answered from.
    pub source: Arc<dyn Source>,
    /// The engine, which takes transactions.
    pub engine: Arc<dyn Mempool>,
    /// The root chain, for prices; never asked by consensus.
    pub root: Arc<Rpc>,
}

/// Where transactions are handed in.
#[tonic::async_trait]
pub trait Mempool: Send + Sync + 'static {
    /// Checks a transaction and takes it in: result code and log, as CheckTx gave them.
    async fn broadcast(&self, bytes: Vec<u8>) -> Result<Taken, String>;
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
    /// The descriptors are malformed: cannot be with generated ones.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Serves until `stop` is ready.
///
/// # Errors
/// [`ServeError`] when the address is taken or the server fails.
pub async fn serve(
    address: SocketAddr,
    services: Services,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Bind { address, source })?;
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter
        .set_service_status("", tonic_health::ServingStatus::Serving)
        .await;
    reporter
        .set_serving::<AccountServiceServer<Services>>()
        .await;
    reporter
        .set_serving::<TransactionServiceServer<Services>>()
        .await;
    reporter.set_serving::<ChainServiceServer<Services>>().await;
    reporter
        .set_serving::<BridgeServiceServer<Services>>()
        .await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .build_v1()?;
    let incoming = TcpIncoming::from(listener)
        .with_nodelay(Some(true))
        .with_keepalive(Some(KEEPALIVE));
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_headers(Any)
        .allow_methods(Any)
        .expose_headers(Any);
    Server::builder()
        .accept_http1(true)
        .concurrency_limit_per_connection(AT_ONCE)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .layer(cors)
        .layer(GrpcWebLayer::new())
        .add_service(health)
        .add_service(reflection)
        .add_service(
            AccountServiceServer::new(services.clone()).max_decoding_message_size(LARGEST_REQUEST),
        )
        .add_service(
            TransactionServiceServer::new(services.clone())
                .max_decoding_message_size(LARGEST_REQUEST),
        )
        .add_service(
            ChainServiceServer::new(services.clone()).max_decoding_message_size(LARGEST_REQUEST),
        )
        .add_service(BridgeServiceServer::new(services).max_decoding_message_size(LARGEST_REQUEST))
        .serve_with_incoming_shutdown(incoming, stop)
        .await?;
    Ok(())
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
            ReadError::NotFound(why) => Self::not_found(why),
            ReadError::Unavailable(why) => Self::unavailable(why),
            ReadError::Internal(why) => Self::internal(why),
        }
    }
}

impl Services {
    /// Runs a read off the async threads: it may scan the state.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Source) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, Status> {
        let source = Arc::clone(&self.source);
        let read = tokio::task::spawn_blocking(move || read(source.as_ref()));
        let done = tokio::time::timeout(READ_PATIENCE, read).await;
        let done = done.map_err(|_| {
            Status::deadline_exceeded(format!(
                "the read took longer than {} seconds: the node is overloaded, ask again later",
                READ_PATIENCE.as_secs()
            ))
        })?;
        done.map_err(|error| Status::internal(format!("the read did not end: {error}")))?
            .map_err(Status::from)
    }

    /// A contract's address.
    fn contract(&self, which: fn(&crate::app::reads::Contracts) -> Address) -> Address {
        which(&self.source.facts().contracts)
    }
}

//! `plasmid load`: what a chain takes, and how long it takes it for.
//!
//! The load itself is `client::load`, for other programs too; here are its options, its ways to a node, and what is printed.

use std::{path::PathBuf, sync::Arc, time::Duration};

use alloy_primitives::{B256, keccak256};
use clap::{Args, ValueEnum};
use plasmid_bridge::client::whole;

use super::{
    CliError,
    connect::{Connection, UrlOption},
    keys::KeyOptions,
    output::{self, Output},
    tx::tip::RootView,
};
use crate::{
    client::{
        Client, Terms,
        load::{LaneWay, LoadLane, NodeWord, Schedule, Stretch, Unary, crowd::LoadWork},
    },
    ledger::Domain,
};
use engine::EngineWay;
use transfers::TransferLoad;

pub(in crate::cli) mod engine;
#[cfg(test)]
pub(in crate::cli) mod fixture;
mod plot;
pub(in crate::cli) mod shown;
pub(in crate::cli) mod transfers;

/// Lanes of gRPC that share a connection: a node takes 64 connections of an address.
const LANES_A_CONNECTION: usize = 8;
/// Blocks in a second at most, so that no signature expires before its transaction is due.
const MAX_BLOCKS_A_SECOND: u64 = 64;

/// How transactions are handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// A stream of transactions for each lane, by gRPC.
    GrpcStream,
    /// A call for each transaction, by gRPC.
    Grpc,
    /// CometBFT's JSON-RPC, with the answer of CheckTx.
    BroadcastTxSync,
    /// CometBFT's JSON-RPC, which answers before CheckTx: only a block says that one was taken.
    BroadcastTxAsync,
}

impl Method {
    /// Whether it goes to a node, and not to its engine.
    pub const fn is_grpc(self) -> bool {
        matches!(self, Self::GrpcStream | Self::Grpc)
    }

    /// As it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GrpcStream => "grpc-stream",
            Self::Grpc => "grpc",
            Self::BroadcastTxSync => "broadcast-tx-sync",
            Self::BroadcastTxAsync => "broadcast-tx-async",
        }
    }
}

/// Options of the load. It has no `Debug`: an address may hold a key.
#[derive(Args)]
pub struct LoadCommand {
    /// Transactions a second, over all endpoints together. When each is due follows from this alone, and latency counts from then.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: u32,
    /// Lanes to each endpoint: each has one stream or one call at a time. A node takes 8 streams of transactions from one address.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    connections: u32,
    /// How long, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    time: u32,
    /// How long blocks are followed after that, in seconds, until all that was taken stands in one.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    drain: u32,
    /// Records of this many bytes are sent, 0 to 1,024 [default: transfers, which have one size].
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(0..=1_024))]
    size: Option<u32>,
    /// How transactions are handed in.
    #[arg(long, value_enum, default_value = "grpc-stream")]
    method: Method,
    /// Where transactions are handed in, separated by commas: addresses of gRPC or, for the methods of CometBFT's JSON-RPC, of engines [default: all of the local network].
    #[arg(long, value_name = "URL,…", value_delimiter = ',', value_parser = UrlOption)]
    endpoints: Vec<String>,
    /// CometBFT's RPC of the node whose blocks are followed [default: the local network's first].
    #[arg(long, value_name = "URL", value_parser = UrlOption)]
    engine: Option<String>,
    /// Senders, each with somebody whom it pays. They take turns; fewer than there are lanes leave lanes unused, and a sender has 64 transactions in a node's mempool at most.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    senders: u32,
    /// Name of a funded key, which funds senders that have too little. What is left stays with the senders, for the next load with the same key.
    #[arg(long, value_name = "KEY", required_unless_present = "seed")]
    from: Option<String>,
    /// What the senders' keys are made from: whoever knows it has their money [default: a hash of the secret of --from].
    #[arg(long, value_name = "HASH")]
    seed: Option<B256>,
    /// Draws what was committed in each second, and the latencies, into this file (SVG).
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Prints one JSON object (the same as `--output json`).
    #[arg(long)]
    json: bool,
}

/// Runs `plasmid load`.
///
/// # Errors
/// What is missing for a load, and an effect that is not what the blocks say.
pub async fn run(
    command: LoadCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let output = match command.json {
        true => Output::new(output::Format::Json),
        false => output,
    };
    let status = connection.status().await?;
    let deployment = connection.deployment(&status).await?;
    let domain = deployment.domain;
    let root = RootView::read(connection, &deployment).await?;
    let terms = Terms {
        max_tip: root.highest()?,
        valid_for: Terms::default().valid_for
            + MAX_BLOCKS_A_SECOND * u64::from(command.time + command.drain),
        ..Terms::default()
    };
    let (seed, funder) = match &command.from {
        Some(name) => {
            let (_, secret) = keys.open(name)?;
            let own = keccak256([b"plasmid load".as_slice(), secret.as_slice()].concat());
            (command.seed.unwrap_or(own), Some(keys.signer(name)?))
        }
        None => (command.seed.unwrap_or_default(), None),
    };
    let endpoints = match command.method.is_grpc() {
        true if command.endpoints.is_empty() => connection.nodes(&[])?,
        true => command.endpoints.clone(),
        false => connection.engines(&command.endpoints)?,
    };
    let followed = connection.engines(command.engine.as_slice())?;
    let node = connection.nodes(&[])?;
    let transfers = TransferLoad {
        node: node.first().cloned().unwrap_or_default(),
        followed: followed.first().cloned().unwrap_or_default(),
        domain,
        seed: seed.0,
        funder,
        senders: command.senders as usize,
        work: command
            .size
            .map_or(LoadWork::Transfer, |bytes| LoadWork::Record {
                bytes: bytes as usize,
            }),
        valid_until: terms.valid_until(status.height)?,
        drain: Duration::from_secs(command.drain.into()),
    };
    let schedule = Schedule::new(&[Stretch {
        per_second: command.rate,
        time: Duration::from_secs(command.time.into()),
    }]);
    let lanes = lanes(
        command.method,
        &endpoints,
        command.connections as usize,
        domain,
    )
    .await?;
    let progress = output.progress("preparing");
    let mut tell = |text: &str| progress.set_message(text.to_owned());
    let ran = async {
        transfers
            .ready(schedule, lanes, &mut tell)
            .await?
            .run(&mut tell)
            .await
    };
    let ran = ran.await;
    progress.finish_and_clear();
    let ran = ran?;
    let asked = shown::AskedLoad {
        method: command.method.name(),
        rate: command.rate,
        bytes: ran.bytes,
        senders: command.senders as usize,
        lanes: ran.lanes,
        endpoints: endpoints.len(),
    };
    if let Some(path) = &command.plot {
        whole::replace(
            path,
            plot::svg(&ran.loaded.tally).as_bytes(),
            whole::READABLE,
        )
        .map_err(|error| CliError::new(format!("{}: {error}", path.display())))?;
    }
    shown::print(
        &shown::object(&asked, &ran.loaded, Some(ran.effect)),
        output,
    );
    ran.check()
}

/// An endpoint.
enum Way {
    /// By gRPC, over some connections.
    Node(Vec<Client>),
    /// By CometBFT's JSON-RPC.
    Engine(EngineWay),
}

/// Lanes to each of these endpoints, the endpoints in turn.
///
/// # Errors
/// Names an endpoint that does not answer, or serves another deployment.
pub async fn lanes(
    method: Method,
    endpoints: &[String],
    each: usize,
    domain: Domain,
) -> Result<Vec<LoadLane>, CliError> {
    let mut ways = Vec::new();
    for url in endpoints {
        let way = match method.is_grpc() {
            true => {
                let mut connections = Vec::new();
                for _ in 0..each.div_ceil(LANES_A_CONNECTION) {
                    connections.push(Client::connect(url, domain).await?);
                }
                Way::Node(connections)
            }
            false => Way::Engine(EngineWay::new(url, method == Method::BroadcastTxSync)?),
        };
        let word: Option<Arc<dyn NodeWord>> = match &way {
            Way::Node(connections) => connections
                .first()
                .map(|client| Arc::new(client.clone()) as _),
            Way::Engine(engine) => Some(Arc::new(engine.clone())),
        };
        ways.push((way, word));
    }
    let mut lanes = Vec::new();
    for number in 0..each {
        for (way, word) in &ways {
            let way = match way {
                Way::Engine(engine) => LaneWay::Calls(Box::new(engine.clone())),
                Way::Node(connections) => {
                    let client = connections[number / LANES_A_CONNECTION].transactions();
                    match method {
                        Method::GrpcStream => LaneWay::Streams(client),
                        _ => LaneWay::Calls(Box::new(Unary(client))),
                    }
                }
            };
            lanes.push(LoadLane {
                way,
                word: word.clone(),
            });
        }
    }
    Ok(lanes)
}

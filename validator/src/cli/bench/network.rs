//! `plasmid bench network`: a local network of four validators under load, and CometBFT's kvstore on the same engines after it.
//!
//! ```text
//! local network ── load, a deposit, checkpoints ── overload: as much as it held, three times that, as much as it held ── stopped
//! kvstore       ── the same load by the same program, on the same configuration ── stopped
//! ```
//! All run on this machine, the load too. CometBFT's own `load` tool is written in Go and not installed here: kvstore is loaded by
//! `client::load`, as Plasmid is, by CometBFT's JSON-RPC.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::{
    cli::{
        CliError,
        bench::show,
        connect::Deployment,
        demo::people::{World, person},
        load::{Method, engine::EngineWay, lanes, shown, transfers::TransferLoad},
        output::{Format, Output},
    },
    client::load::{self, Course, Glance, LoadLane, Schedule, Stretch, crowd::LoadWork},
    ledger::{Domain, Parameters},
    localnet::{
        Local, Watching, loopback,
        rival::Rival,
        run::{Network, Options},
        usage,
    },
    node::shutdown,
};
use bystander::Bystander;
use figures::{CALM, LoadedNetwork};
use key_values::KeyValues;

mod bystander;
mod figures;
mod key_values;

/// How much more than what it held an overload is.
const OVERLOAD: u32 = 3;
/// How long blocks are followed when a load is over.
const DRAIN: Duration = Duration::from_secs(60);

/// Options of `bench network`.
#[derive(Debug, Args)]
pub struct NetworkCommand {
    /// How long each network is loaded, in seconds.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    seconds: u32,
    /// Transactions a second, over all validators together.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: u32,
    /// How long the overload lasts, in seconds; 0 for none.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=600))]
    overload: u32,
    /// Lanes to each validator, as in `plasmid load`.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    connections: u32,
    /// Senders.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    senders: u32,
    /// How transfers are handed in; kvstore is loaded by `broadcast_tx_sync`, or by `broadcast_tx_async` where that is named here.
    #[arg(long, value_enum, default_value = "grpc-stream")]
    method: Method,
    /// What the engines of both networks index: with `kv`, transactions are found by their events.
    #[arg(long, value_enum, default_value = "null")]
    indexer: Indexer,
    /// Where the networks are made; their folders are deleted afterwards [default: .plasmid/bench].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Prints one JSON object a line (the same as `--output json`).
    #[arg(long)]
    json: bool,
}

/// CometBFT's index of transactions.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Indexer {
    /// Nothing is indexed.
    Null,
    /// All events are.
    Kv,
}

/// A load as it was asked for, on one network.
struct Way<'a> {
    command: &'a NetworkCommand,
    endpoints: &'a [String],
    domain: Domain,
}

/// Measures, and prints a row for each figure.
///
/// # Errors
/// What did not start, and an effect that is not what the blocks say.
pub(super) async fn run(command: &NetworkCommand, output: Output) -> Result<(), CliError> {
    let output = match command.json {
        true => Output::new(Format::Json),
        false => output,
    };
    let parent = command
        .dir
        .clone()
        .unwrap_or_else(|| ".plasmid/bench".into());
    std::fs::create_dir_all(&parent)?;
    let folder = tempfile::tempdir_in(&parent)?;
    let progress = output.progress("starting");
    let mut say = |text: &str| progress.set_message(text.to_owned());
    let measured = tokio::select! {
        measured = measure(command, folder.path(), &mut say) => measured,
        () = shutdown::requested() => Err(CliError::new("interrupted")),
    };
    progress.finish_and_clear();
    let (ours, figures, rival) = match measured {
        Ok(measured) => measured,
        Err(error) => {
            let kept = folder.keep();
            return Err(error.and(&format!("; logs and state: {}", kept.display())));
        }
    };
    figures::tell(output, &ours, &rival);
    show(&figures::all(&ours, figures, &rival), output);
    output.say(
        "kvstore was loaded by this program too, by CometBFT's JSON-RPC: CometBFT's own `load` tool is not installed. The load itself ran on this machine beside both.",
    );
    Ok(())
}

async fn measure(
    command: &NetworkCommand,
    folder: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<(LoadedNetwork, Vec<Value>, LoadedNetwork), CliError> {
    let child = folder.join("plasmid");
    let options = Options {
        folder: child.clone(),
        validators: Some(4),
        parameters: Parameters::local(),
        retain_blocks: 0,
        first_port: None,
        root_idle_secs: 1,
        reset: false,
        verify_segments: false,
        tools: None,
    };
    let mut network = Network::open(&options, say).await?;
    command.index(&network)?;
    say("validators");
    network.start_nodes().await?;
    network.start_relayer()?;
    network.start_watcher(&Watching::default())?;
    let (ours, figures) = ours(command, &network, say).await?;
    network.check()?;
    network.stop().await?;
    let rival = Rival::start(&child, &folder.join("kvstore")).await?;
    let theirs = theirs(command, &rival, say).await?;
    rival.stop().await?;
    Ok((ours, figures, theirs))
}

async fn ours(
    command: &NetworkCommand,
    network: &Network,
    say: &mut dyn FnMut(&str),
) -> Result<(LoadedNetwork, Vec<Value>), CliError> {
    let world = World::open(network).await?;
    let status = world.now().await?;
    let domain = Deployment::of(network.local.registry, &status)?.domain;
    let engines: Vec<_> = network.local.nodes.iter().map(|ports| ports.rpc).collect();
    let engines: Vec<_> = engines
        .iter()
        .map(|port| format!("http://{}", loopback(*port)))
        .collect();
    let endpoints: Vec<_> = match command.method.is_grpc() {
        true => (0..network.nodes.len())
            .map(|number| network.grpc(number))
            .collect(),
        false => engines.clone(),
    };
    let transfers = TransferLoad {
        node: network.grpc(0),
        followed: engines.first().cloned().unwrap_or_default(),
        domain,
        seed: [7; 32],
        funder: Some(person("bob")?.signer),
        senders: command.senders as usize,
        work: LoadWork::Transfer,
        valid_until: u64::MAX - 1,
        drain: DRAIN,
    };
    let way = Way {
        command,
        endpoints: &endpoints,
        domain,
    };
    let (mut seen, time) = (Bystander::default(), seconds(command.seconds));
    let schedule = way.steady(command.rate, time);
    let ready = transfers
        .ready(schedule, way.lanes(command.method).await?, say)
        .await?;
    let before = usage::sample(&network.folder)?;
    let (ran, looked) = tokio::join!(ready.run(say), seen.look(&world, time));
    looked?;
    let ran = ran?;
    ran.check()?;
    let after = usage::sample(&network.folder)?;
    let mut figures = seen.figures();
    if command.overload > 0 {
        let millis = ran.loaded.took.as_millis().max(1);
        let held = u128::from(ran.loaded.tally.committed) * 1_000 / millis;
        let held = u32::try_from(held).unwrap_or(u32::MAX).max(1);
        let schedule = way.overload(held);
        let ready = transfers.ready(schedule, way.lanes(command.method).await?, say);
        let over = ready.await?.run(say).await?;
        over.check()?;
        figures.extend(figures::overload(
            held,
            seconds(command.overload),
            &over.loaded,
        ));
    }
    let asked = way.asked(command.method, ran.bytes, ran.lanes);
    let report = shown::object(&asked, &ran.loaded, Some(ran.effect));
    let config = std::fs::read_to_string(Local::home(&network.folder, 0).engine().config_path())?;
    Ok((
        LoadedNetwork::new(report, ran.loaded, [&before, &after], config),
        figures,
    ))
}

async fn theirs(
    command: &NetworkCommand,
    rival: &Rival,
    say: &mut dyn FnMut(&str),
) -> Result<LoadedNetwork, CliError> {
    let endpoints = rival.engines();
    let method = match command.method {
        Method::BroadcastTxAsync => Method::BroadcastTxAsync,
        _ => Method::BroadcastTxSync,
    };
    let domain = Domain {
        root_chain_id: 0,
        root_chain: [0; 20],
        deployment: [0; 20],
    };
    let way = Way {
        command,
        endpoints: &endpoints,
        domain,
    };
    say("kvstore");
    let followed = endpoints.first().cloned().unwrap_or_default();
    let mut lanes = way.lanes(method).await?;
    // It knows neither senders nor sequences.
    lanes.iter_mut().for_each(|lane| lane.word = None);
    let before = usage::sample(&rival.folder)?;
    let course = Course {
        schedule: way.steady(command.rate, seconds(command.seconds)),
        supply: Box::new(KeyValues::default()),
        lanes,
        blocks: Arc::new(EngineWay::new(&followed, true)?),
        drain: DRAIN,
    };
    let count = course.lanes.len();
    let mut tell = |glance: Glance| say(&format!("kvstore: {} in blocks", glance.committed));
    let loaded = load::run(course, &mut tell).await?;
    let after = usage::sample(&rival.folder)?;
    let asked = way.asked(method, key_values::BYTES, count);
    let report = shown::object(&asked, &loaded, None);
    let home = Local::home(&rival.folder, 0).engine();
    let config = std::fs::read_to_string(home.config_path())?;
    Ok(LoadedNetwork::new(
        report,
        loaded,
        [&before, &after],
        config,
    ))
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}

impl NetworkCommand {
    /// Writes into the configuration of each engine what it indexes; the rival takes these files.
    fn index(&self, network: &Network) -> Result<(), CliError> {
        let indexer = match self.indexer {
            Indexer::Null => "null",
            Indexer::Kv => "kv",
        };
        for number in 0..network.local.nodes.len() {
            let engine = Local::home(&network.folder, number).engine();
            let mut config = engine.read_config()?;
            config.tx_index.indexer = indexer.to_owned();
            engine.write_config(&config)?;
        }
        Ok(())
    }
}

impl Way<'_> {
    fn steady(&self, per_second: u32, time: Duration) -> Schedule {
        Schedule::new(&[Stretch { per_second, time }])
    }

    /// As much as it held, more than that, and as much as it held.
    fn overload(&self, held: u32) -> Schedule {
        let calm = Stretch {
            per_second: held,
            time: CALM,
        };
        let over = Stretch {
            per_second: held.saturating_mul(OVERLOAD),
            time: seconds(self.command.overload),
        };
        Schedule::new(&[calm, over, calm])
    }

    async fn lanes(&self, method: Method) -> Result<Vec<LoadLane>, CliError> {
        let each = self.command.connections as usize;
        lanes(method, self.endpoints, each, self.domain).await
    }

    fn asked(&self, method: Method, bytes: usize, lanes: usize) -> shown::AskedLoad {
        shown::AskedLoad {
            method: method.name(),
            rate: self.command.rate,
            bytes,
            senders: self.command.senders as usize,
            lanes,
            endpoints: self.endpoints.len(),
        }
    }
}

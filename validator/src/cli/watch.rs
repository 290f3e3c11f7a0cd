//! `plasmid watch`: takes keys that say two things to the Court on root, holding no validator's key.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy_primitives::Address;
use clap::Args;
use plasmid_bridge::client::{
    ceremony,
    endpoints::Endpoints,
    wallet::{Key, Wallet},
    watcher::{WatchNotice, WatchOptions, Watcher, handed},
};
use plasmid_bridge::relay::{acceptance::Acceptance, challenges::DataTarget};
use serde_json::json;
use tokio::sync::mpsc;

use super::{
    CliError,
    connect::{Connection, UrlOption},
    fees::FeeOptions,
    init::second_endpoint,
    keys::KeyOptions,
    output::{self, Format, Output},
    relay::state_folder,
};
use crate::{
    ledger::{Domain, address, leaf::NATIVE},
    node::{config::Home, shutdown},
};
use checkpoints::{
    Deployed,
    challenged::{self, DataReader},
};
use child::ChildNodes;

pub mod checkpoints;
mod child;
pub mod shares;
mod shown;
mod votes;

/// News of the child that wait for the watcher, at most.
const NEWS: usize = 64;

/// Options of the watcher. It has no `Debug`: an address may hold a key.
#[derive(Args)]
pub struct WatchCommand {
    /// Name of the key that pays on root. Its account is the watcher's own: another program that sends with it makes both slower.
    #[arg(long)]
    from: String,
    /// CometBFT RPC address of a node of the child, whose blocks are read; once for each. Evidence is seen if any of them has it [default: all
    /// engines of the local network, and else what the nodes show of theirs].
    #[arg(long = "engine", value_name = "URL", value_parser = UrlOption)]
    engines: Vec<String>,
    /// gRPC address of another node of the child that is asked for sets of validators, shares, what checkpoints commit to, and, with no --engine, votes; once
    /// for each [default: with no --node, all nodes of the local network].
    #[arg(long = "also-node", value_name = "URL", value_parser = UrlOption)]
    also_nodes: Vec<String>,
    /// Whom rewards are paid to on root [default: the account that pays]. What was found before stays with whom it was found for.
    #[arg(long, value_name = "ADDRESS", value_parser = address::parse)]
    beneficiary: Option<Address>,
    /// Folder that keeps found evidence and how far both chains were read; one watcher at a time uses it [default: `watch` in the local
    /// network's folder, where there is one, and else `plasmid/watch-<deployment>-<account>` in `$XDG_STATE_HOME` or `~/.local/state`].
    /// It has 16 GiB at most of what was read of checkpoints, and one state of 8 GiB at most, or two while one is written.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// The network's genesis.json: as long as root has no final checkpoint, its state is the one on which blocks are executed again [default: the local
    /// network's]. Behind that the state comes from nodes, and leads to what root keeps.
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    #[command(flatten)]
    fees: FeeOptions,
    /// The highest sum that all reports together may cost in gas, in coins (0.05), counted from the first one that the folder knows of: what would go
    /// over it is not sent, and said. A restart with a larger sum goes on [default: no limit, but for what rests on one root endpoint's word where a second one
    /// says nothing].
    #[arg(long, value_name = "COINS")]
    budget: Option<String>,
    /// The highest sum, in coins (0.5), that questions for data may cost: what they hold and what was lost, counted from the first one that the folder knows of; 0 asks for
    /// nothing. Where no node shows a part of an accepted checkpoint, it is asked for on root, for a price that `plasmid challenge list` shows. When nobody answers,
    /// the checkpoint is void and the price comes back, and is free again; when somebody does, the price is lost, and what was withheld stands on root for everybody. Gas
    /// counts in --budget.
    #[arg(long, value_name = "COINS", default_value = "0")]
    challenge_budget: String,
    /// File with evidence that somebody hands over: two votes, two shares or two certificates, as JSON; once for each. `plasmid watch` checks it as it
    /// checks what nodes serve.
    #[arg(long, value_name = "FILE")]
    evidence: Vec<PathBuf>,
    /// A second JSON-RPC endpoint of the root chain, which somebody else runs: whatever decides is asked of both, and when they differ nothing is sent. Where
    /// it says nothing for a few root blocks, reports go on by the first one's word alone, for half of `--budget`, or one coin where there is none, and nothing
    /// is let go of. Without it one endpoint is believed.
    #[arg(long, value_parser = UrlOption)]
    second_root: Option<String>,
    /// Sends nothing, and says what it would send and what that would cost.
    #[arg(long)]
    dry_run: bool,
    /// Prints one JSON object a line (the same as `--output json`).
    #[arg(long)]
    json: bool,
}

/// The folder of a watcher that this account pays for.
fn watch_folder(
    named: Option<&Path>,
    connection: &Connection,
    deployment: [u8; 20],
    from: Address,
) -> Result<PathBuf, CliError> {
    if let Some(folder) = named {
        return Ok(folder.to_owned());
    }
    if connection.is_local()
        && let Some(local) = connection.local_folder()
    {
        return Ok(local.join("watch"));
    }
    let folder = state_folder(|name| std::env::var_os(name).map(PathBuf::from));
    let folder = folder.ok_or_else(|| {
        CliError::new("HOME is not set: name the folder that keeps evidence with --folder")
    })?;
    Ok(folder.join(format!("watch-{}-{from:x}", hex::encode(deployment))))
}

/// Where an answer to a challenge is read by hand.
pub struct DataSource<'a> {
    /// Nodes beside the one that every command asks.
    pub also_nodes: &'a [String],
    /// The folder of a watcher, where it is named.
    pub folder: Option<&'a Path>,
    /// Whose watcher has the folder where none is named.
    pub account: Address,
}

impl DataSource<'_> {
    /// The call that answers a challenge.
    ///
    /// # Errors
    /// Why nobody shows what is asked for.
    pub async fn answer(
        &self,
        connection: &Connection,
        domain: &Domain,
        accepted: &Acceptance,
        target: DataTarget,
    ) -> Result<Vec<u8>, CliError> {
        let nodes = connection.nodes(self.also_nodes)?;
        let child = ChildNodes::new(&[], &nodes)?;
        let created = ceremony::read_back(&*connection.root()?, connection.registry()?).await;
        let created = created.map_err(|error| CliError::new(error.to_string()))?;
        let folder = watch_folder(self.folder, connection, created.id, self.account)?;
        let deployed = Deployed {
            domain: *domain,
            state_root: created.state_root,
            time: created.time,
            genesis: local_genesis(connection),
        };
        // What nodes lie in is of no use here: another one is asked then.
        let (news, _told) = mpsc::channel(NEWS);
        let accepted_now = tokio::sync::watch::Sender::default().subscribe();
        let place = (folder.clone(), checkpoints::archive(folder));
        let mut reader = DataReader::new(child.nodes(), deployed, place, accepted_now, &news);
        let answer = reader.answer_once(accepted, target).await;
        answer.map_err(|reason| {
            CliError::new(format!("nobody shows {target}: {reason}; nothing was sent"))
        })
    }
}

impl WatchCommand {
    /// The genesis that is named, or the local network's.
    fn genesis(&self, connection: &Connection) -> Option<PathBuf> {
        self.genesis.clone().or_else(|| local_genesis(connection))
    }
}

fn local_genesis(connection: &Connection) -> Option<PathBuf> {
    let local = connection.local_folder().filter(|_| connection.is_local());
    local.map(|local| Home::new(local.join("node0")).genesis_path())
}

/// Runs `plasmid watch` until Ctrl-C.
///
/// # Errors
/// When the root chain, the key or the folder cannot be used at the start; later troubles are said and tried again.
pub async fn run(
    command: WatchCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let output = match command.json {
        true => Output::new(Format::Json),
        false => output,
    };
    let engines = connection.engines(&command.engines)?;
    let nodes = connection.nodes(&command.also_nodes)?;
    let child = ChildNodes::new(&engines, &nodes)?;
    let secret = keys.root_secret(&command.from)?;
    let key = Key::from_bytes(&secret).map_err(|error| CliError::new(error.to_string()))?;
    let own = connection.deployment_alone().await?;
    let deployment = &own.domain;
    let rpc = connection.root()?;
    let spending = command.fees.spending()?;
    let wallet = Wallet::open(rpc.clone(), key, deployment.root_chain_id, spending).await?;
    let risk =
        "if it lies, evidence is kept back until it is too late, and gas is paid for nothing";
    let second = second_endpoint(&rpc, command.second_root.as_deref(), risk)?;
    if let Some(second) = &second {
        Endpoints::new(&rpc, Some(second)).chain_id().await?;
    }
    let created = ceremony::read_back(&rpc, connection.registry()?).await;
    let created = created.map_err(|error| CliError::new(error.to_string()))?;
    if let Some(beneficiary) = command.beneficiary {
        own.refuse_lost("the beneficiary", beneficiary.into_array(), NATIVE)?;
    }
    let named = command.folder.as_deref();
    let folder = watch_folder(named, connection, created.id, wallet.address())?;
    let questions = command.fees.budget(Some(&command.challenge_budget))?;
    let options = WatchOptions {
        beneficiary: command.beneficiary.unwrap_or_else(|| wallet.address()),
        dry_run: command.dry_run,
        budget: command.fees.budget(command.budget.as_deref())?,
        challenge_budget: questions.unwrap_or_default(),
    };
    let mut handed = Vec::new();
    for path in &command.evidence {
        let statements = handed::read(path).map_err(|error| CliError::new(error.to_string()))?;
        handed.push((path.display().to_string(), statements));
    }
    let mut say = |notice: &WatchNotice| {
        let (object, sentence) = shown::shown(notice);
        match output.is_json() {
            true => output::json_line(&object),
            false => output::line(&sentence),
        }
    };
    let account = wallet.address();
    let chain = created.chain_id();
    let (voters, sharers) = (child.voters(), child.nodes());
    let deployed = Deployed {
        domain: *deployment,
        state_root: created.state_root,
        time: created.time,
        genesis: command.genesis(connection),
    };
    let second = second.map(Arc::new);
    let mut watcher = Watcher::open(wallet, second, created, child, &folder, options).await?;
    for (place, statements) in handed {
        for statement in statements {
            watcher.hand_over(&place, statement);
        }
    }
    if output.is_json() {
        output::json_line(&json!({
            "event": "watching", "account": account.to_string(), "folder": folder.display().to_string(),
        }));
    }
    output.say(&format!(
        "watching the blocks of {}, with the sets of {} nodes; {account} pays on root; evidence is kept in {}",
        match engines.len() {
            0 => "these nodes' engines".to_owned(),
            engines => format!("{engines} engines"),
        },
        nodes.len(),
        folder.display()
    ));
    output.say(
        "it sees the double votes that stand in blocks or in two nodes' commits, two shares or certificates of one epoch that nodes serve, and certificates in transactions to root; \
         of anything else it needs a file: --evidence",
    );
    let (accepted, dialogue) = (watcher.accepted(), watcher.dialogue());
    let archive = checkpoints::archive(folder.clone());
    let work = async {
        let begin = watcher.prepare(&mut say).await;
        let (news, told) = mpsc::channel(NEWS);
        child::follow(voters, &begin.heights, begin.floor, &chain, &news);
        shares::follow(sharers.clone(), begin.epoch, &news);
        if let Some(dialogue) = dialogue {
            let (nodes, deployed) = (sharers.clone(), deployed.clone());
            let (folder, accepted) = (folder.clone(), accepted.clone());
            let place = (folder, Arc::clone(&archive));
            challenged::follow(nodes, deployed, place, accepted, dialogue, &news);
        }
        checkpoints::follow(sharers, deployed, archive, accepted, &news);
        drop(news);
        watcher.run(told, &mut say).await;
    };
    tokio::select! {
        () = work => Err(CliError::new("what reads the child ended by itself: start the watcher again, and report it")),
        () = shutdown::requested() => Ok(()),
    }
}

//! `plasmid localnet`: a whole network on one machine, left running until Ctrl-C.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use plasmid_bridge::abi;
use serde_json::{Value, json};

use super::{
    CliError,
    connect::{DEFAULT_FOLDER, NETWORK_FILE, NetworkFile},
    output::{self, Output},
};
use crate::{
    client::signer::Signer,
    ledger::Parameters,
    localnet::{
        Local, LocalError, Watching, found, loopback,
        run::{Network, Options},
    },
    node::{config, shutdown},
};

/// A network that is left alone takes little memory this way: anvil holds each block as long as it runs.
const ROOT_IDLE_SECS: u64 = 4;

/// Options of the local network.
#[derive(Debug, Args)]
pub struct LocalnetCommand {
    /// How many validators, 1 to 16 [default: the number that the folder holds, or 4 in a new folder].
    #[arg(long)]
    validators: Option<u16>,
    /// The folder of the network. A network that is started again on the same folder goes on where it was.
    #[arg(long, default_value = DEFAULT_FOLDER)]
    dir: PathBuf,
    /// The first of the ports that the network uses, one after another. Without it free ports are chosen.
    #[arg(long)]
    first_port: Option<u16>,
    /// The block time in milliseconds, 16 to 1,875; the folder keeps the one that it was founded with [default: 250].
    #[arg(long, value_name = "MS")]
    block_time_ms: Option<u32>,
    /// Deletes what the folder holds and founds a new network.
    #[arg(long)]
    reset: bool,
    /// Prints one JSON object instead of a table (the same as `--output json`).
    #[arg(long)]
    json: bool,
}

impl From<LocalError> for CliError {
    fn from(error: LocalError) -> Self {
        Self::new(error.to_string())
    }
}

/// Runs `plasmid localnet`.
///
/// # Errors
/// What did not start, and what to do.
pub async fn run(command: LocalnetCommand, output: Output) -> Result<(), CliError> {
    let output = if command.json {
        Output::new(output::Format::Json)
    } else {
        output
    };
    let parameters = parameters(&command)?;
    let options = Options {
        folder: command.dir.clone(),
        validators: command.validators,
        parameters,
        retain_blocks: retained(&parameters),
        first_port: command.first_port,
        root_idle_secs: ROOT_IDLE_SECS,
        reset: command.reset,
        verify_segments: false,
        tools: None,
    };
    let stop = shutdown::requested();
    tokio::pin!(stop);
    let mut network = None;
    let ended = tokio::select! {
        outcome = start(&options, output, &mut network) => outcome,
        () = &mut stop => {
            output.say("stopped before it was ready");
            return halt(network).await;
        }
    };
    if let Err(error) = ended {
        let _ = halt(network).await;
        return Err(error);
    }
    let watched = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let Some(network) = &mut network else {
                continue;
            };
            if let Err(error) = network.check() {
                return error.to_string();
            }
            if let Err(error) = network.tend() {
                tracing::warn!(%error, "a log of the local network is not cut");
            }
        }
    };
    let failed = tokio::select! {
        error = watched => Some(error),
        () = &mut stop => None,
    };
    output.say("stopping every process");
    halt(network).await?;
    failed.map_or(Ok(()), |error| Err(CliError::new(error)))
}

/// A little more than the age of evidence, up to which the engine keeps the headers of blocks in any case.
fn retained(parameters: &Parameters) -> u64 {
    parameters.evidence_age_blocks.saturating_mul(5) / 4
}

/// The local preset, with the block time that was asked for; a folder keeps the one that it was founded with.
fn parameters(command: &LocalnetCommand) -> Result<Parameters, CliError> {
    let mut parameters = Parameters::local();
    let Some(wanted) = command.block_time_ms else {
        return Ok(parameters);
    };
    if !command.reset && Local::read(&command.dir)?.is_some() {
        let genesis = Local::home(&command.dir, 0).read_genesis();
        let genesis = genesis.map_err(|error| CliError::new(error.to_string()))?;
        let found = genesis.genesis.parameters.block_time_ms;
        if found != wanted {
            return Err(CliError::new(format!(
                "{} holds a network with a block time of {found} ms, and {wanted} ms were asked for: leave --block-time-ms out, \
                 or start anew with --reset",
                command.dir.display()
            )));
        }
    }
    parameters.block_time_ms = wanted;
    let checked = parameters.validate();
    checked.map_err(|error| CliError::new(format!("--block-time-ms: {error}")))?;
    Ok(parameters)
}

async fn halt(network: Option<Network>) -> Result<(), CliError> {
    match network {
        Some(network) => network
            .stop()
            .await
            .map_err(|error| CliError::new(error.to_string())),
        None => Ok(()),
    }
}

async fn start(
    options: &Options,
    output: Output,
    place: &mut Option<Network>,
) -> Result<(), CliError> {
    let progress = output.progress("starting");
    let mut say = |text: &str| progress.set_message(text.to_owned());
    let network = place.insert(Network::open(options, &mut say).await?);
    progress.set_message("validators");
    network.start_nodes().await?;
    network.start_relayer()?;
    network.start_watcher(&Watching::default())?;
    progress.finish_and_clear();
    let file = describe(network)?;
    let path = options.folder.join(NETWORK_FILE);
    config::write_private(&path, &format!("{:#}\n", serde_json::to_value(&file)?))
        .map_err(|error| CliError::new(error.to_string()))?;
    print(output, network, &file);
    Ok(())
}

fn describe(network: &Network) -> Result<NetworkFile, CliError> {
    let folder = fs::canonicalize(&network.folder)?;
    let genesis = Local::home(&network.folder, 0).read_genesis();
    let genesis = genesis.map_err(|error| CliError::new(error.to_string()))?;
    let domain = genesis.deployment.domain;
    let [inbox, vault, root_chain] = abi::created_by(network.local.registry);
    let contracts = [
        ("registry", network.local.registry),
        ("inbox", inbox),
        ("vault", vault),
        ("root_chain", root_chain),
        ("test_token", network.local.token),
    ];
    Ok(NetworkFile {
        nodes: (0..network.local.nodes.len())
            .map(|number| network.grpc(number))
            .collect(),
        engines: network
            .local
            .nodes
            .iter()
            .map(|ports| format!("http://{}", loopback(ports.rpc)))
            .collect(),
        root: network.anvil.url().to_owned(),
        root_chain_id: domain.root_chain_id,
        deployment_id: hex::encode(domain.deployment),
        keys: folder.join("keys"),
        password_file: folder.join("password"),
        contracts: contracts
            .iter()
            .map(|(name, address)| ((*name).to_owned(), address.to_string()))
            .collect::<BTreeMap<_, _>>(),
    })
}

/// The network, for programs.
fn shown(file: &NetworkFile, folder: &Path, accounts: &[Value], carriers: &[Value]) -> Value {
    json!({
        "accounts": accounts, "carriers": carriers, "nodes": file.nodes, "engines": file.engines, "root": file.root, "contracts": file.contracts,
        "folder": folder, "root_chain_id": file.root_chain_id,
    })
}

fn print(output: Output, network: &Network, file: &NetworkFile) {
    let accounts: Vec<_> = found::people()
        .iter()
        .filter_map(|person| {
            let account = Signer::new(person.kind, &person.secret).ok()?.account();
            Some(json!({
                "name": person.name, "kind": person.kind.name(), "account": account.to_string(),
                "secret": format!("0x{}", hex::encode(*person.secret)),
            }))
        })
        .collect();
    let carriers: Vec<_> = [&network.relayer, &network.watcher]
        .into_iter()
        .flatten()
        .filter_map(|process| {
            let (kind, secret) = found::published(process.name())?;
            let account = Signer::new(kind, &secret).ok()?.account();
            Some(json!({
                "name": process.name(), "account": account.to_string(), "log": process.log(),
            }))
        })
        .collect();
    if output.is_json() {
        return output::json_line(&shown(file, &network.folder, &accounts, &carriers));
    }
    output.say("accounts (published keys: everybody has them; 1000 coins each on the child, and money on root)");
    output.rows(
        "accounts",
        &["name", "kind", "account", "secret"],
        &accounts,
    );
    output.say("");
    output.say("endpoints");
    for (number, (node, engine)) in file.nodes.iter().zip(&file.engines).enumerate() {
        output.say(&format!("  node {number}: gRPC {node}  CometBFT {engine}"));
    }
    output.say(&format!("  root chain: {}", file.root));
    output.say("");
    output.say(
        "who carries to root: the relayer checkpoints, the watcher proofs that a key said two things",
    );
    output.rows("carriers", &["name", "account", "log"], &carriers);
    output.say("");
    output.say("contracts");
    for (name, address) in &file.contracts {
        output.say(&format!("  {name:<11} {address}"));
    }
    output.say("");
    output.say(&format!(
        "logs and state: {}; windows are seconds here, days on networks. Ctrl-C stops everything.",
        network.folder.display()
    ));
    output.next("plasmid bridge deposit --from alice --amount 1");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_shown_under_its_names() {
        let file = NetworkFile {
            nodes: vec!["node".into()],
            engines: vec!["engine".into()],
            root: "root".into(),
            root_chain_id: 1,
            deployment_id: "id".into(),
            keys: PathBuf::from("keys"),
            password_file: PathBuf::from("password"),
            contracts: BTreeMap::from([("vault".to_owned(), "0x02".to_owned())]),
        };
        let expected = json!({
            "accounts": [3], "carriers": [4], "nodes": ["node"], "engines": ["engine"], "root": "root", "contracts": { "vault": "0x02" },
            "folder": "folder", "root_chain_id": 1,
        });
        assert_eq!(
            shown(&file, Path::new("folder"), &[json!(3)], &[json!(4)]),
            expected
        );
    }
}

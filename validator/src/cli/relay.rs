//! `plasmid relay`: carries checkpoints from a node to the root chain, holding no validator's key.

use std::{fs, path::PathBuf};

use alloy_primitives::B256;
use clap::Args;
use plasmid_bridge::{
    client::{
        ceremony,
        follower::Follower,
        position::PositionFile,
        relayer::{self, Relayer},
        wallet::{Key, Wallet},
    },
    relay::{
        outbox::{Missing, Notice, Policy},
        seen::{Anchor, Finality},
    },
};
use plasmid_proto::chain::v1::Parameter;
use serde_json::{Value, json};

use super::{
    CliError,
    connect::{self, Connection, UrlOption},
    fees::FeeOptions,
    keys::KeyOptions,
    output::Output,
    start::CommandLog,
};
use crate::client::offers::Nodes;
use finality::chain_finality;

mod finality;

/// Members without a share that are named in a sentence; JSON names all of them.
const MAX_NAMED: usize = 8;

/// Options of the relayer. It has no `Debug`: an address may hold a key.
#[derive(Args)]
pub struct RelayCommand {
    /// Name of the key that pays on root.
    #[arg(long)]
    from: String,
    /// gRPC address of another node of the child whose shares are collected too; once for each. A share reaches root if any of them
    /// has it [default: with no --node, all nodes of the local network].
    #[arg(long = "also-node", value_name = "URL", value_parser = UrlOption)]
    also_nodes: Vec<String>,
    /// How many root blocks must stand on an accepted checkpoint until it is final [default: the chain's rule, as the node says it].
    #[arg(long)]
    depth: Option<u32>,
    /// Seconds after an epoch's end during which the relayer that its checkpoint names goes first: this relayer submits the checkpoint only after
    /// that time, unless it is the named one itself. Before the chain's `relay_window_secs` are over, the child pays the named one for what
    /// another carried [default: `relay_window_secs` and `root_block_secs` of the chain together].
    #[arg(long, value_name = "SECONDS")]
    patience: Option<u64>,
    #[command(flatten)]
    fees: FeeOptions,
    /// File that keeps how far the root chain was read, so that the next start goes on from there [default: `relay_position` in the local
    /// network's folder, where there is one, and else `plasmid/relay_position-<deployment>` in `$XDG_STATE_HOME` or `~/.local/state`].
    #[arg(long, value_name = "FILE")]
    position: Option<PathBuf>,
}

impl RelayCommand {
    fn position(&self, connection: &Connection, deployment: [u8; 20]) -> Option<PositionFile> {
        let local = || Some(connection.local_folder()?.join("relay_position"));
        let users = || {
            let folder = state_folder(|name| std::env::var_os(name).map(PathBuf::from))?;
            if let Err(error) = fs::create_dir_all(&folder) {
                let folder = folder.display();
                tracing::warn!(%error, %folder, "the next start reads the root chain from the deployment's first block: name a file with --position");
                return None;
            }
            Some(folder.join(format!("relay_position-{}", hex::encode(deployment))))
        };
        let path = self.position.clone().or_else(local).or_else(users)?;
        Some(PositionFile::open(&path, deployment))
    }
}

/// Where programs keep what they remember for a user, by the XDG base directories.
pub(super) fn state_folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let named = variable("XDG_STATE_HOME").filter(|folder| folder.is_absolute());
    let home = || variable("HOME").filter(|home| home.is_absolute());
    let folder = named.or_else(|| home().map(|home| home.join(".local/state")))?;
    Some(folder.join("plasmid"))
}

/// Runs `plasmid relay` until Ctrl-C. Its notices go to standard output, and the log of all that it uses to standard error, as that of
/// `plasmid start` does.
///
/// # Errors
/// When the root chain, the node or the key cannot be used at the start; later troubles are said and tried again.
pub async fn run(
    command: RelayCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let log = CommandLog::begin(output)?;
    let outcome = relay(command, connection, keys, output).await;
    log.end();
    outcome
}

async fn relay(
    command: RelayCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let status = connection.status().await?;
    let secret = keys.root_secret(&command.from)?;
    let key = Key::from_bytes(&secret).map_err(|error| CliError::new(error.to_string()))?;
    let rpc = connection.root()?;
    let deployment = connection.deployment(&status).await?;
    let root_chain_id = deployment.domain.root_chain_id;
    let wallet = Wallet::open(rpc.clone(), key, root_chain_id, command.fees.spending()?).await?;
    let registry = connection.registry()?;
    let created = ceremony::read_back(&rpc, registry)
        .await
        .map_err(|error| CliError::new(error.to_string()))?;
    if created.id != deployment.domain.deployment {
        return Err(CliError::new(format!(
            "the node serves deployment {}, and the Registry {registry} made {}",
            hex::encode(deployment.domain.deployment),
            hex::encode(created.id)
        )));
    }
    let nodes = connection.nodes(&command.also_nodes)?;
    let told = match (command.depth, command.patience) {
        (Some(_), Some(_)) => Vec::new(),
        _ => connect::all_parameters(&nodes).await?,
    };
    let finality = match command.depth {
        Some(depth) => Finality::Depth(depth),
        None => {
            let (finality, rule) = chain_finality(&told)?;
            output.say(&format!(
                "a root block is final {rule}: so the node says; another rule is named with --depth"
            ));
            finality
        }
    };
    let config = relayer::follow(&created, finality);
    let position = command.position(connection, created.id);
    let endpoints = [connection.root_address()?];
    let follower = Follower::start(config, Anchor::GENESIS, position, &endpoints)?;
    let ended = follower.ended();
    let patience = match command.patience {
        Some(patience) => patience,
        None => agreed(&told)?,
    };
    let policy = Policy::new(patience);
    let relayer =
        Relayer::open(wallet, follower, created.inbox, created.root_chain, policy).await?;
    let source = Nodes::new(&nodes)?;
    output.say(&format!(
        "relaying checkpoints of {} to RootChain {}; one that names another relayer waits for that one until {patience} seconds after its \
         epoch's end",
        status.chain_id, created.root_chain
    ));
    tokio::select! {
        ended = relayer.run(&source, |notice| say(output, notice)) => Err(CliError::new(format!(
            "{ended}, so there is nothing to relay; `plasmid exit status` says how money leaves"
        ))),
        () = ended => Err(CliError::new("what follows the root chain ended by itself: start the relayer again, and report it")),
        () = crate::node::shutdown::requested() => Ok(()),
    }
}

/// The time after which all nodes say that whoever carries a checkpoint is paid: one that lies would have this relayer carry for others' reward, or
/// not at all.
fn agreed(told: &[(String, Vec<Parameter>)]) -> Result<u64, CliError> {
    let differ = |[(other, before), (node, seconds)]: [(&str, &u64); 2]| {
        format!(
            "the node at {other} says that whoever carries a checkpoint is paid {before} seconds after its epoch's end, and the one at \
             {node} says {seconds}: one of them lies, so name the time yourself with --patience"
        )
    };
    let nobody = "no node says the chain's parameters: name the time yourself with --patience";
    connect::agreed(told, paid_after, differ, nobody)
}

/// Seconds after an epoch's end after which whoever carries its checkpoint is paid: the relay window, and a root block, because the time of
/// acceptance counts.
fn paid_after(parameters: &[Parameter]) -> Result<u64, CliError> {
    let seconds = |name: &str| {
        let value = connect::value_of(parameters, name);
        let value = value.and_then(|value| value.parse::<u64>().ok());
        value.ok_or_else(|| {
            CliError::new(format!(
                "the node does not say the chain's {name}: name the time yourself with --patience"
            ))
        })
    };
    Ok(seconds("relay_window_secs")?.saturating_add(seconds("root_block_secs")?))
}

/// What a transaction that stands in a block cost.
fn paid(
    event: &str,
    epoch: u64,
    hash: &B256,
    (gas_used, gas_price): (u64, Option<u128>),
    succeeded: bool,
) -> Value {
    json!({
        "event": event, "epoch": epoch, "hash": hash.to_string(), "gas_used": gas_used,
        "gas_price": gas_price.map(|price| price.to_string()), "succeeded": succeeded,
    })
}

/// The price of gas, if the node says it.
fn at_price(gas_price: Option<u128>) -> String {
    gas_price.map_or_else(String::new, |price| format!(" at {price} wei"))
}

/// One line a notice.
fn say(output: Output, notice: &Notice) {
    let (object, sentence) = shown(notice);
    match output.is_json() {
        true => super::output::json_line(&object),
        false => super::output::line(&sentence),
    }
}

/// A notice for programs, and for people.
fn shown(notice: &Notice) -> (Value, String) {
    match notice {
        Notice::Sent {
            epoch,
            nonce,
            hash,
            absent,
        } => (
            json!({ "event": "sent", "epoch": epoch, "nonce": nonce, "hash": hash.to_string(), "absent": absent }),
            format!("checkpoint {epoch}: sent as {hash}, {absent} signers absent"),
        ),
        Notice::Accepted { epoch, carrier } => (
            json!({ "event": "accepted", "epoch": epoch, "carrier": carrier.to_string() }),
            format!("checkpoint {epoch}: accepted, carried by {carrier}"),
        ),
        Notice::Paid {
            epoch,
            hash,
            gas_used,
            gas_price,
            succeeded,
        } => (
            paid("paid", *epoch, hash, (*gas_used, *gas_price), *succeeded),
            format!(
                "checkpoint {epoch}: {gas_used} gas{}{}",
                at_price(*gas_price),
                if *succeeded {
                    ""
                } else {
                    ", but another relayer was faster"
                }
            ),
        ),
        Notice::Finalizing { epoch, nonce, hash } => (
            json!({ "event": "finalizing", "epoch": epoch, "nonce": nonce, "hash": hash.to_string() }),
            format!(
                "checkpoint {epoch} and all before it: sent as {hash} to make them final, which nobody pays for"
            ),
        ),
        Notice::PaidFinal {
            epoch,
            hash,
            gas_used,
            gas_price,
            succeeded,
        } => (
            paid(
                "paid_final",
                *epoch,
                hash,
                (*gas_used, *gas_price),
                *succeeded,
            ),
            format!(
                "checkpoint {epoch} and all before it: {gas_used} gas{} {}",
                at_price(*gas_price),
                match succeeded {
                    true => "made them final",
                    false => "were used, and root refused to make them final",
                }
            ),
        ),
        Notice::NotOurTurn {
            epoch,
            relayer,
            until,
        } => (
            json!({ "event": "not_our_turn", "epoch": epoch, "relayer": relayer.to_string(), "until": until }),
            format!("checkpoint {epoch}: relayer {relayer} goes first until Unix time {until}"),
        ),
        Notice::Waiting {
            epoch,
            reason,
            missing,
        } => (
            json!({ "event": "waiting", "epoch": epoch, "reason": reason, "missing": objects(missing) }),
            format!("checkpoint {epoch}: waiting, {reason}; {}", named(missing)),
        ),
        Notice::NotOver { epoch, secs } => (
            json!({ "event": "not_over", "epoch": epoch, "secs": secs }),
            format!(
                "epoch {epoch} has not ended after {secs} seconds, longer than one may last: the child makes no blocks, or the nodes that are asked do not have them"
            ),
        ),
        Notice::Stuck { nonce } => (
            json!({ "event": "stuck", "nonce": nonce }),
            format!("the transaction of nonce {nonce} is not mined: offering more"),
        ),
        Notice::ReadsAgain { index } => (
            json!({ "event": "reads_again", "message": index }),
            format!(
                "message {index} is needed and was let go of: the root chain is read again from the deployment's first block"
            ),
        ),
        Notice::Root(standing) => (
            json!({ "event": "root", "standing": standing }),
            standing.clone(),
        ),
        Notice::Reading { reached, target } => (
            json!({ "event": "reading", "reached": reached, "target": target }),
            format!("reading the root chain: block {reached} of {target}"),
        ),
        Notice::DateBehind { secs } => (
            json!({ "event": "date_behind", "secs": secs }),
            format!(
                "the date of this machine lies {secs} seconds behind root's newest block: set its clock. The relayer goes on, because it waits by root's time and by a clock that never steps back"
            ),
        ),
        Notice::Trouble(reason) => (
            json!({ "event": "trouble", "reason": reason }),
            format!("trouble: {reason}; trying again"),
        ),
    }
}

/// Members without a share, for programs.
pub(super) fn objects(missing: &[Missing]) -> Vec<Value> {
    let object = |one: &Missing| json!({ "seat": one.seat, "operator": one.operator.to_string() });
    missing.iter().map(object).collect()
}

/// Names the members whose shares are missing, in words.
pub(super) fn named(missing: &[Missing]) -> String {
    let first = missing.iter().take(MAX_NAMED);
    let first: Vec<_> = first
        .map(|one| format!("{} (seat {})", one.operator, one.seat))
        .collect();
    let more = match missing.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        more => format!(" and of {more} more operators"),
    };
    format!("no share of {}{more}", first.join(", "))
}

#[cfg(test)]
mod tests;

//! `plasmid challenge`: data of accepted checkpoints is asked for on root, answered, and what nobody answered makes the checkpoint void (PROTOCOL section 13).
//!
//! ```text
//! ask ──▶ answer (from a node, or from what a watcher keeps): the price is lost, and what was asked for stands on root
//!   └──(nobody answers until the deadline)──▶ expire: the checkpoint and all behind it are void ──▶ refund: the price comes back
//! ```

use std::path::PathBuf;
use std::sync::Arc;

use alloy_primitives::Address;
use clap::{Args, Subcommand};
use plasmid_bridge::{
    client::{endpoints::Endpoints, rpc::Rpc, wallet::Wallet},
    proof::deployment,
    relay::{acceptance::Acceptance, challenges::DataTarget, seen::Finality},
};
use serde_json::{Value, json};

use super::{
    CliError,
    bridge::on_final_root,
    connect::{Connection, Deployment, UrlOption},
    exit::carrier::Carrier,
    init::second_endpoint,
    keys::KeyOptions,
    output::Output,
};
use crate::node::accepted::accepted_by;

mod list;
mod send;

/// Asks root for data of an accepted checkpoint that nobody shows, answers whoever asks, and makes void what nobody answers. `plasmid watch` answers by itself.
#[derive(Subcommand)]
pub enum ChallengeCommand {
    /// Asks for a segment of a block, or for a leaf of the state, for the price that `list` shows. When somebody answers, the price is lost and what was asked for stands on root for everybody. When nobody does until the deadline, anybody can make the checkpoint void, and all that was paid comes back. Only a checkpoint that is not final can be asked for, and only as long after root accepted it as the deployment says; everything is asked for once.
    Ask(AskCommand),
    /// Answers with what nodes, or the folder of a watcher, have of it. Root pays a part of the price to whoever answers, mostly more than the gas.
    Answer(AnswerCommand),
    /// Shows what is asked for and not answered, until when it can be answered, and what a question costs now.
    List(list::ListCommand),
    /// Makes the checkpoint void, and all behind it, because nobody answered until the deadline. Exit mode begins with it: everybody leaves with the checkpoint before.
    Expire(CloseCommand),
    /// Pays back what was paid in for a question that nobody can answer any more: its checkpoint is void, or final. The money goes to whoever asked.
    Refund(CloseCommand),
}

/// What is asked for.
#[derive(Args)]
struct TargetOptions {
    /// Epoch of the checkpoint.
    #[arg(long)]
    epoch: u64,
    /// Place of the block in the epoch, counted from 0.
    #[arg(long, requires = "segment", conflicts_with = "leaf")]
    block: Option<u32>,
    /// Number of the segment in the block, counted from 0; whether there is one of that number may be asked too.
    #[arg(long, requires = "block")]
    segment: Option<u32>,
    /// Index of a leaf of the state at the end of the epoch, counted from 0.
    #[arg(long, required_unless_present = "block")]
    leaf: Option<u32>,
}

impl TargetOptions {
    fn target(&self) -> Result<DataTarget, CliError> {
        let epoch = self.epoch;
        match (self.block, self.segment, self.leaf) {
            (Some(block), Some(number), None) => Ok(DataTarget::Segment {
                epoch,
                block,
                number,
            }),
            (None, None, Some(index)) => Ok(DataTarget::Leaf { epoch, index }),
            _ => Err(CliError::new(
                "name either --block with --segment, or --leaf: nothing was sent",
            )),
        }
    }
}

/// What is asked for, and who pays.
#[derive(Args)]
pub struct AskCommand {
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    carrier: Carrier,
}

/// What is answered, with what, and who pays the gas. It has no `Debug`: an address may hold a key.
#[derive(Args)]
pub struct AnswerCommand {
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    carrier: Carrier,
    /// gRPC address of another node that is asked for it; once for each [default: with no --node, all nodes of the local network].
    #[arg(long = "also-node", value_name = "URL", value_parser = UrlOption)]
    also_nodes: Vec<String>,
    /// Folder of a watcher, which keeps what it has read of checkpoints that are not final [default: that of `plasmid watch` with this key].
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Which question is ended, and who pays the gas.
#[derive(Args)]
pub struct CloseCommand {
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    carrier: Carrier,
}

/// Runs `plasmid challenge …`.
///
/// # Errors
/// What root refused, or why nobody shows what is asked for.
pub async fn run(
    command: ChallengeCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    match command {
        ChallengeCommand::Ask(command) => send::ask(&command, connection, keys, output).await,
        ChallengeCommand::Answer(command) => send::answer(&command, connection, keys, output).await,
        ChallengeCommand::List(command) => list::run(&command, connection, output).await,
        ChallengeCommand::Expire(command) => send::expire(&command, connection, keys, output).await,
        ChallengeCommand::Refund(command) => send::refund(&command, connection, keys, output).await,
    }
}

/// What one endpoint that lies can do.
const RISK: &str =
    "if it lies, a question costs its price for nothing, or one that is due is not seen";

/// Root, and the contracts that the Registry made there.
struct ChallengeDesk {
    rpc: Arc<Rpc>,
    deployment: Deployment,
    contract: Address,
    root_chain: Address,
}

impl ChallengeDesk {
    async fn at(
        connection: &Connection,
        (deployment, rpc): (Deployment, Arc<Rpc>),
        second: Option<&str>,
    ) -> Result<Self, CliError> {
        let registry = connection.registry()?.into_array();
        let desk = Self {
            deployment,
            contract: deployment::data_challenges(&registry).into(),
            root_chain: deployment::root_chain(&registry).into(),
            rpc,
        };
        if let Some(second) = second_endpoint(&desk.rpc, second, RISK)? {
            let both = Endpoints::new(&desk.rpc, Some(&second));
            both.chain_id().await?;
            both.require_code(&[desk.contract, desk.root_chain]).await?;
        }
        Ok(desk)
    }

    /// For a command that sends with this key.
    async fn sending(
        connection: &Connection,
        keys: &KeyOptions,
        carrier: &Carrier,
    ) -> Result<(Self, Wallet), CliError> {
        let (deployment, wallet) = on_final_root(connection, keys, &carrier.from).await?;
        let rpc = Arc::clone(wallet.rpc());
        let second = carrier.second.second_root.as_deref();
        let desk = Self::at(connection, (deployment, rpc), second).await?;
        Ok((desk, wallet))
    }

    /// The checkpoint of an epoch, as root accepted it.
    async fn accepted(&self, epoch: u64, output: Output) -> Result<Acceptance, CliError> {
        let progress = output.progress("looking for the checkpoint on root");
        let newest = Finality::Depth(0);
        let found = accepted_by(&self.rpc, self.root_chain, epoch, newest).await;
        progress.finish_and_clear();
        Ok(found?)
    }
}

/// What is asked for, as outputs show it.
fn shown(target: &DataTarget) -> Value {
    match target {
        DataTarget::Segment {
            epoch,
            block,
            number,
        } => json!({ "epoch": epoch, "block": block, "segment": number, "leaf": null }),
        DataTarget::Leaf { epoch, index } => {
            json!({ "epoch": epoch, "block": null, "segment": null, "leaf": index })
        }
    }
}

/// A target as the options that name it.
fn options(target: &DataTarget) -> String {
    match target {
        DataTarget::Segment {
            epoch,
            block,
            number,
        } => format!("--epoch {epoch} --block {block} --segment {number}"),
        DataTarget::Leaf { epoch, index } => format!("--epoch {epoch} --leaf {index}"),
    }
}

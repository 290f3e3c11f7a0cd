//! What a person types: one binary, a command for each thing, `--output json` everywhere, errors that say what to do.

use std::{io::ErrorKind, process::ExitCode, sync::mpsc, thread, time::Duration};

use clap::{Parser, Subcommand};

pub mod amount;
pub mod bench;
pub mod bridge;
pub mod challenge;
pub mod connect;
#[cfg(feature = "localnet")]
pub mod demo;
pub mod exit;
pub mod fees;
mod genesis_state;
pub mod init;
pub mod keys;
pub mod load;
#[cfg(feature = "localnet")]
pub mod localnet;
pub mod output;
pub mod proof;
pub mod query;
pub mod relay;
pub mod sign_state;
pub mod start;
pub mod state_file;
pub mod tx;
pub mod version;
pub mod watch;

#[cfg(all(test, feature = "localnet"))]
mod tests;

use connect::{Connection, OR_START_ONE};
use keys::KeyOptions;
use output::{Format, Output};

use crate::plain;

/// A proof-of-stake child chain whose money never leaves its root chain.
#[derive(Parser)]
#[command(
    name = "plasmid",
    version,
    propagate_version = true,
    max_term_width = 120
)]
pub struct Cli {
    /// Format of the output: a table for people, or one JSON object a line.
    #[arg(
        long,
        short,
        value_enum,
        default_value = "text",
        global = true,
        help_heading = "Options of every command",
        env = "PLASMID_OUTPUT"
    )]
    output: Format,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    keys: KeyOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes, lists, shows and imports key files.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Signs and submits transactions on the child chain.
    #[command(subcommand)]
    Tx(tx::TxCommand),
    /// Reads from the child chain.
    #[command(subcommand)]
    Query(query::QueryCommand),
    /// Moves money and messages between the root chain and the child chain, and proves what the child holds.
    #[command(subcommand)]
    Bridge(bridge::BridgeCommand),
    /// Founds a network with other operators, or makes the folder of a node that joins one.
    #[command(subcommand)]
    Init(init::InitCommand),
    /// Runs one node beside its CometBFT.
    Start(start::StartCommand),
    /// Shows what a node's checkpoint key has signed, or refuses to sign below an epoch.
    #[command(subcommand)]
    SignState(sign_state::SignStateCommand),
    /// Writes the state of a stopped node to a file: all leaves at the end of an epoch, the last one unless another is named. The file has no transactions and no keys; it is of one network, whose genesis is in its header. It warns when root has not accepted the checkpoint of that epoch yet, as the store knows: a node that imports the file never signs it.
    Export(state_file::ExportCommand),
    /// Makes the store of a node from such a file, exactly the state that the file states or nothing. It is for a node that has lost its store, and whose CometBFT still has the blocks behind the file's height: `plasmid start` then goes on from that height, CometBFT replays those blocks, and refuses a state that is not the chain's. States of earlier epochs, transactions and their results do not come back; keys and sign state are not touched. The node signs no checkpoint of an epoch up to there, so all members must not import a file whose last checkpoint root has not accepted: nobody would sign that one, and the bridge would stop. It does not bring CometBFT's own data, so it is no way for a new node to join; and it begins no other network, whose genesis `plasmid init` makes.
    Import(state_file::ImportCommand),
    /// Carries checkpoints to the root chain, holding no validator's key.
    Relay(relay::RelayCommand),
    /// Watches the child for keys that say two things, and takes them to the Court on root: commits, reveals, collects the reward, settles the cut. It holds no validator's key, needs nobody's consent, believes no node, and may be stopped at any moment. Start it before an offence: what nodes have deleted is not seen.
    Watch(watch::WatchCommand),
    /// Runs a new local network through deposits, transfers, a checkpoint, a withdrawal, forced transactions, the crash of a validator, what is done with stake and keys that sign twice, and checks the result of every step; with `--fraud`, three networks on which two thirds cheat.
    #[cfg(feature = "localnet")]
    Demo(demo::DemoCommand),
    /// Starts a whole network on this machine and leaves it running until Ctrl-C.
    #[cfg(feature = "localnet")]
    Localnet(localnet::LocalnetCommand),
    /// Sends signed transactions at a constant rate, finds each of them in a block, and tells how long that took. It is for networks that are there to be measured.
    Load(load::LoadCommand),
    /// Measures this machine, and prints figures. None is judged, except where an option names a bound.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Shows how far the end of the deployment has come, brings it about when it may come, and pays on root what the last final state gives. No validator is needed.
    #[command(subcommand)]
    Exit(exit::ExitCommand),
    /// Asks root for data of an accepted checkpoint that nobody shows, answers whoever asks, and makes void what nobody answers.
    #[command(subcommand)]
    Challenge(challenge::ChallengeCommand),
    /// Shows a node's identity, its height, its view of root and its health.
    Status,
    /// Shows the version of this program, and what does not hold yet.
    Version,
}

/// What went wrong, in a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CliError {
    message: String,
    code: u8,
    /// Whether it was said already.
    is_said: bool,
}

impl CliError {
    /// An error that exits with 1.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: 1,
            is_said: false,
        }
    }

    /// The node answered about another one than was asked for.
    fn other_than_asked(
        what: &str,
        asked: impl std::fmt::Display,
        told: impl std::fmt::Display,
    ) -> Self {
        Self::new(format!(
            "{what} {asked} was asked for, and the node answered about {told}: ask another one with --node"
        ))
    }

    /// This error, when it came after a transaction was mined on root: whoever reads it must not send that again.
    pub fn after_root(self, transaction: &impl std::fmt::Display) -> Self {
        self.and(&format!(
            "; the transaction on root is mined, so do not send it again: {transaction}"
        ))
    }

    /// This error, which is said now, and waits no longer than `patience` for whoever reads it. A thread of its own says it: a reader that stands
    /// still may have left the streams locked for ever, and the command is to end all the same.
    fn said_within(mut self, output: Output, patience: Duration) -> Self {
        let (message, (done, said)) = (self.message.clone(), mpsc::channel());
        let saying = thread::Builder::new().name("error".into()).spawn(move || {
            tell(output, &message);
            let _ = done.send(());
        });
        self.is_said = saying.is_ok();
        if self.is_said {
            let _ = said.recv_timeout(patience);
        }
        self
    }

    /// This error, whose message goes on with `more`.
    fn and(mut self, more: &str) -> Self {
        self.message.push_str(more);
        self
    }
}

/// Errors whose own words are enough for a person.
macro_rules! spoken {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for CliError {
            fn from(error: $error) -> Self {
                Self::new(error.to_string())
            }
        }
    )*};
}

spoken!(
    std::io::Error,
    serde_json::Error,
    crate::node::accepted::AcceptedError,
    crate::node::comet::RpcError,
    crate::node::config::ConfigError,
    crate::node::keystore::KeystoreError,
    crate::client::ClientError,
    crate::client::load::LoadError,
    crate::client::signer::SignerError,
    crate::ledger::account::AccountTextError,
    crate::ledger::Reject,
    crate::chain::exits::ExitProofError,
    plasmid_bridge::client::endpoints::EndpointsError,
    plasmid_bridge::client::exits::ExitsError,
    plasmid_bridge::client::rpc::RpcError,
    plasmid_bridge::client::wallet::WalletError,
    plasmid_bridge::client::watcher::WatchError,
);

#[cfg(feature = "localnet")]
spoken!(crate::localnet::process::ProcessError);

impl From<tonic::Status> for CliError {
    fn from(status: tonic::Status) -> Self {
        let hint = match status.code() {
            tonic::Code::Unavailable => {
                format!("; is the node running? Name it with --node{OR_START_ONE}")
            }
            _ => String::new(),
        };
        let said = plain::words(status.message());
        Self::new(format!("{said}{hint}"))
    }
}

/// Parses the command line, runs the command and gives the process's exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(unparsed) => return tell_unparsed(&unparsed),
    };
    let output = Output::new(cli.output);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(output, &CliError::new(format!("no threads: {error}"))),
    };
    match runtime.block_on(run(cli, output)) {
        Ok(()) => ended(),
        Err(error) => fail(output, &error),
    }
}

/// The exit code of a command that did what was asked: success, if all that it printed was written.
fn ended() -> ExitCode {
    match output::lost() {
        None => ExitCode::SUCCESS,
        Some(why) => {
            output::error_line(&format!(
                "the command did what was asked, but what it printed is not all on standard output ({why}): make room for it, and look at \
                 what was done before you type the command again"
            ));
            ExitCode::FAILURE
        }
    }
}

/// Shows the help that was asked for, or what is wrong in the words that were typed.
fn tell_unparsed(unparsed: &clap::Error) -> ExitCode {
    let code = u8::try_from(unparsed.exit_code()).unwrap_or(1);
    match unparsed.print() {
        Err(error) if code == 0 && error.kind() != ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::from(code),
    }
}

async fn run(cli: Cli, output: Output) -> Result<(), CliError> {
    let Cli {
        connection,
        keys,
        command,
        ..
    } = cli;
    // A local network's keys are opened where they are used on it. Nothing is made among them by default: their password is published,
    // and their folder is deleted with the network. An operator's keys are no local network's at all.
    let local = || keys.clone().or_local(&connection);
    match command {
        Command::Keys(command) => {
            // A key of a name that the local network has too would be hidden by that one.
            if let Some(name) = command.made() {
                keys.refuse_hidden(name, &local())?;
                return keys::run(&command, &keys, output);
            }
            keys::run(&command, &local(), output)
        }
        Command::Tx(command) => tx::run(command, &connection, &local(), output).await,
        Command::Query(command) => query::run(command, &connection, &local(), output).await,
        Command::Bridge(command) => {
            bridge::run(command, &connection, &local(), &keys, output).await
        }
        Command::Init(command) => init::run(command, &connection, &keys, output).await,
        Command::Start(command) => start::run(command, &keys, output).await,
        Command::SignState(command) => sign_state::run(command, &keys, output),
        Command::Export(command) => state_file::export(&command, output),
        Command::Import(command) => state_file::import(&command, output).await,
        Command::Relay(command) => relay::run(command, &connection, &local(), output).await,
        Command::Watch(command) => watch::run(command, &connection, &local(), output).await,
        #[cfg(feature = "localnet")]
        Command::Demo(command) => demo::run(command, output).await,
        #[cfg(feature = "localnet")]
        Command::Localnet(command) => localnet::run(command, output).await,
        Command::Load(command) => load::run(command, &connection, &local(), output).await,
        Command::Bench(command) => bench::run(&command, output).await,
        Command::Exit(command) => exit::run(command, &connection, &local(), output).await,
        Command::Challenge(command) => challenge::run(command, &connection, &local(), output).await,
        Command::Status => query::status(&connection, output).await,
        Command::Version => {
            version::run(output);
            Ok(())
        }
    }
}

fn fail(output: Output, error: &CliError) -> ExitCode {
    if !error.is_said {
        tell(output, &error.message);
    }
    ExitCode::from(error.code)
}

fn tell(output: Output, message: &str) {
    if output.is_json() {
        output::json_line(&serde_json::json!({ "error": message }));
    }
    if !output.is_json() || output::lost().is_some() {
        output::error_line(message);
    }
}

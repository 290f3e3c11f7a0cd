//! `plasmid init`: founds a network among operators who do not trust each other, or makes the folder of a node that joins one.
//!
//! ```text
//! plan ─▶ deploy ─▶ register (each operator) ─▶ agree (each operator) ─▶ create (anyone) ─▶ join (each node) ─▶ start
//! ```
//! Each step reads what stands on root and does only what is missing, so every one of them can be typed again.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use alloy_primitives::{Address, B256};
use clap::{Args, Subcommand, ValueEnum};
use plasmid_bridge::client::ceremony::{self, Artifacts};
use serde_json::json;

use super::{
    CliError, amount,
    connect::{Connection, UrlOption},
    keys::KeyOptions,
    output::Output,
};
use crate::{
    ledger::{Parameters, address},
    node::{
        config::Home,
        founding::{Balance, Delegated, FoundingError, Plan},
    },
};

mod addresses;
pub(super) mod secrets;
mod steps;
mod terms;

use addresses::{listening, moniker, peer};
pub(super) use steps::second_endpoint;
use steps::{InitStep, kept_second};

/// Decimal places of the native coin.
const DECIMALS: u32 = 18;
/// How long what stands on root may take to be final.
const FINAL_PATIENCE: Duration = Duration::from_secs(3_600);

/// The plan that every step reads.
#[derive(Debug, Args)]
pub struct PlanFile {
    /// The network's plan, the same file for every operator.
    #[arg(long, default_value = "network.toml", env = "PLASMID_PLAN")]
    plan: PathBuf,
}

/// Steps of a founding, in their order.
#[derive(Subcommand)]
#[expect(
    missing_docs,
    reason = "what several commands share says what it is where it stands"
)]
pub enum InitCommand {
    /// Writes a new plan; read it, change it, and give it to every operator.
    Plan(PlanCommand),
    /// Deploys the Registry, whose address follows from the plan.
    Deploy {
        #[command(flatten)]
        file: PlanFile,
        /// The key that pays.
        #[arg(long)]
        from: String,
    },
    /// Registers an operator with its stake; makes its validator keys where the folder has none.
    Register(RegisterCommand),
    /// Agrees on the genesis that follows from the plan and all registrations, which `init status` shows; locks the stake for it.
    Agree {
        #[command(flatten)]
        file: PlanFile,
        /// The operator's key.
        #[arg(long)]
        from: String,
        /// The agreement that `plasmid init status` showed, after its operators, stakes, shares, commissions, bond, balances and delegations were checked and the other operators
        /// have named the same. What is registered now must give it.
        #[arg(long, value_name = "HASH")]
        agreement: B256,
        #[command(flatten)]
        second: SecondRoot,
    },
    /// Returns stake and bond. Possible before you agree, or after the locks of your agreement and of a creation that has begun have expired.
    /// An operator that does this after the first step of the creation stops the founding until it registers again with the same keys and the same
    /// stake, because the creation accepts no other registrations. If it does not, all operators take their stakes back and begin anew with a plan that has another salt.
    Refund {
        #[command(flatten)]
        file: PlanFile,
        /// The operator's key.
        #[arg(long)]
        from: String,
    },
    /// Creates Inbox, Vault and RootChain step by step, and pays in the genesis balances and delegations with the last step. Anyone may run it; run it again to continue an interrupted creation.
    Create {
        #[command(flatten)]
        file: PlanFile,
        /// The key that pays.
        #[arg(long)]
        from: String,
        /// The sum of the plan's genesis balances and delegations in coins, as `plasmid init status` shows it: the key pays it in with the last step. Another sum than the plan's is refused [default: 0].
        #[arg(long, value_name = "AMOUNT")]
        pay: Option<String>,
        #[command(flatten)]
        second: SecondRoot,
    },
    /// Writes what a node needs to run in the network that was created, for a validator or for a node without stake.
    Join(Box<JoinCommand>),
    /// Shows which operators have registered and agreed, which share of the power and which commission each of them has, the bond, the genesis balances and the genesis delegations that the plan makes people pay, the agreement that the plan and the registrations give, and how many of the contracts are created.
    Status(PlanFile),
}

/// What a plan begins with.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Preset {
    /// Windows of seconds: for trying things out.
    Local,
    /// Windows of days.
    Network,
}

impl Preset {
    /// Its parameters, and the shortest time of an epoch in seconds.
    fn begins(self) -> (Parameters, u64) {
        match self {
            Self::Local => (Parameters::local(), 2),
            Self::Network => (Parameters::network(), 720),
        }
    }

    /// The plan of these operators that nobody has changed.
    fn plan(self, operators: Vec<Address>) -> Plan {
        let (parameters, shortest) = self.begins();
        let blocks = parameters.epoch_time_ms() / 1_000;
        Plan::new(parameters, blocks.min(shortest), operators)
    }
}

/// Options of `init plan`.
#[derive(Debug, Args)]
pub struct PlanCommand {
    #[command(flatten)]
    file: PlanFile,
    /// A genesis operator's account on root; once for each, in the order of their seats.
    #[arg(long = "operator", required = true, value_parser = address::parse)]
    operators: Vec<Address>,
    /// Windows and sizes to begin with; each can be changed in the file.
    #[arg(long, value_enum, default_value = "network")]
    preset: Preset,
    /// The root chain's id: 31337 or 1337, until the whole court stands.
    #[arg(long, default_value_t = 31_337)]
    root_chain_id: u64,
    /// The block time in milliseconds [default: 250 local, 1000 network].
    #[arg(long, value_name = "MS")]
    block_time_ms: Option<u32>,
    /// Coin that an account has from the first block, as `ACCOUNT=AMOUNT`.
    #[arg(long = "balance")]
    balances: Vec<String>,
    /// Stake that an account has behind an operator of the plan from the first block, as `ACCOUNT=OPERATOR=AMOUNT`. It counts in the sets of epoch 2 and later ones.
    #[arg(long = "delegation")]
    delegations: Vec<String>,
    /// The commission of an operator of the plan from the first block, the most that it may become and the most that one change may be, as `OPERATOR=COMMISSION[=MAX[=STEP]]` in 1/10,000 [default: 0, and the parameters' bounds].
    #[arg(long = "commission")]
    commissions: Vec<String>,
    /// What an operator of the plan is called, as `OPERATOR=NAME`. The plan's file also takes its website, contact and details.
    #[arg(long = "name")]
    names: Vec<String>,
    /// The shortest time that an epoch can take, in seconds; the rings are sized by it [default: 2 local, 720 network, or the time of
    /// its blocks when that is shorter].
    #[arg(long)]
    shortest_epoch_secs: Option<u64>,
    /// Tells apart networks of the same operators [default: random].
    #[arg(long)]
    salt: Option<B256>,
}

/// A second endpoint of root. It has no `Debug`: an endpoint may hold a provider's key.
#[derive(Args)]
pub struct SecondRoot {
    /// A second JSON-RPC endpoint of the root chain, which somebody else runs: whatever decides is asked of both, and when they differ nothing
    /// is sent. Without it one endpoint is believed.
    #[arg(long, value_parser = UrlOption)]
    pub(in crate::cli) second_root: Option<String>,
}

/// Options of `init register`.
#[derive(Args)]
pub struct RegisterCommand {
    #[command(flatten)]
    file: PlanFile,
    /// The validator's folder. Its consensus key is made in CometBFT's own file, its checkpoint key in an encrypted one.
    #[arg(long, env = "PLASMID_HOME")]
    home: PathBuf,
    /// The operator's key on root.
    #[arg(long)]
    from: String,
    /// Genesis stake in coins; the plan's bond is sent on top.
    #[arg(long)]
    stake: String,
    #[command(flatten)]
    second: SecondRoot,
}

/// Options of `init join`. It has no `Debug`: an endpoint may hold a provider's key.
#[derive(Args)]
pub struct JoinCommand {
    #[command(flatten)]
    file: PlanFile,
    /// The node's folder.
    #[arg(long, env = "PLASMID_HOME")]
    home: PathBuf,
    /// The agreement of the operators, as `plasmid init agree` printed it for each of them: ask one whom you trust. A root endpoint that lies
    /// can invent a whole network for your plan, and without this or --second-root nothing here notices it.
    #[arg(long, value_name = "HASH")]
    agreement: Option<B256>,
    /// A second JSON-RPC endpoint of the root chain, which somebody else runs: this command asks both, and writes nothing when they differ; and
    /// both must agree before this node reports anything. Every setting of this command that is not named keeps the value that it has in the folder.
    #[arg(long, value_parser = UrlOption)]
    second_root: Option<String>,
    /// What others call this node [default: plasmid].
    #[arg(long, value_parser = moniker)]
    moniker: Option<String>,
    /// Where gRPC listens [default: 127.0.0.1:9090].
    #[arg(long, value_parser = listening)]
    grpc: Option<SocketAddr>,
    /// Where CometBFT's RPC listens [default: 127.0.0.1:26657].
    #[arg(long, value_parser = listening)]
    rpc: Option<SocketAddr>,
    /// Where Prometheus reads metrics, such as 127.0.0.1:26661 [default: nowhere].
    #[arg(long, value_parser = listening)]
    metrics: Option<SocketAddr>,
    /// Where CometBFT's peers connect [default: 0.0.0.0:26656].
    #[arg(long, value_parser = listening)]
    p2p: Option<SocketAddr>,
    /// A node to stay connected with, as `ID@HOST:PORT`; once for each.
    #[arg(long = "peer")]
    peers: Vec<String>,
    /// gRPC address of another node, to which a validator hands its shares over checkpoints that root has not accepted; once for each
    /// [default: port 9090 of each --peer that is not on this machine].
    #[arg(long = "share-with", value_name = "URL", value_parser = UrlOption)]
    share_with: Vec<String>,
    /// Accepts private and repeated IP addresses of peers, and does not exchange the addresses of peers: for a network whose nodes are all on one machine or in one private network.
    #[arg(long)]
    private: bool,
    /// CometBFT's RPC of a node of the network, such as http://HOST:26657; two at least. The node then begins with a state that others give it, and not with
    /// the first block. It takes none but that of a checkpoint that RootChain has accepted in a final block, as all root endpoints say, and compares every part
    /// of it with that word; the header with which CometBFT's light client begins is that checkpoint's too. Believed are root, more than two thirds of the power
    /// that signed the checkpoint, and of what is behind it more than two thirds of the next sets: neither these nodes nor those that send the state. Root must have accepted a checkpoint.
    #[arg(long = "snapshot", value_name = "URL", value_parser = UrlOption)]
    snapshot: Vec<String>,
}

impl From<FoundingError> for CliError {
    fn from(error: FoundingError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<ceremony::CeremonyError> for CliError {
    fn from(error: ceremony::CeremonyError) -> Self {
        Self::new(error.to_string())
    }
}

/// Runs `plasmid init …`.
///
/// # Errors
/// What is wrong in the plan, on root or in the folder, and what to do.
pub async fn run(
    command: InitCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    match command {
        InitCommand::Plan(command) => plan(&command, output),
        InitCommand::Deploy { file, from } => {
            InitStep::open(&file, connection, keys, Some(&from), output)
                .await?
                .deploy()
                .await
        }
        InitCommand::Register(command) => {
            let step = InitStep::open(&command.file, connection, keys, Some(&command.from), output);
            let second = command.second.second_root.as_deref();
            let risk =
                "if it lies, your stake and bond go to an address where nobody can take them back";
            let step = step.await?.beside(second, risk).await?;
            step.register(&command, keys).await
        }
        InitCommand::Agree {
            file,
            from,
            agreement,
            second,
        } => {
            let step = InitStep::open(&file, connection, keys, Some(&from), output);
            let risk = "if it lies, you agree on registrations that nobody made";
            let second = second.second_root.as_deref();
            step.await?
                .beside(second, risk)
                .await?
                .agree(agreement)
                .await
        }
        InitCommand::Refund { file, from } => {
            InitStep::open(&file, connection, keys, Some(&from), output)
                .await?
                .refund()
                .await
        }
        InitCommand::Create {
            file,
            from,
            pay,
            second,
        } => {
            let step = InitStep::open(&file, connection, keys, Some(&from), output);
            let risk = "if it lies, what you pay in goes to a Registry that nobody agreed on";
            let second = second.second_root.as_deref();
            step.await?
                .beside(second, risk)
                .await?
                .create(pay.as_deref())
                .await
        }
        InitCommand::Join(command) => {
            let step = InitStep::open(&command.file, connection, keys, None, output);
            let kept = kept_second(&Home::new(&command.home), &connection.root_address()?)?;
            let second = command.second_root.as_deref().or(kept.as_deref());
            let risk = "if it lies, this node joins a network that does not exist";
            let step = step.await?.beside(second, risk).await?;
            step.join(&command, connection, keys).await
        }
        InitCommand::Status(file) => {
            let step = InitStep::open(&file, connection, keys, None, output);
            step.await?.status().await
        }
    }
}

fn plan(command: &PlanCommand, output: Output) -> Result<(), CliError> {
    let (parameters, shortest) = command.preset.begins();
    let parameters = Parameters {
        root_chain_id: command.root_chain_id,
        block_time_ms: command.block_time_ms.unwrap_or(parameters.block_time_ms),
        ..parameters
    };
    let blocks = parameters.epoch_time_ms() / 1_000;
    let shortest = command.shortest_epoch_secs.unwrap_or(blocks.min(shortest));
    let mut plan = Plan::new(parameters, shortest, command.operators.clone());
    plan.salt = command
        .salt
        .unwrap_or_else(|| B256::from(rand::random::<[u8; 32]>()));
    for text in &command.balances {
        let (account, coins) = text
            .split_once('=')
            .ok_or_else(|| CliError::new(format!("balance {text:?}: it must be ACCOUNT=AMOUNT")))?;
        plan.balances.push(Balance {
            account: account.to_owned(),
            wei: amount::parse(coins, DECIMALS)?,
        });
    }
    for text in &command.delegations {
        plan.delegations.push(delegated(text)?);
    }
    terms::add(&mut plan, &command.commissions, &command.names)?;
    plan.write_new(&command.file.plan)?;
    let registry = plan.registry().registry(&artifacts()?).1;
    output.object(&json!({
        "plan": command.file.plan,
        "registry": registry.to_string(),
        "operators": plan.operators.len(),
        "record_slots": plan.record_slots,
        "ring": plan.parameters.ring,
    }));
    output.say("every operator needs this file as it is; a changed one gives another Registry or another agreement");
    output.next("plasmid init deploy --from KEY --root URL");
    Ok(())
}

fn delegated(text: &str) -> Result<Delegated, CliError> {
    let parts: Vec<&str> = text.split('=').collect();
    let [owner, operator, coins] = parts[..] else {
        return Err(CliError::new(format!(
            "delegation {text:?}: it must be ACCOUNT=OPERATOR=AMOUNT"
        )));
    };
    Ok(Delegated {
        owner: owner.to_owned(),
        operator: address::parse(operator)
            .map_err(|error| CliError::new(format!("delegation {text:?}: {error}")))?,
        wei: amount::parse(coins, DECIMALS)?,
    })
}

fn artifacts() -> Result<Artifacts, CliError> {
    Artifacts::embedded().map_err(|error| CliError::new(error.to_string()))
}

//! A network on which thieves work: its processes, its people, and what is typed there.

use alloy_primitives::{Address, keccak256};
use plasmid_bridge::{
    abi::IRootChain,
    client::{exits::Contracts, rpc::At, wallet::Wallet},
    relay::seen::Which,
};
use serde_json::Value;

use crate::{
    cli::{
        CliError,
        demo::{
            people::{DemoPerson, World, until},
            steps::found::{client, wait_height},
        },
    },
    localnet::{Watching, found, port, run::Network},
};

/// The validator that is honest; the three before it are thieves.
pub const HONEST: usize = 3;
/// Height at which a network goes.
const FIRST_HEIGHT: u64 = 3;

/// One of the networks.
pub struct FraudScene {
    pub network: Network,
    pub world: World,
    pub contracts: Contracts,
    /// Where the thieves show what they forged.
    pub port: u16,
}

/// An address on root that nobody has a key of, by name.
pub fn nobody(name: &str) -> Address {
    Address::from_word(keccak256(format!("plasmid demo {name}")))
}

/// Whose account the thieves give the money to.
pub fn purse() -> Address {
    nobody("thieves")
}

impl FraudScene {
    /// Starts the validators, the relayer, and a watcher that asks the honest validator and the thieves.
    ///
    /// # Errors
    /// What does not start.
    pub async fn start(
        mut network: Network,
        challenge_budget: Option<&str>,
    ) -> Result<Self, CliError> {
        network.start_nodes().await?;
        network.start_relayer()?;
        let port = port::free()?;
        let watching = Watching {
            nodes: vec![network.grpc(HONEST), format!("http://127.0.0.1:{port}")],
            challenge_budget: challenge_budget.map(str::to_owned),
            ..Watching::default()
        };
        network.start_watcher(&watching)?;
        let mut honest = client(&network, HONEST).await?;
        wait_height(&mut honest, FIRST_HEIGHT).await?;
        Ok(Self {
            world: World::of(&network, HONEST).await?,
            contracts: Contracts::of(network.local.registry),
            network,
            port,
        })
    }

    /// The wallet of somebody on root.
    ///
    /// # Errors
    /// Why root does not answer.
    pub async fn wallet(&self, person: &DemoPerson) -> Result<Wallet, CliError> {
        Ok(found::wallet(&self.world.rpc, &person.secret).await?)
    }

    /// What RootChain keeps beside the ring.
    ///
    /// # Errors
    /// Why root does not answer.
    pub async fn head(&self) -> Result<IRootChain::Head, CliError> {
        let call = IRootChain::headCall {};
        self.world.read(self.contracts.root_chain, call).await
    }

    /// The parameters of RootChain.
    ///
    /// # Errors
    /// Why root does not answer.
    pub async fn parameters(&self) -> Result<IRootChain::Parameters, CliError> {
        let call = IRootChain::parametersCall {};
        self.world.read(self.contracts.root_chain, call).await
    }

    /// The time of root's newest block, in seconds.
    ///
    /// # Errors
    /// Why root does not answer.
    pub async fn now(&self) -> Result<u64, CliError> {
        let block = self.world.rpc.block(Which::Latest).await?;
        block.map_or_else(
            || Err(CliError::new("root has no block")),
            |block| Ok(block.time),
        )
    }

    /// Waits until root has accepted the checkpoint of an epoch.
    ///
    /// # Errors
    /// When that does not come.
    pub async fn accepted(&self, epoch: u64) -> Result<(), CliError> {
        until(
            &format!("root has accepted checkpoint {epoch}"),
            async || Ok((self.head().await?.accepted > epoch).then_some(())),
        )
        .await
    }

    /// How many transactions an account has sent on root.
    ///
    /// # Errors
    /// Why root does not answer.
    pub async fn sent(&self, account: Address) -> Result<u128, CliError> {
        Ok(self.world.rpc.nonce(account, At::Latest).await?.into())
    }

    /// The watcher's log.
    pub fn watcher_log(&self) -> std::path::PathBuf {
        self.network.folder.join("watcher.log")
    }

    /// Types a command of this program, and gives what it answers; or nothing where it fails, with its words in `why`.
    ///
    /// # Errors
    /// When the program does not start.
    pub fn typed(&self, words: &[&str], why: &mut String) -> Result<Option<Value>, CliError> {
        let network = &self.network;
        let mut command = network.program()?;
        command.args(words).args(["--output", "json"]);
        command.args(["--root", network.anvil.url()]);
        command.args(["--registry", &network.local.registry.to_string()]);
        command.arg("--keys").arg(network.folder.join("keys"));
        command.arg("--password-file").arg(network.password_file());
        let done = tokio::task::block_in_place(|| command.output())?;
        if done.status.success() {
            let said = String::from_utf8_lossy(&done.stdout);
            return Ok(Some(serde_json::from_str(
                said.lines().last().unwrap_or_default(),
            )?));
        }
        *why = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        Ok(None)
    }

    /// Types a command that must succeed.
    ///
    /// # Errors
    /// What it says.
    pub fn done(&self, words: &[&str]) -> Result<Value, CliError> {
        let mut why = String::new();
        let answer = self.typed(words, &mut why)?;
        answer.ok_or_else(|| CliError::new(format!("plasmid {}: {why}", words.join(" "))))
    }
}

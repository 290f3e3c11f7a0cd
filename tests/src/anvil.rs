//! A root chain for one test: the anvil of local networks on a free port, stopped when the value is dropped.

use std::path::Path;

use plasmid::localnet::anvil::{self, Options};
use plasmid::localnet::port;
use plasmid::localnet::tools::RootTools;
use plasmid::node::tools::Tools;
use plasmid_bridge::client::rpc::{Limits, Rpc};
use serde_json::{Value, json};

/// A running anvil, with blocks of a second and finality two blocks deep.
#[derive(Debug)]
pub struct Anvil {
    inner: anvil::Anvil,
    options: Options,
}

impl Anvil {
    /// Starts one that keeps its state in `folder`, and waits until it answers.
    ///
    /// # Panics
    /// When it cannot be installed or does not answer.
    pub async fn start(folder: &Path) -> Self {
        Self::resume(Options {
            port: port::free().expect("the loopback has a free port"),
            chain_id: 31337,
            block_time_secs: 1,
            idle_block_time_secs: 1,
            folder: folder.to_owned(),
        })
        .await
    }

    /// Starts one where another one was, with its state.
    ///
    /// # Panics
    /// As [`Anvil::start`].
    pub async fn resume(options: Options) -> Self {
        let program = tokio::task::spawn_blocking(|| RootTools::ensure(&Tools::new(None)))
            .await
            .expect("the installation does not panic")
            .expect("the root tools are installed")
            .anvil;
        let inner = anvil::Anvil::start(&program, &options)
            .await
            .expect("anvil starts");
        Self { inner, options }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        self.inner.url().to_owned()
    }

    /// A client of it.
    ///
    /// # Panics
    /// Never: the address is well formed.
    #[must_use]
    pub fn rpc(&self) -> Rpc {
        Rpc::new(self.inner.url(), Limits::default()).expect("the address is well formed")
    }

    /// Stops mining, or goes on: while it is stopped, blocks come by `evm_mine` alone.
    pub async fn pause(&self, paused: bool) {
        self.inner.pause(paused).await;
    }

    /// Replaces the newest `depth` blocks by empty ones.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn reorganise(&self, depth: u64) -> Value {
        self.rpc()
            .once("anvil_reorg", json!([depth, []]))
            .await
            .expect("anvil reorganises its chain")
    }

    /// Kills it with SIGKILL, and says how to start it again.
    ///
    /// # Panics
    /// When it cannot be killed.
    #[must_use]
    pub fn kill(mut self) -> Options {
        self.inner.process().kill().expect("anvil can be killed");
        self.options
    }
}

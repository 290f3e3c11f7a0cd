//! The processes of a local network that hold no validator's key: the relayer carries checkpoints to root, the watcher takes whoever says two
//! things to the Court.

use std::process::Command;

use alloy_primitives::Address;

use super::{Local, LocalError, loopback, process::Child, run::Network};

/// What a watcher is started with.
#[derive(Clone, Debug, Default)]
pub struct Watching {
    /// Whom its rewards are paid to; itself when absent.
    pub beneficiary: Option<Address>,
    /// The gRPC addresses of the nodes that it asks; all of the network when there are none.
    pub nodes: Vec<String>,
    /// Coins that its questions for data may cost; it asks nothing when absent.
    pub challenge_budget: Option<String>,
}

impl Network {
    /// Starts the relayer.
    ///
    /// # Errors
    /// [`LocalError::Process`].
    pub fn start_relayer(&mut self) -> Result<(), LocalError> {
        let mut command = self.paying("relay", "relayer", &[])?;
        // No checkpoint names it, and no other relayer runs.
        command.arg("--patience").arg("0");
        let log = self.folder.join("relayer.log");
        self.relayer = Some(Child::spawn("relayer", command, &log)?);
        Ok(())
    }

    /// Starts the watcher. It keeps what it found in the folder `watcher`, so that whoever starts another one with the network's own folder is not in its way.
    ///
    /// # Errors
    /// [`LocalError::Process`], and [`LocalError::Malformed`] where the founding made no key for it.
    pub fn start_watcher(&mut self, watching: &Watching) -> Result<(), LocalError> {
        let key = self.folder.join("keys/watcher.json");
        if !key.is_file() {
            return Err(LocalError::Malformed {
                path: key,
                why: "the key of the watcher is missing, and networks that older versions founded have none".into(),
            });
        }
        let mut command = self.paying("watch", "watcher", &watching.nodes)?;
        for ports in &self.local.nodes {
            let engine = format!("http://{}", loopback(ports.rpc));
            command.arg("--engine").arg(engine);
        }
        command.arg("--folder").arg(self.folder.join("watcher"));
        let genesis = Local::home(&self.folder, 0).genesis_path();
        command.arg("--genesis").arg(genesis);
        if let Some(beneficiary) = watching.beneficiary {
            command.arg("--beneficiary").arg(beneficiary.to_string());
        }
        if let Some(coins) = &watching.challenge_budget {
            command.args(["--challenge-budget", coins]);
        }
        let log = self.folder.join("watcher.log");
        self.watcher = Some(Child::spawn("watcher", command, &log)?);
        Ok(())
    }

    /// A command that asks these nodes, or all where none is named, and pays on root with this key.
    fn paying(&self, verb: &str, key: &str, nodes: &[String]) -> Result<Command, LocalError> {
        let mut command = self.program()?;
        command.args([verb, "--from", key, "--output", "json"]);
        command.args(["--root", self.anvil.url()]);
        command.args(["--registry", &self.local.registry.to_string()]);
        command.arg("--keys").arg(self.folder.join("keys"));
        command.arg("--password-file").arg(self.password_file());
        let all = (0..self.nodes.len()).map(|number| self.grpc(number));
        let asked = match nodes {
            [] => all.collect(),
            nodes => nodes.to_vec(),
        };
        for (number, node) in asked.iter().enumerate() {
            let option = if number == 0 { "--node" } else { "--also-node" };
            command.arg(option).arg(node);
        }
        Ok(command)
    }
}

//! The processes of a local network that hold no validator's key: the relayer carries checkpoints to root, the watcher takes whoever says two
//! things to the Court.

use std::process::Command;

use alloy_primitives::Address;

use super::{Local, LocalError, loopback, process::Child, run::Network};

impl Network {
    /// Starts the relayer.
    ///
    /// # Errors
    /// [`LocalError::Process`].
    pub fn start_relayer(&mut self) -> Result<(), LocalError> {
        let mut command = self.paying("relay", "relayer")?;
        // No checkpoint names it, and no other relayer runs.
        command.arg("--patience").arg("0");
        let log = self.folder.join("relayer.log");
        self.relayer = Some(Child::spawn("relayer", command, &log)?);
        Ok(())
    }

    /// Starts the watcher, which is paid its rewards itself unless there is a `beneficiary`. It keeps what it found in the folder `watcher`, so
    /// that whoever starts another one with the network's own folder is not in its way.
    ///
    /// # Errors
    /// [`LocalError::Process`], and [`LocalError::Malformed`] where the founding made no key for it.
    pub fn start_watcher(&mut self, beneficiary: Option<Address>) -> Result<(), LocalError> {
        let key = self.folder.join("keys/watcher.json");
        if !key.is_file() {
            return Err(LocalError::Malformed {
                path: key,
                why: "the key of the watcher is missing, and networks that older versions founded have none".into(),
            });
        }
        let mut command = self.paying("watch", "watcher")?;
        for ports in &self.local.nodes {
            let engine = format!("http://{}", loopback(ports.rpc));
            command.arg("--engine").arg(engine);
        }
        command.arg("--folder").arg(self.folder.join("watcher"));
        let genesis = Local::home(&self.folder, 0).genesis_path();
        command.arg("--genesis").arg(genesis);
        if let Some(beneficiary) = beneficiary {
            command.arg("--beneficiary").arg(beneficiary.to_string());
        }
        let log = self.folder.join("watcher.log");
        self.watcher = Some(Child::spawn("watcher", command, &log)?);
        Ok(())
    }

    /// A command that asks all nodes and pays on root with this key.
    fn paying(&self, verb: &str, key: &str) -> Result<Command, LocalError> {
        let mut command = self.program()?;
        command.args([verb, "--from", key, "--output", "json"]);
        command.args(["--root", self.anvil.url()]);
        command.args(["--registry", &self.local.registry.to_string()]);
        command.arg("--keys").arg(self.folder.join("keys"));
        command.arg("--password-file").arg(self.password_file());
        for number in 0..self.nodes.len() {
            let option = if number == 0 { "--node" } else { "--also-node" };
            command.arg(option).arg(self.grpc(number));
        }
        Ok(command)
    }
}

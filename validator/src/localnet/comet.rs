//! CometBFT's process beside a node of a local network.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::LocalError;
use super::process::Child;
use crate::node::comet::{Client, CometError, Home};

/// How late the timers of an engine may be whose blocks do not come faster than the block time below: an engine that idles then takes
/// three fifths of the processor time, and a block comes a few milliseconds later.
const SLACK: Duration = Duration::from_millis(20);
const SLACK_BLOCK_TIME: Duration = Duration::from_millis(250);

/// A running CometBFT. Dropped, it is killed.
#[derive(Debug)]
pub struct Comet {
    child: Child,
    rpc: Client,
}

impl Comet {
    /// Starts CometBFT on `home`, appending to `log`, and waits until its RPC answers (after the handshake with the
    /// application and the replay of what that lacks).
    ///
    /// # Errors
    /// [`LocalError::Comet`] for its files, [`LocalError::Process`] when it ends or does not answer.
    pub async fn start(
        program: &Path,
        home: &Home,
        log: &Path,
        limit: Duration,
    ) -> Result<Self, LocalError> {
        let config = home.read_config()?;
        let rpc = Client::new(config.rpc_address()?).map_err(CometError::from)?;
        let mut command = Command::new(program);
        command.arg("start").arg("--home").arg(home.folder());
        // CMTHOME beats --home, and CMT_* beats every line of config.toml.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CMT") || text.starts_with("TM") {
                command.env_remove(name);
            }
        }
        // Its consensus reactor looks at the round's state 10,000 times a second, whether it has changed or not.
        let is_slow = config.consensus.timeout_commit.0 >= SLACK_BLOCK_TIME;
        let slack = if is_slow { SLACK } else { Duration::ZERO };
        let mut child = Child::spawn_patient("CometBFT", command, log, slack)?;
        child.ready(limit, || rpc.status()).await?;
        Ok(Self { child, rpc })
    }

    /// Its RPC.
    #[must_use]
    pub fn rpc(&self) -> &Client {
        &self.rpc
    }

    /// The process, to watch, stop or kill it.
    pub fn process(&mut self) -> &mut Child {
        &mut self.child
    }
}

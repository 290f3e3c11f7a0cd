//! The highest block that is believed to be a node's newest: what is signed expires some blocks behind it, so a node that named any other
//! would decide for how long the signature holds.

use std::time::{SystemTime, UNIX_EPOCH};

use alloy_primitives::Address;
use plasmid_bridge::{
    abi::IRootChain,
    client::{follower::view_call, rpc::At},
};

use crate::{
    cli::{
        CliError,
        connect::{Connection, Deployment},
    },
    client::AcceptedHead,
};

/// What RootChain says of the checkpoints that it has accepted, and its parameters: asked once for a command.
pub struct RootView {
    head: IRootChain::Head,
    parameters: IRootChain::Parameters,
}

/// What the child has passed for certain: nothing where root does not answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Passed {
    /// Its height.
    pub height: u64,
    /// The messages of the inbox that it has consumed.
    pub messages: u64,
}

impl RootView {
    /// Asks root.
    ///
    /// # Errors
    /// When root does not tell of them.
    pub async fn read(connection: &Connection, deployment: &Deployment) -> Result<Self, CliError> {
        let root = connection.root()?;
        let at = Address::from(deployment.domain.root_chain);
        let head = view_call(&root, at, IRootChain::headCall {}, At::Latest).await?;
        let parameters = view_call(&root, at, IRootChain::parametersCall {}, At::Latest).await?;
        Ok(Self { head, parameters })
    }

    /// The highest block, by the checkpoints that root accepted and by the time since.
    ///
    /// # Errors
    /// When this machine's clock stands before 1970.
    pub fn highest(&self) -> Result<u64, CliError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_err(|error| CliError::new(error.to_string()))?;
        let accepted = AcceptedHead {
            checkpoints: self.head.accepted,
            last_block_time: self.head.lastBlockTime,
            epoch_blocks: self.parameters.epochBlocks,
            epoch_min_secs: self.parameters.epochMinSecs,
        };
        Ok(accepted.highest_tip(now.as_secs()))
    }

    /// What the checkpoints cover, and no more than the height that a node names. What was signed up to a height counts until that height is
    /// passed, and neither a node's word nor the time that went by passes it.
    pub fn passed(&self, told: u64) -> Passed {
        let blocks = u64::from(self.parameters.epochBlocks);
        Passed {
            height: told.min(self.head.accepted.saturating_mul(blocks)),
            messages: self.head.inboxCursor,
        }
    }
}

/// The error of a highest block that root does not tell.
pub fn not_told(error: impl std::fmt::Display) -> CliError {
    or_name_one(format!(
        "root does not say which checkpoints it has accepted, from which it follows how high the chain can be ({error})"
    ))
}

/// This error, followed by what a person can do about it.
pub fn or_name_one(error: impl std::fmt::Display) -> CliError {
    CliError::new(format!(
        "{error}; name the last height at which the transaction may stand in a block with --valid-until, if you know it"
    ))
}

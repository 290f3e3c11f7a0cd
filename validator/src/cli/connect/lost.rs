//! Addresses at which money would be lost, refused before anything is signed.

use alloy_primitives::Address;
use plasmid_bridge::{
    client::rpc::{At, Rpc, RpcError},
    proof::deployment,
    relay::seen::Which,
};

use super::Deployment;
use crate::cli::CliError;

impl Deployment {
    /// Refuses to pay into a Vault that a reorganisation of root could still take away: its address takes coin without code too. Where
    /// root names no final block by its `finalized` tag, `seen` counts, the newest one that is final for the node.
    ///
    /// # Errors
    /// Says which block the Vault does not stand in.
    pub async fn require_final(&self, root: &Rpc, seen: u64) -> Result<(), CliError> {
        let newest = match root.block(Which::Finalized).await {
            Ok(None) | Err(RpcError::Refused { .. }) => root.block(Which::Number(seen)).await?,
            answer => answer?,
        };
        let newest = newest.ok_or_else(|| CliError::new("root has no final block yet"))?;
        if root
            .code(self.vault, At::Hash(newest.hash))
            .await?
            .is_empty()
        {
            return Err(CliError::new(format!(
                "the Vault {} does not stand in root block {}, the newest that is final: a reorganisation could still take it away, and a \
                 deposit with it. Nothing was sent; try again later",
                self.vault, newest.number
            )));
        }
        Ok(())
    }

    /// Refuses an address on root where money would be lost for good: nobody can move what a contract of the deployment, or
    /// the token itself, is paid.
    ///
    /// # Errors
    /// Names what the address is.
    pub fn refuse_lost(
        &self,
        what: &str,
        address: [u8; 20],
        token: Option<Address>,
    ) -> Result<(), CliError> {
        let address = Address::from(address);
        let root_chain = Address::from(self.domain.root_chain);
        let known = [
            ("the deployment's Registry", Some(self.registry)),
            ("the deployment's Inbox", Some(self.inbox)),
            ("the deployment's Vault", Some(self.vault)),
            ("the deployment's RootChain", Some(root_chain)),
            (
                "the Ed25519 verifier of all deployments",
                Some(deployment::VERIFIER.into()),
            ),
            ("the token's own contract", token),
        ];
        match known.into_iter().find(|(_, own)| *own == Some(address)) {
            None => Ok(()),
            Some((name, _)) => Err(CliError::new(format!(
                "{what} {address} is {name}, and nobody could ever move what is paid to it: name another one"
            ))),
        }
    }
}

//! A deployment that the user named: its contracts follow from the Registry, its id and its root chain from root.

use alloy_primitives::Address;
use plasmid_bridge::{
    abi::{self, IRootChain},
    client::{
        follower::view_call,
        rpc::{At, Rpc},
    },
};
use plasmid_proto::chain::v1::GetStatusResponse;

use super::{NETWORK_FILE, NetworkFile, address};
use crate::{
    cli::{CliError, output::listed},
    ledger::{Domain, OwnContracts, address as text, parameters::LOCAL_ROOT_CHAINS},
};

/// A deployment that the user named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// What signatures bind.
    pub domain: Domain,
    /// Takes deposits, pays claims.
    pub vault: Address,
    /// Takes forced transactions.
    pub inbox: Address,
    /// All of them: nothing is sent there.
    pub contracts: OwnContracts,
}

impl Deployment {
    /// The contracts that this Registry made; a node that serves others is refused.
    ///
    /// # Errors
    /// Names the contract that differs.
    pub fn of(registry: Address, status: &GetStatusResponse) -> Result<Self, CliError> {
        let [inbox, vault, root_chain] = abi::created_by(registry);
        for (name, said, own) in [
            ("Inbox", &status.inbox, inbox),
            ("Vault", &status.vault, vault),
            ("RootChain", &status.root_chain, root_chain),
        ] {
            if Address::from(address(said)?) != own {
                return Err(CliError::new(format!(
                    "the node says that the {name} is {said}, and Registry {registry} made {own}: it serves another deployment; \
                     name its own Registry with --registry, if you trust that one"
                )));
            }
        }
        let id = &status.deployment_id;
        let deployment = id.as_slice().try_into().map_err(|_| {
            CliError::new(format!(
                "the node's deployment id has {} bytes, not 20",
                id.len()
            ))
        })?;
        Ok(Self::made_by(registry, status.root_chain_id, deployment))
    }

    /// What RootChain says of itself.
    pub(super) async fn on_root(root: &Rpc, registry: Address) -> Result<Self, CliError> {
        let [_, _, root_chain] = abi::created_by(registry);
        let id = view_call(root, root_chain, IRootChain::deploymentCall {}, At::Latest).await?;
        let chain_id = root.chain_id().await?;
        // What root says here is signed for. The contracts stand on no other chain, so whoever names one wants a transaction for that.
        if !LOCAL_ROOT_CHAINS.contains(&chain_id) {
            return Err(CliError::new(format!(
                "the root chain's node says that it is on chain {chain_id}, and no deployment is there (they are on {}): nothing is signed for it",
                listed(LOCAL_ROOT_CHAINS)
            )));
        }
        Ok(Self::made_by(registry, chain_id, id.0))
    }

    pub(super) fn of_local(local: &NetworkFile) -> Result<Self, CliError> {
        let damaged = |what: &str| {
            CliError::new(format!(
                "{NETWORK_FILE} of the local network: its {what} is malformed; `plasmid localnet` writes it anew when it starts"
            ))
        };
        let registry = local
            .contracts
            .get("registry")
            .and_then(|text| text::parse(text).ok());
        let registry = registry.ok_or_else(|| damaged("registry"))?;
        let id = hex::decode(&local.deployment_id).unwrap_or_default();
        let id = id.try_into().map_err(|_| damaged("deployment_id"))?;
        Ok(Self::made_by(registry, local.root_chain_id, id))
    }

    pub(super) fn made_by(registry: Address, root_chain_id: u64, deployment: [u8; 20]) -> Self {
        let [inbox, vault, root_chain] = abi::created_by(registry);
        Self {
            domain: Domain {
                root_chain_id,
                root_chain: root_chain.into_array(),
                deployment,
            },
            vault,
            inbox,
            contracts: OwnContracts::of_registry(&registry.into_array()),
        }
    }
}

//! One more validator of a network that runs: its operator registers on root, and its node gets a folder, which starts like any other.
//!
//! A registration gives no seat: its operator bonds on the child and takes one.

use std::{path::PathBuf, sync::Arc};

use alloy_primitives::{Address, U256};
use plasmid_bridge::{
    abi::{self, IInbox},
    client::{
        ceremony,
        follower::view_call,
        registration,
        rpc::{At, Limits, Receipt, Rpc},
    },
};

use super::{
    Local, LocalError, MAX_VALIDATORS, NodePorts,
    found::{self, BOND, Founding},
    port,
    run::{Network, write_local},
};
use crate::node::{development, founding::home};

/// A validator that has registered.
#[derive(Clone, Debug)]
pub struct Joined {
    /// Number of its node.
    pub number: usize,
    /// Its operator's account on root.
    pub operator: Address,
    /// Number of its registration.
    pub registration: u64,
    /// Root's receipt, with the message that tells the child of it.
    pub receipt: Receipt,
}

impl Network {
    /// Registers one more operator, with published keys, and writes the folder of its node. The node is started by
    /// [`Network::start_node`].
    ///
    /// # Errors
    /// [`LocalError`] with what root or the file system refused.
    pub async fn join(&mut self) -> Result<Joined, LocalError> {
        self.join_for(self.nodes.len()).await
    }

    /// Registers new published keys for the operator of validator `operator`, and writes the folder of its second node, which has them.
    ///
    /// # Errors
    /// As [`Network::join`].
    pub async fn rotate(&mut self, operator: usize) -> Result<Joined, LocalError> {
        self.join_for(operator).await
    }

    async fn join_for(&mut self, operator: usize) -> Result<Joined, LocalError> {
        let number = self.nodes.len();
        let count = u16::try_from(number).unwrap_or(u16::MAX).saturating_add(1);
        if count > MAX_VALIDATORS {
            return Err(LocalError::Validators(count));
        }
        self.local.nodes.push(free_ports()?);
        self.write_folder(number, count).await?;
        write_local(&self.folder, &self.local)?;
        self.nodes.push(None);
        self.register(number, operator).await
    }

    async fn write_folder(&self, number: usize, count: u16) -> Result<(), LocalError> {
        let rpc = Rpc::new(self.anvil.url(), Limits::default())?;
        let created = ceremony::read_back(&rpc, self.local.registry).await?;
        let loaded = Local::home(&self.folder, 0).read_genesis()?;
        let founding = Founding {
            validators: count,
            parameters: loaded.genesis.parameters,
            retain_blocks: 0,
            root_port: self.local.root_port,
            nodes: self.local.nodes.clone(),
        };
        let home = Local::home(&self.folder, number);
        let place = found::place(&founding, number)?;
        home::write_beside(&home, &place, &created, &loaded)?;
        found::write_keys(&home, number, created.id)
    }

    async fn register(&self, number: usize, operator: usize) -> Result<Joined, LocalError> {
        let rpc = Arc::new(Rpc::new(self.anvil.url(), Limits::default())?);
        let secret = development::anvil_secret(0).unwrap_or_default();
        let founder = found::wallet(&rpc, &secret).await?;
        let wallet = found::wallet(&rpc, &found::operator_secret(operator)).await?;
        let operator = wallet.address();
        found::fund(&founder, &[operator]).await?;
        let registry = self.local.registry;
        let [inbox, ..] = abi::created_by(registry);
        let price = view_call(&rpc, inbox, IInbox::priceCall {}, At::Latest).await?;
        // The price may rise before the transaction is mined; what is over comes back.
        let value = U256::from(BOND).saturating_add(price.saturating_mul(U256::from(2)));
        let keys = found::operator_keys(number)?;
        let call = registration::call(&wallet, registry, &keys, BOND, value).await?;
        let limits = wallet.limits(&call).await?;
        let done = registration::register(&wallet, registry, &keys, call, limits).await?;
        let (registration, receipt) = done;
        Ok(Joined {
            number,
            operator,
            registration,
            receipt,
        })
    }
}

fn free_ports() -> Result<NodePorts, LocalError> {
    let free = || {
        port::free().map_err(|source| LocalError::Io {
            path: PathBuf::from("127.0.0.1"),
            source,
        })
    };
    Ok(NodePorts {
        grpc: free()?,
        rpc: free()?,
        p2p: free()?,
    })
}

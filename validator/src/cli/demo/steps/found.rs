//! Steps 1 and 2: the root chain with its contracts, and the validators' first blocks.

use alloy_primitives::{Address, U256};
use plasmid_bridge::{
    abi::{IRegistry, IRootChain, IVault},
    client::{
        follower::view_call,
        rpc::{At, Limits, Rpc},
    },
};
use plasmid_proto::chain::v1::{
    GetBlockRequest, GetStatusRequest, chain_service_client::ChainServiceClient,
};

use super::court;
use crate::{
    cli::{
        CliError,
        demo::{
            observe::{Observations, RootSeen, Set, Validators},
            people::until,
        },
    },
    localnet::{
        Local, Watching,
        run::{Network, Options},
    },
};

/// Height at which the first comparison is made.
const FIRST_COMPARED: u64 = 3;

pub async fn root_chain(
    options: &Options,
    place: &mut Option<Network>,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    let network = place.insert(Network::open(options, say).await?);
    let rpc = Rpc::new(network.anvil.url(), Limits::default())?;
    let registry = network.local.registry;
    let at = At::Latest;
    let root_chain = view_call(&rpc, registry, IRegistry::rootChainCall {}, at).await?;
    let vault = view_call(&rpc, registry, IRegistry::vaultCall {}, at).await?;
    let loaded = Local::home(&network.folder, 0).read_genesis()?;
    let mut agreed = 0;
    for operator in &loaded.genesis.operators {
        let by = view_call(
            &rpc,
            registry,
            IRegistry::agreementByCall {
                operator: Address::from(operator.operator),
            },
            at,
        )
        .await?;
        agreed += usize::from(!by.agreement.is_zero());
    }
    let id: alloy_primitives::FixedBytes<20> =
        view_call(&rpc, root_chain, IRootChain::deploymentCall {}, at).await?;
    let set = view_call(&rpc, root_chain, IRootChain::genesisSetsCall {}, at).await?;
    let escrow: U256 = view_call(
        &rpc,
        vault,
        IVault::escrowCall {
            token: Address::ZERO,
        },
        at,
    )
    .await?;
    seen.root = Some(RootSeen {
        id_on_root: hex::encode(id),
        id_computed: hex::encode(loaded.deployment.domain.deployment),
        state_root_on_root: hex::encode(
            view_call(&rpc, root_chain, IRootChain::genesisStateRootCall {}, at).await?,
        ),
        state_root_computed: hex::encode(loaded.built.root()),
        set_on_root: hex::encode(set.set1),
        set_computed: hex::encode(loaded.built.sets[1].commitment),
        operators: loaded.genesis.operators.len(),
        agreed,
        escrow: escrow.to_string(),
        sigma: loaded.built.sum.to_string(),
    });
    Ok(())
}

pub async fn validators(
    network: &mut Network,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    say("starting four validators");
    network.start_nodes().await?;
    network.start_relayer()?;
    network.start_watcher(&Watching {
        beneficiary: Some(court::rewarded()),
        ..Watching::default()
    })?;
    let loaded = Local::home(&network.folder, 0).read_genesis()?;
    let mut validators = Validators {
        chain_id: loaded.deployment.chain_id.clone(),
        ..Validators::default()
    };
    say("waiting for the first blocks");
    for number in 0..network.nodes.len() {
        let mut client = client(network, number).await?;
        let status = wait_height(&mut client, FIRST_COMPARED).await?;
        validators.chain_ids.push(status.chain_id);
        validators.heights.push(status.height);
        let block = client
            .get_block(GetBlockRequest {
                height: FIRST_COMPARED,
            })
            .await?
            .into_inner();
        validators.app_hashes.push(hex::encode(block.app_hash));
    }
    validators.root_set = root_set(network, loaded.genesis.parameters.unit).await?;
    validators.engine_set = engine_set(network, FIRST_COMPARED).await?;
    seen.validators = Some(validators);
    Ok(())
}

/// The genesis set as the Registry holds it: power is stake by unit.
async fn root_set(network: &Network, unit: u128) -> Result<Set, CliError> {
    let rpc = Rpc::new(network.anvil.url(), Limits::default())?;
    let mut set = Vec::new();
    for number in 0..network.nodes.len() {
        let call = IRegistry::memberAtCall {
            index: U256::from(number),
        };
        let member = view_call(&rpc, network.local.registry, call, At::Latest).await?;
        let power = member.stake / U256::from(unit);
        let power = u64::try_from(power)
            .map_err(|error| CliError::new(format!("power {power} of member {number}: {error}")))?;
        set.push((hex::encode(member.consensusKey), power));
    }
    set.sort();
    Ok(set)
}

/// The set that CometBFT has at a height.
pub async fn engine_set(network: &Network, height: u64) -> Result<Set, CliError> {
    let Some(Some(node)) = network.nodes.first() else {
        return Err(CliError::new("node 0 does not run"));
    };
    let members = node.engine.rpc().validators(height).await?;
    let mut set: Set = members
        .iter()
        .map(|info| (hex::encode(info.pub_key.to_bytes()), info.power.value()))
        .collect();
    set.sort();
    Ok(set)
}

/// The client of node `number`.
pub async fn client(
    network: &Network,
    number: usize,
) -> Result<ChainServiceClient<tonic::transport::Channel>, CliError> {
    ChainServiceClient::connect(network.grpc(number))
        .await
        .map_err(|error| CliError::new(format!("node {number}: {error}")))
}

/// Waits until a node is at `height` at least; gives its status.
pub async fn wait_height(
    client: &mut ChainServiceClient<tonic::transport::Channel>,
    height: u64,
) -> Result<plasmid_proto::chain::v1::GetStatusResponse, CliError> {
    until(&format!("height {height} is reached"), async || {
        let status = client.get_status(GetStatusRequest {}).await?.into_inner();
        Ok((status.height >= height).then_some(status))
    })
    .await
}

//! Step 18: every node's app hash at every height, and the sums of every asset on both chains.

use alloy_primitives::Address;
use plasmid_bridge::abi::IVault;
use plasmid_proto::chain::v1::{
    GetBlockRequest, GetStatusRequest, GetSupplyRequest, chain_service_client::ChainServiceClient,
};
use tonic::transport::Channel;

use super::{
    found::{client, wait_height},
    sets::set_of,
};
use crate::{
    cli::{
        CliError, connect,
        demo::{
            observe::{Accounts, Observations, Total, WorkSeen},
            people::World,
        },
    },
    localnet::run::Network,
};

pub async fn everything(
    network: &Network,
    world: &World,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    let height = world.now().await?.height;
    let mut accounts = Accounts {
        nodes: network.nodes.len(),
        height,
        ..Accounts::default()
    };
    say(&format!("comparing {height} app hashes of each node"));
    let mut asked = Vec::new();
    for number in 0..network.nodes.len() {
        let mut client = client(network, number).await?;
        wait_height(&mut client, height).await?;
        asked.push(tokio::spawn(executed(client, height)));
    }
    for answer in asked {
        let (hashes, work) = answer.await.map_err(std::io::Error::from)??;
        for (height, hash) in (1..).zip(hashes) {
            accounts.app_hashes.entry(height).or_default().push(hash);
        }
        accounts.work.push(work);
    }
    let epoch = world.now().await?.epoch;
    accounts.set = set_of(network, world, epoch).await?;
    accounts.totals = totals(world).await?;
    seen.accounts = Some(accounts);
    Ok(())
}

/// A node's own app hash at each height, and what its process executed.
async fn executed(
    mut client: ChainServiceClient<Channel>,
    height: u64,
) -> Result<(Vec<String>, WorkSeen), CliError> {
    let mut hashes = Vec::new();
    for height in 1..=height {
        let block = client.get_block(GetBlockRequest { height }).await?;
        hashes.push(hex::encode(block.into_inner().app_hash));
    }
    let status = client.get_status(GetStatusRequest {}).await?.into_inner();
    let work = WorkSeen {
        first: status.first_executed,
        height: status.height,
        segments: status.segments_executed,
        reexecuted: status.segments_reexecuted,
    };
    Ok((hashes, work))
}

/// Every asset on both chains. Nothing is on its way when this is called: all deposits are consumed.
pub async fn totals(world: &World) -> Result<Vec<Total>, CliError> {
    let mut assets = Vec::new();
    let mut request = GetSupplyRequest::default();
    loop {
        let page = world.chain().get_supply(request).await?.into_inner();
        assets.extend(page.assets);
        if page.next_page_token.is_empty() {
            break;
        }
        request = GetSupplyRequest {
            page_token: page.next_page_token,
            ..GetSupplyRequest::default()
        };
    }
    let mut totals = Vec::new();
    for asset in assets {
        let token = Address::from(connect::address(&asset.token)?);
        let on_root = world
            .read(world.vault, IVault::totalsCall { token })
            .await?;
        let part = |text: &str| {
            text.parse::<u128>()
                .map_err(|error| CliError::new(format!("{text:?}: {error}")))
        };
        let claims = part(&asset.balances)? + part(&asset.stakes)? + part(&asset.pools)?;
        totals.push(Total {
            token: asset.token,
            deposited: on_root.deposited.to_string(),
            paid: on_root.paid.to_string(),
            credited: asset.credited,
            withdrawn: asset.withdrawn,
            claims: claims.to_string(),
        });
    }
    Ok(totals)
}

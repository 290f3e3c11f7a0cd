//! Step 8: one validator is killed with both its processes, then its engine alone; each time it comes back level.

use plasmid_proto::chain::v1::{GetBlockRequest, GetStatusRequest};

use super::found::{client, wait_height};
use crate::{
    cli::{
        CliError,
        demo::observe::{Crashes, Kill, Observations},
    },
    localnet::run::Network,
};

/// The validator that is killed.
const VICTIM: usize = 2;
/// Blocks that the others must make meanwhile.
const MEANWHILE: u64 = 5;
/// Blocks after the return at which the hashes are compared.
const AFTER: u64 = 5;

pub async fn kills(
    network: &mut Network,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    let mut crashes = Crashes::default();
    say("killing a validator");
    let mut node = take(network)?;
    node.engine.process().kill()?;
    node.app.kill()?;
    drop(node);
    let (at_kill, at_return) = others_go_on(network).await?;
    network.start_node(VICTIM).await?;
    crashes
        .kills
        .push(level("application and engine killed", network, at_kill, at_return).await?);
    say("killing its engine alone");
    let mut node = take(network)?;
    node.engine.process().kill()?;
    let (at_kill, at_return) = others_go_on(network).await?;
    node.engine = network.start_engine(VICTIM).await?;
    network.nodes[VICTIM] = Some(node);
    crashes
        .kills
        .push(level("engine killed alone", network, at_kill, at_return).await?);
    seen.crashes = Some(crashes);
    Ok(())
}

fn take(network: &mut Network) -> Result<crate::localnet::run::Node, CliError> {
    network.nodes[VICTIM]
        .take()
        .ok_or_else(|| CliError::new(format!("node {VICTIM} does not run")))
}

/// Heights of another node now, and after some more blocks.
async fn others_go_on(network: &Network) -> Result<(u64, u64), CliError> {
    let mut other = client(network, 0).await?;
    let at_kill = other
        .get_status(GetStatusRequest {})
        .await?
        .into_inner()
        .height;
    let at_return = wait_height(&mut other, at_kill + MEANWHILE).await?.height;
    Ok((at_kill, at_return))
}

async fn level(
    what: &str,
    network: &Network,
    height_at_kill: u64,
    height_at_return: u64,
) -> Result<Kill, CliError> {
    let (mut own, mut other) = (client(network, VICTIM).await?, client(network, 0).await?);
    let now = other
        .get_status(GetStatusRequest {})
        .await?
        .into_inner()
        .height;
    let height = now + AFTER;
    wait_height(&mut own, height).await?;
    wait_height(&mut other, height).await?;
    Ok(Kill {
        what: what.into(),
        height_at_kill,
        height_at_return,
        height_reached: height,
        own_app_hash: hex::encode(
            own.get_block(GetBlockRequest { height })
                .await?
                .into_inner()
                .app_hash,
        ),
        other_app_hash: hex::encode(
            other
                .get_block(GetBlockRequest { height })
                .await?
                .into_inner()
                .app_hash,
        ),
    })
}

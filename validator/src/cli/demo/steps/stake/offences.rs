//! Steps 12 and 13: the fifth validator is absent for an epoch, goes to jail and returns; then its key signs two votes.

use std::time::Duration;

use super::{act, line, refusal, validator};
use crate::{
    cli::{
        CliError,
        demo::{
            observe::{DoubleVote, Jailed, Newcomer, Observations},
            people::{World, operator, until},
            steps::{
                court,
                found::{client, wait_height},
                sets::{epoch_with, members, place_of, set_of},
            },
        },
    },
    ledger::transaction::StakeBody,
    localnet::{double_vote, run::Network},
};

/// How long its processes may take to end.
const GRACE: Duration = Duration::from_secs(10);

fn fifth(seen: &Observations) -> Result<Newcomer, CliError> {
    let added = seen.newcomer.clone();
    added.ok_or_else(|| CliError::new("there is no fifth validator"))
}

pub async fn jail(
    network: &mut Network,
    world: &World,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    let fifth = fifth(seen)?;
    let own = operator(fifth.node)?;
    let mut jailed = Jailed {
        consensus_key: fifth.consensus_key.clone(),
        stopped: world.now().await?.epoch,
        ..Jailed::default()
    };
    stop(network, fifth.node).await?;
    say("the fifth validator is stopped: waiting until it is jailed");
    jailed.until = until("the absent validator is jailed", async || {
        let line = line(world, own.account).await?;
        Ok(line.jailed.then_some(line.jailed_until))
    })
    .await?;
    let what = "a return at once";
    jailed.early = refusal(world, &own, what, StakeBody::Unjail).await?;
    say("starting it again");
    network.start_node(fifth.node).await?;
    let without = epoch_with(world, &fifth.consensus_key, false).await?;
    jailed.without = set_of(network, world, without).await?;
    let tip = world.now().await?.height;
    wait_height(&mut client(network, fifth.node).await?, tip).await?;
    say(&format!("waiting for epoch {}", jailed.until));
    until("it may return from jail", async || {
        let now = refusal(world, &own, "a return", StakeBody::Unjail).await?;
        Ok((now.code == 0).then_some(()))
    })
    .await?;
    let done = act(world, &own, StakeBody::Unjail).await?;
    jailed.returned = done.status.epoch;
    let again = epoch_with(world, &fifth.consensus_key, true).await?;
    jailed.set = set_of(network, world, again).await?;
    say("waiting for its votes");
    jailed.present = until("the returned validator votes", async || {
        let found = members(world, Some(again)).await?.validators;
        let own = place_of(&found, &fifth.consensus_key).and_then(|place| found.get(place));
        Ok(own.map(|own| own.present).filter(|present| *present > 0))
    })
    .await?;
    seen.jailed = Some(jailed);
    Ok(())
}

/// Ends a node as an operator would.
async fn stop(network: &mut Network, number: usize) -> Result<(), CliError> {
    let node = network.nodes.get_mut(number).and_then(Option::take);
    let mut node = node.ok_or_else(|| CliError::new(format!("node {number} does not run")))?;
    node.engine.process().stop(GRACE).await?;
    node.app.stop(GRACE).await?;
    Ok(())
}

pub async fn votes_twice(
    network: &Network,
    world: &World,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    let fifth = fifth(seen)?;
    let own = operator(fifth.node)?;
    let Some(Some(node)) = network.nodes.first() else {
        return Err(CliError::new("node 0 does not run"));
    };
    let engine = node.engine.rpc();
    // The header of the tip is not committed yet.
    let height = world.now().await?.height.saturating_sub(1);
    let set = engine.validators(height).await?;
    let stands = |key: &[u8]| hex::encode(key) == fifth.consensus_key;
    let mut vote = DoubleVote {
        consensus_key: fifth.consensus_key.clone(),
        height,
        is_member: set.iter().any(|info| stands(&info.pub_key.to_bytes())),
        tombstoned_before: validator(world, own.account).await?.tombstoned,
        ..DoubleVote::default()
    };
    let before = court::before(world, seen, &fifth, height).await?;
    seen.judged = Some(before);
    say("handing two votes of one key to CometBFT");
    let evidence = double_vote(engine, fifth.node, height).await?;
    vote.evidence = engine.broadcast_evidence(evidence).await?.hash.to_string();
    until("the key is tombstoned", async || {
        let found = validator(world, own.account).await?;
        Ok(found.tombstoned.then_some(()))
    })
    .await?;
    let found = validator(world, own.account).await?;
    vote.tombstoned = found.tombstoned;
    vote.seat = found.line.and_then(|line| line.seat);
    say("waiting until it is in the set no more");
    let without = epoch_with(world, &fifth.consensus_key, false).await?;
    vote.set = set_of(network, world, without).await?;
    seen.double_vote = Some(vote);
    Ok(())
}

//! Steps 14, 15 and 17: the Court. Step 13 begins 15: the watcher that runs since step 2 takes the two votes to root, and the child applies the cut.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent;
use plasmid_bridge::{
    abi::{ICourt, IRegistry, IRootChain},
    client::{rpc::At, wallet::Key},
    proof::deployment,
    relay::seen::Which,
};
use plasmid_staking::epoch_of;

use super::{
    sets::set_of,
    stake::{act, amount, delegator::payee, line, standing, validator},
};
use crate::{
    cli::{
        CliError,
        demo::{
            observe::{CutSeen, JudgedKey, Moved, Newcomer, Observations},
            people::{DemoPerson, World, operator, person, until},
        },
    },
    ledger::transaction::StakeBody,
    localnet::{found, run::Network},
};

pub mod colluders;

/// Whom the demo's watcher has its rewards paid to: an account that nobody else pays.
pub fn rewarded() -> Address {
    Address::from(payee("reports").id)
}

/// What is as it was before two votes of a height are handed in, which the fifth validator's key signed.
pub async fn before(
    world: &World,
    seen: &Observations,
    fifth: &Newcomer,
    height: u64,
) -> Result<JudgedKey, CliError> {
    let own = operator(fifth.node)?;
    let root_chain = world.domain.root_chain.into();
    let times = world.read(root_chain, IRootChain::parametersCall {});
    let epoch = epoch_of(height, times.await?.epochBlocks);
    let rules = world.read(court(world), ICourt::parametersCall {}).await?;
    let earned = seen.earned.as_ref();
    let earned = earned.ok_or_else(|| CliError::new("nobody has delegated to the fifth"))?;
    let mut judged = JudgedKey {
        epoch: epoch.ok_or_else(|| CliError::new("height 0 has no votes"))?,
        consensus_key: fifth.consensus_key.clone(),
        min_cut: u32::try_from(rules.minCut).map_err(|error| CliError::new(error.to_string()))?,
        cost: rules.reward.to_string(),
        bond: begun("the bond", bond(world, &own, fifth.registration).await?),
        reward: begun("the reward", world.rpc.balance(rewarded()).await?),
        stake: begun("the line's stake", line(world, own.account).await?.stake),
        ..JudgedKey::default()
    };
    for number in [fifth.position, earned.position.number] {
        let found = standing(world, number).await?;
        judged.positions.push(CutSeen {
            number,
            held: begun(&format!("position {number}"), found.held),
            ..CutSeen::default()
        });
    }
    Ok(judged)
}

/// Follows what the watcher does, and has both positions cut.
pub async fn cut(
    network: &Network,
    world: &World,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    let fifth = seen.newcomer.as_ref();
    let fifth = fifth.ok_or_else(|| CliError::new("there is no fifth validator"))?;
    let judged = seen.judged.as_mut();
    let judged = judged.ok_or_else(|| CliError::new("nobody has signed two votes"))?;
    let own = operator(fifth.node)?;
    let (operator, epoch) = (Address::from(own.account.id), judged.epoch);
    judged.set = set_of(network, world, epoch).await?;
    say("waiting until the watcher has shown the two votes (see watcher.log)");
    let of = |event: &ICourt::Revealed| (event.operator, event.epoch) == (operator, epoch);
    judged.share = event(network, world, of).await?.share;
    say("waiting until the reward is paid");
    let of = |event: &ICourt::Collected| (event.operator, event.epoch) == (operator, epoch);
    let collected = event(network, world, of).await?;
    let reward = world.rpc.balance(rewarded()).await?;
    end(&mut judged.reward, reward, collected.paid);
    let bond = bond(world, &own, fifth.registration).await?;
    let taken = collected.paid.saturating_add(collected.burned);
    end(&mut judged.bond, bond, format!("-{taken}"));
    say("waiting until reports are closed and the cut is settled");
    let of = |event: &ICourt::Settled| (event.operator, event.epoch) == (operator, epoch);
    judged.fraction = event(network, world, of).await?.fraction;
    judged.sent = world.rpc.nonce(watcher()?, At::Latest).await?;
    say("waiting until the child has the cut");
    let mut lost = 0;
    for (position, owner) in judged.positions.iter_mut().zip([&own, &person("alice")?]) {
        lost += apply(world, owner, epoch, position).await?;
    }
    let told = validator(world, own.account).await?;
    judged.tombstoned = told.tombstoned;
    let line = line(world, own.account).await?;
    end(&mut judged.stake, line.stake, format!("-{lost}"));
    judged.freezes = line.freezes.map_or(0, |freezes| freezes.count);
    let now = world.now().await?.epoch;
    judged.later = set_of(network, world, now).await?;
    Ok(())
}

/// Waits until the cut of an epoch meets a position, has it taken, and gives what was taken.
async fn apply(
    world: &World,
    owner: &DemoPerson,
    epoch: u64,
    seen: &mut CutSeen,
) -> Result<u128, CliError> {
    let number = seen.number;
    let (waits, fraction) = until("a cut meets the position", async || {
        let found = standing(world, number).await?;
        let cut = found.cuts.iter().find(|cut| cut.epoch == epoch);
        Ok(cut.map(|cut| (found.cut_waits, cut.fraction)))
    })
    .await?;
    let lost = amount(&waits)?;
    act(world, owner, StakeBody::ApplyCut { position: number }).await?;
    seen.fraction = fraction;
    let held = standing(world, number).await?.held;
    end(&mut seen.held, held, format!("-{lost}"));
    Ok(lost)
}

/// Waits for an event of the Court.
async fn event<E: SolEvent>(
    network: &Network,
    world: &World,
    is_it: impl Fn(&E) -> bool,
) -> Result<E, CliError> {
    let (first, topics) = (network.local.deployed_at, [E::SIGNATURE_HASH]);
    let court = [court(world)];
    until(E::SIGNATURE, async || {
        let Some(newest) = world.rpc.block(Which::Latest).await? else {
            return Ok(None);
        };
        let logs = world
            .rpc
            .logs(first, newest.number, &court, &topics)
            .await?;
        let mut events = logs.iter().filter_map(|log| {
            E::decode_raw_log_validate(log.topics.iter().copied(), &log.data).ok()
        });
        Ok(events.find(&is_it))
    })
    .await
}

fn court(world: &World) -> Address {
    deployment::court(&world.registry.into_array()).into()
}

/// The account that the watcher of the local network pays with.
fn watcher() -> Result<Address, CliError> {
    let key = Key::from_bytes(&found::watcher_secret());
    let key = key.map_err(|error| CliError::new(error.to_string()))?;
    Ok(key.address())
}

async fn bond(world: &World, own: &DemoPerson, number: u64) -> Result<U256, CliError> {
    let call = IRegistry::registrationOfCall {
        operator: own.account.id.into(),
        number,
    };
    Ok(world.read(world.registry, call).await?.bond)
}

fn begun(what: &str, before: impl ToString) -> Moved {
    Moved {
        what: what.into(),
        before: before.to_string(),
        ..Moved::default()
    }
}

fn end(moved: &mut Moved, after: impl ToString, expected: impl ToString) {
    moved.after = after.to_string();
    moved.expected = expected.to_string();
}

//! Steps 14 and 17: two validators sign a second checkpoint of an epoch whose checkpoint root has accepted. Whoever gets both shares of a key takes
//! them to the Court: here a second watcher, which is handed them.

use alloy_primitives::{Address, B256, U256};
use plasmid_bridge::{
    abi::{ICourt, IRootChain},
    client::{
        ceremony,
        watcher::{ChildNews, ChildSource, WatchOptions, Watcher},
    },
    proof::checkpoint::Checkpoint,
    relay::{
        acceptance::Acceptance,
        events::{self, Heard},
        seen::Which,
        watch::statement::{DoubleStatement, TwoShares},
    },
};
use plasmid_staking::Member;
use tokio::sync::{mpsc, oneshot};

use super::{apply, begun, bond, court, end, event};
use crate::{
    cli::{
        CliError,
        demo::{
            observe::{Collusion, Culprit, CutSeen, Observations},
            people::{World, operator, person, until},
            steps::{
                sets::{leaves, members, set_of},
                stake::{delegator::payee, line, standing, validator},
            },
        },
    },
    localnet::{
        LocalError,
        found::{self, operator_keys},
        run::Network,
    },
    node::development,
};

/// Who signs twice: two of the founders.
const COLLUDERS: [usize; 2] = [2, 3];
/// The anvil account that the second watcher pays with.
const PAYS: usize = 3;

/// Whom the second watcher has its rewards paid to.
fn rewarded() -> Address {
    Address::from(payee("shares").id)
}

/// Has both sign, and hands the shares to a watcher that runs from now on.
pub async fn sign(
    network: &Network,
    world: &World,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    let judged = seen.judged.as_ref();
    let judged = judged.ok_or_else(|| CliError::new("nobody has signed two votes"))?;
    say("waiting for a checkpoint of a later epoch than the two votes");
    let accepted = until("root has accepted a later checkpoint", async || {
        // An epoch apart, so that neither offence raises the cut of the other.
        Ok(newest(network, world)
            .await?
            .filter(|found| found.epoch > judged.epoch))
    })
    .await?;
    let epoch = accepted.epoch.saturating_add(1);
    let members = leaves(&members(world, Some(epoch)).await?.validators)?;
    let rules = world.read(court(world), ICourt::parametersCall {}).await?;
    let mut collusion = Collusion {
        epoch,
        set: set_of(network, world, epoch).await?,
        cost: rules.reward.to_string(),
        min_cut: judged.min_cut,
        reward: begun("the rewards", world.rpc.balance(rewarded()).await?),
        ..Collusion::default()
    };
    let other = Checkpoint {
        state_root: B256::repeat_byte(0x66),
        ..accepted.checkpoint
    };
    let mut statements = Vec::new();
    for number in COLLUDERS {
        let keys = operator_keys(number)?;
        let stands = |member: &Member| member.checkpoint_key == keys.checkpoint_key();
        let place = members.iter().position(stands);
        let found = place.and_then(|place| Some((place, members.get(place)?)));
        let (place, member) = found.ok_or_else(|| CliError::new("a founder is not a member"))?;
        let checkpoints = [accepted.checkpoint, other];
        statements.push(TwoShares {
            number: u16::try_from(place).map_err(|error| CliError::new(error.to_string()))?,
            checkpoints,
            shares: checkpoints.map(|one| keys.checkpoint().sign_checkpoint(&one.digest())),
        });
        collusion.culprits.push(begin(world, number, member).await?);
    }
    watch(network, world, statements).await?;
    seen.collusion = Some(collusion);
    Ok(())
}

/// A founder before it is judged, with the position of its genesis stake.
async fn begin(world: &World, number: usize, member: &Member) -> Result<Culprit, CliError> {
    let own = operator(number)?;
    let position = u64::try_from(number).unwrap_or(u64::MAX).saturating_add(1);
    let found = standing(world, position).await?;
    let bond = bond(world, &own, member.registration).await?;
    Ok(Culprit {
        node: number,
        registration: member.registration,
        consensus_key: hex::encode(member.consensus_key),
        bond: begun(&format!("the bond of {number}"), bond),
        stake: begun(
            &format!("the stake of {number}"),
            line(world, own.account).await?.stake,
        ),
        position: CutSeen {
            number: position,
            held: begun(&format!("position {position}"), found.held),
            ..CutSeen::default()
        },
        ..Culprit::default()
    })
}

/// Starts a watcher that is handed these statements. It runs as long as this process.
async fn watch(
    network: &Network,
    world: &World,
    statements: Vec<TwoShares>,
) -> Result<(), CliError> {
    let secret = development::anvil_secret(PAYS);
    let secret = secret.ok_or_else(|| LocalError::Key("anvil".into()))?;
    let wallet = found::wallet(&world.rpc, &secret).await?;
    let created = ceremony::read_back(&world.rpc, world.registry).await;
    let created = created.map_err(LocalError::from)?;
    let options = WatchOptions {
        beneficiary: rewarded(),
        dry_run: false,
        budget: None,
        challenge_budget: 0,
    };
    let folder = network.folder.join("second-watcher");
    let child = OneNode {
        world: World::open(network).await?,
        place: network.grpc(0),
    };
    let watcher = Watcher::open(wallet, None, created, child, &folder, options);
    let mut watcher = watcher
        .await
        .map_err(|error| CliError::new(error.to_string()))?;
    let (news, told) = mpsc::channel(statements.len());
    for statement in statements {
        let accuses = ChildNews::Accuses {
            node: 0,
            statement: DoubleStatement::Shares(Box::new(statement)),
            // There is room for all of them.
            taken: oneshot::channel().0,
        };
        let sent = news.send(accuses).await;
        sent.map_err(|error| CliError::new(error.to_string()))?;
    }
    tokio::spawn(async move {
        watcher.prepare(&mut |_| {}).await;
        watcher.run(told, |_| {}).await;
        // Nobody who reads the child is there: the watcher ends when this goes.
        drop(news);
    });
    Ok(())
}

/// One node of the demo, which tells sets.
struct OneNode {
    world: World,
    place: String,
}

impl ChildSource for OneNode {
    fn places(&self) -> &[String] {
        std::slice::from_ref(&self.place)
    }

    fn sources(&self) -> std::ops::Range<usize> {
        0..1
    }

    async fn members(&self, _: usize, epoch: u64) -> Result<Vec<Member>, String> {
        let told = members(&self.world, Some(epoch)).await;
        let members = told.and_then(|told| leaves(&told.validators));
        members.map_err(|error| error.to_string())
    }
}

/// The newest checkpoint that root has accepted, with what it says.
async fn newest(network: &Network, world: &World) -> Result<Option<Acceptance>, CliError> {
    let root_chain = [Address::from(world.domain.root_chain)];
    let head = world.read(root_chain[0], IRootChain::headCall {}).await?;
    let Some(block) = world.rpc.block(Which::Latest).await? else {
        return Ok(None);
    };
    let first = network.local.deployed_at;
    let logs = world
        .rpc
        .logs(first, block.number, &root_chain, &[events::ACCEPTANCE]);
    for log in logs.await?.iter().rev() {
        let heard = events::decode(log, &world.domain.deployment);
        if let Heard::Acceptance(found) = heard.map_err(CliError::new)?
            && found.epoch.saturating_add(1) == head.accepted
        {
            return Ok(Some(*found));
        }
    }
    Ok(None)
}

/// Follows the watcher, and has both founders' stake cut.
pub async fn cut_both(
    network: &Network,
    world: &World,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    let collusion = seen.collusion.as_mut();
    let collusion = collusion.ok_or_else(|| CliError::new("nobody has signed two checkpoints"))?;
    let (epoch, alice) = (collusion.epoch, person("alice")?);
    let mut rewards = U256::ZERO;
    for culprit in &mut collusion.culprits {
        let own = operator(culprit.node)?;
        let of = Address::from(own.account.id);
        say("waiting until both are convicted, and their bonds have paid");
        let is_it = |event: &ICourt::Revealed| (event.operator, event.epoch) == (of, epoch);
        culprit.share = event(network, world, is_it).await?.share;
        let is_it = |event: &ICourt::Collected| (event.operator, event.epoch) == (of, epoch);
        let collected = event(network, world, is_it).await?;
        rewards = rewards.saturating_add(collected.paid);
        culprit.paid = collected.paid.to_string();
        let taken = collected.paid.saturating_add(collected.burned);
        let bond = bond(world, &own, culprit.registration).await?;
        end(&mut culprit.bond, bond, format!("-{taken}"));
    }
    let balance = world.rpc.balance(rewarded()).await?;
    end(&mut collusion.reward, balance, rewards);
    for culprit in &mut collusion.culprits {
        let own = operator(culprit.node)?;
        let of = Address::from(own.account.id);
        say("waiting until reports are closed and both cuts are settled");
        let is_it = |event: &ICourt::Settled| (event.operator, event.epoch) == (of, epoch);
        culprit.fraction = event(network, world, is_it).await?.fraction;
        let lost = apply(world, &alice, epoch, &mut culprit.position).await?;
        let line = line(world, own.account).await?;
        end(&mut culprit.stake, line.stake, format!("-{lost}"));
        culprit.seat = validator(world, own.account)
            .await?
            .line
            .and_then(|line| line.seat);
    }
    let now = world.now().await?.epoch;
    collusion.later = set_of(network, world, now).await?;
    Ok(())
}

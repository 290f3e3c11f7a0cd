//! Step 10: a fifth operator registers on root, bonds on the child and takes a seat, and its node signs.

use plasmid_bridge::client::registration;
use plasmid_proto::stake::v1::ListValidatorsRequest;

use super::{act, terms, validator};
use crate::{
    cli::{
        CliError,
        bridge::message_index,
        demo::{
            observe::{Newcomer, Observations},
            people::{DemoPerson, NATIVE, World, operator, person, until},
            steps::{
                accepted::{acceptance_event, accepted_checkpoint},
                found::{client, wait_height},
                sets::{epoch_with, members, place_of, set_of},
            },
        },
    },
    ledger::transaction::{Body, StakeBody},
    localnet::{Joined, found::ETHER, run::Network},
};

/// Its bond: small, so that the others go on when it is away.
const BOND: u128 = 3 * ETHER;
/// What it gets for its bond and its fees.
const MONEY: u128 = 5 * ETHER;
/// Certificates in which its share is looked for. It is due in the first one, but more than two thirds of the power make a certificate, and root
/// takes the first that comes: no validator can have its share waited for.
const CERTIFICATES: u64 = 8;

pub async fn newcomer(
    network: &mut Network,
    world: &World,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    say("registering a fifth operator on root");
    let joined = network.join().await?;
    let own = operator(joined.number)?;
    say("starting its node");
    network.start_node(joined.number).await?;
    world
        .consumed(message_index(world.inbox, &joined.receipt.logs)?)
        .await?;
    pay(world, &own).await?;
    // What depends on its votes begins when it is level.
    let tip = world.now().await?.height;
    wait_height(&mut client(network, joined.number).await?, tip).await?;
    let mut newcomer = registered(network, world, &joined, &own).await?;
    let before = world.now().await?.epoch;
    newcomer.before = set_of(network, world, before).await?;
    say("bonding and taking a seat");
    let terms = terms(world, own.account).await?;
    newcomer.position = act(world, &own, terms.delegation(BOND)).await?.position;
    act(world, &own, StakeBody::TakeSeat).await?;
    let epoch = epoch_with(world, &newcomer.consensus_key, true).await?;
    newcomer.set = set_of(network, world, epoch).await?;
    newcomer.first_due = epoch.saturating_sub(1);
    say("waiting for its share over the first checkpoint that is due");
    newcomer.shared = until("its first share is known", async || {
        let shared = shared(world, &newcomer).await?;
        let over = world.now().await?.epoch > epoch.saturating_add(1);
        Ok((shared || over).then_some(shared))
    })
    .await?;
    say("waiting for a certificate with its share");
    newcomer.signed = signed(world, &newcomer).await?;
    seen.newcomer = Some(newcomer);
    Ok(())
}

async fn pay(world: &World, to: &DemoPerson) -> Result<(), CliError> {
    let body = Body::Transfer {
        to: to.account,
        token: NATIVE,
        amount: MONEY,
    };
    let paid = world.sign(&person("alice")?, body).await?;
    let answer = world.submit(paid.encode()).await?;
    match answer.code {
        0 => world.included(answer.hash).await.map(drop),
        _ => Err(CliError::new(answer.log)),
    }
}

/// The registration by root and by the child.
async fn registered(
    network: &Network,
    world: &World,
    joined: &Joined,
    own: &DemoPerson,
) -> Result<Newcomer, CliError> {
    let found = validator(world, own.account).await?;
    let registry = network.local.registry;
    let on_root = registration::newest(&world.rpc, registry, joined.operator).await?;
    let on_root = on_root.ok_or_else(|| CliError::new("the Registry knows no registration"))?;
    let home = crate::localnet::Local::home(&network.folder, 0);
    let unit = home.read_genesis()?.genesis.parameters.unit;
    let power = u64::try_from(BOND / unit);
    Ok(Newcomer {
        node: joined.number,
        operator: own.account.to_string(),
        registration: on_root.registration,
        keys_on_root: hex::encode([&on_root.consensusKey[..], &on_root.checkpointKey].concat()),
        keys_on_child: hex::encode([found.consensus_key.clone(), found.checkpoint_key].concat()),
        consensus_key: hex::encode(found.consensus_key),
        power: power.map_err(|error| CliError::new(error.to_string()))?,
        ..Newcomer::default()
    })
}

/// Whether its share over the first checkpoint that is due is known.
async fn shared(world: &World, newcomer: &Newcomer) -> Result<bool, CliError> {
    let request = ListValidatorsRequest::default();
    let all = world.stake().list_validators(request).await?.into_inner();
    let mut own = all.validators.iter();
    let own = own.find(|one| one.operator == newcomer.operator);
    let mut epochs = own.into_iter().flat_map(|own| &own.attendance);
    Ok(epochs.any(|one| one.epoch == newcomer.first_due && one.signer && one.signed))
}

/// The first checkpoint whose certificate has its share.
async fn signed(world: &World, newcomer: &Newcomer) -> Result<Option<u64>, CliError> {
    for epoch in newcomer.first_due..newcomer.first_due.saturating_add(CERTIFICATES) {
        accepted_checkpoint(world, epoch).await?;
        let signers = members(world, Some(epoch.saturating_add(1)))
            .await?
            .validators;
        let place = place_of(&signers, &newcomer.consensus_key);
        let event = acceptance_event(world, epoch).await?;
        if place.is_some_and(|place| event.has_signed(place)) {
            return Ok(Some(epoch));
        }
    }
    Ok(None)
}

//! Sets of validators, by CometBFT, by the child and by root.

use plasmid_bridge::{abi::IRootChain, proof::set};
use plasmid_proto::chain::v1::{ListValidatorsRequest, ListValidatorsResponse, Validator};
use plasmid_staking::Member;

use super::{
    accepted::{acceptance_event, accepted_checkpoint},
    found::{client, engine_set, wait_height},
};
use crate::{
    cli::{
        CliError, connect,
        demo::{
            observe::{Set, SetSeen},
            people::{World, until},
        },
    },
    localnet::run::Network,
};

/// The set of an epoch that has begun, by all who hold it.
pub async fn set_of(network: &Network, world: &World, epoch: u64) -> Result<SetSeen, CliError> {
    let root_chain = world.domain.root_chain.into();
    let parameters = world
        .read(root_chain, IRootChain::parametersCall {})
        .await?;
    let height = epoch * u64::from(parameters.epochBlocks) + 1;
    wait_height(&mut client(network, 0).await?, height).await?;
    let members = members(world, Some(epoch)).await?.validators;
    let on_root = match epoch.checked_sub(2) {
        Some(before) => {
            accepted_checkpoint(world, before).await?;
            acceptance_event(world, before).await?.next_set
        }
        None => {
            let sets = world.read(root_chain, IRootChain::genesisSetsCall {});
            sets.await?.set1
        }
    };
    let computed =
        set::commit(&leaves(&members)?).map_err(|error| CliError::new(error.to_string()))?;
    Ok(SetSeen {
        epoch,
        height,
        engine: engine_set(network, height).await?,
        child: keys(&members),
        computed: hex::encode(computed.commitment),
        on_root: hex::encode(on_root),
    })
}

/// The set of an epoch by the child, by default that of the tip.
pub async fn members(
    world: &World,
    epoch: Option<u64>,
) -> Result<ListValidatorsResponse, CliError> {
    let request = ListValidatorsRequest { epoch };
    Ok(world.chain().list_validators(request).await?.into_inner())
}

/// The members of a set as their leaves in the commitment have them.
pub fn leaves(members: &[Validator]) -> Result<Vec<Member>, CliError> {
    members.iter().map(member).collect()
}

/// Waits until an epoch has begun in whose set this consensus key stands, or stands no more; gives the epoch.
pub async fn epoch_with(world: &World, key: &str, stands: bool) -> Result<u64, CliError> {
    let what = match stands {
        true => "the validator is in the set",
        false => "the validator is in the set no more",
    };
    until(what, async || {
        let found = members(world, None).await?;
        Ok((place_of(&found.validators, key).is_some() == stands).then_some(found.epoch))
    })
    .await
}

/// The member number of a consensus key.
pub fn place_of(members: &[Validator], key: &str) -> Option<usize> {
    let mut members = members.iter();
    members.position(|member| hex::encode(&member.consensus_key) == key)
}

fn keys(members: &[Validator]) -> Set {
    let one = |member: &Validator| (hex::encode(&member.consensus_key), member.power);
    let mut set: Set = members.iter().map(one).collect();
    set.sort();
    set
}

/// A member as its leaf in the commitment has it.
fn member(told: &Validator) -> Result<Member, CliError> {
    let long = |what: &str| CliError::new(format!("the node's {what} has another length"));
    let seat = u16::try_from(told.seat);
    let (consensus, checkpoint) = (&told.consensus_key, &told.checkpoint_key);
    Ok(Member {
        // No set of the demo is copied.
        at_risk: true,
        seat: seat.map_err(|_| long("seat number"))?,
        operator: connect::address(&told.operator)?,
        registration: told.registration,
        consensus_key: consensus.as_slice().try_into().map_err(|_| long("key"))?,
        checkpoint_key: checkpoint.as_slice().try_into().map_err(|_| long("key"))?,
        power: told.power,
    })
}

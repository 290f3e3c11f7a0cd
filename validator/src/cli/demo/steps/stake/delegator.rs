//! Steps 9, 11 and 16: alice delegates, is paid rewards, moves a part, ends another, and is paid when it has matured.

use plasmid_proto::stake::v1::GetMaturityRequest;

use super::{act, amount, line, position, refusal, standing, terms, told};
use crate::{
    cli::{
        CliError,
        demo::{
            observe::{Delegation, Earned, Moved, Observations, Undelegation},
            people::{DemoPerson, NATIVE, World, operator, person, until},
            steps::money::moved,
        },
    },
    ledger::{Account, transaction::StakeBody},
    localnet::found::ETHER,
};

/// What is delegated, moved on, and ended. What is moved on is much of the fifth validator's stake, so that its cut is above the least one, and little
/// of all stake, so that the others go on without it.
const DELEGATED: u128 = 20 * ETHER;
const MOVED: u128 = 12 * ETHER;
const ENDED: u128 = ETHER;

/// An account that nobody else pays.
pub fn payee(of: &str) -> Account {
    let hash = alloy_primitives::keccak256(format!("plasmid demo {of}"));
    Account::ethereum(alloy_primitives::Address::from_word(hash).into_array())
}

pub async fn delegation(world: &World, seen: &mut Observations) -> Result<(), CliError> {
    let (alice, founder) = (person("alice")?, operator(0)?);
    let before = world.balance(&alice.account, &NATIVE).await?;
    let terms = terms(world, founder.account).await?;
    let done = act(world, &alice, terms.delegation(DELEGATED)).await?;
    let after = world.balance(&alice.account, &NATIVE).await?;
    seen.delegation = Some(Delegation {
        owner: alice.account.to_string(),
        operator: founder.account.to_string(),
        amount: DELEGATED.to_string(),
        epoch: done.status.epoch,
        foretold: done.foretold,
        paid: Moved {
            what: "alice's coins, with the fee".into(),
            before: before.to_string(),
            after: after.to_string(),
            expected: format!("-{}", DELEGATED + done.fee),
        },
        position: told(&standing(world, done.position).await?),
    });
    Ok(())
}

/// The position that step 9 made.
fn delegated(seen: &Observations) -> Result<u64, CliError> {
    let made = seen.delegation.as_ref();
    let made = made.ok_or_else(|| CliError::new("nobody has delegated"))?;
    Ok(made.position.number)
}

pub async fn earned(
    world: &World,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    let alice = person("alice")?;
    let whole = delegated(seen)?;
    say("waiting for rewards");
    let rewards = until("the position has earned something", async || {
        let rewards = amount(&standing(world, whole).await?.rewards)?;
        Ok((rewards > 0).then_some(rewards))
    })
    .await?;
    let paid = claim_rewards(world, &alice, whole).await?;
    say("moving a part to the fifth validator");
    let fifth = operator(network_number(seen)?)?;
    let stake = amount(&line(world, fifth.account).await?.stake)?;
    let terms = terms(world, fifth.account).await?;
    let done = act(world, &alice, terms.redelegation(whole, MOVED)).await?;
    let stake_after = amount(&line(world, fifth.account).await?.stake)?;
    seen.earned = Some(Earned {
        rewards: rewards.to_string(),
        paid,
        epoch: done.status.epoch,
        to: fifth.account.to_string(),
        amount: MOVED.to_string(),
        stake: moved("the fifth validator's stake", stake, stake_after, MOVED),
        position: told(&standing(world, done.position).await?),
    });
    say("ending another part");
    seen.undelegation = Some(undelegate(world, &alice, whole).await?);
    Ok(())
}

/// Number of the node that step 10 added.
fn network_number(seen: &Observations) -> Result<usize, CliError> {
    let added = seen.newcomer.as_ref();
    let added = added.ok_or_else(|| CliError::new("there is no fifth validator"))?;
    Ok(added.node)
}

/// Claims to an account that nobody else pays. What it is paid is told by the result, and by its balance.
async fn claim_rewards(world: &World, owner: &DemoPerson, number: u64) -> Result<Moved, CliError> {
    let to = payee("rewards");
    let before = world.balance(&to, &NATIVE).await?;
    let body = StakeBody::ClaimRewards {
        to,
        positions: vec![number],
    };
    let done = act(world, owner, body).await?;
    let after = world.balance(&to, &NATIVE).await?;
    let mut events = done.status.events.iter();
    let event = events.find(|event| event.name == "paid");
    let mut attributes = event.iter().flat_map(|event| &event.attributes);
    let told = attributes.find(|attribute| attribute.key == "amount");
    let told = told.map_or(Ok(0), |told| amount(&told.value))?;
    Ok(moved("rewards", before, after, told))
}

async fn undelegate(
    world: &World,
    owner: &DemoPerson,
    whole: u64,
) -> Result<Undelegation, CliError> {
    let body = StakeBody::Undelegate {
        position: whole,
        amount: ENDED,
    };
    let done = act(world, owner, body).await?;
    let found = standing(world, done.position).await?;
    let claim = StakeBody::ClaimStake {
        position: done.position,
        to: owner.account,
    };
    let early = refusal(world, owner, "a claim at once", claim).await?;
    Ok(Undelegation {
        epoch: done.status.epoch,
        last: found
            .legs
            .iter()
            .filter_map(|leg| leg.last)
            .max()
            .unwrap_or(0),
        early,
        position: told(&found),
        ..Undelegation::default()
    })
}

pub async fn matured(
    world: &World,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    let alice = person("alice")?;
    let ended = seen.undelegation.as_mut();
    let ended = ended.ok_or_else(|| CliError::new("nothing was undelegated"))?;
    say(&format!("waiting until epoch {} has matured", ended.last));
    ended.matured = until("the position has matured", async || {
        let answer = world.stake().get_maturity(GetMaturityRequest {}).await?;
        let matured = answer.into_inner().matured;
        Ok((matured > ended.last).then_some(matured))
    })
    .await?;
    let number = ended.position.number;
    let found = standing(world, number).await?;
    let due = amount(&found.held)?.saturating_add(amount(&found.rewards)?);
    let to = payee("stake");
    let before = world.balance(&to, &NATIVE).await?;
    let claim = StakeBody::ClaimStake {
        position: number,
        to,
    };
    act(world, &alice, claim).await?;
    let after = world.balance(&to, &NATIVE).await?;
    ended.paid = moved("an ended position with its rewards", before, after, due);
    ended.gone = position(world, number).await?.is_none();
    Ok(())
}

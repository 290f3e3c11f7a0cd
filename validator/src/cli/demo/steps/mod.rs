//! The steps of the demo: each does one thing on the running network and notes what it saw.

use super::{observe::Observations, people::World};
use crate::{
    cli::CliError,
    localnet::run::{Network, Options},
};

pub mod accepted;
mod bridge;
mod court;
mod crash;
pub mod found;
pub mod money;
mod sets;
mod stake;
mod sums;

/// A step.
pub struct DemoStep {
    /// The part of the demo that it belongs to, as `--only` names it.
    pub part: &'static str,
    /// What it shows.
    pub title: &'static str,
}

/// What every part needs before it.
const NETWORK: &str = "network";

/// The steps, in their order.
pub const STEPS: [DemoStep; 18] = [
    step(NETWORK, "root chain: contracts, operators, genesis"),
    step(NETWORK, "four validators: first blocks"),
    step("deposits", "deposits through vote extensions"),
    step("transfers", "transfers, and five refusals"),
    step("checkpoint", "a checkpoint accepted on root"),
    step("withdrawal", "withdrawal and claim on root"),
    step("forced", "forced transactions through the inbox"),
    step("crash", "kill and return"),
    step("stake", "a delegation: prepared, signed, followed"),
    step("stake", "a fifth validator: registered, seated, signing"),
    step("stake", "rewards, and a redelegation"),
    step("stake", "an absent validator: jailed, and back"),
    step("stake", "two votes of one key: tombstoned"),
    step("court", "two checkpoints of one epoch: signed, handed in"),
    step("court", "the two votes before the Court: paid, cut"),
    // What was undelegated in step 11 matures while the Court's windows pass.
    step("stake", "an undelegation matures and is paid"),
    step("court", "the two checkpoints before the Court: all cut"),
    step("sums", "every app hash, and the sums"),
];

pub const fn step(part: &'static str, title: &'static str) -> DemoStep {
    DemoStep { part, title }
}

/// The parts, in their order.
pub fn parts() -> Vec<&'static str> {
    let mut parts = Vec::new();
    for step in &STEPS {
        if !parts.contains(&step.part) {
            parts.push(step.part);
        }
    }
    parts
}

/// Numbers of the steps of some parts, from 1, with those that they need before them; all of them for no part.
pub fn chosen(only: &[String]) -> Vec<usize> {
    let is_named = |part: &str| only.iter().any(|named| named == part);
    // Test tokens come to the child by a deposit.
    let with_tokens = is_named("transfers") || is_named("sums");
    // Whoever comes before the Court has signed two votes, and others' stake behind it.
    let with_stake = is_named("court");
    let is_due = |part: &str| {
        let is_needed = part == NETWORK
            || (part == "deposits" && with_tokens)
            || (part == "stake" && with_stake);
        only.is_empty() || is_named(part) || is_needed
    };
    let steps = (1..).zip(&STEPS);
    let due = steps.filter(|(_, step)| is_due(step.part));
    due.map(|(number, _)| number).collect()
}

/// Makes step `number` and notes what was seen.
pub async fn make(
    number: usize,
    options: &Options,
    place: &mut Option<Network>,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    if number == 1 {
        return found::root_chain(options, place, seen, say).await;
    }
    let network = place
        .as_mut()
        .ok_or_else(|| CliError::new("there is no network"))?;
    if number == 2 {
        return found::validators(network, seen, say).await;
    }
    let world = World::open(network).await?;
    match number {
        3 => bridge::deposits(network, &world, seen).await,
        4 => money::transfers(network, &world, seen).await,
        5 => bridge::checkpoint(network, &world, seen, say).await,
        6 => bridge::withdrawal(network, &world, seen, say).await,
        7 => bridge::forced(network, &world, seen).await,
        8 => crash::kills(network, seen, say).await,
        9 => stake::delegator::delegation(&world, seen).await,
        10 => stake::newcomer::newcomer(network, &world, seen, say).await,
        11 => stake::delegator::earned(&world, seen, say).await,
        12 => stake::offences::jail(network, &world, seen, say).await,
        13 => stake::offences::votes_twice(network, &world, seen, say).await,
        14 => court::colluders::sign(network, &world, seen, say).await,
        15 => court::cut(network, &world, seen, say).await,
        16 => stake::delegator::matured(&world, seen, say).await,
        17 => court::colluders::cut_both(network, &world, seen, say).await,
        _ => sums::everything(network, &world, seen, say).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_brings_what_it_needs_and_no_part_is_all() {
        let of = |parts: &[&str]| {
            let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            chosen(&parts)
        };
        assert_eq!(of(&[]), (1..=STEPS.len()).collect::<Vec<_>>());
        assert_eq!(of(&["stake"]), [1, 2, 9, 10, 11, 12, 13, 16]);
        assert_eq!(of(&["court"]), [1, 2, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
        assert_eq!(of(&["transfers"]), [1, 2, 3, 4]);
        assert_eq!(of(&["sums", "crash"]), [1, 2, 3, 8, 18]);
        assert_eq!(of(&["network"]), [1, 2]);
    }
}

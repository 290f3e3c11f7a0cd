//! Parameters that a deployment has twice: in the leaf of the genesis state, by which the child acts, and in the contracts on root. Both are
//! immutable, so a network in which they differ can never be mended, and is refused while it is founded and wherever it is joined.

use alloy_primitives::U256;
use plasmid_bridge::abi::{ICourt, IDataChallenges, IInbox, IRootChain};

use super::FoundingError;
use crate::ledger::Parameters;

/// Refuses contracts that say of a parameter what the leaf does not.
///
/// # Errors
/// [`FoundingError::Twice`] names the first difference.
pub fn agree(
    leaf: &Parameters,
    root: &IRootChain::Parameters,
    inbox: &IInbox::Parameters,
    court: &ICourt::Parameters,
    challenges: &IDataChallenges::Parameters,
) -> Result<(), FoundingError> {
    let wide = U256::from::<u64>;
    let both = [
        (
            "epoch_blocks",
            wide(leaf.epoch_blocks.into()),
            wide(root.epochBlocks.into()),
        ),
        ("unit", U256::from(leaf.unit), U256::from(root.unit)),
        (
            "challenge_secs",
            wide(leaf.challenge_secs),
            wide(root.challengeSecs),
        ),
        (
            "evidence_secs",
            wide(leaf.evidence_secs),
            wide(root.evidenceSecs),
        ),
        (
            "unbonding_secs",
            wide(leaf.unbonding_secs),
            wide(root.unbondingSecs),
        ),
        (
            "exit_timeout_secs",
            wide(leaf.exit_timeout_secs),
            wide(root.exitTimeoutSecs),
        ),
        ("grace_secs", wide(leaf.grace_secs), wide(root.graceSecs)),
        (
            "root_block_secs",
            wide(leaf.root_block_secs),
            wide(root.rootBlockSecs),
        ),
        (
            "epoch_max_secs",
            wide(leaf.epoch_max_secs),
            wide(root.epochMaxSecs),
        ),
        (
            "reveal_blocks",
            wide(leaf.reveal_blocks.into()),
            wide(root.revealBlocks.into()),
        ),
        (
            "inbox_delay_secs",
            wide(leaf.inbox_delay_secs),
            wide(inbox.delaySecs),
        ),
        (
            "inbox_interval_ms",
            wide(leaf.inbox_interval_ms),
            wide(inbox.intervalMs),
        ),
        ("min_cut", wide(leaf.min_cut.into()), wide(court.minCut)),
        (
            "reporter_reward",
            U256::from(leaf.reporter_reward),
            U256::from(court.reward),
        ),
        (
            "answer_secs",
            wide(leaf.answer_secs),
            wide(challenges.answerSecs),
        ),
        (
            "prove_secs",
            wide(leaf.prove_secs),
            wide(challenges.proveSecs),
        ),
        (
            "answer_slot_secs",
            wide(leaf.answer_slot_secs),
            wide(challenges.slotSecs),
        ),
        (
            "challenge_floor",
            U256::from(leaf.challenge_floor),
            U256::from(challenges.floor),
        ),
    ];
    match both.into_iter().find(|(_, leaf, root)| leaf != root) {
        Some((name, leaf, root)) => Err(FoundingError::Twice { name, leaf, root }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use plasmid_bridge::abi::IRegistry;

    use super::super::{follows, tests};
    use super::*;

    /// One of the contracts' parameters set to another value.
    type Edit = (&'static str, fn(&mut IRegistry::Genesis));

    const EDITS: [Edit; 18] = [
        ("epoch_blocks", |all| all.rootChain.epochBlocks += 1),
        ("unit", |all| all.rootChain.unit += 1),
        ("challenge_secs", |all| all.rootChain.challengeSecs += 1),
        ("evidence_secs", |all| all.rootChain.evidenceSecs += 1),
        ("unbonding_secs", |all| all.rootChain.unbondingSecs += 1),
        ("exit_timeout_secs", |all| {
            all.rootChain.exitTimeoutSecs += 1
        }),
        ("grace_secs", |all| all.rootChain.graceSecs += 1),
        ("root_block_secs", |all| all.rootChain.rootBlockSecs += 1),
        ("epoch_max_secs", |all| all.rootChain.epochMaxSecs += 1),
        ("reveal_blocks", |all| all.rootChain.revealBlocks += 1),
        ("inbox_delay_secs", |all| all.inbox.delaySecs += 1),
        ("inbox_interval_ms", |all| all.inbox.intervalMs += 1),
        ("min_cut", |all| all.court.minCut += 1),
        ("reporter_reward", |all| all.court.reward += 1),
        ("answer_secs", |all| all.challenges.answerSecs += 1),
        ("prove_secs", |all| all.challenges.proveSecs += 1),
        ("answer_slot_secs", |all| all.challenges.slotSecs += 1),
        ("challenge_floor", |all| all.challenges.floor += 1),
    ];

    #[test]
    fn each_parameter_that_stands_twice_is_compared_and_a_difference_is_named() {
        let (plan, registry, operators) = tests::founded();
        let agreed = follows(&plan, registry, operators).expect("a plan agrees with itself");
        let leaf = &agreed.genesis.parameters;
        let check = |all: &IRegistry::Genesis| {
            agree(
                leaf,
                &all.rootChain,
                &all.inbox,
                &all.court,
                &all.challenges,
            )
        };
        check(&agreed.arguments).expect("they are the same");
        for (name, edit) in EDITS {
            let mut other = agreed.arguments.clone();
            edit(&mut other);
            let said = check(&other).expect_err(name).to_string();
            assert!(said.starts_with(&format!("{name} is ")), "{said}");
        }
    }
}

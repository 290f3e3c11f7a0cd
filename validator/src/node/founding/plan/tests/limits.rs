//! What a plan and the contracts refuse alike, as `bridge/vectors/limits.json`: written here, and given to the contracts by
//! `Parameters.t.sol`. So nobody's stake is locked for a plan that a constructor then refuses, and no constructor takes what a plan may not say.

use serde_json::{Value, json};

use super::*;

/// A number of a plan that a constructor takes too.
struct Number {
    contract: &'static str,
    /// The constructor's name of it.
    field: &'static str,
    /// How a plan's refusal calls it.
    named: &'static str,
    set: fn(&mut Plan, u128),
    refused: &'static [u128],
}

fn short(value: u128) -> u64 {
    value.try_into().expect("64 bits")
}

fn shorter(value: u128) -> u32 {
    value.try_into().expect("32 bits")
}

const YEAR: u128 = 31_536_000;

#[rustfmt::skip]
const NUMBERS: [Number; 24] = [
    Number { contract: "Registry", field: "bond", named: "bond_wei", set: |plan, value| plan.bond_wei = value, refused: &[0, (1 << 96) + 1] },
    Number { contract: "Registry", field: "lockSecs", named: "lock_secs", set: |plan, value| plan.lock_secs = short(value), refused: &[0, 59, YEAR + 1] },
    Number { contract: "Inbox", field: "delaySecs", named: "inbox_delay_secs", set: |plan, value| plan.parameters.inbox_delay_secs = short(value), refused: &[0, YEAR + 1] },
    Number { contract: "Inbox", field: "intervalMs", named: "inbox_interval_ms", set: |plan, value| plan.parameters.inbox_interval_ms = short(value), refused: &[0, 86_400_001] },
    Number { contract: "Inbox", field: "price", named: "inbox_price_wei", set: |plan, value| plan.inbox_price_wei = value, refused: &[0, (1 << 96) + 1] },
    Number { contract: "Inbox", field: "doublingSecs", named: "inbox_doubling_secs", set: |plan, value| plan.inbox_doubling_secs = short(value), refused: &[0, YEAR + 1] },
    Number { contract: "RootChain", field: "unit", named: "unit", set: |plan, value| plan.parameters.unit = value, refused: &[0, 1, (1 << 53) - 1] },
    Number { contract: "RootChain", field: "challengeSecs", named: "challenge_secs", set: |plan, value| plan.parameters.challenge_secs = short(value), refused: &[0, 10 * YEAR + 1] },
    Number { contract: "RootChain", field: "evidenceSecs", named: "evidence_secs", set: |plan, value| plan.parameters.evidence_secs = short(value), refused: &[0, 10 * YEAR + 1] },
    Number { contract: "RootChain", field: "revealBlocks", named: "reveal_blocks", set: |plan, value| plan.parameters.reveal_blocks = shorter(value), refused: &[0, 1, 257] },
    Number { contract: "RootChain", field: "rootBlockSecs", named: "root_block_secs", set: |plan, value| plan.parameters.root_block_secs = short(value), refused: &[0, 61] },
    Number { contract: "RootChain", field: "unbondingSecs", named: "unbonding_secs", set: |plan, value| plan.parameters.unbonding_secs = short(value), refused: &[0, 10 * YEAR + 1] },
    Number { contract: "RootChain", field: "exitTimeoutSecs", named: "exit_timeout_secs", set: |plan, value| plan.parameters.exit_timeout_secs = short(value), refused: &[0, 10 * YEAR + 1] },
    Number { contract: "RootChain", field: "graceSecs", named: "grace_secs", set: |plan, value| plan.parameters.grace_secs = short(value), refused: &[0, 10 * YEAR + 1] },
    Number { contract: "RootChain", field: "epochMaxSecs", named: "epoch_max_secs", set: |plan, value| plan.parameters.epoch_max_secs = short(value), refused: &[0, 10 * YEAR + 1] },
    Number { contract: "RootChain", field: "epochMinSecs", named: "shortest_epoch_secs", set: |plan, value| plan.shortest_epoch_secs = short(value), refused: &[0, 10 * YEAR + 1] },
    Number { contract: "RootChain", field: "epochBlocks", named: "epoch_blocks", set: |plan, value| plan.parameters.epoch_blocks = shorter(value), refused: &[0, 15, 65_536] },
    Number { contract: "RootChain", field: "recordSlots", named: "record_slots", set: |plan, value| plan.record_slots = shorter(value), refused: &[0, 8, 65_537, 65_538] },
    Number { contract: "Court", field: "minCut", named: "min_cut", set: |plan, value| plan.parameters.min_cut = shorter(value), refused: &[0, 1_000_000_001] },
    Number { contract: "Court", field: "reward", named: "reporter_reward", set: |plan, value| plan.parameters.reporter_reward = value, refused: &[0, (1 << 96) + 1] },
    Number { contract: "DataChallenges", field: "answerSecs", named: "answer_secs", set: |plan, value| plan.parameters.answer_secs = short(value), refused: &[0, 10 * YEAR + 1] },
    Number { contract: "DataChallenges", field: "proveSecs", named: "prove_secs", set: |plan, value| plan.parameters.prove_secs = short(value), refused: &[0, 10 * YEAR + 1, u64::MAX as u128] },
    Number { contract: "DataChallenges", field: "slotSecs", named: "answer_slot_secs", set: |plan, value| plan.parameters.answer_slot_secs = short(value), refused: &[10 * YEAR + 1, u64::MAX as u128] },
    Number { contract: "DataChallenges", field: "floor", named: "challenge_floor", set: |plan, value| plan.parameters.challenge_floor = value, refused: &[0, (1 << 80) + 1] },
];

/// Windows that fit together, and how the ones that others cover can be too short.
struct Windows {
    challenge: u64,
    delay: u64,
    unbonding: u64,
    exit_timeout: u64,
    grace: u64,
    reveal_blocks: u32,
    root_block: u64,
    shortest_epoch: u64,
}

#[rustfmt::skip]
const WINDOWS: [Windows; 10] = [
    Windows { challenge: 100, delay: 50, unbonding: 2_000, exit_timeout: 1_900, grace: 100, reveal_blocks: 2, root_block: 12, shortest_epoch: 100 },
    Windows { challenge: 100, delay: 50, unbonding: 2_000, exit_timeout: 10_000, grace: 100, reveal_blocks: 2, root_block: 12, shortest_epoch: 100 },
    Windows { challenge: 100, delay: 50, unbonding: 2_000, exit_timeout: 10_052, grace: 100, reveal_blocks: 2, root_block: 12, shortest_epoch: 100 },
    Windows { challenge: 100, delay: 50, unbonding: 2_000, exit_timeout: 10_053, grace: 100, reveal_blocks: 2, root_block: 12, shortest_epoch: 100 },
    // The halves of the ring decide, then the whole of it does again.
    Windows { challenge: 7_200, delay: 3_600, unbonding: 1_814_400, exit_timeout: 2_520, grace: 1, reveal_blocks: 2, root_block: 1, shortest_epoch: 720 },
    Windows { challenge: 7_200, delay: 3_600, unbonding: 1_814_400, exit_timeout: 1_900_000, grace: 3_600, reveal_blocks: 256, root_block: 60, shortest_epoch: 719 },
    Windows { challenge: 4, delay: 2, unbonding: 10, exit_timeout: 9_000, grace: 1, reveal_blocks: 2, root_block: 1, shortest_epoch: 7_200 },
    Windows { challenge: 4, delay: 4, unbonding: 380, exit_timeout: 1_900, grace: 60, reveal_blocks: 8, root_block: 1, shortest_epoch: 1 },
    // Ten times U decides, and T and grace do again just below it.
    Windows { challenge: 4, delay: 4, unbonding: 380, exit_timeout: 2_592_000, grace: 60, reveal_blocks: 8, root_block: 1, shortest_epoch: 1 },
    Windows { challenge: 4, delay: 4, unbonding: 380, exit_timeout: 3_739, grace: 60, reveal_blocks: 8, root_block: 1, shortest_epoch: 1 },
];

impl Windows {
    /// The shortest evidence window and the shortest unbonding that this one's others allow.
    fn min_windows(&self) -> (u64, u64) {
        let evidence = self.challenge + self.delay;
        (
            evidence,
            evidence + 2 * u64::from(self.reveal_blocks) * self.root_block,
        )
    }

    fn longest_epoch(&self) -> u64 {
        self.shortest_epoch.max(100)
    }

    fn plan(&self) -> Plan {
        let mut parameters = Parameters {
            challenge_secs: self.challenge,
            answer_secs: self.root_block,
            prove_secs: self.root_block,
            answer_slot_secs: 0,
            inbox_delay_secs: self.delay,
            evidence_secs: self.min_windows().0,
            unbonding_secs: self.unbonding,
            exit_timeout_secs: self.exit_timeout,
            grace_secs: self.grace,
            reveal_blocks: self.reveal_blocks,
            root_block_secs: self.root_block,
            epoch_max_secs: self.longest_epoch(),
            epoch_blocks: 200,
            block_time_ms: shorter((self.shortest_epoch * 5).max(10).into()),
            inbox_interval_ms: 10_000,
            evidence_age_secs: self.unbonding,
            ..Parameters::network()
        };
        parameters.evidence_age_blocks = self.unbonding * u64::from(parameters.epoch_blocks);
        Plan::new(
            parameters,
            self.shortest_epoch,
            vec![Address::repeat_byte(1)],
        )
    }

    fn case(&self) -> Value {
        let plan = self.plan();
        plan.check().expect("the windows fit together");
        let refuse = |change: fn(&mut Plan, u64), value: u64, named: &str| {
            let mut plan = self.plan();
            change(&mut plan, value);
            let said = plan.check().expect_err(named).to_string();
            assert!(said.contains(named), "{said}");
        };
        let (evidence, unbonding) = self.min_windows();
        refuse(
            |plan, value| plan.parameters.evidence_secs = value,
            evidence - 1,
            "evidence_secs",
        );
        refuse(
            |plan, value| plan.parameters.unbonding_secs = value,
            unbonding - 1,
            "unbonding_secs",
        );
        let slots = plan.record_slots;
        refuse(
            |plan, value| plan.record_slots = shorter(value.into()),
            u64::from(slots) - 2,
            "record_slots",
        );
        json!({
            "challengeSecs": self.challenge,
            "delaySecs": self.delay,
            "unbondingSecs": self.unbonding,
            "exitTimeoutSecs": self.exit_timeout,
            "graceSecs": self.grace,
            "revealBlocks": self.reveal_blocks,
            "rootBlockSecs": self.root_block,
            "epochMaxSecs": self.longest_epoch(),
            "epochMinSecs": self.shortest_epoch,
            "leastEvidenceSecs": evidence,
            "leastUnbondingSecs": unbonding,
            "leastRecordSlots": slots,
        })
    }
}

/// A, P and a block of root, from which the least W and U follow.
const CHALLENGES: [[u64; 3]; 5] = [
    [1, 1, 1],
    [1, 3_600, 1],
    [100, 50, 12],
    [60, 60, 60],
    [86_400, 86_400, 60],
];

fn challenges(case: &[u64; 3]) -> Value {
    let [answer, prove, root_block] = *case;
    let challenge = 2 * answer + prove + 1;
    let unbonding = challenge + 6 * answer;
    let checked = |challenge_secs, unbonding_secs| {
        // A delay so short, and so few reveals, that U is bound by what challenges need.
        Parameters {
            challenge_secs,
            unbonding_secs,
            answer_secs: answer,
            prove_secs: prove,
            answer_slot_secs: 0,
            root_block_secs: root_block,
            reveal_blocks: 2,
            inbox_delay_secs: 1,
            evidence_secs: challenge + 1,
            ring: 65_536,
            evidence_age_secs: unbonding,
            evidence_age_blocks: unbonding,
            ..Parameters::local()
        }
        .validate()
    };
    checked(challenge, unbonding).expect("they fit together");
    for (found, named) in [
        (checked(challenge - 1, unbonding), "challenge_secs"),
        (checked(challenge, unbonding - 1), "unbonding_secs"),
    ] {
        let said = found.expect_err(named).to_string();
        assert!(said.starts_with(named), "{said}");
    }
    json!({
        "answerSecs": answer,
        "proveSecs": prove,
        "rootBlockSecs": root_block,
        "leastChallengeSecs": challenge,
        "leastUnbondingSecs": unbonding,
    })
}

/// Bonds, of which a third is the greatest reward.
const BONDS: [u128; 5] = [
    3,
    5,
    3_000_000_000_000_000_000,
    1_000_000_000_000_000_001,
    1 << 96,
];

/// A bond covers three rewards.
fn reward(bond: &u128) -> Value {
    let most = bond / 3;
    let with = |reward: u128| {
        let mut plan = plan();
        plan.bond_wei = *bond;
        plan.parameters.reporter_reward = reward;
        plan
    };
    with(most)
        .check()
        .expect("three rewards are no more than the bond");
    let said = refusal(|plan| *plan = with(most + 1));
    assert!(
        said.contains(&format!(
            "parameters.reporter_reward is {}; it must be 1 to {most}",
            most + 1
        )),
        "{said}"
    );
    json!({ "bond": bond.to_string(), "most": most.to_string() })
}

fn number(number: &Number) -> Value {
    for value in number.refused {
        let said = refusal(|plan| (number.set)(plan, *value));
        assert!(
            said.contains(number.named),
            "{} = {value}: {said}",
            number.named
        );
    }
    let refused: Vec<_> = number.refused.iter().map(u128::to_string).collect();
    json!({ "contract": number.contract, "field": number.field, "refused": refused })
}

#[test]
fn the_vectors_of_limits_are_what_a_plan_refuses() {
    let numbers: Vec<_> = NUMBERS.iter().map(number).collect();
    let windows: Vec<_> = WINDOWS.iter().map(Windows::case).collect();
    let rewards: Vec<_> = BONDS.iter().map(reward).collect();
    let made = format!(
        "{:#}\n",
        json!({
            "challenges": CHALLENGES.iter().map(challenges).collect::<Vec<_>>(),
            "numbers": numbers,
            "rewards": rewards,
            "windows": windows,
        })
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bridge/vectors/limits.json");
    if std::env::var_os("PLASMID_WRITE_VECTORS").is_some() {
        fs::write(&path, &made).expect("the vectors are written");
    }
    let kept = fs::read_to_string(&path).expect("bridge/vectors/limits.json");
    assert!(
        kept == made,
        "vectors differ: run once with PLASMID_WRITE_VECTORS=1 and read the difference"
    );
}

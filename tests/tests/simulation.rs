//! Networks in one process, seeded: honest blocks, crashes at any point, hostile proposers, mutated proposals.

use std::collections::BTreeMap;

use plasmid::engine::abci::Handler;
use plasmid_tests::harness::network::STAKE;
use plasmid_tests::harness::requests::Proposal;
use plasmid_tests::harness::{Network, Plan};
use prost::bytes::Bytes;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

#[test]
fn a_network_runs_over_many_epochs_and_the_ring() {
    let mut network = Network::new(Plan::default());
    network.run(1_000);
    let cursor = network.inbox.count();
    assert!(cursor > 100, "{cursor} messages");
    assert_eq!(network.height(), 1_000);
}

#[test]
fn nodes_that_crash_between_any_two_calls_replay_to_the_same_answers() {
    for seed in 0..8 {
        let mut network = Network::new(Plan {
            seed,
            crashes: 30,
            ..Plan::default()
        });
        network.run(150);
    }
}

#[test]
fn seven_validators_lose_two_at_a_time() {
    let mut network = Network::new(Plan {
        seed: 77,
        validators: 7,
        crashes: 40,
        evidence: 10,
        offenders: true,
        ..Plan::default()
    });
    network.run(150);
    // Nodes 0 and 1 have executed every segment again from its witness.
    assert!(network.members().len() < 7, "members were tombstoned");
}

/// Every kind of stake, and something that each of them is.
const KINDS: [&str; 17] = [
    "allow_restake",
    "apply_cut",
    "cancel_unbonding",
    "claim_commission",
    "claim_rewards",
    "claim_stake",
    "delegate",
    "describe",
    "edit",
    "leave",
    "merge",
    "redelegate",
    "restake",
    "retire",
    "take_seat",
    "undelegate",
    "unjail",
];

/// People delegate, move, end and claim, operators bond, come and go, nodes stop for epochs and are jailed, and the court cuts a line:
/// whatever of that is accepted, all that is looked at after every block holds.
#[test]
fn people_and_operators_stake_while_nodes_stop_for_epochs() {
    let mut all: BTreeMap<&str, [u32; 2]> = BTreeMap::new();
    for seed in 300..303 {
        let mut network = Network::new(Plan {
            seed,
            validators: 5,
            joiners: 3,
            transactions: 6,
            crashes: 5,
            evidence: 1,
            offenders: true,
            stakers: true,
            sleepers: 60,
            jail_divisor: 16,
            ..Plan::default()
        });
        (5..8).for_each(|node| network.register(node));
        (0..8).for_each(|node| network.fund(node, 16 * STAKE));
        network.run(320);
        for (kind, [asked, done]) in &network.tally.0 {
            let sums = all.entry(kind).or_default();
            *sums = [sums[0] + asked, sums[1] + done];
        }
    }
    for (kind, [asked, done]) in &all {
        println!(
            "{kind}: {done} of {asked} accepted, {}%",
            100 * done / asked
        );
    }
    let kinds: Vec<&str> = all.keys().copied().collect();
    assert_eq!(kinds, KINDS);
    for (kind, [_, done]) in all {
        assert!(done > 0, "no {kind} was accepted");
    }
}

#[test]
fn every_hostile_proposal_is_refused_by_every_honest_node() {
    let mut refused: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 100..104 {
        let mut network = Network::new(Plan {
            seed,
            attacks: 100,
            crashes: 5,
            evidence: 20,
            ..Plan::default()
        });
        network.run(80);
        for (name, times) in network.refused {
            *refused.entry(name).or_default() += times;
        }
    }
    for (name, times) in &refused {
        println!("{name}: refused {times} times");
    }
    let all: Vec<&str> = plasmid_tests::harness::byzantine::attacks()
        .iter()
        .map(|attack| attack.name())
        .collect();
    for name in all {
        assert!(refused.contains_key(name), "{name} never found an occasion");
    }
}

#[test]
fn whatever_is_accepted_is_executed_over_mutated_blocks() {
    let mut accepted = 0;
    let mut refused = 0;
    for seed in 200..204 {
        let mut network = Network::new(Plan {
            seed,
            evidence: 20,
            ..Plan::default()
        });
        for _ in 0..60 {
            network.step();
            let frame = network.frame();
            let proposer = network.any_up();
            let honest = network.propose(proposer, &frame);
            for _ in 0..10 {
                let mutant = mutate(&mut network.rng, &honest);
                let node = network.any_up();
                if !network.judge(node, &mutant) {
                    refused += 1;
                    continue;
                }
                accepted += 1;
                let answer = network.nodes[node].app().finalize_block(mutant.finalize());
                assert!(
                    answer.is_ok(),
                    "accepted and not executed: {answer:?} at {:?}",
                    network.plan
                );
                network.nodes[node].crash();
                network.nodes[node].restart(&network.file, &network.chain);
            }
        }
    }
    println!("{accepted} mutants accepted and executed, {refused} refused");
    assert!(accepted > 20 && refused > 200, "{accepted} and {refused}");
}

/// One to three changes of anything that a proposer or an engine could say otherwise.
fn mutate(rng: &mut ChaCha8Rng, honest: &Proposal) -> Proposal {
    let mut mutant = honest.clone();
    for _ in 0..rng.random_range(1..4) {
        mutate_once(rng, &mut mutant);
    }
    mutant
}

fn mutate_once(rng: &mut ChaCha8Rng, mutant: &mut Proposal) {
    let count = mutant.transactions.len();
    let any = |rng: &mut ChaCha8Rng| rng.random_range(0..count.max(1));
    match rng.random_range(0..9) {
        0 if count > 0 => {
            let at = any(rng);
            let mut bytes = mutant.transactions[at].to_vec();
            if !bytes.is_empty() {
                let bit = rng.random_range(0..bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            mutant.transactions[at] = bytes.into();
        }
        1 if count > 1 => {
            let at = rng.random_range(1..count);
            mutant.transactions.remove(at);
        }
        2 if count > 1 => {
            mutant.transactions.pop();
        }
        3 if count > 0 => {
            let (at, to) = (any(rng), any(rng));
            mutant.transactions.swap(at, to);
        }
        4 if count > 0 => {
            let (at, to) = (any(rng), any(rng));
            let copy = mutant.transactions[at].clone();
            mutant.transactions.insert(to, copy);
        }
        5 => mutant.transactions.push(Bytes::from(vec![
            rng.random::<u8>();
            rng.random_range(0..300)
        ])),
        6 if count > 0 => {
            let at = any(rng);
            let length = rng.random_range(0..=mutant.transactions[at].len());
            mutant.transactions[at].truncate(length);
        }
        7 if !mutant.commit.votes.is_empty() => {
            let at = rng.random_range(0..mutant.commit.votes.len());
            mutant.commit.votes[at].block_id_flag = rng.random_range(1..4);
        }
        _ => mutant.time.nanos = rng.random_range(0..1_000_000_000),
    }
}

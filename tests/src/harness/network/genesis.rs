//! The genesis of a simulated network: small epochs, a short ring, a small batch.

use plasmid::chain::genesis::file::File;
use plasmid::chain::genesis::{Backing, Genesis, Operator, RootAnchor};
use plasmid::ledger::Parameters;
use plasmid::ledger::transaction::{Profile, Text};
use plasmid_bridge::proof::deployment;
use plasmid_staking::Opening;

use super::Plan;
use crate::harness::node::Node;
use crate::harness::people::People;

/// What each validator of the genesis stakes.
pub const STAKE: u128 = 1 << 60;

/// The Registry of simulated networks.
const REGISTRY: [u8; 20] = [0xcc; 20];

/// The validator that begins with a commission, bounds of it and a description.
pub const WITH_TERMS: u8 = 2;

/// What it takes, from the first block on.
pub const TERMS: Opening = Opening {
    commission: 150,
    max_commission: Some(2_000),
    commission_step: Some(50),
};

/// What it says of itself.
pub fn profile() -> Profile {
    Profile {
        name: Text::new("the name", "Founder 3").expect("a name"),
        website: Text::new("the website", "https://founder.example").expect("a website"),
        contact: Text::new("the contact", "").expect("none"),
        details: Text::new("the details", "Of the first block").expect("details"),
    }
}

/// The genesis file of `nodes` under `plan`, at `time` (seconds).
pub fn genesis(plan: &Plan, nodes: &[Node], time: u64) -> File {
    let parameters = Parameters {
        epoch_blocks: plan.epoch_blocks,
        seats: plan.seats,
        inbox_batch: 8,
        ring: 18,
        jail_divisor: plan.jail_divisor,
        epoch_max_secs: 60,
        inbox_interval_ms: 2_000,
        registry: REGISTRY.into(),
        ..Parameters::local()
    };
    let operators = (0..plan.validators).zip(nodes).map(|(number, node)| {
        let last = number + 1 == plan.validators;
        let less = if last { plan.last_less } else { 0 };
        let operator = node.operator(number, STAKE - less);
        match number == WITH_TERMS {
            true => Operator {
                opening: TERMS,
                profile: Some(profile()),
                ..operator
            },
            false => operator,
        }
    });
    let operators: Vec<_> = operators.collect();
    let mut balances: Vec<_> = (0..8)
        .map(|number| (People::account(number), 1u128 << 90))
        .collect();
    balances.sort();
    let delegations = delegations(operators.iter().map(|one| one.operator));
    let genesis = Genesis {
        parameters,
        operators,
        balances,
        delegations,
    };
    let root = RootAnchor {
        root_chain: deployment::root_chain(&REGISTRY),
        parent_block_hash: [0xdd; 32].into(),
        time,
    };
    File::new(&genesis, &root).expect("the genesis is sound")
}

/// One behind each operator, too small for a unit of power.
fn delegations(operators: impl Iterator<Item = [u8; 20]>) -> Vec<Backing> {
    let mut all: Vec<_> = (0u8..)
        .zip(operators)
        .map(|(number, operator)| Backing {
            owner: People::account(number % 8),
            operator,
            amount: (1 << 40) + u128::from(number),
        })
        .collect();
    all.sort();
    all
}

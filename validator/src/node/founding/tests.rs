//! What is agreed on is what a node can start with.

use plasmid_bridge::proof::bls::SecretKey;

use super::{home::Place, *};
use crate::node::config::Home;

fn plan() -> Plan {
    Plan::new(Parameters::local(), 2, vec![Address::repeat_byte(1)])
}

/// The registration of the plan's only operator.
fn registered(plan: &Plan) -> Vec<Operator> {
    let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
    let consensus = ed25519_zebra::SigningKey::from([3; 32]);
    vec![Operator {
        operator: plan.operators[0].into_array(),
        registration: 1,
        consensus_key: ed25519_zebra::VerificationKey::from(&consensus).into(),
        checkpoint_key: key.public_key(),
        stake: 1_000_000_000_000_000_000_000,
        opening: Opening::default(),
        profile: None,
    }]
}

/// A plan, a Registry, and who registered there.
pub(super) fn founded() -> (Plan, Address, Vec<Operator>) {
    let plan = plan();
    let operators = registered(&plan);
    (plan, REGISTRY, operators)
}

const REGISTRY: Address = Address::repeat_byte(0xcc);

/// Writes the folder of a node of the network that this plan founds.
fn join(plan: &Plan, agreed: &AgreedGenesis) -> Result<(), FoundingError> {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(folder.path());
    let root_chain = deployment::root_chain(&REGISTRY.into_array());
    let (time, parent_hash) = (1_900_000_000, B256::repeat_byte(0xdd));
    let root = RootAnchor {
        root_chain,
        parent_block_hash: parent_hash,
        time,
    };
    let file = File::new(&agreed.genesis, &root)?;
    let state_root = agreed.built.root();
    let root_chain_id = plan.parameters.root_chain_id;
    let id = deployment::id(root_chain_id, &root_chain, &parent_hash, &state_root);
    let created = Created {
        root_chain_id,
        registry: REGISTRY,
        inbox: Address::ZERO,
        vault: Address::ZERO,
        root_chain: root_chain.into(),
        block: 7,
        time,
        parent_hash,
        state_root,
        id,
        set: B256::from(agreed.built.sets[1].commitment),
    };
    let place = Place {
        moniker: None,
        grpc: None,
        rpc: None,
        p2p: None,
        peers: Vec::new(),
        private: false,
        share_with: Vec::new(),
        one_machine: false,
        metrics: None,
        retain_blocks: 0,
        root: "http://127.0.0.1:8545".to_owned(),
        second_root: None,
        statesync: None,
    };
    home::write(&home, &place, &created, &agreed.genesis, &file)?;
    home.read_config()?;
    home.read_genesis()?;
    home.engine().read_genesis()?;
    Ok(())
}

/// Each number of the parameters by name, with the plan that says the largest value of its type, and that value.
macro_rules! largest {
    ($($field:ident)*) => {{
        // Whoever adds a parameter is told here.
        let Parameters { $($field: _,)* finality_rule: _, residue: _, registry: _ } = Parameters::local();
        [$({
            let mut plan = plan();
            let number = &mut plan.parameters.$field;
            *number = !(*number ^ *number);
            let value = number.to_string();
            (stringify!($field), plan, value)
        }),*]
    }};
}

#[test]
fn every_parameter_at_its_types_largest_value_is_refused_or_makes_a_network_that_can_be_joined() {
    let agreed = follows(&plan(), REGISTRY, registered(&plan())).expect("an agreement");
    join(&plan(), &agreed).expect("the preset makes a network");
    let mut taken = Vec::new();
    for (name, plan, value) in largest![
        rules root_chain_id epoch_blocks seats inbox_batch ring unit base_fee byte_fee leaf_fee leaf_step flat_leaf_fee
        relay_fixed_gas relay_absent_gas fee_per_wei relay_share_bps relay_window_secs finality_depth challenge_secs evidence_secs
        unbonding_secs inbox_delay_secs exit_timeout_secs grace_secs reveal_blocks root_block_secs epoch_max_secs inbox_interval_ms
        max_block_bytes max_block_transactions max_evidence_bytes evidence_age_blocks evidence_age_secs block_time_ms min_seat
        min_redelegation drip jail_divisor jail_epochs max_commission_bps commission_step_bps answer_secs prove_secs
        answer_slot_secs challenge_floor flat_cut min_cut reporter_reward
    ] {
        match plan.check() {
            Ok(()) => {
                let agreed = follows(&plan, REGISTRY, registered(&plan));
                let joined = agreed.and_then(|agreed| join(&plan, &agreed));
                joined.unwrap_or_else(|error| panic!("{name}: {error}"));
                taken.push(name);
            }
            Err(refused) => {
                let said = refused.to_string();
                assert!(said.contains(&value), "{name}: {said}");
            }
        }
    }
    assert_eq!(taken, ["leaf_step", "max_block_transactions"]);
}

#[test]
fn a_folder_keeps_its_second_endpoint_of_root_whichever_of_both_comes_first_now() {
    for (kept, root, second) in [
        (["A", "B"].as_slice(), "A", Some("B")),
        (&["A", "B"], "B", Some("A")),
        (&["A", "B"], "C", Some("B")),
        (&["A"], "B", None),
        (&["B", "B"], "B", None),
        (&[], "A", None),
    ] {
        let kept: Vec<String> = kept.iter().map(ToString::to_string).collect();
        let found = home::second_beside(&kept, root);
        assert_eq!(found.map(String::as_str), second, "{kept:?} {root}");
    }
}

/// Nobody sets another's commission unseen: each digit of it gives another hash to agree on, and the genesis has it as the plan says.
#[test]
fn the_agreement_binds_what_each_operator_begins_with() {
    let agreed = |change: fn(&mut FounderTerms)| {
        let mut plan = plan();
        let mut terms = FounderTerms::of(plan.operators[0]);
        change(&mut terms);
        plan.terms.push(terms);
        let agreed = follows(&plan, REGISTRY, registered(&plan)).expect("an agreement");
        join(&plan, &agreed).expect("a network");
        agreed
    };
    let changes: [fn(&mut FounderTerms); 6] = [
        |_| {},
        |terms| terms.commission = 500,
        |terms| terms.commission = 501,
        |terms| terms.max_commission = Some(500),
        |terms| terms.commission_step = Some(7),
        |terms| terms.details = "x".into(),
    ];
    let hashes: std::collections::BTreeSet<_> = changes
        .iter()
        .map(|change| agreed(*change).agreement)
        .collect();
    assert_eq!(hashes.len(), changes.len());
    let plain = follows(&plan(), REGISTRY, registered(&plan())).expect("an agreement");
    assert!(
        hashes.contains(&plain.agreement),
        "nothing said is nothing changed"
    );
    let named = agreed(|terms| (terms.commission, terms.name) = (500, "One".into()));
    let operator = &named.genesis.operators[0];
    assert_eq!(operator.opening.commission, 500);
    assert_eq!(
        operator
            .profile
            .map(|profile| profile.texts()[0].to_owned()),
        Some("One".into())
    );
}

#[test]
fn nobody_agrees_on_what_the_engine_does_not_start_with() {
    // What no rule of the parameters says, CometBFT's own check does.
    for change in [
        (|parameters| parameters.evidence_age_blocks = 1 << 63) as fn(&mut Parameters),
        |parameters| parameters.evidence_age_secs = u64::MAX,
        |parameters| parameters.max_block_bytes = 200 << 20,
        |parameters| parameters.max_evidence_bytes = u32::MAX,
    ] {
        let mut plan = plan();
        change(&mut plan.parameters);
        let agreed = follows(&plan, REGISTRY, registered(&plan));
        assert!(agreed.is_err(), "{:?}", plan.parameters);
    }
}

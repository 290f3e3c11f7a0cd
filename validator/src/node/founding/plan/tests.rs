//! What a plan may say.

use super::*;

mod limits;

fn plan() -> Plan {
    let operators = vec![Address::repeat_byte(1), Address::repeat_byte(2)];
    let mut plan = Plan::new(Parameters::local(), 2, operators);
    plan.balances.push(Balance {
        account: Account::ethereum([3; 20]).to_string(),
        wei: 1 << 90,
    });
    plan.delegations.push(Delegated {
        owner: Account::ethereum([4; 20]).to_string(),
        operator: plan.operators[1],
        wei: 1 << 80,
    });
    plan
}

fn refusal(change: impl FnOnce(&mut Plan)) -> String {
    let mut plan = plan();
    change(&mut plan);
    plan.check().expect_err("it is refused").to_string()
}

#[test]
fn a_plan_reads_back_as_it_was_written_and_is_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("network.toml");
    plan().write_new(&path).expect("it is written");
    assert_eq!(Plan::read(&path).expect("it reads"), plan());
    assert!(matches!(
        plan().write_new(&path),
        Err(FoundingError::Keystore(_))
    ));
    let text = fs::read_to_string(&path).expect("text");
    fs::write(&path, text.replace("lock_secs", "lock_seconds")).expect("write");
    let said = Plan::read(&path).expect_err("an unknown field").to_string();
    assert!(said.contains("lock_seconds"), "{said}");
}

#[test]
fn rings_are_sized_by_the_windows_and_the_shortest_epoch() {
    // U 30 + 10 × 30, which is less than T and grace, + 2 × 8 × 1 = 346 s at 2 s an epoch; late by 10 + 300.
    assert_eq!(plan().record_slots, 178);
    assert_eq!(plan().parameters.ring, 178 + 155 + 4);
    assert!(refusal(|plan| plan.record_slots = 176).contains("178 to 65536"));
    assert!(refusal(|plan| plan.record_slots = 179).contains("even"));
    assert!(refusal(|plan| plan.parameters.ring = 336).contains("at least 337"));
    assert!(refusal(|plan| plan.shortest_epoch_secs = 121).contains("epoch_max_secs 120"));
    // Two windows of 2,046 epochs of 2 s, and four more epochs, are 4,096; one epoch more is not kept.
    let wide = refusal(|plan| plan.parameters.challenge_secs = 4_093);
    assert!(wide.contains("keeps the last 4096"), "{wide}");
    let fits = refusal(|plan| plan.parameters.challenge_secs = 4_092);
    assert!(!fits.contains("keeps the last"), "{fits}");
    // 64 blocks of 250 ms.
    let longer = refusal(|plan| plan.shortest_epoch_secs = 17);
    assert!(longer.contains("block_time_ms is 16000 ms"), "{longer}");
}

#[test]
fn every_wrong_value_is_named() {
    assert!(refusal(|plan| plan.version = 2).contains("version is 2"));
    assert!(refusal(|plan| plan.operators.clear()).contains("0 are listed"));
    assert!(refusal(|plan| plan.operators[1] = plan.operators[0]).contains("twice"));
    let zero = refusal(|plan| plan.operators[1] = Address::ZERO);
    assert!(zero.contains("zero address"), "{zero}");
    let seats = refusal(|plan| plan.parameters.seats = 1);
    assert!(
        seats.contains("2 are listed, and parameters.seats is 1"),
        "{seats}"
    );
    let nothing = refusal(|plan| plan.balances[0].wei = 0);
    assert!(nothing.contains("balance 0"), "{nothing}");
    let nobody = refusal(|plan| plan.balances[0].account = Account::NONE.to_string());
    assert!(nobody.contains("balance"), "{nobody}");
    let verifier = Account::ethereum(plasmid_bridge::proof::deployment::VERIFIER);
    let lost = refusal(|plan| plan.balances[0].account = verifier.to_string());
    assert!(lost.contains("nobody could ever use"), "{lost}");
    let most = refusal(|plan| plan.balances[0].wei = (1 << 112) + 1);
    assert!(most.contains("2^112"), "{most}");
    let most = refusal(|plan| plan.delegations[0].wei = 1 << 112);
    assert!(most.contains("2^112"), "{most}");
    let nothing = refusal(|plan| plan.delegations[0].wei = 0);
    assert!(nothing.contains("delegation 0"), "{nothing}");
    let nobody = refusal(|plan| plan.delegations[0].operator = Address::repeat_byte(9));
    assert!(
        nobody.contains("not an operator of the genesis"),
        "{nobody}"
    );
    let unread = refusal(|plan| plan.delegations[0].owner = "me".into());
    assert!(unread.contains("delegations: \"me\""), "{unread}");
    let lost = refusal(|plan| plan.delegations[0].owner = verifier.to_string());
    assert!(lost.contains("nobody could ever use"), "{lost}");
    let twice = refusal(|plan| plan.delegations.push(plan.delegations[0].clone()));
    assert!(twice.contains("listed twice behind operator"), "{twice}");
    let many = refusal(|plan| {
        plan.delegations = (0..20_000_u32)
            .map(|number| {
                let mut id = [4; 20];
                id[..4].copy_from_slice(&number.to_be_bytes());
                Delegated {
                    owner: Account::ethereum(id).to_string(),
                    ..plan.delegations[0].clone()
                }
            })
            .collect();
    });
    assert!(
        many.contains("1 balances and 20000 delegations are listed, 20000 can be"),
        "{many}"
    );
    assert!(refusal(|plan| plan.parameters.unit = 1).contains("unit is 1"));
    let slow = refusal(|plan| plan.parameters.root_block_secs = 61);
    assert!(
        slow.contains("root_block_secs is 61; it must be 1 to 60"),
        "{slow}"
    );
    assert!(refusal(|plan| plan.bond_wei = 2).contains("bond_wei is 2; it must be 3 to"));
    assert!(refusal(|plan| plan.lock_secs = 1 << 40).contains("lock_secs is 1099511627776"));
    let doubling = refusal(|plan| plan.inbox_doubling_secs = 0);
    assert!(doubling.contains("inbox_doubling_secs is 0"), "{doubling}");
    let interval = refusal(|plan| plan.parameters.inbox_interval_ms = 86_400_001);
    assert!(
        interval.contains("inbox_interval_ms is 86400001; it must be 1 to 86400000"),
        "{interval}"
    );
    assert!(refusal(|plan| plan.parameters.root_chain_id = 1).contains("31337"));
    assert!(refusal(|plan| plan.parameters.evidence_age_secs = 29).contains("evidence_age_secs"));
    assert!(refusal(|plan| plan.balances[0].account = "0x12".into()).contains("0x12"));
    assert!(refusal(|plan| plan.balances.push(plan.balances[0].clone())).contains("twice"));
}

/// Every operator is told what its own line and the others' begin with; what cannot be is refused before anybody has sent a stake.
#[test]
fn what_operators_begin_with_is_read_and_checked() {
    let with = |change: fn(&mut FounderTerms)| {
        let mut plan = plan();
        let mut terms = FounderTerms::of(plan.operators[1]);
        change(&mut terms);
        plan.terms.push(terms);
        plan
    };
    let named = with(|terms| {
        (terms.commission, terms.max_commission) = (500, Some(2_000));
        terms.name = "Two".into();
    });
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("network.toml");
    named.write_new(&path).expect("it is written");
    assert_eq!(Plan::read(&path).expect("it reads"), named);
    let said = |plan: Plan| plan.check().expect_err("it is refused").to_string();
    let operator = Address::repeat_byte(2).to_string();
    for (change, words) in [
        (
            (|terms| terms.commission = 10_001) as fn(&mut FounderTerms),
            "above the maximum",
        ),
        (
            |terms| terms.max_commission = Some(10_001),
            "can only be lowered",
        ),
        (
            |terms| terms.commission_step = Some(10_001),
            "can only be lowered",
        ),
        (|terms| terms.name = "n".repeat(33), "the name"),
        (|terms| terms.website = "a\nb".into(), "control character"),
    ] {
        let said = said(with(change));
        assert!(said.contains(words) && said.contains(&operator), "{said}");
    }
    let stranger = with(|terms| terms.operator = Address::repeat_byte(9));
    assert!(said(stranger).contains("does not stand in operators"));
    let mut twice = named.clone();
    twice.terms.push(FounderTerms::of(twice.operators[1]));
    assert!(said(twice).contains("listed twice"));
}

/// These are the numbers of `Parameters.t.sol`, where the contracts are asked.
#[test]
fn what_the_contracts_take_at_their_limits_a_plan_may_say() {
    let limit: [fn(&mut Plan, u64); 5] = [
        |plan, over| plan.lock_secs = 31_536_000 + over,
        |plan, over| plan.bond_wei = 79_228_162_514_264_337_593_543_950_336 + u128::from(over),
        |plan, over| {
            plan.inbox_price_wei = 79_228_162_514_264_337_593_543_950_336 + u128::from(over);
        },
        |plan, over| plan.inbox_doubling_secs = 31_536_000 + over,
        |plan, over| plan.parameters.inbox_interval_ms = 86_400_000 + over,
    ];
    for (place, set) in limit.into_iter().enumerate() {
        let mut plan = plan();
        set(&mut plan, 0);
        if let Err(error) = plan.check() {
            panic!("limit {place}: {error}");
        }
        let said = refusal(|plan| set(plan, 1));
        assert!(said.contains("it must be"), "limit {place}: {said}");
    }
}

#[test]
fn the_preset_for_networks_passes_with_rings_that_it_sizes() {
    let plan = Plan::new(Parameters::network(), 720, plan().operators);
    plan.check().expect("it passes");
    assert_eq!(plan.parameters, Parameters::network());
}

#[test]
fn nothing_is_given_to_the_contracts_of_the_registry_that_follows_from_the_plan() {
    let registry = Address::repeat_byte(9);
    plan()
        .check_contracts(registry)
        .expect("it gives them nothing");
    let [inbox, vault, root_chain] = plasmid_bridge::abi::created_by(registry);
    for own in [registry, inbox, vault, root_chain] {
        let text = Account::ethereum(own.into_array()).to_string();
        let (mut owned, mut staked, mut left) = (plan(), plan(), plan());
        owned.balances[0].account = text.clone();
        staked.delegations[0].owner = text;
        left.parameters.residue = own;
        let plans = [
            (owned, "balance 0"),
            (staked, "delegation 0"),
            (left, "parameters.residue"),
        ];
        for (plan, what) in plans {
            plan.check().expect("no Registry is known yet");
            let said = plan.check_contracts(registry).expect_err("its own");
            assert!(said.to_string().contains(what), "{said}");
        }
    }
}

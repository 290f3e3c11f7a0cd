//! The ledger's part of the table in `staking/src/touched.md`, counted in runs: what a transaction of stake touches besides its rule.

use std::collections::BTreeSet;

use plasmid_staking::{Effect, apply as rule};

use super::*;
use crate::ledger::rules::stake::input;
use crate::ledger::stake::{Stake, staking_rules};

/// What the rule of staking touches by itself, and what it says.
fn of_the_rule(case: &Case) -> (BTreeSet<Slot>, Vec<Effect>) {
    let (mut memory, parameters) = (case.memory.clone(), parameters());
    memory.take_touched();
    let sender = Wallet::new(case.number).account();
    let rules = staking_rules(&parameters);
    let context = plasmid_staking::Context {
        rules: &rules,
        epoch: HEIGHT / u64::from(parameters.epoch_blocks),
    };
    let effects = rule(
        &mut Stake(&mut memory),
        &context,
        &input(sender, &case.body),
    );
    (memory.take_touched(), effects.expect("it is accepted"))
}

/// The accounts that a rule's money goes to and comes from, and the leaf of what is burned: the table counts them where a rule has them.
fn money(effects: &[Effect]) -> BTreeSet<Slot> {
    let slots = effects.iter().filter_map(|effect| match effect {
        Effect::Pay { to: account, .. } | Effect::Take { from: account, .. } => {
            Some(Slot::Account(Account::from_bytes(account)))
        }
        Effect::Burn { .. } => Some(Slot::Burned),
        _ => None,
    });
    slots.collect()
}

/// What the table counts of the ledger for a signed transaction: the parameters of the segment, and what a run touches besides the rule, the
/// sender and the pool of fees; and room for what is refused so far, a fee payer and a lane that is made (two).
const SIGNED: usize = 1 + 2 + 3;
/// And for one through the inbox: the parameters, the inbox, maturity, two records of epochs, and the sender, who is made (two).
const FORCED: usize = 1 + 1 + 1 + 2 + 2;

#[test]
fn a_transaction_touches_what_the_table_counts_besides_its_rule_and_nothing_else() {
    let (parameters, domain) = (parameters(), domain());
    let context = context(HEIGHT, &parameters, &domain);
    let table = include_str!("../../../../../../staking/src/touched.md");
    let stated = ["includes six of the ledger", "through root's inbox seven"];
    assert!(stated.iter().all(|words| table.contains(words)));
    assert_eq!((SIGNED, FORCED), (6, 7), "as the table states");
    let mut most = 0;
    let mut kinds = BTreeSet::new();
    for case in all().into_iter().filter(|case| case.code == Code::Ok) {
        kinds.insert(case.body.kind());
        let (rule, effects) = of_the_rule(&case);
        let wallet = Wallet::new(case.number);
        let sender = Slot::Account(wallet.account());
        let beside = |touched: BTreeSet<Slot>| -> BTreeSet<Slot> {
            let known = money(&effects);
            let beside = touched.difference(&rule).copied();
            beside
                .filter(|slot| *slot == sender || !known.contains(slot))
                .collect()
        };

        let mut memory = case.memory.clone();
        run(&mut memory, case.number, 1_000_000, &case.body).expect("it is accepted");
        let signed = beside(memory.take_touched());
        let expected = BTreeSet::from([sender, Slot::FeePool]);
        assert_eq!(signed, expected, "{}: signed", case.name);

        let mut memory = case.memory.clone();
        let transaction = wallet.sign(wallet.forced_header(0), Body::Stake(case.body.clone()));
        let message = message(&mut memory, forced([0xee; 20], &transaction));
        memory.take_touched();
        apply_message(&mut memory, &message, &context).expect("total");
        let forced = beside(memory.take_touched());
        let is_counted = |slot: &Slot| {
            let maturity = *slot == Slot::from(Key::Maturity);
            let records = matches!(slot, Slot::EpochRecord { .. });
            *slot == sender || *slot == Slot::Inbox || maturity || records
        };
        assert!(forced.iter().all(is_counted), "{}: {forced:?}", case.name);
        assert!(
            forced.contains(&sender) && forced.contains(&Slot::Inbox),
            "{}: {forced:?}",
            case.name
        );
        most = most.max(forced.len());
    }
    println!("{most} leaves besides the rule through the inbox");
    // The parameters, and the low leaf of a sender who is made.
    assert!((4..=FORCED - 2).contains(&most), "{most}");
    let [first, last] = StakeBody::KINDS;
    assert_eq!(kinds, (first..=last).collect(), "every kind was counted");
}

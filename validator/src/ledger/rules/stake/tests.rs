//! Every case of stake as a transaction and through the inbox: its code, its books, its fee, its leaves and what it tells.

pub(in crate::ledger) mod cases;
pub(crate) mod scene;
mod touched;

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::account::Account;
use crate::ledger::apply::{Receipt, apply, quote, simulate};
use crate::ledger::check::check;
use crate::ledger::code::Code;
use crate::ledger::conservation::check_conservation;
use crate::ledger::context::Error;
use crate::ledger::event::is_of_stake;
use crate::ledger::fees::RESERVED_FROM;
use crate::ledger::fixture::*;
use crate::ledger::leaf::AccountLeaf;
use crate::ledger::leaves::Memory;
use crate::ledger::message::apply_message;
use crate::ledger::reject::Reject;
use crate::ledger::slot::Slot;
use crate::ledger::transaction::{
    Authentication, Body, Header, MAX_FORCED_BYTES, StakeBody, Transaction,
};
use plasmid_staking::{Key, Line, Position};

use cases::{Case, all, all_beside};
use scene::*;

fn leaves_of(memory: &Memory) -> BTreeMap<Slot, Vec<u8>> {
    let leaves = memory.iter();
    leaves
        .map(|(slot, value)| (*slot, value.to_vec()))
        .collect()
}

/// Signs and applies; whatever happens, the books add up, and a reject wrote nothing.
fn run(memory: &mut Memory, number: u8, fee: u128, body: &StakeBody) -> Result<Receipt, Reject> {
    let (parameters, domain, wallet) = (parameters(), domain(), Wallet::new(number));
    let context = context(HEIGHT, &parameters, &domain);
    let header = Header {
        fee,
        ..wallet.header(0)
    };
    let bytes = wallet.sign(header, Body::Stake(body.clone())).encode();
    let before = leaves_of(memory);
    check_conservation(memory.iter()).expect("a sound scene");
    let checked = check(&bytes, &domain)?;
    let told = simulate(memory, &checked, &context);
    memory.take_touched();
    let result = apply(memory, &checked, &context);
    assert_eq!(told, result, "a simulation tells what happens");
    check_conservation(memory.iter()).expect("the books add up");
    result.map_err(|error| match error {
        Error::Reject(reject) => {
            assert_eq!(before, leaves_of(memory), "a reject wrote something");
            reject
        }
        Error::Fault(fault) => panic!("{fault}"),
    })
}

fn outcome(case: &mut Case) -> Result<Receipt, Reject> {
    run(&mut case.memory, case.number, 1_000_000, &case.body)
}

#[test]
fn every_case_has_its_code_and_keeps_the_books() {
    for mut case in all() {
        let outcome = outcome(&mut case);
        let code = outcome
            .as_ref()
            .map_or_else(Reject::code, |receipt| receipt.code);
        assert_eq!(code, case.code, "{}: {outcome:?}", case.name);
    }
}

#[test]
fn every_kind_has_a_case_that_is_accepted() {
    let accepted: BTreeSet<u8> = all()
        .iter()
        .filter(|case| case.code == Code::Ok)
        .map(|case| case.body.kind())
        .collect();
    let [first, last] = StakeBody::KINDS;
    assert_eq!(accepted, (first..=last).collect());
}

#[test]
fn the_fee_pays_for_all_leaves_that_are_made_and_no_case_touches_too_many() {
    let (parameters, domain) = (parameters(), domain());
    let context = context(HEIGHT, &parameters, &domain);
    let mut exact = 0;
    for mut case in all().into_iter().filter(|case| case.code == Code::Ok) {
        let wallet = Wallet::new(case.number);
        let body = Body::Stake(case.body.clone());
        let length = wallet.sign(wallet.header(0), body.clone()).encode().len();
        let quoted = quote(&mut case.memory, wallet.account(), &body, length, &context);
        let quoted = quoted.expect("a quote");
        let low = run(
            &mut case.memory,
            case.number,
            quoted.minimum - 1,
            &case.body,
        );
        assert_eq!(
            low.expect_err("too low").code(),
            Code::FeeTooLow,
            "{}",
            case.name
        );
        let receipt = run(&mut case.memory, case.number, quoted.minimum, &case.body);
        let receipt = receipt.unwrap_or_else(|reject| panic!("{}: {reject}", case.name));
        assert!(receipt.leaves_made <= quoted.leaves, "{}", case.name);
        exact += u32::from(receipt.leaves_made == quoted.leaves);
        let touched = case.memory.take_touched().len();
        assert!(touched <= 60, "{}: {touched}", case.name);
    }
    assert!(exact > 15, "{exact} pay for what they make");
}

#[test]
fn what_stake_refuses_is_judged_behind_fee_and_balance() {
    let (parameters, domain) = (parameters(), domain());
    let context = context(HEIGHT, &parameters, &domain);
    for case in all().into_iter().filter(|case| case.code == Code::Stake) {
        let Case {
            memory: mut held,
            number,
            body,
            ..
        } = case;
        let low = run(&mut held, number, 1, &body).expect_err("refused");
        let of_operator = body.is_of_operator() && Wallet::new(number).account().kind != 0;
        let expected = match of_operator {
            true => Code::Stake,
            false => Code::FeeTooLow,
        };
        assert_eq!(low.code(), expected, "{}", case.name);
        let sender = Wallet::new(number).account();
        let told = quote(&mut held, sender, &Body::Stake(body), 300, &context);
        assert!(told.is_ok(), "{}: a fee is known all the same", case.name);
    }
}

/// The inbox carries every kind: what has an effect has it there too, without a fee, and a refusal consumes the sequence.
#[test]
fn every_case_comes_through_the_inbox_too() {
    let (parameters, domain) = (parameters(), domain());
    let context = context(HEIGHT, &parameters, &domain);
    for mut case in all() {
        let wallet = Wallet::new(case.number);
        let signed = wallet.sign(wallet.forced_header(0), Body::Stake(case.body.clone()));
        assert!(signed.encode().len() <= MAX_FORCED_BYTES, "{}", case.name);
        let message = message(&mut case.memory, forced([0xee; 20], &signed));
        let receipt = apply_message(&mut case.memory, &message, &context).expect("total");
        let code = match case.code {
            // A fee would have taken what is missing.
            Code::InsufficientBalance => Code::Ok,
            code => code,
        };
        assert_eq!(receipt.code, code, "{}: {:?}", case.name, receipt.reason);
        check_conservation(case.memory.iter()).expect("the books add up");
        let account: AccountLeaf = value(&mut case.memory, Slot::Account(wallet.account()));
        let consumed = u64::from(code != Code::Malformed);
        assert_eq!(account.sequence, consumed, "{}", case.name);
    }
}

/// A full state keeps nobody's stake, neither by a transaction nor through the inbox; what only makes more leaves is refused.
#[test]
fn where_the_state_is_full_stake_still_leaves() {
    let (parameters, domain) = (parameters(), domain());
    let context = context(HEIGHT, &parameters, &domain);
    let refused = [
        "delegate",
        "redelegate",
        "cancel_unbonding",
        "restake",
        "describe",
    ];
    let mut kinds = BTreeSet::new();
    for mut case in all_beside(RESERVED_FROM) {
        if case.code != Code::Ok {
            continue;
        }
        let kind = case.body.name();
        kinds.insert(kind);
        let code = match refused.contains(&kind) {
            true => Code::StateFull,
            false => Code::Ok,
        };
        let wallet = Wallet::new(case.number);
        let signed = wallet.sign(wallet.forced_header(0), Body::Stake(case.body.clone()));
        let mut memory = case.memory.clone();
        let message = message(&mut memory, forced([0xee; 20], &signed));
        let receipt = apply_message(&mut memory, &message, &context).expect("total");
        assert_eq!(receipt.code, code, "{}: {:?}", case.name, receipt.reason);
        let done = outcome(&mut case);
        let told = done
            .as_ref()
            .map_or_else(Reject::code, |receipt| receipt.code);
        assert_eq!(told, code, "{}: {done:?}", case.name);
    }
    let [first, last] = StakeBody::KINDS;
    assert_eq!(kinds.len(), usize::from(last - first) + 1);
}

#[test]
fn an_operator_without_a_key_on_the_child_acts_as_the_sender_on_root() {
    let mut scene = Scene::new();
    let (parameters, domain) = (parameters(), domain());
    let context = context(HEIGHT, &parameters, &domain);
    let sent = Transaction {
        header: Wallet::new(FOUNDER).forced_header(0),
        body: Body::Stake(StakeBody::Leave),
        authentication: Authentication::RootSender,
        fee_payer_authentication: None,
    };
    let message = message(&mut scene.memory, forced(operator(FOUNDER), &sent));
    let receipt = apply_message(&mut scene.memory, &message, &context).expect("total");
    assert_eq!(receipt.code, Code::Ok, "{:?}", receipt.reason);
}

fn case(name: &str) -> Case {
    let found = all().into_iter().find(|case| case.name == name);
    found.unwrap_or_else(|| panic!("no case {name}"))
}

fn told(name: &str) -> (Receipt, Vec<String>) {
    let receipt = outcome(&mut case(name)).unwrap_or_else(|reject| panic!("{name}: {reject}"));
    let names = receipt.events.iter().map(|event| event.name().to_owned());
    let names = names.filter(|name| name != "transaction" && name != "plasmid");
    let names = names.collect();
    (receipt, names)
}

#[test]
fn events_name_what_happened() {
    for (name, events) in [
        ("delegate: to an operator in a seat", "opened delegated"),
        ("undelegate: a part", "opened undelegated"),
        ("undelegate: a position worth nothing", "undelegated"),
        ("claim_stake: a position worth nothing", "paid"),
        (
            "undelegate: the founder's, and the seat is lost",
            "unseated undelegated",
        ),
        ("cancel_unbonding: in the epoch of the request", "delegated"),
        ("redelegate: a part", "opened undelegated delegated"),
        ("claim_stake: what has matured", "paid"),
        ("claim_rewards: of two", "collected collected paid"),
        ("claim_commission: to another account", "paid"),
        ("restake: one's own", "collected opened delegated"),
        ("allow_restake: yes", ""),
        ("apply_cut: by anybody", "cut burned"),
        ("merge: two that have matured", "merged"),
        ("take_seat: an empty one", "seated"),
        (
            "take_seat: the weakest of all, which is displaced",
            "unseated seated",
        ),
        ("leave", "unseated"),
        ("retire: with a seat", "unseated closed"),
        ("unjail: when the time is over", "unjailed"),
        ("edit: everything", ""),
        ("describe", ""),
    ] {
        assert_eq!(told(name).1.join(" "), events, "{name}");
    }
}

#[test]
fn whatever_a_case_tells_is_known_to_be_of_stake() {
    for case in all().into_iter().filter(|case| case.code == Code::Ok) {
        let (receipt, names) = told(case.name);
        for name in names {
            assert!(is_of_stake(&name, None), "{}: {name}", case.name);
        }
        let told = receipt
            .events
            .iter()
            .find(|event| event.name() == "transaction");
        let attributes = told.expect("every transaction has one").attributes();
        let kind = attributes.iter().find(|attribute| attribute.key == "kind");
        let kind = kind.map(|kind| kind.value.as_str());
        assert!(is_of_stake("transaction", kind), "{}: {kind:?}", case.name);
    }
    for kind in ["transfer", "withdraw", "set_payout", "record"] {
        assert!(!is_of_stake("transaction", Some(kind)), "{kind}");
        assert!(!is_of_stake(kind, None), "{kind}");
    }
}

#[test]
fn whoever_it_concerns_finds_it_in_the_history() {
    let of = |number| Wallet::new(number).account();
    for (name, others) in [
        ("delegate: to an operator in a seat", vec![of(FOUNDER)]),
        ("delegate: to oneself, which is a bond", vec![]),
        (
            "claim_stake: to an account that does not stand",
            vec![Scene::stranger()],
        ),
        (
            "restake: by anybody, where the owner allows it",
            vec![of(OWNER), of(FOUNDER)],
        ),
        ("apply_cut: by anybody", vec![of(OWNER), of(FOUNDER)]),
        ("undelegate: a whole position", vec![of(FOUNDER)]),
    ] {
        let sender = of(case(name).number);
        let mut expected: BTreeSet<String> = others.iter().map(Account::to_string).collect();
        expected.insert(sender.to_string());
        let (receipt, _) = told(name);
        let accounts: Vec<String> = receipt
            .events
            .iter()
            .filter(|event| event.name() == "plasmid")
            .flat_map(|event| event.attributes())
            .map(|attribute| attribute.value)
            .collect();
        assert_eq!(accounts.len(), expected.len(), "{name}: {accounts:?}");
        assert_eq!(
            accounts.into_iter().collect::<BTreeSet<_>>(),
            expected,
            "{name}"
        );
    }
}

#[test]
fn the_result_tells_the_numbers_of_the_positions_that_were_made() {
    for (name, numbers) in [
        ("delegate: to an operator in a seat", vec![2]),
        ("delegate: behind another of the same epoch", vec![3]),
        ("undelegate: a whole position", vec![]),
        ("undelegate: a part", vec![3]),
        ("redelegate: a part", vec![3]),
        ("restake: one's own", vec![3]),
        ("claim_stake: what has matured", vec![]),
    ] {
        let data: Vec<u8> = numbers.into_iter().flat_map(u64::to_be_bytes).collect();
        assert_eq!(told(name).0.data, data, "{name}");
    }
}

/// Of the cuts of one line the greatest counts; two legs are cut one after the other.
#[test]
fn a_cut_takes_the_greatest_of_each_leg() {
    for (name, left) in [
        ("apply_cut: by anybody", 90),
        ("apply_cut: of two, the first is the greater", 70),
        ("apply_cut: of two, the second is the greater", 70),
        ("apply_cut: of the second leg", 80),
        ("apply_cut: of both legs, each from what the other left", 56),
    ] {
        let mut case = case(name);
        outcome(&mut case).unwrap_or_else(|reject| panic!("{name}: {reject}"));
        let StakeBody::ApplyCut { position } = case.body else {
            panic!("{name} applies no cut");
        };
        let held: Position = value(&mut case.memory, Slot::from(Key::Position(position)));
        assert_eq!(held.held_down(), COIN / 100 * left, "{name}");
    }
}

#[test]
fn the_weakest_seat_is_taken_and_of_equal_ones_the_lower() {
    for (name, seat) in [
        ("take_seat: an empty one", 1),
        ("take_seat: the weakest of all, which is displaced", 9),
        ("take_seat: the lower one of two that are equal", 9),
        ("take_seat: with one base unit more than the weakest", 9),
    ] {
        let mut case = case(name);
        outcome(&mut case).unwrap_or_else(|reject| panic!("{name}: {reject}"));
        let held: Line = value(&mut case.memory, Slot::from(Key::Line(line(NEWCOMER))));
        assert_eq!(held.seat, seat, "{name}");
    }
}

/// What a delegation takes, and what a claim pays: the amount, and the fee beside it.
#[test]
fn money_goes_where_the_case_says() {
    let balance = |memory: &mut Memory, account| {
        let held: Option<AccountLeaf> = account_of(memory, account);
        held.map_or(0, |held| held.balance)
    };
    let owner = Wallet::new(OWNER).account();
    for (name, to, change) in [
        (
            "delegate: to an operator in a seat",
            owner,
            -(COIN as i128) - 1_000_000,
        ),
        (
            "claim_stake: what has matured",
            owner,
            COIN as i128 - 1_000_000,
        ),
        (
            "claim_stake: to an account that does not stand",
            Scene::stranger(),
            COIN as i128,
        ),
        ("claim_commission: to another account", owner, 7),
    ] {
        let mut case = case(name);
        let before = balance(&mut case.memory, to);
        outcome(&mut case).unwrap_or_else(|reject| panic!("{name}: {reject}"));
        let after = balance(&mut case.memory, to);
        assert_eq!(after as i128 - before as i128, change, "{name}");
    }
}

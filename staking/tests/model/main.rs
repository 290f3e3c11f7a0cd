//! The rules of stake against a small abstract model, under random operations.
//!
//! Runs of at most 500 operations; after each the engine and the model are compared. The seed of a run that fails is printed, with the
//! fewest of its operations that still fail. `PLASMID_MODEL_OPERATIONS` sets how many operations are made, `PLASMID_MODEL_SEED` where
//! the seeds of runs begin, and `PLASMID_FAULT_SEED` where those of the runs begin that look for seeded faults.

mod abstract_model;
mod ask;
mod build;
mod candidates;
mod compare;
mod drain;
mod epochs;
mod faults;
mod port;
mod positions;
mod run;
mod shrink;

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use build::{Builder, KINDS};
use faults::Fault;
use run::{Op, Outcome, Run, Start};

/// Operations of one run, at most.
const LENGTH: usize = 500;

/// What runs did.
#[derive(Default)]
struct Tally {
    /// How many operations of each kind were accepted, and how many were not.
    shares: BTreeMap<&'static str, [u64; 2]>,
    /// Rejects by their kind.
    refused: BTreeMap<String, u64>,
    /// Epochs that matured though their record was overwritten in the ring.
    overwritten: u64,
}

/// Every reject that an input of users, operators, the court or root can meet.
const REJECTS: [&str; 36] = [
    "Alone",
    "Bonded",
    "Commission",
    "CommissionAbove",
    "CutPending",
    "Frozen",
    "InJail",
    "LineClosed",
    "LostSeat",
    "NewSeat",
    "NewStake",
    "NoEffect",
    "NoOperator",
    "NoPosition",
    "NotBonded",
    "NotEnough",
    "NotJailed",
    "NotMatured",
    "NotMergeable",
    "NotOwner",
    "NotSeated",
    "NothingOwed",
    "NothingToApply",
    "OneWay",
    "OtherLine",
    "Positions",
    "RestTooSmall",
    "RestakeNotAllowed",
    "SameLine",
    "Seated",
    "SelfStakeBelow",
    "StakeBelowSeat",
    "Tombstoned",
    "TooSmall",
    "TwoLegs",
    "ZeroAmount",
];

/// A run that fails.
struct Failure {
    start: Start,
    /// What was seeded into the engine.
    fault: Option<Fault>,
    ops: Vec<Op>,
    why: String,
}

fn number(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.map_or(default, |value| value.parse().expect("a number"))
}

/// Says what a run that passed has found: past the harness's capture, so that a log shows it.
fn say(line: std::fmt::Arguments<'_>) {
    writeln!(io::stdout().lock(), "{line}").expect("standard output");
}

/// Makes one run; the number of its operations.
fn run(seed: u64, fault: Option<Fault>, tally: &mut Tally) -> Result<u64, Box<Failure>> {
    let mut builder = Builder::new(seed);
    let start = builder.start();
    let mut ops = Vec::new();
    let fail = |ops, why| {
        Box::new(Failure {
            start: start.clone(),
            fault,
            ops,
            why,
        })
    };
    let mut run = Run::new(&start, fault).map_err(|why| fail(Vec::new(), why))?;
    let mut done = 0;
    while done < LENGTH {
        let (kind, op) = builder.next(&run);
        ops.push(op.clone());
        let outcome = match run.step(&op) {
            Ok(outcome) => outcome,
            Err(why) => return Err(fail(ops, why)),
        };
        let share = tally.shares.entry(kind).or_default();
        match outcome {
            Outcome::Accepted => share[0] += 1,
            Outcome::Refused => share[1] += 1,
            Outcome::Skipped => continue,
        }
        done += 1;
    }
    ops.push(Op::Drain);
    match run.step(&Op::Drain) {
        Ok(_) => {
            add(&mut tally.refused, run.refused);
            tally.overwritten += run.overwritten;
            Ok(LENGTH as u64)
        }
        Err(why) => Err(fail(ops, why)),
    }
}

/// Runs one seed after the other, until this number of operations is made.
fn runs(first: u64, operations: u64) -> Tally {
    let mut tally = Tally::default();
    let mut made = 0;
    for seed in first.. {
        if made >= operations {
            break;
        }
        match run(seed, None, &mut tally) {
            Ok(count) => made += count,
            Err(failure) => {
                let shrunk = shrink::shrunk(&failure);
                panic!("seed {seed}: {}", shrink::shown(&shrunk))
            }
        }
    }
    tally
}

#[test]
fn the_engine_does_what_the_model_does() {
    let operations = number("PLASMID_MODEL_OPERATIONS", 1_000_000);
    let seed = number("PLASMID_MODEL_SEED", 0);
    say(format_args!(
        "{operations} operations, seeds from {seed} on"
    ));
    let began = std::time::Instant::now();
    let halves = std::thread::scope(|scope| {
        let other = scope.spawn(|| runs(seed + 1_000_000, operations / 2));
        let mine = runs(seed, operations - operations / 2);
        [mine, other.join().expect("the other half holds")]
    });
    let mut all = Tally::default();
    for half in halves {
        add(&mut all.refused, half.refused);
        all.overwritten += half.overwritten;
        for (kind, counts) in half.shares {
            let share = all.shares.entry(kind).or_default();
            share[0] += counts[0];
            share[1] += counts[1];
        }
    }
    check(&all);
    say(format_args!("{:?}", began.elapsed()));
}

fn add(sum: &mut BTreeMap<String, u64>, more: BTreeMap<String, u64>) {
    for (kind, count) in more {
        *sum.entry(kind).or_default() += count;
    }
}

/// Most operations are accepted, some of every kind, and every reject was met.
fn check(tally: &Tally) {
    let shares = &tally.shares;
    let accepted: u64 = shares.values().map(|share| share[0]).sum();
    let refused: u64 = shares.values().map(|share| share[1]).sum();
    let percent = |part: u64, whole: u64| 100.0 * part as f64 / whole.max(1) as f64;
    say(format_args!(
        "accepted of all: {:.1} %",
        percent(accepted, accepted + refused)
    ));
    say(format_args!(
        "kind: accepted of this kind, this kind of all that were accepted"
    ));
    for (kind, _) in KINDS.iter().filter(|(kind, _)| *kind != "accept") {
        let [yes, no] = shares.get(kind).copied().unwrap_or_default();
        let (own, of_all) = (percent(yes, yes + no), percent(yes, accepted));
        say(format_args!("{kind:>17}: {own:5.1} % {of_all:5.1} %"));
    }
    for (kind, _) in KINDS.iter().filter(|(kind, _)| *kind != "accept") {
        let [yes, no] = shares.get(kind).copied().unwrap_or_default();
        assert!(
            percent(yes, yes + no) >= 1.0,
            "{kind} is hardly ever accepted"
        );
        assert!(percent(yes, accepted) >= 1.0, "{kind} is hardly ever done");
    }
    assert!(
        percent(accepted, accepted + refused) >= 60.0,
        "too much is refused"
    );
    let overwritten = tally.overwritten;
    say(format_args!(
        "matured, though their record was overwritten in the ring: {overwritten}"
    ));
    assert!(overwritten > 0, "no record was overwritten");
    say(format_args!("rejects: {:?}", tally.refused));
    let met: Vec<&str> = tally.refused.keys().map(String::as_str).collect();
    assert_eq!(met, REJECTS, "the rejects that were met");
}

/// The first of at most 200 runs that finds a fault, with its seed.
fn found(fault: Fault, first: u64) -> Option<(u64, Box<Failure>)> {
    (first..first + 200).find_map(|seed| {
        let failure = run(seed, Some(fault), &mut Tally::default()).err()?;
        Some((seed, failure))
    })
}

#[test]
fn every_seeded_fault_is_found() {
    let first = number("PLASMID_FAULT_SEED", 0);
    println!("seeds from {first} on");
    let mut missed = Vec::new();
    for fault in faults::ALL {
        match found(fault, first) {
            Some((seed, failure)) => {
                let (count, why) = (failure.ops.len(), &failure.why);
                println!("{fault:?}: run {seed}, operation {count}: {why:.150}");
            }
            None => missed.push(fault),
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}

#[test]
fn a_run_that_fails_is_shrunk_to_the_few_operations_that_it_needs() {
    let first = number("PLASMID_FAULT_SEED", 0);
    println!("seeds from {first} on");
    for fault in [
        Fault::LegEndsOneLate,
        Fault::CutOneEpochLate,
        Fault::OwedLosesOneUnit,
        Fault::JailOneEpochShort,
    ] {
        let (seed, failure) = found(fault, first).expect("the fault is found");
        let shrunk = shrink::shrunk(&failure);
        let (before, after) = (failure.ops.len(), shrunk.ops.len());
        println!("{fault:?}, run {seed}: {before} operations shrink to {after}");
        println!("{}", shrink::shown(&shrunk));
        assert!(shrink::is_least(&shrunk), "each of them is needed");
        // None of them can be taken away, but where an index has to be just so, a run may need some dozens.
        assert!((1..=60).contains(&after), "{after} operations");
        // Some seeds find a fault with its first operation, and there is nothing to take away.
        let was_least = shrink::is_least(&failure);
        assert!(
            was_least || after < before,
            "{after} of {before} operations"
        );
    }
}

/// The model is small enough to be read at once, and knows nothing of the engine.
#[test]
fn the_model_itself_is_below_600_lines_of_code_and_names_nothing_of_the_engine() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/model/abstract_model");
    let mut count = 0;
    for file in std::fs::read_dir(folder).expect("the folder of the model") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("it is text");
        assert!(!text.contains("plasmid_staking") && !text.contains("crate::"));
        let lines = text.lines().map(str::trim);
        count += lines
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .count();
    }
    println!("{count} lines of code, without empty lines and comments");
    assert!((300..600).contains(&count), "{count} lines of code");
}

//! Random segments, sound and not, with what shows them and with mutants of all of it: Rust and the contracts say the same of each.
//!
//! ```text
//! seed, number ──► a state, a segment of it ──► its proof ──► mutants ──► judge_segment ──┐
//!                                                              └───────► EVM: the judge ──┴─► one answer, counted on both sides
//! ```
//! `PLASMID_COURT_SEGMENTS=N` makes N segments, in place of some hundreds; with `PLASMID_COURT_SEED=S` others than those of seed 1. It fails where the two
//! differ, where the EVM runs out of gas, panics or reverts for no reason that is known, and where an answer is never met.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::cases::{HEIGHT, messages, moment, without};
use super::mutants::{Numbers, mutate};
use super::vectors::told;
use super::*;
use crate::ledger::fees::RESERVED_FROM;
use altered::{claimed_otherwise, shown_otherwise, written_otherwise};
use evm::Evm;
use met::Met;
use scene::{break_books, scene};
use segments::{apart, block_record, inbox, not_judged, users};

mod altered;
mod evm;
mod met;
mod scene;
mod segments;

/// Segments of a run of which nobody says how many it has: each answer is met in it.
const USUAL: u64 = 3_000;

fn number_of(name: &str, usual: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(usual, |given| given.parse().expect("a number"))
}

/// A segment of a random state.
struct Drawn {
    case: CourtCase,
    state: SparseState,
    /// A leaf of the state has another kind than its key.
    is_of_other_kind: bool,
}

fn random(number: u64, numbers: &mut Numbers) -> Drawn {
    let mut memory = scene(numbers);
    let what = numbers.below(18);
    if what == 17 {
        memory = break_books(memory, numbers);
    }
    let made = memory.order().len() as u32 + 1;
    // The leaf of a new place of the ring needs room, which a record does not ask for: it has it long before a state is full.
    let count = match numbers.below(8) {
        0 if what > 1 => RESERVED_FROM - numbers.below(3) as u32,
        1 if what > 1 => u32::MAX - numbers.below(4) as u32,
        2 => 1 << 20,
        _ => made,
    };
    let mut state = match count == made {
        true => SparseState::of(&memory, count),
        false => SparseState::spread(&memory, count),
    };
    let is_of_other_kind = what == 16;
    if is_of_other_kind {
        state = state.of_other_kind(numbers);
    }
    let mut at = moment();
    let (kind, transactions) = match what {
        0 | 1 => {
            at.height = *numbers.pick(&[1, 2, 193, 194, 200, 256, 257]);
            (SegmentKind::Record, block_record(numbers, at))
        }
        2..=6 => (SegmentKind::Messages, inbox(numbers)),
        7 => not_judged(numbers),
        8 => apart(numbers),
        16 | 17 if numbers.below(2) == 0 => (SegmentKind::Messages, inbox(numbers)),
        _ => (SegmentKind::Users, users(numbers)),
    };
    let name = format!("segment {number}");
    let case = CourtCase::of(&name, &state, (kind, at), &transactions);
    Drawn {
        case,
        state,
        is_of_other_kind,
    }
}

/// Makes a segment and its mutants and has them judged.
fn look_at(met: &mut Met, evm: &mut Evm, seed: u64, number: u64) {
    let mut numbers = Numbers::new((seed << 32) | number);
    let drawn = random(number, &mut numbers);
    let (case, state) = (drawn.case, drawn.state);
    // Rust sees another kind by the width of its value alone. No sound block leaves such a state, and nothing follows from what is said of it.
    if drawn.is_of_other_kind {
        if !met.stops_at_kind(evm, &case) {
            let _same = met.compare(evm, "beside a leaf of another kind", &case);
        }
        return;
    }
    let right = met.compare(evm, "as it is", &case);
    let undecided = [UndecidedSegment::NotJudged, UndecidedSegment::Unsound];
    if right.is_err_and(|why| !undecided.contains(&why)) {
        met.differs("as it is", &case, "what is shown decides nothing");
    }
    if right == Ok(None) {
        let mut other = case.clone();
        other.after.0[numbers.below(32)] ^= 1 << numbers.below(8);
        let way = "another state behind it";
        if met.compare(evm, way, &other) != Ok(Some(SegmentFraud::After)) {
            met.differs(way, &other, "that is not what is wrong");
        }
    }
    // Whatever is shown of a segment, it is decided as it is, or not at all.
    let mut shown = Vec::new();
    for _ in 0..2 {
        let mut other = case.clone();
        mutate(&mut other.proof, &SegmentProof::default(), &mut numbers);
        shown.push(("another proof", other));
    }
    shown.extend(shown_otherwise(&case, &state, &mut numbers));
    for (way, other) in shown {
        let found = met.compare(evm, way, &other);
        if found != right && found.is_ok() {
            met.differs(way, &other, "it is decided otherwise");
        }
    }
    let claimed = claimed_otherwise(&case, &mut numbers);
    let written = written_otherwise(&case, &mut numbers);
    let mut both = written.1.clone();
    mutate(&mut both.proof, &case.proof, &mut numbers);
    let both = ("other bytes and another proof", both);
    for (way, other) in [claimed, written, both] {
        // What is right of these says Rust alone.
        let _right = met.compare(evm, way, &other);
    }
}

#[test]
fn rust_and_the_contracts_say_the_same_of_random_segments_and_of_mutants_of_them() {
    let seed = number_of("PLASMID_COURT_SEED", 1);
    let wanted = number_of("PLASMID_COURT_SEGMENTS", USUAL);
    let program = evm::program();
    let next = AtomicU64::new(0);
    let begun = Instant::now();
    let work = || {
        let mut evm = Evm::start(&program);
        let mut met = Met::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= wanted || met.is_enough() {
                return met;
            }
            look_at(&mut met, &mut evm, seed, number);
        }
    };
    let mut met = Met::default();
    std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            met.add(worker.join().expect("it ends"));
        }
    });
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{wanted} segments of seed {seed}, {} judged on both sides in {seconds:.0} s\n{met}",
        met.compared()
    );
    if let Some(differences) = met.differences() {
        panic!("{differences}");
    }
    let never = met.never();
    if wanted >= USUAL {
        assert!(never.is_empty(), "never met: {}", never.join(", "));
    }
}

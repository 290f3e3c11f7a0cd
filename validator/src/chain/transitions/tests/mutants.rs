//! Whatever a court is shown of a segment, it decides as it would if it were shown what it needs, or not at all.
//!
//! `PLASMID_COURT_MUTANTS=N` makes N mutants of what the cases of the vectors show, in place of some thousands.

use std::collections::BTreeMap;

use plasmid_bridge::proof::tree::{Content, value_hash};

use super::cases::groups;
use super::*;

/// Numbers that follow from a seed.
pub struct Numbers(u64);

impl Numbers {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next one, below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) as usize % end.max(1)
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// The ways in which what is shown is changed.
const WAYS: usize = 16;

/// Changes something; some changes change nothing that counts.
pub fn mutate(proof: &mut SegmentProof, other: &SegmentProof, numbers: &mut Numbers) -> usize {
    let way = numbers.below(WAYS);
    let mut witness = Witness::decode(&proof.witness, width_of_kind).ok();
    if let Some(witness) = &mut witness {
        let siblings = witness.proof.siblings.len();
        let leaf = numbers.below(witness.leaves.len());
        match way {
            0 => {
                witness.proof.siblings.pop();
            }
            1 => witness
                .proof
                .siblings
                .insert(numbers.below(siblings + 1), B256::ZERO),
            2 if siblings > 1 => {
                let (left, right) = (numbers.below(siblings), numbers.below(siblings));
                witness.proof.siblings.swap(left, right);
            }
            3 => drop(witness.leaves.remove(leaf)),
            4 => {
                let again = witness.leaves[leaf].clone();
                witness.leaves.insert(leaf, again);
            }
            5 => {
                let to = numbers.below(witness.leaves.len());
                witness.leaves.swap(leaf, to);
            }
            6 => {
                let content = &mut witness.leaves[leaf].content;
                if let Content::Value { kind, value } = content {
                    *content = Content::Hash(value_hash(*kind, value));
                }
            }
            7 => witness.appends = numbers.below(4) as u32,
            8 => witness.count = witness.count.wrapping_add(1 + numbers.below(3) as u32),
            9 => witness.leaves[leaf].index ^= 1 << numbers.below(4),
            _ => {}
        }
    }
    if let Some(witness) = witness
        && way < 10
    {
        proof.witness = witness.encode();
    }
    let length = proof.witness.len();
    let words = proof.hints.len();
    match way {
        10 if length > 0 => proof.witness[numbers.below(length)] ^= 1 << numbers.below(8),
        11 => proof.witness.truncate(numbers.below(length + 1)),
        12 if words > 0 => match numbers.below(3) {
            0 => proof.hints[numbers.below(words)] ^= U256::ONE << numbers.below(256),
            1 => drop(proof.hints.remove(numbers.below(words))),
            _ => proof.hints.push(U256::ONE),
        },
        13 => *proof = other.clone(),
        14 => proof
            .witness
            .extend(vec![0; 32 * (1 + numbers.below(2_000))]),
        // How many leaves there are, how many places for new ones, how many leaves follow.
        15 if length > 5 => proof.witness[numbers.below(6)] = numbers.below(256) as u8,
        _ => {}
    }
    way
}

#[test]
fn no_mutant_of_what_is_shown_makes_a_court_decide_otherwise() {
    let wanted = std::env::var("PLASMID_COURT_MUTANTS").ok();
    let wanted = wanted.map_or(6_000, |wanted| wanted.parse().expect("a number"));
    let all: Vec<CourtCase> = groups()
        .into_iter()
        .filter(|(group, _)| group != "deep")
        .flat_map(|(_, cases)| cases.into_iter().map(|(case, _)| case))
        .collect();
    let mut numbers = Numbers::new(11);
    let mut met: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for number in 0..wanted {
        let mut case = all[number % all.len()].clone();
        let Ok(right) = case.answer() else {
            continue;
        };
        let other = numbers.pick(&all).proof.clone();
        let way = mutate(&mut case.proof, &other, &mut numbers);
        let found = case.answer();
        assert!(
            found == Ok(right) || found.is_err(),
            "mutant {number}, way {way} of {}: {} instead of {}",
            case.name,
            name_of(found),
            name_of(Ok(right))
        );
        let outcome = if found.is_ok() {
            "the same"
        } else {
            name_of(found)
        };
        *met.entry((way, outcome)).or_default() += 1;
    }
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    for ((_, outcome), count) in &met {
        *refused.entry(outcome).or_default() += count;
    }
    println!("{wanted} mutants: {refused:?}");
    for name in ["witness", "undecided", "hash_only", "appends", "hints"] {
        assert!(refused.contains_key(name), "{name}: {refused:?}");
    }
}

/// A segment that is another than the one of which something is shown: its record names it, so a court reads only what it is shown of
/// this one. Of another root before nothing is decided.
#[test]
fn what_is_shown_of_one_state_decides_nothing_in_another() {
    let all: Vec<CourtCase> = groups()
        .into_iter()
        .flat_map(|(_, cases)| cases.into_iter().map(|(case, _)| case))
        .filter(|case| !case.proof.witness.is_empty())
        .collect();
    for case in all {
        let mut other = case.clone();
        other.before.0[5] ^= 1;
        let found = other.answer();
        let is_form = found == Ok(Some(SegmentFraud::Form)) && case.answer() == found;
        assert!(
            found.is_err() || is_form,
            "{}: {}",
            case.name,
            name_of(found)
        );
    }
}

/// What a node that verifies its segments says of them.
#[test]
fn a_node_objects_to_whatever_a_court_would_not_call_sound_and_to_nothing_else() {
    let all = groups().into_iter().flat_map(|(_, cases)| cases);
    let mut met = [0, 0];
    for (case, expected) in all {
        let Ok(witness) = Witness::decode(&case.proof.witness, width_of_kind) else {
            continue;
        };
        if witness.encode() != case.proof.witness || case.proof.hints != case.judged().hints() {
            continue;
        }
        let objects = case.judged().objection(&witness).is_some();
        let is_fine = ["sound", "not_judged"].contains(&expected);
        assert_eq!(objects, !is_fine, "{}", case.name);
        met[usize::from(objects)] += 1;
    }
    assert!(met[0] > 50 && met[1] > 50, "{met:?}");
}

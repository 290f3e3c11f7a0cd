//! `validator/vectors/court/<group>.json`: segments with what a court is shown of them, and its answer.
//!
//! `PLASMID_WRITE_VECTORS=1` writes the files; without it they must be what this code makes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value as Json, json};

use super::cases::groups;
use super::*;
use crate::ledger::fixture::{REGISTRY, domain};
use crate::ledger::vectors::keep;

fn hex_of(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// A case in the form of the vectors.
pub fn told(case: &CourtCase) -> Json {
    let answer = case.answer();
    let verdict = match answer {
        Ok(fraud) => fraud.map_or(0, |fraud| i32::from(fraud.number())),
        Err(_) => -1,
    };
    let hints = case.proof.hints.iter();
    json!({
        "name": case.name, "kind": case.kind, "count": case.count,
        "height": case.moment.height, "time": case.moment.time.to_string(),
        "before": hex_of(case.before), "after": hex_of(case.after),
        "segment": hex_of(&case.bytes), "witness": hex_of(&case.proof.witness),
        "hints": hints.map(|word| hex_of(word.to_be_bytes::<32>())).collect::<Vec<_>>(),
        "verdict": verdict, "why": name_of(answer),
    })
}

/// One file.
fn file<'a>(cases: impl Iterator<Item = &'a CourtCase>) -> Json {
    let domain = domain();
    json!({
        "about": "PROTOCOL section 12, a segment by itself: what a court is shown of a segment, and its verdict; -1 is undecided.",
        "deployment": {
            "root_chain_id": domain.root_chain_id, "root_chain": hex_of(domain.root_chain),
            "deployment": hex_of(domain.deployment), "domain_separator": hex_of(domain.separator()),
            "registry": hex_of(REGISTRY),
        },
        "cases": cases.map(told).collect::<Vec<_>>(),
    })
}

#[test]
fn the_vectors_of_the_court_are_what_this_code_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/court");
    let mut written = BTreeSet::new();
    for (group, cases) in groups() {
        let vectors = file(cases.iter().map(|(case, _)| case));
        keep(&format!("court/{group}"), &vectors);
        written.insert(format!("{group}.json"));
    }
    let held: BTreeSet<String> = std::fs::read_dir(&folder)
        .expect("the vectors")
        .map(|file| file.expect("a file").file_name().into_string())
        .map(|name| name.expect("a name"))
        .collect();
    assert_eq!(held, written, "every file of vectors is made here");
}

#[test]
fn every_case_gets_the_answer_that_it_is_about() {
    let mut other = Vec::new();
    for (group, cases) in groups() {
        let mut names = BTreeSet::new();
        for (case, expected) in cases {
            let found = name_of(case.answer());
            if found != expected {
                other.push(format!(
                    "{group}: {} is {found} and not {expected}",
                    case.name
                ));
            }
            assert!(names.insert(case.name.clone()), "{group}: {}", case.name);
        }
    }
    assert!(other.is_empty(), "{other:#?}");
}

#[test]
fn every_answer_has_a_vector() {
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, cases) in groups() {
        for (case, _) in cases {
            *met.entry(name_of(case.answer())).or_default() += 1;
        }
    }
    for name in all_answers() {
        assert!(met.contains_key(name), "{name}: {met:?}");
    }
    println!("{met:?}");
}

//! What was met, on both sides, and whether they agree.

use std::collections::BTreeMap;
use std::fmt;

use super::evm::{Evm, OfRoot, Reverted};
use super::*;

/// Differences behind which a run ends.
const ENOUGH: usize = 20;

/// Answers, counted.
#[derive(Default)]
pub struct Met {
    of_rust: BTreeMap<&'static str, usize>,
    of_root: BTreeMap<&'static str, usize>,
    reverted: BTreeMap<&'static str, usize>,
    ways: BTreeMap<&'static str, usize>,
    most_gas: u64,
    differing: Vec<(String, String)>,
}

type Answer = Result<Option<SegmentFraud>, UndecidedSegment>;

impl Met {
    /// Judges a case on both sides and compares; what Rust says.
    pub fn compare(&mut self, evm: &mut Evm, way: &'static str, case: &CourtCase) -> Answer {
        let expected = case.answer();
        let answered = evm.judge(case);
        self.most_gas = self.most_gas.max(answered.gas);
        *self.of_rust.entry(name_of(expected)).or_default() += 1;
        *self.ways.entry(way).or_default() += 1;
        let right = expected.map(|fraud| fraud.map_or(0, SegmentFraud::number));
        let found = match answered.answer {
            OfRoot::Verdict(verdict) if right == Ok(verdict) => {
                *self.of_root.entry(name_of(expected)).or_default() += 1;
                return expected;
            }
            OfRoot::Reverted(reverted) => {
                *self.of_root.entry(reverted.class.name()).or_default() += 1;
                *self.reverted.entry(reverted.name).or_default() += 1;
                let undecided = expected.err();
                if undecided.is_some_and(|undecided| may_revert(undecided, reverted, case)) {
                    return expected;
                }
                reverted.name.to_owned()
            }
            OfRoot::Verdict(verdict) => format!("{verdict:#06x}"),
            OfRoot::Fault(fault) => fault,
        };
        let rust = name_of(expected);
        self.differs(
            way,
            case,
            &format!("Rust says {rust} and the contracts say {found}"),
        );
        expected
    }

    /// Whether the contracts decide nothing about a case because a leaf is of another kind than the one that is asked for.
    pub fn stops_at_kind(&mut self, evm: &mut Evm, case: &CourtCase) -> bool {
        match evm.judge(case).answer {
            OfRoot::Reverted(reverted) if reverted.name == "OtherKind" => {
                *self.of_root.entry(reverted.class.name()).or_default() += 1;
                *self.reverted.entry(reverted.name).or_default() += 1;
                true
            }
            OfRoot::Verdict(_) | OfRoot::Reverted(_) | OfRoot::Fault(_) => false,
        }
    }

    /// Notes what must not be.
    pub fn differs(&mut self, way: &'static str, case: &CourtCase, what: &str) {
        let said = format!("{}, {way}: {what}", case.name);
        self.differing.push((said, format!("{:#}", told(case))));
    }

    /// Whether enough differs to be looked at.
    pub fn is_enough(&self) -> bool {
        self.differing.len() >= ENOUGH
    }

    /// What differs, in words, and the shortest of it in the form of the vectors.
    pub fn differences(&self) -> Option<String> {
        let all: Vec<&str> = self
            .differing
            .iter()
            .map(|(said, _)| said.as_str())
            .collect();
        let shortest = self.differing.iter().min_by_key(|(_, case)| case.len());
        shortest.map(|(said, case)| format!("{}\n\n{said}:\n{case}", all.join("\n")))
    }

    pub fn add(&mut self, other: Self) {
        let pairs = [
            (&mut self.of_rust, other.of_rust),
            (&mut self.of_root, other.of_root),
            (&mut self.reverted, other.reverted),
            (&mut self.ways, other.ways),
        ];
        for (all, more) in pairs {
            for (name, count) in more {
                *all.entry(name).or_default() += count;
            }
        }
        self.most_gas = self.most_gas.max(other.most_gas);
        self.differing.extend(other.differing);
    }

    /// Cases that were compared.
    pub fn compared(&self) -> usize {
        self.of_rust.values().sum()
    }

    /// What was never met, on one side or the other.
    pub fn never(&self) -> Vec<String> {
        let answers = all_answers();
        let of_rust = answers
            .iter()
            .filter(|name| !self.of_rust.contains_key(*name));
        let of_root = answers
            .iter()
            .filter(|name| !self.of_root.contains_key(*name));
        let reverted = Reverted::ALL;
        let reverted = reverted
            .iter()
            .filter(|name| !self.reverted.contains_key(*name));
        let of_rust = of_rust.map(|name| format!("{name} of Rust"));
        let of_root = of_root.map(|name| format!("{name} of the contracts"));
        let reverted = reverted.map(|name| format!("the error {name}"));
        of_rust.chain(of_root).chain(reverted).collect()
    }
}

/// Whether the contracts may give this reason where Rust gives that one. Rust opens the witness first, looks at all hints behind the last transaction, and
/// asks for no witness where nothing can be judged; the contracts come to the root before last, and to a hint where it is needed.
fn may_revert(expected: UndecidedSegment, reverted: Reverted, case: &CourtCase) -> bool {
    let is_early = |class| matches!(class, UndecidedSegment::HeightZero | UndecidedSegment::Kind);
    match (expected, reverted.class) {
        (expected, found) if expected == found => true,
        (UndecidedSegment::Witness, found) => !is_early(found),
        (expected, UndecidedSegment::Hints) => {
            !is_early(expected) && case.proof.hints != case.judged().hints()
        }
        (UndecidedSegment::NotJudged, found) => {
            let nothing = SegmentProof::default();
            !is_early(found) && judge_segment(&case.judged(), &nothing) == Err(expected)
        }
        _ => false,
    }
}

impl fmt::Display for Met {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |counts: &BTreeMap<&str, usize>, name| counts.get(name).copied().unwrap_or(0);
        writeln!(f, "{:<22}{:>10}{:>10}", "answer", "Rust", "contracts")?;
        for name in all_answers() {
            let (left, right) = (count(&self.of_rust, name), count(&self.of_root, name));
            writeln!(f, "{name:<22}{left:>10}{right:>10}")?;
        }
        for name in Reverted::ALL {
            let times = count(&self.reverted, name);
            writeln!(f, "error {name:<26}{times:>10}")?;
        }
        for (way, times) in &self.ways {
            writeln!(f, "{way:<36}{times:>6}")?;
        }
        writeln!(f, "the dearest took {} gas", self.most_gas)
    }
}

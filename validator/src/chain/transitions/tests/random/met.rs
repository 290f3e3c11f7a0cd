//! What was met, on both sides, and whether they agree.

use std::collections::BTreeMap;
use std::fmt;

use super::evm::{Evm, Reverted};
use super::*;

/// Answers, counted.
#[derive(Default)]
pub struct Met {
    of_rust: BTreeMap<&'static str, usize>,
    of_root: BTreeMap<&'static str, usize>,
    reverted: BTreeMap<&'static str, usize>,
    ways: BTreeMap<&'static str, usize>,
    most_gas: u64,
}

type Answer = Result<Option<SegmentFraud>, UndecidedSegment>;

impl Met {
    /// Judges a case on both sides and compares.
    ///
    /// # Errors
    /// What differs, in words, with the case in the form of the vectors.
    pub fn compare(
        &mut self,
        evm: &mut Evm,
        way: &'static str,
        case: &CourtCase,
    ) -> Result<Answer, String> {
        let expected = case.answer();
        let answered = evm.judge(case);
        let differs = |found: &str| {
            format!(
                "{}, {way}: Rust says {} and the contracts say {found}: {:#}",
                case.name,
                name_of(expected),
                told(case)
            )
        };
        self.most_gas = self.most_gas.max(answered.gas);
        match answered.answer.map_err(|fault| differs(&fault))? {
            Ok(verdict) => {
                let right = expected.map(|fraud| fraud.map_or(0, SegmentFraud::number));
                if right != Ok(verdict) {
                    return Err(differs(&format!("{verdict:#06x}")));
                }
                *self.of_root.entry(name_of(expected)).or_default() += 1;
            }
            Err(reverted) => {
                if !expected.is_err_and(|undecided| may_revert(undecided, reverted, case)) {
                    return Err(differs(reverted.name));
                }
                *self.of_root.entry(reverted.class.name()).or_default() += 1;
                *self.reverted.entry(reverted.name).or_default() += 1;
            }
        }
        *self.of_rust.entry(name_of(expected)).or_default() += 1;
        *self.ways.entry(way).or_default() += 1;
        Ok(expected)
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

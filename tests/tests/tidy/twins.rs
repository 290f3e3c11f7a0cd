//! The rules that root executes again: each stands in a file of its own, by one name in both languages.

use super::File;

/// Where the rules of transactions and messages stand.
const RULES: &str = "validator/src/ledger/rules/";
/// Where those stand that root executes again.
const TWINS: &str = "bridge/contracts/src/court/rules/";

/// Files that are no rule, or whose rule writes nothing.
const NO_EFFECT: [&str; 4] = ["generic", "mod", "recorded", "vectors"];
/// Rules that root does not judge yet: they do something with stake.
const NOT_JUDGED: [&str; 3] = ["court", "registration", "stake"];
/// Rules that stand elsewhere in Rust.
const ELSEWHERE: [(&str, &str); 1] = [(
    "participation",
    "validator/src/chain/epoch/participation.rs",
)];

/// Rules without a twin in the other language.
pub fn alone(files: &[File]) -> Vec<String> {
    let names = |folder: &str, ending: &str| -> Vec<String> {
        files
            .iter()
            .filter_map(|(name, _)| name.strip_prefix(folder)?.strip_suffix(ending))
            .filter(|name| !name.contains('/'))
            .map(str::to_lowercase)
            .collect()
    };
    let (rules, twins) = (names(RULES, ".rs"), names(TWINS, ".sol"));
    let stands = |path: &str| files.iter().any(|(name, _)| name == path);
    let mut broken = Vec::new();
    for rule in &rules {
        let is_without = NO_EFFECT.iter().chain(&NOT_JUDGED).any(|one| one == rule);
        if is_without == twins.contains(rule) {
            broken.push(format!(
                "{RULES}{rule}.rs: {}",
                match is_without {
                    true => "it has a twin, and tidy/twins.rs says that it has none",
                    false => "it has no twin of its name in Solidity",
                }
            ));
        }
    }
    for twin in &twins {
        let elsewhere = ELSEWHERE.iter().find(|(name, _)| name == twin);
        let found = rules.contains(twin) || elsewhere.is_some_and(|(_, path)| stands(path));
        if !found {
            broken.push(format!("{TWINS}: {twin} has no rule of its name in Rust"));
        }
    }
    broken
}

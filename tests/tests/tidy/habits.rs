//! Rules about single lines of code as the formatter leaves them: each takes files and says what is broken in them.

use std::collections::BTreeSet;

use super::{File, code::is_test};

/// Addresses on root that serde would read by itself, without a look at their checksum (EIP-55).
pub fn unchecked_addresses(files: &[File]) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, text) in files.iter().filter(|(name, _)| !is_test(name)) {
        let (mut is_read, mut is_checked) = (false, false);
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.starts_with("#[derive(") {
                is_read = line.contains("Deserialize");
            } else if line == "}" {
                is_read = false;
            } else if line.starts_with("#[serde(") {
                is_checked |= line.contains("address::text");
            } else if line.ends_with(',') && !line.starts_with("//") {
                let is_address = ["Address,", "<Address>,"]
                    .iter()
                    .any(|end| line.ends_with(end));
                if is_read && is_address && !is_checked {
                    broken.push(format!("{name}:{number}: {line} is read without its checksum: #[serde(with = \"address::text\")]"));
                }
                is_checked = false;
            }
        }
    }
    broken
}

/// Words in the first line of a block which is gone through again.
const AGAIN: [&str; 4] = ["loop {", "while ", "for ", ".any(|"];

/// Tests that wait for a time and not for a state: a sleep that no loop repeats until something is there. `allowed` gives, of a file, the reason of
/// all that it sleeps.
pub fn sleeps(files: &[File], allowed: &[(&str, &str)]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut needed = BTreeSet::new();
    for (name, text) in files
        .iter()
        .filter(|(name, _)| is_test(name) || name.contains("/tests"))
    {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let sleeps = [" sleep(", "::sleep("]
                .iter()
                .any(|call| line.contains(call));
            // The end of all patience fails the test.
            let is_end = line.contains("fn sleep(") || line.contains("=> panic!");
            if !sleeps || is_end || is_repeated(&lines[..at], indent(line)) {
                continue;
            }
            match allowed.iter().find(|(file, _)| file == name) {
                Some((file, _)) => {
                    needed.insert(*file);
                }
                None => broken.push(format!(
                    "{name}:{}: it waits for a time; wait for a state, in a loop",
                    at + 1
                )),
            }
        }
    }
    let idle = allowed.iter().filter(|(file, _)| !needed.contains(file));
    broken.extend(idle.map(|(file, _)| format!("{file}: it has an exception and needs none")));
    broken
}

/// Results that stand in a Result: which of both says what was judged?
pub fn nested_results(files: &[File]) -> Vec<String> {
    let nested = files.iter().filter(|(_, text)| {
        let dense: String = text.split_whitespace().collect();
        dense.contains("Result<Result<")
    });
    nested
        .map(|(name, _)| {
            format!("{name}: a Result in a Result; make a type that says what was judged")
        })
        .collect()
}

/// Errors that hold a cause and do not say it: what a person or a log gets is one line, and the cause is what helps.
pub fn untold_causes(files: &[File]) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, text) in files {
        for (at, _) in text.match_indices("#[error(") {
            let rest = &text[at..];
            let (said, variant) = rest.split_once(")]\n").unwrap_or((rest, ""));
            let held = variant.split(['}', '(', ',']).next().unwrap_or_default();
            let whole = variant.split('}').next().unwrap_or_default();
            // The fields of this variant alone: one without braces ends at its comma or bracket.
            let fields = if held.contains('{') { whole } else { held };
            let holds = fields.contains("source:") || fields.contains("#[source]");
            if holds && !said.contains("source") && !said.contains("transparent") {
                let line = 1 + text[..at].matches('\n').count();
                broken.push(format!("{name}:{line}: the error does not say its cause"));
            }
        }
    }
    broken
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Whether one of the blocks that hold what follows these lines, indented so far, is a loop's.
fn is_repeated(before: &[&str], indented: usize) -> bool {
    let mut within = indented;
    for line in before.iter().rev().filter(|line| !line.trim().is_empty()) {
        if indent(line) >= within {
            continue;
        }
        within = indent(line);
        let opens = line.trim_start();
        if AGAIN.iter().any(|word| opens.contains(word)) {
            return true;
        }
        if opens.contains("fn ") || within == 0 {
            return false;
        }
    }
    false
}

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

/// Options that hold addresses and can be printed for debugging: an address may hold a provider's key.
pub fn printed_addresses(files: &[File]) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, text) in files {
        let mut is_printed = false;
        for (number, line) in (1..).zip(text.lines()) {
            if line.starts_with("#[derive(") {
                is_printed = line.contains("Debug");
            } else if line == "}" {
                is_printed = false;
            } else if is_printed && line.contains("value_parser = UrlOption") {
                broken.push(format!(
                    "{name}:{number}: an address may hold a key, so what holds it has no Debug"
                ));
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

/// What reads one page of a list: a call of gRPC, or the rows that a command printed. The list may be longer than the page.
const PAGES: [&str; 12] = [
    ".get_supply(",
    ".list_balances(",
    ".list_checkpoints(",
    ".list_delegations(",
    ".list_lines(",
    ".list_tokens(",
    ".list_withdrawals(",
    "[\"balances\"].as_array()",
    "[\"checkpoints\"].as_array()",
    "[\"positions\"].as_array()",
    "[\"tokens\"].as_array()",
    "[\"withdrawals\"].as_array()",
];

/// Tests from outside that take one page of a list for the whole list: a function that reads pages looks as often whether there is another one, or wants a
/// refusal, or only counts answers.
pub fn first_pages(files: &[File]) -> Vec<String> {
    let mut broken = Vec::new();
    // This test's own texts are read and never run.
    let is_read = |name: &str| {
        let of_a_chain = name.starts_with("tests/") || name.starts_with("validator/tests/");
        of_a_chain && !name.starts_with("tests/tests/tidy")
    };
    for (name, text) in files.iter().filter(|(name, _)| is_read(name)) {
        let lines: Vec<&str> = text.lines().collect();
        let begins = |line: &&str| line.trim_start().contains("fn ") && !comment_only(line);
        let mut from = 0;
        while from < lines.len() {
            let behind = lines.iter().skip(from + 1).position(begins);
            let until = behind.map_or(lines.len(), |place| from + 1 + place);
            let function = lines.get(from..until).unwrap_or_default();
            let looks = function.iter().filter(|line| looks_on(line)).count();
            let reads: Vec<usize> = (from..until)
                .filter(|at| reads_a_page(&lines, *at))
                .collect();
            if let Some(last) = reads.last().filter(|_| reads.len() > looks) {
                broken.push(format!(
                    "{name}:{}: it takes the first page for the whole list; look whether there is another one (next_page)",
                    last + 1
                ));
            }
            from = until;
        }
    }
    broken
}

fn comment_only(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// Whether a line looks whether there is another page, or reads all of them.
fn looks_on(line: &str) -> bool {
    !comment_only(line)
        && (line.contains(".next_page_token")
            || line.contains("[\"next_page\"]")
            || line.contains("paged("))
}

/// Whether a line reads a page whose rows count: not one that is refused, or of which only the arrival counts.
fn reads_a_page(lines: &[&str], at: usize) -> bool {
    let is_page = PAGES.iter().any(|page| lines[at].contains(page));
    let near = lines.get(at.saturating_sub(1)..lines.len().min(at + 3));
    let mut near = near.unwrap_or_default().iter();
    is_page && !near.any(|line| line.contains("refused(") || line.contains("Answered::count("))
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

/// Beginnings of comments that say nothing without what stands above them.
const ELLIPTIC: [&str; 5] = ["Those", "That of", "Likewise", "None yet", "By whom"];

/// Words that stand behind "The same" where the noun is left out.
const WITHOUT_NOUN: [&str; 28] = [
    "again", "also", "and", "as", "at", "behind", "beside", "but", "by", "for", "from", "if", "in",
    "of", "on", "once", "or", "than", "to", "until", "when", "where", "which", "while", "who",
    "whom", "with", "without",
];

/// Comments that leave out what they speak of, by their first words, and lines that say "so many" where the number has a name.
pub fn elliptic(files: &[File]) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, text) in files {
        let mut is_begun = false;
        for (number, line) in (1..).zip(text.lines()) {
            let said = comment(line);
            let is_first = said.is_some_and(|said| !said.is_empty() && !is_begun);
            is_begun = said.is_some_and(|said| !said.is_empty());
            let is_elliptic = is_first && said.is_some_and(begins_elliptic);
            if is_elliptic || line.to_lowercase().contains("so many") {
                let said = line.trim();
                broken.push(format!(
                    "{name}:{number}: {said}: say it in a whole sentence"
                ));
            }
        }
    }
    broken
}

/// What a line of a comment says, without its mark and without the tag of a contract's documentation.
fn comment(line: &str) -> Option<&str> {
    let said = line.trim_start().strip_prefix("//")?;
    let said = said.trim_start_matches(['/', '!']).trim();
    match said.strip_prefix('@') {
        Some(tagged) => Some(tagged.split_once(' ').map_or("", |(_, said)| said)),
        None => Some(said),
    }
}

fn begins_elliptic(said: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(char::is_alphanumeric);
    if let Some(rest) = said.strip_prefix("The same") {
        let word = rest.split_whitespace().next().unwrap_or_default();
        let word = word.trim_end_matches([',', ';', ':', '.']);
        let ends = !rest.starts_with(' ') && !goes_on(rest);
        return ends || WITHOUT_NOUN.contains(&word);
    }
    ELLIPTIC
        .iter()
        .filter_map(|words| said.strip_prefix(words))
        .any(|rest| !goes_on(rest))
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

//! Rules about pages: what they cite and name is there.

use super::File;

/// The pages that code and contracts cite by section, each with where it stands.
const PAGES: [(&str, &str); 2] = [
    ("DESIGN", "proto/DESIGN.md"),
    ("PROTOCOL", "proto/PROTOCOL.md"),
];

/// Folders of the workspace: what begins with one of them is a path.
const FOLDERS: [&str; 6] = ["bridge", "docs", "proto", "staking", "tests", "validator"];

/// Endings of files that a path in a text may have.
const ENDINGS: [&str; 9] = [
    ".rs", ".sol", ".md", ".toml", ".json", ".mjs", ".proto", ".bin", ".yaml",
];

/// A section that a text cites, and the title of the paragraph in it when it names one.
#[derive(Debug, PartialEq, Eq)]
pub struct Citation {
    pub section: u32,
    pub title: Option<String>,
}

/// The sections that a text cites of a page: "PAGE section 4", "PAGE, sections 1 and 8", "PAGE section 6, "Genesis"", with what stands in
/// between at most a few signs.
pub fn cited(text: &str, page: &str) -> Vec<Citation> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(page) {
        let behind = &text[at + page.len()..];
        let behind = behind
            .trim_start_matches(".md")
            .trim_start_matches("'s")
            .trim_start_matches(['`', ',']);
        found.extend(numbers(behind.trim_start()));
    }
    found
}

/// The sections that a page cites of itself: "section 4" with the name of no page before it.
fn cited_of_itself(text: &str) -> Vec<Citation> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("section") {
        let before = text[..at].trim_end_matches([' ', ',', '`']);
        let before = before.trim_end_matches("'s").trim_end_matches(".md");
        if !PAGES.iter().any(|(page, _)| before.ends_with(page)) {
            found.extend(numbers(&text[at..]));
        }
    }
    found
}

/// The numbers of a text that begins with "section 4" or "sections 1, 5 and 8".
fn numbers(text: &str) -> Vec<Citation> {
    let (list, many) = match text.strip_prefix("sections ") {
        Some(list) => (list, true),
        None => (text.strip_prefix("section ").unwrap_or_default(), false),
    };
    let mut found = Vec::new();
    let words = list.split([' ', ',']).filter(|word| !word.is_empty());
    for word in words.take(if many { usize::MAX } else { 1 }) {
        let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
        match digits.parse() {
            Ok(section) => found.push(Citation {
                section,
                title: title(&list[digits.len()..]).filter(|_| !many),
            }),
            Err(_) if word == "and" || word == "to" => continue,
            Err(_) => break,
        }
        if digits.len() < word.len() {
            break;
        }
    }
    found
}

fn title(behind: &str) -> Option<String> {
    let (title, _) = behind.strip_prefix(", \"")?.split_once('"')?;
    Some(title.to_owned())
}

/// A text in one line, without the marks of comments: a citation may go on in the next line.
fn in_one_line(text: &str) -> String {
    let comments = ["//!", "///", "//", "*", "#"];
    let lines = text.lines().map(|line| {
        let line = line.trim_start();
        let mark = comments.iter().find_map(|mark| line.strip_prefix(mark));
        mark.unwrap_or(line).trim()
    });
    lines.collect::<Vec<_>>().join(" ")
}

/// The sections of a page: number and text.
fn sections(page: &str) -> Vec<(u32, String)> {
    let parts = page.split("\n## ").skip(1);
    parts
        .filter_map(|part| Some((part.split('.').next()?.parse().ok()?, part.to_lowercase())))
        .collect()
}

/// Citations of sections and paragraphs that are not there, and how many were found of each page.
pub fn citations(files: &[File]) -> (Vec<String>, Vec<(&'static str, usize)>) {
    let mut broken = Vec::new();
    let mut counts = Vec::new();
    for (page, place) in PAGES {
        let own = files.iter().find(|(name, _)| name == place);
        let Some((_, text)) = own else {
            broken.push(format!("{place} is not there"));
            continue;
        };
        let sections = sections(text);
        let mut count = 0;
        for (name, text) in files {
            let text = in_one_line(text);
            let mut found = cited(&text, page);
            if name == place {
                found.extend(cited_of_itself(&text));
            }
            for Citation { section, title } in found {
                count += 1;
                let Some((_, text)) = sections.iter().find(|(number, _)| *number == section) else {
                    broken.push(format!("{name}: {page} has no section {section}"));
                    continue;
                };
                if let Some(title) = title.filter(|title| !text.contains(&title.to_lowercase())) {
                    broken.push(format!(
                        "{name}: {page} has nothing called \"{title}\" in section {section}"
                    ));
                }
            }
        }
        counts.push((page, count));
    }
    (broken, counts)
}

/// What stands between backticks in a text, with the text before it since the last of them.
fn quoted(text: &str) -> Vec<(&str, &str)> {
    let parts: Vec<_> = text.split('`').collect();
    let pairs = parts.chunks_exact(2);
    pairs.map(|pair| (pair[0], pair[1])).collect()
}

/// Files and functions that the tables of a page name and that are not there, and how many files they name. "`a/b.rs`, `c.rs` beside
/// it" stand in the same folder; "`f` in `a/b.rs`" is a function of that file.
pub fn table(page: &str, read: &dyn Fn(&str) -> Option<String>) -> (Vec<String>, usize) {
    let (mut broken, mut files) = (Vec::new(), 0);
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let quoted = quoted(line);
        let mut folder = "";
        for (place, (before, name)) in quoted.iter().enumerate() {
            if !name.ends_with(".rs") && !name.ends_with(".sol") {
                continue;
            }
            let path = match name.rsplit_once('/') {
                Some((above, _)) => {
                    folder = above;
                    (*name).to_owned()
                }
                None => format!("{folder}/{name}"),
            };
            files += 1;
            let Some(text) = read(&path) else {
                broken.push(format!("{name} is not there"));
                continue;
            };
            if before.trim() != "in" {
                continue;
            }
            let function = place.checked_sub(1).map_or("", |before| quoted[before].1);
            let keywords = ["fn ", "function "];
            let is_there = keywords.iter().any(|keyword| {
                ["(", "<"]
                    .iter()
                    .any(|sign| text.contains(&format!("{keyword}{function}{sign}")))
            });
            if !is_there {
                broken.push(format!("{name} has no {function}"));
            }
        }
    }
    (broken, files)
}

/// Files and folders that the map of a page names and that are not there, and how many entries it has. The map is a block of text:
///
/// ```text
/// top/         what is in it
///              entry/    what is in it, other.rs too
/// ```
/// A name stands in the entry, else in the top folder, else in the workspace.
pub fn map(page: &str, exists: &dyn Fn(&str) -> bool) -> (Vec<String>, usize) {
    let (mut broken, mut entries) = (Vec::new(), 0);
    let block = page
        .split("```text\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap_or_default();
    let is_path = |word: &str| word.ends_with('/') || is_file(word);
    let (mut top, mut entry) = ("", String::new());
    for line in block.lines() {
        let mut words = line.split_whitespace().peekable();
        if !line.starts_with(' ') {
            top = words.next().unwrap_or_default();
            entry = String::new();
            entries += 1;
            if !exists(top) {
                broken.push(format!("{top} is not there"));
            }
        }
        let of_entry = line.get(13..).filter(|rest| !rest.starts_with(' '));
        if let Some(word) = of_entry.and(words.peek()).filter(|word| is_path(word)) {
            entry = format!("{top}{word}");
            entries += 1;
        }
        for word in words {
            let word = word.trim_matches(|sign: char| ",.;:()".contains(sign));
            let word = word.split('*').next().unwrap_or_default();
            let places = [
                format!("{}/{word}", entry.trim_end_matches('/')),
                format!("{top}{word}"),
                word.to_owned(),
            ];
            if is_path(word) && !places.iter().any(|place| exists(place)) {
                broken.push(format!("{top} {word} is not there"));
            }
        }
    }
    (broken, entries)
}

/// Rooms that the map of a page does not show; the entry point of the program is none.
pub fn unmapped(page: &str, rooms: &[&str]) -> Vec<String> {
    let entries: Vec<&str> = page
        .lines()
        .filter_map(|line| line.get(13..)?.split(' ').next())
        .map(|entry| entry.trim_end_matches('/'))
        .collect();
    let rooms = rooms.iter().filter(|room| **room != "main.rs");
    rooms
        .filter(|room| {
            let stem = room.trim_end_matches(".rs");
            let is_room = |entry: &&str| entry.trim_end_matches(".rs") == format!("src/{stem}");
            !entries.iter().any(is_room)
        })
        .map(|room| format!("{room}: the map does not show the room"))
        .collect()
}

fn is_file(word: &str) -> bool {
    ENDINGS
        .iter()
        .any(|ending| word.len() > ending.len() && word.ends_with(ending))
}

/// Paths from the root of the workspace that texts name and that are not there, and how many were found.
pub fn paths(files: &[File], exists: &dyn Fn(&str) -> bool) -> (Vec<String>, usize) {
    let (mut broken, mut count) = (Vec::new(), 0);
    let in_path = |letter: char| letter.is_alphanumeric() || "/._-<>*{}$+".contains(letter);
    for (name, text) in files {
        for (number, line) in text.lines().enumerate() {
            for word in line.split(|letter| !in_path(letter)) {
                let Some((folder, _)) = word.split_once('/') else {
                    continue;
                };
                if !FOLDERS.contains(&folder) {
                    continue;
                }
                // "`vectors/rules/<name>.json`" names a folder.
                let fixed = word
                    .split(['<', '*', '{', '$', '+'])
                    .next()
                    .unwrap_or_default();
                let path = match fixed.len() < word.len() {
                    true => fixed.rsplit_once('/').map_or("", |(folder, _)| folder),
                    false => fixed.trim_end_matches('.'),
                };
                if !is_file(path) && !path.ends_with('/') && path == fixed {
                    continue;
                }
                count += 1;
                if !exists(path) {
                    broken.push(format!("{name}:{}: {path} is not there", number + 1));
                }
            }
        }
    }
    (broken, count)
}

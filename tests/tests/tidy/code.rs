//! Rules about files of code: each takes files and says what is broken in them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{EMPTY_NAMES, File, IMPURE, IMPURE_STD, LONGEST_FILE, WALL_CLOCK, source::Source};

/// Names of files that exist for tests alone.
const TEST_FILES: [&str; 5] = [
    "tests.rs",
    "attack.rs",
    "fixture.rs",
    "vectors.rs",
    "model.rs",
];

/// Whether a file exists for tests alone: see [`built_outside_tests`].
pub fn is_test(name: &str) -> bool {
    name.starts_with("tests/")
        || name.contains("/tests/")
        || name.contains("/vectors/")
        || name
            .rsplit('/')
            .next()
            .is_some_and(|file| TEST_FILES.contains(&file))
}

/// Files that do not begin by saying what they are for.
pub fn without_header(files: &[File]) -> Vec<String> {
    let silent = files
        .iter()
        .filter(|(_, text)| !text.starts_with("//! ") && !text.starts_with("//! ```"));
    silent
        .map(|(name, _)| format!("{name}: its first line does not say what it is for"))
        .collect()
}

/// Files that say it at length.
pub fn long_headers(files: &[File]) -> Vec<String> {
    let headers = files.iter().map(|(name, text)| {
        let header = text.lines().take_while(|line| line.starts_with("//!"));
        (name, header.count())
    });
    headers
        .filter(|(_, lines)| *lines > 25)
        .map(|(name, lines)| format!("{name}: a header of {lines} lines"))
        .collect()
}

/// Files that are too long, and rows of `allowed` that no file needs.
pub fn long_files(files: &[File], allowed: &[(&str, &str)]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut needed = BTreeSet::new();
    for (name, text) in files {
        let lines = text.lines().count();
        if lines <= LONGEST_FILE || is_test(name) {
            continue;
        }
        match allowed.iter().any(|(file, _)| file == name) {
            true => {
                needed.insert(name.as_str());
            }
            false => broken.push(format!("{name}: {lines} lines, {LONGEST_FILE} allowed; split it or give its reason in LONG_FILES")),
        }
    }
    broken.extend(needless(allowed, &needed));
    broken
}

fn needless(allowed: &[(&str, &str)], needed: &BTreeSet<&str>) -> Vec<String> {
    let idle = allowed.iter().filter(|(file, _)| !needed.contains(file));
    idle.map(|(file, _)| format!("{file}: it has an exception and needs none"))
        .collect()
}

/// Files and folders with a name that says nothing.
pub fn empty_names(files: &[File]) -> Vec<String> {
    let is_empty = |name: &str| {
        let mut parts = Path::new(name).components();
        parts.any(|part| {
            let part = part.as_os_str().to_string_lossy();
            EMPTY_NAMES.contains(&part.trim_end_matches(".rs"))
        })
    };
    files
        .iter()
        .filter(|(name, _)| is_empty(name))
        .map(|(name, _)| format!("{name}: its name says nothing about what is inside"))
        .collect()
}

/// Files that [`is_test`] leaves out of the rules, though a module that is no test builds them.
pub fn built_outside_tests(files: &[File]) -> Vec<String> {
    let texts: BTreeMap<&str, &str> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let mut broken = Vec::new();
    for (name, _) in files.iter().filter(|(name, _)| is_test(name)) {
        let Some((parent, module)) = outermost_test(name) else {
            continue;
        };
        let places = [
            format!("{parent}.rs"),
            format!("{parent}/mod.rs"),
            format!("{parent}/lib.rs"),
            format!("{parent}/main.rs"),
        ];
        for place in places {
            let Some(text) = texts.get(place.as_str()) else {
                continue;
            };
            let lines = Source::read(&place, text).lines();
            let declared = format!("mod {module};");
            if lines.values().any(|line| says(line, &declared)) {
                broken.push(format!(
                    "{name}: {place} declares it without #[cfg(test)], so no rule may leave it out"
                ));
            }
        }
    }
    broken.sort();
    broken.dedup();
    broken
}

/// Of a file below a `src` folder: the outermost module of its path that makes it a test, and the path of that module's parent.
/// Files of a crate of tests, or of cargo's folder `tests`, are built for tests by their place.
fn outermost_test(name: &str) -> Option<(String, String)> {
    if name.starts_with("tests/") {
        return None;
    }
    let (_, inside) = name.split_once("/src/")?;
    let before = name.len() - inside.len();
    let mut at = before;
    for part in inside.split('/') {
        let module = part.trim_end_matches(".rs");
        if TEST_FILES.contains(&format!("{module}.rs").as_str()) {
            let parent = name[..at].trim_end_matches('/');
            return Some((parent.to_owned(), module.to_owned()));
        }
        at += part.len() + 1;
    }
    None
}

/// The code of a room: its folder and the file beside it, tests left out.
pub fn room(files: &[File], path: &str) -> Vec<File> {
    let stem = path.trim_end_matches(".rs");
    let (folder, beside) = (format!("{stem}/"), format!("{stem}.rs"));
    files
        .iter()
        .filter(|(name, _)| name.starts_with(&folder) || *name == beside)
        .filter(|(name, _)| !is_test(name))
        .cloned()
        .collect()
}

/// Whether a line says a word that goes on neither in front nor behind.
fn says(line: &str, word: &str) -> bool {
    let goes_on = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut places = line.match_indices(word);
    places.any(|(at, _)| {
        let (before, behind) = (&line[..at], &line[at + word.len()..]);
        let front = word.starts_with(goes_on) && before.ends_with(goes_on);
        let back = word.ends_with(goes_on) && behind.starts_with(goes_on);
        !front && !back
    })
}

/// What files of pure rooms say that pure code may not.
pub fn impure(files: &[File]) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, text) in files {
        let source = Source::read(name, text);
        for (number, line) in source.lines() {
            // What the compiler judges cannot stop a node.
            if ["const{assert!", "const _:()=assert!"]
                .iter()
                .any(|begin| line.starts_with(begin))
            {
                continue;
            }
            for (word, why) in IMPURE.iter().filter(|(word, _)| says(&line, word)) {
                broken.push(format!("{name}:{number}: {word}: {why}"));
            }
        }
        for number in source.floats() {
            broken.push(format!("{name}:{number}: a float differs between machines"));
        }
        for (number, module) in source.names_behind("std") {
            if IMPURE_STD.contains(&module.as_str()) || module == "*" {
                broken.push(format!("{name}:{number}: std::{module} is for the node"));
            }
        }
    }
    broken
}

/// Lints that every pure room denies, but where it is built for tests.
const DENIED: [&str; 8] = [
    "clippy::arithmetic_side_effects",
    "clippy::disallowed_methods",
    "clippy::disallowed_types",
    "clippy::expect_used",
    "clippy::float_arithmetic",
    "clippy::panic",
    "clippy::unreachable",
    "clippy::unwrap_used",
];

/// Lints that every crate denies but that of the tests: what it shows is documented, nothing in it panics, and nothing prints by itself.
const DENIED_IN_CRATES: [&str; 7] = [
    "missing_docs",
    "clippy::expect_used",
    "clippy::panic",
    "clippy::print_stderr",
    "clippy::print_stdout",
    "clippy::unreachable",
    "clippy::unwrap_used",
];

/// Lints that the head of a pure room does not deny.
pub fn undenied(room: &str, files: &[File]) -> Vec<String> {
    let heads = [
        format!("{room}/mod.rs"),
        format!("{room}/lib.rs"),
        format!("{room}.rs"),
    ];
    denied_at(room, &heads, &DENIED, files)
}

/// Lints that the head of a crate does not deny.
pub fn undenied_in_crate(folder: &str, files: &[File]) -> Vec<String> {
    let head = [format!("{folder}/src/lib.rs")];
    denied_at(folder, &head, &DENIED_IN_CRATES, files)
}

/// Of these lints, those that the file at the head of a place does not deny.
fn denied_at(place: &str, heads: &[String], lints: &[&str], files: &[File]) -> Vec<String> {
    let head = files.iter().find(|(name, _)| heads.contains(name));
    let Some((name, text)) = head else {
        return vec![format!("{place}: there is no file at its head")];
    };
    let attributes = Source::attributes(name, text);
    let denied = attributes.iter().flat_map(|(_, attribute)| {
        let behind = attribute.split("deny(").skip(1);
        behind.flat_map(|behind| behind.split(')').take(1).flat_map(|list| list.split(',')))
    });
    let denied: BTreeSet<&str> = denied.collect();
    let missing = lints.iter().filter(|lint| !denied.contains(**lint));
    missing
        .map(|lint| format!("{name}: it does not deny {lint}"))
        .collect()
}

/// What lets something undocumented, or something that panics or prints, pass without a reason; what lets a lint of pure rooms pass there, but in the
/// files of `excused`; and rows of it that no file needs.
pub fn let_pass(files: &[File], pure: &[&str], excused: &[(&str, &str)]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut needed = BTreeSet::new();
    for (name, text) in files.iter().filter(|(name, _)| !is_test(name)) {
        let is_pure = pure.iter().any(|room| {
            let inside = name.strip_prefix(room);
            inside.is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
        });
        for (number, attribute) in Source::attributes(name, text) {
            let passes = ["allow(", "expect(", "warn("]
                .iter()
                .any(|word| says(&attribute, word));
            let of = |lints: &[&str]| lints.iter().any(|lint| attribute.contains(lint));
            if !passes || attribute.starts_with("cfg_attr(test,") {
                continue;
            }
            if is_pure && of(&DENIED) && excused.iter().any(|(file, _)| file == name) {
                needed.insert(name.as_str());
            } else if is_pure && of(&DENIED) {
                broken.push(format!("{name}:{number}: a pure room does without this"));
            } else if of(&DENIED_IN_CRATES)
                && (!attribute.contains("reason=\"") || attribute.contains("reason=\"\""))
            {
                broken.push(format!("{name}:{number}: give the reason why this passes"));
            }
        }
    }
    broken.extend(needless(excused, &needed));
    broken
}

/// Entries that the lists of what pure rooms may not use lack, and entries without a reason.
pub fn unlisted(name: &str, text: &str, wanted: &[&str]) -> Vec<String> {
    let lacks = wanted
        .iter()
        .filter(|path| !text.contains(&format!("path = \"{path}\"")))
        .map(|path| format!("{name}: it does not list {path}"));
    let entries = text.lines().filter(|line| line.contains("path = \""));
    let bare = entries
        .filter(|line| !line.contains("reason = \"") || line.contains("reason = \"\""))
        .map(|line| format!("{name}: {}: give the reason", line.trim()));
    lacks.chain(bare).collect()
}

/// Files that name the machine's date, but those of `excused`; and rows of it that no file needs.
pub fn dated(files: &[File], excused: &[(&str, &str)]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut needed = BTreeSet::new();
    for (name, text) in files.iter().filter(|(name, _)| !is_test(name)) {
        let words = WALL_CLOCK.into_iter().filter(|word| says(text, word));
        let found: Vec<_> = words.collect();
        if found.is_empty() {
            continue;
        }
        match excused.iter().any(|(file, _)| file == name) {
            true => {
                needed.insert(name.as_str());
            }
            false => broken.push(format!(
                "{name}: {found:?}: use a clock that never steps back"
            )),
        }
    }
    broken.extend(needless(excused, &needed));
    broken
}

/// Code that writes a file in a way that may leave a part of it.
pub fn written_in_parts(files: &[File]) -> Vec<String> {
    let mut broken = Vec::new();
    // What a build script writes is made anew by the next build.
    let lasting = |name: &str| !is_test(name) && !name.ends_with("/build.rs");
    for (name, text) in files.iter().filter(|(name, _)| lasting(name)) {
        for (number, line) in Source::read(name, text).lines() {
            if says(&line, "fs::write") {
                broken.push(format!(
                    "{name}:{number}: fs::write: a crash leaves a part of the file; use whole::replace or whole::create of plasmid_bridge::client"
                ));
            }
        }
    }
    broken
}

/// How many modules lie between a file and the root of its crate.
fn depth(name: &str) -> usize {
    let (_, inside) = name.split_once("/src/").expect("a file of a crate");
    let parts = inside.split('/').count();
    parts - usize::from(inside.ends_with("/mod.rs"))
}

fn stem(room: &str) -> &str {
    room.trim_end_matches(".rs")
}

/// Rooms below `folder` that have no row, and rows that have no room. The crate's root only says which rooms there are.
fn rows(files: &[File], folder: &str, rooms: &[&str]) -> Vec<String> {
    let prefix = format!("{folder}/");
    let inside = files
        .iter()
        .filter_map(|(name, _)| name.strip_prefix(&prefix));
    let there: BTreeSet<&str> = inside
        .filter_map(|name| name.split('/').next().map(stem))
        .filter(|room| *room != "lib")
        .collect();
    let known: BTreeSet<&str> = rooms.iter().map(|room| stem(room)).collect();
    let without_row = there
        .difference(&known)
        .map(|room| format!("{folder}/{room}: the room has no row"));
    let without_room = known
        .difference(&there)
        .map(|room| format!("{folder}/{room}: the row has no room"));
    without_row.chain(without_room).collect()
}

/// What the rooms below `folder` name of each other against these arrows.
pub fn against(
    files: &[File],
    folder: &str,
    own_crate: &str,
    arrows: &[(&str, &[&str])],
) -> Vec<String> {
    let rooms: Vec<&str> = arrows.iter().map(|(room, _)| *room).collect();
    let mut broken = rows(files, folder, &rooms);
    for (from, allowed) in arrows {
        for (name, text) in room(files, &format!("{folder}/{from}")) {
            let source = Source::read(&name, &text);
            let mut named = source.names_behind("crate");
            named.extend(source.names_behind(own_crate));
            named.extend(source.names_above(depth(&name)));
            for (number, other) in named {
                if !allowed.contains(&other.as_str()) {
                    broken.push(format!("{name}:{number}: {from} may not name {other}"));
                }
            }
        }
    }
    broken
}

/// What the rooms of `validator/src` name of the crate `plasmid_bridge` against these rows.
pub fn over_the_bridge(files: &[File], allowed: &[(&str, &[&str])]) -> Vec<String> {
    let rooms: Vec<&str> = allowed.iter().map(|(room, _)| *room).collect();
    let mut broken = rows(files, "validator/src", &rooms);
    for (from, allowed) in allowed {
        for (name, text) in room(files, &format!("validator/src/{from}")) {
            for (number, other) in Source::read(&name, &text).names_behind("plasmid_bridge") {
                if !allowed.contains(&other.as_str()) {
                    broken.push(format!(
                        "{name}:{number}: {from} may not name plasmid_bridge::{other}"
                    ));
                }
            }
        }
    }
    broken
}

/// Crates of the workspace whose manifests name a crate of ours that they may not, and crates without a row.
pub fn crates(manifests: &[File], allowed: &[(&str, &[&str])]) -> Vec<String> {
    let mut broken = Vec::new();
    let of_crates = manifests
        .iter()
        .filter_map(|(name, text)| Some((name.strip_suffix("/Cargo.toml")?, text)));
    for (folder, text) in of_crates {
        let Some((_, allowed)) = allowed.iter().find(|(known, _)| *known == folder) else {
            broken.push(format!("{folder}: the crate has no row"));
            continue;
        };
        let own = text
            .lines()
            .find_map(|line| line.strip_prefix("name = \""))
            .map(|name| name.trim_end_matches('"'));
        let goes_on = |letter: char| letter.is_alphanumeric() || "-_".contains(letter);
        // Wherever the name of a crate stands: as a key, in a table's title, or behind `package =`.
        let dependencies = text.split_once("dependencies").map_or("", |(_, rest)| rest);
        let words: BTreeSet<&str> = dependencies
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .flat_map(|line| line.split(|letter| !goes_on(letter)))
            .collect();
        for word in words {
            let ours = word == "plasmid" || word.starts_with("plasmid-");
            if ours && Some(word) != own && !allowed.contains(&word) {
                broken.push(format!("{folder} may not depend on {word}"));
            }
        }
    }
    broken
}

/// Messages that print a value as its `Debug` does, which is no language of people. A name of `quoted` is a text that stands in quotes so, or
/// a duration; a row of `excused` is a file or a folder.
pub fn debugged(files: &[File], quoted: &[&str], excused: &[(&str, &str)]) -> Vec<String> {
    let mut broken = Vec::new();
    let (mut needed, mut used) = (BTreeSet::new(), BTreeSet::new());
    for (name, text) in files.iter().filter(|(name, _)| !is_test(name)) {
        for (number, said) in Source::said(name, text) {
            for printed in printed_for_debugging(&said) {
                let row = excused.iter().find(|(path, _)| name.starts_with(path));
                if let Some(word) = quoted.iter().find(|word| **word == printed) {
                    used.insert(*word);
                } else if let Some((path, _)) = row {
                    needed.insert(*path);
                } else {
                    broken.push(format!(
                        "{name}:{number}: {{{printed}:?}}: say it in words, or give its reason"
                    ));
                }
            }
        }
    }
    broken.extend(needless(excused, &needed));
    let idle = quoted.iter().filter(|word| !used.contains(*word));
    broken.extend(idle.map(|word| format!("{word}: it may stand in quotes and never does")));
    broken
}

/// The names that a format string prints so; an empty one for what follows the string.
fn printed_for_debugging(said: &str) -> Vec<&str> {
    let ends = [":?}", ":#?}"];
    // Behind two braces stands a brace that is meant, and no name.
    let pieces = said.split("{{").flat_map(|part| part.split('{').skip(1));
    let pieces = pieces.filter_map(|piece| {
        let end = ends.iter().filter_map(|end| piece.find(end)).min()?;
        Some(&piece[..end])
    });
    pieces.filter(|name| !name.contains('}')).collect()
}

/// Messages that say "is no thing" where people say "is not a thing".
pub fn is_no_thing(files: &[File]) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, text) in files.iter().filter(|(name, _)| !is_test(name)) {
        for (number, said) in Source::said(name, text) {
            for (at, _) in said.match_indices(" is no ") {
                let (before, behind) = (&said[..at], &said[at + 7..]);
                if !before.to_lowercase().ends_with("there") && !behind.starts_with("longer") {
                    broken.push(format!("{name}:{number}: {said}: write \"is not a\""));
                }
            }
        }
    }
    broken
}

/// Public types that have one name and two meanings, but those of `allowed`; and names there that have one.
pub fn named_twice(files: &[File], allowed: &[&str]) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in files.iter().filter(|(name, _)| !is_test(name)) {
        for (number, word) in Source::read(name, text).types() {
            let place = format!("{name}:{number}");
            places.entry(word).or_default().push(place);
        }
    }
    let twice: BTreeMap<_, _> = places.iter().filter(|(_, all)| all.len() > 1).collect();
    let new = twice
        .iter()
        .filter(|(word, _)| !allowed.contains(&word.as_str()))
        .map(|(word, all)| {
            format!(
                "{word}: one name a meaning, and it stands at {}",
                all.join(", ")
            )
        });
    let idle = allowed
        .iter()
        .filter(|word| !twice.contains_key(&(**word).to_owned()));
    new.chain(idle.map(|word| format!("{word}: it may stand twice and does not")))
        .collect()
}

/// Paths of one machine, and what is left for later.
pub fn machines_and_leftovers(files: &[File]) -> Vec<String> {
    let words = [
        "/root/.",
        "/home/",
        "/work/",
        "/Users/",
        "todo!(",
        "unimplemented!(",
        "#[ignore",
        "FIXME",
        "TODO",
    ];
    let mut broken = Vec::new();
    for (name, text) in files {
        for (number, line) in text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                broken.push(format!("{name}:{}: {word}", number + 1));
            }
        }
    }
    broken
}

/// Unsafe code outside `allowed`, rows of it that no file needs, attributes that let it pass without a reason, and manifests that
/// do not refuse it.
pub fn unsafe_without_reason(files: &[File], allowed: &[(&str, &str)]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut needed = BTreeSet::new();
    for (name, text) in files {
        if name == "Cargo.toml" && !text.contains("unsafe_code = \"deny\"") {
            broken.push(format!("{name}: the workspace does not deny unsafe code"));
        }
        if name.ends_with("/Cargo.toml") && !text.contains("[lints]\nworkspace = true") {
            broken.push(format!("{name}: it does not take the workspace's lints"));
        }
        if !name.ends_with(".rs") {
            continue;
        }
        if let Some(number) = Source::word(name, text, "unsafe") {
            match allowed.iter().any(|(file, _)| file == name) {
                true => {
                    needed.insert(name.as_str());
                }
                false => broken.push(format!(
                    "{name}:{number}: unsafe code; do without, or give its reason in UNSAFE"
                )),
            }
        }
        for (number, attribute) in Source::attributes(name, text) {
            if says(&attribute, "unsafe_code")
                && (!attribute.contains("reason=\"") || attribute.contains("reason=\"\""))
            {
                broken.push(format!(
                    "{name}:{number}: write #[expect(unsafe_code, reason = \"…\")]"
                ));
            }
        }
    }
    broken.extend(needless(allowed, &needed));
    broken
}

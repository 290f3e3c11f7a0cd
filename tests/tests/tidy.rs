//! The house rules that a machine can hold: who may name whom, what the pure rooms may not do, what every file begins with.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

#[path = "tidy/source.rs"]
mod source;

use source::Source;

/// The longest a file of code may be without a reason, in lines; tests and generated files aside.
const LONGEST_FILE: usize = 400;

/// Files that are longer, each with its reason.
const LONG_FILES: [(&str, &str); 4] = [
    (
        "validator/src/cli/demo/checks.rs",
        "a table of checks, each with its sabotage and its words",
    ),
    (
        "validator/src/cli/demo/steps/bridge.rs",
        "four steps over the same bridge",
    ),
    (
        "validator/src/cli/query.rs",
        "a table of reads and how each is shown",
    ),
    (
        "validator/src/localnet/run.rs",
        "a network's processes from start to stop",
    ),
];

/// Module and folder names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["types", "common", "core", "utils", "helpers", "manager"];

/// Pure rooms: no I/O, no clock, no randomness, no unordered map, no float, no way to panic on input.
const PURE_ROOMS: [&str; 6] = [
    "staking/src",
    "bridge/src/proof",
    "bridge/src/abi",
    "bridge/src/relay",
    "validator/src/ledger",
    "validator/src/chain",
];

/// What pure code may not say, and why. Tokens are compared without spaces.
const IMPURE: [(&str, &str); 14] = [
    ("HashMap", "its order differs between runs"),
    ("HashSet", "its order differs between runs"),
    ("SystemTime", "a clock differs between nodes"),
    ("Instant::", "a clock differs between nodes"),
    ("rand::", "randomness is an argument"),
    ("std::fs", "files are for the node"),
    ("std::net", "sockets are for the node"),
    ("tokio::", "no async in pure rooms"),
    ("f64", "floats differ between machines"),
    ("f32", "floats differ between machines"),
    (".unwrap()", "an error is an answer"),
    (".expect(", "an error is an answer"),
    ("panic!(", "an error is an answer"),
    ("unreachable!(", "an error is an answer"),
];

/// What names the date of the machine, which may step in either direction at any time. Nothing waits by it.
const WALL_CLOCK: [&str; 5] = [
    "SystemTime",
    "UNIX_EPOCH",
    "Utc::now",
    "Local::now",
    "now_utc",
];

/// Files that name it nevertheless, and why.
const BY_THE_DATE: [(&str, &str); 2] = [
    (
        "validator/src/store/sled.rs",
        "the age of a folder is compared with the file system's clock; a wrong date lists the folder once more, and nothing waits",
    ),
    (
        "validator/src/cli/tx/tip.rs",
        "how high the chain can be follows from root's date; a wrong date refuses to sign and says what to name, and nothing waits",
    ),
];

/// Rooms of `validator/src` and the rooms of that crate that each may name (the arrows of the house).
const ARROWS: [(&str, &[&str]); 14] = [
    ("ledger", &["ledger"]),
    ("chain", &["chain", "ledger"]),
    ("store", &["store", "chain", "ledger"]),
    ("wire.rs", &["wire", "ledger"]),
    ("plain.rs", &["plain"]),
    ("client", &["client", "plain", "wire", "ledger"]),
    (
        "app",
        &["app", "wire", "store", "chain", "ledger", "engine"],
    ),
    ("workers.rs", &["workers"]),
    ("engine", &["engine", "workers"]),
    (
        "rpc",
        &["rpc", "app", "wire", "store", "chain", "ledger", "workers"],
    ),
    (
        "node",
        &[
            "node", "engine", "app", "rpc", "client", "plain", "wire", "store", "chain", "ledger",
        ],
    ),
    ("localnet", &["localnet", "node", "client", "ledger"]),
    (
        "cli",
        &[
            "cli", "localnet", "node", "engine", "app", "rpc", "client", "plain", "wire", "store",
            "chain", "ledger",
        ],
    ),
    ("main.rs", &["cli"]),
];

/// The same for the rooms of `bridge/src`.
const BRIDGE_ARROWS: [(&str, &[&str]); 4] = [
    ("proof", &["proof"]),
    ("abi", &["abi", "proof"]),
    ("relay", &["relay", "abi", "proof"]),
    ("client", &["client", "relay", "abi", "proof"]),
];

/// Which rooms of `bridge` the rooms of `validator/src` may name. What decides consensus names proofs alone.
const OVER_THE_BRIDGE: [(&str, &[&str]); 8] = [
    ("ledger", &["proof"]),
    ("chain", &["proof"]),
    ("store", &["proof"]),
    ("wire.rs", &["proof"]),
    ("plain.rs", &[]),
    ("client", &["proof", "relay", "client"]),
    ("app", &["proof", "abi", "relay"]),
    ("engine", &[]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace folder")
        .to_owned()
}

/// Every file below `folder` with one of these endings, generated and installed ones left out, with its path from the root.
fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop() {
        if path.is_file() {
            read_into(&mut found, &path, endings);
            continue;
        }
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if ["target", "node_modules", ".git", ".plasmid", "out", "cache"].contains(&name) {
            continue;
        }
        for entry in
            fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        {
            open.push(entry.expect("a folder entry").path());
        }
    }
    found.sort();
    found
}

fn read_into(found: &mut Vec<(String, String)>, path: &Path, endings: &[&str]) {
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    if endings.contains(&ending)
        && let Ok(text) = fs::read_to_string(path)
    {
        let name = path
            .strip_prefix(root())
            .expect("below the root")
            .to_string_lossy()
            .into_owned();
        found.push((name, text));
    }
}

fn rust_files() -> Vec<(String, String)> {
    let found: Vec<_> = ["proto", "staking", "bridge", "validator", "tests"]
        .iter()
        .flat_map(|room| files(room, &["rs"]))
        .collect();
    assert!(
        found.len() > 30,
        "only {} Rust files found: the walk is broken",
        found.len()
    );
    found
}

fn is_test(name: &str) -> bool {
    let test_only = [
        "/tests.rs",
        "/attack.rs",
        "/fixture.rs",
        "/vectors.rs",
        "/model.rs",
    ];
    name.starts_with("tests/")
        || name.contains("/tests/")
        || name.contains("/vectors/")
        || test_only.iter().any(|end| name.ends_with(end))
}

fn none_of(broken: Vec<String>) {
    assert!(
        broken.is_empty(),
        "{} broken:\n{}",
        broken.len(),
        broken.join("\n")
    );
}

#[test]
fn every_file_says_what_it_is_for() {
    let broken = rust_files()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(name, _)| name)
        .collect();
    none_of(broken);
}

#[test]
fn no_file_header_is_longer_than_twenty_five_lines() {
    let headers = rust_files().into_iter().map(|(name, text)| {
        let lines = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .count();
        (name, lines)
    });
    none_of(
        headers
            .filter(|(_, lines)| *lines > 25)
            .map(|(name, lines)| format!("{name}: {lines} lines"))
            .collect(),
    );
}

#[test]
fn no_file_is_long_without_a_reason() {
    let allowed: BTreeMap<_, _> = LONG_FILES.into_iter().collect();
    let mut broken = Vec::new();
    for (name, text) in rust_files() {
        let lines = text.lines().count();
        if lines > LONGEST_FILE && !is_test(&name) && !allowed.contains_key(name.as_str()) {
            broken.push(format!("{name}: {lines} lines, {LONGEST_FILE} allowed; split it or give its reason in LONG_FILES"));
        }
    }
    none_of(broken);
}

#[test]
fn names_say_what_is_inside() {
    let broken = rust_files().into_iter().filter(|(name, _)| {
        Path::new(name).components().any(|part| {
            let part = part.as_os_str().to_string_lossy();
            EMPTY_NAMES.contains(&part.trim_end_matches(".rs"))
        })
    });
    none_of(broken.map(|(name, _)| name).collect());
}

/// The code of a room: its folder and the file beside it, tests left out.
fn room(path: &str) -> Vec<(String, Source)> {
    let stem = path.trim_end_matches(".rs");
    let mut found = Vec::new();
    for place in [stem.to_owned(), format!("{stem}.rs")] {
        if root().join(&place).exists() {
            found.extend(files(&place, &["rs"]));
        }
    }
    assert!(!found.is_empty(), "{path}: there is no such room");
    let code = found.into_iter().filter(|(name, _)| !is_test(name));
    code.map(|(name, text)| {
        let source = Source::read(&name, &text);
        (name, source)
    })
    .collect()
}

/// Whether a line says a word that does not go on in front.
fn says(line: &str, word: &str) -> bool {
    let goes_on = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut places = line.match_indices(word);
    places.any(|(at, _)| !word.starts_with(goes_on) || !line[..at].ends_with(goes_on))
}

#[test]
fn pure_rooms_stay_pure() {
    let mut broken = Vec::new();
    for (name, source) in PURE_ROOMS.into_iter().flat_map(room) {
        for (number, line) in source.lines() {
            for (word, why) in IMPURE.iter().filter(|(word, _)| says(&line, word)) {
                broken.push(format!("{name}:{number}: {word}: {why}"));
            }
        }
    }
    broken.dedup();
    none_of(broken);
}

#[test]
fn nothing_waits_by_the_date_of_the_machine() {
    let mut broken = Vec::new();
    let mut excused = BTreeSet::new();
    for (name, text) in rust_files() {
        let found: Vec<_> = WALL_CLOCK
            .into_iter()
            .filter(|word| says(&text, word))
            .collect();
        if found.is_empty() || is_test(&name) {
            continue;
        }
        match BY_THE_DATE.iter().find(|(file, _)| *file == name) {
            Some((file, _)) => {
                excused.insert(*file);
            }
            None => broken.push(format!(
                "{name}: {found:?}: use a clock that never steps back"
            )),
        }
    }
    for (file, _) in BY_THE_DATE
        .iter()
        .filter(|(file, _)| !excused.contains(file))
    {
        broken.push(format!("{file}: it has an exception and needs none"));
    }
    none_of(broken);
}

/// How many modules lie between a file and the root of its crate.
fn depth(name: &str) -> usize {
    let (_, inside) = name.split_once("/src/").expect("a file of a crate");
    let parts = inside.split('/').count();
    parts - usize::from(inside.ends_with("/mod.rs"))
}

/// What the rooms below `folder` name of each other against these arrows.
fn against(folder: &str, own_crate: &str, arrows: &[(&str, &[&str])]) -> Vec<String> {
    let stem = |room: &str| room.trim_end_matches(".rs").to_owned();
    let rooms: Vec<String> = arrows.iter().map(|(room, _)| stem(room)).collect();
    let mut broken = Vec::new();
    for (from, allowed) in arrows {
        for (name, source) in room(&format!("{folder}/{from}")) {
            let mut named = source.names_behind("crate");
            named.extend(source.names_behind(own_crate));
            named.extend(source.names_above(depth(&name)));
            for (number, other) in named {
                if rooms.contains(&other) && !allowed.contains(&other.as_str()) {
                    broken.push(format!("{name}:{number}: {from} may not name {other}"));
                }
            }
        }
    }
    broken
}

#[test]
fn rooms_name_only_the_rooms_below_them() {
    let mut broken = against("validator/src", "plasmid", &ARROWS);
    broken.extend(against("bridge/src", "plasmid_bridge", &BRIDGE_ARROWS));
    for (from, allowed) in OVER_THE_BRIDGE {
        for (name, source) in room(&format!("validator/src/{from}")) {
            for (number, other) in source.names_behind("plasmid_bridge") {
                if !allowed.contains(&other.as_str()) {
                    broken.push(format!(
                        "{name}:{number}: {from} may not name plasmid_bridge::{other}"
                    ));
                }
            }
        }
    }
    none_of(broken);
}

#[test]
fn crates_name_only_the_crates_below_them() {
    let allowed: [(&str, &[&str]); 4] = [
        ("staking", &[]),
        ("proto", &[]),
        ("bridge", &["plasmid-staking"]),
        (
            "validator",
            &["plasmid-bridge", "plasmid-staking", "plasmid-proto"],
        ),
    ];
    let ours = [
        "plasmid-staking",
        "plasmid-proto",
        "plasmid-bridge",
        "plasmid-tests",
    ];
    let mut broken = Vec::new();
    for (room, names) in allowed {
        let manifest =
            fs::read_to_string(root().join(room).join("Cargo.toml")).expect("a manifest");
        for line in manifest.lines() {
            let word = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if ours.contains(&word) && !names.contains(&word) {
                broken.push(format!("{room} may not depend on {word}"));
            }
        }
    }
    none_of(broken);
}

#[test]
fn nothing_names_a_machine_or_is_left_for_later() {
    let machine_paths = ["/root/.", "/home/", "/work/"];
    let later = ["todo!(", "unimplemented!(", "#[ignore", "FIXME"];
    let mut broken = Vec::new();
    for (name, text) in files("", &["rs", "sol", "md", "toml", "mjs", "json", "proto"]) {
        if name == "tests/tests/tidy.rs" || name.ends_with("package-lock.json") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            for word in machine_paths
                .iter()
                .chain(&later)
                .filter(|word| line.contains(**word))
            {
                broken.push(format!("{name}:{}: {word}", number + 1));
            }
        }
    }
    none_of(broken);
}

/// The pages that code and contracts cite by section, each with where it stands.
const PAGES: [(&str, &str); 2] = [
    ("DESIGN", "proto/DESIGN.md"),
    ("PROTOCOL", "proto/PROTOCOL.md"),
];

/// The sections that a text cites of a page: "PAGE section 4", "PAGE, sections 1 and 8", with what stands in between at most a few signs.
fn cited(text: &str, page: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(page) {
        let behind = &text[at + page.len()..];
        let behind = behind
            .trim_start_matches(".md")
            .trim_start_matches(['`', ',']);
        let behind = behind.trim_start();
        let (numbers, many) = match behind.strip_prefix("sections ") {
            Some(numbers) => (numbers, true),
            None => (behind.strip_prefix("section ").unwrap_or_default(), false),
        };
        let words = numbers.split([' ', ',']).filter(|word| !word.is_empty());
        for word in words.take(if many { usize::MAX } else { 1 }) {
            let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
            match digits.parse() {
                Ok(number) => found.push(number),
                Err(_) if word == "and" || word == "to" => continue,
                Err(_) => break,
            }
            if digits.len() < word.len() {
                break;
            }
        }
    }
    found
}

#[test]
fn pages_and_sections_that_are_cited_are_there() {
    assert_eq!(cited("PAGE section 6, \"Genesis\"; PAGE", "PAGE"), [6]);
    assert_eq!(cited("PAGE, sections 1, 5 and 8: x", "PAGE"), [1, 5, 8]);
    assert_eq!(cited("`PAGE.md` section 3's, 1 to 512", "PAGE"), [3]);
    let mut broken = Vec::new();
    let mut count = 0;
    for (page, place) in PAGES {
        let text = fs::read_to_string(root().join(place)).expect(place);
        let titles = text.lines().filter_map(|line| line.strip_prefix("## "));
        let sections: Vec<u32> = titles
            .filter_map(|title| title.split('.').next()?.parse().ok())
            .collect();
        for (name, text) in files("", &["rs", "sol", "md", "proto", "mjs", "toml"]) {
            // A citation may go on in the next line of a comment.
            let comments = ["//!", "///", "//", "*", "#"];
            let lines = text.lines().map(|line| {
                let line = line.trim_start();
                let mark = comments.iter().find_map(|mark| line.strip_prefix(mark));
                mark.unwrap_or(line).trim()
            });
            let text = lines.collect::<Vec<_>>().join(" ");
            for section in cited(&text, page) {
                count += 1;
                if !sections.contains(&section) {
                    broken.push(format!("{name}: {page} has no section {section}"));
                }
            }
        }
    }
    assert!(
        count > 40,
        "only {count} citations found: the search is broken"
    );
    none_of(broken);
}

#[test]
fn unsafe_code_stands_only_where_it_has_a_reason() {
    let mut broken = Vec::new();
    for (name, text) in rust_files() {
        if text.contains("allow(unsafe_code)") && !text.contains("reason = ") {
            broken.push(format!(
                "{name}: write #[allow(unsafe_code, reason = \"…\")]"
            ));
        }
    }
    none_of(
        broken
            .into_iter()
            .filter(|line| !line.starts_with("tests/tests/tidy.rs"))
            .collect(),
    );
}

/// What stands between backticks in a text, with the text before it since the last of them.
fn quoted(text: &str) -> Vec<(&str, &str)> {
    let parts: Vec<_> = text.split('`').collect();
    let pairs = parts.chunks_exact(2);
    pairs.map(|pair| (pair[0], pair[1])).collect()
}

/// The README says in which file a rule stands, and the name of the function where a file has several.
#[test]
fn the_files_and_functions_that_the_readme_names_are_there() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let (mut wrong, mut files) = (Vec::new(), 0);
    for line in readme.lines().filter(|line| line.starts_with('|')) {
        let quoted = quoted(line);
        let mut folder = "";
        for (place, (before, name)) in quoted.iter().enumerate() {
            if !name.ends_with(".rs") && !name.ends_with(".sol") {
                continue;
            }
            // "`a/b.rs`, `c.rs` beside it": in the same folder.
            let path = match name.rsplit_once('/') {
                Some((above, _)) => {
                    folder = above;
                    root().join(name)
                }
                None => root().join(folder).join(name),
            };
            files += 1;
            let Ok(text) = fs::read_to_string(&path) else {
                wrong.push(format!("{name} is not there"));
                continue;
            };
            if before.trim() == "in" {
                let function = quoted[place - 1].1;
                if !text.contains(&format!("{function}("))
                    && !text.contains(&format!("{function}<"))
                {
                    wrong.push(format!("{name} has no {function}"));
                }
            }
        }
    }
    assert!(files > 20, "{files}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

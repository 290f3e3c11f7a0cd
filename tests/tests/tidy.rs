//! The house rules that a machine can hold: who may name whom, what the pure rooms may not do, what every file begins with.

use std::{
    fs,
    path::{Path, PathBuf},
};

#[path = "tidy/code.rs"]
mod code;
#[path = "tidy/habits.rs"]
mod habits;
#[path = "tidy/pages.rs"]
mod pages;
#[path = "tidy/planted.rs"]
mod planted;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/twins.rs"]
mod twins;

/// A file's path from the root of the workspace, and its text. Every rule is a function of such files, so that a test can plant a
/// violation (`tidy/planted.rs`).
type File = (String, String);

/// The longest a file of code may be without a reason, in lines; tests and generated files aside.
const LONGEST_FILE: usize = 400;

/// Files that are longer, each with its reason.
const LONG_FILES: [(&str, &str); 10] = [
    (
        "bridge/src/abi/interfaces.rs",
        "the contracts' interfaces, which name each other's structs, in one block",
    ),
    (
        "validator/src/cli/connect.rs",
        "the addresses that all commands are given, and what is asked of them",
    ),
    (
        "validator/src/cli/demo/checks.rs",
        "a table of checks, each with its sabotage and its words",
    ),
    (
        "validator/src/cli/query.rs",
        "a table of reads and how each is shown",
    ),
    (
        "validator/src/cli/tx.rs",
        "a signed transaction from its options to what came of it",
    ),
    (
        "validator/src/cli/watch/shown.rs",
        "a table of what a watcher tells, each with its fields and its sentence",
    ),
    (
        "validator/src/node/options/plan.rs",
        "a table of a plan's fields",
    ),
    (
        "validator/src/localnet/run.rs",
        "a network's processes from start to stop",
    ),
    (
        "validator/src/ledger/reject.rs",
        "a table of refusals, each with its sentence and its code",
    ),
    (
        "validator/src/rpc/mod.rs",
        "all queues of the services in one place, with what each is for",
    ),
];

/// Module and folder names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 9] = [
    "types", "common", "core", "util", "utils", "helpers", "manager", "misc", "words",
];

/// Pure rooms: no I/O, no clock, no randomness, no unordered map, no float, no way to panic on input.
const PURE_ROOMS: [&str; 7] = [
    "staking/src",
    "bridge/src/proof",
    "bridge/src/abi",
    "bridge/src/relay",
    "validator/src/ledger",
    "validator/src/chain",
    "validator/src/court",
];

/// What pure code may not say, and why. Tokens are compared without spaces.
const IMPURE: [(&str, &str); 19] = [
    ("HashMap", "its order differs between runs"),
    ("HashSet", "its order differs between runs"),
    ("SystemTime", "a clock differs between nodes"),
    ("Instant", "a clock differs between nodes"),
    ("rand::", "randomness is an argument"),
    ("tokio::", "no async in pure rooms"),
    ("f64", "floats differ between machines"),
    ("f32", "floats differ between machines"),
    (".unwrap()", "an error is an answer"),
    ("::unwrap", "an error is an answer"),
    (".expect(", "an error is an answer"),
    ("Option::expect", "an error is an answer"),
    ("Result::expect", "an error is an answer"),
    ("panic!", "an error is an answer"),
    ("unreachable!", "an error is an answer"),
    ("assert!", "an error is an answer"),
    ("assert_eq!", "an error is an answer"),
    ("println!", "what a pure room says is its result"),
    ("eprintln!", "what a pure room says is its result"),
];

/// Modules of std that pure code may not name, in a group of imports neither.
const IMPURE_STD: [&str; 6] = ["env", "fs", "net", "os", "process", "thread"];

/// Files of pure rooms that let one of their lints pass, each with its reason.
const LET_PASS: [(&str, &str); 1] = [(
    "bridge/src/proof/keccak/lanes.rs",
    "it counts places in a state of 25 words, each below 25 by construction",
)];

/// What clippy's lists must keep out of the pure rooms.
const UNUSED_IN_PURE_ROOMS: [&str; 6] = [
    "std::collections::HashMap",
    "std::collections::HashSet",
    "std::env::var",
    "std::thread::spawn",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// What names the date of the machine, which may step in either direction at any time. Nothing waits by it.
const WALL_CLOCK: [&str; 5] = [
    "SystemTime",
    "UNIX_EPOCH",
    "Utc::now",
    "Local::now",
    "now_utc",
];

/// Tests that sleep outside of a loop, each with what the sleep is.
const SLEEPS: [(&str, &str); 6] = [
    (
        "tests/src/running/proxy.rs",
        "an endpoint that answers late: the delay is what is asked for",
    ),
    (
        "tests/tests/tidy/planted.rs",
        "texts that are read and never run",
    ),
    (
        "validator/src/engine/abci/tests.rs",
        "an application that is slow, and a client that is idle for longer than a stall may last: a slower machine is idle for longer",
    ),
    (
        "validator/src/localnet/process/tests.rs",
        "a child that lives on, and a parent that waits to be killed: a slower machine gives either more time",
    ),
    (
        "validator/src/store/tests/crash.rs",
        "the moment at which a process is killed, which may be any",
    ),
    (
        "validator/tests/lies/node.rs",
        "a node that answers late: the delay is what is asked for",
    ),
];

/// Files that name it nevertheless, and why.
const BY_THE_DATE: [(&str, &str); 5] = [
    (
        "bridge/src/client/date.rs",
        "the date is compared with the times of root's blocks, so that a person hears which of the two is wrong, and a watcher goes on with an endpoint whose blocks are new; nothing waits",
    ),
    (
        "validator/src/store/sled.rs",
        "the age of a folder is compared with the file system's clock; a wrong date lists the folder once more, and nothing waits",
    ),
    (
        "validator/src/app/reads/served.rs",
        "the date is compared with the chains' newest blocks, so that a person hears when it lies behind; nothing waits",
    ),
    (
        "validator/src/cli/tx/tip.rs",
        "how high the chain can be follows from root's date; a wrong date refuses to sign and says what to name, and nothing waits",
    ),
    (
        "validator/src/node/signer/reach.rs",
        "how many epochs can be over bounds the floor of a new sign state; a wrong date refuses one and says so, and nothing waits",
    ),
];

/// Rooms of `validator/src` and the rooms of that crate that each may name (the arrows of the house).
const ARROWS: [(&str, &[&str]); 15] = [
    ("ledger", &["ledger"]),
    ("chain", &["chain", "ledger"]),
    ("court", &["court", "chain", "ledger"]),
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
            "workers",
        ],
    ),
    ("localnet", &["localnet", "node", "client", "ledger"]),
    (
        "cli",
        &[
            "cli", "localnet", "node", "engine", "app", "rpc", "client", "plain", "wire", "store",
            "court", "chain", "ledger",
        ],
    ),
    ("main.rs", &["cli"]),
];

/// Rooms of `bridge/src` and the rooms of that crate that each may name.
const BRIDGE_ARROWS: [(&str, &[&str]); 4] = [
    ("proof", &["proof"]),
    ("abi", &["abi", "proof"]),
    ("relay", &["relay", "abi", "proof"]),
    ("client", &["client", "relay", "abi", "proof"]),
];

/// Which rooms of `bridge` the rooms of `validator/src` may name. What decides consensus names proofs alone.
const OVER_THE_BRIDGE: [(&str, &[&str]); 15] = [
    ("ledger", &["proof"]),
    ("chain", &["proof"]),
    ("court", &["proof", "abi", "relay"]),
    ("store", &["proof"]),
    ("wire.rs", &["proof"]),
    ("plain.rs", &[]),
    ("client", &["proof", "relay", "client"]),
    ("app", &["proof", "abi", "relay"]),
    ("workers.rs", &[]),
    ("engine", &[]),
    ("rpc", &["proof", "abi", "relay", "client"]),
    ("node", &["proof", "abi", "relay", "client"]),
    ("localnet", &["proof", "abi", "relay", "client"]),
    ("cli", &["proof", "abi", "relay", "client"]),
    ("main.rs", &[]),
];

/// Our crates that the manifest of each crate may name.
const CRATES: [(&str, &[&str]); 7] = [
    ("proto", &[]),
    ("staking", &[]),
    ("bridge", &["plasmid-staking"]),
    (
        "validator",
        &["plasmid-bridge", "plasmid-staking", "plasmid-proto"],
    ),
    (
        "tests",
        &[
            "plasmid",
            "plasmid-bridge",
            "plasmid-staking",
            "plasmid-proto",
        ],
    ),
    ("tests/tmkms", &[]),
    ("tests/evm", &[]),
];

/// Files with unsafe code, each with what it is for.
const UNSAFE: [(&str, &str); 5] = [
    (
        "bridge/src/proof/keccak/lanes.rs",
        "to enter a function of an instruction set that was found on the machine",
    ),
    (
        "validator/src/node/process.rs",
        "what a child asks of the kernel between fork and exec, which std does not",
    ),
    (
        "validator/src/localnet/process.rs",
        "signals to groups of processes, which std does not send",
    ),
    (
        "tests/src/lib.rs",
        "signals and limits of other processes, which std does not set",
    ),
    (
        "tests/src/terminal.rs",
        "a terminal that no person sits at, which std does not make",
    ),
];

/// Texts that stand in quotes in messages, and durations: the one thing for which `Debug` is a way to write for people.
const QUOTED: [&str; 16] = [
    "BLOCK_TIME_TOLERANCE",
    "abci",
    "base",
    "called",
    "found",
    "id",
    "kind",
    "limit",
    "name",
    "other",
    "prf",
    "text",
    "token",
    "tolerance",
    "waited",
    "wanted",
];

/// Files that print more so, each with its reason.
const DEBUGGED: [(&str, &str); 3] = [
    (
        "validator/src/cli/demo/",
        "its table shows what was observed, value by value",
    ),
    (
        "validator/src/node/founding/mod.rs",
        "two structures of a contract's parameters that differ are shown field by field",
    ),
    ("validator/src/app/bench/flood.rs", "it is built for tests"),
];

/// Names that more than one public type has. A path in front says which is meant; no other name may have two meanings, and this list is not
/// to grow.
const GENERAL_NAMES: [&str; 38] = [
    "At",
    "Block",
    "Body",
    "Change",
    "Client",
    "Config",
    "Context",
    "Contracts",
    "Deployment",
    "Error",
    "Event",
    "Genesis",
    "Home",
    "Input",
    "Key",
    "Lanes",
    "Limits",
    "Loaded",
    "Measured",
    "Memory",
    "Operator",
    "Options",
    "Outcome",
    "Position",
    "Reader",
    "Receipt",
    "Record",
    "RegisterCommand",
    "Registered",
    "Registration",
    "Reject",
    "Request",
    "RpcError",
    "Sealed",
    "Sent",
    "Signer",
    "Size",
    "Source",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace folder")
        .to_owned()
}

/// Every file below `folder` with one of these endings, generated and installed ones left out, with its path from the root.
fn files(folder: &str, endings: &[&str]) -> Vec<File> {
    let generated = [
        "target",
        ".git",
        ".plasmid",
        "bridge/contracts/out",
        "bridge/contracts/cache",
        "bridge/contracts/snapshots",
    ];
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop() {
        let name = path
            .strip_prefix(root())
            .expect("below the root")
            .to_string_lossy()
            .into_owned();
        if generated.contains(&name.as_str()) || name.ends_with("node_modules") {
            continue;
        }
        if path.is_dir() {
            let entries =
                fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            open.extend(entries.map(|entry| entry.expect("a folder entry").path()));
            continue;
        }
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        if endings.contains(&ending.as_ref()) {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            found.push((name, text));
        }
    }
    found.sort();
    found
}

fn rust_files() -> Vec<File> {
    let found = files("", &["rs"]);
    assert!(
        found.len() > 300,
        "only {} Rust files found: the walk is broken",
        found.len()
    );
    found
}

/// Everything that a person wrote.
fn texts() -> Vec<File> {
    // A file without an ending too: `.ci/run`.
    let endings = [
        "rs", "sol", "md", "toml", "mjs", "json", "proto", "yaml", "yml", "sh", "go", "",
    ];
    let mut found = files("", &endings);
    found.retain(|(name, _)| !name.ends_with("package-lock.json") && !name.starts_with(RULES));
    found
}

/// Where the rules stand, with their planted violations.
const RULES: &str = "tests/tests/tidy";

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
    none_of(code::without_header(&rust_files()));
}

#[test]
fn no_file_header_is_longer_than_twenty_five_lines() {
    none_of(code::long_headers(&rust_files()));
}

#[test]
fn no_file_is_long_without_a_reason() {
    none_of(code::long_files(&rust_files(), &LONG_FILES));
}

#[test]
fn names_say_what_is_inside() {
    none_of(code::empty_names(&rust_files()));
}

#[test]
fn what_is_left_out_as_a_test_is_built_for_tests_alone() {
    none_of(code::built_outside_tests(&rust_files()));
}

#[test]
fn pure_rooms_stay_pure() {
    let all = rust_files();
    let mut broken = Vec::new();
    for room in PURE_ROOMS {
        let files = code::room(&all, room);
        assert!(!files.is_empty(), "{room}: there is no such room");
        broken.extend(code::impure(&files));
        broken.extend(code::undenied(room, &all));
    }
    none_of(broken);
}

#[test]
fn crates_deny_what_they_should_and_let_nothing_pass_without_a_reason() {
    let all = rust_files();
    let mut broken = Vec::new();
    for (folder, _) in CRATES
        .iter()
        .filter(|(folder, _)| !folder.starts_with("tests"))
    {
        broken.extend(code::undenied_in_crate(folder, &all));
    }
    broken.extend(code::let_pass(&all, &PURE_ROOMS, &LET_PASS));
    let list = fs::read_to_string(root().join("clippy.toml")).expect("the lists of clippy");
    broken.extend(code::unlisted("clippy.toml", &list, &UNUSED_IN_PURE_ROOMS));
    none_of(broken);
}

#[test]
fn no_result_stands_in_a_result() {
    let mut all = rust_files();
    all.retain(|(name, _)| !name.starts_with(RULES));
    none_of(habits::nested_results(&all));
}

#[test]
fn errors_say_their_causes() {
    let mut all = rust_files();
    all.retain(|(name, _)| !name.starts_with(RULES));
    none_of(habits::untold_causes(&all));
}

#[test]
fn files_are_written_whole_or_not_at_all() {
    none_of(code::written_in_parts(&rust_files()));
}

#[test]
fn nothing_waits_by_the_date_of_the_machine() {
    none_of(code::dated(&rust_files(), &BY_THE_DATE));
}

#[test]
fn addresses_are_read_with_their_checksum() {
    none_of(habits::unchecked_addresses(&files(
        "validator/src",
        &["rs"],
    )));
}

#[test]
fn tests_wait_for_a_state_and_not_for_a_time() {
    none_of(habits::sleeps(&rust_files(), &SLEEPS));
}

#[test]
fn rooms_name_only_the_rooms_below_them() {
    let all = rust_files();
    let mut broken = code::against(&all, "validator/src", "plasmid", &ARROWS);
    broken.extend(code::against(
        &all,
        "bridge/src",
        "plasmid_bridge",
        &BRIDGE_ARROWS,
    ));
    broken.extend(code::over_the_bridge(&all, &OVER_THE_BRIDGE));
    none_of(broken);
}

#[test]
fn crates_name_only_the_crates_below_them() {
    none_of(code::crates(&files("", &["toml"]), &CRATES));
}

#[test]
fn messages_speak_no_debug_text() {
    none_of(code::debugged(&rust_files(), &QUOTED, &DEBUGGED));
}

#[test]
fn messages_say_that_something_is_not_a_thing() {
    none_of(code::is_no_thing(&rust_files()));
}

#[test]
fn a_type_has_a_name_of_its_own() {
    none_of(code::named_twice(&rust_files(), &GENERAL_NAMES));
}

#[test]
fn nothing_names_a_machine_or_is_left_for_later() {
    none_of(code::machines_and_leftovers(&texts()));
}

#[test]
fn unsafe_code_stands_only_where_it_has_a_reason() {
    let mut all = rust_files();
    all.extend(files("", &["toml"]));
    none_of(code::unsafe_without_reason(&all, &UNSAFE));
}

#[test]
fn pages_and_sections_that_are_cited_are_there() {
    let (broken, count) = pages::citations(&texts());
    for (page, count) in count {
        assert!(
            count > 10,
            "only {count} citations of {page} found: the search is broken"
        );
    }
    none_of(broken);
}

/// The README says in which file a rule stands, and the name of the function where a file has several.
#[test]
fn the_files_and_functions_that_the_readme_names_are_there() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let exists = |path: &str| root().join(path).exists();
    let (mut broken, files) =
        pages::table(&readme, &|path| fs::read_to_string(root().join(path)).ok());
    let (of_map, entries) = pages::map(&readme, &exists);
    assert!(files > 40 && entries > 20, "{files} {entries}");
    broken.extend(of_map);
    let rooms = ARROWS.iter().chain(&BRIDGE_ARROWS);
    let rooms: Vec<&str> = rooms.map(|(room, _)| *room).collect();
    broken.extend(pages::unmapped(&readme, &rooms));
    none_of(broken);
}

#[test]
fn paths_that_are_named_anywhere_are_there() {
    let exists = |path: &str| root().join(path).exists();
    let (broken, count) = pages::paths(&texts(), &exists);
    assert!(count > 40, "only {count} paths found: the search is broken");
    none_of(broken);
}

#[test]
fn options_that_hold_addresses_are_not_printed() {
    none_of(habits::printed_addresses(&rust_files()));
}

#[test]
fn tests_read_whole_lists_and_not_their_first_pages() {
    none_of(habits::first_pages(&rust_files()));
}

#[test]
fn comments_are_whole_sentences() {
    let mut all = texts();
    let endings = [".rs", ".sol", ".proto", ".md"];
    all.retain(|(name, _)| endings.iter().any(|ending| name.ends_with(ending)));
    none_of(habits::elliptic(&all));
}

#[test]
fn a_rule_has_one_name_in_both_languages() {
    let folders = ["validator/src", "bridge/contracts/src/court/rules"];
    let found = folders.map(|folder| files(folder, &["rs", "sol"])).concat();
    none_of(twins::alone(&found));
}

//! What messages tell a person to type exists: every option and every command that a text of this program names.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use clap::{Command, CommandFactory};

use super::Cli;

/// Files that pass options to other programs, and which.
const OTHER_PROGRAMS: [(&str, &[&str]); 6] = [
    (
        "demo/fraud/thief.rs",
        &["bin", "locked", "release", "target-dir", "workspace"],
    ),
    (
        "localnet/anvil.rs",
        &[
            "cache-path",
            "chain-id",
            "enable-tx-gas-limit",
            "hardfork",
            "host",
            "no-mining",
            "no-request-size-limit",
            "port",
            "prune-history",
            "quiet",
            "slots-in-an-epoch",
            "state",
        ],
    ),
    (
        "localnet/tools.rs",
        &["ignore-scripts", "no-audit", "no-fund", "omit", "version"],
    ),
    ("node/tools.rs", &["locked", "no-track", "path", "root"]),
    ("node/comet.rs", &["version"]),
    ("localnet/process/tests.rs", &["exact", "nocapture"]),
];

/// Every command below `command`, itself included, by the words that name it.
fn commands<'a>(command: &'a Command, words: &str, all: &mut Vec<(String, &'a Command)>) {
    all.push((words.to_owned(), command));
    for sub in command.get_subcommands() {
        let words = format!("{words} {}", sub.get_name());
        commands(sub, words.trim_start(), all);
    }
}

/// All files of code below a folder of the workspace.
fn code_in(folder: &str) -> Vec<(PathBuf, String)> {
    let mut open = vec![
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(folder),
    ];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder");
            open.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            found.push((path, text));
        }
    }
    found
}

fn sources() -> Vec<(String, String)> {
    let all = ["validator/src", "bridge/src"]
        .into_iter()
        .flat_map(code_in);
    let code = all.map(|(path, text)| {
        let code = text.split("#[cfg(test)]\nmod tests {").next();
        (
            path.to_string_lossy().into_owned(),
            code.unwrap_or_default().to_owned(),
        )
    });
    code.collect()
}

/// The words of a text that follow `mark` and consist of small letters and hyphens.
fn words_after<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    let parts = text.match_indices(mark);
    parts.filter_map(move |(at, _)| {
        let before = text[..at].chars().next_back();
        let rest = &text[at + mark.len()..];
        let end = rest
            .find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
            .unwrap_or(rest.len());
        let word = rest[..end].trim_end_matches('-');
        let begins = before.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '-');
        (begins && word.starts_with(|c: char| c.is_ascii_lowercase())).then_some(word)
    })
}

#[test]
fn every_option_that_a_text_names_exists() {
    let root = Cli::command();
    let mut all = Vec::new();
    commands(&root, "", &mut all);
    let known: BTreeSet<&str> = all
        .iter()
        .flat_map(|(_, command)| command.get_arguments())
        .filter_map(|argument| argument.get_long())
        .chain(["help", "version"])
        .collect();
    assert!(known.contains("registry") && known.contains("second-root"));
    let mut seen = 0;
    for (path, text) in sources() {
        let others = OTHER_PROGRAMS.iter().find(|(file, _)| path.ends_with(file));
        if path.ends_with("cli/tests.rs") || path.ends_with("/tests.rs") || path.contains("/tests/")
        {
            continue;
        }
        for option in words_after(&text, "--") {
            let other = others.is_some_and(|(_, options)| options.contains(&option));
            assert!(
                known.contains(option) || other,
                "{path} names --{option}, which no command has"
            );
            seen += 1;
        }
    }
    assert!(
        seen > 50,
        "only {seen} options are named: the walk is broken"
    );
}

#[test]
fn every_command_that_a_text_names_exists() {
    let root = Cli::command();
    let mut all = Vec::new();
    commands(&root, "", &mut all);
    let mut seen = 0;
    for (path, text) in sources() {
        if path.ends_with("/tests.rs") || path.contains("/tests/") {
            continue;
        }
        // `plasmid a b` in backticks, and what is suggested to be typed next.
        for mark in ["`plasmid ", "\"plasmid "] {
            if mark.starts_with('"') && !path.contains("/src/cli/") {
                continue;
            }
            for first in words_after(&text, mark) {
                let at = format!("{mark}{first}");
                let Some((_, command)) = all.iter().find(|(words, _)| words == first) else {
                    panic!("{path} names `plasmid {first}`, which is not a command");
                };
                seen += 1;
                if command.get_subcommands().next().is_none() {
                    continue;
                }
                for second in words_after(&text, &format!("{at} ")) {
                    let words = format!("{first} {second}");
                    assert!(
                        all.iter().any(|(known, _)| *known == words),
                        "{path} names `plasmid {words}`, which is not a command"
                    );
                }
            }
        }
    }
    assert!(
        seen > 20,
        "only {seen} commands are named: the walk is broken"
    );
}

/// Names of fields that a text gives to objects, as in `"name": value` and `object["name"] = value`.
fn fields(text: &str) -> BTreeSet<&str> {
    let is_name = |word: &&str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let words: Vec<&str> = text.split('"').collect();
    let named = words.windows(3).filter_map(|around| match around {
        [before, word, after] => {
            let stands = after.starts_with(": ");
            let put = before.ends_with("object[") && after.starts_with("] =");
            (stands || put).then_some(*word)
        }
        _ => None,
    });
    named.filter(is_name).collect()
}

#[test]
fn every_field_that_a_command_prints_is_named_by_a_test() {
    let (mut printed, mut tested) = (Vec::new(), String::new());
    for (path, text) in code_in("validator/src/cli") {
        let (code, tests) = match path.ends_with("tests.rs") {
            true => ("", text.as_str()),
            false => text
                .split_once("#[cfg(test)]\nmod tests {")
                .unwrap_or((text.as_str(), "")),
        };
        tested.push_str(tests);
        // The demonstration's figures are its own checks.
        if !path.components().any(|part| part.as_os_str() == "demo") {
            printed.extend(
                fields(code)
                    .into_iter()
                    .map(|name| (path.clone(), name.to_owned())),
            );
        }
    }
    for folder in ["validator/tests", "tests/tests"] {
        for (_, text) in code_in(folder) {
            tested.push_str(&text);
        }
    }
    assert!(printed.len() > 100, "the fields are found");
    let unnamed: Vec<_> = printed
        .iter()
        .filter(|(_, name)| !tested.contains(&format!("\"{name}\"")))
        .collect();
    assert!(unnamed.is_empty(), "no test names {unnamed:?}");
}

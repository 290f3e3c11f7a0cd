//! docs/OPTIONS.md and docs/METRICS.md are made from the code: what can be set, its default, what is checked, what is measured. With
//! `PLASMID_WRITE_DOCS=1` these tests write them.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use clap::{Arg, Command, CommandFactory};
use plasmid::{
    cli::Cli,
    node::{
        config,
        metrics::{Kind, METRICS},
        options,
    },
};
use serde_json::Value;

/// Commands that run a network; the others serve people who use one.
const OPERATORS: [&str; 5] = ["init", "start", "relay", "sign-state", "keys"];

const HEAD: &str = "\
# Options

What an operator can set, with defaults and what is checked. This page is made from the code by `validator/tests/options.rs`; where they
differ, that test fails, and `PLASMID_WRITE_DOCS=1 cargo test --release -p plasmid --test options` writes the page anew.

## plasmid.toml

One file in each node's folder, written by `plasmid init join` (which keeps what was set in it by hand where the command says nothing else) and
read by `plasmid start`. A name that is not here is refused, with the line that it stands in. The file may hold a provider's key.

";

const COMET: &str = "\
## CometBFT's config.toml

`plasmid init join` writes `cometbft/config/config.toml` in the node's folder. Run again, it writes the lines of this table and those that its options
name (`--moniker`, `--rpc`, `--p2p`, `--peer`, `--private`), and keeps every other line as it stands.

";

fn page() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("| option | default | checked | meaning |\n|---|---|---|---|\n");
    for option in options::OPTIONS {
        let options::Described {
            name,
            default,
            checked,
            meaning,
        } = option;
        let _ = writeln!(text, "| `{name}` | {default} | {checked} | {meaning} |");
    }
    let _ = write!(text, "\n{COMET}| line | value | reason |\n|---|---|---|\n");
    for (line, value, reason) in options::RELIED_ON {
        let _ = writeln!(text, "| `{line}` | {value} | {reason} |");
    }
    let root = Cli::command();
    text.push_str("\n## Command line\n\nOptions of every command:\n\n");
    table(&mut text, root.get_arguments());
    for name in OPERATORS {
        let command = root.find_subcommand(name).expect("the command is there");
        describe(&mut text, command, &format!("plasmid {name}"));
    }
    text
}

fn describe(text: &mut String, command: &Command, path: &str) {
    let about = command.get_about().map(ToString::to_string);
    let _ = write!(text, "\n### {path}\n\n{}\n", about.unwrap_or_default());
    let own: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| !arg.is_global_set())
        .collect();
    if !own.is_empty() {
        text.push('\n');
        table(text, own.into_iter());
    }
    for below in command.get_subcommands() {
        if below.get_name() != "help" {
            describe(text, below, &format!("{path} {}", below.get_name()));
        }
    }
}

fn table<'a>(text: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    text.push_str("| option | default | meaning |\n|---|---|---|\n");
    for argument in arguments.filter(|argument| !argument.is_hide_set()) {
        let name = match argument.get_long() {
            Some("help" | "version") => continue,
            Some(long) => format!("--{long}"),
            None => argument.get_id().to_string().to_uppercase(),
        };
        let values = argument.get_default_values().iter();
        let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
        let mut default = match (values.is_empty(), argument.is_required_set()) {
            (false, _) => format!("`{}`", values.join(" ")),
            (true, true) => "required".to_owned(),
            (true, false) => String::new(),
        };
        if let Some(variable) = argument.get_env() {
            let separator = if default.is_empty() { "" } else { ", " };
            let _ = write!(default, "{separator}or `{}`", variable.to_string_lossy());
        }
        let help = argument.get_help().map(ToString::to_string);
        let help = help.unwrap_or_default().replace(['\n', '|'], " ");
        let _ = writeln!(text, "| `{name}` | {default} | {help} |");
    }
}

const MEASURED: &str = "\
# Metrics

What a node serves at `/metrics` on the address that `metrics` in plasmid.toml names (docs/OPTIONS.md), as Prometheus reads it. Every line has the label
`chain_id`. CometBFT's own names stand where they mean the same; CometBFT's process serves the rest of its own when `prometheus = true` stands
under `[instrumentation]` in its config.toml. This page is made from the code by `validator/tests/options.rs`.

`docs/monitoring/dashboard.json` is a dashboard for Grafana, `docs/monitoring/alerts.json` a file of alert rules for Prometheus (JSON is YAML:
name it under `rule_files`).

| name | kind | meaning |
|---|---|---|
";

fn measured() -> String {
    let mut text = MEASURED.to_owned();
    for metric in &METRICS {
        let kind = match metric.kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
        };
        let _ = writeln!(text, "| `{}` | {kind} | {} |", metric.name, metric.help);
    }
    text
}

fn same_as_kept(name: &str, made: &str) {
    let path = docs(name);
    if std::env::var_os("PLASMID_WRITE_DOCS").is_some() {
        fs::write(&path, made).expect("the page is written");
    }
    let kept = fs::read_to_string(&path).expect("the page");
    let differs = kept.lines().zip(made.lines()).find(|(old, new)| old != new);
    assert!(
        kept == made,
        "docs/{name} is not what the code has; run these tests with PLASMID_WRITE_DOCS=1 and commit it: {differs:?}"
    );
}

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name)
}

#[test]
fn the_page_of_options_is_what_the_code_has() {
    same_as_kept("OPTIONS.md", &page());
}

#[test]
fn the_page_of_metrics_is_what_the_code_has() {
    same_as_kept("METRICS.md", &measured());
}

/// Words of an expression that name a series.
fn series(expression: &str) -> impl Iterator<Item = &str> {
    expression
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("plasmid_") || word.starts_with("cometbft_"))
}

#[test]
fn dashboard_and_alerts_name_what_is_served() {
    let read = |name: &str| -> Value {
        let text = fs::read_to_string(docs(name)).expect("the file");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let known = |name: &str| METRICS.iter().any(|metric| metric.name == name);
    let alerts = read("monitoring/alerts.json");
    let rules = alerts["groups"][0]["rules"].as_array().expect("rules");
    assert!(!rules.is_empty());
    for rule in rules {
        for field in ["alert", "expr", "for"] {
            assert!(rule[field].is_string(), "{rule}");
        }
        let severity = rule["labels"]["severity"].as_str();
        assert!(matches!(severity, Some("warning" | "critical")), "{rule}");
        for field in ["summary", "description"] {
            assert!(rule["annotations"][field].is_string(), "{rule}");
        }
        let expression = rule["expr"].as_str().expect("an expression");
        assert!(series(expression).next().is_some(), "{rule}");
        assert!(series(expression).all(known), "{rule}");
        balanced(expression);
    }
    let dashboard = read("monitoring/dashboard.json");
    let mut shown = Vec::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        for target in panel["targets"].as_array().expect("targets") {
            let expression = target["expr"].as_str().expect("an expression");
            assert!(series(expression).all(known), "{target}");
            balanced(expression);
            shown.extend(series(expression).map(str::to_owned));
        }
    }
    let missing = METRICS
        .iter()
        .filter(|metric| !shown.iter().any(|name| name == metric.name));
    let missing: Vec<_> = missing.map(|metric| metric.name).collect();
    assert!(
        missing.is_empty(),
        "the dashboard does not show {missing:?}"
    );
}

fn balanced(expression: &str) {
    for (open, close) in [('(', ')'), ('{', '}'), ('[', ']')] {
        let count = |wanted: char| expression.chars().filter(|found| *found == wanted).count();
        assert_eq!(count(open), count(close), "{expression}");
    }
}

#[test]
fn every_name_of_the_configuration_is_described() {
    let config = config::Config {
        abci: "unix:///a".to_owned(),
        grpc: "127.0.0.1:1".parse().expect("an address"),
        grpc_proxies: vec!["127.0.0.1".parse().expect("an address")],
        engine_rpc: "http://127.0.0.1:2".to_owned(),
        metrics: Some("127.0.0.1:3".parse().expect("an address")),
        share_with: vec!["http://127.0.0.1:5".to_owned()],
        retain_blocks: 1,
        root: config::Root {
            endpoints: vec!["http://127.0.0.1:4".to_owned()],
            registry: Default::default(),
            deployed_at: 1,
        },
    };
    let table = toml::Table::try_from(&config).expect("a table");
    let mut names = Vec::new();
    for (name, value) in &table {
        match value {
            toml::Value::Table(section) => {
                names.extend(section.keys().map(|key| format!("{name}.{key}")))
            }
            _ => names.push(name.clone()),
        }
    }
    let mut described: Vec<_> = options::OPTIONS
        .iter()
        .map(|one| one.name.to_owned())
        .collect();
    names.sort();
    described.sort();
    assert_eq!(described, names);
}

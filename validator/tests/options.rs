//! docs/OPTIONS.md and docs/METRICS.md are made from the code: what can be set, its default, what is checked, what is measured. With
//! `PLASMID_WRITE_DOCS=1` these tests write them.

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use clap::{Arg, Command, CommandFactory};
use kinds::{KINDS, NARROWER, kind, less};
use plasmid::{
    app::reads::{HEIGHT_STANDS, ROOT_SILENT},
    cli::Cli,
    ledger::Parameters,
    node::{
        comet, config,
        founding::{Balance, Delegated, FounderTerms, Plan},
        metrics::{METRICS, MetricKind},
        options,
    },
    rpc::HEALTH,
};

#[path = "options/alerts.rs"]
mod alerts;
#[path = "options/kinds.rs"]
mod kinds;

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
name (`--moniker`, `--rpc`, `--p2p`, `--peer`, `--private`, `--snapshot`) when they are named, and keeps every other line as it stands.

";

const NETWORK: &str = "\
## network.toml

The plan of a network, written by `plasmid init plan`, changed by hand, and the same for every operator. The column of defaults is what
`init plan` writes for networks (`--preset network`).

";

const COLUMNS: &str =
    "| option | default | must be | refused, for example | meaning |\n|---|---|---|---|---|\n";

const VALUES: &str = "\
## Command line

What is checked of the values of options. A value that is refused for example is refused while the command line is read; what else is checked
is checked by the command, before it signs or sends anything.

| value | must be | refused, for example |
|---|---|---|
";

fn page() -> String {
    let mut text = HEAD.to_owned();
    described(&mut text, &options::OPTIONS);
    let _ = write!(
        text,
        "\n{COMET}| line | must be | refused, for example | reason |\n|---|---|---|---|\n"
    );
    for options::ReliedOn {
        line,
        value,
        refused,
        reason,
    } in options::RELIED_ON
    {
        let _ = writeln!(text, "| `{line}` | {value} | `{refused}` | {reason} |");
    }
    let _ = write!(text, "\n{NETWORK}");
    described(&mut text, &options::PLAN);
    let _ = write!(text, "\n{VALUES}");
    for kind in KINDS {
        let refused = kind.refused.map(|value| format!("`{value}`"));
        let refused = refused.unwrap_or_default();
        let _ = writeln!(text, "| {} | {} | {refused} |", kind.name, kind.checked);
    }
    let root = Cli::command();
    text.push_str("\nOptions of every command:\n\n");
    table(&mut text, "plasmid", root.get_arguments());
    for command in root.get_subcommands().filter(|one| !one.is_hide_set()) {
        describe(
            &mut text,
            command,
            &format!("plasmid {}", command.get_name()),
        );
    }
    text
}

fn described(text: &mut String, options: &[options::Described]) {
    text.push_str(COLUMNS);
    for options::Described {
        name,
        default,
        checked,
        refused,
        meaning,
    } in options
    {
        let _ = writeln!(
            text,
            "| `{name}` | {default} | {checked} | `{refused}` | {meaning} |"
        );
    }
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
        table(text, command.get_name(), own.into_iter());
    }
    for below in command.get_subcommands() {
        if below.get_name() != "help" {
            describe(text, below, &format!("{path} {}", below.get_name()));
        }
    }
}

fn table<'a>(text: &mut String, command: &str, arguments: impl Iterator<Item = &'a Arg>) {
    text.push_str("| option | value | default | meaning |\n|---|---|---|---|\n");
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
        let mut help = help.unwrap_or_default().replace(['\n', '|'], " ");
        let values = argument.get_possible_values();
        let values: Vec<_> = values.iter().map(|value| value.get_name()).collect();
        if !values.is_empty() && argument.get_action().takes_values() {
            let _ = write!(help, ". One of: {}", values.join(", "));
        }
        let kind =
            kind(command, argument).unwrap_or_else(|| panic!("{command} {name} has no kind"));
        let mut value = kind.name.to_owned();
        if let Some(less) = less(command, argument) {
            let _ = write!(value, ": {}", less.checked);
        }
        let _ = writeln!(text, "| `{name}` | {value} | {default} | {help} |");
    }
}

/// Every option of every command, with the last word of its command. Options of every command stand with the program alone.
fn all_options(command: &Command) -> Vec<(String, Arg)> {
    let is_asked = |argument: &&Arg| !matches!(argument.get_long(), Some("help" | "version"));
    let name = command.get_name();
    let own = command.get_arguments().filter(is_asked);
    let own = own.map(|argument| (name.to_owned(), argument.clone()));
    let below = command.get_subcommands();
    let below = below.filter(|below| below.get_name() != "help");
    own.chain(below.flat_map(all_options)).collect()
}

/// Whether an option takes this value, by what is checked while the command line is read.
fn takes(argument: &Arg, value: &str) -> bool {
    let alone = Arg::new("alone")
        .long("alone")
        .action(argument.get_action().clone())
        .value_parser(argument.get_value_parser().clone());
    let given = ["program".to_owned(), format!("--alone={value}")];
    Command::new("program")
        .arg(alone)
        .try_get_matches_from(given)
        .is_ok()
}

#[test]
fn every_option_of_a_command_has_a_kind_and_every_kind_an_option() {
    let options = all_options(&Cli::command());
    let options = options.iter().filter(|(_, option)| !option.is_hide_set());
    let (mut used, mut narrow) = (BTreeSet::new(), BTreeSet::new());
    for (command, option) in options {
        let kind = kind(command, option);
        let kind = kind.unwrap_or_else(|| panic!("{command} {option} has no kind"));
        used.insert(kind.name);
        if let Some(less) = less(command, option) {
            narrow.insert((less.command, less.option));
        }
        let mut refused = [
            kind.refused,
            less(command, option).and_then(|less| less.refused),
        ]
        .into_iter()
        .flatten();
        assert!(
            refused.all(|value| !takes(option, value)),
            "{command} {option} takes what the page calls refused"
        );
        let defaults = option.get_default_values().iter();
        for default in defaults.filter(|_| option.get_action().takes_values()) {
            let default = default.to_str().expect("text");
            assert!(takes(option, default), "{command} {option}: {default}");
        }
    }
    let all: BTreeSet<_> = KINDS.iter().map(|kind| kind.name).collect();
    assert_eq!(used, all);
    assert_eq!(narrow.len(), NARROWER.len(), "{narrow:?}");
}

const MEASURED: &str = "\
# Metrics

What a node serves at `/metrics` on the address that `metrics` in plasmid.toml names (docs/OPTIONS.md), as Prometheus reads it. Every line has the label
`chain_id`. CometBFT's own names stand where they mean the same; CometBFT's process serves the rest of its own when `prometheus = true` stands
under `[instrumentation]` in its config.toml. This page is made from the code by `validator/tests/options.rs`.

`docs/monitoring/dashboard.json` is a dashboard for Grafana, `docs/monitoring/alerts.json` a file of alert rules for Prometheus (JSON is YAML:
name it under `rule_files`). Name the scrape job of the nodes `plasmid`: two of the rules tell that Prometheus cannot read a node, or asks none.
`promtool test rules docs/monitoring/alerts.test.json` shows when each of them fires and that it does not a minute before; promtool
comes with Prometheus. `validator/tests/options/alerts.rs` builds it, pinned, runs it on these files, and breaks each rule to see that its case finds that.

| name | kind | meaning |
|---|---|---|
";

fn measured() -> String {
    let mut text = MEASURED.to_owned();
    for metric in &METRICS {
        let kind = match metric.kind {
            MetricKind::Gauge => "gauge",
            MetricKind::Counter => "counter",
        };
        let _ = writeln!(text, "| `{}` | {kind} | {} |", metric.name, metric.help);
    }
    text + &asked()
}

/// What the health service of gRPC answers.
fn asked() -> String {
    let (height, root) = (HEIGHT_STANDS.as_secs(), ROOT_SILENT.as_secs());
    let mut text = format!(
        "
# Health

The standard health service of gRPC (`grpc.health.v1.Health`), on the port of `grpc` in plasmid.toml, answers for these names. The height stands
when no new block came for {height} seconds, or for three block times where these are longer; root is silent when its endpoints have not answered soundly
for {root} seconds. A name is SERVING again as soon as its parts work.

| name | is NOT_SERVING while | what to do |
|---|---|---|
"
    );
    for one in HEALTH {
        let name = match one.name {
            "" => "the empty name".to_owned(),
            name => format!("`{name}`"),
        };
        let _ = writeln!(text, "| {name} | {} | {} |", one.fails, one.remedy);
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

fn plasmid_toml() -> config::Config {
    config::Config {
        abci: "unix:///a".to_owned(),
        grpc: "127.0.0.1:1".parse().expect("an address"),
        grpc_proxies: vec!["127.0.0.1".parse().expect("an address")],
        engine_rpc: "http://127.0.0.1:2".to_owned(),
        metrics: Some("127.0.0.1:3".parse().expect("an address")),
        share_with: vec!["http://127.0.0.1:5".to_owned()],
        retain_blocks: 1,
        root: config::RootConfig {
            endpoints: vec!["http://127.0.0.1:4".to_owned()],
            registry: alloy_primitives::Address::repeat_byte(7),
            deployed_at: 1,
        },
    }
}

fn plan() -> Plan {
    let operators = vec![alloy_primitives::Address::repeat_byte(1)];
    let mut plan = Plan::new(Parameters::network(), 720, operators);
    plan.balances.push(Balance {
        account: format!("0x{}", "33".repeat(20)),
        wei: 1,
    });
    plan.delegations.push(Delegated {
        owner: format!("0x{}", "33".repeat(20)),
        operator: plan.operators[0],
        wei: 1,
    });
    plan.terms.push(FounderTerms::of(plan.operators[0]));
    plan
}

/// The names of a file's options, each with its table.
fn names(file: &toml::Table) -> Vec<String> {
    let mut names = Vec::new();
    for (name, value) in file {
        match value {
            toml::Value::Table(section) => {
                names.extend(section.keys().map(|key| format!("{name}.{key}")))
            }
            _ => names.push(name.clone()),
        }
    }
    names.sort();
    names
}

fn described_names(options: &[options::Described]) -> Vec<String> {
    let mut names: Vec<_> = options.iter().map(|one| one.name.to_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_name_of_the_files_is_described() {
    let file = toml::Table::try_from(plasmid_toml()).expect("a table");
    assert_eq!(described_names(&options::OPTIONS), names(&file));
    let file = toml::Table::try_from(plan()).expect("a table");
    assert_eq!(described_names(&options::PLAN), names(&file));
}

/// The file with this value (TOML) at this place.
fn with(file: &toml::Table, name: &str, value: &str) -> toml::Table {
    let mut file = file.clone();
    let value = format!("value = {value}").parse::<toml::Table>();
    let value = value.expect("TOML").remove("value").expect("a value");
    match name.split_once('.') {
        None => file.insert(name.to_owned(), value),
        Some((section, key)) => {
            let section = file[section].as_table_mut().expect("a section");
            section.insert(key.to_owned(), value)
        }
    };
    file
}

/// That the refusal names the option by its last part, as it is written or in words, or by its line in the file.
fn names_it(said: &str, name: &str, file: &str) {
    let key = name.rsplit('.').next().unwrap_or(name);
    let words = key.replace('_', " ");
    let is_its_line = |(at, line): (usize, &str)| {
        line.starts_with(&format!("{key} = ")) && said.contains(&format!(": line {}: ", at + 1))
    };
    assert!(
        said.contains(key) || said.contains(&words) || file.lines().enumerate().any(is_its_line),
        "{name}: {said}"
    );
}

#[test]
fn what_the_page_calls_refused_in_plasmid_toml_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = config::Home::new(folder.path());
    home.write_config(&plasmid_toml()).expect("written");
    let file = fs::read_to_string(home.config_path()).expect("text");
    let file = file.parse::<toml::Table>().expect("TOML");
    let min = Parameters::local().evidence_age_blocks;
    for option in options::OPTIONS {
        let text = with(&file, option.name, option.refused).to_string();
        fs::write(home.config_path(), &text).expect("write");
        let read = home.read_config();
        let said = read.and_then(|config| config.retained(min));
        names_it(
            &said.expect_err(option.name).to_string(),
            option.name,
            &text,
        );
    }
}

#[test]
fn what_the_page_calls_refused_in_a_plan_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("network.toml");
    plan().write_new(&path).expect("the plan is good");
    let file = fs::read_to_string(&path).expect("text");
    let file = file.parse::<toml::Table>().expect("TOML");
    for option in options::PLAN {
        let text = with(&file, option.name, option.refused).to_string();
        fs::write(&path, &text).expect("write");
        let said = Plan::read(&path).expect_err(option.name).to_string();
        names_it(&said, option.name, &text);
        // What `init plan` writes stands in the page.
        let Some(default) = option.default.strip_prefix('`') else {
            continue;
        };
        let value = option
            .name
            .split('.')
            .try_fold(None, |at: Option<&toml::Value>, key| {
                let table = at.map_or(Some(&file), toml::Value::as_table)?;
                table.get(key).map(Some)
            });
        let value = value.flatten().expect(option.name);
        let value = value.as_str().map_or(value.to_string(), str::to_owned);
        assert_eq!(value, default.trim_end_matches('`'), "{}", option.name);
    }
}

#[test]
fn what_the_page_calls_refused_in_cometbft_s_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = comet::Home::new(folder.path());
    let abci = "unix:///tmp/abci.sock";
    let address = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let pace = comet::EnginePace::network(1_000);
    let settings = comet::Settings::local(abci.to_owned(), address(1), address(2), pace);
    home.write_config(&comet::Config::new(&settings))
        .expect("written");
    home.check_config(abci, 1_000).expect("it is good");
    let file = fs::read_to_string(home.config_path()).expect("text");
    let file = file.parse::<toml::Table>().expect("TOML");
    for options::ReliedOn { line, refused, .. } in options::RELIED_ON {
        let text = with(&file, line, refused).to_string();
        fs::write(home.config_path(), text).expect("write");
        let said = home.check_config(abci, 1_000).expect_err(line).to_string();
        names_it(&said, line, "");
    }
}

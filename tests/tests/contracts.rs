//! The contracts' own checks, run with the pinned tools: Foundry's tests, the generated verifier, the committed artifacts, buf's lint.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Mutex, OnceLock, PoisonError},
};

/// The folder of the Foundry project, with every pinned tool of its lock file installed.
fn project() -> &'static PathBuf {
    static PROJECT: OnceLock<PathBuf> = OnceLock::new();
    PROJECT.get_or_init(|| {
        let project = root().join("bridge/contracts");
        let wanted = [
            "node_modules/@foundry-rs/forge-linux-amd64/bin/forge",
            "node_modules/@bufbuild/buf-linux-x64/bin/buf",
            "node_modules/@noble/curves/package.json",
            "node_modules/solc/index.js",
        ];
        if wanted.iter().any(|file| !project.join(file).exists()) {
            let output = Command::new("npm")
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .current_dir(&project)
                .output()
                .expect("npm is installed");
            assert!(
                output.status.success(),
                "npm ci: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        project
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace folder")
        .to_owned()
}

/// Runs a program in the contracts' folder; its output is shown when it fails.
fn run(program: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(project())
        .env("NO_COLOR", "1")
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    if !output.status.success() {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        panic!(
            "{} {arguments:?} failed:\n{}\n{}",
            program.display(),
            text(&output.stdout),
            text(&output.stderr)
        );
    }
    output
}

/// Compiles everything once, for the two tests that need it: what is built is not built again.
fn build() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        run(Path::new("node"), &["script/forge", "build"]);
    });
}

/// Foundry's tests run one after the other: each run writes the same folder of figures.
static FORGE: Mutex<()> = Mutex::new(());

#[test]
fn the_contracts_pass_their_own_tests() {
    build();
    let _alone = FORGE.lock().unwrap_or_else(PoisonError::into_inner);
    let output = run(Path::new("node"), &["script/forge", "test"]);
    let text = String::from_utf8_lossy(&output.stdout);
    let closing = text
        .lines()
        .rev()
        .find(|line| line.contains("tests passed"))
        .expect("forge's closing line");
    // Past the harness's capture, so that whoever counts tests can count these.
    writeln!(io::stdout().lock(), "{closing}").expect("standard output");
    assert!(closing.contains(" 0 failed"), "{closing}");
}

#[test]
fn the_ed25519_verifier_comes_from_its_generator() {
    run(Path::new("node"), &["script/gen-ed25519.mjs", "--check"]);
}

#[test]
fn the_committed_artifacts_come_from_the_sources() {
    build();
    run(
        Path::new("node"),
        &["script/build.mjs", "--check", "--out", "out"],
    );
}

#[test]
fn the_report_prints_sizes_and_gas() {
    build();
    let _alone = FORGE.lock().unwrap_or_else(PoisonError::into_inner);
    let output = run(Path::new("node"), &["script/report.mjs", "--json"]);
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON object a line"))
        .collect();
    let named = |start: &str| {
        let of_name = |figure: &&serde_json::Value| {
            let name = figure["name"].as_str().unwrap_or_default();
            name.starts_with(start) && figure["value"].as_u64().is_some_and(|value| value > 0)
        };
        figures.iter().filter(of_name).count()
    };
    for contract in ["Registry", "RootChain", "Inbox", "Vault"] {
        assert_eq!(named(&format!("code_bytes.{contract}")), 1, "{text}");
    }
    assert!(named("gas.checkpoint") > 0, "{text}");
}

/// `plasmid bench gas --json`: each figure at each size of the set, with all signing and a third missing, under both prices of calldata, once.
#[test]
fn bench_gas_has_a_row_for_each_figure_and_size() {
    build();
    let _alone = FORGE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = plasmid_tests::plasmid();
    command.current_dir(root()).args(["bench", "gas", "--json"]);
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8_lossy(&output.stdout);
    let rows: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON object a line"))
        .collect();
    let one = |name: &str, members: u64, missing: &str, calldata: &str| {
        let is_it = |row: &&serde_json::Value| {
            row["name"] == name
                && row["members"] == members
                && row["missing"] == missing
                && row["calldata"] == calldata
        };
        let found: Vec<_> = rows.iter().filter(is_it).collect();
        assert_eq!(
            found.len(),
            1,
            "{name} {members} {missing} {calldata}: {text}"
        );
        let value = found[0]["value"].as_f64().expect("a number");
        assert!(value > 0.0 && found[0]["unit"] == "gas", "{}", found[0]);
        (value, found[0])
    };
    for members in [4, 21, 100, 500] {
        for calldata in ["today", "64"] {
            for missing in ["none", "third"] {
                let votes = one("double_vote_gas", members, missing, calldata).0;
                assert!(calldata != "today" || votes <= 500_000.0, "{votes}");
                for name in [
                    "double_checkpoint_gas",
                    "double_certificate_gas",
                    "certificate_beside_accepted_gas",
                    "ecdsa_loop_gas",
                ] {
                    one(name, members, missing, calldata);
                }
                for (name, rival) in [
                    ("checkpoint_gas", "ecdsa_loop_gas"),
                    ("root_gas_per_transaction", "root_payment_gas"),
                ] {
                    let (value, row) = one(name, members, missing, calldata);
                    if let Some(payments) = row["payments"].as_f64() {
                        let shared = one("checkpoint_gas", members, missing, calldata).0;
                        assert!((value * payments - shared).abs() < 1e-6 * shared, "{row}");
                    }
                    assert_eq!(row["payments"].is_u64(), rival == "root_payment_gas");
                    let of = if rival == "root_payment_gas" {
                        "none"
                    } else {
                        missing
                    };
                    let ratio = value / one(rival, members, of, calldata).0;
                    assert_eq!(row["rival"], rival);
                    let shown = row["ratio"].as_f64().expect("a ratio");
                    assert!((shown - ratio).abs() < 1e-9, "{row}");
                }
            }
            one("show_four_members_gas", members, "none", calldata);
        }
    }
    let named = |name: &str| rows.iter().filter(|row| row["name"] == name).count();
    assert_eq!(named("double_vote_verify_gas"), 1);
    for row in &rows {
        let fields = row.as_object().expect("an object").keys();
        let known = [
            "name", "members", "missing", "accounts", "spread", "leaves", "calldata", "payments",
            "value", "unit", "rival", "ratio",
        ];
        assert!(
            fields.clone().all(|field| known.contains(&field.as_str())),
            "{row}"
        );
    }
}

#[test]
fn the_protobuf_packages_pass_bufs_lint() {
    let buf = project().join("node_modules/@bufbuild/buf-linux-x64/bin/buf");
    let output = Command::new(&buf)
        .arg("lint")
        .current_dir(root().join("proto"))
        .output()
        .expect("buf runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

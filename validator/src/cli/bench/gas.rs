//! `plasmid bench gas`: what checkpoints and reports cost on root, by the size of the set, beside their rivals.
//!
//! Forge measures (`bridge/contracts/test/GasBySet.t.sol`), because it holds sets of 500 whose members need no process and no stake.

use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::cli::{
    CliError,
    output::{Format, Output, line},
};

const CONTRACTS: &str = "bridge/contracts";
const SCRIPT: &str = "script/report.mjs";

/// Options of `bench gas`.
#[derive(Debug, Args)]
pub struct GasCommand {
    /// Prints one JSON object a line (the same as `--output json`).
    #[arg(long)]
    json: bool,
}

/// Measures, and prints a row for each figure.
pub(super) fn run(command: &GasCommand, output: Output) -> Result<(), CliError> {
    let contracts = Path::new(CONTRACTS);
    if !contracts.join(SCRIPT).is_file() {
        return Err(CliError::new(format!(
            "there is no {CONTRACTS}/{SCRIPT} here: run this command in Plasmid's own source folder"
        )));
    }
    let json = command.json || output.is_json();
    let output = Output::new(if json { Format::Json } else { Format::Text });
    let progress =
        output.progress("measuring with forge; the first time it compiles all contracts");
    let measured = measure(contracts, json);
    progress.finish_and_clear();
    // A line of its own for each: what another program prints is no text of several lines.
    measured?.lines().for_each(line);
    Ok(())
}

fn measure(contracts: &Path, json: bool) -> Result<String, CliError> {
    if !contracts.join("node_modules").is_dir() {
        let flags = ["ignore-scripts", "no-audit", "no-fund"].map(flag);
        let mut install = Command::new("npm");
        install.current_dir(contracts).arg("ci").args(flags);
        told("npm", &mut install)?;
    }
    let mut script = Command::new("node");
    script
        .current_dir(contracts)
        .arg(SCRIPT)
        .arg(flag("by-set"));
    if json {
        script.arg(flag("json"));
    }
    told("node", &mut script)
}

/// An option of another program.
fn flag(name: &str) -> String {
    format!("--{name}")
}

/// What a program printed.
fn told(name: &str, command: &mut Command) -> Result<String, CliError> {
    let output = command.output().map_err(|error| {
        CliError::new(format!(
            "{name} does not start: {error}. Install Node.js 20 or later with npm."
        ))
    })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if !output.status.success() {
        return Err(CliError::new(format!(
            "{name} failed: {}",
            text(&output.stderr)
        )));
    }
    Ok(text(&output.stdout))
}

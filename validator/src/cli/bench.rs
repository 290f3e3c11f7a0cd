//! `plasmid bench`: figures of this machine. A figure is `{"name", "value", "unit"}`, with its `"rival"` and the `"ratio"` to it where it has one.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{CliError, output::Output};
use crate::{
    app::bench::{self, Measured, Size},
    client::signer::{KeyKind, Secret, Signer},
    ledger::{
        Domain, Transaction,
        transaction::{Body, Header},
    },
    store,
};

mod gas;
#[cfg(feature = "localnet")]
mod idle;
mod stake;

/// What is measured.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// FinalizeBlock and Commit of blocks of signed transfers, written to disk and with no signature checked before, beside raw signature verification.
    App(Sizes),
    /// The state tree and the store alone.
    Store(Sizes),
    /// Blocks of what is done with stake beside blocks of transfers, on one core, and the end of an epoch of many seats and delegators.
    Stake(stake::StakeCommand),
    /// Gas of checkpoints and reports on root by the size of the set, today and with calldata at 64 gas a byte, beside a loop over ECDSA signatures
    /// and the same payment made on root.
    Gas(gas::GasCommand),
    /// What the processes of a running local network use while it is left alone. It fails when they use more than they may.
    #[cfg(feature = "localnet")]
    Idle(idle::IdleCommand),
}

/// Size of the measurement.
#[derive(Debug, Args)]
pub struct Sizes {
    /// Accounts in the state.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=16_000_000))]
    accounts: u32,
    /// Transfers (or changes) in a block.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    transfers: u32,
    /// Blocks that are measured; a figure is their median.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    blocks: u32,
    /// Where the store is made, on the disk to be measured; it is deleted afterwards [default: .plasmid/bench].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Prints one JSON object a line (the same as `--output json`).
    #[arg(long)]
    json: bool,
}

/// Runs `plasmid bench …`.
///
/// # Errors
/// What could not be made or measured.
pub fn run(command: &BenchCommand, output: Output) -> Result<(), CliError> {
    let (json, dir) = match command {
        BenchCommand::App(sizes) | BenchCommand::Store(sizes) => (sizes.json, &sizes.dir),
        BenchCommand::Stake(command) => (command.json, &command.dir),
        BenchCommand::Gas(command) => return gas::run(command, output),
        #[cfg(feature = "localnet")]
        BenchCommand::Idle(command) => return idle::run(command, output),
    };
    let output = if json {
        Output::new(super::output::Format::Json)
    } else {
        output
    };
    let parent = dir.clone().unwrap_or_else(|| ".plasmid/bench".into());
    std::fs::create_dir_all(&parent)?;
    let folder = tempfile::tempdir_in(&parent)?;
    let progress = output.progress("measuring");
    let figures = match command {
        BenchCommand::App(sizes) => app(folder.path(), sizes, &progress),
        BenchCommand::Store(sizes) => tree_and_store(folder.path(), sizes),
        BenchCommand::Stake(command) => stake::measure(folder.path(), command, &progress),
        BenchCommand::Gas(_) => Ok(Vec::new()),
        #[cfg(feature = "localnet")]
        BenchCommand::Idle(_) => Ok(Vec::new()),
    };
    progress.finish_and_clear();
    let figures = figures?;
    show(&figures, output);
    match command {
        BenchCommand::Stake(command) => stake::judge(command, &figures),
        _ => Ok(()),
    }
}

fn app(
    folder: &std::path::Path,
    sizes: &Sizes,
    progress: &indicatif::ProgressBar,
) -> Result<Vec<Value>, CliError> {
    let size = Size {
        accounts: sizes.accounts,
        transfers: sizes.transfers,
        blocks: sizes.blocks,
    };
    let mut say = |what: &str| progress.set_message(what.to_owned());
    let measured = bench::run(folder, size, &sign, &mut say)
        .map_err(|error| CliError::new(error.to_string()))?;
    let Measured {
        app_secs,
        verify_secs,
    } = measured;
    let count = f64::from(sizes.transfers);
    let (app, verify) = (count / median(app_secs), count / median(verify_secs));
    Ok(app_figures(app, verify).into())
}

/// Transfers a second that the application takes, beside the signatures of as many that can be verified.
fn app_figures(app: f64, verify: f64) -> [Value; 2] {
    [
        json!({
            "name": "app_transfers_per_second", "value": app, "unit": "1/s",
            "rival": "batch_verify_per_second", "ratio": app / verify,
        }),
        json!({ "name": "batch_verify_per_second", "value": verify, "unit": "1/s" }),
    ]
}

fn tree_and_store(folder: &std::path::Path, sizes: &Sizes) -> Result<Vec<Value>, CliError> {
    let size = store::bench::Size {
        accounts: sizes.accounts,
        changes: sizes.transfers,
        heights: u64::from(sizes.blocks),
    };
    let measured = store::bench::tree(size)
        .and_then(|tree| Ok([tree, store::bench::disk(folder, size)?].concat()))
        .map_err(|error| CliError::new(error.to_string()))?;
    let figures = measured.iter();
    Ok(figures
        .map(|figure| json!({ "name": figure.name, "value": figure.value, "unit": figure.unit }))
        .collect())
}

fn sign(seed: &[u8; 32], header: Header, body: Body, domain: &Domain) -> Transaction {
    match Signer::new(KeyKind::Ed25519, &Secret::new(*seed)) {
        Ok(signer) => signer.sign(header, body, domain),
        Err(error) => unreachable!("any 32 bytes are an Ed25519 seed: {error}"),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn show(figures: &[Value], output: Output) {
    if output.is_json() {
        for figure in figures {
            super::output::json_line(figure);
        }
        return;
    }
    let rows: Vec<Value> = figures
        .iter()
        .map(|figure| {
            let number = |name: &str, places: usize| {
                figure[name]
                    .as_f64()
                    .map_or(String::new(), |value| format!("{value:.places$}"))
            };
            json!({
                "name": figure["name"],
                "value": number("value", if figure["unit"] == "1/s" { 0 } else { 3 }),
                "unit": figure["unit"],
                "ratio": number("ratio", 2),
                "rival": figure["rival"],
            })
        })
        .collect();
    output.rows(
        "figures",
        &["name", "value", "unit", "ratio", "rival"],
        &rows,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_shown_under_their_names() {
        let [app, verify] = app_figures(3.0, 4.0);
        let expected = json!({
            "name": "app_transfers_per_second", "value": 3.0, "unit": "1/s", "rival": "batch_verify_per_second", "ratio": 0.75,
        });
        assert_eq!(app, expected);
        let expected = json!({ "name": "batch_verify_per_second", "value": 4.0, "unit": "1/s" });
        assert_eq!(verify, expected);
    }
}

//! `plasmid bench`: figures of this machine. A figure is `{"name", "value", "unit"}`, with the `"least"` and the `"most"` of what was measured where the
//! value is a median of it, and with its `"rival"` and the `"ratio"` to it where it has one.

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
#[cfg(feature = "localnet")]
mod network;
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
    /// Gas of checkpoints and reports on root by the size of the set, beside a loop over ECDSA signatures and the same payment made on root. Each
    /// transaction stands twice: as it is priced today (4 gas for a zero byte of calldata and 16 for another one; where these and what is executed
    /// are less than 10 and 40 gas a byte would be, those are paid; EIP-7623), and with 64 gas for each byte in the place of the 10 and 40
    /// (EIP-7976).
    Gas(gas::GasCommand),
    /// What the processes of a running local network use while it is left alone. It fails when they use more than they may.
    #[cfg(feature = "localnet")]
    Idle(idle::IdleCommand),
    /// A new local network of four validators under load, with checkpoints and a deposit meanwhile, then three times what it holds; and CometBFT's kvstore on the same
    /// engines under the same load.
    #[cfg(feature = "localnet")]
    Network(network::NetworkCommand),
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
pub async fn run(command: &BenchCommand, output: Output) -> Result<(), CliError> {
    let (json, dir) = match command {
        BenchCommand::App(sizes) | BenchCommand::Store(sizes) => (sizes.json, &sizes.dir),
        BenchCommand::Stake(command) => (command.json, &command.dir),
        BenchCommand::Gas(command) => return gas::run(command, output),
        #[cfg(feature = "localnet")]
        BenchCommand::Idle(command) => return idle::run(command, output),
        #[cfg(feature = "localnet")]
        BenchCommand::Network(command) => return network::run(command, output).await,
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
        BenchCommand::Idle(_) | BenchCommand::Network(_) => Ok(Vec::new()),
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
    Ok(app_figures(f64::from(sizes.transfers), measured))
}

/// Transfers a second that the application takes, beside the signatures of as many that can be verified; then what a block takes beside the
/// sum of what its parts take one after the other, and each of them.
fn app_figures(count: f64, measured: Measured) -> Vec<Value> {
    let sums = measured.parts_secs.iter().map(|parts| parts.iter().sum());
    let mut figures = vec![
        rate("app_transfers_per_second", count, &measured.app_secs),
        rate("batch_verify_per_second", count, &measured.verify_secs),
        time("block_ms", measured.app_secs),
        time("sum_of_parts_ms", sums.collect()),
    ];
    let value = |figure: &Value| figure["value"].as_f64().unwrap_or(f64::NAN);
    for (of, rival, over) in [(0, 1, false), (2, 3, true)] {
        let (mine, other) = (value(&figures[of]), value(&figures[rival]));
        figures[of]["rival"] = figures[rival]["name"].clone();
        figures[of]["ratio"] = json!(if over { other / mine } else { mine / other });
    }
    for (place, name) in bench::parts::PARTS.iter().enumerate() {
        let secs = measured.parts_secs.iter().map(|parts| parts[place]);
        figures.push(time(&format!("{name}_ms"), secs.collect()));
    }
    figures
}

/// A figure by the second, its median with the lowest and the highest.
fn rate(name: &str, count: f64, secs: &[f64]) -> Value {
    spread(name, "1/s", secs.iter().map(|secs| count / secs).collect())
}

fn time(name: &str, secs: Vec<f64>) -> Value {
    spread(name, "ms", secs.iter().map(|secs| secs * 1e3).collect())
}

fn spread(name: &str, unit: &str, values: Vec<f64>) -> Value {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    json!({ "name": name, "value": median(values), "unit": unit, "least": least, "most": most })
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

#[expect(clippy::unreachable, reason = "any 32 bytes are an Ed25519 seed")]
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
                "least": number("least", if figure["unit"] == "1/s" { 0 } else { 3 }),
                "most": number("most", if figure["unit"] == "1/s" { 0 } else { 3 }),
                "ratio": number("ratio", 2),
                "rival": figure["rival"],
            })
        })
        .collect();
    output.rows(
        "figures",
        &["name", "value", "unit", "least", "most", "ratio", "rival"],
        &rows,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_shown_under_their_names() {
        let measured = Measured {
            app_secs: vec![0.5, 0.25, 1.0],
            verify_secs: vec![0.125; 3],
            parts_secs: vec![[0.125; 7]; 3],
        };
        let figures = app_figures(4.0, measured);
        let expected = json!({
            "name": "app_transfers_per_second", "value": 8.0, "unit": "1/s", "least": 4.0, "most": 16.0,
            "rival": "batch_verify_per_second", "ratio": 0.25,
        });
        assert_eq!(figures[0], expected);
        let expected = json!({
            "name": "block_ms", "value": 500.0, "unit": "ms", "least": 250.0, "most": 1000.0,
            "rival": "sum_of_parts_ms", "ratio": 1.75,
        });
        assert_eq!(figures[2], expected);
        let names: Vec<&str> = figures
            .iter()
            .filter_map(|one| one["name"].as_str())
            .collect();
        assert_eq!(names[1], "batch_verify_per_second");
        let parts = [
            "signatures_ms",
            "execution_ms",
            "tree_ms",
            "wording_ms",
            "record_ms",
            "pool_ms",
            "durable_ms",
        ];
        assert_eq!(names[4..], parts);
    }
}

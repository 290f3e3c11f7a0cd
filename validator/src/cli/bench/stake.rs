//! `plasmid bench stake`: what is done with stake beside transfers on one core, and what the end of an epoch costs.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::{median, sign};
use crate::{
    app::bench::stake::{self, KINDS, Kind, Measured, Size},
    cli::{CliError, output::listed},
};

/// Options of `bench stake`.
#[derive(Debug, Args)]
pub struct StakeCommand {
    /// Delegators in the state, each with a position.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(2..=16_000_000))]
    delegators: u32,
    /// Seats, all of them taken.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(2..=512))]
    seats: u16,
    /// Transactions in a block.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    transactions: u32,
    /// Blocks of each kind that are measured; a figure is their median.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    blocks: u32,
    /// Where the store is made, on the disk to be measured; it is deleted afterwards [default: .plasmid/bench].
    #[arg(long)]
    pub(super) dir: Option<PathBuf>,
    /// Prints one JSON object a line (the same as `--output json`).
    #[arg(long)]
    pub(super) json: bool,
    /// Fails, when all figures are printed, if anything that is done with stake is slower than this part of transfers (0.5: half as fast).
    #[arg(long, value_name = "RATIO", value_parser = ratio)]
    at_least: Option<f64>,
}

/// A part of another figure.
fn ratio(text: &str) -> Result<f64, String> {
    let ratio = text
        .parse()
        .ok()
        .filter(|ratio| *ratio > 0.0 && *ratio <= 1_000.0);
    ratio.ok_or_else(|| {
        "it must be a decimal number above 0 and at most 1,000, such as 0.5".to_owned()
    })
}

/// Fails where a figure is a smaller part of its rival than was asked for.
///
/// # Errors
/// Names all such figures.
pub(super) fn judge(command: &StakeCommand, figures: &[Value]) -> Result<(), CliError> {
    let Some(least) = command.at_least else {
        return Ok(());
    };
    let slow = figures.iter().filter_map(|figure| {
        let ratio = figure["ratio"].as_f64().filter(|ratio| *ratio < least)?;
        let name = |of: &str| figure[of].as_str().unwrap_or_default().to_owned();
        Some(format!(
            "{} is {ratio:.3} of {}",
            name("name"),
            name("rival")
        ))
    });
    let slow = listed(slow);
    match slow.is_empty() {
        true => Ok(()),
        false => Err(CliError::new(format!("--at-least is {least}: {slow}"))),
    }
}

/// Measures, and gives the figures.
pub(super) fn measure(
    folder: &std::path::Path,
    command: &StakeCommand,
    progress: &indicatif::ProgressBar,
) -> Result<Vec<Value>, CliError> {
    let size = Size {
        delegators: command.delegators,
        seats: command.seats,
        transactions: command.transactions,
        blocks: command.blocks,
    };
    let mut say = |what: &str| progress.set_message(what.to_owned());
    let measured = stake::run(folder, size, &sign, &mut say);
    let measured = measured.map_err(|error| CliError::new(error.to_string()))?;
    Ok(figures(command.transactions, measured))
}

const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Transfer => "transfer_per_second",
        Kind::Delegate => "delegate_per_second",
        Kind::Claim => "claim_per_second",
        Kind::Undelegate => "undelegate_per_second",
        Kind::Cut => "cut_per_second",
    }
}

fn figures(transactions: u32, measured: Measured) -> Vec<Value> {
    let rate = |secs| f64::from(transactions) / median(secs);
    let rates = measured.secs.map(rate);
    let [transfers, ..] = rates;
    let mut figures = Vec::new();
    for (kind, value) in KINDS.into_iter().zip(rates) {
        let mut figure = json!({ "name": name(kind), "value": value, "unit": "1/s" });
        if kind != Kind::Transfer {
            figure["rival"] = name(Kind::Transfer).into();
            figure["ratio"] = (value / transfers).into();
        }
        figures.push(figure);
    }
    let millis = 1_000.0 * median(measured.boundary_secs);
    let steps = f64::from(measured.steps);
    figures.extend([
        json!({ "name": "boundary", "value": millis, "unit": "ms" }),
        json!({ "name": "boundary_steps", "value": measured.steps, "unit": "steps" }),
        json!({ "name": "boundary_step", "value": millis / steps, "unit": "ms" }),
        json!({ "name": "boundary_leaves", "value": measured.leaves, "unit": "leaves" }),
        json!({ "name": "boundary_step_leaves", "value": measured.max_leaves, "unit": "leaves" }),
    ]);
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_slow_fails_by_name_and_only_where_it_was_asked_for() {
        let figures = [("a", 0.5), ("b", 0.25), ("c", 0.75)];
        let figures =
            figures.map(|(name, ratio)| json!({ "name": name, "rival": "t", "ratio": ratio }));
        let judged = |at_least| {
            let command = StakeCommand {
                delegators: 2,
                seats: 2,
                transactions: 1,
                blocks: 1,
                dir: None,
                json: false,
                at_least,
            };
            judge(&command, &figures).map_err(|error| error.to_string())
        };
        assert_eq!(judged(None), Ok(()));
        assert_eq!(judged(Some(0.25)), Ok(()));
        let said = judged(Some(0.6)).unwrap_err();
        assert_eq!(said, "--at-least is 0.6: a is 0.500 of t, b is 0.250 of t");
        for (text, is_ratio) in [
            ("0.5", true),
            ("1000", true),
            ("0", false),
            ("-1", false),
            ("NaN", false),
            ("inf", false),
            ("", false),
        ] {
            assert_eq!(ratio(text).is_ok(), is_ratio, "{text}");
        }
    }

    #[test]
    fn each_kind_is_shown_beside_transfers_and_the_boundary_by_its_steps() {
        let measured = Measured {
            secs: [1.0, 2.0, 4.0, 5.0, 10.0].map(|secs| vec![secs]),
            boundary_secs: vec![0.5],
            steps: 5,
            leaves: 100,
            max_leaves: 40,
        };
        let shown: Vec<Value> = [
            json!({ "name": "transfer_per_second", "value": 20.0, "unit": "1/s" }),
            json!({ "name": "delegate_per_second", "value": 10.0, "unit": "1/s", "rival": "transfer_per_second", "ratio": 0.5 }),
            json!({ "name": "claim_per_second", "value": 5.0, "unit": "1/s", "rival": "transfer_per_second", "ratio": 0.25 }),
            json!({ "name": "undelegate_per_second", "value": 4.0, "unit": "1/s", "rival": "transfer_per_second", "ratio": 0.2 }),
            json!({ "name": "cut_per_second", "value": 2.0, "unit": "1/s", "rival": "transfer_per_second", "ratio": 0.1 }),
            json!({ "name": "boundary", "value": 500.0, "unit": "ms" }),
            json!({ "name": "boundary_steps", "value": 5, "unit": "steps" }),
            json!({ "name": "boundary_step", "value": 100.0, "unit": "ms" }),
            json!({ "name": "boundary_leaves", "value": 100, "unit": "leaves" }),
            json!({ "name": "boundary_step_leaves", "value": 40, "unit": "leaves" }),
        ]
        .into();
        assert_eq!(figures(20, measured), shown);
    }
}

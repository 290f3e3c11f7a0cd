//! `plasmid bench idle`: what a running local network uses while it is left alone.
//!
//! Each process is looked at every few seconds. A slope is the straight line that fits all of its values best, so that a garbage
//! collector's ups and downs count little; what an hour would leave on disk is that line's value after an hour.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use serde_json::{Value, json};

use crate::{
    cli::{CliError, connect::DEFAULT_FOLDER, output::Output},
    localnet::usage::{self, Sample},
};

const MIB: f64 = 1_048_576.0;
const HOUR_SECS: f64 = 3_600.0;

/// Options of `bench idle`.
#[derive(Debug, Args)]
pub struct IdleCommand {
    /// The folder of the local network.
    #[arg(long, default_value = DEFAULT_FOLDER)]
    dir: PathBuf,
    /// How long to look, in minutes.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_440))]
    minutes: u32,
    /// The time between two looks, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=60))]
    interval_secs: u32,
}

/// Looks, and prints a row for each process and one for all of them.
pub(super) fn run(command: &IdleCommand, output: Output) -> Result<(), CliError> {
    let looks = command.minutes * 60 / command.interval_secs;
    let progress = output.progress("looking");
    let mut samples = Vec::new();
    for look in 0..=looks {
        if look > 0 {
            std::thread::sleep(Duration::from_secs(command.interval_secs.into()));
        }
        let sample = usage::sample(&command.dir)?;
        if sample.processes.len() < 4 {
            let folder = command.dir.display();
            return Err(CliError::new(format!(
                "no local network runs in {folder}: start one with `plasmid localnet --dir {folder}`"
            )));
        }
        samples.push(sample);
        progress.set_message(format!("look {look} of {looks}"));
    }
    progress.finish_and_clear();
    show(&samples, output)
}

fn show(samples: &[Sample], output: Output) -> Result<(), CliError> {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return Ok(());
    };
    let times: Vec<f64> = samples
        .iter()
        .map(|sample| (sample.at - first.at).as_secs_f64())
        .collect();
    let elapsed = (last.at - first.at).as_secs_f64();
    let mut busy = 0.0;
    let mut rows = Vec::new();
    for (name, before) in &first.processes {
        let values = samples.iter().map(|sample| sample.processes.get(name));
        let Some(values) = values.collect::<Option<Vec<_>>>() else {
            return Err(CliError::new(format!("{name} ended meanwhile")));
        };
        let memory: Vec<f64> = values.iter().map(|one| one.memory_bytes as f64).collect();
        let used = values.last().map_or(Duration::ZERO, |one| one.processor);
        let share = used.saturating_sub(before.processor).as_secs_f64() / elapsed;
        busy += share;
        rows.push(row(name, &times, &memory, Some(share)));
    }
    let disk: Vec<f64> = samples.iter().map(|one| one.disk_bytes as f64).collect();
    rows.push(row("disk", &times, &disk, None));
    let columns = [
        "of",
        "first_mib",
        "last_mib",
        "mib_an_hour",
        "percent_of_a_core",
    ];
    output.rows("idle", &columns, &rows);
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    output.object(&json!({
        "seconds": elapsed.round(),
        "cores": cores,
        "idle_percent_of_all_cores": round(100.0 * (1.0 - busy / cores)),
        "disk_after_an_hour_mib": round((intercept(&times, &disk) + slope(&times, &disk) * HOUR_SECS) / MIB),
    }));
    Ok(())
}

fn row(name: &str, times: &[f64], values: &[f64], share: Option<f64>) -> Value {
    let mib = |value: Option<&f64>| round(value.copied().unwrap_or_default() / MIB);
    json!({
        "of": name,
        "first_mib": mib(values.first()),
        "last_mib": mib(values.last()),
        "mib_an_hour": round(slope(times, values) * HOUR_SECS / MIB),
        "percent_of_a_core": share.map(|share| round(100.0 * share)),
    })
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Of the straight line with the least sum of squares.
fn slope(times: &[f64], values: &[f64]) -> f64 {
    let (time, value) = (mean(times), mean(values));
    let pairs = times.iter().zip(values);
    let product: f64 = pairs.map(|(t, v)| (t - time) * (v - value)).sum();
    let square: f64 = times.iter().map(|t| (t - time).powi(2)).sum();
    if square > 0.0 { product / square } else { 0.0 }
}

fn intercept(times: &[f64], values: &[f64]) -> f64 {
    mean(values) - slope(times, values) * mean(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_fits_best_is_found() {
        let times = [0.0, 10.0, 20.0, 30.0];
        let values = [5.0, 25.0, 45.0, 65.0];
        assert!((slope(&times, &values) - 2.0).abs() < 1e-9);
        assert!((intercept(&times, &values) - 5.0).abs() < 1e-9);
        assert!(slope(&times, &[7.0; 4]).abs() < 1e-9);
        assert!(slope(&[0.0], &[1.0]).abs() < 1e-9);
    }
}

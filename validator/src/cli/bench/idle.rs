//! `plasmid bench idle`: what a running local network uses while it is left alone.
//!
//! A sample of each process is taken every few seconds. A slope is the straight line that fits all of its values best, so that a garbage
//! collector's ups and downs count little. The bounds are for an hour: a network that has just started takes memory and disk for
//! some minutes before it gives any back.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use serde_json::{Value, json};

use crate::{
    cli::{CliError, connect::DEFAULT_FOLDER, output::Output},
    localnet::usage::{self, Process, Sample},
};

const MIB: f64 = 1_048_576.0;
const HOUR_SECS: f64 = 3_600.0;
/// What a local network may use. The memory of a process counts as flat below this slope.
const MAX_MEMORY_MIB_AN_HOUR: f64 = 8.0;
const MAX_DISK_MIB: f64 = 150.0;
const MIN_IDLE_PERCENT: f64 = 90.0;

/// Options of `bench idle`.
#[derive(Debug, Args)]
pub struct IdleCommand {
    /// The folder of the local network.
    #[arg(long, default_value = DEFAULT_FOLDER)]
    dir: PathBuf,
    /// How long to measure, in minutes.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_440))]
    minutes: u32,
    /// The time between two samples, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=60))]
    interval_secs: u32,
}

/// Looks, and prints a row for each process and one for all of them; a bound that does not hold is an error.
pub(super) fn run(command: &IdleCommand, output: Output) -> Result<(), CliError> {
    let looks = command.minutes * 60 / command.interval_secs;
    let progress = output.progress("measuring");
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
        progress.set_message(format!("sample {look} of {looks}"));
    }
    progress.finish_and_clear();
    show(&samples, output)
}

fn show(samples: &[Sample], output: Output) -> Result<(), CliError> {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return Ok(());
    };
    let elapsed = (last.at - first.at).as_secs_f64();
    let (mut busy, mut steepest) = (0.0, ("none", f64::MIN));
    let mut rows = Vec::new();
    for name in first.processes.keys() {
        if !last.processes.contains_key(name) {
            return Err(CliError::new(format!(
                "{name} ended during the measurement"
            )));
        }
        // A process that is being started again may be missing from one sample.
        let looks = samples.iter().filter_map(|sample| {
            let process = sample.processes.get(name)?;
            Some(((sample.at - first.at).as_secs_f64(), process))
        });
        let (times, uses): (Vec<f64>, Vec<&Process>) = looks.unzip();
        let memory: Vec<f64> = uses.iter().map(|one| one.memory_bytes as f64).collect();
        let share = processor_secs(&uses) / elapsed;
        busy += share;
        let growth = slope(&times, &memory) * HOUR_SECS / MIB;
        if growth > steepest.1 {
            steepest = (name.as_str(), growth);
        }
        rows.push(row(name, &times, &memory, Some(share)));
    }
    let times = samples.iter().map(|one| (one.at - first.at).as_secs_f64());
    let times: Vec<f64> = times.collect();
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
    let most = disk.iter().copied().fold(0.0, f64::max) / MIB;
    let idle = 100.0 * (1.0 - busy / cores);
    let (steepest, growth) = steepest;
    let verdicts = [
        verdict(
            &format!("fastest growth of memory ({steepest}), MiB an hour"),
            growth,
            format!("at most {MAX_MEMORY_MIB_AN_HOUR}"),
            growth <= MAX_MEMORY_MIB_AN_HOUR,
        ),
        verdict(
            "most disk, MiB",
            most,
            format!("below {MAX_DISK_MIB}"),
            most < MAX_DISK_MIB,
        ),
        verdict(
            &format!("idle percent of {cores} cores"),
            idle,
            format!("at least {MIN_IDLE_PERCENT}"),
            idle >= MIN_IDLE_PERCENT,
        ),
    ];
    output.rows(
        "verdict",
        &["bound", "measured", "wanted", "holds"],
        &verdicts,
    );
    output.say(&format!(
        "{} samples in {} seconds: memory is VmRSS of /proc/PID/status, processor time utime and stime of /proc/PID/stat, \
         disk the blocks of all files in the folder; a slope is that of the line that fits all values best; the bounds are for an hour",
        samples.len(),
        elapsed.round()
    ));
    judge(&verdicts)
}

/// An error that names the bounds that do not hold.
fn judge(verdicts: &[Value]) -> Result<(), CliError> {
    let broken = verdicts.iter().filter(|one| one["holds"] != true);
    let broken: Vec<String> = broken
        .map(|one| {
            let name = one["bound"].as_str().unwrap_or_default();
            let wanted = one["wanted"].as_str().unwrap_or_default();
            format!("{name}: {} measured, {wanted} wanted", one["measured"])
        })
        .collect();
    match broken.is_empty() {
        true => Ok(()),
        false => Err(CliError::new(format!(
            "the network uses more than it may: {}",
            broken.join("; ")
        ))),
    }
}

/// What a process used from the first sample to the last; one that was started anew begins at zero again.
fn processor_secs(uses: &[&Process]) -> f64 {
    let pairs = uses.iter().zip(uses.iter().skip(1));
    let used = pairs.map(|(before, after)| {
        let since = after.processor.checked_sub(before.processor);
        since.unwrap_or(after.processor).as_secs_f64()
    });
    used.sum()
}

fn verdict(bound: &str, measured: f64, wanted: String, holds: bool) -> Value {
    json!({ "bound": bound, "measured": round(measured), "wanted": wanted, "holds": holds })
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

/// The slope of the least-squares line.
fn slope(times: &[f64], values: &[f64]) -> f64 {
    let (time, value) = (mean(times), mean(values));
    let pairs = times.iter().zip(values);
    let product: f64 = pairs.map(|(t, v)| (t - time) * (v - value)).sum();
    let square: f64 = times.iter().map(|t| (t - time).powi(2)).sum();
    if square > 0.0 { product / square } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_goes_on_across_a_new_process() {
        let used = |secs| Process {
            memory_bytes: 0,
            processor: Duration::from_secs(secs),
        };
        let (one, two, anew, last) = (used(10), used(14), used(1), used(3));
        assert!((processor_secs(&[&one, &two, &anew, &last]) - 7.0).abs() < 1e-9);
        assert!(processor_secs(&[&one]).abs() < 1e-9);
    }

    #[test]
    fn what_was_measured_is_shown_under_its_names() {
        let bound = verdict("memory", 1.234, "at most 2".into(), true);
        let expected =
            json!({ "bound": "memory", "measured": 1.23, "wanted": "at most 2", "holds": true });
        assert_eq!(bound, expected);
        let values = [MIB, 2.0 * MIB];
        for (share, percent) in [(Some(0.5), json!(50.0)), (None, json!(null))] {
            let expected = json!({
                "of": "node", "first_mib": 1.0, "last_mib": 2.0, "mib_an_hour": 1.0, "percent_of_a_core": percent,
            });
            assert_eq!(row("node", &[0.0, HOUR_SECS], &values, share), expected);
        }
    }

    #[test]
    fn a_bound_that_does_not_hold_is_an_error_that_names_it() {
        let memory = |holds| verdict("memory", 9.0, "at most 8".into(), holds);
        let disk = || verdict("disk", 7.0, "below 150".into(), true);
        assert!(judge(&[memory(true), disk()]).is_ok());
        let said = judge(&[memory(false), disk()]).expect_err("too much");
        let said = said.to_string();
        assert!(
            said.contains("memory: 9.0 measured, at most 8 wanted"),
            "{said}"
        );
        assert!(!said.contains("disk"), "{said}");
    }

    #[test]
    fn the_line_that_fits_best_is_found() {
        let times = [0.0, 10.0, 20.0, 30.0];
        let values = [5.0, 25.0, 45.0, 65.0];
        assert!((slope(&times, &values) - 2.0).abs() < 1e-9);
        assert!(slope(&times, &[7.0; 4]).abs() < 1e-9);
        assert!(slope(&[0.0], &[1.0]).abs() < 1e-9);
    }
}

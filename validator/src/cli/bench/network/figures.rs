//! The figures of `bench network`, from what was counted and what the processes used.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    cli::{
        load::shown::{latency, rounded},
        output::{self, Output},
    },
    client::load::{LoadResult, Second},
    localnet::usage::{Process, Sample},
};

/// Time before and after an overload in which the network is loaded with as much as it held.
pub const CALM: Duration = Duration::from_secs(10);
/// The latency that counts as what it was before, in milliseconds.
const RECOVERED_MS: f64 = 1_500.0;
const MIB: f64 = 1_048_576.0;

/// What came of one network.
pub struct LoadedNetwork {
    /// The load, as it is printed.
    report: Value,
    loaded: LoadResult,
    /// Processor time of the validators' processes.
    processor: Duration,
    /// The most by which the memory of one of them grew, in MiB.
    grew_mib: f64,
    /// The configuration of its first engine.
    config: String,
}

impl LoadedNetwork {
    /// By samples before and after the load.
    pub fn new(
        report: Value,
        loaded: LoadResult,
        [before, after]: [&Sample; 2],
        config: String,
    ) -> Self {
        let (mut processor, mut grew_mib) = (Duration::ZERO, f64::MIN);
        for (name, now) in &after.processes {
            let Some(then) = before.processes.get(name).filter(|_| validates(name)) else {
                continue;
            };
            processor += now.processor.saturating_sub(then.processor);
            grew_mib = grew_mib.max(mib(now) - mib(then));
        }
        Self {
            report,
            loaded,
            processor,
            grew_mib,
            config,
        }
    }

    fn per_second(&self) -> f64 {
        self.loaded.tally.committed as f64 / self.loaded.took.as_secs_f64()
    }

    /// Processor time of all validators for each committed transaction, in microseconds.
    fn micros_each(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / self.loaded.tally.committed as f64
    }
}

/// Whether a process is a validator's: its application or its engine.
fn validates(name: &str) -> bool {
    name.starts_with("plasmid ") || name.starts_with("cometbft ")
}

fn mib(process: &Process) -> f64 {
    process.memory_bytes as f64 / MIB
}

/// Prints both loads and both configurations.
pub fn tell(output: Output, ours: &LoadedNetwork, rival: &LoadedNetwork) {
    for (name, one) in [("plasmid", ours), ("kvstore", rival)] {
        if output.is_json() {
            output::json_line(
                &json!({ "network": name, "load": one.report, "config": one.config }),
            );
            continue;
        }
        output.say(&format!("config.toml of the first engine, {name}:"));
        output.say(&one.config);
        crate::cli::load::shown::print(&one.report, output);
        output.say("");
    }
}

/// All figures: ours beside the rival's, then the others.
pub fn all(ours: &LoadedNetwork, others: Vec<Value>, rival: &LoadedNetwork) -> Vec<Value> {
    let latency_of =
        |one: &LoadedNetwork, part: &str| latency(&one.loaded.tally.latencies)[part].clone();
    let beside = |name: &str, unit: &str, of: &dyn Fn(&LoadedNetwork) -> f64, more: bool| {
        let (own, other) = (of(ours), of(rival));
        let ratio = if more { own / other } else { other / own };
        [
            json!({
                "name": format!("network_{name}"), "value": rounded(own), "unit": unit, "rival": format!("kvstore_{name}"), "ratio": rounded(ratio),
            }),
            json!({ "name": format!("kvstore_{name}"), "value": rounded(other), "unit": unit }),
        ]
    };
    let mut figures = Vec::from(beside(
        "transfers_per_second",
        "1/s",
        &LoadedNetwork::per_second,
        true,
    ));
    figures[1]["name"] = json!("kvstore_transactions_per_second");
    figures[0]["rival"] = figures[1]["name"].clone();
    for part in ["p50", "p95"] {
        for (name, one) in [("network", ours), ("kvstore", rival)] {
            let value = latency_of(one, part);
            figures.push(json!({ "name": format!("{name}_latency_{part}_ms"), "value": value, "unit": "ms" }));
        }
    }
    figures.extend(beside(
        "processor_us_per_transaction",
        "us",
        &LoadedNetwork::micros_each,
        false,
    ));
    let unseen = ours.loaded.tally.unseen;
    figures.push(json!({ "name": "network_unseen", "value": unseen, "unit": "transactions" }));
    figures.push(json!({ "name": "network_memory_growth_mib", "value": rounded(ours.grew_mib), "unit": "MiB" }));
    figures.extend(others);
    figures
}

/// What an overload of so long did, after and before [`CALM`] with as much as the network held.
pub fn overload(held: u32, time: Duration, loaded: &LoadResult) -> Vec<Value> {
    let seconds = &loaded.tally.seconds;
    let (from, to) = (CALM.as_secs() as usize, (CALM + time).as_secs() as usize);
    let during = seconds.get(from..to.min(seconds.len())).unwrap_or_default();
    let committed: u64 = during.iter().map(|one| one.committed).sum();
    let failed: u64 = during.iter().map(|one| one.failed).sum();
    let after = seconds.get(to..).unwrap_or_default();
    vec![
        json!({ "name": "overload_held_per_second", "value": held, "unit": "1/s" }),
        json!({ "name": "overload_committed_per_second", "value": rounded(committed as f64 / time.as_secs_f64()), "unit": "1/s" }),
        json!({ "name": "overload_shed", "value": failed, "unit": "transactions" }),
        json!({ "name": "overload_recovery_secs", "value": recovery(after), "unit": "s" }),
        json!({ "name": "overload_unseen", "value": loaded.tally.unseen, "unit": "transactions" }),
    ]
}

/// After how many seconds the latency of what was due is what it was before, and stays so; nothing where it does not.
fn recovery(after: &[Second]) -> Option<usize> {
    let due = after.iter().filter(|one| one.offered > 0);
    let due: Vec<bool> = due
        .map(|one| {
            one.latencies
                .at_ms(0.95)
                .is_some_and(|p95| p95 <= RECOVERED_MS)
        })
        .collect();
    let slow = due.iter().rposition(|is_fast| !is_fast);
    let first = slow.map_or(0, |last| last + 1);
    (first < due.len()).then_some(first)
}

#[cfg(test)]
mod tests;

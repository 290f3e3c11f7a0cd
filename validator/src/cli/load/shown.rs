//! What came of a load, for programs and for people.

use serde_json::{Map, Value, json};

use super::transfers::LoadEffect;
use crate::{
    cli::output::Output,
    client::load::{Latencies, LoadResult, LoadTally, MAX_LATE},
};

/// What was asked for, beside what came of it.
pub struct AskedLoad {
    /// The way of submission, as it is typed.
    pub method: &'static str,
    /// Transactions a second.
    pub rate: u32,
    /// Bytes of a transaction.
    pub bytes: usize,
    /// Senders.
    pub senders: usize,
    /// Lanes, over all endpoints.
    pub lanes: usize,
    /// Endpoints.
    pub endpoints: usize,
}

/// All that is known of a load.
pub fn object(asked: &AskedLoad, loaded: &LoadResult, effect: Option<LoadEffect>) -> Value {
    let (tally, held) = (&loaded.tally, loaded.held);
    let per_second = tally.committed as f64 / loaded.took.as_secs_f64();
    let errors = tally.failures.iter().map(|(kind, failures)| {
        let said = json!({ "count": failures.count, "first": failures.first });
        (kind.clone(), said)
    });
    json!({
        "method": asked.method, "rate": asked.rate, "bytes": asked.bytes, "senders": asked.senders, "lanes": asked.lanes,
        "endpoints": asked.endpoints, "seconds": rounded(loaded.took.as_secs_f64()),
        "scheduled": held.scheduled, "offered": tally.offered, "acknowledged": tally.acknowledged, "committed": tally.committed,
        "committed_per_second": rounded(per_second),
        "latency_ms": latency(&tally.latencies),
        "errors": errors.collect::<Map<_, _>>(),
        "mended": tally.mended, "belated": tally.belated, "unseen": tally.unseen, "fates": tally.fates, "unclear": tally.unclear,
        "client": {
            "late": held.late, "latest_ms": rounded(held.latest.as_secs_f64() * 1e3), "held_the_rate": held.late == 0,
        },
        "blocks": { "first": tally.blocks.first, "last": tally.blocks.last, "fullest": tally.blocks.fullest },
        "effect": effect.map(|effect| json!({
            "of": effect.of, "expected": effect.expected.to_string(), "found": effect.found.to_string(), "holds": effect.holds(tally),
        })),
        "histogram": histogram(&tally.latencies),
        "by_second": by_second(tally),
    })
}

/// The percentiles that a load is judged by, in milliseconds.
pub fn latency(latencies: &Latencies) -> Value {
    let at = |part| latencies.at_ms(part).map(rounded);
    json!({
        "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": at(1.0), "mean": latencies.mean_ms().map(rounded),
    })
}

fn histogram(latencies: &Latencies) -> Vec<Value> {
    let ranges = latencies.ranges().into_iter();
    ranges
        .map(|range| json!({ "to_ms": rounded(range.to_ms), "count": range.count }))
        .collect()
}

fn by_second(tally: &LoadTally) -> Vec<Value> {
    let seconds = tally.seconds.iter().enumerate();
    seconds
        .map(|(second, one)| {
            json!({
                "second": second, "offered": one.offered, "committed": one.committed, "failed": one.failed,
                "p95_ms": one.latencies.at_ms(0.95).map(rounded),
            })
        })
        .collect()
}

/// To three places.
pub fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// Prints it.
pub fn print(object: &Value, output: Output) {
    if output.is_json() {
        return output.object(object);
    }
    let mut main = Map::new();
    for (name, value) in object.as_object().into_iter().flatten() {
        if value.is_number() || value.is_string() {
            main.insert(name.clone(), value.clone());
        }
    }
    for (name, value) in object["latency_ms"].as_object().into_iter().flatten() {
        main.insert(format!("latency_{name}_ms"), value.clone());
    }
    output.object(&main.into());
    let errors = object["errors"].as_object().into_iter().flatten();
    let errors: Vec<Value> = errors
        .map(|(kind, one)| json!({ "kind": kind, "count": one["count"], "first": one["first"] }))
        .collect();
    output.say("");
    output.rows("errors", &["kind", "count", "first"], &errors);
    let fates = object["fates"].as_object().into_iter().flatten();
    let fates: Vec<Value> = fates
        .map(|(fate, count)| json!({ "kind": fate, "count": count }))
        .collect();
    if !fates.is_empty() {
        output.say("");
        output.rows("acknowledged and unseen", &["kind", "count"], &fates);
    }
    output.say("");
    let ranges = object["histogram"].as_array().cloned().unwrap_or_default();
    output.rows("latencies", &["to_ms", "count"], &ranges);
    if object["client"]["held_the_rate"] == false {
        output.say(&format!(
            "this machine did not hold the rate: it came to {} of {} transactions more than {} ms after they were due, {} ms at most. Latencies count from when \
             they were due, so they include that: ask for a lower --rate, or run the load on another machine",
            object["client"]["late"],
            object["scheduled"],
            MAX_LATE.as_millis(),
            object["client"]["latest_ms"]
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::load::fixture::loaded;

    #[test]
    fn a_load_is_shown_under_its_names() {
        let asked = AskedLoad {
            method: "grpc",
            rate: 3,
            bytes: 232,
            senders: 5,
            lanes: 4,
            endpoints: 2,
        };
        let effect = LoadEffect {
            of: "units",
            expected: 2,
            found: 2,
        };
        let found = object(&asked, &loaded(), Some(effect));
        let at = |part| loaded().tally.latencies.at_ms(part).map(rounded);
        let expected = json!({
            "method": "grpc", "rate": 3, "bytes": 232, "senders": 5, "lanes": 4, "endpoints": 2, "seconds": 2.0,
            "scheduled": 3, "offered": 3, "acknowledged": 3, "committed": 2, "committed_per_second": 1.0,
            "latency_ms": {
                "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": at(1.0), "mean": loaded().tally.latencies.mean_ms().map(rounded),
            },
            "errors": { "pool_full": { "count": 1, "first": "no room" } },
            "mended": 0, "belated": 1, "unseen": 1, "fates": { "waits": 1 }, "unclear": 0,
            "client": { "late": 1, "latest_ms": 120.0, "held_the_rate": false },
            "blocks": { "first": 7, "last": 9, "fullest": 2 },
            "effect": { "of": "units", "expected": "2", "found": "2", "holds": true },
            "histogram": found["histogram"],
            "by_second": [
                { "second": 0, "offered": 3, "committed": 0, "failed": 1, "p95_ms": null },
                { "second": 1, "offered": 0, "committed": 2, "failed": 0, "p95_ms": null },
            ],
        });
        assert_eq!(found, expected);
        let ranges = found["histogram"].as_array().expect("ranges");
        let count: u64 = ranges.iter().filter_map(|one| one["count"].as_u64()).sum();
        assert_eq!(count, 2, "{found}");
        assert!(ranges.iter().all(|one| one["to_ms"].is_number()), "{found}");
    }
}

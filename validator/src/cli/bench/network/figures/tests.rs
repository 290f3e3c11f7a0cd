//! Laws of the figures, and their names.

use std::{collections::BTreeMap, time::Instant};

use super::*;
use crate::{cli::load::fixture::loaded, client::load::LoadTally};

fn sample(secs: u64, mib: u64) -> Sample {
    let process = Process {
        memory_bytes: mib << 20,
        processor: Duration::from_secs(secs),
    };
    let names = [
        "plasmid node0",
        "cometbft node0",
        "anvil",
        "relayer",
        "localnet",
    ];
    Sample {
        at: Instant::now(),
        processes: BTreeMap::from(names.map(|name| (name.to_owned(), process))),
        disk_bytes: 0,
    }
}

fn measured(secs: u64) -> LoadedNetwork {
    let samples = [&sample(1, 10), &sample(1 + secs, 12)];
    LoadedNetwork::new(Value::Null, loaded(), samples, String::new())
}

#[test]
fn figures_stand_beside_the_rivals_under_their_names() {
    // Of each network two transactions in two seconds, with two processes that used one second, and two.
    let figures = all(&measured(1), vec![json!({ "name": "more" })], &measured(2));
    let names: Vec<_> = figures
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    let expected = [
        "network_transfers_per_second",
        "kvstore_transactions_per_second",
        "network_latency_p50_ms",
        "kvstore_latency_p50_ms",
        "network_latency_p95_ms",
        "kvstore_latency_p95_ms",
        "network_processor_us_per_transaction",
        "kvstore_processor_us_per_transaction",
        "network_unseen",
        "network_memory_growth_mib",
        "more",
    ];
    assert_eq!(names, expected);
    let first = json!({
        "name": "network_transfers_per_second", "value": 1.0, "unit": "1/s", "rival": "kvstore_transactions_per_second", "ratio": 1.0,
    });
    assert_eq!(figures[0], first);
    let processor = json!({
        "name": "network_processor_us_per_transaction", "value": 1_000_000.0, "unit": "us", "rival": "kvstore_processor_us_per_transaction", "ratio": 2.0,
    });
    assert_eq!(figures[6], processor);
    assert_eq!(figures[8]["value"], 1);
    assert_eq!(figures[9]["value"], 2.0);
}

#[test]
fn an_overload_is_over_when_nothing_that_is_due_waits_long_any_more() {
    let second = |millis: u64, offered: u64| {
        let mut tally = LoadTally::default();
        tally.count_latency(Duration::from_millis(millis));
        Second {
            offered,
            committed: 1,
            failed: 2,
            latencies: tally.latencies,
        }
    };
    let fast = |count: usize| vec![second(400, 1); count];
    for (after, expected) in [
        (fast(3), Some(0)),
        (vec![second(2_000, 1), second(400, 1)], Some(1)),
        (
            vec![second(400, 1), second(2_000, 1), second(400, 1)],
            Some(2),
        ),
        (vec![second(2_000, 1)], None),
        (vec![], None),
        // Nothing was due in the second in which the last ones came.
        (vec![second(400, 1), Second::default()], Some(0)),
        // What was due came into no block.
        (
            vec![Second {
                offered: 1,
                ..Second::default()
            }],
            None,
        ),
    ] {
        assert_eq!(recovery(&after), expected);
    }
    let mut loaded = loaded();
    loaded.tally.seconds = [
        fast(CALM.as_secs() as usize),
        vec![second(9_000, 3); 2],
        vec![second(1_600, 1)],
        fast(4),
    ]
    .concat();
    let figures = overload(100, Duration::from_secs(2), &loaded);
    let found: Vec<_> = figures
        .iter()
        .map(|one| (one["name"].as_str(), one["value"].clone()))
        .collect();
    let expected = [
        ("overload_held_per_second", json!(100)),
        ("overload_committed_per_second", json!(1.0)),
        ("overload_shed", json!(4)),
        ("overload_recovery_secs", json!(1)),
        ("overload_unseen", json!(1)),
    ];
    assert_eq!(found, expected.map(|(name, value)| (Some(name), value)));
}

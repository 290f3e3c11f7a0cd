//! `plasmid load` on the local network: by gRPC and by CometBFT's JSON-RPC each transaction that it counts stands in a block, and the state says so too.

use std::{fs, path::Path};

use plasmid::node::comet::Client;
use serde_json::Value;

use super::{Network, plasmid, refused, run, words};
use plasmid_tests::processes;

/// Transactions a second, and seconds.
const RATE: u64 = 40;
const SECS: u64 = 3;

#[test]
fn every_transaction_of_a_load_that_is_counted_stands_in_a_block() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let network = Network::start(folder);
    let engine = network.description["engines"][1].as_str().expect("a URL");
    let engine = Client::with_url(engine.to_owned()).expect("an address");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");

    let unfunded = format!("load --seed 0x{} --senders 3 --time 1", "5a".repeat(32));
    let said = refused(folder, &unfunded);
    assert!(
        said.contains("3 of 3 senders") && said.contains("--from"),
        "{said}"
    );
    let said = refused(
        folder,
        "load --from bob --senders 50 --rate 1000000 --time 3600",
    );
    assert!(said.contains("funding the senders takes"), "{said}");
    let nobody = "load --from bob --endpoints http://127.0.0.1:9";
    let said = refused(folder, nobody);
    assert!(
        said.contains("no node answers at http://127.0.0.1:9"),
        "{said}"
    );
    let said = refused(
        folder,
        "load --from bob --senders 3 --time 1 --engine http://127.0.0.1:9",
    );
    assert!(said.contains("--engine"), "{said}");

    for (method, more) in [
        ("grpc-stream", "--plot load.svg"),
        ("grpc", "--size 200"),
        ("broadcast-tx-sync", ""),
        ("broadcast-tx-async", "--size 0"),
    ] {
        let line = format!(
            "load --from bob --method {method} --rate {RATE} --time {SECS} --drain 120 --senders 40 --connections 3 {more}"
        );
        let report = run(folder, &words(&line));
        assert_eq!(report["method"], method, "{report}");
        judge(&report);
        let held = runtime.block_on(in_blocks(&engine, &report["blocks"]));
        let committed = number(&report, "committed");
        assert!(held >= committed, "{held} in these blocks: {report}");
    }
    drawn(folder);
    assert!(network.signal(libc::SIGINT), "Ctrl-C ends the network");
}

#[test]
fn a_loaded_network_is_measured_beside_kvstore_on_the_same_configuration() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let line = "bench network --json --seconds 4 --rate 20 --senders 40 --connections 2 --overload 1 --dir bench";
    let output = plasmid(folder.path()).args(words(line)).output();
    let output = output.expect("the command runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{said}");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let mut configs = Vec::new();
    for (line, network) in lines.iter().zip(["plasmid", "kvstore"]) {
        assert_eq!(line["network"], network, "{line}");
        assert_eq!(number(&line["load"], "scheduled"), 80, "{line}");
        assert!(number(&line["load"], "committed") > 0, "{line}");
        assert_eq!(number(&line["load"], "unseen"), 0, "{line}");
        let config = line["config"].as_str().expect("the configuration");
        assert!(config.contains("indexer = \"null\""), "{config}");
        let own = ["proxy_app", "laddr", "persistent_peers"];
        let shared = config
            .lines()
            .filter(|line| !own.iter().any(|name| line.starts_with(name)));
        configs.push(shared.map(str::to_owned).collect::<Vec<_>>());
    }
    assert_eq!(
        configs[0], configs[1],
        "but for places, both have one configuration"
    );
    let figures = &lines[2..];
    assert!(
        figures
            .iter()
            .all(|figure| figure["name"].is_string() && figure["unit"].is_string())
    );
    let value = |name: &str| {
        let figure = figures.iter().find(|figure| figure["name"] == name);
        figure.unwrap_or_else(|| panic!("{name}: {text}"))["value"].clone()
    };
    for name in [
        "network_transfers_per_second",
        "kvstore_transactions_per_second",
        "network_latency_p95_ms",
        "kvstore_latency_p95_ms",
        "network_processor_us_per_transaction",
    ] {
        assert!(value(name).as_f64() > Some(0.0), "{name}: {text}");
    }
    assert_eq!(value("network_unseen"), 0, "{text}");
    // A slow machine commits nothing of an overload while it lasts, and all of it behind.
    assert!(value("overload_committed_per_second").is_number(), "{text}");
    assert_eq!(value("overload_unseen"), 0, "{text}");
    let left = fs::read_dir(folder.path().join("bench"))
        .expect("the folder")
        .count();
    assert_eq!(
        (left, processes(folder.path())),
        (0, Vec::new()),
        "nothing is left"
    );
}

fn number(report: &Value, name: &str) -> u64 {
    report[name]
        .as_u64()
        .unwrap_or_else(|| panic!("{name} of {report}"))
}

/// What holds of a load whatever the machine does meanwhile.
fn judge(report: &Value) {
    let of = |name| number(report, name);
    assert_eq!(of("scheduled"), RATE * SECS, "{report}");
    assert_eq!(
        (of("rate"), of("senders"), of("lanes"), of("endpoints")),
        (RATE, 40, 12, 4)
    );
    assert!(of("bytes") > 175, "{report}");
    assert_eq!((of("unseen"), of("unclear")), (0, 0), "{report}");
    assert_eq!(report["fates"], serde_json::json!({}), "{report}");
    let (offered, committed) = (of("offered"), of("committed"));
    assert!(committed > 0 && committed <= offered, "{report}");
    let errors = report["errors"].as_object().expect("errors by kind");
    let count = |kind: &str| errors.get(kind).map_or(0, |one| number(one, "count"));
    // What was not handed in, and what was and was refused.
    let kept = count("lane_full") + count("no_sender");
    let failed: u64 = errors.values().map(|one| number(one, "count")).sum();
    assert_eq!(offered + kept, of("scheduled"), "{report}");
    // A call without an answer may have been taken all the same.
    let is_silent = |kind: &str| kind.starts_with("grpc_") || kind.starts_with("engine_");
    let silent = errors.iter().filter(|(kind, _)| is_silent(kind));
    let silent: u64 = silent.map(|(_, one)| number(one, "count")).sum();
    let said = of("acknowledged");
    assert!((said..=said + silent).contains(&committed), "{report}");
    let refused = failed - kept - silent;
    let handed_in = offered + of("belated");
    let twice = silent + of("mended");
    assert!(
        (handed_in - refused - twice..=handed_in - refused).contains(&committed),
        "{report}"
    );
    assert!(
        errors.values().all(|one| one["first"].is_string()),
        "{report}"
    );
    assert_eq!(report["effect"]["holds"], true, "{report}");
    assert_eq!(report["effect"]["found"], committed.to_string(), "{report}");
    let latency = &report["latency_ms"];
    let order = ["p50", "p95", "p99", "max"].map(|name| latency[name].as_f64().expect("a latency"));
    assert!(order.is_sorted() && latency["mean"].is_number(), "{report}");
    let sum = |list: &str, name: &str| -> u64 {
        let rows = report[list].as_array().expect("rows");
        rows.iter().map(|row| number(row, name)).sum()
    };
    assert_eq!(sum("histogram", "count"), committed, "{report}");
    assert_eq!(sum("by_second", "committed"), committed, "{report}");
    assert_eq!(sum("by_second", "offered"), offered, "{report}");
    assert_eq!(sum("by_second", "failed"), failed, "{report}");
    assert!(report["seconds"].as_f64() >= Some(SECS as f64), "{report}");
    assert!(report["committed_per_second"].is_number(), "{report}");
    let client = &report["client"];
    assert_eq!(client["held_the_rate"], client["late"] == 0, "{report}");
    assert!(client["latest_ms"].is_number(), "{report}");
    assert!(report["blocks"]["fullest"].as_u64() > Some(0), "{report}");
}

/// Users' transactions in these blocks, as another node has them. Other first bytes are those of a block's record.
async fn in_blocks(engine: &Client, blocks: &Value) -> u64 {
    let [first, last] = ["first", "last"].map(|name| number(blocks, name));
    let mut held = 0;
    for height in first..=last {
        let transactions = engine.block_transactions(height).await.expect("a block");
        held += transactions.iter().filter(|one| one[0] < 0x80).count() as u64;
    }
    held
}

fn drawn(folder: &Path) {
    let picture = fs::read_to_string(folder.join("load.svg")).expect("the picture");
    assert!(picture.starts_with("<svg ") && picture.contains("committed"));
}

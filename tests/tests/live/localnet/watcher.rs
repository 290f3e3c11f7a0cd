//! The watcher of a local network: told of, killed with the network, started with it again where it was, ended with it.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use plasmid_tests::processes;
use serde_json::Value;

use super::{Network, killed, run, words};

#[test]
fn the_watcher_of_a_network_goes_on_after_sigkill_and_ends_with_the_network() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let network = Network::start(folder);
    let before = level(folder, &network);
    killed(network, folder);

    let network = Network::start(folder);
    let kept = heights(folder);
    for (engine, height) in &before {
        assert!(kept.get(engine) >= Some(height), "{before:?} {kept:?}");
    }
    level(folder, &network);
    assert!(network.signal(libc::SIGINT), "Ctrl-C ends the network");
    assert_eq!(processes(folder), Vec::<i32>::new(), "processes are left");
}

/// The network tells of its watcher, which is one of its processes. Waits until it has read all that the engines have now.
fn level(folder: &Path, network: &Network) -> BTreeMap<String, u64> {
    let carriers = network.description["carriers"].as_array();
    let told: Vec<_> = carriers
        .into_iter()
        .flatten()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(told, ["relayer", "watcher"]);
    let engines = network.description["engines"].as_array().map(Vec::len);
    let height = run(folder, &words("status"))["height"].as_u64();
    let height = height.expect("a height");
    for _ in 0..600 {
        assert_eq!(watchers(folder), 1);
        let read = heights(folder);
        if Some(read.len()) == engines && read.values().all(|read| *read >= height) {
            return read;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the watcher has read {:?} of {height}", heights(folder));
}

/// How far it has read each engine, as it wrote down.
fn heights(folder: &Path) -> BTreeMap<String, u64> {
    let kept = fs::read(folder.join(".plasmid/localnet/watcher/watch.json"));
    let kept: Value = serde_json::from_slice(&kept.unwrap_or_default()).unwrap_or_default();
    let heights = kept["heights"].as_object().into_iter().flatten();
    let heights = heights.map(|(engine, height)| (engine.clone(), height.as_u64().unwrap_or(0)));
    heights.collect()
}

/// Processes of `plasmid watch` in a folder.
fn watchers(folder: &Path) -> usize {
    let watches = |pid: &i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).nth(1) == Some(b"watch")
    };
    processes(folder).into_iter().filter(watches).count()
}

//! A fifth operator registers on root and changes its keys, and somebody raises a genesis operator's bond; the network goes on from the
//! genesis that it had.

use std::{path::Path, time::Duration};

use serde_json::Value;

use super::{refused, run, words};

/// Where the local network keeps the password of its keys; here it encrypts the fifth operator's too.
const PASSWORD: &str = "--password-file .plasmid/localnet/password";

fn typed(folder: &Path, line: &str) -> Value {
    run(folder, &words(&format!("{line} {PASSWORD}")))
}

/// Waits until the child has consumed a message, whatever it makes of it.
fn consumed(folder: &Path, message: u64) {
    let cursor = || run(folder, &words("status"))["inbox_cursor"].as_u64();
    for _ in 0..1_200 {
        if cursor() >= Some(message) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!(
        "message {message} stays in the inbox: the cursor is {:?}",
        cursor()
    );
}

/// Registers the keys of a folder of carol's, and waits for the child, by itself or by `--wait`.
fn registered(folder: &Path, home: &str, number: u64, waits: bool) -> Value {
    let line = format!("bridge register --home {home} --from carol --bond 1.5");
    let shown = typed(folder, &format!("{line} --dry-run"));
    assert!(shown["registration"].is_null(), "{shown}");
    assert!(shown["root_fee"].is_string(), "{shown}");
    let said = refused(folder, &format!("{line} {PASSWORD}"));
    assert!(said.contains("--yes"), "{said}");
    let wait = if waits { "--wait" } else { "" };
    let answer = typed(folder, &format!("{line} --yes {wait}"));
    assert_eq!(answer["registration"], number, "{answer}");
    for same in ["operator", "consensus_key", "checkpoint_key", "bond"] {
        assert_eq!(answer[same], shown[same], "{same}");
    }
    match waits {
        true => assert_eq!(
            (&answer["consumed"], &answer["code"]),
            (&true.into(), &0.into()),
            "{answer}"
        ),
        false => consumed(folder, answer["message"].as_u64().expect("an index")),
    }
    answer
}

/// Registers from folders of which each holds a copy of one key of the registration before: first its checkpoint key stays, then its consensus key.
pub fn keeps_a_key(folder: &Path) {
    let copy = |from: &str, to: &str, file: &str| {
        let to = folder.join(to).join(file);
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        std::fs::copy(folder.join(from).join(file), to).expect("a copy");
    };
    copy("sixth", "seventh", "keys/checkpoint.json");
    let seventh = registered(folder, "seventh", 7, true);
    let consensus = "cometbft/config/priv_validator_key.json";
    copy("seventh", "eighth", consensus);
    let eighth = registered(folder, "eighth", 8, true);
    let shown = run(folder, &words("query stake validator carol"));
    assert_eq!(shown["registration"], 8, "{shown}");
    for (key, same) in [("consensus_key", true), ("checkpoint_key", false)] {
        assert_eq!(seventh[key] == eighth[key], same, "{key}");
        assert_eq!(shown[key], eighth[key], "{key}");
    }
    // What was replaced does not come back, beside a key that stays or without.
    for (home, key) in [("seventh", "checkpoint key"), ("sixth", "consensus key")] {
        let line = format!("bridge register --home {home} --from carol --bond 1.5");
        let said = refused(folder, &format!("{line} {PASSWORD}"));
        assert!(
            said.contains(key) && said.contains("never comes back"),
            "{said}"
        );
    }
}

pub fn later(folder: &Path) {
    let small = "bridge register --home fifth --from carol --bond 0.5";
    let said = refused(folder, &format!("{small} {PASSWORD}"));
    assert!(said.contains("at least 1 coins"), "{said}");

    let fifth = registered(folder, "fifth", 5, true);
    let again = "bridge register --home fifth --from carol --bond 1.5";
    let said = refused(folder, &format!("{again} {PASSWORD}"));
    assert!(said.contains("registration 5"), "{said}");
    // Nobody else can register these keys: their owner is the one that root names.
    let other = again.replace("carol", "alice");
    let said = refused(folder, &format!("{other} {PASSWORD}"));
    let owner = fifth["operator"].as_str().expect("an address");
    assert!(said.contains(owner), "{said}");
    // New keys of the same operator are a new registration.
    let rotated = registered(folder, "sixth", 6, false);
    assert_eq!(rotated["operator"], fifth["operator"]);

    let raised = typed(
        folder,
        "bridge top-up --from carol --registration 5 --amount 0.25",
    );
    assert_eq!(raised["bond"], "1750000000000000000", "{raised}");
    assert_eq!(raised["added"], "250000000000000000", "{raised}");
    let members = run(folder, &words("query validators"));
    let first = members["validators"][0]["operator"].as_str();
    let operator = first.expect("an operator of the genesis");
    let line =
        format!("bridge top-up --from alice --operator {operator} --registration 1 --amount 1base");
    let raised = typed(folder, &line);
    assert_eq!(raised["bond"], "1000000000000000001", "{raised}");
    let said = refused(
        folder,
        "bridge top-up --from alice --registration 1 --amount 1",
    );
    assert!(said.contains("--operator"), "{said}");
}

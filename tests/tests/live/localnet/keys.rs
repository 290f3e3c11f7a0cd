//! Key files that say something else than they are, used for every kind of payment.

use std::{fs, path::Path};

use serde_json::Value;

use super::{refused, run, words};

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("the key file")).expect("JSON")
}

/// Alice's key under another account's name, and hers and Bob's without any.
pub fn files(folder: &Path) {
    let keys = folder.join(".plasmid/localnet/keys");
    let (alice, bob, carol) = (
        read(&keys.join("alice.json")),
        read(&keys.join("bob.json")),
        read(&keys.join("carol.json")),
    );
    let mut mixed = alice.clone();
    mixed["address"] = carol["address"].clone();
    fs::write(keys.join("mixed.json"), mixed.to_string()).expect("write");
    for line in [
        "tx withdraw --from mixed --amount 0.01",
        "tx transfer --from mixed --to bob --amount 0.01",
        "tx transfer --from alice --to mixed --amount 0.01",
        "tx transfer --from mixed --to bob --amount 0.01 --dry-run",
        "bridge withdraw --from mixed --amount 0.01",
        "bridge deposit --from mixed --amount 0.01",
        "bridge deposit --from alice --to mixed --amount 0.01",
        "bridge claim 1 --from mixed",
        "bridge force transfer --from mixed --to bob --amount 0.01",
        "bridge force transfer --from alice --to mixed --amount 0.01",
        "bridge force withdraw --from mixed --root-sender --amount 0.01",
        "bridge force withdraw --from mixed --root-sender --amount 0.01 --dry-run",
        "relay --from mixed",
        "keys show mixed",
    ] {
        let said = refused(folder, line);
        assert!(said.contains("says that its key is"), "{line}: {said}");
    }
    fs::remove_file(keys.join("mixed.json")).expect("remove");

    let [mut plain, mut nameless] = [alice, bob];
    plain.as_object_mut().expect("an object").remove("address");
    nameless
        .as_object_mut()
        .expect("an object")
        .remove("pubkey");
    fs::write(keys.join("plain.json"), plain.to_string()).expect("write");
    fs::write(keys.join("nameless.json"), nameless.to_string()).expect("write");
    let of = |name: &str| run(folder, &words(&format!("keys show {name}")))["public"].clone();
    assert_eq!(of("plain"), of("alice"));
    assert_eq!(of("nameless"), of("bob"));
    let balances = run(folder, &words("query balances plain"));
    assert_eq!(balances, run(folder, &words("query balances alice")));
    for line in [
        "tx transfer --from plain --to nameless --amount 0.001",
        "tx transfer --from nameless --to plain --amount 0.001",
    ] {
        let answer = run(folder, &words(line));
        assert_eq!(answer["code"], 0, "{line}: {answer}");
    }
    // `--reset` deletes nobody's own keys.
    for name in ["plain.json", "nameless.json"] {
        fs::remove_file(keys.join(name)).expect("remove");
    }
    // A relayer's key is one that root takes.
    let said = refused(folder, "relay --from bob");
    assert!(said.contains("root chains take secp256k1"), "{said}");
}

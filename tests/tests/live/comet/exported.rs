//! CometBFT where `plasmid sign-state export` moved its sign state aside, and while that command works.

use std::process::Command;

use super::Network;

/// What CometBFT says when it does not start. It must end by itself.
fn refuses(network: &Network) -> String {
    let node = &network.nodes[0];
    let mut command = Command::new("timeout");
    command.arg("60").arg(&node.program);
    let output = command.args(["start", "--home"]).arg(node.home.folder());
    let output = output.output().expect("it runs");
    let code = output.status.code().expect("it ends");
    let text = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&text).into_owned();
    assert!(code != 0 && code != 124, "{code}: {said}");
    said
}

#[test]
fn an_engine_starts_neither_while_its_databases_are_held_nor_where_its_sign_state_was_exported() {
    let folder = tempfile::tempdir().unwrap();
    let network = Network::new(folder.path(), 1);
    let home = &network.nodes[0].home;
    let held = home.hold().unwrap();
    let said = refuses(&network);
    assert!(said.contains("resource temporarily unavailable"), "{said}");
    // So does the last one alone.
    for lock in held {
        let said = refuses(&network);
        assert!(said.contains("resource temporarily unavailable"), "{said}");
        drop(lock);
    }
    let last = home.retire().unwrap();
    let said = refuses(&network);
    assert!(said.contains("priv_validator_state.json"), "{said}");
    assert!(!home.sign_state_path().exists());
    assert_eq!(home.retire().unwrap(), last);
}

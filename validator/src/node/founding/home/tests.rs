//! When a member's sign state is made without being asked for, and when it never is.

use plasmid_bridge::proof::bls::SecretKey;

use super::*;
use crate::{
    chain::genesis::Operator,
    ledger::Parameters,
    node::keystore::{Cost, KeyKind, Secret},
};

/// A member's folder as `init register` leaves it, and the genesis with its key.
fn registered() -> (tempfile::TempDir, Home, Genesis) {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(folder.path());
    let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
    let secret: Secret = key.to_bytes().into();
    let path = home.checkpoint_key_path();
    keystore::create(&path, KeyKind::Bls12381, &secret, "word", Cost::Light).expect("a key file");
    let engine = home.engine();
    let consensus_key = engine.ensure_consensus_key(&[3; 32]).expect("a key");
    let genesis = Genesis {
        parameters: Parameters::local(),
        operators: vec![Operator {
            operator: [1; 20],
            registration: 1,
            consensus_key,
            checkpoint_key: key.public_key(),
            stake: 1,
            bond: 1,
        }],
        balances: Vec::new(),
    };
    (folder, home, genesis)
}

#[test]
fn a_sign_state_is_made_only_where_nothing_can_have_been_signed() {
    type Change = fn(&Home);
    let cases: [(&str, Change, u64, bool); 5] = [
        ("as registered", |_| {}, 0, true),
        ("root accepted a checkpoint", |_| {}, 1, false),
        (
            "the state of the chain is there",
            |home| fs::create_dir_all(home.store_path()).expect("a folder"),
            0,
            false,
        ),
        (
            "the engine has voted, and the rest of the data is lost",
            |home| {
                let state = r#"{"height":"40","round":0,"step":3}"#;
                fs::write(home.engine().sign_state_path(), state).expect("it is written");
            },
            0,
            false,
        ),
        (
            "all data is lost, the engine's too",
            |home| fs::remove_file(home.engine().sign_state_path()).expect("it was there"),
            0,
            false,
        ),
    ];
    for (what, change, accepted, made) in cases {
        let (_folder, home, genesis) = registered();
        change(&home);
        ensure_sign_state(&home, [9; 20], &genesis, accepted).expect("nothing fails");
        assert_eq!(home.sign_state_path().exists(), made, "{what}");
    }
}

//! When a member's sign state is made without being asked for, and when it never is.

use plasmid_bridge::proof::bls::SecretKey;

use super::*;
use crate::{
    chain::genesis::Operator,
    ledger::Parameters,
    node::keystore::{self, Cost, KeyKind, KeystoreError, Secret},
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
            opening: Default::default(),
            profile: None,
        }],
        balances: Vec::new(),
        delegations: Vec::new(),
    };
    (folder, home, genesis)
}

fn open(path: &Path) -> Result<[u8; bls::KEY_BYTES], FoundingError> {
    Ok(keystore::open_checkpoint(path, "word")?)
}

/// A member's folder whose key file says this of its key.
fn stating(public: Option<&str>) -> (tempfile::TempDir, Home, Genesis) {
    let (folder, home, genesis) = registered();
    let path = home.checkpoint_key_path();
    let text = fs::read_to_string(&path).expect("a key file");
    let mut file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let stated = file.as_object_mut().expect("an object");
    assert!(stated.remove("pubkey").is_some());
    if let Some(public) = public {
        stated.insert("pubkey".into(), public.into());
    }
    fs::write(&path, file.to_string()).expect("write");
    (folder, home, genesis)
}

#[test]
fn the_key_and_not_what_its_file_says_decides_whose_sign_state_is_made() {
    let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
    let compressed = hex::encode(key.compressed_public_key());
    let other = SecretKey::from_entropy(&[8; 32]).expect("a key");
    let other = hex::encode(other.public_key());
    for public in [None, Some(compressed.as_str())] {
        let (_folder, home, genesis) = stating(public);
        ensure_sign_state(&home, [9; 20], &genesis, 0, open).expect("nothing fails");
        let made = SignState::summary(&home.sign_state_path()).expect("it is made");
        assert_eq!(made.identity.key, key.public_key(), "{public:?}");
    }
    let (_folder, home, mut genesis) = stating(Some(&other));
    // A member's key that the file names, and that is not the one in it.
    genesis.operators[0].checkpoint_key =
        hex::decode(&other).expect("hex").try_into().expect("a key");
    let refused = ensure_sign_state(&home, [9; 20], &genesis, 0, open);
    let refused = refused.expect_err("the file lies");
    let is_other = matches!(
        refused,
        FoundingError::Keystore(KeystoreError::OtherKey { .. })
    );
    assert!(is_other, "{refused}");
    assert!(!home.sign_state_path().exists());
}

#[test]
fn a_sign_state_is_made_only_where_nothing_can_have_been_signed() {
    type Change = fn(&Home);
    let cases: [(&str, Change, u64, bool); 7] = [
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
        (
            "the checkpoint key was copied beside a new consensus key",
            |home| {
                let engine = home.engine();
                fs::remove_file(engine.consensus_key_path()).expect("it was there");
                engine.ensure_consensus_key(&[4; 32]).expect("a key");
            },
            0,
            false,
        ),
        (
            "a remote signer has the consensus key",
            |home| fs::remove_file(home.engine().consensus_key_path()).expect("it was there"),
            0,
            false,
        ),
    ];
    for (what, change, accepted, made) in cases {
        let (_folder, home, genesis) = registered();
        change(&home);
        ensure_sign_state(&home, [9; 20], &genesis, accepted, open).expect("nothing fails");
        assert_eq!(home.sign_state_path().exists(), made, "{what}");
    }
}

#[test]
fn shares_go_to_the_nodes_that_are_named_then_to_those_of_the_folder_and_else_to_the_peers() {
    let peer = |address: &str| EnginePeer {
        id: "ab".repeat(20),
        address: address.to_owned(),
    };
    let mut place = Place {
        moniker: None,
        grpc: None,
        rpc: None,
        p2p: None,
        peers: Vec::new(),
        private: false,
        share_with: Vec::new(),
        one_machine: false,
        metrics: None,
        retain_blocks: 0,
        root: "http://127.0.0.1:8545".to_owned(),
        second_root: None,
        statesync: None,
    };
    let mut config = Config {
        abci: "tcp://127.0.0.1:26658".to_owned(),
        grpc: GRPC,
        grpc_proxies: Vec::new(),
        engine_rpc: format!("http://{RPC}"),
        metrics: None,
        share_with: Vec::new(),
        retain_blocks: 0,
        root: RootConfig {
            endpoints: vec![place.root.clone()],
            registry: [1; 20].into(),
            deployed_at: 1,
        },
    };
    assert_eq!(place.shares_go_to(None), [""; 0]);
    let here = ["127.0.0.1:1", "[::1]:2", "localhost:3"];
    let there = [
        "b.example:4",
        "[2001:db8::7]:5",
        "10.0.0.2:6",
        "b.example:7",
    ];
    place.peers = here.into_iter().chain(there).map(peer).collect();
    let peers = [
        "http://10.0.0.2:9090",
        "http://[2001:db8::7]:9090",
        "http://b.example:9090",
    ];
    assert_eq!(place.shares_go_to(None), peers);
    assert_eq!(place.shares_go_to(Some(&config)), peers);
    let many = (0..2 * MAX_SHARED).map(|number| peer(&format!("node{number}:1")));
    place.peers = many.collect();
    config.share_with = place.shares_go_to(None);
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(folder.path());
    home.write_config(&config)
        .expect("each is an address, and there are not too many");
    config.share_with = vec!["http://kept:1".to_owned()];
    assert_eq!(place.shares_go_to(Some(&config)), ["http://kept:1"]);
    place.share_with = vec!["http://named:1".to_owned()];
    assert_eq!(place.shares_go_to(Some(&config)), ["http://named:1"]);
}

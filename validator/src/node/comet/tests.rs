//! CometBFT's files written and read back, and refused when they are wrong.

use std::os::unix::fs::PermissionsExt;

use super::genesis::{GenesisParts, ValidatorPart};
use std::time::Duration;

use super::*;

fn home() -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new(folder.path().join("comet"));
    (folder, home)
}

fn settings() -> Settings {
    let address = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let proxy_app = "unix:///run/with \"quotes\" and ümlauts.sock".to_owned();
    let mut settings = Settings::local(proxy_app, address(1), address(2), EnginePace::local(20));
    settings.peers = (0..3)
        .map(|i| EnginePeer {
            id: format!("{i:040}"),
            address: format!("127.0.0.1:{}", 3 + i),
        })
        .collect();
    settings
}

fn parts() -> GenesisParts {
    let key = |i: u8| {
        let folder = tempfile::tempdir().unwrap();
        keys::ensure_consensus_key(&folder.path().join("key"), &[i; 32]).unwrap()
    };
    GenesisParts {
        time_secs: 1_700_000_000,
        chain_id: format!("plasmid-{}", "ab".repeat(20)),
        max_block_bytes: 2 << 20,
        max_evidence_bytes: 16 << 10,
        evidence_age_blocks: 100_000,
        evidence_age_secs: 172_800,
        validators: (1..4)
            .map(|i| ValidatorPart {
                key: key(i),
                power: 10 * u64::from(i),
                name: format!("validator {i}"),
            })
            .collect(),
        app_hash: Vec::new(),
        app_state: serde_json::Value::Null,
    }
}

#[test]
fn the_configuration_reads_back_as_written_and_keeps_what_the_chain_relies_on() {
    let (_folder, home) = home();
    let config = Config::new(&settings());
    home.write_config(&config).unwrap();
    assert_eq!(home.read_config().unwrap(), config);
    let text = std::fs::read_to_string(home.config_path()).unwrap();
    for line in [
        "timeout_propose = \"300ms\"",
        "timeout_prevote = \"200ms\"",
        "timeout_precommit = \"200ms\"",
        "timeout_commit = \"20ms\"",
        "skip_timeout_commit = false",
        "peer_gossip_sleep_duration = \"5ms\"",
        "flush_throttle_timeout = \"5ms\"",
        "block_time_tolerance = \"60000ms\"",
        "cache_size = 200000",
        "size = 20000",
        "max_txs_bytes = 20000000",
        "max_tx_bytes = 65536",
        "keep-invalid-txs-in-cache = false",
        "recheck = true",
        "recheck_timeout = \"1000ms\"",
        "max_request_batch_size = 10",
        "indexer = \"kv\"",
        "pex = false",
        "addr_book_strict = false",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert_eq!(config.rpc_address().unwrap().port(), 1);
}

#[test]
fn a_configuration_that_breaks_the_chain_is_refused() {
    let breaks: [fn(&mut Config); 12] = [
        |config| config.rpc.max_request_batch_size = 9,
        |config| config.mempool.recheck_timeout = config::Span(Duration::from_millis(999)),
        |config| config.mempool.recheck = false,
        |config| config.mempool.cache_size = 10_000,
        |config| config.mempool.size = 19_999,
        |config| config.mempool.max_txs_bytes = 19_999_999,
        |config| config.mempool.max_tx_bytes = 65_535,
        |config| config.mempool.keep_invalid = true,
        |config| config.mempool.kind = "nop".to_owned(),
        |config| config.consensus.timeout_commit = config::Span(Duration::ZERO),
        |config| config.consensus.skip_timeout_commit = true,
        |config| config.consensus.block_time_tolerance = config::Span(Duration::from_secs(61)),
    ];
    for change in breaks {
        let (_folder, home) = home();
        let mut config = Config::new(&settings());
        change(&mut config);
        let refused = home.write_config(&config);
        assert!(matches!(refused, Err(CometError::Config(_))));
        assert!(!home.config_path().exists());
    }
    let (_folder, home) = home();
    home.write_config(&Config::new(&settings())).unwrap();
    std::fs::write(home.config_path(), "moniker = 3").unwrap();
    let error = home.read_config().unwrap_err().to_string();
    assert!(error.contains("config.toml"), "{error}");
}

#[test]
fn the_block_time_is_the_plans() {
    for pace in [EnginePace::local(250), EnginePace::network(250)] {
        let config = Config::new(&Settings { pace, ..settings() });
        assert!(config.check_block_time(250).is_ok());
        let said = config.check_block_time(1_000).unwrap_err().to_string();
        assert!(said.contains("250ms") && said.contains("1s"), "{said}");
        assert_eq!(pace.gossip_sleep, Duration::from_millis(25));
    }
    assert_eq!(
        EnginePace::network(1_000).gossip_sleep,
        Duration::from_millis(100)
    );
    assert_eq!(
        EnginePace::network(60_000).gossip_sleep,
        Duration::from_millis(100)
    );
    assert_eq!(EnginePace::local(10).gossip_sleep, Duration::from_millis(5));
}

#[test]
fn the_genesis_reads_back_as_written_in_the_form_of_cometbft() {
    let (_folder, home) = home();
    let genesis = Genesis::new(parts()).unwrap();
    home.write_genesis(&genesis).unwrap();
    assert_eq!(home.read_genesis().unwrap(), genesis);
    let text = std::fs::read_to_string(home.genesis_path()).unwrap();
    for line in [
        "\"genesis_time\": \"2023-11-14T22:13:20Z\"",
        "\"initial_height\": \"1\"",
        "\"max_bytes\": \"2097152\"",
        "\"max_age_duration\": \"172800000000000\"",
        "\"vote_extensions_enable_height\": \"1\"",
        "\"type\": \"tendermint/PubKeyEd25519\"",
        "\"power\": \"30\"",
        "\"app_hash\": \"\"",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(!text.contains("app_state"));
    // An implementation that is not ours reads this JSON too.
    let other: tendermint::Genesis<Option<()>> = serde_json::from_str(&text.replacen(
        "\"app_hash\"",
        "\"app_state\": null, \"app_hash\"",
        1,
    ))
    .unwrap();
    assert_eq!(other.chain_id.as_str(), genesis.chain_id);
    assert_eq!(other.validators.len(), 3);
}

#[test]
fn a_genesis_that_cometbft_or_the_chain_does_not_take_is_refused() {
    type Change = fn(&mut GenesisParts);
    let breaks: [(&str, Change); 11] = [
        ("bytes", |parts| parts.chain_id.clear()),
        ("51", |parts| parts.chain_id = "x".repeat(51)),
        ("blocks of 0", |parts| parts.max_block_bytes = 0),
        ("blocks of", |parts| parts.max_block_bytes = (100 << 20) + 1),
        ("do not fit", |parts| parts.max_evidence_bytes = 3 << 20),
        ("age", |parts| parts.evidence_age_blocks = 0),
        ("age", |parts| parts.evidence_age_secs = u64::MAX),
        ("no validators", |parts| parts.validators.clear()),
        ("twice", |parts| {
            parts.validators[1].key = parts.validators[0].key
        }),
        ("no power", |parts| parts.validators[2].power = 0),
        ("total power", |parts| parts.validators[2].power = 1 << 60),
    ];
    for (said, change) in breaks {
        let mut parts = parts();
        change(&mut parts);
        let error = Genesis::new(parts).unwrap_err().to_string();
        assert!(error.contains(said), "{error} does not say {said}");
    }
    let (_folder, home) = home();
    home.write_genesis(&Genesis::new(parts()).unwrap()).unwrap();
    let text = std::fs::read_to_string(home.genesis_path()).unwrap();
    let first = text.find("\"address\": \"").unwrap() + 12;
    let mut wrong = text.clone();
    wrong.replace_range(first..first + 2, "00");
    for wrong in [
        wrong,
        text.replace("\"initial_height\": \"1\"", "\"initial_height\": \"2\""),
    ] {
        std::fs::write(home.genesis_path(), wrong).unwrap();
        assert!(home.read_genesis().is_err());
    }
}

#[test]
fn keys_read_back_for_their_owner_only_and_are_never_overwritten() {
    let (_folder, home) = home();
    let public = home.ensure_consensus_key(&[7; 32]).unwrap();
    let path = home.consensus_key_path();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(*keys::read_consensus_key(&path).unwrap(), [7; 32]);
    assert_eq!(home.ensure_consensus_key(&[7; 32]).unwrap(), public);

    let before = std::fs::read(&path).unwrap();
    let other = home.ensure_consensus_key(&[8; 32]);
    assert!(matches!(other, Err(CometError::OtherKey { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), before);

    let id = home.ensure_node_key(&[9; 32]).unwrap();
    assert_eq!((id.len(), mode(&home.node_key_path())), (40, 0o600));
    assert_eq!(
        *keys::read_node_key(&home.node_key_path()).unwrap(),
        [9; 32]
    );
    assert!(home.ensure_node_key(&[10; 32]).is_err());

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let exposed = home.ensure_consensus_key(&[7; 32]);
    assert!(matches!(
        exposed,
        Err(CometError::Exposed { mode: 0o640, .. })
    ));
}

#[test]
fn a_key_file_that_disagrees_with_itself_is_refused() {
    let (_folder, home) = home();
    let (_other_folder, other) = self::home();
    home.ensure_consensus_key(&[1; 32]).unwrap();
    other.ensure_consensus_key(&[2; 32]).unwrap();
    let parse = |home: &Home| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(home.consensus_key_path()).unwrap()).unwrap()
    };
    let (good, strange) = (parse(&home), parse(&other));
    for field in ["address", "pub_key", "priv_key"] {
        let mut mixed = good.clone();
        mixed[field] = strange[field].clone();
        std::fs::write(home.consensus_key_path(), mixed.to_string()).unwrap();
        let error = keys::read_consensus_key(&home.consensus_key_path()).unwrap_err();
        assert!(matches!(error, CometError::Malformed { .. }), "{field}");
    }
}

#[test]
fn a_used_key_without_its_sign_state_is_refused() {
    let (_folder, home) = home();
    home.ensure_consensus_key(&[3; 32]).unwrap();
    let state = r#"{"height":"77","round":0,"step":3}"#;
    std::fs::write(home.sign_state_path(), state).unwrap();
    home.ensure_consensus_key(&[3; 32]).unwrap();
    assert_eq!(
        std::fs::read_to_string(home.sign_state_path()).unwrap(),
        state
    );
    std::fs::remove_file(home.sign_state_path()).unwrap();
    let gone = home.ensure_consensus_key(&[3; 32]);
    assert!(matches!(gone, Err(CometError::NoSignState { .. })));
    assert!(!home.sign_state_path().exists());
}

#[test]
fn the_last_vote_is_read_from_the_engines_sign_state() {
    let (_folder, home) = home();
    assert_eq!(home.last_vote().unwrap(), None);
    home.ensure_consensus_key(&[3; 32]).unwrap();
    assert_eq!(home.last_vote().unwrap(), Some(0));
    let state = |text: &str| std::fs::write(home.sign_state_path(), text).unwrap();
    state(r#"{"height":"77","round":0,"step":3}"#);
    assert_eq!(home.last_vote().unwrap(), Some(77));
    for wrong in ["", "{}", r#"{"height":7}"#, r#"{"height":"-1"}"#, "[]"] {
        state(wrong);
        assert!(home.last_vote().is_err(), "{wrong}");
    }
}

#[test]
fn an_engine_that_is_older_or_of_another_series_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("cometbft");
    let says = |version: &str| {
        std::fs::write(&program, format!("#!/bin/sh\necho '{version}'\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        check_version(&program)
    };
    for good in ["0.38.25", "v0.38.26", "0.38.25+abcdef", "0.38.100"] {
        says(good).unwrap();
    }
    for old in ["0.38.24", "0.38.3", "0.37.30", "0.34.99", "0.39.1", "1.0.0"] {
        let error = says(old).unwrap_err();
        assert!(matches!(error, CometError::Version { .. }), "{old}");
        assert!(error.to_string().contains(old));
    }
    for none in ["", "devel", "0.38", "0.38.25.1"] {
        assert!(
            matches!(says(none), Err(CometError::NoVersion { .. })),
            "{none}"
        );
    }
}

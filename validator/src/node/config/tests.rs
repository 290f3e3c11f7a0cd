//! A node's configuration: what is written and read, and what is refused.

use std::os::unix::fs::PermissionsExt;

use super::{check::MAX_SHARED, *};

fn config() -> Config {
    Config {
        abci: "unix:///tmp/abci.sock".into(),
        grpc: SocketAddr::from(([127, 0, 0, 1], 9_090)),
        grpc_proxies: vec![[127, 0, 0, 1].into()],
        engine_rpc: "http://127.0.0.1:26657".into(),
        share_with: vec![
            "http://node.example/0123abcd".into(),
            "https://node.example/0123abcd".into(),
        ],
        retain_blocks: 0,
        metrics: None,
        root: RootConfig {
            endpoints: vec!["https://eth.example/v3/0123abcd".into()],
            registry: Address::repeat_byte(7),
            deployed_at: 3,
        },
    }
}

#[test]
fn a_configuration_is_for_its_owner_only_and_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(folder.path().join("node"));
    for _ in 0..2 {
        home.write_config(&config()).expect("it is written");
        assert_eq!(home.read_config().expect("it reads"), config());
        let mode = fs::metadata(home.config_path()).expect("the file");
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    }
    let held = fs::read_dir(home.path()).expect("the folder").count();
    assert_eq!(held, 1, "a temporary file is left");
}

#[test]
fn a_providers_key_is_not_in_debug_output() {
    let said = format!("{:?}", config());
    assert!(!said.contains("0123abcd"), "{said}");
    assert!(said.contains("https://eth.example/…"), "{said}");
}

#[test]
fn what_no_node_can_run_with_is_not_written_and_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(folder.path());
    type Edit = fn(&mut Config);
    let edits: [(Edit, &str); 13] = [
        (|config| config.grpc.set_port(0), "grpc"),
        (|config| config.abci = "abci.sock".into(), "abci"),
        (
            |config| config.metrics = Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            "metrics",
        ),
        (
            |config| config.share_with = vec!["a.example:9090".into()],
            "share_with[0]",
        ),
        (
            |config| config.share_with = vec!["http://a.example".into(); MAX_SHARED + 1],
            "more than 64",
        ),
        (
            |config| config.root.endpoints = vec!["http://a.example".into(); 3],
            "has 3",
        ),
        (|config| config.root.registry = Address::ZERO, "registry"),
        (|config| config.root.deployed_at = 0, "deployed_at"),
        (
            |config| config.engine_rpc = "127.0.0.1:1".into(),
            "engine_rpc",
        ),
        (|config| config.engine_rpc.push(' '), "blank"),
        (|config| config.root.endpoints.clear(), "endpoints"),
        (|config| config.root.endpoints[0].insert(0, ' '), "blank"),
        (
            |config| config.root.endpoints[0] = "http://127.0.0.1:0".into(),
            "port 0",
        ),
    ];
    for (edit, reason) in edits {
        let mut wrong = config();
        edit(&mut wrong);
        let error = home.write_config(&wrong).expect_err(reason).to_string();
        assert!(error.contains(reason), "{error}");
        assert!(!home.config_path().exists());
        let text = toml::to_string(&wrong).expect("TOML");
        fs::write(home.config_path(), text).expect("write");
        let error = home.read_config().expect_err(reason).to_string();
        assert!(error.contains(reason), "{error}");
        fs::remove_file(home.config_path()).expect("remove");
    }
}

#[test]
fn a_file_that_does_not_read_is_told_by_its_line_and_without_its_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(folder.path());
    let good = toml::to_string(&config()).expect("TOML");
    let endpoints = "endpoints = [\"https://eth.example/v3/0123abcd\"]";
    assert!(good.contains(endpoints), "{good}");
    let line = good
        .lines()
        .position(|line| line == endpoints)
        .expect("a line")
        + 1;
    for wrong in [
        "endpoint = \"https://eth.example/v3/0123abcd\"",
        "endpoints = \"https://eth.example/\\\"v3/0123abcd\"",
        "endpoints = [\"https://eth.example/v3/0123abcd]",
        "endpoints = https://eth.example/v3/0123abcd",
    ] {
        fs::write(home.config_path(), good.replace(endpoints, wrong)).expect("write");
        let error = home.read_config().expect_err(wrong);
        let said = format!("{error} {error:?}");
        assert!(!said.contains("0123abcd"), "{said}");
        // An array that is not closed is noticed on the line after it.
        let lines = [line, line + 1].map(|line| format!("line {line}: "));
        assert!(lines.iter().any(|line| said.contains(line)), "{said}");
    }
}

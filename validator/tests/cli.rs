//! The command line as a person types it, where no network is needed.

use std::{
    fs,
    io::Write,
    net::TcpListener,
    os::{
        fd::OwnedFd,
        unix::{fs::PermissionsExt, net::UnixStream},
    },
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use plasmid::{
    chain::genesis::{Genesis, Operator, RootAnchor, file::File},
    ledger::Parameters,
    node::config::{Config, Home, RootConfig},
};
use plasmid_bridge::{abi, proof::bls::SecretKey};
use serde_json::{Value, json};

fn plasmid(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plasmid"));
    command
        .args(arguments)
        .env_remove("PLASMID_NODE")
        .env_remove("PLASMID_NET")
        .env_remove("PLASMID_OUTPUT");
    command
}

fn json_of(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.trim()).unwrap_or_else(|error| {
        panic!(
            "{text:?}: {error}; {}",
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

fn keys(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = plasmid(&["--output", "json", "--keys"]);
    command
        .arg(folder.join("keys"))
        .arg("--password-file")
        .arg(folder.join("password"))
        .arg("keys")
        .args(arguments);
    command
}

#[test]
fn version_says_what_does_not_hold_yet() {
    let output = plasmid(&["version"]).output().expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    assert!(
        text.contains("nothing with stake in it yet") && text.contains("bounty bonds do not yet"),
        "{text}"
    );
    assert!(
        text.contains("tombstones a key, and takes no stake by itself"),
        "{text}"
    );
}

#[test]
fn keys_are_made_listed_shown_and_imported() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("password"), "correct horse\n").expect("write");
    let made = json_of(
        &keys(folder.path(), &["new", "anna", "--kind", "ed25519"])
            .output()
            .expect("runs"),
    );
    assert!(
        made["public"]
            .as_str()
            .is_some_and(|name| name.starts_with("plasmid1")),
        "{made}"
    );
    let mode = fs::metadata(folder.path().join("keys/anna.json"))
        .expect("the file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut import = keys(folder.path(), &["import", "dev"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let secret = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80\n";
    import
        .stdin
        .take()
        .expect("stdin")
        .write_all(secret.as_bytes())
        .expect("write");
    let imported = json_of(&import.wait_with_output().expect("ends"));
    assert_eq!(
        imported["public"],
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    );
    let listed = json_of(&keys(folder.path(), &["list"]).output().expect("runs"));
    assert_eq!(listed["keys"].as_array().map(Vec::len), Some(2));
    let shown = json_of(
        &keys(folder.path(), &["show", "anna"])
            .output()
            .expect("runs"),
    );
    assert_eq!(shown["public"], made["public"]);
    let again = keys(folder.path(), &["new", "anna"])
        .output()
        .expect("runs");
    assert!(!again.status.success());
    assert!(
        json_of(&again)["error"]
            .as_str()
            .is_some_and(|error| error.contains("exists already"))
    );
}

#[test]
fn key_files_of_other_wallets_open_and_one_that_lies_does_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/node/keystore/cases");
    let folder_of_keys = folder.path().join("keys");
    fs::create_dir(&folder_of_keys).expect("a folder");
    for entry in fs::read_dir(cases).expect("the cases") {
        let path = entry.expect("an entry").path();
        fs::copy(
            &path,
            folder_of_keys.join(path.file_name().expect("a name")),
        )
        .expect("copy");
    }
    let own = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
    // Editors of another system write a byte-order mark and another line end.
    for password in ["testpassword\n", "\u{feff}testpassword\r\n"] {
        fs::write(folder.path().join("password"), password).expect("write");
        let shown = keys(folder.path(), &["show", "no-address"]).output();
        assert_eq!(json_of(&shown.expect("runs"))["public"], own);
    }
    let shown = |name: &str| json_of(&keys(folder.path(), &["show", name]).output().expect("runs"));
    assert_eq!(shown("scrypt-r1")["public"], shown("pbkdf2")["public"]);
    let refused = shown("wrong-address")["error"].to_string();
    assert!(refused.contains("says that its key is") && refused.contains(own));
    fs::write(folder.path().join("password"), "foo").expect("write");
    assert!(shown("short-key")["public"].is_string());
    let listed = json_of(&keys(folder.path(), &["list"]).output().expect("runs"));
    let rows = listed["keys"].as_array().expect("rows");
    assert_eq!(rows.len(), 5, "{listed}");
    for row in rows {
        // A file that states nothing is not given a name, and another's is spelled as searches find it.
        let stated = match row["name"].as_str() {
            Some("wrong-address") => "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC".into(),
            _ => Value::Null,
        };
        assert_eq!(row["public"], stated, "{row}");
    }
}

#[test]
fn a_wrong_checksum_is_refused_wherever_an_address_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let right = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
    let wrong = "0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
    let plan = path("network.toml");
    let made = [
        "--output",
        "json",
        "init",
        "plan",
        "--plan",
        &plan,
        "--operator",
        right,
    ];
    let made = plasmid(&made).output().expect("runs");
    assert!(made.status.success(), "{made:?}");
    let said = json_of(&made);
    assert_eq!(
        (&said["plan"], &said["operators"]),
        (&json!(plan), &json!(1))
    );
    for name in ["ring", "record_slots"] {
        assert!(said[name].as_u64() > Some(8), "{name}: {said}");
    }
    assert!(said["registry"].as_str().is_some(), "{said}");
    let text = fs::read_to_string(&plan).expect("the plan");
    assert!(text.contains(right), "{text}");
    let changed = path("changed.toml");
    fs::write(&changed, text.replace(right, wrong)).expect("write");
    let residue = path("residue.toml");
    let nobody = "0x0000000000000000000000000000000000000000";
    let named = text.replace(
        &format!("residue = \"{nobody}\""),
        &format!("residue = \"{wrong}\""),
    );
    assert_ne!(named, text, "the plan has no residue");
    fs::write(&residue, named).expect("write");
    let config = format!(
        "abci = \"tcp://127.0.0.1:1\"\ngrpc = \"127.0.0.1:2\"\nengine_rpc = \"http://127.0.0.1:3\"\n\
         [root]\nendpoints = [\"http://127.0.0.1:4\"]\nregistry = \"{wrong}\"\ndeployed_at = 1\n"
    );
    fs::write(path("plasmid.toml"), config).expect("write");
    let balance = format!("{wrong}=1");
    let root = ["--root", "http://127.0.0.1:1"];
    let nothing = path("nothing.toml");
    for arguments in [
        vec!["--registry", wrong, "status"],
        vec!["init", "plan", "--plan", &nothing, "--operator", wrong],
        vec![
            "init",
            "plan",
            "--plan",
            &nothing,
            "--operator",
            right,
            "--balance",
            &balance,
        ],
        vec!["init", "status", "--plan", &changed, root[0], root[1]],
        vec!["init", "status", "--plan", &residue, root[0], root[1]],
        vec!["start", "--home", &path("")],
        vec!["bridge", "prove", "--account", wrong],
        vec!["bridge", "prove", "--account", right, "--token", wrong],
    ] {
        let output = plasmid(&arguments).output().expect("runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(said.contains("EIP-55"), "{arguments:?}: {said}");
        assert!(said.contains(right), "{arguments:?}: {said}");
    }
    let named = plasmid(&["status", "--node", "http://127.0.0.1:1"])
        .env("PLASMID_REGISTRY", wrong)
        .output()
        .expect("runs");
    assert!(String::from_utf8_lossy(&named.stderr).contains("EIP-55"));
}

#[test]
fn mistakes_are_answered_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let net = folder.path().to_string_lossy().into_owned();
    for (arguments, words) in [
        (vec!["--net", &net, "query", "tokens"], "plasmid localnet"),
        (
            vec!["--node", "http://127.0.0.1:1", "status"],
            "no node answers at http://127.0.0.1:1",
        ),
        (
            vec![
                "--net",
                &net,
                "--keys",
                &net,
                "keys",
                "show",
                "../../etc/passwd",
            ],
            "is not a key name",
        ),
        (
            vec!["--net", &net, "--keys", &net, "keys", "show", "nobody"],
            "nobody",
        ),
        (
            vec!["bridge", "verify", "/nonexistent/proof.json"],
            "/nonexistent/proof.json",
        ),
        (
            vec!["demo", "--replay", "/nonexistent/seen.json"],
            "/nonexistent/seen.json",
        ),
    ] {
        let output = plasmid(&arguments).output().expect("runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(text.contains(words), "{arguments:?}: {text}");
        assert!(!text.contains("panicked"), "{text}");
    }
}

#[test]
fn bench_app_prints_its_figures_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = plasmid(&["bench", "app", "--accounts", "300", "--transfers", "50"])
        .args(["--blocks", "2", "--json", "--dir"])
        .arg(folder.path())
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let figures: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON object a line"))
        .collect();
    assert_eq!(figures[0]["name"], "app_transfers_per_second");
    assert_eq!(figures[1]["name"], "batch_verify_per_second");
    let value = |place: usize| figures[place]["value"].as_f64().expect("a number");
    assert!(value(0) > 0.0 && value(1) > 0.0);
    let ratio = figures[0]["ratio"].as_f64().expect("a number");
    assert!((ratio - value(0) / value(1)).abs() < 1e-9);
    assert_eq!(figures[2]["rival"], figures[3]["name"]);
    for figure in &figures {
        let number = |name: &str| figure[name].as_f64().expect("a number");
        assert!(number("least") <= number("value") && number("value") <= number("most"));
    }
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[test]
fn bench_store_prints_its_figures() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = plasmid(&["bench", "store", "--accounts", "2000", "--transfers", "200"])
        .args(["--blocks", "2", "--json", "--dir"])
        .arg(folder.path())
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    for line in text.lines() {
        let figure: Value = serde_json::from_str(line).expect("a JSON object a line");
        assert!(
            figure["value"].as_f64().is_some_and(|value| value > 0.0),
            "{line}"
        );
    }
    assert_eq!(text.lines().count(), 10);
}

#[test]
fn bench_stake_prints_its_figures_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = plasmid(&["bench", "stake", "--delegators", "120", "--seats", "5"])
        .args(["--transactions", "20", "--blocks", "2", "--json", "--dir"])
        .arg(folder.path())
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let figures = text.lines().map(|line| {
        let figure: Value = serde_json::from_str(line).expect("a JSON object a line");
        let name = figure["name"].as_str().expect("a name").to_owned();
        (name, figure)
    });
    let figures: std::collections::BTreeMap<String, Value> = figures.collect();
    // serde_json may read a number wrong in its last digit; the standard library reads what was printed exactly.
    let value = |name: &str| {
        let begin = format!("{{\"name\":\"{name}\",\"value\":");
        let mut printed = text.lines().filter_map(|line| line.strip_prefix(&begin));
        let number = printed
            .next()
            .and_then(|rest| rest.split([',', '}']).next());
        let number = number.expect("it is printed").parse::<f64>();
        number.expect("a number")
    };
    for name in [
        "delegate_per_second",
        "claim_per_second",
        "undelegate_per_second",
        "cut_per_second",
    ] {
        assert_eq!(figures[name]["unit"], "1/s");
        assert_eq!(figures[name]["rival"], "transfer_per_second");
        let ratio = figures[name]["ratio"].as_f64().expect("a number");
        assert!((ratio - value(name) / value("transfer_per_second")).abs() < 1e-9);
    }
    assert!(value("boundary") > 0.0);
    assert_eq!(
        value("boundary_steps"),
        2.0,
        "5 seats: one of pay, one of fix"
    );
    assert_eq!(value("boundary_step"), value("boundary") / 2.0);
    assert!(value("boundary_leaves") > value("boundary_step_leaves"));
    assert!((10.0..=65.0).contains(&value("boundary_step_leaves")));
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[test]
fn bench_stake_fails_where_a_figure_is_below_the_bound_that_was_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = plasmid(&["bench", "stake", "--delegators", "60", "--seats", "2"])
        .args(["--transactions", "10", "--blocks", "1", "--json"])
        .args(["--at-least", "1000", "--dir"])
        .arg(folder.path())
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{text}");
    // The figures are printed all the same.
    assert!(
        text.contains("transfer_per_second") && text.contains("boundary_step"),
        "{text}"
    );
    let said = String::from_utf8_lossy(&output.stderr);
    // What was printed is what is judged, however fast this machine is with so few transactions.
    let rows = text.lines().map(serde_json::from_str::<Value>);
    let rows: Vec<Value> = rows.collect::<Result<_, _>>().expect("JSON");
    let delegate = rows.iter().find(|row| row["name"] == "delegate_per_second");
    let ratio = delegate.and_then(|row| row["ratio"].as_f64());
    let ratio = ratio.expect("its part of transfers");
    for words in [
        "--at-least is 1000".to_owned(),
        format!("delegate_per_second is {ratio:.3} of transfer_per_second"),
    ] {
        assert!(said.contains(&words), "{words:?} is not in {said}");
    }
}

#[test]
fn folders_that_are_not_ours_are_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("root")).expect("a folder called root");
    fs::write(folder.path().join("local.json"), "{}").expect("write");
    for command in [&["localnet", "--reset", "--dir"][..], &["demo", "--dir"]] {
        let output = plasmid(command).arg(folder.path()).output().expect("runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{command:?}");
        assert!(said.contains("choose a"), "{command:?}: {said}");
        assert!(folder.path().join("root").is_dir(), "{command:?}");
    }
}

#[test]
fn bench_gas_says_where_it_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = plasmid(&["bench", "gas", "--json"])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("bridge/contracts/script/report.mjs"),
        "{said}"
    );
    assert!(said.contains("source folder"), "{said}");
}

#[test]
fn bench_app_refuses_fewer_accounts_than_senders() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = plasmid(&[
        "bench",
        "app",
        "--accounts",
        "10",
        "--transfers",
        "50",
        "--dir",
    ])
    .arg(folder.path())
    .output()
    .expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("there are 10"),
        "{said}"
    );
}

/// A place that takes no byte, as a full disk does, and one whose reader has gone away.
fn unwritable() -> [Stdio; 2] {
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    let (reader, gone) = std::io::pipe().expect("a pipe");
    drop(reader);
    [full.expect("Linux has it").into(), gone.into()]
}

#[test]
fn what_could_not_be_printed_is_no_success_unless_nobody_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().to_string_lossy().into_owned();
    for arguments in [
        &["version"][..],
        &["--output", "json", "version"],
        &["--keys", &keys, "keys", "list"],
        &["--output", "json", "--keys", &keys, "keys", "list"],
        &["--help"],
        &["keys", "--help"],
    ] {
        let [full, gone] = unwritable();
        let output = plasmid(arguments).stdout(full).output().expect("runs");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        let gone = plasmid(arguments).stdout(gone).output().expect("runs");
        assert!(gone.status.success(), "{arguments:?}: {gone:?}");
    }
    let [full, _] = unwritable();
    let output = plasmid(&["version"]).stdout(full).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("No space left"), "{said}");
}

/// The folder of a node without stake, whose root chain is at `endpoint`.
fn follower(folder: &Path, endpoint: String) {
    let registry = [0xcc; 20];
    let consensus = ed25519_zebra::SigningKey::from([3; 32]);
    let genesis = Genesis {
        parameters: Parameters {
            registry: registry.into(),
            ..Parameters::local()
        },
        operators: vec![Operator {
            operator: [1; 20],
            registration: 1,
            consensus_key: ed25519_zebra::VerificationKey::from(&consensus).into(),
            checkpoint_key: SecretKey::from_entropy(&[7; 32])
                .expect("a key")
                .public_key(),
            stake: 1_000_000_000_000_000_000,
            opening: Default::default(),
            profile: None,
        }],
        balances: Vec::new(),
        delegations: Vec::new(),
    };
    let root = RootAnchor {
        root_chain: abi::created_by(registry.into())[2].into(),
        parent_block_hash: [0xdd; 32].into(),
        time: 1_800_000_000,
    };
    let home = Home::new(folder);
    let genesis = File::new(&genesis, &root).expect("a genesis");
    home.write_genesis(&genesis).expect("written");
    let config = Config {
        abci: "tcp://127.0.0.1:1".into(),
        grpc: "127.0.0.1:1".parse().expect("an address"),
        grpc_proxies: Vec::new(),
        engine_rpc: "http://127.0.0.1:1".into(),
        metrics: None,
        share_with: Vec::new(),
        retain_blocks: 0,
        root: RootConfig {
            endpoints: vec![endpoint],
            registry: registry.into(),
            deployed_at: 1,
        },
    };
    home.write_config(&config).expect("written");
}

/// Waits until the node has come so often to its root chain, which hangs up; fails when it ends.
fn comes(node: &mut Child, root: &TcpListener, times: usize) {
    root.set_nonblocking(true).expect("a socket");
    let mut come = 0;
    while come < times {
        match root.accept() {
            Ok(_) => come += 1,
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
        let ended = node.try_wait().expect("a child");
        assert!(ended.is_none(), "it ended: {ended:?}");
    }
}

#[test]
fn a_node_whose_log_cannot_be_written_goes_on() {
    for stderr in unwritable() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = format!("http://{}", root.local_addr().expect("bound"));
        follower(folder.path(), endpoint);
        let mut node = plasmid(&["start", "--engine-elsewhere", "--home"])
            .arg(folder.path())
            .env_remove("RUST_LOG")
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .expect("runs");
        // It has logged that it has no checkpoint key before it asks root at all, and that root does not answer before it asks again.
        comes(&mut node, &root, 3);
        node.kill().expect("it runs still");
        node.wait().expect("it ends");
    }
}

/// Two processes on one folder would sign with the same keys: the second one refuses, before it asks root anything, and the first goes on.
#[test]
fn a_second_node_on_the_same_folder_refuses_to_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let endpoint = format!("http://{}", root.local_addr().expect("bound"));
    follower(folder.path(), endpoint);
    let start = || {
        let mut command = plasmid(&["--output", "json", "start", "--engine-elsewhere", "--home"]);
        command.arg(folder.path()).stderr(Stdio::null());
        command
    };
    let mut first = start().stdout(Stdio::null()).spawn().expect("runs");
    // It opens its store before it comes to root.
    comes(&mut first, &root, 1);
    let said = json_of(&start().output().expect("runs"))["error"].to_string();
    assert!(said.contains("in use by another process"), "{said}");
    assert!(said.contains("stop that one first"), "{said}");
    comes(&mut first, &root, 1);
    first.kill().expect("it runs still");
    first.wait().expect("it ends");
    // Nothing stays behind that would keep a node out.
    let mut again = start().stdout(Stdio::null()).spawn().expect("runs");
    comes(&mut again, &root, 1);
    again.kill().expect("it runs still");
    again.wait().expect("it ends");
}

/// A stream that takes no more bytes, because its reader stands still and has not gone away.
fn stuck() -> (UnixStream, Stdio) {
    let (reader, mut writer) = UnixStream::pair().expect("sockets");
    writer.set_nonblocking(true).expect("a socket");
    while writer.write(&[b'x'; 4_096]).is_ok() {}
    while writer.write(b"x").is_ok() {}
    writer.set_nonblocking(false).expect("a socket");
    (reader, OwnedFd::from(writer).into())
}

#[test]
fn a_node_that_fails_ends_though_nobody_takes_what_it_says() {
    let folder = tempfile::tempdir().expect("a folder");
    for form in ["text", "json"] {
        let [(_reader, stdout), (_other, stderr)] = [stuck(), stuck()];
        let mut node = plasmid(&["--output", form, "start", "--home"])
            .arg(folder.path().join("none"))
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .expect("runs");
        let ended = node.wait().expect("it ends");
        assert_eq!(ended.code(), Some(1), "{form}");
    }
}

#[test]
fn nobodys_own_key_is_put_under_the_password_of_a_local_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let local = folder.path().join(".plasmid/localnet");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    fs::create_dir_all(local.join("keys")).expect("a folder");
    fs::write(local.join("password"), "published\n").expect("written");
    fs::write(folder.path().join("password"), "secret\n").expect("written");
    let network = json!({
        "nodes": ["http://127.0.0.1:1"], "engines": [], "root": "http://127.0.0.1:1", "root_chain_id": 31_337, "deployment_id": "",
        "keys": local.join("keys"), "password_file": local.join("password"), "contracts": {},
    });
    fs::write(local.join("network.json"), network.to_string()).expect("written");
    let run = |arguments: &[&str]| {
        let mut command = plasmid(&["--output", "json"]);
        command.args(arguments).stdin(Stdio::null());
        command.env_remove("PLASMID_KEYS");
        command.env_remove("PLASMID_PASSWORD_FILE");
        command.env_remove("PLASMID_ROOT");
        command.env_remove("PLASMID_REGISTRY");
        command.env("HOME", folder.path().join("home"));
        command.current_dir(folder.path()).output().expect("runs")
    };
    let (secret, home) = (path("secret"), path("node"));
    fs::write(&secret, "11".repeat(32)).expect("written");
    fs::create_dir_all(folder.path().join("node/keys")).expect("a folder");
    fs::write(Home::new(Path::new(&home)).checkpoint_key_path(), "{}").expect("written");
    for arguments in [
        &["keys", "new", "anna"][..],
        &["keys", "import", "anna", "--secret-file", &secret],
        &["start", "--home", &home],
    ] {
        let said = json_of(&run(arguments))["error"].to_string();
        assert!(said.contains("--password-file"), "{arguments:?}: {said}");
    }
    let password = path("password");
    let made = json_of(&run(&["--password-file", &password, "keys", "new", "anna"]));
    assert_eq!(made["file"], path("home/.plasmid/keys/anna.json"), "{made}");
    assert_eq!(fs::read_dir(local.join("keys")).expect("it").count(), 0);
    // A name that the local network has too would stand for another account here.
    fs::write(local.join("keys/alice.json"), "{}").expect("written");
    for arguments in [
        &["--password-file", &password, "keys", "new", "alice"][..],
        &[
            "--password-file",
            &password,
            "keys",
            "import",
            "alice",
            "--secret-file",
            &secret,
        ],
    ] {
        let said = json_of(&run(arguments))["error"].to_string();
        assert!(said.contains("everybody knows"), "{arguments:?}: {said}");
    }
    assert!(!Path::new(&path("home/.plasmid/keys/alice.json")).exists());
    // What is used on the local network is looked for there, and what is used elsewhere is not.
    let pay = [
        "tx", "transfer", "--from", "zoe", "--to", "zoe", "--amount", "1",
    ];
    let elsewhere = ["--registry", "0x00000000000000000000000000000000000000e1"];
    for (arguments, looked) in [
        (pay.to_vec(), path(".plasmid/localnet/keys")),
        ([&elsewhere[..], &pay].concat(), path("home/.plasmid/keys")),
    ] {
        let said = json_of(&run(&arguments))["error"].to_string();
        assert!(said.contains(&looked), "{arguments:?}: {said}");
        assert!(said.contains("--keys"), "{arguments:?}: {said}");
    }
}

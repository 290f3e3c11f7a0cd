//! The README's local network, typed as it stands there: started, used, interrupted, started again, killed, started again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use plasmid::{ledger::Parameters, node::comet::Client};
use plasmid_tests::{pace::keeps_the_block_time, processes};
use serde_json::Value;

mod funding;
mod keys;
mod load;
mod registrations;
mod stake;
mod tokens;
mod verbs;
mod watcher;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace folder")
        .to_owned()
}

/// The commands of the README, each without `cargo run --release --`.
fn readme_commands() -> Vec<Vec<String>> {
    let text = fs::read_to_string(root().join("README.md")).expect("the README");
    let mut inside = false;
    let mut commands = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside && let Some(words) = line.strip_prefix("cargo run --release -- ") {
            commands.push(words.split_whitespace().map(str::to_owned).collect());
        }
    }
    commands
}

fn plasmid(folder: &Path) -> Command {
    let mut command = plasmid_tests::plasmid();
    command.current_dir(folder);
    command
}

/// A network in the foreground of another process.
struct Network {
    child: Child,
    description: Value,
}

impl Network {
    fn start(folder: &Path) -> Self {
        let block_time = plasmid_tests::fast_block_time();
        Self::start_with(folder, &["--block-time-ms", &block_time])
    }

    fn start_with(folder: &Path, more: &[&str]) -> Self {
        let mut command = plasmid(folder);
        command.args(["localnet", "--json"]).args(more);
        let (child, description) = plasmid_tests::start_localnet(&mut command, folder);
        Self { child, description }
    }

    fn signal(mut self, signal: i32) -> bool {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        assert_eq!(
            plasmid_tests::signal(pid, signal),
            0,
            "the network could not be signalled"
        );
        self.child.wait().expect("the network ends").success()
    }
}

fn run(folder: &Path, words: &[String]) -> Value {
    let output = plasmid(folder)
        .args(words)
        .args(["--output", "json"])
        .output()
        .expect("the command runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{words:?}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{words:?}: {text:?}: {error}"))
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// What a command that works says to a person.
fn said(folder: &Path, words: &[String]) -> String {
    let output = plasmid(folder).args(words).output();
    let output = output.expect("the command runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{words:?}: {text}");
    text
}

/// Standard output of a command that fails.
fn output_of_failure(folder: &Path, line: &str) -> String {
    output_of_failing_words(folder, &words(line))
}

fn output_of_failing_words(folder: &Path, words: &[String]) -> String {
    let output = plasmid(folder)
        .args(words)
        .args(["--output", "json"])
        .output()
        .expect("the command runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{words:?}: {text}");
    text.trim().to_owned()
}

/// The only thing that a command that fails says.
fn refused(folder: &Path, line: &str) -> String {
    refused_words(folder, &words(line))
}

fn refused_words(folder: &Path, words: &[String]) -> String {
    let text = output_of_failing_words(folder, words);
    let said: Value = serde_json::from_str(&text).expect("an error is JSON too");
    said["error"].as_str().expect("a sentence").to_owned()
}

/// A balance proven at a checkpoint that root accepted, and what a proof that was tampered with gives.
fn prove_and_verify(folder: &Path) {
    let bob = run(folder, &words("keys show bob"));
    let bob = bob["public"].as_str().expect("an account").to_owned();
    run(folder, &words(&format!("bridge prove --account {bob}")));
    let held = run(folder, &words("bridge verify"));
    assert_eq!(held["present"], true, "{held}");
    assert!(held["leaf"]["balance"].is_string(), "{held}");
    let against = held["checked_against"].as_str().expect("who vouches");
    assert!(against.contains("RootChain"), "{held}");
    run(
        folder,
        &words("bridge prove --withdrawal 1 --file paid.json"),
    );
    let paid = run(folder, &words("bridge verify paid.json"));
    assert_eq!(paid["leaf"]["amount"], "250000000000000000", "{paid}");
    run(
        folder,
        &words("bridge prove --withdrawal 77 --file none.json"),
    );
    let none = run(folder, &words("bridge verify none.json"));
    assert_eq!(none["present"], false, "{none}");

    let file = folder.join("proof.json");
    let text = fs::read_to_string(&file).expect("the proof");
    let proof: Value = serde_json::from_str(&text).expect("JSON");
    let mut richer = proof.clone();
    let value = proof["value"].as_str().expect("hex").to_owned();
    richer["value"] = format!("01{}", &value[2..]).into();
    let mut other = proof.clone();
    other["of"]["account"] = run(folder, &words("keys show alice"))["public"].clone();
    let mut forged = proof.clone();
    let checkpoint = proof["checkpoint"].as_str().expect("hex").to_owned();
    let last = checkpoint.len() - 1;
    let flipped = if checkpoint.ends_with('0') { "1" } else { "0" };
    forged["checkpoint"] = format!("{}{flipped}", &checkpoint[..last]).into();
    for (tampered, why) in [
        (richer, "does not hold"),
        (other, "claim's"),
        (forged, "root accepted digest"),
    ] {
        fs::write(&file, tampered.to_string()).expect("write");
        let said = refused(folder, "bridge verify");
        assert!(said.contains(why), "{said}");
    }
    // A Registry that the user names decides, not the node.
    let other = format!(
        "--registry 0x{} --keys .plasmid/localnet/keys --password-file .plasmid/localnet/password bridge deposit --from alice --amount 1",
        "11".repeat(20)
    );
    let said = refused(folder, &other);
    assert!(said.contains("another deployment"), "{said}");
    let dear = refused(
        folder,
        "tx transfer --from alice --to bob --amount 1 --max-fee 1",
    );
    assert!(dear.contains("--max-fee is 1"), "{dear}");
    let stranger = refused(folder, "bridge prove --account 0x12");
    assert!(stranger.contains("0x12"), "{stranger}");
}

/// Ends a network with SIGKILL and waits until all of its processes are gone.
fn killed(network: Network, folder: &Path) {
    network.signal(libc::SIGKILL);
    for _ in 0..600 {
        if processes(folder).is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("children outlive the network: {:?}", processes(folder));
}

/// SIGKILL in each of these states; what was consumed, paid or claimed before it is as it was, and the bridge goes on.
#[test]
fn a_network_killed_in_any_state_goes_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let amount = |who: &str| -> String {
        let held = run(folder, &words(&format!("query balances {who}")));
        held["balances"][0]["amount"]
            .as_str()
            .expect("an amount")
            .to_owned()
    };
    // Just ready, and nothing happened yet.
    killed(Network::start(folder), folder);
    // A deposit was consumed a moment ago: its block on root is the youngest final one.
    let network = Network::start(folder);
    let credited = run(
        folder,
        &words("bridge deposit --from alice --amount 1 --to bob"),
    );
    assert_eq!(credited["consumed"], true, "{credited}");
    killed(network, folder);
    // A transfer was committed a moment ago, and a deposit is under way: it is consumed or it never was, but not lost in between.
    let network = Network::start(folder);
    assert_eq!(amount("bob"), "1001");
    run(
        folder,
        &words("tx transfer --from bob --to carol --amount 0.25"),
    );
    let mut sender = plasmid(folder);
    sender.args(["bridge", "deposit", "--from", "alice", "--amount", "2"]);
    let mut sender = sender.stdout(Stdio::null()).spawn().expect("it starts");
    killed(network, folder);
    sender.kill().expect("it is ended");
    sender.wait().expect("it ends");
    // A withdrawal was claimed on root, in a block that is final: it stays claimed. (What is not final, a killed root chain may forget.)
    let network = Network::start(folder);
    assert_eq!(amount("carol"), "1000.25");
    run(folder, &words("tx withdraw --from alice --amount 0.25"));
    run(folder, &words("bridge claim 1 --from alice"));
    let seen = |status: Value| status["root_height"].as_u64().expect("a height");
    let claimed = seen(run(folder, &words("status")));
    let is_final = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        seen(run(folder, &words("status"))) > claimed + 4
    });
    assert!(is_final, "root stands still");
    killed(network, folder);
    let network = Network::start(folder);
    let alice = run(folder, &words("keys show alice"));
    let alice = alice["public"].as_str().expect("an account").to_owned();
    let paid = (0..600).any(|look| {
        if look > 0 {
            std::thread::sleep(Duration::from_millis(100));
        }
        let asked = words(&format!("query withdrawals --recipient {alice}"));
        run(folder, &asked)["withdrawals"][0]["paid"] == true
    });
    assert!(paid, "root forgot that it paid");
    let credited = run(
        folder,
        &words("bridge deposit --from alice --amount 1 --to carol"),
    );
    assert_eq!(credited["consumed"], true, "{credited}");
    assert!(
        network.signal(libc::SIGINT),
        "Ctrl-C ends the network with success"
    );
}

#[test]
fn the_readmes_commands_work_and_the_network_resumes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let commands = readme_commands();
    let first: Vec<String> = commands
        .iter()
        .take(3)
        .map(|words| words.join(" "))
        .collect();
    assert_eq!(
        first,
        ["demo", "demo --fraud", "localnet"],
        "the README's first commands"
    );
    let network = Network::start(folder);
    assert_eq!(
        network.description["nodes"].as_array().map(Vec::len),
        Some(4)
    );
    let used = &commands[3..];
    assert!(
        (4..=8).contains(&used.len()),
        "deposit to claim in at most eight commands: {used:?}"
    );
    for words in used {
        if ["query", "status"].contains(&words[0].as_str()) {
            // The other commands change something; these are asked twice, as people ask.
            let said = said(folder, words);
            assert!(said.contains("next: plasmid "), "{words:?}: {said}");
        }
        let answer = run(folder, words);
        match (words[0].as_str(), words[1..].first().map(String::as_str)) {
            ("bridge", Some("deposit")) => assert_eq!(answer["consumed"], true, "{answer}"),
            ("tx", _) => assert_eq!(answer["code"], 0, "{answer}"),
            ("bridge", Some("claim")) => assert!(
                answer["gas_used"].as_u64().is_some_and(|gas| gas > 21_000),
                "{answer}"
            ),
            ("query", _) => assert_eq!(answer["balances"][0]["amount"], "1000.5", "{answer}"),
            _ => assert!(
                answer["height"].as_u64().is_some_and(|height| height > 0),
                "{answer}"
            ),
        }
    }
    prove_and_verify(folder);
    let token = network.description["contracts"]["test_token"].as_str();
    verbs::tokens(folder, token.expect("the test token"));
    verbs::transactions(folder);
    verbs::waiting(folder);
    verbs::forced(folder);
    verbs::reads(folder);
    keys::files(folder);
    tokens::odd(folder, &network.description);
    tokens::lost(folder, &network.description);
    registrations::later(folder);
    stake::moves(folder, &network.description);
    registrations::keeps_a_key(folder);
    stake::retires(folder);
    funding::is_claimed(folder);
    let bob = run(folder, &words("query balances bob"));
    let before = run(folder, &words("status"));
    assert!(
        network.signal(libc::SIGINT),
        "Ctrl-C ends the network with success"
    );
    assert_eq!(processes(folder), Vec::<i32>::new(), "processes are left");

    let network = Network::start(folder);
    let after = run(folder, &words("status"));
    assert!(
        after["height"].as_u64() >= before["height"].as_u64(),
        "{before} {after}"
    );
    assert_eq!(after["chain_id"], before["chain_id"]);
    assert_eq!(run(folder, &words("query balances bob")), bob);
    killed(network, folder);

    let network = Network::start(folder);
    let again = run(folder, &words("status"));
    assert!(
        again["height"].as_u64() >= after["height"].as_u64(),
        "{after} {again}"
    );
    run(
        folder,
        &words("tx transfer --from bob --to carol --amount 0.125"),
    );
    assert!(network.signal(libc::SIGINT));

    // At the README's block time, unless the suite is run with another one.
    let block_time = plasmid_tests::block_time_ms(Parameters::local().block_time_ms);
    let text = block_time.to_string();
    let network = Network::start_with(folder, &["--reset", "--block-time-ms", &text]);
    let anew = run(folder, &words("status"));
    assert_ne!(anew["chain_id"], again["chain_id"], "a new deployment");
    let bob = run(folder, &words("query balances bob"));
    assert_eq!(bob["balances"][0]["amount"], "1000", "{bob}");
    let engine = network.description["engines"][0].as_str().expect("a URL");
    let engine = Client::with_url(engine.to_owned()).expect("an address");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(keeps_the_block_time(&engine, block_time));
    assert!(network.signal(libc::SIGINT));
}

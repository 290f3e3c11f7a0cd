//! `plasmid init`, typed as operators type it: two who share nothing but the plan found a network, and a third node joins it.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use plasmid::localnet::{anvil, port, tools::RootTools};
use plasmid::node::{
    development,
    founding::{self, Plan},
    metrics::METRICS,
    tools::Tools,
};
use plasmid_bridge::abi::IRegistry;
use plasmid_bridge::client::{
    ceremony::{self, Artifacts},
    follower::view_call,
    rpc::{At, Limits, Rpc},
    wallet::{FeePolicy, Key, Wallet},
};
use serde_json::{Value, json};

/// How long a network may take to make a few blocks, a block a second.
const POLLS: u32 = 3_000;

struct Place {
    folder: tempfile::TempDir,
    root: String,
}

impl Place {
    /// A new folder, with the password of its keys, for a network on this root chain.
    fn beside(anvil: &anvil::Anvil) -> Self {
        let place = Self {
            folder: tempfile::tempdir().expect("a folder"),
            root: anvil.url().to_owned(),
        };
        fs::write(place.path("password"), "correct horse\n").expect("write");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = plasmid_tests::plasmid();
        command.current_dir(self.folder.path());
        command
            .args(["--output", "json", "--root", &self.root])
            .args(["--keys", "keys", "--password-file", "password"]);
        command
    }

    fn run(&self, arguments: &str) -> Output {
        let output = self.command().args(arguments.split_whitespace()).output();
        output.expect("plasmid runs")
    }

    /// What a command that works says.
    fn good(&self, arguments: &str) -> Value {
        let output = self.run(arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments}: {text} {said}");
        serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }

    /// Why a command that does not work does not.
    fn refused(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success(), "{arguments}: {text}");
        let said: Value = serde_json::from_str(text.trim()).expect("an error is JSON too");
        said["error"].as_str().expect("a sentence").to_owned()
    }

    /// A key file of one of anvil's funded accounts; gives its address.
    fn import(&self, name: &str, number: usize) -> String {
        let secret = development::anvil_secret(number).expect("anvil has it");
        let file = self.path("secret");
        fs::write(&file, hex::encode(*secret)).expect("write");
        let made = self.good(&format!("keys import {name} --secret-file secret"));
        fs::remove_file(file).expect("remove");
        made["public"].as_str().expect("an address").to_owned()
    }
}

/// A node's two processes, killed when dropped.
struct Node {
    children: Vec<Child>,
    rpc: SocketAddr,
}

impl Node {
    fn start(place: &Place, home: &str, engine: &str, rpc: SocketAddr) -> Self {
        let log = |name: &str| {
            let path = place.path(&format!("{home}-{name}.log"));
            Stdio::from(fs::File::create(path).expect("a log"))
        };
        let mut node = place.command();
        node.args(["start", "--home", home])
            .stdout(log("out"))
            .stderr(log("node"));
        let mut comet = Command::new(engine);
        let folder = place.path(home).join("cometbft");
        comet.arg("start").arg("--home").arg(folder);
        comet.stdout(log("comet")).stderr(Stdio::null());
        let children = vec![node.spawn().expect("node"), comet.spawn().expect("engine")];
        Self { children, rpc }
    }

    async fn block(&self, height: u64) -> Option<Value> {
        let url = format!("http://{}/block?height={height}", self.rpc);
        let client = reqwest::Client::builder().no_proxy().build().ok()?;
        let text = client.get(url).send().await.ok()?.text().await.ok()?;
        let answer: Value = serde_json::from_str(&text).ok()?;
        let block = answer["result"]["block"].clone();
        block.is_object().then_some(block)
    }

    async fn app_hash(&self, height: u64) -> String {
        for _ in 0..POLLS {
            if let Some(block) = self.block(height).await {
                let hash = block["header"]["app_hash"].as_str();
                return hash.expect("an app hash").to_owned();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("{} has no block {height}", self.rpc);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port::free().expect("a free port")))
}

async fn root(folder: &Path) -> anvil::Anvil {
    let options = anvil::Options {
        port: port::free().expect("a free port"),
        chain_id: 31_337,
        block_time_secs: 1,
        idle_block_time_secs: 1,
        folder: folder.to_owned(),
    };
    let tools = tokio::task::spawn_blocking(|| RootTools::ensure(&Tools::new(None)));
    let program = tools.await.expect("no panic").expect("root tools").anvil;
    anvil::Anvil::start(&program, &options)
        .await
        .expect("anvil")
}

/// A node that joins again has what its operator set in between, and what the chain relies on.
fn joined_again(place: &Place, with: &str, plain: &str) {
    place.good(with);
    let own = place.path("c/plasmid.toml");
    let before = fs::read_to_string(&own).expect("the configuration");
    for line in ["metrics = ", "share_with = [\"http", "//localhost:"] {
        assert!(before.contains(line), "{line} is missing in\n{before}");
    }
    let file = place.path("c/cometbft/config/config.toml");
    let text = fs::read_to_string(&file).expect("the engine's configuration");
    let set = text
        .replace("timeout_propose = \"3000ms\"", "timeout_propose = \"4s\"")
        .replace("recheck = true", "recheck = false");
    assert_ne!(set, text);
    fs::write(
        &file,
        format!("{set}\n[instrumentation]\nnamespace = \"mine\"\n"),
    )
    .expect("write");
    place.good(plain);
    let text = fs::read_to_string(&file).expect("the engine's configuration");
    for line in [
        "timeout_propose = \"4s\"",
        "namespace = \"mine\"",
        "recheck = true",
        "moniker = \"cee\"",
        "allow_duplicate_ip = true",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert_eq!(fs::read_to_string(&own).expect("the file"), before);
    let peers = |text: &str| {
        let mut lines = text.lines();
        let line = lines.find(|line| line.starts_with("persistent_peers ="));
        line.expect("the line").to_owned()
    };
    assert_eq!(peers(&text), peers(&set));
    assert!(peers(&text).contains('@'), "{text}");
    // What cannot be read is not written over.
    let typo = before.replace("grpc = ", "gprc = ");
    fs::write(&own, &typo).expect("write");
    let refused = place.refused(plain);
    assert!(refused.contains("gprc"), "{refused}");
    assert_eq!(fs::read_to_string(&own).expect("the file"), typo);
    fs::write(&own, before).expect("write");
    for wrong in ["--metrics 127.0.0.1:0", "--share-with a.example:9090"] {
        let output = place.run(&format!("{plain} {wrong}"));
        assert!(!output.status.success(), "{wrong}");
    }
}

/// Prometheus finds every name that docs/METRICS.md lists, and nothing else is served.
async fn every_metric_is_served(address: SocketAddr) {
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let ask = |path: &str| client.get(format!("http://{address}{path}")).send();
    let page = ask("/metrics").await.expect("an answer");
    assert_eq!(page.status(), 200);
    let page = page.text().await.expect("text");
    for metric in &METRICS {
        let line = page
            .lines()
            .find(|line| line.starts_with(&format!("{}{{", metric.name)));
        let line = line.unwrap_or_else(|| panic!("{} is not in\n{page}", metric.name));
        let value = line.rsplit(' ').next().expect("a value");
        assert!(value.parse::<u64>().is_ok(), "{line}");
    }
    assert!(
        page.contains("cometbft_consensus_height{chain_id=\"plasmid-"),
        "{page}"
    );
    assert_eq!(ask("/").await.expect("an answer").status(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_operators_found_a_network_step_by_step_and_a_third_node_joins_it() {
    let root_folder = tempfile::tempdir().expect("a folder");
    let anvil = root(root_folder.path()).await;
    let place = Place::beside(&anvil);
    let (ann, ben) = (place.import("ann", 1), place.import("ben", 2));
    let rich = place.import("rich", 3);

    let wrong = place.refused(&format!("init plan --operator {ann} --operator {ann}"));
    assert!(wrong.contains("twice"), "{wrong}");
    let wrong = place.refused(&format!("init plan --operator {ann} --root-chain-id 1"));
    assert!(wrong.contains("31337"), "{wrong}");
    let plan = format!(
        "init plan --preset local --block-time-ms {} --shortest-epoch-secs 1 --operator {ann} --operator {ben} --balance {rich}=5 --delegation {rich}={ben}=1",
        plasmid_tests::block_time_ms(126)
    );
    let said = place.good(&plan);
    assert_eq!(
        (said["operators"].as_u64(), said["record_slots"].as_u64()),
        (Some(2), Some(350))
    );
    let wrong = place.refused(&plan);
    assert!(wrong.contains("exists"), "{wrong}");

    // A plan is there to be changed: shorter epochs, for a test's sake.
    let file = place.path("network.toml");
    let text = fs::read_to_string(&file).expect("the plan");
    let shorter = text.replace("epoch_blocks = 64", "epoch_blocks = 16");
    assert_ne!(shorter, text);
    fs::write(&file, &shorter).expect("write");
    let many = place.refused("init deploy --from rich");
    assert!(many.contains("fall due in the longest epoch"), "{many}");
    let fewer = shorter.replace("inbox_interval_ms = 100", "inbox_interval_ms = 500");
    fs::write(&file, fewer).expect("write");

    let early = place.refused("init register --home a --from ann --stake 3");
    assert!(early.contains("init deploy"), "{early}");
    let deployed = place.good("init deploy --from rich");
    assert_eq!(deployed["registry"], said["registry"]);
    assert_eq!(
        place.good("init deploy --from rich"),
        deployed,
        "a second time does nothing"
    );
    let stranger = place.refused("init register --home r --from rich --stake 3");
    assert!(
        stranger.contains("not an operator of the plan"),
        "{stranger}"
    );
    let little = place.refused("init register --home a --from ann --stake 0.0001");
    assert!(
        little.contains("less than a seat needs, 0.01 coins"),
        "{little}"
    );

    let first = place.good("init register --home a --from ann --stake 3");
    let zero = format!("--agreement 0x{}", "0".repeat(64));
    let missing = place.refused(&format!("init agree --from ann {zero}"));
    assert!(missing.contains(&ben), "{missing}");
    let early = place.good("init status");
    assert!(early["agreement"].is_null(), "{early}");
    // Taken back and registered anew, with the same keys.
    place.good("init refund --from ann");
    let again = place.good("init register --home a --from ann --stake 3");
    assert_eq!(again["consensus_key"], first["consensus_key"]);
    assert_eq!(again["checkpoint_key"], first["checkpoint_key"]);
    place.good("init register --home b --from ben --stake 2");

    // What everybody has looked at: ben then comes back with another stake, and nobody agrees on that unseen.
    let status = place.good("init status");
    let shares = |status: &Value| -> Vec<String> {
        let rows = status["operators"].as_array().expect("rows").iter();
        let text = |row: &Value| row["share"].as_str().expect("a share").to_owned();
        rows.map(text).collect()
    };
    assert_eq!(shares(&status), ["60.0 %", "40.0 %"]);
    let seen = status["agreement"].as_str().expect("a hash").to_owned();
    place.good("init refund --from ben");
    place.good("init register --home b --from ben --stake 7");
    let changed = place.refused(&format!("init agree --from ann --agreement {seen}"));
    assert!(
        changed.contains(&seen)
            && changed.contains(&format!("{ben} with 7 coins, 70.0 % of the power")),
        "{changed}"
    );
    let status = place.good("init status");
    assert_eq!(status["operators"][0]["agreed"], "no", "{status}");
    let warning = status["warnings"][0].to_string();
    assert!(
        warning.contains(&ben) && warning.contains("more than two thirds"),
        "{warning}"
    );
    place.good("init refund --from ben");
    let second = place.good("init register --home b --from ben --stake 2");
    assert_eq!(place.good("init status")["agreement"], *seen);

    let agree = |who: &str| format!("init agree --from {who} --agreement {seen}");
    let agreed = place.good(&agree("ann"));
    assert_eq!(agreed["agreement"], *seen);
    assert_eq!(shares(&agreed), ["60.0 %", "40.0 %"]);
    assert_eq!(agreed["sum"], "11");
    assert_eq!(agreed["balances_sum"], "5");
    assert_eq!(agreed["balances"][0]["amount"], "5");
    assert_eq!(agreed["delegations"][0]["amount"], "1");
    assert_eq!(agreed["operators"][1]["later_share"], "50.0 %", "{agreed}");
    let unnamed = place.refused("init create --from rich");
    assert!(unnamed.contains("--pay 6"), "{unnamed}");
    let missing = place.refused("init create --from rich --pay 6");
    assert!(missing.contains(&ben), "{missing}");
    // Who agrees with another plan agrees on something else; the one whose plan is whole cannot lose by it.
    let text = fs::read_to_string(place.path("network.toml")).expect("the plan");
    let other = text.replace("challenge_secs = 4", "challenge_secs = 5");
    fs::write(place.path("other.toml"), other).expect("write");
    let differing = place.refused("init create --from rich --pay 6 --plan other.toml");
    assert!(differing.contains("has agreed on"), "{differing}");
    assert_eq!(place.good(&agree("ben"))["agreement"], *seen);
    let early = place.refused("init join --home a");
    assert!(early.contains("has not created"), "{early}");
    let created = place.good("init create --from rich --pay 6");
    assert_eq!(created["steps_taken"], 7, "{created}");
    assert_eq!(created["transactions"].as_array().map(Vec::len), Some(7));
    let late = place.refused("init create --from rich --pay 6");
    assert!(late.contains("created already"), "{late}");
    let differing = place.refused("init join --home a --plan other.toml");
    let what = "challenge_secs is 5 in the genesis state and 4 in the contracts";
    assert!(differing.contains(what), "{differing}");
    let operators = place.good("init status");
    let agreed = operators["operators"].as_array().expect("rows");
    assert!(
        agreed.iter().all(|row| row["agreed"] == "yes"),
        "{operators}"
    );

    let peer = place.refused("init join --home a --peer 127.0.0.1:5");
    assert!(peer.contains("ID@HOST:PORT"), "{peer}");
    let ports: Vec<_> = (0..13).map(|_| loopback()).collect();
    let id = |said: &Value| said["node_id"].as_str().expect("a node id").to_owned();
    let peers = format!(
        "--peer {}@{} --peer {}@{}",
        id(&first),
        ports[2],
        id(&second),
        ports[5]
    );
    let mut nodes = Vec::new();
    for (number, home) in ["a", "b", "c"].into_iter().enumerate() {
        let at = &ports[number * 3..];
        let join = format!(
            "init join --home {home} --private --grpc {} --rpc {} --p2p {} {peers}",
            at[0], at[1], at[2]
        );
        // The two validators hand their shares to each other.
        let share = match number {
            0 => format!("--share-with http://{}", ports[3]),
            1 => format!("--share-with http://{}", ports[0]),
            _ => String::new(),
        };
        let said = place.good(&format!("{join} {share}"));
        if home == "c" {
            let second = place.root.replace("127.0.0.1", "localhost");
            let with = format!(
                "{join} --metrics {} --share-with http://{} --second-root {second} --moniker cee",
                ports[9], ports[0]
            );
            joined_again(&place, &with, "init join --home c");
        }
        assert_eq!(said["chain_id"], created["chain_id"]);
        assert_eq!(said["validates"].as_bool(), Some(home != "c"));
        let engine = said["engine"].as_str().expect("a path").to_owned();
        nodes.push(Node::start(&place, home, &engine, at[1]));
    }
    let expected = nodes[0].app_hash(4).await;
    for node in &nodes {
        assert_eq!(node.app_hash(4).await, expected);
    }
    let at = format!(
        "--node http://{} --registry {}",
        ports[6],
        deployed["registry"].as_str().expect("an address")
    );
    let status = place.good(&format!("{at} status"));
    assert_eq!(status["chain_id"], created["chain_id"]);
    every_metric_is_served(ports[9]).await;

    // Its checkpoints reach root, by a relayer that asks the node that signs nothing; money comes in.
    let mut relay = place.command();
    relay.args(at.split_whitespace());
    relay.args(["relay", "--from", "ben", "--patience", "0"]);
    nodes[2].children.push(relay.spawn().expect("the relayer"));
    let credited = place.good(&format!("{at} bridge deposit --from ann --amount 1"));
    assert_eq!(credited["code"], 0, "{credited}");
    let own = place.good(&format!("{at} query account {ann}"));
    assert_eq!(own["balance"], "1000000000000000000", "{own}");
    let staked = place.good(&format!("{at} query stake position 3"));
    assert_eq!(
        (&staked["held"], &staked["legs"][0]["first"]),
        (&"1000000000000000000".into(), &2.into()),
        "{staked}"
    );
    for _ in 0..POLLS {
        let status = place.good(&format!("{at} status"));
        if status["checkpoints_accepted"].as_u64() >= Some(1) {
            let join = format!(
                "init join --home d --private --grpc {} --rpc {} --p2p {} {peers}",
                ports[10], ports[11], ports[12]
            );
            let registry = deployed["registry"].as_str().expect("an address");
            joins_by_a_snapshot(&place, (&join, registry), &ports, &nodes).await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("root accepted no checkpoint");
}

/// A fourth node begins with a state of the others, and has none of the blocks before it.
async fn joins_by_a_snapshot(
    place: &Place,
    (join, registry): (&str, &str),
    ports: &[SocketAddr],
    nodes: &[Node],
) {
    let (first, second) = (ports[1], ports[4]);
    let alone = place.refused(&format!("{join} --snapshot http://{first}"));
    assert!(alone.contains("two at least"), "{alone}");
    let nobody = loopback();
    let silent = place.refused(&format!(
        "{join} --snapshot http://{nobody} --snapshot http://{nobody}"
    ));
    assert!(silent.contains("no RPC server shows"), "{silent}");
    assert!(!place.path("d").exists(), "something was written");
    let said = place.good(&format!(
        "{join} --snapshot http://{first} --snapshot http://{second}"
    ));
    let engine = said["engine"].as_str().expect("a path").to_owned();
    let node = Node::start(place, "d", &engine, ports[11]);
    let status = |grpc| {
        place.good(&format!(
            "--node http://{grpc} --registry {registry} status"
        ))
    };
    let height = status(ports[0])["height"].as_u64().expect("a height") + 40;
    assert_eq!(node.app_hash(height).await, nodes[0].app_hash(height).await);
    assert!(node.block(1).await.is_none(), "it has the first block");
    let status = status(ports[10]);
    assert!(status["height"].as_u64() >= Some(height - 1), "{status}");
}

/// Operators who all agree can have root keep less than what the first state says. Nobody who has the plan joins them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_joins_a_network_whose_escrow_is_not_the_sum_of_its_first_state() {
    let root_folder = tempfile::tempdir().expect("a folder");
    let anvil = root(root_folder.path()).await;
    let place = Place::beside(&anvil);
    let (ann, rich) = (place.import("ann", 1), place.import("rich", 3));
    place.good(&format!(
        "init plan --preset local --operator {ann} --balance {rich}=5 --delegation {rich}={ann}=2"
    ));
    let deployed = place.good("init deploy --from rich");
    place.good("init register --home a --from ann --stake 3");
    let rpc = Rpc::new(anvil.url(), Limits::default()).expect("an endpoint");
    let plan = Plan::read(&place.path("network.toml")).expect("a plan");
    let registry = deployed["registry"].as_str().expect("an address");
    let registry: Address = registry.parse().expect("an address");
    let agreed = founding::agreed(&rpc, registry, &plan).await;
    let mut genesis = agreed.expect("registered").arguments;
    let coin = U256::from(10).pow(U256::from(18));
    assert_eq!(genesis.sigma, U256::from(10) * coin);
    genesis.sigma = U256::from(3) * coin;

    let secret = development::anvil_secret(1).expect("anvil has it");
    let key = Key::from_bytes(&secret).expect("it is a key");
    let again = Rpc::new(anvil.url(), Limits::default()).expect("an endpoint");
    let operator = Wallet::open(Arc::new(again), key, 31_337, FeePolicy::default()).await;
    let operator = operator.expect("root answers");
    let call = IRegistry::agreementOfCall {
        genesis: genesis.clone(),
    };
    let agreement = view_call(&rpc, registry, call, At::Latest).await;
    let agreement = agreement.expect("root answers");
    ceremony::agree(&operator, registry, agreement)
        .await
        .expect("it is one operator alone");
    let artifacts = Artifacts::embedded().expect("the contracts");
    let nothing = U256::ZERO;
    ceremony::create(
        &operator,
        registry,
        &artifacts,
        &genesis,
        nothing,
        &mut |_| {},
    )
    .await
    .expect("the contracts take what was agreed");
    let said = place.refused("init join --home b");
    assert!(said.contains("the agreement on root"), "{said}");
}

/// A creation that somebody began and nobody finished in its time: what can be done is said, and every stake returns.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_creation_that_is_not_finished_in_time_says_what_to_do_and_gives_the_stake_back() {
    let root_folder = tempfile::tempdir().expect("a folder");
    let anvil = root(root_folder.path()).await;
    let place = Place::beside(&anvil);
    let (ann, rich) = (place.import("ann", 1), place.import("rich", 3));
    place.good(&format!("init plan --preset local --operator {ann}"));
    let deployed = place.good("init deploy --from rich");
    place.good("init register --home a --from ann --stake 3");
    let agreement = place.good("init status")["agreement"].clone();
    let agree = format!(
        "init agree --from ann --agreement {}",
        agreement.as_str().expect("a hash")
    );
    place.good(&agree);

    // Its first step alone, by a stranger.
    let rpc = Rpc::new(anvil.url(), Limits::default()).expect("an endpoint");
    let plan = Plan::read(&place.path("network.toml")).expect("a plan");
    let registry = deployed["registry"].as_str().expect("an address");
    let registry: Address = registry.parse().expect("an address");
    let agreed = founding::agreed(&rpc, registry, &plan).await;
    let artifacts = Artifacts::embedded().expect("the contracts");
    let call = IRegistry::createCall {
        step: U256::ZERO,
        genesis: agreed.expect("registered").arguments,
        code: artifacts.manifest()[0].1.clone(),
    };
    let call = json!([{ "from": rich, "to": registry, "data": Bytes::from(call.abi_encode()), "gas": "0xf00000" }]);
    rpc.once("eth_sendTransaction", call)
        .await
        .expect("it is taken");
    let is_begun = || place.good("init status")["steps_made"] == "1";
    for _ in 0..POLLS {
        if is_begun() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(is_begun());
    let bound = place.refused("init refund --from ann");
    assert!(bound.contains("locked until root time"), "{bound}");

    rpc.once("evm_increaseTime", json!([plan.lock_secs + 1]))
        .await
        .expect("time passes");
    rpc.once("evm_mine", json!([])).await.expect("a block");
    let words = [
        "1 of 7 steps",
        "init refund",
        "the same stake",
        "another salt",
    ];
    let says_all = |said: &str| {
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
    };
    let lapsed = place.refused("init create --from rich");
    assert!(lapsed.contains("ran out at root time"), "{lapsed}");
    says_all(&lapsed);
    place.good("init refund --from ann");
    let gone = place.refused("init create --from rich");
    assert!(gone.contains("not registered yet"), "{gone}");
    says_all(&gone);
    says_all(&place.refused(&agree));

    // And it goes on with the same.
    place.good("init register --home a --from ann --stake 3");
    place.good(&agree);
    let created = place.good("init create --from rich");
    assert_eq!(created["steps_taken"], 6, "{created}");
}

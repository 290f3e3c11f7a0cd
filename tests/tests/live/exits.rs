//! All validators are killed, and everybody leaves with root alone: balances of the coin and of a token, an address's and a key's, a pending
//! withdrawal, and a deposit that nobody ever consumed. Each is paid once, and the Vault keeps what stakes and pools hold.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use alloy_primitives::{Address, U256};
use plasmid::chain::tree::Tree;
use plasmid::ledger::leaf::{AccountLeaf, AssetLeaf};
use plasmid::ledger::{Account, Parameters, Slot, Value as _};
use plasmid::store::image;
use plasmid_bridge::abi::{IToken, IVault};
use plasmid_tests::running::{NATIVE, Plan, Running, person};
use serde_json::{Value, json};

/// T and the grace, by root's clock, which the test moves when nobody is left who could accept anything.
const TIMEOUT: u64 = 1_920;
const GRACE: u64 = 120;
/// Units of the token that an address and a key get.
const TO_ALICE: u128 = 7_000_000;
const TO_BOB: u128 = 9_000_000;
/// Coins, in wei.
const WITHDRAWN: u128 = 5_000_000_000_000_000_000;
const STRANDED: u128 = 3_000_000_000_000_000_000;
/// Where the key's account is paid.
const PAYOUT: Address = Address::repeat_byte(0x88);

/// What a command said, or why it failed.
pub(super) fn typed(running: &Running, arguments: &[&str]) -> Result<Value, String> {
    let network = &running.network;
    let mut command = plasmid_tests::plasmid();
    command
        .args(arguments)
        .args(["--output", "json"])
        .args(["--node", &network.grpc(0)])
        .args(["--root", network.anvil.url()])
        .args(["--registry", &network.local.registry.to_string()])
        .arg("--keys")
        .arg(network.folder.join("keys"))
        .arg("--password-file")
        .arg(network.password_file());
    let done = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let line = said.lines().last().unwrap_or_default();
    let value: Value = serde_json::from_str(line).unwrap_or(Value::Null);
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    match done.status.success() {
        true => Ok(value),
        false => Err(format!("{arguments:?}: {said}{told}")),
    }
}

pub(super) fn done(running: &Running, arguments: &[&str]) -> Value {
    let value = typed(running, arguments).unwrap_or_else(|error| panic!("{error}"));
    println!("{arguments:?}: {value}");
    value
}

fn stage(running: &Running) -> String {
    let status = done(running, &["exit", "status"]);
    status["stage"].as_str().expect("a stage").to_owned()
}

/// D of local networks, and a second, because due times are milliseconds.
const MESSAGE_DELAY: u64 = 6;

/// Root's clock goes on by this number of seconds.
pub(super) async fn passes(running: &Running, secs: u64) {
    for (method, value) in [("evm_increaseTime", json!([secs])), ("evm_mine", json!([]))] {
        let done = running.rpc.once(method, value).await;
        done.expect("anvil moves its clock");
    }
}

async fn coins(running: &Running, of: Address) -> U256 {
    running.rpc.balance(of).await.expect("root answers")
}

async fn tokens(running: &Running, of: Address) -> U256 {
    let call = IToken::balanceOfCall { owner: of };
    running.view().read(running.network.local.token, call).await
}

async fn escrow(running: &Running, token: Address) -> U256 {
    let call = IVault::escrowCall { token };
    running.view().read(running.vault, call).await
}

fn state(file: &Path) -> Tree {
    let file = File::open(file).expect("the exported file");
    image::read(BufReader::new(file)).expect("it reads").1
}

fn balance(tree: &Tree, account: Account) -> u128 {
    let leaf = tree.get(&Slot::Account(account).key());
    leaf.map_or(0, |(_, _, bytes)| {
        AccountLeaf::decode(bytes).expect("an account").balance
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_leaves_when_all_validators_are_gone() {
    let plan = Plan {
        parameters: Parameters {
            exit_timeout_secs: TIMEOUT,
            grace_secs: GRACE,
            ..Plan::default().parameters
        },
        ..Plan::default()
    };
    let mut running = Running::start(&plan).await;
    let (alice, carol) = (
        person(&running, "alice").await,
        person(&running, "carol").await,
    );
    let bob = person(&running, "bob").await.account;
    let token = running.network.local.token.to_string();

    // What people have, and a withdrawal that waits.
    let bob_text = bob.to_string();
    for (to, amount) in [
        (alice.account.to_string(), TO_ALICE),
        (bob_text.clone(), TO_BOB),
    ] {
        let amount = format!("{amount}base");
        let deposit = ["bridge", "deposit", "--from", "alice", "--to", &to];
        done(
            &running,
            &[&deposit[..], &["--token", &token, "--amount", &amount]].concat(),
        );
    }
    let recipient = Address::repeat_byte(0x77);
    running.withdraw(0, &alice, recipient, WITHDRAWN).await;
    let epoch = running.view().status(0).await.epoch;
    running
        .until(
            "root has accepted a checkpoint behind all that",
            |view| async move { (view.head().await.accepted > epoch.max(1)).then_some(()) },
        )
        .await;
    assert_eq!(stage(&running), "open");
    let status = done(&running, &["exit", "status"]);
    assert_eq!(status["exit_timeout_secs"], TIMEOUT, "{status}");
    assert_eq!(status["grace_secs"], GRACE, "{status}");
    let tau = status["last_tau"]
        .as_u64()
        .expect("a checkpoint was accepted");
    assert_eq!(status["begins_from"], tau + TIMEOUT, "{status}");
    assert!(status["root_time"].as_u64() >= Some(tau), "{status}");
    assert!(status["exit_at"].is_null(), "{status}");
    let node = done(&running, &["status"]);
    assert!(node["exit_at"].is_null(), "{node}");
    let early = typed(&running, &["exit", "begin", "--from", "relayer", "--yes"]);
    let early = early.expect_err("checkpoints come");
    assert!(early.contains("exit mode can begin from"), "{early}");

    // Nobody is left.
    if let Some(mut relayer) = running.network.relayer.take() {
        relayer.kill().expect("it is killed");
    }
    for place in &mut running.network.nodes {
        let mut node = place.take().expect("the node runs");
        node.engine.process().kill().expect("it is killed");
        node.app.kill().expect("it is killed");
    }
    let stranded = running.deposit(&carol, &carol.account, STRANDED).await;
    let head = running.view().head().await;
    assert!(head.inboxCursor < stranded);

    // The deployment closes, and is over.
    passes(&running, TIMEOUT + MESSAGE_DELAY).await;
    let overdue = [
        "exit",
        "begin",
        "--overdue",
        "--from",
        "relayer",
        "--dry-run",
    ];
    let overdue = done(&running, &overdue);
    let now = done(&running, &["exit", "status"])["root_time"].as_u64();
    let due = overdue["due"].as_u64().expect("a message is overdue");
    assert!(Some(due + TIMEOUT) <= now, "{overdue}");
    assert_eq!(overdue["transactions_planned"], 1, "{overdue}");
    assert!(overdue["gas_limit"].as_u64() > Some(21_000), "{overdue}");
    done(&running, &["exit", "begin", "--from", "relayer", "--yes"]);
    let status = done(&running, &["exit", "status"]);
    let tau = status["last_tau"]
        .as_u64()
        .expect("a checkpoint was accepted");
    assert_eq!(status["exit_at"], tau + TIMEOUT + GRACE, "{status}");
    assert_eq!(stage(&running), "closing");
    let late = ["bridge", "fund-rewards", "1", "--from", "alice", "--yes"];
    let late = typed(&running, &late).expect_err("nothing enters it");
    assert!(late.contains("the deployment is closing"), "{late}");
    let open = ["exit", "open", "--from", "relayer", "--yes"];
    let early = typed(&running, &open).expect_err("checkpoints are still taken");
    assert!(early.contains("is closing"), "{early}");
    passes(&running, GRACE).await;
    assert_eq!(stage(&running), "exit mode");
    done(&running, &open);
    assert_eq!(stage(&running), "paying");
    done(&running, &open);

    // The base's state, from a folder of a node that is dead, and an older one, which is refused.
    let base = head.accepted - 1;
    let home = running.home(0).path().display().to_string();
    let file = running.network.folder.join("base.state");
    let older = running.network.folder.join("older.state");
    for (path, epoch) in [(&file, base), (&older, base - 1)] {
        let (path, epoch) = (path.display().to_string(), epoch.to_string());
        done(
            &running,
            &["export", &path, "--home", &home, "--epoch", &epoch],
        );
    }
    let tree = state(&file);
    let file = file.display().to_string();
    let leave = |more: &[&str]| -> Vec<String> {
        let leave = ["exit", "leave", "--from", "relayer", "--yes"];
        leave
            .iter()
            .chain(more)
            .map(|text| (*text).to_owned())
            .collect()
    };
    let pays = |running: &Running, more: &[&str]| {
        let words = leave(more);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        typed(running, &words)
    };
    let older = older.display().to_string();
    let wrong = pays(&running, &["--state", &older, "--account", "alice"]);
    let wrong = wrong.expect_err("it is another epoch's");
    assert!(
        wrong.contains(&format!("plasmid export --epoch {base}")),
        "{wrong}"
    );

    // What she would get, as it is asked for.
    let asked = ["exit", "status", "--account", "alice", "--state", &file];
    let asked = done(&running, &asked);
    let under = format!("the base, the checkpoint of epoch {base}");
    assert_eq!(asked["under"], under, "{asked}");
    let own = balance(&tree, alice.account).to_string();
    let leaves = asked["leaves"].as_array().expect("her leaves");
    assert_eq!(leaves.len(), 2, "{asked}");
    for leaf in leaves {
        assert_eq!(leaf["paid"], false, "{asked}");
        let amount = match leaf["token"] == Address::ZERO.to_string() {
            true => own.clone(),
            false => TO_ALICE.to_string(),
        };
        assert_eq!(leaf["amount"], amount, "{asked}");
        assert!(leaf["what"].as_str().is_some_and(|what| !what.is_empty()));
    }

    // One leaves: her coin, her token. She gets it once.
    let root = alice.wallet.address();
    let before = (coins(&running, root).await, tokens(&running, root).await);
    let paid = pays(&running, &["--state", &file, "--account", "alice"]).expect("she is paid");
    println!("alice: {paid}");
    assert_eq!(paid["paid"].as_array().map(Vec::len), Some(2), "{paid}");
    let own = balance(&tree, alice.account);
    assert_ne!(own, 0);
    let after = (coins(&running, root).await, tokens(&running, root).await);
    assert_eq!(after.0 - before.0, U256::from(own));
    assert_eq!(after.1 - before.1, U256::from(TO_ALICE));
    let again = pays(&running, &["--state", &file, "--account", "alice"]).expect("nothing is left");
    assert_eq!(again["already_paid"], 2, "{again}");
    assert!(again["paid"].is_null(), "{again}");

    // A key's account waits until it says where.
    let waits = pays(&running, &["--state", &file, "--account", &bob_text]).expect("it waits");
    assert_eq!(waits["waits"].as_array().map(Vec::len), Some(2), "{waits}");
    let payout = PAYOUT.to_string();
    let name = ["exit", "name", "--key", "bob", "--payout", &payout];
    let named = done(
        &running,
        &[&name[..], &["--from", "relayer", "--yes"]].concat(),
    );
    assert!(named["deadline"].as_u64() > now, "{named}");

    // Somebody carries all others in one range.
    let before = coins(&running, carol.wallet.address()).await;
    let count = tree.count().to_string();
    let range = format!("0..{count}");
    let rest = pays(&running, &["--state", &file, "--range", &range]).expect("all are paid");
    println!("the rest: {rest}");
    assert_eq!(rest["unknown"], json!([]), "{rest}");
    assert_eq!(rest["waits"], json!([]), "{rest}");
    assert_eq!(rest["failed"], json!([]), "{rest}");
    assert_eq!(
        coins(&running, PAYOUT).await,
        U256::from(balance(&tree, bob))
    );
    assert_eq!(tokens(&running, PAYOUT).await, U256::from(TO_BOB));
    assert_eq!(coins(&running, recipient).await, U256::from(WITHDRAWN));
    let of_carol = coins(&running, carol.wallet.address()).await - before;
    assert_eq!(of_carol, U256::from(balance(&tree, carol.account)));

    // And what was never consumed goes back.
    let before = coins(&running, carol.wallet.address()).await;
    let refund = ["exit", "refund", "--from", "relayer", "--yes"];
    let back = done(&running, &refund);
    assert_eq!(back["paid"], json!([stranded]), "{back}");
    let assets = &back["refunds"][0]["assets"];
    assert_eq!(assets[0]["amount"], STRANDED.to_string(), "{back}");
    let after = coins(&running, carol.wallet.address()).await;
    assert_eq!(after - before, U256::from(STRANDED));

    // Nobody is paid twice.
    let again = pays(&running, &["--state", &file, "--range", &range]).expect("nothing is left");
    assert_eq!(again["leaves"], json!([]), "{again}");
    let again = done(&running, &refund);
    assert_eq!(again["refunds"], json!([]), "{again}");

    // The Vault keeps what stakes and pools hold: all that claims the coin in the state, but for what accounts had.
    let asset = tree.get(&Slot::Asset(NATIVE).key()).expect("the coin").2;
    let asset = AssetLeaf::decode(asset).expect("an asset");
    let accounts: u128 = tree
        .iter()
        .filter(|leaf| leaf.kind == AccountLeaf::KIND)
        .map(|leaf| AccountLeaf::decode(leaf.value).expect("an account").balance)
        .sum();
    let left = asset.credited - asset.withdrawn - accounts;
    assert_eq!(escrow(&running, Address::ZERO).await, U256::from(left));
    let of_token = escrow(&running, running.network.local.token).await;
    assert_eq!(of_token, U256::ZERO);
    running.stop().await;
}

//! Every verb of `tx`, `bridge` and `query` that the README's walk does not type, on the same network.

use std::{path::Path, time::Duration};

use alloy_primitives::keccak256;
use serde_json::Value;

use super::{refused, run, stake::until, words};

/// Somebody on root who has nothing to do with the network.
const STRANGER: &str = "0x000000000000000000000000000000000000bEEF";

/// Somebody whom only forced transactions pay.
const DORA: &str = "0x00000000000000000000000000000000000000D0";

fn typed(folder: &Path, line: &str) -> Value {
    run(folder, &words(line))
}

/// A command whose transaction stands in a block, with its result.
fn applied(folder: &Path, line: &str) -> Value {
    let answer = typed(folder, line);
    assert_eq!(answer["code"], 0, "{line}: {answer}");
    assert_eq!(answer["log"], "", "{line}: {answer}");
    answer
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// The balance of an account in coins of one symbol; zero where it has none.
fn balance(folder: &Path, of: &str, symbol: &str) -> f64 {
    let answer = typed(folder, &format!("query balances {of}"));
    assert_eq!(answer["next_page"], "", "all are on one page: {answer}");
    let rows = answer["balances"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["symbol"] == symbol);
    row.map_or(0.0, |row| text(&row["amount"]).parse().expect("a number"))
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-6
}

/// Waits until a transaction is under a checkpoint that root accepted.
fn checkpointed(folder: &Path, hash: &str) {
    for _ in 0..2_400 {
        let stage = typed(folder, &format!("query tx {hash}"))["stage"].clone();
        if stage == "checkpointed" || stage == "final" {
            return;
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    panic!("{hash} came under no checkpoint");
}

pub fn tokens(folder: &Path, token: &str) {
    let line = format!("bridge deposit --from alice --token {token} --amount 5 --native 0.5");
    let answer = applied(folder, &line);
    assert_eq!(answer["consumed"], true, "{answer}");
    let listed = typed(folder, "query tokens");
    assert_eq!(listed["next_page"], "", "all are on one page: {listed}");
    let rows = listed["tokens"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["token"] == token);
    let symbol = text(&row.expect("the token is listed")["symbol"]);
    assert!(near(balance(folder, "alice", &symbol), 5.0));
    let line = format!("tx transfer --from alice --to bob --amount 2 --token {symbol}");
    applied(folder, &line);
    assert!(near(balance(folder, "bob", &symbol), 2.0));
    let said = refused(
        folder,
        "tx transfer --from alice --to bob --amount 2 --token NONE",
    );
    assert!(said.contains("no token NONE"), "{said}");
    let back = format!("tx withdraw --from alice --amount 1 --token {symbol}");
    assert!(applied(folder, &back)["withdrawal"].is_u64());
}

pub fn transactions(folder: &Path) {
    applied(folder, &format!("tx set-payout {STRANGER} --from bob"));
    let bob = typed(folder, "query account bob");
    assert_eq!(bob["payout"], STRANGER, "{bob}");
    // Where an Ed25519 account is paid is typed, never a node's word.
    let said = refused(folder, "bridge withdraw --from bob --amount 0.01");
    assert!(said.contains("--to"), "{said}");
    let line = format!("bridge withdraw --from bob --amount 0.01 --to {STRANGER}");
    let number = applied(folder, &line)["withdrawal"].clone();
    let found = typed(folder, &format!("query withdrawal {number}"));
    assert_eq!(found["recipient"], STRANGER, "{found}");
    assert_eq!(found["paid"], false, "{found}");

    let record = applied(folder, "tx record --from alice --topic hello --data world");
    let dry = typed(
        folder,
        "tx transfer --from alice --to carol --amount 0.5 --memo hi --dry-run",
    );
    let submit = format!("tx submit {}", text(&dry["bytes"]));
    let digest = text(&dry["digest"]);
    let pending = typed(folder, &submit);
    assert_eq!(pending["stage"], "pending", "{pending}");
    checkpointed(folder, &digest);
    let said = refused(folder, &submit);
    assert!(said.contains("handed in before"), "{said}");
    assert!(refused(folder, "tx submit 0xzz").contains("bytes"));

    checkpointed(folder, &text(&record["hash"]));
    let alice = text(&typed(folder, "keys show alice")["public"]);
    let prove = format!("bridge prove --account {alice} --topic hello --file record.json");
    typed(folder, &prove);
    let held = typed(folder, "bridge verify record.json");
    let hash = hex::encode(keccak256("world"));
    assert_eq!(held["leaf"]["data_hash"], hash, "{held}");
}

/// What waits is seen, and never loses its place unasked: not to the next command, and not to one at the same moment.
pub fn waiting(folder: &Path) {
    let account = |field: &str| {
        let answer = typed(folder, "query account carol");
        answer[field].as_u64().expect("a number")
    };
    let to = "0x00000000000000000000000000000000000000e1";
    let before = balance(folder, to, "ETH");
    let pay = &format!("tx transfer --from carol --to {to} --no-wait --amount");
    let next = account("next_sequence");
    assert_eq!(next, account("sequence"), "nothing waits");
    // One that lies ahead waits at a known sequence until what is missing comes.
    let ahead = next + 1;
    typed(folder, &format!("{pay} 0.01 --sequence {ahead}"));
    assert_eq!(account("next_sequence"), next);
    let fee = 2_000_000_000_000_000u128;
    let same = format!("{pay} 0.02 --sequence {ahead} --fee {fee}");
    let said = refused(folder, &same);
    assert!(said.contains("replace"), "{said}");
    typed(folder, &format!("{same} --replace"));
    // The first that is free, then the first behind those that wait: neither command waits for a block.
    for amount in ["0.04", "0.08"] {
        assert_eq!(
            typed(folder, &format!("{pay} {amount}"))["stage"],
            "pending"
        );
    }
    // Shells at the same moment.
    std::thread::scope(|scope| {
        for amount in ["0.16", "0.32", "0.32"] {
            scope.spawn(move || typed(folder, &format!("{pay} {amount}")));
        }
    });
    for _ in 0..400 {
        if account("sequence") == next + 6 {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(account("sequence"), next + 6);
    let paid = balance(folder, to, "ETH") - before;
    assert!(
        near(paid, 0.02 + 0.04 + 0.08 + 0.16 + 0.32 + 0.32),
        "{paid}"
    );
}

pub fn forced(folder: &Path) {
    let line =
        format!("bridge force transfer --from bob --to {DORA} --amount 0.25 --carrier alice");
    let answer = applied(folder, &line);
    assert!(near(balance(folder, DORA, "ETH"), 0.25));
    let found = typed(folder, &format!("query tx {}", text(&answer["hash"])));
    assert_eq!(found["code"], 0, "{found}");

    let line = "bridge force withdraw --from alice --root-sender --amount 0.5";
    let answer = applied(folder, line);
    let number = &answer["withdrawals"][0];
    let found = typed(folder, &format!("query withdrawal {number}"));
    assert_eq!(found["amount"], "500000000000000000", "{found}");

    let root = "0x00000000000000000000000000000000000000A1";
    let line = format!("bridge force set-payout {root} --from bob --carrier alice");
    applied(folder, &line);
    let line = "bridge force record --from alice --topic forced --data inbox";
    applied(folder, line);
    assert_eq!(typed(folder, "query account bob")["payout"], root);

    // Signed in one place, carried from another; a second time it is consumed without effect.
    let line = format!("bridge force transfer --from bob --to {DORA} --amount 0.125 --dry-run");
    let made = typed(folder, &line);
    let carry = format!(
        "bridge force submit {} --carrier carol",
        text(&made["bytes"])
    );
    applied(folder, &carry);
    let digest = text(&made["digest"]);
    assert_eq!(
        typed(folder, &format!("query tx {digest}"))["code"],
        0,
        "a forced transaction is found by its digest"
    );
    let said = refused_last(folder, &carry);
    assert!(said.contains("without effect"), "{said}");
    let rich =
        format!("bridge force transfer --from bob --to {DORA} --amount 900000 --carrier alice");
    let said = refused_last(folder, &rich);
    assert!(said.contains("without effect"), "{said}");

    // One that is forced comes behind what waits: both pay.
    let before = balance(folder, DORA, "ETH");
    let pay = format!("--from carol --to {DORA} --amount");
    typed(folder, &format!("tx transfer {pay} 0.5 --no-wait"));
    applied(folder, &format!("bridge force transfer {pay} 0.25"));
    let paid = balance(folder, DORA, "ETH") - before;
    assert!(near(paid, 0.75), "{paid}");
    let dear = format!("bridge force transfer {pay} 0.25 --max-price 1");
    assert!(refused(folder, &dear).contains("--max-price is 1"));

    let data = "x".repeat(600);
    let long = format!("bridge force record --from alice --topic t --data {data}");
    assert!(refused(folder, &long).contains("at most 512"));
    let mempool = typed(
        folder,
        "tx transfer --from alice --to bob --amount 1 --dry-run",
    );
    let wrong = format!(
        "bridge force submit {} --carrier alice",
        text(&mempool["bytes"])
    );
    assert!(refused(folder, &wrong).contains("fee 0"));
}

/// The error of a command that printed what it did before it failed.
fn refused_last(folder: &Path, line: &str) -> String {
    let said = super::output_of_failure(folder, line);
    let last = said.lines().last().expect("it says something");
    let last: Value = serde_json::from_str(last).expect("a JSON object a line");
    text(&last["error"])
}

pub fn reads(folder: &Path) {
    let status = typed(folder, "status");
    let block = typed(folder, "query block 3");
    assert_eq!(block["height"], 3, "{block}");
    assert_eq!(
        text(&typed(folder, "query block 2")["state_root_after"]),
        text(&block["state_root_before"])
    );
    let set = typed(folder, "query validators --epoch 0");
    assert_eq!(set["validators"].as_array().map(Vec::len), Some(4), "{set}");
    let first = typed(folder, "query checkpoint 0");
    assert_eq!(first["epoch"], 0, "{first}");
    // The next page begins below this one, however many epochs are over: two at least.
    let page = until(folder, "query checkpoints --limit 1", |page| {
        page["next_page"] != ""
    });
    assert_eq!(
        page["checkpoints"].as_array().map(Vec::len),
        Some(1),
        "{page}"
    );
    let next = format!(
        "query checkpoints --limit 1 --page {}",
        text(&page["next_page"])
    );
    assert_ne!(typed(folder, &next)["checkpoints"], page["checkpoints"]);
    let own = typed(folder, &format!("query withdrawals --recipient {STRANGER}"));
    assert_eq!(own["next_page"], "", "all are on one page: {own}");
    let rows = own["withdrawals"].as_array().expect("rows");
    assert!(rows.iter().all(|row| row["recipient"] == STRANGER) && rows.len() == 1);
    let quote = typed(folder, "query fee --length 300 --leaves 1");
    assert!(text(&quote["minimum_fee"]).parse::<u128>().expect("a fee") > 0);
    let parameters = typed(folder, "query parameters");
    let rows = parameters["parameters"].as_array().expect("rows");
    assert!(rows.iter().any(|row| row["name"] == "epoch_blocks"));
    let version = typed(folder, "version");
    assert!(version["version"].is_string(), "{version}");
    assert!(text(&status["chain_id"]).starts_with("plasmid-"));

    // The README's walk paid withdrawal 1.
    assert_eq!(typed(folder, "query withdrawal 1")["paid"], true);
    let said = refused(folder, "bridge claim 1 --from carol");
    assert!(said.contains("root has paid before"), "{said}");
    let said = refused(folder, "query withdrawal 999");
    assert!(said.contains("999"), "{said}");
}

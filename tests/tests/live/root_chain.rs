//! The root chain of local networks: anvil installed from the lock file, its finality, and its state across SIGKILL.

use std::time::Duration;

use plasmid::localnet::anvil::{Anvil, AnvilError, Options};
use plasmid::localnet::port;
use plasmid::localnet::tools::RootTools;
use plasmid::node::tools::Tools;
use serde_json::{Value, json};

const POLLS: u32 = 3_000;
const POLL: Duration = Duration::from_millis(20);

fn tools() -> RootTools {
    RootTools::ensure(&Tools::new(None)).unwrap()
}

async fn call(anvil: &Anvil, method: &str, params: Value) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = client
        .post(anvil.url())
        .header("content-type", "application/json")
        .body(body.to_string());
    let text = post.send().await.unwrap().text().await.unwrap();
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert!(answer.get("error").is_none(), "{method}: {answer}");
    answer["result"].clone()
}

fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

async fn block(anvil: &Anvil, tag: &str) -> u64 {
    number(&call(anvil, "eth_getBlockByNumber", json!([tag, false])).await["number"])
}

/// Waits until `look` gives something.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..POLLS {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(POLL).await;
    }
    panic!("waited for {what}, which did not come");
}

async fn wait_until(anvil: &Anvil, height: u64) {
    until(&format!("root height {height}"), async || {
        (block(anvil, "latest").await >= height).then_some(())
    })
    .await;
}

/// The receipt of a transaction, once it is mined.
async fn mined(anvil: &Anvil, hash: &Value) -> Value {
    until("a receipt", async || {
        let receipt = call(anvil, "eth_getTransactionReceipt", json!([hash])).await;
        receipt.is_object().then_some(receipt)
    })
    .await
}

fn options(folder: &std::path::Path) -> Options {
    Options {
        port: port::free().unwrap(),
        chain_id: 31337,
        block_time_secs: 1,
        idle_block_time_secs: 1,
        folder: folder.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anvil_finalizes_two_blocks_behind_and_keeps_its_state_across_sigkill() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let program = tools().anvil;
    let mut anvil = Anvil::start(&program, &options).await.unwrap();
    assert_eq!(number(&call(&anvil, "eth_chainId", json!([])).await), 31337);

    let accounts = call(&anvil, "eth_accounts", json!([])).await;
    let stranger = "0x00000000000000000000000000000000000a11ce";
    let pay = json!([{"from": accounts[0], "to": stranger, "value": "0x2a"}]);
    let hash = call(&anvil, "eth_sendTransaction", pay).await;
    wait_until(&anvil, 4).await;
    let (finalized, latest) = (
        block(&anvil, "finalized").await,
        block(&anvil, "latest").await,
    );
    assert!(finalized + 2 <= latest && latest <= finalized + 3);
    let receipt = call(&anvil, "eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], "0x1");

    anvil.process().kill().unwrap();
    drop(anvil);
    let mut anvil = Anvil::start(&program, &options).await.unwrap();
    assert!(block(&anvil, "latest").await >= finalized);
    let balance = call(&anvil, "eth_getBalance", json!([stranger, "latest"])).await;
    assert_eq!(number(&balance), 42);
    let receipt = call(&anvil, "eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], "0x1");

    // A transaction over the cap of 2^24 gas is refused, as on the networks.
    let params = json!([{"from": accounts[0], "to": stranger, "gas": "0x1000001"}]);
    let body =
        json!({"jsonrpc": "2.0", "id": 1, "method": "eth_sendTransaction", "params": params});
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = client.post(anvil.url()).body(body.to_string());
    let post = post.header("content-type", "application/json");
    let answer = post.send().await.unwrap().text().await.unwrap();
    assert!(answer.contains("error"), "{answer}");

    let taken = Anvil::start(&program, &options).await.unwrap_err();
    assert!(matches!(taken, AnvilError::Port(_)));
    assert!(taken.to_string().contains(&options.port.to_string()));
    anvil.stop(Duration::from_secs(20)).await.unwrap();
}

/// Killed in the moment in which a transaction is final, with half a snapshot left beside the last whole one: not one final block is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_final_survives_sigkill_in_any_state() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let program = tools().anvil;
    let mut anvil = Anvil::start(&program, &options).await.unwrap();
    let accounts = call(&anvil, "eth_accounts", json!([])).await;
    let mut kept = Vec::new();
    for round in 1..=4u64 {
        let pay = json!([{"from": accounts[0], "to": accounts[1], "value": "0x1"}]);
        let hash = call(&anvil, "eth_sendTransaction", pay).await;
        let receipt = mined(&anvil, &hash).await;
        if round % 2 == 0 {
            let at = number(&receipt["blockNumber"]);
            until("its block to be final", async || {
                (block(&anvil, "finalized").await >= at).then_some(())
            })
            .await;
            kept.push((hash, receipt["blockHash"].clone()));
        }
        anvil.process().kill().unwrap();
        // Whoever keeps its state is in this process, and lives on: it has ended what it was at.
        anvil.pause(true).await;
        drop(anvil);
        std::fs::write(folder.path().join("state.json.gz.new"), "half").unwrap();
        anvil = Anvil::start(&program, &options).await.unwrap();
        // What nodes ask for of the final block is known at once.
        let asked = json!([accounts[1], "finalized"]);
        assert!(call(&anvil, "eth_getBalance", asked).await.is_string());
        for (hash, block) in &kept {
            let receipt = call(&anvil, "eth_getTransactionReceipt", json!([hash])).await;
            assert_eq!(&receipt["blockHash"], block, "round {round}");
        }
    }
    assert_eq!(kept.len(), 2);
}

/// A chain that is left alone makes no blocks before its pause is over; a transaction is mined at once all the same, and becomes final.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_chain_rests_until_a_transaction_waits_and_makes_it_final() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        idle_block_time_secs: 1_000_000,
        ..options(folder.path())
    };
    let anvil = Anvil::start(&tools().anvil, &options).await.unwrap();
    wait_until(&anvil, 2).await;
    let accounts = call(&anvil, "eth_accounts", json!([])).await;
    for _ in 0..2 {
        let before = block(&anvil, "latest").await;
        let pay = json!([{"from": accounts[0], "to": accounts[1], "value": "0x1"}]);
        call(&anvil, "eth_sendTransaction", pay).await;
        wait_until(&anvil, before + 3).await;
        assert_eq!(block(&anvil, "finalized").await, before + 1);
        // Ten block times later nothing was mined: a slower machine mines no more in them.
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(block(&anvil, "latest").await, before + 3);
    }
}

/// The owner may hold the chain: blocks come by request alone, until it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_chain_mines_by_request_alone() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = Anvil::start(&tools().anvil, &options(folder.path()))
        .await
        .unwrap();
    anvil.pause(true).await;
    let stands = block(&anvil, "latest").await;
    call(&anvil, "evm_mine", json!([])).await;
    assert_eq!(block(&anvil, "latest").await, stands + 1);
    anvil.pause(false).await;
    wait_until(&anvil, stands + 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_state_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("state.json.gz"), "{\"block\": {\"num").unwrap();
    let program = tools().anvil;
    let refused = Anvil::start(&program, &options(folder.path())).await;
    let text = refused.unwrap_err().to_string();
    assert!(
        text.contains("state.json.gz") && text.contains("--reset"),
        "{text}"
    );
}

/// anvil gives no memory back, and a chain that is started anew loads less than it kept: what anybody may still ask for is there afterwards,
/// and the chain goes on from the same block.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_has_mined_much_is_started_anew_and_nothing_that_counts_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let program = tools().anvil;
    let mut anvil = Anvil::start(&program, &options).await.unwrap();
    wait_until(&anvil, 3).await;
    let accounts = call(&anvil, "eth_accounts", json!([])).await;
    // Its creation logs one event.
    let create = json!([{"from": accounts[0], "data": "0x60006000a000"}]);
    let hash = call(&anvil, "eth_sendTransaction", create).await;
    let receipt = mined(&anvil, &hash).await;
    let logs = call(&anvil, "eth_getLogs", json!([{"fromBlock": "0x0"}])).await;
    assert_eq!(logs.as_array().map(Vec::len), Some(1));
    let at = number(&receipt["blockNumber"]);

    call(&anvil, "anvil_mine", json!(["0x800"])).await;
    let newest = call(&anvil, "eth_getBlockByNumber", json!(["latest", false])).await;
    anvil.stop(Duration::from_secs(20)).await.unwrap();
    let mut anvil = Anvil::start(&program, &options).await.unwrap();
    let header = async |anvil: &Anvil, number: u64| {
        let asked = json!([format!("{number:#x}"), false]);
        call(anvil, "eth_getBlockByNumber", asked).await
    };
    let tip = number(&newest["number"]);
    assert_eq!(header(&anvil, tip).await["hash"], newest["hash"]);
    assert!(header(&anvil, tip - 400).await.is_object());
    assert!(header(&anvil, at - 1).await.is_object());
    assert!(header(&anvil, at + 2).await.is_null(), "old and empty");
    let again = call(&anvil, "eth_getLogs", json!([{"fromBlock": "0x0"}])).await;
    assert_eq!(again, logs);
    let again = call(&anvil, "eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(again["blockHash"], receipt["blockHash"]);
    // What nodes ask for of the final block is known at once.
    let asked = json!([accounts[0], "finalized"]);
    assert!(call(&anvil, "eth_getBalance", asked).await.is_string());
    let last = block(&anvil, "latest").await;
    wait_until(&anvil, last + 2).await;
    let mut parent = header(&anvil, tip).await;
    for height in tip + 1..=last + 2 {
        let next = header(&anvil, height).await;
        assert_eq!(next["parentHash"], parent["hash"]);
        assert!(number(&next["timestamp"]) >= number(&parent["timestamp"]));
        parent = next;
    }
    // What was thin when it was loaded is kept and loaded again.
    anvil.process().kill().unwrap();
    drop(anvil);
    let mut anvil = Anvil::start(&program, &options).await.unwrap();
    let again = call(&anvil, "eth_getLogs", json!([{"fromBlock": "0x0"}])).await;
    assert_eq!(again, logs);
    anvil.stop(Duration::from_secs(20)).await.unwrap();
}

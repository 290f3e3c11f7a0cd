//! A node of a root chain that answers as a test tells it, and honestly otherwise.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy_consensus::{Signed, TxEip1559};
use alloy_primitives::{Address, B256, hex, keccak256};
use alloy_sol_types::SolEvent;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::super::*;
use crate::abi::IRootChain;
use crate::client::rpc::Limits;
use crate::relay::acceptance::Acceptance;

/// What the node says.
#[derive(Clone, Debug)]
pub enum Said {
    Honest,
    Result(String),
    Error(&'static str),
    Status(u16),
    Garbage,
    Silence,
}

type Counts = Arc<Mutex<BTreeMap<String, usize>>>;
type Requests = Arc<Mutex<Vec<Value>>>;

/// A node that mines each transaction at once. When it is dropped, a panic of its task fails the test.
pub struct Node {
    pub url: String,
    counts: Counts,
    submitted: Requests,
    task: JoinHandle<()>,
}

impl Drop for Node {
    fn drop(&mut self) {
        assert!(
            !self.task.is_finished() || std::thread::panicking(),
            "the node ended before its test: its panic stands above"
        );
        self.task.abort();
    }
}

impl Node {
    /// Starts it; `say` is given the method and how often it was asked before.
    pub async fn start(say: impl Fn(&str, usize) -> Said + Send + 'static) -> Self {
        Self::start_asked(move |request, nth| {
            say(request["method"].as_str().unwrap_or_default(), nth)
        })
        .await
    }

    /// Starts it; `say` is given the whole request and how often its method was asked before.
    pub async fn start_asked(say: impl Fn(&Value, usize) -> Said + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let counts = Counts::default();
        let counted = Arc::clone(&counts);
        let submitted = Requests::default();
        let kept = Arc::clone(&submitted);
        let task = tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = request(&mut stream).await;
                let method = request["method"].as_str().unwrap_or_default().to_owned();
                let nth = {
                    let mut counts = counted.lock().unwrap();
                    let count = counts.entry(method.clone()).or_default();
                    *count += 1;
                    *count - 1
                };
                if method == "eth_sendRawTransaction" {
                    kept.lock().unwrap().push(request.clone());
                }
                match answer(&request, &say(&request, nth)) {
                    Some(text) => {
                        let _ = stream.write_all(text.as_bytes()).await;
                        let _ = stream.shutdown().await;
                    }
                    None => held.push(stream),
                }
            }
        });
        Self {
            url,
            counts,
            submitted,
            task,
        }
    }

    /// Every transaction that was handed in, whatever the node said to it: it may keep and mine each of them.
    pub fn submitted(&self) -> Vec<TxEip1559> {
        let transactions = self.submitted_bytes().into_iter().map(|raw| {
            let signed = Signed::<TxEip1559>::eip2718_decode(&mut raw.as_slice());
            signed.unwrap().into_parts().0
        });
        transactions.collect()
    }

    /// Their bytes, whose hashes are theirs.
    pub fn submitted_bytes(&self) -> Vec<Vec<u8>> {
        let requests = self.submitted.lock().unwrap();
        let bytes = requests.iter().map(|request| {
            let raw = request["params"][0].as_str().unwrap();
            hex::decode(raw).unwrap()
        });
        bytes.collect()
    }

    /// How often a method was asked.
    pub fn asked(&self, method: &str) -> usize {
        let counts = self.counts.lock().unwrap();
        counts.get(method).copied().unwrap_or(0)
    }
}

/// A wallet that soon replaces what is not mined, and is patient otherwise.
pub async fn wallet(node: &Node) -> Wallet {
    let limits = Limits {
        request: Duration::from_secs(2),
        attempts: 5,
        ..Limits::default()
    };
    let policy = FeePolicy {
        poll: Duration::from_millis(5),
        stuck: Duration::from_millis(300),
        give_up: Duration::from_secs(120),
        ..FeePolicy::default()
    };
    let rpc = Arc::new(Rpc::new(&node.url, limits).unwrap());
    let key = Key::from_bytes(&[7; 32]).unwrap();
    Wallet::open(rpc, key, 31337, policy).await.unwrap()
}

async fn request(stream: &mut TcpStream) -> Value {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        let length = stream.read(&mut chunk).await.unwrap_or(0);
        bytes.extend_from_slice(&chunk[..length]);
        let text = String::from_utf8_lossy(&bytes);
        let body = text.split("\r\n\r\n").nth(1).unwrap_or_default();
        if let Ok(value) = serde_json::from_str(body) {
            return value;
        }
        if length == 0 {
            return Value::Null;
        }
    }
}

/// The HTTP answer; `None` when there is none.
fn answer(request: &Value, said: &Said) -> Option<String> {
    let head = |status: u16| {
        format!(
            "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nretry-after: 0\r\nconnection: close\r\n\r\n"
        )
    };
    let id = &request["id"];
    let body = match said {
        Said::Silence => return None,
        Said::Garbage => "<html>".to_owned(),
        Said::Status(status) => return Some(head(*status)),
        Said::Error(message) => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32000, "message": message } })
                .to_string()
        }
        Said::Result(text) => {
            let result: Value = serde_json::from_str(text).unwrap();
            json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string()
        }
        Said::Honest => {
            json!({ "jsonrpc": "2.0", "id": id, "result": honest(request) }).to_string()
        }
    };
    Some(head(200) + &body)
}

fn honest(request: &Value) -> Value {
    let first = &request["params"][0];
    match request["method"].as_str().unwrap_or_default() {
        "eth_chainId" => json!("0x7a69"),
        "eth_getBlockByNumber" => json!({
            "number": "0x1", "hash": B256::ZERO, "parentHash": B256::ZERO, "timestamp": "0x1", "baseFeePerGas": "0x3b9aca00",
        }),
        "eth_maxPriorityFeePerGas" => json!("0x1"),
        "eth_estimateGas" => json!("0x5208"),
        "eth_getBalance" => json!("0xffffffffffffffffffffffff"),
        "eth_getTransactionCount" => json!("0x7"),
        "eth_getTransactionByHash" => json!({ "hash": first }),
        "eth_sendRawTransaction" => {
            let raw = hex::decode(first.as_str().unwrap_or_default()).unwrap_or_default();
            json!(keccak256(raw))
        }
        "eth_getTransactionReceipt" => json!({
            "transactionHash": first, "status": "0x1", "blockNumber": "0x2", "blockHash": B256::ZERO, "gasUsed": "0x5208",
            "effectiveGasPrice": "0x1", "logs": [],
        }),
        other => panic!("{other} is asked"),
    }
}

#[tokio::test]
#[should_panic(expected = "the node ended before its test")]
async fn a_panic_of_the_node_fails_its_test() {
    let node = Node::start(|_, _| panic!("what it is told to say is a mistake")).await;
    let wallet = Rpc::new(&node.url, Limits::default()).unwrap();
    let answer = wallet.once("eth_chainId", json!([])).await;
    assert!(answer.is_err());
}

/// A node that mines everything with this log of this contract.
pub async fn logging<E: SolEvent + Send + Sync>(address: Address, event: &E) -> Node {
    let data = event.encode_log_data();
    let receipt = json!({
        "status": "0x1", "blockNumber": "0x2", "blockHash": B256::ZERO, "gasUsed": "0x5208", "effectiveGasPrice": "0x1", "logs": [{
            "address": address, "topics": data.topics(), "data": hex::encode_prefixed(&data.data), "blockNumber": "0x2", "logIndex": "0x0",
        }],
    });
    Node::start(move |method, _| match method {
        "eth_getTransactionReceipt" => Said::Result(receipt.to_string()),
        _ => Said::Honest,
    })
    .await
}

/// The log of an acceptance, as a node tells it.
pub fn accepted_log(root_chain: Address, one: &Acceptance) -> Value {
    let event = IRootChain::CheckpointAccepted {
        epoch: one.epoch,
        digest: one.digest,
        carrier: one.carrier,
        checkpoint: (&one.checkpoint).into(),
        acceptance: one.into(),
        tau: one.tau,
    };
    let data = event.encode_log_data();
    json!({
        "address": root_chain, "topics": data.topics(), "data": data.data,
        "blockNumber": format!("{:#x}", one.block), "logIndex": "0x0",
    })
}

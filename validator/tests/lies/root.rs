//! An endpoint of the root chain that answers what a test tells it, and remembers what was handed in.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use alloy_primitives::{B256, U256, hex};
use alloy_sol_types::{SolCall, SolValue};
use plasmid_bridge::abi::{IInbox, IRootChain, IToken, IVault};
use serde_json::{Value, json};

use super::{node::DEPLOYMENT, program::Stub};

/// What the endpoint says.
#[derive(Clone, Debug)]
pub struct Words {
    /// The chain's id.
    pub chain_id: u64,
    /// The price of a message, in wei.
    pub price: u128,
    /// What every token is called.
    pub symbol: &'static str,
    /// The decimals of every token.
    pub decimals: u8,
    /// How many checkpoints it has accepted, the last one a moment ago.
    pub accepted: u64,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            chain_id: 31_337,
            price: 1_000_000_000_000_000,
            symbol: "FOO",
            decimals: 6,
            accepted: 3,
        }
    }
}

/// A running endpoint; it ends with the test. It never answers a transaction that is handed in.
pub struct Root {
    pub url: String,
    handed_in: Arc<Mutex<usize>>,
    _stub: Stub,
}

impl Root {
    /// Starts it.
    pub fn start(words: Words) -> Self {
        let handed_in = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&handed_in);
        let stub = Stub::start(move |listener| {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let asked = request(&mut stream);
                match result(&asked, &words) {
                    Some(result) => answer(&mut stream, &asked, result),
                    None => {
                        *counted.lock().expect("no panic") += 1;
                        held.push(stream);
                    }
                }
            }
        });
        Self {
            url: format!("http://{}", stub.address),
            handed_in,
            _stub: stub,
        }
    }

    /// How many times a transaction was handed in.
    pub fn handed_in(&self) -> usize {
        *self.handed_in.lock().expect("no panic")
    }
}

fn request(stream: &mut TcpStream) -> Value {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let read = stream.read(&mut buffer).unwrap_or(0);
        bytes.extend(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let body = text.split("\r\n\r\n").nth(1).unwrap_or_default();
        if let Ok(value) = serde_json::from_str(body) {
            return value;
        }
        if read == 0 {
            return Value::Null;
        }
    }
}

fn answer(stream: &mut TcpStream, asked: &Value, result: Value) {
    let text = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }).to_string();
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
}

/// The result; none for a transaction that is handed in.
fn result(asked: &Value, words: &Words) -> Option<Value> {
    Some(match asked["method"].as_str().unwrap_or_default() {
        "eth_chainId" => json!(format!("{:#x}", words.chain_id)),
        "eth_getBlockByNumber" => json!({
            "number": "0x1", "hash": B256::ZERO, "parentHash": B256::ZERO, "timestamp": "0x1", "baseFeePerGas": "0x7",
        }),
        "eth_getCode" => json!("0x60"),
        "eth_maxPriorityFeePerGas" => json!("0x1"),
        "eth_estimateGas" => json!("0x5208"),
        "eth_getBalance" => json!("0xffffffffffffffffffffffff"),
        "eth_getTransactionCount" => json!("0x7"),
        "eth_getTransactionReceipt" | "eth_getTransactionByHash" => Value::Null,
        "eth_call" => called(&asked["params"][0]["data"], words),
        _ => return None,
    })
}

fn called(data: &Value, words: &Words) -> Value {
    let data = hex::decode(data.as_str().unwrap_or_default()).unwrap_or_default();
    let price = U256::from(words.price);
    let selector: [u8; 4] = data[..4].try_into().expect("a selector");
    let returned = match selector {
        IRootChain::deploymentCall::SELECTOR => {
            alloy_primitives::FixedBytes::<20>::from(DEPLOYMENT).abi_encode()
        }
        IRootChain::headCall::SELECTOR => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let now = now.expect("a date").as_secs();
            IRootChain::Head {
                accepted: words.accepted,
                tau: now,
                lastBlockTime: now,
                inboxCursor: 0,
                freeAt: 0,
            }
            .abi_encode()
        }
        // 64 blocks an epoch, 16 seconds at the shortest.
        IRootChain::parametersCall::SELECTOR => {
            let mut fields = [U256::ZERO; 13];
            (fields[9], fields[11]) = (U256::from(16), U256::from(64));
            fields.abi_encode()
        }
        IInbox::priceCall::SELECTOR => price.abi_encode(),
        IVault::quoteCall::SELECTOR => {
            let call = IVault::quoteCall::abi_decode(&data).expect("a quote");
            (price + U256::from(call.native)).abi_encode()
        }
        IToken::symbolCall::SELECTOR => words.symbol.to_owned().abi_encode(),
        IToken::decimalsCall::SELECTOR => U256::from(words.decimals).abi_encode(),
        IToken::allowanceCall::SELECTOR => U256::MAX.abi_encode(),
        other => panic!("{other:?} is called"),
    };
    json!(format!("0x{}", hex::encode(returned)))
}

//! An endpoint of the root chain that answers what a test tells it, and remembers what was handed in.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use alloy_primitives::{Address, B256, U256, hex, keccak256};
use alloy_sol_types::{SolCall, SolEvent, SolValue};
use plasmid_bridge::{
    abi::{IInbox, IRegistry, IRootChain, IToken, IVault, created_by},
    proof::inbox::{Body, Message, Payload},
};
use serde_json::{Value, json};

use super::{REGISTRY, node::DEPLOYMENT, program::Stub};

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
    /// What every account lets every other one take of a token.
    pub allowance: U256,
    /// How tokens answer when they are asked for an allowance, where it is not with a word.
    pub odd_allowance: Option<Odd>,
    /// The function whose gas it does not estimate, because it would revert.
    pub would_revert: Option<[u8; 4]>,
    /// Whether it does not estimate an approval of nothing either.
    pub refuses_zero: bool,
    /// How it says that a call would revert.
    pub revert: &'static str,
    /// What becomes of a transaction that is handed in.
    pub taken: Taken,
    /// How many checkpoints it has accepted, the last one a moment ago.
    pub accepted: u64,
    /// How many messages of the inbox its checkpoints cover.
    pub cursor: u64,
    /// The least bond that its Registry asks for, and that of every registration, in wei.
    pub bond: u128,
    /// The two keys of everybody's newest registration, if there is one.
    pub newest: Option<(B256, [u8; 96])>,
    /// The code of every account.
    pub code: &'static str,
    /// The hash of every block.
    pub block: B256,
    /// Whether the Registry has created a network.
    pub created: bool,
    /// Which deployment RootChain is of.
    pub deployment: [u8; 20],
    /// Who has registered for the genesis, with which stake in wei.
    pub members: Vec<(Address, u128)>,
}

/// Another answer than a word.
#[derive(Clone, Copy, Debug)]
pub enum Odd {
    /// An answer of this number of bytes.
    Bytes(usize),
    /// The call reverts.
    Reverts,
}

/// What becomes of a transaction that is handed in.
#[derive(Clone, Copy, Debug)]
pub enum Taken {
    /// It is never answered.
    Silence,
    /// It is refused, and kept.
    Refused,
    /// It is mined, with this status.
    Mined(bool),
    /// It is mined, and the inbox took its forced transaction in message 9.
    Sent,
    /// It is mined, and the event is another message's.
    Another,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            chain_id: 31_337,
            price: 1_000_000_000_000_000,
            symbol: "FOO",
            decimals: 6,
            allowance: U256::MAX,
            odd_allowance: None,
            would_revert: None,
            refuses_zero: false,
            revert: "execution reverted",
            taken: Taken::Silence,
            accepted: 3,
            cursor: 0,
            bond: 1_000_000_000_000_000_000,
            newest: None,
            code: "0x60",
            block: B256::ZERO,
            created: false,
            deployment: DEPLOYMENT,
            members: Vec::new(),
        }
    }
}

/// A running endpoint; it ends with the test.
pub struct Root {
    pub url: String,
    asked: Arc<Mutex<Vec<Value>>>,
    _stub: Stub,
}

impl Root {
    /// Starts it.
    pub fn start(words: Words) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&kept);
        let stub = Stub::start(move |listener| {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let asked = request(&mut stream);
                all.lock().expect("no panic").push(asked.clone());
                let handed_in = last_bytes(&all.lock().expect("no panic"));
                match result(&asked, &words, &handed_in) {
                    Some(result) => answer(&mut stream, &asked, result),
                    None => held.push(stream),
                }
            }
        });
        Self {
            url: format!("http://{}", stub.address),
            asked: kept,
            _stub: stub,
        }
    }

    /// How many times a transaction was handed in.
    pub fn handed_in(&self) -> usize {
        self.bytes().len()
    }

    /// What was handed in.
    pub fn bytes(&self) -> Vec<Vec<u8>> {
        let asked = self.asked.lock().expect("no panic");
        let raw = asked
            .iter()
            .filter(|asked| asked["method"] == "eth_sendRawTransaction");
        raw.map(raw_bytes).collect()
    }

    /// How many requests hold these bytes.
    pub fn holding(&self, bytes: &str) -> usize {
        let asked = self.asked.lock().expect("no panic");
        let holds = |asked: &&Value| asked.to_string().contains(bytes);
        asked.iter().filter(holds).count()
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

fn raw_bytes(asked: &Value) -> Vec<u8> {
    hex::decode(asked["params"][0].as_str().unwrap_or_default()).expect("hex")
}

fn answer(stream: &mut TcpStream, asked: &Value, result: Result<Value, &str>) {
    let mut answer = json!({ "jsonrpc": "2.0", "id": asked["id"] });
    match result {
        Ok(result) => answer["result"] = result,
        Err(said) => answer["error"] = json!({ "code": -32000, "message": said }),
    }
    let text = answer.to_string();
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
}

/// The result or an error; `None` where it does not answer.
fn result(asked: &Value, words: &Words, handed_in: &[u8]) -> Option<Result<Value, &'static str>> {
    Some(Ok(match asked["method"].as_str().unwrap_or_default() {
        "eth_chainId" => json!(format!("{:#x}", words.chain_id)),
        "eth_getBlockByNumber" => json!({
            "number": "0x1", "hash": words.block, "parentHash": B256::ZERO, "timestamp": "0x1", "baseFeePerGas": "0x7",
        }),
        "eth_getCode" => json!(words.code),
        "eth_maxPriorityFeePerGas" => json!("0x1"),
        "eth_estimateGas" => {
            let data = hex::decode(asked["params"][0]["data"].as_str().unwrap_or_default());
            let data = data.expect("hex");
            let zero =
                IToken::approveCall::abi_decode(&data).is_ok_and(|call| call.value.is_zero());
            let named = |function: [u8; 4]| data.starts_with(&function);
            if words.would_revert.is_some_and(named) || words.refuses_zero && zero {
                return Some(Err(words.revert));
            }
            json!("0x5208")
        }
        "eth_getBalance" => json!("0xffffffffffffffffffffffff"),
        "eth_getTransactionCount" => json!("0x7"),
        "eth_getTransactionReceipt" => match words.taken {
            Taken::Mined(_) | Taken::Sent | Taken::Another => json!({
                "transactionHash": asked["params"][0], "status": if matches!(words.taken, Taken::Mined(false)) { "0x0" } else { "0x1" },
                "blockNumber": "0x2", "blockHash": B256::ZERO, "gasUsed": "0x5208", "effectiveGasPrice": "0x1",
                "logs": match words.taken {
                    Taken::Sent => json!([message(forced_in(handed_in))]),
                    Taken::Another => json!([message(b"another".to_vec())]),
                    _ => json!([]),
                },
            }),
            _ => Value::Null,
        },
        "eth_getTransactionByHash" => Value::Null,
        "eth_sendRawTransaction" => match words.taken {
            Taken::Silence => return None,
            Taken::Refused => return Some(Err("txpool is full")),
            Taken::Mined(_) | Taken::Sent | Taken::Another => json!(keccak256(raw_bytes(asked))),
        },
        "eth_call" => {
            let data = &asked["params"][0]["data"];
            let allowance = format!("0x{}", hex::encode(IToken::allowanceCall::SELECTOR));
            let of_allowance = data
                .as_str()
                .is_some_and(|data| data.starts_with(&allowance));
            match words.odd_allowance.filter(|_| of_allowance) {
                Some(Odd::Bytes(length)) => json!(format!("0x{}", "01".repeat(length))),
                Some(Odd::Reverts) => return Some(Err(words.revert)),
                None => called(data, words),
            }
        }
        // A command that was ended asks nothing any more.
        "" => return None,
        other => panic!("{other} is asked"),
    }))
}

/// The bytes that were handed in last.
fn last_bytes(asked: &[Value]) -> Vec<u8> {
    let mut raw = asked
        .iter()
        .rev()
        .filter(|asked| asked["method"] == "eth_sendRawTransaction");
    raw.next().map(raw_bytes).unwrap_or_default()
}

/// The message with the transaction that these bytes force.
pub fn forced_in(raw: &[u8]) -> Vec<u8> {
    let selector = IInbox::forceCall::SELECTOR;
    let at = raw.windows(4).position(|four| four == selector);
    // The selector, the offset of the bytes, and their length, which fits two bytes.
    let data = &raw[at.expect("it forces a transaction") + 4 + 32..];
    let length = usize::from(u16::from_be_bytes([data[30], data[31]]));
    let transaction = Payload::new(data[32..32 + length].to_vec());
    let message = Message {
        index: 9,
        arrival: 0,
        root_height: 2,
        due: 0,
        body: Body::Forced {
            sender: [0; 20],
            transaction: transaction.expect("it fits"),
        },
    };
    message.encode()
}

/// The event of a message that the inbox took.
fn message(bytes: Vec<u8>) -> Value {
    let [inbox, ..] = created_by(REGISTRY);
    let event = IInbox::MessageSent {
        index: 9,
        link: B256::ZERO,
        message: bytes.into(),
    };
    let data = event.encode_log_data();
    json!({
        "address": inbox, "topics": data.topics(), "data": data.data, "blockNumber": "0x2", "blockHash": B256::ZERO,
        "transactionHash": B256::ZERO, "transactionIndex": "0x0", "logIndex": "0x0", "removed": false,
    })
}

fn called(data: &Value, words: &Words) -> Value {
    let data = hex::decode(data.as_str().unwrap_or_default()).unwrap_or_default();
    let price = U256::from(words.price);
    let selector: [u8; 4] = data[..4].try_into().expect("a selector");
    let returned = match selector {
        IRootChain::deploymentCall::SELECTOR => {
            alloy_primitives::FixedBytes::<20>::from(words.deployment).abi_encode()
        }
        IRootChain::headCall::SELECTOR => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let now = now.expect("a date").as_secs();
            IRootChain::Head {
                accepted: words.accepted,
                tau: now,
                lastBlockTime: now,
                inboxCursor: words.cursor,
                freeAt: 0,
                finalized: 0,
                exitAt: 0,
                standing: words.accepted,
            }
            .abi_encode()
        }
        // 64 blocks an epoch, 16 seconds at the shortest.
        IRootChain::parametersCall::SELECTOR => {
            let mut fields = [U256::ZERO; 13];
            (fields[9], fields[11]) = (U256::from(16), U256::from(64));
            fields.abi_encode()
        }
        IRegistry::createdCall::SELECTOR => words.created.abi_encode(),
        IRegistry::creationCall::SELECTOR => {
            [U256::ZERO, U256::from(3), U256::ZERO, U256::ZERO].abi_encode()
        }
        IRegistry::agreementByCall::SELECTOR => [U256::ZERO; 2].abi_encode(),
        IRegistry::memberAtCall::SELECTOR => {
            let call = IRegistry::memberAtCall::abi_decode(&data).expect("a number");
            let (operator, stake) = words.members[call.index.to::<usize>()];
            IRegistry::memberAtCall::abi_encode_returns(&IRegistry::Member {
                operator,
                registration: 1,
                consensusKey: B256::repeat_byte(2),
                checkpointKey: vec![3; 96].into(),
                stake: U256::from(stake),
                bond: U256::from(words.bond),
            })
        }
        // Whichever: a word of zeros.
        IRootChain::genesisStateRootCall::SELECTOR
        | IRootChain::parentBlockHashCall::SELECTOR
        | IRootChain::genesisBlockCall::SELECTOR
        | IRootChain::genesisTimeCall::SELECTOR => U256::ZERO.abi_encode(),
        IRootChain::genesisSetsCall::SELECTOR => [U256::ZERO; 2].abi_encode(),
        IRegistry::bondCall::SELECTOR => U256::from(words.bond).abi_encode(),
        IRegistry::newestOfCall::SELECTOR => U256::from(words.newest.map_or(0, |_| 9)).abi_encode(),
        // Whoever and whichever: there is one of every number but 0.
        IRegistry::registrationOfCall::SELECTOR => {
            let call = IRegistry::registrationOfCall::abi_decode(&data).expect("a number");
            IRegistry::registrationOfCall::abi_encode_returns(&IRegistry::Member {
                operator: call.operator,
                registration: call.number,
                consensusKey: words.newest.map_or(B256::ZERO, |(consensus, _)| consensus),
                checkpointKey: words
                    .newest
                    .map_or([0; 96], |(_, checkpoint)| checkpoint)
                    .into(),
                stake: U256::ZERO,
                bond: U256::from(words.bond),
            })
        }
        IInbox::priceCall::SELECTOR => price.abi_encode(),
        IVault::quoteCall::SELECTOR => {
            let call = IVault::quoteCall::abi_decode(&data).expect("a quote");
            (price + U256::from(call.native)).abi_encode()
        }
        IToken::symbolCall::SELECTOR => words.symbol.to_owned().abi_encode(),
        IToken::decimalsCall::SELECTOR => U256::from(words.decimals).abi_encode(),
        IToken::allowanceCall::SELECTOR => words.allowance.abi_encode(),
        // A call that is looked at again after it reverted.
        IInbox::forceCall::SELECTOR | IVault::depositTokenCall::SELECTOR => Vec::new(),
        other => panic!("{other:?} is called"),
    };
    json!(format!("0x{}", hex::encode(returned)))
}

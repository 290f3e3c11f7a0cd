//! What a node hands to its engine, against an engine that keeps a cache as CometBFT does, asks the application after it has answered, and fails when
//! it is told to.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plasmid::app::{App, Submission, bundle};
use plasmid::engine::abci::Handler;
use plasmid::ledger::Code;
use plasmid::node::broadcast::Engine;
use plasmid::rpc::{Mempool, Taken};
use plasmid::wire::engine_hash;
use prost::bytes::Bytes;
use serde_json::{Value, json};
use tendermint_proto::v0_38::abci::RequestCheckTx;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{FEE, Network, pay, pay_of, quiet};

/// What CometBFT 0.38.25 says while the application has not answered to all that it asks again (`ErrRecheckFull`).
const FULL_WHILE_IT_ASKS: &str =
    "mempool is still rechecking after a new committed block, so it is considered as full";

#[derive(Default)]
struct Seen {
    /// Hashes that the engine remembers.
    cache: BTreeSet<[u8; 32]>,
    /// Calls of each request.
    requests: Vec<usize>,
    /// What it asked the application about, in order.
    asked: Vec<Vec<u8>>,
    /// Requests from this number on are not answered: the connection ends.
    fails_at: Option<usize>,
    /// What it says to everything.
    says: Option<&'static str>,
}

struct Fake {
    app: Arc<App>,
    seen: Mutex<Seen>,
}

impl Fake {
    async fn start(network: &Network) -> (Arc<Self>, Engine) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let app = network.nodes[0].shared();
        let fake = Arc::new(Self {
            app: Arc::clone(&app),
            seen: Mutex::default(),
        });
        let serving = Arc::clone(&fake);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&serving).serve(stream));
            }
        });
        let engine = Engine::new(&format!("http://{address}"), app).expect("an address");
        (fake, engine)
    }

    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        while let Some(body) = request(&mut stream).await {
            let calls: Vec<Value> = serde_json::from_slice(&body).expect("a list of calls");
            let Some((answers, taken)) = self.answer(&calls) else {
                return;
            };
            let answer = match answers.as_slice() {
                [one] => one.to_string(),
                several => json!(several).to_string(),
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
                answer.len()
            );
            let sent = stream.write_all(format!("{head}{answer}").as_bytes()).await;
            sent.expect("the node reads");
            for bytes in taken {
                let code = self.ask(&bytes);
                if code != 0 {
                    self.look().cache.remove(&engine_hash(&bytes));
                }
            }
        }
    }

    fn look(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().expect("no panic")
    }

    fn ask(&self, bytes: &[u8]) -> u32 {
        self.look().asked.push(bytes.to_vec());
        let request = RequestCheckTx {
            tx: bytes.to_vec().into(),
            ..RequestCheckTx::default()
        };
        self.app.check_tx(request).expect("no fault").code
    }

    /// The answers, and what it asks the application about.
    fn answer(&self, calls: &[Value]) -> Option<(Vec<Value>, Vec<Vec<u8>>)> {
        let mut seen = self.look();
        let number = seen.requests.len();
        seen.requests.push(calls.len());
        if seen.fails_at.is_some_and(|from| number >= from) {
            return None;
        }
        let (mut answers, mut taken) = (Vec::new(), Vec::new());
        for call in calls {
            assert_eq!(call["method"], "broadcast_tx_async");
            let bytes = from_base64(call["params"]["tx"].as_str().expect("base64"));
            let says = seen.says;
            let refused = match says {
                Some(words) => Some(words),
                None if seen.cache.insert(engine_hash(&bytes)) => None,
                None => Some("tx already exists in cache"),
            };
            answers.push(match refused {
                Some(words) => json!({
                    "jsonrpc": "2.0", "id": call["id"], "error": { "code": -32603, "message": "Internal error", "data": words },
                }),
                None => {
                    json!({ "jsonrpc": "2.0", "id": call["id"], "result": { "code": 0, "log": "" } })
                }
            });
            if refused.is_none() {
                taken.push(bytes);
            }
        }
        Some((answers, taken))
    }
}

/// The body of a request, until the connection ends.
async fn request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).expect("text").to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.expect("its length").trim();
    let mut body = vec![0; length.parse().expect("a number")];
    stream.read_exact(&mut body).await.ok()?;
    Some(body)
}

fn from_base64(text: &str) -> Vec<u8> {
    let digits = text.bytes().filter_map(|byte| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    });
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0u32, 0);
    for digit in digits {
        held = held << 6 | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    bytes
}

async fn hand_in(engine: &Engine, batch: &[&Bytes]) -> Vec<Result<Taken, String>> {
    let batch = batch.iter().map(|bytes| Submission {
        bytes: bytes.to_vec(),
        replace: false,
    });
    engine.broadcast(batch.collect()).await
}

/// `count` payments of one sender, in the order of their sequences.
fn row(network: &Network, count: u64) -> Vec<Bytes> {
    let sequences = 0..count;
    sequences
        .map(|sequence| pay(network, 1, 2, sequence, FEE, 1))
        .collect()
}

fn codes(answers: Vec<Result<Taken, String>>) -> Vec<u32> {
    let answers = answers.into_iter();
    answers
        .map(|answer| answer.expect("an answer").code)
        .collect()
}

/// Packs from now on.
fn packing(engine: Engine) -> Arc<Engine> {
    let engine = Arc::new(engine);
    let packing = Arc::clone(&engine);
    tokio::spawn(async move { packing.pack().await });
    engine
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The transactions of all that the engine asked about, which are bundles.
fn asked(fake: &Fake) -> Vec<Vec<u8>> {
    let seen = fake.look();
    let bundles = seen.asked.iter().flat_map(|bytes| {
        let read = bundle::read(&Bytes::copy_from_slice(bytes)).expect("a bundle");
        read.into_iter().map(|(_, bytes)| bytes.to_vec())
    });
    bundles.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_is_to_its_own_transaction_and_what_is_taken_goes_to_the_engine_in_a_bundle() {
    let network = quiet();
    let (fake, engine) = Fake::start(&network).await;
    let row = row(&network, 25);
    let mut forged = pay(&network, 2, 1, 0, FEE, 1).to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let forged = Bytes::from(forged);
    let poor = pay_of(&network, 0, 0, FEE);
    let junk = Bytes::from_static(&[7; 30]);
    let mut batch: Vec<_> = row.iter().collect();
    batch.insert(3, &poor);
    batch.insert(7, &forged);
    batch.insert(9, &row[0]);
    batch.push(&junk);
    batch.push(&row[24]);
    let answers = codes(hand_in(&engine, &batch).await);
    let mut expected = vec![0; 25];
    expected.insert(3, Code::InsufficientBalance.number());
    expected.insert(7, Code::BadSignature.number());
    expected.insert(9, Code::Known.number());
    expected.push(Code::Malformed.number());
    expected.push(Code::Known.number());
    assert_eq!(answers, expected);
    assert_eq!(fake.app.pool().len(), 25);
    let engine = packing(engine);
    until(|| !fake.look().asked.is_empty()).await;
    let order: Vec<_> = row.iter().map(|bytes| bytes.to_vec()).collect();
    assert_eq!(asked(&fake), order);
    assert_eq!(fake.look().requests, [1]);
    // All of it once more, and by several at once.
    let batch: Vec<_> = row.iter().collect();
    let known = vec![Code::Known.number(); 25];
    let (first, second) = tokio::join!(hand_in(&engine, &batch), hand_in(&engine, &batch));
    assert_eq!((codes(first), codes(second)), (known.clone(), known));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_hand_in_at_the_same_time_is_taken_from_one_of_them_and_known_of_the_other() {
    let network = quiet();
    let (_fake, engine) = Fake::start(&network).await;
    for sequence in 0..30 {
        let one = pay(&network, 1, 2, sequence, FEE, 1);
        let alone = [&one];
        let (first, second) = tokio::join!(hand_in(&engine, &alone), hand_in(&engine, &alone));
        let mut both = [codes(first)[0], codes(second)[0]];
        both.sort_unstable();
        assert_eq!(both, [0, Code::Known.number()], "{sequence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_does_not_take_is_handed_to_it_again_until_it_does() {
    let network = quiet();
    let (fake, engine) = Fake::start(&network).await;
    let row = row(&network, 5);
    fake.look().says = Some("mempool is full: number of txs 20000 (max: 20000)");
    let batch: Vec<_> = row.iter().collect();
    // It waits here, and this node proposes it.
    assert_eq!(codes(hand_in(&engine, &batch).await), [0; 5]);
    let _engine = packing(engine);
    let refused = |count: usize| fake.look().requests.len() >= count;
    until(|| refused(2)).await;
    fake.look().says = Some(FULL_WHILE_IT_ASKS);
    let before = fake.look().requests.len();
    until(|| refused(before + 2)).await;
    {
        let mut seen = fake.look();
        (seen.says, seen.fails_at) = (None, Some(0));
    }
    let before = fake.look().requests.len();
    until(|| refused(before + 2)).await;
    assert!(fake.look().asked.is_empty());
    fake.look().fails_at = None;
    until(|| !fake.look().asked.is_empty()).await;
    let order: Vec<_> = row.iter().map(|bytes| bytes.to_vec()).collect();
    assert_eq!(asked(&fake), order);
    let hash = engine_hash(&row[0]);
    assert!(!fake.app.pool().is_loose(&hash));
}

/// Else no other node would ever hear of what was acknowledged here.
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_forgot_what_waits_is_handed_it_again() {
    let network = quiet();
    let (fake, engine) = Fake::start(&network).await;
    let one = pay(&network, 1, 2, 0, FEE, 1);
    assert_eq!(codes(hand_in(&engine, &[&one]).await), [0]);
    let _engine = packing(engine);
    until(|| fake.look().asked.len() == 1).await;
    let height = fake.app.height();
    fake.look().cache.clear();
    for more in 1..=5 {
        fake.app.pool().begin(height + more);
    }
    let hash = engine_hash(&one);
    assert!(fake.app.pool().is_loose(&hash));
    until(|| fake.look().asked.len() == 2).await;
    assert_eq!(asked(&fake), [one.to_vec(), one.to_vec()]);
    assert!(!fake.app.pool().is_loose(&hash));
}

/// What came by itself from another node, and whose engine dropped it, is packed by whoever has it.
#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_carries_is_packed_whoever_brought_it() {
    let network = quiet();
    let (fake, engine) = Fake::start(&network).await;
    let _engine = packing(engine);
    let one = pay(&network, 1, 2, 0, FEE, 1);
    assert_eq!(fake.ask(&one), 0);
    fake.look().asked.clear();
    let height = fake.app.height();
    for more in 1..=5 {
        fake.app.pool().begin(height + more);
    }
    until(|| !fake.look().asked.is_empty()).await;
    assert_eq!(asked(&fake), [one.to_vec()]);
}

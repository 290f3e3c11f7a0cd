//! What a node hands to its engine, against an engine that keeps a cache as CometBFT does, asks the application after it has answered, and fails when
//! it is told to.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use plasmid::app::{App, Submission};
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
    /// It ends with what it took, and asks about none of it.
    forgets: bool,
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
            if refused.is_none() && !seen.forgets {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_asked_about_in_its_order_and_each_answer_is_to_its_own_transaction() {
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
    let (requests, asked) = {
        let seen = fake.look();
        (seen.requests.clone(), seen.asked.clone())
    };
    // Neither the poor one nor the junk gets so far.
    assert_eq!(requests, [10, 10, 8]);
    let mut order: Vec<_> = row.iter().map(|bytes| bytes.to_vec()).collect();
    order.insert(6, forged.to_vec());
    assert_eq!(asked, order);
    assert_eq!(fake.app.pool().len(), 25);
    // All of it once more, and by several at once.
    let batch: Vec<_> = row.iter().collect();
    let known = vec![Code::Known.number(); 25];
    let (first, second) = tokio::join!(hand_in(&engine, &batch), hand_in(&engine, &batch));
    assert_eq!((codes(first), codes(second)), (known.clone(), known));
    // Nobody waits for anything any more, so a later answer finds nobody to tell.
    assert_eq!(fake.ask(&row[0]), 0);
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
async fn behind_a_request_that_fails_nothing_is_handed_over() {
    let network = quiet();
    let (fake, engine) = Fake::start(&network).await;
    let row = row(&network, 25);
    let batch: Vec<_> = row.iter().collect();
    fake.look().fails_at = Some(1);
    let answers = hand_in(&engine, &batch).await;
    let taken: Vec<_> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(taken[..10], [true; 10]);
    assert_eq!(taken[10..], [false; 15]);
    assert_eq!(fake.look().asked.len(), 10);
    fake.look().fails_at = None;
    for words in [
        "mempool is full: number of txs 20000 (max: 20000)",
        FULL_WHILE_IT_ASKS,
    ] {
        fake.look().says = Some(words);
        let full = codes(hand_in(&engine, &batch[10..12]).await);
        assert_eq!(full, [Code::PoolFull.number(); 2], "{words}");
    }
    fake.look().says = Some("tx too large");
    let answers = hand_in(&engine, &batch[10..11]).await;
    let said = answers[0].as_ref().expect_err("the engine refuses");
    assert!(said.contains("tx too large"), "{said}");
    fake.look().says = None;
    assert_eq!(codes(hand_in(&engine, &batch[10..]).await), [0; 15]);
}

/// An engine that ends with questions under way: the place at it is held for as long as one transaction may take, and not for as long as all of them may
/// one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_never_asks_about_is_waited_for_together() {
    const COUNT: u32 = 12;
    let network = quiet();
    let (fake, engine) = Fake::start(&network).await;
    let row = row(&network, u64::from(COUNT));
    let batch: Vec<_> = row.iter().collect();
    // What each is waited for is less than this: the least that all would take one after the other.
    let apart = |each: Duration| each * COUNT / 2;
    fake.look().says = Some("tx already exists in cache");
    let begun = Instant::now();
    assert_eq!(
        codes(hand_in(&engine, &batch).await),
        [Code::PoolFull.number(); COUNT as usize]
    );
    assert!(begun.elapsed() < apart(Duration::from_secs(1)));
    {
        let mut seen = fake.look();
        (seen.says, seen.forgets) = (None, true);
    }
    let begun = Instant::now();
    for answer in hand_in(&engine, &batch).await {
        let said = answer.expect_err("nobody asked");
        assert!(said.contains("look it up by its hash"), "{said}");
    }
    assert!(begun.elapsed() < apart(Duration::from_secs(15)));
    assert!(fake.look().asked.is_empty());
}

/// Else no other node would ever hear of what was acknowledged here.
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_forgot_what_waits_is_handed_it_again() {
    let network = quiet();
    let (fake, engine) = Fake::start(&network).await;
    let one = pay(&network, 1, 2, 0, FEE, 1);
    assert_eq!(codes(hand_in(&engine, &[&one]).await), [0]);
    let height = fake.app.height();
    let forgets = async {
        fake.look().cache.clear();
        for more in 1..=5 {
            fake.app.pool().begin(height + more);
        }
        while fake.look().asked.len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        never = engine.keep_held() => match never {},
        () = forgets => {}
    }
    assert_eq!(fake.look().asked, [one.to_vec(), one.to_vec()]);
    let hash = engine_hash(&one);
    assert!(fake.app.pool().get(&hash).is_some());
    assert!(fake.app.pool().unheld(10).is_empty());
}

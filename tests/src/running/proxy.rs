//! A way to root that can be told to misbehave: an HTTP server on the loopback between those who ask and a JSON-RPC node.
//!
//! ```text
//! node, relayer ──▶ Proxy ──(Behaviour, looked up anew for each request)──▶ anvil
//! ```
//! It is judged by what arrives at the other end, so it does what real endpoints do: answers late, not at all, too often "too many", with
//! pages of HTML, cut off, for another question, or with the history of another chain.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use super::fork::Fork;
use super::garbage::Garbage;
use crate::thieves::blind::Blind;

/// How long a node behind a proxy may take.
const UPSTREAM: Duration = Duration::from_secs(30);
/// The longest head or body of a request that is taken.
const MAX_LENGTH: usize = 1 << 20;

/// What a proxy does with a request.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Hands it on.
    Pass,
    /// Hands it on after a while.
    Delay(Duration),
    /// Says "too many requests".
    RateLimited,
    /// Says so to every other request.
    Metered,
    /// Refuses questions for the events of more blocks than this.
    Narrow(u64),
    /// Closes the connection.
    Drop,
    /// Never answers, until it is told to do something else.
    Silent,
    /// Answers what nobody asked for, a different thing each time.
    Garbage,
    /// Hands it on; when it was a transaction, closes the connection instead of answering.
    LoseSubmissions,
    /// Answers from a history of its own.
    Fork(Arc<Fork>),
    /// Shows nothing that is newer than a message.
    Blind(Arc<Blind>),
}

/// A running proxy; dropped, it stops, and a panic of one of its tasks fails the test.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    behaviour: watch::Sender<Behaviour>,
    asked: Arc<AtomicU64>,
    task: JoinHandle<()>,
    panicked: Arc<AtomicBool>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        assert!(
            !self.panicked.load(Ordering::SeqCst) || std::thread::panicking(),
            "a task of the proxy at {} panicked, as it said above",
            self.url
        );
    }
}

/// Notes a panic of the task that holds it.
struct Watch(Arc<AtomicBool>);

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::SeqCst);
        }
    }
}

impl Proxy {
    /// Starts one before the node at `upstream`; `seed` is for its garbage.
    ///
    /// # Panics
    /// When the loopback has no free port.
    pub async fn start(upstream: &str, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("the loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let (behaviour, seen) = watch::channel(Behaviour::Pass);
        let asked = Arc::new(AtomicU64::new(0));
        let door = Door {
            upstream: Upstream::new(upstream),
            garbage: Arc::new(Mutex::new(Garbage::new(seed))),
            behaviour: seen,
            asked: Arc::clone(&asked),
        };
        let panicked = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&panicked);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (door, watch) = (door.clone(), Watch(Arc::clone(&noted)));
                tokio::spawn(async move {
                    let _watch = watch;
                    door.serve(stream).await;
                });
            }
        });
        Self {
            url: format!("http://{address}"),
            behaviour,
            asked,
            task,
            panicked,
        }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it does from the next request on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.behaviour.send_replace(behaviour);
    }

    /// Requests that it got so far.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

/// The node behind a proxy.
#[derive(Clone, Debug)]
pub struct Upstream {
    http: reqwest::Client,
    url: String,
}

impl Upstream {
    /// The node at `url`.
    ///
    /// # Panics
    /// When no HTTP client can be made.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(UPSTREAM)
            .build()
            .expect("an HTTP client");
        Self {
            http,
            url: url.to_owned(),
        }
    }

    /// What the node answers to this body; `None` when it does not.
    pub async fn ask(&self, body: Vec<u8>) -> Option<Vec<u8>> {
        let post = self
            .http
            .post(&self.url)
            .header("content-type", "application/json")
            .body(body);
        let answer = post.send().await.ok()?;
        answer.bytes().await.ok().map(|bytes| bytes.to_vec())
    }
}

/// What the node answers to this question, as JSON.
pub(crate) async fn ask(upstream: &Upstream, question: &Value) -> Option<Value> {
    let answer = upstream.ask(question.to_string().into_bytes()).await?;
    serde_json::from_slice(&answer).ok()
}

#[derive(Clone)]
struct Door {
    upstream: Upstream,
    garbage: Arc<Mutex<Garbage>>,
    behaviour: watch::Receiver<Behaviour>,
    asked: Arc<AtomicU64>,
}

impl Door {
    /// Serves one connection until either side closes it.
    async fn serve(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(body) = read_request(&mut stream).await {
            let number = self.asked.fetch_add(1, Ordering::Relaxed);
            let Some(bytes) = self.reply(body, number).await else {
                return;
            };
            if stream.get_mut().write_all(&bytes).await.is_err() {
                return;
            }
        }
    }

    /// The bytes to write back; none: the connection is closed.
    async fn reply(&self, body: Vec<u8>, number: u64) -> Option<Vec<u8>> {
        let behaviour = self.behaviour.borrow().clone();
        match behaviour {
            Behaviour::Pass => self.pass(body).await,
            Behaviour::Delay(wait) => {
                tokio::time::sleep(wait).await;
                self.pass(body).await
            }
            Behaviour::RateLimited => Some(too_many()),
            Behaviour::Metered if number.is_multiple_of(2) => Some(too_many()),
            Behaviour::Metered => self.pass(body).await,
            Behaviour::Narrow(blocks) => match asked_blocks(&body) {
                Some(asked) if asked > blocks => Some(too_wide(&body, blocks)),
                _ => self.pass(body).await,
            },
            Behaviour::Drop => None,
            Behaviour::Silent => {
                let _ = self.behaviour.clone().changed().await;
                None
            }
            Behaviour::Garbage => {
                let honest = self.upstream.ask(body).await?;
                Some(self.garbage.lock().await.instead_of(&honest))
            }
            Behaviour::LoseSubmissions => {
                let is_submission = method(&body) == "eth_sendRawTransaction";
                let answer = self.pass(body).await;
                answer.filter(|_| !is_submission)
            }
            Behaviour::Fork(fork) => {
                let question: Value = serde_json::from_slice(&body).ok()?;
                let answer = fork.answer(&self.upstream, question).await?;
                Some(http("200 OK", answer.to_string().as_bytes()))
            }
            Behaviour::Blind(blind) => {
                let question: Value = serde_json::from_slice(&body).ok()?;
                let answer = blind.answer(&self.upstream, question).await?;
                Some(http("200 OK", answer.to_string().as_bytes()))
            }
        }
    }

    async fn pass(&self, body: Vec<u8>) -> Option<Vec<u8>> {
        Some(http("200 OK", &self.upstream.ask(body).await?))
    }
}

fn too_many() -> Vec<u8> {
    http("429 Too Many Requests\r\nretry-after: 1", b"slow")
}

/// For how many blocks this question asks the events; `None` when it is another question.
fn asked_blocks(body: &[u8]) -> Option<u64> {
    let question: Value = serde_json::from_slice(body).ok()?;
    let number = |name: &str| {
        let text = question["params"][0][name].as_str()?;
        u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
    };
    (question["method"] == "eth_getLogs").then_some(())?;
    Some(number("toBlock")? + 1 - number("fromBlock")?)
}

fn too_wide(body: &[u8], blocks: u64) -> Vec<u8> {
    let question: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = format!("query exceeds max block range {blocks}");
    let answer = json!({
        "jsonrpc": "2.0", "id": question["id"], "error": { "code": -32602, "message": message },
    });
    http("200 OK", answer.to_string().as_bytes())
}

fn method(body: &[u8]) -> String {
    let question: Value = serde_json::from_slice(body).unwrap_or_default();
    question["method"].as_str().unwrap_or_default().to_owned()
}

/// A whole answer.
pub(super) fn http(status: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Reads the next request's body; none at the end of the connection, or when it is none that our client would send.
async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > MAX_LENGTH {
            return None;
        }
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?.to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))?;
    let length: usize = length.trim().parse().ok()?;
    if length > MAX_LENGTH {
        return None;
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "a task of the proxy")]
    async fn a_panic_of_a_task_fails_the_test_that_holds_the_proxy() {
        // No client of ours asks for a range whose length overflows.
        let proxy = Proxy::start("http://127.0.0.1:1", 0).await;
        proxy.behave(Behaviour::Narrow(1));
        let question = json!({
            "id": 1, "method": "eth_getLogs",
            "params": [{ "fromBlock": "0xffffffffffffffff", "toBlock": "0xffffffffffffffff" }],
        });
        let body = question.to_string().into_bytes();
        let answer = Upstream::new(proxy.url()).ask(body).await;
        assert_eq!(answer, None);
    }
}

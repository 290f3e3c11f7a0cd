//! Offers without end from keys without money, as fast as an engine takes them: many requests are on their way on each connection, so that no
//! time is lost between an answer and the next request.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use plasmid::ledger::Code;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Connections to each engine.
const CONNECTIONS: u32 = 8;
/// Requests that are on their way on each.
const PIPELINED: u32 = 32;
/// The longest answer that an engine gives here.
const MAX_ANSWER: usize = 16_384;

/// A flood that goes on until it is ended.
pub struct Flood {
    senders: JoinSet<()>,
    refused: Arc<AtomicU32>,
    is_over: Arc<AtomicBool>,
}

impl Flood {
    /// Begins to offer a transaction to engines whose RPC is at these addresses, each time with another sender.
    pub fn start(engines: &[SocketAddr], transaction: &[u8]) -> Self {
        let refused = Arc::new(AtomicU32::new(0));
        let is_over = Arc::new(AtomicBool::new(false));
        let mut senders = JoinSet::new();
        let all = CONNECTIONS * u32::try_from(engines.len()).unwrap();
        for first in 0..all {
            let sender = Sender {
                engine: engines[first as usize % engines.len()],
                transaction: transaction.to_vec(),
                number: first,
                step: all,
                refused: Arc::clone(&refused),
                is_over: Arc::clone(&is_over),
            };
            senders.spawn(sender.run());
        }
        Self {
            senders,
            refused,
            is_over,
        }
    }

    /// Offers that were refused so far, each from another key.
    ///
    /// # Panics
    /// When a sender has ended: something else was answered than that it has no money.
    pub fn refused(&mut self) -> u32 {
        if let Some(ended) = self.senders.try_join_next() {
            panic!("a sender ended: {ended:?}");
        }
        self.refused.load(Ordering::SeqCst)
    }

    /// Ends it.
    pub async fn end(self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.senders.join_all().await;
    }
}

struct Sender {
    engine: SocketAddr,
    transaction: Vec<u8>,
    number: u32,
    step: u32,
    refused: Arc<AtomicU32>,
    is_over: Arc<AtomicBool>,
}

impl Sender {
    async fn run(mut self) {
        let stream = TcpStream::connect(self.engine).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut stream = BufReader::new(stream);
        while !self.is_over.load(Ordering::SeqCst) {
            let mut requests = String::new();
            for _ in 0..PIPELINED {
                let hex = hex::encode(self.next());
                let path = format!("/broadcast_tx_sync?tx=0x{hex}");
                write!(requests, "GET {path} HTTP/1.1\r\nHost: engine\r\n\r\n").unwrap();
            }
            stream.write_all(requests.as_bytes()).await.unwrap();
            for _ in 0..PIPELINED {
                let answer = answer(&mut stream).await;
                let code = format!("\"code\":{},", Code::InsufficientBalance.number());
                assert!(answer.contains(&code), "{answer}");
                self.refused.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    /// The transaction with another sender, who stands behind kind and scheme; the sequence stands behind the sender and the lane.
    fn next(&mut self) -> &[u8] {
        self.transaction[3..7].copy_from_slice(&self.number.to_be_bytes());
        self.transaction[32] = (self.number % 65) as u8;
        self.number += self.step;
        &self.transaction
    }
}

async fn answer(stream: &mut BufReader<TcpStream>) -> String {
    let mut length = 0;
    loop {
        let mut line = String::new();
        let read = stream.read_line(&mut line).await.unwrap();
        assert!(read > 0, "the engine closed the connection");
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    assert!((1..MAX_ANSWER).contains(&length), "{length} bytes");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    String::from_utf8(body).unwrap()
}

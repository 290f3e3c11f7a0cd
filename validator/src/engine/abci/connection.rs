//! One connection: a side that reads and a side that answers, a bounded queue between them.
//!
//! ```text
//! read: bytes -> Scanner -> Request -> [ queue: 256 requests, kept_bytes in all ] -> answer: call, encode, write
//! ```
//!
//! Answers leave in the order of their requests. They are flushed by Flush and whenever nothing waits behind them. Queries
//! start when they are read, so a slow one delays only its connection's answers, not its work. They run on threads of their own,
//! never on those that serve consensus, and one that takes too long is stopped and answered with a refusal. Snapshots are given out in the same
//! way, one part after another on one thread: strangers ask for them.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use prost::bytes::{Bytes, BytesMut};
use tendermint_proto::v0_38::abci::{
    Request, Response, request::Value as RequestValue, response::Value as ResponseValue,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout, timeout_at};

use super::dispatch::{Alarm, Class, Dispatch, class, nothing, unanswered};
use super::frame::Scanner;
use super::handler::Handler;
use super::limits::{FrameError, Limits};
use crate::workers::{Full, Running, Workers};

/// How long a query may take.
const QUERY_PATIENCE: Duration = Duration::from_secs(30);
/// Whose queries these are: all come through the engine.
const ENGINE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// The first byte of a query's frame: field 6 of `Request`, with a length.
const QUERY_KEY: u8 = 6 << 3 | 2;
const QUEUE_REQUESTS: usize = 256;
const CHECKS_TOGETHER: usize = 32;
const READ_BYTES: usize = 64 << 10;
const WRITE_BYTES: usize = 64 << 10;
/// Largest answer that CometBFT reads (`abci/types/messages.go`: 2^31 − 1).
const ANSWER_BYTES: usize = i32::MAX as usize;

/// Why a connection was closed from our side.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum Closed {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("a frame is not an ABCI request: {0}")]
    Decode(#[from] prost::DecodeError),
    #[error("a request is empty, or of a kind that ABCI 2.0 does not have")]
    Unknown,
    #[error("the stream ends inside a frame")]
    Half,
    #[error("the client stalled for {waited:?} inside a frame or while it was answered", waited = .0)]
    Stalled(Duration),
    #[error("an answer of {0} bytes is more than the engine reads")]
    AnswerTooLarge(usize),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Alarm(#[from] Alarm),
    #[error(transparent)]
    Full(#[from] Full),
    #[error("a call was cancelled: {0}")]
    Cancelled(#[from] tokio::task::JoinError),
}

/// What all connections share.
pub(super) struct Shared<H> {
    pub(super) dispatch: Dispatch<H>,
    pub(super) limits: Limits,
    pub(super) stall: Duration,
    pub(super) queries: ReadPool,
    /// Where snapshots are given out.
    pub(super) snapshots: ReadPool,
}

/// Places of reads that run or wait, and their threads.
pub(super) struct ReadPool {
    places: Arc<Semaphore>,
    workers: Workers,
}

impl ReadPool {
    /// Starts `threads` threads called `name`, with this number of places.
    pub(super) fn start(name: &str, threads: usize, places: usize) -> io::Result<Self> {
        Ok(Self {
            places: Arc::new(Semaphore::new(places)),
            workers: Workers::start(name, (threads, threads), (places, places))?,
        })
    }
}

/// A request on its way to its answer, holding its share of the connection's memory.
struct Pending {
    work: Work,
    _memory: OwnedSemaphorePermit,
}

enum Work {
    Call(RequestValue),
    /// A query that cannot be read, and why.
    Refused(String),
    /// A read, and what is answered where it has no answer; a query is refused then.
    Running(Running<Result<ResponseValue, Alarm>>, Option<ResponseValue>),
}

/// Serves one connection until the client ends it, breaks a rule, or the node stops.
pub(super) async fn serve<H: Handler>(
    reader: impl AsyncRead + Unpin,
    writer: impl AsyncWrite + Unpin,
    shared: Arc<Shared<H>>,
) -> Result<(), Closed> {
    let (queue, waiting) = mpsc::channel(QUEUE_REQUESTS);
    tokio::try_join!(
        read(reader, queue, &shared),
        answer(writer, waiting, &shared)
    )?;
    Ok(())
}

async fn read<H: Handler>(
    mut reader: impl AsyncRead + Unpin,
    queue: mpsc::Sender<Pending>,
    shared: &Arc<Shared<H>>,
) -> Result<(), Closed> {
    let mut scanner = Scanner::new(shared.limits);
    let memory = Arc::new(Semaphore::new(kib(shared.limits.kept_bytes) as usize));
    let mut buffer = vec![0; READ_BYTES];
    let mut deadline = None;
    loop {
        let count = match deadline {
            Some(at) => timeout_at(at, reader.read(&mut buffer))
                .await
                .map_err(|_| Closed::Stalled(shared.stall))??,
            None => reader.read(&mut buffer).await?,
        };
        if count == 0 {
            return match scanner.mid_frame() {
                true => Err(Closed::Half),
                false => Ok(()),
            };
        }
        let mut input = buffer.get(..count).unwrap_or_default();
        while let Some(frame) = scanner.feed(&mut input)? {
            deadline = None;
            let memory = hold(&memory, kib(frame.len())).await?;
            let work = begin(Bytes::from(frame), shared).await?;
            let pending = Pending {
                work,
                _memory: memory,
            };
            if queue.send(pending).await.is_err() {
                return Ok(());
            }
        }
        deadline = scanner
            .mid_frame()
            .then(|| deadline.unwrap_or_else(|| Instant::now() + shared.stall));
    }
}

/// Decodes a frame; a query starts at once. One that cannot be decoded is refused, and the connection goes on: CometBFT passes a path on that
/// a stranger wrote, UTF-8 or not, and ends when this connection does.
async fn begin<H: Handler>(frame: Bytes, shared: &Arc<Shared<H>>) -> Result<Work, Closed> {
    let is_query = frame.first() == Some(&QUERY_KEY);
    let request = match Request::decode(frame) {
        Err(error) if is_query => return Ok(Work::Refused(error.to_string())),
        request => request?.value.ok_or(Closed::Unknown)?,
    };
    if class(&request) != Class::Read {
        return Ok(Work::Call(request));
    }
    let pool = match is_query {
        true => &shared.queries,
        false => &shared.snapshots,
    };
    let turn = hold(&pool.places, 1).await?;
    let here = Arc::clone(shared);
    let instead = nothing(&request);
    let running = pool.workers.run(ENGINE, move |cancelled| {
        let _turn = turn;
        here.dispatch.call_until(request, cancelled)
    });
    Ok(Work::Running(running?, instead))
}

/// The answer to a read, in time.
async fn finish(
    read: Running<Result<ResponseValue, Alarm>>,
    instead: Option<ResponseValue>,
) -> Result<ResponseValue, Alarm> {
    let why = match timeout(QUERY_PATIENCE, read).await {
        Ok(Ok(answer)) => return answer,
        Ok(Err(lost)) => lost.to_string(),
        Err(_) => {
            "the query took too long and was stopped: this node is overloaded, ask again later"
                .to_owned()
        }
    };
    Ok(instead.unwrap_or_else(|| unanswered(&why)))
}

async fn answer<H: Handler>(
    mut writer: impl AsyncWrite + Unpin,
    mut waiting: mpsc::Receiver<Pending>,
    shared: &Arc<Shared<H>>,
) -> Result<(), Closed> {
    let mut out = BytesMut::with_capacity(WRITE_BYTES);
    let mut next = waiting.recv().await;
    while let Some(pending) = next.take() {
        let mut flush = false;
        match pending.work {
            Work::Running(read, instead) => encode(finish(read, instead).await?, &mut out)?,
            Work::Refused(why) => encode(
                unanswered(&format!("the query cannot be read: {why}")),
                &mut out,
            )?,
            Work::Call(request) if class(&request) == Class::Transport => {
                flush = matches!(request, RequestValue::Flush(_));
                encode(shared.dispatch.call(request)?, &mut out)?;
            }
            Work::Call(request) => {
                let (calls, after) = together(request, &mut waiting);
                for response in run(calls, shared).await? {
                    encode(response, &mut out)?;
                }
                next = after;
            }
        }
        if next.is_none() {
            next = waiting.try_recv().ok();
        }
        if flush || next.is_none() || out.len() >= WRITE_BYTES {
            send(&mut writer, &mut out, shared.stall).await?;
        }
        if next.is_none() {
            next = waiting.recv().await;
        }
    }
    Ok(())
}

/// A call, with the `check_tx` that already wait right behind it if it is one, so that a flood of them costs few thread
/// switches; and the first thing behind that is something else.
fn together(
    first: RequestValue,
    waiting: &mut mpsc::Receiver<Pending>,
) -> (Vec<RequestValue>, Option<Pending>) {
    let check = |request: &RequestValue| matches!(request, RequestValue::CheckTx(_));
    let mut calls = vec![first];
    while calls.len() < CHECKS_TOGETHER && calls.last().is_some_and(check) {
        match waiting.try_recv() {
            Ok(Pending {
                work: Work::Call(request),
                ..
            }) if check(&request) => calls.push(request),
            other => return (calls, other.ok()),
        }
    }
    (calls, None)
}

/// Runs calls on a thread that may block.
async fn run<H: Handler>(
    calls: Vec<RequestValue>,
    shared: &Arc<Shared<H>>,
) -> Result<Vec<ResponseValue>, Closed> {
    let shared = Arc::clone(shared);
    let work = move || shared.dispatch.call_all(calls);
    Ok(tokio::task::spawn_blocking(work).await??)
}

fn encode(response: ResponseValue, out: &mut BytesMut) -> Result<(), Closed> {
    let response = Response {
        value: Some(response),
    };
    let length = response.encoded_len();
    if length > ANSWER_BYTES {
        return Err(Closed::AnswerTooLarge(length));
    }
    // A `BytesMut` grows: it cannot be too small.
    let _ = response.encode_length_delimited(out);
    Ok(())
}

async fn send(
    writer: &mut (impl AsyncWrite + Unpin),
    out: &mut BytesMut,
    stall: Duration,
) -> Result<(), Closed> {
    let write = async {
        writer.write_all(out).await?;
        writer.flush().await
    };
    timeout(stall, write)
        .await
        .map_err(|_| Closed::Stalled(stall))??;
    out.clear();
    if out.capacity() > 16 * WRITE_BYTES {
        *out = BytesMut::with_capacity(WRITE_BYTES);
    }
    Ok(())
}

async fn hold(semaphore: &Arc<Semaphore>, permits: u32) -> Result<OwnedSemaphorePermit, Closed> {
    let held = Arc::clone(semaphore).acquire_many_owned(permits).await;
    held.map_err(|closed| Closed::Io(io::Error::other(closed)))
}

/// Bytes in KiB, rounded up, at least one.
fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024))
        .unwrap_or(u32::MAX)
        .max(1)
}

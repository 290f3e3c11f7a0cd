//! Streams of transactions, which are answered once, when they end.
//!
//! ```text
//! stream ─▶ what is there, up to MAX_BATCH and MAX_BATCH_BYTES ─▶ one place at the engine ─▶ all of it answered ─▶ what is there by then ─▶ …
//!                    └─ nothing: the next one is waited for, for SILENCE at most
//! ```
//! So a stream has one batch on its way at a time, all of it in order, and what comes meanwhile waits in the stream's window: who is slow is handed in one by
//! one, and who is fast does not wait for the answer to each. Nobody waits for an answer before the end, so what comes within [`PACE`] of a batch goes
//! together: signatures are verified together for less than half.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use plasmid_proto::ledger::v1::{Refusal, SubmitManyRequest, SubmitManyResponse};
use tokio::time::{Instant, sleep_until};
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

use super::Taken;
use crate::app::Submission;

/// Transactions that are handed in together at most.
const MAX_BATCH: usize = 64;
/// A batch that has this number of bytes takes no more transactions. One message has at most as many.
const MAX_BATCH_BYTES: usize = 64 << 10;
/// Refusals of a stream that are told; more end it.
const MAX_REFUSALS: usize = 1_000;
/// Transactions that one stream brings at most.
const MAX_SUBMITTED: u64 = 1_000_000;
/// What a stream waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamPace {
    /// How long it may be silent.
    pub silence: Duration,
    /// The time from one batch to the next, where the first was not full.
    pub pace: Duration,
}

/// With a tenth of the time in which a node packs what came (`node::broadcast`), hardly anything is in a block later by it.
const PACE: Duration = Duration::from_millis(40);
/// What all streams of transactions wait for.
pub(super) const STREAMS: StreamPace = StreamPace {
    silence: Duration::from_secs(30),
    pace: PACE,
};

/// Hands in all that a stream brings; `hand_in` answers to each transaction of a batch, in order.
///
/// # Errors
/// What ends the stream before its end. What was read of it before was handed in.
pub(super) async fn submit<S, F>(
    stream: S,
    waits: StreamPace,
    hand_in: impl Fn(Vec<Submission>) -> F,
) -> Result<SubmitManyResponse, Status>
where
    S: Stream<Item = Result<SubmitManyRequest, Status>>,
    F: Future<Output = Result<Vec<Taken>, Status>>,
{
    let mut stream = pin!(stream);
    let mut answer = SubmitManyResponse::default();
    let mut count = 0;
    let mut next = Instant::now();
    loop {
        let (batch, end) = gather(&mut stream, count, waits.silence, next).await;
        next = Instant::now();
        if !is_full(&batch) {
            next += waits.pace;
        }
        let from = count;
        count += batch.len() as u64;
        if !batch.is_empty() {
            let told = hand_in(batch).await;
            let told = told.map_err(|status| untold(&status, &answer, from))?;
            add(&mut answer, from, told)?;
        }
        match end {
            None => {}
            Some(Ok(())) => return Ok(answer),
            Some(Err(status)) => return Err(status),
        }
    }
}

/// A batch was not answered; what was said of those before this position would be lost with it.
fn untold(status: &Status, answer: &SubmitManyResponse, from: u64) -> Status {
    let (taken, refused) = (answer.accepted, answer.refusals.len());
    Status::new(
        status.code(),
        format!(
            "{}: look up what you sent from position {from} on before you send it again; of those before it {taken} were taken and {refused} refused",
            status.message()
        ),
    )
}

/// Adds what was said of these, the first of which stands at this position.
fn add(answer: &mut SubmitManyResponse, first: u64, told: Vec<Taken>) -> Result<(), Status> {
    let mut behind = told.len();
    for (index, taken) in (first..).zip(told) {
        behind -= 1;
        if taken.code == 0 {
            answer.accepted += 1;
            continue;
        }
        let code = taken.code;
        answer.refusals.push(Refusal {
            index,
            code,
            log: taken.log,
        });
        if answer.refusals.len() > MAX_REFUSALS {
            return Err(Status::resource_exhausted(format!(
                "more than {MAX_REFUSALS} transactions were refused, the last with code {code}: stopped at position {index}; {behind} behind it were \
                 handed in with it"
            )));
        }
    }
    Ok(())
}

/// Whether it takes no more.
fn is_full(batch: &[Submission]) -> bool {
    let bytes: usize = batch.iter().map(|one| one.bytes.len()).sum();
    batch.len() >= MAX_BATCH || bytes >= MAX_BATCH_BYTES
}

/// What the stream, which has brought `count` before, has at that time or when its next transaction comes, and how it ended where it did.
async fn gather<S>(
    stream: &mut S,
    count: u64,
    silence: Duration,
    from: Instant,
) -> (Vec<Submission>, Option<Result<(), Status>>)
where
    S: Stream<Item = Result<SubmitManyRequest, Status>> + Unpin,
{
    let mut batch = Vec::new();
    while !is_full(&batch) {
        let at = count + batch.len() as u64;
        let message = match batch.is_empty() {
            true => first(stream, at, silence).await,
            false if batch.len() == 1 && Instant::now() < from => {
                sleep_until(from).await;
                continue;
            }
            false => match now(stream).await {
                Some(message) => message,
                None => return (batch, None),
            },
        };
        match message {
            None => return (batch, Some(Ok(()))),
            Some(Err(status)) => return (batch, Some(Err(status))),
            Some(Ok(_)) if at >= MAX_SUBMITTED => {
                let status = Status::resource_exhausted(format!(
                    "a stream takes {MAX_SUBMITTED} transactions: begin another one for the rest"
                ));
                return (batch, Some(Err(status)));
            }
            Some(Ok(message)) => batch.push(Submission {
                bytes: message.transaction,
                replace: message.replace,
            }),
        }
    }
    (batch, None)
}

type Message = Option<Result<SubmitManyRequest, Status>>;

/// The next message, which is not waited for too long.
async fn first<S>(stream: &mut S, count: u64, silence: Duration) -> Message
where
    S: Stream<Item = Result<SubmitManyRequest, Status>> + Unpin,
{
    let next = tokio::time::timeout(silence, stream.next()).await;
    next.unwrap_or_else(|_| {
        Some(Err(Status::deadline_exceeded(format!(
            "no transaction came for {} seconds after {count}: begin another stream when there are more",
            silence.as_secs()
        ))))
    })
}

/// The next message, where it is there already.
async fn now<S>(stream: &mut S) -> Option<Message>
where
    S: Stream<Item = Result<SubmitManyRequest, Status>> + Unpin,
{
    let mut next = pin!(stream.next());
    poll_fn(|context| {
        Poll::Ready(match next.as_mut().poll(context) {
            Poll::Ready(message) => Some(message),
            Poll::Pending => None,
        })
    })
    .await
}

#[cfg(test)]
mod tests;

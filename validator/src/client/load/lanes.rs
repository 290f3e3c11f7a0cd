//! Lanes: how transactions of a load go to a node, one call or one stream at a time.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc as blocking,
    },
    time::{Duration, Instant},
};

use plasmid_proto::ledger::v1::{
    SubmitManyRequest, SubmitManyResponse, SubmitRequest,
    transaction_service_client::TransactionServiceClient,
};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::JoinSet,
    time::{Instant as Moment, timeout_at},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code as Grpc, Status, transport::Channel};

use super::{Ticket, book::Book, word::NodeWord};
use crate::{ledger::Code, plain, wire::engine_hash};

/// Transactions of one stream. A node tells of refusals when a stream ends, ends one with more than a thousand of them, and has to answer within the
/// time of a call.
const STREAM_TRANSACTIONS: usize = 64;
/// How long a stream stays open.
const STREAM_TIME: Duration = Duration::from_secs(1);
/// Transactions between the queue and the stream.
const STREAM_AHEAD: usize = STREAM_TRANSACTIONS;
/// Senders of one stream about whom the node is asked what it misses; others are handed in again without that, and have their turn.
const MAX_ASKED: usize = 8;
/// The least room of a queue.
const MIN_QUEUE: usize = 4;

/// What a sender does after a transaction of it was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Hands the same bytes in again, before its others.
    Again,
    /// Hands these bytes in again before its others, but one before them is missing at its node, which never had it or gave it up: that of this sequence, where it is known.
    Ahead(Option<u64>),
    /// Goes on: another transaction has that sequence.
    GoOn,
    /// Stops: no other one of it would be taken.
    Stop,
}

/// What a node said of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadAnswer {
    /// It waits for a block.
    Taken,
    /// It does not.
    Refused {
        /// The kind of refusal.
        kind: String,
        /// What was said.
        words: String,
        /// What its sender does.
        after: After,
    },
    /// Nobody can say: the call failed.
    Unclear {
        /// The kind of failure.
        kind: String,
        /// What was said.
        words: String,
    },
}

/// What this chain's code says of a transaction.
#[must_use]
pub fn answer_of(code: u32, log: &str) -> LoadAnswer {
    let known = Code::from_number(code);
    let after = match known {
        Some(Code::Ok | Code::Known) => return LoadAnswer::Taken,
        Some(Code::PoolFull) => After::Again,
        Some(Code::NonceAhead) => After::Ahead(None),
        Some(Code::NonceUsed | Code::ReplacementUnderpriced) => After::GoOn,
        _ => After::Stop,
    };
    LoadAnswer::Refused {
        kind: known.map_or_else(|| format!("code_{code}"), |code| code.name().to_owned()),
        words: plain::words(log),
        after,
    }
}

/// Hands transactions in, one after the other.
#[tonic::async_trait]
pub trait Submitter: Send + Sync + 'static {
    /// Hands one in, and waits for the answer.
    async fn submit(&self, bytes: Vec<u8>) -> LoadAnswer;
}

/// One way to one node.
pub struct LoadLane {
    /// How transactions go there.
    pub way: LaneWay,
    /// What the node says of them.
    pub word: Option<Arc<dyn NodeWord>>,
}

/// How transactions go to a node.
pub enum LaneWay {
    /// A call for each transaction.
    Calls(Box<dyn Submitter>),
    /// Streams of transactions, by gRPC.
    Streams(TransactionServiceClient<Channel>),
}

/// A call of gRPC for each transaction.
pub struct Unary(pub TransactionServiceClient<Channel>);

#[tonic::async_trait]
impl Submitter for Unary {
    async fn submit(&self, transaction: Vec<u8>) -> LoadAnswer {
        let request = SubmitRequest {
            transaction,
            replace: false,
        };
        match self.0.clone().submit(request).await {
            Ok(answer) => answer_of(answer.get_ref().code, &answer.get_ref().log),
            Err(status) => unclear(&status),
        }
    }
}

fn unclear(status: &Status) -> LoadAnswer {
    let kind = match status.code() {
        Grpc::Unavailable => "grpc_unavailable",
        Grpc::ResourceExhausted => "grpc_resource_exhausted",
        Grpc::DeadlineExceeded | Grpc::Cancelled => "grpc_deadline_exceeded",
        _ => "grpc_failed",
    };
    LoadAnswer::Unclear {
        kind: kind.to_owned(),
        words: plain::words(status.message()),
    }
}

/// One that is handed in.
pub(super) struct Item {
    pub ticket: Ticket,
    pub hash: [u8; 32],
    pub bytes: Vec<u8>,
}

impl Item {
    /// With the engine's hash of the bytes.
    pub fn of((ticket, bytes): (Ticket, Vec<u8>)) -> Self {
        Self {
            ticket,
            hash: engine_hash(&bytes),
            bytes,
        }
    }
}

/// How many were handed to a lane, and not come back with an answer.
pub(super) type Underway = Arc<AtomicU64>;

/// One that was not taken.
pub(super) struct Return {
    pub ticket: Ticket,
    pub bytes: Vec<u8>,
    pub after: After,
}

/// Opens the lanes: their queues, which have room for what is due in a second at this rate, and what comes back. A lane ends when its queue was
/// closed and is empty.
pub(super) fn open(
    lanes: Vec<LoadLane>,
    per_second: u32,
    book: &Arc<Book>,
    (start, underway): (Instant, &Underway),
) -> (Vec<Sender<Item>>, blocking::Receiver<Return>, JoinSet<()>) {
    let room = (per_second as usize)
        .div_ceil(lanes.len().max(1))
        .max(MIN_QUEUE);
    let (back, returns) = blocking::channel();
    let (mut queues, mut open) = (Vec::new(), JoinSet::new());
    for lane in lanes {
        let (queue, items) = mpsc::channel(room);
        queues.push(queue);
        let desk = Desk {
            book: Arc::clone(book),
            back: back.clone(),
            word: lane.word,
            underway: Arc::clone(underway),
            start,
        };
        match lane.way {
            LaneWay::Calls(submitter) => open.spawn(call(submitter, items, desk)),
            LaneWay::Streams(client) => open.spawn(stream(client, items, desk)),
        };
    }
    (queues, returns, open)
}

/// Where answers go.
struct Desk {
    book: Arc<Book>,
    back: blocking::Sender<Return>,
    word: Option<Arc<dyn NodeWord>>,
    underway: Underway,
    start: Instant,
}

impl Desk {
    async fn settle(&self, item: Item, answer: LoadAnswer) {
        self.settle_all(vec![(item, answer)]).await;
    }

    async fn settle_all(&self, answers: Vec<(Item, LoadAnswer)>) {
        let mut missing = BTreeMap::new();
        for (item, answer) in answers {
            if let Some(after) = self.count(&item, answer) {
                let sender = item.ticket.sender;
                let after = match (after, missing.get(&sender)) {
                    (After::Ahead(_), Some(known)) => After::Ahead(*known),
                    (After::Ahead(_), None) if missing.len() < MAX_ASKED => {
                        let found = self.missing(&item).await;
                        missing.insert(sender, found);
                        After::Ahead(found)
                    }
                    (after, _) => after,
                };
                // The clock is there as long as anything is underway, unless nobody waits for the load any more.
                let _ = self.back.send(Return {
                    ticket: item.ticket,
                    bytes: item.bytes,
                    after,
                });
            }
            self.underway.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Counts an answer; says what the sender does where it was not taken.
    fn count(&self, item: &Item, answer: LoadAnswer) -> Option<After> {
        let now = self.start.elapsed();
        match answer {
            LoadAnswer::Taken => {
                self.book.taken(&item.hash);
                None
            }
            LoadAnswer::Refused { kind, words, after } => {
                self.book.refused(&item.hash, now, &kind, &words);
                Some(after)
            }
            LoadAnswer::Unclear { kind, words } => {
                self.book.failed(now, &kind, &words);
                Some(After::Again)
            }
        }
    }

    /// The sequence that the node has to have before it takes this one: it gave up what it had taken, and nobody but its sender can mend that.
    async fn missing(&self, item: &Item) -> Option<u64> {
        let first = self.word.as_ref()?.next_sequence(&item.bytes).await?;
        (first < item.ticket.sequence).then_some(first)
    }
}

async fn call(submitter: Box<dyn Submitter>, mut items: Receiver<Item>, desk: Desk) {
    while let Some(item) = items.recv().await {
        let answer = submitter.submit(item.bytes.clone()).await;
        desk.settle(item, answer).await;
    }
}

async fn stream(client: TransactionServiceClient<Channel>, mut items: Receiver<Item>, desk: Desk) {
    while let Some(first) = items.recv().await {
        let (sender, receiver) = mpsc::channel(STREAM_AHEAD);
        let mut client = client.clone();
        let answer = async move { client.submit_many(ReceiverStream::new(receiver)).await };
        let (answer, sent) = tokio::join!(answer, feed(first, &mut items, sender));
        let answers = match answer {
            Ok(answer) => answers_of(sent, answer.into_inner()),
            Err(status) => {
                let answer = unclear(&status);
                let sent = sent.into_iter();
                sent.map(|item| (item, answer.clone())).collect()
            }
        };
        desk.settle_all(answers).await;
    }
}

/// Feeds a stream until it is long or old enough, or the node ended it; gives what it was fed.
async fn feed(
    first: Item,
    items: &mut Receiver<Item>,
    sender: Sender<SubmitManyRequest>,
) -> Vec<Item> {
    let until = Moment::now() + STREAM_TIME;
    let (mut sent, mut next) = (Vec::new(), Some(first));
    while let Some(item) = next {
        let request = SubmitManyRequest {
            transaction: item.bytes.clone(),
            replace: false,
        };
        sent.push(item);
        if sender.send(request).await.is_err() || sent.len() == STREAM_TRANSACTIONS {
            break;
        }
        next = timeout_at(until, items.recv()).await.unwrap_or(None);
    }
    sent
}

/// What a node says of a stream: those that it does not name were taken, if it counts as many.
fn answers_of(sent: Vec<Item>, answer: SubmitManyResponse) -> Vec<(Item, LoadAnswer)> {
    let told = answer.accepted.saturating_add(answer.refusals.len() as u64);
    if told != sent.len() as u64 {
        let unclear = LoadAnswer::Unclear {
            kind: "grpc_miscounted".to_owned(),
            words: format!("the node tells of {told} of {} transactions", sent.len()),
        };
        let sent = sent.into_iter();
        return sent.map(|item| (item, unclear.clone())).collect();
    }
    let mut refusals = answer.refusals.into_iter().peekable();
    let said = (0..).zip(sent).map(|(index, item)| {
        let refusal = refusals.next_if(|refusal| refusal.index == index);
        let said = refusal.map_or(LoadAnswer::Taken, |refusal| {
            answer_of(refusal.code, &refusal.log)
        });
        (item, said)
    });
    said.collect()
}

//! Submission, and following a transaction to its end.

use std::{net::IpAddr, pin::Pin, sync::Arc, time::Duration};

use plasmid_proto::ledger::v1::{
    FollowRequest, FollowResponse, GetTransactionRequest, GetTransactionResponse, QuoteFeeRequest,
    QuoteFeeResponse, SimulateRequest, SimulateResponse, Stage, SubmitManyRequest,
    SubmitManyResponse, SubmitRequest, SubmitResponse, follow_request,
    transaction_service_server::TransactionService,
};
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};

use super::{Mempool, Services, Taken, requests::Client, streams};
use crate::{
    app::{
        Submission,
        reads::{Id, transactions},
    },
    ledger::{Code, Reject, Transaction, transaction::check_length},
};

/// How often a follower looks whether there is a new block, here or on root.
const POLL: Duration = Duration::from_millis(50);
/// A transaction that no block holds is looked up again after this many polls, also when no block came: the mempool may have taken it.
const POLLS: u32 = 10;
/// How long a transaction may be unknown before following ends: it may still be on its way into the mempool.
const UNKNOWN_FOR: Duration = Duration::from_secs(10);
/// How long a transaction is followed at most.
const MAX_TIME: Duration = Duration::from_secs(3600);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl TransactionService for Services {
    async fn submit(&self, request: Request<SubmitRequest>) -> Answer<SubmitResponse> {
        let SubmitRequest {
            transaction,
            replace,
        } = request.into_inner();
        self.take(transaction, replace).await.map(Response::new)
    }

    async fn submit_many(
        &self,
        request: Request<Streaming<SubmitManyRequest>>,
    ) -> Answer<SubmitManyResponse> {
        let hand_in = |batch| self.take_all(batch);
        let answer = streams::submit(request.into_inner(), streams::STREAMS, hand_in).await;
        answer.map(Response::new)
    }

    async fn simulate(&self, request: Request<SimulateRequest>) -> Answer<SimulateResponse> {
        self.answer(request, transactions::simulate).await
    }

    async fn quote_fee(&self, request: Request<QuoteFeeRequest>) -> Answer<QuoteFeeResponse> {
        self.answer(request, transactions::quote_fee).await
    }

    async fn get_transaction(
        &self,
        request: Request<GetTransactionRequest>,
    ) -> Answer<GetTransactionResponse> {
        self.answer(request, transactions::get_transaction).await
    }

    type FollowStream = Pin<Box<dyn Stream<Item = Result<FollowResponse, Status>> + Send>>;

    async fn follow(&self, request: Request<FollowRequest>) -> Answer<Self::FollowStream> {
        let client = Client::of(&request);
        let id = match request.into_inner().id {
            Some(follow_request::Id::Hash(hash)) => transactions::hash_id(&hash)?,
            Some(follow_request::Id::Digest(digest)) => transactions::digest_id(&digest)?,
            None => {
                return Err(Status::invalid_argument(
                    "name a transaction by its hash or by its digest",
                ));
            }
        };
        let (sender, receiver) = mpsc::channel(4);
        tokio::spawn(follow(self.clone(), id, sender, client));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

impl Services {
    async fn take(&self, bytes: Vec<u8>, replace: bool) -> Result<SubmitResponse, Status> {
        let refused = |reject: Reject, hash: &[u8]| SubmitResponse {
            code: reject.code().number(),
            log: reject.to_string(),
            hash: hash.to_vec(),
            digest: Vec::new(),
        };
        // What is no transaction, or too long for one, need not be carried to the engine.
        if let Err(reject) = check_length(&bytes) {
            return Ok(refused(reject, &[]));
        }
        let hash: [u8; 32] = Sha256::digest(&bytes).into();
        let digest = match Transaction::decode(&bytes) {
            Ok(transaction) => transaction.digest(&self.source.facts().domain),
            Err(reject) => return Ok(refused(reject, &hash)),
        };
        let taken = self.take_all(vec![Submission { bytes, replace }]).await?;
        let taken = taken.into_iter().next();
        let taken = taken.ok_or_else(|| Status::internal("the engine's answer is missing"))?;
        Ok(SubmitResponse {
            code: taken.code,
            log: taken.log,
            hash: hash.to_vec(),
            digest: digest.to_vec(),
        })
    }

    /// Hands these in together, in their order.
    async fn take_all(&self, batch: Vec<Submission>) -> Result<Vec<Taken>, Status> {
        ask_engine(&self.engine_calls, &self.engine, batch).await
    }
}

/// Asks the engine when a place is free. The place is held until the engine has answered, also when nobody waits for the answer any more: else who
/// goes away at once could have it do more at a time than there are places.
async fn ask_engine(
    places: &Arc<Semaphore>,
    engine: &Arc<dyn Mempool>,
    batch: Vec<Submission>,
) -> Result<Vec<Taken>, Status> {
    let place = Arc::clone(places).acquire_owned().await;
    let place = place.map_err(|closed| Status::unavailable(closed.to_string()))?;
    let engine = Arc::clone(engine);
    let asked = tokio::spawn(async move {
        let _place = place;
        engine.broadcast(batch).await
    });
    let answers = asked
        .await
        .map_err(|lost| Status::internal(lost.to_string()))?;
    let answers = answers.into_iter();
    answers
        .map(|answer| answer.map_err(Status::unavailable))
        .collect()
}

/// Tells each change of a transaction's standing until it is final, gone, or nobody listens.
async fn follow(
    services: Services,
    id: Id,
    sender: mpsc::Sender<Result<FollowResponse, Status>>,
    client: IpAddr,
) {
    let outcome = tokio::select! {
        outcome = tell(&services, id, client, &sender) => outcome,
        () = sender.closed() => return,
    };
    if let Err(error) = outcome {
        let _ = sender.send(Err(error)).await;
    }
}

async fn tell(
    services: &Services,
    id: Id,
    client: IpAddr,
    sender: &mpsc::Sender<Result<FollowResponse, Status>>,
) -> Result<(), Status> {
    let start = tokio::time::Instant::now();
    let (mut last, mut seen, mut polls) = (None, None, 0u32);
    while start.elapsed() < MAX_TIME {
        let moment = services.source.moment();
        let unknown = last.is_none_or(|stage| stage <= Stage::Pending as i32);
        polls = polls.wrapping_add(1);
        // What stands in a block changes with a block of the child or of root only.
        if seen != Some(moment) || unknown && polls.is_multiple_of(POLLS) {
            seen = Some(moment);
            let status = services
                .read(client, move |source| transactions::status(source, &id))
                .await?;
            let stage = status.stage;
            let gone = stage == Stage::Unknown as i32;
            let early = gone && last.is_none() && start.elapsed() < UNKNOWN_FOR;
            // Whoever waited here before is gone; of others, a node that does not have all results cannot say so.
            if gone
                && status.code == Code::Ok.number()
                && !early
                && last.is_none()
                && let Some(error) = transactions::elsewhere(services.source.imported())
            {
                return Err(error.into());
            }
            if !early && last != Some(stage) {
                last = Some(stage);
                let response = FollowResponse {
                    status: Some(status),
                };
                if sender.send(Ok(response)).await.is_err() {
                    return Ok(());
                }
            }
            if stage == Stage::Final as i32 || gone && !early {
                return Ok(());
            }
        }
        tokio::time::sleep(POLL).await;
    }
    Err(Status::deadline_exceeded(
        "an hour is over and it is not final yet: follow it again",
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    /// An engine that answers when it is told.
    #[derive(Default)]
    struct Slow {
        asked: AtomicUsize,
        go: Notify,
    }

    #[tonic::async_trait]
    impl Mempool for Slow {
        async fn broadcast(&self, batch: Vec<Submission>) -> Vec<Result<Taken, String>> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            self.go.notified().await;
            let taken = |_| {
                Ok(Taken {
                    code: 0,
                    log: String::new(),
                })
            };
            batch.into_iter().map(taken).collect()
        }
    }

    fn one() -> Vec<Submission> {
        vec![Submission {
            bytes: Vec::new(),
            replace: false,
        }]
    }

    #[tokio::test]
    async fn who_goes_away_before_the_answer_gives_no_place_at_the_engine_free() {
        let slow = Arc::new(Slow::default());
        let engine: Arc<dyn Mempool> = slow.clone();
        let places = Arc::new(Semaphore::new(2));
        let asked = || slow.asked.load(Ordering::SeqCst);
        for number in 1..=2 {
            let asking = ask_engine(&places, &engine, one());
            tokio::select! {
                _ = asking => panic!("it is not answered"),
                () = async { while asked() < number { tokio::task::yield_now().await } } => {}
            }
        }
        assert_eq!((asked(), places.available_permits()), (2, 0));
        // The third one's turn comes with the first answer.
        let mut third = std::pin::pin!(ask_engine(&places, &engine, one()));
        assert!(futures_are_pending(third.as_mut()).await);
        assert_eq!(asked(), 2);
        slow.go.notify_one();
        let serve = async {
            while asked() < 3 {
                tokio::task::yield_now().await;
            }
            slow.go.notify_waiters();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            taken = third => assert_eq!(taken.unwrap()[0].code, 0),
            () = serve => {}
        }
        while places.available_permits() < 2 {
            tokio::task::yield_now().await;
        }
    }

    /// Whether it has no answer when it is looked at once.
    async fn futures_are_pending<F: Future>(mut asked: Pin<&mut F>) -> bool {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(asked.as_mut().poll(context).is_pending())
        })
        .await
    }
}

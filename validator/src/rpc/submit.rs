//! Submission, and following a transaction to its end.

use std::{pin::Pin, time::Duration};

use plasmid_proto::ledger::v1::{
    FollowRequest, FollowResponse, GetTransactionRequest, GetTransactionResponse, QuoteFeeRequest,
    QuoteFeeResponse, Refusal, SimulateRequest, SimulateResponse, Stage, SubmitManyRequest,
    SubmitManyResponse, SubmitRequest, SubmitResponse, follow_request,
    transaction_service_server::TransactionService,
};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};

use super::Services;
use crate::{
    app::reads::{Id, transactions},
    ledger::Transaction,
};

/// Refusals of a stream that are told; more end it.
const MOST_REFUSALS: usize = 1_000;
/// How often a followed transaction is looked at.
const POLL: Duration = Duration::from_millis(50);
/// How long a transaction may be unknown before following ends: it may still be on its way into the mempool.
const UNKNOWN_FOR: Duration = Duration::from_secs(10);
/// How long a transaction is followed at most.
const LONGEST: Duration = Duration::from_secs(3600);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl TransactionService for Services {
    async fn submit(&self, request: Request<SubmitRequest>) -> Answer<SubmitResponse> {
        self.take(request.into_inner().transaction)
            .await
            .map(Response::new)
    }

    async fn submit_many(
        &self,
        request: Request<Streaming<SubmitManyRequest>>,
    ) -> Answer<SubmitManyResponse> {
        let mut stream = request.into_inner();
        let mut answer = SubmitManyResponse::default();
        let mut index = 0;
        while let Some(message) = stream.message().await? {
            let taken = self.take(message.transaction).await?;
            if taken.code == 0 {
                answer.accepted += 1;
            } else {
                answer.refusals.push(Refusal {
                    index,
                    code: taken.code,
                    log: taken.log,
                });
            }
            if answer.refusals.len() > MOST_REFUSALS {
                return Err(Status::resource_exhausted(format!(
                    "more than {MOST_REFUSALS} transactions were refused, the last with code {}: stopped at position {index}",
                    taken.code
                )));
            }
            index += 1;
        }
        Ok(Response::new(answer))
    }

    async fn simulate(&self, request: Request<SimulateRequest>) -> Answer<SimulateResponse> {
        self.read(move |source| transactions::simulate(source, &request.into_inner()))
            .await
            .map(Response::new)
    }

    async fn quote_fee(&self, request: Request<QuoteFeeRequest>) -> Answer<QuoteFeeResponse> {
        self.read(move |source| transactions::quote_fee(source, &request.into_inner()))
            .await
            .map(Response::new)
    }

    async fn get_transaction(
        &self,
        request: Request<GetTransactionRequest>,
    ) -> Answer<GetTransactionResponse> {
        self.read(move |source| transactions::get_transaction(source, &request.into_inner()))
            .await
            .map(Response::new)
    }

    type FollowStream = Pin<Box<dyn Stream<Item = Result<FollowResponse, Status>> + Send>>;

    async fn follow(&self, request: Request<FollowRequest>) -> Answer<Self::FollowStream> {
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
        tokio::spawn(follow(self.clone(), id, sender));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

impl Services {
    async fn take(&self, bytes: Vec<u8>) -> Result<SubmitResponse, Status> {
        let hash: [u8; 32] = Sha256::digest(&bytes).into();
        let digest = Transaction::decode(&bytes)
            .map(|transaction| transaction.digest(&self.source.facts().domain).to_vec());
        let taken = self
            .engine
            .broadcast(bytes)
            .await
            .map_err(Status::unavailable)?;
        Ok(SubmitResponse {
            code: taken.code,
            log: taken.log,
            hash: hash.to_vec(),
            digest: digest.unwrap_or_default(),
        })
    }
}

/// Tells each change of a transaction's standing until it is final, unknown for long, or nobody listens.
async fn follow(services: Services, id: Id, sender: mpsc::Sender<Result<FollowResponse, Status>>) {
    let start = tokio::time::Instant::now();
    let mut last = None;
    while start.elapsed() < LONGEST {
        let status = match services
            .read(move |source| transactions::status(source, &id))
            .await
        {
            Ok(status) => status,
            Err(error) => {
                let _ = sender.send(Err(error)).await;
                return;
            }
        };
        let stage = Stage::try_from(status.stage).unwrap_or(Stage::Unspecified);
        let unknown = stage == Stage::Unknown;
        if !(unknown && start.elapsed() < UNKNOWN_FOR) && last != Some(status.stage) {
            last = Some(status.stage);
            if sender
                .send(Ok(FollowResponse {
                    status: Some(status),
                }))
                .await
                .is_err()
            {
                return;
            }
        }
        if stage == Stage::Final || (unknown && start.elapsed() >= UNKNOWN_FOR) {
            return;
        }
        tokio::time::sleep(POLL).await;
    }
}

//! Stake: its reads, transactions that are prepared, and the stream of what happened to it.
//!
//! ```text
//! follow ─▶ part of the events (a read like any other) ─▶ queue of QUEUED messages ─▶ client
//!   ▲          └─ at the tip: wait for a block                └─ full for SLOW: the last place in it takes the reason, with where to go on
//!   └───────────────────────────────────────────────────────────┘
//! ```

use std::{net::IpAddr, pin::Pin, time::Duration};

use plasmid_proto::stake::v1::{
    FollowEventsRequest, FollowEventsResponse, GetMaturityRequest, GetMaturityResponse,
    GetPositionRequest, GetPositionResponse, GetRewardsRequest, GetRewardsResponse,
    GetValidatorRequest, GetValidatorResponse, ListDelegationsRequest, ListDelegationsResponse,
    ListLinesRequest, ListLinesResponse, ListValidatorsRequest, ListValidatorsResponse,
    PrepareRequest, PrepareResponse, stake_service_server::StakeService,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use super::{Services, peer::Peer, quota::site, requests::Client};
use crate::app::reads::{
    delegations,
    events::{self, Whose},
    find_holders, prepare, stake, validators,
};

/// Messages of a stream that wait for its reader.
const QUEUED: usize = 16;
/// How long a reader may take nothing while as many wait. HTTP ends a connection that takes nothing for longer, and tells no reason.
const SLOW: Duration = Duration::from_secs(15);
const _: () = assert!(
    SLOW.as_nanos() < super::sending::PATIENCE.as_nanos(),
    "a stream ends before its connection"
);
/// How often the place that was reached is told when nothing else is.
const NOTE: Duration = Duration::from_secs(30);
/// How often a stream looks whether there is a new block.
const POLL: Duration = Duration::from_millis(50);
/// How long a stream lasts at most.
const MAX_TIME: Duration = Duration::from_secs(3600);

type Answer<T> = Result<Response<T>, Status>;
type Told = Result<FollowEventsResponse, Status>;

#[tonic::async_trait]
impl StakeService for Services {
    async fn list_delegations(
        &self,
        request: Request<ListDelegationsRequest>,
    ) -> Answer<ListDelegationsResponse> {
        let read = delegations::list_delegations;
        self.answer_list(request, |asked| asked.height, read).await
    }

    async fn list_validators(
        &self,
        request: Request<ListValidatorsRequest>,
    ) -> Answer<ListValidatorsResponse> {
        let read = validators::list_validators;
        self.answer_list(request, |asked| asked.height, read).await
    }

    async fn prepare(&self, request: Request<PrepareRequest>) -> Answer<PrepareResponse> {
        self.answer(request, prepare::prepare).await
    }

    type FollowEventsStream = Pin<Box<dyn Stream<Item = Told> + Send>>;

    async fn follow_events(
        &self,
        request: Request<FollowEventsRequest>,
    ) -> Answer<Self::FollowEventsStream> {
        let client = Client::of(&request);
        let request = request.into_inner();
        let whose = Whose::of(&request.owner, &request.operator)?;
        let from = match request.from_height {
            0 => (self.source.moment().0.saturating_add(1), 0),
            height => (height, request.from_index),
        };
        // The last place is for the reason why it ends.
        let (sender, receiver) = mpsc::channel(QUEUED.saturating_add(1));
        let stream = EventStream {
            services: self.clone(),
            whose,
            client,
            sender,
            patience: SLOW,
            next: from,
        };
        tokio::spawn(stream.run(request.follow));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn get_position(
        &self,
        request: Request<GetPositionRequest>,
    ) -> Answer<GetPositionResponse> {
        self.answer(request, stake::get_position).await
    }

    async fn get_validator(
        &self,
        request: Request<GetValidatorRequest>,
    ) -> Answer<GetValidatorResponse> {
        self.answer(request, stake::get_validator).await
    }

    async fn list_lines(&self, request: Request<ListLinesRequest>) -> Answer<ListLinesResponse> {
        let read = stake::list_lines;
        self.answer_list(request, |asked| asked.height, read).await
    }

    async fn get_rewards(&self, request: Request<GetRewardsRequest>) -> Answer<GetRewardsResponse> {
        self.answer(request, stake::get_rewards).await
    }

    async fn get_maturity(
        &self,
        request: Request<GetMaturityRequest>,
    ) -> Answer<GetMaturityResponse> {
        self.answer(request, stake::get_maturity).await
    }
}

impl Services {
    /// Makes the index of who owns stake, so that the first who asks does not wait for it. It ends with the task that runs it.
    pub(super) async fn find_holders(self) {
        let source = std::sync::Arc::clone(&self.source);
        let running = self
            .workers
            .run(site(Peer::local().address), move |cancelled| {
                find_holders(&crate::app::reads::Reader::new(source.as_ref(), cancelled))
            });
        let done = match running {
            Ok(running) => running.await,
            Err(_) => return,
        };
        if let Ok(Err(error)) = done {
            tracing::warn!(%error, "who owns stake is looked for when somebody asks");
        }
    }
}

/// A stream on its way to one reader.
struct EventStream {
    services: Services,
    whose: Whose,
    client: IpAddr,
    sender: mpsc::Sender<Told>,
    /// How long the reader may take nothing while the queue is full.
    patience: Duration,
    next: (u64, u32),
}

impl EventStream {
    /// Tells what happened until the tip of the beginning, or for as long as somebody listens.
    async fn run(mut self, follow: bool) {
        let sender = self.sender.clone();
        let ended = tokio::select! {
            ended = self.tell(follow) => ended,
            () = sender.closed() => return,
        };
        if let Err(status) = ended {
            let _ = sender.try_send(Err(status));
        }
    }

    async fn tell(&mut self, follow: bool) -> Result<(), Status> {
        let (tip, start, mut told) = (self.tip(), Instant::now(), Instant::now());
        loop {
            let (whose, from) = (self.whose.clone(), self.next);
            let read = self.services.read(self.client, move |source| {
                events::part(source, &whose, from)
            });
            let part = read.await?;
            let is_empty = part.told.is_empty();
            self.hand(part.told).await?;
            self.next = part.next;
            let is_over = !follow && self.next.0 > tip;
            if is_over || is_empty && told.elapsed() >= NOTE {
                self.note().await?;
            }
            if !is_empty || told.elapsed() >= NOTE {
                told = Instant::now();
            }
            if is_over {
                return Ok(());
            }
            while self.next.0 > self.tip() && start.elapsed() < MAX_TIME && told.elapsed() < NOTE {
                sleep(POLL).await;
            }
            if start.elapsed() >= MAX_TIME {
                return Err(Status::deadline_exceeded(format!(
                    "an hour is over: {}",
                    self.go_on()
                )));
            }
        }
    }

    /// Tells what happened, one after the other. The place is behind what was told, so that who goes on there misses nothing.
    async fn hand(&mut self, told: Vec<FollowEventsResponse>) -> Result<(), Status> {
        for one in told {
            let behind = (one.next_height, one.next_index);
            self.send(one).await?;
            self.next = behind;
        }
        Ok(())
    }

    fn tip(&self) -> u64 {
        self.services.source.moment().0
    }

    fn go_on(&self) -> String {
        let (height, index) = self.next;
        format!("go on with from_height {height} and from_index {index}")
    }

    /// Tells the place that was reached.
    async fn note(&self) -> Result<(), Status> {
        let (next_height, next_index) = self.next;
        self.send(FollowEventsResponse {
            next_height,
            next_index,
            ..FollowEventsResponse::default()
        })
        .await
    }

    async fn send(&self, message: FollowEventsResponse) -> Result<(), Status> {
        let sent = hand_over(&self.sender, message, self.patience).await;
        sent.map_err(|lost| match lost {
            Lost::Gone => Status::cancelled("nobody listens"),
            Lost::Slow => Status::resource_exhausted(format!(
                "you took nothing for {} seconds while {QUEUED} messages wait: read faster, and {}",
                self.patience.as_secs_f32(),
                self.go_on()
            )),
        })
    }
}

/// Why a message was not handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    Gone,
    Slow,
}

/// Hands a message over when one more than this has room: the last place is not for messages.
async fn hand_over(
    sender: &mpsc::Sender<Told>,
    message: FollowEventsResponse,
    patience: Duration,
) -> Result<(), Lost> {
    let places = timeout(patience, sender.reserve_many(2)).await;
    let mut places = places.map_err(|_| Lost::Slow)?.map_err(|_| Lost::Gone)?;
    if let Some(place) = places.next() {
        place.send(Ok(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests;

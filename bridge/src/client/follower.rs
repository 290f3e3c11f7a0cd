//! The driver of the inbox machine: asks the endpoints, feeds the answers back, publishes what they agree on.
//!
//! Readers take the newest [`View`] from a watch and never wait; the child's cursor goes in by another watch. One task asks each endpoint, so
//! a slow one does not hold up the other. Dropping the [`Follower`] stops it.

use std::future::Future;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use alloy_primitives::B256;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::position::PositionFile;
use super::rpc::{Limits, Rpc, RpcError};
use crate::relay::config::Config;
use crate::relay::inbox::{Answer, Event, Inbox, Request, View};
use crate::relay::seen::{Anchor, Failure, Position};
use crate::relay::track::EndpointStanding;

mod endpoint;

pub(super) use endpoint::decode_view;
pub use endpoint::view_call;

use endpoint::Endpoint;

/// Requests that wait for one endpoint, at most: the machine has one at a time.
const QUEUE: usize = 4;
/// How often the position is written to its file.
const SAVE_INTERVAL: Duration = Duration::from_secs(10);
/// How often a person is told how far a long scan has come.
const TELL_INTERVAL: Duration = Duration::from_secs(5);

/// Where the child stands, as a node tells its follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Messages up to `cursor` are consumed, and the child has this link there.
    Consumed {
        /// The cursor.
        cursor: u64,
        /// The link.
        link: B256,
    },
    /// Messages up to this one are not needed any more.
    Released(u64),
}

/// A running follower.
#[derive(Debug)]
pub struct Follower {
    view: watch::Receiver<Arc<View>>,
    progress: watch::Sender<Progress>,
    read_all: watch::Sender<u64>,
    reading: watch::Receiver<Option<(u64, u64)>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Follower {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Follower {
    /// Starts following the endpoints, one or two that must agree, from `anchor` on: what stands before it is confirmed by the child.
    /// Where reading begins is kept in `file`, if there is one. Needs a tokio runtime.
    pub fn start(
        config: Config,
        anchor: Anchor,
        file: Option<PositionFile>,
        endpoints: &[String],
    ) -> Result<Self, RpcError> {
        let patience = Duration::from_millis(config.patience_ms);
        let limits = Limits {
            // The machine repeats by itself, and knows what to ask anew.
            attempts: 1,
            request: patience,
            ..Limits::default()
        };
        let clients = endpoints
            .iter()
            .take(2)
            .map(|url| Rpc::new(url, limits))
            .collect::<Result<Vec<_>, _>>()?;
        if clients.is_empty() {
            return Err(RpcError::Address {
                reason: "no endpoint of the root chain is configured".into(),
            });
        }
        let addresses = (config.inbox, config.root_chain);
        let position = file.as_ref().and_then(PositionFile::position);
        let machine = Inbox::new(config, anchor, position, clients.len() == 2);
        let (view_in, view) = watch::channel(Arc::new(machine.view().clone()));
        let (progress, progress_out) = watch::channel(Progress::Consumed {
            cursor: anchor.index,
            link: anchor.link,
        });
        let (read_all, read_all_out) = watch::channel(0);
        let (reading_in, reading) = watch::channel(None);
        let (answers_in, answers) = mpsc::channel(QUEUE);
        let mut tasks = Vec::new();
        let mut queues = Vec::new();
        for client in clients {
            let (queue, requests) = mpsc::channel(QUEUE);
            queues.push(queue);
            let endpoint = Endpoint {
                rpc: client,
                answer_timeout: patience,
            };
            tasks.push(tokio::spawn(endpoint::answer_requests(
                endpoint,
                addresses,
                requests,
                answers_in.clone(),
            )));
        }
        let driver = Driver {
            machine,
            queues,
            answers,
            progress: progress_out,
            read_all: read_all_out,
            view: view_in,
            reading: reading_in,
            position: Keeper::new(file),
            told: Instant::now(),
        };
        tasks.push(tokio::spawn(driver.run()));
        Ok(Self {
            view,
            progress,
            read_all,
            reading,
            tasks,
        })
    }

    /// The newest view; cloning the receiver gives another reader.
    pub fn view(&self) -> watch::Receiver<Arc<View>> {
        self.view.clone()
    }

    /// Ends when the task that publishes views has ended by itself: nothing new of the root chain is seen any more. Whoever follows has to
    /// watch it, or it goes on with what was seen last.
    pub fn ended(&self) -> impl Future<Output = ()> + use<> {
        let mut view = self.view.clone();
        async move { while view.changed().await.is_ok() {} }
    }

    /// How far a scan has come: the root block reached and the one to reach, or `None` while nothing is to be read.
    pub fn reading(&self) -> watch::Receiver<Option<(u64, u64)>> {
        self.reading.clone()
    }

    /// More is needed than is kept: all is read again from the anchor that the follower began with, or that the child confirmed since.
    pub fn read_all(&self) {
        self.read_all
            .send_modify(|asked| *asked = asked.wrapping_add(1));
    }

    /// Where the child's progress goes in; never blocks.
    pub fn progress(&self) -> watch::Sender<Progress> {
        self.progress.clone()
    }
}

/// Milliseconds of a clock that never steps back, whatever becomes of the machine's date. They mean something in this process only.
pub fn now_ms() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Keeps the position in its file, not too often.
#[derive(Debug)]
struct Keeper {
    file: Option<Arc<PositionFile>>,
    saved: Option<(Position, Instant)>,
}

impl Keeper {
    fn new(file: Option<PositionFile>) -> Self {
        Self {
            file: file.map(Arc::new),
            saved: None,
        }
    }

    fn keep(&mut self, position: impl FnOnce() -> Option<Position>) {
        let Some(file) = &self.file else {
            return;
        };
        let rests = |(_, at): &(Position, Instant)| at.elapsed() < SAVE_INTERVAL;
        if self.saved.as_ref().is_some_and(rests) {
            return;
        }
        let Some(position) = position() else {
            return;
        };
        if self.saved.is_some_and(|(known, _)| known == position) {
            return;
        }
        self.saved = Some((position, Instant::now()));
        let file = Arc::clone(file);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = file.save(&position) {
                tracing::warn!(%error, "the position on the root chain could not be kept: the next start reads more of it");
            }
        });
    }
}

struct Driver {
    machine: Inbox,
    queues: Vec<mpsc::Sender<Request>>,
    answers: mpsc::Receiver<Answer>,
    progress: watch::Receiver<Progress>,
    read_all: watch::Receiver<u64>,
    view: watch::Sender<Arc<View>>,
    reading: watch::Sender<Option<(u64, u64)>>,
    position: Keeper,
    told: Instant,
}

impl Driver {
    async fn run(mut self) {
        loop {
            while let Some(request) = self.machine.next(now_ms()) {
                let queue = self.queues.get(request.endpoint);
                let sent = queue.map(|queue| queue.try_send(request.clone()));
                if let Some(Err(TrySendError::Closed(_))) = sent {
                    // The task that asks the endpoint is gone, and no other one will: this one ends too, which is seen.
                    return;
                }
                if !matches!(sent, Some(Ok(()))) {
                    // The endpoint is still busy with a question that was given up.
                    let lost = Answer {
                        id: request.id,
                        endpoint: request.endpoint,
                        result: Err(Failure::Unreachable),
                    };
                    let events = self.machine.answer(now_ms(), lost);
                    self.publish(events);
                }
            }
            let wait = self.machine.wake().saturating_sub(now_ms()).clamp(1, 1_000);
            tokio::select! {
                answer = self.answers.recv() => match answer {
                    Some(answer) => {
                        let events = self.machine.answer(now_ms(), answer);
                        self.publish(events);
                    }
                    None => return,
                },
                Ok(()) = self.progress.changed() => self.progress(),
                Ok(()) = self.read_all.changed() => {
                    let events = self.machine.read_all(now_ms());
                    self.publish(events);
                }
                // When nobody tells any progress any more, what is known still counts.
                () = tokio::time::sleep(Duration::from_millis(wait)) => {}
            }
        }
    }

    fn progress(&mut self) {
        let progress = *self.progress.borrow_and_update();
        let events = match progress {
            Progress::Consumed { cursor, link } => self.machine.consumed(now_ms(), cursor, link),
            Progress::Released(index) => self.machine.released(now_ms(), index),
        };
        self.publish(events);
    }

    fn publish(&mut self, events: Vec<Event>) {
        events.iter().for_each(tell);
        self.tell_progress();
        if self.machine.take_news() {
            self.view
                .send_replace(Arc::new(self.machine.view().clone()));
        }
        let machine = &self.machine;
        self.position.keep(|| machine.position());
    }

    fn tell_progress(&mut self) {
        let reading = self.machine.reading();
        self.reading.send_if_modified(|shown| {
            let differs = *shown != reading;
            *shown = reading;
            differs
        });
        if let Some((reached, target)) = reading
            && self.told.elapsed() >= TELL_INTERVAL
        {
            self.told = Instant::now();
            tracing::info!(reached, target, "reading the root chain's blocks");
        }
    }
}

fn tell(event: &Event) {
    match event {
        Event::Moved { count, block, .. } => {
            tracing::debug!(
                messages = count,
                root_height = block.number,
                "root followed"
            );
        }
        Event::Stands { endpoint, standing } => match standing {
            EndpointStanding::Starting | EndpointStanding::Following => {
                tracing::info!("endpoint {endpoint} of the root chain: {standing}");
            }
            standing => tracing::warn!("endpoint {endpoint} of the root chain: {standing}"),
        },
        Event::Disagreement { index, links } => {
            tracing::error!(index, first = %links[0], second = %links[1],
                "the endpoints of the root chain show different histories; reports stop");
        }
        Event::Agreement => tracing::info!("the endpoints of the root chain agree again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::seen::Finality;
    use alloy_primitives::Address;

    fn follower() -> Follower {
        let (inbox, root_chain) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let deployment = ([3; 20], 31_337);
        let config = Config::new(
            Finality::Tag,
            deployment.0,
            deployment.1,
            inbox,
            root_chain,
            1,
            B256::ZERO,
        );
        let nowhere = ["http://127.0.0.1:1".to_owned()];
        Follower::start(config, Anchor::GENESIS, None, &nowhere).expect("it starts")
    }

    #[tokio::test]
    async fn the_end_of_any_task_of_a_follower_is_seen() {
        for task in 0..2 {
            let follower = follower();
            let ended = follower.ended();
            let seen = tokio::time::timeout(Duration::from_millis(50), follower.ended()).await;
            assert!(seen.is_err(), "it runs");
            // As a panic ends it.
            follower.tasks[task].abort();
            ended.await;
        }
    }
}

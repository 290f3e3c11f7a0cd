//! The driver of the inbox machine: asks the endpoints, feeds the answers back, publishes what they agree on.
//!
//! Readers take the newest [`View`] from a watch and never wait; the child's cursor goes in by another watch. One task asks each endpoint, so
//! a slow one does not hold up the other. Dropping the [`Follower`] stops it.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolCall;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::rpc::{At, Call, Limits, Rpc, RpcError};
use crate::abi::{IInbox, IRootChain};
use crate::relay::inbox::{Anchor, Answer, Config, Event, Heads, Inbox, Request, View};
use crate::relay::seen::Failure;
use crate::relay::track::{Ask, Reply};

/// Requests that wait for one endpoint, at most: the machine has one at a time.
const QUEUE: usize = 4;

/// Where the child stands, as a node tells its follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Messages up to `cursor` are consumed, and the child has this hash there.
    Consumed {
        /// The cursor.
        cursor: u64,
        /// The hash.
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
    /// Starts following the endpoints, one or two that must agree, from `anchor` on. Needs a tokio runtime.
    pub fn start(config: Config, anchor: Anchor, endpoints: &[String]) -> Result<Self, RpcError> {
        let limits = Limits {
            // The machine repeats by itself, and knows what to ask anew.
            attempts: 1,
            request: Duration::from_millis(config.patience_ms),
            ..Limits::default()
        };
        let clients = endpoints
            .iter()
            .take(2)
            .map(|url| Rpc::new(url, limits))
            .collect::<Result<Vec<_>, _>>()?;
        if clients.is_empty() {
            return Err(RpcError::Address {
                url: String::new(),
                reason: "no endpoint of the root chain is configured".into(),
            });
        }
        let addresses = (config.inbox, config.root_chain);
        let machine = Inbox::new(config, anchor, clients.len() == 2);
        let (view_in, view) = watch::channel(Arc::new(machine.view().clone()));
        let (progress, progress_out) = watch::channel(Progress::Consumed {
            cursor: anchor.index,
            link: anchor.link,
        });
        let (answers_in, answers) = mpsc::channel(QUEUE);
        let mut tasks = Vec::new();
        let mut queues = Vec::new();
        for client in clients {
            let (queue, requests) = mpsc::channel(QUEUE);
            queues.push(queue);
            tasks.push(tokio::spawn(ask_endpoint(
                client,
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
            view: view_in,
        };
        tasks.push(tokio::spawn(driver.run()));
        Ok(Self {
            view,
            progress,
            tasks,
        })
    }

    /// The newest view; cloning the receiver gives another reader.
    pub fn view(&self) -> watch::Receiver<Arc<View>> {
        self.view.clone()
    }

    /// Where the child's progress goes in; never blocks.
    pub fn progress(&self) -> watch::Sender<Progress> {
        self.progress.clone()
    }
}

/// Milliseconds since the Unix epoch, by this machine's clock.
pub fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

struct Driver {
    machine: Inbox,
    queues: Vec<mpsc::Sender<Request>>,
    answers: mpsc::Receiver<Answer>,
    progress: watch::Receiver<Progress>,
    view: watch::Sender<Arc<View>>,
}

impl Driver {
    async fn run(mut self) {
        loop {
            while let Some(request) = self.machine.next(now_ms()) {
                let queue = self.queues.get(request.endpoint);
                if queue.is_none_or(|queue| queue.try_send(request.clone()).is_err()) {
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
                changed = self.progress.changed() => match changed {
                    Ok(()) => self.progress(),
                    // Nobody will tell any more; what is known still counts.
                    Err(_) => tokio::time::sleep(Duration::from_millis(wait)).await,
                },
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
        for event in &events {
            match event {
                Event::Moved { count, block, .. } => {
                    tracing::debug!(
                        messages = count,
                        root_height = block.number,
                        "root followed"
                    );
                }
                Event::Stands { endpoint, standing } => {
                    tracing::info!(
                        endpoint,
                        ?standing,
                        "an endpoint of the root chain stands differently"
                    );
                }
                Event::Disagreement { index, links } => {
                    tracing::error!(index, first = %links[0], second = %links[1],
                        "the endpoints of the root chain show different histories; reports stop");
                }
                Event::Agreement => tracing::info!("the endpoints of the root chain agree again"),
            }
        }
        let view = self.machine.view();
        self.view.send_if_modified(|shown| {
            let differs = shown.as_ref() != view;
            if differs {
                *shown = Arc::new(view.clone());
            }
            differs
        });
    }
}

async fn ask_endpoint(
    client: Rpc,
    addresses: (Address, Address),
    mut requests: mpsc::Receiver<Request>,
    answers: mpsc::Sender<Answer>,
) {
    while let Some(request) = requests.recv().await {
        let result = ask(&client, addresses, &request.ask)
            .await
            .map_err(|error| error.failure());
        let answer = Answer {
            id: request.id,
            endpoint: request.endpoint,
            result,
        };
        if answers.send(answer).await.is_err() {
            return;
        }
    }
}

async fn ask(rpc: &Rpc, addresses: (Address, Address), ask: &Ask) -> Result<Reply, RpcError> {
    Ok(match ask {
        Ask::ChainId => Reply::ChainId(rpc.chain_id().await?),
        Ask::Block(which) => Reply::Block(rpc.block(*which).await?),
        Ask::Logs {
            from,
            to,
            address,
            topic,
        } => Reply::Logs(rpc.logs(*from, *to, &[*address], &[*topic]).await?),
        Ask::Heads(hash) => Reply::Heads(heads(rpc, addresses, At::Hash(*hash)).await?),
    })
}

/// What Inbox and RootChain hold.
pub async fn heads(
    rpc: &Rpc,
    (inbox, root_chain): (Address, Address),
    at: At,
) -> Result<Heads, RpcError> {
    let count = view_call(rpc, inbox, IInbox::countCall {}, at).await?;
    let link = view_call(rpc, inbox, IInbox::linkCall { index: count }, at).await?;
    if !link.kept {
        return Err(RpcError::Malformed(format!(
            "the Inbox does not keep the hash of its last message, {count}"
        )));
    }
    let head = view_call(rpc, root_chain, IRootChain::headCall {}, at).await?;
    Ok(Heads {
        count,
        link: link.hash,
        accepted: head.accepted,
    })
}

/// Calls a view function and decodes what it returns.
pub async fn view_call<C: SolCall>(
    rpc: &Rpc,
    contract: Address,
    call: C,
    at: At,
) -> Result<C::Return, RpcError> {
    let data = rpc.call(&Call::to(contract, call.abi_encode()), at).await?;
    C::abi_decode_returns_validate(&data).map_err(|error| {
        RpcError::Malformed(format!(
            "{contract} returned {} bytes to {}: {error}; is the contract there?",
            data.len(),
            C::SIGNATURE
        ))
    })
}

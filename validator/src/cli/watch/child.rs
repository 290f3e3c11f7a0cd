//! Reads nodes of the child for a watcher: the heads of all blocks, the evidence of those that have some, and sets. None is believed.

use std::{ops::Range, time::Duration};

use alloy_primitives::keccak256;
use plasmid_bridge::{
    client::watcher::{ChildNews, ChildSource},
    relay::watch::statement::DoubleStatement,
};
use plasmid_proto::chain::v1::{
    ListValidatorsRequest, Validator, chain_service_client::ChainServiceClient,
};
use plasmid_staking::Member;
use tendermint::{Hash, block::Meta};
use tokio::{
    sync::{mpsc::Sender, oneshot},
    time::{sleep, timeout},
};
use tonic::transport::Channel;

use super::votes::{precommits, two_votes};
use crate::{
    cli::CliError,
    client::endpoint,
    ledger::address,
    node::comet::{Client, RpcError},
    plain,
};

/// Blocks whose heads an engine gives at once.
const PAGE: u64 = 20;
/// Bytes of an engine's answer that are read, at most: a block is smaller.
const MAX_BLOCK: usize = 64 << 20;
/// Bytes of a set that are read, at most.
const MAX_SET: usize = 1 << 20;
/// How long a set is waited for.
const SET_PATIENCE: Duration = Duration::from_secs(20);
/// How often a node is asked for its newest height.
const POLL: Duration = Duration::from_millis(500);
/// The longest wait for a node that does not answer.
const MAX_POLL: Duration = Duration::from_secs(30);
/// How often a block is asked for that a node does not give so that it can be read.
const MAX_TRIES: u32 = 5;
/// SHA-256 of nothing: the evidence hash of a block without evidence.
const NO_EVIDENCE: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// Engines, which give blocks, and nodes, which give sets.
pub struct ChildNodes {
    places: Vec<String>,
    engines: Vec<Client>,
    nodes: Vec<Channel>,
}

impl ChildNodes {
    /// These, connected when they are first asked.
    ///
    /// # Errors
    /// Which address is none.
    pub fn new(engines: &[String], nodes: &[String]) -> Result<Self, CliError> {
        let all = engines.iter().chain(nodes);
        let clients = engines.iter().map(|url| {
            let client = Client::with_url(url.clone())?;
            Ok(client.body_limit(MAX_BLOCK))
        });
        let channels = nodes.iter().map(|url| Ok(endpoint(url)?.connect_lazy()));
        Ok(Self {
            places: places(&all.map(String::as_str).collect::<Vec<_>>()),
            engines: clients.collect::<Result<_, CliError>>()?,
            nodes: channels.collect::<Result<_, CliError>>()?,
        })
    }

    /// The nodes that serve shares, with their numbers.
    pub fn nodes(&self) -> Vec<(usize, Channel)> {
        self.sources().zip(self.nodes.clone()).collect()
    }

    /// The engines.
    pub fn engines(&self) -> Vec<Client> {
        self.engines.clone()
    }
}

/// Reads engines, each from its height on, in tasks that end when nobody listens.
pub fn follow(engines: Vec<Client>, starts: &[u64], chain: &str, news: &Sender<ChildNews>) {
    for (node, (client, start)) in engines.into_iter().zip(starts).enumerate() {
        let reader = Engine {
            client,
            node,
            chain: chain.to_owned(),
            next: *start,
            tries: 0,
            taken: 0,
            news: news.clone(),
        };
        tokio::spawn(reader.run());
    }
}

impl ChildSource for ChildNodes {
    fn places(&self) -> &[String] {
        &self.places
    }

    fn sources(&self) -> Range<usize> {
        self.engines.len()..self.places.len()
    }

    async fn members(&self, node: usize, epoch: u64) -> Result<Vec<Member>, String> {
        let place = node.checked_sub(self.engines.len());
        let channel = place.and_then(|place| self.nodes.get(place));
        let channel = channel.ok_or("it serves no sets")?.clone();
        let mut client = ChainServiceClient::new(channel).max_decoding_message_size(MAX_SET);
        let request = ListValidatorsRequest { epoch: Some(epoch) };
        // The channel's own limit ends with the head of an answer: one whose body never ends would stop the watcher.
        let answer = timeout(SET_PATIENCE, client.list_validators(request)).await;
        let answer = answer.map_err(|_| "it does not answer in time".to_owned())?;
        let told = answer.map_err(|status| plain::words(status.message()))?;
        let told = told.into_inner().validators;
        let members = told.iter().map(member).collect::<Option<_>>();
        members.ok_or_else(|| "it tells of a member that cannot be one".into())
    }
}

/// Why an engine was not read on.
enum Stopped {
    /// It does not answer, or not so that it can be read.
    Silent(String),
    /// The watcher has no room for what was found.
    Full,
    /// Nobody listens any more.
    Deaf,
}

impl From<RpcError> for Stopped {
    fn from(error: RpcError) -> Self {
        Self::Silent(plain::words(&error.to_string()))
    }
}

/// The reading of one engine.
struct Engine {
    client: Client,
    node: usize,
    /// The chain that it must be of.
    chain: String,
    next: u64,
    tries: u32,
    /// Pieces of evidence of the next block that the watcher has taken.
    taken: usize,
    news: Sender<ChildNews>,
}

impl Engine {
    async fn run(mut self) {
        let node = self.node;
        let (mut wait, mut is_silent) = (POLL, false);
        loop {
            match self.step().await {
                Ok(more) => {
                    wait = POLL;
                    if is_silent {
                        is_silent = false;
                        if self.tell(ChildNews::Back { node }).await.is_err() {
                            return;
                        }
                    }
                    if more {
                        continue;
                    }
                }
                Err(Stopped::Deaf) => return,
                Err(Stopped::Full) => wait = POLL,
                Err(Stopped::Silent(reason)) => {
                    if !is_silent {
                        is_silent = true;
                        let silent = ChildNews::Silent { node, reason };
                        if self.tell(silent).await.is_err() {
                            return;
                        }
                    }
                    wait = wait.saturating_mul(2).min(MAX_POLL);
                }
            }
            sleep(wait).await;
        }
    }

    async fn tell(&self, news: ChildNews) -> Result<(), Stopped> {
        let sent = self.news.send(news).await;
        sent.map_err(|_| Stopped::Deaf)
    }

    /// Hands statements over. What finds no room is handed over again when the block is read again.
    async fn accuse(&self, statement: DoubleStatement) -> Result<(), Stopped> {
        let (taken, answer) = oneshot::channel();
        let node = self.node;
        let news = ChildNews::Accuses {
            node,
            statement,
            taken,
        };
        self.tell(news).await?;
        match answer.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Stopped::Full),
            Err(_) => Err(Stopped::Deaf),
        }
    }

    /// Says that blocks up to this one are left out: what was counted of the next one counts for no other.
    async fn skip(&mut self, to: u64) -> Result<(), Stopped> {
        let (node, from) = (self.node, self.next);
        (self.tries, self.taken) = (0, 0);
        self.tell(ChildNews::Skipped { node, from, to }).await
    }

    /// Reads one page. Gives whether there are more blocks now.
    async fn step(&mut self) -> Result<bool, Stopped> {
        let status = self.client.status().await?;
        let network = status.node_info.network.as_str();
        if network != self.chain {
            return Err(Stopped::Silent(plain::words(&format!(
                "it is of chain {network}, and {} is watched",
                self.chain
            ))));
        }
        let sync = status.sync_info;
        let (first, newest) = (
            sync.earliest_block_height.value(),
            sync.latest_block_height.value(),
        );
        if newest < self.next {
            return Ok(false);
        }
        if self.next < first {
            self.skip(first.saturating_sub(1)).await?;
            self.next = first;
        }
        let last = newest.min(self.next.saturating_add(PAGE).saturating_sub(1));
        let mut heads = self.client.heads(self.next, last).await?;
        heads.sort_by_key(|head| head.header.height);
        let before = self.next;
        for head in heads {
            if head.header.height.value() != self.next {
                continue;
            }
            if has_evidence(&head) {
                self.read_evidence().await?;
            }
            self.next = self.next.saturating_add(1);
            self.taken = 0;
        }
        if self.next == before {
            return Err(Stopped::Silent(format!(
                "it names block {newest} as its newest one, and does not give block {before}"
            )));
        }
        let height = self.next.saturating_sub(1);
        let node = self.node;
        self.tell(ChildNews::Read { node, height }).await?;
        if height == newest {
            self.read_commits(newest).await?;
        }
        Ok(newest >= self.next)
    }

    /// Tells what the engine saw signed of its newest block, and what the chain has of the one before it. What cannot be read is no vote.
    async fn read_commits(&self, newest: u64) -> Result<(), Stopped> {
        for height in [newest.saturating_sub(1), newest] {
            let votes = match self.client.commit_as_written(height).await {
                Ok(commit) => precommits(&commit),
                Err(error @ RpcError::Http { .. }) => return Err(error.into()),
                Err(_) => continue,
            };
            let node = self.node;
            self.tell(ChildNews::Commit { node, votes }).await?;
        }
        Ok(())
    }

    /// Hands over the votes of a block's evidence. A block that cannot be read is left out in the end, and said.
    async fn read_evidence(&mut self) -> Result<(), Stopped> {
        let height = self.next;
        let found = match self.client.evidence(height).await {
            Ok(found) => found,
            Err(error @ (RpcError::Malformed { .. } | RpcError::TooLarge { .. })) => {
                self.tries = self.tries.saturating_add(1);
                if self.tries < MAX_TRIES {
                    return Err(error.into());
                }
                return self.skip(height).await;
            }
            Err(error) => return Err(error.into()),
        };
        self.tries = 0;
        for evidence in found.iter().skip(self.taken) {
            if let Some(votes) = two_votes(evidence) {
                let statement = DoubleStatement::Votes(Box::new(votes));
                self.accuse(statement).await?;
            }
            self.taken = self.taken.saturating_add(1);
        }
        Ok(())
    }
}

/// What each of these addresses is called, without what may be a key. Two that only differ in that are two places: a few digits of the hash of the whole
/// address tell them apart, whatever their order, so that neither's height counts for the other one.
fn places(urls: &[&str]) -> Vec<String> {
    let names: Vec<String> = urls.iter().map(|url| plain::place(url)).collect();
    let name = |(name, url): (&String, &&str)| {
        let alike = |(other, whole): (&String, &&str)| other == name && whole != url;
        match names.iter().zip(urls).any(alike) {
            true => {
                let hash = hex::encode(keccak256(url));
                format!("{name} ({})", hash.get(..8).unwrap_or_default())
            }
            false => name.clone(),
        }
    };
    names.iter().zip(urls).map(name).collect()
}

fn has_evidence(head: &Meta) -> bool {
    match head.header.evidence_hash {
        Some(Hash::Sha256(hash)) => hash != NO_EVIDENCE,
        Some(Hash::None) | None => false,
    }
}

/// A member as its leaf has it, but for the mark of a copied set, which a node does not tell.
fn member(told: &Validator) -> Option<Member> {
    let operator = address::parse(&told.operator).ok()?;
    Some(Member {
        seat: told.seat.try_into().ok()?,
        operator: operator.into_array(),
        registration: told.registration,
        consensus_key: told.consensus_key.as_slice().try_into().ok()?,
        checkpoint_key: told.checkpoint_key.as_slice().try_into().ok()?,
        power: told.power,
        at_risk: true,
    })
}

#[cfg(test)]
mod tests;

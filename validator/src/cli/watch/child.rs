//! Reads nodes of the child for a watcher: the evidence of all blocks, commits, and sets. None is believed.
//!
//! Where an engine is named, votes are read from its own RPC, and else from what nodes show of their engines.

use std::{ops::Range, time::Duration};

use alloy_primitives::keccak256;
use plasmid_bridge::client::watcher::ChildSource;
use plasmid_proto::chain::v1::{
    ListValidatorsRequest, ListVotesRequest, ListVotesResponse, Validator,
    chain_service_client::ChainServiceClient,
};
use plasmid_staking::Member;
use tokio::time::timeout;
use tonic::transport::Channel;

use crate::{
    cli::CliError,
    client::endpoint,
    ledger::address,
    node::comet::{Client, votes::VotesPage},
    plain,
};

mod reader;

pub use reader::follow;

/// Bytes of an engine's answer that are read, at most: a block is smaller.
const MAX_BLOCK: usize = 64 << 20;
/// Bytes of a page of votes that are read of a node, at most: its answers have no more.
const MAX_PAGE: usize = 1 << 20;
/// How long a page is waited for.
const PAGE_PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of a set that are read, at most.
const MAX_SET: usize = 1 << 20;
/// How long a set is waited for.
const SET_PATIENCE: Duration = Duration::from_secs(20);

/// Who shows votes.
#[derive(Clone)]
pub enum VoteSource {
    /// An engine, by its own RPC.
    Engine(Client),
    /// A node, which reads its engine.
    Node(Channel),
}

impl VoteSource {
    /// The votes of blocks from a height on, without the first `known` pieces of evidence of that block.
    async fn page(&self, first: u64, known: usize) -> Result<VotesPage, String> {
        match self {
            Self::Engine(client) => {
                let page = client.votes(first, known, MAX_BLOCK).await;
                page.map_err(|error| error.to_string())
            }
            Self::Node(channel) => {
                let client = ChainServiceClient::new(channel.clone());
                let mut client = client.max_decoding_message_size(MAX_PAGE);
                let known = u32::try_from(known).unwrap_or(u32::MAX);
                let request = ListVotesRequest { first, known };
                // The channel's own limit ends with the head of an answer.
                let answer = timeout(PAGE_PATIENCE, client.list_votes(request)).await;
                let answer = answer.map_err(|_| "it does not answer in time".to_owned())?;
                let told = answer.map_err(|status| status.message().to_owned())?;
                Ok(votes_page(told.into_inner()))
            }
        }
    }
}

/// A page as a node shows it. What is no JSON is no vote.
fn votes_page(told: ListVotesResponse) -> VotesPage {
    let json = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or_default();
    let evidence = told.evidence.iter();
    VotesPage {
        chain: told.chain_id,
        oldest: told.oldest,
        newest: told.newest,
        last: told.last,
        evidence: evidence.map(|one| (one.height, json(&one.json))).collect(),
        commits: told.commits.iter().map(|one| json(one)).collect(),
        unreadable: Some(told.unreadable).filter(|reason| !reason.is_empty()),
    }
}

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

    /// Who shows votes, with their numbers: the engines, or all nodes where there is none.
    pub fn voters(&self) -> Vec<(usize, VoteSource)> {
        let engines = self.engines.iter().cloned().map(VoteSource::Engine);
        match self.engines.is_empty() {
            false => engines.enumerate().collect(),
            true => {
                let nodes = self.nodes.iter().cloned().map(VoteSource::Node);
                nodes.enumerate().collect()
            }
        }
    }

    /// The nodes that serve shares, with their numbers.
    pub fn nodes(&self) -> Vec<(usize, Channel)> {
        self.sources().zip(self.nodes.clone()).collect()
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

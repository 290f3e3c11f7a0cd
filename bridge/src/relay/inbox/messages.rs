//! What the inbox machine is told, asks, says and shows.

use std::collections::BTreeMap;

use alloy_primitives::B256;

use crate::relay::acceptance::{Acceptance, DeploymentEnd};
use crate::relay::seen::{Anchor, Block, Entry, Failure};
use crate::relay::track::{Ask, EndpointStanding, Reply};

/// A question for the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Names it; the answer brings it back.
    pub id: u64,
    /// The endpoint to ask.
    pub endpoint: usize,
    /// What to ask.
    pub ask: Ask,
}

/// An answer to a [`Request`].
#[derive(Clone, Debug)]
pub struct Answer {
    /// The request's id.
    pub id: u64,
    /// The endpoint that was asked.
    pub endpoint: usize,
    /// What it said.
    pub result: Result<Reply, Failure>,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// More is visible.
    Moved {
        /// Messages visible.
        count: u64,
        /// The link there.
        link: B256,
        /// The final block up to which all is known.
        block: Block,
    },
    /// An endpoint stands differently.
    Stands {
        /// Which one.
        endpoint: usize,
        /// How.
        standing: EndpointStanding,
    },
    /// The endpoints show different histories; reports stop.
    Disagreement {
        /// The message at which they were compared.
        index: u64,
        /// What each shows there.
        links: [B256; 2],
    },
    /// They agree again.
    Agreement,
}

/// What is known and agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The final block up to which all is known, or `None` before the first comparison.
    pub finalized: Option<Block>,
    /// The message before the first one kept.
    pub anchor: Anchor,
    /// Messages past the anchor, in order.
    pub entries: Vec<Entry>,
    /// Accepted checkpoints by epoch, the newest ones.
    pub acceptances: BTreeMap<u64, Acceptance>,
    /// Checkpoints accepted.
    pub accepted: u64,
    /// How far the deployment has come to its end, as all endpoints say it.
    pub end: DeploymentEnd,
    /// Whether reports may be made.
    pub healthy: bool,
    /// When `finalized` will have stood still for too long, in milliseconds of the machine's clock.
    pub stale_at: u64,
    /// How each endpoint stands.
    pub standings: Vec<EndpointStanding>,
}

impl View {
    /// Messages visible.
    pub fn count(&self) -> u64 {
        self.entries
            .last()
            .map_or(self.anchor.index, |entry| entry.index)
    }

    /// The link at `index`, when it is known.
    pub fn link(&self, index: u64) -> Option<B256> {
        if index == self.anchor.index {
            return Some(self.anchor.link);
        }
        self.entry(index).map(|entry| entry.link)
    }

    /// Whether what is shown is true and recent: all endpoints are followed, or one is and the final block that they share moved lately. One that
    /// is silent holds the view where it is.
    pub fn is_sound(&self, now: u64) -> bool {
        let follows = |standing: &EndpointStanding| *standing == EndpointStanding::Following;
        let all = self.standings.iter().all(follows);
        let any = self.standings.iter().any(follows);
        self.healthy && (all || any && now < self.stale_at)
    }

    /// Whether root will accept no checkpoint any more, by the clock of the last final block.
    pub fn is_over(&self) -> bool {
        let now = self.finalized.map_or(0, |block| block.time);
        self.end.is_over(now)
    }

    /// What a stranger should know of the endpoints, in a sentence each; empty while all of them are followed.
    pub fn trouble(&self) -> String {
        let sentences: Vec<_> = self
            .standings
            .iter()
            .enumerate()
            .filter(|(_, standing)| **standing != EndpointStanding::Following)
            .map(|(number, standing)| {
                let standing = standing.for_strangers();
                format!("endpoint {number} of the root chain: {standing}")
            })
            .collect();
        sentences.join(". ")
    }

    /// The message `index`, when it is kept.
    pub fn entry(&self, index: u64) -> Option<&Entry> {
        let place = index.checked_sub(self.anchor.index)?.checked_sub(1)?;
        self.entries.get(usize::try_from(place).ok()?)
    }
}

//! The root chain as one or two endpoints show it, and what may be reported of it.
//!
//! With two endpoints only what both hold is visible: the shorter of the two verified chains, when the longer one has the same link
//! there. A difference stops the reports (`View::healthy`), raises one event, and both are read anew until they agree; nothing else stops.
//!
//! ```text
//! driver:  while let Some(request) = inbox.next(now) { carry it out }      inbox.answer(now, answer) -> events
//! node:    inbox.consumed(cursor, link)  after each commit: earlier messages are dropped
//! ```
//! Memory is bounded by `kept_messages` (a full inbox pauses the scan until messages are consumed or
//! released, and acceptances are followed on: then the view ends before the contract's count) and `kept_checkpoints`.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::B256;

use super::acceptance::{Acceptance, DeploymentEnd};
use super::config::Config;
use super::seen::{Anchor, Position};
use super::track::{EndpointStanding, Track, Verified};

mod messages;

pub use messages::{Answer, Event, Request, View};

/// The machine.
#[derive(Debug)]
pub struct Inbox {
    tracks: Vec<Track>,
    standings: Vec<EndpointStanding>,
    next_id: u64,
    disputed: bool,
    /// The generations of the tracks when the view was made.
    shown: Vec<u64>,
    has_news: bool,
    stall_ms: u64,
    view: View,
}

impl Inbox {
    /// A machine that believes nothing past `anchor`, and begins to read at `position`, if there is one; one endpoint, or two that must agree.
    pub fn new(
        config: Config,
        anchor: Anchor,
        position: Option<Position>,
        two_endpoints: bool,
    ) -> Self {
        let stall_ms = config.stall_ms;
        let config = Arc::new(config);
        let count = if two_endpoints { 2 } else { 1 };
        let tracks: Vec<_> = (0..count)
            .map(|_| Track::new(Arc::clone(&config), anchor, position))
            .collect();
        let standings = vec![EndpointStanding::Starting; count];
        let view = View {
            finalized: None,
            anchor,
            entries: Vec::new(),
            acceptances: BTreeMap::new(),
            accepted: 0,
            end: DeploymentEnd::default(),
            healthy: false,
            stale_at: 0,
            standings: standings.clone(),
        };
        Self {
            tracks,
            standings,
            next_id: 1,
            disputed: false,
            shown: Vec::new(),
            has_news: true,
            stall_ms,
            view,
        }
    }

    /// What to ask next, if there is something; ask until there is nothing.
    pub fn next(&mut self, now: u64) -> Option<Request> {
        for (endpoint, track) in self.tracks.iter_mut().enumerate() {
            if let Some(ask) = track.next(now, self.next_id) {
                let id = self.next_id;
                self.next_id = self.next_id.wrapping_add(1);
                return Some(Request { id, endpoint, ask });
            }
        }
        None
    }

    /// When [`Inbox::next`] may have something, in milliseconds.
    pub fn wake(&self) -> u64 {
        self.tracks.iter().map(Track::wake).min().unwrap_or(0)
    }

    /// Takes an answer; one that nobody waits for changes nothing.
    pub fn answer(&mut self, now: u64, answer: Answer) -> Vec<Event> {
        let Some(track) = self.tracks.get_mut(answer.endpoint) else {
            return Vec::new();
        };
        if !track.answer(now, answer.id, answer.result) {
            return Vec::new();
        }
        self.settle(now)
    }

    /// The child consumed messages up to `cursor`, with this link: they are dropped once an endpoint shows the same.
    pub fn consumed(&mut self, now: u64, cursor: u64, link: B256) -> Vec<Event> {
        for track in &mut self.tracks {
            track.consumed(cursor, link);
        }
        self.settle(now)
    }

    /// Messages up to `index` are not needed: they are dropped as far as they are known, whatever their links.
    pub fn released(&mut self, now: u64, index: u64) -> Vec<Event> {
        for track in &mut self.tracks {
            track.release(index);
        }
        self.settle(now)
    }

    /// More is needed than is kept: all is read again from the last anchor that the child confirmed.
    pub fn read_all(&mut self, now: u64) -> Vec<Event> {
        for track in &mut self.tracks {
            track.read_all();
        }
        self.settle(now)
    }

    /// What is known and agreed now.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Whether the view has changed since this was asked last.
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }

    /// How far reading has come at the endpoint that has most left to read: the root block that it has reached, and the one to reach.
    pub fn reading(&self) -> Option<(u64, u64)> {
        self.tracks
            .iter()
            .filter_map(Track::reading)
            .max_by_key(|(reached, target)| target.saturating_sub(*reached))
    }

    /// From where all that is known and agreed now would be read again.
    pub fn position(&self) -> Option<Position> {
        let positions: Option<Vec<_>> = self.tracks.iter().map(Track::position).collect();
        let positions = positions.filter(|_| self.view.healthy)?;
        let messages = positions
            .iter()
            .min_by_key(|position| position.anchor.index)?;
        let checkpoints = positions.iter().min_by_key(|position| position.epoch)?;
        Some(Position {
            anchor: messages.anchor,
            epoch: checkpoints.epoch,
            epoch_height: checkpoints.epoch_height,
        })
    }

    /// Compares the tracks and brings the view up to date.
    fn settle(&mut self, now: u64) -> Vec<Event> {
        let mut events = Vec::new();
        match self.agreed() {
            Ok(Some((endpoint, count))) => {
                if self.disputed {
                    self.disputed = false;
                    events.push(Event::Agreement);
                }
                events.extend(self.show(now, endpoint, count));
            }
            Ok(None) => {}
            Err((index, links)) => {
                if !self.disputed {
                    self.disputed = true;
                    events.push(Event::Disagreement { index, links });
                }
                for track in &mut self.tracks {
                    track.begin_again(
                        now,
                        format!("the endpoints show different links at message {index}"),
                    );
                }
            }
        }
        for (endpoint, track) in self.tracks.iter().enumerate() {
            let standing = track.standing().clone();
            if let Some(known) = self.standings.get_mut(endpoint)
                && *known != standing
            {
                *known = standing.clone();
                events.push(Event::Stands { endpoint, standing });
            }
        }
        // When an endpoint is down, the view stays where it is, and what it shows stays true. An endpoint that lies, or whose history was
        // forgotten and is read again, makes the view doubtful.
        let doubtful = self
            .standings
            .iter()
            .any(|standing| standing.is_fatal() || matches!(standing, EndpointStanding::Lying(_)));
        let known = self.tracks.iter().all(|track| track.verified().is_some());
        let healthy = !self.disputed && !doubtful && known;
        if self.view.healthy != healthy || self.view.standings != self.standings {
            self.view.healthy = healthy;
            self.view.standings.clone_from(&self.standings);
            self.has_news = true;
        }
        events
    }

    /// The endpoint whose history is shown, and up to which message; when the endpoints differ, the message and the link of each.
    #[allow(clippy::type_complexity)]
    fn agreed(&self) -> Result<Option<(usize, u64)>, (u64, [B256; 2])> {
        let mut shown: Option<(usize, u64)> = None;
        for (endpoint, track) in self.tracks.iter().enumerate() {
            let Some(verified) = track.verified() else {
                return Ok(None);
            };
            let count = verified.count.max(track.anchor().index);
            shown = match shown {
                Some((other, least)) if least <= count => Some((other, least)),
                _ => Some((endpoint, count)),
            };
        }
        let Some((_, count)) = shown else {
            return Ok(None);
        };
        if let [first, second] = self.tracks.as_slice()
            && let (Some(one), Some(other)) = (first.link(count), second.link(count))
            && one != other
        {
            return Err((count, [one, other]));
        }
        Ok(shown)
    }

    /// Makes what `endpoint` holds up to `count` visible.
    fn show(&mut self, now: u64, endpoint: usize, count: u64) -> Option<Event> {
        let track = self.tracks.get(endpoint)?;
        let verified = || self.tracks.iter().filter_map(Track::verified);
        let block = verified()
            .map(|verified| verified.block)
            .min_by_key(|block| block.number)?;
        let accepted = verified()
            .map(|Verified { accepted, .. }| *accepted)
            .min()?;
        let end = verified()
            .map(|verified| verified.end)
            .reduce(DeploymentEnd::agreed)?;
        let link = track.link(count)?;
        let generations = self.tracks.iter().map(Track::generation);
        let moved = self.view.finalized != Some(block)
            || self.view.count() != count
            || self.view.anchor != *track.anchor()
            || self.view.link(count) != Some(link)
            || self.view.end != end
            || !generations.clone().eq(self.shown.iter().copied());
        if !moved {
            return None;
        }
        self.shown = generations.collect();
        self.view.entries = track
            .entries()
            .iter()
            .take_while(|entry| entry.index <= count)
            .cloned()
            .collect();
        self.view.anchor = *track.anchor();
        if self.view.finalized != Some(block) {
            self.view.stale_at = now.saturating_add(self.stall_ms);
        }
        self.view.finalized = Some(block);
        self.view.accepted = accepted;
        self.view.end = end;
        self.view.acceptances = self.agreed_acceptances(accepted);
        self.has_news = true;
        Some(Event::Moved { count, link, block })
    }

    fn agreed_acceptances(&self, accepted: u64) -> BTreeMap<u64, Acceptance> {
        let Some((first, others)) = self.tracks.split_first() else {
            return BTreeMap::new();
        };
        let same = |epoch: &u64, record: &Acceptance| {
            *epoch < accepted
                && others
                    .iter()
                    .all(|other| other.records().get(epoch) == Some(record))
        };
        first
            .records()
            .iter()
            .filter(|(epoch, record)| same(epoch, record))
            .map(|(epoch, record)| (*epoch, record.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests;

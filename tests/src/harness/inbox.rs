//! Root's inbox without a root chain: one list of messages, of which each node has seen a part.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use alloy_primitives::B256;
use plasmid::app::ports::{Agreed, Outlook};
use plasmid_bridge::proof::inbox::{self, Body, Message};
use plasmid_bridge::relay::acceptance::DeploymentEnd;

/// A message's bytes, and the link after it.
type Entry = (Vec<u8>, B256);

/// All messages.
#[derive(Clone, Default)]
pub struct Inbox {
    messages: Arc<Mutex<Vec<Entry>>>,
}

impl Inbox {
    /// Adds a message and gives its index.
    pub fn push(&self, body: Body) -> u64 {
        let mut messages = self.messages.lock().expect("no one panicked");
        let index = messages.len() as u64 + 1;
        let bytes = Message {
            index,
            arrival: index,
            root_height: index,
            due: index * 1_000,
            body,
        }
        .encode();
        let before = messages.last().map_or(B256::ZERO, |(_, link)| *link);
        let link = inbox::link(index, &before, &inbox::message_hash(&bytes));
        messages.push((bytes, link));
        index
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.messages.lock().expect("no one panicked").len() as u64
    }

    /// The bytes and link of one.
    pub fn get(&self, index: u64) -> Option<Entry> {
        let place = usize::try_from(index.checked_sub(1)?).ok()?;
        self.messages
            .lock()
            .expect("no one panicked")
            .get(place)
            .cloned()
    }
}

/// What one node has seen of it.
pub struct Seen {
    inbox: Inbox,
    seen: Mutex<u64>,
    settled: AtomicU64,
    agreed: AtomicU64,
    end: Mutex<(DeploymentEnd, bool)>,
}

impl Seen {
    /// A node that has seen nothing yet.
    pub fn new(inbox: Inbox) -> Self {
        Self {
            inbox,
            seen: Mutex::new(0),
            settled: AtomicU64::new(0),
            agreed: AtomicU64::new(0),
            end: Mutex::default(),
        }
    }

    /// The node sees all but the last `behind`; never less than before.
    pub fn look(&self, behind: u64) {
        let mut seen = self.seen.lock().expect("no one panicked");
        *seen = (*seen).max(self.inbox.count().saturating_sub(behind));
    }
}

impl Seen {
    /// Root has settled this many checkpoints.
    pub fn settle(&self, epochs: u64) {
        self.settled.store(epochs, Ordering::SeqCst);
    }

    /// The deployment has come this far to its end, and whether root takes no checkpoint any more.
    pub fn end_at(&self, end: DeploymentEnd, is_over: bool) {
        *self.end.lock().expect("no one panicked") = (end, is_over);
    }

    /// Checkpoints whose acceptance the child has consumed, as this node said at the end of the last epoch.
    pub fn agreed(&self) -> u64 {
        self.agreed.load(Ordering::SeqCst)
    }
}

impl Outlook for Seen {
    fn end(&self) -> (DeploymentEnd, bool) {
        *self.end.lock().expect("no one panicked")
    }

    fn settled(&self, agreed: &Agreed<'_>) -> u64 {
        self.agreed.store(agreed.accepted, Ordering::SeqCst);
        self.settled.load(Ordering::SeqCst)
    }

    fn report(&self, cursor: u64, link: B256, limit: u64) -> Option<(u64, B256)> {
        let seen = *self.seen.lock().expect("no one panicked");
        let to = seen.min(cursor + limit);
        let sent = |index| match index {
            0 => Some(B256::ZERO),
            index => self.inbox.get(index).map(|(_, link)| link),
        };
        if to < cursor {
            return None;
        }
        assert_eq!(
            sent(cursor),
            Some(link),
            "the child consumed what root never sent"
        );
        Some((to, sent(to)?))
    }

    fn message(&self, index: u64) -> Option<Vec<u8>> {
        let seen = *self.seen.lock().expect("no one panicked");
        self.inbox
            .get(index)
            .filter(|_| index <= seen)
            .map(|(bytes, _)| bytes)
    }

    fn consumed(&self, cursor: u64, link: B256) {
        if cursor > 0 {
            let sent = self.inbox.get(cursor).map(|(_, link)| link);
            assert_eq!(sent, Some(link), "the child consumed what root never sent");
        }
    }
}

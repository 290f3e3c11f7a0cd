//! Whether a node does what it is there for: it takes blocks, root answers it, its store works.
//!
//! ```text
//! no new block for [`HEIGHT_STANDS`] ─▶ height      root not sound for [`ROOT_SILENT`] ─▶ root      the store gave up ─▶ store
//! ```
//! Times come from a clock that never steps. The health service and GetStatus both answer from here.

use std::time::{Duration, Instant};

/// How long a height may stand until the node is called not serving.
pub const HEIGHT_STANDS: Duration = Duration::from_secs(60);
/// The same for a root chain whose endpoints do not answer, or do not agree.
pub const ROOT_SILENT: Duration = Duration::from_secs(60);

/// A part of a node that can fail by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Organ {
    /// Its engine brings blocks.
    Height,
    /// Its endpoints of the root chain answer and agree.
    Root,
    /// Its store writes.
    Store,
}

/// How a node does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Since the last new block.
    pub height_stands: Duration,
    /// Since root was last sound; zero while it is.
    pub root_silent: Duration,
    /// Why the store gave up, and since when.
    pub store_failed: Option<(String, Duration)>,
}

impl Vitals {
    /// What is wrong, each in a sentence.
    pub fn troubles(&self) -> impl Iterator<Item = (Organ, String)> {
        let height = (self.height_stands >= HEIGHT_STANDS).then(|| {
            let secs = self.height_stands.as_secs();
            let why = format!(
                "this node has taken no new block for {secs} seconds: see whether its engine runs and has peers"
            );
            (Organ::Height, why)
        });
        let root = (self.root_silent >= ROOT_SILENT).then(|| {
            let secs = self.root_silent.as_secs();
            let why = format!(
                "the root chain has not answered soundly for {secs} seconds: see the endpoints in plasmid.toml"
            );
            (Organ::Root, why)
        });
        let store = self.store_failed.as_ref().map(|(why, since)| {
            let secs = since.as_secs();
            let why = format!("the store has written nothing for {secs} seconds: {why}");
            (Organ::Store, why)
        });
        [height, root, store].into_iter().flatten()
    }
}

/// Looks at a node from time to time, and remembers since when it is as it is.
#[derive(Debug)]
pub struct Watch {
    height: (u64, Instant),
    root: Option<Instant>,
    store: Option<(String, Instant)>,
}

impl Watch {
    /// Begins at `now`, with nothing seen.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            height: (0, now),
            root: Some(now),
            store: None,
        }
    }

    /// One look: the tip's height, whether root is sound, and why the store gave up if it did.
    pub fn see(&mut self, now: Instant, height: u64, root: bool, store: Option<String>) -> Vitals {
        if height != self.height.0 {
            self.height = (height, now);
        }
        self.root = match (root, self.root) {
            (true, _) => None,
            (false, since) => since.or(Some(now)),
        };
        self.store = store.map(|why| match self.store.take() {
            Some((_, since)) => (why, since),
            None => (why, now),
        });
        let since = |then: Instant| now.saturating_duration_since(then);
        Vitals {
            height_stands: since(self.height.1),
            root_silent: self.root.map_or(Duration::ZERO, since),
            store_failed: self.store.clone().map(|(why, then)| (why, since(then))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organs(vitals: &Vitals) -> Vec<Organ> {
        vitals.troubles().map(|(organ, _)| organ).collect()
    }

    #[test]
    fn a_height_that_stands_a_root_that_is_silent_and_a_store_that_failed_are_each_told_and_heal() {
        let start = Instant::now();
        let mut watch = Watch::new(start);
        let at = |secs| start + Duration::from_secs(secs);
        assert_eq!(organs(&watch.see(at(1), 7, true, None)), []);
        assert_eq!(organs(&watch.see(at(60), 7, true, None)), []);
        let stands = watch.see(at(61), 7, true, None);
        assert_eq!(organs(&stands), [Organ::Height]);
        let (_, why) = stands.troubles().next().unwrap();
        assert!(why.contains("60 seconds"), "{why}");
        assert_eq!(organs(&watch.see(at(62), 8, false, None)), []);
        assert_eq!(organs(&watch.see(at(121), 9, false, None)), []);
        assert_eq!(organs(&watch.see(at(122), 9, false, None)), [Organ::Root]);
        assert_eq!(organs(&watch.see(at(123), 9, true, None)), []);
        let full = Some("the disk is full".to_owned());
        let failed = watch.see(at(124), 10, true, full.clone());
        assert_eq!(organs(&failed), [Organ::Store]);
        let later = watch.see(at(130), 11, true, full);
        let (_, why) = later.troubles().next().unwrap();
        assert!(why.contains("6 seconds: the disk is full"), "{why}");
        assert_eq!(organs(&watch.see(at(131), 11, true, None)), []);
    }

    #[test]
    fn a_node_that_never_got_a_block_and_never_heard_of_root_says_so() {
        let start = Instant::now();
        let mut watch = Watch::new(start);
        let late = start + HEIGHT_STANDS.max(ROOT_SILENT);
        let vitals = watch.see(late, 0, false, None);
        assert_eq!(organs(&vitals), [Organ::Height, Organ::Root]);
    }
}

//! Whether a node does what it is there for: it takes blocks, root answers it, its store works.
//!
//! ```text
//! no new block for [`HEIGHT_STANDS`] ─▶ height      root not sound for [`ROOT_SILENT`] ─▶ root      the store gave up ─▶ store
//! ```
//! Times come from a clock that never steps. The health service and GetStatus both answer from here. The date of the machine is only compared
//! with the chains', for a sentence that says when it lies behind.

use std::time::{Duration, Instant};

use plasmid_bridge::relay::acceptance::DeploymentEnd;

/// How long a height may stand until the node is called not serving; on a chain of slow blocks, three block times.
pub const HEIGHT_STANDS: Duration = Duration::from_secs(60);
/// How long the endpoints of the root chain may not answer, or not agree, until the node is called not serving.
pub const ROOT_SILENT: Duration = Duration::from_secs(60);

/// How far the date of the machine may lie behind a block's time. CometBFT refuses a block that is further ahead (`block_time_tolerance`).
pub const MAX_CLOCK_BEHIND: Duration = Duration::from_secs(60);

/// A part of a node that can fail by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// Its engine brings blocks.
    Height,
    /// Its endpoints of the root chain answer and agree.
    Root,
    /// Its store writes.
    Store,
    /// The machine's date is that of the chains. No service needs it: a validator whose date is behind refuses blocks, and Height tells.
    Clock,
    /// Its shares over checkpoints go to other nodes when no vote carries them. No service of this node needs it.
    Shares,
    /// The deployment goes on: its name at the health service is its own. The services serve to the end, because whoever leaves needs them.
    End,
    /// Somebody has a seat. No service of this node needs it, and the whole network lacks it together; it has a name of its own at the health
    /// service.
    Set,
    /// Its keys are those under which its operator has a seat. It has a name of its own at the health service, and no other service needs it.
    Keys,
}

/// How a node signs, as the sets of the tip tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyState {
    /// Whether it signs checkpoints with others and no other node takes its shares.
    pub shares_stay: bool,
    /// What is wrong with its keys, in a sentence.
    pub keys: Option<String>,
}

/// How a node does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Since the last new block.
    pub height_stands: Duration,
    /// The chain's block time.
    pub block_time: Duration,
    /// Since root was last sound; `None` while it is.
    pub root_silent: Option<Duration>,
    /// Why the store gave up, and since when.
    pub store_failed: Option<(String, Duration)>,
    /// By how much the machine's date lies behind the newest block of the child or of root.
    pub clock_behind: Duration,
    /// How it signs.
    pub signing: KeyState,
    /// The epoch of the first set, of the running one and the next, that is a copy because nobody has a seat.
    pub copied: Option<u64>,
    /// How far the deployment has come to its end on root, and whether root takes no checkpoint any more.
    pub end: (DeploymentEnd, bool),
}

/// What one look finds.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// The tip's height.
    pub height: u64,
    /// Whether root is sound.
    pub root: bool,
    /// Why the store gave up, if it did.
    pub store: Option<String>,
    /// The machine's date, and the time of the newest block of either chain, both since 1970.
    pub dates: (Duration, Duration),
}

impl Vitals {
    /// What is wrong, each in a sentence.
    pub fn troubles(&self) -> impl Iterator<Item = (Component, String)> {
        let patience = HEIGHT_STANDS.max(self.block_time.saturating_mul(3));
        let height = (self.height_stands >= patience).then(|| {
            let secs = self.height_stands.as_secs();
            let why = format!(
                "this node has taken no new block for {secs} seconds: see whether its engine runs and has peers"
            );
            (Component::Height, why)
        });
        let silent = self.root_silent.filter(|silent| *silent >= ROOT_SILENT);
        let root = silent.map(|silent| {
            let secs = silent.as_secs();
            let why = format!(
                "the root chain has not answered soundly for {secs} seconds: see the endpoints in plasmid.toml"
            );
            (Component::Root, why)
        });
        let store = self.store_failed.as_ref().map(|(why, since)| {
            let secs = since.as_secs();
            let why = format!("the store has written nothing for {secs} seconds: {why}");
            (Component::Store, why)
        });
        let clock = (self.clock_behind > MAX_CLOCK_BEHIND).then(|| {
            let secs = self.clock_behind.as_secs();
            let why = format!(
                "the date of this machine lies {secs} seconds behind the chain's newest block: set its clock, or its engine refuses blocks"
            );
            (Component::Clock, why)
        });
        let shares = self.signing.shares_stay.then(|| {
            let why = "no other node takes this node's shares over checkpoints: share_with of plasmid.toml names none, or none of those that it names answers (see this node's log). A share that no vote carried in time goes with later votes only while this node has a seat; without one it reaches only a relayer that asks this node";
            (Component::Shares, why.to_owned())
        });
        let keys = self.signing.keys.clone().map(|why| (Component::Keys, why));
        let set = self.copied.map(|epoch| {
            let why = format!(
                "no seat has a holder, so the set of epoch {epoch} is that of the epoch before it without stake: nothing is at risk and nobody is paid until operators take seats"
            );
            (Component::Set, why)
        });
        let end = closing(&self.end).map(|why| (Component::End, why));
        let troubles = [end, height, root, store, clock, set, shares, keys];
        troubles.into_iter().flatten()
    }
}

/// Why root takes no checkpoint any more, as the beginning of a sentence.
#[must_use]
pub fn ended(end: &DeploymentEnd) -> String {
    let exit_at = end.exit_at.unwrap_or_default();
    match end.void_from {
        Some(from) => format!(
            "root calls checkpoint {from} and all behind it void since a proof of fraud, or since nobody showed its data, with exit mode from root time {exit_at}"
        ),
        None => format!("exit mode began at root time {exit_at}"),
    }
}

/// What a person should know and do when the deployment comes to its end.
fn closing((end, is_over): &(DeploymentEnd, bool)) -> Option<String> {
    if *is_over {
        return Some(format!(
            "{}: root accepts no checkpoint any more, and nothing that this chain does from then on counts there. Leave with `plasmid exit` (`plasmid exit status` says with what), and keep this node and its data until everybody has left, because exits need its states",
            ended(end)
        ));
    }
    let exit_at = end.exit_at?;
    Some(format!(
        "the deployment is closing: root takes no deposit, and no checkpoint from root time {exit_at} on, when exit mode begins. Stake nothing more, and leave with `plasmid exit` from then on"
    ))
}

/// Looks at a node from time to time, and remembers since when it is as it is.
#[derive(Debug)]
pub struct Watch {
    block_time: Duration,
    height: (u64, Instant),
    root: Option<Instant>,
    store: Option<(String, Instant)>,
}

impl Watch {
    /// Begins at `now` on a chain of this block time, with nothing seen.
    #[must_use]
    pub fn new(now: Instant, block_time: Duration) -> Self {
        Self {
            block_time,
            height: (0, now),
            root: Some(now),
            store: None,
        }
    }

    /// One look at `now`.
    pub fn see(&mut self, now: Instant, look: Look) -> Vitals {
        let Look {
            height,
            root,
            store,
            dates: (date, newest),
        } = look;
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
            block_time: self.block_time,
            root_silent: self.root.map(since),
            signing: KeyState::default(),
            copied: None,
            end: Default::default(),
            store_failed: self.store.clone().map(|(why, then)| (why, since(then))),
            clock_behind: newest.saturating_sub(date),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn components(vitals: &Vitals) -> Vec<Component> {
        vitals.troubles().map(|(component, _)| component).collect()
    }

    fn look(height: u64, root: bool, store: Option<String>) -> Look {
        Look {
            height,
            root,
            store,
            ..Look::default()
        }
    }

    #[test]
    fn a_date_behind_the_chain_is_told_and_a_slow_chain_is_not_called_dead_between_its_blocks() {
        let start = Instant::now();
        let mut watch = Watch::new(start, Duration::from_secs(60));
        let at = |secs| start + Duration::from_secs(secs);
        let dated = |date, newest| Look {
            dates: (Duration::from_secs(date), Duration::from_secs(newest)),
            ..look(7, true, None)
        };
        assert_eq!(components(&watch.see(at(1), dated(1_000, 1_060))), []);
        let behind = watch.see(at(2), dated(1_000, 1_061));
        assert_eq!(components(&behind), [Component::Clock]);
        let (_, why) = behind.troubles().next().unwrap();
        assert!(why.contains("61 seconds behind"), "{why}");
        assert_eq!(components(&watch.see(at(3), dated(2_000, 1_061))), []);
        assert_eq!(components(&watch.see(at(180), look(7, true, None))), []);
        let dead = watch.see(at(181), look(7, true, None));
        assert_eq!(components(&dead), [Component::Height]);
    }

    #[test]
    fn a_height_that_stands_a_root_that_is_silent_and_a_store_that_failed_are_each_told_and_heal() {
        let start = Instant::now();
        let mut watch = Watch::new(start, Duration::from_secs(1));
        let at = |secs| start + Duration::from_secs(secs);
        assert_eq!(components(&watch.see(at(1), look(7, true, None))), []);
        assert_eq!(components(&watch.see(at(60), look(7, true, None))), []);
        let stands = watch.see(at(61), look(7, true, None));
        assert_eq!(components(&stands), [Component::Height]);
        let (_, why) = stands.troubles().next().unwrap();
        assert!(why.contains("60 seconds"), "{why}");
        assert_eq!(components(&watch.see(at(62), look(8, false, None))), []);
        assert_eq!(components(&watch.see(at(121), look(9, false, None))), []);
        assert_eq!(
            components(&watch.see(at(122), look(9, false, None))),
            [Component::Root]
        );
        assert_eq!(components(&watch.see(at(123), look(9, true, None))), []);
        let full = Some("the disk is full".to_owned());
        let failed = watch.see(at(124), look(10, true, full.clone()));
        assert_eq!(components(&failed), [Component::Store]);
        let later = watch.see(at(130), look(11, true, full));
        let (_, why) = later.troubles().next().unwrap();
        assert!(why.contains("6 seconds: the disk is full"), "{why}");
        assert_eq!(components(&watch.see(at(131), look(11, true, None))), []);
    }

    #[test]
    fn a_node_that_never_got_a_block_and_never_heard_of_root_says_so() {
        let start = Instant::now();
        let mut watch = Watch::new(start, Duration::from_secs(1));
        let late = start + HEIGHT_STANDS.max(ROOT_SILENT);
        let vitals = watch.see(late, look(0, false, None));
        assert_eq!(components(&vitals), [Component::Height, Component::Root]);
    }
}

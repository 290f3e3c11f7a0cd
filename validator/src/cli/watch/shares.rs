//! Reads the shares that nodes of the child serve over each epoch's checkpoint, for a watcher that compares them. None is believed.

use std::time::Duration;

use plasmid_bridge::client::watcher::ChildNews;
use tokio::{
    sync::mpsc::Sender,
    time::{sleep, timeout},
};
use tonic::transport::Channel;

use crate::{client::offers, plain};

/// How often a node is asked.
const POLL: Duration = Duration::from_secs(2);
/// How long its answer is waited for: one whose body never ends would stop the reading.
const PATIENCE: Duration = Duration::from_secs(20);
/// Epochs before the newest one that are asked again: shares come late.
const AGAIN: u64 = 3;
/// Epochs behind the next one in which the node's newest one is looked for, where it has nothing of that one: it may have begun behind it, or have deleted it.
const AHEAD: u64 = 80;

/// Which epochs a node is asked for.
#[derive(Debug)]
struct EpochTurns {
    first: u64,
    /// The first one that the node had nothing of.
    next: u64,
    /// How far behind it was looked last.
    ahead: u64,
}

impl EpochTurns {
    const fn new(first: u64) -> Self {
        Self {
            first,
            next: first,
            ahead: 0,
        }
    }

    /// The epochs of this turn: the newest ones, the next one, and one that may come behind it.
    fn epochs(&mut self) -> impl Iterator<Item = u64> + use<> {
        self.ahead = match self.ahead {
            ahead if ahead < AHEAD => ahead.saturating_add(1),
            _ => 1,
        };
        let from = self.next.saturating_sub(AGAIN).max(self.first);
        (from..=self.next).chain([self.next.saturating_add(self.ahead)])
    }

    /// The node has a checkpoint of this epoch.
    fn has(&mut self, epoch: u64) {
        if epoch >= self.next {
            self.next = epoch.saturating_add(1);
            self.ahead = 0;
        }
    }
}

/// Reads nodes from an epoch on, in tasks that end when nobody listens.
pub fn follow(nodes: Vec<(usize, Channel)>, first: u64, news: &Sender<ChildNews>) {
    for (node, channel) in nodes {
        tokio::spawn(read(node, channel, first, news.clone()));
    }
}

async fn read(node: usize, channel: Channel, first: u64, news: Sender<ChildNews>) {
    let (mut turns, mut is_silent) = (EpochTurns::new(first), false);
    loop {
        for epoch in turns.epochs() {
            let told = timeout(PATIENCE, offers::ask(channel.clone(), epoch)).await;
            let told = told.unwrap_or_else(|_| Err("it does not answer in time".to_owned()));
            let said = match told {
                Ok(Some(offer)) => {
                    turns.has(epoch);
                    Some(ChildNews::Signs {
                        node,
                        checkpoint: Box::new(offer.checkpoint),
                        shares: offer.shares,
                    })
                }
                Ok(None) => None,
                Err(_) if is_silent => break,
                Err(reason) => {
                    is_silent = true;
                    let reason = plain::words(&reason);
                    if news.send(ChildNews::Silent { node, reason }).await.is_err() {
                        return;
                    }
                    break;
                }
            };
            if is_silent {
                is_silent = false;
                if news.send(ChildNews::Back { node }).await.is_err() {
                    return;
                }
            }
            if let Some(said) = said
                && news.send(said).await.is_err()
            {
                return;
            }
        }
        if news.is_closed() {
            return;
        }
        sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests;

//! What happens to a network from outside: root's messages, transactions, evidence, and the deaths of nodes.

use rand::Rng;
use tendermint_proto::v0_38::abci::Misbehavior;

use super::Network;
use crate::harness::requests::{timestamp, validator};

/// Where in a block a node dies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Moment {
    BeforeProposal,
    AfterJudging,
    AfterVoting,
    AfterFinalize,
    AfterCommit,
}

impl Network {
    /// What happens outside: messages on root, views of it, transactions.
    pub(super) fn world(&mut self) {
        if self.chance(self.plan.messages) {
            let node = self.any_up();
            let epoch = self.height() / u64::from(self.plan.epoch_blocks);
            let body = {
                let state = self.nodes[node].app().state();
                self.people.any_message(&mut self.rng, &state, epoch)
            };
            self.inbox.push(body);
        }
        for node in self.up() {
            let behind = self.rng.random_range(0..4);
            self.nodes[node].seen.look(behind);
        }
        for _ in 0..self.rng.random_range(0..=self.plan.transactions) {
            let first = self.any_up();
            let bytes = {
                let state = self.nodes[first].app().state();
                self.people.anything(&mut self.rng, &state)
            };
            for node in self.up() {
                self.nodes[node].offer(&bytes);
            }
        }
    }

    /// Picks who dies in this block, and when. More than two thirds of the nodes always stay.
    pub(super) fn doom(&mut self) {
        self.doomed = None;
        let victim = self.any_up();
        if self.spares(victim) && self.chance(self.plan.crashes) {
            let moments = [
                Moment::BeforeProposal,
                Moment::AfterJudging,
                Moment::AfterVoting,
                Moment::AfterFinalize,
                Moment::AfterCommit,
            ];
            let moment = moments[self.rng.random_range(0..moments.len())];
            self.doomed = Some((victim, moment));
        }
    }

    pub(super) fn kill(&mut self, moment: Moment) {
        if let Some((node, _)) = self.doomed.filter(|(_, when)| *when == moment) {
            self.nodes[node].crash();
        }
    }

    /// Some of those that are down start again.
    pub(super) fn revive(&mut self) {
        for node in 0..self.nodes.len() {
            if !self.nodes[node].is_up() && self.chance(30) {
                self.nodes[node].restart(&self.file, &self.chain);
            }
        }
    }

    pub(super) fn evidence(&mut self) -> Vec<Misbehavior> {
        // Keys that nobody registered: a key of the set would be tombstoned and its seat emptied, and this network registers no other.
        let key = self.rng.random_range(1..=8u8);
        let one = Misbehavior {
            r#type: 1,
            validator: Some(validator(&[key; 32], 1_000)),
            height: self.chain.len() as i64,
            time: Some(timestamp(self.time)),
            total_voting_power: 4_000,
        };
        let twice = self.chance(50);
        let mut list = vec![one; if twice { 2 } else { 1 }];
        if self.chance(30) {
            let mut stranger = list[0].clone();
            stranger.validator = Some(validator(&[9; 32], 5));
            list.push(stranger);
        }
        list
    }
}

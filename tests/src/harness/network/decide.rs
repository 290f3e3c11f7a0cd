//! A decided block: finalized and committed by all that are up, and the engine's set turned.

use plasmid::engine::abci::Handler;
use tendermint_proto::v0_38::abci::ResponseFinalizeBlock;
use tendermint_proto::v0_38::crypto::public_key::Sum;

use super::{Moment, Network};
use crate::harness::requests::Proposal;

impl Network {
    /// All nodes that are up finalize and commit; all give one answer.
    pub(super) fn decide(&mut self, proposal: &Proposal) {
        let mut answers = Vec::new();
        for node in self.up() {
            let answer = self.nodes[node].app().finalize_block(proposal.finalize());
            answers.push(answer.unwrap_or_else(|fault| panic!("{fault}\n{:?}", self.plan)));
        }
        let first = answers.first().expect("someone is up").clone();
        assert!(
            answers.iter().all(|answer| *answer == first),
            "answers differ at {}\n{:?}",
            proposal.height,
            self.plan
        );
        let results = first.tx_results.iter().zip(&proposal.transactions);
        for (result, bytes) in results {
            self.tally.done(bytes, result.code);
        }
        self.chain.push((proposal.clone(), first.clone()));
        self.kill(Moment::AfterFinalize);
        for node in self.up() {
            if self.chance(2) {
                self.nodes[node].restart_engine(&self.chain);
            }
            self.nodes[node].app().commit().expect("commit answers");
            if self.chance(30) {
                self.nodes[node].flush();
            }
            self.nodes[node].recheck(&proposal.transactions);
        }
        self.turn_set(&first);
    }

    /// Updates returned at H apply at H + 2.
    fn turn_set(&mut self, answer: &ResponseFinalizeBlock) {
        let updates = answer.validator_updates.iter().map(|update| {
            let Some(Sum::Ed25519(key)) = update.pub_key.as_ref().and_then(|key| key.sum.clone())
            else {
                panic!("an update without an Ed25519 key");
            };
            (key.try_into().expect("32 bytes"), update.power as u64)
        });
        self.updates.push_back(updates.collect());
        for (key, power) in self.updates.pop_front().expect("two heights wait") {
            match power {
                0 => assert!(
                    self.engine.remove(&key).is_some(),
                    "an absent key is removed"
                ),
                power => {
                    self.engine.insert(key, power);
                }
            }
        }
    }
}

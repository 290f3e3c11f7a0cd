//! Precommits: extended, verified by everyone, and signed as CometBFT signs them.

use plasmid::engine::abci::Handler;
use plasmid_bridge::proof::vote;
use prost::bytes::Bytes;
use tendermint_proto::v0_38::abci::{
    ExtendedCommitInfo, ExtendedVoteInfo, RequestExtendVote, RequestVerifyVoteExtension,
    response_verify_vote_extension::VerifyStatus,
};

use super::Network;
use crate::harness::requests::{Proposal, validator};

/// ABCI's flags of votes.
const ABSENT: i32 = 1;
const COMMIT: i32 = 2;
const NIL: i32 = 3;

impl Network {
    /// Precommits with extensions: of all that are up, but for one that may be silent or vote nil.
    pub(super) fn vote(&mut self, proposal: &Proposal, round: i32) -> ExtendedCommitInfo {
        let silent = self.any_up();
        let silent = (self.spares(silent) && self.chance(20)).then_some(silent);
        let silent_flag = if self.chance(50) { NIL } else { ABSENT };
        let mut votes = Vec::new();
        for (number, node) in self.nodes.iter().enumerate() {
            let Some(power) = self.engine.get(&node.consensus_key()).copied() else {
                continue;
            };
            let mut entry = ExtendedVoteInfo {
                validator: Some(validator(&node.consensus_key(), power)),
                block_id_flag: ABSENT,
                ..ExtendedVoteInfo::default()
            };
            if node.is_up() && silent == Some(number) {
                entry.block_id_flag = silent_flag;
            } else if node.is_up() {
                entry.block_id_flag = COMMIT;
                entry.vote_extension = self.extend(number, proposal);
                entry.extension_signature =
                    self.sign(number, &entry.vote_extension, proposal.height, round);
            }
            votes.push(entry);
        }
        ExtendedCommitInfo { round, votes }
    }

    /// Whether those who voted for a block have more than two thirds of the power.
    pub(super) fn decides(&self, votes: &ExtendedCommitInfo) -> bool {
        let power = |vote: &ExtendedVoteInfo| {
            let validator = vote.validator.as_ref();
            validator.map_or(0, |validator| validator.power)
        };
        let given = votes
            .votes
            .iter()
            .filter(|vote| vote.block_id_flag == COMMIT);
        let all: i64 = votes.votes.iter().map(power).sum();
        3 * given.map(power).sum::<i64>() > 2 * all
    }

    fn extend(&self, number: usize, proposal: &Proposal) -> Bytes {
        let node = &self.nodes[number];
        let request = RequestExtendVote {
            hash: proposal.hash(),
            height: proposal.height,
            ..RequestExtendVote::default()
        };
        let extension = node
            .app()
            .extend_vote(request)
            .expect("a vote is extended")
            .vote_extension;
        for other in self.up() {
            let request = RequestVerifyVoteExtension {
                hash: proposal.hash(),
                validator_address: node.address().to_vec().into(),
                height: proposal.height,
                vote_extension: extension.clone(),
            };
            let answer = self.nodes[other].app().verify_vote_extension(request);
            let status = answer.expect("an extension is judged").status;
            assert_eq!(status, i32::from(VerifyStatus::Accept));
        }
        extension
    }

    /// The engine's signature over an extension.
    pub fn sign(&self, number: usize, extension: &[u8], height: i64, round: i32) -> Bytes {
        let chain_id = &self.file.derived.chain_id;
        let bytes = vote::extension_sign_bytes(extension, height as u64, round as u32, chain_id);
        let signature: [u8; 64] = self.nodes[number].consensus.sign(&bytes).into();
        signature.to_vec().into()
    }
}

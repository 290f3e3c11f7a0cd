//! ABCI requests as CometBFT 0.38 makes them.

use plasmid::chain::genesis::file::{File, Loaded};
use plasmid_bridge::proof::vote;
use prost::bytes::Bytes;
use sha2::{Digest, Sha256};
use tendermint_proto::google::protobuf::{Duration, Timestamp};
use tendermint_proto::v0_38::abci::{
    CommitInfo, ExtendedCommitInfo, Misbehavior, RequestFinalizeBlock, RequestInitChain,
    RequestPrepareProposal, RequestProcessProposal, Validator, ValidatorUpdate, VoteInfo,
};
use tendermint_proto::v0_38::crypto::{PublicKey, public_key};
use tendermint_proto::v0_38::types::{
    AbciParams, BlockParams, ConsensusParams, EvidenceParams, ValidatorParams,
};

/// Everything that a proposal is, besides who judges it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Its height.
    pub height: i64,
    /// Its time.
    pub time: Timestamp,
    /// The proposer's consensus address.
    pub proposer: Bytes,
    /// The last commit.
    pub commit: CommitInfo,
    /// Evidence.
    pub misbehavior: Vec<Misbehavior>,
    /// Its transactions.
    pub transactions: Vec<Bytes>,
}

impl Proposal {
    /// A hash over all of it, in place of the header's.
    pub fn hash(&self) -> Bytes {
        let mut hasher = Sha256::new();
        hasher.update(format!(
            "{:?}",
            (
                self.height,
                self.time,
                &self.proposer,
                &self.commit,
                &self.misbehavior
            )
        ));
        for transaction in &self.transactions {
            hasher.update((transaction.len() as u64).to_be_bytes());
            hasher.update(transaction);
        }
        hasher.finalize().to_vec().into()
    }

    /// The request to judge it.
    pub fn process(&self) -> RequestProcessProposal {
        RequestProcessProposal {
            txs: self.transactions.clone(),
            proposed_last_commit: Some(self.commit.clone()),
            misbehavior: self.misbehavior.clone(),
            hash: self.hash(),
            height: self.height,
            time: Some(self.time),
            next_validators_hash: Bytes::new(),
            proposer_address: self.proposer.clone(),
        }
    }

    /// The request to execute it.
    pub fn finalize(&self) -> RequestFinalizeBlock {
        RequestFinalizeBlock {
            txs: self.transactions.clone(),
            decided_last_commit: Some(self.commit.clone()),
            misbehavior: self.misbehavior.clone(),
            hash: self.hash(),
            height: self.height,
            time: Some(self.time),
            next_validators_hash: Bytes::new(),
            proposer_address: self.proposer.clone(),
        }
    }
}

/// The request for a proposal of the same height, time, proposer and evidence.
pub fn prepare(
    proposal: &Proposal,
    commit: ExtendedCommitInfo,
    given: Vec<Bytes>,
    max_tx_bytes: i64,
) -> RequestPrepareProposal {
    RequestPrepareProposal {
        max_tx_bytes,
        txs: given,
        local_last_commit: Some(commit),
        misbehavior: proposal.misbehavior.clone(),
        height: proposal.height,
        time: Some(proposal.time),
        next_validators_hash: Bytes::new(),
        proposer_address: proposal.proposer.clone(),
    }
}

/// The commit without its extensions, as the block holds it.
pub fn plain(commit: &ExtendedCommitInfo) -> CommitInfo {
    CommitInfo {
        round: commit.round,
        votes: commit
            .votes
            .iter()
            .map(|vote| VoteInfo {
                validator: vote.validator.clone(),
                block_id_flag: vote.block_id_flag,
            })
            .collect(),
    }
}

/// A time from nanoseconds.
pub fn timestamp(nanos: u64) -> Timestamp {
    Timestamp {
        seconds: (nanos / 1_000_000_000) as i64,
        nanos: (nanos % 1_000_000_000) as i32,
    }
}

/// A validator as requests name it.
pub fn validator(consensus_key: &[u8; 32], power: u64) -> Validator {
    Validator {
        address: vote::address(consensus_key).to_vec().into(),
        power: power as i64,
    }
}

/// The request that begins a chain.
pub fn init_chain(file: &File, loaded: &Loaded) -> RequestInitChain {
    let parameters = &loaded.genesis.parameters;
    let validators = loaded.built.members.iter().map(|member| ValidatorUpdate {
        pub_key: Some(PublicKey {
            sum: Some(public_key::Sum::Ed25519(member.consensus_key.to_vec())),
        }),
        power: member.power as i64,
    });
    RequestInitChain {
        time: Some(timestamp(loaded.root.time * 1_000_000_000)),
        chain_id: loaded.deployment.chain_id.clone(),
        consensus_params: Some(ConsensusParams {
            block: Some(BlockParams {
                max_bytes: parameters.max_block_bytes as i64,
                max_gas: -1,
            }),
            evidence: Some(EvidenceParams {
                max_age_num_blocks: parameters.evidence_age_blocks as i64,
                max_age_duration: Some(Duration {
                    seconds: parameters.evidence_age_secs as i64,
                    nanos: 0,
                }),
                max_bytes: i64::from(parameters.max_evidence_bytes),
            }),
            validator: Some(ValidatorParams {
                pub_key_types: vec!["ed25519".to_owned()],
            }),
            version: None,
            abci: Some(AbciParams {
                vote_extensions_enable_height: 1,
            }),
        }),
        validators: validators.collect(),
        app_state_bytes: serde_json::to_vec(file).expect("a file is JSON").into(),
        initial_height: 1,
    }
}

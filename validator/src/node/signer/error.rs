//! Why a node's keys are not as they should be, and what to do.

use std::path::PathBuf;

use alloy_primitives::Address;

use super::reach::Reach;
use crate::engine::abci::Fault;
use crate::node::{
    comet::CometError, development::Published, keystore::KeystoreError, sign_state::SignStateError,
};

/// Why a node's keys are not as they should be, and what to do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum KeysError {
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    #[error(transparent)]
    Published(#[from] Published),
    #[error(transparent)]
    SignState(#[from] SignStateError),
    #[error(transparent)]
    Comet(#[from] CometError),
    #[error(
        "a new sign state {0} begins above what root has accepted, and no endpoint of the root chain answers: start again when one does"
    )]
    RootUnknown(PathBuf),
    #[error(
        "the root chain's endpoint says that {accepted} checkpoints are accepted, and there can be at most {max}: this node's own chain has \
         ended {} epochs, and each later one takes at least {} s. A new sign state {sign_state} begins at that number and never comes down, so \
         none was made. Name another endpoint in plasmid.toml, or two, which must agree, and start again. If the date of this machine is \
         behind, correct it first", .reach.epochs, .reach.epoch_secs
    )]
    TooManyAccepted {
        accepted: u64,
        max: u64,
        reach: Reach,
        sign_state: PathBuf,
    },
    #[error("the checkpoint key's file {0} holds no key of the curve")]
    BadKey(PathBuf),
    #[error("the checkpoint key is encrypted: name the file of its password with --password-file")]
    NoPassword,
    #[error(transparent)]
    State(#[from] Fault),
    #[error("the state has no set of epoch {epoch}: {why}")]
    NoSet { epoch: u64, why: String },
    #[error("the records of epochs in the state cannot be read: {0}")]
    NoRecord(String),
    #[error(
        "the consensus key in {consensus} is that of operator {operator} on seat {seat}, and its checkpoint key is missing: {checkpoint} is not there. \
         A member must sign checkpoints, or withdrawals stop. Put the file back from your backup and start again"
    )]
    NoCheckpointKey {
        consensus: PathBuf,
        operator: Address,
        seat: u16,
        checkpoint: PathBuf,
    },
    #[error(
        "the engine at {engine} has the consensus key of operator {operator} on seat {seat}, and this node runs without a checkpoint key: it signs none of the checkpoints that the member must sign, or withdrawals stop. Put the key into {checkpoint} and start the node again"
    )]
    NoKeyForEngine {
        engine: String,
        operator: Address,
        seat: u16,
        checkpoint: PathBuf,
    },
    #[error(
        "{sign_state} shows that this node signed checkpoints, and its key is missing: {checkpoint} is not there. Put the file back from your \
         backup; if this node is only to follow from now on, move the sign state to where you keep it"
    )]
    CheckpointKeyGone {
        sign_state: PathBuf,
        checkpoint: PathBuf,
    },
    #[error(
        "config.toml names a remote signer (priv_validator_laddr), so this node votes, and its checkpoint key is missing: {0} is not there. A \
         member must sign checkpoints, or withdrawals stop. Put the file back from your backup and start again"
    )]
    NoKeyBesideRemote(PathBuf),
    #[error(
        "the consensus key {0} is not there, and CometBFT would make another one without a word, which has no power. Put the file back from \
         your backup before CometBFT runs; if a remote signer holds the key, name it in config.toml as priv_validator_laddr"
    )]
    ConsensusKeyGone(PathBuf),
    #[error(
        "the node key {0} is not there, and CometBFT would make another one without a word: the other nodes know this one by its old id. Put the \
         file back from your backup, or let `plasmid init join` make a new one and tell the others its id"
    )]
    NodeKeyGone(PathBuf),
    #[error(
        "the consensus key in {path} is {found}, and operator {operator} on seat {seat}, whose checkpoint key this is, registered {expected}. \
         CometBFT may have made another key where the file was gone: stop it and put the right file back from your backup"
    )]
    OtherConsensusKey {
        path: PathBuf,
        found: String,
        expected: String,
        operator: Address,
        seat: u16,
    },
    #[error(
        "the checkpoint key in {path} is {found}, and operator {operator} on seat {seat}, whose consensus key this is, registered {expected}: \
         put the right file back from your backup"
    )]
    OtherCheckpointKey {
        path: PathBuf,
        found: String,
        expected: String,
        operator: Address,
        seat: u16,
    },
}

//! Every read that clients have, once: gRPC and `abci_query` both answer from here.
//!
//! ```text
//! rpc (gRPC) ──┐
//!              ├─▶ a function a method: request + Source ──▶ response or ReadError
//! abci_query ──┘   (path = the gRPC method's path, data = the request, value = the response, both protobuf)
//! ```
//! Reads see the newest decided block. Nothing here writes, waits, or asks the root chain, which is why PrepareDeposit and
//! PrepareForce, whose price is root's, are gRPC's only; and so is GetLeaves, whose pages the engine's few places would be taken for.
//!
//! What a read answers is written once, and two tables say which function answers which method, because they have different things to add.
//! gRPC's is made of the generated services (`rpc`): each method there also names the pool of threads and the door that bound it. The
//! engine's is [`answer`]: it only decodes and encodes, because the engine's connection has already bounded the call. The test
//! `tests/tests/live/grpc/paths.rs` asks every method of the descriptors both ways and compares the answers, so a row that is missing or
//! pairs a method with another function is found. `/leaf` is no gRPC method, and `app::query` answers it.

use std::sync::Arc;

use alloy_primitives::{Address, B256};
use plasmid_bridge::{
    proof::{checkpoint::Checkpoint, commitment::BlockCommitment},
    relay::inbox::View,
};
use plasmid_staking::Member;
use prost::Message;
use tendermint_proto::v0_38::abci::ExecTxResult;

use super::{pool::Departure, state::WorkDone};
use crate::{
    chain::{
        opened::{OpenedSegment, ShownLeaf},
        tree::Tree,
    },
    ledger::{Account, Code, Domain, Event, Parameters},
};

pub mod accounts;
pub mod bridge;
pub mod chain;
pub mod claims;
pub mod delegations;
mod disk;
mod error;
pub mod events;
mod height;
mod held;
mod holders;
pub mod leaves;
mod past;
pub mod prepare;
mod reader;
pub mod segments;
mod served;
pub mod shares;
pub mod snapshots;
pub mod stake;
pub mod transactions;
pub mod validators;
mod vitals;

pub use accounts::Remembered;
pub use disk::{
    Disk, DiskRead, Door, MAX_COURT_READS, MAX_DISK_READS, MAX_DISK_READS_OF_SITE, MAX_LIST_READS,
    MAX_LIST_READS_OF_SITE, MAX_SET_READS, MAX_SET_READS_OF_SITE,
};
pub use error::ReadError;
pub use holders::find_holders;
pub use past::{Past, PastLeaf};
pub use reader::{Reader, Trees, check, on_tree, on_tree_and_height};
pub use served::Served;
pub use vitals::{
    Component, HEIGHT_STANDS, KeyState, Look, MAX_CLOCK_BEHIND, ROOT_SILENT, Vitals, Watch, ended,
};

/// What does not change while a node runs.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Chain id of the child.
    pub chain_id: String,
    /// What signatures bind.
    pub domain: Domain,
    /// The deployment's parameters.
    pub parameters: Parameters,
    /// The contracts on root.
    pub contracts: Contracts,
}

/// The contracts on root.
#[derive(Clone, Copy, Debug)]
pub struct Contracts {
    /// Who the operators are.
    pub registry: Address,
    /// Messages to the child.
    pub inbox: Address,
    /// What was paid in.
    pub vault: Address,
    /// Checkpoints.
    pub root_chain: Address,
}

/// The newest decided block.
#[derive(Clone, Copy, Debug)]
pub struct Tip {
    /// Its height; 0 is genesis.
    pub height: u64,
    /// Its time, nanoseconds.
    pub time: u64,
    /// Its app hash.
    pub app_hash: B256,
    /// The newest height that a crash cannot take back.
    pub durable_height: u64,
    /// Average time of the last blocks in nanoseconds; `None` until there were enough of them.
    pub block_time: Option<u64>,
    /// What this process executed.
    pub work: WorkDone,
}

/// A transaction in a block.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    /// What it is found by.
    pub names: Names,
    /// The block.
    pub height: u64,
    /// Its place in the block.
    pub index: u32,
    /// What came of it, as the engine was told: code, data, gas, events.
    pub result: ExecTxResult,
}

/// The names of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
    /// Its EIP-712 digest.
    pub digest: B256,
}

/// By what a transaction is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id {
    /// SHA-256 of its bytes.
    Hash([u8; 32]),
    /// Its EIP-712 digest.
    Digest(B256),
}

/// How a transaction is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// As it is, with its signature.
    Signed,
    /// Without a signature; a fee of zero stands for the one that is suggested.
    Unsigned,
    /// Without a signature, with the fee that it names.
    Exact,
}

/// What a transaction would do at the tip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulated {
    /// What would come of it.
    pub code: Code,
    /// Why it would be refused.
    pub log: String,
    /// The leaves that it makes at most, for which its fee pays.
    pub leaves_made: u32,
    /// The height of the state that it was tried on, and its leaf count.
    pub height: u64,
    /// Leaves of the state that it was tried on.
    pub leaf_count: u32,
    /// Its bytes once it is signed.
    pub length: usize,
    /// What its result would hold.
    pub data: Vec<u8>,
    /// What would happen; nothing when it is refused.
    pub events: Vec<Event>,
}

/// Some of what concerns stake, and the height and the index in it at which the next part begins.
#[derive(Clone, Debug, PartialEq)]
pub struct StakedPart {
    /// Results, the oldest first.
    pub found: Vec<Located>,
    /// The height and the place to go on at.
    pub next: (u64, u32),
}

/// What reads are answered from: [`Served`] in a node.
pub trait Source: Send + Sync + 'static {
    /// What does not change.
    fn facts(&self) -> &Facts;
    /// The newest decided block.
    fn tip(&self) -> Tip;
    /// The height of the tip, and of the last root block that was seen: what a transaction in a block waits for. Never waits for a block.
    fn moment(&self) -> (u64, u64);
    /// Lets `visit` look at the state after the newest decided block, and at its height.
    fn with_tree(&self, visit: &mut dyn FnMut(&Tree, u64));
    /// The layers of past epochs that are not in memory.
    fn disk(&self) -> &Disk;
    /// The commitment of a block.
    fn commitment(&self, height: u64) -> Result<Option<BlockCommitment>, ReadError>;
    /// The records of a block's segments, without their bytes.
    fn segments(&self, height: u64) -> Result<Option<Vec<OpenedSegment>>, ReadError>;
    /// The bytes of one of them.
    fn segment_bytes(&self, height: u64, number: u32) -> Result<Option<Vec<u8>>, ReadError>;
    /// The parameters' leaf in the genesis state.
    fn genesis_parameters(&self) -> &ShownLeaf;
    /// A checkpoint whose epoch is over.
    fn checkpoint(&self, epoch: u64) -> Result<Option<Checkpoint>, ReadError>;
    /// The set that signs it, looked for with the help of `trees` when only a past state has it; `None` when that is not kept any more.
    fn signers(&self, trees: &dyn Trees, epoch: u64) -> Result<Option<Vec<Member>>, ReadError>;
    /// The shares over it that this node has seen, by member number.
    fn shares(&self, epoch: u64) -> Result<Vec<(u16, [u8; 192])>, ReadError>;
    /// Whether a share verifies; the verdict is remembered.
    fn share_verifies(&self, member: &Member, checkpoint: &Checkpoint, share: &[u8; 192]) -> bool;
    /// The verdict on a share, if it is remembered.
    fn share_verdict(
        &self,
        member: &Member,
        checkpoint: &Checkpoint,
        share: &[u8; 192],
    ) -> Option<bool>;
    /// The height of the state that this node imported, if it did: it has no results of the blocks up to there.
    fn imported(&self) -> Option<u64>;
    /// A transaction in a block.
    fn locate(&self, id: &Id) -> Result<Option<Located>, ReadError>;
    /// At most `most` transactions and messages that concern stake, ascending from a height and an index in it on.
    fn staked(&self, from: (u64, u32), most: usize) -> Result<StakedPart, ReadError>;
    /// A transaction that waits in the mempool.
    fn waiting(&self, id: &Id) -> Option<Names>;
    /// Why a transaction that waited in the mempool does so no more.
    fn departed(&self, id: &Id) -> Option<Departure>;
    /// How many wait.
    fn pending(&self) -> usize;
    /// How much of the room for those that wait is taken, in percent.
    fn pool_percent(&self) -> u64;
    /// What reads remember from one to the next.
    fn remembered(&self) -> &Remembered;
    /// The sequence from `state` on at which nothing of this account waits.
    fn next_sequence(&self, account: &Account, state: u64) -> u64;
    /// What a transaction would do at the tip.
    fn simulate(&self, bytes: &[u8], trial: Trial) -> Result<Simulated, ReadError>;
    /// The root chain as this node last saw it.
    fn root(&self) -> Arc<View>;
    /// How long nothing has happened that should have. Never waits for a block: one that does not end is what it has to tell of.
    fn vitals(&self) -> Vitals;
}

/// Answers an `abci_query` whose path is a gRPC method's.
///
/// # Errors
/// [`ReadError::Unsupported`] when no method has that path; [`ReadError::Invalid`] when the data is not its request.
pub fn answer(source: &Reader<'_>, path: &str, data: &[u8]) -> Result<Vec<u8>, ReadError> {
    match path {
        "/plasmid.ledger.v1.AccountService/GetAccount" => call(source, data, accounts::get_account),
        "/plasmid.ledger.v1.AccountService/ListBalances" => {
            call(source, data, accounts::list_balances)
        }
        "/plasmid.ledger.v1.AccountService/ListTokens" => call(source, data, accounts::list_tokens),
        "/plasmid.ledger.v1.TransactionService/Simulate" => {
            call(source, data, transactions::simulate)
        }
        "/plasmid.ledger.v1.TransactionService/QuoteFee" => {
            call(source, data, transactions::quote_fee)
        }
        "/plasmid.ledger.v1.TransactionService/GetTransaction" => {
            call(source, data, transactions::get_transaction)
        }
        "/plasmid.chain.v1.ChainService/GetStatus" => call(source, data, chain::get_status),
        "/plasmid.chain.v1.ChainService/GetBlock" => call(source, data, chain::get_block),
        "/plasmid.chain.v1.ChainService/ListBlocks" => call(source, data, segments::list_blocks),
        "/plasmid.chain.v1.ChainService/ListValidators" => {
            call(source, data, chain::list_validators)
        }
        "/plasmid.chain.v1.ChainService/GetParameters" => call(source, data, chain::get_parameters),
        "/plasmid.chain.v1.ChainService/GetSupply" => call(source, data, chain::get_supply),
        "/plasmid.bridge.v1.BridgeService/GetCheckpoint" => {
            call(source, data, bridge::get_checkpoint)
        }
        "/plasmid.bridge.v1.BridgeService/ListCheckpoints" => {
            call(source, data, bridge::list_checkpoints)
        }
        "/plasmid.bridge.v1.BridgeService/GetShares" => call(source, data, bridge::get_shares),
        "/plasmid.bridge.v1.BridgeService/GetProof" => call(source, data, bridge::get_proof),
        "/plasmid.bridge.v1.BridgeService/GetSegments" => {
            call(source, data, segments::get_segments)
        }
        "/plasmid.bridge.v1.BridgeService/GetGenesisParameters" => {
            call(source, data, segments::get_genesis_parameters)
        }
        "/plasmid.bridge.v1.BridgeService/GetWithdrawal" => {
            call(source, data, claims::get_withdrawal)
        }
        "/plasmid.bridge.v1.BridgeService/ListWithdrawals" => {
            call(source, data, claims::list_withdrawals)
        }
        "/plasmid.bridge.v1.BridgeService/PrepareClaim" => {
            call(source, data, claims::prepare_claim)
        }
        "/plasmid.stake.v1.StakeService/ListDelegations" => {
            call(source, data, delegations::list_delegations)
        }
        "/plasmid.stake.v1.StakeService/ListValidators" => {
            call(source, data, validators::list_validators)
        }
        "/plasmid.stake.v1.StakeService/Prepare" => call(source, data, prepare::prepare),
        "/plasmid.stake.v1.StakeService/GetPosition" => call(source, data, stake::get_position),
        "/plasmid.stake.v1.StakeService/GetValidator" => call(source, data, stake::get_validator),
        "/plasmid.stake.v1.StakeService/ListLines" => call(source, data, stake::list_lines),
        "/plasmid.stake.v1.StakeService/GetRewards" => call(source, data, stake::get_rewards),
        "/plasmid.stake.v1.StakeService/GetMaturity" => call(source, data, stake::get_maturity),
        _ => Err(ReadError::Unsupported(format!(
            "no read has the path {text:?}; use a gRPC method's, such as /plasmid.chain.v1.ChainService/GetStatus",
            text = crate::wire::shown(path)
        ))),
    }
}

fn call<Q: Message + Default, A: Message>(
    source: &Reader<'_>,
    data: &[u8],
    read: impl FnOnce(&Reader<'_>, &Q) -> Result<A, ReadError>,
) -> Result<Vec<u8>, ReadError> {
    let request = Q::decode(data).map_err(|error| {
        ReadError::Invalid(format!("the data is not the method's request: {error}"))
    })?;
    Ok(read(source, &request)?.encode_to_vec())
}

/// A page: where it begins and how long it is at most. Tokens are decimal positions.
pub(crate) fn page(size: u32, token: &str, default: usize) -> Result<(usize, usize), ReadError> {
    let start = match token {
        "" => 0,
        text => text.parse().map_err(|_| {
            let text = crate::wire::shown(text);
            ReadError::Invalid(format!("page token {text:?} is not one of ours"))
        })?,
    };
    Ok((start, page_size(size, default)))
}

/// The place at which a page begins whose token has this letter in front; zero without a token.
pub(crate) fn cursor(letter: char, token: &str) -> Result<u64, ReadError> {
    if token.is_empty() {
        return Ok(0);
    }
    let place = token
        .strip_prefix(letter)
        .and_then(|place| place.parse().ok());
    place.ok_or_else(|| {
        let token = crate::wire::shown(token);
        ReadError::Invalid(format!("page token {token:?} is not one of this list"))
    })
}

/// The token of a page that begins at this place, empty when there is none.
pub(crate) fn next_cursor(letter: char, place: Option<u64>) -> String {
    place.map_or_else(String::new, |place| format!("{letter}{place}"))
}

/// How many entries a page has.
pub(crate) fn page_size(size: u32, default: usize) -> usize {
    let wanted = if size == 0 { default } else { size as usize };
    wanted.min(1_000)
}

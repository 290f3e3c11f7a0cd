//! The header with which CometBFT's light client begins: that of the last block of the newest epoch whose checkpoint root has accepted.
//!
//! ```text
//! root's endpoints ─▶ checkpoint ─▶ root over the commitments of its epoch's blocks ◀─ commitments, as any node tells them ─▶ hash of the last block
//! ```

use std::time::Duration;

use alloy_primitives::{Address, B256};
use plasmid_bridge::{
    proof::{checkpoint::Checkpoint, commitment::blocks_root},
    relay::seen::Finality,
};
use plasmid_proto::chain::v1::{ListBlocksRequest, ListBlocksResponse};
use prost::Message;

use crate::{
    ledger::Parameters,
    node::{
        accepted::{AcceptedError, newest},
        comet::{Client, RpcError, statesync::StateSync},
    },
    plain,
    wire::commitment,
};

/// The query path of blocks in a row, and how many are asked for at once.
const PATH: &str = "/plasmid.chain.v1.ChainService/ListBlocks";
const PAGE: u32 = 1_000;
/// The largest answer that is read.
const ANSWER_BYTES: usize = 2 << 20;
/// Seconds for which a header is trusted at least: a person types the commands that follow.
const MIN_TRUST_SECS: u64 = 3_600;

/// Why no header can be trusted.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum TrustError {
    #[error(transparent)]
    Accepted(#[from] AcceptedError),
    #[error("{count} RPC servers are named, and CometBFT's light client asks two at least")]
    Servers { count: usize },
    #[error(
        "no RPC server shows the blocks of epoch {epoch}, whose checkpoint root has accepted: {said}"
    )]
    NotShown { epoch: u64, said: String },
}

/// Why a server does not show an epoch's blocks.
#[derive(Debug, thiserror::Error)]
enum Unshown {
    #[error(transparent)]
    Rpc(#[from] RpcError),
    #[error("it says: {0}")]
    Refused(String),
    #[error("it tells of blocks that cannot be")]
    Malformed,
    #[error("it does not have all of them")]
    Missing,
    #[error("its blocks are others than those of the checkpoint that root accepted")]
    Other,
}

/// CometBFT's section for a node that takes the state of others from these RPC servers, whose first trusted header follows from what all endpoints of
/// root say.
///
/// # Errors
/// [`TrustError`].
pub async fn trusted(
    (endpoints, root_chain, finality): (&[String], Address, Finality),
    parameters: &Parameters,
    servers: &[String],
) -> Result<StateSync, TrustError> {
    if servers.len() < 2 {
        let count = servers.len();
        return Err(TrustError::Servers { count });
    }
    let accepted = newest(endpoints, root_chain, finality).await?;
    let mut said = Vec::new();
    for server in servers {
        match last_block(server, &accepted.checkpoint, parameters.epoch_blocks).await {
            Ok(header) => {
                // Who signed may sign anything again once their stake is theirs.
                let secs = parameters.unbonding_secs / 3 * 2;
                let period = Duration::from_secs(secs.max(MIN_TRUST_SECS));
                return Ok(StateSync::from(servers, header, period));
            }
            Err(error) => said.push(format!("{}: {error}", plain::place(server))),
        }
    }
    Err(TrustError::NotShown {
        epoch: accepted.epoch,
        said: said.join("; "),
    })
}

/// Height and hash of the last block of a checkpoint's epoch, as a server tells them and the checkpoint proves them.
async fn last_block(
    server: &str,
    checkpoint: &Checkpoint,
    blocks: u32,
) -> Result<(u64, B256), Unshown> {
    let client = Client::with_url(server.to_owned())?.body_limit(ANSWER_BYTES);
    let before = checkpoint.epoch.saturating_mul(blocks.into());
    let (mut hashes, mut last) = (Vec::new(), None);
    while let Some(left) = blocks
        .checked_sub(u32::try_from(hashes.len()).unwrap_or(u32::MAX))
        .filter(|left| *left > 0)
    {
        let request = ListBlocksRequest {
            first: before.saturating_add(hashes.len() as u64).saturating_add(1),
            count: left.min(PAGE),
        };
        let answer = client
            .abci_query(PATH, request.encode_to_vec(), 0, false)
            .await?;
        if answer.code.is_err() {
            return Err(Unshown::Refused(plain::line(&answer.log, 200)));
        }
        let page = ListBlocksResponse::decode(answer.value.as_slice());
        let page = page.map_err(|_| Unshown::Malformed)?.blocks;
        if page.is_empty() {
            return Err(Unshown::Missing);
        }
        for told in page.iter().take(left as usize) {
            let block = commitment(told).ok_or(Unshown::Malformed)?;
            hashes.push(block.hash());
            last = Some(block);
        }
    }
    let last = last.filter(|_| blocks_root(&hashes) == checkpoint.blocks_root);
    let last = last.ok_or(Unshown::Other)?;
    Ok((last.height, last.block_hash))
}

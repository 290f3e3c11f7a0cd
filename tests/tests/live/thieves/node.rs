//! A node of the thieves' chain: it serves what their checkpoints commit to, or something else in one part of it.

use std::net::SocketAddr;
use std::sync::Arc;

use alloy_primitives::B256;
use plasmid::chain::tree::Tree;
use plasmid::ledger::Slot;
use plasmid_proto::bridge::v1::{
    Checkpoint as WireCheckpoint, GetCheckpointRequest, GetCheckpointResponse,
    GetGenesisParametersRequest, GetGenesisParametersResponse, GetLeavesRequest, GetLeavesResponse,
    GetProofRequest, GetProofResponse, GetSegmentsRequest, GetSegmentsResponse, GetSharesRequest,
    GetSharesResponse, GetWithdrawalRequest, GetWithdrawalResponse, LeafProof,
    ListCheckpointsRequest, ListCheckpointsResponse, ListWithdrawalsRequest,
    ListWithdrawalsResponse, PrepareClaimRequest, PrepareClaimResponse, PrepareDepositRequest,
    PrepareDepositResponse, PrepareForceRequest, PrepareForceResponse, Segment, Share, StateLeaf,
    SubmitShareRequest, SubmitShareResponse,
    bridge_service_server::{BridgeService, BridgeServiceServer},
    get_proof_request,
};
use plasmid_proto::chain::v1::{
    GetBlockRequest, GetBlockResponse, GetParametersRequest, GetParametersResponse,
    GetStatusRequest, GetStatusResponse, GetSupplyRequest, GetSupplyResponse, ListBlocksRequest,
    ListBlocksResponse, ListValidatorsRequest, ListValidatorsResponse, ListVotesRequest,
    ListVotesResponse,
    chain_service_server::{ChainService, ChainServiceServer},
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};

use super::chain::{BLOCKS, Chain, genesis};

/// What a node may lie in.
pub const LIES: [&str; 8] = [
    "it has no segments",
    "a block's time",
    "a segment's root",
    "a segment's bytes",
    "the number of segments",
    "a leaf of the state",
    "the genesis parameters",
    "it shows no leaf of the state",
];
/// The one that shows no segments, the one whose segments are the checkpoint's and their bytes are not, and the one that shows no leaf.
pub const SILENT: usize = 0;
pub const BYTES: usize = 3;
pub const NO_LEAVES: usize = 7;
/// The one whose parameters are others.
pub const PARAMETERS: usize = 6;
/// Of one that keeps back the bytes of each second segment, beginning with the first one, or with the second one; and of one that never answers for segments.
pub const ODD_ONES: usize = 8;
pub const EVEN_ONES: usize = 9;
pub const LATE: usize = 10;
/// Of one that shows other leaves of a final state.
pub const LEAVES: usize = 11;
/// Of one that shows no segments but those of the first epoch.
pub const FIRST_ALONE: usize = 12;
/// Of one that keeps back the bytes of segment 1 of block 3 of each epoch.
pub const ONE: usize = 13;

type Answer<T> = Result<Response<T>, Status>;

/// A running node.
pub struct Node {
    pub url: String,
    serving: JoinHandle<()>,
}

impl Node {
    /// Serves a chain, and lies in one part, if any.
    pub async fn start(chain: Chain, lie: Option<usize>) -> Self {
        Self::serve(chain, lie, Vec::new()).await
    }

    /// Serves a chain, with these shares over its first checkpoint, by member number.
    pub async fn with_shares(chain: Chain, shares: Vec<Share>) -> Self {
        Self::serve(chain, None, shares).await
    }

    async fn serve(chain: Chain, lie: Option<usize>, shares: Vec<Share>) -> Self {
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let listener = TcpListener::bind(any).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let service = Service {
            chain: Arc::new(chain),
            lie,
            shares,
        };
        let server = Server::builder()
            .add_service(BridgeServiceServer::new(service.clone()))
            .add_service(ChainServiceServer::new(service));
        let serving = tokio::spawn(async move {
            let served = server.serve_with_incoming(TcpListenerStream::new(listener));
            served.await.expect("it serves");
        });
        Self { url, serving }
    }

    pub fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(self.url.clone()).expect("an address");
        endpoint.connect_lazy()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[derive(Clone)]
struct Service {
    chain: Arc<Chain>,
    lie: Option<usize>,
    shares: Vec<Share>,
}

impl Service {
    fn lies(&self, lie: usize) -> bool {
        self.lie == Some(lie)
    }
}

fn nothing<T>() -> Answer<T> {
    Err(Status::not_found("thieves have no such thing"))
}

fn shown(one: &plasmid_bridge::proof::checkpoint::Checkpoint) -> WireCheckpoint {
    WireCheckpoint {
        epoch: one.epoch,
        encoded: one.encode().to_vec(),
        digest: one.digest().to_vec(),
        ..WireCheckpoint::default()
    }
}

fn leaf(tree: &Tree, key: &B256, lies: bool) -> Option<LeafProof> {
    let (index, kind, value) = tree.get(key)?;
    let mut value = value.to_vec();
    value[0] ^= u8::from(lies);
    let shown = tree.prove(index).ok()?;
    Some(LeafProof {
        present: true,
        key: key.to_vec(),
        index,
        leaf_key: shown.key.to_vec(),
        next_key: shown.next.to_vec(),
        kind: u32::from(kind),
        value,
        siblings: shown.siblings.iter().map(|one| one.to_vec()).collect(),
        leaf_count: shown.count,
        state_root: tree.root().to_vec(),
    })
}

#[tonic::async_trait]
impl ChainService for Service {
    async fn get_block(&self, _: Request<GetBlockRequest>) -> Answer<GetBlockResponse> {
        nothing()
    }

    async fn list_blocks(&self, request: Request<ListBlocksRequest>) -> Answer<ListBlocksResponse> {
        let ListBlocksRequest { first, count } = request.into_inner();
        let epoch = self.chain.epochs.get(((first - 1) / BLOCKS) as usize);
        let Some(epoch) = epoch else {
            return nothing();
        };
        // Five a page, so that all pages are asked for.
        let page = epoch.blocks.iter().skip(((first - 1) % BLOCKS) as usize);
        let page = page.take(count.min(5) as usize);
        let blocks = page.map(|(block, _)| GetBlockResponse {
            rules: block.rules,
            height: block.height,
            time: block.time + u64::from(self.lies(1)),
            block_hash: block.block_hash.to_vec(),
            witness_hash: block.witness_hash.to_vec(),
            state_root_before: block.before.to_vec(),
            state_root_after: block.after.to_vec(),
            segments_root: block.segments_root.to_vec(),
            app_hash: block.hash().to_vec(),
        });
        let blocks = blocks.collect();
        Ok(Response::new(ListBlocksResponse { blocks }))
    }

    async fn list_votes(&self, _: Request<ListVotesRequest>) -> Answer<ListVotesResponse> {
        nothing()
    }

    async fn get_status(&self, _: Request<GetStatusRequest>) -> Answer<GetStatusResponse> {
        nothing()
    }

    async fn list_validators(
        &self,
        _: Request<ListValidatorsRequest>,
    ) -> Answer<ListValidatorsResponse> {
        nothing()
    }

    async fn get_supply(&self, _: Request<GetSupplyRequest>) -> Answer<GetSupplyResponse> {
        nothing()
    }

    async fn get_parameters(
        &self,
        _: Request<GetParametersRequest>,
    ) -> Answer<GetParametersResponse> {
        nothing()
    }
}

#[tonic::async_trait]
impl BridgeService for Service {
    async fn get_segments(
        &self,
        request: Request<GetSegmentsRequest>,
    ) -> Answer<GetSegmentsResponse> {
        let GetSegmentsRequest { height, first } = request.into_inner();
        let epoch = self.chain.epochs.get(((height - 1) / BLOCKS) as usize);
        let is_kept_back = self.lies(SILENT) || (self.lies(FIRST_ALONE) && height > BLOCKS);
        let Some(epoch) = epoch.filter(|_| !is_kept_back) else {
            return nothing();
        };
        if self.lies(LATE) {
            std::future::pending::<()>().await;
        }
        let (_, all) = &epoch.blocks[((height - 1) % BLOCKS) as usize];
        // One a page, so that all pages are asked for.
        let page = all.segments.iter().skip(first as usize).take(1);
        let page = page.map(|one| {
            let mut after = one.after;
            after[0] ^= u8::from(self.lies(2));
            let mut bytes = one.bytes.clone().unwrap_or_default();
            if let Some(last) = bytes.last_mut() {
                *last ^= u8::from(self.lies(BYTES));
            }
            let kept_back = match first % 2 {
                0 => ODD_ONES,
                _ => EVEN_ONES,
            };
            let is_that_one = (height - 1) % BLOCKS == 3 && first == 1;
            if self.lies(kept_back) || (self.lies(ONE) && is_that_one) {
                bytes.clear();
            }
            Segment {
                kind: u32::from(one.kind),
                first: one.first,
                count: one.count,
                length: one.length,
                chunks_root: one.chunks_root.to_vec(),
                state_root_before: one.before.to_vec(),
                state_root_after: after.to_vec(),
                bytes,
            }
        });
        Ok(Response::new(GetSegmentsResponse {
            count: all.count + u32::from(self.lies(4)),
            transactions: all.transactions,
            list_root: all.list_root.to_vec(),
            segments: page.collect(),
        }))
    }

    async fn get_leaves(&self, request: Request<GetLeavesRequest>) -> Answer<GetLeavesResponse> {
        let GetLeavesRequest { epoch, first } = request.into_inner();
        let Some(epoch) = self.chain.epochs.get(epoch as usize) else {
            return nothing();
        };
        // A page that has fewer than it may is not taken.
        let state = &epoch.state;
        let indices: Vec<u32> = (first..state.count()).take(512).collect();
        let leaves = indices.iter().filter_map(|index| state.leaf(*index));
        let leaves = leaves.map(|one| StateLeaf {
            key: one.key.to_vec(),
            next_key: one.next.to_vec(),
            kind: u32::from(one.kind) + u32::from(self.lies(LEAVES)),
            value: one.value.to_vec(),
        });
        let leaves = leaves.collect();
        let proof = state.multiproof(&indices).expect("they stand");
        Ok(Response::new(GetLeavesResponse {
            leaf_count: state.count(),
            leaves,
            siblings: proof.siblings.iter().map(|one| one.to_vec()).collect(),
        }))
    }

    async fn get_genesis_parameters(
        &self,
        _: Request<GetGenesisParametersRequest>,
    ) -> Answer<GetGenesisParametersResponse> {
        let proof = leaf(&genesis(), &Slot::Parameters.key(), self.lies(6));
        Ok(Response::new(GetGenesisParametersResponse { proof }))
    }

    async fn get_proof(&self, request: Request<GetProofRequest>) -> Answer<GetProofResponse> {
        let request = request.into_inner();
        let Some(get_proof_request::Leaf::Key(key)) = request.leaf else {
            return nothing();
        };
        let epoch = request
            .epoch
            .and_then(|epoch| self.chain.epochs.get(epoch as usize))
            .filter(|_| !self.lies(NO_LEAVES));
        let proof =
            epoch.and_then(|epoch| leaf(&epoch.state, &B256::from_slice(&key), self.lies(5)));
        Ok(Response::new(GetProofResponse {
            checkpoint: None,
            proof,
        }))
    }

    async fn get_checkpoint(
        &self,
        _: Request<GetCheckpointRequest>,
    ) -> Answer<GetCheckpointResponse> {
        nothing()
    }

    async fn list_checkpoints(
        &self,
        _: Request<ListCheckpointsRequest>,
    ) -> Answer<ListCheckpointsResponse> {
        nothing()
    }

    async fn get_shares(&self, request: Request<GetSharesRequest>) -> Answer<GetSharesResponse> {
        let first = self.chain.epochs.first();
        let first = first.filter(|_| request.into_inner().epoch == 0 && !self.shares.is_empty());
        let Some(first) = first else {
            return nothing();
        };
        Ok(Response::new(GetSharesResponse {
            checkpoint: Some(shown(&first.checkpoint)),
            members: Vec::new(),
            shares: self.shares.clone(),
        }))
    }

    async fn submit_share(&self, _: Request<SubmitShareRequest>) -> Answer<SubmitShareResponse> {
        nothing()
    }

    async fn get_withdrawal(
        &self,
        _: Request<GetWithdrawalRequest>,
    ) -> Answer<GetWithdrawalResponse> {
        nothing()
    }

    async fn list_withdrawals(
        &self,
        _: Request<ListWithdrawalsRequest>,
    ) -> Answer<ListWithdrawalsResponse> {
        nothing()
    }

    async fn prepare_claim(&self, _: Request<PrepareClaimRequest>) -> Answer<PrepareClaimResponse> {
        nothing()
    }

    async fn prepare_deposit(
        &self,
        _: Request<PrepareDepositRequest>,
    ) -> Answer<PrepareDepositResponse> {
        nothing()
    }

    async fn prepare_force(&self, _: Request<PrepareForceRequest>) -> Answer<PrepareForceResponse> {
        nothing()
    }
}

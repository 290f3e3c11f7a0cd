//! A node of a thieves' chain: it serves what their checkpoints commit to, or something else in one part of it.

use std::net::{Ipv4Addr, SocketAddr};
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

use super::ShownChain;

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

/// A segment of a block, by the block's place in its epoch and its own number.
pub type SegmentPlace = (u64, u32);

/// A running node.
#[derive(Debug)]
pub struct ThievesNode {
    /// Where it answers.
    pub url: String,
    serving: JoinHandle<()>,
}

impl ThievesNode {
    /// Serves a chain, and lies in one part, if any.
    ///
    /// # Panics
    /// When the loopback has no free port.
    pub async fn start(chain: impl Into<ShownChain>, lie: Option<usize>) -> Self {
        let withheld = (lie == Some(ONE)).then_some((3, 1));
        Self::serve(0, Service::of(chain.into(), lie, withheld)).await
    }

    /// Serves a chain, with these shares over its first checkpoint, by member number.
    ///
    /// # Panics
    /// As [`ThievesNode::start`].
    pub async fn with_shares(chain: impl Into<ShownChain>, shares: Vec<Share>) -> Self {
        let service = Service {
            shares,
            ..Service::of(chain.into(), None, None)
        };
        Self::serve(0, service).await
    }

    /// Serves a chain at this port, but for the bytes of one segment of each epoch, if any.
    ///
    /// # Panics
    /// When something else listens there.
    pub async fn without(chain: ShownChain, port: u16, withheld: Option<SegmentPlace>) -> Self {
        Self::serve(port, Service::of(chain, None, withheld)).await
    }

    async fn serve(port: u16, service: Service) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind(address).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = Server::builder()
            .add_service(BridgeServiceServer::new(service.clone()))
            .add_service(ChainServiceServer::new(service));
        let serving = tokio::spawn(async move {
            let served = server.serve_with_incoming(TcpListenerStream::new(listener));
            served.await.expect("it serves");
        });
        Self { url, serving }
    }

    /// A channel to it.
    ///
    /// # Panics
    /// Never: its address is well formed.
    #[must_use]
    pub fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(self.url.clone()).expect("an address");
        endpoint.connect_lazy()
    }
}

impl Drop for ThievesNode {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[derive(Clone)]
struct Service {
    chain: Arc<ShownChain>,
    lie: Option<usize>,
    withheld: Option<SegmentPlace>,
    shares: Vec<Share>,
}

impl Service {
    fn of(chain: ShownChain, lie: Option<usize>, withheld: Option<SegmentPlace>) -> Self {
        Self {
            chain: Arc::new(chain),
            lie,
            withheld,
            shares: Vec::new(),
        }
    }

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
        let Some((epoch, place)) = self.chain.at(first) else {
            return nothing();
        };
        // Five a page, so that all pages are asked for.
        let page = epoch.blocks.iter().skip(place as usize);
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
        let is_kept_back =
            self.lies(SILENT) || (self.lies(FIRST_ALONE) && height > self.chain.blocks);
        let found = self.chain.at(height).filter(|_| !is_kept_back);
        let Some((epoch, place)) = found else {
            return nothing();
        };
        if self.lies(LATE) {
            std::future::pending::<()>().await;
        }
        let (_, all) = &epoch.blocks[place as usize];
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
            if self.lies(kept_back) || self.withheld == Some((place, first)) {
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
        let Some(epoch) = self.chain.epoch(epoch) else {
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
        let proof = leaf(&self.chain.genesis, &Slot::Parameters.key(), self.lies(6));
        Ok(Response::new(GetGenesisParametersResponse { proof }))
    }

    async fn get_proof(&self, request: Request<GetProofRequest>) -> Answer<GetProofResponse> {
        let request = request.into_inner();
        let Some(get_proof_request::Leaf::Key(key)) = request.leaf else {
            return nothing();
        };
        let epoch = request
            .epoch
            .and_then(|epoch| self.chain.epoch(epoch))
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

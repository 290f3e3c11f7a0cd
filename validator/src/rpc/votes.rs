//! Votes that the engine shows, for whoever looks for keys that say two things and has no way to the engine's own RPC.

use std::sync::Arc;

use plasmid_proto::chain::v1::{ListVotesRequest, ListVotesResponse};
use tokio::sync::Semaphore;
use tonic::Status;

/// Pages that this node reads of its engine at once: blocks matter more to both.
pub(super) const MAX_VOTE_READS: usize = 4;

/// Where votes are read.
#[tonic::async_trait]
pub trait SeenVotes: Send + Sync + 'static {
    /// A page of them.
    async fn votes(&self, request: ListVotesRequest) -> Result<ListVotesResponse, String>;
}

/// Reads a page when a place is free. The place is held until the engine has answered, also when nobody waits for the answer any more.
pub(super) async fn read_votes(
    places: &Arc<Semaphore>,
    engine: &Arc<dyn SeenVotes>,
    request: ListVotesRequest,
) -> Result<ListVotesResponse, Status> {
    if request.first == 0 {
        return Err(Status::invalid_argument("the first block has height 1"));
    }
    let place = Arc::clone(places).acquire_owned().await;
    let place = place.map_err(|closed| Status::unavailable(closed.to_string()))?;
    let engine = Arc::clone(engine);
    let read = tokio::spawn(async move {
        let _place = place;
        engine.votes(request).await
    });
    let page = read
        .await
        .map_err(|lost| Status::internal(lost.to_string()))?;
    page.map_err(Status::unavailable)
}

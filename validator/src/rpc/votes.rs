//! Votes that the engine shows, for whoever looks for keys that say two things and has no way to the engine's own RPC.

use std::sync::Arc;
use std::time::Duration;

use plasmid_proto::chain::v1::{ListVotesRequest, ListVotesResponse};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use tonic::Status;

/// Pages that this node reads of its engine at once: blocks matter more to both.
pub(super) const MAX_VOTE_READS: usize = 4;
/// For how many times as long as a page took its place stays taken behind it, so that whoever asks for one page after the other has the engine read for
/// a part of the time only.
const REST: u32 = 3;

/// Where votes are read.
#[tonic::async_trait]
pub trait SeenVotes: Send + Sync + 'static {
    /// A page of them.
    async fn votes(&self, request: ListVotesRequest) -> Result<ListVotesResponse, String>;
}

/// Reads a page when a place is free. The place is held until the engine has answered and rested, also when nobody waits for the answer any more.
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
        let begun = Instant::now();
        let page = engine.votes(request).await;
        let took = begun.elapsed();
        tokio::spawn(async move {
            sleep(rest(took)).await;
            drop(place);
        });
        page
    });
    let page = read
        .await
        .map_err(|lost| Status::internal(lost.to_string()))?;
    page.map_err(Status::unavailable)
}

const fn rest(took: Duration) -> Duration {
    took.saturating_mul(REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An engine that answers once the test lets it.
    struct Slow(Semaphore);

    #[tonic::async_trait]
    impl SeenVotes for Slow {
        async fn votes(&self, _: ListVotesRequest) -> Result<ListVotesResponse, String> {
            let one = self.0.acquire().await;
            one.map_err(|closed| closed.to_string())?.forget();
            Ok(ListVotesResponse::default())
        }
    }

    #[tokio::test]
    async fn a_place_is_free_again_behind_the_answer_and_its_rest_also_where_nobody_waits() {
        assert_eq!(rest(Duration::from_millis(40)), Duration::from_millis(120));
        let places = Arc::new(Semaphore::new(MAX_VOTE_READS));
        let slow = Arc::new(Slow(Semaphore::new(0)));
        let engine: Arc<dyn SeenVotes> = Arc::<Slow>::clone(&slow);
        let request = || ListVotesRequest { first: 1, known: 0 };
        let mut asked = Vec::new();
        for _ in 0..MAX_VOTE_READS {
            let (places, engine) = (Arc::clone(&places), Arc::clone(&engine));
            asked.push(tokio::spawn(async move {
                read_votes(&places, &engine, request()).await
            }));
        }
        while places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        // Nobody waits for two of them any more: their places stay taken until the engine has answered.
        for gone in asked.drain(..2) {
            gone.abort();
            gone.await.expect_err("it was given up");
        }
        assert_eq!(places.available_permits(), 0);
        slow.0.add_permits(MAX_VOTE_READS);
        for one in asked {
            one.await.expect("it ends").expect("a page");
        }
        while places.available_permits() < MAX_VOTE_READS {
            sleep(Duration::from_millis(1)).await;
        }
        read_votes(&places, &engine, ListVotesRequest::default())
            .await
            .expect_err("the first block has height 1");
    }
}

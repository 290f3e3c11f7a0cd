//! What a start makes of how the root endpoints stand.

use super::*;
use plasmid_bridge::{
    client::follower::Progress,
    relay::{inbox::View, track::EndpointStanding},
};
use tokio::sync::watch;

async fn started_on(standings: Vec<EndpointStanding>) -> Result<(), StartError> {
    let view = View {
        finalized: None,
        anchor: Anchor::GENESIS,
        entries: Vec::new(),
        acceptances: Default::default(),
        accepted: 0,
        end: Default::default(),
        healthy: false,
        stale_at: 0,
        standings,
    };
    let (_, view) = watch::channel(Arc::new(view));
    let (progress, _) = watch::channel(Progress::Released(0));
    wait_root(&RootReader::new(view, progress), Duration::ZERO).await
}

#[tokio::test]
async fn an_endpoint_that_lags_does_not_end_a_start_and_hides_no_endpoint_that_does() {
    let shorter = EndpointStanding::Shorter {
        count: 3,
        cursor: 5,
    };
    let elsewhere = EndpointStanding::OtherChain {
        expected: 1,
        seen: 2,
    };
    assert!(started_on(vec![EndpointStanding::Starting]).await.is_ok());
    assert!(started_on(vec![shorter.clone()]).await.is_ok());
    for standings in [
        vec![elsewhere.clone()],
        vec![shorter.clone(), elsewhere.clone()],
        vec![elsewhere, shorter],
    ] {
        let error = started_on(standings).await.unwrap_err();
        let named = matches!(error, StartError::Root(RootRefusal::OtherChain { .. }));
        assert!(named, "{error}");
    }
}

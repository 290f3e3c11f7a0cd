//! What a start makes of how the root endpoints stand.

use super::*;
use plasmid_bridge::{
    client::follower::Progress,
    relay::{inbox::View, track::EndpointStanding},
};
use prost::Message;
use tendermint_proto::v0_38::abci::{Request, RequestApplySnapshotChunk, request::Value};
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

#[test]
fn the_largest_part_that_a_stranger_can_push_is_read_where_states_are_taken() {
    let parameters = Parameters::local();
    let request = Request {
        value: Some(Value::ApplySnapshotChunk(RequestApplySnapshotChunk {
            index: u32::MAX,
            chunk: vec![1; usize::try_from(MAX_CHUNK_BYTES).unwrap()].into(),
            sender: "a".repeat(200),
        })),
    };
    let length = request.encoded_len();
    assert!(length <= limits(&parameters, true).kept_bytes);
    assert!(length > limits(&parameters, false).kept_bytes);
}

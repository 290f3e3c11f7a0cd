//! Who answers the engine before there is a state, and behind it.

use std::thread;

use tendermint_proto::v0_38::abci::{
    Snapshot, response_apply_snapshot_chunk::Result as Applied,
    response_offer_snapshot::Result as Offered,
};

use super::*;
use crate::{
    node::{accepted::AcceptedError, config::Home},
    store::image::fixture::GivenState,
};

/// An application that answers with its height alone.
struct HeightOnly(i64);

impl Handler for HeightOnly {
    fn info(&self, _: RequestInfo) -> Outcome<ResponseInfo> {
        Ok(ResponseInfo {
            last_block_height: self.0,
            ..ResponseInfo::default()
        })
    }
    fn query(&self, _: RequestQuery, _: &AtomicBool) -> Outcome<ResponseQuery> {
        Ok(ResponseQuery::default())
    }
    fn check_tx(&self, _: RequestCheckTx) -> Outcome<ResponseCheckTx> {
        Ok(ResponseCheckTx::default())
    }
    fn init_chain(&self, _: RequestInitChain) -> Outcome<ResponseInitChain> {
        Ok(ResponseInitChain::default())
    }
    fn prepare_proposal(&self, _: RequestPrepareProposal) -> Outcome<ResponsePrepareProposal> {
        Ok(ResponsePrepareProposal::default())
    }
    fn process_proposal(&self, _: RequestProcessProposal) -> Outcome<ResponseProcessProposal> {
        Ok(ResponseProcessProposal::default())
    }
    fn extend_vote(&self, _: RequestExtendVote) -> Outcome<ResponseExtendVote> {
        Ok(ResponseExtendVote::default())
    }
    fn verify_vote_extension(
        &self,
        _: RequestVerifyVoteExtension,
    ) -> Outcome<ResponseVerifyVoteExtension> {
        Ok(ResponseVerifyVoteExtension::default())
    }
    fn finalize_block(&self, _: RequestFinalizeBlock) -> Outcome<ResponseFinalizeBlock> {
        Ok(ResponseFinalizeBlock::default())
    }
    fn commit(&self) -> Outcome<ResponseCommit> {
        Ok(ResponseCommit::default())
    }
}

type Pair = (Arc<EarlyAnswers<HeightOnly>>, EarlyOpening<HeightOnly>);

fn entry(folder: &tempfile::TempDir, given: &GivenState, held: bool) -> Pair {
    let accepted = given.checkpoint;
    let word = Box::new(move |epoch| match epoch {
        0 => Ok(accepted),
        _ => Err(AcceptedError::NoEndpoint),
    });
    let intake = StateIntake::new(Home::new(folder.path()), given.whose(), word);
    EarlyAnswers::new(1, held.then_some(given.heading.block), intake)
}

fn height<H: Handler>(entry: &EarlyAnswers<H>) -> i64 {
    entry
        .info(RequestInfo::default())
        .unwrap()
        .last_block_height
}

fn takes_all(entry: &EarlyAnswers<HeightOnly>, given: &GivenState) {
    let offer = given.offer();
    let answer = entry.offer_snapshot(RequestOfferSnapshot {
        snapshot: Some(Snapshot {
            height: offer.height,
            format: offer.format,
            chunks: offer.parts,
            hash: offer.digest.into(),
            metadata: offer.shown.into(),
        }),
        app_hash: given.app_hash().to_vec().into(),
    });
    assert_eq!(answer.unwrap().result, i32::from(Offered::Accept));
    for index in 0..offer.parts {
        let answer = entry.apply_snapshot_chunk(RequestApplySnapshotChunk {
            index,
            chunk: given.part(index).into(),
            sender: String::new(),
        });
        assert_eq!(answer.unwrap().result, i32::from(Applied::Accept));
    }
}

#[tokio::test]
async fn the_engine_is_told_of_the_state_only_once_the_application_has_it() {
    let (folder, given) = (tempfile::tempdir().unwrap(), GivenState::new(60, 1));
    let (entry, opening) = entry(&folder, &given, false);
    assert_eq!(height(&entry), 0);
    let too_old = RequestInfo {
        version: "0.38.1".to_owned(),
        ..RequestInfo::default()
    };
    assert!(entry.info(too_old).is_err());
    // Strangers are answered, and decide nothing.
    let never = AtomicBool::new(false);
    let tried = entry.check_tx(RequestCheckTx::default()).unwrap();
    assert_eq!((tried.code, tried.log.as_str()), (INTERNAL_CODE, JOINING));
    let tried = entry.check_txs(vec![RequestCheckTx::default(); 2]);
    assert!(
        tried
            .into_iter()
            .all(|one| one.unwrap().code == INTERNAL_CODE)
    );
    let tried = entry.query(RequestQuery::default(), &never).unwrap();
    assert_eq!(tried.code, INTERNAL_CODE);
    assert!(entry.list_snapshots(&never).unwrap().snapshots.is_empty());
    let part = entry.load_snapshot_chunk(RequestLoadSnapshotChunk::default(), &never);
    assert!(part.unwrap().chunk.is_empty());
    assert!(!entry.is_decided());

    takes_all(&entry, &given);
    entry.decided().await;
    let asking = Arc::clone(&entry);
    let asked = thread::spawn(move || height(&asking));
    opening.open(Arc::new(HeightOnly(64)));
    assert_eq!(asked.join().unwrap(), 64);
    assert_eq!(entry.check_tx(RequestCheckTx::default()).unwrap().code, 0);
    drop(opening);
    assert_eq!(height(&entry), 64);
}

#[test]
fn an_engine_that_begins_without_a_state_or_goes_on_is_answered_by_the_application() {
    let calls: [fn(&EarlyAnswers<HeightOnly>) -> bool; 7] = [
        |entry| entry.init_chain(RequestInitChain::default()).is_ok(),
        |entry| {
            entry
                .finalize_block(RequestFinalizeBlock::default())
                .is_ok()
        },
        |entry| {
            entry
                .prepare_proposal(RequestPrepareProposal::default())
                .is_ok()
        },
        |entry| {
            entry
                .process_proposal(RequestProcessProposal::default())
                .is_ok()
        },
        |entry| entry.extend_vote(RequestExtendVote::default()).is_ok(),
        |entry| {
            entry
                .verify_vote_extension(RequestVerifyVoteExtension::default())
                .is_ok()
        },
        |entry| entry.commit().is_ok(),
    ];
    for call in calls {
        let (folder, given) = (tempfile::tempdir().unwrap(), GivenState::new(60, 1));
        let (entry, opening) = entry(&folder, &given, true);
        // The state that came before is what a restarted engine is told of.
        assert_eq!(height(&entry), 64);
        let asking = Arc::clone(&entry);
        let asked = thread::spawn(move || call(&asking));
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(entry.decided());
        opening.open(Arc::new(HeightOnly(64)));
        assert!(asked.join().unwrap());
    }
}

#[test]
fn a_node_that_ends_before_it_begins_lets_nobody_wait() {
    let (folder, given) = (tempfile::tempdir().unwrap(), GivenState::new(60, 1));
    let (entry, opening) = entry(&folder, &given, false);
    let waits = Arc::clone(&entry);
    let waiting = thread::spawn(move || waits.commit());
    drop(opening);
    let error = waiting.join().unwrap().expect_err("nobody answers");
    assert!(error.to_string().contains("before it began"), "{error}");
    assert!(entry.info(RequestInfo::default()).is_err());
}

//! What may hold up others, against the real application: forged signatures in front of a Commit, and a block in front of those
//! who run on threads that must not stand.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use plasmid_bridge::relay::{
    inbox::View,
    seen::{Anchor, Failure},
    track::EndpointStanding,
};
use plasmid_proto::{
    chain::v1::GetStatusRequest,
    stake::v1::{PrepareRequest, Restake, prepare_request::Action},
};
use tendermint_proto::v0_38::abci::RequestCheckTx;

use super::attack::sign;
use super::*;
use crate::app::ports::Sight;
use crate::app::reads::{Contracts, Facts, KeyState, Reader, Served, Source, chain, prepare};
use crate::ledger::Code;

/// Transactions that wait together.
const TOGETHER: u32 = 32;

/// Root by one endpoint that stands like this.
struct Seen(Mutex<EndpointStanding>);

impl Seen {
    fn following() -> Self {
        Self(Mutex::new(EndpointStanding::Following))
    }
}

impl Sight for Seen {
    fn view(&self) -> Arc<View> {
        Arc::new(View {
            finalized: None,
            anchor: Anchor::GENESIS,
            entries: Vec::new(),
            acceptances: BTreeMap::new(),
            accepted: 0,
            end: Default::default(),
            healthy: true,
            stale_at: u64::MAX,
            standings: vec![self.0.lock().unwrap().clone()],
        })
    }

    fn is_sound(&self) -> bool {
        self.view().is_sound(0)
    }
}

fn requests(transactions: &[Bytes]) -> Vec<RequestCheckTx> {
    let requests = transactions.iter().map(|bytes| RequestCheckTx {
        tx: bytes.clone(),
        r#type: 0,
    });
    requests.collect()
}

#[test]
fn signatures_that_wait_together_are_verified_together_and_only_of_what_would_be_taken() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::new(TOGETHER, TOGETHER, &sign);
    let start = genesis(&people, TOGETHER).unwrap();
    let bench = Bench::open(folder.path(), start).unwrap();
    let honest = bench.transfers(&people, 1, TOGETHER);
    let forged: Vec<Bytes> = honest
        .iter()
        .map(|bytes| {
            let mut bytes = bytes.to_vec();
            let place = bytes.len() - 64;
            bytes[place] ^= 1;
            bytes.into()
        })
        .collect();
    let codes = |transactions: &[Bytes]| -> Vec<u32> {
        let answers = bench.app.check_txs(requests(transactions)).into_iter();
        answers.map(|answer| answer.unwrap().code).collect()
    };
    let count = TOGETHER as usize;
    let bad = Code::BadSignature.number();
    assert_eq!(codes(&forged), vec![bad; count]);
    assert_eq!(codes(&honest), vec![0; count]);
    // What waits already is not verified again.
    assert_eq!(codes(&honest), vec![0; count]);
    assert_eq!(bench.app.looks.alone(), 0);
    assert_eq!(bench.app.pool().len(), count);
    // One that comes by itself is.
    let one = bench.app.check_tx(requests(&forged).remove(0)).unwrap();
    assert_eq!(one.code, Code::ReplacementUnderpriced.number());
    let hash = bench
        .app
        .pool()
        .at(&people.senders[0].1, 0)
        .unwrap()
        .offer
        .hash;
    bench.app.pool().remove(&hash, Code::Stake);
    let one = bench.app.check_tx(requests(&forged).remove(0)).unwrap();
    assert_eq!((one.code, bench.app.looks.alone()), (bad, 1));
}

fn served(app: &Arc<App>, root: Arc<Seen>) -> Served {
    let [registry, inbox, vault, root_chain] = [[1; 20], [2; 20], [3; 20], [4; 20]].map(Into::into);
    let facts = Facts {
        chain_id: app.deployment().chain_id.clone(),
        domain: app.deployment().domain,
        parameters: *app.parameters(),
        contracts: Contracts {
            registry,
            inbox,
            vault,
            root_chain,
        },
    };
    Served::new(Arc::clone(app), root, facts)
}

#[test]
fn who_follows_a_transaction_or_the_nodes_health_never_waits_for_a_block() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::new(4, 4, &sign);
    let start = genesis(&people, 1).unwrap();
    let bench = Bench::open(folder.path(), start).unwrap();
    for height in 1..=2 {
        let given = bench.transfers(&people, height, 1);
        let transactions = bench.propose(height, &given, &[]).unwrap();
        bench
            .execute(height, transactions, given.len(), &[])
            .unwrap();
    }
    let app = Arc::new(bench.app);
    let served = served(&app, Arc::new(Seen::following()));
    app.looks.forget();
    assert_eq!(served.moment(), (2, 0));
    assert_eq!(served.vitals().troubles().count(), 0);
    assert_eq!(app.ended(), 2 / u64::from(app.parameters().epoch_blocks));
    let (looks, _) = app.looks.seen();
    assert_eq!(looks, 0, "each look waits for a block that holds the state");
}

#[test]
fn an_endpoint_that_went_silent_after_it_was_followed_is_not_called_healthy() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::new(8, 1, &sign);
    let bench = Bench::open(folder.path(), genesis(&people, 1).unwrap()).unwrap();
    let transactions = bench.propose(1, &[], &[]).unwrap();
    bench.execute(1, transactions, 0, &[]).unwrap();
    let root = Arc::new(Seen::following());
    let served = served(&Arc::new(bench.app), Arc::clone(&root));
    served.sign(KeyState {
        shares_stay: true,
        keys: Some("the seat has other keys".to_owned()),
    });
    let going_on = AtomicBool::new(false);
    let status =
        || chain::get_status(&Reader::new(&served, &going_on), &GetStatusRequest {}).unwrap();
    assert!(status().root_healthy);
    *root.0.lock().unwrap() = EndpointStanding::Failing(Failure::Unreachable);
    assert!(root.view().healthy, "what it showed stays true");
    let silent = status();
    assert!(!silent.root_healthy);
    let [shares, keys] = &silent.troubles[..] else {
        panic!("{:?}", silent.troubles);
    };
    assert!(shares.contains("share_with"), "{shares}");
    assert_eq!(keys, "the seat has other keys");
}

/// Without a fee the suggested one is tried and signed; one of zero is tried as zero, which no block takes.
#[test]
fn a_prepared_transaction_is_tried_with_the_fee_that_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::new(8, 1, &sign);
    let bench = Bench::open(folder.path(), genesis(&people, 1).unwrap()).unwrap();
    let transactions = bench.propose(1, &[], &[]).unwrap();
    bench.execute(1, transactions, 0, &[]).unwrap();
    let served = served(&Arc::new(bench.app), Arc::new(Seen::following()));
    let going_on = AtomicBool::new(false);
    let prepared = |fee: &str| {
        let request = PrepareRequest {
            sender: people.senders[0].1.to_string(),
            fee: fee.to_owned(),
            action: Some(Action::Restake(Restake { position: 99 })),
            ..PrepareRequest::default()
        };
        prepare::prepare(&Reader::new(&served, &going_on), &request).unwrap()
    };
    let suggested = prepared("");
    assert_ne!(suggested.fee, "0");
    assert_eq!(suggested.code, Code::Stake.number(), "{}", suggested.log);
    let same = prepared(&suggested.fee);
    assert_eq!((same.fee, same.code), (suggested.fee, suggested.code));
    let free = prepared("0");
    assert_eq!(free.fee, "0");
    assert_eq!(free.code, Code::FeeTooLow.number(), "{}", free.log);
}

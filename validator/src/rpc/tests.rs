//! Which reads have which threads: counted by who is inside, not by how long it takes.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};

use plasmid_bridge::client::rpc::Limits;
use plasmid_proto::{
    bridge::v1::{
        GetCheckpointRequest, GetSharesRequest, ListCheckpointsRequest, PrepareClaimRequest,
        bridge_service_server::BridgeService,
    },
    chain::v1::{ListVotesRequest, ListVotesResponse},
    stake::v1::{
        ListDelegationsRequest, ListLinesRequest, ListValidatorsRequest,
        stake_service_server::StakeService,
    },
};
use tonic::Code;

use super::*;
use crate::app::reads::{
    Trees,
    stake::tests::{still::Still, tree_of},
};
use crate::chain::extension::LateShare;
use crate::ledger::fixture::Wallet;
use crate::ledger::rules::stake::tests::scene::{FOUNDER, HEIGHT, OWNER, Scene, operator};
use crate::workers::Running;

/// The last block of epoch 2.
const ENDED: u64 = 192;

struct Nothing;

impl Shares for Nothing {
    fn keep(&self, _: &LateShare) -> Result<(), ReadError> {
        unreachable!()
    }
}

#[tonic::async_trait]
impl Mempool for Nothing {
    async fn broadcast(&self, _: Vec<Submission>) -> Vec<Result<Taken, String>> {
        unreachable!()
    }
}

#[tonic::async_trait]
impl SeenVotes for Nothing {
    async fn votes(&self, _: ListVotesRequest) -> Result<ListVotesResponse, String> {
        unreachable!()
    }
}

pub(super) fn services() -> Services {
    let mut tree = tree_of(&Scene::new());
    tree.mark(2).expect("a mark");
    let root = Rpc::new("http://127.0.0.1:1", Limits::default()).expect("a client");
    let backends = Backends {
        source: Arc::new(Still::new(tree, HEIGHT - 1)),
        shares: Arc::new(Nothing),
        engine: Arc::new(Nothing),
        votes: Arc::new(Nothing),
        root: Arc::new(root),
        counts: Arc::default(),
    };
    Services::new(backends).expect("threads")
}

/// A door behind which jobs wait until it is opened.
#[derive(Default)]
struct Gate {
    inside: AtomicUsize,
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn wait(&self) {
        self.inside.fetch_add(1, Ordering::SeqCst);
        let is_open = self.is_open.lock().expect("a door");
        let waited = self.opened.wait_while(is_open, |is_open| !*is_open);
        drop(waited.expect("a door"));
    }

    fn open(&self) {
        *self.is_open.lock().expect("a door") = true;
        self.opened.notify_all();
    }

    /// Waits until this number of jobs is inside.
    async fn has(&self, jobs: usize) {
        while self.inside.load(Ordering::SeqCst) < jobs {
            tokio::task::yield_now().await;
        }
    }
}

/// Jobs, one for each of `sites`, each of which holds a thread, and a place at the disk by this door, until the gate opens.
fn hold(
    services: &Services,
    (workers, door): (&Workers, Door),
    sites: u8,
    gate: &Arc<Gate>,
) -> Vec<Running<bool>> {
    let job = |site: u8| {
        let (source, gate) = (Arc::clone(&services.source), Arc::clone(gate));
        let whose = IpAddr::V4(Ipv4Addr::new(10, 0, 0, site));
        let running = workers.run(whose, move |cancelled| {
            let reader = Reader::new(source.as_ref(), cancelled).by(door);
            let place = reader.enter_disk();
            gate.wait();
            place.is_ok()
        });
        running.expect("a place in the queue")
    };
    (0..sites).map(job).collect()
}

#[tokio::test]
async fn who_leaves_with_a_proof_has_all_its_places_while_strangers_list_the_past() {
    let services = services();
    let (lists, proofs) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
    let listing = hold(&services, (&services.lists, Door::List), 60, &lists);
    lists.has(MAX_LIST_READS).await;
    // One who prepares a claim is answered: no checkpoint is final on this root.
    let request = PrepareClaimRequest {
        withdrawals: vec![1],
    };
    let answer = services.prepare_claim(Request::new(request)).await;
    assert_eq!(answer.expect_err("none is final").code(), Code::Unavailable);
    // As many as there are places for proofs are inside at once, each with its place at the disk.
    let sites = MAX_DISK_READS as u8;
    let proving = hold(&services, (&services.past, Door::Client), sites, &proofs);
    proofs.has(MAX_DISK_READS).await;
    assert_eq!(lists.inside.load(Ordering::SeqCst), MAX_LIST_READS);
    proofs.open();
    for proof in proving {
        assert!(proof.await.expect("it ran"), "it had no place at the disk");
    }
    lists.open();
    for list in listing {
        assert!(
            list.await.expect("it ran"),
            "who waits for a thread has a place then"
        );
    }
}

#[tokio::test]
async fn lists_of_the_past_have_threads_of_their_own_and_those_of_the_tip_are_reads_like_others() {
    let services = services();
    let (others, lists) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
    let owner = Wallet::new(OWNER).account().to_string();
    let operator = crate::wire::address_text(&operator(FOUNDER));
    let ask = async |height| {
        let delegations = ListDelegationsRequest {
            owner: owner.clone(),
            height,
            ..ListDelegationsRequest::default()
        };
        let validators = ListValidatorsRequest {
            height,
            ..ListValidatorsRequest::default()
        };
        let lines = ListLinesRequest {
            operator: operator.clone(),
            height,
            ..ListLinesRequest::default()
        };
        let found = services.list_delegations(Request::new(delegations)).await;
        let first = found.expect("an answer").into_inner().height;
        let found = services.list_validators(Request::new(validators)).await;
        let second = found.expect("an answer").into_inner().height;
        let found = services.list_lines(Request::new(lines)).await;
        let third = found.expect("an answer").into_inner().height;
        [first, second, third]
    };
    // Every thread of other reads of the past is held, and no list of the past waits for one.
    let past = hold(
        &services,
        (&services.past, Door::Client),
        MAX_DISK_READS as u8,
        &others,
    );
    others.has(MAX_DISK_READS).await;
    assert_eq!(ask(ENDED).await, [ENDED; 3]);
    // Every thread of lists of the past is held too, and no list of the tip waits for one.
    let held = hold(
        &services,
        (&services.lists, Door::List),
        MAX_LIST_READS as u8,
        &lists,
    );
    lists.has(MAX_LIST_READS).await;
    assert_eq!(ask(0).await, [HEIGHT - 1; 3]);
    others.open();
    lists.open();
    for job in past.into_iter().chain(held) {
        assert!(job.await.expect("it ran"));
    }
}

#[tokio::test]
async fn who_leaves_with_a_proof_has_all_its_places_while_strangers_ask_for_sets_of_signers() {
    let services = services();
    let (sets, proofs) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
    let asking = hold(&services, (&services.sets, Door::Set), 60, &sets);
    sets.has(MAX_SET_READS).await;
    let sites = MAX_DISK_READS as u8;
    let proving = hold(&services, (&services.past, Door::Client), sites, &proofs);
    proofs.has(MAX_DISK_READS).await;
    assert_eq!(sets.inside.load(Ordering::SeqCst), MAX_SET_READS);
    proofs.open();
    for proof in proving {
        assert!(proof.await.expect("it ran"), "it had no place at the disk");
    }
    sets.open();
    for one in asking {
        assert!(one.await.expect("it ran"), "who waits has a place then");
    }
}

/// Every thread of other reads is held: what asks for the set of a checkpoint is answered all the same, and waits for none of them.
#[tokio::test]
async fn checkpoints_and_shares_have_threads_of_their_own() {
    let services = services();
    let (others, past) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let threads = threads.clamp(2, 8);
    let held = hold(
        &services,
        (&services.workers, Door::List),
        threads as u8,
        &others,
    );
    others.has(threads).await;
    let sites = MAX_DISK_READS as u8;
    let proving = hold(&services, (&services.past, Door::Client), sites, &past);
    past.has(MAX_DISK_READS).await;
    let epoch = 1 << 40;
    let checkpoint = GetCheckpointRequest { epoch };
    let answer = services.get_checkpoint(Request::new(checkpoint)).await;
    assert_eq!(answer.expect_err("there is none").code(), Code::NotFound);
    let shares = GetSharesRequest { epoch };
    let answer = services.get_shares(Request::new(shares)).await;
    assert_eq!(answer.expect_err("there is none").code(), Code::NotFound);
    let list = ListCheckpointsRequest::default();
    let answer = services.list_checkpoints(Request::new(list)).await;
    let found = answer.expect("an empty list").into_inner();
    assert!(found.checkpoints.is_empty());
    others.open();
    past.open();
    for job in held.into_iter().chain(proving) {
        job.await.expect("it ran");
    }
}

//! The ABCI server under a real CometBFT: blocks, restarts, crashes and attacks, over unix sockets and TCP.
//!
//! The application is a counter, small enough to see through: a transaction is an amount and eight bytes of salt.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plasmid::engine::abci::{Address, Alarm, Fault, Handler, Limits, Outcome, Server};
use plasmid::localnet::comet::Comet;
use plasmid::localnet::port;
use plasmid::node::comet::genesis::{GenesisParts, ValidatorPart};
use plasmid::node::comet::{
    self, Config, EnginePace, EnginePeer, Genesis, Home, RpcError, Settings, check_version,
};
use plasmid::node::tools::Tools;
use sha2::{Digest, Sha256};
use tendermint_proto::v0_38::abci::{
    ExecTxResult, RequestCheckTx, RequestExtendVote, RequestFinalizeBlock, RequestInfo,
    RequestInitChain, RequestPrepareProposal, RequestProcessProposal, RequestQuery,
    RequestVerifyVoteExtension, ResponseCheckTx, ResponseCommit, ResponseExtendVote,
    ResponseFinalizeBlock, ResponseInfo, ResponseInitChain, ResponsePrepareProposal,
    ResponseProcessProposal, ResponseQuery, ResponseVerifyVoteExtension,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const READY: Duration = Duration::from_secs(120);
const GRACE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);
const POLLS: u32 = 6_000;
/// Extensions above this are dropped before the application sees them.
const EXTENSION_BYTES: usize = 242;
const MAX_BYTES: u64 = 1 << 20;

#[derive(Clone, Copy, Default)]
struct State {
    height: i64,
    sum: u64,
}

impl State {
    fn hash(self) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update(self.height.to_be_bytes());
        hash.update(self.sum.to_be_bytes());
        hash.finalize().to_vec()
    }
}

#[derive(Default)]
struct Counter {
    committed: Mutex<State>,
    next: Mutex<State>,
    /// Height at which FinalizeBlock reports a fault, or zero.
    fault_at: AtomicU64,
    blocks_executed: AtomicU64,
    extensions_kept: AtomicU64,
    extensions_dropped: AtomicU64,
    /// An extension that should have been kept was not, or the other way round.
    extension_wrong: AtomicBool,
}

/// What a validator says with its precommit: small at even heights, too large at odd ones.
fn extension(height: i64) -> Vec<u8> {
    let length = if height % 2 == 0 { 100 } else { 20_000 };
    vec![height as u8; length]
}

impl Handler for Counter {
    fn info(&self, _request: RequestInfo) -> Outcome<ResponseInfo> {
        let state = *self.committed.lock().unwrap();
        let last_block_app_hash = match state.height {
            0 => Vec::new(),
            _ => state.hash(),
        };
        Ok(ResponseInfo {
            last_block_height: state.height,
            last_block_app_hash: last_block_app_hash.into(),
            ..Default::default()
        })
    }
    fn query(&self, request: RequestQuery, _: &AtomicBool) -> Outcome<ResponseQuery> {
        let state = *self.committed.lock().unwrap();
        if request.path != "/sum" {
            return Err(Fault::new("a query that this application cannot judge"));
        }
        Ok(ResponseQuery {
            value: state.sum.to_be_bytes().to_vec().into(),
            height: state.height,
            ..Default::default()
        })
    }
    fn check_tx(&self, request: RequestCheckTx) -> Outcome<ResponseCheckTx> {
        Ok(ResponseCheckTx {
            code: u32::from(request.tx.len() != 9),
            log: format!("{} bytes", request.tx.len()),
            ..Default::default()
        })
    }
    fn init_chain(&self, request: RequestInitChain) -> Outcome<ResponseInitChain> {
        assert_eq!(&*request.app_state_bytes, b"\"counter\"");
        Ok(ResponseInitChain {
            app_hash: State::default().hash().into(),
            ..Default::default()
        })
    }
    fn prepare_proposal(
        &self,
        request: RequestPrepareProposal,
    ) -> Outcome<ResponsePrepareProposal> {
        let votes = request.local_last_commit.map_or(Vec::new(), |c| c.votes);
        for vote in votes.iter().filter(|vote| vote.block_id_flag == 2) {
            let said = extension(request.height - 1);
            let (wanted, counter) = match said.len() > EXTENSION_BYTES {
                true => (Vec::new(), &self.extensions_dropped),
                false => (said, &self.extensions_kept),
            };
            counter.fetch_add(1, Ordering::SeqCst);
            if vote.vote_extension != wanted || vote.extension_signature.len() != 64 {
                self.extension_wrong.store(true, Ordering::SeqCst);
            }
        }
        Ok(ResponsePrepareProposal { txs: request.txs })
    }
    fn process_proposal(
        &self,
        request: RequestProcessProposal,
    ) -> Outcome<ResponseProcessProposal> {
        let good = request.txs.iter().all(|tx| tx.len() == 9);
        Ok(ResponseProcessProposal {
            status: if good { 1 } else { 2 },
        })
    }
    fn extend_vote(&self, request: RequestExtendVote) -> Outcome<ResponseExtendVote> {
        Ok(ResponseExtendVote {
            vote_extension: extension(request.height).into(),
        })
    }
    fn verify_vote_extension(
        &self,
        request: RequestVerifyVoteExtension,
    ) -> Outcome<ResponseVerifyVoteExtension> {
        let good = request.vote_extension == extension(request.height);
        Ok(ResponseVerifyVoteExtension {
            status: if good { 1 } else { 2 },
        })
    }
    fn finalize_block(&self, request: RequestFinalizeBlock) -> Outcome<ResponseFinalizeBlock> {
        if request.height as u64 == self.fault_at.load(Ordering::SeqCst) {
            return Err(Fault::new("a decided block that is invalid"));
        }
        let mut state = *self.committed.lock().unwrap();
        // CometBFT that crashed between FinalizeBlock's call and Commit's reply comes back with the same block.
        if request.height != state.height {
            assert_eq!(request.height, state.height + 1);
            state.height = request.height;
            state.sum += request.txs.iter().map(|tx| u64::from(tx[0])).sum::<u64>();
            self.blocks_executed.fetch_add(1, Ordering::SeqCst);
        }
        *self.next.lock().unwrap() = state;
        Ok(ResponseFinalizeBlock {
            tx_results: vec![ExecTxResult::default(); request.txs.len()],
            app_hash: state.hash().into(),
            ..Default::default()
        })
    }
    fn commit(&self) -> Outcome<ResponseCommit> {
        *self.committed.lock().unwrap() = *self.next.lock().unwrap();
        Ok(ResponseCommit { retain_height: 0 })
    }
}

/// One node: an application behind a socket, and CometBFT over it.
struct Node {
    home: Home,
    program: PathBuf,
    log: PathBuf,
    address: Address,
    counter: Arc<Counter>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<Result<(), Alarm>>>,
    comet: Option<Comet>,
}

#[derive(Clone, Copy)]
enum Transport {
    Unix,
    Tcp,
}

fn cometbft() -> PathBuf {
    let program = Tools::new(None).ensure_cometbft().unwrap();
    check_version(&program).unwrap();
    program
}

fn loopback() -> std::net::SocketAddr {
    ([127, 0, 0, 1], port::free().unwrap()).into()
}

/// A network of `count` nodes, configured and not started.
fn network(folder: &Path, count: u8, transport: Transport) -> Vec<Node> {
    let program = cometbft();
    let homes: Vec<_> = (0..count)
        .map(|i| Home::new(folder.join(format!("node{i}"))))
        .collect();
    let p2p: Vec<_> = homes.iter().map(|_| loopback()).collect();
    let seed = |i: usize, kind: u8| [10 * i as u8 + kind; 32];
    let (mut validators, mut peers) = (Vec::new(), Vec::new());
    for (i, home) in homes.iter().enumerate() {
        validators.push(ValidatorPart {
            key: home.ensure_consensus_key(&seed(i, 1)).unwrap(),
            power: 10,
            name: format!("node{i}"),
        });
        peers.push(EnginePeer {
            id: home.ensure_node_key(&seed(i, 2)).unwrap(),
            address: p2p[i].to_string(),
        });
    }
    let genesis = Genesis::new(GenesisParts {
        time_secs: 1_700_000_000,
        chain_id: "plasmid-counter".to_owned(),
        max_block_bytes: MAX_BYTES,
        max_evidence_bytes: 16 << 10,
        evidence_age_blocks: 1_000,
        evidence_age_secs: 3_600,
        validators,
        app_hash: Vec::new(),
        app_state: "counter".into(),
    })
    .unwrap();
    let mut nodes = Vec::new();
    for (i, home) in homes.into_iter().enumerate() {
        let address = match transport {
            Transport::Unix => Address::Unix(folder.join(format!("abci{i}.sock"))),
            Transport::Tcp => Address::Tcp(loopback()),
        };
        let proxy_app = address.to_string();
        let pace = EnginePace::local(plasmid_tests::pace_ms(20));
        let mut settings = Settings::local(proxy_app, loopback(), p2p[i], pace);
        settings.peers = peers.clone();
        settings.peers.remove(i);
        home.write_config(&Config::new(&settings)).unwrap();
        home.write_genesis(&genesis).unwrap();
        nodes.push(Node {
            log: folder.join(format!("comet{i}.log")),
            home,
            program: program.clone(),
            address,
            counter: Arc::default(),
            stop: None,
            server: None,
            comet: None,
        });
    }
    nodes
}

impl Node {
    async fn serve(&mut self) {
        let limits = Limits::new(MAX_BYTES, 4, EXTENSION_BYTES);
        let server = Server::bind(&self.address, limits).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = server.run(Arc::clone(&self.counter), async move {
            let _ = stopped.await;
        });
        self.stop = Some(stop);
        self.server = Some(tokio::spawn(running));
    }

    async fn launch(&mut self) {
        let comet = Comet::start(&self.program, &self.home, &self.log, READY).await;
        self.comet = Some(comet.unwrap());
    }

    async fn start(&mut self) -> &mut Self {
        self.serve().await;
        self.launch().await;
        self
    }

    fn rpc(&self) -> &comet::Client {
        self.comet.as_ref().unwrap().rpc()
    }

    async fn height(&self) -> u64 {
        let status = self.rpc().status().await.unwrap();
        status.sync_info.latest_block_height.value()
    }

    async fn wait_until(&mut self, height: u64) -> &mut Self {
        for _ in 0..POLLS {
            self.comet.as_mut().unwrap().process().check().unwrap();
            if self.height().await >= height {
                return self;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("height {height} was not reached");
    }

    async fn stop_comet(&mut self) {
        let mut comet = self.comet.take().unwrap();
        comet.process().stop(GRACE).await.unwrap();
    }

    async fn stop_server(&mut self) {
        let _ = self.stop.take().unwrap().send(());
        self.server.take().unwrap().await.unwrap().unwrap();
    }

    async fn sum(&self) -> u64 {
        let answer = self.rpc().abci_query("/sum", Vec::new(), 0, false).await;
        u64::from_be_bytes(answer.unwrap().value.try_into().unwrap())
    }

    /// Submits `amount` and waits until it is in a block.
    async fn add(&self, amount: u8, salt: u64) {
        let mut tx = vec![amount];
        tx.extend(salt.to_be_bytes());
        let hash: [u8; 32] = Sha256::digest(&tx).into();
        let answer = self.rpc().broadcast_tx_sync(tx).await.unwrap();
        assert!(answer.code.is_ok(), "{}", answer.log);
        for _ in 0..POLLS {
            if let Ok(found) = self.rpc().tx(hash, false).await {
                assert!(found.tx_result.code.is_ok());
                return;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("the transaction was not included");
    }

    async fn app_hash(&self, height: u64) -> String {
        // The header of the next height carries it.
        let commit = self.rpc().commit(Some(height + 1)).await.unwrap();
        commit.signed_header.header.app_hash.to_string()
    }
}

/// Sends malformed frames to `address` until told to stop; gives how many connections the server closed unanswered.
async fn attack(address: Address, stop: Arc<AtomicBool>) -> u64 {
    let attacks: [&[u8]; 8] = [
        &[0],
        &[0xff; 12],
        &[0x80, 0x80, 0x80, 0x80, 0x80, 0x20],
        &[3, 0xfa, 0x07, 0],
        b"GET /status HTTP/1.1\r\n\r\n",
        &[3, 0x0a, 9, 0],
        &[1, 0x0b],
        &HALF,
    ];
    let mut closed = 0;
    for (count, bytes) in attacks.iter().cycle().enumerate() {
        // However slow this machine is, each of them is tried.
        if stop.load(Ordering::SeqCst) && count >= attacks.len() {
            break;
        }
        closed += u64::from(match &address {
            Address::Unix(path) => {
                talk(tokio::net::UnixStream::connect(path).await.unwrap(), bytes).await
            }
            Address::Tcp(address) => {
                let stream = tokio::net::TcpStream::connect(address).await.unwrap();
                talk(stream, bytes).await
            }
        });
    }
    closed
}

/// The beginning of a frame of 50 bytes.
const HALF: [u8; 4] = [50, 0x0a, 0x30, 0x0a];

/// Whether the server closes the connection on these bytes, without an answer.
async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) -> bool {
    let _ = stream.write_all(bytes).await;
    if bytes == HALF {
        let _ = stream.shutdown().await;
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    answer.is_empty()
}

async fn blocks_restarts_and_attacks(transport: Transport) {
    let folder = tempfile::tempdir().unwrap();
    let mut node = network(folder.path(), 1, transport).pop().unwrap();
    node.start().await.wait_until(5).await;
    let stop = Arc::new(AtomicBool::new(false));
    let attacker = tokio::spawn(attack(node.address.clone(), Arc::clone(&stop)));

    for i in 0..5 {
        node.add(10, i).await;
    }
    assert_eq!(node.sum().await, 50);
    let bad = node.rpc().broadcast_tx_sync(vec![1, 2, 3]).await.unwrap();
    assert_eq!((bad.code.value(), bad.log.as_str()), (1, "3 bytes"));

    // CometBFT alone is stopped, then killed: it comes back over the same application.
    node.stop_comet().await;
    node.launch().await;
    node.add(7, 100).await;
    let before = node.height().await;
    node.comet.take().unwrap().process().kill().unwrap();
    node.launch().await;
    node.wait_until(before + 5).await;
    node.add(3, 101).await;
    assert_eq!(node.sum().await, 60);

    stop.store(true, Ordering::SeqCst);
    let closed = attacker.await.unwrap();
    assert!(closed >= 8, "only {closed} attacks were closed");

    // Both stop, and the application comes back knowing nothing: CometBFT replays every block into it.
    let at = node.height().await - 1;
    let hash = node.app_hash(at).await;
    node.stop_comet().await;
    node.stop_server().await;
    let kept = node.counter.extensions_kept.load(Ordering::SeqCst);
    let dropped = node.counter.extensions_dropped.load(Ordering::SeqCst);
    println!("{closed} attacks, {kept} extensions kept, {dropped} dropped");
    assert!(kept > 0 && dropped > 0);
    assert!(!node.counter.extension_wrong.load(Ordering::SeqCst));
    node.counter = Arc::default();
    node.start().await.wait_until(at + 3).await;
    assert_eq!(node.sum().await, 60);
    assert!(node.counter.blocks_executed.load(Ordering::SeqCst) > at);
    assert_eq!(node.app_hash(at).await, hash);
    node.stop_comet().await;
    node.stop_server().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_goes_on_through_restarts_and_malformed_frames_over_a_unix_socket() {
    blocks_restarts_and_attacks(Transport::Unix).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_goes_on_through_restarts_and_malformed_frames_over_tcp() {
    blocks_restarts_and_attacks(Transport::Tcp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_in_a_decided_block_ends_the_server_with_an_alarm_and_cometbft_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = network(folder.path(), 1, Transport::Unix).pop().unwrap();
    node.counter.fault_at.store(40, Ordering::SeqCst);
    node.start().await;
    let alarm = node.server.take().unwrap().await.unwrap().unwrap_err();
    assert_eq!(alarm.call, "finalize_block");
    assert_eq!(alarm.fault.to_string(), "a decided block that is invalid");
    let mut comet = node.comet.take().unwrap();
    // This engine has a log of its own and was started once.
    plasmid_tests::ends_with_its_application(comet.process(), 0).await;
    assert_eq!(node.counter.committed.lock().unwrap().height, 39);

    // The cause is repaired: the block is executed, and the chain goes on.
    node.counter.fault_at.store(0, Ordering::SeqCst);
    node.start().await.wait_until(45).await;
    node.stop_comet().await;
    node.stop_server().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_nodes_agree_and_one_that_was_killed_catches_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut nodes = network(folder.path(), 4, Transport::Unix);
    for node in &mut nodes {
        node.start().await;
    }
    nodes[0].wait_until(5).await.add(42, 1).await;
    let mut dead = nodes[3].comet.take().unwrap();
    dead.process().kill().unwrap();
    let height = nodes[0].height().await;
    nodes[0].wait_until(height + 5).await.add(1, 2).await;
    nodes[3].launch().await;
    let height = nodes[0].height().await + 10;
    for node in &mut nodes {
        node.wait_until(height + 1).await;
    }
    for at in 1..height {
        let first = nodes[0].app_hash(at).await;
        for node in nodes.iter().skip(1) {
            assert_eq!(node.app_hash(at).await, first, "height {at}");
        }
    }
    for node in &nodes {
        assert_eq!(node.sum().await, 43);
        assert_eq!(node.rpc().validators(height).await.unwrap().len(), 4);
        assert!(!node.counter.extension_wrong.load(Ordering::SeqCst));
    }
    for node in &mut nodes {
        node.stop_comet().await;
        node.stop_server().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rpc_client_reads_what_the_engine_says_and_names_what_it_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = network(folder.path(), 1, Transport::Unix).pop().unwrap();
    node.start().await.add(5, 1).await;
    let rpc = node.rpc();

    let status = rpc.status().await.unwrap();
    assert_eq!(status.node_info.network.as_str(), "plasmid-counter");
    let found = rpc.tx_search("tx.height > 0", 1, 10).await.unwrap();
    assert_eq!(found.total_count, 1);
    let height = found.txs[0].height.value();
    let block = rpc.block(Some(height)).await.unwrap().block;
    assert_eq!(block.data.len(), 1);
    let results = rpc.block_results(Some(height)).await.unwrap();
    assert_eq!(results.txs_results.unwrap().len(), 1);
    let commit = rpc.commit(Some(height)).await.unwrap();
    assert_eq!(commit.signed_header.header.height.value(), height);
    assert_eq!(rpc.net_info().await.unwrap().n_peers, 0);

    // A query that the application cannot judge is refused, and stops nothing.
    let unknown = rpc.abci_query("/other", Vec::new(), 0, false).await;
    assert_eq!(unknown.unwrap().codespace, "engine");

    let refused = rpc.block(Some(1_000_000)).await.unwrap_err();
    assert!(
        matches!(&refused, RpcError::Refused(_)) && refused.to_string().contains("1000000"),
        "{refused}"
    );
    let small = rpc.clone().body_limit(100).status().await;
    assert!(matches!(small, Err(RpcError::TooLarge { limit: 100 })));
    let nobody = comet::Client::new(loopback()).unwrap().status().await;
    assert!(matches!(nobody, Err(RpcError::Http { .. })));
    let overflow = rpc.block(Some(u64::MAX)).await;
    assert!(matches!(overflow, Err(RpcError::Height(u64::MAX))));
    node.stop_comet().await;
    node.stop_server().await;
}

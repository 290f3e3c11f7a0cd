//! Clients that want to stop a node: one node of four is attacked through its gRPC, its engine's RPC and its ABCI socket, each attack
//! stands while the chain has to go on, and an honest client beside it has to be served.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use plasmid::ledger::{Account, Parameters};
use plasmid::localnet::Local;
use plasmid_proto::bridge::v1::bridge_service_client::BridgeServiceClient;
use plasmid_proto::bridge::v1::{
    GetProofRequest, ListCheckpointsRequest, ListWithdrawalsRequest, PrepareClaimRequest,
    SubmitShareRequest, get_proof_request,
};
use plasmid_proto::chain::v1::chain_service_client::ChainServiceClient;
use plasmid_proto::chain::v1::{GetStatusRequest, GetSupplyRequest};
use plasmid_proto::ledger::v1::account_service_client::AccountServiceClient;
use plasmid_proto::ledger::v1::transaction_service_client::TransactionServiceClient;
use plasmid_proto::ledger::v1::{
    FollowRequest, ListBalancesRequest, ListTokensRequest, follow_request,
};
use plasmid_tests::running::{Plan, Running, Storm, channel_from};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tonic::Code;
use tonic::transport::Channel;

/// The node that is attacked.
const NODE: usize = 0;
/// One that is stopped for a while.
const LATE: usize = 3;
mod health;
mod pruning;

/// Blocks that the chain has to make under each attack.
const BLOCKS: u64 = 12;
/// How many times slower than before blocks may come under an attack, on a machine that runs the attack, too.
const SLOWER: u32 = 4;
/// What a block of a local network takes by its ordinary parameters. This one's come faster, and only a slower pace than that is a loss.
const ORDINARY: Duration = Duration::from_millis(250);
/// The common limit of open files, under which idle connections once ended a node.
const OPEN_FILES: u32 = 1_024;
/// Places of one address among the connections, the followers, and the failed shares of a minute.
const CONNECTIONS: usize = 64;
const FOLLOWERS: usize = 128;
const FAILED_SHARES: usize = 16;
/// As many withdrawals as one claim takes.
const CLAIM: u64 = 28;
/// How long half a request may stay, and much more.
const HALF: Duration = Duration::from_secs(120);
/// Shares that are tried until the sender is refused.
const MAX_TRIES: u64 = 50_000;

struct Attacked {
    running: Running,
    address: SocketAddr,
    log: std::path::PathBuf,
    /// How long the blocks take when nobody attacks, or would take by ordinary parameters if that is longer.
    usual: Option<Duration>,
}

impl Attacked {
    async fn start() -> Self {
        let mut running = Running::start(&Plan {
            seed: 1_131,
            parameters: Parameters {
                evidence_age_blocks: pruning::EVIDENCE_AGE_BLOCKS,
                ..Plan::default().parameters
            },
            max_open_files: Some(OPEN_FILES),
            ..Plan::default()
        })
        .await;
        let url = running.network.grpc(NODE);
        let address = url
            .trim_start_matches("http://")
            .parse()
            .expect("an address");
        running
            .until("three epochs are over", async |view| {
                (view.try_status(NODE).await?.epoch >= 3).then_some(())
            })
            .await;
        let node = running.network.nodes[NODE].as_ref().expect("it runs");
        let log = node.app.log().to_owned();
        let mut attacked = Self {
            running,
            address,
            log,
            usual: None,
        };
        let usual = attacked.goes_on("no attack").await;
        attacked.usual = Some(usual.max(ORDINARY * BLOCKS as u32));
        attacked
    }

    /// The chain makes blocks at the pace that it had before, seen by an honest client at the attacked node, all parts run, and it
    /// holds few files. Gives how long the blocks took.
    async fn goes_on(&mut self, attack: &str) -> Duration {
        let honest = ChainServiceClient::new(channel_from(self.address, 200).await);
        let ask = async |mut client: ChainServiceClient<Channel>| {
            let answer = client.get_status(GetStatusRequest {}).await.ok()?;
            Some(answer.into_inner().height)
        };
        // While connections that were told to end are still ending, the first try may find no place.
        let served = format!("an honest client is served under {attack}");
        let from = self
            .running
            .until(&served, async |_| ask(honest.clone()).await);
        let from = from.await;
        let start = Instant::now();
        self.running
            .until(&format!("{BLOCKS} blocks under {attack}"), async |_| {
                (ask(honest.clone()).await? >= from + BLOCKS).then_some(())
            })
            .await;
        let took = start.elapsed();
        if let Some(usual) = self.usual {
            println!("{attack}: {took:?} for {BLOCKS} blocks, {usual:?} before");
            let allowed = usual * SLOWER;
            assert!(took <= allowed, "{attack}: {took:?}, and {usual:?} before");
        }
        self.running.all_run();
        let node = self.running.network.nodes[NODE].as_ref().expect("it runs");
        let files = std::fs::read_dir(format!("/proc/{}/fd", node.app.pid()));
        let files = files.expect("its files").count();
        assert!(files < OPEN_FILES as usize - 200, "{files} files are open");
        let log = std::fs::read_to_string(&self.log).expect("the node's log");
        let errors: Vec<&str> = log.lines().filter(|line| line.contains("ERROR")).collect();
        assert!(errors.is_empty(), "{attack}: {errors:?}");
        took
    }
}

/// A connection from an address of loopback that says nothing.
async fn idle(from: u8, to: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .bind(SocketAddr::from(([127, 0, 0, from], 0)))
        .expect("an address of loopback");
    socket.connect(to).await.ok()
}

/// Whether the other end has closed.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut byte = [0];
    match tokio::time::timeout(Duration::from_millis(1), stream.read(&mut byte)).await {
        Err(_) => false,
        Ok(Ok(read)) => read == 0,
        Ok(Err(_)) => true,
    }
}

async fn still_open(streams: &mut [TcpStream]) -> usize {
    let mut open = 0;
    for stream in streams {
        open += usize::from(!is_closed(stream).await);
    }
    open
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_goes_on_committing_whatever_its_clients_do() {
    let _alone = crate::alone();
    let mut attacked = Attacked::start().await;
    idle_connections(&mut attacked).await;
    half_requests(&mut attacked).await;
    questions_about_the_past(&mut attacked).await;
    followers(&mut attacked).await;
    bad_shares(&mut attacked).await;
    silent_engines(&mut attacked).await;
    bad_queries(&mut attacked).await;
    health::tells_a_standing_node(&mut attacked).await;
    attacked.running.agree().await;
    pruning::an_engine_gives_up_old_blocks(&mut attacked.running).await;
    attacked.running.stop().await;
}

/// More connections than the node may have files, from one address and from many.
async fn idle_connections(attacked: &mut Attacked) {
    let mut of_one = Vec::new();
    for _ in 0..2 * CONNECTIONS {
        of_one.extend(idle(2, attacked.address).await);
    }
    let address = attacked.address;
    let mut kept = 0;
    for _ in 0..600 {
        kept = still_open(&mut of_one).await;
        if kept <= CONNECTIONS {
            break;
        }
    }
    assert!(
        kept <= CONNECTIONS,
        "{kept} connections of one address are open"
    );
    let mut of_many = Vec::new();
    for number in 0..1_200u32 {
        let from = 3 + (number % 24) as u8;
        of_many.extend(idle(from, address).await);
    }
    attacked.goes_on("idle connections").await;
    drop(of_many);
}

/// Handshakes and requests that begin and do not end.
async fn half_requests(attacked: &mut Attacked) {
    let begun: [&[u8]; 4] = [
        b"PRI * HT",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /plasmid.chain.v1.ChainService/GetStatus HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc-web+proto\r\ncontent-length: 60000\r\n\r\n\0",
        &[0xff; 64],
    ];
    let mut streams = Vec::new();
    for number in 0..160u32 {
        let from = 40 + (number % 8) as u8;
        let Some(mut stream) = idle(from, attacked.address).await else {
            continue;
        };
        let _ = stream.write_all(begun[number as usize % begun.len()]).await;
        streams.push(stream);
    }
    assert!(!streams.is_empty());
    attacked.goes_on("half requests").await;
    let start = Instant::now();
    while still_open(&mut streams).await > 0 {
        assert!(
            start.elapsed() < HALF,
            "a connection on which nothing is asked, or half of it, stays open"
        );
        attacked.running.nodes_run();
    }
}

/// A storm of proofs that cycles through all kept epochs, by gRPC and through the engine, of claims, of sums of all leaves, and of pages.
async fn questions_about_the_past(attacked: &mut Attacked) {
    let home = Local::home(&attacked.running.network.folder, NODE);
    let engine = home.read_config().expect("its configuration").engine_rpc;
    let blocks = Plan::default().parameters.epoch_blocks;
    let mut storm = Storm::default();
    for number in 0..96u64 {
        let channel = channel_from(attacked.address, 60 + (number % 8) as u8).await;
        let engine = engine.clone();
        storm.add(async move {
            let mut bridge = BridgeServiceClient::new(channel.clone());
            let mut accounts = AccountServiceClient::new(channel.clone());
            let mut chain = ChainServiceClient::new(channel);
            let http = reqwest::Client::builder().no_proxy().build();
            let http = http.expect("a client");
            for round in 0.. {
                let key = vec![(number + round) as u8; 32];
                let request = GetProofRequest {
                    epoch: Some((number + round) % 4),
                    leaf: Some(get_proof_request::Leaf::Key(key)),
                };
                let proof = bridge.get_proof(request).await.map(drop);
                let supply = chain
                    .get_supply(GetSupplyRequest::default())
                    .await
                    .map(drop);
                let claim = PrepareClaimRequest {
                    withdrawals: (1..=CLAIM).collect(),
                };
                let claim = bridge.prepare_claim(claim).await.map(drop);
                let page = ListWithdrawalsRequest {
                    page_size: 1_000,
                    ..ListWithdrawalsRequest::default()
                };
                let withdrawals = bridge.list_withdrawals(page).await.map(drop);
                let page = ListCheckpointsRequest {
                    page_size: 1_000,
                    ..ListCheckpointsRequest::default()
                };
                let checkpoints = bridge.list_checkpoints(page).await.map(drop);
                let page = ListBalancesRequest {
                    account: Account::ethereum([7; 20]).to_string(),
                    ..ListBalancesRequest::default()
                };
                let balances = accounts.list_balances(page).await.map(drop);
                let page = ListTokensRequest::default();
                let tokens = accounts.list_tokens(page).await.map(drop);
                if number.is_multiple_of(8) {
                    let height = (1 + (number + round) % 4) * u64::from(blocks);
                    let key = hex::encode([(number + round) as u8; 32]);
                    let path = format!("path=%22/leaf%22&data=0x{key}&height={height}&prove=true");
                    let url = format!("{engine}/abci_query?{path}");
                    let answer = http.get(url).send().await.expect("the engine answers");
                    answer.text().await.expect("a text");
                }
                let pages = [withdrawals, checkpoints, balances, tokens];
                for answer in [proof, supply, claim].into_iter().chain(pages) {
                    let Err(status) = answer else { continue };
                    let fine = [Code::NotFound, Code::ResourceExhausted, Code::Unavailable];
                    assert!(fine.contains(&status.code()), "{status:?}");
                }
            }
        });
    }
    attacked.goes_on("questions about the past").await;
    storm.end().await;
}

/// Transactions that nobody knows are followed from one address until it has no place left; others still have.
async fn followers(attacked: &mut Attacked) {
    let mut streams = Vec::new();
    let mut refused = None;
    let first = channel_from(attacked.address, 70).await;
    let second = channel_from(attacked.address, 70).await;
    let third = channel_from(attacked.address, 70).await;
    for number in 0..FOLLOWERS + 1 {
        let channel = [&first, &second, &third][number % 3].clone();
        let request = FollowRequest {
            id: Some(follow_request::Id::Hash(vec![number as u8; 32])),
        };
        match TransactionServiceClient::new(channel).follow(request).await {
            Ok(stream) => streams.push(stream.into_inner()),
            Err(status) => refused = Some(status),
        }
    }
    let refused = refused.expect("one address has some places");
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    let request = FollowRequest {
        id: Some(follow_request::Id::Hash(vec![9; 32])),
    };
    let other = TransactionServiceClient::new(channel_from(attacked.address, 71).await);
    other
        .clone()
        .follow(request)
        .await
        .expect("another address has its own");
    attacked.goes_on("followers of unknown transactions").await;
}

/// Shares that no member signed: an address may pay with a few pairings of this node, and then no more. One node stands still, so that
/// the shares over each epoch that has just ended are not all known.
async fn bad_shares(attacked: &mut Attacked) {
    signal(attacked, LATE, libc::SIGSTOP);
    let mut client = BridgeServiceClient::new(channel_from(attacked.address, 80).await);
    let mut verified = 0;
    let mut tried = 0u64;
    let mut refused = false;
    while !refused {
        assert!(
            tried < MAX_TRIES,
            "{verified} of {tried} shares were verified"
        );
        let epoch = attacked.running.view().status(NODE).await.epoch;
        for member in 0..4 {
            tried += 1;
            let mut signature = vec![7; 192];
            signature[..8].copy_from_slice(&tried.to_be_bytes());
            let request = SubmitShareRequest {
                epoch: epoch.saturating_sub(1),
                member,
                signature,
            };
            let answer = client.submit_share(request).await;
            let status = answer.expect_err("it is no share");
            let message = status.message();
            match status.code() {
                Code::Unavailable => {
                    assert!(message.contains("hand it in again"), "{status:?}");
                    refused = true;
                }
                // Known shares and accepted checkpoints cost no pairing.
                Code::InvalidArgument => {
                    let is_free = message.contains("is known") || message.contains("accepted");
                    verified += usize::from(!is_free);
                }
                // The epoch has just ended, or its set is not known yet.
                Code::NotFound => {}
                code => panic!("{code:?}: {status:?}"),
            }
        }
        attacked.running.nodes_run();
    }
    println!("{verified} of {tried} bad shares were verified until their sender was refused");
    assert!(verified >= FAILED_SHARES, "{verified}");
    attacked.goes_on("bad shares").await;
    signal(attacked, LATE, libc::SIGCONT);
}

/// Sends a signal to both processes of a node.
fn signal(attacked: &mut Attacked, number: usize, signal: i32) {
    let node = attacked.running.network.nodes[number].as_mut();
    let node = node.expect("it runs");
    node.app.signal(signal).expect("a signal");
    node.engine.process().signal(signal).expect("a signal");
}

/// Whoever reaches the ABCI socket and says nothing there.
async fn silent_engines(attacked: &mut Attacked) {
    let home = Local::home(&attacked.running.network.folder, NODE);
    let abci = home.read_config().expect("its configuration").abci;
    let mut silent: Vec<Box<dyn std::any::Any>> = Vec::new();
    for _ in 0..200 {
        if let Some(path) = abci.strip_prefix("unix://") {
            if let Ok(stream) = UnixStream::connect(path).await {
                silent.push(Box::new(stream));
            }
        } else if let Ok(stream) = TcpStream::connect(abci.trim_start_matches("tcp://")).await {
            silent.push(Box::new(stream));
        }
    }
    assert!(!silent.is_empty());
    attacked.goes_on("silent engines").await;
}

/// Questions that nobody can answer are refused, and are no faults of the node.
async fn bad_queries(attacked: &mut Attacked) {
    let home = Local::home(&attacked.running.network.folder, NODE);
    let url = home.read_config().expect("its configuration").engine_rpc;
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let ask = async |path: &str, height: &str| {
        let question = format!(
            "{url}/abci_query?path=%22{path}%22&data=0x{}&height={height}",
            "07".repeat(32)
        );
        let answer = http.get(question).send().await.expect("the engine answers");
        answer.text().await.expect("a text")
    };
    for path in [
        "/leaf",
        "/plasmid.chain.v1.ChainService/GetStatus",
        "/nowhere",
    ] {
        for height in ["-1", "-9223372036854775808", "7", "9223372036854775807"] {
            let answer = ask(path, height).await;
            assert!(
                !answer.contains("see its log"),
                "{path} at {height}: {answer}"
            );
        }
    }
    // The engine passes these bytes on as they are.
    let answer = http.get(format!("{url}/abci_query?path=0xff")).send();
    let answer = answer.await.expect("the engine answers").text().await;
    let answer = answer.expect("a text");
    assert!(answer.contains("cannot be read"), "{answer}");
    attacked.goes_on("bad queries").await;
}

//! Clients that want to stop a node: one node of four is attacked through its gRPC, its engine's RPC and its ABCI socket, each attack
//! stands while the chain has to go on, and an honest client beside it has to be served.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use plasmid::ledger::Parameters;
use plasmid::localnet::Local;
use plasmid_proto::bridge::v1::SubmitShareRequest;
use plasmid_proto::bridge::v1::bridge_service_client::BridgeServiceClient;
use plasmid_proto::chain::v1::GetStatusRequest;
use plasmid_proto::chain::v1::chain_service_client::ChainServiceClient;
use plasmid_proto::ledger::v1::transaction_service_client::TransactionServiceClient;
use plasmid_proto::ledger::v1::{FollowRequest, follow_request};
use plasmid_tests::running::{Plan, Running, channel_from};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tonic::Code;
use tonic::transport::Channel;

mod health;
mod past;
mod pruning;

/// The node that is attacked.
const NODE: usize = 0;
/// One that is stopped for a while.
const LATE: usize = 3;
/// Blocks that the chain has to make under each attack.
const BLOCKS: u64 = 12;
/// The common limit of open files, under which idle connections once ended a node.
const OPEN_FILES: u32 = 1_024;
/// Places of one address among the connections, the followers, and the failed shares of a minute.
const CONNECTIONS: usize = 64;
const FOLLOWERS: usize = 128;
const FAILED_SHARES: usize = 16;
/// Connections from many addresses, more than the node may have files; places for connections in all, and how many of those that were told
/// to end may still stand.
const MANY: usize = 1_200;
const IN_ALL: usize = 512;
const ENDING: usize = 32;
/// Half a request each.
const HALVES: usize = 160;
/// Connections to the ABCI socket, and its places.
const SILENT: usize = 200;
const ENGINES: usize = 32;
/// What the node says of one that has none.
const REFUSED: &str = "ABCI connection refused";
/// How long half a request may stay, and much more.
const HALF: Duration = Duration::from_secs(120);
/// Shares that are tried until the sender is refused.
const MAX_TRIES: u64 = 50_000;

/// The block time.
fn block_time_ms() -> u32 {
    plasmid_tests::block_time_ms(63)
}

/// Blocks of an epoch: as few as may be, so that there are soon many epochs. It takes a second at least, at every block time.
fn epoch_blocks() -> u32 {
    1_000_u32.div_ceil(block_time_ms()).max(16)
}

struct Attacked {
    running: Running,
    address: SocketAddr,
    log: std::path::PathBuf,
    /// Bytes of its log that were looked at.
    read: usize,
}

impl Attacked {
    async fn start() -> Self {
        let mut running = Running::start(&Plan {
            seed: 1_131,
            parameters: Parameters {
                evidence_age_blocks: pruning::EVIDENCE_AGE_BLOCKS,
                epoch_blocks: epoch_blocks(),
                inbox_batch: 24,
                block_time_ms: block_time_ms(),
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
            read: 0,
        };
        attacked.goes_on("no attack").await;
        attacked
    }

    /// The chain makes blocks, seen by an honest client at the attacked node, which does its part in them: it proposes in its turn, and is
    /// as fast as the others with what it executes and signs. All parts run, and the node holds few files.
    async fn goes_on(&mut self, attack: &str) {
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
        self.running
            .until(&format!("{BLOCKS} blocks under {attack}"), async |_| {
                (ask(honest.clone()).await? >= from + BLOCKS).then_some(())
            })
            .await;
        self.running.takes_turns(NODE, attack).await;
        self.running.all_run();
        let node = self.running.network.nodes[NODE].as_ref().expect("it runs");
        let files = std::fs::read_dir(format!("/proc/{}/fd", node.app.pid()));
        let files = files.expect("its files").count();
        assert!(files < OPEN_FILES as usize - 200, "{files} files are open");
        let log = std::fs::read_to_string(&self.log).expect("the node's log");
        let new = log[self.read..].lines();
        let errors: Vec<&str> = new.filter(|line| line.contains("ERROR")).collect();
        assert!(errors.is_empty(), "{attack}: {errors:?}");
        self.read = log.len();
    }

    /// How often the node's log has these words.
    fn said(&self, words: &str) -> usize {
        let log = std::fs::read_to_string(&self.log).expect("the node's log");
        log.matches(words).count()
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
    past::withdrawals_are_final_and_root_settles_no_more(&mut attacked).await;
    idle_connections(&mut attacked).await;
    half_requests(&mut attacked).await;
    followers(&mut attacked).await;
    bad_shares(&mut attacked).await;
    silent_engines(&mut attacked).await;
    bad_queries(&mut attacked).await;
    health::tells_a_standing_node(&mut attacked).await;
    past::questions(&mut attacked).await;
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
    assert_eq!(of_one.len(), 2 * CONNECTIONS, "each reaches the node");
    let address = attacked.address;
    let mut kept = 0;
    for _ in 0..600 {
        kept = still_open(&mut of_one).await;
        if kept <= CONNECTIONS {
            break;
        }
    }
    assert_eq!(
        kept, CONNECTIONS,
        "one address has these places, and no more"
    );
    let mut of_many = Vec::new();
    for number in 0..MANY {
        let from = 3 + (number % 24) as u8;
        of_many.extend(idle(from, address).await);
    }
    assert_eq!(of_many.len(), MANY, "each reaches the node");
    let mut kept = 0;
    for _ in 0..60 {
        kept = still_open(&mut of_many).await;
        if kept <= IN_ALL + ENDING {
            break;
        }
    }
    println!("{kept} of {MANY} connections of many addresses are open");
    assert!(
        (IN_ALL / 2..=IN_ALL + ENDING).contains(&kept),
        "{kept} of {MANY} connections are open"
    );
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
    for number in 0..HALVES {
        let from = 40 + (number % 8) as u8;
        let stream = idle(from, attacked.address).await;
        let mut stream = stream.expect("the node takes the connection");
        let sent = stream.write_all(begun[number % begun.len()]).await;
        sent.expect("it takes what comes");
        streams.push(stream);
    }
    let open = still_open(&mut streams).await;
    println!("{open} of {HALVES} halves of requests are open");
    // What is no request at all is closed at once, and the others are waited for.
    assert!(
        open * begun.len() >= HALVES * (begun.len() - 1),
        "{open} are open"
    );
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
    assert_eq!(streams.len(), FOLLOWERS, "all others are followed");
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
    let path = abci
        .strip_prefix("unix://")
        .expect("local networks use unix sockets");
    let refusals = attacked.said(REFUSED);
    let mut silent = Vec::new();
    for _ in 0..SILENT {
        let stream = UnixStream::connect(path).await;
        silent.push(stream.expect("the socket takes the connection"));
    }
    let log = attacked.log.clone();
    attacked
        .running
        .until("those without a place are refused", async |_| {
            let said = std::fs::read_to_string(&log).expect("the node's log");
            (said.matches(REFUSED).count() >= refusals + SILENT - ENGINES).then_some(())
        })
        .await;
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
                answer.contains("\"codespace\":\"plasmid\"") && !answer.contains("see its log"),
                "{path} at {height} is refused by its own words: {answer}"
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

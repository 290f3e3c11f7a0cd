//! Clients that speak HTTP/2 as no library does, against one node of four: they begin and do not end, ask and do not read, and hold all
//! the places that they get. The chain has to go on, the node takes its turns in it, and an honest client is served all the while.

use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use plasmid::localnet::port;
use plasmid_proto::bridge::v1::bridge_service_client::BridgeServiceClient;
use plasmid_proto::bridge::v1::{PrepareDepositRequest, SubmitShareRequest};
use plasmid_proto::chain::v1::GetStatusRequest;
use plasmid_proto::chain::v1::chain_service_client::ChainServiceClient;
use plasmid_proto::ledger::v1::{
    SubmitManyRequest, transaction_service_client::TransactionServiceClient,
};
use plasmid_tests::limit_files;
use plasmid_tests::running::raw::Raw;
use plasmid_tests::running::{Plan, Running, Storm, channel_from, person};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

/// The node that is attacked.
const NODE: usize = 0;
/// Blocks whose pace is measured.
const BLOCKS: u64 = 12;
/// Streams of one connection.
const STREAMS: usize = 64;
/// What an attack may add to the node's memory, in bytes.
const MAX_GROWTH: u64 = 64 << 20;

/// Counts the reads that the node was asked for.
const READS: &str = "plasmid_grpc_reads_total";

/// What the node says of a connection for which it has no descriptor.
const NOT_ACCEPTED: &str = "a gRPC connection was not accepted";

const STATUS: &str = "/plasmid.chain.v1.ChainService/GetStatus";
const MANY: &str = "/plasmid.ledger.v1.TransactionService/SubmitMany";
const CHECK: &str = "/grpc.health.v1.Health/Check";
const REFLECTION: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

struct Attacked {
    running: Running,
    address: SocketAddr,
    metrics: SocketAddr,
}

impl Attacked {
    async fn start() -> Self {
        let running = Running::start(&Plan {
            seed: 2_262,
            configure: |number, config| {
                let address = || ([127, 0, 0, 1], port::free().expect("a free port")).into();
                config.metrics = (number == NODE).then(address);
            },
            ..Plan::default()
        })
        .await;
        let url = running.network.grpc(NODE);
        let address = url.trim_start_matches("http://").parse();
        let config = running.home(NODE).read_config();
        let metrics = config.expect("its configuration").metrics;
        let mut attacked = Self {
            running,
            address: address.expect("an address"),
            metrics: metrics.expect("a page"),
        };
        attacked.blocks("the first blocks", 4).await;
        attacked.goes_on("no attack").await;
        attacked
    }

    /// Waits for `count` blocks, seen by an honest client at the attacked node.
    async fn blocks(&mut self, what: &str, count: u64) {
        let client = ChainServiceClient::new(channel_from(self.address, 200).await);
        let ask = async |mut client: ChainServiceClient<Channel>| {
            let answer = client.get_status(GetStatusRequest {}).await;
            answer
                .expect("an honest client is served")
                .into_inner()
                .height
        };
        let from = ask(client.clone()).await;
        self.running
            .until(&format!("{count} blocks: {what}"), async |_| {
                (ask(client.clone()).await >= from + count).then_some(())
            })
            .await;
        self.running.all_run();
    }

    /// The chain goes on, the node does its part in it, and an honest client has every kind of call answered.
    async fn goes_on(&mut self, attack: &str) {
        self.is_served(attack).await;
        self.running.takes_turns(NODE, attack).await;
    }

    /// The chain goes on, the node follows it, and an honest client has every kind of call answered. That is all while a storm takes every
    /// core of the machine, which the node shares with those who ask and with three other validators.
    async fn is_served(&mut self, attack: &str) {
        self.blocks(attack, BLOCKS).await;
        let channel = channel_from(self.address, 201).await;
        let check = HealthCheckRequest::default();
        let health = HealthClient::new(channel.clone()).check(check).await;
        assert_eq!(health.expect("health").into_inner().status, 1);
        let share = SubmitShareRequest {
            epoch: u64::MAX,
            ..SubmitShareRequest::default()
        };
        let answer = BridgeServiceClient::new(channel).submit_share(share).await;
        let code = answer.expect_err("it is no share").code();
        assert!(
            [Code::NotFound, Code::InvalidArgument].contains(&code),
            "{attack}: a share is judged, and not refused: {code:?}"
        );
    }

    fn process(&self) -> i32 {
        let node = self.running.network.nodes[NODE].as_ref();
        let pid = node.expect("it runs").app.pid();
        i32::try_from(pid).expect("a process id")
    }

    /// Resident memory of the node, in bytes.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process()));
        let status = status.expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        kib.and_then(|kib| kib.parse::<u64>().ok()).expect("KiB") << 10
    }

    /// How often the node's log has these words.
    fn said(&self, words: &str) -> usize {
        let node = self.running.network.nodes[NODE].as_ref();
        let log = node.expect("it runs").app.log();
        let text = std::fs::read_to_string(log).expect("the node's log");
        text.matches(words).count()
    }

    /// Waits until `look` is true.
    async fn until(&mut self, what: &str, look: impl Fn() -> bool) {
        self.running
            .until(what, async |_| look().then_some(()))
            .await;
    }
}

/// What the node's page of metrics says of one name.
async fn metric(page: SocketAddr, name: &str) -> u64 {
    let client = reqwest::Client::builder().no_proxy().build();
    let url = format!("http://{page}/metrics");
    let page = client.expect("a client").get(url).send().await;
    let page = page.expect("an answer").text().await.expect("a page");
    let line = page
        .lines()
        .find(|line| line.starts_with(&format!("{name}{{")));
    let value = line.and_then(|line| line.rsplit(' ').next());
    value.and_then(|value| value.parse().ok()).expect("a value")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_goes_on_whatever_frames_its_clients_send() {
    let _alone = crate::alone();
    let mut attacked = Attacked::start().await;
    great_claims(&mut attacked).await;
    held_places(&mut attacked).await;
    unread_answers(&mut attacked).await;
    many_streams(&mut attacked).await;
    abandoned_reads(&mut attacked).await;
    flooding_streams(&mut attacked).await;
    asked_prices(&mut attacked).await;
    silent_scrapers(&mut attacked).await;
    no_descriptors(&mut attacked).await;
    attacked.running.agree().await;
    attacked.running.stop().await;
}

/// Messages of the services that are not ours that claim four megabytes, and of which as much is sent as the node takes.
async fn great_claims(attacked: &mut Attacked) {
    const CLAIM: u32 = 4 << 20;
    let before = attacked.memory();
    let mut connections = Vec::new();
    let chunk = vec![b'a'; 256 << 10];
    let (mut begun, mut bytes) = (0, 0);
    for number in 0..8 {
        let paths = [REFLECTION[0], REFLECTION[1], CHECK];
        let raw = Raw::connect(2, attacked.address, 65_535).await;
        let mut raw = raw.expect("the node takes the connection");
        for place in 0..STREAMS {
            let path = paths[(number + place) % paths.len()];
            let Some(stream) = raw.begin(path, &[], false).await else {
                break;
            };
            begun += 1;
            let head = [&[0][..], &CLAIM.to_be_bytes()].concat();
            if raw.send(stream, &head, false).await.is_none() {
                continue;
            }
            let mut sent = 0;
            while let Some(more) = raw.send(stream, &chunk[sent..], false).await {
                sent += more;
                if sent >= chunk.len() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(u64::from(more == 0))).await;
            }
            bytes += sent;
        }
        connections.push(raw);
    }
    println!("great claims: {begun} were begun, {bytes} bytes were taken");
    assert_eq!(begun, connections.len() * STREAMS, "each is begun");
    assert!(bytes >= begun * 1_024, "{bytes} bytes were taken");
    attacked
        .until("no great claim is waited for", || {
            connections.iter().all(|raw| raw.open() == 0)
        })
        .await;
    let ended: usize = connections.iter().map(Raw::ended).sum();
    assert_eq!(ended, begun, "each was answered");
    let grown = attacked.memory().saturating_sub(before);
    println!("great claims: {} MiB more", grown >> 20);
    assert!(grown < MAX_GROWTH, "{grown} bytes more");
    attacked.goes_on("great claims").await;
}

/// Four addresses take every place that they get, and again as soon as one is free: with streams of transactions that bring nothing,
/// and with requests of which only the headers come. What finds no place is refused at once and asked again at once.
async fn held_places(attacked: &mut Attacked) {
    let stopped = Arc::new(AtomicBool::new(false));
    let mut holders = JoinSet::new();
    for number in 0..24u8 {
        let (address, stopped) = (attacked.address, Arc::clone(&stopped));
        holders.spawn(async move {
            let mut ended = 0;
            while !stopped.load(Ordering::Relaxed) {
                let Some(mut raw) = Raw::connect(10 + number % 4, address, 65_535).await else {
                    continue;
                };
                while !stopped.load(Ordering::Relaxed) && !raw.is_closed() {
                    while raw.open() < STREAMS {
                        let path = if raw.open() < STREAMS / 2 {
                            MANY
                        } else {
                            STATUS
                        };
                        let Some(stream) = raw.begin(path, &[], false).await else {
                            break;
                        };
                        if path == MANY {
                            raw.message(stream, &[], false).await;
                        }
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                ended += raw.ended();
            }
            ended
        });
    }
    attacked.goes_on("held places").await;
    attacked.goes_on("held places, for longer").await;
    stopped.store(true, Ordering::Relaxed);
    let ended: usize = holders.join_all().await.into_iter().sum();
    assert!(ended > 0, "whoever holds most makes way");
    attacked.goes_on("places that were held").await;
}

/// Answers that are asked for and never read hold their places for a while only, and then their connection ends; new connections of the
/// same address are served.
async fn unread_answers(attacked: &mut Attacked) {
    let before = attacked.memory();
    let reads = metric(attacked.metrics, READS).await;
    let mut connections = Vec::new();
    // As many as one address has places for requests.
    for _ in 0..256 / STREAMS {
        let raw = Raw::connect(20, attacked.address, 0).await;
        let mut raw = raw.expect("the node takes the connection");
        for _ in 0..STREAMS {
            let stream = raw.begin(STATUS, &[], false).await;
            let stream = stream.expect("the connection is open");
            let sent = raw.message(stream, &[], true).await;
            sent.expect("the request is taken");
        }
        connections.push(raw);
    }
    let asked = connections.len() * STREAMS;
    let metrics = attacked.metrics;
    attacked
        .running
        .until("each answer was made", async |_| {
            (metric(metrics, READS).await >= reads + asked as u64).then_some(())
        })
        .await;
    let open: usize = connections.iter().map(Raw::open).sum();
    // Some may be refused in words, because too many reads of one address wait; the others were made and not taken.
    assert!(
        open >= asked / 4,
        "only {open} of {asked} have an answer that waits"
    );
    attacked.goes_on("unread answers").await;
    attacked
        .until("connections that read nothing end", || {
            connections.iter().all(Raw::is_closed)
        })
        .await;
    let sent: usize = connections.iter().map(Raw::data).sum();
    assert_eq!(sent, 0, "the windows were empty");
    let grown = attacked.memory().saturating_sub(before);
    println!("unread answers: {} MiB more", grown >> 20);
    assert!(grown < MAX_GROWTH, "{grown} bytes more");
    let again = ChainServiceClient::new(channel_from(attacked.address, 20).await);
    let answer = again.clone().get_status(GetStatusRequest {}).await;
    answer.expect("its places are free again");
}

/// Many more streams on one connection than it may have.
async fn many_streams(attacked: &mut Attacked) {
    let raw = Raw::connect(30, attacked.address, 65_535).await;
    let mut raw = raw.expect("the node takes the connection");
    let mut begun = 0;
    while begun < 50 * STREAMS && raw.begin(STATUS, &[], false).await.is_some() {
        begun += 1;
    }
    assert!(begun > 2 * STREAMS, "only {begun} were begun");
    attacked
        .until("those that are too many are refused", || {
            raw.ended() + STREAMS >= begun || raw.is_closed()
        })
        .await;
    attacked.goes_on("many streams").await;
    attacked
        .until("none of them stays", || raw.open() == 0 || raw.is_closed())
        .await;
}

/// Reads whose clients are gone before they are answered stop: afterwards the threads that read do nothing.
async fn abandoned_reads(attacked: &mut Attacked) {
    let ended = Arc::new(AtomicUsize::new(0));
    let mut storm = Storm::default();
    for number in 0..16u8 {
        let (address, ended) = (attacked.address, Arc::clone(&ended));
        storm.add(async move {
            loop {
                let Some(mut raw) = Raw::connect(40 + number % 8, address, 65_535).await else {
                    continue;
                };
                for place in 0..STREAMS {
                    let path = [STATUS, "/plasmid.chain.v1.ChainService/GetSupply"][place % 2];
                    let timeout = [("grpc-timeout", "300u")];
                    let Some(stream) = raw.begin(path, &timeout, false).await else {
                        break;
                    };
                    raw.message(stream, &[], true).await;
                }
                // Each is answered that it was too slow; what it asked for is still being read then.
                while raw.open() > 0 && !raw.is_closed() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                ended.fetch_add(raw.ended(), Ordering::Relaxed);
            }
        });
    }
    attacked.goes_on("abandoned reads").await;
    attacked
        .until("many reads were abandoned", || {
            ended.load(Ordering::Relaxed) >= 16 * STREAMS
        })
        .await;
    storm.end().await;
    let process = attacked.process();
    let last = Cell::new(busy(process));
    assert!(last.get().0 > 0, "threads of their own read");
    attacked
        .running
        .until("no thread reads any more", async |_| {
            let now = busy(process);
            (last.replace(now) == now).then_some(())
        })
        .await;
    attacked.goes_on("reads that were abandoned").await;
}

/// How many threads read, and the clock ticks that they have taken.
fn busy(process: i32) -> (usize, u64) {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("its threads");
    let mut found = (0, 0);
    for thread in threads.flatten() {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        let Some((name, rest)) = stat.rsplit_once(')') else {
            continue;
        };
        if name.ends_with("grpc-read") {
            let ticks = rest.split_whitespace().skip(11).take(2);
            found.0 += 1;
            found.1 += ticks
                .filter_map(|text| text.parse::<u64>().ok())
                .sum::<u64>();
        }
    }
    found
}

/// Streams of what is no transaction, as fast as the node takes it, a part of each as long as a message may be, from four addresses that begin again at
/// once. Each is answered with the place of each refusal, and the node holds no more of them than their bounds.
async fn flooding_streams(attacked: &mut Attacked) {
    const SENT: usize = 300;
    let before = attacked.memory();
    let answered = Arc::new(AtomicUsize::new(0));
    let mut storm = Storm::default();
    for number in 0..16u8 {
        let channel = channel_from(attacked.address, 80 + number % 4).await;
        let mut client = TransactionServiceClient::new(channel);
        let answered = Arc::clone(&answered);
        storm.add(async move {
            loop {
                let sent = (0..SENT).map(|place| SubmitManyRequest {
                    transaction: vec![1; [3, 200, 60 << 10][place % 3]],
                    replace: place % 2 == 0,
                });
                let answer = client.submit_many(tokio_stream::iter(sent)).await;
                match answer.map(tonic::Response::into_inner) {
                    Ok(answer) => {
                        let told = answer.refusals.iter().map(|one| one.index);
                        assert!(told.eq(0..SENT as u64), "each in its place");
                        assert_eq!(answer.accepted, 0);
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                    // Another address took its place.
                    Err(status) => assert_eq!(status.code(), Code::ResourceExhausted, "{status}"),
                }
            }
        });
    }
    attacked.is_served("flooding streams").await;
    attacked
        .until("streams were answered", || {
            answered.load(Ordering::Relaxed) >= 16
        })
        .await;
    let grown = attacked.memory().saturating_sub(before);
    println!("flooding streams: {} MiB more", grown >> 20);
    assert!(grown < MAX_GROWTH, "{grown} bytes more");
    storm.end().await;
    attacked.goes_on("streams that flooded").await;
}

/// Prices that strangers ask for: root is asked for them every two seconds at most, and the node follows it as before.
async fn asked_prices(attacked: &mut Attacked) {
    let alice = person(&attacked.running, "alice").await;
    let request = PrepareDepositRequest {
        recipient: alice.account.to_string(),
        refund: alice.wallet.address().to_string(),
        amount: "1".to_owned(),
        ..PrepareDepositRequest::default()
    };
    let asked = |attacked: &Attacked| {
        let [first, second] = &attacked.running.ways[NODE][..] else {
            panic!("a node has two ways to root");
        };
        (first.asked(), second.asked())
    };
    let before = asked(attacked);
    let start = Instant::now();
    let mut storm = Storm::default();
    for number in 0..16u8 {
        let mut client =
            BridgeServiceClient::new(channel_from(attacked.address, 50 + number % 8).await);
        let request = request.clone();
        storm.add(async move {
            loop {
                let answer = client.prepare_deposit(request.clone()).await;
                let price = answer.expect("a price").into_inner().price;
                assert_ne!(price.parse::<u128>(), Ok(0), "a price");
            }
        });
    }
    attacked.goes_on("asked prices").await;
    let took = start.elapsed();
    let after = asked(attacked);
    storm.end().await;
    // Both endpoints are asked the same by the follower; prices come from the first one.
    let (first, second) = (after.0 - before.0, after.1 - before.1);
    println!("asked prices: {first} and {second} questions to root in {took:?}");
    let allowed = took.as_secs() / 2 + 5;
    let more = first.saturating_sub(second + second / 4);
    assert!(
        more <= allowed,
        "{first} and {second} questions in {took:?}"
    );
    attacked.goes_on("prices that were asked").await;
}

/// Silent connections to the page of metrics, from four addresses and opened again whenever they end: another address gets the page.
async fn silent_scrapers(attacked: &mut Attacked) {
    let metrics = attacked.metrics;
    let late = Arc::new(AtomicUsize::new(0));
    let mut storm = Storm::default();
    for number in 0..16u8 {
        let late = Arc::clone(&late);
        storm.add(async move {
            loop {
                let mut stream = connect(70 + number % 4, metrics).await;
                let mut answer = String::new();
                let _ = stream.read_to_string(&mut answer).await;
                let was_waited_for = answer.contains("408");
                assert!(answer.is_empty() || was_waited_for, "{answer}");
                late.fetch_add(usize::from(was_waited_for), Ordering::Relaxed);
            }
        });
    }
    for _ in 0..20 {
        let mut stream = connect(75, metrics).await;
        let asked = stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").await;
        asked.expect("it is taken");
        let mut page = String::new();
        let read = timeout(Duration::from_secs(5), stream.read_to_string(&mut page)).await;
        read.expect("it does not wait for the silent ones")
            .expect("a page");
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    }
    attacked
        .until("silent ones were waited for", || {
            late.load(Ordering::Relaxed) >= 16
        })
        .await;
    storm.end().await;
    attacked.goes_on("silent scrapers").await;
}

async fn connect(from: u8, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    let from = SocketAddr::from(([127, 0, 0, from], 0));
    socket.bind(from).expect("an address of loopback");
    socket.connect(to).await.expect("it listens")
}

/// The node may open no more files: what it does for clients fails, and heals when it may again. Consensus goes on.
async fn no_descriptors(attacked: &mut Attacked) {
    let process = attacked.process();
    let usual = limit_files(process, None);
    let honest = ChainServiceClient::new(channel_from(attacked.address, 60).await);
    let height = async |mut client: ChainServiceClient<Channel>| {
        let answer = client.get_status(GetStatusRequest {}).await;
        answer
            .expect("an open connection is served")
            .into_inner()
            .height
    };
    let from = height(honest.clone()).await;
    let files = std::fs::read_dir(format!("/proc/{process}/fd"));
    let files = files.expect("its files").count() as u64;
    let failed = attacked.said(NOT_ACCEPTED);
    limit_files(process, Some((files + 2, usual.1)));
    let mut idle = Vec::new();
    for _ in 0..32 {
        idle.extend(Raw::connect(61, attacked.address, 65_535).await);
    }
    attacked
        .running
        .until("blocks without descriptors", async |_| {
            (height(honest.clone()).await >= from + BLOCKS).then_some(())
        })
        .await;
    let failed = attacked.said(NOT_ACCEPTED) - failed;
    println!("without descriptors: {failed} connections could not be accepted");
    assert!(failed > 0, "there were descriptors");
    limit_files(process, Some(usual));
    drop(idle);
    attacked.goes_on("descriptors again").await;
}

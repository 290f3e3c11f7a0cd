//! The server attacked from raw sockets: malformed frames, floods, stalls, and handlers that break.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use prost::Message;
use prost::bytes::Bytes;
use tendermint_proto::v0_38::abci::{
    Request, RequestCheckTx, RequestCommit, RequestEcho, RequestExtendVote, RequestFinalizeBlock,
    RequestFlush, RequestInfo, RequestInitChain, RequestPrepareProposal, RequestProcessProposal,
    RequestQuery, RequestVerifyVoteExtension, Response, ResponseCheckTx, ResponseCommit,
    ResponseExtendVote, ResponseFinalizeBlock, ResponseInfo, ResponseInitChain,
    ResponsePrepareProposal, ResponseProcessProposal, ResponseQuery, ResponseVerifyVoteExtension,
    request::Value as Ask, response::Value as Answer,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::dispatch::Dispatch;
use super::{Address, AddressError, Alarm, Fault, Handler, INTERNAL_CODE, Limits, Outcome, Server};

/// Answers with what it was asked, and breaks when told to.
#[derive(Default)]
struct Mirror {
    inside: AtomicUsize,
    overlapped: AtomicBool,
    finalized: AtomicUsize,
    checked: AtomicUsize,
    together: AtomicUsize,
    /// Queries that do not end until they are released.
    stuck: AtomicUsize,
    released: AtomicBool,
}

const PANIC_HEIGHT: i64 = 13;
const FAULT_HEIGHT: i64 = 14;
const SLOW_HEIGHT: i64 = 15;

impl Handler for Mirror {
    fn info(&self, request: RequestInfo) -> Outcome<ResponseInfo> {
        Ok(ResponseInfo {
            data: request.version,
            ..Default::default()
        })
    }
    fn query(&self, request: RequestQuery, _: &AtomicBool) -> Outcome<ResponseQuery> {
        match request.path.as_str() {
            "panic" => panic!("a query that breaks"),
            "slow" => std::thread::sleep(Duration::from_millis(20)),
            "stuck" => {
                self.stuck.fetch_add(1, Ordering::SeqCst);
                while !self.released.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                }
            }
            "large" => {
                return Ok(ResponseQuery {
                    value: vec![7; 1 << 20].into(),
                    ..Default::default()
                });
            }
            _ => {}
        }
        Ok(ResponseQuery {
            value: request.data,
            height: request.height,
            ..Default::default()
        })
    }
    fn check_tx(&self, request: RequestCheckTx) -> Outcome<ResponseCheckTx> {
        assert_ne!(&*request.tx, b"panic", "a transaction that breaks");
        if &*request.tx == b"fault" {
            return Err(Fault::new("a store that failed"));
        }
        self.checked.fetch_add(1, Ordering::SeqCst);
        Ok(ResponseCheckTx {
            data: request.tx,
            ..Default::default()
        })
    }
    fn check_txs(&self, requests: Vec<RequestCheckTx>) -> Vec<Outcome<ResponseCheckTx>> {
        self.together.fetch_add(requests.len(), Ordering::SeqCst);
        let checked = requests.into_iter().map(|request| self.check_tx(request));
        checked.collect()
    }
    fn init_chain(&self, _request: RequestInitChain) -> Outcome<ResponseInitChain> {
        Ok(ResponseInitChain::default())
    }
    fn prepare_proposal(&self, r: RequestPrepareProposal) -> Outcome<ResponsePrepareProposal> {
        Ok(ResponsePrepareProposal { txs: r.txs })
    }
    fn process_proposal(&self, _r: RequestProcessProposal) -> Outcome<ResponseProcessProposal> {
        Ok(ResponseProcessProposal { status: 1 })
    }
    fn extend_vote(&self, request: RequestExtendVote) -> Outcome<ResponseExtendVote> {
        Ok(ResponseExtendVote {
            vote_extension: request.hash,
        })
    }
    fn verify_vote_extension(
        &self,
        _r: RequestVerifyVoteExtension,
    ) -> Outcome<ResponseVerifyVoteExtension> {
        Ok(ResponseVerifyVoteExtension { status: 1 })
    }
    fn finalize_block(&self, request: RequestFinalizeBlock) -> Outcome<ResponseFinalizeBlock> {
        if self.inside.fetch_add(1, Ordering::SeqCst) != 0 {
            self.overlapped.store(true, Ordering::SeqCst);
        }
        match request.height {
            PANIC_HEIGHT => panic!("a block that breaks"),
            FAULT_HEIGHT => return Err(Fault::new("an invariant that does not hold")),
            SLOW_HEIGHT => std::thread::sleep(Duration::from_millis(100)),
            _ => std::thread::yield_now(),
        }
        self.inside.fetch_sub(1, Ordering::SeqCst);
        self.finalized.fetch_add(1, Ordering::SeqCst);
        Ok(ResponseFinalizeBlock {
            app_hash: request.hash,
            ..Default::default()
        })
    }
    fn commit(&self) -> Outcome<ResponseCommit> {
        Ok(ResponseCommit { retain_height: 0 })
    }
}

struct Running {
    address: Address,
    mirror: Arc<Mirror>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), Alarm>>,
    _folder: tempfile::TempDir,
}

impl Running {
    async fn start(unix: bool) -> Self {
        Self::with_stall(unix, Duration::from_secs(60)).await
    }

    async fn with_stall(unix: bool, stall: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = match unix {
            true => Address::Unix(folder.path().join("abci.sock")),
            false => "tcp://127.0.0.1:0".parse().unwrap(),
        };
        let limits = Limits::new(1 << 20, 4, 242);
        let server = Server::bind(&address, limits).await.unwrap().stall(stall);
        let address = server.address().clone();
        let mirror = Arc::new(Mirror::default());
        let (stop, stopped) = oneshot::channel();
        let running = server.run(Arc::clone(&mirror), async move {
            let _ = stopped.await;
        });
        Self {
            address,
            mirror,
            stop,
            server: tokio::spawn(running),
            _folder: folder,
        }
    }

    async fn connect(&self) -> Client {
        Client::connect(&self.address).await
    }

    /// A connection that answers: where all places are taken by those that just hung up, it waits until one is free.
    async fn connect_when_free(&self) -> Client {
        for _ in 0..1_000 {
            let mut client = self.connect().await;
            if client.lives("is there room?").await {
                return client;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("places of closed connections did not come back");
    }

    async fn end(self) -> Result<(), Alarm> {
        let _ = self.stop.send(());
        self.server.await.unwrap()
    }
}

struct Client {
    reader: Box<dyn AsyncRead + Unpin + Send>,
    writer: Box<dyn AsyncWrite + Unpin + Send>,
}

impl Client {
    async fn connect(address: &Address) -> Self {
        match address {
            Address::Unix(path) => {
                let stream = tokio::net::UnixStream::connect(path).await.unwrap();
                let (reader, writer) = stream.into_split();
                Self {
                    reader: Box::new(reader),
                    writer: Box::new(writer),
                }
            }
            Address::Tcp(address) => {
                let stream = tokio::net::TcpStream::connect(address).await.unwrap();
                let (reader, writer) = stream.into_split();
                Self {
                    reader: Box::new(reader),
                    writer: Box::new(writer),
                }
            }
        }
    }

    /// Sends bytes; a server that has already closed is no error here.
    async fn send(&mut self, bytes: &[u8]) {
        let _ = self.writer.write_all(bytes).await;
        let _ = self.writer.flush().await;
    }

    async fn receive(&mut self) -> Option<Answer> {
        let mut length = 0usize;
        for shift in (0..).step_by(7) {
            let byte = self.reader.read_u8().await.ok()?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut frame = vec![0; length];
        self.reader.read_exact(&mut frame).await.ok()?;
        Some(Response::decode(&*frame).unwrap().value.unwrap())
    }

    async fn ask(&mut self, ask: Ask) -> Option<Answer> {
        self.send(&frame(ask)).await;
        self.receive().await
    }

    /// Whether the server answers an Echo of `text`.
    async fn lives(&mut self, text: &str) -> bool {
        let answer = self.ask(echo(text)).await;
        matches!(answer, Some(Answer::Echo(echo)) if echo.message == text)
    }
}

fn frame(ask: Ask) -> Vec<u8> {
    Request { value: Some(ask) }.encode_length_delimited_to_vec()
}

fn echo(text: &str) -> Ask {
    Ask::Echo(RequestEcho {
        message: text.to_owned(),
    })
}

fn check(tx: impl Into<Bytes>) -> Ask {
    Ask::CheckTx(RequestCheckTx {
        tx: tx.into(),
        r#type: 0,
    })
}

fn query(path: &str, height: i64) -> Ask {
    Ask::Query(RequestQuery {
        path: path.to_owned(),
        height,
        ..Default::default()
    })
}

fn block(height: i64) -> Ask {
    Ask::FinalizeBlock(RequestFinalizeBlock {
        height,
        hash: height.to_be_bytes().to_vec().into(),
        ..Default::default()
    })
}

/// Every kind of malformed stream, each with a name.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let tebibyte = {
        let mut claim = Vec::new();
        prost::encoding::encode_varint(1 << 40, &mut claim);
        claim
    };
    let garbage: Vec<u8> = (0..2_000u32).map(|i| (i * 193 + 77) as u8).collect();
    vec![
        ("an empty request", vec![0]),
        ("an unknown request", vec![3, 0xfa, 0x07, 0]),
        ("a claimed tebibyte", tebibyte),
        ("a length without end", vec![0xff; 16]),
        ("garbage", garbage),
        ("a field past its frame", vec![3, 0x0a, 9, 0]),
        ("a group", vec![1, 0x0b]),
        ("text that is no UTF-8", vec![5, 0x0a, 3, 0x0a, 1, 0xff]),
        ("a wrong wire type", vec![2, 0x08, 1]),
        (
            "HTTP",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_malformed_frame_closes_its_connection_and_nothing_else() {
    for unix in [true, false] {
        let running = Running::start(unix).await;
        let mut honest = running.connect().await;
        for (name, bytes) in malformed() {
            let mut hostile = running.connect().await;
            assert!(hostile.lives("before").await);
            hostile.send(&bytes).await;
            assert_eq!(hostile.receive().await, None, "{name} was answered");
            assert!(honest.lives(name).await, "{name} hurt another connection");
        }
        running.end().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_is_no_text_is_refused_in_its_turn_and_its_connection_goes_on() {
    let running = Running::start(true).await;
    let mut engine = running.connect().await;
    // Field 6, a query, whose field 2 is the path.
    engine.send(&frame(check(vec![1]))).await;
    engine.send(&[5, 0x32, 3, 0x12, 1, 0xff]).await;
    engine.send(&frame(check(vec![2]))).await;
    let first = engine.receive().await;
    assert!(matches!(first, Some(Answer::CheckTx(a)) if *a.data == [1]));
    let Some(Answer::Query(refused)) = engine.receive().await else {
        panic!("the query has no answer");
    };
    assert_ne!(refused.code, 0);
    assert!(refused.log.contains("cannot be read"), "{}", refused.log);
    let last = engine.receive().await;
    assert!(matches!(last, Some(Answer::CheckTx(a)) if *a.data == [2]));
    assert!(engine.lives("afterwards").await);
    running.end().await.unwrap();
}

#[test]
fn transactions_that_wait_are_judged_together_and_one_that_breaks_is_refused_alone() {
    let mirror = Arc::new(Mirror::default());
    let dispatch = Dispatch::new(Arc::clone(&mirror));
    let told = |asks: Vec<Ask>| {
        let answers = dispatch.call_all(asks).unwrap().into_iter();
        let told = answers.map(|answer| match answer {
            Answer::CheckTx(answer) => (answer.code, answer.data.to_vec()),
            other => panic!("{other:?}"),
        });
        told.collect::<Vec<_>>()
    };
    let broken = (INTERNAL_CODE, Vec::new());
    let asks = vec![check("a"), check("fault"), check("b")];
    let expected = [(0, b"a".to_vec()), broken.clone(), (0, b"b".to_vec())];
    assert_eq!(told(asks), expected);
    assert_eq!(mirror.together.load(Ordering::SeqCst), 3);
    let asks = vec![check("a"), check("panic"), check("b")];
    let expected = [(0, b"a".to_vec()), broken, (0, b"b".to_vec())];
    assert_eq!(told(asks), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_that_do_not_end_hold_no_place_of_consensus() {
    let running = Running::start(true).await;
    let mut asker = running.connect().await;
    for _ in 0..200 {
        asker.send(&frame(query("stuck", 0))).await;
    }
    while running.mirror.stuck.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    let mut engine = running.connect().await;
    for height in 1..4 {
        let checked = engine.ask(check(vec![7])).await;
        assert!(matches!(checked, Some(Answer::CheckTx(_))));
        let decided = engine.ask(block(height)).await;
        assert!(matches!(decided, Some(Answer::FinalizeBlock(_))));
        let committed = engine.ask(Ask::Commit(RequestCommit {})).await;
        assert!(matches!(committed, Some(Answer::Commit(_))));
    }
    running.mirror.released.store(true, Ordering::SeqCst);
    for _ in 0..200 {
        assert!(matches!(asker.receive().await, Some(Answer::Query(_))));
    }
    running.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_frame_and_a_hang_up_at_every_byte_hurt_nobody() {
    let running = Running::start(true).await;
    let mut honest = running.connect().await;
    let whole = frame(check(vec![5; 150]));
    for cut in 0..whole.len() {
        let mut hostile = running.connect_when_free().await;
        hostile.send(&whole[..cut]).await;
        drop(hostile);
    }
    for cut in 1..whole.len() {
        let mut slow = running.connect_when_free().await;
        slow.send(&whole[..cut]).await;
        assert!(honest.lives("between").await);
        slow.send(&whole[cut..]).await;
        let answer = slow.receive().await;
        assert!(matches!(answer, Some(Answer::CheckTx(a)) if *a.data == [5; 150]));
    }
    assert_eq!(
        running.mirror.checked.load(Ordering::SeqCst),
        whole.len() - 1
    );
    running.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_pipelined_requests_are_answered_in_order() {
    for unix in [true, false] {
        let running = Running::start(unix).await;
        let mut client = running.connect().await;
        let mut stream = Vec::new();
        for i in 0..1_000i64 {
            stream.extend(frame(match i % 7 {
                0 => query("slow", i),
                1 => block(1_000 + i),
                2 => echo(&i.to_string()),
                3 => Ask::Flush(RequestFlush {}),
                _ => check(i.to_be_bytes().to_vec()),
            }));
        }
        let (mut reader, mut writer) = (client.reader, client.writer);
        let writing = tokio::spawn(async move {
            writer.write_all(&stream).await.unwrap();
            writer
        });
        client = Client {
            reader: Box::new(tokio::io::empty()),
            writer: Box::new(tokio::io::sink()),
        };
        std::mem::swap(&mut client.reader, &mut reader);
        for i in 0..1_000i64 {
            let bytes = i.to_be_bytes();
            match (i % 7, client.receive().await.unwrap()) {
                (0, Answer::Query(a)) => assert_eq!(a.height, i),
                (1, Answer::FinalizeBlock(a)) => {
                    assert_eq!(*a.app_hash, (1_000 + i).to_be_bytes());
                }
                (2, Answer::Echo(a)) => assert_eq!(a.message, i.to_string()),
                (3, Answer::Flush(_)) => {}
                (_, Answer::CheckTx(a)) => assert_eq!(*a.data, bytes),
                (_, other) => panic!("request {i} got {other:?}"),
            }
        }
        client.writer = Box::new(writing.await.unwrap());
        assert!(client.lives("after").await);
        running.end().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_connections_work_side_by_side_and_consensus_is_serialised() {
    let running = Running::start(true).await;
    let mut tasks = Vec::new();
    for connection in 0..4 {
        let mut client = running.connect().await;
        tasks.push(tokio::spawn(async move {
            for i in 0..200 {
                let answer = client.ask(block(100 + i)).await;
                assert!(matches!(answer, Some(Answer::FinalizeBlock(_))));
                let answer = client.ask(check(vec![connection])).await;
                assert!(matches!(answer, Some(Answer::CheckTx(_))));
                let answer = client.ask(query("", i)).await;
                assert!(matches!(answer, Some(Answer::Query(a)) if a.height == i));
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(running.mirror.finalized.load(Ordering::SeqCst), 800);
    assert!(!running.mirror.overlapped.load(Ordering::SeqCst));
    running.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_request_gets_its_kind_of_answer() {
    let running = Running::start(true).await;
    let mut client = running.connect().await;
    let asks = [
        echo("e"),
        Ask::Flush(RequestFlush {}),
        Ask::Info(RequestInfo::default()),
        Ask::InitChain(RequestInitChain::default()),
        query("", 1),
        check("t"),
        Ask::Commit(RequestCommit {}),
        Ask::ListSnapshots(Default::default()),
        Ask::OfferSnapshot(Default::default()),
        Ask::LoadSnapshotChunk(Default::default()),
        Ask::ApplySnapshotChunk(Default::default()),
        Ask::PrepareProposal(Default::default()),
        Ask::ProcessProposal(Default::default()),
        Ask::ExtendVote(Default::default()),
        Ask::VerifyVoteExtension(Default::default()),
        block(1),
    ];
    for ask in asks {
        let name = |debug: String| debug.split('(').next().unwrap().to_owned();
        let asked = name(format!("{ask:?}"));
        let answered = name(format!("{:?}", client.ask(ask).await.unwrap()));
        assert_eq!(asked, answered);
    }
    running.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_or_fault_in_consensus_stops_the_server_with_an_alarm_and_no_answer() {
    for (height, said) in [
        (PANIC_HEIGHT, "panic: a block that breaks"),
        (FAULT_HEIGHT, "an invariant that does not hold"),
    ] {
        let running = Running::start(true).await;
        let (mut client, mut other) = (running.connect().await, running.connect().await);
        assert!(other.lives("before").await);
        assert_eq!(client.ask(block(height)).await, None);
        assert_eq!(other.ask(block(1)).await, None);
        let alarm = running.server.await.unwrap().unwrap_err();
        assert_eq!(alarm.call, "finalize_block");
        assert_eq!(alarm.fault.to_string(), said);
        assert_eq!(running.mirror.finalized.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_or_fault_over_one_input_refuses_that_input_only() {
    let running = Running::start(false).await;
    let mut client = running.connect().await;
    for broken in ["panic", "fault"] {
        let Some(Answer::CheckTx(answer)) = client.ask(check(broken)).await else {
            panic!("no answer");
        };
        assert_eq!(
            (answer.code, answer.codespace.as_str()),
            (INTERNAL_CODE, "engine")
        );
    }
    let Some(Answer::Query(answer)) = client.ask(query("panic", 0)).await else {
        panic!("no answer");
    };
    assert_eq!(answer.code, INTERNAL_CODE);
    assert!(matches!(client.ask(check("good")).await, Some(Answer::CheckTx(a)) if a.code == 0));
    running.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_stalls_inside_a_frame_or_never_reads_is_closed() {
    let running = Running::with_stall(true, Duration::from_millis(150)).await;
    let mut honest = running.connect().await;

    let mut half = running.connect().await;
    half.send(&frame(check(vec![1; 100]))[..50]).await;
    assert_eq!(half.receive().await, None);

    // 64 answers of a mebibyte that nobody takes: the server gives up, and the client cannot send for ever.
    let mut deaf = running.connect().await;
    let asks = frame(query("large", 0)).repeat(64);
    deaf.send(&asks).await;
    let more = frame(echo(&"x".repeat(1_000)));
    while deaf.writer.write_all(&more).await.is_ok() {}

    // Idle between frames is no stall.
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(honest.lives("idle").await);
    running.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_over_the_bound_are_refused_until_others_end() {
    let running = Running::start(true).await;
    let mut open = Vec::new();
    for _ in 0..32 {
        let mut client = running.connect().await;
        assert!(client.lives("one of many").await);
        open.push(client);
    }
    let mut extra = running.connect().await;
    assert!(!extra.lives("too many").await);
    open.truncate(4);
    running.connect_when_free().await;
    running.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_waits_for_the_consensus_call_that_runs() {
    let running = Running::start(true).await;
    let mut client = running.connect().await;
    client.send(&frame(block(SLOW_HEIGHT))).await;
    while running.mirror.inside.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let mirror = Arc::clone(&running.mirror);
    running.end().await.unwrap();
    assert_eq!(mirror.finalized.load(Ordering::SeqCst), 1);
    assert_eq!(mirror.inside.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_socket_left_behind_is_replaced_and_anything_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits::new(1 << 20, 4, 242);
    let path = folder.path().join("abci.sock");
    let address = Address::Unix(path.clone());

    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let first = Server::bind(&address, limits).await.unwrap();
    let second = Server::bind(&address, limits).await;
    assert!(matches!(second.err(), Some(AddressError::Taken(_))));
    drop(first);
    assert!(!path.exists());

    std::fs::write(&path, "a letter").unwrap();
    let refused = Server::bind(&address, limits).await;
    assert!(matches!(refused.err(), Some(AddressError::NotASocket(_))));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a letter");

    let long = Address::Unix(folder.path().join("x".repeat(120)));
    let refused = Server::bind(&long, limits).await;
    assert!(matches!(refused.err(), Some(AddressError::TooLong { .. })));

    let tcp = "tcp://127.0.0.1:0".parse().unwrap();
    let first = Server::bind(&tcp, limits).await.unwrap();
    let second = Server::bind(first.address(), limits).await;
    assert!(matches!(second.err(), Some(AddressError::Taken(_))));
}

#[test]
fn addresses_read_as_they_are_written() {
    for text in [
        "unix:///run/a.sock",
        "tcp://127.0.0.1:26658",
        "tcp://[::1]:1",
    ] {
        assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "unix://",
        "tcp://",
        "tcp://localhost",
        "http://1.2.3.4:5",
        "/run/a",
    ] {
        assert!(text.parse::<Address>().is_err(), "{text}");
    }
}

/// A log that cannot be written, and panics.
struct BrokenLog;

impl tracing::Subscriber for BrokenLog {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {
        panic!("no space left");
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn an_alarm_is_raised_before_it_is_logged() {
    let dispatch = super::dispatch::Dispatch::new(Arc::new(Mirror::default()));
    let alarm = dispatch.alarm();
    let broken = Ask::FinalizeBlock(RequestFinalizeBlock {
        height: FAULT_HEIGHT,
        ..Default::default()
    });
    let called = tracing::subscriber::with_default(BrokenLog, || {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| dispatch.call(broken)))
    });
    assert!(called.is_err(), "the log broke");
    let call = alarm.borrow().as_ref().map(|alarm| alarm.call);
    assert_eq!(call, Some("finalize_block"));
}

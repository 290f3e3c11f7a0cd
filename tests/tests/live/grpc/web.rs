//! What browsers and strangers send: grpc-web over HTTP/1.1, a preflight from a foreign origin, reflection, health, and bytes that are
//! no request.

use std::{fs, time::Duration};

use plasmid_proto::{
    chain::v1::{GetStatusRequest, GetStatusResponse},
    ledger::v1::{
        GetAccountRequest, SubmitManyRequest, SubmitRequest,
        account_service_client::AccountServiceClient,
        transaction_service_client::TransactionServiceClient,
    },
};
use prost::Message;
use reqwest::header::{HeaderMap, HeaderValue};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use tonic_reflection::pb::v1alpha;

use super::net::{Net, refused};

/// Kilobytes by which hostile requests may raise a node's memory: what is claimed is gigabytes.
const RAISE: u64 = 96 * 1024;

/// The largest request that a node reads.
const MAX_REQUEST_BYTES: usize = 1 << 16;

/// An answer of grpc-web.
#[derive(Debug)]
pub struct Answer {
    pub message: Vec<u8>,
    pub code: i32,
    pub words: String,
    pub headers: HeaderMap,
}

fn frame(message: &[u8]) -> Vec<u8> {
    let mut body = vec![0];
    body.extend(u32::try_from(message.len()).expect("short").to_be_bytes());
    body.extend(message);
    body
}

fn percent(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digits = [
                    bytes.next().expect("a digit"),
                    bytes.next().expect("a digit"),
                ];
                out.extend(hex::decode(digits).expect("hex"));
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8(out).expect("text")
}

/// Splits a body into its message and its trailers.
fn parse(mut body: &[u8], headers: HeaderMap) -> Answer {
    let field = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let mut code = field("grpc-status");
    let mut words = field("grpc-message").unwrap_or_default();
    let mut message = Vec::new();
    while let Some((head, rest)) = body.split_first_chunk::<5>() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let (content, rest) = rest.split_at(length);
        body = rest;
        if head[0] & 0x80 == 0 {
            message.extend(content);
            continue;
        }
        for line in String::from_utf8_lossy(content).lines() {
            match line.split_once(':') {
                Some(("grpc-status", value)) => code = Some(value.trim().to_owned()),
                Some(("grpc-message", value)) => words = value.trim().to_owned(),
                _ => {}
            }
        }
    }
    Answer {
        message,
        code: code.expect("a status").parse().expect("a number"),
        words: percent(&words),
        headers,
    }
}

fn http() -> reqwest::Client {
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(60));
    client.build().expect("a client")
}

/// Posts raw bytes to a method over HTTP/1.1.
async fn post(net: &Net, path: &str, body: Vec<u8>) -> Answer {
    let request = http()
        .post(format!("{}{path}", net.url))
        .header("content-type", "application/grpc-web+proto")
        .header("x-grpc-web", "1")
        .header("origin", "https://wallet.example")
        .body(body);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.version(), reqwest::Version::HTTP_11);
    let headers = answer.headers().clone();
    parse(&answer.bytes().await.expect("a body"), headers)
}

/// Calls a method with an encoded request.
pub async fn call(net: &Net, path: &str, request: &[u8]) -> Answer {
    post(net, path, frame(request)).await
}

pub async fn browsers(net: &Net) {
    let path = "/plasmid.chain.v1.ChainService/GetStatus";
    let preflight = http()
        .request(reqwest::Method::OPTIONS, format!("{}{path}", net.url))
        .header("origin", "https://wallet.example")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "content-type,x-grpc-web,grpc-timeout",
        );
    let answer = preflight.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{answer:?}");
    let any = HeaderValue::from_static("*");
    for name in [
        "access-control-allow-origin",
        "access-control-allow-methods",
        "access-control-allow-headers",
    ] {
        assert_eq!(answer.headers().get(name), Some(&any), "{name}: {answer:?}");
    }
    let answer = call(net, path, &GetStatusRequest {}.encode_to_vec()).await;
    assert_eq!(answer.code, 0);
    assert_eq!(
        answer.headers.get("access-control-allow-origin"),
        Some(&any)
    );
    assert_eq!(
        answer.headers.get("access-control-expose-headers"),
        Some(&any)
    );
    let status = GetStatusResponse::decode(&answer.message[..]).expect("a status");
    assert_eq!(status.chain_id, net.status.chain_id);
    let bad = GetAccountRequest {
        account: "nobody".into(),
    }
    .encode_to_vec();
    let answer = call(net, "/plasmid.ledger.v1.AccountService/GetAccount", &bad).await;
    assert_eq!(answer.code, Code::InvalidArgument as i32);
    assert!(answer.words.contains("\"nobody\""), "{answer:?}");
    assert_eq!(
        answer.headers.get("access-control-allow-origin"),
        Some(&any)
    );
}

pub async fn reflection_and_health(net: &Net) {
    let ask = |message| ServerReflectionRequest {
        host: String::new(),
        message_request: Some(message),
    };
    let asked = [
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol(
            "plasmid.bridge.v1.BridgeService".into(),
        )),
    ];
    let mut client = ServerReflectionClient::new(net.channel.clone());
    let answers = client
        .server_reflection_info(tokio_stream::iter(asked))
        .await;
    let mut answers = answers.expect("reflection").into_inner();
    let first = answers
        .message()
        .await
        .expect("an answer")
        .expect("an answer");
    let Some(MessageResponse::ListServicesResponse(list)) = first.message_response else {
        panic!("{first:?}");
    };
    let names: Vec<&str> = list.service.iter().map(|one| one.name.as_str()).collect();
    let services = [
        "plasmid.bridge.v1.BridgeService",
        "plasmid.chain.v1.ChainService",
        "plasmid.ledger.v1.AccountService",
        "plasmid.ledger.v1.TransactionService",
        "plasmid.stake.v1.StakeService",
    ];
    for service in services {
        assert!(names.contains(&service), "{names:?}");
    }
    let second = answers
        .message()
        .await
        .expect("an answer")
        .expect("an answer");
    let Some(MessageResponse::FileDescriptorResponse(files)) = second.message_response else {
        panic!("{second:?}");
    };
    let file = prost_types::FileDescriptorProto::decode(&files.file_descriptor_proto[0][..]);
    let file = file.expect("a descriptor");
    let source = include_str!("../../../../proto/plasmid/bridge/v1/bridge.proto");
    let methods = source.lines().filter(|line| line.starts_with("  rpc "));
    assert_eq!(file.service[0].method.len(), methods.count());
    let mut health = HealthClient::new(net.channel.clone());
    let organs = ["", "plasmid.height", "plasmid.root", "plasmid.store"];
    for service in services.into_iter().chain(organs) {
        let request = HealthCheckRequest {
            service: service.into(),
        };
        let answer = health.check(request).await.expect("health").into_inner();
        assert_eq!(answer.status, 1, "{service} is serving");
    }
    let request = HealthCheckRequest {
        service: "nothing".into(),
    };
    refused(health.check(request).await, Code::NotFound, &[]);
    older_reflection(net, &services).await;
}

/// What clients of before 2023 ask for.
async fn older_reflection(net: &Net, services: &[&str]) {
    let asked = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(
            v1alpha::server_reflection_request::MessageRequest::ListServices(String::new()),
        ),
    };
    let mut client =
        v1alpha::server_reflection_client::ServerReflectionClient::new(net.channel.clone());
    let answers = client.server_reflection_info(tokio_stream::iter([asked]));
    let mut answers = answers.await.expect("reflection").into_inner();
    let answer = answers.message().await.expect("an answer");
    let Some(v1alpha::server_reflection_response::MessageResponse::ListServicesResponse(list)) =
        answer.expect("an answer").message_response
    else {
        panic!("no list of services");
    };
    let names: Vec<&str> = list.service.iter().map(|one| one.name.as_str()).collect();
    assert!(
        services.iter().all(|name| names.contains(name)),
        "{names:?}"
    );
}

/// The most memory that the node ever had, in kilobytes.
fn peak(net: &Net) -> u64 {
    let folder = fs::canonicalize(&net.folder).expect("the folder");
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let of_node = entries.filter(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let stands = fs::read_link(entry.path().join("cwd"));
        line.contains(" start ") && stands.is_ok_and(|at| at == folder)
    });
    let peaks = of_node.filter_map(|entry| {
        let status = fs::read_to_string(entry.path().join("status")).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    });
    peaks.max().expect("the node's process")
}

pub async fn hostile(net: &Net) {
    let before = peak(net);
    let submit = "/plasmid.ledger.v1.TransactionService/Submit";
    // Four gigabytes claimed, a few bytes sent, many times over.
    let claim = |bytes: u32| {
        let mut body = vec![0];
        body.extend(bytes.to_be_bytes());
        body.extend([7; 100]);
        body
    };
    let claims = [u32::MAX, 1 << 30, MAX_REQUEST_BYTES as u32 + 1];
    for claimed in claims {
        for _ in 0..20 {
            let answer = post(net, submit, claim(claimed)).await;
            assert_eq!(answer.code, Code::OutOfRange as i32, "{answer:?}");
            assert!(answer.words.contains("65536"), "{answer:?}");
        }
    }
    // A whole request that is too long, by HTTP/2; a stream in which one is.
    let long = vec![1; MAX_REQUEST_BYTES + 1];
    let request = SubmitRequest {
        transaction: long.clone(),
        replace: false,
    };
    let answer = TransactionServiceClient::new(net.channel.clone())
        .submit(request)
        .await;
    refused(answer, Code::OutOfRange, &["65536"]);
    let stream = [
        SubmitManyRequest {
            transaction: vec![1],
            replace: false,
        },
        SubmitManyRequest {
            transaction: long,
            replace: false,
        },
    ];
    let answer = TransactionServiceClient::new(net.channel.clone())
        .submit_many(tokio_stream::iter(stream))
        .await;
    refused(answer, Code::OutOfRange, &["65536"]);
    let account = "1".repeat(MAX_REQUEST_BYTES - 100);
    let request = GetAccountRequest { account };
    let answer = AccountServiceClient::new(net.channel.clone())
        .get_account(request)
        .await;
    assert_eq!(
        answer.expect_err("no account").code(),
        Code::InvalidArgument
    );
    // Bytes that are no protobuf, a frame cut short, one said to be compressed, paths that nobody serves.
    let junk = [
        &[0xff; 40][..],
        &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0x0a, 0x05, 1],
    ];
    for bytes in junk {
        let answer = call(net, submit, bytes).await;
        assert_eq!(answer.code, Code::Internal as i32, "{answer:?}");
        assert!(answer.words.contains("decode"), "{answer:?}");
    }
    let answer = post(net, submit, vec![0, 0, 0, 0, 9, 1]).await;
    assert_ne!(answer.code, 0, "{answer:?}");
    let answer = post(net, submit, vec![1, 0, 0, 0, 1, 1]).await;
    assert_eq!(answer.code, Code::Internal as i32, "{answer:?}");
    for path in [
        "/plasmid.ledger.v1.TransactionService/Steal",
        "/nothing.v1.Nothing/Nothing",
    ] {
        let answer = call(net, path, &[]).await;
        assert_eq!(answer.code, Code::Unimplemented as i32, "{answer:?}");
    }
    let after = peak(net);
    assert!(
        after - before < RAISE,
        "{before} kB before, {after} kB after"
    );
    assert_eq!(
        net.now().await.chain_id,
        net.status.chain_id,
        "the node goes on"
    );
}

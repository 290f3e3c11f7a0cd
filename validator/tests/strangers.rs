//! A node that writes whatever could steer a terminal into each of its answers, and one that is reached over TLS.

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::Output,
};

use plasmid_proto::{
    chain::v1::{
        GetBlockRequest, GetBlockResponse, GetParametersRequest, GetParametersResponse,
        GetStatusRequest, GetStatusResponse, GetSupplyRequest, GetSupplyResponse,
        ListBlocksRequest, ListBlocksResponse, ListValidatorsRequest, ListValidatorsResponse,
        ListVotesRequest, ListVotesResponse, Parameter,
        chain_service_server::{ChainService, ChainServiceServer},
    },
    ledger::v1::{
        Balance, GetAccountRequest, GetAccountResponse, ListBalancesRequest, ListBalancesResponse,
        ListTokensRequest, ListTokensResponse, Token,
        account_service_server::{AccountService, AccountServiceServer},
    },
};
use serde_json::Value;
use tonic::{
    Request, Response, Status,
    transport::{Identity, Server, ServerTlsConfig},
};

#[path = "program/mod.rs"]
mod program;

use program::{Stub, plasmid};

/// Clears the terminal, names its window, turns the writing direction, hides, and begins a line of its own.
const HOSTILE: &str = "US\u{1b}[2J\u{9b}2J\u{1b}]0;x\u{7}D\u{202e}C\u{200b}\u{feff}\r\nnext: send me money\u{2028}\u{7f}";
const ACCOUNT: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

type Answer<T> = Result<Response<T>, Status>;

fn hostile() -> String {
    HOSTILE.to_owned()
}

struct Stranger;

#[tonic::async_trait]
impl AccountService for Stranger {
    async fn get_account(&self, _: Request<GetAccountRequest>) -> Answer<GetAccountResponse> {
        Err(Status::unavailable(hostile()))
    }

    async fn list_balances(&self, _: Request<ListBalancesRequest>) -> Answer<ListBalancesResponse> {
        let balance = |decimals| Balance {
            token: hostile(),
            symbol: hostile(),
            decimals,
            amount: "7".into(),
        };
        Ok(Response::new(ListBalancesResponse {
            balances: [6, 0, 255, 256, u32::MAX].map(balance).to_vec(),
            next_page_token: hostile(),
            ..Default::default()
        }))
    }

    async fn list_tokens(&self, _: Request<ListTokensRequest>) -> Answer<ListTokensResponse> {
        let token = |symbol: String| Token {
            token: hostile(),
            symbol,
            decimals: u32::MAX,
            credited: hostile(),
            withdrawn: hostile(),
        };
        Ok(Response::new(ListTokensResponse {
            tokens: vec![token(hostile()), token("x".repeat(100_000))],
            ..Default::default()
        }))
    }
}

#[tonic::async_trait]
impl ChainService for Stranger {
    async fn get_status(&self, _: Request<GetStatusRequest>) -> Answer<GetStatusResponse> {
        Ok(Response::new(GetStatusResponse {
            chain_id: hostile(),
            version: hostile(),
            registry: hostile(),
            height: 5,
            ..Default::default()
        }))
    }

    async fn list_blocks(&self, _: Request<ListBlocksRequest>) -> Answer<ListBlocksResponse> {
        Err(Status::unimplemented("nobody asks"))
    }

    async fn list_votes(&self, _: Request<ListVotesRequest>) -> Answer<ListVotesResponse> {
        Err(Status::unimplemented("nobody asks"))
    }

    async fn get_block(&self, _: Request<GetBlockRequest>) -> Answer<GetBlockResponse> {
        Err(Status::not_found(hostile()))
    }

    async fn list_validators(
        &self,
        _: Request<ListValidatorsRequest>,
    ) -> Answer<ListValidatorsResponse> {
        Err(Status::internal(hostile()))
    }

    async fn get_supply(&self, _: Request<GetSupplyRequest>) -> Answer<GetSupplyResponse> {
        Err(Status::internal(hostile()))
    }

    async fn get_parameters(
        &self,
        _: Request<GetParametersRequest>,
    ) -> Answer<GetParametersResponse> {
        let parameter = Parameter {
            name: hostile(),
            value: hostile(),
        };
        Ok(Response::new(GetParametersResponse {
            parameters: vec![parameter],
        }))
    }
}

/// The stranger's node, with or without TLS; it ends with the test.
fn serve(tls: Option<ServerTlsConfig>) -> Stub {
    let mut server = Server::builder();
    if let Some(tls) = tls {
        server = server.tls_config(tls).expect("TLS");
    }
    program::serve(
        server
            .add_service(AccountServiceServer::new(Stranger))
            .add_service(ChainServiceServer::new(Stranger)),
    )
}

fn run(arguments: &[&str]) -> Output {
    plasmid(arguments).output().expect("it runs")
}

/// Nothing that steers a terminal or hides, and no line that the program did not begin.
fn assert_harmless(name: &str, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    for c in text.chars() {
        let harmless =
            c == '\n' || (!c.is_control() && !"\u{202e}\u{200b}\u{feff}\u{2028}".contains(c));
        assert!(harmless, "{name}: {c:?} in {text:?}");
    }
    let invented = |line: &str| line.trim_start().starts_with("next: send me");
    assert!(!text.lines().any(invented), "{name}: {text}");
}

#[test]
fn what_a_node_says_never_steers_the_terminal() {
    let stub = serve(None);
    let node = format!("http://{}", stub.address);
    let commands: [(&[&str], bool); 7] = [
        (&["status"], true),
        (&["query", "tokens"], true),
        (&["query", "balances", ACCOUNT], true),
        (&["query", "parameters"], true),
        (&["query", "account", ACCOUNT], false),
        (&["query", "block", "3"], false),
        (&["query", "validators"], false),
    ];
    for (command, works) in commands {
        let name = command.join(" ");
        let mut arguments = vec!["--node", &node];
        arguments.extend(command);
        let output = run(&arguments);
        assert_eq!(output.status.success(), works, "{name}: {output:?}");
        let said = [output.stdout.as_slice(), &output.stderr].concat();
        assert_harmless(&name, &said);
        let text = String::from_utf8(said).expect("UTF-8");
        assert!(
            text.contains("\\u{1b}[2J"),
            "{name}: it is not shown: {text}"
        );
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(
            widest < Some(20_000),
            "{name}: a line of {widest:?} characters"
        );

        arguments.extend(["--output", "json"]);
        let output = run(&arguments);
        assert_harmless(&name, &output.stdout);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let object: Value = serde_json::from_str(&text).expect("one JSON object");
        assert!(
            contains(&object),
            "{name}: a program reads the text as it is: {text}"
        );
    }
}

/// Whether the hostile text stands somewhere in it as it was sent.
fn contains(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(HOSTILE),
        Value::Array(list) => list.iter().any(contains),
        Value::Object(object) => object.values().any(contains),
        _ => false,
    }
}

/// A node of the root chain that answers every call with the hostile text as its error.
fn root() -> Stub {
    Stub::start(|listener| {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = Vec::new();
            let mut buffer = [0; 4_096];
            while !request.windows(4).any(|end| end == b"\r\n\r\n") || !request.ends_with(b"}") {
                match stream.read(&mut buffer) {
                    Ok(read) if read > 0 => request.extend(&buffer[..read]),
                    _ => break,
                }
            }
            let start = request.iter().position(|byte| *byte == b'{').unwrap_or(0);
            let asked: Value = serde_json::from_slice(&request[start..]).unwrap_or_default();
            let answer = serde_json::json!({
                "jsonrpc": "2.0", "id": asked["id"], "error": { "code": -32_000, "message": HOSTILE },
            })
            .to_string();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
                answer.len()
            );
        }
    })
}

#[test]
fn a_page_of_a_stranger_stands_in_no_command() {
    let stub = serve(None);
    let node = format!("http://{}", stub.address);
    let output = run(&["--node", &node, "query", "balances", ACCOUNT]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("there are more, but"), "{text}");
    assert!(!text.contains("--page"), "{text}");
}

#[test]
fn what_a_root_node_says_never_steers_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = folder
        .path()
        .join("network.toml")
        .to_string_lossy()
        .into_owned();
    let made = run(&["init", "plan", "--plan", &plan, "--operator", ACCOUNT]);
    assert!(made.status.success(), "{made:?}");
    let stub = root();
    let root = format!("http://{}/v3/0123abcd", stub.address);
    for form in ["text", "json"] {
        let output = run(&[
            "init", "status", "--plan", &plan, "--root", &root, "--output", form,
        ]);
        assert!(!output.status.success(), "{output:?}");
        let said = [output.stdout.as_slice(), &output.stderr].concat();
        assert_harmless(form, &said);
        let text = String::from_utf8(said).expect("UTF-8");
        assert!(text.contains("[2J") && text.contains("-32000"), "{text}");
        assert!(
            !text.contains("0123abcd"),
            "the provider's key is shown: {text}"
        );
    }
}

fn tls_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tls")
        .join(name)
}

#[test]
fn https_is_tls_that_is_checked_and_never_plain_text() {
    let read = |name: &str| fs::read(tls_file(name)).expect(name);
    // A key of these tests only, certified by an authority whose own key is gone.
    let identity = Identity::from_pem(read("certificate.pem"), read("key.pem"));
    let stub = serve(Some(ServerTlsConfig::new().identity(identity)));
    let port = stub.address.port();
    let status = |url: &str, authority: &str| {
        plasmid(&["--output", "json", "--node", url, "status"])
            .env("SSL_CERT_FILE", tls_file(authority))
            .env_remove("SSL_CERT_DIR")
            .output()
            .expect("it runs")
    };
    for host in ["localhost", "127.0.0.1"] {
        let output = status(&format!("https://{host}:{port}"), "authority.pem");
        assert!(output.status.success(), "{output:?}");
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(answer["height"], 5);
    }
    // Nobody whom this machine trusts vouches for it; and it takes no plain text.
    let unknown = status(&format!("https://localhost:{port}"), "certificate.pem");
    assert!(!unknown.status.success(), "{unknown:?}");
    let plain = status(&format!("http://localhost:{port}"), "authority.pem");
    assert!(!plain.status.success(), "{plain:?}");
}

#[test]
fn an_address_that_is_no_url_is_refused_before_anything_is_sent() {
    for (address, reason) in [
        ("127.0.0.1:9090", "http://HOST:PORT"),
        ("ftp://127.0.0.1:9090", "http://HOST:PORT"),
        (" http://127.0.0.1:9090", "blanks"),
        ("http://127.0.0.1:9090\n", "blanks"),
        ("http://127.0.0.1:0", "port 0"),
        ("http://0123abcd.example:0/0123abcd", "port 0"),
        ("", "http://HOST:PORT"),
    ] {
        let shared = run(&["init", "join", "--home", "h", "--share-with", address]);
        let said = String::from_utf8_lossy(&shared.stderr);
        assert!(!shared.status.success(), "--share-with {address:?}");
        assert!(said.contains(reason), "--share-with {address:?}: {said}");
        assert!(!said.contains("0123abcd"), "it may hold a key: {said}");
        for (option, variable) in [("--node", "PLASMID_NODE"), ("--root", "PLASMID_ROOT")] {
            let typed = run(&[option, address, "status"]);
            let set = plasmid(&["status"]).env(variable, address).output();
            for output in [typed, set.expect("it runs")] {
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(!output.status.success(), "{option} {address:?}");
                assert!(said.contains(reason), "{option} {address:?}: {said}");
                assert!(!said.contains("0123abcd"), "it may hold a key: {said}");
            }
        }
    }
}

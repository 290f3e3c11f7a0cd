//! The client against nodes that are slow, wrong, too talkative or rude.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(2),
        request: Duration::from_secs(2),
        answer_bytes: 4_096,
        attempts: 3,
        backoff: Duration::from_millis(5),
    }
}

/// A node that answers its nth request with the nth of these, and the last one from then on. `{id}` becomes the request's id.
async fn node(answers: Vec<String>) -> (Rpc, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 16_384];
            let length = stream.read(&mut request).await.unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..length]).into_owned();
            let id = text
                .split("\"id\":")
                .nth(1)
                .and_then(|rest| rest.split(',').next())
                .unwrap_or("0")
                .to_owned();
            let place = count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
            let answer = answers[place].replace("{id}", &id);
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (Rpc::new(&url, limits()).unwrap(), served)
}

fn http(status: &str, body: &str) -> String {
    // The longest id has as many digits as the placeholder.
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{body}"
    )
}

fn ok(result: &str) -> String {
    http(
        "200 OK",
        &format!("{{\"jsonrpc\":\"2.0\",\"id\":{{id}},\"result\":{result}}}"),
    )
}

#[tokio::test]
async fn a_good_answer_is_read() {
    let (rpc, _) = node(vec![ok("\"0x7a69\"")]).await;
    assert_eq!(rpc.chain_id().await.unwrap(), 31337);
}

#[tokio::test]
async fn loose_quantities_with_one_meaning_are_understood_and_others_are_malformed() {
    for loose in ["\"0x07a69\"", "\"0x0000000000007A69\"", "31337"] {
        let (rpc, _) = node(vec![ok(loose)]).await;
        assert_eq!(rpc.chain_id().await.unwrap(), 31337, "{loose}");
    }
    for loose in [
        "\"0x\"",
        "\"7a69\"",
        "\"31337\"",
        "\"0xzz\"",
        "31337.5",
        "-1",
        "null",
        "\"0x+1\"",
        "\"0X1\"",
        "\"0x10000000000000000\"",
        "[]",
        "\" 0x1\"",
    ] {
        let (rpc, _) = node(vec![ok(loose)]).await;
        let error = rpc.chain_id().await.unwrap_err();
        assert!(matches!(error, RpcError::Malformed(_)), "{loose}: {error}");
    }
}

#[tokio::test]
async fn answers_that_are_not_json_rpc_or_not_ours_are_malformed() {
    for body in [
        "",
        "nonsense",
        "[]",
        "{}",
        "{\"id\":0,\"result\":\"0x1\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":999999,\"result\":\"0x1\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":\"0x1\"}",
    ] {
        let (rpc, _) = node(vec![http("200 OK", body)]).await;
        let error = rpc.chain_id().await.unwrap_err();
        assert!(matches!(error, RpcError::Malformed(_)), "{body}: {error}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_shown() {
    for (body, shown) in [
        ("[7]", "not an object: [7]"),
        ("{\"id\":1,\"odd\":8}", "neither result nor error"),
        ("{\"id\":1,\"odd\":8}", "\"odd\":8"),
        ("{\"id\":2,\"result\":\"0x1\"}", "id 2 where 1"),
        ("{\"id\":1,\"result\":\"0x1z\"}", "0x1z"),
        (
            "{\"id\":1,\"result\":\"0x10000000000000000\"}",
            "above 64 bits: \"0x10000000000000000\"",
        ),
    ] {
        let (rpc, _) = node(vec![http("200 OK", body)]).await;
        let said = rpc.chain_id().await.unwrap_err().to_string();
        assert!(said.contains(shown), "{body}: {said}");
    }
}

#[tokio::test]
async fn a_body_past_the_limit_is_refused_with_and_without_a_declared_length() {
    let long = format!("\"0x{}\"", "00".repeat(4_000));
    let (streamed, _) = node(vec![ok(&long)]).await;
    assert!(matches!(
        streamed.chain_id().await.unwrap_err(),
        RpcError::TooLarge(4_096)
    ));
    let declared = "HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n{".to_owned();
    let (declared, _) = node(vec![declared]).await;
    assert!(matches!(
        declared.chain_id().await.unwrap_err(),
        RpcError::TooLarge(4_096)
    ));
}

#[tokio::test]
async fn rate_limits_are_waited_out_by_reads_and_reported_by_submissions() {
    let refused =
        http("429 Too Many Requests", "").replace("content-type", "retry-after: 0\r\ncontent-type");
    let (rpc, served) = node(vec![refused.clone(), refused.clone(), ok("\"0x1\"")]).await;
    assert_eq!(rpc.chain_id().await.unwrap(), 1);
    assert_eq!(served.load(Ordering::SeqCst), 3);
    let (rpc, served) = node(vec![refused]).await;
    assert!(matches!(
        rpc.submit(&[1]).await.unwrap_err(),
        RpcError::RateLimited(_)
    ));
    assert_eq!(
        served.load(Ordering::SeqCst),
        1,
        "a submission is never repeated here"
    );
}

#[tokio::test]
async fn a_server_error_is_tried_again_and_then_named() {
    let broken = http("503 Service Unavailable", "starting");
    let (rpc, _) = node(vec![broken.clone(), ok("\"0x2\"")]).await;
    assert_eq!(rpc.chain_id().await.unwrap(), 2);
    let (rpc, served) = node(vec![broken]).await;
    assert!(matches!(
        rpc.chain_id().await.unwrap_err(),
        RpcError::Status(503)
    ));
    assert_eq!(served.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_refusal_keeps_code_message_and_revert_data_and_is_not_repeated() {
    let body = "{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{\"code\":3,\"message\":\"execution reverted\",\"data\":\"0x08c379a0\"}}";
    let (rpc, served) = node(vec![http("200 OK", body)]).await;
    match rpc.chain_id().await.unwrap_err() {
        RpcError::Refused {
            code,
            message,
            data,
        } => {
            assert_eq!((code, message.as_str()), (3, "execution reverted"));
            assert_eq!(data.unwrap().as_ref(), [0x08, 0xc3, 0x79, 0xa0]);
        }
        other => panic!("{other}"),
    }
    assert_eq!(served.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_data_of_a_revert_is_found_among_the_words_of_older_nodes() {
    // Nethermind's issues 6024 and 11 of cowprotocol/watch-tower, 8813 (a selector and a word), and 2098.
    for (said, expected) in [
        (
            "\"Reverted 0x7a933234\"",
            Some(&[0x7a, 0x93, 0x32, 0x34][..]),
        ),
        ("\"Reverted 0x\"", Some(&[])),
        (
            "\"err: 0xdf2d9b42 (supplied gas 36000000)\"",
            Some(&[0xdf, 0x2d, 0x9b, 0x42]),
        ),
        ("\"err: revert (supplied gas 36000000)\"", None),
        ("\"revert\"", None),
        ("\"0x123\"", None),
        ("7", None),
    ] {
        let body = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{{id}},\"error\":{{\"code\":-32015,\"message\":\"VM execution error.\",\"data\":{said}}}}}"
        );
        let (rpc, _) = node(vec![http("200 OK", &body)]).await;
        match rpc.chain_id().await.unwrap_err() {
            RpcError::Refused { data, .. } => {
                assert_eq!(data.as_ref().map(AsRef::as_ref), expected, "{said}");
            }
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn silence_and_refused_connections_are_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let once = Limits {
        attempts: 1,
        ..limits()
    };
    let silent = Rpc::new(&format!("http://{address}"), once).unwrap();
    assert!(matches!(
        silent.chain_id().await.unwrap_err(),
        RpcError::Unreachable(_)
    ));
    drop(listener);
    let refused = silent.chain_id().await.unwrap_err();
    assert!(matches!(refused, RpcError::NoConnection(_)), "{refused}");
    assert!(!refused.may_have_arrived());
}

#[test]
fn addresses_that_cannot_be_called_are_refused_and_not_repeated() {
    for url in [
        "",
        "localhost:8545",
        "ftp://x",
        "http://",
        "file:///etc/passwd",
        "ws://host/0123abcd",
        "http://0123abcd host",
    ] {
        let error = Rpc::new(url, limits()).unwrap_err();
        assert!(matches!(error, RpcError::Address { .. }), "{url}: {error}");
        assert!(
            !format!("{error} {error:?}").contains("0123abcd"),
            "{url}: {error}"
        );
    }
}

#[test]
fn events_and_receipts_are_checked_field_by_field() {
    let good = serde_json::json!({
        "address": "0x1111111111111111111111111111111111111111", "topics": [], "data": "0x", "blockNumber": "0x1", "logIndex": "0x0"
    });
    assert_eq!(parse::logs(&serde_json::json!([good])).unwrap().len(), 1);
    for (field, value) in [
        ("address", serde_json::json!("0x11")),
        ("topics", serde_json::json!([1])),
        ("topics", serde_json::json!(["0x", "0x", "0x", "0x", "0x"])),
        ("data", serde_json::json!("0x1")),
        ("blockNumber", serde_json::json!("1")),
        ("logIndex", serde_json::json!(null)),
        ("removed", serde_json::json!(true)),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        assert!(parse::logs(&serde_json::json!([bad])).is_err(), "{field}");
    }
    assert!(parse::logs(&serde_json::json!({})).is_err());
    let hash = B256::repeat_byte(1);
    let other = serde_json::json!({ "transactionHash": B256::repeat_byte(2) });
    assert!(parse::receipt(&other, hash).is_err());
    assert_eq!(parse::receipt(&Value::Null, hash).unwrap(), None);
}

#[test]
fn receipts_that_a_strict_parser_dislikes_are_read_and_pending_ones_are_none() {
    let hash = B256::repeat_byte(1);
    let whole = serde_json::json!({
        "transactionHash": hash, "status": "0x1", "blockNumber": "0x07", "blockHash": B256::repeat_byte(2), "gasUsed": "0x5208",
        "effectiveGasPrice": "0x3b9aca00", "type": "0x2", "logs": [], "contractAddress": null,
    });
    let plain = parse::receipt(&whole, hash).unwrap().unwrap();
    assert_eq!((plain.block, plain.gas_price), (7, Some(1_000_000_000)));
    let changes: [(&str, Value); 9] = [
        ("status", serde_json::json!("0x01")),
        ("status", serde_json::json!(1)),
        ("blockNumber", serde_json::json!(7)),
        ("gasUsed", Value::Null),
        ("effectiveGasPrice", Value::Null),
        ("type", serde_json::json!(2)),
        ("type", serde_json::json!("two")),
        ("transactionHash", Value::Null),
        ("logsBloom", serde_json::json!("0x0")),
    ];
    for (field, value) in changes {
        let mut odd = whole.clone();
        odd[field] = value.clone();
        let read = parse::receipt(&odd, hash).unwrap().unwrap();
        assert!(read.succeeded && read.block == 7, "{field} {value}");
    }
    for field in ["blockNumber", "blockHash"] {
        let mut pending = whole.clone();
        pending[field] = Value::Null;
        assert_eq!(parse::receipt(&pending, hash).unwrap(), None, "{field}");
    }
    for (field, value) in [("status", Value::Null), ("logs", Value::Null)] {
        let mut wrong = whole.clone();
        wrong[field] = value;
        assert!(parse::receipt(&wrong, hash).is_err(), "{field}");
    }
}

#[test]
fn the_calldata_of_a_block_is_what_calls_the_contract_also_where_it_failed() {
    let (to, other) = (Address::repeat_byte(1), Address::repeat_byte(2));
    let block = serde_json::json!({ "transactions": [
        { "to": other, "input": "0x01" },
        { "to": null, "input": "0x02" },
        { "to": to, "input": "0x03", "status": "whatever" },
        { "input": "0x04" },
        { "to": to, "input": "0x" },
    ] });
    let found = parse::calldata(&block, to).unwrap();
    assert_eq!(found, [Bytes::from(vec![3]), Bytes::new()]);
    for wrong in [
        serde_json::json!({}),
        serde_json::json!({ "transactions": "0x" }),
        serde_json::json!({ "transactions": [{ "to": to }] }),
        serde_json::json!({ "transactions": [{ "to": "0x1", "input": "0x" }] }),
        // Of a node that gives hashes alone, though it was asked for more.
        serde_json::json!({ "transactions": [B256::ZERO] }),
    ] {
        assert!(parse::calldata(&wrong, to).is_err(), "{wrong}");
    }
}

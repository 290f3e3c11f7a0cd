//! How the nodes that a watcher reads are called, and what is left out of their blocks.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};

use super::*;

#[test]
fn two_engines_on_one_host_are_two_places_whatever_their_order_and_no_key_is_shown() {
    let urls = [
        "https://host.example/secret-one",
        "https://host.example/secret-two",
        "https://host.example:26657",
        "http://127.0.0.1:1",
        "http://127.0.0.1:2",
    ];
    let told = places(&urls);
    let distinct: std::collections::BTreeSet<&String> = told.iter().collect();
    assert_eq!(distinct.len(), urls.len(), "{told:?}");
    assert!(
        told.iter().all(|place| !place.contains("secret")),
        "{told:?}"
    );
    // One that shares its name with nobody is called as everywhere.
    assert_eq!(told[3], "http://127.0.0.1:1");
    let turned: Vec<&str> = urls.iter().rev().copied().collect();
    let mut again = places(&turned);
    again.reverse();
    assert_eq!(again, told);
}

/// An engine that answers everything with what is no JSON.
async fn garbage() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4_096]).await;
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>";
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn what_was_taken_of_a_block_that_is_left_out_hides_no_evidence_of_the_next_one() {
    let (news, mut told) = mpsc::channel(8);
    let mut engine = Engine {
        client: Client::with_url(garbage().await).expect("an address"),
        node: 3,
        chain: String::new(),
        next: 7,
        tries: 0,
        taken: 2,
        news,
    };
    for _ in 1..MAX_TRIES {
        assert!(engine.read_evidence().await.is_err());
        assert_eq!(engine.taken, 2);
    }
    assert!(engine.read_evidence().await.is_ok());
    assert_eq!((engine.tries, engine.taken), (0, 0));
    let skipped = |one: Option<ChildNews>| match one {
        Some(ChildNews::Skipped { node, from, to }) => (node, from, to),
        _ => panic!("it tells something else"),
    };
    assert_eq!(skipped(told.recv().await), (3, 7, 7));
    // So it is where an engine has deleted blocks.
    engine.taken = 2;
    assert!(engine.skip(20).await.is_ok());
    assert_eq!(engine.taken, 0);
    assert_eq!(skipped(told.recv().await), (3, 7, 20));
}

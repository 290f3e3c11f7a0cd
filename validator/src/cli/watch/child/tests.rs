//! How the nodes that a watcher reads are called, and what is left out of their blocks.

use serde_json::Value;
use tokio::sync::mpsc;

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

/// Pages that are taken one after the other.
fn reader(news: mpsc::Sender<ChildNews>) -> VoteReader {
    let channel = endpoint("http://127.0.0.1:1").expect("an address");
    VoteReader {
        source: VoteSource::Node(channel.connect_lazy()),
        node: 3,
        chain: "a chain".into(),
        next: 7,
        tries: 0,
        taken: 2,
        news,
    }
}

fn skipped(one: Option<ChildNews>) -> (usize, u64, u64) {
    match one {
        Some(ChildNews::Skipped { node, from, to }) => (node, from, to),
        _ => panic!("it tells something else"),
    }
}

#[tokio::test]
async fn what_was_taken_of_a_block_that_is_left_out_hides_no_evidence_of_the_next_one() {
    let (news, mut told) = mpsc::channel(8);
    let mut reader = reader(news);
    let page = VotesPage {
        chain: "a chain".into(),
        oldest: 1,
        newest: 30,
        unreadable: Some("it is no JSON".into()),
        ..VotesPage::default()
    };
    let again = |page: &VotesPage| VotesPage {
        chain: page.chain.clone(),
        unreadable: page.unreadable.clone(),
        commits: page.commits.clone(),
        evidence: page.evidence.clone(),
        ..*page
    };
    for _ in 1..MAX_TRIES {
        assert!(reader.take(again(&page)).await.is_err());
        assert_eq!((reader.next, reader.taken), (7, 2));
    }
    assert!(reader.take(page).await.is_ok());
    assert_eq!((reader.next, reader.tries, reader.taken), (8, 0, 0));
    assert_eq!(skipped(told.recv().await), (3, 7, 7));
    // So it is where an engine has deleted blocks.
    reader.taken = 2;
    assert!(reader.skip(20).await.is_ok());
    assert_eq!(reader.taken, 0);
    assert_eq!(skipped(told.recv().await), (3, 8, 20));
}

/// What it shows beyond its own page moves nothing, and a block that it has not read to the end is asked for again.
#[tokio::test]
async fn a_node_that_lies_about_heights_has_no_block_left_out_but_its_own() {
    let (news, _told) = mpsc::channel(64);
    let mut reader = reader(news);
    reader.taken = 0;
    let piece = || Value::from("no vote");
    let page = |last, evidence: &[u64]| VotesPage {
        chain: "a chain".into(),
        oldest: 1,
        newest: 1_000,
        last,
        evidence: evidence.iter().map(|height| (*height, piece())).collect(),
        ..VotesPage::default()
    };
    // A part of block 9.
    assert!(reader.take(page(8, &[7, 9, 9])).await.is_ok());
    assert_eq!((reader.next, reader.taken), (9, 2));
    // Pieces of blocks before it, and of blocks far behind it, are none of this page.
    assert!(reader.take(page(0, &[3, 900])).await.is_err());
    assert_eq!((reader.next, reader.taken), (9, 2));
    assert!(reader.take(page(u64::MAX, &[])).await.is_ok());
    assert_eq!((reader.next, reader.taken), (9 + PAGE, 0));
    let other = VotesPage {
        chain: "another".into(),
        ..page(40, &[])
    };
    assert!(reader.take(other).await.is_err());
    assert_eq!(reader.next, 9 + PAGE);
}

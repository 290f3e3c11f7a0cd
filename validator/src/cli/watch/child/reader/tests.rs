//! What is left out of the blocks of a node that is read, and that nothing else is.

use serde_json::Value;
use tokio::sync::mpsc;

use super::*;
use crate::cli::watch::votes::tests::{attack, chain_commit};
use crate::client::endpoint;

/// Pages that are taken one after the other.
fn reader(news: mpsc::Sender<ChildNews>) -> VoteReader {
    let channel = endpoint("http://127.0.0.1:1").expect("an address");
    VoteReader {
        source: VoteSource::Node(channel.connect_lazy()),
        node: 3,
        chain: "a chain".into(),
        next: 7,
        floor: 5,
        tries: 0,
        lacks: 0,
        taken: 2,
        attacks_told: 0,
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

/// A claim of blocks that are not there, in one answer or in the file of a watcher that believed it, is no end of the reading.
#[tokio::test]
async fn a_node_that_takes_back_what_it_claimed_is_read_again() {
    let (news, mut told) = mpsc::channel(64);
    let mut reader = reader(news);
    let page = |oldest, newest| VotesPage {
        chain: "a chain".into(),
        oldest,
        newest,
        last: newest,
        ..VotesPage::default()
    };
    // It has none yet of those that are waited for: that is no lie.
    for newest in [0, 4, 6] {
        assert!(matches!(reader.take(page(1, newest)).await, Ok(false)));
        assert_eq!((reader.next, reader.taken), (7, 2));
    }
    let far = 1 << 63;
    assert!(reader.take(page(far, far)).await.is_ok());
    assert_eq!(skipped(told.recv().await), (3, 7, far - 1));
    assert_eq!(reader.next, far + 1);
    // Others behind one address may lag by a page.
    assert!(matches!(
        reader.take(page(1, far + 1 - PAGE)).await,
        Ok(false)
    ));
    // One of several behind one address that lacks much, and is asked for nineteen in twenty answers.
    for answer in 0..100 {
        let newest = match answer % MAX_LACKS {
            0 => far,
            _ => 12,
        };
        assert!(matches!(reader.take(page(1, newest)).await, Ok(false)));
    }
    assert!(matches!(reader.take(page(1, far)).await, Ok(false)));
    for _ in 1..MAX_LACKS {
        assert!(matches!(reader.take(page(1, 12)).await, Ok(false)));
        assert_eq!(reader.next, far + 1);
    }
    let Err(Stopped::Silent(said)) = reader.take(page(1, 12)).await else {
        panic!("it is read on");
    };
    assert!(
        said.contains("names block 12") && said.contains("from block 5 on"),
        "{said}"
    );
    assert_eq!((reader.next, reader.taken), (5, 0));
    assert!(reader.take(page(1, 12)).await.is_ok());
    assert_eq!(reader.next, 13);
    // Below its first block nothing is ever asked again.
    reader.next = 5;
    assert!(matches!(reader.take(page(1, 0)).await, Ok(false)));
}

/// Of an attack each key's two votes are handed over, and the commit that came with it is compared with nothing else. What an attack has none of is said, a few times.
#[tokio::test]
async fn an_attack_on_light_clients_is_handed_over_vote_by_vote() {
    let (news, mut told) = mpsc::channel(64);
    let mut reader = reader(news);
    reader.taken = 0;
    let page = |commits: Vec<Value>| VotesPage {
        chain: "a chain".into(),
        oldest: 1,
        newest: 1_000,
        last: 6,
        evidence: vec![(7, attack())],
        commits,
        ..VotesPage::default()
    };
    let accused = tokio::spawn(async move {
        let (mut accused, mut troubles) = (Vec::new(), 0);
        while let Some(one) = told.recv().await {
            match one {
                ChildNews::Accuses {
                    statement, taken, ..
                } => {
                    taken.send(true).expect("it is waited for");
                    accused.push(statement);
                }
                ChildNews::Trouble(_) => troubles += 1,
                ChildNews::Read { .. } => {}
                _ => panic!("it tells something else"),
            }
        }
        (accused, troubles)
    });
    assert!(reader.take(page(vec![chain_commit()])).await.is_ok());
    assert_eq!((reader.next, reader.taken), (7, 1));
    for _ in 0..MAX_ATTACKS_TOLD + 5 {
        assert!(reader.take(page(Vec::new())).await.is_ok());
    }
    drop(reader);
    let (accused, troubles) = accused.await.expect("it ends");
    assert_eq!(accused.len(), 1);
    assert_eq!(troubles, MAX_ATTACKS_TOLD);
}

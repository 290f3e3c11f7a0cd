//! Which root blocks are read again, and what a restart knows of them.

use super::*;
use crate::client::wallet::tests::node::Said;
use crate::relay::seen::Which;

fn carried(number: u64) -> Bytes {
    let one = checkpoint(0, number);
    submission(&one, &certified(&one))
}

fn certificates(said: &[WatchNotice]) -> usize {
    let is = |one: &&WatchNotice| {
        matches!(
            one,
            WatchNotice::Found {
                kind: "certificates",
                ..
            }
        )
    };
    said.iter().filter(is).count()
}

/// The book is lost with the process, and the position behind the certificate's block is not.
#[tokio::test]
async fn a_restart_knows_a_certificate_that_was_read_before_root_accepted_one_of_its_epoch() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = root(0, vec![carried(2)]);
    let node = endpoint(&chain).await;
    let mut first = watcher(&node, None, folder.path()).await;
    looks(&mut first, 20).await;
    assert_eq!(first.kept.calldata, 310);
    assert!(first.save(&mut |_: &WatchNotice| {}));
    drop(first);
    accepts(&chain, &checkpoint(0, 1), 311);
    {
        let mut chain = chain.lock().expect("nobody panics");
        (chain.newest, chain.time) = (312, 5_024);
    }
    let mut second = watcher(&node, None, folder.path()).await;
    let said = looks(&mut second, 20).await;
    assert_eq!(certificates(&said), 1, "{said:?}");
    // What was compared is not read again.
    assert!(second.kept.later.is_empty());
}

/// Garbage of the epochs before it takes no turn of the block that shows what can be judged.
#[tokio::test]
async fn one_that_waits_in_the_book_takes_no_turn_and_is_compared_when_root_accepts_another_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = root(0, Vec::new());
    for block in 280..300 {
        let carried = vec![carried(2)];
        chain
            .lock()
            .expect("nobody panics")
            .submissions
            .insert(block, carried);
    }
    let node = endpoint(&chain).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    looks(&mut watcher, 20).await;
    let blocks = node.asked("eth_getBlockByNumber");
    looks(&mut watcher, 4).await;
    // Only the newest block was asked for.
    assert_eq!(node.asked("eth_getBlockByNumber") - blocks, 8);
    accepts(&chain, &checkpoint(0, 2), 311);
    chain.lock().expect("nobody panics").newest = 312;
    let said = looks(&mut watcher, 4).await;
    assert!(watcher.kept.later.is_empty());
    assert_eq!(certificates(&said), 0);
}

#[tokio::test]
async fn what_one_endpoint_alone_calls_accepted_is_kept_until_the_other_one_does_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let (honest, liar) = (root(0, vec![carried(2)]), root(0, vec![carried(2)]));
    accepts(&honest, &checkpoint(0, 1), 290);
    accepts(&liar, &checkpoint(0, 2), 290);
    let (other, node) = (endpoint(&honest).await, endpoint(&liar).await);
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    watcher.kept.calldata = 299;
    let said = looks(&mut watcher, 20).await;
    assert_eq!(certificates(&said), 0);
    assert!(watcher.cases.is_empty());
    // It was read, and a restart reads it again: then the endpoint tells the truth.
    assert_eq!(watcher.kept.calldata, 310);
    assert!(watcher.save(&mut |_: &WatchNotice| {}));
    drop(watcher);
    accepts(&liar, &checkpoint(0, 1), 290);
    let mut watcher = super::watcher(&node, Some(&other), folder.path()).await;
    let said = looks(&mut watcher, 4).await;
    assert_eq!(certificates(&said), 1, "{said:?}");
}

#[tokio::test]
async fn a_reorganisation_while_no_watcher_ran_is_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = root(0, Vec::new());
    let node = endpoint(&chain).await;
    let mut first = watcher(&node, None, folder.path()).await;
    looks(&mut first, 20).await;
    assert!(first.save(&mut |_: &WatchNotice| {}));
    let there = first
        .wallet
        .rpc()
        .block(Which::Number(310))
        .await
        .expect("root answers");
    let hash = there.expect("a block").hash;
    assert_eq!((first.kept.calldata, first.kept.calldata_hash), (310, hash));
    drop(first);
    {
        let mut chain = chain.lock().expect("nobody panics");
        (chain.newest, chain.branch) = (320, 1);
        chain.submissions.insert(305, vec![carried(1), carried(2)]);
    }
    let mut second = watcher(&node, None, folder.path()).await;
    let said = looks(&mut second, 24).await;
    assert_eq!(certificates(&said), 1, "{said:?}");
    assert_eq!(second.kept.calldata, 320);
}

#[tokio::test]
async fn a_reorganisation_to_a_shorter_chain_while_no_watcher_ran_is_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = root(0, Vec::new());
    let node = endpoint(&chain).await;
    let mut first = watcher(&node, None, folder.path()).await;
    looks(&mut first, 20).await;
    assert!(first.save(&mut |_: &WatchNotice| {}));
    assert_eq!(first.kept.calldata, 310);
    drop(first);
    {
        let mut chain = chain.lock().expect("nobody panics");
        (chain.newest, chain.branch) = (305, 1);
        chain.submissions.insert(301, vec![carried(1), carried(2)]);
    }
    let mut second = watcher(&node, None, folder.path()).await;
    let said = looks(&mut second, 24).await;
    assert_eq!(certificates(&said), 1, "{said:?}");
    assert_eq!(second.kept.calldata, 305);
    // A node that is a block behind now and then has nothing read again in the same process.
    chain.lock().expect("nobody panics").newest = 304;
    looks(&mut second, 1).await;
    assert_eq!(second.kept.calldata, 304);
}

#[tokio::test]
async fn a_node_that_never_answers_holds_no_set_back_that_another_one_serves() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = endpoint(&root(0, vec![carried(1), carried(2)])).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    let names = vec!["a hole".to_owned(), "a node".to_owned()];
    watcher.child = Arc::new(OneNode(names, Some(members())));
    let said = looks(&mut watcher, 20).await;
    assert_eq!(certificates(&said), 1, "{said:?}");
    assert!(watcher.asking.is_empty());
    // Where no other one serves it, what came meanwhile is judged without it.
    watcher.sets.clear();
    watcher.asked.clear();
    serves(&mut watcher, None);
    watcher.hand_over("a file", two_shares(0));
    looks(&mut watcher, 2).await;
    assert_eq!((watcher.asking.len(), watcher.docket.len()), (1, 1));
    assert_eq!(watcher.kept.calldata, 310);
}

/// One who pays for garbage in as many blocks as an epoch has room for stops neither the reading nor another epoch.
#[tokio::test]
async fn an_epoch_whose_room_is_full_holds_up_neither_reading_nor_other_epochs() {
    let folder = tempfile::tempdir().expect("a folder");
    let early = |epoch: u64| submission(&checkpoint(epoch, 1), &certified(&checkpoint(0, 1)));
    let pointless = submission(
        &checkpoint(8, 1),
        &Certificate {
            signature: [1; 192],
            ..certified(&checkpoint(0, 1))
        },
    );
    let chain = root(
        0,
        vec![early(5), early(6), pointless, carried(1), carried(2)],
    );
    let node = endpoint(&chain).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    watcher.kept.later.insert(5, (1_000..5_096).collect());
    let said = looks(&mut watcher, 20).await;
    assert_eq!(
        (certificates(&said), ignored(&said)),
        (1, vec![5]),
        "{said:?}"
    );
    assert_eq!(watcher.kept.calldata, 310);
    assert!(!watcher.kept.later[&5].contains(&300));
    assert!(watcher.kept.later[&6].contains(&300));
    // What is no signature is kept for no set.
    assert!(!watcher.kept.later.contains_key(&8));
}

/// How often it is said that a place is silent, and that it answers again.
fn silent_and_back(said: &[WatchNotice], node: &Node) -> (usize, usize) {
    let silent =
        |one: &&WatchNotice| matches!(one, WatchNotice::Silent { place, .. } if *place == node.url);
    let back =
        |one: &&WatchNotice| matches!(one, WatchNotice::Back { place } if *place == node.url);
    let silent = said.iter().filter(silent).count();
    (silent, said.iter().filter(back).count())
}

#[tokio::test]
async fn a_block_that_an_endpoint_refuses_holds_up_no_report_and_the_endpoint_is_named_once() {
    for is_second in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let chains = [0, 1].map(|_| root(0, vec![carried(1), carried(2)]));
        let (node, other) = (endpoint(&chains[0]).await, endpoint(&chains[1]).await);
        let refused = Said::Error("this block is none of yours");
        let untold = |said: BTreeMap<u64, Said>| {
            let mut chain = chains[usize::from(is_second)]
                .lock()
                .expect("nobody panics");
            chain.untold = said;
        };
        untold(BTreeMap::from([(290, refused)]));
        let mut watcher = watcher(&node, Some(&other), folder.path()).await;
        watcher.kept.calldata = 280;
        watcher.hand_over("a file", two_shares(2));
        let mut said = Vec::new();
        for _ in 0..6 {
            let mut hear = |notice: &WatchNotice| said.push(notice.clone());
            let done = watcher.try_look(&mut hear).await;
            assert!(done, "{said:?}");
        }
        assert_eq!(watcher.kept.calldata, 289);
        let sent = |one: &WatchNotice| matches!(one, WatchNotice::WouldSend { .. });
        assert!(said.iter().any(sent), "{said:?}");
        let (erring, fine) = match is_second {
            true => (&other, &node),
            false => (&node, &other),
        };
        assert_eq!(silent_and_back(&said, erring), (1, 0), "{said:?}");
        assert_eq!(silent_and_back(&said, fine), (0, 0), "{said:?}");
        untold(BTreeMap::new());
        let said = looks(&mut watcher, 6).await;
        assert_eq!(silent_and_back(&said, erring), (0, 1), "{said:?}");
        assert_eq!((certificates(&said), watcher.kept.calldata), (1, 310));
    }
}

#[tokio::test]
async fn a_block_that_an_endpoint_lacks_for_a_moment_is_read_when_it_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = root(0, vec![carried(1), carried(2)]);
    let node = endpoint(&chain).await;
    let untold = |said: &[Said]| {
        let said = said.iter().map(|said| (300, said.clone()));
        chain.lock().expect("nobody panics").untold = said.collect();
    };
    let absent = [Said::Result("null".into())];
    untold(&absent);
    let mut watcher = watcher(&node, None, folder.path()).await;
    watcher.kept.calldata = 290;
    serves(&mut watcher, None);
    let said = looks(&mut watcher, 3).await;
    assert_eq!(silent_and_back(&said, &node), (1, 0), "{said:?}");
    assert_eq!(watcher.kept.calldata, 299);
    // It is there, and nobody knows the set yet: it waits to be read again.
    untold(&[]);
    let said = looks(&mut watcher, 3).await;
    assert_eq!(silent_and_back(&said, &node), (0, 1), "{said:?}");
    let kept = BTreeMap::from([(0, BTreeSet::from([300]))]);
    assert_eq!((watcher.kept.calldata, &watcher.kept.later), (310, &kept));
    untold(&absent);
    serves(&mut watcher, Some(members()));
    watcher.asked.clear();
    let mut said = looks(&mut watcher, 3).await;
    assert_eq!((certificates(&said), &watcher.kept.later), (0, &kept));
    untold(&[]);
    chain.lock().expect("nobody panics").newest = 311;
    said.extend(looks(&mut watcher, 3).await);
    assert_eq!(certificates(&said), 1, "{said:?}");
    assert_eq!(silent_and_back(&said, &node), (1, 1), "{said:?}");
}

#[tokio::test]
async fn a_block_that_is_never_given_again_is_kept_no_longer_than_reports_of_its_epoch_are_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = accepted();
    {
        let mut chain = chain.lock().expect("nobody panics");
        let absent = [250, 251].map(|number| (number, Said::Result("null".into())));
        chain.untold = BTreeMap::from(absent);
    }
    let node = endpoint(&chain).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    watcher.kept.calldata = 300;
    let kept = BTreeMap::from([(0, BTreeSet::from([250])), (1, BTreeSet::from([251]))]);
    watcher.kept.later = kept.clone();
    looks(&mut watcher, 3).await;
    assert_eq!(watcher.kept.later, kept);
    accepts(&chain, &checkpoint(1, 1), 311);
    accepts(&chain, &checkpoint(2, 1), 312);
    {
        let mut chain = chain.lock().expect("nobody panics");
        (chain.newest, chain.time) = (312, 100_000);
    }
    looks(&mut watcher, 3).await;
    assert!(watcher.kept.first_epoch > 1);
    assert!(!watcher.kept.later.contains_key(&0));
}

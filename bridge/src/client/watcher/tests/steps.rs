//! Which step is taken when: where checkpoints never come, where somebody else's reveal stands in a pool, and where an endpoint refuses.

use tokio::sync::oneshot;

use super::super::root::REORGANISED;

use super::*;
use crate::client::wallet::tests::node::Said;

fn would_send(said: &[WatchNotice], name: &str) -> bool {
    let is =
        |one: &WatchNotice| matches!(one, WatchNotice::WouldSend { step, .. } if *step == name);
    said.iter().any(is)
}

/// Root never accepts the checkpoint that closes reports: they close as if it had been accepted when exit mode began, and nobody pays for one behind that.
#[tokio::test]
async fn reports_of_an_epoch_whose_next_checkpoint_never_comes_close_with_the_deployment() {
    // Reports stay open for 1,000 seconds, and root's blocks are of second 5,000.
    for (exit_at, is_open) in [(0, true), (4_500, true), (3_999, false)] {
        let folder = tempfile::tempdir().expect("a folder");
        let chain = root(0, Vec::new());
        chain.lock().expect("nobody panics").exit_at = exit_at;
        let node = endpoint(&chain).await;
        let mut watcher = watcher(&node, None, folder.path()).await;
        // One answer ends nothing: root says so for some blocks.
        looks(&mut watcher, 1).await;
        chain.lock().expect("nobody panics").newest = 310 + REORGANISED;
        watcher.hand_over("a file", two_shares(2));
        let said = looks(&mut watcher, 8).await;
        let late = |one: &WatchNotice| matches!(one, WatchNotice::Late { epoch: 1, .. });
        assert_eq!(said.iter().any(late), !is_open, "{exit_at}: {said:?}");
        assert_eq!(would_send(&said, "commit"), is_open, "{exit_at}: {said:?}");
        assert_eq!(watcher.docket.len(), 0);
    }
    // What was found before that is let go of as soon as no report is taken any more: no commitment is paid for it.
    let folder = tempfile::tempdir().expect("a folder");
    let chain = root(0, Vec::new());
    let node = endpoint(&chain).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    watcher.hand_over("a file", two_shares(2));
    looks(&mut watcher, 2).await;
    for newest in [400, 399 + REORGANISED, 400 + REORGANISED] {
        assert_eq!(watcher.cases.len(), 1);
        {
            let mut chain = chain.lock().expect("nobody panics");
            (chain.exit_at, chain.newest) = (3_999, newest);
        }
        looks(&mut watcher, 4).await;
    }
    assert!(watcher.cases.is_empty());
    assert_eq!(watcher.kept.first_epoch, 0, "nothing is accepted yet");
}

/// Whoever claims epochs of which nobody knows who signs fills no room with them, and holds back nothing that others say.
#[tokio::test]
async fn statements_of_epochs_far_away_take_no_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = root(0, Vec::new());
    let node = endpoint(&chain).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    looks(&mut watcher, 1).await;
    let mut accuses = |statement: DoubleStatement| {
        let (taken, mut answer) = oneshot::channel();
        let node = 0;
        let news = ChildNews::Accuses {
            node,
            statement,
            taken,
        };
        watcher.hear(news, &mut |_: &WatchNotice| {});
        (
            answer.try_recv().expect("it is answered"),
            watcher.docket.len(),
        )
    };
    let far = |epoch: u64| {
        let checkpoints = [checkpoint(epoch, 1), checkpoint(epoch, 2)];
        DoubleStatement::Shares(Box::new(TwoShares {
            number: 2,
            checkpoints,
            shares: [[0; 192]; 2],
        }))
    };
    for epoch in [63, 64, 1 << 40, u64::MAX - 1] {
        assert_eq!(accuses(far(epoch)), (false, 0), "{epoch}");
    }
    assert_eq!(accuses(far(62)), (true, 1));
    assert_eq!(accuses(two_shares(2)), (true, 2));
    // Behind the end nobody ever can judge them: nothing is read again for them.
    watcher.end.exit_at = Some(watcher.root_time - 1);
    let (taken, mut answer) = oneshot::channel();
    let news = ChildNews::Accuses {
        node: 0,
        statement: far(64),
        taken,
    };
    watcher.hear(news, &mut |_: &WatchNotice| {});
    assert_eq!(answer.try_recv(), Ok(true));
    assert_eq!(watcher.docket.len(), 2);
}

/// What is in a pool may be in no block ever: a reveal waits for it a few blocks in all, however often it comes back, and an endpoint that tells nothing of its pool
/// holds nothing back.
#[tokio::test]
async fn a_reveal_waits_for_another_one_in_the_pool_for_three_blocks_in_all() {
    let mut first = None;
    for (in_pool, refuses) in [(false, false), (true, false), (true, true)] {
        let folder = tempfile::tempdir().expect("a folder");
        let chain = root(0, Vec::new());
        let node = endpoint(&chain).await;
        let mut watcher = watcher(&node, None, folder.path()).await;
        watcher.hand_over("a file", two_shares(2));
        looks(&mut watcher, 2).await;
        {
            let mut chain = chain.lock().expect("nobody panics");
            chain.committed = Some(311);
            chain.refuses[0] = refuses.then_some(Said::Error("the pool is not shown"));
        }
        let sent = 'found: {
            for number in 311..330 {
                {
                    let mut chain = chain.lock().expect("nobody panics");
                    // It is not there in each block.
                    (chain.newest, chain.pool_reveals) = (number, in_pool && number % 4 != 1);
                }
                let said = looks(&mut watcher, 1).await;
                let silent = |one: &WatchNotice| matches!(one, WatchNotice::Silent { .. });
                assert!(!said.iter().any(silent), "{said:?}");
                if would_send(&said, "reveal") {
                    break 'found number;
                }
            }
            panic!("it is never sent");
        };
        let alone = *first.get_or_insert(sent);
        let most = match in_pool && !refuses {
            true => alone + 3,
            false => alone,
        };
        assert!((alone..=most).contains(&sent), "{alone} {sent}");
        assert!(refuses || !in_pool || sent > alone, "it did not wait");
    }
}

/// An endpoint's refusal of one step in words that nobody knows ends no look: what stands behind it is read and judged.
#[tokio::test]
async fn a_step_that_an_endpoint_refuses_ends_no_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = root(0, Vec::new());
    chain.lock().expect("nobody panics").refuses[1] =
        Some(Said::Error("gas required exceeds allowance (0)"));
    let node = endpoint(&chain).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    watcher.hand_over("a file", two_shares(2));
    let said = looks(&mut watcher, 3).await;
    let silent = |one: &WatchNotice| matches!(one, WatchNotice::Silent { .. });
    assert!(!said.iter().any(silent), "{said:?}");
    let trouble = |one: &&WatchNotice| matches!(one, WatchNotice::Trouble(reason) if reason.contains("exceeds allowance"));
    assert_eq!(said.iter().filter(trouble).count(), 1, "{said:?}");
    let mut done = 0;
    for _ in 0..4 {
        done += usize::from(watcher.try_look(&mut |_: &WatchNotice| {}).await);
    }
    assert_eq!(done, 4);
    watcher.hand_over("a file", two_shares(1));
    let said = looks(&mut watcher, 3).await;
    let found = |one: &WatchNotice| matches!(one, WatchNotice::Found { .. });
    assert!(said.iter().any(found), "{said:?}");
}

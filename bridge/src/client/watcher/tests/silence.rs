//! A second endpoint of root that says nothing, and what the first one may then have the watcher do alone.

use super::endpoints::{disagrees, found, moves_on};
use super::*;
use crate::client::wallet::tests::node::Said;

/// Root blocks for which a report waits where a reveal has 16.
const BLOCKS: u64 = 3;

fn mute(chain: &endpoint::Root, said: Option<Said>) {
    chain.lock().expect("nobody panics").mute = said;
}

fn alone(said: &[WatchNotice]) -> usize {
    let is = |one: &&WatchNotice| matches!(one, WatchNotice::Alone { .. });
    said.iter().filter(is).count()
}

fn would_send(said: &[WatchNotice]) -> bool {
    let is = |one: &WatchNotice| matches!(one, WatchNotice::WouldSend { .. });
    said.iter().any(is)
}

/// Whoever keeps its answers back stops no report for ever, and has nothing let go of.
#[tokio::test]
async fn a_second_endpoint_that_says_nothing_holds_a_report_back_for_a_few_blocks_alone() {
    for said_instead in [Said::Error("not for you"), Said::Silence] {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, silenced) = (root(0, Vec::new()), root(0, Vec::new()));
        let (node, other) = (endpoint(&first).await, endpoint(&silenced).await);
        let mut watcher = watcher(&node, Some(&other), folder.path()).await;
        let patience = Duration::from_millis(50);
        watcher.silence.waits(Duration::from_secs(3_600), patience);
        mute(&silenced, Some(said_instead));
        watcher.hand_over("a file", two_shares(2));
        for newest in 310..310 + BLOCKS {
            first.lock().expect("nobody panics").newest = newest;
            let said = looks(&mut watcher, 3).await;
            assert_eq!((found(&said), alone(&said)), (0, 0), "{said:?}");
        }
        first.lock().expect("nobody panics").newest = 310 + BLOCKS;
        let said = looks(&mut watcher, 3).await;
        assert_eq!((found(&said), alone(&said)), (1, 1), "{said:?}");
        assert!(would_send(&said), "{said:?}");
        // That it says that all is over is not enough.
        {
            let mut first = first.lock().expect("nobody panics");
            (first.newest, first.accepted) = (320, 10_000);
        }
        looks(&mut watcher, 3).await;
        assert_eq!(watcher.kept.cases.len(), 1);
        // It is back, and says something else: nothing is sent by one word any more.
        first.lock().expect("nobody panics").accepted = 1;
        mute(&silenced, None);
        moves_on([&first, &silenced], 330);
        watcher.hand_over("a file", two_shares(3));
        let said = looks(&mut watcher, 3).await;
        assert!(disagrees(&said) && !would_send(&said), "{said:?}");
        // It says the same: that it says nothing again is said again.
        first.lock().expect("nobody panics").accepted = 0;
        moves_on([&first, &silenced], 331);
        looks(&mut watcher, 3).await;
        assert!(watcher.silence.is_over());
        mute(&silenced, Some(Said::Error("not for you")));
        for newest in [332, 340] {
            first.lock().expect("nobody panics").newest = newest;
            let said = looks(&mut watcher, 2).await;
            assert_eq!(alone(&said), usize::from(newest == 340), "{said:?}");
        }
    }
}

/// Whoever has the first one in its hands makes nobody pay as long as the second one has a word: another one, or that it goes on without such blocks.
#[tokio::test]
async fn a_first_endpoint_that_lies_has_nothing_sent_while_the_second_one_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let (liar, honest) = (root(0, Vec::new()), root(0, Vec::new()));
    let (node, other) = (endpoint(&liar).await, endpoint(&honest).await);
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    let (after, patience) = (Duration::from_secs(3_600), Duration::from_secs(10));
    watcher.silence.waits(after, patience);
    watcher.hand_over("a file", two_shares(2));
    liar.lock().expect("nobody panics").branch = 1;
    for newest in [311, 330, 390] {
        moves_on([&liar, &honest], newest);
        let said = looks(&mut watcher, 2).await;
        assert_eq!((found(&said), alone(&said)), (0, 0), "{said:?}");
    }
    // It runs ahead of the truth.
    for (ahead, newest) in [(1_000, 391), (1_100, 392), (1_200, 393)] {
        liar.lock().expect("nobody panics").newest = ahead;
        honest.lock().expect("nobody panics").newest = newest;
        let said = looks(&mut watcher, 2).await;
        assert_eq!((found(&said), alone(&said)), (0, 0), "{said:?}");
    }
    // One that stands still is as good as silent.
    watcher.silence.waits(Duration::ZERO, patience);
    for (ahead, expected) in [(1_300, 0), (1_300 + BLOCKS, 1)] {
        liar.lock().expect("nobody panics").newest = ahead;
        let said = looks(&mut watcher, 2).await;
        assert_eq!(
            (found(&said), alone(&said)),
            (expected, expected),
            "{said:?}"
        );
    }
}

/// What is paid by one word is counted by what was signed, whatever that one says of it, and ends at half of the budget.
#[tokio::test]
async fn one_endpoints_word_alone_costs_no_more_than_its_part_of_the_budget() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, silenced) = (root(0, Vec::new()), root(0, Vec::new()));
    let (node, other) = (endpoint(&first).await, endpoint(&silenced).await);
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    watcher.options.dry_run = false;
    mute(&silenced, Some(Said::Error("not for you")));
    watcher.hand_over("a file", two_shares(2));
    looks(&mut watcher, 1).await;
    first.lock().expect("nobody panics").newest = 310 + BLOCKS;
    let said = looks(&mut watcher, 3).await;
    let sent = |one: &WatchNotice| matches!(one, WatchNotice::Sent { .. });
    assert!(said.iter().any(sent), "{said:?}");
    let [signed] = node.submitted().try_into().expect("one transaction");
    let most = U256::from(signed.gas_limit) * U256::from(signed.max_fee_per_gas);
    let sending = watcher.kept.sending.clone().expect("it is on its way");
    assert_eq!(sending.alone, Some(most));
    // The endpoint says that it cost next to nothing, and that root has no commitment: the next one would go over what one word may cost.
    watcher.options.budget = Some((most + most).to());
    {
        let mut first = first.lock().expect("nobody panics");
        (first.newest, first.nonce) = (340, 8);
    }
    let said = looks(&mut watcher, 3).await;
    assert_eq!((watcher.kept.spent, watcher.kept.alone), (most, most));
    let over = |one: &WatchNotice| matches!(one, WatchNotice::OverBudget { left, is_alone: true, .. } if left.is_zero());
    assert!(said.iter().any(over), "{said:?}");
    assert_eq!(node.submitted().len(), 1);
    // A restart knows what was paid.
    drop(watcher);
    let mut watcher = super::watcher(&node, Some(&other), folder.path()).await;
    assert_eq!(watcher.kept.alone, most);
    // With a word of the other one the rest of the budget is there.
    watcher.options.budget = Some((most + most + most).to());
    {
        let mut silenced = silenced.lock().expect("nobody panics");
        (silenced.newest, silenced.nonce, silenced.mute) = (340, 8, None);
    }
    let said = looks(&mut watcher, 2).await;
    assert!(!said.iter().any(over), "{said:?}");
}

/// Reading goes on by one word, and what both are to read is read again once the other one is back.
#[tokio::test]
async fn calldata_is_read_on_by_one_word_and_its_position_stays_where_both_were() {
    let folder = tempfile::tempdir().expect("a folder");
    let carried = |number| {
        let one = checkpoint(0, number);
        submission(&one, &certified(&one))
    };
    let (first, silenced) = (root(0, vec![carried(1)]), root(0, vec![carried(1)]));
    first
        .lock()
        .expect("nobody panics")
        .submissions
        .insert(305, vec![carried(2)]);
    let (node, other) = (endpoint(&first).await, endpoint(&silenced).await);
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    watcher.kept.calldata = 290;
    mute(&silenced, Some(Said::Error("not for you")));
    looks(&mut watcher, 3).await;
    assert_eq!(
        (watcher.kept.calldata, found(&looks(&mut watcher, 1).await)),
        (290, 0)
    );
    first.lock().expect("nobody panics").newest = 310 + BLOCKS;
    let said = looks(&mut watcher, 4).await;
    assert_eq!((watcher.kept.calldata, found(&said)), (290, 1), "{said:?}");
    mute(&silenced, None);
    moves_on([&first, &silenced], 320);
    looks(&mut watcher, 4).await;
    assert_eq!((watcher.kept.calldata, watcher.ahead), (320, None));
}

/// It answers all but one kind of question, and so has a word of other things in each look.
#[tokio::test]
async fn a_second_endpoint_that_is_silent_on_one_view_alone_holds_evidence_back_for_a_few_blocks() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, silenced) = (root(0, Vec::new()), root(0, Vec::new()));
    let (node, other) = (endpoint(&first).await, endpoint(&silenced).await);
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    let view = IRootChain::genesisSetsCall::SELECTOR;
    silenced.lock().expect("nobody panics").mute_view = Some(view);
    watcher.hand_over("a file", two_shares(2));
    let silent = |one: &&WatchNotice| matches!(one, WatchNotice::Silent { .. });
    let mut all = Vec::new();
    for newest in 310..310 + BLOCKS {
        moves_on([&first, &silenced], newest);
        let said = looks(&mut watcher, 3).await;
        assert_eq!((found(&said), alone(&said)), (0, 0), "{said:?}");
        all.extend(said);
    }
    moves_on([&first, &silenced], 310 + BLOCKS);
    all.extend(looks(&mut watcher, 3).await);
    let lines = all.iter().filter(silent).count();
    assert_eq!((found(&all), alone(&all), lines), (1, 1, 1), "{all:?}");
}

/// It goes on, one block behind the first one for ever.
#[tokio::test]
async fn a_second_endpoint_that_stays_a_block_behind_on_the_same_chain_holds_evidence_back_for_a_few_blocks()
 {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, late) = (root(0, Vec::new()), root(0, Vec::new()));
    let (node, other) = (endpoint(&first).await, endpoint(&late).await);
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    watcher.hand_over("a file", two_shares(2));
    for newest in 310..=310 + BLOCKS {
        first.lock().expect("nobody panics").newest = newest;
        late.lock().expect("nobody panics").newest = newest - 1;
        let said = looks(&mut watcher, 3).await;
        let expected = usize::from(newest == 310 + BLOCKS);
        assert_eq!(
            (found(&said), alone(&said)),
            (expected, expected),
            "{said:?}"
        );
    }
}

/// What is invented in calldata is confirmed a bounded number of times in a look, and reading moves on within its block.
#[tokio::test]
async fn a_block_of_garbage_is_read_in_parts_and_evidence_is_judged_meanwhile() {
    let folder = tempfile::tempdir().expect("a folder");
    let garbage = (0..60).map(|epoch| {
        let one = checkpoint(epoch, 7);
        submission(&one, &certified(&checkpoint(epoch, 8)))
    });
    let carried: Vec<Bytes> = garbage.collect();
    let chains = [0, 1].map(|_| root(0, carried.clone()));
    for chain in &chains {
        for epoch in 0..60 {
            accepts(chain, &checkpoint(epoch, 1), 200);
        }
        chain.lock().expect("nobody panics").time = 100_000;
    }
    let (node, other) = (endpoint(&chains[0]).await, endpoint(&chains[1]).await);
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    watcher.kept.calldata = 299;
    let mut newest = 310;
    let mut looked = 0;
    while watcher.kept.calldata < 300 {
        newest += 1;
        looked += 1;
        moves_on([&chains[0], &chains[1]], newest);
        let before = other.asked("eth_call");
        looks(&mut watcher, 1).await;
        let asked = other.asked("eth_call") - before;
        assert!(asked < 160, "{asked}");
        assert!(looked < 10, "{looked}");
    }
    assert!(looked > 1, "{looked}");
}

//! Two endpoints of root, of which one lies now and then, stands still, or refuses a block.

use super::*;
use crate::client::wallet::tests::node::Said;

pub(super) fn found(said: &[WatchNotice]) -> usize {
    let is = |one: &&WatchNotice| matches!(one, WatchNotice::Found { .. });
    said.iter().filter(is).count()
}

pub(super) fn disagrees(said: &[WatchNotice]) -> bool {
    said.iter()
        .any(|one| matches!(one, WatchNotice::Disagree { .. }))
}

pub(super) fn moves_on(chains: [&endpoint::Root; 2], newest: u64) {
    for chain in chains {
        chain.lock().expect("nobody panics").newest = newest;
    }
}

/// Shares over two checkpoints of an epoch that nobody made.
fn invented(epoch: u64, number: u16) -> DoubleStatement {
    DoubleStatement::Shares(Box::new(TwoShares {
        number,
        checkpoints: [checkpoint(epoch, 1), checkpoint(epoch, 2)],
        shares: [[0; 192]; 2],
    }))
}

/// It says that all is over when something is decided, and the truth when that is confirmed.
#[tokio::test]
async fn an_endpoint_that_answers_alternately_has_no_evidence_let_go_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let (honest, liar) = (root(0, Vec::new()), root(0, Vec::new()));
    {
        let mut liar = liar.lock().expect("nobody panics");
        (liar.alternates, liar.heads) = (Some(10_000), 1);
    }
    let (other, node) = (endpoint(&honest).await, endpoint(&liar).await);
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    watcher.hand_over("a file", two_shares(2));
    // The newest block is the same for two looks: the second look decides by the first answer too.
    let said = looks(&mut watcher, 2).await;
    assert_eq!((watcher.docket.len(), found(&said)), (1, 0), "{said:?}");
    assert!(disagrees(&said), "{said:?}");
    assert_eq!(liar.lock().expect("nobody panics").heads, 2);
    // In the next block it tells the truth first: the evidence is taken up, and stays when it lies again.
    for newest in 311..319 {
        moves_on([&honest, &liar], newest);
        looks(&mut watcher, 1).await;
    }
    assert_eq!((watcher.docket.len(), watcher.cases.len()), (0, 1));
}

/// What was read of it is compared with the second endpoint's word, not what it says when it is asked again.
#[tokio::test]
async fn an_endpoint_that_showed_another_checkpoint_makes_no_case_of_it_by_telling_the_truth_later()
{
    let folder = tempfile::tempdir().expect("a folder");
    let carried = |number| {
        let one = checkpoint(0, number);
        submission(&one, &certified(&one))
    };
    let (honest, liar) = (root(0, vec![carried(2)]), root(0, vec![carried(2)]));
    accepts(&honest, &checkpoint(0, 3), 290);
    accepts(&liar, &checkpoint(0, 1), 290);
    let (other, node) = (endpoint(&honest).await, endpoint(&liar).await);
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    let said = looks(&mut watcher, 1).await;
    assert_eq!((found(&said), watcher.records.read()), (0, 310), "{said:?}");
    accepts(&liar, &checkpoint(0, 3), 290);
    for newest in 311..351 {
        moves_on([&honest, &liar], newest);
        looks(&mut watcher, 1).await;
        let named = watcher.cases.values().map(|case| &case.evidence);
        for evidence in named {
            let one = evidence.named(&DEPLOYMENT).expect("two certificates");
            assert_eq!(one.digest(), checkpoint(0, 3).digest());
        }
    }
    // It is read again, and the true offence is found.
    assert_eq!(watcher.cases.len(), 1);
}

#[tokio::test]
async fn accusations_that_are_invented_ask_the_second_endpoint_a_bounded_number_of_times() {
    let folder = tempfile::tempdir().expect("a folder");
    let (honest, liar) = (root(0, Vec::new()), root(10_000, Vec::new()));
    let (other, node) = (endpoint(&honest).await, endpoint(&liar).await);
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    for epoch in 0..512 {
        watcher.hand_over("a node", invented(epoch, 0));
    }
    let said = looks(&mut watcher, 2).await;
    let asked = other.asked("eth_call");
    assert!((1..32).contains(&asked), "{asked}");
    assert_eq!(watcher.docket.len(), 512, "{said:?}");
    // Of epochs of which each has words of its own to be confirmed, a few are judged in a look.
    for chain in [&honest, &liar] {
        for epoch in 0..60 {
            accepts(chain, &checkpoint(epoch, 1), 200);
        }
        let mut chain = chain.lock().expect("nobody panics");
        (chain.accepted, chain.newest, chain.time) = (60, 311, 100_000);
    }
    let before = other.asked("eth_call");
    looks(&mut watcher, 1).await;
    let asked = other.asked("eth_call") - before;
    assert!((1..160).contains(&asked), "{asked}");
}

#[tokio::test]
async fn what_comes_too_late_is_said_for_a_place_with_a_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = endpoint(&root(10_000, Vec::new())).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    for epoch in 0..512 {
        watcher.hand_over("a node", invented(epoch, 0));
    }
    watcher.hand_over("a file", invented(3, 1));
    let said = looks(&mut watcher, 2).await;
    let late = said.iter().filter_map(|one| match one {
        WatchNotice::Late { place, epochs, .. } => Some((place.as_str(), *epochs)),
        _ => None,
    });
    let (of_node, of_file): (Vec<_>, Vec<_>) = late.partition(|(place, _)| *place == "a node");
    let counts: Vec<u64> = of_node.iter().map(|(_, epochs)| *epochs).collect();
    assert_eq!(counts, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
    assert_eq!((of_file, watcher.docket.len()), (vec![("a file", 1)], 0));
}

/// It is kept aside until no reorganisation can take the reveal away.
#[tokio::test]
async fn evidence_of_an_offence_that_somebody_else_revealed_is_kept_until_that_is_old() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = root(0, Vec::new());
    let offence = OffenceId {
        epoch: 1,
        operator: Address::repeat_byte(3),
    };
    chain
        .lock()
        .expect("nobody panics")
        .revealed
        .insert(offence, 309);
    let node = endpoint(&chain).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    watcher.hand_over("a file", two_shares(2));
    let said = looks(&mut watcher, 3).await;
    assert_eq!((watcher.docket.len(), found(&said)), (1, 0), "{said:?}");
    // A reorganisation takes it away, and the evidence is there.
    {
        let mut chain = chain.lock().expect("nobody panics");
        (chain.newest, chain.branch) = (312, 1);
        chain.revealed.clear();
    }
    let said = looks(&mut watcher, 3).await;
    assert_eq!((watcher.docket.len(), found(&said)), (0, 1), "{said:?}");
    // Of another one whose reveal stays, nothing is kept in the end.
    let other = OffenceId {
        operator: Address::repeat_byte(2),
        ..offence
    };
    chain
        .lock()
        .expect("nobody panics")
        .revealed
        .insert(other, 312);
    chain.lock().expect("nobody panics").newest = 313;
    watcher.hand_over("a file", two_shares(1));
    looks(&mut watcher, 1).await;
    assert_eq!(watcher.docket.len(), 1);
    chain.lock().expect("nobody panics").newest = 312 + 256;
    let said = looks(&mut watcher, 1).await;
    assert_eq!((watcher.docket.len(), found(&said)), (0, 0), "{said:?}");
}

fn stills(said: &[WatchNotice]) -> Vec<(u64, Option<&str>)> {
    let of = |one: &'_ WatchNotice| matches!(one, WatchNotice::Still { .. });
    let still = said.iter().filter(|one| of(one));
    still
        .filter_map(|one| match one {
            WatchNotice::Still { block, other, .. } => Some((*block, other.as_deref())),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn an_endpoint_that_stands_still_is_said_once_and_the_second_one_goes_on_and_lets_go_of_nothing()
 {
    let folder = tempfile::tempdir().expect("a folder");
    let (stuck, alive) = (root(0, Vec::new()), root(0, Vec::new()));
    let (node, other) = (endpoint(&stuck).await, endpoint(&alive).await);
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    looks(&mut watcher, 2).await;
    watcher.still.waits(Duration::ZERO, || 5_000);
    // Both stand still: that is said, and nothing else can be done.
    let said = looks(&mut watcher, 3).await;
    assert_eq!(stills(&said), [(310, None)], "{said:?}");
    alive.lock().expect("nobody panics").newest = 330;
    let said = looks(&mut watcher, 1).await;
    let place = watcher.wallet.rpc().place();
    assert_eq!(stills(&said), [(310, Some(&*place))], "{said:?}");
    assert!(other.url.starts_with(&place));
    watcher.still.waits(Duration::from_secs(3_600), || 5_000);
    // Evidence is taken up and would be sent by the word of the one that goes on.
    watcher.hand_over("a file", two_shares(2));
    let said = looks(&mut watcher, 3).await;
    let sent = |one: &WatchNotice| matches!(one, WatchNotice::WouldSend { .. });
    assert_eq!((found(&said), said.iter().any(sent)), (1, true), "{said:?}");
    assert!(!disagrees(&said), "{said:?}");
    // That it says that all is over is not enough.
    {
        let mut alive = alive.lock().expect("nobody panics");
        (alive.newest, alive.accepted) = (331, 10_000);
    }
    looks(&mut watcher, 3).await;
    assert_eq!(watcher.kept.cases.len(), 1);
    // The other one goes on, and does not have the blocks of the one that is asked first: nothing is sent by that one's word any more.
    {
        let mut stuck = stuck.lock().expect("nobody panics");
        stuck.newest = 320;
    }
    watcher.hand_over("a file", two_shares(3));
    let said = looks(&mut watcher, 3).await;
    assert_eq!(
        (found(&said), said.iter().any(sent)),
        (0, false),
        "{said:?}"
    );
    // It comes back, and says the same.
    {
        let mut stuck = stuck.lock().expect("nobody panics");
        (stuck.newest, stuck.accepted) = (332, 10_000);
    }
    alive.lock().expect("nobody panics").newest = 332;
    looks(&mut watcher, 3).await;
    assert!(watcher.silence.is_over());
}

/// A look takes long, because the second endpoint answers late: it is not gone on with for that.
#[tokio::test]
async fn an_endpoint_that_goes_on_is_not_left_for_one_that_makes_looks_last_long() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, late) = (root(0, Vec::new()), root(0, Vec::new()));
    let (node, other) = (endpoint(&first).await, endpoint(&late).await);
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    looks(&mut watcher, 2).await;
    let rpc = Arc::clone(watcher.wallet.rpc());
    late.lock().expect("nobody panics").newest = 330;
    for (newest, expected) in [(311, 0), (311, 1)] {
        first.lock().expect("nobody panics").newest = newest;
        watcher.still.waits(Duration::from_secs(600), || 5_000);
        watcher.still.stood(Duration::from_secs(700));
        let mut said = Vec::new();
        watcher
            .go_on(&rpc, &mut |notice| said.push(notice.clone()))
            .await;
        assert_eq!(stills(&said).len(), expected, "{said:?}");
        let is_left = watcher.wallet.rpc().place() != rpc.place();
        assert_eq!(is_left, expected == 1);
    }
}

/// It shows new blocks, which are old ones.
#[tokio::test]
async fn an_endpoint_that_is_far_behind_the_clock_is_left_for_one_that_is_not_and_for_no_other() {
    for (is_fresh, expected) in [(false, 310), (true, 900)] {
        let folder = tempfile::tempdir().expect("a folder");
        let (slow, other) = (root(0, Vec::new()), root(0, Vec::new()));
        {
            let mut other = other.lock().expect("nobody panics");
            other.newest = 900;
            // A machine whose clock is wrong finds all endpoints behind it.
            other.time = if is_fresh { 9_000 } else { 5_000 };
        }
        let (node, second) = (endpoint(&slow).await, endpoint(&other).await);
        let mut watcher = watcher(&node, Some(&second), folder.path()).await;
        watcher
            .still
            .waits(Duration::from_secs(3_600), || 5_000 + 899);
        assert_eq!(stills(&looks(&mut watcher, 2).await), []);
        watcher
            .still
            .waits(Duration::from_secs(3_600), || 5_000 + 900);
        let said = looks(&mut watcher, 3).await;
        let told: Vec<bool> = stills(&said)
            .iter()
            .map(|(_, other)| other.is_some())
            .collect();
        assert_eq!(told, [is_fresh], "{said:?}");
        assert_eq!(watcher.records.read(), expected);
    }
}

#[tokio::test]
async fn a_block_that_an_endpoint_refuses_for_ever_holds_the_others_back_for_64_blocks_alone() {
    for is_second in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let chains = [0, 1].map(|_| root(0, Vec::new()));
        let (node, other) = (endpoint(&chains[0]).await, endpoint(&chains[1]).await);
        let refused = Said::Error("this block is none of yours");
        let refusing = &chains[usize::from(is_second)];
        let untold = BTreeMap::from([(300, refused)]);
        refusing.lock().expect("nobody panics").untold = untold;
        let mut watcher = watcher(&node, Some(&other), folder.path()).await;
        watcher.kept.calldata = 299;
        looks(&mut watcher, 2).await;
        assert_eq!(watcher.kept.calldata, 299);
        moves_on([&chains[0], &chains[1]], 310 + 63);
        looks(&mut watcher, 2).await;
        assert_eq!(watcher.kept.calldata, 299);
        moves_on([&chains[0], &chains[1]], 310 + 64);
        let said = looks(&mut watcher, 6).await;
        let blind = |one: &&WatchNotice| {
            matches!(
                one,
                WatchNotice::Blind {
                    from: 300,
                    to: 300,
                    ..
                }
            )
        };
        assert_eq!(said.iter().filter(blind).count(), 1, "{said:?}");
        assert_eq!(watcher.kept.calldata, 310 + 64);
    }
}

/// Each block is refused for a while, and given when the next one is refused.
#[tokio::test]
async fn an_endpoint_that_refuses_blocks_in_turn_holds_the_others_back_for_64_blocks_in_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let chains = [0, 1].map(|_| root(0, Vec::new()));
    let (node, other) = (endpoint(&chains[0]).await, endpoint(&chains[1]).await);
    let refuses = |number| {
        let refused = Said::Error("this block is none of yours");
        chains[1].lock().expect("nobody panics").untold = BTreeMap::from([(number, refused)]);
    };
    let mut watcher = watcher(&node, Some(&other), folder.path()).await;
    watcher.kept.calldata = 299;
    let mut said = Vec::new();
    for turn in 0..9 {
        refuses(300 + turn);
        moves_on([&chains[0], &chains[1]], 310 + 7 * turn);
        said.extend(looks(&mut watcher, 2).await);
        assert_eq!(watcher.kept.calldata, 299 + turn);
    }
    refuses(309);
    moves_on([&chains[0], &chains[1]], 310 + 64);
    said.extend(looks(&mut watcher, 6).await);
    assert_eq!(watcher.kept.calldata, 310 + 64);
    let lines = |is: fn(&WatchNotice) -> bool| said.iter().filter(|one| is(one)).count();
    assert_eq!(lines(|one| matches!(one, WatchNotice::Silent { .. })), 1);
    assert_eq!(
        lines(|one| matches!(one, WatchNotice::Blind { from: 309, .. })),
        1,
        "{said:?}"
    );
    // What it refuses from now on is waited for again.
    refuses(375);
    moves_on([&chains[0], &chains[1]], 376);
    looks(&mut watcher, 2).await;
    assert_eq!(watcher.kept.calldata, 374);
    refuses(500);
    let said = looks(&mut watcher, 2).await;
    assert_eq!(watcher.kept.calldata, 376);
    let back = |one: &WatchNotice| matches!(one, WatchNotice::Back { .. });
    assert!(said.iter().any(back), "{said:?}");
}

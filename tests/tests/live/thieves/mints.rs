//! Two thirds that mint to themselves: every link and every signature of what they checkpoint is right, and its state is not.

use std::time::Instant;

use super::*;

/// The first thing that a watcher said of a segment, as far as root can be shown it.
fn false_segment(said: &[WatchNotice]) -> Option<(u64, bool, String)> {
    said.iter().find_map(|notice| match notice {
        WatchNotice::Broken {
            epoch,
            rule,
            is_provable,
            reason,
            ..
        } if rule == "bad_segment" => Some((*epoch, *is_provable, reason.clone())),
        _ => None,
    })
}

/// Whatever segment of records or native transactions they mint in, behind whatever is sound: the watcher shows it, and root voids exactly that checkpoint.
#[tokio::test(flavor = "multi_thread")]
async fn who_mints_to_itself_loses_the_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let scene = Scene::new(folder.path()).await;
    let mut snapshot = scene.snapshot().await;
    let places = [(0, (3, 1)), (0, (0, 0)), (1, (15, 2)), (2, (7, 1))];
    for (number, (epoch, mint)) in places.into_iter().enumerate() {
        let mut chain = scene.chain();
        for sound in 0..epoch {
            chain.add(sound, |_| {});
        }
        chain.add_minted(epoch, Some(mint), |_| {});
        // What stands behind it falls with it.
        chain.add(epoch + 1, |_| {});
        scene.carry(&chain).await;
        let node = Node::start(chain, None).await;
        let watched = folder.path().join(format!("watch {number}"));
        let began = Instant::now();
        let (said, told) = (std::cell::Cell::new(None), &began);
        let all = scene
            .watch(&watched, &[&node], |one| {
                if matches!(one, WatchNotice::Broken { .. }) && said.get().is_none() {
                    said.set(Some(told.elapsed()));
                }
                is_void(one)
            })
            .await;
        let (block, segment) = mint;
        let (found, is_provable, reason) = false_segment(&all).expect("it is found");
        assert_eq!((found, is_provable), (epoch, true), "case {number}");
        assert_eq!(
            reason,
            format!(
                "segment {segment} is not what its record says: it leaves another state than its record says"
            )
        );
        println!(
            "case {number}, block {block}: from the start of the watcher to the alarm {:?}",
            said.get().expect("it was told")
        );
        assert_eq!(broken(&all).len(), 1, "case {number}: {all:?}");
        assert_eq!(scene.void_from().await, Some(epoch), "case {number}");
        assert_eq!(scene.nonce().await, 1, "case {number}");
        scene.revert(&snapshot).await;
        snapshot = scene.snapshot().await;
    }
}

/// What root does not judge yet is told loudly, and nobody pays for it.
#[tokio::test(flavor = "multi_thread")]
async fn what_root_cannot_judge_is_said_and_not_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let scene = Scene::new(folder.path()).await;
    let mut chain = scene.chain();
    chain.add(0, |_| {});
    chain.add_minted(1, Some((15, 3)), |_| {});
    scene.carry(&chain).await;
    let node = Node::start(chain, None).await;
    let watched = folder.path().join("watch");
    let is_broken = |one: &WatchNotice| matches!(one, WatchNotice::Broken { .. });
    let said = scene.watch(&watched, &[&node], is_broken).await;
    let wanted = "segment 3 of block 15 of epoch 1 is not what its record says and cannot be judged on root: it has a transaction that courts do not judge yet";
    let found = false_segment(&said);
    assert_eq!(found, Some((1, false, wanted.to_owned())));
    assert_eq!((scene.nonce().await, scene.void_from().await), (0, None));
}

/// A watcher that comes later begins with the last final state, which it believes no node; without any state it says so, and one that was killed needs nobody's again.
#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_begins_with_the_final_state_that_nodes_show_and_goes_on_with_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut scene = Scene::new(folder.path()).await;
    scene.knows_genesis = false;
    let mut chain = scene.chain();
    chain.add(0, |_| {});
    chain.add(1, |_| {});
    let withheld = |one: &WatchNotice| match one {
        WatchNotice::Withheld { reason, .. } => reason.contains("--genesis"),
        _ => false,
    };
    scene.carry(&chain).await;
    let honest = Node::start(chain.clone(), None).await;
    let watched = folder.path().join("no genesis");
    let said = scene.watch(&watched, &[&honest], withheld).await;
    assert_eq!(broken(&said), []);
    // Both become final, and the next one is accepted behind them.
    let stage = &scene.stage;
    let checkpoints = chain.epochs.iter().map(|one| one.checkpoint).collect();
    let thieves = Thieves { stage, checkpoints };
    let carries = relayer(stage, &scene.anvil, "carrier").await;
    let is_final = |notice: &Notice| matches!(notice, Notice::PaidFinal { epoch: 1, succeeded, .. } if *succeeded);
    run_until(carries, &thieves, is_final).await;
    chain.add(2, |_| {});
    chain.add_minted(3, Some((3, 1)), |_| {});
    let mut sound = chain.clone();
    sound.epochs.truncate(3);
    scene.carry(&sound).await;
    let liar = Node::start(sound.clone(), Some(node::LEAVES)).await;
    let honest = Node::start(sound.clone(), None).await;
    let watched = folder.path().join("watch");
    // Which of several nodes is asked first depends on who answers sooner: one that shows another state is found out where it is the only one.
    let is_lie = |one: &WatchNotice| matches!(one, WatchNotice::Lie { .. });
    let said = scene.watch(&watched, &[&liar], is_lie).await;
    assert!(!said.iter().any(|one| is_sound(one, 2)), "{said:?}");
    assert_eq!(broken(&said), []);
    let said = scene
        .watch(&watched, &[&liar, &honest], |one| is_sound(one, 2))
        .await;
    assert_eq!(broken(&said), []);
    // What it came to stands in its folder: no node shows a state any more.
    scene.carry(&chain).await;
    let thief = Node::start(chain, Some(node::LEAVES)).await;
    let said = scene.watch(&watched, &[&thief], is_void).await;
    assert_eq!(broken(&said), [(3, "bad_segment".to_owned())]);
    assert!(!said.iter().any(is_lie), "{said:?}");
    assert_eq!((scene.nonce().await, scene.void_from().await), (1, Some(3)));
}

/// However many checkpoints are open when a watcher starts, it comes to the one that is final first before any other: two thirds that mint there gain nothing by the others.
#[tokio::test(flavor = "multi_thread")]
async fn who_minted_in_the_oldest_of_many_open_checkpoints_loses_them_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let scene = Scene::new(folder.path()).await;
    let mut chain = scene.chain();
    chain.add_minted(0, Some((15, 2)), |_| {});
    for behind in 1..36 {
        chain.add(behind, |_| {});
    }
    scene.carry(&chain).await;
    // Whatever it asks of the others is withheld, and said once it is asked for.
    let thief = Node::start(chain, Some(node::FIRST_ALONE)).await;
    let watched = folder.path().join("watch");
    let said = scene.watch(&watched, &[&thief], is_void).await;
    let says = |wanted: fn(&WatchNotice) -> bool| said.iter().position(wanted);
    let found = says(|one| {
        matches!(
            one,
            WatchNotice::Broken {
                epoch: 0,
                is_provable: true,
                ..
            }
        )
    });
    let other = says(|one| matches!(one, WatchNotice::Withheld { .. }));
    assert!(
        found.is_some_and(|found| other.is_none_or(|other| found < other)),
        "{said:?}"
    );
    let late = says(|one| matches!(one, WatchNotice::Behind { .. } | WatchNotice::Missed(_)));
    assert_eq!(late, None, "{said:?}");
    assert_eq!((scene.nonce().await, scene.void_from().await), (1, Some(0)));
}

//! Which node is asked first, whatever the others do.

use tokio::sync::mpsc;
use tonic::transport::Endpoint;

use super::*;

fn nodes(count: usize) -> (CheckpointNodes, mpsc::Receiver<ChildNews>) {
    let (sender, news) = mpsc::channel(64);
    // Nobody is there, and nobody is called.
    let channel = || Endpoint::from_static("http://127.0.0.1:1").connect_lazy();
    let all = (0..count).map(|node| (node, channel())).collect();
    (CheckpointNodes::new(all, sender), news)
}

fn order(nodes: &CheckpointNodes) -> Vec<usize> {
    let nodes = nodes.in_turn();
    nodes.into_iter().map(|(node, _)| node).collect()
}

#[tokio::test]
async fn a_node_that_is_slow_in_all_it_shows_keeps_no_other_from_being_asked() {
    let (mut nodes, _news) = nodes(3);
    assert_eq!(order(&nodes), [0, 1, 2]);
    let slow = PATIENCE.saturating_sub(Duration::from_secs(1));
    nodes.note(0, slow, &Ok(()));
    assert_eq!(order(&nodes), [1, 2, 0], "who was not asked is asked");
    nodes.note(1, Duration::from_millis(300), &Ok(()));
    nodes.note(2, Duration::from_millis(200), &Ok(()));
    assert_eq!(order(&nodes), [2, 1, 0]);
    // One that does not have something is asked again before a slow one that has all.
    let silent = || Err::<(), _>(NotServed::Silent("not this one".into()));
    nodes.note(2, Duration::from_millis(1), &silent());
    assert_eq!(order(&nodes), [1, 2, 0]);
    nodes.note(1, Duration::from_millis(1), &silent());
    nodes.note(0, slow, &Ok(()));
    assert_eq!(order(&nodes), [1, 2, 0]);
    // Slow silence counts as slow answers do.
    nodes.note(1, slow, &silent());
    assert_eq!(order(&nodes), [2, 0, 1]);
    // A node that is late, and one that lies at once, are asked last.
    nodes.note(2, SHARE, &Err::<(), _>(NotServed::Late));
    nodes.note(
        0,
        Duration::ZERO,
        &Err::<(), _>(NotServed::Lie("no".into())),
    );
    nodes.note(1, Duration::from_secs(1), &Ok(()));
    assert_eq!(order(&nodes), [1, 0, 2]);
}

#[tokio::test]
async fn who_lies_or_shows_nothing_is_asked_once_and_then_behind_who_shows_it() {
    let (mut nodes, mut news) = nodes(3);
    let asked = Mutex::new(Vec::new());
    for _ in 0..3 {
        let ask = async |node, _| {
            lock(&asked).push(node);
            match node {
                0 => Err(NotServed::Lie("another one".into())),
                1 => Err(NotServed::Silent("nothing".into())),
                node => Ok(node),
            }
        };
        assert!(matches!(nodes.first(ask).await, Ok(2)));
    }
    assert_eq!(*lock(&asked), [0, 1, 2, 2, 2]);
    assert!(matches!(
        news.try_recv(),
        Ok(ChildNews::Lies { node: 0, .. })
    ));
    assert!(news.try_recv().is_err());
}

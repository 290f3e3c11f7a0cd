//! Nothing that was acknowledged is lost because of what the load itself left out.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// A node that takes what is in order or at most two ahead, and makes a block of what has no gap.
#[derive(Default)]
struct Node {
    /// Of each sender, the next sequence, and what waits.
    queues: Mutex<BTreeMap<u32, (u64, BTreeSet<u64>)>>,
    blocks: Mutex<Vec<Vec<Vec<u8>>>>,
    /// The first time that it is handed these in, it refuses them for want of room.
    full: Mutex<BTreeSet<(u32, u64)>>,
    /// The first time, it takes these and gives them up at once.
    forgets: Mutex<BTreeSet<(u32, u64)>>,
}

fn place_of(transaction: &[u8]) -> (u32, u64) {
    let text = std::str::from_utf8(transaction).expect("text");
    let (sender, sequence) = text.split_once(':').expect("both");
    (
        sender.parse().expect("a sender"),
        sequence.parse().expect("a sequence"),
    )
}

#[tonic::async_trait]
impl Submitter for Arc<Node> {
    async fn submit(&self, bytes: Vec<u8>) -> LoadAnswer {
        let (sender, sequence) = place_of(&bytes);
        if self
            .full
            .lock()
            .expect("no panic")
            .remove(&(sender, sequence))
        {
            return answer_of(17, "full");
        }
        let mut queues = self.queues.lock().expect("no panic");
        let (next, waiting) = queues.entry(sender).or_default();
        let free = (*next..).find(|one| !waiting.contains(one)).expect("one");
        if sequence < *next {
            return answer_of(16, "known");
        }
        if sequence > free + 2 {
            return answer_of(6, "ahead");
        }
        let mut forgets = self.forgets.lock().expect("no panic");
        if !forgets.remove(&(sender, sequence)) {
            waiting.insert(sequence);
        }
        LoadAnswer::Taken
    }
}

#[tonic::async_trait]
impl NodeWord for Arc<Node> {
    async fn next_sequence(&self, transaction: &[u8]) -> Option<u64> {
        let queues = self.queues.lock().expect("no panic");
        let (next, waiting) = queues.get(&place_of(transaction).0)?;
        (*next..).find(|one| !waiting.contains(one))
    }

    async fn fate(&self, _: [u8; 32]) -> LoadFate {
        LoadFate::Gone("pool_full".into())
    }
}

#[tonic::async_trait]
impl FollowedBlocks for Node {
    async fn height(&self) -> Result<u64, String> {
        let mut block = Vec::new();
        let mut queues = self.queues.lock().expect("no panic");
        for (sender, (next, waiting)) in queues.iter_mut() {
            while waiting.remove(next) {
                block.push(format!("{sender}:{next}").into_bytes());
                *next += 1;
            }
        }
        let mut blocks = self.blocks.lock().expect("no panic");
        blocks.push(block);
        Ok(blocks.len() as u64)
    }

    async fn transactions(&self, height: u64) -> Result<Vec<Vec<u8>>, String> {
        let blocks = self.blocks.lock().expect("no panic");
        let at = usize::try_from(height - 1).expect("small");
        blocks.get(at).cloned().ok_or_else(|| "no block".into())
    }
}

/// Both were found to leave acknowledged transactions in no block: what a full node refuses at the very end of a schedule, while others of its sender
/// wait behind it; and what a node gives up, so that all behind it is refused for ever.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_acknowledged_waits_behind_a_gap_that_the_load_left() {
    let node = Arc::new(Node {
        full: Mutex::new([(0, 1), (1, 37), (2, 38), (3, 39)].into()),
        forgets: Mutex::new([(4, 5), (5, 20), (5, 21)].into()),
        ..Node::default()
    });
    let sign = |sender: u32, sequence: u64| Ok(format!("{sender}:{sequence}").into_bytes());
    let supply = Presigned::start(&[0; 6], 40, 100, 2, Arc::new(sign), &mut |_| {}).await;
    let lanes = (0..2).map(|_| LoadLane {
        way: LaneWay::Calls(Box::new(Arc::clone(&node))),
        word: Some(Arc::new(Arc::clone(&node))),
    });
    let course = Course {
        schedule: Schedule::new(&[stretch(400, 700)]),
        supply: Box::new(supply.expect("signed")),
        lanes: lanes.collect(),
        blocks: node.clone(),
        drain: Duration::from_secs(60),
    };
    let loaded = run(course, &mut |_| {}).await.expect("it runs");
    let counted = &loaded.tally;
    assert_eq!((counted.unseen, counted.unclear), (0, 0), "{counted:?}");
    assert_eq!(counted.committed, counted.acknowledged, "{counted:?}");
    assert!(counted.mended >= 3, "{counted:?}");
    assert!(node.forgets.lock().expect("no panic").is_empty());
    let queues = node.queues.lock().expect("no panic");
    let waits = queues.values().map(|(_, waiting)| waiting.len());
    assert_eq!(waits.sum::<usize>(), 0);
}

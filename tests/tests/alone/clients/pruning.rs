//! `retain_blocks`: a node tells its engine from which height on it keeps blocks, and the engine deletes those below.

use plasmid::node::comet::Client;
use plasmid_tests::running::Running;

/// How long evidence counts; a node that keeps fewer blocks does not start.
pub const EVIDENCE_AGE_BLOCKS: u64 = 64;
/// The node that is told to keep few blocks, and one that keeps all.
const FRUGAL: usize = 2;
const ARCHIVE: usize = 1;

/// The first and the last height that an engine has.
async fn kept(engine: &Client) -> Option<(u64, u64)> {
    let sync = engine.status().await.ok()?.sync_info;
    let first = sync.earliest_block_height.value();
    Some((first, sync.latest_block_height.value()))
}

/// All blocks stand until the node is told to keep few. Then the first height that its engine has moves up, again and again, and never so far that evidence
/// misses a block; another node keeps what it has. A node keeps all blocks behind what root calls final, because that may be the base with which people
/// leave, and here nobody claims anything meanwhile: the relayer makes checkpoints final.
pub async fn an_engine_gives_up_old_blocks(running: &mut Running) {
    let (frugal, archive) = (running.engine(FRUGAL), running.engine(ARCHIVE));
    assert_eq!(kept(&frugal).await.map(|(first, _)| first), Some(1));
    running.stop_node(FRUGAL).await;
    let home = running.home(FRUGAL);
    let mut config = home.read_config().expect("its configuration");
    config.retain_blocks = EVIDENCE_AGE_BLOCKS;
    home.write_config(&config).expect("its configuration");
    running.start_node(FRUGAL).await;

    let mut before = 1;
    for _ in 0..2 {
        let what = format!("the engine gives up block {before}");
        let moved = running.until(&what, async |_| {
            kept(&frugal).await.filter(|(first, _)| *first > before)
        });
        let (first, last) = moved.await;
        let span = last - first;
        assert!(span >= EVIDENCE_AGE_BLOCKS, "{first} to {last} are kept");
        assert!(frugal.block(Some(first - 1)).await.is_err());
        before = first;
    }
    assert_eq!(kept(&archive).await.map(|(first, _)| first), Some(1));
    assert!(archive.block(Some(1)).await.is_ok());
}

//! How a chain keeps its pace, as its own headers and commits tell it: they do not depend on when somebody looked.

use std::time::Duration;

use plasmid::node::comet::Client;

/// Blocks over which a block time is looked at.
const BLOCKS: u64 = 20;
/// Between two looks, and how many there are.
const POLL: Duration = Duration::from_millis(50);
const POLLS: u32 = 6_000;

/// How a validator takes its turns, from the tip on at which this was made.
///
/// In a turn it signs a block, proposes the next one in the first round, and signs that one and its successor. Whoever is held up in
/// executing, judging or signing by more than the others wait for does none of it, however long the chain goes on without it.
#[derive(Debug)]
pub struct Turns {
    own: Vec<u8>,
    next: u64,
    seen: Vec<Seen>,
}

/// A block.
#[derive(Clone, Copy, Debug)]
struct Seen {
    is_signed: bool,
    is_proposed: bool,
}

impl Turns {
    /// The turns of the validator behind `engine`, from the tip of `other` on.
    ///
    /// # Panics
    /// When an engine does not answer.
    pub async fn of(engine: &Client, other: &Client) -> Self {
        let status = engine.status().await.expect("the engine answers");
        Self {
            own: status.validator_info.address.as_bytes().to_vec(),
            next: height(other).await + 1,
            seen: Vec::new(),
        }
    }

    /// Reads on in the other engine; gives the turns and the blocks so far.
    ///
    /// # Panics
    /// When the engine does not answer.
    pub async fn read(&mut self, other: &Client) -> (usize, usize) {
        // The commit of the tip is not the one that the next block has.
        while self.next < height(other).await {
            let answer = other.commit(Some(self.next)).await.expect("the block");
            let (header, commit) = (answer.signed_header.header, answer.signed_header.commit);
            let is_first = commit.round.value() == 0;
            self.seen.push(Seen {
                is_signed: commit.signatures.iter().any(|one| {
                    let address = one.validator_address();
                    one.is_commit() && address.is_some_and(|one| one.as_bytes() == self.own)
                }),
                is_proposed: is_first && header.proposer_address.as_bytes() == self.own,
            });
            self.next += 1;
        }
        let is_turn =
            |three: &&[Seen]| three.iter().all(|one| one.is_signed) && three[1].is_proposed;
        (
            self.seen.windows(3).filter(is_turn).count(),
            self.seen.len(),
        )
    }
}

async fn height(engine: &Client) -> u64 {
    let status = engine.status().await.expect("the engine answers");
    status.sync_info.latest_block_height.value()
}

async fn reach(engine: &Client, last: u64) {
    for _ in 0..POLLS {
        if height(engine).await >= last {
            return;
        }
        tokio::time::sleep(POLL).await;
    }
    panic!("height {last} was not reached");
}

/// On a chain that is left alone, blocks come no faster than its block time says: over some blocks the times of the headers advance by nine
/// tenths of it each at least. (How much slower they are is the machine's.)
///
/// # Panics
/// When they come faster, or do not come.
pub async fn keeps_the_block_time(engine: &Client, block_time_ms: u32) {
    // The time of block 1 is the genesis's.
    let first = height(engine).await + 2;
    let last = first + BLOCKS;
    reach(engine, last).await;
    let time = async |height| {
        let answer = engine.commit(Some(height)).await.expect("the block");
        answer.signed_header.header.time
    };
    let (before, after) = (time(first).await, time(last).await);
    let passed = after
        .duration_since(before)
        .expect("header times ascend")
        .as_millis();
    let least = u128::from(BLOCKS) * u128::from(block_time_ms) * 9 / 10;
    println!("{BLOCKS} blocks took {passed} ms, a block is to take {block_time_ms} ms");
    assert!(
        passed >= least,
        "{BLOCKS} blocks took {passed} ms where a block takes {block_time_ms} ms at least"
    );
}

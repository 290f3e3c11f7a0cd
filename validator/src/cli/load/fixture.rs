//! What a load may have counted, for the tests of how it is shown.

use std::{collections::BTreeMap, time::Duration};

use crate::client::load::{BlocksSeen, Failures, LoadResult, LoadTally, RateHeld, Second};

/// Two seconds of a load: two transactions of three are in blocks.
pub fn counted() -> LoadTally {
    let mut tally = LoadTally::default();
    tally.count_latency(Duration::from_millis(250));
    tally.count_latency(Duration::from_millis(750));
    let second = |offered, committed, failed| Second {
        offered,
        committed,
        failed,
        ..Second::default()
    };
    let full = Failures {
        count: 1,
        first: "no room".into(),
    };
    LoadTally {
        offered: 3,
        acknowledged: 3,
        mended: 0,
        belated: 1,
        committed: 2,
        unseen: 1,
        fates: BTreeMap::from([("waits".to_owned(), 1)]),
        unclear: 0,
        failures: BTreeMap::from([("pool_full".to_owned(), full)]),
        seconds: vec![second(3, 0, 1), second(0, 2, 0)],
        last_commit: Duration::from_millis(1_750),
        blocks: BlocksSeen {
            first: 7,
            last: 9,
            fullest: 2,
        },
        ..tally
    }
}

/// The load of [`counted`], by a machine that was late with one transaction.
pub fn loaded() -> LoadResult {
    LoadResult {
        tally: counted(),
        held: RateHeld {
            scheduled: 3,
            late: 1,
            latest: Duration::from_millis(120),
        },
        took: Duration::from_millis(2_000),
    }
}

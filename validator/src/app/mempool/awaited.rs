//! Who waits for what CheckTx says of a transaction. CometBFT answers before it has asked where several are handed to it at once, so that the answer
//! comes from here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::app::pool::Hash;
use crate::app::{App, lock};

/// Told the code and the log.
type Told = Box<dyn FnOnce(u32, &str) + Send>;

/// All who wait, by hash and then by number.
#[derive(Default)]
pub(in crate::app) struct Awaited(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    told: BTreeMap<(Hash, u64), Told>,
    next: u64,
}

/// Somebody who waits, until this is dropped.
pub struct AwaitedAnswer {
    app: Arc<App>,
    place: (Hash, u64),
}

impl Awaited {
    /// CheckTx answered.
    pub(super) fn tell(&self, hash: &Hash, code: u32, log: &str) {
        let mut waiting = lock(&self.0);
        let all = waiting.told.range((*hash, 0)..=(*hash, u64::MAX));
        let places: Vec<_> = all.map(|(place, _)| *place).collect();
        let told = places.iter().filter_map(|place| waiting.told.remove(place));
        let told: Vec<Told> = told.collect();
        drop(waiting);
        for tell in told {
            tell(code, log);
        }
    }
}

impl App {
    /// `told` is called with code and log when CheckTx has judged the transaction with this hash as a new one, unless what is returned is dropped before.
    pub fn await_answer(
        self: &Arc<Self>,
        hash: Hash,
        told: impl FnOnce(u32, &str) + Send + 'static,
    ) -> AwaitedAnswer {
        let mut waiting = lock(&self.awaited.0);
        let place = (hash, waiting.next);
        waiting.next = waiting.next.wrapping_add(1);
        waiting.told.insert(place, Box::new(told));
        AwaitedAnswer {
            app: Arc::clone(self),
            place,
        }
    }
}

impl Drop for AwaitedAnswer {
    fn drop(&mut self) {
        lock(&self.app.awaited.0).told.remove(&self.place);
    }
}

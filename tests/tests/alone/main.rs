//! Attacks that load the whole machine, one after the other: beside them nothing else is tested, and they are measured by nothing else.

use std::sync::{Mutex, MutexGuard, PoisonError};

mod clients;
mod streams;

/// Held by the one test that runs.
struct Alone {
    _turn: MutexGuard<'static, ()>,
}

/// Waits until no other test runs.
fn alone() -> Alone {
    static TURN: Mutex<()> = Mutex::new(());
    Alone {
        _turn: TURN.lock().unwrap_or_else(PoisonError::into_inner),
    }
}

//! Work on all cores, where no piece depends on another: what comes out stands in the order of what went in, and is the same with any number
//! of threads. The pure rooms use several cores through this file alone.
//!
//! A piece of work takes no lock: a thread that waits for its own pieces may be given one of somebody else's.

use rayon::prelude::*;

/// Does two things that do not depend on each other.
pub(crate) fn both<A: Send, B: Send>(
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    rayon::join(first, second)
}

/// Does the same for each item.
pub(crate) fn each<T: Sync, U: Send>(items: &[T], work: impl Fn(&T) -> U + Send + Sync) -> Vec<U> {
    if items.len() < 2 {
        return items.iter().map(work).collect();
    }
    items.par_iter().map(work).collect()
}

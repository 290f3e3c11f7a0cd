//! Work on all cores, where no piece depends on another: what comes out stands in the order of what went in, and is the same with any number
//! of threads. The pure rooms use several cores through this file alone.
//!
//! A piece of work takes no lock: a thread that waits for its own pieces may be given one of somebody else's.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use rayon::prelude::*;

#[cfg(test)]
mod tests;

/// Does two things that do not depend on each other.
pub(crate) fn both<A: Send, B: Send>(
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    rayon::join(first, second)
}

/// What was done on an assumption. A panic of it comes when it is asked for.
pub(crate) struct Assumed<T>(Result<T, Box<dyn Any + Send>>);

impl<T> Assumed<T> {
    /// What came of it, once the assumption is known to be right.
    pub(crate) fn outcome(self) -> T {
        self.0.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

/// Does two things, the second one on the assumption that the first one is going to confirm. Nothing of the second one is seen before that: what
/// made it panic may be just what is refused.
pub(crate) fn both_assumed<A: Send, B: Send>(
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, Assumed<B>) {
    // Whatever a panic leaves half-done is dropped with the outcome.
    let (first, second) = both(first, || catch_unwind(AssertUnwindSafe(second)));
    (first, Assumed(second))
}

/// Does the same for each item.
pub(crate) fn each<T: Sync, U: Send>(items: &[T], work: impl Fn(&T) -> U + Send + Sync) -> Vec<U> {
    if items.len() < 2 {
        return items.iter().map(work).collect();
    }
    items.par_iter().map(work).collect()
}

//! Counts looks at the state, for a test of how many of them a block waits for, and signatures that were verified one by one.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Looks that were taken, and the most that were while a block waited for the state.
#[derive(Debug, Default)]
pub(super) struct Looks {
    begun: AtomicUsize,
    overtaken: AtomicUsize,
    alone: AtomicUsize,
}

impl Looks {
    /// A look has begun.
    pub fn begun(&self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    /// A block waits: what [`Looks::waited`] is told.
    pub fn waits(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    /// It waits no longer.
    pub fn waited(&self, before: usize) {
        let looks = self.waits().saturating_sub(before);
        self.overtaken.fetch_max(looks, Ordering::SeqCst);
    }

    /// A signature is verified while everything behind it waits.
    pub fn verified_alone(&self) {
        self.alone.fetch_add(1, Ordering::SeqCst);
    }

    /// How many were.
    pub fn alone(&self) -> usize {
        self.alone.load(Ordering::SeqCst)
    }

    /// Begins anew.
    pub fn forget(&self) {
        self.begun.store(0, Ordering::SeqCst);
        self.overtaken.store(0, Ordering::SeqCst);
    }

    /// All looks, and the most that one block has waited for.
    pub fn seen(&self) -> (usize, usize) {
        let overtaken = self.overtaken.load(Ordering::SeqCst);
        (self.waits(), overtaken)
    }
}

//! The state of one moment kept readable for one long read, while blocks go on.
//!
//! From `pin` on the first change of a leaf saves what it was, until the guard is dropped. A tree has one pin at a time, so
//! that a stranger who asks for long reads costs one copy of what changes meanwhile and no more.

use super::Tree;
use super::history::Old;
use super::source::LeafRef;
use super::undo::Undo;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What changed since the pin was set; `None` when it is not set.
#[derive(Default)]
pub(super) struct Pin(Mutex<Option<Pinned>>);

struct Pinned {
    count: u32,
    leaves: Undo<Old>,
}

impl Pin {
    fn lock(&self) -> MutexGuard<'_, Option<Pinned>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn save(&mut self, index: u32, old: impl FnOnce() -> Option<Old>) {
        let pinned = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(pinned) = pinned
            && index < pinned.count
            && pinned.leaves.get(index).is_none()
            && let Some(old) = old()
        {
            pinned.leaves.push(index, old);
        }
    }
}

impl Tree {
    /// Keeps the present state readable through [`Tree::visit_pinned`] until [`Tree::unpin`]; gives its leaf count, or none
    /// when another read has the pin.
    pub fn pin(&self) -> Option<u32> {
        let mut pin = self.pin.lock();
        if pin.is_some() {
            return None;
        }
        let count = self.count();
        *pin = Some(Pinned {
            count,
            leaves: Undo::new(count),
        });
        Some(count)
    }

    /// Gives the pin back.
    pub fn unpin(&self) {
        *self.pin.lock() = None;
    }

    /// Shows the leaves at `indices` as they were when the pin was set, ascending; those that were there then.
    pub fn visit_pinned(&self, indices: Range<u32>, mut visit: impl FnMut(&LeafRef<'_>)) {
        let pin = self.pin.lock();
        let Some(pinned) = pin.as_ref() else { return };
        for index in indices.start..indices.end.min(pinned.count) {
            let Some(today) = self.leaf(index) else {
                return;
            };
            let then = pinned.leaves.get(index).and_then(|old| {
                Some(LeafRef {
                    next: self.leaves.key(old.next)?,
                    value: &old.value,
                    ..today
                })
            });
            visit(&then.unwrap_or(today));
        }
    }
}

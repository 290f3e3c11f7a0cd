//! A page that is of one height, though blocks come while it is read.
//!
//! ```text
//! look, look, look ─────▶ page     all looks find the height of the first one: blocks wait for no look longer than it is
//!        └─ another one: what was read is dropped, and the page begins anew at the newer height
//! after TRIES of these ─▶ one look for the whole page, which ends it early rather than read much
//! ```

use std::cell::Cell;

use super::{ReadError, Reader, on_tree_and_height};
use crate::chain::tree::Tree;

/// How often a page begins anew before it is read in one look; and how often that one is begun, where what was read before it is of another
/// epoch.
const TRIES: usize = 3;

/// The state at the tip for one page: of one height, whichever blocks come.
pub(super) struct OneTip<'a> {
    looks: Looks<'a>,
    moved: Cell<bool>,
}

enum Looks<'a> {
    /// Many short ones. The height is that of the first.
    Short(&'a Reader<'a>, Cell<Option<u64>>),
    /// One, which lasts while this does. Nobody may look at the state otherwise meanwhile.
    Held(&'a Tree, u64),
}

impl<'a> OneTip<'a> {
    const fn new(looks: Looks<'a>) -> Self {
        Self {
            looks,
            moved: Cell::new(false),
        }
    }

    /// Looks at the state and its height.
    ///
    /// # Errors
    /// What `read` says; [`ReadError::Unavailable`] when a block has come since the first look, or when nobody waits for this read any more.
    pub fn look<T>(
        &self,
        read: impl FnOnce(&Tree, u64) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        match &self.looks {
            Looks::Held(tree, height) => read(tree, *height),
            Looks::Short(reader, first) => on_tree_and_height(reader, |tree, height| {
                if first.get().is_some_and(|first| first != height) {
                    return Err(self.begin_anew());
                }
                first.set(Some(height));
                read(tree, height)
            })?,
        }
    }

    /// How many entries one look may take, when the short ones take `short` and the page has `most` at most.
    pub const fn at_once(&self, short: usize, most: usize) -> usize {
        match self.looks {
            Looks::Short(..) => short,
            Looks::Held(..) => most,
        }
    }

    /// Says that what was read before is of another state than this one: the page begins anew.
    pub fn begin_anew(&self) -> ReadError {
        self.moved.set(true);
        ReadError::Unavailable("blocks come faster than this page is read: ask again".into())
    }
}

/// Makes a page of one height of the tip. What is not of the tree is read by `prepare`, before each try and never while the state is held.
///
/// # Errors
/// What `prepare` and `read` say.
pub(super) fn of_one_height<P, T>(
    source: &Reader<'_>,
    prepare: impl Fn() -> Result<P, ReadError>,
    read: impl Fn(&OneTip<'_>, P) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    let mut tries = 0;
    loop {
        let prepared = prepare()?;
        let read = |tip: &OneTip<'_>| (read(tip, prepared), tip.moved.get());
        let (made, has_moved) = match tries < TRIES {
            true => read(&OneTip::new(Looks::Short(source, Cell::new(None)))),
            false => on_tree_and_height(source, |tree, height| {
                read(&OneTip::new(Looks::Held(tree, height)))
            })?,
        };
        tries += 1;
        if !has_moved || tries >= 2 * TRIES {
            return made;
        }
    }
}

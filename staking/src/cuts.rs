//! The tree of cuts of a line: the greatest fraction that the court has cut for the epochs of a range.
//!
//! ```text
//! level 3              [ node 0 ]              place j = greatest of node j below
//! level 2..1     [ 0 ] ... [ 15 ] ...          a place is the greatest of the node below it
//! level 0   [ 0 ][ 1 ] ... [ 4095 ]            place j of node i = cut of epoch base + 16 i + j
//! ```
//! Cuts of one line count by the greatest and not by the product. A cut writes 4 nodes; the greatest of a range reads at most 7. A
//! node that was never written is all zeros.

use crate::bytes::Reader;
use crate::leaf::{Key, Leaf, LeafError, Value, refuse};
use crate::leaves::{read, write};
use crate::line::LineId;
use crate::{Error, TypedLeaves};

/// The whole, as a fraction.
pub const WHOLE: u32 = 1_000_000_000;

/// Epochs that the tree spans, from its base on.
pub const SPAN: u64 = 1 << 16;

const ARITY: usize = 16;
const TOP: u8 = 3;

/// A node: 16 fractions of 10^9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct CutNode(pub [u32; ARITY]);

impl CutNode {
    fn greatest(&self) -> u32 {
        self.0.iter().copied().max().unwrap_or(0)
    }
}

impl Value for CutNode {
    const KIND: u8 = 0x1a;
    const WIDTH: usize = 64;

    fn put(&self, bytes: &mut Vec<u8>) {
        for fraction in self.0 {
            bytes.extend(fraction.to_be_bytes());
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        let mut node = Self::default();
        for place in &mut node.0 {
            *place = reader.u32()?;
            if *place > WHOLE {
                return Err(refuse::<Self>("fraction", u64::from(*place)));
            }
        }
        Ok(node)
    }
}

impl Leaf for CutNode {
    /// The line, the level, and the number of the node in it.
    type Name = (LineId, u8, u16);

    fn key((line, level, index): Self::Name) -> Key {
        Key::Cut { line, level, index }
    }
}

/// Records a cut at `offset` epochs behind the base of the tree.
pub(crate) fn record<L: TypedLeaves>(
    leaves: &mut L,
    line: LineId,
    offset: u16,
    fraction: u32,
) -> Result<(), Error<L::Error>> {
    let mut below = offset;
    let mut greatest = fraction;
    for level in 0..=TOP {
        let (index, place) = (below / 16, usize::from(below % 16));
        let name = (line, level, index);
        let mut node: CutNode = read(leaves, name)?.unwrap_or_default();
        if let Some(held) = node.0.get_mut(place) {
            *held = greatest.max(*held);
        }
        write(leaves, name, &node)?;
        greatest = node.greatest();
        below = index;
    }
    Ok(())
}

/// The greatest cut from offset `first` to offset `last`, both included; 0 for an empty range.
pub(crate) fn greatest<L: TypedLeaves>(
    leaves: &mut L,
    line: LineId,
    first: u16,
    last: u16,
) -> Result<u32, Error<L::Error>> {
    if first > last {
        return Ok(0);
    }
    below(leaves, line, TOP, 0, (u32::from(first), u32::from(last)))
}

/// The greatest of the part of the range that lies below one node.
fn below<L: TypedLeaves>(
    leaves: &mut L,
    line: LineId,
    level: u8,
    index: u16,
    (first, last): (u32, u32),
) -> Result<u32, Error<L::Error>> {
    let Some(node) = read::<CutNode, _>(leaves, (line, level, index))? else {
        return Ok(0);
    };
    let mut greatest = 0;
    for (place, fraction) in (0u16..).zip(node.0) {
        let child = index.saturating_mul(16).saturating_add(place);
        let shift = 4u32.saturating_mul(u32::from(level));
        let (from, to) = span(child, shift);
        if fraction <= greatest || to < first || last < from {
            continue;
        }
        greatest = match level.checked_sub(1) {
            Some(lower) if from < first || last < to => {
                greatest.max(below(leaves, line, lower, child, (first, last))?)
            }
            _ => fraction,
        };
    }
    Ok(greatest)
}

/// The first and the last offset below a place.
fn span(child: u16, shift: u32) -> (u32, u32) {
    let from = u32::from(child) << shift;
    (from, from | ((1u32 << shift).saturating_sub(1)))
}

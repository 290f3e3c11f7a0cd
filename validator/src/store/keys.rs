//! All keys of the store. Every field is big-endian and of fixed width, so byte order is number order.
//!
//! ```text
//! meta         what u8                      → version and chain | state of the folding | what is retained | height of an imported state
//! page         number u32                   → 32 leaves as they were at the folded height
//! redo         height u64 ‖ part u32        → part 0: head with the checksums of all parts; then the parts of a record
//! layer        epoch u64                    → a mark, and whether its layer is in the past table
//! undo         epoch u64 ‖ height u64 ‖ part u32 → old leaves of a layer, first changed at a height
//! past         level u8 ‖ place u32 ‖ epoch u64 → a leaf (level 0) or node as it was at a mark, if it changed until the next
//! block        height u64                   → block commitment
//! checkpoint   epoch u64                    → checkpoint contents
//! share        epoch u64 ‖ member u16       → a member's share over the epoch's checkpoint
//! transaction  engine hash or digest 32     → height u64 ‖ index u32
//! result       height u64 ‖ group u32       → up to 8 transactions of a block with their results
//! stake        height u64                   → which transactions of a block concern stake
//! segment      epoch u64 ‖ height u64 ‖ what u8 ‖ number u32 → records of a block's segments (0), up to 1,000 of them; one's bytes (1)
//! ```

use alloy_primitives::B256 as Hash;

/// A table: its number goes into every checksum, its name names sled's tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Table {
    Meta = 1,
    Page = 2,
    Redo = 3,
    Layer = 4,
    Undo = 5,
    Block = 6,
    Checkpoint = 7,
    Share = 8,
    Transaction = 9,
    Result = 10,
    Past = 11,
    Stake = 12,
    Segment = 13,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 13] = [
        Self::Meta,
        Self::Page,
        Self::Redo,
        Self::Layer,
        Self::Undo,
        Self::Block,
        Self::Checkpoint,
        Self::Share,
        Self::Transaction,
        Self::Result,
        Self::Past,
        Self::Stake,
        Self::Segment,
    ];

    /// Name of the table in the store's files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Page => "page",
            Self::Redo => "redo",
            Self::Layer => "layer",
            Self::Undo => "undo",
            Self::Block => "block",
            Self::Checkpoint => "checkpoint",
            Self::Share => "share",
            Self::Transaction => "transaction",
            Self::Result => "result",
            Self::Past => "past",
            Self::Stake => "stake",
            Self::Segment => "segment",
        }
    }
}

/// Version of the store and the chain that it is of.
pub const META_CHAIN: [u8; 1] = [0];
/// How far the redo records are folded into pages.
pub const META_FOLD: [u8; 1] = [1];
/// First epoch and first block that are kept.
pub const META_FLOOR: [u8; 1] = [2];
/// Height of the state that came from a file, if the store began with one.
pub const META_IMPORTED: [u8; 1] = [3];

/// Leaves of a page.
pub const PAGE_LEAVES: u32 = 32;

/// Transactions of a group of results.
pub const GROUP: u32 = 8;

pub fn page(number: u32) -> [u8; 4] {
    number.to_be_bytes()
}

pub fn redo(height: u64, part: u32) -> [u8; 12] {
    join(&[&height.to_be_bytes(), &part.to_be_bytes()])
}

pub fn layer(epoch: u64) -> [u8; 8] {
    epoch.to_be_bytes()
}

pub fn undo(epoch: u64, height: u64, part: u32) -> [u8; 20] {
    join(&[
        &epoch.to_be_bytes(),
        &height.to_be_bytes(),
        &part.to_be_bytes(),
    ])
}

pub fn past(level: u8, place: u32, epoch: u64) -> [u8; 13] {
    join(&[&[level], &place.to_be_bytes(), &epoch.to_be_bytes()])
}

pub fn block(height: u64) -> [u8; 8] {
    height.to_be_bytes()
}

pub fn checkpoint(epoch: u64) -> [u8; 8] {
    epoch.to_be_bytes()
}

pub fn share(epoch: u64, member: u16) -> [u8; 10] {
    join(&[&epoch.to_be_bytes(), &member.to_be_bytes()])
}

pub fn transaction(key: &Hash) -> [u8; 32] {
    key.0
}

/// The group of the transaction at `index` of a block.
pub fn result(height: u64, index: u32) -> [u8; 12] {
    join(&[&height.to_be_bytes(), &(index / GROUP).to_be_bytes()])
}

/// What a key of a segment names: records of a block's segments, or one's bytes.
pub const SEGMENT_RECORDS: u8 = 0;
pub const SEGMENT_BYTES: u8 = 1;

pub fn segment(epoch: u64, height: u64, what: u8, number: u32) -> [u8; 21] {
    join(&[
        &epoch.to_be_bytes(),
        &height.to_be_bytes(),
        &[what],
        &number.to_be_bytes(),
    ])
}

/// The least key that comes behind `key` of a table whose keys are as long.
pub fn behind(key: &[u8]) -> [u8; 12] {
    let height = key
        .first_chunk::<8>()
        .map_or(u64::MAX, |bytes| u64::from_be_bytes(*bytes));
    let group = key
        .last_chunk::<4>()
        .map_or(u32::MAX, |bytes| u32::from_be_bytes(*bytes));
    match group.checked_add(1) {
        Some(next) => join(&[&height.to_be_bytes(), &next.to_be_bytes()]),
        None => join(&[&height.saturating_add(1).to_be_bytes(), &[0; 4]]),
    }
}

fn join<const N: usize>(fields: &[&[u8]]) -> [u8; N] {
    let mut key = [0; N];
    for (slot, byte) in key.iter_mut().zip(fields.iter().copied().flatten()) {
        *slot = *byte;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    /// Numbers near each other, near powers of 256, and anywhere.
    fn number(rng: &mut impl Rng) -> u64 {
        let power = 1u64 << (8 * rng.random_range(0..8));
        match rng.random_range(0..3) {
            0 => rng.random_range(0..5),
            1 => power.wrapping_add(rng.random_range(0..3)).wrapping_sub(1),
            _ => rng.random(),
        }
    }

    #[test]
    fn byte_order_is_number_order() {
        let seed: u64 = rand::random();
        println!("seed {seed}");
        let rng = &mut rand_chacha::ChaCha20Rng::seed_from_u64(seed);
        for _ in 0..20_000 {
            let (a, b) = (
                [number(rng), number(rng), number(rng)],
                [number(rng), number(rng), number(rng)],
            );
            let small = |n: u64| n as u32;
            let order = |x: u64, y: u64| x.cmp(&y);
            assert_eq!(
                page(small(a[0])).cmp(&page(small(b[0]))),
                small(a[0]).cmp(&small(b[0]))
            );
            assert_eq!(layer(a[0]).cmp(&layer(b[0])), order(a[0], b[0]));
            assert_eq!(block(a[0]).cmp(&block(b[0])), order(a[0], b[0]));
            assert_eq!(checkpoint(a[0]).cmp(&checkpoint(b[0])), order(a[0], b[0]));
            assert_eq!(
                redo(a[0], small(a[1])).cmp(&redo(b[0], small(b[1]))),
                (a[0], small(a[1])).cmp(&(b[0], small(b[1])))
            );
            assert_eq!(
                undo(a[0], a[1], small(a[2])).cmp(&undo(b[0], b[1], small(b[2]))),
                (a[0], a[1], small(a[2])).cmp(&(b[0], b[1], small(b[2])))
            );
            let level = |n: u64| n as u8;
            assert_eq!(
                past(level(a[0]), small(a[1]), a[2]).cmp(&past(level(b[0]), small(b[1]), b[2])),
                (level(a[0]), small(a[1]), a[2]).cmp(&(level(b[0]), small(b[1]), b[2]))
            );
            assert_eq!(
                result(a[0], small(a[1])).cmp(&result(b[0], small(b[1]))),
                (a[0], small(a[1]) / GROUP).cmp(&(b[0], small(b[1]) / GROUP))
            );
            assert_eq!(
                share(a[0], a[1] as u16).cmp(&share(b[0], b[1] as u16)),
                (a[0], a[1] as u16).cmp(&(b[0], b[1] as u16))
            );
        }
    }

    #[test]
    fn no_two_tables_share_a_name_or_a_number() {
        let names: std::collections::BTreeSet<_> = Table::ALL.iter().map(|t| t.name()).collect();
        let numbers: std::collections::BTreeSet<_> = Table::ALL.iter().map(|t| *t as u8).collect();
        assert_eq!((names.len(), numbers.len()), (13, 13));
    }
}

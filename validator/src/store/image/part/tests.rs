//! Parts that lie in each of their fields.

use super::*;
use crate::store::image::fixture::GivenState;

/// Three parts of leaves, the last of them short.
const LEAVES: u32 = 2 * PART_LEAVES + 7;

fn read(given: &GivenState, bytes: &[u8], number: u32) -> Result<Vec<Change>, PartError> {
    read_part(bytes, number, given.tree.count(), &given.tree.root())
}

#[test]
fn the_parts_of_a_state_have_all_its_leaves_once() {
    let given = GivenState::new(LEAVES, 1);
    let count = given.tree.count();
    assert_eq!(parts(count), 4);
    let mut index = 0;
    for number in 1..parts(count) {
        for change in read(&given, &given.part(number), number).unwrap() {
            let leaf = given.tree.leaf(index).unwrap();
            let wanted = (*leaf.key, leaf.kind, leaf.value);
            assert_eq!((change.key, change.kind, &*change.value), wanted);
            index += 1;
        }
    }
    assert_eq!(index, count);
    for (leaves, expected) in [(1, 2), (PART_LEAVES, 2), (PART_LEAVES + 1, 3)] {
        assert_eq!(parts(leaves), expected, "{leaves}");
    }
    assert!(leaves_of(4, count).is_empty() && leaves_of(u32::MAX, count).is_empty());
}

#[test]
fn a_part_that_differs_in_any_byte_is_refused() {
    let given = GivenState::new(60, 1);
    let good = given.part(1);
    assert!(read(&given, &good, 1).is_ok());
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 1;
        assert!(read(&given, &bad, 1).is_err(), "byte {place}");
    }
    for end in 0..good.len() {
        assert!(read(&given, &good[..end], 1).is_err(), "cut at {end}");
    }
    let longer = [&good[..], &[0]].concat();
    assert!(matches!(
        read(&given, &longer, 1),
        Err(PartError::Bytes(DecodeError::Trailing { .. }))
    ));
}

#[test]
fn a_part_is_refused_in_the_place_of_another_one_or_under_another_count_or_root() {
    let given = GivenState::new(LEAVES, 1);
    let (one, count, root) = (given.part(1), given.tree.count(), given.tree.root());
    assert!(read_part(&one, 1, count, &root).is_ok());
    for number in [2, 3, 4, u32::MAX] {
        assert!(read_part(&one, number, count, &root).is_err(), "{number}");
    }
    for other in [count - 1, count + 1, PART_LEAVES, 0, u32::MAX] {
        assert!(read_part(&one, 1, other, &root).is_err(), "{other} leaves");
    }
    let stranger = GivenState::new(LEAVES, 2);
    assert!(read(&given, &stranger.part(1), 1).is_err());
}

#[test]
fn what_a_part_claims_to_have_is_bounded_before_it_is_read() {
    let given = GivenState::new(60, 1);
    let large = vec![0; MAX_PART_BYTES + 1];
    assert!(matches!(read(&given, &large, 1), Err(PartError::Large(_))));
    let mut many = given.part(1);
    many[0] = 65;
    assert!(matches!(
        read(&given, &many, 1),
        Err(PartError::Siblings(65))
    ));
    let mut wide = given.part(1);
    let first = 1 + 32 * usize::from(wide[0]);
    wide[first + 1..first + 3].copy_from_slice(&1_025u16.to_be_bytes());
    assert!(matches!(
        read(&given, &wide, 1),
        Err(PartError::Wide {
            index: 0,
            width: 1_025
        })
    ));
}

#[test]
fn the_first_part_shows_the_last_block_of_the_accepted_epoch_and_no_other_one() {
    let given = GivenState::new(60, 1);
    let root = given.checkpoint.blocks_root;
    let good = given.part(0);
    assert_eq!(read_first(&good, &root).unwrap(), given.heading);
    assert!(read_first(&good, &Hash::repeat_byte(1)).is_err());
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 1;
        let taken = read_first(&bad, &root);
        // What stands in front of the leaves is compared with what the folder knows, and with the digest, by whoever takes it.
        let same = taken.is_ok_and(|heading| heading == given.heading);
        assert!(!same, "byte {place}");
    }
    for end in 0..good.len() {
        assert!(read_first(&good[..end], &root).is_err(), "cut at {end}");
    }
    let longer = [&good[..], &[0]].concat();
    assert!(read_first(&longer, &root).is_err());
    // The block before the last one, with the last one's time and state.
    let mut other = given;
    other.heading.block.block_hash = keccak(63);
    let why = read_first(&other.part(0), &root);
    assert!(matches!(why, Err(PartError::Block)), "{why:?}");
}

fn keccak(height: u64) -> Hash {
    alloy_primitives::keccak256(height.to_be_bytes())
}

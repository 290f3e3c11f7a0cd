//! The digest by its preimage, and strict decoding.

use alloy_primitives::keccak256;

use super::*;
use crate::proof::attack::{flips, wrong_lengths};

fn checkpoint() -> Checkpoint {
    let word = Hash::repeat_byte;
    Checkpoint {
        deployment: [1; 20],
        epoch: 2,
        last_block_time: 3,
        blocks_root: word(4),
        state_root: word(5),
        inbox_cursor: 6,
        inbox_link: word(7),
        next_set: word(8),
        relayer: [9; 20],
        previous: word(10),
    }
}

#[test]
fn the_digest_is_keccak_of_228_bytes_in_the_order_of_the_protocol() {
    let (one, two) = ([1; 20], 2_u64.to_be_bytes());
    let (three, six) = (3_u64.to_be_bytes(), 6_u64.to_be_bytes());
    let parts: [&[u8]; 11] = [
        b"PCKP", &one, &two, &three, &[4; 32], &[5; 32], &six, &[7; 32], &[8; 32], &[9; 20],
        &[10; 32],
    ];
    let preimage = parts.concat();
    assert_eq!(preimage.len(), 228);
    assert_eq!(checkpoint().digest(), keccak256(preimage));
}

#[test]
fn a_checkpoint_decodes_strictly_and_every_byte_is_signed() {
    let bytes = checkpoint().encode();
    assert_eq!(bytes.len(), Checkpoint::BYTES);
    assert_eq!(Checkpoint::decode(&bytes), Ok(checkpoint()));
    for (at, flipped) in flips(&bytes) {
        let other = Checkpoint::decode(&flipped).expect("every content decodes");
        assert_ne!(other.digest(), checkpoint().digest(), "byte {at}");
    }
    for cut in wrong_lengths(&bytes) {
        assert!(Checkpoint::decode(&cut).is_err());
    }
}

//! Every commitment is keccak of the preimage that PROTOCOL section 1 names, of the length that it names.

use alloy_primitives::keccak256;

use super::*;
use crate::proof::attack::{flips, wrong_lengths};

fn preimage(length: usize, parts: &[&[u8]]) -> Hash {
    let bytes = parts.concat();
    assert_eq!(bytes.len(), length);
    keccak256(bytes)
}

fn word(byte: u8) -> Hash {
    Hash::repeat_byte(byte)
}

fn block() -> BlockCommitment {
    BlockCommitment {
        rules: 1,
        height: 2,
        time: 3,
        block_hash: word(4),
        witness_hash: word(5),
        before: word(6),
        after: word(7),
        segments_root: word(8),
    }
}

#[test]
fn chunks_are_padded_to_1024_bytes_behind_their_tag() {
    let chunk = [7; 100];
    let expected = preimage(1_028, &[b"PCHK", &chunk, &[0; 924]]);
    assert_eq!(chunk_hash(&chunk), expected);
    assert_eq!(
        chunk_hash(&[9; 1_024]),
        preimage(1_028, &[b"PCHK", &[9; 1_024]])
    );
}

#[test]
fn the_bytes_hash_holds_length_and_chunks() {
    let bytes: Vec<u8> = (0..2_500_u32).map(|at| at as u8).collect();
    let chunks: Vec<Hash> = bytes.chunks(1_024).map(chunk_hash).collect();
    assert_eq!(chunks.len(), 3);
    let expected = preimage(
        40,
        &[
            b"PBYT",
            &2_500_u32.to_be_bytes(),
            list::root(&chunks).as_slice(),
        ],
    );
    assert_eq!(bytes_hash(&bytes), expected);
    assert_eq!(bytes_hash(&[]), preimage(40, &[b"PBYT", &[0; 36]]));
}

#[test]
fn zeros_at_the_end_change_the_bytes_hash_though_they_do_not_change_the_chunk() {
    assert_eq!(chunk_hash(&[5]), chunk_hash(&[5, 0]));
    let hashes: Vec<Hash> = [1, 2, 1_023, 1_024, 1_025]
        .iter()
        .map(|length| bytes_hash(&vec![0; *length]))
        .collect();
    for (at, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..at].contains(hash));
    }
}

#[test]
fn every_byte_of_a_segment_matters() {
    let bytes: Vec<u8> = (0..1_100_u32).map(|at| at as u8).collect();
    for (at, flipped) in flips(&bytes) {
        assert_ne!(bytes_hash(&flipped), bytes_hash(&bytes), "byte {at}");
    }
}

#[test]
fn segment_records_and_their_root_are_hashed_as_written() {
    let record = SegmentRecord {
        kind: SegmentKind::Users,
        first: 5,
        count: 32,
        bytes_hash: word(1),
        before: word(2),
        after: word(3),
    };
    let numbers = [&5_u32.to_be_bytes()[..], &32_u32.to_be_bytes()].concat();
    let words = [[1; 32], [2; 32], [3; 32]].concat();
    assert_eq!(
        record.hash(),
        preimage(109, &[b"PSEG", &[4], &numbers, &words])
    );
    let hashes = [word(1), word(2), word(3)];
    let counts = [&3_u32.to_be_bytes()[..], &70_u32.to_be_bytes()].concat();
    assert_eq!(
        segments_root(&hashes, 70),
        preimage(44, &[b"PSGR", &counts, list::root(&hashes).as_slice()])
    );
    assert_ne!(segments_root(&hashes, 70), segments_root(&hashes, 71));
    let padded = [word(1), word(2), word(3), Hash::ZERO];
    assert_ne!(segments_root(&hashes, 70), segments_root(&padded, 70));
}

#[test]
fn kinds_of_segments_have_their_numbers() {
    let kinds = [
        SegmentKind::Record,
        SegmentKind::Messages,
        SegmentKind::Evidence,
        SegmentKind::Users,
        SegmentKind::Boundary,
    ];
    assert_eq!(kinds.map(|kind| kind as u8), [1, 2, 3, 4, 5]);
}

#[test]
fn the_app_hash_is_hashed_as_written_and_every_byte_matters() {
    let encoded = block().encode();
    assert_eq!(encoded.len(), BlockCommitment::BYTES);
    assert_eq!(block().hash(), preimage(184, &[b"PBLK", &encoded]));
    assert_eq!(BlockCommitment::decode(&encoded), Ok(block()));
    for (at, flipped) in flips(&encoded) {
        let other = BlockCommitment::decode(&flipped).expect("every content decodes");
        assert_ne!(other.hash(), block().hash(), "byte {at}");
    }
    for cut in wrong_lengths(&encoded) {
        assert!(BlockCommitment::decode(&cut).is_err());
    }
}

#[test]
fn height_zero_has_genesis_time_and_root_and_zeros() {
    let expected = preimage(
        184,
        &[
            b"PBLK",
            &1_u32.to_be_bytes(),
            &[0; 8],
            &99_u64.to_be_bytes(),
            &[0; 64],
            &[9; 64],
            &[0; 32],
        ],
    );
    assert_eq!(BlockCommitment::genesis(1, 99, word(9)).hash(), expected);
}

#[test]
fn the_witness_hash_is_tagged_over_the_hash_of_the_bytes() {
    let inner = keccak256([1, 2, 3]);
    assert_eq!(
        witness_hash(&[1, 2, 3]),
        preimage(36, &[b"PWIT", inner.as_slice()])
    );
}

//! The leaf of the parameters with its proof, as a file.
//!
//! ```text
//! kind u8 ‖ index u32 ‖ leaf count u32 ‖ key ‖ next key ‖ 32 siblings ‖ value
//! ```

use alloy_primitives::B256;
use plasmid_bridge::proof::bytes::{DecodeError, Reader};
use plasmid_bridge::proof::tree::{Inclusion, value_hash};

use crate::chain::opened::ShownLeaf;

pub(super) fn encode(shown: &ShownLeaf) -> Vec<u8> {
    let at = &shown.inclusion;
    let mut bytes = vec![shown.kind];
    for number in [at.index, at.count] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    for word in [at.key, at.next].iter().chain(&at.siblings) {
        bytes.extend_from_slice(word.as_slice());
    }
    bytes.extend_from_slice(&shown.value);
    bytes
}

pub(super) fn decode(bytes: &[u8]) -> Result<ShownLeaf, DecodeError> {
    let mut reader = Reader::new(bytes);
    let kind = reader.u8()?;
    let (index, count) = (reader.u32()?, reader.u32()?);
    let (key, next) = (reader.array()?.into(), reader.array()?.into());
    let mut siblings = [B256::ZERO; 32];
    for one in &mut siblings {
        *one = reader.array()?.into();
    }
    let value = reader.slice(reader.left())?.to_vec();
    Ok(ShownLeaf {
        kind,
        inclusion: Inclusion {
            index,
            count,
            key,
            next,
            value_hash: value_hash(kind, &value),
            siblings,
        },
        value,
    })
}

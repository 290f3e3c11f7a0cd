//! The bytes of a sign state, as they are drawn in the room's header.

use std::collections::BTreeMap;

use alloy_primitives::{B256, keccak256};
use plasmid_bridge::proof::bytes::{DecodeError, Reader};

use super::{Content, ENTRY_BYTES, HEADER_BYTES, SignStateIdentity};

const MAGIC: [u8; 4] = *b"PSGN";
const VERSION: u8 = 1;

/// The bytes of a file that says this.
pub(super) fn encode(content: &Content) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + content.signed.len() * ENTRY_BYTES + 32);
    bytes.extend_from_slice(&MAGIC);
    bytes.push(VERSION);
    bytes.extend_from_slice(&content.identity.deployment);
    bytes.extend_from_slice(&content.identity.key);
    bytes.extend_from_slice(&content.floor.to_be_bytes());
    let count = u32::try_from(content.signed.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&count.to_be_bytes());
    for (epoch, digest) in &content.signed {
        bytes.extend_from_slice(&epoch.to_be_bytes());
        bytes.extend_from_slice(digest.as_slice());
    }
    let sum = keccak256(&bytes);
    bytes.extend_from_slice(sum.as_slice());
    bytes
}

/// What a file says.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn decode(bytes: &[u8]) -> Result<Content, String> {
    let (body, sum) = bytes
        .split_last_chunk::<32>()
        .ok_or_else(|| format!("it has only {} bytes", bytes.len()))?;
    if keccak256(body).0 != *sum {
        return Err(format!(
            "the checksum over its {} bytes is wrong",
            bytes.len()
        ));
    }
    let mut reader = Reader::new(body);
    content(&mut reader)
        .map_err(|e| e.to_string())?
        .ok_or_else(|| "it is of a version that this program does not know".to_owned())
}

fn content(reader: &mut Reader<'_>) -> Result<Option<Content>, DecodeError> {
    if reader.array()? != MAGIC || reader.u8()? != VERSION {
        return Ok(None);
    }
    let identity = SignStateIdentity {
        deployment: reader.array()?,
        key: reader.array()?,
    };
    let floor = reader.u64()?;
    let count = reader.u32()?;
    let mut signed = BTreeMap::new();
    for _ in 0..count {
        signed.insert(reader.u64()?, B256::from(reader.array()?));
    }
    reader.clone().finish()?;
    Ok(Some(Content {
        identity,
        floor,
        signed,
    }))
}

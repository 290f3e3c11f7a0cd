//! Every value of the store is sealed, because sled's own checksums have let damage through:
//!
//! ```text
//! format u8 (1) ‖ length u32 ‖ body ‖ first 16 bytes of SHA-256(table u8 ‖ key ‖ format ‖ length ‖ body)
//! ```
//! The key is in the checksum, so a value that turns up under another key is noticed too.

use super::keys::Table;
use sha2::{Digest, Sha256};

const FORMAT: u8 = 1;
const HEAD: usize = 5;
/// Bytes of a checksum.
pub const TAG: usize = 16;

/// Why a value is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("it has {found} bytes, at least {least} belong there")]
    Short { found: usize, least: usize },
    #[error("it has format {0}, not 1")]
    Format(u8),
    #[error("it has {found} bytes, its length says {wanted}")]
    Length { found: usize, wanted: usize },
    #[error("its checksum is wrong")]
    Checksum,
}

/// Seals a body. Bodies stay far below 4 GiB: parts of a record are cut at 110,000 bytes.
pub fn seal(table: Table, key: &[u8], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut sealed = Vec::with_capacity(HEAD + body.len() + TAG);
    sealed.push(FORMAT);
    sealed.extend_from_slice(&length.to_be_bytes());
    sealed.extend_from_slice(body);
    let tag = tag(table, key, &sealed);
    sealed.extend_from_slice(&tag);
    sealed
}

/// The body of a sealed value.
pub fn open<'a>(table: Table, key: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], SealError> {
    let found = sealed.len();
    let least = HEAD + TAG;
    let short = SealError::Short { found, least };
    let (covered, given) = sealed.split_last_chunk::<TAG>().ok_or(short)?;
    let (head, body) = covered.split_first_chunk::<HEAD>().ok_or(short)?;
    let [format, length @ ..] = head;
    if *format != FORMAT {
        return Err(SealError::Format(*format));
    }
    let wanted = u32::from_be_bytes(*length) as usize;
    if wanted != body.len() {
        return Err(SealError::Length {
            found: body.len(),
            wanted,
        });
    }
    if tag(table, key, covered) != *given {
        return Err(SealError::Checksum);
    }
    Ok(body)
}

/// Checksum at the end of a sealed value.
pub fn tag_of(sealed: &[u8]) -> [u8; TAG] {
    sealed.last_chunk().copied().unwrap_or_default()
}

fn tag(table: Table, key: &[u8], covered: &[u8]) -> [u8; TAG] {
    let mut hasher = Sha256::new();
    hasher.update([table as u8]);
    hasher.update(key);
    hasher.update(covered);
    let digest: [u8; 32] = hasher.finalize().into();
    digest.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_under_its_own_key_only() {
        let sealed = seal(Table::Page, &[1, 2], b"body");
        assert_eq!(open(Table::Page, &[1, 2], &sealed), Ok(b"body".as_slice()));
        assert_eq!(
            open(Table::Page, &[1, 3], &sealed),
            Err(SealError::Checksum)
        );
        assert_eq!(
            open(Table::Redo, &[1, 2], &sealed),
            Err(SealError::Checksum)
        );
    }

    #[test]
    fn every_flipped_byte_and_every_other_length_is_refused() {
        let sealed = seal(Table::Page, &[7], &[9; 40]);
        for place in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[place] ^= 1;
            assert!(open(Table::Page, &[7], &bad).is_err());
            assert!(open(Table::Page, &[7], &sealed[..place]).is_err());
        }
        assert!(open(Table::Page, &[7], &[sealed.as_slice(), &[0]].concat()).is_err());
    }
}

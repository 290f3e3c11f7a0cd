//! How far root was read, kept in a file, so that a start does not read it from the deployment's first block.
//!
//! ```text
//! PPOS ‖ deployment 20 ‖ index u64 ‖ link 32 ‖ root height u64 ‖ epoch u64 ‖ epoch's root height u64 ‖ keccak-256 of all before
//! ```
//! The file is a hint and nothing else. A damaged file, or one of another deployment, is treated as missing. One that is whole and false is found out
//! when reading goes on from it: messages extend the hash chain, the contracts hold its end, and the records of checkpoints lead back to each other;
//! what does not fit leads back to what the child confirmed. So losing the file, or an old one, costs time only.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use alloy_primitives::{B256, keccak256};

use super::whole;
use crate::relay::seen::{Anchor, Position};

const TAG: &[u8; 4] = b"PPOS";
const BYTES: usize = 4 + 20 + 8 + 32 + 8 + 8 + 8 + 32;

/// A file that holds a position, and the position that it held when it was opened.
#[derive(Clone, Debug)]
pub struct PositionFile {
    path: PathBuf,
    deployment: [u8; 20],
    position: Option<Position>,
}

impl PositionFile {
    /// Reads the file if it is there; whatever is wrong with it, there is no position then.
    #[must_use]
    pub fn open(path: &Path, deployment: [u8; 20]) -> Self {
        let position = match read(path) {
            Ok(bytes) => decode(&bytes, &deployment),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the position on the root chain cannot be read: the root chain is read from the deployment's first block");
                None
            }
        };
        Self {
            path: path.to_owned(),
            deployment,
            position,
        }
    }

    /// The position that it held, unless that is past message `cursor`: then the child has forgotten what it had consumed.
    #[must_use]
    pub fn up_to(mut self, cursor: u64) -> Self {
        self.position = self
            .position
            .filter(|position| position.anchor.index <= cursor);
        self
    }

    /// The position that it held.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// Puts another position in its place: a crash leaves the old one or the new one.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn save(&self, position: &Position) -> io::Result<()> {
        let bytes = encode(position, &self.deployment);
        whole::replace(&self.path, &bytes, whole::READABLE)
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(BYTES);
    // One byte more than a right one has shows that it is none.
    let limit = u64::try_from(BYTES).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn encode(position: &Position, deployment: &[u8; 20]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(BYTES);
    bytes.extend_from_slice(TAG);
    bytes.extend_from_slice(deployment);
    bytes.extend_from_slice(&position.anchor.index.to_be_bytes());
    bytes.extend_from_slice(position.anchor.link.as_slice());
    for number in [
        position.anchor.root_height,
        position.epoch,
        position.epoch_height,
    ] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    let digest = keccak256(&bytes);
    bytes.extend_from_slice(digest.as_slice());
    bytes
}

fn decode(bytes: &[u8], deployment: &[u8; 20]) -> Option<Position> {
    let (content, digest) = bytes.split_at_checked(BYTES.checked_sub(32)?)?;
    if keccak256(content).as_slice() != digest {
        return None;
    }
    let rest = content.strip_prefix(TAG)?;
    let mut rest = rest.strip_prefix(deployment.as_slice())?;
    let mut number = |width: usize| {
        let (taken, left) = rest.split_at_checked(width)?;
        rest = left;
        Some(taken)
    };
    let index = u64::from_be_bytes(number(8)?.try_into().ok()?);
    let link = B256::try_from(number(32)?).ok()?;
    let mut next = || Some(u64::from_be_bytes(number(8)?.try_into().ok()?));
    Some(Position {
        anchor: Anchor {
            index,
            link,
            root_height: next()?,
        },
        epoch: next()?,
        epoch_height: next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPLOYMENT: [u8; 20] = [9; 20];

    fn position() -> Position {
        Position {
            anchor: Anchor {
                index: 7,
                link: B256::repeat_byte(8),
                root_height: 1_000,
            },
            epoch: 3,
            epoch_height: 990,
        }
    }

    #[test]
    fn a_position_comes_back_and_any_damage_leaves_none() {
        let bytes = encode(&position(), &DEPLOYMENT);
        assert_eq!(bytes.len(), BYTES);
        assert_eq!(decode(&bytes, &DEPLOYMENT), Some(position()));
        assert_eq!(decode(&bytes, &[8; 20]), None, "of another deployment");
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            assert_eq!(decode(&damaged, &DEPLOYMENT), None, "byte {place}");
            assert_eq!(decode(&bytes[..place], &DEPLOYMENT), None, "cut at {place}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(decode(&longer, &DEPLOYMENT), None);
    }

    #[test]
    fn a_file_is_replaced_whole_and_one_that_is_missing_or_huge_is_as_none() {
        let folder = std::env::temp_dir().join(format!("plasmid-position-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("root-position");
        let file = PositionFile::open(&path, DEPLOYMENT);
        assert_eq!(file.position(), None);
        file.save(&position()).unwrap();
        let again = PositionFile::open(&path, DEPLOYMENT);
        assert_eq!(again.position(), Some(position()));
        assert_eq!(again.clone().up_to(6).position(), None);
        assert_eq!(again.up_to(7).position(), Some(position()));
        std::fs::write(&path, vec![0; 1 << 20]).unwrap();
        assert_eq!(PositionFile::open(&path, DEPLOYMENT).position(), None);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

//! How far root was read, kept in a file, so that a start does not read it from the deployment's first block.
//!
//! ```text
//! PPOS ‖ deployment 20 ‖ positions, oldest first ‖ keccak-256 of all before      position: index u64 ‖ link 32 ‖ root height u64 ‖ epoch u64 ‖ epoch's root height u64
//! ```
//! Earlier positions stay beside the newest one, because a child that is killed forgets the last of what it had consumed, and none that it has
//! forgotten counts.
//!
//! The file is a hint and nothing else. A damaged file, or one of another deployment, is treated as missing. One that is whole and false is found out
//! when reading goes on from it: messages extend the hash chain, the contracts hold its end, and the records of checkpoints lead back to each other;
//! what does not fit leads back to what the child confirmed. So losing the file, or an old one, costs time only.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy_primitives::{B256, keccak256};

use super::whole;
use crate::relay::seen::{Anchor, Position};

const TAG: &[u8; 4] = b"PPOS";
const HEAD: usize = 4 + 20;
const POSITION: usize = 8 + 32 + 8 + 8 + 8;
const DIGEST: usize = 32;
/// Positions of a file, at most. One is added every ten seconds at most, and a child's disk that lags behind for longer than five minutes
/// has stopped it.
const KEPT: usize = 32;
const MAX_BYTES: usize = HEAD + KEPT * POSITION + DIGEST;

/// A file that holds positions, and those that it holds.
#[derive(Debug)]
pub struct PositionFile {
    path: PathBuf,
    deployment: [u8; 20],
    positions: Mutex<Vec<Position>>,
}

impl PositionFile {
    /// Reads the file if it is there; whatever is wrong with it, there is no position then.
    #[must_use]
    pub fn open(path: &Path, deployment: [u8; 20]) -> Self {
        let positions = match read(path) {
            Ok(bytes) => decode(&bytes, &deployment).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the position on the root chain cannot be read: the root chain is read from the deployment's first block");
                Vec::new()
            }
        };
        Self {
            path: path.to_owned(),
            deployment,
            positions: Mutex::new(positions),
        }
    }

    /// This file without the positions behind message `cursor`: the child has forgotten that it consumed those messages.
    #[must_use]
    pub fn up_to(self, cursor: u64) -> Self {
        self.lock()
            .retain(|position| position.anchor.index <= cursor);
        self
    }

    /// The newest position.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.lock().last().copied()
    }

    /// Puts another position behind those that it leaves in the past: a crash leaves the file as it was or as it is then.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn save(&self, position: &Position) -> io::Result<()> {
        let mut positions = self.lock();
        positions.retain(|known| known.anchor.index < position.anchor.index);
        positions.push(*position);
        let surplus = positions.len().saturating_sub(KEPT);
        positions.drain(..surplus);
        let bytes = encode(&positions, &self.deployment);
        whole::replace(&self.path, &bytes, whole::READABLE)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Position>> {
        self.positions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than a right one has shows that it is none.
    let limit = u64::try_from(MAX_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn encode(positions: &[Position], deployment: &[u8; 20]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(MAX_BYTES);
    bytes.extend_from_slice(TAG);
    bytes.extend_from_slice(deployment);
    for position in positions {
        bytes.extend_from_slice(&position.anchor.index.to_be_bytes());
        bytes.extend_from_slice(position.anchor.link.as_slice());
        for number in [
            position.anchor.root_height,
            position.epoch,
            position.epoch_height,
        ] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
    }
    let digest = keccak256(&bytes);
    bytes.extend_from_slice(digest.as_slice());
    bytes
}

fn decode(bytes: &[u8], deployment: &[u8; 20]) -> Option<Vec<Position>> {
    let (content, digest) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST)?)?;
    if bytes.len() > MAX_BYTES || keccak256(content).as_slice() != digest {
        return None;
    }
    let rest = content.strip_prefix(TAG)?;
    let rest = rest.strip_prefix(deployment.as_slice())?;
    rest.chunks(POSITION).map(decode_position).collect()
}

fn decode_position(bytes: &[u8]) -> Option<Position> {
    let (index, rest) = bytes.split_first_chunk::<8>()?;
    let (link, rest) = rest.split_first_chunk::<32>()?;
    let (root_height, rest) = rest.split_first_chunk::<8>()?;
    let (epoch, rest) = rest.split_first_chunk::<8>()?;
    let epoch_height = rest.try_into().ok()?;
    Some(Position {
        anchor: Anchor {
            index: u64::from_be_bytes(*index),
            link: B256::from(*link),
            root_height: u64::from_be_bytes(*root_height),
        },
        epoch: u64::from_be_bytes(*epoch),
        epoch_height: u64::from_be_bytes(epoch_height),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPLOYMENT: [u8; 20] = [9; 20];

    fn position(index: u64) -> Position {
        Position {
            anchor: Anchor {
                index,
                link: B256::repeat_byte(8),
                root_height: 1_000,
            },
            epoch: 3,
            epoch_height: 990,
        }
    }

    #[test]
    fn positions_come_back_and_any_damage_leaves_none() {
        let positions = vec![position(7), position(9)];
        let bytes = encode(&positions, &DEPLOYMENT);
        assert_eq!(decode(&bytes, &DEPLOYMENT), Some(positions));
        assert_eq!(decode(&bytes, &[8; 20]), None, "of another deployment");
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            assert_eq!(decode(&damaged, &DEPLOYMENT), None, "byte {place}");
            assert_eq!(decode(&bytes[..place], &DEPLOYMENT), None, "cut at {place}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(decode(&longer, &DEPLOYMENT), None);
        let too_many = vec![position(1); KEPT + 1];
        assert_eq!(decode(&encode(&too_many, &DEPLOYMENT), &DEPLOYMENT), None);
    }

    #[test]
    fn a_child_that_was_killed_goes_on_at_the_newest_position_that_it_has_not_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root-position");
        let open = |cursor| PositionFile::open(&path, DEPLOYMENT).up_to(cursor);
        assert_eq!(open(u64::MAX).position(), None);
        for index in [5, 7, 9] {
            open(u64::MAX).save(&position(index)).unwrap();
        }
        for (cursor, found) in [(4, None), (5, Some(5)), (8, Some(7)), (9, Some(9))] {
            assert_eq!(open(cursor).position(), found.map(position), "{cursor}");
        }
        // What is past a newer position was doubted, and read again.
        open(u64::MAX).save(&position(6)).unwrap();
        assert_eq!(open(u64::MAX).position(), Some(position(6)));
        for index in 100..200 {
            open(u64::MAX).save(&position(index)).unwrap();
        }
        let oldest = 200 - KEPT as u64;
        assert_eq!(open(oldest).position(), Some(position(oldest)));
        assert_eq!(open(oldest - 1).position(), None);
        std::fs::write(&path, vec![0; 1 << 20]).unwrap();
        assert_eq!(open(u64::MAX).position(), None);
    }
}

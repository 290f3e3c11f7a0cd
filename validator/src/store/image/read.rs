//! Reads a state from a file that anybody may have written.

use super::{FORMAT, Heading, ImageError, MAGIC, MAX_CHECKPOINTS, field};
use crate::chain::tree::{Change, MAX_VALUE, Tree};
use crate::ledger::{Parameters, Value};
use crate::store::Identity;
use alloy_primitives::{B256 as Hash, Keccak256};
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::BlockCommitment;
use std::io::{ErrorKind, Read};

/// Leaves that are added to the tree at once.
const CHUNK: usize = 1_000;

/// Bytes on their way, with their checksum.
struct Hashed<R> {
    input: R,
    hasher: Keccak256,
}

impl<R: Read> Hashed<R> {
    /// Fills `bytes` with the next ones, which are of `what`.
    fn fill(&mut self, bytes: &mut [u8], what: &'static str) -> Result<(), ImageError> {
        self.input
            .read_exact(bytes)
            .map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => ImageError::Short(what),
                _ => error.into(),
            })?;
        self.hasher.update(&*bytes);
        Ok(())
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], ImageError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    fn u16(&mut self, what: &'static str) -> Result<u16, ImageError> {
        self.array(what).map(u16::from_be_bytes)
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, ImageError> {
        self.array(what).map(u32::from_be_bytes)
    }
}

/// Reads all of a file: what it states, and the tree of its leaves, whose root is the one that it states. Memory grows with the leaves that were
/// read, and with nothing that the file claims.
///
/// # Errors
/// [`ImageError`] with what is wrong in it.
pub fn read(input: impl Read) -> Result<(Heading, Tree), ImageError> {
    let mut input = Hashed {
        input,
        hasher: Keccak256::new(),
    };
    let header = header(&mut input)?;
    header.check()?;
    let tree = leaves(&mut input)?;
    let Hashed { mut input, hasher } = input;
    let computed = hasher.finalize();
    let mut found = [0; 32];
    input
        .read_exact(&mut found)
        .map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => ImageError::Short("its checksum"),
            _ => error.into(),
        })?;
    let found = Hash::from(found);
    if found != computed {
        return Err(ImageError::Checksum { found, computed });
    }
    if input.read(&mut [0; 1])? != 0 {
        return Err(ImageError::Trailing);
    }
    let (stated, computed) = (header.block.after, tree.root());
    if stated != computed {
        return Err(ImageError::Root { stated, computed });
    }
    Ok((header, tree))
}

/// Reads what [`write_leaves`](super::write_leaves) wrote, up to its end; whoever reads it knows which root the state must have.
///
/// # Errors
/// [`ImageError`] with what is wrong in it.
pub fn read_leaves(input: impl Read) -> Result<Tree, ImageError> {
    let mut input = Hashed {
        input,
        hasher: Keccak256::new(),
    };
    let tree = leaves(&mut input)?;
    match input.input.read(&mut [0; 1])? {
        0 => Ok(tree),
        _ => Err(ImageError::Trailing),
    }
}

/// Reads what stands in front of a state's leaves, and checks that its parts fit one another. What is behind it stays in `input`.
///
/// # Errors
/// [`ImageError`] with what is wrong in it.
pub fn read_heading(input: impl Read) -> Result<Heading, ImageError> {
    let mut input = Hashed {
        input,
        hasher: Keccak256::new(),
    };
    let header = header(&mut input)?;
    header.check()?;
    Ok(header)
}

fn header<R: Read>(input: &mut Hashed<R>) -> Result<Heading, ImageError> {
    let magic: [u8; 8] = input.array("its first bytes")?;
    if magic != MAGIC {
        return Err(ImageError::Magic);
    }
    let found = input.u32("its format")?;
    if found != FORMAT {
        return Err(ImageError::Format { found });
    }
    let identity = Identity {
        deployment: input.array("its deployment")?,
        genesis_root: Hash::from(input.array::<32>("its genesis root")?),
    };
    let what = "its parameters";
    let width = input.u32(what)?;
    if width as usize != Parameters::WIDTH {
        let why = format!("they have {width} bytes; it must be {}", Parameters::WIDTH);
        return Err(field(what, why));
    }
    let mut bytes = vec![0; Parameters::WIDTH];
    input.fill(&mut bytes, what)?;
    let parameters = Parameters::decode(&bytes).map_err(|error| field(what, error.to_string()))?;
    let what = "its block";
    let bytes: [u8; BlockCommitment::BYTES] = input.array(what)?;
    let block = BlockCommitment::decode(&bytes).map_err(|error| field(what, error.to_string()))?;
    let what = "its checkpoints";
    let count = input.u16(what)?;
    if u64::from(count) > MAX_CHECKPOINTS {
        let why = format!("there are {count}; {MAX_CHECKPOINTS} can be");
        return Err(field(what, why));
    }
    let mut checkpoints = Vec::new();
    for _ in 0..count {
        let bytes: [u8; Checkpoint::BYTES] = input.array(what)?;
        let checkpoint = Checkpoint::decode(&bytes);
        checkpoints.push(checkpoint.map_err(|error| field(what, error.to_string()))?);
    }
    Ok(Heading {
        identity,
        parameters,
        block,
        checkpoints,
    })
}

fn leaves<R: Read>(input: &mut Hashed<R>) -> Result<Tree, ImageError> {
    let count = input.u32("its leaves")?;
    sentinel(input, count)?;
    let mut tree = Tree::new();
    let mut changes = Vec::new();
    for index in 1..count {
        changes.push(leaf(input, index)?);
        if changes.len() < CHUNK && index.checked_add(1) != Some(count) {
            continue;
        }
        let first = tree.count();
        let added = tree.apply(&changes);
        added.map_err(|source| ImageError::Leaf {
            index: first,
            source,
        })?;
        // A key of an earlier leaf would have changed that one, and made none.
        if tree.count() != index.saturating_add(1) {
            return Err(ImageError::Twice { first, last: index });
        }
        changes.clear();
    }
    Ok(tree)
}

/// The first leaf, which every tree has.
fn sentinel<R: Read>(input: &mut Hashed<R>, count: u32) -> Result<(), ImageError> {
    let refuse = || Err(field("its leaves", "the first one is not the sentinel"));
    if count == 0 {
        return refuse();
    }
    let first = leaf(input, 0)?;
    let is_sentinel = first.kind == 0 && first.value.is_empty() && first.key == Hash::ZERO;
    if is_sentinel { Ok(()) } else { refuse() }
}

fn leaf<R: Read>(input: &mut Hashed<R>, index: u32) -> Result<Change, ImageError> {
    let what = "its leaves";
    let [kind] = input.array(what)?;
    let width = usize::from(input.u16(what)?);
    if width > MAX_VALUE {
        return Err(ImageError::Wide { index, width });
    }
    let key = Hash::from(input.array::<32>(what)?);
    let mut value = vec![0; width];
    input.fill(&mut value, what)?;
    Ok(Change { key, kind, value })
}

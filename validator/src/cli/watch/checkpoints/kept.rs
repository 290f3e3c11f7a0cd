//! What was shown of checkpoints that are not final, on disk: a watcher that starts again judges from there, and whoever is challenged for it later has it.
//!
//! ```text
//! FOLDER/checkpoints/parameters                 the parameters' leaf in the genesis state, with its proof
//! FOLDER/checkpoints/EPOCH-DIGEST/blocks        K block commitments of 180 bytes
//!                                 NUMBER        count u32 ‖ transactions u32 ‖ list root ‖ segments × (record ‖ bytes)
//!                                 state         the state that it leaves, of the newest one alone that the watcher has come to
//! ```
//! A file that cannot be read, or says something else than root's words commit to, is as good as none. What is final or void is deleted, once all endpoints of root say so,
//! but for what a state still has to be carried over. What was shown and the state have room of their own, so that neither takes the other's.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use plasmid_bridge::client::watcher::unsound::{AcceptedCheckpoints, CheckpointsOver};
use plasmid_bridge::client::whole;
use plasmid_bridge::proof::bytes::{DecodeError, Reader};
use plasmid_bridge::proof::commitment::BlockCommitment;
use plasmid_bridge::relay::acceptance::Acceptance;

use crate::chain::opened::{OpenedSegment, OpenedSegments, ShownLeaf};
use crate::chain::tree::Tree;
use crate::court::OpenedEpoch;
use crate::store::image;

mod parameters;

/// Bytes of all files but the state, at most: what is beyond is judged and not kept.
const MAX_BYTES: u64 = 16 << 30;
/// Bytes of a state, at most. While a new one is written the one before stays, so that there is one at any time.
const MAX_STATE: u64 = 8 << 30;
/// Bytes of one file, at most: of a block that has more, all is judged and nothing kept.
const MAX_FILE: u64 = 128 << 20;
/// The file of a state, and how much of it is read or written at once.
const STATE: &str = "state";
const BUFFER: usize = 1 << 20;
/// The file of the parameters' leaf.
const PARAMETERS: &str = "parameters";

/// The folder.
#[derive(Debug)]
pub struct CheckpointArchive {
    folder: PathBuf,
    /// Room for what was shown, and for a state.
    room: (u64, u64),
    bytes: u64,
    trouble: Option<String>,
}

impl CheckpointArchive {
    /// What an earlier run left in a folder; nothing is read before it is asked for.
    pub fn open(folder: PathBuf) -> Self {
        let folder = folder.join("checkpoints");
        let bytes = entries(&folder).iter().map(|one| shown_size(one)).sum();
        Self {
            folder,
            room: (MAX_BYTES, MAX_STATE),
            bytes,
            trouble: None,
        }
    }

    /// Why something was not kept, if that was so of late.
    pub fn trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }

    /// Deletes what is over by the word of all endpoints of root; what one alone says, or does not say at this moment, deletes nothing.
    pub fn retain(&mut self, over: &CheckpointsOver) {
        for folder in entries(&self.folder) {
            if epoch_of(&folder).is_some_and(|epoch| over.is_over(epoch)) {
                let freed = shown_size(&folder);
                match fs::remove_dir_all(&folder) {
                    Ok(()) => self.bytes = self.bytes.saturating_sub(freed),
                    Err(error) => self.failed(&folder, &error),
                }
            }
        }
    }

    /// The leaf of the parameters in the genesis state. Whoever reads it compares it with root's word.
    pub fn parameters(&self) -> Option<ShownLeaf> {
        parameters::decode(&read(&self.folder.join(PARAMETERS))?).ok()
    }

    /// Keeps it.
    pub fn keep_parameters(&mut self, shown: &ShownLeaf) {
        let folder = self.folder.clone();
        self.write(&folder, PARAMETERS, |file| {
            file.write_all(&parameters::encode(shown))
        });
    }

    /// The block commitments of a checkpoint.
    pub fn blocks(&self, accepted: &Acceptance) -> Option<Vec<BlockCommitment>> {
        let bytes = read(&self.place(accepted).join("blocks"))?;
        let blocks = bytes
            .chunks(BlockCommitment::BYTES)
            .map(BlockCommitment::decode);
        blocks.collect::<Result<_, _>>().ok()
    }

    /// Keeps them.
    pub fn keep_blocks(&mut self, epoch: &OpenedEpoch) {
        let blocks: Vec<Vec<u8>> = epoch.blocks.iter().map(BlockCommitment::encode).collect();
        self.keep(&epoch.accepted, "blocks", &blocks.concat());
    }

    /// The segments of a block.
    pub fn segments(&self, accepted: &Acceptance, number: u32) -> Option<OpenedSegments> {
        let bytes = read(&self.place(accepted).join(number.to_string()))?;
        decode(&bytes).ok()
    }

    /// Keeps them.
    pub fn keep_segments(&mut self, accepted: &Acceptance, number: u32, segments: &OpenedSegments) {
        self.keep(accepted, &number.to_string(), &encode(segments));
    }

    /// The state that one of these checkpoints leaves, of the newest one of which it is kept.
    pub fn state(&self, now: &AcceptedCheckpoints) -> Option<(Acceptance, Tree)> {
        now.acceptances.iter().rev().find_map(|accepted| {
            let file = fs::File::open(self.place(accepted).join(STATE)).ok()?;
            let tree = image::read_leaves(io::BufReader::with_capacity(BUFFER, file)).ok()?;
            (tree.root() == accepted.checkpoint.state_root).then(|| (accepted.clone(), tree))
        })
    }

    /// The epoch of the checkpoint whose state is kept.
    pub fn state_epoch(&self) -> Option<u64> {
        let folders = entries(&self.folder);
        let mut with_state = folders.iter().filter(|one| one.join(STATE).exists());
        with_state.find_map(|one| epoch_of(one))
    }

    /// Keeps it, and that of no other checkpoint.
    pub fn keep_state(&mut self, accepted: &Acceptance, tree: &Tree) {
        let own = self.place(accepted);
        let length = tree.iter().fold(4u64, |sum, leaf| {
            let bytes = leaf.value.len().saturating_add(image::LEAF_HEAD);
            sum.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX))
        });
        let (_, room) = self.room;
        if length > room {
            self.trouble = Some(format!(
                "a state in {} would have more than {room} bytes: it is not kept, and a watcher that starts again needs nodes that show one",
                self.folder.display()
            ));
            return;
        }
        let is_written = self.write(&own, STATE, |file| {
            image::write_leaves(io::BufWriter::with_capacity(BUFFER, file), tree)
        });
        for folder in entries(&self.folder) {
            let old = folder.join(STATE);
            if is_written
                && folder != own
                && old.exists()
                && let Err(error) = fs::remove_file(&old)
            {
                self.failed(&old, &error);
            }
        }
    }

    /// Writes a file of what was shown, if there is room for it.
    fn keep(&mut self, accepted: &Acceptance, name: &str, bytes: &[u8]) {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let folder = self.place(accepted);
        let all = self.bytes.saturating_add(length);
        let (place, (room, _)) = (self.folder.display(), self.room);
        let too_large = match (length > MAX_FILE, all > room) {
            (true, _) => Some(format!(
                "a file in {place} would have more than {MAX_FILE} bytes"
            )),
            (false, true) => Some(format!("{place} would have more than {room} bytes")),
            (false, false) => None,
        };
        if let Some(why) = too_large {
            self.trouble = Some(format!("{why}: what is beyond is judged and not kept"));
            return;
        }
        let before = size(&folder.join(name));
        if self.write(&folder, name, |file| file.write_all(bytes)) {
            self.bytes = all.saturating_sub(before);
        }
    }

    /// Writes a file whole, and gives whether it could.
    fn write(
        &mut self,
        folder: &Path,
        name: &str,
        fill: impl FnOnce(&mut fs::File) -> io::Result<()>,
    ) -> bool {
        let path = folder.join(name);
        let written = whole::make_folder(&self.folder)
            .and_then(|()| whole::make_folder(folder))
            .and_then(|()| whole::replace_with(&path, whole::PRIVATE, fill));
        if let Err(error) = &written {
            self.failed(&path, error);
        }
        written.is_ok()
    }

    fn failed(&mut self, path: &Path, error: &io::Error) {
        self.trouble = Some(format!("{}: {error}", path.display()));
    }

    fn place(&self, accepted: &Acceptance) -> PathBuf {
        let digest = hex::encode(accepted.digest);
        self.folder.join(format!("{}-{digest}", accepted.epoch))
    }
}

/// The epoch in the name of a folder.
fn epoch_of(folder: &Path) -> Option<u64> {
    let (epoch, _) = folder.file_name()?.to_str()?.split_once('-')?;
    epoch.parse().ok()
}

/// What stands in a folder; nothing where it cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(folder).into_iter().flatten().flatten();
    found.map(|one| one.path()).collect()
}

/// Bytes of a file; none where there is none.
fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

/// Bytes of the files of a folder, but for the state, and what was written of one when it was cut short.
fn shown_size(folder: &Path) -> u64 {
    let is_state = |path: &Path| path.file_stem().is_some_and(|name| name == STATE);
    let files = entries(folder);
    let shown = files.iter().filter(|path| !is_state(path));
    shown.map(|path| size(path)).sum()
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(MAX_FILE).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn encode(segments: &OpenedSegments) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [segments.count, segments.transactions] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.extend_from_slice(segments.list_root.as_slice());
    for one in &segments.segments {
        bytes.push(one.kind);
        for number in [one.first, one.count, one.length] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        for root in [&one.chunks_root, &one.before, &one.after] {
            bytes.extend_from_slice(root.as_slice());
        }
        let own = one.bytes.as_deref().unwrap_or_default();
        let length = u32::try_from(own.len()).unwrap_or(u32::MAX);
        bytes.push(u8::from(one.bytes.is_some()));
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(own);
    }
    bytes
}

fn decode(bytes: &[u8]) -> Result<OpenedSegments, DecodeError> {
    let mut reader = Reader::new(bytes);
    let mut all = OpenedSegments {
        count: reader.u32()?,
        transactions: reader.u32()?,
        list_root: reader.array()?.into(),
        segments: Vec::new(),
    };
    while reader.left() > 0 {
        let one = OpenedSegment {
            kind: reader.u8()?,
            first: reader.u32()?,
            count: reader.u32()?,
            length: reader.u32()?,
            chunks_root: reader.array()?.into(),
            before: reader.array()?.into(),
            after: reader.array()?.into(),
            bytes: None,
        };
        let has_bytes = reader.u8()? == 1;
        let length = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
        let own = reader.slice(length)?;
        all.segments.push(OpenedSegment {
            bytes: has_bytes.then(|| own.to_vec()),
            ..one
        });
    }
    Ok(all)
}

#[cfg(test)]
mod tests;

//! Frames from hostile bytes: bounds before memory, and vote extensions that are too large dropped while reading.
//!
//! ```text
//! stream = frame*          frame = uvarint length ‖ protobuf Request
//! Request { 16: PrepareProposal { 3: ExtendedCommitInfo { 2: ExtendedVoteInfo { 3: vote_extension } } } }
//! ```
//!
//! CometBFT hands late precommits to PrepareProposal unverified, with up to 1 MiB of extension each, so a genuine frame can
//! be hundreds of MiB of which we want a few bytes a vote. `Scanner` is fed chunks as they come and walks the fields on that
//! path; anything else is kept as it is. Memory follows the bytes that are kept, never a length that is claimed.

#[cfg(test)]
mod tests;

use prost::encoding::encode_varint;

use super::limits::{FrameError, Limits};

/// The messages on the way to a vote extension.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Request,
    Proposal,
    Commit,
    Vote,
}

impl Level {
    /// The message that field number `field` of this one opens, if it is on the way.
    fn open(self, field: u64) -> Option<Self> {
        match (self, field) {
            (Self::Request, 16) => Some(Self::Proposal),
            (Self::Proposal, 3) => Some(Self::Commit),
            (Self::Commit, 2) => Some(Self::Vote),
            _ => None,
        }
    }
}

/// A message whose fields are being walked.
struct Open {
    level: Level,
    /// Its tag in the message around it.
    tag: u64,
    /// Where it ends, counted from the frame's first byte.
    end: u64,
    kept: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Step {
    /// Between frames, or inside a frame's length.
    FrameLength,
    Tag,
    Value {
        tag: u64,
    },
    Length {
        tag: u64,
    },
    Copy(u64),
    Skip(u64),
}

/// Cuts a stream into frames. After an error it must not be fed again.
pub struct Scanner {
    limits: Limits,
    step: Step,
    varint: u64,
    shift: u32,
    open: Vec<Open>,
    at: u64,
    kept: usize,
    votes: usize,
}

impl Scanner {
    #[must_use]
    /// A scanner of frames within these limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            step: Step::FrameLength,
            varint: 0,
            shift: 0,
            open: Vec::new(),
            at: 0,
            kept: 0,
            votes: 0,
        }
    }

    /// Whether a frame has begun and not ended.
    #[must_use]
    pub fn mid_frame(&self) -> bool {
        !self.open.is_empty() || self.shift != 0
    }

    /// Takes from the front of `input` up to the end of one frame, and gives that frame's Request as protobuf; `None` means
    /// that all of `input` was taken and the frame goes on.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        loop {
            if let Some(frame) = self.close()? {
                return Ok(Some(frame));
            }
            if input.is_empty() {
                return Ok(None);
            }
            match self.step {
                Step::Copy(left) => self.copy(left, input)?,
                Step::Skip(left) => {
                    let taken = take(input, left);
                    self.at += taken.len() as u64;
                    self.step = rest(left, taken.len(), Step::Skip);
                }
                Step::FrameLength | Step::Tag | Step::Value { .. } | Step::Length { .. } => {
                    let Some(value) = self.varint(input)? else {
                        continue;
                    };
                    self.number(value)?;
                }
            }
        }
    }

    /// Closes every message that ends here; gives the frame if that was the outermost one.
    fn close(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        while let Some(top) = self.open.last() {
            if self.at < top.end {
                return Ok(None);
            }
            // A value that a message's end cuts short: the step is only `Tag` between fields.
            if !matches!(self.step, Step::Tag) || self.shift != 0 {
                return Err(FrameError::PastEnd);
            }
            let Some(done) = self.open.pop() else { break };
            let Some(around) = self.open.last_mut() else {
                self.step = Step::FrameLength;
                return Ok(Some(done.kept));
            };
            encode_varint(done.tag, &mut around.kept);
            encode_varint(done.kept.len() as u64, &mut around.kept);
            around.kept.extend_from_slice(&done.kept);
        }
        Ok(None)
    }

    /// One byte of a varint; its value when it is complete.
    fn varint(&mut self, input: &mut &[u8]) -> Result<Option<u64>, FrameError> {
        let Some((&byte, tail)) = input.split_first() else {
            return Ok(None);
        };
        *input = tail;
        if !matches!(self.step, Step::FrameLength) {
            self.at += 1;
        }
        let part = u64::from(byte & 0x7f);
        if self.shift > 63 || (self.shift == 63 && part > 1) {
            return Err(FrameError::Varint);
        }
        self.varint |= part << self.shift;
        self.shift += 7;
        if byte & 0x80 != 0 {
            return Ok(None);
        }
        let value = self.varint;
        (self.varint, self.shift) = (0, 0);
        Ok(Some(value))
    }

    /// A complete varint, read as what the step expects.
    fn number(&mut self, value: u64) -> Result<(), FrameError> {
        match self.step {
            Step::FrameLength => self.begin(value)?,
            Step::Tag => self.step = self.field(value)?,
            Step::Value { tag } => {
                let top = self.top()?;
                encode_varint(tag, top);
                encode_varint(value, top);
                self.step = Step::Tag;
            }
            Step::Length { tag } => self.step = self.message(tag, value)?,
            Step::Copy(_) | Step::Skip(_) => {}
        }
        Ok(())
    }

    fn begin(&mut self, claimed: u64) -> Result<(), FrameError> {
        let limit = self.limits.frame_bytes;
        if claimed > limit {
            return Err(FrameError::TooLarge { claimed, limit });
        }
        (self.at, self.kept, self.votes) = (0, 0, 0);
        self.open.push(Open {
            level: Level::Request,
            tag: 0,
            end: claimed,
            kept: Vec::new(),
        });
        self.step = Step::Tag;
        Ok(())
    }

    /// What follows a field's tag.
    fn field(&mut self, tag: u64) -> Result<Step, FrameError> {
        let fixed = match tag & 7 {
            0 => {
                self.count(20)?;
                return Ok(Step::Value { tag });
            }
            1 => 8,
            2 => return Ok(Step::Length { tag }),
            5 => 4,
            other => return Err(FrameError::WireType(other as u8)),
        };
        self.fits(fixed)?;
        self.count(10)?;
        encode_varint(tag, self.top()?);
        Ok(Step::Copy(fixed))
    }

    /// What to do with a field of `length` bytes: walk it, drop it or keep it.
    fn message(&mut self, tag: u64, length: u64) -> Result<Step, FrameError> {
        self.fits(length)?;
        self.count(20)?;
        let level = self.open.last().map_or(Level::Request, |top| top.level);
        if let Some(level) = level.open(tag >> 3) {
            self.votes += usize::from(level == Level::Vote);
            let limit = self.limits.votes;
            if self.votes > limit {
                return Err(FrameError::TooManyVotes { limit });
            }
            let end = self.at + length;
            self.open.push(Open {
                level,
                tag,
                end,
                kept: Vec::new(),
            });
            return Ok(Step::Tag);
        }
        let extension = level == Level::Vote && tag >> 3 == 3;
        if extension && length > self.limits.extension_bytes as u64 {
            return Ok(rest(length, 0, Step::Skip));
        }
        let top = self.top()?;
        encode_varint(tag, top);
        encode_varint(length, top);
        Ok(rest(length, 0, Step::Copy))
    }

    fn copy(&mut self, left: u64, input: &mut &[u8]) -> Result<(), FrameError> {
        let taken = take(input, left);
        self.at += taken.len() as u64;
        self.count(taken.len())?;
        self.top()?.extend_from_slice(taken);
        self.step = rest(left, taken.len(), Step::Copy);
        Ok(())
    }

    fn top(&mut self) -> Result<&mut Vec<u8>, FrameError> {
        self.open
            .last_mut()
            .map(|top| &mut top.kept)
            .ok_or(FrameError::PastEnd)
    }

    /// Refuses a field that would pass the end of the message that it is in.
    fn fits(&self, length: u64) -> Result<(), FrameError> {
        let left = self.open.last().map_or(0, |top| top.end - self.at);
        if length > left {
            return Err(FrameError::PastEnd);
        }
        Ok(())
    }

    /// Counts bytes that are about to be kept.
    fn count(&mut self, bytes: usize) -> Result<(), FrameError> {
        let limit = self.limits.kept_bytes;
        self.kept = self.kept.saturating_add(bytes);
        if self.kept > limit {
            return Err(FrameError::TooMuch { limit });
        }
        Ok(())
    }
}

/// Takes at most `left` bytes from the front of `input`.
fn take<'a>(input: &mut &'a [u8], left: u64) -> &'a [u8] {
    let length = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
    let (taken, tail) = input.split_at(length);
    *input = tail;
    taken
}

/// The step that goes on with `left - taken` bytes, or the next field.
fn rest(left: u64, taken: usize, step: fn(u64) -> Step) -> Step {
    match left - taken as u64 {
        0 => Step::Tag,
        left => step(left),
    }
}

//! What one connection may make us read and keep, and what is said when it asks for more.

/// What one connection may make us read and keep.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest frame read, in bytes, dropped extensions included.
    pub frame_bytes: u64,
    /// Most bytes of one frame that are kept.
    pub kept_bytes: usize,
    /// Most votes in the commit of a PrepareProposal.
    pub votes: usize,
    /// Largest vote extension kept, in bytes; a larger one reads as empty.
    pub extension_bytes: usize,
}

const MIB: u64 = 1 << 20;

impl Limits {
    /// Limits for blocks of `max_block_bytes` and sets of at most `validators`: frames of max_bytes + N × 1 MiB + 1 MiB.
    #[must_use]
    pub fn new(max_block_bytes: u64, validators: u16, extension_bytes: usize) -> Self {
        let validators = u64::from(validators);
        let block = max_block_bytes.saturating_add(MIB);
        // Address, power, flag and signature of a vote take about 120 bytes.
        let votes = validators.saturating_mul((extension_bytes as u64).saturating_add(256));
        Self {
            frame_bytes: block.saturating_add(validators.saturating_mul(MIB)),
            kept_bytes: usize::try_from(block.saturating_add(votes)).unwrap_or(usize::MAX),
            votes: usize::try_from(validators).unwrap_or(usize::MAX),
            extension_bytes,
        }
    }
}

/// Why a stream of frames cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum FrameError {
    #[error("a frame claims {claimed} bytes, at most {limit} are read")]
    TooLarge { claimed: u64, limit: u64 },
    #[error("a frame holds over {limit} bytes besides vote extensions that are too large")]
    TooMuch { limit: usize },
    #[error("a proposal request carries over {limit} votes")]
    TooManyVotes { limit: usize },
    #[error("a length or value runs over 64 bits")]
    Varint,
    #[error("a field runs past the end of its message")]
    PastEnd,
    #[error("wire type {0} is not used by any message")]
    WireType(u8),
}

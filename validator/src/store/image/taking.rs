//! A state on its way from strangers, part by part: each is compared with what root accepted before anything of it is kept.
//!
//! ```text
//! offer  height ‖ format ‖ number of parts ‖ digest of the epoch's checkpoint ‖ shown: inclusion of leaf 0, which proves the number of leaves
//! begin(offer, root's word) ─▶ take(0) ─▶ take(1) … ─▶ whole: the heading, and a tree whose root is the accepted one
//! ```
//! What is offered is all compared at once: of each accepted epoch there is one offer that is taken, so whoever made another one lied. CometBFT
//! knows an offer by the digits of its number of parts, its digest and what it shows, one behind the other with nothing between. So it is read as that one
//! row of bytes here too: who moves a border in it shares a name with the honest ones. What a part says is compared when it comes, so whoever sent a
//! false one lied. Memory grows with leaves that were proven.

use super::Heading;
use super::part::{self, PartError};
use crate::chain::tree::{Tree, TreeError};
use crate::ledger::Parameters;
use crate::store::Identity;
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::bytes::DecodeError;
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::tree::{INCLUSION_BYTES, Inclusion, ProofError};

/// The form of parts and offers.
pub const SNAPSHOT_FORMAT: u32 = 1;

/// A state as somebody offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotOffer {
    /// Its height.
    pub height: u64,
    /// The form of its parts.
    pub format: u32,
    /// How many parts there are.
    pub parts: u32,
    /// Digest of the checkpoint of the epoch that the height ends.
    pub digest: Vec<u8>,
    /// The inclusion of its first leaf.
    pub shown: Vec<u8>,
}

impl SnapshotOffer {
    /// What CometBFT tells it from others by, besides its height and format.
    fn name(&self) -> Vec<u8> {
        let digits = self.parts.to_string();
        [digits.as_bytes(), &self.digest, &self.shown].concat()
    }
}

/// Why an offer is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum OfferError {
    #[error("it has format {0}, and this program reads {SNAPSHOT_FORMAT}")]
    Format(u32),
    #[error("height {height} ends no epoch of {blocks} blocks")]
    Height { height: u64, blocks: u32 },
    #[error("its checkpoint has digest 0x{found}, and root accepted {accepted}")]
    Digest { found: String, accepted: Hash },
    #[error("what it shows of the number of its leaves cannot be read: {0}")]
    Shown(#[from] DecodeError),
    #[error(
        "what it shows of the number of its leaves is not of the state that root accepted: {0}"
    )]
    Count(#[from] ProofError),
    #[error("it shows leaf {0} and not the first one")]
    Leaf(u32),
    #[error("it has {found} parts, and a state of {leaves} leaves has {expected}")]
    Parts {
        found: u32,
        leaves: u32,
        expected: u32,
    },
    #[error(
        "it has {found} parts, and digits of the true number, {expected}, stand in its digest: CometBFT takes it for the true offer of other nodes"
    )]
    Moved { found: u32, expected: u32 },
}

/// Why a part is not taken.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum TakeError {
    #[error("part {0} comes before those in front of it")]
    Early(u32),
    #[error("its first part is of another chain, or of other parameters, than this folder's")]
    OtherChain,
    #[error("its first part is over {0}, and not over what was offered")]
    OtherState(&'static str),
    #[error(transparent)]
    Part(#[from] PartError),
    #[error("its leaves make no state: {0}")]
    Tree(#[from] TreeError),
    #[error("its leaves lead to state root {computed}, and root accepted {accepted}")]
    Root { computed: Hash, accepted: Hash },
}

impl TakeError {
    /// Whether the bytes of the part are not what they have to be, so that whoever sent them lied.
    #[must_use]
    pub const fn is_lie(&self) -> bool {
        match self {
            Self::OtherChain | Self::OtherState(_) | Self::Part(_) => true,
            Self::Early(_) | Self::Tree(_) | Self::Root { .. } => false,
        }
    }
}

/// A state of which some parts have been taken.
pub struct Taking {
    identity: Identity,
    parameters: Parameters,
    height: u64,
    digest: Hash,
    root: Hash,
    blocks_root: Hash,
    app_hash: Hash,
    count: u32,
    heading: Option<Heading>,
    tree: Tree,
    /// The part that comes next.
    next: u32,
}

/// The epoch that a height ends.
///
/// # Errors
/// [`OfferError::Height`] where it ends none.
pub fn ended_by(height: u64, blocks: u32) -> Result<u64, OfferError> {
    let epochs = height.checked_div(blocks.into()).unwrap_or(0);
    match epochs.checked_sub(1) {
        Some(epoch) if height.is_multiple_of(blocks.into()) => Ok(epoch),
        _ => Err(OfferError::Height { height, blocks }),
    }
}

impl Taking {
    /// Begins to take what is offered, by the checkpoint that root accepted of its epoch. `app_hash` is what the engine's light client verified of
    /// that height.
    ///
    /// # Errors
    /// [`OfferError`]: it is not the state of that checkpoint.
    pub fn begin(
        offer: &SnapshotOffer,
        (identity, parameters): (Identity, Parameters),
        accepted: &Checkpoint,
        app_hash: Hash,
    ) -> Result<Self, OfferError> {
        if offer.format != SNAPSHOT_FORMAT {
            return Err(OfferError::Format(offer.format));
        }
        let (height, blocks) = (offer.height, parameters.epoch_blocks);
        if ended_by(height, blocks)? != accepted.epoch {
            return Err(OfferError::Height { height, blocks });
        }
        let named = offer.name();
        let (front, shown) = named.split_at(named.len().saturating_sub(INCLUSION_BYTES));
        let (digits, found) = front.split_at(front.len().saturating_sub(32));
        let shown = Inclusion::decode(shown)?;
        let digest = accepted.digest();
        if found != digest.as_slice() {
            return Err(OfferError::Digest {
                found: hex::encode(found),
                accepted: digest,
            });
        }
        shown.verify(&accepted.state_root)?;
        if shown.index != 0 {
            return Err(OfferError::Leaf(shown.index));
        }
        let (found, expected) = (offer.parts, part::parts(shown.count));
        if digits != expected.to_string().as_bytes() {
            return Err(OfferError::Parts {
                found,
                leaves: shown.count,
                expected,
            });
        }
        if found != expected {
            return Err(OfferError::Moved { found, expected });
        }
        Ok(Self {
            identity,
            parameters,
            height,
            digest,
            root: accepted.state_root,
            blocks_root: accepted.blocks_root,
            app_hash,
            count: shown.count,
            heading: None,
            tree: Tree::new(),
            next: 0,
        })
    }

    /// Takes a part. One that was taken before is left out.
    ///
    /// # Errors
    /// [`TakeError`]; nothing of the part was taken then.
    pub fn take(&mut self, number: u32, bytes: &[u8]) -> Result<(), TakeError> {
        if number < self.next {
            return Ok(());
        }
        if number > self.next {
            return Err(TakeError::Early(number));
        }
        match number {
            0 => self.heading = Some(self.read_heading(bytes)?),
            _ => {
                let leaves = part::read_part(bytes, number, self.count, &self.root)?;
                // Every tree has the first leaf of the first part.
                let new = leaves.get(usize::from(number == 1)..).unwrap_or_default();
                self.tree.apply(new)?;
            }
        }
        self.next = self.next.saturating_add(1);
        Ok(())
    }

    fn read_heading(&self, bytes: &[u8]) -> Result<Heading, TakeError> {
        let heading = part::read_first(bytes, &self.blocks_root)?;
        if heading.identity != self.identity || heading.parameters != self.parameters {
            return Err(TakeError::OtherChain);
        }
        if heading.block.height != self.height {
            return Err(TakeError::OtherState("another height"));
        }
        if heading.block.hash() != self.app_hash {
            return Err(TakeError::OtherState("another block"));
        }
        let digest = heading.checkpoint().map(Checkpoint::digest);
        match digest == Some(self.digest) {
            true => Ok(heading),
            false => Err(TakeError::OtherState("another checkpoint")),
        }
    }

    /// Whether all parts were taken.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.next == part::parts(self.count)
    }

    /// The heading and the tree of a state that is whole.
    ///
    /// # Errors
    /// [`TakeError`]: a part is missing, or the leaves do not make the state that they are proven to stand in.
    pub fn whole(self) -> Result<(Heading, Tree), TakeError> {
        let heading = match self.heading {
            Some(heading) if self.next == part::parts(self.count) => heading,
            _ => return Err(TakeError::Early(part::parts(self.count))),
        };
        let (computed, accepted) = (self.tree.root(), self.root);
        match computed == accepted {
            true => Ok((heading, self.tree)),
            false => Err(TakeError::Root { computed, accepted }),
        }
    }
}

#[cfg(test)]
mod tests;

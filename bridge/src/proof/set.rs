//! The commitment to a validator set, built member by member (PROTOCOL section 1, DESIGN section 6).
//!
//! ```text
//! set commitment = H(PSET ‖ members root ‖ count ‖ aggregate key ‖ total power)
//! members root   = list root over member leaves, in seat order
//! member leaf    = H(PMEM ‖ marked seat ‖ operator ‖ registration ‖ consensus key ‖ checkpoint key ‖ power)
//! ```
//! The epoch boundary adds 16 seats a segment and keeps the running [`Accumulator`] in a leaf: position d of its frontier is
//! the root of the complete subtree of 2^d members that is still open, or zeros. [`Accumulator::finish`] pads the rest.

use plasmid_staking::Member;

use super::{
    Hash,
    bls::{self, BlsError},
    keccak::hash,
    list,
    tree::{node, zeros},
};

/// Members that a set can have.
pub const MAX_MEMBERS: u16 = 512;

/// Complete subtrees that can be open: 2^0 to 2^9 members.
pub const FRONTIER: usize = 10;

/// Why a member does not fit a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// One member too many.
    #[error("a set has at most {MAX_MEMBERS} members")]
    Full,
    /// The powers do not fit 64 bits.
    #[error("power {power} on top of {total} overflows")]
    Power {
        /// Power so far.
        total: u64,
        /// Power of the member.
        power: u64,
    },
    /// The member's checkpoint key.
    #[error("checkpoint key of seat {seat}: {error}")]
    Key {
        /// The member's seat.
        seat: u16,
        /// What is wrong with it.
        error: BlsError,
    },
}

/// The leaf of a member.
#[must_use]
pub fn member_leaf(member: &Member) -> Hash {
    hash(&[
        b"PMEM",
        &member.marked_seat().to_be_bytes(),
        &member.operator,
        &member.registration.to_be_bytes(),
        &member.consensus_key,
        &member.checkpoint_key,
        &member.power.to_be_bytes(),
    ])
}

/// What root knows of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetCommitment {
    /// List root over the member leaves.
    pub members_root: Hash,
    /// Number of members.
    pub count: u16,
    /// Sum of their checkpoint keys; [`bls::NO_KEY`] for none.
    pub aggregate: [u8; 96],
    /// Sum of their powers.
    pub total: u64,
    /// Hash of the four.
    pub commitment: Hash,
}

/// Commitment from its four parts.
#[must_use]
pub fn commitment(members_root: &Hash, count: u16, aggregate: &[u8; 96], total: u64) -> Hash {
    hash(&[
        b"PSET",
        members_root.as_slice(),
        &count.to_be_bytes(),
        aggregate,
        &total.to_be_bytes(),
    ])
}

/// Commitment to a whole set, given in seat order.
///
/// # Errors
/// As [`Accumulator::push`].
pub fn commit(members: &[Member]) -> Result<SetCommitment, SetError> {
    let mut accumulator = Accumulator::default();
    for member in members {
        accumulator.push(member)?;
    }
    Ok(accumulator.finish())
}

/// A set so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accumulator {
    /// Members so far.
    pub count: u16,
    /// Their power.
    pub total: u64,
    /// Sum of their checkpoint keys; [`bls::NO_KEY`] while it is the identity.
    pub aggregate: [u8; 96],
    /// Roots of the open complete subtrees: position d is in use when bit d of the count is set.
    pub frontier: [Hash; FRONTIER],
}

impl Default for Accumulator {
    fn default() -> Self {
        Self {
            count: 0,
            total: 0,
            aggregate: bls::NO_KEY,
            frontier: [Hash::ZERO; FRONTIER],
        }
    }
}

impl Accumulator {
    /// Adds the next member in seat order. On an error the accumulator is unchanged.
    ///
    /// # Errors
    /// [`SetError`] for a set that is full, an overflow of power, a checkpoint key that is no valid point.
    pub fn push(&mut self, member: &Member) -> Result<(), SetError> {
        if self.count >= MAX_MEMBERS {
            return Err(SetError::Full);
        }
        let total = self
            .total
            .checked_add(member.power)
            .ok_or(SetError::Power {
                total: self.total,
                power: member.power,
            })?;
        let aggregate = bls::add_key(&self.aggregate, &member.checkpoint_key).map_err(|error| {
            SetError::Key {
                seat: member.seat,
                error,
            }
        })?;
        let mut subtree = member_leaf(member);
        for (level, open) in self.frontier.iter_mut().enumerate() {
            if self.count >> level & 1 == 0 {
                *open = subtree;
                break;
            }
            subtree = node(open, &subtree);
            *open = Hash::ZERO;
        }
        self.count = self.count.saturating_add(1);
        self.total = total;
        self.aggregate = aggregate;
        Ok(())
    }

    /// The commitment to the members so far.
    #[must_use]
    pub fn finish(&self) -> SetCommitment {
        let members_root = self.members_root();
        SetCommitment {
            members_root,
            count: self.count,
            aggregate: self.aggregate,
            total: self.total,
            commitment: commitment(&members_root, self.count, &self.aggregate, self.total),
        }
    }

    /// Joins the open subtrees from the right, padding with zero leaves up to the next power of two.
    fn members_root(&self) -> Hash {
        let depth = list::depth(u32::from(self.count));
        let mut right: Option<Hash> = None;
        for (level, (open, zero)) in self.frontier.iter().zip(zeros()).enumerate().take(depth) {
            let in_use = self.count >> level & 1 == 1;
            right = match (in_use, right) {
                (true, Some(right)) => Some(node(open, &right)),
                (true, None) => Some(node(open, zero)),
                (false, Some(left)) => Some(node(&left, zero)),
                (false, None) => None,
            };
        }
        right
            .or_else(|| self.frontier.get(depth).copied())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;

//! The tree of minima: names the weakest seat while a change of one seat touches one node of each level.
//!
//! ```text
//! level 2        [ node 0 ]                 16 places of (stake, seat)
//! level 1   [ node 0 ][ node 1 ]            place j of node i = least place of node 16 i + j of the level below
//! level 0   [ 0 ][ 1 ] ... [ 31 ]           place j of node i = weight of seat 16 i + j
//! ```
//!
//! 512 seats have three levels, 16 have one. Unused places are all ones and so never the least. Of equal stakes the lower
//! seat is the weaker: with all ones behind them, the order of (stake, seat) decides everything.

use crate::bytes::Reader;
use crate::leaf::{Key, Leaf, LeafError, Value};
use crate::leaves::expect;
use crate::{Error, MAX_SEATS, Reject, TypedLeaves};

/// Places in a node, and seats that a boundary segment rolls.
pub const ARITY: u16 = 16;

/// A place of a node: ordered by stake, then by seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight {
    /// Stake that counts: zero for a seat that is not active.
    pub stake: u128,
    /// The seat it belongs to.
    pub seat: u16,
}

impl Weight {
    /// A place behind which there is no seat.
    pub const UNUSED: Self = Self {
        stake: u128::MAX,
        seat: u16::MAX,
    };
}

/// A node of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinimaNode(pub [Weight; ARITY as usize]);

impl Default for MinimaNode {
    fn default() -> Self {
        Self([Weight::UNUSED; ARITY as usize])
    }
}

impl MinimaNode {
    /// The weakest place; unused when all are.
    pub fn weakest(&self) -> Weight {
        self.0.iter().copied().min().unwrap_or(Weight::UNUSED)
    }
}

impl Value for MinimaNode {
    const KIND: u8 = 0x0f;
    const WIDTH: usize = 288;

    fn put(&self, bytes: &mut Vec<u8>) {
        for Weight { stake, seat } in self.0 {
            bytes.extend(stake.to_be_bytes());
            bytes.extend(seat.to_be_bytes());
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        let mut node = Self::default();
        for place in &mut node.0 {
            *place = Weight {
                stake: reader.u128()?,
                seat: reader.u16()?,
            };
        }
        Ok(node)
    }
}

impl Leaf for MinimaNode {
    /// The level, and the number of the node in it.
    type Name = (u8, u16);

    fn key((level, index): Self::Name) -> Key {
        Key::Minima { level, index }
    }
}

/// Number of nodes of every level, from level 0 up to the single node, for 1 to 512 seats (none otherwise).
pub fn widths(seats: u16) -> Vec<u16> {
    let mut widths = Vec::new();
    let mut below = seats.min(MAX_SEATS);
    while below > 0 {
        let nodes = below.div_ceil(ARITY);
        widths.push(nodes);
        if nodes == 1 {
            break;
        }
        below = nodes;
    }
    widths
}

/// All levels for the given weights of seats 0, 1, ...: how genesis makes them. Level 0 first.
pub fn build(stakes: &[u128]) -> Vec<Vec<MinimaNode>> {
    let mut levels: Vec<Vec<MinimaNode>> = Vec::new();
    let mut below: Vec<Weight> = stakes
        .iter()
        .zip(0u16..MAX_SEATS)
        .map(|(stake, seat)| Weight {
            stake: *stake,
            seat,
        })
        .collect();
    while !below.is_empty() {
        let nodes: Vec<MinimaNode> = below.chunks(usize::from(ARITY)).map(node_of).collect();
        below = nodes.iter().map(MinimaNode::weakest).collect();
        let top = nodes.len() == 1;
        levels.push(nodes);
        if top {
            break;
        }
    }
    levels
}

fn node_of(weights: &[Weight]) -> MinimaNode {
    let mut node = MinimaNode::default();
    for (place, weight) in node.0.iter_mut().zip(weights) {
        *place = *weight;
    }
    node
}

/// The weakest of `seats` seats.
pub fn weakest<L: TypedLeaves>(leaves: &mut L, seats: u16) -> Result<Weight, Error<L::Error>> {
    let level = top_level(seats)?;
    Ok(expect::<MinimaNode, _>(leaves, (level, 0))?.weakest())
}

/// Puts the weight of one seat into the tree, reading and writing one node of each level; the weakest seat after it.
pub(crate) fn update<L: TypedLeaves>(
    leaves: &mut L,
    seats: u16,
    weight: Weight,
) -> Result<Weight, Error<L::Error>> {
    let mut position = weight.seat;
    let mut weakest = weight;
    for level in 0..=top_level(seats)? {
        let (index, place) = (position / ARITY, position % ARITY);
        let mut node: MinimaNode = expect(leaves, (level, index))?;
        if let Some(held) = node.0.get_mut(usize::from(place)) {
            *held = weakest;
        }
        leaves.write((level, index), &node).map_err(Error::Fault)?;
        weakest = node.weakest();
        position = index;
    }
    Ok(weakest)
}

fn top_level(seats: u16) -> Result<u8, Reject> {
    let levels = widths(seats).len();
    levels
        .checked_sub(1)
        .and_then(|top| u8::try_from(top).ok())
        .ok_or(Reject::Seats { seats })
}

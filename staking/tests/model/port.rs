//! The engine's leaves in memory: what one operation writes is committed or dropped, and may be corrupted on the way by a fault.

use std::collections::{BTreeMap, HashMap};

use plasmid_staking::{
    Key, Leaf, LeafError, Line, LineId, Maturity, MemberLeaf, Position, Rewards, Seat, TypedLeaves,
    Value, minima::MinimaNode,
};

use crate::faults::Fault;

/// All leaves as bytes, and those that are compared decoded as well.
#[derive(Default)]
pub struct Store {
    bytes: HashMap<Key, Vec<u8>>,
    pub positions: BTreeMap<u64, Position>,
    pub lines: BTreeMap<LineId, Line>,
    pub seats: BTreeMap<u16, Seat>,
    pub nodes: BTreeMap<(u8, u16), MinimaNode>,
    pub members: BTreeMap<(u32, u16), MemberLeaf>,
    pub rewards: Rewards,
    pub maturity: Maturity,
}

/// What one operation has written.
pub type Written = HashMap<Key, Vec<u8>>;

impl Store {
    pub fn commit(&mut self, written: Written) -> Result<(), LeafError> {
        for (key, bytes) in written {
            match key {
                Key::Position(number) => {
                    self.positions.insert(number, Position::decode(&bytes)?);
                }
                Key::Line(id) => {
                    self.lines.insert(id, Line::decode(&bytes)?);
                }
                Key::Seat(number) => {
                    self.seats.insert(number, Seat::decode(&bytes)?);
                }
                Key::Minima { level, index } => {
                    self.nodes
                        .insert((level, index), MinimaNode::decode(&bytes)?);
                }
                Key::Member { place, seat } => {
                    self.members
                        .insert((place, seat), MemberLeaf::decode(&bytes)?);
                }
                Key::Rewards => self.rewards = Rewards::decode(&bytes)?,
                Key::Maturity => self.maturity = Maturity::decode(&bytes)?,
                _ => {}
            }
            self.bytes.insert(key, bytes);
        }
        Ok(())
    }
}

/// The store behind what one operation has written so far.
pub struct Port<'a> {
    store: &'a Store,
    fault: Option<Fault>,
    pub written: Written,
}

impl<'a> Port<'a> {
    pub fn new(store: &'a Store, fault: Option<Fault>) -> Self {
        Self {
            store,
            fault,
            written: HashMap::new(),
        }
    }

    fn held(&self, key: &Key) -> Option<&[u8]> {
        let held = self.written.get(key).or_else(|| self.store.bytes.get(key));
        held.map(Vec::as_slice)
    }
}

impl TypedLeaves for Port<'_> {
    type Error = LeafError;

    fn read<T: Leaf>(&mut self, name: T::Name) -> Result<Option<T>, LeafError> {
        self.held(&T::key(name)).map(T::decode).transpose()
    }

    fn write<T: Leaf>(&mut self, name: T::Name, value: &T) -> Result<(), LeafError> {
        let key = T::key(name);
        let mut written = Some((key, value.encode()));
        if let Some(fault) = self.fault {
            written = fault.corrupt(key, value.encode(), self.held(&key))?;
        }
        self.written.extend(written);
        Ok(())
    }
}

//! A state of which some leaves are known, however many it has: the nodes over all others are made up.

use std::collections::BTreeMap;
use std::convert::Infallible;

use alloy_primitives::{B256, keccak256};
use plasmid_bridge::proof::tree::{
    Content, DEPTH, Multiproof, Witness, WitnessLeaf, leaf, node, state_root, value_hash, zeros,
};

use super::mutants::Numbers;
use crate::chain::overlay::Reads;
use crate::chain::transitions::show::WitnessState;
use crate::ledger::Memory;
use crate::ledger::slot::width_of_kind;

#[derive(Clone)]
struct Standing {
    index: u32,
    kind: u8,
    value: Vec<u8>,
}

/// Leaves by key, at places of a tree of `count` leaves. What lies between two of them in the list of keys does not stand.
#[derive(Clone)]
pub struct SparseState {
    leaves: BTreeMap<B256, Standing>,
    places: BTreeMap<u32, B256>,
    count: u32,
}

impl SparseState {
    /// The leaves of a memory in the order in which they were made, behind those of which it only knows the number.
    pub fn of(memory: &Memory, count: u32) -> Self {
        let made = memory.order().len() as u32;
        Self::placed(memory, count, |number| count - made + number)
    }

    /// A state with these leaves as far from each other as they can be.
    pub fn spread(memory: &Memory, count: u32) -> Self {
        let step = (count - 1) / (memory.order().len() as u32 + 1);
        Self::placed(memory, count, |number| 1 + number * step + step / 2)
    }

    fn placed(memory: &Memory, count: u32, place: impl Fn(u32) -> u32) -> Self {
        let values: BTreeMap<_, _> = memory.iter().collect();
        let mut state = Self {
            leaves: BTreeMap::new(),
            places: BTreeMap::new(),
            count,
        };
        state.put(B256::ZERO, 0, 0, Vec::new());
        for (number, slot) in (0..).zip(memory.order()) {
            let value = values[slot].to_vec();
            state.put(slot.key(), place(number), slot.kind(), value);
        }
        state
    }

    fn put(&mut self, key: B256, index: u32, kind: u8, value: Vec<u8>) {
        let leaf = Standing { index, kind, value };
        assert!(self.leaves.insert(key, leaf).is_none());
        assert!(self.places.insert(index, key).is_none());
    }

    fn next(&self, key: &B256) -> B256 {
        use std::ops::Bound::{Excluded, Unbounded};
        let above = self.leaves.range((Excluded(*key), Unbounded)).next();
        above.map(|(key, _)| *key).unwrap_or_default()
    }

    fn node(&self, level: usize, place: u32) -> B256 {
        let first = u64::from(place) << level;
        let end = first + (1 << level);
        if first >= u64::from(self.count) {
            return zeros()[level];
        }
        let within = u32::try_from(first).ok().map(|first| {
            let last = u32::try_from(end - 1).unwrap_or(u32::MAX);
            self.places.range(first..=last).next()
        });
        let known = within.flatten();
        match (level, known) {
            (0, Some((_, key))) => {
                let Standing { kind, value, .. } = &self.leaves[key];
                leaf(key, &self.next(key), &value_hash(*kind, value))
            }
            (_, None) if end <= u64::from(self.count) => {
                keccak256(format!("node {level} {place}").as_bytes())
            }
            _ => {
                let below = |place| self.node(level - 1, place);
                node(&below(place * 2), &below(place * 2 + 1))
            }
        }
    }

    pub fn keys(&self) -> impl Iterator<Item = &B256> {
        self.leaves.keys()
    }

    /// This state with a leaf, but for the sentinel, that has another kind than its key.
    pub fn of_other_kind(mut self, numbers: &mut Numbers) -> Self {
        let mut leaves: Vec<&mut Standing> = self.leaves.values_mut().skip(1).collect();
        let number = numbers.below(leaves.len());
        let leaf = &mut leaves[number];
        leaf.kind = 1 + numbers.below(0x14) as u8;
        let width = width_of_kind(leaf.kind).unwrap_or_default();
        leaf.value.resize(width, 0);
        self
    }

    pub fn root(&self) -> B256 {
        state_root(&self.node(DEPTH, 0), self.count)
    }
}

impl Reads for SparseState {
    type Error = Infallible;

    fn value(&self, key: &B256) -> Result<Option<&[u8]>, Infallible> {
        Ok(self.leaves.get(key).map(|leaf| leaf.value.as_slice()))
    }

    fn low(&self, key: &B256) -> Result<B256, Infallible> {
        let low = self.leaves.range(..*key).next_back();
        Ok(low.map(|(key, _)| *key).unwrap_or_default())
    }

    fn count(&self) -> u32 {
        self.count
    }
}

impl SparseState {
    /// The leaves of the keys `standing`, which the state has, and `appends` empty places behind the last leaf, with their proof.
    pub fn witness(&self, standing: &[B256], appends: u32) -> Witness {
        let leaves = standing.iter().map(|key| {
            let Standing { index, kind, value } = self.leaves[key].clone();
            WitnessLeaf {
                index,
                key: *key,
                next: self.next(key),
                content: Content::Value { kind, value },
            }
        });
        let mut leaves: Vec<WitnessLeaf> = leaves.collect();
        leaves.sort_by_key(|leaf| leaf.index);
        let mut indices: Vec<u32> = leaves.iter().map(|leaf| leaf.index).collect();
        indices.extend((0..appends).map(|place| self.count + place));
        let proof = Multiproof::collect(&indices, |level, place| self.node(level, place));
        Witness {
            count: self.count,
            appends,
            leaves,
            proof: proof.expect("the leaves ascend"),
        }
    }
}

impl WitnessState for SparseState {
    fn witness(&self, standing: &[B256], appends: u32) -> Option<Witness> {
        Some(Self::witness(self, standing, appends))
    }
}

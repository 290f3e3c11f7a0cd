//! The state tree as its definition reads: all leaves in a vector, every level computed anew. What the tests compare with.

use super::{
    Content, DEPTH, Hash, Inclusion, Multiproof, Witness, WitnessLeaf, encloses, leaf, node,
    state_root, value_hash, zeros,
};

/// A leaf with its value.
#[derive(Debug, Clone)]
pub struct ModelLeaf {
    pub key: Hash,
    pub next: Hash,
    pub kind: u8,
    pub value: Vec<u8>,
}

impl ModelLeaf {
    pub fn hash(&self) -> Hash {
        leaf(&self.key, &self.next, &value_hash(self.kind, &self.value))
    }
}

/// A whole state.
#[derive(Debug, Clone)]
pub struct Model {
    pub leaves: Vec<ModelLeaf>,
}

impl Model {
    /// The state with nothing but the sentinel.
    pub fn new() -> Self {
        Self {
            leaves: vec![ModelLeaf {
                key: Hash::ZERO,
                next: Hash::ZERO,
                kind: 0,
                value: Vec::new(),
            }],
        }
    }

    pub fn count(&self) -> u32 {
        self.leaves.len() as u32
    }

    pub fn index_of(&self, key: &Hash) -> Option<u32> {
        let at = self.leaves.iter().position(|leaf| leaf.key == *key)?;
        Some(at as u32)
    }

    pub fn low_of(&self, key: &Hash) -> Option<u32> {
        let at = self
            .leaves
            .iter()
            .position(|leaf| encloses(&leaf.key, &leaf.next, key))?;
        Some(at as u32)
    }

    /// Writes a value; gives the index of the leaf.
    pub fn set(&mut self, key: Hash, kind: u8, value: &[u8]) -> u32 {
        let value = value.to_vec();
        if let Some(index) = self.index_of(&key) {
            self.leaves[index as usize].value = value;
            return index;
        }
        let low = self.low_of(&key).expect("the sentinel is below every key");
        let next = std::mem::replace(&mut self.leaves[low as usize].next, key);
        self.leaves.push(ModelLeaf {
            key,
            next,
            kind,
            value,
        });
        self.count() - 1
    }

    /// Levels from the leaves to the root, each as far as it is not empty.
    pub fn levels(&self) -> Vec<Vec<Hash>> {
        let mut levels = vec![self.leaves.iter().map(ModelLeaf::hash).collect::<Vec<_>>()];
        for zero in &zeros()[..DEPTH] {
            let below = levels.last().expect("begins with one");
            let right = |pair: &[Hash]| pair.get(1).copied().unwrap_or(*zero);
            let above = below.chunks(2).map(|pair| node(&pair[0], &right(pair)));
            levels.push(above.collect());
        }
        levels
    }

    pub fn node_at(levels: &[Vec<Hash>], level: usize, index: u32) -> Hash {
        let known = levels[level].get(index as usize).copied();
        known.unwrap_or(zeros()[level])
    }

    pub fn tree_root(&self) -> Hash {
        self.levels()[DEPTH][0]
    }

    pub fn root(&self) -> Hash {
        state_root(&self.tree_root(), self.count())
    }

    pub fn prove(&self, index: u32) -> Inclusion {
        let levels = self.levels();
        let leaf = &self.leaves[index as usize];
        Inclusion {
            index,
            count: self.count(),
            key: leaf.key,
            next: leaf.next,
            value_hash: value_hash(leaf.kind, &leaf.value),
            siblings: std::array::from_fn(|level| {
                Self::node_at(&levels, level, index >> level ^ 1)
            }),
        }
    }

    pub fn multiproof(&self, indices: &[u32]) -> Multiproof {
        let levels = self.levels();
        Multiproof::collect(indices, |level, index| Self::node_at(&levels, level, index))
            .expect("the indices ascend")
    }

    pub fn leaf_hash(&self, index: u32) -> Hash {
        let leaf = self.leaves.get(index as usize);
        leaf.map(ModelLeaf::hash).unwrap_or_default()
    }

    /// The witness of the leaves `read` with `appends` places behind the last leaf.
    pub fn witness(&self, read: &[u32], appends: u32) -> Witness {
        let mut indices = read.to_vec();
        indices.extend(self.count()..self.count() + appends);
        let leaves = read.iter().map(|index| {
            let leaf = &self.leaves[*index as usize];
            WitnessLeaf {
                index: *index,
                key: leaf.key,
                next: leaf.next,
                content: Content::Value {
                    kind: leaf.kind,
                    value: leaf.value.clone(),
                },
            }
        });
        Witness {
            count: self.count(),
            appends,
            leaves: leaves.collect(),
            proof: self.multiproof(&indices),
        }
    }
}

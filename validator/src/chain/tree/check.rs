//! What a segment must satisfy before any of it is applied.

use super::{Change, MAX_VALUE, Tree, TreeError};
use alloy_primitives::B256 as Hash;

impl Tree {
    /// Index of each change's leaf, or `None` where one is to be made; all that can be refused is refused here.
    pub(super) fn check(&self, changes: &[Change]) -> Result<Vec<Option<u32>>, TreeError> {
        let mut keys: Vec<&Hash> = changes.iter().map(|change| &change.key).collect();
        keys.sort_unstable();
        if let Some([key, _]) = keys.windows(2).find(|pair| pair.first() == pair.last()) {
            return Err(TreeError::Repeated { key: **key });
        }
        let mut known = Vec::with_capacity(changes.len());
        let mut count = self.count();
        for change in changes {
            let index = self.check_one(change)?;
            if index.is_none() {
                count = count.checked_add(1).ok_or(TreeError::Full)?;
            }
            known.push(index);
        }
        Ok(known)
    }

    fn check_one(&self, change: &Change) -> Result<Option<u32>, TreeError> {
        let key = change.key;
        let given = change.value.len();
        if key.is_zero() {
            return Err(TreeError::Sentinel);
        }
        if given > MAX_VALUE {
            return Err(TreeError::TooWide { key, width: given });
        }
        let Some((index, kind, value)) = self.get(&key) else {
            return Ok(None);
        };
        if kind != change.kind {
            return Err(TreeError::Kind {
                key,
                found: kind,
                given: change.kind,
            });
        }
        if value.len() != given {
            return Err(TreeError::Width {
                key,
                found: value.len(),
                given,
            });
        }
        Ok(Some(index))
    }
}

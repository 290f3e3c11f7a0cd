//! Verdicts on signatures for blocks: from the pool where it has them, else in batches on all cores.

use std::sync::Mutex;

use rayon::prelude::*;

use super::lock;
use super::pool::Pool;
use crate::chain::execute::Checker;
use crate::ledger::{CheckedTransaction, Domain, Reject, check_batch};
use crate::wire::engine_hash;

/// Transactions that one core checks together, at least and at most: a larger batch costs less a signature, and more when one
/// of them does not verify.
const MIN_CHUNK: usize = 256;
const MAX_CHUNK: usize = 8_192;

/// Checks through the pool's verdicts.
pub(super) struct Verdicts<'a> {
    pub(super) pool: &'a Mutex<Pool>,
}

impl Checker for Verdicts<'_> {
    fn check(
        &self,
        transactions: &[&[u8]],
        domain: &Domain,
    ) -> Vec<Result<CheckedTransaction, Reject>> {
        let mut verdicts: Vec<Option<Result<CheckedTransaction, Reject>>> = {
            let hashes: Vec<_> = transactions
                .par_iter()
                .map(|bytes| engine_hash(bytes))
                .collect();
            let known: Vec<_> = {
                let pool = lock(self.pool);
                hashes.iter().map(|hash| pool.get(hash).cloned()).collect()
            };
            known
                .into_iter()
                .map(|known| known.map(|pending| Ok(pending.checked.clone())))
                .collect()
        };
        let cold: Vec<usize> = (0..verdicts.len())
            .filter(|place| verdicts.get(*place).is_some_and(Option::is_none))
            .collect();
        let batch = cold.len().div_ceil(rayon::current_num_threads());
        let fresh: Vec<_> = cold
            .par_chunks(batch.clamp(MIN_CHUNK, MAX_CHUNK))
            .flat_map_iter(|places| {
                let bytes: Vec<&[u8]> = places
                    .iter()
                    .filter_map(|place| transactions.get(*place).copied())
                    .collect();
                check_batch(&bytes, domain)
            })
            .collect();
        for (place, verdict) in cold.into_iter().zip(fresh) {
            if let Some(slot) = verdicts.get_mut(place) {
                *slot = Some(verdict);
            }
        }
        verdicts.into_iter().flatten().collect()
    }
}

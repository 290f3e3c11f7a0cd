//! Verdicts on signatures for blocks: from the pool where it has them, else in batches on all cores.

use std::sync::Mutex;

use rayon::prelude::*;

use super::lock;
use super::pool::Pool;
use crate::chain::execute::Checker;
use crate::ledger::{Claimed, Domain, Reject, prove_batch};
use crate::wire::engine_hash;

/// Transactions that one core verifies together, at least and at most: a larger batch costs hardly less a signature, and more when one
/// of them does not verify; and a core that has nothing else to do takes the next one.
const MIN_CHUNK: usize = 256;
const MAX_CHUNK: usize = 1_024;
/// Batches for each core, where there are enough transactions.
const CHUNKS: usize = 4;

/// Checks through the pool's verdicts.
pub(super) struct Verdicts<'a> {
    pub(super) pool: &'a Mutex<Pool>,
}

impl Checker for Verdicts<'_> {
    fn claim(&self, transactions: &[&[u8]], domain: &Domain) -> Vec<Result<Claimed, Reject>> {
        let hashes: Vec<_> = transactions
            .par_iter()
            .map(|bytes| engine_hash(bytes))
            .collect();
        let known: Vec<_> = {
            let pool = lock(self.pool);
            hashes.iter().map(|hash| pool.get(hash).cloned()).collect()
        };
        let separator = domain.separator();
        let claimed = transactions.par_iter().zip(known);
        let claimed = claimed.map(|(bytes, known)| match known {
            Some(pending) => Ok(Claimed::known(pending.checked.clone())),
            None => Claimed::read(bytes, &separator),
        });
        claimed.collect()
    }

    fn prove(&self, claims: &[&Claimed]) -> Vec<Result<(), Reject>> {
        prove(claims, MIN_CHUNK)
    }
}

/// Verdicts on these, in batches of at least `min_chunk` on all cores.
pub(super) fn prove(claims: &[&Claimed], min_chunk: usize) -> Vec<Result<(), Reject>> {
    let chunks = rayon::current_num_threads().saturating_mul(CHUNKS);
    let chunk = claims.len().div_ceil(chunks).clamp(min_chunk, MAX_CHUNK);
    let verdicts = claims.par_chunks(chunk);
    verdicts.flat_map_iter(prove_batch).collect()
}

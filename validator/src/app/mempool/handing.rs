//! What comes by this node's gRPC: it is judged at once, and the engine is handed it in bundles.

use super::Before;
use crate::app::App;
use crate::app::pool::Replaces;
use crate::app::unsound::Unsound;
use crate::ledger::Reject;
use crate::wire::engine_hash;

/// A transaction that a client hands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it takes the place of what waits at its sequence.
    pub replace: bool,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    /// It waits for a block.
    Taken,
    /// It waited before, or stands in a block.
    Known,
    /// It does not wait.
    Refused(Reject),
}

impl App {
    /// Judges transactions and takes them into the pool, in their order; each takes the place of another only where it says so. Where several come together, one
    /// whose sequence follows that of its sender's transaction before it is judged as if that one waited. Signatures are verified together.
    ///
    /// The answer to each is what became of it, or what failed on this node.
    pub fn hand_in(&self, batch: &[Submission]) -> Vec<Result<Handed, String>> {
        let mut before = Before::default();
        let mut fresh = Vec::new();
        let read = batch.iter().map(|one| {
            let hash = engine_hash(&one.bytes);
            let (unverified, weighed) = self.read(hash, &one.bytes, replaces(one), &before)?;
            before.add(weighed.offer);
            fresh.push(unverified);
            Ok(weighed)
        });
        let read: Vec<Result<_, Unsound>> = read.collect();
        let mut verified = self.verify_all(fresh).into_iter();
        let judged = batch.iter().zip(read);
        judged
            .map(|(one, read)| {
                let hash = engine_hash(&one.bytes);
                let taken = match read {
                    Ok(weighed) => {
                        let checked = verified.next().unwrap_or(Err(Reject::GivenUp));
                        let checked = checked.map_err(Unsound::from);
                        checked.and_then(|checked| {
                            self.admit_verified(&one.bytes, checked, weighed, replaces(one))
                        })
                    }
                    // What came before it in the batch may have changed that.
                    Err(_) if batch.len() > 1 => self.admit_alone(hash, &one.bytes, replaces(one)),
                    Err(refused) => Err(refused),
                };
                match taken {
                    Ok(_) => {
                        self.pool().brought_here(&hash);
                        Ok(Handed::Taken)
                    }
                    // What was taken before is known, though it would not be taken again.
                    Err(Unsound::Reject(reject)) => match self.stands(&hash) {
                        Ok(true) => Ok(Handed::Known),
                        Ok(false) => Ok(Handed::Refused(reject)),
                        Err(error) => Err(format!("the store: {error}")),
                    },
                    Err(Unsound::Fault(fault)) => Err(fault.0),
                }
            })
            .collect()
    }
}

const fn replaces(one: &Submission) -> Replaces {
    match one.replace {
        true => Replaces::ForTenthMore,
        false => Replaces::Never,
    }
}

//! What comes by this node's gRPC, before the engine is asked about it.

use std::collections::BTreeMap;

use crate::app::pool::{Hash, Replaces};
use crate::app::unsound::Unsound;
use crate::app::{App, lock};
use crate::ledger::{Account, Reject, Transaction};
use crate::wire::engine_hash;

/// A transaction that a client hands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it takes the place of what waits at its sequence.
    pub replace: bool,
}

/// For each sender, the sequence of the last of its transactions that were handed in together with the one that is judged, and before it.
pub(super) type Before = BTreeMap<Account, u64>;

impl App {
    /// These bytes came by gRPC. Where the engine is to be asked about them, and their sender did not ask to replace anything, they take no
    /// other transaction's place, however late it asks and however often they are handed in; where the sender asked, they do from now on. That is
    /// remembered only of what the pool would take now: whoever hands in another one's bytes must not decide what they may do behind what
    /// waits at their sequence, and bytes that cannot wait push out no others.
    ///
    /// Where several are handed in together, one whose sequence follows that of its sender's transaction before it is judged as if that one waited.
    ///
    /// The answer to each is the refusal, where the engine need not be asked, or what failed on this node.
    pub fn hand_in(&self, batch: &[Submission]) -> Vec<Result<Option<Reject>, String>> {
        let mut before = Before::new();
        let batch = batch.iter();
        batch
            .map(|one| self.hand_in_behind(one, &mut before))
            .collect()
    }

    fn hand_in_behind(
        &self,
        one: &Submission,
        before: &mut Before,
    ) -> Result<Option<Reject>, String> {
        let hash = engine_hash(&one.bytes);
        let judged = match one.replace {
            true => Transaction::decode(&one.bytes)
                .map(|transaction| transaction.header)
                .map_err(Unsound::from),
            false => {
                let read = self.read(hash, &one.bytes, Replaces::Never, before);
                read.map(|unverified| unverified.transaction().header)
            }
        };
        let reject = match judged {
            Ok(header) => {
                match one.replace {
                    true => self.forget(&hash),
                    false => lock(&self.handed_in).insert(hash),
                }
                before.insert(header.sender, header.sequence);
                return Ok(None);
            }
            Err(Unsound::Reject(reject)) => reject,
            Err(Unsound::Fault(fault)) => return Err(fault.0),
        };
        // What was taken before is known, though it would not be taken again.
        match self.stands(&hash) {
            Ok(true) => Ok(None),
            Ok(false) => Ok(Some(reject)),
            Err(error) => Err(format!("the store: {error}")),
        }
    }

    /// CheckTx refused what was handed in, so the engine does not ask about it any more.
    pub fn forget(&self, hash: &Hash) {
        lock(&self.handed_in).remove(hash);
    }
}

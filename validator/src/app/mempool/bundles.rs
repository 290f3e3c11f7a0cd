//! CheckTx of a bundle.
//!
//! ```text
//! known: packed here, or in the engine's mempool already        taken, not looked at
//! refused before for a signature                                refused, not looked at
//! eight transactions that a secret of this node chooses         more than half of them are of no use: all is refused
//! decoded, in order                                             else all of it is refused
//! what waits already · what would be taken now                  before any signature
//! eight signatures, chosen in the same way                      one that does not verify refuses all, and nothing is taken
//! the others together                                           what verifies is taken, also when the bundle is not
//! at least a quarter of its bytes is carried by nothing else    else it is refused: its sender pays for what it makes others carry
//! ```
//! Whoever fills bundles with what cannot pay has eight of each looked at, and whoever signs badly in the name of rich accounts has eight verified, however
//! long they are. What honest senders put into a bundle beside something that this node refuses is taken here, and travels on in a bundle of this node.

use std::collections::{BTreeSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use prost::bytes::Bytes;
use tendermint_proto::v0_38::abci::{RequestCheckTx, ResponseCheckTx};

use super::{Before, is_again, refused};
use crate::app::bundle::{self, place};
use crate::app::pool::{Hash, Replaces};
use crate::app::unsound::Unsound;
use crate::app::{App, lock};
use crate::engine::abci::{Fault, Outcome};
use crate::ledger::{Reject, Unverified};
use crate::wire::engine_hash;

/// Signatures that are verified before the others.
const SAMPLE: usize = 8;
/// Bundles that are remembered because a signature in them does not verify.
const MAX_REFUSED: usize = 1_024;

/// What bundles are judged with.
#[derive(Debug, Default)]
pub(in crate::app) struct BundleCheck {
    /// Chooses signatures. No block depends on it.
    secret: RandomState,
    refused: Mutex<RefusedBundles>,
}

#[derive(Debug, Default)]
struct RefusedBundles {
    all: BTreeSet<Hash>,
    /// The oldest first.
    order: VecDeque<Hash>,
}

impl RefusedBundles {
    fn insert(&mut self, hash: Hash) {
        if self.all.insert(hash) {
            self.order.push_back(hash);
        }
        if self.order.len() > MAX_REFUSED
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
    }
}

/// What a bundle brings.
struct Brought {
    /// All that is in it.
    members: Vec<Hash>,
    /// What would be taken now if its signature holds, in the order of the bundle.
    fresh: Vec<(Hash, Bytes)>,
}

fn malformed(why: &str) -> Reject {
    let why = why.to_owned();
    Reject::Bundle { why }
}

impl App {
    pub(super) fn check_bundle(&self, request: &RequestCheckTx) -> Outcome<ResponseCheckTx> {
        let hash = engine_hash(&request.tx);
        let keeps = self.pool().keeps(&hash);
        let taken = match (keeps, is_again(request)) {
            (true, _) => Ok(()),
            (false, true) => Err(Reject::StaleBundle.into()),
            (false, false) => self.admit_bundle(hash, &request.tx),
        };
        match taken {
            Ok(()) => Ok(ResponseCheckTx::default()),
            Err(Unsound::Reject(reject)) => Ok(refused(&reject)),
            Err(Unsound::Fault(fault)) => Err(fault),
        }
    }

    fn admit_bundle(&self, hash: Hash, bytes: &Bytes) -> Result<(), Unsound> {
        let bad = || malformed("a signature in it does not verify");
        if lock(&self.bundles.refused).all.contains(&hash) {
            return Err(bad().into());
        }
        let read = bundle::read(bytes).map_err(|error| malformed(&error.to_string()))?;
        if self.is_useless(&hash, &read)? {
            return Err(Reject::StaleBundle.into());
        }
        let Brought { members, fresh } = self.open(read)?;
        let (sample, others) = self.sampled(&hash, fresh);
        let mut all_hold = true;
        let mut checked = Vec::new();
        for part in [sample, others] {
            // What the sample refuses is not looked at further.
            if !all_hold {
                break;
            }
            let unverified: Vec<&[u8]> =
                part.iter().map(|(_, (_, bytes))| bytes.as_ref()).collect();
            let verified = self.verify_all(&unverified);
            let part = part.iter().map(|(number, one)| (*number, one.clone()));
            let verified: Vec<_> = part.zip(verified).collect();
            all_hold = verified.iter().all(|(_, verdict)| verdict.is_ok());
            let is_sample = checked.is_empty();
            if !all_hold && is_sample {
                lock(&self.bundles.refused).insert(hash);
                return Err(bad().into());
            }
            checked.extend(verified);
        }
        if !all_hold {
            lock(&self.bundles.refused).insert(hash);
        }
        checked.sort_by_key(|((number, _), _)| *number);
        for ((_, (hash, bytes)), verdict) in checked {
            let Ok(checked) = verdict else {
                continue;
            };
            match self.admit_verified(hash, &bytes, checked, Replaces::ForTenthMore) {
                Ok(_) | Err(Unsound::Reject(_)) => {}
                Err(Unsound::Fault(fault)) => return Err(fault.into()),
            }
        }
        if !all_hold {
            return Err(bad().into());
        }
        match self.pool().carry(hash, members, bytes.len()) {
            true => Ok(()),
            false => Err(Reject::StaleBundle.into()),
        }
    }

    /// Whether most of what is chosen of a bundle neither waits nor could.
    fn is_useless(&self, bundle: &Hash, read: &[(Hash, Bytes)]) -> Result<bool, Fault> {
        let (sample, _) = self.sampled(bundle, read.to_vec());
        let count = sample.len();
        let mut useless = 0;
        for (_, (hash, bytes)) in sample {
            let waits = self.pool().get(&hash).is_some();
            let weigh = || {
                let unverified = Unverified::read(&bytes)?;
                let transaction = unverified.transaction();
                self.weigh(&self.state(), hash, transaction, bytes.len())?;
                Ok(())
            };
            let judged = if waits { Ok(()) } else { weigh() };
            match judged {
                Ok(()) => {}
                Err(Unsound::Reject(_)) => useless += 1,
                Err(Unsound::Fault(fault)) => return Err(fault),
            }
        }
        Ok(useless * 2 > count)
    }

    /// Decodes what a bundle has, and judges what is cheap to judge of each transaction in it.
    fn open(&self, read: Vec<(Hash, Bytes)>) -> Result<Brought, Unsound> {
        let mut before = Before::new();
        let mut last = None;
        let (mut members, mut fresh) = (Vec::new(), Vec::new());
        for (hash, bytes) in read {
            let known = self.pool().get(&hash).map(|pending| pending.offer.header);
            let header = match known {
                Some(header) => header,
                None => {
                    let unverified = Unverified::read(&bytes)?;
                    let transaction = unverified.transaction();
                    let replaces = (Replaces::ForTenthMore, &before);
                    match self.fits(hash, transaction, bytes.len(), replaces) {
                        Ok(()) => fresh.push((hash, bytes)),
                        Err(Unsound::Reject(_)) => {}
                        Err(fault) => return Err(fault),
                    }
                    transaction.header
                }
            };
            let here = Some(place(&header));
            if here <= last {
                return Err(malformed("its transactions are not in order").into());
            }
            last = here;
            if known.is_some() || fresh.last().is_some_and(|(one, _)| *one == hash) {
                before.insert(header.sender, header.sequence);
            }
            members.push(hash);
        }
        Ok(Brought { members, fresh })
    }

    /// Cuts what is to be verified into the sample and the rest, each with its number.
    #[expect(clippy::type_complexity, reason = "two lists of the same")]
    fn sampled(
        &self,
        bundle: &Hash,
        fresh: Vec<(Hash, Bytes)>,
    ) -> (Vec<(usize, (Hash, Bytes))>, Vec<(usize, (Hash, Bytes))>) {
        let mut all: Vec<_> = fresh.into_iter().enumerate().collect();
        let secret = &self.bundles.secret;
        all.sort_by_cached_key(|(number, _)| secret.hash_one((bundle, number)));
        let others = all.split_off(SAMPLE.min(all.len()));
        (all, others)
    }
}

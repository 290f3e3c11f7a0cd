//! CheckTx of a bundle.
//!
//! ```text
//! known: packed here, or in the engine's mempool already        taken, not looked at
//! refused before, after signatures were verified                refused, not looked at
//! too much was judged in vain since the last block              refused, not looked at: the engine's Commit waits for what was handed in before it
//! eight transactions that a secret of this node chooses         no money stands behind most of them: all is refused
//! decoded, in order                                             else all of it is refused
//! what waits already · what would be taken now                  before any signature
//! eight signatures, chosen in the same way                      one that does not verify refuses all, and nothing is taken
//! the others together                                           what verifies is taken, also when the bundle is not
//! at least half of its bytes is carried by nothing else         else it is refused: its sender pays for what it makes others carry
//! ```
//! Whoever fills bundles with what cannot pay has eight of each looked at, and whoever signs badly in the name of rich accounts has eight verified, however
//! long they are. What honest senders put into a bundle beside something that this node refuses is taken here, and travels on in a bundle of this node.

use std::collections::{BTreeSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use prost::bytes::Bytes;
use tendermint_proto::v0_38::abci::{RequestCheckTx, ResponseCheckTx};

use super::{Before, is_again, purse, refused};
use crate::app::bundle::{self, place};
use crate::app::pool::{Hash, Replaces};
use crate::app::unsound::Unsound;
use crate::app::{App, lock};
use crate::engine::abci::{Fault, Outcome};
use crate::ledger::{Reject, Unverified};
use crate::wire::engine_hash;

/// Signatures that are verified before the others.
const SAMPLE: usize = 8;
/// Bundles that are remembered because signatures in them were verified and they were refused.
const MAX_REFUSED: usize = 1_024;
/// What may be judged in vain between two blocks: one for each transaction of a bundle that was refused, and four for each whose
/// signature was verified and that was not taken. That is about a fifth of a second of a core.
const MAX_WASTE: u64 = 20_000;
const WEIGHED: u64 = 1;
const VERIFIED: u64 = 4;

/// What bundles are judged with.
#[derive(Debug, Default)]
pub(in crate::app) struct BundleCheck {
    /// Chooses signatures. No block depends on it.
    secret: RandomState,
    refused: Mutex<RefusedBundles>,
    waste: Mutex<Waste>,
}

/// What was judged in vain at a height.
#[derive(Debug, Default)]
struct Waste {
    height: u64,
    spent: u64,
}

impl BundleCheck {
    /// Adds to what was judged in vain at this height; gives all of it.
    fn waste(&self, height: u64, more: u64) -> u64 {
        let mut waste = lock(&self.waste);
        if waste.height != height {
            *waste = Waste { height, spent: 0 };
        }
        waste.spent = waste.spent.saturating_add(more);
        waste.spent
    }

    fn refuse(&self, hash: Hash) {
        lock(&self.refused).insert(hash);
    }
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
        let taken = match is_again(request) {
            true => match self.pool().keeps(&hash) {
                true => Ok(()),
                false => Err(Reject::StaleBundle.into()),
            },
            false => self.admit_bundle(hash, &request.tx),
        };
        match taken {
            Ok(()) => Ok(ResponseCheckTx::default()),
            Err(Unsound::Reject(reject)) => Ok(refused(&reject)),
            Err(Unsound::Fault(fault)) => Err(fault),
        }
    }

    fn admit_bundle(&self, hash: Hash, bytes: &Bytes) -> Result<(), Unsound> {
        // An engine that started again asks anew.
        if self.pool().is_carrier(&hash) {
            return Ok(());
        }
        if lock(&self.bundles.refused).all.contains(&hash) {
            return Err(Reject::StaleBundle.into());
        }
        let height = self.height();
        if self.bundles.waste(height, 0) >= MAX_WASTE {
            return Err(Reject::BusyBundles.into());
        }
        let read = bundle::read(bytes).map_err(|error| malformed(&error.to_string()))?;
        if self.is_useless(&hash, &read)? {
            self.bundles.waste(height, SAMPLE as u64 * WEIGHED);
            return Err(Reject::StaleBundle.into());
        }
        let count = read.len() as u64;
        let taken = self.take_apart((hash, bytes.len()), read, height);
        if taken.is_err() {
            self.bundles.waste(height, count * WEIGHED);
        }
        taken
    }

    /// Takes what is good of a bundle, and then the bundle.
    fn take_apart(
        &self,
        (hash, length): (Hash, usize),
        read: Vec<(Hash, Bytes)>,
        height: u64,
    ) -> Result<(), Unsound> {
        let bad = || malformed("a signature in it does not verify");
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
                self.bundles.refuse(hash);
                self.bundles.waste(height, verified.len() as u64 * VERIFIED);
                return Err(bad().into());
            }
            checked.extend(verified);
        }
        checked.sort_by_key(|((number, _), _)| *number);
        let is_verified = !checked.is_empty();
        for ((_, (hash, bytes)), verdict) in checked {
            let taken = verdict.map_err(Unsound::from).and_then(|checked| {
                self.admit_verified(hash, &bytes, checked, Replaces::ForTenthMore)
            });
            match taken {
                Ok(_) => {}
                Err(Unsound::Reject(_)) => {
                    self.bundles.waste(height, VERIFIED);
                }
                Err(Unsound::Fault(fault)) => return Err(fault.into()),
            }
        }
        if all_hold && self.pool().carry(hash, members, length) {
            return Ok(());
        }
        // What was good of it waits: its bytes bring nothing more.
        if is_verified {
            self.bundles.refuse(hash);
        }
        match all_hold {
            true => Err(Reject::StaleBundle.into()),
            false => Err(bad().into()),
        }
    }

    /// Whether no money stands behind most of what is chosen of a bundle. Sequences and expiry are not looked at: what was good when it was packed may be
    /// too late, and must not keep back what is packed with it.
    fn is_useless(&self, bundle: &Hash, read: &[(Hash, Bytes)]) -> Result<bool, Fault> {
        let (sample, _) = self.sampled(bundle, read.to_vec());
        let count = sample.len();
        let mut useless = 0;
        for (_, (hash, bytes)) in sample {
            if self.pool().get(&hash).is_some() {
                continue;
            }
            let has_money = match Unverified::read(&bytes) {
                Ok(unverified) => {
                    let header = unverified.transaction().header;
                    purse(&self.state(), &header.sender, None)?.native >= header.fee
                }
                Err(_) => false,
            };
            useless += usize::from(!has_money);
        }
        Ok(useless * 2 > count)
    }

    /// Decodes what a bundle has, and judges what is cheap to judge of each transaction in it.
    fn open(&self, read: Vec<(Hash, Bytes)>) -> Result<Brought, Unsound> {
        let mut before = Before::default();
        let mut last = None;
        let (mut members, mut fresh) = (Vec::new(), Vec::new());
        for (hash, bytes) in read {
            let known = self.pool().get(&hash).map(|pending| pending.offer);
            let header = match known {
                Some(offer) => {
                    before.add(offer);
                    offer.header
                }
                None => {
                    let unverified = Unverified::read(&bytes)?;
                    let transaction = unverified.transaction();
                    let replaces = (Replaces::ForTenthMore, &before);
                    match self.fits(hash, transaction, bytes.len(), replaces) {
                        Ok(offer) => {
                            before.add(offer);
                            fresh.push((hash, bytes));
                        }
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

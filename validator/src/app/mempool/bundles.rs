//! CheckTx of a bundle.
//!
//! ```text
//! known: packed here, or in the engine's mempool already        taken, not looked at
//! refused before, after signatures were verified                refused, not looked at
//! eight transactions that a secret of this node chooses         one that is forged, or most without money: all is refused, and nothing is taken
//! decoded, in order                                             else all of it is refused
//! what waits already · what would be taken now                  before any other signature
//! the signatures together                                       what verifies is taken, also when the bundle is not
//! at least half of its bytes is carried by nothing else         else it is refused: its sender pays for what it makes others carry
//! ```
//! Whoever fills bundles with what cannot pay has eight of each looked at, and whoever signs badly in the name of rich accounts has eight verified, however
//! long they are. What honest senders put into a bundle beside something that this node refuses is taken here, and travels on in a bundle of this node.
//! The engine's Commit waits for what was handed in before it. So where too much was judged in vain since the last block, two are chosen of each bundle, and each must
//! wait already or be taken now: what honest nodes send goes on, and the rest costs little more than its hash.

use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use prost::bytes::Bytes;
use tendermint_proto::v0_38::abci::{RequestCheckTx, ResponseCheckTx};

use super::{Before, Weighed, is_again, purse, refused};
use crate::app::bundle::{self, place};
use crate::app::pool::{Hash, Replaces};
use crate::app::recent::RecentFindings;
use crate::app::unsound::Unsound;
use crate::app::{App, lock};
use crate::engine::abci::Outcome;
use crate::ledger::{Reject, Unverified};
use crate::wire::engine_hash;

/// Transactions that are judged before the others; and where too much was judged in vain since the last block.
const SAMPLE: usize = 8;
const BUSY_SAMPLE: usize = 2;
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
    refused: Mutex<RecentFindings<Hash>>,
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
        lock(&self.refused).insert(hash, (), MAX_REFUSED);
    }
}

/// What a bundle brings.
#[derive(Default)]
struct Brought {
    /// All that is in it.
    members: Vec<Hash>,
    /// What would be taken now if its signature holds, in the order of the bundle.
    fresh: Vec<(Bytes, Weighed)>,
    /// What is decoded of these, in the same order.
    unverified: Vec<Unverified>,
}

fn malformed(why: &str) -> Reject {
    let why = why.to_owned();
    Reject::Bundle { why }
}

fn forged() -> Reject {
    malformed("a signature in it does not verify")
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
        if lock(&self.bundles.refused).get(&hash).is_some() {
            return Err(Reject::StaleBundle.into());
        }
        let height = self.height();
        let is_busy = self.bundles.waste(height, 0) >= MAX_WASTE;
        let read = match bundle::read(bytes) {
            Ok(read) => read,
            Err(error) => {
                self.bundles.waste(height, SAMPLE as u64 * WEIGHED);
                return Err(malformed(&error.to_string()).into());
            }
        };
        let count = read.len() as u64;
        let taken = match self.check_sample(&hash, &read, is_busy) {
            Ok(()) => self.take_apart((hash, bytes.len()), read, height),
            Err(Unsound::Reject(reject)) => {
                // What is too late for a busy node may be good for the next block.
                if !is_busy {
                    self.bundles.refuse(hash);
                }
                self.bundles.waste(height, SAMPLE as u64 * VERIFIED);
                Err(reject.into())
            }
            fault => fault,
        };
        if taken.is_err() {
            self.bundles.waste(height, count * WEIGHED);
        }
        taken
    }

    /// Judges what a secret of this node chooses of a bundle. Signatures that do not verify refuse all of it, and so does it when no money stands behind
    /// most of what is chosen. Sequences and expiry are not looked at: what was good when it was packed may be too late, and must not keep back what is
    /// packed with it. Where too much was judged in vain, fewer are chosen, and each must wait already or be taken now.
    fn check_sample(
        &self,
        bundle: &Hash,
        read: &[(Hash, Bytes)],
        is_busy: bool,
    ) -> Result<(), Unsound> {
        let secret = &self.bundles.secret;
        let mut all: Vec<&(Hash, Bytes)> = read.iter().collect();
        all.sort_by_cached_key(|(hash, _)| secret.hash_one((bundle, hash)));
        all.truncate(if is_busy { BUSY_SAMPLE } else { SAMPLE });
        let count = all.len();
        let mut unverified = Vec::new();
        let mut useless = 0;
        for (hash, bytes) in all {
            if self.pool().get(hash).is_some() {
                continue;
            }
            if is_busy {
                let before = Before::default();
                let (one, _) = self.read(*hash, bytes, Replaces::ForTenthMore, &before)?;
                unverified.push(one);
                continue;
            }
            let Ok(one) = Unverified::read(bytes) else {
                useless += 1;
                continue;
            };
            let header = one.transaction().header;
            match purse(&self.state(), &header.sender, None)?.native >= header.fee {
                true => unverified.push(one),
                false => useless += 1,
            }
        }
        if useless * 2 > count {
            return Err(Reject::StaleBundle.into());
        }
        let verified = self.verify_all(unverified);
        match verified.iter().all(Result::is_ok) {
            true => Ok(()),
            false => Err(forged().into()),
        }
    }

    /// Takes what is good of a bundle, and then the bundle.
    fn take_apart(
        &self,
        (hash, length): (Hash, usize),
        read: Vec<(Hash, Bytes)>,
        height: u64,
    ) -> Result<(), Unsound> {
        let Brought {
            members,
            fresh,
            unverified,
        } = self.open(read)?;
        let verified = self.verify_all(unverified);
        let all_hold = verified.iter().all(Result::is_ok);
        let is_verified = !verified.is_empty();
        for ((bytes, weighed), verdict) in fresh.into_iter().zip(verified) {
            let taken = verdict.map_err(Unsound::from).and_then(|checked| {
                self.admit_verified(&bytes, checked, weighed, Replaces::ForTenthMore)
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
            false => Err(forged().into()),
        }
    }

    /// Decodes what a bundle has, and judges what is cheap to judge of each transaction in it.
    fn open(&self, read: Vec<(Hash, Bytes)>) -> Result<Brought, Unsound> {
        let mut before = Before::default();
        let mut last = None;
        let mut brought = Brought::default();
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
                    let header = transaction.header;
                    let replaces = (Replaces::ForTenthMore, &before);
                    match self.fits(hash, transaction, bytes.len(), replaces) {
                        Ok(weighed) => {
                            before.add(weighed.offer);
                            brought.fresh.push((bytes, weighed));
                            brought.unverified.push(unverified);
                        }
                        Err(Unsound::Reject(_)) => {}
                        Err(fault) => return Err(fault),
                    }
                    header
                }
            };
            let here = Some(place(&header));
            if here <= last {
                return Err(malformed("its transactions are not in order").into());
            }
            last = here;
            brought.members.push(hash);
        }
        Ok(brought)
    }
}

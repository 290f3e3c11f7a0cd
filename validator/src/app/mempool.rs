//! CheckTx: what may wait for a block.
//!
//! ```text
//! length · decode · what the state says of sender, sequence and fee · the pool's rules      cheap, so it comes first
//! signature                                                                                 only of what would be taken
//! tried on the state, as if its turn had come · the pool
//! ```
//! So a sender without money causes no verification. Transactions that wait together are verified together, on all cores: anybody can forge
//! a signature in the name of a rich account and cause one verification, and the engine's Commit waits for what was handed in before it. A
//! transaction whose sequence is next is judged as a block would judge it now. One behind others of its sender is judged as if these had
//! been carried out, and its sender must also own enough for all of them: else a transaction that can never apply could wait behind a gap,
//! and stand before others when the gap closes. When the engine asks again after a block, the pool has swept itself, and the answer is
//! whether the transaction still waits: one look-up.
//!
//! Most transactions come in bundles ([`bundles`]), or by this node's gRPC ([`handing`]).

use std::collections::BTreeMap;

use rayon::prelude::*;
use tendermint_proto::v0_38::abci::{CheckTxType, RequestCheckTx, ResponseCheckTx};

use super::App;
use super::bundle::is_bundle;
use super::pool::{Hash, Offer, Pending, Purse, Replaces, check_sequence};
use super::state::State;
use super::unsound::Unsound;
use super::verdicts::prove;
use crate::chain::committed::leaf;
use crate::chain::execute::context;
use crate::chain::overlay::Overlay;
use crate::engine::abci::{Fault, Outcome};
use crate::ledger::leaf::{AccountLeaf, TokenBalance};
use crate::ledger::leaves::{read, write};
use crate::ledger::transaction::{Body, StakeBody, check_length};
use crate::ledger::{
    Account, CheckedTransaction, Code, Reject, Slot, Transaction, Unverified, quote, settle,
    simulate,
};
use crate::wire::engine_hash;

mod before;
mod bundles;
mod handing;
mod sweep;

use before::Before;
pub(super) use bundles::BundleCheck;
pub use handing::{Handed, Submission};
pub(super) use sweep::Unswept;

/// The number of blocks after the next one in which a new transaction must still be valid. The next block may be made already: a
/// transaction that only that block could hold would be verified and gossiped, and would never pay.
const MIN_BLOCKS_LEFT: u64 = 3;

/// Signatures that one core verifies together, at least: whoever hands in waits for all of them, and so may a block.
const MIN_CHUNK: usize = 8;

/// What its signature says of a transaction.
type Verified = Result<CheckedTransaction, Reject>;

/// What is known of a transaction before its signature is verified.
struct Weighed {
    /// The height of the block that it was weighed for.
    height: u64,
    offer: Offer,
    purse: Purse,
    minimum: u128,
    leaves: u32,
}

impl App {
    pub(super) fn on_check_tx(&self, request: &RequestCheckTx) -> Outcome<ResponseCheckTx> {
        match is_bundle(&request.tx) {
            true => self.check_bundle(request),
            false => self.check_one(request, None),
        }
    }

    /// Several, one after the other, but for their signatures.
    pub(super) fn on_check_txs(
        &self,
        requests: &[RequestCheckTx],
    ) -> Vec<Outcome<ResponseCheckTx>> {
        let wanted = requests.iter().map(|request| self.wants_verified(request));
        let wanted: Vec<Option<Unverified>> = wanted.collect();
        let is_wanted: Vec<bool> = wanted.iter().map(Option::is_some).collect();
        let unverified = wanted.into_iter().flatten().collect();
        let mut verified = self.verify_all(unverified).into_iter();
        let judged = requests.iter().zip(is_wanted);
        judged
            .map(|(request, is_wanted)| match is_bundle(&request.tx) {
                true => self.check_bundle(request),
                false => {
                    let verified = is_wanted.then(|| verified.next()).flatten();
                    self.check_one(request, verified)
                }
            })
            .collect()
    }

    /// What their signatures say of these, verified together on all cores.
    fn verify_all(&self, unverified: Vec<Unverified>) -> Vec<Verified> {
        let separator = self.deployment.domain.separator();
        let claims = unverified.into_par_iter().with_min_len(MIN_CHUNK);
        let claims = claims.map(|one| one.claim(&separator)).collect();
        settle(claims, |open| prove(open, MIN_CHUNK))
    }

    /// Judges one; `verified` is what was found of its signature already.
    fn check_one(
        &self,
        request: &RequestCheckTx,
        verified: Option<Verified>,
    ) -> Outcome<ResponseCheckTx> {
        if let Err(reject) = check_length(&request.tx) {
            return Ok(refused(&reject));
        }
        let hash = engine_hash(&request.tx);
        // An engine that started again has an empty mempool and asks anew about what waits here: were that refused, no node
        // would gossip it. What a bundle carries need not travel a second time.
        let carried = self.pool().carries_itself(&hash, is_again(request));
        let judged = match (carried, is_again(request)) {
            (Some(true), _) => Ok(0),
            (Some(false), _) => Err(Reject::Known.into()),
            (None, true) => Err(self.why_gone(&request.tx)),
            (None, false) => self.admit(hash, &request.tx, verified),
        };
        match judged {
            Ok(leaves) => Ok(ResponseCheckTx {
                gas_wanted: i64::from(leaves),
                gas_used: i64::from(leaves),
                ..ResponseCheckTx::default()
            }),
            Err(Unsound::Reject(reject)) => Ok(refused(&reject)),
            Err(Unsound::Fault(fault)) => Err(fault),
        }
    }

    /// A new transaction that would be taken now if its signature holds. What this refuses is judged again in its turn, because an earlier
    /// transaction may change that.
    fn wants_verified(&self, request: &RequestCheckTx) -> Option<Unverified> {
        if is_again(request) || is_bundle(&request.tx) {
            return None;
        }
        let hash = engine_hash(&request.tx);
        if self.pool().get(&hash).is_some() {
            return None;
        }
        let before = Before::default();
        let read = self.read(hash, &request.tx, Replaces::ForTenthMore, &before);
        read.ok().map(|(unverified, _)| unverified)
    }

    /// Judges all that is cheap to judge, so that the signature comes last. What follows one that comes together with it is not judged by what the
    /// pool holds, unless that has something at its place.
    fn read(
        &self,
        hash: Hash,
        bytes: &[u8],
        replaces: Replaces,
        before: &Before,
    ) -> Result<(Unverified, Weighed), Unsound> {
        check_length(bytes)?;
        let unverified = Unverified::read(bytes)?;
        let (transaction, length) = (unverified.transaction(), bytes.len());
        let weighed = self.fits(hash, transaction, length, (replaces, before))?;
        Ok((unverified, weighed))
    }

    /// Judges the same of a transaction that was decoded.
    fn fits(
        &self,
        hash: Hash,
        transaction: &Transaction,
        length: usize,
        (replaces, before): (Replaces, &Before),
    ) -> Result<Weighed, Unsound> {
        self.check_end(&transaction.body)?;
        let weighed = self.weigh(&self.state(), hash, transaction, length)?;
        let (offer, purse) = (&weighed.offer, &weighed.purse);
        let (sender, sequence) = (offer.header.sender, offer.header.sequence);
        let follows = before.precedes(offer, purse)?;
        let pool = self.pool();
        if !follows || pool.at(&sender, sequence).is_some() {
            pool.admits(offer, purse, replaces)?;
        }
        Ok(weighed)
    }

    /// Judges a new transaction that the engine passes on by itself, and takes it into the pool; says how many leaves it would make. CheckTx has the bytes
    /// alone, so a transaction that comes that way replaces another by paying a tenth more.
    fn admit(&self, hash: Hash, bytes: &[u8], verified: Option<Verified>) -> Result<u32, Unsound> {
        let leaves = match verified {
            Some(checked) => {
                let replaces = Replaces::ForTenthMore;
                let (_, weighed) = self.read(hash, bytes, replaces, &Before::default())?;
                self.admit_verified(bytes, checked?, weighed, replaces)?
            }
            None => self.admit_alone(hash, bytes, Replaces::ForTenthMore)?,
        };
        self.pool().carries_itself(&hash, false);
        Ok(leaves)
    }

    /// Judges a new transaction, its signature last, and takes it into the pool; says how many leaves it would make.
    fn admit_alone(&self, hash: Hash, bytes: &[u8], replaces: Replaces) -> Result<u32, Unsound> {
        let (unverified, weighed) = self.read(hash, bytes, replaces, &Before::default())?;
        #[cfg(test)]
        self.looks.verified_alone();
        let checked = unverified.verify(&self.deployment.domain)?;
        self.admit_verified(bytes, checked, weighed, replaces)
    }

    /// Takes a transaction into the pool whose signature holds; says how many leaves it would make.
    fn admit_verified(
        &self,
        bytes: &[u8],
        checked: CheckedTransaction,
        mut weighed: Weighed,
        replaces: Replaces,
    ) -> Result<u32, Unsound> {
        // A block may have come since it was weighed; none comes from here on.
        let state = self.state();
        if weighed.height != state.next_height() {
            let (hash, transaction) = (weighed.offer.hash, checked.transaction());
            weighed = self.weigh(&state, hash, transaction, bytes.len())?;
        }
        self.try_on(&state, &checked)?;
        let pending = Pending::new(bytes.to_vec(), checked, weighed.minimum);
        self.pool().add(pending, &weighed.purse, replaces)?;
        Ok(weighed.leaves)
    }

    /// Judges whether a transaction is valid for long enough, has a sequence in its sender's window, pays a recipient that can use what it
    /// gets, and pays the fee that it would cost now.
    fn weigh(
        &self,
        state: &State,
        hash: Hash,
        transaction: &Transaction,
        length: usize,
    ) -> Result<Weighed, Unsound> {
        let header = &transaction.header;
        check_lasts(state, transaction)?;
        let sender = header.sender;
        let context = context(&self.deployment, state.next_height(), &self.parameters);
        context.contracts.check_body(&transaction.body)?;
        let mut overlay = Overlay::new(&state.tree);
        let quoted = quote(&mut overlay, sender, &transaction.body, length, &context)?;
        let (minimum, leaves, fee) = (quoted.minimum, quoted.leaves, header.fee);
        let offer = Offer::new(hash, transaction, length, minimum);
        let purse = purse(state, &sender, offer.token.map(|(token, _)| token))?;
        check_sequence(header.sequence, purse.next)?;
        if fee < minimum {
            let short = Reject::FeeTooLow {
                fee,
                minimum,
                length,
                leaves,
            };
            return Err(short.into());
        }
        Ok(Weighed {
            height: context.height,
            offer,
            purse,
            minimum,
            leaves,
        })
    }

    /// Judges it as a block would now if all earlier transactions of its sender had been carried out.
    fn try_on(&self, state: &State, checked: &CheckedTransaction) -> Result<(), Unsound> {
        self.check_end(checked.body())?;
        let context = context(&self.deployment, state.next_height(), &self.parameters);
        let mut overlay = Overlay::new(&state.tree);
        let header = checked.header();
        let slot = Slot::Account(header.sender);
        let own: Option<AccountLeaf> = read(&mut overlay, &slot).map_err(Fault::new)?;
        if let Some(own) = own.filter(|own| own.sequence < header.sequence) {
            let sequence = header.sequence;
            write(&mut overlay, &slot, &AccountLeaf { sequence, ..own }).map_err(Fault::new)?;
        }
        simulate(&mut overlay, checked, &context)?;
        Ok(())
    }

    /// Why a transaction that the engine holds no longer waits here, as far as its bytes and the state still tell.
    fn why_gone(&self, bytes: &[u8]) -> Unsound {
        let still = || -> Result<(), Unsound> {
            let state = self.state();
            let transaction = Transaction::decode(bytes)?;
            let header = transaction.header;
            self.check_end(&transaction.body)?;
            check_expiry(&state, &transaction)?;
            let next = next_sequence(&state, &header.sender)?;
            check_sequence(header.sequence, next)?;
            let pool = self.pool();
            let other = pool.at(&header.sender, header.sequence);
            match other.map(|other| other.offer.header.fee) {
                Some(pending) => Err(Reject::replacement_underpriced(pending, header.fee).into()),
                None => Ok(()),
            }
        };
        still().err().unwrap_or(Reject::GivenUp.into())
    }

    /// Refuses what could only lose: all of it when root takes no checkpoint any more, and stake from when the deployment is closing, because
    /// exit mode pays balances, tokens and withdrawals, and no stake yet.
    pub(super) fn check_end(&self, body: &Body) -> Result<(), Reject> {
        let (end, is_over) = self.surroundings.outlook.end();
        if is_over {
            let why = super::reads::ended(&end);
            return Err(Reject::Over { why });
        }
        let Some(exit_at) = end.exit_at else {
            return Ok(());
        };
        match body {
            Body::Stake(
                StakeBody::Delegate { .. }
                | StakeBody::Restake { .. }
                | StakeBody::CancelUnbonding { .. },
            ) => Err(Reject::ClosingStake { exit_at }),
            _ => Ok(()),
        }
    }
}

/// What the state says of a sender: sequence, native balance, and these tokens' balances.
fn purse(
    state: &State,
    account: &Account,
    tokens: impl IntoIterator<Item = [u8; 20]>,
) -> Result<Purse, Fault> {
    let own: Option<AccountLeaf> =
        leaf(&state.tree, &Slot::Account(*account)).map_err(Fault::new)?;
    let own = own.unwrap_or_default();
    let mut balances = BTreeMap::new();
    for token in tokens {
        let slot = Slot::TokenBalance(*account, token);
        let held: Option<TokenBalance> = leaf(&state.tree, &slot).map_err(Fault::new)?;
        balances.insert(token, held.map_or(0, |leaf| leaf.amount));
    }
    Ok(Purse {
        next: own.sequence,
        native: own.balance,
        tokens: balances,
    })
}

/// Whether the engine asks about one that it holds.
fn is_again(request: &RequestCheckTx) -> bool {
    request.r#type == i32::from(CheckTxType::Recheck)
}

/// The answer to what is not taken.
fn refused(reject: &Reject) -> ResponseCheckTx {
    ResponseCheckTx {
        code: reject.code().number(),
        log: reject.to_string(),
        codespace: Code::SPACE.to_owned(),
        ..ResponseCheckTx::default()
    }
}

/// Whether a new transaction is valid for long enough to be in a block.
fn check_lasts(state: &State, transaction: &Transaction) -> Result<(), Reject> {
    check_expiry(state, transaction)?;
    let valid_until = transaction.header.valid_until;
    let least = state.next_height().saturating_add(MIN_BLOCKS_LEFT);
    match valid_until < least {
        true => Err(Reject::ExpiresSoon { valid_until, least }),
        false => Ok(()),
    }
}

fn check_expiry(state: &State, transaction: &Transaction) -> Result<(), Reject> {
    let (valid_until, height) = (transaction.header.valid_until, state.next_height());
    match valid_until < height {
        true => Err(Reject::Expired {
            valid_until,
            height,
        }),
        false => Ok(()),
    }
}

/// The sequence that an account's next transaction has in the state.
fn next_sequence(state: &State, account: &Account) -> Result<u64, Fault> {
    let held: Option<AccountLeaf> =
        leaf(&state.tree, &Slot::Account(*account)).map_err(Fault::new)?;
    Ok(held.map_or(0, |leaf| leaf.sequence))
}

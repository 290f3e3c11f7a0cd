//! CheckTx: what may wait for a block.
//!
//! A transaction whose turn it is is tried on the state, so that the answer is what a block would give now. One that is up
//! to 64 sequences ahead is held on its signature, expiry and least fee. At recheck only what can change is asked again.

use tendermint_proto::v0_38::abci::{RequestCheckTx, ResponseCheckTx};

use super::App;
use super::pool::{Hash, Pending, check_sequence, engine_hash};
use super::state::State;
use crate::chain::committed::leaf;
use crate::chain::execute::context;
use crate::chain::overlay::Overlay;
use crate::engine::abci::{Fault, Outcome};
use crate::ledger::leaf::AccountLeaf;
use crate::ledger::{self, Account, CheckedTransaction, Code, Reject, Slot, check, fees, simulate};

/// What came of a check: leaves that the transaction would make, or why it is refused.
type Verdict = Result<u32, Reject>;

impl App {
    pub(super) fn on_check_tx(&self, request: &RequestCheckTx) -> Outcome<ResponseCheckTx> {
        let hash = engine_hash(&request.tx);
        // An engine that started again has an empty mempool and asks anew about what is held here: were that refused, no node
        // would gossip it. What an engine knows it does not ask about twice.
        let held = self.pool().get(&hash).is_some();
        let verdict = match held {
            true => self.recheck(&hash)?,
            false => self.admit(hash, &request.tx)?,
        };
        Ok(match verdict {
            Ok(leaves) => ResponseCheckTx {
                gas_wanted: i64::from(leaves),
                gas_used: i64::from(leaves),
                ..ResponseCheckTx::default()
            },
            Err(reject) => ResponseCheckTx {
                code: reject.code().number(),
                log: reject.to_string(),
                codespace: Code::SPACE.to_owned(),
                ..ResponseCheckTx::default()
            },
        })
    }

    /// Judges a new transaction and takes it into the pool.
    ///
    /// # Errors
    /// [`Fault`] when this node is broken; a refusal is an answer.
    pub fn submit(&self, bytes: &[u8]) -> Result<Verdict, Fault> {
        self.admit(engine_hash(bytes), bytes)
    }

    fn admit(&self, hash: Hash, bytes: &[u8]) -> Result<Verdict, Fault> {
        if self.pool().get(&hash).is_some() {
            return Ok(Err(Reject::Known));
        }
        let checked = match check(bytes, &self.deployment.domain) {
            Ok(checked) => checked,
            Err(reject) => return Ok(Err(reject)),
        };
        let state = self.state();
        let next = next_sequence(&state, &checked.header().sender)?;
        let leaves = match self.judge(&state, &checked, next)? {
            Ok(leaves) => leaves,
            Err(reject) => return Ok(Err(reject)),
        };
        let pending = Pending {
            hash,
            bytes: bytes.to_vec(),
            checked,
        };
        Ok(self.pool().add(pending, next).map(|()| leaves))
    }

    fn recheck(&self, hash: &Hash) -> Result<Verdict, Fault> {
        let state = self.state();
        let Some(pending) = self.pool().get(hash).cloned() else {
            return Ok(Err(Reject::Known));
        };
        let next = next_sequence(&state, &pending.checked.header().sender)?;
        let verdict = self.judge(&state, &pending.checked, next)?;
        if verdict.is_err() {
            self.pool().remove(hash);
        }
        Ok(verdict)
    }

    /// What a block would say now, or whether it may wait.
    fn judge(
        &self,
        state: &State,
        checked: &CheckedTransaction,
        next: u64,
    ) -> Result<Verdict, Fault> {
        let header = checked.header();
        let height = state.next_height();
        if header.valid_until < height {
            let valid_until = header.valid_until;
            return Ok(Err(Reject::Expired {
                valid_until,
                height,
            }));
        }
        if let Err(reject) = check_sequence(header.sequence, next) {
            return Ok(Err(reject));
        }
        if header.sequence > next {
            return Ok(self.least_fee(state, checked).map(|()| 0));
        }
        let context = context(&self.deployment, height, &self.parameters);
        match simulate(&mut Overlay::new(&state.tree), checked, &context) {
            Ok(receipt) => Ok(Ok(receipt.leaves_made)),
            Err(ledger::Error::Reject(reject)) => Ok(Err(reject)),
            Err(ledger::Error::Fault(fault)) => Err(Fault::new(fault)),
        }
    }

    /// The fee of a held transaction covers its bytes; the leaves that it will make are not known yet.
    fn least_fee(&self, state: &State, checked: &CheckedTransaction) -> Result<(), Reject> {
        let (length, leaves) = (checked.length(), 0);
        let minimum = fees::minimum_fee(&self.parameters, length, leaves, state.tree.count());
        let fee = checked.header().fee;
        if fee < minimum {
            return Err(Reject::FeeTooLow {
                fee,
                minimum,
                length,
                leaves,
            });
        }
        Ok(())
    }
}

/// The sequence that an account's next transaction has in the state.
pub(super) fn next_sequence(state: &State, account: &Account) -> Result<u64, Fault> {
    let held: Option<AccountLeaf> =
        leaf(&state.tree, &Slot::Account(*account)).map_err(Fault::new)?;
    Ok(held.map_or(0, |leaf| leaf.sequence))
}

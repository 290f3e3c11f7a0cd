//! What a transaction would do at the tip, before anyone submits or even signs it.

use super::{
    App,
    reads::{Simulated, Trial},
    state::State,
    unsound::Unsound,
};
use crate::{
    chain::{execute::context, overlay::Overlay},
    engine::abci::Fault,
    ledger::{
        Quote, Receipt, Transaction, check, quote, rehearse, simulate,
        transaction::{Authentication, Header},
    },
};

/// What stands in the place of an Ed25519 authentication that is not made yet.
const NO_ED25519: [u8; 96] = [0; 96];
/// What stands in the place of a secp256k1 signature that is not made yet; the last byte of one is 27 or 28.
const NO_SECP256K1: [u8; 65] = {
    let mut bytes = [0; 65];
    bytes[64] = 27;
    bytes
};

impl App {
    /// Runs `bytes` on the state of the tip. Where they are not tried as signed, they are judged as if their sender had signed them: the
    /// authentication may be missing.
    ///
    /// # Errors
    /// [`Fault`] when this node is broken; a refusal is an answer.
    pub fn simulate(&self, bytes: &[u8], trial: Trial) -> Result<Simulated, Fault> {
        let filled = match trial {
            Trial::Signed => None,
            Trial::Unsigned | Trial::Exact => fill(bytes),
        };
        let bytes = filled.as_deref().unwrap_or(bytes);
        // Signatures are verified before the state is held.
        let checked = (trial == Trial::Signed).then(|| check(bytes, &self.deployment.domain));
        let state = self.state();
        let context = context(&self.deployment, state.next_height(), &self.parameters);
        let (leaves, outcome) = match checked {
            None => self.unsigned(&state, bytes, trial),
            Some(checked) => {
                let signed = checked.map_err(Unsound::from).and_then(|checked| {
                    let mut overlay = Overlay::new(&state.tree);
                    Ok(simulate(&mut overlay, &checked, &context)?)
                });
                (self.leaves_of(&state, bytes)?, signed)
            }
        };
        let (code, log, data, events) = match outcome {
            Ok(receipt) => (receipt.code, String::new(), receipt.data, receipt.events),
            Err(Unsound::Reject(reject)) => {
                (reject.code(), reject.to_string(), Vec::new(), Vec::new())
            }
            Err(Unsound::Fault(fault)) => return Err(fault),
        };
        Ok(Simulated {
            code,
            log,
            leaves_made: leaves,
            height: state.tip.height,
            leaf_count: state.tree.count(),
            length: bytes.len(),
            data,
            events,
        })
    }

    /// Leaves that it would make at most, as far as that is known, and what would come of it.
    fn unsigned(
        &self,
        state: &State,
        bytes: &[u8],
        trial: Trial,
    ) -> (u32, Result<Receipt, Unsound>) {
        let mut transaction = match Transaction::decode(bytes) {
            Ok(transaction) => transaction,
            Err(reject) => return (0, Err(reject.into())),
        };
        let quoted = match self.quote(state, &transaction, bytes.len()) {
            Ok(quoted) => quoted,
            Err(unsound) => return (0, Err(unsound)),
        };
        if trial == Trial::Unsigned && transaction.header.fee == 0 {
            transaction.header = Header {
                fee: quoted.suggested,
                ..transaction.header
            };
        }
        let context = context(&self.deployment, state.next_height(), &self.parameters);
        let bytes = transaction.encode();
        let outcome = rehearse(&mut Overlay::new(&state.tree), &bytes, &context);
        (quoted.leaves, outcome.map_err(Unsound::from))
    }

    /// Leaves that a transaction would make at most, for who wants to know its fee although it is refused.
    fn leaves_of(&self, state: &State, bytes: &[u8]) -> Result<u32, Fault> {
        let Ok(transaction) = Transaction::decode(bytes) else {
            return Ok(0);
        };
        if matches!(transaction.authentication, Authentication::Multisig(_)) {
            return Ok(0);
        }
        match self.quote(state, &transaction, bytes.len()) {
            Ok(quoted) => Ok(quoted.leaves),
            Err(Unsound::Reject(_)) => Ok(0),
            Err(Unsound::Fault(fault)) => Err(fault),
        }
    }

    fn quote(
        &self,
        state: &State,
        transaction: &Transaction,
        length: usize,
    ) -> Result<Quote, Unsound> {
        let context = context(&self.deployment, state.next_height(), &self.parameters);
        let (sender, body) = (transaction.header.sender, &transaction.body);
        let mut overlay = Overlay::new(&state.tree);
        Ok(quote(&mut overlay, sender, body, length, &context)?)
    }
}

/// The bytes with an empty authentication after them, when nothing else is missing in them for a whole transaction.
fn fill(bytes: &[u8]) -> Option<Vec<u8>> {
    if Transaction::decode(bytes).is_ok() {
        return None;
    }
    let empty: &[u8] = match bytes.get(1) {
        Some(1) => &NO_ED25519,
        Some(2) => &NO_SECP256K1,
        _ => return None,
    };
    let filled = [bytes, empty].concat();
    Transaction::decode(&filled).is_ok().then_some(filled)
}

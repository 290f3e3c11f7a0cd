//! What a transaction would do at the tip, before anyone submits or even signs it.

use super::{App, reads::Simulated, state::State};
use crate::{
    chain::{execute::context, overlay::Overlay},
    engine::abci::Fault,
    ledger::{
        self, CheckedTransaction, Receipt, Reject, Transaction, check, quote, rehearse, simulate,
        transaction::{Authentication, Header},
    },
};

/// What stands in the place of an Ed25519 authentication that is not made yet.
const NO_ED25519: [u8; 96] = [0; 96];
/// The same for secp256k1, whose last byte is 27 or 28.
const NO_SECP256K1: [u8; 65] = {
    let mut bytes = [0; 65];
    bytes[64] = 27;
    bytes
};

/// Result of a ledger's call on the tree.
type Told<T> = Result<Result<T, Reject>, Fault>;

impl App {
    /// Runs `bytes` on the state of the tip. With `skip_authentication` they are judged as if their sender had signed them: the
    /// authentication may be missing, and a fee of zero stands for the suggested one.
    ///
    /// # Errors
    /// [`Fault`] when this node is broken; a refusal is an answer.
    pub fn simulate(&self, bytes: &[u8], skip_authentication: bool) -> Result<Simulated, Fault> {
        let filled = match skip_authentication {
            true => fill(bytes),
            false => None,
        };
        let bytes = filled.as_deref().unwrap_or(bytes);
        // Signatures are verified before the state is held.
        let checked = (!skip_authentication).then(|| check(bytes, &self.deployment.domain));
        let state = self.state();
        let (leaves, outcome) = match checked {
            None => self.unsigned(&state, bytes)?,
            Some(checked) => (
                self.leaves_of(&state, bytes)?,
                self.signed(&state, checked)?,
            ),
        };
        let (code, log, leaves_made, data) = match outcome {
            Ok(receipt) => (
                receipt.code,
                String::new(),
                receipt.leaves_made,
                receipt.data,
            ),
            Err(reject) => (reject.code(), reject.to_string(), leaves, Vec::new()),
        };
        Ok(Simulated {
            code,
            log,
            leaves_made,
            height: state.tip.height,
            leaf_count: state.tree.count(),
            length: bytes.len(),
            data,
        })
    }

    fn signed(&self, state: &State, checked: Result<CheckedTransaction, Reject>) -> Told<Receipt> {
        let checked = match checked {
            Ok(checked) => checked,
            Err(reject) => return Ok(Err(reject)),
        };
        let context = context(&self.deployment, state.next_height(), &self.parameters);
        told(simulate(&mut Overlay::new(&state.tree), &checked, &context))
    }

    fn unsigned(
        &self,
        state: &State,
        bytes: &[u8],
    ) -> Result<(u32, Result<Receipt, Reject>), Fault> {
        let mut transaction = match Transaction::decode(bytes) {
            Ok(transaction) => transaction,
            Err(reject) => return Ok((0, Err(reject))),
        };
        let quoted = match self.quote(state, &transaction, bytes.len())? {
            Ok(quoted) => quoted,
            Err(reject) => return Ok((0, Err(reject))),
        };
        if transaction.header.fee == 0 {
            transaction.header = Header {
                fee: quoted.suggested,
                ..transaction.header
            };
        }
        let context = context(&self.deployment, state.next_height(), &self.parameters);
        let bytes = transaction.encode();
        let outcome = rehearse(&mut Overlay::new(&state.tree), &bytes, &context);
        Ok((quoted.leaves, told(outcome)?))
    }

    /// Leaves that a transaction would make, for who wants to know its fee although it is refused.
    fn leaves_of(&self, state: &State, bytes: &[u8]) -> Result<u32, Fault> {
        let Ok(transaction) = Transaction::decode(bytes) else {
            return Ok(0);
        };
        if matches!(transaction.authentication, Authentication::Multisig(_)) {
            return Ok(0);
        }
        let quoted = self.quote(state, &transaction, bytes.len())?;
        Ok(quoted.map_or(0, |quoted| quoted.leaves))
    }

    fn quote(
        &self,
        state: &State,
        transaction: &Transaction,
        length: usize,
    ) -> Told<ledger::Quote> {
        let context = context(&self.deployment, state.next_height(), &self.parameters);
        told(quote(
            &mut Overlay::new(&state.tree),
            transaction.header.sender,
            &transaction.body,
            length,
            &context,
        ))
    }
}

fn told<T, E: std::fmt::Display>(outcome: Result<T, ledger::Error<E>>) -> Told<T>
where
    ledger::LeafFault<E>: std::fmt::Display,
{
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(ledger::Error::Reject(reject)) => Ok(Err(reject)),
        Err(ledger::Error::Fault(fault)) => Err(Fault::new(fault)),
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

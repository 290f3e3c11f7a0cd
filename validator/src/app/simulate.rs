//! What a transaction would do at the tip, before anyone submits or even signs it.

use super::{App, reads::Simulated, state::State};
use crate::{
    chain::{execute::context, overlay::Overlay},
    engine::abci::Fault,
    ledger::{
        self, Code, Reject, Slot, Transaction,
        apply::quote,
        check,
        leaf::AccountLeaf,
        simulate,
        transaction::{Authentication, Body},
    },
};

impl App {
    /// Runs `bytes` on the state of the tip. Without authentication, what its sender could do is judged: fee, balance and effect.
    ///
    /// # Errors
    /// [`Fault`] when this node is broken; a refusal is an answer.
    pub fn simulate(&self, bytes: &[u8], skip_authentication: bool) -> Result<Simulated, Fault> {
        let state = self.state();
        let outcome = if skip_authentication {
            self.unsigned(&state, bytes)?
        } else {
            self.signed(&state, bytes)?
        };
        Ok(outcome.unwrap_or_else(|reject| Simulated {
            code: reject.code(),
            log: reject.to_string(),
            leaves_made: self.leaves_of(&state, bytes),
            data: Vec::new(),
        }))
    }

    fn signed(&self, state: &State, bytes: &[u8]) -> Result<Result<Simulated, Reject>, Fault> {
        let checked = match check(bytes, &self.deployment.domain) {
            Ok(checked) => checked,
            Err(reject) => return Ok(Err(reject)),
        };
        let context = context(&self.deployment, state.next_height(), &self.parameters);
        match simulate(&mut Overlay::new(&state.tree), &checked, &context) {
            Ok(receipt) => Ok(Ok(Simulated {
                code: receipt.code,
                log: String::new(),
                leaves_made: receipt.leaves_made,
                data: receipt.data,
            })),
            Err(ledger::Error::Reject(reject)) => Ok(Err(reject)),
            Err(ledger::Error::Fault(fault)) => Err(Fault::new(fault)),
        }
    }

    fn unsigned(&self, state: &State, bytes: &[u8]) -> Result<Result<Simulated, Reject>, Fault> {
        let transaction = match Transaction::decode(bytes) {
            Ok(transaction) => transaction,
            Err(reject) => return Ok(Err(reject)),
        };
        let context = context(&self.deployment, state.next_height(), &self.parameters);
        let (header, body) = (&transaction.header, &transaction.body);
        let made = match quote(
            &mut Overlay::new(&state.tree),
            header.sender,
            body,
            bytes.len(),
            &context,
        ) {
            Ok(quote) => quote,
            Err(ledger::Error::Reject(reject)) => return Ok(Err(reject)),
            Err(ledger::Error::Fault(fault)) => return Err(Fault::new(fault)),
        };
        let account: Option<AccountLeaf> =
            crate::chain::sets::leaf(&state.tree, &Slot::Account(header.sender))
                .map_err(Fault::new)?;
        let held = account.unwrap_or_default().balance;
        let spent = native_amount(body)
            .checked_add(made.suggested)
            .filter(|needed| *needed <= held);
        let code = if spent.is_some() {
            Code::Ok
        } else {
            Code::InsufficientBalance
        };
        let log = match spent {
            Some(_) => String::new(),
            None => format!(
                "{} holds {held} and needs {} and a fee of {}",
                header.sender,
                native_amount(body),
                made.suggested
            ),
        };
        Ok(Ok(Simulated {
            code,
            log,
            leaves_made: made.leaves,
            data: Vec::new(),
        }))
    }

    /// Leaves that a refused transaction would have made, for who wants to know its fee.
    fn leaves_of(&self, state: &State, bytes: &[u8]) -> u32 {
        let Ok(transaction) = Transaction::decode(bytes) else {
            return 0;
        };
        if matches!(transaction.authentication, Authentication::Multisig(_)) {
            return 0;
        }
        let context = context(&self.deployment, state.next_height(), &self.parameters);
        quote(
            &mut Overlay::new(&state.tree),
            transaction.header.sender,
            &transaction.body,
            bytes.len(),
            &context,
        )
        .map_or(0, |quote| quote.leaves)
    }
}

/// Native coin that leaves the sender besides the fee.
fn native_amount(body: &Body) -> u128 {
    match body {
        Body::Transfer { token, amount, .. } | Body::Withdraw { token, amount, .. }
            if *token == ledger::leaf::NATIVE =>
        {
            *amount
        }
        _ => 0,
    }
}

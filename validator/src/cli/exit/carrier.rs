//! Who sends a transaction of `plasmid exit`: the gas is shown before it is paid.

use alloy_primitives::{Address, U256};
use clap::Args;
use plasmid_bridge::client::{
    rpc::{Call, Receipt},
    wallet::{Fees, Wallet},
};
use serde_json::{Value, json};

use crate::cli::{
    CliError,
    init::SecondRoot,
    output::{Output, note},
};

/// Who pays the gas, and whether it is asked for.
#[derive(Args)]
pub struct Carrier {
    /// Name of the key that pays for the gas.
    #[arg(long)]
    pub from: String,
    /// Prints what would be sent and what it would cost, and sends nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Sends it without asking.
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub second: SecondRoot,
}

/// Calls that are sent one after the other, with what they cost.
pub struct Priced {
    /// Each with its gas and fees.
    pub calls: Vec<(Call, (u64, Fees))>,
    gas: u64,
    most: U256,
    if_slow: U256,
}

impl Priced {
    /// Adds a call.
    pub fn push(&mut self, wallet: &Wallet, call: Call, limits: (u64, Fees)) {
        let [most, if_slow] = wallet.max_cost(limits);
        self.gas = self.gas.saturating_add(limits.0);
        self.most = self.most.saturating_add(most);
        self.if_slow = self.if_slow.saturating_add(if_slow);
        self.calls.push((call, limits));
    }

    /// A list of no calls, to which [`Self::push`] adds.
    pub const fn none() -> Self {
        Self {
            calls: Vec::new(),
            gas: 0,
            most: U256::ZERO,
            if_slow: U256::ZERO,
        }
    }

    /// One call.
    ///
    /// # Errors
    /// Why root would refuse it.
    async fn one(wallet: &Wallet, call: Call) -> Result<Self, CliError> {
        let limits = wallet.limits(&call).await?;
        let mut priced = Self::none();
        priced.push(wallet, call, limits);
        Ok(priced)
    }

    /// What carries it and what that costs, behind what it does. A value that is sent along is no part of it.
    fn words(&self) -> String {
        format!(
            "by {} of root with up to {} gas: fees of at most {} wei ({} wei if root is so slow that a dearer transaction has to replace one)",
            transactions(self.calls.len()),
            self.gas,
            self.most,
            self.if_slow
        )
    }

    fn add_to(&self, object: &mut Value) {
        object["transactions_planned"] = self.calls.len().into();
        object["gas_limit"] = self.gas.into();
        object["root_fee"] = self.most.to_string().into();
        object["root_fee_if_slow"] = self.if_slow.to_string().into();
    }
}

impl Carrier {
    /// Shows what is about to be sent, and asks. False for a dry run, which is over then.
    ///
    /// # Errors
    /// When the answer is no.
    pub fn agree(
        &self,
        what: &str,
        priced: &Priced,
        object: &mut Value,
        output: Output,
    ) -> Result<bool, CliError> {
        priced.add_to(object);
        output.tell(&format!("{what}, {}", priced.words()));
        if self.dry_run {
            output.object(object);
            output.next("the same command without --dry-run");
            return Ok(false);
        }
        output.ask("send it?", self.yes)?;
        Ok(true)
    }

    /// Sends one call that was agreed to.
    ///
    /// # Errors
    /// What root refused.
    pub async fn send(
        &self,
        wallet: &Wallet,
        (call, (gas, fees)): (Call, (u64, Fees)),
    ) -> Result<Receipt, CliError> {
        let sent = wallet.send_with(call, gas, fees).await?;
        let receipt = wallet.wait(sent).await?;
        note(&format!(
            "root transaction {} is mined: it used {} gas",
            receipt.hash, receipt.gas_used
        ));
        Ok(receipt)
    }

    /// One call from its price to its receipt, which is printed with the rest of the object.
    ///
    /// # Errors
    /// What root refused.
    pub async fn carry(
        &self,
        wallet: &Wallet,
        (to, data): (Address, Vec<u8>),
        what: &str,
        object: &mut Value,
        output: Output,
    ) -> Result<bool, CliError> {
        let call = Call::to(to, data);
        let sent = self.carry_call(wallet, call, what, object, output).await?;
        if sent {
            output.object(object);
        }
        Ok(sent)
    }

    /// One call, with value or without, from its price to its receipt, which is added to the object.
    ///
    /// # Errors
    /// What root refused.
    pub async fn carry_call(
        &self,
        wallet: &Wallet,
        call: Call,
        what: &str,
        object: &mut Value,
        output: Output,
    ) -> Result<bool, CliError> {
        let priced = Priced::one(wallet, call).await?;
        if !self.agree(what, &priced, object, output)? {
            return Ok(false);
        }
        for call in priced.calls {
            let progress = output.progress("waiting for root");
            let receipt = self.send(wallet, call).await;
            progress.finish_and_clear();
            add_receipt(object, &receipt?);
        }
        Ok(true)
    }
}

fn transactions(count: usize) -> String {
    match count {
        1 => "one transaction".to_owned(),
        count => format!("{count} transactions"),
    }
}

/// An error behind some transactions that are mined: it does not say of them that nothing was sent.
pub fn behind(mined: usize, error: CliError) -> CliError {
    match mined {
        0 => error,
        mined => CliError::new(format!(
            "{} of this command stand on root, and the next one was not made: {error}; the same command goes on from there",
            transactions(mined)
        )),
    }
}

/// What a mined transaction is called in outputs.
pub fn mined(receipt: &Receipt) -> Value {
    json!({
        "root_transaction": receipt.hash.to_string(),
        "root_block": receipt.block,
        "gas_used": receipt.gas_used,
    })
}

/// Adds what was mined to an output.
pub fn add_receipt(object: &mut Value, receipt: &Receipt) {
    let mined = mined(receipt);
    for (name, value) in mined.as_object().into_iter().flatten() {
        object[name] = value.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_transaction_costs_is_called_a_fee_beside_the_coins_that_it_sends() {
        let priced = Priced {
            gas: 90_000,
            most: U256::from(700),
            if_slow: U256::from(900),
            ..Priced::none()
        };
        let said = priced.words();
        assert!(
            said.contains("up to 90000 gas: fees of at most 700 wei (900 wei if"),
            "{said}"
        );
    }
}

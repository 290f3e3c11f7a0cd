//! The transactions that pay leaves: each within what root takes, and one leaf alone where it could not be paid beside others.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolEvent};
use plasmid_bridge::{
    abi::IExits,
    client::{
        rpc::Call,
        wallet::{GAS_CAP, Wallet, WalletError},
    },
    relay::seen::Log,
};
use serde_json::{Value, json};

use super::{
    ExitDesk,
    carrier::{Carrier, Priced, mined},
};
use crate::{
    chain::{
        exits::{ExitProofError, Payable, parts, prove},
        tree::Tree,
    },
    cli::{CliError, output::Output},
    ledger::Account,
};

/// Leaves of one transaction, at most.
const MAX_LEAVES: usize = 40;
/// Gas of one transaction, at most, unless it pays one leaf: two thirds of what root allows.
const MAX_GAS: u64 = GAS_CAP / 3 * 2;

/// What makes and sends transactions.
pub struct Carrying<'a> {
    pub place: &'a ExitDesk,
    pub wallet: &'a Wallet,
    pub tree: &'a Tree,
    pub named: &'a BTreeSet<Account>,
}

/// The calldata that pays these leaves together, or the first one alone.
fn calldata(
    tree: &Tree,
    payable: &[Payable],
    named: &BTreeSet<Account>,
    alone: bool,
) -> Result<Vec<u8>, ExitProofError> {
    let proof = prove(tree, payable, named)?;
    let paid = payable.first().map(|one| one.index);
    let place = proof.leaves.iter().position(|one| Some(one.index) == paid);
    let leaves = proof.leaves.into_iter().map(|one| IExits::Leaf {
        index: one.index,
        kind: one.kind,
        account: one.place,
        next: one.next,
        fields: one.fields.into(),
        value: one.value.into(),
    });
    let (leaf_count, leaves, siblings) = (proof.count, leaves.collect(), proof.siblings);
    Ok(match alone {
        false => IExits::exitCall {
            leafCount: leaf_count,
            leaves,
            siblings,
        }
        .abi_encode(),
        true => IExits::exitAloneCall {
            leafCount: leaf_count,
            leaves,
            place: U256::from(place.unwrap_or_default()),
            siblings,
        }
        .abi_encode(),
    })
}

/// A part that costs too much, as two: the first half, and the rest.
fn halves(part: &[Payable]) -> [Vec<Payable>; 2] {
    let (first, second) = part.split_at(part.len() / 2);
    [first.to_vec(), second.to_vec()]
}

impl Carrying<'_> {
    fn call(&self, payable: &[Payable], alone: bool) -> Result<Call, ExitProofError> {
        let data = calldata(self.tree, payable, self.named, alone)?;
        Ok(Call::to(self.place.contracts.exits, data))
    }

    /// Transactions that pay all of these, each within the bounds.
    pub async fn price(&self, payable: &[Payable]) -> Result<Priced, CliError> {
        let mut priced = Priced::none();
        let mut left = parts(self.tree, payable, self.named, MAX_LEAVES);
        left.reverse();
        while let Some(part) = left.pop() {
            let call = self.call(&part, false)?;
            let gas = self.wallet.gas(&call).await;
            let is_too_much = match &gas {
                Ok(gas) => *gas > MAX_GAS,
                Err(error) => matches!(error, WalletError::GasCap { .. }),
            };
            if is_too_much && part.len() > 1 {
                let [first, second] = halves(&part);
                left.push(second);
                left.push(first);
                continue;
            }
            priced.push(self.wallet, call, (gas?, self.wallet.fees().await?));
        }
        Ok(priced)
    }

    /// Sends what was agreed to, and pays alone what failed beside others. Gives why the others of all cannot be paid.
    pub async fn pay(
        &self,
        carrier: &Carrier,
        (priced, all): (Priced, &[Payable]),
        done: &mut LeavesPaid,
        output: Output,
    ) -> Result<BTreeMap<u32, String>, CliError> {
        for call in priced.calls {
            let receipt = carrier.send(self.wallet, call).await?;
            done.add(self.place.contracts.exits, mined(&receipt), &receipt.logs);
        }
        let has_failed = |payable: &&Payable| done.failed.contains(&payable.index);
        let failed: Vec<Payable> = all.iter().filter(has_failed).copied().collect();
        self.alone(carrier, &failed, done, output).await
    }

    /// Pays what failed in a batch, each alone with all gas that root estimates. Gives why the others cannot be paid.
    async fn alone(
        &self,
        carrier: &Carrier,
        failed: &[Payable],
        done: &mut LeavesPaid,
        output: Output,
    ) -> Result<BTreeMap<u32, String>, CliError> {
        let no_address = |index: &u32| {
            let why = "root says that its account has no address that can take it; its owner names one with `plasmid exit name`";
            (*index, why.to_owned())
        };
        let mut reasons: BTreeMap<u32, String> = done.waiting.iter().map(no_address).collect();
        for payable in failed {
            let call = self.call(std::slice::from_ref(payable), true)?;
            let limits = match self.wallet.limits(&call).await {
                Ok(limits) => limits,
                Err(error) if error.is_of_call() => {
                    reasons.insert(payable.index, error.to_string());
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let mut priced = Priced::none();
            priced.push(self.wallet, call, limits);
            let what = format!(
                "this pays leaf {} alone, which could not be paid beside others",
                payable.index
            );
            carrier.agree(&what, &priced, &mut json!({}), output)?;
            for call in priced.calls {
                let receipt = carrier.send(self.wallet, call).await?;
                done.add(self.place.contracts.exits, mined(&receipt), &receipt.logs);
            }
        }
        Ok(reasons)
    }
}

/// What came of the transactions.
#[derive(Default)]
pub struct LeavesPaid {
    pub transactions: Vec<Value>,
    pub paid: BTreeSet<u32>,
    /// To whom each of them was paid.
    pub payments: Vec<Value>,
    pub failed: BTreeSet<u32>,
    waiting: BTreeSet<u32>,
}

impl LeavesPaid {
    pub fn add(&mut self, exits: Address, mined: Value, logs: &[Log]) {
        self.transactions.push(mined);
        for log in logs.iter().filter(|log| log.address == exits) {
            let topics = || log.topics.iter().copied();
            if let Ok(paid) = IExits::Exited::decode_raw_log(topics(), &log.data) {
                self.paid.insert(paid.index);
                self.payments.push(json!({
                    "index": paid.index,
                    "payee": paid.recipient.to_string(),
                    "token": paid.token.to_string(),
                    "amount": paid.amount.to_string(),
                }));
            }
            if let Ok(failed) = IExits::ExitFailed::decode_raw_log(topics(), &log.data) {
                self.failed.insert(failed.index);
            }
            if let Ok(waits) = IExits::ExitWaits::decode_raw_log(topics(), &log.data) {
                self.waiting.insert(waits.index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::exits::{of_account, of_range, tests::state};

    #[test]
    fn a_leaf_that_is_paid_alone_is_the_one_that_its_call_points_to() {
        let residue = Address::repeat_byte(0x55);
        let (tree, none) = (state(residue), BTreeSet::new());
        let all = of_range(&tree, &(0..=u32::MAX), &none).expect("it reads");
        let key = of_account(&tree, Account::ed25519(&[2; 32])).expect("it reads");
        let all = [all.payable, key].concat();
        let mut places = BTreeSet::new();
        for payable in &all {
            let data = calldata(&tree, &[*payable], &none, true).expect("it is proven");
            let call = IExits::exitAloneCall::abi_decode(&data).expect("its own form");
            let place = usize::try_from(call.place).expect("small");
            assert_eq!(call.leaves[place].index, payable.index);
            assert_eq!(call.leafCount, tree.count());
            // Where another leaf says who is paid, the call shows that one too: the parameters say it of the residue, and come first.
            assert_eq!(call.leaves.len() > 1, call.leaves[place].account != 0);
            places.insert(place);
        }
        assert_eq!(places, BTreeSet::from([0, 1]));
    }

    #[test]
    fn a_part_that_costs_too_much_is_halved_in_its_order_until_one_leaf_is_left() {
        let tree = state(Address::repeat_byte(0x55));
        let all = of_range(&tree, &(0..=u32::MAX), &BTreeSet::new()).expect("it reads");
        let (mut left, mut alone) = (vec![all.payable.clone()], Vec::new());
        while let Some(part) = left.pop() {
            match part.len() {
                1 => alone.extend(part),
                _ => {
                    let [first, second] = halves(&part);
                    assert!(!first.is_empty() && second.len() - first.len() <= 1);
                    left.extend([second, first]);
                }
            }
        }
        assert_eq!(alone, all.payable);
    }

    #[test]
    fn what_was_paid_is_what_exits_itself_says() {
        let exits = Address::repeat_byte(1);
        let event = IExits::Exited {
            index: 5,
            recipient: Address::repeat_byte(2),
            token: Address::ZERO,
            amount: 7,
        };
        let failed = IExits::ExitFailed {
            index: 6,
            recipient: Address::repeat_byte(2),
            token: Address::ZERO,
            amount: 7,
        };
        let log = |address, data: alloy_primitives::LogData| Log {
            address,
            topics: data.topics().to_vec(),
            data: data.data,
            block: 1,
            index: 0,
        };
        let logs = [
            log(exits, event.encode_log_data()),
            log(exits, failed.encode_log_data()),
            log(Address::repeat_byte(3), failed.encode_log_data()),
        ];
        let mut done = LeavesPaid::default();
        done.add(exits, json!({}), &logs);
        assert_eq!(
            (done.paid, done.failed),
            (BTreeSet::from([5]), BTreeSet::from([6]))
        );
        let payee = Address::repeat_byte(2).to_string();
        assert_eq!(
            done.payments,
            [
                json!({ "index": 5, "payee": payee, "token": Address::ZERO.to_string(), "amount": "7" })
            ]
        );
    }
}

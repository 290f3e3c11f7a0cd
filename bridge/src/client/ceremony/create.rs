//! The steps of the creation: one contract each, by anyone, in order, until the deployment is whole.
//!
//! ```text
//! look: made of steps ─► next step ─► send ─┬─ mined ────────────────► look again
//!   ▲                                       └─ refused ─► look again: somebody else took it, or that is the error
//!   └───────────────────────────────────────────┘
//! ```
//! What counts is what stands on root, so a run that was cut short goes on where it was, and two at once finish together.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;

use super::{Artifacts, CeremonyError, require};
use crate::abi::IRegistry;
use crate::client::follower::view_call;
use crate::client::rpc::{At, Call, Receipt};
use crate::client::wallet::{ETHER, Fees, Wallet};

/// A step that is about to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreationStep {
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub steps: usize,
    /// The contract that it creates.
    pub name: &'static str,
}

/// Takes every step that is still to be taken; the last one pays `balances` in. `say` is told of each before it is sent. Gives the
/// transactions of this call that were mined.
///
/// # Errors
/// [`CeremonyError`] when a step was refused and nobody else has taken it; it names what was mined before.
pub async fn create(
    wallet: &Wallet,
    registry: Address,
    artifacts: &Artifacts,
    genesis: &IRegistry::Genesis,
    balances: U256,
    say: &mut dyn FnMut(CreationStep),
) -> Result<Vec<B256>, CeremonyError> {
    let mut mined = Vec::new();
    let steps = steps(
        wallet, registry, artifacts, genesis, balances, say, &mut mined,
    );
    match steps.await {
        Ok(()) => Ok(mined),
        Err(error) => Err(error.after(&mined)),
    }
}

async fn steps(
    wallet: &Wallet,
    registry: Address,
    artifacts: &Artifacts,
    genesis: &IRegistry::Genesis,
    balances: U256,
    say: &mut dyn FnMut(CreationStep),
    mined: &mut Vec<B256>,
) -> Result<(), CeremonyError> {
    let manifest = artifacts.manifest();
    let mut done = 0;
    loop {
        // Each step is signed once: a node that counts fewer than before lags, or wants another signature.
        let made = count_made(wallet, registry).await?.max(done);
        let Some((name, code)) = manifest.get(made) else {
            return Ok(());
        };
        let number = made.saturating_add(1);
        done = number;
        let steps = manifest.len();
        say(CreationStep {
            number,
            steps,
            name,
        });
        let call = IRegistry::createCall {
            step: U256::from(made),
            genesis: genesis.clone(),
            code: code.clone(),
        };
        let call = Call {
            value: if number == steps {
                balances
            } else {
                U256::ZERO
            },
            ..Call::to(registry, call.abi_encode())
        };
        let error = match execute(wallet, call).await {
            Ok(receipt) => {
                mined.push(receipt.hash);
                let step = B256::from(U256::from(made));
                require::<IRegistry::Made>(&receipt, registry, step)?;
                continue;
            }
            Err(error) => error,
        };
        // Unless somebody was faster, or a transaction of a run before this one was mined meanwhile. An answer that does not come says
        // less than this error, which has the transaction's hash.
        match count_made(wallet, registry).await {
            Ok(now) if now > made => {}
            _ => return Err(error),
        }
    }
}

async fn count_made(wallet: &Wallet, registry: Address) -> Result<usize, CeremonyError> {
    let call = IRegistry::creationCall {};
    let creation = view_call(wallet.rpc(), registry, call, At::Latest).await?;
    Ok(usize::try_from(creation.made).unwrap_or(usize::MAX))
}

/// Sends a call that creates a contract, and waits for it. Its gas costs at most one coin wherever that is enough, because nodes refuse
/// a dearer transaction unless they are told otherwise (geth's `--rpc.txfeecap`).
pub(super) async fn execute(wallet: &Wallet, call: Call) -> Result<Receipt, CeremonyError> {
    let gas = wallet.gas(&call).await?;
    let fees = within(wallet.fees().await?, gas);
    let sent = wallet.send_with(call, gas, fees).await?;
    Ok(wallet.wait(sent).await?)
}

/// The fees, lowered as far as it takes for `gas` to cost one coin at most; never below what the next block can ask for.
fn within(fees: Fees, gas: u64) -> Fees {
    let coin = u128::try_from(ETHER).unwrap_or(u128::MAX);
    let most = coin.checked_div(u128::from(gas)).unwrap_or(fees.max);
    // The wallet offers twice the base fee and a tip; in one block the base fee rises by an eighth at most.
    let base = fees.max.saturating_sub(fees.tip) / 2;
    let needed = base
        .saturating_add(base.div_ceil(8))
        .saturating_add(fees.tip);
    if needed > most {
        tracing::warn!(
            gas,
            fee_per_gas = needed,
            "this transaction costs more than one coin at the root chain's price; a node with geth's default --rpc.txfeecap refuses it"
        );
    }
    Fees {
        max: fees.max.min(most).max(needed.min(fees.max)),
        ..fees
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use alloy_primitives::hex;
    use alloy_sol_types::SolEvent;
    use serde_json::json;

    use super::*;
    use crate::client::wallet::WalletError;
    use crate::client::wallet::tests::node::{Node, Said, wallet};

    const REGISTRY: Address = Address::repeat_byte(0x11);

    /// What becomes of a creation whose first step has this receipt, at a node that then says no more of the Registry.
    async fn silent_after(receipt: serde_json::Value) -> CeremonyError {
        let nothing = (U256::ZERO, U256::from(3), B256::ZERO, 0u64);
        let nothing = IRegistry::creationCall::abi_encode_returns(&nothing.into());
        let node = Node::start(move |method, nth| match (method, nth) {
            ("eth_call", 0) => Said::Result(json!(hex::encode_prefixed(&nothing)).to_string()),
            ("eth_call", _) => Said::Error("try later"),
            ("eth_getTransactionReceipt", _) => Said::Result(receipt.to_string()),
            _ => Said::Honest,
        });
        let node = node.await;
        let wallet = wallet(&node).await;
        let artifacts = Artifacts::embedded().unwrap();
        let (paid, mut say) = (U256::ZERO, |_| {});
        let done = create(&wallet, REGISTRY, &artifacts, &genesis(), paid, &mut say).await;
        done.unwrap_err()
    }

    fn genesis() -> IRegistry::Genesis {
        let words = U256::from(1).to_be_bytes::<32>().repeat(25);
        alloy_sol_types::SolValue::abi_decode(&words).unwrap()
    }

    fn receipt(status: &str, logs: serde_json::Value) -> serde_json::Value {
        json!({
            "status": status, "blockNumber": "0x2", "blockHash": B256::ZERO, "gasUsed": "0x5208", "effectiveGasPrice": "0x1", "logs": logs,
        })
    }

    #[tokio::test]
    async fn whatever_a_node_answers_after_a_step_the_error_names_its_transaction() {
        let made = json!([{
            "address": REGISTRY, "topics": [IRegistry::Made::SIGNATURE_HASH, B256::ZERO, B256::ZERO], "data": "0x", "blockNumber": "0x2",
            "logIndex": "0x0",
        }]);
        let error = silent_after(receipt("0x1", made)).await;
        let CeremonyError::AfterMined { hashes, source } = &error else {
            panic!("{error}");
        };
        assert!(matches!(**source, CeremonyError::Rpc(_)), "{source}");
        assert!(
            error.to_string().contains(&hashes[0].to_string()),
            "{error}"
        );

        // A step that reverted, with no answer to whether somebody else took it.
        let error = silent_after(receipt("0x0", json!([]))).await;
        let reverted = matches!(error, CeremonyError::Wallet(WalletError::Reverted { .. }));
        assert!(reverted, "{error}");

        // A transaction that went to an address without code.
        let error = silent_after(receipt("0x1", json!([]))).await;
        let CeremonyError::AfterMined { source, .. } = &error else {
            panic!("{error}");
        };
        assert!(
            matches!(**source, CeremonyError::EventMissing { .. }),
            "{source}"
        );
    }

    #[tokio::test]
    async fn a_step_is_signed_once_whatever_a_node_counts() {
        let nothing = (U256::ZERO, U256::from(3), B256::ZERO, 0u64);
        let nothing = IRegistry::creationCall::abi_encode_returns(&nothing.into());
        let made = |step: u64| {
            json!({
                "address": REGISTRY, "topics": [IRegistry::Made::SIGNATURE_HASH, B256::from(U256::from(step)), B256::ZERO], "data": "0x",
                "blockNumber": "0x2", "logIndex": "0x0",
            })
        };
        let receipt = receipt("0x1", json!((0..9).map(made).collect::<Vec<_>>()));
        let node = Node::start(move |method, _| match method {
            "eth_call" => Said::Result(json!(hex::encode_prefixed(&nothing)).to_string()),
            "eth_getTransactionReceipt" => Said::Result(receipt.to_string()),
            _ => Said::Honest,
        });
        let node = node.await;
        let wallet = wallet(&node).await;
        let artifacts = Artifacts::embedded().unwrap();
        let (paid, mut say) = (U256::ZERO, |_| {});
        let mined = create(&wallet, REGISTRY, &artifacts, &genesis(), paid, &mut say).await;
        let steps = artifacts.manifest().len();
        assert_eq!(mined.unwrap().len(), steps);
        assert_eq!(node.asked("eth_sendRawTransaction"), steps);
    }

    /// A manifest of sixteen, of which somebody else takes the steps that `by_others` names while we send ours.
    async fn sixteen(by_others: &'static [u64]) -> (Vec<B256>, Vec<U256>, Vec<String>) {
        const NAMES: [&str; 16] = [
            "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16",
        ];
        let codes = NAMES
            .iter()
            .map(|name| (*name, alloy_primitives::Bytes::from_static(name.as_bytes())));
        let nothing = alloy_primitives::Bytes::new();
        let artifacts = Artifacts::new(nothing.clone(), nothing, codes.collect()).unwrap();
        let made = Arc::new(AtomicU64::new(0));
        let node = Node::start(move |method, _| match method {
            "eth_call" => {
                let made = U256::from(made.load(Ordering::Relaxed));
                let creation = (made, U256::from(16), B256::ZERO, 0u64);
                let creation = IRegistry::creationCall::abi_encode_returns(&creation.into());
                Said::Result(json!(hex::encode_prefixed(&creation)).to_string())
            }
            "eth_getTransactionReceipt" => {
                // A step stands after it, whoever took it.
                let step = made.fetch_add(1, Ordering::Relaxed);
                let log = json!({
                    "address": REGISTRY, "topics": [IRegistry::Made::SIGNATURE_HASH, B256::from(U256::from(step)), B256::ZERO],
                    "data": "0x", "blockNumber": "0x2", "logIndex": "0x0",
                });
                let taken = by_others.contains(&step);
                Said::Result(receipt(if taken { "0x0" } else { "0x1" }, json!([log])).to_string())
            }
            _ => Said::Honest,
        });
        let node = node.await;
        let wallet = wallet(&node).await;
        let mut said = Vec::new();
        let mut say = |step: CreationStep| {
            said.push(format!("{} of {}: {}", step.number, step.steps, step.name))
        };
        let paid = U256::from(77);
        let mined = create(&wallet, REGISTRY, &artifacts, &genesis(), paid, &mut say).await;
        let values = node.submitted().iter().map(|sent| sent.value).collect();
        (mined.unwrap(), values, said)
    }

    #[tokio::test]
    async fn a_manifest_of_sixteen_takes_sixteen_steps_and_the_last_one_pays() {
        let (mined, values, said) = sixteen(&[]).await;
        assert_eq!(mined.len(), 16);
        let mut expected = [U256::ZERO; 16];
        expected[15] = U256::from(77);
        assert_eq!(values, expected);
        let expected: Vec<_> = (1..=16)
            .map(|step| format!("{step} of 16: {step}"))
            .collect();
        assert_eq!(said, expected);
    }

    #[tokio::test]
    async fn a_step_that_a_stranger_took_first_is_left_to_it() {
        let (mined, values, _) = sixteen(&[0, 7, 15]).await;
        assert_eq!(mined.len(), 13);
        assert_eq!(values.len(), 16);
    }

    /// What `deploy` gives when each of its transactions reverts, at a node that shows code at both addresses afterwards or never.
    async fn reverted_deployment(stands: bool) -> Result<Address, CeremonyError> {
        // The proxy, then each contract before and after.
        let node = Node::start(move |method, nth| match (method, nth) {
            ("eth_getCode", 0) => Said::Result(json!("0x60").to_string()),
            ("eth_getCode", nth) => {
                let code = if stands && nth % 2 == 0 { "0x60" } else { "0x" };
                Said::Result(json!(code).to_string())
            }
            ("eth_getTransactionReceipt", _) => Said::Result(receipt("0x0", json!([])).to_string()),
            ("eth_call", _) => Said::Error("execution reverted"),
            _ => Said::Honest,
        });
        let node = node.await;
        let wallet = wallet(&node).await;
        let artifacts = Artifacts::embedded().unwrap();
        let plan = super::super::RegistryPlan {
            operators: vec![Address::repeat_byte(1)],
            bond: 1,
            lock_secs: 60,
            salt: B256::ZERO,
        };
        super::super::deploy(&wallet, &artifacts, &plan).await
    }

    #[tokio::test]
    async fn a_contract_that_somebody_else_deployed_meanwhile_is_taken_as_it_is() {
        reverted_deployment(true).await.unwrap();
        let error = reverted_deployment(false).await.unwrap_err();
        let reverted = matches!(error, CeremonyError::Wallet(WalletError::Reverted { .. }));
        assert!(reverted, "{error}");
    }

    const GWEI: u128 = 1_000_000_000;

    /// As the wallet makes them.
    fn fees(base: u128) -> Fees {
        Fees {
            max: 2 * base + GWEI,
            tip: GWEI,
        }
    }

    #[test]
    fn a_transaction_costs_one_coin_at_most_while_the_price_allows_it() {
        let gas = 4_000_000; // at 250 gwei one coin
        assert_eq!(within(fees(50 * GWEI), gas), fees(50 * GWEI));
        for base in [125, 150, 200, 220] {
            let lowered = within(fees(base * GWEI), gas);
            assert!(lowered.max * u128::from(gas) <= 1_000_000_000 * GWEI);
            assert!(lowered.max >= base * GWEI * 9 / 8 + GWEI, "{base}");
            assert_eq!(lowered.tip, GWEI);
        }
    }

    #[test]
    fn where_one_coin_is_too_little_the_next_block_can_still_take_it() {
        let dear = within(fees(300 * GWEI), 4_000_000);
        assert_eq!(dear.max, 300 * GWEI * 9 / 8 + GWEI);
        assert_eq!(within(fees(GWEI), 0), fees(GWEI));
    }
}

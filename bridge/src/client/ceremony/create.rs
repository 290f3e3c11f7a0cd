//! The steps of the creation: one contract each, by anyone, in order, until the deployment is whole.
//!
//! ```text
//! look: made of steps ─► next step ─► send ─┬─ mined ────────────────► look again
//!   ▲                                       └─ refused ─► look again: somebody else took it, or that is the error
//!   └───────────────────────────────────────────┘
//! ```
//! What counts is what stands on root, so a run that was cut short goes on where it was, and two at once finish together.

use std::time::Duration;

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;

use super::{Artifacts, CeremonyError};
use crate::abi::IRegistry;
use crate::client::follower::view_call;
use crate::client::rpc::{At, Call, Receipt, RpcError};
use crate::client::wallet::{ETHER, Fees, Wallet};

/// How often, and at which interval, the Registry is looked at until it counts a step that is mined.
const LOOKS: u32 = 10;
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// A step that is about to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub steps: usize,
    /// The contract that it creates.
    pub name: &'static str,
}

/// Takes every step that is still to be taken; the last one pays `balances` in. `say` is told of each before it is sent. Gives how many
/// transactions this call had mined.
///
/// # Errors
/// [`CeremonyError`] when a step was refused and nobody else has taken it.
pub async fn create(
    wallet: &Wallet,
    registry: Address,
    artifacts: &Artifacts,
    genesis: &IRegistry::Genesis,
    balances: U256,
    say: &mut dyn FnMut(Progress),
) -> Result<usize, CeremonyError> {
    let manifest = artifacts.manifest();
    let mut taken = 0_usize;
    loop {
        let made = count_made(wallet, registry).await?;
        let Some(&(name, code)) = manifest.get(made) else {
            return Ok(taken);
        };
        let number = made.saturating_add(1);
        let steps = manifest.len();
        say(Progress {
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
        let outcome = execute(wallet, call).await;
        let mut looks = 1;
        if outcome.is_ok() {
            taken = taken.saturating_add(1);
            looks = LOOKS;
        }
        // A step is signed once for each count, whatever the node says. A refused one may have been taken by somebody who was faster, or
        // by a run before this one whose transaction was mined meanwhile.
        if is_counted(wallet, registry, made, looks).await? {
            continue;
        }
        let hash = outcome?.hash;
        let source = RpcError::Malformed(format!("it still counts {made} of {steps} steps"));
        return Err(CeremonyError::Unseen { hash, source });
    }
}

/// Whether the Registry has more than `made` contracts; nodes behind one address may be a few blocks apart.
async fn is_counted(
    wallet: &Wallet,
    registry: Address,
    made: usize,
    looks: u32,
) -> Result<bool, CeremonyError> {
    for look in 0..looks {
        if look > 0 {
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
        if count_made(wallet, registry).await? > made {
            return Ok(true);
        }
    }
    Ok(false)
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
    use alloy_primitives::{B256, Bytes};
    use alloy_sol_types::SolValue;

    use super::*;

    use crate::client::wallet::tests::node::{Node, Said, wallet};

    const GWEI: u128 = 1_000_000_000;

    #[tokio::test]
    async fn a_node_that_never_counts_a_step_has_it_signed_once() {
        let none_made = (U256::ZERO, U256::from(3), B256::ZERO, 0_u64).abi_encode_params();
        let none_made = format!("\"{}\"", Bytes::from(none_made));
        let node = Node::start(move |method, _| match method {
            "eth_call" => Said::Result(none_made.clone()),
            _ => Said::Honest,
        });
        let node = node.await;
        let artifacts = Artifacts::embedded().unwrap();
        let genesis = IRegistry::Genesis::default();
        let wallet = wallet(&node).await;
        let mut said = 0;
        let done = create(
            &wallet,
            Address::repeat_byte(1),
            &artifacts,
            &genesis,
            U256::ZERO,
            &mut |_| said += 1,
        )
        .await;
        let error = done.unwrap_err();
        assert!(matches!(error, CeremonyError::Unseen { .. }), "{error}");
        assert!(error.to_string().contains("0 of 3 steps"), "{error}");
        assert_eq!((said, node.asked("eth_sendRawTransaction")), (1, 1));
    }

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

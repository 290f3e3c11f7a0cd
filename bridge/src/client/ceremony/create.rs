//! The steps of the creation: one contract each, by anyone, in order, until the deployment is whole.
//!
//! ```text
//! look: made of steps ─► next step ─► send ─┬─ mined ────────────────► look again
//!   ▲                                       └─ refused ─► look again: somebody else took it, or that is the error
//!   └───────────────────────────────────────────┘
//! ```
//! What counts is what stands on root, so a run that was cut short goes on where it was, and two at once finish together.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;

use super::{Artifacts, CeremonyError};
use crate::abi::IRegistry;
use crate::client::follower::view_call;
use crate::client::rpc::{At, Call, Receipt};
use crate::client::wallet::{ETHER, Fees, Wallet};

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
        let Err(error) = execute(wallet, call).await else {
            taken = taken.saturating_add(1);
            continue;
        };
        // Unless somebody was faster, or a transaction of a run before this one was mined meanwhile.
        if count_made(wallet, registry).await? <= made {
            return Err(error);
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
    use super::*;

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

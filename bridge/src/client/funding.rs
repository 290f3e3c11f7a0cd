//! Gifts to the reward pool of the child, by way of the Vault.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;

use super::ceremony::CeremonyError;
use super::registration::said;
use super::rpc::{Call, Receipt};
use super::wallet::Wallet;
use crate::abi::IVault;

/// Gives `amount` to the reward pool. `value` is the amount and at least the Inbox's price; the Vault gives back what is over. Gives the index
/// of the message too.
///
/// # Errors
/// [`CeremonyError::EventMissing`] when the transaction is mined and the Vault took no such gift.
pub async fn fund_rewards(
    wallet: &Wallet,
    vault: Address,
    amount: u128,
    value: U256,
) -> Result<(u64, Receipt), CeremonyError> {
    let call = IVault::fundRewardsCall { amount };
    let call = Call {
        value,
        ..Call::to(vault, call.abi_encode())
    };
    let receipt = wallet.execute(call).await?;
    let own =
        |event: &IVault::RewardsFunded| event.funder == wallet.address() && event.amount == amount;
    let event = said(&receipt, vault, own)?;
    Ok((event.index, receipt))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::wallet::tests::node::{Node, Said, logging, wallet};

    const VAULT: Address = Address::repeat_byte(0x22);

    #[tokio::test]
    async fn a_gift_sends_its_value_and_is_known_by_its_own_event_alone() {
        let honest = Node::start(|_, _| Said::Honest).await;
        let own = wallet(&honest).await.address();
        let event = |funder, amount| IVault::RewardsFunded {
            index: 9,
            funder,
            amount,
        };
        for (address, event, index) in [
            (VAULT, event(own, 5), Some(9)),
            (VAULT, event(own, 6), None),
            (VAULT, event(VAULT, 5), None),
            (own, event(own, 5), None),
        ] {
            let node = logging(address, &event).await;
            let wallet = wallet(&node).await;
            let done = fund_rewards(&wallet, VAULT, 5, U256::from(7)).await;
            assert_eq!(node.submitted().len(), 1);
            match (done, index) {
                (Ok((given, _)), Some(index)) => assert_eq!(given, index),
                (Err(CeremonyError::EventMissing { contract, .. }), None) => {
                    assert_eq!(contract, VAULT)
                }
                (done, _) => panic!("{event:?}: {:?}", done.map(|(index, _)| index)),
            }
        }
    }
}

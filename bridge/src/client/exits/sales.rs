//! Whose a withdrawal is, and for what it can be bought.

use alloy_primitives::{Address, U256};

use super::{Contracts, is_paid};
use crate::abi::{IExits, IToken, IVault};
use crate::client::endpoints::{Endpoints, EndpointsError};

/// What root says about a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owned {
    /// Whom claims and exits pay.
    pub payee: Address,
    /// What it costs to buy it, in wei; 0 where it is not offered.
    pub price: u128,
    /// The last time of a root block in which it can be bought, in seconds.
    pub deadline: u64,
    /// Whether it was paid.
    pub is_paid: bool,
}

/// Whom the withdrawal with this number and recipient is paid to.
///
/// # Errors
/// Why root could not be asked, or that its endpoints differ.
pub async fn payee(
    endpoints: Endpoints<'_>,
    contracts: &Contracts,
    (number, recipient): (u64, Address),
) -> Result<Address, EndpointsError> {
    let call = IExits::payeeCall { number, recipient };
    endpoints.view(contracts.exits, call).await
}

/// All that root says of it; `index` is that of its leaf.
///
/// # Errors
/// Why root could not be asked, or that its endpoints differ.
pub async fn owned(
    endpoints: Endpoints<'_>,
    contracts: &Contracts,
    (number, recipient): (u64, Address),
    index: u32,
) -> Result<Owned, EndpointsError> {
    let call = IExits::offeredCall { number, recipient };
    let offer = endpoints.view(contracts.exits, call).await?;
    Ok(Owned {
        payee: payee(endpoints, contracts, (number, recipient)).await?,
        price: offer.price,
        deadline: offer.deadline,
        is_paid: is_paid(endpoints, contracts, index).await?,
    })
}

/// What stands behind withdrawals of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBacking {
    /// What the Vault owes of it.
    pub owes: U256,
    /// What the Vault has of it by the token's own word; `None` where that says nothing.
    pub holds: Option<U256>,
}

/// What the Vault owes and has of a token, which may be anything: one that says nothing hinders nobody.
///
/// # Errors
/// Why root could not be asked, or that its endpoints differ.
pub async fn backing(
    endpoints: Endpoints<'_>,
    contracts: &Contracts,
    token: Address,
) -> Result<TokenBacking, EndpointsError> {
    let vault = contracts.vault;
    let call = IVault::escrowCall { token };
    let owes = endpoints.view(vault, call).await?;
    let call = IToken::balanceOfCall { owner: vault };
    let holds = endpoints.view(token, call).await.ok();
    Ok(TokenBacking { owes, holds })
}

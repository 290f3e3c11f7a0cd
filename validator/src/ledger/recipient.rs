//! Whom money must not go to, because nobody could ever use it there (PROTOCOL section 4, recipients).
//!
//! Nobody acts on the child for a contract of this deployment, and on root none of them can take a withdrawal; a token that stands at
//! its own address belongs to nobody either. The Vault refuses the same accounts when somebody deposits.

use plasmid_bridge::proof::deployment;

use super::account::Account;
use super::leaf::NATIVE;
use super::parameters::Parameters;
use super::reject::Reject;

#[cfg(test)]
mod tests;

/// Registry, Inbox, Vault and RootChain of this deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contracts([[u8; 20]; 4]);

impl Contracts {
    /// Those of a deployment with these parameters.
    pub fn of(parameters: &Parameters) -> Self {
        Self(deployment::contracts(&parameters.registry.into_array()))
    }

    /// Refuses an account that belongs to a contract of this deployment, or to `token` itself.
    ///
    /// # Errors
    /// [`Reject::UnusableRecipient`].
    pub fn check(&self, account: Account, token: [u8; 20]) -> Result<(), Reject> {
        let of_token = token != NATIVE && account.id == token;
        match account.kind == Account::ETHEREUM && (of_token || self.0.contains(&account.id)) {
            true => Err(Reject::UnusableRecipient { account }),
            false => Ok(()),
        }
    }
}

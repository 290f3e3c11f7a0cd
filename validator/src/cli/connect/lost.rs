//! Addresses at which money would be lost, refused before anything is signed.

use alloy_primitives::Address;

use super::Deployment;
use crate::cli::CliError;

impl Deployment {
    /// Refuses an address on root where money would be lost for good: nobody can move what a contract of the deployment, or
    /// the token itself, is paid.
    ///
    /// # Errors
    /// Names what the address is.
    pub fn refuse_lost(
        &self,
        what: &str,
        address: [u8; 20],
        token: Option<Address>,
    ) -> Result<(), CliError> {
        let address = Address::from(address);
        let root_chain = Address::from(self.domain.root_chain);
        let known = [
            ("the deployment's Registry", Some(self.registry)),
            ("the deployment's Inbox", Some(self.inbox)),
            ("the deployment's Vault", Some(self.vault)),
            ("the deployment's RootChain", Some(root_chain)),
            ("the token's own contract", token),
        ];
        match known.into_iter().find(|(_, own)| *own == Some(address)) {
            None => Ok(()),
            Some((name, _)) => Err(CliError::new(format!(
                "{what} {address} is {name}, and nobody could ever move what is paid to it: name another one"
            ))),
        }
    }
}

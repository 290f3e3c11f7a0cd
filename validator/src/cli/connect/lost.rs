//! Addresses at which money would be lost, refused before anything is signed.

use alloy_primitives::Address;
use plasmid_bridge::{
    client::{
        exits,
        rpc::{At, Rpc},
    },
    relay::seen::Which,
};

use super::Deployment;
use crate::{cli::CliError, ledger::Unusable};

impl Deployment {
    /// Refuses to pay into a deployment that a reorganisation of root could still take away: its addresses take coin without code too. The
    /// Vault stands for all of it up to its place, the Registry that made it included. Where root names no final block by its `finalized`
    /// tag, `seen` counts, the newest one that is final for the node; it is 0 where no node answers.
    ///
    /// # Errors
    /// Says which block the Vault does not stand in.
    pub async fn require_final(&self, root: &Rpc, seen: u64) -> Result<(), CliError> {
        let newest = match root.finalized().await? {
            None if seen == 0 => None,
            None => root.block(Which::Number(seen)).await?,
            newest => newest,
        };
        let newest = newest.ok_or_else(|| {
            CliError::new(
                "root names no final block yet; if it never does, a node of the network knows which one is: name it with --node. Nothing was sent",
            )
        })?;
        if root
            .code(self.vault, At::Hash(newest.hash))
            .await?
            .is_empty()
        {
            return Err(CliError::new(format!(
                "the Vault {} does not stand in root block {}, the newest that is final: a reorganisation could still take it away, and \
                 what is paid with it. Nothing was sent; try again later",
                self.vault, newest.number
            )));
        }
        Ok(())
    }

    /// Refuses to send to the child what root would not take any more, before anything is paid for it.
    ///
    /// # Errors
    /// When the deployment is closing, or root could not be asked.
    pub async fn refuse_closing(&self, root: &Rpc) -> Result<(), CliError> {
        let root_chain = Address::from(self.domain.root_chain);
        match exits::closing(root, root_chain).await? {
            None => Ok(()),
            Some(exit_at) => Err(CliError::new(format!(
                "the deployment is closing, with exit mode from root time {exit_at} on: nothing enters it any more, and nothing was sent; \
                 `plasmid exit status` says how money leaves"
            ))),
        }
    }

    /// Refuses an address on root where money would be lost for good: nobody can move what a contract of the deployment, or
    /// the token itself, is paid. The ledger knows which addresses these are.
    ///
    /// # Errors
    /// Names what the address is.
    pub fn refuse_lost(
        &self,
        what: &str,
        address: [u8; 20],
        token: [u8; 20],
    ) -> Result<(), CliError> {
        let name = match self.contracts.unusable(&address, &token) {
            None => return Ok(()),
            Some(Unusable::Registry) => "the deployment's Registry",
            Some(Unusable::Inbox) => "the deployment's Inbox",
            Some(Unusable::Vault) => "the deployment's Vault",
            Some(Unusable::Court) => "the deployment's Court",
            Some(Unusable::CheckpointJudge) => "the judge of the deployment's Court",
            Some(Unusable::Exits) => "the deployment's Exits",
            Some(Unusable::FraudCourt) => "the deployment's FraudCourt",
            Some(Unusable::SegmentJudge) => "the judge of the deployment's FraudCourt",
            Some(Unusable::DataChallenges) => "the deployment's DataChallenges",
            Some(Unusable::RootChain) => "the deployment's RootChain",
            Some(Unusable::Verifier) => "the Ed25519 verifier of all deployments",
            Some(Unusable::Token) => "the token's own contract",
        };
        let address = Address::from(address);
        Err(CliError::new(format!(
            "{what} {address} is {name}, and nobody could ever move what is paid to it: name another one"
        )))
    }
}

#[cfg(test)]
mod tests {
    use plasmid_bridge::proof::deployment::{
        VERIFIER, checkpoint_judge, court, data_challenges, exits, segment_judge,
    };

    use super::*;

    #[test]
    fn an_address_where_money_would_be_lost_is_named_in_words() {
        let registry = Address::repeat_byte(7);
        let token = [9; 20];
        let deployment = Deployment::made_by(registry, 31_337, [1; 20]);
        let root_chain = deployment.domain.root_chain;
        let own = registry.into_array();
        for (address, name) in [
            (court(&own), "Court"),
            (checkpoint_judge(&own), "judge of the deployment's Court"),
            (segment_judge(&own), "judge of the deployment's FraudCourt"),
            (exits(&own), "Exits"),
            (data_challenges(&own), "DataChallenges"),
            (registry.into_array(), "Registry"),
            (deployment.inbox.into_array(), "Inbox"),
            (deployment.vault.into_array(), "Vault"),
            (root_chain, "RootChain"),
            (VERIFIER, "the Ed25519 verifier"),
            (token, "the token's own contract"),
        ] {
            let refused = deployment.refuse_lost("the recipient", address, token);
            let said = refused.expect_err(name).to_string();
            assert!(said.contains(name), "{said}");
        }
        assert!(
            deployment
                .refuse_lost("the recipient", [8; 20], token)
                .is_ok()
        );
        let native = crate::ledger::leaf::NATIVE;
        assert!(
            deployment
                .refuse_lost("the recipient", token, native)
                .is_ok()
        );
    }
}

//! Whom money must not go to, because nobody could ever use it there (PROTOCOL section 4, recipients).
//!
//! Nobody acts on the child for a contract of this deployment, its verifier included, and on root none of them can take a withdrawal; a
//! token that stands at its own address belongs to nobody either. The Vault refuses the same accounts when somebody deposits.

use plasmid_bridge::proof::deployment;

use super::account::Account;
use super::leaf::NATIVE;
use super::parameters::Parameters;
use super::reject::Reject;
use super::rules;
use super::transaction::Body;

#[cfg(test)]
mod tests;

/// A contract that can use nothing of what it is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The deployment's Registry.
    Registry,
    /// The deployment's Inbox.
    Inbox,
    /// The deployment's Vault.
    Vault,
    /// The deployment's Court.
    Court,
    /// The judge that the deployment's Court has created.
    CheckpointJudge,
    /// The deployment's Exits.
    Exits,
    /// The deployment's FraudCourt.
    FraudCourt,
    /// The judge that the deployment's FraudCourt has created.
    SegmentJudge,
    /// The deployment's DataChallenges.
    DataChallenges,
    /// The deployment's RootChain.
    RootChain,
    /// The Ed25519 verifier that all deployments share.
    Verifier,
    /// The contract of the token that is paid.
    Token,
}

/// The contracts of this deployment: the Registry, what it creates, and what that creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnContracts {
    made: [[u8; 20]; 1 + deployment::MANIFEST],
    checkpoint_judge: [u8; 20],
    segment_judge: [u8; 20],
}

impl OwnContracts {
    /// The contracts of a deployment with these parameters.
    pub fn of(parameters: &Parameters) -> Self {
        Self::of_registry(&parameters.registry.into_array())
    }

    /// The contracts that this Registry creates.
    pub fn of_registry(registry: &[u8; 20]) -> Self {
        Self {
            made: deployment::contracts(registry),
            checkpoint_judge: deployment::checkpoint_judge(registry),
            segment_judge: deployment::segment_judge(registry),
        }
    }

    /// Which contract of this deployment an address on root is, or that it is `token` itself; `None` when it is neither.
    #[must_use]
    pub fn unusable(&self, address: &[u8; 20], token: &[u8; 20]) -> Option<Unusable> {
        let [
            registry,
            inbox,
            vault,
            court,
            exits,
            fraud_court,
            data_challenges,
            root_chain,
        ] = &self.made;
        match address {
            own if own == registry => Some(Unusable::Registry),
            own if own == inbox => Some(Unusable::Inbox),
            own if own == vault => Some(Unusable::Vault),
            own if own == court => Some(Unusable::Court),
            own if *own == self.checkpoint_judge => Some(Unusable::CheckpointJudge),
            own if *own == self.segment_judge => Some(Unusable::SegmentJudge),
            own if own == exits => Some(Unusable::Exits),
            own if own == fraud_court => Some(Unusable::FraudCourt),
            own if own == data_challenges => Some(Unusable::DataChallenges),
            own if own == root_chain => Some(Unusable::RootChain),
            own if *own == deployment::VERIFIER => Some(Unusable::Verifier),
            own if own == token && *token != NATIVE => Some(Unusable::Token),
            _ => None,
        }
    }

    /// Refuses an account that belongs to a contract of this deployment, or to `token` itself.
    ///
    /// # Errors
    /// [`Reject::UnusableRecipient`].
    pub fn check(&self, account: Account, token: [u8; 20]) -> Result<(), Reject> {
        let unusable = self.unusable(&account.id, &token);
        match account.kind == Account::ETHEREUM && unusable.is_some() {
            true => Err(Reject::UnusableRecipient { account }),
            false => Ok(()),
        }
    }

    /// Refuses a transaction that would send something to such an account, or name one as its payout address.
    ///
    /// # Errors
    /// [`Reject::UnusableRecipient`].
    pub fn check_body(&self, body: &Body) -> Result<(), Reject> {
        rules::paid(body).map_or(Ok(()), |(account, token)| self.check(account, token))
    }

    /// Refuses a deposit that nobody could use, or that would go back to where nobody could claim it.
    ///
    /// # Errors
    /// [`Reject::UnusableRecipient`] or [`Reject::ZeroRecipient`].
    pub fn check_deposit(
        &self,
        recipient: Account,
        refund: [u8; 20],
        token: [u8; 20],
    ) -> Result<(), Reject> {
        self.check(recipient, token)?;
        self.check_refund(refund, token)
    }

    /// Refuses a refund address that cannot claim.
    ///
    /// # Errors
    /// As [`Self::check_deposit`].
    pub fn check_refund(&self, refund: [u8; 20], token: [u8; 20]) -> Result<(), Reject> {
        match refund == [0; 20] {
            true => Err(Reject::ZeroRecipient),
            false => self.check(Account::ethereum(refund), token),
        }
    }
}

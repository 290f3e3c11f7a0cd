//! What rules read beside leaves, and the two ways in which they end without an answer.

use plasmid_staking::epoch_of;

use super::eip712::Domain;
use super::leaves::LeafFault;
use super::parameters::Parameters;
use super::recipient::OwnContracts;
use super::reject::Reject;

/// What rules read beside leaves: all of it is fixed by the block and the deployment.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Height of the block.
    pub height: u64,
    /// Value of the parameters leaf.
    pub parameters: &'a Parameters,
    /// Where signatures hold; messages of the inbox carry signed transactions.
    pub domain: &'a Domain,
    /// The deployment's contracts, which can receive nothing.
    pub contracts: OwnContracts,
}

impl<'a> Context<'a> {
    /// What rules read in the block of this height.
    pub fn new(height: u64, parameters: &'a Parameters, domain: &'a Domain) -> Self {
        Self {
            height,
            parameters,
            domain,
            contracts: OwnContracts::of(parameters),
        }
    }

    /// Epoch of the block.
    pub fn epoch(&self) -> u64 {
        epoch_of(self.height, self.parameters.epoch_blocks).unwrap_or(0)
    }
}

/// A refused transaction, or a broken node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error<E> {
    /// The transaction is refused; nothing was written.
    #[error(transparent)]
    Reject(#[from] Reject),
    /// The node is broken.
    #[error(transparent)]
    Fault(#[from] LeafFault<E>),
}

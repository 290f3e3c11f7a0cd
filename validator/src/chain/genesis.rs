//! The state before block 1: leaves in the order of PROTOCOL section 10, their root, Σ, and the sets of epochs 0 and 1.
//!
//! ```text
//! parameters, operators in the Registry's order, balances, delegations  ──►  leaves in order  ──►  tree  ──►  genesis root, Σ, sets
//! genesis root + RootChain + the root block before it      ──►  deployment id    ──►  chain id
//! ```
//! Everything derived is computed again wherever a genesis is read; what differs is refused ([`file`]).

use alloy_primitives::{Address, B256};
use plasmid_bridge::proof::commitment::BlockCommitment;
use plasmid_bridge::proof::deployment;
use plasmid_bridge::proof::set::SetError;
use plasmid_staking::{self as staking, MAX_AMOUNT, Member, Opening};

use super::execute::Deployment;
use super::tree::{Tree, TreeError};
use crate::ledger::leaf::SetLeaf;
use crate::ledger::leaves;
use crate::ledger::parameters::ParametersError;
use crate::ledger::transaction::Profile;
use crate::ledger::{Account, Domain, OwnContracts, Parameters, Reject};

mod build;
pub mod file;
#[cfg(test)]
mod tests;

pub use build::{check_money, check_opening};

/// The most balances and delegations of a genesis together: the file that lists them, and the request that hands it to the application, are
/// bounded.
pub const MAX_ENTRIES: usize = 20_000;

/// A validator of the first set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operator {
    /// Its account on root and on the child.
    pub operator: [u8; 20],
    /// Number of its registration.
    pub registration: u64,
    /// Ed25519 key that signs votes.
    pub consensus_key: [u8; 32],
    /// BLS key in G1, uncompressed, that signs checkpoints.
    pub checkpoint_key: [u8; 96],
    /// Stake in escrow on root.
    pub stake: u128,
    /// The commission of its line, with the bounds of it.
    pub opening: Opening,
    /// What it says of itself.
    pub profile: Option<Profile>,
}

/// Stake that somebody has behind an operator from the first block, as if it delegated before it: it backs the set of epoch 2 and those after it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Backing {
    /// Who owns the position.
    pub owner: Account,
    /// The operator, one of the genesis.
    pub operator: [u8; 20],
    /// Base units of the native coin.
    pub amount: u128,
}

/// All that the first state follows from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Genesis {
    /// The deployment's parameters.
    pub parameters: Parameters,
    /// The first validators, in the Registry's order: operator i takes seat i.
    pub operators: Vec<Operator>,
    /// Native balances, strictly ascending by account.
    pub balances: Vec<(Account, u128)>,
    /// Stake of others than the operators themselves, strictly ascending by owner and operator.
    pub delegations: Vec<Backing>,
}

/// Where the deployment stands on root.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RootAnchor {
    /// RootChain's address.
    pub root_chain: [u8; 20],
    /// Hash of the root block before the one that created RootChain.
    pub parent_block_hash: B256,
    /// Timestamp of the block that created RootChain, seconds: the genesis time.
    pub time: u64,
}

/// The first state.
pub struct Built {
    /// The tree, nothing applied behind genesis.
    pub tree: Tree,
    /// Σ: stakes, balances and delegations.
    pub sum: u128,
    /// The set of epochs 0 and 1, in seat order.
    pub members: Vec<Member>,
    /// What commits to the set of epoch 0, and to that of epoch 1.
    pub sets: [SetLeaf; 2],
}

/// Why a genesis is refused.
#[derive(Debug, thiserror::Error)]
pub enum GenesisError {
    /// The parameters cannot run or are not safe.
    #[error(transparent)]
    Parameters(#[from] ParametersError),
    /// No validators, or more than seats.
    #[error(
        "{count} operators for {seats} seats; there must be 1 at least, and not more than seats"
    )]
    Operators {
        /// Number of operators in the genesis.
        count: usize,
        /// Number of seats in the parameters.
        seats: u16,
    },
    /// An operator or a key that stands twice.
    #[error("operator {place} repeats the {what} of another")]
    Repeated {
        /// Position of the operator in the list, from 0.
        place: usize,
        /// The field that another operator has too.
        what: &'static str,
    },
    /// A key that root would not have registered.
    #[error("operator {place} has an unusable {what}")]
    Key {
        /// Position of the operator in the list, from 0.
        place: usize,
        /// The key that is not valid.
        what: &'static str,
    },
    /// More balances and delegations than a genesis can hold.
    #[error(
        "{balances} balances and {delegations} delegations are listed, {MAX_ENTRIES} can be together: pay the other accounts by deposits once the chain runs"
    )]
    Entries {
        /// Number of balances.
        balances: usize,
        /// Number of delegations.
        delegations: usize,
    },
    /// Balances or delegations out of order, or one twice.
    #[error(
        "{what} {place} ({account}) does not come after the one before; sort by account (and by operator) and merge"
    )]
    Order {
        /// "balance" or "delegation".
        what: &'static str,
        /// Position in the list, from 0.
        place: usize,
        /// The account that is not above the one before it.
        account: Account,
    },
    /// A balance or delegation of nothing, or of nobody.
    #[error(
        "{what} {place} ({account}) is {amount}; it must be positive, of an account that can receive"
    )]
    Amount {
        /// "balance" or "delegation".
        what: &'static str,
        /// Position in the list, from 0.
        place: usize,
        /// The account that is to have it.
        account: Account,
        /// The amount in base units.
        amount: u128,
    },
    /// The deployment's contracts are not named.
    #[error("parameters.registry is zero; it is the address of the Registry that the plan gives")]
    NoRegistry,
    /// A balance or delegation that nobody could use.
    #[error("{what} {place}: {why}")]
    Unusable {
        /// "balance" or "delegation".
        what: &'static str,
        /// Position in the list, from 0.
        place: usize,
        /// Why the ledger refuses this account as a recipient.
        why: Reject,
    },
    /// A delegation to somebody who does not validate.
    #[error("delegation {place} backs {operator}, which is not an operator of the genesis")]
    NoOperator {
        /// Position in the list, from 0.
        place: usize,
        /// Whom it names.
        operator: Address,
    },
    /// Σ does not fit.
    #[error(
        "stakes, balances and delegations add up to more than 2^112 wei, which is all that the Vault holds of one asset"
    )]
    Sum,
    /// An operator whose stake gets no seat.
    #[error(
        "operator {operator} has a stake of {stake} wei, and a seat needs {needed} wei: it takes its stake back and registers with more"
    )]
    BelowSeat {
        /// Who.
        operator: Address,
        /// What it has sent.
        stake: u128,
        /// The least stake of a seat.
        needed: u128,
    },
    /// An operator whose line cannot begin with what the plan says.
    #[error("operator {operator} cannot begin with this commission and these bounds of it: {why}")]
    Opening {
        /// Who.
        operator: Address,
        /// Why the rule that changes a commission refuses it too.
        why: staking::Reject,
    },
    /// Staking refuses the operators.
    #[error("{0}")]
    Stake(String),
    /// The set cannot be committed to.
    #[error(transparent)]
    Set(#[from] SetError),
    /// The leaves do not make a tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The memory that holds genesis leaves, which cannot fail.
    #[error("the genesis leaves are inconsistent: {0}")]
    Leaves(String),
}

impl<E: std::fmt::Display> From<leaves::LeafFault<E>> for GenesisError {
    fn from(fault: leaves::LeafFault<E>) -> Self {
        Self::Leaves(fault.to_string())
    }
}

impl Built {
    /// The state root before block 1.
    pub fn root(&self) -> B256 {
        self.tree.root()
    }

    /// The deployment id on `root`.
    pub fn deployment_id(&self, genesis: &Genesis, root: &RootAnchor) -> [u8; 20] {
        deployment::id(
            genesis.parameters.root_chain_id,
            &root.root_chain,
            &root.parent_block_hash,
            &self.root(),
        )
    }

    /// What execution needs to know of the deployment.
    pub fn deployment(&self, genesis: &Genesis, root: &RootAnchor) -> Deployment {
        let id = self.deployment_id(genesis, root);
        Deployment {
            chain_id: deployment::chain_id(&id),
            domain: Domain {
                root_chain_id: genesis.parameters.root_chain_id,
                root_chain: root.root_chain,
                deployment: id,
            },
            contracts: OwnContracts::of(&genesis.parameters),
        }
    }

    /// The block commitment of height 0; its hash is InitChain's app hash.
    pub fn commitment(&self, genesis: &Genesis, root: &RootAnchor) -> BlockCommitment {
        let time = root.time.saturating_mul(1_000_000_000);
        BlockCommitment::genesis(genesis.parameters.rules, time, self.root())
    }
}

//! The genesis as a file: JSON that `init` writes, that every node reads, and that CometBFT hands to InitChain as app state.
//!
//! The file also names what follows from it (root, Σ, set commitments, deployment id, chain id, app hash). Reading computes
//! all of that again and refuses a difference, so nobody runs on a genesis that says one thing and is another. Unknown fields
//! are refused. Amounts are decimal text, bytes are hex behind 0x, parameters the canonical bytes of PROTOCOL section 9.

use alloy_primitives::B256;
use plasmid_bridge::proof::deployment;
use plasmid_staking::Opening;
use serde::{Deserialize, Serialize};

use super::{Backing, Built, Genesis, GenesisError, Operator, RootAnchor};
use crate::chain::execute::Deployment;
use crate::ledger::leaf::LeafError;
use crate::ledger::{Account, Parameters, Value};
use fields::{account, amount, bytes, field, hex, profile, root_address};

mod fields;

/// The largest file, in bytes; 128 operators and [`MAX_ENTRIES`](super::MAX_ENTRIES) balances and delegations fit in it.
pub const MAX_FILE_BYTES: u64 = 4 << 20;

/// The file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Canonical bytes of the parameters.
    pub parameters: String,
    /// Where the deployment stands on root.
    pub root: RootEntry,
    /// The first validators, in the Registry's order.
    pub operators: Vec<OperatorEntry>,
    /// Native balances, ascending by account.
    pub balances: Vec<BalanceEntry>,
    /// Stake of others than the operators themselves, ascending by owner and operator.
    pub delegations: Vec<DelegationEntry>,
    /// What follows from the rest.
    pub derived: Derived,
}

/// See [`RootAnchor`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootEntry {
    /// RootChain's address.
    pub root_chain: String,
    /// Hash of the root block before the one that created RootChain.
    pub parent_block_hash: String,
    /// Timestamp of the block that created RootChain, seconds.
    pub time: u64,
}

/// See [`Operator`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorEntry {
    /// Account on root.
    pub operator: String,
    /// Number of the registration.
    pub registration: u64,
    /// Ed25519 key.
    pub consensus_key: String,
    /// BLS key in G1, uncompressed.
    pub checkpoint_key: String,
    /// Stake, decimal.
    pub stake: String,
    /// Commission of its line, in 1/10,000.
    #[serde(default)]
    pub commission: u16,
    /// The most that it may become, where it is less than the parameters have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_commission: Option<u16>,
    /// The most that one change may be, where it is less than the parameters have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commission_step: Option<u16>,
    /// The bytes of a description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// One balance.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalanceEntry {
    /// The account's text.
    pub account: String,
    /// Decimal.
    pub amount: String,
}

/// See [`Backing`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelegationEntry {
    /// The owner's text.
    pub owner: String,
    /// The operator's account on root.
    pub operator: String,
    /// Decimal.
    pub amount: String,
}

/// What a reader computes again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derived {
    /// Genesis state root.
    pub state_root: String,
    /// Σ, decimal.
    pub sum: String,
    /// Set commitment of epoch 0.
    pub set_0: String,
    /// Set commitment of epoch 1.
    pub set_1: String,
    /// Deployment id.
    pub deployment_id: String,
    /// Chain id.
    pub chain_id: String,
    /// App hash of height 0.
    pub app_hash: String,
}

/// A genesis that was read, checked and built.
pub struct Loaded {
    /// What it says.
    pub genesis: Genesis,
    /// Where it stands on root.
    pub root: RootAnchor,
    /// The first state.
    pub built: Built,
    /// What execution needs.
    pub deployment: Deployment,
    /// App hash of height 0.
    pub app_hash: B256,
}

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// A field that cannot be read.
    #[error("{field} is {found:?}; it must be {form}")]
    Field {
        /// Name of the field, with its path in the file.
        field: String,
        /// The text that stands there.
        found: String,
        /// The form that the field must have.
        form: &'static str,
    },
    /// A field that names no account, or no address on root, or describes nobody.
    #[error("{field}: {why}")]
    Name {
        /// Name of the field, with its path in the file.
        field: String,
        /// What is wrong with the name.
        why: String,
    },
    /// The parameters' bytes.
    #[error("parameters: {0}")]
    Parameters(#[from] LeafError),
    /// The genesis itself.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// A derived field says something else than what it is derived from.
    #[error("{field} is {found} in the file and {computed} from its contents")]
    Derived {
        /// Name of the field.
        field: &'static str,
        /// The value that the file states.
        found: String,
        /// The value that follows from the rest of the file.
        computed: String,
    },
}

impl File {
    /// The file of a genesis, with everything derived.
    ///
    /// # Errors
    /// [`GenesisError`] when it cannot be built.
    pub fn new(genesis: &Genesis, root: &RootAnchor) -> Result<Self, GenesisError> {
        let built = genesis.build()?;
        let operators = genesis.operators.iter().map(OperatorEntry::new).collect();
        let balances = genesis
            .balances
            .iter()
            .map(|(account, amount)| BalanceEntry {
                account: account.to_string(),
                amount: amount.to_string(),
            })
            .collect();
        let delegations = genesis.delegations.iter();
        Ok(Self {
            parameters: hex(&genesis.parameters.encode()),
            root: RootEntry {
                root_chain: hex(&root.root_chain),
                parent_block_hash: hex(root.parent_block_hash.as_slice()),
                time: root.time,
            },
            operators,
            balances,
            delegations: delegations.map(DelegationEntry::new).collect(),
            derived: Derived::new(genesis, root, &built),
        })
    }

    /// Reads, builds, and compares everything derived.
    ///
    /// # Errors
    /// [`FileError`] names the field.
    pub fn load(&self) -> Result<Loaded, FileError> {
        let genesis = self.genesis()?;
        let root = RootAnchor {
            root_chain: root_address("root.root_chain", &self.root.root_chain)?,
            parent_block_hash: B256::from(bytes::<32>(
                "root.parent_block_hash",
                &self.root.parent_block_hash,
            )?),
            time: self.root.time,
        };
        let made = deployment::root_chain(&genesis.parameters.registry.into_array());
        if root.root_chain != made {
            return Err(FileError::Derived {
                field: "root.root_chain",
                found: hex(&root.root_chain),
                computed: hex(&made),
            });
        }
        let built = genesis.build()?;
        self.derived
            .compare(&Derived::new(&genesis, &root, &built))?;
        Ok(Loaded {
            deployment: built.deployment(&genesis, &root),
            app_hash: built.commitment(&genesis, &root).hash(),
            genesis,
            root,
            built,
        })
    }

    fn genesis(&self) -> Result<Genesis, FileError> {
        let form = "the parameters' canonical bytes in hex behind 0x";
        let parameters = self
            .parameters
            .strip_prefix("0x")
            .and_then(|digits| hex::decode(digits).ok())
            .ok_or_else(|| field("parameters", &self.parameters, form))?;
        let operators = self.operators.iter().enumerate();
        let balances = self.balances.iter().enumerate();
        let delegations = self.delegations.iter().enumerate();
        Ok(Genesis {
            parameters: Parameters::decode(&parameters)?,
            operators: operators
                .map(|(place, entry)| entry.read(place))
                .collect::<Result<_, _>>()?,
            balances: balances
                .map(|(place, entry)| entry.read(place))
                .collect::<Result<_, _>>()?,
            delegations: delegations
                .map(|(place, entry)| entry.read(place))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl OperatorEntry {
    fn new(operator: &Operator) -> Self {
        Self {
            operator: hex(&operator.operator),
            registration: operator.registration,
            consensus_key: hex(&operator.consensus_key),
            checkpoint_key: hex(&operator.checkpoint_key),
            stake: operator.stake.to_string(),
            commission: operator.opening.commission,
            max_commission: operator.opening.max_commission,
            commission_step: operator.opening.commission_step,
            description: operator.profile.map(|profile| hex(&profile.bytes())),
        }
    }

    fn read(&self, place: usize) -> Result<Operator, FileError> {
        let name = |field: &str| format!("operators[{place}].{field}");
        Ok(Operator {
            operator: root_address(&name("operator"), &self.operator)?,
            registration: self.registration,
            consensus_key: bytes(&name("consensus_key"), &self.consensus_key)?,
            checkpoint_key: bytes(&name("checkpoint_key"), &self.checkpoint_key)?,
            stake: amount(&name("stake"), &self.stake)?,
            opening: Opening {
                commission: self.commission,
                max_commission: self.max_commission,
                commission_step: self.commission_step,
            },
            profile: self
                .description
                .as_ref()
                .map(|text| profile(&name("description"), text))
                .transpose()?,
        })
    }
}

impl BalanceEntry {
    fn read(&self, place: usize) -> Result<(Account, u128), FileError> {
        let name = |field: &str| format!("balances[{place}].{field}");
        Ok((
            account(&name("account"), &self.account)?,
            amount(&name("amount"), &self.amount)?,
        ))
    }
}

impl DelegationEntry {
    fn new(delegation: &Backing) -> Self {
        Self {
            owner: delegation.owner.to_string(),
            operator: hex(&delegation.operator),
            amount: delegation.amount.to_string(),
        }
    }

    fn read(&self, place: usize) -> Result<Backing, FileError> {
        let name = |field: &str| format!("delegations[{place}].{field}");
        Ok(Backing {
            owner: account(&name("owner"), &self.owner)?,
            operator: root_address(&name("operator"), &self.operator)?,
            amount: amount(&name("amount"), &self.amount)?,
        })
    }
}

impl Derived {
    fn new(genesis: &Genesis, root: &RootAnchor, built: &Built) -> Self {
        let id = built.deployment_id(genesis, root);
        let [set_0, set_1] = &built.sets;
        Self {
            state_root: hex(built.root().as_slice()),
            sum: built.sum.to_string(),
            set_0: hex(&set_0.commitment),
            set_1: hex(&set_1.commitment),
            deployment_id: hex(&id),
            chain_id: built.deployment(genesis, root).chain_id,
            app_hash: hex(built.commitment(genesis, root).hash().as_slice()),
        }
    }

    fn compare(&self, computed: &Self) -> Result<(), FileError> {
        let fields = [
            ("derived.state_root", &self.state_root, &computed.state_root),
            ("derived.sum", &self.sum, &computed.sum),
            ("derived.set_0", &self.set_0, &computed.set_0),
            ("derived.set_1", &self.set_1, &computed.set_1),
            (
                "derived.deployment_id",
                &self.deployment_id,
                &computed.deployment_id,
            ),
            ("derived.chain_id", &self.chain_id, &computed.chain_id),
            ("derived.app_hash", &self.app_hash, &computed.app_hash),
        ];
        match fields
            .into_iter()
            .find(|(_, found, computed)| found != computed)
        {
            None => Ok(()),
            Some((field, found, computed)) => Err(FileError::Derived {
                field,
                found: found.clone(),
                computed: computed.clone(),
            }),
        }
    }
}

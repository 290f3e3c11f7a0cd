//! How a network comes into being (DESIGN section 6, "Genesis"): one plan, the registrations on root, and what follows from both.
//!
//! ```text
//! plan ─▶ Registry (its address commits to the plan's operators) ─▶ registrations ─▶ genesis ─▶ agreements ─▶ contracts
//!                                                                      └─▶ genesis.json, plasmid.toml, CometBFT's files: a home
//! ```
//! `plasmid init` walks it with one operator's keys at a time, the local network with all of them at once.

use std::{io, path::PathBuf};

use alloy_primitives::{Address, B256};
use plasmid_bridge::{
    abi::{ICourt, IDataChallenges, IInbox, IRegistry, IRootChain},
    client::{
        ceremony::{self, Created, Registered},
        endpoints::{Endpoints, EndpointsError},
    },
    proof::deployment,
    relay::seen::Finality,
};
use plasmid_staking::Opening;

use super::{
    comet::CometError, config::ConfigError, development::Published, keystore,
    sign_state::SignStateError,
};
use crate::{
    chain::genesis::{Built, Genesis, GenesisError, Operator, RootAnchor, file::File},
    ledger::{
        Parameters,
        parameters::{FinalityRule, ParametersError},
    },
};

/// Unix seconds that stand for the time of a creation that is still to come.
const SOME_TIME: u64 = 1_800_000_000;

pub mod home;
pub mod plan;
mod twice;

pub use plan::{Balance, Delegated, FounderTerms, Plan};

/// Why a network is not founded.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum FoundingError {
    /// The plan says what cannot be.
    #[error("the plan: {0}")]
    Plan(String),
    /// The parameters of the plan are refused.
    #[error("the plan: parameters: {0}")]
    Parameters(#[from] ParametersError),
    /// A file is not of its form.
    #[error("{path}: {why}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        why: String,
    },
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Operators that are still to come.
    #[error("not registered yet: {}; each runs `plasmid init register`", list(.0))]
    Unregistered(Vec<Address>),
    /// The Registry says something else than the plan.
    #[error("the Registry has {found} for operator {number}, and the plan {planned}")]
    OtherOperator {
        /// Which.
        number: usize,
        /// The plan's.
        planned: String,
        /// The Registry's.
        found: String,
    },
    /// What stands on root is another network than the plan's.
    #[error(
        "{what} on root is {found}, and this plan gives {computed}: somebody founded with another plan"
    )]
    OtherNetwork {
        /// Which value.
        what: &'static str,
        /// The value on root.
        found: String,
        /// Ours.
        computed: String,
    },
    /// A parameter that the genesis state and the contracts both have.
    #[error(
        "{name} is {leaf} in the genesis state and {root} in the contracts on root, and neither can ever be changed: such a network could not go on. Found it with one plan for both"
    )]
    Twice {
        /// Its name in a plan.
        name: &'static str,
        /// The value in the genesis state.
        leaf: alloy_primitives::U256,
        /// The contracts' value.
        root: alloy_primitives::U256,
    },
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    #[error(transparent)]
    Keystore(#[from] keystore::KeystoreError),
    #[error(transparent)]
    SignState(#[from] SignStateError),
    #[error(transparent)]
    Comet(#[from] CometError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Published(#[from] Published),
    #[error(transparent)]
    Ceremony(#[from] ceremony::CeremonyError),
    #[error(transparent)]
    Endpoints(#[from] EndpointsError),
}

fn list(addresses: &[Address]) -> String {
    let texts: Vec<_> = addresses.iter().map(Address::to_string).collect();
    texts.join(", ")
}

/// The genesis of a plan whose operators have registered, with what they agree on.
pub struct AgreedGenesis {
    /// The genesis.
    pub genesis: Genesis,
    /// Its state.
    pub built: Built,
    /// The genesis as the Registry and the contracts' constructors take it.
    pub arguments: IRegistry::Genesis,
    /// What each operator must agree on.
    pub agreement: B256,
}

/// Reads every registration and computes what follows from them and from the plan.
///
/// # Errors
/// [`FoundingError::Unregistered`] names who is missing.
pub async fn agreed<'a>(
    endpoints: impl Into<Endpoints<'a>>,
    registry: Address,
    plan: &Plan,
) -> Result<AgreedGenesis, FoundingError> {
    plan.check()?;
    let operators = registrations(endpoints.into(), registry, plan).await?;
    follows(plan, registry, operators)
}

/// What follows from the plan and these registrations. Nobody is asked to agree on what a node could not start with.
fn follows(
    plan: &Plan,
    registry: Address,
    mut operators: Vec<Operator>,
) -> Result<AgreedGenesis, FoundingError> {
    for operator in &mut operators {
        if let Some(terms) = plan.terms_of(&operator.operator.into()) {
            operator.opening = terms.opening();
            operator.profile = terms.profile()?;
        }
    }
    let genesis = Genesis {
        parameters: Parameters {
            registry,
            ..plan.parameters
        },
        operators,
        balances: plan.balances()?,
        delegations: plan.delegations()?,
    };
    let built = genesis.build()?;
    can_start(&genesis)?;
    let arguments = plan.arguments(&built);
    twice::agree(
        &genesis.parameters,
        &arguments.rootChain,
        &arguments.inbox,
        &arguments.court,
        &arguments.challenges,
    )?;
    let operators = genesis.operators.iter();
    let registered: Vec<_> = operators
        .map(|operator| registered(operator, plan.bond_wei))
        .collect();
    let agreement = ceremony::agreement(&registered, &arguments);
    Ok(AgreedGenesis {
        genesis,
        built,
        arguments,
        agreement,
    })
}

/// Makes the files of a node as `init join` will, with a block and a time that stand for those of the creation.
fn can_start(genesis: &Genesis) -> Result<(), FoundingError> {
    let root = RootAnchor {
        root_chain: deployment::root_chain(&genesis.parameters.registry.into_array()),
        parent_block_hash: B256::ZERO,
        time: SOME_TIME,
    };
    let file = File::new(genesis, &root)?;
    let chain_id = deployment::chain_id(&[0; 20]);
    home::engine_genesis(chain_id, genesis, &file).map(|_| ())
}

/// A registration as the agreement binds it. Every operator of the genesis has the plan's bond, which the Registry's address follows from; the
/// child's state knows of none.
fn registered(operator: &Operator, bond: u128) -> Registered {
    Registered {
        operator: operator.operator,
        registration: operator.registration,
        consensus_key: operator.consensus_key,
        checkpoint_key: operator.checkpoint_key,
        stake: operator.stake,
        bond,
    }
}

async fn registrations(
    endpoints: Endpoints<'_>,
    registry: Address,
    plan: &Plan,
) -> Result<Vec<Operator>, FoundingError> {
    let (mut operators, mut missing) = (Vec::new(), Vec::new());
    for (number, planned) in plan.operators.iter().enumerate() {
        let index = alloy_primitives::U256::from(number);
        let call = IRegistry::memberAtCall { index };
        let member = endpoints.view(registry, call).await?;
        let other = |planned: String, found: String| FoundingError::OtherOperator {
            number,
            planned,
            found,
        };
        if member.operator != *planned {
            return Err(other(planned.to_string(), member.operator.to_string()));
        }
        if member.registration == 0 {
            missing.push(*planned);
            continue;
        }
        let wei = |value: alloy_primitives::U256| {
            u128::try_from(value)
                .map_err(|_| other("at most 2^128 wei".into(), format!("{value} wei")))
        };
        let bytes = member.checkpointKey.len();
        operators.push(Operator {
            operator: planned.into_array(),
            registration: member.registration,
            consensus_key: member.consensusKey.0,
            checkpoint_key: (&member.checkpointKey[..])
                .try_into()
                .map_err(|_| other("a key of 96 bytes".into(), format!("one of {bytes}")))?,
            stake: wei(member.stake)?,
            opening: Opening::default(),
            profile: None,
        });
    }
    if missing.is_empty() {
        Ok(operators)
    } else {
        Err(FoundingError::Unregistered(missing))
    }
}

/// Checks that what stands on root is what the plan and its registrations give; gives the genesis as a file.
///
/// # Errors
/// [`FoundingError::OtherNetwork`] names the first difference.
pub async fn check_created<'a>(
    endpoints: impl Into<Endpoints<'a>>,
    created: &Created,
    plan: &Plan,
    agreed: &AgreedGenesis,
) -> Result<File, FoundingError> {
    let endpoints = endpoints.into();
    let call = IRootChain::parametersCall {};
    let root_chain = endpoints.view(created.root_chain, call).await?;
    let call = IInbox::parametersCall {};
    let inbox = endpoints.view(created.inbox, call).await?;
    let call = ICourt::parametersCall {};
    let court = endpoints.view(created.court(), call).await?;
    let call = IDataChallenges::parametersCall {};
    let challenges = endpoints.view(created.data_challenges(), call).await?;
    let leaf = &agreed.genesis.parameters;
    twice::agree(leaf, &root_chain, &inbox, &court, &challenges)?;
    let state_root = agreed.built.root();
    // It binds what no contract shows again: every bond, and the sum that went into escrow.
    let call = IRegistry::creationCall {};
    let creation = endpoints.view(created.registry, call).await?;
    same("the agreement", creation.agreement, agreed.agreement)?;
    same(
        "the root chain id",
        created.root_chain_id,
        plan.parameters.root_chain_id,
    )?;
    same("the genesis state root", created.state_root, state_root)?;
    same(
        "the first set",
        created.set,
        B256::from(agreed.built.sets[1].commitment),
    )?;
    let arguments = &agreed.arguments;
    same(
        "RootChain's parameters",
        root_chain,
        arguments.rootChain.clone(),
    )?;
    same("the Inbox's parameters", inbox, arguments.inbox.clone())?;
    let root = RootAnchor {
        root_chain: created.root_chain.into_array(),
        parent_block_hash: created.parent_hash,
        time: created.time,
    };
    Ok(File::new(&agreed.genesis, &root)?)
}

fn same<T: PartialEq + std::fmt::Debug>(
    what: &'static str,
    found: T,
    computed: T,
) -> Result<(), FoundingError> {
    if found == computed {
        return Ok(());
    }
    Err(FoundingError::OtherNetwork {
        what,
        found: format!("{found:?}"),
        computed: format!("{computed:?}"),
    })
}

/// How nodes with these parameters know that a root block is final.
pub fn finality(parameters: &Parameters) -> Finality {
    match parameters.finality_rule {
        FinalityRule::Tag => Finality::Tag,
        FinalityRule::Depth => Finality::Depth(parameters.finality_depth),
    }
}

#[cfg(test)]
mod tests;

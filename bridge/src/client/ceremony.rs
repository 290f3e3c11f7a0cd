//! The genesis ceremony on root (DESIGN section 6, "Genesis").
//!
//! ```text
//! verifier ─► Registry            by CREATE2 through the deployment proxy: their addresses commit to code and arguments
//!   each operator: check ─► register (keys, proofs of possession, bond and stake) ─► agree on the genesis
//! anyone: create, a contract a step ─► Inbox, Vault, …, RootChain ─► read back, once final: deployment id, genesis time
//! ```
//! Every step can be repeated: what exists already is found and checked, not made again.

mod artifacts;
mod create;
mod error;
mod keys;
mod settled;

pub use artifacts::{ArtifactError, Artifacts, creation_code};
pub use create::{CreationStep, create};
pub use error::CeremonyError;
pub use keys::{OperatorKeys, proof_of_possession};
pub use settled::{read_final, wait_final, wait_registry_final};

pub use crate::proof::{deployment::Registered, hint::x_coordinate};

use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolEvent, SolValue};

use super::endpoints::Endpoints;
use super::rpc::{At, Call, Receipt};
use super::wallet::Wallet;
use crate::abi::{self, DEPLOYMENT_PROXY, IRegistry, IRootChain};
use crate::proof::deployment;
use crate::relay::seen::Log;

/// What the Registry's address commits to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryPlan {
    /// The genesis operators, in the order of their seats.
    pub operators: Vec<Address>,
    /// Wei of each operator's value that are bounty bond.
    pub bond: u128,
    /// Seconds for which an agreement locks.
    pub lock_secs: u64,
    /// Tells apart deployments of the same plan on one root chain.
    pub salt: B256,
}

impl RegistryPlan {
    /// Where the verifier is or will be, and the calldata that makes it.
    pub fn verifier(&self, artifacts: &Artifacts) -> (Bytes, Address) {
        abi::deployment(B256::ZERO, &artifacts.verifier, &[])
    }

    /// Where the Registry is or will be, and the calldata that makes it.
    pub fn registry(&self, artifacts: &Artifacts) -> (Bytes, Address) {
        let arguments = IRegistry::Arguments {
            operators: self.operators.clone(),
            verifier: self.verifier(artifacts).1,
            codes: artifacts
                .manifest()
                .iter()
                .map(|(_, code)| keccak256(code))
                .collect(),
            bond: self.bond,
            lockSecs: self.lock_secs,
        };
        abi::deployment(self.salt, &artifacts.registry, &arguments.abi_encode())
    }

    /// What must stand before an operator registers.
    fn founding_contracts(&self, artifacts: &Artifacts) -> [(&'static str, Address); 2] {
        [
            ("Registry", self.registry(artifacts).1),
            ("Ed25519Verifier", self.verifier(artifacts).1),
        ]
    }
}

/// A deployment as root holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The root chain's id.
    pub root_chain_id: u64,
    /// The Registry.
    pub registry: Address,
    /// The Inbox.
    pub inbox: Address,
    /// The Vault.
    pub vault: Address,
    /// RootChain.
    pub root_chain: Address,
    /// The block in which they were made.
    pub block: u64,
    /// Its timestamp, which is the child's genesis time, in seconds.
    pub time: u64,
    /// The hash of the block before.
    pub parent_hash: B256,
    /// The root of the genesis state.
    pub state_root: B256,
    /// The deployment id.
    pub id: [u8; 20],
    /// The commitment of sets 0 and 1.
    pub set: B256,
}

impl Created {
    /// The Court, which follows from the Registry.
    #[must_use]
    pub fn court(&self) -> Address {
        let [_, _, _, court, ..] = deployment::contracts(&self.registry.into_array());
        court.into()
    }

    /// DataChallenges, which follows from the Registry.
    #[must_use]
    pub fn data_challenges(&self) -> Address {
        deployment::data_challenges(&self.registry.into_array()).into()
    }

    /// The child's chain id.
    pub fn chain_id(&self) -> String {
        deployment::chain_id(&self.id)
    }
}

/// Deploys verifier and Registry, as far as they do not exist; gives the Registry's address.
pub async fn deploy(
    wallet: &Wallet,
    artifacts: &Artifacts,
    plan: &RegistryPlan,
) -> Result<Address, CeremonyError> {
    let rpc = wallet.rpc();
    if rpc.code(DEPLOYMENT_PROXY, At::Latest).await?.is_empty() {
        return Err(CeremonyError::NoProxy(rpc.chain_id().await?));
    }
    let mut mined = Vec::new();
    let (data, address) = plan.verifier(artifacts);
    let done = deploy_one(wallet, "Ed25519Verifier", data, address, &mut mined).await;
    done.map_err(|error| error.after(&mined))?;
    let (data, registry) = plan.registry(artifacts);
    let done = deploy_one(wallet, "Registry", data, registry, &mut mined).await;
    done.map_err(|error| error.after(&mined))?;
    Ok(registry)
}

async fn deploy_one(
    wallet: &Wallet,
    name: &'static str,
    data: Bytes,
    address: Address,
    mined: &mut Vec<B256>,
) -> Result<(), CeremonyError> {
    if !wallet.rpc().code(address, At::Latest).await?.is_empty() {
        return Ok(());
    }
    let error = match create::execute(wallet, Call::to(DEPLOYMENT_PROXY, data)).await {
        Ok(receipt) => {
            mined.push(receipt.hash);
            CeremonyError::NoCode { name, address }
        }
        Err(error) => error,
    };
    // Unless somebody was faster: the address commits to the code. An answer that does not come says less than this error.
    match wallet.rpc().code(address, At::Latest).await {
        Ok(code) if !code.is_empty() => Ok(()),
        _ => Err(error),
    }
}

/// Checks that this address is the Registry of this plan and of no other, and has code in the newest block. Before it sends stake, an
/// operator also waits until that code is final ([`wait_registry_final`]).
pub async fn check_registry<'a>(
    endpoints: impl Into<Endpoints<'a>>,
    artifacts: &Artifacts,
    plan: &RegistryPlan,
    registry: Address,
) -> Result<(), CeremonyError> {
    let expected = plan.registry(artifacts).1;
    if registry != expected {
        return Err(CeremonyError::OtherRegistry {
            expected,
            given: registry,
        });
    }
    let endpoints = endpoints.into();
    for (name, address) in plan.founding_contracts(artifacts) {
        if endpoints.code(address).await?.is_empty() {
            return Err(CeremonyError::NoCode { name, address });
        }
    }
    Ok(())
}

/// Registers the wallet's account with both keys, sending bond and stake.
///
/// # Errors
/// [`CeremonyError::EventMissing`] when the transaction is mined and the Registry did not register anybody.
pub async fn register(
    wallet: &Wallet,
    registry: Address,
    keys: &OperatorKeys,
    value: U256,
) -> Result<Receipt, CeremonyError> {
    let chain_id = wallet.rpc().chain_id().await?;
    let possession = proof_of_possession(keys, chain_id, registry, wallet.address())
        .ok_or_else(|| CeremonyError::InvalidConsensusKey(keys.consensus_key().into()))?;
    let call = IRegistry::registerCall {
        consensusKey: B256::from(keys.consensus_key()),
        checkpointKey: Bytes::copy_from_slice(&keys.checkpoint_key()),
        possession,
    };
    let call = Call {
        value,
        ..Call::to(registry, call.abi_encode())
    };
    said::<IRegistry::Registered>(wallet, registry, call).await
}

/// Takes bond and stake back.
///
/// # Errors
/// [`CeremonyError::EventMissing`] when the transaction is mined and the Registry gave nothing back.
pub async fn refund(wallet: &Wallet, registry: Address) -> Result<Receipt, CeremonyError> {
    let call = Call::to(registry, IRegistry::refundCall {}.abi_encode());
    said::<IRegistry::Refunded>(wallet, registry, call).await
}

/// Agrees on a genesis, which locks the stake.
///
/// # Errors
/// [`CeremonyError::EventMissing`] when the transaction is mined and the Registry locked nothing.
pub async fn agree(
    wallet: &Wallet,
    registry: Address,
    agreement: B256,
) -> Result<Receipt, CeremonyError> {
    let call = IRegistry::agreeCall { agreement };
    said::<IRegistry::Agreed>(wallet, registry, Call::to(registry, call.abi_encode())).await
}

/// Sends a call and looks for the event by which the Registry says that it did this for the wallet's account. An address without code
/// takes any call, and the coin that comes with it, without a word.
async fn said<E: SolEvent>(
    wallet: &Wallet,
    registry: Address,
    call: Call,
) -> Result<Receipt, CeremonyError> {
    let receipt = wallet.execute(call).await?;
    require::<E>(&receipt, registry, wallet.address().into_word())?;
    Ok(receipt)
}

/// The event by which `registry` says of `subject` (the first indexed field) that it did what was asked.
fn require<E: SolEvent>(
    receipt: &Receipt,
    registry: Address,
    subject: B256,
) -> Result<(), CeremonyError> {
    let wanted = [E::SIGNATURE_HASH, subject];
    let said = |log: &Log| log.address == registry && log.topics.starts_with(&wanted);
    if receipt.logs.iter().any(said) {
        return Ok(());
    }
    Err(CeremonyError::EventMissing {
        hash: receipt.hash,
        contract: registry,
        event: E::SIGNATURE,
    })
}

/// What all operators must agree on: each registration, and the genesis with its constructor arguments.
pub fn agreement(registered: &[Registered], genesis: &IRegistry::Genesis) -> B256 {
    deployment::agreement(
        &deployment::registrations(registered),
        &genesis.abi_encode(),
    )
}

/// Reads the deployment back and checks its id against its fields and the block before it against the node.
pub async fn read_back<'a>(
    endpoints: impl Into<Endpoints<'a>>,
    registry: Address,
) -> Result<Created, CeremonyError> {
    let root = endpoints.into();
    if !root.view(registry, IRegistry::createdCall {}).await? {
        return Err(CeremonyError::NotCreated(registry));
    }
    let [inbox, vault, root_chain] = abi::created_by(registry);
    let root_chain_id = root.chain_id().await?;
    let at = root_chain;
    let said = root.view(at, IRootChain::deploymentCall {}).await?;
    let state_root = root.view(at, IRootChain::genesisStateRootCall {}).await?;
    let parent_hash = root.view(at, IRootChain::parentBlockHashCall {}).await?;
    let block = root.view(at, IRootChain::genesisBlockCall {}).await?;
    let time = root.view(at, IRootChain::genesisTimeCall {}).await?;
    let sets = root.view(at, IRootChain::genesisSetsCall {}).await?;
    let id = deployment::id(
        root_chain_id,
        &root_chain.into_array(),
        &parent_hash,
        &state_root,
    );
    if id != said.0 {
        return Err(CeremonyError::OtherId {
            said: said.to_string(),
            computed: FixedBytes::from(id).to_string(),
        });
    }
    let before = block.saturating_sub(1);
    let seen = root.block_hash(before).await?.unwrap_or_default();
    if seen != parent_hash {
        return Err(CeremonyError::OtherParent {
            block: before,
            said: parent_hash,
            seen,
        });
    }
    Ok(Created {
        root_chain_id,
        registry,
        inbox,
        vault,
        root_chain,
        block,
        time,
        parent_hash,
        state_root,
        id,
        set: sets.set1,
    })
}

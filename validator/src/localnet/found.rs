//! The founding of a local network: a real genesis ceremony on a fresh root chain, with published keys.
//!
//! Development accounts: anvil's 0 deploys and pays the genesis balances; each operator and the relayer has its own; anvil's 1 and 2
//! and one Ed25519 account are for people.

use std::{path::Path, sync::Arc, time::Duration};

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolValue};
use plasmid_bridge::{
    abi::IToken,
    client::{
        ceremony::{self, Artifacts, CreationStep, OperatorKeys, creation_code},
        rpc::{Call, Limits, Rpc},
        wallet::{FeePolicy, Key, Wallet},
    },
    proof::bls,
};
use tokio::task::JoinSet;

use super::{Local, LocalError, NodePorts, PASSWORD, ROOT_CHAIN_ID, loopback};
use crate::{
    client::signer::Signer,
    ledger::Parameters,
    node::{
        comet::{EnginePeer, keys::node_id},
        config::Home,
        development,
        founding::{
            self, Balance, FounderTerms, Plan,
            home::{self, Place},
        },
        keystore::{self, Cost, KeyKind, Secret},
        sign_state::{SignState, SignStateIdentity},
    },
};

/// Wei of each operator's genesis stake.
pub const STAKE: u128 = 100 * ETHER;
/// Wei of each operator's bounty bond.
pub const BOND: u128 = ETHER;
/// Wei of each genesis balance.
pub const BALANCE: u128 = 1_000 * ETHER;
/// One coin.
pub const ETHER: u128 = 1_000_000_000_000_000_000;
/// Units of the test token that each person gets.
const MINTED: u128 = 1_000_000 * 1_000_000;

/// Creation code of the test token, as committed.
const TOKEN: &str = include_str!("../../../bridge/contracts/artifacts/TestToken.json");

/// Somebody with money on both chains.
pub struct Person {
    /// The name of the key.
    pub name: &'static str,
    /// What it signs.
    pub kind: KeyKind,
    /// The secret.
    pub secret: Secret,
}

/// The people who have genesis balances: alice and carol with Ethereum accounts, bob with an Ed25519 account.
pub fn people() -> Vec<Person> {
    let ethereum = |name, number| Person {
        name,
        kind: KeyKind::Secp256k1,
        secret: development::anvil_secret(number).unwrap_or_default(),
    };
    let bob = Person {
        name: "bob",
        kind: KeyKind::Ed25519,
        secret: development::secret("account", 0),
    };
    vec![ethereum("alice", 1), bob, ethereum("carol", 2)]
}

/// The account that operator `number` acts with on root.
pub fn operator_secret(number: usize) -> Secret {
    development::secret("account", place_of(number).saturating_add(1))
}

/// The account that the relayer pays with.
pub fn relayer_secret() -> Secret {
    development::secret("account", 100)
}

/// The account that the watcher pays with.
pub fn watcher_secret() -> Secret {
    development::secret("account", 101)
}

/// The keys of those who carry to root and hold no validator's key, by name.
fn carriers() -> [(&'static str, Secret); 2] {
    [("relayer", relayer_secret()), ("watcher", watcher_secret())]
}

/// The consensus key of validator `number`.
pub(super) fn consensus_secret(number: usize) -> Secret {
    development::secret("consensus", place_of(number))
}

/// The kind and the secret of the key that a local network publishes under this name.
pub fn published(name: &str) -> Option<(KeyKind, Secret)> {
    let mut carriers = carriers().into_iter();
    if let Some((_, secret)) = carriers.find(|(known, _)| *known == name) {
        return Some((KeyKind::Secp256k1, secret));
    }
    let mut people = people().into_iter();
    let person = people.find(|person| person.name == name)?;
    Some((person.kind, person.secret))
}

/// The two keys of validator `number`.
pub fn operator_keys(number: usize) -> Result<OperatorKeys, LocalError> {
    let place = place_of(number);
    let checkpoint = bls::SecretKey::from_entropy(&development::secret("checkpoint", place))
        .map_err(|_| LocalError::Key(format!("checkpoint {number}")))?;
    Ok(OperatorKeys::new(&consensus_secret(number), checkpoint))
}

/// What the network is made with.
#[derive(Clone, Debug)]
pub struct Founding {
    /// How many validators.
    pub validators: u16,
    /// The child's parameters.
    pub parameters: Parameters,
    /// Blocks that each engine keeps; zero keeps all.
    pub retain_blocks: u64,
    /// Port of the root chain.
    pub root_port: u16,
    /// Ports of each node.
    pub nodes: Vec<NodePorts>,
}

/// Founds a network on the running root chain at `url`, in `folder`; `say` is told each step.
///
/// # Errors
/// [`LocalError`] with what root or the file system refused.
pub async fn found(
    folder: &Path,
    url: &str,
    founding: &Founding,
    say: &mut dyn FnMut(&str),
) -> Result<Local, LocalError> {
    let rpc = Arc::new(Rpc::new(url, Limits::default())?);
    let founder = wallet(&rpc, &development::anvil_secret(0).unwrap_or_default()).await?;
    let artifacts = Artifacts::embedded()?;
    let plan = plan(founding)?;
    say("deploying the Registry");
    let mut funded = plan.operators.clone();
    for (_, secret) in carriers() {
        funded.push(address(&secret)?);
    }
    fund(&founder, &funded).await?;
    let registry = ceremony::deploy(&founder, &artifacts, &plan.registry()).await?;
    say("operators register with their proofs of possession and agree on the genesis");
    let mut operators = Vec::new();
    for number in 0..plan.operators.len() {
        let wallet = wallet(&rpc, &operator_secret(number)).await?;
        ceremony::check_registry(&rpc, &artifacts, &plan.registry(), registry).await?;
        let keys = operator_keys(number)?;
        ceremony::register(&wallet, registry, &keys, U256::from(STAKE + BOND)).await?;
        operators.push(wallet);
    }
    let agreed = founding::agreed(&rpc, registry, &plan).await?;
    let mut agreements = JoinSet::new();
    for operator in operators {
        let agreement = agreed.agreement;
        agreements.spawn(async move { ceremony::agree(&operator, registry, agreement).await });
    }
    while let Some(joined) = agreements.join_next().await {
        joined.map_err(|error| LocalError::Unsaid(error.to_string()))??;
    }
    let balances = U256::from(BALANCE) * U256::from(agreed.genesis.balances.len());
    let arguments = &agreed.arguments;
    let mut step = |progress: CreationStep| say(&told(&progress));
    ceremony::create(
        &founder, registry, &artifacts, arguments, balances, &mut step,
    )
    .await?;
    let created = ceremony::read_back(&rpc, registry).await?;
    let (finality, patience) = (
        founding::finality(&plan.parameters),
        Duration::from_secs(60),
    );
    let mut tell = |_: &str| {};
    ceremony::wait_final(&rpc, created.block, finality, patience, &mut tell).await?;
    let file = founding::check_created(&rpc, &created, &plan, &agreed).await?;
    let token = deploy_token(&founder).await?;
    say("writing the nodes' folders");
    for number in 0..plan.operators.len() {
        let home = Local::home(folder, number);
        let place = place(founding, number)?;
        home::write(&home, &place, &created, &agreed.genesis, &file)?;
        write_keys(&home, number, created.id)?;
    }
    write_people(folder)?;
    Ok(Local {
        root_port: founding.root_port,
        nodes: founding.nodes.clone(),
        registry,
        deployed_at: created.block,
        token,
    })
}

fn told(progress: &CreationStep) -> String {
    let CreationStep {
        number,
        steps,
        name,
    } = progress;
    format!("step {number} of {steps}: the Registry creates the {name}")
}

/// The plan of a local network, in which everybody knows every key.
fn plan(founding: &Founding) -> Result<Plan, LocalError> {
    let operators = 0..usize::from(founding.validators);
    let operators = operators.map(|number| address(&operator_secret(number)));
    let people = people();
    let balances = people.iter().map(|person| {
        let signer = Signer::new(person.kind, &person.secret)
            .map_err(|error| LocalError::Key(error.to_string()))?;
        Ok(Balance {
            account: signer.account().to_string(),
            wei: BALANCE,
        })
    });
    let shortest_epoch_secs = founding.parameters.epoch_time_ms() / 1_000;
    let mut plan = Plan::new(
        founding.parameters,
        shortest_epoch_secs,
        operators.collect::<Result<_, _>>()?,
    );
    plan.bond_wei = BOND;
    plan.terms = (1u16..).zip(&plan.operators).map(terms).collect();
    plan.balances = balances.collect::<Result<_, LocalError>>()?;
    Ok(plan)
}

/// What each operator of a local network begins with: a commission of its own, its bounds, and a name.
fn terms((number, operator): (u16, &Address)) -> FounderTerms {
    FounderTerms {
        commission: 100 + 25 * number.min(4),
        max_commission: Some(2_000),
        commission_step: Some(100),
        name: format!("Founder {number}"),
        ..FounderTerms::of(*operator)
    }
}

/// A wallet on the local root chain.
pub async fn wallet(rpc: &Arc<Rpc>, secret: &Secret) -> Result<Wallet, LocalError> {
    let key = Key::from_bytes(secret).map_err(|_| LocalError::Key("account".into()))?;
    Ok(Wallet::open(
        Arc::clone(rpc),
        key,
        ROOT_CHAIN_ID,
        FeePolicy {
            poll: Duration::from_millis(100),
            ..FeePolicy::default()
        },
    )
    .await?)
}

fn address(secret: &Secret) -> Result<Address, LocalError> {
    Key::from_bytes(secret)
        .map(|key| key.address())
        .map_err(|_| LocalError::Key("operator".into()))
}

/// Sends each of these accounts the coin that an operator needs on root.
pub(super) async fn fund(founder: &Wallet, accounts: &[Address]) -> Result<(), LocalError> {
    let mut sent = Vec::new();
    for to in accounts {
        let call = Call {
            value: U256::from(STAKE + BOND + ETHER),
            ..Call::to(*to, Vec::new())
        };
        sent.push(founder.send(call).await?);
    }
    for one in sent {
        founder.wait(one).await?;
    }
    Ok(())
}

/// Deploys the test token and gives alice and carol some.
async fn deploy_token(founder: &Wallet) -> Result<Address, LocalError> {
    let code = creation_code("TestToken", TOKEN)?;
    let arguments = ("Test Token".to_owned(), "TEST".to_owned(), U256::from(6)).abi_encode_params();
    let data = [code.as_ref(), &arguments].concat().into();
    let receipt = founder
        .execute(Call {
            data,
            ..Call::default()
        })
        .await?;
    let token = receipt
        .contract
        .ok_or_else(|| LocalError::Key("the token's receipt names no contract".into()))?;
    for person in people()
        .iter()
        .filter(|person| person.kind == KeyKind::Secp256k1)
    {
        let call = IToken::mintCall {
            to: address(&person.secret)?,
            value: U256::from(MINTED),
        };
        founder.execute(Call::to(token, call.abi_encode())).await?;
    }
    Ok(token)
}

/// Where node `number` listens and whom it knows.
pub(super) fn place(founding: &Founding, number: usize) -> Result<Place, LocalError> {
    let Some(ports) = founding.nodes.get(number) else {
        return Err(LocalError::Validators(founding.validators));
    };
    let mut peers = Vec::new();
    let mut share_with = Vec::new();
    let others = founding.nodes.iter().enumerate();
    for (other, ports) in others.filter(|(other, _)| *other != number) {
        peers.push(EnginePeer {
            id: node_id(&development::secret("node", place_of(other)))?,
            address: loopback(ports.p2p).to_string(),
        });
        share_with.push(format!("http://{}", loopback(ports.grpc)));
    }
    Ok(Place {
        moniker: Some(format!("node{number}")),
        grpc: Some(loopback(ports.grpc)),
        rpc: Some(loopback(ports.rpc)),
        p2p: Some(loopback(ports.p2p)),
        peers,
        private: true,
        share_with,
        one_machine: true,
        metrics: None,
        retain_blocks: founding.retain_blocks,
        statesync: None,
        root: format!("http://{}", loopback(founding.root_port)),
        second_root: None,
    })
}

pub(super) fn write_keys(
    home: &Home,
    number: usize,
    deployment: [u8; 20],
) -> Result<(), LocalError> {
    let keys = operator_keys(number)?;
    let checkpoint = keys.checkpoint().to_bytes().into();
    let path = home.checkpoint_key_path();
    keystore::create(&path, KeyKind::Bls12381, &checkpoint, PASSWORD, Cost::Light)?;
    let identity = SignStateIdentity {
        deployment,
        key: keys.checkpoint_key(),
    };
    SignState::create(&home.sign_state_path(), identity, 0)?;
    let engine = home.engine();
    engine.ensure_consensus_key(&consensus_secret(number))?;
    engine.ensure_node_key(&development::secret("node", place_of(number)))?;
    Ok(())
}

/// The number of a node as development keys count.
fn place_of(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Key files of those who have money and of those who carry to root, and their password.
pub(super) fn write_people(folder: &Path) -> Result<(), LocalError> {
    let keys = folder.join("keys");
    for person in people() {
        let path = keys.join(format!("{}.json", person.name));
        keystore::create(&path, person.kind, &person.secret, PASSWORD, Cost::Light)?;
    }
    for (name, secret) in carriers() {
        let path = keys.join(format!("{name}.json"));
        keystore::create(&path, KeyKind::Secp256k1, &secret, PASSWORD, Cost::Light)?;
    }
    keystore::write_new(&folder.join("password"), format!("{PASSWORD}\n").as_bytes())?;
    Ok(())
}

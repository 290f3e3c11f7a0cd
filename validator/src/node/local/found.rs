//! The founding of a local network: a real genesis ceremony on a fresh root chain, with published keys.
//!
//! Development accounts: anvil's 0 deploys and pays the genesis balances; each operator and the relayer has its own; anvil's 1 and 2
//! and one Ed25519 account are for people.

use std::{fs, path::Path, sync::Arc, time::Duration};

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, SolValue};
use plasmid_bridge::{
    abi::{IInbox, IRegistry, IRootChain, IToken},
    client::{
        ceremony::{self, Artifacts, Created, OperatorKeys, Plan, creation_code},
        rpc::{Call, Limits, Rpc},
        wallet::{Key, Policy, Wallet},
    },
    proof::bls,
    relay::inbox::Finality,
};

use super::{Local, LocalError, NodePorts, PASSWORD, ROOT_CHAIN_ID, loopback};
use crate::{
    chain::genesis::{Genesis, Operator, Root as GenesisRoot, file::File},
    ledger::{Account, Parameters},
    node::{
        comet::{
            Config as CometConfig, Genesis as CometGenesis, Pace, Peer, Settings,
            genesis::{Parts, ValidatorPart},
            keys::node_id,
        },
        config::{Config, Home, Root},
        development,
        keystore::{self, Cost, Description, KeyKind, Secret},
        signer::Signer,
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
/// What a message through the inbox costs without backlog, in wei.
const INBOX_PRICE: u128 = 1_000_000_000_000_000;
/// Records in root's ring: twice the epochs of U at the shortest epoch of about two seconds, and slack.
const RECORD_SLOTS: u32 = 128;
/// Units of the test token that each person gets.
const MINTED: u128 = 1_000_000 * 1_000_000;

/// Creation code of the contracts, as committed.
const VERIFIER: &str = include_str!("../../../../bridge/contracts/artifacts/Ed25519Verifier.json");
const REGISTRY: &str = include_str!("../../../../bridge/contracts/artifacts/Registry.json");
const INBOX: &str = include_str!("../../../../bridge/contracts/artifacts/Inbox.json");
const VAULT: &str = include_str!("../../../../bridge/contracts/artifacts/Vault.json");
const ROOT_CHAIN: &str = include_str!("../../../../bridge/contracts/artifacts/RootChain.json");
const TOKEN: &str = include_str!("../../../../bridge/contracts/artifacts/TestToken.json");

/// Somebody with money on both chains.
pub struct Person {
    /// The name of the key.
    pub name: &'static str,
    /// What it signs.
    pub kind: KeyKind,
    /// The secret.
    pub secret: Secret,
}

/// Those who have genesis balances: alice and carol with Ethereum accounts, bob with an Ed25519 account.
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
    development::secret("account", 1 + u32::try_from(number).unwrap_or(u32::MAX))
}

/// The account that the relayer pays with.
pub fn relayer_secret() -> Secret {
    development::secret("account", 100)
}

/// The two keys of validator `number`.
pub fn operator_keys(number: usize) -> Result<OperatorKeys, LocalError> {
    let place = u32::try_from(number).unwrap_or(u32::MAX);
    let checkpoint = bls::SecretKey::from_entropy(&development::secret("checkpoint", place))
        .map_err(|_| LocalError::Key(format!("checkpoint {number}")))?;
    Ok(OperatorKeys::new(
        &development::secret("consensus", place),
        checkpoint,
    ))
}

/// What the network is made with.
#[derive(Clone, Debug)]
pub struct Founding {
    /// How many validators.
    pub validators: u16,
    /// The child's parameters.
    pub parameters: Parameters,
    /// How fast consensus goes.
    pub pace: Pace,
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
    let artifacts = Artifacts::from_json([VERIFIER, REGISTRY, INBOX, VAULT, ROOT_CHAIN])?;
    let operators: Vec<Secret> = (0..usize::from(founding.validators))
        .map(operator_secret)
        .collect();
    let addresses = operators
        .iter()
        .map(address)
        .collect::<Result<Vec<_>, _>>()?;
    say("deploying the Registry");
    fund(&founder, &addresses).await?;
    let plan = Plan {
        operators: addresses,
        bond: BOND,
        lock_secs: 86_400,
        salt: B256::ZERO,
    };
    let registry = ceremony::deploy(&founder, &artifacts, &plan).await?;
    let genesis = genesis(founding, &plan)?;
    let built = genesis.build()?;
    let arguments = arguments(&genesis.parameters, B256::from(built.sets[1].commitment));
    let agreement = ceremony::agreement(built.root(), built.sum, &arguments);
    say("operators register with their proofs of possession and agree on the genesis");
    for (number, secret) in operators.iter().enumerate() {
        let wallet = wallet(&rpc, secret).await?;
        ceremony::check_registry(&rpc, &artifacts, &plan, registry).await?;
        ceremony::register(
            &wallet,
            registry,
            &operator_keys(number)?,
            U256::from(STAKE + BOND),
        )
        .await?;
        ceremony::agree(&wallet, registry, agreement).await?;
    }
    say("the Registry creates Inbox, Vault and RootChain");
    let balances = U256::from(BALANCE) * U256::from(genesis.balances.len());
    ceremony::create(
        &founder,
        registry,
        &artifacts,
        built.root(),
        &arguments,
        balances,
    )
    .await?;
    let created = ceremony::read_back(&rpc, registry).await?;
    ceremony::wait_final(&rpc, created.block, Finality::Tag, Duration::from_secs(60)).await?;
    let token = deploy_token(&founder).await?;
    let root = GenesisRoot {
        root_chain: created.root_chain.into_array(),
        parent_block_hash: created.parent_hash,
        time: created.time,
    };
    let file = File::new(&genesis, &root)?;
    say("writing the nodes' folders");
    for number in 0..operators.len() {
        write_node(folder, number, founding, &created, &file)?;
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

/// A wallet on the local root chain.
pub async fn wallet(rpc: &Arc<Rpc>, secret: &Secret) -> Result<Wallet, LocalError> {
    let key = Key::from_bytes(secret).map_err(|_| LocalError::Key("account".into()))?;
    Ok(Wallet::open(
        Arc::clone(rpc),
        key,
        ROOT_CHAIN_ID,
        Policy {
            poll: Duration::from_millis(100),
            ..Policy::default()
        },
    )
    .await?)
}

fn address(secret: &Secret) -> Result<Address, LocalError> {
    Key::from_bytes(secret)
        .map(|key| key.address())
        .map_err(|_| LocalError::Key("operator".into()))
}

/// Sends each operator and the relayer the coin that they need on root.
async fn fund(founder: &Wallet, operators: &[Address]) -> Result<(), LocalError> {
    let mut sent = Vec::new();
    for to in operators
        .iter()
        .copied()
        .chain([address(&relayer_secret())?])
    {
        let call = Call {
            value: U256::from(STAKE + BOND + ETHER),
            ..Call::to(to, Vec::new())
        };
        sent.push(founder.send(call).await?);
    }
    for one in sent {
        founder.wait(one).await?;
    }
    Ok(())
}

fn genesis(founding: &Founding, plan: &Plan) -> Result<Genesis, LocalError> {
    let mut operators = Vec::new();
    for (number, operator) in plan.operators.iter().enumerate() {
        let keys = operator_keys(number)?;
        operators.push(Operator {
            operator: operator.into_array(),
            registration: number as u64 + 1,
            consensus_key: keys.consensus_key(),
            checkpoint_key: keys.checkpoint_key(),
            stake: STAKE,
            bond: BOND,
        });
    }
    let mut balances = people()
        .iter()
        .map(|person| {
            Signer::new(person.kind, &person.secret).map(|signer| (signer.account(), BALANCE))
        })
        .collect::<Result<Vec<(Account, u128)>, _>>()
        .map_err(|error| LocalError::Key(error.to_string()))?;
    balances.sort();
    Ok(Genesis {
        parameters: founding.parameters,
        operators,
        balances,
    })
}

/// The constructor arguments on root that go with the child's parameters.
fn arguments(parameters: &Parameters, set: B256) -> IRegistry::Genesis {
    IRegistry::Genesis {
        rootChain: IRootChain::Parameters {
            setCommitment: set,
            unit: parameters.unit,
            challengeSecs: parameters.challenge_secs,
            evidenceSecs: parameters.evidence_secs,
            unbondingSecs: parameters.unbonding_secs,
            exitTimeoutSecs: parameters.exit_timeout_secs,
            graceSecs: parameters.grace_secs,
            rootBlockSecs: parameters.root_block_secs,
            epochMaxSecs: parameters.epoch_max_secs,
            revealBlocks: parameters.reveal_blocks,
            epochBlocks: parameters.epoch_blocks,
            recordSlots: RECORD_SLOTS,
        },
        inbox: IInbox::Parameters {
            delaySecs: parameters.inbox_delay_secs,
            intervalMs: parameters.inbox_interval_ms,
            price: INBOX_PRICE,
            doublingSecs: 43_200,
        },
    }
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

fn write_node(
    folder: &Path,
    number: usize,
    founding: &Founding,
    created: &Created,
    file: &File,
) -> Result<(), LocalError> {
    let home = Local::home(folder, number);
    let keys = operator_keys(number)?;
    let Some(ports) = founding.nodes.get(number) else {
        return Err(LocalError::Validators(founding.validators));
    };
    let abci = format!(
        "unix://{}",
        absolute(home.path())?.join("abci.sock").display()
    );
    home.write_config(&Config {
        abci: abci.clone(),
        grpc: loopback(ports.grpc),
        engine_rpc: format!("http://{}", loopback(ports.rpc)),
        root: Root {
            endpoints: vec![format!("http://{}", loopback(founding.root_port))],
            registry: created.registry,
            deployed_at: created.block,
        },
    })?;
    home.write_genesis(file)?;
    let about = Description {
        kind: KeyKind::Bls12381,
        public: hex::encode(keys.checkpoint_key()),
    };
    let checkpoint = keys.checkpoint().to_bytes();
    keystore::create(
        &home.checkpoint_key_path(),
        &about,
        &checkpoint,
        PASSWORD,
        Cost::Light,
    )?;
    write_engine(&home, number, founding, created, abci, file)
}

fn write_engine(
    home: &Home,
    number: usize,
    founding: &Founding,
    created: &Created,
    abci: String,
    file: &File,
) -> Result<(), LocalError> {
    let engine = home.engine();
    let place = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    engine.ensure_consensus_key(&development::secret("consensus", place(number)))?;
    engine.ensure_node_key(&development::secret("node", place(number)))?;
    let mut peers = Vec::new();
    for (other, ports) in founding
        .nodes
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != number)
    {
        let id = node_id(&development::secret("node", place(other)))?;
        peers.push(Peer {
            id,
            address: loopback(ports.p2p).to_string(),
        });
    }
    let Some(ports) = founding.nodes.get(number) else {
        return Err(LocalError::Validators(founding.validators));
    };
    let mut settings = Settings::local(
        abci,
        loopback(ports.rpc),
        loopback(ports.p2p),
        founding.pace,
    );
    settings.moniker = format!("node{number}");
    settings.peers = peers;
    engine.write_config(&CometConfig::new(&settings))?;
    let parameters = &founding.parameters;
    let validators = (0..founding.nodes.len())
        .map(|number| {
            let power = u64::try_from(STAKE / parameters.unit).unwrap_or(u64::MAX);
            Ok(ValidatorPart {
                key: operator_keys(number)?.consensus_key(),
                power,
                name: format!("node{number}"),
            })
        })
        .collect::<Result<Vec<_>, LocalError>>()?;
    let genesis = CometGenesis::new(Parts {
        time_secs: created.time,
        chain_id: created.chain_id(),
        max_block_bytes: parameters.max_block_bytes,
        max_evidence_bytes: u64::from(parameters.max_evidence_bytes),
        evidence_age_blocks: parameters.evidence_age_blocks,
        evidence_age_secs: parameters.evidence_age_secs,
        validators,
        app_hash: Vec::new(),
        app_state: serde_json::to_value(file).map_err(|error| LocalError::Malformed {
            path: home.genesis_path(),
            why: error.to_string(),
        })?,
    })?;
    engine.write_genesis(&genesis)?;
    Ok(())
}

/// Key files of those who have money, and their password.
fn write_people(folder: &Path) -> Result<(), LocalError> {
    let keys = folder.join("keys");
    for person in people() {
        let public = Signer::public_name(person.kind, &person.secret)
            .map_err(|error| LocalError::Key(error.to_string()))?;
        let about = Description {
            kind: person.kind,
            public,
        };
        keystore::create(
            &keys.join(format!("{}.json", person.name)),
            &about,
            &person.secret,
            PASSWORD,
            Cost::Light,
        )?;
    }
    let relayer = relayer_secret();
    let public = Signer::public_name(KeyKind::Secp256k1, &relayer)
        .map_err(|error| LocalError::Key(error.to_string()))?;
    let about = Description {
        kind: KeyKind::Secp256k1,
        public,
    };
    keystore::create(
        &keys.join("relayer.json"),
        &about,
        &relayer,
        PASSWORD,
        Cost::Light,
    )?;
    keystore::write_new(&folder.join("password"), format!("{PASSWORD}\n").as_bytes())?;
    Ok(())
}

fn absolute(path: &Path) -> Result<std::path::PathBuf, LocalError> {
    fs::create_dir_all(path)
        .and_then(|()| fs::canonicalize(path))
        .map_err(|source| LocalError::Io {
            path: path.to_owned(),
            source,
        })
}

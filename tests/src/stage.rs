//! A deployment on a fresh root chain: accounts, operators with keys, and the whole genesis ceremony.

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolCall;
use plasmid_bridge::abi::{ICourt, IDataChallenges, IInbox, IRegistry, IRootChain, IVault};
use plasmid_bridge::client::ceremony::{
    self, Artifacts, CeremonyError, Created, OperatorKeys, Registered, RegistryPlan,
};
use plasmid_bridge::client::follower::view_call;
use plasmid_bridge::client::rpc::{At, Call, Limits, Receipt, Rpc};
use plasmid_bridge::client::wallet::{ETHER, FeePolicy, Key, Wallet, WalletError};
use plasmid_bridge::proof::{bls, deployment, set};
use plasmid_bridge::relay::config::Config;
use plasmid_bridge::relay::seen::Finality;
use plasmid_staking::Member;

use crate::anvil::Anvil;

/// The first development account of anvil, which pays for everything.
pub const FIRST_KEY: [u8; 32] =
    alloy_primitives::hex!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");

/// Wei of bounty bond.
const BOND: u128 = 1_000_000_000_000_000_000;
/// Wei of genesis stake of each operator.
pub const STAKE: u128 = 32_000_000_000_000_000_000;
/// Wei of stake per power.
pub const UNIT: u128 = 1_000_000_000_000_000_000;

/// Fast answers and quick replacement.
#[must_use]
pub fn policy() -> FeePolicy {
    FeePolicy {
        poll: Duration::from_millis(50),
        stuck: Duration::from_secs(20),
        give_up: Duration::from_secs(90),
        ..FeePolicy::default()
    }
}

/// The wallet of a key on anvil.
///
/// # Panics
/// When anvil does not answer.
pub async fn wallet(anvil: &Anvil, key: [u8; 32]) -> Wallet {
    wallet_at(&anvil.url(), key).await
}

/// The wallet of a key at this way to anvil.
///
/// # Panics
/// When anvil does not answer.
pub async fn wallet_at(url: &str, key: [u8; 32]) -> Wallet {
    let key = Key::from_bytes(&key).expect("it is a key");
    let rpc = Rpc::new(url, Limits::default()).expect("the address is well formed");
    Wallet::open(Arc::new(rpc), key, 31337, policy())
        .await
        .expect("anvil is on its chain")
}

/// A key that only this name gives.
#[must_use]
pub fn key_of(name: &str) -> [u8; 32] {
    keccak256(name).0
}

/// The keys of this many operators, in the order of their seats.
///
/// # Panics
/// Never: every name gives a key.
#[must_use]
pub fn operator_keys(count: u64) -> Vec<OperatorKeys> {
    let keys = (0..count).map(|number| {
        let entropy = key_of(&format!("checkpoint key {number}"));
        let checkpoint = bls::SecretKey::from_entropy(&entropy).expect("it gives a key");
        OperatorKeys::new(&key_of(&format!("consensus key {number}")), checkpoint)
    });
    keys.collect()
}

fn operator_key(number: u64) -> [u8; 32] {
    key_of(&format!("operator {number}"))
}

/// The plan of this many operators: where their Registry is follows from it.
///
/// # Panics
/// As [`operator_keys`].
#[must_use]
pub fn plan(count: u64) -> RegistryPlan {
    let operators = (0..count).map(|number| {
        let key = Key::from_bytes(&operator_key(number)).expect("it is a key");
        key.address()
    });
    RegistryPlan {
        operators: operators.collect(),
        bond: BOND,
        lock_secs: 600,
        salt: B256::ZERO,
    }
}

/// A deployment and who takes part in it.
#[derive(Debug)]
pub struct Stage {
    /// The account that pays and deploys.
    pub deployer: Wallet,
    /// The operators' accounts.
    pub operators: Vec<Wallet>,
    /// Their keys, in the same order.
    pub keys: Vec<OperatorKeys>,
    /// Their membership in sets 0 and 1.
    pub members: Vec<Member>,
    /// The plan that the Registry's address commits to.
    pub plan: RegistryPlan,
    /// The compiled contracts.
    pub artifacts: Artifacts,
    /// The deployment.
    pub created: Created,
}

/// A ceremony before its first step of creation: everybody has registered and agreed.
#[derive(Debug)]
pub struct Ready {
    /// The account that pays and deploys.
    pub deployer: Wallet,
    /// The operators' accounts.
    pub operators: Vec<Wallet>,
    /// Their keys, in the same order.
    pub keys: Vec<OperatorKeys>,
    /// Their membership in sets 0 and 1.
    pub members: Vec<Member>,
    /// The plan that the Registry's address commits to.
    pub plan: RegistryPlan,
    /// The compiled contracts.
    pub artifacts: Artifacts,
    /// The Registry.
    pub registry: Address,
    /// What they agreed on.
    pub genesis: IRegistry::Genesis,
}

impl Ready {
    /// Takes `count` operators up to their agreement on a fresh anvil.
    ///
    /// # Panics
    /// When a step of it fails.
    pub async fn make(anvil: &Anvil, count: u64) -> Self {
        Self::with_state(anvil, count, keccak256("a genesis state")).await
    }

    /// Takes `count` operators up to their agreement on a genesis with this state root.
    ///
    /// # Panics
    /// As [`Ready::make`].
    pub async fn with_state(anvil: &Anvil, count: u64, state_root: B256) -> Self {
        Self::with_genesis(anvil, count, state_root, |_| {}).await
    }

    /// Takes `count` operators up to their agreement on a genesis that differs from [`Ready::with_state`]'s in what `change` does.
    ///
    /// # Panics
    /// As [`Ready::make`].
    pub async fn with_genesis(
        anvil: &Anvil,
        count: u64,
        state_root: B256,
        change: impl FnOnce(&mut IRegistry::Genesis),
    ) -> Self {
        let artifacts = Artifacts::embedded().expect("the contracts are embedded");
        let deployer = wallet(anvil, FIRST_KEY).await;
        let mut operators = Vec::new();
        for number in 0..count {
            operators.push(wallet(anvil, operator_key(number)).await);
        }
        let (keys, plan) = (operator_keys(count), plan(count));
        let members = members(&operators, &keys);
        fund(&deployer, &plan.operators).await;
        let registry = ceremony::deploy(&deployer, &artifacts, &plan)
            .await
            .expect("the Registry is deployed");
        let mut genesis = genesis(&members, state_root);
        change(&mut genesis);
        let registered: Vec<_> = members.iter().map(registered).collect();
        let agreement = ceremony::agreement(&registered, &genesis);
        for (operator, keys) in operators.iter().zip(&keys) {
            ceremony::check_registry(operator.rpc(), &artifacts, &plan, registry)
                .await
                .expect("the Registry is the plan's");
            ceremony::register(operator, registry, keys, U256::from(BOND + STAKE))
                .await
                .expect("the operator registers");
            ceremony::agree(operator, registry, agreement)
                .await
                .expect("the operator agrees");
        }
        Self {
            deployer,
            operators,
            keys,
            members,
            plan,
            artifacts,
            registry,
            genesis,
        }
    }

    /// Takes the steps of the creation that are left, as `wallet`; gives how many it took.
    ///
    /// # Errors
    /// As the ceremony says.
    pub async fn create(&self, wallet: &Wallet) -> Result<usize, CeremonyError> {
        let (registry, artifacts) = (self.registry, &self.artifacts);
        let (genesis, paid) = (&self.genesis, U256::ZERO);
        let mut say = |_| {};
        let mined = ceremony::create(wallet, registry, artifacts, genesis, paid, &mut say).await?;
        Ok(mined.len())
    }
}

impl Stage {
    /// Runs the whole ceremony with `count` operators on a fresh anvil.
    ///
    /// # Panics
    /// When a step of it fails.
    pub async fn set(anvil: &Anvil, count: u64) -> Self {
        Self::of(Ready::make(anvil, count).await).await
    }

    /// Runs the whole ceremony with `count` operators for a genesis with this state root.
    ///
    /// # Panics
    /// As [`Stage::set`].
    pub async fn with_state(anvil: &Anvil, count: u64, state_root: B256) -> Self {
        Self::of(Ready::with_state(anvil, count, state_root).await).await
    }

    /// A stage whose genesis differs from [`Stage::with_state`]'s in what `change` does.
    ///
    /// # Panics
    /// As [`Stage::set`].
    pub async fn with_genesis(
        anvil: &Anvil,
        count: u64,
        state_root: B256,
        change: impl FnOnce(&mut IRegistry::Genesis),
    ) -> Self {
        Self::of(Ready::with_genesis(anvil, count, state_root, change).await).await
    }

    /// Takes all steps of the creation.
    async fn of(ready: Ready) -> Self {
        let taken = ready.create(&ready.deployer).await;
        let taken = taken.expect("the deployment is created");
        assert_eq!(taken, deployment::MANIFEST);
        let rpc = ready.deployer.rpc();
        let created = ceremony::read_back(rpc, ready.registry)
            .await
            .expect("the deployment is read back");
        let patience = Duration::from_secs(30);
        ceremony::wait_final(rpc, created.block, Finality::Tag, patience, &mut |_| {})
            .await
            .expect("the deployment becomes final");
        Self {
            deployer: ready.deployer,
            operators: ready.operators,
            keys: ready.keys,
            members: ready.members,
            plan: ready.plan,
            artifacts: ready.artifacts,
            created,
        }
    }

    /// What a follower of this deployment is told.
    #[must_use]
    pub fn config(&self) -> Config {
        Config {
            deployment: self.created.id,
            root_chain_id: self.created.root_chain_id,
            inbox: self.created.inbox,
            root_chain: self.created.root_chain,
            deployed_at: self.created.block,
            parent_hash: self.created.parent_hash,
            finality: Finality::Tag,
            range: 1_000,
            kept_messages: 4_096,
            kept_checkpoints: 256,
            poll_ms: 200,
            longest_wait_ms: 1_000,
            patience_ms: 5_000,
            stall_ms: Config::stall_ms(Finality::Tag),
        }
    }

    /// A new account with a hundred coins.
    ///
    /// # Panics
    /// When the transfer fails.
    pub async fn account(&self, anvil: &Anvil, name: &str) -> Wallet {
        let account = wallet(anvil, key_of(name)).await;
        fund(&self.deployer, &[account.address()]).await;
        account
    }

    /// Deposits native coin for the depositor's own account on the child.
    ///
    /// # Errors
    /// As the wallet says.
    pub async fn deposit(&self, from: &Wallet, amount: u128) -> Result<Receipt, WalletError> {
        let at = At::Latest;
        let quote = IVault::quoteCall { native: amount };
        let value = view_call(from.rpc(), self.created.vault, quote, at).await?;
        let call = IVault::depositNativeCall {
            amount,
            recipient: IVault::Account {
                kind: 0,
                id: from.address().into_array().into(),
            },
            refund: from.address(),
        };
        let call = Call {
            value,
            ..Call::to(self.created.vault, call.abi_encode())
        };
        from.execute(call).await
    }

    /// Count and hash chain of the inbox now.
    ///
    /// # Panics
    /// When the node does not answer.
    pub async fn inbox_head(&self) -> (u64, B256) {
        let rpc = self.deployer.rpc();
        let inbox = self.created.inbox;
        let count = view_call(rpc, inbox, IInbox::countCall {}, At::Latest)
            .await
            .expect("the Inbox answers");
        let link = view_call(rpc, inbox, IInbox::linkCall { index: count }, At::Latest)
            .await
            .expect("the Inbox answers");
        (count, link.link)
    }

    /// Checkpoints that root accepted.
    ///
    /// # Panics
    /// When the node does not answer.
    pub async fn accepted(&self) -> u64 {
        let rpc = self.deployer.rpc();
        view_call(
            rpc,
            self.created.root_chain,
            IRootChain::headCall {},
            At::Latest,
        )
        .await
        .expect("RootChain answers")
        .accepted
    }
}

async fn fund(from: &Wallet, addresses: &[Address]) {
    let mut sent = Vec::new();
    for address in addresses {
        let call = Call {
            value: U256::from(100) * ETHER,
            ..Call::to(*address, Vec::new())
        };
        sent.push(from.send(call).await.expect("the deployer has coin"));
    }
    for sent in sent {
        from.wait(sent).await.expect("the coin arrives");
    }
}

fn members(operators: &[Wallet], keys: &[OperatorKeys]) -> Vec<Member> {
    (0u16..)
        .zip(operators.iter().zip(keys))
        .map(|(seat, (operator, keys))| Member {
            at_risk: true,
            seat,
            operator: operator.address().into_array(),
            registration: u64::from(seat) + 1,
            consensus_key: keys.consensus_key(),
            checkpoint_key: keys.checkpoint_key(),
            power: (STAKE / UNIT) as u64,
        })
        .collect()
}

fn registered(member: &Member) -> Registered {
    Registered {
        operator: member.operator,
        registration: member.registration,
        consensus_key: member.consensus_key,
        checkpoint_key: member.checkpoint_key,
        stake: STAKE,
        bond: BOND,
    }
}

fn genesis(members: &[Member], state_root: B256) -> IRegistry::Genesis {
    let set = set::commit(members).expect("the operators make a set");
    IRegistry::Genesis {
        stateRoot: state_root,
        sigma: U256::from(STAKE) * U256::from(members.len()),
        rootChain: IRootChain::Parameters {
            setCommitment: set.commitment,
            unit: UNIT,
            challengeSecs: 4,
            evidenceSecs: 20,
            unbondingSecs: 60,
            exitTimeoutSecs: 1_860,
            graceSecs: 600,
            rootBlockSecs: 1,
            epochMaxSecs: 60,
            epochMinSecs: 20,
            revealBlocks: 8,
            epochBlocks: 16,
            recordSlots: 70,
        },
        inbox: IInbox::Parameters {
            delaySecs: 5,
            intervalMs: 10,
            price: 1_000_000_000,
            doublingSecs: 3_600,
        },
        court: ICourt::Parameters {
            minCut: 1_000_000,
            reward: BOND / 3,
        },
        challenges: IDataChallenges::Parameters {
            answerSecs: 1,
            proveSecs: 1,
            slotSecs: 1,
            floor: 1_000_000_000,
        },
    }
}

//! The root client, the ceremony and the relayer against a real anvil: re-orgs, outages, lies and crashes included.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolEvent};
use plasmid::cli::connect::Deployment;
use plasmid::node::root::RootReader;
use plasmid_bridge::abi::{IInbox, IRegistry, IRootChain, IVault, created_by};
use plasmid_bridge::client::ceremony::{
    self, Artifacts, CeremonyError, OperatorKeys, RegistryPlan,
};
use plasmid_bridge::client::follower::{Follower, view_call};
use plasmid_bridge::client::position::PositionFile;
use plasmid_bridge::client::relayer::{Relayer, Source};
use plasmid_bridge::client::rpc::{At, Call, Receipt, Rpc};
use plasmid_bridge::client::wallet::{ETHER, Fees, Wallet, WalletError};
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::inbox::{Body, Message, link, message_hash};
use plasmid_bridge::proof::{bls, deployment, set};
use plasmid_bridge::relay::acceptance::is_final;
use plasmid_bridge::relay::inbox::View;
use plasmid_bridge::relay::outbox::{CheckpointOffer, Notice, Policy};
use plasmid_bridge::relay::seen::{Anchor, Finality};
use plasmid_bridge::relay::track::EndpointStanding;
use plasmid_proto::chain::v1::GetStatusResponse;
use plasmid_tests::anvil::Anvil;
use plasmid_tests::running::proxy::Proxy;
use plasmid_tests::stage::{FIRST_KEY, Ready, Stage, key_of, wallet};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn follow(stage: &Stage, urls: &[String]) -> Follower {
    Follower::start(stage.config(), Anchor::GENESIS, None, urls).expect("the follower starts")
}

/// Waits until the view is as wanted.
pub(super) async fn until(follower: &Follower, what: &str, wanted: impl Fn(&View) -> bool) -> View {
    let start = Instant::now();
    loop {
        let view = follower.view().borrow().clone();
        if wanted(&view) {
            return view.as_ref().clone();
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{what}: {:?} {} messages, {} accepted, healthy {}",
            view.standings,
            view.count(),
            view.accepted,
            view.healthy
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Mines blocks on a chain that is paused until there is code at an address.
async fn mine_until_code(rpc: &Rpc, address: Address) {
    let start = Instant::now();
    while rpc.code(address, At::Latest).await.unwrap().is_empty() {
        assert!(start.elapsed() < PATIENCE, "no code at {address}");
        rpc.once("evm_mine", json!([])).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn is_chained(view: &View) {
    let mut previous = view.anchor.link;
    for entry in &view.entries {
        previous = link(entry.index, &previous, &message_hash(&entry.bytes));
        assert_eq!(previous, entry.link);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_of_the_creation_go_on_where_they_were_cut_short_whoever_takes_them() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = Anvil::start(folder.path()).await;
    let ready = Ready::make(&anvil, 2).await;
    let registry = ready.registry;
    let step = |step: u64, code: &Bytes| IRegistry::createCall {
        step: U256::from(step),
        genesis: ready.genesis.clone(),
        code: code.clone(),
    };
    let refused = |error: WalletError| match error {
        WalletError::WouldRevert(why) => why,
        other => panic!("{other}"),
    };
    // Somebody takes a step with other code, or another step: nothing stands, and both are told.
    let stranger = &ready.deployer;
    let [(_, inbox), (_, vault), ..] = ready.artifacts.manifest() else {
        panic!("the manifest begins with Inbox and Vault");
    };
    let other = Call::to(registry, step(0, vault).abi_encode());
    let why = refused(stranger.execute(other).await.unwrap_err());
    assert!(why.contains("the code of step 0 has hash"), "{why}");
    let early = Call::to(registry, step(1, vault).abi_encode());
    let why = refused(stranger.execute(early).await.unwrap_err());
    assert!(why.contains("step 0 of the creation is next"), "{why}");

    // A run that ends after its first step. From then on nobody can take anything back.
    let first = Call::to(registry, step(0, inbox).abi_encode());
    stranger.execute(first).await.unwrap();
    let refund = Call::to(registry, IRegistry::refundCall {}.abi_encode());
    let why = refused(ready.operators[1].execute(refund).await.unwrap_err());
    assert!(why.contains("locked until root time"), "{why}");
    let half = ceremony::read_back(stranger.rpc(), registry).await;
    assert!(matches!(half, Err(CeremonyError::NotCreated(_))));

    // Two go on at once, and finish together; a third finds nothing to do.
    let (one, two) = tokio::join!(
        ready.create(&ready.operators[0]),
        ready.create(&ready.operators[1])
    );
    // All but the first, which was taken before.
    let rest = ready.artifacts.manifest().len() - 1;
    assert_eq!(one.unwrap() + two.unwrap(), rest);
    assert_eq!(ready.create(stranger).await.unwrap(), 0);
    let created = ceremony::read_back(stranger.rpc(), registry).await.unwrap();
    let native = IVault::escrowCall {
        token: Address::ZERO,
    };
    let held = view_call(stranger.rpc(), created.vault, native, At::Latest).await;
    assert_eq!(held.unwrap(), ready.genesis.sigma);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_stake_is_sent_before_the_registry_is_final_and_none_is_called_registered_that_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = Anvil::start(folder.path()).await;
    let rpc = anvil.rpc();
    let artifacts = Artifacts::embedded().unwrap();
    let operator = wallet(&anvil, FIRST_KEY).await;
    let entropy = key_of("checkpoint key");
    let checkpoint = bls::SecretKey::from_entropy(&entropy).unwrap();
    let keys = OperatorKeys::new(&key_of("consensus key"), checkpoint);
    let plan = RegistryPlan {
        operators: vec![operator.address()],
        bond: 1,
        lock_secs: 600,
        salt: B256::ZERO,
    };
    let registry = plan.registry(&artifacts).1;
    let told = Mutex::new(Vec::new());
    let wait = async |patience| {
        let mut tell = |what: &str| told.lock().unwrap().push(what.to_owned());
        let finality = Finality::Tag;
        ceremony::wait_registry_final(&rpc, &artifacts, &plan, finality, patience, &mut tell).await
    };

    // The Registry stands in the newest block, which is not final, and a reorganisation takes it away again.
    anvil.pause(true).await;
    let deploy = ceremony::deploy(&operator, &artifacts, &plan);
    let (deployed, ()) = tokio::join!(deploy, mine_until_code(&rpc, registry));
    assert_eq!(deployed.unwrap(), registry);
    let early = wait(Duration::from_millis(300)).await.unwrap_err();
    assert!(matches!(early, CeremonyError::NotFinal { .. }), "{early}");
    let said = told.lock().unwrap().join(" ");
    assert!(said.contains("the newest final block is"), "{said}");
    anvil.reorganise(1).await;
    assert!(rpc.code(registry, At::Latest).await.unwrap().is_empty());

    operator.resync().await;
    // Who sends stake nevertheless is told that nobody is registered, with the transaction that carried it.
    anvil.pause(false).await;
    let stake = U256::from(1_000_000_000);
    let lost = ceremony::register(&operator, registry, &keys, stake).await;
    let Err(CeremonyError::EventMissing { hash, .. }) = lost else {
        panic!("{lost:?}");
    };
    assert!(rpc.receipt(hash).await.unwrap().unwrap().succeeded);
    assert_eq!(rpc.balance(registry).await.unwrap(), stake);

    ceremony::deploy(&operator, &artifacts, &plan)
        .await
        .unwrap();
    wait(PATIENCE).await.unwrap();
    ceremony::register(&operator, registry, &keys, stake)
        .await
        .unwrap();
    ceremony::refund(&operator, registry).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_waits_until_the_vault_is_final() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = Anvil::start(folder.path()).await;
    let ready = Ready::make(&anvil, 1).await;
    let rpc = anvil.rpc();
    let [inbox, vault, root_chain] = created_by(ready.registry).map(|one| one.to_string());
    let status = GetStatusResponse {
        deployment_id: vec![0; 20],
        root_chain_id: 31_337,
        inbox,
        vault,
        root_chain,
        ..GetStatusResponse::default()
    };
    let deployment = Deployment::of(ready.registry, &status).unwrap();

    // The Vault stands in the newest block, and a reorganisation could still take it away.
    anvil.pause(true).await;
    let steps = async || {
        for (step, (_, code)) in ready.artifacts.manifest().iter().take(2).enumerate() {
            let call = IRegistry::createCall {
                step: U256::from(step),
                genesis: ready.genesis.clone(),
                code: code.clone(),
            };
            let call = Call::to(ready.registry, call.abi_encode());
            ready.deployer.execute(call).await.unwrap();
        }
    };
    tokio::join!(steps(), mine_until_code(&rpc, deployment.vault));
    let early = deployment.require_final(&rpc, 0).await.unwrap_err();
    assert!(early.to_string().contains("does not stand"), "{early}");
    anvil.pause(false).await;
    let start = Instant::now();
    while let Err(error) = deployment.require_final(&rpc, 0).await {
        assert!(start.elapsed() < PATIENCE, "{error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ceremony_makes_a_deployment_and_deposits_reach_the_view_that_the_node_reads() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = Anvil::start(folder.path()).await;
    let stage = Stage::set(&anvil, 4).await;
    let created = &stage.created;
    assert_eq!(created.set, set::commit(&stage.members).unwrap().commitment);
    assert!(created.chain_id().starts_with("plasmid-"));

    // What an operator must notice before it sends stake.
    let other = RegistryPlan {
        bond: 1,
        ..stage.plan.clone()
    };
    let refused = ceremony::check_registry(
        stage.deployer.rpc(),
        &stage.artifacts,
        &other,
        created.registry,
    )
    .await;
    assert!(matches!(refused, Err(CeremonyError::OtherRegistry { .. })));
    let late = ceremony::register(
        &stage.operators[0],
        created.registry,
        &stage.keys[0],
        U256::from(2_000_000_000_000_000_000_u128),
    )
    .await
    .unwrap_err();
    assert!(
        matches!(late, CeremonyError::Wallet(WalletError::WouldRevert(_))),
        "{late}"
    );
    // Nothing is deployed twice.
    let again = ceremony::deploy(&stage.deployer, &stage.artifacts, &stage.plan).await;
    assert_eq!(again.unwrap(), created.registry);

    let follower = follow(&stage, &[anvil.url()]);
    let root = RootReader::of(&follower);
    let person = stage.account(&anvil, "person").await;
    let amounts = [7_u128, 1_000_000, 5_000_000_000_000_000_000];
    for amount in amounts {
        stage.deposit(&person, amount).await.unwrap();
    }
    force(&stage, &person, &[1, 2, 3]).await;
    let (count, head) = stage.inbox_head().await;
    assert_eq!(count, 4);
    let view = until(&follower, "four messages", |view| view.count() == 4).await;
    is_chained(&view);
    assert_eq!(view.link(4), Some(head));
    for (entry, amount) in view.entries.iter().zip(amounts) {
        match Message::decode(&entry.bytes).unwrap().body {
            Body::Deposit(deposit) => assert_eq!(deposit.amount, amount),
            other => panic!("{other:?}"),
        }
    }
    reads_on_from_its_file(&stage, &anvil, folder.path()).await;
    assert_eq!(
        root.report(0, B256::ZERO, 2),
        Some((2, view.link(2).unwrap()))
    );
    assert_eq!(root.report(2, view.link(2).unwrap(), 64), Some((4, head)));
    assert_eq!(root.messages(1, 4).unwrap().len(), 3);
    root.consumed(3, view.link(3).unwrap());
    let view = until(&follower, "three are dropped", |view| {
        view.anchor.index == 3
    })
    .await;
    assert_eq!(view.entries.len(), 1);
    assert_eq!(root.check(), Ok(()));
    // The child of another history: a person must look.
    root.consumed(4, B256::repeat_byte(9));
    until(&follower, "the difference is noticed", |view| !view.healthy).await;
    assert!(
        root.check()
            .unwrap_err()
            .to_string()
            .contains("another history")
    );
}

/// A follower keeps how far it has read, and another one begins there; a damaged file costs time only.
async fn reads_on_from_its_file(stage: &Stage, anvil: &Anvil, folder: &std::path::Path) {
    let path = folder.join("root_position");
    for round in 0..3 {
        let file = PositionFile::open(&path, stage.created.id);
        assert_eq!(file.position().is_some(), round == 1, "round {round}");
        let urls = [anvil.url()];
        let follower = Follower::start(stage.config(), Anchor::GENESIS, Some(file), &urls);
        let follower = follower.expect("the follower starts");
        let view = until(&follower, "four messages", |view| view.count() == 4).await;
        is_chained(&view);
        until(&follower, "the file", |_| path.exists()).await;
        drop(follower);
        if round == 1 {
            std::fs::write(&path, b"damaged").unwrap();
        }
    }
}

async fn force(stage: &Stage, from: &Wallet, transaction: &[u8]) {
    let inbox = stage.created.inbox;
    let value = view_call(from.rpc(), inbox, IInbox::priceCall {}, At::Latest)
        .await
        .unwrap();
    let call = IInbox::forceCall {
        transaction: transaction.to_vec().into(),
    };
    let call = Call {
        value,
        ..Call::to(inbox, call.abi_encode())
    };
    from.execute(call).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorganisation_above_finality_and_an_outage_are_survived() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = Anvil::start(folder.path()).await;
    let stage = Stage::set(&anvil, 1).await;
    let follower = follow(&stage, &[anvil.url()]);
    let person = stage.account(&anvil, "person").await;
    stage.deposit(&person, 1).await.unwrap();
    until(&follower, "one message", |view| view.count() == 1).await;

    // A deposit that is mined and then reorganised away before it is final.
    stage.deposit(&person, 2).await.unwrap();
    anvil.reorganise(1).await;
    person.resync().await;
    let view = until(&follower, "two more blocks", |view| {
        view.finalized
            .is_some_and(|block| block.number > stage.created.block)
    })
    .await;
    assert!(view.healthy);
    stage.deposit(&person, 3).await.unwrap();
    let (count, head) = stage.inbox_head().await;
    let view = until(&follower, "what is final now", |view| {
        view.count() == count && view.link(count) == Some(head)
    })
    .await;
    is_chained(&view);
    assert!(view.healthy);

    // The node of the root chain goes away and comes back with its state.
    let before = follower.view().borrow().clone();
    // It keeps a block with transactions before it mines the next one: what it loses is not final.
    let options = anvil.kill();
    until(&follower, "the outage is noticed", |view| {
        matches!(view.standings[0], EndpointStanding::Failing(_))
    })
    .await;
    let during = follower.view().borrow().clone();
    assert_eq!(during.entries, before.entries, "what was known stays");
    let anvil = Anvil::resume(options).await;
    person.resync().await;
    stage.deposit(&person, 4).await.unwrap();
    let view = until(&follower, "it is followed on", |view| {
        view.count() == count + 1
    })
    .await;
    is_chained(&view);
    assert!(view.healthy);
    drop(anvil);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_root_chains_behind_two_endpoints_never_agree_and_one_started_afresh_is_refused() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let anvil = Anvil::start(folders[0].path()).await;
    let other = Anvil::start(folders[1].path()).await;
    let stage = Stage::set(&anvil, 1).await;
    let person = stage.account(&anvil, "person").await;
    stage.deposit(&person, 1).await.unwrap();
    let both = follow(&stage, &[anvil.url(), other.url()]);
    let alone = follow(&stage, &[anvil.url()]);
    until(&alone, "one endpoint is enough", |view| view.count() == 1).await;
    until(&both, "the stranger is noticed", |view| {
        matches!(view.standings[1], EndpointStanding::OtherOrigin { .. })
    })
    .await;
    let view = both.view().borrow().clone();
    assert!(!view.healthy);
    assert_eq!(view.count(), 0);
    let refusal = RootReader::of(&both).check().unwrap_err();
    assert!(refusal.to_string().contains("started afresh"), "{refusal}");
    let same = follow(&stage, &[anvil.url(), anvil.url()]);
    until(&same, "two that agree", |view| {
        view.healthy && view.count() == 1
    })
    .await;
}

/// A child chain as a relayer sees it: it makes each checkpoint once, with whatever root's inbox held then.
pub(super) struct Child<'a> {
    stage: &'a Stage,
    follower: &'a Follower,
    absent: Option<u16>,
    pub(super) epochs: u64,
    made: Mutex<Vec<Checkpoint>>,
}

impl<'a> Child<'a> {
    pub(super) fn new(stage: &'a Stage, follower: &'a Follower, epochs: u64) -> Self {
        Self {
            stage,
            follower,
            absent: None,
            epochs,
            made: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn checkpoint(&self, epoch: u64) -> Checkpoint {
        let view = self.follower.view().borrow().clone();
        let mut made = self.made.lock().unwrap();
        while made.len() as u64 <= epoch {
            let next = made.len() as u64;
            let first = deployment::salt(&self.stage.created.id);
            let last: Option<&Checkpoint> = made.last();
            let least = last.map_or(0, |last| last.inbox_cursor);
            // Half an epoch behind root, as a child is.
            let cursor = view.count().saturating_sub(1).max(least);
            let checkpoint = Checkpoint {
                deployment: self.stage.created.id,
                epoch: next,
                last_block_time: view.finalized.map_or(0, |block| block.time),
                blocks_root: keccak256(next.to_be_bytes()),
                state_root: keccak256([1]),
                inbox_cursor: cursor,
                inbox_link: view.link(cursor).unwrap(),
                next_set: self.stage.created.set,
                relayer: [3; 20],
                previous: last.map_or(first, Checkpoint::digest),
            };
            made.push(checkpoint);
        }
        made[epoch as usize]
    }
}

impl Source for Child<'_> {
    async fn offers(&self, epoch: u64) -> Result<Vec<CheckpointOffer>, String> {
        if epoch >= self.epochs {
            return Ok(Vec::new());
        }
        let checkpoint = self.checkpoint(epoch);
        let digest = checkpoint.digest();
        let shares = (0u16..)
            .zip(&self.stage.keys)
            .filter(|(number, _)| Some(*number) != self.absent)
            .map(|(number, keys)| (number, keys.checkpoint().sign_checkpoint(&digest)))
            .collect();
        Ok(vec![CheckpointOffer {
            checkpoint,
            members: self.stage.members.clone(),
            shares,
        }])
    }
}

fn quick() -> Policy {
    Policy {
        poll_ms: 100,
        linger_ms: 300,
        patience_secs: 0,
        stuck_ms: 8_000,
    }
}

pub(super) async fn relayer(stage: &Stage, anvil: &Anvil, key: &str) -> Relayer {
    relayer_behind(stage, &anvil.url(), key).await
}

/// A relayer that asks and pays at this endpoint of root.
async fn relayer_behind(stage: &Stage, url: &str, key: &str) -> Relayer {
    let wallet = plasmid_tests::stage::wallet_at(url, key_of(key)).await;
    let own = follow(stage, &[url.to_owned()]);
    let created = &stage.created;
    Relayer::open(wallet, own, created.inbox, created.root_chain, quick())
        .await
        .unwrap()
}

/// Runs a relayer until a notice is as wanted, then drops it where it stands.
pub(super) async fn run_until(
    relayer: Relayer,
    child: &impl Source,
    wanted: impl Fn(&Notice) -> bool,
) -> Vec<Notice> {
    let (said_in, mut said) = tokio::sync::mpsc::unbounded_channel();
    let mut notices = Vec::new();
    let wait = async {
        while let Some(notice) = said.recv().await {
            println!("{notice:?}");
            let found = wanted(&notice);
            notices.push(notice);
            if found {
                return;
            }
        }
    };
    tokio::select! {
        _ = relayer.run(child, |notice| { let _ = said_in.send(notice.clone()); }) => {}
        () = wait => {}
        () = tokio::time::sleep(PATIENCE) => panic!("the relayer did not get there"),
    }
    notices
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_are_accepted_and_a_relayer_that_is_killed_resumes_and_pays_once() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = Anvil::start(folder.path()).await;
    let stage = Stage::set(&anvil, 4).await;
    let account = stage.account(&anvil, "relayer").await;
    let person = stage.account(&anvil, "person").await;
    for amount in 1..4 {
        stage.deposit(&person, amount).await.unwrap();
    }
    let follower = follow(&stage, &[anvil.url()]);
    until(&follower, "the deposits", |view| view.count() == 3).await;
    let mut child = Child::new(&stage, &follower, 4);

    // Killed between submission and receipt, three times.
    for _ in 0..3 {
        let first = relayer(&stage, &anvil, "relayer").await;
        run_until(first, &child, |notice| {
            matches!(notice, Notice::Sent { .. })
        })
        .await;
    }
    let last = relayer(&stage, &anvil, "relayer").await;
    run_until(last, &child, |notice| {
        matches!(notice, Notice::Accepted { epoch: 3, .. })
    })
    .await;
    assert_eq!(stage.accepted().await, 4);
    let spent = account.rpc().nonce(account.address(), At::Latest).await;
    assert_eq!(spent.unwrap(), 4, "four checkpoints, four transactions");

    let view = until(&follower, "four acceptances", |view| view.accepted == 4).await;
    for (epoch, record) in &view.acceptances {
        assert_eq!(record.carrier, account.address());
        assert_eq!(record.digest, child.checkpoint(*epoch).digest());
        assert_eq!(record.signers[0], 0b1111);
    }
    // Every acceptance is a message too; later checkpoints consume them.
    child.epochs = 6;
    child.absent = Some(2);
    let again = relayer(&stage, &anvil, "relayer").await;
    let notices = run_until(again, &child, |notice| {
        matches!(
            notice,
            Notice::Paid {
                epoch: 5,
                succeeded: true,
                ..
            }
        )
    })
    .await;
    for notice in notices {
        match notice {
            Notice::Paid { gas_used, .. } => println!("one absent of four: {gas_used} gas"),
            Notice::Sent { absent, .. } => assert_eq!(absent, 1),
            _ => {}
        }
    }
    // What is final here is final there.
    let view = until(&follower, "six acceptances", |view| view.accepted == 6).await;
    let record = &view.acceptances[&0];
    let now = view.finalized.unwrap().time;
    println!(
        "checkpoint 0 at {now}: {:?}",
        is_final(&view.acceptances, &view.end, 0, now, 3)
    );
    let start = Instant::now();
    loop {
        let view = follower.view().borrow().clone();
        let now = view.finalized.unwrap().time;
        if is_final(&view.acceptances, &view.end, 0, now, 3).is_ok() {
            break;
        }
        assert!(start.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let call = IRootChain::isFinalCall {
        checkpoint: (&record.checkpoint).into(),
        acceptance: record.into(),
    };
    assert!(
        view_call(
            stage.deployer.rpc(),
            stage.created.root_chain,
            call,
            At::Latest
        )
        .await
        .unwrap()
    );
}

/// The place in the inbox of the message that a transaction sent, by its event.
fn message_of(receipt: &Receipt) -> u64 {
    let indices: Vec<u64> = receipt
        .logs
        .iter()
        .filter(|log| log.topics.first() == Some(&IInbox::MessageSent::SIGNATURE_HASH))
        .map(|log| U256::from_be_bytes(log.topics[1].0).to())
        .collect();
    assert_eq!(indices.len(), 1);
    indices[0]
}

/// Hands in `count` forced transactions that go before a relayer's in a block.
async fn flood(stage: &Stage, from: &Wallet, count: u64) -> Vec<B256> {
    let fees = from.fees().await.unwrap();
    let fees = Fees {
        max: fees.max * 4,
        tip: fees.max * 2,
    };
    let mut hashes = Vec::new();
    for number in 0..count {
        let call = IInbox::forceCall {
            transaction: number.to_be_bytes().to_vec().into(),
        };
        let call = Call {
            value: ETHER / U256::from(1_000),
            ..Call::to(stage.created.inbox, call.abi_encode())
        };
        hashes.push(from.send_with(call, 200_000, fees).await.unwrap().hash());
    }
    hashes
}

/// Runs a relayer until its submission waits in the pool: from here on a block is mined when the test says so.
async fn submission_in_the_pool(anvil: &Anvil, relayer: Relayer, child: &Child<'_>) -> B256 {
    anvil.pause(true).await;
    let sent = |notice: &Notice| matches!(notice, Notice::Sent { .. });
    let notices = run_until(relayer, child, sent).await;
    match notices.last() {
        Some(Notice::Sent { hash, .. }) => *hash,
        _ => panic!("{notices:?}"),
    }
}

/// More messages come in front of a submission than root's ring holds: the cursor, forty messages back, is out of it by then.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_that_pushes_an_old_cursor_out_of_the_ring_does_not_make_a_submission_revert() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = Anvil::start(folder.path()).await;
    let stage = Stage::set(&anvil, 4).await;
    stage.account(&anvil, "relayer").await;
    let griefer = stage.account(&anvil, "griefer").await;
    flood(&stage, &griefer, 3).await;
    let follower = follow(&stage, &[anvil.url()]);
    until(&follower, "three messages", |view| view.count() == 3).await;
    let child = Child::new(&stage, &follower, 1);
    assert_eq!(child.checkpoint(0).inbox_cursor, 2);
    flood(&stage, &griefer, 40).await;
    until(&follower, "forty more", |view| view.count() == 43).await;
    let relayer = relayer(&stage, &anvil, "relayer").await;

    let rpc = anvil.rpc();
    let hash = submission_in_the_pool(&anvil, relayer, &child).await;
    let before = flood(&stage, &griefer, 260).await;
    rpc.once("evm_mine", json!([])).await.unwrap();
    let submission = rpc.receipt(hash).await.unwrap().expect("it is mined");
    let last = rpc
        .receipt(before[259])
        .await
        .unwrap()
        .expect("it is mined");
    assert_eq!(last.block, submission.block);
    assert_eq!(message_of(&last), 303);
    assert!(submission.succeeded);
    assert_eq!(message_of(&submission), 304, "it came last");
    assert_eq!(stage.accepted().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relayer_does_not_pay_for_what_another_one_has_in_the_pool() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = Anvil::start(folder.path()).await;
    let stage = Stage::set(&anvil, 4).await;
    stage.account(&anvil, "first relayer").await;
    let late = stage.account(&anvil, "second relayer").await;
    let follower = follow(&stage, &[anvil.url()]);
    until(&follower, "the first final block", |view| {
        view.finalized.is_some()
    })
    .await;
    let child = Child::new(&stage, &follower, 1);
    let first = relayer(&stage, &anvil, "first relayer").await;
    let seen = Proxy::start(&anvil.url(), 1).await;
    let second = relayer_behind(&stage, seen.url(), "second relayer").await;
    let rpc = anvil.rpc();
    submission_in_the_pool(&anvil, first, &child).await;
    // The second one asks root some forty questions before the block comes.
    let (asked, start) = (seen.asked(), Instant::now());
    let mine = async {
        while seen.asked() < asked + 40 {
            assert!(
                start.elapsed() < PATIENCE,
                "the second relayer does not look at root"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        rpc.once("evm_mine", json!([])).await.unwrap();
    };
    let accepted = |notice: &Notice| matches!(notice, Notice::Accepted { epoch: 0, .. });
    let (notices, ()) = tokio::join!(run_until(second, &child, accepted), mine);
    let sent = |notice: &Notice| matches!(notice, Notice::Sent { .. });
    assert!(!notices.iter().any(sent), "{notices:?}");
    let spent = late.rpc().nonce(late.address(), At::Pending).await;
    assert_eq!(spent.unwrap(), 0);
    assert_eq!(stage.accepted().await, 1);
}

/// Every message is due, so the submission names the inbox's own count: the first message that comes in front changes that count.
#[tokio::test(flavor = "multi_thread")]
async fn messages_in_front_of_a_submission_in_its_own_block_do_not_make_it_revert() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = Anvil::start(folder.path()).await;
    let stage = Stage::set(&anvil, 4).await;
    stage.account(&anvil, "relayer").await;
    let person = stage.account(&anvil, "person").await;
    let griefer = stage.account(&anvil, "griefer").await;
    for amount in 1..4 {
        stage.deposit(&person, amount).await.unwrap();
    }
    let follower = follow(&stage, &[anvil.url()]);
    until(&follower, "three messages, all due", |view| {
        let due = view.entries.last().map_or(u64::MAX, |entry| entry.due);
        view.count() == 3
            && view
                .finalized
                .is_some_and(|block| block.time * 1_000 >= due)
    })
    .await;
    let child = Child::new(&stage, &follower, 1);
    let relayer = relayer(&stage, &anvil, "relayer").await;

    let rpc = anvil.rpc();
    let hash = submission_in_the_pool(&anvil, relayer, &child).await;
    let before = flood(&stage, &griefer, 3).await;
    assert!(rpc.receipt(hash).await.unwrap().is_none());
    rpc.once("evm_mine", json!([])).await.unwrap();

    let submission = rpc.receipt(hash).await.unwrap().expect("it is mined");
    for (message, hash) in (4..).zip(before) {
        let receipt = rpc.receipt(hash).await.unwrap().expect("it is mined");
        assert!(receipt.succeeded);
        assert_eq!(receipt.block, submission.block);
        assert_eq!(message_of(&receipt), message);
    }
    assert!(submission.succeeded);
    assert_eq!(message_of(&submission), 7, "it came last");
    assert_eq!(stage.accepted().await, 1);
    anvil.pause(false).await;
    let view = until(&follower, "the acceptance", |view| view.accepted == 1).await;
    assert_eq!(view.acceptances[&0].due_count, 3, "all that were due");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relayers_race_and_every_checkpoint_is_accepted_once() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = Anvil::start(folder.path()).await;
    let stage = Stage::set(&anvil, 4).await;
    let accounts = [
        stage.account(&anvil, "first relayer").await,
        stage.account(&anvil, "second relayer").await,
    ];
    let follower = follow(&stage, &[anvil.url()]);
    until(&follower, "the first final block", |view| {
        view.finalized.is_some()
    })
    .await;
    let child = Child::new(&stage, &follower, 5);
    let done = |notice: &Notice| matches!(notice, Notice::Accepted { epoch: 4, .. });
    let first = relayer(&stage, &anvil, "first relayer").await;
    let second = relayer(&stage, &anvil, "second relayer").await;
    tokio::join!(
        run_until(first, &child, done),
        run_until(second, &child, done)
    );
    assert_eq!(stage.accepted().await, 5);
    let view = until(&follower, "five acceptances", |view| view.accepted == 5).await;
    let carriers: Vec<_> = view
        .acceptances
        .values()
        .map(|record| record.carrier)
        .collect();
    assert!(
        carriers
            .iter()
            .all(|carrier| accounts.iter().any(|account| account.address() == *carrier))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_stuck_is_replaced_by_fee_and_done_once() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = Anvil::start(folder.path()).await;
    let rpc = std::sync::Arc::new(anvil.rpc());
    let key = plasmid_bridge::client::wallet::Key::from_bytes(&alloy_primitives::hex!(
        "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
    ))
    .unwrap();
    let impatient = plasmid_bridge::client::wallet::FeePolicy {
        stuck: Duration::from_millis(1),
        poll: Duration::from_millis(20),
        ..plasmid_tests::stage::policy()
    };
    let wallet = Wallet::open(std::sync::Arc::clone(&rpc), key, 31337, impatient)
        .await
        .unwrap();
    let to = alloy_primitives::Address::repeat_byte(0x77);
    let call = Call {
        value: U256::from(5),
        ..Call::to(to, Vec::new())
    };
    for times in 1..4_u64 {
        let receipt = wallet.execute(call.clone()).await.unwrap();
        assert!(receipt.succeeded);
        assert_eq!(rpc.balance(to).await.unwrap(), U256::from(5 * times));
        assert_eq!(
            rpc.nonce(wallet.address(), At::Latest).await.unwrap(),
            times
        );
    }
    // A refusal is a sentence, and nothing is sent.
    let refused = wallet
        .execute(Call {
            value: U256::MAX >> 1,
            ..call
        })
        .await
        .unwrap_err();
    assert!(
        matches!(refused, WalletError::InsufficientFunds(_)),
        "{refused}"
    );
    assert_eq!(rpc.nonce(wallet.address(), At::Latest).await.unwrap(), 3);
}

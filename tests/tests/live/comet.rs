//! The application under four real CometBFT processes: blocks, deposits, transfers, checkpoints, proofs, crashes.

#![allow(
    clippy::type_complexity,
    reason = "one test's own tuple of what a block decided"
)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use alloy_primitives::B256;
use plasmid::app::pool::Limits as PoolLimits;
use plasmid::app::{App, Surroundings, identity};
use plasmid::chain::committed::leaf;
use plasmid::chain::genesis::Genesis as ChainGenesis;
use plasmid::chain::genesis::file::{File, Loaded};
use plasmid::chain::proof::LeafProof;
use plasmid::chain::tree::PastLimit;
use plasmid::engine::abci::{Address, Alarm, Limits, Server};
use plasmid::ledger::leaf::AccountLeaf;
use plasmid::ledger::parameters::MIN_USERS;
use plasmid::ledger::transaction::{Body, Data};
use plasmid::ledger::{Code, Slot};
use plasmid::localnet::comet::Comet;
use plasmid::localnet::port;
use plasmid::node::comet::genesis::{GenesisParts, ValidatorPart};
use plasmid::node::comet::{self, Config, EnginePace, EnginePeer, Genesis, Home, Settings};
use plasmid::node::tools::Tools;
use plasmid::store::{Store, open};
use plasmid::wire::engine_hash;
use plasmid_bridge::proof::inbox::{Body as Message, Deposit};
use plasmid_tests::harness::network::genesis;
use plasmid_tests::harness::people::{FEE, People};
use plasmid_tests::harness::{Inbox, Node as Validator, Plan, invariants};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

mod exported;
mod flood;

use flood::Flood;

const READY: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);
const POLLS: u32 = 4_000;

struct Node {
    validator: Validator,
    home: Home,
    folder: PathBuf,
    address: Address,
    program: PathBuf,
    app: Option<Arc<App>>,
    server: Option<(oneshot::Sender<()>, JoinHandle<Result<(), Alarm>>)>,
    comet: Option<Comet>,
}

struct Network {
    file: File,
    inbox: Inbox,
    people: People,
    nodes: Vec<Node>,
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], port::free().unwrap()).into()
}

impl Network {
    /// Validators, configured and not started.
    fn new(folder: &Path, count: u8) -> Self {
        let pace = EnginePace::local(plasmid_tests::pace_ms(20));
        Self::of(folder, count, pace, |_| {})
    }

    /// Starts it at a pace, with a genesis that `edit` has changed.
    fn of(
        folder: &Path,
        count: u8,
        pace: EnginePace,
        edit: impl FnOnce(&mut ChainGenesis),
    ) -> Self {
        let program = Tools::new(None).ensure_cometbft().unwrap();
        let inbox = Inbox::default();
        let validators: Vec<Validator> = (0..count)
            .map(|n| Validator::new(n, inbox.clone()))
            .collect();
        let Loaded {
            genesis: mut edited,
            root,
            ..
        } = genesis(&Plan::default(), &validators, now() - 10)
            .load()
            .unwrap();
        edit(&mut edited);
        let file = File::new(&edited, &root).unwrap();
        let loaded = file.load().unwrap();
        let homes: Vec<Home> = (0..count)
            .map(|n| Home::new(folder.join(format!("node{n}"))))
            .collect();
        let p2p: Vec<_> = homes.iter().map(|_| loopback()).collect();
        let (mut parts, mut peers) = (Vec::new(), Vec::new());
        for (number, (home, member)) in homes.iter().zip(&loaded.built.members).enumerate() {
            let key = home.ensure_consensus_key(&[number as u8 + 1; 32]).unwrap();
            assert_eq!(
                key, member.consensus_key,
                "the engine's key file holds the genesis key"
            );
            let (power, name) = (member.power, format!("node{number}"));
            parts.push(ValidatorPart { key, power, name });
            let id = home.ensure_node_key(&[0x40 + number as u8; 32]).unwrap();
            let address = p2p[number].to_string();
            peers.push(EnginePeer { id, address });
        }
        let parameters = &loaded.genesis.parameters;
        let comet_genesis = Genesis::new(GenesisParts {
            time_secs: loaded.root.time,
            chain_id: loaded.deployment.chain_id.clone(),
            max_block_bytes: parameters.max_block_bytes,
            max_evidence_bytes: u64::from(parameters.max_evidence_bytes),
            evidence_age_blocks: parameters.evidence_age_blocks,
            evidence_age_secs: parameters.evidence_age_secs,
            validators: parts,
            app_hash: Vec::new(),
            app_state: serde_json::to_value(&file).unwrap(),
        })
        .unwrap();
        let mut nodes = Vec::new();
        for (number, (validator, home)) in validators.into_iter().zip(homes).enumerate() {
            let address = Address::Unix(folder.join(format!("abci{number}.sock")));
            let mut settings = Settings::local(address.to_string(), loopback(), p2p[number], pace);
            settings.peers = peers.clone();
            settings.peers.remove(number);
            home.write_config(&Config::new(&settings)).unwrap();
            home.write_genesis(&comet_genesis).unwrap();
            nodes.push(Node {
                validator,
                home,
                folder: folder.join(format!("state{number}")),
                address,
                program: program.clone(),
                app: None,
                server: None,
                comet: None,
            });
        }
        Self {
            people: People::new(255, loaded.deployment.domain),
            file,
            inbox,
            nodes,
        }
    }

    async fn start_all(&mut self) {
        for node in &mut self.nodes {
            node.serve(&self.file).await;
        }
        for node in &mut self.nodes {
            node.launch().await;
        }
    }

    async fn wait_for_all(&self, height: u64) {
        for node in &self.nodes {
            node.wait_until(height).await;
        }
    }

    fn deposit(&self, to: u8, token: [u8; 20], amount: u128) {
        self.inbox.push(Message::Deposit(Deposit {
            token,
            amount,
            native: 0,
            recipient: People::account(to).bytes(),
            refund: [1; 20],
            depositor: [2; 20],
            decimals: 18,
            symbol_length: 0,
            symbol: [0; 32],
        }));
        for node in &self.nodes {
            node.validator.seen.look(0);
        }
    }

    fn transfer(&self, from: u8, sequence: u64, amount: u128) -> Vec<u8> {
        self.pay(from, 7, sequence, amount)
    }

    /// All that one with dust can pay for, in some order.
    fn dust(&self, number: u32) -> Vec<Vec<u8>> {
        let body = Body::Record {
            topic: [1; 32],
            data: Data::new(vec![7; 1_024]).unwrap(),
        };
        let sign = |sequence| {
            let people = &self.people;
            people.sign_stranger(number, sequence, FEE, u64::MAX, body.clone())
        };
        (0..EACH).map(|at| sign(at).to_vec()).collect()
    }

    fn pay(&self, from: u8, to: u8, sequence: u64, amount: u128) -> Vec<u8> {
        let body = Body::Transfer {
            to: People::account(to),
            token: [0; 20],
            amount,
        };
        self.people
            .sign(from, sequence, FEE, u64::MAX, body)
            .to_vec()
    }

    /// Every node has the same app hash at each height up to `height`.
    async fn compare(&self, height: u64) {
        for at in 1..=height {
            let hashes: Vec<String> = {
                let mut hashes = Vec::new();
                for node in &self.nodes {
                    hashes.push(node.app_hash(at).await);
                }
                hashes
            };
            assert!(
                hashes.iter().all(|hash| *hash == hashes[0]),
                "height {at}: {hashes:?}"
            );
        }
    }
}

impl Node {
    async fn serve(&mut self, file: &File) {
        let genesis = file.load().unwrap();
        let parameters = genesis.genesis.parameters;
        let (store, held) = open(&self.folder, identity(&genesis)).unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let surroundings = Surroundings {
            store,
            outlook: Arc::clone(&self.validator.seen) as _,
            signer: Some(self.validator.signer()),
            own_votes: None,
            pool: PoolLimits::default(),
            reexecute: true,
            retain_blocks: 0,
            past: PastLimit::MAX,
        };
        let app = Arc::new(App::new(genesis, held, surroundings).unwrap());
        let limits = Limits::new(parameters.max_block_bytes, 4, 242);
        let server = Server::bind(&self.address, limits).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = server.run(Arc::clone(&app), async move {
            let _ = stopped.await;
        });
        self.server = Some((stop, tokio::spawn(running)));
        self.app = Some(app);
    }

    async fn launch(&mut self) {
        let log = self.folder.with_extension("log");
        let comet = Comet::start(&self.program, &self.home, &log, READY).await;
        self.comet = Some(comet.unwrap());
    }

    /// The engine dies at once; the application goes on waiting for another.
    fn kill_engine(&mut self) {
        self.comet.take().unwrap().process().kill().unwrap();
    }

    /// The application goes too.
    async fn stop_application(&mut self) {
        let (stop, server) = self.server.take().unwrap();
        let _ = stop.send(());
        server.await.unwrap().unwrap();
        self.app = None;
    }

    fn app(&self) -> &App {
        self.app.as_ref().unwrap()
    }

    fn rpc(&self) -> &comet::Client {
        self.comet.as_ref().unwrap().rpc()
    }

    /// Where its engine's RPC listens.
    fn engine(&self) -> SocketAddr {
        let url = self.rpc().url().trim_start_matches("http://");
        url.trim_end_matches('/').parse().unwrap()
    }

    async fn height(&self) -> u64 {
        self.rpc()
            .status()
            .await
            .unwrap()
            .sync_info
            .latest_block_height
            .value()
    }

    async fn wait_until(&self, height: u64) {
        for _ in 0..POLLS {
            if self.height().await >= height {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("height {height} was not reached");
    }

    async fn app_hash(&self, height: u64) -> String {
        let commit = self.rpc().commit(Some(height + 1)).await.unwrap();
        commit.signed_header.header.app_hash.to_string()
    }

    fn account(&self, number: u8) -> AccountLeaf {
        let slot = Slot::Account(People::account(number));
        leaf(&self.app().state().tree, &slot)
            .unwrap()
            .unwrap_or_default()
    }

    /// Waits until the account's balance satisfies `holds`.
    async fn until(&self, number: u8, holds: impl Fn(&AccountLeaf) -> bool) {
        for _ in 0..POLLS {
            if holds(&self.account(number)) {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("the account of {number} has {:?}", self.account(number));
    }

    /// How many transactions wait in the engine.
    async fn unconfirmed(&self) -> u64 {
        let url = format!("{}/num_unconfirmed_txs", self.rpc().url());
        let answer = reqwest::get(url).await.unwrap().text().await.unwrap();
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        answer["result"]["total"].as_str().unwrap().parse().unwrap()
    }

    /// Waits until the engine's index, which follows the blocks, has the transaction; it succeeded.
    async fn find(&self, hash: [u8; 32]) {
        for _ in 0..POLLS {
            if let Ok(found) = self.rpc().tx(hash, true).await {
                assert!(found.tx_result.code.is_ok());
                return;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("the transaction was not indexed");
    }

    async fn submit(&self, bytes: Vec<u8>) -> u32 {
        broadcast(self.rpc(), bytes).await
    }

    /// Waits until a transaction waits here or stands in a block; the height then.
    async fn stands(&self, hash: [u8; 32]) -> u64 {
        for _ in 0..POLLS {
            if self.app().stands(&hash).unwrap() {
                return self.app().state().tip.height;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("the transaction never came");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_engines_drive_the_application_through_epochs_crashes_and_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let mut network = Network::new(folder.path(), 4);
    network.start_all().await;
    network.wait_for_all(3).await;

    // A deposit reaches the child through vote extensions.
    let before = network.nodes[0].account(1).balance;
    network.deposit(1, [0; 20], 12_345);
    network.nodes[0]
        .until(1, |leaf| leaf.balance == before + 12_345)
        .await;

    // Transfers, one ahead of its turn; a replay and a forgery are refused.
    let paid = network.nodes[1].account(7).balance;
    let first = network.transfer(0, 0, 10);
    let second = network.transfer(0, 1, 20);
    assert_eq!(network.nodes[0].submit(second.clone()).await, 0);
    assert_eq!(network.nodes[0].submit(first.clone()).await, 0);
    for node in &network.nodes {
        node.until(7, |leaf| leaf.balance == paid + 30).await;
    }
    let replay = network.transfer(0, 0, 11);
    assert_eq!(
        network.nodes[2].submit(replay).await,
        Code::NonceUsed.number()
    );
    let mut forged = network.transfer(0, 2, 10);
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert_eq!(
        network.nodes[2].submit(forged).await,
        Code::BadSignature.number()
    );

    // A stranger finds the transaction by the engine's hash, and proves the balance against a header.
    network.nodes[3].find(engine_hash(&first)).await;
    prove(&network.nodes[3]).await;

    // One engine is killed alone, one node as a whole; the others go on, both come back.
    network.nodes[2].kill_engine();
    network.nodes[3].kill_engine();
    network.nodes[3].stop_application().await;
    network.nodes[2].launch().await;
    let at = network.nodes[0].height().await;
    network.nodes[0].wait_until(at + 20).await;
    assert_eq!(network.nodes[0].submit(network.transfer(0, 2, 5)).await, 0);
    network.nodes[0]
        .until(7, |leaf| leaf.balance == paid + 35)
        .await;
    network.nodes[3].serve(&network.file).await;
    network.nodes[3].launch().await;

    // Epochs end, and blocks have brought enough shares for their certificates.
    network.wait_for_all(16 * 4 + 4).await;
    for epoch in 0..3 {
        let checkpoints: Vec<_> = network
            .nodes
            .iter()
            .map(|node| invariants::certificate(node.app(), epoch).expect("enough shares"))
            .collect();
        assert!(checkpoints.iter().all(|one| *one == checkpoints[0]));
    }
    network.compare(16 * 4).await;
    assert_eq!(network.nodes[3].account(7).balance, paid + 35);
    for node in &mut network.nodes {
        node.kill_engine();
        node.stop_application().await;
    }
}

/// Accounts that can pay for a few transactions each and for nothing more.
const POOR: u32 = 1_000;
/// What each of them sends, of three places each.
const EACH: u64 = 20;
/// Offers of accounts without money that come meanwhile, at least: the engines are given as many as they take while the honest transactions
/// are watched, and how many that is follows from the machine (it is printed). An attacker would send a million, which takes real engines on two
/// cores many minutes: `tests/tests/mempool.rs` offers them to the application itself.
const UNFUNDED: u32 = 10_000;
/// Transactions of a block: the fewest that a genesis allows, so that the pool stays full. Eight are messages, fifteen misbehavior.
const BLOCK: u32 = 1 + 8 + 15 + MIN_USERS as u32;
/// Clients that send at once.
const CLIENTS: u32 = 64;
/// Honest transactions that are watched, and more until enough offers came: about two blocks each.
const HONEST: u64 = 15;
/// When it is given up that enough offers come.
const MAX_HONEST: u64 = 400;

/// The attack that once shut every pool in four minutes, and what it would be today: a thousand accounts with dust keep every pool
/// full, keys without money come without end, and whoever pays a tenth more than the least is in one of the next two blocks.
#[tokio::test(flavor = "multi_thread")]
async fn full_pools_and_keys_without_money_keep_nobody_out_who_pays_more() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Instant::now();
    let step = |name: &str| println!("{:>6.1} s  {name}", clock.elapsed().as_secs_f32());
    let pace = EnginePace::network(plasmid_tests::block_time_ms(1_000));
    let mut network = Network::of(folder.path(), 2, pace, |genesis| {
        let dust = u128::from(EACH) * FEE;
        let poor = (0..POOR).map(|number| (People::stranger(number), dust));
        genesis.balances.extend(poor);
        genesis.balances.sort();
        genesis.parameters.max_evidence_bytes = 1_024;
        genesis.parameters.max_block_transactions = BLOCK;
    });
    network.start_all().await;
    network.wait_for_all(2).await;
    step("dust");
    let mut offers = JoinSet::new();
    for task in 0..CLIENTS {
        let client = network.nodes[task as usize % 2].rpc().clone();
        let numbers = (0..POOR).filter(move |number| number % CLIENTS == task);
        let all: Vec<Vec<u8>> = numbers.flat_map(|number| network.dust(number)).collect();
        offers.spawn(async move { (offer(&client, &all).await, client, all) });
    }
    let offered = offers.join_all().await;
    assert!(
        offered.iter().any(|(full, ..)| *full > 0),
        "no pool was full"
    );
    let places = PoolLimits::default().places;
    for node in &network.nodes {
        let waiting = node.app().pool().len();
        println!("{waiting} wait, {} in the engine", node.unconfirmed().await);
        assert!(waiting * 3 >= places * 3 / 4, "only {waiting} wait");
    }
    // Whoever found no room tries again, so that the pools stay full.
    let mut again = JoinSet::new();
    for (_, client, all) in offered {
        again.spawn(async move {
            loop {
                offer(&client, &all).await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
    }
    step("keys without money");
    let engines: Vec<_> = network.nodes.iter().map(Node::engine).collect();
    let mut flood = Flood::start(&engines, &network.transfer(7, 0, 1));
    // Both proposers know of it once both pools hold it; a block may be under way then, so that it is in that one's successor at the latest.
    let mut sequence = 0;
    while sequence < HONEST || flood.refused() < UNFUNDED {
        let body = Body::SetPayout { payout: [5; 20] };
        let fee = FEE * 2;
        let honest = network.people.sign(1, sequence, fee, u64::MAX, body);
        let hash = engine_hash(&honest);
        assert_eq!(network.nodes[0].submit(honest.to_vec()).await, 0);
        let mut known = 0;
        for node in &network.nodes {
            known = known.max(node.stands(hash).await);
        }
        network.nodes[0].find(hash).await;
        let found = network.nodes[0].rpc().tx(hash, false).await.unwrap();
        let height = found.height.value();
        assert!(height <= known + 2, "known at {known}, found at {height}");
        let waiting = network.nodes[0].app().pool().len();
        let refused = flood.refused();
        step(&format!(
            "known at {known}, found at {height}; {waiting} wait, {refused} were refused"
        ));
        assert!(waiting > 1_000, "the pool is not full any more");
        sequence += 1;
        assert!(sequence < MAX_HONEST, "only {refused} offers came");
    }
    flood.end().await;
    assert!(again.try_join_next().is_none(), "the pools were kept full");
    again.shutdown().await;
    let at = network.nodes[0].height().await;
    network.wait_for_all(at + 2).await;
    network.compare(at).await;
    for node in &mut network.nodes {
        node.kill_engine();
        node.stop_application().await;
    }
}

/// Offers what accounts with dust signed, in order; gives how many found no room.
async fn offer(client: &comet::Client, all: &[Vec<u8>]) -> u32 {
    let mut full = 0;
    for bytes in all {
        match client.broadcast_tx_sync(bytes.clone()).await {
            Ok(answer) => {
                let code = answer.code.value();
                full += u32::from(code == Code::PoolFull.number());
                let expected = [
                    Code::Ok,
                    Code::PoolFull,
                    Code::NonceAhead,
                    Code::NonceUsed,
                    Code::InsufficientBalance,
                ];
                assert!(expected.iter().any(|one| one.number() == code), "{code}");
            }
            // Whoever floods may lose a connection, and offers it again.
            Err(comet::RpcError::Http { .. }) => {}
            // It waits in the engine, or has just been looked at.
            Err(error) => assert!(error.to_string().contains("tx already exists"), "{error}"),
        }
    }
    full
}

async fn broadcast(client: &comet::Client, bytes: Vec<u8>) -> u32 {
    let answer = client.broadcast_tx_sync(bytes).await.unwrap();
    answer.code.value()
}

/// Queries a leaf with its proof and verifies it against the next header's app hash, as a light client would.
async fn prove(node: &Node) {
    let key = Slot::Account(People::account(0)).key();
    let answer = node
        .rpc()
        .abci_query("/leaf", key.to_vec(), 0, true)
        .await
        .unwrap();
    let height = answer.height.value();
    let ops = answer.proof.unwrap().ops;
    let proof = LeafProof::decode(&ops[0].data, &ops[1].data).unwrap();
    node.wait_until(height + 1).await;
    let app_hash = hex::decode(node.app_hash(height).await).unwrap();
    let value = answer
        .value
        .split_first()
        .map(|(kind, value)| (*kind, value));
    assert_eq!(
        proof.verify(&B256::from_slice(&app_hash), &key, value),
        Ok(height)
    );
}

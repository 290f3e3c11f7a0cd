//! A consensus key that a remote signer holds: CometBFT's own signer and tmkms, each behind `priv_validator_laddr`, sign a thousand blocks of a
//! network of one validator, across a crash of their process. With each precommit they sign the extension, in which the checkpoint's share is.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use plasmid::ledger::Parameters;
use plasmid::localnet::process::Child;
use plasmid::localnet::run::{Network, Options};
use plasmid::localnet::{Local, port};
use plasmid::node::comet::Client;
use plasmid_bridge::proof::vote::{self, Ballot, VoteStep, VotedBlock};
use plasmid_proto::bridge::v1::{GetCheckpointRequest, bridge_service_client::BridgeServiceClient};
use plasmid_tests::{tester, tmkms};
use tendermint::block::CommitSig;

const BLOCKS: u64 = 1_000;
/// The longest that it may take: they come every 20 ms and the time that they take.
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(100);

/// What a signer is started from.
struct Held<'a> {
    /// CometBFT's key file and its sign state, which left the node's folder.
    key: &'a Path,
    state: &'a Path,
    /// Where the engine waits for the signer.
    address: &'a str,
    chain: &'a str,
}

#[tokio::test(flavor = "multi_thread")]
async fn cometbfts_own_signer_signs_a_thousand_blocks() {
    sign_a_thousand_blocks(|held| {
        let mut command = tester::command("signer", held.key, held.state);
        command.args(["--address", held.address, "--chain-id", held.chain]);
        command
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tmkms_signs_a_thousand_blocks() {
    sign_a_thousand_blocks(|held| tmkms::take_over(held.key, held.state, held.address, held.chain))
        .await;
}

/// A network of one validator whose key the process of `signer` holds; it is made anew after a crash.
async fn sign_a_thousand_blocks(signer: impl Fn(&Held<'_>) -> Command) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options {
        folder: folder.path().join("net"),
        validators: Some(1),
        parameters: Parameters {
            block_time_ms: plasmid_tests::block_time_ms(Parameters::fast().block_time_ms),
            ..Parameters::fast()
        },
        retain_blocks: 0,
        first_port: None,
        root_idle_secs: 1,
        reset: false,
        verify_segments: true,
        tools: None,
    };
    let mut network = Network::open(&options, &mut |text| println!("{text}"))
        .await
        .expect("the network is founded");
    network.program = Some(plasmid_tests::binary());
    let home = Local::home(&network.folder, 0);
    let engine = home.engine();
    let key = engine.consensus_key().expect("a key");
    let chain = home
        .read_genesis()
        .expect("the genesis")
        .deployment
        .chain_id;

    // The key and its sign state leave the node's folder, and the engine is told where the signer comes from.
    let [key_path, state_path] = ["key.json", "state.json"].map(|name| folder.path().join(name));
    fs::rename(engine.consensus_key_path(), &key_path).expect("the key moves");
    fs::rename(engine.sign_state_path(), &state_path).expect("its sign state moves");
    let address = format!("127.0.0.1:{}", port::free().expect("a port"));
    let config = fs::read_to_string(engine.config_path()).expect("config.toml");
    let config = format!("priv_validator_laddr = \"tcp://{address}\"\n{config}");
    fs::write(engine.config_path(), config).expect("written");
    let log = folder.path().join("signer.log");
    let held = Held {
        key: &key_path,
        state: &state_path,
        address: &address,
        chain: &chain,
    };
    let signer = || {
        let command = tokio::task::block_in_place(|| signer(&held));
        Child::spawn("signer", command, &log).expect("the signer starts")
    };
    let mut running = signer();
    network.start_node(0).await.expect("the node starts");
    network.start_relayer().expect("the relayer starts");

    let node = network.nodes[0].as_ref().expect("it runs");
    let rpc = Client::with_url(node.engine.rpc().url().to_owned()).expect("an address");
    reaches(&mut network, &mut running, &rpc, BLOCKS / 2).await;
    running.kill().expect("the signer is killed");
    let mut running = signer();
    reaches(&mut network, &mut running, &rpc, BLOCKS + 1).await;

    for height in 1..=BLOCKS {
        check_commit(&rpc, &key, &chain, height).await;
    }
    // CometBFT makes a key of its own where the node's was; it signed nothing.
    assert_ne!(engine.consensus_key().expect("a key"), key);
    // The certificates of the epochs that are over need the only member's share.
    let bridge = BridgeServiceClient::connect(network.grpc(0)).await;
    let mut bridge = bridge.expect("the node answers");
    for epoch in 0..10 {
        let answer = bridge.get_checkpoint(GetCheckpointRequest { epoch }).await;
        let found = answer.expect("it answers").into_inner().checkpoint;
        let found = found.expect("a checkpoint");
        assert_eq!(found.signed_power, found.total_power, "epoch {epoch}");
    }
    network.stop().await.expect("every process ends");
}

/// Waits until the chain has this height.
async fn reaches(network: &mut Network, signer: &mut Child, rpc: &Client, height: u64) {
    let start = Instant::now();
    loop {
        network.check().expect("every process runs");
        signer.check().expect("the signer runs");
        let status = rpc.status().await.expect("the engine answers");
        let now = status.sync_info.latest_block_height.value();
        if now >= height {
            println!("{:>7.1?}  height {now}", start.elapsed());
            return;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "height {now} after {PATIENCE:?}"
        );
        tokio::time::sleep(LOOK).await;
    }
}

/// The commit of a height holds one precommit, which this key signed.
async fn check_commit(rpc: &Client, key: &[u8; 32], chain: &str, height: u64) {
    let answer = rpc.commit(Some(height)).await.expect("a commit");
    let commit = answer.signed_header.commit;
    let [
        CommitSig::BlockIdFlagCommit {
            validator_address,
            timestamp,
            signature: Some(signature),
        },
    ] = commit.signatures.as_slice()
    else {
        panic!("height {height}: {:?}", commit.signatures);
    };
    assert_eq!(validator_address.as_bytes(), vote::address(key));
    let ballot = Ballot {
        step: VoteStep::Precommit,
        height,
        round: commit.round.value(),
        block: Some(VotedBlock {
            hash: commit.block_id.hash.as_bytes().try_into().expect("a hash"),
            parts: commit.block_id.part_set_header.total,
            parts_hash: commit
                .block_id
                .part_set_header
                .hash
                .as_bytes()
                .try_into()
                .expect("a hash"),
        }),
        secs: timestamp.unix_timestamp(),
        nanos: (timestamp.unix_timestamp_nanos() % 1_000_000_000) as u32,
    };
    let signature = signature.as_bytes().try_into().expect("64 bytes");
    assert!(
        vote::verify(key, &ballot.sign_bytes(chain), &signature),
        "height {height}"
    );
}

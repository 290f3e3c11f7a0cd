//! A validator's key in a process that has no guard: a peer of two halves of the network, which sends each half another prevote. Nobody hands
//! evidence in: the engines make it themselves when they tell each other of the votes, the child tombstones the key, and the watcher reveals it.

use std::time::Duration;

use alloy_primitives::Address;
use plasmid::localnet::process::Child;
use plasmid::node::comet::Client;
use plasmid_bridge::proof::vote;
use plasmid_proto::stake::v1::GetValidatorRequest;
use plasmid_tests::running::{Plan, Running, operator};
use plasmid_tests::tester;

use super::{CULPRIT, says, watch};

/// In how many heights the engines have to find out.
const HEIGHTS: u64 = 200;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_sends_two_votes_to_different_nodes_is_found_out_by_them_and_revealed() {
    let plan = Plan::default();
    let mut running = Running::start(&plan).await;
    let mut watcher = watch(&running);
    running
        .until("root knows the set of an epoch", |view| async move {
            let now = view.try_status(0).await?.epoch;
            (now >= 2 && view.head().await.accepted > now - 2).then_some(())
        })
        .await;
    // The peer alone speaks for the key.
    running.stop_node(CULPRIT).await;
    let engine = running.engine(0);
    let begin = height(&engine).await;
    let mut peer = equivocate(&running, begin).await;

    let mut looked = begin;
    let found = loop {
        peer.check().expect("the peer goes on");
        running.nodes_run();
        if height(&engine).await == looked {
            tokio::time::sleep(LOOK).await;
            continue;
        }
        looked += 1;
        let evidence = engine.evidence(looked).await.expect("a block");
        if let Some(first) = evidence.into_iter().next() {
            println!("evidence in block {looked}, from {begin} on");
            break first;
        }
        assert!(looked < begin + HEIGHTS, "no evidence up to {looked}");
    };
    peer.kill().expect("it is killed");
    let votes = &found["value"];
    let own = vote::address(&key(&running));
    for name in ["vote_a", "vote_b"] {
        let vote = &votes[name];
        assert_eq!(vote["validator_address"], hex::encode_upper(own), "{found}");
        assert_eq!(vote["type"], 1, "{found}");
    }

    let culprit = Address::from(operator(CULPRIT).account().id);
    running
        .until("the key is tombstoned", |view| async move {
            let request = GetValidatorRequest {
                operator: culprit.to_string(),
            };
            let answer = view.stake(0).get_validator(request).await.ok()?;
            answer.into_inner().tombstoned.then_some(())
        })
        .await;
    says(&mut running, &mut watcher, |said| {
        said["event"] == "revealed"
    })
    .await;
    // The node comes back with its own engine, and follows.
    running.start_node(CULPRIT).await;
    running.agree().await;
    running.stop().await;
}

async fn height(engine: &Client) -> u64 {
    let status = engine.status().await.expect("the engine answers");
    status.sync_info.latest_block_height.value()
}

fn key(running: &Running) -> [u8; 32] {
    let key = running.home(CULPRIT).engine().consensus_key();
    key.expect("a key")
}

/// Starts the peer, which connects to all engines but the culprit's own.
async fn equivocate(running: &Running, height: u64) -> Child {
    let engine = running.home(CULPRIT).engine();
    let members = running.engine(0).validators(height).await;
    let own = |one: &tendermint::validator::Info| one.pub_key.to_bytes() == key(running);
    let place = members.expect("the set").iter().position(own);
    let mut peers = Vec::new();
    for number in (0..running.network.nodes.len()).filter(|number| *number != CULPRIT) {
        let status = running.engine(number).status().await.expect("it answers");
        let (id, address) = (status.node_info.id, status.node_info.listen_addr);
        peers.push(format!(
            "{id}@{}",
            address.as_str().trim_start_matches("tcp://")
        ));
    }
    let loaded = running.home(0).read_genesis().expect("the genesis");
    let mut command = tokio::task::block_in_place(|| {
        tester::command(
            "equivocator",
            &engine.consensus_key_path(),
            &engine.sign_state_path(),
        )
    });
    command
        .args(["--peers", &peers.join(",")])
        .args(["--chain-id", &loaded.deployment.chain_id])
        .args(["--index", &place.expect("a member").to_string()]);
    let log = running.network.folder.join("equivocator.log");
    Child::spawn("equivocator", command, &log).expect("the peer starts")
}

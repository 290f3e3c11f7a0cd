//! A node that joins by the state of others: what they give out, and what becomes of it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use alloy_primitives::B256;
use plasmid::app::guard::Guard;
use plasmid::app::identity;
use plasmid::app::shares::Own;
use plasmid::chain::tree::Tree;
use plasmid::engine::abci::Handler;
use plasmid::node::comet::Client;
use plasmid::node::joining::params::compared;
use plasmid::store::image::Heading;
use plasmid::store::image::taking::{SNAPSHOT_FORMAT, SnapshotOffer, Taking};
use plasmid_tests::harness::Network;
use plasmid_tests::harness::reads::served;
use serde_json::{Value, json};
use tendermint_proto::v0_38::abci::RequestLoadSnapshotChunk;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Blocks of an epoch.
const K: u64 = 16;
/// The node that joins.
const NEW: usize = 3;

/// A node as its engine sees it.
fn guard(network: &Network, node: usize) -> Guard {
    let app = network.nodes[node].shared();
    Guard::new(Arc::clone(&app), Arc::new(served(app, Arc::default())))
}

fn offers(network: &Network, node: usize) -> Vec<SnapshotOffer> {
    let never = AtomicBool::new(false);
    let listed = guard(network, node).list_snapshots(&never);
    let listed = listed.expect("a list").snapshots;
    let offers = listed.into_iter().map(|one| SnapshotOffer {
        height: one.height,
        format: one.format,
        parts: one.chunks,
        digest: one.hash.into(),
        shown: one.metadata.into(),
    });
    offers.collect()
}

fn part(network: &Network, node: usize, (height, format): (u64, u32), chunk: u32) -> Vec<u8> {
    let never = AtomicBool::new(false);
    let request = RequestLoadSnapshotChunk {
        height,
        format,
        chunk,
    };
    let part = guard(network, node).load_snapshot_chunk(request, &never);
    part.expect("an answer").chunk.into()
}

fn heights(offers: &[SnapshotOffer]) -> Vec<u64> {
    offers.iter().map(|offer| offer.height).collect()
}

/// Takes a state from the other nodes by turns, each of which lies about each part first.
fn takes(network: &Network, offer: &SnapshotOffer) -> (Heading, Tree) {
    let genesis = network.file.load().expect("the genesis file is sound");
    let whose = (identity(&genesis), genesis.genesis.parameters);
    let epoch = offer.height / K - 1;
    let checkpoint = network.nodes[0].app().checkpoint(epoch);
    let checkpoint = checkpoint.expect("it is read").expect("it is over");
    let place = usize::try_from(offer.height).expect("a height") - 1;
    let app_hash = B256::from_slice(&network.chain[place].1.app_hash);
    let mut taking = Taking::begin(offer, whose, &checkpoint, app_hash).expect("root accepted it");
    for number in 0..offer.parts {
        let from = usize::try_from(number).expect("a number") % NEW;
        let good = part(network, from, (offer.height, offer.format), number);
        for place in [0, 40, good.len() / 2, good.len() - 1] {
            let mut lie = good.clone();
            lie[place] ^= 1;
            let error = taking.take(number, &lie).expect_err("it lies");
            assert!(error.is_lie(), "{error}");
        }
        taking.take(number, &good).expect("it is sound");
    }
    taking.whole().expect("all were taken")
}

#[test]
fn a_node_begins_with_the_state_of_others_and_makes_the_same_blocks_from_there_on() {
    let mut network = Network::quiet();
    network.run(3 * K);
    assert!(offers(&network, 0).is_empty(), "root has accepted nothing");
    network.accept(0..=1, K);
    let all = offers(&network, 0);
    assert_eq!(heights(&all), [2 * K, K]);
    for other in 1..4 {
        // The engine takes two states for one where all that is said of them is the same.
        assert_eq!(offers(&network, other), all);
    }
    for offer in &all {
        let (heading, tree) = takes(&network, offer);
        assert_eq!(heading.block.height, offer.height);
        network.nodes[NEW].crash();
        network.nodes[NEW].begin_with(&heading, &tree);
        // It executes what the network has decided since, with the same answers.
        network.nodes[NEW].restart(&network.file, &network.chain);
        // Of the blocks up to there it has no commitments, so it does not give out what it got.
        assert_eq!(
            heights(&offers(&network, NEW)).first(),
            (offer.height == K).then_some(&(2 * K))
        );
        network.run(3);
        let roots = |network: &Network| -> Vec<B256> {
            let nodes = network.nodes.iter();
            nodes.map(|node| node.app().state().tree.root()).collect()
        };
        let now = roots(&network);
        assert!(now.iter().all(|root| *root == now[0]), "{now:?}");
        for epoch in 0..offer.height / K {
            let own = network.nodes[NEW].app().own_share(epoch).unwrap();
            assert_eq!(own, Own::None, "epoch {epoch} came from others");
        }
    }
    // Over the next ends of epochs it votes, proposes and signs, and then gives out what it has itself.
    network.run(2 * K);
    network.accept(2..=4, K);
    let given = offers(&network, NEW);
    assert_eq!(given, offers(&network, 0));
    assert_eq!(given[0].height, 5 * K);
    let newest = part(&network, NEW, (5 * K, SNAPSHOT_FORMAT), 1);
    assert_eq!(newest, part(&network, 0, (5 * K, SNAPSHOT_FORMAT), 1));
}

#[test]
fn what_is_not_given_out_is_an_empty_part() {
    let mut network = Network::quiet();
    network.run(2 * K);
    network.accept(0..=0, K);
    let offer = offers(&network, 0).remove(0);
    let good = (offer.height, offer.format);
    for number in 0..offer.parts {
        assert!(!part(&network, 0, good, number).is_empty());
    }
    for (at, number) in [
        (good, offer.parts),
        (good, u32::MAX),
        ((offer.height, 0), 0),
        ((offer.height, 2), 1),
        ((offer.height - 1, offer.format), 1),
        ((0, offer.format), 0),
        ((u64::MAX, offer.format), 1),
        ((100 * K, offer.format), 1),
    ] {
        assert!(part(&network, 0, at, number).is_empty(), "{at:?} {number}");
    }
    let stopped = AtomicBool::new(true);
    let request = RequestLoadSnapshotChunk {
        height: offer.height,
        format: offer.format,
        chunk: 1,
    };
    let part = guard(&network, 0).load_snapshot_chunk(request, &stopped);
    assert!(part.expect("an answer").chunk.is_empty());
    let list = guard(&network, 0).list_snapshots(&stopped);
    assert!(list.expect("an answer").snapshots.is_empty());
}

/// The RPC of an engine that gives these answers to whatever it is asked, one after the other, and the last one for ever.
async fn answers(answers: Vec<Value>) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((mut asking, _)) = listener.accept().await {
            let mut request = vec![0; 4_096];
            let mut read = 0;
            // The question ends with the brace of its JSON.
            while !request[..read].ends_with(b"}") {
                read += asking.read(&mut request[read..]).await.expect("a question");
            }
            let body = answers[number.min(answers.len() - 1)].to_string();
            number += 1;
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            let sent = asking.write_all(answer.as_bytes()).await;
            sent.expect("an answer");
        }
    });
    Client::new(address).expect("a client")
}

#[tokio::test]
async fn a_node_ends_whose_engine_was_told_other_consensus_parameters() {
    let network = Network::quiet();
    let genesis = network.file.load().expect("the genesis file is sound");
    let own = genesis.genesis.parameters;
    // As CometBFT 0.38.25 writes it.
    let good = json!({ "jsonrpc": "2.0", "id": -1, "result": { "block_height": "17", "consensus_params": {
        "block": { "max_bytes": own.max_block_bytes.to_string(), "max_gas": "-1" },
        "evidence": {
            "max_age_num_blocks": own.evidence_age_blocks.to_string(),
            "max_age_duration": (own.evidence_age_secs * 1_000_000_000).to_string(),
            "max_bytes": own.max_evidence_bytes.to_string(),
        },
        "validator": { "pub_key_types": ["ed25519"] },
        "version": {},
        "abci": { "vote_extensions_enable_height": "1" },
    } } });
    let refused = json!({ "jsonrpc": "2.0", "id": -1, "error": { "code": -32603, "message": "Internal error", "data": "no height" } });
    let app = network.nodes[0].app();
    let engine = answers(vec![refused.clone(), good.clone()]).await;
    compared(&engine, app, true)
        .await
        .expect("they are the same");
    for (place, lie) in [
        ("evidence/max_age_num_blocks", json!("1")),
        ("evidence/max_age_duration", json!("1000000000")),
        ("evidence/max_bytes", json!("0")),
        ("validator/pub_key_types", json!(["secp256k1"])),
        ("abci/vote_extensions_enable_height", json!("0")),
        ("version", json!({ "app": "2" })),
    ] {
        let mut bad = good.clone();
        let field = bad.pointer_mut(&format!("/result/consensus_params/{place}"));
        *field.expect("a field") = lie;
        let engine = answers(vec![refused.clone(), bad]).await;
        let error = compared(&engine, app, true).await.expect_err(place);
        assert!(
            error
                .to_string()
                .contains("put an RPC server that you trust first"),
            "{error}"
        );
    }
}

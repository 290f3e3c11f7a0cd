//! A validator that has lost its blocks and its state takes the state of others under real CometBFT, though two of the three who give it lie, and goes on
//! with them over ends of epochs.

use std::fs;

use alloy_primitives::Address;
use plasmid::ledger::Parameters;
use plasmid::localnet::run::Node;
use plasmid::node::founding;
use plasmid::node::joining::trusted::trusted;
use plasmid_tests::running::{Plan, Running};

mod liar;

use liar::Liar;

/// Who loses its folder.
const LOST: usize = 3;
/// Who lies.
const LIARS: [usize; 2] = [1, 2];
/// How often the state may be taken until one of them has been asked: each part is asked of one of three.
const TRIES: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_without_blocks_takes_the_state_of_others_and_leaves_those_who_lie() {
    let plan = Plan::default();
    let mut running = Running::start(&plan).await;
    accepts(&mut running, 2).await;
    running.agree().await;
    let mut liars = Vec::new();
    for number in LIARS {
        liars.push(lies(&mut running, number).await);
    }
    for _ in 0..TRIES {
        running.stop_node(LOST).await;
        takes_again(&mut running, &plan.parameters).await;
        if liars.iter().any(|liar| liar.lies() > 0) {
            break;
        }
    }
    assert!(
        liars.iter().any(|liar| liar.lies() > 0),
        "nobody was lied to"
    );
    let log_path = running.home(LOST).path().join("plasmid.log");
    let log = fs::read_to_string(&log_path).expect("its log");
    for said in [
        "a part is refused, and its sender is left",
        "as root accepted it",
    ] {
        assert!(log.contains(said), "{said}: {log}");
    }

    running
        .until("its engine's parameters were compared", |_| async {
            let log = fs::read_to_string(&log_path).expect("its log");
            let since = log.rsplit("as root accepted it").next()?;
            since
                .contains("the engine has the consensus parameters of the genesis")
                .then_some(())
        })
        .await;

    // With its votes in blocks, and the shares of the epochs behind.
    running.takes_turns(LOST, "with the state of others").await;
    let epoch = running.view().status(0).await.epoch;
    accepts(&mut running, epoch + 2).await;
    running.agree().await;
    let view = running.view();
    let (status, other) = (view.status(LOST).await, view.status(0).await);
    assert_eq!(status.troubles, other.troubles);
    assert_eq!(status.height_stands_secs, 0);
    // It is started again with what it has, though its engine may take a state.
    running.stop_node(LOST).await;
    running.start_node(LOST).await;
    running.takes_turns(LOST, "after a restart").await;
    running.agree().await;
    running.stop().await;
}

/// Waits until root has accepted this many checkpoints, and the child knows it.
async fn accepts(running: &mut Running, count: u64) {
    running
        .until("root has accepted checkpoints", |view| async move {
            (view.head().await.accepted >= count).then_some(())
        })
        .await;
    running.goes_on(8).await;
}

/// Starts a node again whose engine reaches the application by one who lies about every part of a state.
async fn lies(running: &mut Running, number: usize) -> Liar {
    running.stop_node(number).await;
    let app = running.network.start_app(number).await.expect("it starts");
    let socket = running.home(number).path().join("abci.sock");
    let liar = Liar::before(&socket).await;
    let engine = running.network.start_engine(number).await;
    let engine = engine.expect("its engine starts");
    running.network.nodes[number] = Some(Node { app, engine });
    running.takes_turns(number, "behind one who lies").await;
    liar
}

/// The node has its keys and what they signed, and nothing else; it begins again with a state of others.
async fn takes_again(running: &mut Running, parameters: &Parameters) {
    let home = running.home(LOST);
    fs::remove_dir_all(home.store_path()).expect("it had a store");
    let data = home.engine().folder().join("data");
    for entry in fs::read_dir(&data).expect("the engine's folder") {
        let path = entry.expect("an entry").path();
        if path == home.engine().sign_state_path() {
            continue;
        }
        match path.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        }
        .expect("it is removed");
    }
    let servers: Vec<String> = [0, 1]
        .map(|number| running.engine(number).url().to_owned())
        .into();
    let endpoints = [running.network.anvil.url().to_owned()];
    let root_chain: Address = running.root_chain;
    let root = (&endpoints[..], root_chain, founding::finality(parameters));
    let found = trusted(root, parameters, &servers).await;
    let mut config = home.engine().read_config().expect("its configuration");
    config.statesync = Some(found.expect("root has accepted a checkpoint"));
    home.engine().write_config(&config).expect("it is written");
    running.start_node(LOST).await;
    let began = running.view().status(LOST).await;
    assert!(began.height > 0, "it began with the genesis");
    // It never had blocks before the state's height, and has no commitments of theirs.
    let first = first_block(running).await;
    assert!(first > u64::from(parameters.epoch_blocks), "{first}");
    running.compares_behind(first);
    let height = running.view().status(0).await.height;
    running.reaches(LOST, height).await;
}

/// The first block that its engine has.
async fn first_block(running: &mut Running) -> u64 {
    let engine = running.engine(LOST);
    running
        .until("its engine has a block", |_| async {
            let sync = engine.status().await.ok()?.sync_info;
            let first = sync.earliest_block_height.value();
            (first > 0).then_some(first)
        })
        .await
}

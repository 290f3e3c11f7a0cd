//! What a node keeps over many epochs: states as long as somebody has to prove them, results of transactions for ever.

use alloy_primitives::B256;
use plasmid::app::App;
use plasmid::chain::proof::LeafProof;
use plasmid::engine::abci::Handler;
use plasmid::ledger::{Slot, Transaction};
use plasmid::wire::engine_hash;
use plasmid_tests::harness::{Network, Plan};
use prost::Message;
use tendermint_proto::v0_38::abci::RequestQuery;

/// Blocks of an epoch.
const K: u64 = 16;

/// Whether the state at the end of an epoch can be proven; a proof that is given holds.
fn is_proven(network: &Network, app: &App, epoch: u64) -> bool {
    let (key, height) = (Slot::Parameters.key(), K * (epoch + 1));
    let request = RequestQuery {
        data: key.to_vec().into(),
        path: "/leaf".to_owned(),
        height: height as i64,
        prove: true,
    };
    let never = std::sync::atomic::AtomicBool::new(false);
    let answer = app.query(request, &never).unwrap();
    if answer.code != 0 {
        assert!(answer.log.contains("is not kept"), "{}", answer.log);
        return false;
    }
    let ops = answer.proof_ops.unwrap().ops;
    let proof = LeafProof::decode(&ops[0].data, &ops[1].data).unwrap();
    let app_hash = B256::from_slice(&network.chain[height as usize - 1].1.app_hash);
    let (kind, value) = answer.value.split_first().unwrap();
    assert_eq!(
        proof.verify(&app_hash, &key, Some((*kind, value))),
        Ok(height)
    );
    true
}

/// Every user's transaction is found by both names, with the result that the engine was given; gives how many there are.
fn results(network: &Network, app: &App) -> usize {
    let domain = &app.deployment().domain;
    let mut count = 0;
    for (proposal, answer) in &network.chain {
        for (place, bytes) in proposal.transactions.iter().enumerate() {
            let Ok(transaction) = Transaction::decode(bytes) else {
                continue;
            };
            let hash = B256::from(engine_hash(bytes));
            let digest = transaction.digest(domain);
            for name in [hash, digest] {
                let found = app.included(&name).unwrap().expect("it is in a block");
                assert_eq!((found.hash, found.digest), (hash, digest));
                assert_eq!(
                    (found.height as i64, found.index as usize),
                    (proposal.height, place)
                );
                assert_eq!(found.result, answer.tx_results[place].encode_to_vec());
            }
            count += 1;
        }
    }
    count
}

#[test]
fn over_many_epochs_states_go_as_root_settles_and_results_stay_after_restarts_too() {
    let plan = Plan::default();
    println!("seed {}", plan.seed);
    let mut network = Network::new(plan);
    for epoch in 0..20u64 {
        network.run(K);
        // Root is three epochs behind; a node hears of it at the end of the next one.
        network.nodes[0].seen.settle(epoch.saturating_sub(3));
        let again = epoch % 7 == 6;
        if again {
            network.nodes[0].flush();
            network.nodes[0].crash();
            network.nodes[0].restart(&network.file, &network.chain);
        }
        let kept = epoch.saturating_sub(4);
        let app = network.nodes[0].app();
        for past in 0..=epoch {
            assert_eq!(
                is_proven(&network, app, past),
                past >= kept,
                "state of epoch {past} after epoch {epoch}, restarted {again}"
            );
        }
        assert_eq!(app.state().tree.marks().count() as u64, epoch - kept + 1);
    }
    for again in [false, true] {
        if again {
            network.nodes[0].flush();
            network.nodes[0].crash();
            network.nodes[0].restart(&network.file, &network.chain);
        }
        assert!(results(&network, network.nodes[0].app()) > 300);
        for height in [1, K, K * 20] {
            let block = network.nodes[0].app().store().block(height).unwrap();
            assert_eq!(block.map(|block| block.height), Some(height));
        }
    }
}

#[test]
fn a_node_that_catches_up_far_behind_what_root_settled_loses_nothing_that_it_needs() {
    let mut network = Network::new(Plan::default());
    network.run(K * 9 + 5);
    network.nodes[3].lose_disk();
    network.nodes[3].seen.settle(1_000);
    network.nodes[3].restart(&network.file, &network.chain);
    for again in [false, true, true] {
        if again {
            network.nodes[3].flush();
            network.nodes[3].crash();
            network.nodes[3].restart(&network.file, &network.chain);
        }
        let app = network.nodes[3].app();
        for epoch in 0..9 {
            let newest = epoch == 8;
            assert_eq!(is_proven(&network, app, epoch), newest, "{epoch}");
        }
    }
    results(&network, network.nodes[3].app());
}

#[test]
fn while_root_stands_still_every_epoch_stays_provable_and_memory_is_bounded() {
    let plan = Plan::default();
    println!("seed {}", plan.seed);
    let mut network = Network::new(plan);
    let (mut epoch, epochs) = (0, 40);
    while epoch < epochs {
        network.run(K);
        epoch += 1;
        network.nodes[0].flush();
        let size = network.nodes[0].app().state().tree.past_size();
        assert_eq!(size.epochs + size.epochs_on_disk, epoch);
        // The running epoch's layer, what the harness allows, what is not folded, and what an epoch's end lets go of.
        assert!(size.epochs <= 1 + 2 + 64 / K + 2, "{size:?}");
        if epoch % 13 == 0 {
            network.nodes[0].crash();
            network.nodes[0].restart(&network.file, &network.chain);
            let again = network.nodes[0].app().state().tree.past_size();
            assert!(again.epochs <= size.epochs && again.leaves <= size.leaves);
            assert_eq!(again.epochs + again.epochs_on_disk, epoch);
        }
        let app = network.nodes[0].app();
        for past in (0..epoch).step_by(5) {
            assert!(is_proven(&network, app, past), "{past} after {epoch}");
        }
    }
    let size = network.nodes[0].app().state().tree.past_size();
    assert!(
        size.epochs_on_disk > 30 && size.leaves_on_disk > size.leaves,
        "{size:?}"
    );
    // Root comes back and settles all but the last few.
    network.nodes[0].seen.settle(epochs - 3);
    network.run(K);
    let app = network.nodes[0].app();
    for past in 0..=epochs {
        assert_eq!(is_proven(&network, app, past), past >= epochs - 3, "{past}");
    }
    assert_eq!(app.state().tree.past_size().epochs_on_disk, 0);
}

#[test]
fn a_transaction_is_found_from_the_moment_its_block_is_finalized() {
    let mut network = Network::new(Plan {
        transactions: 6,
        ..Plan::default()
    });
    network.run(6);
    let frame = network.frame();
    let proposal = network.propose(0, &frame);
    let app = network.nodes[0].app();
    assert!(network.judge(0, &proposal));
    let users: Vec<B256> = proposal
        .transactions
        .iter()
        .filter(|bytes| Transaction::decode(bytes).is_ok())
        .map(|bytes| engine_hash(bytes).into())
        .collect();
    let known = |hash: &B256| app.included(hash).unwrap().is_some();
    assert!(!users.iter().any(known));
    app.finalize_block(proposal.finalize()).unwrap();
    // Neither in the pool any more nor in the store yet.
    assert!(users.iter().all(known));
    app.commit().unwrap();
    assert!(users.iter().all(known));
}

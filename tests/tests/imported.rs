//! What a node knows whose store began with a file: nothing of the blocks up to there, and no checkpoint of theirs that it would sign.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alloy_primitives::B256;
use plasmid::app::reads::events::{self, Whose};
use plasmid::app::reads::{ReadError, Reader, Served, transactions};
use plasmid::app::shares::Own;
use plasmid::chain::extension::Extension;
use plasmid::engine::abci::Handler;
use plasmid::ledger::transaction::{Body, StakeBody};
use plasmid_proto::ledger::v1::{GetTransactionRequest, get_transaction_request};
use plasmid_tests::harness::Network;
use plasmid_tests::harness::people::FEE;
use plasmid_tests::harness::reads::served;
use tendermint_proto::v0_38::abci::RequestExtendVote;

/// Blocks of an epoch.
const K: u64 = 16;
/// The node that imports.
const NEW: usize = 3;

/// The node's disk is lost, and it goes on from its own state at the end of an epoch.
fn import(network: &mut Network, epoch: u64) {
    let node = &mut network.nodes[NEW];
    node.flush();
    node.crash();
    let (_, bytes) = node.export(&network.file, Some(epoch));
    node.import(&bytes);
    node.restart(&network.file, &network.chain);
}

/// Whether a vote of the node for the next block carries a share.
fn votes_with_share(network: &Network, node: usize) -> bool {
    let app = network.nodes[node].app();
    let request = RequestExtendVote {
        height: i64::try_from(app.height() + 1).expect("a height"),
        ..RequestExtendVote::default()
    };
    let answer = app.extend_vote(request).expect("a vote is extended");
    let extension = Extension::decode(&answer.vote_extension).expect("our own");
    extension.due().is_some()
}

#[test]
fn no_share_is_made_over_what_came_from_a_file_and_the_next_epoch_is_signed() {
    let mut network = Network::quiet();
    // None of its shares stands in a block, so that it owes them all.
    network.nodes[NEW].mute.store(true, Ordering::SeqCst);
    network.run(2 * K);
    network.nodes[NEW].mute.store(false, Ordering::SeqCst);
    assert!(votes_with_share(&network, NEW), "it has its own word");
    import(&mut network, 1);
    for restarted in [false, true] {
        if restarted {
            network.nodes[NEW].flush();
            network.nodes[NEW].crash();
            network.nodes[NEW].restart(&network.file, &network.chain);
        }
        assert!(!votes_with_share(&network, NEW));
        for epoch in 0..2 {
            let app = network.nodes[NEW].app();
            assert!(app.checkpoint(epoch).unwrap().is_some());
            assert_eq!(app.own_share(epoch).unwrap(), Own::None, "epoch {epoch}");
        }
    }
    network.run(K);
    assert!(votes_with_share(&network, NEW));
    let share = network.nodes[NEW].app().own_share(2).unwrap();
    assert!(matches!(share, Own::Share(_)), "{share:?}");
}

fn ask(node: &Served, digest: B256) -> Result<u64, ReadError> {
    let never = AtomicBool::new(false);
    let request = GetTransactionRequest {
        id: Some(get_transaction_request::Id::Digest(digest.to_vec())),
    };
    let answer = transactions::get_transaction(&Reader::new(node, &never), &request)?;
    Ok(answer.status.expect("a status").height)
}

#[test]
fn a_node_does_not_deny_what_stands_in_blocks_of_which_it_has_no_results() {
    let mut network = Network::quiet();
    let body = Body::Stake(StakeBody::Delegate {
        operator: [0x10; 20],
        amount: 1 << 58,
        line: 1,
        max_commission: 0,
    });
    let bytes = network.people.sign(0, 0, FEE, u64::MAX, body);
    for node in &mut network.nodes {
        assert_eq!(node.offer(&bytes), 0, "it is taken");
    }
    network.run(K);
    let old = served(network.nodes[NEW].shared(), Arc::default());
    let never = AtomicBool::new(false);
    let all = events::part(&Reader::new(&old, &never), &Whose::default(), (1, 0)).unwrap();
    let told = all.told.first().expect("the delegation");
    let digest = B256::from_slice(&told.digest);
    assert_eq!(ask(&old, digest), Ok(told.height));
    let nowhere = ask(&old, B256::ZERO);
    assert!(
        matches!(nowhere, Err(ReadError::NotFound(_))),
        "{nowhere:?}"
    );
    drop(old);

    import(&mut network, 0);
    network.run(2);
    let new = served(network.nodes[NEW].shared(), Arc::default());
    let refused = ask(&new, digest);
    assert!(
        matches!(&refused, Err(ReadError::Unavailable(why)) if why.contains("from height 17 on")),
        "{refused:?}"
    );
    let from = |height| events::part(&Reader::new(&new, &never), &Whose::default(), (height, 0));
    for height in [1, K] {
        let part = from(height);
        assert!(matches!(part, Err(ReadError::NotFound(_))), "{part:?}");
    }
    assert!(from(K + 1).is_ok());
}

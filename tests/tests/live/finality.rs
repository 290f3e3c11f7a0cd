//! Nobody claims anything, and checkpoints become final all the same: by a relayer, with one transaction for all that are ripe, also when it is killed.

use std::time::Duration;

use plasmid_bridge::abi::IRootChain;
use plasmid_bridge::client::follower::view_call;
use plasmid_bridge::client::rpc::{At, Rpc};
use plasmid_bridge::relay::outbox::Notice;
use plasmid_bridge::relay::seen::Which;
use plasmid_tests::anvil::Anvil;
use plasmid_tests::stage::Stage;
use serde_json::json;

use super::root::{Child, follow, relayer, run_until, until};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);
/// Seconds after which the first checkpoint is ripe for longer than a relayer waits.
const LATER: u64 = 120;

async fn finalized(rpc: &Rpc, stage: &Stage) -> u64 {
    let root_chain = stage.created.root_chain;
    let head = view_call(rpc, root_chain, IRootChain::headCall {}, At::Latest).await;
    head.expect("root answers").finalized
}

async fn newest(rpc: &Rpc) -> u64 {
    let block = rpc.block(Which::Latest).await.expect("root answers");
    block.expect("a block").number
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relayer_that_is_killed_makes_all_ripe_checkpoints_final_with_one_transaction() {
    let folder = tempfile::tempdir().expect("a folder");
    let anvil = Anvil::start(folder.path()).await;
    let stage = Stage::set(&anvil, 4).await;
    let account = stage.account(&anvil, "relayer").await;
    let follower = follow(&stage, &[anvil.url()]);
    until(&follower, "the first final block", |view| {
        view.finalized.is_some()
    })
    .await;
    let child = Child::new(&stage, &follower, 4);
    let rpc = anvil.rpc();

    let first = relayer(&stage, &anvil, "relayer").await;
    run_until(first, &child, |notice| {
        matches!(notice, Notice::Accepted { epoch: 3, .. })
    })
    .await;
    assert_eq!(finalized(&rpc, &stage).await, 0);
    rpc.once("evm_increaseTime", json!([LATER]))
        .await
        .expect("time passes");
    // Killed as soon as it has sent it.
    let second = relayer(&stage, &anvil, "relayer").await;
    let sent = run_until(second, &child, |notice| {
        matches!(notice, Notice::Finalizing { .. })
    })
    .await;
    let Some(Notice::Finalizing { epoch, nonce, .. }) = sent.last() else {
        panic!("{sent:?}");
    };
    assert_eq!(*nonce, 4, "four checkpoints were carried");
    // The next one finds it in the pool or mined, and sends nothing.
    let third = relayer(&stage, &anvil, "relayer").await;
    let mut said = Vec::new();
    let watch = async {
        while finalized(&rpc, &stage).await != epoch + 1 {
            tokio::time::sleep(LOOK).await;
        }
        let then = newest(&rpc).await;
        while newest(&rpc).await < then + 5 {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        ended = third.run(&child, |notice| said.push(notice.clone())) => panic!("{ended}"),
        () = watch => {}
    }
    let sends = |notice: &Notice| matches!(notice, Notice::Finalizing { .. } | Notice::Sent { .. });
    assert!(!said.iter().any(sends), "{said:?}");
    let spent = account.rpc().nonce(account.address(), At::Latest).await;
    assert_eq!(spent.expect("root answers"), 5);
}

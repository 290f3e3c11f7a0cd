//! A running network whose root chain reorganises, whose endpoints lie and fail, whose root goes away, and which gets more deposits than it
//! can take at once: the chain goes on, nothing is credited that root does not hold, and the checkpoints catch up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::keccak256;
use plasmid::ledger::Account;
use plasmid_bridge::abi::IRootChain;
use plasmid_bridge::client::follower::view_call;
use plasmid_bridge::client::rpc::At;
use plasmid_bridge::client::wallet::{Key, Sent};
use plasmid_bridge::relay::seen::Which;
use plasmid_tests::running::fork::Fork;
use plasmid_tests::running::proxy::{Behaviour, Proxy};
use plasmid_tests::running::{Person, Plan, Running, message_index, person};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

const SEED: u64 = 0x0b57_1c1e;
/// Deposits handed in at once by each of two people: together what three epochs can consume.
const BURST: u64 = 300;
/// The newest blocks of root that are not final: `finalized` is two behind.
const UNSETTLED: u64 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn a_running_network_stands_what_its_root_does() {
    let plan = Plan {
        seed: SEED,
        lone: vec![3],
        ..Plan::default()
    };
    let mut random = ChaCha8Rng::seed_from_u64(plan.seed);
    let mut running = Running::start(&plan).await;
    let alice = person(&running, "alice").await;
    let carol = person(&running, "carol").await;
    println!("a re-org");
    deposits_are_reorganised_away(&mut running, &mut random, &alice).await;
    running.agree().await;
    println!("endpoints that fail");
    endpoints_fail_in_every_way(&mut running, &mut random, &alice).await;
    running.agree().await;
    println!("endpoints that are metered or narrow");
    metered_and_narrow_endpoints_are_followed(&mut running, &alice).await;
    running.agree().await;
    println!("an invented deposit");
    an_endpoint_invents_a_deposit(&mut running, &alice).await;
    running.agree().await;
    println!("an outage");
    root_hangs_and_ends_and_returns(&mut running, &alice).await;
    running.agree().await;
    println!("a burst");
    deposits_come_faster_than_they_are_taken(&mut running, &alice, &carol).await;
    running.agree().await;
    running.stop().await;
}

/// An account that has nothing on either chain.
fn fresh(name: &str) -> Account {
    let mut id = [0; 20];
    id.copy_from_slice(&keccak256(name)[12..]);
    Account::ethereum(id)
}

/// A deposit that stood in a block is reorganised away above finality, and mined again in every other round: it is credited exactly when
/// root holds it.
async fn deposits_are_reorganised_away(
    running: &mut Running,
    random: &mut ChaCha8Rng,
    alice: &Person,
) {
    for round in 0..4_u32 {
        let amount = random.random_range(1..1_000_000_u128);
        let (to, sent, block) = lose_a_deposit(running, random, alice, amount).await;
        let again = round % 2 == 1;
        if again {
            let sent = alice
                .wallet
                .send_at(sent.call.clone(), sent.nonce, sent.gas, sent.fees)
                .await
                .expect("the same transaction is taken again");
            let receipt = alice.wallet.wait(sent).await.expect("it is mined again");
            running.consumed(0, message_index(&receipt)).await;
        } else {
            // What is final now, the lost block's place included, is consumed.
            let passed = block + UNSETTLED + 1;
            running
                .until("the fork is final", |view| async move {
                    let block = view.root_block(Which::Finalized).await?;
                    (block.number >= passed).then_some(())
                })
                .await;
            let count = running.view().messages().await;
            running.consumed(0, count).await;
        }
        let expected = if again { amount } else { 0 };
        let seen = running.view().balance(0, &to).await;
        assert_eq!(seen, expected, "round {round}");
    }
}

/// Deposits for a fresh account, and reorganises the block away while it is not final; gives the account, the transaction and the block's
/// number. Root makes a block a second: a deposit that was final before it could be lost is left to be credited, and another one is made.
async fn lose_a_deposit(
    running: &Running,
    random: &mut ChaCha8Rng,
    alice: &Person,
    amount: u128,
) -> (Account, Sent, u64) {
    for _ in 0..20 {
        let to = fresh(&format!("lost {}", random.random::<u64>()));
        let sent = running.send_deposit(alice, &to, amount).await;
        let receipt = alice.wallet.wait(sent.clone()).await.expect("it is mined");
        let latest = running.view().root_block(Which::Latest).await;
        let needed = latest.expect("a block").number - receipt.block + 1;
        if needed > UNSETTLED {
            continue;
        }
        let depth = random.random_range(needed..=UNSETTLED);
        let reorg = running.rpc.once("anvil_reorg", json!([depth, []])).await;
        reorg.expect("anvil reorganises its chain");
        alice.wallet.resync().await;
        let after = running.rpc.receipt(sent.hash()).await;
        if after.expect("root answers").is_none() {
            println!("message {} is gone, depth {depth}", message_index(&receipt));
            return (to, sent, receipt.block);
        }
    }
    panic!("no deposit could be reorganised away before it was final");
}

/// One node's second endpoint is slow. Another node's first one talks nonsense, and its second one is rate limited, closed and silent in turn:
/// deposits arrive by the other three, and it recovers.
async fn endpoints_fail_in_every_way(
    running: &mut Running,
    random: &mut ChaCha8Rng,
    alice: &Person,
) {
    running.ways[0][1].behave(Behaviour::Delay(Duration::from_millis(150)));
    let nonsense = running.ways[1][0].asked() + 5;
    running.ways[1][0].behave(Behaviour::Garbage);
    let mut kinds = [Behaviour::RateLimited, Behaviour::Drop, Behaviour::Silent];
    kinds.shuffle(random);
    let mut last = 0;
    for (number, kind) in kinds.into_iter().enumerate() {
        println!("{kind:?}");
        let asked = running.ways[1][1].asked();
        running.ways[1][1].behave(kind);
        let to = fresh(&format!("failure {number}"));
        last = running.deposit(alice, &to, 7).await;
        running.consumed(0, last).await;
        assert_eq!(running.view().balance(0, &to).await, 7);
        was_asked(&running.ways[1][1], asked + 1).await;
        running.goes_on(4).await;
    }
    was_asked(&running.ways[1][0], nonsense).await;
    running.behave(&[0, 1], false, &Behaviour::Pass);
    running
        .until("node 1 follows root again", |view| async move {
            let status = view.try_status(1).await?;
            (status.root_healthy && status.inbox_seen >= last).then_some(())
        })
        .await;
}

/// Node 3's only endpoint refuses every other request, or gives the events of few blocks at once: it is followed. The relayer's endpoint does
/// likewise, and checkpoints go on.
async fn metered_and_narrow_endpoints_are_followed(running: &mut Running, alice: &Person) {
    for kind in [Behaviour::Metered, Behaviour::Narrow(1)] {
        println!("{kind:?}");
        running.ways[3][0].behave(kind.clone());
        running.relayer.behave(kind);
        let index = running.deposit(alice, &fresh("narrow"), 1).await;
        running
            .until("node 3 follows root", |view| async move {
                let status = view.try_status(3).await?;
                (status.root_healthy && status.inbox_seen >= index).then_some(())
            })
            .await;
        let accepted = running.view().head().await.accepted;
        accepts(running, accepted + 2).await;
    }
    running.ways[3][0].behave(Behaviour::Pass);
    running.relayer.behave(Behaviour::Pass);
}

async fn was_asked(way: &Proxy, times: u64) {
    let start = Instant::now();
    while way.asked() < times {
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "asked {} times, not {times}",
            way.asked()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Node 3's only endpoint and one of node 2's show a deposit that nobody made, in a history that agrees with itself. Node 2 notices and
/// reports nothing, node 3 believes it; half of the power cannot move the cursor, the chain goes on. Then node 2's endpoint is honest again,
/// the child passes the invented message, and in the end node 3's endpoint is honest too.
async fn an_endpoint_invents_a_deposit(running: &mut Running, alice: &Person) {
    let mallory = fresh("mallory");
    let liars = [&running.ways[2][1], &running.ways[3][0]];
    // Both wait, so that neither has seen more than the fork's last real block.
    for way in liars {
        way.behave(Behaviour::Silent);
    }
    let fork = Fork::invent(&running.rpc, running.inbox, mallory.bytes(), 1 << 90).await;
    let invented = fork.invented();
    let fork = Arc::new(fork);
    for way in liars {
        way.behave(Behaviour::Fork(Arc::clone(&fork)));
    }
    running
        .until("node 3 believes it", |view| async move {
            let status = view.try_status(3).await?;
            (status.root_healthy && status.inbox_seen == invented).then_some(())
        })
        .await;
    let honest = fresh("honest");
    let index = running.deposit(alice, &honest, 11).await;
    assert!(index >= invented);
    running
        .until("node 2 reports nothing", |view| async move {
            let status = view.try_status(2).await?;
            (!status.root_healthy).then_some(())
        })
        .await;
    let height = running.goes_on(30).await;
    for node in 0..4 {
        running.reaches(node, height).await;
        let status = running.view().status(node).await;
        assert!(status.inbox_cursor < invented, "node {node}: {status:?}");
    }
    running.ways[2][1].behave(Behaviour::Pass);
    running.consumed(3, index).await;
    // The child consumed what node 3's root does not have: it goes on, and reports nothing.
    let height = running.goes_on(20).await;
    running.reaches(3, height).await;
    // Node 3's word is needed again: without node 0's, three nodes must report.
    running.behave(&[0], false, &Behaviour::Drop);
    running.ways[3][0].behave(Behaviour::Pass);
    let index = running.deposit(alice, &honest, 31).await;
    running.consumed(3, index).await;
    running.behave(&[0], false, &Behaviour::Pass);
    running
        .until("node 3 follows root again", |view| async move {
            let status = view.try_status(3).await?;
            (status.root_healthy && status.inbox_seen >= index).then_some(())
        })
        .await;
    for node in 0..4 {
        running.consumed(node, index).await;
        assert_eq!(running.view().balance(node, &mallory).await, 0);
        assert_eq!(running.view().balance(node, &honest).await, 11 + 31);
    }
}

/// The answers to the relayer's submissions are lost; then root hangs, then it ends and starts again. Checkpoints catch up each time, and
/// each was paid for once.
async fn root_hangs_and_ends_and_returns(running: &mut Running, alice: &Person) {
    let epoch_blocks = u64::from(Plan::default().parameters.epoch_blocks);
    let index = running.deposit(alice, &fresh("before"), 13).await;
    running.consumed(0, index).await;
    running.relayer.behave(Behaviour::LoseSubmissions);
    let accepted = running.view().head().await.accepted;
    accepts(running, accepted + 2).await;

    signal_root(running, libc::SIGSTOP);
    running.goes_on(epoch_blocks + 1).await;
    signal_root(running, libc::SIGCONT);
    let epoch = running.view().status(0).await.epoch;
    accepts(running, epoch).await;
    running.relayer.behave(Behaviour::Pass);

    running.end_root().await;
    running.goes_on(epoch_blocks + 1).await;
    running.resume_root().await;
    let epoch = running.view().status(0).await.epoch;
    accepts(running, epoch).await;

    paid_once(running).await;
    alice.wallet.resync().await;
    let to = fresh("after");
    let index = running.deposit(alice, &to, 17).await;
    running.consumed(0, index).await;
    assert_eq!(running.view().balance(0, &to).await, 17);
}

fn signal_root(running: &mut Running, signal: i32) {
    let process = running.network.anvil.process();
    process.signal(signal).expect("anvil is signalled");
}

async fn accepts(running: &mut Running, count: u64) {
    running
        .until(
            &format!("root accepted {count} checkpoints"),
            |view| async move { (view.head().await.accepted >= count).then_some(()) },
        )
        .await;
}

/// The relayer's account sent one transaction for each checkpoint, and one whenever it made some of them final, as root has both in one block.
async fn paid_once(running: &Running) {
    let key = Key::from_bytes(&plasmid::localnet::found::relayer_secret()).expect("a key");
    let block = running.view().root_block(Which::Latest).await;
    let block = block.expect("a block");
    let at = At::Hash(block.hash);
    let head = view_call(
        &running.rpc,
        running.root_chain,
        IRootChain::headCall {},
        at,
    )
    .await
    .expect("root answers");
    let nonce = running
        .rpc
        .nonce(key.address(), at)
        .await
        .expect("root answers");
    let finalized = running.view().finalized(block.number).await;
    assert_eq!(nonce, head.accepted + finalized);
    for accepted in running.view().accepted().await {
        assert_eq!(accepted.event.carrier, key.address());
    }
}

/// More messages in a few root blocks than three epochs can consume: every block carries the largest number of messages that it may, and
/// checkpoints go on meanwhile.
async fn deposits_come_faster_than_they_are_taken(
    running: &mut Running,
    alice: &Person,
    carol: &Person,
) {
    let batch = u64::from(Plan::default().parameters.inbox_batch);
    let to = fresh("flooded");
    for from in [alice, carol] {
        let call = running.deposit_call(from, &to, 3).await;
        let gas = from.wallet.gas(&call).await.expect("a deposit's gas");
        let fees = from.wallet.fees().await.expect("fees").bumped_up();
        let nonce = running.rpc.nonce(from.wallet.address(), At::Latest).await;
        let nonce = nonce.expect("root answers");
        for number in 0..BURST {
            from.wallet
                .send_at(call.clone(), nonce + number, gas, fees)
                .await
                .expect("the deposit is taken");
        }
    }
    let mut max_behind = 0;
    let mut epoch_behind = 0;
    let start = Instant::now();
    // The chain may be slow, but each message that it consumes begins the patience anew.
    let mut moved = (0, start);
    let total = 3 * 2 * u128::from(BURST);
    while running.view().balance(0, &to).await < total {
        let status = running.view().status(0).await;
        if status.inbox_cursor > moved.0 {
            moved = (status.inbox_cursor, Instant::now());
        }
        assert!(
            moved.1.elapsed() < Duration::from_secs(240),
            "stuck at message {}, {max_behind} behind",
            moved.0
        );
        let behind = status.inbox_seen.saturating_sub(status.inbox_cursor);
        max_behind = max_behind.max(behind);
        if behind > batch {
            epoch_behind = status.epoch;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!(
        "{:?}: {max_behind} messages behind at most, until epoch {epoch_behind}",
        start.elapsed()
    );
    assert!(max_behind > batch, "{max_behind}");
    // Each epoch that ended while messages waited has a checkpoint that root accepts.
    accepts(running, epoch_behind).await;
    let cursor = running.view().head().await.inboxCursor;
    let messages = running.view().messages().await;
    println!("root knows cursor {cursor} of {messages}");
    running
        .until("root knows that they are consumed", |view| async move {
            (view.head().await.inboxCursor >= messages).then_some(())
        })
        .await;
}

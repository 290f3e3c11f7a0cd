//! Steps 7 and 8: what carol forces on root is never taken, and the deployment is closed because of it.

use plasmid_bridge::abi::IInbox;
use serde_json::json;

use super::{
    scene::{FraudScene, nobody},
    thief::ThievesAtWork,
};
use crate::{
    cli::{
        CliError,
        bridge::forced_header,
        demo::{
            observe::{CensoredSeen, ClosedSeen},
            people::{NATIVE, person, until},
        },
    },
    ledger::transaction::Body,
    localnet::{found::ETHER, run::Network},
};

/// What carol wants to withdraw.
const WANTED: u128 = 100 * ETHER;
/// Seconds that root's clock goes on at once: less than T, so that checkpoints come within T of each other.
const JUMP_SECS: u64 = 480;

/// Starts a network whose three thieves see root without what carol forces.
pub async fn blind(
    network: Network,
    program: &std::path::Path,
) -> Result<(FraudScene, ThievesAtWork), CliError> {
    let carol = person("carol")?.account;
    let sender = alloy_primitives::Address::from(carol.id).to_string();
    let mut thieves = ThievesAtWork::start(program, &network, &["blind", &sender])?;
    thieves.said("blinds").await?;
    let scene = FraudScene::start(network, None).await?;
    // The blind are no worse than others until she comes.
    scene.accepted(0).await?;
    Ok((scene, thieves))
}

/// Carol forces a withdrawal: it is due, checkpoints go on, and none of them takes it.
pub async fn force(scene: &FraudScene) -> Result<CensoredSeen, CliError> {
    let (carol, world) = (person("carol")?, &scene.world);
    let before = scene.head().await?.accepted;
    let header = forced_header(carol.account, world.sequence(&carol.account).await?);
    let body = Body::Withdraw {
        recipient: nobody("carol").into_array(),
        token: NATIVE,
        amount: WANTED,
    };
    let signed = carol.signer.sign(header, body, &world.domain);
    let wallet = scene.wallet(&carol).await?;
    let message = world.force(&wallet, signed.encode()).await?;
    let due_ms = world
        .read(world.inbox, IInbox::dueCall { index: message })
        .await?
        .dueMs;
    let head = until("checkpoints come though the message is due", async || {
        let head = scene.head().await?;
        let is_due = head.tau.saturating_mul(1_000) >= due_ms;
        Ok((is_due && head.accepted > before).then_some(head))
    })
    .await?;
    Ok(CensoredSeen {
        message,
        due_ms,
        cursor: head.inboxCursor,
        tau: head.tau,
        before,
        accepted: head.accepted,
    })
}

/// Root's clock goes on by this number of seconds, and checkpoints come.
async fn pass(scene: &FraudScene, secs: u64) -> Result<(), CliError> {
    let rpc = &scene.world.rpc;
    rpc.once("evm_increaseTime", json!([secs])).await?;
    rpc.once("evm_mine", json!([])).await?;
    let before = scene.head().await?.accepted;
    // The first one may have been on its way.
    scene.accepted(before.saturating_add(1)).await
}

/// Waits until the message is overdue, and closes the deployment by it.
pub async fn close(scene: &FraudScene, censored: &CensoredSeen) -> Result<ClosedSeen, CliError> {
    let timeout_secs = scene.parameters().await?.exitTimeoutSecs;
    let from = censored.due_ms.div_ceil(1_000).saturating_add(timeout_secs);
    loop {
        let left = from.saturating_sub(scene.now().await?);
        if left == 0 {
            break;
        }
        pass(scene, left.min(JUMP_SECS)).await?;
    }
    let (last, sent_at) = (scene.head().await?, scene.now().await?);
    let begin = ["exit", "begin", "--overdue", "--from", "alice", "--yes"];
    let told = scene.done(&begin)?;
    let head = until("exit mode begins", async || {
        let head = scene.head().await?;
        let begun = head.exitAt != 0 && head.exitAt <= scene.now().await?;
        Ok(begun.then_some(head))
    })
    .await?;
    Ok(ClosedSeen {
        message: told["message"].as_u64().unwrap_or_default(),
        due: told["due"].as_u64().unwrap_or_default(),
        timeout_secs,
        sent_at,
        tau: last.tau,
        accepted: head.accepted.saturating_sub(censored.before),
        exit_at: head.exitAt,
    })
}

//! Step 4: transfers by two ways, and what must be refused.

use crate::{
    cli::{
        CliError,
        demo::{
            observe::{Moved, Observations, RefusedSeen, Transfers},
            people::{FEE, NATIVE, World, person},
        },
    },
    ledger::{
        Account, Code, Transaction,
        transaction::{Authentication, Body},
    },
    localnet::{found::ETHER, run::Network},
};

pub async fn transfers(
    network: &Network,
    world: &World,
    seen: &mut Observations,
) -> Result<(), CliError> {
    let (alice, bob) = (person("alice")?, person("bob")?);
    let mut transfers = Transfers::default();
    let first = world.sign(&alice, pay(bob.account, ETHER)).await?;
    let before = world.balance(&bob.account, &NATIVE).await?;
    let hash = broadcast(network, first.encode()).await?;
    world.included(hash).await?;
    let after = world.balance(&bob.account, &NATIVE).await?;
    transfers.moved.push(moved(
        "alice → bob by broadcast_tx_sync",
        before,
        after,
        ETHER,
    ));
    let tokens = 250_000;
    let second = world
        .sign(
            &alice,
            Body::Transfer {
                to: bob.account,
                token: world.token.into_array(),
                amount: tokens,
            },
        )
        .await?;
    let before = world
        .balance(&bob.account, &world.token.into_array())
        .await?;
    let answer = world.submit(second.encode()).await?;
    if answer.code != 0 {
        return Err(CliError::new(format!(
            "the transfer by gRPC was refused: {}",
            answer.log
        )));
    }
    world.included(answer.hash).await?;
    let after = world
        .balance(&bob.account, &world.token.into_array())
        .await?;
    transfers.moved.push(moved(
        "alice → bob in tokens by gRPC",
        before,
        after,
        tokens,
    ));
    let third = world.sign(&bob, pay(alice.account, ETHER / 2)).await?;
    let before = world.balance(&alice.account, &NATIVE).await?;
    let answer = world.submit(third.encode()).await?;
    world.included(answer.hash).await?;
    let after = world.balance(&alice.account, &NATIVE).await?;
    transfers
        .moved
        .push(moved("bob → alice, Ed25519", before, after, ETHER / 2));
    transfers.refused = refusals(world, &first).await?;
    seen.transfers = Some(transfers);
    Ok(())
}

fn pay(to: Account, amount: u128) -> Body {
    Body::Transfer {
        to,
        token: NATIVE,
        amount,
    }
}

/// A movement of a balance upwards.
pub fn moved(what: &str, before: u128, after: u128, expected: u128) -> Moved {
    Moved {
        what: what.to_owned(),
        before: before.to_string(),
        after: after.to_string(),
        expected: expected.to_string(),
    }
}

async fn broadcast(network: &Network, bytes: Vec<u8>) -> Result<Vec<u8>, CliError> {
    let Some(Some(node)) = network.nodes.get(1) else {
        return Err(CliError::new("node 1 does not run"));
    };
    let answer = node.engine.rpc().broadcast_tx_sync(bytes).await?;
    if answer.code.is_err() {
        return Err(CliError::new(format!(
            "broadcast_tx_sync refused the transfer: {}",
            answer.log
        )));
    }
    Ok(answer.hash.as_bytes().to_vec())
}

/// Five transactions, each wrong in one way, and the code that each must get.
async fn refusals(world: &World, used: &Transaction) -> Result<Vec<RefusedSeen>, CliError> {
    let (alice, bob) = (person("alice")?, person("bob")?);
    let good = world.sign(&alice, pay(bob.account, ETHER)).await?;
    let mut forged = world.sign(&bob, pay(alice.account, ETHER)).await?;
    if let Authentication::Ed25519 { signature, .. } = &mut forged.authentication {
        signature[40] ^= 1;
    }
    let balance = world.balance(&alice.account, &NATIVE).await?;
    let overdraft = world
        .sign(&alice, pay(bob.account, balance.saturating_add(FEE)))
        .await?;
    let mut header = good.header;
    header.valid_until = 1;
    let expired = alice.signer.sign(header, good.body.clone(), &world.domain);
    // The nonce again, in other bytes: the engine itself refuses the same bytes.
    let mut again = used.header;
    again.memo[0] ^= 1;
    let replayed = alice.signer.sign(again, used.body.clone(), &world.domain);
    let mut malformed = good.encode();
    malformed.push(0);
    let cases = [
        ("a wrong signature", forged.encode(), Code::BadSignature),
        ("a replayed nonce", replayed.encode(), Code::NonceUsed),
        (
            "an overdraft",
            overdraft.encode(),
            Code::InsufficientBalance,
        ),
        ("an expired transaction", expired.encode(), Code::Expired),
        ("malformed bytes", malformed, Code::Malformed),
    ];
    let mut refused = Vec::new();
    for (what, bytes, expected) in cases {
        let answer = world.submit(bytes).await?;
        refused.push(RefusedSeen {
            what: what.into(),
            code: answer.code,
            expected: expected as u32,
            log: answer.log,
        });
    }
    Ok(refused)
}

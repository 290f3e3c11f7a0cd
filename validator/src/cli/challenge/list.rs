//! `plasmid challenge list`: what is open on root, and what a question costs now.

use clap::Args;
use plasmid_bridge::{
    abi::{IDataChallenges, IRootChain},
    client::{
        backwards::Backwards,
        follower::view_call,
        rpc::{At, RpcError},
    },
    relay::{
        challenges::{ChallengeBook, DataTarget, ToldBy},
        seen::{Log, Which},
    },
};
use serde_json::{Value, json};

use super::{ChallengeDesk, shown};
use crate::cli::{CliError, connect::Connection, init::SecondRoot, output::Output};

/// A leaf and a segment, for their prices.
const LEAF: DataTarget = DataTarget::Leaf { epoch: 0, index: 0 };
const SEGMENT: DataTarget = DataTarget::Segment {
    epoch: 0,
    block: 0,
    number: 0,
};

/// Options of `challenge list`. It has no `Debug`: an endpoint may hold a provider's key.
#[derive(Args)]
pub struct ListCommand {
    #[command(flatten)]
    second: SecondRoot,
}

/// Runs `plasmid challenge list`.
///
/// # Errors
/// Why root could not be asked.
pub async fn run(
    command: &ListCommand,
    connection: &Connection,
    output: Output,
) -> Result<(), CliError> {
    let root = (connection.deployment_alone().await?, connection.root()?);
    let second = command.second.second_root.as_deref();
    let desk = ChallengeDesk::at(connection, root, second).await?;
    let latest = desk.rpc.block(Which::Latest).await?;
    let latest = latest.ok_or_else(|| RpcError::Malformed("no newest block".into()))?;
    let at = At::Hash(latest.hash);
    let progress = output.progress("reading the questions on root");
    let book = read(&desk, latest.number, at, output).await;
    progress.finish_and_clear();
    let book = book?;
    let voidable = view_call(&desk.rpc, desk.root_chain, IRootChain::voidableCall {}, at).await?;
    let rows: Vec<Value> = book
        .open()
        .map(|(target, one)| {
            let is_voidable = (voidable.from..voidable.until).contains(&target.epoch());
            let state = match (is_voidable, one.deadline < latest.time) {
                (true, false) => "open",
                (true, true) => "due",
                (false, _) => "to be paid back",
            };
            let mut row = shown(target);
            row["challenger"] = one.challenger.to_string().into();
            row["price"] = one.price.to_string().into();
            row["deadline"] = one.deadline.into();
            row["state"] = state.into();
            row
        })
        .collect();
    let price = async |target: DataTarget| {
        let kind = target.kind();
        let call = IDataChallenges::priceCall { kind };
        view_call(&desk.rpc, desk.contract, call, at).await
    };
    let (segment, leaf) = (price(SEGMENT).await?, price(LEAF).await?);
    let ask_secs = view_call(
        &desk.rpc,
        desk.contract,
        IDataChallenges::challengeSecsCall {},
        at,
    );
    let object = json!({
        "root_time": latest.time,
        "segment_price": segment.price_.to_string(),
        "segment_deadline": segment.deadline,
        "leaf_price": leaf.price_.to_string(),
        "leaf_deadline": leaf.deadline,
        "ask_secs": ask_secs.await?,
        "voidable_from": voidable.from,
        "voidable_until": voidable.until,
    });
    if output.is_json() {
        let mut object = object;
        object["challenges"] = rows.into();
        output.object(&object);
        return Ok(());
    }
    output.object(&object);
    let columns = [
        "epoch",
        "block",
        "segment",
        "leaf",
        "challenger",
        "price",
        "deadline",
        "state",
    ];
    output.rows("challenges", &columns, &rows);
    if rows.iter().any(|row| row["state"] == "open") {
        output.next("plasmid challenge answer, or plasmid watch, which answers by itself");
    }
    Ok(())
}

/// What is open, by the events since the oldest checkpoint was accepted that can still be void: what is asked for of one before is over.
async fn read(
    desk: &ChallengeDesk,
    newest: u64,
    at: At,
    output: Output,
) -> Result<ChallengeBook, CliError> {
    let head = view_call(&desk.rpc, desk.root_chain, IRootChain::headCall {}, at).await?;
    let mut book = ChallengeBook::default();
    let call = IRootChain::parametersCall {};
    let epoch_blocks = view_call(&desk.rpc, desk.root_chain, call, at).await?;
    let epoch_blocks = epoch_blocks.epochBlocks;
    if head.accepted == 0 {
        return Ok(book);
    }
    let oldest = head.finalized.min(head.accepted.saturating_sub(1));
    let first = desk.accepted(oldest, output).await?.block;
    let (addresses, topics) = ([desk.contract], ChallengeBook::topics());
    let mut search = Backwards::new(&desk.rpc, &addresses, &topics, (first, newest));
    let mut pages: Vec<Vec<Log>> = Vec::new();
    while let Some(logs) = search.look().await? {
        pages.push(logs);
    }
    for log in pages.iter().rev().flatten() {
        book.hear(log, epoch_blocks, ToldBy::First)
            .map_err(CliError::new)?;
    }
    Ok(book)
}

//! `plasmid challenge ask`, `answer`, `expire` and `refund`: one transaction each, shown with what it costs and does before it is sent.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use plasmid_bridge::{
    abi::IDataChallenges,
    client::{
        follower::view_call,
        rpc::{At, Call},
    },
    relay::challenges::{DataTarget, asking, with_room},
};
use serde_json::Value;

use super::{AnswerCommand, AskCommand, ChallengeDesk, CloseCommand, options, shown};
use crate::cli::{
    CliError, amount, bridge::NATIVE_DECIMALS, connect::Connection, keys::KeyOptions,
    output::Output, watch,
};

/// Runs `plasmid challenge ask`.
///
/// # Errors
/// Why root would not take the question.
pub async fn ask(
    command: &AskCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let target = command.target.target()?;
    let (desk, wallet) = ChallengeDesk::sending(connection, keys, &command.carrier).await?;
    let accepted = desk.accepted(target.epoch(), output).await?;
    let kind = target.kind();
    let call = IDataChallenges::priceCall { kind };
    let told = view_call(&desk.rpc, desk.contract, call, At::Latest).await?;
    let (price, deadline) = (told.price_, told.deadline);
    let value = with_room(price);
    let what = format!(
        "this asks root for {target} and pays {} coins for it ({} are sent, because the price may rise, and what is over returns). When somebody answers, that is lost, and what was asked for stands on root. \
         When nobody answers until the deadline, root time {deadline} or a little later, anybody can make the checkpoint void with all behind it, and the price comes back",
        coins(price),
        coins(value),
    );
    let mut object = shown(&target);
    object["price"] = price.to_string().into();
    object["sent"] = value.to_string().into();
    object["deadline"] = deadline.into();
    let call = Call {
        value,
        ..Call::to(desk.contract, asking(&accepted, target))
    };
    let sent = command
        .carrier
        .carry_call(&wallet, call, &what, &mut object, output);
    if sent.await? {
        finish(&desk, &target, &mut object).await?;
        output.object(&object);
        output.next(&format!(
            "plasmid challenge list; behind the deadline, plasmid challenge expire {} --from {}",
            options(&target),
            command.carrier.from
        ));
    }
    Ok(())
}

/// What root says of the question that stands there now.
async fn finish(
    desk: &ChallengeDesk,
    target: &DataTarget,
    object: &mut Value,
) -> Result<(), CliError> {
    let made = challenged(desk, target).await?;
    object["price"] = made.price.to_string().into();
    object["deadline"] = made.deadline.into();
    Ok(())
}

/// Runs `plasmid challenge answer`.
///
/// # Errors
/// Why nobody shows it, or root would not take the answer.
pub async fn answer(
    command: &AnswerCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let target = command.target.target()?;
    let (desk, wallet) = ChallengeDesk::sending(connection, keys, &command.carrier).await?;
    let open = require_open(&desk, &target).await?;
    let accepted = desk.accepted(target.epoch(), output).await?;
    let progress = output.progress("reading what is asked for");
    let source = watch::DataSource {
        also_nodes: &command.also_nodes,
        folder: command.folder.as_deref(),
        account: wallet.address(),
    };
    let found = source
        .answer(connection, &desk.deployment.domain, &accepted, target)
        .await;
    progress.finish_and_clear();
    let data = found?;
    let mut object = described(&target, &open);
    object["bytes"] = data.len().into();
    let half = U256::from(open.price) / U256::from(2);
    object["pays_at_most"] = half.to_string().into();
    let what = format!(
        "this answers with {target}, which {} asked for; root pays up to {} coins for it",
        open.challenger,
        coins(half)
    );
    let call = Call::to(desk.contract, data);
    let sent = command
        .carrier
        .carry_call(&wallet, call, &what, &mut object, output);
    if sent.await? {
        output.object(&object);
        output.next("plasmid challenge list");
    }
    Ok(())
}

/// Runs `plasmid challenge expire`.
///
/// # Errors
/// Why root would refuse it: nobody asked, it is answered, or the deadline is not over.
pub async fn expire(
    command: &CloseCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let target = command.target.target()?;
    let epoch = target.epoch();
    let what = |_: Address| {
        format!(
            "this makes the checkpoint of epoch {epoch} void, and all behind it, because nobody answered with {target}: exit mode begins, and everybody leaves with what stands before"
        )
    };
    let data = IDataChallenges::expireCall {
        target: target.into(),
    };
    let close = ClosingCall {
        target,
        data: data.abi_encode(),
        next: "plasmid exit status",
    };
    close.run(command, what, connection, keys, output).await
}

/// Runs `plasmid challenge refund`.
///
/// # Errors
/// Why root would refuse it: nobody asked, or the checkpoint can still be void.
pub async fn refund(
    command: &CloseCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let target = command.target.target()?;
    let what =
        |challenger: Address| format!("this pays {challenger} back what was paid in for {target}");
    let data = IDataChallenges::refundCall {
        target: target.into(),
    };
    let close = ClosingCall {
        target,
        data: data.abi_encode(),
        next: "plasmid challenge list",
    };
    close.run(command, what, connection, keys, output).await
}

/// A question that is ended.
struct ClosingCall {
    target: DataTarget,
    data: Vec<u8>,
    next: &'static str,
}

impl ClosingCall {
    async fn run(
        self,
        command: &CloseCommand,
        what: impl FnOnce(Address) -> String,
        connection: &Connection,
        keys: &KeyOptions,
        output: Output,
    ) -> Result<(), CliError> {
        let (desk, wallet) = ChallengeDesk::sending(connection, keys, &command.carrier).await?;
        let open = require_open(&desk, &self.target).await?;
        let mut object = described(&self.target, &open);
        object["price"] = open.price.to_string().into();
        let call = Call::to(desk.contract, self.data);
        let what = what(open.challenger);
        let sent = command
            .carrier
            .carry_call(&wallet, call, &what, &mut object, output);
        if sent.await? {
            output.object(&object);
            output.next(self.next);
        }
        Ok(())
    }
}

/// A question that is open, as outputs begin with it.
fn described(target: &DataTarget, open: &IDataChallenges::Challenge) -> Value {
    let mut object = shown(target);
    object["challenger"] = open.challenger.to_string().into();
    object["deadline"] = open.deadline.into();
    object
}

async fn challenged(
    desk: &ChallengeDesk,
    target: &DataTarget,
) -> Result<IDataChallenges::Challenge, CliError> {
    let call = IDataChallenges::challengedCall {
        target: (*target).into(),
    };
    Ok(view_call(&desk.rpc, desk.contract, call, At::Latest).await?)
}

/// The question, if it stands on root and is neither answered nor paid back.
async fn require_open(
    desk: &ChallengeDesk,
    target: &DataTarget,
) -> Result<IDataChallenges::Challenge, CliError> {
    let open = challenged(desk, target).await?;
    if open.challenger.is_zero() {
        return Err(CliError::new(format!(
            "nobody asked for {target}: nothing was sent; `plasmid challenge list` shows what is asked for"
        )));
    }
    if open.deadline == 0 {
        return Err(CliError::new(format!(
            "{target}, which {} asked for, is answered, or was paid back: nothing was sent",
            open.challenger
        )));
    }
    Ok(open)
}

fn coins(wei: U256) -> String {
    amount::show(wei.saturating_to(), NATIVE_DECIMALS)
}

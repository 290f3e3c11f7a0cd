//! `plasmid exit begin` and `open`: the deployment closes, and the base is fixed.

use alloy_sol_types::SolCall;
use clap::Args;
use plasmid_bridge::{
    abi::{IExits, IRootChain},
    client::exits::{Stage, messages},
    relay::seen::Finality,
};
use serde_json::json;

use super::{ExitDesk, carrier::Carrier, state, status};
use crate::{
    cli::{
        CliError,
        connect::Connection,
        keys::KeyOptions,
        output::{Output, note},
    },
    node::accepted::accepted_by,
};

/// By what the deployment is closed, and who carries it.
#[derive(Args)]
pub struct BeginCommand {
    #[command(flatten)]
    carrier: Carrier,
    /// Closes it by the message that the child has to consume next, which was due T ago, instead of by the checkpoints that did not come.
    #[arg(long)]
    overdue: bool,
}

/// Who carries it.
#[derive(Args)]
pub struct OpenCommand {
    #[command(flatten)]
    carrier: Carrier,
}

/// Runs `plasmid exit begin`.
///
/// # Errors
/// Why it may not be closed yet, or what root refused.
pub async fn run(
    command: &BeginCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let (place, wallet) = ExitDesk::sending(connection, keys, &command.carrier).await?;
    let seen = place.look().await?;
    let mut object = status::root(&seen);
    if seen.head.exitAt != 0 {
        output.object(&object);
        output.say(&format!(
            "{}: there is nothing to begin",
            status::sentence(&seen)
        ));
        output.next("plasmid exit status");
        return Ok(());
    }
    let (data, what) = match command.overdue {
        false => (
            IRootChain::beginExitCall {}.abi_encode(),
            "this closes the deployment for ever, because no checkpoint came for T".to_owned(),
        ),
        true => {
            let cursor = seen.head.inboxCursor;
            let blocks = place.blocks(&seen).await?;
            let progress = output.progress("reading the messages of the Inbox");
            let waiting = messages(&place.rpc, &place.contracts, cursor, blocks).await;
            progress.finish_and_clear();
            let next = waiting?.into_iter().next().ok_or_else(|| {
                CliError::new(format!(
                    "the child has consumed all {cursor} messages, so none is overdue: nothing was sent"
                ))
            })?;
            object["message"] = next.message.index.into();
            object["due"] = (next.message.due / 1_000).into();
            let what = format!(
                "this closes the deployment for ever, because message {}, due at root time {}, was not consumed for T",
                next.message.index,
                next.message.due / 1_000
            );
            let call = IRootChain::overdueCall {
                message: next.bytes,
                before: next.before,
                behind: next.behind,
            };
            (call.abi_encode(), what)
        }
    };
    let call = (place.root_chain(), data);
    if !command
        .carrier
        .carry(&wallet, call, &what, &mut object, output)
        .await?
    {
        return Ok(());
    }
    match place.look().await {
        Ok(seen) => note(&status::sentence(&seen)),
        Err(error) => note(&format!(
            "the transaction is mined, and root did not say how it stands now ({error}): `plasmid exit status` asks again"
        )),
    }
    output.next("plasmid exit open, when exit mode has begun and the last checkpoint is final");
    Ok(())
}

/// Runs `plasmid exit open`.
///
/// # Errors
/// Why the base cannot be fixed yet, or what root refused.
pub async fn open(
    command: &OpenCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let (place, wallet) = ExitDesk::sending(connection, keys, &command.carrier).await?;
    let seen = place.look().await?;
    match seen.stage() {
        Stage::ExitMode => {}
        Stage::Paying => {
            output.object(&status::root(&seen));
            output.say(&format!(
                "{}: there is nothing to open",
                status::sentence(&seen)
            ));
            output.next("plasmid exit leave --state FILE --account ACCOUNT --from KEY");
            return Ok(());
        }
        Stage::Open | Stage::Closing => {
            return Err(CliError::new(format!(
                "{}, so the base cannot be fixed yet: nothing was sent",
                status::sentence(&seen)
            )));
        }
    }
    let call = match seen.head.standing.checked_sub(1) {
        None => IExits::openCall {
            checkpoint: IRootChain::Checkpoint::default(),
            acceptance: IRootChain::Acceptance::default(),
        },
        Some(last) => {
            let progress = output.progress("looking for the last checkpoint");
            let newest = Finality::Depth(0);
            let found = accepted_by(&place.rpc, place.root_chain(), last, newest).await;
            progress.finish_and_clear();
            let found = found?;
            IExits::openCall {
                checkpoint: (&found.checkpoint).into(),
                acceptance: (&found).into(),
            }
        }
    };
    let mut object = json!({
        "base": state::base_name(seen.head.standing),
        "state_root": call.checkpoint.stateRoot.to_string(),
        "inbox_cursor": call.checkpoint.inboxCursor,
    });
    let what = format!(
        "this fixes {} as the state on which everybody leaves, for ever",
        state::base_name(seen.head.standing)
    );
    let call = (place.contracts.exits, call.abi_encode());
    if command
        .carrier
        .carry(&wallet, call, &what, &mut object, output)
        .await?
    {
        output.next("plasmid exit leave --state FILE --account ACCOUNT --from KEY");
    }
    Ok(())
}

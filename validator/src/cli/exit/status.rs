//! `plasmid exit status`: how far the end has come, and what an account would get.

use alloy_primitives::Address;
use clap::Args;
use plasmid_bridge::{
    client::exits::{self, Ending, Stage},
    relay::acceptance::DeploymentEnd,
};
use serde_json::{Value, json};

use super::{ExitDesk, state};
use crate::{
    chain::exits::{Owner, Payable, of_account, payout},
    chain::tree::Tree,
    cli::{CliError, connect::Connection, init::SecondRoot, keys::KeyOptions, output::Output},
    ledger::{Account, Slot},
};

/// Of whom, and in which state.
#[derive(Args)]
pub struct StatusCommand {
    /// An account, or the name of a key: what it would get is listed.
    #[arg(long, requires = "state")]
    account: Option<String>,
    /// The state in which that stands: a file that `plasmid export` wrote. Before there is a base, one of any epoch that root has accepted.
    #[arg(long, value_name = "FILE", requires = "account")]
    state: Option<std::path::PathBuf>,
    #[command(flatten)]
    second: SecondRoot,
}

/// Runs `plasmid exit status`.
///
/// # Errors
/// Why root could not be asked, or what is wrong in the file.
pub async fn run(
    command: &StatusCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let place = ExitDesk::reading(connection, &command.second).await?;
    let seen = place.look().await?;
    let mut object = root(&seen);
    let (Some(account), Some(path)) = (&command.account, &command.state) else {
        output.object(&object);
        output.say(&sentence(&seen));
        return next(&seen, output);
    };
    let account = keys.stated_account(account)?;
    let progress = output.progress("reading the state");
    let state = state::read(path, &place, &seen).await;
    progress.finish_and_clear();
    let state = state?;
    let rows = rows(&place, &state.tree, account).await?;
    object["account"] = account.to_string().into();
    object["under"] = state.under.clone().into();
    if output.is_json() {
        object["leaves"] = rows.into();
        output.object(&object);
        return Ok(());
    }
    output.object(&object);
    output.rows(
        "leaves",
        &["index", "what", "token", "amount", "paid", "payout"],
        &rows,
    );
    output.say(&format!(
        "{}; the leaves are those of {}",
        sentence(&seen),
        state.under
    ));
    next(&seen, output)
}

fn next(seen: &Ending, output: Output) -> Result<(), CliError> {
    let command = match seen.stage() {
        Stage::Open if seen.begins.is_some_and(|begins| begins <= seen.now) => "plasmid exit begin",
        Stage::Open | Stage::Closing => return Ok(()),
        Stage::ExitMode => "plasmid exit open",
        Stage::Paying => "plasmid exit leave --state FILE --account ACCOUNT --from KEY",
    };
    output.next(command);
    Ok(())
}

/// What an account gets, leaf by leaf.
async fn rows(place: &ExitDesk, tree: &Tree, account: Account) -> Result<Vec<Value>, CliError> {
    let (named, _) = exits::named(
        place.endpoints(),
        &place.contracts,
        account.kind,
        account.id,
    )
    .await?;
    let own = match account.kind {
        Account::ETHEREUM => Some(Address::from(account.id)),
        _ => payout(tree, account)?.map(Address::from),
    };
    let mut rows = Vec::new();
    for payable in of_account(tree, account)? {
        let paid = exits::is_paid(place.endpoints(), &place.contracts, payable.index).await?;
        let to = match (payable.owner, payable.slot) {
            (Owner::Address(recipient), Slot::Withdrawal(number)) => {
                let of = (number, Address::from(recipient));
                Some(exits::payee(place.endpoints(), &place.contracts, of).await?)
            }
            (Owner::Address(recipient), _) => Some(Address::from(recipient)),
            _ => named.or(own),
        };
        let mut row = leaf(&payable);
        row["paid"] = paid.into();
        row["payout"] = to
            .map_or_else(|| "not named yet".to_owned(), |to| to.to_string())
            .into();
        rows.push(row);
    }
    Ok(rows)
}

/// A leaf that is paid, as outputs show it.
pub fn leaf(payable: &Payable) -> Value {
    json!({
        "index": payable.index,
        "what": payable.slot.to_string(),
        "token": Address::from(payable.token).to_string(),
        "amount": payable.amount.to_string(),
    })
}

/// What root says.
pub fn root(seen: &Ending) -> Value {
    let head = &seen.head;
    let at = |time: u64| (time != 0).then_some(time);
    json!({
        "stage": seen.stage().name(),
        "root_time": seen.now,
        "checkpoints_accepted": head.accepted,
        "checkpoints_final": head.finalized,
        "last_tau": at(head.tau),
        "exit_timeout_secs": seen.parameters.exitTimeoutSecs,
        "grace_secs": seen.parameters.graceSecs,
        "begins_from": seen.begins,
        "exit_at": at(head.exitAt),
        "void_from": void_from(seen),
        "held_from": seen.held,
        "base": seen.base.opened.then(|| state::base_name(seen.base.epochs)),
        "state_root": seen.base.opened.then(|| seen.base.stateRoot.to_string()),
        "inbox_cursor": match seen.base.opened {
            true => seen.base.inboxCursor,
            false => head.inboxCursor,
        },
    })
}

/// The first checkpoint that is void.
fn void_from(seen: &Ending) -> Option<u64> {
    DeploymentEnd::of(&seen.head).void_from
}

/// What became void, and with what everybody leaves, behind another sentence; nothing where nothing is void.
fn void_sentence(seen: &Ending) -> String {
    let Some(from) = void_from(seen) else {
        return String::new();
    };
    let last = seen.head.accepted.saturating_sub(1);
    let which = match from == last {
        true => format!("checkpoint {from} is void"),
        false => format!("checkpoints {from} to {last} are void"),
    };
    format!(
        "; {which} by a proof of fraud against checkpoint {from} or by data of it that nobody showed, so nothing that happened since {} counts: that is the base",
        state::base_name(from)
    )
}

/// How far the end has come, in a sentence for people.
pub fn sentence(seen: &Ending) -> String {
    let head = &seen.head;
    let stage = match (seen.stage(), seen.begins) {
        (Stage::Open, Some(begins)) if begins <= seen.now => {
            "root has accepted no checkpoint for T: anybody can close the deployment with `plasmid exit begin`".to_owned()
        }
        (Stage::Open, Some(begins)) => format!(
            "the deployment goes on; it can be closed from root time {begins} on, if root accepts no checkpoint before (it is {} now)",
            seen.now
        ),
        (Stage::Open, None) => "the deployment goes on".to_owned(),
        (Stage::Closing, _) => format!(
            "the deployment is closing: nothing enters it any more, and exit mode begins at root time {} (it is {} now)",
            head.exitAt, seen.now
        ),
        (Stage::ExitMode, _) => format!(
            "exit mode began at root time {}, and the base is not fixed yet: of {} checkpoints that stand {} are final",
            head.exitAt, head.standing, head.finalized
        ),
        (Stage::Paying, _) => format!(
            "everybody leaves with what {} gives",
            state::base_name(seen.base.epochs)
        ),
    };
    let held = seen.held.map_or_else(String::new, |held| {
        format!(
            "; data of checkpoint {held} was asked for on root, so it and those behind it are not final before that is answered and judged (`plasmid challenge list`)"
        )
    });
    stage + &void_sentence(seen) + &held
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_void_and_what_the_base_is_are_said_at_every_stage() {
        let seen = |standing, exit_at, opened| {
            let head = plasmid_bridge::abi::IRootChain::Head {
                accepted: 9,
                tau: 1,
                lastBlockTime: 1,
                inboxCursor: 0,
                freeAt: 0,
                finalized: 2,
                exitAt: exit_at,
                standing,
            };
            let base = plasmid_bridge::abi::IExits::Base {
                opened,
                epochs: standing,
                ..Default::default()
            };
            Ending {
                number: 1,
                now: 50,
                head,
                parameters: Default::default(),
                base,
                held: None,
                begins: None,
            }
        };
        for (seen, void, words) in [
            (seen(9, 0, false), None, "the deployment goes on"),
            (seen(9, 60, false), None, "is closing"),
            (seen(5, 60, false), Some(5), "checkpoints 5 to 8 are void"),
            (
                seen(5, 50, false),
                Some(5),
                "since the checkpoint of epoch 4 counts",
            ),
            (seen(8, 50, true), Some(8), "checkpoint 8 is void"),
            (seen(0, 50, true), Some(0), "since the genesis state counts"),
        ] {
            let said = sentence(&seen);
            assert!(said.contains(words), "{said}");
            assert_eq!(said.contains("void"), void.is_some(), "{said}");
            assert_eq!(root(&seen)["void_from"], json!(void));
        }
    }
}

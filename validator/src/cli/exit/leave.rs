//! `plasmid exit leave`: what the base gives is paid, leaf by leaf, to whomever each belongs to.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::RangeInclusive,
    path::PathBuf,
};

use clap::Args;
use indicatif::ProgressBar;
use plasmid_bridge::{
    client::exits::{self, Ending},
    proof::inbox::{Body, Message},
};
use serde_json::json;

use super::{
    ExitDesk,
    carrier::{Carrier, behind},
    pay::{Carrying, LeavesPaid},
    state::{self, StateOption},
    status::leaf,
};
use crate::{
    chain::{
        exits::{Owner, Payable, of_account, of_range, payout},
        tree::Tree,
    },
    cli::{
        CliError,
        connect::Connection,
        keys::KeyOptions,
        output::{Output, listed, note},
    },
    ledger::Account,
};

/// The largest file of accounts that is read, in bytes.
const MAX_FILE: u64 = 64 << 20;

/// Whose leaves, in which state, and who carries them.
#[derive(Args)]
pub struct LeaveCommand {
    #[command(flatten)]
    state: StateOption,
    /// An account, or the name of a key. It may be given several times.
    #[arg(long, required_unless_present = "range", conflicts_with = "range")]
    account: Vec<String>,
    /// All leaves with indices FROM to TO, both included, that can be paid, for whomever they belong to. A leaf does not say whose it is: accounts are known by what root's messages and the state name, and by `--known`.
    #[arg(long, value_name = "FROM..TO", value_parser = range)]
    range: Option<RangeInclusive<u32>>,
    /// With a range: a file with accounts, one a line, that the state may have leaves of.
    #[arg(long, value_name = "FILE", requires = "range")]
    known: Option<PathBuf>,
    #[command(flatten)]
    carrier: Carrier,
}

/// Reads a range of indices.
fn range(text: &str) -> Result<RangeInclusive<u32>, String> {
    let form = || format!("{text:?} has not the form FROM..TO, such as 0..999");
    let (from, to) = text.split_once("..").ok_or_else(form)?;
    let number = |text: &str| text.trim().parse::<u32>().map_err(|_| form());
    let range = number(from)?..=number(to)?;
    match range.is_empty() {
        true => Err(format!("{text:?} ends before it begins")),
        false => Ok(range),
    }
}

/// What is paid, and what is not.
#[derive(Default)]
struct Leaving {
    payable: Vec<Payable>,
    already_paid: usize,
    /// Leaves whose account has said nowhere where it is paid.
    waits: Vec<Payable>,
    /// Leaves that hold something and whose account is not known.
    unknown: Vec<u32>,
    /// Accounts of kind 1 that said it on root.
    named: BTreeSet<Account>,
}

/// Runs `plasmid exit leave`.
///
/// # Errors
/// What root refused, what is wrong in the file, or which leaves were not paid.
pub async fn run(
    command: &LeaveCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let (place, wallet) = ExitDesk::sending(connection, keys, &command.carrier).await?;
    let seen = place.base().await?;
    let progress = output.progress("reading the state");
    let state = state::read(&command.state.state, &place, &seen).await?;
    let leaving = leaving(command, (&place, &seen), &state.tree, keys, &progress).await?;
    progress.finish_and_clear();
    let mut object = json!({
        "under": state.under,
        "leaves": leaving.payable.iter().map(leaf).collect::<Vec<_>>(),
        "already_paid": leaving.already_paid,
        "waits": leaving.waits.iter().map(leaf).collect::<Vec<_>>(),
        "unknown": leaving.unknown,
    });
    leaving.tell();
    if leaving.payable.is_empty() {
        output.object(&object);
        output.say("nothing is left that could be paid now");
        return Ok(());
    }
    let carrying = Carrying {
        place: &place,
        wallet: &wallet,
        tree: &state.tree,
        named: &leaving.named,
    };
    let progress = output.progress("asking root what it would cost");
    let priced = carrying.price(&leaving.payable).await;
    progress.finish_and_clear();
    let priced = priced?;
    let what = format!(
        "this pays {} leaves of {} to whomever they belong to",
        leaving.payable.len(),
        state.under
    );
    if !command.carrier.agree(&what, &priced, &mut object, output)? {
        return Ok(());
    }
    let mut done = LeavesPaid::default();
    let progress = output.progress("paying on root");
    let all = &leaving.payable;
    let reasons = carrying.pay(&command.carrier, (priced, all), &mut done, output);
    let reasons = reasons.await;
    progress.finish_and_clear();
    let sent = done.transactions.len();
    object["transactions"] = done.transactions.into();
    object["paid"] = json!(done.paid);
    object["payments"] = done.payments.into();
    object["failed"] = reasons
        .iter()
        .flatten()
        .map(|(index, why)| json!({ "index": index, "why": why }))
        .collect();
    output.object(&object);
    match reasons.map_err(|error| behind(sent, error))? {
        reasons if reasons.is_empty() => Ok(()),
        reasons => Err(CliError::new(format!(
            "leaves {} were not paid, and can be paid later: {}",
            listed(reasons.keys()),
            listed(reasons.values())
        ))),
    }
}

/// Collects what is paid.
async fn leaving(
    command: &LeaveCommand,
    (place, seen): (&ExitDesk, &Ending),
    tree: &Tree,
    keys: &KeyOptions,
    progress: &ProgressBar,
) -> Result<Leaving, CliError> {
    let mut leaving = Leaving::default();
    let all: Vec<Payable> = match &command.range {
        None => {
            let mut all = BTreeMap::new();
            for text in &command.account {
                let own = of_account(tree, keys.stated_account(text)?)?;
                all.extend(own.into_iter().map(|payable| (payable.index, payable)));
            }
            all.into_values().collect()
        }
        Some(range) => {
            let known = known(command, place, seen, progress).await?;
            let found = of_range(tree, range, &known)?;
            leaving.unknown = found.unknown;
            found.payable
        }
    };
    let mut payouts: BTreeMap<Account, bool> = BTreeMap::new();
    for (number, payable) in all.iter().copied().enumerate() {
        progress.set_message(format!(
            "looking at what root has paid: {number} of {} leaves",
            all.len()
        ));
        if exits::is_paid(place.endpoints(), &place.contracts, payable.index).await? {
            leaving.already_paid += 1;
            continue;
        }
        let is_payable = match payable.owner {
            Owner::Account(account) if account.kind == Account::ED25519 => {
                match payouts.get(&account) {
                    Some(known) => *known,
                    None => {
                        let (named, _) = exits::named(
                            place.endpoints(),
                            &place.contracts,
                            account.kind,
                            account.id,
                        )
                        .await?;
                        if named.is_some() {
                            leaving.named.insert(account);
                        }
                        let is_named = named.is_some() || payout(tree, account)?.is_some();
                        payouts.insert(account, is_named);
                        is_named
                    }
                }
            }
            _ => true,
        };
        match is_payable {
            true => leaving.payable.push(payable),
            false => leaving.waits.push(payable),
        }
    }
    Ok(leaving)
}

/// The accounts that root's messages name, and those of a file.
async fn known(
    command: &LeaveCommand,
    place: &ExitDesk,
    seen: &Ending,
    progress: &ProgressBar,
) -> Result<BTreeSet<Account>, CliError> {
    let blocks = place.blocks(seen).await?;
    let mut known = BTreeSet::new();
    // A message that the base had not consumed may name somebody whose account stands in it for another reason.
    let name = |message: &Message| match &message.body {
        Body::Deposit(deposit) => {
            known.insert(Account::from_bytes(&deposit.recipient));
            known.insert(Account::ethereum(deposit.depositor));
        }
        Body::Registration(registration) => {
            known.insert(Account::ethereum(registration.operator));
        }
        Body::Acceptance { relayer, .. } => {
            known.insert(Account::ethereum(*relayer));
        }
        Body::Forced { sender, .. } => {
            known.insert(Account::ethereum(*sender));
        }
        _ => {}
    };
    let tell =
        |left: u64| progress.set_message(format!("reading root's messages: {left} are left"));
    exits::walk(&place.rpc, &place.contracts, blocks, name, tell).await?;
    let Some(path) = &command.known else {
        return Ok(known);
    };
    let at = |why: String| CliError::new(format!("{}: {why}", path.display()));
    let length = fs::metadata(path).map_err(|error| at(error.to_string()))?;
    if length.len() > MAX_FILE {
        return Err(at(format!(
            "it has {} bytes, and {MAX_FILE} are read at most",
            length.len()
        )));
    }
    let text = fs::read_to_string(path).map_err(|error| at(error.to_string()))?;
    for (line, text) in (1..).zip(text.lines()) {
        if !text.trim().is_empty() {
            let account = text.trim().parse::<Account>();
            known.insert(account.map_err(|error| at(format!("line {line}: {error}")))?);
        }
    }
    Ok(known)
}

impl Leaving {
    /// Says what is left out, and why.
    fn tell(&self) {
        if !self.waits.is_empty() {
            note(&format!(
                "leaves {} wait: their accounts have not said where root pays them; their owners say it with `plasmid exit name`",
                listed(self.waits.iter().map(|payable| payable.index))
            ));
        }
        if !self.unknown.is_empty() {
            note(&format!(
                "{} leaves of the range hold something, and nobody named their accounts: name them in a file with --known",
                self.unknown.len()
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_two_ends_that_are_both_in_it() {
        assert_eq!(range("3..7"), Ok(3..=7));
        assert_eq!(range("0..0"), Ok(0..=0));
        for wrong in ["", "3", "3..", "..7", "7..3", "3..=7", "a..b", "-1..2"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}

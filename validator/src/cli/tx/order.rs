//! Where a transaction stands in its sender's order: behind what waits in the node, and behind what the key signed last on this machine,
//! of which another node may know and this one not yet.

use plasmid_proto::ledger::v1::{
    GetAccountResponse, GetTransactionRequest, Stage, get_transaction_request,
};

use super::{Signing, get_account, leaving::NotTaken, status_of, tip::Passed};
use crate::{
    cli::{
        CliError,
        connect::Connection,
        keys::{HeldSequences, Last, reach},
        output,
    },
    ledger::{Account, Code},
};

/// A sequence, and why it is that one.
pub struct Order {
    sender: Account,
    sequence: u64,
    /// The sequence that the node would have signed next, where it was asked.
    next: Option<u64>,
    /// Whether it is one of those that the node knows of as the next ones in the row.
    in_row: bool,
    /// Where it is kept what was signed last.
    held: HeldSequences,
    /// What was kept before.
    last: Option<Last>,
}

impl Order {
    /// The sequence that was named, or the next one.
    ///
    /// # Errors
    /// When the node does not tell of the account, what is kept cannot be read, or a forced transaction of the account is on its way.
    pub async fn of(
        connection: &Connection,
        signing: &Signing,
        sender: Account,
        held: HeldSequences,
        passed: Passed,
    ) -> Result<Self, CliError> {
        let last = held.last(sender, passed.height)?;
        let next = match signing.sequence {
            Some(_) => None,
            None => {
                let account = get_account(connection, sender).await?;
                let next = next_of(&account)?;
                let forget = !signing.dry_run;
                let own = account.sequence;
                let forced = on_its_way(connection, &held, (sender, own), passed, forget).await?;
                if let Some(forced) = forced {
                    return Err(waits_for_forced(sender, forced, &held));
                }
                Some(next)
            }
        };
        let sequence = match (signing.sequence, next) {
            (Some(named), _) => named,
            (None, next) => behind(
                next.unwrap_or_default(),
                last.as_ref().map(|last| last.sequence),
            ),
        };
        let in_row = match signing.sequence {
            None => true,
            Some(named) => is_in_row(connection, sender, named).await,
        };
        Ok(Self {
            sender,
            sequence,
            next,
            in_row,
            held,
            last,
        })
    }

    /// The sequence to sign.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Keeps it before the bytes leave: whatever becomes of this command, the next one does not sign that sequence too. A sequence that was
    /// named becomes the last one only if it is the next one in the row, because later ones would wait behind the gap that it makes. What is
    /// kept counts until everything in the row has expired, what took another one's place too.
    ///
    /// # Errors
    /// As [`HeldSequences::keep`].
    pub fn keep(&self, valid_until: u64) -> Result<(), CliError> {
        let last = self.last.as_ref();
        let within = last.is_some_and(|last| self.sequence <= last.sequence.saturating_add(1));
        if !self.in_row && !within && !self.follows_forced()? {
            return Ok(());
        }
        self.held.keep(Some(&Last {
            account: self.sender.to_string(),
            sequence: last.map_or(self.sequence, |last| last.sequence.max(self.sequence)),
            valid_until: last.map_or(valid_until, |last| last.valid_until.max(valid_until)),
        }))
    }

    /// Whether it is the next one behind a forced transaction.
    fn follows_forced(&self) -> Result<bool, CliError> {
        let Some(before) = self.sequence.checked_sub(1) else {
            return Ok(false);
        };
        let forced = self.held.forced(self.sender, before)?;
        Ok(forced.is_some_and(|forced| forced.sequence == before))
    }

    /// What a person has to know where the node knows nothing of what was signed last: this transaction waits for that one.
    pub fn gap(&self) -> Option<String> {
        let (last, next) = (self.last.as_ref()?, self.next?);
        let file = self.held.path().display();
        (next < self.sequence).then(|| {
            format!(
                "this node would have sequence {next} signed next, and this key has signed sequence {} here, perhaps through another node, \
                 which may be in a block until {}: what is signed behind it waits for it. If it is lost, sign sequence {next} anew with \
                 --sequence {next}: at most one of the two has an effect. If none of what was signed here waits any more, delete {file}",
                last.sequence, last.valid_until
            )
        })
    }

    /// An error of a transaction that may wait for another one.
    pub fn with_gap(&self, error: CliError) -> CliError {
        match self.gap() {
            Some(gap) => error.and(&format!("\n{gap}")),
            None => error,
        }
    }

    /// The error of a transaction that was not taken. What was refused opens no gap: the next command signs its sequence.
    pub fn after(&self, not_taken: NotTaken) -> CliError {
        let error = match not_taken {
            NotTaken::Unclear(error) => return self.with_gap(error),
            NotTaken::Refused(error) => error,
        };
        if let Err(unkept) = self.held.keep(self.last.as_ref()) {
            return error.and(&format!("\n{unkept}"));
        }
        self.with_gap(error)
    }
}

/// The sequence of the furthest forced transaction of an account whose own sequence is `own`, if one is on its way. One that the child has
/// consumed without effect is not any more, and nothing is kept of it from now on, unless this is a dry run, which changes nothing (`forget`).
/// Root has to have accepted a checkpoint behind its message: a node that only says so could have another transaction take the sequence
/// before the message is consumed.
///
/// # Errors
/// When what is kept cannot be read.
pub async fn on_its_way(
    connection: &Connection,
    held: &HeldSequences,
    (sender, own): (Account, u64),
    passed: Passed,
    forget: bool,
) -> Result<Option<u64>, CliError> {
    let Some(forced) = held.forced(sender, own)? else {
        return Ok(None);
    };
    let message = forced.message.as_deref().map(hex::decode);
    let (Some(Ok(message)), Some(index)) = (message, forced.index) else {
        return Ok(Some(forced.sequence));
    };
    if passed.messages < index {
        return Ok(Some(forced.sequence));
    }
    // A node that does not know of the message, or does not answer, leaves it on its way.
    match consumed(connection, message).await {
        Ok(Some(code)) if code != Code::Ok.number() => {
            if forget {
                held.drop_forced(sender, forced.sequence)?;
            }
            output::note(&format!(
                "the child has consumed the forced transaction with sequence {} without effect (code {code}), as this node says: its sequence \
                 is free again",
                forced.sequence
            ));
            Ok(None)
        }
        _ => Ok(Some(forced.sequence)),
    }
}

/// The code with which the child consumed the message whose transaction there has this hash, if it has.
async fn consumed(connection: &Connection, hash: Vec<u8>) -> Result<Option<u32>, CliError> {
    let request = GetTransactionRequest {
        id: Some(get_transaction_request::Id::Hash(hash.clone())),
    };
    let mut client = connection.transactions().await?;
    let answer = client.get_transaction(request).await?.into_inner();
    let status = status_of(answer)?;
    let is_told = status.hash == hash && status.stage >= Stage::Included as i32;
    Ok(is_told.then_some(status.code))
}

/// Whether a sequence that was named leaves no gap behind what the node knows of. A node that does not answer knows of nothing.
async fn is_in_row(connection: &Connection, sender: Account, named: u64) -> bool {
    let Ok(account) = get_account(connection, sender).await else {
        return false;
    };
    next_of(&account).is_ok_and(|next| (account.sequence..=next).contains(&named))
}

/// The error of a transaction for which a forced one, which has not had its effect yet, may leave no sequence.
fn waits_for_forced(sender: Account, forced: u64, held: &HeldSequences) -> CliError {
    let (behind, file) = (forced.saturating_add(1), held.path().display());
    CliError::new(format!(
        "a forced transaction of {sender} with sequence {forced} was handed in to the inbox on root and has not had its effect yet: nothing \
         was signed. Wait until the child has consumed it: `plasmid query account {sender}` then shows sequence {behind} or a higher one; if it \
         had no effect, its sequence is free again once root has accepted the checkpoint behind it. \
         On purpose, --sequence {forced} (with --replace and --fee where another one waits there) signs a transaction in its place, and at \
         most one of the two has an effect; --sequence {behind} signs one that waits behind it. If the child consumed it without effect and \
         the sequence stays, delete {file}"
    ))
}

/// The sequence that a node would have signed next, as far as a node can hold what waits before it.
///
/// # Errors
/// When no node can be right about it.
pub fn next_of(account: &GetAccountResponse) -> Result<u64, CliError> {
    let (own, next) = (account.sequence, account.next_sequence);
    match reach(own).contains(&next) {
        true => Ok(next),
        false => Err(CliError::new(format!(
            "the node says that the account's own sequence is {own} and that {next} is to be signed next. That cannot be: it is never lower, \
             and a node holds too few transactions of one account for it to be higher than {}. Nothing was signed; ask another node, or \
             name the sequence with --sequence",
            reach(own).end()
        ))),
    }
}

/// The sequence behind what the node knows of and what was signed last.
pub fn behind(next: u64, last: Option<u64>) -> u64 {
    last.map_or(next, |last| next.max(last.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_node_holds_more_of_an_account_than_its_pool_takes_ahead() {
        for (sequence, next, can_be) in [
            (7, 7, true),
            (7, 72, true),
            (7, 73, false),
            (7, 6, false),
            (7, u64::MAX, false),
            (u64::MAX, u64::MAX, true),
        ] {
            let account = GetAccountResponse {
                sequence,
                next_sequence: next,
                ..Default::default()
            };
            match next_of(&account) {
                Ok(told) => assert!(can_be && told == next, "{sequence} {next}"),
                Err(error) => {
                    let said = error.to_string();
                    assert!(!can_be && said.contains("cannot be"), "{said}");
                    assert!(said.contains(&next.to_string()), "{said}");
                }
            }
        }
    }
}

//! Where a transaction stands in its sender's order: behind what waits in the node, and behind what the key signed last on this machine,
//! of which another node may know and this one not yet.

use super::{Signing, get_account, leaving::NotTaken};
use crate::{
    cli::{
        CliError,
        connect::Connection,
        keys::{Held, Last},
    },
    ledger::Account,
};

/// A sequence, and why it is that one.
pub struct Order {
    sender: Account,
    sequence: u64,
    /// The sequence that the node would have signed next, where it was asked.
    next: Option<u64>,
    /// Where it is kept what was signed last; a dry run keeps nothing.
    held: Option<Held>,
    /// What was kept before.
    last: Option<Last>,
}

impl Order {
    /// The sequence that was named, or the next one.
    ///
    /// # Errors
    /// When the node does not tell of the account, or what is kept cannot be read.
    pub async fn of(
        connection: &Connection,
        signing: &Signing,
        sender: Account,
        held: Option<Held>,
        height: u64,
    ) -> Result<Self, CliError> {
        let last = held.as_ref().map(|held| held.last(sender, height));
        let last = last.transpose()?.flatten();
        let next = match signing.sequence {
            Some(_) => None,
            None => Some(get_account(connection, sender).await?.next_sequence),
        };
        let sequence = match (signing.sequence, next) {
            (Some(named), _) => named,
            (None, next) => behind(next.unwrap_or_default(), last.as_ref()),
        };
        Ok(Self {
            sender,
            sequence,
            next,
            held,
            last,
        })
    }

    /// The sequence to sign.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Keeps it before the bytes leave: whatever becomes of this command, the next one does not sign that sequence too. A sequence that was
    /// named is kept only if it is the next one in the row, because later ones would wait behind the gap that it makes.
    ///
    /// # Errors
    /// As [`Held::keep`].
    pub fn keep(&self, valid_until: u64) -> Result<(), CliError> {
        let Some(held) = &self.held else {
            return Ok(());
        };
        let is_next = self.sequence == behind(0, self.last.as_ref());
        if self.next.is_none() && !(is_next && self.last.is_some()) {
            return Ok(());
        }
        held.keep(Some(&Last {
            account: self.sender.to_string(),
            sequence: self.sequence,
            valid_until,
        }))
    }

    /// What a person has to know where the node knows nothing of what was signed last: this transaction waits for that one.
    pub fn gap(&self) -> Option<String> {
        let (last, next) = (self.last.as_ref()?, self.next?);
        let file = self.held.as_ref()?.path().display();
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
        let restored = self.held.as_ref().map(|held| held.keep(self.last.as_ref()));
        if let Some(Err(unkept)) = restored {
            return error.and(&format!("\n{unkept}"));
        }
        self.with_gap(error)
    }
}

/// The sequence behind what the node knows of and what was signed last.
pub fn behind(next: u64, last: Option<&Last>) -> u64 {
    last.map_or(next, |last| next.max(last.sequence.saturating_add(1)))
}

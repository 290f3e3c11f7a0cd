//! What a signed transaction that goes through the inbox stays: valid for ever and free of charge, in the hands of everybody who saw its
//! bytes. It is named with its bytes and kept beside the key before they leave, and every error that comes later says how to repeat or to
//! cancel it.

use crate::{
    cli::{CliError, keys, output},
    ledger::{Account, Domain, Transaction, transaction::Authentication},
};

/// A forced transaction by its names.
pub struct HeldForced {
    digest: String,
    sender: Account,
    /// The sequence that its signer gave it, and its bytes in hex; `None` where there is no signature, and so nothing for others to carry.
    signed: Option<(u64, String)>,
    /// Where its sequence is kept, where its signer's key is on this machine.
    beside: Option<keys::HeldSequences>,
}

impl HeldForced {
    /// What is about to be sent for the deployment of `domain`.
    pub fn new(
        transaction: &Transaction,
        bytes: &[u8],
        domain: &Domain,
        beside: Option<keys::HeldSequences>,
    ) -> Self {
        let header = &transaction.header;
        let signed = match transaction.authentication {
            Authentication::RootSender => None,
            _ => Some((header.sequence, hex::encode(bytes))),
        };
        Self {
            digest: transaction.digest(domain).to_string(),
            sender: header.sender,
            signed,
            beside,
        }
    }

    /// Keeps it and names it on standard error: its bytes leave now. Returns what puts back what was kept before.
    ///
    /// # Errors
    /// As [`keys::HeldSequences::keep_forced`].
    pub fn leaves(&self) -> Result<Option<keys::ForcedSequence>, CliError> {
        let mut before = None;
        if let Some((sequence, bytes)) = &self.signed {
            if let Some(beside) = &self.beside {
                before = beside.keep_forced(self.sender, *sequence)?;
            }
            output::note(&format!(
                "handing in forced transaction {} (sequence {sequence}), which is valid for ever and which anybody who has its bytes can \
                 carry: {bytes}",
                self.digest
            ));
        }
        Ok(before)
    }

    /// The error of one that takes no sequence, because its bytes did not leave: what was kept before is kept again.
    pub fn stays(&self, before: Option<keys::ForcedSequence>, error: CliError) -> CliError {
        let signed = self.signed.as_ref().and(self.beside.as_ref());
        match signed.map(|beside| beside.put_forced(before)) {
            Some(Err(unkept)) => error.and(&format!("\n{unkept}")),
            _ => error,
        }
    }

    /// It stands in the inbox, in the message whose transaction on the child has this hash: whether it had its effect is asked by that.
    ///
    /// # Errors
    /// As [`keys::HeldSequences::name_forced`].
    pub fn stands(&self, message: String, index: u64) -> Result<(), CliError> {
        match (&self.signed, &self.beside) {
            (Some((sequence, _)), Some(beside)) => {
                beside.name_forced(self.sender, *sequence, message, index)
            }
            _ => Ok(()),
        }
    }

    /// An error that came when the bytes may have left, with what may still become of them.
    pub fn after(&self, error: CliError) -> CliError {
        let Some((sequence, bytes)) = &self.signed else {
            return error;
        };
        error.and(&format!(
            "\nforced transaction {} (sequence {sequence}) has left this machine, is valid for ever, and may still take effect, whatever a \
             node or root says: do not type the command again, since that would sign another one beside it\nto repeat it, which cannot \
             take effect twice: plasmid bridge force submit {bytes} --carrier KEY\nto cancel it, let another transaction of the account \
             use its sequence first: --sequence {sequence}",
            self.digest
        ))
    }
}

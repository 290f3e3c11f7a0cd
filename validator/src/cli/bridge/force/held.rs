//! What a signed transaction that goes through the inbox stays: valid for ever and free of charge, in the hands of everybody who saw its
//! bytes. It is named with its bytes before they leave, and every error that comes later says how to repeat or to cancel it.

use crate::{
    cli::{CliError, output},
    ledger::{Domain, Transaction, transaction::Authentication},
};

/// A forced transaction by its names.
pub struct Held {
    digest: String,
    /// The sequence that its signer gave it, and its bytes in hex; `None` where there is no signature, and so nothing for others to carry.
    signed: Option<(u64, String)>,
}

impl Held {
    /// What is about to be sent for the deployment of `domain`.
    pub fn new(transaction: &Transaction, bytes: &[u8], domain: &Domain) -> Self {
        let header = &transaction.header;
        let signed = match transaction.authentication {
            Authentication::RootSender => None,
            _ => Some((header.sequence, hex::encode(bytes))),
        };
        Self {
            digest: transaction.digest(domain).to_string(),
            signed,
        }
    }

    /// Names it on standard error.
    pub fn note(&self) {
        if let Some((sequence, bytes)) = &self.signed {
            output::note(&format!(
                "handing in forced transaction {} (sequence {sequence}), which is valid for ever and which anybody who has its bytes can \
                 carry: {bytes}",
                self.digest
            ));
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

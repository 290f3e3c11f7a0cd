//! Commands that sign with one key take turns: the sequence that one of them signs is seen by the next.

use std::fs::{File, TryLockError};
use std::path::PathBuf;

use super::{KeyOptions, held::HeldSequences};
use crate::cli::{CliError, output};
use crate::ledger::Domain;

/// The turn of a command at a key. It ends when it is dropped, and the system ends it with the process.
#[derive(Debug)]
pub struct Turn {
    _file: File,
    path: PathBuf,
}

impl Turn {
    /// What the key signed last in the deployment of `domain`.
    pub fn held(&self, domain: &Domain) -> HeldSequences {
        HeldSequences::new(&self.path, domain)
    }
}

impl KeyOptions {
    /// Waits until no other command of this machine is between reading the account's sequence and handing in what it signed with
    /// the key called `name`. The key's file is locked for it and not changed.
    ///
    /// # Errors
    /// When there is no such key, or its file cannot be opened.
    pub async fn turn(&self, name: &str) -> Result<Turn, CliError> {
        let path = self.existing(name)?;
        let shown = path.display().to_string();
        let wrong = |error: std::io::Error| CliError::new(format!("{shown}: {error}"));
        let file = File::open(&path).map_err(wrong)?;
        let locked = match file.try_lock() {
            Ok(()) => return Ok(Turn { _file: file, path }),
            Err(TryLockError::WouldBlock) => {
                output::note(&format!(
                    "another command is signing with key {name}, or asks whether to: this one goes on when that one has handed in its transaction, or has ended"
                ));
                let waiting = file.try_clone().map_err(wrong)?;
                let locked = tokio::task::spawn_blocking(move || waiting.lock());
                locked
                    .await
                    .map_err(|error| CliError::new(error.to_string()))?
            }
            Err(TryLockError::Error(error)) => Err(error),
        };
        // Some file systems have no locks. Two commands may then sign the same sequence: the node refuses one of them.
        if let Err(error) = locked {
            output::note(&format!(
                "{shown}: it cannot be locked ({error}), so use this key in one shell at a time"
            ));
        }
        Ok(Turn { _file: file, path })
    }
}

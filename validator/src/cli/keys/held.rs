//! What a key signed last in each deployment: kept beside its file, so that two nodes that do not know of each other's transactions yet
//! cannot have one sequence signed twice, and none is signed twice while a forced transaction is on its way through root.

use std::{
    collections::BTreeMap,
    fs,
    io::{ErrorKind, Read},
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use plasmid_bridge::client::whole;
use serde::{Deserialize, Serialize};

use crate::{
    app::pool::HELD_AHEAD,
    cli::{CliError, output},
    ledger::{Account, Domain},
    node::keystore,
};

/// The largest file that is read, in bytes: some hundreds of deployments.
const MAX_FILE: u64 = 256 * 1024;

/// The last transaction that was handed in, as far as it can still stand in a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// The account that signed it.
    pub account: String,
    /// Its sequence.
    pub sequence: u64,
    /// The last height at which it may stand in a block.
    pub valid_until: u64,
}

/// The furthest transaction that was handed in to the inbox on root. It is valid for ever: it counts until the account has passed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forced {
    account: String,
    sequence: u64,
}

/// What is kept of one deployment.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    last: Option<Last>,
    forced: Option<Forced>,
}

/// The sequences that an account whose next one is `own` can have signed next behind what waits in a node.
pub const fn reach(own: u64) -> RangeInclusive<u64> {
    own..=own.saturating_add(HELD_AHEAD).saturating_add(1)
}

/// The file beside a key's file.
#[derive(Debug)]
pub struct Held {
    path: PathBuf,
    deployment: String,
}

impl Held {
    /// What stands beside the key file at `key`, of the deployment of `domain`.
    pub(super) fn new(key: &Path, domain: &Domain) -> Self {
        Self {
            path: key.with_extension(keystore::HELD_ENDING),
            deployment: hex::encode(domain.deployment),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last transaction of `account`, unless the chain has passed the last height at which it may stand in a block: then the node's word
    /// counts again.
    ///
    /// # Errors
    /// When there is a file, and it cannot be read.
    pub fn last(&self, account: Account, height: u64) -> Result<Option<Last>, CliError> {
        let account = account.to_string();
        let counts = |last: &Last| last.account == account && height < last.valid_until;
        Ok(self.kept()?.last.filter(counts))
    }

    /// Keeps the last transaction, or that there is none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn keep(&self, last: Option<&Last>) -> Result<(), CliError> {
        self.write(Kept {
            last: last.cloned(),
            ..self.kept()?
        })
    }

    /// The sequence of the furthest forced transaction of `account`, unless the account, whose own sequence is `own`, has passed it. One
    /// that lies too far ahead for every node has its turn later, if ever.
    ///
    /// # Errors
    /// As [`Self::last`].
    pub fn forced(&self, account: Account, own: u64) -> Result<Option<u64>, CliError> {
        let forced = self.kept()?.forced;
        let forced = forced.filter(|forced| forced.account == account.to_string());
        let sequence = forced.map(|forced| forced.sequence);
        Ok(sequence.filter(|sequence| reach(own).contains(sequence)))
    }

    /// Keeps a forced transaction, unless one behind it is kept, and returns what was kept before.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn keep_forced(&self, account: Account, sequence: u64) -> Result<Option<Forced>, CliError> {
        let sequence = self.forced(account, sequence)?.unwrap_or(sequence);
        self.put_forced(Some(Forced {
            account: account.to_string(),
            sequence,
        }))
    }

    /// Puts this in the place of the forced transaction that is kept, and returns that one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn put_forced(&self, forced: Option<Forced>) -> Result<Option<Forced>, CliError> {
        let Kept {
            last,
            forced: before,
        } = self.kept()?;
        self.write(Kept { last, forced })?;
        Ok(before)
    }

    /// What is kept of this deployment.
    fn kept(&self) -> Result<Kept, CliError> {
        Ok(self.read()?.remove(&self.deployment).unwrap_or_default())
    }

    fn write(&self, kept: Kept) -> Result<(), CliError> {
        let mut all = self.read()?;
        all.insert(self.deployment.clone(), kept);
        let bytes = serde_json::to_vec(&all)?;
        // A folder of keys may be one that cannot be written.
        if let Err(error) = whole::replace(&self.path, &bytes, whole::PRIVATE) {
            output::note(&format!(
                "{}: it cannot be written ({error}), so use this key through one node at a time, which then knows what was signed last, \
                 and not while a forced transaction of it is on its way",
                self.path.display()
            ));
        }
        Ok(())
    }

    fn read(&self) -> Result<BTreeMap<String, Kept>, CliError> {
        let wrong = |why: String| {
            CliError::new(format!(
                "{}: {why}; it holds what was signed last with the key: when nothing of that waits any more, delete it",
                self.path.display()
            ))
        };
        let file = match fs::File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let mut bytes = Vec::new();
        file.take(MAX_FILE)
            .read_to_end(&mut bytes)
            .map_err(|error| wrong(error.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_was_signed_last_counts_for_its_account_and_deployment_until_it_has_expired() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = folder.path().join("anna.json");
        let of = |deployment: u8| {
            let domain = Domain {
                root_chain_id: 31_337,
                root_chain: [1; 20],
                deployment: [deployment; 20],
            };
            Held::new(&key, &domain)
        };
        let account = Account::ethereum([7; 20]);
        let last = |sequence, valid_until| Last {
            account: account.to_string(),
            sequence,
            valid_until,
        };
        assert_eq!(of(1).last(account, 0).unwrap(), None);
        of(1).keep(Some(&last(7, 100))).unwrap();
        of(2).keep(Some(&last(8, 200))).unwrap();
        assert_eq!(of(1).last(account, 99).unwrap(), Some(last(7, 100)));
        assert_eq!(of(1).last(account, 100).unwrap(), None);
        assert_eq!(of(1).last(Account::ethereum([8; 20]), 0).unwrap(), None);
        assert_eq!(of(2).last(account, 100).unwrap(), Some(last(8, 200)));
        of(1).keep(None).unwrap();
        assert_eq!(of(1).last(account, 0).unwrap(), None);
        assert_eq!(of(2).last(account, 0).unwrap(), Some(last(8, 200)));
        // What went through the inbox counts until the account has passed it, and the furthest one is kept.
        assert_eq!(of(2).forced(account, 0).unwrap(), None);
        let none = of(2).keep_forced(account, 9).unwrap();
        of(2).keep_forced(account, 8).unwrap();
        for (own, forced) in [(9, Some(9)), (10, None)] {
            assert_eq!(of(2).forced(account, own).unwrap(), forced);
        }
        let nine = of(2).keep_forced(account, 1_000).unwrap();
        assert_eq!(of(2).forced(account, 0).unwrap(), None);
        assert_eq!(of(2).forced(account, 1_000).unwrap(), Some(1_000));
        assert_eq!(of(2).forced(Account::ethereum([8; 20]), 999).unwrap(), None);
        assert_eq!(of(1).forced(account, 999).unwrap(), None);
        of(2).put_forced(nine).unwrap();
        assert_eq!(of(2).forced(account, 0).unwrap(), Some(9));
        of(2).keep(Some(&last(8, 300))).unwrap();
        assert_eq!(of(2).forced(account, 0).unwrap(), Some(9));
        of(2).put_forced(none).unwrap();
        assert_eq!(of(2).forced(account, 0).unwrap(), None);
        assert_eq!(of(2).last(account, 0).unwrap(), Some(last(8, 300)));
        let file = folder.path().join("anna.held");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(&file, "torn").unwrap();
        let error = of(1).last(account, 0).unwrap_err().to_string();
        assert!(error.contains("anna.held"), "{error}");
    }
}

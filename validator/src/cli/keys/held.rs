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

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 256 * 1024;

/// Deployments of which something is kept: those that the key was used in last.
const MAX_DEPLOYMENTS: usize = 64;

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

/// The furthest transaction that was handed in to the inbox on root. It is valid for ever: it counts until the account has passed it, or the
/// child has consumed it without effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForcedSequence {
    account: String,
    /// Its sequence.
    pub sequence: u64,
    /// The engine's hash, in hex, of the message that carries it on the child; known once the message stands in the inbox.
    #[serde(default)]
    pub message: Option<String>,
    /// The index of that message in the inbox.
    #[serde(default)]
    pub index: Option<u64>,
}

/// What is kept of one deployment.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    last: Option<Last>,
    forced: Option<ForcedSequence>,
    /// Higher than that of every deployment that was written before.
    #[serde(default)]
    turn: u64,
}

/// The sequences that an account whose next one is `own` can have signed next behind what waits in a node.
pub const fn reach(own: u64) -> RangeInclusive<u64> {
    own..=own.saturating_add(HELD_AHEAD).saturating_add(1)
}

/// The file beside a key's file.
#[derive(Debug)]
pub struct HeldSequences {
    path: PathBuf,
    deployment: String,
}

impl HeldSequences {
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

    /// The furthest forced transaction of `account`, unless the account, whose own sequence is `own`, has passed it. One that lies too far
    /// ahead for every node has its turn later, if ever.
    ///
    /// # Errors
    /// As [`Self::last`].
    pub fn forced(&self, account: Account, own: u64) -> Result<Option<ForcedSequence>, CliError> {
        let account = account.to_string();
        let counts = |forced: &ForcedSequence| {
            forced.account == account && reach(own).contains(&forced.sequence)
        };
        Ok(self.kept()?.forced.filter(counts))
    }

    /// Keeps a forced transaction, unless one behind it is kept, and returns what was kept before.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn keep_forced(
        &self,
        account: Account,
        sequence: u64,
    ) -> Result<Option<ForcedSequence>, CliError> {
        let behind = self.forced(account, sequence)?;
        let forced = behind.filter(|behind| behind.sequence > sequence);
        self.put_forced(Some(forced.unwrap_or_else(|| ForcedSequence {
            account: account.to_string(),
            sequence,
            message: None,
            index: None,
        })))
    }

    /// Keeps which message carries a forced transaction, where that one is kept.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn name_forced(
        &self,
        account: Account,
        sequence: u64,
        message: String,
        index: u64,
    ) -> Result<(), CliError> {
        match self.exactly(account, sequence)? {
            None => Ok(()),
            Some(forced) => {
                let (message, index) = (Some(message), Some(index));
                let named = ForcedSequence {
                    message,
                    index,
                    ..forced
                };
                self.put_forced(Some(named)).map(|_| ())
            }
        }
    }

    /// Keeps nothing of a forced transaction that the child has consumed without effect. One behind it stays.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn drop_forced(&self, account: Account, sequence: u64) -> Result<(), CliError> {
        match self.exactly(account, sequence)? {
            None => Ok(()),
            Some(_) => self.put_forced(None).map(|_| ()),
        }
    }

    /// Puts this in the place of the forced transaction that is kept, and returns that one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn put_forced(
        &self,
        forced: Option<ForcedSequence>,
    ) -> Result<Option<ForcedSequence>, CliError> {
        let mut kept = self.kept()?;
        let before = std::mem::replace(&mut kept.forced, forced);
        self.write(kept)?;
        Ok(before)
    }

    fn exactly(&self, account: Account, sequence: u64) -> Result<Option<ForcedSequence>, CliError> {
        let forced = self.forced(account, sequence)?;
        Ok(forced.filter(|forced| forced.sequence == sequence))
    }

    /// What is kept of this deployment.
    fn kept(&self) -> Result<Kept, CliError> {
        Ok(self.read()?.remove(&self.deployment).unwrap_or_default())
    }

    fn write(&self, kept: Kept) -> Result<(), CliError> {
        let mut all = self.read()?;
        let newest = all.values().map(|kept| kept.turn).max();
        let turn = newest.map_or(0, |newest| newest.saturating_add(1));
        all.insert(self.deployment.clone(), Kept { turn, ..kept });
        all.retain(|_, kept| kept.last.is_some() || kept.forced.is_some());
        while all.len() > MAX_DEPLOYMENTS {
            let oldest = all.iter().min_by_key(|(_, kept)| kept.turn);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else {
                break;
            };
            all.remove(&oldest);
        }
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

    fn domain(deployment: u8) -> Domain {
        Domain {
            root_chain_id: 31_337,
            root_chain: [1; 20],
            deployment: [deployment; 20],
        }
    }

    #[test]
    fn the_furthest_forced_transaction_is_kept_until_the_account_has_passed_it_or_it_had_no_effect()
    {
        let folder = tempfile::tempdir().expect("a folder");
        let key = folder.path().join("anna.json");
        let held = HeldSequences::new(&key, &domain(2));
        let account = Account::ethereum([7; 20]);
        let stranger = Account::ethereum([8; 20]);
        let forced = |own| {
            let forced = held.forced(account, own).unwrap();
            forced.map(|forced| (forced.sequence, forced.message.zip(forced.index)))
        };
        assert_eq!(forced(0), None);
        let none = held.keep_forced(account, 9).unwrap();
        held.name_forced(account, 9, "nine".into(), 90).unwrap();
        let nine = Some((9, Some(("nine".to_owned(), 90))));
        // One before it leaves it as it is, whatever becomes of that one.
        held.keep_forced(account, 8).unwrap();
        held.name_forced(account, 8, "eight".into(), 80).unwrap();
        held.drop_forced(account, 8).unwrap();
        held.drop_forced(stranger, 9).unwrap();
        assert_eq!((forced(9), forced(10)), (nine.clone(), None));
        // Kept again, this sequence goes with another message.
        let before = held.keep_forced(account, 9).unwrap();
        assert_eq!(forced(9), Some((9, None)));
        held.put_forced(before).unwrap();
        let before = held.keep_forced(account, 1_000).unwrap();
        assert_eq!((forced(0), forced(1_000)), (None, Some((1_000, None))));
        assert_eq!(held.forced(stranger, 999).unwrap(), None);
        let other = HeldSequences::new(&key, &domain(1));
        assert_eq!(other.forced(account, 999).unwrap(), None);
        held.put_forced(before).unwrap();
        assert_eq!(forced(0), nine);
        let last = Last {
            account: account.to_string(),
            sequence: 8,
            valid_until: 300,
        };
        held.keep(Some(&last)).unwrap();
        assert_eq!(forced(0), nine);
        held.drop_forced(account, 9).unwrap();
        assert_eq!(forced(0), None);
        held.put_forced(none).unwrap();
        assert_eq!(held.last(account, 0).unwrap(), Some(last));
    }

    #[test]
    fn the_deployments_that_a_key_was_used_in_last_are_kept_and_the_file_stays_small() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = folder.path().join("anna.json");
        let account = Account::ethereum([7; 20]);
        let last = Last {
            account: account.to_string(),
            sequence: u64::MAX,
            valid_until: u64::MAX,
        };
        let of = |deployment: u8| HeldSequences::new(&key, &domain(deployment));
        of(255).keep(None).unwrap();
        for deployment in 0..200 {
            of(deployment).keep(Some(&last)).unwrap();
            // It is used all the time.
            of(7).keep(Some(&last)).unwrap();
        }
        let kept = |deployment: &u8| of(*deployment).last(account, 0).unwrap().is_some();
        let found: Vec<u8> = (0..=255).filter(kept).collect();
        let newest = u8::try_from(MAX_DEPLOYMENTS).unwrap() - 1;
        let expected: Vec<u8> = [7].into_iter().chain(200 - newest..200).collect();
        assert_eq!(found, expected);
        let length = fs::metadata(of(0).path()).unwrap().len();
        assert!(length < MAX_FILE / 4, "{length} bytes");
    }

    #[test]
    fn what_was_signed_last_counts_for_its_account_and_deployment_until_it_has_expired() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = folder.path().join("anna.json");
        let of = |deployment: u8| HeldSequences::new(&key, &domain(deployment));
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
        let file = folder.path().join("anna.held");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(&file, "torn").unwrap();
        let error = of(1).last(account, 0).unwrap_err().to_string();
        assert!(error.contains("anna.held"), "{error}");
    }
}

//! What CometBFT's sign state said at its newest, in a file of ours: whoever restores CometBFT's file from a backup has an older one, and the
//! consensus key would sign a second vote of a height that it has signed.
//!
//! ```text
//! priv_validator_state.json ──▶ data/last_vote.json     at each start and every few seconds, when it is greater
//!                           ◀── refused at the start    when it is smaller, for the same key
//! ```
//! The record names the deployment: one of another network's folder is refused. A record of before, which names none, counts as this one's, and
//! has its name from then on: to believe it refuses more, never less.
//!
//! It cannot know what was signed since it was written, nor anything where both files come from one backup: the whole folder is still to be
//! moved by `plasmid sign-state export` and `import`.

use std::path::Path;

use alloy_primitives::{B256, hex};
use plasmid_bridge::client::whole;
use serde::{Deserialize, Serialize};

use super::{CometError, Home, exists, file_error, read, signed::LastVote};

/// The record.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remembered {
    #[serde(default)]
    deployment_id: Option<String>,
    consensus_key: String,
    last_vote: LastVote,
}

impl Home {
    /// Compares CometBFT's sign state with the record at `path`, and brings the record up to it. Without a key or a sign state in this home
    /// there is nothing to compare; a record of another key in the same deployment is replaced.
    ///
    /// # Errors
    /// [`CometError::OlderVotes`] when the sign state says less than the record of the same key; [`CometError::OtherRecord`] and
    /// [`CometError::BadRecord`]; when a file cannot be read or written.
    pub fn remember_last_signed(
        &self,
        path: &Path,
        deployment: &[u8; 20],
    ) -> Result<(), CometError> {
        if !exists(&self.consensus_key_path())? {
            return Ok(());
        }
        let Some(last_vote) = self.last_signed()? else {
            return Ok(());
        };
        let consensus_key = hex::encode(B256::from(self.consensus_key()?));
        let deployment_id = hex::encode(deployment);
        if exists(path)? {
            let text = read(path)?;
            let held: Remembered =
                serde_json::from_str(&text).map_err(|error| CometError::BadRecord {
                    record: path.to_owned(),
                    state: self.sign_state_path(),
                    cause: error.to_string(),
                })?;
            let named = held.deployment_id.as_ref();
            if let Some(found) = named.filter(|named| **named != deployment_id) {
                return Err(CometError::OtherRecord {
                    record: path.to_owned(),
                    found: found.clone(),
                    expected: deployment_id,
                });
            }
            if held.consensus_key == consensus_key {
                if held.last_vote > last_vote {
                    return Err(CometError::OlderVotes {
                        state: self.sign_state_path(),
                        found: last_vote.height,
                        record: path.to_owned(),
                        remembered: held.last_vote.height,
                    });
                }
                if held.last_vote == last_vote && named.is_some() {
                    return Ok(());
                }
            }
        }
        let record = Remembered {
            deployment_id: Some(deployment_id),
            consensus_key,
            last_vote,
        };
        let text = serde_json::to_string(&record).map_err(|error| CometError::Malformed {
            path: path.to_owned(),
            cause: error.to_string(),
        })?;
        if let Some(folder) = path.parent() {
            whole::make_folder(folder).map_err(file_error(folder))?;
        }
        whole::replace(path, text.as_bytes(), whole::PRIVATE).map_err(file_error(path))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn state(home: &Home, height: u64, round: u32, step: u8) {
        let text = format!(r#"{{"height":"{height}","round":{round},"step":{step}}}"#);
        fs::write(home.sign_state_path(), text).expect("written");
    }

    #[test]
    fn a_sign_state_that_is_older_than_what_was_seen_of_it_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::new(folder.path().join("cometbft"));
        let record = folder.path().join("data/last_vote.json");
        let remember = || home.remember_last_signed(&record, &[1; 20]);
        remember().expect("there is no key");
        assert!(!record.exists());
        home.ensure_consensus_key(&[7; 32]).expect("a key");
        state(&home, 40, 0, 3);
        remember().expect("the first look");
        // This state once more, and later ones: of this height too.
        for (height, round, step) in [(40, 0, 3), (40, 1, 2), (40, 1, 3), (90, 0, 2)] {
            state(&home, height, round, step);
            remember().expect("it is not older");
        }
        for (height, round, step) in [(90, 0, 1), (89, 9, 3), (0, 0, 0)] {
            state(&home, height, round, step);
            let said = remember().expect_err("it is older").to_string();
            for words in [
                &format!("height {height},"),
                "height 90,",
                "backup",
                "\"step\":3",
                "two thirds",
                "written by hand",
            ] {
                assert!(said.contains(words), "{words:?} is not in {said}");
            }
        }
        // What the message says to do.
        state(&home, 102, 0, 3);
        remember().expect("nothing is signed below");
        // And to who has to lower that again, because no block ever comes to it.
        state(&home, 93, 0, 0);
        let said = remember().expect_err("it is lower").to_string();
        assert!(said.contains("deletes that file too"), "{said}");
        fs::remove_file(&record).expect("deleted");
        remember().expect("it is written anew");
        state(&home, 92, 0, 3);
        remember().expect_err("it is kept from there on");
        state(&home, 102, 0, 3);
        // Another key has signed nothing.
        fs::remove_file(home.consensus_key_path()).expect("removed");
        home.ensure_consensus_key(&[8; 32]).expect("another key");
        state(&home, 0, 0, 0);
        remember().expect("a new key");
        // A record that cannot be read is said, with what to do, and not replaced.
        fs::write(&record, "{").expect("written");
        let said = remember().expect_err("it cannot be read").to_string();
        for words in ["last_vote.json", "Delete", "backup", "two thirds"] {
            assert!(said.contains(words), "{words:?} is not in {said}");
        }
        assert_eq!(fs::read(&record).expect("it stays"), b"{");
    }

    #[test]
    fn a_record_of_another_network_is_refused_and_one_without_a_name_counts_once_as_ours() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::new(folder.path().join("cometbft"));
        let record = folder.path().join("data/last_vote.json");
        let key = home.ensure_consensus_key(&[7; 32]).expect("a key");
        state(&home, 40, 0, 3);
        home.remember_last_signed(&record, &[1; 20])
            .expect("a record");
        let theirs = fs::read(&record).expect("it is there");
        // Lower, higher, or under another key: what it says is of no use here.
        for height in [40, 90, 10] {
            state(&home, height, 0, 3);
            let refused = home.remember_last_signed(&record, &[2; 20]);
            let said = refused.expect_err("another network's").to_string();
            for words in ["0101", "0202", "another deployment", "last_vote.json"] {
                assert!(said.contains(words), "{words:?} is not in {said}");
            }
            assert_eq!(fs::read(&record).expect("it stays"), theirs);
        }
        // As it was written before records had a name.
        let nameless = format!(
            r#"{{"consensus_key":"{}","last_vote":{{"height":40,"round":0,"step":3}}}}"#,
            hex::encode(key)
        );
        fs::write(&record, nameless).expect("written");
        state(&home, 39, 0, 3);
        let refused = home.remember_last_signed(&record, &[2; 20]);
        assert!(matches!(refused, Err(CometError::OlderVotes { .. })));
        state(&home, 40, 0, 3);
        home.remember_last_signed(&record, &[2; 20])
            .expect("it is ours");
        let refused = home.remember_last_signed(&record, &[1; 20]);
        assert!(matches!(refused, Err(CometError::OtherRecord { .. })));
    }
}

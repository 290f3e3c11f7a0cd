//! A whole folder that was put back from a backup: what it remembers is older than what its key has signed, and nothing in it says so. The
//! blocks do, which the engine reads before it votes.
//!
//! ```text
//! engine catches up ─▶ FinalizeBlock(h + 1): the precommits of h ─▶ is the own one among them?
//!                                                                     yes, and priv_validator_state.json says less than h ─▶ the node ends
//! ```
//! In a folder that was never put back this cannot be: CometBFT writes the file before a vote leaves it. What it cannot know is what the key
//! signed and no block shows: the votes of the height that the network is at, where nobody has decided it since.

use std::sync::{Mutex, PoisonError};

use plasmid_bridge::proof::vote;

use super::{KeysError, Terms};
use crate::{
    app::ports::OwnVotes,
    chain::tally::{CommitVote, Flag},
    engine::abci::Fault,
    node::{
        comet::{self, CometError},
        config::Home,
    },
};

/// The own consensus key, and the file that says how far it signed.
pub struct OlderCopy {
    engine: comet::Home,
    address: [u8; 20],
    /// What the file said last.
    known: Mutex<u64>,
}

impl OlderCopy {
    /// What watches a validator's own votes; `None` where its engine's files are elsewhere, or a remote signer has the key.
    ///
    /// # Errors
    /// When CometBFT's files cannot be read.
    pub fn watching(terms: Terms<'_>, home: &Home) -> Result<Option<Box<dyn OwnVotes>>, KeysError> {
        let engine = home.engine();
        if terms.engine_elsewhere || engine.has_remote_signer()? {
            return Ok(None);
        }
        let key = engine.consensus_key()?;
        Ok(Some(Box::new(Self {
            engine,
            address: vote::address(&key),
            known: Mutex::default(),
        })))
    }
}

impl OwnVotes for OlderCopy {
    fn shown(&self, votes: &[CommitVote], height: u64) -> Result<(), Fault> {
        let is_own = |vote: &CommitVote| vote.address == self.address && vote.flag != Flag::Absent;
        if !votes.iter().any(is_own) {
            return Ok(());
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if height <= *known {
            return Ok(());
        }
        let last = self.engine.last_signed().map_err(Fault::new)?;
        *known = last.map_or(0, |last| last.height);
        match height <= *known {
            true => Ok(()),
            false => Err(Fault::new(CometError::ShownLater {
                state: self.engine.sign_state_path(),
                found: *known,
                shown: height,
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const OTHER: [u8; 20] = [9; 20];

    #[test]
    fn a_vote_of_the_own_key_above_its_file_ends_the_node_and_no_other_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::new(folder.path());
        let engine = home.engine();
        let key = engine.ensure_consensus_key(&[7; 32]).expect("a key");
        let own = vote::address(&key);
        let state = |height: u64| {
            let text = format!(r#"{{"height":"{height}","round":0,"step":3}}"#);
            fs::write(engine.sign_state_path(), text).expect("written");
        };
        let watched = || OlderCopy {
            engine: home.engine(),
            address: own,
            known: Mutex::default(),
        };
        let by = |address: [u8; 20], flag: Flag| [CommitVote { address, flag }];
        state(40);
        let watch = watched();
        // Others' votes, and none of the own key, say nothing about it at any height.
        for votes in [by(OTHER, Flag::Commit), by(own, Flag::Absent)] {
            watch.shown(&votes, 90).expect("it is not ours");
        }
        for flag in [Flag::Commit, Flag::Nil] {
            for height in [1, 39, 40] {
                watch
                    .shown(&by(own, flag), height)
                    .expect("the file says so");
            }
            for height in [41, 90] {
                let said = watch.shown(&by(own, flag), height).expect_err("older").0;
                for words in [
                    &format!("height {height},"),
                    "height 40:",
                    "backup",
                    "\"step\":3",
                ] {
                    assert!(said.contains(words), "{words:?} is not in {said}");
                }
            }
        }
        // A node that runs: the file is ahead of the blocks, whatever it said at the start.
        for height in 41..60 {
            state(height + 1);
            watch
                .shown(&by(own, Flag::Commit), height)
                .expect("it is newer");
        }
        // What the message says to do.
        state(102);
        watched()
            .shown(&by(own, Flag::Commit), 92)
            .expect("nothing is signed up to there");
        // A file that is gone says nothing, and one that cannot be read is no reason to go on.
        fs::remove_file(engine.sign_state_path()).expect("removed");
        watched()
            .shown(&by(own, Flag::Commit), 1)
            .expect_err("nothing is known");
        fs::write(engine.sign_state_path(), "{").expect("written");
        watched()
            .shown(&by(own, Flag::Commit), 1)
            .expect_err("it cannot be read");
    }
}

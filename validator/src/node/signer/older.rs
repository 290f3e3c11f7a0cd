//! A whole folder that was put back from a backup: what it remembers is older than what its key has signed, and nothing in it says so. The
//! blocks do, which the engine reads before it votes.
//!
//! ```text
//! engine catches up ─▶ FinalizeBlock(h + 1): the precommits of h ─▶ is the own one among them?
//!                                                                     yes, and priv_validator_state.json says less than h ─▶ the node ends
//! ```
//! In a folder that was never put back this cannot be: CometBFT writes the file before a vote leaves it. What it cannot know is what the key
//! signed and no block shows: the votes of the height that the network is at, where nobody has decided it since.
//!
//! Where the system refuses to open the file, as where a process has too many files open, the node ends only while its key may not have voted yet:
//! once the file has moved while the node ran, the engine votes, and what the blocks showed up to then was compared.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use plasmid_bridge::proof::vote;

use super::{KeyTerms, KeysError, signs_from_here};
use crate::{
    app::ports::OwnVotes,
    chain::tally::{CommitVote, Flag},
    engine::abci::Fault,
    node::{
        comet::{self, CometError, signed::LastVote},
        config::Home,
    },
};

/// How often the file is read before it counts as one that cannot be read, and how long lies between: what the system refuses for a moment, as where
/// a node has too many files open, is no reason to end.
const READS: usize = 5;
const PAUSE: Duration = Duration::from_millis(200);

/// The own consensus key, and the file that says how far it signed.
pub struct OlderCopy {
    engine: comet::Home,
    address: [u8; 20],
    known: Mutex<KnownVotes>,
}

/// Heights that the file named.
#[derive(Default)]
struct KnownVotes {
    /// What it said first since the node started.
    first: Option<u64>,
    /// What it said last.
    last: u64,
}

impl KnownVotes {
    /// Whether the engine has voted since the node started.
    fn moved(&self) -> bool {
        self.first.is_some_and(|first| first < self.last)
    }
}

impl OlderCopy {
    /// What watches the votes of a consensus key that is in this folder, whoever it is registered for by now; `None` where there is none, the engine's
    /// files are elsewhere, or a remote signer has the key.
    ///
    /// # Errors
    /// When CometBFT's files cannot be read.
    pub fn watching(
        terms: KeyTerms<'_>,
        home: &Home,
    ) -> Result<Option<Box<dyn OwnVotes>>, KeysError> {
        if !signs_from_here(terms, home)? {
            return Ok(None);
        }
        let engine = home.engine();
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
        if height <= known.last {
            return Ok(());
        }
        let read = || self.engine.last_signed();
        let last = match known.moved() {
            true => match read() {
                Err(error @ CometError::File { .. }) => {
                    tracing::warn!(%error, "CometBFT's sign state is not compared with this block");
                    return Ok(());
                }
                last => last,
            },
            false => read_again(read, PAUSE),
        };
        let last = last.map_err(Fault::new)?.map_or(0, |last| last.height);
        known.last = last;
        known.first.get_or_insert(last);
        match height <= known.last {
            true => Ok(()),
            false => Err(Fault::new(CometError::ShownLater {
                state: self.engine.sign_state_path(),
                found: known.last,
                shown: height,
            })),
        }
    }
}

/// What `read` gives, after some more attempts where the system refuses. What the file says wrongly it says the next time too.
fn read_again(
    mut read: impl FnMut() -> Result<Option<LastVote>, CometError>,
    pause: Duration,
) -> Result<Option<LastVote>, CometError> {
    for _ in 1..READS {
        match read() {
            Err(error @ CometError::File { .. }) => {
                tracing::warn!(%error, "CometBFT's sign state is read again");
                thread::sleep(pause);
            }
            outcome => return outcome,
        }
    }
    read()
}

#[cfg(test)]
mod tests {
    use std::{fs, io};

    use super::super::remember_votes;
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
                    "two thirds",
                    "one more than the newest block",
                    "dump_consensus_state",
                    "data/last_vote.json",
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
        // Where the network stands still, it is done so too: the file says one height above the newest block, with the newest vote there or none.
        for (round, step) in [(0, 0), (4, 2)] {
            let text = format!(r#"{{"height":"93","round":{round},"step":{step}}}"#);
            fs::write(engine.sign_state_path(), text).expect("written");
            watched()
                .shown(&by(own, Flag::Commit), 92)
                .expect("it is above every block");
        }
        // What the system does not open: nothing, where the engine has not voted since the start, and no reason to end where it has.
        let refuse = || {
            fs::remove_file(engine.sign_state_path()).expect("removed");
            fs::create_dir(engine.sign_state_path()).expect("made");
        };
        let heal = || fs::remove_dir(engine.sign_state_path()).expect("removed");
        for (read, refused) in [(&[][..], true), (&[50], true), (&[50, 51], false)] {
            let watch = watched();
            for height in read {
                state(*height);
                watch
                    .shown(&by(own, Flag::Commit), *height)
                    .expect("the file says so");
            }
            refuse();
            let shown = watch.shown(&by(own, Flag::Commit), 52);
            assert_eq!(shown.is_err(), refused, "{read:?}");
            heal();
            // It is compared again as soon as it can be.
            state(51);
            watch
                .shown(&by(own, Flag::Commit), 52)
                .expect_err("it is older");
        }
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

    #[test]
    fn what_the_system_refuses_for_a_moment_is_read_again_and_what_stays_is_told() {
        let refused = || CometError::File {
            path: "state".into(),
            source: io::Error::from_raw_os_error(24),
        };
        let last = LastVote {
            height: 7,
            round: 0,
            step: 3,
        };
        // Refused so often, and then read: (times, reads, whether it is told)
        for (times, reads) in [(0, 1), (1, 2), (4, 5), (5, 5), (90, 5)] {
            let mut count = 0;
            let outcome = read_again(
                || {
                    count += 1;
                    (count > times).then_some(Some(last)).ok_or_else(refused)
                },
                Duration::ZERO,
            );
            assert_eq!(count, reads, "{times}");
            assert_eq!(outcome.ok(), (times < 5).then_some(Some(last)), "{times}");
        }
        // A file that says something else is the same the next time.
        let mut count = 0;
        let wrong = read_again(
            || {
                count += 1;
                Err(CometError::Genesis("wrong".to_owned()))
            },
            Duration::ZERO,
        );
        assert!(wrong.is_err() && count == 1);
    }

    /// A folder has its consensus key before its operator registers it, and the checkpoint key comes with that: a copy from between is watched too.
    #[test]
    fn a_consensus_key_is_watched_wherever_it_signs_from_this_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::new(folder.path());
        let engine = home.engine();
        let terms = |engine_elsewhere| KeyTerms {
            password: None,
            engine_elsewhere,
        };
        let watches = |engine_elsewhere| {
            let watched = OlderCopy::watching(terms(engine_elsewhere), &home);
            watched.expect("its files can be read").is_some()
        };
        let config = engine.config_path();
        fs::create_dir_all(config.parent().expect("a folder")).expect("a folder");
        fs::write(&config, "").expect("a configuration");
        assert!(!watches(false), "there is no key");
        let key = engine.ensure_consensus_key(&[7; 32]).expect("a key");
        assert!(!home.checkpoint_key_path().exists());
        assert_eq!((watches(false), watches(true)), (true, false));
        let watch = OlderCopy::watching(terms(false), &home).expect("its files can be read");
        let own = CommitVote {
            address: vote::address(&key),
            flag: Flag::Commit,
        };
        let watch = watch.expect("it watches");
        watch.shown(&[own], 1).expect_err("it knows of no vote");
        let record = home.last_vote_path();
        remember_votes(terms(true), &home, &[1; 20]).expect("nothing is done");
        assert!(!record.exists());
        remember_votes(terms(false), &home, &[1; 20]).expect("it is kept");
        assert!(record.exists());
        fs::write(config, "priv_validator_laddr = \"tcp://127.0.0.1:1\"").expect("written");
        assert!(!watches(false), "a remote signer has the key");
    }
}

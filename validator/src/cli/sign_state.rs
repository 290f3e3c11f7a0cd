//! `plasmid sign-state`: what a validator's two keys have signed, how it moves to another machine, and the remedies that errors of `plasmid start`
//! name.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{CliError, keys::KeyOptions, output::Output};
use crate::node::{
    comet::{CometError, signed::LastVote},
    config::Home,
    sign_state::{Carried, CarriedError, Identity, SignState, SignStateError, Summary},
};

/// What a validator's keys have signed: the checkpoint key in its deployment, and the consensus key in CometBFT's own file.
#[derive(Debug, Subcommand)]
pub enum SignStateCommand {
    /// Shows the sign state of a node; the node may be running.
    Show(At),
    /// Refuses every epoch below this one for ever, except for digests that stand in the sign state; the node must be stopped.
    RefuseBelow(RefuseBelow),
    /// Writes both keys' sign states to a new file, for a validator that moves to another machine. Node and CometBFT must be stopped, and must never start again on this machine with these keys.
    Export(Carry),
    /// Takes both keys' sign states over from a file that `export` wrote, in the folder that has the same keys. Of each the higher one stays, so nothing is lowered and nothing that was signed is signed otherwise. Node and CometBFT must be stopped; CometBFT is found to run by the lock of its database in this folder. Where a remote signer has the consensus key, that signer keeps its own state.
    Import(Carry),
}

/// From or to which file.
#[derive(Debug, Args)]
pub struct Carry {
    /// The file with both sign states. It holds no secret, but whoever changes it could have this validator sign twice.
    file: PathBuf,
    #[command(flatten)]
    at: At,
}

/// Whose sign state.
#[derive(Debug, Args)]
pub struct At {
    /// The node's folder.
    #[arg(long, env = "PLASMID_HOME")]
    home: PathBuf,
}

/// Options of `sign-state refuse-below`.
#[derive(Debug, Args)]
pub struct RefuseBelow {
    /// The first epoch that may be signed: one above all that the key can have signed elsewhere.
    epoch: u64,
    #[command(flatten)]
    at: At,
    /// Makes the sign state where there is none: for a key whose sign state is lost or damaged. The key file is opened with its password.
    #[arg(long)]
    new: bool,
}

impl From<CometError> for CliError {
    fn from(error: CometError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<CarriedError> for CliError {
    fn from(error: CarriedError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<SignStateError> for CliError {
    fn from(error: SignStateError) -> Self {
        Self::new(error.to_string())
    }
}

/// Runs `plasmid sign-state …`.
///
/// # Errors
/// What is wrong with the files, and what to do.
pub fn run(command: SignStateCommand, keys: &KeyOptions, output: Output) -> Result<(), CliError> {
    match command {
        SignStateCommand::Show(at) => {
            show(output, &Home::new(&at.home))?;
        }
        SignStateCommand::Export(command) => export(&command, output)?,
        SignStateCommand::Import(command) => import(&command, keys, output)?,
        SignStateCommand::RefuseBelow(command) => {
            let home = Home::new(&command.at.home);
            let path = home.sign_state_path();
            let mut state = match command.new && !path.exists() {
                true => SignState::create(&path, identity(&home, keys)?, command.epoch)?,
                false => SignState::open_any(&path)?,
            };
            state.refuse_below(command.epoch)?;
            drop(state);
            show(output, &home)?;
        }
    }
    Ok(())
}

/// Whose sign state belongs into this folder; `plasmid start` compares both with what it opens, and so the key file is opened here too:
/// what it says of its key is nobody's word.
fn identity(home: &Home, keys: &KeyOptions) -> Result<Identity, CliError> {
    let genesis = home
        .read_genesis()
        .map_err(|error| CliError::new(error.to_string()))?;
    Ok(Identity {
        deployment: genesis.deployment.domain.deployment,
        key: keys.checkpoint_key(&home.checkpoint_key_path())?,
    })
}

fn export(command: &Carry, output: Output) -> Result<(), CliError> {
    let home = Home::new(&command.at.home);
    let engine = home.engine();
    let _engine = engine.hold()?;
    let state = SignState::open_any(&home.sign_state_path())?;
    let last_vote = engine.last_signed()?.ok_or(CometError::NoSignState {
        path: engine.sign_state_path(),
    })?;
    let carried = Carried::of(&state, engine.consensus_key()?, last_vote);
    carried.write_new(&command.file)?;
    show(output, &home)?;
    output.say(
        "never start this node again with these keys: what it signs from now on is not in the file",
    );
    output.next(&format!(
        "plasmid sign-state import {} --home FOLDER, on the other machine",
        command.file.display()
    ));
    Ok(())
}

fn import(command: &Carry, keys: &KeyOptions, output: Output) -> Result<(), CliError> {
    let home = Home::new(&command.at.home);
    let engine = home.engine();
    let carried = Carried::read(&command.file)?;
    let identity = identity(&home, keys)?;
    carried.check(identity, engine.consensus_key()?)?;
    let _engine = engine.hold()?;
    // What cannot be read, or contradicts, is found before anything is written. The checkpoint key's state comes last: without it `plasmid start` does not
    // start, and CometBFT votes for nobody.
    engine.last_signed()?;
    carried.take_over(&home.sign_state_path(), identity, || {
        Ok::<_, CliError>(engine.raise_last_signed(carried.last_vote())?)
    })?;
    show(output, &home)
}

fn show(output: Output, home: &Home) -> Result<(), CliError> {
    let summary = SignState::summary(&home.sign_state_path())?;
    output.object(&shown(&summary, home.engine().last_signed()?));
    Ok(())
}

fn shown(summary: &Summary, last_vote: Option<LastVote>) -> Value {
    json!({
        "deployment_id": hex::encode(summary.identity.deployment),
        "checkpoint_key": hex::encode(summary.identity.key),
        "refused_below": summary.floor,
        "signed": summary.count,
        "newest_signed": summary.newest.map(|(epoch, _)| epoch),
        "newest_digest": summary.newest.map(|(_, digest)| digest.to_string()),
        "last_vote_height": last_vote.map(|vote| vote.height),
        "last_vote_round": last_vote.map(|vote| vote.round),
        "last_vote_step": last_vote.map(|vote| vote.step),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use alloy_primitives::B256;
    use plasmid_bridge::proof::{bls::SecretKey, deployment};

    use super::*;
    use crate::{
        chain::genesis::{Genesis, Operator, RootAnchor, file::File},
        cli::output::Format,
        ledger::Parameters,
        node::keystore::{self, Cost, KeyKind},
    };

    /// The genesis of one operator with this checkpoint key.
    fn genesis(key: &SecretKey) -> File {
        let registry = [0xcc; 20];
        let consensus = ed25519_zebra::SigningKey::from([3; 32]);
        let genesis = Genesis {
            parameters: Parameters {
                registry: registry.into(),
                ..Parameters::local()
            },
            operators: vec![Operator {
                operator: [1; 20],
                registration: 1,
                consensus_key: ed25519_zebra::VerificationKey::from(&consensus).into(),
                checkpoint_key: key.public_key(),
                stake: 1_000_000_000_000_000_000,
            }],
            balances: Vec::new(),
            delegations: Vec::new(),
        };
        let root = RootAnchor {
            root_chain: deployment::root_chain(&registry),
            parent_block_hash: B256::repeat_byte(0xdd),
            time: 1_800_000_000,
        };
        File::new(&genesis, &root).expect("a genesis")
    }

    #[test]
    fn what_a_sign_state_says_is_shown_under_its_names() {
        let digest = B256::repeat_byte(3);
        let summary = |newest| Summary {
            identity: Identity {
                deployment: [1; 20],
                key: [2; 96],
            },
            floor: 4,
            count: 5,
            newest,
        };
        for newest in [None, Some((6, digest))] {
            let expected = json!({
                "deployment_id": "01".repeat(20), "checkpoint_key": "02".repeat(96), "refused_below": 4, "signed": 5,
                "newest_signed": newest.map(|_| 6), "newest_digest": newest.map(|_| digest.to_string()),
                "last_vote_height": newest.map(|_| 7), "last_vote_round": newest.map(|_| 1), "last_vote_step": newest.map(|_| 3),
            });
            let last_vote = newest.map(|_| LastVote {
                height: 7,
                round: 1,
                step: 3,
            });
            assert_eq!(shown(&summary(newest), last_vote), expected);
        }
    }

    #[test]
    fn a_new_sign_state_is_of_the_key_in_the_file_and_not_of_the_one_that_it_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::new(folder.path());
        let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
        let other = SecretKey::from_entropy(&[8; 32]).expect("a key");
        home.write_genesis(&genesis(&key)).expect("written");
        let password = folder.path().join("password");
        fs::write(&password, "word").expect("written");
        let keys = KeyOptions {
            keys: None,
            password_file: Some(password),
        };
        let path = home.checkpoint_key_path();
        let secret = key.to_bytes().into();
        let made = keystore::create(&path, KeyKind::Bls12381, &secret, "word", Cost::Light);
        made.expect("a key file");
        let text = fs::read_to_string(&path).expect("it is there");
        let file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let compressed = hex::encode(key.compressed_public_key());
        for (stated, opens) in [
            (String::new(), true),
            (compressed, true),
            (hex::encode(key.public_key()), true),
            (hex::encode(other.public_key()), false),
        ] {
            let mut file = file.clone();
            file["pubkey"] = stated.as_str().into();
            fs::write(&path, file.to_string()).expect("written");
            let found = identity(&home, &keys).ok().map(|found| found.key);
            assert_eq!(found, opens.then(|| key.public_key()), "{stated}");
        }
    }

    /// A validator's folder with this checkpoint key and consensus key.
    fn validator(key: &SecretKey, seed: u8) -> (tempfile::TempDir, Home, KeyOptions) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::new(folder.path());
        home.write_genesis(&genesis(key)).expect("written");
        let password = folder.path().join("password");
        fs::write(&password, "word").expect("written");
        let secret = key.to_bytes().into();
        let path = home.checkpoint_key_path();
        let made = keystore::create(&path, KeyKind::Bls12381, &secret, "word", Cost::Light);
        made.expect("a key file");
        let consensus = home.engine().ensure_consensus_key(&[seed; 32]);
        consensus.expect("a consensus key");
        let keys = KeyOptions {
            keys: None,
            password_file: Some(password),
        };
        (folder, home, keys)
    }

    fn carry(home: &tempfile::TempDir, file: &std::path::Path) -> Carry {
        Carry {
            file: file.to_owned(),
            at: At {
                home: home.path().to_owned(),
            },
        }
    }

    const VOTES: [LastVote; 3] = [
        LastVote {
            height: 7,
            round: 0,
            step: 3,
        },
        LastVote {
            height: 8,
            round: 1,
            step: 2,
        },
        LastVote {
            height: 8,
            round: 2,
            step: 1,
        },
    ];

    #[test]
    fn a_validator_moves_with_both_sign_states_and_neither_is_ever_lowered() {
        let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
        let output = Output::new(Format::Json);
        let (old, old_home, old_keys) = validator(&key, 3);
        let (new, new_home, new_keys) = validator(&key, 3);
        let file = old.path().join("carried.json");
        // There is nothing to export yet.
        assert!(export(&carry(&old, &file), output).is_err());
        let own = identity(&old_home, &old_keys).expect("an identity");
        let path = old_home.sign_state_path();
        let mut state = SignState::create(&path, own, 2).expect("a sign state");
        state.record(5, B256::repeat_byte(5), 0).expect("signed");
        assert!(
            export(&carry(&old, &file), output).is_err(),
            "the node runs"
        );
        drop(state);
        let engine = old_home.engine();
        engine.raise_last_signed(VOTES[1]).expect("written");
        export(&carry(&old, &file), output).expect("exported");
        let says = |home: &Home| {
            let summary = SignState::summary(&home.sign_state_path()).expect("a sign state");
            let last = home.engine().last_signed().expect("readable");
            (summary, last)
        };
        import(&carry(&new, &file), &new_keys, output).expect("imported");
        assert_eq!(says(&new_home), says(&old_home));
        // The new one goes on, and the old file lowers nothing.
        let engine = new_home.engine();
        engine.raise_last_signed(VOTES[2]).expect("written");
        engine.raise_last_signed(VOTES[0]).expect("nothing to do");
        let mut state = SignState::open_any(&new_home.sign_state_path()).expect("it opens");
        state.record(6, B256::repeat_byte(6), 0).expect("signed");
        let busy = import(&carry(&new, &file), &new_keys, output);
        assert!(busy.is_err(), "the node runs");
        drop(state);
        let before = says(&new_home);
        import(&carry(&new, &file), &new_keys, output).expect("imported again");
        assert_eq!(says(&new_home), before);
        assert_eq!(before.1, Some(VOTES[2]));
        // Another validator's folder takes nothing.
        for (other, seed) in [(&key, 4), (&SecretKey::from_entropy(&[8; 32]).unwrap(), 3)] {
            let (folder, home, keys) = validator(other, seed);
            let refused = import(&carry(&folder, &file), &keys, output);
            let said = refused.expect_err("another key").to_string();
            assert!(said.contains("of another"), "{said}");
            assert!(!home.sign_state_path().exists());
        }
    }

    #[test]
    fn nothing_is_exported_or_imported_while_cometbft_runs() {
        let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
        let output = Output::new(Format::Json);
        let (folder, home, keys) = validator(&key, 3);
        let file = folder.path().join("carried.json");
        let own = identity(&home, &keys).expect("an identity");
        drop(SignState::create(&home.sign_state_path(), own, 2).expect("a sign state"));
        export(&carry(&folder, &file), output).expect("exported");
        // As goleveldb does it.
        let lock = home.engine().folder().join("data/state.db/LOCK");
        fs::create_dir_all(lock.parent().expect("a folder")).expect("made");
        let lock = fs::File::create(lock).expect("made");
        lock.lock().expect("locked");
        let another = folder.path().join("another.json");
        for refused in [
            export(&carry(&folder, &another), output),
            import(&carry(&folder, &file), &keys, output),
        ] {
            let said = refused.expect_err("it runs").to_string();
            assert!(said.contains("CometBFT runs"), "{said}");
        }
        drop(lock);
        import(&carry(&folder, &file), &keys, output).expect("imported");
    }
}

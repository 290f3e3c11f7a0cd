//! `plasmid sign-state`: what a checkpoint key has signed in its deployment, and the remedies that errors of `plasmid start` name.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{CliError, keys::KeyOptions, output::Output};
use crate::node::{
    config::Home,
    sign_state::{Identity, SignState, SignStateError, Summary},
};

/// What a checkpoint key has signed.
#[derive(Debug, Subcommand)]
pub enum SignStateCommand {
    /// Shows the sign state of a node; the node may be running.
    Show(At),
    /// Refuses every epoch below this one for ever, except for digests that stand in the sign state; the node must be stopped.
    RefuseBelow(RefuseBelow),
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
            let path = Home::new(&at.home).sign_state_path();
            show(output, &SignState::summary(&path)?);
        }
        SignStateCommand::RefuseBelow(command) => {
            let home = Home::new(&command.at.home);
            let path = home.sign_state_path();
            let mut state = match command.new && !path.exists() {
                true => SignState::create(&path, identity(&home, keys)?, command.epoch)?,
                false => SignState::open_any(&path)?,
            };
            state.refuse_below(command.epoch)?;
            drop(state);
            show(output, &SignState::summary(&path)?);
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

fn show(output: Output, summary: &Summary) {
    output.object(&shown(summary));
}

fn shown(summary: &Summary) -> Value {
    json!({
        "deployment_id": hex::encode(summary.identity.deployment),
        "checkpoint_key": hex::encode(summary.identity.key),
        "refused_below": summary.floor,
        "signed": summary.count,
        "newest_signed": summary.newest.map(|(epoch, _)| epoch),
        "newest_digest": summary.newest.map(|(_, digest)| digest.to_string()),
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
            });
            assert_eq!(shown(&summary(newest)), expected);
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
}

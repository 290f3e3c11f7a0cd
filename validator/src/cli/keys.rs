//! `plasmid keys`: encrypted key files, by name.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde_json::json;
use zeroize::Zeroizing;

use super::{CliError, output::Output};
use crate::{
    client::signer::Signer,
    node::keystore::{self, Cost, KeyKind, Secret},
};

mod held;
mod options;
mod turn;

pub use held::{ForcedSequence, HeldSequences, Last, reach};
pub use options::KeyOptions;
pub use turn::Turn;

/// Makes, lists and imports encrypted key files.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Makes a new key from the system's randomness.
    New {
        /// The key's name.
        name: String,
        /// The kind of the key: secp256k1 for an Ethereum account, ed25519 for an Ed25519 account of the child chain, bls12-381 for a validator's checkpoint key.
        #[arg(long, value_enum, default_value = "secp256k1")]
        kind: KindName,
    },
    /// Lists the keys of the folder, with what their files say of them.
    List,
    /// Opens a key and shows its public name.
    Show {
        /// The key's name.
        name: String,
    },
    /// Imports a secret of 32 bytes in hex from a file or from standard input (never from the command line).
    Import {
        /// The key's name.
        name: String,
        /// The kind of the key: secp256k1 for an Ethereum account, ed25519 for an Ed25519 account of the child chain, bls12-381 for a validator's checkpoint key.
        #[arg(long, value_enum, default_value = "secp256k1")]
        kind: KindName,
        /// The file with the secret; `-` is standard input.
        #[arg(long, default_value = "-")]
        secret_file: PathBuf,
    },
}

impl KeysCommand {
    /// The name of the key that this makes.
    pub fn made(&self) -> Option<&str> {
        match self {
            Self::New { name, .. } | Self::Import { name, .. } => Some(name),
            Self::List | Self::Show { .. } => None,
        }
    }
}

/// Kinds of key, as typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum KindName {
    /// An Ethereum account.
    Secp256k1,
    /// An Ed25519 account of the child chain.
    Ed25519,
    /// A validator's checkpoint key.
    #[value(name = "bls12-381")]
    Bls12381,
}

impl From<KindName> for KeyKind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Secp256k1 => Self::Secp256k1,
            KindName::Ed25519 => Self::Ed25519,
            KindName::Bls12381 => Self::Bls12381,
        }
    }
}

/// Runs `plasmid keys …`.
///
/// # Errors
/// As [`keystore`], with the file named.
pub fn run(command: &KeysCommand, options: &KeyOptions, output: Output) -> Result<(), CliError> {
    match command {
        KeysCommand::New { name, kind } => make(
            options,
            output,
            name,
            (*kind).into(),
            random_secret((*kind).into()),
        ),
        KeysCommand::Import {
            name,
            kind,
            secret_file,
        } => {
            let text = if secret_file == Path::new("-") {
                options::read_secret_input()?
            } else {
                options::read_secret_file(secret_file)?
            };
            make(
                options,
                output,
                name,
                (*kind).into(),
                parse_secret(text.trim())?,
            )
        }
        KeysCommand::List => list(options, output),
        KeysCommand::Show { name } => {
            let (about, _) = options.open(name)?;
            output.object(&json!({
                "name": name,
                "kind": about.kind.name(),
                "public": about.public,
                "file": options.path(name)?.display().to_string(),
            }));
            Ok(())
        }
    }
}

fn make(
    options: &KeyOptions,
    output: Output,
    name: &str,
    kind: KeyKind,
    secret: Secret,
) -> Result<(), CliError> {
    let path = options.path(name)?;
    // A secret that is no key of its kind is told before a password is asked for.
    Signer::public_name(kind, &secret)?;
    let password = options.password(&format!("key {name}"), true)?;
    let progress = output.progress("deriving the file's key");
    let done = keystore::create(&path, kind, &secret, &password, Cost::Standard);
    progress.finish_and_clear();
    let about = done?;
    output.object(
        &json!({ "name": name, "kind": kind.name(), "public": about.public, "file": path }),
    );
    Ok(())
}

fn list(options: &KeyOptions, output: Output) -> Result<(), CliError> {
    let mut rows = Vec::new();
    for name in options.names()? {
        match keystore::describe(&options.folder()?.join(format!("{name}.json"))) {
            Ok(about) => rows
                .push(json!({ "name": name, "kind": about.kind.name(), "public": about.public })),
            Err(error) => rows
                .push(json!({ "name": name, "kind": "unreadable", "public": error.to_string() })),
        }
    }
    output.rows("keys", &["name", "kind", "public"], &rows);
    output.say("accounts are as stated in the files and not verified; before you give one to somebody who pays you, open its key: plasmid keys show NAME");
    Ok(())
}

fn random_secret(kind: KeyKind) -> Secret {
    loop {
        let secret = Secret::new(rand::random());
        if Signer::public_name(kind, &secret).is_ok() {
            return secret;
        }
    }
}

fn parse_secret(text: &str) -> Result<Secret, CliError> {
    let mut secret = Zeroizing::new([0u8; 32]);
    hex::decode_to_slice(text.trim_start_matches("0x"), secret.as_mut_slice())
        .map_err(|error| CliError::new(format!("the secret must be 32 bytes in hex: {error}")))?;
    Ok(secret.into())
}

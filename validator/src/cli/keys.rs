//! `plasmid keys`: encrypted key files, by name.

use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use zeroize::Zeroizing;

use super::{CliError, connect::Connection, output::Output};
use crate::{
    node::keystore::{self, Cost, Description, KeyKind, Secret},
    rpc::signer::Signer,
};

/// The largest password or secret file that is read, in bytes.
const LARGEST_SECRET: u64 = 4096;

/// Makes, lists and imports encrypted key files.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Makes a new key from the system's randomness.
    New {
        /// The key's name.
        name: String,
        /// What it signs.
        #[arg(long, value_enum, default_value = "secp256k1")]
        kind: KindName,
    },
    /// Lists the keys of the folder.
    List,
    /// Shows a key's public name.
    Show {
        /// The key's name.
        name: String,
    },
    /// Imports a secret of 32 bytes in hex from a file or from standard input (never from the command line).
    Import {
        /// The key's name.
        name: String,
        /// What it signs.
        #[arg(long, value_enum, default_value = "secp256k1")]
        kind: KindName,
        /// The file with the secret; `-` is standard input.
        #[arg(long, default_value = "-")]
        secret_file: PathBuf,
    },
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

/// Where keys are and how they open; part of every command that signs.
#[derive(Clone, Debug, Args)]
pub struct KeyOptions {
    /// The folder of key files [default: the local network's, else ~/.plasmid/keys].
    #[arg(long, env = "PLASMID_KEYS", global = true)]
    pub keys: Option<PathBuf>,
    /// A file whose first line is the password, for unattended use; else it is asked for.
    #[arg(long, env = "PLASMID_PASSWORD_FILE", global = true)]
    pub password_file: Option<PathBuf>,
}

impl KeyOptions {
    /// Falls back on the keys of the local network that the connection reaches, when neither folder nor node is named.
    pub fn or_local(mut self, connection: &Connection) -> Self {
        if self.keys.is_none()
            && connection.node.is_none()
            && let Ok(Some(local)) = connection.local()
        {
            self.password_file = self.password_file.or(Some(local.password_file));
            self.keys = Some(local.keys);
        }
        self
    }

    /// The folder of key files.
    pub fn folder(&self) -> Result<PathBuf, CliError> {
        if let Some(folder) = &self.keys {
            return Ok(folder.clone());
        }
        let home = std::env::var_os("HOME")
            .ok_or_else(|| CliError::new("HOME is not set: name the folder of keys with --keys"))?;
        Ok(Path::new(&home).join(".plasmid/keys"))
    }

    fn path(&self, name: &str) -> Result<PathBuf, CliError> {
        let plain = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            && !name.starts_with('.');
        if !plain {
            return Err(CliError::new(format!(
                "{name:?} is no key name: use letters, digits, '-', '_' and '.'"
            )));
        }
        Ok(self.folder()?.join(format!("{name}.json")))
    }

    /// The public name of the key called `name`, without its password.
    pub fn public(&self, name: &str) -> Result<String, CliError> {
        Ok(keystore::describe(&self.existing(name)?)?.public)
    }

    /// The file of a key that is there.
    fn existing(&self, name: &str) -> Result<PathBuf, CliError> {
        let path = self.path(name)?;
        if path.exists() {
            return Ok(path);
        }
        let folder = self.folder()?;
        Err(CliError::new(format!(
            "no key {name} in {}: `plasmid keys list` shows what is there, `plasmid keys new {name}` makes one",
            folder.display()
        )))
    }

    /// Opens the key called `name`.
    pub fn open(&self, name: &str) -> Result<(Description, Secret), CliError> {
        let path = self.existing(name)?;
        let password = self.password(false)?;
        Ok(keystore::open(&path, &password)?)
    }

    /// The password, from the file or the terminal; asked for twice when `new`.
    pub fn password(&self, new: bool) -> Result<Zeroizing<String>, CliError> {
        if let Some(path) = &self.password_file {
            let text = read_secret_file(path)?;
            let first = text.lines().next().unwrap_or_default();
            if first.is_empty() {
                return Err(CliError::new(format!(
                    "password file {} is empty",
                    path.display()
                )));
            }
            return Ok(Zeroizing::new(first.to_owned()));
        }
        if !io::stdin().is_terminal() {
            return Err(CliError::new(
                "a password is needed and there is no terminal to ask on: use --password-file",
            ));
        }
        let ask = |prompt: &str| {
            rpassword::prompt_password(prompt)
                .map(Zeroizing::new)
                .map_err(|error| CliError::new(error.to_string()))
        };
        let password = ask("password: ")?;
        if new && *ask("again: ")? != *password {
            return Err(CliError::new(
                "the two passwords differ: nothing was written",
            ));
        }
        Ok(password)
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
                read_stdin()?
            } else {
                read_secret_file(secret_file)?
            };
            make(
                options,
                output,
                name,
                (*kind).into(),
                parse_secret(text.trim())?,
            )
        }
        KeysCommand::List => list(&options.folder()?, output),
        KeysCommand::Show { name } => {
            let about = keystore::describe(&options.existing(name)?)?;
            output.object(
                &json!({ "name": name, "kind": about.kind.name(), "public": about.public }),
            );
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
    let public = Signer::public_name(kind, &secret)?;
    let about = Description { kind, public };
    let password = options.password(true)?;
    let progress = output.progress("deriving the file's key");
    let done = keystore::create(&path, &about, &secret, &password, Cost::Standard);
    progress.finish_and_clear();
    done?;
    output.object(
        &json!({ "name": name, "kind": kind.name(), "public": about.public, "file": path }),
    );
    Ok(())
}

fn list(folder: &Path, output: Output) -> Result<(), CliError> {
    let mut rows = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries.collect::<Result<Vec<_>, _>>()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
    {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match keystore::describe(&path) {
            Ok(about) => rows
                .push(json!({ "name": name, "kind": about.kind.name(), "public": about.public })),
            Err(error) => rows
                .push(json!({ "name": name, "kind": "unreadable", "public": error.to_string() })),
        }
    }
    output.rows("keys", &["name", "kind", "public"], &rows);
    Ok(())
}

fn random_secret(kind: KeyKind) -> Secret {
    loop {
        let secret = Zeroizing::new(rand::random::<[u8; 32]>());
        if Signer::public_name(kind, &secret).is_ok() {
            return secret;
        }
    }
}

fn parse_secret(text: &str) -> Result<Secret, CliError> {
    let mut secret = Zeroizing::new([0u8; 32]);
    hex::decode_to_slice(text.trim_start_matches("0x"), secret.as_mut_slice())
        .map_err(|error| CliError::new(format!("the secret must be 32 bytes in hex: {error}")))?;
    Ok(secret)
}

fn read_stdin() -> Result<Zeroizing<String>, CliError> {
    let mut text = Zeroizing::new(String::new());
    io::stdin()
        .lock()
        .take(LARGEST_SECRET)
        .read_to_string(&mut text)?;
    Ok(text)
}

fn read_secret_file(path: &Path) -> Result<Zeroizing<String>, CliError> {
    let mut text = Zeroizing::new(String::new());
    let file = fs::File::open(path)
        .map_err(|error| CliError::new(format!("{}: {error}", path.display())))?;
    file.take(LARGEST_SECRET).read_to_string(&mut text)?;
    Ok(text)
}

//! Where the user's keys are and how they open.

use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};

use clap::Args;
use plasmid_bridge::proof::bls;
use zeroize::Zeroizing;

use crate::{
    cli::{CliError, connect::Connection},
    client::signer::Signer,
    ledger::Account,
    node::keystore::{self, KeyDescription, KeyKind, Password, Secret, Stated},
};

/// The largest password or secret file that is read, in bytes.
const MAX_SECRET_BYTES: u64 = 4096;
/// What some editors write in front of a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Where keys are and how they open; part of every command that signs.
#[derive(Clone, Debug, Args)]
pub struct KeyOptions {
    /// The folder of key files [default: ~/.plasmid/keys; a command that uses keys on the local network, and names no --node, --root or
    /// --registry, opens those of that network. New keys are never put there].
    #[arg(
        long,
        env = "PLASMID_KEYS",
        global = true,
        help_heading = "Options of every command"
    )]
    pub keys: Option<PathBuf>,
    /// A file whose first line is the password, for unattended use. Without it the password is asked for on the terminal.
    #[arg(
        long,
        env = "PLASMID_PASSWORD_FILE",
        global = true,
        help_heading = "Options of every command"
    )]
    pub password_file: Option<PathBuf>,
}

impl KeyOptions {
    /// Falls back on the keys of the local network, for a command that uses them there: no folder is named, and nothing of another network.
    pub fn or_local(mut self, connection: &Connection) -> Self {
        if self.keys.is_none()
            && connection.is_local()
            && let Ok(Some(local)) = connection.local()
        {
            self.password_file = self.password_file.or(Some(local.password_file));
            self.keys = Some(local.keys);
        }
        self
    }

    /// The folder of key files.
    ///
    /// # Errors
    /// When no folder is named and there is no home folder.
    pub fn folder(&self) -> Result<PathBuf, CliError> {
        if let Some(folder) = &self.keys {
            return Ok(folder.clone());
        }
        let home = std::env::var_os("HOME")
            .ok_or_else(|| CliError::new("HOME is not set: name the folder of keys with --keys"))?;
        Ok(Path::new(&home).join(".plasmid/keys"))
    }

    /// Refuses a new key whose name `local` has too, when that is another folder: commands here would use that one, which everybody knows.
    ///
    /// # Errors
    /// It names the other folder.
    pub fn refuse_hidden(&self, name: &str, local: &Self) -> Result<(), CliError> {
        let (own, other) = (self.path(name)?, local.path(name)?);
        if own == other || !other.exists() {
            return Ok(());
        }
        Err(CliError::new(format!(
            "the local network has a key {name} ({other}), and commands that are typed here use that one, which everybody knows: choose \
             another name, or type this in another folder",
            other = other.display()
        )))
    }

    /// The file of the key called `name`, whether it is there or not.
    ///
    /// # Errors
    /// When it is no name of a key.
    pub(super) fn path(&self, name: &str) -> Result<PathBuf, CliError> {
        let plain = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            && !name.starts_with('.');
        if !plain {
            return Err(CliError::new(format!(
                "{name:?} is not a key name: use letters, digits, '-', '_' and '.'"
            )));
        }
        Ok(self.folder()?.join(format!("{name}.json")))
    }

    /// Whether there is a key of this name.
    pub fn has(&self, name: &str) -> bool {
        self.path(name).is_ok_and(|path| path.exists())
    }

    /// The file of a key that is there.
    pub(super) fn existing(&self, name: &str) -> Result<PathBuf, CliError> {
        let path = self.path(name)?;
        if path.exists() {
            return Ok(path);
        }
        let folder = self.folder()?;
        Err(CliError::new(format!(
            "no key {name} in {}: `plasmid keys list` shows what is there; name another folder with --keys, or make a key with \
             `plasmid keys new`",
            folder.display()
        )))
    }

    /// What the file of the key called `name` says of it, without the password. It is not checked.
    ///
    /// # Errors
    /// When there is no such key, or its file cannot be read.
    pub fn stated(&self, name: &str) -> Result<Stated, CliError> {
        Ok(keystore::describe(&self.existing(name)?)?)
    }

    /// The key whose file says that it is of `account`, without the password. It is not checked, so it is for what is kept beside the file.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn stated_of(&self, account: Account) -> Result<Option<String>, CliError> {
        let is_of = |name: &String| {
            let public = self.stated(name).ok().and_then(|stated| stated.public);
            public.is_some_and(|public| public.parse() == Ok(account))
        };
        Ok(self.names()?.into_iter().find(is_of))
    }

    /// The names of all keys in the folder, in their order; there are none where there is no folder.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn names(&self) -> Result<Vec<String>, CliError> {
        let entries = match fs::read_dir(self.folder()?) {
            Ok(entries) => entries.collect::<Result<Vec<_>, _>>()?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let paths = entries.into_iter().map(|entry| entry.path());
        let files = paths.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
        let names = files.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()));
        let mut names: Vec<String> = names.collect();
        names.sort();
        Ok(names)
    }

    /// Opens the key called `name`, and checks what its file says of it.
    ///
    /// # Errors
    /// When there is no such key, or it does not open.
    pub fn open(&self, name: &str) -> Result<(KeyDescription, Secret), CliError> {
        let path = self.existing(name)?;
        let password = self.password(&format!("key {name}"), false)?;
        Ok(keystore::open(&path, &password)?)
    }

    /// The signer of the key called `name`.
    ///
    /// # Errors
    /// As [`KeyOptions::open`], and when it signs no transactions.
    pub fn signer(&self, name: &str) -> Result<Signer, CliError> {
        let (about, secret) = self.open(name)?;
        Ok(Signer::new(about.kind, &secret)?)
    }

    /// The secret of the key called `name`, which has to be one that root chains take.
    ///
    /// # Errors
    /// As [`KeyOptions::open`], and when it is of another kind.
    pub fn root_secret(&self, name: &str) -> Result<Secret, CliError> {
        let (about, secret) = self.open(name)?;
        if about.kind != KeyKind::Secp256k1 {
            return Err(CliError::new(format!(
                "key {name} is {}; root chains take secp256k1 keys",
                about.kind.name()
            )));
        }
        Ok(secret)
    }

    /// The public checkpoint key in a node's folder, whose file is opened.
    ///
    /// # Errors
    /// When it does not open.
    pub fn checkpoint_key(&self, path: &Path) -> Result<[u8; bls::KEY_BYTES], CliError> {
        let password = self.password("the checkpoint key", false)?;
        Ok(keystore::open_checkpoint(path, &password)?)
    }

    /// The account that a text names and that money may go to: an account, or one of the user's keys, which is opened.
    ///
    /// # Errors
    /// When it is neither, or the key does not open.
    pub fn account(&self, text: &str) -> Result<Account, CliError> {
        self.account_or(text, |name| Ok(self.signer(name)?.account()))
    }

    /// The account that a text names and that is only looked at: of one of the user's keys, its file is believed.
    ///
    /// # Errors
    /// When it is neither an account nor a key.
    pub fn stated_account(&self, text: &str) -> Result<Account, CliError> {
        self.account_or(text, |name| match self.stated(name)?.public {
            Some(public) => Ok(public.parse::<Account>()?),
            None => Ok(self.signer(name)?.account()),
        })
    }

    fn account_or(
        &self,
        text: &str,
        key: impl FnOnce(&str) -> Result<Account, CliError>,
    ) -> Result<Account, CliError> {
        match text.parse::<Account>() {
            Ok(account) => Ok(account),
            Err(_) if self.has(text) => key(text),
            Err(error) => Err(CliError::new(format!(
                "{text:?} is neither an account ({error}) nor the name of a key"
            ))),
        }
    }

    /// The password of what is called `whose`, from the file or the terminal; asked for twice when `new`.
    ///
    /// # Errors
    /// When the file cannot be read or is empty, or there is no terminal to ask on.
    pub fn password(&self, whose: &str, new: bool) -> Result<Password, CliError> {
        if let Some(path) = &self.password_file {
            let text = read_secret_file(path)?;
            let first = text.lines().next().unwrap_or_default();
            if first.is_empty() {
                return Err(CliError::new(format!(
                    "the first line of the password file {} is empty",
                    path.display()
                )));
            }
            if new {
                protects(first)?;
            }
            return Ok(first.to_owned().into());
        }
        if !io::stdin().is_terminal() {
            return Err(CliError::new(format!(
                "the password of {whose} is needed and there is no terminal to ask on: use --password-file"
            )));
        }
        let ask = |prompt: &str| {
            rpassword::prompt_password(prompt)
                .map(Password::from)
                .map_err(|error| CliError::new(error.to_string()))
        };
        let password = ask(&format!("password of {whose}: "))?;
        if new {
            protects(&password)?;
            if *ask("again: ")? != *password {
                return Err(CliError::new(
                    "the two passwords differ: nothing was written",
                ));
            }
        }
        Ok(password)
    }
}

/// Refuses a new password that is empty once EIP-2335 has dropped its control characters.
fn protects(password: &str) -> Result<(), CliError> {
    match password.chars().all(char::is_control) {
        false => Ok(()),
        true => Err(CliError::new(
            "the password has no character that counts, and everybody could open the key with it: nothing was written",
        )),
    }
}

/// A secret from standard input.
pub(super) fn read_secret_input() -> Result<Zeroizing<String>, CliError> {
    read_secret("standard input", io::stdin().lock())
}

/// A secret from a file.
pub(super) fn read_secret_file(path: &Path) -> Result<Zeroizing<String>, CliError> {
    let name = path.display().to_string();
    let file = fs::File::open(path).map_err(|error| CliError::new(format!("{name}: {error}")))?;
    read_secret(&name, file)
}

/// A short text without its byte-order mark.
fn read_secret(name: &str, from: impl Read) -> Result<Zeroizing<String>, CliError> {
    let mut bytes = Zeroizing::new(Vec::new());
    from.take(MAX_SECRET_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| CliError::new(format!("{name}: {error}")))?;
    if bytes.len() as u64 > MAX_SECRET_BYTES {
        return Err(CliError::new(format!(
            "{name} is longer than {MAX_SECRET_BYTES} bytes"
        )));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        CliError::new(format!(
            "{name} is not a text in UTF-8: save it in that encoding"
        ))
    })?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_and_line_ends_are_no_part_of_a_password() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("password");
        let options = KeyOptions {
            keys: None,
            password_file: Some(file.clone()),
        };
        for text in ["pass word", "\u{feff}pass word\r\nsecond", "pass word\n"] {
            fs::write(&file, text).expect("write");
            let password = options.password("a key", false).expect(text);
            assert_eq!(&*password, "pass word", "{text:?}");
        }
    }

    #[test]
    fn a_new_password_that_protects_nothing_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("password");
        fs::write(&file, "\u{1}\t\u{7f}").expect("write");
        let options = KeyOptions {
            keys: None,
            password_file: Some(file),
        };
        assert!(options.password("a key", true).is_err());
        assert!(options.password("a key", false).is_ok());
        for (password, taken) in [("", false), ("\u{85}\n", false), (" ", true), ("a\t", true)] {
            assert_eq!(protects(password).is_ok(), taken, "{password:?}");
        }
    }

    #[test]
    fn what_is_no_password_is_refused_with_its_file_and_reason() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("password");
        let options = KeyOptions {
            keys: None,
            password_file: Some(file.clone()),
        };
        // UTF-16 with its byte-order mark is what some editors call "Unicode".
        let wide = b"\xff\xfep\0a\0s\0s\0".to_vec();
        for (bytes, reason) in [
            (Vec::new(), "is empty"),
            (b"\n\nlater".to_vec(), "is empty"),
            ("\u{feff}".into(), "is empty"),
            (wide, "UTF-8"),
            (vec![b'x'; 4_097], "longer than"),
        ] {
            fs::write(&file, bytes).expect("write");
            let error = options
                .password("a key", false)
                .expect_err(reason)
                .to_string();
            assert!(error.contains(reason), "{error}");
            assert!(error.contains("password"), "{error}");
        }
    }
}

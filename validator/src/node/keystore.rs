//! Encrypted key files.
//!
//! secp256k1 keys are in the Web3 Secret Storage format (version 3), which every Ethereum wallet reads. Ed25519 and
//! BLS12-381 keys are in EIP-2335's format (version 4). Both: scrypt or PBKDF2, AES-128-CTR, and a checksum over the second
//! half of the derived key and the cipher text, by which a wrong password is told from a right one.
//!
//! ```text
//! describe ─▶ Stated        what the file says of its key; anybody who can write the file can make it say anything
//! open     ─▶ Description   what the key itself is; a file that says something else is refused
//! ```
//! The checksum does not cover what the file says of its key, so only [`open`] may decide who signs or who is paid.
//! A file is created with mode 0600, never overwritten, and synced before its key may be used for anything.

use std::{
    fmt, fs,
    io::{self, Read},
    ops::Deref,
    path::{Path, PathBuf},
};

use aes::cipher::{KeyIvInit, StreamCipher};
use plasmid_bridge::{client::whole, proof::bls};
use serde_json::Value;
use zeroize::Zeroizing;

mod derivation;
mod format;
mod stated;

pub use self::stated::Stated;
use self::{
    derivation::Derivation,
    format::{Sealed, checksum, password_bytes},
};
use crate::client::signer::Signer;
pub use crate::client::signer::{KeyKind, Secret};

/// The largest key file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024;
/// The shortest secp256k1 key that is opened, in bytes: old wallets wrote the key as a number without its leading zeros, and
/// more than two such bytes are too rare to be anything but damage.
const MIN_KEY_BYTES: usize = 30;

/// The ending of the file beside a key file in which commands keep what the key signed last (`cli::keys`).
pub const HELD_ENDING: &str = "held";

/// A password, wiped when dropped and never printed.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl Deref for Password {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}

/// How dear a guess at the password is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// n = 2^18: about a second and 256 MiB a guess (the default of Ethereum's wallets).
    Standard,
    /// n = 2^12: for keys of local networks, which guard nothing.
    Light,
}

impl Cost {
    const fn n(self) -> u32 {
        match self {
            Self::Standard => 1 << 18,
            Self::Light => 1 << 12,
        }
    }
}

/// What a key is: computed from the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDescription {
    /// What the key signs.
    pub kind: KeyKind,
    /// The public name: an account in text form, or a public key in hex.
    pub public: String,
}

/// Why a key file could not be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The file system refused.
    #[error("key file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of that name exists; keys are never overwritten.
    #[error("key file {0} exists already: choose another name, or move the old file away")]
    Exists(PathBuf),
    /// It is not a key file that this version reads.
    #[error("key file {path} cannot be read: {why}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        why: String,
    },
    /// The checksum does not match.
    #[error("wrong password for key file {0}")]
    WrongPassword(PathBuf),
    /// The file names another key than the one in it.
    #[error(
        "key file {path} says that its key is {stated}, and the key in it is {found}: the file was changed or mixed up with another one, \
         and nothing was done with it. If you know that {found} is yours, correct the file or take that line out of it"
    )]
    OtherKey {
        /// The file.
        path: PathBuf,
        /// What the file says.
        stated: String,
        /// What the key is.
        found: String,
    },
    /// A key of another kind was needed.
    #[error("key file {path} holds a key of kind {found}, and a key of kind {wanted} is needed")]
    OtherKind {
        /// The file.
        path: PathBuf,
        /// The kind in the file.
        found: &'static str,
        /// The kind that is needed.
        wanted: &'static str,
    },
}

type Cipher = ctr::Ctr128BE<aes::Aes128>;

/// Encrypts `secret` under `password` into a new file at `path`; gives what the key is.
///
/// # Errors
/// [`KeystoreError::Exists`] when the file is there already; [`KeystoreError::Io`] when it cannot be written and synced;
/// [`KeystoreError::Malformed`] when the secret is no key of its kind.
pub fn create(
    path: &Path,
    kind: KeyKind,
    secret: &Secret,
    password: &str,
    cost: Cost,
) -> Result<KeyDescription, KeystoreError> {
    let about = describe_secret(path, kind, secret)?;
    let derivation = Derivation::scrypt(cost.n(), &rand::random::<[u8; 32]>());
    let derived = derivation.derive(&password_bytes(kind, password));
    let iv: [u8; 16] = rand::random();
    let mut text = secret.to_vec();
    apply_cipher(&derived, &iv, &mut text);
    let sealed = Sealed {
        stated: Stated {
            kind,
            public: Some(about.public.clone()),
        },
        check: checksum(kind, &derived, &text),
        derivation,
        iv,
        text,
    };
    write_new(path, format!("{:#}\n", sealed.json()).as_bytes())?;
    Ok(about)
}

/// Reads what the file says of its key, without the password. It is not checked: see [`Stated`].
///
/// # Errors
/// As [`open`], but never [`KeystoreError::WrongPassword`] or [`KeystoreError::OtherKey`].
pub fn describe(path: &Path) -> Result<Stated, KeystoreError> {
    Ok(read(path)?.stated)
}

/// Opens the key file at `path`, and checks all that it says of its key.
///
/// # Errors
/// [`KeystoreError::WrongPassword`] when the checksum does not match; [`KeystoreError::OtherKey`] when the file names
/// another key than its own; [`KeystoreError::Malformed`] when the file is not of a known format, or asks for more memory
/// or time than is accepted.
pub fn open(path: &Path, password: &str) -> Result<(KeyDescription, Secret), KeystoreError> {
    let sealed = read(path)?;
    let kind = sealed.stated.kind;
    let derived = sealed.derivation.derive(&password_bytes(kind, password));
    if checksum(kind, &derived, &sealed.text) != sealed.check {
        return Err(KeystoreError::WrongPassword(path.to_owned()));
    }
    let mut text = Zeroizing::new(sealed.text);
    apply_cipher(&derived, &sealed.iv, &mut text);
    let secret = secret(kind, &text).map_err(|why| malformed(path, why))?;
    let about = describe_secret(path, kind, &secret)?;
    if !sealed.stated.agrees(&secret, &about.public) {
        return Err(KeystoreError::OtherKey {
            path: path.to_owned(),
            stated: sealed.stated.public.unwrap_or_default(),
            found: about.public,
        });
    }
    Ok((about, secret))
}

/// Opens the key file at `path`, whose key must be of this kind.
///
/// # Errors
/// As [`open`], and [`KeystoreError::OtherKind`].
pub fn open_kind(path: &Path, kind: KeyKind, password: &str) -> Result<Secret, KeystoreError> {
    let found = describe(path)?.kind;
    if found != kind {
        return Err(KeystoreError::OtherKind {
            path: path.to_owned(),
            found: found.name(),
            wanted: kind.name(),
        });
    }
    Ok(open(path, password)?.1)
}

/// The public checkpoint key in the file at `path`, computed from the key itself: what may be signed hangs on it, and never on what the
/// file says.
///
/// # Errors
/// As [`open_kind`].
pub fn open_checkpoint(path: &Path, password: &str) -> Result<[u8; bls::KEY_BYTES], KeystoreError> {
    let secret = open_kind(path, KeyKind::Bls12381, password)?;
    bls::SecretKey::from_bytes(&secret)
        .map(|key| key.public_key())
        .map_err(|_| malformed(path, "it holds no key of the curve".to_owned()))
}

/// Writes `bytes` to a new file of mode 0600, whole or not at all, and syncs it and its folder.
///
/// # Errors
/// [`KeystoreError::Exists`] or [`KeystoreError::Io`].
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), KeystoreError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => KeystoreError::Exists(path.to_owned()),
        _ => KeystoreError::Io {
            path: path.to_owned(),
            source,
        },
    };
    let folder = path.parent().map_or(Ok(()), whole::make_folder);
    folder
        .and_then(|()| whole::create(path, bytes, whole::PRIVATE))
        .map_err(failed)
}

fn malformed(path: &Path, why: String) -> KeystoreError {
    KeystoreError::Malformed {
        path: path.to_owned(),
        why,
    }
}

fn read(path: &Path) -> Result<Sealed, KeystoreError> {
    let io = |source| KeystoreError::Io {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    fs::File::open(path)
        .map_err(io)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let why = format!("it is larger than {MAX_FILE_BYTES} bytes");
        return Err(malformed(path, why));
    }
    let file: Value = serde_json::from_slice(&bytes)
        .map_err(|error| malformed(path, format!("it is not JSON: {error}")))?;
    Sealed::read(&file).map_err(|why| malformed(path, why))
}

/// What a secret of this kind is called.
fn describe_secret(
    path: &Path,
    kind: KeyKind,
    secret: &Secret,
) -> Result<KeyDescription, KeystoreError> {
    let public = Signer::public_name(kind, secret);
    let public = public.map_err(|error| malformed(path, error.to_string()))?;
    Ok(KeyDescription { kind, public })
}

/// The key that stands in a decrypted text.
fn secret(kind: KeyKind, text: &[u8]) -> Result<Secret, String> {
    let short = match kind {
        KeyKind::Secp256k1 => MIN_KEY_BYTES,
        KeyKind::Ed25519 | KeyKind::Bls12381 => 32,
    };
    if !(short..=32).contains(&text.len()) {
        return Err(format!("the key in it has {} bytes, not 32", text.len()));
    }
    let mut bytes = Zeroizing::new([0u8; 32]);
    let (_, end) = bytes.split_at_mut(32 - text.len());
    end.copy_from_slice(text);
    Ok(bytes.into())
}

fn apply_cipher(derived: &Secret, iv: &[u8; 16], text: &mut [u8]) {
    let mut key = Zeroizing::new([0u8; 16]);
    key.copy_from_slice(&derived[..16]);
    Cipher::new((&*key).into(), iv.into()).apply_keystream(text);
}

#[cfg(test)]
mod tests;

//! Encrypted key files.
//!
//! secp256k1 keys are in the Web3 Secret Storage format (version 3), which every Ethereum wallet reads. Ed25519 and
//! BLS12-381 keys are in EIP-2335's format (version 4). Both: scrypt, AES-128-CTR, and a checksum over the second half
//! of the derived key and the cipher text, by which a wrong password is told from a right one.
//!
//! A file is created with mode 0600, never overwritten, and synced before its key may be used for anything.

use std::{
    fs,
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use aes::cipher::{KeyIvInit, StreamCipher};
use alloy_primitives::keccak256;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

pub use crate::rpc::signer::{KeyKind, Secret};

/// The largest key file that is read, in bytes.
const LARGEST_FILE: u64 = 16 * 1024;
/// The most memory that a key file may make scrypt take: 128 · r · n bytes, with r = 8 and n = 2^20.
const LARGEST_LOG_N: u8 = 20;

/// How dear a guess at the password is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// n = 2^18: about a second and 256 MiB a guess (the default of Ethereum's wallets).
    Standard,
    /// n = 2^12: for keys of local networks, which guard nothing.
    Light,
}

impl Cost {
    const fn log_n(self) -> u8 {
        match self {
            Self::Standard => 18,
            Self::Light => 12,
        }
    }
}

/// What a key file says of itself without the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
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
}

type Cipher = ctr::Ctr128BE<aes::Aes128>;

/// Encrypts `secret` under `password` into a new file at `path`.
///
/// # Errors
/// [`KeystoreError::Exists`] when the file is there already; [`KeystoreError::Io`] when it cannot be written and synced.
pub fn create(
    path: &Path,
    about: &Description,
    secret: &Secret,
    password: &str,
    cost: Cost,
) -> Result<(), KeystoreError> {
    let salt: [u8; 32] = rand::random();
    let iv: [u8; 16] = rand::random();
    let derived = derive(
        &password_bytes(about.kind, password),
        &salt,
        cost.log_n(),
        8,
        1,
    )
    .map_err(|why| KeystoreError::Malformed {
        path: path.to_owned(),
        why,
    })?;
    let mut text = secret.to_vec();
    apply_cipher(&derived, &iv, &mut text);
    let check = checksum(about.kind, &derived, &text);
    let body = if about.kind == KeyKind::Secp256k1 {
        web3_json(about, cost, &salt, &iv, &text, &check)
    } else {
        eip2335_json(about, cost, &salt, &iv, &text, &check)
    };
    write_new(path, format!("{body:#}\n").as_bytes())
}

/// Reads what the file says of its key, without the password.
///
/// # Errors
/// As [`open`], but never [`KeystoreError::WrongPassword`].
pub fn describe(path: &Path) -> Result<Description, KeystoreError> {
    let file = read_json(path)?;
    parse(&file)
        .map(|sealed| sealed.about)
        .map_err(|why| KeystoreError::Malformed {
            path: path.to_owned(),
            why,
        })
}

/// Opens the key file at `path`.
///
/// # Errors
/// [`KeystoreError::WrongPassword`] when the checksum does not match; [`KeystoreError::Malformed`] when the file is not of
/// a known format, or asks for more memory than a gigabyte.
pub fn open(path: &Path, password: &str) -> Result<(Description, Secret), KeystoreError> {
    let malformed = |why: String| KeystoreError::Malformed {
        path: path.to_owned(),
        why,
    };
    let sealed = parse(&read_json(path)?).map_err(malformed)?;
    let bytes = password_bytes(sealed.about.kind, password);
    let derived =
        derive(&bytes, &sealed.salt, sealed.log_n, sealed.r, sealed.p).map_err(malformed)?;
    if checksum(sealed.about.kind, &derived, &sealed.text) != sealed.check {
        return Err(KeystoreError::WrongPassword(path.to_owned()));
    }
    let mut text = Zeroizing::new(sealed.text);
    apply_cipher(&derived, &sealed.iv, &mut text);
    let secret: [u8; 32] = text
        .as_slice()
        .try_into()
        .map_err(|_| malformed(format!("the key has {} bytes, not 32", text.len())))?;
    Ok((sealed.about, Zeroizing::new(secret)))
}

/// Writes `bytes` to a new file of mode 0600 and syncs it and its folder.
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
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed)
}

/// A key file, taken apart.
struct Sealed {
    about: Description,
    salt: Vec<u8>,
    log_n: u8,
    r: u32,
    p: u32,
    iv: [u8; 16],
    text: Vec<u8>,
    check: [u8; 32],
}

fn read_json(path: &Path) -> Result<Value, KeystoreError> {
    let io = |source| KeystoreError::Io {
        path: path.to_owned(),
        source,
    };
    let malformed = |why| KeystoreError::Malformed {
        path: path.to_owned(),
        why,
    };
    let mut bytes = Vec::new();
    fs::File::open(path)
        .map_err(io)?
        .take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(malformed(format!("it is larger than {LARGEST_FILE} bytes")));
    }
    serde_json::from_slice(&bytes).map_err(|error| malformed(format!("it is not JSON: {error}")))
}

fn parse(file: &Value) -> Result<Sealed, String> {
    match file["version"].as_u64() {
        Some(3) => parse_web3(file),
        Some(4) => parse_eip2335(file),
        Some(other) => Err(format!(
            "version {other} is unknown; 3 (Web3 Secret Storage) and 4 (EIP-2335) are read"
        )),
        None => Err("it has no version".into()),
    }
}

fn parse_web3(file: &Value) -> Result<Sealed, String> {
    let crypto = if file["crypto"].is_object() {
        &file["crypto"]
    } else {
        &file["Crypto"]
    };
    expect(&crypto["kdf"], "scrypt", "kdf")?;
    expect(&crypto["cipher"], "aes-128-ctr", "cipher")?;
    let kdf = &crypto["kdfparams"];
    let public = file["address"]
        .as_str()
        .map(|text| format!("0x{}", text.trim_start_matches("0x")))
        .unwrap_or_default();
    Ok(Sealed {
        about: Description {
            kind: KeyKind::Secp256k1,
            public,
        },
        salt: hex_field(&kdf["salt"], "salt")?,
        log_n: log_n(kdf)?,
        r: number(&kdf["r"], "r")?,
        p: number(&kdf["p"], "p")?,
        iv: fixed(&crypto["cipherparams"]["iv"], "iv")?,
        text: hex_field(&crypto["ciphertext"], "ciphertext")?,
        check: fixed(&crypto["mac"], "mac")?,
    })
}

fn parse_eip2335(file: &Value) -> Result<Sealed, String> {
    let crypto = &file["crypto"];
    expect(&crypto["kdf"]["function"], "scrypt", "kdf")?;
    expect(&crypto["cipher"]["function"], "aes-128-ctr", "cipher")?;
    expect(&crypto["checksum"]["function"], "sha256", "checksum")?;
    let kdf = &crypto["kdf"]["params"];
    let kind = match file["description"].as_str() {
        Some(name) => KeyKind::from_name(name).unwrap_or(KeyKind::Bls12381),
        None => KeyKind::Bls12381,
    };
    Ok(Sealed {
        about: Description {
            kind,
            public: file["pubkey"].as_str().unwrap_or_default().to_owned(),
        },
        salt: hex_field(&kdf["salt"], "salt")?,
        log_n: log_n(kdf)?,
        r: number(&kdf["r"], "r")?,
        p: number(&kdf["p"], "p")?,
        iv: fixed(&crypto["cipher"]["params"]["iv"], "iv")?,
        text: hex_field(&crypto["cipher"]["message"], "cipher text")?,
        check: fixed(&crypto["checksum"]["message"], "checksum")?,
    })
}

fn web3_json(
    about: &Description,
    cost: Cost,
    salt: &[u8],
    iv: &[u8],
    text: &[u8],
    check: &[u8],
) -> Value {
    json!({
        "version": 3,
        "id": uuid(),
        "address": about.public.trim_start_matches("0x").to_lowercase(),
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": { "iv": hex::encode(iv) },
            "ciphertext": hex::encode(text),
            "kdf": "scrypt",
            "kdfparams": { "dklen": 32, "n": 1u64 << cost.log_n(), "p": 1, "r": 8, "salt": hex::encode(salt) },
            "mac": hex::encode(check),
        },
    })
}

fn eip2335_json(
    about: &Description,
    cost: Cost,
    salt: &[u8],
    iv: &[u8],
    text: &[u8],
    check: &[u8],
) -> Value {
    json!({
        "version": 4,
        "uuid": uuid(),
        "description": about.kind.name(),
        "pubkey": about.public,
        "path": "",
        "crypto": {
            "kdf": {
                "function": "scrypt",
                "params": { "dklen": 32, "n": 1u64 << cost.log_n(), "p": 1, "r": 8, "salt": hex::encode(salt) },
                "message": "",
            },
            "checksum": { "function": "sha256", "params": {}, "message": hex::encode(check) },
            "cipher": {
                "function": "aes-128-ctr",
                "params": { "iv": hex::encode(iv) },
                "message": hex::encode(text),
            },
        },
    })
}

/// A random UUID (RFC 9562, version 4).
fn uuid() -> String {
    let mut bytes: [u8; 16] = rand::random();
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = hex::encode(bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..]
    )
}

/// EIP-2335 normalises passwords (NFKD, control characters dropped); Web3 Secret Storage takes the bytes as they are.
fn password_bytes(kind: KeyKind, password: &str) -> Zeroizing<Vec<u8>> {
    if kind == KeyKind::Secp256k1 {
        return Zeroizing::new(password.as_bytes().to_vec());
    }
    let clean: Zeroizing<String> =
        Zeroizing::new(password.nfkd().filter(|c| !c.is_control()).collect());
    Zeroizing::new(clean.as_bytes().to_vec())
}

fn derive(password: &[u8], salt: &[u8], log_n: u8, r: u32, p: u32) -> Result<Secret, String> {
    if !(1..=LARGEST_LOG_N).contains(&log_n) || !(1..=8).contains(&r) || !(1..=16).contains(&p) {
        return Err(format!(
            "scrypt with n = 2^{log_n}, r = {r}, p = {p} is outside what is accepted (n ≤ 2^20, r ≤ 8, p ≤ 16)"
        ));
    }
    let params = scrypt::Params::new(log_n, r, p, 32).map_err(|error| error.to_string())?;
    let mut out = Zeroizing::new([0u8; 32]);
    scrypt::scrypt(password, salt, &params, out.as_mut_slice())
        .map_err(|error| error.to_string())?;
    Ok(out)
}

fn apply_cipher(derived: &Secret, iv: &[u8; 16], text: &mut [u8]) {
    let mut key = [0u8; 16];
    key.copy_from_slice(&derived[..16]);
    Cipher::new(&key.into(), iv.into()).apply_keystream(text);
}

fn checksum(kind: KeyKind, derived: &Secret, text: &[u8]) -> [u8; 32] {
    let preimage = Zeroizing::new([&derived[16..], text].concat());
    match kind {
        KeyKind::Secp256k1 => keccak256(preimage.as_slice()).0,
        KeyKind::Ed25519 | KeyKind::Bls12381 => Sha256::digest(preimage.as_slice()).into(),
    }
}

fn expect(field: &Value, wanted: &str, name: &str) -> Result<(), String> {
    match field.as_str() {
        Some(found) if found == wanted => Ok(()),
        Some(found) => Err(format!("its {name} is {found}; only {wanted} is read")),
        None => Err(format!("it has no {name}")),
    }
}

fn hex_field(field: &Value, name: &str) -> Result<Vec<u8>, String> {
    let text = field.as_str().ok_or_else(|| format!("it has no {name}"))?;
    hex::decode(text.trim_start_matches("0x"))
        .map_err(|error| format!("its {name} is not hex: {error}"))
}

fn fixed<const N: usize>(field: &Value, name: &str) -> Result<[u8; N], String> {
    let bytes = hex_field(field, name)?;
    bytes
        .try_into()
        .map_err(|bytes: Vec<u8>| format!("its {name} has {} bytes, not {N}", bytes.len()))
}

fn number(field: &Value, name: &str) -> Result<u32, String> {
    field
        .as_u64()
        .and_then(|value| u32::try_from(value).ok())
        .ok_or_else(|| format!("it has no scrypt parameter {name}"))
}

fn log_n(kdf: &Value) -> Result<u8, String> {
    let n = number(&kdf["n"], "n")?;
    if !n.is_power_of_two() {
        return Err(format!(
            "its scrypt parameter n is {n}, which is no power of two"
        ));
    }
    u8::try_from(n.trailing_zeros()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;

//! The two formats of key files, read and written: Web3 Secret Storage (version 3) and EIP-2335 (version 4).

use alloy_primitives::keccak256;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::{Stated, derivation::Derivation};
use crate::client::signer::{KeyKind, Secret};

/// The most bytes of a cipher text: a key has 32.
const MAX_TEXT: usize = 64;

/// A key file, taken apart.
pub(super) struct Sealed {
    /// What the file says of its key.
    pub(super) stated: Stated,
    /// How its password becomes a key.
    pub(super) derivation: Derivation,
    /// The initial counter of AES-128-CTR.
    pub(super) iv: [u8; 16],
    /// The encrypted key.
    pub(super) text: Vec<u8>,
    /// The checksum by which a wrong password is told.
    pub(super) check: [u8; 32],
}

impl Sealed {
    /// Takes a key file apart; says in words why it cannot.
    pub(super) fn read(file: &Value) -> Result<Self, String> {
        let sealed = match file["version"].as_u64() {
            Some(3) => read_web3(file),
            Some(4) => read_eip2335(file),
            Some(other) => Err(format!(
                "version {other} is unknown; 3 (Web3 Secret Storage) and 4 (EIP-2335) are read"
            )),
            None => Err("it has no version".into()),
        }?;
        if sealed.text.len() > MAX_TEXT {
            return Err(format!("its cipher text is longer than {MAX_TEXT} bytes"));
        }
        Ok(sealed)
    }

    /// The file of this key.
    pub(super) fn json(&self) -> Value {
        match self.stated.kind {
            KeyKind::Secp256k1 => self.web3_json(),
            KeyKind::Ed25519 | KeyKind::Bls12381 => self.eip2335_json(),
        }
    }

    fn web3_json(&self) -> Value {
        let address = self.stated.public.as_deref().unwrap_or_default();
        json!({
            "version": 3,
            "id": uuid(),
            "address": address.trim_start_matches("0x").to_lowercase(),
            "crypto": {
                "cipher": "aes-128-ctr",
                "cipherparams": { "iv": hex::encode(self.iv) },
                "ciphertext": hex::encode(&self.text),
                "kdf": "scrypt",
                "kdfparams": self.derivation.json(),
                "mac": hex::encode(self.check),
            },
        })
    }

    fn eip2335_json(&self) -> Value {
        json!({
            "version": 4,
            "uuid": uuid(),
            "description": self.stated.kind.name(),
            "pubkey": self.stated.public,
            "path": "",
            "crypto": {
                "kdf": { "function": "scrypt", "params": self.derivation.json(), "message": "" },
                "checksum": { "function": "sha256", "params": {}, "message": hex::encode(self.check) },
                "cipher": {
                    "function": "aes-128-ctr",
                    "params": { "iv": hex::encode(self.iv) },
                    "message": hex::encode(&self.text),
                },
            },
        })
    }
}

fn read_web3(file: &Value) -> Result<Sealed, String> {
    let crypto = if file["crypto"].is_object() {
        &file["crypto"]
    } else {
        &file["Crypto"]
    };
    expect(&crypto["cipher"], "aes-128-ctr", "cipher")?;
    Ok(Sealed {
        stated: Stated::of(KeyKind::Secp256k1, &file["address"], "address")?,
        derivation: Derivation::read(&crypto["kdf"], &crypto["kdfparams"])?,
        iv: fixed(&crypto["cipherparams"]["iv"], "iv")?,
        text: hex_field(&crypto["ciphertext"], "ciphertext")?,
        check: fixed(&crypto["mac"], "mac")?,
    })
}

fn read_eip2335(file: &Value) -> Result<Sealed, String> {
    let crypto = &file["crypto"];
    expect(&crypto["cipher"]["function"], "aes-128-ctr", "cipher")?;
    expect(&crypto["checksum"]["function"], "sha256", "checksum")?;
    // The description is free text in files that other programs wrote, and their keys are BLS keys.
    let kind = match file["description"].as_str().and_then(KeyKind::from_name) {
        Some(KeyKind::Ed25519) => KeyKind::Ed25519,
        _ => KeyKind::Bls12381,
    };
    let kdf = &crypto["kdf"];
    Ok(Sealed {
        stated: Stated::of(kind, &file["pubkey"], "pubkey")?,
        derivation: Derivation::read(&kdf["function"], &kdf["params"])?,
        iv: fixed(&crypto["cipher"]["params"]["iv"], "iv")?,
        text: hex_field(&crypto["cipher"]["message"], "cipher text")?,
        check: fixed(&crypto["checksum"]["message"], "checksum")?,
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
pub(super) fn password_bytes(kind: KeyKind, password: &str) -> Zeroizing<Vec<u8>> {
    if kind == KeyKind::Secp256k1 {
        return Zeroizing::new(password.as_bytes().to_vec());
    }
    let clean: Zeroizing<String> =
        Zeroizing::new(password.nfkd().filter(|c| !c.is_control()).collect());
    Zeroizing::new(clean.as_bytes().to_vec())
}

/// The checksum over the second half of the derived key and the cipher text.
pub(super) fn checksum(kind: KeyKind, derived: &Secret, text: &[u8]) -> [u8; 32] {
    let preimage = Zeroizing::new([&derived[16..], text].concat());
    match kind {
        KeyKind::Secp256k1 => keccak256(preimage.as_slice()).0,
        KeyKind::Ed25519 | KeyKind::Bls12381 => Sha256::digest(preimage.as_slice()).into(),
    }
}

fn expect(field: &Value, wanted: &str, name: &str) -> Result<(), String> {
    match field.as_str() {
        Some(found) if found == wanted => Ok(()),
        Some(found) => Err(format!("its {name} is {found:?}; only {wanted} is read")),
        None => Err(format!("it has no {name}")),
    }
}

/// Bytes in hex, with or without 0x.
pub(super) fn hex_field(field: &Value, name: &str) -> Result<Vec<u8>, String> {
    let text = field.as_str().ok_or_else(|| format!("it has no {name}"))?;
    hex::decode(text.strip_prefix("0x").unwrap_or(text))
        .map_err(|error| format!("its {name} is not hex: {error}"))
}

fn fixed<const N: usize>(field: &Value, name: &str) -> Result<[u8; N], String> {
    let bytes = hex_field(field, name)?;
    bytes
        .try_into()
        .map_err(|bytes: Vec<u8>| format!("its {name} has {} bytes, not {N}", bytes.len()))
}

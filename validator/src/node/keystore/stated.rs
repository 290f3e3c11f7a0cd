//! What a key file says of its key without the password, and whether that is so.

use plasmid_bridge::proof::bls;
use serde_json::Value;

use crate::{
    client::signer::{KeyKind, Secret},
    ledger::{Account, address},
};

/// What a key file says of its key. Nothing in the file binds it to the key, so it is for lists and for choosing a file:
/// who signs and who is paid is known only when the file was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// What the key signs.
    pub kind: KeyKind,
    /// The public name, in the spelling that searches find; many wallets write none.
    pub public: Option<String>,
}

impl Stated {
    /// What stands in the field called `name` of a key file.
    pub(super) fn of(kind: KeyKind, field: &Value, name: &str) -> Result<Self, String> {
        let public = match field {
            Value::Null => None,
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => {
                Some(spelled(kind, text).map_err(|why| format!("its {name}: {why}"))?)
            }
            _ => return Err(format!("its {name} is not a text")),
        };
        Ok(Self { kind, public })
    }

    /// Whether this is the key of `secret`, which is called `public`.
    pub(super) fn agrees(&self, secret: &Secret, public: &str) -> bool {
        match &self.public {
            None => true,
            Some(stated) if stated == public => true,
            // Other programs write a BLS key compressed.
            Some(stated) if self.kind == KeyKind::Bls12381 => bls::SecretKey::from_bytes(secret)
                .is_ok_and(|key| *stated == hex::encode(key.compressed_public_key())),
            Some(_) => false,
        }
    }
}

/// A public name as this program spells it: addresses with their checksum, hex in small letters without 0x.
fn spelled(kind: KeyKind, text: &str) -> Result<String, String> {
    match kind {
        KeyKind::Secp256k1 => {
            let text = match text.strip_prefix("0x") {
                Some(_) => text.to_owned(),
                None => format!("0x{text}"),
            };
            let address = address::parse(&text).map_err(|error| error.to_string())?;
            Ok(address.to_string())
        }
        KeyKind::Ed25519 => match text.parse::<Account>() {
            Ok(account) if account.kind == Account::ED25519 => Ok(account.to_string()),
            Ok(account) => Err(format!("{account} is not an account of an Ed25519 key")),
            Err(error) => Err(error.to_string()),
        },
        KeyKind::Bls12381 => {
            let digits = text.strip_prefix("0x").unwrap_or(text);
            match hex::decode(digits) {
                Ok(bytes) if [48, bls::KEY_BYTES].contains(&bytes.len()) => Ok(hex::encode(bytes)),
                _ => Err("a BLS12-381 key has 48 or 96 bytes in hex".into()),
            }
        }
    }
}

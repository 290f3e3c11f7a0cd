//! The texts of single fields of a genesis file.

use alloy_primitives::Address;

use super::FileError;
use crate::ledger::{Account, account::AccountTextError, address, transaction::Profile};

pub(super) fn hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

pub(super) fn bytes<const N: usize>(name: &str, text: &str) -> Result<[u8; N], FileError> {
    let mut out = [0u8; N];
    text.strip_prefix("0x")
        .and_then(|digits| hex::decode_to_slice(digits, &mut out).ok())
        .ok_or_else(|| field(name, text, "bytes of its width in hex behind 0x"))?;
    Ok(out)
}

pub(super) fn profile(name: &str, text: &str) -> Result<Profile, FileError> {
    Profile::of_bytes(&bytes(name, text)?).map_err(|why| FileError::Name {
        field: name.to_owned(),
        why: why.to_string(),
    })
}

pub(super) fn root_address(name: &str, text: &str) -> Result<[u8; 20], FileError> {
    address::parse(text)
        .map(Address::into_array)
        .map_err(|error| FileError::Name {
            field: name.to_owned(),
            why: error.to_string(),
        })
}

pub(super) fn account(name: &str, text: &str) -> Result<Account, FileError> {
    text.parse()
        .map_err(|error: AccountTextError| FileError::Name {
            field: name.to_owned(),
            why: error.to_string(),
        })
}

pub(super) fn amount(name: &str, text: &str) -> Result<u128, FileError> {
    let canonical = text
        .parse::<u128>()
        .ok()
        .filter(|amount| amount.to_string() == text);
    canonical.ok_or_else(|| field(name, text, "a decimal amount below 2^128"))
}

pub(super) fn field(name: &str, found: &str, form: &'static str) -> FileError {
    FileError::Field {
        field: name.to_owned(),
        found: found.chars().take(80).collect(),
        form,
    }
}

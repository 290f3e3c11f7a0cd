//! Amounts in files: decimal text, since neither TOML nor JSON has integers of 128 bits that every reader keeps.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// Writes the number's digits.
///
/// # Errors
/// The serializer's own.
pub fn serialize<S: Serializer>(amount: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

/// Reads a number below 2^128 from its decimal digits, without a sign, a blank or a leading zero.
///
/// # Errors
/// The deserializer's own, with the text that was wrong.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
    let text = String::deserialize(deserializer)?;
    let amount: u128 = text.parse().map_err(|error| {
        D::Error::custom(format_args!(
            "{text:?} is not an amount (digits in quotes): {error}"
        ))
    })?;
    if amount.to_string() == text {
        Ok(amount)
    } else {
        Err(D::Error::custom(format_args!(
            "{text:?} is not an amount: write {amount}"
        )))
    }
}

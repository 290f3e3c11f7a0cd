//! The text of addresses on root. Every option, plan, file and request that names one is read by [`parse`].
//!
//! ```text
//! 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed   one case: no checksum
//! 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed   mixed case: the capital letters are the checksum of EIP-55, and must be right
//! ```
//! [`text`] and [`texts`] are for serde's `with`: an address and a list of them, read by the same function and written with
//! the checksum.

use alloy_primitives::Address;

#[cfg(test)]
mod tests;

/// Hexadecimal digits of an address.
const DIGITS: usize = 40;
/// How many characters of a wrong text an error repeats.
const MAX_SHOWN: usize = 48;

/// Why a text is no address on root.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressTextError {
    /// The prefix is missing.
    #[error("an address on root begins with 0x; got {found:?}")]
    Prefix {
        /// The beginning of the text.
        found: String,
    },
    /// The text is too short or too long.
    #[error("an address on root has 40 hexadecimal digits after 0x; got {found} characters")]
    Length {
        /// How many characters follow the prefix.
        found: usize,
    },
    /// A character is not a hexadecimal digit.
    #[error("character {found:?} at position {position} is not a hexadecimal digit")]
    Digit {
        /// The character.
        found: char,
        /// Its position in the whole text, counted from zero.
        position: usize,
    },
    /// The capital letters are not those of EIP-55.
    #[error(
        "the checksum (capital letters, EIP-55) is wrong: at least one character was mistyped, or the case of its letters was changed. \
         Copy the address again from where it came from; if all digits are right, it is {expected}"
    )]
    Checksum {
        /// This address with the right capital letters.
        expected: String,
    },
}

/// The address that `text` names.
///
/// # Errors
/// [`AddressTextError`] when it is none, or when it has mixed case and its checksum (EIP-55) is wrong.
pub fn parse(text: &str) -> Result<Address, AddressTextError> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let digits = digits.ok_or_else(|| AddressTextError::Prefix {
        found: text.chars().take(MAX_SHOWN).collect(),
    })?;
    let found = digits.chars().count();
    if found != DIGITS {
        return Err(AddressTextError::Length { found });
    }
    if let Some((position, found)) = digits
        .chars()
        .enumerate()
        .find(|(_, c)| !c.is_ascii_hexdigit())
    {
        return Err(AddressTextError::Digit {
            found,
            position: position.saturating_add(2),
        });
    }
    let mut bytes = [0; 20];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| AddressTextError::Length { found })?;
    let address = Address::from(bytes);
    let expected = address.to_checksum(None);
    let mixed = digits.bytes().any(|c| c.is_ascii_lowercase())
        && digits.bytes().any(|c| c.is_ascii_uppercase());
    if mixed && expected.strip_prefix("0x") != Some(digits) {
        return Err(AddressTextError::Checksum { expected });
    }
    Ok(address)
}

/// One address in a file.
pub mod text {
    use alloy_primitives::Address;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes the address with its checksum.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(address: &Address, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(address)
    }

    /// Reads it with [`super::parse`].
    ///
    /// # Errors
    /// The deserializer's own, with what was wrong.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        super::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A list of addresses in a file.
pub mod texts {
    use alloy_primitives::Address;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes each address with its checksum.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(list: &[Address], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(list.iter().map(Address::to_string))
    }

    /// Reads each with [`super::parse`].
    ///
    /// # Errors
    /// The deserializer's own, with the text that was wrong.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Address>, D::Error> {
        let list = Vec::<String>::deserialize(deserializer)?;
        let read = |text: &String| {
            super::parse(text).map_err(|error| D::Error::custom(format_args!("{text:?}: {error}")))
        };
        list.iter().map(read).collect()
    }
}

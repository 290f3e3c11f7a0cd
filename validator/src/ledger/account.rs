//! Accounts: what can own something on the child chain, their 21 bytes and their text.
//!
//! ```text
//! account = kind u8 ‖ id 20          kind 0: an Ethereum address          text: 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed (EIP-55)
//!                                    kind 1: SHA-256(Ed25519 key)[..20]   text: plasmid1... (bech32m over the 21 bytes)
//! ```
//!
//! The kind stands in front of the id everywhere, because 20 bytes alone do not tell a hash from an address that root can
//! pay. 21 zero bytes mean "none" (PROTOCOL section 2).

use std::fmt;
use std::str::FromStr;

use alloy_primitives::Address;
use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32m, Hrp};
use sha2::{Digest, Sha256};

use super::address::{self, AddressTextError};

#[cfg(test)]
mod tests;

/// Prefix of the text of accounts that are no Ethereum address.
pub const TEXT_PREFIX: &str = "plasmid";

const TEXT_LIMIT: usize = 90;

/// An account. Any kind can be held, because bytes of strangers are decoded before they are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// 0 Ethereum, 1 Ed25519, 2 reserved for multisig.
    pub kind: u8,
    /// Address or hash of a key.
    pub id: [u8; 20],
}

/// Why a text is no account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountTextError {
    /// Neither form.
    #[error("an account begins with 0x (Ethereum) or with plasmid1 (Ed25519); got {found:?}")]
    Form {
        /// The text that was given.
        found: String,
    },
    /// It begins as an Ethereum address and is none.
    #[error(transparent)]
    Address(#[from] AddressTextError),
    /// The bech32m text is damaged.
    #[error("the text is not bech32m: {why}; one mistyped character is enough, copy it again")]
    Bech32 {
        /// What the decoder of Bech32m says.
        why: String,
    },
    /// Another chain's account, perhaps.
    #[error("the text begins with {found}1; accounts of this chain begin with plasmid1")]
    Prefix {
        /// The prefix that was found.
        found: String,
    },
    /// 21 bytes are kind and id.
    #[error("the text holds {found} bytes; an account has 21")]
    Bytes {
        /// Number of bytes that the text holds.
        found: usize,
    },
    /// A kind that has no text of this form.
    #[error("account kind {kind} has no text of the form plasmid1; only kind 1 has")]
    Kind {
        /// The kind byte that was found.
        kind: u8,
    },
}

impl Account {
    /// The kind of Ethereum addresses.
    pub const ETHEREUM: u8 = 0;
    /// The kind of Ed25519 keys.
    pub const ED25519: u8 = 1;
    /// No account: 21 zero bytes.
    pub const NONE: Self = Self {
        kind: 0,
        id: [0; 20],
    };

    /// The account of an Ethereum address.
    pub const fn ethereum(address: [u8; 20]) -> Self {
        Self {
            kind: Self::ETHEREUM,
            id: address,
        }
    }

    /// The account of an Ed25519 key: the first 20 bytes of its SHA-256 (Tendermint's rule).
    pub fn ed25519(key: &[u8; 32]) -> Self {
        let hash: [u8; 32] = Sha256::digest(key).into();
        let mut id = [0; 20];
        for (to, from) in id.iter_mut().zip(hash) {
            *to = from;
        }
        Self {
            kind: Self::ED25519,
            id,
        }
    }

    /// kind ‖ id.
    pub fn bytes(&self) -> [u8; 21] {
        let mut bytes = [0; 21];
        let (kind, id) = bytes.split_at_mut(1);
        kind.copy_from_slice(&[self.kind]);
        id.copy_from_slice(&self.id);
        bytes
    }

    /// The inverse of [`Account::bytes`].
    pub fn from_bytes(bytes: &[u8; 21]) -> Self {
        let [kind, id @ ..] = *bytes;
        Self { kind, id }
    }

    /// Whether this is the 21 zero bytes.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// Whether value can be paid to it: kind 0 or 1, and not none.
    pub fn can_receive(&self) -> bool {
        self.kind <= Self::ED25519 && !self.is_none()
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == Self::ETHEREUM {
            return f.write_str(&Address::from(self.id).to_checksum(None));
        }
        let hrp = Hrp::parse(TEXT_PREFIX).map_err(|_| fmt::Error)?;
        let text = bech32::encode::<Bech32m>(hrp, &self.bytes()).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl FromStr for Account {
    type Err = AccountTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("0x") || text.starts_with("0X") {
            let address = address::parse(text)?;
            return Ok(Self::ethereum(address.into_array()));
        }
        if text.len() <= TEXT_LIMIT && text.contains('1') {
            return parse_bech32(text);
        }
        Err(AccountTextError::Form {
            found: text.chars().take(24).collect(),
        })
    }
}

fn parse_bech32(text: &str) -> Result<Account, AccountTextError> {
    let checked =
        CheckedHrpstring::new::<Bech32m>(text).map_err(|error| AccountTextError::Bech32 {
            why: error.to_string(),
        })?;
    let prefix = checked.hrp().to_lowercase();
    if prefix != TEXT_PREFIX {
        return Err(AccountTextError::Prefix { found: prefix });
    }
    checked
        .validate_segwit_padding()
        .map_err(|error| AccountTextError::Bech32 {
            why: error.to_string(),
        })?;
    let bytes: Vec<u8> = checked.byte_iter().collect();
    let bytes: [u8; 21] = bytes
        .try_into()
        .map_err(|bytes: Vec<u8>| AccountTextError::Bytes { found: bytes.len() })?;
    let account = Account::from_bytes(&bytes);
    match account.kind {
        Account::ED25519 => Ok(account),
        kind => Err(AccountTextError::Kind { kind }),
    }
}

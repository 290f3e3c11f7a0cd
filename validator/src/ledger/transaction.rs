//! Users' transactions and their canonical bytes (PROTOCOL section 4).
//!
//! ```text
//! header 110 ‖ body ‖ authentication ‖ fee payer's scheme u8 ‖ authentication (only when a fee payer is named)
//! header = kind u8 ‖ scheme u8 ‖ sender 21 ‖ lane u16 ‖ sequence u64 ‖ fee u128 ‖ fee payer 21 ‖ valid until u64 ‖ memo 32
//! ```
//!
//! One transaction has one encoding, and decoding consumes every byte. What is decoded here is unchecked: only
//! [`check`](super::check) makes a `CheckedTransaction`. Reserved parts (messages, fee payers, lanes above 0, multisig) are
//! decoded, so that the refusal can say what it refuses.

use plasmid_bridge::proof::bytes::{DecodeError, Reader};

use super::account::Account;
use super::reject::Reject;

mod authentication;
mod stake;
#[cfg(test)]
pub(in crate::ledger) mod tests;
mod text;

pub use authentication::{Authentication, Multisig, MultisigMember, Scheme};
pub use stake::StakeBody;
pub use text::{Profile, Text};

/// Bytes of a header.
pub const HEADER_BYTES: usize = 110;

/// No transaction of this protocol is longer. Longer bytes are refused before they are decoded.
pub const MAX_TRANSACTION_BYTES: usize = 8_192;

/// No user's transaction is shorter: one without a body, signed with secp256k1.
pub const MIN_TRANSACTION_BYTES: usize = HEADER_BYTES + 65;

/// Data of a record at most.
pub const MAX_RECORD_BYTES: usize = 1_024;

/// A transaction that is forced through the inbox, at most.
pub const MAX_FORCED_BYTES: usize = 512;

/// First byte from which on bytes are no users' transaction but part of a block's record.
pub const FIRST_RESERVED_KIND: u8 = 0x80;

/// What all kinds have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The account that sends it.
    pub sender: Account,
    /// Lane of the nonce; only 0 for now.
    pub lane: u16,
    /// Must be the sender's next.
    pub sequence: u64,
    /// What is charged, whatever the minimum is.
    pub fee: u128,
    /// Who pays it, or none for the sender; only none for now.
    pub fee_payer: Account,
    /// Last height of a block that may hold it.
    pub valid_until: u64,
    /// For the sender's own use.
    pub memo: [u8; 32],
}

/// Bytes with a two-byte length.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Data(Vec<u8>);

impl Data {
    /// Data of at most the length that two bytes can count. The limit of the transaction's kind is checked later, with an error that names it.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Reject> {
        match u16::try_from(bytes.len()) {
            Ok(_) => Ok(Self(bytes)),
            Err(_) => Err(Reject::TooLarge {
                what: "data",
                length: bytes.len(),
                limit: MAX_RECORD_BYTES,
            }),
        }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    fn put(&self, bytes: &mut Vec<u8>) {
        let length = u16::try_from(self.0.len()).unwrap_or(u16::MAX);
        bytes.extend(length.to_be_bytes());
        bytes.extend(&self.0);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let length = usize::from(reader.u16()?);
        Ok(Self(reader.slice(length)?.to_vec()))
    }
}

/// What a transaction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Moves an amount to another account.
    Transfer {
        /// The account that receives.
        to: Account,
        /// The token's address on root; zero is the native asset.
        token: [u8; 20],
        /// The amount in base units, at least 1.
        amount: u128,
    },
    /// Moves an amount to a withdrawal that root pays to `recipient`.
    Withdraw {
        /// The address on root that is to be paid.
        recipient: [u8; 20],
        /// The token's address on root; zero is the native asset.
        token: [u8; 20],
        /// The amount in base units, at least 1.
        amount: u128,
    },
    /// Names the address on root that exits of the sender pay; zero names none.
    SetPayout {
        /// The address on root that receives what the account is paid there.
        payout: [u8; 20],
    },
    /// Puts the hash of the data under a topic of the sender.
    Record {
        /// The topic, 32 bytes that the sender chooses.
        topic: [u8; 32],
        /// The data, whose length the kind bounds.
        data: Data,
    },
    /// Reserved: for contracts on this chain.
    Message {
        /// The account that the message is for.
        target: Account,
        /// The token's address on root; zero is the native asset.
        token: [u8; 20],
        /// The amount in base units.
        amount: u128,
        /// The data, whose length the kind bounds.
        data: Data,
    },
    /// Does something with stake.
    Stake(StakeBody),
}

impl Body {
    /// The kind byte.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Transfer { .. } => 0x01,
            Self::Withdraw { .. } => 0x02,
            Self::SetPayout { .. } => 0x03,
            Self::Record { .. } => 0x04,
            Self::Message { .. } => 0x05,
            Self::Stake(stake) => stake.kind(),
        }
    }

    /// What people call it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Transfer { .. } => "transfer",
            Self::Withdraw { .. } => "withdraw",
            Self::SetPayout { .. } => "set_payout",
            Self::Record { .. } => "record",
            Self::Message { .. } => "message",
            Self::Stake(stake) => stake.name(),
        }
    }

    fn put(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Transfer { to, token, amount } => {
                bytes.extend(to.bytes());
                put_amount(bytes, token, *amount);
            }
            Self::Withdraw {
                recipient,
                token,
                amount,
            } => {
                bytes.extend(recipient);
                put_amount(bytes, token, *amount);
            }
            Self::SetPayout { payout } => bytes.extend(payout),
            Self::Record { topic, data } => {
                bytes.extend(topic);
                data.put(bytes);
            }
            Self::Message {
                target,
                token,
                amount,
                data,
            } => {
                bytes.extend(target.bytes());
                put_amount(bytes, token, *amount);
                data.put(bytes);
            }
            Self::Stake(stake) => stake.put(bytes),
        }
    }

    fn take(kind: u8, reader: &mut Reader<'_>) -> Result<Self, Reject> {
        Ok(match kind {
            0x01 => Self::Transfer {
                to: take_account(reader)?,
                token: reader.array()?,
                amount: reader.u128()?,
            },
            0x02 => Self::Withdraw {
                recipient: reader.array()?,
                token: reader.array()?,
                amount: reader.u128()?,
            },
            0x03 => Self::SetPayout {
                payout: reader.array()?,
            },
            0x04 => Self::Record {
                topic: reader.array()?,
                data: Data::take(reader)?,
            },
            0x05 => Self::Message {
                target: take_account(reader)?,
                token: reader.array()?,
                amount: reader.u128()?,
                data: Data::take(reader)?,
            },
            kind => Self::Stake(StakeBody::take(kind, reader)?),
        })
    }
}

fn put_amount(bytes: &mut Vec<u8>, token: &[u8; 20], amount: u128) {
    bytes.extend(token);
    bytes.extend(amount.to_be_bytes());
}

fn take_account(reader: &mut Reader<'_>) -> Result<Account, DecodeError> {
    reader
        .array::<21>()
        .map(|bytes| Account::from_bytes(&bytes))
}

/// A transaction as it stands in a block. Only its form was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// What all kinds have in common.
    pub header: Header,
    /// What it does.
    pub body: Body,
    /// Who says so.
    pub authentication: Authentication,
    /// The fee payer's consent; present exactly when a fee payer is named.
    pub fee_payer_authentication: Option<Authentication>,
}

impl Transaction {
    /// The canonical bytes: what `broadcast_tx_*` takes, what stands in the block, what the engine hashes.
    pub fn encode(&self) -> Vec<u8> {
        let header = &self.header;
        let mut bytes = Vec::with_capacity(HEADER_BYTES.saturating_add(160));
        bytes.push(self.body.kind());
        bytes.push(self.authentication.scheme().byte());
        bytes.extend(header.sender.bytes());
        bytes.extend(header.lane.to_be_bytes());
        bytes.extend(header.sequence.to_be_bytes());
        bytes.extend(header.fee.to_be_bytes());
        bytes.extend(header.fee_payer.bytes());
        bytes.extend(header.valid_until.to_be_bytes());
        bytes.extend(header.memo);
        self.body.put(&mut bytes);
        self.authentication.put(&mut bytes);
        if let Some(authentication) = &self.fee_payer_authentication {
            bytes.push(authentication.scheme().byte());
            authentication.put(&mut bytes);
        }
        bytes
    }

    /// The inverse of [`Transaction::encode`].
    ///
    /// Refuses kinds of a block's record with `not_allowed_here`, unknown kinds and schemes with `unsupported`, bytes beyond
    /// [`MAX_TRANSACTION_BYTES`] with `too_large` and everything else that is no encoding with `malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self, Reject> {
        check_length(bytes)?;
        let mut reader = Reader::new(bytes);
        let kind = reader.u8()?;
        if kind >= FIRST_RESERVED_KIND {
            let why = "its first byte is that of a block's record, a message of the inbox or misbehavior; only a proposer makes these";
            return Err(Reject::NotAllowedHere { why });
        }
        let scheme = reader.u8()?;
        let header = take_header(&mut reader)?;
        let body = Body::take(kind, &mut reader)?;
        let authentication = Authentication::take(Scheme::from_byte(scheme)?, &mut reader)?;
        let fee_payer_authentication = match header.fee_payer.is_none() {
            true => None,
            false => {
                let scheme = Scheme::from_byte(reader.u8()?)?;
                Some(Authentication::take(scheme, &mut reader)?)
            }
        };
        reader.finish()?;
        Ok(Self {
            header,
            body,
            authentication,
            fee_payer_authentication,
        })
    }
}

/// Refuses bytes that are longer than any transaction, before anything is made of them.
///
/// # Errors
/// [`Reject::TooLarge`].
pub fn check_length(bytes: &[u8]) -> Result<(), Reject> {
    Reject::check_length("the transaction", bytes.len(), MAX_TRANSACTION_BYTES)
}

pub(in crate::ledger) fn take_header(reader: &mut Reader<'_>) -> Result<Header, DecodeError> {
    Ok(Header {
        sender: take_account(reader)?,
        lane: reader.u16()?,
        sequence: reader.u64()?,
        fee: reader.u128()?,
        fee_payer: take_account(reader)?,
        valid_until: reader.u64()?,
        memo: reader.array()?,
    })
}

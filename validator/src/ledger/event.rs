//! Events: what a receipt tells to those who search, typed; their names and attributes, in this one place.
//!
//! | type | attributes (* indexed) |
//! |---|---|
//! | `plasmid` | account* (one event for each account that a transaction or message involves: `plasmid.account = '...'`) |
//! | `transaction` | digest*, kind, sender, sequence, fee |
//! | `transfer` | from, to, token*, amount |
//! | `withdrawal` | number*, account, recipient, token*, amount |
//! | `payout` | account, payout |
//! | `record` | account, topic*, data_hash |
//! | `deposit` | index*, recipient, token*, amount, native, depositor |
//! | `refund` | index*, number*, recipient, token*, amount |
//! | `forced` | index*, sender, code; kind, where its body decodes and it is its sender's |
//! | `acceptance` | index*, epoch*, relayer, amount |
//! | `applied` | index*, kind |
//! | `recorded` | index*, kind |
//!
//! The events of stake are in `event/stake.rs`.
//!
//! Accounts are in their text form, tokens and addresses on root as EIP-55, hashes as 0x and 64 digits, amounts decimal.

use alloy_primitives::{Address, B256};

use plasmid_staking::Effect;

use super::account::Account;
use super::code::Code;

mod stake;

pub use stake::{accounts_of_stake, is_for_all, is_of_stake, of_stake};

/// One attribute of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name in the table above.
    pub key: &'static str,
    /// Its text.
    pub value: String,
    /// Whether the engine indexes it.
    pub indexed: bool,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An account was involved.
    Involved(Account),
    /// A user's transaction was carried out.
    Transaction {
        /// EIP-712 digest of the transaction.
        digest: B256,
        /// Name of its kind.
        kind: &'static str,
        /// The account that signed it and pays.
        sender: Account,
        /// Its sequence in the sender's lane.
        sequence: u64,
        /// The fee that was paid, in base units of the native asset.
        fee: u128,
    },
    /// An amount moved.
    Transfer {
        /// The account that paid.
        from: Account,
        /// The account that received.
        to: Account,
        /// The token's address on root; zero is the native asset.
        token: [u8; 20],
        /// The amount in base units.
        amount: u128,
    },
    /// An amount became a withdrawal.
    Withdrawal {
        /// Number of the withdrawal, from 1; the key of the leaf that root pays follows from it.
        number: u64,
        /// The account that withdrew.
        account: Account,
        /// The address on root that is to be paid.
        recipient: [u8; 20],
        /// The token's address on root; zero is the native asset.
        token: [u8; 20],
        /// The amount in base units.
        amount: u128,
    },
    /// A payout address was named.
    Payout {
        /// The account whose payout address is set.
        account: Account,
        /// The address on root that receives what the account is paid there.
        payout: [u8; 20],
    },
    /// Data was recorded.
    Record {
        /// The account that made the record.
        account: Account,
        /// The topic, 32 bytes that the sender chose.
        topic: [u8; 32],
        /// Keccak-256 of the data.
        data_hash: B256,
    },
    /// A deposit was credited.
    Deposit {
        /// Index of the message in the inbox, from 1.
        index: u64,
        /// The account that received.
        recipient: Account,
        /// The token's address on root; zero is the native asset.
        token: [u8; 20],
        /// The amount of the token that arrived, in base units.
        amount: u128,
        /// Native asset that was credited beside it, in base units.
        native: u128,
        /// The address on root that paid.
        depositor: [u8; 20],
    },
    /// A deposit became a withdrawal.
    Refund {
        /// Index of the message in the inbox, from 1.
        index: u64,
        /// Number of the withdrawal that pays the refund.
        number: u64,
        /// The address on root that is to be paid.
        recipient: [u8; 20],
        /// The token's address on root; zero is the native asset.
        token: [u8; 20],
        /// The amount in base units.
        amount: u128,
    },
    /// A forced transaction was judged.
    Forced {
        /// Index of the message in the inbox, from 1.
        index: u64,
        /// The account that the forced transaction acts for.
        sender: Account,
        /// The result code of the transaction.
        code: Code,
        /// Name of its kind, where its body decodes and it is its sender's.
        kind: Option<&'static str>,
    },
    /// Someone was paid for a checkpoint.
    Acceptance {
        /// Index of the message in the inbox, from 1.
        index: u64,
        /// The epoch whose checkpoint root accepted.
        epoch: u64,
        /// The account that receives the reward.
        relayer: Account,
        /// The reward in base units of the native asset, above 0; when nothing is due, the message is a `Recorded` event instead.
        amount: u128,
    },
    /// A message had its effect, and no event of its own tells which.
    Applied {
        /// Index of the message in the inbox, from 1.
        index: u64,
        /// Kind of the message, one byte.
        kind: u8,
    },
    /// A message had no effect.
    Recorded {
        /// Index of the message in the inbox, from 1.
        index: u64,
        /// Kind of the message, one byte.
        kind: u8,
    },
    /// Something happened to stake.
    Stake(Effect),
    /// The set of an epoch was fixed.
    Set {
        /// The epoch whose set it is.
        epoch: u64,
        /// The number of its members.
        members: u16,
        /// Their power, in units of stake.
        power: u64,
        /// The commitment to the set.
        commitment: B256,
        /// Whether nobody had a seat, so that it is the set before it without stake.
        copied: bool,
    },
}

impl Event {
    /// The type.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Involved(_) => "plasmid",
            Self::Transaction { .. } => "transaction",
            Self::Transfer { .. } => "transfer",
            Self::Withdrawal { .. } => "withdrawal",
            Self::Payout { .. } => "payout",
            Self::Record { .. } => "record",
            Self::Deposit { .. } => "deposit",
            Self::Refund { .. } => "refund",
            Self::Forced { .. } => "forced",
            Self::Acceptance { .. } => "acceptance",
            Self::Applied { .. } => "applied",
            Self::Recorded { .. } => "recorded",
            Self::Stake(effect) => match stake::name(effect) {
                Some(name) => name,
                None => "stake",
            },
            Self::Set { copied: false, .. } => "set_fixed",
            Self::Set { copied: true, .. } => "set_copied",
        }
    }

    /// The attributes, in the order of the table.
    pub fn attributes(&self) -> Vec<Attribute> {
        match self {
            Self::Involved(account) => vec![indexed("account", account)],
            Self::Transaction {
                digest,
                kind,
                sender,
                sequence,
                fee,
            } => vec![
                indexed("digest", digest),
                plain("kind", kind),
                plain("sender", sender),
                plain("sequence", sequence),
                plain("fee", fee),
            ],
            Self::Transfer {
                from,
                to,
                token,
                amount,
            } => {
                vec![
                    plain("from", from),
                    plain("to", to),
                    token_of(token),
                    plain("amount", amount),
                ]
            }
            Self::Withdrawal {
                number,
                account,
                recipient,
                token,
                amount,
            } => vec![
                indexed("number", number),
                plain("account", account),
                address("recipient", recipient),
                token_of(token),
                plain("amount", amount),
            ],
            Self::Payout { account, payout } => {
                vec![plain("account", account), address("payout", payout)]
            }
            Self::Record {
                account,
                topic,
                data_hash,
            } => {
                vec![
                    plain("account", account),
                    indexed("topic", &B256::from(*topic)),
                    plain("data_hash", data_hash),
                ]
            }
            other => other.message_attributes(),
        }
    }

    fn message_attributes(&self) -> Vec<Attribute> {
        match self {
            Self::Deposit {
                index,
                recipient,
                token,
                amount,
                native,
                depositor,
            } => vec![
                indexed("index", index),
                plain("recipient", recipient),
                token_of(token),
                plain("amount", amount),
                plain("native", native),
                address("depositor", depositor),
            ],
            Self::Refund {
                index,
                number,
                recipient,
                token,
                amount,
            } => vec![
                indexed("index", index),
                indexed("number", number),
                address("recipient", recipient),
                token_of(token),
                plain("amount", amount),
            ],
            Self::Forced {
                index,
                sender,
                code,
                kind,
            } => {
                let mut attributes = vec![
                    indexed("index", index),
                    plain("sender", sender),
                    plain("code", &code.number()),
                ];
                attributes.extend(kind.map(|kind| plain("kind", &kind)));
                attributes
            }
            Self::Acceptance {
                index,
                epoch,
                relayer,
                amount,
            } => vec![
                indexed("index", index),
                indexed("epoch", epoch),
                plain("relayer", relayer),
                plain("amount", amount),
            ],
            Self::Applied { index, kind } | Self::Recorded { index, kind } => {
                vec![indexed("index", index), plain("kind", kind)]
            }
            Self::Stake(effect) => stake::attributes(effect),
            Self::Set {
                epoch,
                members,
                power,
                commitment,
                ..
            } => vec![
                indexed("epoch", epoch),
                plain("members", members),
                plain("power", power),
                plain("commitment", commitment),
            ],
            _ => Vec::new(),
        }
    }
}

/// One [`Event::Involved`] for each account, once, in the order given; none is left out.
pub fn involved(accounts: impl IntoIterator<Item = Account>) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for account in accounts {
        let event = Event::Involved(account);
        if !account.is_none() && !events.contains(&event) {
            events.push(event);
        }
    }
    events
}

fn plain(key: &'static str, value: &impl ToString) -> Attribute {
    Attribute {
        key,
        value: value.to_string(),
        indexed: false,
    }
}

fn indexed(key: &'static str, value: &impl ToString) -> Attribute {
    Attribute {
        key,
        value: value.to_string(),
        indexed: true,
    }
}

fn address(key: &'static str, value: &[u8; 20]) -> Attribute {
    plain(key, &Address::from(*value).to_checksum(None))
}

fn token_of(token: &[u8; 20]) -> Attribute {
    indexed("token", &Address::from(*token).to_checksum(None))
}

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
//! | `forced` | index*, sender, code |
//! | `acceptance` | index*, epoch*, relayer, amount |
//! | `recorded` | index*, kind |
//!
//! Accounts are in their text form, tokens and addresses on root as EIP-55, hashes as 0x and 64 digits, amounts decimal.

use alloy_primitives::{Address, B256};

use super::account::Account;
use super::code::Code;

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
        digest: B256,
        kind: &'static str,
        sender: Account,
        sequence: u64,
        fee: u128,
    },
    /// An amount moved.
    Transfer {
        from: Account,
        to: Account,
        token: [u8; 20],
        amount: u128,
    },
    /// An amount became a withdrawal.
    Withdrawal {
        number: u64,
        account: Account,
        recipient: [u8; 20],
        token: [u8; 20],
        amount: u128,
    },
    /// A payout address was named.
    Payout { account: Account, payout: [u8; 20] },
    /// Data was recorded.
    Record {
        account: Account,
        topic: [u8; 32],
        data_hash: B256,
    },
    /// A deposit was credited.
    Deposit {
        index: u64,
        recipient: Account,
        token: [u8; 20],
        amount: u128,
        native: u128,
        depositor: [u8; 20],
    },
    /// A deposit became a withdrawal.
    Refund {
        index: u64,
        number: u64,
        recipient: [u8; 20],
        token: [u8; 20],
        amount: u128,
    },
    /// A forced transaction was judged.
    Forced {
        index: u64,
        sender: Account,
        code: Code,
    },
    /// Someone was paid for a checkpoint.
    Acceptance {
        index: u64,
        epoch: u64,
        relayer: Account,
        amount: u128,
    },
    /// A message had no effect.
    Recorded { index: u64, kind: u8 },
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
            Self::Recorded { .. } => "recorded",
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
            } => {
                vec![
                    indexed("index", index),
                    plain("sender", sender),
                    plain("code", &code.number()),
                ]
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
            Self::Recorded { index, kind } => vec![indexed("index", index), plain("kind", kind)],
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

//! What a proof is about, and what its leaf says.

use alloy_primitives::Address;
use plasmid_proto::bridge::v1::{RecordId, TokenBalanceId, get_proof_request};
use serde_json::{Value, json};

use crate::{
    cli::{CliError, amount, connect, tx},
    ledger::{
        Account, Slot, Value as _,
        leaf::{AccountLeaf, LeafError, RecordLeaf, TokenBalance, Withdrawal},
    },
};

/// What a proof is about.
pub(super) enum Claim {
    Account(Account),
    Token(Account, [u8; 20]),
    Record(Account, [u8; 32]),
    Withdrawal(u64),
}

/// The words that name it, on a command line or in a proof file.
#[derive(Clone, Copy, Default)]
pub(super) struct ClaimNames<'a> {
    pub(super) account: Option<&'a str>,
    pub(super) token: Option<&'a str>,
    pub(super) topic: Option<&'a str>,
    pub(super) withdrawal: Option<u64>,
}

impl Claim {
    pub(super) fn new(names: ClaimNames<'_>) -> Result<Self, CliError> {
        let parse = |text: &str| {
            text.parse::<Account>()
                .map_err(|error| CliError::new(format!("account {text:?}: {error}")))
        };
        let account = names.account.map(parse).transpose()?;
        match (account, names.token, names.topic, names.withdrawal) {
            (Some(account), None, None, None) => Ok(Self::Account(account)),
            (Some(account), Some(token), None, None) => {
                Ok(Self::Token(account, connect::address(token)?))
            }
            (Some(account), None, Some(topic), None) => {
                Ok(Self::Record(account, tx::topic_bytes(topic)?))
            }
            (None, None, None, Some(number)) => Ok(Self::Withdrawal(number)),
            _ => Err(CliError::new(
                "name what to prove: --account, alone or with --token or --topic, or --withdrawal",
            )),
        }
    }

    pub(super) fn slot(&self) -> Slot {
        match self {
            Self::Account(account) => Slot::Account(*account),
            Self::Token(account, token) => Slot::TokenBalance(*account, *token),
            Self::Record(account, topic) => Slot::Record(*account, *topic),
            Self::Withdrawal(number) => Slot::Withdrawal(*number),
        }
    }

    pub(super) fn leaf(&self) -> get_proof_request::Leaf {
        match self {
            Self::Account(account) => get_proof_request::Leaf::Account(account.to_string()),
            Self::Token(account, token) => get_proof_request::Leaf::TokenBalance(TokenBalanceId {
                account: account.to_string(),
                token: Address::from(*token).to_string(),
            }),
            Self::Record(account, topic) => get_proof_request::Leaf::Record(RecordId {
                account: account.to_string(),
                topic: topic.to_vec(),
            }),
            Self::Withdrawal(number) => get_proof_request::Leaf::Withdrawal(*number),
        }
    }

    pub(super) fn json(&self) -> Value {
        match self {
            Self::Account(account) => json!({ "account": account.to_string() }),
            Self::Token(account, token) => {
                json!({ "account": account.to_string(), "token": Address::from(*token).to_string() })
            }
            Self::Record(account, topic) => {
                json!({ "account": account.to_string(), "topic": hex::encode(topic) })
            }
            Self::Withdrawal(number) => json!({ "withdrawal": number }),
        }
    }

    /// What a leaf's value says, in words that people read.
    pub(super) fn words(&self, value: &[u8]) -> Result<Value, CliError> {
        let wrong = |error: LeafError| {
            CliError::new(format!("the proof does not hold: its value: {error}"))
        };
        let address = |bytes: [u8; 20]| Address::from(bytes).to_string();
        Ok(match self {
            Self::Account(_) => {
                let leaf = AccountLeaf::decode(value).map_err(wrong)?;
                json!({
                    "balance": amount::show(leaf.balance, 18),
                    "sequence": leaf.sequence,
                    "payout": address(leaf.payout),
                })
            }
            Self::Token(..) => {
                let leaf = TokenBalance::decode(value).map_err(wrong)?;
                json!({ "token": address(leaf.token), "amount": leaf.amount.to_string() })
            }
            Self::Record(..) => {
                let leaf = RecordLeaf::decode(value).map_err(wrong)?;
                json!({ "data_hash": hex::encode(leaf.data_hash), "height": leaf.height })
            }
            Self::Withdrawal(_) => {
                let leaf = Withdrawal::decode(value).map_err(wrong)?;
                json!({
                    "recipient": address(leaf.recipient),
                    "token": address(leaf.token),
                    "amount": leaf.amount.to_string(),
                })
            }
        })
    }
}

//! What a person can do on the child: the same verbs for a transaction that goes to a node and for one that goes through root.

use std::borrow::Borrow;

use alloy_primitives::Address;
use clap::{Args, Subcommand};

use super::{stake::StakeAction, token};
use crate::{
    cli::{
        CliError, amount,
        connect::{self, Connection, Deployment},
        keys::KeyOptions,
    },
    ledger::{
        Account, address,
        leaf::NATIVE,
        transaction::{Body, Data},
    },
};

/// Decimals of the native coin.
const NATIVE_DECIMALS: u32 = 18;

/// A transaction, and who acts (`S`; with stake, `T`).
#[derive(Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "what several commands share says what it is where it stands"
)]
pub enum Make<S: Args, T: Args = S> {
    /// Pays somebody on the child.
    Transfer {
        /// Who is paid: an account (0x… or plasmid1…) or the name of one of your keys.
        #[arg(long)]
        to: String,
        #[command(flatten)]
        money: AssetAmount,
        #[command(flatten)]
        authority: S,
    },
    /// Takes money off the child, to be claimed on root.
    Withdraw {
        #[command(flatten)]
        withdrawal: WithdrawalOptions,
        #[command(flatten)]
        authority: S,
    },
    /// Names the address on root that an Ed25519 account is paid at.
    SetPayout {
        /// The address on root.
        #[arg(value_parser = address::parse)]
        payout: Address,
        #[command(flatten)]
        authority: S,
    },
    /// Puts the hash of some data under a topic, provable on root.
    Record {
        /// Topic: 32 bytes in hex, or a short text.
        #[arg(long)]
        topic: String,
        /// The data, as text, at most 1,024 bytes; through the inbox the whole transaction has to fit 512.
        #[arg(long)]
        data: String,
        #[command(flatten)]
        authority: S,
    },
    /// Stakes, and does what operators and owners of stake do.
    #[command(subcommand)]
    Stake(StakeAction<T>),
}

/// What is taken off, and who gets it.
#[derive(Clone, Debug, Args)]
pub struct WithdrawalOptions {
    /// Who is paid on root [default: the sender's own address; an Ed25519 account has none].
    #[arg(long, value_parser = address::parse)]
    to: Option<Address>,
    #[command(flatten)]
    money: AssetAmount,
}

/// How much of what.
#[derive(Clone, Debug, Args)]
pub struct AssetAmount {
    /// Decimal number of coins (1.5), or base units (1500base).
    #[arg(long)]
    amount: String,
    /// The token, by its symbol or by its address on root. Without it the native coin is meant.
    #[arg(long)]
    token: Option<String>,
}

impl<S: Args, T: Args + Borrow<S>> Make<S, T> {
    /// Who acts.
    pub fn authority(&self) -> &S {
        match self {
            Self::Transfer { authority, .. }
            | Self::Withdraw { authority, .. }
            | Self::SetPayout { authority, .. }
            | Self::Record { authority, .. } => authority,
            Self::Stake(stake) => stake.authority().borrow(),
        }
    }

    /// What `sender` does by it.
    pub async fn body(
        &self,
        connection: &Connection,
        keys: &KeyOptions,
        deployment: &Deployment,
        sender: Account,
    ) -> Result<Body, CliError> {
        Ok(match self {
            Self::Transfer { to, money, .. } => {
                let (token, amount) = resolve(connection, money).await?;
                let to = keys.account(to)?;
                if to.kind == Account::ETHEREUM {
                    deployment.refuse_lost("the recipient", to.id, token)?;
                }
                Body::Transfer { to, token, amount }
            }
            Self::Withdraw {
                withdrawal: WithdrawalOptions { to, money },
                ..
            } => {
                let (token, amount) = resolve(connection, money).await?;
                let recipient = match to {
                    Some(address) => address.into_array(),
                    None => own_address(sender)?,
                };
                deployment.refuse_lost("the recipient", recipient, token)?;
                Body::Withdraw {
                    recipient,
                    token,
                    amount,
                }
            }
            Self::SetPayout { payout, .. } => {
                let payout = payout.into_array();
                deployment.refuse_lost("the payout address", payout, NATIVE)?;
                Body::SetPayout { payout }
            }
            Self::Record { topic, data, .. } => Body::Record {
                topic: topic_bytes(topic)?,
                data: Data::new(data.clone().into_bytes())?,
            },
            Self::Stake(stake) => {
                Body::Stake(stake.body(connection, keys, deployment, sender).await?)
            }
        })
    }
}

/// Where an account is paid on root when nobody says: an Ethereum account at its own address. What a node calls an Ed25519
/// account's payout address is not believed, or a node could name itself.
fn own_address(own: Account) -> Result<[u8; 20], CliError> {
    match own.kind {
        0 => Ok(own.id),
        _ => Err(CliError::new(format!(
            "{own} has no address of its own on root: name who is paid with --to"
        ))),
    }
}

/// The token's address and the amount in its base units. Root and the node have to say the same decimals: either of them alone could turn one
/// coin into a million.
async fn resolve(
    connection: &Connection,
    money: &AssetAmount,
) -> Result<([u8; 20], u128), CliError> {
    let Some(named) = money.token.as_deref() else {
        return Ok((NATIVE, amount::parse(&money.amount, NATIVE_DECIMALS)?));
    };
    let is_base = money.amount.ends_with("base");
    // What begins as an address is never taken for a symbol: anybody can give a token of his any symbol.
    let (address, decimals) = match named.trim() {
        "" => {
            return Err(CliError::new(
                "--token is empty: name a token by its symbol or its address, or leave --token out for the native coin",
            ));
        }
        text if text.starts_with("0x") || text.starts_with("0X") => {
            let address = connect::address(text)?;
            let decimals = match is_base {
                true => 0,
                false => token::confirmed_decimals(connection, address).await?,
            };
            (address, decimals)
        }
        text => token::by_symbol(connection, text).await?,
    };
    Ok((address, amount::parse(&money.amount, decimals)?))
}

/// A topic: 32 bytes in hex, or a text of at most 32 bytes with zeros behind.
pub fn topic_bytes(text: &str) -> Result<[u8; 32], CliError> {
    if let Ok(bytes) =
        <[u8; 32]>::try_from(hex::decode(text.trim_start_matches("0x")).unwrap_or_default())
    {
        return Ok(bytes);
    }
    let mut topic = [0u8; 32];
    topic
        .get_mut(..text.len())
        .ok_or_else(|| {
            CliError::new(format!(
                "the topic has {} bytes; at most 32 fit",
                text.len()
            ))
        })?
        .copy_from_slice(text.as_bytes());
    Ok(topic)
}

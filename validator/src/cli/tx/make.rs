//! What a person can do on the child: the same verbs for a transaction that goes to a node and for one that goes through root.

use clap::{Args, Subcommand};
use plasmid_bridge::{
    abi::IToken,
    client::{follower::view_call, rpc::At},
};
use plasmid_proto::ledger::v1::{ListTokensRequest, Token};

use crate::{
    cli::{
        CliError, amount,
        connect::{self, Connection, Deployment},
        keys::KeyOptions,
    },
    ledger::{
        Account,
        leaf::NATIVE,
        transaction::{Body, Data},
    },
};

/// Decimals of the native coin.
const NATIVE_DECIMALS: u32 = 18;
/// Tokens on a page of the node's list, and the most pages that are read.
const PAGE: u32 = 1_000;
const MAX_PAGES: u32 = 100;

/// A transaction, and who acts (`S`).
#[derive(Debug, Subcommand)]
pub enum Make<S: Args> {
    /// Pays somebody on the child.
    Transfer {
        /// Who is paid: an account (0x… or plasmid1…) or the name of one of your keys.
        #[arg(long)]
        to: String,
        #[command(flatten)]
        money: Money,
        #[command(flatten)]
        authority: S,
    },
    /// Takes money off the child, to be claimed on root.
    Withdraw {
        #[command(flatten)]
        withdrawal: Withdrawal,
        #[command(flatten)]
        authority: S,
    },
    /// Names the address on root that an Ed25519 account is paid at.
    SetPayout {
        /// The address on root.
        payout: String,
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
}

/// What is taken off, and who gets it.
#[derive(Clone, Debug, Args)]
pub struct Withdrawal {
    /// Who is paid on root [default: the sender's own address; an Ed25519 account has none].
    #[arg(long)]
    to: Option<String>,
    #[command(flatten)]
    money: Money,
}

/// How much of what.
#[derive(Clone, Debug, Args)]
pub struct Money {
    /// Decimal number of coins (1.5), or base units (1500base).
    #[arg(long)]
    amount: String,
    /// The token, by its symbol or by its address on root. Without it the native coin is meant.
    #[arg(long)]
    token: Option<String>,
}

impl<S: Args> Make<S> {
    /// Who acts.
    pub const fn authority(&self) -> &S {
        match self {
            Self::Transfer { authority, .. }
            | Self::Withdraw { authority, .. }
            | Self::SetPayout { authority, .. }
            | Self::Record { authority, .. } => authority,
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
                withdrawal: Withdrawal { to, money },
                ..
            } => {
                let (token, amount) = resolve(connection, money).await?;
                let recipient = match to {
                    Some(text) => connect::address(text)?,
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
                let payout = connect::address(payout)?;
                deployment.refuse_lost("the payout address", payout, NATIVE)?;
                Body::SetPayout { payout }
            }
            Self::Record { topic, data, .. } => Body::Record {
                topic: topic_bytes(topic)?,
                data: Data::new(data.clone().into_bytes())?,
            },
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

/// The token's address and the amount in its base units. Decimals are root's: a node that says others could turn one coin into a million.
async fn resolve(connection: &Connection, money: &Money) -> Result<([u8; 20], u128), CliError> {
    let Some(token) = money.token.as_deref() else {
        return Ok((NATIVE, amount::parse(&money.amount, NATIVE_DECIMALS)?));
    };
    let is_base = money.amount.ends_with("base");
    // What begins as an address is never taken for a symbol: anybody can give a token of his any symbol.
    let (address, decimals) = match token.trim() {
        "" => {
            return Err(CliError::new(
                "--token is empty: name a token by its symbol or its address, or leave --token out for the native coin",
            ));
        }
        text if text.starts_with("0x") || text.starts_with("0X") => {
            let address = connect::address(text)?;
            let decimals = match is_base {
                true => 0,
                false => decimals(connection, address).await?,
            };
            (address, decimals)
        }
        text => by_symbol(connection, text).await?,
    };
    Ok((address, amount::parse(&money.amount, decimals)?))
}

/// The only token of this symbol in the child's registry, and its decimals. Anybody can give a token of his any symbol, so two of one are
/// refused; and a node could name any token, so root has to call it by the same symbol.
async fn by_symbol(connection: &Connection, symbol: &str) -> Result<([u8; 20], u32), CliError> {
    let listed = listed(connection, symbol).await?;
    let token = match listed.as_slice() {
        [token] => token,
        [] => {
            return Err(CliError::new(format!(
                "no token {symbol} on the child: `plasmid query tokens` lists what is there; a first deposit adds one"
            )));
        }
        _ => {
            return Err(CliError::new(format!(
                "{} tokens are called {symbol}: name the address",
                listed.len()
            )));
        }
    };
    let address = connect::address(&token.token)?;
    let contract = &token.token;
    let unsure = |why: String| {
        CliError::new(format!(
            "the node calls token {contract} {symbol}, and {why}: name the token that you mean by its address"
        ))
    };
    let root = connection
        .root()
        .map_err(|_| unsure("no root chain is named with --root that could confirm it".into()))?;
    let called = view_call(&root, address.into(), IToken::symbolCall {}, At::Latest).await;
    let called =
        called.map_err(|error| unsure(format!("root does not say its symbol ({error})")))?;
    if !called.eq_ignore_ascii_case(symbol) {
        return Err(unsure(format!("on root it is called {called:?}")));
    }
    let decimals = decimals(connection, address).await?;
    if decimals != token.decimals {
        return Err(unsure(format!(
            "it has {} decimals by the node and {decimals} by root",
            token.decimals
        )));
    }
    Ok((address, decimals))
}

/// The tokens of this symbol that the node lists.
async fn listed(connection: &Connection, symbol: &str) -> Result<Vec<Token>, CliError> {
    let mut client = connection.accounts().await?;
    let mut found = Vec::new();
    let mut page_token = String::new();
    for _ in 0..MAX_PAGES {
        let request = ListTokensRequest {
            page_size: PAGE,
            page_token,
        };
        let page = client.list_tokens(request).await?.into_inner();
        let of_symbol = |token: &Token| token.symbol.eq_ignore_ascii_case(symbol);
        found.extend(page.tokens.into_iter().filter(of_symbol));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
    Err(CliError::new(format!(
        "the node lists tokens on more than {MAX_PAGES} pages: name the token by its address"
    )))
}

/// A token's decimals as root reports them.
async fn decimals(connection: &Connection, token: [u8; 20]) -> Result<u32, CliError> {
    let root = connection.root().map_err(|_| {
        CliError::new(
            "decimals of a token are asked of root: name its JSON-RPC address with --root, or give the amount in base units such as 1500base",
        )
    })?;
    let call = IToken::decimalsCall {};
    Ok(u32::from(
        view_call(&root, token.into(), call, At::Latest).await?,
    ))
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

//! Which token a person means, and how many decimals it has. Node and root are one endpoint each, and neither is believed alone.

use alloy_primitives::Address;
use plasmid_bridge::{
    abi::IToken,
    client::{follower::view_call, rpc::At},
};
use plasmid_proto::ledger::v1::{ListTokensRequest, Token};

use crate::cli::{
    CliError,
    connect::{self, Accounts, Connection},
};

/// Tokens on a page of the node's list, and the most pages that are read.
const PAGE: u32 = 1_000;
const MAX_PAGES: u32 = 100;

/// The only token of this symbol in the child's registry, and its decimals. Anybody can give a token of his any symbol, so two of one are
/// refused; and a node could name any token, so root has to call it by the same symbol.
pub async fn by_symbol(connection: &Connection, symbol: &str) -> Result<([u8; 20], u32), CliError> {
    let listed = listed(connection, |token| {
        token.symbol.eq_ignore_ascii_case(symbol)
    })
    .await?;
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
    let decimals = roots_decimals(connection, address).await?;
    if decimals != token.decimals {
        return Err(unsure(format!(
            "it has {} decimals by the node and {decimals} by root",
            token.decimals
        )));
    }
    Ok((address, decimals))
}

/// The tokens that the node lists and that are meant.
async fn listed(
    connection: &Connection,
    is_meant: impl Fn(&Token) -> bool,
) -> Result<Vec<Token>, CliError> {
    let client = connection.accounts().await?;
    let mut found = Vec::new();
    let mut page_token = String::new();
    for _ in 0..MAX_PAGES {
        let request = ListTokensRequest {
            page_size: PAGE,
            page_token,
        };
        let ask = |mut client: Accounts, request| async move { client.list_tokens(request).await };
        let page = connect::patiently(client.clone(), request, ask).await?;
        found.extend(page.tokens.into_iter().filter(&is_meant));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
    Err(CliError::new(format!(
        "the node lists tokens on more than {MAX_PAGES} pages: name the token by its address, and the amount in base units such as 1500base"
    )))
}

/// A token's decimals.
pub struct Decimals {
    /// As root reports them.
    pub places: u32,
    /// Whether the child knows the token and says the same.
    pub is_confirmed: bool,
}

/// The decimals of the token at this address, which root and, where the node lists it, the child have to say alike: each is one endpoint's
/// word, and it multiplies what is paid.
pub async fn decimals(connection: &Connection, token: [u8; 20]) -> Result<Decimals, CliError> {
    let places = roots_decimals(connection, token).await?;
    let is_meant = |listed: &Token| connect::address(&listed.token).is_ok_and(|at| at == token);
    let listed = listed(connection, is_meant).await?;
    if let Some(other) = listed.iter().find(|listed| listed.decimals != places) {
        return Err(CliError::new(format!(
            "token {} has {} decimals by the node and {places} by root: nothing was sent; give the amount in base units such as 1500base, \
             which no decimals change",
            other.token, other.decimals
        )));
    }
    Ok(Decimals {
        places,
        is_confirmed: !listed.is_empty(),
    })
}

/// The decimals of a token that is on the child.
pub async fn confirmed_decimals(connection: &Connection, token: [u8; 20]) -> Result<u32, CliError> {
    let decimals = decimals(connection, token).await?;
    match decimals.is_confirmed {
        true => Ok(decimals.places),
        false => Err(CliError::new(format!(
            "the node lists no token {}, so root alone says that it has {} decimals: give the amount in base units such as 1500base",
            Address::from(token),
            decimals.places
        ))),
    }
}

/// A token's decimals as root reports them.
async fn roots_decimals(connection: &Connection, token: [u8; 20]) -> Result<u32, CliError> {
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

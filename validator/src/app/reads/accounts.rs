//! Accounts, balances and tokens at the tip.

use plasmid_proto::ledger::v1::{
    Balance, GetAccountRequest, GetAccountResponse, ListBalancesRequest, ListBalancesResponse,
    ListTokensRequest, ListTokensResponse, Token,
};

use std::sync::Mutex;

use super::{ReadError, Source, next_page, on_tree, page};
use crate::{
    chain::tree::Tree,
    ledger::{
        Account, Slot, Value,
        leaf::{AccountLeaf, AssetLeaf, NATIVE, TokenBalance},
    },
    wire::{self, address_text},
};

/// An account; one without a leaf has zeros.
pub fn get_account(
    source: &dyn Source,
    request: &GetAccountRequest,
) -> Result<GetAccountResponse, ReadError> {
    let account = wire::account(&request.account)?;
    let found = on_tree(source, |tree| {
        value::<AccountLeaf>(tree, &Slot::Account(account))
    })??;
    let leaf = found.unwrap_or_default();
    Ok(GetAccountResponse {
        account: account.to_string(),
        balance: leaf.balance.to_string(),
        sequence: leaf.sequence,
        payout: if leaf.payout == NATIVE {
            String::new()
        } else {
            address_text(&leaf.payout)
        },
        exists: found.is_some(),
        height: source.tip().height,
    })
}

/// Balances of an account that are not zero, and the native coin's always.
pub fn list_balances(
    source: &dyn Source,
    request: &ListBalancesRequest,
) -> Result<ListBalancesResponse, ReadError> {
    let account = wire::account(&request.account)?;
    let (start, length) = page(request.page_size, &request.page_token, 100)?;
    let assets = assets(source)?;
    let balances = on_tree(source, |tree| balances_of(tree, assets, &account))??;
    let total = balances.len();
    Ok(ListBalancesResponse {
        balances: balances.into_iter().skip(start).take(length).collect(),
        next_page_token: next_page(start, length, total),
        height: source.tip().height,
    })
}

fn balances_of(
    tree: &Tree,
    assets: Vec<AssetLeaf>,
    account: &Account,
) -> Result<Vec<Balance>, ReadError> {
    let mut balances = Vec::new();
    for asset in assets {
        let amount = if asset.token == NATIVE {
            value::<AccountLeaf>(tree, &Slot::Account(*account))?
                .unwrap_or_default()
                .balance
        } else {
            value::<TokenBalance>(tree, &Slot::TokenBalance(*account, asset.token))?
                .map_or(0, |leaf| leaf.amount)
        };
        if amount > 0 || asset.token == NATIVE {
            balances.push(Balance {
                token: address_text(&asset.token),
                symbol: asset.symbol_text(),
                decimals: u32::from(asset.decimals),
                amount: amount.to_string(),
            });
        }
    }
    Ok(balances)
}

/// The token registry, the native coin first.
pub fn list_tokens(
    source: &dyn Source,
    request: &ListTokensRequest,
) -> Result<ListTokensResponse, ReadError> {
    let (start, length) = page(request.page_size, &request.page_token, 100)?;
    let assets = assets(source)?;
    let total = assets.len();
    let tokens = assets
        .into_iter()
        .skip(start)
        .take(length)
        .map(|asset| Token {
            token: address_text(&asset.token),
            symbol: asset.symbol_text(),
            decimals: u32::from(asset.decimals),
            credited: asset.credited.to_string(),
            withdrawn: asset.withdrawn.to_string(),
        });
    Ok(ListTokensResponse {
        tokens: tokens.collect(),
        next_page_token: next_page(start, length, total),
        height: source.tip().height,
    })
}

/// Where the leaves of tokens stand. Leaves never move or go, so each is looked at once.
#[derive(Debug, Default)]
pub struct Registry(Mutex<Looked>);

#[derive(Debug, Default)]
struct Looked {
    /// Leaves looked at, from the first on.
    count: u32,
    /// Those of them that are tokens.
    assets: Vec<u32>,
}

/// Every asset, in the order in which they came.
pub(crate) fn assets(source: &dyn Source) -> Result<Vec<AssetLeaf>, ReadError> {
    let mut looked = source.registry().0.lock();
    let looked = looked
        .as_mut()
        .map_err(|error| ReadError::Internal(error.to_string()))?;
    on_tree(source, |tree| {
        for index in looked.count..tree.count() {
            if tree
                .leaf(index)
                .is_some_and(|leaf| leaf.kind == AssetLeaf::KIND)
            {
                looked.assets.push(index);
            }
        }
        looked.count = looked.count.max(tree.count());
        let leaves = looked.assets.iter().filter_map(|index| tree.leaf(*index));
        leaves.map(|leaf| decode(leaf.value)).collect()
    })?
}

/// The typed value at a slot.
pub(crate) fn value<T: Value>(tree: &Tree, slot: &Slot) -> Result<Option<T>, ReadError> {
    tree.get(&slot.key())
        .map(|(_, _, bytes)| decode(bytes))
        .transpose()
}

/// A leaf that this program wrote.
pub(crate) fn decode<T: Value>(bytes: &[u8]) -> Result<T, ReadError> {
    T::decode(bytes).map_err(|error| ReadError::Internal(error.to_string()))
}

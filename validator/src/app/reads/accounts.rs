//! Accounts, balances and tokens at the tip.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use plasmid_proto::ledger::v1::{
    Balance, GetAccountRequest, GetAccountResponse, ListBalancesRequest, ListBalancesResponse,
    ListTokensRequest, ListTokensResponse, Token,
};

use super::{
    ReadError, Reader, chain::AllSupply, height::of_one_height, holders::Holders, on_tree,
    on_tree_and_height, page, validators::Sets,
};
use crate::{
    chain::tree::Tree,
    ledger::{
        Account, Slot, Value,
        leaf::{AccountLeaf, AssetLeaf, NATIVE, TokenBalance},
    },
    wire::{self, address_text},
};

/// Assets that one page of balances looks at.
const LOOKED_AT: usize = 4_096;
/// How many of these assets are looked at while the state is held.
const LOOK: usize = 256;
/// Leaves that are searched for tokens while the state is held.
const SCANNED: u32 = 1 << 14;

/// An account; one without a leaf has zeros.
pub fn get_account(
    source: &Reader<'_>,
    request: &GetAccountRequest,
) -> Result<GetAccountResponse, ReadError> {
    let account = wire::account(&request.account)?;
    // The pool is asked while the state is held: a block that came between would use what waits, and the pool forgets it then.
    let (found, next_sequence, height) = on_tree_and_height(source, |tree, height| {
        value::<AccountLeaf>(tree, &Slot::Account(account)).map(|found| {
            let sequence = found.unwrap_or_default().sequence;
            (found, source.next_sequence(&account, sequence), height)
        })
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
        height,
        next_sequence,
    })
}

/// The sequence that an account signs next.
pub(super) fn next_sequence(source: &Reader<'_>, account: Account) -> Result<u64, ReadError> {
    on_tree(source, |tree| {
        let found = value::<AccountLeaf>(tree, &Slot::Account(account))?;
        let sequence = found.unwrap_or_default().sequence;
        Ok(source.next_sequence(&account, sequence))
    })?
}

/// Balances of an account that are not zero, and the native coin's always, all of one height. A page's token is a place in the token
/// registry.
pub fn list_balances(
    source: &Reader<'_>,
    request: &ListBalancesRequest,
) -> Result<ListBalancesResponse, ReadError> {
    let account = wire::account(&request.account)?;
    let (start, length) = page(request.page_size, &request.page_token, 100)?;
    let prepare = || assets(source, start, LOOKED_AT);
    of_one_height(source, prepare, |tip, assets| {
        let (mut balances, mut next) = (Vec::new(), start);
        let (height, is_all) = tip.look(|tree, height| Ok((height, assets.is_all(tree))))?;
        // One more than the page holds, so that the last page says that it is the last.
        for slice in assets.page.chunks(tip.at_once(LOOK, LOOKED_AT)) {
            for balance in tip.look(|tree, _| balances_of(tree, slice, &account))? {
                if balance.is_some() && balances.len() >= length {
                    return Ok(ListBalancesResponse {
                        balances,
                        next_page_token: next.to_string(),
                        height,
                    });
                }
                balances.extend(balance);
                next = next.saturating_add(1);
            }
        }
        Ok(ListBalancesResponse {
            balances,
            next_page_token: assets.token(next, is_all),
            height,
        })
    })
}

/// An account's balance of each of these assets; `None` where it is not to be listed.
fn balances_of(
    tree: &Tree,
    assets: &[u32],
    account: &Account,
) -> Result<Vec<Option<Balance>>, ReadError> {
    let balance = |index: &u32| {
        let asset = asset(tree, *index)?;
        let amount = if asset.token == NATIVE {
            value::<AccountLeaf>(tree, &Slot::Account(*account))?
                .unwrap_or_default()
                .balance
        } else {
            value::<TokenBalance>(tree, &Slot::TokenBalance(*account, asset.token))?
                .map_or(0, |leaf| leaf.amount)
        };
        let is_listed = amount > 0 || asset.token == NATIVE;
        Ok(is_listed.then(|| Balance {
            token: address_text(&asset.token),
            symbol: asset.symbol_text(),
            decimals: u32::from(asset.decimals),
            amount: amount.to_string(),
        }))
    };
    assets.iter().map(balance).collect()
}

/// The token registry, the native coin first, as it is at one height.
pub fn list_tokens(
    source: &Reader<'_>,
    request: &ListTokensRequest,
) -> Result<ListTokensResponse, ReadError> {
    let (start, length) = page(request.page_size, &request.page_token, 100)?;
    let prepare = || assets(source, start, length);
    of_one_height(source, prepare, |tip, assets| {
        let (height, is_all) = tip.look(|tree, height| Ok((height, assets.is_all(tree))))?;
        let mut tokens = Vec::new();
        for slice in assets.page.chunks(tip.at_once(LOOK, LOOKED_AT)) {
            let leaves = tip.look(|tree, _| {
                let leaves = slice.iter().map(|index| asset(tree, *index));
                leaves.collect::<Result<Vec<AssetLeaf>, _>>()
            })?;
            tokens.extend(leaves.into_iter().map(|asset| Token {
                token: address_text(&asset.token),
                symbol: asset.symbol_text(),
                decimals: u32::from(asset.decimals),
                credited: asset.credited.to_string(),
                withdrawn: asset.withdrawn.to_string(),
            }));
        }
        Ok(ListTokensResponse {
            tokens,
            next_page_token: assets.token(start.saturating_add(assets.page.len()), is_all),
            height,
        })
    })
}

/// What reads remember from one to the next. Leaves never move or go, so each is looked at once for the tokens.
#[derive(Debug, Default)]
pub struct Remembered {
    tokens: Mutex<Looked>,
    /// Who owns positions, and who registered.
    pub(super) holders: Mutex<Holders>,
    /// The sets of a few epochs, those first that were read first.
    pub(super) sets: Mutex<VecDeque<Arc<Sets>>>,
    /// The sums that were added up last.
    pub(super) supply: Mutex<Option<Arc<AllSupply>>>,
}

#[derive(Debug, Default)]
struct Looked {
    /// Leaves looked at, from the first on.
    count: u32,
    /// Which of these leaves are tokens.
    assets: Vec<u32>,
}

/// Assets in the order in which they came.
struct Assets {
    /// Where the leaves of some of them stand.
    page: Vec<u32>,
    /// How many are known.
    total: usize,
    /// At how many leaves was looked for them.
    looked: u32,
}

impl Assets {
    /// Whether no others can stand in this state.
    fn is_all(&self, tree: &Tree) -> bool {
        tree.count() <= self.looked
    }

    /// The token of the page that begins at this place, empty when no more assets can stand there.
    fn token(&self, next: usize, is_all: bool) -> String {
        match next < self.total || !is_all {
            true => next.to_string(),
            false => String::new(),
        }
    }
}

/// Up to `length` assets from place `start` on.
fn assets(source: &Reader<'_>, start: usize, length: usize) -> Result<Assets, ReadError> {
    let tokens = &source.remembered().tokens;
    // After a start all leaves are looked over once. Several readers share that, and none holds the list longer than for one look.
    let looked = loop {
        let mut looked = tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let count = on_tree(source, |tree| {
            let end = looked.count.saturating_add(SCANNED).min(tree.count());
            let leaves = (looked.count..end).filter_map(|index| tree.leaf(index));
            let assets = leaves.filter(|leaf| leaf.kind == AssetLeaf::KIND);
            let found: Vec<u32> = assets.map(|leaf| leaf.index).collect();
            looked.assets.extend(found);
            looked.count = looked.count.max(end);
            tree.count()
        })?;
        if looked.count >= count {
            break looked;
        }
    };
    let page = looked.assets.iter().skip(start).take(length);
    Ok(Assets {
        page: page.copied().collect(),
        total: looked.assets.len(),
        looked: looked.count,
    })
}

/// The asset whose leaf stands at `index`.
fn asset(tree: &Tree, index: u32) -> Result<AssetLeaf, ReadError> {
    let leaf = tree.leaf(index);
    let leaf = leaf.ok_or_else(|| ReadError::Internal(format!("leaf {index} is not there")))?;
    decode(leaf.value)
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

#[cfg(test)]
mod tests;

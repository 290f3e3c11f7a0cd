//! Accounts, balances and tokens at the tip.

use std::sync::{Arc, Mutex, TryLockError};

use plasmid_proto::ledger::v1::{
    Balance, GetAccountRequest, GetAccountResponse, ListBalancesRequest, ListBalancesResponse,
    ListTokensRequest, ListTokensResponse, Token,
};

use super::{
    ReadError, Reader, chain::AllSupply, holders::Holders, next_page, on_tree, on_tree_and_height,
    page,
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
const LOOKED_AT: usize = 20_000;
/// Those of them that are looked at while the state is held.
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

/// Balances of an account that are not zero, and the native coin's always. A page's token is a place in the token registry. The page
/// is read in short looks while blocks go on; its height is that of the look at the registry, and no balance is older.
pub fn list_balances(
    source: &Reader<'_>,
    request: &ListBalancesRequest,
) -> Result<ListBalancesResponse, ReadError> {
    let account = wire::account(&request.account)?;
    let (start, length) = page(request.page_size, &request.page_token, 100)?;
    let Assets {
        page: assets,
        total,
        height,
    } = assets(source, start, LOOKED_AT)?;
    let answer = |balances, next_page_token| ListBalancesResponse {
        balances,
        next_page_token,
        height,
    };
    let (mut balances, mut next) = (Vec::new(), start);
    // One more than the page holds, so that the last page says that it is the last.
    for slice in assets.chunks(LOOK) {
        for balance in on_tree(source, |tree| balances_of(tree, slice, &account))?? {
            if balance.is_some() && balances.len() >= length {
                return Ok(answer(balances, next.to_string()));
            }
            balances.extend(balance);
            next = next.saturating_add(1);
        }
    }
    let token = next_page(next, 0, total);
    Ok(answer(balances, token))
}

/// An account's balance of each of these assets; none where it is not to be listed.
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

/// The token registry, the native coin first. The height is that of the look at the registry, as with balances.
pub fn list_tokens(
    source: &Reader<'_>,
    request: &ListTokensRequest,
) -> Result<ListTokensResponse, ReadError> {
    let (start, length) = page(request.page_size, &request.page_token, 100)?;
    let Assets {
        page: assets,
        total,
        height,
    } = assets(source, start, length)?;
    let mut tokens = Vec::new();
    for slice in assets.chunks(LOOK) {
        let leaves = on_tree(source, |tree| {
            let leaves = slice.iter().map(|index| asset(tree, *index));
            leaves.collect::<Result<Vec<AssetLeaf>, _>>()
        })??;
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
        next_page_token: next_page(start, length, total),
        height,
    })
}

/// What reads remember from one to the next. Leaves never move or go, so each is looked at once for the tokens.
#[derive(Debug, Default)]
pub struct Remembered {
    tokens: Mutex<Looked>,
    /// Who owns positions, and who registered.
    pub(super) holders: Mutex<Holders>,
    /// The sums that were added up last.
    pub(super) supply: Mutex<Option<Arc<AllSupply>>>,
}

#[derive(Debug, Default)]
struct Looked {
    /// Leaves looked at, from the first on.
    count: u32,
    /// Those of them that are tokens.
    assets: Vec<u32>,
}

/// Assets in the order in which they came.
struct Assets {
    /// Where the leaves of some of them stand.
    page: Vec<u32>,
    /// How many there are.
    total: usize,
    /// At which height.
    height: u64,
}

/// Up to `length` assets from place `start` on.
fn assets(source: &Reader<'_>, start: usize, length: usize) -> Result<Assets, ReadError> {
    let tokens = &source.remembered().tokens;
    // After a start somebody looks over all leaves once; no other thread waits for that.
    let mut looked = match tokens.try_lock() {
        Ok(looked) => looked,
        Err(TryLockError::Poisoned(looked)) => looked.into_inner(),
        Err(TryLockError::WouldBlock) => {
            return Err(ReadError::Unavailable(
                "the node is looking for tokens for somebody else: ask again in a second".into(),
            ));
        }
    };
    let height = loop {
        let (count, height) = on_tree_and_height(source, |tree, height| {
            let end = looked.count.saturating_add(SCANNED).min(tree.count());
            let leaves = (looked.count..end).filter_map(|index| tree.leaf(index));
            let assets = leaves.filter(|leaf| leaf.kind == AssetLeaf::KIND);
            let found: Vec<u32> = assets.map(|leaf| leaf.index).collect();
            looked.assets.extend(found);
            looked.count = looked.count.max(end);
            (tree.count(), height)
        })?;
        if looked.count >= count {
            break height;
        }
    };
    let page = looked.assets.iter().skip(start).take(length);
    Ok(Assets {
        page: page.copied().collect(),
        total: looked.assets.len(),
        height,
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

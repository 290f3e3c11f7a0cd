//! Balances and tokens are of one height, though blocks come while they are read.

use super::*;
use crate::app::reads::Source;
use crate::app::reads::stake::tests::still::{Comes, Still};
use crate::chain::tree::Change;
use crate::ledger::fixture::Wallet;

/// More than the looks of a page take at once.
const TOKENS: u32 = 3 * LOOK as u32;

fn token(number: u32) -> [u8; 20] {
    let mut token = [7; 20];
    token[..4].copy_from_slice(&number.to_be_bytes());
    token
}

fn asset_leaf(number: u32, amount: u128) -> Change {
    let slot = Slot::Asset(token(number));
    let leaf = AssetLeaf {
        token: token(number),
        credited: amount,
        ..AssetLeaf::default()
    };
    Change {
        key: slot.key(),
        kind: slot.kind(),
        value: leaf.encode(),
    }
}

/// A block in which the account holds this much of each token, and this much of each was credited.
fn hold(tree: &mut Tree, account: Account, count: u32, amount: u128) {
    let each = |number| {
        let slot = Slot::TokenBalance(account, token(number));
        let leaf = TokenBalance {
            token: token(number),
            amount,
        };
        let balance = Change {
            key: slot.key(),
            kind: slot.kind(),
            value: leaf.encode(),
        };
        [asset_leaf(number, amount), balance]
    };
    let changes: Vec<Change> = (0..count).flat_map(each).collect();
    tree.apply(&changes).expect("a block");
}

#[test]
fn a_page_of_balances_and_one_of_tokens_are_of_the_height_that_they_name() {
    let account = Wallet::new(0).account();
    let mut tree = Tree::new();
    hold(&mut tree, account, TOKENS, 1);
    let still = Still::new(tree, 1);
    let comes: Comes = Box::new(move |_, height, tree| {
        hold(tree, account, TOKENS, height.into());
        true
    });
    *still.block.lock().expect("no block yet") = Some(comes);
    let request = ListBalancesRequest {
        account: account.to_string(),
        page_size: 1_000,
        page_token: String::new(),
    };
    let page = still.ask(|reader| list_balances(reader, &request));
    let page = page.expect("a page");
    let height = page.height.to_string();
    assert_eq!(page.balances.len(), TOKENS as usize);
    assert!(page.balances.iter().all(|balance| balance.amount == height));
    assert_eq!(page.next_page_token, "");
    let request = ListTokensRequest {
        page_size: 1_000,
        page_token: String::new(),
    };
    let page = still.ask(|reader| list_tokens(reader, &request));
    let page = page.expect("a page");
    let height = page.height.to_string();
    assert_eq!(page.tokens.len(), TOKENS as usize);
    assert!(page.tokens.iter().all(|token| token.credited == height));
    assert_eq!(page.next_page_token, "");
}

/// One that is registered behind the look at the registry stands on the next page.
#[test]
fn a_token_that_comes_while_a_page_is_read_is_not_lost() {
    let account = Wallet::new(0).account();
    let mut tree = Tree::new();
    hold(&mut tree, account, 2, 1);
    let still = Still::new(tree, 1);
    let comes: Comes = Box::new(move |looks, height, tree| {
        if looks == 1 {
            hold(tree, account, 3, height.into());
        }
        looks == 1
    });
    *still.block.lock().expect("no block yet") = Some(comes);
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let request = ListBalancesRequest {
            account: account.to_string(),
            page_size: 0,
            page_token: token,
        };
        let page = still.ask(|reader| list_balances(reader, &request));
        let page = page.expect("a page");
        found.extend(page.balances.into_iter().map(|balance| balance.token));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let expected = (0..3).map(|number| address_text(&self::token(number)));
    assert!(found.into_iter().eq(expected));
}

/// Another read looks for tokens at this moment.
#[test]
fn a_page_waits_for_whoever_looks_for_tokens_and_is_answered() {
    let account = Wallet::new(0).account();
    let mut tree = Tree::new();
    hold(&mut tree, account, 3, 1);
    let still = Still::new(tree, 1);
    let begun = std::sync::Barrier::new(2);
    std::thread::scope(|scope| {
        let looked = still.remembered().tokens.lock().expect("the list");
        let page = scope.spawn(|| {
            begun.wait();
            still.ask(|reader| list_tokens(reader, &ListTokensRequest::default()))
        });
        begun.wait();
        drop(looked);
        let page = page.join().expect("an answer").expect("a page");
        assert_eq!(page.tokens.len(), 3);
    });
}

//! Blocks come while a page is read: it is of one height, whichever look they come after, and its reads stay bounded.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use plasmid_proto::stake::v1::{
    ListDelegationsRequest, ListDelegationsResponse, ListValidatorsRequest, ListValidatorsResponse,
};
use plasmid_staking::{Counter, Key, Leaf, Leg, Position, Signer};

use super::lists::{change, owner};
use super::still::{Comes, Still};
use super::*;
use crate::app::reads::{delegations::list_delegations, validators::list_validators};
use crate::ledger::rules::stake::tests::scene::line as line_of;

/// Positions of the owner, from number 2 on.
const POSITIONS: u64 = 40;
/// More looks than a page of these takes.
const LOOKS: usize = 80;

fn held(base: u128) -> Position {
    let owner = Wallet::new(OWNER).account().bytes();
    Position::new(owner, base, Leg::bonded(line_of(FOUNDER), 9))
}

fn tree() -> Tree {
    let mut tree = tree_of(&Scene::new());
    let made = (2..2 + POSITIONS).map(|number| change(Key::Position(number), &held(COIN)));
    let counter = change(Key::Counter, &Counter(2 + POSITIONS));
    let all: Vec<Change> = made.chain([counter]).collect();
    tree.apply(&all).expect("leaves");
    tree
}

/// What a block does that merges the second position into the last but one, makes one more, and has the operators say something else.
fn merged(tree: &mut Tree) {
    let (last, new) = (POSITIONS, 2 + POSITIONS);
    let mut changes = vec![
        change(Key::Position(3), &Position::gone()),
        change(Key::Position(last), &held(2 * COIN)),
        change(Key::Position(new), &held(COIN)),
        change(Key::Counter, &Counter(new + 1)),
    ];
    changes.extend(said(tree, 77));
    tree.apply(&changes).expect("a block");
}

/// Every line demands this of its operator.
fn said(tree: &Tree, min_self_stake: u128) -> Vec<Change> {
    let lines = [FOUNDER, NEWCOMER].map(|number| {
        let mut line: Line = Held::tip(tree).stands(line_of(number)).expect("a line");
        line.min_self_stake = min_self_stake;
        change(Key::Line(line_of(number)), &line)
    });
    lines.into()
}

fn moving(tree: Tree, block: Comes) -> Still {
    let still = Still::new(tree, HEIGHT - 1);
    *still.block.lock().expect("no block yet") = Some(block);
    still
}

fn delegations(still: &Still, page_token: &str) -> ListDelegationsResponse {
    let request = ListDelegationsRequest {
        owner: owner(),
        page_token: page_token.to_owned(),
        ..ListDelegationsRequest::default()
    };
    let page = still.ask(|reader| list_delegations(reader, &request));
    page.expect("a page")
}

fn validators(still: &Still, page_token: &str) -> ListValidatorsResponse {
    let request = ListValidatorsRequest {
        page_token: page_token.to_owned(),
        ..ListValidatorsRequest::default()
    };
    let page = still.ask(|reader| list_validators(reader, &request));
    page.expect("a page")
}

#[test]
fn a_block_between_two_looks_is_in_the_whole_page_or_not_in_it() {
    let (before, mut tree_after) = (Still::new(tree(), HEIGHT - 1), tree());
    merged(&mut tree_after);
    let after = Still::new(tree_after, HEIGHT);
    let of_delegations = [&before, &after].map(|still| delegations(still, ""));
    let of_validators = [&before, &after].map(|still| validators(still, ""));
    assert_ne!(of_delegations[0].positions, of_delegations[1].positions);
    assert_ne!(of_validators[0].validators, of_validators[1].validators);
    let (mut heights, mut most) = (BTreeMap::new(), 0);
    for look in 1..=LOOKS {
        let block = || -> Comes {
            Box::new(move |looks, _, tree| {
                let comes = looks == look;
                if comes {
                    merged(tree);
                }
                comes
            })
        };
        let still = moving(tree(), block());
        let page = delegations(&still, "");
        most = most.max(*still.looks.lock().expect("a count"));
        let known = usize::from(page.height == HEIGHT);
        *heights.entry(known).or_insert(0) += 1;
        match page.next_page_token.as_str() {
            "" => assert_eq!(page, of_delegations[known], "look {look}"),
            // The block came behind the look at who owns what: its own position is on the next page.
            token => {
                assert_eq!((known, token), (1, "d42"), "look {look}");
                let mut whole = page.clone();
                whole.positions.extend(delegations(&still, token).positions);
                assert_eq!(whole.positions, of_delegations[1].positions, "look {look}");
            }
        }
        let page = validators(&moving(tree(), block()), "");
        let known = usize::from(page.height == HEIGHT);
        assert_eq!(
            page.validators, of_validators[known].validators,
            "look {look}"
        );
    }
    assert!(most < LOOKS, "{most}");
    assert!(heights.len() == 2, "both states were listed: {heights:?}");
}

/// A block after every look, in which each position holds as much more as each line demands.
fn restless(tree: Tree) -> Still {
    let block = |_, height: u64, tree: &mut Tree| {
        let sum = u128::from(height);
        let mut changes: Vec<Change> = (2..2 + POSITIONS)
            .map(|number| change(Key::Position(number), &held(sum)))
            .collect();
        changes.extend(said(tree, sum));
        tree.apply(&changes).expect("a block");
        true
    };
    moving(tree, Box::new(block))
}

#[test]
fn a_page_of_one_height_is_made_though_a_block_comes_after_every_look() {
    let still = restless(tree());
    let page = delegations(&still, "");
    assert!(page.height > HEIGHT && page.positions.len() == 40);
    let height = page.height.to_string();
    assert!(page.positions.iter().all(|one| one.base == height));
    let line = page.validators[0].line.as_ref().expect("a line");
    assert_eq!(line.min_self_stake, height);
    assert_eq!(page.next_page_token, "");
    let page = validators(&still, "");
    let demanded = page.validators.iter().filter_map(|one| one.line.as_ref());
    let demanded: Vec<&str> = demanded.map(|line| line.min_self_stake.as_str()).collect();
    let height = page.height.to_string();
    assert_eq!(demanded, [&height, &height]);
}

/// Each of these operators is looked up in sixty-four epochs for what its line has paid.
#[test]
fn one_look_at_a_state_that_moves_ends_the_page_early_rather_than_read_much() {
    let mut tree = tree();
    let operators: Vec<[u8; 20]> = (1..=90u8).map(|number| [number; 20]).collect();
    let registered: Registration = Held::tip(&tree)
        .stands((operator(FOUNDER), 1))
        .expect("a registration");
    let (line, registration) = (5, 5);
    let leaves = operators.iter().flat_map(|operator| {
        let operator = *operator;
        let id = LineId { operator, line };
        let newest = Operator { registration, line };
        let signer = Signer {
            operator,
            registration,
        };
        [
            change(Operator::key(operator), &newest),
            change(Registration::key((operator, registration)), &registered),
            change(Line::key(id), &Line::opened(100, 10)),
            change(Signer::key(operator), &signer),
        ]
    });
    let leaves: Vec<Change> = leaves.collect();
    tree.apply(&leaves).expect("operators");
    let still = restless(tree);
    let blocks = u64::from(parameters().epoch_blocks);
    still.height.store(100 * blocks + 1, Ordering::SeqCst);
    let (mut found, mut pages, mut token) = (Vec::new(), 0, String::new());
    loop {
        let page = validators(&still, &token);
        assert!(page.validators.len() < 70, "{}", page.validators.len());
        found.extend(page.validators.into_iter().map(|one| one.operator));
        (pages, token) = (pages + 1, page.next_page_token);
        if token.is_empty() {
            break;
        }
    }
    let known = [FOUNDER, NEWCOMER].map(operator);
    let all = known.iter().chain(&operators).map(address_text);
    let (mut expected, mut found) = (all.collect::<Vec<_>>(), found);
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "each once");
    assert_eq!(pages, 2);
    *still.block.lock().expect("blocks") = None;
    assert_eq!(validators(&still, "").validators.len(), 92);
}

//! What is told of stake is what the rules do: the scenes of the rules' own cases, read from a tree.

mod costs;
mod lists;
mod moving;
pub mod still;

use plasmid_staking::{
    Input,
    rules::{apply_cut::ApplyCut, redelegate::Redelegate},
};

use super::*;
use crate::chain::tree::{Change, Tree};
use crate::ledger::fixture::{Wallet, parameters};
use crate::ledger::rules::stake::tests::scene::{
    COIN, FOUNDED, FOUNDER, HEIGHT, NEWCOMER, OWNER, Scene, line, operator,
};

pub fn tree_of(scene: &Scene) -> Tree {
    let mut tree = Tree::new();
    let changes: Vec<Change> = scene
        .memory
        .iter()
        .map(|(slot, value)| Change {
            key: slot.key(),
            kind: slot.kind(),
            value: value.to_vec(),
        })
        .collect();
    tree.apply(&changes).expect("leaves");
    tree
}

fn told(scene: &Scene, number: u64) -> proto::Position {
    // The next block is the one in which the rules' cases run.
    told_in(scene, HEIGHT - 1, number, 0)
}

/// Behind this block, without cuts of epochs before `cuts_from`.
fn told_in(scene: &Scene, height: u64, number: u64, cuts_from: u64) -> proto::Position {
    let request = GetPositionRequest {
        number,
        cuts_from,
        height: 0,
    };
    let tree = tree_of(scene);
    let found = position_at(
        &mut Held::tip(&tree),
        &parameters(),
        (height, None),
        &request,
    );
    let found = found.expect("a position");
    let epoch = height / u64::from(parameters().epoch_blocks);
    assert_eq!((found.height, found.epoch), (height, epoch));
    found.position.expect("a position")
}

#[test]
fn a_position_tells_what_it_has_earned_by_now() {
    let mut scene = Scene::new();
    let number = scene.delegate(0, OWNER, FOUNDER, COIN);
    scene.earn(FOUNDER, 600, 0);
    let position = told(&scene, number);
    assert_eq!(position.owner, Wallet::new(OWNER).account().to_string());
    assert_eq!(
        (position.base.as_str(), position.held.as_str()),
        ("1000000000000000000", "1000000000000000000")
    );
    // It holds a sixth of the line's stake; what it earned is nowhere written yet.
    assert_eq!(
        (position.settled.as_str(), position.rewards.as_str()),
        ("0", "99")
    );
    assert!(
        position.bonded && position.waits.contains("undelegate it first"),
        "{}",
        position.waits
    );
    assert_eq!(position.cut_waits, "");
    let [leg] = &position.legs[..] else {
        panic!("{:?}", position.legs)
    };
    assert_eq!((leg.line, leg.first, leg.last), (1, 2, None));
}

#[test]
fn an_ended_position_tells_which_epoch_it_waits_for_until_it_has_matured() {
    let mut scene = Scene::new();
    let number = scene.delegate(0, OWNER, FOUNDER, COIN);
    scene.undelegate(2, OWNER, number, COIN);
    let position = told(&scene, number);
    assert_eq!((position.bonded, position.legs[0].last), (false, Some(3)));
    assert!(
        position.waits.contains("up to epoch 3"),
        "{}",
        position.waits
    );
    scene.mature(4);
    assert_eq!(told(&scene, number).waits, "");
    scene.freeze(FOUNDER, 2);
    assert!(told(&scene, number).waits.contains("is not settled"));
}

/// What a command names as the whole is what the next transaction finds, also where that one folds a leg that was cut.
#[test]
fn a_position_tells_the_base_that_the_next_transaction_finds() {
    let mut scene = Scene::new();
    let position = scene.delegate(0, OWNER, FOUNDER, COIN);
    let owner = Wallet::new(OWNER).account().bytes();
    let moved = Input::Redelegate(Redelegate {
        owner,
        position,
        amount: COIN,
        to: line(NEWCOMER),
        max_commission: 0,
    });
    scene.act(2, &moved);
    scene.freeze(FOUNDER, 2);
    scene.settle(FOUNDER, 2);
    scene.act(2, &Input::ApplyCut(ApplyCut { position }));
    let left = (COIN / 10 * 9).to_string();
    let before = told(&scene, position);
    assert_eq!((before.base, before.held), (COIN.to_string(), left.clone()));
    assert_eq!(before.legs.len(), 2);
    scene.mature(4);
    let folded = told(&scene, position);
    assert_eq!((&folded.base, &folded.held), (&left, &left));
    assert_eq!(folded.legs.len(), 1);
    // The cut is told for as long as the state knows the leg.
    assert_eq!(before.cuts.len(), 1);
    assert!(folded.cuts == before.cuts && folded.cuts[0].applied);
    // Then nothing is told of epochs before the first leg of the list, which says so; a cut of a later one is.
    scene.undelegate(3, OWNER, position, left.parse().expect("an amount"));
    let behind = told(&scene, position);
    assert!(behind.cuts.is_empty());
    assert!(behind.legs[0].first > before.cuts[0].epoch);
}

/// Whoever goes on where an answer ends reads each cut of each leg once, in order, however many there are.
#[test]
fn all_cuts_of_a_position_are_told_in_several_answers() {
    let mut scene = Scene::new();
    let position = scene.delegate(0, OWNER, FOUNDER, COIN);
    let moved = Input::Redelegate(Redelegate {
        owner: Wallet::new(OWNER).account().bytes(),
        position,
        amount: COIN,
        to: line(NEWCOMER),
        max_commission: 0,
    });
    scene.stands_in(21..=21, FOUNDER, 0);
    scene.act(20, &moved);
    let height = 50 * u64::from(parameters().epoch_blocks);
    let legs = told_in(&scene, height, position, 0).legs;
    let [first, second] = &legs[..] else {
        panic!("it has two legs")
    };
    let begin = second.first;
    assert_eq!((first.first, first.last), (2, Some(begin - 1)));
    let all: Vec<(u64, u64)> = (2..begin)
        .map(|epoch| (1, epoch))
        .chain((begin..begin + 24).map(|epoch| (2, epoch)))
        .collect();
    for (one, epoch) in &all {
        let number = if *one == 1 { FOUNDER } else { NEWCOMER };
        scene.cut_in(50, number, *epoch, 1_000_000 + epoch);
    }
    scene.stood_until(NEWCOMER, 50);
    let (mut from, mut read, mut answers) = (0, Vec::new(), 0);
    loop {
        let found = told_in(&scene, height, position, from);
        answers += 1;
        let founder = address_text(&operator(FOUNDER));
        read.extend(found.cuts.iter().map(|cut| {
            assert_eq!(u64::from(cut.fraction), 1_000_000 + cut.epoch);
            (if cut.operator == founder { 1 } else { 2 }, cut.epoch)
        }));
        match found.more_cuts_from {
            Some(next) => from = next,
            None => break,
        }
    }
    assert_eq!((read, answers), (all, 3));
    // Exactly as many as one answer tells are told in one, and behind the last one there is none.
    for (from, count) in [(begin + 8, 16), (begin + 7, 16), (begin + 24, 0)] {
        let found = told_in(&scene, height, position, from);
        let more = (from == begin + 7).then_some(begin + 23);
        assert_eq!((found.cuts.len(), found.more_cuts_from), (count, more));
    }
}

#[test]
fn a_position_tells_the_cut_that_waits() {
    let mut scene = Scene::new();
    let number = scene.delegate(0, OWNER, FOUNDER, COIN);
    scene.freeze(FOUNDER, 2);
    scene.settle(FOUNDER, 2);
    let position = told(&scene, number);
    assert_eq!(position.cut_waits, (COIN / 10).to_string());
    assert!(position.waits.contains("cut"), "{}", position.waits);
}

#[test]
fn an_operator_tells_its_line_its_seat_and_what_a_seat_costs() {
    let mut scene = Scene::new();
    let of = |scene: &Scene, number| {
        validator_at(
            &mut Held::tip(&tree_of(scene)),
            &parameters(),
            HEIGHT - 1,
            operator(number),
        )
    };
    let founder = of(&scene, FOUNDER).expect("an operator");
    let founded = founder.line.expect("a line");
    assert_eq!(
        (founded.number, founded.seat, founded.until, founded.jailed),
        (1, Some(0), None, false)
    );
    assert_eq!(founded.stake, FOUNDED.to_string());
    assert_eq!(founder.seat_costs, parameters().min_seat.to_string());
    assert!(founder.description.is_none());
    let newcomer = of(&scene, NEWCOMER)
        .expect("an operator")
        .line
        .expect("a line");
    assert_eq!((newcomer.seat, newcomer.until), (None, Some(0)));
    scene.jail(9);
    let jailed = of(&scene, FOUNDER)
        .expect("an operator")
        .line
        .expect("a line");
    assert_eq!((jailed.jailed, jailed.jailed_until), (true, 9));
    assert!(matches!(of(&scene, OWNER), Err(ReadError::NotFound(_))));
}

#[test]
fn lines_are_listed_from_the_newest_on_in_bounded_pages() {
    let scene = Scene::new();
    let still = still::Still::new(tree_of(&scene), HEIGHT - 1);
    let of = |operator: [u8; 20], token: &str| {
        let request = ListLinesRequest {
            operator: address_text(&operator),
            page_token: token.to_owned(),
            page_size: 1,
            ..ListLinesRequest::default()
        };
        still.ask(|reader| list_lines(reader, &request))
    };
    let page = |token: &str| of(operator(NEWCOMER), token);
    let first = page("").expect("a page");
    assert_eq!(first.lines.len(), 1);
    assert_eq!(
        (first.lines[0].number, first.next_page_token.as_str()),
        (2, "1")
    );
    let second = page("1").expect("a page");
    assert_eq!(
        (second.lines.len(), second.next_page_token.as_str()),
        (0, "")
    );
    assert_eq!(
        page("99").expect("a page"),
        first,
        "no token leads behind the newest"
    );
    assert!(matches!(page("x"), Err(ReadError::Invalid(_))));
    let unknown = of([9; 20], "");
    assert!(matches!(unknown, Err(ReadError::NotFound(_))));
}

/// Others may have taken all numbers between two lines of one operator: a block waits for no look that reads many of them.
#[test]
fn a_page_of_lines_takes_many_looks_each_of_few_registrations() {
    let scene = Scene::new();
    let mut tree = tree_of(&scene);
    let slot = Slot::from(plasmid_staking::Key::Operator(operator(NEWCOMER)));
    let newest: Operator = Held::tip(&tree).leaf(operator(NEWCOMER)).unwrap().unwrap();
    let change = Change {
        key: slot.key(),
        kind: slot.kind(),
        value: crate::ledger::Value::encode(&Operator {
            line: 1_000,
            ..newest
        }),
    };
    tree.apply(&[change]).expect("a block");
    let still = still::Still::new(tree, HEIGHT - 1);
    let request = ListLinesRequest {
        operator: address_text(&operator(NEWCOMER)),
        ..ListLinesRequest::default()
    };
    let page = still.ask(|reader| list_lines(reader, &request));
    let lines = page.expect("a page").lines;
    assert_eq!(lines.len(), 1);
    let looks = *still.looks.lock().expect("a count");
    assert!(looks > 1_000 / LOOK, "{looks} looks");
}

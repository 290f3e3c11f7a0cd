//! Lists of delegations and validators, whoever makes them long, and at past heights.

use plasmid_proto::stake::v1::{ListDelegationsRequest, ListValidatorsRequest};
use plasmid_staking::{Counter, Key, Leg, Position, Value};

use super::still::Still;
use super::*;
use crate::app::reads::{
    delegations::list_delegations, stake::list_lines, validators::list_validators,
};
use crate::ledger::leaf::EpochRecord;
use crate::ledger::rules::stake::tests::scene::line as line_of;

/// The last block of epoch 2, and its epoch.
pub const ENDED: (u64, u64) = (192, 2);

pub fn change<T: Value>(key: Key, value: &T) -> Change {
    let slot = Slot::from(key);
    Change {
        key: slot.key(),
        kind: slot.kind(),
        value: value.encode(),
    }
}

fn delegations(
    still: &Still,
    owner: &str,
    token: &str,
    height: u64,
) -> Result<proto::ListDelegationsResponse, ReadError> {
    let request = ListDelegationsRequest {
        owner: owner.to_owned(),
        page_size: 0,
        page_token: token.to_owned(),
        height,
    };
    still.ask(|reader| list_delegations(reader, &request))
}

/// The numbers of all pages, and how many pages there are.
fn all(still: &Still, owner: &str, height: u64) -> (Vec<u64>, usize) {
    let (mut numbers, mut pages, mut token) = (Vec::new(), 0, String::new());
    loop {
        let page = delegations(still, owner, &token, height).expect("a page");
        assert!(page.positions.len() <= 100);
        assert!(
            page.positions
                .iter()
                .all(|position| position.owner == owner)
        );
        numbers.extend(page.positions.iter().map(|position| position.number));
        (pages, token) = (pages + 1, page.next_page_token);
        if token.is_empty() {
            return (numbers, pages);
        }
    }
}

pub fn owner() -> String {
    Wallet::new(OWNER).account().to_string()
}

/// A tree with positions of two owners in turn, from 2 on; those that `is_gone` were paid out.
fn crowded(count: u64, is_gone: impl Fn(u64) -> bool) -> Tree {
    let mut tree = tree_of(&Scene::new());
    let owners = [Wallet::new(OWNER), Wallet::new(2)].map(|wallet| wallet.account().bytes());
    let position = |number: u64| match is_gone(number) {
        true => Position::gone(),
        false => Position::new(
            owners[(number % 2) as usize],
            COIN,
            Leg::bonded(line_of(FOUNDER), 9),
        ),
    };
    let numbers = 2..2 + count;
    let made = numbers.map(|number| change(Key::Position(number), &position(number)));
    let counter = change(Key::Counter, &Counter(2 + count));
    tree.apply(&made.chain([counter]).collect::<Vec<_>>())
        .expect("leaves");
    tree
}

#[test]
fn thousands_of_positions_of_one_owner_come_in_pages_each_once_and_none_of_others() {
    let still = Still::new(crowded(6_000, |number| number % 6 == 0), HEIGHT - 1);
    let (numbers, pages) = all(&still, &owner(), 0);
    let expected: Vec<u64> = (2..6_002)
        .filter(|number| number % 6 == 2 || number % 6 == 4)
        .collect();
    assert_eq!(numbers, expected);
    assert_eq!(pages, 20);
    // A page holds the state for short looks, and what is known is not looked for again.
    *still.looks.lock().expect("a count") = 0;
    let page = delegations(&still, &owner(), "d5000", 0).expect("a page");
    assert_eq!(
        (page.positions.len(), page.positions[0].number),
        (100, 5_000)
    );
    let looks = *still.looks.lock().expect("a count");
    assert!((100 / 8..100).contains(&looks), "{looks}");
    let (others, _) = all(&still, &Wallet::new(2).account().to_string(), 0);
    assert!(others.iter().all(|number| number % 2 == 1) && others.len() == 3_000);
}

#[test]
fn a_page_over_positions_that_were_paid_out_is_short_and_says_where_it_goes_on() {
    let mut tree = crowded(10_000, |_| false);
    let still = Still::new(std::mem::take(&mut tree), HEIGHT - 1);
    // Known while they stood.
    assert_eq!(all(&still, &owner(), 0).0.len(), 5_000);
    let gone: Vec<Change> = (2..9_990)
        .map(|number| change(Key::Position(number), &Position::gone()))
        .collect();
    still
        .tree
        .lock()
        .expect("a tree")
        .apply(&gone)
        .expect("leaves");
    let page = delegations(&still, &owner(), "", 0).expect("a page");
    assert!(page.positions.is_empty() && page.next_page_token.starts_with('d'));
    let (numbers, pages) = all(&still, &owner(), 0);
    assert_eq!(
        (numbers, pages),
        (vec![9_990, 9_992, 9_994, 9_996, 9_998, 10_000], 2)
    );
}

#[test]
fn a_token_of_another_list_is_refused() {
    let still = Still::new(tree_of(&Scene::new()), HEIGHT - 1);
    for token in ["v1", "1", "d", "d-1", "d1 ", "d18446744073709551616", "é"] {
        let refused = delegations(&still, &owner(), token, 0);
        assert!(matches!(refused, Err(ReadError::Invalid(_))), "{token}");
    }
    let request = ListValidatorsRequest {
        page_token: "d1".into(),
        ..Default::default()
    };
    let refused = still.ask(|reader| list_validators(reader, &request));
    assert!(matches!(refused, Err(ReadError::Invalid(_))));
    // One of this list that lies behind its end is an empty page, and the largest place is no trap.
    for token in ["d99999", "d18446744073709551615"] {
        let page = delegations(&still, &owner(), token, 0).expect("a page");
        assert!(page.positions.is_empty() && page.next_page_token.is_empty());
    }
}

#[test]
fn a_past_height_tells_what_stood_there_though_it_was_paid_out_before_anybody_asked() {
    let mut scene = Scene::new();
    let first = scene.delegate(0, OWNER, FOUNDER, COIN);
    let mut tree = tree_of(&scene);
    tree.mark(ENDED.1).expect("a mark");
    let second = scene.delegate(3, OWNER, FOUNDER, COIN);
    let made: Vec<Change> = scene
        .memory
        .iter()
        .map(|(slot, value)| Change {
            key: slot.key(),
            kind: slot.kind(),
            value: value.to_vec(),
        })
        .filter(|change| {
            tree.get(&change.key)
                .is_none_or(|(_, _, held)| held != change.value)
        })
        .collect();
    tree.apply(&made).expect("leaves");
    tree.apply(&[change(Key::Position(first), &Position::gone())])
        .expect("leaves");
    let still = Still::new(tree, HEIGHT - 1);
    assert_eq!(all(&still, &owner(), 0).0, [second]);
    assert_eq!(all(&still, &owner(), ENDED.0).0, [first]);
    let then = delegations(&still, &owner(), "", ENDED.0).expect("a page");
    assert_eq!((then.height, then.epoch), (ENDED.0, 3));
    assert_eq!(then.validators.len(), 1);
    // No other height has a state.
    for height in [1, 191, 193, HEIGHT - 1, u64::MAX] {
        let refused = delegations(&still, &owner(), "", height);
        assert!(
            matches!(refused, Err(ReadError::Invalid(_))),
            "{height}: {refused:?}"
        );
    }
    for height in [64, 128, 256, 64 << 40] {
        let refused = delegations(&still, &owner(), "", height);
        assert!(
            matches!(refused, Err(ReadError::NotFound(_))),
            "{height}: {refused:?}"
        );
    }
    let lines = ListLinesRequest {
        operator: address_text(&operator(FOUNDER)),
        height: ENDED.0,
        ..Default::default()
    };
    let lines = still
        .ask(|reader| list_lines(reader, &lines))
        .expect("lines");
    assert_eq!((lines.height, lines.lines.len()), (ENDED.0, 1));
}

#[test]
fn what_is_made_later_is_found_by_the_next_who_asks() {
    let mut scene = Scene::new();
    let still = Still::new(tree_of(&scene), HEIGHT - 1);
    assert_eq!(all(&still, &owner(), 0).0, [] as [u64; 0]);
    let number = scene.delegate(0, OWNER, FOUNDER, COIN);
    *still.tree.lock().expect("a tree") = tree_of(&scene);
    assert_eq!(all(&still, &owner(), 0).0, [number]);
}

#[test]
fn a_position_tells_the_cuts_that_hit_it_and_when_its_end_matures() {
    let mut scene = Scene::new();
    let number = scene.delegate(0, OWNER, FOUNDER, COIN);
    scene.undelegate(2, OWNER, number, COIN);
    let parameters = parameters();
    let record = EpochRecord {
        epoch: 4,
        accepted: 1_000,
        ..EpochRecord::default()
    };
    let place = crate::ledger::ring_place(4, parameters.ring);
    let slot = Slot::EpochRecord { place };
    let mut tree = tree_of(&scene);
    let at = |tree: Tree| {
        let page = delegations(&Still::new(tree, HEIGHT - 1), &owner(), "", 0);
        page.expect("a page").positions.remove(0)
    };
    let unknown = at(tree_of(&scene));
    assert_eq!(unknown.matures_at, None, "root has not accepted it");
    // Epoch 4 ends with block 320; the rest is counted at the stated pace from what root's clock was when the tip was 199.
    let left = (320 - (HEIGHT - 1)) * u64::from(parameters.block_time_ms) / 1_000;
    let about = still::ROOT_TIME + left + 6 + parameters.unbonding_secs;
    assert_eq!(unknown.matures_about, Some(about));
    let accepted = Change {
        key: slot.key(),
        kind: slot.kind(),
        value: record.encode(),
    };
    tree.apply(&[accepted]).expect("a leaf");
    let position = at(tree);
    assert_eq!(position.matures_at, Some(1_000 + parameters.unbonding_secs));
    assert_eq!(position.matures_about, None, "it is known");
    assert!(position.cuts.is_empty());
    scene.freeze(FOUNDER, 2);
    scene.settle(FOUNDER, 2);
    let position = at(tree_of(&scene));
    let [cut] = &position.cuts[..] else {
        panic!("{:?}", position.cuts)
    };
    assert_eq!(
        (cut.epoch, cut.fraction, cut.applied),
        (2, 100_000_000, false)
    );
    scene.act(
        3,
        &plasmid_staking::Input::ApplyCut(plasmid_staking::rules::apply_cut::ApplyCut {
            position: number,
        }),
    );
    let position = at(tree_of(&scene));
    assert!(position.cuts[0].applied && position.cut_waits.is_empty());
    scene.mature(4);
    let matured = at(tree_of(&scene));
    assert_eq!(
        (matured.matures_at, matured.matures_about),
        (None, None),
        "it has matured"
    );
}

#[test]
fn validators_with_a_seat_come_first_and_those_without_one_too() {
    let still = Still::new(tree_of(&Scene::new()), HEIGHT - 1);
    let page = |token: &str, page_size| {
        let request = ListValidatorsRequest {
            page_size,
            page_token: token.to_owned(),
            height: 0,
        };
        still
            .ask(|reader| list_validators(reader, &request))
            .expect("a page")
    };
    let whole = page("", 0);
    let operators: Vec<&str> = whole
        .validators
        .iter()
        .map(|one| one.operator.as_str())
        .collect();
    let expected = [FOUNDER, NEWCOMER].map(|number| address_text(&operator(number)));
    assert_eq!(operators, expected);
    assert_eq!((whole.next_page_token.as_str(), whole.epoch), ("", 3));
    let seats = [Some(0), None];
    let told = whole
        .validators
        .iter()
        .map(|one| one.line.as_ref().and_then(|line| line.seat));
    assert!(told.eq(seats));
    assert!(whole.validators.iter().all(|one| one.attendance.len() == 3));
    let first = page("", 1);
    assert_eq!(first.validators, whole.validators[..1]);
    let (mut rest, mut token) = (Vec::new(), first.next_page_token);
    while !token.is_empty() {
        let next = page(&token, 1);
        rest.extend(next.validators);
        token = next.next_page_token;
    }
    assert_eq!(rest, whole.validators[1..]);
}

#[test]
fn a_validator_in_jail_says_why_and_until_when() {
    let mut scene = Scene::new();
    scene.jail(9);
    let still = Still::new(tree_of(&scene), HEIGHT - 1);
    let page = still.ask(|reader| list_validators(reader, &ListValidatorsRequest::default()));
    let page = page.expect("a page");
    let line = page.validators[0].line.as_ref().expect("a line");
    assert_eq!((line.jailed, line.jailed_until), (true, 9));
    assert_eq!(page.validators[0].jail_reason, "absent");
    assert_eq!(page.validators[1].jail_reason, "");
}

/// Another operator has taken the jailed seat: the line may take no other before its time is over, and that is in epoch 9.
#[test]
fn a_line_that_lost_its_jailed_seat_says_why_it_may_take_none() {
    for (until, reason) in [(4, "absent"), (3, ""), (0, "")] {
        let mut scene = Scene::new();
        scene.jail(until);
        scene.change(Key::Line(line_of(FOUNDER)), |line: &mut Line| {
            line.until = 4;
        });
        let still = Still::new(tree_of(&scene), HEIGHT - 1);
        let page = still.ask(|reader| list_validators(reader, &ListValidatorsRequest::default()));
        let page = page.expect("a page");
        let founder = address_text(&operator(FOUNDER));
        let found = page.validators.iter().find(|one| one.operator == founder);
        let found = found.expect("it registered");
        assert_eq!(found.line.as_ref().and_then(|line| line.seat), None);
        assert_eq!(found.jail_reason, reason, "{until}");
    }
}

//! A state is carried over everything that nodes make, and over nothing else.

use std::collections::BTreeSet;

use alloy_primitives::B256;

use super::*;
use crate::chain::commit::Committed;
use crate::chain::execute::Executed;
use crate::chain::fixture::{ALICE, BOB, World, account, offence};
use crate::chain::segments::bytes_of;
use crate::ledger::leaf::AccountLeaf;
use crate::ledger::transaction::{Body as Act, StakeBody};
use crate::ledger::{Slot, Value};

/// A segment as somebody shows it.
#[derive(Clone)]
struct ToldSegment {
    kind: u8,
    count: u32,
    bytes: Vec<u8>,
    before: B256,
    after: B256,
}

/// What stands in a block, each with its record.
fn shown(executed: &Executed, committed: &Committed) -> Vec<ToldSegment> {
    let both = executed.segments.iter().zip(&committed.segments);
    let both = both.map(|(segment, record)| ToldSegment {
        kind: segment.kind as u8,
        count: segment.count,
        bytes: segment.bytes.to_vec(),
        before: record.before,
        after: record.after,
    });
    both.collect()
}

fn replays(
    tree: &mut Tree,
    world: &World,
    executed: &Executed,
    one: &ToldSegment,
) -> Result<(), Unreplayed> {
    let judged = JudgedSegment {
        kind: one.kind,
        count: one.count,
        bytes: &one.bytes,
        moment: executed.moment(),
        before: one.before,
        after: one.after,
        domain: &world.deployment.domain,
    };
    replay_segment(tree, &judged)
}

/// A chain whose last block ends an epoch and has a segment of every kind, stake among them; the state before that block, and its segments.
fn chain() -> (World, Tree, Executed, Vec<ToldSegment>) {
    let mut world = World::new(16, 20);
    let mut tree = world.tree.twin();
    let mut kinds = BTreeSet::new();
    for height in 1..=48_u64 {
        if height % 5 == 0 {
            world.deposit(u128::from(height));
        }
        if height % 3 == 0 || height == 48 {
            world.transfer(ALICE, height / 3 - 1, 1 << 60);
        }
        if height == 20 || height == 48 {
            world.misbehavior.push(offence());
        }
        if height == 48 {
            world.deposit(9);
            // The first operator of such a world.
            let act = Act::Stake(StakeBody::Delegate {
                operator: [1; 20],
                amount: 1 << 60,
                line: 1,
                max_commission: 10_000,
            });
            let bytes = world.signed_as(BOB, 0, act, |_| {});
            world.users.push(bytes);
        }
        let (executed, committed) = world.step();
        let segments = shown(&executed, &committed);
        kinds.extend(segments.iter().map(|one| one.kind));
        if height == 48 {
            assert_eq!(kinds, BTreeSet::from([1, 2, 3, 4, 5]));
            return (world, tree, executed, segments);
        }
        for one in &segments {
            replays(&mut tree, &world, &executed, one).expect("it is sound");
        }
        assert_eq!(tree.root(), committed.block.after);
    }
    unreachable!("the last height returns");
}

#[test]
fn what_nodes_make_is_never_false() {
    let (world, mut tree, executed, segments) = chain();
    let kinds: BTreeSet<u8> = segments.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, BTreeSet::from([1, 2, 3, 4, 5]));
    for one in &segments {
        replays(&mut tree, &world, &executed, one).expect("it is sound");
    }
    assert_eq!(tree.root(), world.tree.root());
}

/// The root of a state in which somebody has more than the rules give.
fn minted(tree: &Tree, changes: &[crate::chain::tree::Change], whose: u8) -> B256 {
    let mut tree = tree.twin();
    tree.apply(changes).expect("they fit");
    let slot = Slot::Account(account(whose));
    let (_, kind, value) = tree.get(&slot.key()).expect("it stands");
    let mut leaf = AccountLeaf::decode(value).expect("an account");
    leaf.balance += 1 << 70;
    let change = crate::chain::tree::Change {
        key: slot.key(),
        kind,
        value: leaf.encode(),
    };
    tree.apply(&[change]).expect("it fits")
}

/// What is found in the first segment of a kind whose shown part is edited.
fn found(kind: SegmentKind, edit: impl FnOnce(&mut ToldSegment, &Tree, &Executed)) -> Unreplayed {
    let (world, mut tree, executed, segments) = chain();
    for one in &segments {
        if one.kind != kind as u8 {
            replays(&mut tree, &world, &executed, one).expect("it is sound");
            continue;
        }
        let mut one = one.clone();
        edit(&mut one, &tree, &executed);
        return replays(&mut tree, &world, &executed, &one).expect_err("it is false");
    }
    unreachable!("there is one of each kind");
}

fn provable(found: Unreplayed) -> SegmentFraud {
    match found {
        Unreplayed::False(FalseSegment::Provable(fraud, proof)) => {
            assert!(proof.witness.len() < 100 << 10);
            fraud
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_thieves_make_of_a_segment_is_shown_to_a_court_or_said_to_be_out_of_its_reach() {
    let other = |one: &mut ToldSegment, _: &Tree, _: &Executed| one.after = B256::repeat_byte(7);
    for kind in [SegmentKind::Record, SegmentKind::Messages] {
        assert_eq!(provable(found(kind, other)), SegmentFraud::After);
    }
    for kind in [SegmentKind::Evidence, SegmentKind::Boundary] {
        let unprovable = FalseSegment::Unprovable(UndecidedSegment::NotJudged);
        assert_eq!(found(kind, other), Unreplayed::False(unprovable));
    }
    // A transaction of stake hides what its segment leaves.
    let unprovable = FalseSegment::Unprovable(UndecidedSegment::NotJudged);
    assert_eq!(
        found(SegmentKind::Users, other),
        Unreplayed::False(unprovable)
    );
    // Without it, whoever mints is shown.
    let payment = |one: &ToldSegment| {
        let length = u32::from_be_bytes(one.bytes[..4].try_into().expect("a length"));
        one.bytes[..4 + length as usize].to_vec()
    };
    let mints = |one: &mut ToldSegment, tree: &Tree, executed: &Executed| {
        let kind = SegmentKind::Users as u8;
        let segment = executed.segments.iter().find(|one| one.kind as u8 == kind);
        (one.count, one.bytes) = (1, payment(one));
        let changes = &segment.expect("it stands").changes;
        one.after = minted(tree, changes, ALICE);
    };
    assert_eq!(
        provable(found(SegmentKind::Users, mints)),
        SegmentFraud::After
    );
    // One that pays twice is refused by the state.
    let twice = |one: &mut ToldSegment, _: &Tree, _: &Executed| {
        let payment = payment(one);
        (one.count, one.bytes) = (2, [payment.clone(), payment].concat());
    };
    let fraud = provable(found(SegmentKind::Users, twice));
    assert!(matches!(fraud, SegmentFraud::Refused(_)), "{fraud}");
    let frames = |one: &mut ToldSegment, _: &Tree, _: &Executed| one.count += 1;
    for kind in [
        SegmentKind::Record,
        SegmentKind::Messages,
        SegmentKind::Users,
    ] {
        assert_eq!(provable(found(kind, frames)), SegmentFraud::Frames);
    }
    let form = |one: &mut ToldSegment, _: &Tree, _: &Executed| one.bytes[4] ^= 0xff;
    for kind in [
        SegmentKind::Record,
        SegmentKind::Messages,
        SegmentKind::Users,
    ] {
        assert_eq!(provable(found(kind, form)), SegmentFraud::Form);
    }
    let order = |one: &mut ToldSegment, _: &Tree, _: &Executed| one.bytes[4 + 1 + 7] ^= 1;
    assert_eq!(
        provable(found(SegmentKind::Messages, order)),
        SegmentFraud::Order
    );
    let empty = |one: &mut ToldSegment, _: &Tree, _: &Executed| {
        (one.count, one.bytes) = (1, bytes_of(&[Vec::new()]));
    };
    assert_eq!(
        provable(found(SegmentKind::Messages, empty)),
        SegmentFraud::Form
    );
}

#[test]
fn a_segment_that_begins_elsewhere_is_not_executed() {
    let elsewhere = |one: &mut ToldSegment, _: &Tree, _: &Executed| one.before[0] ^= 1;
    assert_eq!(found(SegmentKind::Users, elsewhere), Unreplayed::Elsewhere);
    let kind = |one: &mut ToldSegment, _: &Tree, _: &Executed| one.kind = 9;
    assert_eq!(found(SegmentKind::Users, kind), Unreplayed::Elsewhere);
}

/// What shows a false segment is taken from the state, however large that is; how long that takes is printed.
#[test]
fn what_shows_a_false_segment_of_a_large_state_is_built() {
    let (world, mut tree, executed, segments) = chain();
    let others = (0..1u32 << 17).map(|number| crate::chain::tree::Change {
        key: alloy_primitives::keccak256(number.to_be_bytes()),
        kind: AccountLeaf::KIND,
        value: AccountLeaf::default().encode(),
    });
    tree.apply(&others.collect::<Vec<_>>()).expect("they fit");
    let mut one = segments.first().expect("it has a record").clone();
    (one.before, one.after) = (tree.root(), B256::repeat_byte(7));
    let began = std::time::Instant::now();
    let found = replays(&mut tree, &world, &executed, &one).expect_err("it is false");
    let took = began.elapsed();
    println!(
        "executed, found and shown in {took:?} over {} leaves",
        tree.count()
    );
    assert_eq!(provable(found), SegmentFraud::After);
}

//! Freezes: what was at risk in a frozen epoch neither matures nor moves until it is settled, and nothing else waits.

use super::*;

const OWNER: Account = who(1);

/// Three seated founders; a position that backs 6 to 9 behind the first, and all of it has matured.
fn ended() -> (World, u64) {
    let mut world = World::new(4, &[5 * UNIT, 4 * UNIT, 3 * UNIT]);
    world.to(4);
    let position = world.delegate(OWNER, 1, 100);
    world.to(8);
    world.act(undelegate(OWNER, position, 100));
    world.to(12);
    (world, position)
}

#[test]
fn a_freeze_closes_the_line_and_its_seat_for_ever() {
    let (mut world, _) = ended();
    let id = line(1, 1);
    let effects = world.act(freeze(1, 1, 9));
    let why = Loss::Frozen;
    let seat = 0;
    assert_eq!(
        effects,
        [
            Effect::Unseated {
                line: id,
                seat,
                why
            },
            Effect::Closed { line: id },
            Effect::Frozen {
                line: id,
                registration: 1,
                epoch: 9
            }
        ]
    );
    let held = world.line(id);
    assert_eq!(
        (held.state, held.until, held.cut_base),
        (LineState::Frozen, 13, 0)
    );
    let (count, lowest, highest) = (1, 9, 9);
    assert_eq!(
        held.freezes,
        Freezes {
            count,
            lowest,
            highest
        }
    );
    world.settle(1, 1, 9, 0);
    for input in [take_seat(1), retire(1), Input::Edit(edit(1))] {
        assert_eq!(world.refuse(input), Reject::LineClosed);
    }
    world.act(registration(1, 9, 9));
    let until = world.line(line(1, 1)).until;
    let opened = Line {
        jailed: world.rules.jail_end(until),
        ..Line::opened(2_000, 500)
    };
    assert_eq!(world.line(line(1, 9)), opened);
    world.check();
}

#[test]
fn the_base_of_the_tree_is_the_least_epoch_that_can_still_be_cut() {
    for (matured, epoch, of_epoch, base) in [
        (5, 9, None, 5),
        (9, 6, None, 6),
        (9, 9, Some(3), 3),
        (7, 9, Some(8), 7),
    ] {
        let (mut world, _) = ended();
        if let Some(epoch) = of_epoch {
            world.act(Input::FreezeEpoch(epoch));
        }
        world.mature(matured);
        // Retiring fixes no base.
        world.act(retire(1));
        world.freeze(1, 1, epoch);
        assert_eq!(world.line(line(1, 1)).cut_base, base);
        world.freeze(1, 1, 11);
        assert_eq!(
            world.line(line(1, 1)).cut_base,
            base,
            "the first freeze fixes it"
        );
    }
}

#[test]
fn a_frozen_epoch_that_a_position_backed_stops_its_claim_until_it_is_settled() {
    for (epoch, waits) in [(5, false), (6, true), (9, true), (10, false)] {
        let (mut world, position) = ended();
        world.freeze(1, 1, epoch);
        world.mature(10);
        let frozen = frozen(position, 1, [epoch, epoch]);
        if waits {
            assert_eq!(world.refuse(claim_stake(OWNER, position)), frozen);
        }
        world.freeze(2, 2, 9);
        world.settle(2, 2, 9, PERCENT);
        if waits {
            assert_eq!(world.refuse(claim_stake(OWNER, position)), frozen);
            world.settle(1, 1, epoch, 0);
        }
        world.act(claim_stake(OWNER, position));
        assert_eq!(world.paid(OWNER), 0);
        world.check();
    }
}

#[test]
fn what_lies_between_two_frozen_epochs_waits_for_both() {
    let (mut world, position) = ended();
    world.freeze(1, 1, 2);
    world.freeze(1, 1, 11);
    world.mature(10);
    let frozen = frozen(position, 1, [2, 11]);
    for epoch in [2, 11] {
        assert_eq!(world.refuse(claim_stake(OWNER, position)), frozen);
        world.settle(1, 1, epoch, 50 * PERCENT);
    }
    world.act(claim_stake(OWNER, position));
    assert_eq!(world.paid(OWNER), 0);
}

#[test]
fn a_freeze_of_an_epoch_stops_every_position_that_backed_it() {
    let (mut world, position) = ended();
    let other = world.delegate(OWNER, 2, 100);
    world.act(Input::FreezeEpoch(9));
    world.act(Input::FreezeEpoch(7));
    world.mature(10);
    let frozen = epochs_frozen(position, 1, [7, 9]);
    for epoch in [9, 7] {
        assert_eq!(world.refuse(claim_stake(OWNER, position)), frozen);
        let own = epochs_frozen(2, 2, [7, 9]);
        assert_eq!(world.refuse(redelegate(account_of(op(2)), 2, 100, 3)), own);
        world.act(Input::ReleaseEpoch(epoch));
    }
    world.to(13);
    world.act(redelegate(OWNER, other, 100, 3));
    world.act(claim_stake(OWNER, position));
    assert_eq!(world.leaf::<Maturity>(()).freezes, Freezes::default());
}

/// Epochs mature under a freeze, only what was at risk in the frozen one waits, and nothing waits behind the last release.
#[test]
fn maturity_goes_on_under_a_freeze_of_an_epoch_and_sticks_nowhere_behind_its_release() {
    let (mut world, position) = ended();
    let last = world.position(position).legs[0].last;
    world.act(Input::FreezeEpoch(last));
    let early = world.delegate(OWNER, 2, 50);
    world.to(13);
    world.act(undelegate(OWNER, early, 50));
    let first = world.position(early).legs[0].first;
    assert!(first > last, "it was never at risk in the frozen epoch");
    world.to(first + 2);
    world.mature(first + 2);
    world.act(claim_stake(OWNER, early));
    let frozen = epochs_frozen(position, 1, [last, last]);
    assert_eq!(world.refuse(claim_stake(OWNER, position)), frozen);
    let none = Reject::NoEffect("the epoch is not frozen");
    assert_eq!(world.refuse(Input::ReleaseEpoch(last + 1)), none);
    world.act(Input::ReleaseEpoch(last));
    world.act(claim_stake(OWNER, position));
    assert_eq!(world.refuse(Input::ReleaseEpoch(last)), none);
    world.check();
}

#[test]
fn an_epoch_freeze_stops_nothing_of_a_line_that_was_in_no_set_of_it() {
    let (mut world, _) = ended();
    world.act(registration(9, 9, 9));
    let idle = world.delegate(OWNER, 9, 100);
    world.to(20);
    world.act(Input::FreezeEpoch(16));
    world.act(redelegate(OWNER, idle, 50, 2));
    world.act(undelegate(OWNER, idle, 50));
    world.mature(1);
    world.act(claim_stake(OWNER, idle));
    world.check();
}

#[test]
fn a_freeze_stops_redelegate_cancel_merge_and_dropping_a_leg() {
    let mut world = World::new(4, &[5 * UNIT, 4 * UNIT, 3 * UNIT]);
    world.to(4);
    let [moved, twin, back] = [(); 3].map(|()| world.delegate(OWNER, 1, 100));
    world.to(8);
    world.act(redelegate(OWNER, moved, 100, 2));
    world.act(undelegate(OWNER, back, 100));
    world.to(12);
    world.act(Input::FreezeEpoch(9));
    world.mature(10);
    let frozen = |number| epochs_frozen(number, 1, [9, 9]);
    assert_eq!(world.refuse(redelegate(OWNER, twin, 100, 3)), frozen(twin));
    assert_eq!(
        world.refuse(redelegate(OWNER, moved, 100, 3)),
        frozen(moved)
    );
    assert_eq!(world.refuse(cancel(OWNER, back)), frozen(back));
    assert_eq!(
        world.refuse(merge(OWNER, 1, twin)),
        Reject::NotOwner { number: 1 }
    );
    let third = world.delegate(OWNER, 1, 10);
    assert_eq!(world.refuse(merge(OWNER, twin, third)), frozen(twin));
    // What it does not stop: rewards, undelegating, a split by it; and the first leg stays.
    world.boundary(12_000);
    world.act(claim_rewards(OWNER, &[moved]));
    world.act(undelegate(OWNER, moved, 40));
    assert!(world.position(moved).has_two_legs());
    world.act(Input::ReleaseEpoch(9));
    world.act(undelegate(OWNER, moved, 10));
    assert!(!world.position(moved).has_two_legs());
    world.check();
}

#[test]
fn a_message_about_a_registration_that_is_not_known_has_no_effect() {
    let (mut world, _) = ended();
    let unknown = Reject::NoEffect("the registration is not known");
    for (operator, registration) in [(7, 7), (1, 2), (1, 0)] {
        assert_eq!(world.refuse(freeze(operator, registration, 5)), unknown);
        assert_eq!(world.refuse(settle(operator, registration, 5, 1)), unknown);
    }
    let open = Reject::NoEffect("nothing of this line was frozen");
    assert_eq!(world.refuse(settle(1, 1, 5, 1)), open);
    world.act(retire(1));
    assert_eq!(world.refuse(settle(1, 1, 5, 1)), open);
}

#[test]
fn an_old_key_freezes_the_line_that_it_signed_for_and_a_new_line_stands() {
    let (mut world, _) = ended();
    world.act(registration(1, 9, 9));
    world.act(retire(1));
    world.act(registration(1, 10, 10));
    world.delegate(OWNER, 1, UNIT);
    let free = world.line(line(1, 10)).jailed;
    world.to(free);
    world.act(take_seat(1));
    for registration in [1, 9] {
        world.freeze(1, registration, 10);
    }
    let held = world.line(line(1, 1));
    assert_eq!((held.state, held.freezes.count), (LineState::Frozen, 2));
    assert!(world.line(line(1, 10)).seated());
    world.check();
}

#[test]
fn an_epoch_outside_of_the_tree_is_recorded_without_a_cut_and_its_freeze_is_counted() {
    let (mut world, position) = ended();
    world.mature(8);
    world.freeze(1, 1, 9);
    for epoch in [7, 8 + SPAN] {
        world.freeze(1, 1, epoch);
        world.settle(1, 1, epoch, 50 * PERCENT);
    }
    world.settle(1, 1, 9, 0);
    assert_eq!(world.line(line(1, 1)).freezes.count, 0);
    assert_eq!(
        world.refuse(apply_cut(position)),
        Reject::NothingToApply { number: position }
    );
    world.freeze(1, 1, 9);
    world.settle(1, 1, 9, PERCENT);
    world.act(apply_cut(position));
}

#[test]
fn the_count_of_freezes_never_falls_from_its_greatest_value() {
    let mut freezes = Freezes::default();
    for _ in 0..70_000 {
        freezes = freezes.with(5);
    }
    assert_eq!(freezes.count, u16::MAX);
    assert_eq!(freezes.without_one(), freezes);
    assert!(
        freezes.meets(5, 5) && !freezes.meets(6, 9) && !freezes.meets(0, 4) && !freezes.meets(6, 4)
    );
}

#[test]
fn who_waits_for_the_court_is_told_for_which_offence_and_which_epochs() {
    let shown = [
        frozen(3, 1, [7, 7]).to_string(),
        epochs_frozen(3, 2, [7, 9]).to_string(),
    ];
    let expected = [
        "position 3 was at risk behind the operator 0x0101010101010101010101010101010101010101, and waits for the court: an offence of this operator is not settled, of epoch 7; nothing that was at risk there moves before that is over",
        "position 3 was at risk behind the operator 0x0202020202020202020202020202020202020202, and waits for the court: two checkpoints were shown and not released, of epochs from 7 to 9; nothing that was at risk there moves before that is over",
    ];
    assert_eq!(shown, expected);
}

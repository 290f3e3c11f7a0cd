//! Positions: what they back, in which epochs, and when they are free.

use super::*;
use crate::rules::restake::AllowRestake;

const OWNER: Account = who(1);

/// First and last of the legs of a position.
fn legs(world: &mut World, number: u64) -> Vec<(u8, u64, u64)> {
    let position = world.position(number);
    let legs = position.legs();
    legs.map(|leg| (leg.line.operator[0], leg.first, leg.last))
        .collect()
}

const ON: u64 = Leg::BONDED;

/// Three seated founders with 5, 4 and 3 units, in epoch 4, and a position of 100 of the owner behind the first.
fn world() -> (World, u64) {
    let mut world = World::new(4, &[5 * UNIT, 4 * UNIT, 3 * UNIT]);
    world.to(4);
    let position = world.delegate(OWNER, 1, 100);
    (world, position)
}

#[test]
fn a_delegation_backs_from_the_epoch_after_next_on() {
    let (mut world, position) = world();
    assert_eq!(
        world.effects[0],
        Effect::Take {
            from: OWNER,
            amount: 100
        }
    );
    assert_eq!(legs(&mut world, position), [(1, 6, ON)]);
    assert_eq!(world.line(line(1, 1)).stake, 5 * UNIT + 100);
    assert_eq!(world.line(line(1, 1)).self_stake, 5 * UNIT);
    world.boundary(0);
    let place = (ring_place(6, 16), 0);
    let stake = world.leaf::<MemberLeaf>(place).standing.unwrap().stake;
    assert_eq!(stake, 5 * UNIT + 100);
}

#[test]
fn an_undelegation_backs_up_to_the_next_epoch_and_waits_until_that_has_matured() {
    let (mut world, position) = world();
    world.to(8);
    let again = world.act(undelegate(OWNER, position, 100));
    let line = line(1, 1);
    let ended = Effect::Ended {
        position,
        line,
        last: 9,
    };
    assert_eq!(again, [ended]);
    assert_eq!(legs(&mut world, position), [(1, 6, 9)]);
    assert_eq!(
        world.refuse(undelegate(OWNER, position, 1)),
        Reject::NotBonded { number: position }
    );
    world.to(11);
    for matured in [0, 9] {
        world.mature(matured);
        let number = position;
        let last = 9;
        let refused = world.refuse(claim_stake(OWNER, position));
        assert_eq!(
            refused,
            Reject::NotMatured {
                number,
                last,
                matured
            }
        );
    }
    world.mature(10);
    world.act(claim_stake(OWNER, position));
    assert_eq!(world.paid(OWNER), 0);
    let gone = Reject::NoPosition { number: position };
    assert_eq!(world.refuse(claim_stake(OWNER, position)), gone);
    world.check();
}

#[test]
fn stake_that_never_backed_waits_like_any_other() {
    let (mut world, position) = world();
    world.act(leave(1));
    world.act(undelegate(OWNER, position, 100));
    assert_eq!(legs(&mut world, position), [(1, 6, 5)]);
    world.to(9);
    world.mature(5);
    assert!(matches!(
        world.refuse(claim_stake(OWNER, position)),
        Reject::NotMatured { last: 5, .. }
    ));
    world.mature(6);
    world.act(claim_stake(OWNER, position));
    world.check();
}

#[test]
fn who_follows_a_line_that_lost_its_seat_does_not_wait_for_what_it_no_longer_backs() {
    let (mut world, position) = world();
    world.to(7);
    world.act(leave(1));
    world.to(12);
    world.mature(9);
    world.act(undelegate(OWNER, position, 100));
    assert_eq!(legs(&mut world, position), [(1, 6, 8)]);
    world.act(claim_stake(OWNER, position));
    // And behind a line that was never seated nobody waits for more than the first epoch.
    world.act(registration(9, 9, 9));
    let idle = world.delegate(OWNER, 9, 100);
    world.act(undelegate(OWNER, idle, 100));
    assert_eq!(legs(&mut world, idle), [(9, 14, 0)]);
    world.act(claim_stake(OWNER, idle));
    assert_eq!(world.paid(OWNER), 0);
    world.check();
}

#[test]
fn a_seat_cannot_be_flashed_by_stake_that_does_not_wait() {
    let mut world = World::new(1, &[UNIT]);
    world.to(4);
    world.act(registration(9, 9, 9));
    let position = world.delegate(OWNER, 9, 2 * UNIT);
    world.act(take_seat(9));
    // The line keeps the seat until a set has it, whoever would give it back.
    let kept = Reject::NewSeat { seat: 0 };
    assert_eq!(world.refuse(undelegate(OWNER, position, 2 * UNIT)), kept);
    assert_eq!(world.refuse(leave(9)), kept);
    // And the stake is liable for that set.
    world.to(5);
    world.act(undelegate(OWNER, position, 2 * UNIT));
    assert!(!world.line(line(9, 9)).seated());
    assert_eq!(legs(&mut world, position), [(9, 6, 6)]);
}

#[test]
fn a_redelegation_is_not_cut_into_pieces_that_nobody_pays_to_apply_a_cut_to() {
    let mut world = World::new(3, &[UNIT, UNIT]);
    let position = world.delegate(OWNER, 1, 100);
    world.to(4);
    world.act(redelegate(OWNER, position, 100, 2));
    let single = world.delegate(OWNER, 1, 20);
    world.to(5);
    world.act(undelegate(OWNER, position, 9));
    let small = world.made();
    let (amount, minimum) = (9, 10);
    assert_eq!(
        world.refuse(cancel(OWNER, small)),
        Reject::TooSmall { amount, minimum }
    );
    world.act(undelegate(OWNER, position, 10));
    let enough = world.made();
    world.act(cancel(OWNER, enough));
    // One that backed a single line has no least amount.
    world.act(undelegate(OWNER, single, 1));
    let part = world.made();
    world.act(cancel(OWNER, part));
    world.check();
}

/// Nor by what stays: the whole can always go, and a part as long as enough stays, or the line before is matured.
#[test]
fn what_stays_of_a_redelegation_is_no_piece_either() {
    let mut world = World::new(3, &[UNIT, UNIT]);
    let all = [0, 1].map(|_| world.delegate(OWNER, 1, 100));
    world.to(4);
    for position in all {
        world.act(redelegate(OWNER, position, 100, 2));
    }
    let single = world.delegate(OWNER, 1, 20);
    world.to(5);
    let [first, second] = all;
    for amount in [91, 99] {
        let (rest, minimum) = (100 - amount, 10);
        let small = Reject::RestTooSmall { rest, minimum };
        assert_eq!(world.refuse(undelegate(OWNER, first, amount)), small);
    }
    world.act(undelegate(OWNER, first, 90));
    let (rest, minimum) = (9, 10);
    let small = Reject::RestTooSmall { rest, minimum };
    assert_eq!(world.refuse(undelegate(OWNER, first, 1)), small);
    world.act(undelegate(OWNER, first, 10));
    assert!(!world.position(first).is_bonded());
    // What has one line only, or again, leaves as little as it likes.
    world.act(undelegate(OWNER, single, 19));
    world.to(9);
    world.mature(6);
    world.act(undelegate(OWNER, second, 99));
    assert_eq!(world.position(second).held_down(), 1);
    world.check();
}

#[test]
fn a_part_becomes_a_position_of_its_own_and_the_rewards_stay() {
    let (mut world, position) = world();
    world.to(6);
    world.boundary(51_000);
    world.act(Input::AllowRestake(AllowRestake {
        owner: OWNER,
        position,
        allowed: true,
    }));
    let before = world.position(position);
    assert!(before.pending > 0 && before.restake);
    world.act(undelegate(OWNER, position, 30));
    let part = world.made();
    let [rest, other] = [world.position(position), world.position(part)];
    assert_eq!((rest.base, other.base), (70, 30));
    assert_eq!((rest.pending, other.pending), (before.pending, 0));
    assert_eq!(rest.legs[0], before.legs[0]);
    let ended = Leg {
        last: 8,
        ..before.legs[0]
    };
    assert_eq!(other.legs[0], ended);
    assert!(other.restake && other.owner == OWNER);
    assert_eq!(world.line(line(1, 1)).stake, 5 * UNIT + 70);
    let (amount, held) = (71, 70);
    let refused = world.refuse(undelegate(OWNER, position, amount));
    assert_eq!(refused, Reject::NotEnough { amount, held });
    assert_eq!(
        world.refuse(undelegate(OWNER, position, 0)),
        Reject::ZeroAmount
    );
}

#[test]
fn a_redelegation_ends_one_leg_and_begins_another() {
    let (mut world, position) = world();
    world.to(8);
    world.act(redelegate(OWNER, position, 100, 2));
    assert_eq!(legs(&mut world, position), [(1, 6, 9), (2, 10, ON)]);
    assert_eq!(world.line(line(1, 1)).stake, 5 * UNIT);
    assert_eq!(world.line(line(2, 2)).stake, 4 * UNIT + 100);
    // No third leg, until the first has matured.
    let two = Reject::TwoLegs {
        number: position,
        last: 9,
    };
    assert_eq!(
        world.refuse(redelegate(OWNER, position, 100, 3)),
        Reject::NewStake { seat: 1 }
    );
    assert_eq!(
        world.refuse(redelegate(OWNER, position, 100, 2)),
        Reject::SameLine
    );
    world.to(12);
    world.mature(9);
    assert_eq!(world.refuse(redelegate(OWNER, position, 100, 3)), two);
    world.mature(10);
    world.act(redelegate(OWNER, position, 100, 3));
    assert_eq!(legs(&mut world, position), [(2, 10, 13), (3, 14, ON)]);
    world.check();
}

#[test]
fn a_redelegation_has_a_least_size_and_may_be_a_part() {
    let (mut world, position) = world();
    world.to(5);
    let (amount, minimum) = (9, 10);
    let small = world.refuse(redelegate(OWNER, position, amount, 2));
    assert_eq!(small, Reject::TooSmall { amount, minimum });
    world.act(redelegate(OWNER, position, 10, 2));
    let part = world.made();
    assert_eq!(legs(&mut world, part), [(1, 6, 6), (2, 7, ON)]);
    assert_eq!(legs(&mut world, position), [(1, 6, ON)]);
    world.check();
}

#[test]
fn a_position_is_free_when_the_last_of_each_leg_has_matured() {
    let (mut world, position) = world();
    world.to(8);
    world.act(redelegate(OWNER, position, 100, 2));
    world.to(9);
    world.act(undelegate(OWNER, position, 100));
    assert_eq!(legs(&mut world, position), [(1, 6, 9), (2, 10, 10)]);
    let (mut late, other) = world_of_two_ends();
    for (world, position, last) in [(&mut world, position, 10), (&mut late, other, 11)] {
        world.to(last + 3);
        world.mature(last);
        assert!(matches!(
            world.refuse(claim_stake(OWNER, position)),
            Reject::NotMatured { .. }
        ));
        world.mature(last + 1);
        world.act(claim_stake(OWNER, position));
        assert_eq!(world.paid(OWNER), 0);
    }
}

fn world_of_two_ends() -> (World, u64) {
    let (mut world, position) = world();
    world.to(8);
    world.act(redelegate(OWNER, position, 100, 2));
    world.to(10);
    world.act(undelegate(OWNER, position, 100));
    assert_eq!(legs(&mut world, position), [(1, 6, 9), (2, 10, 11)]);
    (world, position)
}

#[test]
fn a_cancel_in_the_epoch_of_the_request_takes_the_end_back_and_makes_no_leg() {
    let (mut world, position) = world();
    assert_eq!(
        world.refuse(cancel(OWNER, position)),
        Reject::Bonded { number: position }
    );
    world.to(8);
    let before = world.position(position);
    world.act(undelegate(OWNER, position, 100));
    world.act(cancel(OWNER, position));
    assert_eq!(world.position(position).legs[0].last, ON);
    assert_eq!(legs(&mut world, position), [(1, 6, ON)]);
    assert_eq!(world.position(position).base, before.base);
    // A redelegation, an end of it and a return leave both legs.
    world.act(redelegate(OWNER, position, 100, 2));
    world.to(9);
    world.act(undelegate(OWNER, position, 100));
    world.act(cancel(OWNER, position));
    assert_eq!(legs(&mut world, position), [(1, 6, 9), (2, 10, ON)]);
    world.check();
}

#[test]
fn a_later_cancel_makes_a_leg_on_the_same_line() {
    let (mut world, position) = world();
    world.to(8);
    world.act(undelegate(OWNER, position, 100));
    world.to(9);
    world.act(cancel(OWNER, position));
    assert_eq!(legs(&mut world, position), [(1, 6, 9), (1, 11, ON)]);
    assert_eq!(world.line(line(1, 1)).stake, 5 * UNIT + 100);
    world.to(10);
    world.act(undelegate(OWNER, position, 100));
    world.to(11);
    let two = Reject::TwoLegs {
        number: position,
        last: 9,
    };
    assert_eq!(world.refuse(cancel(OWNER, position)), two);
    world.to(12);
    world.mature(10);
    world.act(cancel(OWNER, position));
    assert_eq!(legs(&mut world, position), [(1, 11, 11), (1, 14, ON)]);
    world.to(13);
    world.act(undelegate(OWNER, position, 100));
    world.act(retire(1));
    assert_eq!(world.refuse(cancel(OWNER, position)), Reject::LineClosed);
}

#[test]
fn positions_are_merged_when_the_first_epochs_of_both_have_matured() {
    let (mut world, first) = world();
    let second = world.delegate(OWNER, 1, 50);
    let other = world.delegate(OWNER, 2, 10);
    let refused = |why| Reject::NotMergeable { first, second, why };
    world.to(6);
    world.boundary(12_160);
    world.to(9);
    world.mature(6);
    let young = refused("the first epoch of each must have matured");
    assert_eq!(world.refuse(merge(OWNER, first, second)), young);
    world.mature(7);
    let why = "both must back the same open line";
    let unlike = Reject::NotMergeable {
        first,
        second: other,
        why,
    };
    assert_eq!(world.refuse(merge(OWNER, first, other)), unlike);
    let same = Reject::NotMergeable {
        first,
        second: first,
        why: "they are the same",
    };
    assert_eq!(world.refuse(merge(OWNER, first, first)), same);
    world.act(merge(OWNER, first, second));
    assert_eq!(legs(&mut world, first), [(1, 7, ON)]);
    let merged = world.position(first);
    // Of 12,160 the first line has 5,000 for a power of 5 of 12, 5,066; its positions of 100 and 50 of 5,150 have 98 and 49.
    assert_eq!((merged.base, merged.pending), (150, 98 + 49));
    assert_eq!(
        world.refuse(merge(OWNER, first, second)),
        Reject::NoPosition { number: second }
    );
    world.check();
}

#[test]
fn what_does_not_back_one_line_alone_is_not_merged() {
    let (mut world, first) = world();
    let second = world.delegate(OWNER, 1, 50);
    let third = world.delegate(OWNER, 2, 50);
    world.to(9);
    world.mature(7);
    world.act(undelegate(OWNER, second, 50));
    world.act(redelegate(OWNER, third, 50, 1));
    let why = "each must back one line and nothing else";
    for other in [second, third] {
        let refused = Reject::NotMergeable {
            first,
            second: other,
            why,
        };
        assert_eq!(world.refuse(merge(OWNER, first, other)), refused);
    }
    world.act(cancel(OWNER, second));
    world.act(retire(1));
    let why = "both must back the same open line";
    let refused = Reject::NotMergeable { first, second, why };
    assert_eq!(world.refuse(merge(OWNER, first, second)), refused);
}

/// The operator whose line has no stake sets its commission freely, and may close the line and open another: neither hits who delegates
/// meanwhile.
#[test]
fn stake_goes_behind_the_line_and_the_commission_that_were_accepted_and_no_other() {
    let (mut world, number) = world();
    world.to(5);
    world.act(registration(9, 9, 9));
    let named = |to, max_commission| {
        let (amount, owner, from, position) = (10, OWNER, OWNER, number);
        [
            Input::Delegate(Delegate {
                from,
                to,
                amount,
                max_commission,
            }),
            Input::Redelegate(Redelegate {
                owner,
                position,
                amount,
                to,
                max_commission,
            }),
        ]
    };
    let charge = |commission| {
        Input::Edit(Edit {
            commission: Some(commission),
            ..edit(9)
        })
    };
    world.act(charge(301));
    let refused = Reject::CommissionAbove {
        commission: 301,
        max_commission: 300,
    };
    for input in named(line(9, 9), 300) {
        assert_eq!(world.refuse(input), refused);
    }
    for input in named(line(9, 9), 301) {
        world.clone().act(input);
    }
    for input in named(line(9, 8), 300) {
        let other = Reject::OtherLine {
            named: 8,
            newest: 9,
        };
        assert_eq!(world.refuse(input), other);
    }
    world.act(retire(9));
    for input in named(line(9, 9), 300) {
        assert_eq!(world.refuse(input), Reject::LineClosed);
    }
    world.act(registration(9, 10, 10));
    for input in named(line(9, 9), 300) {
        let other = Reject::OtherLine {
            named: 9,
            newest: 10,
        };
        assert_eq!(world.refuse(input), other);
    }
    for input in named(line(9, 10), 0) {
        world.act(input);
    }
}

/// A rise that is in no set yet counts already: what is delegated now is in the set that has it.
#[test]
fn a_rise_that_was_announced_is_refused_while_the_sets_still_have_the_old_commission() {
    let (mut world, _) = world();
    world.mature(1);
    world.act(Input::Edit(Edit {
        commission: Some(500),
        ..edit(1)
    }));
    let epoch = world.epoch;
    assert_eq!(world.commissions(epoch + 1), [0; 3]);
    let low = Input::Delegate(Delegate {
        from: OWNER,
        to: line(1, 1),
        amount: 10,
        max_commission: 499,
    });
    let (commission, max_commission) = (500, 499);
    let refused = Reject::CommissionAbove {
        commission,
        max_commission,
    };
    assert_eq!(world.refuse(low), refused);
    world.boundary(0);
    assert_eq!(world.commissions(epoch + 2)[0], 500);
}

#[test]
fn a_position_obeys_its_owner_alone() {
    let (mut world, number) = world();
    let stranger = who(2);
    let twin = world.delegate(stranger, 1, 10);
    let allow = Input::AllowRestake(AllowRestake {
        owner: stranger,
        position: number,
        allowed: true,
    });
    for input in [
        undelegate(stranger, number, 1),
        redelegate(stranger, number, 10, 2),
        cancel(stranger, number),
        claim_stake(stranger, number),
        claim_rewards(stranger, &[number]),
        merge(stranger, number, twin),
        merge(stranger, twin, number),
        allow,
    ] {
        assert_eq!(world.refuse(input), Reject::NotOwner { number });
    }
    let missing = Reject::NoPosition { number: 99 };
    for input in [
        undelegate(OWNER, 99, 1),
        redelegate(OWNER, 99, 10, 2),
        cancel(OWNER, 99),
        claim_stake(OWNER, 99),
        claim_rewards(OWNER, &[99]),
        merge(OWNER, number, 99),
        restake(OWNER, 99),
        apply_cut(99),
        redelegate(OWNER, 0, 10, 2),
    ] {
        let refused = world.refuse(input);
        assert!(refused == missing || refused == Reject::NoPosition { number: 0 });
    }
    assert_eq!(
        world.refuse(claim_stake(OWNER, number)),
        Reject::Bonded { number }
    );
}

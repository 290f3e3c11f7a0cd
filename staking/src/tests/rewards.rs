//! Rewards: what a set is paid, what a position of it has earned, and who may collect it.

use super::*;
use crate::rules::{claim_commission::ClaimCommission, restake::AllowRestake};

const OWNER: Account = who(1);

fn commission(operator: u8, bps: u16) -> Input {
    Input::Edit(Edit {
        commission: Some(bps),
        ..edit(operator)
    })
}

fn claim_commission(operator: u8) -> Input {
    let to = account_of(op(operator));
    let line = line(operator, u64::from(operator));
    Input::ClaimCommission(ClaimCommission { line, to })
}

#[test]
fn a_set_is_paid_by_power_and_its_positions_by_stake() {
    // 3,000 and 1,000: powers 3 and 1. A position of 500 backs the first from epoch 2 on: 3,500, power 3 still.
    let mut world = World::new(2, &[3 * UNIT, UNIT]);
    let position = world.delegate(OWNER, 1, 500);
    world.boundary(4_000);
    let own = |number| account_of(op(number));
    let rewards = world.leaf::<Rewards>(());
    assert_eq!((rewards.pool, rewards.owed), (0, 4_000));
    world.act(claim_rewards(own(1), &[1]));
    assert_eq!(world.paid(own(1)), 3_000);
    assert_eq!(
        world.refuse(claim_rewards(OWNER, &[position])),
        Reject::NothingOwed
    );
    world.to(2);
    world.boundary(4_002);
    // ⌊4,002 · 3/4⌋ = 3,001 for 3,500: the index grows by ⌊3,001·2^96 / 3,500⌋, and 500 have 428.
    world.act(claim_rewards(OWNER, &[position]));
    assert_eq!(world.paid(OWNER), 428 - 500);
    world.act(claim_rewards(own(1), &[1]));
    assert_eq!(world.paid(own(1)), 3_000 + 2_572);
    world.act(claim_rewards(own(2), &[2]));
    assert_eq!(world.paid(own(2)), 1_000 + 1_000);
    // 4,002 less 3,001 and 1,000 stay in the pool; the index rounds one away of 3,001, and it stays in what is owed.
    let rewards = world.leaf::<Rewards>(());
    assert_eq!((rewards.pool, rewards.owed), (1, 1));
    world.check();
}

#[test]
fn a_position_earns_from_its_first_to_its_last_epoch_and_nowhere_else() {
    for (ended, epochs) in [(4, 1), (5, 2), (7, 4)] {
        let mut world = World::new(1, &[UNIT]);
        world.to(3);
        let position = world.delegate(OWNER, 1, UNIT);
        while world.epoch < ended {
            world.boundary(2 * UNIT);
        }
        world.act(undelegate(OWNER, position, UNIT));
        while world.epoch < 12 {
            world.boundary(2 * UNIT);
        }
        // It backs 5 to ended + 1, each with half of what is paid.
        let backed = (ended + 1).saturating_sub(4);
        let _ = world.try_act(claim_rewards(OWNER, &[position]));
        assert_eq!(world.paid(OWNER), UNIT as i128 * (i128::from(backed) - 1));
        assert_eq!(backed, epochs);
        world.drain();
    }
}

#[test]
fn rewards_do_not_depend_on_when_they_are_claimed() {
    let play = |every: u64| {
        let mut world = World::new(2, &[3 * UNIT, UNIT]);
        let position = world.delegate(OWNER, 1, 700);
        for round in 1..30 {
            if round == 9 {
                world.act(redelegate(OWNER, position, 700, 2));
            }
            if round == 17 {
                world.act(undelegate(OWNER, position, 700));
            }
            world.boundary(10_000);
            if round % every == 0 {
                let _ = world.try_act(claim_rewards(OWNER, &[position]));
            }
        }
        let _ = world.try_act(claim_rewards(OWNER, &[position]));
        world.drain().paid(OWNER)
    };
    let once = play(100);
    assert_eq!(play(29), once);
    // Each claim rounds less than one unit away.
    assert!((once - 28..=once).contains(&play(1)));
    // 700 of 3,700 with 7,500 an epoch: 8,513 for 2 to 7, and 2,837.8 for 8 and 9. 700 of 1,700 with 2,500 an epoch: 6,176.4 for 10 to
    // 15, and 2,058 for 16 and 17. Each request settles, and rounds once, also what two legs have earned.
    assert_eq!(once, 8_513 + 9_014 + 2_058);
}

#[test]
fn commission_is_that_of_the_set_and_stays_claimable_when_the_line_closes() {
    let mut world = World::new(1, &[UNIT]);
    world.to(2);
    world.mature(1);
    world.act(commission(1, 500));
    for paid in [0, 0, 500] {
        world.boundary(10_000);
        assert_eq!(world.line(line(1, 1)).owed, paid);
    }
    world.act(retire(1));
    assert_eq!(world.line(line(1, 1)).owed, 500);
    world.act(claim_commission(1));
    assert_eq!(world.refuse(claim_commission(1)), Reject::NothingOwed);
    assert_eq!(world.refuse(claim_commission(7)), Reject::NoOperator);
    assert_eq!(world.paid(account_of(op(1))), 500);
    world.check();
}

#[test]
fn commission_changes_by_its_step_after_the_last_change_has_matured_and_its_bounds_one_way() {
    let mut world = World::new(1, &[UNIT]);
    let refused = |commission, why| Reject::Commission { commission, why };
    let young = "the epoch of the last change has not matured";
    assert_eq!(world.refuse(commission(1, 1)), refused(1, young));
    world.to(3);
    world.mature(1);
    let step = "it would change by more than the step of the line";
    assert_eq!(world.refuse(commission(1, 501)), refused(501, step));
    world.act(commission(1, 500));
    world.mature(3);
    assert_eq!(world.refuse(commission(1, 500)), refused(500, young));
    let bounds = |most, step| {
        Input::Edit(Edit {
            max_commission: most,
            commission_step: step,
            ..edit(1)
        })
    };
    let one_way = |what, way| Reject::OneWay { what, way };
    let most = one_way("the maximum of the commission", "lowered");
    assert_eq!(world.refuse(bounds(Some(2_001), None)), most);
    let step = one_way("the greatest change of the commission", "lowered");
    assert_eq!(world.refuse(bounds(None, Some(501))), step);
    let above = refused(500, "it is above the maximum of the line");
    assert_eq!(world.refuse(bounds(Some(499), None)), above);
    world.act(bounds(Some(600), Some(100)));
    world.act(Input::Edit(Edit {
        min_self_stake: Some(7),
        ..edit(1)
    }));
    let lower = Input::Edit(Edit {
        min_self_stake: Some(6),
        ..edit(1)
    });
    let own = one_way("the least stake of the operator's own", "raised");
    assert_eq!(world.refuse(lower), own);
    // A line without stake and seat sets it freely from 0, below the maximum, and else once an epoch.
    world.act(registration(2, 2, 2));
    let above = refused(2_001, "it is above the maximum of the line");
    assert_eq!(world.refuse(commission(2, 2_001)), above);
    world.act(commission(2, 0));
    world.act(commission(2, 2_000));
    assert_eq!(world.refuse(commission(2, 1_999)), refused(1_999, young));
    assert_eq!(world.refuse(commission(2, 2_000)), refused(2_000, young));
    world.to(4);
    world.act(commission(2, 1_000));
    assert_eq!(world.refuse(commission(2, 1_001)), refused(1_001, young));
}

#[test]
fn half_of_the_votes_have_the_full_reward_and_less_has_none() {
    for (votes, paid) in [(0, 0), (1, 0), (7, 0), (8, 1_000), (15, 1_000)] {
        let mut world = World::new(2, &[UNIT, 3 * UNIT]);
        world.boundary_with(4_000, |seat| if seat == 0 { votes } else { COUNTED });
        let _ = world.try_act(claim_rewards(account_of(op(1)), &[1]));
        assert_eq!(world.paid(account_of(op(1))), paid, "{votes} votes");
        let unpaid = 1_000 - paid as u128;
        assert_eq!(
            world.leaf::<Rewards>(()).pool,
            unpaid,
            "it stays in the pool"
        );
    }
}

#[test]
fn the_pool_drips_by_what_it_was_before_the_fees() {
    let mut world = World::new(1, &[UNIT]);
    world.rules.drip = 10_000_000;
    world.act(Input::Fund(10_000));
    let effects = world.act(Input::Release(77));
    assert_eq!(effects, [Effect::Released { amount: 177 }]);
    assert_eq!(world.leaf::<Rewards>(()).pool, 10_077);
}

#[test]
fn a_retired_line_is_paid_for_the_sets_that_it_still_stands_in_and_a_frozen_one_is_not() {
    let mut world = World::new(2, &[UNIT, UNIT]);
    world.act(retire(1));
    let owed = |world: &mut World| world.leaf::<Rewards>(()).owed;
    world.boundary(1_000);
    assert_eq!(owed(&mut world), 1_000);
    world.boundary(1_000);
    assert_eq!(owed(&mut world), 2_000);
    let paid = world.line(line(1, 1)).index;
    world.boundary(1_000);
    assert_eq!(owed(&mut world), 3_000);
    assert_eq!(world.line(line(1, 1)).index, paid);
    world.drain();
    let mut world = World::new(2, &[UNIT, UNIT]);
    world.act(freeze(1, 1, 0));
    world.boundary(1_000);
    let rewards = world.leaf::<Rewards>(());
    assert_eq!((rewards.pool, rewards.owed), (500, 500));
}

#[test]
fn rewards_are_restaked_behind_the_same_line() {
    let mut world = World::new(1, &[UNIT]);
    let position = world.delegate(OWNER, 1, UNIT);
    world.to(2);
    assert_eq!(world.refuse(restake(OWNER, position)), Reject::NothingOwed);
    world.boundary(2 * UNIT);
    let stranger = who(2);
    let refused = Reject::RestakeNotAllowed { number: position };
    assert_eq!(world.refuse(restake(stranger, position)), refused);
    let allow = |allowed| {
        Input::AllowRestake(AllowRestake {
            owner: OWNER,
            position,
            allowed,
        })
    };
    world.act(allow(true));
    world.act(restake(stranger, position));
    let made = world.made();
    let made = world.position(made);
    assert_eq!((made.owner, made.base, made.restake), (OWNER, UNIT, true));
    assert_eq!(made.legs[0], Leg::bonded(line(1, 1), 5));
    assert_eq!(world.paid(OWNER), -(UNIT as i128));
    assert_eq!(world.leaf::<Rewards>(()).owed, UNIT);
    // A stranger leaves no dust behind; the owner may.
    world.boundary(19);
    let (amount, minimum) = (9, 10);
    let small = world.refuse(restake(stranger, position));
    assert_eq!(small, Reject::TooSmall { amount, minimum });
    world.act(restake(OWNER, position));
    world.boundary(100);
    world.act(allow(false));
    assert_eq!(world.refuse(restake(stranger, position)), refused);
    world.act(undelegate(OWNER, position, 1));
    let part = world.made();
    assert_eq!(
        world.refuse(restake(OWNER, part)),
        Reject::NotBonded { number: part }
    );
    world.act(retire(1));
    assert_eq!(world.refuse(restake(OWNER, position)), Reject::LineClosed);
    world.check();
    world.drain();
}

#[test]
fn a_transaction_names_few_positions_and_none_twice() {
    let mut world = World::new(1, &[UNIT]);
    let own = account_of(op(1));
    let limit = crate::rules::MAX_POSITIONS;
    let many: Vec<u64> = (1..=limit as u64 + 1).collect();
    for (positions, count) in [
        (&[][..], 0),
        (&[1, 1], 2),
        (&[1, 2, 1], 3),
        (&many, limit + 1),
    ] {
        let refused = world.refuse(claim_rewards(own, positions));
        assert_eq!(refused, Reject::Positions { count, limit });
    }
    world.boundary(UNIT);
    let second = world.delegate(own, 1, 10);
    world.act(claim_rewards(own, &[1, second]));
    assert_eq!(world.paid(own), UNIT as i128 - 10);
}

#[test]
fn epochs_mature_one_by_one_by_root_times_alone() {
    let mut world = World::new(1, &[UNIT]);
    let mature = |epoch, accepted, arrival| {
        Input::Mature(Mature {
            epoch,
            accepted,
            arrival,
        })
    };
    let early = Reject::NoEffect("the next epoch has not matured");
    for (epoch, accepted, arrival) in [
        (0, 5, 105),
        (1, 0, 1_000),
        (1, 5, 104),
        (1, u64::MAX, u64::MAX),
    ] {
        assert_eq!(world.refuse(mature(epoch, accepted, arrival)), early);
    }
    world.act(mature(1, 5, 105));
    assert_eq!(world.leaf::<Maturity>(()).matured, 1);
    assert_eq!(world.refuse(mature(1, 5, 105)), early);
    // A record of a later epoch in the same place of the ring shows it too.
    world.act(mature(10, 5, 105));
    assert_eq!(world.leaf::<Maturity>(()).matured, 2);
}

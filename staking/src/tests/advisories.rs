//! What befell other engines of stake, each with the name of its advisory, and does not befall this one.

use super::*;

const OWNER: Account = who(1);

/// ASA-2024-005 (GHSA-86h5-xcpx-cfqc): a redelegation escaped a slash that was still to come, when it was followed by an unbonding.
/// A cut of the infraction's epoch follows every chain of redelegations and unbondings.
#[test]
fn asa_2024_005_a_redelegation_and_an_unbonding_do_not_escape_a_cut_that_is_to_come() {
    let mut world = World::new(4, &[5 * UNIT, 4 * UNIT, 3 * UNIT]);
    let position = world.delegate(OWNER, 1, 1_000);
    world.to(6);
    world.act(redelegate(OWNER, position, 1_000, 2));
    world.to(7);
    world.act(undelegate(OWNER, position, 400));
    let part = world.made();
    world.to(8);
    world.act(undelegate(OWNER, position, 600));
    world.freeze(1, 1, 7);
    world.to(12);
    world.mature(10);
    for number in [position, part] {
        assert_eq!(
            world.refuse(claim_stake(OWNER, number)),
            frozen(number, 1, [7, 7])
        );
    }
    world.settle(1, 1, 7, 50 * PERCENT);
    for (number, left) in [(position, 300), (part, 200)] {
        assert_eq!(
            world.refuse(claim_stake(OWNER, number)),
            Reject::CutPending { number }
        );
        world.act(apply_cut(number));
        let before = world.paid(OWNER);
        world.act(claim_stake(OWNER, number));
        assert_eq!(world.paid(OWNER) - before, left);
    }
    assert_eq!(world.burned, 500);
    world.check();
}

/// ISA-2025-005 (GHSA-p22h-3m2v-cmgh): a huge deposit into the reward pool overflowed the historical rewards and halted the chain.
/// All that root can hold, paid each epoch to the least stake that a seat can have, overflows nothing, and is claimed.
#[test]
fn isa_2025_005_a_huge_deposit_overflows_no_index() {
    const ALL: u128 = 1 << 112;
    let mut rules = rules(1);
    (rules.unit, rules.min_seat, rules.drip) = (1, 1, WHOLE);
    let mut world = World::with(rules, &[1]);
    world.quiet = true;
    let own = account_of(op(1));
    for _ in 0..100 {
        world.act(Input::Fund(ALL - 1));
        world.boundary(1);
        world.act(claim_rewards(own, &[1]));
        assert_eq!(world.paid(own), ALL as i128);
        world.accounts.clear();
        world.given -= ALL;
    }
    world.check();
}

/// cosmos-sdk #4088 and #4094: by rounding, the stake of a validator after a slash was less than the sum of its shares, so that the last
/// to leave could not. Positions hold amounts: after cuts of odd fractions and many splits, everybody leaves with what is theirs.
#[test]
fn sdk_4088_and_4094_rounding_after_a_cut_leaves_nobody_behind() {
    let mut world = World::new(2, &[5 * UNIT + 1, UNIT]);
    let mut positions = Vec::new();
    for number in 0..20 {
        positions.push(world.delegate(who(number), 1, 1 + 37 * u128::from(number)));
    }
    world.to(5);
    world.boundary(9_999_991);
    world.freeze(1, 1, 3);
    world.settle(1, 1, 3, 333_333_333);
    let mut split = 0;
    for (number, position) in (0..).zip(&positions) {
        world.act(apply_cut(*position));
        let base = world.position(*position).base;
        for part in [base / 7, base / 3] {
            if world
                .try_act(undelegate(who(number), *position, part))
                .is_ok()
            {
                split += 1;
            }
            world.check();
        }
    }
    assert!(split >= 20, "{split} splits of 40 were taken");
    world.act(apply_cut(1));
    let world = world.drain();
    assert_eq!(
        world
            .lines()
            .iter()
            .map(|(_, line)| line.stake)
            .sum::<u128>(),
        0
    );
}

/// TOB-LOOM-022: each delegator's reward was rounded down and the rest was stranded. Less than one unit of a claim stays behind, in what
/// is owed, which the sum of all money counts.
#[test]
fn tob_loom_022_what_rounding_leaves_is_counted_and_less_than_a_unit_of_each_claim() {
    let mut world = World::new(1, &[UNIT]);
    let positions: Vec<u64> = (1..=30)
        .map(|number| world.delegate(who(number), 1, 33))
        .collect();
    world.to(2);
    world.boundary(1_000_003);
    let mut claims = 1;
    world.act(claim_rewards(account_of(op(1)), &[1]));
    for (number, position) in (1..).zip(positions) {
        world.act(claim_rewards(who(number), &[position]));
        claims += 1;
    }
    world.check();
    let Rewards { pool, owed } = world.leaf(());
    assert_eq!(pool, 0);
    assert!(owed <= claims, "{owed} of {claims} claims");
}

/// agoric-sdk #4300 and cosmos-sdk #2168: what a slash left in the books of a vesting account freed or held back what was given to it later.
/// There are no vesting accounts; and what a position lost stands in that position alone: with it gone, stake that comes later is bound
/// and free like anybody's.
#[test]
fn agoric_4300_and_sdk_2168_a_cut_leaves_nothing_behind_that_binds_or_frees_later_stake() {
    let mut world = World::new(4, &[5 * UNIT, 4 * UNIT, 3 * UNIT]);
    let first = world.delegate(OWNER, 1, 1_000);
    world.to(6);
    world.act(undelegate(OWNER, first, 1_000));
    world.freeze(1, 1, 5);
    world.settle(1, 1, 5, 70 * PERCENT);
    world.act(apply_cut(first));
    world.to(10);
    world.mature(9);
    world.act(claim_stake(OWNER, first));
    assert_eq!((world.paid(OWNER), world.burned), (-700, 700));
    // This owner, and another one that was never cut.
    let other = who(2);
    for (owner, operator) in [(OWNER, 2), (other, 2)] {
        let before = world.paid(owner);
        let later = world.delegate(owner, operator, 500);
        assert_eq!(world.position(later).held_down(), 500);
        let epoch = world.epoch;
        world.to(epoch + 3);
        world.act(undelegate(owner, later, 500));
        let (number, last, matured) = (later, epoch + 4, world.leaf::<Maturity>(()).matured);
        let waits = Reject::NotMatured {
            number,
            last,
            matured,
        };
        assert_eq!(world.refuse(claim_stake(owner, later)), waits);
        world.to(epoch + 6);
        world.mature(epoch + 5);
        world.act(claim_stake(owner, later));
        assert_eq!(world.paid(owner), before);
    }
    world.check();
}

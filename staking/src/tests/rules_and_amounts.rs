//! Parameters and amounts that no rule may begin to work with: behind them a sum would not add up, and that halts every node.

use super::*;

#[test]
fn rules_that_do_not_fit_together_are_refused() {
    let sound = rules(4);
    let seats = |seats| Rules { seats, ..sound };
    let cases = [
        (seats(0), Reject::Seats { seats: 0 }),
        (seats(513), Reject::Seats { seats: 513 }),
        (
            Rules { unit: 0, ..sound },
            Reject::Power(PowerError::ZeroUnit),
        ),
        (
            Rules {
                min_seat: UNIT - 1,
                ..sound
            },
            Reject::Rules("a seat needs at least one unit of stake"),
        ),
        (
            Rules {
                drip: WHOLE + 1,
                ..sound
            },
            Reject::Rules("the drip is more than the whole pool"),
        ),
        (
            Rules {
                max_commission: 10_001,
                ..sound
            },
            Reject::Rules("the commission is more than the whole reward"),
        ),
    ];
    for (rules, reject) in cases {
        let mut leaves = MemoryLeaves::default();
        let refused = found(&mut leaves, &rules, &[]);
        assert_eq!(refused, Err(Error::Reject(reject.clone())));
        let mut world = World::new(4, &[UNIT]);
        world.rules = rules;
        assert_eq!(world.refuse(Input::Fund(1)), reject);
    }
}

#[test]
fn more_founders_than_seats_and_a_stake_below_a_seat_are_refused() {
    let mut leaves = MemoryLeaves::default();
    let founders = [founder(1, UNIT), founder(2, UNIT)];
    let many = found(&mut leaves, &rules(1), &founders);
    let (first, end, seats) = (0, 2, 1);
    assert_eq!(
        many,
        Err(Error::Reject(Reject::Range { first, end, seats }))
    );
    let small = found(&mut leaves, &rules(1), &[founder(1, UNIT - 1)]);
    let (stake, needed) = (UNIT - 1, UNIT);
    assert_eq!(
        small,
        Err(Error::Reject(Reject::StakeBelowSeat { stake, needed }))
    );
}

#[test]
fn no_amount_that_somebody_names_overflows_a_sum() {
    let mut world = World::new(2, &[UNIT]);
    let limit = 1 << 112;
    for amount in [u128::MAX, u128::MAX - UNIT, limit + 1] {
        let delegate = delegate(who(1), line(1, 1), amount);
        assert_eq!(world.refuse(delegate), Reject::TooMuch { amount, limit });
        let held = UNIT;
        let own = account_of(op(1));
        for input in [undelegate(own, 1, amount), redelegate(own, 1, amount, 2)] {
            world.try_act(registration(2, 2, 2)).ok();
            assert_eq!(world.refuse(input), Reject::NotEnough { amount, held });
        }
        let minimum = amount;
        let least = Input::Edit(Edit {
            min_self_stake: Some(amount),
            ..edit(1)
        });
        assert_eq!(
            world.refuse(least),
            Reject::SelfStakeBelow { own: UNIT, minimum }
        );
    }
    // All that there can be is taken, beside what is there already.
    world.delegate(who(1), 1, limit);
    world.check();
}

#[test]
fn nothing_is_a_delegation_of_nothing() {
    let mut world = World::new(2, &[UNIT]);
    let delegate = |operator, amount| delegate(who(1), line(operator, 1), amount);
    assert_eq!(world.refuse(delegate(1, 0)), Reject::ZeroAmount);
    assert_eq!(world.refuse(delegate(7, 1)), Reject::NoOperator);
    world.act(retire(1));
    assert_eq!(world.refuse(delegate(1, 1)), Reject::LineClosed);
    let nothing = "the amount is zero";
    assert_eq!(world.refuse(Input::Fund(0)), Reject::NoEffect(nothing));
}

#[test]
fn a_founder_begins_with_its_commission_and_changes_it_as_everybody_else_does() {
    let opening = Opening {
        commission: 700,
        max_commission: Some(2_000),
        commission_step: Some(50),
    };
    let founder = Founder {
        opening,
        description: Some(Description([7; 256])),
        ..founder(1, UNIT)
    };
    let (rules, mut leaves) = (rules(2), MemoryLeaves::default());
    found(&mut leaves, &rules, std::slice::from_ref(&founder)).unwrap();
    let seat: Seat = leaves.read(0).unwrap().unwrap();
    assert_eq!(seat.commission, 700);
    let said: Description = leaves.read(op(1)).unwrap().unwrap();
    assert_eq!(said, Description([7; 256]));
    let change = |leaves: &mut MemoryLeaves, commission| {
        let context = Context {
            rules: &rules,
            epoch: 3,
        };
        let edit = Input::Edit(Edit {
            commission: Some(commission),
            ..edit(1)
        });
        apply(leaves, &context, &edit)
    };
    let refused = |commission, why| Err(Error::Reject(Reject::Commission { commission, why }));
    let early = "the epoch of the last change has not matured";
    assert_eq!(change(&mut leaves, 750), refused(750, early));
    let freezes = Freezes::default();
    leaves
        .write(
            (),
            &Maturity {
                matured: 1,
                freezes,
            },
        )
        .unwrap();
    let far = "it would change by more than the step of the line";
    assert_eq!(change(&mut leaves, 751), refused(751, far));
    change(&mut leaves, 750).unwrap();
    // Beyond the rules' own bounds nobody begins.
    let beyond = Opening {
        max_commission: Some(rules.max_commission + 1),
        ..opening
    };
    let founder = Founder {
        opening: beyond,
        ..founder
    };
    let refused = found(&mut MemoryLeaves::default(), &rules, &[founder]);
    assert!(matches!(refused, Err(Error::Reject(Reject::OneWay { .. }))));
}

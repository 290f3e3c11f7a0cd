//! A seat that was taken in this epoch stays until the next: whoever displaces a member stands in a set, and nobody who backs a line waits
//! for that in two epochs, whatever the operators of several lines do.

use rand::Rng;

use super::*;

/// Operators, whose lines change seats with each other.
const SWAPPING: [u8; 2] = [8, 9];

/// The delegator, without whose stake line 8 has too little for a seat.
const HELD: Account = who(1);

fn world(founders: &[u128], seats: u16) -> (World, u64) {
    let mut world = World::new(seats, founders);
    for operator in SWAPPING {
        world.join(operator, u64::from(operator), UNIT / 2, false);
    }
    let position = world.delegate(HELD, 8, 3 * UNIT);
    world.delegate(who(2), 9, 3 * UNIT);
    (world, position)
}

/// Whether the delegator could not go now, only because the seat is new.
fn is_held(world: &World, position: u64) -> bool {
    let mut world = world.clone();
    let base = world.position(position).base;
    match world.try_act(undelegate(HELD, position, base)) {
        Ok(_) => false,
        Err(Reject::NewSeat { .. }) => true,
        Err(other) => panic!("{other:?}"),
    }
}

/// What steps of each epoch do to the delegator: whether it is held before any of them, or behind one.
fn held_in(
    (mut world, position): (World, u64),
    mut steps: impl FnMut(&mut World) -> Vec<Input>,
) -> Vec<bool> {
    let mut held = Vec::new();
    for _ in 0..12 {
        let mut now = is_held(&world, position);
        for step in steps(&mut world) {
            let _ = world.try_act(step);
            now |= is_held(&world, position);
        }
        held.push(now);
        world.boundary(0);
    }
    held
}

/// That it is held in no two epochs behind each other, and in some at all.
fn never_twice(held: &[bool]) {
    assert!(held.contains(&true), "nobody was ever held");
    let twice = held.windows(2).position(|two| two == [true, true]);
    assert_eq!(twice, None, "held in two epochs: {held:?}");
}

/// The two give their seats back and take each other's, from any epoch on and so often, in every order.
#[test]
fn nobody_is_held_by_two_lines_that_swap_seats_in_each_epoch() {
    let orders = [
        [leave(8), leave(9), take_seat(9), take_seat(8)],
        [leave(8), take_seat(9), leave(9), take_seat(8)],
        [leave(9), leave(8), take_seat(8), take_seat(9)],
        [leave(8), take_seat(8), leave(9), take_seat(9)],
        [take_seat(8), leave(8), take_seat(9), leave(9)],
        [take_seat(9), take_seat(8), leave(9), leave(8)],
    ];
    for order in &orders {
        for from in 0..4 {
            for every in 1..4 {
                let held = held_in(world(&[9 * UNIT, 8 * UNIT], 4), |world| {
                    match world.epoch >= from && world.epoch % every == 0 {
                        true => order.to_vec(),
                        false => Vec::new(),
                    }
                });
                never_twice(&held);
            }
        }
    }
}

/// Each displaces the other one with one unit more, at the end of an epoch or at its beginning, and takes a seat again as soon as it can; a
/// third one helps.
#[test]
fn nobody_is_held_by_lines_that_displace_each_other() {
    for others in [[9, 9], [9, 7], [7, 9]] {
        for from in 0..3 {
            let (mut world, position) = world(&[90 * UNIT, 80 * UNIT], 3);
            world.join(7, 7, 3 * UNIT + UNIT / 2, false);
            let held = held_in((world, position), |world| {
                if world.epoch < from {
                    return Vec::new();
                }
                let other = others[usize::from(world.epoch % 2 == 1)];
                let add = |number: u8, amount| {
                    delegate(account_of(op(number)), line(number, number.into()), amount)
                };
                let [mine, others] = [8, other].map(|number| {
                    let id = line(number, u64::from(number));
                    world.line(id).stake
                });
                let weakest = minima::weakest(&mut world.leaves, 3).unwrap().stake;
                let more = (weakest + 1).saturating_sub(mine).max(1);
                let above = (mine + more + 1).saturating_sub(others).max(1);
                vec![
                    add(8, more),
                    take_seat(8),
                    add(other, above),
                    take_seat(other),
                    take_seat(8),
                ]
            });
            never_twice(&held);
        }
    }
}

/// Whatever the operators do, a seat that was taken is in the set behind the next one, with the stake that took it; and the delegator is held in no two epochs.
#[test]
fn in_every_sequence_of_steps_what_took_a_seat_is_in_a_set_and_nobody_is_held_twice() {
    let (mut takes, mut holds) = (0, 0);
    for seed in 0..300 {
        let mut rng = rng(seed);
        let (mut world, position) = world(&[9 * UNIT, 8 * UNIT, 2 * UNIT], 4 + (seed % 2) as u16);
        let mut before = false;
        for _ in 0..12 {
            let mut held = is_held(&world, position);
            let mut taken = BTreeMap::new();
            for _ in 0..rng.random_range(0..7) {
                let input = step(&mut rng, &mut world);
                let is_done = world.try_act(input).is_ok();
                for effect in world.effects.iter().filter(|_| is_done) {
                    if let Effect::Seated { line, seat, stake } = effect {
                        taken.insert(*seat, (*line, *stake));
                    }
                }
                held |= is_held(&world, position);
            }
            let fixed = world.epoch + 2;
            world.boundary(0);
            for (seat, (id, stake)) in taken {
                let place = ring_place(fixed, world.rules.ring);
                let member: MemberLeaf = world.leaf((place, seat));
                let standing = member.standing.expect("a member");
                assert_eq!(standing.line, id);
                assert!(standing.stake >= stake, "it has what took the seat");
                takes += 1;
            }
            assert!(!(before && held), "held in two epochs");
            before = held;
            holds += u32::from(held);
        }
    }
    println!("{takes} seats were taken, and {holds} epochs held somebody");
    assert!(takes > 1_000 && holds > 100, "{takes}, {holds}");
}

/// Whoever is absent is jailed, and asks to return; keys are tombstoned by evidence, and others take their place.
#[test]
fn nobody_is_held_in_two_epochs_by_lines_that_are_jailed_or_change_their_keys() {
    let (mut holds, mut returned, mut tombstoned) = (0, 0, 0);
    for seed in 0..300 {
        let mut rng = rng(seed);
        let (mut world, position) = world(&[9 * UNIT, 8 * UNIT, 2 * UNIT], 4 + (seed % 2) as u16);
        world.rules.jail_epochs = 1;
        let mut before = false;
        let mut keys = 10..;
        for _ in 0..16 {
            let mut held = is_held(&world, position);
            for _ in 0..rng.random_range(0..7) {
                let operator = [8, 9][rng.random_range(0..2)];
                let newest: Operator = world.leaf(op(operator));
                let all = match rng.random_range(0..8) {
                    0..3 => vec![unjail(operator)],
                    3 => {
                        let key = keys.next().unwrap();
                        let newest: Registration = world.leaf((op(operator), newest.registration));
                        let [old, ..] = newest.consensus_key;
                        vec![
                            Input::Tombstone([old; 20]),
                            registration(operator, u64::from(key), key),
                        ]
                    }
                    _ => vec![step(&mut rng, &mut world)],
                };
                for input in all {
                    let _ = world.try_act(input);
                    held |= is_held(&world, position);
                    let done = std::mem::take(&mut world.effects);
                    returned += done
                        .iter()
                        .filter(|it| matches!(it, Effect::Unjailed { .. }))
                        .count();
                    tombstoned += done
                        .iter()
                        .filter(|it| matches!(it, Effect::Tombstoned { .. }))
                        .count();
                }
            }
            let absent = rng.random_range(0..8);
            world.boundary_with(0, |seat| if seat == absent { 0 } else { COUNTED });
            assert!(!(before && held), "held in two epochs");
            before = held;
            holds += usize::from(held);
        }
    }
    println!("{holds} epochs held somebody, {returned} returned, {tombstoned} were tombstoned");
    assert!(holds > 100 && returned > 20 && tombstoned > 100);
}

/// A step of one of the operators, of themselves under another account too.
fn step(rng: &mut ChaCha8Rng, world: &mut World) -> Input {
    let operator = [8, 9, 3][rng.random_range(0..3)];
    let to = line(operator, u64::from(operator));
    let owned = world.positions().into_iter().filter(|(_, one)| {
        one.owner != HELD && one.is_bonded() && !matches!(one.newest().line.operator[0], 1 | 2)
    });
    let owned: Vec<(u64, Position)> = owned.collect();
    let held = owned.get(rng.random_range(0..owned.len().max(1)));
    match (rng.random_range(0..7), held) {
        (0..=1, _) => leave(operator),
        (2..=4, _) => take_seat(operator),
        (5, Some((number, position))) => undelegate(position.owner, *number, position.base),
        _ => delegate(who(3), to, rng.random_range(1..2 * UNIT)),
    }
}

/// A cut that is applied takes away as well, and waits as long. So nobody who doomed a line empties with many small positions of it, one
/// an epoch, the seats that another line takes.
#[test]
fn a_cut_that_is_applied_does_not_empty_a_seat_that_was_taken_in_this_epoch() {
    let mut world = World::new(3, &[9 * UNIT, 5 * UNIT]);
    world.join(9, 9, UNIT - 101, false);
    let all = [0, 1].map(|_| world.delegate(HELD, 2, 100));
    world.to(4);
    for number in all {
        world.act(redelegate(HELD, number, 100, 9));
    }
    world.act(take_seat(9));
    world.freeze(2, 2, 4);
    world.settle(2, 2, 4, 50 * PERCENT);
    // The first one leaves enough for the seat, the second one does not.
    world.act(apply_cut(all[0]));
    assert_eq!(world.line(line(9, 9)).stake, UNIT + 49);
    let seat = 2;
    assert_eq!(world.refuse(apply_cut(all[1])), Reject::NewSeat { seat });
    world.to(5);
    assert!(world.set(6).iter().any(|member| member.operator == op(9)));
    world.act(apply_cut(all[1]));
    assert!(!world.line(line(9, 9)).seated());
    assert_eq!(world.burned, 100);
    world.check();
}

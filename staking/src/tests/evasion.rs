//! Whoever was at risk is cut, whatever it does and when; and nobody else loses a unit.
//!
//! What was at risk in epoch x is told by a snapshot when the set of x is fixed, and not by the legs of positions: whose stake was in
//! the stake of the line, if the line is in that set. The court freezes at any moment before x has matured, and settles at any later one.

use rand::Rng;

use super::*;

/// The culprit: operator 5, who also has a line of its own, that was never seated.
const CULPRIT: Account = [
    0, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5,
];
const HONEST: Account = who(1);
const STAKE: u128 = 700_000;

/// What a second offence costs, in percent. The first one costs a half.
const SECOND: u64 = 30;

/// What the court does, and when.
#[derive(Clone, Copy, Debug)]
struct Court {
    offence: u64,
    freeze: u64,
    settle: u64,
    /// The whole epoch is frozen first, and the line one epoch later, so that its freeze may come after x has matured.
    of_epoch: bool,
    /// The court is shown an offence of the next epoch beside it, once that has begun, which costs less.
    twice: bool,
    /// Fees that each epoch has.
    fees: u128,
}

impl Court {
    fn acts(self, world: &mut World) {
        let Court { offence, .. } = self;
        if !is_member(world, offence) {
            return;
        }
        if self.of_epoch && world.epoch == self.freeze {
            world.act(Input::FreezeEpoch(offence));
        }
        if world.epoch == self.freeze + u64::from(self.of_epoch) {
            world.freeze(1, 1, offence);
            if self.is_second(world) {
                world.freeze(1, 1, offence + 1);
            }
            if self.of_epoch {
                world.act(Input::ReleaseEpoch(offence));
            }
        }
        if world.epoch == self.settle + u64::from(self.of_epoch) {
            world.settle(1, 1, offence, 50 * PERCENT);
            if self.is_second(world) {
                world.settle(1, 1, offence + 1, SECOND * PERCENT);
            }
        }
    }

    /// Whether there is an offence in the epoch behind the first one's too.
    fn is_second(self, world: &mut World) -> bool {
        self.twice && self.freeze > self.offence && is_member(world, self.offence + 1)
    }
}

/// Epochs that have matured lag behind by three.
fn every_court(offence: u64) -> impl Iterator<Item = Court> {
    (offence..offence + 4).flat_map(move |freeze| {
        [(0, false), (2, false), (2, true)].map(|(later, of_epoch)| Court {
            offence,
            freeze,
            settle: freeze + later,
            of_epoch,
            twice: false,
            fees: 0,
        })
    })
}

/// Whether line 1 is in the set of an epoch with stake: of nobody else can the court be shown an offence, and a set that copies the one
/// before has nothing at risk.
fn is_member(world: &mut World, epoch: u64) -> bool {
    let place = ring_place(epoch, world.rules.ring);
    (0..world.rules.seats).any(|seat| {
        let member: Option<MemberLeaf> = world.find((place, seat));
        let standing = member
            .filter(|member| member.epoch == epoch)
            .and_then(|member| member.standing);
        standing.is_some_and(|standing| standing.line == line(1, 1) && standing.stake > 0)
    })
}

/// Stake of the accounts that is in the stake of line 1, if that line is in the set that is fixed now.
fn at_risk(world: &mut World, epoch: u64) -> BTreeMap<Account, u128> {
    let mut sums = BTreeMap::new();
    let in_set = is_member(world, epoch);
    for (_, position) in world.positions() {
        if in_set && position.is_bonded() && position.newest().line == line(1, 1) {
            *sums.entry(position.owner).or_default() += position.held_down();
        }
    }
    sums
}

fn start() -> World {
    let mut world = World::new(4, &[4 * STAKE, 3 * STAKE, STAKE]);
    for operator in [4, 5] {
        world.act(registration(operator, u64::from(operator), operator));
    }
    for account in [CULPRIT, HONEST] {
        world.delegate(account, 1, STAKE);
        world.delegate(account, 2, STAKE);
    }
    world
}

/// What an account has lost when everybody has taken out what is theirs.
fn lost(world: &World, account: Account) -> i128 {
    let founded = (1..4).find(|number| account == account_of(op(*number)));
    let stake = founded.map_or(0, |number| {
        [4, 3, 1][usize::from(number) - 1] * STAKE as i128
    });
    stake - (world.paid(account) - world.earned(account))
}

/// Plays an offence, with `act` before and behind what the court does in each epoch, and looks at who lost what.
fn play(court: Court, absent: Option<u64>, mut act: impl FnMut(&mut World, bool)) {
    let mut world = start();
    world.quiet = true;
    let mut risk = at_risk(&mut world.clone(), court.offence.min(1));
    if court.offence < 2 {
        risk = BTreeMap::from([(account_of(op(1)), 4 * STAKE)]);
    }
    let (mut next, mut second) = (risk.clone(), false);
    while world.epoch < court.offence + 10 {
        world.mature(world.epoch.saturating_sub(3));
        act(&mut world, true);
        court.acts(&mut world);
        act(&mut world, false);
        for (number, position) in world.positions() {
            let _ = world.try_act(claim_stake(position.owner, number));
        }
        let fixed = world.epoch + 2;
        let away = absent == Some(world.epoch);
        second |= court.is_second(&mut world);
        world.boundary_with(
            court.fees,
            |seat| if away && seat == 0 { 0 } else { COUNTED },
        );
        if fixed == court.offence {
            risk = at_risk(&mut world, fixed);
        }
        if fixed == court.offence + 1 {
            next = at_risk(&mut world, fixed);
        }
    }
    let world = world.drain();
    let honest = [
        HONEST,
        account_of(op(1)),
        account_of(op(2)),
        account_of(op(3)),
    ];
    for account in honest.into_iter().chain([CULPRIT]) {
        let of = |risk: &BTreeMap<Account, u128>, percent| {
            let held = risk.get(&account).copied().unwrap_or(0);
            held as i128 * i128::from(percent) / 100
        };
        let first = of(&risk, 50);
        let second = if second { of(&next, SECOND) } else { 0 };
        // A position that was at risk in both epochs loses the greater; the culprit may have had other positions there each time.
        let least = first.max(second);
        let over = lost(&world, account) - least;
        let most = match least > 0 && account == CULPRIT {
            true => first.min(second) + 20,
            false => 0,
        };
        assert!(
            (0..=most).contains(&over),
            "{court:?}: {account:?} lost {over} more than {least}"
        );
    }
    if court.fees > 0 {
        assert!(world.earned(HONEST) > 0, "who does nothing is paid");
    }
}

/// The culprit's positions that back a line until they are ended.
fn bonded(world: &World) -> Vec<(u64, Position)> {
    let all = world.positions().into_iter();
    all.filter(|(_, position)| position.owner == CULPRIT && position.is_bonded())
        .collect()
}

fn mine(world: &World) -> Vec<u64> {
    let all = world.positions().into_iter();
    all.filter(|(_, position)| position.owner == CULPRIT)
        .map(|(number, _)| number)
        .collect()
}

fn undelegate_all(world: &mut World) {
    for (number, position) in bonded(world) {
        let _ = world.try_act(undelegate(CULPRIT, number, position.base));
    }
}

fn cancel_all(world: &mut World) {
    for number in mine(world) {
        let _ = world.try_act(cancel(CULPRIT, number));
    }
}

fn redelegate_all(world: &mut World, to: u8) {
    for (number, position) in bonded(world) {
        let to = world.newest(to);
        let _ = world.try_act(redelegate_to(CULPRIT, number, position.base, to));
    }
}

fn claim_all(world: &mut World) {
    for number in mine(world) {
        let _ = world.try_act(claim_rewards(CULPRIT, &[number]));
    }
}

fn merge_all(world: &mut World) {
    let numbers = mine(world);
    for first in &numbers {
        for second in &numbers {
            let _ = world.try_act(merge(CULPRIT, *first, *second));
        }
    }
}

/// Splits each position in three: one part stays, one is undelegated, one moves.
fn split_all(world: &mut World) {
    for (number, position) in bonded(world) {
        let _ = world.try_act(undelegate(CULPRIT, number, position.base / 3));
        let _ = world.try_act(redelegate(CULPRIT, number, position.base / 3, 2));
    }
}

fn register_anew(world: &mut World) {
    let _ = world.try_act(retire(1));
    let _ = world.try_act(registration(1, 51, 51));
    redelegate_all(world, 1);
}

fn try_all(world: &mut World, inputs: &[Input]) {
    for input in inputs {
        let _ = world.try_act(input.clone());
    }
}

/// At every offset of a whole window around the offence, before and behind what the court does in that epoch, with every court.
fn at_every_offset(steps: &[fn(&mut World)]) {
    at_every_offset_of(|court| court, steps);
}

fn at_every_offset_of(change: fn(Court) -> Court, steps: &[fn(&mut World)]) {
    for offence in [0, 3] {
        for court in every_court(offence).map(change) {
            for at in offence.saturating_sub(3)..offence + 6 {
                for early in [true, false] {
                    play(court, None, |world, before| {
                        let step = world.epoch.checked_sub(at).map(|behind| behind as usize);
                        let step = step.and_then(|behind| steps.get(behind));
                        if let Some(step) = step.filter(|_| before == early) {
                            step(world);
                        }
                    });
                }
            }
        }
    }
}

#[test]
fn nobody_evades_by_doing_nothing_and_claiming_first() {
    at_every_offset(&[]);
}

#[test]
fn nobody_evades_by_unbonding() {
    at_every_offset(&[undelegate_all]);
}

#[test]
fn nobody_evades_by_cancelling() {
    at_every_offset(&[|world| {
        undelegate_all(world);
        cancel_all(world);
    }]);
    at_every_offset(&[
        undelegate_all,
        cancel_all,
        undelegate_all,
        |_| {},
        cancel_all,
    ]);
}

#[test]
fn nobody_evades_by_redelegating_to_a_seated_line() {
    at_every_offset(&[|world| redelegate_all(world, 2)]);
    at_every_offset(&[|world| redelegate_all(world, 2), undelegate_all]);
}

#[test]
fn nobody_evades_by_redelegating_to_a_line_that_was_never_seated() {
    at_every_offset(&[|world| {
        redelegate_all(world, 4);
        undelegate_all(world);
    }]);
    at_every_offset(&[
        |world| redelegate_all(world, 4),
        |world| redelegate_all(world, 3),
    ]);
}

#[test]
fn nobody_evades_by_redelegating_to_its_own_line() {
    at_every_offset(&[
        |world| redelegate_all(world, 5),
        |world| try_all(world, &[take_seat(5), leave(5), retire(5)]),
        undelegate_all,
    ]);
}

#[test]
fn nobody_evades_by_rotating_keys() {
    at_every_offset(&[
        |world| try_all(world, &[registration(1, 50, 50), Input::Tombstone([1; 20])]),
        undelegate_all,
    ]);
    // The old key is tombstoned, then the new one, and a third one takes the seat again.
    at_every_offset(&[
        |world| try_all(world, &[registration(1, 50, 50), Input::Tombstone([1; 20])]),
        |world| try_all(world, &[Input::Tombstone([50; 20])]),
        |world| try_all(world, &[registration(1, 51, 51), take_seat(1)]),
        undelegate_all,
    ]);
}

#[test]
fn nobody_evades_by_registering_anew() {
    at_every_offset(&[register_anew, |world| try_all(world, &[take_seat(1)])]);
}

#[test]
fn nobody_evades_by_leaving_or_retiring() {
    at_every_offset(&[|world| try_all(world, &[leave(1)]), undelegate_all]);
    at_every_offset(&[|world| try_all(world, &[retire(1)]), undelegate_all]);
    at_every_offset(&[
        |world| try_all(world, &[leave(1)]),
        undelegate_all,
        cancel_all,
        |world| {
            try_all(world, &[take_seat(1)]);
        },
    ]);
}

#[test]
fn nobody_evades_by_merging() {
    at_every_offset(&[merge_all, merge_all, merge_all, undelegate_all]);
}

#[test]
fn nobody_evades_by_splitting() {
    at_every_offset(&[split_all, undelegate_all]);
}

/// With fees in every epoch, of which nothing that is earned makes a cut smaller, and with a second offence in the next epoch.
#[test]
fn nobody_evades_where_fees_are_earned_and_two_offences_are_cut() {
    let steps: [&[fn(&mut World)]; 6] = [
        &[],
        &[claim_all, undelegate_all, claim_all],
        &[|world| redelegate_all(world, 2), claim_all, undelegate_all],
        &[|world| redelegate_all(world, 4), undelegate_all],
        &[split_all, merge_all, undelegate_all, cancel_all],
        &[|world| try_all(world, &[leave(1)]), undelegate_all],
    ];
    for steps in steps {
        at_every_offset_of(
            |court| Court {
                twice: true,
                fees: 10_007,
                ..court
            },
            steps,
        );
    }
}

#[test]
fn nobody_evades_by_being_jailed_first() {
    for offence in [0, 4] {
        for court in every_court(offence) {
            for away in 0..offence + 5 {
                play(court, Some(away), |world, before| {
                    if before && world.epoch == away + 1 {
                        undelegate_all(world);
                        try_all(world, &[unjail(1)]);
                    }
                });
            }
        }
    }
}

/// Another offence, that costs nothing, closes the line before the one that does or long after it: at every moment at which it can, and
/// settled at once or later.
#[test]
fn nobody_evades_by_a_first_offence_that_closes_the_line_late_or_early() {
    for offence in [0, 3] {
        for court in every_court(offence) {
            for other in offence.saturating_sub(2)..offence + 3 {
                for (at, wait) in (other..other + 4).flat_map(|at| [(at, 0), (at, 2)]) {
                    let mut open = false;
                    play(court, None, |world, before| {
                        if before && world.epoch == at && is_member(world, other) {
                            world.freeze(1, 1, other);
                            open = true;
                        }
                        if before && open && world.epoch == at + wait {
                            world.settle(1, 1, other, 0);
                            open = false;
                        }
                        if before && world.epoch == offence + 1 {
                            redelegate_all(world, 2);
                            undelegate_all(world);
                        }
                    });
                    assert!(!open, "it was settled");
                }
            }
        }
    }
}

#[test]
fn nobody_evades_by_any_sequence_of_random_steps() {
    for seed in 0..400 {
        let mut rng = rng(seed);
        let offence = rng.random_range(0..10);
        let courts: Vec<Court> = every_court(offence).collect();
        let court = courts[rng.random_range(0..courts.len())];
        let away = rng.random_bool(0.3).then_some(rng.random_range(0..10));
        play(court, away, |world, _| {
            for _ in 0..rng.random_range(0..4) {
                step(&mut rng, world);
            }
        });
    }
}

fn step(rng: &mut ChaCha8Rng, world: &mut World) {
    let numbers = mine(world);
    let Some(number) = numbers.get(rng.random_range(0..numbers.len().max(1))) else {
        return;
    };
    let base = world.position(*number).base;
    let amount = if rng.random_bool(0.5) { base } else { base / 2 };
    let to = rng.random_range(1..=5);
    let newest = world.newest(to);
    let other = numbers[rng.random_range(0..numbers.len())];
    let inputs = [
        undelegate(CULPRIT, *number, amount),
        redelegate_to(CULPRIT, *number, amount, newest),
        cancel(CULPRIT, *number),
        merge(CULPRIT, *number, other),
        leave(to),
        take_seat(to),
        apply_cut(*number),
    ];
    let _ = world.try_act(inputs[rng.random_range(0..inputs.len())].clone());
}

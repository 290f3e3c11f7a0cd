//! Whoever was at risk is cut, whatever it does and when; and nobody else loses a unit.
//!
//! What was at risk in epoch x is told by a snapshot when the set of x is fixed, and not by the legs of positions: whose stake was in
//! the stake of the line, if the line is in that set. The court freezes at any moment before x has matured, and settles at any later one.

//! Each step has to be accepted, or to be refused by what defends against it: see [`tried`].

use rand::Rng;

use super::*;
use tried::{Outcomes, Trial};

mod rotation;
mod tried;

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
        // The court names the registration that the set of the offence's epoch has.
        let Some(registration) = member(world, offence) else {
            return;
        };
        if self.of_epoch && world.epoch == self.freeze {
            world.act(Input::FreezeEpoch(offence));
        }
        if world.epoch == self.freeze + u64::from(self.of_epoch) {
            world.freeze(1, registration, offence);
            if let Some(second) = self.second(world) {
                world.freeze(1, second, offence + 1);
            }
            if self.of_epoch {
                world.act(Input::ReleaseEpoch(offence));
            }
        }
        if world.epoch == self.settle + u64::from(self.of_epoch) {
            world.settle(1, registration, offence, 50 * PERCENT);
            if let Some(second) = self.second(world) {
                world.settle(1, second, offence + 1, SECOND * PERCENT);
            }
        }
    }

    /// Whose offence there is in the epoch behind the first one's too.
    fn second(self, world: &mut World) -> Option<u64> {
        let is_second = self.twice && self.freeze > self.offence;
        is_second.then(|| member(world, self.offence + 1)).flatten()
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

/// The registration of line 1 in the set of an epoch, if it is there with stake: of nobody else can the court be shown an offence, and a
/// set that copies the one before has nothing at risk.
fn member(world: &mut World, epoch: u64) -> Option<u64> {
    let place = ring_place(epoch, world.rules.ring);
    (0..world.rules.seats).find_map(|seat| {
        let member: MemberLeaf = world.find((place, seat))?;
        let standing = member.standing.filter(|_| member.epoch == epoch)?;
        (standing.line == line(1, 1) && standing.stake > 0).then_some(standing.registration)
    })
}

fn is_member(world: &mut World, epoch: u64) -> bool {
    member(world, epoch).is_some()
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

/// What is played: the offence, who tries to evade, and the epoch in which the operator at seat 0 does not vote.
#[derive(Clone, Copy, Debug)]
struct Play {
    court: Court,
    culprit: Account,
    absent: Option<u64>,
}

impl Play {
    fn of(court: Court) -> Self {
        Self {
            court,
            culprit: CULPRIT,
            absent: None,
        }
    }
}

/// Plays an offence, with `act` before and behind what the court does in each epoch, and looks at who lost what. What came of the steps.
fn play(play: Play, mut act: impl FnMut(&mut Trial, bool)) -> Outcomes {
    let Play {
        court,
        culprit,
        absent,
    } = play;
    let mut world = Trial::new(start(), culprit);
    world.quiet = true;
    let mut risk = at_risk(&mut world.clone(), court.offence.min(1));
    if court.offence < 2 {
        risk = BTreeMap::from([(account_of(op(1)), 4 * STAKE)]);
    }
    let (mut next, mut second) = (risk.clone(), false);
    while world.epoch < court.offence + 10 {
        let epoch = world.epoch;
        world.mature(epoch.saturating_sub(3));
        act(&mut world, true);
        court.acts(&mut world);
        act(&mut world, false);
        for (number, position) in world.positions() {
            let _ = world.try_act(claim_stake(position.owner, number));
        }
        let fixed = world.epoch + 2;
        let away = absent == Some(world.epoch);
        second |= court.second(&mut world).is_some();
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
    let (world, outcomes) = world.end();
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
        let most = match least > 0 && account == culprit {
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
    outcomes
}

fn undelegate_all(trial: &mut Trial) {
    let owner = trial.culprit;
    for (number, _) in trial.bonded() {
        trial.attempt(number, |position| undelegate(owner, number, position.base));
    }
}

fn cancel_all(trial: &mut Trial) {
    let owner = trial.culprit;
    for (number, position) in trial.mine() {
        if !position.is_bonded() {
            trial.attempt(number, |_| cancel(owner, number));
        }
    }
}

fn redelegate_all(trial: &mut Trial, to: u8) {
    let owner = trial.culprit;
    let to = trial.newest(to);
    for (number, position) in trial.bonded() {
        if position.newest().line != to {
            trial.attempt(number, |position| {
                redelegate_to(owner, number, position.base, to)
            });
        }
    }
}

fn claim_all(trial: &mut Trial) {
    let owner = trial.culprit;
    for (number, _) in trial.mine() {
        trial.attempt(number, |_| claim_rewards(owner, &[number]));
    }
}

/// Merges all positions behind line 1 into the first of them.
fn merge_all(trial: &mut Trial) {
    let owner = trial.culprit;
    let all = trial.bonded().into_iter();
    let mut behind = all.filter(|(_, position)| position.newest().line == line(1, 1));
    let Some((first, _)) = behind.next() else {
        return;
    };
    for (second, _) in behind {
        trial.attempt(second, |_| merge(owner, first, second));
    }
}

/// Splits each position in three: one part stays, one is undelegated, one moves.
fn split_all(trial: &mut Trial) {
    let owner = trial.culprit;
    for (number, position) in trial.bonded() {
        trial.attempt(number, |position| {
            undelegate(owner, number, position.base / 3)
        });
        if position.newest().line != line(2, 2) {
            trial.attempt(number, |position| {
                redelegate(owner, number, position.base / 3, 2)
            });
        }
    }
}

fn register_anew(trial: &mut Trial) {
    operate_all(trial, &[retire(1), registration(1, 51, 51)]);
    redelegate_all(trial, 1);
}

/// The newest line of operator 1 takes a seat, if it has none.
fn seat_again(trial: &mut Trial) {
    let newest = trial.newest(1);
    if !trial.line(newest).seated() {
        trial.operate(take_seat(1));
    }
}

fn operate_all(trial: &mut Trial, inputs: &[Input]) {
    for input in inputs {
        trial.operate(input.clone());
    }
}

/// With fees in every epoch.
fn earning(court: Court) -> Play {
    Play::of(Court {
        fees: 10_007,
        ..court
    })
}

/// With fees in every epoch, and a second offence in the next epoch.
fn earning_twice(court: Court) -> Play {
    let Play { court, .. } = earning(court);
    Play::of(Court {
        twice: true,
        ..court
    })
}

/// At every offset of a whole window around the offence, before and behind what the court does in that epoch, with every court. What came
/// of the steps, by the epoch of the offset from three before the offence on.
fn at_every_offset(steps: &[fn(&mut Trial)]) -> Outcomes {
    at_every_offset_of(Play::of, steps)
}

fn at_every_offset_of(change: fn(Court) -> Play, steps: &[fn(&mut Trial)]) -> Outcomes {
    let mut all = Outcomes::default();
    for offence in [0, 3] {
        for one in every_court(offence).map(change) {
            for at in offence.saturating_sub(3)..offence + 6 {
                for early in [true, false] {
                    let outcomes = play(one, |trial, before| {
                        let step = trial.epoch.checked_sub(at).map(|behind| behind as usize);
                        let step = step.and_then(|behind| steps.get(behind));
                        if let Some(step) = step.filter(|_| before == early) {
                            step(trial);
                        }
                    });
                    all.add(outcomes, offence);
                }
            }
        }
    }
    all
}

#[test]
fn nobody_evades_by_doing_nothing_and_claiming_first() {
    at_every_offset(&[]);
    let done = at_every_offset_of(earning, &[claim_all, undelegate_all, claim_all]);
    done.are("ClaimRewards", &["NothingOwed"], |at| !EARNED.contains(&at));
    done.are("Undelegate", &[], never);
}

#[test]
fn nobody_evades_by_unbonding() {
    let done = at_every_offset(&[undelegate_all]);
    done.are("Undelegate", &["NewStake"], came);
}

#[test]
fn nobody_evades_by_cancelling() {
    let done = at_every_offset(&[|trial| {
        undelegate_all(trial);
        cancel_all(trial);
    }]);
    done.are("Undelegate", &["NewStake"], came);
    done.are("Cancel", &["Frozen", "LineClosed"], closed);
    let done = at_every_offset(&[
        undelegate_all,
        cancel_all,
        undelegate_all,
        |_| {},
        cancel_all,
    ]);
    // A position waits for its first line once at a time.
    done.are("Cancel", &["Frozen", "LineClosed", "TwoLegs"], closed);
}

#[test]
fn nobody_evades_by_redelegating_to_a_seated_line() {
    let done = at_every_offset(&[|trial| redelegate_all(trial, 2)]);
    done.are("Redelegate", &["Frozen", "NewStake"], came);
    let done = at_every_offset(&[|trial| redelegate_all(trial, 2), undelegate_all]);
    done.are("Redelegate", &["Frozen", "NewStake"], came);
    done.are("Undelegate", &[], never);
}

#[test]
fn nobody_evades_by_redelegating_to_a_line_that_was_never_seated() {
    let done = at_every_offset(&[|trial| {
        redelegate_all(trial, 4);
        undelegate_all(trial);
    }]);
    done.are("Redelegate", &["Frozen", "NewStake"], came);
    done.are("Undelegate", &["NewStake"], came);
    let done = at_every_offset(&[
        |trial| redelegate_all(trial, 4),
        |trial| redelegate_all(trial, 3),
    ]);
    done.are("Redelegate", &["Frozen", "TwoLegs", "NewStake"], came);
}

#[test]
fn nobody_evades_by_redelegating_to_its_own_line() {
    let done = at_every_offset(&[
        |trial| redelegate_all(trial, 5),
        |trial| operate_all(trial, &[take_seat(5), leave(5), retire(5)]),
        undelegate_all,
    ]);
    done.are("Redelegate", &["Frozen", "NewStake"], came);
    // Where the redelegation was frozen, or came too early, the own line has no stake.
    done.are("TakeSeat", &["StakeBelowSeat"], |at| at == -2);
    done.are("Leave", &["NewSeat", "NotSeated"], |_| true);
    done.are("Retire", &["NewSeat"], |at| {
        at != -2 && !(1..=5).contains(&at)
    });
    done.are("Undelegate", &[], never);
}

/// The operator whose key offends, with its own stake.
#[test]
fn nobody_evades_with_the_own_stake_of_the_line() {
    let operator = |court| Play {
        culprit: account_of(op(1)),
        ..Play::of(court)
    };
    let played = |steps: &[fn(&mut Trial)]| at_every_offset_of(operator, steps);
    let done = played(&[undelegate_all, cancel_all]);
    done.are("Undelegate", &[], never);
    done.are("Cancel", &["Frozen", "LineClosed"], |at| at >= 4);
    for done in [
        played(&[|trial| redelegate_all(trial, 2), undelegate_all]),
        played(&[|trial| redelegate_all(trial, 4), undelegate_all]),
        played(&[split_all, undelegate_all]),
    ] {
        done.are("Redelegate", &["Frozen"], never);
        done.are("Undelegate", &[], never);
    }
    let done = played(&[|trial| operate_all(trial, &[leave(1)]), undelegate_all]);
    done.are("Leave", &["NotSeated"], closed);
    done.are("Undelegate", &[], never);
    let done = played(&[register_anew]);
    done.are("Retire", &["LineClosed"], closed);
    done.are("Register", &[], never);
    done.are("Redelegate", &["Frozen"], never);
}

#[test]
fn nobody_evades_by_rotating_keys() {
    let rotate: fn(&mut Trial) =
        |trial| operate_all(trial, &[registration(1, 50, 50), Input::Tombstone([1; 20])]);
    let done = at_every_offset(&[rotate, undelegate_all]);
    done.are("Register", &[], never);
    done.are("Tombstone", &[], never);
    done.are("Undelegate", &[], never);
    // The old key is tombstoned, and the new one with it, and a third one takes the seat again.
    let done = at_every_offset(&[
        rotate,
        |trial| {
            trial.operate(registration(1, 51, 51));
            seat_again(trial);
        },
        |trial| {
            seat_again(trial);
            undelegate_all(trial);
        },
        |trial| {
            seat_again(trial);
            undelegate_all(trial);
        },
    ]);
    done.are("Register", &[], never);
    done.are("Tombstone", &[], never);
    done.are(
        "TakeSeat",
        &["InJail", "LineClosed", "LostSeat", "StakeBelowSeat"],
        |at| at < -1 || closed(at),
    );
    done.are("Undelegate", &["NewSeat"], |at| at == -1);
}

#[test]
fn nobody_evades_by_registering_anew() {
    let done = at_every_offset(&[
        register_anew,
        seat_again,
        seat_again,
        seat_again,
        seat_again,
    ]);
    done.are("Retire", &["LineClosed"], closed);
    done.are("Register", &[], never);
    done.are("Redelegate", &["Frozen"], never);
    // The jail that the old line may still earn holds the new one back as well.
    done.are("TakeSeat", &["InJail", "Seated", "StakeBelowSeat"], |at| {
        at < 1
    });
}

#[test]
fn nobody_evades_by_leaving_or_retiring() {
    let done = at_every_offset(&[|trial| operate_all(trial, &[leave(1)]), undelegate_all]);
    done.are("Leave", &["NotSeated"], closed);
    done.are("Undelegate", &[], never);
    let done = at_every_offset(&[|trial| operate_all(trial, &[retire(1)]), undelegate_all]);
    done.are("Retire", &["LineClosed"], closed);
    done.are("Undelegate", &[], never);
    let done = at_every_offset(&[
        |trial| operate_all(trial, &[leave(1)]),
        undelegate_all,
        cancel_all,
        |trial| operate_all(trial, &[take_seat(1)]),
    ]);
    done.are("Cancel", &["Frozen", "LineClosed"], closed);
    done.are("TakeSeat", &["LineClosed"], closed);
}

/// The culprit has positions behind the line that were at risk in the epoch of the offence, and one that was not, which came later.
#[test]
fn nobody_evades_by_merging() {
    let offence = 9;
    for change in [Play::of, earning_twice] {
        let mut all = Outcomes::default();
        for court in every_court(offence) {
            for at in offence - 3..offence + 6 {
                for early in [true, false] {
                    let done = play(change(court), |trial, before| {
                        let epoch = trial.epoch;
                        if before && (epoch < 4 || epoch == offence - 1) {
                            let (from, to) = (trial.culprit, trial.newest(1));
                            trial.operate(delegate(from, to, STAKE / 7));
                        }
                        if epoch == at && before == early {
                            merge_all(trial);
                        }
                        if epoch == at + 1 && before == early {
                            undelegate_all(trial);
                        }
                    });
                    all.add(done, offence);
                }
            }
        }
        all.are("Delegate", &[], never);
        all.are("Merge", &["Frozen", "NotMergeable"], |behind| behind >= 4);
        all.are("Undelegate", &["NewStake"], never);
    }
}

#[test]
fn nobody_evades_by_splitting() {
    let done = at_every_offset(&[split_all, undelegate_all]);
    done.are("Undelegate", &["NewStake"], came);
    done.are("Redelegate", &["Frozen", "NewStake"], came);
}

/// With fees in every epoch, of which nothing that is earned makes a cut smaller, and with a second offence in the next epoch.
#[test]
fn nobody_evades_where_fees_are_earned_and_two_offences_are_cut() {
    let played = |steps: &[fn(&mut Trial)]| at_every_offset_of(earning_twice, steps);
    played(&[]);
    let done = played(&[claim_all, undelegate_all, claim_all]);
    done.are("ClaimRewards", &["NothingOwed"], |at| !EARNED.contains(&at));
    done.are("Undelegate", &[], never);
    let done = played(&[|trial| redelegate_all(trial, 2), claim_all, undelegate_all]);
    done.are("Redelegate", &["Frozen", "NewStake"], came);
    done.are("ClaimRewards", &["NothingOwed"], |at| at < 0);
    done.are("Undelegate", &[], never);
    let done = played(&[|trial| redelegate_all(trial, 4), undelegate_all]);
    done.are("Redelegate", &["Frozen", "NewStake"], came);
    done.are("Undelegate", &[], never);
    let done = played(&[split_all, undelegate_all, cancel_all]);
    done.are("Redelegate", &["Frozen", "NewStake"], came);
    done.are("Undelegate", &["NewStake"], came);
    done.are("Cancel", &["Frozen", "LineClosed", "TwoLegs"], never);
    let done = played(&[|trial| operate_all(trial, &[leave(1)]), undelegate_all]);
    done.are("Leave", &["NotSeated"], closed);
    done.are("Undelegate", &[], never);
}

/// The operator does not vote in an epoch, and is jailed for it; the culprit goes at once, and the operator returns as soon as it may.
#[test]
fn nobody_evades_by_being_jailed_first() {
    let mut all = Outcomes::default();
    for offence in [0, 4] {
        for court in every_court(offence) {
            for away in 0..offence + 5 {
                let absent = Some(away);
                let jailed = Play {
                    absent,
                    ..Play::of(court)
                };
                let done = play(jailed, |trial, before| {
                    if before && trial.epoch == away + 1 {
                        undelegate_all(trial);
                    }
                    if before && (away + 1..away + 4).contains(&trial.epoch) {
                        trial.operate(unjail(1));
                    }
                });
                all.add(done, away);
            }
        }
    }
    all.are("Undelegate", &[], never);
    all.are("Unjail", &["InJail", "NotSeated", "NotJailed"], |behind| {
        behind != 3
    });
}

/// Another offence, that costs nothing, closes the line before the one that does or long after it: at every moment at which it can, and
/// settled at once or later.
#[test]
fn nobody_evades_by_a_first_offence_that_closes_the_line_late_or_early() {
    let mut all = Outcomes::default();
    for offence in [0, 3] {
        for court in every_court(offence) {
            for other in offence.saturating_sub(2)..offence + 3 {
                for (at, wait) in (other..other + 4).flat_map(|at| [(at, 0), (at, 2)]) {
                    let mut open = false;
                    let done = play(Play::of(court), |trial, before| {
                        if before && trial.epoch == at && is_member(trial, other) {
                            trial.freeze(1, 1, other);
                            open = true;
                        }
                        if before && open && trial.epoch == at + wait {
                            trial.settle(1, 1, other, 0);
                            open = false;
                        }
                        if before && trial.epoch == offence + 1 {
                            redelegate_all(trial, 2);
                        }
                        if before && (offence + 1..offence + 3).contains(&trial.epoch) {
                            undelegate_all(trial);
                        }
                    });
                    assert!(!open, "it was settled");
                    all.add(done, offence);
                }
            }
        }
    }
    all.are("Redelegate", &["Frozen"], never);
    all.are("Undelegate", &["NewStake"], never);
}

#[test]
fn nobody_evades_by_any_sequence_of_random_steps() {
    let mut all = Outcomes::default();
    for seed in 0..400 {
        let mut rng = rng(seed);
        let offence = rng.random_range(0..10);
        let courts: Vec<Court> = every_court(offence).collect();
        let court = courts[rng.random_range(0..courts.len())];
        let absent = rng.random_bool(0.3).then_some(rng.random_range(0..10));
        let random = Play {
            absent,
            ..Play::of(court)
        };
        let done = play(random, |trial, _| {
            for _ in 0..rng.random_range(0..4) {
                step(&mut rng, trial);
            }
        });
        all.add(done, offence);
    }
    for kind in [
        "Undelegate",
        "Redelegate",
        "Cancel",
        "Merge",
        "Leave",
        "TakeSeat",
        "ApplyCut",
    ] {
        assert!(all.accepted(kind) >= 10, "{kind}: {}", all.accepted(kind));
    }
}

fn step(rng: &mut ChaCha8Rng, trial: &mut Trial) {
    let mine = trial.mine();
    let Some((number, position)) = mine.get(rng.random_range(0..mine.len().max(1))) else {
        return;
    };
    let (number, base) = (*number, position.base);
    let amount = if rng.random_bool(0.5) { base } else { base / 2 };
    let to = rng.random_range(1..=5);
    let newest = trial.newest(to);
    let (other, _) = mine[rng.random_range(0..mine.len())];
    let inputs = [
        undelegate(CULPRIT, number, amount),
        redelegate_to(CULPRIT, number, amount, newest),
        cancel(CULPRIT, number),
        merge(CULPRIT, number, other),
        leave(to),
        take_seat(to),
        apply_cut(number),
    ];
    trial.operate(inputs[rng.random_range(0..inputs.len())].clone());
}

/// Behind the offence, when what was earned may be claimed: the first set that the culprit backs has ended, and the line is not yet closed in
/// every play.
const EARNED: std::ops::RangeInclusive<i64> = 0..=5;

/// No defence refuses a step in every play of an epoch.
const fn never(_: i64) -> bool {
    false
}

/// The stake came in this epoch, which is the first one.
const fn came(behind: i64) -> bool {
    behind == -3
}

/// The court has closed the line in every play by then.
const fn closed(behind: i64) -> bool {
    behind >= 5
}

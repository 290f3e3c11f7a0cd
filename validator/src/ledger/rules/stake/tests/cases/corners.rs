//! Cases of what is rare: two legs, on one line too; epochs that are frozen as a whole; seats that are new, or were lost; and every reason
//! of a refusal that no other case has.

use plasmid_staking::rules::{
    cancel::Cancel, leave::Leave, take_seat::TakeSeat, undelegate::Undelegate, unjail::Unjail,
};
use plasmid_staking::{Effect, MAX_AMOUNT, Seat, SeatState};

use super::*;

pub(super) fn all(cases: &mut Cases) {
    folded(cases);
    one_line_twice(cases);
    pieces(cases);
    frozen_epochs(cases);
    new_seats(cases);
    lost_seats(cases);
    late_cancels(cases);
    refused_merges(cases);
    jails(cases);
    cases.no("delegate: more than there can be", OWNER, |scene| {
        scene.give(OWNER, 2 * MAX_AMOUNT);
        delegate(FOUNDER, MAX_AMOUNT + 1)
    });
}

fn allow(position: u64) -> StakeBody {
    StakeBody::AllowRestake {
        position,
        allowed: true,
    }
}

fn apply(position: u64) -> StakeBody {
    StakeBody::ApplyCut { position }
}

fn cancel(position: u64) -> StakeBody {
    StakeBody::CancelUnbonding { position }
}

fn merge(first: u64, second: u64) -> StakeBody {
    StakeBody::Merge { first, second }
}

/// A position of an amount behind the founder from epoch 2 on, that moves in epoch 2: behind the newcomer from epoch 4 on.
fn moved_of(scene: &mut Scene, amount: u128) -> u64 {
    let position = scene.delegate(0, OWNER, FOUNDER, amount);
    let owner = Wallet::new(OWNER).account().bytes();
    scene.act(
        2,
        &Input::Redelegate(Redelegate {
            owner,
            position,
            amount,
            to: line(NEWCOMER),
            max_commission: COMMISSION,
        }),
    );
    position
}

/// A position as [`moved_of`] makes it, with three tenths cut of the first leg, whose epochs have matured.
fn cut_before(scene: &mut Scene, amount: u128) -> u64 {
    let position = moved_of(scene, amount);
    scene.freeze(FOUNDER, 2);
    scene.settle_at(FOUNDER, 2, 300_000_000);
    scene.act(2, &Input::ApplyCut(ApplyCut { position }));
    scene.mature(4);
    position
}

/// A first leg that is over is folded into the base before anything else is done with the position.
fn folded(cases: &mut Cases) {
    cases.ok(
        "undelegate: a part, behind a first leg that was cut and is over",
        OWNER,
        |scene| undelegate(cut_before(scene, COIN), COIN / 2),
    );
    cases.no(
        "undelegate: what the first leg has lost, when that is over",
        OWNER,
        |scene| undelegate(cut_before(scene, COIN), COIN),
    );
    cases.ok(
        "redelegate: a part, behind a first leg that was cut and is over",
        OWNER,
        |scene| {
            let position = cut_before(scene, COIN);
            let (to, line) = scene.fill(|_| COIN);
            StakeBody::Redelegate {
                position,
                amount: COIN / 2,
                to,
                line,
                max_commission: COMMISSION,
            }
        },
    );
    cases.ok(
        "undelegate: a part, while the first leg waits with its cut",
        OWNER,
        |scene| {
            let number = cut_before(scene, COIN + 1);
            scene.mature(3);
            undelegate(number, COIN / 3)
        },
    );
    cases.ok(
        "allow_restake: folding rounds once more, and burns a unit",
        OWNER,
        |scene| {
            seated(scene, NEWCOMER);
            let position = moved_of(scene, COIN + 7);
            for (of, epoch) in [(FOUNDER, 3), (NEWCOMER, 4)] {
                scene.cut_in(3, of, epoch, 300_000_000);
            }
            scene.act(3, &Input::ApplyCut(ApplyCut { position }));
            scene.mature(4);
            allow(position)
        },
    );
}

/// A position that was ended in epoch 1 and taken back in the next: behind the founder in epoch 2, and from epoch 4 on.
fn twice(scene: &mut Scene) -> u64 {
    let position = held(scene);
    scene.earn(FOUNDER, COIN, 0);
    scene.undelegate(1, OWNER, position, COIN);
    let owner = Wallet::new(OWNER).account().bytes();
    scene.act(2, &Input::Cancel(Cancel { owner, position }));
    position
}

fn one_line_twice(cases: &mut Cases) {
    cases.ok(
        "undelegate: a part of what has both legs on one line",
        OWNER,
        |scene| undelegate(twice(scene), COIN / 3),
    );
    cases.ok(
        "claim_rewards: of what has both legs on one line",
        OWNER,
        |scene| claim_rewards(vec![twice(scene)]),
    );
    cases.no(
        "redelegate: what has both legs on one line, before the first has matured",
        OWNER,
        |scene| redelegate(twice(scene), COIN, NEWCOMER),
    );
    for (name, cuts) in [
        (
            "apply_cut: of both legs on one line, the first is the greater",
            [300_000_000, 200_000_000],
        ),
        (
            "apply_cut: of both legs on one line, the second is the greater",
            [200_000_000, 300_000_000],
        ),
    ] {
        cases.ok(name, OWNER, |scene| {
            let number = twice(scene);
            for (epoch, cut) in [2, 4].into_iter().zip(cuts) {
                scene.cut_in(3, FOUNDER, epoch, cut);
            }
            apply(number)
        });
    }
    cases.ok(
        "allow_restake: both legs on one line become one, with the greater cut",
        OWNER,
        |scene| {
            let position = twice(scene);
            for (epoch, cut) in [(2, 300_000_000), (4, 200_000_000)] {
                scene.cut_in(3, FOUNDER, epoch, cut);
            }
            scene.act(3, &Input::ApplyCut(ApplyCut { position }));
            scene.mature(3);
            allow(position)
        },
    );
}

fn frozen_epochs(cases: &mut Cases) {
    let freeze = |scene: &mut Scene, epoch| {
        scene.act(3, &Input::FreezeEpoch(epoch));
        scene.mature(4);
    };
    cases.ok("undelegate: of an epoch that is frozen", OWNER, |scene| {
        let number = held(scene);
        freeze(scene, 2);
        undelegate(number, COIN)
    });
    cases.ok(
        "claim_rewards: of an epoch that is frozen",
        OWNER,
        |scene| {
            let number = held(scene);
            scene.earn(FOUNDER, COIN, 0);
            freeze(scene, 2);
            claim_rewards(vec![number])
        },
    );
    cases.no("redelegate: of an epoch that is frozen", OWNER, |scene| {
        let number = held(scene);
        freeze(scene, 2);
        redelegate(number, COIN, NEWCOMER)
    });
    cases.no(
        "cancel_unbonding: of an epoch that is frozen",
        OWNER,
        |scene| {
            let number = ended(scene);
            freeze(scene, 2);
            cancel(number)
        },
    );
    cases.no("claim_stake: of an epoch that is frozen", OWNER, |scene| {
        let number = ended(scene);
        freeze(scene, 2);
        claim(number)
    });
    cases.no(
        "claim_stake: between two epochs that are frozen",
        OWNER,
        |scene| {
            let number = ended(scene);
            freeze(scene, 1);
            freeze(scene, 3);
            claim(number)
        },
    );
    cases.ok(
        "claim_stake: beside an epoch that is frozen",
        OWNER,
        |scene| {
            let number = ended(scene);
            freeze(scene, 3);
            claim(number)
        },
    );
    cases.ok(
        "claim_stake: of an epoch that was frozen and is released",
        OWNER,
        |scene| {
            let number = ended(scene);
            freeze(scene, 2);
            scene.act(3, &Input::ReleaseEpoch(2));
            claim(number)
        },
    );
    cases.no("merge: of an epoch that is frozen", OWNER, |scene| {
        let (first, second) = (held(scene), held(scene));
        freeze(scene, 3);
        merge(first, second)
    });
    cases.ok(
        "allow_restake: a first leg of an epoch that is frozen stays",
        OWNER,
        |scene| {
            let number = moved_of(scene, COIN);
            freeze(scene, 2);
            allow(number)
        },
    );
}

/// The newcomer takes a seat in the epoch of the cases, with a bond of its own and a delegation that the seat needs.
fn taken(scene: &mut Scene) -> u64 {
    let number = scene.delegate(0, OWNER, NEWCOMER, COIN);
    let operator = operator(NEWCOMER);
    scene.act(3, &Input::TakeSeat(TakeSeat { operator }));
    number
}

fn new_seats(cases: &mut Cases) {
    cases.no("leave: a seat taken in this epoch", NEWCOMER, |scene| {
        taken(scene);
        StakeBody::Leave
    });
    cases.no(
        "retire: with a seat taken in this epoch",
        NEWCOMER,
        |scene| {
            taken(scene);
            StakeBody::Retire
        },
    );
    cases.no(
        "undelegate: what a seat taken in this epoch needs",
        OWNER,
        |scene| undelegate(taken(scene), COIN),
    );
    cases.no(
        "undelegate: what a seat taken in this epoch can spare",
        OWNER,
        |scene| undelegate(taken(scene), COIN / 2),
    );
    cases.no(
        "redelegate: what a seat taken in this epoch needs",
        OWNER,
        |scene| redelegate(taken(scene), COIN, FOUNDER),
    );
    cases.no(
        "apply_cut: of what a seat taken in this epoch needs",
        OWNER,
        |scene| {
            let number = moved_of(scene, COIN);
            scene.cut_in(3, FOUNDER, 2, 1_000_000_000);
            let operator = operator(NEWCOMER);
            scene.act(3, &Input::TakeSeat(TakeSeat { operator }));
            apply(number)
        },
    );
    cases.no(
        "leave: a seat that returned from jail in this epoch",
        NEWCOMER,
        |scene| {
            seated(scene, NEWCOMER);
            scene.change(Key::Seat(1), |seat: &mut Seat| {
                seat.state = SeatState::Jailed;
            });
            let operator = operator(NEWCOMER);
            scene.act(3, &Input::Unjail(Unjail { operator }));
            StakeBody::Leave
        },
    );
    cases.no(
        "undelegate: what came in this epoch behind a seat",
        OWNER,
        |scene| undelegate(scene.delegate(3, OWNER, FOUNDER, COIN), COIN),
    );
    cases.no(
        "redelegate: a part of what came in this epoch behind a seat",
        OWNER,
        |scene| {
            let number = scene.delegate(3, OWNER, FOUNDER, COIN);
            redelegate(number, COIN / 2, NEWCOMER)
        },
    );
    cases.no(
        "undelegate: what was ended, and came back in this epoch",
        OWNER,
        |scene| {
            let number = ended(scene);
            let owner = Wallet::new(OWNER).account().bytes();
            let position = number;
            scene.act(3, &Input::Cancel(Cancel { owner, position }));
            undelegate(number, COIN)
        },
    );
    cases.ok(
        "undelegate: what came in this epoch behind a seat in jail",
        OWNER,
        |scene| {
            let number = scene.delegate(3, OWNER, FOUNDER, COIN);
            scene.jail(9);
            undelegate(number, COIN)
        },
    );
    cases.ok("leave: a seat in jail", FOUNDER, |scene| {
        scene.jail(9);
        StakeBody::Leave
    });
    cases.no(
        "leave: a seat that the next set has by a copy only",
        FOUNDER,
        |scene| {
            scene.copied(4);
            StakeBody::Leave
        },
    );
}

/// The founder leaves its seat in an epoch.
fn left(scene: &mut Scene, epoch: u64) {
    let operator = operator(FOUNDER);
    scene.act(epoch, &Input::Leave(Leave { operator }));
}

/// In an epoch the newcomer takes a seat, and evidence of two votes empties it; it registers other keys.
fn passing(scene: &mut Scene, epoch: u64) {
    scene.delegate(0, NEWCOMER, NEWCOMER, COIN);
    let operator = operator(NEWCOMER);
    scene.act(epoch, &Input::TakeSeat(TakeSeat { operator }));
    scene.act(epoch, &Input::Tombstone([0x61; 20]));
    scene.register(NEWCOMER, 3);
}

/// In epoch 2 the newcomer takes the seat that the founder left, and the founder takes it from the newcomer, which then has more stake.
fn displaced(scene: &mut Scene) {
    scene.fill(|_| 9 * COIN);
    left(scene, 0);
    scene.delegate(0, NEWCOMER, NEWCOMER, COIN);
    for operator in [NEWCOMER, FOUNDER].map(operator) {
        scene.act(2, &Input::TakeSeat(TakeSeat { operator }));
    }
    scene.delegate(2, OWNER, NEWCOMER, 9 * COIN);
}

/// The newcomer's larger line takes the founder's seat in epoch 2.
fn founder_displaced(scene: &mut Scene) {
    scene.fill(|_| 9 * COIN);
    scene.delegate(0, NEWCOMER, NEWCOMER, FOUNDED + 1);
    let operator = operator(NEWCOMER);
    scene.act(2, &Input::TakeSeat(TakeSeat { operator }));
}

fn lost_seats(cases: &mut Cases) {
    cases.no(
        "take_seat: in the epoch of the last set of a seat that it left",
        FOUNDER,
        |scene| {
            left(scene, 2);
            StakeBody::TakeSeat
        },
    );
    cases.ok(
        "take_seat: again, from whoever displaced it in the epoch before",
        FOUNDER,
        |scene| {
            founder_displaced(scene);
            scene.delegate(3, OWNER, FOUNDER, 2);
            StakeBody::TakeSeat
        },
    );
    cases.no(
        "take_seat: again, from whoever displaced it in the epoch before, in which evidence came as well",
        FOUNDER,
        |scene| {
            founder_displaced(scene);
            scene.act(2, &Input::Tombstone([0x51; 20]));
            scene.register(FOUNDER, 3);
            scene.delegate(3, OWNER, FOUNDER, 2);
            StakeBody::TakeSeat
        },
    );
    cases.no(
        "take_seat: in the epoch behind the one in which another displaced it from a new seat",
        NEWCOMER,
        |scene| {
            displaced(scene);
            StakeBody::TakeSeat
        },
    );
    cases.no(
        "take_seat: in the epoch behind the one in which its seat was taken and lost",
        NEWCOMER,
        |scene| {
            passing(scene, 2);
            StakeBody::TakeSeat
        },
    );
    cases.ok(
        "take_seat: two epochs behind the one in which its seat was taken and lost",
        NEWCOMER,
        |scene| {
            passing(scene, 1);
            StakeBody::TakeSeat
        },
    );
    cases.no(
        "take_seat: in the epoch in which the seat was lost",
        FOUNDER,
        |scene| {
            left(scene, 3);
            StakeBody::TakeSeat
        },
    );
    cases.ok(
        "take_seat: again, when the last set of the seat before is over",
        FOUNDER,
        |scene| {
            left(scene, 1);
            StakeBody::TakeSeat
        },
    );
    cases.no(
        "take_seat: with less of the operator's own than its minimum",
        NEWCOMER,
        |scene| {
            scene.delegate(0, NEWCOMER, NEWCOMER, COIN);
            scene.change(Key::Line(line(NEWCOMER)), |line: &mut Line| {
                line.min_self_stake = COIN + 1;
            });
            StakeBody::TakeSeat
        },
    );
    cases.ok("undelegate: behind a seat that was lost", OWNER, |scene| {
        let number = held(scene);
        left(scene, 1);
        undelegate(number, COIN)
    });
    cases.ok(
        "claim_stake: behind a seat that was lost, without a wait",
        OWNER,
        |scene| {
            let number = held(scene);
            left(scene, 1);
            scene.mature(3);
            scene.undelegate(3, OWNER, number, COIN);
            claim(number)
        },
    );
}

/// What stays of a position that moved.
fn pieces(cases: &mut Cases) {
    let least = parameters().min_redelegation;
    cases.ok(
        "undelegate: the least stays, with two legs",
        OWNER,
        |scene| undelegate(moved_of(scene, COIN), COIN - least),
    );
    cases.no(
        "undelegate: less than the least would stay, with two legs",
        OWNER,
        |scene| undelegate(moved_of(scene, COIN), COIN - least + 1),
    );
    cases.ok("undelegate: nothing stays, with two legs", OWNER, |scene| {
        undelegate(moved_of(scene, COIN), COIN)
    });
    cases.ok(
        "undelegate: one unit stays, when the first leg is over",
        OWNER,
        |scene| {
            let number = moved_of(scene, COIN);
            scene.mature(4);
            undelegate(number, COIN - 1)
        },
    );
}

/// A moved position, ended in an epoch.
fn moved_and_ended(scene: &mut Scene, epoch: u64, amount: u128) -> u64 {
    let number = moved_of(scene, amount);
    scene.undelegate(epoch, OWNER, number, amount);
    number
}

fn late_cancels(cases: &mut Cases) {
    cases.no(
        "cancel_unbonding: later, while the first leg waits",
        OWNER,
        |scene| cancel(moved_and_ended(scene, 2, COIN)),
    );
    cases.ok(
        "cancel_unbonding: later, when the first leg is over",
        OWNER,
        |scene| {
            let number = moved_and_ended(scene, 2, COIN);
            scene.mature(4);
            cancel(number)
        },
    );
    cases.ok(
        "cancel_unbonding: in the epoch of the request, with two legs",
        OWNER,
        |scene| {
            seated(scene, NEWCOMER);
            scene.stands(NEWCOMER, 1);
            cancel(moved_and_ended(scene, 3, COIN))
        },
    );
    cases.no(
        "cancel_unbonding: less than the least, with two legs",
        OWNER,
        |scene| {
            seated(scene, NEWCOMER);
            scene.stands(NEWCOMER, 1);
            let position = moved_of(scene, COIN);
            let owner = Wallet::new(OWNER).account().bytes();
            let end = Undelegate {
                owner,
                position,
                amount: 1,
            };
            let effects = scene.act(3, &Input::Undelegate(end));
            let part = effects.iter().find_map(|effect| match effect {
                Effect::Opened { position, .. } => Some(*position),
                _ => None,
            });
            cancel(part.expect("a part is a position of its own"))
        },
    );
}

fn refused_merges(cases: &mut Cases) {
    cases.no("merge: one that was moved", OWNER, |scene| {
        let (first, second) = (held(scene), moved_of(scene, COIN));
        scene.mature(3);
        merge(first, second)
    });
    cases.no("merge: into one that was moved", OWNER, |scene| {
        let (first, second) = (moved_of(scene, COIN), held(scene));
        scene.mature(3);
        merge(first, second)
    });
    cases.no("merge: behind a line that is frozen", OWNER, |scene| {
        let (first, second) = (held(scene), held(scene));
        scene.freeze(FOUNDER, 3);
        scene.mature(3);
        merge(first, second)
    });
    cases.no("merge: with a cut that waits", OWNER, |scene| {
        let first = held(scene);
        let second = cut(scene);
        merge(first, second)
    });
    cases.no("merge: with one that is not there", OWNER, |scene| {
        merge(held(scene), 99)
    });
    cases.no("merge: into another's", OWNER, |scene| {
        let second = held(scene);
        scene.mature(3);
        merge(1, second)
    });
}

fn jails(cases: &mut Cases) {
    cases.ok(
        "unjail: with too little for a seat, which is lost",
        FOUNDER,
        |scene| {
            scene.jail(3);
            scene.change(Key::Line(line(FOUNDER)), |line: &mut Line| {
                line.min_self_stake = FOUNDED + 1;
            });
            StakeBody::Unjail
        },
    );
    cases.ok(
        "delegate: behind a seat in jail, which weighs nothing",
        OWNER,
        |scene| {
            scene.jail(9);
            delegate(FOUNDER, COIN)
        },
    );
    cases.ok(
        "take_seat: one whose holder is in jail",
        NEWCOMER,
        |scene| {
            scene.fill(|_| 4 * COIN);
            scene.delegate(0, NEWCOMER, NEWCOMER, COIN);
            scene.absent(2);
            StakeBody::TakeSeat
        },
    );
}

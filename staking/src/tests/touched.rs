//! The leaves that each input touches at worst, counted on states that are built for it, beside the table in the header of the crate.
//!
//! A leaf that is not there counts as its low leaf; one that is made counts as itself and its low leaf. What a transaction touches besides
//! is said at [`By`]; who is paid may be made as well (two), and what is burned has a leaf.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use super::worst::{By, EPOCH, FIRST, LAST, OWNER, SEATS, Worst};
use super::*;
use crate::rules::{
    MAX_POSITIONS, claim_commission::ClaimCommission, edit::Describe, restake::AllowRestake,
};

/// Each kind of input with the rows of the table that count it: this does not compile without every one. Whatever touches leaves of stake is one of
/// them: transactions, messages of the inbox, what blocks bring, and steps of the boundary.
macro_rules! kinds {
    ($($kind:ident => $rows:expr,)*) => {
        fn kind_of(input: &Input) -> &'static str {
            match input {
                $(Input::$kind(_) => stringify!($kind),)*
            }
        }

        fn rows_by_kind() -> Vec<(&'static str, &'static [&'static str])> {
            vec![$((stringify!($kind), &$rows),)*]
        }
    };
}

kinds! {
    Delegate => ["delegate"],
    Undelegate => ["undelegate"],
    Cancel => ["cancel"],
    Redelegate => ["redelegate"],
    ClaimStake => ["claim stake"],
    ClaimRewards => ["claim rewards, alone", "claim rewards, many"],
    ClaimCommission => ["claim commission"],
    Restake => ["restake"],
    AllowRestake => ["allow restake"],
    ApplyCut => ["apply"],
    Merge => ["merge"],
    TakeSeat => ["take seat"],
    Leave => ["leave"],
    Retire => ["retire"],
    Unjail => ["unjail"],
    Edit => ["edit"],
    Describe => ["describe"],
    Register => ["register"],
    Freeze => ["freeze"],
    Settle => ["settle"],
    FreezeEpoch => ["epoch freeze and release"],
    ReleaseEpoch => ["epoch freeze and release"],
    Fund => ["fund and release"],
    Mature => ["mature"],
    Tombstone => ["tombstone"],
    Release => ["fund and release"],
    Reward => ["reward, 8 aligned seats"],
    Roll => ["roll, 16 seats"],
    Copy => ["copy, 16 seats"],
}

/// What a row counts.
struct Counted {
    /// Of a transaction of a user, and of a forced one; what the chain brings has one number.
    leaves: Vec<usize>,
    /// The kinds of the inputs that were counted.
    kinds: BTreeSet<&'static str>,
}

impl Counted {
    fn by(build: impl Fn(&mut Worst) -> Input, all: &[By]) -> Self {
        let mut counted = Self {
            leaves: Vec::new(),
            kinds: BTreeSet::new(),
        };
        for by in all {
            let mut worst = Worst::new();
            let input = build(&mut worst);
            counted.kinds.insert(kind_of(&input));
            counted.leaves.push(worst.count_done(&input, *by));
        }
        counted
    }

    /// The greater numbers of both.
    fn or(mut self, other: Self) -> Self {
        for (mine, others) in self.leaves.iter_mut().zip(other.leaves) {
            *mine = others.max(*mine);
        }
        self.kinds.extend(other.kinds);
        self
    }
}

type Row = (&'static str, Counted);

fn user(build: impl Fn(&mut Worst) -> Input) -> Counted {
    Counted::by(build, &[By::User, By::Inbox])
}

fn chain(build: impl Fn(&mut Worst) -> Input) -> Counted {
    Counted::by(build, &[By::Chain])
}

/// A position whose first leg backs a frozen line and goes, and whose second is bonded to a line that is frozen or has a seat.
fn moved(worst: &mut Worst, frozen: bool) -> u64 {
    with_second(worst, frozen, EPOCH, Leg::BONDED)
}

/// One of an operator, who loses its seat by what it takes away.
fn own(worst: &mut Worst) -> (Account, u64) {
    let owner = account_of(op(2));
    let number = moved(worst, false);
    let held: Position = worst.leaves.read(number).unwrap().unwrap();
    worst.write(number, &Position { owner, ..held });
    let line: Line = worst.leaves.read(Worst::id(2)).unwrap().unwrap();
    let min_self_stake = line.self_stake;
    worst.write(
        Worst::id(2),
        &Line {
            min_self_stake,
            ..line
        },
    );
    worst.stands(2, EPOCH + 1);
    (owner, number)
}

/// The input that applies the cuts of a position.
fn not_applied(worst: &mut Worst, position: u64) -> Input {
    let held: Position = worst.leaves.read(position).unwrap().unwrap();
    let cuts = [0; 2];
    worst.write(position, &Position { cuts, ..held });
    apply_cut(position)
}

/// Makes a position with two legs that was ended.
fn ended(worst: &mut Worst, frozen: bool) -> u64 {
    with_second(worst, frozen, LAST + 1, LAST + 1)
}

fn with_second(worst: &mut Worst, frozen: bool, backed: u64, last: u64) -> u64 {
    worst.frozen(1, LAST);
    if frozen {
        worst.frozen(2, backed);
    }
    worst.stands(2, EPOCH + 1);
    let legs = [worst.leg(1, FIRST, LAST), worst.leg(2, FIRST, last)];
    worst.position(legs, true)
}

fn either(build: impl Fn(&mut Worst, bool) -> Input) -> Counted {
    let [open, frozen] = [false, true].map(|frozen| user(|worst| build(worst, frozen)));
    open.or(frozen)
}

fn rows_of_positions() -> Vec<Row> {
    let part = 1 << 70;
    let claims = |worst: &mut Worst| {
        let mut positions = Vec::new();
        for number in 0..MAX_POSITIONS as u8 {
            let legs = [
                worst.leg(2 * number + 1, FIRST, LAST),
                worst.leg(2 * number + 2, FIRST, LAST + 1),
            ];
            positions.push(worst.position(legs, true));
        }
        claim_rewards(OWNER, &positions)
    };
    vec![
        ("delegate", user(|_| delegate(OWNER, Worst::id(1), 1))),
        (
            "undelegate",
            either(|worst, frozen| undelegate(OWNER, moved(worst, frozen), part)).or(user(
                |worst| {
                    let (owner, position) = own(worst);
                    undelegate(owner, position, part)
                },
            )),
        ),
        (
            "redelegate",
            either(|worst, frozen| redelegate_to(OWNER, moved(worst, frozen), part, Worst::id(3)))
                .or(user(|worst| {
                    let (owner, position) = own(worst);
                    redelegate_to(owner, position, part, Worst::id(3))
                })),
        ),
        ("cancel", user(|worst| cancel(OWNER, ended(worst, false)))),
        (
            "claim stake",
            either(|worst, frozen| claim_stake(OWNER, ended(worst, frozen))),
        ),
        (
            "claim rewards, alone",
            either(|worst, frozen| claim_rewards(OWNER, &[ended(worst, frozen)])),
        ),
        ("claim rewards, many", user(claims)),
        (
            "claim commission",
            user(|worst| {
                let line = Worst::id(1);
                let held: Line = worst.leaves.read(line).unwrap().unwrap();
                worst.write(line, &Line { owed: 1, ..held });
                Input::ClaimCommission(ClaimCommission { line, to: OWNER })
            }),
        ),
        (
            "restake",
            user(|worst| restake(who(2), moved(worst, false))),
        ),
        (
            "allow restake",
            either(|worst, frozen| {
                let position = moved(worst, frozen);
                let (owner, allowed) = (OWNER, true);
                Input::AllowRestake(AllowRestake {
                    owner,
                    position,
                    allowed,
                })
            }),
        ),
        (
            "apply",
            either(|worst, frozen| {
                let position = moved(worst, frozen);
                not_applied(worst, position)
            })
            .or(user(|worst| {
                let (_, position) = own(worst);
                not_applied(worst, position)
            })),
        ),
        (
            "merge",
            user(|worst| {
                worst.frozen(1, LAST);
                worst.frozen(4, LAST);
                let legs = [worst.leg(1, FIRST, LAST), worst.leg(2, FIRST, Leg::BONDED)];
                let first = worst.position(legs, true);
                let legs = [
                    worst.leg(4, FIRST, LAST),
                    worst.leg(2, FIRST + 7, Leg::BONDED),
                ];
                let second = worst.position(legs, true);
                merge(OWNER, first, second)
            }),
        ),
    ]
}

fn rows_of_operators() -> Vec<Row> {
    let fill = |worst: &mut Worst| {
        for seat in 0..SEATS {
            let held: Seat = worst.leaves.read(seat).unwrap().unwrap();
            if held.state == SeatState::Active {
                let stake = held.stake;
                minima::update(&mut worst.leaves, SEATS, minima::Weight { stake, seat }).unwrap();
            }
        }
    };
    vec![
        (
            "take seat",
            user(|worst| {
                worst.unseat(2);
                // It was displaced in the epoch before, and stands in the set of this one.
                worst.stands(2, EPOCH);
                // The weakest is jailed, so it has a holder.
                let held: Seat = worst.leaves.read(25).unwrap().unwrap();
                worst.write(
                    0,
                    &Seat {
                        state: SeatState::Jailed,
                        ..held
                    },
                );
                take_seat(2)
            }),
        ),
        (
            "leave",
            user(|worst| {
                fill(worst);
                worst.stands(1, EPOCH + 1);
                leave(1)
            }),
        ),
        (
            "retire",
            user(|worst| {
                worst.stands(1, EPOCH + 1);
                retire(1)
            }),
        ),
        (
            "unjail",
            user(|worst| {
                let held: Seat = worst.leaves.read(25).unwrap().unwrap();
                worst.write(
                    25,
                    &Seat {
                        state: SeatState::Jailed,
                        ..held
                    },
                );
                unjail(1)
            }),
        ),
        (
            "edit",
            user(|_| {
                let commission = Some(1);
                Input::Edit(Edit {
                    commission,
                    ..edit(1)
                })
            }),
        ),
        (
            "describe",
            user(|_| {
                let operator = op(1);
                let description = Box::new([1; 256]);
                Input::Describe(Describe {
                    operator,
                    description,
                })
            }),
        ),
    ]
}

fn rows_of_the_chain() -> Vec<Row> {
    vec![
        (
            "register",
            chain(|_| registration(1, 500, 99)).or(chain(|_| registration(99, 500, 99))),
        ),
        ("freeze", chain(|_| freeze(1, 1, EPOCH))),
        (
            "settle",
            chain(|worst| {
                worst.unseat(1);
                let held: Line = worst.leaves.read(Worst::id(1)).unwrap().unwrap();
                let state = LineState::Frozen;
                worst.write(Worst::id(1), &Line { state, ..held });
                settle(1, 1, EPOCH, 1)
            }),
        ),
        (
            "epoch freeze and release",
            chain(|_| Input::FreezeEpoch(5)).or(chain(|worst| {
                let maturity: Maturity = worst.leaves.read(()).unwrap().unwrap();
                let freezes = maturity.freezes.with(5);
                worst.write(
                    (),
                    &Maturity {
                        freezes,
                        ..maturity
                    },
                );
                Input::ReleaseEpoch(5)
            })),
        ),
        (
            "fund and release",
            chain(|_| Input::Fund(5)).or(chain(|_| Input::Release(5))),
        ),
        (
            "mature",
            chain(|_| {
                Input::Mature(Mature {
                    epoch: EPOCH,
                    accepted: 1,
                    arrival: 500,
                })
            }),
        ),
        (
            "tombstone",
            chain(|worst| {
                let held: Registration = worst.leaves.read((op(1), 1)).unwrap().unwrap();
                worst.write((op(1), 90), &held);
                let (registration, line) = (90, 1);
                worst.write(op(1), &Operator { registration, line });
                Input::Tombstone([1; 20])
            }),
        ),
        ("reward, 8 aligned seats", chain(reward)),
        (
            "roll, 16 seats",
            chain(|_| {
                Input::Roll(Roll {
                    epoch: EPOCH + 2,
                    first: 0,
                    count: 16,
                    total: 0,
                })
            }),
        ),
        (
            "copy, 16 seats",
            chain(|worst| {
                for seat in 0..16 {
                    for epoch in [EPOCH + 1, EPOCH + 2] {
                        let place = ring_place(epoch, worst.rules.ring);
                        worst.write(
                            (place, seat),
                            &MemberLeaf {
                                epoch,
                                standing: None,
                            },
                        );
                    }
                }
                Input::Copy(Copy {
                    epoch: EPOCH + 2,
                    first: 0,
                    count: 16,
                    total: 0,
                })
            }),
        ),
    ]
}

/// Eight members, all absent, whose lines have seats in eight nodes by now, and no marks.
fn reward(worst: &mut Worst) -> Input {
    for seat in 0..8u16 {
        let operator = 2 * seat as u8 + 1;
        let epoch = EPOCH;
        let standing = Some(Worst::standing(operator));
        worst.write(
            (ring_place(EPOCH, worst.rules.ring), seat),
            &MemberLeaf { epoch, standing },
        );
    }
    Input::Reward(Reward {
        votes: (0..8).map(|seat| (seat, 0)).collect(),
        counted: COUNTED,
        released: 1_000,
        total_power: 8,
    })
}

/// Past the harness's capture, so that a log of tests that pass shows it.
fn say(text: &str) {
    writeln!(io::stdout().lock(), "{text}").expect("standard output");
}

fn rows() -> Vec<Row> {
    let mut rows = rows_of_positions();
    rows.extend(rows_of_operators());
    rows.extend(rows_of_the_chain());
    rows
}

#[test]
fn the_table_of_touched_leaves_is_right_and_none_is_above_65() {
    let mut table = format!("{:<26}{:>8}{:>8}\n", "", "signed", "forced");
    for (name, counted) in rows() {
        let leaves = counted.leaves;
        let shown = leaves.iter().map(|leaves| format!("{leaves:>8}"));
        table += &format!("{name:<26}{}\n", shown.collect::<String>());
        assert!(
            leaves.iter().all(|leaves| *leaves <= 65),
            "{name}: {leaves:?} leaves"
        );
    }
    say(&table);
    let header = include_str!("../touched.md");
    assert!(
        header.contains(&table),
        "the table in the header of the crate is\n{table}"
    );
}

#[test]
fn every_kind_of_input_has_its_rows_in_the_table_and_is_counted_there() {
    let rows = rows();
    let counted: BTreeSet<(&str, &str)> = rows
        .iter()
        .flat_map(|(row, counted)| counted.kinds.iter().map(move |kind| (*kind, *row)))
        .collect();
    let stated: BTreeSet<(&str, &str)> = rows_by_kind()
        .into_iter()
        .flat_map(|(kind, rows)| rows.iter().map(move |row| (kind, *row)))
        .collect();
    assert_eq!(counted, stated);
}

#[test]
fn a_cut_touches_as_many_leaves_for_ten_delegators_as_for_a_million() {
    let cost = |delegators: u32| {
        let mut worst = Worst::new();
        let last = worst.delegators(1, delegators);
        let fraction = 500_000_000;
        let inputs = [
            freeze(1, 1, EPOCH - 1),
            settle(1, 1, EPOCH - 1, fraction),
            apply_cut(2),
            apply_cut(last),
        ];
        let touched = inputs.map(|input| worst.count(EPOCH, &input, By::Chain));
        let held: Position = worst.leaves.read(last).unwrap().unwrap();
        assert_eq!(held.held_down(), UNIT / 2, "the last one was cut");
        touched
    };
    let few = cost(10);
    say(&format!(
        "freeze, settle, apply of the first and of the last: {few:?} leaves"
    ));
    assert_eq!(few, cost(1_000_000));
}

#[test]
fn what_a_refused_transaction_reads_stays_below_65_leaves() {
    let mut worst = Worst::new();
    let mut positions = Vec::new();
    for number in 1..MAX_POSITIONS as u8 {
        let legs = [
            worst.leg(2 * number + 1, FIRST, LAST),
            worst.leg(2 * number + 2, FIRST, LAST + 1),
        ];
        positions.push(worst.position(legs, true));
    }
    positions.push(ended(&mut worst, true));
    let many = worst.count(EPOCH, &claim_rewards(OWNER, &positions), By::User);
    assert!(many <= 65, "many claims touch {many}");
    // Two positions of four frozen lines, none of whose legs goes.
    let mut worst = Worst::new();
    let pairs = [(1, 2), (3, 4)].map(|(first, second)| {
        worst.frozen(first, LAST);
        worst.frozen(second, LAST);
        let legs = [
            worst.leg(first, FIRST, LAST),
            worst.leg(second, FIRST, LAST),
        ];
        worst.position(legs, true)
    });
    let merged = worst.count(EPOCH, &merge(OWNER, pairs[0], pairs[1]), By::User);
    assert!((45..=65).contains(&merged), "a merge touches {merged}");
}

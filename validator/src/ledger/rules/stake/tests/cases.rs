//! Cases of every kind of stake: one at least that has its effect, and each refusal. Tests and vectors run the same ones.

use plasmid_staking::rules::{
    apply_cut::ApplyCut, edit::Edit, freeze::Freeze, leave::Retire, redelegate::Redelegate,
    restake::AllowRestake, take_seat::TakeSeat,
};
use plasmid_staking::{Input, Key, Line, Registration};

use super::scene::*;
use crate::ledger::account::Account;
use crate::ledger::code::Code;
use crate::ledger::fixture::*;
use crate::ledger::leaves::Memory;
use crate::ledger::transaction::{Profile, StakeBody, Text};

mod corners;

/// A transaction of stake on a state.
pub struct Case {
    pub name: &'static str,
    pub memory: Memory,
    /// The wallet that signs.
    pub number: u8,
    pub body: StakeBody,
    pub code: Code,
}

/// The highest commission that the owner accepts.
const COMMISSION: u16 = 300;

/// Collects cases, each on a scene of its own.
struct Cases {
    /// Leaves that stand beside those of the scene.
    before: u32,
    made: Vec<Case>,
}

impl Cases {
    fn add(
        &mut self,
        name: &'static str,
        code: Code,
        number: u8,
        given: impl FnOnce(&mut Scene) -> StakeBody,
    ) {
        let mut scene = Scene::beside(self.before);
        let body = given(&mut scene);
        let memory = scene.memory;
        self.made.push(Case {
            name,
            memory,
            number,
            body,
            code,
        });
    }

    fn ok(&mut self, name: &'static str, number: u8, given: impl FnOnce(&mut Scene) -> StakeBody) {
        self.add(name, Code::Ok, number, given);
    }

    fn no(&mut self, name: &'static str, number: u8, given: impl FnOnce(&mut Scene) -> StakeBody) {
        self.add(name, Code::Stake, number, given);
    }
}

/// Every case.
pub fn all() -> Vec<Case> {
    all_beside(1)
}

/// Every case, in a state with this number of leaves beside those of its scene.
pub fn all_beside(before: u32) -> Vec<Case> {
    let made = Vec::new();
    let mut cases = Cases { before, made };
    delegations(&mut cases);
    undelegations(&mut cases);
    cancels(&mut cases);
    redelegations(&mut cases);
    claims_of_stake(&mut cases);
    claims_of_rewards(&mut cases);
    claims_of_commission(&mut cases);
    restakes(&mut cases);
    cuts(&mut cases);
    merges(&mut cases);
    seats(&mut cases);
    edits(&mut cases);
    corners::all(&mut cases);
    cases.made
}

fn delegate(to: u8, amount: u128) -> StakeBody {
    StakeBody::Delegate {
        operator: operator(to),
        amount,
        line: registration(to),
        max_commission: COMMISSION,
    }
}

fn undelegate(position: u64, amount: u128) -> StakeBody {
    StakeBody::Undelegate { position, amount }
}

fn redelegate(position: u64, amount: u128, to: u8) -> StakeBody {
    StakeBody::Redelegate {
        position,
        amount,
        to: operator(to),
        line: registration(to),
        max_commission: COMMISSION,
    }
}

fn claim(position: u64) -> StakeBody {
    let to = Wallet::new(OWNER).account();
    StakeBody::ClaimStake { position, to }
}

fn claim_rewards(positions: Vec<u64>) -> StakeBody {
    let to = Wallet::new(2).account();
    StakeBody::ClaimRewards { to, positions }
}

/// A position of the owner behind the founder, from epoch 2 on.
fn held(scene: &mut Scene) -> u64 {
    scene.delegate(0, OWNER, FOUNDER, COIN)
}

/// A position of the owner that ended in epoch 1: it backs epoch 2.
fn ended(scene: &mut Scene) -> u64 {
    let number = held(scene);
    scene.undelegate(1, OWNER, number, COIN);
    number
}

/// A position of the owner with a cut that was not applied.
fn cut(scene: &mut Scene) -> u64 {
    let number = held(scene);
    scene.freeze(FOUNDER, 2);
    scene.settle(FOUNDER, 2);
    number
}

/// A position with two legs.
fn moved(scene: &mut Scene) -> u64 {
    let position = held(scene);
    let owner = Wallet::new(OWNER).account().bytes();
    scene.act(
        2,
        &Input::Redelegate(Redelegate {
            owner,
            position,
            amount: COIN,
            to: line(NEWCOMER),
            max_commission: COMMISSION,
        }),
    );
    position
}

/// The newcomer, whose line has no stake, asks for a commission.
fn charge(scene: &mut Scene, commission: u16) {
    scene.act(
        2,
        &Input::Edit(Edit {
            operator: operator(NEWCOMER),
            commission: Some(commission),
            max_commission: None,
            commission_step: None,
            min_self_stake: None,
        }),
    );
}

/// A position whose first leg was cut in whole, and has matured: it backs the newcomer with nothing.
fn lost(scene: &mut Scene) -> u64 {
    let position = moved(scene);
    scene.freeze(FOUNDER, 2);
    scene.settle_all(FOUNDER, 2);
    scene.act(2, &Input::ApplyCut(ApplyCut { position }));
    scene.mature(4);
    position
}

/// The operator bonds and takes a seat, in epoch 0.
fn seated(scene: &mut Scene, number: u8) {
    scene.delegate(0, number, number, COIN);
    let operator = operator(number);
    scene.act(0, &Input::TakeSeat(TakeSeat { operator }));
}

fn retire(scene: &mut Scene, number: u8) {
    let operator = operator(number);
    scene.act(2, &Input::Retire(Retire { operator }));
}

fn delegations(cases: &mut Cases) {
    cases.ok("delegate: to an operator in a seat", OWNER, |_| {
        delegate(FOUNDER, COIN)
    });
    cases.ok("delegate: to a line without a seat", OWNER, |_| {
        delegate(NEWCOMER, 1)
    });
    cases.ok("delegate: to oneself, which is a bond", NEWCOMER, |_| {
        delegate(NEWCOMER, COIN)
    });
    cases.ok(
        "delegate: behind another of the same epoch",
        OWNER,
        |scene| {
            scene.delegate(3, 2, FOUNDER, COIN);
            delegate(FOUNDER, COIN)
        },
    );
    cases.add("delegate: nothing", Code::ZeroAmount, OWNER, |_| {
        delegate(FOUNDER, 0)
    });
    cases.add(
        "delegate: more than the balance",
        Code::InsufficientBalance,
        OWNER,
        |_| delegate(FOUNDER, WEALTH),
    );
    cases.no("delegate: to nobody who registered", OWNER, |_| {
        delegate(2, COIN)
    });
    cases.no("delegate: to a line that is closed", OWNER, |scene| {
        retire(scene, FOUNDER);
        delegate(FOUNDER, COIN)
    });
    cases.no("delegate: to a line behind another", OWNER, |scene| {
        retire(scene, FOUNDER);
        scene.register(FOUNDER, 3);
        delegate(FOUNDER, COIN)
    });
    cases.ok("delegate: at the commission it accepts", OWNER, |scene| {
        charge(scene, COMMISSION);
        delegate(NEWCOMER, COIN)
    });
    cases.no("delegate: at a higher commission", OWNER, |scene| {
        charge(scene, COMMISSION + 1);
        delegate(NEWCOMER, COIN)
    });
}

fn undelegations(cases: &mut Cases) {
    cases.ok("undelegate: a whole position", OWNER, |scene| {
        undelegate(held(scene), COIN)
    });
    cases.ok("undelegate: a part", OWNER, |scene| {
        undelegate(held(scene), COIN / 3)
    });
    cases.ok("undelegate: before it ever backed", OWNER, |scene| {
        undelegate(scene.delegate(3, OWNER, NEWCOMER, COIN), COIN)
    });
    cases.ok(
        "undelegate: the founder's, and the seat is lost",
        FOUNDER,
        |_| undelegate(1, FOUNDED),
    );
    cases.ok("undelegate: a frozen one", OWNER, |scene| {
        let number = held(scene);
        scene.freeze(FOUNDER, 2);
        undelegate(number, COIN)
    });
    cases.no("undelegate: nothing of something", OWNER, |scene| {
        undelegate(held(scene), 0)
    });
    cases.ok("undelegate: a position worth nothing", OWNER, |scene| {
        undelegate(lost(scene), 0)
    });
    cases.no("undelegate: something of nothing", OWNER, |scene| {
        undelegate(lost(scene), 1)
    });
    cases.no("undelegate: another's that is worth nothing", 2, |scene| {
        undelegate(lost(scene), 0)
    });
    cases.no("undelegate: more than there is", OWNER, |scene| {
        undelegate(held(scene), COIN + 1)
    });
    cases.no("undelegate: another's", 2, |scene| {
        undelegate(held(scene), COIN)
    });
    cases.no("undelegate: again", OWNER, |scene| {
        undelegate(ended(scene), COIN)
    });
    cases.no("undelegate: a position that is not there", OWNER, |_| {
        undelegate(99, COIN)
    });
    cases.no("undelegate: with a cut that waits", OWNER, |scene| {
        undelegate(cut(scene), COIN)
    });
}

fn cancels(cases: &mut Cases) {
    let cancel = |position| StakeBody::CancelUnbonding { position };
    cases.ok(
        "cancel_unbonding: in the epoch of the request",
        OWNER,
        |scene| {
            let number = held(scene);
            scene.undelegate(3, OWNER, number, COIN);
            cancel(number)
        },
    );
    cases.ok(
        "cancel_unbonding: later, with a second leg",
        OWNER,
        |scene| cancel(ended(scene)),
    );
    cases.no("cancel_unbonding: one that was not ended", OWNER, |scene| {
        cancel(held(scene))
    });
    cases.no("cancel_unbonding: another's", 2, |scene| {
        cancel(ended(scene))
    });
    cases.no("cancel_unbonding: of a frozen line", OWNER, |scene| {
        let number = held(scene);
        scene.undelegate(2, OWNER, number, COIN);
        scene.freeze(FOUNDER, 2);
        cancel(number)
    });
    cases.no(
        "cancel_unbonding: of a line that is closed",
        OWNER,
        |scene| {
            let number = ended(scene);
            retire(scene, FOUNDER);
            cancel(number)
        },
    );
}

fn redelegations(cases: &mut Cases) {
    cases.ok("redelegate: a whole position", OWNER, |scene| {
        redelegate(held(scene), COIN, NEWCOMER)
    });
    cases.ok("redelegate: a part", OWNER, |scene| {
        redelegate(held(scene), COIN / 2, NEWCOMER)
    });
    cases.add("redelegate: nothing", Code::ZeroAmount, OWNER, |scene| {
        redelegate(held(scene), 0, NEWCOMER)
    });
    cases.no("redelegate: less than the least", OWNER, |scene| {
        redelegate(held(scene), 1, NEWCOMER)
    });
    cases.no("redelegate: to the same line", OWNER, |scene| {
        redelegate(held(scene), COIN, FOUNDER)
    });
    cases.no(
        "redelegate: again, before the first leg has matured",
        OWNER,
        |scene| redelegate(moved(scene), COIN, FOUNDER),
    );
    cases.no("redelegate: away from a freeze", OWNER, |scene| {
        let number = held(scene);
        scene.freeze(FOUNDER, 2);
        redelegate(number, COIN, NEWCOMER)
    });
    cases.no("redelegate: another's", 2, |scene| {
        redelegate(held(scene), COIN, NEWCOMER)
    });
    cases.no("redelegate: to nobody who registered", OWNER, |scene| {
        redelegate(held(scene), COIN, 2)
    });
    cases.no("redelegate: to a line behind another", OWNER, |scene| {
        let number = held(scene);
        retire(scene, NEWCOMER);
        scene.register(NEWCOMER, 3);
        redelegate(number, COIN, NEWCOMER)
    });
    cases.ok("redelegate: at the commission it accepts", OWNER, |scene| {
        charge(scene, COMMISSION);
        redelegate(held(scene), COIN, NEWCOMER)
    });
    cases.no("redelegate: at a higher commission", OWNER, |scene| {
        charge(scene, COMMISSION + 1);
        redelegate(held(scene), COIN, NEWCOMER)
    });
}

fn claims_of_stake(cases: &mut Cases) {
    let matured = |scene: &mut Scene| {
        let number = ended(scene);
        scene.mature(3);
        number
    };
    cases.ok("claim_stake: what has matured", OWNER, |scene| {
        claim(matured(scene))
    });
    cases.ok(
        "claim_stake: to an account that does not stand",
        OWNER,
        |scene| StakeBody::ClaimStake {
            position: matured(scene),
            to: Scene::stranger(),
        },
    );
    cases.ok("claim_stake: a position worth nothing", OWNER, |scene| {
        let number = lost(scene);
        scene.undelegate(2, OWNER, number, 0);
        claim(number)
    });
    cases.no("claim_stake: too early", OWNER, |scene| claim(ended(scene)));
    cases.no("claim_stake: one that was not ended", OWNER, |scene| {
        claim(held(scene))
    });
    cases.no("claim_stake: another's", 2, |scene| claim(matured(scene)));
    cases.no("claim_stake: of a frozen epoch", OWNER, |scene| {
        let number = held(scene);
        scene.undelegate(2, OWNER, number, COIN);
        scene.freeze(FOUNDER, 2);
        scene.mature(4);
        claim(number)
    });
    cases.add(
        "claim_stake: to nobody",
        Code::BadRecipient,
        OWNER,
        |scene| StakeBody::ClaimStake {
            position: matured(scene),
            to: Account::NONE,
        },
    );
    cases.add(
        "claim_stake: to a contract of the deployment",
        Code::BadRecipient,
        OWNER,
        |scene| StakeBody::ClaimStake {
            position: matured(scene),
            to: Account::ethereum(REGISTRY),
        },
    );
}

fn claims_of_rewards(cases: &mut Cases) {
    let earned = |scene: &mut Scene| {
        let number = held(scene);
        scene.earn(FOUNDER, COIN, 0);
        number
    };
    cases.ok("claim_rewards: of one position", OWNER, |scene| {
        claim_rewards(vec![earned(scene)])
    });
    cases.ok("claim_rewards: of two", OWNER, |scene| {
        let (first, second) = (held(scene), held(scene));
        scene.earn(FOUNDER, COIN, 0);
        claim_rewards(vec![second, first])
    });
    cases.ok("claim_rewards: of a frozen line, alone", OWNER, |scene| {
        let number = earned(scene);
        scene.freeze(FOUNDER, 9);
        claim_rewards(vec![number])
    });
    cases.no(
        "claim_rewards: of a frozen line, with another",
        OWNER,
        |scene| {
            let (first, second) = (earned(scene), held(scene));
            scene.freeze(FOUNDER, 9);
            claim_rewards(vec![first, second])
        },
    );
    cases.no("claim_rewards: of one position twice", OWNER, |scene| {
        let number = earned(scene);
        claim_rewards(vec![number, number])
    });
    cases.no("claim_rewards: where there are none", OWNER, |scene| {
        claim_rewards(vec![held(scene)])
    });
    cases.no("claim_rewards: another's", 2, |scene| {
        claim_rewards(vec![earned(scene)])
    });
    cases.add(
        "claim_rewards: of no position",
        Code::Malformed,
        OWNER,
        |_| claim_rewards(vec![]),
    );
    cases.add(
        "claim_rewards: to nobody",
        Code::BadRecipient,
        OWNER,
        |scene| StakeBody::ClaimRewards {
            to: Account::NONE,
            positions: vec![earned(scene)],
        },
    );
}

fn claims_of_commission(cases: &mut Cases) {
    let of = |number, to| StakeBody::ClaimCommission {
        line: registration(number),
        to,
    };
    cases.ok("claim_commission: to another account", FOUNDER, |scene| {
        scene.earn(FOUNDER, COIN, 7);
        of(FOUNDER, Wallet::new(OWNER).account())
    });
    cases.ok(
        "claim_commission: of a line that is closed",
        FOUNDER,
        |scene| {
            scene.earn(FOUNDER, COIN, 7);
            retire(scene, FOUNDER);
            of(FOUNDER, Scene::stranger())
        },
    );
    cases.no("claim_commission: where there is none", FOUNDER, |_| {
        of(FOUNDER, Scene::stranger())
    });
    cases.no("claim_commission: of no line", FOUNDER, |_| {
        of(NEWCOMER, Scene::stranger())
    });
    cases.no(
        "claim_commission: by an account that is no operator's",
        OWNER,
        |_| of(FOUNDER, Scene::stranger()),
    );
    cases.add(
        "claim_commission: to nobody",
        Code::BadRecipient,
        FOUNDER,
        |_| of(FOUNDER, Account::NONE),
    );
}

fn restakes(cases: &mut Cases) {
    let restake = |position| StakeBody::Restake { position };
    let earned = |scene: &mut Scene, amount, allowed| {
        let position = held(scene);
        scene.earn(FOUNDER, amount, 0);
        let owner = Wallet::new(OWNER).account().bytes();
        scene.act(
            2,
            &Input::AllowRestake(AllowRestake {
                owner,
                position,
                allowed,
            }),
        );
        position
    };
    cases.ok("restake: one's own", OWNER, |scene| {
        restake(earned(scene, COIN, false))
    });
    cases.ok(
        "restake: by anybody, where the owner allows it",
        2,
        |scene| restake(earned(scene, COIN, true)),
    );
    cases.no(
        "restake: by anybody, where the owner does not",
        2,
        |scene| restake(earned(scene, COIN, false)),
    );
    cases.no("restake: by anybody, too little", 2, |scene| {
        restake(earned(scene, 600, true))
    });
    cases.no("restake: nothing", OWNER, |scene| restake(held(scene)));
    cases.no("restake: of an ended position", OWNER, |scene| {
        restake(ended(scene))
    });
    cases.no("restake: behind a line that is closed", OWNER, |scene| {
        let number = earned(scene, COIN, false);
        retire(scene, FOUNDER);
        restake(number)
    });
    cases.ok("allow_restake: yes", OWNER, |scene| {
        StakeBody::AllowRestake {
            position: held(scene),
            allowed: true,
        }
    });
    cases.no("allow_restake: another's", 2, |scene| {
        StakeBody::AllowRestake {
            position: held(scene),
            allowed: true,
        }
    });
}

fn cuts(cases: &mut Cases) {
    let apply = |position| StakeBody::ApplyCut { position };
    cases.ok("apply_cut: by anybody", 2, |scene| apply(cut(scene)));
    cases.ok(
        "apply_cut: what it earned is settled after it",
        OWNER,
        |scene| {
            let number = held(scene);
            scene.earn(FOUNDER, COIN, 0);
            scene.freeze(FOUNDER, 2);
            scene.settle(FOUNDER, 2);
            apply(number)
        },
    );
    let twice = |scene: &mut Scene, fractions: [u64; 2]| {
        let number = held(scene);
        for epoch in [2, 3] {
            scene.freeze(FOUNDER, epoch);
        }
        for (epoch, fraction) in [2, 3].into_iter().zip(fractions) {
            scene.settle_at(FOUNDER, epoch, fraction);
        }
        apply(number)
    };
    cases.ok(
        "apply_cut: of two, the first is the greater",
        OWNER,
        |scene| twice(scene, [300_000_000, 200_000_000]),
    );
    cases.ok(
        "apply_cut: of two, the second is the greater",
        OWNER,
        |scene| twice(scene, [200_000_000, 300_000_000]),
    );
    let legs = |scene: &mut Scene, cuts: [Option<u64>; 2]| {
        let number = moved(scene);
        for ((of, epoch), cut) in [(FOUNDER, 3), (NEWCOMER, 4)].into_iter().zip(cuts) {
            if let Some(cut) = cut {
                // In epoch 3, so that the newcomer's line still stands in the set of epoch 4.
                let (operator, registration) = (operator(of), registration(of));
                scene.act(
                    3,
                    &Input::Freeze(Freeze {
                        operator,
                        registration,
                        epoch,
                    }),
                );
                scene.settle_at(of, epoch, cut);
            }
        }
        apply(number)
    };
    cases.ok("apply_cut: of the second leg", OWNER, |scene| {
        seated(scene, NEWCOMER);
        legs(scene, [None, Some(200_000_000)])
    });
    cases.ok(
        "apply_cut: of both legs, each from what the other left",
        OWNER,
        |scene| {
            seated(scene, NEWCOMER);
            legs(scene, [Some(300_000_000), Some(200_000_000)])
        },
    );
    cases.no(
        "apply_cut: of an epoch behind the leg that was cut",
        OWNER,
        |scene| {
            let number = moved(scene);
            scene.freeze(FOUNDER, 4);
            scene.settle(FOUNDER, 4);
            apply(number)
        },
    );
    cases.no("apply_cut: where none waits", OWNER, |scene| {
        apply(held(scene))
    });
    cases.no("apply_cut: of a position that is not there", OWNER, |_| {
        apply(99)
    });
}

fn merges(cases: &mut Cases) {
    let merge = |first, second| StakeBody::Merge { first, second };
    let two = |scene: &mut Scene, matured| {
        let (first, second) = (held(scene), held(scene));
        scene.earn(FOUNDER, COIN, 0);
        scene.mature(matured);
        (first, second)
    };
    cases.ok("merge: two that have matured", OWNER, |scene| {
        let (first, second) = two(scene, 3);
        merge(first, second)
    });
    cases.no(
        "merge: before their first epoch has matured",
        OWNER,
        |scene| {
            let (first, second) = two(scene, 2);
            merge(first, second)
        },
    );
    cases.no("merge: with itself", OWNER, |scene| {
        let (first, _) = two(scene, 3);
        merge(first, first)
    });
    cases.no("merge: with another's", OWNER, |scene| {
        let (first, _) = two(scene, 3);
        merge(first, 1)
    });
    cases.no("merge: of two lines", OWNER, |scene| {
        let (first, _) = two(scene, 3);
        let second = scene.delegate(0, OWNER, NEWCOMER, COIN);
        merge(first, second)
    });
    cases.no("merge: one that was ended", OWNER, |scene| {
        let (first, second) = two(scene, 3);
        scene.undelegate(2, OWNER, second, COIN);
        merge(first, second)
    });
    cases.no("merge: of a line that is closed", OWNER, |scene| {
        let (first, second) = two(scene, 3);
        retire(scene, FOUNDER);
        merge(first, second)
    });
}

fn seats(cases: &mut Cases) {
    let bonded = |scene: &mut Scene| {
        scene.delegate(0, NEWCOMER, NEWCOMER, COIN);
    };
    cases.ok("take_seat: an empty one", NEWCOMER, |scene| {
        bonded(scene);
        StakeBody::TakeSeat
    });
    // All seats but three of them hold more than what the newcomer bonds.
    let full = |scene: &mut Scene, bond, weak: &[(u8, u128)]| {
        scene.fill(|seat| {
            let weak = weak.iter().find(|(of, _)| *of == seat);
            weak.map_or(4 * COIN, |(_, stake)| *stake)
        });
        scene.delegate(0, NEWCOMER, NEWCOMER, bond);
        StakeBody::TakeSeat
    };
    cases.ok(
        "take_seat: the weakest of all, which is displaced",
        NEWCOMER,
        |scene| full(scene, 3 * COIN, &[(5, 2 * COIN), (9, COIN), (12, 2 * COIN)]),
    );
    cases.ok(
        "take_seat: the lower one of two that are equal",
        NEWCOMER,
        |scene| full(scene, 3 * COIN, &[(5, 2 * COIN), (9, COIN), (12, COIN)]),
    );
    cases.ok(
        "take_seat: with one base unit more than the weakest",
        NEWCOMER,
        |scene| full(scene, COIN + 1, &[(9, COIN)]),
    );
    cases.no(
        "take_seat: with as much as the weakest",
        NEWCOMER,
        |scene| full(scene, COIN, &[(9, COIN)]),
    );
    cases.no("take_seat: with one already", FOUNDER, |_| {
        StakeBody::TakeSeat
    });
    cases.no("take_seat: with too little stake", NEWCOMER, |_| {
        StakeBody::TakeSeat
    });
    cases.no(
        "take_seat: by an account that is no operator's",
        OWNER,
        |_| StakeBody::TakeSeat,
    );
    cases.no("take_seat: in jail", NEWCOMER, |scene| {
        bonded(scene);
        scene.change(Key::Line(line(NEWCOMER)), |line: &mut Line| line.jailed = 9);
        StakeBody::TakeSeat
    });
    cases.no("take_seat: with a tombstoned key", NEWCOMER, |scene| {
        bonded(scene);
        let key = Key::Registration {
            operator: operator(NEWCOMER),
            number: registration(NEWCOMER),
        };
        scene.change(key, |held: &mut Registration| held.tombstoned = true);
        StakeBody::TakeSeat
    });
    cases.no("take_seat: by a line that is closed", NEWCOMER, |scene| {
        bonded(scene);
        retire(scene, NEWCOMER);
        StakeBody::TakeSeat
    });
    cases.ok("leave", FOUNDER, |_| StakeBody::Leave);
    cases.no("leave: without a seat", NEWCOMER, |_| StakeBody::Leave);
    cases.ok("retire: with a seat", FOUNDER, |_| StakeBody::Retire);
    cases.ok("retire: without a seat", NEWCOMER, |_| StakeBody::Retire);
    cases.no("retire: again", FOUNDER, |scene| {
        retire(scene, FOUNDER);
        StakeBody::Retire
    });
    cases.ok("unjail: when the time is over", FOUNDER, |scene| {
        scene.jail(3);
        StakeBody::Unjail
    });
    cases.no("unjail: before", FOUNDER, |scene| {
        scene.jail(4);
        StakeBody::Unjail
    });
    cases.no("unjail: out of no jail", FOUNDER, |_| StakeBody::Unjail);
    cases.no("unjail: without a seat", NEWCOMER, |_| StakeBody::Unjail);
}

const NOTHING: StakeBody = edit(None, None, None, None);

const fn edit(
    commission: Option<u16>,
    max_commission: Option<u16>,
    commission_step: Option<u16>,
    min_self_stake: Option<u128>,
) -> StakeBody {
    StakeBody::Edit {
        commission,
        max_commission,
        commission_step,
        min_self_stake,
    }
}

fn edits(cases: &mut Cases) {
    let changed = |scene: &mut Scene| scene.mature(1);
    cases.ok("edit: everything", FOUNDER, |scene| {
        changed(scene);
        edit(Some(90), Some(2_000), Some(90), Some(COIN))
    });
    cases.ok("edit: nothing", FOUNDER, |_| NOTHING);
    cases.ok("edit: the commission of a fresh line", NEWCOMER, |_| {
        edit(Some(2_000), None, None, None)
    });
    cases.no(
        "edit: the commission by more than the step",
        FOUNDER,
        |scene| {
            changed(scene);
            edit(Some(101), None, None, None)
        },
    );
    cases.no(
        "edit: the commission before its last change has matured",
        FOUNDER,
        |_| edit(Some(1), None, None, None),
    );
    cases.no("edit: the commission above its maximum", FOUNDER, |scene| {
        changed(scene);
        edit(Some(100), Some(99), None, None)
    });
    cases.no("edit: a maximum that rises", FOUNDER, |_| {
        edit(None, Some(10_001), None, None)
    });
    cases.no("edit: a step that rises", FOUNDER, |_| {
        edit(None, None, Some(101), None)
    });
    cases.no(
        "edit: a least stake of its own that it has not",
        FOUNDER,
        |_| edit(None, None, None, Some(FOUNDED + 1)),
    );
    cases.no(
        "edit: a least stake of its own that falls",
        FOUNDER,
        |scene| {
            scene.change(Key::Line(line(FOUNDER)), |line: &mut Line| {
                line.min_self_stake = 2
            });
            edit(None, None, None, Some(1))
        },
    );
    cases.ok("describe", FOUNDER, |_| {
        StakeBody::Describe(Box::new(profile()))
    });
    cases.no("describe: without a registration", 5, |scene| {
        scene.fund(5);
        StakeBody::Describe(Box::new(profile()))
    });
    cases.no(
        "describe: by an account that is no operator's",
        OWNER,
        |_| StakeBody::Describe(Box::new(profile())),
    );
}

/// What an operator says of itself.
pub fn profile() -> Profile {
    Profile {
        name: Text::new("the name", "Välidator").unwrap(),
        website: Text::new("the website", "https://validator.example").unwrap(),
        contact: Text::new("the contact", "").unwrap(),
        details: Text::new("the details", &"d".repeat(96)).unwrap(),
    }
}

//! Vectors of the rules that no transaction and no message carries: misbehavior, and the passes of the boundary. Files and form are those of
//! the ledger's rules (`validator/vectors/rules/`), and each case is executed again from its witness alone too.
//!
//! `PLASMID_WRITE_VECTORS=1` writes the files; without it they must be what this code makes.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use plasmid_bridge::proof::vote;
use plasmid_staking::rules::{
    delegate::Delegate,
    edit::Edit,
    freeze::Freeze,
    leave::{Leave, Retire},
    register::Register,
};
use plasmid_staking::{
    Input as StakeInput, Key, Line, LineId, MemberLeaf, Rewards, Seat, SeatState, account_of,
};
use serde_json::{Value as Json, json};

use super::*;
use crate::chain::commit::witness;
use crate::chain::committed::parameters_key;
use crate::chain::segments::Segment;
use crate::chain::tree::Tree;
use crate::ledger::leaf::{EpochRecord, FeePool, Participation};
use crate::ledger::leaves::write;
use crate::ledger::rules::vectors::{self, Noted, hex_of};
use crate::ledger::slot::width_of_kind;
use crate::ledger::stake::{apply_at, tests::carried};
use crate::ledger::vectors::keep;
use crate::ledger::{Code, Event, apply_misbehavior, ring_place};

/// Blocks of an epoch here.
const BLOCKS: u64 = 16;
/// Votes are counted in all blocks of an epoch but the first.
const COUNTED: u16 = 15;

/// A chain at an epoch, whose leaves a case edits.
struct At {
    world: World,
    epoch: u64,
    /// How many blocks are still to come in the epoch.
    early: u64,
}

impl At {
    /// Epoch 0, in which the first `operators` of all seats have a member each that voted in every block.
    fn new(seats: u16, operators: u16) -> Self {
        let world = World::with_operators(BLOCKS as u32, seats, operators);
        let mut at = Self {
            world,
            epoch: 0,
            early: 0,
        };
        at.votes(|_| COUNTED);
        at
    }

    fn parameters(&self) -> Parameters {
        self.world.leaf(Slot::Parameters)
    }

    fn place(&self, epoch: u64) -> u32 {
        ring_place(epoch, self.parameters().ring)
    }

    /// The last block of the epoch, or one before it.
    fn moment(&self) -> Moment {
        let height = (self.epoch + 1) * BLOCKS - self.early;
        Moment {
            height,
            time: height * 1_000_000_000,
        }
    }

    /// Writes something into the state.
    fn with<T>(&mut self, act: impl FnOnce(&mut Overlay<'_, Tree>) -> T) -> T {
        let mut overlay = Overlay::new(&self.world.tree);
        let given = act(&mut overlay);
        let changes = overlay.take().changes;
        self.world.tree.apply(&changes).expect("it fits the tree");
        given
    }

    fn set<T: Value>(&mut self, slot: Slot, value: &T) {
        self.with(|overlay| write(overlay, &slot, value).expect("it is written"));
    }

    fn change<T: Value>(&mut self, key: Key, change: impl FnOnce(&mut T)) {
        let slot = Slot::from(key);
        let mut held: T = self.world.leaf(slot);
        change(&mut held);
        self.set(slot, &held);
    }

    fn act(&mut self, input: &StakeInput) {
        let (parameters, epoch) = (self.parameters(), self.epoch);
        self.with(|overlay| apply_at(overlay, &parameters, epoch, input).expect("it applies"));
    }

    /// How often each seat voted in the epoch.
    fn votes(&mut self, of: impl Fn(usize) -> u16) {
        let place = self.place(self.epoch);
        let votes = Participation(std::array::from_fn(of));
        self.set(Slot::Participation { place }, &votes);
    }

    fn fees(&mut self, fees: u128) {
        let held: FeePool = self.world.leaf(Slot::FeePool);
        let pool = FeePool {
            amount: held.amount + fees,
            epoch: self.epoch,
            epoch_fees: fees,
        };
        self.set(Slot::FeePool, &pool);
    }

    fn pool(&mut self, pool: u128) {
        self.change(Key::Rewards, |rewards: &mut Rewards| rewards.pool = pool);
    }

    /// Steps of the boundary that have been made.
    fn steps(&mut self, count: u32) {
        let moment = self.moment();
        for _ in 0..count {
            self.with(|overlay| boundary::step(overlay, &moment).expect("a step"));
        }
    }

    /// The epoch ends, and all vote in the next one.
    fn next(&mut self) {
        let moment = self.moment();
        while !self.with(|overlay| boundary::step(overlay, &moment).expect("a step").last) {}
        self.epoch += 1;
        self.votes(|_| COUNTED);
    }

    /// The line that stood at a seat at genesis.
    fn line(&self, seat: u16) -> LineId {
        let member: MemberLeaf = self.world.leaf(Slot::from(Key::Member { place: 0, seat }));
        member.standing.expect("a founder").line
    }

    fn address(&self, seat: u16) -> [u8; 20] {
        let member: MemberLeaf = self.world.leaf(Slot::from(Key::Member { place: 0, seat }));
        vote::address(&member.standing.expect("a founder").consensus_key)
    }

    /// Everybody loses the seat.
    fn leave(&mut self, seats: std::ops::Range<u16>) {
        for seat in seats {
            let operator = self.line(seat).operator;
            self.act(&StakeInput::Leave(Leave { operator }));
        }
    }

    /// The next step of the boundary, which tells these events.
    fn step(self, name: &str, told: &[(&str, usize)]) -> Json {
        self.case(name, &Given::Step, Some(Code::Ok), told)
    }

    /// A step that no court accepts.
    fn refused(self, name: &str) -> Json {
        self.case(name, &Given::Step, None, &[])
    }

    fn misbehavior(self, name: &str, address: [u8; 20], told: &[(&str, usize)]) -> Json {
        let code = match told {
            [] => Code::Recorded,
            _ => Code::Ok,
        };
        self.case(name, &Given::Misbehavior(address), Some(code), told)
    }

    /// Runs the input and tells everything that another program must find too; then runs it again from its witness.
    fn case(self, name: &str, given: &Given, code: Option<Code>, told: &[(&str, usize)]) -> Json {
        let (moment, parameters) = (self.moment(), self.parameters());
        let World {
            mut tree,
            deployment,
            ..
        } = self.world;
        let domain = &deployment.domain;
        let (kind, transactions) = match given {
            Given::Step => (SegmentKind::Boundary, Vec::new()),
            Given::Misbehavior(address) => {
                let address = *address;
                let bytes = Misbehavior {
                    address,
                    ..offence()
                };
                let bytes = bytes.encode(moment.height);
                (SegmentKind::Evidence, vec![bytes])
            }
        };
        let mut overlay = Overlay::new(&tree);
        let mut noted = Noted::new(&mut overlay);
        carried::begin();
        let outcome = match given {
            Given::Step => boundary::step(&mut noted, &moment).map(|step| (Code::Ok, step.events)),
            Given::Misbehavior(address) => {
                let context = Context::new(moment.height, &parameters, domain);
                let receipt = apply_misbehavior(&mut noted, *address, &context);
                let receipt = receipt.map_err(ExecutionFault::from);
                receipt.map(|receipt| (receipt.code, receipt.events))
            }
        };
        let reject = carried::end(name);
        let found = outcome.as_ref().ok().map(|(code, _)| *code);
        assert_eq!(found, code, "{name}");
        let mut case =
            json!({"name": name, "height": moment.height, "time": moment.time.to_string()});
        case["input"] = hex_of(transactions.concat()).into();
        if let Some(reject) = reject {
            case["reject"] = reject.into();
        }
        match &outcome {
            Ok((code, events)) => {
                check_told(name, events, told);
                noted.tell(&mut case, events);
                case["code"] = code.number().into();
                case["data"] = "0x".into();
            }
            Err(_) => {
                noted.tell(&mut case, &[]);
                assert_eq!(case["written"], json!([]), "{name}");
                case["refused"] = "rule".into();
            }
        }
        let mut layer = overlay.take();
        layer.touched.insert(parameters_key());
        if outcome.is_ok() {
            case["leaves_made"] = layer.inserted.len().into();
        }
        let segment = Segment {
            kind,
            first: 1,
            count: transactions.len() as u32,
            bytes: Arc::new(bytes_of(&transactions)),
            changes: layer.changes,
            touched: layer.touched,
        };
        let held = witness(&tree, &segment).expect("the tree proves its leaves");
        let held = Witness::decode(&held.encode(), width_of_kind).expect("it decodes");
        let input = SegmentInput::of(&segment, moment, domain);
        let again = reexecute(held, &tree.root(), &input, &ColdChecker);
        match outcome {
            Ok(_) => {
                let after = tree.apply(&segment.changes).expect("it fits the tree");
                assert_eq!(again, Ok(after), "{name}: executed again from its witness");
            }
            Err(_) => assert!(matches!(again, Err(ReexecuteError::Rule(_))), "{name}"),
        }
        case
    }
}

/// What a case gives to the rules.
enum Given {
    /// The next step of the boundary.
    Step,
    /// Misbehavior of a consensus address.
    Misbehavior([u8; 20]),
}

fn check_told(name: &str, events: &[Event], told: &[(&str, usize)]) {
    let names: BTreeSet<&str> = events.iter().map(Event::name).collect();
    let found: Vec<(&str, usize)> = names
        .into_iter()
        .map(|name| {
            let same = events.iter().filter(|event| event.name() == name);
            (name, same.count())
        })
        .collect();
    assert_eq!(found, told, "{name}");
}

fn tombstones() -> Vec<Json> {
    let at = || At::new(4, 4);
    let lost = [("plasmid", 1), ("tombstoned", 1), ("unseated", 1)];
    let kept = [("plasmid", 1), ("tombstoned", 1)];
    let both = [("plasmid", 1), ("tombstoned", 2), ("unseated", 1)];
    let address = at().address(1);
    let run = |name, edit: fn(&mut At), told: &[(&str, usize)]| {
        let mut at = at();
        edit(&mut at);
        at.misbehavior(name, address, told)
    };
    vec![
        run("of a member, which loses its seat", |_| {}, &lost),
        at().misbehavior("of an address that nobody registered", [3; 20], &[]),
        run(
            "of a registration that is tombstoned already",
            |at| {
                let address = at.address(1);
                at.act(&StakeInput::Tombstone(address));
            },
            &[],
        ),
        run(
            "of the old key of a seat whose holder has new ones, which go too",
            |at| {
                let operator = at.line(1).operator;
                at.act(&StakeInput::Register(Register {
                    operator,
                    registration: 9,
                    address: [0x99; 20],
                    consensus_key: [0x99; 32],
                    checkpoint_key: Box::new([0x99; 96]),
                }));
            },
            &both,
        ),
        run(
            "of a key of a closed line, whose holder has a line behind it",
            |at| {
                let operator = at.line(1).operator;
                at.act(&StakeInput::Retire(Retire { operator }));
                at.act(&StakeInput::Register(Register {
                    operator,
                    registration: 9,
                    address: [0x99; 20],
                    consensus_key: [0x99; 32],
                    checkpoint_key: Box::new([0x99; 96]),
                }));
            },
            &kept,
        ),
        run(
            "of a member whose line has left its seat",
            |at| at.leave(1..2),
            &kept,
        ),
        run(
            "of a member whose line was displaced, by one that has left the seat since",
            |at| {
                let line = at.line(1);
                at.leave(1..2);
                at.change(Key::Line(line), |line: &mut Line| line.seat = 1);
            },
            &kept,
        ),
        run(
            "of a member in jail",
            |at| {
                at.change(Key::Seat(1), |seat: &mut Seat| {
                    seat.state = SeatState::Jailed
                });
                let line = at.line(1);
                at.change(Key::Line(line), |line: &mut Line| line.jailed = 9);
            },
            &lost,
        ),
        run(
            "of a member whose line the court has frozen",
            |at| freeze(at, 1),
            &kept,
        ),
    ]
}

fn freeze(at: &mut At, seat: u16) {
    let operator = at.line(seat).operator;
    at.act(&StakeInput::Freeze(Freeze {
        operator,
        registration: u64::from(seat) + 1,
        epoch: 0,
    }));
}

/// A fifth of what a line earns goes to its operator, from the set of epoch 2 on; nothing else can have a commission.
fn charge(at: &mut At, seat: u16) {
    let operator = at.line(seat).operator;
    at.change(Key::Line(at.line(seat)), |line: &mut Line| {
        line.commission_step = 2_000;
        line.changed = 0;
    });
    at.change(Key::Maturity, |maturity: &mut plasmid_staking::Maturity| {
        maturity.matured = 1;
    });
    at.act(&StakeInput::Edit(Edit {
        operator,
        commission: Some(2_000),
        max_commission: None,
        commission_step: None,
        min_self_stake: None,
    }));
}

fn rewards() -> Vec<Json> {
    let at = || {
        let mut at = At::new(4, 4);
        at.fees(1_000_003);
        at.pool(777_777_777_777);
        at
    };
    let run = |name, edit: fn(&mut At), told: &[(&str, usize)]| {
        let mut at = at();
        edit(&mut at);
        at.step(name, told)
    };
    let all = [("rewarded", 4)];
    let one_less = [("rewarded", 3)];
    let one_jailed = [("jailed", 1), ("rewarded", 3)];
    vec![
        run("fees and a part of the pool, to all", |_| {}, &all),
        run(
            "without fees and with an empty pool",
            |at| {
                at.fees(0);
                at.pool(0);
            },
            &all,
        ),
        run("more fees than 64 bits hold", |at| at.fees(1 << 90), &all),
        run(
            "a member with votes in half of the blocks, less a half",
            |at| {
                at.votes(|seat| if seat == 1 { 7 } else { 15 });
            },
            &one_less,
        ),
        run(
            "a member with votes in half of the blocks, and a half more",
            |at| {
                at.votes(|seat| if seat == 1 { 8 } else { 15 });
            },
            &all,
        ),
        run(
            "a member without a vote goes to jail",
            |at| {
                at.votes(|seat| if seat == 1 { 0 } else { 15 });
            },
            &one_jailed,
        ),
        run(
            "a member with one vote does not",
            |at| {
                at.votes(|seat| if seat == 1 { 1 } else { 15 });
            },
            &one_less,
        ),
        run(
            "everybody goes to jail",
            |at| at.votes(|_| 0),
            &[("jailed", 4)],
        ),
        run(
            "a member that has left its seat goes to jail",
            |at| {
                at.leave(1..2);
                at.votes(|seat| if seat == 1 { 0 } else { 15 });
            },
            &one_jailed,
        ),
        run(
            "a member whose line is retired is paid",
            |at| {
                let operator = at.line(1).operator;
                at.act(&StakeInput::Retire(Retire { operator }));
            },
            &all,
        ),
        run(
            "a member whose line is frozen is neither paid nor jailed",
            |at| {
                freeze(at, 1);
                at.votes(|seat| if seat == 1 { 0 } else { 15 });
            },
            &one_less,
        ),
        run(
            "an operator that has a commission in this set",
            |at| {
                charge(at, 1);
                at.next();
                at.next();
                at.fees(1_000_003);
            },
            &all,
        ),
        run(
            "a mark of the next epoch, of a position that begins to back then",
            |at| {
                at.next();
                at.next();
                at.fees(1_000_003);
                let to = at.line(1);
                at.act(&StakeInput::Delegate(Delegate {
                    from: account_of(to.operator),
                    to,
                    amount: 1_000,
                    max_commission: 0,
                }));
            },
            &all,
        ),
        run(
            "a set that copies the one before is not paid",
            |at| {
                at.leave(0..4);
                at.next();
                at.next();
                at.fees(1_000_003);
            },
            &[],
        ),
        {
            let mut at = At::new(17, 17);
            at.fees(1_000_003);
            at.steps(1);
            at.step("the second step of three", &[("rewarded", 8)])
        },
        {
            let mut at = At::new(17, 17);
            at.fees(1_000_003);
            at.steps(2);
            at.step("the last step of three", &[("rewarded", 1)])
        },
        {
            let mut at = at();
            at.epoch = 1;
            at.refused("behind the last step: the boundary leaf waits for another epoch")
        },
        {
            let mut at = at();
            at.early = 1;
            at.refused("in a block that ends no epoch")
        },
    ]
}

fn rolls() -> Vec<Json> {
    let fixed = [("set_fixed", 1)];
    let run = |name, edit: fn(&mut At), paying: u32, told: &[(&str, usize)]| {
        let mut at = At::new(4, 4);
        at.fees(1_000_003);
        edit(&mut at);
        at.steps(paying);
        at.step(name, told)
    };
    let wide = |name, steps, told: &[(&str, usize)]| {
        let mut at = At::new(33, 33);
        at.fees(1_000_003);
        at.steps(steps);
        at.step(name, told)
    };
    vec![
        run(
            "every seat in one step, which ends the epoch",
            |_| {},
            1,
            &fixed,
        ),
        run(
            "a seat whose holder is in jail",
            |at| {
                at.votes(|seat| if seat == 0 { 0 } else { 15 });
            },
            1,
            &fixed,
        ),
        run("a seat that was left", |at| at.leave(2..3), 1, &fixed),
        run(
            "a seat whose holder has new keys",
            |at| {
                let operator = at.line(3).operator;
                let key = plasmid_bridge::proof::bls::SecretKey::from_entropy(&[0x77; 32]);
                at.act(&StakeInput::Register(Register {
                    operator,
                    registration: 9,
                    address: [0x99; 20],
                    consensus_key: [0x99; 32],
                    checkpoint_key: Box::new(key.expect("entropy").public_key()),
                }));
            },
            1,
            &fixed,
        ),
        run(
            "no seat with a holder: pass C is the next",
            |at| at.leave(0..4),
            1,
            &[],
        ),
        run(
            "over the leaves of an epoch before, whose reserve nobody was paid",
            |at| {
                for _ in 0..18 {
                    at.fees(1_000_003);
                    at.next();
                }
                at.fees(5);
            },
            1,
            &fixed,
        ),
        run(
            "over the leaves of an epoch before, whose relayer was paid",
            |at| {
                for _ in 0..18 {
                    at.fees(1_000_003);
                    at.next();
                }
                at.fees(5);
                let slot = Slot::EpochRecord {
                    place: at.place(19),
                };
                let held: EpochRecord = at.world.leaf(slot);
                assert_eq!((held.epoch, held.paid), (1, false));
                at.set(slot, &EpochRecord { paid: true, ..held });
            },
            1,
            &fixed,
        ),
        wide("the first step of three", 5, &[]),
        wide("the second step of three", 6, &[]),
        wide("the last step of three", 7, &fixed),
    ]
}

fn copies() -> Vec<Json> {
    let copied = [("set_copied", 1)];
    let run = |name, seats: u16, steps, told: &[(&str, usize)]| {
        let mut at = At::new(seats, seats);
        at.fees(1_000_003);
        at.leave(0..seats);
        at.steps(steps);
        at.step(name, told)
    };
    let mut again = At::new(4, 4);
    again.leave(0..4);
    again.next();
    again.steps(2);
    vec![
        run(
            "every seat in one step, which ends the epoch",
            4,
            2,
            &copied,
        ),
        again.step("a copy of a copy", &copied),
        run("the first step of two", 17, 5, &[]),
        run("the last step of two", 17, 6, &copied),
    ]
}

#[test]
fn the_vectors_of_misbehavior_and_of_the_boundary_are_what_this_code_makes() {
    let parameters = At::new(4, 4).parameters();
    let written = |cases: &[Json], name: &str| {
        let case = cases.iter().find(|case| case["name"] == name);
        let written = case.and_then(|case| case["written"].as_array());
        written.map(Vec::len).expect("a case of that name")
    };
    let (rewards, rolls) = (rewards(), rolls());
    let all = written(&rewards, "a set that copies the one before is not paid");
    let mark = "a mark of the next epoch, of a position that begins to back then";
    assert_eq!(written(&rewards, mark), all + 1, "the mark");
    let paid = "over the leaves of an epoch before, whose relayer was paid";
    let unpaid = "over the leaves of an epoch before, whose reserve nobody was paid";
    let (paid, unpaid) = (written(&rolls, paid), written(&rolls, unpaid));
    assert_eq!(unpaid, paid + 2, "the pool of fees, and that of rewards");
    for (name, cases) in [
        ("tombstone", tombstones()),
        ("reward", rewards),
        ("roll", rolls),
        ("copy", copies()),
    ] {
        keep(
            &format!("rules/{name}"),
            &json!({
                "about": "PROTOCOL sections 6, 9 and 12: the input is a transaction of misbehavior, or nothing where a step of the boundary is asked for. A leaf is named by the bytes whose hash is its key. `before` holds the leaves that the rule asks for, `absent` those of them that do not stand; `written` is in the order of the first writes, `events` is what is told. A case with `refused` has no result: a court calls the segment fraud, at the stage that is named.",
                "parameters": hex_of(parameters.encode()),
                "cases": cases,
            }),
        );
    }
}

/// Each rule of `staking/src/rules`, by its file, and an accepted case that carries it out: the vectors, and the case's name.
const STAKING: [(&str, &str, &str); 29] = [
    ("apply_cut", "stake", "apply_cut: by anybody"),
    (
        "cancel",
        "stake",
        "cancel_unbonding: later, with a second leg",
    ),
    (
        "claim_commission",
        "stake",
        "claim_commission: to another account",
    ),
    ("claim_rewards", "stake", "claim_rewards: of two"),
    ("claim_stake", "stake", "claim_stake: what has matured"),
    (
        "copy",
        "copy",
        "every seat in one step, which ends the epoch",
    ),
    ("delegate", "stake", "delegate: to an operator in a seat"),
    ("edit", "stake", "edit: everything"),
    ("edit::describe", "stake", "describe"),
    ("epoch_freeze", "court", "an epoch freeze"),
    (
        "epoch_freeze::release",
        "court",
        "a release of the only one",
    ),
    ("freeze", "court", "a freeze"),
    ("fund", "funding", "money for the pool"),
    ("leave", "stake", "leave"),
    ("leave::retire", "stake", "retire: with a seat"),
    (
        "mature",
        "maturity",
        "the checkpoint behind it was accepted long enough ago",
    ),
    ("merge", "stake", "merge: two that have matured"),
    ("redelegate", "stake", "redelegate: a part"),
    ("register", "registration", "of a new operator"),
    ("release", "reward", "fees and a part of the pool, to all"),
    ("restake", "stake", "restake: one's own"),
    ("restake::allow", "stake", "allow_restake: yes"),
    ("reward", "reward", "a member without a vote goes to jail"),
    (
        "roll",
        "roll",
        "every seat in one step, which ends the epoch",
    ),
    ("settle", "court", "a settlement"),
    ("take_seat", "stake", "take_seat: an empty one"),
    (
        "tombstone",
        "tombstone",
        "of a member, which loses its seat",
    ),
    ("undelegate", "stake", "undelegate: a part"),
    ("unjail", "stake", "unjail: when the time is over"),
];

/// Rejects that nothing meets but parameters, or a step of the boundary, that no node makes.
const OF_NO_INPUT: [&str; 6] = ["Seats", "Rules", "Range", "Power", "NoEpoch", "SetNotHeld"];

/// Texts between quotes in a rule's code: its reasons to refuse.
fn quoted(source: &str) -> Vec<&str> {
    let code = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = code.filter(|line| !line.contains("Error::Books("));
    code.flat_map(|line| line.split('"').skip(1).step_by(2))
        .collect()
}

#[test]
fn every_reason_by_which_a_rule_of_staking_refuses_has_a_vector() {
    drop(vectors::rules());
    drop([tombstones(), rewards(), rolls(), copies()]);
    let met = carried::rejects();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../staking/src");
    let source = std::fs::read_to_string(rules.join("error.rs")).expect("the rejects");
    let of_enum = source.split("pub enum Reject {").nth(1);
    let of_enum = of_enum.and_then(|rest| rest.split("\n}").next());
    let of_enum = of_enum.expect("the enum").lines();
    let variants = of_enum.filter_map(|line| line.strip_prefix("    "));
    let variants = variants.filter(|line| line.starts_with(|letter: char| letter.is_uppercase()));
    let variants: BTreeSet<&str> = variants
        .filter_map(|line| line.split(|letter: char| !letter.is_alphanumeric()).next())
        .collect();
    let found: BTreeSet<String> = met.iter().map(carried::variant).collect();
    let expected = variants.iter().filter(|name| !OF_NO_INPUT.contains(name));
    let expected: BTreeSet<String> = expected.map(|name| (*name).to_owned()).collect();
    assert_eq!(found, expected, "the rejects that vectors meet");
    assert_eq!(
        variants.len(),
        expected.len() + OF_NO_INPUT.len(),
        "each that no input meets is a reject"
    );
    let shown: Vec<String> = met.iter().map(|reject| format!("{reject:?}")).collect();
    let mut count = 0;
    for file in std::fs::read_dir(rules.join("rules")).expect("the rules") {
        let path = file.expect("a file").path();
        let source = std::fs::read_to_string(&path).expect("a rule");
        for reason in quoted(&source) {
            let is_met = shown.iter().any(|shown| shown.contains(reason));
            assert!(is_met, "{}: no vector meets: {reason}", path.display());
            count += 1;
        }
    }
    println!("{} rejects, {count} reasons in words", found.len());
    assert!(count >= 20, "{count} reasons were found");
}

#[test]
fn every_rule_of_staking_has_a_vector_that_carries_it_out() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(here.join("../staking/src/rules")).expect("the rules");
    for file in files {
        let file = file.expect("a file").file_name().into_string();
        let file = file.expect("a name");
        let rule = file.trim_end_matches(".rs");
        let known = STAKING.iter().any(|(name, _, _)| *name == rule);
        assert!(
            known || rule == "mod",
            "no vector carries out the rule {rule}"
        );
    }
    // Every case runs, and it is noted which rules it carries out.
    drop(vectors::rules());
    drop([tombstones(), rewards(), rolls(), copies()]);
    for (rule, vectors, name) in STAKING {
        assert!(
            carried::is_carried_out(rule, name),
            "{vectors}: {name} does not carry out the rule {rule}"
        );
        let path = here.join(format!("vectors/rules/{vectors}.json"));
        let held = std::fs::read_to_string(&path).expect("the vectors");
        let held: Json = serde_json::from_str(&held).expect("they are JSON");
        let cases = held["cases"].as_array().expect("a list of cases");
        let case = cases.iter().find(|case| case["name"] == name);
        let case = case.unwrap_or_else(|| panic!("{rule}: {vectors} has no case {name}"));
        // The record of a message that no rule knows has code 21, and epochs mature beside it.
        let done = case["code"] == 0 || rule == "mature" && case["code"] == 21;
        assert!(done, "{rule}: the case is refused");
        assert_ne!(
            case["written"],
            json!([]),
            "{rule}: the case writes nothing"
        );
    }
}

//! What the execution of a block refuses, the re-execution of one of its segments refuses too, unless it is an input or a link:
//! one table of cases, driven through both.

use std::collections::BTreeMap;
use std::convert::Infallible;

use plasmid_bridge::proof::inbox::{Body, Deposit, MAX_MESSAGE_BYTES};

use super::*;
use crate::chain::error::Error;
use crate::chain::execute::ColdChecker;
use crate::chain::fixture::{ALICE, BOB, World, account, offence};
use crate::chain::record::{EXECUTING_BYTES, Record};
use crate::chain::segments::bytes_of;
use crate::ledger::Claimed;
use crate::ledger::leaf::{BoundaryLeaf, InboxLeaf, Value};

mod rules;
mod vectors;

/// Leaves by key, which a segment's changes can be written into.
#[derive(Clone)]
struct State(BTreeMap<B256, Vec<u8>>);

impl Reads for State {
    type Error = Infallible;

    fn value(&self, key: &B256) -> Result<Option<&[u8]>, Infallible> {
        Ok(self.0.get(key).map(Vec::as_slice))
    }

    fn low(&self, key: &B256) -> Result<B256, Infallible> {
        let low = self.0.range(..*key).next_back();
        Ok(low.map(|(key, _)| *key).unwrap_or_default())
    }

    fn count(&self) -> u32 {
        self.0.len() as u32
    }
}

impl State {
    fn leaf<T: Value>(&self, slot: &Slot) -> T {
        T::decode(&self.0[&slot.key()]).expect("the leaf decodes")
    }
}

/// The transactions of a block, by the kind of their segment.
#[derive(Clone)]
struct Parts {
    record: Vec<u8>,
    messages: Vec<Vec<u8>>,
    evidence: Vec<Vec<u8>>,
    users: Vec<Vec<u8>>,
}

impl Parts {
    fn block(&self) -> Vec<Vec<u8>> {
        let mut block = vec![self.record.clone()];
        for part in [&self.messages, &self.evidence, &self.users] {
            block.extend(part.iter().cloned());
        }
        block
    }

    fn edit_record(&mut self, edit: impl FnOnce(&mut Record)) {
        let mut record = Record::decode(&self.record).expect("a record");
        edit(&mut record);
        self.record = record.encode();
    }
}

/// The last block of an epoch, with something of every kind in it, that is not executed yet.
struct Scene {
    world: World,
    state: State,
    honest: Parts,
}

impl Scene {
    fn new() -> Self {
        let mut world = World::new(16, 20);
        for _ in 0..31 {
            world.step();
        }
        world.deposit(5);
        world.deposit(6);
        world.misbehavior.push(offence());
        world.vote();
        world.transfer(ALICE, 0, 1);
        world.transfer(BOB, 0, 2);
        world.transfer(ALICE, 1, 3);
        let block = world.propose();
        assert_eq!(block.len(), 7);
        let honest = Parts {
            record: block[0].clone(),
            messages: block[1..3].to_vec(),
            evidence: block[3..4].to_vec(),
            users: block[4..].to_vec(),
        };
        let leaves = world.tree.iter();
        let state = State(
            leaves
                .map(|leaf| (*leaf.key, leaf.value.to_vec()))
                .collect(),
        );
        Self {
            world,
            state,
            honest,
        }
    }

    fn moment(&self) -> Moment {
        Moment {
            height: self.world.height + 1,
            time: self.world.time,
        }
    }

    fn judge(
        &self,
        state: &mut State,
        kind: SegmentKind,
        transactions: &[Vec<u8>],
    ) -> Result<(), ReexecuteError<Infallible>> {
        let bytes = bytes_of(transactions);
        let input = SegmentInput {
            kind,
            count: transactions.len() as u32,
            bytes: &bytes,
            moment: self.moment(),
            domain: &self.world.deployment.domain,
        };
        for change in judge(state, &input, &ColdChecker)? {
            state.0.insert(change.key, change.value);
        }
        Ok(())
    }

    /// Executes the segments of a block one after the other; the state after them.
    fn segments(&self, parts: &Parts) -> Result<State, ReexecuteError<Infallible>> {
        let mut state = self.state.clone();
        let executing = parts.record.get(..EXECUTING_BYTES).unwrap_or(&parts.record);
        self.judge(&mut state, SegmentKind::Record, &[executing.to_vec()])?;
        for (kind, part) in [
            (SegmentKind::Messages, &parts.messages),
            (SegmentKind::Evidence, &parts.evidence),
            (SegmentKind::Users, &parts.users),
        ] {
            self.judge(&mut state, kind, part)?;
        }
        // 17 seats: three steps that pay, and two that fix the next set.
        for _ in 0..5 {
            self.judge(&mut state, SegmentKind::Boundary, &[])?;
        }
        Ok(state)
    }

    /// Whether the execution of the block refuses it, as its proposer's fraud and not as a fault of the node.
    fn block_refuses(&self, parts: &Parts) -> bool {
        match self.world.execute(&parts.block()) {
            Ok(_) => false,
            Err(Error::Invalid(_)) => true,
            Err(Error::Fault(fault)) => panic!("no block may break a node: {fault}"),
        }
    }
}

/// Who catches what the execution of a block refuses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Catch {
    Form,
    Signature,
    Rule,
    /// No segment: a link rule judges it, or it is an input that two thirds of the power choose.
    Elsewhere,
}

fn catch(result: Result<State, ReexecuteError<Infallible>>) -> Catch {
    match result {
        Ok(_) => Catch::Elsewhere,
        Err(ReexecuteError::Form(_)) => Catch::Form,
        Err(ReexecuteError::Signature { .. }) => Catch::Signature,
        Err(ReexecuteError::Rule(RuleError::Unsound(fault))) => panic!("a sound state: {fault}"),
        Err(ReexecuteError::Rule(_)) => Catch::Rule,
        Err(ReexecuteError::Node(fault)) => panic!("not inside a segment: {fault}"),
        Err(ReexecuteError::Witness(never)) => match never {},
    }
}

type Case = (&'static str, Catch, fn(&World, &mut Parts));

const CASES: [Case; 33] = [
    ("a record of another height", Catch::Form, |_, parts| {
        parts.edit_record(|record| record.executing.height += 1);
    }),
    ("a record of another time", Catch::Form, |_, parts| {
        parts.edit_record(|record| record.executing.time -= 1);
    }),
    ("a record cut short", Catch::Form, |_, parts| {
        parts.record.truncate(EXECUTING_BYTES - 1);
    }),
    (
        "a record of another proposer",
        Catch::Elsewhere,
        |_, parts| {
            parts.edit_record(|record| record.executing.proposer[0] ^= 1);
        },
    ),
    ("a record of other votes", Catch::Elsewhere, |_, parts| {
        parts.edit_record(|record| record.executing.participation.0[0] ^= 1);
    }),
    ("a record of other shares", Catch::Elsewhere, |_, parts| {
        parts.edit_record(|record| record.executing.shares.set(511));
    }),
    (
        "a message without a whole header",
        Catch::Form,
        |_, parts| {
            parts.messages[1].truncate(33);
        },
    ),
    (
        "a message longer than root admits one",
        Catch::Form,
        |_, parts| {
            parts.messages[1].resize(1 + MAX_MESSAGE_BYTES + 1, 0);
        },
    ),
    ("an empty message", Catch::Form, |_, parts| {
        parts.messages[1].clear()
    }),
    (
        "a message left out before another",
        Catch::Rule,
        |_, parts| {
            parts.messages.remove(0);
        },
    ),
    ("messages in another order", Catch::Rule, |_, parts| {
        parts.messages.swap(0, 1)
    }),
    ("a message twice", Catch::Rule, |_, parts| {
        parts.messages.push(parts.messages[1].clone());
    }),
    (
        "a message of another amount",
        Catch::Elsewhere,
        |_, parts| {
            parts.messages[0][1 + 33 + 35] ^= 1;
        },
    ),
    (
        "a message with a body that does not decode",
        Catch::Elsewhere,
        |_, parts| {
            parts.messages[0].push(0);
        },
    ),
    (
        "a message of an unknown kind",
        Catch::Elsewhere,
        |_, parts| {
            parts.messages[0][1 + 32] = 77;
        },
    ),
    ("the last message left out", Catch::Elsewhere, |_, parts| {
        parts.messages.pop();
    }),
    ("misbehavior of another block", Catch::Form, |_, parts| {
        parts.evidence[0][8] ^= 1;
    }),
    ("misbehavior cut short", Catch::Form, |_, parts| {
        parts.evidence[0].pop();
    }),
    (
        "misbehavior of another validator",
        Catch::Elsewhere,
        |_, parts| {
            parts.evidence[0][10] ^= 1;
        },
    ),
    ("misbehavior twice", Catch::Elsewhere, |_, parts| {
        parts.evidence.push(parts.evidence[0].clone());
    }),
    ("misbehavior left out", Catch::Elsewhere, |_, parts| {
        parts.evidence.clear()
    }),
    ("a transaction cut short", Catch::Form, |_, parts| {
        parts.users[0].pop();
    }),
    (
        "a transaction of an unknown kind",
        Catch::Form,
        |_, parts| parts.users[0][0] = 0x7f,
    ),
    ("a record among transactions", Catch::Form, |_, parts| {
        parts.users.push(parts.record[..EXECUTING_BYTES].to_vec());
    }),
    ("a message among transactions", Catch::Form, |_, parts| {
        parts.users.push(parts.messages[0].clone());
    }),
    ("a transfer of nothing", Catch::Form, |world, parts| {
        parts.users.push(world.signed(ALICE, 2, 0, |_| {}));
    }),
    (
        "a signature that does not verify",
        Catch::Signature,
        |_, parts| {
            let last = parts.users[0].len() - 1;
            parts.users[0][last] ^= 1;
        },
    ),
    (
        "a signature of another sender",
        Catch::Signature,
        |world, parts| {
            let stolen = world.signed(ALICE, 1, 3, |header| header.sender = account(BOB));
            parts.users[2] = stolen;
        },
    ),
    ("a sequence that was used", Catch::Rule, |_, parts| {
        parts.users.push(parts.users[2].clone());
    }),
    ("a sequence ahead", Catch::Rule, |world, parts| {
        parts.users.push(world.signed(ALICE, 9, 1, |_| {}));
    }),
    ("a fee below the minimum", Catch::Rule, |world, parts| {
        parts
            .users
            .push(world.signed(ALICE, 2, 1, |header| header.fee = 0));
    }),
    (
        "a transaction that has expired",
        Catch::Rule,
        |world, parts| {
            parts
                .users
                .push(world.signed(ALICE, 2, 1, |header| header.valid_until = 31));
        },
    ),
    (
        "an amount beyond the balance",
        Catch::Rule,
        |world, parts| {
            parts.users.push(world.signed(ALICE, 2, 1 << 100, |_| {}));
        },
    ),
];

#[test]
fn what_a_block_refuses_a_segment_refuses_or_a_link_or_an_input_is_named() {
    let scene = Scene::new();
    assert!(!scene.block_refuses(&scene.honest));
    assert!(scene.segments(&scene.honest).is_ok());
    for (name, expected, edit) in CASES {
        let mut parts = scene.honest.clone();
        edit(&scene.world, &mut parts);
        assert!(scene.block_refuses(&parts), "the block with {name}");
        assert_eq!(catch(scene.segments(&parts)), expected, "{name}");
    }
}

/// What a flipped bit at `at` of a transaction's bytes means: a whole segment's proof, or input by the rules of section 6.
fn expected(kind: SegmentKind, at: usize) -> bool {
    match kind {
        SegmentKind::Record => at < 17,
        SegmentKind::Messages | SegmentKind::Evidence => at < 9,
        SegmentKind::Users => true,
        SegmentKind::Boundary => false,
    }
}

#[test]
fn a_flipped_bit_anywhere_is_refused_by_the_block_and_by_the_segment_unless_it_is_an_input() {
    let scene = Scene::new();
    let honest = scene.segments(&scene.honest).expect("the honest block");
    let inbox: InboxLeaf = honest.leaf(&Slot::Inbox);
    let places = [
        (SegmentKind::Record, EXECUTING_BYTES),
        (SegmentKind::Messages, scene.honest.messages[1].len()),
        (SegmentKind::Evidence, scene.honest.evidence[0].len()),
        (SegmentKind::Users, scene.honest.users[2].len()),
    ];
    for (kind, length) in places {
        for at in 0..length {
            let mut parts = scene.honest.clone();
            let bytes = match kind {
                SegmentKind::Record => &mut parts.record,
                SegmentKind::Messages => &mut parts.messages[1],
                SegmentKind::Evidence => &mut parts.evidence[0],
                SegmentKind::Users | SegmentKind::Boundary => &mut parts.users[2],
            };
            bytes[at] ^= 1 << (at % 8);
            assert!(scene.block_refuses(&parts), "{kind:?} byte {at}");
            match scene.segments(&parts) {
                Err(error) => assert!(expected(kind, at), "{kind:?} byte {at}: {error}"),
                Ok(state) => {
                    assert!(!expected(kind, at), "{kind:?} byte {at}");
                    let after: InboxLeaf = state.leaf(&Slot::Inbox);
                    let forged = kind == SegmentKind::Messages;
                    assert_eq!(after != inbox, forged, "L12 catches byte {at}");
                }
            }
        }
    }
}

#[test]
fn a_count_that_the_bytes_do_not_have_and_bytes_that_do_not_split_are_refused_for_every_kind() {
    let scene = Scene::new();
    let all = [
        (
            SegmentKind::Record,
            vec![scene.honest.record[..EXECUTING_BYTES].to_vec()],
        ),
        (SegmentKind::Messages, scene.honest.messages.clone()),
        (SegmentKind::Evidence, scene.honest.evidence.clone()),
        (SegmentKind::Users, scene.honest.users.clone()),
        (SegmentKind::Boundary, Vec::new()),
    ];
    for (kind, transactions) in all {
        let right = bytes_of(&transactions);
        let count = transactions.len() as u32;
        let judged = |count, bytes: &[u8]| {
            let moment = scene.moment();
            let domain = &scene.world.deployment.domain;
            let input = SegmentInput {
                kind,
                count,
                bytes,
                moment,
                domain,
            };
            judge(&scene.state, &input, &ColdChecker)
        };
        assert!(judged(count, &right).is_ok(), "{kind:?}");
        for wrong in [count + 1, count.wrapping_sub(1), count + 32] {
            let refused = judged(wrong, &right).unwrap_err();
            let found = transactions.len();
            assert!(
                matches!(refused, ReexecuteError::Form(FormError::Count { found: at, .. }) if at == found),
                "{kind:?}: {refused}"
            );
        }
        let mut longer = right.clone();
        longer.extend([0, 0, 0, 1]);
        let refused = judged(count, &longer).unwrap_err();
        assert!(matches!(
            refused,
            ReexecuteError::Form(FormError::Frames(_))
        ));
        longer.push(0xee);
        assert!(
            judged(count, &longer).is_err(),
            "{kind:?}: one more than the record says"
        );
        let refused = judged(count + 1, &longer).unwrap_err();
        assert!(
            matches!(refused, ReexecuteError::Form(_)),
            "{kind:?}: {refused}"
        );
        for cut in 1..right.len() {
            assert!(
                judged(count, &right[..cut]).is_err(),
                "{kind:?} cut at {cut}"
            );
        }
    }
}

#[test]
fn transactions_of_another_kind_do_not_belong_in_a_segment() {
    let scene = Scene::new();
    let mut state = scene.state.clone();
    let all = [
        (
            SegmentKind::Record,
            scene.honest.record[..EXECUTING_BYTES].to_vec(),
        ),
        (SegmentKind::Messages, scene.honest.messages[0].clone()),
        (SegmentKind::Evidence, scene.honest.evidence[0].clone()),
        (SegmentKind::Users, scene.honest.users[0].clone()),
    ];
    for (kind, _) in &all {
        for (other, bytes) in &all {
            let judged = scene.judge(&mut state, *kind, std::slice::from_ref(bytes));
            match kind == other {
                true => assert!(judged.is_ok(), "{kind:?}"),
                false => assert_eq!(
                    judged,
                    Err(FormError::FirstByte {
                        kind: *kind,
                        place: 0,
                        found: Some(bytes[0])
                    }
                    .into())
                ),
            }
        }
    }
}

#[test]
fn boundary_steps_are_refused_where_no_epoch_ends_and_behind_the_last() {
    let scene = Scene::new();
    let mut state = scene.segments(&scene.honest).expect("the honest block");
    let idle: BoundaryLeaf = state.leaf(&Slot::Boundary);
    assert_eq!(idle, boundary::idle_boundary(4), "epoch 1 has ended");
    let behind = scene.judge(&mut state, SegmentKind::Boundary, &[]);
    assert_eq!(
        behind,
        Err(ReexecuteError::Rule(RuleError::BoundaryOrder {
            expected: 3,
            found: 4
        }))
    );
    let inside = |height| {
        let moment = Moment {
            height,
            time: scene.world.time,
        };
        let domain = &scene.world.deployment.domain;
        let input = SegmentInput {
            kind: SegmentKind::Boundary,
            count: 0,
            bytes: &[],
            moment,
            domain,
        };
        judge(&scene.state, &input, &ColdChecker)
    };
    for height in [0, 17, 31, 33, 47] {
        assert_eq!(
            inside(height).err(),
            Some(ReexecuteError::Rule(RuleError::BoundaryHeight { height }))
        );
    }
    assert!(inside(32).is_ok());
    assert!(
        inside(16).is_err() && inside(48).is_err(),
        "epochs that end at another time"
    );
}

#[test]
fn a_node_ends_a_segment_at_65_leaves_and_a_court_objects_above_72() {
    let mut scene = Scene::new();
    for number in 1..=32u8 {
        scene.world.send(Body::Deposit(Deposit {
            token: [number; 20],
            amount: 1,
            native: 1,
            recipient: account(number).bytes(),
            refund: [7; 20],
            depositor: [7; 20],
            decimals: 18,
            symbol_length: 0,
            symbol: [0; 32],
        }));
    }
    let message = |bytes: &Vec<u8>| [&[0xf1], bytes.as_slice()].concat();
    let all: Vec<Vec<u8>> = scene.world.inbox.iter().map(message).collect();
    let touched = |count: usize| match scene.judge(
        &mut scene.state.clone(),
        SegmentKind::Messages,
        &all[..count],
    ) {
        Ok(()) => None,
        Err(ReexecuteError::Rule(RuleError::Touched { leaves })) => Some(leaves),
        Err(other) => panic!("{other}"),
    };
    let first = (1..=32)
        .find(|count| touched(*count).is_some())
        .expect("too many leaves");
    let leaves = touched(first).expect("refused");
    assert!(
        (73..=72 + 7).contains(&leaves),
        "{leaves}: one deposit more, and the last one fits"
    );
    assert_eq!(touched(32), Some(leaves), "execution stops there");

    scene.world.users.clear();
    scene.world.misbehavior.clear();
    scene.world.vote();
    let block = scene.world.propose();
    // Two that the scene had before, and these.
    assert_eq!(block.len(), 1 + 34);
    let executed = scene.world.execute(&block).expect("an honest block");
    let messages = executed
        .segments
        .iter()
        .filter(|segment| segment.kind == SegmentKind::Messages);
    let sizes: Vec<(u32, usize)> = messages.map(|one| (one.count, one.touched.len())).collect();
    assert_eq!(sizes.iter().map(|(count, _)| count).sum::<u32>(), 34);
    assert!(
        sizes.len() > 2 && sizes.iter().all(|(_, leaves)| *leaves <= 65),
        "{sizes:?}"
    );
    assert!(sizes[0].0 as usize <= first);
}

#[test]
fn a_checker_that_does_not_answer_for_every_transaction_is_the_nodes_fault() {
    struct Silent;
    impl Checker for Silent {
        fn claim(&self, _: &[&[u8]], _: &Domain) -> Vec<Result<Claimed, Reject>> {
            Vec::new()
        }

        fn prove(&self, _: &[&Claimed]) -> Vec<Result<(), Reject>> {
            Vec::new()
        }
    }
    let scene = Scene::new();
    let bytes = bytes_of(&scene.honest.users);
    let input = SegmentInput {
        kind: SegmentKind::Users,
        count: 3,
        bytes: &bytes,
        moment: scene.moment(),
        domain: &scene.world.deployment.domain,
    };
    let refused = judge(&scene.state, &input, &Silent).unwrap_err();
    assert!(matches!(
        refused,
        ReexecuteError::Node(ExecutionFault::Verdicts {
            expected: 3,
            found: 0
        })
    ));
}

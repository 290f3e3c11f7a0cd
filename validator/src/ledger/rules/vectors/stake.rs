//! Cases of the messages of stake.

use plasmid_bridge::proof::inbox::{Body as MessageBody, Registration};
use plasmid_staking::rules::register::Register;
use plasmid_staking::{Input as StakeInput, rules::freeze::Freeze, rules::leave::Retire};
use serde_json::Value as Json;

use super::{FOUNDER, Input, NEWCOMER, Scene, case, operator};
use crate::ledger::account::Account;
use crate::ledger::fixture::*;
use crate::ledger::leaf::EpochRecord;
use crate::ledger::leaves::{Memory, write};
use crate::ledger::slot::{Slot, ring_place};
use crate::ledger::stake::apply_at;

const OPERATOR: [u8; 20] = [0x51; 20];

fn registered(key: u8, registration: u64) -> MessageBody {
    registered_by(OPERATOR, [key, key], registration)
}

fn registered_by(
    operator: [u8; 20],
    [consensus, checkpoint]: [u8; 2],
    registration: u64,
) -> MessageBody {
    MessageBody::Registration(Registration {
        operator,
        registration,
        consensus_key: [consensus; 32],
        checkpoint_key: [checkpoint; 96],
        bounty_bond: 9,
    })
}

/// A state with registration 5 of the operator, frozen in epoch 2 when it is asked for.
fn with_operator(frozen: bool) -> Memory {
    let mut inputs = vec![key(1, 5)];
    if frozen {
        inputs.push(StakeInput::Freeze(Freeze {
            operator: OPERATOR,
            registration: 5,
            epoch: 2,
        }));
    }
    after(&inputs)
}

/// A state in which registration 6 has replaced both keys of registration 5.
fn rotated() -> Memory {
    after(&[key(1, 5), key(2, 6)])
}

/// A state in which the consensus key of registration 5 has signed two votes.
fn tombstoned() -> Memory {
    let address = Account::ed25519(&[1; 32]).id;
    after(&[key(1, 5), StakeInput::Tombstone(address)])
}

fn key(key: u8, registration: u64) -> StakeInput {
    StakeInput::Register(Register {
        operator: OPERATOR,
        registration,
        address: Account::ed25519(&[key; 32]).id,
        consensus_key: [key; 32],
        checkpoint_key: Box::new([key; 96]),
    })
}

fn after(inputs: &[StakeInput]) -> Memory {
    let mut memory = state(1);
    for input in inputs {
        apply_at(&mut memory, &parameters(), 3, input).expect("it applies");
    }
    memory
}

pub(super) fn registrations() -> Vec<Json> {
    let run = |name, memory, body| case(name, memory, Input::Message(body));
    vec![
        run("of a new operator", state(1), registered(2, 7)),
        run(
            "a rotation of the keys of an open line",
            with_operator(false),
            registered(2, 7),
        ),
        run(
            "behind a closed line, which opens another",
            with_operator(true),
            registered(2, 7),
        ),
        run(
            "a rotation that keeps the consensus key",
            with_operator(false),
            registered_by(OPERATOR, [1, 2], 7),
        ),
        run(
            "a rotation that keeps the checkpoint key",
            with_operator(false),
            registered_by(OPERATOR, [2, 1], 7),
        ),
        run(
            "a consensus key of another operator",
            with_operator(false),
            registered_by([0x52; 20], [1, 2], 7),
        ),
        run(
            "a consensus key that was replaced",
            rotated(),
            registered_by(OPERATOR, [1, 2], 8),
        ),
        run(
            "a consensus key that is tombstoned",
            tombstoned(),
            registered_by(OPERATOR, [1, 2], 7),
        ),
        run(
            "behind a closed line, with its consensus key",
            with_operator(true),
            registered_by(OPERATOR, [1, 2], 7),
        ),
        run(
            "behind a closed line, with its checkpoint key",
            with_operator(true),
            registered_by(OPERATOR, [2, 1], 7),
        ),
        run(
            "a number that is not new",
            with_operator(false),
            registered(2, 5),
        ),
        run("the number 0", state(1), registered(2, 0)),
        run(
            "behind a line that was closed in jail, in jail as long as that could be",
            retired(FOUNDER, true),
            registered_by(operator(FOUNDER), [2, 2], 7),
        ),
        run(
            "behind a line that was closed with its seat, in jail as long as that could be",
            retired(FOUNDER, false),
            registered_by(operator(FOUNDER), [2, 2], 7),
        ),
        run(
            "behind a line that was closed and never had a seat, in no jail",
            retired(NEWCOMER, false),
            registered_by(operator(NEWCOMER), [2, 2], 7),
        ),
    ]
}

/// The line of an operator is retired in epoch 2, at whose end the founder is jailed for its absence, if it is absent.
fn retired(number: u8, absent: bool) -> Memory {
    let mut scene = Scene::new();
    let operator = operator(number);
    scene.act(2, &StakeInput::Retire(Retire { operator }));
    if absent {
        scene.absent(2);
    }
    scene.memory
}

pub(super) fn decisions() -> Vec<Json> {
    let run = |name, memory, body| case(name, memory, Input::Message(body));
    let freeze = |registration, epoch| MessageBody::Freeze {
        operator: OPERATOR,
        registration,
        epoch,
    };
    let settlement = |registration, epoch, fraction| MessageBody::Settlement {
        operator: OPERATOR,
        registration,
        epoch,
        fraction,
    };
    let epoch_freeze = |epoch| MessageBody::EpochFreeze { epoch };
    let release = |epoch| MessageBody::EpochRelease { epoch };
    vec![
        run("a freeze", with_operator(false), freeze(5, 2)),
        run("a second freeze", with_operator(true), freeze(5, 3)),
        run(
            "a freeze of an unknown registration",
            with_operator(false),
            freeze(6, 2),
        ),
        run("a settlement", with_operator(true), settlement(5, 2, 77)),
        run(
            "a settlement of more than the whole",
            with_operator(true),
            settlement(5, 2, u64::MAX),
        ),
        run(
            "a settlement of an epoch beyond the tree",
            with_operator(true),
            settlement(5, 1 << 17, 77),
        ),
        run(
            "a settlement of what nothing froze",
            with_operator(false),
            settlement(5, 2, 77),
        ),
        run(
            "a settlement of an unknown registration",
            with_operator(true),
            settlement(6, 2, 77),
        ),
        run("an epoch freeze", state(1), epoch_freeze(7)),
        run("a second epoch freeze", frozen(&[7]), epoch_freeze(5)),
        run("a release of the only one", frozen(&[7]), release(7)),
        run("a release of one of two", frozen(&[7, 5]), release(7)),
        run("a release of what nothing froze", state(1), release(7)),
        run(
            "a release of an epoch beside those that are frozen",
            frozen(&[7, 5]),
            release(8),
        ),
    ]
}

/// A state in which whole epochs are frozen.
fn frozen(epochs: &[u64]) -> Memory {
    let mut memory = state(1);
    for epoch in epochs {
        let input = StakeInput::FreezeEpoch(*epoch);
        apply_at(&mut memory, &parameters(), 3, &input).expect("it applies");
    }
    memory
}

pub(super) fn fundings() -> Vec<Json> {
    let run = |name, amount| {
        let funder = [0x52; 20];
        case(
            name,
            state(1),
            Input::Message(MessageBody::RewardFunding { amount, funder }),
        )
    };
    vec![
        run("money for the pool", 77),
        run("an amount of 0", 0),
        run("more than 128 bits of the asset", u128::MAX),
    ]
}

pub(super) fn maturities() -> Vec<Json> {
    let run = |name, records: &[(u64, u64)]| {
        let mut memory = state(1);
        for (epoch, accepted) in records {
            let place = ring_place(*epoch, parameters().ring);
            let record = EpochRecord {
                epoch: *epoch,
                accepted: *accepted,
                paid: true,
                ..EpochRecord::default()
            };
            write(&mut memory, &Slot::EpochRecord { place }, &record).expect("it is written");
        }
        let body = MessageBody::Opaque {
            kind: 77,
            bytes: Vec::new(),
        };
        case(name, memory, Input::Message(body))
    };
    // The message comes to root at 1,001 seconds, and U is 30.
    vec![
        run(
            "the checkpoint behind it was accepted long enough ago",
            &[(1, 971)],
        ),
        run("a second too early", &[(1, 972)]),
        run("not accepted", &[(1, 0)]),
        run("two epochs, and never three", &[(1, 1), (2, 1), (3, 1)]),
        run("a record that a later epoch has overwritten", &[(513, 971)]),
    ]
}

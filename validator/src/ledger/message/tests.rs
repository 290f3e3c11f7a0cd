//! Messages of the inbox attacked: whatever a stranger put into them, nothing is lost, nothing is made, nothing faults.

use std::convert::Infallible;

use plasmid_bridge::proof::inbox::{Body, Deposit, Payload, Registration};
use plasmid_staking::{Effect, Key, Line, LineId, LineState, Maturity, Rewards};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::ledger::account::Account;
use crate::ledger::check::check;
use crate::ledger::code::Code;
use crate::ledger::conservation::check_conservation;
use crate::ledger::eip712::digest;
use crate::ledger::event::Event;
use crate::ledger::fees::{CAPACITY, RESERVED_FROM};
use crate::ledger::fixture::*;
use crate::ledger::leaf::*;
use crate::ledger::leaves::{Memory, read};
use crate::ledger::parameters::Parameters;
use crate::ledger::rules::acceptance::reward_down;
use crate::ledger::slot::ring_place;
use crate::ledger::transaction::{
    Authentication, Body as UserBody, Data, Header, Scheme, Transaction,
};

mod acceptance;
mod deposit;
mod forced;

use self::acceptance::{acceptance, with_epoch};
use self::forced::{forced_by, from_root, sequence};

const HEIGHT: u64 = 200;

fn try_message(
    memory: &mut Memory,
    message: &Message,
) -> Result<Receipt, MessageError<Infallible>> {
    let (parameters, domain) = (parameters(), domain());
    apply_message(memory, message, &context(HEIGHT, &parameters, &domain))
}

/// Applies the next message; the books add up and the inbox advances, whatever it says.
fn consume(memory: &mut Memory, body: Body) -> Receipt {
    let message = message(memory, body);
    let before: InboxLeaf = value(memory, Slot::Inbox);
    let count = memory.count();
    let receipt = try_message(memory, &message).unwrap();
    let after: InboxLeaf = value(memory, Slot::Inbox);
    assert_eq!(after.cursor, before.cursor + 1);
    assert_eq!(
        after.link,
        link(message.index, &before.link.into(), &message.hash()).0
    );
    assert_eq!(memory.count() - count, receipt.leaves_made);
    check_conservation(memory.iter()).unwrap();
    receipt
}

fn person() -> Account {
    Wallet::new(0).account()
}

fn stranger() -> Account {
    Account {
        kind: 1,
        id: [0x99; 20],
    }
}

fn asset(memory: &mut Memory, token: [u8; 20]) -> AssetLeaf {
    value(memory, Slot::Asset(token))
}

#[test]
fn messages_are_consumed_in_order_and_once() {
    let mut memory = state(1);
    let first = message(
        &mut memory,
        Body::RewardFunding {
            amount: 1,
            funder: [1; 20],
        },
    );
    let skipped = Message {
        index: 2,
        ..first.clone()
    };
    let zero = Message {
        index: 0,
        ..first.clone()
    };
    let out = |expected, found| Err(MessageError::OutOfOrder { expected, found });
    assert_eq!(try_message(&mut memory, &skipped), out(1, 2));
    assert_eq!(try_message(&mut memory, &zero), out(1, 0));
    assert!(try_message(&mut memory, &first).is_ok());
    assert_eq!(try_message(&mut memory, &first), out(2, 1));
    let end = InboxLeaf {
        cursor: u64::MAX,
        link: [0; 32],
    };
    write(&mut memory, &Slot::Inbox, &end).unwrap();
    assert!(try_message(&mut memory, &first).is_err());
    assert!(
        try_message(&mut memory, &zero).is_err(),
        "the index does not start again"
    );
}

/// A body of an unknown kind, or of another length than its kind has.
fn opaque(kind: u8, length: usize) -> Body {
    Body::Opaque {
        kind,
        bytes: vec![0; length],
    }
}

#[test]
fn kinds_without_effect_and_bodies_that_do_not_decode_are_recorded() {
    let (operator, registration, epoch) = ([1; 20], 2, 3);
    let data = Payload::new(vec![1; 512]).unwrap();
    for body in [
        Body::Freeze {
            operator,
            registration,
            epoch,
        },
        Body::Settlement {
            operator,
            registration,
            epoch,
            fraction: 1_000_000_000,
        },
        Body::RewardFunding {
            amount: u128::MAX,
            funder: operator,
        },
        Body::RewardFunding {
            amount: 0,
            funder: operator,
        },
        Body::Generic {
            sender: operator,
            target: [1; 21],
            data,
        },
        Body::EpochRelease { epoch },
        opaque(9, 7),
        opaque(10, 9),
        opaque(0, 0),
        opaque(255, 555),
        opaque(2, 146),
        opaque(5, 47),
        opaque(7, 21),
    ] {
        let receipt = consume(&mut state(1), body);
        assert_eq!(
            (receipt.code, receipt.leaves_made, receipt.data.len()),
            (Code::Recorded, 0, 0)
        );
    }
}

fn names(receipt: &Receipt) -> Vec<&str> {
    receipt.events.iter().map(Event::name).collect()
}

#[test]
fn a_registration_opens_a_line_is_frozen_by_the_court_and_settled_and_comes_once() {
    let mut memory = state(1);
    let (operator, registration, epoch) = ([1; 20], 7, 0);
    let registered = Body::Registration(Registration {
        operator,
        registration,
        consensus_key: [1; 32],
        checkpoint_key: [2; 96],
        bounty_bond: 9,
    });
    let receipt = consume(&mut memory, registered.clone());
    assert_eq!((receipt.code, receipt.leaves_made), (Code::Ok, 4));
    let again = consume(&mut memory, registered);
    assert_eq!((again.code, again.leaves_made), (Code::Recorded, 0));
    let slot = Slot::from(Key::Line(LineId {
        operator,
        line: registration,
    }));
    let freeze = Body::Freeze {
        operator,
        registration,
        epoch,
    };
    let frozen = consume(&mut memory, freeze);
    assert_eq!(frozen.code, Code::Ok);
    assert_eq!(names(&frozen), ["applied", "closed", "frozen", "plasmid"]);
    let line: Line = value(&mut memory, slot);
    assert_eq!((line.state, line.freezes.count), (LineState::Frozen, 1));
    let settlement = Body::Settlement {
        operator,
        registration,
        epoch,
        fraction: 5,
    };
    let settled = consume(&mut memory, settlement);
    assert_eq!(
        (settled.code, settled.leaves_made),
        (Code::Ok, 4),
        "the tree of cuts"
    );
    assert_eq!(names(&settled), ["applied", "settled", "plasmid"]);
    let told = settled.events[1].attributes();
    let told: Vec<(&str, &str)> = told.iter().map(|one| (one.key, &one.value[..])).collect();
    let address = "0x0101010101010101010101010101010101010101";
    assert_eq!(
        told,
        [
            ("operator", address),
            ("line", "7"),
            ("registration", "7"),
            ("epoch", "0"),
            ("fraction", "5"),
        ]
    );
    let line: Line = value(&mut memory, slot);
    assert_eq!((line.state, line.freezes.count), (LineState::Frozen, 0));
}

/// Epochs go on to mature while one is frozen, and the freeze is over with the last release.
#[test]
fn an_epoch_is_frozen_and_released_while_epochs_mature() {
    let mut memory = state(1);
    let maturity = |memory: &mut Memory| -> Maturity { value(memory, Slot::from(Key::Maturity)) };
    let place = ring_place(1, parameters().ring);
    let record = EpochRecord {
        epoch: 1,
        accepted: 1,
        paid: true,
        ..EpochRecord::default()
    };
    write(&mut memory, &Slot::EpochRecord { place }, &record).unwrap();
    // The first message lets an epoch mature.
    let first = consume(&mut memory, opaque(77, 8));
    assert_eq!(names(&first), ["recorded", "matured"]);
    for (body, name, count) in [
        (Body::EpochFreeze { epoch: 3 }, "epoch_frozen", 1),
        (Body::EpochFreeze { epoch: 5 }, "epoch_frozen", 2),
        (Body::EpochRelease { epoch: 5 }, "epoch_released", 1),
        (Body::EpochRelease { epoch: 3 }, "epoch_released", 0),
    ] {
        let receipt = consume(&mut memory, body);
        assert_eq!((receipt.code, receipt.leaves_made), (Code::Ok, 0));
        assert_eq!(names(&receipt), ["applied", name]);
        let held = maturity(&mut memory);
        assert_eq!((held.matured, held.freezes.count), (1, count));
    }
    let again = consume(&mut memory, Body::EpochRelease { epoch: 3 });
    assert_eq!(again.code, Code::Recorded);
}

#[test]
fn funding_enters_the_reward_pool_and_is_credited() {
    let mut memory = state(1);
    let funding = Body::RewardFunding {
        amount: 77,
        funder: [1; 20],
    };
    let funded = consume(&mut memory, funding);
    assert_eq!(funded.code, Code::Ok);
    assert_eq!(names(&funded), ["applied", "funded"]);
    assert_eq!(funded.events[1].attributes()[0].value, "77");
    let rewards: Rewards = value(&mut memory, Slot::from(Key::Rewards));
    assert_eq!((rewards.pool, rewards.owed), (77, 0));
    check_conservation(memory.iter()).unwrap();
}

#[test]
fn epochs_mature_by_the_times_of_messages_two_a_message() {
    let mut memory = with_epoch(1, 0, 0);
    let wait = parameters().unbonding_secs;
    let accepted = |epoch, accepted| EpochRecord {
        epoch,
        accepted,
        paid: true,
        ..EpochRecord::default()
    };
    for (epoch, time) in [(1, 1_000), (2, 1_000), (3, 1_000), (4, 1_001)] {
        let place = ring_place(epoch, parameters().ring);
        write(
            &mut memory,
            &Slot::EpochRecord { place },
            &accepted(epoch, time),
        )
        .unwrap();
    }
    for (arrival, matured) in [
        (999 + wait, 0),
        (1_000 + wait, 2),
        (1_000 + wait, 3),
        (1_000 + wait, 3),
        (1_001 + wait, 4),
        (u64::MAX, 4),
    ] {
        let before: Maturity = value(&mut memory, Slot::from(Key::Maturity));
        let next = Message {
            arrival,
            ..message(&mut memory, opaque(77, 8))
        };
        let receipt = try_message(&mut memory, &next).unwrap();
        let maturity: Maturity = value(&mut memory, Slot::from(Key::Maturity));
        assert_eq!(maturity.matured, matured, "arrival {arrival}");
        let told = receipt.events.iter().filter_map(|event| match event {
            Event::Stake(Effect::Matured { epoch }) => Some(*epoch),
            _ => None,
        });
        assert!(told.eq(before.matured..matured), "arrival {arrival}");
    }
}

#[test]
fn random_messages_never_fault_and_never_unbalance_the_books() {
    let seed = 21;
    println!("seed {seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut codes = std::collections::BTreeMap::new();
    for _ in 0..40 {
        let mut memory = with_epoch(3, 1 << 50, 1 << 50);
        for _ in 0..50 {
            let body = random_body(&mut rng, &mut memory);
            *codes.entry(consume(&mut memory, body).code).or_insert(0) += 1;
        }
    }
    println!("{codes:?}");
    assert!(codes.len() >= 8, "{codes:?}");
}

fn random_body(rng: &mut ChaCha8Rng, memory: &mut Memory) -> Body {
    let tokens = [NATIVE, TOKEN, STRANGE, [0xaa; 20]];
    let amounts = [0, 1, 1 << 96, 1 << 112, u128::MAX / 3, u128::MAX];
    let mut amount = || amounts[rng.random_range(0..amounts.len())];
    let (one, two) = (amount(), amount());
    let token = tokens[rng.random_range(0..4)];
    let number = rng.random_range(0..6);
    let recipient = match rng.random_range(0..4) {
        0 => Account {
            kind: rng.random_range(0..4),
            id: [rng.random(); 20],
        },
        1 => Account::NONE,
        _ => Wallet::new(number).account(),
    };
    match rng.random_range(0..8) {
        0..3 => Body::Deposit(deposit(token, one, two, recipient)),
        3 => acceptance(rng.random_range(0..5), one, rng.random()),
        4 => {
            let bytes = (0..rng.random_range(0..300))
                .map(|_| rng.random_range(0..6))
                .collect();
            forced_bytes([1; 20], bytes)
        }
        5 => {
            let next = sequence(memory, number);
            forced(
                [1; 20],
                &forced_by(number, next, transfer(recipient, token, one)),
            )
        }
        6 => {
            let next = sequence(memory, number) + rng.random_range(0..2);
            forced(
                [1; 20],
                &forced_by(
                    number,
                    next,
                    withdraw([number; 20], token, rng.random_range(0..1_000)),
                ),
            )
        }
        _ => forced(
            recipient.id,
            &from_root(
                recipient.id,
                0,
                transfer(Wallet::new(number).account(), token, one),
            ),
        ),
    }
}

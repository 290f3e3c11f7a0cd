//! Bytes of every leaf: one width, back and forth, and every byte that nothing writes is refused.

use std::fmt::Debug;

use rand::Rng;

use super::*;
use crate::leaf::Key;
use crate::minima::{MinimaNode, Weight};

fn amount(rng: &mut ChaCha8Rng) -> u128 {
    rng.random::<u128>() >> rng.random_range(0..128)
}

fn random_line(rng: &mut ChaCha8Rng) -> LineId {
    LineId {
        operator: rng.random(),
        line: rng.random_range(1..=u64::MAX),
    }
}

fn index(rng: &mut ChaCha8Rng) -> Index {
    let bytes: [u8; 32] = rng.random();
    Mark::decode(&bytes).unwrap().0
}

fn freezes(rng: &mut ChaCha8Rng) -> Freezes {
    Freezes {
        count: rng.random(),
        lowest: rng.random(),
        highest: rng.random(),
    }
}

fn key96(rng: &mut ChaCha8Rng) -> [u8; 96] {
    let mut key = [0; 96];
    rng.fill(&mut key[..]);
    key
}

fn random_leg(rng: &mut ChaCha8Rng) -> Leg {
    Leg {
        line: random_line(rng),
        first: rng.random(),
        last: rng.random(),
        settled: rng.random(),
        index: index(rng),
    }
}

fn position(rng: &mut ChaCha8Rng, two: bool) -> Position {
    let mut owner = [0; 21];
    rng.fill(&mut owner[..]);
    let second = if two { random_leg(rng) } else { Leg::default() };
    Position {
        owner,
        restake: rng.random(),
        base: amount(rng),
        pending: amount(rng),
        cuts: [rng.random_range(0..=WHOLE), if two { WHOLE } else { 0 }],
        legs: [random_leg(rng), second],
    }
}

fn member(rng: &mut ChaCha8Rng) -> MemberLeaf {
    let standing = Standing {
        line: random_line(rng),
        registration: rng.random(),
        consensus_key: rng.random(),
        checkpoint_key: key96(rng),
        power: rng.random_range(1..=u64::MAX),
        stake: amount(rng),
        commission: rng.random(),
    };
    MemberLeaf {
        epoch: rng.random(),
        standing: Some(standing),
    }
}

fn seat(rng: &mut ChaCha8Rng, state: SeatState) -> Seat {
    Seat {
        state,
        line: random_line(rng),
        registration: rng.random(),
        consensus_key: rng.random(),
        checkpoint_key: key96(rng),
        stake: amount(rng),
        commission: rng.random(),
    }
}

fn random_line_leaf(rng: &mut ChaCha8Rng, state: LineState) -> Line {
    Line {
        state,
        seat: rng.random(),
        until: rng.random(),
        stake: amount(rng),
        self_stake: amount(rng),
        min_self_stake: amount(rng),
        index: index(rng),
        commission: rng.random(),
        max_commission: rng.random(),
        commission_step: rng.random(),
        changed: rng.random(),
        owed: amount(rng),
        jailed: rng.random(),
        freezes: freezes(rng),
        cut_base: rng.random(),
    }
}

fn back_and_forth<T: Value + PartialEq + Debug>(value: &T, width: usize) {
    let bytes = value.encode();
    assert_eq!(bytes.len(), width);
    assert_eq!((T::WIDTH, width_of_kind(T::KIND)), (width, Some(width)));
    assert_eq!(T::decode(&bytes).unwrap(), *value);
    for found in [width - 1, width + 1, 0] {
        let mut wrong = bytes.clone();
        wrong.resize(found, 0);
        let kind = T::KIND;
        assert_eq!(
            T::decode(&wrong),
            Err(LeafError::Width { kind, found, width })
        );
    }
}

#[test]
fn every_leaf_goes_back_and_forth_and_has_the_width_of_the_protocol() {
    let mut rng = rng(4);
    for _ in 0..50 {
        back_and_forth(&member(&mut rng), 199);
        for state in [SeatState::Active, SeatState::Jailed] {
            back_and_forth(&seat(&mut rng, state), 183);
        }
        for state in [LineState::Open, LineState::Retired, LineState::Frozen] {
            back_and_forth(&random_line_leaf(&mut rng, state), 155);
        }
        back_and_forth(&position(&mut rng, true), 216);
        back_and_forth(&position(&mut rng, false), 216);
        let (registration, line) = (rng.random(), rng.random());
        back_and_forth(&Operator { registration, line }, 16);
        let (pool, owed) = (amount(&mut rng), amount(&mut rng));
        back_and_forth(&Rewards { pool, owed }, 32);
        let (matured, freezes) = (rng.random(), freezes(&mut rng));
        back_and_forth(&Maturity { matured, freezes }, 26);
        let registration = Registration {
            line: rng.random(),
            tombstoned: rng.random(),
            consensus_key: rng.random(),
            checkpoint_key: key96(&mut rng),
        };
        back_and_forth(&registration, 137);
        let (operator, registration) = (rng.random(), rng.random());
        back_and_forth(
            &Signer {
                operator,
                registration,
            },
            28,
        );
        back_and_forth(&Mark(index(&mut rng)), 32);
        back_and_forth(&Counter(rng.random()), 8);
        let cuts: [u32; 16] = std::array::from_fn(|_| rng.random_range(0..=WHOLE));
        back_and_forth(&CutNode(cuts), 64);
        let weights = std::array::from_fn(|_| Weight {
            stake: amount(&mut rng),
            seat: rng.random(),
        });
        back_and_forth(&MinimaNode(weights), 288);
        let mut text = [0; 256];
        rng.fill(&mut text[..]);
        back_and_forth(&Description(text), 256);
    }
    back_and_forth(&Position::gone(), 216);
    back_and_forth(&Seat::default(), 183);
    let (epoch, standing) = (7, None);
    back_and_forth(&MemberLeaf { epoch, standing }, 199);
}

#[test]
fn no_value_is_as_long_as_what_a_node_or_a_leaf_of_the_tree_hashes() {
    let widths: Vec<usize> = (0..=u8::MAX).filter_map(width_of_kind).collect();
    assert_eq!(widths.len(), 14);
    assert!(
        widths
            .iter()
            .all(|width| *width != 63 && *width != 95 && *width <= 1_024)
    );
}

/// The bytes of a value with one byte changed are refused for that field.
fn refuses<T: Value + PartialEq + Debug>(value: &T, place: usize, byte: u8, field: &str) {
    let mut bytes = value.encode();
    bytes[place] = byte;
    match T::decode(&bytes) {
        Err(LeafError::Field {
            kind, field: at, ..
        }) => {
            assert_eq!((kind, at), (T::KIND, field));
        }
        other => panic!("byte {place} = {byte}: {other:?}"),
    }
}

#[test]
fn bytes_that_nothing_writes_are_refused() {
    let mut rng = rng(5);
    let absent = MemberLeaf {
        epoch: u64::MAX,
        standing: None,
    };
    for place in 9..199 {
        refuses(&absent, place, 1, "field of an absent member");
    }
    for byte in 2..=u8::MAX {
        refuses(&member(&mut rng), 8, byte, "present");
        refuses(&position(&mut rng, true), 21, byte, "restake");
        refuses(&position(&mut rng, true), 22 + 40 + 44, byte, "settled");
        refuses(
            &position(&mut rng, true),
            22 + 40 + 77 + 44,
            byte,
            "settled",
        );
    }
    for byte in 3..=u8::MAX {
        refuses(&Seat::default(), 0, byte, "state");
        refuses(
            &random_line_leaf(&mut rng, LineState::Open),
            0,
            byte,
            "state",
        );
    }
    for place in 1..183 {
        refuses(&Seat::default(), place, 1, "field of an empty seat");
    }
    let tombstone = Registration {
        line: 1,
        tombstoned: false,
        consensus_key: [0; 32],
        checkpoint_key: [0; 96],
    };
    refuses(&tombstone, 8, 2, "tombstoned");
    let mut powerless = member(&mut rng).encode();
    powerless[173 - 8..173].fill(0);
    let refused = MemberLeaf::decode(&powerless);
    assert!(
        matches!(
            refused,
            Err(LeafError::Field {
                field: "power of a member",
                ..
            })
        ),
        "{refused:?}"
    );
}

#[test]
fn cuts_above_the_whole_and_fields_of_what_is_absent_are_refused() {
    let mut rng = rng(6);
    for place in 0..16 {
        refuses(&CutNode::default(), 4 * place, 0xff, "fraction");
    }
    let mut one = position(&mut rng, false);
    one.cuts = [0, 0];
    refuses(&one, 22 + 32, 0xff, "cut");
    refuses(&position(&mut rng, true), 22 + 36, 0xff, "cut");
    // The number of the second leg's line stands in bytes 159 to 166: it alone makes the leg.
    for place in (139..159).chain(167..216) {
        refuses(&one, place, 1, "field of an absent leg");
    }
    refuses(&one, 22 + 39, 1, "cut of an absent leg");
    for place in 0..62 {
        let field = match place {
            54..62 => "cut of an absent leg",
            _ => "field of a position that is gone",
        };
        refuses(&Position::gone(), place, 1, field);
    }
}

#[test]
fn keys_of_different_leaves_have_different_bytes() {
    let lines = [line(1, 1), line(1, 2), line(2, 1)];
    let mut keys = vec![Key::Rewards, Key::Maturity, Key::Counter];
    for id in lines {
        keys.extend([
            Key::Line(id),
            Key::Operator(id.operator),
            Key::Address(id.operator),
        ]);
        keys.push(Key::Description(id.operator));
        let (operator, number) = (id.operator, id.line);
        keys.push(Key::Registration { operator, number });
        for epoch in [0, 1, 256] {
            keys.push(Key::Mark { line: id, epoch });
        }
        for (level, index) in [(0, 1), (1, 0), (1, 1), (0, 256)] {
            keys.push(Key::Cut {
                line: id,
                level,
                index,
            });
        }
    }
    for number in [0u16, 1, 256] {
        keys.extend([Key::Seat(number), Key::Position(u64::from(number))]);
        keys.push(Key::Member {
            place: 1,
            seat: number,
        });
        keys.push(Key::Minima {
            level: 1,
            index: number,
        });
    }
    keys.sort();
    keys.dedup();
    let mut bytes: Vec<Vec<u8>> = keys
        .iter()
        .map(|key| {
            let mut bytes = vec![key.kind()];
            key.put(&mut bytes);
            bytes
        })
        .collect();
    bytes.sort();
    bytes.dedup();
    assert_eq!(bytes.len(), keys.len());
}

#[test]
fn state_bytes_are_those_of_the_protocol() {
    for (byte, state) in [
        (0, SeatState::Empty),
        (1, SeatState::Active),
        (2, SeatState::Jailed),
    ] {
        assert_eq!(
            (state.byte(), SeatState::from_byte(byte)),
            (byte, Some(state))
        );
    }
    assert!((3..=255).all(|byte| SeatState::from_byte(byte).is_none()));
}

#[test]
fn an_operators_account_is_of_kind_zero() {
    let mut expected = [5; 21];
    expected[0] = 0;
    assert_eq!(account_of([5; 20]), expected);
}

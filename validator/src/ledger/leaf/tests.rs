//! Slots and leaves: the table of PROTOCOL section 3, strictness, and that no two preimages meet.

use std::collections::BTreeSet;
use std::fmt::Debug;

use alloy_primitives::{B256, keccak256};
use plasmid_staking::minima::{MinimaNode, Weight};
use plasmid_staking::{Key, LineId, Seat, SeatState, Standing};

use super::*;
use crate::ledger::account::Account;
use crate::ledger::parameters::Parameters;
use crate::ledger::slot::{Slot, ring_place, width_of_kind};

const ONE: Account = Account {
    kind: 1,
    id: [0x21; 20],
};

fn every_slot() -> Vec<Slot> {
    vec![
        Slot::Sentinel,
        Slot::Parameters,
        Slot::Account(ONE),
        Slot::TokenBalance(ONE, [0x22; 20]),
        Slot::Asset([0x22; 20]),
        Slot::FeePool,
        Slot::WithdrawalCounter,
        Slot::Withdrawal(3),
        Slot::Record(ONE, [0x23; 32]),
        Slot::Inbox,
        Slot::ShareBits,
        Slot::Participation { place: 4 },
        Slot::from(Key::Member { place: 4, seat: 5 }),
        Slot::Set { place: 4 },
        Slot::from(Key::Seat(5)),
        Slot::from(Key::Minima { level: 1, index: 6 }),
        Slot::from(Key::Operator([0x24; 20])),
        Slot::Boundary,
        Slot::EpochRecord { place: 4 },
        Slot::Burned,
        Slot::from(Key::Rewards),
        Slot::from(Key::Maturity),
        Slot::from(Key::Registration {
            operator: [0x25; 20],
            number: 1,
        }),
        Slot::from(Key::Address([0x24; 20])),
        Slot::from(Key::Line(line())),
        Slot::from(Key::Mark {
            line: line(),
            epoch: 2,
        }),
        Slot::from(Key::Cut {
            line: line(),
            level: 1,
            index: 2,
        }),
        Slot::from(Key::Counter),
        Slot::from(Key::Position(3)),
        Slot::from(Key::Description([0x24; 20])),
    ]
}

#[test]
fn kinds_and_widths_are_those_of_the_protocol() {
    let table = [
        (0x00, 0),
        (0x01, 417),
        (0x02, 64),
        (0x03, 36),
        (0x04, 86),
        (0x05, 40),
        (0x06, 8),
        (0x07, 56),
        (0x08, 40),
        (0x09, 40),
        (0x0a, 72),
        (0x0b, 1_024),
        (0x0c, 199),
        (0x0d, 178),
        (0x0e, 183),
        (0x0f, 288),
        (0x10, 16),
        (0x11, 453),
        (0x12, 61),
        (0x13, 16),
        (0x14, 32),
        (0x15, 26),
        (0x16, 137),
        (0x17, 28),
        (0x18, 155),
        (0x19, 32),
        (0x1a, 64),
        (0x1b, 8),
        (0x1c, 216),
        (0x1d, 256),
    ];
    let slots: Vec<(u8, usize)> = every_slot()
        .iter()
        .map(|slot| (slot.kind(), slot.width()))
        .collect();
    assert_eq!(slots, table);
    assert!((0x1e..=255).all(|kind| width_of_kind(kind).is_none()));
}

#[test]
fn no_value_with_its_kind_is_as_long_as_a_node_or_a_leaf_of_the_tree() {
    for slot in every_slot() {
        assert!(![63, 95].contains(&slot.width()), "{slot:?}");
        assert!(slot.width() <= 1_024);
    }
}

#[test]
fn keys_are_the_hash_of_kind_and_fields() {
    let account: Vec<u8> = [&[1][..], &[0x21; 20]].concat();
    let cases: [(Slot, Vec<u8>); 6] = [
        (Slot::Parameters, vec![1]),
        (Slot::Account(ONE), [&[2][..], &account].concat()),
        (
            Slot::TokenBalance(ONE, [0x22; 20]),
            [&[3][..], &account, &[0x22; 20]].concat(),
        ),
        (Slot::Withdrawal(258), vec![7, 0, 0, 0, 0, 0, 0, 1, 2]),
        (
            Slot::from(Key::Member { place: 4, seat: 5 }),
            vec![0x0c, 0, 0, 0, 4, 0, 5],
        ),
        (
            Slot::from(Key::Minima { level: 1, index: 6 }),
            vec![0x0f, 1, 0, 6],
        ),
    ];
    for (slot, preimage) in cases {
        assert_eq!(
            (slot.preimage(), slot.key()),
            (preimage.clone(), keccak256(preimage))
        );
    }
    assert_eq!(Slot::Sentinel.key(), B256::ZERO);
}

#[test]
fn no_two_slots_share_a_key() {
    let mut slots = every_slot();
    for place in 0..40u8 {
        let account = Account {
            kind: place % 3,
            id: [place; 20],
        };
        let wide = u32::from(place);
        slots.extend([
            Slot::Account(account),
            Slot::TokenBalance(account, [place; 20]),
            Slot::Asset([place; 20]),
        ]);
        slots.extend([
            Slot::Participation { place: wide },
            Slot::Set { place: wide },
            Slot::EpochRecord { place: wide },
        ]);
        slots.extend([
            Slot::from(Key::Seat(place.into())),
            Slot::from(Key::Minima {
                level: place,
                index: 0,
            }),
        ]);
        slots.extend([
            Slot::from(Key::Minima {
                level: 0,
                index: place.into(),
            }),
            Slot::from(Key::Operator([place; 20])),
        ]);
        slots.extend([
            Slot::Record(account, [place; 32]),
            Slot::Withdrawal(place.into()),
        ]);
        slots.extend((0..4).map(|seat| Slot::from(Key::Member { place: wide, seat })));
    }
    let distinct: BTreeSet<Slot> = slots.into_iter().collect();
    let keys: BTreeSet<B256> = distinct.iter().map(Slot::key).collect();
    assert_eq!(keys.len(), distinct.len());
}

#[test]
fn an_epoch_has_its_place_in_the_ring() {
    assert_eq!(ring_place(5, 512), 5);
    assert_eq!(ring_place(512, 512), 0);
    assert_eq!(ring_place(u64::MAX, 512), 511);
    assert_eq!(ring_place(7, 0), 0);
}

fn comes_back<T: Value + PartialEq + Debug>(value: T) -> Vec<u8> {
    let bytes = value.encode();
    assert_eq!(Some(bytes.len()), width_of_kind(T::KIND));
    assert_eq!(T::decode(&bytes), Ok(value));
    for wrong in [&bytes[..bytes.len() - 1], &[&bytes[..], &[0]].concat()] {
        let error = LeafError::Width {
            kind: T::KIND,
            found: wrong.len(),
            width: bytes.len(),
        };
        assert_eq!(T::decode(wrong).unwrap_err(), error);
    }
    bytes
}

fn line() -> LineId {
    LineId {
        operator: [1; 20],
        line: 3,
    }
}

fn member() -> MemberLeaf {
    MemberLeaf {
        epoch: 9,
        standing: Some(Standing {
            line: line(),
            registration: 4,
            consensus_key: [2; 32],
            checkpoint_key: [3; 96],
            power: 5,
            stake: 6,
            commission: 7,
        }),
    }
}

fn seat() -> Seat {
    Seat {
        state: SeatState::Jailed,
        line: line(),
        registration: 4,
        consensus_key: [2; 32],
        checkpoint_key: [3; 96],
        stake: 6,
        commission: 7,
    }
}

#[test]
fn every_value_has_its_width_and_comes_back() {
    let account = comes_back(AccountLeaf {
        balance: 1 << 100,
        sequence: 2,
        payout: [3; 20],
    });
    assert_eq!(
        account[..16],
        (1u128 << 100).to_be_bytes(),
        "integers are big-endian"
    );
    comes_back(TokenBalance {
        amount: u128::MAX,
        token: [7; 20],
    });
    comes_back(AssetLeaf {
        credited: 5,
        withdrawn: 4,
        ..AssetLeaf::new(
            [7; 20],
            18,
            3,
            b"ETH\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        )
    });
    comes_back(FeePool {
        amount: 1,
        epoch: 2,
        epoch_fees: 3,
    });
    comes_back(WithdrawalCounter { next: 7 });
    comes_back(Withdrawal {
        recipient: [1; 20],
        token: [2; 20],
        amount: 3,
    });
    comes_back(RecordLeaf {
        data_hash: [1; 32],
        height: 2,
    });
    comes_back(InboxLeaf {
        cursor: 1,
        link: [2; 32],
    });
    comes_back(ShareBits {
        epoch: 1,
        bitmap: [0xaa; 64],
    });
    comes_back(Participation(std::array::from_fn(|seat| seat as u16 * 3)));
    comes_back(member());
    comes_back(MemberLeaf {
        epoch: 3,
        standing: None,
    });
    comes_back(SetLeaf {
        epoch: 1,
        members_root: [2; 32],
        count: 3,
        aggregate_key: [4; 96],
        total_power: 5,
        commitment: [6; 32],
    });
    comes_back(seat());
    comes_back(Seat::default());
    comes_back(MinimaNode(std::array::from_fn(|place| Weight {
        stake: 1 << 90,
        seat: place as u16,
    })));
    comes_back(BoundaryLeaf {
        epoch: 1,
        pass: Pass::Copy,
        released: 9,
        next_seat: 2,
        count: 3,
        total_power: 4,
        aggregate_key: [5; 96],
        frontier: std::array::from_fn(|depth| [depth as u8; 32]),
    });
    comes_back(EpochRecord {
        epoch: 1,
        last_block_time: 2,
        relayer: [3; 20],
        fees: 4,
        paid: true,
        accepted: 5,
    });
    comes_back(Burned { amount: 1 });
    comes_back(Parameters::local());
}

#[test]
fn an_unused_place_of_the_minima_is_all_ones() {
    assert!(
        MinimaNode::default()
            .encode()
            .iter()
            .all(|byte| *byte == 0xff)
    );
}

/// The bytes with one of them changed.
fn with(mut bytes: Vec<u8>, position: usize, byte: u8) -> Vec<u8> {
    bytes[position] = byte;
    bytes
}

#[test]
fn what_nothing_writes_does_not_decode() {
    let account = AccountLeaf::default().encode();
    assert!(
        (44..64).all(|reserved| AccountLeaf::decode(&with(account.clone(), reserved, 1)).is_err())
    );
    let asset = AssetLeaf::new([7; 20], 6, 4, &[b'x'; 32]).encode();
    assert!(
        AssetLeaf::decode(&with(asset.clone(), 33, 33)).is_err(),
        "symbol length over 32"
    );
    assert!((38..66).all(|behind| AssetLeaf::decode(&with(asset.clone(), behind, 1)).is_err()));
    assert!(
        WithdrawalCounter::decode(&[0; 8]).is_err(),
        "withdrawals are numbered from 1"
    );
    assert!(
        MemberLeaf::decode(&with(member().encode(), 8, 2)).is_err(),
        "present is 0 or 1"
    );
    assert!(
        MemberLeaf::decode(&with(member().encode(), 8, 0)).is_err(),
        "an absent member has no fields"
    );
    assert!(
        MemberLeaf::decode(&with(member().encode(), 172, 0)).is_err(),
        "a member has power"
    );
    assert!(
        Seat::decode(&with(seat().encode(), 0, 4)).is_err(),
        "a fifth state"
    );
    assert!(
        Seat::decode(&with(seat().encode(), 0, 0)).is_err(),
        "an empty seat has no fields"
    );
    assert!(
        EpochRecord::decode(&with(EpochRecord::default().encode(), 52, 2)).is_err(),
        "paid is 0 or 1"
    );
    let rule = 150;
    assert!(
        Parameters::decode(&with(Parameters::local().encode(), rule, 2)).is_err(),
        "a third finality rule"
    );
}

#[test]
fn a_symbol_is_cut_at_its_length_and_a_length_at_32() {
    let leaf = AssetLeaf::new([7; 20], 6, 3, &[b'x'; 32]);
    assert_eq!(
        (leaf.symbol_length, leaf.symbol_text().as_str()),
        (3, "xxx")
    );
    assert_eq!(AssetLeaf::decode(&leaf.encode()), Ok(leaf));
    let long = AssetLeaf::new([7; 20], 6, 200, &[b'y'; 32]);
    assert_eq!(
        (long.symbol_length, long.symbol_text()),
        (32, "y".repeat(32))
    );
    assert_eq!(AssetLeaf::decode(&long.encode()), Ok(long));
    assert_eq!(
        AssetLeaf::new([7; 20], 6, 2, &[0xff; 32]).symbol_text(),
        "\u{fffd}\u{fffd}"
    );
}

#[test]
fn fees_of_an_epoch_are_those_of_that_epoch() {
    let pool = FeePool {
        amount: 9,
        epoch: 4,
        epoch_fees: 7,
    };
    assert_eq!(
        (pool.fees_of(4), pool.fees_of(3), pool.fees_of(5)),
        (7, 0, 0)
    );
}

#[test]
fn a_member_leaf_and_the_member_of_a_set_are_the_same() {
    let leaf = member();
    let held = leaf.member(12).unwrap();
    assert_eq!((held.seat, held.operator, held.power), (12, [1; 20], 5));
    let absent = MemberLeaf {
        epoch: 3,
        standing: None,
    };
    assert_eq!(absent.member(1), None);
}

/// The judge on root reads witnesses by widths of its own, two bytes a kind in two words.
#[test]
fn root_knows_the_same_widths() {
    let source = include_str!("../../../../bridge/contracts/src/court/LeafWidths.sol");
    let width = |kind| width_of_kind(kind).unwrap_or(0);
    let word = |kinds: std::ops::Range<u8>| -> String {
        kinds.map(|kind| format!("{:04x}", width(kind))).collect()
    };
    for kinds in [0..16, 16..32] {
        assert!(source.contains(&format!("0x{};", word(kinds))), "{source}");
    }
    let kinds = (0..=u8::MAX).filter(|kind| width_of_kind(*kind).is_some());
    let last = kinds.max().expect("there are kinds");
    assert!((0..last).all(|kind| width_of_kind(kind).is_some()));
    assert!(source.contains(&format!("KINDS = {:#04x};", last + 1)));
}

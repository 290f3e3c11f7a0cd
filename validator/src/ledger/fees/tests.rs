//! Fees: the curve, its end, and that nothing wraps.

use super::*;
use crate::ledger::fixture::parameters;

#[test]
fn the_price_of_a_leaf_rises_by_steps_and_is_flat_at_the_end() {
    let parameters = parameters();
    for (count, price) in [
        (1, 50),
        (999, 50),
        (1_000, 100),
        (1_999, 100),
        (2_000, 150),
        (
            RESERVED_FROM - 1,
            50 * (1 + u128::from((RESERVED_FROM - 1) / 1_000)),
        ),
        (RESERVED_FROM, 7_000),
        (u32::MAX, 7_000),
    ] {
        assert_eq!(leaf_price(&parameters, count), price, "{count} leaves");
    }
    assert_eq!(u64::from(RESERVED_FROM), (1 << 32) - (1 << 30));
}

#[test]
fn the_minimum_counts_bytes_and_leaves() {
    let parameters = parameters();
    assert_eq!(minimum_fee(&parameters, 0, 0, 1), 100);
    assert_eq!(minimum_fee(&parameters, 263, 0, 1), 100 + 2 * 263);
    assert_eq!(
        minimum_fee(&parameters, 263, 2, 5_000),
        100 + 2 * 263 + 2 * 300
    );
}

#[test]
fn a_wallet_adds_a_tenth_rounded_up() {
    for (minimum, quote) in [
        (0, 0),
        (1, 2),
        (9, 10),
        (10, 11),
        (11, 13),
        (100, 110),
        (101, 112),
        (u128::MAX, u128::MAX),
    ] {
        assert_eq!(quote_up(minimum), quote, "{minimum}");
    }
}

#[test]
fn the_last_leaves_are_for_withdrawals_and_the_inbox() {
    let full = |limit, count| Err(Reject::StateFull { count, limit });
    for (maker, count, leaves, verdict) in [
        (Maker::Ordinary, RESERVED_FROM - 1, 2, Ok(())),
        (Maker::Ordinary, RESERVED_FROM, 0, Ok(())),
        (
            Maker::Ordinary,
            RESERVED_FROM,
            1,
            full(RESERVED_FROM, RESERVED_FROM),
        ),
        (Maker::Reserved, RESERVED_FROM, 3, Ok(())),
        (Maker::Reserved, CAPACITY - 1, 1, Ok(())),
        (
            Maker::Reserved,
            CAPACITY - 1,
            2,
            full(CAPACITY, CAPACITY - 1),
        ),
        (Maker::Reserved, CAPACITY, 1, full(CAPACITY, CAPACITY)),
        (Maker::Ordinary, CAPACITY, 0, Ok(())),
    ] {
        assert_eq!(
            check_room(maker, count, leaves),
            verdict,
            "{maker:?} {count} {leaves}"
        );
    }
}

#[test]
fn no_parameters_make_a_fee_wrap() {
    let extreme = Parameters {
        base_fee: u128::MAX,
        byte_fee: u128::MAX,
        leaf_fee: u128::MAX,
        leaf_step: 0,
        ..parameters()
    };
    assert_eq!(
        minimum_fee(&extreme, usize::MAX, u32::MAX, u32::MAX - 1),
        u128::MAX
    );
    assert_eq!(minimum_fee(&extreme, 1, 1, 0), u128::MAX);
}

//! Acceptances: who is paid, how much, and only once.

use super::*;
use crate::ledger::rules::acceptance::reserve_down;

pub(super) fn with_epoch(epoch: u64, fees: u128, pool: u128) -> Memory {
    let mut memory = state(1);
    let place = ring_place(epoch, parameters().ring);
    let record = EpochRecord {
        epoch,
        last_block_time: 990,
        relayer: [0x11; 20],
        fees,
        paid: false,
        accepted: 0,
    };
    write(&mut memory, &Slot::EpochRecord { place }, &record).unwrap();
    write(
        &mut memory,
        &Slot::FeePool,
        &FeePool {
            amount: pool,
            epoch: 9,
            epoch_fees: 1,
        },
    )
    .unwrap();
    let native = asset(&mut memory, NATIVE);
    let credited = native.credited + pool;
    write(
        &mut memory,
        &Slot::Asset(NATIVE),
        &AssetLeaf { credited, ..native },
    )
    .unwrap();
    memory
}

pub(super) fn acceptance(epoch: u64, gas_price: u128, absent: u16) -> Body {
    Body::Acceptance {
        epoch,
        relayer: [0x22; 20],
        gas_price,
        absent,
    }
}

#[test]
fn the_relayer_is_paid_once_the_lesser_of_cost_and_reserve_and_the_rest_goes_to_the_reward_pool() {
    let parameters = parameters();
    let gas = u128::from(parameters.relay_fixed_gas) + 2 * u128::from(parameters.relay_absent_gas);
    for (fees, price, reward) in [
        (1 << 60, 3, gas * 3),
        (101, 3, 50),
        (1 << 60, u128::MAX, 1 << 59),
    ] {
        let pool = 1 << 61;
        let mut memory = with_epoch(5, fees, pool);
        let receipt = consume(&mut memory, acceptance(5, price, 2));
        assert_eq!(receipt.code, Code::Ok);
        let relayer = Account::ethereum([0x11; 20]);
        assert_eq!(account_of(&mut memory, relayer).unwrap().balance, reward);
        let left: FeePool = value(&mut memory, Slot::FeePool);
        let reserve = reserve_down(&parameters, fees);
        assert_eq!(
            (left.amount, left.epoch, left.epoch_fees),
            (pool - reserve, 9, 1)
        );
        let rewards: Rewards = value(&mut memory, Slot::from(Key::Rewards));
        assert_eq!((rewards.pool, rewards.owed), (reserve - reward, 0));
        let again = consume(&mut memory, acceptance(5, price, 2));
        assert_eq!(again.code, Code::Recorded, "once per epoch");
        assert_eq!(account_of(&mut memory, relayer).unwrap().balance, reward);
        check_conservation(memory.iter()).unwrap();
    }
}

#[test]
fn the_first_time_of_acceptance_is_kept_whatever_follows() {
    let mut memory = with_epoch(5, 0, 1 << 60);
    let slot = Slot::EpochRecord { place: 5 };
    let first = message(&mut memory, acceptance(5, 0, 0));
    assert_eq!(
        try_message(&mut memory, &first).unwrap().code,
        Code::Recorded
    );
    consume(&mut memory, acceptance(5, 9, 0));
    let record: EpochRecord = value(&mut memory, slot);
    assert_eq!((record.accepted, record.paid), (first.arrival, true));
}

#[test]
fn whoever_brought_it_is_paid_once_the_window_of_the_named_one_is_over() {
    let window = parameters().relay_window_secs;
    for (arrival, paid) in [
        (0, 0x11),
        (990 + window, 0x11),
        (991 + window, 0x22),
        (u64::MAX, 0x22),
    ] {
        let mut memory = with_epoch(5, 1 << 60, 1 << 60);
        let message = Message {
            arrival,
            ..message(&mut memory, acceptance(5, 1, 0))
        };
        assert_eq!(try_message(&mut memory, &message).unwrap().code, Code::Ok);
        assert!(
            account_of(&mut memory, Account::ethereum([paid; 20])).is_some(),
            "arrival {arrival}"
        );
    }
}

#[test]
fn an_acceptance_that_fits_no_epoch_is_recorded() {
    let ring = u64::from(parameters().ring);
    for epoch in [0, 4, 6, 5 + ring, u64::MAX] {
        let mut memory = with_epoch(5, 1 << 60, 1 << 60);
        assert_eq!(
            consume(&mut memory, acceptance(epoch, 1, 0)).code,
            Code::Recorded,
            "epoch {epoch}"
        );
    }
    for (fees, price) in [(0, 1), (1 << 60, 0)] {
        let mut memory = with_epoch(5, fees, 1 << 60);
        assert_eq!(
            consume(&mut memory, acceptance(5, price, 0)).code,
            Code::Recorded
        );
    }
    let mut memory = with_epoch(5, 1 << 60, 1 << 60);
    let slot = Slot::EpochRecord { place: 5 };
    let record: EpochRecord = value(&mut memory, slot);
    write(
        &mut memory,
        &slot,
        &EpochRecord {
            relayer: [0; 20],
            ..record
        },
    )
    .unwrap();
    assert_eq!(
        consume(&mut memory, acceptance(5, 1, 0)).code,
        Code::Recorded,
        "nobody is named"
    );
}

#[test]
fn the_reward_rounds_down_and_never_wraps() {
    let free = Parameters {
        relay_share_bps: 1,
        ..parameters()
    };
    for (fees, reward) in [
        (0, 0),
        (9_999, 0),
        (10_000, 1),
        (19_999, 1),
        (u128::MAX, u128::MAX / 10_000),
    ] {
        assert_eq!(
            reward_down(&free, fees, u128::MAX, u16::MAX),
            reward,
            "{fees}"
        );
    }
    let whole = Parameters {
        relay_share_bps: 10_000,
        ..parameters()
    };
    assert_eq!(
        reward_down(&whole, u128::MAX, u128::MAX, u16::MAX),
        u128::MAX
    );
}

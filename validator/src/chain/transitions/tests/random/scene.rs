//! The states before random segments, sound and not, and the words that segments are made of.

use super::*;
use crate::ledger::fixture::{REGISTRY, STRANGE, TOKEN, Wallet, state};
use crate::ledger::leaf::{
    AccountLeaf, EpochRecord, FeePool, NATIVE, Participation, ShareBits, TokenBalance, Withdrawal,
};
use crate::ledger::leaves::write;
use crate::ledger::{Account, Memory, Slot, Value, ring_place};

/// People who act.
pub const PEOPLE: u8 = 12;

/// A sum, near an end now and then.
pub fn amount(numbers: &mut Numbers) -> u128 {
    match numbers.below(12) {
        0 => 0,
        1 => u128::MAX,
        2 => u128::MAX - numbers.below(9) as u128,
        3 => 1 << numbers.below(128),
        _ => 1 + numbers.below(1_000) as u128,
    }
}

/// As many transactions as a segment can have, now and then: these are what touches too much.
pub fn many(numbers: &mut Numbers, usual: usize) -> usize {
    match numbers.below(8) {
        0 => 32,
        _ => 1 + numbers.below(usual),
    }
}

pub fn token(numbers: &mut Numbers) -> [u8; 20] {
    let new = [numbers.below(40) as u8 + 0x80; 20];
    *numbers.pick(&[NATIVE, NATIVE, NATIVE, TOKEN, TOKEN, STRANGE, new])
}

pub fn somebody(numbers: &mut Numbers) -> Account {
    match numbers.below(16) {
        0 => Account::ethereum(REGISTRY),
        1 => Account::ethereum(TOKEN),
        2 => Account::NONE,
        3 => Account {
            kind: 2,
            id: [9; 20],
        },
        4..=7 => Account {
            kind: 1,
            id: [numbers.below(40) as u8 + 1; 20],
        },
        _ => Wallet::new(numbers.below(PEOPLE.into()) as u8).account(),
    }
}

fn put<T: Value>(memory: &mut Memory, slot: Slot, value: &T) {
    write(memory, &slot, value).expect("it is written");
}

/// A state with people in it.
pub fn scene(numbers: &mut Numbers) -> Memory {
    let mut memory = state(1);
    for number in 0..PEOPLE {
        let account = Wallet::new(number).account();
        let balance = match numbers.below(10) {
            0 => 0,
            1 => u128::MAX >> 8,
            2 => 1_000_000 + numbers.below(2_000) as u128,
            _ => 1 << 60,
        };
        let leaf = AccountLeaf {
            balance,
            ..AccountLeaf::default()
        };
        put(&mut memory, Slot::Account(account), &leaf);
        if numbers.below(3) > 0 {
            let leaf = TokenBalance {
                token: TOKEN,
                amount: amount(numbers) >> 9,
            };
            put(&mut memory, Slot::TokenBalance(account, TOKEN), &leaf);
        }
    }
    let parameters = crate::ledger::fixture::parameters();
    for epoch in 1..5u64 {
        let record = EpochRecord {
            epoch: epoch + if numbers.below(9) == 0 { 512 } else { 0 },
            last_block_time: numbers.below(2_000) as u64,
            relayer: *numbers.pick(&[[0; 20], [0x31; 20], REGISTRY]),
            fees: 1 << numbers.below(90),
            paid: numbers.below(2) == 0,
            accepted: numbers.below(2_000) as u64,
        };
        let place = ring_place(epoch, parameters.ring);
        put(&mut memory, Slot::EpochRecord { place }, &record);
    }
    let pool = FeePool {
        amount: 1 << 100,
        epoch: 2 + numbers.below(3) as u64,
        epoch_fees: 1 << 20,
    };
    put(&mut memory, Slot::FeePool, &pool);
    if numbers.below(2) == 0 {
        let counted = Participation(std::array::from_fn(|seat| (seat % 5) as u16));
        put(
            &mut memory,
            Slot::Participation {
                place: ring_place(3, parameters.ring),
            },
            &counted,
        );
    }
    let bits = ShareBits {
        epoch: 2 + numbers.below(3) as u64,
        bitmap: [0x10; 64],
    };
    put(&mut memory, Slot::ShareBits, &bits);
    memory
}

/// Leaves without which no rule can be carried out; genesis makes them.
const FOUNDED: [Slot; 6] = [
    Slot::Parameters,
    Slot::Inbox,
    Slot::FeePool,
    Slot::WithdrawalCounter,
    Slot::ShareBits,
    Slot::Asset(NATIVE),
];

/// What no sound block does to such a state: a leaf of genesis that is gone, money that there cannot be, a withdrawal with the next number.
pub fn break_books(memory: Memory, numbers: &mut Numbers) -> Memory {
    let mut memory = match numbers.below(4) {
        0 | 1 => return without(memory, numbers.pick(&FOUNDED)),
        _ => memory,
    };
    match numbers.below(2) {
        0 => {
            let epoch_fees = u128::MAX - numbers.below(2) as u128;
            let pool = FeePool {
                amount: u128::MAX - numbers.below(2) as u128,
                epoch: 3,
                epoch_fees,
            };
            put(&mut memory, Slot::FeePool, &pool);
        }
        _ => {
            let opened = Withdrawal {
                recipient: [3; 20],
                token: NATIVE,
                amount: 1,
            };
            put(&mut memory, Slot::Withdrawal(1), &opened);
        }
    }
    memory
}

//! Deposits: credited, given back or recorded.

use super::*;

#[test]
fn a_native_deposit_is_credited() {
    let mut memory = state(1);
    for (recipient, made) in [
        (person(), 0),
        (stranger(), 1),
        (stranger(), 0),
        (Account::ethereum([9; 20]), 1),
    ] {
        let before = account_of(&mut memory, recipient)
            .unwrap_or_default()
            .balance;
        let receipt = consume(
            &mut memory,
            Body::Deposit(deposit(NATIVE, 1 << 96, 0, recipient)),
        );
        assert_eq!((receipt.code, receipt.leaves_made), (Code::Ok, made));
        assert_eq!(
            account_of(&mut memory, recipient).unwrap().balance,
            before + (1 << 96)
        );
    }
    assert_eq!(asset(&mut memory, NATIVE).credited, 4 * WEALTH + (4 << 96));
}

#[test]
fn the_first_deposit_of_a_token_makes_its_asset_and_later_ones_do_not_rename_it() {
    let mut memory = state(1);
    let receipt = consume(
        &mut memory,
        Body::Deposit(deposit(STRANGE, 5, 7, stranger())),
    );
    assert_eq!((receipt.code, receipt.leaves_made), (Code::Ok, 3));
    let made = &memory.order()[memory.order().len() - 3..];
    assert_eq!(
        made,
        [
            Slot::Asset(STRANGE),
            Slot::TokenBalance(stranger(), STRANGE),
            Slot::Account(stranger())
        ]
    );
    assert_eq!(tokens_of(&mut memory, stranger(), STRANGE), 5);
    assert_eq!(account_of(&mut memory, stranger()).unwrap().balance, 7);
    let renamed = Deposit {
        decimals: 99,
        symbol: [b'x'; 32],
        ..deposit(STRANGE, 1, 0, person())
    };
    let receipt = consume(&mut memory, Body::Deposit(renamed));
    assert_eq!((receipt.code, receipt.leaves_made), (Code::Ok, 1));
    let leaf = asset(&mut memory, STRANGE);
    assert_eq!(
        (leaf.credited, leaf.decimals, leaf.symbol_text().as_str()),
        (6, 6, "COIN")
    );
}

#[test]
fn a_token_alone_makes_no_account_leaf() {
    let mut memory = state(1);
    let receipt = consume(&mut memory, Body::Deposit(deposit(TOKEN, 5, 0, stranger())));
    assert_eq!((receipt.code, receipt.leaves_made), (Code::Ok, 1));
    assert_eq!(account_of(&mut memory, stranger()), None);
}

#[test]
fn a_hostile_symbol_still_makes_a_leaf_that_decodes() {
    for (symbol_length, symbol) in [
        (255, [0xff; 32]),
        (33, [1; 32]),
        (0, [7; 32]),
        (4, [0xf0; 32]),
    ] {
        let mut memory = state(1);
        let body = Deposit {
            symbol_length,
            symbol,
            ..deposit(STRANGE, 5, 0, person())
        };
        assert_eq!(consume(&mut memory, Body::Deposit(body)).code, Code::Ok);
        assert!(asset(&mut memory, STRANGE).symbol_length <= 32);
    }
}

#[test]
fn what_cannot_be_credited_goes_back_as_a_withdrawal_for_each_asset() {
    let multisig = Account {
        kind: 2,
        id: [1; 20],
    };
    for (body, expected) in [
        (deposit(NATIVE, 5, 0, multisig), vec![(NATIVE, 5)]),
        (deposit(NATIVE, 5, 0, Account::NONE), vec![(NATIVE, 5)]),
        (
            deposit(
                TOKEN,
                5,
                0,
                Account {
                    kind: 255,
                    id: [1; 20],
                },
            ),
            vec![(TOKEN, 5)],
        ),
        (
            deposit(STRANGE, 5, 6, multisig),
            vec![(STRANGE, 5), (NATIVE, 6)],
        ),
        (deposit(TOKEN, 0, 6, person()), vec![(NATIVE, 6)]),
        (deposit(NATIVE, 5, 6, person()), vec![(NATIVE, 11)]),
    ] {
        let mut memory = state(1);
        let receipt = consume(&mut memory, Body::Deposit(body));
        assert_eq!(receipt.code, Code::Refunded);
        assert!(receipt.reason.is_some());
        let numbers: Vec<u8> = (1..=expected.len() as u64)
            .flat_map(u64::to_be_bytes)
            .collect();
        assert_eq!(receipt.data, numbers);
        for (number, (token, amount)) in (1..).zip(expected) {
            let withdrawal: Withdrawal = value(&mut memory, Slot::Withdrawal(number));
            assert_eq!(
                withdrawal,
                Withdrawal {
                    recipient: [0xfe; 20],
                    token,
                    amount
                }
            );
            assert_eq!(asset(&mut memory, token).withdrawn, amount);
        }
    }
}

#[test]
fn a_deposit_of_nothing_is_recorded() {
    for token in [NATIVE, TOKEN, STRANGE] {
        let mut memory = state(1);
        let receipt = consume(&mut memory, Body::Deposit(deposit(token, 0, 0, person())));
        assert_eq!((receipt.code, receipt.leaves_made), (Code::Recorded, 0));
    }
}

#[test]
fn deposits_beyond_every_bound_never_wrap_and_never_fault() {
    let mut memory = state(1);
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(
            consume(
                &mut memory,
                Body::Deposit(deposit(STRANGE, u128::MAX / 2, 0, person())),
            )
            .code,
        );
    }
    assert_eq!(codes, [Code::Ok, Code::Ok, Code::Recorded, Code::Recorded]);
    assert_eq!(tokens_of(&mut memory, person(), STRANGE), u128::MAX - 1);
    let both = consume(
        &mut memory,
        Body::Deposit(deposit(NATIVE, u128::MAX, u128::MAX, person())),
    );
    assert_eq!(both.code, Code::Recorded);
    let native = consume(
        &mut memory,
        Body::Deposit(deposit(STRANGE, 1, u128::MAX, person())),
    );
    assert_eq!(native.code, Code::Recorded, "all of a deposit or nothing");
    assert_eq!(tokens_of(&mut memory, person(), STRANGE), u128::MAX - 1);
}

#[test]
fn deposits_use_the_reserve_until_the_tree_is_full() {
    let made = u32::try_from(state(0).order().len()).unwrap();
    let body = || Body::Deposit(deposit(STRANGE, 5, 7, stranger()));
    assert_eq!(
        consume(&mut state(RESERVED_FROM - made), body()).code,
        Code::Ok
    );
    assert_eq!(
        consume(&mut state(CAPACITY - made - 3), body()).code,
        Code::Ok
    );
    for left in 0..3 {
        let mut memory = state(CAPACITY - made - left);
        assert_eq!(
            consume(&mut memory, body()).code,
            Code::Recorded,
            "{left} leaves left"
        );
        let native = consume(&mut memory, Body::Deposit(deposit(NATIVE, 5, 0, person())));
        assert_eq!(native.code, Code::Ok, "what makes no leaf still applies");
    }
    let mut memory = state(CAPACITY - made - 1);
    let refund = consume(
        &mut memory,
        Body::Deposit(deposit(NATIVE, 5, 0, Account::NONE)),
    );
    assert_eq!((refund.code, memory.count()), (Code::Refunded, CAPACITY));
}

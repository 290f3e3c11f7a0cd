//! The thief's list: every way to take, make or strand money with a signed transaction.

use super::*;
use crate::ledger::account::Account;
use crate::ledger::check::check;
use crate::ledger::conservation::check_conservation;
use crate::ledger::fees::{CAPACITY, RESERVED_FROM, quote_up};
use crate::ledger::fixture::*;
use crate::ledger::leaf::*;
use crate::ledger::leaves::{Memory, write};
use crate::ledger::slot::Slot;
use crate::ledger::transaction::{Body, Data, Header};

const HEIGHT: u64 = 65;

fn wallet(number: u8) -> Wallet {
    Wallet::new(number)
}

fn stranger() -> Account {
    Account {
        kind: 1,
        id: [0x99; 20],
    }
}

/// Applies what `wallet` signs; whatever happens, the books add up, and a reject wrote nothing.
fn run_with(
    memory: &mut Memory,
    wallet: &Wallet,
    header: Header,
    body: Body,
) -> Result<Receipt, Code> {
    let bytes = wallet.sign(header, body).encode();
    let checked = check(&bytes, &domain()).expect("the form is right");
    let (parameters, domain) = (parameters(), domain());
    let context = context(HEIGHT, &parameters, &domain);
    let before: Vec<_> = memory
        .iter()
        .map(|(slot, value)| (*slot, value.to_vec()))
        .collect();
    let told = simulate(memory, &checked, &context);
    let result = apply(memory, &checked, &context);
    assert_eq!(told, result, "a simulation tells what happens");
    let result = result.map_err(|error| match error {
        Error::Reject(reject) => reject.code(),
        Error::Fault(fault) => panic!("{fault}"),
    });
    check_conservation(memory.iter()).unwrap();
    if result.is_err() {
        let after: Vec<_> = memory
            .iter()
            .map(|(slot, value)| (*slot, value.to_vec()))
            .collect();
        assert_eq!(before, after, "a reject wrote something");
    }
    result
}

fn run_as(memory: &mut Memory, number: u8, sequence: u64, body: Body) -> Result<Receipt, Code> {
    let wallet = wallet(number);
    run_with(memory, &wallet, wallet.header(sequence), body)
}

fn balance(memory: &mut Memory, number: u8) -> u128 {
    account_of(memory, wallet(number).account())
        .unwrap()
        .balance
}

#[test]
fn a_transfer_moves_the_amount_and_the_whole_fee() {
    let mut memory = state(1);
    let to = wallet(1).account();
    let receipt = run_as(&mut memory, 0, 0, transfer(to, NATIVE, 77)).unwrap();
    assert_eq!(
        (receipt.code, receipt.leaves_made, receipt.data.len()),
        (Code::Ok, 0, 0)
    );
    assert_eq!(balance(&mut memory, 0), WEALTH - 77 - 1_000_000);
    assert_eq!(balance(&mut memory, 1), WEALTH + 77);
    let pool: FeePool = value(&mut memory, Slot::FeePool);
    assert_eq!(
        (pool.amount, pool.epoch, pool.epoch_fees),
        (1_000_000, 1, 1_000_000)
    );
    assert_eq!(
        account_of(&mut memory, wallet(0).account())
            .unwrap()
            .sequence,
        1
    );
    assert_eq!(account_of(&mut memory, to).unwrap().sequence, 0);
}

#[test]
fn the_fee_pool_counts_the_fees_of_the_epoch_of_the_block() {
    let mut memory = state(1);
    write(
        &mut memory,
        &Slot::FeePool,
        &FeePool {
            amount: 0,
            epoch: 0,
            epoch_fees: 5,
        },
    )
    .unwrap();
    run_as(&mut memory, 0, 0, transfer(stranger(), NATIVE, 1)).unwrap();
    run_as(&mut memory, 0, 1, transfer(stranger(), NATIVE, 1)).unwrap();
    let pool: FeePool = value(&mut memory, Slot::FeePool);
    assert_eq!(
        (pool.amount, pool.epoch, pool.epoch_fees),
        (2_000_000, 1, 2_000_000)
    );
}

#[test]
fn paying_oneself_costs_the_fee_and_gains_nothing() {
    for token in [NATIVE, TOKEN] {
        let mut memory = state(1);
        let own = wallet(2).account();
        run_as(&mut memory, 2, 0, transfer(own, token, 5)).unwrap();
        let rest = WEALTH - 1_000_000;
        run_as(&mut memory, 2, 1, transfer(own, NATIVE, rest - 1_000_000)).unwrap();
        assert_eq!(balance(&mut memory, 2), rest - 1_000_000);
        assert_eq!(tokens_of(&mut memory, own, TOKEN), WEALTH);
        assert_eq!(
            run_as(&mut memory, 2, 2, transfer(own, NATIVE, rest)),
            Err(Code::InsufficientBalance)
        );
        assert_eq!(
            run_as(&mut memory, 2, 2, transfer(own, TOKEN, WEALTH + 1)),
            Err(Code::InsufficientBalance)
        );
    }
}

#[test]
fn a_token_moves_beside_the_native_coin_and_makes_one_leaf_at_a_stranger() {
    let mut memory = state(1);
    let receipt = run_as(&mut memory, 1, 0, transfer(stranger(), TOKEN, 9)).unwrap();
    assert_eq!(receipt.leaves_made, 1);
    assert_eq!(tokens_of(&mut memory, stranger(), TOKEN), 9);
    assert_eq!(
        tokens_of(&mut memory, wallet(1).account(), TOKEN),
        WEALTH - 9
    );
    assert_eq!(
        account_of(&mut memory, stranger()),
        None,
        "no native coin reached it"
    );
    assert_eq!(
        memory.order().last(),
        Some(&Slot::TokenBalance(stranger(), TOKEN))
    );
}

#[test]
fn no_one_spends_more_than_there_is() {
    let rest = WEALTH - 1_000_000;
    for (body, verdict) in [
        (transfer(stranger(), NATIVE, rest), None),
        (
            transfer(stranger(), NATIVE, rest + 1),
            Some(Code::InsufficientBalance),
        ),
        (
            transfer(stranger(), NATIVE, u128::MAX - 1_000_000),
            Some(Code::InsufficientBalance),
        ),
        (
            transfer(stranger(), NATIVE, u128::MAX),
            Some(Code::Overflow),
        ),
        (withdraw([1; 20], NATIVE, rest), None),
        (
            withdraw([1; 20], NATIVE, rest + 1),
            Some(Code::InsufficientBalance),
        ),
        (withdraw([1; 20], NATIVE, u128::MAX), Some(Code::Overflow)),
        (transfer(stranger(), TOKEN, WEALTH), None),
        (
            transfer(stranger(), TOKEN, WEALTH + 1),
            Some(Code::InsufficientBalance),
        ),
        (
            transfer(stranger(), TOKEN, u128::MAX),
            Some(Code::InsufficientBalance),
        ),
        (withdraw([1; 20], TOKEN, WEALTH), None),
        (
            withdraw([1; 20], TOKEN, WEALTH + 1),
            Some(Code::InsufficientBalance),
        ),
        (transfer(stranger(), STRANGE, 1), Some(Code::UnknownToken)),
        (withdraw([1; 20], STRANGE, 1), Some(Code::UnknownToken)),
    ] {
        let result = run_as(&mut state(1), 0, 0, body.clone());
        assert_eq!(result.err(), verdict, "{body:?}");
    }
}

#[test]
fn a_fee_may_take_the_whole_balance_and_no_more() {
    let owner = wallet(0);
    let body = Body::SetPayout { payout: [7; 20] };
    for (balance, verdict) in [
        (1_000_000, None),
        (999_999, Some(Code::InsufficientBalance)),
    ] {
        let mut memory = state(1);
        let slot = Slot::Account(owner.account());
        write(
            &mut memory,
            &slot,
            &AccountLeaf {
                balance,
                ..AccountLeaf::default()
            },
        )
        .unwrap();
        let asset: AssetLeaf = value(&mut memory, Slot::Asset(NATIVE));
        let credited = asset.credited - WEALTH + balance;
        write(
            &mut memory,
            &Slot::Asset(NATIVE),
            &AssetLeaf { credited, ..asset },
        )
        .unwrap();
        let result = run_with(&mut memory, &owner, owner.header(0), body.clone());
        assert_eq!(result.err(), verdict);
    }
}

#[test]
fn the_least_fee_is_enough_and_one_less_is_not() {
    let parameters = parameters();
    let topic = [3; 32];
    for body in [
        transfer(stranger(), NATIVE, 1),
        transfer(wallet(1).account(), NATIVE, 1),
        transfer(stranger(), TOKEN, 1),
        withdraw([1; 20], TOKEN, 1),
        Body::SetPayout { payout: [1; 20] },
        Body::Record {
            topic,
            data: Data::new(vec![1; 1_024]).unwrap(),
        },
    ] {
        for number in 0..2 {
            let owner = wallet(number);
            let mut memory = state(5_000);
            let length = owner.sign(owner.header(0), body.clone()).encode().len();
            let domain = domain();
            let context = context(HEIGHT, &parameters, &domain);
            let quote = quote(&mut memory, owner.account(), &body, length, &context).unwrap();
            assert_eq!(quote.suggested, quote_up(quote.minimum));
            let low = Header {
                fee: quote.minimum - 1,
                ..owner.header(0)
            };
            assert_eq!(
                run_with(&mut memory, &owner, low, body.clone()),
                Err(Code::FeeTooLow)
            );
            let enough = Header {
                fee: quote.minimum,
                ..owner.header(0)
            };
            let receipt = run_with(&mut memory, &owner, enough, body.clone()).unwrap();
            assert_eq!(receipt.leaves_made, quote.leaves, "{}", body.name());
        }
    }
}

#[test]
fn a_sequence_is_used_once_and_in_order_across_all_kinds() {
    let mut memory = state(1);
    let bodies = [
        transfer(stranger(), NATIVE, 1),
        withdraw([1; 20], NATIVE, 1),
        Body::SetPayout { payout: [1; 20] },
        Body::Record {
            topic: [3; 32],
            data: Data::default(),
        },
    ];
    for (sequence, body) in (0..).zip(&bodies) {
        assert_eq!(
            run_as(&mut memory, 0, sequence + 1, body.clone()),
            Err(Code::NonceAhead)
        );
        run_as(&mut memory, 0, sequence, body.clone()).unwrap();
        for other in &bodies {
            assert_eq!(
                run_as(&mut memory, 0, sequence, other.clone()),
                Err(Code::NonceUsed)
            );
        }
    }
}

#[test]
fn the_last_sequence_overflows_instead_of_starting_again() {
    let mut memory = state(1);
    let slot = Slot::Account(wallet(0).account());
    write(
        &mut memory,
        &slot,
        &AccountLeaf {
            balance: WEALTH,
            sequence: u64::MAX,
            payout: [0; 20],
        },
    )
    .unwrap();
    assert_eq!(
        run_as(&mut memory, 0, u64::MAX, transfer(stranger(), NATIVE, 1)),
        Err(Code::Overflow)
    );
}

#[test]
fn the_last_valid_height_is_valid() {
    for (valid_until, verdict) in [
        (HEIGHT, None),
        (HEIGHT - 1, Some(Code::Expired)),
        (0, Some(Code::Expired)),
        (u64::MAX, None),
    ] {
        let owner = wallet(1);
        let header = Header {
            valid_until,
            ..owner.header(0)
        };
        let result = run_with(
            &mut state(1),
            &owner,
            header,
            transfer(stranger(), NATIVE, 1),
        );
        assert_eq!(result.err(), verdict, "{valid_until}");
    }
}

#[test]
fn checks_come_in_the_order_of_the_protocol() {
    let owner = wallet(0);
    let mut memory = state(1);
    let slot = Slot::Account(owner.account());
    let poor = AccountLeaf {
        balance: 1_000_000,
        sequence: 5,
        payout: [0; 20],
    };
    write(&mut memory, &slot, &poor).unwrap();
    let asset: AssetLeaf = value(&mut memory, Slot::Asset(NATIVE));
    let credited = asset.credited - WEALTH + poor.balance;
    write(
        &mut memory,
        &Slot::Asset(NATIVE),
        &AssetLeaf { credited, ..asset },
    )
    .unwrap();
    let all_wrong = Header {
        valid_until: 1,
        fee: 1,
        ..owner.header(4)
    };
    let no_sequence = Header {
        valid_until: HEIGHT,
        ..all_wrong
    };
    let low_fee = Header {
        sequence: 5,
        ..no_sequence
    };
    let poor = Header {
        fee: 1_000_001,
        ..low_fee
    };
    let strange = Header {
        fee: 1_000_000,
        ..low_fee
    };
    for (header, code) in [
        (all_wrong, Code::Expired),
        (no_sequence, Code::NonceUsed),
        (low_fee, Code::FeeTooLow),
        (poor, Code::InsufficientBalance),
        (strange, Code::UnknownToken),
    ] {
        assert_eq!(
            run_with(
                &mut memory,
                &owner,
                header,
                transfer(stranger(), STRANGE, 1)
            ),
            Err(code)
        );
    }
}

#[test]
fn a_withdrawal_is_a_numbered_leaf_and_the_asset_counts_it() {
    let mut memory = state(1);
    for (number, token) in [(1u64, NATIVE), (2, TOKEN), (3, NATIVE)] {
        let receipt = run_as(&mut memory, 0, number - 1, withdraw([0xab; 20], token, 10)).unwrap();
        assert_eq!(
            (receipt.data, receipt.leaves_made),
            (number.to_be_bytes().to_vec(), 1)
        );
        let leaf: Withdrawal = value(&mut memory, Slot::Withdrawal(number));
        assert_eq!(
            leaf,
            Withdrawal {
                recipient: [0xab; 20],
                token,
                amount: 10
            }
        );
    }
    let counter: WithdrawalCounter = value(&mut memory, Slot::WithdrawalCounter);
    let native: AssetLeaf = value(&mut memory, Slot::Asset(NATIVE));
    let token: AssetLeaf = value(&mut memory, Slot::Asset(TOKEN));
    assert_eq!(
        (counter.next, native.withdrawn, token.withdrawn),
        (4, 20, 10)
    );
}

#[test]
fn a_payout_and_a_record_stand_in_their_leaves_and_are_overwritten() {
    let mut memory = state(1);
    let owner = wallet(0).account();
    for (sequence, byte) in [(0, 1u8), (2, 2)] {
        run_as(
            &mut memory,
            0,
            sequence,
            Body::SetPayout { payout: [byte; 20] },
        )
        .unwrap();
        assert_eq!(account_of(&mut memory, owner).unwrap().payout, [byte; 20]);
        let data = Data::new(vec![byte; 3]).unwrap();
        let receipt = run_as(
            &mut memory,
            0,
            sequence + 1,
            Body::Record {
                topic: [9; 32],
                data,
            },
        )
        .unwrap();
        assert_eq!(
            receipt.leaves_made,
            u32::from(byte == 1),
            "the second one overwrites"
        );
        let leaf: RecordLeaf = value(&mut memory, Slot::Record(owner, [9; 32]));
        let data_hash = alloy_primitives::keccak256([byte; 3]).0;
        assert_eq!(
            leaf,
            RecordLeaf {
                data_hash,
                height: HEIGHT
            }
        );
    }
    assert_eq!(
        account_of(&mut memory, wallet(1).account()).unwrap().payout,
        [0; 20]
    );
}

#[test]
fn when_the_state_is_full_only_withdrawals_make_leaves() {
    let made = u32::try_from(state(0).order().len()).unwrap();
    let record = Body::Record {
        topic: [9; 32],
        data: Data::default(),
    };
    for (body, verdict) in [
        (transfer(stranger(), NATIVE, 1), Some(Code::StateFull)),
        (transfer(stranger(), TOKEN, 1), Some(Code::StateFull)),
        (record, Some(Code::StateFull)),
        (transfer(wallet(1).account(), NATIVE, 1), None),
        (Body::SetPayout { payout: [1; 20] }, None),
        (withdraw([1; 20], TOKEN, 1), None),
    ] {
        let result = run_as(&mut state(RESERVED_FROM - made), 0, 0, body.clone());
        assert_eq!(result.err(), verdict, "{body:?}");
    }
    for (before, verdict) in [
        (CAPACITY - made - 1, None),
        (CAPACITY - made, Some(Code::StateFull)),
    ] {
        let result = run_as(&mut state(before), 0, 0, withdraw([1; 20], NATIVE, 1));
        assert_eq!(result.err(), verdict);
    }
}

#[test]
fn a_withdrawal_pays_the_flat_price_at_the_end() {
    let made = u32::try_from(state(0).order().len()).unwrap();
    let owner = wallet(0);
    let body = withdraw([1; 20], NATIVE, 1);
    let length = owner.sign(owner.header(0), body.clone()).encode().len() as u128;
    let flat = 100 + 2 * length + 7_000;
    let header = |fee| Header {
        fee,
        ..owner.header(0)
    };
    let mut memory = state(RESERVED_FROM - made);
    assert_eq!(
        run_with(&mut memory, &owner, header(flat - 1), body.clone()),
        Err(Code::FeeTooLow)
    );
    run_with(&mut memory, &owner, header(flat), body.clone()).unwrap();
    let curve = 100 + 2 * length + 50 * (1 + u128::from((RESERVED_FROM - 1) / 1_000));
    let mut memory = state(RESERVED_FROM - made - 1);
    assert_eq!(
        run_with(&mut memory, &owner, header(curve - 1), body.clone()),
        Err(Code::FeeTooLow)
    );
    run_with(&mut memory, &owner, header(curve), body).unwrap();
}

#[test]
fn every_kind_touches_few_leaves() {
    let record = Body::Record {
        topic: [9; 32],
        data: Data::default(),
    };
    for (body, most) in [
        (transfer(stranger(), NATIVE, 1), 3),
        (transfer(stranger(), TOKEN, 1), 5),
        (withdraw([1; 20], TOKEN, 1), 6),
        (withdraw([1; 20], NATIVE, 1), 5),
        (Body::SetPayout { payout: [1; 20] }, 2),
        (record, 3),
    ] {
        let mut memory = state(1);
        run_as(&mut memory, 0, 0, body.clone()).unwrap();
        let mut memory_again = state(1);
        let owner = wallet(0);
        let checked = check(
            &owner.sign(owner.header(0), body.clone()).encode(),
            &domain(),
        )
        .unwrap();
        let (parameters, domain) = (parameters(), domain());
        memory_again.take_touched();
        apply(
            &mut memory_again,
            &checked,
            &context(HEIGHT, &parameters, &domain),
        )
        .unwrap();
        let touched = memory_again.take_touched();
        assert!(touched.len() <= most, "{}: {touched:?}", body.name());
    }
}

#[test]
fn a_broken_state_is_a_fault_and_never_a_reject() {
    let owner = wallet(0);
    let checked = check(
        &owner
            .sign(owner.header(0), withdraw([1; 20], NATIVE, 1))
            .encode(),
        &domain(),
    )
    .unwrap();
    let (parameters, domain) = (parameters(), domain());
    let context = context(HEIGHT, &parameters, &domain);
    let account = Slot::Account(owner.account());
    for slot in [
        Slot::FeePool,
        Slot::WithdrawalCounter,
        Slot::Asset(NATIVE),
        account,
    ] {
        let mut memory = state(1);
        memory.write(&slot, vec![1; slot.width() - 1]).unwrap();
        let error = apply(&mut memory, &checked, &context).unwrap_err();
        assert!(
            matches!(error, Error::Fault(LeafFault::Corrupt { .. })),
            "{slot:?}: {error}"
        );
    }
    let mut memory = state(1);
    write(
        &mut memory,
        &Slot::Withdrawal(1),
        &Withdrawal {
            recipient: [1; 20],
            token: NATIVE,
            amount: 1,
        },
    )
    .unwrap();
    let error = apply(&mut memory, &checked, &context).unwrap_err();
    assert!(
        matches!(error, Error::Fault(LeafFault::Books { .. })),
        "a withdrawal is never overwritten: {error}"
    );
    let mut memory = state(1);
    write(
        &mut memory,
        &Slot::FeePool,
        &FeePool {
            amount: u128::MAX,
            epoch: 1,
            epoch_fees: 0,
        },
    )
    .unwrap();
    let error = apply(&mut memory, &checked, &context).unwrap_err();
    assert!(
        matches!(error, Error::Fault(LeafFault::Books { .. })),
        "{error}"
    );
}

#[test]
fn every_account_involved_is_indexed_once() {
    let owner = wallet(1).account();
    let record = Body::Record {
        topic: [9; 32],
        data: Data::default(),
    };
    for (body, others) in [
        (transfer(stranger(), NATIVE, 1), vec![stranger()]),
        (transfer(owner, NATIVE, 1), vec![]),
        (
            withdraw([1; 20], NATIVE, 1),
            vec![Account::ethereum([1; 20])],
        ),
        (Body::SetPayout { payout: [0; 20] }, vec![]),
        (record, vec![]),
    ] {
        let receipt = run_as(&mut state(1), 1, 0, body).unwrap();
        let indexed: Vec<String> = receipt
            .events
            .iter()
            .filter(|event| event.name() == "plasmid")
            .flat_map(|event| event.attributes())
            .filter(|attribute| attribute.key == "account" && attribute.indexed)
            .map(|attribute| attribute.value)
            .collect();
        let expected: Vec<String> = [owner]
            .iter()
            .chain(&others)
            .map(Account::to_string)
            .collect();
        assert_eq!(indexed, expected);
    }
}

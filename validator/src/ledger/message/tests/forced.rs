//! Forced transactions: what acts, what consumes a sequence, and what does neither.

use super::*;

pub(super) fn forced_by(number: u8, sequence: u64, body: UserBody) -> Transaction {
    let wallet = Wallet::new(number);
    wallet.sign(wallet.forced_header(sequence), body)
}

pub(super) fn sequence(memory: &mut Memory, number: u8) -> u64 {
    account_of(memory, Wallet::new(number).account()).map_or(0, |leaf| leaf.sequence)
}

#[test]
fn a_forced_transaction_acts_without_a_fee() {
    for number in 0..2 {
        let mut memory = state(1);
        let transaction = forced_by(number, 0, transfer(stranger(), TOKEN, 5));
        let receipt = consume(&mut memory, forced([0xee; 20], &transaction));
        assert_eq!((receipt.code, receipt.leaves_made), (Code::Ok, 1));
        assert_eq!(tokens_of(&mut memory, stranger(), TOKEN), 5);
        assert_eq!(sequence(&mut memory, number), 1);
        assert_eq!(
            value::<FeePool>(&mut memory, Slot::FeePool),
            FeePool::default()
        );
        let again = consume(&mut memory, forced([0xee; 20], &transaction));
        assert_eq!(
            again.code,
            Code::NonceUsed,
            "the same bytes in another message"
        );
        assert_eq!(tokens_of(&mut memory, stranger(), TOKEN), 5);
    }
}

#[test]
fn a_forced_withdrawal_tells_its_number() {
    let mut memory = state(1);
    let transaction = forced_by(0, 0, withdraw([7; 20], NATIVE, 5));
    let receipt = consume(&mut memory, forced([0xee; 20], &transaction));
    assert_eq!(
        (receipt.code, receipt.data),
        (Code::Ok, 1u64.to_be_bytes().to_vec())
    );
}

/// What `forced` says of the kind: its attribute of that name.
fn kind(receipt: &Receipt) -> Option<String> {
    let forced = receipt.events.iter().find(|event| event.name() == "forced");
    let attributes = forced.expect("it was forced").attributes();
    let kind = attributes.into_iter().find(|one| one.key == "kind");
    kind.map(|kind| kind.value)
}

#[test]
fn a_forced_transaction_tells_its_kind_also_when_it_is_refused() {
    let mut memory = state(1);
    let sent = forced_by(0, 0, transfer(stranger(), TOKEN, 5));
    for code in [Code::Ok, Code::NonceUsed] {
        let receipt = consume(&mut memory, forced([0xee; 20], &sent));
        assert_eq!(
            (receipt.code, kind(&receipt).as_deref()),
            (code, Some("transfer"))
        );
    }
    let forged = Transaction {
        body: transfer(stranger(), TOKEN, 6),
        ..sent
    };
    let receipt = consume(&mut memory, forced([0xee; 20], &forged));
    assert_eq!((receipt.code == Code::Ok, kind(&receipt)), (false, None));
}

#[test]
fn one_who_holds_only_tokens_can_force_a_withdrawal() {
    let mut memory = state(1);
    let newcomer = Wallet::new(8);
    consume(
        &mut memory,
        Body::Deposit(deposit(TOKEN, 50, 0, newcomer.account())),
    );
    assert_eq!(account_of(&mut memory, newcomer.account()), None);
    let transaction = forced_by(8, 0, withdraw([7; 20], TOKEN, 50));
    let receipt = consume(&mut memory, forced([0xee; 20], &transaction));
    assert_eq!((receipt.code, receipt.leaves_made), (Code::Ok, 2));
    assert_eq!(sequence(&mut memory, 8), 1);
}

#[test]
fn right_signature_and_sequence_but_no_effect_consume_the_sequence() {
    let multisig = Account {
        kind: 2,
        id: [1; 20],
    };
    let long = UserBody::Record {
        topic: [0; 32],
        data: Data::new(vec![0; 200]).unwrap(),
    };
    for (body, code) in [
        (
            transfer(stranger(), TOKEN, WEALTH + 1),
            Code::InsufficientBalance,
        ),
        (
            transfer(stranger(), NATIVE, WEALTH + 1),
            Code::InsufficientBalance,
        ),
        (transfer(stranger(), STRANGE, 1), Code::UnknownToken),
        (transfer(stranger(), TOKEN, 0), Code::ZeroAmount),
        (transfer(multisig, TOKEN, 1), Code::BadRecipient),
        (withdraw([0; 20], TOKEN, 1), Code::BadRecipient),
        (long, Code::Ok),
    ] {
        let mut memory = state(1);
        let receipt = consume(&mut memory, forced([0xee; 20], &forced_by(1, 0, body)));
        assert_eq!((receipt.code, sequence(&mut memory, 1)), (code, 1));
        assert_eq!(receipt.reason.is_none(), code == Code::Ok);
    }
}

#[test]
fn what_is_not_authentic_or_not_meant_for_the_inbox_consumes_nothing() {
    let wallet = Wallet::new(1);
    let body = || transfer(stranger(), TOKEN, 5);
    let good = forced_by(1, 0, body());
    let mempool = wallet.sign(wallet.header(0), body());
    let free = wallet.sign(
        Header {
            fee: 0,
            ..wallet.header(0)
        },
        body(),
    );
    let fee = wallet.sign(
        Header {
            valid_until: u64::MAX,
            ..wallet.header(0)
        },
        body(),
    );
    let payer = Account::ethereum([0x33; 20]);
    let fee_payer = Transaction {
        fee_payer_authentication: Some(Authentication::RootSender),
        ..wallet.sign(
            Header {
                fee_payer: payer,
                ..wallet.forced_header(0)
            },
            body(),
        )
    };
    let lane = wallet.sign(
        Header {
            lane: 1,
            ..wallet.forced_header(0)
        },
        body(),
    );
    let reserved = UserBody::Message {
        target: stranger(),
        token: TOKEN,
        amount: 1,
        data: Data::default(),
    };
    let thief = Wallet::new(3).sign(wallet.forced_header(0), body());
    for (transaction, code) in [
        (mempool, Code::NotAllowedHere),
        (free, Code::NotAllowedHere),
        (fee, Code::NotAllowedHere),
        (fee_payer, Code::Unsupported),
        (lane, Code::Unsupported),
        (forced_by(1, 0, reserved), Code::Unsupported),
        (forced_by(1, 1, body()), Code::NonceAhead),
        (thief, Code::WrongSender),
    ] {
        let mut memory = state(1);
        let receipt = consume(&mut memory, forced([0xee; 20], &transaction));
        assert_eq!(
            (receipt.code, sequence(&mut memory, 1), receipt.leaves_made),
            (code, 0, 0)
        );
        assert_eq!(tokens_of(&mut memory, stranger(), TOKEN), 0);
    }
    let bytes = good.encode();
    let mut memory = state(1);
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        let receipt = consume(&mut memory, forced_bytes([0xee; 20], changed));
        assert_ne!(receipt.code, Code::Ok, "byte {position}");
        assert_eq!(sequence(&mut memory, 1), 0);
    }
    assert_eq!(
        consume(&mut memory, forced([0xee; 20], &good)).code,
        Code::Ok
    );
}

#[test]
fn bytes_signed_for_the_inbox_never_pass_through_the_mempool() {
    let transaction = forced_by(1, 0, transfer(stranger(), NATIVE, 5));
    let checked = check(&transaction.encode(), &domain()).unwrap();
    let (parameters, domain) = (parameters(), domain());
    let mut memory = state(1);
    let error = crate::ledger::apply(
        &mut memory,
        &checked,
        &context(HEIGHT, &parameters, &domain),
    )
    .unwrap_err();
    assert!(
        matches!(
            error,
            crate::ledger::Error::Reject(crate::ledger::Reject::FeeTooLow { fee: 0, .. })
        ),
        "{error}"
    );
}

pub(super) fn from_root(sender: [u8; 20], sequence: u64, body: UserBody) -> Transaction {
    let header = Header {
        sender: Account::ethereum(sender),
        ..Wallet::new(1).forced_header(sequence)
    };
    let authentication = Authentication::RootSender;
    Transaction {
        header,
        body,
        authentication,
        fee_payer_authentication: None,
    }
}

#[test]
fn a_contract_acts_through_its_messages_without_a_sequence() {
    let wallet = Wallet::new(1).account();
    let mut memory = state(1);
    for round in 1..=3u8 {
        let transaction = from_root(wallet.id, 0, transfer(stranger(), TOKEN, 5));
        let receipt = consume(&mut memory, forced(wallet.id, &transaction));
        assert_eq!(receipt.code, Code::Ok);
        assert_eq!(
            tokens_of(&mut memory, stranger(), TOKEN),
            5 * u128::from(round)
        );
        assert_eq!(sequence(&mut memory, 1), 0);
    }
    let payout = from_root([0x42; 20], 0, UserBody::SetPayout { payout: [3; 20] });
    let receipt = consume(&mut memory, forced([0x42; 20], &payout));
    assert_eq!((receipt.code, receipt.leaves_made), (Code::Ok, 1));
    assert_eq!(
        account_of(&mut memory, Account::ethereum([0x42; 20]))
            .unwrap()
            .payout,
        [3; 20]
    );
}

#[test]
fn root_sender_speaks_for_msg_sender_alone() {
    let wallet = Wallet::new(1).account();
    let theft = || transfer(stranger(), TOKEN, 5);
    let ed25519 = Transaction {
        header: Header {
            sender: Wallet::new(0).account(),
            ..Wallet::new(0).forced_header(0)
        },
        ..from_root(wallet.id, 0, theft())
    };
    let same_id = Transaction {
        header: Header {
            sender: Account {
                kind: 1,
                id: [0xee; 20],
            },
            ..Wallet::new(0).forced_header(0)
        },
        ..from_root(wallet.id, 0, theft())
    };
    for (transaction, code) in [
        (from_root(wallet.id, 0, theft()), Code::WrongSender),
        (ed25519, Code::WrongSender),
        (same_id, Code::WrongSender),
        (from_root([0xee; 20], 1, theft()), Code::NotAllowedHere),
        (from_root([0xee; 20], 0, theft()), Code::InsufficientBalance),
    ] {
        let mut memory = state(1);
        assert_eq!(
            consume(&mut memory, forced([0xee; 20], &transaction)).code,
            code
        );
        assert_eq!(tokens_of(&mut memory, stranger(), TOKEN), 0);
    }
}

#[test]
fn forced_transactions_make_leaves_in_the_reserve_only_to_withdraw() {
    let made = u32::try_from(state(0).order().len()).unwrap();
    for (before, number, body, code, consumed) in [
        (
            RESERVED_FROM - made,
            1,
            transfer(stranger(), NATIVE, 1),
            Code::StateFull,
            1,
        ),
        (
            RESERVED_FROM - made,
            1,
            withdraw([7; 20], NATIVE, 1),
            Code::Ok,
            1,
        ),
        (
            RESERVED_FROM - made,
            8,
            transfer(stranger(), NATIVE, 1),
            Code::StateFull,
            0,
        ),
        (
            CAPACITY - made,
            1,
            withdraw([7; 20], NATIVE, 1),
            Code::StateFull,
            1,
        ),
        (
            CAPACITY - made,
            8,
            withdraw([7; 20], NATIVE, 1),
            Code::StateFull,
            0,
        ),
    ] {
        let mut memory = state(before);
        let receipt = consume(&mut memory, forced([0xee; 20], &forced_by(number, 0, body)));
        assert_eq!(
            (receipt.code, sequence(&mut memory, number)),
            (code, consumed),
            "{before} {number}"
        );
    }
}

#[test]
fn a_forced_digest_names_the_scheme_root_sender() {
    let transaction = from_root([1; 20], 0, transfer(stranger(), TOKEN, 5));
    let expected = digest(
        Scheme::RootSender,
        &transaction.header,
        &transaction.body,
        &domain(),
    );
    assert_eq!(transaction.digest(&domain()), expected);
    assert!(
        read::<AccountLeaf, _>(&mut state(1), &Slot::Account(stranger()))
            .unwrap()
            .is_none()
    );
}

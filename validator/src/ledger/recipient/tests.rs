//! Every way to send money where nobody can use it, and that each is refused with nothing lost.

use plasmid_bridge::proof::inbox::{Body as MessageBody, Deposit};

use super::*;
use crate::ledger::check::check;
use crate::ledger::conservation::check_conservation;
use crate::ledger::fixture::*;
use crate::ledger::leaf::Withdrawal;
use crate::ledger::leaves::Memory;
use crate::ledger::slot::Slot;
use crate::ledger::transaction::Body;
use crate::ledger::{Code, Receipt, apply, apply_message};

fn contracts() -> [[u8; 20]; 11] {
    let [
        registry,
        inbox,
        vault,
        court,
        exits,
        fraud_court,
        data_challenges,
        root_chain,
    ] = deployment::contracts(&REGISTRY);
    [
        registry,
        inbox,
        vault,
        court,
        exits,
        fraud_court,
        data_challenges,
        root_chain,
        deployment::VERIFIER,
        deployment::checkpoint_judge(&REGISTRY),
        deployment::segment_judge(&REGISTRY),
    ]
}

/// What nobody can use, each with the token that is sent there.
fn unusable() -> Vec<([u8; 20], [u8; 20])> {
    let both = contracts().map(|contract| [(contract, NATIVE), (contract, TOKEN)]);
    let mut all = both.concat();
    all.push((TOKEN, TOKEN));
    all
}

/// What a signed transaction comes to.
fn signed(memory: &mut Memory, body: Body) -> Result<Receipt, Code> {
    let wallet = Wallet::new(0);
    let sequence = account_of(memory, wallet.account()).map_or(0, |leaf| leaf.sequence);
    let bytes = wallet.sign(wallet.header(sequence), body).encode();
    let checked = check(&bytes, &domain()).expect("the form is right");
    let (parameters, domain) = (parameters(), domain());
    let result = apply(memory, &checked, &context(9, &parameters, &domain));
    check_conservation(memory.iter()).expect("the books add up");
    result.map_err(|error| match error {
        crate::ledger::Error::Reject(reject) => {
            assert!(
                reject.to_string().contains("nobody could ever use"),
                "{reject}"
            );
            reject.code()
        }
        crate::ledger::Error::Fault(fault) => panic!("{fault}"),
    })
}

fn consume(memory: &mut Memory, body: MessageBody) -> Receipt {
    let message = message(memory, body);
    let (parameters, domain) = (parameters(), domain());
    let receipt = apply_message(memory, &message, &context(9, &parameters, &domain));
    check_conservation(memory.iter()).expect("the books add up");
    receipt.expect("messages are total")
}

#[test]
fn nothing_that_a_wallet_signs_sends_money_where_nobody_can_use_it() {
    for (to, token) in unusable() {
        let mut memory = state(1);
        for body in [
            transfer(Account::ethereum(to), token, 5),
            withdraw(to, token, 5),
        ] {
            assert_eq!(signed(&mut memory, body).err(), Some(Code::BadRecipient));
        }
    }
    for payout in contracts() {
        let body = Body::SetPayout { payout };
        assert_eq!(signed(&mut state(1), body).err(), Some(Code::BadRecipient));
    }
}

#[test]
fn each_of_them_is_told_apart() {
    let own = OwnContracts::of_registry(&REGISTRY);
    let named = [
        Unusable::Registry,
        Unusable::Inbox,
        Unusable::Vault,
        Unusable::Court,
        Unusable::Exits,
        Unusable::FraudCourt,
        Unusable::DataChallenges,
        Unusable::RootChain,
        Unusable::Verifier,
        Unusable::CheckpointJudge,
        Unusable::SegmentJudge,
    ];
    for (address, name) in contracts().iter().zip(named) {
        assert_eq!(own.unusable(address, &NATIVE), Some(name));
        assert_eq!(own.unusable(address, &TOKEN), Some(name));
    }
    assert_eq!(own.unusable(&TOKEN, &TOKEN), Some(Unusable::Token));
    assert_eq!(own.unusable(&TOKEN, &NATIVE), None);
    assert_eq!(own.unusable(&NATIVE, &NATIVE), None);
}

#[test]
fn what_only_resembles_them_is_paid() {
    let hash = Account {
        kind: Account::ED25519,
        id: contracts()[2],
    };
    let mut memory = state(1);
    for body in [
        transfer(hash, NATIVE, 5),
        transfer(Account::ethereum(TOKEN), NATIVE, 5),
        withdraw(TOKEN, NATIVE, 5),
        transfer(Account::ethereum(STRANGE), TOKEN, 5),
        withdraw(STRANGE, TOKEN, 5),
        Body::SetPayout { payout: TOKEN },
        Body::SetPayout { payout: [0; 20] },
    ] {
        assert!(signed(&mut memory, body).is_ok());
    }
    // Without a Registry the zero address stands in the list, and the rule of the zero payout holds all the same.
    let nowhere = OwnContracts::of(&Parameters::local());
    assert!(
        nowhere
            .check(Account::ethereum(contracts()[1]), NATIVE)
            .is_ok()
    );
}

#[test]
fn a_forced_one_is_refused_and_uses_its_sequence() {
    for (to, token) in unusable() {
        let mut memory = state(1);
        let wallet = Wallet::new(0);
        let body = withdraw(to, token, 5);
        let transaction = wallet.sign(wallet.forced_header(0), body);
        let receipt = consume(&mut memory, forced([0xee; 20], &transaction));
        assert_eq!(receipt.code, Code::BadRecipient);
        let leaf = account_of(&mut memory, wallet.account()).expect("it stands");
        assert_eq!((leaf.sequence, leaf.balance), (1, WEALTH));
    }
}

#[test]
fn a_deposit_goes_back_to_its_refund_address_and_is_recorded_where_that_is_unusable_too() {
    for (to, token) in unusable() {
        let native = if token == NATIVE { 0 } else { 7 };
        let body = deposit(token, 5, native, Account::ethereum(to));
        let mut memory = state(1);
        let receipt = consume(&mut memory, MessageBody::Deposit(body.clone()));
        assert_eq!(receipt.code, Code::Refunded);
        let first: Withdrawal = value(&mut memory, Slot::Withdrawal(1));
        assert_eq!((first.recipient, first.amount), ([0xfe; 20], 5));
        for refund in [to, [0; 20]] {
            let body = Deposit {
                refund,
                ..body.clone()
            };
            let mut memory = state(1);
            let receipt = consume(&mut memory, MessageBody::Deposit(body));
            assert_eq!((receipt.code, receipt.leaves_made), (Code::Recorded, 0));
            assert!(receipt.reason.is_some());
        }
        // A refund address is not looked at while the deposit can be credited.
        let sound = Deposit {
            refund: to,
            ..deposit(token, 5, native, Wallet::new(0).account())
        };
        let receipt = consume(&mut state(1), MessageBody::Deposit(sound));
        assert_eq!(receipt.code, Code::Ok);
    }
}

#[test]
fn the_contracts_are_the_registry_and_what_it_creates_first() {
    let registry = alloy_primitives::Address::from(REGISTRY);
    let made = [1, 2, 3, 4, 5, 6].map(|nonce| registry.create(nonce).into_array());
    assert_eq!(contracts()[0], REGISTRY);
    assert_eq!(contracts()[1..7], made);
}

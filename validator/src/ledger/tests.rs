//! The ledger as a whole: random sequences keep its laws, books that do not add up are found, staking runs over it.

use std::collections::BTreeMap;

use plasmid_bridge::proof::inbox::Body as MessageBody;
use plasmid_staking::rules::roll::Roll;
use plasmid_staking::{Effect, Founder, Input, difference, found, minima, set_at};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::conservation::{Imbalance, check_conservation, sums};
use super::context::Error;
use super::fixture::*;
use super::leaf::*;
use super::leaves::{Memory, read, write};
use super::stake::{Stake, apply_at, staking_rules};
use super::transaction::{Body, Data};
use super::*;

const PEOPLE: u8 = 8;

fn random_body(rng: &mut ChaCha8Rng) -> Body {
    let token = [NATIVE, NATIVE, TOKEN, STRANGE][rng.random_range(0..4)];
    let amount = match rng.random_range(0..8) {
        0 => u128::MAX,
        1 => WEALTH,
        _ => rng.random_range(1..1u128 << 66),
    };
    match rng.random_range(0..6) {
        0 => withdraw([rng.random_range(1..=255); 20], token, amount),
        1 => Body::SetPayout {
            payout: [rng.random(); 20],
        },
        2 => {
            let data = Data::new(vec![rng.random(); rng.random_range(0..40)]).unwrap();
            Body::Record {
                topic: [rng.random_range(0..3); 32],
                data,
            }
        }
        _ => transfer(
            Wallet::new(rng.random_range(0..PEOPLE)).account(),
            token,
            amount,
        ),
    }
}

struct Run {
    memory: Memory,
    rng: ChaCha8Rng,
    codes: BTreeMap<Code, u32>,
}

impl Run {
    fn transaction(&mut self, height: u64) {
        let wallet = Wallet::new(self.rng.random_range(0..PEOPLE));
        let next = account_of(&mut self.memory, wallet.account()).map_or(0, |leaf| leaf.sequence);
        let sequence = match self.rng.random_range(0..12) {
            0 => next + 1,
            1 => next.saturating_sub(1),
            _ => next,
        };
        let header = transaction::Header {
            fee: self.rng.random_range(0..4_000),
            valid_until: height - 1 + u64::from(self.rng.random_range(0..8u8)),
            ..wallet.header(sequence)
        };
        let transaction = wallet.sign(header, random_body(&mut self.rng));
        let bytes = transaction.encode();
        assert_eq!(Transaction::decode(&bytes), Ok(transaction));
        let checked = check(&bytes, &domain()).unwrap();
        let code = self.apply(&checked, height);
        if code == Code::Ok {
            let replay = self.apply(&checked, height);
            assert_eq!(
                replay,
                Code::NonceUsed,
                "the same transaction applied twice"
            );
        }
    }

    fn apply(&mut self, checked: &CheckedTransaction, height: u64) -> Code {
        let (parameters, domain) = (parameters(), domain());
        let context = context(height, &parameters, &domain);
        let count = self.memory.count();
        let code = match apply(&mut self.memory, checked, &context) {
            Ok(receipt) => {
                assert_eq!(self.memory.count() - count, receipt.leaves_made);
                receipt.code
            }
            Err(Error::Reject(reject)) => reject.code(),
            Err(Error::Fault(fault)) => panic!("{fault}"),
        };
        check_conservation(self.memory.iter()).unwrap();
        *self.codes.entry(code).or_default() += 1;
        code
    }

    fn message(&mut self, height: u64) {
        let wallet = Wallet::new(self.rng.random_range(0..PEOPLE));
        let body = match self.rng.random_range(0..3) {
            0 => {
                let next =
                    account_of(&mut self.memory, wallet.account()).map_or(0, |leaf| leaf.sequence);
                let transaction =
                    wallet.sign(wallet.forced_header(next), random_body(&mut self.rng));
                forced([self.rng.random(); 20], &transaction)
            }
            _ => {
                let token = [NATIVE, TOKEN, STRANGE][self.rng.random_range(0..3)];
                let native = if token == NATIVE {
                    0
                } else {
                    self.rng.random_range(0..1_000_000)
                };
                let amount = self.rng.random_range(1..1u128 << 96);
                MessageBody::Deposit(deposit(token, amount, native, wallet.account()))
            }
        };
        let message = message(&mut self.memory, body);
        let (parameters, domain) = (parameters(), domain());
        let context = context(height, &parameters, &domain);
        let receipt = apply_message(&mut self.memory, &message, &context).unwrap();
        check_conservation(self.memory.iter()).unwrap();
        *self.codes.entry(receipt.code).or_default() += 1;
    }
}

#[test]
fn random_sequences_of_transactions_and_messages_keep_the_books_after_each() {
    let mut codes: BTreeMap<Code, u32> = BTreeMap::new();
    for seed in 100..112 {
        println!("seed {seed}");
        let mut run = Run {
            memory: state(1),
            rng: ChaCha8Rng::seed_from_u64(seed),
            codes: BTreeMap::new(),
        };
        for step in 0..250u64 {
            match run.rng.random_range(0..4) {
                0 => run.message(1 + step),
                _ => run.transaction(1 + step),
            }
        }
        for (code, count) in run.codes {
            *codes.entry(code).or_default() += count;
        }
    }
    println!("{codes:?}");
    for code in [
        Code::Ok,
        Code::NonceUsed,
        Code::NonceAhead,
        Code::Expired,
        Code::FeeTooLow,
        Code::InsufficientBalance,
        Code::UnknownToken,
        Code::Overflow,
    ] {
        assert!(codes.contains_key(&code), "{} never happened", code.name());
    }
}

#[test]
fn the_same_sequence_makes_the_same_leaves_in_the_same_order() {
    let run = || {
        let mut run = Run {
            memory: state(1),
            rng: ChaCha8Rng::seed_from_u64(7),
            codes: BTreeMap::new(),
        };
        for step in 0..100 {
            run.message(1 + step);
            run.transaction(1 + step);
        }
        let leaves: Vec<(Slot, Vec<u8>)> = run
            .memory
            .iter()
            .map(|(slot, value)| (*slot, value.to_vec()))
            .collect();
        (run.memory.order().to_vec(), leaves)
    };
    assert_eq!(run(), run());
}

#[test]
fn books_that_do_not_add_up_are_found() {
    let person = Wallet::new(0).account();
    let minted = AccountLeaf {
        balance: WEALTH + 1,
        ..AccountLeaf::default()
    };
    let cases: Vec<(Slot, Vec<u8>)> = vec![
        (Slot::Account(person), minted.encode()),
        (
            Slot::TokenBalance(person, TOKEN),
            TokenBalance {
                amount: WEALTH - 1,
                token: TOKEN,
            }
            .encode(),
        ),
        (
            Slot::TokenBalance(person, STRANGE),
            TokenBalance {
                amount: 1,
                token: TOKEN,
            }
            .encode(),
        ),
        (
            Slot::FeePool,
            FeePool {
                amount: 1,
                epoch: 0,
                epoch_fees: 0,
            }
            .encode(),
        ),
        (Slot::Burned, Burned { amount: 1 }.encode()),
        (
            Slot::Asset(STRANGE),
            AssetLeaf {
                withdrawn: 1,
                ..AssetLeaf::default()
            }
            .encode(),
        ),
    ];
    for (slot, value) in cases {
        let mut memory = state(1);
        check_conservation(memory.iter()).unwrap();
        memory.write(&slot, value).unwrap();
        let found = check_conservation(memory.iter()).unwrap_err();
        assert!(
            matches!(found, Imbalance::Unequal { .. }),
            "{slot:?}: {found}"
        );
    }
    let mut memory = state(1);
    let huge = AccountLeaf {
        balance: u128::MAX,
        ..AccountLeaf::default()
    };
    write(&mut memory, &Slot::Account(person), &huge).unwrap();
    assert!(matches!(
        sums(memory.iter()),
        Err(Imbalance::Overflow { .. })
    ));
    memory.write(&Slot::Burned, vec![]).unwrap();
    assert!(matches!(
        sums(memory.iter()),
        Err(Imbalance::Corrupt { .. } | Imbalance::Overflow { .. })
    ));
}

#[test]
fn staking_runs_over_the_leaves_of_the_ledger_and_what_positions_hold_are_claims() {
    let mut memory = state(1);
    let parameters = parameters();
    let rules = staking_rules(&parameters);
    let asset: AssetLeaf = read(&mut memory, &Slot::Asset(NATIVE)).unwrap().unwrap();
    let founders: Vec<Founder> = (1u8..=4).map(|key| founder(key, &parameters)).collect();
    let stakes: u128 = founders.iter().map(|founder| founder.stake).sum();
    let credited = asset.credited + stakes;
    let asset = AssetLeaf { credited, ..asset };
    write(&mut memory, &Slot::Asset(NATIVE), &asset).unwrap();
    found(&mut Stake(&mut memory), &rules, &founders).unwrap();
    let weakest = minima::weakest(&mut Stake(&mut memory), rules.seats).unwrap();
    assert_eq!(weakest.seat, 4, "an empty seat is the weakest");
    let roll = Input::Roll(Roll {
        epoch: 2,
        first: 0,
        count: 16,
        total: 0,
    });
    let effects = apply_at(&mut memory, &parameters, 0, &roll).unwrap();
    let rolled = Effect::Rolled {
        next: 16,
        total: 10,
    };
    assert_eq!(effects.last(), Some(&rolled));
    let height = 2 * u64::from(parameters.epoch_blocks) + 1;
    let mut port = Stake(&mut memory);
    let members = set_at(&mut port, &rules, height, parameters.epoch_blocks).unwrap();
    let powers: Vec<u64> = members.iter().map(|member| member.power).collect();
    assert_eq!(powers, [1, 2, 3, 4]);
    assert!(difference(&[], &members).is_ok());
    check_conservation(memory.iter()).unwrap();
}

fn founder(key: u8, parameters: &Parameters) -> Founder {
    Founder {
        operator: [key; 20],
        address: [key; 20],
        consensus_key: [key; 32],
        checkpoint_key: [key; 96],
        stake: u128::from(key) * parameters.unit,
        opening: plasmid_staking::Opening::default(),
        description: None,
    }
}

//! People: accounts that transfer, withdraw, record, force transactions through root, and send nonsense.

use ed25519_zebra::{SigningKey, VerificationKey};
use plasmid::app::State;
use plasmid::chain::committed::leaf;
use plasmid::ledger::leaf::AccountLeaf;
use plasmid::ledger::transaction::{Authentication, Body, Data, Header};
use plasmid::ledger::{Account, Domain, Slot, Transaction};
use plasmid_bridge::proof::inbox::{Body as Message, Deposit, Payload};
use prost::bytes::Bytes;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::crowd::Stakers;

/// Tokens that are deposited, besides the native coin.
pub const TOKENS: [[u8; 20]; 2] = [[0xa1; 20], [0xa2; 20]];

/// What a fee is offered: enough for every transaction of a simulation.
pub const FEE: u128 = 1 << 56;

/// Everyone who holds anything in a simulation.
pub struct People {
    keys: Vec<SigningKey>,
    domain: Domain,
    /// How many strangers, from the first on, may hold something.
    pub strangers: u32,
    /// Who else holds something, with keys that a test has.
    pub others: Vec<Account>,
}

impl People {
    /// `count` holders of Ed25519 keys on the deployment of `domain`.
    pub fn new(count: u8, domain: Domain) -> Self {
        let keys = (0..count).map(key).collect();
        Self {
            keys,
            domain,
            strangers: 0,
            others: Vec::new(),
        }
    }

    /// The account of a number.
    pub fn account(number: u8) -> Account {
        Account::ed25519(&VerificationKey::from(&key(number)).into())
    }

    /// All accounts that can hold anything.
    pub fn accounts(&self) -> Vec<Account> {
        let numbers = 0..self.keys.len() as u8;
        let own = numbers.clone().map(Self::account);
        let wallets = numbers.map(|number| Account::ethereum([number + 1; 20]));
        own.chain(wallets).collect()
    }

    /// All accounts of these people, and whoever else can come to hold something: operators as relayers, a stray recipient.
    pub fn holders(&self, operators: u8) -> Vec<Account> {
        let mut all = self.accounts();
        all.extend((0..operators).map(|number| Account::ethereum([number + 0x10; 20])));
        all.push(Account::from_bytes(&[1; 21]));
        all.extend((0..self.strangers).map(Self::stranger));
        all.extend(&self.others);
        all
    }

    /// A signed transaction.
    pub fn sign(&self, from: u8, sequence: u64, fee: u128, valid_until: u64, body: Body) -> Bytes {
        let key = &self.keys[usize::from(from)];
        self.signed(key, sequence, fee, valid_until, body)
    }

    /// A transaction of one of a crowd that holds nothing at first, however many they are.
    pub fn sign_stranger(
        &self,
        from: u32,
        sequence: u64,
        fee: u128,
        valid_until: u64,
        body: Body,
    ) -> Bytes {
        self.signed(&stranger_key(from), sequence, fee, valid_until, body)
    }

    /// The account of one of that crowd.
    pub fn stranger(number: u32) -> Account {
        Account::ed25519(&VerificationKey::from(&stranger_key(number)).into())
    }

    fn signed(
        &self,
        key: &SigningKey,
        sequence: u64,
        fee: u128,
        valid_until: u64,
        body: Body,
    ) -> Bytes {
        let public: [u8; 32] = VerificationKey::from(key).into();
        let with = |signature| Transaction {
            header: Header {
                sender: Account::ed25519(&public),
                lane: 0,
                sequence,
                fee,
                fee_payer: Account::NONE,
                valid_until,
                memo: [0; 32],
            },
            body: body.clone(),
            authentication: Authentication::Ed25519 {
                key: public,
                signature,
            },
            fee_payer_authentication: None,
        };
        let digest = with([0; 64]).digest(&self.domain);
        with(key.sign(digest.as_slice()).into()).encode().into()
    }

    /// Something that someone might send, often sound.
    pub fn anything(
        &self,
        rng: &mut ChaCha8Rng,
        state: &State,
        stakers: Option<&Stakers<'_>>,
    ) -> Bytes {
        let from = rng.random_range(0..self.keys.len()) as u8;
        let held: Option<AccountLeaf> =
            leaf(&state.tree, &Slot::Account(Self::account(from))).expect("the state reads");
        let next = held.map_or(0, |leaf| leaf.sequence);
        let sequence = match rng.random_range(0..10) {
            0 => next + rng.random_range(0..80),
            1 => next.saturating_sub(1),
            _ => next,
        };
        let until = match rng.random_range(0..20) {
            0 => state.tip.height,
            // As short as a mempool takes it.
            1 => state.tip.height + 4,
            _ => u64::MAX,
        };
        let fee = match rng.random_range(0..10) {
            0 => 1,
            1 => FEE * 2,
            _ => FEE,
        };
        let body = match stakers.filter(|_| rng.random_range(0..10) < 7) {
            Some(stakers) => Body::Stake(stakers.of_owner(rng, Self::account(from))),
            None => self.any_body(rng),
        };
        let bytes = self.sign(from, sequence, fee, until, body);
        match rng.random_range(0..20) {
            0 => {
                let mut wrong = bytes.to_vec();
                let at = rng.random_range(0..wrong.len());
                wrong[at] ^= 1 << rng.random_range(0..8);
                wrong.into()
            }
            _ => bytes,
        }
    }

    fn any_body(&self, rng: &mut ChaCha8Rng) -> Body {
        let accounts = self.accounts();
        let token = any_token(rng);
        let amount = rng.random_range(0..1 << 20);
        match rng.random_range(0..10) {
            0 | 1 => Body::Withdraw {
                recipient: [rng.random_range(0..4); 20],
                token,
                amount,
            },
            2 => Body::Record {
                topic: [rng.random_range(0..3); 32],
                data: Data::new(vec![7; rng.random_range(0..1_100)]).expect("short data"),
            },
            3 => Body::SetPayout {
                payout: [rng.random(); 20],
            },
            _ => Body::Transfer {
                to: accounts[rng.random_range(0..accounts.len())],
                token,
                amount,
            },
        }
    }

    /// Something that root might send.
    pub fn any_message(&self, rng: &mut ChaCha8Rng, state: &State, epoch: u64) -> Message {
        let accounts = self.accounts();
        match rng.random_range(0..10) {
            0 => self.forced(rng, state),
            1 => Message::Acceptance {
                epoch: rng.random_range(0..=epoch + 1),
                relayer: [rng.random_range(1..4); 20],
                gas_price: rng.random_range(0..1 << 40),
                absent: rng.random_range(0..3),
            },
            2 => Message::RewardFunding {
                amount: 5,
                funder: [1; 20],
            },
            3 => Message::Generic {
                sender: [1; 20],
                target: [0; 21],
                data: Payload::new(vec![1; rng.random_range(0..512)]).expect("short data"),
            },
            _ => {
                let token = any_token(rng);
                let native = token == [0; 20];
                let recipient = match rng.random_range(0..8) {
                    0 => [rng.random_range(1..9); 21],
                    _ => accounts[rng.random_range(0..accounts.len())].bytes(),
                };
                Message::Deposit(Deposit {
                    token,
                    amount: rng.random_range(1..1 << 60),
                    native: if native {
                        0
                    } else {
                        rng.random_range(0..1 << 60)
                    },
                    recipient,
                    refund: [rng.random_range(1..4); 20],
                    depositor: [rng.random_range(1..4); 20],
                    decimals: 6,
                    symbol_length: 3,
                    symbol: *b"USD\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                })
            }
        }
    }

    /// A transaction that an address on root sends through the inbox.
    pub fn through_root(address: [u8; 20], body: Body) -> Message {
        let transaction = Transaction {
            header: Header {
                sender: Account::ethereum(address),
                lane: 0,
                // Who sends it itself has none.
                sequence: 0,
                fee: 0,
                fee_payer: Account::NONE,
                valid_until: u64::MAX,
                memo: [0; 32],
            },
            body,
            authentication: Authentication::RootSender,
            fee_payer_authentication: None,
        };
        Message::Forced {
            sender: address,
            transaction: Payload::new(transaction.encode()).expect("a short transaction"),
        }
    }

    fn forced(&self, rng: &mut ChaCha8Rng, state: &State) -> Message {
        let from = rng.random_range(0..self.keys.len()) as u8;
        let held: Option<AccountLeaf> =
            leaf(&state.tree, &Slot::Account(Self::account(from))).expect("the state reads");
        let sequence = held.map_or(0, |leaf| leaf.sequence);
        let body = Body::Transfer {
            to: Self::account(0),
            token: any_token(rng),
            amount: rng.random_range(0..1 << 10),
        };
        let bytes = match rng.random_range(0..4) {
            0 => vec![rng.random(); 40],
            1 => return Self::through_root([rng.random_range(1..4); 20], body),
            _ => self.sign(from, sequence, 0, u64::MAX, body).to_vec(),
        };
        Message::Forced {
            sender: [rng.random_range(1..4); 20],
            transaction: Payload::new(bytes).expect("a short transaction"),
        }
    }
}

fn key(number: u8) -> SigningKey {
    SigningKey::from([number.wrapping_add(0x80); 32])
}

fn stranger_key(number: u32) -> SigningKey {
    let mut entropy = [0x5e; 32];
    entropy[..4].copy_from_slice(&number.to_be_bytes());
    SigningKey::from(entropy)
}

fn any_token(rng: &mut ChaCha8Rng) -> [u8; 20] {
    match rng.random_range(0..3) {
        0 => [0; 20],
        1 => TOKENS[0],
        _ => TOKENS[1],
    }
}

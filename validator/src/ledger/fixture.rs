//! What tests of the ledger start from: a domain, wallets that sign, a state with people and money.

use alloy_primitives::B256;
use ed25519_dalek::Signer;
use plasmid_bridge::proof::inbox::{Body as MessageBody, Deposit, Message, Payload};
use secp256k1::{Message as SecpMessage, PublicKey, SECP256K1, SecretKey};

use super::account::Account;
use super::context::Context;
use super::eip712::{Domain, digest};
use super::leaf::*;
use super::leaves::{Leaves, Memory, read, write};
use super::parameters::Parameters;
use super::slot::Slot;
use super::stake::{Stake, staking_rules};
use super::transaction::{Authentication, Body, Header, Scheme, Transaction};

/// A token that the state knows.
pub const TOKEN: [u8; 20] = [0x70; 20];

/// A token that it does not.
pub const STRANGE: [u8; 20] = [0x71; 20];

/// The Registry of the deployment.
pub const REGISTRY: [u8; 20] = [0x4e; 20];

/// Native coin of each wallet.
pub const WEALTH: u128 = 1 << 70;

pub fn domain() -> Domain {
    Domain {
        root_chain_id: 31_337,
        root_chain: [0xc0; 20],
        deployment: [0xde; 20],
    }
}

/// A key with which tests sign.
pub enum Wallet {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    Secp256k1(SecretKey),
}

impl Wallet {
    /// The wallet of a number: even ones Ed25519, odd ones secp256k1.
    pub fn new(number: u8) -> Self {
        let secret = Self::secret(number);
        match number % 2 {
            0 => Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&secret))),
            _ => Self::Secp256k1(SecretKey::from_byte_array(secret).unwrap()),
        }
    }

    /// Its key.
    pub fn secret(number: u8) -> [u8; 32] {
        let mut secret = [0x11; 32];
        secret[31] = number;
        secret
    }

    pub fn account(&self) -> Account {
        match self {
            Self::Ed25519(key) => Account::ed25519(key.verifying_key().as_bytes()),
            Self::Secp256k1(key) => {
                let key = PublicKey::from_secret_key(SECP256K1, key).serialize_uncompressed();
                Account::ethereum(
                    alloy_primitives::Address::from_raw_public_key(&key[1..]).into_array(),
                )
            }
        }
    }

    pub fn scheme(&self) -> Scheme {
        match self {
            Self::Ed25519(_) => Scheme::Ed25519,
            Self::Secp256k1(_) => Scheme::Secp256k1,
        }
    }

    pub fn authenticate(&self, digest: &B256) -> Authentication {
        match self {
            Self::Ed25519(key) => Authentication::Ed25519 {
                key: *key.verifying_key().as_bytes(),
                signature: key.sign(digest.as_slice()).to_bytes(),
            },
            Self::Secp256k1(key) => {
                let message = SecpMessage::from_digest(digest.0);
                let (id, signature) = SECP256K1
                    .sign_ecdsa_recoverable(message, key)
                    .serialize_compact();
                let (r, s) = signature.split_at(32);
                let v = 27 + u8::try_from(i32::from(id)).unwrap();
                Authentication::Secp256k1 {
                    r: r.try_into().unwrap(),
                    s: s.try_into().unwrap(),
                    v,
                }
            }
        }
    }

    /// A transaction of this wallet, signed.
    pub fn sign(&self, header: Header, body: Body) -> Transaction {
        self.sign_for(&domain(), header, body)
    }

    pub fn sign_for(&self, domain: &Domain, header: Header, body: Body) -> Transaction {
        let digest = digest(self.scheme(), &header, &body, domain);
        let authentication = self.authenticate(&digest);
        Transaction {
            header,
            body,
            authentication,
            fee_payer_authentication: None,
        }
    }

    /// A header with a fee that is enough for everything.
    pub fn header(&self, sequence: u64) -> Header {
        Header {
            sender: self.account(),
            lane: 0,
            sequence,
            fee: 1_000_000,
            fee_payer: Account::NONE,
            valid_until: 1_000,
            memo: [0x4d; 32],
        }
    }

    /// A header as the inbox demands it.
    pub fn forced_header(&self, sequence: u64) -> Header {
        Header {
            fee: 0,
            valid_until: u64::MAX,
            ..self.header(sequence)
        }
    }
}

pub fn transfer(to: Account, token: [u8; 20], amount: u128) -> Body {
    Body::Transfer { to, token, amount }
}

pub fn withdraw(recipient: [u8; 20], token: [u8; 20], amount: u128) -> Body {
    Body::Withdraw {
        recipient,
        token,
        amount,
    }
}

/// Cheap fees, so that the numbers in tests stay small.
pub fn parameters() -> Parameters {
    Parameters {
        base_fee: 100,
        byte_fee: 2,
        leaf_fee: 50,
        flat_leaf_fee: 7_000,
        leaf_step: 1_000,
        jail_divisor: 16,
        registry: REGISTRY.into(),
        ..Parameters::local()
    }
}

pub fn context<'a>(height: u64, parameters: &'a Parameters, domain: &'a Domain) -> Context<'a> {
    Context::new(height, parameters, domain)
}

/// The leaves of genesis with `before` others, wallets 0 to 3 with native coin and with [`TOKEN`].
pub fn state(before: u32) -> Memory {
    let mut memory = Memory::with_count(before);
    let parameters = parameters();
    let people = 4;
    let asset = |token, symbol: &[u8; 32], credited| AssetLeaf {
        credited,
        ..AssetLeaf::new(token, 18, 3, symbol)
    };
    let mut symbol = [0; 32];
    symbol[..3].copy_from_slice(b"ETH");
    let tokens = [NATIVE, TOKEN];
    write(&mut memory, &Slot::Parameters, &parameters).unwrap();
    for token in tokens {
        let leaf = asset(token, &symbol, people * WEALTH);
        write(&mut memory, &Slot::Asset(token), &leaf).unwrap();
    }
    write(&mut memory, &Slot::FeePool, &FeePool::default()).unwrap();
    write(
        &mut memory,
        &Slot::WithdrawalCounter,
        &WithdrawalCounter::default(),
    )
    .unwrap();
    write(&mut memory, &Slot::Inbox, &InboxLeaf::default()).unwrap();
    write(&mut memory, &Slot::Burned, &Burned::default()).unwrap();
    plasmid_staking::found(&mut Stake(&mut memory), &staking_rules(&parameters), &[]).unwrap();
    for number in 0..4 {
        let account = Wallet::new(number).account();
        let leaf = AccountLeaf {
            balance: WEALTH,
            ..AccountLeaf::default()
        };
        write(&mut memory, &Slot::Account(account), &leaf).unwrap();
        write(
            &mut memory,
            &Slot::TokenBalance(account, TOKEN),
            &TokenBalance {
                token: TOKEN,
                amount: WEALTH,
            },
        )
        .unwrap();
    }
    memory.take_touched();
    memory
}

pub fn account_of(
    leaves: &mut impl Leaves<Error = std::convert::Infallible>,
    account: Account,
) -> Option<AccountLeaf> {
    read(leaves, &Slot::Account(account)).unwrap()
}

pub fn tokens_of(memory: &mut Memory, account: Account, token: [u8; 20]) -> u128 {
    read(memory, &Slot::TokenBalance(account, token))
        .unwrap()
        .map_or(0, |leaf: TokenBalance| leaf.amount)
}

pub fn value<T: Value>(memory: &mut Memory, slot: Slot) -> T {
    read(memory, &slot).unwrap().unwrap()
}

/// The next message of the inbox of `memory`.
pub fn message(memory: &mut Memory, body: MessageBody) -> Message {
    let inbox: InboxLeaf = value(memory, Slot::Inbox);
    let index = inbox.cursor + 1;
    Message {
        index,
        arrival: 1_000 + index,
        root_height: index,
        due: 0,
        body,
    }
}

pub fn deposit(token: [u8; 20], amount: u128, native: u128, recipient: Account) -> Deposit {
    let mut symbol = [0; 32];
    symbol[..4].copy_from_slice(b"COIN");
    Deposit {
        token,
        amount,
        native,
        recipient: recipient.bytes(),
        refund: [0xfe; 20],
        depositor: [0xdd; 20],
        decimals: 6,
        symbol_length: 4,
        symbol,
    }
}

pub fn forced(sender: [u8; 20], transaction: &Transaction) -> MessageBody {
    forced_bytes(sender, transaction.encode())
}

pub fn forced_bytes(sender: [u8; 20], bytes: Vec<u8>) -> MessageBody {
    MessageBody::Forced {
        sender,
        transaction: Payload::new(bytes).unwrap(),
    }
}

//! Random transactions, messages and block records.

use plasmid_bridge::proof::inbox::Body as Sent;

use super::scene::{PEOPLE, amount, many, somebody, token};
use super::*;
use crate::chain::bitmap::Bitmap;
use crate::ledger::Account;
use crate::ledger::fixture::{Wallet, deposit, forced_bytes, transfer, withdraw};
use crate::ledger::leaf::NATIVE;
use crate::ledger::transaction::{Authentication, Body, Data, Header, StakeBody, Transaction};

fn body(numbers: &mut Numbers) -> Body {
    match numbers.below(9) {
        0..=4 => transfer(somebody(numbers), token(numbers), amount(numbers)),
        5 | 6 => withdraw(somebody(numbers).id, token(numbers), amount(numbers)),
        7 => Body::SetPayout {
            payout: somebody(numbers).id,
        },
        _ => record([numbers.below(4) as u8; 32], numbers.below(200)),
    }
}

fn record(topic: [u8; 32], length: usize) -> Body {
    let data = Data::new(vec![7; length]).expect("it encodes");
    Body::Record { topic, data }
}

/// Changes bytes that were signed, now and then.
fn spoilt(mut bytes: Vec<u8>, numbers: &mut Numbers) -> Vec<u8> {
    let length = bytes.len();
    match numbers.below(20) {
        0 => bytes[numbers.below(length)] ^= 1 << numbers.below(8),
        1 => bytes.truncate(numbers.below(length)),
        2 => bytes.push(0),
        _ => {}
    }
    bytes
}

pub fn users(numbers: &mut Numbers) -> Vec<Vec<u8>> {
    let mut sequences = [0u64; PEOPLE as usize];
    let count = many(numbers, 12);
    let one = |_| {
        let who = numbers.below(PEOPLE.into());
        let wallet = Wallet::new(who as u8);
        let sequence = match numbers.below(40) {
            0 => sequences[who] + 1,
            1 => sequences[who].wrapping_sub(1),
            _ => sequences[who],
        };
        sequences[who] += 1;
        let mut header = wallet.header(sequence);
        match numbers.below(40) {
            0 => header.fee = amount(numbers),
            1 => header.valid_until = HEIGHT - numbers.below(2) as u64,
            2 => header.lane = 1,
            _ => {}
        }
        let mut body = body(numbers);
        // Most apply, so that the others are met behind them.
        if numbers.below(8) > 0 {
            let to = Wallet::new(numbers.below(PEOPLE.into()) as u8).account();
            body = transfer(to, NATIVE, 1 + numbers.below(50) as u128);
        }
        let bytes = wallet.sign(header, body).encode();
        match numbers.below(30) {
            0 => spoilt(bytes, numbers),
            _ => bytes,
        }
    };
    (0..count).map(one).collect()
}

/// Widths of the bodies of messages, which make a body of any bytes one that decodes.
const WIDTHS: [usize; 6] = [8, 36, 44, 46, 147, 172];

/// A message of any kind, with any bytes for its body.
fn opaque(numbers: &mut Numbers) -> Sent {
    let length = match numbers.below(2) {
        0 => numbers.below(99),
        _ => *numbers.pick(&WIDTHS),
    };
    let kind = match numbers.below(3) {
        0 => numbers.below(256) as u8,
        _ => numbers.below(13) as u8,
    };
    Sent::Opaque {
        kind,
        bytes: (0..length).map(|_| numbers.below(256) as u8).collect(),
    }
}

fn word(numbers: &mut Numbers) -> [u8; 32] {
    let mut word = match numbers.below(4) {
        0 => [0; 32],
        1 => [0xff; 32],
        _ => std::array::from_fn(|_| numbers.below(256) as u8),
    };
    word[31 * numbers.below(2)] = numbers.below(256) as u8;
    word
}

/// A forced transaction that nobody's key has signed: by the caller on root, or with words in the place of key and signature.
fn odd(numbers: &mut Numbers) -> Transaction {
    let caller = somebody(numbers);
    let key = word(numbers);
    let (sender, authentication) = match numbers.below(4) {
        0 | 1 => (caller, Authentication::RootSender),
        2 => {
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&word(numbers));
            signature[32..].copy_from_slice(&word(numbers));
            // Below the order of the group, so that the key and R are looked at.
            signature[63] &= 0x0f;
            let authentication = Authentication::Ed25519 { key, signature };
            (Account::ed25519(&key), authentication)
        }
        _ => {
            let authentication = Authentication::Secp256k1 {
                r: word(numbers),
                s: word(numbers),
                v: 26 + numbers.below(4) as u8,
            };
            (Account::ethereum(somebody(numbers).id), authentication)
        }
    };
    let header = Wallet::new(0).forced_header(0);
    Transaction {
        header: Header { sender, ..header },
        body: body(numbers),
        authentication,
        fee_payer_authentication: None,
    }
}

/// Each touches leaves that none before it does.
pub fn apart(numbers: &mut Numbers) -> (SegmentKind, Vec<Vec<u8>>) {
    let count = 10 + numbers.below(23) as u8;
    if numbers.below(2) == 0 {
        let new = (0..count).map(|number| {
            let to = Account::ethereum([0xa0 | number; 20]);
            Sent::Deposit(deposit([number + 1; 20], 1, 1, to))
        });
        return (SegmentKind::Messages, messages(new));
    }
    let pay = |number: u8| {
        let wallet = Wallet::new(number % PEOPLE);
        let mut header = wallet.header((number / PEOPLE).into());
        header.fee = 1 << 40;
        let to = Account::ethereum([0x60 | number; 20]);
        let body = match number % 3 {
            0 => transfer(to, NATIVE, 1),
            1 => withdraw(to.id, NATIVE, 1),
            _ => record([number; 32], numbers.below(99)),
        };
        wallet.sign(header, body).encode()
    };
    (SegmentKind::Users, (0..count).map(pay).collect())
}

/// A segment with something that no court judges yet, behind what it does.
pub fn not_judged(numbers: &mut Numbers) -> (SegmentKind, Vec<Vec<u8>>) {
    let wallet = Wallet::new(numbers.below(PEOPLE.into()) as u8);
    let stake = Body::Stake(StakeBody::Leave);
    match numbers.below(8) {
        0 => {
            let offence = crate::chain::fixture::offence().encode(HEIGHT);
            (SegmentKind::Evidence, vec![spoilt(offence, numbers)])
        }
        1 => (SegmentKind::Boundary, Vec::new()),
        2..=4 => {
            let mut all = users(numbers);
            let place = numbers.below(all.len() + 1);
            let bytes = wallet.sign(wallet.header(0), stake).encode();
            all.insert(place, spoilt(bytes, numbers));
            (SegmentKind::Users, all)
        }
        _ => {
            let mut sequences = [0; PEOPLE as usize];
            let mut all: Vec<Sent> = Vec::new();
            for _ in 0..numbers.below(5) {
                all.push(sent(numbers, &mut sequences));
            }
            let (operator, registration, epoch) = ([1; 20], 1, 1);
            all.push(match numbers.below(5) {
                0 => Sent::Freeze {
                    operator,
                    registration,
                    epoch,
                },
                1 => Sent::Settlement {
                    operator,
                    registration,
                    epoch,
                    fraction: 1,
                },
                2 => Sent::EpochFreeze { epoch },
                3 => Sent::EpochRelease { epoch },
                _ => {
                    let bytes = wallet.sign(wallet.forced_header(0), stake).encode();
                    forced_bytes(operator, spoilt(bytes, numbers))
                }
            });
            all.push(sent(numbers, &mut sequences));
            (SegmentKind::Messages, messages(all))
        }
    }
}

fn sent(numbers: &mut Numbers, sequences: &mut [u64; PEOPLE as usize]) -> Sent {
    match numbers.below(12) {
        0..=3 => {
            let (token, sum, native) = (token(numbers), amount(numbers), amount(numbers));
            let native = if numbers.below(2) == 0 { 0 } else { native };
            let mut one = deposit(token, sum, native, somebody(numbers));
            one.refund = somebody(numbers).id;
            one.symbol_length = numbers.below(40) as u8;
            Sent::Deposit(one)
        }
        4 => Sent::Acceptance {
            epoch: 1 + numbers.below(5) as u64,
            relayer: somebody(numbers).id,
            gas_price: amount(numbers),
            absent: numbers.below(9) as u16,
        },
        5 => Sent::RewardFunding {
            amount: amount(numbers) >> 20,
            funder: [1; 20],
        },
        6 => opaque(numbers),
        7 => {
            let bytes = odd(numbers).encode();
            forced_bytes(somebody(numbers).id, spoilt(bytes, numbers))
        }
        _ => {
            let who = numbers.below(PEOPLE.into());
            let wallet = Wallet::new(who as u8);
            let mut header = wallet.forced_header(sequences[who]);
            if numbers.below(12) == 0 {
                header = Header { fee: 1, ..header };
            }
            sequences[who] += u64::from(numbers.below(9) > 0);
            let bytes = wallet.sign(header, body(numbers)).encode();
            forced_bytes(somebody(numbers).id, spoilt(bytes, numbers))
        }
    }
}

pub fn inbox(numbers: &mut Numbers) -> Vec<Vec<u8>> {
    let mut sequences = [0; PEOPLE as usize];
    let count = many(numbers, 8);
    let bodies: Vec<Sent> = (0..count).map(|_| sent(numbers, &mut sequences)).collect();
    let mut all = messages(bodies);
    if numbers.below(12) == 0 {
        let (left, right) = (numbers.below(count), numbers.below(count));
        all.swap(left, right);
    }
    all
}

pub fn block_record(numbers: &mut Numbers, moment: Moment) -> Vec<Vec<u8>> {
    let mut bits = || Bitmap(std::array::from_fn(|_| numbers.below(256) as u8));
    let (participation, shares) = (bits(), bits());
    let executing = Executing {
        height: moment.height,
        time: moment.time,
        proposer: [1; 20],
        participation,
        shares,
    };
    vec![spoilt(executing.encode(), numbers)]
}

//! Random segments, sound and not, with what shows them and with mutants of it: what one program makes of them, another must make too.
//!
//! `PLASMID_COURT_SEGMENTS=N` makes N of them, in place of some hundreds; with `PLASMID_COURT_SEED=S` others than those of seed 1. With
//! `PLASMID_COURT_FOLDER=F` they are written to the folder F, in the form of the vectors, for whoever judges them in another language.

use std::collections::BTreeMap;
use std::path::PathBuf;

use plasmid_bridge::proof::inbox::Body as Sent;

use super::cases::{HEIGHT, messages, moment};
use super::mutants::{Numbers, mutate};
use super::vectors::keep_random;
use super::*;
use crate::chain::bitmap::Bitmap;
use crate::ledger::fees::RESERVED_FROM;
use crate::ledger::fixture::{
    REGISTRY, STRANGE, TOKEN, Wallet, deposit, forced_bytes, state, transfer, withdraw,
};
use crate::ledger::leaf::{
    AccountLeaf, EpochRecord, FeePool, NATIVE, Participation, ShareBits, TokenBalance,
};
use crate::ledger::leaves::write;
use crate::ledger::transaction::{Body, Data, Header};
use crate::ledger::{Account, Memory, Slot, Value, ring_place};

/// Segments of one file.
const PAGE: usize = 20;
/// People who act.
const PEOPLE: u8 = 12;

fn number_of(name: &str, usual: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(usual, |given| given.parse().expect("a number"))
}

fn put<T: Value>(memory: &mut Memory, slot: Slot, value: &T) {
    write(memory, &slot, value).expect("it is written");
}

/// A sum, near an end now and then.
fn amount(numbers: &mut Numbers) -> u128 {
    match numbers.below(12) {
        0 => 0,
        1 => u128::MAX,
        2 => u128::MAX - numbers.below(9) as u128,
        3 => 1 << numbers.below(128),
        _ => 1 + numbers.below(1_000) as u128,
    }
}

/// As many transactions as a segment can have, now and then: these are what touches too much.
fn many(numbers: &mut Numbers, usual: usize) -> usize {
    match numbers.below(8) {
        0 => 32,
        _ => 1 + numbers.below(usual),
    }
}

fn token(numbers: &mut Numbers) -> [u8; 20] {
    let new = [numbers.below(40) as u8 + 0x80; 20];
    *numbers.pick(&[NATIVE, NATIVE, NATIVE, TOKEN, TOKEN, STRANGE, new])
}

fn somebody(numbers: &mut Numbers) -> Account {
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

/// A state with people in it.
fn scene(numbers: &mut Numbers) -> Memory {
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

fn body(numbers: &mut Numbers) -> Body {
    match numbers.below(9) {
        0..=4 => transfer(somebody(numbers), token(numbers), amount(numbers)),
        5 | 6 => withdraw(somebody(numbers).id, token(numbers), amount(numbers)),
        7 => Body::SetPayout {
            payout: somebody(numbers).id,
        },
        _ => Body::Record {
            topic: [numbers.below(4) as u8; 32],
            data: Data::new(vec![7; numbers.below(200)]).expect("it encodes"),
        },
    }
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

fn users(numbers: &mut Numbers) -> Vec<Vec<u8>> {
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
        6 => Sent::Opaque {
            kind: numbers.below(256) as u8 | 0x20,
            bytes: vec![1; numbers.below(99)],
        },
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

fn inbox(numbers: &mut Numbers) -> Vec<Vec<u8>> {
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

fn block_record(numbers: &mut Numbers, moment: Moment) -> Vec<Vec<u8>> {
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

fn random(number: u64, numbers: &mut Numbers) -> CourtCase {
    let memory = scene(numbers);
    let made = memory.order().len() as u32 + 1;
    let what = numbers.below(8);
    // The leaf of a new place of the ring needs room, which a record does not ask for: it has it long before a state is full.
    let count = match numbers.below(8) {
        0 if what > 0 => RESERVED_FROM - numbers.below(3) as u32,
        1 if what > 0 => u32::MAX - numbers.below(4) as u32,
        2 => 1 << 20,
        _ => made,
    };
    let state = match count == made {
        true => SparseState::of(&memory, count),
        false => SparseState::spread(&memory, count),
    };
    let mut at = moment();
    let (kind, transactions) = match what {
        0 => {
            at.height = *numbers.pick(&[1, 2, 193, 194, 200, 256, 257]);
            (SegmentKind::Record, block_record(numbers, at))
        }
        1..=3 => (SegmentKind::Messages, inbox(numbers)),
        _ => (SegmentKind::Users, users(numbers)),
    };
    CourtCase::of(
        &format!("number {number}"),
        &state,
        (kind, at),
        &transactions,
    )
}

#[test]
fn a_random_segment_is_decided_by_what_is_shown_of_it_and_no_mutant_decides_otherwise() {
    let seed = number_of("PLASMID_COURT_SEED", 1);
    let wanted = number_of("PLASMID_COURT_SEGMENTS", 400);
    let folder = std::env::var("PLASMID_COURT_FOLDER")
        .ok()
        .map(PathBuf::from);
    let mut numbers = Numbers::new(seed << 32);
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    let mut page = Vec::new();
    for number in 0..wanted {
        let mut case = random(number, &mut numbers);
        let right = case.answer();
        let is_decided = right.is_ok() || right == Err(UndecidedSegment::NotJudged);
        assert!(is_decided, "{}: {}", case.name, name_of(right));
        if right == Ok(None) && numbers.below(4) == 0 {
            case.after.0[numbers.below(32)] ^= 1 << numbers.below(8);
            assert_eq!(
                case.answer(),
                Ok(Some(SegmentFraud::After)),
                "{}",
                case.name
            );
        }
        let right = case.answer();
        if numbers.below(6) == 0 {
            let other = case.proof.clone();
            let way = mutate(&mut case.proof, &other, &mut numbers);
            let found = case.answer();
            assert!(found == right || found.is_err(), "{}, way {way}", case.name);
        }
        *met.entry(name_of(case.answer())).or_default() += 1;
        page.push(case);
        let is_last = number + 1 == wanted;
        if let Some(folder) = &folder
            && (page.len() == PAGE || is_last)
        {
            let file = number / PAGE as u64;
            keep_random(&folder.join(format!("random-{seed}-{file}.json")), &page);
            page.clear();
        }
    }
    println!("{wanted} segments of seed {seed}: {met:?}");
}

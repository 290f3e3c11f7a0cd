//! Segments of many transactions, and those at the limits.

use plasmid_bridge::proof::inbox::{Body as Sent, Deposit};

use super::*;
use crate::chain::bitmap::Bitmap;
use crate::chain::record::Executing;
use crate::ledger::fees::RESERVED_FROM;
use crate::ledger::fixture::{
    REGISTRY, STRANGE, TOKEN, Wallet, deposit, forced, parameters, transfer, withdraw,
};
use crate::ledger::leaf::{
    AccountLeaf, AssetLeaf, InboxLeaf, NATIVE, Participation, ShareBits, TokenBalance,
};
use crate::ledger::leaves::{read, write};
use crate::ledger::transaction::{Body, Data};
use crate::ledger::{Account, Slot, Value, ring_place};

const USERS: (SegmentKind, Moment) = (
    SegmentKind::Users,
    Moment {
        height: HEIGHT,
        time: 1_800_000_000_000_000_000,
    },
);

pub fn groups() -> Vec<(String, Vec<Expected>)> {
    vec![
        ("users".into(), users()),
        ("inbox".into(), inbox()),
        ("block_record".into(), records()),
        ("limits".into(), limits()),
        ("deep".into(), deep()),
    ]
}

fn put<T: Value>(memory: &mut Memory, slot: Slot, value: &T) {
    write(memory, &slot, value).expect("it is written");
}

/// People of these numbers, each with native coin and a token.
fn crowd(numbers: std::ops::Range<u8>) -> Memory {
    let mut memory = people();
    for number in numbers {
        let account = Wallet::new(number).account();
        let leaf = AccountLeaf {
            balance: 1 << 60,
            ..AccountLeaf::default()
        };
        put(&mut memory, Slot::Account(account), &leaf);
        let balance = TokenBalance {
            token: TOKEN,
            amount: 1 << 60,
        };
        put(&mut memory, Slot::TokenBalance(account, TOKEN), &balance);
    }
    memory
}

fn signed(number: u8, sequence: u64, body: Body) -> Vec<u8> {
    let wallet = Wallet::new(number);
    wallet.sign(wallet.header(sequence), body).encode()
}

/// With a fee that pays for leaves where there are many.
fn dear(number: u8, sequence: u64, body: Body) -> Vec<u8> {
    let wallet = Wallet::new(number);
    let fee = 1 << 40;
    let header = crate::ledger::transaction::Header {
        fee,
        ..wallet.header(sequence)
    };
    wallet.sign(header, body).encode()
}

fn stranger(number: u8) -> Account {
    Account {
        kind: 1,
        id: [number; 20],
    }
}

/// Each pays the next one.
fn ring(numbers: std::ops::Range<u8>, token: [u8; 20]) -> Vec<Vec<u8>> {
    let (first, end) = (numbers.start, numbers.end);
    let pay = |number: u8| {
        let next = if number + 1 == end { first } else { number + 1 };
        let to = Wallet::new(next).account();
        signed(number, 0, transfer(to, token, 7))
    };
    numbers.map(pay).collect()
}

/// What a thief adds to what a segment writes: its own balance grows.
fn mint(case: &CourtCase, memory: &mut Memory, to: Account) -> B256 {
    let slot = Slot::Account(to);
    let held: Option<AccountLeaf> = read(memory, &slot).expect("it is read");
    let root = case.root_after(|changes| {
        let key = slot.key();
        let change = changes.iter_mut().find(|change| change.key == key);
        let change = change.expect("the thief is paid");
        let paid = AccountLeaf::decode(&change.value).expect("an account");
        let minted = AccountLeaf {
            balance: paid.balance + held.unwrap_or_default().balance + (1 << 80),
            ..paid
        };
        change.value = minted.encode();
    });
    root.expect("it has a root")
}

fn users() -> Vec<Expected> {
    let mut memory = crowd(10..42);
    let state = sparse(&memory);
    let many = CourtCase::of(
        "32 transfers in a ring",
        &state,
        USERS,
        &ring(10..42, NATIVE),
    );
    let thief = Wallet::new(11).account();
    let minted = mint(&many, &mut memory, thief);
    let of_token = ring(10..26, TOKEN);
    let mixed = [
        signed(10, 0, transfer(stranger(0x91), NATIVE, 1)),
        signed(10, 1, transfer(stranger(0x91), TOKEN, 2)),
        signed(11, 0, withdraw([0x22; 20], TOKEN, 3)),
        signed(11, 1, withdraw([0x22; 20], NATIVE, 4)),
        signed(12, 0, Body::SetPayout { payout: [0x23; 20] }),
        signed(12, 1, record(700)),
        signed(12, 2, record(0)),
        signed(10, 2, transfer(Wallet::new(10).account(), NATIVE, 5)),
    ];
    let case = |name, transactions: &[Vec<u8>]| CourtCase::of(name, &state, USERS, transactions);
    let behind = |name, last: Vec<u8>| {
        let first = signed(10, 0, transfer(stranger(0x92), NATIVE, 1));
        case(name, &[first, last])
    };
    let edited = |number: u8, edit: fn(&mut crate::ledger::transaction::Header), body: Body| {
        let wallet = Wallet::new(number);
        let mut header = wallet.header(0);
        edit(&mut header);
        wallet.sign(header, body).encode()
    };
    let to = transfer(stranger(0x93), NATIVE, 1);
    let mixed = case("one of every kind, and a record twice", &mixed);
    let before = mixed.before;
    let left_out = ring(10..41, NATIVE);
    let left_out = case("31 of them", &left_out).after;
    vec![
        (many.clone(), "sound"),
        (
            many.clone()
                .with("32 transfers, and a thief mints to itself", |case| {
                    case.after = minted
                }),
            "after",
        ),
        (
            many.clone()
                .with("32 transfers, of which the last is left out", |case| {
                    case.after = left_out
                }),
            "after",
        ),
        (
            many.with("32 transfers without an effect", |case| {
                case.after = case.before
            }),
            "after",
        ),
        (case("16 transfers of a token", &of_token), "sound"),
        (mixed.clone(), "sound"),
        (
            mixed.with("one of every kind without an effect", |case| {
                case.after = before
            }),
            "after",
        ),
        (
            behind(
                "a sequence that was used, behind another",
                signed(10, 0, to.clone()),
            ),
            "nonce_used",
        ),
        (
            behind(
                "a sequence ahead, behind another",
                signed(10, 2, to.clone()),
            ),
            "nonce_ahead",
        ),
        (
            behind(
                "an account that is not there pays",
                signed(200, 0, to.clone()),
            ),
            "insufficient_balance",
        ),
        (
            behind(
                "a transaction that has expired",
                edited(11, |header| header.valid_until = HEIGHT - 1, to.clone()),
            ),
            "expired",
        ),
        (
            behind(
                "a transaction in its last block",
                edited(11, |header| header.valid_until = HEIGHT, to.clone()),
            ),
            "sound",
        ),
        (
            behind("no fee", edited(11, |header| header.fee = 0, to.clone())),
            "fee_too_low",
        ),
        (
            behind(
                "a fee that is more than the balance",
                edited(11, |header| header.fee = u128::MAX >> 1, to.clone()),
            ),
            "insufficient_balance",
        ),
        (
            behind(
                "a fee that overflows with the amount",
                edited(11, |header| header.fee = u128::MAX, to.clone()),
            ),
            "overflow",
        ),
        (
            behind(
                "an unknown token",
                signed(11, 0, transfer(stranger(0x93), STRANGE, 1)),
            ),
            "unknown_token",
        ),
        (
            behind(
                "to a contract of the deployment",
                signed(11, 0, transfer(Account::ethereum(REGISTRY), NATIVE, 1)),
            ),
            "bad_recipient",
        ),
        (
            behind(
                "a token to its own contract",
                signed(11, 0, transfer(Account::ethereum(TOKEN), TOKEN, 1)),
            ),
            "bad_recipient",
        ),
        (
            behind(
                "native coin to the contract of a token",
                signed(11, 0, transfer(Account::ethereum(TOKEN), NATIVE, 1)),
            ),
            "sound",
        ),
        (
            behind(
                "a payout to a contract of the deployment",
                signed(11, 0, Body::SetPayout { payout: REGISTRY }),
            ),
            "bad_recipient",
        ),
        (
            behind(
                "a withdrawal of a token to its own contract",
                signed(11, 0, withdraw(TOKEN, TOKEN, 1)),
            ),
            "bad_recipient",
        ),
        (
            behind("a signature that is none is not looked at", {
                let mut bytes = signed(11, 0, to);
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                bytes
            }),
            "sound",
        ),
    ]
}

fn record(length: usize) -> Body {
    Body::Record {
        topic: [0x24; 32],
        data: Data::new(vec![0xab; length]).expect("a length that encodes"),
    }
}

fn deposits(count: u8, make: impl Fn(u8) -> Deposit) -> Vec<Vec<u8>> {
    messages((0..count).map(|number| Sent::Deposit(make(number))))
}

fn inbox() -> Vec<Expected> {
    let state = sparse(&people());
    let kind = (SegmentKind::Messages, moment());
    let case = |name, transactions: &[Vec<u8>]| CourtCase::of(name, &state, kind, transactions);
    let to = |number: u8| deposit(NATIVE, 5, 0, stranger(number));
    let three = deposits(3, to);
    let twice = [three[0].clone(), three[0].clone()];
    let gap = [three[0].clone(), three[2].clone()];
    let refunds = deposits(4, |number| Deposit {
        native: 6,
        ..deposit([number; 20], 5, 6, Account::NONE)
    });
    let nobody = deposits(2, |number| Deposit {
        refund: if number == 0 { [0; 20] } else { REGISTRY },
        ..deposit(TOKEN, 5, 6, Account::NONE)
    });
    let own = deposits(2, |number| {
        let to = if number == 0 { REGISTRY } else { TOKEN };
        deposit(TOKEN, 5, 0, Account::ethereum(to))
    });
    let of_each = messages([
        Sent::Deposit(deposit(STRANGE, 5, 6, stranger(1))),
        Sent::RewardFunding {
            amount: 9,
            funder: [1; 20],
        },
        Sent::RewardFunding {
            amount: 0,
            funder: [1; 20],
        },
        Sent::Acceptance {
            epoch: 3,
            relayer: [2; 20],
            gas_price: 1,
            absent: 0,
        },
        Sent::Opaque {
            kind: 1,
            bytes: vec![1; 9],
        },
        Sent::Opaque {
            kind: 200,
            bytes: Vec::new(),
        },
        forced_transfer(2, 0),
        forced_transfer(2, 0),
    ]);
    let mut last = people();
    let full = InboxLeaf {
        cursor: u64::MAX,
        link: [1; 32],
    };
    put(&mut last, Slot::Inbox, &full);
    let first = CourtCase::of(
        "behind the last number of a message",
        &sparse(&last),
        kind,
        &three[..1],
    );
    let longest = messages([Sent::Opaque {
        kind: 99,
        bytes: vec![7; 555],
    }]);
    vec![
        (case("three deposits", &three), "sound"),
        (case("the second one alone", &three[1..]), "order"),
        (case("the first one twice", &twice), "order"),
        (case("one left out", &gap), "order"),
        (first, "order"),
        (
            case("four tokens that go back, each with native coin", &refunds),
            "sound",
        ),
        (case("what cannot go back", &nobody), "sound"),
        (case("to contracts that can use nothing", &own), "sound"),
        (case("one of each kind", &of_each), "sound"),
        (case("the longest message", &longest), "sound"),
    ]
}

/// Everybody sends a unit of native coin by force.
fn forced_transfer(number: u8, sequence: u64) -> Sent {
    let wallet = Wallet::new(number);
    let body = transfer(stranger(0x95), NATIVE, 1);
    forced(
        [0x55; 20],
        &wallet.sign(wallet.forced_header(sequence), body),
    )
}

fn executing(height: u64) -> Executing {
    let mut participation = Bitmap::default();
    let mut shares = Bitmap::default();
    for seat in [0, 3, 7, 8, 63, 511] {
        participation.set(seat);
        shares.set(seat / 2);
    }
    Executing {
        height,
        time: moment().time,
        proposer: [6; 20],
        participation,
        shares,
    }
}

fn records() -> Vec<Expected> {
    let parameters = parameters();
    let blocks = u64::from(parameters.epoch_blocks);
    let mut memory = people();
    let counted = Participation(std::array::from_fn(|seat| [0, 7, u16::MAX][seat % 3]));
    put(
        &mut memory,
        Slot::Participation {
            place: ring_place(3, parameters.ring),
        },
        &counted,
    );
    let held = ShareBits {
        epoch: 3,
        bitmap: [0x11; 64],
    };
    put(&mut memory, Slot::ShareBits, &held);
    let state = sparse(&memory);
    let at = |height| (SegmentKind::Record, Moment { height, ..moment() });
    let case =
        |name, height| CourtCase::of(name, &state, at(height), &[executing(height).encode()]);
    let other = |name, edit: fn(&mut Vec<u8>)| {
        let mut bytes = executing(HEIGHT).encode();
        edit(&mut bytes);
        CourtCase::of(name, &state, at(HEIGHT), &[bytes])
    };
    let plain = case("in the middle of an epoch", HEIGHT);
    vec![
        (plain.clone(), "sound"),
        (
            plain.with(
                "in the middle of an epoch, and another state behind it",
                |case| case.after = case.before,
            ),
            "after",
        ),
        (
            case(
                "the first block of an epoch that stands in the ring",
                3 * blocks + 1,
            ),
            "sound",
        ),
        (
            case("the second block of an epoch", 3 * blocks + 2),
            "sound",
        ),
        (
            case(
                "the first block of an epoch whose place is new",
                4 * blocks + 1,
            ),
            "sound",
        ),
        (
            case(
                "the second block of an epoch whose place is new",
                4 * blocks + 2,
            ),
            "sound",
        ),
        (case("the first block", 1), "sound"),
        (case("the second block", 2), "sound"),
        (other("of another height", |bytes| bytes[8] ^= 1), "form"),
        (other("of another time", |bytes| bytes[16] ^= 1), "form"),
        (
            other("a byte too few", |bytes| {
                bytes.pop();
            }),
            "form",
        ),
        (other("a byte too many", |bytes| bytes.push(0)), "form"),
        (
            other("that begins like a message", |bytes| bytes[0] = MESSAGE),
            "form",
        ),
    ]
}

/// Segments at the edge of what a court takes.
fn limits() -> Vec<Expected> {
    let memory = crowd(10..80);
    let state = sparse(&memory);
    let pairs = |count: u8| -> Vec<Vec<u8>> {
        let pay = |number: u8| {
            let to = Wallet::new(10 + 30 + number).account();
            signed(10 + number, 0, transfer(to, TOKEN, 1))
        };
        (0..count).map(pay).collect()
    };
    let kind = (SegmentKind::Messages, moment());
    let new = |count| {
        deposits(count, |number| {
            deposit([number + 1; 20], 1, 1, stranger(0x80 + number))
        })
    };
    let many = new(32);
    let mut full = people();
    put(
        &mut full,
        Slot::Account(Wallet::new(0).account()),
        &AccountLeaf {
            balance: 1 << 100,
            ..AccountLeaf::default()
        },
    );
    let at = |name: &str, count: u32, transactions: &[Vec<u8>]| {
        CourtCase::of(name, &SparseState::of(&full, count), USERS, transactions)
    };
    let to_new = [dear(0, 0, transfer(stranger(0x96), NATIVE, 1))];
    let out = [dear(0, 0, withdraw([0x22; 20], NATIVE, 1))];
    let outs = [out[0].clone(), dear(0, 1, withdraw([0x22; 20], NATIVE, 1))];
    let last = u32::MAX;
    let deposit_at = |name: &str, count: u32, bodies: &[Vec<u8>]| {
        CourtCase::of(name, &SparseState::of(&full, count), kind, bodies)
    };
    let two = deposits(2, |number| {
        deposit([number + 1; 20], 1, 1, stranger(0x80 + number))
    });
    let mut books = people();
    let credited = AssetLeaf {
        withdrawn: u128::MAX,
        ..AssetLeaf::default()
    };
    put(&mut books, Slot::Asset(NATIVE), &credited);
    vec![
        (
            CourtCase::of(
                "23 transfers of a token between 46 holders touch 72 leaves",
                &state,
                USERS,
                &pairs(23),
            ),
            "sound",
        ),
        (
            CourtCase::of(
                "24 transfers of a token between 48 holders touch too many",
                &state,
                USERS,
                &pairs(24),
            ),
            "touched",
        ),
        (
            CourtCase::of(
                "30 transfers of a token between 60 holders stop there too",
                &state,
                USERS,
                &pairs(30),
            ),
            "touched",
        ),
        (
            CourtCase::of(
                "deposits of new tokens to new accounts, up to the limit",
                &sparse(&people()),
                kind,
                &new(13),
            ),
            "sound",
        ),
        (
            CourtCase::of(
                "32 deposits of new tokens to new accounts make too many leaves",
                &sparse(&people()),
                kind,
                &many,
            ),
            "touched",
        ),
        (
            at(
                "a new account before the reserve",
                RESERVED_FROM - 1,
                &to_new,
            ),
            "sound",
        ),
        (
            at("a new account in the reserve", RESERVED_FROM, &to_new),
            "state_full",
        ),
        (
            at("a withdrawal in the reserve", RESERVED_FROM, &out),
            "sound",
        ),
        (at("the last leaf", last - 1, &out), "sound"),
        (
            at("one behind the last leaf", last - 1, &outs),
            "state_full",
        ),
        (at("no leaf is left", last, &out), "state_full"),
        (
            deposit_at("a deposit in the reserve", RESERVED_FROM, &two),
            "sound",
        ),
        (
            deposit_at(
                "a deposit that has room for one of two leaves",
                last - 1,
                &two[..1],
            ),
            "sound",
        ),
        (
            deposit_at(
                "a deposit that has no room for its refund either",
                last,
                &two,
            ),
            "sound",
        ),
        (
            CourtCase::of(
                "what was withdrawn of an asset overflows",
                &sparse(&books),
                USERS,
                &out,
            ),
            "overflow",
        ),
    ]
}

/// Segments in states of many leaves, which lie as far from each other as they can: these are the dearest.
fn deep() -> Vec<Expected> {
    let transfers = |name, count| {
        let state = SparseState::spread(&crowd(10..42), count);
        CourtCase::of(name, &state, USERS, &ring(10..42, NATIVE))
    };
    let forced_of = |name, count| {
        let bodies = (0..32).map(|number| forced_transfer(10 + 2 * number, 0));
        let state = SparseState::spread(&crowd(10..74), count);
        CourtCase::of(
            name,
            &state,
            (SegmentKind::Messages, moment()),
            &messages(bodies),
        )
    };
    let records_of = |name, count| {
        let write = |number: u8| {
            let body = Body::Record {
                topic: [number; 32],
                data: Data::new(vec![number; 780]).expect("it encodes"),
            };
            dear(10, number.into(), body)
        };
        let all: Vec<Vec<u8>> = (0..32).map(write).collect();
        let state = SparseState::spread(&crowd(10..42), count);
        CourtCase::of(name, &state, USERS, &all)
    };
    vec![
        (transfers("32 transfers at 2^20 leaves", 1 << 20), "sound"),
        (
            transfers("32 transfers at 2^32 leaves", u32::MAX - 64),
            "sound",
        ),
        (
            forced_of(
                "32 forced transfers of Ed25519 keys at 2^32 leaves",
                u32::MAX - 64,
            ),
            "sound",
        ),
        (
            records_of("32 records of 780 bytes at 2^31 leaves", 1 << 31),
            "sound",
        ),
    ]
}

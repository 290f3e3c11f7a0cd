//! Segments whose bytes alone are wrong, and what a court is shown of a segment when that is not what it needs.

use plasmid_bridge::proof::inbox::{Body as Sent, MAX_MESSAGE_BYTES};

use super::*;
use crate::ledger::fixture::{Wallet, deposit, forced, forced_bytes, transfer, withdraw};
use crate::ledger::leaf::NATIVE;
use crate::ledger::transaction::{Authentication, Body, Data, Header, StakeBody, Transaction};
use crate::ledger::{Account, Slot};

pub fn groups() -> Vec<(String, Vec<Expected>)> {
    vec![
        ("frames".into(), frames()),
        ("form".into(), forms()),
        ("not_judged".into(), not_judged()),
        ("witness".into(), witnesses()),
        ("hints".into(), hints()),
    ]
}

fn pay(number: u8, sequence: u64) -> Vec<u8> {
    let wallet = Wallet::new(number);
    let body = transfer(Wallet::new(3).account(), NATIVE, 7);
    wallet.sign(wallet.header(sequence), body).encode()
}

fn three() -> CourtCase {
    let all = [pay(0, 0), pay(1, 0), pay(0, 1)];
    CourtCase::of(
        "three transfers",
        &sparse(&people()),
        (SegmentKind::Users, moment()),
        &all,
    )
}

fn frames() -> Vec<Expected> {
    let case = |name, edit: fn(&mut CourtCase)| {
        three().with(name, |case| {
            case.proof = SegmentProof::default();
            edit(case);
        })
    };
    let other = |name, kind: SegmentKind, count, bytes: &[u8]| {
        three().with(name, |case| {
            case.proof = SegmentProof::default();
            (case.kind, case.count) = (kind as u8, count);
            case.bytes = bytes.to_vec();
        })
    };
    vec![
        (
            case("one more than the record says", |case| case.count = 2),
            "frames",
        ),
        (
            case("one less than the record says", |case| case.count = 4),
            "frames",
        ),
        (
            case("far less than the record says", |case| {
                case.count = u32::MAX
            }),
            "frames",
        ),
        (
            case("a byte behind the last", |case| case.bytes.push(0)),
            "frames",
        ),
        (
            case("three bytes behind the last", |case| {
                case.bytes.extend([0; 3])
            }),
            "frames",
        ),
        (
            case("a byte less", |case| {
                case.bytes.pop();
            }),
            "frames",
        ),
        (case("no bytes", |case| case.bytes.clear()), "frames"),
        (
            case("a length that is one too long", |case| case.bytes[3] += 1),
            "frames",
        ),
        (
            case("a length that is one too short", |case| case.bytes[3] -= 1),
            "frames",
        ),
        (
            case("a length of 2^32 - 1", |case| case.bytes[..4].fill(0xff)),
            "frames",
        ),
        (
            case("a length of 2^31", |case| case.bytes[0] = 0x80),
            "frames",
        ),
        (
            other(
                "two records",
                SegmentKind::Record,
                2,
                &[0, 0, 0, 1, 0xf0, 0, 0, 0, 1, 0xf0],
            ),
            "frames",
        ),
        (other("no record", SegmentKind::Record, 0, &[]), "frames"),
        (
            other(
                "messages that do not split",
                SegmentKind::Messages,
                1,
                &[0, 0, 0, 2, 0xf1],
            ),
            "frames",
        ),
        (
            other(
                "misbehavior that does not split",
                SegmentKind::Evidence,
                1,
                &[0, 0, 0, 2, 0xf2],
            ),
            "frames",
        ),
        (
            other("a boundary with bytes", SegmentKind::Boundary, 0, &[0]),
            "frames",
        ),
        (
            other(
                "a boundary with a transaction",
                SegmentKind::Boundary,
                1,
                &[0, 0, 0, 1, 0xf0],
            ),
            "frames",
        ),
        (
            case("height 0", |case| case.moment.height = 0),
            "height_zero",
        ),
        (case("kind 0", |case| case.kind = 0), "kind"),
        (case("kind 6", |case| case.kind = 6), "kind"),
        (
            case("no transactions", |case| {
                (case.count, case.bytes) = (0, Vec::new())
            }),
            "kind",
        ),
    ]
}

/// One transaction behind a sound one; what its bytes show needs no witness.
fn wrong(name: &str, bytes: Vec<u8>) -> Expected {
    let all = [pay(0, 0), bytes];
    let case = CourtCase::of(
        name,
        &sparse(&people()),
        (SegmentKind::Users, moment()),
        &all,
    );
    (
        case.with(name, |case| case.proof = SegmentProof::default()),
        "form",
    )
}

fn forms() -> Vec<Expected> {
    let wallet = Wallet::new(1);
    let with = |edit: fn(&mut Header), body: Body| {
        let mut header = wallet.header(0);
        edit(&mut header);
        wallet.sign(header, body).encode()
    };
    let signed = |body| with(|_| {}, body);
    let cut = |mut bytes: Vec<u8>, at: usize| {
        bytes.truncate(at);
        bytes
    };
    let at = |place: usize, byte: u8| {
        let mut bytes = pay(1, 0);
        bytes[place] = byte;
        bytes
    };
    let whole = pay(1, 0);
    let by_root = Transaction {
        header: wallet.header(0),
        body: transfer(Wallet::new(3).account(), NATIVE, 1),
        authentication: Authentication::RootSender,
        fee_payer_authentication: None,
    };
    let data = |length| Body::Record {
        topic: [1; 32],
        data: Data::new(vec![2; length]).expect("a length that encodes"),
    };
    let generic = Body::Message {
        target: wallet.account(),
        token: NATIVE,
        amount: 1,
        data: Data::default(),
    };
    let message = |name: &str, bytes: Vec<u8>| {
        let first = messages([Sent::Deposit(deposit(NATIVE, 5, 0, wallet.account()))]);
        let all = [first[0].clone(), bytes];
        let kind = (SegmentKind::Messages, moment());
        let case = CourtCase::of(name, &sparse(&people()), kind, &all);
        (
            case.with(name, |case| case.proof = SegmentProof::default()),
            "form",
        )
    };
    let mut all = vec![
        wrong("empty", Vec::new()),
        wrong("a record of a block", vec![0xf0; 165]),
        wrong("a first byte of 0x80", at(0, 0x80)),
        wrong("a byte too few", cut(whole.clone(), whole.len() - 1)),
        wrong("a byte too many", [whole.as_slice(), &[0]].concat()),
        wrong("a header alone", cut(whole.clone(), 110)),
        wrong("109 bytes", cut(whole.clone(), 109)),
        wrong("one byte", vec![1]),
        wrong("kind 0", at(0, 0)),
        wrong("kind 6", at(0, 6)),
        wrong("kind 0x0f", at(0, 0x0f)),
        wrong("kind 0x21", at(0, 0x21)),
        wrong("kind 0x7f", at(0, 0x7f)),
        wrong("scheme 0", at(1, 0)),
        wrong("scheme 1 with the signature of scheme 2", at(1, 1)),
        wrong("scheme 4", at(1, 4)),
        wrong("scheme 5", at(1, 5)),
        wrong("scheme 3", by_root.encode()),
        wrong("lane 1", at(24, 1)),
        wrong("lane 256", at(23, 1)),
        wrong("a fee payer", at(50, 1)),
        wrong("a fee payer of a kind", at(49, 1)),
        wrong(
            "a transfer of nothing",
            signed(transfer(wallet.account(), NATIVE, 0)),
        ),
        wrong(
            "a transfer to nobody",
            signed(transfer(Account::NONE, NATIVE, 1)),
        ),
        wrong(
            "a transfer to an account of kind 2",
            signed(transfer(
                Account {
                    kind: 2,
                    id: [1; 20],
                },
                NATIVE,
                1,
            )),
        ),
        wrong(
            "a withdrawal of nothing",
            signed(withdraw([1; 20], NATIVE, 0)),
        ),
        wrong(
            "a withdrawal to the zero address",
            signed(withdraw([0; 20], NATIVE, 1)),
        ),
        wrong("a record of 1,025 bytes", signed(data(1_025))),
        wrong("a message of a user", signed(generic)),
        wrong("more than 8,192 bytes", signed(data(8_100))),
        wrong(
            "a stake transaction of more than 8,192 bytes",
            vec![0x10; 8_193],
        ),
        message("a message without a whole header", vec![MESSAGE; 33]),
        message(
            "a message that is too long",
            vec![MESSAGE; MAX_MESSAGE_BYTES + 2],
        ),
        message("a message that is empty", Vec::new()),
        message("a message that begins like a record", vec![0xf0; 60]),
        message("a user's transaction among messages", pay(0, 1)),
    ];
    // The form of all comes before anything is executed.
    let (late, _) = wrong(
        "a transfer of nothing behind one that does not apply",
        signed(transfer(wallet.account(), NATIVE, 0)),
    );
    let late = late.with(
        "a transfer of nothing behind one that does not apply",
        |case| {
            let bytes = [pay(0, 9), signed(transfer(wallet.account(), NATIVE, 0))];
            case.bytes = bytes_of(&bytes);
        },
    );
    all.push((late, "form"));
    // What can stand at the edge does.
    let edge = [
        signed(data(1_024)),
        wallet
            .sign(
                wallet.header(1),
                transfer(
                    Account {
                        kind: 1,
                        id: [0; 20],
                    },
                    NATIVE,
                    1,
                ),
            )
            .encode(),
        wallet
            .sign(
                wallet.header(2),
                transfer(Account::ethereum([1; 20]), NATIVE, 1),
            )
            .encode(),
    ];
    let edge = CourtCase::of(
        "what only just has the form",
        &sparse(&people()),
        (SegmentKind::Users, moment()),
        &edge,
    );
    all.push((edge, "sound"));
    all
}

/// A segment whose witness holds what its first transactions ask for.
fn behind(name: &str, kind: SegmentKind, before: &[Vec<u8>], rest: &[Vec<u8>]) -> CourtCase {
    let state = sparse(&people());
    let judged = CourtCase::of(name, &state, (kind, moment()), before);
    let all: Vec<Vec<u8>> = before.iter().chain(rest).cloned().collect();
    judged.with(name, |case| {
        case.count = all.len() as u32;
        case.bytes = bytes_of(&all);
    })
}

fn not_judged() -> Vec<Expected> {
    let wallet = Wallet::new(2);
    let stake = |body| wallet.sign(wallet.header(0), Body::Stake(body)).encode();
    let leave = stake(StakeBody::Leave);
    let users = |name: &str, before: &[Vec<u8>], rest: &[Vec<u8>]| {
        behind(name, SegmentKind::Users, before, rest)
    };
    let of_inbox = |name: &str, judged: usize, bodies: Vec<Sent>| {
        let all = messages(bodies);
        behind(name, SegmentKind::Messages, &all[..judged], &all[judged..])
    };
    let to = || Sent::Deposit(deposit(NATIVE, 5, 0, wallet.account()));
    let by_force = |edit: fn(&mut Header)| {
        let mut header = wallet.forced_header(0);
        edit(&mut header);
        forced([1; 20], &wallet.sign(header, Body::Stake(StakeBody::Leave)))
    };
    let frozen = Sent::Freeze {
        operator: [1; 20],
        registration: 1,
        epoch: 1,
    };
    let settled = Sent::Settlement {
        operator: [1; 20],
        registration: 1,
        epoch: 1,
        fraction: 1,
    };
    let mut short = leave.clone();
    short.truncate(1);
    let (evidence, boundary) = (SegmentKind::Evidence, SegmentKind::Boundary);
    let offence = crate::chain::fixture::offence().encode(HEIGHT);
    vec![
        (
            users("a stake transaction", &[], std::slice::from_ref(&leave)),
            "not_judged",
        ),
        (
            users(
                "a stake transaction behind a transfer",
                &[pay(0, 0)],
                std::slice::from_ref(&leave),
            ),
            "not_judged",
        ),
        (
            users("a byte of stake behind a transfer", &[pay(0, 0)], &[short]),
            "not_judged",
        ),
        (
            users(
                "a bad transfer before a stake transaction",
                &[pay(0, 0), pay(0, 0)],
                std::slice::from_ref(&leave),
            ),
            "nonce_used",
        ),
        (
            users(
                "a bad transfer behind a stake transaction",
                &[pay(0, 0)],
                &[leave.clone(), pay(0, 0)],
            ),
            "not_judged",
        ),
        (
            users(
                "a transfer that does not decode behind a stake transaction",
                &[pay(0, 0)],
                &[leave.clone(), vec![1]],
            ),
            "form",
        ),
        (
            users("stake of the last kind", &[], &[vec![0x20; 9]]),
            "not_judged",
        ),
        (of_inbox("a freeze", 0, vec![frozen.clone()]), "not_judged"),
        (
            of_inbox("a freeze behind a deposit", 1, vec![to(), frozen]),
            "not_judged",
        ),
        (
            of_inbox("a settlement behind a deposit", 1, vec![to(), settled]),
            "not_judged",
        ),
        (
            of_inbox("an epoch freeze", 0, vec![Sent::EpochFreeze { epoch: 1 }]),
            "not_judged",
        ),
        (
            of_inbox(
                "a release of an epoch freeze",
                0,
                vec![Sent::EpochRelease { epoch: 1 }],
            ),
            "not_judged",
        ),
        (
            of_inbox("stake by force", 1, vec![to(), by_force(|_| {})]),
            "not_judged",
        ),
        (
            of_inbox(
                "stake by force with a fee",
                2,
                vec![to(), by_force(|header| header.fee = 1)],
            ),
            "sound",
        ),
        (
            of_inbox(
                "stake by force that expires",
                2,
                vec![to(), by_force(|header| header.valid_until = 9)],
            ),
            "sound",
        ),
        (
            of_inbox(
                "stake by force on another lane",
                2,
                vec![to(), by_force(|header| header.lane = 1)],
            ),
            "sound",
        ),
        (
            of_inbox(
                "a header of stake by force that is cut",
                2,
                vec![to(), forced_bytes([1; 20], leave[..109].to_vec())],
            ),
            "sound",
        ),
        (
            behind("misbehavior", evidence, &[], &[offence]),
            "not_judged",
        ),
        (
            behind("a step of the boundary", boundary, &[], &[]),
            "not_judged",
        ),
    ]
}

/// Reads the witness of a case, and puts another one in its place.
fn shown(case: &mut CourtCase, edit: impl FnOnce(&mut Witness)) {
    let mut witness = Witness::decode(&case.proof.witness, width_of_kind).expect("it decodes");
    edit(&mut witness);
    case.proof.witness = witness.encode();
}

/// A witness of this state that holds these leaves.
fn holds(case: &mut CourtCase, state: &SparseState, appends: u32, keep: impl Fn(&B256) -> bool) {
    let witness = Witness::decode(&case.proof.witness, width_of_kind).expect("it decodes");
    let keys: Vec<B256> = witness
        .leaves
        .iter()
        .map(|leaf| leaf.key)
        .filter(keep)
        .collect();
    case.proof.witness = state.witness(&keys, appends).encode();
}

fn witnesses() -> Vec<Expected> {
    use plasmid_bridge::proof::tree::Content;
    let state = sparse(&people());
    let case = |name: &str, edit: &dyn Fn(&mut CourtCase)| three().with(name, edit);
    let fresh = || {
        let wallet = Wallet::new(0);
        let body = transfer(
            Account {
                kind: 1,
                id: [0x77; 20],
            },
            NATIVE,
            7,
        );
        let all = [wallet.sign(wallet.header(0), body).encode()];
        CourtCase::of(
            "a transfer that makes a leaf",
            &state,
            (SegmentKind::Users, moment()),
            &all,
        )
    };
    let account = Slot::Account(Wallet::new(1).account()).key();
    let parameters = Slot::Parameters.key();
    let fraud = |name: &str| {
        let all = [pay(0, 0), pay(0, 5)];
        CourtCase::of(name, &state, (SegmentKind::Users, moment()), &all)
    };
    let late = |name: &str, appends| {
        let wallet = Wallet::new(0);
        let to = Account {
            kind: 1,
            id: [0x77; 20],
        };
        let body = transfer(to, NATIVE, 7);
        let first = wallet.sign(wallet.header(0), body).encode();
        let all = [first, pay(0, 5)];
        let case = CourtCase::of(name, &state, (SegmentKind::Users, moment()), &all);
        case.with(name, |case| holds(case, &state, appends, |_| true))
    };
    let low = |case: &CourtCase| {
        let key = Slot::Account(Account {
            kind: 1,
            id: [0x77; 20],
        })
        .key();
        let witness = Witness::decode(&case.proof.witness, width_of_kind).expect("it decodes");
        let keys = witness.leaves.iter().map(|leaf| leaf.key);
        keys.filter(|held| *held < key).max().expect("a low leaf")
    };
    let hash_only = |key: B256| {
        move |case: &mut CourtCase| {
            shown(case, |witness| {
                let leaf = witness.leaves.iter_mut().find(|leaf| leaf.key == key);
                let leaf = leaf.expect("the leaf");
                let Content::Value { kind, value } = &leaf.content else {
                    return;
                };
                leaf.content = Content::Hash(plasmid_bridge::proof::tree::value_hash(*kind, value));
            });
        }
    };
    let spare = fresh().with("the low leaf of a new one by its hash alone", |case| {
        let key = low(case);
        hash_only(key)(case);
    });
    let without = without(people(), &Slot::FeePool);
    let unsound = CourtCase::of(
        "no fee pool",
        &sparse(&without),
        (SegmentKind::Users, moment()),
        &[pay(0, 0)],
    );
    let unsound = unsound.with("no fee pool", |case| {
        let state = sparse(&without);
        let keys = [
            Slot::Parameters,
            Slot::Account(Wallet::new(0).account()),
            Slot::Account(Wallet::new(3).account()),
        ];
        let mut keys: Vec<B256> = keys.iter().map(Slot::key).collect();
        let Ok(low) = Reads::low(&state, &Slot::FeePool.key());
        if !keys.contains(&low) {
            keys.push(low);
        }
        case.proof.witness = state.witness(&keys, 0).encode();
    });
    vec![
        (three(), "sound"),
        (fresh(), "sound"),
        (spare, "sound"),
        (
            case("no witness", &|case| case.proof.witness.clear()),
            "witness",
        ),
        (
            case("a byte more", &|case| case.proof.witness.push(0)),
            "witness",
        ),
        (
            case("a byte less", &|case| {
                case.proof.witness.pop();
            }),
            "witness",
        ),
        (
            case("a sibling less", &|case| {
                shown(case, |witness| {
                    witness.proof.siblings.pop();
                })
            }),
            "witness",
        ),
        (
            case("a sibling more", &|case| {
                shown(case, |witness| witness.proof.siblings.push(B256::ZERO))
            }),
            "witness",
        ),
        (
            case("two siblings changed about", &|case| {
                shown(case, |witness| witness.proof.siblings.swap(0, 1))
            }),
            "witness",
        ),
        (
            case("another leaf count", &|case| {
                shown(case, |witness| witness.count += 1)
            }),
            "witness",
        ),
        (
            case("two leaves changed about", &|case| {
                shown(case, |witness| witness.leaves.swap(0, 1))
            }),
            "witness",
        ),
        (
            case("a leaf twice", &|case| {
                shown(case, |witness| {
                    let leaf = witness.leaves[0].clone();
                    witness.leaves.insert(0, leaf);
                })
            }),
            "witness",
        ),
        (
            case("another next key", &|case| {
                shown(case, |witness| witness.leaves[0].next.0[31] ^= 1)
            }),
            "witness",
        ),
        (
            case("another value", &|case| {
                shown(case, |witness| {
                    if let Content::Value { value, .. } = &mut witness.leaves[1].content {
                        value[7] ^= 1;
                    }
                })
            }),
            "witness",
        ),
        (
            case("another root before", &|case| case.before.0[0] ^= 1),
            "witness",
        ),
        (
            case("the witness of another state", &|case| {
                case.proof.witness = fresh().proof.witness;
            }),
            "undecided",
        ),
        (
            case("without a leaf that is paid from", &|case| {
                holds(case, &state, 0, |key| *key != account)
            }),
            "undecided",
        ),
        (
            case("without the parameters", &|case| {
                holds(case, &state, 0, |key| *key != parameters)
            }),
            "undecided",
        ),
        (
            case("an account by the hash of its value", &hash_only(account)),
            "hash_only",
        ),
        (
            case(
                "parameters by the hash of their value",
                &hash_only(parameters),
            ),
            "hash_only",
        ),
        (
            case("a place for a leaf that is not made", &|case| {
                holds(case, &state, 1, |_| true)
            }),
            "appends",
        ),
        (
            fresh().with("no place for a leaf that is made", |case| {
                holds(case, &state, 0, |_| true)
            }),
            "appends",
        ),
        (
            fresh().with("two places for a leaf that is made", |case| {
                holds(case, &state, 2, |_| true)
            }),
            "appends",
        ),
        (
            fresh().with("without the low leaf of a new one", |case| {
                let key = low(case);
                holds(case, &state, 1, |held| *held != key);
            }),
            "undecided",
        ),
        (fraud("a transaction that does not apply"), "nonce_ahead"),
        (
            fraud("a transaction that does not apply")
                .with("a place that is not needed, before fraud", |case| {
                    holds(case, &state, 1, |_| true)
                }),
            "nonce_ahead",
        ),
        (late("a place too few, before fraud", 0), "nonce_ahead"),
        (
            fraud("a transaction that does not apply")
                .with("fraud in another state", |case| case.before.0[0] ^= 1),
            "witness",
        ),
        (unsound, "unsound"),
    ]
}

fn hints() -> Vec<Expected> {
    let body = |number: u8, edit: fn(&mut Vec<u8>)| {
        let wallet = Wallet::new(number);
        let paid = transfer(Wallet::new(3).account(), NATIVE, 1);
        let mut bytes = wallet.sign(wallet.forced_header(0), paid).encode();
        edit(&mut bytes);
        forced_bytes([0x55; 20], bytes)
    };
    let state = sparse(&people());
    let kind = (SegmentKind::Messages, moment());
    let bodies = || {
        [
            body(0, |_| {}),
            body(1, |_| {}),
            body(2, |_| {}),
            // A signature that does not verify, a key that is no point, s that is not below the order, R that is no point.
            body(0, |bytes| bytes[100] ^= 1),
            body(2, |bytes| bytes[3] ^= 1),
            body(0, |bytes| {
                let last = bytes.len() - 1;
                bytes[last] = 0xff;
            }),
            body(0, |bytes| {
                let r = bytes.len() - 64;
                bytes[r..r + 32].fill(2);
            }),
        ]
    };
    let all = messages(bodies());
    let case = |name: &str, edit: &dyn Fn(&mut CourtCase)| {
        CourtCase::of(name, &state, kind, &all).with(name, edit)
    };
    let order = {
        let mut all = messages([body(0, |_| {}), body(2, |_| {})]);
        all[1][8] ^= 8;
        CourtCase::of(
            "a message out of order behind a forced one",
            &state,
            kind,
            &all,
        )
    };
    vec![
        (
            case("forced transactions of many signatures", &|_| {}),
            "sound",
        ),
        (
            case("a word less", &|case| {
                case.proof.hints.pop();
            }),
            "hints",
        ),
        (
            case("a pair more", &|case| {
                case.proof.hints.extend([U256::ZERO; 2])
            }),
            "hints",
        ),
        (
            case("a word more", &|case| case.proof.hints.push(U256::ZERO)),
            "hints",
        ),
        (case("no words", &|case| case.proof.hints.clear()), "hints"),
        (
            case("another word of a key", &|case| {
                case.proof.hints[0] += U256::ONE
            }),
            "hints",
        ),
        (
            case("another word of R", &|case| {
                case.proof.hints[1] = U256::ZERO
            }),
            "hints",
        ),
        (
            case("two words changed about", &|case| {
                case.proof.hints.swap(0, 1)
            }),
            "hints",
        ),
        (
            case("a word of what was no point", &|case| {
                let last = case.proof.hints.len() - 1;
                case.proof.hints[last] = U256::ONE;
            }),
            "hints",
        ),
        (order.clone(), "order"),
        (
            order.with(
                "a message out of order behind a forced one without its hints",
                |case| case.proof.hints.clear(),
            ),
            "hints",
        ),
    ]
}

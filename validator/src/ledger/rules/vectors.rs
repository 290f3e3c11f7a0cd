//! Vectors of the rules, one file a rule: `validator/vectors/rules/<name>.json`. Whoever writes a rule again, in a contract too, drives it
//! through these cases: the leaves before, the input, and what must come out.
//!
//! `PLASMID_WRITE_VECTORS=1` writes the files; without it they must be what this code makes.

use std::collections::BTreeSet;
use std::path::Path;

use plasmid_bridge::proof::inbox::{Body as MessageBody, Payload};
use serde_json::{Value as Json, json};

use crate::ledger::account::Account;
use crate::ledger::apply::{Receipt, apply, quote};
use crate::ledger::check::check;
use crate::ledger::code::Code;
use crate::ledger::context::Error;
use crate::ledger::fixture::*;
use crate::ledger::leaf::*;
use crate::ledger::leaves::{Memory, write};
use crate::ledger::message::apply_message;
use crate::ledger::slot::{Slot, ring_place};
use crate::ledger::stake::tests::carried;
use crate::ledger::transaction::{Authentication, Body, Data, Header, StakeBody, Transaction};
use crate::ledger::vectors::keep;

use super::stake::tests::scene::{COIN, FOUNDER, NEWCOMER, OWNER, Scene, operator, registration};

mod noted;
mod stake;

pub(crate) use noted::Noted;

const HEIGHT: u64 = 200;

pub(crate) fn hex_of(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// What a rule is given.
#[allow(
    clippy::large_enum_variant,
    reason = "a few cases of a test, and none is moved often"
)]
enum Input {
    User(Transaction),
    Message(MessageBody),
}

/// What a case starts from, for whoever runs it in another way.
pub(crate) struct GivenCase {
    pub(crate) name: String,
    pub(crate) before: Memory,
    /// A user's transaction or a message.
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_message: bool,
    /// The code with which a user's transaction is refused.
    pub(crate) refused: Option<Code>,
}

thread_local! {
    static GIVEN: std::cell::RefCell<Vec<GivenCase>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// The cases of a rule, by the name of its file.
type GivenGroup = (&'static str, fn() -> Vec<Json>);

/// The cases of the rules that a court carries out, by the file of their rule.
pub(crate) fn given() -> Vec<(&'static str, Vec<GivenCase>)> {
    let groups: [GivenGroup; 13] = [
        ("transfer", transfers),
        ("withdraw", withdrawals),
        ("payout", payouts),
        ("record", records),
        ("generic", generics),
        ("sequence", sequences),
        ("balance", balances),
        ("deposit", deposits),
        ("forced", forced_cases),
        ("acceptance", acceptances),
        ("recorded", recorded),
        ("funding", stake::fundings),
        ("maturity", stake::maturities),
    ];
    let groups = groups.into_iter().map(|(name, cases)| {
        GIVEN.take();
        drop(cases());
        (name, GIVEN.take())
    });
    groups.collect()
}

/// One case: runs the input and tells everything that another program must find too.
fn case(name: &str, mut memory: Memory, input: Input) -> Json {
    let (parameters, domain) = (parameters(), domain());
    let (before, is_message) = (memory.clone(), matches!(input, Input::Message(_)));
    let context = context(HEIGHT, &parameters, &domain);
    carried::begin();
    let (bytes, outcome, noted) = match input {
        Input::User(transaction) => {
            let bytes = transaction.encode();
            let mut noted = Noted::new(&mut memory);
            let applied = check(&bytes, &domain)
                .map_err(Error::Reject)
                .and_then(|checked| apply(&mut noted, &checked, &context));
            let outcome = applied.map_err(|error| match error {
                Error::Reject(reject) => reject.code(),
                Error::Fault(fault) => panic!("{name}: {fault}"),
            });
            (bytes, outcome, noted)
        }
        Input::Message(body) => {
            let message = message(&mut memory, body);
            let mut noted = Noted::new(&mut memory);
            let applied = apply_message(&mut noted, &message, &context);
            let applied = applied.expect("messages are total");
            (message.encode(), Ok(applied), noted)
        }
    };
    let reject = carried::end(name);
    GIVEN.with_borrow_mut(|given| {
        given.push(GivenCase {
            name: name.to_owned(),
            before,
            bytes: bytes.clone(),
            is_message,
            refused: outcome.as_ref().err().copied(),
        });
    });
    let (mut case, events) = match outcome {
        Ok(Receipt {
            code,
            data,
            leaves_made,
            events,
            ..
        }) => (
            json!({"code": code.number(), "data": hex_of(data), "leaves_made": leaves_made}),
            events,
        ),
        Err(code) => (
            json!({"code": code.number(), "data": "0x", "leaves_made": 0}),
            Vec::new(),
        ),
    };
    noted.tell(&mut case, &events);
    case["name"] = name.into();
    case["input"] = hex_of(bytes).into();
    if let Some(reject) = reject {
        case["reject"] = reject.into();
    }
    case
}

fn stakes() -> Vec<Json> {
    let all = super::stake::tests::cases::all();
    let around = all.iter().filter(|held| {
        [
            "delegate: to an operator in a seat",
            "undelegate: a part",
            "claim_stake: to an account that does not stand",
        ]
        .contains(&held.name)
    });
    let around: Vec<Json> = around
        .flat_map(|held| {
            let body = Body::Stake(held.body.clone());
            fees_around(held.name, &held.memory, held.number, &body)
        })
        .collect();
    assert_eq!(around.len(), 6);
    let all = all.into_iter().map(|held| {
        let wallet = Wallet::new(held.number);
        let signed = wallet.sign(wallet.header(0), Body::Stake(held.body));
        case(held.name, held.memory, Input::User(signed))
    });
    all.chain(around).collect()
}

/// With the least fee, and with one base unit less.
fn fees_around(name: &str, memory: &Memory, number: u8, body: &Body) -> Vec<Json> {
    let wallet = Wallet::new(number);
    let (parameters, domain) = (parameters(), domain());
    let context = context(HEIGHT, &parameters, &domain);
    let length = wallet.sign(wallet.header(0), body.clone()).encode().len();
    let quoted = quote(
        &mut memory.clone(),
        wallet.account(),
        body,
        length,
        &context,
    );
    let least = quoted.expect("a quote").minimum;
    let with = |name: String, fee| {
        let header = Header {
            fee,
            ..wallet.header(0)
        };
        let signed = wallet.sign(header, body.clone());
        case(&name, memory.clone(), Input::User(signed))
    };
    let cases = vec![
        with(format!("{name}, with the least fee"), least),
        with(format!("{name}, with a fee that is too low"), least - 1),
    ];
    let codes: Vec<u64> = cases
        .iter()
        .filter_map(|case| case["code"].as_u64())
        .collect();
    let [ok, low] = [Code::Ok, Code::FeeTooLow].map(|code| u64::from(code.number()));
    assert_eq!(codes, [ok, low], "{name}");
    cases
}

fn user(body: Body) -> Input {
    let wallet = Wallet::new(0);
    Input::User(wallet.sign(wallet.header(0), body))
}

fn stranger() -> Account {
    Account {
        kind: 1,
        id: [0x99; 20],
    }
}

fn transfers() -> Vec<Json> {
    let run = |name, to, token, amount| case(name, state(1), user(transfer(to, token, amount)));
    let known = Wallet::new(1).account();
    let around = |name, to, token| fees_around(name, &state(1), 0, &transfer(to, token, 7));
    let fees = [
        around("native coin to an account that stands", known, NATIVE),
        around(
            "native coin to an account that does not",
            stranger(),
            NATIVE,
        ),
        around("a token to a balance that does not", stranger(), TOKEN),
    ];
    let cases = vec![
        run("native coin to an account that stands", known, NATIVE, 7),
        run(
            "native coin to an account that does not",
            stranger(),
            NATIVE,
            7,
        ),
        run(
            "native coin to oneself",
            Wallet::new(0).account(),
            NATIVE,
            7,
        ),
        run("a token to a balance that stands", known, TOKEN, 7),
        run("a token to a balance that does not", stranger(), TOKEN, 7),
        run("a token that nobody deposited", known, STRANGE, 7),
        run("more than the balance", known, NATIVE, WEALTH),
        run("nothing", known, NATIVE, 0),
        run("to nobody", Account::NONE, NATIVE, 7),
    ];
    cases.into_iter().chain(fees.concat()).collect()
}

fn withdrawals() -> Vec<Json> {
    let run = |name, to, token, amount| case(name, state(1), user(withdraw(to, token, amount)));
    vec![
        run("native coin", [0x22; 20], NATIVE, 7),
        run("a token", [0x22; 20], TOKEN, 7),
        run("a token that nobody deposited", [0x22; 20], STRANGE, 7),
        run("more than the balance", [0x22; 20], TOKEN, WEALTH + 1),
        run("nothing", [0x22; 20], NATIVE, 0),
        run("to the zero address", [0; 20], NATIVE, 7),
    ]
}

fn payouts() -> Vec<Json> {
    let run = |name, payout| case(name, state(1), user(Body::SetPayout { payout }));
    vec![run("an address", [0x23; 20]), run("none", [0; 20])]
}

fn record(length: usize) -> Body {
    Body::Record {
        topic: [0x24; 32],
        data: Data::new(vec![0xab; length]).expect("a length that encodes"),
    }
}

fn records() -> Vec<Json> {
    let mut written = state(1);
    let slot = Slot::Record(Wallet::new(0).account(), [0x24; 32]);
    let leaf = RecordLeaf {
        data_hash: [1; 32],
        height: 3,
    };
    write(&mut written, &slot, &leaf).expect("it is written");
    vec![
        case("a new topic", state(1), user(record(33))),
        case("a topic again", written, user(record(33))),
        case("no data", state(1), user(record(0))),
        case("1,024 bytes", state(1), user(record(1_024))),
    ]
}

fn generics() -> Vec<Json> {
    let wallet = Wallet::new(0);
    let message = |length| Body::Message {
        target: stranger(),
        token: NATIVE,
        amount: 7,
        data: Data::new(vec![0xab; length]).expect("a length that encodes"),
    };
    let forced = forced(
        [0x55; 20],
        &wallet.sign(wallet.forced_header(0), message(0)),
    );
    vec![
        case("without data", state(1), user(message(0))),
        case("512 bytes", state(1), user(message(512))),
        case(
            "forced: it consumes no sequence",
            state(1),
            Input::Message(forced),
        ),
    ]
}

/// Of the rule that takes the sequence, by native transfers to an account that stands.
fn sequences() -> Vec<Json> {
    let run = |name, held, signed| {
        let wallet = Wallet::new(0);
        let mut memory = state(1);
        let leaf = AccountLeaf {
            balance: WEALTH,
            sequence: held,
            ..AccountLeaf::default()
        };
        write(&mut memory, &Slot::Account(wallet.account()), &leaf).expect("it is written");
        let body = transfer(Wallet::new(1).account(), NATIVE, 7);
        let signed = wallet.sign(wallet.header(signed), body);
        case(name, memory, Input::User(signed))
    };
    vec![
        run("the first one", 0, 0),
        run("the next one", 5, 5),
        run("one that was used", 5, 4),
        run("one that is ahead", 5, 6),
        run("the last but one of 64 bits", u64::MAX - 1, u64::MAX - 1),
        run("the last of 64 bits has none behind it", u64::MAX, u64::MAX),
    ]
}

/// Of debit and credit, by transfers that pay a fee of 1,000,000.
fn balances() -> Vec<Json> {
    let (from, to) = (Wallet::new(0), Wallet::new(1).account());
    let fee = from.header(0).fee;
    let run = |name, token, amount, held| {
        let mut memory = state(1);
        let (slot, account) = (Slot::TokenBalance(to, token), Slot::Account(to));
        let leaf = AccountLeaf {
            balance: held,
            ..AccountLeaf::default()
        };
        let balance = TokenBalance {
            token,
            amount: held,
        };
        match token == NATIVE {
            true => write(&mut memory, &account, &leaf),
            false => write(&mut memory, &slot, &balance),
        }
        .expect("it is written");
        case(name, memory, user(transfer(to, token, amount)))
    };
    let room = u128::MAX - 7;
    vec![
        run("native: all that the fee leaves", NATIVE, WEALTH - fee, 0),
        run("native: one more than that", NATIVE, WEALTH - fee + 1, 0),
        run("token: all", TOKEN, WEALTH, 0),
        run("token: one more than all", TOKEN, WEALTH + 1, 0),
        run(
            "token: one that was never deposited, whatever balance stands",
            STRANGE,
            7,
            7,
        ),
        run("native: up to 128 bits", NATIVE, 7, room),
        run("native: beyond 128 bits", NATIVE, 8, room),
        run("token: up to 128 bits", TOKEN, 7, room),
        run("token: beyond 128 bits", TOKEN, 8, room),
    ]
}

fn deposits() -> Vec<Json> {
    let run = |name, token, amount, native, to| {
        let body = MessageBody::Deposit(deposit(token, amount, native, to));
        case(name, state(1), Input::Message(body))
    };
    let known = Wallet::new(1).account();
    vec![
        run("native coin", NATIVE, 7, 0, known),
        run(
            "native coin to an account that does not stand",
            NATIVE,
            7,
            0,
            stranger(),
        ),
        run("a token that is known", TOKEN, 7, 0, stranger()),
        run(
            "a new token with native coin beside it",
            STRANGE,
            7,
            5,
            stranger(),
        ),
        run("to nobody: two refunds", TOKEN, 7, 5, Account::NONE),
        run(
            "beyond what the books can count",
            TOKEN,
            u128::MAX - WEALTH,
            5,
            known,
        ),
        run("nothing, with native coin: one refund", TOKEN, 0, 5, known),
        run("nothing at all", TOKEN, 0, 0, known),
        run("native coin beside native coin", NATIVE, 7, 5, known),
        run("a sum that overflows", NATIVE, u128::MAX, 1, known),
    ]
}

fn forced_cases() -> Vec<Json> {
    let wallet = Wallet::new(0);
    let signed = |sequence, body: Body| {
        let transaction = wallet.sign(wallet.forced_header(sequence), body);
        Input::Message(forced([0x55; 20], &transaction))
    };
    let run = |name, input| case(name, state(1), input);
    let ordinary = wallet.sign(wallet.header(0), transfer(stranger(), NATIVE, 7));
    let sender = Wallet::new(1).account();
    let by_sender = |number: u8, body| Transaction {
        header: Wallet::new(number).forced_header(0),
        body,
        authentication: Authentication::RootSender,
        fee_payer_authentication: None,
    };
    let sent = by_sender(1, withdraw([0x22; 20], TOKEN, 7));
    let from_root = |number, body| by_sender(number, Body::Stake(body));
    let by_owner = |body| {
        let owner = Wallet::new(OWNER);
        owner.sign(owner.forced_header(0), Body::Stake(body))
    };
    let delegate = |amount| StakeBody::Delegate {
        operator: operator(FOUNDER),
        amount,
        line: registration(FOUNDER),
        max_commission: 0,
    };
    let staked = |name, transaction: Transaction, sender| {
        let message = forced(operator(sender), &transaction);
        case(name, Scene::new().memory, Input::Message(message))
    };
    let mut forged = wallet.sign(wallet.forced_header(0), transfer(stranger(), NATIVE, 7));
    forged.header.memo[0] ^= 1;
    vec![
        run("a transfer", signed(0, transfer(stranger(), NATIVE, 7))),
        run(
            "a transfer of a token",
            signed(0, transfer(stranger(), TOKEN, 7)),
        ),
        run("a withdrawal", signed(0, withdraw([0x22; 20], NATIVE, 7))),
        run(
            "a payout",
            signed(0, Body::SetPayout { payout: [0x23; 20] }),
        ),
        run("a record", signed(0, record(33))),
        run(
            "a withdrawal by its sender on root",
            Input::Message(forced(sender.id, &sent)),
        ),
        run(
            "by another sender on root",
            Input::Message(forced([0x55; 20], &sent)),
        ),
        run(
            "more than the balance consumes the sequence",
            signed(0, transfer(stranger(), NATIVE, WEALTH + 1)),
        ),
        run(
            "a transfer of nothing consumes the sequence",
            signed(0, transfer(stranger(), NATIVE, 0)),
        ),
        run(
            "a sequence ahead consumes nothing",
            signed(1, transfer(stranger(), NATIVE, 7)),
        ),
        run(
            "signed for the mempool",
            Input::Message(forced([0x55; 20], &ordinary)),
        ),
        run(
            "a signature that does not verify",
            Input::Message(forced([0x55; 20], &forged)),
        ),
        run(
            "bytes that do not decode",
            Input::Message(forced_bytes([0x55; 20], vec![1, 2, 3])),
        ),
        staked(
            "stake: an operator leaves as the sender on root",
            from_root(FOUNDER, StakeBody::Leave),
            FOUNDER,
        ),
        staked(
            "stake: of an operator by another sender on root",
            from_root(FOUNDER, StakeBody::Leave),
            NEWCOMER,
        ),
        staked(
            "stake: signed, whoever sends it on root",
            by_owner(delegate(COIN)),
            NEWCOMER,
        ),
        staked(
            "stake: what staking refuses consumes the sequence",
            by_owner(StakeBody::Undelegate {
                position: 99,
                amount: 1,
            }),
            OWNER,
        ),
    ]
}

fn acceptances() -> Vec<Json> {
    let run = |name: &str, fees: u128, paid, relayer: [u8; 20], arrival_late: bool| {
        let mut memory = state(1);
        let parameters = parameters();
        let record = EpochRecord {
            epoch: 3,
            last_block_time: if arrival_late { 0 } else { 1_000 },
            relayer: [0x31; 20],
            fees,
            paid,
            accepted: 0,
        };
        let slot = Slot::EpochRecord {
            place: ring_place(3, parameters.ring),
        };
        let pool = FeePool {
            amount: fees,
            ..FeePool::default()
        };
        write(&mut memory, &slot, &record).expect("it is written");
        write(&mut memory, &Slot::FeePool, &pool).expect("it is written");
        let body = MessageBody::Acceptance {
            epoch: if name == "of another epoch" { 4 } else { 3 },
            relayer,
            gas_price: 1_000_000_000,
            absent: 1,
        };
        case(name, memory, Input::Message(body))
    };
    vec![
        run(
            "within the window: the named relayer",
            1 << 80,
            false,
            [0x32; 20],
            false,
        ),
        run(
            "behind the window: whoever brought it",
            1 << 80,
            false,
            [0x32; 20],
            true,
        ),
        run("behind the window by nobody", 1 << 80, false, [0; 20], true),
        run("paid already", 1 << 80, true, [0x32; 20], false),
        run("without fees", 0, false, [0x32; 20], false),
        run("of another epoch", 1 << 80, false, [0x32; 20], false),
    ]
}

fn recorded() -> Vec<Json> {
    let run = |name, body| case(name, state(1), Input::Message(body));
    let opaque = |kind, length| MessageBody::Opaque {
        kind,
        bytes: vec![0xab; length],
    };
    let generic = MessageBody::Generic {
        sender: [1; 20],
        target: [2; 21],
        data: Payload::new(vec![3; 512]).expect("within the limit"),
    };
    vec![
        run("a generic message", generic),
        run("an epoch freeze with a byte too few", opaque(9, 7)),
        run("an unknown kind", opaque(77, 0)),
        run("a deposit with a byte too many", opaque(2, 148)),
        run(
            "a forced transaction that is longer than it says",
            opaque(7, 23),
        ),
    ]
}

/// The cases of each file of vectors. Where they carry rules of staking out is noted: see `carried`.
pub(crate) fn rules() -> [(&'static str, Vec<Json>); 16] {
    [
        ("transfer", transfers()),
        ("withdraw", withdrawals()),
        ("payout", payouts()),
        ("record", records()),
        ("generic", generics()),
        ("stake", stakes()),
        ("sequence", sequences()),
        ("balance", balances()),
        ("deposit", deposits()),
        ("forced", forced_cases()),
        ("acceptance", acceptances()),
        ("recorded", recorded()),
        ("registration", stake::registrations()),
        ("court", stake::decisions()),
        ("funding", stake::fundings()),
        ("maturity", stake::maturities()),
    ]
}

#[test]
fn the_vectors_of_every_rule_are_what_this_code_makes() {
    let rules = rules();
    // Every file of a rule has its vectors, and every vector its rule.
    let folder_of_rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ledger/rules");
    let mut files: BTreeSet<String> = std::fs::read_dir(folder_of_rules)
        .expect("the rules")
        .map(|file| file.expect("a file").file_name().into_string())
        .map(|name| name.expect("a name").trim_end_matches(".rs").to_owned())
        .collect();
    assert!(files.remove("mod") && files.remove("vectors"));
    assert_eq!(
        files,
        rules.iter().map(|(name, _)| (*name).into()).collect()
    );
    for (name, cases) in rules {
        let vectors = json!({
            "about": "PROTOCOL sections 4 and 5. A leaf is named by the bytes whose hash is its key. `before` holds the leaves that the rule asks for, `absent` those of them that do not stand; `written` is in the order of the first writes, `events` is what the receipt tells. `reject` is the name of the reason by which a rule of staking refuses the input.",
            "height": HEIGHT,
            "parameters": hex_of(parameters().encode()),
            "domain_separator": hex_of(domain().separator()),
            "cases": cases,
        });
        keep(&format!("rules/{name}"), &vectors);
    }
}

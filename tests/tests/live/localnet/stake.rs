//! Stake moves while the network runs: an operator that registered after the genesis bonds, takes a seat and stands in the engine's set two
//! epochs later; somebody delegates to a founder, moves a part, ends the rest, and is paid.

use std::{
    collections::BTreeMap,
    io::Write,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use plasmid::node::comet::Client;
use serde_json::Value;

use super::{plasmid, refused, run, words};

pub mod lists;

fn typed(folder: &Path, line: &str) -> Value {
    run(folder, &words(line))
}

/// A command that signs without asking, and whose transaction stands in a block.
pub fn applied(folder: &Path, line: &str) -> Value {
    let answer = typed(folder, &format!("{line} --yes"));
    assert_eq!(answer["code"], 0, "{line}: {answer}");
    answer
}

/// A command that asks at a terminal, where this is typed.
fn answered(folder: &Path, line: &str, answer: &str) -> Output {
    let (mut keys, terminal) = plasmid_tests::terminal::open();
    let child = plasmid(folder)
        .args(words(&format!("{line} --output json")))
        .stdin(terminal)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    keys.write_all(answer.as_bytes())
        .expect("the terminal takes it");
    let output = child.wait_with_output().expect("the command ends");
    let asked = String::from_utf8_lossy(&output.stderr);
    assert!(asked.contains("sign it? [y/N]"), "{line}: {asked}");
    output
}

/// Nothing but a yes at a terminal signs.
fn asks(folder: &Path, line: &str) -> Value {
    for answer in ["n\n", "\n", "yes, but\n"] {
        let output = answered(folder, line, answer);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success(), "{answer:?}: {told}");
        assert!(told.contains("nothing was sent"), "{answer:?}: {told}");
    }
    let output = answered(folder, line, "y\n");
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["code"], 0, "{line}: {told}");
    told
}

/// Asks until an answer is as it should be.
pub fn until(folder: &Path, line: &str, is: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..1_800 {
        let answer = typed(folder, line);
        if is(&answer) {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{line}: {}", typed(folder, line));
}

pub fn position(answer: &Value) -> u64 {
    let number = answer["position"].as_u64();
    number.unwrap_or_else(|| panic!("no position was made: {answer}"))
}

/// Who validates in the epoch of the tip, by consensus address, with what power.
fn members(answer: &Value) -> BTreeMap<String, u64> {
    let rows = answer["validators"].as_array().expect("rows");
    let member = |row: &Value| {
        let address = row["consensus_address"].as_str()?.to_lowercase();
        Some((address, row["power"].as_u64()?))
    };
    rows.iter()
        .map(|row| member(row).expect("an address and a power"))
        .collect()
}

/// Who validates at a height by the engine's word, by consensus address, with what power.
fn engine_set(engine: &str, height: u64) -> BTreeMap<String, u64> {
    let client = Client::with_url(engine.to_owned()).expect("an address");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let all = runtime
        .block_on(client.validators(height))
        .expect("the set");
    all.into_iter()
        .map(|one| {
            let address = one.address.to_string().to_lowercase();
            (address, one.power.value())
        })
        .collect()
}

/// Carol has registered on root, twice: her newest registration has the keys of the folder `sixth`.
pub fn moves(folder: &Path, description: &Value) {
    let engine = description["engines"][0].as_str().expect("a URL");
    takes_a_seat(folder, engine);
    follows_a_founder(folder);
}

fn takes_a_seat(folder: &Path, engine: &str) {
    let said = refused(folder, "tx stake take-seat --from carol");
    assert!(said.contains("a seat needs a stake of"), "{said}");
    let said = refused(folder, "tx stake bond --from alice --amount 1");
    assert!(said.contains("never registered"), "{said}");

    let bonded = position(&applied(folder, "tx stake bond --from carol --amount 3"));
    applied(folder, "tx stake take-seat --from carol");
    let seated = typed(folder, "query stake validator carol");
    assert_eq!(seated["registration"], 6, "{seated}");
    let found = typed(folder, &format!("query stake position {bonded}"));
    assert_eq!(
        (&found["held"], &found["bonded"]),
        (&"3000000000000000000".into(), &true.into()),
        "{found}"
    );
    let set = until(folder, "query validators", |answer| {
        answer["validators"].as_array().map(Vec::len) == Some(5)
    });
    let fifth = set["validators"]
        .as_array()
        .and_then(|rows| rows.iter().find(|row| row["registration"] == 6));
    assert_eq!(fifth.expect("the newcomer")["power"], 300, "{set}");
    let status = typed(folder, "status");
    let height = status["height"].as_u64().expect("a height");
    assert_eq!(members(&set), engine_set(engine, height), "{status}");
    // The set that has the newcomer signs checkpoints which root accepts, although nobody runs its node.
    let epoch = set["epoch"].as_u64().expect("an epoch");
    until(folder, "status", |answer| {
        answer["checkpoints_accepted"].as_u64() > Some(epoch)
    });

    applied(folder, "tx stake leave --from carol");
    let said = refused(folder, "tx stake take-seat --from carol");
    assert!(said.contains("takes another from epoch"), "{said}");
    until(folder, "query validators", |answer| {
        answer["validators"].as_array().map(Vec::len) == Some(4)
    });
}

/// Nothing opens a line again.
pub fn retires(folder: &Path) {
    applied(folder, "tx stake retire --from carol");
    let closed = typed(folder, "query stake validator carol");
    assert_eq!(closed["state"], "retired", "{closed}");
    let said = refused(folder, "tx stake take-seat --from carol");
    assert!(said.contains("is closed"), "{said}");
}

/// What the plan of a local network says of its founders stands in their leaves.
fn has_terms(folder: &Path, operator: &str) {
    let found = typed(folder, &format!("query stake validator {operator}"));
    assert_eq!(found["name"], "Founder 1", "{found}");
    for (name, expected) in [
        ("commission", 125),
        ("max_commission", 2_000),
        ("commission_step", 100),
    ] {
        assert_eq!(found[name], expected, "{name}: {found}");
    }
}

fn follows_a_founder(folder: &Path) {
    let rows = typed(folder, "query validators");
    let operator = |place: usize| {
        let operator = rows["validators"][place]["operator"].as_str();
        operator.expect("an operator").to_owned()
    };
    has_terms(folder, &operator(0));
    let line = format!(
        "tx stake delegate --from bob --to {} --amount 2",
        operator(0)
    );
    let said = refused(folder, &line);
    assert!(said.contains("--yes"), "{said}");
    let shown = typed(folder, &format!("{line} --dry-run"));
    let texts = ["effect", "node_says"].map(|name| shown[name].as_str().expect("a text"));
    for (text, words) in texts.into_iter().zip([
        [
            operator(0).as_str(),
            "behind line 1 ",
            "2 coins",
            "signed as this node says",
        ],
        [
            operator(0).as_str(),
            "is made, which holds 2 coins",
            "takes a commission of",
            "counts from epoch",
        ],
    ]) {
        for words in words {
            assert!(text.contains(words), "{words:?} is not in {text}");
        }
    }
    let begin = height(folder);
    let whole = position(&asks(folder, &line));
    // What came in this epoch is moved from the next one on.
    let position_of = format!("query stake position {whole}");
    let first = typed(folder, &position_of)["legs"][0]["first"].as_u64();
    until(folder, "query stake maturity", |answer| {
        answer["epoch"]
            .as_u64()
            .zip(first)
            .is_some_and(|(epoch, first)| epoch + 1 >= first)
    });
    let line = format!(
        "tx stake redelegate {whole} --amount 0.5 --to {} --from bob",
        operator(1)
    );
    let moved = position(&applied(folder, &line));
    assert_ne!(whole, moved);
    for (option, allowed) in [("", true), (" --deny", false)] {
        let line = format!("tx stake allow-restake {moved}{option} --from bob");
        applied(folder, &line);
        let found = typed(folder, &format!("query stake position {moved}"));
        assert_eq!(found["restake"], allowed, "{line}: {found}");
    }
    let done = ["delegate", "redelegate", "allow_restake", "allow_restake"];
    lists::of_events(folder, &operator(0), begin, &done);
    lists::of_a_delegator(folder, [whole, moved], [&operator(0), &operator(1)]);
    lists::of_validators(folder);
    lists::of_lines(folder, &operator(0));
    let line = format!("tx stake undelegate {whole} --from bob");
    let shown = typed(folder, &format!("{line} --dry-run"));
    let told = shown["node_says"].as_str().expect("a text");
    for words in ["up to epoch", "holds 1.5 coins", "the unbonding time is"] {
        assert!(told.contains(words), "{words:?} is not in {told}");
    }
    let ended = applied(folder, &line);
    assert!(ended["position"].is_null(), "the whole was ended: {ended}");
    let said = refused(folder, &format!("tx stake claim {whole} --from bob"));
    assert!(said.contains("was at risk up to epoch"), "{said}");
    let said = refused(
        folder,
        &format!("tx stake cancel-unbonding {whole} --from alice"),
    );
    assert!(said.contains("another account's"), "{said}");

    // Root's acceptances and their time make it mature; something must be consumed behind them.
    let last = typed(folder, &format!("query stake position {whole}"))["legs"][0]["last"].clone();
    let last = last.as_u64().expect("an epoch");
    until(folder, "query stake maturity", |answer| {
        answer["matured"].as_u64() > Some(last)
    });
    let begin = height(folder);
    applied(folder, &format!("tx stake claim {whole} --from bob"));
    lists::tells(folder, begin, &["claim_stake"]);
    let said = refused(folder, &format!("query stake position {whole}"));
    assert!(said.contains(&whole.to_string()), "{said}");
    let still = typed(folder, &format!("query stake position {moved}"));
    assert_eq!(still["held"], "500000000000000000", "{still}");
    lists::of_what_is_left(folder, moved);
}

/// The height of the newest block.
fn height(folder: &Path) -> u64 {
    let status = typed(folder, "status");
    status["height"].as_u64().expect("a height")
}

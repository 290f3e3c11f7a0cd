//! The lists and the stream of `query stake`, page by page, at the end of an epoch, and from the place at which an earlier stream ended.

use std::path::Path;

use serde_json::Value;

use super::super::{plasmid, refused, words};
use super::{members, typed};

/// All rows of a list that is asked for by pages of this many rows, each of which but the last is full.
fn paged(folder: &Path, line: &str, name: &str, limit: usize) -> Vec<Value> {
    let (mut rows, mut page) = (Vec::new(), String::new());
    loop {
        let answer = typed(folder, &format!("{line} --limit {limit}{page}"));
        let more = answer[name].as_array().expect("rows").clone();
        assert!(more.len() <= limit, "{line}: {answer}");
        let next = answer["next_page"].as_str().expect("a page token");
        assert!(next.is_empty() || more.len() == limit, "{line}: {answer}");
        rows.extend(more);
        if next.is_empty() {
            return rows;
        }
        page = format!(" --page {next}");
    }
}

/// The last block of the newest epoch that is over, and the number of the epoch behind it.
fn last_end(folder: &Path) -> (u64, u64) {
    let answer = typed(folder, "query parameters");
    let rows = answer["parameters"].as_array().expect("rows");
    let blocks = rows.iter().find(|row| row["name"] == "epoch_blocks");
    let blocks = blocks.and_then(|row| row["value"].as_str()?.parse::<u64>().ok());
    let epoch = typed(folder, "status")["epoch"].as_u64();
    let epoch = epoch.expect("an epoch");
    (epoch * blocks.expect("a number of blocks"), epoch)
}

/// A list at the end of an epoch; the height before it ends none.
fn at_the_end_of_an_epoch(folder: &Path, line: &str) -> (Value, u64) {
    let (height, epoch) = last_end(folder);
    let said = refused(folder, &format!("{line} --height {}", height - 1));
    assert!(said.contains("height"), "{line}: {said}");
    (typed(folder, &format!("{line} --height {height}")), epoch)
}

/// Bob has these two positions, of 1.5 and of half a coin, and when the last epoch ended those that were there before.
pub fn of_a_delegator(folder: &Path, positions: [u64; 2], operators: [&str; 2]) {
    let line = "query stake delegations bob";
    let rows = paged(folder, line, "positions", 1);
    let numbers: Vec<u64> = rows
        .iter()
        .filter_map(|row| row["position"].as_u64())
        .collect();
    assert_eq!(numbers, positions, "{rows:?}");
    let held = ["1500000000000000000", "500000000000000000"];
    for ((row, held), operator) in rows.iter().zip(held).zip(operators) {
        assert_eq!(
            (&row["held"], &row["bonded"], &row["backs"]),
            (&held.into(), &true.into(), &operator.into()),
            "{row}"
        );
        let alone = typed(folder, &format!("query stake position {}", row["position"]));
        for same in ["owner", "base", "held", "restake", "legs", "cuts", "waits"] {
            assert_eq!(row[same], alone[same], "{same}: {row} {alone}");
        }
    }
    let whole = typed(folder, line);
    assert_eq!(whole["next_page"], "", "{whole}");
    let backed = whole["validators"].as_array().expect("rows");
    for operator in operators {
        let is_told = backed.iter().any(|row| row["operator"] == operator);
        assert!(is_told, "{operator}: {whole}");
    }
    let (before, epoch) = at_the_end_of_an_epoch(folder, line);
    assert_eq!(before["epoch"], epoch, "{before}");
    // What is delegated or moved in an epoch counts from the one behind the next: then there was what had been in an earlier one.
    let earlier = |row: &&Value| {
        let newest = row["legs"].as_array().and_then(|legs| legs.last());
        let first = newest.and_then(|leg| leg["first"].as_u64());
        first.is_some_and(|first| first < epoch + 2)
    };
    let numbers = |rows: &mut dyn Iterator<Item = &Value>| -> Vec<Option<u64>> {
        rows.map(|row| row["position"].as_u64()).collect()
    };
    let (now, then) = (
        whole["positions"].as_array().expect("rows"),
        before["positions"].as_array().expect("rows"),
    );
    assert_eq!(
        numbers(&mut then.iter()),
        numbers(&mut now.iter().filter(earlier)),
        "{before} {whole}"
    );
}

/// Bob has this position alone, now and at the end of the last epoch.
pub fn of_what_is_left(folder: &Path, position: u64) {
    let line = "query stake delegations bob";
    let (then, epoch) = at_the_end_of_an_epoch(folder, line);
    let now = typed(folder, line);
    assert_eq!(then["epoch"], epoch, "{then}");
    let is_left = |row: &Value| row["position"] == position;
    assert!(
        then["positions"]
            .as_array()
            .is_some_and(|rows| rows.iter().any(is_left)),
        "{then}"
    );
    assert_eq!(now["next_page"], "", "{now}");
    let rows = now["positions"].as_array().expect("rows");
    assert!(rows.len() == 1 && rows.iter().all(is_left), "{now}");
}

/// The four founders, who have the seats, stand before carol, who has left hers; their powers are those of the set.
pub fn of_validators(folder: &Path) {
    let line = "query stake validators";
    let rows = paged(folder, line, "validators", 2);
    let seats: Vec<Option<u64>> = rows.iter().map(|row| row["seat"].as_u64()).collect();
    assert_eq!(
        seats,
        [Some(0), Some(1), Some(2), Some(3), None],
        "{rows:?}"
    );
    let (founders, last) = rows.split_at(4);
    assert_eq!(last[0]["state"], "open", "{last:?}");
    for row in founders {
        assert_eq!(
            (&row["state"], &row["tombstoned"], &row["jail_reason"]),
            (&"open".into(), &false.into(), &"".into()),
            "{row}"
        );
        assert!(
            row["voted_percent"].as_u64().is_some_and(|votes| votes > 0),
            "{row}"
        );
    }
    let set = members(&typed(folder, "query validators"));
    let mut powers: Vec<u64> = set.into_values().collect();
    let told = founders.iter().filter_map(|row| row["power"].as_u64());
    let mut told: Vec<u64> = told.collect();
    powers.sort_unstable();
    told.sort_unstable();
    assert_eq!(told, powers, "{founders:?}");
    let (then, epoch) = at_the_end_of_an_epoch(folder, line);
    assert_eq!(then["epoch"], epoch, "{then}");
    assert!(then["height"].as_u64().is_some_and(|height| height > 0));
    let seated = then["validators"].as_array().expect("rows").iter();
    let seated = seated.filter(|row| row["seat"].is_u64());
    assert_eq!(seated.count(), 4, "{then}");
}

/// The line of an operator whose commission is known, and carol's, which her first registration opened and the second one kept.
pub fn of_lines(folder: &Path, operator: &str) {
    for (operator, number, state) in [(operator, 1, "open"), ("carol", 5, "open")] {
        let line = format!("query stake lines {operator}");
        let rows = paged(folder, &line, "lines", 1);
        assert_eq!(rows.len(), 1, "{line}: {rows:?}");
        assert_eq!(
            (&rows[0]["line"], &rows[0]["state"]),
            (&number.into(), &state.into()),
            "{rows:?}"
        );
        let newest = typed(folder, &format!("query stake validator {operator}"));
        for same in ["stake", "self_stake", "commission", "max_commission"] {
            assert_eq!(rows[0][same], newest[same], "{same}: {rows:?} {newest}");
        }
        let (then, _) = at_the_end_of_an_epoch(folder, &line);
        assert!(then["height"].as_u64().is_some_and(|height| height > 0));
        assert_eq!(then["lines"][0]["line"], number, "{then}");
    }
}

/// What a stream tells, up to the newest block.
pub fn events(folder: &Path, options: &str) -> Vec<Value> {
    let line = format!("query stake events {options} --output json");
    let output = plasmid(folder).args(words(&line)).output();
    let output = output.expect("the command runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{line}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let all = text.lines().map(serde_json::from_str);
    all.collect::<Result<_, _>>().expect("JSON")
}

/// The transactions of a stream, by their kinds.
fn kinds(told: &[Value]) -> Vec<&str> {
    let all = told.iter().filter_map(|one| one["events"].as_array());
    let all = all.flatten();
    let of_transactions = all.filter(|event| event["name"] == "transaction");
    of_transactions
        .filter_map(|event| event["attributes"]["kind"].as_str())
        .collect()
}

/// These are bob's transactions of stake from this block on, as a stream tells them. (A node forgets what lies far behind the last final checkpoint.)
pub fn tells(folder: &Path, begin: u64, done: &[&str]) -> Vec<Value> {
    let all = events(folder, &format!("--from-height {begin} --owner bob"));
    assert_eq!(kinds(&all), done, "{all:?}");
    all
}

/// Compares the stream of bob's transactions as [`tells`] does, and begins it again at each place that it names: it goes on with what follows.
pub fn of_events(folder: &Path, operator: &str, begin: u64, done: &[&str]) {
    let all = tells(folder, begin, done);
    let transactions = all.iter().enumerate().filter(|(_, one)| one["hash"] != "");
    for (place, one) in transactions {
        let (height, index) = (&one["next_height"], &one["next_index"]);
        let from = format!("--from-height {height} --from-index {index} --owner bob");
        let rest = events(folder, &from);
        let expected = &all[place + 1..];
        assert!(rest.starts_with(expected), "{from}: {rest:?} {expected:?}");
    }
    let of_operator = events(
        folder,
        &format!("--from-height {begin} --operator {operator}"),
    );
    assert!(kinds(&of_operator).contains(&"delegate"), "{of_operator:?}");
    // What involves both is what each of the two streams tells.
    let both = format!("--from-height {begin} --owner bob --operator {operator}");
    let signed = |told: &Value| told["hash"] != "";
    let of_both: Vec<Value> = events(folder, &both).into_iter().filter(signed).collect();
    let expected = all.into_iter().filter(signed);
    let expected: Vec<Value> = expected.filter(|one| of_operator.contains(one)).collect();
    assert_eq!(of_both, expected);
    assert!(of_both.len() < done.len(), "{of_both:?}");
}

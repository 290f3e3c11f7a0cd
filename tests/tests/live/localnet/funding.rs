//! Somebody on root gives coin to the reward pool, which drips, and a delegator claims its part of it.

use std::path::Path;

use serde_json::Value;

use super::stake::{applied, lists, position, until};
use super::{refused, run, words};

const COIN: u128 = 1_000_000_000_000_000_000;

fn number(answer: &Value, field: &str) -> u128 {
    let text = answer[field].as_str().and_then(|text| text.parse().ok());
    text.unwrap_or_else(|| panic!("{field} is no amount: {answer}"))
}

fn pool(folder: &Path) -> u128 {
    number(&run(folder, &words("query stake rewards")), "pool")
}

/// Coins of an account on the child, in base units.
fn balance(folder: &Path, name: &str) -> u128 {
    let answer = run(folder, &words(&format!("query account {name}")));
    number(&answer, "balance")
}

pub fn is_claimed(folder: &Path) {
    let rows = run(folder, &words("query validators"));
    let operator = rows["validators"][0]["operator"].as_str();
    let operator = operator.expect("an operator of the genesis");
    let line = format!("tx stake delegate --from bob --to {operator} --amount 100");
    let backing = position(&applied(folder, &line));

    let line = "bridge fund-rewards 2000 --from alice";
    let said = refused(folder, line);
    assert!(said.contains("--yes"), "{said}");
    let shown = run(folder, &words(&format!("{line} --dry-run")));
    assert!(shown["message"].is_null(), "{shown}");
    let before = pool(folder);
    let given = run(folder, &words(&format!("{line} --yes --wait")));
    assert_eq!(given["consumed"], true, "{given}");
    assert_eq!(given["code"], 0, "{given}");
    assert_eq!(number(&given, "amount"), 2_000 * COIN);
    let drip = given["drip"].as_u64().expect("a number");
    assert!(drip > 0, "{given}");
    let held = pool(folder);
    assert!(held > before + 1_990 * COIN, "{before} {held}");

    // A part of the gift goes out at the end of each epoch, and the delegator's is there to be claimed.
    let each = 2_000 * COIN * u128::from(drip) / 1_000_000_000;
    until(
        folder,
        &format!("query stake position {backing}"),
        |answer| number(answer, "rewards") > each / 10,
    );
    assert!(pool(folder) < held, "nothing left the pool");
    pays_another(folder, backing, each / 20);
}

/// Claims the rewards of both of bob's positions at once, for carol: what she gets is what the two had earned.
fn pays_another(folder: &Path, backing: u64, least: u128) {
    let positions = || {
        let answer = run(folder, &words("query stake delegations bob"));
        assert_eq!(answer["next_page"], "", "{answer}");
        answer["positions"].as_array().expect("rows").clone()
    };
    let before = positions();
    let numbers: Vec<u64> = before
        .iter()
        .filter_map(|row| row["position"].as_u64())
        .collect();
    let [first, second] = numbers[..] else {
        panic!("{before:?}");
    };
    assert_eq!(second, backing, "{before:?}");
    let earned = |rows: &[Value]| rows.iter().map(|row| number(row, "rewards")).collect();
    let earned: Vec<u128> = earned(&before);
    assert!(earned.iter().all(|sum| *sum > 0), "{before:?}");
    let [had, paying] = ["carol", "bob"].map(|name| balance(folder, name));
    let line = format!("tx stake claim-rewards {first} {second} --to carol --from bob");
    let done = applied(folder, &line);
    let got = balance(folder, "carol") - had;
    assert!(got >= earned.iter().sum::<u128>() && got > least, "{got}");
    assert!(balance(folder, "bob") < paying, "bob paid the fee");

    let (height, index) = (&done["height"], &done["index"]);
    let from = format!("--from-height {height} --from-index {index} --owner carol");
    let told = lists::events(folder, &from);
    let one = told.iter().find(|one| one["hash"] == done["hash"]);
    let one = one.unwrap_or_else(|| panic!("{told:?}"));
    let sums = |name: &str| -> Vec<u128> {
        let all = one["events"].as_array().expect("events").iter();
        let named = all.filter(|event| event["name"] == name);
        named
            .map(|event| number(&event["attributes"], "amount"))
            .collect()
    };
    assert_eq!(sums("paid"), [got], "{one}");
    let collected = sums("collected");
    assert_eq!(collected.len(), 2, "{one}");
    assert_eq!(collected.iter().sum::<u128>(), got, "{one}");
}

//! The alert rules, run by Prometheus' own promtool over their cases, whole and broken; and that they and the dashboard name what is
//! served. Go builds promtool once, from `validator/tests/promtool`.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use plasmid::node::{
    metrics::METRICS,
    tools::{GoProgram, Tools},
};
use serde_json::Value;

use crate::docs;

const PROMTOOL: GoProgram<'_> = GoProgram {
    name: "promtool",
    shown: "promtool",
    files: &[
        ("go.mod", include_str!("../promtool/go.mod")),
        ("go.sum", include_str!("../promtool/go.sum")),
        ("tools.go", include_str!("../promtool/tools.go")),
    ],
    package: "github.com/prometheus/prometheus/cmd/promtool",
    // How Prometheus finds what it scrapes in twenty clouds is most of its code, and no part of a rule.
    tags: Some("remove_all_sd"),
};

fn monitoring(name: &str) -> Value {
    let text = fs::read_to_string(docs("monitoring").join(name)).expect("the file");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn rules(alerts: &Value) -> &[Value] {
    alerts["groups"][0]["rules"].as_array().expect("rules")
}

fn text<'a>(rule: &'a Value, field: &str) -> &'a str {
    rule[field].as_str().expect("a text")
}

/// The alerts of which promtool says that a case of this file fails.
fn failing(cases: &Path) -> BTreeSet<String> {
    let promtool = Tools::new(None).ensure_go(&PROMTOOL);
    let mut command = Command::new(promtool.unwrap_or_else(|error| panic!("{error}")));
    let output = command.args(["test", "rules"]).arg(cases).output();
    let output = output.expect("promtool runs");
    let said = String::from_utf8(output.stderr).expect("text");
    let failing: BTreeSet<_> = said
        .lines()
        .filter_map(|line| line.trim().strip_prefix("alertname: ")?.split_once(','))
        .map(|(name, _)| name.to_owned())
        .collect();
    // Whatever else promtool refuses is no failure of a case.
    assert_eq!(output.status.success(), failing.is_empty(), "{said}");
    failing
}

/// The alerts whose cases fail when `broken` has changed the rules; it says of each rule whether it has changed that one. All rules are
/// broken in one run, because a case looks at its own alert alone.
fn found(broken: impl Fn(&mut Value) -> bool) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut alerts = monitoring("alerts.json");
    let mut changed = BTreeSet::new();
    for rule in alerts["groups"][0]["rules"].as_array_mut().expect("rules") {
        if broken(rule) {
            changed.insert(text(rule, "alert").to_owned());
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let cases = folder.path().join("alerts.test.json");
    fs::write(folder.path().join("alerts.json"), alerts.to_string()).expect("a file");
    fs::copy(docs("monitoring/alerts.test.json"), &cases).expect("a copy");
    (failing(&cases), changed)
}

/// A rule's `for`, moved by this many minutes and multiplied.
fn wait(rule: &mut Value, more: i64, times: i64) {
    let minutes = text(rule, "for").strip_suffix('m').expect("minutes");
    let minutes: i64 = minutes.parse().expect("a number");
    rule["for"] = format!("{}m", (minutes + more) * times).into();
}

#[test]
fn promtool_sees_every_alert_fire_in_its_minute_and_not_before() {
    assert!(failing(&docs("monitoring/alerts.test.json")).is_empty());
}

#[test]
fn promtool_finds_each_rule_that_is_broken() {
    let alerts = monitoring("alerts.json");
    let all: BTreeSet<_> = rules(&alerts)
        .iter()
        .map(|rule| text(rule, "alert").to_owned())
        .collect();
    assert_eq!(all.len(), rules(&alerts).len());

    // Each comparison, and `absent`, says the contrary; some rules have two.
    let mut inverted = BTreeSet::new();
    for place in 0..2 {
        let (found, changed) = found(|rule| {
            let contrary = contrary(text(rule, "expr"), place);
            let Some(contrary) = contrary else {
                return false;
            };
            rule["expr"] = contrary.into();
            true
        });
        assert_eq!(found, changed, "comparison {place}");
        inverted.extend(changed);
    }
    assert_eq!(inverted, all);

    // What reaches a threshold is not above it.
    let (reached, changed) = found(|rule| {
        let expression = text(rule, "expr").replace(" > ", " >= ");
        let above = expression != text(rule, "expr");
        rule["expr"] = expression.into();
        above
    });
    assert_eq!(reached, changed);
    assert!(changed.len() > all.len() / 2, "{changed:?}");

    for (more, times) in [(0, 100), (1, 1), (-1, 1)] {
        let (found, _) = found(|rule| {
            wait(rule, more, times);
            true
        });
        assert_eq!(found, all, "for: {more} more, {times} times");
    }
    let (severe, _) = found(|rule| {
        let severity = &mut rule["labels"]["severity"];
        *severity = match severity.as_str() {
            Some("critical") => "warning",
            _ => "critical",
        }
        .into();
        true
    });
    assert_eq!(severe, all);
    for field in ["summary", "description"] {
        let (found, _) = found(|rule| {
            let told = &mut rule["annotations"][field];
            *told = format!("{} And more.", told.as_str().expect("a text")).into();
            true
        });
        assert_eq!(found, all, "{field}");
    }
}

/// The expression with its comparison at this place turned round, where it has one.
fn contrary(expression: &str, place: usize) -> Option<String> {
    if let Some(inner) = expression.strip_prefix("absent") {
        return (place == 0).then(|| inner.to_owned());
    }
    let mut words: Vec<_> = expression.split(' ').collect();
    let compares = |word: &&mut &str| matches!(**word, "==" | ">");
    let word = words.iter_mut().filter(compares).nth(place)?;
    *word = if *word == "==" { "!=" } else { "<=" };
    Some(words.join(" "))
}

/// Words of an expression that name a series.
fn series(expression: &str) -> impl Iterator<Item = &str> {
    expression
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("plasmid_") || word.starts_with("cometbft_"))
}

#[test]
fn dashboard_and_alerts_name_what_is_served() {
    let known = |name: &str| METRICS.iter().any(|metric| metric.name == name);
    let alerts = monitoring("alerts.json");
    assert!(!rules(&alerts).is_empty());
    for rule in rules(&alerts) {
        for field in ["alert", "expr", "for"] {
            assert!(rule[field].is_string(), "{rule}");
        }
        let severity = rule["labels"]["severity"].as_str();
        assert!(matches!(severity, Some("warning" | "critical")), "{rule}");
        for field in ["summary", "description"] {
            assert!(rule["annotations"][field].is_string(), "{rule}");
        }
        let expression = text(rule, "expr");
        // Prometheus' own series says whether a node could be read at all.
        let scraped = expression.contains(r#"up{job="plasmid"}"#);
        assert!(scraped || series(expression).next().is_some(), "{rule}");
        assert!(series(expression).all(known), "{rule}");
        balanced(expression);
    }
    let dashboard = monitoring("dashboard.json");
    let mut shown = Vec::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        for target in panel["targets"].as_array().expect("targets") {
            let expression = target["expr"].as_str().expect("an expression");
            assert!(series(expression).all(known), "{target}");
            balanced(expression);
            shown.extend(series(expression).map(str::to_owned));
        }
    }
    let missing = METRICS
        .iter()
        .filter(|metric| !shown.iter().any(|name| name == metric.name));
    let missing: Vec<_> = missing.map(|metric| metric.name).collect();
    assert!(
        missing.is_empty(),
        "the dashboard does not show {missing:?}"
    );
}

/// An alert that waits for more than there can be says nothing for ever.
#[test]
fn every_threshold_of_an_alert_can_be_reached() {
    let alerts = monitoring("alerts.json");
    let mut compared = 0;
    for rule in rules(&alerts) {
        let expression = text(rule, "expr");
        let words: Vec<_> = expression.split_whitespace().collect();
        for place in words.windows(3) {
            let Some(metric) = METRICS.iter().find(|metric| metric.name == place[0]) else {
                continue;
            };
            let number = place[2].parse::<u64>();
            let number = number.unwrap_or_else(|error| panic!("{expression}: {error}"));
            let reached = match place[1] {
                ">" => metric.max > number,
                "==" => metric.max >= number,
                other => panic!("{expression}: {other} is not understood"),
            };
            assert!(
                reached,
                "{expression}: {} is at most {}",
                metric.name, metric.max
            );
            compared += 1;
        }
    }
    // One for each bound that a metric has, and those without.
    assert!(compared >= 5, "{compared}");
}

fn balanced(expression: &str) {
    for (open, close) in [('(', ')'), ('{', '}'), ('[', ']')] {
        let count = |wanted: char| expression.chars().filter(|found| *found == wanted).count();
        assert_eq!(count(open), count(close), "{expression}");
    }
}

//! What is taken over from a node's answers, in words.

use plasmid_proto::{ledger::v1::Attribute, stake::v1::Line};

use super::*;

fn event(name: &str, attributes: &[(&str, &str)]) -> Event {
    let attributes = attributes.iter().map(|(key, value)| Attribute {
        key: (*key).into(),
        value: (*value).into(),
    });
    Event {
        name: name.into(),
        attributes: attributes.collect(),
    }
}

#[test]
fn what_would_happen_is_told_and_a_refusal_is_no_effect() {
    let coin = "1000000000000000000";
    let line = [("operator", "0x1"), ("line", "2")];
    let with = |more: &[(&'static str, &'static str)]| [&line, more].concat();
    let events = vec![
        event("plasmid", &[("account", "0x1")]),
        event("opened", &[("position", "3"), ("amount", coin)]),
        event(
            "delegated",
            &with(&[("position", "3"), ("amount", "500000000000000000")]),
        ),
        event("undelegated", &with(&[("position", "4"), ("last", "9")])),
        event("collected", &[("position", "4"), ("amount", "1")]),
        event("paid", &[("account", "0x5"), ("amount", "x\u{1b}[2J")]),
        event("unseated", &with(&[("seat", "6"), ("why", "left")])),
    ];
    let answer = PrepareResponse {
        events,
        ..PrepareResponse::default()
    };
    let said = effect(&answer);
    for words in [
        "position 3 is made, which holds 1 coins; position 3 backs line 2 of 0x1 with 0.5 coins",
        "position 4 backs line 2 of 0x1 up to epoch 9",
        "0.000000000000000001 coins of rewards are taken from position 4",
        "\"x\\u{1b}[2J\", which is not an amount, are paid to 0x5",
        "line 2 of 0x1 loses seat 6 (left)",
    ] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    let refused = |code, log: &str| {
        effect(&PrepareResponse {
            code,
            log: log.into(),
            ..answer.clone()
        })
    };
    assert_eq!(
        refused(7, "a\nb"),
        "it would be refused now: a\\nb (code 7)"
    );
    assert!(refused(Code::NonceAhead.number(), "").contains("come before it"));
    assert_eq!(
        effect(&PrepareResponse::default()),
        "it would be carried out"
    );
}

#[test]
fn a_position_is_told_with_what_it_waits_for_where_it_is_claimed() {
    let found = Position {
        number: 7,
        owner: "0x1".into(),
        held: "2000000000000000000".into(),
        rewards: "0".into(),
        cut_waits: "5".into(),
        waits: "epoch 9".into(),
        matures_at: Some(11),
        ..Position::default()
    };
    for (claims, waits) in [(true, true), (false, false)] {
        let said = of_position(&found, claims);
        assert_eq!(said.contains("it waits: epoch 9"), waits, "{said}");
        for words in [
            "position 7 of 0x1 holds 2 coins",
            "rewards of 0 coins",
            "have to be cut",
            "second 11",
        ] {
            assert!(said.contains(words), "{words:?} is not in {said}");
        }
    }
}

#[test]
fn a_line_is_told_with_its_bounds_its_seat_and_the_epoch_in_which_it_counts() {
    let line = Line {
        number: 1,
        seat: Some(2),
        stake: "0".into(),
        commission: 300,
        max_commission: 2_000,
        commission_step: 100,
        jailed_until: 5,
        state: "open".into(),
        commission_owed: "1000000000000000000".into(),
        ..Line::default()
    };
    let told = |line: Line, tombstoned, body: &StakeBody| {
        let found = GetValidatorResponse {
            line: Some(line),
            tombstoned,
            seat_costs: "3000000000000000000".into(),
            epoch: 8,
            ..GetValidatorResponse::default()
        };
        of_operator(&found, body).join("; ")
    };
    let all = told(line.clone(), false, &StakeBody::TakeSeat);
    for words in [
        "300 / 10,000 now",
        "2000 / 10,000, by at most 100",
        "has seat 2",
        "is 8,",
        "epoch 10 on",
    ] {
        assert!(all.contains(words), "{words:?} is not in {all}");
    }
    let jailed = Line {
        jailed: true,
        ..line.clone()
    };
    let none = Line {
        seat: None,
        ..line.clone()
    };
    let waits = |until, jailed_until| Line {
        until: Some(until),
        jailed_until,
        ..none.clone()
    };
    let closed = Line {
        state: "retired".into(),
        ..waits(9, 0)
    };
    let claim = StakeBody::ClaimCommission {
        line: 1,
        to: Account::NONE,
    };
    for (line, tombstoned, words) in [
        (jailed, false, "in jail until epoch 5"),
        (
            none.clone(),
            false,
            "the cheapest seat takes 3 coins; 1 coins",
        ),
        (
            waits(7, 8),
            false,
            "the cheapest seat takes 3 coins; 1 coins",
        ),
        (closed, false, "it is retired and never takes a seat again"),
        (
            waits(8, 8),
            false,
            "another from epoch 9 on, or from epoch 8 on",
        ),
        (
            waits(9, 8),
            false,
            "another from epoch 10 on, or from epoch 9 on",
        ),
        (
            waits(9, 12),
            false,
            "has it there and no evidence came against its key; it is in jail until epoch 12",
        ),
        (
            waits(0, 9),
            false,
            "takes 3 coins; it is in jail until epoch 9",
        ),
        (line.clone(), true, "never validates again"),
        (line, false, "1 coins of commission are pending"),
    ] {
        let said = told(line, tombstoned, &claim);
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
}

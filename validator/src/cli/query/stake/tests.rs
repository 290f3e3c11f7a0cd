//! Names under which stake is told.

use plasmid_proto::stake::v1::Leg;

use super::*;

#[test]
fn what_is_told_of_stake_stands_under_its_names() {
    let leg = Leg {
        operator: "0x1".into(),
        line: 2,
        first: 3,
        last: Some(4),
        cut: 5,
    };
    let position = Position {
        number: 1,
        owner: "me".into(),
        restake: true,
        base: "10".into(),
        held: "9".into(),
        settled: "8".into(),
        rewards: "7".into(),
        cut_waits: "6".into(),
        bonded: true,
        waits: "why".into(),
        legs: vec![leg],
        matures_at: Some(11),
        matures_about: Some(12),
        cuts: Vec::new(),
        more_cuts_from: Some(13),
    };
    assert_eq!(
        position_object(&position),
        json!({
            "position": 1, "owner": "me", "bonded": true, "base": "10", "held": "9", "settled": "8", "rewards": "7", "restake": true,
            "cut_waits": "6", "waits": "why", "matures_at": 11, "matures_about": 12, "cuts": [], "more_cuts_from": 13,
            "legs": [{ "operator": "0x1", "line": 2, "first": 3, "last": 4, "cut": 5 }],
        })
    );
    let rewards = GetRewardsResponse {
        pool: "1".into(),
        owed: "2".into(),
        burned: "3".into(),
        height: 4,
        drip: 5,
    };
    assert_eq!(
        rewards_object(&rewards),
        json!({ "pool": "1", "drip": 5, "owed": "2", "burned": "3", "height": 4 })
    );
}

#[test]
fn an_operator_is_told_with_its_line_and_what_it_says_of_itself() {
    let line = Line {
        number: 1,
        state: "open".into(),
        seat: Some(2),
        jailed: true,
        until: None,
        stake: "30".into(),
        self_stake: "20".into(),
        min_self_stake: "10".into(),
        commission: 5,
        max_commission: 6,
        commission_step: 7,
        commission_changed: 8,
        commission_owed: "9".into(),
        jailed_until: 11,
        freezes: Some(Freezes {
            count: 1,
            lowest: 12,
            highest: 13,
        }),
    };
    let found = GetValidatorResponse {
        operator: "0x1".into(),
        registration: 14,
        tombstoned: true,
        consensus_key: vec![1],
        checkpoint_key: vec![2],
        line: Some(line),
        description: Some(Description {
            name: "a".into(),
            website: "b".into(),
            contact: "c".into(),
            details: "d".into(),
        }),
        seat_costs: "15".into(),
        height: 16,
        epoch: 17,
    };
    assert_eq!(
        validator_object(found),
        json!({
            "operator": "0x1", "registration": 14, "tombstoned": true, "consensus_key": "01", "checkpoint_key": "02", "seat_costs": "15",
            "epoch": 17, "height": 16, "line": 1, "state": "open", "seat": 2, "jailed": true, "jailed_until": 11, "until": null,
            "stake": "30", "self_stake": "20", "min_self_stake": "10", "commission": 5, "max_commission": 6, "commission_step": 7,
            "commission_changed": 8, "commission_owed": "9", "freezes": 1, "frozen_from": 12, "frozen_to": 13,
            "name": "a", "website": "b", "contact": "c", "details": "d",
        })
    );
}

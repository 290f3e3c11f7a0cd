//! What a relayer says, how long it waits, and where it keeps its position.

use alloy_primitives::{Address, B256};

use super::*;

#[test]
fn programs_and_people_are_told_the_same_of_every_notice() {
    let hash = B256::repeat_byte(1);
    let (one, carrier) = (hash.to_string(), Address::repeat_byte(2).to_string());
    let missing = Missing {
        seat: 3,
        operator: Address::repeat_byte(2),
    };
    let paid = |gas_price, succeeded| Notice::Paid {
        epoch: 4,
        hash,
        gas_used: 5,
        gas_price,
        succeeded,
    };
    for (notice, object, sentence) in [
        (
            Notice::Sent {
                epoch: 4,
                nonce: 5,
                hash,
                absent: 6,
            },
            json!({ "event": "sent", "epoch": 4, "nonce": 5, "hash": one, "absent": 6 }),
            format!("checkpoint 4: sent as {one}, 6 signers absent"),
        ),
        (
            Notice::Finalizing {
                epoch: 4,
                nonce: 5,
                hash,
            },
            json!({ "event": "finalizing", "epoch": 4, "nonce": 5, "hash": one }),
            format!(
                "checkpoint 4 and all before it: sent as {one} to make them final, which nobody pays for"
            ),
        ),
        (
            Notice::PaidFinal {
                epoch: 4,
                hash,
                gas_used: 5,
                gas_price: Some(6),
                succeeded: true,
            },
            json!({
                "event": "paid_final", "epoch": 4, "hash": one, "gas_used": 5, "gas_price": "6", "succeeded": true,
            }),
            "checkpoint 4 and all before it: 5 gas at 6 wei made them final".to_owned(),
        ),
        (
            Notice::NotOver { epoch: 4, secs: 90 },
            json!({ "event": "not_over", "epoch": 4, "secs": 90 }),
            "epoch 4 has not ended after 90 seconds, longer than one may last: the child makes no blocks, or the nodes that are asked do not have them"
                .to_owned(),
        ),
        (
            Notice::Accepted {
                epoch: 4,
                carrier: Address::repeat_byte(2),
            },
            json!({ "event": "accepted", "epoch": 4, "carrier": carrier }),
            format!("checkpoint 4: accepted, carried by {carrier}"),
        ),
        (
            paid(Some(6), true),
            json!({
                "event": "paid", "epoch": 4, "hash": one, "gas_used": 5, "gas_price": "6", "succeeded": true,
            }),
            "checkpoint 4: 5 gas at 6 wei".to_owned(),
        ),
        (
            paid(None, false),
            json!({
                "event": "paid", "epoch": 4, "hash": one, "gas_used": 5, "gas_price": null, "succeeded": false,
            }),
            "checkpoint 4: 5 gas, but another relayer was faster".to_owned(),
        ),
        (
            Notice::Waiting {
                epoch: 4,
                reason: "too few".into(),
                missing: vec![missing],
            },
            json!({
                "event": "waiting", "epoch": 4, "reason": "too few", "missing": [{ "seat": 3, "operator": carrier }],
            }),
            format!("checkpoint 4: waiting, too few; no share of {carrier} (seat 3)"),
        ),
        (
            Notice::Stuck { nonce: 5 },
            json!({ "event": "stuck", "nonce": 5 }),
            "the transaction of nonce 5 is not mined: offering more".to_owned(),
        ),
        (
            Notice::ReadsAgain { index: 7 },
            json!({ "event": "reads_again", "message": 7 }),
            "message 7 is needed and was let go of: the root chain is read again from the deployment's first block".to_owned(),
        ),
        (
            Notice::Root("it stands".into()),
            json!({ "event": "root", "standing": "it stands" }),
            "it stands".to_owned(),
        ),
        (
            Notice::Reading {
                reached: 8,
                target: 9,
            },
            json!({ "event": "reading", "reached": 8, "target": 9 }),
            "reading the root chain: block 8 of 9".to_owned(),
        ),
        (
            Notice::DateBehind { secs: 61 },
            json!({ "event": "date_behind", "secs": 61 }),
            "the date of this machine lies 61 seconds behind root's newest block: set its clock. The relayer goes on, because it waits by root's time and by a clock that never steps back".to_owned(),
        ),
        (
            Notice::Trouble("no answer".into()),
            json!({ "event": "trouble", "reason": "no answer" }),
            "trouble: no answer; trying again".to_owned(),
        ),
    ] {
        assert_eq!(shown(&notice), (object, sentence));
    }
}

#[test]
fn a_relayer_that_is_not_named_waits_until_it_is_paid() {
    let local = crate::ledger::parameters::Parameters::local();
    let told = crate::wire::parameters(&local);
    assert_eq!(
        paid_after(&told).unwrap(),
        local.relay_window_secs + local.root_block_secs
    );
    let error = paid_after(&[]).unwrap_err().to_string();
    assert!(error.contains("--patience"), "{error}");
    let honest = |name: &str| (name.to_owned(), told.clone());
    let seconds = local.relay_window_secs + local.root_block_secs;
    assert_eq!(agreed(&[honest("a"), honest("b")]).unwrap(), seconds);
    for lie in ["0".to_owned(), u64::MAX.to_string()] {
        let mut other = honest("http://liar");
        for parameter in &mut other.1 {
            if parameter.name == "relay_window_secs" {
                parameter.value = lie.clone();
            }
        }
        let error = agreed(&[honest("a"), other]).unwrap_err().to_string();
        for words in ["http://liar", "--patience", &seconds.to_string()] {
            assert!(error.contains(words), "{error}");
        }
    }
    assert!(agreed(&[]).is_err());
}

#[test]
fn a_relayer_keeps_its_position_in_the_users_state_folder() {
    let with = |state: Option<&str>, home: Option<&str>| {
        let found = state_folder(|name| match name {
            "XDG_STATE_HOME" => state.map(PathBuf::from),
            _ => home.map(PathBuf::from),
        });
        found.map(|folder| folder.display().to_string())
    };
    let home = Some("/people/me");
    let usual = Some("/people/me/.local/state/plasmid".to_owned());
    assert_eq!(with(None, home), usual);
    assert_eq!(with(Some("/s"), home).as_deref(), Some("/s/plasmid"));
    // The standard says that a path which is not absolute is ignored.
    assert_eq!(with(Some("s"), home), usual);
    assert_eq!(with(None, Some("")), None);
    assert_eq!(with(None, None), None);
}

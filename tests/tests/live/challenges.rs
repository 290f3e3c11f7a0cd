//! Challenges by hand: what is typed asks root for data of a network, answers from its nodes, makes void what nobody answered, and takes back what was paid in.

use plasmid::ledger::Parameters;
use plasmid_tests::running::{Plan, Running, person};
use serde_json::{Value, json};

use super::exits::{done, passes, typed};

/// A, P and W: C is what is left of W.
const ANSWER_SECS: u64 = 30;
const PROVE_SECS: u64 = 20;
const WINDOW_SECS: u64 = 150;

fn plan() -> Plan {
    let plan = Plan::default();
    Plan {
        parameters: Parameters {
            answer_secs: ANSWER_SECS,
            prove_secs: PROVE_SECS,
            challenge_secs: WINDOW_SECS,
            evidence_secs: WINDOW_SECS + 10,
            unbonding_secs: WINDOW_SECS + 6 * ANSWER_SECS,
            ..plan.parameters
        },
        ..plan
    }
}

/// A command about a part of a checkpoint.
fn about<'a>(command: &'a str, epoch: &'a str, part: &'a [&'a str]) -> Vec<&'a str> {
    let own = [
        "challenge",
        command,
        "--epoch",
        epoch,
        "--from",
        "alice",
        "--yes",
    ];
    [&own[..], part].concat()
}

fn text(value: &Value) -> u128 {
    let text = value.as_str().expect("an amount");
    text.parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_asks_answers_lets_expire_and_is_paid_back() {
    let mut running = Running::start(&plan()).await;
    let alice = person(&running, "alice").await;
    running
        .until("root has accepted a checkpoint", |view| async move {
            (view.head().await.accepted > 0).then_some(())
        })
        .await;
    let listed = done(&running, &["challenge", "list"]);
    assert_eq!(listed["challenges"], json!([]), "{listed}");
    assert_eq!(listed["voidable_from"], 0, "{listed}");
    assert_eq!(listed["ask_secs"], WINDOW_SECS - ANSWER_SECS - PROVE_SECS);
    let (segment, leaf) = (text(&listed["segment_price"]), text(&listed["leaf_price"]));
    assert!(leaf * 8 >= segment && leaf < segment, "{listed}");
    for name in ["segment_deadline", "leaf_deadline"] {
        let earliest = listed["root_time"].as_u64().expect("a time") + ANSWER_SECS;
        assert!(listed[name].as_u64() >= Some(earliest), "{listed}");
    }
    assert!(listed["voidable_until"].as_u64() >= Some(1), "{listed}");
    assert!(done(&running, &["exit", "status"])["held_from"].is_null());

    // What costs nothing: a dry run, and what root would not take.
    let (leaf, none) = (["--leaf", "3"], ["--block", "2", "--segment", "900"]);
    let dry = [about("ask", "0", &leaf), vec!["--dry-run"]].concat();
    let dry = done(&running, &dry);
    assert!(text(&dry["sent"]) > text(&dry["price"]), "{dry}");
    assert!(dry["root_transaction"].is_null(), "{dry}");
    for (arguments, wanted) in [
        (about("answer", "0", &leaf), "nobody asked for leaf 3"),
        (about("expire", "0", &leaf), "nobody asked for leaf 3"),
        (about("refund", "0", &leaf), "nobody asked for leaf 3"),
        (
            about("ask", "900", &leaf),
            "has not accepted a checkpoint of epoch 900",
        ),
        (
            about("ask", "0", &["--block", "60000", "--segment", "0"]),
            "neither one of a segment",
        ),
    ] {
        let refused = typed(&running, &arguments).expect_err("it is refused");
        assert!(refused.contains(wanted), "{refused}");
    }

    // Asked and answered from the nodes, what is there and what is not.
    for part in [&leaf[..], &none[..]] {
        let asked = done(&running, &about("ask", "0", part));
        assert!(asked["deadline"].as_u64() > Some(0), "{asked}");
        let again = typed(&running, &about("ask", "0", part)).expect_err("it is asked for");
        assert!(again.contains("everything is asked for once"), "{again}");
        let listed = done(&running, &["challenge", "list"]);
        let [open] = &listed["challenges"].as_array().expect("a list")[..] else {
            panic!("{listed}");
        };
        assert_eq!(
            (&open["epoch"], &open["state"]),
            (&json!(0), &json!("open"))
        );
        assert_eq!(open["price"], asked["price"], "{listed}");
        let challenger = alice.wallet.address().to_string();
        assert_eq!(open["challenger"], challenger, "{listed}");
        assert_eq!(open["leaf"].is_null(), part.len() == 4, "{listed}");
        assert_eq!(open["block"].is_null(), part.len() == 2, "{listed}");
        assert_eq!(open["segment"].is_null(), part.len() == 2, "{listed}");
        assert_eq!(done(&running, &["exit", "status"])["held_from"], 0);
        let early = typed(&running, &about("expire", "0", part)).expect_err("it is open");
        assert!(
            early.contains("it can be answered until root time"),
            "{early}"
        );
        let early = typed(&running, &about("refund", "0", part)).expect_err("it is open");
        assert!(early.contains("can still be void"), "{early}");
        let kept = running.network.folder.join("kept");
        let kept = ["--folder", kept.to_str().expect("a path")];
        let answered = done(
            &running,
            &[about("answer", "0", part), kept.to_vec()].concat(),
        );
        assert!(answered["bytes"].as_u64() > Some(500), "{answered}");
        let most = text(&answered["pays_at_most"]);
        assert_eq!(most, text(&asked["price"]) / 2, "{answered}");
        assert_eq!(answered["challenger"], challenger, "{answered}");
        let over = typed(&running, &about("answer", "0", part)).expect_err("it is answered");
        assert!(over.contains("is answered, or was paid back"), "{over}");
    }
    assert!(done(&running, &["exit", "status"])["held_from"].is_null());

    // Nobody answers: the checkpoint is void, and the price comes back.
    let part = ["--block", "1", "--segment", "0"];
    let asked = done(&running, &about("ask", "0", &part));
    passes(&running, ANSWER_SECS + 2).await;
    let listed = done(&running, &["challenge", "list"]);
    assert_eq!(listed["challenges"][0]["state"], "due", "{listed}");
    done(&running, &about("expire", "0", &part));
    let status = done(&running, &["exit", "status"]);
    assert_eq!(
        (&status["stage"], &status["void_from"]),
        (&json!("exit mode"), &json!(0))
    );
    let listed = done(&running, &["challenge", "list"]);
    assert_eq!(
        listed["challenges"][0]["state"], "to be paid back",
        "{listed}"
    );
    let before = running.rpc.balance(alice.wallet.address()).await;
    let paid = done(&running, &about("refund", "0", &part));
    assert_eq!(paid["price"], asked["price"], "{paid}");
    let after = running.rpc.balance(alice.wallet.address()).await;
    let gain = after.expect("root") - before.expect("root");
    let (gain, price) = (gain.to::<u128>(), text(&asked["price"]));
    assert!(gain < price && gain > price / 2, "{gain} of {price}");
    let listed = done(&running, &["challenge", "list"]);
    assert_eq!(listed["challenges"], json!([]), "{listed}");
}

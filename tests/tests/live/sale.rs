//! A withdrawal is offered, and bought before its checkpoint is final: the seller has coins at once, the buyer is paid by the ordinary claim. Another
//! one is given away, and paid to whom it was given; a third one so when all validators are gone, with root and a proof file alone.

use alloy_primitives::{Address, U256};
use plasmid::ledger::Parameters;
use plasmid_tests::running::{Plan, Running, person};
use serde_json::{Value, json};

use super::exits::{done, passes, typed};

/// T and the grace, by root's clock.
const TIMEOUT: u64 = 1_920;
const GRACE: u64 = 120;
/// W: long enough to sell something before a checkpoint is final.
const WINDOW: u64 = 45;
/// Coins, in wei.
const COIN: u128 = 1_000_000_000_000_000_000;
/// Where the bought one, the given one and the one of exit mode are paid.
const BOUGHT: Address = Address::repeat_byte(0x77);
const GIVEN: Address = Address::repeat_byte(0x66);
const LATE: Address = Address::repeat_byte(0x55);

async fn coins(running: &Running, of: Address) -> U256 {
    running.rpc.balance(of).await.expect("root answers")
}

fn refused(running: &Running, arguments: &[&str], words: &str) {
    let said = typed(running, arguments).expect_err(words);
    assert!(said.contains(words), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_is_sold_before_it_is_final_and_given_away_and_paid_to_whom_it_belongs() {
    let plan = Plan {
        parameters: Parameters {
            challenge_secs: WINDOW,
            evidence_secs: WINDOW + 6,
            unbonding_secs: WINDOW + 26,
            exit_timeout_secs: TIMEOUT,
            grace_secs: GRACE,
            ..Plan::default().parameters
        },
        ..Plan::default()
    };
    let mut running = Running::start(&plan).await;
    let (alice, carol) = (
        person(&running, "alice").await,
        person(&running, "carol").await,
    );
    let owner = carol.wallet.address();
    let mut numbers = Vec::new();
    for amount in [3 * COIN, 2 * COIN, COIN] {
        let number = running.withdraw(0, &alice, owner, amount).await;
        numbers.push(number.to_string());
    }
    let [sold, given, late] = numbers.try_into().expect("three");
    let (sold, given, late) = (sold.as_str(), given.as_str(), late.as_str());
    let epoch = running.view().status(0).await.epoch;
    running
        .until(
            "root has accepted a checkpoint behind all that",
            |view| async move { (view.head().await.accepted > epoch).then_some(()) },
        )
        .await;

    // What stands there, in words and for programs.
    let look = ["bridge", "offered", sold];
    let seen = done(&running, &look);
    let shown_epoch = seen["epoch"].as_u64().expect("an epoch");
    let (until, now) = (seen["open_until"].as_u64(), seen["root_time"].as_u64());
    assert_eq!(
        seen,
        json!({
            "number": sold.parse::<u64>().expect("a number"), "recipient": owner.to_string(), "token": Address::ZERO.to_string(),
            "amount": (3 * COIN).to_string(), "leaf_index": seen["leaf_index"], "payee": owner.to_string(), "paid": false, "price": "0",
            "deadline": Value::Null, "for_sale": false, "epoch": shown_epoch, "checkpoint": "open", "open_until": until, "root_time": now,
            "held_from": Value::Null, "vault_owes": Value::Null, "vault_holds": Value::Null,
        })
    );
    assert!(
        until > now && until <= now.map(|now| now + WINDOW),
        "{seen}"
    );

    // Only the owner sells it, and only for his price.
    let to = BOUGHT.to_string();
    let steal = [
        "bridge", "assign", sold, "--to", &to, "--from", "alice", "--yes",
    ];
    refused(&running, &steal, &format!("is paid to {owner}, who alone"));
    let buy = |price: &'static str, last: &'static str| {
        [
            "bridge", "buy", sold, "--price", price, "--from", "alice", "--to", &to, last,
        ]
        .map(str::to_owned)
    };
    let bought = |running: &Running, price, last| {
        let words = buy(price, last);
        typed(running, &words.each_ref().map(String::as_str))
    };
    let none = bought(&running, "2", "--yes").expect_err("it is not for sale");
    assert!(none.contains("is not for sale: nothing was paid"), "{none}");
    let offer = [
        "bridge",
        "offer",
        sold,
        "--price",
        "2",
        "--for-secs",
        "600",
        "--from",
        "carol",
    ];
    // Where nobody says how long, it is for sale until the checkpoint can be final.
    let usual = ["bridge", "offer", sold, "--price", "2", "--from", "carol"];
    let usual = done(&running, &[&usual[..], &["--dry-run"]].concat());
    assert_eq!(usual["deadline"].as_u64(), until, "{usual}");
    let planned = done(&running, &[&offer[..], &["--dry-run"]].concat());
    assert_eq!(planned["transactions_planned"], 1, "{planned}");
    assert_eq!(done(&running, &look)["for_sale"], false);
    let offered = done(&running, &[&offer[..], &["--yes"]].concat());
    assert_eq!(offered["price"], (2 * COIN).to_string(), "{offered}");
    assert_eq!(offered["for_sale"], true, "{offered}");
    assert!(offered["gas_used"].as_u64() > Some(21_000), "{offered}");
    let seen = done(&running, &look);
    assert_eq!(seen["for_sale"], true, "{seen}");
    assert_eq!(seen["price"], (2 * COIN).to_string(), "{seen}");
    assert_eq!(seen["deadline"], offered["deadline"], "{seen}");
    let dear = bought(&running, "1.9", "--yes").expect_err("another price");
    assert!(
        dear.contains("costs 2 coins, and --price is 1.9: nothing was paid"),
        "{dear}"
    );
    refused(
        &running,
        &[
            "bridge", "buy", sold, "--price", "2", "--from", "carol", "--yes",
        ],
        "is yours already",
    );

    // It is bought, and its seller has the price while the checkpoint can still be made void.
    let before = coins(&running, owner).await;
    let planned = bought(&running, "2", "--dry-run").expect("it is shown");
    assert_eq!(planned["seller"], owner.to_string(), "{planned}");
    assert_eq!(coins(&running, owner).await, before);
    let made = bought(&running, "2", "--yes").expect("it is bought");
    println!("bought: {made}");
    assert_eq!(
        (&made["to"], &made["payee"]),
        (&json!(to), &json!(to)),
        "{made}"
    );
    assert_eq!(made["for_sale"], false, "{made}");
    assert_eq!(made["agreed_price"], (2 * COIN).to_string(), "{made}");
    assert_eq!(made["price"], "0", "{made}");
    assert_eq!(made["deadline"], Value::Null, "{made}");
    assert_eq!(coins(&running, owner).await - before, U256::from(2 * COIN));
    let head = running.view().head().await;
    assert!(head.finalized <= shown_epoch, "not final yet");
    assert_eq!(coins(&running, BOUGHT).await, U256::ZERO);
    let seen = done(&running, &look);
    assert_eq!(seen["payee"], to, "{seen}");
    assert_eq!(seen["for_sale"], false, "{seen}");
    let again = [
        "bridge", "offer", sold, "--price", "1", "--from", "carol", "--yes",
    ];
    refused(&running, &again, &format!("is paid to {to}, who alone"));

    // Another one is given away.
    let friend = GIVEN.to_string();
    let assign = [
        "bridge", "assign", given, "--to", &friend, "--from", "carol", "--yes",
    ];
    let gift = done(&running, &assign);
    assert_eq!(gift["to"], friend, "{gift}");
    let file = running
        .network
        .folder
        .join("late.json")
        .display()
        .to_string();
    done(
        &running,
        &["bridge", "prove", "--withdrawal", late, "--file", &file],
    );

    // Both are paid by one ordinary claim.
    let before = coins(&running, owner).await;
    let paid = done(
        &running,
        &["bridge", "claim", sold, given, "--from", "alice"],
    );
    let payment = |number: &str, payee: &str, amount: u128| {
        json!({
            "number": number.parse::<u64>().expect("a number"), "payee": payee,
            "token": Address::ZERO.to_string(), "amount": amount.to_string(),
        })
    };
    let payments = [
        payment(sold, &to, 3 * COIN),
        payment(given, &friend, 2 * COIN),
    ];
    assert_eq!(paid["payments"], json!(payments), "{paid}");
    assert_eq!(coins(&running, BOUGHT).await, U256::from(3 * COIN));
    assert_eq!(coins(&running, GIVEN).await, U256::from(2 * COIN));
    assert_eq!(
        coins(&running, owner).await,
        before,
        "its first owner has nothing of it"
    );
    let seen = done(&running, &look);
    assert_eq!(seen["paid"], true, "{seen}");
    assert_eq!(seen["checkpoint"], "final", "{seen}");
    refused(&running, &assign, "was paid already");

    // All validators are gone, and the deployment ends.
    if let Some(mut relayer) = running.network.relayer.take() {
        relayer.kill().expect("it is killed");
    }
    for place in &mut running.network.nodes {
        let mut node = place.take().expect("the node runs");
        node.engine.process().kill().expect("it is killed");
        node.app.kill().expect("it is killed");
    }
    passes(&running, TIMEOUT).await;
    done(&running, &["exit", "begin", "--from", "relayer", "--yes"]);
    passes(&running, GRACE + WINDOW).await;
    done(&running, &["exit", "open", "--from", "relayer", "--yes"]);
    let head = running.view().head().await;
    let home = running.home(0).path().display().to_string();
    let state = running
        .network
        .folder
        .join("base.state")
        .display()
        .to_string();
    let base = (head.accepted - 1).to_string();
    done(
        &running,
        &["export", &state, "--home", &home, "--epoch", &base],
    );

    // What is left is given away without any node, and the exit pays whom it was given to.
    let last = LATE.to_string();
    let assign = [
        "bridge", "assign", late, "--proof", &file, "--to", &last, "--from", "carol", "--yes",
    ];
    done(&running, &assign);
    let asked = ["exit", "status", "--account", "carol", "--state", &state];
    let asked = done(&running, &asked);
    let rows = asked["leaves"].as_array().expect("her leaves");
    let payee = |row: &&Value| row["payout"] == last.as_str();
    let row = rows.iter().find(payee).expect("the withdrawal");
    assert_eq!(row["amount"], COIN.to_string(), "{asked}");
    assert_eq!(row["paid"], false, "{asked}");
    let leave = [
        "exit",
        "leave",
        "--from",
        "relayer",
        "--yes",
        "--state",
        &state,
        "--account",
        "carol",
    ];
    let left = done(&running, &leave);
    let expected = json!({
        "index": row["index"], "payee": last, "token": Address::ZERO.to_string(), "amount": COIN.to_string(),
    });
    let payments = left["payments"].as_array().expect("payments");
    assert!(payments.contains(&expected), "{left}");
    assert_eq!(coins(&running, LATE).await, U256::from(COIN));
    running.stop().await;
}

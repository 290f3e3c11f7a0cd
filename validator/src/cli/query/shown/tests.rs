//! Every field of every object, each with a value that no other field has: programs read them by name.

use super::*;

/// Bytes that no other number gives, and their hex.
fn bytes(number: u8) -> Vec<u8> {
    vec![number; 4]
}

#[test]
fn accounts_balances_tokens_fees_and_parameters() {
    let holder = Account::ethereum([7; 20]);
    let found = GetAccountResponse {
        account: "another".into(),
        balance: "1".into(),
        sequence: 2,
        payout: "0x03".into(),
        exists: true,
        height: 4,
        next_sequence: 5,
    };
    let expected = json!({
        "account": holder.to_string(), "balance": "1", "sequence": 2, "next_sequence": 5, "payout": "0x03", "exists": true, "height": 4,
    });
    assert_eq!(account(&holder, &found), expected);
    let found = Balance {
        token: "0x01".into(),
        symbol: "FOO".into(),
        decimals: 6,
        amount: "1500000".into(),
    };
    let expected =
        json!({ "symbol": "FOO", "amount": "1.5", "base_units": "1500000", "token": "0x01" });
    assert_eq!(balance(&found), expected);
    let strange = Balance {
        amount: "many".into(),
        ..found
    };
    let shown = balance(&strange);
    assert_eq!(
        (&shown["amount"], &shown["base_units"]),
        (&json!(""), &json!("many"))
    );
    let found = Token {
        token: "0x01".into(),
        symbol: "FOO".into(),
        decimals: 6,
        credited: "30".into(),
        withdrawn: "10".into(),
    };
    let expected = json!({
        "symbol": "FOO", "decimals": 6, "token": "0x01", "credited": "30", "withdrawn": "10",
    });
    assert_eq!(token(&found), expected);
    let found = QuoteFeeResponse {
        minimum_fee: "1".into(),
        suggested_fee: "2".into(),
        base_fee: "3".into(),
        byte_fee: "4".into(),
        leaf_price: "5".into(),
        height: 6,
    };
    let expected = json!({
        "minimum_fee": "1", "suggested_fee": "2", "base_fee": "3", "byte_fee": "4", "leaf_price": "5", "height": 6,
    });
    assert_eq!(quote(&found), expected);
    let found = Parameter {
        name: "seats".into(),
        value: "16".into(),
    };
    assert_eq!(parameter(&found), json!({ "name": "seats", "value": "16" }));
}

#[test]
fn what_a_node_says_of_itself_and_of_the_checkpoint_that_root_waits_for() {
    let found = GetStatusResponse {
        chain_id: "chain".into(),
        version: "version".into(),
        height: 1,
        app_hash: bytes(2),
        durable_height: 3,
        epoch: 4,
        leaf_count: 5,
        root_height: 6,
        root_healthy: true,
        inbox_cursor: 7,
        inbox_seen: 8,
        checkpoints_accepted: 9,
        checkpoints_final: 10,
        mempool_transactions: 11,
        registry: "registry".into(),
        inbox: "inbox".into(),
        vault: "vault".into(),
        root_chain: "root chain".into(),
        root_chain_id: 12,
        root_trouble: "trouble".into(),
        height_stands_secs: 13,
        root_silent_secs: 14,
        troubles: vec!["one".into(), "two".into()],
        past_epochs: 15,
        past_leaves: 16,
        past_epochs_on_disk: 17,
        past_leaves_on_disk: 18,
        ..Default::default()
    };
    let expected = json!({
        "chain_id": "chain", "version": "version", "height": 1, "app_hash": "02020202", "durable_height": 3, "height_stands_secs": 13,
        "epoch": 4, "leaf_count": 5, "past_epochs": 15, "past_leaves": 16, "past_epochs_on_disk": 17, "past_leaves_on_disk": 18,
        "root_chain_id": 12, "root_height": 6, "root_healthy": true, "root_trouble": "trouble", "root_silent_secs": 14,
        "troubles": ["one", "two"], "inbox_cursor": 7, "inbox_seen": 8, "checkpoints_accepted": 9, "checkpoints_final": 10,
        "mempool_transactions": 11, "registry": "registry", "inbox": "inbox", "vault": "vault", "root_chain": "root chain",
    });
    assert_eq!(status(&found), expected);
    let waits = AwaitedCheckpoint {
        epoch: 1,
        signed_power: 2,
        total_power: 3,
        missing: Vec::new(),
    };
    let missing = vec![Missing {
        seat: 4,
        operator: [5; 20].into(),
    }];
    let operator = "0x0505050505050505050505050505050505050505";
    let expected = json!({
        "epoch": 1, "signed_power": 2, "total_power": 3, "missing": [{ "seat": 4, "operator": operator }],
    });
    let waits = (&waits, missing);
    assert_eq!(awaited(&waits), expected);
    let whole = whole_status(&found, Some(&waits));
    assert_eq!(
        (&whole["checkpoint_awaited"], &whole["height"]),
        (&expected, &json!(1))
    );
    let whole = whole_status(&found, None);
    assert_eq!(whole.get("checkpoint_awaited"), Some(&Value::Null));
}

#[test]
fn blocks_and_the_validators_of_an_epoch() {
    let found = GetBlockResponse {
        rules: 1,
        height: 2,
        time: 3,
        block_hash: bytes(4),
        witness_hash: bytes(5),
        state_root_before: bytes(6),
        state_root_after: bytes(7),
        segments_root: bytes(8),
        app_hash: bytes(9),
    };
    let expected = json!({
        "height": 2, "time": 3, "app_hash": "09090909", "block_hash": "04040404", "witness_hash": "05050505",
        "state_root_before": "06060606", "state_root_after": "07070707", "segments_root": "08080808", "rules": 1,
    });
    assert_eq!(block(&found), expected);
    let found = Validator {
        seat: 1,
        operator: "operator".into(),
        registration: 2,
        consensus_key: bytes(3),
        consensus_address: bytes(4),
        checkpoint_key: bytes(5),
        power: 6,
        present: 7,
    };
    let row = validator(&found);
    let expected = json!({
        "seat": 1, "operator": "operator", "registration": 2, "power": 6, "present": 7, "consensus_key": "03030303",
        "consensus_address": "04040404",
    });
    assert_eq!(row, expected);
    let answer = ListValidatorsResponse {
        epoch: 1,
        validators: vec![found],
        total_power: 2,
        commitment: bytes(3),
    };
    let expected =
        json!({ "epoch": 1, "total_power": 2, "commitment": "03030303", "validators": [row] });
    assert_eq!(validators(&answer, &[row]), expected);
}

#[test]
fn checkpoints_and_withdrawals_and_who_says_that_they_are_paid() {
    let found = Checkpoint {
        epoch: 1,
        encoded: bytes(99),
        digest: bytes(2),
        last_block_time: 3,
        blocks_root: bytes(4),
        state_root: bytes(5),
        inbox_cursor: 6,
        inbox_link: bytes(7),
        next_set: bytes(8),
        relayer: "relayer".into(),
        previous: bytes(9),
        stage: CheckpointStage::Accepted.into(),
        signed_power: 10,
        total_power: 11,
        accepted_at: 12,
        final_at: 13,
    };
    let expected = json!({
        "epoch": 1, "stage": "accepted", "digest": "02020202", "last_block_time": 3, "blocks_root": "04040404",
        "state_root": "05050505", "inbox_cursor": 6, "inbox_link": "07070707", "next_set": "08080808", "relayer": "relayer",
        "previous": "09090909", "signed_power": 10, "total_power": 11, "accepted_at": 12, "final_at": 13,
    });
    assert_eq!(checkpoint(&found), expected);
    let found = Withdrawal {
        number: 1,
        recipient: "recipient".into(),
        token: "token".into(),
        amount: "2".into(),
        stage: WithdrawalStage::Claimable.into(),
        seconds_to_claim: Some(3),
        leaf_index: 4,
    };
    // Of whoever says nothing nobody's word is shown.
    let root = "root, about the leaf that the node names";
    for (paid, by) in [
        (None, None),
        (Some(false), Some(root)),
        (Some(true), Some(root)),
    ] {
        let expected = json!({
            "number": 1, "recipient": "recipient", "token": "token", "amount": "2", "stage": "claimable", "seconds_to_claim": 3,
            "leaf_index": 4, "paid": paid, "paid_by": by,
        });
        assert_eq!(withdrawal(&found, paid), expected);
    }
}

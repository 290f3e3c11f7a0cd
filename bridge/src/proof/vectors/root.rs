//! Vectors of what root writes and reads: messages, and a checkpoint with its certificates.

use serde_json::{Value, json};

use super::{
    address, checkpoint_secret, consensus_key, deployment, hex, hexes, list, members, set, word,
};
use crate::proof::{
    Hash,
    checkpoint::{Certificate, Checkpoint, certificate},
    inbox::{self, Body, Deposit, Message, Payload, Registration},
};

fn account(kind: u8, number: u32) -> [u8; 21] {
    let mut account = [kind; 21];
    account[1..].copy_from_slice(&address("account", number));
    account
}

fn deposit(token: [u8; 20], native: u128, recipient: [u8; 21], symbol: &[u8]) -> (Body, Value) {
    let mut padded = [0; 32];
    padded[..symbol.len()].copy_from_slice(symbol);
    let deposit = Deposit {
        token,
        amount: 123_456_789_012_345_678_901,
        native,
        recipient,
        refund: address("refund", 0),
        depositor: address("depositor", 0),
        decimals: 18,
        symbol_length: symbol.len() as u8,
        symbol: padded,
    };
    let fields = json!({
        "token": hex(token), "amount": deposit.amount.to_string(), "native": native.to_string(),
        "recipientKind": recipient[0], "recipientId": hex(&recipient[1..]), "refund": hex(deposit.refund),
        "depositor": hex(deposit.depositor), "decimals": 18, "symbolLength": symbol.len(), "symbol": hex(padded),
    });
    (Body::Deposit(deposit), fields)
}

fn registration() -> (Body, Value) {
    let body = Registration {
        operator: address("operator", 0),
        registration: 3,
        consensus_key: consensus_key(0),
        checkpoint_key: checkpoint_secret(0).public_key(),
        bounty_bond: 3_000_000_000_000_000_000,
    };
    let fields = json!({
        "operator": hex(body.operator), "registration": 3, "consensusKey": hex(body.consensus_key),
        "checkpointKey": hex(body.checkpoint_key), "bountyBond": body.bounty_bond.to_string(),
    });
    (Body::Registration(body), fields)
}

fn payload(length: usize) -> Payload {
    Payload::new((0..length).map(|at| at as u8).collect()).expect("within the limit")
}

fn generic(data: Payload) -> (Body, Value) {
    let (sender, target) = (address("sender", 1), account(0, 2));
    let fields = json!({
        "sender": hex(sender), "targetKind": target[0], "targetId": hex(&target[1..]), "data": hex(data.as_slice()),
    });
    (
        Body::Generic {
            sender,
            target,
            data,
        },
        fields,
    )
}

fn forced(transaction: Payload) -> (Body, Value) {
    let sender = address("sender", 0);
    let fields = json!({ "sender": hex(sender), "transaction": hex(transaction.as_slice()) });
    (
        Body::Forced {
            sender,
            transaction,
        },
        fields,
    )
}

/// A body of every kind, some twice, with its fields as the contracts name them.
fn bodies() -> Vec<(Body, Value)> {
    let (operator, relayer, funder) = (
        address("operator", 1),
        address("relayer", 0),
        address("funder", 0),
    );
    vec![
        registration(),
        deposit([0; 20], 0, account(0, 0), b"ETH"),
        deposit(
            address("token", 0),
            5_000,
            account(1, 1),
            b"A symbol of thirty-two bytes ...!"[..32].as_ref(),
        ),
        (
            Body::Freeze {
                operator,
                registration: 1,
                epoch: 9,
            },
            json!({ "operator": hex(operator), "registration": 1, "epoch": 9 }),
        ),
        (
            Body::Settlement {
                operator,
                registration: 1,
                epoch: 9,
                fraction: 50_000_000,
            },
            json!({ "operator": hex(operator), "registration": 1, "epoch": 9, "fraction": 50_000_000 }),
        ),
        (
            Body::Acceptance {
                epoch: 4,
                relayer,
                gas_price: 2_000_000_007,
                absent: 1,
            },
            json!({ "epoch": 4, "relayer": hex(relayer), "gasPrice": "2000000007", "absent": 1 }),
        ),
        (
            Body::RewardFunding {
                amount: 1 << 96,
                funder,
            },
            json!({ "amount": (1_u128 << 96).to_string(), "funder": hex(funder) }),
        ),
        forced(payload(0)),
        forced(payload(inbox::PAYLOAD_LIMIT)),
        generic(payload(0)),
        generic(payload(33)),
    ]
}

pub(super) fn message_cases() -> Vec<Value> {
    let mut previous = Hash::ZERO;
    let mut cases = Vec::new();
    for (number, (body, fields)) in bodies().into_iter().enumerate() {
        let index = number as u64 + 1;
        let message = Message {
            index,
            arrival: 1_700_000_000 + index,
            root_height: 1_000 + index,
            due: 1_700_000_600_000 + index,
            body,
        };
        let bytes = message.encode();
        assert_eq!(Message::decode(&bytes), Ok(message.clone()));
        let link = inbox::link(index, &previous, &message.hash());
        cases.push(json!({
            "index": index, "arrival": message.arrival, "rootHeight": message.root_height, "due": message.due,
            "kind": message.body.kind(), "fields": fields, "message": hex(&bytes), "hash": hex(message.hash()),
            "previous": hex(previous), "link": hex(link),
        }));
        previous = link;
    }
    cases
}

/// A certificate by the members `numbers`, and who is absent.
fn certificate_case(digest: &Hash, numbers: &[u16]) -> Value {
    let members = members(4);
    let shares: Vec<(u16, [u8; 192])> = numbers
        .iter()
        .map(|number| {
            let secret = checkpoint_secret(u32::from(*number));
            (*number, secret.sign_checkpoint(digest))
        })
        .collect();
    let certificate: Certificate = certificate::build(&members, digest, &shares).expect("a quorum");
    let absent: Vec<u16> = (0..4).filter(|number| !numbers.contains(number)).collect();
    json!({
        "bitmap": hex(certificate.bitmap), "signature": hex(certificate.signature), "absent": absent,
        "signedPower": certificate::verify(&members, digest, &certificate).expect("it verifies").to_string(),
    })
}

pub(super) fn checkpoint_case() -> Value {
    let id = address("deployment", 0);
    let blocks: Vec<Hash> = (0..64).map(|number| word("list leaf", number)).collect();
    let checkpoint = Checkpoint {
        deployment: id,
        epoch: 0,
        last_block_time: 1_700_000_123,
        blocks_root: list::root(&blocks),
        state_root: word("state", 4),
        inbox_cursor: 11,
        inbox_link: word("inbox", 11),
        next_set: set::commit(&members(7)).expect("a set").commitment,
        relayer: address("relayer", 0),
        previous: deployment::salt(&id),
    };
    let digest = checkpoint.digest();
    let shares: Vec<[u8; 192]> = (0..4)
        .map(|number| checkpoint_secret(number).sign_checkpoint(&digest))
        .collect();
    json!({
        "deployment": hex(checkpoint.deployment), "epoch": checkpoint.epoch, "lastBlockTime": checkpoint.last_block_time,
        "blocksRoot": hex(checkpoint.blocks_root), "stateRoot": hex(checkpoint.state_root),
        "inboxCursor": checkpoint.inbox_cursor, "inboxLink": hex(checkpoint.inbox_link), "nextSet": hex(checkpoint.next_set),
        "relayer": hex(checkpoint.relayer), "previous": hex(checkpoint.previous), "encoded": hex(checkpoint.encode()),
        "digest": hex(digest), "signedBy": "set4", "shares": hexes(&shares),
        "certificateAll": certificate_case(&digest, &[0, 1, 2, 3]),
        "certificateThree": certificate_case(&digest, &[0, 2, 3]),
    })
}

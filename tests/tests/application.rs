//! The application beside the rules: its genesis, what is durable when, what it answers again, the pool, votes, proofs.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use alloy_primitives::B256;
use plasmid::app::App;
use plasmid::chain::extension::{Brought, Extension};
use plasmid::chain::proof::{BLOCK_OP, LEAF_OP, LeafProof};
use plasmid::chain::record::Record;
use plasmid::engine::abci::Handler;
use plasmid::ledger::transaction::Body;
use plasmid::ledger::{Code, Slot};
use plasmid_bridge::proof::inbox::Body as Message;
use plasmid_tests::harness::people::{FEE, People};
use plasmid_tests::harness::requests::init_chain;
use plasmid_tests::harness::{Network, Plan};
use tendermint_proto::google::protobuf::Duration;
use tendermint_proto::v0_38::abci::{
    CheckTxType, RequestCheckTx, RequestExtendVote, RequestInfo, RequestInitChain, RequestQuery,
    RequestVerifyVoteExtension, ResponseQuery, response_verify_vote_extension::VerifyStatus,
};
use tendermint_proto::v0_38::types::{
    AbciParams, BlockParams, ConsensusParams, EvidenceParams, VersionParams,
};

fn begin(network: &Network) -> RequestInitChain {
    init_chain(&network.file, &network.file.load().unwrap())
}

fn params(request: &mut RequestInitChain) -> &mut ConsensusParams {
    request.consensus_params.as_mut().unwrap()
}

fn block(request: &mut RequestInitChain) -> &mut BlockParams {
    params(request).block.as_mut().unwrap()
}

fn evidence(request: &mut RequestInitChain) -> &mut EvidenceParams {
    params(request).evidence.as_mut().unwrap()
}

fn age(request: &mut RequestInitChain) -> &mut Duration {
    evidence(request).max_age_duration.as_mut().unwrap()
}

fn key_types(request: &mut RequestInitChain) -> &mut Vec<String> {
    &mut params(request).validator.as_mut().unwrap().pub_key_types
}

#[test]
fn init_chain_is_idempotent_and_refuses_every_other_genesis() {
    let network = Network::quiet();
    let app = network.nodes[0].app();
    let good = begin(&network);
    let answer = app.init_chain(good.clone()).unwrap();
    assert_eq!(app.init_chain(good.clone()).unwrap(), answer);
    assert_eq!(
        hex::encode(&answer.app_hash),
        network.file.derived.app_hash[2..]
    );
    let edits: [fn(&mut RequestInitChain); 19] = [
        |request| request.chain_id.push('0'),
        |request| request.initial_height = 2,
        |request| request.time.as_mut().unwrap().seconds += 1,
        |request| request.validators[0].power += 1,
        |request| request.validators[0].pub_key = request.validators[1].pub_key.clone(),
        |request| drop(request.validators.pop()),
        |request| block(request).max_bytes += 1,
        |request| block(request).max_gas = 1_000_000,
        |request| evidence(request).max_age_num_blocks -= 1,
        |request| evidence(request).max_bytes -= 1,
        |request| age(request).seconds += 1,
        |request| age(request).nanos += 1,
        |request| drop(key_types(request).pop()),
        |request| key_types(request).push("secp256k1".to_owned()),
        |request| params(request).version = Some(VersionParams { app: 1 }),
        |request| params(request).abci = None,
        |request| {
            params(request).abci = Some(AbciParams {
                vote_extensions_enable_height: 2,
            });
        },
        |request| request.consensus_params = None,
        |request| request.app_state_bytes = b"{}".to_vec().into(),
    ];
    let mut differing = 0;
    for (number, edit) in edits.into_iter().enumerate() {
        let mut bad = good.clone();
        edit(&mut bad);
        assert!(app.init_chain(bad.clone()).is_err(), "edit {number}");
        // What a running engine says of its consensus parameters is compared with the same rows.
        let same = bad.consensus_params == good.consensus_params;
        let found = bad.consensus_params.unwrap_or_default();
        assert_eq!(app.check_params("the engine", &found).is_ok(), same);
        differing += usize::from(!same);
    }
    assert_eq!(differing, 12);
}

#[test]
fn a_height_is_durable_only_after_its_commit_and_info_changes_nothing() {
    let mut network = Network::quiet();
    network.run(3);
    let node = &network.nodes[0];
    node.flush();
    let frame = network.frame();
    let proposal = network.propose(0, &frame);
    let node = &network.nodes[0];
    assert!(network.judge(0, &proposal));
    let answer = node.app().finalize_block(proposal.finalize()).unwrap();
    node.flush();
    assert_eq!(node.durable(), 3, "finalized is not committed");
    let before = node.app().state().tree.root();
    for _ in 0..5 {
        node.app().info(RequestInfo::default()).unwrap();
    }
    assert_eq!(node.app().state().tree.root(), before);
    node.app().commit().unwrap();
    assert_eq!(node.durable(), 3, "taken, not flushed");
    node.flush();
    assert_eq!(node.durable(), 4);
    let info = node.app().info(RequestInfo::default()).unwrap();
    assert_eq!(info.last_block_app_hash, answer.app_hash);
}

/// The engine holds what a block takes out of the pool until it has committed the block, and lets others in until then.
#[test]
fn what_a_block_takes_out_of_the_pool_keeps_its_places_until_the_engine_commits() {
    let mut network = Network::quiet();
    network.run(1);
    let used = pay(&network, 0, 0, FEE, u64::MAX, 1);
    for node in &network.nodes {
        assert_eq!(ask(node.app(), &used, false).0, 0);
    }
    let frame = network.frame();
    let proposal = network.propose(1, &frame);
    assert!(proposal.transactions.contains(&used.into()));
    let app = network.nodes[0].app();
    app.finalize_block(proposal.finalize()).unwrap();
    assert_eq!((app.height(), app.pool().len()), (2, 1));
    app.commit().unwrap();
    assert!(app.pool().is_empty());
}

#[test]
fn blocks_at_or_below_the_tip_are_answered_again_and_never_executed() {
    let mut network = Network::quiet();
    network.run(20);
    let app = network.nodes[0].app();
    for (proposal, answer) in &network.chain {
        assert_eq!(&app.finalize_block(proposal.finalize()).unwrap(), answer);
        app.commit().unwrap();
    }
    let mut other = network.chain[19].0.clone();
    other.time.nanos ^= 1;
    assert!(
        app.finalize_block(other.finalize()).is_err(),
        "another block at the tip"
    );
    let mut other = network.chain[5].0.clone();
    other.time.nanos ^= 1;
    assert!(
        app.finalize_block(other.finalize()).is_err(),
        "another block below it"
    );
    assert_eq!(app.state().tip.height, 20);
}

#[test]
fn a_decided_block_that_breaks_a_rule_is_a_fault_and_changes_nothing() {
    let mut network = Network::quiet();
    network.run(2);
    let frame = network.frame();
    let mut proposal = network.propose(0, &frame);
    proposal.transactions.push(vec![1; 10].into());
    let app = network.nodes[0].app();
    let root = app.state().tree.root();
    let fault = app.finalize_block(proposal.finalize()).unwrap_err();
    assert!(
        fault.to_string().contains("was decided and is invalid"),
        "{fault}"
    );
    assert_eq!(app.state().tree.root(), root);
}

#[test]
fn calls_about_another_height_than_the_next_are_faults() {
    let mut network = Network::quiet();
    network.run(2);
    let mut frame = network.frame();
    let mut proposal = network.propose(0, &frame);
    frame.height = 9;
    proposal.height = 9;
    let app = network.nodes[0].app();
    assert!(app.process_proposal(proposal.process()).is_err());
    assert!(app.finalize_block(proposal.finalize()).is_err());
    let request = RequestExtendVote {
        height: 9,
        ..RequestExtendVote::default()
    };
    assert!(app.extend_vote(request).is_err());
}

fn ask(app: &App, bytes: &[u8], again: bool) -> (u32, String) {
    let kind = if again {
        CheckTxType::Recheck
    } else {
        CheckTxType::New
    };
    let request = RequestCheckTx {
        tx: bytes.to_vec().into(),
        r#type: kind.into(),
    };
    let answer = app.check_tx(request).unwrap();
    (answer.code, answer.log)
}

fn pay(network: &Network, from: u8, sequence: u64, fee: u128, until: u64, amount: u128) -> Vec<u8> {
    let body = Body::Transfer {
        to: People::account(1),
        token: [0; 20],
        amount,
    };
    network
        .people
        .sign(from, sequence, fee, until, body)
        .to_vec()
}

#[test]
fn check_tx_says_what_a_block_would_say_now() {
    let mut network = Network::quiet();
    network.run(1);
    let app = network.nodes[0].app();
    let mut forged = pay(&network, 0, 0, FEE, 99, 1);
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let cases = [
        (
            pay(&network, 0, 0, FEE, 99, u128::MAX >> 1),
            Code::InsufficientBalance,
        ),
        (pay(&network, 0, 0, 1, 99, 1), Code::FeeTooLow),
        (pay(&network, 0, 0, FEE, 1, 1), Code::Expired),
        (pay(&network, 0, 0, FEE, 99, 0), Code::ZeroAmount),
        (pay(&network, 0, 65, FEE, 99, 1), Code::NonceAhead),
        (pay(&network, 0, 1, 1, 99, 1), Code::FeeTooLow),
        (forged, Code::BadSignature),
        (vec![], Code::Malformed),
        (vec![0xf0; 300], Code::NotAllowedHere),
        (vec![1; 9_000], Code::TooLarge),
    ];
    for (bytes, code) in cases {
        let (found, log) = ask(app, &bytes, false);
        assert_eq!(found, code.number(), "{log}");
        assert!(!log.is_empty());
    }
    let good = pay(&network, 0, 0, FEE, 99, 1);
    assert_eq!(ask(app, &good, false).0, 0);
    // An engine that lost its mempool asks anew: it must be able to take and to gossip what is held here.
    assert_eq!(ask(app, &good, false).0, 0);
    assert_eq!(app.pool().len(), 1);
    assert_eq!(ask(app, &pay(&network, 0, 64, FEE, 99, 1), false).0, 0);
}

#[test]
fn held_transactions_enter_blocks_in_their_order_once_the_gap_closes() {
    let mut network = Network::quiet();
    network.run(1);
    for sequence in [3, 1, 2] {
        let bytes = pay(&network, 0, sequence, FEE, 99, 1).into();
        network
            .nodes
            .iter_mut()
            .for_each(|node| assert_eq!(node.offer(&bytes), 0));
    }
    network.step();
    assert_eq!(network.chain[1].0.transactions.len(), 1, "the record alone");
    let bytes = pay(&network, 0, 0, FEE, 99, 1).into();
    network
        .nodes
        .iter_mut()
        .for_each(|node| assert_eq!(node.offer(&bytes), 0));
    network.step();
    assert_eq!(network.chain[2].0.transactions.len(), 5);
    assert!(
        network
            .nodes
            .iter()
            .all(|node| node.mempool.is_empty() && node.app().pool().is_empty())
    );
}

#[test]
fn recheck_drops_what_expired_was_used_or_was_replaced() {
    let mut network = Network::quiet();
    network.run(1);
    let short = pay(&network, 0, 1, FEE, 5, 1);
    let cheap = pay(&network, 2, 5, FEE, 99, 1);
    let dear = pay(&network, 2, 5, FEE * 2, 99, 1);
    let app = network.nodes[0].app();
    for bytes in [&short, &cheap, &dear] {
        assert_eq!(ask(app, bytes, false).0, 0);
    }
    assert_eq!(ask(app, &short, true).0, 0);
    assert_eq!(
        ask(app, &cheap, true).0,
        Code::ReplacementUnderpriced.number()
    );
    assert_eq!(ask(app, &dear, true).0, 0);
    network.run(4);
    let app = network.nodes[0].app();
    assert_eq!(ask(app, &short, true).0, Code::Expired.number());
    assert_eq!(app.pool().len(), 1);
}

#[test]
fn a_share_stands_in_the_extension_until_its_bit_stands_in_the_state() {
    let mut network = Network::quiet();
    network.run(16);
    let share = |network: &Network| {
        let request = RequestExtendVote {
            height: network.height() as i64 + 1,
            ..RequestExtendVote::default()
        };
        let answer = network.nodes[0].app().extend_vote(request).unwrap();
        Extension::decode(&answer.vote_extension).unwrap().due()
    };
    let first = share(&network).expect("the first block of epoch 1 signs checkpoint 0");
    network.step();
    assert_eq!(share(&network), Some(first), "no block has carried it yet");
    network.run(2);
    assert_eq!(share(&network), None);
    let carried: Vec<usize> = network
        .chain
        .iter()
        .map(|(proposal, _)| {
            Record::decode(&proposal.transactions[0])
                .unwrap()
                .witness
                .votes
                .len()
        })
        .collect();
    assert_eq!(carried[..17].iter().sum::<usize>(), 0);
    assert!(carried[17..].iter().sum::<usize>() >= 3);
}

#[test]
fn extensions_of_any_other_frame_are_refused() {
    let network = Network::quiet();
    let app = network.nodes[0].app();
    let verify = |bytes: Vec<u8>| {
        let request = RequestVerifyVoteExtension {
            height: 1,
            vote_extension: bytes.into(),
            ..RequestVerifyVoteExtension::default()
        };
        app.verify_vote_extension(request).unwrap().status == i32::from(VerifyStatus::Accept)
    };
    let good = Extension {
        cursor: 3,
        link: B256::ZERO,
        share: Brought::Due([0; 192]),
    };
    assert!(verify(good.encode()), "what it says is not judged here");
    for length in [0, 1, 41, 43, 233, 235, 1 << 16] {
        assert!(!verify(vec![1; length]), "{length} bytes");
    }
}

fn query(app: &App, path: &str, data: &[u8], height: u64) -> ResponseQuery {
    let request = RequestQuery {
        data: data.to_vec().into(),
        path: path.to_owned(),
        height: height as i64,
        prove: true,
    };
    app.query(request, &AtomicBool::new(false)).unwrap()
}

/// What a stranger does with an answer: the operations, the app hash from the next header, nothing else.
fn verify(answer: &ResponseQuery, app_hash: &[u8], key: &B256) -> Result<u64, String> {
    let ops = &answer.proof_ops.as_ref().ok_or("no proof")?.ops;
    let [leaf, block] = &ops[..] else {
        return Err("two operations".to_owned());
    };
    assert_eq!(
        (leaf.r#type.as_str(), block.r#type.as_str()),
        (LEAF_OP, BLOCK_OP)
    );
    let proof = LeafProof::decode(&leaf.data, &block.data).map_err(|error| error.to_string())?;
    let value = answer
        .value
        .split_first()
        .map(|(kind, value)| (*kind, value));
    proof
        .verify(&B256::from_slice(app_hash), key, value)
        .map_err(|error| error.to_string())
}

#[test]
fn strangers_verify_leaves_and_absence_at_the_tip_and_at_epoch_ends_after_a_restart_too() {
    let mut network = Network::new(Plan::default());
    network.run(50);
    for again in [false, true] {
        if again {
            network.nodes[0].flush();
            network.nodes[0].crash();
            network.nodes[0].restart(&network.file, &network.chain);
        }
        let app = network.nodes[0].app();
        let held = Slot::Account(People::account(0)).key();
        let absent = B256::repeat_byte(0x77);
        for height in [16, 32, 48, 50] {
            let app_hash = &network.chain[height as usize - 1].1.app_hash;
            for key in [held, absent, Slot::Parameters.key()] {
                let answer = query(app, "/leaf", key.as_slice(), height);
                assert_eq!(
                    (answer.code, answer.height),
                    (0, height as i64),
                    "{}",
                    answer.log
                );
                assert_eq!(answer.value.is_empty(), key == absent);
                assert_eq!(verify(&answer, app_hash, &key), Ok(height));
            }
        }
    }
}

#[test]
fn states_that_root_has_settled_are_given_up_and_all_others_stay() {
    let mut network = Network::quiet();
    network.run(16 * 5);
    network.nodes[0].seen.settle(2);
    network.run(16);
    for again in [false, true] {
        if again {
            network.nodes[0].flush();
            network.nodes[0].crash();
            network.nodes[0].restart(&network.file, &network.chain);
        }
        let app = network.nodes[0].app();
        let key = Slot::Parameters.key();
        for (epoch, kept) in [(0, false), (1, false), (2, true), (4, true), (5, true)] {
            let height = 16 * (epoch + 1);
            let answer = query(app, "/leaf", key.as_slice(), height);
            assert_eq!(answer.code == 0, kept, "epoch {epoch}, again {again}");
            if kept {
                let app_hash = &network.chain[height as usize - 1].1.app_hash;
                assert_eq!(verify(&answer, app_hash, &key), Ok(height));
            }
        }
    }
    network.run(40);
}

#[test]
fn what_root_accepted_is_agreed_on_once_the_child_has_consumed_that_message_and_not_before() {
    let mut network = Network::quiet();
    let acceptance = |epoch| Message::Acceptance {
        epoch,
        relayer: [1; 20],
        gas_price: 1,
        absent: 0,
    };
    network.run(16 * 3);
    let agreed = |network: &Network| network.nodes[0].seen.agreed();
    assert_eq!(
        agreed(&network),
        0,
        "three epochs are over, and no message says that root has one"
    );
    network.inbox.push(acceptance(0));
    network.inbox.push(acceptance(1));
    network.run(16);
    assert_eq!(agreed(&network), 2);
    // An older one that comes again, or one that this process has not seen, takes nothing back.
    network.inbox.push(acceptance(0));
    network.run(16);
    assert_eq!(agreed(&network), 2);
    network.nodes[0].flush();
    network.nodes[0].crash();
    network.nodes[0].restart(&network.file, &network.chain);
    network.run(16);
    assert_eq!(agreed(&network), 0, "it waits for the next one");
    network.inbox.push(acceptance(2));
    network.run(16);
    assert_eq!(agreed(&network), 3);
}

#[test]
fn a_proof_with_any_byte_changed_proves_nothing() {
    let mut network = Network::new(Plan::default());
    network.run(20);
    let app = network.nodes[0].app();
    let app_hash = network.chain[19].1.app_hash.clone();
    for key in [
        Slot::Account(People::account(0)).key(),
        B256::repeat_byte(0x77),
    ] {
        let good = query(app, "/leaf", key.as_slice(), 0);
        assert_eq!(verify(&good, &app_hash, &key), Ok(20));
        for op in 0..2 {
            let length = good.proof_ops.as_ref().unwrap().ops[op].data.len();
            for at in 0..length {
                let mut bad = good.clone();
                bad.proof_ops.as_mut().unwrap().ops[op].data[at] ^= 0x10;
                assert!(
                    verify(&bad, &app_hash, &key).is_err(),
                    "operation {op}, byte {at}"
                );
            }
        }
        let mut bad = good.clone();
        bad.value = match good.value.is_empty() {
            true => vec![2; 65].into(),
            false => vec![].into(),
        };
        assert!(
            verify(&bad, &app_hash, &key).is_err(),
            "presence and absence swapped"
        );
        let other = Slot::FeePool.key();
        assert!(verify(&good, &app_hash, &other).is_err(), "another key");
        let before = network.chain[18].1.app_hash.clone();
        assert!(
            verify(&good, &before, &key).is_err(),
            "another height's app hash"
        );
    }
}

#[test]
fn queries_that_cannot_be_served_say_why() {
    let mut network = Network::quiet();
    network.run(20);
    let app = network.nodes[0].app();
    let cases = [
        ("/leaf", vec![1; 31], 0),
        ("/leaf", vec![1; 32], 7),
        ("/leaf", vec![1; 32], 21),
        ("/leaf", vec![1; 32], u64::MAX >> 1),
        ("/nowhere", vec![], 0),
    ];
    for (path, data, height) in cases {
        let answer = query(app, path, &data, height);
        assert_ne!(answer.code, 0, "{path} at {height}");
        assert!(!answer.log.is_empty());
    }
    // A bad question is never a fault of the node.
    for height in [-1, i64::MIN] {
        let request = RequestQuery {
            path: "/leaf".to_owned(),
            data: vec![1; 32].into(),
            height,
            ..RequestQuery::default()
        };
        let answer = app.query(request, &AtomicBool::new(false));
        let answer = answer.expect("no fault");
        assert_eq!(answer.code, Code::Malformed.number());
        assert!(answer.log.contains(&height.to_string()), "{}", answer.log);
    }
}

#[test]
fn every_transaction_of_a_block_has_bytes_of_its_own() {
    let mut network = Network::new(Plan {
        evidence: 100,
        ..Plan::default()
    });
    network.run(40);
    let mut seen = BTreeSet::new();
    for (proposal, _) in &network.chain {
        for bytes in &proposal.transactions {
            assert!(
                seen.insert(bytes.clone()),
                "repeated in {}",
                proposal.height
            );
        }
    }
}

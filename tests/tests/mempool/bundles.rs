//! Bundles: what the engine may pass on, what is taken of the others, and that none ever stands in a block.

use plasmid::app::App;
use plasmid::app::bundle::{Filling, MAX_BUNDLE_BYTES, TAG};
use plasmid::ledger::Code;
use plasmid::ledger::transaction::Body;
use plasmid::wire::engine_hash;
use prost::bytes::Bytes;
use tendermint_proto::v0_38::abci::CheckTxType;

use super::{FEE, Network, account, ask, fund, hand_in, included, offer, pay, pay_of, quiet};

fn bundle(transactions: &[Bytes]) -> Bytes {
    let mut filling = Filling::default();
    for one in transactions {
        assert!(filling.add(one), "it has room");
    }
    filling.finish()
}

/// Payments of one sender each, in the order of their accounts.
fn many(network: &Network, strangers: u32, sequence: u64) -> Vec<Bytes> {
    let all = (0..strangers).map(|stranger| pay_of(network, stranger, sequence, FEE));
    in_order(all.collect())
}

fn new(app: &App, bytes: &Bytes) -> u32 {
    ask(app, bytes, CheckTxType::New)
}

fn again(app: &App, bytes: &Bytes) -> u32 {
    ask(app, bytes, CheckTxType::Recheck)
}

fn waits(app: &App, bytes: &Bytes) -> bool {
    app.pool().get(&engine_hash(bytes)).is_some()
}

fn forged(bytes: &Bytes) -> Bytes {
    let mut forged = bytes.to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    forged.into()
}

/// A network in which this number of strangers can pay.
fn paid(strangers: u32) -> Network {
    let mut network = quiet();
    fund(&mut network, 0..strangers, 20 * FEE);
    network
}

const OK: u32 = 0;

/// What the last two blocks hold.
fn stand_lately(network: &Network) -> Vec<&Bytes> {
    let blocks = network.chain.iter().rev().take(2);
    blocks.flat_map(|(block, _)| &block.transactions).collect()
}

/// In the order of a bundle, of one transaction each for different senders.
fn in_order(mut all: Vec<Bytes>) -> Vec<Bytes> {
    all.sort_by_key(|bytes| bytes[2..23].to_vec());
    all
}

#[test]
fn what_a_bundle_brings_waits_stands_in_the_next_block_and_then_the_bundle_goes() {
    let mut network = paid(40);
    let all = many(&network, 40, 0);
    let bytes = bundle(&all);
    for node in &network.nodes {
        assert_eq!(new(node.app(), &bytes), OK);
        assert_eq!(
            new(node.app(), &bytes),
            OK,
            "an engine that started again asks anew"
        );
        assert!(all.iter().all(|one| waits(node.app(), one)));
        assert_eq!(again(node.app(), &bytes), OK);
        // One of them by itself need not travel too.
        assert_eq!(new(node.app(), &all[0]), Code::Known.number());
    }
    network.step();
    network.step();
    let stand = stand_lately(&network);
    assert!(all.iter().all(|one| stand.contains(&one)));
    assert!(!stand.contains(&&bytes));
    for node in &network.nodes {
        assert_ne!(again(node.app(), &bytes), OK);
        assert_eq!(
            new(node.app(), &bytes),
            Code::Known.number(),
            "it brings nothing new"
        );
    }
}

#[test]
fn no_block_holds_a_bundle() {
    let mut network = paid(2);
    let bytes = bundle(&many(&network, 2, 0));
    let frame = network.frame();
    let proposal = network.propose(0, &frame);
    assert!(network.judge(1, &proposal));
    for at in [0, proposal.transactions.len()] {
        let mut tampered = proposal.clone();
        tampered.transactions.insert(at, bytes.clone());
        assert!(!network.judge(1, &tampered), "{at}");
    }
}

#[test]
fn one_bad_signature_among_many_refuses_the_bundle_and_the_others_are_taken_or_none_is() {
    let network = paid(60);
    let all = many(&network, 60, 0);
    let mut seen = [false; 2];
    // Which eight are verified first is a secret of each node: here it found the bad one or it did not.
    for node in &network.nodes {
        for bad in 0..all.len() {
            let mut with = all.clone();
            with[bad] = forged(&all[bad]);
            let bytes = bundle(&with);
            let before = node.app().pool().len();
            assert_eq!(new(node.app(), &bytes), Code::Malformed.number());
            // The same bytes are not looked at again.
            assert_eq!(new(node.app(), &bytes), Code::Known.number());
            assert!(!waits(node.app(), &with[bad]));
            let taken = node.app().pool().len();
            if before == 0 {
                assert!(taken == 0 || taken == all.len() - 1, "{taken}");
                seen[usize::from(taken > 0)] = true;
            }
            if taken > 0 {
                break;
            }
        }
        // What was taken needs a carrier: an honest bundle of it is let in.
        let good: Vec<_> = all
            .iter()
            .filter(|one| waits(node.app(), one))
            .cloned()
            .collect();
        assert_eq!(new(node.app(), &bundle(&good)), OK);
    }
    assert!(seen[1], "what holds was taken at least once");
}

#[test]
fn who_signs_badly_in_the_name_of_others_has_nothing_taken() {
    let network = paid(60);
    let all: Vec<_> = many(&network, 60, 0).iter().map(forged).collect();
    let app = network.nodes[0].app();
    assert_eq!(new(app, &bundle(&all)), Code::Malformed.number());
    assert!(app.pool().is_empty());
}

#[test]
fn what_cannot_pay_is_no_bundle_and_keeps_nobody_out_who_can() {
    let network = paid(8);
    let app = network.nodes[0].app();
    // Eight can pay, of two hundred: unless the eight that are chosen are mostly these, nothing is looked at further.
    let all = many(&network, 200, 0);
    assert_eq!(new(app, &bundle(&all)), Code::Known.number());
    assert!(app.pool().len() <= 8);
    // Most of it can pay.
    let network = paid(60);
    let app = network.nodes[0].app();
    let most = many(&network, 70, 0);
    assert_eq!(new(app, &bundle(&most)), OK);
    assert_eq!(app.pool().len(), 60);
}

#[test]
fn what_others_carry_is_not_carried_twice() {
    let network = paid(40);
    let app = network.nodes[0].app();
    let all = many(&network, 40, 0);
    assert_eq!(new(app, &bundle(&all[..36])), OK);
    // Four of forty are new: they are taken, and wait for a bundle of this node.
    assert_eq!(new(app, &bundle(&all)), Code::Known.number());
    assert!(all.iter().all(|one| waits(app, one)));
    assert!(app.pool().is_loose(&engine_hash(&all[39])));
    // Copies of it under other names: cut at each place.
    for from in 1..36 {
        assert_eq!(new(app, &bundle(&all[from..36])), Code::Known.number());
    }
    assert_eq!(new(app, &bundle(&all[34..])), OK, "four of six are new");
}

#[test]
fn what_is_out_of_order_nested_too_long_or_cut_is_no_bundle() {
    let network = paid(4);
    let app = network.nodes[0].app();
    let all = many(&network, 4, 0);
    let next = many(&network, 4, 1);
    let malformed = Code::Malformed.number();
    let turned: Vec<_> = all.iter().rev().cloned().collect();
    let twice = [all[0].clone(), all[0].clone()];
    let both = [next[0].clone(), all[0].clone()];
    for wrong in [&turned[..], &twice, &both] {
        assert_eq!(new(app, &bundle(wrong)), malformed);
    }
    let inner = bundle(&all[..1]);
    let nested = bundle(&[all[0].clone(), inner]);
    assert_ne!(new(app, &nested), OK);
    let good = bundle(&all);
    for end in 1..good.len() {
        let cut = good.slice(..end);
        // What ends behind a transaction is a shorter bundle.
        if new(app, &cut) == OK {
            assert!(waits(app, &all[0]));
        }
    }
    let long = Bytes::from(vec![TAG; MAX_BUNDLE_BYTES + 1]);
    for wrong in [
        long,
        Bytes::from_static(&[TAG]),
        Bytes::from_static(&[TAG, 1]),
    ] {
        assert_eq!(new(app, &wrong), malformed);
    }
    assert!(app.pool().len() <= 4);
}

/// A sender's row in one bundle, and the next ones in another that comes first.
#[test]
fn what_lies_behind_a_gap_waits_for_it_and_is_no_reason_to_carry_a_bundle() {
    let mut network = quiet();
    let row: Vec<_> = (0..6).map(|at| pay(&network, 1, 2, at, FEE, 1)).collect();
    for node in &network.nodes {
        assert_eq!(new(node.app(), &bundle(&row[3..])), OK);
        assert_eq!(new(node.app(), &bundle(&row[..3])), OK);
    }
    network.step();
    network.step();
    let stand = stand_lately(&network);
    assert!(row.iter().all(|one| stand.contains(&one)));
}

/// Two that conflict: each node keeps what it has, and what is beside the conflict travels on.
#[test]
fn a_conflict_in_a_bundle_does_not_keep_the_rest_of_it_back() {
    let network = paid(10);
    let app = network.nodes[0].app();
    let all = many(&network, 10, 0);
    let next = account(&network, 1).sequence;
    let other = pay(&network, 1, 2, next, FEE, 1);
    assert_eq!(hand_in(app, &other), None);
    let conflict = pay(&network, 1, 3, next, FEE, 1);
    let with = in_order([&all[..], std::slice::from_ref(&conflict)].concat());
    assert_eq!(new(app, &bundle(&with)), OK);
    assert!(waits(app, &other) && !waits(app, &conflict));
    assert!(all.iter().all(|one| waits(app, one)));
}

/// The engine's mempool lost a bundle, or had no room behind CheckTx: nothing of it is lost here.
#[test]
fn what_a_bundle_brought_stands_in_a_block_though_the_engine_dropped_the_bundle() {
    let mut network = paid(3);
    let all = many(&network, 3, 0);
    let bytes = bundle(&all);
    for node in &network.nodes {
        assert_eq!(new(node.app(), &bytes), OK);
    }
    let next = account(&network, 1).sequence;
    let more = pay(&network, 1, 2, next, FEE, 1);
    offer(&mut network, &more, Code::Ok);
    network.step();
    network.step();
    let stand = stand_lately(&network);
    assert!(all.iter().all(|one| stand.contains(&one)));
    assert!(included(&network, &more) || stand.contains(&&more));
}

/// Nobody has signatures verified for what nobody can pay: a row whose first one is covered and whose others are not.
#[test]
fn what_follows_in_a_bundle_is_covered_too() {
    let mut network = quiet();
    fund(&mut network, 0..1, FEE + FEE / 2);
    let app = network.nodes[0].app();
    let row: Vec<_> = (0..60).map(|at| pay_of(&network, 0, at, FEE)).collect();
    let forged_ones: Vec<_> = row[1..].iter().map(forged).collect();
    // Eight are looked at, and most of these are forged. Where all are signed, only the first one waits.
    let with = [&row[..1], &forged_ones].concat();
    assert_eq!(new(app, &bundle(&with)), Code::Malformed.number());
    assert!(app.pool().is_empty());
    assert_eq!(new(app, &bundle(&row)), Code::Known.number());
    assert!(waits(app, &row[0]));
    assert_eq!(app.pool().len(), 1);
}

/// Rows far ahead: money stands behind them and the signatures hold, and each is weighed in vain. Until too much was, the bundle is told to be of no use;
/// from then on, what is chosen of it is told to be too far ahead.
fn is_busy(app: &App, far: &Bytes) -> bool {
    let code = new(app, far);
    let [idle, busy] = [Code::Known, Code::NonceAhead].map(Code::number);
    assert!(code == idle || code == busy, "{code}");
    code == busy
}

/// The engine's Commit waits for all that was handed in before it.
#[test]
fn who_has_too_much_judged_in_vain_keeps_no_honest_bundle_out_and_the_next_block_begins_anew() {
    let mut network = paid(60);
    let all = many(&network, 60, 0);
    let app = network.nodes[0].app();
    let far: Vec<_> = (1..=60)
        .map(|round| many(&network, 60, 1_000 + round))
        .collect();
    let mut looked = 0;
    'all: for some in &far {
        for cut in 0..some.len() {
            if is_busy(app, &bundle(&some[cut..])) {
                break 'all;
            }
            looked += some.len() - cut;
        }
    }
    assert!((19_000..=20_100).contains(&looked), "{looked}");
    assert_eq!(new(app, &bundle(&all)), OK);
    assert!(all.iter().all(|one| waits(app, one)));
    // One that is forged refuses all of it, and is never taken.
    let mut with = many(&network, 60, 1);
    with[7] = forged(&with[7]);
    assert_eq!(new(app, &bundle(&with)), Code::Malformed.number());
    assert!(!waits(app, &with[7]));
    network.step();
    let app = network.nodes[0].app();
    assert!(!is_busy(app, &bundle(&many(&network, 60, 2_000))));
}

/// What expires soon was good when it was packed: it keeps back nothing that came with it.
#[test]
fn what_comes_too_late_in_a_bundle_does_not_keep_the_others_back() {
    let network = paid(40);
    let app = network.nodes[0].app();
    let until = app.state().next_height() + 1;
    let late = |stranger| {
        let people = &network.people;
        let body = Body::SetPayout { payout: [5; 20] };
        people.sign_stranger(stranger, 0, FEE, until, body)
    };
    let mut all: Vec<_> = (0..35).map(late).collect();
    let good: Vec<_> = (35..40)
        .map(|stranger| pay_of(&network, stranger, 0, FEE))
        .collect();
    all.extend(good.iter().cloned());
    assert_eq!(new(app, &bundle(&in_order(all))), Code::Known.number());
    assert!(good.iter().all(|one| waits(app, one)));
    assert_eq!(app.pool().len(), 5);
}

/// What is out of order at its end was weighed up to there.
#[test]
fn what_is_wrong_at_the_end_of_a_bundle_counts_as_judged_in_vain() {
    let network = paid(60);
    let app = network.nodes[0].app();
    let all = many(&network, 60, 0);
    for round in 0..330u32 {
        let mut with = all.clone();
        // Other bytes each time.
        with.push(pay_of(&network, round % 60, u64::from(2 + round / 60), FEE));
        with.push(all[0].clone());
        assert_eq!(new(app, &bundle(&with)), Code::Malformed.number());
    }
    assert!(app.pool().is_empty());
    assert!(is_busy(app, &bundle(&many(&network, 60, 2_000))));
}

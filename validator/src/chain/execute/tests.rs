//! Blocks proposed, executed, committed and executed again segment by segment, over epochs, with votes, shares and deposits.

use std::collections::BTreeMap;

use plasmid_bridge::proof::commitment::SegmentKind;
use plasmid_bridge::proof::vote;
use plasmid_staking::{Key as StakeKey, Registration, Seat, SeatState};

use super::*;
use crate::chain::bitmap::Bitmap;
use crate::chain::commit::commit;
use crate::chain::error::VoteError;
use crate::chain::extension::{Brought, Extension};
use crate::chain::fixture::{ALICE, BOB, World, account, offence};
use crate::chain::record::CarriedVote;
use crate::chain::reexecute::{SegmentInput, reexecute};
use crate::ledger::leaf::{AccountLeaf, AssetLeaf, BoundaryLeaf, NATIVE, Participation, ShareBits};
use crate::ledger::{Code, ring_place};

#[test]
fn epochs_pass_with_every_segment_executed_again_from_its_witness() {
    let mut world = World::new(16, 20);
    let mut ends = Vec::new();
    for _ in 0..16 * 20 {
        let (executed, _) = world.step();
        assert!(executed.updates.is_empty(), "the genesis set stays");
        ends.extend(executed.ended);
    }
    let epochs: Vec<u64> = ends.iter().map(|end| end.epoch).collect();
    assert_eq!(epochs, (0..20).collect::<Vec<_>>());
    for end in ends {
        let expected = [(end.epoch % 4) as u8 + 1; 20];
        assert_eq!(end.relayer, expected, "members take turns at carrying");
    }
    let boundary: BoundaryLeaf = world.leaf(Slot::Boundary);
    assert_eq!((boundary.epoch, boundary.next_seat), (22, 0));
    let place = ring_place(19, 18);
    let participation: Participation = world.leaf(Slot::Participation { place });
    assert_eq!(
        participation.0[..5],
        [15, 15, 15, 15, 0],
        "K - 1 votes of an epoch count"
    );
}

#[test]
fn leaves_of_the_ring_are_made_once_and_then_overwritten() {
    let mut world = World::new(16, 20);
    let mut counts = BTreeMap::new();
    for _ in 0..16 * 22 {
        world.step();
        counts.insert(world.height, world.tree.count());
    }
    assert!(counts[&(16 * 15)] < counts[&(16 * 16)]);
    assert_eq!(counts[&(16 * 18)], counts[&(16 * 22)]);
}

#[test]
fn share_bits_stand_once_all_voted_and_start_anew_with_the_votes_of_a_new_epoch() {
    let mut world = World::new(16, 4);
    let bits = |world: &World| -> ShareBits { world.leaf(Slot::ShareBits) };
    for _ in 0..17 {
        world.step();
        assert_eq!((bits(&world).epoch, bits(&world).bitmap), (0, [0; 64]));
    }
    world.step();
    assert_eq!((bits(&world).epoch, bits(&world).bitmap[0]), (1, 0b1111));
    let quiet = world.step().0;
    assert_eq!(
        Record::decode(&world.propose()[0])
            .unwrap()
            .witness
            .votes
            .len(),
        0
    );
    assert_eq!(quiet.witness.len(), 4, "nothing left to carry");
    for _ in 19..34 {
        world.step();
    }
    assert_eq!((bits(&world).epoch, bits(&world).bitmap[0]), (2, 0b1111));
}

#[test]
fn deposits_are_credited_as_far_as_two_thirds_report() {
    let mut world = World::new(16, 4);
    world.step();
    for amount in 1..=80 {
        world.deposit(amount);
    }
    let (executed, _) = world.step();
    assert_eq!(executed.receipts.len(), 65, "the record and a batch of 64");
    assert!(
        executed
            .receipts
            .iter()
            .all(|receipt| receipt.code == Code::Ok)
    );
    let (executed, _) = world.step();
    assert_eq!(executed.receipts.len(), 17);
    let inbox: InboxLeaf = world.leaf(Slot::Inbox);
    assert_eq!(inbox.cursor, 80);
    let account: AccountLeaf = world.leaf(Slot::Account(account(0x60 + 80)));
    assert_eq!(account.balance, 80);
}

#[test]
fn users_transactions_apply_in_order_and_cut_into_segments_within_every_limit() {
    let mut world = World::new(16, 4);
    world.step();
    for sequence in 0..100 {
        world.transfer(ALICE, sequence, 1 + u128::from(sequence));
        world.transfer(BOB, sequence, 1);
    }
    let (executed, _) = world.step();
    assert_eq!(executed.receipts.len(), 201);
    for segment in &executed.segments {
        assert!(
            segment.count <= 32 && segment.touched.len() <= 65 && segment.bytes.len() <= 32_768
        );
    }
    assert!(executed.segments.len() > 7);
    let native: AssetLeaf = world.leaf(Slot::Asset(NATIVE));
    assert_eq!(native.withdrawn, 0);
}

#[test]
fn a_proposer_drops_what_does_not_apply_and_keeps_the_rest() {
    let mut world = World::new(16, 4);
    world.step();
    world.transfer(ALICE, 0, 1);
    world.transfer(ALICE, 0, 2);
    world.transfer(ALICE, 5, 1);
    world.transfer(ALICE, 1, u128::MAX);
    world.transfer(ALICE, 1, 3);
    assert_eq!(
        world.step().0.receipts.len(),
        3,
        "the record and two transfers"
    );
}

#[test]
fn every_forgery_of_a_record_is_refused() {
    let mut world = World::new(16, 4);
    for _ in 0..18 {
        world.step();
    }
    world.deposit(5);
    world.vote();
    let good = world.propose();
    assert!(world.execute(&good).is_ok());
    let record = Record::decode(&good[0]).unwrap();
    let refuse = |edit: &dyn Fn(&mut Record)| {
        let mut bad = record.clone();
        edit(&mut bad);
        let mut block = good.clone();
        block[0] = bad.encode();
        world.execute(&block).expect_err("refused")
    };
    refuse(&|record| record.executing.height += 1);
    refuse(&|record| record.executing.time += 1);
    refuse(&|record| record.executing.proposer[0] ^= 1);
    refuse(&|record| record.executing.participation.set(9));
    refuse(&|record| record.executing.participation = Bitmap::default());
    refuse(&|record| record.executing.shares.set(9));
    refuse(&|record| record.witness.votes.clear());
    refuse(&|record| drop(record.witness.votes.drain(..2)));
    refuse(&|record| record.witness.hashes.push(B256::ZERO));
    refuse(&|record| record.witness.votes[0].signature[3] ^= 1);
}

#[test]
fn every_truncation_reordering_and_repetition_of_transactions_is_refused() {
    let mut world = World::new(16, 4);
    world.step();
    world.deposit(5);
    world.deposit(6);
    world.vote();
    world.transfer(ALICE, 0, 1);
    world.transfer(ALICE, 1, 1);
    let good = world.propose();
    assert_eq!(good.len(), 5);
    assert!(world.execute(&good).is_ok());
    assert!(world.execute(&[]).is_err());
    for at in 0..good.len() {
        for other in at + 1..good.len() {
            let mut block = good.clone();
            block.swap(at, other);
            assert!(world.execute(&block).is_err(), "{at} and {other} swapped");
        }
        let mut block = good.clone();
        block.insert(at, good[at].clone());
        assert!(world.execute(&block).is_err(), "{at} repeated");
        let mut block = good.clone();
        block.remove(at);
        assert_eq!(world.execute(&block).is_ok(), at == 4, "without {at}");
        let mut block = good.clone();
        block[at].pop();
        assert!(world.execute(&block).is_err(), "{at} cut short");
    }
    let mut block = good.clone();
    block.push(offence().encode(world.height + 1));
    assert!(world.execute(&block).is_err(), "invented misbehavior");
}

#[test]
fn misbehavior_stands_once_in_the_requests_order() {
    let mut world = World::new(16, 4);
    world.step();
    world.vote();
    let transactions = world.propose();
    let votes: Vec<CommitVote> = world.last.iter().map(|(vote, _, _)| *vote).collect();
    let unknown = Misbehavior {
        address: [3; 20],
        ..offence()
    };
    let twice = [unknown, offence(), unknown, offence()];
    let run = |added: &[Vec<u8>]| {
        let transactions: Vec<&[u8]> = transactions
            .iter()
            .chain(added)
            .map(Vec::as_slice)
            .collect();
        let block = Block {
            height: 2,
            time: world.time,
            proposer: [1; 20],
            round: 0,
            votes: &votes,
            misbehavior: &twice,
            transactions: &transactions,
        };
        execute(&world.tree, &world.deployment, &block, &ColdChecker)
    };
    let (unknown, known) = (unknown.encode(2), offence().encode(2));
    for (added, index) in [
        (vec![], 1),
        (vec![unknown.clone()], 2),
        (vec![known.clone(), unknown.clone()], 1),
        (vec![unknown.clone(), offence().encode(3)], 2),
    ] {
        assert_eq!(
            run(&added).unwrap_err(),
            Error::Invalid(Invalid::Misbehavior { index })
        );
    }
    let both = vec![unknown, known];
    let executed = run(&both).unwrap();
    let codes: Vec<Code> = executed
        .receipts
        .iter()
        .map(|receipt| receipt.code)
        .collect();
    assert_eq!(codes, [Code::Ok, Code::Recorded, Code::Ok]);
    assert!(run(&[both.clone(), both].concat()).is_err());
}

/// A member's registration, line, seat and the minima change: a court finds all that in the segment's witness, and the same root behind it.
#[test]
fn misbehavior_of_a_member_is_executed_again_from_its_witness_alone() {
    let mut world = World::new(16, 4);
    for _ in 0..5 {
        world.step();
    }
    let seats = |world: &World| -> Vec<SeatState> {
        let seat = |seat| world.leaf::<Seat>(Slot::from(StakeKey::Seat(seat))).state;
        (0..4).map(seat).collect()
    };
    assert_eq!(seats(&world), [SeatState::Active; 4]);
    world.misbehavior.push(offence());
    let (executed, committed) = world.step();
    let place = executed
        .segments
        .iter()
        .position(|segment| segment.kind == SegmentKind::Evidence);
    let place = place.expect("a segment of evidence");
    let (segment, record) = (&executed.segments[place], &committed.segments[place]);
    assert_eq!(segment.changes.len(), 4);
    let input = SegmentInput::of(segment, executed.moment(), &world.deployment.domain);
    let run = |witness| reexecute(witness, &record.before, &input, &ColdChecker);
    let witness = &committed.witnesses[place];
    assert_eq!(run(witness.clone()), Ok(record.after));
    assert_ne!(record.before, record.after);
    for at in 0..witness.leaves.len() {
        let mut less = witness.clone();
        less.leaves.remove(at);
        assert!(run(less).is_err(), "without leaf {at}");
    }
    let operator = [4; 20];
    let number = 4;
    let key = StakeKey::Registration { operator, number };
    let registration: Registration = world.leaf(Slot::from(key));
    assert!(registration.tombstoned);
    let (active, empty) = (SeatState::Active, SeatState::Empty);
    assert_eq!(seats(&world), [active, active, active, empty]);
    // The engine is told in time for the epoch after next.
    let mut told = Vec::new();
    while world.height < 31 {
        let updates = world.step().0.updates;
        told.extend(updates.iter().map(|update| (world.height, update.power)));
    }
    assert_eq!(told, [(31, 0)]);
}

#[test]
fn a_proposer_leaves_out_shares_that_do_not_verify_but_a_block_with_one_is_valid() {
    let mut world = World::new(16, 4);
    for _ in 0..17 {
        world.step();
    }
    world.vote();
    let forged = Extension {
        cursor: 0,
        link: B256::ZERO,
        share: Brought::Due([0xff; 192]),
    }
    .encode();
    let bytes = vote::extension_sign_bytes(&forged, world.height, 0, &world.deployment.chain_id);
    let signature: [u8; 64] = world.keys[2].sign(&bytes).into();
    world.last[2].1 = forged.clone();
    world.last[2].2 = signature.to_vec();
    let record = Record::decode(&world.propose()[0]).unwrap();
    let seats: Vec<u16> = record.witness.votes.iter().map(|vote| vote.seat).collect();
    assert_eq!(seats, vec![0, 1, 3]);
    let mut with = record;
    with.executing.shares.set(2);
    with.witness.votes.insert(
        2,
        CarriedVote {
            seat: 2,
            extension: forged,
            signature,
        },
    );
    assert!(
        world.execute(&[with.encode()]).is_ok(),
        "a BLS signature is no block rule"
    );
}

#[test]
fn late_votes_of_any_size_or_garbage_do_not_break_a_proposal() {
    let mut world = World::new(16, 4);
    world.step();
    world.deposit(1);
    world.vote();
    world.last[0].1 = vec![0; 1 << 20];
    world.last[1].2 = vec![1; 3];
    let transactions = world.propose();
    let record = Record::decode(&transactions[0]).unwrap();
    assert!(
        record.witness.votes.is_empty(),
        "two of four are no two thirds"
    );
    assert!(world.execute(&transactions).is_ok());
}

#[test]
fn a_witness_with_any_leaf_altered_or_missing_executes_nothing() {
    let mut world = World::new(16, 4);
    world.step();
    world.transfer(ALICE, 0, 1);
    let before = world.tree.root();
    world.vote();
    let executed = world.execute(&world.propose()).unwrap();
    let committed = commit(&mut world.tree, &executed, 1, B256::ZERO, true).unwrap();
    let segment = executed.segments.last().unwrap();
    let record = committed.segments.last().unwrap();
    let witness = committed.witnesses.last().unwrap();
    let input = SegmentInput::of(segment, executed.moment(), &world.deployment.domain);
    let run = |witness| reexecute(witness, &record.before, &input, &ColdChecker);
    assert_eq!(run(witness.clone()).unwrap(), record.after);
    assert!(reexecute(witness.clone(), &before, &input, &ColdChecker).is_err());
    for at in 0..witness.leaves.len() {
        let mut bad = witness.clone();
        bad.leaves.remove(at);
        assert!(run(bad).is_err(), "leaf {at} missing");
        let mut bad = witness.clone();
        bad.leaves[at].next[0] ^= 1;
        assert!(run(bad).is_err(), "leaf {at} altered");
    }
    for at in 0..witness.proof.siblings.len() {
        let mut bad = witness.clone();
        bad.proof.siblings[at][0] ^= 1;
        assert!(run(bad).is_err(), "sibling {at}");
    }
    let mut bad = witness.clone();
    bad.appends += 1;
    assert!(run(bad).is_err());
}

#[test]
fn a_vote_that_adds_nothing_makes_a_block_invalid() {
    let mut world = World::new(16, 4);
    world.step();
    world.vote();
    let good = world.propose();
    let mut record = Record::decode(&good[0]).unwrap();
    let (_, extension, signature) = &world.last[0];
    record.witness.votes.push(CarriedVote {
        seat: 0,
        extension: extension.clone(),
        signature: signature.clone().try_into().unwrap(),
    });
    let why = VoteError::AddsNothing;
    assert_eq!(
        world.execute(&[record.encode()]).unwrap_err(),
        Error::Invalid(Invalid::Vote { seat: 0, why })
    );
}

//! Root accepts nothing for more epochs than the ring of sets holds, and another set signs each of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alloy_primitives::B256;
use plasmid::app::reads::{
    Door, MAX_DISK_READS, MAX_SET_READS, ReadError, Reader, Source, bridge, chain, shares,
};
use plasmid::app::shares::Own;
use plasmid::chain::extension::{Brought, Extension, LateShare};
use plasmid::engine::abci::Handler;
use plasmid::ledger::transaction::{Body, StakeBody};
use plasmid_bridge::proof::checkpoint::{Checkpoint, certificate};
use plasmid_bridge::proof::inbox::Body as Message;
use plasmid_bridge::proof::set::commit;
use plasmid_proto::bridge::v1::{GetSharesRequest, SubmitShareRequest};
use plasmid_proto::chain::v1::GetStatusRequest;
use plasmid_staking::Member;
use plasmid_tests::harness::people::{FEE, People};
use plasmid_tests::harness::reads::{Root, served};
use plasmid_tests::harness::{Network, Node};
use tendermint_proto::google::protobuf::Timestamp;
use tendermint_proto::v0_38::abci::{
    ExtendedCommitInfo, ExtendedVoteInfo, RequestPrepareProposal, Validator,
};

/// Blocks of an epoch.
const K: u64 = 16;
/// The epoch in which the last operator gives its seat back.
const LEAVES: u64 = 6;

/// Epochs go by: in each one somebody delegates, so that the next sets differ, and in one of them an operator leaves.
fn pass(network: &mut Network, epochs: u64) {
    for epoch in 0..epochs {
        let body = Body::Stake(StakeBody::Delegate {
            operator: [0x10 + (epoch % 3) as u8; 20],
            amount: 1 << 58,
            line: 1 + epoch % 3,
            max_commission: 10_000,
        });
        let bytes = network.people.sign(0, epoch, FEE, u64::MAX, body);
        for node in network.up() {
            assert_eq!(network.nodes[node].offer(&bytes), 0);
        }
        if epoch == LEAVES {
            let leave = Body::Stake(StakeBody::Leave);
            network.inbox.push(People::through_root([0x13; 20], leave));
        }
        network.run(K);
    }
}

/// A certificate of the shares that the running nodes make now, by way of their sign states: their number, and the checkpoint.
fn sign(network: &Network, epoch: u64, members: &[Member]) -> (usize, Checkpoint) {
    let checkpoint = network.nodes[0].app().checkpoint(epoch).unwrap().unwrap();
    let mut made = Vec::new();
    for node in &network.nodes {
        let key = node.checkpoint.public_key();
        let place = members
            .iter()
            .position(|member| member.checkpoint_key == key);
        match node.app().own_share(epoch).unwrap() {
            Own::Share(share) => {
                assert_eq!(place, Some(usize::from(share.member)), "epoch {epoch}");
                network.nodes[1].app().keep(&share).unwrap();
                made.push((share.member, share.signature));
            }
            Own::None => assert_eq!(place, None, "epoch {epoch}"),
            Own::Unsigned(why) => panic!("epoch {epoch}: {why:?}"),
        }
    }
    let digest = checkpoint.digest();
    let certificate = certificate::build(members, &digest, &made).unwrap();
    certificate::verify(members, &digest, &certificate).unwrap();
    (made.len(), checkpoint)
}

/// While others ask for as many sets from the disk as may be read at once, a node still says how it is, and whoever leaves with a proof has
/// all places.
fn tells_its_status(node: &Node, root: &Arc<Root>) {
    let source = served(node.shared(), Arc::clone(root));
    let never = AtomicBool::new(false);
    let reader = Reader::new(&source, &never).by(Door::Set);
    let take = |door, places: usize| -> Vec<_> {
        let enter = |_| source.disk().enter(door).unwrap();
        (0..places).map(enter).collect()
    };
    let others = take(Door::Set, MAX_SET_READS);
    // People who leave with a proof have all of their places, and while they hold them a node goes on.
    let leaving = take(Door::Client, MAX_DISK_READS);
    let asked = GetSharesRequest { epoch: 5 };
    let shares = |reader: &Reader<'_>| bridge::get_shares(reader, &asked);
    assert!(matches!(shares(&reader), Err(ReadError::Unavailable(_))));
    let ask = || chain::get_status(&reader, &GetStatusRequest {}).unwrap();
    let status = ask();
    assert_eq!((status.height, status.awaited), (node.app().height(), None));
    let said = status.troubles.last().unwrap();
    assert!(said.contains("which checkpoint root waits for"), "{said}");
    drop(others);
    assert!(shares(&reader).is_ok(), "it needs no place of theirs");
    drop(leaving);
    assert_eq!(ask().awaited.map(|awaited| awaited.epoch), Some(5));
}

/// What a relayer and another member do through the reads of a node that the chain has left far behind.
fn through_reads(network: &Network, root: &Arc<Root>, epoch: u64, members: &[Member]) {
    let source = served(network.nodes[1].shared(), Arc::clone(root));
    let never = AtomicBool::new(false);
    let reader = Reader::new(&source, &never);
    let answer = bridge::get_shares(&reader, &GetSharesRequest { epoch }).unwrap();
    assert_eq!(answer.members.len(), members.len());
    let total: u64 = members.iter().map(|member| member.power).sum();
    assert_eq!(answer.checkpoint.unwrap().total_power, total);
    for (number, member) in members.iter().enumerate() {
        let mut nodes = network.nodes.iter();
        let node = nodes.find(|node| node.checkpoint.public_key() == member.checkpoint_key);
        let digest = source.checkpoint(epoch).unwrap().unwrap().digest();
        let signature = node.unwrap().checkpoint.sign_checkpoint(&digest);
        let request = SubmitShareRequest {
            epoch,
            member: number as u32,
            signature: signature.to_vec(),
        };
        let candidate = shares::candidate(&reader, &request).unwrap();
        candidate.verify().unwrap();
    }
    let beyond = SubmitShareRequest {
        epoch,
        member: members.len() as u32,
        signature: vec![1; 192],
    };
    assert!(shares::candidate(&reader, &beyond).is_err());
    let awaited = bridge::awaited(&reader).unwrap().unwrap();
    assert_eq!((awaited.epoch, awaited.total_power), (epoch, total));
    assert_eq!(awaited.signed_power, total, "all were handed to it");
    assert!(awaited.missing.is_empty());
}

#[test]
fn while_root_accepts_nothing_for_more_than_a_ring_of_epochs_every_checkpoint_stays_signable_by_its_own_set()
 {
    let mut network = Network::quiet();
    let ring = u64::from(network.nodes[0].app().parameters().ring);
    let epochs = ring + 10;
    pass(&mut network, epochs);
    // One node has started again from its disk, another one has lost it and replayed all blocks.
    network.nodes[0].flush();
    network.nodes[0].crash();
    network.nodes[0].restart(&network.file, &network.chain);
    network.nodes[2].lose_disk();
    network.nodes[2].restart(&network.file, &network.chain);
    let root = Arc::new(Root::default());
    root.0.store(5, Ordering::SeqCst);
    tells_its_status(&network.nodes[0], &root);
    let (mut sets, mut sizes, mut before) = (BTreeSet::new(), BTreeSet::new(), None);
    for epoch in 0..epochs {
        let members = network.nodes[0].app().signers(epoch).unwrap().unwrap();
        for node in &network.nodes {
            let signers = node.app().signers(epoch).unwrap();
            assert_eq!(signers.as_ref(), Some(&members), "epoch {epoch}");
        }
        let set = commit(&members).unwrap().commitment;
        let (signed, checkpoint) = sign(&network, epoch, &members);
        assert_eq!(signed, members.len(), "whoever signed, seated now or not");
        // As RootChain does it: in order, by the set that the checkpoint before names.
        if let Some(before) = before.replace(checkpoint) {
            assert_eq!(set, before.next_set);
            assert_eq!(checkpoint.previous, before.digest());
        }
        root.0.store(epoch, Ordering::SeqCst);
        through_reads(&network, &root, epoch, &members);
        sets.insert(set);
        sizes.insert(members.len());
    }
    assert!(sets.len() as u64 > ring, "{} sets", sets.len());
    assert_eq!(sizes, BTreeSet::from([3, 4]), "a member gave its seat back");
    // Root accepts all of them, and settles all but the last ones: their sets are given up.
    for epoch in 0..epochs {
        network.inbox.push(Message::Acceptance {
            epoch,
            relayer: [1; 20],
            gas_price: 1,
            absent: 0,
        });
    }
    for node in &network.nodes {
        node.seen.settle(epochs - 1);
    }
    network.run(2 * K);
    assert_eq!(network.nodes[1].seen.agreed(), epochs);
    network.nodes[1].flush();
    network.nodes[1].crash();
    network.nodes[1].restart(&network.file, &network.chain);
    root.0.store(LEAVES, Ordering::SeqCst);
    let source = served(network.nodes[1].shared(), Arc::clone(&root));
    let never = AtomicBool::new(false);
    let reader = Reader::new(&source, &never);
    assert!(reader.signers(epochs - 1).unwrap().is_some());
    assert!(reader.signers(epochs + 10).unwrap().is_none(), "not over");
    // An endpoint that says later that root waits for one of them is not believed in silence.
    let awaited = bridge::awaited(&reader).unwrap().unwrap();
    assert_eq!((awaited.epoch, awaited.total_power), (LEAVES, 0));
    assert!(awaited.missing.is_empty());
}

/// A block, and the round of each node's duty after it.
fn step(network: &mut Network, accepted: u64) {
    network.step();
    for node in &network.nodes {
        let app = node.app();
        app.offer_late(accepted..app.ended().saturating_sub(1))
            .unwrap();
        app.take_late().unwrap();
    }
}

/// How many of the four members' shares over an epoch's checkpoint a node keeps.
fn kept(network: &Network, node: usize, epoch: u64) -> BTreeSet<u16> {
    let source = served(network.nodes[node].shared(), Arc::default());
    let shares = source.shares(epoch).unwrap();
    shares.iter().map(|(member, _)| *member).collect()
}

#[test]
fn shares_that_came_too_late_for_blocks_reach_every_node_by_votes_alone() {
    let mut network = Network::quiet();
    // Two of four members cannot write their sign states for two epochs: the checkpoints 0 and 1 miss their quorum.
    network.certified = false;
    for node in [2, 3] {
        network.nodes[node].mute.store(true, Ordering::SeqCst);
    }
    for _ in 0..3 * K {
        step(&mut network, 0);
    }
    for node in 0..4 {
        for epoch in 0..2 {
            assert_eq!(
                kept(&network, node, epoch),
                BTreeSet::from([0, 1]),
                "epoch {epoch}"
            );
        }
    }
    for node in [2, 3] {
        network.nodes[node].mute.store(false, Ordering::SeqCst);
    }
    network.certified = true;
    // One vote brings the share that is due, the next ones one late share each. A member stops when it knows those of more than two thirds besides its own.
    // Each node has to propose behind them.
    for _ in 0..K {
        step(&mut network, 0);
    }
    for node in 0..4 {
        for epoch in 0..2 {
            assert!(
                kept(&network, node, epoch).len() >= 3,
                "node {node}, epoch {epoch}"
            );
        }
        let app = network.nodes[node].app();
        let members = app.signers(0).unwrap().unwrap();
        let digest = app.checkpoint(0).unwrap().unwrap().digest();
        let source = served(network.nodes[node].shared(), Arc::default());
        let shares = source.shares(0).unwrap();
        let certificate = certificate::build(&members, &digest, &shares).unwrap();
        certificate::verify(&members, &digest, &certificate).unwrap();
    }
}

/// A vote in the last commit brings a share to the first node when it proposes, which judges it: how many it keeps that are new.
fn brings(network: &Network, voter: usize, share: LateShare) -> usize {
    let extension = Extension {
        cursor: 0,
        link: B256::ZERO,
        share: Brought::Late(share),
    };
    let app = network.nodes[0].app();
    let vote = ExtendedVoteInfo {
        validator: Some(Validator {
            address: network.nodes[voter].address().to_vec().into(),
            power: 1,
        }),
        vote_extension: extension.encode().into(),
        block_id_flag: 2,
        ..ExtendedVoteInfo::default()
    };
    let request = RequestPrepareProposal {
        height: i64::try_from(app.height()).unwrap() + 1,
        time: Some(Timestamp::default()),
        proposer_address: network.nodes[0].address().to_vec().into(),
        local_last_commit: Some(ExtendedCommitInfo {
            round: 0,
            votes: vec![vote],
        }),
        ..RequestPrepareProposal::default()
    };
    // Without room for a record there is no proposal; the votes were seen before that.
    let _ = app.prepare_proposal(request);
    app.take_late().unwrap()
}

#[test]
fn a_late_share_that_does_not_verify_or_that_nobody_needs_is_not_kept() {
    let mut network = Network::quiet();
    network.nodes[3].mute.store(true, Ordering::SeqCst);
    network.run(3 * K);
    let good = |network: &Network, epoch| {
        let checkpoint = network.nodes[0].app().checkpoint(epoch).unwrap().unwrap();
        LateShare {
            epoch,
            member: 3,
            signature: network.nodes[3]
                .checkpoint
                .sign_checkpoint(&checkpoint.digest()),
        }
    };
    let right = good(&network, 0);
    let mut other = right;
    other.signature[100] ^= 1;
    for wrong in [
        other,
        LateShare { epoch: 1, ..right },
        LateShare { epoch: 3, ..right },
        LateShare {
            epoch: u64::MAX,
            ..right
        },
        LateShare { member: 2, ..right },
        LateShare { member: 4, ..right },
        LateShare {
            member: u16::MAX,
            ..right
        },
    ] {
        assert_eq!(
            brings(&network, 3, wrong),
            0,
            "{} of {}",
            wrong.member,
            wrong.epoch
        );
    }
    assert_eq!(kept(&network, 0, 0), BTreeSet::from([0, 1, 2]));
    // Any voter may carry it.
    assert_eq!(brings(&network, 2, right), 1);
    assert_eq!(brings(&network, 3, right), 0, "it is known");
    assert_eq!(kept(&network, 0, 0), BTreeSet::from([0, 1, 2, 3]));
    // Once the child knows that root has accepted a checkpoint, nobody needs its shares.
    network.accept(0..=1, K);
    assert_eq!(brings(&network, 3, good(&network, 1)), 0);
    assert_eq!(brings(&network, 3, good(&network, 2)), 1);
}

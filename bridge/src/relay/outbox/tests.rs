//! The outbox machine against fed outcomes, with real keys and a model of what root checks.

use alloy_primitives::{Address, B256, keccak256};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::proof::bls::SecretKey;
use crate::proof::{deployment, list, set};
use crate::relay::acceptance::Acceptance;
use crate::relay::seen::Anchor;
use plasmid_staking::Member;

mod flood;

const ME: Address = Address::repeat_byte(0xaa);
const ID: [u8; 20] = [5; 20];

struct World {
    keys: Vec<SecretKey>,
    members: Vec<Member>,
    now: u64,
    outbox: Outbox,
    accepted: Vec<Acceptance>,
    nonce: u64,
    pool: Vec<Parcel>,
    paid: u64,
    absent: Vec<u16>,
    relayer: Address,
    rival: bool,
    lies: Vec<CheckpointOffer>,
    stands: bool,
    ripe: Option<Arc<Acceptance>>,
    /// What waits in the pool to make something final.
    finalizing: Vec<(u64, u64)>,
    notices: Vec<Notice>,
}

impl World {
    fn new(count: u16, policy: Policy) -> Self {
        let keys: Vec<_> = (0..count)
            .map(|number| SecretKey::from_entropy(&keccak256(number.to_be_bytes()).0).unwrap())
            .collect();
        let members: Vec<_> = (0..count)
            .zip(&keys)
            .map(|(number, key)| Member {
                at_risk: true,
                seat: number * 2,
                operator: [number as u8; 20],
                registration: u64::from(number) + 1,
                consensus_key: [number as u8; 32],
                checkpoint_key: key.public_key(),
                power: 10,
            })
            .collect();
        let genesis_set = set::commit(&members).unwrap().commitment;
        let deployment = Deployment {
            id: ID,
            genesis_set,
            me: ME,
            epoch_max_secs: 120,
        };
        Self {
            keys,
            members,
            now: 1_000_000,
            outbox: Outbox::new(deployment, policy),
            accepted: Vec::new(),
            nonce: 0,
            pool: Vec::new(),
            paid: 0,
            absent: Vec::new(),
            relayer: ME,
            rival: false,
            lies: Vec::new(),
            stands: false,
            ripe: None,
            finalizing: Vec::new(),
            notices: Vec::new(),
        }
    }

    fn quick() -> Policy {
        Policy {
            poll_ms: 100,
            linger_ms: 500,
            patience_secs: 60,
            stuck_ms: 5_000,
        }
    }

    fn checkpoint(&self, epoch: u64) -> Checkpoint {
        let first = deployment::salt(&ID);
        Checkpoint {
            deployment: ID,
            epoch,
            last_block_time: 1_000 + epoch,
            blocks_root: keccak256([1]),
            state_root: keccak256([2]),
            inbox_cursor: 0,
            inbox_link: B256::ZERO,
            next_set: set::commit(&self.members).unwrap().commitment,
            relayer: self.relayer.into_array(),
            previous: self.accepted.last().map_or(first, |last| last.digest),
        }
    }

    fn offer(&self, epoch: u64) -> CheckpointOffer {
        let checkpoint = self.checkpoint(epoch);
        let digest = checkpoint.digest();
        let shares = (0u16..)
            .zip(&self.keys)
            .filter(|(number, _)| !self.absent.contains(number))
            .map(|(number, key)| (number, key.sign_checkpoint(&digest)))
            .collect();
        CheckpointOffer {
            checkpoint,
            members: self.members.clone(),
            shares,
        }
    }

    /// What the nodes tell: the lies first, then the truth.
    fn offers(&self, epoch: u64) -> Vec<CheckpointOffer> {
        let mut offers = self.lies.clone();
        if !self.stands {
            offers.push(self.offer(epoch));
        }
        offers
    }

    fn root(&self) -> RootState {
        RootState {
            time: self.now / 1_000,
            accepted: self.accepted.len() as u64,
            accepted_with_pool: self.accepted.len() as u64
                + u64::from(self.rival || !self.pool.is_empty()),
            tau: self.accepted.last().map_or(0, |last| last.tau),
            previous: self.accepted.last().cloned(),
            anchor: Anchor::GENESIS.index,
            anchor_link: Anchor::GENESIS.link,
            entries: Vec::new(),
            count: 0,
            nonce: self.nonce,
            pending_nonce: self.nonce
                + u64::from(!self.pool.is_empty())
                + self.finalizing.len() as u64,
            ripe: self.ripe.clone(),
        }
    }

    /// Does one task; false when there is none.
    fn step(&mut self) -> bool {
        let Some(task) = self.outbox.next(self.now) else {
            return false;
        };
        let outcome = match task {
            Task::Look => Outcome::Root(Box::new(self.root())),
            Task::Fetch(epoch) => Outcome::Offers(self.offers(epoch)),
            Task::Submit(parcel) => {
                assert_eq!(
                    parcel.nonce, self.nonce,
                    "only the account's next nonce is used"
                );
                let is_empty = self.pool.is_empty() && self.finalizing.is_empty();
                assert_eq!(parcel.replaces, !is_empty);
                let hash = keccak256(parcel.nonce.to_be_bytes());
                self.pool = vec![*parcel];
                // It takes the place of what waited there.
                self.finalizing.clear();
                Outcome::Sent(hash)
            }
            Task::Finalize(ripe, nonce) => {
                assert_eq!((nonce, self.pool.len()), (self.nonce, 0));
                assert!(self.finalizing.is_empty(), "it is never sent twice");
                self.finalizing.push((ripe.epoch, nonce));
                Outcome::Sent(ripe.digest)
            }
        };
        let notices = self.outbox.answer(self.now, outcome);
        self.notices.extend(notices);
        true
    }

    fn run(&mut self, seconds: u64) {
        let end = self.now + seconds * 1_000;
        while self.now < end {
            while self.step() {}
            self.now += 50;
        }
    }

    /// Root mines what waits: accepts it when it is next, else it reverts and is paid for all the same.
    fn mine(&mut self) {
        for (epoch, nonce) in std::mem::take(&mut self.finalizing) {
            assert_eq!(nonce, self.nonce);
            self.nonce += 1;
            let is_done = |ripe: &Arc<Acceptance>| ripe.epoch > epoch;
            self.ripe = self.ripe.take().filter(is_done);
        }
        for parcel in std::mem::take(&mut self.pool) {
            self.nonce += 1;
            self.paid += 1;
            if parcel.epoch == self.accepted.len() as u64 {
                self.accept(ME);
            }
        }
    }

    fn accept(&mut self, carrier: Address) {
        let epoch = self.accepted.len() as u64;
        let checkpoint = self.checkpoint(epoch);
        self.accepted.push(Acceptance {
            epoch,
            digest: checkpoint.digest(),
            carrier,
            checkpoint,
            signers: [0; 64],
            time: self.now / 1_000,
            block: self.now / 1_000,
            due_count: 0,
            tau: 0,
        });
    }

    /// A new process: all that the machine knew is gone.
    fn crash(&mut self) {
        self.outbox = Outbox::new(self.outbox.deployment, self.outbox.policy);
    }
}

#[test]
fn checkpoints_are_carried_one_after_the_other_each_paid_once() {
    let mut world = World::new(4, World::quick());
    for epoch in 0..5 {
        world.run(2);
        assert_eq!(world.pool.len(), 1);
        world.mine();
        assert_eq!(world.accepted.len(), epoch + 1);
    }
    assert_eq!(world.paid, 5);
    world.run(1);
    let carried = |notice: &&Notice| matches!(notice, Notice::Accepted { carrier: ME, .. });
    assert_eq!(world.notices.iter().filter(carried).count(), 5);
}

#[test]
fn a_crash_between_any_two_steps_never_pays_twice() {
    for crash_at in 0..12 {
        let mut world = World::new(4, World::quick());
        for _ in 0..crash_at {
            while !world.step() {
                world.now += 50;
            }
        }
        world.crash();
        world.run(3);
        world.mine();
        world.crash();
        world.run(1);
        assert_eq!(world.accepted.len(), 1, "crash at step {crash_at}");
        assert_eq!(world.paid, 1, "crash at step {crash_at}");
    }
}

#[test]
fn what_an_earlier_process_left_in_the_pool_is_waited_for_and_then_replaced_at_its_nonce() {
    let mut world = World::new(4, World::quick());
    world.run(1);
    let left = world.pool[0].nonce;
    world.crash();
    world.run(4);
    assert!(!world.notices.contains(&Notice::Stuck { nonce: left }));
    world.run(3);
    assert!(world.notices.contains(&Notice::Stuck { nonce: left }));
    assert!(world.pool[0].replaces);
    world.mine();
    assert_eq!((world.paid, world.accepted.len()), (1, 1));
}

#[test]
fn a_race_that_another_relayer_won_is_noticed_and_the_next_epoch_takes_the_nonce() {
    let mut world = World::new(4, World::quick());
    world.run(1);
    let other = Address::repeat_byte(0xbb);
    world.accept(other);
    world.run(10);
    assert!(world.notices.contains(&Notice::Accepted {
        epoch: 0,
        carrier: other
    }));
    assert_eq!(
        world.pool[0].epoch, 1,
        "the stuck transaction is replaced by what is next"
    );
    world.mine();
    assert_eq!((world.paid, world.accepted.len()), (1, 2));
}

#[test]
fn the_relayer_named_in_the_checkpoint_goes_first_for_a_while() {
    let mut world = World::new(4, World::quick());
    world.relayer = Address::repeat_byte(0xcc);
    world.run(50);
    assert!(world.pool.is_empty());
    let until = world.offer(0).checkpoint.last_block_time + 60;
    let relayer = world.relayer;
    let yielded = Notice::NotOurTurn {
        epoch: 0,
        relayer,
        until,
    };
    assert_eq!(world.notices, [yielded], "it is said once");
    world.run(30);
    assert_eq!(world.pool.len(), 1);
}

#[test]
fn a_child_that_stands_is_told_once_an_epoch_and_no_sooner_than_an_epoch_may_last() {
    let mut world = World::new(4, World::quick());
    world.stands = true;
    let not_over = |world: &World| -> Vec<(u64, u64)> {
        let notices = world.notices.iter();
        notices
            .filter_map(|notice| match notice {
                Notice::NotOver { epoch, secs } => Some((*epoch, *secs)),
                _ => None,
            })
            .collect()
    };
    world.run(119);
    assert_eq!(not_over(&world), []);
    world.run(240);
    assert_eq!(not_over(&world), [(0, 121)]);
    // It goes on; the next epoch counts from the end of the one before.
    world.stands = false;
    world.run(2);
    world.mine();
    assert_eq!(world.accepted.len(), 1);
    world.stands = true;
    world.accepted[0].checkpoint.last_block_time = world.now / 1_000 - 10;
    world.run(100);
    assert_eq!(not_over(&world).len(), 1);
    world.run(100);
    assert_eq!(not_over(&world)[1..], [(1, 121)]);
}

#[test]
fn nobody_pays_for_a_checkpoint_that_another_relayer_has_in_the_pool() {
    let mut world = World::new(4, World::quick());
    for epoch in 0..3 {
        world.rival = true;
        world.run(4);
        assert!(world.pool.is_empty());
        world.rival = false;
        world.accept(Address::repeat_byte(0xbb));
        assert_eq!(world.accepted.len(), epoch + 1);
    }
    world.run(1);
    assert_eq!(world.pool[0].epoch, 3, "the next one is nobody's");
    assert_eq!(world.paid, 0);
}

#[test]
fn a_submission_that_stays_in_the_pool_holds_nobody_back_for_long() {
    for flickers in [false, true] {
        let mut world = World::new(4, World::quick());
        world.rival = true;
        let start = world.now;
        while world.pool.is_empty() {
            assert!(world.now - start < 6_000, "flickers: {flickers}");
            while world.step() {}
            world.now += 50;
            // Seen at every look, or replaced again and again.
            world.rival = !flickers || world.now - start < 200;
        }
        world.mine();
        assert_eq!((world.paid, world.accepted.len()), (1, 1));
    }
}

#[test]
fn without_a_quorum_it_waits_and_with_one_it_lingers_for_the_rest() {
    let mut world = World::new(4, World::quick());
    world.absent = vec![0, 3];
    world.run(5);
    assert!(world.pool.is_empty());
    let Some(Notice::Waiting {
        epoch: 0, missing, ..
    }) = world.notices.last()
    else {
        panic!("{:?}", world.notices.last());
    };
    // Named by seat and operator, not by member number.
    let named: Vec<_> = missing.iter().map(|one| (one.seat, one.operator)).collect();
    let operator = |number: u8| Address::repeat_byte(number);
    assert_eq!(named, [(0, operator(0)), (6, operator(3))]);
    world.absent = vec![3];
    let since = world.now;
    while world.pool.is_empty() {
        world.step();
        world.now += 50;
    }
    assert!(world.now - since >= 500);
    let submission = &world.pool[0].submission;
    assert_eq!(submission.absent.len(), 1);
    assert_eq!(submission.absent[0].number, 3);
    assert_eq!(submission.signers[0].0[0], 0b0111);
}

#[test]
fn absent_members_are_shown_by_exactly_the_siblings_of_the_list_tree() {
    for count in [1u16, 2, 3, 4, 5, 7, 8, 9, 13] {
        let mut world = World::new(count, World::quick());
        for absent in 0..count.min(4) {
            if u32::from(count - 1) * 3 <= u32::from(count) * 2 {
                continue;
            }
            world.absent = vec![absent];
            let offer = world.offer(0);
            let submission =
                parcel::submission(&world.outbox.deployment, &world.root(), &offer).unwrap();
            let leaves: Vec<_> = world.members.iter().map(set::member_leaf).collect();
            // A multiproof of one leaf is its inclusion proof.
            assert_eq!(
                Some(submission.absentSiblings),
                list::prove(&leaves, u32::from(absent))
            );
        }
    }
}

#[test]
fn forged_offers_are_refused_for_the_reason_that_is_theirs() {
    type Forge = fn(&mut CheckpointOffer);
    let forges: [(&str, Forge); 6] = [
        ("wants checkpoint 0 next", |offer| {
            offer.checkpoint.epoch = 1
        }),
        ("the digest of the one before", |offer| {
            offer.checkpoint.previous.0[0] ^= 1
        }),
        ("the digest of the one before", |offer| {
            offer.checkpoint.deployment[0] ^= 1
        }),
        ("the members that the child gave", |offer| {
            offer.members[0].power += 1
        }),
        ("the members that the child gave", |offer| {
            offer.members.pop();
        }),
        ("power", |offer| offer.checkpoint.state_root.0[0] ^= 1),
    ];
    for (words, forge) in forges {
        let world = World::new(4, World::quick());
        let mut offer = world.offer(0);
        forge(&mut offer);
        let error =
            parcel::submission(&world.outbox.deployment, &world.root(), &offer).unwrap_err();
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
}

#[test]
fn a_node_that_tells_another_story_keeps_nobody_from_relaying_what_an_honest_one_has() {
    let mut world = World::new(4, World::quick());
    let honest = world.offer(0);
    let mut other_set = honest.clone();
    other_set.members[0].power += 1;
    let mut other_content = honest.clone();
    other_content.checkpoint.state_root.0[0] ^= 1;
    let mut other_history = honest;
    other_history.checkpoint.previous.0[0] ^= 1;
    world.lies = vec![other_set, other_content, other_history];
    world.run(1);
    assert_eq!(world.pool.len(), 1);
    assert!(world.pool[0].submission.absent.is_empty());
    // Without a quorum it says who is missing, and not what the others told.
    let mut world = World::new(4, World::quick());
    let mut other_set = world.offer(0);
    other_set.members[0].power += 1;
    world.lies = vec![other_set];
    world.absent = vec![1, 2];
    world.run(1);
    assert!(world.pool.is_empty());
    let Some(Notice::Waiting { missing, .. }) = world.notices.last() else {
        panic!("{:?}", world.notices.last());
    };
    assert_eq!(missing.len(), 2);
}

#[test]
fn shares_that_do_not_verify_are_skipped_and_the_rest_still_makes_a_certificate() {
    let world = World::new(4, World::quick());
    let mut offer = world.offer(0);
    offer.shares[1].1[20] ^= 1;
    offer.shares.push((2, offer.shares[0].1));
    offer.shares.push((400, offer.shares[0].1));
    let submission = parcel::submission(&world.outbox.deployment, &world.root(), &offer).unwrap();
    assert_eq!(submission.absent.len(), 1);
    assert_eq!(submission.absent[0].number, 1);
}

#[test]
fn failures_and_refusals_are_said_and_tried_again_later() {
    let mut world = World::new(4, World::quick());
    for outcome in [
        Outcome::Failed("no node".into()),
        Outcome::Refused("checkpoint 0 was offered and 1 is next".into()),
        Outcome::Offers(Vec::new()),
    ] {
        assert!(world.outbox.next(world.now).is_some());
        world.outbox.answer(world.now, outcome);
        assert!(world.outbox.next(world.now).is_none(), "it rests");
        world.now += 100;
        assert!(matches!(world.outbox.next(world.now), Some(Task::Look)));
        let root = Outcome::Root(Box::new(world.root()));
        world.outbox.answer(world.now, root);
    }
    world.run(2);
    assert_eq!(world.pool.len(), 1);
}

#[test]
fn an_old_checkpoint_is_taken_by_a_root_whose_next_block_comes_minutes_late() {
    /// What RootChain allows, in seconds.
    const MAX_AGE: u64 = 15 * 60;
    let mut random = ChaCha8Rng::seed_from_u64(0x7a0);
    let world = World::new(1, World::quick());
    for _ in 0..1_000 {
        let time = 1_000_000 + random.random_range(0..100_000);
        let root = RootState {
            time,
            accepted: 0,
            accepted_with_pool: 0,
            tau: time - random.random_range(0..50_000),
            previous: None,
            anchor: 0,
            anchor_link: B256::ZERO,
            entries: Vec::new(),
            count: 0,
            nonce: 0,
            pending_nonce: 0,
            ripe: None,
        };
        // After an outage of any length, or an epoch that ended just now.
        let mut checkpoint = world.checkpoint(0);
        checkpoint.last_block_time = time - random.random_range(0..5_000);
        let tau = parcel::tau(&root, &checkpoint);
        assert!((root.tau..=time).contains(&tau));
        let mined = time + random.random_range(0..8 * 60);
        assert!(mined - tau <= MAX_AGE, "{} s after its look", mined - time);
        let age = time - checkpoint.last_block_time;
        if age < 7 * 60 && checkpoint.last_block_time >= root.tau {
            assert_eq!(tau, checkpoint.last_block_time, "nothing later is due");
        }
    }
}

/// Checkpoints go first, and what was sent is waited for.
#[test]
fn what_is_ripe_is_made_final_once_when_nothing_is_to_be_submitted() {
    for crashes in [false, true] {
        let mut world = World::new(4, World::quick());
        world.run(2);
        world.mine();
        world.ripe = Some(Arc::new(world.accepted[0].clone()));
        world.run(1);
        // There is a checkpoint to carry.
        assert_eq!((world.pool.len(), world.finalizing.len()), (1, 0));
        world.stands = true;
        world.mine();
        world.run(1);
        assert_eq!(world.finalizing, [(0, 2)]);
        if crashes {
            world.crash();
        }
        world.run(3);
        let said = |notice: &&Notice| {
            matches!(
                notice,
                Notice::Finalizing {
                    epoch: 0,
                    nonce: 2,
                    ..
                }
            )
        };
        assert_eq!(world.notices.iter().filter(said).count(), 1);
        // The next checkpoint waits for it, and takes its place when it is not mined.
        world.stands = false;
        world.run(1);
        assert!(world.pool.is_empty());
        world.run(10);
        assert_eq!((world.pool.len(), world.finalizing.len()), (1, 0));
        world.mine();
        // It is due still.
        world.stands = true;
        world.run(1);
        assert_eq!(world.finalizing, [(0, 3)]);
        world.mine();
        world.run(10);
        assert!(world.finalizing.is_empty());
    }
}

/// A quorum waits for the rest of the shares; its account is not to be taken by something that can wait.
#[test]
fn nothing_is_made_final_while_a_checkpoint_lingers_for_more_shares() {
    let mut world = World::new(4, World::quick());
    world.run(2);
    world.mine();
    world.ripe = Some(Arc::new(world.accepted[0].clone()));
    world.absent = vec![3];
    while world.pool.is_empty() {
        world.step();
        world.now += 50;
        assert!(world.finalizing.is_empty());
    }
}

/// Where epochs are as short as root's blocks there is always a checkpoint to carry. It gives way once what is ripe has waited.
#[test]
fn what_is_ripe_is_made_final_though_there_is_always_a_checkpoint_to_carry() {
    let mut world = World::new(4, World::quick());
    world.run(2);
    world.mine();
    world.ripe = Some(Arc::new(world.accepted[0].clone()));
    let start = world.now;
    while world.finalizing.is_empty() {
        assert!(world.now < start + 2 * 1_000 * MAX_WAIT_SECS);
        world.run(1);
        assert_eq!(world.pool.len() + world.finalizing.len(), 1);
        if world.finalizing.is_empty() {
            world.mine();
        }
    }
    assert!(world.now >= start + 1_000 * MAX_WAIT_SECS);
    let carried = world.accepted.len();
    world.mine();
    assert!(world.ripe.is_none());
    world.run(1);
    world.mine();
    assert_eq!(world.accepted.len(), carried + 1);
}

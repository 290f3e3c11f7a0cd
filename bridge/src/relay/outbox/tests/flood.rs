//! More messages than a relayer's follower keeps: both machines against one root chain, with the contract's own check of each submission.

use alloy_primitives::Bytes;
use alloy_sol_types::SolEvent;

use super::*;
use crate::abi::{IInbox, IRootChain};
use crate::proof::inbox::{Body, Message, link, message_hash};
use crate::relay::config::Config;
use crate::relay::events::{self, Heard};
use crate::relay::inbox::{Answer, Inbox, View};
use crate::relay::outbox::tail::{Contracts, Tail};
use crate::relay::seen::{Anchor, Block, Entry, Finality, Heads, Log, Sought, Which};
use crate::relay::track::{Ask, Reply};
use crate::relay::witness::tests::accepts;
use crate::relay::witness::{InboxWitness, InboxWitnessError};

const INBOX: Address = Address::repeat_byte(0x11);
const ROOT_CHAIN: Address = Address::repeat_byte(0x22);
const BLOCK_SECS: u64 = 12;
const EPOCH_BLOCKS: u64 = 5;
const DELAY_SECS: u64 = 2_000;
const INTERVAL_MS: u64 = 10_000;
/// Messages that the child consumes in an epoch, at most.
const BATCH: usize = 12;
const KEPT: usize = 64;
const FINAL_AFTER: u64 = 2;

/// A root chain, a child that has all its epochs' checkpoints ready, and a relayer's follower.
struct Sea {
    world: World,
    height: u64,
    entries: Vec<Entry>,
    logs: Vec<Log>,
    /// Messages and checkpoints after each block.
    counts: Vec<(u64, u64)>,
    cursors: Vec<usize>,
    follower: Inbox,
    refused: usize,
}

impl Sea {
    fn new() -> Self {
        let mut world = World::new(1, World::quick());
        world.now = 0;
        Self {
            world,
            height: 0,
            entries: Vec::new(),
            logs: Vec::new(),
            counts: Vec::new(),
            cursors: Vec::new(),
            follower: Self::follower(),
            refused: 0,
        }
    }

    fn follower() -> Inbox {
        let config = Config {
            deployment: ID,
            root_chain_id: 1,
            inbox: INBOX,
            root_chain: ROOT_CHAIN,
            deployed_at: 1,
            parent_hash: Self::block(0).hash,
            finality: Finality::Depth(FINAL_AFTER as u32),
            range: 1_000,
            kept_messages: KEPT,
            kept_checkpoints: 8,
            poll_ms: 100,
            longest_wait_ms: 1_000,
            patience_ms: 1_000,
            stall_ms: u64::MAX,
        };
        Inbox::new(config, Anchor::GENESIS, None, false)
    }

    fn block(number: u64) -> Block {
        let hash = |number: u64| keccak256(number.to_be_bytes());
        Block {
            number,
            hash: hash(number),
            parent: hash(number.saturating_sub(1)),
            time: number * BLOCK_SECS,
        }
    }

    fn count(&self) -> u64 {
        self.entries.len() as u64
    }

    fn link(&self, index: u64) -> B256 {
        match index {
            0 => B256::ZERO,
            _ => self.entries[index as usize - 1].link,
        }
    }

    fn send(&mut self) {
        let index = self.count() + 1;
        let time = self.height * BLOCK_SECS;
        let slot = self.entries.last().map_or(0, |last| last.due + INTERVAL_MS);
        let message = Message {
            index,
            arrival: time,
            root_height: self.height,
            due: slot.max((time + DELAY_SECS) * 1_000),
            body: Body::RewardFunding {
                amount: 1,
                funder: [7; 20],
            },
        };
        let bytes = message.encode();
        let event = IInbox::MessageSent {
            index,
            link: link(index, &self.link(index - 1), &message_hash(&bytes)),
            message: Bytes::from(bytes),
        };
        self.push(INBOX, event.encode_log_data());
        let log = self.logs.last().unwrap();
        let Heard::Message(sent) = events::decode(log, &ID).unwrap() else {
            unreachable!()
        };
        let entry = sent.extend(&self.link(index - 1), self.height).unwrap();
        self.entries.push(entry);
    }

    fn push(&mut self, address: Address, data: alloy_primitives::LogData) {
        self.logs.push(Log {
            address,
            topics: data.topics().to_vec(),
            data: data.data,
            block: self.height,
            index: self.logs.len() as u64,
        });
    }

    /// Mines a block with this number of messages. At the end of an epoch the child has one more checkpoint.
    fn mine(&mut self, messages: u64) {
        for _ in 0..messages {
            self.send();
        }
        if self.height.is_multiple_of(EPOCH_BLOCKS) {
            let before = self.cursors.last().copied().unwrap_or(0);
            self.cursors.push((before + BATCH).min(self.entries.len()));
            self.relay();
        }
        let accepted = self.world.accepted.len() as u64;
        self.counts.push((self.count(), accepted));
        self.height += 1;
    }

    /// Lets the follower read all that it has room for.
    fn follow(&mut self) -> View {
        for _ in 0..20 {
            while let Some(request) = self.follower.next(self.world.now) {
                let reply = self.reply(&request.ask);
                let answer = Answer {
                    id: request.id,
                    endpoint: request.endpoint,
                    result: Ok(reply),
                };
                self.follower.answer(self.world.now, answer);
            }
            if let Some(needless) = tail::needless(self.follower.view()) {
                self.follower.released(self.world.now, needless);
            }
            self.world.now += 200;
        }
        let view = self.follower.view().clone();
        assert!(view.entries.len() <= KEPT);
        assert!(view.finalized.is_none() || view.healthy);
        view
    }

    fn reply(&self, ask: &Ask) -> Reply {
        match ask {
            Ask::ChainId => Reply::ChainId(1),
            Ask::Block(Which::Number(number)) => Reply::Block(Some(Self::block(*number))),
            Ask::Block(_) => Reply::Block(self.height.checked_sub(1).map(Self::block)),
            Ask::Logs {
                from, to, topic, ..
            } => Reply::Logs(
                self.logs
                    .iter()
                    .filter(|log| (from..=to).contains(&&log.block) && log.topics[0] == *topic)
                    .cloned()
                    .collect(),
            ),
            Ask::Heads(sought) => Reply::Heads(self.heads(sought)),
        }
    }

    fn heads(&self, sought: &Sought) -> Heads {
        let mut blocks = 0..self.height;
        let number = blocks.find(|number| Self::block(*number).hash == sought.block);
        let (count, accepted) = self.counts[number.unwrap() as usize];
        let accepted_then = &self.world.accepted[..accepted as usize];
        let is_kept = count - sought.index < 256 || sought.index.is_multiple_of(32);
        Heads {
            count,
            link: is_kept.then(|| self.link(sought.index)),
            accepted,
            tau: accepted_then.last().map_or(0, |record| record.tau),
            finalized: 0,
            exit_at: None,
            void_from: None,
            records: (sought.first_epoch..sought.end_epoch)
                .map(|epoch| accepted_then[epoch as usize].record())
                .collect(),
        }
    }

    /// These logs, read as the newest events.
    fn tail(logs: &[Log]) -> Tail {
        let mut tail = Tail::new(Contracts {
            deployment: ID,
            inbox: INBOX,
            root_chain: ROOT_CHAIN,
        });
        tail.take((0, u64::MAX), (0, B256::ZERO), logs).unwrap();
        tail
    }

    /// What the driver reads of root after the block before this one.
    fn root_state(&self, view: &View) -> Option<RootState> {
        let finalized = view.finalized?.number;
        let logs: Vec<_> = self
            .logs
            .iter()
            .filter(|log| (finalized + 1..=self.height).contains(&log.block))
            .cloned()
            .collect();
        let (entries, previous) = Self::tail(&logs).extend(view, self.count()).unwrap();
        assert_eq!(previous, self.world.accepted.last().cloned());
        Some(RootState {
            time: self.height * BLOCK_SECS,
            previous,
            anchor: view.anchor.index,
            anchor_link: view.anchor.link,
            entries,
            count: self.count(),
            ..self.world.root()
        })
    }

    /// Submits what is ready, one after the other, until root's messages cannot be shown.
    fn relay(&mut self) {
        while let Some(cursor) = self.cursors.get(self.world.accepted.len()).copied() {
            let view = self.follow();
            let Some(root) = self.root_state(&view) else {
                return;
            };
            let mut offer = self.world.offer(root.accepted);
            offer.checkpoint.inbox_cursor = cursor as u64;
            offer.checkpoint.inbox_link = self.link(cursor as u64);
            offer.checkpoint.last_block_time = root.accepted * EPOCH_BLOCKS * BLOCK_SECS;
            let digest = offer.checkpoint.digest();
            offer.shares = vec![(0, self.world.keys[0].sign_checkpoint(&digest))];
            let deployment = self.world.outbox.deployment;
            match parcel::submission(&deployment, &root, &offer) {
                Ok(submission) => self.accept(&offer.checkpoint, &submission),
                Err(ParcelError::Inbox(InboxWitnessError::Missing { .. })) => {
                    self.refused += 1;
                    return;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Checks the submission as root does, and takes it.
    fn accept(&mut self, checkpoint: &Checkpoint, submission: &IRootChain::Submission) {
        let witness = InboxWitness {
            due_count: submission.dueCount,
            after_cursor: submission.inbox.afterCursor.clone(),
            before_due: submission.inbox.beforeDue,
            around: submission.inbox.around.clone(),
            after_due: submission.inbox.afterDue.clone(),
        };
        let (cursor, link) = (checkpoint.inbox_cursor, checkpoint.inbox_link);
        let (count, tau) = (self.count(), submission.tau);
        assert!(
            accepts(&self.entries, count, cursor, link, tau, &witness),
            "cursor {cursor} of {count} at {tau}: {witness:?}"
        );
        let acceptance = IRootChain::Acceptance {
            time: self.height * BLOCK_SECS,
            blockNumber: self.height,
            dueCount: submission.dueCount,
            ..Default::default()
        };
        let event = IRootChain::CheckpointAccepted {
            epoch: checkpoint.epoch,
            digest: checkpoint.digest(),
            carrier: ME,
            checkpoint: submission.checkpoint.clone(),
            acceptance,
            tau,
        };
        self.push(ROOT_CHAIN, event.encode_log_data());
        let Heard::Acceptance(record) = events::decode(self.logs.last().unwrap(), &ID).unwrap()
        else {
            unreachable!()
        };
        self.world.accepted.push(*record);
    }
}

#[test]
fn a_flood_far_past_what_is_kept_delays_checkpoints_and_never_stops_them() {
    for restarts in [false, true] {
        let mut sea = Sea::new();
        for number in 0..1_200u64 {
            let flood = if (50..60).contains(&number) { 80 } else { 0 };
            sea.mine(flood + u64::from(number % 20 == 1));
            if restarts && number % 150 == 149 {
                // All is read again from genesis, in parts.
                sea.follower = Sea::follower();
            }
        }
        assert!(sea.count() > 12 * KEPT as u64);
        assert!(sea.refused > 20, "{} refused", sea.refused);
        let last = sea.world.accepted.last().unwrap();
        assert_eq!(sea.world.accepted.len(), sea.cursors.len());
        assert!(last.checkpoint.inbox_cursor + 10 > sea.count());
        assert!(last.due_count > 11 * KEPT as u64 && last.due_count < sea.count());
    }
}

#[test]
fn a_view_that_ends_early_is_extended_by_nothing_behind_a_gap_and_shows_no_due_count() {
    let mut sea = Sea::new();
    for number in 0..12 {
        sea.mine(if number == 3 { 2 * KEPT as u64 } else { 0 });
    }
    // Quiet since, and no checkpoint was accepted with any of them: nothing can be dropped.
    let view = sea.follow();
    assert_eq!(view.count(), KEPT as u64);
    sea.send();
    let all_due = sea.entries.last().unwrap().due / 1_000;
    for logs in [&sea.logs[..0], &sea.logs[sea.logs.len() - 1..]] {
        let (entries, _) = Sea::tail(logs).extend(&view, sea.count()).unwrap();
        assert_eq!(entries, view.entries);
        let state = RootState {
            entries,
            count: sea.count(),
            ..sea.world.root()
        };
        let shown = state.messages().witness(0, B256::ZERO, all_due);
        let missing = KEPT as u64 + 1;
        assert!(
            matches!(shown, Err(InboxWitnessError::Missing { index, .. }) if index == missing),
            "{shown:?}"
        );
    }
    let error = Sea::tail(&[]).extend(&view, KEPT as u64 - 1).unwrap_err();
    assert!(error.contains("events lead to message 64"), "{error}");
}

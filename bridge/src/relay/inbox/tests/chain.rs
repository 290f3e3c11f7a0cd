//! A root chain as an honest endpoint shows it, and forks of it.

use alloy_primitives::{Address, B256, Bytes, address, keccak256};
use alloy_sol_types::SolEvent;

use crate::abi::{IInbox, IRootChain};
use crate::proof::checkpoint::Checkpoint;
use crate::proof::deployment;
use crate::proof::inbox::{Body, Message, link, message_hash};
use crate::relay::acceptance::{Acceptance, DeploymentEnd};
use crate::relay::config::Config;
use crate::relay::events::{self, Heard};
use crate::relay::seen::{Block, Failure, Finality, Heads, Log, Sought, Which};
use crate::relay::track::{Ask, Reply};

pub const INBOX: Address = address!("1111111111111111111111111111111111111111");
pub const ROOT_CHAIN: Address = address!("2222222222222222222222222222222222222222");
pub const DEPLOYED: u64 = 5;
/// The shortest ring of records that a RootChain is deployed with.
const RECORD_SLOTS: u64 = 10;
const DEPLOYMENT: [u8; 20] = [7; 20];

pub fn config() -> Config {
    Config {
        deployment: DEPLOYMENT,
        root_chain_id: 31337,
        inbox: INBOX,
        root_chain: ROOT_CHAIN,
        deployed_at: DEPLOYED,
        parent_hash: hash_of(DEPLOYED - 1, 0),
        finality: Finality::Depth(2),
        range: 8,
        kept_messages: 64,
        kept_checkpoints: 16,
        poll_ms: 1_000,
        longest_wait_ms: 30_000,
        patience_ms: 10_000,
        stall_ms: 1_000_000,
    }
}

pub fn hash_of(number: u64, fork: u64) -> B256 {
    keccak256([number.to_be_bytes(), fork.to_be_bytes()].concat())
}

/// A root chain. Blocks from `fork_from` on have other hashes than in a chain with another `fork`.
#[derive(Clone)]
pub struct Chain {
    pub height: u64,
    pub fork_from: u64,
    pub fork: u64,
    pub logs: Vec<Log>,
    pub count: u64,
    pub link: B256,
    pub accepted: u64,
    links: Vec<B256>,
    acceptances: Vec<Acceptance>,
    /// Messages and checkpoints after each block from the deployment's on.
    counts: Vec<(u64, u64)>,
    /// What RootChain says of the deployment's end, from the next block on, and after each block.
    pub end: DeploymentEnd,
    ends: Vec<DeploymentEnd>,
}

impl Chain {
    pub fn new() -> Self {
        Self {
            height: DEPLOYED,
            fork_from: u64::MAX,
            fork: 0,
            logs: Vec::new(),
            count: 0,
            link: B256::ZERO,
            accepted: 0,
            links: vec![B256::ZERO],
            acceptances: Vec::new(),
            counts: Vec::new(),
            end: DeploymentEnd::default(),
            ends: Vec::new(),
        }
    }

    pub fn hash(&self, number: u64) -> B256 {
        let fork = if number >= self.fork_from {
            self.fork
        } else {
            0
        };
        hash_of(number, fork)
    }

    /// The hash chain at message `index`.
    pub fn link_at(&self, index: u64) -> B256 {
        self.links[index as usize]
    }

    /// Some messages are of a kind that nobody knows, and some have no body of their kind: all of them are carried.
    fn body(&self, amount: u128) -> Body {
        match self.count % 3 {
            0 => Body::RewardFunding {
                amount,
                funder: [7; 20],
            },
            1 => Body::Opaque {
                kind: 77,
                bytes: amount.to_be_bytes().to_vec(),
            },
            _ => Body::Opaque {
                kind: 2,
                bytes: Vec::new(),
            },
        }
    }

    pub fn send(&mut self, amount: u128) {
        let message = Message {
            index: self.count + 1,
            arrival: 1_000 + self.height,
            root_height: self.height,
            due: 1_000_000 * (self.count + 1),
            body: self.body(amount),
        };
        let bytes = message.encode();
        self.count += 1;
        self.link = link(self.count, &self.link, &message_hash(&bytes));
        self.links.push(self.link);
        let event = IInbox::MessageSent {
            index: self.count,
            link: self.link,
            message: Bytes::from(bytes),
        };
        self.push(INBOX, event.encode_log_data());
    }

    /// Accepts the next checkpoint, which only its `content` tells from another one.
    pub fn accept(&mut self, content: u64) {
        let last = self.acceptances.last();
        let checkpoint = Checkpoint {
            deployment: DEPLOYMENT,
            epoch: self.accepted,
            last_block_time: 1_000 + content,
            blocks_root: B256::ZERO,
            state_root: B256::ZERO,
            inbox_cursor: self.count,
            inbox_link: self.link,
            next_set: B256::ZERO,
            relayer: [0; 20],
            previous: last.map_or(deployment::salt(&DEPLOYMENT), |last| last.digest),
        };
        let event = IRootChain::CheckpointAccepted {
            epoch: self.accepted,
            digest: checkpoint.digest(),
            carrier: ROOT_CHAIN,
            checkpoint: IRootChain::Checkpoint {
                epoch: checkpoint.epoch,
                lastBlockTime: checkpoint.last_block_time,
                inboxCursor: checkpoint.inbox_cursor,
                inboxLink: checkpoint.inbox_link,
                previous: checkpoint.previous,
                ..Default::default()
            },
            acceptance: IRootChain::Acceptance {
                time: 1_000 + self.height,
                blockNumber: self.height,
                dueCount: self.count,
                ..Default::default()
            },
            tau: 1_000 + self.height,
        };
        self.accepted += 1;
        self.push(ROOT_CHAIN, event.encode_log_data());
        match events::decode(self.logs.last().unwrap(), &DEPLOYMENT) {
            Ok(Heard::Acceptance(record)) => self.acceptances.push(*record),
            other => panic!("{other:?}"),
        }
    }

    fn push(&mut self, address: Address, data: alloy_primitives::LogData) {
        let here = self.logs.iter().filter(|log| log.block == self.height);
        let index = here.count() as u64;
        self.logs.push(Log {
            address,
            topics: data.topics().to_vec(),
            data: data.data,
            block: self.height,
            index,
        });
    }

    pub fn mine(&mut self, blocks: u64) {
        for _ in 0..blocks {
            self.counts.push((self.count, self.accepted));
            self.ends.push(self.end);
            self.height += 1;
        }
    }

    /// The acceptances that `view` should show.
    pub fn records(&self) -> &[Acceptance] {
        &self.acceptances
    }

    pub fn block(&self, number: u64) -> Option<Block> {
        (number < self.height).then(|| Block {
            number,
            hash: self.hash(number),
            parent: self.hash(number.saturating_sub(1)),
            time: 1_000 + number,
        })
    }

    /// What an honest endpoint says of a question about state that it has.
    pub fn answer(&self, ask: &Ask) -> Reply {
        self.try_answer(ask).expect("the state is there")
    }

    /// What an honest endpoint says, also to questions about blocks that it does not have.
    pub fn try_answer(&self, ask: &Ask) -> Result<Reply, Failure> {
        Ok(match ask {
            Ask::ChainId => Reply::ChainId(31337),
            Ask::Block(Which::Number(number)) => Reply::Block(self.block(*number)),
            Ask::Block(Which::Latest) => Reply::Block(self.block(self.height - 1)),
            Ask::Block(Which::Finalized) => Reply::Block(self.block(self.height.saturating_sub(3))),
            Ask::Logs {
                from,
                to,
                address,
                topic,
            } => Reply::Logs(
                self.logs
                    .iter()
                    .filter(|log| {
                        (from..=to).contains(&&log.block)
                            && log.block < self.height
                            && log.address == *address
                            && log.topics[0] == *topic
                    })
                    .cloned()
                    .collect(),
            ),
            Ask::Heads(sought) => Reply::Heads(self.heads(sought)?),
        })
    }

    fn heads(&self, sought: &Sought) -> Result<Heads, Failure> {
        let unknown = || Failure::Refused("header not found".into());
        let number = (DEPLOYED..self.height)
            .find(|number| self.hash(*number) == sought.block)
            .ok_or_else(unknown)?;
        let (count, accepted) = self.counts[(number - DEPLOYED) as usize];
        if sought.first_epoch < sought.end_epoch && accepted > sought.first_epoch + RECORD_SLOTS {
            return Err(Failure::Refused("NotInRing".into()));
        }
        let end = self.ends[(number - DEPLOYED) as usize];
        let newest = self.acceptances[..accepted as usize].last();
        let index = sought.index;
        let is_kept = index <= count && (count - index < 256 || index.is_multiple_of(32));
        Ok(Heads {
            count,
            link: is_kept.then(|| self.link_at(index)),
            accepted,
            tau: newest.map_or(1_000, |record| record.tau),
            finalized: end.finalized,
            exit_at: end.exit_at,
            void_from: end.void_from,
            records: (sought.first_epoch..sought.end_epoch.min(accepted))
                .map(|epoch| self.acceptances[epoch as usize].record())
                .collect(),
        })
    }
}

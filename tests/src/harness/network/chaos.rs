//! What happens to a network from outside: root's messages, transactions, evidence, and the deaths of nodes.

use rand::Rng;
use tendermint_proto::v0_38::abci::Misbehavior;

use plasmid::ledger::Account;
use plasmid::ledger::transaction::Body;
use plasmid_bridge::proof::inbox::{Body as Message, Deposit, Registration};

use super::Network;
use crate::harness::crowd::{Stakers, body_of, forced};
use crate::harness::people::People;
use crate::harness::requests::{timestamp, validator};

/// What the court cuts of a line here, in 1/10^9.
const CUT: u64 = 250_000_000;

/// Where in a block a node dies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Moment {
    BeforeProposal,
    AfterJudging,
    AfterVoting,
    AfterFinalize,
    AfterCommit,
}

impl Network {
    /// What happens outside: messages on root, views of it, transactions.
    pub(super) fn world(&mut self) {
        if self.chance(self.plan.messages) {
            let node = self.any_up();
            let epoch = self.height() / u64::from(self.plan.epoch_blocks);
            let body = {
                let state = self.nodes[node].app().state();
                self.people.any_message(&mut self.rng, &state, epoch)
            };
            self.inbox.push(body);
        }
        if self.plan.stakers {
            self.lull();
            self.court();
            self.operate();
        }
        for node in self.up() {
            let behind = self.rng.random_range(0..4);
            self.nodes[node].seen.look(behind);
        }
        for _ in 0..self.rng.random_range(0..=self.plan.transactions) {
            let first = self.any_up();
            let bytes = {
                let state = self.nodes[first].app().state();
                let operators = self.plan.validators + self.plan.joiners;
                let stakers = self.plan.stakers.then(|| Stakers::new(&state, operators));
                self.people
                    .anything(&mut self.rng, &state, stakers.as_ref())
            };
            self.tally.asked(body_of(&bytes));
            for node in self.up() {
                self.nodes[node].offer(&bytes);
            }
        }
    }

    /// Picks who dies in this block, and when. More than two thirds of the nodes always stay.
    pub(super) fn doom(&mut self) {
        self.doomed = None;
        let victim = self.any_up();
        if self.spares(victim) && self.chance(self.plan.crashes) {
            let moments = [
                Moment::BeforeProposal,
                Moment::AfterJudging,
                Moment::AfterVoting,
                Moment::AfterFinalize,
                Moment::AfterCommit,
            ];
            let moment = moments[self.rng.random_range(0..moments.len())];
            self.doomed = Some((victim, moment));
        }
    }

    pub(super) fn kill(&mut self, moment: Moment) {
        if let Some((node, _)) = self.doomed.filter(|(_, when)| *when == moment) {
            self.nodes[node].crash();
        }
    }

    /// Some of those that are down start again.
    pub(super) fn revive(&mut self) {
        let height = self.height();
        self.asleep = self.asleep.filter(|(_, until)| height < *until);
        let asleep = self.asleep.map(|(node, _)| node);
        for node in (0..self.nodes.len()).filter(|node| Some(*node) != asleep) {
            if !self.nodes[node].is_up() && self.chance(30) {
                self.nodes[node].restart(&self.file, &self.chain);
            }
        }
    }

    /// At the beginning of an epoch one of the nodes may stop for two of them, so that it votes in no block of one.
    fn lull(&mut self) {
        let blocks = u64::from(self.plan.epoch_blocks);
        let begins = self.height().is_multiple_of(blocks);
        if !begins || self.asleep.is_some() || !self.chance(self.plan.sleepers) {
            return;
        }
        let node = self.any_member_up();
        if self.spares(node) {
            self.sleep(node, 2 * blocks);
        }
    }

    /// A node stops for this number of blocks.
    pub fn sleep(&mut self, node: usize, blocks: u64) {
        self.nodes[node].crash();
        self.asleep = Some((node, self.height() + blocks));
    }

    /// Whoever is down may start again, also one that has stopped for epochs; then the next round.
    pub(super) fn wait(&mut self) -> bool {
        self.asleep = None;
        self.revive();
        self.try_step()
    }

    /// Root accepts the checkpoint of each epoch, and the court freezes and settles once what the first of the joiners has in its seat.
    fn court(&mut self) {
        let (height, blocks) = (self.height(), u64::from(self.plan.epoch_blocks));
        if height > 0 && height.is_multiple_of(blocks) {
            self.inbox.push(Message::Acceptance {
                epoch: height / blocks - 1,
                relayer: [1; 20],
                gas_price: 1,
                absent: 0,
            });
        }
        let number = self.plan.validators;
        let (operator, registration) = (Stakers::operator(number), u64::from(number) + 1);
        let node = self.any_up();
        let epoch = height / blocks;
        match self.frozen {
            None => {
                let state = self.nodes[node].app().state();
                let stakers = Stakers::new(&state, number);
                if epoch > 4 && stakers.stood(operator, epoch) && stakers.spares_a_seat() {
                    self.frozen = Some(height);
                    self.inbox.push(Message::Freeze {
                        operator,
                        registration,
                        epoch,
                    });
                }
            }
            Some(at) if height == at + 8 => {
                self.inbox.push(Message::Settlement {
                    operator,
                    registration,
                    epoch: at / blocks,
                    fraction: CUT,
                });
            }
            Some(_) => {}
        }
    }

    /// Operators ask through the inbox, so that nobody signs for them.
    fn operate(&mut self) {
        let operators = self.plan.validators + self.plan.joiners;
        for _ in 0..2 {
            let node = self.any_up();
            let number = self.rng.random_range(0..operators);
            let body = {
                let state = self.nodes[node].app().state();
                let leaves = self.asleep.is_none();
                let stakers = Stakers::new(&state, operators);
                let retires = number > self.plan.validators;
                stakers.of_operator(&mut self.rng, number, leaves, retires)
            };
            let message = People::through_root(Stakers::operator(number), Body::Stake(body));
            self.tally.asked(forced(&message));
            self.inbox.push(message);
        }
    }

    /// The operator of a node registers on root, with the keys of the node.
    pub fn register(&self, node: usize) {
        let keys = &self.nodes[node];
        self.inbox.push(Message::Registration(Registration {
            operator: Stakers::operator(node as u8),
            registration: node as u64 + 1,
            consensus_key: keys.consensus_key(),
            checkpoint_key: keys.checkpoint.public_key(),
            bounty_bond: 1,
        }));
    }

    /// Native coin for the operator of a node.
    pub fn fund(&self, node: usize, amount: u128) {
        let operator = Stakers::operator(node as u8);
        let mut symbol = [0; 32];
        symbol[..3].copy_from_slice(b"ETH");
        self.inbox.push(Message::Deposit(Deposit {
            token: [0; 20],
            amount,
            native: 0,
            recipient: Account::ethereum(operator).bytes(),
            refund: operator,
            depositor: operator,
            decimals: 18,
            symbol_length: 3,
            symbol,
        }));
    }

    pub(super) fn evidence(&mut self) -> Vec<Misbehavior> {
        // The key of a member is tombstoned and its seat emptied, and this network registers no other.
        let node = self.up()[0];
        let seated = {
            let state = self.nodes[node].app().state();
            let stakers = Stakers::new(&state, 0);
            match self.plan.offenders && stakers.spares_a_seat() {
                true => stakers.active(),
                false => Vec::new(),
            }
        };
        let key = match seated.len() {
            0 => [self.rng.random_range(1..=8u8); 32],
            count => seated[self.rng.random_range(0..count)].consensus_key,
        };
        let one = Misbehavior {
            r#type: 1,
            validator: Some(validator(&key, 1_000)),
            height: self.chain.len() as i64,
            time: Some(timestamp(self.time)),
            total_voting_power: 4_000,
        };
        let twice = self.chance(50);
        let mut list = vec![one; if twice { 2 } else { 1 }];
        if self.chance(30) {
            let mut stranger = list[0].clone();
            stranger.validator = Some(validator(&[9; 32], 5));
            list.push(stranger);
        }
        list
    }
}

//! The network: blocks one after the other, with crashes, silent validators, late views of root, and hostile proposers.

mod chaos;
mod decide;
mod genesis;
mod votes;

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

use plasmid::chain::genesis::file::File;
use plasmid::engine::abci::Handler;
use plasmid_bridge::proof::inbox::Body;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tendermint_proto::v0_38::abci::{
    ExtendedCommitInfo, ResponseFinalizeBlock, response_process_proposal::ProposalStatus,
};

use self::chaos::Moment;
pub use self::genesis::{STAKE, genesis};
use super::byzantine::{Scene, attacks};
use super::crowd::Tally;
use super::inbox::Inbox;
use super::invariants;
use super::node::Node;
use super::people::People;
use super::requests::{Proposal, plain, prepare, timestamp};
use super::stakes::Stakes;

/// When simulated networks begin, seconds.
const GENESIS_TIME: u64 = 1_800_000_000;

/// How a simulation goes. Chances are percent a block.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Seed of everything.
    pub seed: u64,
    /// Validators of the genesis, of equal stake but for the last.
    pub validators: u8,
    /// By how much the stake of the last one is less.
    pub last_less: u128,
    /// Nodes that follow without a seat, until somebody gives them one.
    pub joiners: u8,
    /// Blocks of an epoch.
    pub epoch_blocks: u32,
    /// Seats.
    pub seats: u16,
    /// Transactions offered a block at most.
    pub transactions: usize,
    /// Chance of a message on root.
    pub messages: u32,
    /// Chance that a node crashes.
    pub crashes: u32,
    /// Chance of a hostile proposal before the honest one.
    pub attacks: u32,
    /// Chance that a block carries evidence.
    pub evidence: u32,
    /// Whether evidence is of members, as long as seats are spared. It is of keys that nobody registered else.
    pub offenders: bool,
    /// Whether people stake, and operators with them.
    pub stakers: bool,
    /// Chance that one of the nodes stops for two epochs when an epoch begins.
    pub sleepers: u32,
    /// As the parameter says.
    pub jail_divisor: u16,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 1,
            validators: 4,
            last_less: 0,
            joiners: 0,
            epoch_blocks: 16,
            seats: 20,
            transactions: 6,
            messages: 50,
            crashes: 0,
            attacks: 0,
            evidence: 5,
            offenders: false,
            stakers: false,
            sleepers: 0,
            jail_divisor: 0,
        }
    }
}

/// A network.
pub struct Network {
    /// How it goes.
    pub plan: Plan,
    /// The genesis.
    pub file: File,
    /// The validators.
    pub nodes: Vec<Node>,
    /// Root's inbox.
    pub inbox: Inbox,
    /// Who uses the chain.
    pub people: People,
    /// The decided blocks with their answers.
    pub chain: Vec<(Proposal, ResponseFinalizeBlock)>,
    /// Votes of the last height, with extensions.
    pub last: ExtendedCommitInfo,
    /// Whether more than two thirds of the power give their shares, so that checkpoints have certificates.
    pub certified: bool,
    /// What is known of stake.
    pub stakes: Stakes,
    /// Stake that was asked for, and how much of it had its effect.
    pub tally: Tally,
    /// How often each attack was refused.
    pub refused: BTreeMap<&'static str, u32>,
    /// The one source of chance.
    pub rng: ChaCha8Rng,
    engine: BTreeMap<[u8; 32], u64>,
    updates: VecDeque<Vec<([u8; 32], u64)>>,
    time: u64,
    doomed: Option<(usize, Moment)>,
    /// A node that has stopped, and the height at which it starts again.
    asleep: Option<(usize, u64)>,
    /// The height at which the court froze a line.
    frozen: Option<u64>,
}

impl Network {
    /// A network at height 0, all nodes up, in which nothing happens but what a test does.
    pub fn quiet() -> Self {
        Self::new(Plan {
            transactions: 0,
            messages: 0,
            evidence: 0,
            ..Plan::default()
        })
    }

    /// A network at height 0, all nodes up.
    pub fn new(plan: Plan) -> Self {
        let inbox = Inbox::default();
        let mut nodes: Vec<Node> = (0..plan.validators + plan.joiners)
            .map(|n| Node::new(n, inbox.clone()))
            .collect();
        let file = genesis(&plan, &nodes, GENESIS_TIME);
        let loaded = file.load().expect("the genesis is sound");
        for node in &mut nodes {
            node.restart(&file, &[]);
            node.flush();
        }
        let members = loaded.built.members.iter();
        Self {
            people: People::new(8, loaded.deployment.domain),
            engine: members
                .map(|member| (member.consensus_key, member.power))
                .collect(),
            updates: VecDeque::from([Vec::new()]),
            time: loaded.root.time * 1_000_000_000,
            rng: ChaCha8Rng::seed_from_u64(plan.seed),
            last: ExtendedCommitInfo::default(),
            certified: true,
            stakes: Stakes::default(),
            tally: Tally::default(),
            refused: BTreeMap::new(),
            chain: Vec::new(),
            doomed: None,
            asleep: None,
            frozen: None,
            inbox,
            nodes,
            file,
            plan,
        }
    }

    /// The height of the last block.
    pub fn height(&self) -> u64 {
        self.chain.len() as u64
    }

    /// Runs `blocks` blocks.
    pub fn run(&mut self, blocks: u64) {
        for _ in 0..blocks {
            self.step();
        }
    }

    /// Root accepts the checkpoints of these epochs, and the time passes that stake waits for behind that, since each message comes a second later at
    /// least. Then runs `blocks` blocks.
    pub fn accept(&mut self, epochs: RangeInclusive<u64>, blocks: u64) {
        for epoch in epochs {
            self.inbox.push(Body::Acceptance {
                epoch,
                relayer: [1; 20],
                gas_price: 1,
                absent: 0,
            });
        }
        let wait = self.nodes[0].app().parameters().unbonding_secs;
        for _ in 0..=wait {
            self.inbox.push(Body::EpochRelease { epoch: 0 });
        }
        self.run(blocks);
    }

    /// One block. Where people stake, power can move to nodes that are down: then rounds go by until some of them have started again.
    pub fn step(&mut self) {
        assert!(
            self.try_step() || self.plan.stakers && (0..20).any(|_| self.wait()),
            "two thirds or less are up\n{:?}",
            self.plan
        );
    }

    /// One block; or none, when those who vote for a proposal have two thirds of the power or less: then the round goes by.
    pub fn try_step(&mut self) -> bool {
        self.world();
        self.doom();
        self.kill(Moment::BeforeProposal);
        let frame = self.frame();
        if self.chance(self.plan.attacks) {
            self.attack(&frame);
        }
        let proposer = self.any_member_up();
        let proposal = self.propose(proposer, &frame);
        for node in self.up() {
            assert!(
                self.judge(node, &proposal),
                "node {node} refuses an honest block {}\n{:?}",
                proposal.height,
                self.plan
            );
        }
        self.kill(Moment::AfterJudging);
        let round = self.rng.random_range(0..3);
        let votes = self.vote(&proposal, round);
        self.kill(Moment::AfterVoting);
        if !self.decides(&votes) {
            return false;
        }
        self.decide(&proposal);
        self.last = votes;
        self.kill(Moment::AfterCommit);
        self.check();
        self.revive();
        true
    }

    /// The nodes that vote on the next block.
    pub fn members(&self) -> Vec<usize> {
        let all = 0..self.nodes.len();
        all.filter(|node| self.engine.contains_key(&self.nodes[*node].consensus_key()))
            .collect()
    }

    /// Whether the others that are up decide without this node.
    pub fn spares(&self, node: usize) -> bool {
        let others = self.up().into_iter().filter(|other| *other != node);
        let keys = others.map(|other| self.nodes[other].consensus_key());
        let power: u64 = keys.filter_map(|key| self.engine.get(&key)).sum();
        3 * power > 2 * self.engine.values().sum::<u64>()
    }

    /// Whether a node accepts a proposal.
    pub fn judge(&self, node: usize, proposal: &Proposal) -> bool {
        let answer = self.nodes[node].app().process_proposal(proposal.process());
        let status = answer.expect("a proposal is judged").status;
        status == i32::from(ProposalStatus::Accept)
    }

    /// The numbers of the nodes that are up.
    pub fn up(&self) -> Vec<usize> {
        (0..self.nodes.len())
            .filter(|node| self.nodes[*node].is_up())
            .collect()
    }

    /// Height, time, proposer, last commit and evidence of the next block, without transactions.
    pub fn frame(&mut self) -> Proposal {
        self.time += self.rng.random_range(1..2_000_000_000);
        let proposer = self.any_member_up();
        let misbehavior = match self.chance(self.plan.evidence) && !self.chain.is_empty() {
            true => self.evidence(),
            false => Vec::new(),
        };
        Proposal {
            height: self.chain.len() as i64 + 1,
            time: timestamp(self.time),
            proposer: self.nodes[proposer].address().to_vec().into(),
            commit: plain(&self.last),
            misbehavior,
            transactions: Vec::new(),
        }
    }

    /// An honest proposal of a node, over a late and partly garbled view of the extensions.
    pub fn propose(&mut self, node: usize, frame: &Proposal) -> Proposal {
        let mut extended = self.last.clone();
        if self.chance(10) && !extended.votes.is_empty() {
            let late = self.rng.random_range(0..extended.votes.len());
            extended.votes[late].vote_extension = vec![1; self.rng.random_range(0..400)].into();
        }
        let given = self.nodes[node].mempool.clone();
        let request = prepare(frame, extended, given, 1 << 20);
        let answer = self.nodes[node]
            .app()
            .prepare_proposal(request)
            .expect("a proposal is made");
        Proposal {
            transactions: answer.txs,
            ..frame.clone()
        }
    }

    /// Every attack that applies is refused by every node that is up.
    fn attack(&mut self, frame: &Proposal) {
        let proposer = self.any_up();
        let honest = self.propose(proposer, frame);
        for attack in attacks() {
            let scene = Scene {
                network: self,
                honest: &honest,
            };
            let Some(forged) = attack.forge(&scene) else {
                continue;
            };
            assert_ne!(forged, honest, "{} changes nothing", attack.name());
            for node in self.up() {
                assert!(
                    !self.judge(node, &forged),
                    "{} is accepted by node {node}\n{:?}",
                    attack.name(),
                    self.plan
                );
            }
            *self.refused.entry(attack.name()).or_default() += 1;
        }
    }

    fn check(&mut self) {
        let (block, answer) = self.chain.last().expect("a block was decided");
        let transactions = block.transactions.clone();
        let ended = self
            .height()
            .is_multiple_of(u64::from(self.plan.epoch_blocks));
        for node in self.up() {
            let app = self.nodes[node].app();
            assert_eq!(app.state().tip.hash().as_slice(), &answer.app_hash[..]);
        }
        let node = self.any_up();
        let app = self.nodes[node].app();
        let operators = self.plan.validators + self.plan.joiners;
        invariants::signatures(app, &transactions);
        invariants::money(app, &self.people.holders(operators));
        invariants::set(app, &self.engine);
        self.stakes.check(app);
        let epochs = self.height() / u64::from(self.plan.epoch_blocks);
        if ended {
            invariants::ends(app);
            invariants::court(app, GENESIS_TIME);
        }
        if ended && epochs >= 2 {
            self.nodes[node].flush();
            let epoch = epochs - 2;
            let app = self.nodes[node].app();
            let found = invariants::certificate(app, epoch);
            assert_eq!(found.is_some(), self.certified, "the checkpoint of {epoch}");
            let next_set = found.map(|checkpoint| checkpoint.next_set.0);
            let fixed = self.stakes.commitment(epoch + 2);
            assert_eq!(next_set, fixed.filter(|_| self.certified), "root's set");
        }
    }

    /// One of the members that are up.
    pub fn any_member_up(&mut self) -> usize {
        let mut up = self.members();
        up.retain(|node| self.nodes[*node].is_up());
        up[self.rng.random_range(0..up.len())]
    }

    /// One of the nodes that are up.
    pub fn any_up(&mut self) -> usize {
        let up = self.up();
        up[self.rng.random_range(0..up.len())]
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }
}

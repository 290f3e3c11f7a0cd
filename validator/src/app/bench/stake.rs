//! Measures what is done with stake beside transfers, for `plasmid bench stake`: whole blocks of each kind, executed and made durable
//! with one thread, and the boundary of an epoch, in a state of many seats and delegators.
//!
//! ```text
//! delegator i < P       signs: transfers, delegates, claims, undelegates all, and applies the cut of position i + P
//! delegator i < 2 P     has its position behind the first line, which the court has cut before the first block
//! the others            are there; all but those of the first line are spread over the other lines
//! ```
//! P is the number of transactions of one kind. Everybody has voted in every block, so lines are paid and nobody is jailed.

use std::path::Path;

use alloy_primitives::keccak256;
use plasmid_bridge::proof::vote;
use plasmid_staking::{
    Counter, Input, Key, Leg, Line, LineId, Position, Rewards,
    rules::{freeze::Freeze, settle::Settle},
};
use prost::bytes::Bytes;
use rayon::ThreadPool;
use tendermint_proto::v0_38::abci::Validator;

use super::people::{People, change, extend, load, operator};
use super::{Bench, BenchError, Sign, transfer};
use crate::{
    chain::{
        committed::genesis_leaf,
        epoch::{Moment, boundary, ends_epoch, set::set_at},
        genesis::file::Loaded,
        overlay::Overlay,
        tree::{Change, Tree},
    },
    engine::abci::Fault,
    ledger::{
        Parameters, Slot, Value,
        stake::apply_at,
        transaction::{Body, StakeBody},
    },
};

/// What every delegator has staked, and every operator of its own.
const BASE: u128 = 1_000_000_000_000_000_000;
/// Blocks of an epoch.
const EPOCH_BLOCKS: u32 = 16;
/// A tenth is cut, in 10^9ths.
const CUT: u64 = 100_000_000;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Delegators, each with a position.
    pub delegators: u32,
    /// Seats, all taken.
    pub seats: u16,
    /// Transactions in a block.
    pub transactions: u32,
    /// Blocks of each kind that are measured, after one that is not.
    pub blocks: u32,
}

/// What blocks are full of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A payment.
    Transfer,
    /// Stake behind an operator.
    Delegate,
    /// Rewards of a position.
    Claim,
    /// A part of a position that ends.
    Undelegate,
    /// A cut that a position has not had yet.
    Cut,
}

/// All kinds, in the order in which a sender does them.
pub const KINDS: [Kind; 5] = [
    Kind::Transfer,
    Kind::Delegate,
    Kind::Claim,
    Kind::Undelegate,
    Kind::Cut,
];

/// What was measured.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Seconds of each block of each of [`KINDS`].
    pub secs: [Vec<f64>; 5],
    /// Seconds of each last block of an epoch, which has nothing but the boundary.
    pub boundary_secs: Vec<f64>,
    /// Steps of the last boundary.
    pub steps: u32,
    /// Leaves that they touched together, each counted once a step.
    pub leaves: usize,
    /// Leaves that one of them touched, at most.
    pub max_leaves: usize,
}

/// Measures in a new store in `folder`; `say` is told what is being done.
///
/// # Errors
/// [`BenchError`]; figures come only from blocks in which every transaction succeeded.
pub fn run(
    folder: &Path,
    size: Size,
    sign: Sign<'_>,
    say: &mut dyn FnMut(&str),
) -> Result<Measured, BenchError> {
    let senders = size.transactions.saturating_mul(size.blocks + 1);
    if senders > size.delegators / 2 || senders == 0 || size.seats < 2 {
        return Err(BenchError::TooFewAccounts {
            needed: senders.saturating_mul(2),
            accounts: size.delegators,
        });
    }
    say("making delegators and the first state");
    let people = People::new(size.delegators, senders, sign);
    let crowd = Crowd {
        size,
        senders: senders as usize,
    };
    let start = crowd.state(&people)?;
    let core = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let mut stand = Stand {
        bench: Bench::open(folder, start)?,
        core: core.map_err(|error| BenchError::Fault(Fault::new(error)))?,
        height: 0,
        measured: Measured::default(),
    };
    // Two epochs pass, so that everybody has something to claim.
    while stand.height < 2 * u64::from(EPOCH_BLOCKS) {
        stand.block(&[])?;
    }
    stand.measured.boundary_secs.clear();
    for round in 0..=size.blocks as usize {
        for (place, kind) in KINDS.into_iter().enumerate() {
            if stand.is_last() {
                stand.block(&[])?;
            }
            say(&format!("round {round} of {}: {kind:?}", size.blocks));
            let first = round * size.transactions as usize;
            let some = first..first + size.transactions as usize;
            let body = |number| crowd.body(kind, &people, number);
            let given = stand.bench.signed(&people, some, place as u64, body);
            let secs = stand.block(&given)?;
            if round > 0 {
                stand.measured.secs[place].push(secs);
            }
        }
    }
    while !stand.is_last() {
        stand.block(&[])?;
    }
    stand.block(&[])?;
    Ok(stand.measured)
}

/// Who has which position behind which line.
#[derive(Clone, Copy)]
struct Crowd {
    size: Size,
    senders: usize,
}

impl Crowd {
    fn line(seat: usize) -> LineId {
        let mut operator = [9; 20];
        operator[..8].copy_from_slice(&(seat as u64).to_be_bytes());
        LineId {
            operator,
            line: seat as u64 + 1,
        }
    }

    /// The seat of the line that a delegator backs.
    fn backed(&self, delegator: usize) -> usize {
        match (self.senders..2 * self.senders).contains(&delegator) {
            true => 0,
            false => 1 + delegator % (usize::from(self.size.seats) - 1),
        }
    }

    /// The number of a delegator's position: the operators have the first ones.
    fn position(&self, delegator: usize) -> u64 {
        u64::from(self.size.seats) + 1 + delegator as u64
    }

    fn body(&self, kind: Kind, people: &People<'_>, sender: usize) -> Body {
        let position = self.position(sender);
        let to = people.senders[sender].1;
        let line = Self::line(self.backed(sender));
        Body::Stake(match kind {
            Kind::Transfer => return transfer(people, sender),
            Kind::Delegate => StakeBody::Delegate {
                operator: line.operator,
                amount: BASE,
                line: line.line,
                max_commission: 0,
            },
            Kind::Claim => StakeBody::ClaimRewards {
                to,
                positions: vec![position],
            },
            Kind::Undelegate => StakeBody::Undelegate {
                position,
                amount: BASE,
            },
            Kind::Cut => StakeBody::ApplyCut {
                position: self.position(sender + self.senders),
            },
        })
    }

    /// The first state: the genesis of the operators, who stake for their delegators too, and then each has its own.
    fn state(&self, people: &People<'_>) -> Result<Loaded, BenchError> {
        let seats = usize::from(self.size.seats);
        let mut behind = vec![0u128; seats];
        for delegator in 0..self.size.delegators as usize {
            behind[self.backed(delegator)] += BASE;
        }
        let operators = (0..seats).map(|seat| {
            let line = Self::line(seat);
            let seed = keccak256(line.operator).0;
            operator(line.operator, &seed, line.line, behind[seat] + BASE)
        });
        let parameters = Parameters {
            epoch_blocks: EPOCH_BLOCKS,
            seats: self.size.seats,
            inbox_batch: 8,
            ring: 18,
            epoch_max_secs: 60,
            inbox_interval_ms: 2_000,
            ..Parameters::local()
        };
        let operators = operators.collect::<Result<_, _>>()?;
        let mut loaded = load(parameters, self.size.transactions, operators)?;
        let mut leaves = people.leaves();
        leaves.extend(self.positions(&loaded.built.tree, people)?);
        extend(&mut loaded, &leaves)?;
        let cut = cut(&loaded.built.tree, &loaded.genesis.parameters)?;
        extend(&mut loaded, &cut)?;
        Ok(loaded)
    }

    fn positions(&self, tree: &Tree, people: &People<'_>) -> Result<Vec<Change>, BenchError> {
        let slot = |number| Slot::from(Key::Position(number));
        let mut legs = Vec::new();
        let mut leaves = Vec::new();
        for seat in 0..usize::from(self.size.seats) {
            let number = seat as u64 + 1;
            let own: Position = read(tree, &slot(number))?;
            legs.push(own.legs[0]);
            leaves.push(change(&slot(number), &Position { base: BASE, ..own }));
            let name = Slot::from(Key::Line(Self::line(seat)));
            let line: Line = read(tree, &name)?;
            let self_stake = BASE;
            leaves.push(change(&name, &Line { self_stake, ..line }));
        }
        for (delegator, account) in people.accounts().enumerate() {
            let leg: Leg = legs[self.backed(delegator)];
            let position = Position::new(account.bytes(), BASE, leg);
            leaves.push(change(&slot(self.position(delegator)), &position));
        }
        let next = Counter(self.position(self.size.delegators as usize));
        leaves.push(change(&Slot::from(Key::Counter), &next));
        let pool = 1 << 90;
        let rewards = Rewards { pool, owed: 0 };
        leaves.push(change(&Slot::from(Key::Rewards), &rewards));
        Ok(leaves)
    }
}

fn read<T: Value>(tree: &Tree, slot: &Slot) -> Result<T, BenchError> {
    genesis_leaf(tree, slot).map_err(|error| BenchError::Fault(Fault::new(error)))
}

/// The court freezes the first line for epoch 0 and cuts it.
fn cut(tree: &Tree, parameters: &Parameters) -> Result<Vec<Change>, BenchError> {
    let LineId { operator, line } = Crowd::line(0);
    let (registration, epoch) = (line, 0);
    let inputs = [
        Input::Freeze(Freeze {
            operator,
            registration,
            epoch,
        }),
        Input::Settle(Settle {
            operator,
            registration,
            epoch,
            fraction: CUT,
        }),
    ];
    let mut overlay = Overlay::new(tree);
    for input in inputs {
        let done = apply_at(&mut overlay, parameters, epoch, &input);
        done.map_err(|error| BenchError::Fault(Fault::new(error.to_string())))?;
    }
    Ok(overlay.take().changes)
}

/// The chain while it is measured.
struct Stand {
    bench: Bench,
    /// One thread.
    core: ThreadPool,
    height: u64,
    measured: Measured,
}

impl Stand {
    /// Whether the next block ends an epoch.
    fn is_last(&self) -> bool {
        ends_epoch(self.height + 1, EPOCH_BLOCKS)
    }

    /// The next block; its seconds.
    fn block(&mut self, given: &[Bytes]) -> Result<f64, BenchError> {
        let last = self.is_last();
        self.height += 1;
        let height = self.height;
        if last {
            self.count()?;
        }
        let voters = self.voters()?;
        let bench = &self.bench;
        let transactions = bench.propose(height, given, &voters)?;
        let measured = || bench.execute(height, transactions, given.len(), &voters);
        let secs = self.core.install(measured)?;
        if last {
            self.measured.boundary_secs.push(secs);
        }
        Ok(secs)
    }

    /// All who were in the set of the block before.
    fn voters(&self) -> Result<Vec<Validator>, BenchError> {
        let before = self.height - 1;
        if before == 0 {
            return Ok(Vec::new());
        }
        let members = set_at(&self.bench.app.state().tree, before);
        let members = members.map_err(|error| BenchError::Fault(Fault::new(error)))?;
        let voters = members.iter().map(|member| Validator {
            address: vote::address(&member.consensus_key).to_vec().into(),
            power: i64::try_from(member.power).unwrap_or(i64::MAX),
        });
        Ok(voters.collect())
    }

    /// Goes through the boundary that comes now, and counts what it touches.
    fn count(&mut self) -> Result<(), BenchError> {
        let state = self.bench.app.state();
        let mut overlay = Overlay::new(&state.tree);
        let seconds = self.bench.time + self.height;
        let moment = Moment {
            height: self.height,
            time: seconds * 1_000_000_000,
        };
        let measured = &mut self.measured;
        (measured.steps, measured.leaves, measured.max_leaves) = (0, 0, 0);
        loop {
            let step = boundary::step(&mut overlay, &moment);
            let step = step.map_err(|error| BenchError::Fault(Fault::new(error)))?;
            let layer = overlay.take();
            measured.steps += 1;
            measured.leaves += layer.touched.len();
            measured.max_leaves = measured.max_leaves.max(layer.touched.len());
            overlay.keep(layer);
            if step.last {
                return Ok(());
            }
        }
    }
}

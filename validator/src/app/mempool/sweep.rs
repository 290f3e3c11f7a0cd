//! What the pool looks at behind a block: see [`super::super::pool`].

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::B256;
use plasmid_staking::{Effect, Key, Line, LineId, Operator, Position, Value};
use prost::bytes::Bytes;

use super::purse;
use crate::app::App;
use crate::app::pool::{Fill, Held, bid};
use crate::app::state::State;
use crate::app::unsound::Unsound;
use crate::chain::committed::leaf;
use crate::chain::execute::Executed;
use crate::chain::propose::proto_bytes;
use crate::engine::abci::Fault;
use crate::ledger::fees::minimum_fee;
use crate::ledger::parameters::transaction_bytes;
use crate::ledger::{Account, Code, Event, Parameters, Slot};

/// Senders that are looked at in turn after each block, besides those that the block touched.
const EXAMINED: usize = 64;

/// Transactions that are tried again after each block at most, because they came in front of their senders' queues with it, did not
/// apply in a proposal of this node, or back an operator whose promises changed. What is left of them has its turn after the next blocks.
const MAX_DOUBTFUL: usize = 2_048;

/// A block that was executed, for which the pool is swept when the engine commits it.
#[derive(Debug)]
pub(in crate::app) struct Unswept {
    executed: Arc<Executed>,
    fill: Fill,
    held: Held,
}

impl Unswept {
    /// This block of `transactions`, with this number of leaves in the state behind it.
    pub(in crate::app) fn new(
        executed: Arc<Executed>,
        transactions: &[Bytes],
        leaves: u32,
        parameters: &Parameters,
    ) -> Self {
        let bytes = |one: &Bytes| proto_bytes(one.len());
        let sum = transactions.iter().map(bytes).fold(0, u64::saturating_add);
        let left = transaction_bytes(parameters).saturating_sub(sum);
        let more = parameters
            .max_block_transactions
            .saturating_sub(executed.transactions);
        let users = executed.users.iter().filter_map(|user| {
            let number = usize::try_from(user.index).ok()?;
            let (one, receipt) = (transactions.get(number)?, executed.receipts.get(number)?);
            let fee = receipt.events.iter().find_map(|event| match event {
                Event::Transaction { fee, .. } => Some(*fee),
                _ => None,
            })?;
            let minimum = minimum_fee(parameters, one.len(), receipt.leaves_made, leaves);
            Some((bid(fee, minimum, one.len()), bytes(one)))
        });
        let fill = Fill::new(users.collect(), left, more);
        let held = executed.users.iter().filter_map(|user| {
            let number = usize::try_from(user.index).ok()?;
            Some((
                (user.sender, user.sequence),
                transactions.get(number)?.clone(),
            ))
        });
        let held = held.collect();
        Self {
            executed,
            fill,
            held,
        }
    }
}

impl App {
    /// Takes out of the pool what the last block used, let expire, left without cover, or made inapplicable.
    pub(in crate::app) fn sweep(&self, unswept: &Unswept) -> Result<(), Fault> {
        let Unswept {
            executed,
            fill,
            held,
        } = unswept;
        let state = self.state();
        let height = state.tip.height;
        self.pool().pass_over(height, fill, held);
        self.pool().begin(height);
        if self.surroundings.outlook.end().1 {
            // Nothing of it would count on root.
            self.pool().clear();
            return Ok(());
        }
        let spenders = spenders(executed);
        for sender in &spenders {
            // The pool is locked twice, so that it is never locked while the state is read.
            let tokens = self.pool().tokens(sender);
            if let Some(tokens) = tokens {
                let purse = purse(&state, sender, tokens)?;
                let mut pool = self.pool();
                pool.displace(sender, purse.next, held);
                pool.settle(sender, &purse);
            }
        }
        let operators = operators(&state, executed)?;
        self.pool().doubt_backers(&operators);
        self.pool().doubt_positions(positions(executed));
        let doubtful = self.pool().doubtful(&spenders, MAX_DOUBTFUL);
        let examined = self.pool().examine(EXAMINED);
        for head in doubtful.into_iter().chain(examined) {
            match self.try_on(&state, &head.checked) {
                Ok(()) => {}
                Err(Unsound::Reject(reject)) => {
                    self.pool().remove(&head.offer.hash, reject.code());
                }
                Err(Unsound::Fault(fault)) => return Err(fault),
            }
        }
        self.pool().watch();
        Ok(())
    }
}

/// Everyone whose own transaction a block holds, or whose forced one a message of it carried: nobody else's balance falls, and
/// nobody else's sequence moves.
fn spenders(executed: &Executed) -> Vec<Account> {
    let users = executed.users.iter().map(|user| user.sender);
    let events = executed.receipts.iter().flat_map(|receipt| &receipt.events);
    let forced = events.filter_map(|event| match event {
        Event::Forced { sender, .. } => Some(*sender),
        _ => None,
    });
    let mut all: Vec<Account> = users.chain(forced).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The operators whose lines a block changed in what who backs them relies on, and the commission of each; `None` where another line than
/// before is newest, or the newest one is closed.
fn operators(state: &State, executed: &Executed) -> Result<BTreeMap<[u8; 20], Option<u16>>, Fault> {
    let events = executed.receipts.iter().flat_map(|receipt| &receipt.events);
    let mut changed = BTreeMap::new();
    for event in events {
        match event {
            // An edit has no event of its own, and a forced one may have no other than this.
            Event::Transaction {
                sender,
                kind: "edit",
                ..
            }
            | Event::Forced {
                sender,
                code: Code::Ok,
                ..
            } => {
                if let Some(commission) = commission(state, sender.id)? {
                    changed.entry(sender.id).or_insert(Some(commission));
                }
            }
            Event::Stake(Effect::Registered { line, .. } | Effect::Closed { line }) => {
                changed.insert(line.operator, None);
            }
            _ => {}
        }
    }
    Ok(changed)
}

/// The commission of an operator's newest line.
fn commission(state: &State, operator: [u8; 20]) -> Result<Option<u16>, Fault> {
    let newest: Option<Operator> =
        leaf(&state.tree, &Key::Operator(operator).into()).map_err(Fault::new)?;
    let Some(Operator { line, .. }) = newest else {
        return Ok(None);
    };
    let id = LineId { operator, line };
    let line: Option<Line> = leaf(&state.tree, &Slot::from(Key::Line(id))).map_err(Fault::new)?;
    Ok(line.map(|line| line.commission))
}

/// The leaves of the positions that a block wrote.
fn positions(executed: &Executed) -> impl Iterator<Item = B256> {
    let changes = executed.segments.iter().flat_map(|one| &one.changes);
    let positions = changes.filter(|change| change.kind == Position::KIND);
    positions.map(|change| change.key)
}

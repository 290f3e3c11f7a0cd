//! What Prometheus reads of a node: one page of text, made anew for each who asks.
//!
//! CometBFT's own names stand where they mean the same (its process serves them too, when `instrumentation.prometheus` is on); the rest
//! begins with `plasmid_`. docs/METRICS.md lists them all, with a dashboard and alert rules beside it.

use std::{fmt::Write, sync::atomic::AtomicBool};

use plasmid_proto::chain::v1::{GetStatusRequest, GetStatusResponse};

use crate::{
    app::{
        pool::MAX_PLACES,
        reads::{Door, ReadError, Reader, Source, chain},
    },
    chain::committed,
    ledger::{Slot, leaf::WithdrawalCounter},
    rpc::counts::Counts,
    store::MAX_WAITING,
};

mod serve;

pub use serve::{MetricsError, serve};

/// What a page is made of.
pub struct Reading {
    status: GetStatusResponse,
    pool_percent: u64,
    shares: u64,
    keys_wrong: bool,
    copied: bool,
    withdrawals: u64,
    root_time: u64,
    reads: u64,
    reads_failed: u64,
}

/// How a value moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Up and down.
    Gauge,
    /// Up alone.
    Counter,
}

/// One name.
pub struct Metric {
    /// As Prometheus knows it.
    pub name: &'static str,
    /// How it moves.
    pub kind: MetricKind,
    /// What it says.
    pub help: &'static str,
    /// What it is at most; `u64::MAX` where nothing bounds it.
    pub max: u64,
    value: fn(&Reading) -> u64,
}

impl Metric {
    const fn at_most(mut self, max: u64) -> Self {
        self.max = max;
        self
    }
}

const fn gauge(name: &'static str, help: &'static str, value: fn(&Reading) -> u64) -> Metric {
    Metric {
        name,
        kind: MetricKind::Gauge,
        help,
        max: u64::MAX,
        value,
    }
}

const fn counter(name: &'static str, help: &'static str, value: fn(&Reading) -> u64) -> Metric {
    Metric {
        kind: MetricKind::Counter,
        ..gauge(name, help, value)
    }
}

/// Every name, in the order of the page.
pub const METRICS: [Metric; 29] = [
    gauge("cometbft_consensus_height", "Height of the chain.", |now| {
        now.status.height
    }),
    gauge(
        "cometbft_consensus_latest_block_height",
        "The latest block height.",
        |now| now.status.height,
    ),
    gauge(
        "plasmid_checkpoint_epoch",
        "The epoch of the latest block.",
        |now| now.status.epoch,
    ),
    gauge(
        "plasmid_checkpoint_accepted",
        "Checkpoints that the root chain accepted in final blocks.",
        |now| now.status.checkpoints_accepted,
    ),
    gauge(
        "plasmid_checkpoint_final",
        "Accepted checkpoints whose challenge window is over.",
        |now| now.status.checkpoints_final,
    ),
    gauge(
        "plasmid_checkpoint_void",
        "Accepted checkpoints that count no more, because a proof of fraud stands against the first of them or nobody showed its data.",
        |now| {
            let accepted = now.status.checkpoints_accepted;
            now.status
                .void_from
                .map_or(0, |from| accepted.saturating_sub(from))
        },
    ),
    gauge(
        "plasmid_root_exit_time_seconds",
        "When exit mode begins or began by the root chain's clock, in seconds since 1970, once the deployment is closing, else 0.",
        |now| now.status.exit_at.unwrap_or(0),
    ),
    gauge(
        "plasmid_checkpoint_waiting",
        "Epochs that ended and whose checkpoint the root chain has not accepted.",
        |now| {
            now.status
                .epoch
                .saturating_sub(now.status.checkpoints_accepted)
        },
    ),
    gauge(
        "plasmid_checkpoint_shares",
        "Signature shares that this node knows over the oldest checkpoint that the root chain has not accepted.",
        |now| now.shares,
    ),
    gauge(
        "plasmid_checkpoint_keys_wrong",
        "1 while the operator's seat has other keys than this node runs with, or this node has no checkpoint key for it, else 0.",
        |now| now.keys_wrong.into(),
    )
    .at_most(1),
    gauge(
        "plasmid_stake_set_copied",
        "1 while the set of this epoch or of the next is a copy of the one before it, because nobody has a seat, else 0.",
        |now| now.copied.into(),
    )
    .at_most(1),
    gauge(
        "plasmid_inbox_cursor",
        "Messages from the root chain that the chain consumed.",
        |now| now.status.inbox_cursor,
    ),
    gauge(
        "plasmid_inbox_seen",
        "Messages in final blocks of the root chain that this node knows.",
        |now| now.status.inbox_seen,
    ),
    gauge(
        "plasmid_inbox_waiting",
        "Messages that this node knows and the chain has not consumed.",
        |now| {
            now.status
                .inbox_seen
                .saturating_sub(now.status.inbox_cursor)
        },
    ),
    counter(
        "plasmid_withdrawal_total",
        "Withdrawals that were made, refunds among them.",
        |now| now.withdrawals,
    ),
    gauge(
        "plasmid_mempool_transactions",
        "Transactions that wait in the application's pool.",
        |now| now.status.mempool_transactions.into(),
    )
    .at_most(MAX_PLACES as u64),
    gauge(
        "plasmid_mempool_used_percent",
        "How much of the pool is taken, in percent. It is counted in places of 512 bytes, and a transaction takes at least one.",
        |now| now.pool_percent,
    )
    .at_most(100),
    gauge(
        "plasmid_store_durable_height",
        "The last height that no crash loses.",
        |now| now.status.durable_height,
    ),
    gauge(
        "plasmid_store_waiting",
        "Heights that are committed and not durable yet.",
        |now| now.status.height.saturating_sub(now.status.durable_height),
    )
    .at_most(MAX_WAITING as u64),
    gauge("plasmid_store_leaves", "Leaves of the state tree.", |now| {
        now.status.leaf_count.into()
    }),
    gauge(
        "plasmid_store_past_epochs",
        "Past epochs whose states are kept in memory for proofs.",
        |now| now.status.past_epochs,
    ),
    gauge(
        "plasmid_store_past_leaves",
        "Old leaves that are kept in memory for them.",
        |now| now.status.past_leaves,
    ),
    gauge(
        "plasmid_store_past_epochs_on_disk",
        "Past epochs whose states are kept on disk only, because root has not settled more of them than memory takes.",
        |now| now.status.past_epochs_on_disk,
    ),
    gauge(
        "plasmid_store_past_leaves_on_disk",
        "Old leaves that are kept on disk for them.",
        |now| now.status.past_leaves_on_disk,
    ),
    gauge(
        "plasmid_root_height",
        "The newest final block of the root chain up to which this node knows everything.",
        |now| now.status.root_height,
    ),
    gauge(
        "plasmid_root_time_seconds",
        "The time of that block, in seconds since 1970.",
        |now| now.root_time,
    ),
    gauge(
        "plasmid_root_healthy",
        "1 while this node knows the root chain soundly and reports it, else 0.",
        |now| now.status.root_healthy.into(),
    )
    .at_most(1),
    counter(
        "plasmid_grpc_reads_total",
        "Reads that clients asked for since the node started.",
        |now| now.reads,
    ),
    counter(
        "plasmid_grpc_reads_failed_total",
        "Reads that were refused for want of room, took too long or met a fault.",
        |now| now.reads_failed,
    ),
];

/// The page.
///
/// # Errors
/// [`ReadError`] while the chain has no genesis, and when nobody waits for the page any more.
pub fn page(
    source: &dyn Source,
    counts: &Counts,
    cancelled: &AtomicBool,
) -> Result<String, ReadError> {
    let reading = read(source, counts, cancelled)?;
    let chain = &reading.status.chain_id;
    let mut text = String::new();
    for Metric {
        name,
        kind,
        help,
        value,
        ..
    } in METRICS
    {
        let kind = match kind {
            MetricKind::Gauge => "gauge",
            MetricKind::Counter => "counter",
        };
        let value = value(&reading);
        // Writing to a String does not fail.
        let _ = write!(
            text,
            "# HELP {name} {help}\n# TYPE {name} {kind}\n{name}{{chain_id=\"{chain}\"}} {value}\n"
        );
    }
    Ok(text)
}

fn read(
    source: &dyn Source,
    counts: &Counts,
    cancelled: &AtomicBool,
) -> Result<Reading, ReadError> {
    let status = chain::get_status(
        &Reader::new(source, cancelled).by(Door::Own),
        &GetStatusRequest {},
    )?;
    let shares = source.shares(status.checkpoints_accepted)?.len();
    let mut counter = Ok(None);
    source.with_tree(&mut |tree, _| {
        counter = committed::leaf::<WithdrawalCounter, _>(tree, &Slot::WithdrawalCounter)
            .map_err(|fault| ReadError::Internal(fault.to_string()));
    });
    let next = counter?.map_or(1, |counter: WithdrawalCounter| counter.next);
    let vitals = source.vitals();
    Ok(Reading {
        pool_percent: source.pool_percent(),
        shares: shares as u64,
        keys_wrong: vitals.signing.keys.is_some(),
        copied: vitals.copied.is_some(),
        withdrawals: next.saturating_sub(1),
        reads: counts.asked(),
        reads_failed: counts.failed(),
        root_time: source.root().finalized.map_or(0, |block| block.time),
        status,
    })
}

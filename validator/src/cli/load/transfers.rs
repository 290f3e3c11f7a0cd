//! A load of signed transactions of this chain, from the senders' money to what the state says at the end.

use std::{sync::Arc, time::Duration};

use super::engine::EngineWay;
use crate::{
    cli::CliError,
    client::{
        Client,
        load::{
            self, Course, FollowedBlocks, Glance, LOST, LoadError, LoadLane, LoadResult, LoadTally,
            Schedule,
            crowd::{LoadCrowd, LoadWork},
        },
        signer::Signer,
    },
    ledger::Domain,
};

/// What the load's transactions moved in the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadEffect {
    /// What is counted.
    pub of: &'static str,
    /// What the transactions that were found in blocks move.
    pub expected: u128,
    /// What the state says.
    pub found: u128,
}

impl LoadEffect {
    /// Whether the state says what the blocks say. What was in no block when it was asked may have come into one since.
    pub fn holds(self, tally: &LoadTally) -> bool {
        let open = u128::from(tally.unseen + tally.unclear);
        (self.expected..=self.expected + open).contains(&self.found)
    }
}

/// A load of signed transactions of this chain.
pub struct TransferLoad {
    /// gRPC of the node that is asked about accounts and fees.
    pub node: String,
    /// The engine whose blocks are followed.
    pub followed: String,
    /// What is signed for.
    pub domain: Domain,
    /// What the senders' keys are made from.
    pub seed: [u8; 32],
    /// Who funds them.
    pub funder: Option<Signer>,
    /// How many they are.
    pub senders: usize,
    /// What their transactions do.
    pub work: LoadWork,
    /// Until when their signatures hold.
    pub valid_until: u64,
    /// How long blocks are followed after the schedule.
    pub drain: Duration,
}

/// What came of it.
pub struct Ran {
    /// What was counted.
    pub loaded: LoadResult,
    /// What was moved.
    pub effect: LoadEffect,
    /// Bytes of a transaction.
    pub bytes: usize,
    /// Lanes that were used.
    pub lanes: usize,
}

impl Ran {
    /// Refuses an effect that is not what the blocks say, and what was acknowledged and is nowhere.
    ///
    /// # Errors
    /// Both numbers, or how many were lost.
    pub fn check(&self) -> Result<(), CliError> {
        if let Some(lost) = self.loaded.tally.fates.get(LOST) {
            return Err(CliError::new(format!(
                "{lost} transactions were acknowledged, stand in no block, wait nowhere, and no node says why: they were lost"
            )));
        }
        let LoadEffect {
            of,
            expected,
            found,
        } = self.effect;
        match self.effect.holds(&self.loaded.tally) {
            true => Ok(()),
            false => Err(CliError::new(format!(
                "the transactions that were found in blocks move {expected} {of}, and the state says {found}: nobody else may use the senders' \
                 keys meanwhile, and else this node's state is not what its blocks say"
            ))),
        }
    }
}

/// A load that is funded and signed.
pub struct SignedLoad {
    course: Course,
    client: Client,
    crowd: LoadCrowd,
    work: LoadWork,
    before: u128,
}

impl TransferLoad {
    /// Funds and signs.
    ///
    /// # Errors
    /// What is missing for a load.
    pub async fn ready(
        &self,
        schedule: Schedule,
        mut lanes: Vec<LoadLane>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<SignedLoad, CliError> {
        lanes.truncate(self.senders.max(1));
        let count = lanes.len();
        // Before anybody pays for anything.
        let blocks = Arc::new(EngineWay::new(&self.followed, true)?);
        blocks.height().await.map_err(LoadError::Blocks)?;
        let client = Client::connect(&self.node, self.domain).await?;
        let crowd = LoadCrowd::new(
            &client,
            &self.seed,
            self.senders,
            self.work,
            self.valid_until,
        );
        let crowd = crowd.await?;
        let of_lane = schedule.total().div_ceil(count.max(1) as u64);
        let each = of_lane.div_ceil((self.senders / count.max(1)).max(1) as u64);
        crowd
            .prepare(&client, self.funder.as_ref(), each, tell)
            .await?;
        let before = crowd.effect(&client).await?;
        let supply = crowd.sign(&client, each, count, tell).await?;
        Ok(SignedLoad {
            course: Course {
                schedule,
                supply,
                lanes,
                blocks,
                drain: self.drain,
            },
            client,
            crowd,
            work: self.work,
            before,
        })
    }
}

impl SignedLoad {
    /// Loads, and looks at the state.
    ///
    /// # Errors
    /// When a node that is asked is gone.
    pub async fn run(self, tell: &mut dyn FnMut(&str)) -> Result<Ran, CliError> {
        let Self {
            course,
            client,
            crowd,
            work,
            before,
        } = self;
        let (end, lanes) = (course.schedule.end().as_secs(), course.lanes.len());
        let mut said = |glance: Glance| {
            let p95 = glance
                .p95_ms
                .map_or_else(String::new, |p95| format!(", p95 {p95:.0} ms"));
            tell(&format!(
                "{} s of {end}: {} handed in, {} in blocks, {} failures{p95}",
                glance.elapsed.as_secs(),
                glance.offered,
                glance.committed,
                glance.failed
            ));
        };
        let loaded = load::run(course, &mut said).await?;
        let effect = LoadEffect {
            of: match work {
                LoadWork::Transfer => "units of the receivers' balances",
                LoadWork::Record { .. } => "sequences of the senders",
            },
            expected: loaded.tally.committed.into(),
            found: crowd.effect(&client).await?.saturating_sub(before),
        };
        Ok(Ran {
            loaded,
            effect,
            bytes: crowd.length()?,
            lanes,
        })
    }
}

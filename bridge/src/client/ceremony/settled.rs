//! Waiting for finality: what stands in a block that root can still lose is no place for coin.

use std::time::Duration;

use alloy_primitives::Address;
use tokio::time::{Instant, sleep};

use super::{Artifacts, CeremonyError, Plan};
use crate::client::rpc::{At, Rpc};
use crate::relay::seen::{Block, Finality, Which};

/// How often root is asked.
const POLL: Duration = Duration::from_millis(200);

/// Waits until a block of root is final by this rule. `tell` is given a sentence when there is something to wait for.
///
/// # Errors
/// [`CeremonyError::NotFinal`] after `patience`.
pub async fn wait_final(
    rpc: &Rpc,
    block: u64,
    finality: Finality,
    patience: Duration,
    tell: &mut dyn FnMut(&str),
) -> Result<(), CeremonyError> {
    let mut wait = Wait::new(format!("root block {block} is final"), patience);
    loop {
        let newest = newest_final(rpc, finality).await?;
        if newest.is_some_and(|newest| newest.number >= block) {
            return Ok(());
        }
        wait.more(finality, newest, tell).await?;
    }
}

/// Waits until the code of this plan's Registry and verifier stands in a block that is final by this rule: only then can no
/// reorganisation leave their addresses empty, where stake would be lost.
///
/// # Errors
/// [`CeremonyError::NotFinal`] after `patience`.
pub async fn wait_registry_final(
    rpc: &Rpc,
    artifacts: &Artifacts,
    plan: &Plan,
    finality: Finality,
    patience: Duration,
    tell: &mut dyn FnMut(&str),
) -> Result<(), CeremonyError> {
    let contracts = plan.founding_contracts(artifacts);
    let what = "the code of Registry and Ed25519Verifier is final on root".to_owned();
    let mut wait = Wait::new(what, patience);
    loop {
        let newest = newest_final(rpc, finality).await?;
        if let Some(newest) = newest
            && stand_at(rpc, contracts.map(|(_, address)| address), newest).await?
        {
            return Ok(());
        }
        wait.more(finality, newest, tell).await?;
    }
}

async fn stand_at(rpc: &Rpc, contracts: [Address; 2], block: Block) -> Result<bool, CeremonyError> {
    for address in contracts {
        if rpc.code(address, At::Hash(block.hash)).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The newest block that is final by this rule, or `None` when the node knows of none.
async fn newest_final(rpc: &Rpc, finality: Finality) -> Result<Option<Block>, CeremonyError> {
    let Finality::Depth(depth) = finality else {
        return Ok(rpc.finalized().await?);
    };
    let latest = rpc.block(Which::Latest).await?;
    match latest.and_then(|latest| latest.number.checked_sub(u64::from(depth))) {
        Some(number) => Ok(rpc.block(Which::Number(number)).await?),
        None => Ok(None),
    }
}

/// A wait that says once what it waits for, and again when it turns out that the node names no final block.
struct Wait {
    what: String,
    start: Instant,
    patience: Duration,
    told: Option<bool>,
}

impl Wait {
    fn new(what: String, patience: Duration) -> Self {
        Self {
            what,
            start: Instant::now(),
            patience,
            told: None,
        }
    }

    async fn more(
        &mut self,
        finality: Finality,
        newest: Option<Block>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), CeremonyError> {
        if self.start.elapsed() > self.patience {
            return Err(CeremonyError::NotFinal {
                what: self.what.clone(),
                newest: named(finality, newest),
                waited: self.patience,
            });
        }
        if self.told != Some(newest.is_some()) {
            self.told = Some(newest.is_some());
            tell(&format!(
                "waiting until {}; {}",
                self.what,
                named(finality, newest)
            ));
        }
        sleep(POLL).await;
        Ok(())
    }
}

fn named(finality: Finality, newest: Option<Block>) -> String {
    match (finality, newest) {
        (_, Some(block)) => format!("the newest final block is {}", block.number),
        (Finality::Tag, None) => {
            "the root node names no block by its `finalized` tag: if it never does, ask another node, or found with \
             finality_rule = \"depth\" in the plan"
                .to_owned()
        }
        (Finality::Depth(depth), None) => {
            format!("the root chain has no block yet that is {depth} deep")
        }
    }
}

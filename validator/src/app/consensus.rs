//! The calls of consensus: the genesis, proposals, vote extensions, decided blocks.

pub(super) mod blocks;
mod genesis;
pub(super) mod proposals;
mod reexecuted;
mod votes;

use plasmid_bridge::proof::commitment::BlockCommitment;
use tendermint_proto::v0_38::abci::{RequestInfo, ResponseInfo};

use super::App;
use super::state::State;
use crate::engine::abci::{Fault, Outcome};

impl App {
    pub(super) fn on_info(&self, _request: RequestInfo) -> Outcome<ResponseInfo> {
        let store = &self.surroundings.store;
        let height = store.durable_height();
        let block = match height {
            Some(0) => Some(self.genesis),
            Some(height) => {
                let block = store.block(height).map_err(Fault::new)?;
                let lacking = || Fault::new(format!("the store lacks its durable block {height}"));
                Some(block.ok_or_else(lacking)?)
            }
            None => None,
        };
        told(self.parameters.rules, block.as_ref())
    }
}

/// What an engine is told of a node whose last durable block this is; `None` before it has any state.
///
/// # Errors
/// [`Fault`] for a height that the engine cannot have.
pub fn told(rules: u32, block: Option<&BlockCommitment>) -> Outcome<ResponseInfo> {
    let height = block.map_or(0, |block| block.height);
    Ok(ResponseInfo {
        data: "plasmid".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        app_version: u64::from(rules),
        last_block_height: i64::try_from(height).map_err(Fault::new)?,
        last_block_app_hash: block
            .map(|block| block.hash().to_vec())
            .unwrap_or_default()
            .into(),
    })
}

/// Refuses a call about any height but the next: the engine and this node have lost each other.
fn expect_next(state: &State, height: u64) -> Result<(), Fault> {
    let expected = state.next_height();
    if height != expected {
        return Err(Fault::new(format!(
            "the engine asks about height {height}, the next one here is {expected}"
        )));
    }
    Ok(())
}

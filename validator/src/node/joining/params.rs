//! The engine's consensus parameters. Those of an engine that began with the genesis were compared then. One that took a state has them from the first of its RPC
//! servers, and no header covers more of them than the bounds of a block.

use std::time::Duration;

use crate::{
    app::App,
    engine::abci::Fault,
    node::comet::{Client, RpcError},
};

/// How long between two times that the engine is asked, until it answers.
const PAUSE: Duration = Duration::from_secs(1);
/// After how many times it is said that it does not.
const SAID_AFTER: u32 = 60;

/// What a person does whose engine was told something false.
const WAY_OUT: &str = "Stop CometBFT and this node, put an RPC server that you trust first in rpc_servers of CometBFT's [statesync], move data/store and all of cometbft/data but \
priv_validator_state.json away, and start both again";

/// Asks the engine for its consensus parameters until it tells them, and compares them with the genesis's. Then there is nothing more to do: an engine changes
/// them only where the application says so. `has_state`: the node began with a state.
///
/// # Errors
/// [`Fault`] where they differ: such a node leaves the others at some block.
pub async fn compared(engine: &Client, app: &App, has_state: bool) -> Result<(), Fault> {
    let mut asked: u32 = 0;
    loop {
        match engine.consensus_params().await {
            Ok(told) => {
                let params = told.consensus_params.into();
                app.check_params("the engine", &params).map_err(|differs| {
                    Fault::new(format!(
                        "{differs}. Who was asked for headers while this node took a state has told the engine so. {WAY_OUT}"
                    ))
                })?;
                tracing::info!("the engine has the consensus parameters of the genesis");
                return Ok(());
            }
            // An engine that has a state and no block behind it knows of no height.
            Err(RpcError::Refused(why)) => {
                asked = asked.saturating_add(1);
                if asked.is_multiple_of(SAID_AFTER) && has_state {
                    tracing::warn!(
                        %why,
                        "the engine tells no consensus parameters yet. Where it has taken a state and gets no block behind it, whoever was asked for headers may have told it \
                         other parameters, so that it refuses the blocks of all others. {WAY_OUT}"
                    );
                }
            }
            Err(error) => tracing::debug!(%error, "the engine's consensus parameters"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

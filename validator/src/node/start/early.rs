//! A node that may be given the state of others: its engine is answered before there is anything else.

use std::{future::Future, sync::Arc, time::Duration};

use alloy_primitives::Address;
use plasmid_bridge::relay::seen::Finality;
use tokio::{runtime::Handle, sync::watch, task::JoinHandle};

use super::StartError;
use crate::{
    app::{guard::Guard, identity},
    chain::genesis::file::Loaded as Genesis,
    engine::abci::{Address as AbciAddress, Alarm, Fault, Limits, Server},
    node::{
        accepted::{AcceptedError, standing},
        config::{Config, Home},
        founding,
        joining::{
            EarlyAnswers, EarlyOpening,
            intake::{RootWord, StateIntake},
        },
        shutdown, state_file,
    },
    store::{self, Books, Loaded, Sled, Store},
};

/// How long between two times that root is asked for what it has accepted.
const ROOT_PAUSE: Duration = Duration::from_secs(2);
/// After how many times it is said that root does not answer.
const SAID_AFTER: u32 = 30;

/// With what a node begins.
pub(super) enum Beginning {
    /// With what its store has.
    Store(Books<Sled>, Option<Loaded>),
    /// With what its store has, while the engine is being answered already.
    Answered(Books<Sled>, Option<Loaded>, Early),
    /// It was asked to stop first.
    Stopped,
}

/// Where the engine connects.
pub(super) enum EngineSide {
    /// It is answered already.
    Early(Early),
    Bound(Server),
}

impl EngineSide {
    /// Lets `guard` answer the engine until the node is asked to stop and has parted.
    pub(super) async fn serve(
        self,
        guard: Arc<Guard>,
        part: impl Future<Output = ()>,
    ) -> Result<(), StartError> {
        match self {
            Self::Early(early) => early.open(guard).await,
            Self::Bound(server) => {
                let stop = async {
                    shutdown::requested().await;
                    part.await;
                };
                Ok(server.run(guard, stop).await?)
            }
        }
    }
}

/// A server that runs before the application does.
pub(super) struct Early {
    serving: JoinHandle<Result<(), Alarm>>,
    opening: EarlyOpening<Guard>,
}

impl Early {
    /// Lets `guard` answer from now on, and waits until the server ends.
    async fn open(mut self, guard: Arc<Guard>) -> Result<(), StartError> {
        self.opening.open(guard);
        ended(&mut self.serving).await
    }
}

/// What became of a server that ended.
async fn ended(serving: &mut JoinHandle<Result<(), Alarm>>) -> Result<(), StartError> {
    match serving.await {
        Ok(outcome) => outcome.map_err(StartError::from),
        Err(error) => Err(StartError::Fault(Fault::new(error))),
    }
}

/// Opens the store of a node. Where its engine takes the state of others, and the store has nothing or only such a state, the engine is answered
/// first, until it has given a state or begins without one.
pub(super) async fn begin(
    (home, config, genesis): (&Home, &Config, &Genesis),
    takes_snapshots: bool,
    (address, limits): (&AbciAddress, Limits),
) -> Result<Beginning, StartError> {
    let path = home.store_path();
    let whose = identity(genesis);
    if takes_snapshots {
        state_file::remove_old(home)?;
    }
    let (books, loaded) = store::open(&path, whose)?;
    let is_bare = loaded
        .as_ref()
        .is_none_or(|loaded| books.imported() == Some(loaded.height()));
    if !takes_snapshots || !is_bare {
        return Ok(Beginning::Store(books, loaded));
    }
    let held = loaded.map(|loaded| loaded.block);
    drop(books);
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        shutdown::requested().await;
        stop.send_replace(true);
    });
    let parameters = genesis.genesis.parameters;
    let root_chain = Address::from(genesis.deployment.domain.root_chain);
    let finality = founding::finality(&parameters);
    let endpoints = config.root.endpoints.clone();
    let word = root_word((endpoints, root_chain, finality), stopped.clone());
    let intake = StateIntake::new(home.clone(), (whose, parameters), word);
    let (entry, opening) = EarlyAnswers::new(parameters.rules, held, intake);
    let server = Server::bind(address, limits).await?;
    let mut serving = tokio::spawn(server.run(Arc::clone(&entry), stop_of(stopped)));
    tracing::info!(
        abci = %address,
        "this node has no blocks, and begins when CometBFT has given it the state of others: start CometBFT"
    );
    tokio::select! {
        outcome = ended(&mut serving) => {
            outcome?;
            Ok(Beginning::Stopped)
        }
        () = entry.decided() => {
            let (books, loaded) = store::reopen(&path, whose)?;
            Ok(Beginning::Answered(books, loaded, Early { serving, opening }))
        }
    }
}

async fn stop_of(mut stopped: watch::Receiver<bool>) {
    // Whoever sends it sends it before it goes.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// What root says of an epoch's checkpoint, asked for on a thread that may wait; a root that does not answer is asked again until it does, or the node stops: the
/// engine waits, and never takes an offer again that was refused once.
fn root_word(
    (endpoints, root_chain, finality): (Vec<String>, Address, Finality),
    stopped: watch::Receiver<bool>,
) -> RootWord {
    let runtime = Handle::current();
    Box::new(move |epoch| {
        let said = again(ROOT_PAUSE, || {
            standing(&endpoints, root_chain, epoch, finality)
        });
        runtime.block_on(async {
            tokio::select! {
                said = said => said.map(|accepted| accepted.checkpoint),
                () = stop_of(stopped.clone()) => Err(AcceptedError::Stopped),
            }
        })
    })
}

async fn again<T, F: Future<Output = Result<T, AcceptedError>>>(
    pause: Duration,
    ask: impl Fn() -> F,
) -> Result<T, AcceptedError> {
    let mut asked: u32 = 0;
    loop {
        match ask().await {
            Err(error) if error.may_pass() => {
                if asked.is_multiple_of(SAID_AFTER) {
                    tracing::warn!(%error, "root is asked again until it answers: nothing is taken before");
                }
                asked = asked.saturating_add(1);
                tokio::time::sleep(pause).await;
            }
            said => return said,
        }
    }
}

#[cfg(test)]
mod tests;

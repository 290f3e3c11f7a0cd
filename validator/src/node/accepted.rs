//! What RootChain has accepted, read from its events.

use alloy_primitives::{Address, B256};
use plasmid_bridge::{
    abi::IRootChain,
    client::{
        backwards::Backwards,
        follower::view_call,
        rpc::{At, Limits, Rpc, RpcError},
    },
    relay::{
        acceptance::Acceptance,
        events::{self, ACCEPTANCE, Heard},
        seen::{Block, Finality, Log, Which},
    },
};

use crate::plain;

/// Why it is not known what root has accepted.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum AcceptedError {
    #[error(transparent)]
    Rpc(#[from] RpcError),
    #[error("no block of root is final yet")]
    NothingFinal,
    #[error(
        "RootChain {root_chain} has not accepted a checkpoint of epoch {epoch} up to root block {newest}"
    )]
    NotAccepted {
        root_chain: Address,
        epoch: u64,
        newest: u64,
    },
    #[error("RootChain has accepted no checkpoint up to root block {newest}")]
    NoneAccepted { newest: u64 },
    #[error("{0}")]
    Event(String),
    #[error("root endpoint {place}: {source}")]
    Endpoint {
        place: String,
        source: Box<AcceptedError>,
    },
    #[error("this node was asked to stop")]
    Stopped,
    #[error("plasmid.toml names no root endpoint that could be asked")]
    NoEndpoint,
    #[error(
        "{count} checkpoints stand on root, so that of epoch {epoch} is not accepted yet, or void"
    )]
    NotStanding { epoch: u64, count: u64 },
    #[error(
        "root endpoint {place} says that root accepted {found} of epoch {epoch}, and another one says {other}"
    )]
    Differ {
        place: String,
        epoch: u64,
        found: B256,
        other: B256,
    },
}

impl AcceptedError {
    /// Whether root has not accepted, as final, what was asked for: nor anything later then.
    #[must_use]
    pub fn is_not_accepted(&self) -> bool {
        match self {
            Self::NotStanding { .. } | Self::NotAccepted { .. } => true,
            Self::Endpoint { source, .. } => source.is_not_accepted(),
            _ => false,
        }
    }

    /// Whether asking again later may help.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Rpc(_) | Self::NothingFinal => true,
            Self::Endpoint { source, .. } => source.may_pass(),
            _ => false,
        }
    }
}

/// The acceptance of an epoch by a RootChain, searched backwards from the newest block that is final by this rule: at depth zero, the newest of all.
///
/// # Errors
/// When it has accepted none, or root could not be asked.
pub async fn accepted_by(
    rpc: &Rpc,
    address: Address,
    epoch: u64,
    finality: Finality,
) -> Result<Acceptance, AcceptedError> {
    let (found, newest) = last_accepted(rpc, address, finality, Some(epoch)).await?;
    found.ok_or(AcceptedError::NotAccepted {
        root_chain: address,
        epoch,
        newest,
    })
}

/// The newest block that is final by this rule.
async fn last_final(rpc: &Rpc, finality: Finality) -> Result<Block, AcceptedError> {
    let block = match finality {
        Finality::Tag => rpc.finalized().await?,
        Finality::Depth(0) => rpc.block(Which::Latest).await?,
        Finality::Depth(depth) => {
            let newest = rpc.block(Which::Latest).await?;
            let number = newest.and_then(|block| block.number.checked_sub(depth.into()));
            let number = number.ok_or(AcceptedError::NothingFinal)?;
            rpc.block(Which::Number(number)).await?
        }
    };
    block.ok_or(AcceptedError::NothingFinal)
}

/// The newest acceptance, of this epoch if one is named, in a block that is final by this rule, and the number of the newest such block.
async fn last_accepted(
    rpc: &Rpc,
    address: Address,
    finality: Finality,
    epoch: Option<u64>,
) -> Result<(Option<Acceptance>, u64), AcceptedError> {
    let id = view_call(rpc, address, IRootChain::deploymentCall {}, At::Latest).await?;
    let first = view_call(rpc, address, IRootChain::genesisBlockCall {}, At::Latest).await?;
    let newest = last_final(rpc, finality).await?.number;
    let addresses = [address];
    let mut search = Backwards::new(rpc, &addresses, &[ACCEPTANCE], (first, newest));
    while let Some(logs) = search.look().await? {
        match find(&logs, (address, id.0), epoch)? {
            AcceptanceFound::Before => {}
            AcceptanceFound::Earlier => break,
            AcceptanceFound::It(found) => return Ok((Some(*found), newest)),
        }
    }
    Ok((None, newest))
}

/// The acceptance of an epoch, as each of these endpoints says.
///
/// # Errors
/// As [`accepted_by`], with the endpoint.
pub async fn accepted_by_each(
    endpoints: &[String],
    address: Address,
    epoch: u64,
    finality: Finality,
) -> Result<Vec<(String, Acceptance)>, AcceptedError> {
    of_each(endpoints, async |rpc| {
        accepted_by(&rpc, address, epoch, finality).await
    })
    .await
}

/// What each of these endpoints answers, with its place.
async fn of_each<T>(
    endpoints: &[String],
    ask: impl AsyncFn(Rpc) -> Result<T, AcceptedError>,
) -> Result<Vec<(String, T)>, AcceptedError> {
    let mut said = Vec::new();
    for endpoint in endpoints {
        let place = plain::place(endpoint);
        let answer = match Rpc::new(endpoint, Limits::default()) {
            Ok(rpc) => ask(rpc).await,
            Err(error) => Err(error.into()),
        };
        let answer = answer.map_err(|source| at(&place, source))?;
        said.push((place, answer));
    }
    Ok(said)
}

/// The acceptance of an epoch whose checkpoint stands, which all these endpoints say alike.
///
/// # Errors
/// As [`accepted_by_each`]; a checkpoint that does not stand, endpoints that differ, no endpoint.
pub async fn standing(
    endpoints: &[String],
    address: Address,
    epoch: u64,
    finality: Finality,
) -> Result<Acceptance, AcceptedError> {
    // What each says of the newest final block, and of the newest one, tells of what root has not accepted, before events are searched.
    of_each(endpoints, async |rpc| {
        let last = last_final(&rpc, finality).await?;
        let head = IRootChain::headCall {};
        let accepted = view_call(&rpc, address, head, At::Hash(last.hash)).await?;
        let head = IRootChain::headCall {};
        let stands = view_call(&rpc, address, head, At::Latest).await?;
        let count: u64 = accepted.standing.min(stands.standing);
        match epoch < count {
            true => Ok(()),
            false => Err(AcceptedError::NotStanding { epoch, count }),
        }
    })
    .await?;
    all_alike(accepted_by_each(endpoints, address, epoch, finality).await?)
}

/// The newest acceptance in a final block that all these endpoints know, of a checkpoint that stands.
///
/// # Errors
/// As [`standing`]; root has accepted none.
pub async fn newest(
    endpoints: &[String],
    address: Address,
    finality: Finality,
) -> Result<Acceptance, AcceptedError> {
    let newest = of_each(endpoints, async |rpc| {
        let (found, newest) = last_accepted(&rpc, address, finality, None).await?;
        found.ok_or(AcceptedError::NoneAccepted { newest })
    });
    let common = newest.await?.into_iter().map(|(_, one)| one.epoch).min();
    let epoch = common.ok_or(AcceptedError::NoEndpoint)?;
    standing(endpoints, address, epoch, finality).await
}

/// What all of them say.
fn all_alike(said: Vec<(String, Acceptance)>) -> Result<Acceptance, AcceptedError> {
    let mut said = said.into_iter();
    let (_, first) = said.next().ok_or(AcceptedError::NoEndpoint)?;
    match said.find(|(_, one)| one.digest != first.digest) {
        None => Ok(first),
        Some((place, one)) => Err(AcceptedError::Differ {
            place,
            epoch: first.epoch,
            found: one.digest,
            other: first.digest,
        }),
    }
}

fn at(place: &str, source: AcceptedError) -> AcceptedError {
    AcceptedError::Endpoint {
        place: place.to_owned(),
        source: Box::new(source),
    }
}

/// What some blocks, which stand right before those that were looked at, tell of the search for an acceptance.
#[derive(Debug, PartialEq, Eq)]
enum AcceptanceFound {
    /// It may stand in the blocks before.
    Before,
    /// An earlier epoch was accepted in them, so it stands in none before.
    Earlier,
    It(Box<Acceptance>),
}

/// Root accepts epochs in their order.
fn find(
    logs: &[Log],
    (address, deployment): (Address, [u8; 20]),
    epoch: Option<u64>,
) -> Result<AcceptanceFound, AcceptedError> {
    let mut newest: Option<Box<Acceptance>> = None;
    let mut is_earlier = false;
    for log in logs {
        let Heard::Acceptance(found) =
            events::decode(log, &deployment).map_err(AcceptedError::Event)?
        else {
            continue;
        };
        if log.address != address {
            continue;
        }
        is_earlier |= epoch.is_some_and(|epoch| found.epoch < epoch);
        let is_newer = newest
            .as_ref()
            .is_none_or(|newest| newest.epoch < found.epoch);
        if is_newer && epoch.is_none_or(|epoch| found.epoch == epoch) {
            newest = Some(found);
        }
    }
    Ok(match newest {
        Some(newest) => AcceptanceFound::It(newest),
        None if is_earlier => AcceptanceFound::Earlier,
        None => AcceptanceFound::Before,
    })
}

#[cfg(test)]
mod tests;

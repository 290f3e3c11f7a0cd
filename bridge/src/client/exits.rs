//! What root says about the end of a deployment, and what its ways out are called with: `plasmid exit`.
//!
//! ```text
//! open ──(T without a checkpoint, or a due message unconsumed for T; beginExit, overdue)──▶ closing ──(grace)──▶ exit mode
//!      ──(a checkpoint is void)──▶ exit mode
//!      ──(the last checkpoint that stands is final; open)──▶ the base is fixed: leaves are paid, and what it had not consumed goes back
//! ```

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::{SolCall, SolInterface};

use super::backwards::Backwards;
use super::endpoints::{Endpoints, EndpointsError};
use super::follower::view_call;
use super::rpc::{At, Call, Rpc, RpcError};
use crate::abi::{IDataChallenges, IExits, IInbox, IRootChain, IVault};
use crate::proof::{deployment, inbox};
use crate::relay::acceptance::DeploymentEnd;
use crate::relay::events::{self, Heard, MESSAGE, Sent};
use crate::relay::seen::Which;

mod history;
mod sales;

pub use history::walk;
pub use sales::{Owned, TokenBacking, backing, owned, payee};

/// The Inbox keeps the links of the newest 256 messages. What is shown must be kept when it is mined, too: some messages may come meanwhile.
const KEPT_LINKS: u64 = 224;
/// The most messages behind a cursor that are read.
const MAX_MESSAGES: u64 = 1 << 17;

/// Why root's messages cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExitsError {
    /// Root could not be asked.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// An event that the contract does not emit so.
    #[error(
        "the root node shows messages that do not fit together: {0}; ask another one with --root"
    )]
    Events(String),
    /// Too many to be held.
    #[error("{count} messages stand behind message {cursor}, and {MAX_MESSAGES} are read at most")]
    TooMany {
        /// How many.
        count: u64,
        /// The last that was consumed.
        cursor: u64,
    },
}

/// Contracts of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contracts {
    /// DataChallenges.
    pub data_challenges: Address,
    /// Exits.
    pub exits: Address,
    /// The Inbox.
    pub inbox: Address,
    /// RootChain.
    pub root_chain: Address,
    /// The Vault.
    pub vault: Address,
}

impl Contracts {
    /// The contracts that this Registry made.
    #[must_use]
    pub fn of(registry: Address) -> Self {
        let [_, inbox, vault, _, exits, _, data_challenges, root_chain] =
            deployment::contracts(&registry.into_array());
        Self {
            data_challenges: data_challenges.into(),
            exits: exits.into(),
            inbox: inbox.into(),
            root_chain: root_chain.into(),
            vault: vault.into(),
        }
    }
}

/// How far a deployment has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It goes on.
    Open,
    /// Nothing enters it any more, and checkpoints are still taken.
    Closing,
    /// No checkpoint is taken any more, and the base is not fixed.
    ExitMode,
    /// The base is fixed.
    Paying,
}

impl Stage {
    /// Its name in outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closing => "closing",
            Self::ExitMode => "exit mode",
            Self::Paying => "paying",
        }
    }
}

/// What root says in one block.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The block's number.
    pub number: u64,
    /// The block's time in seconds.
    pub now: u64,
    /// What RootChain keeps beside the ring.
    pub head: IRootChain::Head,
    /// Its parameters.
    pub parameters: IRootChain::Parameters,
    /// The base; all zero before it is fixed.
    pub base: IExits::Base,
    /// The first checkpoint that stands and that a challenge of data keeps from being final.
    pub held: Option<u64>,
    /// From when on exit mode can begin, where it can begin by time alone and nothing closes yet.
    pub begins: Option<u64>,
}

impl Ending {
    /// How far it has come.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self.head.exitAt {
            _ if self.base.opened => Stage::Paying,
            0 => Stage::Open,
            at if self.now < at => Stage::Closing,
            _ => Stage::ExitMode,
        }
    }
}

/// Reads it all in the newest block. Of two endpoints, both say what decides: the head, the base, the parameters and the time.
///
/// # Errors
/// Why root could not be asked, or in what the endpoints differ.
pub async fn look(
    endpoints: Endpoints<'_>,
    contracts: &Contracts,
) -> Result<Ending, EndpointsError> {
    let rpc = endpoints.first();
    let latest = rpc.block(Which::Latest).await?;
    let latest = latest.ok_or_else(|| RpcError::Malformed("no newest block".into()))?;
    let at = At::Hash(latest.hash);
    let root_chain = contracts.root_chain;
    let (now, head, parameters, base);
    if endpoints.are_two() {
        now = endpoints.time().await?;
        head = endpoints.view(root_chain, IRootChain::headCall {}).await?;
        parameters = endpoints
            .view(root_chain, IRootChain::parametersCall {})
            .await?;
        base = endpoints.view(contracts.exits, IExits::baseCall {}).await?;
    } else {
        now = latest.time;
        head = view_call(rpc, root_chain, IRootChain::headCall {}, at).await?;
        parameters = view_call(rpc, root_chain, IRootChain::parametersCall {}, at).await?;
        base = view_call(rpc, contracts.exits, IExits::baseCall {}, at).await?;
    }
    let held = match head.standing.checked_sub(1) {
        Some(to) if head.finalized <= to => {
            let from = head.finalized;
            let call = IDataChallenges::firstHeldCall { from, to };
            let contract = contracts.data_challenges;
            let held = match endpoints.are_two() {
                true => endpoints.view(contract, call).await?,
                false => view_call(rpc, contract, call, at).await?,
            };
            (held <= to).then_some(held)
        }
        _ => None,
    };
    let begins = match head.exitAt {
        0 => begins(rpc, root_chain, at, now).await?,
        _ => None,
    };
    Ok(Ending {
        number: latest.number,
        now,
        head,
        parameters,
        base,
        held,
        begins,
    })
}

/// What `beginExit` would say: from when on it succeeds.
async fn begins(rpc: &Rpc, root_chain: Address, at: At, now: u64) -> Result<Option<u64>, RpcError> {
    let call = Call::to(root_chain, IRootChain::beginExitCall {}.abi_encode());
    match rpc.call(&call, at).await {
        Ok(_) => Ok(Some(now)),
        Err(RpcError::Refused {
            data: Some(data), ..
        }) => match IRootChain::IRootChainErrors::abi_decode_validate(&data) {
            Ok(IRootChain::IRootChainErrors::NotOverdue(error)) => {
                Ok(u64::try_from(error.from).ok())
            }
            _ => Ok(None),
        },
        Err(error) => Err(error),
    }
}

/// How far the deployment has come to its end, as one endpoint says.
///
/// # Errors
/// Why root could not be asked.
pub async fn end(rpc: &Rpc, root_chain: Address) -> Result<DeploymentEnd, RpcError> {
    let head = view_call(rpc, root_chain, IRootChain::headCall {}, At::Latest).await?;
    Ok(DeploymentEnd::of(&head))
}

/// When exit mode begins or began, in seconds of root's clock, once the deployment is closing.
///
/// # Errors
/// Why root could not be asked.
pub async fn closing(rpc: &Rpc, root_chain: Address) -> Result<Option<u64>, RpcError> {
    Ok(end(rpc, root_chain).await?.exit_at)
}

/// Whether the leaf with this index was paid.
///
/// # Errors
/// Why root could not be asked, or that its endpoints differ.
pub async fn is_paid(
    endpoints: Endpoints<'_>,
    contracts: &Contracts,
    index: u32,
) -> Result<bool, EndpointsError> {
    let call = IVault::claimedCall { index };
    endpoints.view(contracts.vault, call).await
}

/// Whether what a message brought went back: its native coin, or its token.
///
/// # Errors
/// Why root could not be asked, or that its endpoints differ.
pub async fn is_refunded(
    endpoints: Endpoints<'_>,
    contracts: &Contracts,
    (message, native): (u64, bool),
) -> Result<bool, EndpointsError> {
    let call = IVault::refundedCall { message, native };
    endpoints.view(contracts.vault, call).await
}

/// Where an account said on root that it is paid, if it did, and the nonce of its next naming.
///
/// # Errors
/// Why root could not be asked, or that its endpoints differ.
pub async fn named(
    endpoints: Endpoints<'_>,
    contracts: &Contracts,
    kind: u8,
    id: [u8; 20],
) -> Result<(Option<Address>, u64), EndpointsError> {
    let call = IExits::namedCall {
        kind,
        id: id.into(),
    };
    let named = endpoints.view(contracts.exits, call).await?;
    let payout = (!named.payout.is_zero()).then_some(named.payout);
    Ok((payout, named.nonce))
}

/// A message with what shows it to the Inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What it says.
    pub message: inbox::Message,
    /// Its bytes.
    pub bytes: Bytes,
    /// The link of the message before it.
    pub before: B256,
    /// Hashes of the messages behind it, up to one whose link the Inbox keeps.
    pub behind: Vec<B256>,
}

/// The messages behind `cursor` (all of them, where it is 0), ascending, read from the Inbox's events in blocks `from` to `to` and compared with the link that it keeps.
///
/// # Errors
/// [`ExitsError`]; nothing is returned that does not fit.
pub async fn messages(
    rpc: &Rpc,
    contracts: &Contracts,
    cursor: u64,
    (from, to): (u64, u64),
) -> Result<Vec<Shown>, ExitsError> {
    let at = match rpc.block(Which::Number(to)).await? {
        Some(block) => At::Hash(block.hash),
        None => At::Latest,
    };
    let inbox = contracts.inbox;
    let count = view_call(rpc, inbox, IInbox::countCall {}, at).await?;
    let waiting = count.saturating_sub(cursor);
    if waiting == 0 {
        return Ok(Vec::new());
    }
    if waiting > MAX_MESSAGES {
        let count = waiting;
        return Err(ExitsError::TooMany { count, cursor });
    }
    // The event of the message at the cursor has its link.
    let first = cursor.max(1);
    let mut sent: Vec<(u64, Sent)> = Vec::new();
    let addresses = [inbox];
    let mut search = Backwards::new(rpc, &addresses, &[MESSAGE], (from, to));
    while sent.last().is_none_or(|(_, oldest)| oldest.index > first) {
        let Some(logs) = search.look().await? else {
            break;
        };
        for log in logs.iter().rev() {
            match events::decode(log, &[0; 20]).map_err(ExitsError::Events)? {
                Heard::Message(one) if log.address == inbox && one.index >= first => {
                    sent.push((log.block, one));
                }
                _ => {}
            }
        }
    }
    sent.reverse();
    let kept = view_call(rpc, inbox, IInbox::linkCall { index: count }, at).await?;
    let shown = shown(&sent, cursor, count).map_err(ExitsError::Events)?;
    let newest = sent.last().map(|(_, newest)| newest.link);
    match newest == Some(kept.link) {
        true => Ok(shown),
        false => Err(ExitsError::Events(format!(
            "message {count} has link {} in its contract",
            kept.link
        ))),
    }
}

/// Each message behind `cursor` with its witness, when `sent` are all from the one at the cursor to the last, which is number `count`.
fn shown(sent: &[(u64, Sent)], cursor: u64, count: u64) -> Result<Vec<Shown>, String> {
    let (mut before, rest) = match (cursor, sent.split_first()) {
        (0, _) => (B256::ZERO, sent),
        (_, Some(((_, at), rest))) if at.index == cursor => (at.link, rest),
        _ => return Err(format!("message {cursor} is missing")),
    };
    let mut links = Vec::with_capacity(rest.len());
    for ((block, one), index) in rest.iter().zip(cursor.saturating_add(1)..) {
        if one.index != index {
            return Err(format!(
                "message {} stands where {index} belongs",
                one.index
            ));
        }
        let entry = one.extend(&before, *block)?;
        links.push((before, entry.message_hash));
        before = entry.link;
    }
    if rest.len() as u64 != count.saturating_sub(cursor) {
        return Err(format!("messages behind {} are missing", rest.len()));
    }
    let mut all = Vec::with_capacity(rest.len());
    for (place, ((block, one), (before, _))) in rest.iter().zip(&links).enumerate() {
        let until = usize::try_from(kept_from(one.index, count) - one.index).unwrap_or(usize::MAX);
        let behind = links.iter().skip(place.saturating_add(1)).take(until);
        all.push(Shown {
            message: one.message(*block)?,
            bytes: one.bytes.clone(),
            before: *before,
            behind: behind.map(|(_, hash)| *hash).collect(),
        });
    }
    Ok(all)
}

/// The first message from `index` on whose link the Inbox keeps when it has `count`.
fn kept_from(index: u64, count: u64) -> u64 {
    match index.saturating_add(KEPT_LINKS) > count {
        true => index,
        false => index.next_multiple_of(inbox::KEPT_EVERY),
    }
}

#[cfg(test)]
mod tests;

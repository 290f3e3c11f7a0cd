//! Asking one endpoint what the inbox machine wants to know.

use std::time::Duration;

use alloy_primitives::Address;
use alloy_sol_types::SolCall;
use tokio::sync::mpsc;

use crate::abi::{IInbox, IRootChain};
use crate::client::rpc::{At, Call, Rpc, RpcError};
use crate::relay::acceptance::DeploymentEnd;
use crate::relay::inbox::{Answer, Request};
use crate::relay::seen::{Failure, Heads, Sought};
use crate::relay::track::{Ask, Reply};

/// The shortest wait before an endpoint that asks for fewer requests is asked again.
const MIN_WAIT: Duration = Duration::from_millis(250);

/// An endpoint of the root chain.
pub(super) struct Endpoint {
    pub rpc: Rpc,
    /// How long one of its answers may take.
    pub answer_timeout: Duration,
}

/// Answers the machine's requests, one after the other.
pub(super) async fn answer_requests(
    endpoint: Endpoint,
    addresses: (Address, Address),
    mut requests: mpsc::Receiver<Request>,
    answers: mpsc::Sender<Answer>,
) {
    while let Some(request) = requests.recv().await {
        let calls = u32::try_from(request.ask.calls()).unwrap_or(u32::MAX);
        let answer_timeout = endpoint.answer_timeout.saturating_mul(calls);
        let asked =
            tokio::time::timeout(answer_timeout, ask(&endpoint, addresses, &request.ask)).await;
        let result = match asked {
            Ok(answer) => answer.map_err(|error| error.failure()),
            Err(_) => Err(Failure::Unreachable),
        };
        let answer = Answer {
            id: request.id,
            endpoint: request.endpoint,
            result,
        };
        if answers.send(answer).await.is_err() {
            return;
        }
    }
}

async fn ask(
    endpoint: &Endpoint,
    addresses: (Address, Address),
    ask: &Ask,
) -> Result<Reply, RpcError> {
    let rpc = &endpoint.rpc;
    Ok(match ask {
        Ask::ChainId => Reply::ChainId(rpc.chain_id().await?),
        Ask::Block(which) => Reply::Block(rpc.block(*which).await?),
        Ask::Logs {
            from,
            to,
            address,
            topic,
        } => Reply::Logs(rpc.logs(*from, *to, &[*address], &[*topic]).await?),
        Ask::Heads(sought) => Reply::Heads(heads(endpoint, addresses, sought).await?),
    })
}

/// What Inbox and RootChain hold after a block.
async fn heads(
    endpoint: &Endpoint,
    (inbox, root_chain): (Address, Address),
    sought: &Sought,
) -> Result<Heads, RpcError> {
    let at = At::Hash(sought.block);
    let count = endpoint.view(inbox, IInbox::countCall {}, at).await?;
    let link = if sought.index <= count {
        let index = sought.index;
        let link = endpoint.view(inbox, IInbox::linkCall { index }, at).await?;
        link.kept.then_some(link.link)
    } else {
        None
    };
    let head = endpoint
        .view(root_chain, IRootChain::headCall {}, at)
        .await?;
    let end = DeploymentEnd::of(&head);
    let mut records = Vec::new();
    for epoch in sought.first_epoch..sought.end_epoch.min(head.accepted) {
        records.push(
            endpoint
                .view(root_chain, IRootChain::recordCall { epoch }, at)
                .await?,
        );
    }
    Ok(Heads {
        count,
        link,
        accepted: head.accepted,
        tau: head.tau,
        finalized: end.finalized,
        exit_at: end.exit_at,
        void_from: end.void_from,
        records,
    })
}

impl Endpoint {
    /// One of several calls that make an answer. When the endpoint asks for fewer requests, this one waits: what was answered already would be lost
    /// else, and asked for again. Whoever asks bounds the time of all.
    async fn view<C: SolCall + Clone>(
        &self,
        contract: Address,
        call: C,
        at: At,
    ) -> Result<C::Return, RpcError> {
        loop {
            match view_call(&self.rpc, contract, call.clone(), at).await {
                Err(RpcError::RateLimited(wait)) => {
                    tokio::time::sleep(wait.min(self.answer_timeout).max(MIN_WAIT)).await;
                }
                answer => return answer,
            }
        }
    }
}

/// Calls a view function and decodes what it returns.
pub async fn view_call<C: SolCall>(
    rpc: &Rpc,
    contract: Address,
    call: C,
    at: At,
) -> Result<C::Return, RpcError> {
    let data = rpc.call(&Call::to(contract, call.abi_encode()), at).await?;
    decode_view::<C>(contract, &data)
}

/// Decodes what a view function returned.
pub fn decode_view<C: SolCall>(contract: Address, data: &[u8]) -> Result<C::Return, RpcError> {
    C::abi_decode_returns_validate(data).map_err(|error| {
        RpcError::Malformed(format!(
            "{contract} returned {} bytes to {}: {error}; is the contract there?",
            data.len(),
            C::SIGNATURE
        ))
    })
}

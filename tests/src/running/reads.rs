//! What stories ask of both chains.

use std::net::SocketAddr;

use alloy_primitives::{Address, B256};
use alloy_sol_types::{SolCall, SolEvent};
use plasmid::ledger::Account;
use plasmid_bridge::abi::{IInbox, IRootChain};
use plasmid_bridge::client::follower::view_call;
use plasmid_bridge::client::rpc::At;
use plasmid_bridge::relay::seen::{Block, Which};
use plasmid_proto::bridge::v1::bridge_service_client::BridgeServiceClient;
use plasmid_proto::bridge::v1::{Checkpoint, GetCheckpointRequest};
use plasmid_proto::chain::v1::chain_service_client::ChainServiceClient;
use plasmid_proto::chain::v1::{
    GetStatusRequest, GetStatusResponse, ListValidatorsRequest, ListValidatorsResponse, Validator,
};
use plasmid_proto::ledger::v1::ListBalancesRequest;
use plasmid_proto::ledger::v1::account_service_client::AccountServiceClient;
use plasmid_proto::ledger::v1::transaction_service_client::TransactionServiceClient;
use plasmid_proto::stake::v1::stake_service_client::StakeServiceClient;
use plasmid_staking::Member;
use tonic::transport::{Channel, Endpoint};

use super::View;

/// An accepted checkpoint as root's event has it.
#[derive(Clone, Debug)]
pub struct AcceptanceEvent {
    /// Its content and what root added.
    pub event: IRootChain::CheckpointAccepted,
    /// The transaction.
    pub transaction: B256,
}

impl View {
    /// Blocks, validators and the node itself.
    #[must_use]
    pub fn chain(&self, node: usize) -> ChainServiceClient<Channel> {
        ChainServiceClient::new(self.channels[node].clone())
    }

    /// Checkpoints and withdrawals.
    #[must_use]
    pub fn bridge(&self, node: usize) -> BridgeServiceClient<Channel> {
        BridgeServiceClient::new(self.channels[node].clone())
    }

    /// Accounts.
    #[must_use]
    pub fn accounts(&self, node: usize) -> AccountServiceClient<Channel> {
        AccountServiceClient::new(self.channels[node].clone())
    }

    /// Stake.
    #[must_use]
    pub fn stake(&self, node: usize) -> StakeServiceClient<Channel> {
        StakeServiceClient::new(self.channels[node].clone())
    }

    /// Transactions.
    #[must_use]
    pub fn transactions(&self, node: usize) -> TransactionServiceClient<Channel> {
        TransactionServiceClient::new(self.channels[node].clone())
    }

    /// The set of an epoch as node 0 tells it; of the one that the next block is in, if none is named.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn set_of(&self, epoch: Option<u64>) -> ListValidatorsResponse {
        let request = ListValidatorsRequest { epoch };
        let answer = self.chain(0).list_validators(request).await;
        answer.expect("the node answers").into_inner()
    }

    /// What a node says of itself; `None` when it does not answer.
    pub async fn try_status(&self, node: usize) -> Option<GetStatusResponse> {
        let answer = self.chain(node).get_status(GetStatusRequest {}).await;
        answer.ok().map(tonic::Response::into_inner)
    }

    /// What a node says of itself.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn status(&self, node: usize) -> GetStatusResponse {
        self.try_status(node).await.expect("the node answers")
    }

    /// A balance on the child by a node; zero when there is none.
    ///
    /// # Panics
    /// When the node does not answer.
    pub async fn balance(&self, node: usize, account: &Account) -> u128 {
        let request = ListBalancesRequest {
            account: account.to_string(),
            page_size: 100,
            page_token: String::new(),
        };
        let page = match self.accounts(node).list_balances(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) if status.code() == tonic::Code::NotFound => return 0,
            Err(status) => panic!("node {node}: {status}"),
        };
        let native = alloy_primitives::Address::ZERO.to_string();
        assert!(page.next_page_token.is_empty(), "all are on one page");
        page.balances
            .iter()
            .find(|balance| balance.token == native)
            .map_or(0, |balance| balance.amount.parse().expect("an amount"))
    }

    /// A checkpoint as a node knows it, or `None` when its epoch has not ended.
    pub async fn checkpoint(&self, node: usize, epoch: u64) -> Option<Checkpoint> {
        let request = GetCheckpointRequest { epoch };
        let answer = self.bridge(node).get_checkpoint(request).await;
        answer.ok()?.into_inner().checkpoint
    }

    /// Checkpoints that root accepted, in its newest block.
    ///
    /// # Panics
    /// When root does not answer.
    pub async fn head(&self) -> IRootChain::Head {
        self.read(self.root_chain, IRootChain::headCall {}).await
    }

    /// Messages in the Inbox, in root's newest block.
    ///
    /// # Panics
    /// When root does not answer.
    pub async fn messages(&self) -> u64 {
        self.read(self.inbox, IInbox::countCall {}).await
    }

    /// Calls a view function in root's newest block.
    ///
    /// # Panics
    /// When root does not answer.
    pub async fn read<C: SolCall>(&self, to: Address, call: C) -> C::Return {
        view_call(&self.rpc, to, call, At::Latest)
            .await
            .expect("root answers")
    }

    /// A block of root.
    ///
    /// # Panics
    /// When root does not answer.
    pub async fn root_block(&self, which: Which) -> Option<Block> {
        self.rpc.block(which).await.expect("root answers")
    }

    /// How often up to this root block some checkpoints became final.
    ///
    /// # Panics
    /// When root does not answer.
    pub async fn finalized(&self, block: u64) -> u64 {
        let filter = serde_json::json!([{
            "address": self.root_chain,
            "fromBlock": "0x0",
            "toBlock": format!("{block:#x}"),
            "topics": [IRootChain::Finalized::SIGNATURE_HASH],
        }]);
        let logs = self.rpc.read("eth_getLogs", filter).await.expect("events");
        logs.as_array().expect("a list").len() as u64
    }

    /// Every checkpoint that root accepted, in order.
    ///
    /// # Panics
    /// When root does not answer, or answers something else.
    pub async fn accepted(&self) -> Vec<AcceptanceEvent> {
        let filter = serde_json::json!([{
            "address": self.root_chain,
            "fromBlock": "0x0",
            "toBlock": "latest",
            "topics": [IRootChain::CheckpointAccepted::SIGNATURE_HASH],
        }]);
        let logs = self.rpc.read("eth_getLogs", filter).await.expect("events");
        let logs = logs.as_array().expect("a list").iter();
        logs.map(|log| {
            let topics = log["topics"].as_array().expect("topics").iter();
            let topics = topics.map(|topic| text(topic).parse::<B256>().expect("a topic"));
            let data = hex::decode(text(&log["data"]).trim_start_matches("0x")).expect("data");
            AcceptanceEvent {
                event: IRootChain::CheckpointAccepted::decode_raw_log(topics, &data)
                    .expect("the event"),
                transaction: text(&log["transactionHash"]).parse().expect("a hash"),
            }
        })
        .collect()
    }
}

fn text(value: &serde_json::Value) -> &str {
    value.as_str().expect("a string")
}

/// A member of a set that is no copy, as its leaf has it, from what a node tells of it.
///
/// # Panics
/// When a node tells what no member is.
#[must_use]
pub fn member(told: &Validator) -> Member {
    let operator: Address = told.operator.parse().expect("an address");
    Member {
        seat: told.seat.try_into().expect("a seat"),
        operator: operator.into_array(),
        registration: told.registration,
        consensus_key: told.consensus_key.clone().try_into().expect("a key"),
        checkpoint_key: told.checkpoint_key.clone().try_into().expect("a key"),
        power: told.power,
        at_risk: true,
    }
}

/// A channel to a node's gRPC from another address of loopback, 127.0.0.`last`.
///
/// # Panics
/// When the node does not take the connection.
pub async fn channel_from(to: SocketAddr, last: u8) -> Channel {
    Endpoint::from_shared(format!("http://{to}"))
        .expect("an address")
        .local_address(Some([127, 0, 0, last].into()))
        .connect()
        .await
        .expect("the node takes the connection")
}

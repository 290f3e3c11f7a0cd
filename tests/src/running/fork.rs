//! A lie that holds together: from a final block on, a history with a deposit that nobody made.
//!
//! ```text
//! real      … ── F ── F+1 ── F+2 ──      c messages up to F
//! invented        └─ F+1'                the deposit is message c+1: block, event, count, hash chain and contract state all agree
//! ```
//! Nothing in it can be told from the truth without another endpoint or another validator.

use alloy_primitives::{B256, U256, keccak256};
use alloy_sol_types::{SolCall, SolEvent};
use plasmid_bridge::abi::{IInbox, IRootChain};
use plasmid_bridge::client::follower::view_call;
use plasmid_bridge::client::rpc::{At, Rpc};
use plasmid_bridge::proof::inbox::{Body, Deposit, Message, link, message_hash};
use plasmid_bridge::relay::events;
use plasmid_bridge::relay::seen::{Block, Which};
use serde_json::{Value, json};

use super::proxy::{Upstream, ask};

/// The lie.
#[derive(Debug)]
pub struct Fork {
    inbox: alloy_primitives::Address,
    last: Block,
    hash: B256,
    count: u64,
    link: B256,
    message: Vec<u8>,
}

impl Fork {
    /// A fork at root's last final block, with an invented deposit of `amount` for the account `recipient` on the child.
    ///
    /// # Panics
    /// When root does not answer.
    pub async fn invent(
        rpc: &Rpc,
        inbox: alloy_primitives::Address,
        recipient: [u8; 21],
        amount: u128,
    ) -> Self {
        let last = rpc
            .block(Which::Finalized)
            .await
            .expect("root answers")
            .expect("root has a final block");
        let at = At::Hash(last.hash);
        let count = view_call(rpc, inbox, IInbox::countCall {}, at)
            .await
            .expect("the Inbox answers");
        let held = view_call(rpc, inbox, IInbox::linkCall { index: count }, at)
            .await
            .expect("the Inbox answers");
        let message = Message {
            index: count + 1,
            arrival: last.time + 1,
            root_height: last.number + 1,
            due: (last.time + 6) * 1000,
            body: Body::Deposit(Deposit {
                token: [0; 20],
                amount,
                native: 0,
                recipient,
                refund: [0x66; 20],
                depositor: [0x66; 20],
                decimals: 18,
                symbol_length: 0,
                symbol: [0; 32],
            }),
        }
        .encode();
        let index = count + 1;
        Self {
            inbox,
            last,
            hash: keccak256(last.hash),
            count: index,
            link: link(index, &held.link, &message_hash(&message)),
            message,
        }
    }

    /// The number of the invented message.
    #[must_use]
    pub fn invented(&self) -> u64 {
        self.count
    }

    /// What this history answers to a question; `None` when the node behind does not answer.
    pub async fn answer(&self, upstream: &Upstream, mut question: Value) -> Option<Value> {
        let id = question["id"].clone();
        let method = question["method"].as_str().unwrap_or_default().to_owned();
        let invented = match method.as_str() {
            "eth_getBlockByNumber" => self.block(&question["params"][0]),
            "eth_call" => self.call(&mut question),
            "eth_getLogs" => return self.logs(upstream, question).await,
            _ => None,
        };
        match invented {
            Some(result) => Some(json!({ "jsonrpc": "2.0", "id": id, "result": result })),
            None => ask(upstream, &question).await,
        }
    }

    fn number(&self) -> u64 {
        self.last.number + 1
    }

    fn block(&self, which: &Value) -> Option<Value> {
        let own = format!("{:#x}", self.number());
        let which = which.as_str().unwrap_or_default();
        [own.as_str(), "finalized", "latest"]
            .contains(&which)
            .then(|| {
                json!({
                    "number": own,
                    "hash": self.hash,
                    "parentHash": self.last.hash,
                    "timestamp": format!("{:#x}", self.last.time + 1),
                    "baseFeePerGas": "0x7",
                })
            })
    }

    /// State after the invented block; all else is that of the block before, so the question is altered.
    fn call(&self, question: &mut Value) -> Option<Value> {
        let params = &mut question["params"];
        let hash = params[1]["blockHash"].as_str().unwrap_or_default();
        if hash != self.hash.to_string() {
            return None;
        }
        let data = params[0]["data"].as_str().unwrap_or_default().to_owned();
        let is = |call: &[u8]| data.starts_with(&format!("0x{}", hex::encode(call)));
        if is(&IInbox::countCall::SELECTOR) {
            return Some(json!(B256::from(U256::from(self.count))));
        }
        if is(IInbox::linkCall { index: self.count }
            .abi_encode()
            .as_slice())
        {
            let words = [self.link, B256::from(U256::from(1))].concat();
            return Some(json!(format!("0x{}", hex::encode(words))));
        }
        let known = [
            IInbox::linkCall::SELECTOR,
            IRootChain::headCall::SELECTOR,
            IRootChain::recordCall::SELECTOR,
        ];
        assert!(
            known.iter().any(|selector| is(selector)),
            "a call that a fork knows: {data}"
        );
        params[1]["blockHash"] = json!(self.last.hash);
        None
    }

    /// Real events up to the last real block, and the invented one.
    async fn logs(&self, upstream: &Upstream, mut question: Value) -> Option<Value> {
        let id = question["id"].clone();
        let filter = question["params"][0].clone();
        let bound = |name: &str| {
            let text = filter[name].as_str().unwrap_or_default();
            u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap_or(0)
        };
        let (from, to) = (bound("fromBlock"), bound("toBlock"));
        let mut answer = json!({ "jsonrpc": "2.0", "id": id, "result": [] });
        if from <= self.last.number {
            question["params"][0]["toBlock"] = json!(format!("{:#x}", to.min(self.last.number)));
            answer = ask(upstream, &question).await?;
        }
        let wanted = json!(events::MESSAGE);
        let topics = filter["topics"][0].as_array().cloned().unwrap_or_default();
        if (from..=to).contains(&self.number())
            && topics.contains(&wanted)
            && let Some(list) = answer["result"].as_array_mut()
        {
            list.push(self.event());
        }
        Some(answer)
    }

    fn event(&self) -> Value {
        let event = IInbox::MessageSent {
            index: self.count,
            link: self.link,
            message: self.message.clone().into(),
        }
        .encode_log_data();
        json!({
            "address": self.inbox,
            "topics": event.topics(),
            "data": event.data,
            "blockNumber": format!("{:#x}", self.number()),
            "logIndex": "0x0",
        })
    }
}

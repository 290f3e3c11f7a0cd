//! Root as it was before the first transaction that somebody forced there: nodes that see it so report every message before that one, and never that one.
//!
//! ```text
//! node ──▶ Proxy ──(newest block? no later than the one before the message)──▶ root
//! ```
//! Nothing that a node is shown is false. It is old, and stays so.

use alloy_primitives::Address;
use plasmid_bridge::client::rpc::Rpc;
use plasmid_bridge::proof::inbox::Body;
use plasmid_bridge::relay::events::{self, Heard};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::running::proxy::{Upstream, ask};

/// What is not shown.
#[derive(Debug)]
pub struct Blind {
    rpc: Rpc,
    deployment: [u8; 20],
    inbox: Address,
    /// Who forced it, on root.
    sender: Address,
    looked: Mutex<Looked>,
}

/// How far it was looked for.
#[derive(Clone, Copy, Debug)]
struct Looked {
    /// The first block that was not looked at.
    next: u64,
    /// The last block that is shown, once it was found.
    last: Option<u64>,
}

impl Blind {
    /// Blind for what this sender forces, from block `first` on.
    #[must_use]
    pub fn new(
        rpc: Rpc,
        deployment: [u8; 20],
        inbox: Address,
        sender: Address,
        first: u64,
    ) -> Self {
        let looked = Looked {
            next: first,
            last: None,
        };
        Self {
            rpc,
            deployment,
            inbox,
            sender,
            looked: Mutex::new(looked),
        }
    }

    /// What is answered to a question; `None` when the node behind does not answer.
    pub async fn answer(&self, upstream: &Upstream, mut question: Value) -> Option<Value> {
        let answer = ask(upstream, &question).await?;
        if question["method"] != "eth_getBlockByNumber" {
            return Some(answer);
        }
        let text = answer["result"]["number"].as_str()?;
        let number = u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()?;
        match self.last(number).await? {
            Some(last) if last < number => {
                question["params"][0] = json!(format!("{last:#x}"));
                ask(upstream, &question).await
            }
            _ => Some(answer),
        }
    }

    /// The last block that is shown, where the message stands in this one or before it; `None` while root does not say.
    async fn last(&self, number: u64) -> Option<Option<u64>> {
        let mut looked = self.looked.lock().await;
        if looked.last.is_none() && number >= looked.next {
            let logs = self
                .rpc
                .logs(looked.next, number, &[self.inbox], &[events::MESSAGE])
                .await
                .ok()?;
            let forced = logs.iter().find(|log| {
                let heard = events::decode(log, &self.deployment);
                let Ok(Heard::Message(sent)) = heard else {
                    return false;
                };
                let message = sent.message(log.block);
                message.is_ok_and(|message| {
                    matches!(message.body, Body::Forced { sender, .. } if Address::from(sender) == self.sender)
                })
            });
            looked.last = forced.map(|log| log.block.saturating_sub(1));
            looked.next = number.saturating_add(1);
        }
        Some(looked.last)
    }
}
